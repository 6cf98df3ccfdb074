//! Listeners to the live feed wait here for news of any trunk.

use std::cell::RefCell;
use std::pin::pin;
use std::task::{Poll, Waker};

use super::port::asks;
use super::reply::reply;
use super::{
    Answer, Ask, Desk, DirectoryActor, DirectoryCommand, DirectoryReply, DirectoryStore, Watched,
};
use crate::app::host::Host;
use crate::app::trunk::{KEPT, StoreFailed};
use crate::domain::ids::TrunkTag;
use crate::domain::time::{Span, Timestamp};

/// How many wait before all of them are woken to check whether they still do.
const WAITING: usize = 100;
/// How much older than the feed's retention a cursor may be.
const GRACE: Span = Span::from_secs(60);

/// The trunks in the live feed, and when there were no others.
pub struct Tags(pub Vec<TrunkTag>, pub Timestamp);
reply!(
    Tags: Tags(trunks, as_of) => DirectoryReply::Tags(trunks, as_of),
    DirectoryReply::Tags(trunks, as_of) => Self(trunks, as_of),
);

/// Asks for the trunks once there is news of any.
pub struct Watch(pub Watched);

/// The reply to it.
pub enum WatchOutcome {
    /// There is news: the directory's epoch, the trunks, and when there were no others.
    Watched(u64, Vec<TrunkTag>, Timestamp),
    /// There was none.
    Quiet,
    /// An object of an earlier release does not wait.
    AtOnce(Tags),
}
reply!(
    WatchOutcome: news => match news {
        WatchOutcome::Watched(epoch, trunks, as_of) => DirectoryReply::Watched(epoch, trunks, as_of),
        WatchOutcome::Quiet => DirectoryReply::Quiet,
        WatchOutcome::AtOnce(tags) => tags.into(),
    },
    DirectoryReply::Watched(epoch, trunks, as_of) => Self::Watched(epoch, trunks, as_of),
    DirectoryReply::Quiet => Self::Quiet,
    DirectoryReply::Tags(trunks, as_of) => Self::AtOnce(Tags(trunks, as_of)),
);

impl From<Watch> for DirectoryCommand {
    fn from(Watch(watched): Watch) -> Self {
        Self {
            watched: Some(watched),
            ..Self::of_the_platform(Ask::Tags)
        }
    }
}

asks!(Watch => WatchOutcome);

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn tags(&self) -> Answer<Tags> {
        Ok(Tags(self.directory.tags(self.now, KEPT + GRACE), self.now))
    }

    /// For whoever watches, if there is news.
    pub(super) fn news(&mut self, watched: &Watched) -> Answer<WatchOutcome> {
        let world = self.world;
        let draw = || {
            let [a, b, c, d, e, f, g, h, ..] = world.entropy();
            u64::from_be_bytes([a, b, c, d, e, f, g, h])
        };
        let Some(epoch) = self.directory.epoch_with_news(watched, draw) else {
            return Ok(WatchOutcome::Quiet);
        };
        let Tags(trunks, as_of) = self.tags()?;
        Ok(WatchOutcome::Watched(epoch, trunks, as_of))
    }

    pub(super) fn nudge(&mut self, at: Timestamp) -> Answer<()> {
        self.directory.nudge(at);
        Ok(())
    }
}

impl DirectoryActor {
    /// Waits while there is no news and the question allows it.
    pub(super) async fn wait_for_news(
        &self,
        store: &impl DirectoryStore,
        world: &impl Host,
        command: &DirectoryCommand,
    ) -> Result<(), StoreFailed> {
        let Some(watched) = &command.watched else {
            return Ok(());
        };
        let deadline = world.now() + watched.wait;
        loop {
            let left = deadline - world.now();
            let waits = self.with(store, |directory| directory.is_to_wait(command.by, watched))?;
            if !waits || left == Span(0) {
                return Ok(());
            }
            self.bell.wait(world.sleep(left)).await;
        }
    }
}

/// Wakes whoever waits.
#[derive(Default)]
pub(super) struct Bell(RefCell<Vec<Waker>>);

impl Bell {
    pub fn ring(&self) {
        self.0.take().into_iter().for_each(Waker::wake);
    }

    /// Waits until it rings or `end` completes, or for less long.
    async fn wait(&self, end: impl Future<Output = ()>) {
        let (mut end, mut is_over) = (pin!(end), false);
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut is_over, true) {
                return Poll::Ready(());
            }
            if self.0.borrow().len() >= WAITING {
                self.ring(); // most have left
            }
            self.0.borrow_mut().push(context.waker().clone());
            end.as_mut().poll(context)
        })
        .await;
    }
}
