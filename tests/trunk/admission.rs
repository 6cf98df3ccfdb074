//! Who may call now: channels, calls per second, keys and agents, and one answer for one Idempotency-Key.

use super::*;

#[test]
fn channels_are_live_calls_and_one_more_is_refused_with_a_readable_call() {
    let mut world = World::new(3, 1000);
    for _ in 0..3 {
        world.accepted(OK);
    }
    let Admission::Rejected {
        call,
        code,
        retry_after_secs,
        quota,
    } = world.trigger(OK)
    else {
        panic!("accepted")
    };
    assert_eq!(code, FailureCode::ChannelsExhausted);
    assert!((1..=60).contains(&retry_after_secs));
    assert_eq!((quota.channels, quota.channels_left), (3, 0));
    let call = world.call(call);
    assert_eq!(call.status, CallStatus::RejectedCapacity);
    assert_eq!(
        call.failure.map(|failure| failure.source()),
        Some(FailureSource::Platform)
    );
    assert_eq!(call.ended_at, Some(START));
    assert_eq!(world.sent.callbacks.len(), 1, "its callback is due at once");
}

#[test]
fn a_channel_frees_when_its_call_ends() {
    let mut world = World::new(1, 1000);
    let first = world.accepted(OK);
    assert!(matches!(world.trigger(OK), Admission::Rejected { .. }));
    world.run_to_end(first);
    world.accepted(OK);
}

#[test]
fn no_second_accepts_more_than_max_cps_even_across_a_crash() {
    let mut world = World::new(1000, 5);
    for _ in 0..5 {
        world.accepted(OK);
    }
    world.crash();
    world.now = world.now + Span(999);
    let Admission::Rejected {
        code,
        retry_after_secs,
        ..
    } = world.trigger(OK)
    else {
        panic!("accepted")
    };
    assert_eq!((code, retry_after_secs), (FailureCode::RateExceeded, 1));
    world.now = world.now + Span(1);
    world.accepted(OK);
}

#[test]
fn a_revoked_key_a_deactivated_agent_and_an_inactive_trunk_start_nothing_from_the_moment_they_are_told()
 {
    let mut world = World::new(10, 10);
    let refused =
        |world: &mut World| world.ask(TrunkCommand::Admit(Box::new(World::trigger_of(OK))));
    world.now = world.now + Span(1);
    world.brief(10, 10, |brief| brief.revoked_keys.push(api_key()));
    assert_eq!(
        refused(&mut world),
        TrunkReply::Refused(TrunkRefusal::InvalidKey)
    );
    world.now = world.now + Span(1);
    world.brief(10, 10, |brief| brief.inactive_agents.push(agent()));
    world.crash();
    assert_eq!(
        refused(&mut world),
        TrunkReply::Refused(TrunkRefusal::AgentInactive)
    );
    world.now = world.now + Span(1);
    world.brief(10, 10, |brief| brief.config.status = Status::Inactive);
    assert_eq!(
        refused(&mut world),
        TrunkReply::Refused(TrunkRefusal::TrunkInactive)
    );
    assert!(world.rows.all().is_empty());
}

#[test]
fn a_lowered_limit_ends_no_call_and_holds_back_new_ones() {
    let mut world = World::new(3, 10);
    let calls = [world.accepted(OK), world.accepted(OK), world.accepted(OK)];
    world.now = world.now + Span(1);
    world.brief(1, 10, |_| {});
    assert!(matches!(world.trigger(OK), Admission::Rejected { .. }));
    for id in calls {
        assert_eq!(world.run_to_end(id).status, CallStatus::Completed);
    }
    world.accepted(OK);
}

#[test]
fn an_idempotency_key_answers_the_first_answer_again_across_a_crash_and_for_a_day() {
    let mut world = World::new(1, 10);
    let with = |body: &str| {
        let idempotency = Some(Idempotency {
            key: "order-1".into(),
            body: body.into(),
        });
        TrunkCommand::Admit(Box::new(Trigger {
            idempotency,
            ..World::trigger_of(OK)
        }))
    };
    let TrunkReply::Admission(first) = world.ask(with("a")) else {
        panic!()
    };
    world.crash();
    assert_eq!(
        world.ask(with("a")),
        TrunkReply::Replayed(first),
        "though the trunk is full"
    );
    assert_eq!(world.ask(with("b")), TrunkReply::KeyReused);
    world.now = world.now + Span::from_secs(86_400);
    world.ask(TrunkCommand::Tick);
    assert!(matches!(
        world.ask(with("b")),
        TrunkReply::Admission(Admission::Accepted { .. })
    ));
}

#[test]
fn a_refusal_for_want_of_capacity_is_not_remembered_and_a_dry_run_creates_nothing() {
    let mut world = World::new(1, 10);
    let first = world.accepted(OK);
    let idempotency = Some(Idempotency {
        key: "order-2".into(),
        body: "a".into(),
    });
    let trigger = Trigger {
        idempotency,
        ..World::trigger_of(OK)
    };
    let admit = TrunkCommand::Admit(Box::new(trigger.clone()));
    assert!(matches!(
        world.ask(admit.clone()),
        TrunkReply::Admission(Admission::Rejected { .. })
    ));
    let rows = world.rows.all().len();
    let dry_run = TrunkCommand::DryRun(Box::new(trigger));
    assert!(matches!(
        world.ask(dry_run.clone()),
        TrunkReply::Verdict(Verdict::Refuse { .. })
    ));
    world.run_to_end(first);
    assert_eq!(world.ask(dry_run), TrunkReply::Verdict(Verdict::Go));
    assert_eq!(world.rows.all().len(), rows);
    assert!(matches!(
        world.ask(admit),
        TrunkReply::Admission(Admission::Accepted { .. })
    ));
}
