//! The cron reseals what a former key of `CARRIER_KEYS` sealed, a few at a time.

use audatec::app::operate::sweep::sweep;
use audatec::app::ports::Vault;
use audatec::domain::sealed::Sealed;
use audatec::domain::time::Span;
use audatec::domain::trunk::Carrier;
use audatec::domain::vitals::VitalsAsked;
use serde_json::{Value, json};

use crate::world::{Org, World, block_on};
use crate::{create, founded, trunk, with};

fn livekit() -> Value {
    let carrier = json!({
        "type": "livekit", "url": "wss://example.livekit.cloud", "api_key": "APIkey", "api_secret": "very secret",
        "sip_trunk_id": "ST_abc",
    });
    with(trunk(), "carrier", Some(carrier))
}

fn keys(world: &World, names: &[&str]) {
    *world.vault.borrow_mut() = names.iter().map(|name| (*name).to_owned()).collect();
}

/// The cron's next run, a minute later.
fn run(world: &World) {
    world.advance(Span::from_secs(60));
    block_on(sweep(world, VitalsAsked::Sweep));
}

/// What the trunk's object was told.
fn secret(world: &World, trunk: &str) -> Sealed {
    match world.brief_of(trunk).config.carrier {
        Carrier::LiveKit { api_secret, .. } => api_secret,
        Carrier::Simulator => panic!("it dials nobody"),
    }
}

fn seen(world: &World) -> Value {
    let (status, health) = world.send("GET", "/platform/v1/health", "platform-token", None);
    assert_eq!(status, 200);
    health["carrier_keys"].clone()
}

fn opens(world: &World, org: &Org, trunk: &str) -> bool {
    let opened = block_on(world.open(&secret(world, trunk), &org.id.to_string()));
    opened.as_deref() == Ok("very secret")
}

#[test]
fn what_a_former_key_seals_is_sealed_anew_until_that_key_can_go() {
    let (world, org) = founded();
    keys(&world, &["k1"]);
    let trunks: Vec<String> = (0..45)
        .map(|_| create(&world, &org, "/sip-trunks", livekit()))
        .collect();
    let recordings = json!({"recordings": {"bucket": "b", "access_key": "a", "secret": "s"}});
    assert_eq!(world.patch(&org, "/settings", recordings).0, 200);
    run(&world);
    assert_eq!(
        seen(&world),
        json!({"newest": "k1", "former_secrets": 0, "former_seen_at": null})
    );
    keys(&world, &["k2", "k1"]);
    run(&world);
    let known = seen(&world);
    assert_eq!(known["newest"], "k2");
    assert!(known["former_seen_at"].is_string());
    assert_eq!(known["former_secrets"], 46, "that many it found");
    let old = |world: &World| {
        let old = trunks
            .iter()
            .filter(|trunk| secret(world, trunk).key() == "k1");
        old.count()
    };
    // A slice at a time.
    assert!((1..45).contains(&old(&world)), "{}", old(&world));
    for _ in 0..4 {
        run(&world);
    }
    assert_eq!(old(&world), 0);
    let last = seen(&world);
    assert_eq!(last["former_secrets"], 0);
    assert_eq!(last["former_seen_at"], "2026-06-14T10:04:00.000Z");
    run(&world);
    run(&world);
    assert_eq!(seen(&world), last);
    keys(&world, &["k2"]);
    assert!(trunks.iter().all(|trunk| opens(&world, &org, trunk)));
    let bucket = json!({"recordings": {"bucket": "c"}});
    assert_eq!(world.patch(&org, "/settings", bucket).0, 200);
}

#[test]
fn what_cannot_be_opened_stays_as_it_is_is_told_of_and_holds_up_nothing() {
    let (world, org) = founded();
    keys(&world, &["k0"]);
    let lost: Vec<String> = (0..25)
        .map(|_| create(&world, &org, "/sip-trunks", livekit()))
        .collect();
    keys(&world, &["k1"]);
    let good = create(&world, &org, "/sip-trunks", livekit());
    keys(&world, &["k2", "k1"]);
    for _ in 0..4 {
        run(&world);
    }
    let was = seen(&world);
    assert!(opens(&world, &org, &good));
    assert_eq!(secret(&world, &good).key(), "k2");
    assert!(lost.iter().all(|trunk| secret(&world, trunk).key() == "k0"));
    run(&world);
    assert_ne!(seen(&world)["former_seen_at"], was["former_seen_at"]);
    assert_eq!(seen(&world)["former_secrets"], 25);
}
