//! Placing one call: room, agent, phone; each requested once.

use std::cell::Cell;
use std::future::Future;

use futures_util::future::{Either, select};

use super::outcome::{self, AgentSeen, Callee, Dialed, InRoom};
use super::requests::{self, Dial};
use super::server::Server;
use super::{LiveKitHost, timed};
use crate::app::copies;
use crate::app::records::RecordKey;
use crate::app::telemetry::Event;
use crate::app::trunk::{DialOrder, Rung, ask, command};
use crate::domain::agent::Agent;
use crate::domain::call::{CarrierEvent, Failure, FailureCode, Reason, SETUP_LIMIT};
use crate::domain::object::object;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::to_json;
use crate::domain::tokens::report::report_token;

/// How long an agent may take to enter a room that exists: on a busy machine it takes up to 18 s.
const AGENT_WAIT: Span = Span(20_000);
/// An agent last seen longer ago than this is looked for again before the phone rings.
const AGENT_SEEN_LATELY: Span = Span(400);
/// How long finding it again may take: an answer may be lost.
const AGENT_FOUND_AGAIN: Span = Span(2_000);
/// How long before the end of [`SETUP_LIMIT`] the phone must have been asked to ring.
const DIAL_SLACK: Span = Span(1_000);
/// The first wait between two looks; each further one is twice as long, up to [`LOOK_MAX`].
const LOOK_FIRST: Span = Span(100);
const LOOK_MAX: Span = Span(2_000);
/// Once the phone was seen ringing, polling is only for its agent: nobody should pick up a silent phone.
const LOOK_RINGING: Span = Span(3_000);
/// After this many polls in a row without them, a callee counts as gone.
const ABSENT_LOOKS: u32 = 4;
/// After this many that find the callee alone, the agent counts as gone.
const ALONE_LOOKS: u32 = 2;
/// A callee never seen may be on the way for this long: LiveKit may have the request and be slow with it.
const UNSEEN: Span = Span(20_000);

/// The result of placing it.
pub(super) enum DialOutcome {
    /// The callee picked up.
    Answered,
    /// It did not connect, and why.
    Failed(Failure),
    /// LiveKit did nothing of what was requested, and why.
    Refused(Reason),
    /// The call was ended meanwhile; the phone must not ring, or must stop.
    Unwanted,
    /// A response was lost, and nobody is there: what may be presumed.
    Gone(CarrierEvent),
    /// The response was lost, and LiveKit says nothing: the trunk goes on asking.
    Lost,
}

fn failed(code: FailureCode) -> DialOutcome {
    DialOutcome::Failed(Failure::of(code))
}

/// What was seen of a callee.
#[derive(Default)]
pub(super) struct Sight {
    /// The furthest state seen. After a restart, a server shows the callee with its first attributes again.
    furthest: Cell<Option<Callee>>,
    /// The trunk knows that the phone is ringing.
    has_told: Cell<bool>,
    /// How many polls in a row found the callee without an agent.
    alone: Cell<u32>,
}

impl Sight {
    /// Whether the phone was seen ringing without the trunk knowing.
    pub(super) fn rang_unheard(&self) -> bool {
        self.furthest.get() == Some(Callee::Ringing) && !self.has_told.get()
    }

    fn rang(&self) -> bool {
        self.furthest.get() >= Some(Callee::Ringing)
    }

    fn take(&self, room: InRoom) {
        if room.callee != Callee::Gone {
            self.furthest
                .set(self.furthest.get().max(Some(room.callee)));
        }
        let is_alone = room.callee != Callee::Gone && room.agent == AgentSeen::Absent;
        self.alone.set(match is_alone {
            true => self.alone.get() + 1,
            false => 0,
        });
    }

    /// Whether the phone rings with nobody there. A call that was answered is the trunk's to judge.
    fn is_forsaken(&self) -> bool {
        self.alone.get() >= ALONE_LOOKS && self.furthest.get() < Some(Callee::Active)
    }
}

