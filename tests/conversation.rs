//! A conversation on virtual time: how it ends, and when, what its agent reports, and what happens to agents that break off.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects"
)]

#[path = "support/golden.rs"]
mod golden;
mod support;

use audatec::app::trunk::{Trigger, TrunkCommand, TrunkReply};
use audatec::domain::call::{
    AT_ONCE, BROKEN_OFF_WITHIN, Call, CallStatus, CarrierEvent, Failure, FailureCode,
    InquiryResult, PRESUMED_AFTER, REPORT_GRACE, REPORT_GRACE_AT_ONCE, Report, Timed,
};
use audatec::domain::ids::{AgentId, CallId};
use audatec::domain::sealed::Sealed;
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::{Admission, Brief, Carrier, OnCapacity, Verdict};
use serde_json::{Value, json};
use support::livekit::{NUMBER, claim, livekit_world, row, say, say_at};
use support::{START, World};

fn secs(secs: u64) -> Span {
    Span::from_secs(secs)
}

fn learn(world: &mut World, id: CallId, finding: InquiryResult) {
    world.ask(TrunkCommand::InquiryResults(vec![(id, finding)]));
}

fn vanished(world: &mut World, id: CallId) {
    let at = world.now;
    let event = CarrierEvent::Vanished;
    learn(
        world,
        id,
        InquiryResult::Happened(vec![Timed { at, event }]),
    );
}

/// An answered call of which LiveKit announces what happens, or is to.
fn answered(world: &mut World, announced: bool) -> CallId {
    let id = world.accepted(NUMBER);
    claim(world, id);
    if announced {
        say(world, id, &[CarrierEvent::Announced]);
    }
    say(world, id, &[CarrierEvent::Ringing, CarrierEvent::Answered]);
    id
}

fn report(world: &mut World, call: CallId, report: Report) {
    let transcript = None;
    let report = TrunkCommand::Report {
        call,
        report,
        transcript,
    };
    assert_eq!(world.ask(report), TrunkReply::Done);
}

fn with_outcome() -> Report {
    Report {
        outcome: Some(json!({"disposition": "interested"})),
        ..Report::default()
    }
}

fn broke_off() -> Report {
    Report {
        failure: Some("the LLM answered 401".into()),
        ..Report::default()
    }
}

fn after(world: &mut World, time: Span) {
    world.now = world.now + time;
    world.ask(TrunkCommand::Tick);
}

fn is_looked_at(world: &mut World, id: CallId) -> bool {
    std::mem::take(&mut world.sent.inquire).contains(&id)
}

fn code(call: &Call) -> Option<FailureCode> {
    call.failure.map(|failure| failure.code)
}

fn unknown() -> Value {
    json!({"disposition": "unknown", "summary": null, "sentiment": null})
}

#[test]
fn when_an_agent_leaves_the_carrier_is_asked_at_once_and_until_it_says() {
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    after(&mut world, secs(10));
    assert!(!is_looked_at(&mut world, id));
    say(&mut world, id, &[CarrierEvent::AgentLeft]);
    assert!(is_looked_at(&mut world, id), "at once");
    // No answer came: nobody waits a minute for the next.
    after(&mut world, secs(2));
    assert!(is_looked_at(&mut world, id), "again");
    // Another agent is there.
    learn(&mut world, id, InquiryResult::StillThere);
    after(&mut world, secs(30));
    assert!(!is_looked_at(&mut world, id));
    after(&mut world, secs(30));
    assert!(is_looked_at(&mut world, id), "as ever");
    // What happened after the call is over is no news.
    say(&mut world, id, &[CarrierEvent::HungUp(None)]);
    say(&mut world, id, &[CarrierEvent::AgentLeft]);
    after(&mut world, secs(20));
    assert!(!is_looked_at(&mut world, id));
    assert_eq!(row(&world, id).failure, None);
}

#[test]
fn an_agent_that_left_before_the_answer_was_known_is_looked_after_with_the_answer() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    say(
        &mut world,
        id,
        &[CarrierEvent::Ringing, CarrierEvent::AgentLeft],
    );
    assert!(is_looked_at(&mut world, id));
    learn(&mut world, id, InquiryResult::StillThere);
    say(&mut world, id, &[CarrierEvent::Answered]);
    assert!(is_looked_at(&mut world, id));
}

