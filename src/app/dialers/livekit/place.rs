//! Placing one call: room, agent, phone; each asked for once.

use std::cell::Cell;
use std::future::Future;

use futures_util::future::{Either, select};
use serde_json::json;

use super::outcome::{self, Callee, Dialed};
use super::requests::{self, Dial};
use super::server::Server;
use super::{Line, timed};
use crate::app::calls::report::report_token;
use crate::app::records::RecordKey;
use crate::app::trunk::{Order, TrunkCommand, TrunkReply};
use crate::domain::agent::Agent;
use crate::domain::call::{CarrierEvent, Failure, FailureCode, Reason, SETUP};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Millis;

/// How long an agent may take to come into a room that is there.
const AGENT_WAIT: Millis = Millis(10_000);
/// How long before the end of [`SETUP`] the phone must have been asked to ring.
const DIAL_SLACK: Millis = Millis(1_000);
/// The first wait between two looks; each further one is twice as long, up to [`LOOK_MAX`].
const LOOK_FIRST: Millis = Millis(100);
const LOOK_MAX: Millis = Millis(2_000);
/// After how many looks in a row that find nobody a callee is gone.
const ABSENT_LOOKS: u32 = 4;
/// But one that was never seen may still be on its way for so long: LiveKit may have the request and be slow with it.
const UNSEEN: Millis = Millis(20_000);

/// What came of it.
pub(super) enum Placed {
    /// The person picked up.
    Answered,
    /// It did not connect, and why.
    Failed(Failure),
    /// LiveKit did nothing for us, and why.
    Refused(Reason),
    /// The call was ended meanwhile; the phone must not ring, or no longer.
    Unwanted,
    /// An answer was lost, and nobody is there: what may be presumed of it.
    Gone(CarrierEvent),
    /// The answer was lost, and LiveKit says nothing: the trunk goes on asking.
    Lost,
}

fn failed(code: FailureCode) -> Placed {
    Placed::Failed(Failure::of(code))
}

pub(super) async fn place<L: Line>(line: &L, server: &Server<'_, L>, order: &Order) -> Placed {
    let call = order.call;
    let set_up_by = order.dialed_at.unwrap_or_default() + SETUP;
    let (agent, job) = match job(line, order).await {
        Ok(job) => job,
        Err(reason) => return Placed::Refused(reason),
    };
    // 1. The room, and the agent on its way.
    match server.ask(requests::create_room(call, &agent, &job)).await {
        Ok(answer) if outcome::is_done(&answer) => {}
        Ok(answer) => {
            let reason = outcome::room_refused(&answer);
            return match reason.is_at_the_door() {
                true => Placed::Refused(reason),
                false => Placed::Failed(Failure::dialer(reason)),
            };
        }
        // It may still be made.
        Err(reason) => return Placed::Gone(CarrierEvent::Failed(Failure::dialer(reason))),
    }
    // 2. The agent must be there: nobody is to pick up a silent phone.
    if !agent_came(line, server, order, line.now() + AGENT_WAIT).await {
        return failed(FailureCode::AgentUnavailable);
    }
    // 3. Whoever ended the call meanwhile does not hear it ring; and agents that come together do not ring together.
    loop {
        let ring = TrunkCommand::Ring(call);
        match line.trunk(call.address().tag, &ring).await {
            Ok(TrunkReply::Done) if line.now() + DIAL_SLACK < set_up_by => break,
            Ok(TrunkReply::NotBefore(free)) if free + DIAL_SLACK < set_up_by => {
                let wait = free.max(line.now()) - line.now();
                line.sleep(wait.max(Millis(1))).await;
            }
            Ok(TrunkReply::Over(_)) => return Placed::Unwanted,
            _ => return Placed::Failed(Failure::dialer(Reason::NoTurn)),
        }
    }
    // 4. The phone: once.
    ring(line, server, order).await
}

/// The agent's name on the LiveKit server, and what it is told.
async fn job(line: &impl Line, order: &Order) -> Result<(String, String), Reason> {
    let request = &order.request;
    let public_url = line.settings().public_url.as_ref();
    let public_url = public_url.ok_or(Reason::NoPublicUrl)?;
    let key = RecordKey::Agent(request.org, request.agent.id);
    let stored = line.read(&key).await.ok().flatten();
    let agent = stored.and_then(|stored| crate::app::json::read::<Agent>(&stored).ok());
    let mut agent = agent.ok_or(Reason::AgentUnreadable)?;
    agent.fill(request.metadata.as_ref());
    let mut job = json!({
        "call_id": order.call,
        "script": agent.script,
        "voice": agent.voice,
        "context": request.metadata,
        "report_url": format!("{public_url}/agent-reports/{}", order.call),
        "report_token": report_token(&line.secrets().report_key, order.call),
    });
    // Said only to an agent that has them: what came of the call must fit the one, and the other
    // is what it does at a voicemail.
    for (name, value) in [
        ("outcome_schema", agent.outcome_schema),
        ("voicemail", agent.voicemail),
    ] {
        if let (Some(value), Some(job)) = (value, job.as_object_mut()) {
            job.insert(name.into(), value);
        }
    }
    Ok((request.agent.code.clone(), job.to_string()))
}

async fn agent_came<L: Line>(
    line: &L,
    server: &Server<'_, L>,
    order: &Order,
    deadline: Millis,
) -> bool {
    let mut wait = LOOK_FIRST;
    loop {
        let answer = server.ask(requests::list_dispatch(order.call)).await;
        if answer.is_ok_and(|answer| outcome::agent_is_there(&answer)) {
            return true;
        }
        if line.now() + wait >= deadline {
            return false;
        }
        line.sleep(wait).await;
        wait = longer(wait);
    }
}

