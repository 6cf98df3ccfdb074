//! Everything that a campaign's object answers, and the parts of its answers: JSON.

use serde::{Deserialize, Serialize};

use super::erasing::ErasedRecipients;

use crate::domain::calling_hours::ZoneName;
use crate::domain::campaign::{Attempt, Campaign, HeldBy, RecipientStatus, Status};
use crate::domain::phone::E164;
use crate::domain::time::Timestamp;

/// A campaign as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Its row.
    pub campaign: Campaign,
    /// Why it is calling nobody at the moment, if it is running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<HeldBy>,
    /// When all its recipients will be decided, at the recent pace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projected_end_at: Option<Timestamp>,
}

/// A recipient as they are shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipient {
    /// Their position on the list, from 1; files keep their order.
    pub row: u64,
    /// What identifies them in the campaign.
    pub reference: String,
    /// The number to call.
    pub phone: E164,
    /// The time zone of their phone, if it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<ZoneName>,
    /// Their status.
    pub status: RecipientStatus,
    /// When they will be called next, if they wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// Their attempts, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What the agent is told, as JSON, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

/// The moment as of which a list is read, and its number of rows: the same for all of its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// By the campaign's clock, when the first page was requested.
    pub at: Timestamp,
    /// The last row.
    pub through: u64,
    /// Whether whoever had not been called had a last status by then; `None` from an object of the previous release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<bool>,
}

/// Some of the recipients, in the order of their rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipientPage {
    /// In ascending order of `row`.
    pub recipients: Vec<Recipient>,
    /// The row after which the next page begins, if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// The moment as of which they are shown.
    pub snapshot: Snapshot,
}

/// Some of the people on the list, for a preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct People {
    /// Number, time zone if given, and status.
    pub people: Vec<(E164, Option<ZoneName>, RecipientStatus)>,
    /// The row after which the next ones begin, if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// What became of people to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// How many are new.
    pub added: u64,
    /// How many were there already, by their references.
    pub duplicates: u64,
    /// Those for whom there was no room, by their index among these people, from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub too_many: Vec<usize>,
}

/// The reply to a reminder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    /// Since when the notification of its end has been undelivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undelivered_since: Option<Timestamp>,
    /// It had something to do, and no alarm would have woken it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost_alarm: bool,
}

impl CampaignReply {
    /// The same for an object that no alarm would have woken, which only its shell knows.
    #[must_use]
    pub fn of_lost_alarm(self) -> Self {
        let ticked = match self {
            Self::Done => Ticked::default(),
            Self::Ticked(ticked) => ticked,
            other => return other,
        };
        Self::Ticked(Ticked {
            lost_alarm: true,
            ..ticked
        })
    }
}

/// Why a campaign refuses a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CampaignRefusal {
    /// There is no such campaign.
    Missing,
    /// Its status does not allow it.
    Is(Status),
    /// It has changed since the change was composed.
    Changed,
    /// It has nobody to call.
    NoRecipients,
    /// It is done, but a phone may still ring: ask again.
    NotTakenBack,
}

/// Everything the object may answer, as it travels. The list of commands says which part belongs to which command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CampaignReply {
    /// Done, and written.
    Done,
    /// The reply to a reminder.
    Ticked(Ticked),
    /// The campaign as it is now.
    Campaign(Box<Shown>),
    /// Who was added.
    Added(Added),
    /// A page of recipients.
    Recipients(Box<RecipientPage>),
    /// One recipient.
    Recipient(Box<Recipient>),
    /// People on the list.
    People(Box<People>),
    /// How far a number's recipients have been erased.
    Erased(ErasedRecipients),
    /// Whether an attempt should be made.
    Begun(bool),
    /// There is none.
    Missing,
    /// Refused.
    Refused(CampaignRefusal),
    /// Rows can't be written at the moment.
    NotWritten,
}