#[test]
fn an_answered_call_that_was_deserted_is_the_agents_failure_and_its_room_goes() {
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    after(&mut world, secs(7));
    say(&mut world, id, &[CarrierEvent::Deserted]);
    let call = row(&world, id);
    assert_eq!(
        (call.status, call.duration_secs()),
        (CallStatus::Answered, Some(7))
    );
    assert!(
        world.sent.tear_down.contains(&id),
        "hung up until it is done"
    );
    after(&mut world, REPORT_GRACE);
    let call = row(&world, id);
    assert_eq!(call.status, CallStatus::Completed);
    assert_eq!(code(&call), Some(FailureCode::AgentUnavailable));
    assert_eq!(
        (call.outcome, call.ended_at),
        (Some(unknown()), Some(START + secs(7)))
    );
}

#[test]
fn an_agent_that_reports_an_outcome_had_ended_the_call_before_it_left_or_after() {
    for reports_first in [true, false] {
        let mut world = livekit_world();
        let id = answered(&mut world, true);
        after(&mut world, secs(7));
        if reports_first {
            report(&mut world, id, with_outcome());
        }
        say(&mut world, id, &[CarrierEvent::AgentLeft]);
        say(
            &mut world,
            id,
            &[CarrierEvent::Deserted, CarrierEvent::Released],
        );
        if !reports_first {
            after(&mut world, secs(4));
            report(&mut world, id, with_outcome());
        }
        let call = row(&world, id);
        assert_eq!(call.status, CallStatus::Completed, "{reports_first}");
        assert_eq!(call.failure, None, "{reports_first}");
        assert_eq!(call.outcome, with_outcome().outcome);
        assert_eq!(call.duration_secs(), Some(7));
    }
}

#[test]
fn a_phone_that_nobody_would_talk_at_stops_ringing() {
    for (rings, status) in [
        (true, CallStatus::SipCallFailed),
        (false, CallStatus::TriggerFailed),
    ] {
        let mut world = livekit_world();
        let id = world.accepted(NUMBER);
        claim(&mut world, id);
        if rings {
            say(&mut world, id, &[CarrierEvent::Ringing]);
        }
        say(&mut world, id, &[CarrierEvent::Deserted]);
        let call = row(&world, id);
        assert_eq!(call.status, status);
        assert_eq!(code(&call), Some(FailureCode::AgentUnavailable));
        assert!(world.sent.tear_down.contains(&id));
    }
}

#[test]
fn a_dialer_that_loses_a_conversation_is_named_and_a_late_word_on_the_dial_is_not() {
    for (failure, is_named) in [
        (Failure::of(FailureCode::DialerUnavailable), true),
        (Failure::of(FailureCode::NoAnswer), false),
        (Failure::sip(486), false),
    ] {
        let mut world = livekit_world();
        let id = answered(&mut world, true);
        after(&mut world, secs(5));
        say(&mut world, id, &[CarrierEvent::Failed(failure)]);
        report(&mut world, id, with_outcome());
        let call = row(&world, id);
        assert_eq!(call.status, CallStatus::Completed);
        assert_eq!(call.failure.is_some(), is_named, "{failure:?}");
    }
}

#[test]
fn a_report_of_a_call_that_goes_on_makes_the_platform_look_and_hang_up() {
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    after(&mut world, secs(5));
    report(&mut world, id, with_outcome());
    assert!(is_looked_at(&mut world, id));
    let TrunkReply::Orders(orders) = world.ask(TrunkCommand::InquiryOrders(vec![id])) else {
        panic!("orders")
    };
    assert!(orders[0].is_agent_done, "whoever looks may hang up");
    // A look from before the report says nothing of the time after it.
    learn(&mut world, id, InquiryResult::StillThere);
    assert_eq!(row(&world, id).ended_at, None);
    world.crash();
    after(&mut world, secs(2));
    assert!(is_looked_at(&mut world, id), "across a crash, again");
    say(
        &mut world,
        id,
        &[CarrierEvent::Deserted, CarrierEvent::Released],
    );
    let call = row(&world, id);
    assert_eq!((call.status, call.failure), (CallStatus::Completed, None));
    assert_eq!(call.duration_secs(), Some(7), "until it was hung up");
    assert_eq!(call.outcome, with_outcome().outcome);
}

