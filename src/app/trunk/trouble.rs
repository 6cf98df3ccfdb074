//! What an object does while its rows can't be written: most likely its storage is full, though admission stops before it is.
//!
//! Nothing is admitted and no callback attempt begins. Receivers' answers that have arrived stay in memory until a row has
//! them, and their attempts stay in progress, so that none is repeated for lack of its result. Calls that may leave do so: that
//! makes room. The longer it lasts, the less often a write is tried: each one that fails costs a reload of the object.

use super::callbacks::{Attempted, Begun};
use super::store::StoreFailed;
use super::{DialOrder, TrunkActor, TrunkCommand, TrunkReply, TrunkStore};
use crate::app::messages::Outgoing;
use crate::domain::callback::AttemptResult;
use crate::domain::contacts::Words;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// The pause after the second failure in a row; each further one doubles it, up to [`PAUSE_MAX`]. A single failure concerns
/// only its caller.
const PAUSE: Span = Span(100);
const PAUSE_MAX: Span = Span(5_000);
/// The most results kept: more than there can be attempts in progress, including those of an object that was lost.
const KEPT: usize = 100;

/// The result of an attempt.
#[derive(Clone)]
pub(super) struct Outcome {
    pub call: CallId,
    pub attempt: u32,
    pub result: AttemptResult,
}

/// What is known of failed writes.
#[derive(Clone, Default)]
pub(super) struct Trouble {
    /// Failures in a row.
    failures: u32,
    /// No write is tried before this moment.
    until: Timestamp,
    /// Results that no row has yet.
    pub unwritten: Vec<Outcome>,
}

impl Trouble {
    pub fn is_there(&self) -> bool {
        self.failures > 0
    }

    /// Whether it is too early to try a write.
    pub fn is_early(&self, now: Timestamp) -> bool {
        self.is_there() && now < self.until
    }

    fn failed(&mut self, now: Timestamp) {
        self.failures += 1;
        let pause = match self.failures {
            1 => Span(0),
            more => Span(PAUSE.0 << (more - 2).min(10)).min(PAUSE_MAX),
        };
        self.until = now + pause;
    }

    /// There may be room again.
    pub fn eases(&mut self) {
        self.until = Timestamp(0);
    }

    fn keep(&mut self, outcome: Outcome) {
        let is_same = |known: &Outcome| known.call == outcome.call;
        let is_known = |known: &Outcome| is_same(known) && known.attempt >= outcome.attempt;
        if self.unwritten.iter().any(is_known) {
            return; // it came twice
        }
        self.unwritten.retain(|known| !is_same(known));
        if self.unwritten.len() < KEPT {
            self.unwritten.push(outcome);
        }
    }

    /// When the object must wake, given when other work is due.
    pub fn wakes(&self, due: Option<Timestamp>) -> Option<Timestamp> {
        match (self.is_there(), due) {
            (false, due) => due,
            (true, None) if self.unwritten.is_empty() => None,
            (true, due) => Some(self.until.max(due.unwrap_or_default())),
        }
    }
}

/// Whether due work is done along with a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is.
    Whole,
    /// It is not: nothing is written unless it must be.
    Alone,
}

impl TrunkCommand {
    /// Whether its answer is just as good if due work waits.
    fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::FindReplay(..)
                | Self::InquiryOrders(_)
                | Self::TearDown(_)
                | Self::Credentials(_)
                | Self::AgentOf(_)
                | Self::NumberOf(_)
                | Self::CampaignCheck(_)
                | Self::Media(_)
                | Self::Transcript(..)
                | Self::Read(..)
                | Self::Status(..)
                | Self::Storage(_)
                | Self::Feed(..)
                | Self::List(..)
                | Self::Deliveries(..)
                | Self::Usage(..)
                | Self::Vitals(_)
                | Self::Extend { .. }
                | Self::Work
        )
    }
}

impl TrunkActor {
    /// Carries out one command. When it returns, rows are written and the answer is true; what comes with it must be sent.
    ///
    /// # Errors
    /// When rows can't be read or written. The actor is then unusable: see [`TrunkActor::succeed`].
    pub fn handle(
        &mut self,
        store: &impl TrunkStore,
        command: TrunkCommand,
        now: Timestamp,
    ) -> Result<(TrunkReply, Outgoing), StoreFailed> {
        self.handle_knowing(store, command, &Words::default(), now)
    }

