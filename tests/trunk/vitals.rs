//! A trunk's report to its operator: counters that only rise, whatever is restarted or leaves, and the depth of its queues.
#![allow(clippy::panic, reason = "a test stops where it fails")]

use super::*;
use audatec::domain::vitals::{Counts, Vitals, VitalsAsked};

const BUSY: &str = "+15005550001";
const HOUR: Span = Span::from_secs(3_600);

fn vitals(world: &mut World, asked: VitalsAsked) -> Vitals {
    match world.ask(TrunkCommand::Vitals(asked)) {
        TrunkReply::Vitals(vitals) => *vitals,
        other => panic!("{other:?}"),
    }
}

/// What its calls came to: asked for until all are counted.
fn counts(world: &mut World) -> Counts {
    for _ in 0..10_000 {
        if let Some(counts) = vitals(world, VitalsAsked::Counts).counts {
            return *counts;
        }
    }
    panic!("no end");
}

/// What the calls that are there come to.
fn walk(world: &World) -> Counts {
    let mut all = Counts::default();
    for call in world.rows.all() {
        all.add(&Counts::of(&call));
    }
    all
}

fn deliver_all(world: &mut World, status: u16) {
    while !world.sent.callbacks.is_empty() {
        deliver(world, status);
    }
}

fn same(mut one: Counts, mut other: Counts) {
    one.over.failed.sort_by_key(|(code, _)| code.as_str());
    other.over.failed.sort_by_key(|(code, _)| code.as_str());
    one.over.failed.retain(|(_, count)| *count > 0);
    assert_eq!(one, other);
}

#[test]
fn counters_are_what_a_walk_over_the_calls_finds_at_every_moment() {
    for slice in [5, 7, 1_000] {
        let mut world = World::new(10, 10);
        world.settings.slice = slice;
        world.crash();
        for (at, number) in [OK, BUSY, OK, OK, BUSY, OK].into_iter().enumerate() {
            let id = world.accepted(number);
            // Some are counted from rows, some as they change, some both.
            if at % 2 == 0 {
                vitals(&mut world, VitalsAsked::Counts);
            }
            world.run_to_end(id);
            if at == 3 {
                deliver_all(&mut world, 410);
            }
            same(counts(&mut world), walk(&world));
            deliver_all(&mut world, 200);
            same(counts(&mut world), walk(&world));
            world.now = world.now + HOUR;
        }
        let known = counts(&mut world);
        assert_eq!((known.over.completed, known.over.declined), (4, 2));
        assert_eq!((known.over.delivered, known.over.exhausted), (5, 1));
        world.crash();
        same(counts(&mut world), known);
    }
}

#[test]
fn counters_stay_when_calls_leave_also_in_the_middle_of_a_count() {
    for slice in [5, 6, 1_000] {
        let mut world = World::new(10, 10);
        world.settings.slice = slice;
        for number in [OK, BUSY, OK] {
            for _ in 0..9 {
                let id = world.accepted(number);
                world.run_to_end(id);
            }
            deliver_all(&mut world, 200);
            world.now = world.now + HOUR;
        }
        let known = counts(&mut world);
        world.crash();
        vitals(&mut world, VitalsAsked::Counts);
        let calls: Vec<CallId> = world.rows.all().iter().map(|call| call.id).collect();
        for part in calls.chunks(4) {
            world.ask(TrunkCommand::Forget(part.to_vec()));
            vitals(&mut world, VitalsAsked::Counts);
        }
        same(counts(&mut world), known.clone());
        world.crash();
        same(counts(&mut world), known);
    }
}

#[test]
fn a_callback_that_was_given_up_and_then_delivered_by_hand_counts_as_both() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    deliver_all(&mut world, 410);
    let before = counts(&mut world).over;
    assert_eq!((before.exhausted, before.mended), (1, 0));
    world.ask(TrunkCommand::Redeliver(reader(), id));
    deliver_all(&mut world, 200);
    for _ in 0..2 {
        let after = counts(&mut world).over;
        assert_eq!((after.exhausted, after.mended, after.delivered), (0, 1, 1));
        world.crash();
    }
}

/// As its object does it when it is asked for what it is worth: loaded anew, it looks for what is due.
fn has_duties(world: &mut World) -> bool {
    world.crash();
    world.ask(TrunkCommand::Tick);
    world.has_duties()
}

