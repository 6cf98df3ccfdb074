//! The life of a call, from its first ring to its report.

use super::*;

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
    world.now = began + world.settings.sim_ring + world.settings.stalled_after + Span(1);
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
fn an_answered_call_waits_for_its_report_without_a_channel_and_then_is_final() {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    world.ask(TrunkCommand::Claim(vec![id]));
    let event = |at: u64, event| Timed {
        at: START + Span(at),
        event,
    };
    world.now = START + Span(9_000);
    let events = vec![
        event(1_000, CarrierEvent::Answered),
        event(8_999, CarrierEvent::HungUp(None)),
    ];
    world.ask(TrunkCommand::CarrierEvents(vec![(id, events)]));
    let call = world.call(id);
    assert_eq!(
        (call.status, call.ended_at),
        (CallStatus::Answered, Some(START + Span(8_999)))
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
    world.ask(TrunkCommand::CarrierEvents(vec![(id, events.to_vec())]));
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
    world.ask(TrunkCommand::CarrierEvents(vec![(id, events.to_vec())]));
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
fn cancel_ends_a_call_by_where_it_is_and_comes_too_late_after_its_end() {
    let ended = |stage: u32| {
        let mut world = World::new(10, 10);
        let id = world.accepted(OK);
        if stage > 0 {
            world.dispatch();
            world.now = world.now + Span(u64::from(stage - 1) * 1_500);
        }
        let TrunkReply::Call(call) = world.ask(TrunkCommand::Cancel(reader(), id)) else {
            panic!("stage {stage}")
        };
        assert_eq!(
            call.failure.map(|failure| failure.code),
            Some(FailureCode::Canceled)
        );
        let again = world.ask(TrunkCommand::Cancel(reader(), id));
        assert_eq!(
            again,
            TrunkReply::Refused(TrunkRefusal::CallAlreadyTerminal)
        );
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

#[test]
fn a_call_that_is_over_frees_its_channel_though_the_alarm_is_late() {
    let mut world = World::new(1, 10);
    world.accepted(OK);
    world.dispatch();
    world.now = world.now + world.settings.sim_ring + world.settings.sim_talk;
    world.accepted(OK);
}
