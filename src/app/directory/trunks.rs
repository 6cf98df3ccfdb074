//! Trunks: their rows, what their objects are told, and their copies.

use serde::{Deserialize, Serialize};

use super::command::question;
use super::desk::{Desk, audit};
use super::permits::{Permit, User};
use super::serve::DirectoryActor;
use super::state::{Affects, MOST};
use super::store::DirectoryStore;
use super::{Ask, AuditEntry, Directory, DirectoryCommand, DirectoryRefusal, DirectoryReply};
use crate::app::host::{Host, Unavailable};
use crate::app::records::RecordKey;
use crate::app::trunk::{
    Briefed, CarrierCredentials, KEPT, Retired, StoreFailed, Trunks, ask, command,
};
use crate::domain::agent::Status;
use crate::domain::ids::{TrunkId, TrunkTag};
use crate::domain::media::MediaSettings;
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::{AgentBreakers, Brief, TrunkConfig};

/// A cursor may be so much older than the feed is kept.
const GRACE: Span = Span::from_secs(60);
/// How often a trunk's id is drawn until its tag is free.
const DRAWS: usize = 8;

/// One trunk.
pub struct GetTrunk(pub TrunkId);
question!(GetTrunk, asked => Ask::Trunk(asked.0), DirectoryReply::Trunk(trunk) => *trunk, TrunkConfig);

/// A trunk's row. Never removed: its calls stay readable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredTrunk {
    pub config: TrunkConfig,
    /// Lists are in this order.
    #[serde(default)]
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Since when; of one that an earlier release deleted, since that was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// Whether it was made to be guarded: of those before, one in 4096 has such an id by chance, and is told of everything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guarded: bool,
    /// Of a guarded trunk: whether a call through it was ever permitted. Without one it holds none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub used: bool,
    /// Of a guarded trunk: no call was permitted through it for longer than until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_until: Option<Timestamp>,
}

impl StoredTrunk {
    /// Whether there may be calls.
    pub fn may_hold_calls(&self) -> bool {
        self.used || !self.guarded
    }
}

impl Directory {
    /// A trunk that was not deleted.
    #[must_use]
    pub fn trunk(&self, id: TrunkId) -> Option<&TrunkConfig> {
        self.trunks
            .get(&id)
            .filter(|stored| !stored.deleted)
            .map(|stored| &stored.config)
    }

    /// How many trunks there are.
    #[must_use]
    pub fn trunk_count(&self) -> usize {
        self.trunks
            .values()
            .filter(|stored| !stored.deleted)
            .count()
    }

    /// All trunks that ever held calls, but for those whose end the live feed does not reach back to any more.
    #[must_use]
    pub fn tags(&self, now: Timestamp) -> Vec<TrunkTag> {
        let is_told_of = |stored: &&StoredTrunk| {
            let deleted_at = stored.deleted_at;
            deleted_at.is_none_or(|at| now < at + KEPT + GRACE) && stored.may_hold_calls()
        };
        self.trunks
            .values()
            .filter(is_told_of)
            .map(|stored| stored.config.id.tag())
            .collect()
    }

    /// The trunks that must be told of a change of a key or an agent: those that are known to it, and those through which
    /// it may be used just now.
    pub(super) fn trunks_of(&self, user: User, now: Timestamp) -> Vec<TrunkId> {
        let is_told = |trunk: &&StoredTrunk| {
            let permitted = self.is_permitted(user, trunk.config.id.tag(), now);
            !user.is_guarded() && !trunk.guarded || permitted && !planted(Fault::PermittedUntold)
        };
        let live = self.trunks.values().filter(|trunk| !trunk.deleted);
        let told = live.filter(is_told);
        told.map(|trunk| trunk.config.id).collect()
    }

    /// The id of a new trunk: guarded when there are many.
    pub(super) fn guarded_trunk(&self, id: TrunkId, settings: &Settings) -> TrunkId {
        let live = self.trunks.values().filter(|trunk| !trunk.deleted);
        let known = live.filter(|trunk| !trunk.guarded).count();
        id.guarded(known >= settings.unguarded)
    }

    /// Notes that calls through a trunk are permitted.
    pub(super) fn mark_used(&mut self, id: TrunkId, permit: &Permit, now: Timestamp) {
        if let Some(stored) = self.trunks.get_mut(&id)
            && stored.guarded
            && !permit.lasts(stored.calls_until, now)
        {
            stored.used = true;
            stored.calls_until = Some(permit.until(now));
            let stored = stored.clone();
            self.watch.begin_anew();
            self.put(format!("trunk/{id}"), &stored);
        }
    }

