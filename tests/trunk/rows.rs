//! Rows: how many a call costs, and what they decide after a failed write or a crash.

use super::*;

#[test]
fn a_whole_call_writes_no_more_rows_than_its_budget_allows() {
    let mut world = World::new(10, 10);
    let before = world.rows.written.get();
    let id = world.accepted(OK);
    world.run_to_end(id);
    deliver(&mut world, 200);
    // Accepted, claimed, dialed, ended, delivered; the alarms are counted where they are set.
    assert_eq!(world.rows.written.get() - before, 5);
}

#[test]
fn a_senders_report_reads_its_own_call_and_the_next_one_once_each() {
    let mut world = World::new(10, 10);
    let calls = [(); 7].map(|()| world.accepted(OK));
    for id in calls {
        world.run_to_end(id);
    }
    assert_eq!(world.sent.callbacks.len(), 5, "two wait for their host");
    let first = world.sent.callbacks.remove(0);
    let before = world.rows.read.get();
    let reply = world.ask(TrunkCommand::Delivered {
        delivery: first.delivery,
        attempt: first.attempt,
        result: answer(200),
        takes_next: true,
    });
    assert!(matches!(reply, TrunkReply::NextAttempt(..)), "{reply:?}");
    assert_eq!(world.rows.read.get() - before, 2);
}

#[test]
fn a_call_that_no_dialer_claims_is_sent_again_and_no_row_is_read() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    for _ in 0..3 {
        assert_eq!(std::mem::take(&mut world.sent.dial), [id]);
        let before = world.rows.read.get();
        world.now = world.now + Span(5_000);
        world.ask(TrunkCommand::Tick);
        assert_eq!(world.rows.read.get(), before);
    }
}

#[test]
fn a_failed_write_is_an_answer_and_the_rows_decide_what_happened() {
    for (fail, calls) in [(Fail::Before, 0), (Fail::After, 1)] {
        let mut world = World::new(1, 10);
        world.luck.failure.set(Some((1, fail))); // the feed's first note is kept
        assert!(
            world
                .try_ask(TrunkCommand::Admit(Box::new(World::trigger_of(OK))))
                .is_err()
        );
        assert_eq!(world.rows.all().len(), calls);
        world.now = world.now + Span(10_000);
        world.ask(TrunkCommand::Tick);
        assert_eq!(world.sent.dial.len(), calls, "what was written is dialed");
    }
}

#[test]
fn a_call_that_was_open_when_the_object_stopped_ends_however_long_it_was_down() {
    let mut world = World::new(2, 10);
    let id = world.accepted(OK);
    world.crash();
    world.now = world.now + Span::from_secs(3 * 3_600);
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.call(id).status, CallStatus::TriggerFailed);
    assert_eq!(world.sent.callbacks.len(), 1, "and its callback is due");
}

#[test]
fn a_retry_after_a_failed_write_is_not_answered_with_a_call_that_was_never_kept() {
    let mut world = World::new(1, 10);
    let idempotency = Some(Idempotency {
        key: "order-3".into(),
        body: "a".into(),
    });
    let admit = TrunkCommand::Admit(Box::new(Trigger {
        idempotency,
        ..World::trigger_of(OK)
    }));
    world.luck.failure.set(Some((1, Fail::Before))); // its key is kept, and it is not
    assert!(world.try_ask(admit.clone()).is_err());
    let TrunkReply::Admission(Admission::Accepted { call, .. }) = world.ask(admit) else {
        panic!("not accepted anew")
    };
    assert_eq!(world.call(call).status, CallStatus::Initiating);
}
