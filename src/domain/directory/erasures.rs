//! One person's data is erased: what was asked for, how far it is, and that it was done.
//!
//! What is to be done is a list of pieces of work, each of them one object's and small. It is part of the rows, and so is what
//! came of each: a piece that was done and not noted is done again, which changes nothing. The number is here for as long as
//! others must be told it, and in no row afterwards.

use serde::{Deserialize, Serialize};

use super::backlog::Waiting;
use super::{Author, Directory, DirectoryRefusal, Received};
use crate::domain::contacts::Number;
use crate::domain::erasure::mentions;
use crate::domain::from_json::{self, Unreadable};
use crate::domain::ids::{CallId, CampaignId, ErasureId, TrunkId, TrunkTag};
use crate::domain::time::{Span, Timestamp};

/// How many may be under way.
const MOST_PENDING: usize = 100;
/// How many pieces of work one is in at once.
const AT_ONCE: usize = 6;
/// How soon somebody is asked again who could not be reached.
const AGAIN: Span = Span(5_000);
/// What waits for a call is looked at again after a tenth of the time that it took so far: after these at least, and at most.
const SOONEST: Span = Span(1_000);
const LATEST: Span = Span(30_000);

/// That one person's data is erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its id.
    pub id: ErasureId,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When all was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// What is.
    pub erased: Erased,
    /// Whether the number is not to be called, which is kept; known when the rest is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppression_kept: Option<bool>,
}

/// How much was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// How many calls.
    pub calls: u64,
    /// How many transcripts of them.
    pub transcripts: u64,
    /// How many recordings of them, whose locations go.
    pub recordings: u64,
    /// How many calls in the archive.
    pub archived_calls: u64,
    /// How many recipients of campaigns.
    pub recipients: u64,
}

impl Erased {
    fn add(&mut self, more: Self) {
        self.calls += more.calls;
        self.transcripts += more.transcripts;
        self.recordings += more.recordings;
        self.archived_calls += more.archived_calls;
        self.recipients += more.recipients;
    }
}

/// A piece of work. What it found is noted before it is erased by the next one, so that each is counted once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// A campaign's recipients.
    Recipients {
        /// Whose they are.
        campaign: CampaignId,
        /// Behind this row.
        after: u64,
        /// Recipients that are erased.
        gone: Vec<u64>,
        /// One that is being called.
        left: Option<u64>,
    },
    /// A trunk's calls.
    Calls {
        /// Through which they went.
        trunk: TrunkTag,
        /// From this row on,
        from: u64,
        /// and up to this one, once that is known.
        through: Option<u64>,
        /// Calls that are erased.
        gone: Vec<CallId>,
        /// The first that can't go yet.
        left: Option<u64>,
    },
    /// Archived calls.
    Archive {
        /// Behind the object of this name.
        after: String,
        /// These objects have some.
        gone: Vec<String>,
    },
    /// What is noted of requests.
    Notes,
    /// What is known of the number.
    Number,
}

/// The outcome of a piece of work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What was found; it is erased next.
    pub found: Erased,
    /// What is to be done then.
    pub next: Option<Work>,
    /// That waits for somebody.
    pub waits: bool,
    /// Whether the number is not to be called.
    pub suppressed: Option<bool>,
}

/// Which work there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// Of campaigns and trunks.
    Calls,
    /// When all calls are gone: what they may have become.
    Archive,
    /// All else.
    Rest,
}

/// One that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Erasing {
    erasure: Erasure,
    number: Number,
    phase: Phase,
    /// The last campaign and the last trunk that were begun with.
    campaign: Option<CampaignId>,
    trunk: Option<TrunkId>,
    /// Some recipient was being called: that call may have come to its trunk after that was looked at.
    looks_again: bool,
    /// What is being done, each with when it is due.
    work: Vec<(Work, Timestamp)>,
}

