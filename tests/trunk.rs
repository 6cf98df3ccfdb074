//! A trunk's object on virtual time: admission, dispatch, the life of a call, and what a crash leaves.

mod support;

use std::collections::VecDeque;

use audatec::app::trunk::{
    CallFilter, Denial, EXAMINED, Found, Idempotency, Trigger, TrunkCommand, TrunkReply,
};
use audatec::domain::agent::Status;
use audatec::domain::call::{
    CallStatus, CarrierEvent, DISPATCH_DEADLINE, END_GRACE, Failure, FailureCode, FailureSource,
    REPORT_GRACE, RING_GRACE, Report, Timed,
};
use audatec::domain::callback::{
    Attempt, AttemptResult, DeliveryStatus, WebhookSecret, WebhookSecrets,
};
use audatec::domain::ids::CallId;
use audatec::domain::phone::E164;
use audatec::domain::sandbox::TEST_NUMBERS;
use audatec::domain::time::Millis;
use audatec::domain::trunk::{Admission, OnCapacity, Verdict};
use proptest::prelude::*;
use support::{Fail, START, World, agent, api_key, org, reader};

const OK: &str = "+15005550000";

fn answer(status_code: u16) -> AttemptResult {
    let attempt = Attempt {
        at: START,
        status_code: Some(status_code),
        error: None,
        duration_ms: 1,
    };
    AttemptResult {
        attempt,
        retry_after: None,
    }
}

fn deliver(world: &mut World, status: u16) {
    for message in std::mem::take(&mut world.sent.callbacks) {
        let (delivery, attempt) = (message.delivery, message.attempt);
        world.ask(TrunkCommand::Delivered {
            delivery,
            attempt,
            result: answer(status),
            takes_next: false,
        });
    }
}

#[test]
fn channels_are_live_calls_and_one_more_is_refused_with_a_readable_call() {
    let mut world = World::new(3, 1000);
    for _ in 0..3 {
        world.accepted(OK);
    }
    let Admission::Rejected {
        call,
        code,
        retry_after,
        quota,
    } = world.trigger(OK)
    else {
        panic!("accepted")
    };
    assert_eq!(code, FailureCode::ChannelsExhausted);
    assert!((1..=60).contains(&retry_after));
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
    world.now = world.now + Millis(999);
    let Admission::Rejected {
        code, retry_after, ..
    } = world.trigger(OK)
    else {
        panic!("accepted")
    };
    assert_eq!((code, retry_after), (FailureCode::RateExceeded, 1));
    world.now = world.now + Millis(1);
    world.accepted(OK);
}

#[test]
fn dials_keep_to_max_cps_when_the_queue_delivers_in_a_burst() {
    let mut world = World::new(1000, 5);
    let mut dials = Vec::new();
    for second in 0..3 {
        world.now = START + Millis(second * 1000);
        for _ in 0..5 {
            world.accepted(OK);
        }
    }
    while dials.len() < 15 {
        dials.extend(world.dispatch().iter().map(|_| world.now));
        world.ring(Millis::MAX);
    }
    assert!(
        dials
            .windows(6)
            .all(|window| window[5] - window[0] >= Millis(1000)),
        "{dials:?}"
    );
    assert!(
        dials.last() <= Some(&(START + Millis(4_500))),
        "and no slower than they must: {dials:?}"
    );
}

#[test]
fn a_lowered_rate_hands_each_call_out_in_its_turn_however_slow_the_queue_is() {
    for latency in [1, 100, 1_000] {
        let mut world = World::new(1_000, 1_000);
        for _ in 0..300 {
            world.accepted(OK);
        }
        world.now = START + Millis(150);
        world.brief(1_000, 1, |brief| brief.version += 1);
        let mut on_its_way = VecDeque::new();
        let (mut handed_out, mut dialed) = (0, 0);
        while world.now < START + Millis::from_secs(100) {
            for id in std::mem::take(&mut world.sent.dial) {
                handed_out += 1;
                on_its_way.push_back((world.now + Millis(latency), id));
            }
            let arrives = on_its_way.front().map_or(Millis::MAX, |(at, _)| *at);
            let rings = world.next_due().unwrap_or(Millis::MAX);
            world.now = arrives.min(rings).max(world.now);
            if rings < arrives {
                world.ask(TrunkCommand::Tick);
                continue;
            }
            let Some((_, id)) = on_its_way.pop_front() else {
                break;
            };
            if let TrunkReply::Orders(orders) = world.ask(TrunkCommand::Claim(vec![id])) {
                dialed += orders.len();
            }
        }
        // Each goes out when there is room for it, and takes its latency from there.
        let expected = 100_000 / (1_000 + latency) as usize;
        assert!(
            dialed + 5 >= expected,
            "{dialed} dialed at a latency of {latency} ms"
        );
        assert!(
            handed_out <= 300 + 4 * dialed,
            "{handed_out} hand-outs for {dialed} dials at a latency of {latency} ms"
        );
    }
}

#[test]
fn a_call_is_claimed_once_however_often_its_message_comes() {
    let mut world = World::new(10, 10);
    let call = world.accepted(OK);
    let claim = TrunkCommand::Claim(vec![call, call]);
    let TrunkReply::Orders(first) = world.ask(claim.clone()) else {
        panic!()
    };
    assert_eq!(first.len(), 1);
    assert_eq!(world.ask(claim.clone()), TrunkReply::Orders(vec![]));
    world.crash();
    assert_eq!(world.ask(claim), TrunkReply::Orders(vec![]));
}