/// Webhooks lost, the person hung up after two seconds.
#[test]
fn with_the_webhooks_lost_the_agents_report_says_when_it_was_over() {
    // (the report comes so long after the end, with its word on when that was; the look comes so long after the report)
    for (late, says, look) in [
        (300, false, 1_500),
        (300, true, 1_500),
        (8_000, true, 1_500),
        (8_000, true, 0),
        (1_800, false, 60_000),
    ] {
        let mut world = livekit_world();
        let id = answered(&mut world, true);
        after(&mut world, secs(2) + Span(late));
        let ended_ago = says.then_some(Span(late));
        let told = Report {
            ended_ago,
            ..with_outcome()
        };
        report(&mut world, id, told);
        assert!(is_looked_at(&mut world, id));
        // By then its word is taken, should LiveKit say nothing.
        after(&mut world, Span(look).min(REPORT_GRACE));
        vanished(&mut world, id);
        let call = row(&world, id);
        let error = (call.ended_at.expect("an end") - START).0.abs_diff(2_000);
        assert!(error < 2_000, "{late} {says} {look}: {error} ms");
        assert_eq!((call.status, call.failure), (CallStatus::Completed, None));
        let report_at = START + secs(2) + Span(late);
        let told_after = call
            .callback
            .expect("a callback")
            .next_attempt_at
            .map_or(Span(0), |at| at - report_at);
        assert!(told_after <= REPORT_GRACE, "the callback is as early");
    }
}

/// The webhook of the answer is the last to come: what was heard meanwhile makes nothing later than it was.
#[test]
fn a_report_that_came_before_the_answer_was_known_shortens_no_conversation() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    after(&mut world, secs(1));
    say(&mut world, id, &[CarrierEvent::Ringing]);
    let answered_at = world.now + secs(2);
    // The person talks for three seconds; the agent's word comes two seconds later.
    after(&mut world, secs(2 + 3 + 2));
    let told = Report {
        ended_ago: Some(secs(2)),
        ..with_outcome()
    };
    report(&mut world, id, told);
    after(&mut world, secs(1));
    say_at(&mut world, id, answered_at, &[CarrierEvent::Answered]);
    vanished(&mut world, id);
    let call = row(&world, id);
    assert_eq!(call.answered_at, Some(answered_at));
    assert_eq!(
        (call.status, call.duration_secs()),
        (CallStatus::Completed, Some(3))
    );
}

/// A look found the room gone while the phone rang, as far as was known: it had been answered, and that word comes last.
#[test]
fn an_answer_that_is_known_only_after_its_room_was_gone_ended_with_the_room() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    after(&mut world, secs(1));
    say(&mut world, id, &[CarrierEvent::Ringing]);
    let answered_at = world.now + secs(2);
    after(&mut world, secs(2 + 4));
    let gone_at = world.now;
    let presumed = Timed {
        at: gone_at + PRESUMED_AFTER,
        event: CarrierEvent::HungUp(None),
    };
    learn(&mut world, id, InquiryResult::Happened(vec![presumed]));
    after(&mut world, secs(1));
    say_at(&mut world, id, answered_at, &[CarrierEvent::Answered]);
    after(&mut world, secs(30));
    let call = row(&world, id);
    assert_eq!(call.ended_at, Some(gone_at));
    assert_eq!(
        (call.status, call.duration_secs()),
        (CallStatus::Completed, Some(4))
    );
}

#[test]
fn a_report_that_knows_better_than_the_look_that_found_the_end_corrects_it_until_that_is_final() {
    let mut world = livekit_world();
    let id = answered(&mut world, false);
    after(&mut world, secs(9));
    vanished(&mut world, id);
    assert_eq!(row(&world, id).duration_secs(), Some(9));
    after(&mut world, secs(1));
    let told = Report {
        ended_ago: Some(secs(8)),
        ..with_outcome()
    };
    report(&mut world, id, told);
    let call = row(&world, id);
    assert_eq!(
        (call.status, call.duration_secs()),
        (CallStatus::Completed, Some(2))
    );
    let more = Report {
        ended_ago: Some(secs(9)),
        ..with_outcome()
    };
    report(&mut world, id, more);
    assert_eq!(row(&world, id), call);
}

#[test]
fn an_agents_word_on_the_end_is_not_believed_against_the_carriers_or_against_what_was_seen() {
    let absurd = || Report {
        ended_ago: Some(secs(3_000)),
        ..with_outcome()
    };
    // The carrier said when.
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    after(&mut world, secs(100));
    say(&mut world, id, &[CarrierEvent::HungUp(None)]);
    report(&mut world, id, absurd());
    assert_eq!(row(&world, id).duration_secs(), Some(100));
    // Somebody saw the person called talk.
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    after(&mut world, secs(60));
    assert!(is_looked_at(&mut world, id));
    learn(&mut world, id, InquiryResult::StillThere);
    after(&mut world, secs(20));
    report(&mut world, id, absurd());
    vanished(&mut world, id);
    assert_eq!(row(&world, id).duration_secs(), Some(60));
    // And never before the answer.
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    after(&mut world, secs(20));
    report(&mut world, id, absurd());
    vanished(&mut world, id);
    assert_eq!(row(&world, id).duration_secs(), Some(0));
}