pub(super) async fn place<L: LiveKitHost>(
    host: &L,
    server: &Server<'_, L>,
    order: &DialOrder,
    sight: &Sight,
) -> DialOutcome {
    let call = order.call;
    let ring_by = order.dialed_at.unwrap_or_default() + SETUP_LIMIT - DIAL_SLACK;
    let (agent, job) = match job(host, order).await {
        Ok(job) => job,
        Err(reason) => return DialOutcome::Refused(reason),
    };
    // 1. The room, with the agent on its way.
    match server.ask(requests::create_room(call, &agent, &job)).await {
        Ok(answer) if outcome::is_done(&answer) => {}
        Ok(answer) => {
            let reason = outcome::room_refused(&answer);
            return match reason.is_at_the_door() {
                true => DialOutcome::Refused(reason),
                false => DialOutcome::Failed(Failure::dialer(reason)),
            };
        }
        // It may still be created.
        Err(reason) => return DialOutcome::Gone(CarrierEvent::Failed(Failure::dialer(reason))),
    }
    // 2. The agent must be in it: nobody should pick up a silent phone.
    let deadline = (host.now() + AGENT_WAIT).min(ring_by);
    if !agent_came(host, server, order, deadline).await {
        return failed(FailureCode::AgentUnavailable);
    }
    let mut seen_at = host.now();
    // 3. A call that was ended meanwhile must not ring; and agents that arrive together must not ring together. The
    // permission to ring is valid for a moment.
    loop {
        let asked_at = host.now();
        match ask(host, call.address().tag, command::Ring(call)).await {
            Ok(Rung::Done) if host.now() < ring_by => {
                let now = host.now();
                let again_by = (now + AGENT_FOUND_AGAIN).min(ring_by);
                if now > seen_at + AGENT_SEEN_LATELY {
                    if !agent_came(host, server, order, again_by).await {
                        return failed(FailureCode::AgentUnavailable);
                    }
                    seen_at = host.now();
                }
                if order.may_ring(asked_at, host.now()) {
                    break;
                }
            }
            Ok(Rung::NotBefore(free)) if free < ring_by => {
                let wait = free.max(host.now()) - host.now();
                host.sleep(wait.max(Span(1))).await;
            }
            Ok(Rung::Over(_)) => return DialOutcome::Unwanted,
            _ => return DialOutcome::Failed(Failure::dialer(Reason::NoTurn)),
        }
    }
    // 4. The phone: once.
    ring(host, server, order, sight).await
}

/// The agent's name on the LiveKit server, and what it is told.
async fn job(host: &impl LiveKitHost, order: &DialOrder) -> Result<(String, String), Reason> {
    let request = &order.request;
    let public_url = host.settings().public_url.as_ref();
    let public_url = public_url.ok_or(Reason::NoPublicUrl)?;
    let key = RecordKey::Agent(request.org, request.agent.id);
    let stored = copies::read_or_ask(host, request.org, &key).await;
    let stored = stored.ok().flatten();
    let agent = stored.and_then(|stored| crate::app::json::read::<Agent>(&stored).ok());
    let mut agent = agent.ok_or(Reason::AgentUnreadable)?;
    agent.fill(request.metadata.as_ref());
    let mut job = object! {
        "call_id": order.call,
        "script": agent.script,
        "voice": agent.voice,
        "context": request.metadata.clone(),
        "report_url": format!("{public_url}/agent-reports/{}", order.call),
        "report_token": report_token(&host.secrets().report_key, order.call),
    };
    // Only told to an agent that has them: the schema for the call's outcome, and what to do at a voicemail.
    for (name, value) in [
        (
            "outcome_schema",
            agent.outcome_schema.map(|schema| schema.value()),
        ),
        ("voicemail", agent.voicemail),
    ] {
        if let (Some(value), Some(job)) = (value, job.as_object_mut()) {
            job.insert(name.into(), value);
        }
    }
    Ok((request.agent.code.clone(), to_json::text(&job)))
}

/// Polls until the agent is in the room and can hear and speak there. Most arrive within 0.6 s, and are noticed at once.
async fn agent_came<L: LiveKitHost>(
    host: &L,
    server: &Server<'_, L>,
    order: &DialOrder,
    deadline: Timestamp,
) -> bool {
    let since = host.now();
    loop {
        let answer = server.ask(requests::list_participants(order.call)).await;
        let room = answer.ok().and_then(|it| outcome::in_room(&it, order.call));
        if room.is_some_and(|room| room.agent == AgentSeen::There) || planted(Fault::AgentPresumed)
        {
            return true;
        }
        let now = host.now();
        let wait = agent_look(now - since);
        if now + wait >= deadline {
            return false;
        }
        host.sleep(wait).await;
    }
}

/// The interval for polling for an agent that has been awaited this long.
const fn agent_look(waited: Span) -> Span {
    Span(match waited.0 {
        0..1_500 => 60,
        1_500..5_000 => 200,
        _ => 500,
    })
}

fn longer(wait: Span) -> Span {
    (wait + wait).min(LOOK_MAX)
}

pub(super) enum Reception {
    GoesOn,
    Over,
    Unheard,
}

/// Tells the trunk what happened, and returns whether the call goes on.
pub(super) async fn tell(
    host: &impl LiveKitHost,
    order: &DialOrder,
    event: CarrierEvent,
) -> Reception {
    let report = vec![(order.call, vec![timed(host.now(), event)])];
    let tag = order.call.address().tag;
    match ask(host, tag, command::CarrierEvents(report)).await {
        Ok(over) if over.is_empty() => Reception::GoesOn,
        Ok(_) => Reception::Over,
        Err(_) => Reception::Unheard,
    }
}

