//! Who waits for news of any trunk waits here. Trunks tell when there is some; which ones have it, nobody needs to know: all are
//! asked then, because what one tells can be passed on only where all others are complete.
//!
//! In memory alone. Whoever waits names the epoch in which it asked all trunks: where it is another one by now, words may have
//! been lost, or a trunk may have come that was not asked, and all are asked anew.

use std::cell::RefCell;
use std::pin::pin;
use std::task::{Poll, Waker};

use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::serve::DirectoryActor;
use super::store::DirectoryStore;
use super::{Directory, DirectoryCommand, DirectoryReply};
use crate::app::host::Host;
use crate::app::trunk::StoreFailed;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

/// So many wait before all of them are woken to see whether they still do.
const WAITING: usize = 100;

/// A question for news of any trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// In which epoch of the directory all trunks were asked.
    pub epoch: u64,
    /// Before this moment nothing will become known any more: 0 for whoever asked nobody yet.
    pub through: Timestamp,
    /// How long the answer may wait.
    pub wait: Span,
}

/// What a directory knows of news.
#[derive(Default)]
pub(super) struct Watch {
    /// Drawn when somebody asks for the first time; 0 before.
    epoch: u64,
    /// The latest moment of which a trunk told.
    latest: Timestamp,
}

impl Watch {
    /// There is a trunk that nobody has asked.
    pub fn begin_anew(&mut self) {
        self.epoch = 0;
    }

    fn has_news(&self, watched: &Watched) -> bool {
        self.epoch == 0 || self.epoch != watched.epoch || self.latest >= watched.through
    }
}

impl Directory {
    fn is_to_wait(&self, command: &DirectoryCommand, watched: &Watched) -> bool {
        let is_vouched = command.by.is_none_or(|key| self.key(key).is_some());
        is_vouched && !self.watch.has_news(watched)
    }
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    /// Which trunks there are; to whoever watches, when there is news.
    pub fn tags(&mut self) -> DirectoryReply {
        let now = self.now();
        let Some(watched) = &self.command.watched else {
            return DirectoryReply::Tags(self.directory.tags(now), now);
        };
        let watch = &mut self.directory.watch;
        if !watch.has_news(watched) {
            return DirectoryReply::Quiet;
        }
        if watch.epoch == 0 {
            let [a, b, c, d, e, f, g, h, ..] = self.world.entropy();
            watch.epoch = u64::from_be_bytes([a, b, c, d, e, f, g, h]).max(1);
        }
        let epoch = watch.epoch;
        DirectoryReply::Watched(epoch, self.directory.tags(now), now)
    }

    /// A trunk has news.
    pub fn nudge(&mut self, at: Timestamp) -> DirectoryReply {
        if planted(Fault::NudgeDropped) {
            return DirectoryReply::Done;
        }
        let latest = &mut self.directory.watch.latest;
        *latest = (*latest).max(at);
        DirectoryReply::Done
    }
}

impl DirectoryActor {
    /// Waits as long as there is no news and the question allows it.
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
            let waits = self.with(store, |directory| directory.is_to_wait(command, watched))?;
            if !waits || left == Span(0) {
                return Ok(());
            }
            self.bell.wait(world.sleep(left)).await;
        }
    }
}

/// Wakes who waits.
#[derive(Default)]
pub(super) struct Bell(RefCell<Vec<Waker>>);

impl Bell {
    pub fn ring(&self) {
        self.0.take().into_iter().for_each(Waker::wake);
    }

    /// Until it rings, or `end` comes, or earlier.
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
