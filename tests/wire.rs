//! What edges and objects say to each other, and what the queues carry, is pinned here: while a release rolls out, yesterday's
//! edge speaks to today's object, yesterday's object answers today's edge, and yesterday's messages are still in the queues.
//!
//! `tests/golden/wire/{kind}/{Variant}.json` is how a release wrote it. None is ever edited or deleted: what is written
//! differently today gets another file (`{Variant}.2.json`, by `UPDATE_GOLDEN=1`), and all of them must be understood. A variant
//! without an example fails: add one to [`examples`].

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it fails"
)]

mod support;

#[path = "wire/campaigns.rs"]
mod campaigns;
#[path = "support/plan.rs"]
mod plan;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use audatec::app::campaign::{CampaignCommand, CampaignReply};
use audatec::app::contacts::{ContactsCommand, ContactsReply};
use audatec::app::directory::{
    self, AgentsAfter, Answered, Ask, AuditEntry, By, CampaignCard, DirectoryCommand,
    DirectoryRefusal, DirectoryReply, ListAgents, NewKey, Once, OrgCard, OrgChange, Oversight,
    Permit, Received, Run, RunsWith, Sweep, Watch, Watched,
};
use audatec::app::json;
use audatec::app::messages::{CallbackMessage, DispatchMessage, Errand};
use audatec::app::records::RecordKey;
use audatec::app::trunk::{
    CallFilter, CarrierCredentials, DeliveryFilter, EraseCalls, ErasedCalls, FeedFilter,
    Idempotency, Look, Position, Reader, Trigger, TrunkCommand, TrunkRefusal, TrunkReply,
    UsageFilter, UsageSoFar, Work,
};
use audatec::domain::access::StoredKey;
use audatec::domain::access::{RawKey, Role};
use audatec::domain::agent::{Agent, InputSchema, Status};
use audatec::domain::alerts::{AlertKind, Alerts, Finding, OpenAlert};
use audatec::domain::call::{
    AnsweredBy, CallStatus, CampaignCall, CarrierEvent, Failure, FailureCode, InquiryResult,
    Reason, Report, ScheduleReason, Timed, Window,
};
use audatec::domain::callback::{
    Attempt, AttemptResult, Delivery, DeliveryStatus, EventType, WebhookSecret, WebhookSecrets,
};
use audatec::domain::calling_hours::ZoneName;
use audatec::domain::campaign::HeldBy;
use audatec::domain::campaign::handover::{
    Became, Check, Demand, Ended, GivenBack, Handed, Round, RoundAnswer, Standing, TakeBack, Taken,
};
use audatec::domain::contacts::{
    Contact, ContactLimit, Per, Source, Stage, Suppression, Take, Ticket, Word,
};
use audatec::domain::directory::{
    Backlog, Backlogs, Erased, Erasure, Grave, RecordingFile, Waiting,
};
use audatec::domain::ids::{
    AgentId, CallId, CampaignId, DeliveryId, ErasureId, KeyId, TrunkId, TrunkTag,
};
use audatec::domain::json_text::JsonText;
use audatec::domain::media::{CallbackDetail, MediaSettings, S3Target};
use audatec::domain::phone::{E164, LastDigits};
use audatec::domain::redial::{Cause, Redial};
use audatec::domain::sealed::Sealed;
use audatec::domain::settings::Settings;
use audatec::domain::time::Span;
use audatec::domain::trunk::{
    Admission, Brief, Carrier, Destinations, HighRisk, OnCapacity, Quota, TrunkConfig, Verdict,
};
use audatec::domain::usage::{GroupBy, Hour, Tally};
use audatec::domain::vitals::{Counts, Seen, VitalsAsked};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use support::{START, World, agent, api_key, org, reader};

const OK: &str = "+15005550000";

/// One way of speaking: its folder, its examples as today's code writes them, and how its text is read.
struct Kind {
    name: &'static str,
    examples: Vec<(String, Value)>,
    /// Reads, and writes again.
    again: fn(&str) -> Option<Value>,
    variants: BTreeSet<String>,
}

impl Kind {
    fn of<T: Serialize + DeserializeOwned>(
        name: &'static str,
        examples: Vec<(&str, T)>,
        variants: BTreeSet<String>,
    ) -> Self {
        let json = |value: &T| serde_json::to_value(value).expect("JSON");
        let examples = examples.iter();
        Self {
            name,
            examples: examples
                .map(|(name, value)| ((*name).to_owned(), json(value)))
                .collect(),
            again: |text| serde_json::to_value(json::read::<T>(text).ok()?).ok(),
            variants,
        }
    }

    fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/wire/{}", self.name))
    }

    /// The files of one example, oldest first.
    fn releases(&self, example: &str) -> impl Iterator<Item = PathBuf> {
        let file = |release| match release {
            1 => format!("{example}.json"),
            _ => format!("{example}.{release}.json"),
        };
        let files: Vec<_> = (1..100)
            .map(|release| self.folder().join(file(release)))
            .collect();
        files.into_iter()
    }

    /// Whether a golden says what today's code writes; with `UPDATE_GOLDEN=1` one more is written if none does.
    fn is_pinned(&self, example: &str, value: &Value) -> bool {
        let text = format!("{}\n", serde_json::to_string_pretty(value).expect("JSON"));
        for file in self.releases(example) {
            match std::fs::read_to_string(&file) {
                Ok(golden) if golden == text => return true,
                Ok(_) => {}
                Err(_) if std::env::var_os("UPDATE_GOLDEN").is_some() => {
                    std::fs::create_dir_all(self.folder()).expect("a folder");
                    std::fs::write(file, text).expect("written");
                    return true;
                }
                Err(_) => return false,
            }
        }
        false
    }
}

