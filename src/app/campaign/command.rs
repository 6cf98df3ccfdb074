//! The list of commands: how each travels to a campaign's object, who carries it out, and the reply that belongs to it.
//!
//! What travels is [`CampaignCommand`] and [`CampaignReply`], as JSON in a request to the object. Whoever asks gives a command of
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
    /// Create the campaign: asked again, it is as it is by then.
    Create(campaign: Box<Campaign>) => create -> Shown;
    /// The campaign as it is, with its counts.
    Get => get -> Shown;
    /// Replace what its owner said of it, `was`, by `plan`: in a draft, and in one that is paused.
    Save {
        /// As it is to be.
        plan: Box<Plan>,
        /// As it was when the change was composed.
        was: Box<Plan>,
    } => save -> Shown;
    /// Start it, or let it go on.
    Start {
        /// The key that does so: its calls are this key's.
        key: KeyId,
        /// Who talks, as its calls need them.
        agent: Box<CallAgent>,
        /// By which the directory knows this start: it is told when the campaign rests again.
        mark: u64,
    } => start -> Shown;
    /// Call nobody, until it is started again. Answered when no further phone can ring.
    Pause => pause -> Shown;
    /// A key is revoked: a running campaign that it started last is paused. Answered as that is; others are as they are.
    RevokeKey(key: KeyId) => revoke_key -> Shown;
    /// Call it off. Answered when no further phone can ring.
    Cancel {
        /// Those who talk are hung up as well.
        hang_up: bool,
    } => cancel -> Shown;
    /// Delete a draft, or one that is over.
    Delete => delete -> ();
    /// Add people.
    Add(people: Vec<NewRecipient>) => add -> Added;
    /// A page of recipients, in the order of their rows.
    Recipients {
        /// Only these; all if there is none.
        status: Option<RecipientStatus>,
        /// Behind this row.
        after: u64,
        /// Page size.
        limit: usize,
    } => recipients -> RecipientPage;
    /// One recipient, with metadata.
    Recipient(reference: String) => recipient -> Option<language::Recipient>;
    /// A page of all recipients as of one moment.
    Results {
        /// As the first page told; none for the first.
        snapshot: Option<Snapshot>,
        /// Behind this row.
        after: u64,
        /// Page size.
        limit: usize,
    } => results -> RecipientPage;
    /// Some of the people on the list, whatever became of them.
    PreviewPeople {
        /// Behind this row.
        after: u64,
        /// How many at most.
        limit: usize,
    } => preview_people -> People;
    /// Recipients with a number are erased, some of them at a time.
    Erase(asked: EraseRecipients) => erase -> ErasedRecipients;
    /// Calls of the campaign ended, or more is known of their ends, as their trunk says. One that is not heard of is asked for. With
    /// none of them: something is free again at the trunk.
    Ended(calls: Vec<(CallId, handover::Ended)>) => ended -> ();
    /// A sender is about to make an attempt of telling that the campaign is over: whether it is to.
    Begin(delivery: DeliveryId, attempt: u32) => begin -> bool;
    /// The result of that attempt.
    Delivered(delivery: DeliveryId, attempt: u32, result: Box<AttemptResult>) => delivered -> ();
    /// Its sender waits for a slow receiver.
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
    /// Whether it is answered only when no calls are being taken back any more.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self, Self::Pause | Self::RevokeKey(_) | Self::Cancel { .. })
    }
}
