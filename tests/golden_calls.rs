//! Every JSON of a call that is stored or sent, pinned. A golden is never edited: a new field has a
//! default, so that the old rows can still be read, and a golden of its own.

#![allow(clippy::expect_used, reason = "a test says what it expects")]

#[path = "support/golden.rs"]
mod golden;
mod support;

use audatec::app::json;
use audatec::app::messages::{CALLS_PER_MESSAGE, CallbackMessage, DispatchMessage};
use audatec::app::trunk::{
    FeedFilter, FeedNotes, Idempotency, IdempotencyRecord, Position, Trigger, TrunkCommand,
    TrunkReply, TrunkStore,
};
use audatec::app::views::call::{
    DetailedCall, FullNotification, ListedCall, Notification, StatusView,
};
use audatec::domain::call::{
    Call, CallStatus, CampaignCall, CarrierEvent, Failure, Phase, Reason, Report, Window,
};
use audatec::domain::callback::{Attempt, AttemptResult, WebhookSecret, WebhookSecrets};
use audatec::domain::calling_hours::{CallingHours, HoursBook, ZoneName};
use audatec::domain::campaign::handover::{Demand, Handed, Round, TakeBack};
use audatec::domain::contacts::{ContactLimit, LimitsBook, Per};
use audatec::domain::ids::{CallId, CampaignId};
use audatec::domain::media::CallbackDetail;
use audatec::domain::redial::{Cause, Redial};
use audatec::domain::settings::Settings;
use audatec::domain::time::Span;
use audatec::domain::trunk::{Brief, DayCount, OnCapacity};
use serde::Serialize;
use serde::de::DeserializeOwned;
use support::{START, World, agent, api_key, org};

const OK: &str = "+15005550000";

/// What a row keeps of its open call names the status by its place.
#[test]
fn a_status_keeps_its_place_and_a_new_one_comes_last() {
    let places = CallStatus::ALL.map(CallStatus::as_str);
    let stored = [
        "Initiating",
        "Ringing",
        "Answered",
        "Completed",
        "Decline",
        "Rejected — Capacity",
        "Trigger Failed",
        "SIP Call Failed",
    ];
    assert_eq!(places.get(..stored.len()), Some(&stored[..]));
}

/// What is stored must also be read back, to the same value.
fn stored<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, value: &T) {
    golden::check(
        &format!("calls/stored_{name}"),
        &serde_json::to_value(value).expect("json"),
    );
    let text = std::fs::read_to_string(format!("tests/golden/calls/stored_{name}.json"))
        .expect("a golden");
    assert_eq!(&json::read::<T>(&text).expect(name), value);
}

fn sent(name: &str, value: &impl Serialize) {
    golden::check(
        &format!("calls/sent_{name}"),
        &serde_json::to_value(value).expect("json"),
    );
}

/// What was sent by an earlier release is sent by this one, and more.
fn still_sent(name: &str, value: &impl Serialize) {
    let text = std::fs::read_to_string(format!("tests/golden/calls/sent_{name}.json"));
    let before: serde_json::Map<_, _> =
        serde_json::from_str(&text.expect("a golden")).expect("JSON");
    let now = serde_json::to_value(value).expect("JSON");
    for (field, value) in before {
        assert_eq!(now.get(&field), Some(&value), "{name}: {field}");
    }
}

/// The call's row, as the rows hold it.
fn row(world: &World, id: audatec::domain::ids::CallId) -> Call {
    world
        .rows
        .all()
        .into_iter()
        .find(|call| call.id == id)
        .expect("a row")
}