#[test]
fn the_ten_numbers_end_as_the_table_says() {
    let expected = [
        (CallStatus::Completed, None),
        (CallStatus::Decline, Some(FailureCode::Busy)),
        (CallStatus::Decline, Some(FailureCode::Declined)),
        (CallStatus::SipCallFailed, Some(FailureCode::NoAnswer)),
        (CallStatus::SipCallFailed, Some(FailureCode::CarrierError)),
        (
            CallStatus::TriggerFailed,
            Some(FailureCode::DialerUnavailable),
        ),
        (CallStatus::Completed, Some(FailureCode::TimedOut)),
        (CallStatus::Completed, None),
        (CallStatus::Completed, None),
        (CallStatus::Completed, None),
    ];
    for (row, (status, code)) in TEST_NUMBERS.iter().zip(expected) {
        let mut world = World::new(10, 10);
        let id = world.accepted(row.number);
        let call = world.run_to_end(id);
        assert_eq!(
            (call.status, call.failure.map(|failure| failure.code)),
            (status, code),
            "{}",
            row.number
        );
        assert_eq!(
            call.answered_at.is_some(),
            status == CallStatus::Completed,
            "{}",
            row.number
        );
        assert_eq!(
            world.sent.callbacks.len(),
            1,
            "{}: one callback",
            row.number
        );
        let TrunkReply::Live(live, ..) = world.ask(TrunkCommand::Live(reader())) else {
            panic!()
        };
        assert!(live.is_empty(), "{}: no channel is left", row.number);
    }
}

#[test]
fn nobody_answers_after_the_ringing_timeout_and_silence_is_stalled_before_the_watchdog() {
    let mut world = World::new(10, 10);
    let id = world.accepted("+15005550003");
    let call = world.run_to_end(id);
    assert_eq!(call.ended_at, Some(START + world.settings.ring_timeout));
    let id = world.accepted("+15005550006");
    let began = world.now;
    world.dispatch();
    world.now = began + world.settings.sim_ring + world.settings.stalled_after + Millis(1);
    assert!(world.call(id).is_stalled(world.now, &world.settings));
    let call = world.run_to_end(id);
    let answered = call.answered_at.expect("answered");
    assert!(call.ended_at.expect("ended") <= answered + world.settings.max_call + END_GRACE);
}

#[test]
fn a_reader_sees_each_state_though_only_the_last_is_written() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    assert_eq!(world.call(id).status, CallStatus::Initiating);
    world.dispatch();
    assert_eq!(world.call(id).status, CallStatus::Ringing);
    let written = world.rows.written.get();
    world.now = START + world.settings.sim_ring;
    assert_eq!(world.call(id).status, CallStatus::Answered);
    world.crash();
    assert_eq!(world.call(id).status, CallStatus::Answered);
    let TrunkReply::Live(live, ..) = world.ask(TrunkCommand::Live(reader())) else {
        panic!()
    };
    assert_eq!(live[0].status, CallStatus::Answered);
    assert_eq!(world.rows.written.get(), written);
    world.now = world.now + world.settings.sim_talk;
    assert_eq!(world.call(id).status, CallStatus::Completed);
}

#[test]
fn a_call_nobody_claims_ends_within_the_dispatch_deadline_with_no_traffic() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    while world.ring(START + DISPATCH_DEADLINE) {}
    let call = world.call(id);
    assert_eq!(call.status, CallStatus::TriggerFailed);
    assert_eq!(
        call.failure.map(|failure| failure.code),
        Some(FailureCode::TimedOut)
    );
    assert!(
        world.sent.dial.len() > 5,
        "it was handed out again and again meanwhile"
    );
}

#[test]
fn a_lost_report_is_asked_about_and_never_dialed_again() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.sent.dial.clear();
    world.ask(TrunkCommand::Claim(vec![id]));
    while world.sent.inquire.is_empty() {
        assert!(world.ring(Millis::MAX));
    }
    assert_eq!(world.sent.inquire, [id]);
    assert!(world.sent.dial.is_empty());
    let dialed_at = world.call(id).dialed_at;
    let call = world.run_to_end(id);
    assert_eq!(
        (call.status, call.dialed_at),
        (CallStatus::Completed, dialed_at),
        "as if nothing had been lost"
    );
    assert!(world.sent.dial.is_empty());
}

#[test]
fn a_carrier_that_never_answers_an_inquiry_holds_no_channel_for_ever() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.ask(TrunkCommand::Claim(vec![id]));
    let bound = START + world.settings.ring_timeout + RING_GRACE;
    while world.ring(bound) {}
    assert_eq!(world.call(id).status, CallStatus::TriggerFailed);
}

#[test]
fn an_answered_call_waits_for_its_report_without_a_channel_and_then_is_final() {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    world.ask(TrunkCommand::Claim(vec![id]));
    let event = |at: u64, event| Timed {
        at: START + Millis(at),
        event,
    };
    world.now = START + Millis(9_000);
    let events = vec![
        event(1_000, CarrierEvent::Answered),
        event(8_999, CarrierEvent::HungUp(None)),
    ];
    world.ask(TrunkCommand::Carrier(vec![(id, events)]));
    let call = world.call(id);
    assert_eq!(
        (call.status, call.ended_at),
        (CallStatus::Answered, Some(START + Millis(8_999)))
    );
    assert_eq!(call.duration_secs(), Some(7));
    world.accepted(OK);
    let mut report = |report| {
        world.ask(TrunkCommand::Report {
            call: id,
            report,
            transcript: None,
        });
        world.call(id)
    };
    let link = report(Report {
        recording_url: Some("https://a.example/1".into()),
        ..Report::default()
    });
    assert_eq!(link.status, CallStatus::Answered);
    let outcome = serde_json::json!({"disposition": "interested"});
    let done = report(Report {
        outcome: Some(outcome.clone()),
        recording_url: Some("https://a.example/2".into()),
        ..Report::default()
    });
    assert_eq!(done.status, CallStatus::Completed);
    assert_eq!(done.outcome, Some(outcome));
    assert_eq!(done.recording_url.as_deref(), Some("https://a.example/1"));
    let later = report(Report {
        outcome: Some(serde_json::json!({"disposition": "another"})),
        transcript_url: Some("https://a.example/3".into()),
        ..Report::default()
    });
    assert_eq!(later, done);
}

