//! A LiveKit server in virtual time: rooms, the agents that join them, and the phones. Its responses and its webhooks are those
//! that a real stack was seen to send. Requests, responses and webhooks are lost, delayed, repeated and reordered.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use audatec::app::ports::TwirpRequest as Question;
use audatec::app::ports::{Twirp, TwirpAnswer, Unavailable};
use audatec::domain::ids::CallId;
use audatec::domain::mac::hmac_sha256;
use audatec::domain::time::{Span, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL};
use hmac::Mac;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clients::{self, AgentReport, Ask};
use crate::executor::{Owner, Slot};
use crate::faults::Kind;
use crate::ports::{Edge, pause};
use crate::world::W;

/// The account at it that all trunks of this world use.
pub const API_KEY: &str = "key";
pub const API_SECRET: &str = "secret";

/// An agent that is alone in a room for so long leaves it, and it closes.
const AGENT_PATIENCE_MS: u64 = 300_000;

/// An agent that left so shortly before the phone was asked to ring was seen there: a look, the phone's turn and the request
/// took that long.
const AGENT_LATELY_MS: u64 = 1_000;
/// A phone may ring on for so long without its agent, until that is seen.
const RINGS_ALONE_MS: u64 = 5_000;
/// A room that comes back after its call is over may be there for so long, until the platform was told and has deleted it.
const RETURNS_MS: u64 = 4_000;
/// So may a person who picked up be there with nobody to talk to, until they are hung up on.
const HEARS_NOTHING_MS: u64 = 5_000;
/// A room that its callee left is closed after so long, if the agent left it too.
const DEPARTURE_MS: u64 = 20_000;

/// What a server says that makes no room, or whatever stands in its place; and the words for that.
const REFUSALS: [(u16, &str, &str); 7] = [
    (
        503,
        r#"{"code": "unavailable", "msg": "no response from servers"}"#,
        "server not reachable",
    ),
    (502, "<html>Bad gateway</html>", "server not reachable"),
    (401, "invalid API key: key", "wrong key"),
    (
        401,
        "invalid authorization token: signature is invalid",
        "wrong secret",
    ),
    (
        401,
        r#"{"code": "unauthenticated", "msg": "permissions denied"}"#,
        "not permitted",
    ),
    (404, "<html>No such page</html>", "not LiveKit"),
    (
        429,
        r#"{"code": "resource_exhausted", "msg": "too many rooms"}"#,
        "node full",
    ),
];

type Answer = Slot<Option<TwirpAnswer>>;

#[derive(Default)]
pub struct LiveKit {
    rooms: RefCell<BTreeMap<CallId, Rc<Room>>>,
    /// Calls that were hung up on before.
    hung_up: RefCell<BTreeSet<CallId>>,
    /// Calls that were put off and are to be dialed anew.
    anew: RefCell<BTreeSet<CallId>>,
    /// When each call's room was last asked to be deleted, by the clocks; of those that a room was made for.
    deleted: RefCell<BTreeMap<CallId, Option<Timestamp>>>,
    /// The words for what was last said of a call that no room was made for.
    refused: RefCell<BTreeMap<CallId, &'static str>>,
    sids: Cell<u64>,
    /// From when to when agents break off as soon as somebody picks up.
    bad_spell: Cell<Option<(u64, u64)>>,
    /// Agents come together, so often.
    together: Cell<Option<u64>>,
}

#[derive(Default)]
struct Room {
    /// Another for each room of a name.
    sid: u64,
    made_at: u64,
    agent: RefCell<Agent>,
    /// Made when whoever asked may have given up: nobody need know of it.
    is_late: Cell<bool>,
    phone: RefCell<Option<Rc<Phone>>>,
}

/// What there is of a room's agent.
#[derive(Clone, Copy, Default)]
struct Agent {
    /// A worker accepted the job. All that `JS_RUNNING` says, and it says so for ever.
    accepted: bool,
    /// It is in the room, connected.
    is_there: bool,
    /// When it left, if it was ever there.
    left_at: Option<u64>,
}