#[test]
fn a_webhook_that_comes_late_says_when_it_was_whatever_was_heard_since() {
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    after(&mut world, secs(12));
    report(
        &mut world,
        id,
        Report {
            transcript_url: Some("https://a.example/1".into()),
            ..Report::default()
        },
    );
    after(&mut world, secs(1));
    let ended_at = START + secs(4);
    say_at(&mut world, id, ended_at, &[CarrierEvent::HungUp(None)]);
    assert_eq!(row(&world, id).ended_at, Some(ended_at));
    assert!(
        row(&world, id).updated_at >= START + secs(12),
        "but the call changed since"
    );
}

#[test]
fn a_room_that_closed_ends_a_conversation_then_and_says_nothing_of_a_phone_that_rings() {
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    after(&mut world, secs(30));
    say(&mut world, id, &[CarrierEvent::RoomClosed]);
    assert_eq!(row(&world, id).ended_at, Some(world.now));
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    say(
        &mut world,
        id,
        &[CarrierEvent::Ringing, CarrierEvent::RoomClosed],
    );
    assert_eq!(row(&world, id).status, CallStatus::Ringing);
}

#[test]
fn what_nobody_tells_of_is_found_by_the_next_look_and_the_first_looks_come_soon() {
    let mut world = livekit_world();
    let id = answered(&mut world, false);
    let (mut looks, mut last) = (Vec::new(), START);
    while world.now < START + secs(180) {
        after(&mut world, Span(500));
        if is_looked_at(&mut world, id) {
            looks.push((world.now - last).as_secs());
            learn(&mut world, id, InquiryResult::StillThere);
            last = world.now;
        }
    }
    assert_eq!(looks[..2], [2, 2]);
    assert_eq!(looks.last(), Some(&20));
    assert!(looks.is_sorted() && looks.len() < 20, "{looks:?}");
    let hung_up_at = world.now;
    while !is_looked_at(&mut world, id) {
        after(&mut world, Span(500));
    }
    vanished(&mut world, id);
    let ended_at = row(&world, id).ended_at.expect("an end");
    assert!(
        ended_at >= hung_up_at && ended_at <= hung_up_at + secs(20),
        "at most one look above the truth"
    );
}

#[test]
fn after_a_restart_the_carrier_is_asked_about_all_calls_but_not_in_one_step() {
    let mut world = livekit_world();
    let ids: Vec<CallId> = (0..90).map(|_| answered(&mut world, true)).collect();
    world.crash();
    world.sent = Default::default();
    let mut asked = Vec::new();
    for wait in [0, 50] {
        after(&mut world, Span(wait));
        let now = std::mem::take(&mut world.sent.inquire);
        assert!((1..=50).contains(&now.len()), "{} at once", now.len());
        asked.extend(now);
    }
    assert_eq!(asked, ids, "each once, the oldest first");
}

#[test]
fn a_conversation_that_was_found_over_after_a_long_sleep_lasted_no_longer_than_any_can() {
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    world.crash();
    after(&mut world, secs(86_400));
    assert!(row(&world, id).ended_at.expect("an end") < START + secs(3_700));
}

#[test]
fn a_stopped_conversation_keeps_its_agents_outcome_and_waits_no_longer_than_for_any_other() {
    for (stop, why) in [
        ("cancel", FailureCode::Canceled),
        ("watchdog", FailureCode::TimedOut),
    ] {
        let stopped = || {
            let mut world = livekit_world();
            let id = answered(&mut world, true);
            match stop {
                "cancel" => {
                    after(&mut world, secs(20));
                    let reply = world.ask(TrunkCommand::Cancel(support::reader(), id));
                    let TrunkReply::Call(call) = reply else {
                        panic!("{reply:?}")
                    };
                    assert_eq!(
                        (call.status, call.ended_at),
                        (CallStatus::Answered, Some(world.now))
                    );
                }
                _ => {
                    after(&mut world, secs(3_600));
                    assert!(is_looked_at(&mut world, id));
                    learn(&mut world, id, InquiryResult::StillThere);
                }
            }
            assert!(
                world.sent.tear_down.contains(&id),
                "{stop}: hung up at once"
            );
            (world, id)
        };
        let (mut world, id) = stopped();
        let ended_at = row(&world, id).ended_at;
        after(&mut world, secs(6));
        report(&mut world, id, with_outcome());
        let call = row(&world, id);
        assert_eq!(
            (call.status, code(&call)),
            (CallStatus::Completed, Some(why))
        );
        assert_eq!(
            (call.outcome, call.ended_at),
            (with_outcome().outcome, ended_at)
        );
        let (mut world, id) = stopped();
        after(&mut world, REPORT_GRACE);
        let call = row(&world, id);
        assert_eq!(
            (call.status, code(&call)),
            (CallStatus::Completed, Some(why))
        );
        assert_eq!(call.outcome, Some(unknown()));
    }
}