    /// Adds a trunk whose object knows of it already; not beyond the limit.
    pub(super) fn add_trunk(&mut self, config: TrunkConfig, entry: AuditEntry) -> DirectoryReply {
        if self.trunk_count() >= MOST {
            return DirectoryReply::Refused(DirectoryRefusal::TooMany);
        }
        let reply = DirectoryReply::Trunk(Box::new(config.clone()));
        let stored = StoredTrunk {
            guarded: config.id.is_guarded(),
            config,
            created_at: entry.at,
            deleted: false,
            deleted_at: None,
            used: false,
            calls_until: None,
        };
        self.watch.begin_anew();
        // Briefed once more: what changed while its object was asked is in this one.
        self.keep_trunk(stored, entry);
        reply
    }

    /// Replaces a trunk.
    pub(super) fn save_trunk(&mut self, config: TrunkConfig, entry: AuditEntry) {
        if let Some(stored) = self.trunks.get(&config.id).cloned() {
            self.keep_trunk(StoredTrunk { config, ..stored }, entry);
        }
    }

    /// Deletes a trunk; its row stays.
    pub(super) fn delete_trunk(&mut self, id: TrunkId, entry: AuditEntry) {
        if let Some(stored) = self
            .trunks
            .get(&id)
            .filter(|stored| !stored.deleted)
            .cloned()
        {
            self.keep_trunk(
                StoredTrunk {
                    deleted: true,
                    deleted_at: Some(entry.at),
                    ..stored
                },
                entry,
            );
        }
    }

    /// Trunks that an earlier release deleted, which did not note when, leave the live feed a day from now: one at each command.
    pub(super) fn date_deletions(&mut self, now: Timestamp) {
        let is_undated = |stored: &&StoredTrunk| stored.deleted && stored.deleted_at.is_none();
        let undated = self.trunks.values().find(is_undated);
        if let Some(mut stored) = undated.cloned() {
            stored.deleted_at = Some(now);
            self.put(format!("trunk/{}", stored.config.id), &stored);
            self.trunks.insert(stored.config.id, stored);
        }
    }

    fn keep_trunk(&mut self, stored: StoredTrunk, entry: AuditEntry) {
        let Some(org) = self.org_id() else { return };
        let id = stored.config.id;
        self.put(format!("trunk/{id}"), &stored);
        let now = CarrierCredentials::of(&stored.config);
        let before = self.trunks.insert(id, stored);
        let before = before.and_then(|stored| CarrierCredentials::of(&stored.config));
        let mut records = vec![RecordKey::Trunk(org, id), RecordKey::Trunks(org)];
        for line in now.into_iter().chain(before) {
            let carrier = RecordKey::carrier(&line.api_key);
            if !records.contains(&carrier) {
                records.push(carrier);
            }
        }
        self.record(entry, &records, Affects::Trunk(id));
    }

    /// Owes a trunk that was not deleted its brief, as it is. Returns whether there is one.
    pub(super) fn owe_brief(&mut self, id: TrunkId) -> bool {
        let exists = self.trunk(id).is_some();
        if exists {
            let version = self.version();
            self.owed.brief(id, version);
            self.put_owed();
        }
        exists
    }

    /// All that a trunk must know, as of now.
    #[must_use]
    pub fn brief(&self, config: &TrunkConfig, now: Timestamp) -> Brief {
        let deleted = self
            .trunks
            .get(&config.id)
            .is_some_and(|stored| stored.deleted);
        let mut config = config.clone();
        if deleted {
            config.status = Status::Inactive;
        }
        let tag = config.id.tag();
        let media = self.org.as_ref().and_then(|org| org.media.as_ref());
        Brief {
            keeps: media.map(MediaSettings::policy).unwrap_or_default(),
            hours: self.hours_for(tag, now),
            limits: self.limits_for(tag, now),
            secrets: self.secrets().filter(|_| !deleted).cloned(),
            version: self.version(),
            config,
            asks_of_numbers: self.asks_of_numbers(),
            revoked_keys: self.revoked_for(tag, now),
            inactive_agents: self.inactive_for(tag, now),
            deleted_agents: self.deleted_for(tag, now),
            reviews: false,
            retired_until: None,
            former: Vec::new(),
            agents: AgentBreakers::default(),
        }
    }

