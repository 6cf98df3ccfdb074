//! The live feed over several trunks: how long an answer takes, with trunks that wait as their objects do.

use std::rc::Rc;

use audatec::app::directory::{Ask, DirectoryCommand, DirectoryReply};
use audatec::app::ports::Directories;
use audatec::app::trunk::{FeedEvent, FeedFilter, FeedPage, Position};
use audatec::domain::ids::TrunkTag;
use audatec::domain::time::{Span, Timestamp};
use serde_json::{Value, json};

use crate::world::{Feed, Org, START, World, block_on, tag};
use crate::{create, founded, trunk};

/// A trunk that has an event at each of these moments.
fn tells(moments: impl IntoIterator<Item = u64>) -> Feed {
    let moments: Vec<Timestamp> = moments.into_iter().map(|at| START + Span(at)).collect();
    Rc::new(move |filter: &FeedFilter, now: Timestamp| {
        let places = moments.iter().map(|at| Position::start_of(*at));
        let mut found: Vec<Position> = places
            .filter(|place| filter.after < *place && *place < Position::start_of(now))
            .collect();
        let mut through = Position::start_of(now);
        if let Some(left_out) = found.get(filter.limit) {
            through = *left_out;
            found.truncate(filter.limit);
        }
        let events = found.into_iter().map(|place| FeedEvent {
            place,
            event: json!({"at": (place.at.0 - START.0)}),
        });
        FeedPage {
            events: events.collect(),
            through,
            now,
            goes_on: None,
            next_planned: moments
                .iter()
                .copied()
                .find(|at| *at >= now)
                .or(Some(Timestamp::MAX)),
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
fn read(world: &World, org: &Org, cursor: &mut String, more: &str) -> (Vec<Value>, Span) {
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
    world.advance(Span(10_000));
    for page in 0..10 {
        let (events, took) = read(&world, &org, &mut cursor, "&limit=50&wait_seconds=20");
        assert_eq!(events.len(), 50, "page {page}");
        assert_eq!(took, Span(0), "page {page}");
    }
}

#[test]
fn what_a_trunk_plans_is_told_when_it_happens() {
    let (world, org, _) = world_with(&[tells([]), tells([3_000, 3_001]), tells([])]);
    let mut cursor = now(&world);
    let (events, took) = read(&world, &org, &mut cursor, "&wait_seconds=20");
    assert_eq!(events.first(), Some(&json!({"at": 3_000})));
    assert!(Span(3_000) < took && took < Span(3_020), "{took:?}");
}

#[test]
fn without_news_the_whole_wait_passes_and_few_are_asked() {
    let (world, org, _) = world_with(&[tells([]), tells([]), tells([])]);
    let mut cursor = now(&world);
    let (events, took) = read(&world, &org, &mut cursor, "&wait_seconds=30");
    assert!(events.is_empty());
    assert!(Span(30_000) <= took && took < Span(30_020), "{took:?}");
    let asked = world.feed_questions.get();
    assert!(asked <= 3 * 3, "{asked} questions to three trunks");
}

/// Its news lie behind the other's present until that clock has come there: told then, and not asked for all the time.
#[test]
fn an_object_whose_clock_is_late_holds_the_others_news_up_for_no_longer_than_it_is_late() {
    let late = Span(400);
    let behind: Feed = Rc::new(move |_, now| FeedPage {
        events: Vec::new(),
        through: Position::start_of(now - late),
        now: now - late,
        goes_on: None,
        next_planned: Some(Timestamp::MAX),
    });
    let (world, org, _) = world_with(&[behind, tells([1_000])]);
    let mut cursor = now(&world);
    world.advance(Span(1_001));
    let (events, took) = read(&world, &org, &mut cursor, "&wait_seconds=20");
    assert_eq!(events, [json!({"at": 1_000})]);
    assert!(took <= late + Span(40), "{took:?}");
    let asked = world.feed_questions.get();
    assert!(asked <= 2 * 30, "{asked} questions to two trunks");
}

/// The trunk never gets to its present: each look takes in some rows, of which the filter wants none.
#[test]
fn a_wait_looks_no_more_often_through_what_a_filter_leaves_out_than_an_answer_at_once() {
    let endless: Feed = Rc::new(|filter: &FeedFilter, now| FeedPage {
        events: Vec::new(),
        through: Position::start_of(filter.after.at + Span(2)),
        now,
        goes_on: None,
        next_planned: Some(Timestamp::MAX),
    });
    for more in ["", "&wait_seconds=30"] {
        for feeds in [
            vec![Rc::clone(&endless)],
            vec![tells([]), Rc::clone(&endless)],
        ] {
            let (world, org, _) = world_with(&feeds);
            world.give_up_after(200);
            let mut cursor = now(&world);
            world.advance(Span(3_600_000));
            let before = cursor.clone();
            let (events, took) = read(&world, &org, &mut cursor, more);
            assert!(events.is_empty());
            assert_eq!(took, Span(0), "{more}");
            assert_ne!(cursor, before, "it goes on from there");
            let asked = world.feed_questions.get();
            assert_eq!(asked, 20 * feeds.len() as u64, "{more}");
        }
    }
}

fn nudge(world: &World, org: &Org) {
    let command = DirectoryCommand::of_the_platform(Ask::Nudge(world.now.get()));
    let told = block_on(world.directory(org.id, &command));
    assert!(matches!(told, Ok(DirectoryReply::Done)));
}

/// Requests to trunks and to the directory, while somebody waits for so long.
fn cost_of_waiting(world: &World, org: &Org, cursor: &mut String, secs: u64) -> (u64, u64) {
    let before = (world.feed_questions.get(), world.watches.get());
    let (events, _) = read(world, org, cursor, &format!("&wait_seconds={secs}"));
    assert!(events.is_empty());
    let after = (world.feed_questions.get(), world.watches.get());
    (after.0 - before.0, after.1 - before.1)
}

#[test]
fn whoever_goes_on_where_nothing_happened_asks_the_directory_alone() {
    let feeds: Vec<Feed> = (0..40).map(|_| tells([])).collect();
    let (world, org, _) = world_with(&feeds);
    let mut cursor = now(&world);
    assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 30).0, 40);
    for _ in 0..5 {
        assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 30), (0, 6));
    }
    // 40 trunks are asked every 200 s, whatever nobody says: on the average one each 5 s.
    let rest: u64 = (0..20)
        .map(|_| cost_of_waiting(&world, &org, &mut cursor, 30).0)
        .sum();
    assert!((1..=4).contains(&(rest / 40)), "{rest}");
}

