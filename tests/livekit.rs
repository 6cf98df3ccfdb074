//! A LiveKit trunk on virtual time: what is asked of LiveKit, byte for byte, and what its object owes
//! until nothing of a call is left there.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects"
)]

#[path = "support/golden.rs"]
mod golden;
mod support;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use audatec::app::dialers::livekit::{self, Ask};
use audatec::app::directory::{self, DirectoryCommand, DirectoryReply};
use audatec::app::ports::{
    Answer, Directories, Host, Poster, Records, Secrets, Trunks, Twirp, TwirpAnswer, Unavailable,
    Vault,
};
use audatec::app::records::RecordKey;
use audatec::app::trunk::{Order, TrunkCommand, TrunkReply};
use audatec::domain::access::KeyRecord;
use audatec::domain::agent::{Agent, InputSchema, Status};
use audatec::domain::call::{
    Call, CallStatus, CarrierEvent, Failure, FailureCode, Finding, RELEASE_PATIENCE, Reason, SETUP,
    Timed,
};
use audatec::domain::ids::{CallId, OrgId, TrunkTag};
use audatec::domain::media::{Media, Storage};
use audatec::domain::settings::Settings;
use audatec::domain::target::Target;
use audatec::domain::time::Millis;
use audatec::domain::trunk::{Carrier, Sealed};
use serde_json::{Value, json};
use support::livekit::{NUMBER, claim, line_to, livekit_world, row, say};
use support::{START, World};

/// An answered call.
fn answered(world: &mut World) -> CallId {
    let id = world.accepted(NUMBER);
    claim(world, id);
    assert_eq!(say(world, id, &[CarrierEvent::Ringing]), TrunkReply::Done);
    assert_eq!(say(world, id, &[CarrierEvent::Answered]), TrunkReply::Done);
    id
}

#[test]
fn a_call_is_hung_up_where_it_was_dialed_whatever_the_trunks_line_is_now() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    world.now = world.now + Millis(1_000);
    world.brief(100, 100, |brief| brief.version += 2); // a simulator now
    let next = world.accepted(NUMBER);
    assert_eq!(claim(&mut world, next).carrier, Carrier::Simulator);
    world.crash();
    world.ask(TrunkCommand::Cancel(support::reader(), id));
    let TrunkReply::Orders(orders) = world.ask(TrunkCommand::Release(vec![id])) else {
        panic!("orders")
    };
    let Carrier::LiveKit { url, .. } = &orders[0].carrier else {
        panic!("another line: {orders:?}")
    };
    assert_eq!(url, "wss://livekit.example.com");
}

#[test]
fn a_stored_call_with_a_room_is_pinned() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    say(
        &mut world,
        id,
        &[CarrierEvent::Announced, CarrierEvent::Ringing],
    );
    let stored = serde_json::to_value(row(&world, id)).expect("JSON");
    golden::check("calls/stored_told_room", &stored);
    let read: Call = serde_json::from_value(stored).expect("readable");
    assert!(read.room && read.announced);
}

#[test]
fn each_call_is_a_message_of_its_own() {
    let mut world = livekit_world();
    let calls: Vec<_> = (0..3).map(|_| world.accepted(NUMBER)).collect();
    let tag = calls[0].address().tag;
    assert_eq!(world.sent.dials(tag, 1).len(), 3);
}

#[test]
fn what_ends_is_released_until_that_is_done_even_across_a_crash() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    say(&mut world, id, &[CarrierEvent::HungUp(None)]);
    assert_eq!(std::mem::take(&mut world.sent.release), [id]);
    world.crash();
    world.now = world.now + Millis(1);
    world.ask(TrunkCommand::Tick);
    assert_eq!(std::mem::take(&mut world.sent.release), [id]);
    world.now = world.now + Millis::from_secs(11);
    world.ask(TrunkCommand::Tick);
    assert_eq!(std::mem::take(&mut world.sent.release), [id]);
    let TrunkReply::Orders(orders) = world.ask(TrunkCommand::Release(vec![id])) else {
        panic!("orders")
    };
    assert_eq!(orders.len(), 1);
    world.ask(TrunkCommand::Released(vec![id]));
    assert!(!row(&world, id).room);
    world.now = world.now + Millis::from_secs(60);
    world.ask(TrunkCommand::Tick);
    assert!(world.sent.release.is_empty());
}

#[test]
fn a_dialer_that_fails_and_has_cleared_up_leaves_nothing_to_release() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    let busy = CarrierEvent::Failed(Failure::sip(486));
    say(&mut world, id, &[busy, CarrierEvent::Released]);
    let call = row(&world, id);
    assert_eq!((call.status, call.room), (CallStatus::Decline, false));
    assert!(world.sent.release.is_empty());
}

