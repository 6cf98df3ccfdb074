//! Whether the organisation's directory must hear that there is news: who listens waits there, for all trunks at once.
//!
//! Whoever asked a trunk holds that its part was complete up to then. So what happens later is worth a word to the directory,
//! and one word is enough: until somebody asks again, all who listen will come for it, and find what else there is by then.
//! A word is owed until the directory took it. Where nobody ever asks, none is said.

use super::position::FeedNotes;
use crate::domain::call::RECENT;
use crate::domain::ids::CallId;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::Trunk;

/// How long after it was last noted that somebody listens it is taken that nobody does any more: longer than listeners leave a quiet
/// trunk alone.
pub const LISTENED_FOR: Span = Span::from_secs(3 * 3_600);

/// What a trunk knows of those who wait for its news. In memory alone; 0 is never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch {
    /// When it was last asked: nobody holds that it was complete any later.
    asked_at: Timestamp,
    /// When there was news last.
    news_at: Timestamp,
    /// The latest of these moments that the directory took.
    heard: Timestamp,
    /// The one that it must hear of.
    owed: Timestamp,
}

impl Watch {
    /// As the rows tell; `newest` is the newest call. Somebody may have asked up to now, and what happened last may be untold.
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

    /// Takes the place of what was known before a write failed, of which something may be in the rows.
    pub fn succeed(&mut self, before: Self) {
        *self = before;
        self.news(before.asked_at);
    }

    /// Somebody asks, and is told what became known before now.
    pub fn asked(&mut self, now: Timestamp) {
        if planted(Fault::AskedOnce) && self.asked_at > Timestamp(0) {
            return;
        }
        self.asked_at = self.asked_at.max(now);
        if self.news_at >= now {
            self.news(self.news_at);
        }
    }

    /// There is news. What is owed of other news stays owed: it may be another who asked meanwhile.
    pub fn news(&mut self, at: Timestamp) {
        self.news_at = self.news_at.max(at);
        // Once the directory heard of something since anybody asked, all who listen come anyway.
        if self.heard < self.asked_at {
            self.owed = self.owed.max(at);
        }
    }

    /// The moment that the directory must hear of.
    #[must_use]
    pub fn owed(&self) -> Option<Timestamp> {
        (self.owed > Timestamp(0)).then_some(self.owed)
    }

    /// The directory took it.
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