/// In one isolate; each has its own place, and goes on where it was.
#[test]
fn of_those_who_listen_to_the_same_one_asks_all_trunks_and_the_others_learn_of_it() {
    let (world, org, _) = world_with(&[tells([]), tells([151_000]), tells([])]);
    let mut cursors: Vec<String> = (0..5)
        .map(|_| {
            world.advance(Span(10));
            now(&world)
        })
        .collect();
    let mut round = || {
        let each = cursors.iter_mut();
        each.map(|cursor| cost_of_waiting(&world, &org, cursor, 1).0)
            .sum::<u64>()
    };
    assert_eq!(round(), 5 * 3);
    let asked: u64 = (0..27).map(|_| round()).sum();
    // Three trunks are asked every 20 s; by each of the five for itself it would be 105 questions.
    assert!((3 * 5..=3 * 9).contains(&asked), "{asked}");
    for cursor in &mut cursors {
        let (events, _) = read(&world, &org, cursor, "&wait_seconds=20");
        assert_eq!(events, [json!({"at": 151_000})]);
    }
}

/// What each event costs all trunks are asked for, since one alone can't say that the others have nothing earlier: so this is
/// done seldom where there are many.
#[test]
fn while_one_thing_follows_another_all_trunks_are_asked_every_4_ms_a_trunk_and_no_oftener() {
    let mut feeds: Vec<Feed> = (1..100).map(|_| tells([])).collect();
    feeds.push(tells((0..2_000).map(|nth| 10 * nth)));
    let (world, org, _) = world_with(&feeds);
    let (mut cursor, began) = (now(&world), world.now.get());
    let mut heard = Vec::new();
    while world.now.get() < began + Span(10_000) {
        let (events, took) = read(&world, &org, &mut cursor, "&wait_seconds=20&limit=100");
        assert!(took <= Span(420), "{took:?}");
        heard.extend(events);
    }
    let rounds = world.feed_questions.get() / 100;
    assert!((20..=26).contains(&rounds), "{rounds} rounds in 10 s");
    let told: Vec<Value> = (0..heard.len())
        .map(|nth| json!({"at": 10 * nth}))
        .collect();
    assert_eq!(heard, told);
    assert!(heard.len() >= 950, "{}", heard.len());
}

