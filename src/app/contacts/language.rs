//! What objects that know of numbers can be asked, and what they answer: JSON in a request to the object.

use serde::{Deserialize, Serialize};

use super::Place;
use crate::domain::contacts::{Number, Stage, Suppression, Take, Ticket, Word};
use crate::domain::ids::{OrgId, TrunkTag};

/// A request to such an object. Each number in it belongs to that object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ContactsCommand {
    /// Whether these numbers are suppressed. Answered by `Words`.
    Look(Vec<Number>),
    /// Take places among the dials to numbers, unless suppressed. Answered by `Taken`.
    Take(Vec<Take>),
    /// Give such places back. Answered by `Done`.
    GiveBack(Vec<(Number, Ticket)>),
    /// The suppression of a number, if there is one. Answered by `Suppressions`.
    Get(Number),
    /// Some suppressions, newest first. Answered by `Page` if it may end early, else by `Suppressions`.
    Page {
        /// Only after this one.
        before: Option<Place>,
        /// How many at most.
        limit: usize,
        /// It may end early if it passes many that have expired. The previous release does not set this.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_parts: bool,
    },
    /// Suppress these numbers. Answered by `Kept` or `Full`.
    Put(Vec<Suppression>),
    /// Remove a suppression. Answered by `Removed`.
    Remove(Number),
    /// Erase what is known of a number, except a suppression in force. Answered by `Removed`, saying whether there is one.
    Erase(Number),
    /// Tell these trunks of an organisation that numbers are suppressed, when there are more than one invocation can tell. They
    /// need not have to do with this object. Answered by `Told`.
    Tell {
        /// The organisation of these numbers and trunks.
        org: OrgId,
        /// The trunks to tell: as many as one invocation may ask.
        trunks: Vec<TrunkTag>,
        /// The numbers that were suppressed.
        numbers: Vec<Number>,
    },
    /// Do what is due. Answered by `Done`.
    Tick,
}

impl ContactsCommand {
    /// Whether it may change when the object must be woken.
    #[must_use]
    pub fn moves_the_alarm(&self) -> bool {
        match self {
            Self::Put(_) | Self::Tick => true,
            Self::Take(takes) => takes.iter().any(|take| take.stage != Stage::Look),
            _ => false,
        }
    }
}

/// What an object that knows of numbers answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ContactsReply {
    /// Done, and written.
    Done,
    /// Whether each number is suppressed.
    Words(Vec<(Number, bool)>),
    /// What is known of the number of each place that was asked for.
    Taken(Vec<Word>),
    /// Suppressions in force.
    Suppressions(Vec<Suppression>),
    /// The same; with the position after which the search continues, if it ended early.
    Page(Vec<Suppression>, Option<Place>),
    /// They are stored.
    Kept {
        /// How many are new.
        added: usize,
        /// How many were there before.
        updated: usize,
        /// The last of them, as it is now.
        last: Option<Box<Suppression>>,
    },
    /// There is no room for more: none was stored.
    Full,
    /// Whether it was there. For an erasure: whether it is still there.
    Removed(bool),
    /// Whether all were told.
    Told(bool),
}