#[test]
fn an_agent_that_broke_off_says_so_and_the_call_waits_for_no_more() {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    world.ask(TrunkCommand::Claim(vec![id]));
    let events = [CarrierEvent::Answered, CarrierEvent::HungUp(None)]
        .map(|event| Timed { at: START, event });
    world.ask(TrunkCommand::Carrier(vec![(id, events.to_vec())]));
    let report = Report {
        failure: Some("the LLM answered 401".into()),
        ..Report::default()
    };
    world.ask(TrunkCommand::Report {
        call: id,
        report,
        transcript: None,
    });
    let call = world.call(id);
    assert_eq!(call.status, CallStatus::Completed);
    let outcome = serde_json::json!({"disposition": "unknown", "summary": null, "sentiment": null});
    assert_eq!(call.outcome, Some(outcome));
    let failure = call.failure.expect("a failure");
    assert_eq!(failure, Failure::of(FailureCode::AgentFailed));
    assert_eq!(failure.source(), FailureSource::Dialer);
    let timeline = call.timeline();
    let ended = timeline.iter().find(|entry| entry.event == "ended");
    let detail = ended.and_then(|entry| entry.detail.as_deref());
    assert_eq!(
        detail,
        Some("The agent broke off the call: the LLM answered 401")
    );
}

#[test]
fn without_a_report_the_outcome_is_unknown_after_ten_seconds() {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    world.ask(TrunkCommand::Claim(vec![id]));
    let events = [CarrierEvent::Answered, CarrierEvent::HungUp(None)]
        .map(|event| Timed { at: START, event });
    world.ask(TrunkCommand::Carrier(vec![(id, events.to_vec())]));
    assert!(world.ring(START + REPORT_GRACE));
    let call = world.call(id);
    assert_eq!(call.status, CallStatus::Completed);
    assert_eq!(
        call.outcome,
        Some(serde_json::json!({"disposition": "unknown", "summary": null, "sentiment": null}))
    );
    assert_eq!(call.failure, None);
}

#[test]
fn a_revoked_key_a_deactivated_agent_and_an_inactive_trunk_start_nothing_from_the_moment_they_are_told()
 {
    let mut world = World::new(10, 10);
    let refused =
        |world: &mut World| world.ask(TrunkCommand::Admit(Box::new(World::trigger_of(OK))));
    world.now = world.now + Millis(1);
    world.brief(10, 10, |brief| brief.revoked_keys.push(api_key()));
    assert_eq!(refused(&mut world), TrunkReply::Refused(Denial::InvalidKey));
    world.now = world.now + Millis(1);
    world.brief(10, 10, |brief| brief.inactive_agents.push(agent()));
    world.crash();
    assert_eq!(
        refused(&mut world),
        TrunkReply::Refused(Denial::AgentInactive)
    );
    world.now = world.now + Millis(1);
    world.brief(10, 10, |brief| brief.config.status = Status::Inactive);
    assert_eq!(
        refused(&mut world),
        TrunkReply::Refused(Denial::TrunkInactive)
    );
    assert!(world.rows.all().is_empty());
}

#[test]
fn a_lowered_limit_ends_no_call_and_holds_back_new_ones() {
    let mut world = World::new(3, 10);
    let calls = [world.accepted(OK), world.accepted(OK), world.accepted(OK)];
    world.now = world.now + Millis(1);
    world.brief(1, 10, |_| {});
    assert!(matches!(world.trigger(OK), Admission::Rejected { .. }));
    for id in calls {
        assert_eq!(world.run_to_end(id).status, CallStatus::Completed);
    }
    world.accepted(OK);
}

#[test]
fn an_older_brief_and_another_trunks_change_nothing() {
    let mut world = World::new(10, 10);
    world.brief(1, 1, |brief| brief.version = 1);
    assert!(matches!(world.trigger(OK), Admission::Accepted { quota, .. } if quota.channels == 10));
    let other = audatec::domain::ids::TrunkId::from_entropy([8; 16]);
    let brief = |world: &mut World, id| {
        let mut brief = world.known_brief();
        brief.config.id = id;
        world.ask(TrunkCommand::Brief(Box::new(brief)))
    };
    assert_eq!(brief(&mut world, other), TrunkReply::TagTaken);
}

#[test]
fn a_trunk_with_live_calls_is_not_retired_and_a_retired_one_takes_none() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    assert_eq!(world.ask(TrunkCommand::Retire), TrunkReply::HasLiveCalls);
    world.run_to_end(id);
    assert_eq!(world.ask(TrunkCommand::Retire), TrunkReply::Done);
    world.crash();
    let admit = TrunkCommand::Admit(Box::new(World::trigger_of(OK)));
    assert_eq!(world.ask(admit), TrunkReply::Refused(Denial::TrunkInactive));
}

#[test]
fn cancel_ends_a_call_by_where_it_is_and_comes_too_late_after_its_end() {
    let ended = |stage: u32| {
        let mut world = World::new(10, 10);
        let id = world.accepted(OK);
        if stage > 0 {
            world.dispatch();
            world.now = world.now + Millis(u64::from(stage - 1) * 1_500);
        }
        let TrunkReply::Call(call) = world.ask(TrunkCommand::Cancel(reader(), id)) else {
            panic!("stage {stage}")
        };
        assert_eq!(
            call.failure.map(|failure| failure.code),
            Some(FailureCode::Canceled)
        );
        let again = world.ask(TrunkCommand::Cancel(reader(), id));
        assert_eq!(again, TrunkReply::Refused(Denial::CallAlreadyTerminal));
        assert_eq!(
            world.ask(TrunkCommand::Claim(vec![id])),
            TrunkReply::Orders(vec![])
        );
        call.status
    };
    assert_eq!(ended(0), CallStatus::TriggerFailed);
    assert_eq!(ended(1), CallStatus::SipCallFailed);
    assert_eq!(ended(2), CallStatus::Completed);
}