#[test]
fn an_idle_trunk_has_no_duties_whenever_it_is_loaded_and_one_with_open_work_has() {
    let mut world = World::new(10, 10);
    assert!(!has_duties(&mut world));
    let id = world.accepted(OK);
    assert!(has_duties(&mut world), "a call that is to be dialed");
    world.run_to_end(id);
    assert!(has_duties(&mut world), "its callback");
    deliver_all(&mut world, 200);
    assert!(!has_duties(&mut world));
    world.now = world.now + HOUR;
    assert!(!has_duties(&mut world));
    world.now = world.now + Span::from_secs(40 * 86_400);
    assert!(
        !has_duties(&mut world),
        "what has grown old is nobody's alarm"
    );
}

#[test]
fn nothing_is_written_for_counters() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    let (calls, usage) = (world.rows.written.get(), world.rows.usage_written.get());
    counts(&mut world);
    assert_eq!(world.rows.written.get(), calls);
    assert_eq!(world.rows.usage_written.get(), usage);
}

#[test]
fn the_oldest_call_and_the_oldest_callback_are_told() {
    let mut world = World::new(10, 10);
    let before = vitals(&mut world, VitalsAsked::Depth);
    assert_eq!(
        (before.unclaimed_since, before.undelivered_since),
        (None, None)
    );
    let first = world.accepted(OK);
    let accepted = world.now;
    world.now = world.now + Span(1_000);
    let depth = vitals(&mut world, VitalsAsked::Depth);
    assert_eq!(depth.unclaimed_since, Some(accepted));
    assert_eq!(depth.channels_in_use, 1);
    assert_eq!(depth.counts, None);

    world.run_to_end(first);
    let ended = world.now;
    let second = world.accepted(OK);
    world.run_to_end(second);
    for _ in 0..2 {
        let depth = vitals(&mut world, VitalsAsked::Depth);
        assert_eq!(depth.unclaimed_since, None);
        let since = depth.undelivered_since.expect("one is on its way");
        assert!(since <= ended, "that of the first");
        world.crash();
    }
    deliver_all(&mut world, 200);
    let depth = vitals(&mut world, VitalsAsked::Depth);
    assert_eq!(depth.undelivered_since, None);
}

#[test]
fn a_callback_of_an_older_call_that_ends_later_is_the_oldest() {
    let mut world = World::new(10, 10);
    let older = world.accepted("+15005550006");
    world.dispatch();
    let id = world.accepted(OK);
    world.run_to_end(id);
    let since = vitals(&mut world, VitalsAsked::Depth).undelivered_since;
    assert!(since.is_some());
    deliver_all(&mut world, 200);
    assert_eq!(
        vitals(&mut world, VitalsAsked::Depth).undelivered_since,
        None
    );
    world.ask(TrunkCommand::Cancel(reader(), older));
    world.run_to_end(older);
    assert!(
        vitals(&mut world, VitalsAsked::Depth)
            .undelivered_since
            .is_some()
    );
}

#[test]
fn a_callback_that_is_given_up_is_known_for_an_hour_also_after_a_restart() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    deliver_all(&mut world, 410);
    let given_up = world.now;
    for _ in 0..2 {
        let depth = vitals(&mut world, VitalsAsked::Depth);
        assert_eq!(depth.seen.exhausted_at, Some(given_up));
        let found = depth.findings(1 << 40, given_up + Span::from_secs(3_599));
        assert_eq!(found.len(), 1);
        assert!(depth.findings(1 << 40, given_up + HOUR).is_empty());
        world.crash();
    }
}

#[test]
fn an_open_breaker_is_found() {
    let mut world = World::new(10, 10);
    for _ in 0..3 {
        let id = world.accepted(OK);
        world.ask(TrunkCommand::Claim(vec![id]));
        let failed = Timed {
            at: world.now,
            event: CarrierEvent::Failed(Failure::of(FailureCode::DialerUnavailable)),
        };
        world.ask(TrunkCommand::CarrierEvents(vec![(id, vec![failed])]));
    }
    let depth = vitals(&mut world, VitalsAsked::Depth);
    assert!(depth.open_until.is_some());
    assert_eq!(depth.findings(1 << 40, world.now).len(), 1);
}
