//! How many calls per day: exact whatever happens, until midnight UTC.

use super::*;

/// Midnight by UTC, after the tests' own beginning.
fn midnight() -> Timestamp {
    Timestamp(START.0 - START.0 % 86_400_000 + 86_400_000)
}

fn limited(world: &mut World, per_day: Option<u32>) {
    world.now = world.now + Span(1);
    world.brief(1_000, 1_000, |brief| {
        brief.config.max_calls_per_day = per_day
    });
}

/// What a trunk that is full for the day says: until when.
fn full(world: &mut World) -> u64 {
    let told = world.trigger(OK);
    let code = FailureCode::DailyLimitReached;
    assert!(
        matches!(told, Admission::Rejected { code: said, .. } if said == code),
        "not full: {told:?}"
    );
    match told {
        Admission::Rejected {
            retry_after_secs, ..
        } => retry_after_secs,
        _ => 0,
    }
}

#[test]
fn a_day_takes_so_many_calls_and_the_next_one_as_many() {
    let mut world = World::new(1_000, 1_000);
    limited(&mut world, Some(3));
    let calls = [world.accepted(OK), world.accepted(OK), world.accepted(OK)];
    assert_eq!(full(&mut world), (midnight() - world.now).as_secs_ceil());
    for id in calls {
        world.run_to_end(id);
    }
    full(&mut world);
    let refused = world.rows.all().pop().expect("a row");
    let failure = refused.failure.expect("a failure");
    assert_eq!(refused.status, CallStatus::RejectedCapacity);
    assert_eq!(
        failure.message(),
        "The trunk's calls of the day were used up"
    );
    world.now = midnight() - Span(1);
    assert_eq!(full(&mut world), 1);
    world.now = midnight();
    for _ in 0..3 {
        world.accepted(OK);
    }
    assert_eq!(full(&mut world), 86_400);
}

/// Refused calls, dry runs and repeats count for nothing; a call that asks to wait counts when it is accepted, whatever becomes of it.
#[test]
fn what_was_accepted_counts_and_nothing_else() {
    let mut world = World::new(1, 1_000);
    world.now = world.now + Span(1);
    world.brief(1, 1_000, |brief| brief.config.max_calls_per_day = Some(3));
    let dry_run = || TrunkCommand::DryRun(Box::new(World::trigger_of(OK)));
    world.ask(dry_run());
    world.ask(World::keyed(OK));
    assert!(matches!(
        world.ask(World::keyed(OK)),
        TrunkReply::Replayed(_)
    ));
    assert!(matches!(
        world.trigger(OK),
        Admission::Rejected {
            code: FailureCode::ChannelsExhausted,
            ..
        }
    ));
    let waiting = world.queued(OK, Span(10));
    world.now = world.now + Span(20);
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.call(waiting).status, CallStatus::RejectedCapacity);
    world.crash();
    world.queued(OK, Span(1_000));
    full(&mut world);
    let on_capacity = OnCapacity::Queue { max_wait: Span(10) };
    let reply = world.ask(TrunkCommand::Admit(Box::new(Trigger {
        on_capacity,
        ..World::trigger_of(OK)
    })));
    assert!(
        matches!(
            reply,
            TrunkReply::Admission(Admission::Rejected {
                code: FailureCode::DailyLimitReached,
                ..
            })
        ),
        "{reply:?}"
    );
    let TrunkReply::Verdict(verdict) = world.ask(dry_run()) else {
        panic!("a verdict")
    };
    assert!(
        matches!(
            verdict,
            Verdict::Refuse {
                code: FailureCode::DailyLimitReached,
                ..
            }
        ),
        "{verdict:?}"
    );
    // A repeat is answered on a full day as well.
    assert!(matches!(
        world.ask(World::keyed(OK)),
        TrunkReply::Replayed(_)
    ));
}

#[test]
fn a_days_count_survives_crashes_and_costs_one_row_a_call_where_there_is_a_limit() {
    let mut world = World::new(1_000, 1_000);
    world.accepted(OK);
    assert_eq!(world.rows.days_written.get(), 0);
    limited(&mut world, Some(11));
    let before = (world.rows.written.get(), world.rows.days_written.get());
    for _ in 0..10 {
        world.accepted(OK);
        world.crash();
    }
    let after = (world.rows.written.get(), world.rows.days_written.get());
    assert_eq!((after.0 - before.0, after.1 - before.1), (10, 10));
    full(&mut world);
    world.crash();
    full(&mut world);
}