fn queue(world: &mut World, max_wait: Millis) -> CallId {
    world.queued(OK, max_wait)
}

#[test]
fn a_waiting_line_is_served_first_come_first_served_and_nobody_overtakes_it() {
    let mut world = World::new(1, 10);
    let first = world.accepted(OK);
    let hour = Millis::from_secs(3_600);
    let waiting = [queue(&mut world, hour), queue(&mut world, hour)];
    let TrunkReply::Live(live, in_line, _) = world.ask(TrunkCommand::Live(reader())) else {
        panic!()
    };
    assert_eq!((live.len(), in_line), (1, 2));
    world.crash();
    world.run_to_end(first);
    assert!(
        matches!(world.trigger(OK), Admission::Rejected { .. }),
        "the line goes first"
    );
    let mut dialed = Vec::new();
    for id in waiting {
        dialed.push((world.run_to_end(id).dialed_at, id));
    }
    assert!(dialed.is_sorted());
    assert!(
        world
            .call(waiting[1])
            .timeline()
            .iter()
            .any(|entry| entry.event == "queued")
    );
}

#[test]
fn who_waits_too_long_is_rejected_and_told_and_a_cancelled_one_leaves_the_line() {
    let mut world = World::new(1, 10);
    world.accepted("+15005550006");
    world.dispatch();
    let impatient = queue(&mut world, Millis::from_secs(2));
    let cancelled = queue(&mut world, Millis::from_secs(60));
    let TrunkReply::Call(call) = world.ask(TrunkCommand::Cancel(reader(), cancelled)) else {
        panic!()
    };
    assert_eq!(call.status, CallStatus::TriggerFailed);
    while world.ring(START + Millis::from_secs(2)) {}
    let call = world.call(impatient);
    assert_eq!(call.status, CallStatus::RejectedCapacity);
    assert_eq!(
        call.failure.map(|failure| failure.code),
        Some(FailureCode::ChannelsExhausted)
    );
    assert_eq!(call.ended_at, Some(START + Millis::from_secs(2)));
    assert!(
        world
            .sent
            .callbacks
            .iter()
            .any(|message| message.body.contains("call.rejected"))
    );
}

#[test]
fn an_inactive_trunk_holds_its_line_and_a_revoked_keys_call_leaves_it_undialed() {
    let mut world = World::new(1, 10);
    let first = world.accepted(OK);
    let waiting = queue(&mut world, Millis::from_secs(600));
    world.dispatch();
    world.now = world.now + Millis(1);
    world.brief(1, 10, |brief| brief.config.status = Status::Inactive);
    world.run_to_end(first);
    assert!(
        world.sent.dial.is_empty(),
        "nothing is dialed on an inactive trunk"
    );
    world.now = world.now + Millis(1);
    world.brief(1, 10, |brief| brief.revoked_keys.push(api_key()));
    let row = world.rows.all().into_iter().find(|call| call.id == waiting);
    let row = row.map(|call| (call.status, call.dialed_at));
    assert_eq!(row, Some((CallStatus::TriggerFailed, None)));
}

#[test]
fn a_line_that_waits_for_the_rate_is_dialed_within_it() {
    let mut world = World::new(100, 2);
    world.accepted(OK);
    world.accepted(OK);
    let waiting: Vec<CallId> = (0..4)
        .map(|_| queue(&mut world, Millis::from_secs(60)))
        .collect();
    let mut dials: Vec<Millis> = world.dispatch().iter().map(|_| START).collect();
    while world.ring(START + Millis::from_secs(4)) {
        let now = world.now;
        dials.extend(world.dispatch().iter().map(|_| now));
    }
    assert_eq!(dials.len(), 6);
    assert!(
        dials
            .windows(3)
            .all(|window| window[2] - window[0] >= Millis(1_000)),
        "{dials:?}"
    );
    assert!(
        waiting
            .iter()
            .all(|id| world.call(*id).dialed_at <= Some(START + Millis(2_000)))
    );
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
    world.now = world.now + Millis::from_secs(86_400);
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
    let foresee = TrunkCommand::Foresee(Box::new(trigger));
    assert!(matches!(
        world.ask(foresee.clone()),
        TrunkReply::Verdict(Verdict::Refuse { .. })
    ));
    world.run_to_end(first);
    assert_eq!(world.ask(foresee), TrunkReply::Verdict(Verdict::Go));
    assert_eq!(world.rows.all().len(), rows);
    assert!(matches!(
        world.ask(admit),
        TrunkReply::Admission(Admission::Accepted { .. })
    ));
}

#[test]
fn another_organisation_finds_nothing() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    let stranger = audatec::app::trunk::Reader {
        org: audatec::domain::ids::OrgId::from_entropy([9; 16]),
        ..reader()
    };
    assert_ne!(stranger.org, org());
    assert_eq!(
        world.ask(TrunkCommand::Read(stranger, id)),
        TrunkReply::Missing
    );
    assert_eq!(
        world.ask(TrunkCommand::Cancel(stranger, id)),
        TrunkReply::Missing
    );
    let filter = CallFilter {
        limit: 10,
        examine: EXAMINED,
        ..CallFilter::default()
    };
    assert_eq!(
        world.ask(TrunkCommand::List(stranger, filter)),
        TrunkReply::Calls(vec![], None)
    );
}