/// The person called: a participant, from the dial to the end.
struct Phone {
    call: CallId,
    sid: u64,
    /// LiveKit ends it then, counted from the dial.
    ends_by: u64,
    /// `sip.callStatus`; none once it is gone.
    status: Cell<Option<&'static str>>,
    /// To the dial.
    answer: Answer,
}

impl Twirp for Edge {
    async fn twirp(&self, _: &str, _: &str, ask: &Question) -> Result<TwirpAnswer, Unavailable> {
        let w = &self.w;
        if ask.method == "SIP/CreateSIPParticipant"
            && let Some(name) = ask.body["room_name"].as_str()
            && let Some(call) = CallId::verify(name, &w.secrets.id_key)
        {
            // This is the moment that counts: from here on it is on its way.
            w.oracle.may_ring(w, call);
        }
        pause(w, w.rng.between(1, 20)).await;
        let answer = Answer::new();
        let patience = answer.clone();
        w.after(ask.timeout.0, move |_| patience.fill(None));
        if !w.hit(Kind::DialerAskLost) {
            // Also when whoever asked has given up waiting by then.
            let late = match w.hit(Kind::DialSlow) {
                true => w.rng.between(500, 12_000),
                false => 0,
            };
            let (ask, answer) = (ask.clone(), answer.clone());
            w.after(late, move |w| {
                w.step();
                w.livekit.serve(w, &ask, &answer, late);
            });
        }
        let answer = answer.await;
        pause(w, w.rng.between(1, 20)).await;
        answer
            .filter(|_| !w.hit(Kind::DialerAnswerLost))
            .ok_or(Unavailable)
    }
}

fn ok(body: Value) -> Option<TwirpAnswer> {
    let body = body.to_string();
    Some(TwirpAnswer { status: 200, body })
}

fn error(status: u16, code: &str, sip: Option<&str>) -> Option<TwirpAnswer> {
    let mut body = json!({"code": code, "msg": "no"});
    if let Some(sip) = sip {
        body["meta"] = json!({"sip_status_code": sip});
    }
    let body = body.to_string();
    Some(TwirpAnswer { status, body })
}

impl LiveKit {
    /// In some worlds the agents' worker is broken for a while; in some it has many come at once, now and then.
    pub fn draw(&self, w: &W) {
        let begins = w.time() + w.rng.below(20_000);
        let spell = (begins, begins + w.rng.between(5_000, 60_000));
        self.bad_spell.set(w.rng.hits(300).then_some(spell));
        let every = w.aside.between(1_000, 6_000);
        self.together.set(w.aside.hits(300).then_some(every));
    }

    /// How long an agent takes that could come after so long.
    fn comes(&self, w: &W, after: u64) -> u64 {
        match self.together.get() {
            Some(every) => (w.time() + after).next_multiple_of(every) - w.time(),
            None => after,
        }
    }

    /// How soon after the answer the agent breaks off, if it does.
    fn breaks_off(&self, w: &W) -> Option<u64> {
        let spell = self.bad_spell.get();
        let is_bad = spell.is_some_and(|(from, to)| (from..to).contains(&w.time()));
        let breaks = w.rng.hits(if is_bad { 950 } else { 40 });
        breaks.then(|| w.rng.between(1, if is_bad { 1_000 } else { 6_000 }))
    }

    /// A call that was put off will be dialed anew: it was hung up on for that.
    pub fn begins_anew(&self, call: CallId) {
        self.anew.borrow_mut().insert(call);
    }

    /// Rooms that are still there.
    pub fn left(&self) -> Vec<CallId> {
        self.rooms.borrow().keys().copied().collect()
    }

    /// When the deletion of its room was last asked for, if this call ever had one.
    pub fn deleted_at(&self, call: CallId) -> Option<Option<Timestamp>> {
        self.deleted.borrow().get(&call).copied()
    }

