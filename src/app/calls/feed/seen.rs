//! What listeners know, and what they learn from each other.

use super::QUIET;
use crate::app::ports::Api;
use crate::app::trunk::{FeedFilter, Position};
use crate::domain::access::KeyRecord;
use crate::domain::time::Timestamp;

/// How far all trunks were asked on a listener's behalf.
#[derive(Clone, Copy, Default)]
pub struct Seen {
    /// The directory's epoch; 0 with one of an earlier release, which hears no news.
    pub epoch: u64,
    /// Nothing from before this moment will become known any more.
    pub through: Timestamp,
    /// After this moment there is news, whether or not anybody announces it.
    pub until: Timestamp,
    /// Until then no trunk is asked.
    pub rest: Timestamp,
}

impl Seen {
    /// Identifies whoever continues from the end of a page.
    pub fn name(caller: &KeyRecord, filter: &FeedFilter) -> String {
        let (org, after) = (caller.org_id, filter.after.cursor());
        format!("seen/{org}/{after}/{}", filter.only.join(","))
    }

    pub fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ').map(|part| part.parse().ok());
        let mut next = || numbers.next()?;
        Some(Self {
            epoch: next()?,
            through: Timestamp(next()?),
            until: Timestamp(next()?),
            rest: Timestamp(next()?),
        })
    }

    fn text(&self) -> String {
        let [epoch, through, until, rest] = [self.epoch, self.through.0, self.until.0, self.rest.0];
        format!("{epoch} {through} {until} {rest}")
    }

    /// Remembers it for whoever continues there.
    pub fn note(&self, api: &impl Api, caller: &KeyRecord, filter: &FeedFilter) {
        if self.through == Timestamp(0) {
            return; // reading the history asks all trunks anyway
        }
        api.note(Self::name(caller, filter), &self.text(), api.now() + QUIET);
    }

    /// Identifies what all listeners of an isolate with the same filter share.
    fn quiet(caller: &KeyRecord, filter: &FeedFilter) -> String {
        format!("quiet/{}/{}", caller.org_id, filter.only.join(","))
    }

    /// All trunks were asked, and none had anything that became known since `from`: other listeners need not ask.
    pub fn teach(&self, api: &impl Api, caller: &KeyRecord, filter: &FeedFilter, from: Timestamp) {
        if self.epoch > 0 && self.until > api.now() {
            let text = format!("{} {}", self.text(), from.0);
            let until = self.until.min(api.now() + QUIET);
            api.note(Self::quiet(caller, filter), &text, until);
        }
    }

    /// A listener about to ask all trunks, because it has not for long, learns what another was told meanwhile: what lies before
    /// this one's `through` it knows, and after that the other found nothing.
    pub fn learn(&mut self, api: &impl Api, caller: &KeyRecord, filter: &mut FeedFilter) {
        if self.through == Timestamp(0) || api.now() <= self.until {
            return;
        }
        let noted = api.noted(&Self::quiet(caller, filter));
        let Some(text) = noted else { return };
        let Some((other, from)) = text.rsplit_once(' ') else {
            return;
        };
        let from = from.parse().map_or(Timestamp::MAX, Timestamp);
        if let Some(other) = Self::read(other)
            && other.epoch == self.epoch
            && from < self.through
            && self.through <= other.through
            && api.now() <= other.until
        {
            *self = other;
            filter.after = filter.after.max(Position::before(other.through - QUIET));
        }
    }
}
