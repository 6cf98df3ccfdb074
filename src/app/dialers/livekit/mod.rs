//! LiveKit as a dialer: one room per call, an agent called into it, and the phone rung once.
//!
//! Between the claim and the phone nothing is ever repeated: each CreateSIPParticipant rings the
//! phone again. Its response comes when the callee picks up, so ringing is noticed by polling the
//! callee meanwhile; and if the response is lost, by polling on. However the call ends, the room is
//! deleted: a phone whose room is gone stops ringing.

mod check;
pub mod config;
mod jwt;
mod outcome;
mod place;
mod receive;
mod record;
mod requests;
mod server;
pub mod webhook;

pub use check::{Check, check};
pub use jwt::BearerJwt;
#[cfg(feature = "openapi")]
pub(crate) use receive::describe;
pub use receive::receive;

use outcome::{AgentSeen, Callee, InRoom};
use place::{DialOutcome, Sight};
use server::Server;

use crate::app::host::TwirpRequest;
use crate::app::ports::{Directories, Host, Poster, Records, Trunks, Twirp, Unavailable, Vault};
use crate::app::telemetry::{Event, Text};
use crate::app::trunk::{DialOrder, ask, command};
use crate::domain::call::{
    CarrierEvent, Failure, FailureCode, FailureSource, InquiryResult, PRESUMED_AFTER, Reason,
    SETUP_LIMIT, Timed,
};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// Everything needed to reach a LiveKit server and to tell the trunk about it.
pub trait LiveKitHost: Host + Records + Directories + Trunks + Vault + Twirp + Poster {}
impl<T: Host + Records + Directories + Trunks + Vault + Twirp + Poster> LiveKitHost for T {}

fn timed(at: Timestamp, event: CarrierEvent) -> Timed {
    Timed { at, event }
}

/// Dials. Returns when the callee has picked up, or when it is known why not.
pub async fn dial(host: &impl LiveKitHost, order: &DialOrder) -> Vec<Timed> {
    let server = match Server::of(host, order).await {
        Ok(server) => server,
        Err(reason) => return refused(host, order, reason),
    };
    let sight = Sight::default();
    let placed = place::place(host, &server, order, &sight).await;
    // However it ends, a phone that was seen ringing rang.
    let rang = sight.rang_unheard().then_some(CarrierEvent::Ringing);
    let mut events: Vec<_> = rang.into_iter().collect();
    match placed {
        DialOutcome::Answered => {
            // The trunk is told about the answer before anything else is requested.
            if order.media_policy.recording
                && let place::Reception::GoesOn =
                    place::tell(host, order, CarrierEvent::Answered).await
            {
                record::start(host, &server, order).await;
            }
            events.push(CarrierEvent::Answered);
            let events = happened(host, events);
            return match is_alone(host, &server, order).await {
                true => desert(host, &server, order, events).await,
                false => events,
            };
        }
        DialOutcome::Lost => return Vec::new(),
        DialOutcome::Unwanted => {}
        DialOutcome::Failed(failure) => {
            let failed = CarrierEvent::Failed(failure);
            note(host, order, &failed);
            events.push(failed);
        }
        DialOutcome::Refused(reason) => return refused(host, order, reason),
        // What was requested may still happen: the trunk goes on hanging up for a while.
        DialOutcome::Gone(event) => {
            note(host, order, &event);
            let _ = hang_up(&server, order).await;
            let presumed = timed(host.now() + PRESUMED_AFTER, event);
            return happened(host, events)
                .into_iter()
                .chain([presumed])
                .collect();
        }
    }
    if hang_up(&server, order).await.is_ok() {
        events.push(CarrierEvent::Deleted);
    }
    happened(host, events)
}

fn happened(host: &impl LiveKitHost, events: Vec<CarrierEvent>) -> Vec<Timed> {
    let now = host.now();
    events.into_iter().map(|event| timed(now, event)).collect()
}

/// LiveKit was asked for nothing, or did none of it: there is nothing to hang up.
fn refused(host: &impl Host, order: &DialOrder, reason: Reason) -> Vec<Timed> {
    let failed = CarrierEvent::Failed(Failure::dialer(reason));
    note(host, order, &failed);
    let done = [failed, CarrierEvent::Released];
    done.map(|event| timed(host.now(), event)).into()
}

/// The one log line for a call that the dialer could not place, or that the carrier refused for lack of credentials. However
/// else a call ends is the callee's doing, and is in its timeline.
fn note(host: &impl Host, order: &DialOrder, event: &CarrierEvent) {
    if let CarrierEvent::Failed(failure) = event
        && (failure.source() == FailureSource::Dialer || failure.reason.is_some())
    {
        host.log(&Event::CallNotPlaced {
            call: order.call,
            trunk: order.request.trunk,
            why: Text(&failure.detail()),
        });
    }
}

/// Something that LiveKit will be asked again a while later. Logged if a phone is known to be affected: other calls have had
/// their log line.
fn missed<T>(
    host: &impl Host,
    order: &DialOrder,
    what: &'static str,
    result: Result<T, Reason>,
) -> Result<T, Unavailable> {
    result.map_err(|reason| {
        if order.ringing_at.or(order.answered_at).is_some() {
            host.log(&Event::LiveKitUnreachable {
                call: order.call,
                what,
                why: reason.text(),
            });
        }
        Unavailable
    })
}