async fn ring<L: LiveKitHost>(
    host: &L,
    server: &Server<'_, L>,
    order: &DialOrder,
    sight: &Sight,
) -> DialOutcome {
    let settings = host.settings();
    let deadline = host.now() + settings.ring_timeout + requests::OUR_SLACK;
    let dial = requests::create_sip_participant(&Dial {
        call: order.call,
        sip_trunk_id: &server.sip_trunk_id,
        to: order.request.phone.as_str(),
        from: Some(order.trunk_phone.as_str()).filter(|phone| !phone.contains('X')),
        ringing: settings.ring_timeout,
        // LiveKit counts it from the dial.
        longest: settings.ring_timeout + settings.max_call,
    });
    let again = planted(Fault::LostDialRepeated).then(|| dial.clone());
    let dialed = async {
        match (server.ask(dial).await, again) {
            (Err(_), Some(dial)) => server.ask(dial).await,
            (answer, _) => answer,
        }
    };
    match first(dialed, watch(host, server, order, sight)).await {
        Either::Left(Ok(answer)) => match outcome::dialed(&answer, sight.rang()) {
            Dialed::Answered => DialOutcome::Answered,
            Dialed::Failed(failure) => DialOutcome::Failed(failure),
            Dialed::Unknown => follow(host, server, order, sight, deadline).await,
        },
        Either::Left(Err(_)) => follow(host, server, order, sight, deadline).await,
        Either::Right(stopped) => stopped,
    }
}

/// Polls while the phone rings, and reports what it sees; returns only when the phone must stop.
async fn watch<L: LiveKitHost>(
    host: &L,
    server: &Server<'_, L>,
    order: &DialOrder,
    sight: &Sight,
) -> DialOutcome {
    let mut wait = LOOK_FIRST;
    loop {
        host.sleep(wait).await;
        let room = look(server, order, sight).await;
        if sight.is_forsaken() {
            return failed(FailureCode::AgentUnavailable);
        }
        wait = match sight.alone.get() {
            0 if sight.has_told.get() => LOOK_RINGING,
            0 => longer(wait),
            _ => LOOK_FIRST,
        };
        let event = match room.map(|room| room.callee) {
            // The response to the dial is on its way, or lost.
            Some(Callee::Active) => CarrierEvent::Answered,
            Some(Callee::Ringing) if !sight.has_told.get() => CarrierEvent::Ringing,
            _ => continue,
        };
        let is_answer = event == CarrierEvent::Answered;
        match tell(host, order, event).await {
            Reception::Over => return DialOutcome::Unwanted,
            Reception::GoesOn if is_answer => std::future::pending().await,
            Reception::GoesOn => sight.has_told.set(true),
            Reception::Unheard => {}
        }
    }
}

/// The response to the dial was lost; the phone may be ringing or answered. Polls on until that is known.
async fn follow<L: LiveKitHost>(
    host: &L,
    server: &Server<'_, L>,
    order: &DialOrder,
    sight: &Sight,
    deadline: Timestamp,
) -> DialOutcome {
    host.log(&Event::DialAnswerLost { call: order.call });
    let unseen_until = host.now() + UNSEEN;
    let (mut absent, mut wait) = (0, LOOK_FIRST);
    loop {
        match look(server, order, sight).await.map(|room| room.callee) {
            Some(Callee::Gone) => absent += 1,
            Some(_) if sight.furthest.get() == Some(Callee::Active) => {
                return DialOutcome::Answered;
            }
            Some(_) if sight.is_forsaken() => return failed(FailureCode::AgentUnavailable),
            Some(_) => {
                absent = 0;
                if sight.rang_unheard() {
                    match tell(host, order, CarrierEvent::Ringing).await {
                        Reception::Over => return DialOutcome::Unwanted,
                        Reception::GoesOn => sight.has_told.set(true),
                        Reception::Unheard => {}
                    }
                }
            }
            None => {}
        }
        let furthest = sight.furthest.get();
        if absent >= ABSENT_LOOKS && (furthest.is_some() || host.now() >= unseen_until) {
            return DialOutcome::Gone(match furthest {
                None => CarrierEvent::Failed(Failure::dialer(Reason::NotReachable)),
                Some(Callee::Dialing) => {
                    CarrierEvent::Failed(Failure::of(FailureCode::Unreachable))
                }
                Some(_) => CarrierEvent::HungUp(None),
            });
        }
        if host.now() >= deadline {
            return match furthest {
                Some(Callee::Dialing) => failed(FailureCode::Unreachable),
                Some(_) => failed(FailureCode::NoAnswer),
                None => DialOutcome::Lost,
            };
        }
        host.sleep(wait).await;
        wait = longer(wait);
    }
}

/// One poll of the room.
async fn look<L: LiveKitHost>(
    server: &Server<'_, L>,
    order: &DialOrder,
    sight: &Sight,
) -> Option<InRoom> {
    let answer = server.ask(requests::list_participants(order.call)).await;
    let room = outcome::in_room(&answer.ok()?, order.call)?;
    sight.take(room);
    Some(room)
}

async fn first<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> Either<A, B> {
    match select(Box::pin(a), Box::pin(b)).await {
        Either::Left((a, _)) => Either::Left(a),
        Either::Right((b, _)) => Either::Right(b),
    }
}