#[test]
fn the_rows_of_a_call_through_its_life() {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    stored("accepted", &row(&world, id));
    let waiting = world.queued(OK, Span::from_secs(60));
    stored("waiting", &row(&world, waiting));
    let later = world.scheduled(OK, Span::from_secs(7_200));
    stored("scheduled", &row(&world, later));
    world.dispatch();
    stored("told_dialed", &row(&world, id));
    world.run_to_end(id);
    stored("told_completed", &row(&world, id));
    let attempt = Attempt {
        at: START,
        status_code: Some(500),
        error: None,
        duration_ms: 12,
    };
    let message = world.sent.callbacks.remove(0);
    let result = AttemptResult {
        attempt,
        retry_after_secs: Some(7),
    };
    world.ask(TrunkCommand::Delivered {
        delivery: message.delivery,
        attempt: 1,
        result,
        takes_next: false,
    });
    stored("told_callback_failed_once", &row(&world, id));
    sent("callback_message_good_until", &message);
    let reader = support::reader();
    world.ask(TrunkCommand::Redeliver(reader, id));
    stored("told_callback_asked_for_by_hand", &row(&world, id));
    world.ask(TrunkCommand::Redeliver(reader, id));
    stored("told_callback_asked_for_again", &row(&world, id));
    let reported = {
        let mut world = World::new(1, 10);
        let id = world.accepted("+15005550006");
        world.dispatch();
        world.ask(TrunkCommand::Report {
            call: id,
            report: Report {
                outcome: Some(serde_json::json!({"disposition": "interested"})),
                transcript_url: Some("https://agents.example/t/1".into()),
                recording_url: Some("https://agents.example/r/1".into()),
                ..Report::default()
            },
            transcript: None,
        });
        row(&world, id)
    };
    stored("told_reported", &reported);
    let busy = {
        let mut world = World::new(1, 10);
        let id = world.accepted("+15005550001");
        world.run_to_end(id);
        row(&world, id)
    };
    stored("told_declined", &busy);
    let not_dialed = {
        let mut call = busy;
        call.failure = Some(Failure::dialer(Reason::WrongSecret));
        call
    };
    stored("told_not_dialed", &not_dialed);
}

/// Rows as they were before the live feed.
#[test]
fn rows_from_before_a_field_was_added_can_be_read() {
    for name in [
        "dialed",
        "completed",
        "callback_failed_once",
        "callback_asked_for_by_hand",
        "callback_asked_for_again",
        "reported",
        "declined",
        "room",
    ] {
        let text = std::fs::read_to_string(format!("tests/golden/calls/stored_{name}.json"));
        let call = json::read::<Call>(&text.expect("a golden")).expect(name);
        assert!(call.feed.is_empty());
    }
}

/// Rows as the first release left them in a trunk's SQLite: one of each kind of call.
#[test]
fn the_rows_of_the_first_release_can_be_read() {
    let rows = std::fs::read_dir("tests/golden/rows").expect("a folder");
    let mut calls = 0;
    for file in rows.map(|file| file.expect("a file").path()) {
        let text = std::fs::read_to_string(&file).expect("text");
        let row: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let name = file.display().to_string();
        if let (Some(id), Some(doc)) = (row["id"].as_str(), row["doc"].as_str()) {
            let call = json::read::<Call>(doc).expect(&name);
            assert_eq!(call.id.to_string(), id);
            assert_eq!(call.status.as_str(), row["status"], "{name}");
            let callback = call.callback.as_ref();
            let is_pending = callback.is_some_and(|callback| callback.next_attempt_at.is_some());
            assert_eq!(call.is_open() || is_pending, row["open"] == 1, "{name}");
            calls += 1;
        }
        if name.ends_with("brief.json") {
            json::read::<Brief>(&text).expect(&name);
        }
    }
    assert_eq!(calls, 10);
}

