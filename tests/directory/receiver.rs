//! What the built-in receiver stores.

use audatec::app::directory::{Ask, DirectoryCommand, Received};
use audatec::app::ports::Directories;
use audatec::domain::time::Span;
use serde_json::Value;

use crate::world::{Org, World, block_on};
use crate::{founded, golden};

const HOUR: Span = Span(3_600_000);

fn receive(world: &World, org: &Org, body: &str) {
    let received = Received {
        at: world.now.get(),
        verified: true, // whatever a sender says: the directory sees for itself
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.into(),
    };
    block_on(world.directory(
        org.id,
        &DirectoryCommand::of_the_platform(Ask::Receive(Box::new(received))),
    ))
    .expect("reached");
}

fn bodies(world: &World, org: &Org) -> Vec<String> {
    let (status, shown) = world.send("GET", "/studio/receiver", &org.key, None);
    assert_eq!(status, 200, "{shown}");
    let received = shown["received"].as_array().expect("a list");
    let text = |received: &Value| received["body"].as_str().expect("a text").to_owned();
    received.iter().map(text).collect()
}

#[test]
fn the_last_twenty_are_kept_across_a_restart() {
    let (world, org) = founded();
    for number in 0..25 {
        receive(&world, &org, &number.to_string());
    }
    world.restart();
    let newest_first: Vec<_> = (5..25).rev().map(|number| number.to_string()).collect();
    assert_eq!(bodies(&world, &org), newest_first);
    assert_eq!(world.stored_names(&org, "received/").len(), 20);
    receive(&world, &org, "one more");
    assert_eq!(bodies(&world, &org)[..2], ["one more", "24"]);
}

#[test]
fn after_a_day_they_are_forgotten_and_their_rows_with_them() {
    let (world, org) = founded();
    receive(&world, &org, "early");
    world.advance(HOUR);
    receive(&world, &org, "late");
    world.advance(Span(23 * HOUR.0));
    assert_eq!(bodies(&world, &org), ["late"]);
    assert_eq!(world.stored_names(&org, "received/").len(), 1);
    world.advance(HOUR);
    assert_eq!(bodies(&world, &org), [""; 0]);
    assert!(world.stored_names(&org, "received/").is_empty());
}

#[test]
fn what_is_kept_of_one() {
    let (world, org) = founded();
    receive(&world, &org, r#"{"event":"call.completed"}"#);
    let row = world.office(&org).rows.borrow()["received/0"].clone();
    golden::check(
        "directory/row_received",
        &serde_json::from_str(&row).expect("JSON"),
    );
}
