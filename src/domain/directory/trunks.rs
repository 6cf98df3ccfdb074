//! Trunks: their rows, and what their objects are told.

use serde::{Deserialize, Serialize};

use super::permits::{Permit, User};
use super::{Affects, AuditEntry, Author, Directory, DirectoryRefusal, MOST};
use crate::domain::agent::Status;
use crate::domain::contacts::LimitsBook;
use crate::domain::ids::{TrunkId, TrunkTag};
use crate::domain::media::MediaSettings;
use crate::domain::planted::{Fault, planted};
use crate::domain::record_key::RecordKey;
use crate::domain::settings::Settings;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::{AgentBreakers, Brief, TrunkConfig};

/// What a new trunk's object was told, as far as it may change before the trunk exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The new trunk as requested.
    pub config: TrunkConfig,
    asks_of_numbers: bool,
    limits: LimitsBook,
}

/// A trunk's row. Never removed, so that its calls stay readable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredTrunk {
    /// Its configuration.
    pub config: TrunkConfig,
    /// When it was created; lists are in this order.
    #[serde(default)]
    pub created_at: Timestamp,
    /// No longer listed, no longer usable.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// When it was deleted; if an earlier release did that, when this was noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// Whether it was created as guarded. Of older trunks one in 4096 has such an id by chance, and is told everything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guarded: bool,
    /// For a guarded trunk: whether a call through it was ever permitted. If not, it has none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub used: bool,
    /// For a guarded trunk: no call through it was permitted for longer than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_until: Option<Timestamp>,
}

impl StoredTrunk {
    /// Whether there may be calls.
    #[must_use]
    pub fn may_hold_calls(&self) -> bool {
        self.used || !self.guarded
    }
}

impl Directory {
    fn live_trunk(&self, id: TrunkId) -> Option<&StoredTrunk> {
        self.trunks.get(&id).filter(|stored| !stored.deleted)
    }

    /// A trunk that has not been deleted.
    #[must_use]
    pub fn trunk(&self, id: TrunkId) -> Option<&TrunkConfig> {
        self.live_trunk(id).map(|stored| &stored.config)
    }

    /// How many trunks there are.
    #[must_use]
    pub fn trunk_count(&self) -> usize {
        self.trunks
            .values()
            .filter(|stored| !stored.deleted)
            .count()
    }

    /// All trunks, as stored.
    pub fn trunks(&self) -> impl Iterator<Item = &StoredTrunk> {
        self.trunks.values()
    }

    /// A trunk as stored, deleted or not.
    #[must_use]
    pub fn stored_trunk(&self, id: TrunkId) -> Option<&StoredTrunk> {
        self.trunks.get(&id)
    }

    /// All trunks that ever held calls, except those deleted more than `told_for` ago.
    #[must_use]
    pub fn tags(&self, now: Timestamp, told_for: Span) -> Vec<TrunkTag> {
        let is_told_of = |stored: &&StoredTrunk| {
            let deleted_at = stored.deleted_at;
            let lately = deleted_at.is_none_or(|at| now < at + told_for);
            (lately || planted(Fault::DeletedFollowed)) && stored.may_hold_calls()
        };
        self.trunks
            .values()
            .filter(is_told_of)
            .map(|stored| stored.config.id.tag())
            .collect()
    }

    /// The trunks that must be told about a change of a key or an agent: those that know it anyway, and those through which
    /// it may be used at the moment.
    pub(super) fn trunks_of(&self, user: User, now: Timestamp) -> Vec<TrunkId> {
        let is_told = |trunk: &&StoredTrunk| {
            let permitted = self.is_permitted(user, trunk.config.id.tag(), now);
            !user.is_guarded() && !trunk.guarded || permitted && !planted(Fault::PermittedUntold)
        };
        let live = self.trunks.values().filter(|trunk| !trunk.deleted);
        let told = live.filter(is_told);
        told.map(|trunk| trunk.config.id).collect()
    }

