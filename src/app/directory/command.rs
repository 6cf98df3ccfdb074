//! The list of commands: how each travels to a directory, its handler, and its reply.
//!
//! What travels is [`super::DirectoryCommand`] around an [`Ask`], and [`DirectoryReply`], as JSON in a request to the object.
//! The caller passes a command of this list to [`super::ask`], and gets its reply, or a refusal; handlers and replies are in
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
            /// Everything a directory can be asked.
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
    /// Keep what an `Idempotency-Key` stands for, for a request that no organisation's directory answers.
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
    /// Change what its operator may change.
    ChangeOrg(change: OrgChange) => change_org -> OrgCard;
    /// Delete the organisation and everything kept of it.
    DeleteOrg => delete_org -> OrgCard;
    /// One agent.
    Agent(id: AgentId) => agent -> agent::Agent;
    /// Create an agent, or replace `was` with it.
    SaveAgent {
        /// The new agent.
        agent: Box<agent::Agent>,
        /// The agent when the change was composed; `None` for a new one.
        was: Option<Box<agent::Agent>>,
    } => save_agent -> Saved;
    /// Delete an agent.
    DeleteAgent(id: AgentId) => delete_agent -> ();
    /// One trunk.
    Trunk(id: TrunkId) => trunk -> TrunkConfig;
    /// Create a trunk; its id may be drawn again.
    CreateTrunk(trunk: Box<TrunkConfig>) => create_trunk -> TrunkConfig;
    /// Replace `was` with `trunk`.
    SaveTrunk {
        /// The new trunk.
        trunk: Box<TrunkConfig>,
        /// The trunk when the change was composed.
        was: Box<TrunkConfig>,
    } => save_trunk -> ();
    /// Delete a trunk that carries no call.
    DeleteTrunk(id: TrunkId) => delete_trunk -> ();
    /// Create a key; the reply contains only that one.
    CreateKey(key: Box<NewKey>) => create_key -> Vec<StoredKey>;
    /// A page of keys, newest first.
    Keys {
        /// Only older than this key.
        before: Option<(Timestamp, KeyId)>,
        /// Page size.
        limit: usize,
    } => keys -> Vec<StoredKey>;
    /// Add a campaign whose object was created.
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
    /// Something is about to be done to a campaign: writes the audit log's line.
    NoteCampaign {
        /// The campaign.
        id: CampaignId,
        /// What is done.
        action: String,
    } => note_campaign -> CampaignCard;
    /// A campaign is about to be started: marks it as running.
    StartCampaign {
        /// The campaign that is to be started.
        id: CampaignId,
        /// The agent.
        agent: AgentId,
        /// The trunk its calls go out through.
        trunk: TrunkId,
    } => start_campaign -> Marked;
    /// The object of a campaign that was marked as running has come to rest.
    RestCampaign(id: CampaignId, mark: u64) => rest_campaign -> ();
    /// Delete a campaign whose object rests.
    DeleteCampaign(id: CampaignId) => delete_campaign -> ();
    /// Revoke a key.
    RevokeKey(id: KeyId) => revoke_key -> ();
    /// The master key has changed, and a key is found under another digest as well.
    MoveKey(id: KeyId, digest: KeyDigest) => move_key -> ();
    /// A key was used.
    TouchKey(id: KeyId) => touch_key -> ();
    /// Permit the requesting key to be used through a trunk.
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
    /// Change it regardless of other changes meanwhile: used by edges of an earlier release.
    SaveMedia(media: Box<MediaSettings>) => save_media -> ();
    /// Replace `was` with `media`.
    ChangeMedia {
        /// The new settings.
        media: Box<MediaSettings>,
        /// The settings when the change was composed.
        was: Box<MediaSettings>,
    } => change_media -> ();
    /// What is known of numbers is about to change: writes the audit log's line.
    NoteNumbers {
        /// What is done.
        action: String,
        /// The number or numbers.
        target: String,
        /// Some are suppressed: every trunk must look up numbers from now on.
        suppresses: bool,
    } => note_numbers -> ();
    /// Erase all that is known of a number.
    Erase(id: ErasureId, number: Number) => begin_erasure -> Erasure;
    /// An erasure, done or in progress.
    KnownErasure(id: ErasureId) => erasure -> Erasure;
    /// A page of erasures, newest first.
    Erasures {
        /// Only those in progress, or only those that are done.
        pending: Option<bool>,
        /// Only older than this one.
        before: Option<ErasureId>,
        /// Page size.
        limit: usize,
    } => erasures -> Vec<Erasure>;
    /// Store the response to a request that was decided elsewhere.
    Answer(answer: language::Answered) => keep_answer -> ();
    /// The organisation's data is about to be exported: writes the audit log's line.
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
        /// Only with one of these statuses; with any if empty.
        status: Vec<DeliveryStatus>,
        /// Only older than this one, which may be a call's.
        before: Option<DeliveryId>,
        /// Page size.
        limit: usize,
    } => deliveries -> Vec<callback::Delivery>;
    /// One more attempt at a test delivery.
    Redeliver(id: DeliveryId) => redeliver -> callback::Delivery;
    /// A sender is about to attempt a test delivery; the reply is what signs it.
    Begin(id: DeliveryId, attempt: u32) => begin -> WebhookSecrets;
    /// What signs the callbacks of a trunk that can't tell itself.
    SecretsOf(trunk: TrunkTag) => secrets_of -> WebhookSecrets;
    /// The JSON under a KV key as it is now, whatever copies say; `None` if there is no such record.
    Record(key: RecordKey) => copy -> Option<String>;
    /// The result of an attempt.
    Delivered(id: DeliveryId, attempt: u32, result: Box<AttemptResult>) => delivered -> ();
    /// A sender is waiting for a slow receiver.
    Extend(id: DeliveryId, attempt: u32, until: Timestamp) => extend -> ();
    /// The names of a key and its organisation.
    #[serde(rename = "Introduce")]
    WhoAmI(key: KeyId) => who_am_i -> Introduced;
    /// The built-in receiver took a notification.
    Receive(received: Box<receiver::Received>) => receive -> ();
    /// What the built-in receiver took lately, newest first.
    Received => received -> Vec<receiver::Received>;
    /// The trunks in the live feed, as of the directory's present, including those deleted within the last day.
    Tags => tags -> watch::Tags;
    /// A trunk has news that became known at this moment.
    Nudge(at: Timestamp) => nudge -> ();
    /// For the operator's own directory: the cron ran.
    Swept(sweep: Box<Sweep>) => swept -> Box<Oversight>;
    /// For that: a queue's message failed repeatedly.
    DeadLetter => dead_letter -> ();
    /// For that: a test message came out of the queue of this binding.
    QueueSeen(queue: String) => queue_seen -> ();
    /// For that: an organisation was deleted, and this is what is kept of it.
    Bury(grave: Grave) => bury -> ();
    /// For that: an organisation that was deleted.
    Buried(org: OrgId) => buried -> OrgCard;
    /// For that: what the platform knows of itself.
    Oversee => oversee -> Box<Oversight>;
    /// Do what is due.
    Tick => tick -> Ticked;
    /// Secrets sealed with a key other than this one, which is the present one; some at a time.
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
    /// Whether it changes nothing that is stored.
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

    /// Whether it is answered only once the trunks concerned have been told. A trunk that
    /// was just created or deleted has been asked already.
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