#[test]
fn a_page_shows_open_and_closed_calls_newest_first() {
    let mut world = World::new(10, 10);
    let ids: Vec<CallId> = (0..4).map(|_| world.accepted(OK)).collect();
    world.run_to_end(ids[1]);
    deliver(&mut world, 200);
    let fresh = world.accepted("+15005550001");
    let page = |world: &mut World, filter| match world.ask(TrunkCommand::List(reader(), filter)) {
        TrunkReply::Calls(calls, None) => calls.into_iter().map(|call| call.id).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let filter = CallFilter {
        limit: 10,
        examine: EXAMINED,
        ..CallFilter::default()
    };
    assert_eq!(
        page(&mut world, filter.clone()),
        [fresh, ids[3], ids[2], ids[1], ids[0]]
    );
    let before = CallFilter {
        before: Some(ids[2]),
        limit: 1,
        ..filter.clone()
    };
    assert_eq!(page(&mut world, before), [ids[1]]);
    let initiating = CallFilter {
        status: vec![CallStatus::Initiating],
        ..filter
    };
    assert_eq!(page(&mut world, initiating), [fresh]);
}

/// How long an object takes over this many calls that are due at the same moment, as after a long sleep.
#[allow(
    clippy::disallowed_methods,
    reason = "what is measured is this machine's time, not the trunk's"
)]
fn time_of_many_due(calls: u32) -> std::time::Duration {
    let mut world = World::new(calls, calls);
    for _ in 0..calls {
        world.accepted(OK);
    }
    assert_eq!(world.dispatch().len(), calls as usize);
    world.now = world.now + Millis(60_000);
    let started = std::time::Instant::now();
    world.ask(TrunkCommand::Tick);
    let took = started.elapsed();
    let holders = world.rows.all();
    let holders = holders.iter().filter(|call| call.holds_channel());
    assert_eq!(holders.count(), 0);
    took
}

#[test]
fn eight_times_the_calls_that_are_due_at_once_take_nowhere_near_the_square_of_it() {
    // 64 times would be the square. A busy machine only ever makes it longer: the shortest of many counts.
    let (mut few, mut many) = (time_of_many_due(250), time_of_many_due(2_000));
    for round in 0..50 {
        few = few.min(time_of_many_due(250));
        many = many.min(time_of_many_due(2_000));
        if round >= 2 && many < few * 32 {
            break;
        }
    }
    println!("250 calls due at once: {few:?}; 2,000: {many:?}");
    assert!(many < few * 32, "{few:?} against {many:?}");
}

/// The pages of a list over several trunks, as the edge asks for them: each a call's id, newest first.
fn pages(worlds: &mut [World], filter: &CallFilter) -> Vec<Vec<CallId>> {
    let mut pages = Vec::new();
    let mut filter = filter.clone();
    loop {
        let ask = |world: &mut World| match world.ask(TrunkCommand::List(reader(), filter.clone()))
        {
            TrunkReply::Calls(calls, until) => Found { calls, until },
            other => unreachable!("{other:?}"),
        };
        let found = Found::merge(worlds.iter_mut().map(ask).collect(), filter.limit);
        let page: Vec<CallId> = found.calls.iter().map(|call| call.id).collect();
        let is_full = page.len() == filter.limit;
        let next = page.last().copied().filter(|_| is_full).or(found.until);
        pages.push(page);
        if next.is_none() {
            return pages;
        }
        filter.before = next;
    }
}

#[test]
fn pages_that_end_early_go_on_where_they_stopped_and_find_each_match_once() {
    const RARE: &str = "+15005550001";
    let mut worlds = [World::new(100, 1000), World::new(100, 1000)];
    let mut rare = Vec::new();
    for at in 0..40 {
        // Two trunks in turns, one of them with longer stretches; the last calls are open still.
        let which = usize::from(at % 7 < 3);
        let number = if at % 11 == 5 || at > 36 { RARE } else { OK };
        let world = &mut worlds[which];
        world.now = START + Millis(at * 60_000);
        let id = world.accepted(number);
        if at < 38 {
            world.run_to_end(id);
            deliver(world, 200);
        }
        if number == RARE {
            rare.insert(0, id);
        }
    }
    assert!(rare.len() > 5);
    for (examine, limit) in (1..45).flat_map(|examine| (1..4).map(move |limit| (examine, limit))) {
        let filter = CallFilter {
            phone: E164::parse(RARE),
            limit,
            examine,
            ..CallFilter::default()
        };
        let pages = pages(&mut worlds, &filter);
        assert_eq!(pages.concat(), rare, "{examine} rows a page of {limit}");
        assert!(
            pages.len() <= 40 / examine + rare.len() / limit + 3,
            "{examine}, {limit}: {pages:?}"
        );
    }
}

#[test]
fn a_callback_goes_on_until_it_is_delivered_and_a_crash_sends_the_attempt_again() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    let first = world.sent.callbacks.clone();
    deliver(&mut world, 500);
    world.ring(Millis::MAX);
    let second = world.sent.callbacks.clone();
    assert_eq!(
        (second[0].attempt, &second[0].body, second[0].delivery),
        (2, &first[0].body, first[0].delivery)
    );
    world.sent.callbacks.clear();
    world.crash();
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.sent.callbacks, second, "nothing is only in the queue");
    deliver(&mut world, 204);
    let callback = world.call(id).callback.expect("a callback");
    assert_eq!(
        (callback.status, callback.attempts.len()),
        (DeliveryStatus::Delivered, 2)
    );
    assert_eq!(
        world.next_due(),
        None,
        "an idle trunk has nothing to wake for"
    );
}

