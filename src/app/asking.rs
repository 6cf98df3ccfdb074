//! Commands to objects, each with the reply that belongs to it.
//!
//! What travels is one enum of commands and one of replies for each object, written and read once. A command of its own type
//! becomes a variant of the one, and takes its reply out of the other: that is all there is to compile for each of them.

use crate::app::host::{Host, Unavailable};
use crate::app::telemetry::Event;

/// All that an object may answer, as it travels.
pub trait Replies {
    /// What the object is called in the log.
    const OBJECT: &'static str;
}

/// What a command is answered with.
pub trait Reply<A>: Sized {
    /// That, out of all that the object may answer.
    fn read(answer: A) -> Option<Self>;
}

/// A command, and what it is answered with.
pub trait Command: Into<Self::Asked> {
    /// As it travels.
    type Asked;
    /// What its object may answer.
    type Answer: Replies;
    /// What it answers to this.
    type Reply: Reply<Self::Answer>;
}

/// The reply that belongs to a command.
///
/// # Errors
/// Another one came, which is logged: the object is of a release that nobody foresaw, or has a fault.
pub fn understood<C: Command>(
    host: &impl Host,
    answer: C::Answer,
) -> Result<C::Reply, Unavailable> {
    C::Reply::read(answer).ok_or_else(|| mismatched::<C::Answer>(host))
}

/// An object answered another question, which is logged here.
pub fn mismatched<A: Replies>(host: &impl Host) -> Unavailable {
    host.log(&Event::AnswerMismatched { object: A::OBJECT });
    Unavailable
}