#[test]
fn what_is_cancelled_twice_or_ended_already_is_in_a_terminal_state() {
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    let cancel = || TrunkCommand::Cancel(support::reader(), id);
    assert!(matches!(world.ask(cancel()), TrunkReply::Call(_)));
    assert!(matches!(world.ask(cancel()), TrunkReply::Refused(_)));
}

#[test]
fn answered_and_hung_up_at_once_is_terminal_soon_and_a_report_that_is_quick_still_counts() {
    for (lasted, grace) in [
        (Span(0), REPORT_GRACE_AT_ONCE),
        (AT_ONCE - Span(1), REPORT_GRACE_AT_ONCE),
        (AT_ONCE, REPORT_GRACE),
    ] {
        let mut world = livekit_world();
        let id = answered(&mut world, true);
        after(&mut world, lasted);
        let hung_up = [CarrierEvent::HungUp(None), CarrierEvent::Released];
        say(&mut world, id, &hung_up);
        if lasted == Span(0) {
            let stored = serde_json::to_value(row(&world, id)).expect("JSON");
            golden::check("calls/stored_at_once", &stored);
            assert!(
                serde_json::from_value::<Call>(stored)
                    .expect("readable")
                    .at_once
            );
        }
        after(&mut world, grace - Span(1));
        assert_eq!(row(&world, id).status, CallStatus::Answered);
        after(&mut world, Span(1));
        assert_eq!(row(&world, id).status, CallStatus::Completed, "{lasted:?}");
    }
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    say(&mut world, id, &[CarrierEvent::HungUp(None)]);
    after(&mut world, secs(1));
    report(&mut world, id, with_outcome());
    assert_eq!(row(&world, id).outcome, with_outcome().outcome);
}

#[test]
fn an_agent_that_breaks_off_before_the_phone_rings_ends_the_call_and_later_is_hung_up_for() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    report(&mut world, id, broke_off());
    let call = row(&world, id);
    assert_eq!(
        (call.status, code(&call)),
        (CallStatus::TriggerFailed, Some(FailureCode::AgentFailed))
    );
    assert_eq!(
        say(&mut world, id, &[]),
        TrunkReply::Over(vec![id]),
        "no phone rings"
    );
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    say(&mut world, id, &[CarrierEvent::Ringing]);
    report(&mut world, id, broke_off());
    assert!(is_looked_at(&mut world, id));
    say(&mut world, id, &[CarrierEvent::Deserted]);
    let call = row(&world, id);
    assert_eq!(
        (call.status, code(&call)),
        (CallStatus::SipCallFailed, Some(FailureCode::AgentFailed))
    );
}

#[test]
fn the_agents_word_is_believed_when_the_carrier_cannot_be_asked() {
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    after(&mut world, secs(4));
    report(&mut world, id, with_outcome());
    after(&mut world, REPORT_GRACE - Span(1));
    assert_eq!(row(&world, id).ended_at, None);
    after(&mut world, Span(1));
    let call = row(&world, id);
    assert_eq!(
        (call.status, call.duration_secs()),
        (CallStatus::Completed, Some(4))
    );
    assert!(
        world.sent.tear_down.contains(&id),
        "and it is hung up on until that is done"
    );
}

#[test]
fn the_longest_conversation_is_counted_from_the_answer() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    after(&mut world, secs(40));
    say(
        &mut world,
        id,
        &[
            CarrierEvent::Announced,
            CarrierEvent::Ringing,
            CarrierEvent::Answered,
        ],
    );
    let answered_at = world.now;
    while row(&world, id).ended_at.is_none() {
        after(&mut world, secs(1));
        if is_looked_at(&mut world, id) {
            learn(&mut world, id, InquiryResult::StillThere);
        }
    }
    let call = row(&world, id);
    assert_eq!(call.ended_at, Some(answered_at + world.settings.max_call));
    assert_eq!(code(&call), Some(FailureCode::TimedOut));
}