    /// The brief a trunk is owed.
    #[must_use]
    pub fn owed_brief(&self, id: TrunkId, now: Timestamp) -> Option<Brief> {
        self.trunks
            .get(&id)
            .map(|stored| self.brief(&stored.config, now))
    }
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    /// One trunk.
    pub fn trunk(&self, id: TrunkId) -> Result<DirectoryReply, DirectoryRefusal> {
        let trunk = self.directory.trunk(id).ok_or(DirectoryRefusal::Missing)?;
        Ok(DirectoryReply::Trunk(Box::new(trunk.clone())))
    }

    /// Replaces `was`.
    pub fn save_trunk(
        &mut self,
        trunk: TrunkConfig,
        was: &TrunkConfig,
    ) -> Result<(), DirectoryRefusal> {
        let current = self
            .directory
            .trunk(trunk.id)
            .ok_or(DirectoryRefusal::Missing)?;
        if current != was {
            return Err(DirectoryRefusal::Changed);
        }
        let entry = self.entry("sip_trunk.update", trunk.id);
        self.directory.save_trunk(trunk, entry);
        Ok(())
    }
}

impl DirectoryActor {
    /// A new trunk's object takes its tag first; when another trunk has it, the id is drawn anew.
    /// An object that can't be reached leaves nothing behind: the tag may be taken, by no trunk.
    pub(super) async fn create_trunk(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks),
        command: &DirectoryCommand,
        mut config: TrunkConfig,
    ) -> Result<DirectoryReply, StoreFailed> {
        for _ in 0..DRAWS {
            let brief = self.with(store, |directory| {
                config.id = directory.guarded_trunk(config.id, world.settings());
                (directory.trunk_count() < MOST).then(|| directory.brief(&config, world.now()))
            })?;
            let Some(brief) = brief else {
                return Ok(DirectoryReply::Refused(DirectoryRefusal::TooMany));
            };
            let tag = config.id.tag();
            let (asks_of_numbers, limits) = (brief.asks_of_numbers, brief.limits.clone());
            let briefed = match tag {
                TrunkTag::DIRECTORY => Ok(Briefed::TagTaken),
                _ => ask(world, tag, command::Brief(Box::new(brief))).await,
            };
            match briefed {
                Ok(Briefed::Done) => {
                    // Meanwhile the first number may have been suppressed, or limited: this trunk was not among those that were
                    // told.
                    let is_news = self.with(store, |directory| {
                        directory.asks_of_numbers() != asks_of_numbers
                            || directory.limits_for(tag, world.now()) != limits
                    })?;
                    if is_news {
                        continue;
                    }
                    let entry = audit(world, command, "sip_trunk.create", config.id);
                    return self.with(store, |directory| {
                        let reply = directory.add_trunk(config, entry);
                        directory.answer(command, reply, world.now())
                    });
                }
                Ok(Briefed::TagTaken) => {
                    config.id = TrunkId::from_entropy(world.id_entropy());
                }
                Err(Unavailable) => {
                    return Ok(DirectoryReply::Refused(DirectoryRefusal::NotPropagated));
                }
            }
        }
        Ok(DirectoryReply::Refused(DirectoryRefusal::NotPropagated))
    }

    /// The trunk's object retires first. Until the deletion is written, a brief is owed: should
    /// anything go wrong in between, it brings the trunk back to what the directory says.
    pub(super) async fn delete_trunk(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks),
        command: &DirectoryCommand,
        id: TrunkId,
    ) -> Result<DirectoryReply, StoreFailed> {
        if !self.with(store, |directory| directory.owe_brief(id))? {
            return Ok(DirectoryReply::Refused(DirectoryRefusal::Missing));
        }
        match ask(world, id.tag(), command::Retire).await {
            Ok(Retired::HasLiveCalls) => Ok(DirectoryReply::Refused(DirectoryRefusal::LiveCalls)),
            Ok(Retired::Done) => {
                let entry = audit(world, command, "sip_trunk.delete", id);
                self.with(store, |directory| directory.delete_trunk(id, entry))?;
                Ok(DirectoryReply::Done)
            }
            Err(Unavailable) => Ok(DirectoryReply::Refused(DirectoryRefusal::NotPropagated)),
        }
    }
}