impl Erasing {
    fn due(&self, now: Timestamp) -> impl Iterator<Item = &Work> {
        let due = self.work.iter().filter(move |(_, at)| *at <= now);
        due.map(|(work, _)| work)
    }

    fn push(&mut self, work: Work) {
        self.work.push((work, self.erasure.requested_at));
    }

    /// Begins with more, while there is room. Returns whether there is nothing more to do.
    fn goes_on(&mut self, directory: &Directory, now: Timestamp) -> bool {
        while self.due(now).count() < AT_ONCE {
            match self.phase {
                Phase::Calls => {
                    if let Some(work) = self.next_of(directory) {
                        self.push(work);
                    } else if !self.work.is_empty() {
                        return false;
                    } else if std::mem::take(&mut self.looks_again) {
                        self.trunk = None;
                    } else {
                        self.phase = Phase::Archive;
                        self.push(Work::Archive {
                            after: String::new(),
                            gone: Vec::new(),
                        });
                    }
                }
                _ if !self.work.is_empty() => return false,
                Phase::Archive => {
                    self.phase = Phase::Rest;
                    self.push(Work::Notes);
                    self.push(Work::Number);
                }
                Phase::Rest => return true,
            }
        }
        false
    }

    /// The next campaign, or the next trunk.
    fn next_of(&mut self, directory: &Directory) -> Option<Work> {
        let mut campaigns = directory.campaigns.keys().copied();
        if let Some(campaign) = campaigns.find(|id| self.campaign.is_none_or(|last| *id > last)) {
            self.campaign = Some(campaign);
            return Some(Work::Recipients {
                campaign,
                after: 0,
                gone: Vec::new(),
                left: None,
            });
        }
        let mut trunks = directory.trunks.keys().copied();
        let trunk = trunks.find(|id| self.trunk.is_none_or(|last| *id > last))?;
        self.trunk = Some(trunk);
        Some(Work::Calls {
            trunk: trunk.tag(),
            from: 0,
            through: None,
            gone: Vec::new(),
            left: None,
        })
    }

    /// Notes the outcome of a piece of work; one that is none of its own any more was noted before.
    fn note(&mut self, done: &Work, came: Option<Progress>, now: Timestamp) {
        let Some(place) = self.work.iter().position(|(work, _)| work == done) else {
            return;
        };
        let Some(progress) = came else {
            if let Some((_, at)) = self.work.get_mut(place) {
                *at = now + AGAIN;
            }
            return;
        };
        self.work.remove(place);
        self.erasure.erased.add(progress.found);
        let suppressed = progress.suppressed.or(self.erasure.suppression_kept);
        self.erasure.suppression_kept = suppressed;
        let Some(next) = progress.next else { return };
        let took = Span((now - self.erasure.requested_at).0 / 10);
        let at = match progress.waits {
            true => now + took.clamp(SOONEST, LATEST),
            false => now,
        };
        self.looks_again |= progress.waits && matches!(next, Work::Recipients { .. });
        self.work.push((next, at));
    }
}

fn pending_row(id: ErasureId) -> String {
    format!("erasing/{id}")
}

/// The row of one that is done: not among those that are loaded.
#[must_use]
pub fn erasure_row(id: ErasureId) -> String {
    format!("erased/{id}")
}

impl Directory {
    pub(super) fn read_erasing(&mut self, doc: &str) -> Result<(), Unreadable> {
        let erasing: Erasing = from_json::read(doc)?;
        self.erasing.insert(erasing.erasure.id, erasing);
        Ok(())
    }

    fn keep_erasing(&mut self, erasing: Erasing) {
        let id = erasing.erasure.id;
        self.put(pending_row(id), &erasing);
        self.erasing.insert(id, erasing);
    }

