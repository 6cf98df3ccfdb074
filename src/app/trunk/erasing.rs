//! Erasing one person's calls, some at a time: what was found is reported first, and removed by the next command.

use super::erased::{EraseCalls, ErasedCalls};
use super::reply::reply;
use super::{Answer, Desk, TrunkStore};
use crate::domain::directory::RecordingFile;
use crate::domain::erasure::last_digits;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::trunk::Recorded;

/// How many rows one command looks at, and how many calls it finds.
const LOOKED_AT: usize = 1_000;
const FOUND: usize = 50;
/// The longest address of a file in a storage: a bucket's host, and a key of 1,024 bytes.
const LONGEST: usize = 1_500;

reply!(ErasedCalls: erased = Erased(erased));

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// Does nothing while no write is tried, since no row could be removed. Writes are tried again through this as through
    /// anything else, because a trunk where nothing else happens would never learn that it can write. Rows of the previous
    /// release are elsewhere.
    pub(super) fn erase(&mut self, asked: Box<EraseCalls>) -> Answer<Option<ErasedCalls>> {
        let mut erased = ErasedCalls {
            through: asked.through.unwrap_or_default(),
            ..ErasedCalls::default()
        };
        let brief = self.trunk.brief();
        if brief.is_none_or(|brief| brief.config.org_id != asked.org) {
            return Ok(Some(erased));
        }
        if !self.store.is_complete() || self.trouble.is_early(self.now) {
            return Ok(None);
        }
        self.let_go(&asked.gone, &mut erased)?;
        if asked.through.is_none() {
            erased.through = self.store.newest()?.map_or(0, CallId::row);
        }
        self.find(&asked, &mut erased)?;
        Ok(Some(erased))
    }

    /// Removes what was found before.
    fn let_go(&mut self, gone: &[CallId], erased: &mut ErasedCalls) -> Answer<()> {
        let mut free = Vec::new();
        for call in gone {
            match self.trunk.may_go(*call, self.now, self.step) {
                true => free.push(*call),
                false => erased.kept.push(*call),
            }
        }
        if planted(Fault::ErasedInPart) {
            free.pop();
        }
        if free.is_empty() {
            return Ok(());
        }
        self.store.forget_answers(&free)?;
        self.leave(&free)?;
        // A row may be outdated: it is rewritten, and removed then.
        for call in free {
            if self.store.get(call)?.is_some() {
                self.trunk.write_anew(call, self.step);
                erased.kept.push(call);
            }
        }
        Ok(())
    }

    fn find(&mut self, asked: &EraseCalls, erased: &mut ErasedCalls) -> Answer<()> {
        let digits = last_digits(asked.number);
        let through = erased.through;
        let (rows, next) = self
            .store
            .ending_in(&digits, (asked.from, through), LOOKED_AT)?;
        for (nth, row) in rows.iter().enumerate() {
            if nth == FOUND {
                erased.next = Some(*row);
                break;
            }
            let Some((call, next)) = self.trunk.call_to(*row, asked.number, self.step) else {
                continue;
            };
            if asked.gone.contains(&call) {
                continue; // it was found already, and is kept for now
            }
            if self.trunk.may_go(call, self.now, self.step) && self.note_recording(call, erased)? {
                let has_transcript = self.store.transcript(call)?.is_some();
                erased.transcripts += u64::from(has_transcript);
                erased.found.push(call);
            } else {
                erased.left = erased.left.or(Some(*row));
            }
            // The attempt that follows may be newer than the search.
            erased.through = erased.through.max(next.map_or(0, CallId::row));
        }
        erased.next = erased.next.or(next);
        if erased.through > through && erased.next.is_none() {
            erased.next = Some(through + 1);
        }
        Ok(())
    }

    /// Notes where an ended call's recording is. Returns whether that is as well known as it ever will be.
    fn note_recording(&mut self, call: CallId, erased: &mut ErasedCalls) -> Answer<bool> {
        let told = self.store.recording(call)?;
        let location = match (told, self.trunk.recorded(call, self.now, self.step)) {
            (None, Recorded::No) => return Ok(true),
            (None, Recorded::Writing) => return Ok(false),
            (None, Recorded::At(location)) | (Some(location), _) => Some(location),
            (None, Recorded::Presumed) => None,
        };
        erased.recordings += 1;
        // A longer location is in no storage of theirs, and not worth keeping.
        let location = location.map(|at| match at.len() > LONGEST {
            true => String::new(),
            false => at,
        });
        erased.files.push(RecordingFile { call, location });
        Ok(true)
    }
}