    /// The id of a new trunk: guarded if there are many.
    fn guarded_trunk(&self, id: TrunkId, settings: &Settings) -> TrunkId {
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

    /// Campaigns may place calls through a trunk until then, without any other permit.
    pub(super) fn use_for_campaigns(&mut self, id: TrunkId, until: Timestamp) {
        let permits = self.permits.iter().filter(|((_, tag), _)| *tag == id.tag());
        let permitted = permits.map(|(_, until)| *until).max();
        let until = permitted.map_or(until, |permitted| until.max(permitted));
        if let Some(stored) = self.trunks.get_mut(&id)
            && stored.guarded
        {
            let is_first = !stored.used;
            stored.used = true;
            stored.calls_until = Some(until);
            let stored = stored.clone();
            if is_first {
                self.watch.begin_anew();
            }
            self.put(format!("trunk/{id}"), &stored);
        }
    }

    /// What a new trunk's object must be told, and the parts of it that may change before it has heard.
    ///
    /// # Errors
    /// There are too many trunks.
    pub fn offer(
        &self,
        mut config: TrunkConfig,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(Offer, Brief), DirectoryRefusal> {
        config.id = self.guarded_trunk(config.id, settings);
        if self.trunk_count() >= MOST {
            return Err(DirectoryRefusal::TooMany);
        }
        let brief = self.brief(&config, now);
        let offer = Offer {
            config,
            asks_of_numbers: brief.asks_of_numbers,
            limits: brief.limits.clone(),
        };
        Ok((offer, brief))
    }

    /// Whether an object that was told this knows all that it must. Meanwhile the first number may have been suppressed or
    /// limited, and the new trunk was not among those told of that.
    #[must_use]
    pub fn still_holds(&self, offer: &Offer, now: Timestamp) -> bool {
        let tag = offer.config.id.tag();
        self.asks_of_numbers() == offer.asks_of_numbers && self.limits_for(tag, now) == offer.limits
    }

    /// Adds a trunk that its object already knows.
    ///
    /// # Errors
    /// There are too many.
    pub fn add_trunk(
        &mut self,
        config: TrunkConfig,
        author: Author<'_>,
    ) -> Result<TrunkConfig, DirectoryRefusal> {
        if self.trunk_count() >= MOST {
            return Err(DirectoryRefusal::TooMany);
        }
        let stored = StoredTrunk {
            guarded: config.id.is_guarded(),
            config: config.clone(),
            created_at: author.at,
            deleted: false,
            deleted_at: None,
            used: false,
            calls_until: None,
        };
        self.watch.begin_anew();
        // Briefed once more, to include what changed while its object was asked.
        self.keep_trunk(stored, author.entry("sip_trunk.create", config.id));
        Ok(config)
    }

    /// Replaces `was`.
    ///
    /// # Errors
    /// It was deleted; it changed since the change was composed.
    pub fn save_trunk(
        &mut self,
        config: TrunkConfig,
        was: &TrunkConfig,
        author: Author<'_>,
    ) -> Result<(), DirectoryRefusal> {
        let stored = self
            .live_trunk(config.id)
            .ok_or(DirectoryRefusal::Missing)?;
        if stored.config != *was {
            return Err(DirectoryRefusal::Changed);
        }
        let stored = stored.clone();
        let entry = author.entry("sip_trunk.update", config.id);
        self.keep_trunk(StoredTrunk { config, ..stored }, entry);
        Ok(())
    }

    /// Deletes a trunk; its row stays.
    pub fn delete_trunk(&mut self, id: TrunkId, author: Author<'_>) {
        let Some(stored) = self.live_trunk(id).cloned() else {
            return;
        };
        let deleted = StoredTrunk {
            deleted: true,
            deleted_at: Some(author.at),
            ..stored
        };
        self.keep_trunk(deleted, author.entry("sip_trunk.delete", id));
    }

    /// Trunks deleted by an earlier release, without a date, leave the live feed a day from now: one is dated at each command.
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
        let key_of = |stored: &StoredTrunk| stored.config.carrier.api_key().map(RecordKey::carrier);
        let now = key_of(&stored);
        let before = self.trunks.insert(id, stored);
        let before = before
            .as_ref()
            .and_then(key_of)
            .filter(|key| now.as_ref() != Some(key));
        let mut records = vec![RecordKey::Trunk(org, id), RecordKey::Trunks(org)];
        records.extend(now.into_iter().chain(before));
        self.record(entry, &records, Affects::Trunk(id));
    }

    /// Queues a brief for a trunk, without a change. Returns whether there is such a trunk.
    pub fn owe_brief(&mut self, id: TrunkId) -> bool {
        let exists = self.trunk(id).is_some();
        if exists {
            let version = self.version();
            self.pending.brief(id, version);
            self.put_pending();
        }
        exists
    }

    /// Everything a trunk must know, as of now.
    #[must_use]
    pub fn brief(&self, config: &TrunkConfig, now: Timestamp) -> Brief {
        let deleted = self
            .trunks
            .get(&config.id)
            .is_some_and(|stored| stored.deleted);
        let mut config = config.clone();
        let suspended = self.is_suspended();
        // A trunk of an earlier release only understands that trunks are inactive.
        if deleted || suspended {
            config.status = Status::Inactive;
        }
        let tag = config.id.tag();
        let media = self.org.as_ref().and_then(|org| org.media.as_ref());
        Brief {
            media_policy: media.map(MediaSettings::policy).unwrap_or_default(),
            callback_detail: media.map_or_else(Default::default, |media| media.callback_detail),
            hours: self.hours_for(tag, now),
            limits: self.limits_for(tag, now),
            secrets: self.secrets().filter(|_| !deleted).cloned(),
            version: self.version(),
            config,
            suspended,
            asks_of_numbers: self.asks_of_numbers(),
            refuses_impossible: media.is_some_and(|media| media.reject_impossible_numbers),
            revoked_keys: self.revoked_for(tag, now),
            inactive_agents: self.inactive_for(tag, now),
            deleted_agents: self.deleted_for(tag, now),
            reviews: false,
            counted_dials: false,
            retired_until: None,
            former_carriers: Vec::new(),
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