    /// In which words a call is to say that no room was made for it.
    pub fn refused(&self, call: CallId) -> Option<&'static str> {
        self.refused.borrow().get(&call).copied()
    }

    fn room(&self, call: CallId) -> Option<Rc<Room>> {
        self.rooms.borrow().get(&call).cloned()
    }

    fn serve(&self, w: &W, ask: &Question, answer: &Answer, late: u64) {
        let named = ["name", "room", "room_name"].map(|field| ask.body[field].as_str());
        let name = named.into_iter().flatten().next().unwrap_or_default();
        let Some(call) = CallId::verify(name, &w.secrets.id_key) else {
            return answer.fill(error(400, "malformed", None));
        };
        w.note(Some(call.address().tag), || {
            format!("livekit is asked {} of {call}", ask.method)
        });
        answer.fill(match ask.method {
            "RoomService/CreateRoom" => self.create(w, call, late > 0),
            "AgentDispatchService/ListDispatch" => self.dispatch(w, call),
            "RoomService/ListParticipants" => {
                let room = self.room(call);
                ok(json!({"participants": room.map(|room| room.participants()).unwrap_or_default()}))
            }
            "SIP/CreateSIPParticipant" => return self.dial(w, ask, call, answer, late),
            "RoomService/GetParticipant" => {
                let room = self.room(call);
                let phone = room.and_then(|room| room.phone.borrow().clone());
                match phone.and_then(|phone| phone.status.get()) {
                    Some(status) => ok(json!({"attributes": {"sip.callStatus": status}})),
                    None => error(404, "not_found", None),
                }
            }
            "RoomService/DeleteRoom" => {
                self.hung_up.borrow_mut().insert(call);
                if let Some(last) = self.deleted.borrow_mut().get_mut(&call) {
                    *last = Some(w.clock());
                }
                match self.close(w, call, "ROOM_DELETED") {
                    true => ok(json!({})),
                    false => error(404, "not_found", None),
                }
            }
            _ => ok(json!({})),
        });
    }

    /// What a dispatch says of its job: that a worker accepted it, and no more than that ever. The first of each minute it
    /// says 5 s late.
    fn dispatch(&self, w: &W, call: CallId) -> Option<TwirpAnswer> {
        let Some(room) = self.room(call) else {
            return error(503, "unavailable", None);
        };
        let minute = |room: &Room| room.made_at / 60_000;
        let is_first = !self
            .rooms
            .borrow()
            .values()
            .any(|other| other.made_at < room.made_at && minute(other) == minute(&room));
        let is_listed = w.time() >= room.made_at + if is_first { 5_000 } else { 0 };
        let running = json!([{"state": {"status": "JS_RUNNING"}}]);
        let is_running = room.agent.borrow().accepted && is_listed;
        let jobs = if is_running { running } else { json!([]) };
        ok(json!({"agent_dispatches": [{"state": {"jobs": jobs}}]}))
    }

    /// A room, and its agent on the way: most come at once, some late, some never; and some don't stay.
    fn create(&self, w: &W, call: CallId, is_late: bool) -> Option<TwirpAnswer> {
        if w.rng.hits(20)
            && let Some((status, body, words)) = w.rng.pick(&REFUSALS).copied()
        {
            self.refused.borrow_mut().insert(call, words);
            let body = body.to_owned();
            return Some(TwirpAnswer { status, body });
        }
        if self.room(call).is_none() {
            if self.anew.borrow_mut().remove(&call) {
                self.hung_up.borrow_mut().remove(&call);
            }
            let is_late = is_late || self.hung_up.borrow().contains(&call);
            let room = self.open(w, call, is_late);
            self.deleted.borrow_mut().entry(call).or_default();
            let comes_after = match w.rng.below(24) {
                // Nobody took the job.
                0 => return ok(json!({"name": call})),
                // Its entry point raised.
                1 => None,
                2 => Some(w.rng.between(3_000, 18_000)),
                _ => Some(w.rng.between(10, 900)),
            };
            room.agent.borrow_mut().accepted = true;
            if let Some(after) = comes_after {
                w.after(self.comes(w, after), move |w| {
                    w.livekit.agent_comes(w, call, &room)
                });
            }
        }
        ok(json!({"name": call}))
    }

    fn open(&self, w: &W, call: CallId, is_late: bool) -> Rc<Room> {
        self.sids.set(self.sids.get() + 1);
        let room = Rc::new(Room {
            sid: self.sids.get(),
            made_at: w.time(),
            is_late: Cell::new(is_late),
            ..Room::default()
        });
        self.rooms.borrow_mut().insert(call, Rc::clone(&room));
        tell(w, call, room.sid, json!({"event": "room_started"}));
        if is_late {
            w.after(AGENT_PATIENCE_MS, move |w| {
                w.livekit.closes_itself(w, call, "ROOM_CLOSED");
            });
        }
        room
    }

    /// Its token names the room: if that is gone, LiveKit makes it anew.
    fn agent_comes(&self, w: &W, call: CallId, called_into: &Room) {
        let room = match self.room(call) {
            Some(room) => room,
            None => self.returns(w, call),
        };
        if room.sid != called_into.sid && w.rng.hits(500) {
            // It sees that this is another room, and leaves.
            w.after(DEPARTURE_MS, move |w| {
                w.livekit.closes_itself(w, call, "ROOM_CLOSED");
            });
            return;
        }
        room.agent.borrow_mut().is_there = true;
        room.tell_of_its_agent(w, call, "participant_joined", "");
        // Some break down at once.
        if w.rng.hits(40) {
            let after = w.rng.between(1, 6_000);
            w.after(after, move |w| room.loses_its_agent(w, call));
        }
    }

    fn returns(&self, w: &W, call: CallId) -> Rc<Room> {
        let room = self.open(w, call, true);
        if w.faults.is_calm() {
            let sid = room.sid;
            w.after(RETURNS_MS, move |w| {
                if w.livekit.room(call).is_some_and(|room| room.sid == sid) {
                    w.oracle.room_returned(call);
                }
            });
        }
        room
    }

    /// A room that came when nobody waited for it any more goes when nobody comes there, or stays.
    fn closes_itself(&self, w: &W, call: CallId, reason: &str) {
        if let Some(room) = self.room(call)
            && room.is_late.get()
            && room
                .phone
                .borrow()
                .as_ref()
                .is_none_or(|phone| phone.status.get().is_none())
        {
            self.close(w, call, reason);
        }
    }

    /// Everybody has to leave, and the room is gone.
    fn close(&self, w: &W, call: CallId, reason: &str) -> bool {
        let Some(room) = self.rooms.borrow_mut().remove(&call) else {
            return false;
        };
        if let Some(phone) = room.phone.take() {
            phone.leave(w, reason, error(408, "canceled", None));
        }
        tell(w, call, room.sid, json!({"event": "room_finished"}));
        true
    }

    /// The phone rings, now: however often this was asked for, and whether or not the room was there.
    fn dial(&self, w: &W, ask: &Question, call: CallId, answer: &Answer, late: u64) {
        let room = match self.room(call) {
            Some(room) => room,
            None => self.open(w, call, true),
        };
        w.oracle.dialed(call);
        w.oracle.rings(w, call);
        let agent = *room.agent.borrow();
        let lately = |left_at| left_at + late + AGENT_LATELY_MS >= w.time();
        let had_agent = agent.is_there || agent.left_at.is_some_and(lately);
        // Whether it was there is told by a clock: a deleted room takes its agent along.
        if !had_agent && !room.is_late.get() && w.faults.clock_is_true() {
            w.oracle.rings_for_nobody(call);
        }
        let longest = ask.body["max_call_duration"].as_str().unwrap_or_default();
        let longest = Span::parse_secs(longest.trim_end_matches('s')).unwrap_or_default();
        let phone = Rc::new(Phone {
            call,
            sid: room.sid,
            ends_by: w.time() + longest.0,
            status: Cell::new(Some("dialing")),
            answer: answer.clone(),
        });
        let earlier = room.phone.replace(Some(Rc::clone(&phone)));
        if let Some(earlier) = earlier {
            earlier.leave(w, "DUPLICATE_IDENTITY", error(408, "canceled", None));
        }
        phone.tell(w, "participant_joined", "");
        phone.live(w);
    }
}