#[test]
fn what_is_stored_of_an_end_is_pinned() {
    let mut world = livekit_world();
    let id = answered(&mut world, true);
    after(&mut world, secs(5));
    report(&mut world, id, broke_off());
    let stored = serde_json::to_value(row(&world, id)).expect("JSON");
    golden::check("calls/stored_farewell", &stored);
    assert_eq!(
        serde_json::from_value::<Call>(stored)
            .expect("readable")
            .farewell,
        row(&world, id).farewell
    );
    vanished(&mut world, id);
    let stored = serde_json::to_value(row(&world, id)).expect("JSON");
    golden::check("calls/stored_agent_failed", &stored);
    assert!(
        serde_json::from_value::<Call>(stored)
            .expect("readable")
            .found_over
    );
    for _ in 0..3 {
        let id = answered(&mut world, true);
        report(&mut world, id, broke_off());
        say(&mut world, id, &[CarrierEvent::Deserted]);
    }
    let stored = serde_json::to_value(world.known_brief()).expect("JSON");
    golden::check("calls/stored_brief_agents", &stored);
    let read: Brief = serde_json::from_value(stored).expect("readable");
    assert_eq!(read, world.known_brief());
    assert!(!read.agents.is_empty());
}

// Agents that break off.

fn another() -> AgentId {
    AgentId::from_entropy([9; 16])
}

fn ask_for(world: &mut World, agent: AgentId, on_capacity: OnCapacity) -> Admission {
    let mut trigger = Trigger {
        on_capacity,
        ..World::trigger_of(NUMBER)
    };
    trigger.request.agent.id = agent;
    match world.ask(TrunkCommand::Admit(Box::new(trigger))) {
        TrunkReply::Admission(admission) => admission,
        other => panic!("{other:?}"),
    }
}

fn is_down(world: &mut World, agent: AgentId) -> Option<u64> {
    let mut trigger = World::trigger_of(NUMBER);
    trigger.request.agent.id = agent;
    match world.ask(TrunkCommand::DryRun(Box::new(trigger))) {
        TrunkReply::Verdict(Verdict::Down {
            retry_after_secs,
            is_agent,
        }) => {
            assert!(is_agent);
            Some(retry_after_secs)
        }
        TrunkReply::Verdict(_) => None,
        other => panic!("{other:?}"),
    }
}

/// A call that its agent breaks off so long after the answer.
fn broken_off(world: &mut World, lasted: Span) {
    let id = answered(world, true);
    break_off(world, id, lasted);
}

/// No report comes; the next call may be placed before that is known.
fn break_off(world: &mut World, id: CallId, lasted: Span) {
    after(world, lasted);
    say(world, id, &[CarrierEvent::Deserted, CarrierEvent::Released]);
    assert_eq!(code(&row(world, id)), Some(FailureCode::AgentUnavailable));
}

fn hung_up_after(world: &mut World, lasted: Span) {
    let id = answered(world, true);
    after(world, lasted);
    say(
        world,
        id,
        &[CarrierEvent::HungUp(None), CarrierEvent::Released],
    );
    after(world, REPORT_GRACE);
}

#[test]
fn three_calls_in_a_row_that_an_agent_breaks_off_hold_back_its_calls_and_no_others() {
    let mut world = livekit_world();
    let agent = support::agent();
    for _ in 0..2 {
        broken_off(&mut world, BROKEN_OFF_WITHIN);
        assert_eq!(is_down(&mut world, agent), None);
    }
    broken_off(&mut world, Span(100));
    assert_eq!(is_down(&mut world, agent), Some(5));
    assert_eq!(
        ask_for(&mut world, agent, OnCapacity::Reject),
        Admission::Down {
            retry_after_secs: 5,
            is_agent: true
        }
    );
    assert_eq!(is_down(&mut world, another()), None);
    let Admission::Accepted { .. } = ask_for(&mut world, another(), OnCapacity::Reject) else {
        panic!("another agent is not to blame")
    };
}