#[test]
fn a_dialer_hears_that_its_call_is_over_and_a_room_made_meanwhile_is_released_too() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    world.ask(TrunkCommand::Cancel(support::reader(), id));
    assert_eq!(std::mem::take(&mut world.sent.release), [id]);
    world.ask(TrunkCommand::Released(vec![id]));
    assert!(row(&world, id).room, "the dialer may be at it still");
    assert_eq!(say(&mut world, id, &[]), TrunkReply::Over(vec![id]));
    world.now = world.now + SETUP;
    world.ask(TrunkCommand::Tick);
    assert_eq!(std::mem::take(&mut world.sent.release), [id]);
    world.ask(TrunkCommand::Released(vec![id]));
    assert!(!row(&world, id).room);
}

#[test]
fn a_carrier_that_stays_away_is_not_told_for_ever() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    world.ask(TrunkCommand::Cancel(support::reader(), id));
    let longest = world.settings.max_call + RELEASE_PATIENCE;
    let mut told = 0;
    let end = world.now + longest;
    while world.now < end {
        world.now = world.now + Millis::from_secs(10);
        world.ask(TrunkCommand::Tick);
        told += std::mem::take(&mut world.sent.release).len() as u64;
    }
    assert!(!row(&world, id).room);
    assert!(
        (longest.0 / 10_000 - 2..=longest.0 / 10_000).contains(&told),
        "told {told} times"
    );
}

#[test]
fn a_room_that_was_left_while_the_object_slept_is_deleted_all_the_same() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    world.ask(TrunkCommand::Cancel(support::reader(), id));
    world.crash();
    world.sent.release.clear();
    world.now = world.now + world.settings.max_call + RELEASE_PATIENCE + RELEASE_PATIENCE;
    for tries in 1..=10 {
        world.ask(TrunkCommand::Tick);
        assert_eq!(std::mem::take(&mut world.sent.release), [id], "try {tries}");
        world.now = world.now + Millis::from_secs(10);
    }
    world.ask(TrunkCommand::Tick);
    assert!(!row(&world, id).room, "it is not told for ever");
}

#[test]
fn a_conversation_is_looked_at_once_a_minute_when_it_is_announced() {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    say(&mut world, id, &[CarrierEvent::Announced]);
    say(&mut world, id, &[CarrierEvent::Answered]);
    world.now = START + Millis::from_secs(59);
    world.ask(TrunkCommand::Tick);
    assert!(world.sent.inquire.is_empty());
    world.now = START + Millis::from_secs(60);
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.sent.inquire, [id]);
}

#[test]
fn the_dials_own_word_counts_more_than_what_is_presumed() {
    let presumed = |world: &World| {
        let failure = CarrierEvent::Failed(Failure::of(FailureCode::Declined));
        Timed {
            at: world.now + Millis(5_000),
            event: failure,
        }
    };
    for dial_answers in [true, false] {
        let mut world = livekit_world();
        let id = world.accepted(NUMBER);
        claim(&mut world, id);
        let hint = presumed(&world);
        world.ask(TrunkCommand::Carrier(vec![(id, vec![hint])]));
        assert_eq!(world.call(id).status, CallStatus::Initiating);
        if dial_answers {
            let busy = CarrierEvent::Failed(Failure::sip(486));
            say(&mut world, id, &[busy, CarrierEvent::Released]);
        }
        world.now = world.now + Millis(5_000);
        world.ask(TrunkCommand::Tick);
        let call = row(&world, id);
        let sip = call.failure.and_then(|failure| failure.sip_status_code);
        assert_eq!(call.status, CallStatus::Decline);
        assert_eq!(sip, dial_answers.then_some(486));
    }
}

