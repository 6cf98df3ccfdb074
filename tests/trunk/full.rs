//! A trunk whose rows can't be written, as when its object's storage is full.

use super::support::rows::{Failure, Full};
use super::*;

/// A call that is over, and what the sender of its callback will report.
#[allow(clippy::expect_used, reason = "a test says what it expects")]
fn told(world: &mut World) -> (CallId, TrunkCommand) {
    let id = world.accepted(OK);
    world.run_to_end(id);
    let message = world.sent.callbacks.pop().expect("a callback");
    let (delivery, attempt) = (message.delivery, message.attempt);
    let begin = TrunkCommand::Begin {
        delivery,
        attempt,
        wants_message: false,
    };
    assert!(matches!(world.ask(begin), TrunkReply::Begun(_)));
    let taken = TrunkCommand::Delivered {
        delivery,
        attempt,
        result: answer(200),
        takes_next: true,
    };
    (id, taken)
}

/// Lets a trunk whose store fares badly live on: its alarm rings, or what stands for it.
fn live_on(world: &mut World, time: Span) {
    let until = world.now + time;
    while world.now < until {
        let again = world.now + Span(5_000);
        world.now = world
            .next_due()
            .map_or(again, |due| due.max(world.now + Span(1)).min(again));
        let _ = world.try_ask(TrunkCommand::Tick);
    }
}

#[test]
fn a_result_that_cannot_be_written_is_kept_and_its_attempt_made_by_nobody_again() {
    for full in [Full::Writes, Full::All] {
        let mut world = World::new(1, 10);
        let (id, taken) = told(&mut world);
        world.luck.full.set(full);
        assert!(world.try_ask(taken.clone()).is_err());
        live_on(&mut world, Span::from_secs(600));
        assert_eq!(world.sent.callbacks, [], "it is not sent again");
        let _ = world.try_ask(taken); // its sender says so twice
        let pending = world.call(id).callback.expect("a callback");
        assert_eq!(pending.status, DeliveryStatus::Pending);

        world.luck.full.set(Full::No);
        live_on(&mut world, Span::from_secs(10));
        let callback = world.call(id).callback.expect("a callback");
        assert_eq!(callback.status, DeliveryStatus::Delivered);
        assert_eq!(callback.attempts.len(), 1);
        live_on(&mut world, Span::from_secs(600));
        assert_eq!(world.sent.callbacks, []);
        assert_eq!(world.next_due(), None);
    }
}

#[test]
fn a_result_whose_write_failed_though_it_was_kept_counts_once() {
    let mut world = World::new(1, 10);
    let (id, taken) = told(&mut world);
    world.luck.fails(Failure::After);
    assert!(world.try_ask(taken).is_err());
    world.ask(TrunkCommand::Tick);
    let callback = world.call(id).callback.expect("a callback");
    assert_eq!(
        (callback.status, callback.attempts.len()),
        (DeliveryStatus::Delivered, 1)
    );
    world.ask(TrunkCommand::Redeliver(reader(), id));
    assert_eq!(
        world.sent.callbacks.len(),
        1,
        "another attempt is nobody's yet"
    );
}

#[test]
fn a_crash_of_a_full_trunk_costs_one_more_attempt() {
    let mut world = World::new(1, 10);
    let (_, taken) = told(&mut world);
    world.luck.full.set(Full::Writes);
    let _ = world.try_ask(taken);
    world.crash();
    live_on(&mut world, Span::from_secs(15));
    assert_eq!(world.sent.callbacks.len(), 1);
}

#[test]
fn a_trunk_that_cannot_write_admits_nothing_and_begins_no_attempt() {
    let mut world = World::new(2, 10);
    world.accepted(OK);
    let (_, taken) = told(&mut world);
    let before = world.rows.all();
    world.luck.full.set(Full::Writes);
    let _ = world.try_ask(taken);
    for _ in 0..200 {
        let key = Idempotency {
            key: "order-1".into(),
            body: "a".into(),
        };
        for idempotency in [None, Some(key)] {
            let trigger = Trigger {
                idempotency,
                ..World::trigger_of(OK)
            };
            let reply = world.try_ask(TrunkCommand::Admit(Box::new(trigger)));
            assert!(
                matches!(reply, Err(_) | Ok(TrunkReply::NotWritten)),
                "{reply:?}"
            );
        }
        let claims = std::mem::take(&mut world.sent.dial);
        let orders = world.try_ask(TrunkCommand::Claim(claims));
        assert!(
            orders.is_err() || orders == Ok(TrunkReply::Orders(vec![])),
            "{orders:?}"
        );
        live_on(&mut world, Span(1_000));
    }
    assert_eq!(world.rows.all(), before);

    world.luck.full.set(Full::No);
    live_on(&mut world, Span::from_secs(10));
    world.accepted(OK);
}