fn longer(wait: Millis) -> Millis {
    (wait + wait).min(LOOK_MAX)
}

pub(super) enum Told {
    GoesOn,
    Over,
    Unheard,
}

/// Tells the trunk what happened, and hears whether the call goes on.
pub(super) async fn tell(line: &impl Line, order: &Order, event: CarrierEvent) -> Told {
    let report = vec![(order.call, vec![timed(line.now(), event)])];
    let tag = order.call.address().tag;
    match line.trunk(tag, &TrunkCommand::Carrier(report)).await {
        Ok(TrunkReply::Done) => Told::GoesOn,
        Ok(TrunkReply::Over(_)) => Told::Over,
        _ => Told::Unheard,
    }
}

async fn ring<L: Line>(line: &L, server: &Server<'_, L>, order: &Order) -> Placed {
    let settings = line.settings();
    let seen = Cell::new(None);
    let deadline = line.now() + settings.ring_timeout + requests::OUR_SLACK;
    let dial = requests::create_sip_participant(&Dial {
        call: order.call,
        sip_trunk_id: &server.sip_trunk_id,
        to: order.request.phone.as_str(),
        from: Some(order.trunk_phone.as_str()).filter(|phone| !phone.contains('X')),
        ringing: settings.ring_timeout,
        longest: settings.max_call,
    });
    let again = planted(Fault::LostDialRepeated).then(|| dial.clone());
    let dialed = async {
        match (server.ask(dial).await, again) {
            (Err(_), Some(dial)) => server.ask(dial).await,
            (answer, _) => answer,
        }
    };
    let rang = || matches!(seen.get(), Some(Callee::Ringing | Callee::Active));
    match first(dialed, watch(line, server, order, &seen)).await {
        Either::Left(Ok(answer)) => match outcome::dialed(&answer, rang()) {
            Dialed::Answered => Placed::Answered,
            Dialed::Failed(failure) => Placed::Failed(failure),
            Dialed::Unknown => follow(line, server, order, &seen, deadline).await,
        },
        Either::Left(Err(_)) => follow(line, server, order, &seen, deadline).await,
        Either::Right(()) => Placed::Unwanted,
    }
}

/// Looks until the phone is seen ringing or answered, and tells; returns only when the call is over by then.
async fn watch<L: Line>(
    line: &L,
    server: &Server<'_, L>,
    order: &Order,
    seen: &Cell<Option<Callee>>,
) {
    let mut wait = LOOK_FIRST;
    let event = loop {
        line.sleep(wait).await;
        wait = longer(wait);
        match look(server, order, seen).await {
            Some(Callee::Ringing) => break CarrierEvent::Ringing,
            // The answer to the dial is on its way, or lost.
            Some(Callee::Active) => break CarrierEvent::Answered,
            _ => {}
        }
    };
    if let Told::Over = tell(line, order, event).await {
        return;
    }
    std::future::pending().await
}

/// The answer to the dial was lost; the phone may ring, or be answered. Looks on until that is known.
async fn follow<L: Line>(
    line: &L,
    server: &Server<'_, L>,
    order: &Order,
    seen: &Cell<Option<Callee>>,
    deadline: Millis,
) -> Placed {
    line.log("livekit: the answer to a dial was lost; looking for the callee");
    let unseen_until = line.now() + UNSEEN;
    let (mut absent, mut wait) = (0, LOOK_FIRST);
    loop {
        let before = seen.get();
        match look(server, order, seen).await {
            Some(Callee::Active) => return Placed::Answered,
            Some(Callee::Gone) => absent += 1,
            Some(now) => {
                absent = 0;
                let is_news = now == Callee::Ringing && before != Some(now);
                if is_news && let Told::Over = tell(line, order, CarrierEvent::Ringing).await {
                    return Placed::Unwanted;
                }
            }
            None => {}
        }
        if absent >= ABSENT_LOOKS && (seen.get().is_some() || line.now() >= unseen_until) {
            return Placed::Gone(match seen.get() {
                None | Some(Callee::Gone) => {
                    CarrierEvent::Failed(Failure::dialer(Reason::NotReachable))
                }
                Some(Callee::Dialing) => {
                    CarrierEvent::Failed(Failure::of(FailureCode::Unreachable))
                }
                Some(Callee::Ringing | Callee::Active) => CarrierEvent::HungUp(None),
            });
        }
        if line.now() >= deadline {
            return match seen.get() {
                Some(Callee::Dialing) => failed(FailureCode::Unreachable),
                Some(_) => failed(FailureCode::NoAnswer),
                None => Placed::Lost,
            };
        }
        line.sleep(wait).await;
        wait = longer(wait);
    }
}

/// One look at the callee; the furthest it was seen to come is kept.
async fn look<L: Line>(
    server: &Server<'_, L>,
    order: &Order,
    seen: &Cell<Option<Callee>>,
) -> Option<Callee> {
    let answer = server
        .ask(requests::get_participant(order.call))
        .await
        .ok()?;
    let now = outcome::callee(&answer);
    if now != Some(Callee::Gone) && now.is_some() {
        seen.set(now);
    }
    now
}

async fn first<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> Either<A, B> {
    match select(Box::pin(a), Box::pin(b)).await {
        Either::Left((a, _)) => Either::Left(a),
        Either::Right((b, _)) => Either::Right(b),
    }
}
