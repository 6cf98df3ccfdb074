//! The sums of a trunk's calls, while they are stored and after they have left.
#![allow(clippy::panic, reason = "a test stops where it fails")]

use super::*;
use audatec::app::trunk::{Slices, USAGE_SCAN, UsageFilter, UsageSoFar};
use audatec::domain::planted::Fault;
use audatec::domain::usage::{GroupBy, Hour, Tally};

const HOUR: Span = Span::from_secs(3_600);
const BUSY: &str = "+15005550001";

/// What is told of all hours in one, looked at in pieces of this size.
fn told_by(world: &mut World, by: GroupBy, scan_limit: usize) -> Vec<(Option<String>, Tally)> {
    let mut filter = UsageFilter {
        from: Hour::of(START),
        to: Hour::of(world.now).next(),
        by,
        scan_limit,
        so_far: None,
    };
    for _ in 0..10_000 {
        let so_far = ask(world, &filter);
        if so_far.hour == filter.to {
            return so_far.sums;
        }
        filter.so_far = Some(so_far);
    }
    panic!("no end");
}

fn ask(world: &mut World, filter: &UsageFilter) -> UsageSoFar {
    match world.ask(TrunkCommand::Usage(reader(), Box::new(filter.clone()))) {
        TrunkReply::Usage(so_far) => so_far,
        other => panic!("{other:?}"),
    }
}

fn total(world: &mut World) -> Tally {
    let sums = told_by(world, GroupBy::Trunk, 1_000);
    assert!(sums.len() <= 1);
    sums.into_iter()
        .next()
        .map(|(_, tally)| tally)
        .unwrap_or_default()
}

/// What the calls that are there add up to.
fn walk(world: &World) -> Tally {
    let mut tally = Tally::default();
    for call in world.rows.all() {
        tally.add(&Tally::of(&call));
    }
    tally
}

/// Some calls of three hours, all of them over and told of.
fn three_hours(world: &mut World) {
    for number in [OK, BUSY, OK] {
        for _ in 0..3 {
            let id = world.accepted(number);
            world.run_to_end(id);
        }
        while !world.sent.callbacks.is_empty() {
            deliver(world, 200);
        }
        world.now = world.now + HOUR;
    }
}

/// Wakes the object until it has nothing to look for any more.
fn looks(world: &mut World) {
    world.now = world.now + Span::from_secs(600);
    world.ask(TrunkCommand::Tick);
    while world.ring(world.now + Span(5_000)) {}
}

/// All calls leave that may.
fn all_leave(world: &mut World) {
    let calls: Vec<CallId> = world.rows.all().iter().map(|call| call.id).collect();
    world.ask(TrunkCommand::Forget(calls));
}

#[test]
fn what_is_told_is_what_the_calls_add_up_to_and_stays_when_they_have_left() {
    for scan_limit in [5, 6, 7, 1_000] {
        let mut world = World::new(10, 10);
        three_hours(&mut world);
        let ringing = world.accepted(OK);
        let all = walk(&world);
        assert_eq!((all.calls, all.completed, all.declined), (10, 6, 3));
        assert_eq!((all.answered, all.talk_seconds, all.delivered), (6, 18, 9));
        let hours = told_by(&mut world, GroupBy::Hour, scan_limit);
        let counts: Vec<u64> = hours.iter().map(|(_, tally)| tally.calls).collect();
        assert_eq!(counts, [3, 3, 3, 1], "{scan_limit}");
        assert_eq!(hours[1].1.declined, 3);
        for by in [
            GroupBy::Day,
            GroupBy::Agent,
            GroupBy::Trunk,
            GroupBy::Campaign,
        ] {
            let sums = told_by(&mut world, by, scan_limit);
            assert_eq!(sums.len(), 1, "{by:?}");
            assert_eq!(sums[0].1, all, "{by:?}");
            assert_eq!(sums[0].0.is_none(), by == GroupBy::Campaign);
        }

        all_leave(&mut world);
        assert_eq!(world.rows.all().len(), 1, "but for the one in progress");
        assert_eq!(told_by(&mut world, GroupBy::Hour, scan_limit), hours);
        world.run_to_end(ringing);
        world.crash();
        assert_eq!(total(&mut world).completed, 7);
    }
}

#[test]
fn an_hour_becomes_one_row_once_its_callbacks_are_final_and_is_looked_at_no_more() {
    let mut world = World::new(10, 10);
    three_hours(&mut world);
    let pending = world.accepted(OK);
    world.run_to_end(pending);
    world.now = world.now + HOUR;
    let all = walk(&world);
    looks(&mut world);
    assert_eq!(world.rows.usage_written.get(), 3, "a row an hour");
    looks(&mut world);
    assert_eq!(world.rows.usage_written.get(), 3);
    assert_eq!(total(&mut world), all);

    while !world.sent.callbacks.is_empty() {
        deliver(&mut world, 200);
    }
    let written = world.rows.written.get();
    looks(&mut world);
    assert_eq!(world.rows.usage_written.get(), 4);
    assert_eq!(world.rows.written.get(), written, "and none a call");
    let all = walk(&world);
    assert_eq!((total(&mut world), all.delivered), (all.clone(), 10));
    all_leave(&mut world);
    assert_eq!(total(&mut world), all);
    world.crash();
    looks(&mut world);
    assert_eq!(total(&mut world), all);
}