/// Asks how a call is doing.
///
/// # Errors
/// The server gave no answer, or one that says nothing.
pub async fn inquire(
    host: &impl LiveKitHost,
    order: &DialOrder,
) -> Result<InquiryResult, Unavailable> {
    let found = find(host, order).await;
    missed(host, order, "not asked about", found)
}

async fn find(host: &impl LiveKitHost, order: &DialOrder) -> Result<InquiryResult, Reason> {
    let server = Server::of(host, order).await?;
    let answer = server.ask(requests::list_participants(order.call)).await?;
    let room = outcome::in_room(&answer, order.call).ok_or_else(|| outcome::reason(&answer))?;
    let found = |event| InquiryResult::Happened(happened(host, vec![event]));
    match room.callee {
        Callee::Gone => gone(host, &server, order).await,
        callee
            if order.is_agent_done
                || room.agent == AgentSeen::Absent && is_alone(host, &server, order).await =>
        {
            let known = match callee {
                Callee::Active if order.answered_at.is_none() => Some(CarrierEvent::Answered),
                Callee::Ringing if order.ringing_at.is_none() => Some(CarrierEvent::Ringing),
                _ => None,
            };
            let known = happened(host, known.into_iter().collect());
            Ok(InquiryResult::Happened(
                desert(host, &server, order, known).await,
            ))
        }
        Callee::Active if order.answered_at.is_none() => {
            record::start(host, &server, order).await;
            Ok(found(CarrierEvent::Answered))
        }
        Callee::Ringing if order.ringing_at.is_none() => Ok(found(CarrierEvent::Ringing)),
        Callee::Dialing | Callee::Ringing | Callee::Active => Ok(InquiryResult::StillThere),
    }
}

/// How long an agent may be out of sight: after losing its connection it returns as another participant.
const BLINK: Span = Span(300);
/// How long asking who is there may take.
const AT_A_GLANCE: Span = Span(2_000);

/// Whether the callee is there without an agent: seen twice in a row.
async fn is_alone<L: LiveKitHost>(host: &L, server: &Server<'_, L>, order: &DialOrder) -> bool {
    for look in 0..2 {
        if look > 0 {
            host.sleep(BLINK).await;
        }
        let ask = TwirpRequest {
            timeout: AT_A_GLANCE,
            ..requests::list_participants(order.call)
        };
        let answer = server.ask(ask).await;
        let room = answer.ok().and_then(|it| outcome::in_room(&it, order.call));
        let alone = |room: InRoom| room.callee != Callee::Gone && room.agent == AgentSeen::Absent;
        if !room.is_some_and(alone) || planted(Fault::AgentLeftIgnored) {
            return false;
        }
    }
    true
}

/// Hangs up on a callee who has nobody to talk to. The trunk hears about it first, after what is `known` already:
/// otherwise LiveKit's own report that the callee left might arrive before. If hanging up fails, the trunk goes on with it.
async fn desert<L: LiveKitHost>(
    host: &L,
    server: &Server<'_, L>,
    order: &DialOrder,
    known: Vec<Timed>,
) -> Vec<Timed> {
    let mut events = known;
    events.push(timed(host.now(), CarrierEvent::Deserted));
    let heard = command::CarrierEvents(vec![(order.call, events.clone())]);
    let _ = ask(host, order.call.address().tag, heard).await;
    if hang_up(server, order).await.is_ok() {
        events.push(timed(host.now(), CarrierEvent::Deleted));
    }
    events
}

/// LiveKit knows nothing of the callee, any more or yet. The room is deleted first, so that nothing can
/// go on unseen; then the call may end.
async fn gone<L: LiveKitHost>(
    host: &L,
    server: &Server<'_, L>,
    order: &DialOrder,
) -> Result<InquiryResult, Reason> {
    let set_up_by = order.dialed_at.unwrap_or_default() + SETUP_LIMIT;
    if order.answered_at.is_none() && host.now() < set_up_by {
        return Ok(InquiryResult::StillThere);
    }
    hang_up(server, order).await?;
    let now = host.now();
    let (at, event) = match (order.answered_at, order.ringing_at) {
        (Some(_), _) => (now, CarrierEvent::Vanished),
        // Whoever dialed may be about to say why.
        (None, Some(_)) => (now + PRESUMED_AFTER, CarrierEvent::HungUp(None)),
        (None, None) => {
            let failure = Failure::of(FailureCode::CarrierError);
            (now + PRESUMED_AFTER, CarrierEvent::Failed(failure))
        }
    };
    let events = [timed(at, event), timed(now, CarrierEvent::Deleted)];
    Ok(InquiryResult::Happened(events.into()))
}

/// Hangs up and cleans up, whatever state the call is in.
///
/// # Errors
/// The room may still exist.
pub async fn tear_down(host: &impl LiveKitHost, order: &DialOrder) -> Result<(), Unavailable> {
    let done = async { hang_up(&Server::of(host, order).await?, order).await };
    missed(host, order, "not hung up", done.await)
}

async fn hang_up<L: LiveKitHost>(server: &Server<'_, L>, order: &DialOrder) -> Result<(), Reason> {
    let answer = server.ask(requests::delete_room(order.call)).await?;
    match outcome::deleted(&answer) {
        true => Ok(()),
        false => Err(outcome::reason(&answer)),
    }
}
