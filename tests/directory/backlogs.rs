//! Work that waits to be done, as the cron collects it and the operator reads it in `GET /platform/v1/health`.

use audatec::app::operate::sweep::sweep;
use audatec::domain::time::Span;
use audatec::domain::vitals::VitalsAsked;
use serde_json::{Value, json};

use crate::world::{World, block_on};
use crate::{founded, trunk};

/// What the cron's next run finds, a minute later.
fn found(world: &World) -> Value {
    world.advance(Span::from_secs(60));
    block_on(sweep(world, VitalsAsked::Sweep));
    let (status, health) = world.send("GET", "/platform/v1/health", "platform-token", None);
    assert_eq!(status, 200);
    health["cron"].clone()
}

fn nothing() -> Value {
    json!({"count": 0, "oldest": null})
}

#[test]
fn test_events_on_their_way_are_told_with_the_oldest() {
    let (world, org) = founded();
    assert_eq!(found(&world)["undelivered_notifications"], nothing());
    let url = json!({"url": "https://hooks.example.com/x"});
    let (status, first) = world.post(&org, "/webhooks/test", url.clone());
    assert_eq!(status, 202, "{first}");
    let since = world.now.get();
    world.advance(Span::from_secs(60));
    world.post(&org, "/webhooks/test", url);
    let oldest =
        json!({"org_id": org.id.to_string(), "since": audatec::app::iso8601::format(since)});
    assert_eq!(
        found(&world)["undelivered_notifications"],
        json!({"count": 2, "oldest": oldest})
    );
}

#[test]
fn pending_erasures_of_all_organisations_are_told_with_the_oldest_until_they_are_completed() {
    let (world, org) = founded();
    let other = world.found("Other");
    crate::create(&world, &org, "/sip-trunks", trunk());
    let erase = |org, number: &str| {
        let (status, erasure) = world.post(org, "/erasures", json!({"phone_number": number}));
        assert_eq!(status, 202, "{erasure}");
        erasure["requested_at"].clone()
    };
    let first = erase(&other, "+4915112345678");
    world.advance(Span(1));
    erase(&org, "+4915112345678");
    erase(&org, "+4915112345679");
    let told = found(&world)["pending_erasures"].clone();
    let oldest = json!({"org_id": other.id.to_string(), "since": first});
    assert_eq!(told, json!({"count": 3, "oldest": oldest}));
    for org in [&org, &other] {
        crate::erasures::live(&world, org, Span(100_000));
    }
    assert_eq!(found(&world)["pending_erasures"], nothing());
}

#[test]
fn organisations_that_are_being_deleted_are_told_with_the_oldest() {
    let (world, org) = founded();
    world.found("Other");
    assert_eq!(found(&world)["pending_deletions"], nothing());
    let path = format!("/platform/v1/orgs/{}", org.id);
    let since = audatec::app::iso8601::format(world.now.get());
    let (status, _) = world.send("DELETE", &path, "platform-token", None);
    assert_eq!(status, 202);
    let oldest = json!({"org_id": org.id.to_string(), "since": since});
    assert_eq!(
        found(&world)["pending_deletions"],
        json!({"count": 1, "oldest": oldest})
    );
}
