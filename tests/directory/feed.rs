//! The live feed over several trunks: how long an answer takes, with trunks that wait as their objects do.

use std::rc::Rc;

use audatec::app::trunk::{FeedEvent, FeedFilter, FeedPage, Position};
use audatec::domain::ids::TrunkTag;
use audatec::domain::time::Millis;
use serde_json::{Value, json};

use crate::world::{Feed, Org, START, World, tag};
use crate::{create, founded, trunk};

/// A trunk that has an event at each of these moments.
fn tells(moments: impl IntoIterator<Item = u64>) -> Feed {
    let moments: Vec<Millis> = moments.into_iter().map(|at| START + Millis(at)).collect();
    Rc::new(move |filter: &FeedFilter, now: Millis| {
        let places = moments.iter().map(|at| Position::start_of(*at));
        let mut found: Vec<Position> = places
            .filter(|place| filter.after < *place && *place < Position::start_of(now))
            .collect();
        let mut through = Position::start_of(now);
        if let Some(left_out) = found.get(filter.limit) {
            through = *left_out;
            found.truncate(filter.limit);
        }
        let events = found
            .into_iter()
            .map(|place| FeedEvent(place, json!({"at": (place.0.0 - START.0)})));
        FeedPage {
            events: events.collect(),
            through,
            now,
            goes_on: None,
        }
    })
}

fn world_with(feeds: &[Feed]) -> (World, Org, Vec<TrunkTag>) {
    let (world, org) = founded();
    let ids: Vec<_> = feeds
        .iter()
        .map(|_| create(&world, &org, "/sip-trunks", trunk()))
        .collect();
    let tags: Vec<_> = ids.iter().map(|id| tag(id)).collect();
    for (tag, feed) in tags.iter().zip(feeds) {
        world.feeds.borrow_mut().insert(*tag, Rc::clone(feed));
    }
    (world, org, tags)
}

/// Reads on, with a wait; what came, and how long that took.
fn read(world: &World, org: &Org, cursor: &mut String, more: &str) -> (Vec<Value>, Millis) {
    let began = world.now.get();
    let (status, answer) = world.get(org, &format!("/events?after={cursor}{more}"));
    assert_eq!(status, 200, "{answer}");
    *cursor = answer["next_cursor"].as_str().expect("a cursor").to_owned();
    let events = answer["events"].as_array().expect("events").clone();
    (events, world.now.get() - began)
}

fn now(world: &World) -> String {
    Position::before(world.now.get()).cursor()
}

#[test]
fn whoever_reads_what_is_there_waits_for_no_idle_trunk() {
    let (world, org, _) = world_with(&[tells([]), tells(0..500), tells([])]);
    let mut cursor = now(&world);
    world.advance(Millis(10_000));
    for page in 0..10 {
        let (events, took) = read(&world, &org, &mut cursor, "&limit=50&wait_seconds=20");
        assert_eq!(events.len(), 50, "page {page}");
        assert_eq!(took, Millis(0), "page {page}");
    }
}

#[test]
fn news_of_one_trunk_are_told_while_the_others_still_wait() {
    let (world, org, _) = world_with(&[tells([]), tells([3_000, 3_001]), tells([])]);
    let mut cursor = now(&world);
    let (events, took) = read(&world, &org, &mut cursor, "&wait_seconds=20");
    assert_eq!(events.first(), Some(&json!({"at": 3_000})));
    assert!(Millis(3_000) < took && took < Millis(3_020), "{took:?}");
}

#[test]
fn without_news_the_whole_wait_passes_and_few_are_asked() {
    let (world, org, _) = world_with(&[tells([]), tells([]), tells([])]);
    let mut cursor = now(&world);
    let (events, took) = read(&world, &org, &mut cursor, "&wait_seconds=30");
    assert!(events.is_empty());
    assert!(Millis(30_000) <= took && took < Millis(30_020), "{took:?}");
    let asked = world.feed_questions.get();
    assert!(asked <= 3 * 9, "{asked} questions to three trunks");
}

/// Its news lie behind the other's present until that clock has come there: told then, and not asked for all the time.
#[test]
fn an_object_whose_clock_is_late_holds_the_others_news_up_for_no_longer_than_it_is_late() {
    let late = Millis(400);
    let behind: Feed = Rc::new(move |_, now| FeedPage {
        events: Vec::new(),
        through: Position::start_of(now - late),
        now: now - late,
        goes_on: None,
    });
    let (world, org, _) = world_with(&[behind, tells([1_000])]);
    let mut cursor = now(&world);
    world.advance(Millis(1_001));
    let (events, took) = read(&world, &org, &mut cursor, "&wait_seconds=20");
    assert_eq!(events, [json!({"at": 1_000})]);
    assert!(took <= late + Millis(40), "{took:?}");
    let asked = world.feed_questions.get();
    assert!(asked <= 2 * 30, "{asked} questions to two trunks");
}

/// The trunk never gets to its present: each look takes in some rows, of which the filter wants none.
#[test]
fn a_wait_looks_no_more_often_through_what_a_filter_leaves_out_than_an_answer_at_once() {
    let endless: Feed = Rc::new(|filter: &FeedFilter, now| FeedPage {
        events: Vec::new(),
        through: Position::start_of(filter.after.0 + Millis(2)),
        now,
        goes_on: None,
    });
    for more in ["", "&wait_seconds=30"] {
        for feeds in [
            vec![Rc::clone(&endless)],
            vec![tells([]), Rc::clone(&endless)],
        ] {
            let (world, org, _) = world_with(&feeds);
            world.give_up_after(200);
            let mut cursor = now(&world);
            world.advance(Millis(3_600_000));
            let before = cursor.clone();
            let (events, took) = read(&world, &org, &mut cursor, more);
            assert!(events.is_empty());
            assert_eq!(took, Millis(0), "{more}");
            assert_ne!(cursor, before, "it goes on from there");
            let asked = world.feed_questions.get();
            assert_eq!(asked, 20 * feeds.len() as u64, "{more}");
        }
    }
}