#[test]
fn what_an_object_remembers_beside_its_calls() {
    let mut world = World::new(1, 10);
    stored::<Brief>("brief", &world.known_brief());
    let secret = |seed| WebhookSecret::from_entropy([seed; 32]);
    let secrets = WebhookSecrets::first(secret(1), START);
    let reviewing = Brief {
        deleted_agents: vec![support::agent()],
        reviews: true,
        ..world.known_brief()
    };
    stored::<Brief>("brief_reviewing", &reviewing);
    let signing = Brief {
        secrets: Some(secrets.rotated(secret(2), Span::from_secs(60), START)),
        ..world.known_brief()
    };
    stored::<Brief>("brief_signing", &signing);
    let idempotency = Some(Idempotency {
        key: "order-1".into(),
        body: "ab".repeat(32),
    });
    let trigger = Trigger {
        idempotency,
        on_capacity: OnCapacity::Reject,
        ..World::trigger_of(OK)
    };
    let TrunkReply::Admission(admission) = world.ask(TrunkCommand::Admit(Box::new(trigger))) else {
        return;
    };
    let remembrance = IdempotencyRecord {
        at: START,
        body: "ab".repeat(32),
        admission,
    };
    stored("remembrance", &remembrance);
    let limited = Brief {
        limits: LimitsBook {
            org: vec![ContactLimit(3, Per::Day), ContactLimit(3_600, Per::Gap)],
            agents: vec![(support::agent(), vec![ContactLimit(1, Per::Week)])],
        },
        ..world.known_brief()
    };
    stored::<Brief>("brief_limits", &limited);
    let detailed = Brief {
        callback_detail: CallbackDetail::Full,
        ..world.known_brief()
    };
    stored::<Brief>("brief_callback_detail", &detailed);
    let counted_dials = Brief {
        counted_dials: true,
        ..world.known_brief()
    };
    stored::<Brief>("brief_counted_dials", &counted_dials);
    let counted = {
        let mut call = world.rows.all().pop().expect("a call");
        call.ticket = Some(251_000_000_000_001);
        call.owes = vec![251_000_000_000_000];
        call
    };
    stored("counted", &counted);
    let day = DayCount {
        day: 20_420,
        accepted: 17,
        last: 251_000_000_000_001,
        handed: Vec::new(),
    };
    stored("day", &day);
    let handed = vec![251_000_000_000_000, 251_000_000_000_001];
    stored("day_handed", &DayCount { handed, ..day });
    let filter = FeedFilter {
        after: Position::start_of(START),
        only: Vec::new(),
        limit: 1,
        wait: Span(0),
        slice: None,
    };
    world.ask(TrunkCommand::Feed(support::reader(), filter));
    stored::<FeedNotes>("feed_logged", &world.known_feed_notes());
    world.ask(TrunkCommand::CampaignTells {
        org: support::org(),
        campaign: CampaignId::from_entropy([9; 16]),
        view: r#"{"status":"running"}"#.into(),
    });
    stored::<FeedNotes>("feed_of_campaigns", &world.known_feed_notes());
    let before = std::fs::read_to_string("tests/golden/calls/stored_feed.json").expect("a golden");
    let before = json::read::<FeedNotes>(&before).expect("the notes of a release before");
    assert_eq!(before.logged_since, None, "nothing is in the log yet");
}

#[test]
fn what_clients_and_receivers_are_sent() {
    for (name, number) in [
        ("completed", OK),
        ("declined", "+15005550001"),
        ("failed", "+15005550004"),
    ] {
        let mut world = World::new(1, 10);
        let id = world.accepted(number);
        let call = world.run_to_end(id);
        sent(
            &format!("status_{name}"),
            &StatusView::of(&call, world.now, &world.settings),
        );
        let detail = DetailedCall::of(&call, world.now, &world.settings);
        sent(&format!("detail_with_campaign_{name}"), &detail);
        still_sent(&format!("detail_with_redial_{name}"), &detail);
        still_sent(&format!("detail_{name}"), &detail);
        let listed = ListedCall::of(&call, world.now, &world.settings);
        sent(&format!("listed_with_campaign_{name}"), &listed);
        still_sent(&format!("listed_with_redial_{name}"), &listed);
        still_sent(&format!("listed_{name}"), &listed);
        sent(
            &format!("notification_{name}"),
            &Notification::of(&call, &world.settings),
        );
        sent(
            &format!("full_notification_{name}"),
            &FullNotification::of(&call, &world.settings),
        );
    }
}

#[test]
fn a_call_of_which_more_is_told() {
    let mut world = World::new(10, 10);
    world.brief(10, 10, |brief| brief.callback_detail = CallbackDetail::Full);
    let id = world.accepted(OK);
    world.run_to_end(id);
    stored("told_more", &row(&world, id));
}

