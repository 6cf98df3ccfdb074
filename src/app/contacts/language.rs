//! What can be asked of an object that knows of numbers, and what it answers: JSON in a request to the object.

use serde::{Deserialize, Serialize};

use super::Place;
use crate::domain::contacts::{Number, Stage, Suppression, Take, Ticket, Word};
use crate::domain::ids::{OrgId, TrunkTag};

/// A request to such an object. Each number in it is one of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ContactsCommand {
    /// Whether these numbers are suppressed. `Words`.
    Look(Vec<Number>),
    /// Places among the dials to numbers that are not suppressed. `Taken`.
    Take(Vec<Take>),
    /// Such places are free again. `Done`.
    GiveBack(Vec<(Number, Ticket)>),
    /// The suppression of a number, if it is. `Suppressions`.
    Get(Number),
    /// Some of them, newest first. `Page` if it may end early, else `Suppressions`.
    Page {
        /// Only behind this one.
        before: Option<Place>,
        /// How many at most.
        limit: usize,
        /// It may end early, where it passes over many whose end has come. The release before does not ask so.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_parts: bool,
    },
    /// These are suppressed from now on. `Kept`, or `Full`.
    Put(Vec<Suppression>),
    /// A number is not suppressed any more. `Removed`.
    Remove(Number),
    /// What is known of a number goes, but for its suppression, while it has one. `Removed`, if it has one.
    Erase(Number),
    /// Tell these trunks of an organisation that numbers are suppressed: where there are more than one invocation tells. They
    /// need not be this object's. `Told`.
    Tell {
        /// Whose numbers and trunks these are.
        org: OrgId,
        /// Those to tell: as many as one invocation asks.
        trunks: Vec<TrunkTag>,
        /// Those that were suppressed.
        numbers: Vec<Number>,
    },
    /// Do what is due. `Done`.
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
    /// It is done, and written.
    Done,
    /// Of each number, whether it is suppressed.
    Words(Vec<(Number, bool)>),
    /// What is known of the number of each place that was asked for.
    Taken(Vec<Word>),
    /// Suppressions that hold.
    Suppressions(Vec<Suppression>),
    /// The same; and behind which place the look for more goes on, if it ended early.
    Page(Vec<Suppression>, Option<Place>),
    /// They are kept.
    Kept {
        /// How many were not there.
        added: usize,
        /// How many were.
        updated: usize,
        /// The last of them, as it is now.
        last: Option<Box<Suppression>>,
    },
    /// There is no room for more: none is kept.
    Full,
    /// Whether it was there. Of what is erased: whether it is there still.
    Removed(bool),
    /// Whether all were told.
    Told(bool),
}