/// The names that serde knows an enum's variants by, as its own error tells them.
fn variants<T: DeserializeOwned>() -> BTreeSet<String> {
    let Err(error) = serde_json::from_value::<T>(json!("no such variant")) else {
        panic!("a name that nobody bears was understood");
    };
    let error = error.to_string();
    let (_, known) = error.split_once(", expected ").expect("the known variants");
    let names = known.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

/// The variant that a JSON is of.
fn variant(value: &Value) -> &str {
    let object = value.as_object().and_then(|map| map.keys().next());
    value
        .as_str()
        .or(object.map(String::as_str))
        .expect("a name")
}

fn kinds() -> [Kind; 11] {
    let asks: Vec<(&str, DirectoryCommand)> = asks();
    let mut directory = Kind::of("directory_command", asks, BTreeSet::new());
    directory.variants = variants::<Ask>();
    [
        Kind::of("trunk_command", commands(), variants::<TrunkCommand>()),
        Kind::of("trunk_reply", replies(), variants::<TrunkReply>()),
        directory,
        Kind::of(
            "directory_reply",
            directory_replies(),
            variants::<DirectoryReply>(),
        ),
        Kind::of("dispatch", dispatches(), variants::<DispatchMessage>()),
        Kind::of("callback", callbacks(), BTreeSet::new()),
        Kind::of(
            "look",
            vec![("Look", look()), ("Look.vitals", look_at_vitals())],
            BTreeSet::new(),
        ),
        Kind::of(
            "contacts_command",
            contacts_commands(),
            variants::<ContactsCommand>(),
        ),
        Kind::of(
            "contacts_reply",
            contacts_replies(),
            variants::<ContactsReply>(),
        ),
        Kind::of(
            "campaign_command",
            campaigns::commands(),
            variants::<CampaignCommand>(),
        ),
        Kind::of(
            "campaign_reply",
            campaigns::replies(),
            variants::<CampaignReply>(),
        ),
    ]
}

#[test]
fn what_is_said_today_is_pinned() {
    for kind in kinds() {
        for (example, value) in &kind.examples {
            assert!(
                kind.is_pinned(example, value),
                "{}/{example} is written differently now: with UPDATE_GOLDEN=1 it gets one more file, and both must be read",
                kind.name
            );
        }
    }
}

#[test]
fn each_variant_has_an_example() {
    for kind in kinds() {
        let what = |value: &Value| match kind.name {
            "directory_command" => variant(&value["what"]).to_owned(),
            "callback" => String::new(),
            _ => variant(value).to_owned(),
        };
        let shown: BTreeSet<String> = kind.examples.iter().map(|(_, value)| what(value)).collect();
        let missing: Vec<_> = kind.variants.difference(&shown).collect();
        assert!(
            missing.is_empty(),
            "{}: no example of {missing:?}",
            kind.name
        );
    }
}

/// What yesterday's bytes say and today's types have no place for, on purpose: the file, and the JSON pointers below which
/// it may be lost.
const FORGOTTEN: &[(&str, &str)] = &[];

#[test]
fn what_every_release_said_is_understood() {
    let mut read = 0;
    for kind in kinds() {
        let folder = std::fs::read_dir(kind.folder()).expect("a folder");
        for file in folder.map(|file| file.expect("a file").path()) {
            let text = std::fs::read_to_string(&file).expect("text");
            let name = format!(
                "{}/{}",
                kind.name,
                file.file_name().expect("a name").display()
            );
            let again = (kind.again)(&text).unwrap_or_else(|| panic!("{name} can't be read"));
            let mut lost = Vec::new();
            compare(
                &serde_json::from_str(&text).expect("JSON"),
                &again,
                "",
                &mut lost,
            );
            lost.retain(|pointer| {
                !FORGOTTEN
                    .iter()
                    .any(|(file, at)| *file == name && pointer.starts_with(at))
            });
            assert!(lost.is_empty(), "{name} is read without {lost:?}");
            read += 1;
        }
    }
    assert!(read > 100, "only {read} files");
}

/// Where `again` lacks something that `said` has. A field that is null may be absent.
fn compare(said: &Value, again: &Value, at: &str, lost: &mut Vec<String>) {
    match (said, again) {
        (Value::Object(said), Value::Object(again)) => {
            for (name, value) in said {
                let heard = again.get(name).unwrap_or(&Value::Null);
                compare(value, heard, &format!("{at}/{name}"), lost);
            }
        }
        (Value::Array(said), Value::Array(again)) if said.len() == again.len() => {
            for (n, (said, again)) in said.iter().zip(again).enumerate() {
                compare(said, again, &format!("{at}/{n}"), lost);
            }
        }
        _ if said == again => {}
        _ => lost.push(at.to_owned()),
    }
}

#[test]
fn a_message_of_another_release_is_no_message_of_ours() {
    for text in [
        r#"{"dial/2":{"trunk":1,"calls":[]}}"#,
        r#"{"v":"callback/2","org":"x"}"#,
        r#"{"hangup/1":{}}"#,
        r#""dial/1""#,
    ] {
        assert_eq!(Errand::read(text), None, "{text}");
    }
    for kind in [dispatches_json(), callbacks_json()].concat() {
        assert!(Errand::read(&kind).is_some(), "{kind}");
    }
}

fn dispatches_json() -> Vec<String> {
    let texts = dispatches().into_iter();
    texts
        .map(|(_, message)| serde_json::to_string(&message).expect("JSON"))
        .collect()
}

fn callbacks_json() -> Vec<String> {
    let texts = callbacks().into_iter();
    texts
        .map(|(_, message)| serde_json::to_string(&message).expect("JSON"))
        .collect()
}

fn call() -> CallId {
    World::new(1, 10).accepted(OK)
}

fn delivery() -> DeliveryId {
    call().delivery(&World::key())
}

fn trunk() -> TrunkId {
    TrunkId::from_entropy([7; 16])
}

fn livekit() -> Carrier {
    Carrier::LiveKit {
        url: "wss://acme.livekit.cloud".into(),
        api_key: "APIkey".into(),
        api_secret: Sealed("v1.sealed".into()),
        sip_trunk_id: "ST_1".into(),
    }
}

fn secrets() -> WebhookSecrets {
    let secret = |seed| WebhookSecret::from_entropy([seed; 32]);
    let rotated = |secrets: WebhookSecrets, seed| {
        secrets.rotated(secret(seed), Span::from_secs(3_600), START)
    };
    rotated(rotated(WebhookSecrets::first(secret(1), START), 2), 3)
}

fn org_card() -> OrgCard {
    OrgCard {
        id: org(),
        name: "Acme".into(),
        created_at: START,
        suspended_at: Some(START),
        deletion_requested_at: None,
        deleted_at: None,
        agents: 3,
        trunks: 2,
        keys: 4,
        campaigns: 1,
    }
}

fn grave() -> Grave {
    Grave {
        org: org(),
        created_at: START,
        requested_at: START,
        deleted_at: START,
    }
}

fn brief() -> Brief {
    let mut world = World::new(10, 10);
    world.brief(10, 10, |brief| {
        brief.version += 1;
        brief.config.carrier = livekit();
    });
    let mut brief = world.known_brief();
    brief.revoked_keys = vec![api_key()];
    brief.inactive_agents = vec![agent()];
    brief.media_policy.recording = true;
    brief.secrets = Some(secrets());
    brief.retired_until = Some(START);
    brief.asks_of_numbers = true;
    assert!(!brief.former_carriers.is_empty());
    brief
}

fn idempotency() -> Idempotency {
    Idempotency {
        key: "order-1".into(),
        body: "ab".repeat(32),
    }
}

fn trigger() -> Trigger {
    Trigger {
        on_capacity: OnCapacity::Queue {
            max_wait: Span::from_secs(60),
        },
        idempotency: Some(idempotency()),
        ..World::trigger_of(OK)
    }
}

fn scheduled() -> Trigger {
    Trigger {
        window: Some(Window {
            not_before: Some(START + Span(1)),
            not_after: START + Span(3_600_001),
            max_wait: Span(3_600_000),
        }),
        ..trigger()
    }
}

/// A request for a call that others may follow.
fn followed() -> Trigger {
    let mut trigger = scheduled();
    trigger.request.redial = Some(Redial {
        max_attempts: 10,
        on: Cause::ALL.map(|(_, cause)| cause).to_vec(),
        wait_seconds: vec![600, 604_800],
    });
    trigger
}

fn timed(event: CarrierEvent) -> Timed {
    Timed { at: START, event }
}

/// All that a carrier can say.
fn events() -> Vec<Timed> {
    use CarrierEvent::*;
    let failure = Failure {
        sip_status_code: Some(486),
        ..Failure::of(FailureCode::Busy)
    };
    [
        Ringing,
        Answered,
        HungUp(Some(json!({"disposition": "interested"}))),
        HungUp(None),
        Failed(failure),
        Failed(Failure::dialer(Reason::WrongSecret)),
        AgentLeft,
        Deserted,
        Vanished,
        RoomClosed,
        Announced,
        Released,
        Deleted,
    ]
    .map(timed)
    .into()
}

fn result() -> AttemptResult {
    AttemptResult {
        attempt: Attempt {
            at: START,
            status_code: Some(503),
            error: None,
            duration_ms: 12,
        },
        retry_after_secs: Some(7),
    }
}

fn unanswered() -> AttemptResult {
    AttemptResult {
        attempt: Attempt {
            status_code: None,
            error: Some("the connection failed".into()),
            ..result().attempt
        },
        retry_after_secs: None,
    }
}

fn commands() -> Vec<(&'static str, TrunkCommand)> {
    use TrunkCommand::*;
    let call = call();
    let report = |report, transcript| Report {
        call,
        report,
        transcript,
    };
    vec![
        ("Brief", Brief(Box::new(brief()))),
        ("Retire", Retire),
        ("Admit", Admit(Box::new(World::trigger_of(OK)))),
        ("Admit.queue", Admit(Box::new(trigger()))),
        ("Recall", FindReplay(org(), api_key(), idempotency())),
        ("Foresee", DryRun(Box::new(trigger()))),
        ("Schedule", Schedule(Box::new(scheduled()))),
        ("Redial", Redial(Box::new(followed()))),
        ("ForeseeSchedule", DryRunSchedule(Box::new(scheduled()))),
        ("Claim", Claim(vec![call])),
        ("Ring", Ring(call)),
        ("Carrier", CarrierEvents(vec![(call, events())])),
        ("Examine", InquiryOrders(vec![call])),
        (
            "Learn",
            InquiryResults(vec![
                (call, InquiryResult::StillThere),
                (call, InquiryResult::Happened(events())),
                (call, InquiryResult::Unknown),
            ]),
        ),
        ("Release", TearDown(vec![call])),
        ("Released", TornDown(vec![call])),
        ("GivenBack", GivenBack(call, vec![251_000_000_000_001])),
        ("Line", Credentials(None)),
        ("Line.of", Credentials(Some(call))),
        ("Talker", AgentOf(call)),
        ("RoomSeen", RoomSeen(call)),
        ("Media", Media(call)),
        ("Recorded", Recorded(call, "s3://calls/1.ogg".into())),
        ("Report", report(full_report(), Some(lines()))),
        (
            "Report.nothing",
            report(audatec::domain::call::Report::default(), None),
        ),
        ("Transcript", Transcript(reader(), call)),
        ("Read", Read(reader(), call)),
        ("Status", Status(reader(), call)),
        (
            "Status.short",
            Status(
                Reader {
                    good_until: Some(START),
                    ..reader()
                },
                call,
            ),
        ),
        ("Cancel", Cancel(reader(), call)),
        ("Live", Live(reader())),
        ("LiveFrom", LiveFrom(reader(), 7_654_321)),
        ("Storage", Storage(reader())),
        ("Feed", Feed(reader(), feed_filter())),
        ("List", List(reader(), call_filter())),
        ("Whole", Whole(reader(), call_filter())),
        (
            "List.scheduled",
            List(
                reader(),
                CallFilter {
                    scheduled: Some(true),
                    ..call_filter()
                },
            ),
        ),
        (
            "List.results",
            List(
                reader(),
                CallFilter {
                    failure: Some(FailureCode::NoAnswer),
                    disposition: Some("interested".into()),
                    ..call_filter()
                },
            ),
        ),
        (
            "List.campaign",
            List(
                reader(),
                CallFilter {
                    campaign: Some(campaign()),
                    ..call_filter()
                },
            ),
        ),
        (
            "List.shown",
            List(
                reader(),
                CallFilter {
                    shown: true,
                    ..call_filter()
                },
            ),
        ),
        (
            "List.all",
            List(
                reader(),
                CallFilter {
                    limit: 20,
                    scan_limit: 20_000,
                    ..CallFilter::default()
                },
            ),
        ),
        ("Usage", Usage(reader(), Box::new(usage_filter()))),
        (
            "Usage.goes_on",
            Usage(
                reader(),
                Box::new(UsageFilter {
                    so_far: Some(usage_so_far()),
                    ..usage_filter()
                }),
            ),
        ),
        ("Deliveries", Deliveries(reader(), delivery_filter())),
        ("Redeliver", Redeliver(reader(), call)),
        (
            "Begin",
            Begin {
                delivery: delivery(),
                attempt: 2,
                wants_message: false,
            },
        ),
        (
            "Delivered",
            Delivered {
                delivery: delivery(),
                attempt: 2,
                result: result(),
                takes_next: false,
            },
        ),
        (
            "Delivered.unanswered",
            Delivered {
                delivery: delivery(),
                attempt: 2,
                result: unanswered(),
                takes_next: false,
            },
        ),
        (
            "Extend",
            Extend {
                delivery: delivery(),
                attempt: 2,
                until: START,
            },
        ),
        (
            "Erase",
            Erase(Box::new(EraseCalls {
                org: org(),
                number: suppression().number(),
                from: 0,
                through: None,
                gone: vec![],
            })),
        ),
        (
            "Erase.goes_on",
            Erase(Box::new(EraseCalls {
                org: org(),
                number: suppression().number(),
                from: call.row(),
                through: Some(call.row() + 1),
                gone: vec![call],
            })),
        ),
        ("Forget", Forget(vec![call])),
        (
            "Suppress",
            Suppress {
                org: org(),
                numbers: vec![suppression().number()],
                from: call.row(),
                last: true,
            },
        ),
        ("CampaignTurn", CampaignRound(round(vec![handed()]))),
        ("CampaignTurn.first", CampaignRound(round(vec![]))),
        ("CampaignCheck", CampaignCheck(check())),
        (
            "CampaignOutcomes",
            CampaignOutcomes {
                org: org(),
                campaign: campaign(),
                calls: vec![call],
            },
        ),
        (
            "CampaignTakeBack",
            CampaignTakeBack {
                org: org(),
                campaign: campaign(),
                calls: vec![call],
                why: TakeBack::Paused,
                last: true,
            },
        ),
        (
            "CampaignTells",
            CampaignTells {
                org: org(),
                campaign: campaign(),
                view: r#"{"id":"…","status":"running"}"#.into(),
            },
        ),
        ("NumberOf", NumberOf(call)),
        ("Tick", Tick),
        ("Vitals", Vitals(VitalsAsked::Depth)),
        ("Vitals.report", Vitals(VitalsAsked::Report)),
        ("Work", Work),
    ]
}

fn campaign() -> CampaignId {
    CampaignId::from_entropy([8; 16])
}

fn round(calls: Vec<Handed>) -> Round {
    let demand = Demand {
        ready: 50,
        in_progress: 3,
        max_channels: (!calls.is_empty()).then_some(10),
        max_cps: (!calls.is_empty()).then_some(2),
    };
    Round {
        org: org(),
        campaign: campaign(),
        key: api_key(),
        agent: agent(),
        demand,
        calls,
    }
}

fn handed() -> Handed {
    let own = CampaignCall {
        id: campaign(),
        reference: "loan-4711".into(),
        attempt: 2,
        max_attempts: 3,
        first: Some(call()),
        previous: Some(call()),
        next: None,
        hours: None,
        given_back: None,
    };
    let mut request = World::request(OK);
    request.campaign = Some(Box::new(own));
    Handed {
        call: call(),
        request,
        not_after: Some(START),
    }
}

fn check() -> Check {
    let people = [
        (OK, None),
        ("+919876543210", ZoneName::parse("Asia/Kolkata")),
    ];
    let people = people.map(|(phone, zone)| (E164::parse(phone).expect("a number"), zone));
    Check {
        org: org(),
        agent: agent(),
        hours: None,
        people: people.into(),
    }
}

fn ended() -> Ended {
    Ended {
        status: CallStatus::Completed,
        failure: None,
        dialed_at: Some(START),
        ended_at: START,
        answered_by: Some(AnsweredBy::Human),
        was_answered: true,
        disposition: Some("interested".into()),
        duration_secs: Some(32),
        given_back: None,
    }
}

/// How calls end that nobody dialed.
fn given_back() -> Vec<(CallId, Became)> {
    let whys = [
        GivenBack::TakenBack,
        GivenBack::Closed(Some(START)),
        GivenBack::Closed(None),
        GivenBack::Limited(Some(START)),
        GivenBack::Limited(None),
    ];
    let ended = whys.map(|why| Ended {
        status: CallStatus::TriggerFailed,
        failure: Some(Failure::of(FailureCode::WindowClosed)),
        dialed_at: None,
        answered_by: None,
        was_answered: false,
        disposition: None,
        duration_secs: None,
        given_back: Some(why),
        ..ended()
    });
    let ended = ended.map(|ended| (call(), Became::Over(Box::new(ended))));
    ended.into()
}

/// All that may become of a call that is handed over.
fn taken() -> Vec<(CallId, Taken)> {
    let held = [
        HeldBy::TrunkInactive,
        HeldBy::AgentInactive,
        HeldBy::DialerDown,
        HeldBy::Capacity,
    ];
    let unfit = standings().into_iter().map(Taken::Unfit);
    let all = [
        Taken::Accepted,
        Taken::NoRoom,
        Taken::Stale,
        Taken::KeyRevoked,
    ];
    let all = all.into_iter().chain(held.map(Taken::Held)).chain(unfit);
    all.map(|taken| (call(), taken)).collect()
}

fn standings() -> Vec<Standing> {
    vec![
        Standing::Ready,
        Standing::NotAllowed,
        Standing::Impossible,
        Standing::Suppressed,
        Standing::Limited(Some(START)),
        Standing::Limited(None),
        Standing::Closed(Some(START)),
        Standing::Closed(None),
        Standing::ZoneUnknown,
        Standing::NotAsked,
    ]
}

fn full_report() -> Report {
    Report {
        outcome: Some(json!({"disposition": "interested"})),
        transcript_url: Some("https://agents.example/t/1".into()),
        recording_url: Some("https://agents.example/r/1".into()),
        failure: Some("the model was away".into()),
        ended_ago: Some(Span(1_500)),
    }
}

fn lines() -> Value {
    json!([{"role": "agent", "text": "Good day", "at": 12}])
}

fn feed_filter() -> FeedFilter {
    FeedFilter {
        after: Position::new(START, call()),
        only: vec!["call.completed".into()],
        limit: 100,
        wait: Span::from_secs(20),
        slice: None,
    }
}

/// A look at trunks' vitals.
fn look_at_vitals() -> Look {
    Look {
        vitals: Some(VitalsAsked::Counts),
        ..look()
    }
}

fn look() -> Look {
    Look {
        trunks: vec![TrunkTag(0x0a0b_0c0d), TrunkTag(0xfff0_0001)],
        reader: reader(),
        filter: feed_filter(),
        usage: None,
        vitals: None,
    }
}

fn usage_filter() -> UsageFilter {
    UsageFilter {
        from: Hour(500_000),
        to: Hour(500_024),
        by: GroupBy::Campaign,
        scan_limit: 20_000,
        so_far: None,
    }
}

fn usage_so_far() -> UsageSoFar {
    let tally = Tally {
        calls: 9,
        answered: 4,
        completed: 3,
        declined: 1,
        rejected: 2,
        talk_seconds: 97,
        delivered: 5,
        exhausted: 1,
        mended: 0,
        failed: vec![(FailureCode::NoAnswer, 2), (FailureCode::Canceled, 1)],
    };
    let one = Tally {
        calls: 1,
        ..Tally::default()
    };
    UsageSoFar {
        sums: vec![(None, tally), (Some("a".into()), one.clone())],
        hour: Hour(500_003),
        row: Some(251_000_000_000_001),
        part: vec![(None, one)],
        departure: 1_800_000_000_001,
    }
}

fn call_filter() -> CallFilter {
    CallFilter {
        status: vec![CallStatus::Completed, CallStatus::RejectedCapacity],
        agent: Some(agent()),
        phone: E164::parse(OK),
        phone_ends: LastDigits::parse("0000"),
        scheduled: None,
        failure: None,
        disposition: None,
        campaign: None,
        created_after: Some(START),
        created_before: Some(START + Span(1)),
        before: Some(call()),
        limit: 20,
        scan_limit: 20_000,
        shown: false,
    }
}

fn delivery_filter() -> DeliveryFilter {
    DeliveryFilter {
        status: vec![DeliveryStatus::Pending, DeliveryStatus::Exhausted],
        before: Some(call()),
        limit: 20,
        scan_limit: 20_000,
    }
}

fn replies() -> Vec<(&'static str, TrunkReply)> {
    let mut given = replies_of_a_life();
    given.extend(replies_by_hand());
    given
}

/// What an object really answers to a call's life.
fn replies_of_a_life() -> Vec<(&'static str, TrunkReply)> {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    let claimed = world.ask(TrunkCommand::Claim(vec![id]));
    let live = world.ask(TrunkCommand::Live(reader()));
    let slice = world.ask(TrunkCommand::LiveFrom(reader(), 0));
    let refused = world.trigger(OK);
    let filter = FeedFilter {
        only: Vec::new(),
        after: Position::start_of(START),
        ..feed_filter()
    };
    world.ask(TrunkCommand::Feed(reader(), filter.clone()));
    let over = world.run_to_end(id);
    let feed = world.ask(TrunkCommand::Feed(reader(), filter));
    let read = world.ask(TrunkCommand::Read(reader(), id));
    let mut newest = CallFilter {
        limit: 20,
        scan_limit: 20_000,
        ..CallFilter::default()
    };
    let page = world.ask(TrunkCommand::List(reader(), newest.clone()));
    let shown = world.ask(TrunkCommand::List(
        reader(),
        CallFilter {
            shown: true,
            ..newest.clone()
        },
    ));
    newest.scan_limit = 1;
    newest.status = vec![CallStatus::Decline];
    let cut_off = world.ask(TrunkCommand::List(reader(), newest));
    assert_eq!(over.status, CallStatus::Completed);
    vec![
        ("Orders", claimed),
        ("Live", live),
        ("LiveSlice", slice),
        ("Admission.rejected", TrunkReply::Admission(refused)),
        ("Feed.foretold", feed),
        ("Call", read),
        ("Calls", page),
        ("Calls.cut_off", cut_off),
        ("Shown", shown),
        ("Usage", TrunkReply::Usage(usage_so_far())),
        ("Vitals", TrunkReply::Vitals(Box::new(vitals()))),
        (
            "AllVitals",
            TrunkReply::AllVitals(vec![vitals(), audatec::domain::vitals::Vitals::default()]),
        ),
    ]
}

fn replies_by_hand() -> Vec<(&'static str, TrunkReply)> {
    use TrunkReply::*;
    let call = call();
    let quota = Quota {
        channels: 10,
        channels_left: 9,
        cps: 5,
        cps_left: 4,
    };
    let code = FailureCode::Busy;
    let (retry_after_secs, is_agent) = (3, true);
    vec![
        ("Done", Done),
        ("Over", Over(vec![call])),
        ("NotBefore", NotBefore(START)),
        ("TagTaken", TagTaken),
        ("HasLiveCalls", HasLiveCalls),
        (
            "Live.held_back",
            Live(vec![], 0, vec![(agent(), START + Span(5_000))]),
        ),
        (
            "Admission",
            Admission(self::Admission::Accepted { call, quota }),
        ),
        (
            "Admission.queued",
            Admission(self::Admission::Queued { call, quota }),
        ),
        (
            "Admission.scheduled",
            Admission(self::Admission::Scheduled {
                call,
                at: START,
                quota,
            }),
        ),
        (
            "Admission.down",
            Admission(self::Admission::Down {
                retry_after_secs,
                is_agent,
            }),
        ),
        (
            "Replayed",
            Replayed(self::Admission::Rejected {
                call,
                code,
                retry_after_secs,
                quota,
            }),
        ),
        ("KeyReused", KeyReused),
        ("Verdict", Verdict(self::Verdict::Go)),
        (
            "Verdict.schedule",
            Verdict(self::Verdict::Schedule {
                at: START,
                reason: ScheduleReason::NotBefore,
                next_allowed_at: None,
            }),
        ),
        (
            "Verdict.schedule.2",
            Verdict(self::Verdict::Schedule {
                at: START,
                reason: ScheduleReason::NotBefore,
                next_allowed_at: Some(START),
            }),
        ),
        (
            "Verdict.wait",
            Verdict(self::Verdict::Wait { until: START, code }),
        ),
        (
            "Verdict.refuse",
            Verdict(self::Verdict::Refuse {
                code,
                retry_after_secs,
            }),
        ),
        (
            "Verdict.down",
            Verdict(self::Verdict::Down {
                retry_after_secs,
                is_agent,
            }),
        ),
        ("Refused", Refused(TrunkRefusal::InvalidKey)),
        ("Refused.agent", Refused(TrunkRefusal::AgentInactive)),
        ("Refused.trunk", Refused(TrunkRefusal::TrunkInactive)),
        (
            "Refused.terminal",
            Refused(TrunkRefusal::CallAlreadyTerminal),
        ),
        (
            "Refused.unknown_trunk",
            Refused(TrunkRefusal::TrunkNotFound),
        ),
        (
            "Status",
            Status(r#"{"id":"…","call_status":"Ringing"}"#.into()),
        ),
        ("Transcript", Transcript(lines())),
        ("Line", Credentials(None)),
        (
            "Line.of",
            Credentials(self::CarrierCredentials::over(org(), &livekit())),
        ),
        ("Talker", AgentOf(org(), agent())),
        (
            "Media",
            Media(Some(lines()), Some("s3://calls/1.ogg".into())),
        ),
        ("Media.none", Media(None, None)),
        ("Begun", Begun(Some(Box::new(secrets())))),
        ("Begun.unsigned", Begun(None)),
        (
            "Storage",
            Storage {
                used: 1_318_912,
                oldest: Some(START),
            },
        ),
        (
            "NextAttempt",
            NextAttempt(next(), Some(Box::new(secrets()))),
        ),
        ("NextAttempt.unsigned", NextAttempt(next(), None)),
        (
            "Suppressed",
            Suppressed {
                next: Some(call.row()),
                again_at: Some(START),
            },
        ),
        (
            "CampaignTurn",
            Round(RoundAnswer {
                taken: taken(),
                granted: vec![call],
                again_at: START,
                held_by: Some(HeldBy::Capacity),
            }),
        ),
        ("Standings", Standings(standings())),
        (
            "Outcomes",
            Outcomes(vec![
                (call, Became::Open),
                (call, Became::Over(Box::new(ended()))),
                (call, Became::Nothing),
            ]),
        ),
        ("Outcomes.given_back", Outcomes(given_back())),
        (
            "TakenBack",
            TakenBack {
                again_at: Some(START),
            },
        ),
        (
            "CampaignHeard",
            CampaignHeard {
                taken: true,
                again_at: START,
                listened: false,
            },
        ),
        ("NumberOf", NumberOf(org(), suppression().phone)),
        (
            "Erased",
            Erased(ErasedCalls {
                found: vec![call],
                transcripts: 1,
                recordings: 2,
                files: vec![
                    RecordingFile {
                        call,
                        location: Some("https://calls.s3.amazonaws.com/x.ogg".into()),
                    },
                    RecordingFile {
                        call,
                        location: None,
                    },
                ],
                kept: vec![call],
                next: Some(call.row()),
                left: Some(call.row()),
                through: call.row(),
                busy: true,
            }),
        ),
        ("Erased.nothing", Erased(ErasedCalls::default())),
        (
            "Refused.suppressed",
            Refused(TrunkRefusal::NumberSuppressed),
        ),
        ("Refused.not_asked", Refused(TrunkRefusal::NotAsked)),
        (
            "Refused.organisation_suspended",
            Refused(TrunkRefusal::OrganisationSuspended),
        ),
        ("Missing", Missing),
        ("NotWritten", NotWritten),
        (
            "Work",
            Work(self::Work {
                requests: 1,
                alarms: 2,
                rows_read: 3,
                rows_written: 4,
                alarms_set: 5,
                queue_messages: 6,
            }),
        ),
    ]
}

fn asked(what: Ask) -> DirectoryCommand {
    DirectoryCommand {
        by: Some(api_key()),
        request: "01a2-request".into(),
        what,
        once: None,
        slice: None,
        watched: None,
    }
}

fn agents_after() -> AgentsAfter {
    AgentsAfter {
        after: Some((START, AgentId::from_entropy([3; 16]))),
        inactive: true,
        whole: false,
    }
}

fn new_key() -> NewKey {
    let raw = RawKey::from_entropy([5; 32]);
    NewKey {
        id: KeyId::from_entropy([6; 16]),
        name: "CI".into(),
        role: Role::Member,
        digest: raw.digest(b"pepper"),
        prefix: raw.prefix().into(),
        expires_at: Some(START),
    }
}

fn agent_record() -> Agent {
    let sample_context = json!({"customer_name": "Rahul Sharma"});
    Agent {
        id: AgentId::from_entropy([3; 16]),
        name: "EMI Reminder Agent".into(),
        agent_code: "emi-reminder-v2".into(),
        status: Status::Inactive,
        input_schema: InputSchema {
            fields: vec!["customer_name".into()],
            sample_context: JsonText::of(&sample_context),
        },
        script: Some("Greet {{customer_name}}".into()),
        voice: Some("amber".into()),
        outcome_schema: Some(JsonText::of(&json!({"type": "object"}))),
        voicemail: Some(json!({"action": "leave_message", "message": "Call us"})),
        calling_hours: None,
        contact_limits: Vec::new(),
        created_at: START,
    }
}

fn trunk_config() -> TrunkConfig {
    TrunkConfig {
        id: trunk(),
        org_id: org(),
        name: "Trunk".into(),
        trunk_phone: "+918069000000".into(),
        max_cps: 5,
        max_channels: 10,
        status: Status::Active,
        carrier: livekit(),
        destinations: Destinations {
            allow: Some(vec!["+91".into(), "+1".into()]),
            deny: vec!["+1900".into()],
            high_risk: HighRisk::Allow,
        },
        max_calls_per_day: Some(1_000),
    }
}

fn media() -> MediaSettings {
    MediaSettings {
        transcripts: true,
        recordings: Some(S3Target {
            endpoint: "https://s3.example".into(),
            region: "eu-central-1".into(),
            bucket: "calls".into(),
            prefix: "acme/".into(),
            access_key: "AKIA".into(),
            secret: Sealed("v1.sealed".into()),
        }),
        reject_impossible_numbers: true,
        callback_detail: CallbackDetail::Reference,
        calling_hours: None,
        contact_limits: Vec::new(),
    }
}

fn received() -> Received {
    Received {
        at: START,
        verified: true,
        headers: vec![("webhook-id".into(), "d-1".into())],
        body: "{}".into(),
    }
}

fn asks() -> Vec<(&'static str, DirectoryCommand)> {
    let agent = || Box::new(agent_record());
    let trunk = || Box::new(trunk_config());
    let test = DeliveryId::mint_test(START, 1, &World::key());
    let secret = || WebhookSecret::from_entropy([4; 32]);
    let record = |key| asked(Ask::Record(key));
    let name = String::from("Acme");
    let founding = Ask::Found {
        org: org(),
        name,
        owner: Box::new(new_key()),
        secret: secret(),
    };
    let once = Some(Once {
        given: idempotency(),
        seed: "cd".repeat(32),
    });
    vec![
        (
            "Settle",
            DirectoryCommand {
                once,
                ..DirectoryCommand::of_the_platform(Ask::Settle)
            },
        ),
        ("Found", asked(founding)),
        ("Org", asked(Ask::Org)),
        (
            "ChangeOrg",
            asked(Ask::ChangeOrg(OrgChange {
                name: Some("Acme Finance".into()),
                suspended: Some(true),
            })),
        ),
        ("Agent", asked(Ask::Agent(agent().id))),
        (
            "SaveAgent",
            asked(Ask::SaveAgent {
                agent: agent(),
                was: None,
            }),
        ),
        (
            "SaveAgent.again",
            asked(Ask::SaveAgent {
                agent: agent(),
                was: Some(agent()),
            }),
        ),
        ("DeleteAgent", asked(Ask::DeleteAgent(agent().id))),
        ("Trunk", asked(Ask::Trunk(trunk().id))),
        ("CreateTrunk", asked(Ask::CreateTrunk(trunk()))),
        (
            "SaveTrunk",
            asked(Ask::SaveTrunk {
                trunk: trunk(),
                was: trunk(),
            }),
        ),
        ("DeleteTrunk", asked(Ask::DeleteTrunk(trunk().id))),
        ("CreateKey", asked(Ask::CreateKey(Box::new(new_key())))),
        (
            "Keys",
            asked(Ask::Keys {
                before: None,
                limit: 20,
            }),
        ),
        (
            "Keys.more",
            asked(Ask::Keys {
                before: Some((START, api_key())),
                limit: 20,
            }),
        ),
        ("MoveKey", asked(Ask::MoveKey(api_key(), new_key().digest))),
        ("RevokeKey", asked(Ask::RevokeKey(api_key()))),
        (
            "CreateCampaign",
            asked(Ask::CreateCampaign(Box::new(campaigns::draft()))),
        ),
        ("KnownCampaign", asked(Ask::KnownCampaign(campaign_id()))),
        (
            "Campaigns",
            asked(Ask::Campaigns {
                before: Some((START, campaign_id())),
                limit: 20,
            }),
        ),
        (
            "RunningCampaigns",
            asked(Ask::RunningCampaigns(RunsWith::All)),
        ),
        (
            "RunningCampaigns.agent",
            asked(Ask::RunningCampaigns(RunsWith::Agent(support::agent()))),
        ),
        (
            "RunningCampaigns.trunk",
            asked(Ask::RunningCampaigns(RunsWith::Trunk(self::trunk()))),
        ),
        (
            "NoteCampaign",
            asked(Ask::NoteCampaign {
                id: campaign_id(),
                action: "campaign.pause".into(),
            }),
        ),
        (
            "StartCampaign",
            asked(Ask::StartCampaign {
                id: campaign_id(),
                agent: support::agent(),
                trunk: self::trunk(),
            }),
        ),
        (
            "RestCampaign",
            DirectoryCommand::of_the_platform(Ask::RestCampaign(campaign_id(), 7)),
        ),
        ("DeleteCampaign", asked(Ask::DeleteCampaign(campaign_id()))),
        (
            "TouchKey",
            DirectoryCommand::of_the_platform(Ask::TouchKey(api_key())),
        ),
        ("Secrets", asked(Ask::Secrets)),
        (
            "RotateSecret",
            asked(Ask::RotateSecret {
                secret: secret(),
                overlap: Span::from_secs(60),
            }),
        ),
        ("Media", asked(Ask::Media)),
        ("SaveMedia", asked(Ask::SaveMedia(Box::new(media())))),
        (
            "ChangeMedia",
            asked(Ask::ChangeMedia {
                media: Box::new(media()),
                was: Box::default(),
            }),
        ),
        (
            "ChangeMedia.detail",
            asked(Ask::ChangeMedia {
                media: Box::new(MediaSettings {
                    callback_detail: CallbackDetail::Full,
                    ..MediaSettings::default()
                }),
                was: Box::default(),
            }),
        ),
        (
            "Audit",
            asked(Ask::Audit {
                before: Some(7),
                limit: 20,
            }),
        ),
        (
            "TestEvent",
            asked(Ask::TestEvent {
                url: "https://example.com/hook".into(),
            }),
        ),
        (
            "Delivery",
            DirectoryCommand::of_the_platform(Ask::Delivery(test)),
        ),
        (
            "Deliveries",
            DirectoryCommand::of_the_platform(Ask::Deliveries {
                status: vec![DeliveryStatus::Delivered],
                before: Some(test),
                limit: 20,
            }),
        ),
        (
            "Redeliver",
            DirectoryCommand::of_the_platform(Ask::Redeliver(test)),
        ),
        (
            "Begin",
            DirectoryCommand::of_the_platform(Ask::Begin(test, 2)),
        ),
        (
            "SecretsOf",
            DirectoryCommand::of_the_platform(Ask::SecretsOf(trunk().id.tag())),
        ),
        ("Record", record(RecordKey::ApiKey(new_key().digest))),
        ("Record.agent", record(RecordKey::Agent(org(), agent().id))),
        ("Record.trunk", record(RecordKey::Trunk(org(), trunk().id))),
        ("Record.agents", record(RecordKey::Agents(org()))),
        (
            "Record.agents_slice",
            DirectoryCommand::from(ListAgents(org(), agents_after())).by(By::key(api_key())),
        ),
        (
            "Record.agents_whole",
            DirectoryCommand::from(ListAgents(
                org(),
                AgentsAfter {
                    whole: true,
                    ..agents_after()
                },
            )),
        ),
        ("Record.trunks", record(RecordKey::Trunks(org()))),
        (
            "Record.webhook_secrets",
            record(RecordKey::WebhookSecrets(org())),
        ),
        ("Record.media", record(RecordKey::Media(org()))),
        ("Record.carrier", record(RecordKey::carrier("APIkey"))),
        (
            "Delivered",
            DirectoryCommand::of_the_platform(Ask::Delivered(test, 2, Box::new(result()))),
        ),
        (
            "Extend",
            DirectoryCommand::of_the_platform(Ask::Extend(test, 2, START)),
        ),
        (
            "Introduce",
            DirectoryCommand::of_the_key(api_key(), Ask::WhoAmI(api_key())),
        ),
        (
            "Receive",
            DirectoryCommand::of_the_platform(Ask::Receive(Box::new(received()))),
        ),
        (
            "Received",
            DirectoryCommand::of_the_key(api_key(), Ask::Received),
        ),
        (
            "Permit",
            DirectoryCommand::of_the_key(
                api_key(),
                Ask::Permit(Permit {
                    trunk: TrunkTag(0xff00_0001),
                    agent: Some(AgentId::from_entropy([3; 16])),
                    waits: Span(START.0),
                    refused: true,
                    short: false,
                }),
            ),
        ),
        (
            "Permit.short",
            DirectoryCommand::of_the_key(
                api_key(),
                Ask::Permit(Permit {
                    trunk: TrunkTag(0xff00_0001),
                    agent: None,
                    waits: Span(0),
                    refused: false,
                    short: true,
                }),
            ),
        ),
        ("Tags", DirectoryCommand::of_the_key(api_key(), Ask::Tags)),
        (
            "Tags.watched",
            DirectoryCommand::from(Watch(Watched {
                epoch: u64::MAX,
                through: START,
                wait: Span::from_secs(5),
            }))
            .by(By::key(api_key())),
        ),
        (
            "Nudge",
            DirectoryCommand::of_the_platform(Ask::Nudge(START)),
        ),
        ("NoteExport", asked(Ask::NoteExport)),
        (
            "NoteNumbers",
            asked(Ask::NoteNumbers {
                action: "suppression.create".into(),
                target: "+919876543210".into(),
                suppresses: true,
            }),
        ),
        (
            "Erase",
            asked(Ask::Erase(erasure().id, suppression().number())),
        ),
        ("KnownErasure", asked(Ask::KnownErasure(erasure().id))),
        (
            "Erasures",
            asked(Ask::Erasures {
                pending: Some(true),
                before: Some(erasure().id),
                limit: 20,
            }),
        ),
        (
            "Answer",
            asked(Ask::Answer(Answered {
                status: 201,
                body: "{}".into(),
            })),
        ),
        ("Tick", DirectoryCommand::tick()),
        (
            "Swept",
            asked(Ask::Swept(Box::new(Sweep {
                looked_at: vec![self::trunk().tag()],
                gone: vec![self::trunk().tag()],
                findings: vec![finding()],
                unreachable: 1,
                lost_alarms: 2,
                ..Sweep::default()
            }))),
        ),
        (
            "Swept.more",
            asked(Ask::Swept(Box::new(Sweep {
                backlogs: backlogs(),
                ..Sweep::default()
            }))),
        ),
        ("DeadLetter", asked(Ask::DeadLetter)),
        ("QueueSeen", asked(Ask::QueueSeen("DISPATCH".into()))),
        ("Oversee", asked(Ask::Oversee)),
        ("DeleteOrg", asked(Ask::DeleteOrg)),
        ("Bury", asked(Ask::Bury(grave()))),
        ("Buried", asked(Ask::Buried(org()))),
        (
            "SealedBefore",
            asked(Ask::SealedBefore { key: "k2".into() }),
        ),
    ]
}

fn erasure() -> Erasure {
    Erasure {
        id: ErasureId::new(START, [9; 16]),
        requested_at: START,
        completed_at: Some(START),
        erased: Erased {
            calls: 5,
            transcripts: 4,
            recordings: 3,
            recordings_left: 2,
            archived_calls: 2,
            recipients: 1,
        },
        suppression_kept: Some(true),
    }
}

fn finding() -> Finding {
    Finding {
        kind: AlertKind::BreakerOpen,
        of: Some((org(), trunk())),
        opens: true,
        detail: "Calls are refused".into(),
    }
}

fn backlogs() -> Backlogs {
    let of = |count| Backlog {
        count,
        oldest: Some((org(), START)),
    };
    Backlogs {
        undelivered: of(1),
        erasures: of(2),
        deletions: of(3),
        former_secrets: 4,
    }
}

fn oversight() -> Oversight {
    Oversight {
        cron_at: Some(START),
        asked_at: None,
        looked_at: 3,
        unreachable: 1,
        lost_alarms: 2,
        sealed_before_at: None,
        backlogs: Backlogs::default(),
        dead_letters: 4,
        dead_letter_at: Some(START),
        queues: vec![("DISPATCH".into(), START)],
        alerts: Alerts(vec![OpenAlert {
            finding: finding(),
            since: START,
            is_told: true,
        }]),
    }
}

fn vitals() -> audatec::domain::vitals::Vitals {
    audatec::domain::vitals::Vitals {
        of: Some((org(), trunk())),
        is_active: true,
        has_rooms: true,
        channels_in_use: 1,
        max_channels: 10,
        waiting: 2,
        open: 3,
        unclaimed_since: Some(START),
        undelivered_since: Some(START),
        storage_bytes: 4_096,
        open_until: Some(START),
        held_back: vec![agent()],
        seen: Seen {
            webhook_at: Some(START),
            agent_at: Some(START),
            exhausted_at: Some(START),
        },
        lost_alarm: true,
        counts: Some(Box::new(Counts {
            over: Tally {
                calls: 2,
                mended: 1,
                failed: vec![(FailureCode::NoAnswer, 1)],
                ..Tally::default()
            },
            pending: 1,
        })),
    }
}

fn test_delivery() -> Delivery {
    let test = DeliveryId::mint_test(START, 1, &World::key());
    let mut delivery = Delivery::new(
        test,
        EventType::Completed,
        "https://example.com/hook".into(),
        START,
    );
    delivery.take(START);
    delivery.finish(1, result(), START, &Settings::default().webhook_retry);
    delivery
}

fn directory_replies() -> Vec<(&'static str, DirectoryReply)> {
    use DirectoryReply::*;
    let stored = StoredKey {
        id: api_key(),
        name: "CI".into(),
        role: Role::Admin,
        digest: new_key().digest,
        former_digest: Some(new_key().digest),
        prefix: new_key().prefix,
        created_at: START,
        expires_at: Some(START),
        last_used_at: Some(START),
        revoked_at: Some(START),
    };
    let entry = AuditEntry {
        at: START,
        key_id: Some(api_key()),
        action: "agent.create".into(),
        target: "agent/1".into(),
        request_id: "01a2-request".into(),
    };
    let answer = self::Answered {
        status: 201,
        body: "{}".into(),
    };
    let mut given = vec![
        ("Done", Done),
        (
            "Answered",
            Answered {
                answer,
                seed: "cd".repeat(32),
                again: true,
            },
        ),
        ("Settled", Settled("cd".repeat(32))),
        ("Founded", Founded(START, false)),
        ("Org", Org(Box::new(org_card()))),
        ("Org.deleted", Org(Box::new(grave().into()))),
        ("Agent", Agent(Box::new(agent_record()))),
        ("Trunk", Trunk(Box::new(trunk_config()))),
        ("Keys", Keys(vec![stored])),
        ("Secrets", Secrets(secrets())),
        ("Media", Media(Box::new(media()))),
        ("Record", Record(Some("{}".into()))),
        ("Record.none", Record(None)),
        (
            "Agents",
            Agents(r#"{"id":"1"}"#.into(), Some(agents_after())),
        ),
        ("Agents.last", Agents(String::new(), None)),
        ("Permitted", Permitted(START)),
        ("Audit", Audit(vec![(7, entry)])),
        ("Erasure", Erasure(Box::new(erasure()))),
        ("Erasures", Erasures(vec![erasure()])),
        ("Delivery", Delivery(Box::new(test_delivery()))),
        ("Deliveries", Deliveries(vec![test_delivery()])),
        (
            "Introduced",
            Introduced {
                org: "Acme".into(),
                key: "CI".into(),
            },
        ),
        ("Received", Received(vec![received()])),
        ("Tags", Tags(vec![trunk().tag()], START)),
        ("Watched", Watched(u64::MAX, vec![trunk().tag()], START)),
        ("Quiet", Quiet),
        ("Oversight", Oversight(Box::new(oversight()))),
        (
            "Oversight.more",
            Oversight(Box::new(self::Oversight {
                sealed_before_at: Some(START),
                backlogs: backlogs(),
                ..oversight()
            })),
        ),
        (
            "Ticked",
            Ticked(Box::new(directory::Ticked {
                campaigns: vec![card(true)],
                seals: vec![("k1".into(), 2)],
                undelivered: Waiting::of([START].into_iter()),
                erasures: Waiting::of([START, START].into_iter()),
                deleting_since: Some(START),
                lost_alarm: true,
            })),
        ),
        (
            "SealedBefore",
            SealedBefore(vec![trunk_config()], Some(Box::new(media()))),
        ),
        ("Marked", Marked(7, Box::new(agent_record()))),
        ("Campaign", Campaign(card(false))),
        ("Campaigns", Campaigns(vec![card(true), card(false)])),
    ];
    given.extend(
        [
            ("Refused.missing", DirectoryRefusal::Missing),
            ("Refused.changed", DirectoryRefusal::Changed),
            ("Refused.too_many", DirectoryRefusal::TooMany),
            ("Refused.last_owner", DirectoryRefusal::LastOwner),
            ("Refused.past", DirectoryRefusal::Past),
            ("Refused.key_reused", DirectoryRefusal::KeyReused),
            ("Refused.in_progress", DirectoryRefusal::InProgress),
            ("Refused.live_calls", DirectoryRefusal::LiveCalls),
            ("Refused.untold", DirectoryRefusal::NotPropagated),
            ("Refused.invalid_key", DirectoryRefusal::InvalidKey),
            ("Refused.inactive", DirectoryRefusal::Inactive),
            (
                "Refused.running_campaigns",
                DirectoryRefusal::RunningCampaigns,
            ),
            ("Refused.no_agent", DirectoryRefusal::NoAgent),
            ("Refused.no_trunk", DirectoryRefusal::NoTrunk),
            ("Refused.suspended", DirectoryRefusal::Suspended),
            ("Refused.deleted", DirectoryRefusal::Deleted),
        ]
        .map(|(name, why)| (name, Refused(why))),
    );
    given
}

fn campaign_id() -> CampaignId {
    campaigns::draft().id
}

fn card(runs: bool) -> CampaignCard {
    let run = Run {
        mark: 7,
        at: START,
        key: api_key(),
        agent: agent(),
        trunk: trunk(),
    };
    CampaignCard {
        id: campaign_id(),
        created_at: START,
        run: runs.then_some(run),
        rested_at: None,
    }
}

fn suppression() -> Suppression {
    Suppression {
        phone: E164::parse("+919876543210").expect("a number"),
        reason: Some("Asked us by letter".into()),
        source: Source::Import,
        created_at: START,
        expires_at: Some(START + Span::from_secs(3_600)),
    }
}

fn take(stage: Stage) -> Take {
    Take {
        number: suppression().number(),
        ticket: Ticket(trunk().tag(), 251_000_000_000_001),
        by: 7,
        org: vec![ContactLimit(3, Per::Day), ContactLimit(3_600, Per::Gap)],
        own: vec![ContactLimit(1, Per::Hour)],
        zone: Some("Asia/Kolkata".into()),
        stage,
    }
}

fn contacts_commands() -> Vec<(&'static str, ContactsCommand)> {
    use ContactsCommand::*;
    let number = suppression().number();
    vec![
        ("Look", Look(vec![number])),
        ("Take", Take(vec![take(Stage::Reserve)])),
        (
            "GiveBack",
            GiveBack(vec![(number, take(Stage::Dial).ticket)]),
        ),
        ("Get", Get(number)),
        (
            "Page",
            Page {
                before: None,
                limit: 51,
                in_parts: false,
            },
        ),
        (
            "Page.behind",
            Page {
                before: Some((START, number)),
                limit: 51,
                in_parts: false,
            },
        ),
        (
            "Page.in_parts",
            Page {
                before: None,
                limit: 51,
                in_parts: true,
            },
        ),
        ("Put", Put(vec![suppression()])),
        ("Remove", Remove(number)),
        ("Erase", Erase(number)),
        (
            "Tell",
            Tell {
                org: org(),
                trunks: vec![trunk().tag()],
                numbers: vec![number],
            },
        ),
        ("Tick", Tick),
    ]
}

fn contacts_replies() -> Vec<(&'static str, ContactsReply)> {
    use ContactsReply::*;
    let kept = |last| Kept {
        added: 1,
        updated: 2,
        last,
    };
    let always = Suppression {
        reason: None,
        source: Source::Agent,
        expires_at: None,
        ..suppression()
    };
    vec![
        ("Done", Done),
        ("Words", Words(vec![(suppression().number(), true)])),
        (
            "Taken",
            Taken(vec![
                Word::suppressed(false),
                Word {
                    suppressed: false,
                    contact: Contact::Limited(Some(START)),
                },
                Word {
                    suppressed: false,
                    contact: Contact::Limited(None),
                },
            ]),
        ),
        (
            "Suppressions",
            Suppressions(vec![suppression(), always.clone()]),
        ),
        ("Page", Page(vec![suppression(), always], None)),
        (
            "Page.ended_early",
            Page(Vec::new(), Some((START, suppression().number()))),
        ),
        ("Kept", kept(Some(Box::new(suppression())))),
        ("Kept.none", kept(None)),
        ("Full", Full),
        ("Removed", Removed(true)),
        ("Told", Told(false)),
    ]
}

fn dispatches() -> Vec<(&'static str, DispatchMessage)> {
    let trunk = trunk().tag();
    let calls = || vec![call()];
    vec![
        (
            "dial",
            DispatchMessage::Dial {
                trunk,
                calls: calls(),
            },
        ),
        (
            "inquire",
            DispatchMessage::Inquire {
                trunk,
                calls: calls(),
            },
        ),
        (
            "release",
            DispatchMessage::TearDown {
                trunk,
                calls: calls(),
            },
        ),
    ]
}

fn next() -> Box<CallbackMessage> {
    let (_, message) = callbacks().remove(0);
    Box::new(message)
}

fn callbacks() -> Vec<(&'static str, CallbackMessage)> {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    let told = world.sent.callbacks.remove(0);
    let failed = CallbackMessage {
        failure: Some("callee/busy".into()),
        ..told.clone()
    };
    let over = CallbackMessage {
        campaign: Some(CampaignId::from_entropy([9; 16])),
        ..told.clone()
    };
    vec![("completed", told), ("failed", failed), ("campaign", over)]
}