#[test]
fn of_the_copies_of_a_callbacks_message_one_is_sent_and_by_the_secrets_of_that_moment() {
    let mut world = World::new(10, 10);
    let secrets = |seed| WebhookSecrets::first(WebhookSecret::from_entropy([seed; 32]), START);
    world.brief(10, 10, |brief| brief.secrets = Some(secrets(1)));
    let id = world.accepted(OK);
    world.run_to_end(id);
    let message = world.sent.callbacks[0].clone();
    let begin = |world: &mut World, attempt: u32| {
        let delivery = message.delivery;
        world.ask(TrunkCommand::Begin {
            delivery,
            attempt,
            wants_message: false,
        })
    };
    // Rotated while the message travelled.
    world.brief(10, 10, |brief| brief.secrets = Some(secrets(2)));
    let signed = TrunkReply::Begun(Some(Box::new(secrets(2))));
    assert_eq!(begin(&mut world, 1), signed);
    assert_eq!(begin(&mut world, 1), TrunkReply::Missing, "the other copy");
    assert_eq!(begin(&mut world, 2), TrunkReply::Missing, "not due");
    deliver(&mut world, 500);
    assert_eq!(begin(&mut world, 1), TrunkReply::Missing, "it was made");
    world.ring(Millis::MAX);
    // One that is about to be deleted is told of no rotation: the directory is asked.
    world.brief(10, 10, |brief| brief.retired_until = Some(Millis::MAX));
    assert_eq!(begin(&mut world, 2), TrunkReply::Begun(None));
}

#[test]
fn an_endpoint_that_never_answers_is_exhausted_and_can_be_sent_to_by_hand_long_after() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    while world.next_due().is_some() {
        deliver(&mut world, 500);
        world.ring(Millis::MAX);
        if world.now > START + Millis(1_000_000) {
            world.crash();
            world.ask(TrunkCommand::Tick);
        }
    }
    let callback = world.call(id).callback.expect("a callback");
    assert_eq!(
        (callback.status, callback.attempts.len()),
        (DeliveryStatus::Exhausted, 10)
    );
    world.sent.callbacks.clear();
    world.ask(TrunkCommand::Redeliver(reader(), id));
    assert_eq!(world.sent.callbacks.len(), 1);
    world.crash();
    world.ask(TrunkCommand::Tick);
    deliver(&mut world, 200);
    assert_eq!(
        world.call(id).callback.map(|callback| callback.status),
        Some(DeliveryStatus::Delivered)
    );
}

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
fn a_failed_write_is_an_answer_and_the_rows_decide_what_happened() {
    for (fail, calls) in [(Fail::Before, 0), (Fail::After, 1)] {
        let mut world = World::new(1, 10);
        world.rows.fail.set(Some(fail));
        assert!(
            world
                .try_ask(TrunkCommand::Admit(Box::new(World::trigger_of(OK))))
                .is_err()
        );
        assert_eq!(world.rows.all().len(), calls);
        world.ask(TrunkCommand::Tick);
        assert_eq!(world.sent.dial.len(), calls, "what was written is dialed");
    }
}

#[test]
fn a_call_that_was_open_when_the_object_stopped_ends_however_long_it_was_down() {
    let mut world = World::new(2, 10);
    let id = world.accepted(OK);
    world.crash();
    world.now = world.now + Millis::from_secs(3 * 3_600);
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.call(id).status, CallStatus::TriggerFailed);
    assert_eq!(world.sent.callbacks.len(), 1, "and its callback is due");
}

#[test]
fn a_call_is_not_claimed_after_its_time_though_its_message_is_quicker_than_its_watchdog() {
    let mut world = World::new(2, 10);
    let id = world.accepted(OK);
    world.now = world.now + DISPATCH_DEADLINE;
    let claim = TrunkCommand::Claim(vec![id]);
    assert_eq!(world.ask(claim), TrunkReply::Orders(vec![]));
    assert_eq!(world.call(id).status, CallStatus::TriggerFailed);
}

#[test]
fn a_call_that_is_over_frees_its_channel_though_the_alarm_is_late() {
    let mut world = World::new(1, 10);
    world.accepted(OK);
    world.dispatch();
    world.now = world.now + world.settings.sim_ring + world.settings.sim_talk;
    world.accepted(OK);
}

#[test]
fn a_pending_callback_that_is_sent_again_by_hand_is_not_due_twice() {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    deliver(&mut world, 500);
    world.ask(TrunkCommand::Redeliver(reader(), id));
    deliver(&mut world, 200);
    world.now = world.now + Millis::from_secs(60);
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.next_due(), None);
}

#[test]
fn a_call_whose_wait_ran_out_while_the_object_slept_is_not_dialed() {
    let mut world = World::new(1, 10);
    let first = world.accepted(OK);
    let waiting = queue(&mut world, Millis::from_secs(5));
    world.dispatch();
    world.now = world.now + Millis::from_secs(60);
    world.ask(TrunkCommand::Tick);
    assert!(world.call(first).status.is_terminal());
    let call = world.call(waiting);
    assert_eq!(call.status, CallStatus::RejectedCapacity);
    assert_eq!(call.dialed_at, None);
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
    world.rows.fail.set(Some(Fail::Before));
    assert!(world.try_ask(admit.clone()).is_err());
    let TrunkReply::Admission(Admission::Accepted { call, .. }) = world.ask(admit) else {
        panic!("not accepted anew")
    };
    assert_eq!(world.call(call).status, CallStatus::Initiating);
}

#[test]
fn a_trunk_whose_deletion_nobody_confirmed_takes_calls_again() {
    let mut world = World::new(1, 10);
    assert_eq!(world.ask(TrunkCommand::Retire), TrunkReply::Done);
    let admit = TrunkCommand::Admit(Box::new(World::trigger_of(OK)));
    assert_eq!(world.ask(admit), TrunkReply::Refused(Denial::TrunkInactive));
    world.now = world.now + Millis::from_secs(600);
    world.accepted(OK);
}