/// What a dialer reaches: a LiveKit that answers from a list, and a trunk that answers `Done`.
struct Line {
    now: Cell<Millis>,
    settings: Settings,
    secrets: Secrets,
    answers: RefCell<VecDeque<(&'static str, u16, Value)>>,
    asked: RefCell<Vec<Value>>,
    told: RefCell<Vec<TrunkCommand>>,
    log: RefCell<Vec<String>>,
    /// What the trunk answers whoever wants to ring, before it says that it may.
    turns: RefCell<VecDeque<TrunkReply>>,
    /// No report reaches the trunk.
    hears_nothing: Cell<bool>,
    /// The dial is not answered as long as anybody looks.
    rings_on: Cell<bool>,
    /// When the phone was asked to ring.
    dialed_at: Cell<Option<Millis>>,
}

impl Line {
    fn answering(answers: &[(&'static str, u16, Value)]) -> Self {
        Self {
            now: Cell::new(START),
            settings: Settings {
                public_url: Some("https://calls.example.com".into()),
                ..Settings::default()
            },
            secrets: Secrets::derive(b"master key", String::new()),
            answers: RefCell::new(answers.iter().cloned().collect()),
            asked: RefCell::default(),
            told: RefCell::default(),
            turns: RefCell::default(),
            hears_nothing: Cell::default(),
            rings_on: Cell::default(),
            dialed_at: Cell::default(),
            log: RefCell::default(),
        }
    }
}

impl Host for Line {
    fn now(&self) -> Millis {
        self.now.get()
    }
    fn entropy(&self) -> [u8; 32] {
        [0; 32]
    }
    async fn sleep(&self, time: Millis) {
        self.now.set(self.now.get() + time);
        turn().await;
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }
    fn secrets(&self) -> &Secrets {
        &self.secrets
    }
    fn parse_url(&self, _: &str) -> Option<Target> {
        None
    }
    fn log(&self, line: &str) {
        self.log.borrow_mut().push(line.into());
    }
}

impl Records for Line {
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        let id = match key {
            RecordKey::Agent(_, id) => id,
            _ => return Ok(None),
        };
        let agent = Agent {
            id: *id,
            name: "EMI Reminder Agent".into(),
            agent_code: "emi-reminder-v2".into(),
            status: Status::Active,
            input_schema: InputSchema::default(),
            script: Some("Say hello.".into()),
            voice: None,
            outcome_schema: None,
            voicemail: None,
            created_at: START,
        };
        Ok(serde_json::to_string(&agent).ok())
    }
    fn may_doubt(&self, _: OrgId) -> bool {
        true
    }
    fn learn(&self, _: &RecordKey, _: &str) {}
    fn forget(&self, _: OrgId) {}
    fn note_use(&self, _: &KeyRecord) {}
}

impl Directories for Line {
    async fn directory(
        &self,
        _: OrgId,
        command: &DirectoryCommand,
    ) -> Result<DirectoryReply, Unavailable> {
        match &command.what {
            directory::Ask::Record(RecordKey::Media(_)) => {
                Ok(DirectoryReply::Record(serde_json::to_string(&media()).ok()))
            }
            _ => Err(Unavailable),
        }
    }
}

impl Trunks for Line {
    async fn trunk(&self, _: TrunkTag, command: &TrunkCommand) -> Result<TrunkReply, Unavailable> {
        self.told.borrow_mut().push(command.clone());
        if self.hears_nothing.get() && matches!(command, TrunkCommand::Carrier(_)) {
            return Err(Unavailable);
        }
        let turn = match command {
            TrunkCommand::Ring(_) => self.turns.borrow_mut().pop_front(),
            _ => None,
        };
        Ok(turn.unwrap_or(TrunkReply::Done))
    }
}

impl Vault for Line {
    async fn seal(&self, secret: &str, _: &str) -> Result<Sealed, Unavailable> {
        Ok(Sealed(secret.into()))
    }
    async fn open(&self, _: &Sealed, _: &str) -> Result<String, Unavailable> {
        Ok("secret".into())
    }
}

impl Twirp for Line {
    async fn twirp(&self, url: &str, _: &str, ask: &Ask) -> Result<TwirpAnswer, Unavailable> {
        self.asked.borrow_mut().push(json!({
            "url": url, "grants": ask.grants, "body": ask.body, "timeout_ms": ask.timeout.0,
            "server_timeout_ms": ask.server_timeout.map(|time| time.0),
        }));
        // The dial is answered after the first look: a phone rings for a while.
        if ask.method.starts_with("SIP/") {
            self.dialed_at.set(Some(self.now.get()));
        }
        let looks = if self.rings_on.get() { 1_000 } else { 3 };
        for _ in 0..if ask.method.starts_with("SIP/") {
            looks
        } else {
            0
        } {
            turn().await;
        }
        let mut answers = self.answers.borrow_mut();
        let at = answers
            .iter()
            .position(|(method, ..)| ask.method.ends_with(method));
        let (_, status, body) = at.and_then(|at| answers.remove(at)).ok_or(Unavailable)?;
        Ok(TwirpAnswer {
            status,
            body: body.to_string(),
        })
    }
}

impl Poster for Line {
    async fn post(
        &self,
        _: &str,
        _: &[(&'static str, String)],
        _: &str,
        _: Millis,
    ) -> Result<Answer, String> {
        Err("nobody is called back here".into())
    }
}

async fn turn() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
}

fn order() -> Order {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id)
}

/// Recordings are kept.
fn media() -> Media {
    Media {
        transcripts: false,
        recordings: Some(Storage {
            endpoint: String::new(),
            region: "ap-south-1".into(),
            bucket: "calls".into(),
            prefix: String::new(),
            access_key: "AKIA".into(),
            secret: Sealed("sealed".into()),
        }),
    }
}

fn gone() -> Value {
    json!({"code": "not_found", "msg": "participant does not exist"})
}

/// A room that is empty, or not there.
fn nobody() -> Value {
    json!({"participants": []})
}

/// The agent in its room, and nobody else.
fn agent() -> Value {
    in_room(&[])
}

/// The agent, and the callee of `order`, who fares so.
fn callee(status: &str) -> Value {
    in_room(&[
        json!({"identity": format!("callee-{}", order().call), "kind": "SIP", "state": "ACTIVE",
                     "attributes": {"sip.callStatus": status}}),
    ])
}

fn in_room(others: &[Value]) -> Value {
    let agent = json!({"identity": "agent-AJ_1", "kind": "AGENT", "state": "ACTIVE"});
    let participants: Vec<_> = std::iter::once(&agent).chain(others).collect();
    json!({"participants": participants})
}

#[test]
fn what_is_asked_of_livekit_is_pinned() {
    let error = json!({"code": "resource_exhausted", "meta": {"sip_status_code": "486"}});
    let line = Line::answering(&[
        ("CreateRoom", 200, json!({"sid": "RM_1"})),
        ("ListParticipants", 200, agent()),
        ("CreateSIPParticipant", 429, error),
        ("ListParticipants", 200, callee("ringing")),
        ("DeleteRoom", 200, json!({})),
    ]);
    let events = block_on(livekit::dial(&line, &order()));
    let events: Vec<_> = events.into_iter().map(|timed| timed.event).collect();
    let busy = CarrierEvent::Failed(Failure::sip(486));
    assert_eq!(events, [busy, CarrierEvent::Deleted]);
    golden::check("livekit/asked_who_is_there", &json!(*line.asked.borrow()));
    assert!(was_told(&line, &CarrierEvent::Ringing));
}

#[test]
fn an_answer_that_is_lost_is_looked_for_and_nothing_is_dialed_again() {
    let line = Line::answering(&[
        ("CreateRoom", 200, json!({})),
        ("ListParticipants", 200, agent()),
        ("ListParticipants", 200, callee("ringing")),
        ("ListParticipants", 200, callee("ringing")),
        ("ListParticipants", 200, callee("active")),
    ]);
    let events = block_on(livekit::dial(&line, &order()));
    assert_eq!(
        events.last().map(|timed| &timed.event),
        Some(&CarrierEvent::Answered)
    );
    assert_eq!(asked(&line, "CreateSIPParticipant"), 1);
}

/// A dial whose answer is lost, and what each look at the callee finds.
fn lost_dial(looks: impl IntoIterator<Item = (u16, Value)>) -> Line {
    let set_up = [
        ("CreateRoom", 200, json!({})),
        ("ListParticipants", 200, agent()),
        ("DeleteRoom", 200, json!({})),
    ];
    let looks = looks
        .into_iter()
        .map(|(status, body)| ("ListParticipants", status, body));
    Line::answering(&set_up.into_iter().chain(looks).collect::<Vec<_>>())
}

fn dial(line: &Line, order: &Order) -> Vec<CarrierEvent> {
    let events = block_on(livekit::dial(line, order));
    events.into_iter().map(|timed| timed.event).collect()
}

fn was_told(line: &Line, event: &CarrierEvent) -> bool {
    line.told.borrow().iter().any(|command| {
        matches!(command, TrunkCommand::Carrier(reports)
        if reports.iter().any(|(_, events)| events.iter().any(|timed| timed.event == *event)))
    })
}

fn asked(line: &Line, method: &str) -> usize {
    let is_it = |ask: &&Value| ask["url"].as_str().is_some_and(|url| url.ends_with(method));
    line.asked.borrow().iter().filter(is_it).count()
}

#[test]
fn a_callee_that_comes_seconds_after_the_answer_was_lost_is_found() {
    let absent = std::iter::repeat_n((200, agent()), 12);
    let there = ["dialing", "ringing", "active"].map(|status| (200, callee(status)));
    let line = lost_dial(absent.chain(there));
    assert_eq!(dial(&line, &order()), [CarrierEvent::Answered]);
    assert!(was_told(&line, &CarrierEvent::Ringing));
    assert_eq!(asked(&line, "CreateSIPParticipant"), 1);
    assert_eq!(asked(&line, "DeleteRoom"), 0);
}

#[test]
fn a_callee_that_nobody_ever_saw_is_looked_for_before_the_call_is_given_up() {
    let line = lost_dial(std::iter::repeat_n((200, agent()), 60));
    let lost = Failure::dialer(Reason::NotReachable);
    assert_eq!(dial(&line, &order()), [CarrierEvent::Failed(lost)]);
    let took = line.now.get() - START;
    assert!(
        (20..=30).contains(&took.as_secs()),
        "the presumption came after {took:?}"
    );
}

#[test]
fn a_callee_that_was_seen_to_answer_and_is_gone_has_hung_up() {
    let looks = [(200, callee("active"))].into_iter();
    let line = lost_dial(looks.chain(std::iter::repeat_n((200, agent()), 8)));
    assert_eq!(dial(&line, &order()), [CarrierEvent::HungUp(None)]);
    assert!(was_told(&line, &CarrierEvent::Answered));
}

#[test]
fn a_recording_is_started_once_whoever_sees_the_answer() {
    for (running, starts) in [(json!([]), 1), (json!([{"egress_id": "EG_1"}]), 0)] {
        let line = Line::answering(&[
            ("ListParticipants", 200, callee("active")),
            ("ListEgress", 200, json!({"items": running})),
            ("StartRoomCompositeEgress", 200, json!({})),
        ]);
        let mut order = order();
        order.keeps.recording = true;
        let finding = block_on(livekit::inquire(&line, &order));
        assert!(matches!(finding, Ok(Finding::Happened(_))), "{finding:?}");
        assert_eq!(asked(&line, "StartRoomCompositeEgress"), starts);
    }
}

#[test]
fn an_event_is_no_earlier_than_what_is_known_whatever_the_carriers_clock_says() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    let answered_at = world.now;
    world.now = world.now + Millis(30_000);
    let early = Timed {
        at: answered_at - Millis(60_000),
        event: CarrierEvent::HungUp(None),
    };
    world.ask(TrunkCommand::Carrier(vec![(id, vec![early])]));
    let call = row(&world, id);
    assert_eq!(call.ended_at, Some(answered_at));
    assert_eq!(call.duration_secs(), Some(0));
}

#[test]
fn phones_keep_to_max_cps_though_their_agents_come_together_and_across_a_crash() {
    let mut world = livekit_world();
    let calls: Vec<_> = (0..3).map(|_| world.accepted(NUMBER)).collect();
    for id in &calls {
        claim(&mut world, *id);
    }
    world.brief(100, 2, |brief| {
        brief.version += 2;
        brief.config.carrier = line_to("livekit", "APIkey");
    });
    world.now = world.now + Millis(5_000);
    let next = TrunkReply::NotBefore(world.now + Millis(1_000));
    let ring = |world: &mut World, call: usize| world.ask(TrunkCommand::Ring(calls[call]));
    assert_eq!(ring(&mut world, 0), TrunkReply::Done);
    assert_eq!(ring(&mut world, 1), TrunkReply::Done);
    assert_eq!(ring(&mut world, 2), next);
    world.now = world.now + Millis(1_000);
    assert_eq!(ring(&mut world, 2), TrunkReply::Done);
    world.ask(TrunkCommand::Cancel(support::reader(), calls[0]));
    assert_eq!(ring(&mut world, 0), TrunkReply::Over(vec![calls[0]]));

    world.crash();
    let next = TrunkReply::NotBefore(world.now + Millis(1_000));
    assert_eq!(ring(&mut world, 1), next);
    world.now = world.now + Millis(1_000);
    assert_eq!(ring(&mut world, 1), TrunkReply::Done);
}

#[test]
fn a_word_that_is_repeated_puts_no_end_off() {
    let mut world = livekit_world();
    let id = answered(&mut world);
    let first = world.now + Millis(5_000);
    for _ in 0..4 {
        let presumed = Timed {
            at: world.now + Millis(5_000),
            event: CarrierEvent::HungUp(None),
        };
        world.ask(TrunkCommand::Carrier(vec![(id, vec![presumed])]));
        world.now = world.now + Millis(2_000);
    }
    assert_eq!(row(&world, id).ended_at, Some(first));
}

#[test]
fn a_room_whose_making_was_not_answered_is_deleted_until_nothing_of_it_can_come() {
    let lost = Line::answering(&[("DeleteRoom", 404, gone())]);
    let refused = Failure::dialer(Reason::NotReachable);
    let events = block_on(livekit::dial(&lost, &order()));
    assert_eq!(asked(&lost, "DeleteRoom"), 1);
    assert_eq!(asked(&lost, "CreateSIPParticipant"), 0);

    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id);
    world.ask(TrunkCommand::Carrier(vec![(id, events)]));
    let mut hung_up = Vec::new();
    for second in 0..60 {
        world.now = world.now + Millis(1_000);
        world.ask(TrunkCommand::Tick);
        if !std::mem::take(&mut world.sent.release).is_empty() {
            hung_up.push(second);
            world.ask(TrunkCommand::Released(vec![id]));
        }
    }
    assert_eq!(row(&world, id).failure, Some(refused));
    assert!(
        hung_up.len() >= 3 && hung_up.last() >= Some(&24),
        "{hung_up:?}"
    );
    assert!(!row(&world, id).room);
}