impl Room {
    fn participants(&self) -> Vec<Value> {
        let agent = json!({"identity": "agent", "kind": "AGENT", "state": "ACTIVE"});
        let agent = self.agent.borrow().is_there.then_some(agent);
        let phone = self.phone.borrow();
        let phone = phone.as_ref().and_then(|phone| phone.participant(""));
        agent.into_iter().chain(phone).collect()
    }

    fn loses_its_agent(self: &Rc<Self>, w: &W, call: CallId) {
        if w.livekit.room(call).is_none_or(|room| room.sid != self.sid) {
            return;
        }
        self.tell_of_its_agent(w, call, "participant_left", "CLIENT_INITIATED");
        let mut agent = self.agent.borrow_mut();
        agent.is_there = false;
        agent.left_at = Some(w.time());
        self.hears_something(w, call);
        let phone = self.phone.borrow();
        let status = phone.as_ref().and_then(|phone| phone.status.get());
        w.oracle.deserted(call, status == Some("active"));
        let room = Rc::clone(self);
        if w.faults.is_calm() {
            w.after(RINGS_ALONE_MS, move |w| {
                let phone = room.phone.borrow();
                let status = phone.as_ref().and_then(|phone| phone.status.get());
                if matches!(status, Some("dialing" | "ringing")) {
                    w.oracle.rings_for_nobody(call);
                }
            });
        }
    }

