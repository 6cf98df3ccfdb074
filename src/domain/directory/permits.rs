//! Permits: which keys and agents may be used through which trunk, and until when.
//!
//! An organisation's first trunks, keys and agents know each other: each change of a key or an agent is told to all of these
//! trunks, and a trunk refuses what it was told about. There may be a thousand of those that come later, too many to tell
//! each time. They are *guarded*, and their ids say so (`ids`): whoever asks a trunk for something on their behalf needs a
//! permit, which the directory gives for a minute and remembers for four. So when one of them is revoked or deactivated, the
//! directory knows which trunks to tell: the few it may be used through at the moment. For all others no permit is left.
//!
//! A key or an agent used through more trunks than can be told of its end gets *short* permits for the others: each request
//! tells the trunk until when it is valid, and the trunk refuses it later. Those trunks are not told; the directory waits
//! until the last short permit is over before it answers. A call that may wait depends on its key and its agent for as long,
//! and gets a permit for as long, through however many trunks.

use serde::{Deserialize, Serialize};

use super::{Directory, DirectoryRefusal};
use crate::domain::call::LONGEST_UNASKED;
use crate::domain::from_json::{self, Unreadable};
use crate::domain::ids::{AgentId, KeyId, TrunkId, TrunkTag};
use crate::domain::settings::Settings;
use crate::domain::time::{Span, Timestamp};

/// How long the edge relies on a permit, from when it asked for it.
pub const RELIED_ON: Span = Span(60_000);
/// A permit given again is written only when less than this is left of it: a request sent in the permit's last moment must
/// find its trunk told, and may be in transit for a minute.
const LEFT: Span = Span(150_000);
/// How long one is remembered.
const KEPT: Span = Span(240_000);
/// How long a short one is valid, by the directory's clock.
const SHORT: Span = Span(2_000);
/// The most that two objects' clocks differ.
const APART: Span = Span(3_000);
/// How long it is noted that a key or an agent has short permits.
const NOTED: Span = Span(60_000);
/// How many are remembered; beyond that none is given until some have expired.
const MOST: usize = 20_000;

/// Who is used: a key or an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum User {
    /// A key, by whoever holds it.
    Key(KeyId),
    /// An agent, by calls.
    Agent(AgentId),
}

impl User {
    pub(super) fn is_guarded(self) -> bool {
        match self {
            Self::Key(id) => id.is_guarded(),
            Self::Agent(id) => id.is_guarded(),
        }
    }
}

impl std::fmt::Display for User {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(id) => write!(out, "k/{id}"),
            Self::Agent(id) => write!(out, "a/{id}"),
        }
    }
}

/// What a key or an agent is to be used for, and through which trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    /// The trunk through which the key or the agent is used.
    pub trunk: TrunkTag,
    /// For a call that is to be placed: its agent.
    pub agent: Option<AgentId>,
    /// How long the call may stay queued, during which it depends on its key and its agent.
    pub waits: Span,
    /// The trunk refused the agent, not having been told that it is active again.
    pub refused: bool,
    /// The caller will tell the trunk until when it is valid.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub short: bool,
}

/// The short permits of a key or an agent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shorts {
    /// How long they are noted.
    noted_until: Timestamp,
    /// Until when the last of them is valid, counting those this object gave since it was loaded.
    good_until: Option<Timestamp>,
}

impl Permit {
    /// Whether one that is kept until `until` covers this one as well.
    pub(super) fn lasts(&self, until: Option<Timestamp>, now: Timestamp) -> bool {
        until.is_some_and(|until| until >= now + self.waits + LEFT)
    }

    /// Until when it is kept.
    pub(super) fn until(&self, now: Timestamp) -> Timestamp {
        now + self.waits + KEPT
    }

    /// Where there are calling hours, a call may have to wait for an opening unknown when it was accepted.
    fn that_may_wait(&self, has_hours: bool) -> Self {
        let waits = match has_hours && self.agent.is_some() {
            true => self.waits.max(LONGEST_UNASKED),
            false => self.waits,
        };
        Self {
            waits,
            ..self.clone()
        }
    }
}

fn row_name(user: User, trunk: TrunkTag) -> String {
    format!("permit/{user}/{trunk}")
}

fn read_user<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<User, Unreadable> {
    let (kind, id) = (words.next(), words.next().ok_or(Unreadable)?);
    Ok(match kind {
        Some("k") => User::Key(id.parse().map_err(|_| Unreadable)?),
        _ => User::Agent(id.parse().map_err(|_| Unreadable)?),
    })
}

impl Directory {
    pub(super) fn read_permit(&mut self, name: &str, doc: &str) -> Result<(), Unreadable> {
        let mut words = name.split('/').skip(1);
        let user = read_user(&mut words)?;
        let tag = words.next().ok_or(Unreadable)?;
        let tag = u32::from_str_radix(tag, 16).map_err(|_| Unreadable)?;
        self.permits
            .insert((user, TrunkTag(tag)), Timestamp(from_json::read(doc)?));
        Ok(())
    }

    /// Whether a key or an agent may be used through a trunk.
    pub(super) fn is_permitted(&self, user: User, trunk: TrunkTag, now: Timestamp) -> bool {
        let until = self.permits.get(&(user, trunk));
        until.is_some_and(|until| now < *until) || self.runs_through(user, trunk)
    }

    /// Whether a key or an agent may be used through any trunk.
    pub(super) fn is_used(&self, user: User, now: Timestamp) -> bool {
        let mut permits = self.permits.iter();
        permits.any(|((known, _), until)| *known == user && now < *until) || self.is_run_with(user)
    }

