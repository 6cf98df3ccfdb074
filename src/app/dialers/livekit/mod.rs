//! LiveKit as a dialer: a room a call, an agent called into it, and the phone rung once.
//!
//! Between the claim and the phone nothing is ever tried twice: each CreateSIPParticipant rings the
//! phone anew. Its answer comes when the person picks up, so ringing is seen by looking at the
//! callee meanwhile; and when its answer is lost, by looking on. Whatever the end, the room is
//! deleted: a phone whose room is gone stops ringing.

mod jwt;
mod outcome;
mod place;
mod record;
mod requests;
mod server;
pub mod webhook;

pub use jwt::Presented;
pub use requests::Ask;

use outcome::Callee;
use place::Placed;
use server::Server;

use crate::app::ports::{Host, Poster, Records, Trunks, Twirp, Unavailable, Vault};
use crate::app::trunk::Order;
use crate::domain::call::{CarrierEvent, Failure, FailureCode, Finding, SETUP, Timed};
use crate::domain::time::Millis;
use webhook::PRESUMED_AFTER;

/// What reaching a LiveKit server, and telling the trunk of it, takes.
pub trait Line: Host + Records + Trunks + Vault + Twirp + Poster {}
impl<T: Host + Records + Trunks + Vault + Twirp + Poster> Line for T {}

fn timed(at: Millis, event: CarrierEvent) -> Timed {
    Timed { at, event }
}

/// Dials: returns when the person has picked up, or it is known why not.
pub async fn dial(line: &impl Line, order: &Order) -> Vec<Timed> {
    let Ok(server) = Server::of(line, order).await else {
        let failure = Failure::of(FailureCode::DialerUnavailable);
        let failed = [CarrierEvent::Failed(failure), CarrierEvent::Released];
        return failed.map(|event| timed(line.now(), event)).into();
    };
    let mut events = Vec::new();
    match place::place(line, &server, order).await {
        Placed::Answered => {
            let answered = timed(line.now(), CarrierEvent::Answered);
            // The answer is told before anything else is asked for.
            if order.keeps.recording
                && let place::Told::GoesOn = place::tell(line, order, CarrierEvent::Answered).await
            {
                record::start(line, &server, order).await;
            }
            return vec![answered];
        }
        Placed::Lost => return Vec::new(),
        Placed::Unwanted => {}
        Placed::Failed(failure) => events.push(CarrierEvent::Failed(failure)),
        // What was asked for may still come: the trunk goes on hanging up for a while.
        Placed::Gone(event) => {
            let _ = hang_up(&server, order).await;
            return vec![timed(line.now() + PRESUMED_AFTER, event)];
        }
    }
    if hang_up(&server, order).await.is_ok() {
        events.push(CarrierEvent::Released);
    }
    let now = line.now();
    events.into_iter().map(|event| timed(now, event)).collect()
}

/// Asks what became of a call.
///
/// # Errors
/// The server gave no answer, or none that says anything.
pub async fn inquire(line: &impl Line, order: &Order) -> Result<Finding, Unavailable> {
    let server = Server::of(line, order).await?;
    let answer = server.ask(requests::get_participant(order.call)).await?;
    let now = line.now();
    let happened = |event| Finding::Happened(vec![timed(now, event)]);
    match outcome::callee(&answer).ok_or(Unavailable)? {
        Callee::Active if order.answered_at.is_none() => {
            record::start(line, &server, order).await;
            Ok(happened(CarrierEvent::Answered))
        }
        Callee::Ringing if order.ringing_at.is_none() => Ok(happened(CarrierEvent::Ringing)),
        Callee::Gone => gone(line, &server, order).await,
        Callee::Dialing | Callee::Ringing | Callee::Active => Ok(Finding::StillThere),
    }
}

/// LiveKit knows nothing of the callee, any more or yet. The room goes first, so that nothing can
/// go on unseen; then the call may end.
async fn gone<L: Line>(
    line: &L,
    server: &Server<'_, L>,
    order: &Order,
) -> Result<Finding, Unavailable> {
    let set_up_by = order.dialed_at.unwrap_or_default() + SETUP;
    if order.answered_at.is_none() && line.now() < set_up_by {
        return Ok(Finding::StillThere);
    }
    hang_up(server, order).await?;
    let now = line.now();
    let (at, event) = match (order.answered_at, order.ringing_at) {
        (Some(_), _) => (now, CarrierEvent::HungUp(None)),
        // Whoever dialed may be about to say why.
        (None, Some(_)) => (now + PRESUMED_AFTER, CarrierEvent::HungUp(None)),
        (None, None) => {
            let failure = Failure::of(FailureCode::CarrierError);
            (now + PRESUMED_AFTER, CarrierEvent::Failed(failure))
        }
    };
    let events = [timed(at, event), timed(now, CarrierEvent::Released)];
    Ok(Finding::Happened(events.into()))
}

/// Hangs up and leaves nothing behind, whatever state the call is in.
///
/// # Errors
/// The room may still be there.
pub async fn release(line: &impl Line, order: &Order) -> Result<(), Unavailable> {
    hang_up(&Server::of(line, order).await?, order).await
}

async fn hang_up<L: Line>(server: &Server<'_, L>, order: &Order) -> Result<(), Unavailable> {
    let answer = server.ask(requests::delete_room(order.call)).await?;
    outcome::deleted(&answer).then_some(()).ok_or(Unavailable)
}
