//! The live feed of many trunks: each part of them is asked by a helper, whose subrequests are its own, so that no invocation
//! sends as many as there are trunks, however often it asks, and none holds more events than a page may show.

use std::cell::RefCell;

use super::{
    FeedPage, Look, Position, Sums, TrunkCommand, TrunkReply, Trunks, UsageFilter, UsageSoFar,
    add_usage,
};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::host::{Host, Unavailable};
use crate::domain::ids::TrunkTag;
use crate::domain::vitals::{Vitals, VitalsAsked};

/// An invocation asks up to this many trunks itself; helpers ask more: a feed's stream asks for a minute, as often as its pace
/// allows, and its subrequests count together.
const OWN: usize = 32;
/// How many trunks are asked at a time.
const AT_ONCE: usize = 50;
/// How often a trunk is asked for more of what its calls add up to: each time it reads 20,000 rows at most.
const PARTS: usize = 50;

impl Look {
    /// Asks them, or has helpers ask them, with names that begin with `helper`. Returns each part's answer, the first to arrive
    /// first.
    pub async fn in_parts(
        mut self,
        world: &(impl Host + Trunks),
        helpers: &str,
    ) -> Vec<Result<TrunkReply, Unavailable>> {
        let trunks = std::mem::take(&mut self.trunks);
        let is_own = trunks.len() <= OWN;
        let part = match is_own {
            true => OWN,
            false => world.settings().trunks_at_once.max(1),
        };
        let looks = trunks.chunks(part).enumerate().map(async |(n, some)| {
            let look = Self {
                trunks: some.to_vec(),
                ..self.clone()
            };
            match is_own {
                true => look.by(world).await,
                false => world.look(&format!("{helpers}/{n}"), &look).await,
            }
        });
        concurrent(CONNECTIONS, looks).await
    }

    /// Asks them. Returns their pages as one, as if they were one trunk; or the refusal of one of them.
    ///
    /// # Errors
    /// One did not answer, or there is none.
    pub async fn by(&self, trunks: &impl Trunks) -> Result<TrunkReply, Unavailable> {
        if let Some(usage) = &self.usage {
            return self.add_up(trunks, usage).await;
        }
        if let Some(asked) = self.vitals {
            return Ok(TrunkReply::AllVitals(self.all_vitals(trunks, asked).await));
        }
        let so_far: RefCell<Option<FeedPage>> = RefCell::default();
        let answers = self.trunks.iter().map(|tag| async {
            match self.told_by(trunks, *tag).await? {
                TrunkReply::Feed(page) => {
                    let known = so_far.take();
                    let most = self.filter.limit + 1;
                    *so_far.borrow_mut() = Some(match known {
                        Some(known) => known.beside(page, most),
                        None => page,
                    });
                    Ok(None)
                }
                refusal @ TrunkReply::Refused(_) => Ok(Some(refusal)),
                _ => Err(Unavailable),
            }
        });
        for answer in concurrent(AT_ONCE, answers).await {
            if let Some(refusal) = answer? {
                return Ok(refusal);
            }
        }
        so_far.take().map(TrunkReply::Feed).ok_or(Unavailable)
    }

    /// A trunk's page that gets on: if so many calls began shortly before the place asked for that one question
    /// doesn't get past them, the next one continues at the row reached.
    async fn told_by(
        &self,
        trunks: &impl Trunks,
        tag: TrunkTag,
    ) -> Result<TrunkReply, Unavailable> {
        let mut filter = self.filter.clone();
        let mut so_far: Option<FeedPage> = None;
        loop {
            let command = TrunkCommand::Feed(self.reader, filter.clone());
            let page = match trunks.trunk(tag, &command).await? {
                TrunkReply::Feed(page) => page,
                reply => return Ok(reply),
            };
            let page = match so_far.take() {
                Some(known) => known.then(page, filter.limit + 1),
                None => page,
            };
            let stays = !page.gets_on(filter.after);
            // One of the previous release starts over each time.
            let next = page
                .goes_on
                .filter(|row| stays && filter.slice < Some(*row));
            if next.is_none() {
                return Ok(TrunkReply::Feed(page.cut(filter.limit)));
            }
            filter.slice = next;
            so_far = Some(page);
        }
    }

    /// The reports of those of them that answer.
    async fn all_vitals(&self, trunks: &impl Trunks, asked: VitalsAsked) -> Vec<Vitals> {
        let command = TrunkCommand::Vitals(asked);
        let answers = self.trunks.iter().map(|tag| trunks.trunk(*tag, &command));
        let answers = concurrent(AT_ONCE, answers).await.into_iter();
        let vitals = answers.filter_map(|answer| match answer {
            Ok(TrunkReply::Vitals(vitals)) => Some(*vitals),
            _ => None,
        });
        vitals.collect()
    }

    /// The sums of the calls of all of them.
    async fn add_up(
        &self,
        trunks: &impl Trunks,
        usage: &UsageFilter,
    ) -> Result<TrunkReply, Unavailable> {
        let answers = self.trunks.iter().map(|tag| self.sums(trunks, *tag, usage));
        let mut all = Sums::new();
        for answer in concurrent(AT_ONCE, answers).await {
            match answer? {
                TrunkReply::Usage(told) => {
                    for (key, tally) in told.sums {
                        add_usage(&mut all, key, &tally);
                    }
                }
                refusal => return Ok(refusal),
            }
        }
        Ok(TrunkReply::Usage(UsageSoFar {
            sums: all,
            hour: usage.to,
            ..UsageSoFar::default()
        }))
    }

    /// The sums of one trunk's calls, or its refusal.
    async fn sums(
        &self,
        trunks: &impl Trunks,
        tag: TrunkTag,
        usage: &UsageFilter,
    ) -> Result<TrunkReply, Unavailable> {
        let mut filter = usage.clone();
        for _ in 0..PARTS {
            let command = TrunkCommand::Usage(self.reader, Box::new(filter.clone()));
            match trunks.trunk(tag, &command).await? {
                TrunkReply::Usage(told) if told.hour < filter.to => filter.so_far = Some(told),
                reply @ (TrunkReply::Usage(_) | TrunkReply::Refused(_)) => return Ok(reply),
                _ => return Err(Unavailable),
            }
        }
        Err(Unavailable)
    }
}

impl FeedPage {
    /// This page and another trunk's in one order: complete as far as both are, with at most `most` events.
    #[must_use]
    pub fn beside(mut self, other: Self, most: usize) -> Self {
        self.events.extend(other.events);
        Position::sort(&mut self.events, |event| event.place);
        Self {
            through: self.through.min(other.through),
            now: self.now.min(other.now),
            // One that tells the directory nothing announces no plans.
            next_planned: self.next_planned.min(other.next_planned),
            goes_on: None,
            ..self
        }
        .up_to(most)
    }
}