#[test]
fn a_former_line_speaks_for_the_calls_that_were_dialed_over_it() {
    let mut world = livekit_world();
    let old = answered(&mut world);
    world.now = world.now + Millis(1_000);
    world.brief(100, 100, |brief| {
        brief.version += 2;
        brief.config.carrier = line_to("another", "APIother");
    });
    let new = answered(&mut world);
    for (of, key) in [
        (None, "APIother"),
        (Some(old), "APIkey"),
        (Some(new), "APIother"),
    ] {
        let TrunkReply::Line(Some(line)) = world.ask(TrunkCommand::Line(of)) else {
            panic!("no line of {of:?}")
        };
        assert_eq!(line.api_key, key, "{of:?}");
    }
}

#[test]
fn a_livekit_that_has_forgotten_is_told_to_hang_up_before_the_call_ends() {
    let line = Line::answering(&[
        ("ListParticipants", 200, nobody()),
        ("DeleteRoom", 404, gone()),
    ]);
    line.now.set(START + SETUP);
    let finding = block_on(livekit::inquire(&line, &order()));
    let Ok(Finding::Happened(events)) = finding else {
        panic!("{finding:?}")
    };
    assert!(
        events
            .iter()
            .any(|timed| timed.event == CarrierEvent::Deleted)
    );
    let line = Line::answering(&[("ListParticipants", 200, nobody())]);
    line.now.set(START + SETUP);
    assert_eq!(
        block_on(livekit::inquire(&line, &order())),
        Err(Unavailable)
    );
}