#[test]
fn a_callback_that_is_sent_again_long_after_is_counted_as_it_ends_then() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    deliver(&mut world, 410);
    world.now = world.now + HOUR + HOUR;
    looks(&mut world);
    assert_eq!(world.rows.usage_written.get(), 1);
    assert_eq!(
        (total(&mut world).exhausted, total(&mut world).delivered),
        (1, 0)
    );
    world.ask(TrunkCommand::Redeliver(reader(), id));
    assert_eq!(total(&mut world), walk(&world), "it is under way");
    deliver(&mut world, 200);
    assert_eq!(
        (total(&mut world).exhausted, total(&mut world).delivered),
        (0, 1)
    );
    looks(&mut world);
    assert_eq!(total(&mut world), walk(&world));
}

#[test]
fn calls_that_leave_while_they_are_added_up_are_counted_once() {
    let mut world = World::new(10, 10);
    three_hours(&mut world);
    // An hour that takes several looks.
    for _ in 0..12 {
        let id = world.accepted(OK);
        world.run_to_end(id);
    }
    while !world.sent.callbacks.is_empty() {
        deliver(&mut world, 200);
    }
    let all = walk(&world);
    for leaves in 0..12 {
        let mut filter = UsageFilter {
            from: Hour::of(START),
            to: Hour::of(world.now).next(),
            by: GroupBy::Trunk,
            scan_limit: 1,
            so_far: None,
        };
        let mut n = 0;
        loop {
            let so_far = ask(&mut world, &filter);
            if so_far.hour == filter.to {
                assert_eq!(so_far.sums[0].1, all, "after {leaves}");
                break;
            }
            filter.so_far = Some(so_far);
            if n == leaves {
                let calls = world.rows.all();
                let ends = [calls.first(), calls.last()].into_iter().flatten();
                let ends = ends.map(|call| call.id).collect();
                world.ask(TrunkCommand::Forget(ends));
            }
            n += 1;
        }
    }
    assert!(world.rows.all().len() < 14, "many have left");
}

#[test]
fn whoever_adds_calls_up_gets_on_though_some_leave_all_the_while() {
    let mut world = World::new(10, 10);
    for _ in 0..40 {
        let id = world.accepted(OK);
        world.run_to_end(id);
    }
    while !world.sent.callbacks.is_empty() {
        deliver(&mut world, 200);
    }
    let all = walk(&world);
    let mut filter = UsageFilter {
        from: Hour::of(START),
        to: Hour::of(world.now).next(),
        by: GroupBy::Trunk,
        scan_limit: 5,
        so_far: None,
    };
    let mut asked = 0;
    loop {
        let so_far = ask(&mut world, &filter);
        if so_far.hour == filter.to {
            assert_eq!(so_far.sums[0].1, all);
            break;
        }
        filter.so_far = Some(so_far);
        asked += 1;
        assert!(asked < 20, "it begins anew and anew");
        // One that was counted, and one that was not yet.
        let calls = world.rows.all();
        let ends = [calls.first(), calls.last()].into_iter().flatten();
        world.ask(TrunkCommand::Forget(ends.map(|call| call.id).collect()));
    }
}

/// As its shell asks an object, which reads so many rows for a slice.
#[test]
fn a_question_for_usage_ends_after_20_000_rows_and_the_next_goes_on_there() {
    let mut world = World::new(10, 10);
    three_hours(&mut world);
    let all = walk(&world);
    let mut filter = UsageFilter {
        from: Hour::of(START),
        to: Hour::of(world.now).next(),
        by: GroupBy::Trunk,
        scan_limit: USAGE_SCAN,
        so_far: None,
    };
    let mut questions = 0;
    loop {
        let mut slices = Slices::of(TrunkCommand::Usage(reader(), Box::new(filter.clone())), 1);
        let mut read = 0;
        let told = loop {
            let slice = world.ask(slices.command());
            slices.has_read(9_900);
            read += 9_900;
            if let (Some(TrunkReply::Usage(told)), _) = slices.take(slice) {
                break told;
            }
        };
        assert!(read <= USAGE_SCAN, "{read} rows");
        questions += 1;
        if told.hour == filter.to {
            assert_eq!(told.sums[0].1, all);
            break;
        }
        filter.so_far = Some(told);
    }
    assert!(questions > 1);
}

#[test]
fn a_write_that_fails_while_calls_leave_loses_none_and_counts_none_twice() {
    for failure in [Fail::Before, Fail::After, Fail::Halfway] {
        for write in 0..5 {
            let mut world = World::new(10, 10);
            three_hours(&mut world);
            let all = walk(&world);
            let calls: Vec<CallId> = world.rows.all().iter().map(|call| call.id).collect();
            world.luck.failure.set(Some((write, failure)));
            let _ = world.try_ask(TrunkCommand::Forget(calls.clone()));
            world.luck.failure.set(None);
            assert_eq!(total(&mut world), all, "{failure:?} {write}");
            world.ask(TrunkCommand::Forget(calls));
            assert_eq!(total(&mut world), all, "{failure:?} {write}");
            assert!(world.rows.all().is_empty());
        }
    }
}

#[test]
fn the_planted_faults_are_found() {
    let tests: [(Fault, fn()); 4] = [
        (
            Fault::UsageUnbounded,
            a_question_for_usage_ends_after_20_000_rows_and_the_next_goes_on_there,
        ),
        (
            Fault::UsageLost,
            what_is_told_is_what_the_calls_add_up_to_and_stays_when_they_have_left,
        ),
        (
            Fault::UsageTwice,
            an_hour_becomes_one_row_once_its_callbacks_are_final_and_is_looked_at_no_more,
        ),
        (
            Fault::UsageStale,
            a_callback_that_is_sent_again_long_after_is_counted_as_it_ends_then,
        ),
    ];
    for (fault, test) in tests {
        audatec::domain::planted::plant(Some(fault));
        let found = std::panic::catch_unwind(test).is_err();
        audatec::domain::planted::plant(None);
        assert!(found, "{fault:?}");
    }
}