    /// Whoever picked up is not left alone with the silence.
    fn hears_something(self: &Rc<Self>, w: &W, call: CallId) {
        let room = Rc::clone(self);
        if w.faults.is_calm() {
            w.after(HEARS_NOTHING_MS, move |w| {
                let phone = room.phone.borrow();
                let status = phone.as_ref().and_then(|phone| phone.status.get());
                if status == Some("active") {
                    w.oracle.hears_nothing(call);
                }
            });
        }
    }

    fn tell_of_its_agent(&self, w: &W, call: CallId, event: &str, reason: &str) {
        let agent = json!({"identity": "agent", "kind": "AGENT", "state": "ACTIVE", "disconnectReason": reason});
        tell(
            w,
            call,
            self.sid,
            json!({"event": event, "participant": agent}),
        );
    }
}

impl Phone {
    /// What becomes of it, drawn.
    fn live(self: &Rc<Self>, w: &W) {
        let ringing = w.settings.ring_timeout.0;
        let rings = w.rng.below(2_000);
        let picks_up = rings + w.rng.below(ringing);
        match w.rng.below(10) {
            0 => self.fails(
                w,
                0,
                "CLIENT_INITIATED",
                error(412, "failed_precondition", Some("503")),
            ),
            1 => self.fails(w, ringing, "USER_UNAVAILABLE", error(408, "canceled", None)),
            2 => {
                self.rings(w, rings);
                self.fails(
                    w,
                    picks_up,
                    "USER_REJECTED",
                    error(429, "resource_exhausted", Some("486")),
                );
            }
            3 => {
                self.rings(w, rings);
                self.fails(w, ringing, "USER_UNAVAILABLE", error(408, "canceled", None));
            }
            _ => {
                self.rings(w, rings);
                let phone = Rc::clone(self);
                w.after(picks_up, move |w| phone.is_answered(w));
            }
        }
    }

    fn rings(self: &Rc<Self>, w: &W, after: u64) {
        let phone = Rc::clone(self);
        w.after(after, move |_| {
            if phone.status.get() == Some("dialing") {
                phone.status.set(Some("ringing"));
            }
        });
    }

    fn fails(
        self: &Rc<Self>,
        w: &W,
        after: u64,
        reason: &'static str,
        answer: Option<TwirpAnswer>,
    ) {
        let phone = Rc::clone(self);
        w.after(after, move |w| phone.leave(w, reason, answer));
    }

    fn is_answered(self: &Rc<Self>, w: &W) {
        if self.status.get().is_none() {
            return;
        }
        self.status.set(Some("active"));
        self.answer.fill(ok(
            json!({"participant_identity": "callee", "room_name": self.call}),
        ));
        self.is_talked_to(w);
        // The person hangs up, or is hung up on.
        let longest = self.ends_by.saturating_sub(w.time());
        let lasts = w
            .rng
            .between(100, 2 * w.settings.max_call.0)
            .min(w.rng.between(500, 400_000));
        let phone = Rc::clone(self);
        w.after(lasts.min(longest), move |w| {
            if phone.status.get().is_some() {
                phone.status.set(Some("hangup"));
                phone.leave(w, "CLIENT_INITIATED", None);
            }
        });
    }

