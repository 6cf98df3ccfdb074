//! The list of commands: how each travels to a campaign's object, its handler, and its reply.
//!
//! What travels is [`CampaignCommand`] and [`CampaignReply`], as JSON in a request to the object. The caller passes a command of
//! this list to [`super::ask`], and gets its reply, or a refusal.

use serde::{Deserialize, Serialize};

use super::erasing::{EraseRecipients, ErasedRecipients};
use super::language::{self, Added, People, RecipientPage, Shown, Snapshot, Ticked};
use super::port::asks;
use super::{Answer, AskCampaign, CampaignReply, CampaignStore, Desk};
use crate::app::asking::travels;
use crate::domain::call::CallAgent;
use crate::domain::callback::AttemptResult;
use crate::domain::campaign::{Campaign, NewRecipient, Plan, RecipientStatus, handover};
use crate::domain::ids::{CallId, DeliveryId, KeyId};
use crate::domain::time::Timestamp;

/// `Command(its: Parts) => handler -> Reply;`
macro_rules! commands {
    ($(
        $(#[doc = $doc:literal])*
        $command:ident $(($($part:ident: $of:ty),+))? $({
            $($(#[doc = $about:literal])* $(#[serde $rule:tt])? $field:ident: $is:ty),+ $(,)?
        })? => $handler:ident -> $reply:ty;
    )+) => {
        travels! {
            /// A request to a campaign's object, as it travels.
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub enum CampaignCommand {$(
                $(#[doc = $doc])*
                $command $(($($part: $of),+))? $({
                    $($(#[doc = $about])* $(#[serde $rule])? $field: $is),+
                })?
            ),+}
        }

        $(asks!($command => $reply);)+

        impl<S: CampaignStore> Desk<'_, S> {
            pub(super) fn carry_out(&mut self, command: CampaignCommand) -> Answer<CampaignReply> {
                match command {$(
                    CampaignCommand::$command $(($($part),+))? $({$($field),+})? => {
                        told::<$command>(self.$handler($($($part),+)? $($($field),+)?))
                    }
                )+}
            }
        }
    };
}

commands! {
    /// Create the campaign; repeated, it returns the campaign as it is by then.
    Create(campaign: Box<Campaign>) => create -> Shown;
    /// The campaign as it is, with its counts.
    Get => get -> Shown;
    /// Replace its owner's settings `was` with `plan`: in a draft, or while it is paused.
    Save {
        /// The new settings.
        plan: Box<Plan>,
        /// The settings when the change was composed.
        was: Box<Plan>,
    } => save -> Shown;
    /// Start it, or resume it.
    Start {
        /// The key that does so: its calls are made on behalf of this key.
        key: KeyId,
        /// The agent, in the form its calls need.
        agent: Box<CallAgent>,
        /// Identifies this start to the directory, which is told when the campaign rests again.
        mark: u64,
    } => start -> Shown;
    /// Call nobody until it is started again. Answered once no further phone can ring.
    Pause => pause -> Shown;
    /// A key was revoked: if that key last started the campaign and it is running, it is paused, and the answer is as for that.
    RevokeKey(key: KeyId) => revoke_key -> Shown;
    /// Cancel it. Answered once no further phone can ring.
    Cancel {
        /// Conversations are hung up as well.
        hang_up: bool,
    } => cancel -> Shown;
    /// Delete a draft, or a campaign that is over.
    Delete => delete -> ();
    /// Add people.
    Add(people: Vec<NewRecipient>) => add -> Added;
    /// A page of recipients, in the order of their rows.
    Recipients {
        /// Only those with this status; all if `None`.
        status: Option<RecipientStatus>,
        /// After this row.
        after: u64,
        /// Page size.
        limit: usize,
    } => recipients -> RecipientPage;
    /// One recipient, with metadata.
    Recipient(reference: String) => recipient -> Option<language::Recipient>;
    /// A page of all recipients as of one moment.
    Results {
        /// As returned with the first page; `None` for the first.
        snapshot: Option<Snapshot>,
        /// After this row.
        after: u64,
        /// Page size.
        limit: usize,
    } => results -> RecipientPage;
    /// Some of the people on the list, whatever their status.
    PreviewPeople {
        /// After this row.
        after: u64,
        /// How many at most.
        limit: usize,
    } => preview_people -> People;
    /// Erases recipients with a number, some at a time.
    Erase(asked: EraseRecipients) => erase -> ErasedRecipients;
    /// The trunk's report that calls of the campaign have ended, or what else is known of their ends. Ends that are not reported are
    /// asked for. Without calls: capacity is free again at the trunk.
    Ended(calls: Vec<(CallId, handover::Ended)>) => ended -> ();
    /// A sender is about to attempt the notification that the campaign is over: returns whether it should.
    Begin(delivery: DeliveryId, attempt: u32) => begin -> bool;
    /// The result of that attempt.
    Delivered(delivery: DeliveryId, attempt: u32, result: Box<AttemptResult>) => delivered -> ();
    /// The sender is waiting for a slow receiver.
    Extend(delivery: DeliveryId, attempt: u32, until: Timestamp) => extend -> ();
    /// Do what is due.
    Tick => tick -> Ticked;
}

/// A command's reply, as it travels.
fn told<C: AskCampaign<Told: Into<CampaignReply>>>(
    reply: Answer<C::Told>,
) -> Answer<CampaignReply> {
    reply.map(C::Told::into)
}

impl CampaignCommand {
    /// Whether it is answered only once all calls have been taken back.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self, Self::Pause | Self::RevokeKey(_) | Self::Cancel { .. })
    }
}