    pub(super) fn read_short(&mut self, name: &str, doc: &str) -> Result<(), Unreadable> {
        let user = read_user(&mut name.split('/').skip(1))?;
        let shorts = Shorts {
            noted_until: Timestamp(from_json::read(doc)?),
            good_until: None,
        };
        self.shorts.insert(user, shorts);
        Ok(())
    }

    /// Whether it is used through so many trunks that no further one would be told of its end.
    fn is_used_widely(&self, user: User, trunk: TrunkTag, now: Timestamp, most: usize) -> bool {
        let permits = self.permits.iter();
        let in_force = permits.filter(|((known, _), until)| *known == user && now < **until);
        !self.is_permitted(user, trunk, now) && in_force.take(most).count() == most
    }

    fn give_short(&mut self, user: User, now: Timestamp) -> Timestamp {
        let good_until = now + SHORT;
        let known = self.shorts.get(&user).map(|shorts| shorts.noted_until);
        let noted_until = known.filter(|until| *until > good_until);
        let noted_until = noted_until.unwrap_or_else(|| {
            let until = now + NOTED;
            self.put(format!("short/{user}"), &until.0);
            until
        });
        let shorts = Shorts {
            noted_until,
            good_until: Some(good_until),
        };
        self.shorts.insert(user, shorts);
        good_until
    }

    /// Until when a trunk that was told nothing may go on accepting a key or an agent; an object loaded at `loaded_at` knows
    /// of no earlier short permits.
    #[must_use]
    pub fn taken_until(&self, user: User, loaded_at: Timestamp) -> Option<Timestamp> {
        let shorts = self.shorts.get(&user)?;
        Some(shorts.good_until.unwrap_or(loaded_at + SHORT) + APART)
    }

    fn keep_permit(
        &mut self,
        user: User,
        permit: &Permit,
        now: Timestamp,
    ) -> Result<(), DirectoryRefusal> {
        let known = self.permits.get(&(user, permit.trunk));
        if permit.lasts(known.copied(), now) {
            return Ok(());
        }
        if self.permits.len() >= MOST {
            return Err(DirectoryRefusal::NotPropagated);
        }
        let until = permit.until(now);
        self.put(row_name(user, permit.trunk), &until.0);
        self.permits.insert((user, permit.trunk), until);
        Ok(())
    }

    /// The first calling hours are set: what was permitted without them may now have to wait for an opening.
    pub(super) fn lengthen_permits(&mut self, now: Timestamp) {
        let in_force = self.permits.iter().filter(|(_, until)| now < **until);
        let in_force: Vec<_> = in_force.map(|(permit, until)| (*permit, *until)).collect();
        for ((user, trunk), until) in in_force {
            let until = until.max(now + LONGEST_UNASKED + KEPT);
            self.put(row_name(user, trunk), &until.0);
            self.permits.insert((user, trunk), until);
        }
    }

    /// Forgets permits that have expired.
    pub(super) fn forget_permits(&mut self, now: Timestamp) {
        let shorts = self.shorts.iter();
        let over: Vec<User> = shorts
            .filter(|(_, shorts)| now >= shorts.noted_until + APART)
            .map(|(user, _)| *user)
            .collect();
        for user in over {
            self.remove(format!("short/{user}"));
            self.shorts.remove(&user);
        }
        if !self.permits.values().any(|until| now >= *until) {
            return;
        }
        let permits = self.permits.iter();
        let over: Vec<_> = permits
            .filter(|(_, until)| now >= **until)
            .map(|(permit, _)| *permit)
            .collect();
        for (user, trunk) in &over {
            self.remove(row_name(*user, *trunk));
        }
        self.permits.retain(|_, until| now < *until);
    }

    /// Gives a key a permit. Returns until when it is valid, if it is a short one.
    ///
    /// # Errors
    /// The agent takes no calls; too many permits are in force.
    pub fn permit(
        &mut self,
        key: KeyId,
        permit: &Permit,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, DirectoryRefusal> {
        if let Some(agent) = permit.agent {
            let is_active = self.is_active(agent).ok_or(DirectoryRefusal::Missing)?;
            is_active.then_some(()).ok_or(DirectoryRefusal::Inactive)?;
        }
        let is_it = |id: &&TrunkId| id.tag() == permit.trunk;
        let Some(trunk) = self.trunks.keys().find(is_it).copied() else {
            // Another organisation's trunk, if it exists: its object reveals nothing.
            return Ok(None);
        };
        // A trunk was told the hours of only those guarded agents that could be used through it.
        let is_news = permit.agent.is_some_and(|agent| {
            let is_known = self.is_permitted(User::Agent(agent), permit.trunk, now);
            agent.is_guarded() && !is_known && self.has_rules(&agent)
        });
        let users = [Some(User::Key(key)), permit.agent.map(User::Agent)];
        let kept = permit.that_may_wait(self.has_hours());
        let users = users.into_iter().flatten();
        let guarded = users.filter(|user| user.is_guarded() || permit.trunk.is_guarded());
        let guarded: Vec<User> = guarded.collect();
        let most = settings.kept_permits;
        let is_wide = |user: &User| self.is_used_widely(*user, permit.trunk, now, most);
        let is_short = permit.short && kept.waits == Span(0) && guarded.iter().any(is_wide);
        let mut good_until = None;
        for user in guarded {
            match is_short {
                true => good_until = Some(self.give_short(user, now)),
                false => self.keep_permit(user, &kept, now)?,
            }
        }
        if permit.agent.is_some() {
            self.mark_used(trunk, permit, now);
        }
        if permit.refused || is_news {
            self.owe_brief(trunk);
        }
        Ok(good_until)
    }
}