    /// All that is known of a number is to be erased.
    ///
    /// # Errors
    /// There is no organisation, or too many are under way.
    pub fn begin_erasure(
        &mut self,
        id: ErasureId,
        number: Number,
        author: Author<'_>,
    ) -> Result<Erasure, DirectoryRefusal> {
        if self.org.is_none() {
            return Err(DirectoryRefusal::Missing);
        }
        if self.erasing.len() >= MOST_PENDING {
            return Err(DirectoryRefusal::TooMany);
        }
        let erasure = Erasure {
            id,
            requested_at: author.at,
            completed_at: None,
            erased: Erased::default(),
            suppression_kept: None,
        };
        self.keep_erasing(Erasing {
            erasure: erasure.clone(),
            number,
            phase: Phase::Calls,
            campaign: None,
            trunk: None,
            looks_again: false,
            work: Vec::new(),
        });
        let entry = author.entry("erasure.create", id);
        self.record(entry, &[], super::Affects::NoTrunk);
        Ok(erasure)
    }

    /// One that is under way.
    #[must_use]
    pub fn pending_erasure(&self, id: ErasureId) -> Option<&Erasure> {
        self.erasing.get(&id).map(|erasing| &erasing.erasure)
    }

    /// How many are, and since when.
    #[must_use]
    pub fn erasing(&self) -> Option<Waiting> {
        Waiting::of(self.pending_erasures().map(|erasure| erasure.requested_at))
    }

    /// All that are, oldest first.
    pub fn pending_erasures(&self) -> impl DoubleEndedIterator<Item = &Erasure> {
        self.erasing.values().map(|erasing| &erasing.erasure)
    }

    /// When there is something to do for one of them.
    #[must_use]
    pub fn erasures_due(&self) -> Option<Timestamp> {
        let due = self.erasing.values().map(|erasing| {
            let due = erasing.work.iter().map(|(_, at)| *at).min();
            due.unwrap_or(erasing.erasure.requested_at)
        });
        due.min()
    }

    /// What is to be done for one of them, and for which number.
    pub fn erasing_work(&mut self, now: Timestamp) -> Option<(ErasureId, Number, Vec<Work>)> {
        let ids: Vec<ErasureId> = self.erasing.keys().copied().collect();
        for id in ids {
            let Some(mut erasing) = self.erasing.remove(&id) else {
                continue;
            };
            if erasing.goes_on(self, now) {
                self.complete_erasure(erasing, now);
                continue;
            }
            let due: Vec<Work> = erasing.due(now).take(AT_ONCE).cloned().collect();
            let number = erasing.number;
            self.erasing.insert(id, erasing);
            if !due.is_empty() {
                return Some((id, number, due));
            }
        }
        None
    }

    fn complete_erasure(&mut self, erasing: Erasing, now: Timestamp) {
        let id = erasing.erasure.id;
        let done = Erasure {
            completed_at: Some(now),
            ..erasing.erasure
        };
        self.remove(pending_row(id));
        self.put(erasure_row(id), &done);
    }

    /// The outcome of these pieces of work; nothing, where nobody could be asked.
    pub fn note_erasing(
        &mut self,
        id: ErasureId,
        came: Vec<(Work, Option<Progress>)>,
        now: Timestamp,
    ) {
        let Some(mut erasing) = self.erasing.remove(&id) else {
            return;
        };
        for (work, progress) in came {
            erasing.note(&work, progress, now);
        }
        match erasing.goes_on(self, now) {
            true => self.complete_erasure(erasing, now),
            false => self.keep_erasing(erasing),
        }
    }

    /// What the built-in receiver took that tells of a number goes, and so do answers to requests that do.
    pub fn forget_number(&mut self, number: Number, answers: &[String]) {
        let tells = |received: &Received| mentions(&received.body, number);
        let told = self.received.iter().filter(|(_, one)| tells(one));
        let told: Vec<u64> = told.map(|(at, _)| *at).collect();
        for at in told {
            self.received.remove(&at);
            self.remove(format!("received/{at}"));
        }
        for key in answers {
            self.forget_answer(key);
        }
    }

    /// A line of the audit log is another.
    pub fn rewrite(&mut self, row: String, line: &super::AuditEntry) {
        self.put(row, line);
    }
}