    /// The same for a command whose [`TrunkActor::questions`] were asked: whatever `words` does not answer is unknown.
    ///
    /// # Errors
    /// As for [`TrunkActor::handle`].
    pub fn handle_knowing(
        &mut self,
        store: &impl TrunkStore,
        command: TrunkCommand,
        words: &Words,
        now: Timestamp,
    ) -> Result<(TrunkReply, Outgoing), StoreFailed> {
        let now = self.trunk.observe(now);
        if let TrunkCommand::Delivered {
            delivery,
            attempt,
            result,
            ..
        } = &command
            && let Some(call) = delivery.call(&self.key)
        {
            let (attempt, result) = (*attempt, result.clone());
            self.trouble.keep(Outcome {
                call,
                attempt,
                result,
            });
        }
        let done = self.handle_in_trouble(store, command, words, now);
        if done.is_err() {
            self.trouble.failed(now);
        }
        done
    }

    fn handle_in_trouble(
        &mut self,
        store: &impl TrunkStore,
        command: TrunkCommand,
        words: &Words,
        now: Timestamp,
    ) -> Result<(TrunkReply, Outgoing), StoreFailed> {
        let is_early = self.trouble.is_early(now);
        let without = |reply| Ok((reply, Outgoing::default()));
        match &command {
            // Nothing else is written along with what makes room, so no failure of another write undoes it.
            TrunkCommand::Forget(_) => {
                return self.carry_out(store, command, words, now, Way::Alone);
            }
            TrunkCommand::Tick if self.trouble.is_there() && !planted(Fault::FullForEver) => {
                let expired = self.retention.batch(store, now, false)?;
                if is_early || !expired.is_empty() {
                    let outgoing = Outgoing {
                        expired,
                        ..Outgoing::default()
                    };
                    return Ok((().into(), outgoing));
                }
            }
            TrunkCommand::Admit(_)
            | TrunkCommand::Schedule(_)
            | TrunkCommand::Redial(_)
            | TrunkCommand::DryRun(_)
            | TrunkCommand::DryRunSchedule(_)
                if is_early || !self.retention.has_room(store) =>
            {
                return without(TrunkReply::NotWritten);
            }
            // Nothing is granted that could not be stored.
            TrunkCommand::CampaignRound(_) if is_early || !self.retention.has_room(store) => {
                return without(TrunkReply::NotWritten);
            }
            TrunkCommand::Begin { .. } if is_early => return without(None::<Begun>.into()),
            // It is handed out again by itself, when it can be written that somebody dials it.
            TrunkCommand::Claim(_) if is_early && !planted(Fault::ClaimedInVain) => {
                return without(Vec::<DialOrder>::new().into());
            }
            TrunkCommand::Delivered { .. } if is_early => return without(Attempted::Done.into()),
            _ => {}
        }
        let may_wait = self.trouble.is_there() && command.only_reads();
        match may_wait || is_early && !command.counts_channels() {
            true => self.carry_out(store, command, words, now, Way::Alone),
            false => self.carry_out(store, command, words, now, Way::Whole),
        }
    }

    /// A step that reported everything it had to is over. If it wrote a row, whatever prevented writes is over too; a step
    /// with nothing to write proves nothing.
    pub(super) fn stepped(&mut self, wrote: bool) {
        self.trouble.unwritten.clear();
        if wrote {
            self.trouble = Trouble::default();
        }
    }

    /// Takes the place of an actor that a failed write made unusable, in the same object: what it had handed out is still
    /// under way, and what it was told is still true.
    pub fn succeed(&mut self, before: Self) {
        self.feed.watch.succeed(before.feed.watch);
        self.retention = before.retention;
        self.usage = before.usage.begun_anew();
        self.retention.hurries();
        self.trouble = before.trouble;
        if planted(Fault::ResultForgotten) {
            self.trouble.unwritten.clear();
        }
        // While only the rows tell what is known of attempts: some of these writes may have gone through.
        for outcome in &self.trouble.unwritten {
            self.trunk.came_back(outcome.call, outcome.attempt);
        }
        self.trunk.inherit(&before.trunk);
    }
}
