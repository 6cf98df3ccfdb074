//! The trunk's object: how a command becomes rows, effects and an answer.
//!
//! [`TrunkActor`] is the whole object except for its storage, its alarm and its network. The order is
//! always the same: read what is needed, decide, write the rows together, and only then answer and act. When a read or a
//! write fails, memory no longer matches the rows: the shell drops the actor, and the next
//! command rebuilds it.

mod admission;
mod callbacks;
mod campaign_news;
mod campaigns;
pub mod command;
mod config;
mod dispatch;
mod erased;
mod erasing;
mod feed;
mod history;
mod hours;
mod language;
mod look;
mod media;
mod news;
mod order;
mod pages;
mod port;
mod position;
mod reading;
mod reply;
mod retention;
mod slices;
mod store;
mod sums;
mod suppression;
mod trouble;
mod usage;
mod vitals;
mod watch;
mod whole;

pub use admission::{Admitted, Replay};
pub use callbacks::{Attempted, Begun};
pub use campaign_news::CampaignHeard;
pub use campaigns::TakenBack;
pub use command::TrunkCommand;
pub use config::{Briefed, Retired};
pub use dispatch::Rung;
pub use erased::{EraseCalls, ErasedCalls};
pub use feed::KEPT;
pub use language::{
    IDEMPOTENCY_TTL, Idempotency, IdempotencyRecord, LiveCall, Look, Reader, Trigger, TrunkRefusal,
    TrunkReply, Work,
};
pub use media::KeptMedia;
pub use news::TYPES;
pub use order::{CarrierCredentials, DialOrder};
pub use pages::{CallFilter, DeliveryFilter, InList, SCAN_LIMIT, Scan, Shown, admits};
pub use port::{AskTrunk, Trunks, ask, written};
pub use position::{FeedEvent, FeedFilter, FeedNotes, FeedPage, LateTransition, Position};
pub use reading::{Listed, LiveNow, LiveSlice, OneCall, OneStatus, StatusOf};
pub use retention::UsedStorage;
pub use slices::{FEED_ROWS, LONG, Slices, Turns};
pub use store::{CallRow, FeedScan, Looked, OpenRow, Start, StoreFailed, TrunkStore};
pub use sums::{Sums, USAGE_SCAN, UsageFilter, UsageSoFar, add as add_usage};
pub use suppression::Suppressed;
pub use whole::WholePage;

use feed::Feed;
use hours::Usage;
use retention::Retention;
use store::{Reading, accepted_since, admitted_before};
use trouble::{Trouble, Way};
use vitals::Health;