#[test]
fn after_a_restart_the_dial_of_one_that_stood_in_line_counts_though_it_is_over() {
    let mut world = World::new(1, 1);
    let busy = world.accepted("+15005550006");
    world.dispatch();
    let wait = Millis::from_secs(3_000);
    let waiting = world.queued("+15005550004", wait);
    world.now = world.now + Millis::from_secs(300);
    world.ask(TrunkCommand::Cancel(reader(), busy));
    assert_eq!(world.dispatch(), [waiting]);
    assert!(world.call(waiting).status.is_terminal());
    deliver(&mut world, 200);
    world.crash();
    let next = world.accepted(OK);
    assert_eq!(
        world.ask(TrunkCommand::Claim(vec![next])),
        TrunkReply::Orders(vec![])
    );
}

#[derive(Clone, Debug)]
enum Chaos {
    Trigger(usize),
    Queue(u64),
    Dispatch,
    LoseMessages,
    Inquire,
    Deliver(u16),
    Crash,
    FailWrite(bool),
    Wait(u64),
    Ring,
    Cancel(usize),
    RepeatEvents(usize),
}

fn chaos() -> impl Strategy<Value = Chaos> {
    prop_oneof![
        4 => (0usize..10).prop_map(Chaos::Trigger),
        1 => (1u64..100).prop_map(Chaos::Queue),
        4 => Just(Chaos::Dispatch),
        1 => Just(Chaos::LoseMessages),
        2 => Just(Chaos::Inquire),
        2 => prop_oneof![Just(200u16), Just(500), Just(410)].prop_map(Chaos::Deliver),
        1 => Just(Chaos::Crash),
        1 => any::<bool>().prop_map(Chaos::FailWrite),
        3 => (0u64..3_000).prop_map(Chaos::Wait),
        3 => Just(Chaos::Ring),
        1 => any::<usize>().prop_map(Chaos::Cancel),
        1 => any::<usize>().prop_map(Chaos::RepeatEvents),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The invariants, under any order of losses, repeats, crashes and failed writes.
    #[test]
    fn whatever_happens_limits_hold_no_call_is_dialed_twice_and_every_call_ends(steps in proptest::collection::vec(chaos(), 1..120)) {
        let mut world = World::new(4, 3);
        let mut queued = Vec::new();
        let (mut accepted, mut dials, mut finals) = (Vec::new(), Vec::new(), std::collections::BTreeMap::new());
        for step in steps {
            match step {
                Chaos::Trigger(n) => {
                    let request = World::trigger_of(TEST_NUMBERS[n].number);
                    if let Ok(TrunkReply::Admission(Admission::Accepted { call, .. })) = world.try_ask(TrunkCommand::Admit(Box::new(request))) {
                        accepted.push((call, world.now));
                    }
                }
                Chaos::Queue(secs) => {
                    let wish = OnCapacity::Queue { max_wait: Millis::from_secs(secs) };
                    let trigger = Trigger { wish, ..World::trigger_of(OK) };
                    if let Ok(TrunkReply::Admission(Admission::Accepted { call, .. } | Admission::Queued { call, .. })) = world.try_ask(TrunkCommand::Admit(Box::new(trigger))) {
 queued.push(call);
 }
                }
                Chaos::Dispatch => {
                    world.rows.fail.set(None);
                    let now = world.now;
                    dials.extend(world.dispatch().into_iter().map(|call| (call, now)));
                }
                Chaos::LoseMessages => world.sent = Default::default(),
                Chaos::Inquire => { world.rows.fail.set(None); world.inquire(); }
                Chaos::Deliver(status) => { world.rows.fail.set(None); deliver(&mut world, status); }
                Chaos::Crash => world.crash(),
                Chaos::FailWrite(before) => world.rows.fail.set(Some(if before { Fail::Before } else { Fail::After })),
                Chaos::Wait(ms) => world.now = world.now + Millis(ms),
                Chaos::Ring => { world.rows.fail.set(None); world.ring(Millis::MAX); }
                Chaos::Cancel(n) => if let Some((call, _)) = accepted.get(n % accepted.len().max(1)) {
                    let _ = world.try_ask(TrunkCommand::Cancel(reader(), *call));
                },
                Chaos::RepeatEvents(n) => if let Some((call, _)) = accepted.get(n % accepted.len().max(1)) {
                    let events = [CarrierEvent::HungUp(None), CarrierEvent::Ringing, CarrierEvent::Answered];
                    let events = events.map(|event| Timed { at: world.now, event }).to_vec();
                    let _ = world.try_ask(TrunkCommand::Carrier(vec![(*call, events)]));
                },
            }
            world.rows.fail.set(None);
            let TrunkReply::Live(live, ..) = world.ask(TrunkCommand::Live(reader())) else { panic!() };
            prop_assert!(live.len() <= 4);
            for call in world.rows.all() {
                if call.status.is_terminal() {
                    let known = (call.status, call.ended_at, call.outcome.clone(), call.callback.as_ref().map(|c| c.id));
                    let first = finals.entry(call.id).or_insert_with(|| known.clone());
                    prop_assert_eq!(&*first, &known, "a terminal state is final");
                }
            }
        }
        // From here on everything works: all comes to its end.
        while world.next_due().is_some() {
            let now = world.now;
            dials.extend(world.dispatch().into_iter().map(|call| (call, now)));
            world.inquire();
            deliver(&mut world, 200);
            world.ring(Millis::MAX);
        }
        let mut once: Vec<CallId> = dials.iter().map(|(call, _)| *call).collect();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), dials.len(), "dialed at most once");
        for times in [dials.iter().map(|(_, at)| *at).collect::<Vec<_>>(), accepted.iter().map(|(_, at)| *at).collect()] {
            prop_assert!(times.windows(4).all(|window| window[3] - window[0] >= Millis(1000)), "max_cps: {:?}", times);
        }
        for id in accepted.iter().map(|(id, _)| id).chain(&queued) {
            let call = world.call(*id);
            prop_assert!(call.status.is_terminal(), "{:?}", call.status);
            let callback = call.callback.expect("a callback");
            prop_assert!(callback.status != DeliveryStatus::Pending);
        }
    }
}

