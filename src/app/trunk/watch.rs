//! Whether the organisation's directory must hear that there is news: listeners wait there, for all trunks at once.
//!
//! A listener who asked a trunk relies on its answer being complete up to then. So the directory must be told of anything
//! later, and telling it once is enough: all listeners then come to ask, and find whatever else has happened by then. The news is
//! owed until the directory has taken it. While nobody asks, nothing is told.

use super::position::FeedNotes;
use crate::domain::call::RECENT;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::Trunk;

/// How long after the last note of a listener the trunk assumes that somebody still listens: longer than listeners leave a
/// quiet trunk alone.
pub const LISTENED_FOR: Span = Span::from_secs(3 * 3_600);

/// What a trunk knows of those who wait for its news. In memory only; 0 means never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch {
    /// When it was last asked: nobody relies on its being complete any later.
    asked_at: Timestamp,
    /// When there was last news.
    news_at: Timestamp,
    /// The latest of those moments that the directory has taken.
    heard: Timestamp,
    /// The moment that the directory must still be told of.
    owed: Timestamp,
}

impl Watch {
    /// From the rows; `newest` is the newest call. Somebody may have asked up to now, and the latest news may not have been
    /// told.
    pub fn load(notes: &FeedNotes, trunk: &Trunk, newest: Option<CallId>, now: Timestamp) -> Self {
        let listened_at = notes.listened_at;
        if listened_at.is_none_or(|last| now >= last + LISTENED_FOR) {
            return Self::default();
        }
        let lately = |at: Timestamp| now < at + RECENT;
        let was_busy = trunk.entries() > 0
            || newest.is_some_and(|newest| lately(newest.address().at))
            || notes.states.last().is_some_and(|last| lately(last.at));
        Self::after_restart(now, was_busy)
    }

    fn after_restart(now: Timestamp, was_busy: bool) -> Self {
        let mut watch = Self {
            asked_at: now,
            ..Self::default()
        };
        if was_busy {
            watch.news(now);
        }
        watch
    }

    /// Takes over what was known before a failed write, part of which may be in the rows.
    pub fn succeed(&mut self, before: Self) {
        *self = before;
        self.news(before.asked_at);
    }

    /// Somebody asks, and is told what became known before `now`.
    pub fn asked(&mut self, now: Timestamp) {
        if planted(Fault::AskedOnce) && self.asked_at > Timestamp(0) {
            return;
        }
        self.asked_at = self.asked_at.max(now);
        if self.news_at >= now {
            self.news(self.news_at);
        }
    }

    /// There is news. Earlier news that is owed stays owed: a different listener may have asked meanwhile.
    pub fn news(&mut self, at: Timestamp) {
        self.news_at = self.news_at.max(at);
        // If the directory has been told of anything since the last question, all listeners come anyway.
        if self.heard < self.asked_at {
            self.owed = self.owed.max(at);
        }
    }

    /// The moment that the directory must be told of, if any.
    #[must_use]
    pub fn owed(&self) -> Option<Timestamp> {
        (self.owed > Timestamp(0)).then_some(self.owed)
    }

    /// The directory has taken the news of that moment.
    pub fn heard(&mut self, at: Timestamp) {
        self.heard = self.heard.max(at);
        if self.heard >= self.asked_at || self.owed <= at {
            self.owed = Timestamp(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_is_enough_until_somebody_asks_again_and_none_is_said_where_nobody_does() {
        let mut watch = Watch::default();
        watch.news(Timestamp(1));
        assert_eq!(watch.owed(), None, "nobody listens");
        watch.asked(Timestamp(5));
        assert_eq!(watch.owed(), None, "whoever asked was told");
        watch.news(Timestamp(5));
        assert_eq!(watch.owed(), Some(Timestamp(5)), "not of its own moment");
        watch.news(Timestamp(7));
        assert_eq!(watch.owed(), Some(Timestamp(7)), "owed until it is taken");
        watch.heard(Timestamp(7));
        watch.news(Timestamp(9));
        assert_eq!(watch.owed(), None, "all who listen come for it anyway");
        watch.asked(Timestamp(9));
        assert_eq!(
            watch.owed(),
            Some(Timestamp(9)),
            "and somebody came too early"
        );
    }

    #[test]
    fn a_word_about_what_was_asked_for_meanwhile_is_not_enough() {
        let mut watch = Watch::default();
        watch.asked(Timestamp(10));
        watch.news(Timestamp(11));
        watch.asked(Timestamp(12));
        watch.news(Timestamp(13));
        watch.heard(Timestamp(11));
        assert_eq!(watch.owed(), Some(Timestamp(13)));
    }

    #[test]
    fn what_is_owed_to_one_listener_stays_owed_when_another_asks() {
        let mut watch = Watch::default();
        watch.asked(Timestamp(10));
        watch.news(Timestamp(11));
        watch.asked(Timestamp(20));
        assert_eq!(watch.owed(), Some(Timestamp(11)));
        watch.heard(Timestamp(11));
        assert_eq!(watch.owed(), None);
        watch.news(Timestamp(21));
        assert_eq!(watch.owed(), Some(Timestamp(21)));
    }

    #[test]
    fn what_may_be_untold_after_a_restart_or_a_failed_write_is_told_once_more() {
        assert_eq!(Watch::after_restart(Timestamp(9), false).owed(), None);
        assert_eq!(
            Watch::after_restart(Timestamp(9), true).owed(),
            Some(Timestamp(9))
        );
        let mut before = Watch::default();
        before.asked(Timestamp(3));
        let mut watch = Watch::after_restart(Timestamp(9), false);
        watch.succeed(before);
        assert_eq!(watch.owed(), Some(Timestamp(3)));
    }
}