/// The agents that the trunk says it holds back, and when a call may find out whether each is back.
fn told_held_back(world: &mut World) -> Vec<(AgentId, Timestamp)> {
    match world.ask(TrunkCommand::Live(support::reader())) {
        TrunkReply::Live(_, _, held_back) => held_back,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_trunk_tells_whose_calls_it_holds_back_until_a_probe_holds_out() {
    let mut world = livekit_world();
    for _ in 0..2 {
        broken_off(&mut world, Span(100));
        assert_eq!(told_held_back(&mut world), []);
    }
    broken_off(&mut world, Span(100));
    let told = vec![(support::agent(), world.now + secs(5))];
    assert_eq!(told_held_back(&mut world), told);
    world.crash();
    assert_eq!(told_held_back(&mut world), told);

    after(&mut world, secs(60)); // nobody tries
    assert_eq!(told_held_back(&mut world), told);
    let probe = answered(&mut world, true);
    after(&mut world, BROKEN_OFF_WITHIN);
    assert_eq!(told_held_back(&mut world), told);
    after(&mut world, Span(1));
    assert_eq!(
        told_held_back(&mut world),
        [],
        "{probe} shows that it is back"
    );
}

#[test]
fn what_the_person_called_does_is_never_counted_against_an_agent() {
    let mut world = livekit_world();
    for _ in 0..10 {
        hung_up_after(&mut world, Span(200));
        let id = answered(&mut world, true);
        world.ask(TrunkCommand::Cancel(support::reader(), id));
        after(&mut world, REPORT_GRACE);
        let id = world.accepted(NUMBER);
        claim(&mut world, id);
        say(
            &mut world,
            id,
            &[
                CarrierEvent::Failed(Failure::sip(486)),
                CarrierEvent::Released,
            ],
        );
    }
    assert_eq!(is_down(&mut world, support::agent()), None);
}

#[test]
fn three_means_in_a_row_and_at_once() {
    for between in [Span(200), secs(60)] {
        let mut world = livekit_world();
        for _ in 0..4 {
            broken_off(&mut world, Span(100));
            broken_off(&mut world, Span(100));
            hung_up_after(&mut world, between);
        }
        assert_eq!(is_down(&mut world, support::agent()), None);
    }
    let mut world = livekit_world();
    for _ in 0..10 {
        broken_off(&mut world, BROKEN_OFF_WITHIN + Span(1));
    }
    assert_eq!(is_down(&mut world, support::agent()), None);
    // An agent that reports what came of the call had ended it, however late it says so.
    for _ in 0..10 {
        let id = answered(&mut world, true);
        say(
            &mut world,
            id,
            &[CarrierEvent::Deserted, CarrierEvent::Released],
        );
        after(&mut world, secs(2));
        report(&mut world, id, with_outcome());
    }
    assert_eq!(is_down(&mut world, support::agent()), None);
    // And one that says that it failed did not hang up, whoever's word came first.
    for _ in 0..3 {
        let id = answered(&mut world, true);
        say(
            &mut world,
            id,
            &[CarrierEvent::HungUp(None), CarrierEvent::Released],
        );
        assert_eq!(is_down(&mut world, support::agent()), None);
        report(&mut world, id, broke_off());
    }
    assert!(is_down(&mut world, support::agent()).is_some());
    let mut world = livekit_world();
    for _ in 0..10 {
        let id = answered(&mut world, true);
        report(&mut world, id, with_outcome());
        say(
            &mut world,
            id,
            &[CarrierEvent::Deserted, CarrierEvent::Released],
        );
    }
    assert_eq!(is_down(&mut world, support::agent()), None);
}

fn held_back() -> World {
    let mut world = livekit_world();
    (0..3).for_each(|_| broken_off(&mut world, Span(100)));
    world
}

#[test]
fn one_probe_at_a_time_and_one_that_succeeds_lets_all_through() {
    let mut world = held_back();
    let agent = support::agent();
    after(&mut world, secs(5));
    assert_eq!(is_down(&mut world, agent), None);
    let probe = answered(&mut world, true);
    assert_eq!(is_down(&mut world, agent), Some(1), "one at a time");
    // It still talks after three seconds: no need to wait for its end.
    after(&mut world, BROKEN_OFF_WITHIN + Span(1));
    assert_eq!(is_down(&mut world, agent), None);
    let next = answered(&mut world, true);
    assert_eq!(is_down(&mut world, agent), None, "closed");
    for id in [probe, next] {
        say(
            &mut world,
            id,
            &[CarrierEvent::HungUp(None), CarrierEvent::Released],
        );
    }
    after(&mut world, REPORT_GRACE);
    assert!(world.known_brief().agents.is_empty());
}

#[test]
fn a_probe_that_is_broken_off_doubles_the_wait_and_one_that_tells_nothing_makes_room_for_another() {
    let mut world = held_back();
    let agent = support::agent();
    after(&mut world, secs(5));
    broken_off(&mut world, Span(100));
    assert!(is_down(&mut world, agent).is_some_and(|wait| wait > 5));
    after(&mut world, secs(10));
    hung_up_after(&mut world, Span(200));
    assert_eq!(is_down(&mut world, agent), None, "another may find out");
    let probe = answered(&mut world, true);
    assert_eq!(
        is_down(&mut world, agent),
        Some(1),
        "but it is a probe still"
    );
    break_off(&mut world, probe, Span(100));
    assert!(is_down(&mut world, agent).is_some_and(|wait| wait > 10));
}

#[test]
fn what_is_known_of_an_agent_outlives_the_object_and_the_directorys_next_word() {
    let mut world = livekit_world();
    broken_off(&mut world, Span(100));
    world.crash();
    broken_off(&mut world, Span(100));
    world.crash();
    broken_off(&mut world, Span(100));
    world.crash();
    assert!(is_down(&mut world, support::agent()).is_some());
    let carrier = world.known_brief().config.carrier;
    world.brief(100, 100, |brief| brief.config.carrier = carrier);
    assert!(is_down(&mut world, support::agent()).is_some());
    after(&mut world, secs(5));
    answered(&mut world, true);
    world.crash();
    assert_eq!(
        is_down(&mut world, support::agent()),
        Some(1),
        "its probe is under way"
    );
}

#[test]
fn in_line_the_calls_of_such_an_agent_keep_their_place_and_are_passed() {
    let mut world = livekit_world();
    let queue = || OnCapacity::Queue {
        max_wait: secs(600),
    };
    world.brief(1, 100, |brief| {
        brief.version += 2;
        brief.config.carrier = Carrier::LiveKit {
            url: "wss://livekit.example.com".into(),
            api_key: "APIkey".into(),
            api_secret: Sealed("sealed".into()),
            sip_trunk_id: "ST_1".into(),
        };
    });
    broken_off(&mut world, Span(100));
    broken_off(&mut world, Span(100));
    let last = answered(&mut world, true);
    let waiting = [support::agent(), support::agent(), another()];
    let line: Vec<CallId> = waiting
        .into_iter()
        .map(|agent| ask_for(&mut world, agent, queue()).call().expect("in line"))
        .collect();
    world.sent.dial.clear();
    break_off(&mut world, last, Span(100));
    assert_eq!(
        std::mem::take(&mut world.sent.dial),
        [line[2]],
        "the one that can go"
    );
    // Free channels are nobody's whose agent is down: a newcomer gets one.
    claim(&mut world, line[2]);
    say(
        &mut world,
        line[2],
        &[
            CarrierEvent::Failed(Failure::sip(486)),
            CarrierEvent::Released,
        ],
    );
    let Admission::Accepted { call, .. } = ask_for(&mut world, another(), OnCapacity::Reject)
    else {
        panic!("the channel is free")
    };
    claim(&mut world, call);
    say(
        &mut world,
        call,
        &[
            CarrierEvent::Failed(Failure::sip(486)),
            CarrierEvent::Released,
        ],
    );
    world.sent.dial.clear();
    after(&mut world, secs(5));
    assert_eq!(
        std::mem::take(&mut world.sent.dial),
        [line[0]],
        "the probe, in its order"
    );
    claim(&mut world, line[0]);
    say(
        &mut world,
        line[0],
        &[CarrierEvent::Ringing, CarrierEvent::Answered],
    );
    after(&mut world, secs(10));
    assert!(world.sent.dial.is_empty(), "one channel");
    say(
        &mut world,
        line[0],
        &[CarrierEvent::HungUp(None), CarrierEvent::Released],
    );
    assert_eq!(std::mem::take(&mut world.sent.dial), [line[1]]);
}

#[test]
fn in_line_the_calls_of_an_agent_that_breaks_off_hold_up_no_other_agents_though_ids_begin_alike() {
    let broken = support::agent().guarded(true);
    let well = another().guarded(true);
    let mut world = livekit_world();
    let carrier = world.known_brief().config.carrier;
    world.brief(1, 100, |brief| {
        brief.version += 2;
        brief.config.carrier = carrier;
    });
    for waits in [false, false, true] {
        let admitted = ask_for(&mut world, broken, OnCapacity::Reject);
        let id = admitted.call().expect("the channel is free");
        claim(&mut world, id);
        let picked_up = [
            CarrierEvent::Announced,
            CarrierEvent::Ringing,
            CarrierEvent::Answered,
        ];
        say(&mut world, id, &picked_up);
        let queue = OnCapacity::Queue {
            max_wait: secs(600),
        };
        let in_line = waits.then(|| ask_for(&mut world, well, queue).call().expect("in line"));
        world.sent.dial.clear();
        break_off(&mut world, id, Span(100));
        assert_eq!(std::mem::take(&mut world.sent.dial), in_line.as_slice());
    }
    assert!(is_down(&mut world, broken).is_some());
}
