//! Erasing one person's data: what was asked for, how far it has got, and that it was done.
//!
//! The work is a list of small pieces, each within one object. The list is part of the rows, and so is each piece's result: a
//! piece that was done but not noted is done again, which changes nothing. The number is kept only as long as others must be
//! told it, and in no row afterwards.

use serde::{Deserialize, Serialize};

use super::backlog::Waiting;
use super::erasing_files::Files;
use super::erasing_work::{Erased, Progress, Work};
use super::{Author, Directory, DirectoryRefusal, Received};
use crate::domain::contacts::Number;
use crate::domain::erasure::mentions;
use crate::domain::from_json::{self, Unreadable};
use crate::domain::ids::{CampaignId, ErasureId, TrunkId};
use crate::domain::time::{Span, Timestamp};

/// The most erasures in progress at a time.
const MOST_PENDING: usize = 100;
/// How many pieces of work of one erasure are in progress at a time.
const AT_ONCE: usize = 6;
/// When somebody who could not be reached is asked again.
const AGAIN: Span = Span(5_000);
/// Whatever waits for a call is looked at again after a tenth of the time taken so far, within these bounds.
const SOONEST: Span = Span(1_000);
const LATEST: Span = Span(30_000);

/// An erasure of one person's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its id.
    pub id: ErasureId,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// When everything was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// What was erased.
    pub erased: Erased,
    /// Whether the number is suppressed, which is kept; known once the rest is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppression_kept: Option<bool>,
}

/// The stages of an erasure's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// In campaigns and trunks.
    Calls,
    /// Once all calls are gone: the archive they may have moved to.
    Archive,
    /// Everything else.
    Rest,
}

/// An erasure in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Erasing {
    erasure: Erasure,
    number: Number,
    phase: Phase,
    /// The last campaign and the last trunk that were started on.
    campaign: Option<CampaignId>,
    trunk: Option<TrunkId>,
    /// A recipient was being called: that call may have reached its trunk after the trunk was searched.
    looks_again: bool,
    /// The work in progress, each piece with its due time.
    work: Vec<(Work, Timestamp)>,
    /// The recordings' files to be deleted. The previous release has none.
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    files: Files,
}

impl Erasing {
    /// The work that is due, except for files; none while too many files are waiting.
    fn due(&self, now: Timestamp) -> impl Iterator<Item = &Work> {
        let is_full = self.files.is_full();
        let due = self.work.iter();
        let due = due.filter(move |(_, at)| *at <= now && !is_full);
        due.map(|(work, _)| work)
    }

    fn next_due(&self) -> Timestamp {
        let work = self.work.iter().map(|(_, at)| *at).min();
        let due = work.filter(|_| !self.files.is_full());
        let due = due.into_iter().chain(self.files.due_at()).min();
        due.unwrap_or(self.erasure.requested_at)
    }

    fn push(&mut self, work: Work) {
        self.work.push((work, self.erasure.requested_at));
    }

    /// Starts more work while there is room. Returns whether nothing is left to start.
    fn goes_on(&mut self, directory: &Directory, now: Timestamp) -> bool {
        if self.files.is_full() {
            return false;
        }
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
                Phase::Rest => return self.files.is_empty(),
            }
        }
        false
    }

    /// The next campaign or trunk.
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

    /// Records the result of a piece of work; a piece no longer on the list was recorded before.
    fn note(&mut self, done: &Work, came: Option<Progress>, now: Timestamp) {
        let since = self.erasure.requested_at;
        if let Work::Files(asked) = done {
            let came = came.unwrap_or_default();
            self.erasure.erased.add(came.found);
            let given_up = self.files.note(asked, &came.settled, since, now);
            self.erasure.erased.recordings_left += given_up;
            return;
        }
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
        self.files.add(progress.files, now);
        let suppressed = progress.suppressed.or(self.erasure.suppression_kept);
        self.erasure.suppression_kept = suppressed;
        let Some(next) = progress.next else { return };
        let took = Span((now - since).0 / 10);
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

/// The name of a finished erasure's row, which is not among those that are loaded.
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

    /// Starts erasing all that is known of a number.
    ///
    /// # Errors
    /// There is no organisation, or too many are in progress.
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
            files: Files::default(),
        });
        let entry = author.entry("erasure.create", id);
        self.record(entry, &[], super::Affects::NoTrunk);
        Ok(erasure)
    }

    /// An erasure in progress.
    #[must_use]
    pub fn pending_erasure(&self, id: ErasureId) -> Option<&Erasure> {
        self.erasing.get(&id).map(|erasing| &erasing.erasure)
    }

    /// How many are in progress, and since when.
    #[must_use]
    pub fn erasing(&self) -> Option<Waiting> {
        Waiting::of(self.pending_erasures().map(|erasure| erasure.requested_at))
    }

    /// All in progress, oldest first.
    pub fn pending_erasures(&self) -> impl DoubleEndedIterator<Item = &Erasure> {
        self.erasing.values().map(|erasing| &erasing.erasure)
    }

    /// When there is next something to do for one of them.
    #[must_use]
    pub fn erasures_due(&self) -> Option<Timestamp> {
        self.erasing.values().map(Erasing::next_due).min()
    }

    /// Work to be done for one of them, and for which number.
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
            let due = erasing.due(now).take(AT_ONCE).cloned();
            let due: Vec<Work> = due.chain(erasing.files.due(now)).collect();
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

    /// Records the results of these pieces of work; `None` where nobody could be asked.
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

    /// Removes notifications in the built-in receiver that mention a number, and these stored answers.
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

    /// Replaces a line of the audit log.
    pub fn rewrite(&mut self, row: String, line: &super::AuditEntry) {
        self.put(row, line);
    }
}
