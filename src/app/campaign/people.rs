//! A campaign's recipients, at its desk: adding and reading them.

use super::language::{Added, CampaignRefusal, People, Recipient, RecipientPage, Snapshot};
use super::memory::Calls;
use super::{Answer, CampaignActor, CampaignStore, Desk};
use crate::domain::campaign::{
    Attempt, MOST_RECIPIENTS, NewRecipient, RecipientStatus, Record, Row, Status,
};
use crate::domain::time::Timestamp;
use crate::domain::vec_map::VecMap;

/// How many are added with one statement.
const TOGETHER: usize = 500;

/// How many bytes of metadata a page holds, plus one recipient's.
const METADATA: usize = 1 << 20;

/// The most rows a page looks at: if few have the wanted status, it says how far it got.
const LOOKED_AT: u64 = 20_000;

/// A recipient as shown, with those attempts whose calls exist; whoever had not been called may be `left` with a last status.
fn shown(record: &Record, calls: &Calls, left: bool, mut row: Row) -> Recipient {
    let status = match left {
        true => record.status_of(row.status),
        false => row.status,
    };
    let waits = status == RecipientStatus::Waiting;
    let is_there = |attempt: &Attempt| attempt.call.is_none_or(|call| !calls.may_be_none(call));
    row.attempts.retain(is_there);
    Recipient {
        row: row.row,
        reference: row.reference,
        phone: row.phone,
        time_zone: row.time_zone,
        status,
        next_attempt_at: row.next_at.filter(|_| waits),
        attempts: row.attempts,
        metadata: None,
    }
}

impl<S: CampaignStore> Desk<'_, S> {
    pub(super) fn add(&mut self, people: Vec<NewRecipient>) -> Answer<Added> {
        let status = self.record()?.campaign.status;
        if matches!(status, Status::Completed | Status::Canceled) {
            return Err(status.into());
        }
        let mut added = Added::default();
        for (nth, chunk) in people.chunks(TOGETHER).enumerate() {
            self.add_some(chunk, nth * TOGETHER, &mut added)?;
        }
        if added.added > 0 {
            self.actor.more_pending = true;
            self.write()?;
        }
        Ok(added)
    }

    fn add_some(&mut self, people: &[NewRecipient], first: usize, added: &mut Added) -> Answer<()> {
        let (now, store) = (self.now, self.store);
        let references: Vec<&str> = people.iter().map(|new| new.reference.as_str()).collect();
        let mut known: VecMap<String, Option<String>> = VecMap::default();
        for reference in store.known(&references)? {
            known.insert(reference, None);
        }
        let record = self.record()?;
        let mut rows = Vec::new();
        for (place, person) in people.iter().enumerate() {
            let many = rows.len() as u64;
            if known.contains_key(&person.reference) {
                added.duplicates += 1;
            } else if record.campaign.counts.total + many >= MOST_RECIPIENTS {
                added.too_many.push(first + place);
            } else {
                known.insert(person.reference.clone(), None);
                let row = Row::new(record.rows + many + 1, person, now);
                rows.push((row, person.metadata.as_deref()));
            }
        }
        store.add(&rows)?;
        record.adds(rows.len() as u64);
        added.added += rows.len() as u64;
        Ok(())
    }

    pub(super) fn recipients(
        &mut self,
        status: Option<RecipientStatus>,
        after: u64,
        limit: usize,
    ) -> Answer<RecipientPage> {
        use RecipientStatus::{Pending, Waiting};
        let (now, store) = (self.now, self.store);
        let record = self.record()?;
        let wanted = match (status, record.left_as) {
            (None, _) => Vec::new(),
            (Some(Pending | Waiting), Some(_)) => {
                return page(self.actor, vec![], limit, None, now);
            }
            (Some(status), Some(left_as)) if status == left_as => vec![status, Pending, Waiting],
            (Some(status), _) => vec![status],
        };
        let all = record.rows;
        let most = all.min(after.saturating_add(LOOKED_AT));
        let rows = store.page(&wanted, (after, most), limit + 1)?;
        let mut page = page(self.actor, rows, limit, None, now)?;
        page.next = page.next.or(Some(most).filter(|most| *most < all));
        self.add_metadata(&mut page)?;
        Ok(page)
    }

    /// Adds each one's metadata, as far as one answer has room.
    fn add_metadata(&self, page: &mut RecipientPage) -> Answer<()> {
        let (mut size, mut fit) = (0, 0);
        for one in &mut page.recipients {
            if size >= METADATA {
                break;
            }
            one.metadata = self.store.metadata(one.row)?;
            size += one.metadata.as_ref().map_or(0, String::len);
            fit += 1;
        }
        if fit < page.recipients.len() {
            page.recipients.truncate(fit);
            page.next = page.recipients.last().map(|one| one.row);
        }
        Ok(())
    }

    pub(super) fn recipient(&mut self, reference: String) -> Answer<Option<Recipient>> {
        let store = self.store;
        self.record()?;
        let row = store.by_reference(&reference)?;
        let (Some(row), Some(record)) = (row, self.actor.living()) else {
            return Ok(None);
        };
        let metadata = store.metadata(row.row)?;
        Ok(Some(Recipient {
            metadata,
            ..shown(record, &self.actor.calls, true, row)
        }))
    }

    pub(super) fn results(
        &mut self,
        snapshot: Option<Snapshot>,
        after: u64,
        limit: usize,
    ) -> Answer<RecipientPage> {
        let (now, store) = (self.now, self.store);
        let record = self.record()?;
        let snapshot = snapshot.unwrap_or(Snapshot {
            at: now,
            through: record.rows,
            left: Some(record.left_as.is_some()),
        });
        let rows = store.page(&[], (after, snapshot.through), limit + 1)?;
        let rows = rows.into_iter().map(|row| row.as_of(snapshot.at));
        Ok(RecipientPage {
            snapshot,
            ..page(self.actor, rows.collect(), limit, snapshot.left, now)?
        })
    }

    pub(super) fn preview_people(&mut self, after: u64, limit: usize) -> Answer<People> {
        let store = self.store;
        let record = self.record()?;
        let rows = store.page(&[], (after, record.rows), limit)?;
        let next = rows
            .last()
            .map(|row| row.row)
            .filter(|row| *row < record.rows);
        let person = |row: Row| (row.phone, row.time_zone, record.status_of(row.status));
        Ok(People {
            people: rows.into_iter().map(person).collect(),
            next,
        })
    }

    pub(super) fn record(&mut self) -> Answer<&mut Record> {
        let record = self.actor.record.as_mut().filter(|record| !record.deleted);
        Ok(record.ok_or(CampaignRefusal::Missing)?)
    }
}

/// A page of rows, of which one more was read than it holds.
fn page(
    actor: &CampaignActor,
    mut rows: Vec<Row>,
    limit: usize,
    left: Option<bool>,
    at: Timestamp,
) -> Answer<RecipientPage> {
    let record = actor.living().ok_or(CampaignRefusal::Missing)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().map(|row| row.row).filter(|_| more);
    let rows = rows.into_iter();
    Ok(RecipientPage {
        next,
        recipients: rows
            .map(|row| shown(record, &actor.calls, left.unwrap_or(true), row))
            .collect(),
        snapshot: Snapshot {
            at,
            through: record.rows,
            left,
        },
    })
}
