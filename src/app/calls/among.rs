//! Pages over more trunks than one request may ask. Only some are asked at a time; while others may hold calls newer than all
//! that were found, a page is empty, and its cursor says how far the search has got and whose calls it found.

use crate::app::page::{Page, bad_cursor};
use crate::app::records::TrunkRecord;
use crate::app::trunk::{InList, Scan};
use crate::domain::ids::{CallId, TrunkId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::refusal::Refusal;
use crate::domain::sorting::oldest_first;
use crate::domain::time::Timestamp;

/// A search of an organisation's trunks for the newest calls before some position.
pub struct Among {
    /// That position, as the list knows it; empty for the present.
    before: String,
    /// Nothing older is searched for: there is no room for it, or a trunk searched no further.
    floor: Option<CallId>,
    /// The tag of the first trunk not asked yet; then those with the newest calls, which are asked again.
    tags: Vec<TrunkTag>,
    /// Trunks not asked this time, each with until when it may have had calls.
    rest: Vec<(TrunkTag, Option<Timestamp>)>,
    /// The cursor of a page on which nothing can be shown yet.
    pub goes_on: Option<String>,
}

impl Among {
    /// Takes a page's cursor apart; what is left in the page is the position of its last item.
    ///
    /// # Errors
    /// A cursor that was not handed out.
    pub fn read(page: &mut Page) -> Result<Self, Refusal> {
        let cursor = page.after.take().unwrap_or_default();
        let mut words = cursor.split('/');
        let before = words.next().unwrap_or_default().to_owned();
        page.after = Some(before.clone()).filter(|before| !before.is_empty());
        let floor = words.next().filter(|floor| !floor.is_empty());
        let floor = floor.map(|floor| floor.parse().map_err(|_| bad_cursor()));
        let mut tags = Vec::new();
        for tag in words {
            let tag = u32::from_str_radix(tag, 16).map_err(|_| bad_cursor())?;
            tags.push(TrunkTag(tag));
        }
        Ok(Self {
            before,
            floor: floor.transpose()?,
            tags,
            rest: Vec::new(),
            goes_on: None,
        })
    }

    /// Which of these trunks to ask, or the single one requested.
    pub fn whom(
        &mut self,
        trunks: Vec<TrunkRecord>,
        only: Option<TrunkId>,
        at_once: usize,
    ) -> Vec<TrunkTag> {
        let from = self.tags.first().copied();
        let (mut asked, mut fresh) = (Vec::new(), Vec::new());
        for trunk in trunks {
            let (tag, until) = (trunk.id.tag(), trunk.calls_until);
            if trunk.holds_no_calls || only.is_some_and(|only| only != trunk.id) {
                continue;
            }
            if self.tags.contains(&tag) {
                asked.push(tag);
            } else if from <= Some(tag) && self.may_hold(until) {
                fresh.push((tag, until));
            }
        }
        // First those that may have the newest calls; what they have may save asking the others.
        let age = |until: Option<Timestamp>| until.map_or(0, |until| u64::MAX - until.0);
        oldest_first(&mut fresh, |(tag, until)| {
            let age = age(until.filter(|_| from.is_none()));
            u128::from(age) << 32 | u128::from(tag.0)
        });
        let room = at_once.saturating_sub(asked.len()).max(1);
        self.rest = fresh.split_off(room.min(fresh.len()));
        asked.extend(fresh.into_iter().map(|(tag, _)| tag));
        asked
    }

    fn may_hold(&self, until: Option<Timestamp>) -> bool {
        let floor = self.floor.map(|floor| floor.address().at);
        until.is_none_or(|until| Some(until) >= floor)
    }

    /// What the trunks that were asked found, as far as no other trunk can have anything newer; one item more than the page shows is its `limit`.
    pub fn conclude<T: InList>(&mut self, found: Vec<Scan<T>>, limit: usize) -> Scan<T> {
        let Scan { mut calls, until } = Scan::merge(found, limit);
        let ids: Vec<CallId> = calls.iter().map(InList::call).collect();
        self.settle(ids, until, limit);
        match self.goes_on.is_some() {
            true => calls.clear(),
            false => calls.retain(|call| Some(call.call()) >= self.floor),
        }
        Scan {
            calls,
            until: self.floor,
        }
    }

    fn settle(&mut self, mut ids: Vec<CallId>, until: Option<CallId>, limit: usize) {
        let without_room = ids.get(limit.saturating_sub(1)).copied();
        self.floor = self.floor.max(until).max(without_room);
        ids.retain(|id| Some(*id) >= self.floor);
        let rest = self.rest.iter().filter(|(_, until)| self.may_hold(*until));
        let Some(next) = rest.map(|(tag, _)| *tag).min() else {
            return;
        };
        if planted(Fault::RestUnasked) {
            return;
        }
        let mut tags = vec![next];
        for id in ids {
            let tag = id.address().tag;
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let floor = self.floor.map(|floor| floor.to_string());
        let tags = tags.iter().map(TrunkTag::to_string);
        let words = [self.before.clone(), floor.unwrap_or_default()];
        let words: Vec<String> = words.into_iter().chain(tags).collect();
        self.goes_on = Some(words.join("/"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{Address, IdKey};

    struct Call(CallId);

    impl InList for Call {
        fn call(&self) -> CallId {
            self.0
        }
    }

    fn trunk(tag: u32, calls_until: Option<u64>) -> TrunkRecord {
        let id = TrunkId::from_entropy([0; 16]).number() | u128::from(tag) << 96;
        serde_json::from_value(serde_json::json!({
            "id": uuid::Uuid::from_u128(id).to_string(), "name": "", "trunk_phone": "", "max_cps": 1, "max_channels": 1,
            "status": "active", "calls_until": calls_until,
        }))
        .expect("a record")
    }

    fn call(tag: u32, at: u64) -> CallId {
        let address = Address {
            at: Timestamp(at),
            sequence: 0,
            tag: TrunkTag(tag),
        };
        CallId::mint(address, &IdKey::new(b"key"))
    }

    /// Reads all pages of what these trunks hold; how many were asked for each, and the calls' times.
    fn read_all(
        trunks: &[(TrunkRecord, Vec<u64>)],
        limit: usize,
        at_once: usize,
    ) -> (Vec<usize>, Vec<u64>) {
        let mut page = Page::read(&crate::app::http::Request::default(), &[]).expect("a page");
        page.limit = limit;
        let (mut asked, mut read) = (Vec::new(), Vec::new());
        loop {
            let mut among = Among::read(&mut page).expect("a cursor");
            let before = page.after.as_deref().map(|id| id.parse().expect("an id"));
            let records = trunks.iter().map(|(trunk, _)| trunk.clone()).collect();
            let tags = among.whom(records, None, at_once);
            asked.push(tags.len());
            let answer = |tag: &TrunkTag| {
                let (_, calls) = trunks
                    .iter()
                    .find(|(trunk, _)| trunk.id.tag() == *tag)
                    .expect("one of them");
                let calls = calls.iter().map(|at| call(tag.0, *at));
                let older = calls.filter(|id| before.is_none_or(|before| *id < before));
                let newest = older.collect::<std::collections::BTreeSet<_>>();
                Scan {
                    calls: newest.into_iter().rev().take(limit + 1).map(Call).collect(),
                    until: None,
                }
            };
            let found = tags.iter().map(answer).collect();
            let Scan { mut calls, until } = among.conclude(found, limit + 1);
            let is_full = calls.len() > limit;
            calls.truncate(limit);
            read.extend(calls.iter().map(|call| call.0.address().at.0));
            let last = calls.last().filter(|_| is_full).map(|call| call.0);
            let next = last.or(until).map(|id| id.to_string());
            page.after = among.goes_on.or(next);
            if page.after.is_none() {
                return (asked, read);
            }
            assert!(asked.len() < 1_000, "no end");
        }
    }

    #[test]
    fn pages_among_many_trunks_hold_each_call_once_and_in_order_however_few_are_asked_at_once() {
        for at_once in [1, 2, 3, 7, 40] {
            for limit in [1, 2, 5] {
                let calls =
                    |tag: u32| (0..tag % 4).map(move |n| u64::from(7 * tag % 13 + 20 * n + 1_000));
                let known = |tag: u32| calls(tag).max().filter(|_| tag.is_multiple_of(2));
                let trunks: Vec<_> = (1..=20)
                    .map(|tag| (trunk(tag, known(tag)), calls(tag).collect::<Vec<_>>()))
                    .collect();
                let (asked, read) = read_all(&trunks, limit, at_once);
                let mut all: Vec<u64> =
                    trunks.iter().flat_map(|(_, calls)| calls.clone()).collect();
                all.sort_unstable_by(|a, b| b.cmp(a));
                assert_eq!(read, all, "{limit} of {at_once}");
                assert!(
                    asked
                        .into_iter()
                        .all(|asked| asked <= at_once.max(limit + 3))
                );
            }
        }
    }

    #[test]
    fn of_many_that_are_quiet_those_are_asked_that_a_page_needs() {
        let quiet = (1..=900).map(|tag| (trunk(tag, Some(u64::from(tag))), vec![u64::from(tag)]));
        let busy = (901..=920).map(|tag| (trunk(tag, None), vec![5_000 + u64::from(tag), 4_000]));
        let trunks: Vec<_> = quiet.chain(busy).collect();
        let mut page = Page::read(&crate::app::http::Request::default(), &[]).expect("a page");
        page.limit = 10;
        let mut among = Among::read(&mut page).expect("none");
        let records = trunks.iter().map(|(trunk, _)| trunk.clone()).collect();
        let asked = among.whom(records, None, 100);
        assert_eq!(asked.len(), 100);
        let found = (901..=920).map(|tag| Scan {
            calls: vec![Call(call(tag, 5_000 + u64::from(tag)))],
            until: None,
        });
        let found = among.conclude(found.collect(), 11);
        assert_eq!((found.calls.len(), among.goes_on), (11, None));
    }
}
