//! The list of commands: how each travels to a directory, who carries it out, and the reply that belongs to it.
//!
//! What travels is [`super::DirectoryCommand`] around an [`Ask`], and [`DirectoryReply`], as JSON in a request to the object.
//! Whoever asks gives a command of this list to [`super::ask`], and gets its reply, or a refusal; handlers and replies stand in
//! their resources' files.

use serde::{Deserialize, Serialize};

use super::agents::Saved;
use super::campaigns::Marked;
use super::orgs::{Founded, Introduced, Settled};
use super::permits::Permitted;
use super::port::asks;
use super::seals::FormerSecrets;
use super::{
    AskDirectory, AuditEntry, CampaignCard, Desk, DirectoryCommand, DirectoryReply, DirectoryStore,
    Erasure, NewKey, OrgCard, OrgChange, Oversight, RunsWith, Sweep, Ticked, language, permits,
    receiver, watch,
};
use crate::app::asking::travels;
use crate::app::host::Host;
use crate::app::records::RecordKey;
use crate::domain::access::{KeyDigest, StoredKey};
use crate::domain::agent;
use crate::domain::callback::{self, AttemptResult, DeliveryStatus, WebhookSecret, WebhookSecrets};
use crate::domain::campaign::Campaign;
use crate::domain::contacts::Number;
use crate::domain::directory::Grave;
use crate::domain::ids::{
    AgentId, CampaignId, DeliveryId, ErasureId, KeyId, OrgId, TrunkId, TrunkTag,
};
use crate::domain::media::MediaSettings;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::TrunkConfig;

