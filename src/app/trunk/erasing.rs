//! One person's calls are erased, some at a time: what was found is told first, and goes with the next command.

use super::erased::{EraseCalls, ErasedCalls};
use super::reply::reply;
use super::{Answer, Desk, TrunkStore};
use crate::domain::directory::RecordingFile;
use crate::domain::erasure::last_digits;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::trunk::Recorded;

/// How many rows are looked at, and how many calls are found, by one command.
const LOOKED_AT: usize = 1_000;
const FOUND: usize = 50;
/// No address in a storage is longer: a bucket's host, and a key of 1,024 bytes.
const LONGEST: usize = 1_500;

reply!(ErasedCalls: erased = Erased(erased));

impl<S: TrunkStore> Desk<'_, '_, S> {
    /// Nothing, while no write is tried: no row could be removed. It is tried again by this as by all else, since a trunk where
    /// nothing else happens would never hear that it may write again. Rows of the release before are elsewhere.
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

    /// What was found before goes.
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
        // A row may say of its call what is not so any more: it is written anew, and goes then.
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
            // An attempt that follows may be younger than the look.
            erased.through = erased.through.max(next.map_or(0, CallId::row));
        }
        erased.next = erased.next.or(next);
        if erased.through > through && erased.next.is_none() {
            erased.next = Some(through + 1);
        }
        Ok(())
    }

    /// Where the recording of a call is that is over. Returns whether that is known by now, as far as it ever will be.
    fn note_recording(&mut self, call: CallId, erased: &mut ErasedCalls) -> Answer<bool> {
        let told = self.store.recording(call)?;
        let location = match (told, self.trunk.recorded(call, self.now, self.step)) {
            (None, Recorded::No) => return Ok(true),
            (None, Recorded::Writing) => return Ok(false),
            (None, Recorded::At(location)) | (Some(location), _) => Some(location),
            (None, Recorded::Presumed) => None,
        };
        erased.recordings += 1;
        // A longer one is in no storage of theirs, and not worth keeping.
        let location = location.map(|at| match at.len() > LONGEST {
            true => String::new(),
            false => at,
        });
        erased.files.push(RecordingFile { call, location });
        Ok(true)
    }
}