#[test]
fn what_the_queues_carry() {
    let mut world = World::new(10, 10);
    world.accepted(OK);
    world.accepted(OK);
    world.sent.inquire = world.sent.dial.clone();
    let tag = world.known_brief().config.id.tag();
    let mut messages: Vec<DispatchMessage> = world.sent.dials(tag, CALLS_PER_MESSAGE);
    messages.extend(world.sent.hang_ups(tag));
    sent("dispatch_messages", &messages);
    let text = std::fs::read_to_string("tests/golden/calls/sent_dispatch_messages.json")
        .expect("a golden");
    assert_eq!(
        serde_json::from_str::<Vec<DispatchMessage>>(&text).expect("readable"),
        messages
    );
    let text =
        std::fs::read_to_string("tests/golden/calls/sent_callback_message.json").expect("a golden");
    let message: CallbackMessage = serde_json::from_str(&text).expect("readable");
    let failed = CallbackMessage {
        failure: Some("callee/busy".into()),
        ..message
    };
    sent("callback_message_of_a_failure", &failed);
    let text = serde_json::to_string(&failed).expect("JSON");
    assert_eq!(
        serde_json::from_str::<CallbackMessage>(&text).expect("readable"),
        failed
    );
}

/// A phase is stored nowhere: each of the seven, in the order in which a call meets them, is read back from the row alone.
#[test]
fn the_phase_of_a_call_is_what_its_rows_moments_say_together() {
    let (key, settings) = (World::key(), Settings::default());
    let at = |secs| START + Span::from_secs(secs);
    let read = |name: &str| {
        let text = std::fs::read_to_string(format!("tests/golden/calls/stored_{name}.json"));
        json::read::<Call>(&text.expect("a golden")).expect(name)
    };
    // Phase, holds a channel, has ended.
    let tells = |call: &Call| {
        let row = serde_json::to_string(call).expect("JSON");
        let phase = json::read::<Call>(&row).expect("a row").phase();
        assert_eq!(call.phase(), phase, "what is in memory says the same");
        (phase, phase.holds_channel(), phase.has_ended())
    };
    let mut call = read("waiting");
    let until = call.queued_until.expect("it waits");
    assert_eq!(tells(&call), (Phase::Queued { until }, false, false));
    call.dequeue(at(1));
    let unclaimed = Phase::Unclaimed { since: at(1) };
    assert_eq!(tells(&call), (unclaimed, true, false));
    call.claim(true, at(2), &settings);
    let dialed_at = at(2);
    let setting_up = Phase::SettingUp { dialed_at };
    assert_eq!(tells(&call), (setting_up, true, false));
    call.apply(CarrierEvent::Ringing, at(3), &settings, &key);
    assert_eq!(tells(&call), (Phase::Ringing { dialed_at }, true, false));
    call.apply(CarrierEvent::Answered, at(4), &settings, &key);
    assert_eq!(tells(&call), (Phase::Talking { since: at(4) }, true, false));
    assert!(!call.left_a_room());
    call.apply(CarrierEvent::HungUp(None), at(9), &settings, &key);
    let awaiting = Phase::AwaitingReport { ended_at: at(9) };
    assert_eq!(tells(&call), (awaiting, false, true));
    let outcome = Some(serde_json::json!({"disposition": "interested"}));
    let report = Report {
        outcome,
        ..Report::default()
    };
    call.report(report, at(10), &key);
    assert_eq!(tells(&call), (Phase::Over, false, true));
    assert!(call.left_a_room());
    // One that never rang, as far as is known, and one whose patience ended: it still bears until when it would have waited.
    let mut silent = read("accepted");
    let since = silent.created_at();
    assert_eq!(silent.phase(), Phase::Unclaimed { since });
    silent.claim(false, at(2), &settings);
    silent.apply(CarrierEvent::Answered, at(3), &settings, &key);
    assert_eq!(silent.phase(), Phase::Talking { since: at(3) });
    let mut impatient = read("waiting");
    impatient.advance(until, &settings, &key);
    assert_eq!(impatient.queued_until, Some(until));
    assert_eq!(tells(&impatient), (Phase::Over, false, true));
    for name in ["completed", "declined", "told_completed", "told_declined"] {
        assert_eq!(read(name).phase(), Phase::Over, "{name}");
    }
    assert!(matches!(read("dialed").phase(), Phase::Ringing { .. }));
}