#[test]
fn a_word_to_the_directory_has_all_trunks_asked_at_once_and_one_about_what_is_known_nobody() {
    let (world, org, _) = world_with(&[tells([]), tells([])]);
    let mut cursor = now(&world);
    nudge(&world, &org);
    world.advance(Span(1));
    assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 0).0, 2);
    assert_eq!(
        cost_of_waiting(&world, &org, &mut cursor, 0).0,
        0,
        "told already"
    );
    nudge(&world, &org);
    assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 0).0, 2);
}

#[test]
fn a_directory_that_forgot_the_words_of_trunks_has_all_of_them_asked() {
    let (world, org, _) = world_with(&[tells([]), tells([])]);
    let mut cursor = now(&world);
    assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 0).0, 2);
    nudge(&world, &org);
    world.restart();
    assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 0).0, 2);
    assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 0).0, 0);
}

#[test]
fn a_new_trunk_is_asked_at_once() {
    let (world, org, _) = world_with(&[tells([])]);
    let mut cursor = now(&world);
    assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 0).0, 1);
    let id = create(&world, &org, "/sip-trunks", trunk());
    world.feeds.borrow_mut().insert(tag(&id), tells([]));
    assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 0).0, 2);
}

#[test]
fn a_deleted_trunk_is_asked_for_its_last_day_and_no_longer() {
    const HOUR: Span = Span(3_600_000);
    let (world, org) = founded();
    let ids = [(); 2].map(|()| create(&world, &org, "/sip-trunks", trunk()));
    world.feeds.borrow_mut().insert(tag(&ids[0]), tells([]));
    world
        .feeds
        .borrow_mut()
        .insert(tag(&ids[1]), tells([1_000, 2_000]));
    world.advance(Span(5_000));
    assert_eq!(
        world.delete(&org, &format!("/sip-trunks/{}", ids[1])).0,
        204
    );
    for _ in 0..23 {
        world.advance(HOUR);
    }
    world.restart();
    let mut cursor = Position::before(world.now.get() - Span(24 * HOUR.0)).cursor();
    let (events, _) = read(&world, &org, &mut cursor, "");
    assert_eq!(events, [json!({"at": 1_000}), json!({"at": 2_000})]);
    world.advance(HOUR);
    world.advance(HOUR);
    assert_eq!(
        cost_of_waiting(&world, &org, &mut cursor, 0).0,
        1,
        "the other one"
    );
}

/// An earlier release did not note when a trunk was deleted.
#[test]
fn a_trunk_that_an_earlier_release_deleted_leaves_a_day_after_this_one_came() {
    let (world, org) = founded();
    let id = create(&world, &org, "/sip-trunks", trunk());
    world.feeds.borrow_mut().insert(tag(&id), tells([]));
    assert_eq!(world.delete(&org, &format!("/sip-trunks/{id}")).0, 204);
    let office = world.office(&org);
    let name = format!("trunk/{id}");
    let mut row: Value = serde_json::from_str(&office.rows.borrow()[&name]).expect("a row");
    row.as_object_mut()
        .expect("an object")
        .remove("deleted_at")
        .expect("when");
    office.rows.borrow_mut().insert(name, row.to_string());
    world.advance(Span(200_000_000));
    world.restart();
    let mut cursor = now(&world);
    assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 0).0, 1);
    world.advance(Span(90_000_000));
    let mut cursor = now(&world);
    assert_eq!(cost_of_waiting(&world, &org, &mut cursor, 0).0, 0);
}