/// `Command(its: Parts) => handler -> Reply;`
macro_rules! commands {
    ($(
        $(#[doc = $doc:literal])*
        $(#[serde $name:tt])?
        $command:ident $(($($part:ident: $of:ty),+))? $({
            $($(#[doc = $about:literal])* $field:ident: $is:ty),+ $(,)?
        })? => $handler:ident -> $reply:ty;
    )+) => {
        travels! {
            /// What can be asked of a directory.
            #[derive(Clone, Debug, Serialize, Deserialize)]
            pub enum Ask {$(
                $(#[doc = $doc])*
                $(#[serde $name])?
                $command $(($($part: $of),+))? $({$($(#[doc = $about])* $field: $is),+})?
            ),+}
        }

        $(
            impl From<$command> for DirectoryCommand {
                fn from(command: $command) -> Self {
                    Self::of_the_platform(command.into())
                }
            }

            asks!($command => $reply);
        )+

        impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
            pub(super) fn carry_out(&mut self, ask: Ask) -> super::Answer<DirectoryReply> {
                match ask {$(
                    Ask::$command $(($($part),+))? $({$($field),+})? => {
                        told::<$command>(self.$handler($($($part),+)? $($($field),+)?))
                    }
                )+}
            }
        }
    };
}

commands! {
    /// Keep what an `Idempotency-Key` stands for, of a request that no organisation's directory answers.
    Settle => settle -> Settled;
    /// Found the organisation.
    Found {
        /// Its id, which names the directory.
        org: OrgId,
        /// Display name, as the operator gave it.
        name: String,
        /// Its first owner key.
        owner: Box<NewKey>,
        /// Its first webhook secret.
        secret: WebhookSecret,
    } => found -> Founded;
    /// The organisation, as its operator sees it.
    Org => org -> OrgCard;
    /// Change what its operator has a say in.
    ChangeOrg(change: OrgChange) => change_org -> OrgCard;
    /// Delete the organisation, with all that is kept of it.
    DeleteOrg => delete_org -> OrgCard;
    /// One agent.
    Agent(id: AgentId) => agent -> agent::Agent;
    /// Create an agent, or replace `was` by it.
    SaveAgent {
        /// As it is to be.
        agent: Box<agent::Agent>,
        /// As it was when the change was composed; none for a new one.
        was: Option<Box<agent::Agent>>,
    } => save_agent -> Saved;
    /// Delete an agent.
    DeleteAgent(id: AgentId) => delete_agent -> ();
    /// One trunk.
    Trunk(id: TrunkId) => trunk -> TrunkConfig;
    /// Create a trunk; its id may be drawn anew.
    CreateTrunk(trunk: Box<TrunkConfig>) => create_trunk -> TrunkConfig;
    /// Replace `was` by `trunk`.
    SaveTrunk {
        /// As it is to be.
        trunk: Box<TrunkConfig>,
        /// As it was when the change was composed.
        was: Box<TrunkConfig>,
    } => save_trunk -> ();
    /// Delete a trunk that carries no call.
    DeleteTrunk(id: TrunkId) => delete_trunk -> ();
    /// Create a key; it alone is told.
    CreateKey(key: Box<NewKey>) => create_key -> Vec<StoredKey>;
    /// A page of keys, newest first.
    Keys {
        /// Only older than this key.
        before: Option<(Timestamp, KeyId)>,
        /// Page size.
        limit: usize,
    } => keys -> Vec<StoredKey>;
    /// Add a campaign, whose object was created.
    CreateCampaign(campaign: Box<Campaign>) => create_campaign -> ();
    /// What is known of a campaign.
    KnownCampaign(id: CampaignId) => campaign -> CampaignCard;
    /// A page of campaigns, newest first.
    Campaigns {
        /// Only older than this one.
        before: Option<(Timestamp, CampaignId)>,
        /// Page size.
        limit: usize,
    } => campaigns -> Vec<CampaignCard>;
    /// The campaigns that run, or are about to.
    RunningCampaigns(with: RunsWith) => running_campaigns -> Vec<CampaignCard>;
    /// Something is about to be done to a campaign: the audit log's line of it.
    NoteCampaign {
        /// To which.
        id: CampaignId,
        /// What is done.
        action: String,
    } => note_campaign -> CampaignCard;
    /// A campaign is about to be started.
    StartCampaign {
        /// The campaign that is to be started.
        id: CampaignId,
        /// Who talks.
        agent: AgentId,
        /// What it goes out through.
        trunk: TrunkId,
    } => start_campaign -> Marked;
    /// A campaign's object rests that was marked so.
    RestCampaign(id: CampaignId, mark: u64) => rest_campaign -> ();
    /// Delete a campaign whose object rests.
    DeleteCampaign(id: CampaignId) => delete_campaign -> ();
    /// Revoke a key.
    RevokeKey(id: KeyId) => revoke_key -> ();
    /// A key is found under another digest as well: the master key has changed.
    MoveKey(id: KeyId, digest: KeyDigest) => move_key -> ();
    /// A key was used.
    TouchKey(id: KeyId) => touch_key -> ();
    /// Permit that the key which asks is used through a trunk.
    Permit(permit: permits::Permit) => permit -> Permitted;
    /// The webhook secrets.
    Secrets => secrets -> WebhookSecrets;
    /// A new webhook secret.
    RotateSecret {
        /// The new one.
        secret: WebhookSecret,
        /// How long the present one signs beside it.
        overlap: Span,
    } => rotate_secret -> WebhookSecrets;
    /// What the organisation keeps of its calls.
    Media => media -> MediaSettings;
    /// Change that, whoever else changed it meanwhile: so edges of an earlier release do.
    SaveMedia(media: Box<MediaSettings>) => save_media -> ();
    /// Replace `was` by `media`.
    ChangeMedia {
        /// As it is to be.
        media: Box<MediaSettings>,
        /// As it was when the change was composed.
        was: Box<MediaSettings>,
    } => change_media -> ();
    /// What is known of numbers is about to change: the audit log's line of it.
    NoteNumbers {
        /// What is done.
        action: String,
        /// To what.
        target: String,
        /// Some are suppressed: every trunk is to ask of numbers from now on.
        suppresses: bool,
    } => note_numbers -> ();
    /// Erase all that is known of a number.
    Erase(id: ErasureId, number: Number) => begin_erasure -> Erasure;
    /// That a number was erased, or is being.
    KnownErasure(id: ErasureId) => erasure -> Erasure;
    /// A page of these, newest first.
    Erasures {
        /// Only those that are under way, or only those that are not.
        pending: Option<bool>,
        /// Only older than this one.
        before: Option<ErasureId>,
        /// Page size.
        limit: usize,
    } => erasures -> Vec<Erasure>;
    /// Keep what a request was answered that others decided.
    Answer(answer: language::Answered) => keep_answer -> ();
    /// All that is kept of the organisation is about to be told: the audit log's line of it.
    NoteExport => note_export -> ();
    /// A page of the audit log, newest first, each entry with its position.
    Audit {
        /// Only entries before this one.
        before: Option<u64>,
        /// Page size.
        limit: usize,
    } => audit -> Vec<(u64, AuditEntry)>;
    /// Send a test event.
    TestEvent {
        /// To this receiver.
        url: String,
    } => send_test -> callback::Delivery;
    /// One test delivery.
    Delivery(id: DeliveryId) => delivery -> callback::Delivery;
    /// A page of test deliveries, newest first.
    Deliveries {
        /// Only with one of these statuses; with any when there is none.
        status: Vec<DeliveryStatus>,
        /// Only older than this one, which may be a call's.
        before: Option<DeliveryId>,
        /// Page size.
        limit: usize,
    } => deliveries -> Vec<callback::Delivery>;
    /// One more attempt of a test delivery.
    Redeliver(id: DeliveryId) => redeliver -> callback::Delivery;
    /// A sender is about to make an attempt of a test delivery: what signs it.
    Begin(id: DeliveryId, attempt: u32) => begin -> WebhookSecrets;
    /// What signs the callbacks of a trunk that can't tell by itself.
    SecretsOf(trunk: TrunkTag) => secrets_of -> WebhookSecrets;
    /// The JSON under a KV key as it is now, whatever copies say; none if there is no such record.
    Record(key: RecordKey) => copy -> Option<String>;
    /// The result of an attempt.
    Delivered(id: DeliveryId, attempt: u32, result: Box<AttemptResult>) => delivered -> ();
    /// A sender waits for a slow receiver.
    Extend(id: DeliveryId, attempt: u32, until: Timestamp) => extend -> ();
    /// What a key and its organisation are called.
    #[serde(rename = "Introduce")]
    WhoAmI(key: KeyId) => who_am_i -> Introduced;
    /// The built-in receiver took a notification.
    Receive(received: Box<receiver::Received>) => receive -> ();
    /// What the built-in receiver took lately, newest first.
    Received => received -> Vec<receiver::Received>;
    /// Which trunks the live feed is of, as of the directory's present: those deleted within the last day included.
    Tags => tags -> watch::Tags;
    /// A trunk has news that became known at this moment.
    Nudge(at: Timestamp) => nudge -> ();
    /// Of the operator's own directory: the cron ran.
    Swept(sweep: Box<Sweep>) => swept -> Box<Oversight>;
    /// Of that: a queue's message failed again and again.
    DeadLetter => dead_letter -> ();
    /// Of that: a message came out of the queue of this binding that was sent to try it.
    QueueSeen(queue: String) => queue_seen -> ();
    /// Of that: an organisation was deleted, and this is what is kept of it.
    Bury(grave: Grave) => bury -> ();
    /// Of that: an organisation that was deleted.
    Buried(org: OrgId) => buried -> OrgCard;
    /// Of that: what the platform knows of itself.
    Oversee => oversee -> Box<Oversight>;
    /// Do what is due.
    Tick => tick -> Ticked;
    /// Some of what another key seals than this, which seals now.
    SealedBefore {
        /// Its name.
        key: String,
    } => sealed_before -> FormerSecrets;
}

/// A command's reply, as it travels.
pub(super) fn told<C: AskDirectory<Told: Into<DirectoryReply>>>(
    reply: super::Answer<C::Told>,
) -> super::Answer<DirectoryReply> {
    reply.map(C::Told::into)
}

impl Ask {
    /// Whether it changes nothing that is kept.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(
            self,
            Self::Org
                | Self::Agent(_)
                | Self::Trunk(_)
                | Self::Keys { .. }
                | Self::Secrets
                | Self::Media
                | Self::Record(_)
                | Self::Audit { .. }
                | Self::Delivery(_)
                | Self::Deliveries { .. }
                | Self::WhoAmI(_)
                | Self::Received
                | Self::Tags
                | Self::Nudge(_)
                | Self::KnownCampaign(_)
                | Self::Campaigns { .. }
                | Self::RunningCampaigns(_)
                | Self::Buried(_)
                | Self::SealedBefore { .. }
                | Self::KnownErasure(_)
                | Self::Erasures { .. }
        )
    }

    /// Whether it is answered only when the trunks that must know of it were told. A trunk that
    /// was just created or deleted has given its word already.
    pub(super) fn waits_for_trunks(&self) -> bool {
        matches!(
            self,
            Self::SaveAgent { .. }
                | Self::DeleteAgent(_)
                | Self::SaveTrunk { .. }
                | Self::SaveMedia(_)
                | Self::ChangeMedia { .. }
                | Self::NoteNumbers {
                    suppresses: true,
                    ..
                }
                | Self::RotateSecret { .. }
                | Self::RevokeKey(_)
                | Self::StartCampaign { .. }
                | Self::ChangeOrg(_)
                | Self::DeleteOrg
                | Self::Permit(_)
        )
    }
}