#[test]
fn a_call_that_waits_for_an_opening_and_the_word_on_when_that_is() {
    let mut world = World::new(1, 10);
    let known = world.known_brief();
    let hours: CallingHours = serde_json::from_value(serde_json::json!({
        "time_zone": "callee", "fallback_time_zone": "Asia/Kolkata",
        "windows": [{"days": ["fri", "sat"], "from": "09:00", "to": "19:00"}],
        "closed_dates": ["2027-01-26"], "on_closed": "wait",
    }))
    .expect("hours");
    world.brief(1, 10, |brief| {
        brief.version = known.version + 1;
        brief.hours = HoursBook::of(Some(hours.clone()));
        brief.hours.add(support::agent(), &hours);
    });
    stored("brief_hours", &world.known_brief());
    let mut trigger = World::trigger_of(OK);
    trigger.request.time_zone = ZoneName::parse("Europe/London");
    let request = trigger.request.clone();
    world.ask(TrunkCommand::Admit(Box::new(trigger)));
    let id = world.rows.all().first().expect("a row").id;
    let call = row(&world, id);
    assert_eq!((&call.request, call.is_scheduled()), (&request, true));
    stored("put_off", &call);
}

/// A campaign's call, and the one that follows it.
#[test]
fn a_call_of_a_campaign() {
    let mut world = World::new(10, 10);
    let campaign = CampaignId::from_entropy([8; 16]);
    let take_round = |world: &mut World, ready, calls| {
        let round = Round {
            org: org(),
            campaign,
            key: api_key(),
            agent: agent(),
            demand: Demand {
                ready,
                ..Demand::default()
            },
            calls,
        };
        match world.ask(TrunkCommand::CampaignRound(round)) {
            TrunkReply::Round(answer) => answer.granted,
            _ => Vec::new(),
        }
    };
    let begin = |world: &mut World, previous: Option<CallId>| {
        let granted = take_round(world, 1, Vec::new());
        let call = *granted.first().expect("an id");
        let mut request = World::request("+15005550001");
        request.campaign = Some(Box::new(CampaignCall {
            id: campaign,
            reference: "loan-4711".into(),
            attempt: 1 + u32::from(previous.is_some()),
            max_attempts: 3,
            first: previous,
            previous,
            next: None,
            hours: None,
            given_back: None,
        }));
        let handed = Handed {
            call,
            request,
            not_after: None,
        };
        take_round(world, 0, vec![handed]);
        call
    };
    let first = begin(&mut world, None);
    world.run_to_end(first);
    let next = begin(&mut world, Some(first));
    stored("of_campaign_followed", &row(&world, first));
    world.ask(TrunkCommand::CampaignTakeBack {
        org: org(),
        campaign,
        calls: vec![next],
        why: TakeBack::Paused,
        last: false,
    });
    stored("of_campaign_given_back", &row(&world, next));
    let call = row(&world, first);
    sent(
        "listed_of_campaign",
        &ListedCall::of(&call, world.now, &world.settings),
    );
}

/// The first of a series that did not reach anybody, the attempt that follows it, and what is noted of the day on which that was due.
#[test]
fn a_call_that_another_follows() {
    let mut world = World::new(1, 10);
    let mut trigger = World::trigger_of("+15005550004");
    trigger.request.redial = Some(Redial {
        max_attempts: 2,
        on: Cause::ALL.map(|(_, cause)| cause).to_vec(),
        wait_seconds: vec![60, 120],
    });
    trigger.window = Some(Window {
        not_before: None,
        not_after: START + Span::from_secs(7 * 86_400),
        max_wait: Span::from_secs(3_600),
    });
    world.ask(TrunkCommand::Redial(Box::new(trigger)));
    let id = world.rows.all().first().expect("a row").id;
    let first = world.run_to_end(id);
    stored("followed", &row(&world, id));
    let listed = ListedCall::of(&first, world.now, &world.settings);
    sent("listed_followed_with_campaign", &listed);
    still_sent("listed_followed", &listed);
    let next = first
        .series
        .and_then(|series| series.next)
        .expect("one follows");
    stored("following", &row(&world, next));
    let next = world.run_to_end(next);
    assert!(
        next.series
            .is_some_and(|series| series.over && series.counted)
    );
    let detail = DetailedCall::of(&next, world.now, &world.settings);
    sent("detail_following_with_campaign", &detail);
    still_sent("detail_following", &detail);
    stored(
        "redialed_count",
        &world.rows.redialed().expect("what is noted"),
    );
}