    /// Most agents talk until the end. Some break off, and some of those say so; some are done and leave it to others to
    /// hang up.
    fn is_talked_to(&self, w: &W) {
        let Some(room) = w.livekit.room(self.call) else {
            return;
        };
        let call = self.call;
        if !room.agent.borrow().is_there {
            return room.hears_something(w, call);
        }
        let failed = w.rng.hits(400);
        let told = |after| AgentReport {
            after,
            failed,
            ended: None,
        };
        if let Some(after) = w.livekit.breaks_off(w) {
            if failed {
                clients::agent_reports(w, call, told(after + w.rng.below(2_000)));
            }
            w.after(after, move |w| room.loses_its_agent(w, call));
        } else if w.rng.hits(40) {
            let after = w.rng.between(200, 8_000);
            clients::agent_reports(w, call, told(after));
            if w.faults.is_calm() {
                w.after(after, move |w| room.hears_something(w, call));
            }
        }
    }

    /// It is over; and if they talked, the agent reports and leaves too.
    fn leave(&self, w: &W, reason: &str, answer: Option<TwirpAnswer>) {
        let Some(status) = self.status.get() else {
            return;
        };
        self.tell(w, "participant_left", reason);
        self.status.set(None);
        if answer.is_some() {
            self.answer.fill(answer);
        }
        let call = self.call;
        if !matches!(status, "active" | "hangup") {
            w.after(DEPARTURE_MS, move |w| {
                w.livekit.closes_itself(w, call, "ROOM_CLOSED");
            });
            return;
        }
        w.oracle.hung_up(w, call);
        if reason != "ROOM_DELETED" {
            w.oracle.deserted(call, false);
        }
        if w.rng.hits(700) {
            let (after, failed) = (w.rng.below(14_000), false);
            let ended = w.rng.hits(700).then_some(w.clock());
            let told = AgentReport {
                after,
                failed,
                ended,
            };
            clients::agent_reports(w, call, told);
        }
        w.after(DEPARTURE_MS, move |w| {
            w.livekit.close(w, call, "ROOM_CLOSED");
        });
    }

    /// As LiveKit shows it, while it is there.
    fn participant(&self, reason: &str) -> Option<Value> {
        let status = self.status.get()?;
        Some(json!({
            "identity": format!("callee-{}", self.call), "kind": "SIP", "state": "ACTIVE",
            "disconnectReason": reason, "attributes": {"sip.callStatus": status},
        }))
    }

    fn tell(&self, w: &W, event: &str, reason: &str) {
        let event = json!({"event": event, "participant": self.participant(reason)});
        tell(w, self.call, self.sid, event);
    }
}

/// A webhook sets out.
fn tell(w: &W, call: CallId, sid: u64, mut event: Value) {
    event["room"] = json!({"name": call, "sid": format!("RM_{sid}")});
    event["createdAt"] = json!(w.clock().as_secs().to_string());
    let copies = 1 + u64::from(w.hit(Kind::EventRepeated));
    for _ in 0..copies {
        if w.hit(Kind::EventLost) {
            continue;
        }
        let late = match w.hit(Kind::EventLate) {
            true => w.rng.between(500, 60_000),
            false => w.rng.between(1, 20),
        };
        let event = event.clone();
        w.after(late, move |w| {
            let world = Rc::clone(w);
            w.tasks.spawn(Owner::Client, async move {
                let token = signed(&event.to_string(), world.clock().as_secs());
                let path = "/carrier/livekit".into();
                clients::ask(&world, Ask::send("POST", path, &token, Some(event))).await;
            });
        });
    }
}

/// The token that comes with a body.
fn signed(body: &str, now: u64) -> String {
    let claims = json!({"iss": API_KEY, "nbf": now - 1, "exp": now + 300, "sha256": STANDARD.encode(Sha256::digest(body))});
    let parts = [json!({"alg": "HS256"}), claims].map(|part| BASE64URL.encode(part.to_string()));
    let signed = parts.join(".");
    let mut mac = hmac_sha256(API_SECRET.as_bytes());
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64URL.encode(mac.finalize().into_bytes()))
}