fn happened(line: &Line, order: &Order) -> Vec<CarrierEvent> {
    match block_on(livekit::inquire(line, order)) {
        Ok(Finding::Happened(events)) => events.into_iter().map(|timed| timed.event).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_inquiry_that_finds_somebody_without_an_agent_hangs_up() {
    use CarrierEvent::{Answered, Deleted, Deserted, Ringing};
    for (status, answered, found) in [
        ("active", true, vec![Deserted, Deleted]),
        ("active", false, vec![Answered, Deserted, Deleted]),
        ("ringing", false, vec![Ringing, Deserted, Deleted]),
    ] {
        let looks = std::iter::repeat_n(("ListParticipants", 200, alone(status)), 3);
        let deleted = ("DeleteRoom", 200, json!({}));
        let line = Line::answering(&looks.chain([deleted]).collect::<Vec<_>>());
        let mut order = order();
        order.answered_at = answered.then_some(START);
        assert_eq!(happened(&line, &order), found, "{status}");
        assert!(
            was_told(&line, &Deserted),
            "before LiveKit says that the callee left"
        );
    }
    // The word that it could not be done leaves that to the trunk.
    let looks = std::iter::repeat_n(("ListParticipants", 200, alone("active")), 3);
    let line = Line::answering(&looks.collect::<Vec<_>>());
    let mut order = order();
    order.answered_at = Some(START);
    assert_eq!(happened(&line, &order), [Deserted]);
}

#[test]
fn an_agent_that_is_out_of_sight_for_a_moment_is_not_gone() {
    let line = Line::answering(&[
        ("ListParticipants", 200, alone("active")),
        ("ListParticipants", 200, alone("active")),
        ("ListParticipants", 200, callee("active")),
    ]);
    let mut order = order();
    order.answered_at = Some(START);
    let finding = block_on(livekit::inquire(&line, &order));
    assert_eq!(finding, Ok(Finding::StillThere));
    assert_eq!(asked(&line, "DeleteRoom"), 0);
}

#[test]
fn an_inquiry_about_a_call_whose_agent_is_done_hangs_up_on_whoever_is_there() {
    let line = Line::answering(&[
        ("ListParticipants", 200, callee("active")),
        ("DeleteRoom", 200, json!({})),
    ]);
    let mut order = order();
    (order.answered_at, order.is_agent_done) = (Some(START), true);
    let hung_up = [CarrierEvent::Deserted, CarrierEvent::Deleted];
    assert_eq!(happened(&line, &order), hung_up);
}

#[test]
fn a_phone_that_is_picked_up_when_its_agent_has_just_left_is_hung_up_at_once() {
    let alone = || ("ListParticipants", 200, alone("active"));
    let line = Line::answering(&[
        ("CreateRoom", 200, json!({"sid": "RM_1"})),
        ("ListParticipants", 200, agent()),
        ("CreateSIPParticipant", 200, json!({"sip_call_id": "SCL_1"})),
        ("ListParticipants", 200, callee("ringing")),
        alone(),
        alone(),
        alone(),
        ("DeleteRoom", 200, json!({})),
    ]);
    let events = dial(&line, &order());
    assert_eq!(
        events,
        [
            CarrierEvent::Answered,
            CarrierEvent::Deserted,
            CarrierEvent::Deleted
        ]
    );
}

#[test]
fn while_the_room_is_being_set_up_nobody_in_it_is_no_news() {
    let line = Line::answering(&[("ListParticipants", 200, nobody())]);
    assert_eq!(
        block_on(livekit::inquire(&line, &order())),
        Ok(Finding::StillThere)
    );
}

/// LiveKit's answer to a wrong secret holds the token that it was sent.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJBUElrZXkifQ.c2lnbmF0dXJl";

#[test]
fn a_call_that_the_dialer_could_not_place_says_why_in_its_row_and_in_one_line_of_the_log() {
    let words = |text: String| Value::String(text);
    let twirp = |code: &str, msg: &str| json!({"code": code, "msg": msg});
    let refused = |status, body: Value| vec![("CreateRoom", status, body)];
    let at_dial = |status, body: Value| {
        vec![
            ("CreateRoom", 200, json!({"name": "room"})),
            ("ListParticipants", 200, agent()),
            ("ListParticipants", 200, agent()),
            ("CreateSIPParticipant", status, body),
        ]
    };
    let token = format!("invalid token: {TOKEN}, error: cryptographic primitive");
    for (answers, reason, told) in [
        (
            refused(401, words("invalid API key: APIkey".into())),
            Reason::WrongKey,
            "wrong key",
        ),
        (
            refused(401, words(token)),
            Reason::WrongSecret,
            "wrong secret",
        ),
        (
            refused(200, words("<html>".into())),
            Reason::NotLiveKit,
            "not a LiveKit",
        ),
        (vec![], Reason::NotReachable, "server not reachable"),
        (
            at_dial(
                404,
                twirp("not_found", "requested sip trunk does not exist"),
            ),
            Reason::UnknownTrunk,
            "unknown trunk",
        ),
        (
            at_dial(503, twirp("unavailable", "no response from servers")),
            Reason::NoSipNode,
            "no SIP node",
        ),
        (
            at_dial(503, twirp("unavailable", "cpu exhausted")),
            Reason::NodeFull,
            "node full",
        ),
    ] {
        let line = Line::answering(&answers);
        let mut world = livekit_world();
        let id = world.accepted(NUMBER);
        let order = claim(&mut world, id);
        let events = block_on(livekit::dial(&line, &order));
        world.ask(TrunkCommand::Carrier(vec![(id, events)]));
        world.now = world.now + Millis(10_000);
        world.ask(TrunkCommand::Tick);
        let call = row(&world, id);

        assert_eq!(
            call.failure.and_then(|failure| failure.reason),
            Some(reason)
        );
        let ended = call
            .timeline()
            .pop()
            .and_then(|entry| entry.detail)
            .expect("a detail");
        assert!(
            ended.starts_with(&format!("The dialer could not start the call: {told}")),
            "{ended}"
        );
        let log = line.log.borrow();
        assert_eq!(log.len(), 1, "{log:?}");
        assert!(
            log[0].contains(&id.to_string()) && log[0].contains(told),
            "{log:?}"
        );
        assert!(!format!("{log:?}{call:?}").contains(TOKEN));
    }
}

fn agent_in(state: &str) -> Value {
    json!({"participants": [{"identity": "agent-AJ_1", "kind": "AGENT", "state": state}]})
}

/// An agent that comes after so many looks, and a phone that is picked up.
fn agent_after(looks: usize) -> Line {
    let nobody = ("ListParticipants", 200, json!({"participants": []}));
    let mut answers = vec![("CreateRoom", 200, json!({}))];
    answers.extend(std::iter::repeat_n(nobody, looks));
    answers.push(("ListParticipants", 200, agent_in("JOINING")));
    answers.push(("ListParticipants", 200, agent()));
    answers.push(("CreateSIPParticipant", 200, json!({"sip_call_id": "SCL_1"})));
    answers.push(("DeleteRoom", 200, json!({})));
    Line::answering(&answers)
}

#[test]
fn the_phone_is_asked_to_ring_within_60_ms_of_an_agent_that_comes_as_they_do_and_after_18_s_too() {
    for (looks, least, most) in [(8, 500, 600), (68, 17_000, 19_000)] {
        let line = agent_after(looks);
        let events = dial(&line, &order());
        assert_eq!(events.last(), Some(&CarrierEvent::Answered));
        // Time passes only where the dialer waits.
        let took = line.dialed_at.get().unwrap_or_default() - START;
        assert!((least..=most).contains(&took.0), "{looks} looks: {took:?}");
        assert!(asked(&line, "CreateSIPParticipant") == 1 && asked(&line, "ListDispatch") == 0);
    }
}

#[test]
fn no_phone_rings_for_a_job_that_was_accepted_or_an_agent_that_is_not_in_the_room() {
    for participants in [
        json!([]),
        json!([{"identity": "agent-AJ_1", "kind": "AGENT", "state": "JOINED"}]),
        json!([{"identity": "agent-AJ_1", "kind": "AGENT", "state": "DISCONNECTED"}]),
        json!([{"identity": "agent-AJ_1", "kind": "STANDARD", "state": "ACTIVE"}]),
        json!([{"identity": "EG_1", "kind": "EGRESS", "state": "ACTIVE"}]),
    ] {
        let look = (
            "ListParticipants",
            200,
            json!({"participants": participants}),
        );
        let dispatch = json!({"agent_dispatches": [{"state": {"jobs": [{"state": {"status": "JS_RUNNING"}}]}}]});
        let mut answers = vec![
            ("CreateRoom", 200, json!({})),
            ("DeleteRoom", 200, json!({})),
        ];
        answers.push(("ListDispatch", 200, dispatch));
        answers.extend(std::iter::repeat_n(look, 400));
        let line = Line::answering(&answers);
        let absent = CarrierEvent::Failed(Failure::of(FailureCode::AgentUnavailable));
        let events = dial(&line, &order());
        assert_eq!(events, [absent, CarrierEvent::Deleted], "{participants}");
        assert_eq!(asked(&line, "CreateSIPParticipant"), 0);
        let waited = line.now.get() - START;
        assert!((18_000..=20_000).contains(&waited.0), "{waited:?}");
    }
}

#[test]
fn an_agent_that_left_while_the_phone_waited_for_its_turn_is_missed_before_it_rings() {
    let nobody = ("ListParticipants", 200, json!({"participants": []}));
    let mut answers = vec![
        ("CreateRoom", 200, json!({})),
        ("ListParticipants", 200, agent()),
        ("DeleteRoom", 200, json!({})),
    ];
    answers.extend(std::iter::repeat_n(nobody, 100));
    let line = Line::answering(&answers);
    let not_before = TrunkReply::NotBefore(START + Millis(4_000));
    line.turns.borrow_mut().push_back(not_before);
    let absent = CarrierEvent::Failed(Failure::of(FailureCode::AgentUnavailable));
    assert_eq!(dial(&line, &order()), [absent, CarrierEvent::Deleted]);
    assert_eq!(asked(&line, "CreateSIPParticipant"), 0);
}

/// The callee alone, or with whoever else is given.
fn alone(status: &str) -> Value {
    let with_agent = callee(status);
    json!({"participants": [with_agent["participants"][1]]})
}

#[test]
fn a_phone_that_rings_on_without_its_agent_is_hung_up() {
    let mut answers = vec![
        ("CreateRoom", 200, json!({})),
        ("ListParticipants", 200, agent()),
        ("ListParticipants", 200, callee("ringing")),
        ("DeleteRoom", 200, json!({})),
    ];
    answers.extend(std::iter::repeat_n(
        ("ListParticipants", 200, alone("ringing")),
        20,
    ));
    let line = Line::answering(&answers);
    line.rings_on.set(true);
    let absent = CarrierEvent::Failed(Failure::of(FailureCode::AgentUnavailable));
    assert_eq!(dial(&line, &order()), [absent, CarrierEvent::Deleted]);
    assert!(line.now.get() - START < Millis(4_000));
    assert_eq!(asked(&line, "CreateSIPParticipant"), 1);
}

#[test]
fn a_server_that_started_anew_and_shows_the_callee_dialing_again_takes_no_ringing_back() {
    let canceled = json!({"code": "canceled", "msg": "sip request timed out"});
    for (answer, expected) in [
        (
            Some(("CreateSIPParticipant", 408, canceled)),
            CarrierEvent::Failed(Failure::of(FailureCode::NoAnswer)),
        ),
        (None, CarrierEvent::HungUp(None)),
    ] {
        let mut answers = vec![
            ("CreateRoom", 200, json!({})),
            ("ListParticipants", 200, agent()),
            ("ListParticipants", 200, callee("ringing")),
            ("DeleteRoom", 200, json!({})),
        ];
        answers.extend(std::iter::repeat_n(
            ("ListParticipants", 200, callee("dialing")),
            3,
        ));
        answers.extend(answer);
        answers.extend(std::iter::repeat_n(("ListParticipants", 200, agent()), 10));
        let line = Line::answering(&answers);
        let events = dial(&line, &order());
        assert_eq!(events.first(), Some(&expected), "{events:?}");
    }
}

#[test]
fn ringing_that_the_trunk_did_not_hear_of_is_told_with_the_end() {
    let error = json!({"code": "unavailable", "msg": "no response from servers"});
    let line = Line::answering(&[
        ("CreateRoom", 200, json!({})),
        ("ListParticipants", 200, agent()),
        ("ListParticipants", 200, callee("ringing")),
        ("CreateSIPParticipant", 503, error),
        ("DeleteRoom", 200, json!({})),
    ]);
    line.hears_nothing.set(true);
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    let order = claim(&mut world, id);
    let events = block_on(livekit::dial(&line, &order));
    assert_eq!(
        events.first().map(|timed| &timed.event),
        Some(&CarrierEvent::Ringing)
    );
    world.now = line.now.get();
    world.ask(TrunkCommand::Carrier(vec![(id, events)]));
    assert_eq!(row(&world, id).status, CallStatus::SipCallFailed);
}
