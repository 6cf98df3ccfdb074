//! What a row keeps of an open call for an object loaded anew: its entry, so that its document need not be read.
//!
//! It is written with the row, and from the row alone: what is known beyond it (`Volatile`) is lost at a restart. If a
//! release changes the settings, the entry is still due by the old ones; its next step uses the new.

use std::fmt;
use std::str::FromStr;

use super::index::{Entry, Moments};
use crate::domain::call::{Call, CallStatus, Volatile};
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;

const WORDS: usize = 11;
const DIGITS: usize = 8;
/// Above the flags of an entry.
const ROOM: u32 = 1 << 8;
const SCHEDULED: u32 = 1 << 9;
const STATUS_SHIFT: u32 = 16;
/// How long after its acceptance it was scheduled is stored above its status.
const LATER_SHIFT: u32 = 24;

/// An open call's entry as its row keeps it. Its text form: [`WORDS`] 32-bit numbers in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept([u32; WORDS]);

impl Kept {
    /// From a call, if it is open.
    pub(super) fn of(call: &mut Call, settings: &Settings) -> Option<Self> {
        if !call.is_open() {
            return None;
        }
        // When its carrier is asked is up to whoever loads it.
        let unasked = Volatile {
            inquire_at: Timestamp::MAX,
            ..Volatile::default()
        };
        let known = std::mem::replace(&mut call.volatile, unasked);
        let entry = Entry::of(call, settings);
        call.volatile = known;
        let id = call.id.number();
        let word = |shift: u32| (id >> shift) as u32;
        let Moments {
            watchdog,
            stale_at,
            told_at,
            dialed_at,
        } = entry.moments(call.dialed_at, call.created_at());
        let status = match planted(Fault::KeptStale) {
            true => CallStatus::Initiating,
            false => call.status,
        };
        let status = CallStatus::ALL.iter().position(|one| *one == status);
        let status = u32::try_from(status.unwrap_or_default()).unwrap_or_default();
        let room = if call.has_room { ROOM } else { 0 };
        let scheduled = if entry.was_scheduled() { SCHEDULED } else { 0 };
        Some(Self([
            word(96),
            word(64),
            word(32),
            word(0),
            watchdog,
            stale_at,
            told_at,
            dialed_at,
            entry.digits(),
            entry.agent(),
            u32::from(entry.later()) << LATER_SHIFT
                | status << STATUS_SHIFT
                | room
                | scheduled
                | u32::from(entry.flags()),
        ]))
    }

    /// The call it belongs to.
    #[must_use]
    pub fn id(&self) -> CallId {
        let [first, second, third, last, ..] = self.0;
        let words = [first, second, third, last].into_iter();
        CallId::of_number(words.fold(0, |id, word| id << 32 | u128::from(word)))
    }

    /// When it was dialed.
    #[must_use]
    pub fn dialed_at(&self) -> Option<Timestamp> {
        let [_, _, _, _, _, _, _, dialed_at, _, _, last] = self.0;
        let later = (last >> LATER_SHIFT) as u8;
        Entry::dialed_at(dialed_at, last as u8, later, self.id().address().at)
    }

    /// The carrier may hold a room for it.
    pub(super) fn has_room(&self) -> bool {
        let [.., last] = self.0;
        last & ROOM != 0
    }

    pub(super) fn entry(&self) -> Entry {
        let [
            _,
            _,
            _,
            _,
            watchdog,
            stale_at,
            told_at,
            dialed_at,
            digits,
            agent,
            last,
        ] = self.0;
        let status = CallStatus::ALL.get(usize::from((last >> STATUS_SHIFT) as u8));
        let moments = Moments {
            watchdog,
            stale_at,
            told_at,
            dialed_at,
        };
        let status = status.copied().unwrap_or(CallStatus::Initiating);
        let later = (last >> LATER_SHIFT) as u8;
        let flags = (last as u8, later);
        Entry::kept(
            moments,
            (digits, agent),
            status,
            flags,
            last & SCHEDULED != 0,
        )
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|word| write!(out, "{word:08x}"))
    }
}

impl FromStr for Kept {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = [0; WORDS];
        let mut rest = text;
        for word in &mut words {
            let (digits, more) = rest.split_at_checked(DIGITS).ok_or(())?;
            *word = u32::from_str_radix(digits, 16).map_err(|_| ())?;
            rest = more;
        }
        rest.is_empty().then_some(Self(words)).ok_or(())
    }
}
