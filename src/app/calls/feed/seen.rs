//! What is known to those who listen, and what one of them learns from another.

use super::QUIET;
use crate::app::ports::Api;
use crate::app::trunk::{FeedFilter, Position};
use crate::domain::access::KeyRecord;
use crate::domain::time::Timestamp;

/// How far all trunks were asked for a listener.
#[derive(Clone, Copy, Default)]
pub struct Seen {
    /// In which epoch of the directory; 0 with one of an earlier release, which hears of no news.
    pub epoch: u64,
    /// Before this moment nothing will become known any more.
    pub through: Timestamp,
    /// Behind this moment there is news, whoever says so or not.
    pub until: Timestamp,
    /// Until then all are left alone.
    pub rest: Timestamp,
}

impl Seen {
    /// Who goes on from where a page ends.
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

    /// Notes it for whoever goes on there.
    pub fn note(&self, api: &impl Api, caller: &KeyRecord, filter: &FeedFilter) {
        if self.through == Timestamp(0) {
            return; // whoever reads the history asks all trunks anyway
        }
        api.note(Self::name(caller, filter), &self.text(), api.now() + QUIET);
    }

    /// What all of an isolate know who listen to the same.
    fn quiet(caller: &KeyRecord, filter: &FeedFilter) -> String {
        format!("quiet/{}/{}", caller.org_id, filter.only.join(","))
    }

    /// All trunks were asked, and none has told of anything that became known since `from`: so others need not ask.
    pub fn teach(&self, api: &impl Api, caller: &KeyRecord, filter: &FeedFilter, from: Timestamp) {
        if self.epoch > 0 && self.until > api.now() {
            let text = format!("{} {}", self.text(), from.0);
            let until = self.until.min(api.now() + QUIET);
            api.note(Self::quiet(caller, filter), &text, until);
        }
    }

    /// A listener that is about to ask all trunks because it has not for long learns what another was told meanwhile: what lies
    /// before this one's `through` it knows, and behind that the other found nothing.
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