#[test]
fn old_calls_leave_in_batches_once_the_archive_has_them_and_open_ones_stay() {
    let mut world = World::new(1_000, 1_000);
    let old: Vec<_> = (0..250).map(|_| world.accepted(OK)).collect();
    for id in &old {
        world.run_to_end(*id);
    }
    deliver(&mut world, 200);
    world.now = world.now + world.settings.retention;
    let young = world.accepted(OK);
    world.ask(TrunkCommand::Tick);
    let mut archived = Vec::new();
    while let Some(batch) =
        Some(std::mem::take(&mut world.sent.expired)).filter(|batch| !batch.is_empty())
    {
        assert!(batch.len() <= 100);
        // Not before the archive has them.
        assert!(
            batch
                .iter()
                .all(|call| world.rows.all().iter().any(|row| row.id == call.id))
        );
        let ids: Vec<_> = batch.iter().map(|call| call.id).collect();
        archived.extend(ids.iter().copied());
        world.ask(TrunkCommand::Forget(ids));
    }
    assert!(archived == old, "{} of {} left", archived.len(), old.len());
    let left: Vec<_> = world.rows.all().iter().map(|call| call.id).collect();
    assert_eq!(left, [young]);
}

#[test]
fn a_batch_that_the_archive_did_not_take_is_offered_again() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    deliver(&mut world, 200);
    world.now = world.now + world.settings.retention + Millis(1);
    world.ask(TrunkCommand::Tick);
    let offered = std::mem::take(&mut world.sent.expired);
    assert_eq!(offered.len(), 1);
    assert!(world.ring(world.now + Millis::from_secs(60)));
    assert_eq!(world.sent.expired, offered);
}

/// Lets all leave that may, as the archive takes each batch.
fn let_go(world: &mut World) -> Vec<CallId> {
    let mut gone = Vec::new();
    world.ask(TrunkCommand::Tick);
    for _ in 0..100 {
        let batch = std::mem::take(&mut world.sent.expired);
        if batch.is_empty() {
            break;
        }
        let ids: Vec<CallId> = batch.iter().map(|call| call.id).collect();
        gone.extend(ids.iter().copied());
        world.ask(TrunkCommand::Forget(ids));
    }
    gone
}

#[test]
fn a_refused_call_leaves_after_a_day_and_others_when_they_are_old() {
    let mut world = World::new(1, 10);
    let placed = world.accepted(OK);
    let Admission::Rejected { call: refused, .. } = world.trigger(OK) else {
        panic!("one channel")
    };
    world.run_to_end(placed);
    deliver(&mut world, 200);
    deliver(&mut world, 200);
    world.now = world.now + Millis::from_secs(23 * 3_600);
    assert_eq!(let_go(&mut world), []);

    world.now = world.now + Millis::from_secs(3_600);
    assert_eq!(let_go(&mut world), [refused]);

    world.now = world.now + world.settings.retention;
    assert_eq!(let_go(&mut world), [placed]);
}

#[test]
fn where_little_room_is_left_refused_calls_leave_first_and_then_the_oldest_whatever_their_age() {
    let mut world = World::new(1, 10);
    let placed = world.accepted(OK);
    let Admission::Rejected { call: refused, .. } = world.trigger(OK) else {
        panic!("one channel")
    };
    world.run_to_end(placed);
    deliver(&mut world, 200);
    deliver(&mut world, 200);
    world.rows.used.set(world.settings.storage_limit / 100 * 69);
    world.now = world.now + Millis::from_secs(3_600);
    assert_eq!(let_go(&mut world), []);

    world.rows.used.set(world.settings.storage_limit / 100 * 70);
    world.now = world.now + Millis::from_secs(3_600);
    assert_eq!(let_go(&mut world), [refused, placed]);
    let storage = world.ask(TrunkCommand::Storage(reader()));
    assert!(matches!(storage, TrunkReply::Storage { oldest: None, .. }));
}

#[test]
fn a_callback_that_no_queue_holds_is_asked_for_by_its_sender() {
    let mut world = World::new(1, 10);
    let mut trigger = World::trigger_of(OK);
    let long = "\"".repeat(16_000);
    trigger.request.metadata = serde_json::json!({"customer_name": "Rahul", "note": long})
        .as_object()
        .cloned();
    let outcome = serde_json::json!({"disposition": "interested", "summary": "\\".repeat(60_000)});
    let reply = world.ask(TrunkCommand::Admit(Box::new(trigger)));
    let TrunkReply::Admission(Admission::Accepted { call, .. }) = reply else {
        panic!("{reply:?}")
    };
    world.dispatch();
    let talks = [CarrierEvent::Ringing, CarrierEvent::Answered];
    let talks = talks.map(|event| Timed {
        at: world.now,
        event,
    });
    world.ask(TrunkCommand::Carrier(vec![(call, talks.to_vec())]));
    let ends = Timed {
        at: world.now,
        event: CarrierEvent::HungUp(Some(outcome)),
    };
    world.ask(TrunkCommand::Carrier(vec![(call, vec![ends])]));
    let message = world.sent.callbacks.pop().expect("a callback");
    let sent = message.for_queue().expect("JSON");
    assert!(sent.len() < 128_000 && message.body.len() > 100_000);
    let sent: audatec::app::messages::CallbackMessage =
        audatec::app::json::read(&sent).expect("a message");
    assert_eq!(sent.body, "");

    let reply = world.ask(TrunkCommand::Begin {
        delivery: sent.delivery,
        attempt: sent.attempt,
        wants_message: true,
    });
    let TrunkReply::NextAttempt(whole, _) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(whole.body, message.body);
}