/// A limit that is set at noon counts the morning's calls, and one that is lowered holds from its answer on.
#[test]
fn a_limit_counts_what_was_accepted_before_it_was_set() {
    let mut world = World::new(1_000, 1_000);
    for _ in 0..5 {
        world.accepted(OK);
    }
    world.crash();
    limited(&mut world, Some(6));
    world.accepted(OK);
    full(&mut world);
    limited(&mut world, None);
    world.accepted(OK);
    limited(&mut world, Some(2));
    full(&mut world);
    limited(&mut world, Some(8));
    world.accepted(OK);
    full(&mut world);
    world.crash();
    full(&mut world);
}

/// Calls of a day on which a limit was not there yet, a refused one among them and one that waited in vain: after a restart
/// the rows alone tell.
#[test]
fn what_a_day_took_is_counted_from_rows_when_it_was_not_noted() {
    let mut world = World::new(1, 1_000);
    world.accepted(OK);
    assert!(matches!(world.trigger(OK), Admission::Rejected { .. }));
    world.queued(OK, Span(10));
    world.now = world.now + Span(20);
    world.ask(TrunkCommand::Tick);
    limited(&mut world, Some(3));
    world.crash();
    world.accepted(OK);
    full(&mut world);
}

/// All rows leave, as they do where there is no room, right after the limit was set: the day is known.
#[test]
fn a_days_count_survives_the_rows_that_tell_it() {
    let mut world = World::new(1_000, 1_000);
    let calls = [world.accepted(OK), world.accepted(OK)];
    limited(&mut world, Some(2));
    for id in calls {
        world.run_to_end(id);
    }
    while !world.sent.callbacks.is_empty() {
        deliver(&mut world, 200);
    }
    world.ask(TrunkCommand::Forget(calls.to_vec()));
    assert!(world.rows.all().is_empty());
    world.crash();
    full(&mut world);
    world.now = midnight();
    world.crash();
    world.accepted(OK);
}

/// A call whose row is kept counts though the count could not be written, and one whose row is not does not.
#[test]
fn a_write_that_fails_counts_what_it_kept() {
    for (after, kept) in [(0, 0), (1, 1)] {
        for failure in [Fail::Before, Fail::After] {
            let mut world = World::new(1_000, 1_000);
            limited(&mut world, Some(2));
            world.luck.failure.set(Some((after, failure)));
            let trigger = TrunkCommand::Admit(Box::new(World::trigger_of(OK)));
            assert!(world.try_ask(trigger).is_err());
            let kept = match failure {
                Fail::After => 1,
                _ => kept,
            };
            assert_eq!(world.rows.all().len(), kept);
            for _ in kept..2 {
                world.accepted(OK);
                world.crash();
            }
            full(&mut world);
        }
    }
}

/// A call for later counts on the day on which it was accepted.
#[test]
fn a_call_for_later_counts_when_it_is_accepted() {
    let mut world = World::new(1_000, 1_000);
    limited(&mut world, Some(1));
    let at = midnight() + Span::from_secs(3_600);
    let window = Window {
        not_before: Some(at),
        ..Window::unasked(at)
    };
    let scheduled = || {
        TrunkCommand::Schedule(Box::new(Trigger {
            window: Some(window),
            ..World::trigger_of(OK)
        }))
    };
    let reply = world.ask(scheduled());
    assert!(
        matches!(reply, TrunkReply::Admission(Admission::Scheduled { .. })),
        "{reply:?}"
    );
    full(&mut world);
    world.crash();
    let reply = world.ask(scheduled());
    assert!(
        matches!(
            reply,
            TrunkReply::Admission(Admission::Rejected {
                code: FailureCode::DailyLimitReached,
                ..
            })
        ),
        "{reply:?}"
    );
    world.now = at + Span(1);
    world.ask(TrunkCommand::Tick);
    world.accepted(OK);
    full(&mut world);
}
