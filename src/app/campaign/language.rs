//! What a campaign's object answers, all of it, and what its answers are made of: JSON.

use serde::{Deserialize, Serialize};

use super::erasing::ErasedRecipients;

use crate::domain::calling_hours::ZoneName;
use crate::domain::campaign::{Attempt, Campaign, HeldBy, RecipientStatus, Status};
use crate::domain::phone::E164;
use crate::domain::time::Timestamp;

/// A campaign as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// What its row says.
    pub campaign: Campaign,
    /// Why it calls nobody just now, if it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<HeldBy>,
    /// When all of its recipients will be decided, if it goes on as it did of late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projected_end_at: Option<Timestamp>,
}

/// Somebody on the list, as they are shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipient {
    /// Their place on the list, from 1: files in the order in which they came.
    pub row: u64,
    /// What identifies them in the campaign.
    pub reference: String,
    /// The number that is called.
    pub phone: E164,
    /// Where their phone is, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<ZoneName>,
    /// Where they are.
    pub status: RecipientStatus,
    /// When they will be called next, if they wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// What was tried, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What the agent is told, as JSON, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

/// As of when a list is told, and how many rows it has: all of its pages tell the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// By the campaign's clock, when the first page was asked for.
    pub at: Timestamp,
    /// The last row.
    pub through: u64,
}

/// Some of the recipients, in the order of their rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipientPage {
    /// In ascending order of `row`.
    pub recipients: Vec<Recipient>,
    /// The row behind which the next page begins, if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// As of when.
    pub snapshot: Snapshot,
}

/// Some of the people on the list, for a preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct People {
    /// Number, zone if that was said, and where they are.
    pub people: Vec<(E164, Option<ZoneName>, RecipientStatus)>,
    /// The row behind which the next begin, if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// What became of people who were to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// How many are new.
    pub added: u64,
    /// How many were there: their references are.
    pub duplicates: u64,
    /// Those for whom there was no room, by their places among these people, from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub too_many: Vec<usize>,
}

/// What whoever reminds a campaign hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    /// Since when its word that it is over is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undelivered_since: Option<Timestamp>,
    /// It had something to do, and nothing would have woken it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost_alarm: bool,
}

impl CampaignReply {
    /// The same of an object that nothing would have woken, which its shell alone knows.
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

/// Why a campaign does not do as it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CampaignRefusal {
    /// There is no such campaign.
    Missing,
    /// Not where it is.
    Is(Status),
    /// It was changed meanwhile: what the change was composed of is not so any more.
    Changed,
    /// It has nobody to call.
    NoRecipients,
    /// It is as it was asked to be, but a phone may ring yet: to be asked for again.
    NotTakenBack,
}

/// What the object may answer, as it travels: which part of it belongs to which command, the list of commands says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CampaignReply {
    /// It is done, and written.
    Done,
    /// It was reminded, and has something to tell.
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
    /// How far a number's recipients are erased.
    Erased(ErasedRecipients),
    /// Whether an attempt is to be made.
    Begun(bool),
    /// There is none.
    Missing,
    /// It is not done.
    Refused(CampaignRefusal),
    /// Rows can't be written just now.
    NotWritten,
}