pub use crate::app::messages::Expired;
use crate::app::messages::{CALLS_PER_MESSAGE, CallbackMessage, Outgoing};
use crate::domain::call::{DISPATCH_DEADLINE, RECENT};
use crate::domain::contacts::Words;
use crate::domain::ids::{CallId, IdKey, OrgId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::{Carrier, Step, Trunk, TrunkRows};

/// A trunk's object, except for its storage, its alarm and its network.
pub struct TrunkActor {
    trunk: Trunk,
    settings: Settings,
    key: IdKey,
    retention: Retention,
    feed: Feed,
    usage: Usage,
    health: Health,
    trouble: Trouble,
}

/// One command being carried out: what it reads, changes and knows.
struct Desk<'a, 's, S> {
    trunk: &'a mut Trunk,
    feed: &'a mut Feed,
    retention: &'a mut Retention,
    trouble: &'a mut Trouble,
    counted: &'a mut Usage,
    health: &'a mut Health,
    store: &'a S,
    step: &'a mut Step<'s>,
    settings: &'a Settings,
    key: &'a IdKey,
    /// What is known of the numbers that the command is about.
    words: &'a Words,
    now: Timestamp,
}

type Answer<R> = Result<R, StoreFailed>;

/// How many rows of the previous release are migrated at a time: few, so that no admission waits for it.
const MIGRATED: usize = 50;

impl TrunkActor {
    /// Rebuilds the object from its rows.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn load(
        store: &impl TrunkStore,
        settings: Settings,
        key: IdKey,
        now: Timestamp,
    ) -> Result<Self, StoreFailed> {
        let second_ago = (now + Span(1)) - Span::from_secs(1);
        let lately = |at: &Timestamp| *at >= second_ago;
        let starts_from = CallId::floor(now - DISPATCH_DEADLINE);
        let starts = store.starts(starts_from, second_ago)?;
        // Whenever a call was admitted, those that had been open for long had been marked: what is open
        // and not marked is newer than that, however long ago the object last ran.
        let newest = store.newest()?;
        let last_run = match newest {
            Some(newest) => admitted_before(store, newest)?.min(now),
            None => now,
        };
        let last_run = match planted(Fault::DowntimeForgets) {
            true => now,
            false => last_run,
        };
        let mut dialed: Vec<Timestamp> =
            starts.iter().filter_map(|start| start.dialed_at).collect();
        let remembered = TrunkRows {
            brief: store.brief()?,
            accepted: accepted_since(&starts, second_ago, false),
            handed_over: accepted_since(&starts, second_ago, true),
            newest: newest.map(CallId::address),
            scheduled: store.scheduled((Timestamp(0), 0), 1)?.pop(),
        };
        let mut trunk = Trunk::restore(remembered, settings.clone(), key.clone());
        trunk.loaded(now);
        let recent = CallId::floor(last_run - RECENT - Span::from_secs(60));
        store.open_calls(recent, &mut |open| {
            let (id, dialed_at) = open.start();
            if id < starts_from {
                // It waited long, and was accepted before the period that the others' starts cover.
                dialed.extend(dialed_at);
            }
            match open {
                OpenRow::Kept(kept) => trunk.reopen_kept(&kept, now),
                OpenRow::Whole(call, was_out) => trunk.reopen(*call, was_out, now),
            }
        })?;
        dialed.retain(lately);
        trunk.remember_dials(dialed);
        Ok(Self {
            retention: Retention::new(
                settings.retention,
                settings.storage_limit,
                store.refused_gone()?,
                now,
            ),
            feed: Feed::load(store.feed_notes()?, &trunk, newest, now),
            usage: Usage::new(now),
            health: Health::load(store.seen()?),
            trouble: Trouble::default(),
            trunk,
            settings,
            key,
        })
    }

    /// The news somebody waits for that must be told: to which organisation's directory, and of which moment.
    #[must_use]
    pub fn nudge(&self) -> Option<(OrgId, Timestamp)> {
        let org = self.trunk.brief()?.config.org_id;
        Some((org, self.feed.watch.owed()?))
    }

    /// The directory took it.
    pub fn nudged(&mut self, at: Timestamp) {
        self.feed.watch.heard(at);
    }

    /// When the object must next be woken.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let due = [
            self.trunk.next_due(),
            self.retention.due(),
            self.usage.due(),
        ];
        self.trouble.wakes(due.into_iter().flatten().min())
    }

    /// Whether something is due for its calls at some time. A trunk that was just loaded looks once for what is due, so this is
    /// only known after a tick.
    #[must_use]
    pub fn has_duties(&self) -> bool {
        self.trunk.next_due().is_some()
    }

    /// Where the archive keeps this trunk's calls, once it is known: `<organisation>/<trunk>`.
    #[must_use]
    pub fn archive_folder(&self) -> Option<String> {
        let config = &self.trunk.brief()?.config;
        Some(format!("{}/{}", config.org_id, config.id))
    }

    /// The trunk's tag, once it is known.
    #[must_use]
    pub fn tag(&self) -> Option<TrunkTag> {
        self.trunk.brief().map(|brief| brief.config.id.tag())
    }

    /// How many calls a message to the dialer may carry: each call with a room takes a connection
    /// for as long as it rings, and an invocation has few.
    #[must_use]
    pub fn calls_per_message(&self) -> usize {
        let carrier = self.trunk.brief().map(|brief| &brief.config.carrier);
        match carrier.is_some_and(Carrier::has_rooms) {
            true => 1,
            false => CALLS_PER_MESSAGE,
        }
    }

    /// Callbacks' messages as their queue takes them, in JSON.
    #[must_use]
    pub fn for_queue(&self, messages: &[CallbackMessage]) -> Vec<String> {
        let most = self.settings.message_max;
        let fit = messages.iter().map(|message| message.for_queue(most));
        fit.flatten().collect()
    }

    /// Migrates some rows of the previous release. Returns whether there may be more.
    ///
    /// # Errors
    /// As for [`TrunkActor::handle`].
    pub fn migrate(
        &mut self,
        store: &impl TrunkStore,
        now: Timestamp,
    ) -> Result<bool, StoreFailed> {
        let calls = store.legacy_slice(MIGRATED)?;
        let is_done = calls.is_empty();
        for call in &calls {
            self.trunk.take_over(call, now);
        }
        let rows = calls.into_iter().map(|mut call| CallRow {
            place: self.trunk.place(&mut call, None),
            call,
        });
        store.put(rows.collect())?;
        Ok(!is_done)
    }

    /// How many calls are in memory, how many of them wait, and how many callback attempts are out.
    #[must_use]
    pub fn held(&self) -> (usize, usize, usize) {
        let trunk = &self.trunk;
        (trunk.entries(), trunk.waiting(), trunk.attempts_out())
    }

    /// See [`Trunk::outline`].
    #[must_use]
    pub fn outline(&self) -> Vec<(CallId, String)> {
        self.trunk.outline()
    }

    /// What must be done before a command: what senders reported while nothing could be written, and what is due.
    fn catch_up(&mut self, command: &TrunkCommand, now: Timestamp, step: &mut Step<'_>) {
        for outcome in &self.trouble.unwritten {
            let (call, attempt) = (outcome.call, outcome.attempt);
            let result = outcome.result.clone();
            self.trunk.delivered(call, attempt, result, now, step);
        }
        if command.counts_channels() && !planted(Fault::OverdueHoldsChannel) {
            // A call that is over by now frees its channel first, however late its alarm is.
            self.trunk.tick(now, step);
        }
    }

    fn carry_out(
        &mut self,
        store: &impl TrunkStore,
        command: TrunkCommand,
        words: &Words,
        now: Timestamp,
        way: Way,
    ) -> Result<(TrunkReply, Outgoing), StoreFailed> {
        let before = self.trunk.state();
        let ticks = matches!(command, TrunkCommand::Tick | TrunkCommand::Forget(_));
        let takes_next = command.takes_next();
        let hands_over = matches!(command, TrunkCommand::CampaignRound(_));
        let rows = Reading::new(store);
        let mut step = Step::new(&rows);
        if way == Way::Whole {
            self.catch_up(&command, now, &mut step);
        }
        let mut desk = Desk {
            trunk: &mut self.trunk,
            feed: &mut self.feed,
            retention: &mut self.retention,
            trouble: &mut self.trouble,
            counted: &mut self.usage,
            health: &mut self.health,
            store,
            step: &mut step,
            settings: &self.settings,
            key: &self.key,
            words,
            now,
        };
        let mut reply = desk.carry_out(command)?;
        if way == Way::Whole {
            desk.trunk.tick(now, desk.step);
        }
        let mut outgoing = desk.outgoing()?;
        if takes_next && let Some(next) = desk.next_attempt(&mut outgoing) {
            reply = next.into();
        }
        self.feed
            .keep(store, step.changed(), &self.trunk, before, now)?;
        let news = self.feed.news(step.changed(), now);
        self.keep_counts(store, &step, now, way)?;
        let (has_news, has_day, has_redialed) = (step.brief, step.day, step.redialed);
        let changed = step.into_changed();
        let wrote = !changed.is_empty() || has_news || has_day;
        rows.finish()?;
        // Before the rows of the attempts it counts: it tells which of them were not kept.
        self.count_redialed(store, has_redialed)?;
        // Ids of calls handed over by a campaign were drawn before others': the row that counts and names them is written first.
        self.count_day(store, has_day && hands_over)?;
        self.write(store, changed, has_news)?;
        // After the calls that it counts: if this can't be written, they are counted from their rows.
        self.count_day(store, has_day && !hands_over)?;
        if let Some(at) = news {
            self.feed.watch.news(at);
        }
        let is_stuck = planted(Fault::FullForEver) && self.trouble.is_there();
        if ticks && !is_stuck {
            let may_note = !self.trouble.is_there();
            outgoing.expired = self.retention.batch(store, now, may_note)?;
            if may_note && way == Way::Whole {
                self.usage.look(store, &self.trunk, now)?;
            }
        }
        if way == Way::Whole {
            self.stepped(wrote);
        }
        Ok((reply, outgoing))
    }
}

impl TrunkActor {
    /// Stores how many follow-up attempts the day took, if that changed.
    fn count_redialed(&self, store: &impl TrunkStore, is_news: bool) -> Result<(), StoreFailed> {
        match self.trunk.redialed_today().filter(|_| is_news) {
            Some(redialed) => store.put_redialed(redialed),
            None => Ok(()),
        }
    }

    /// Stores how many calls the day took, if that changed.
    fn count_day(&self, store: &impl TrunkStore, is_news: bool) -> Result<(), StoreFailed> {
        match self.trunk.today().filter(|_| is_news) {
            Some(today) => store.put_day(today),
            None => Ok(()),
        }
    }
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// Whatever is due is done along with each command.
    fn tick(&self) -> Answer<()> {
        Ok(())
    }

    /// Only the shell knows, and answers instead.
    fn work(&self) -> Answer<Work> {
        Ok(Work::default())
    }
}