#[test]
fn a_trunk_that_cannot_write_lets_its_calls_go_and_recovers() {
    let mut world = World::new(3, 10);
    let (over, taken) = told(&mut world);
    world.ask(taken);
    let (pending, taken) = told(&mut world);
    world.now = world.now + Span::from_secs(60);
    world.luck.full.set(Full::Writes);
    world.rows.used.set(world.settings.storage_limit / 100 * 75);
    let _ = world.try_ask(taken);
    for _ in 0..3 {
        live_on(&mut world, Span::from_secs(5));
    }
    let batch = std::mem::take(&mut world.sent.expired);
    let ids: Vec<CallId> = batch.iter().map(|call| call.id).collect();
    assert_eq!(ids, [over], "what is told may leave");

    world.ask(TrunkCommand::Forget(ids));
    world.luck.full.set(Full::No); // that is what made the room
    live_on(&mut world, Span::from_secs(1));
    let callback = world.call(pending).callback.expect("a callback");
    assert_eq!(callback.status, DeliveryStatus::Delivered);
}

#[test]
fn a_batch_that_could_not_be_deleted_comes_again() {
    let mut world = World::new(1, 10);
    let Admission::Accepted { .. } = world.trigger(OK) else {
        panic!("accepted")
    };
    let Admission::Rejected { call: refused, .. } = world.trigger(OK) else {
        panic!("one channel")
    };
    deliver(&mut world, 200);
    world.now = world.now + Span::from_secs(2 * 86_400);
    world.rows.used.set(world.settings.storage_limit);
    world.ask(TrunkCommand::Tick);
    let batch = std::mem::take(&mut world.sent.expired);
    assert!(batch.iter().any(|call| call.id == refused));
    world.luck.full.set(Full::All);
    let gone = batch.iter().map(|call| call.id).collect();
    assert!(world.try_ask(TrunkCommand::Forget(gone)).is_err());

    world.luck.full.set(Full::Writes);
    live_on(&mut world, Span::from_secs(90));
    let again = &world.sent.expired;
    assert!(again.iter().any(|call| call.id == refused), "{again:?}");
}

#[test]
fn no_call_is_admitted_into_the_last_of_an_objects_room() {
    let mut world = World::new(10, 1_000);
    let waiting = world.accepted(OK);
    world.rows.used.set(9_799_999_999);
    world.crash();
    world.accepted(OK);
    world.rows.used.set(9_800_000_000);
    world.crash();
    let trigger = || Box::new(World::trigger_of(OK));
    assert_eq!(
        world.ask(TrunkCommand::Admit(trigger())),
        TrunkReply::NotWritten
    );
    assert_eq!(
        world.ask(TrunkCommand::DryRun(trigger())),
        TrunkReply::NotWritten
    );
    // What is there comes to its end, and is told of.
    assert!(world.run_to_end(waiting).status.is_terminal());
    assert!(!world.sent.callbacks.is_empty());
    world.rows.used.set(9_700_000_000);
    world.accepted(OK);
}

/// The write went through, whatever the store said; and somebody had asked for one more attempt meanwhile.
#[test]
fn an_attempt_that_is_out_behind_a_write_that_seemed_to_fail_is_not_forgotten() {
    let mut world = World::new(1, 10);
    let (id, taken) = told(&mut world);
    world.ask(TrunkCommand::Redeliver(reader(), id));
    world.luck.fails(Failure::After);
    assert!(world.try_ask(taken).is_err());
    live_on(&mut world, Span::from_secs(120));
    let sent = world.sent.callbacks.iter().map(|message| message.attempt);
    assert_eq!(sent.collect::<Vec<_>>().first(), Some(&2));
}

/// Those that wait for a channel leave the queue in memory alone, until a dialer's claim is written.
#[test]
fn calls_that_cannot_be_claimed_are_handed_out_ever_more_seldom() {
    let mut world = World::new(3, 10);
    let live: Vec<_> = (0..3).map(|_| world.accepted(OK)).collect();
    let waiting: Vec<_> = (0..3)
        .map(|_| world.queued(OK, Span::from_secs(3_000)))
        .collect();
    world.dispatch();
    while live.iter().any(|id| !world.call(*id).status.is_terminal()) {
        world.inquire();
        assert!(
            world.ring(Timestamp::MAX),
            "a call in progress has a due time"
        );
    }
    world.luck.full.set(Full::Writes);

    // A message whose claim fails comes again twice, each time a second later.
    let (mut messages, mut handed_out) = (Vec::new(), 0);
    let end = world.now + Span::from_secs(60);
    while world.now < end {
        let dial = std::mem::take(&mut world.sent.dial);
        handed_out += dial.len();
        messages.extend(dial.into_iter().map(|call| (world.now, call, 1)));
        let (now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut messages)
            .into_iter()
            .partition(|(at, ..)| *at <= world.now);
        messages = later;
        for (at, call, attempt) in now {
            let is_done = world.try_ask(TrunkCommand::Claim(vec![call])).is_ok();
            if !is_done && attempt < 3 {
                messages.push((at + Span::from_secs(1), call, attempt + 1));
            }
        }
        if world.next_due().is_some_and(|due| due <= world.now) {
            let _ = world.try_ask(TrunkCommand::Tick);
        }
        world.now = world.now + Span(20);
        assert!(handed_out < 200, "{handed_out} by {:?}", world.now);
    }

    world.luck.full.set(Full::No);
    for id in waiting {
        world.run_to_end(id);
        assert_eq!(world.call(id).status, CallStatus::Completed);
    }
}
