//! A campaign's object, as requests and the directory see it: it calls nobody.

use audatec::app::campaign::CampaignCommand as C;
use std::collections::VecDeque;

use audatec::app::campaign::{
    Added, CampaignRefusal, CampaignReply, EraseRecipients, ErasedRecipients, People, Recipient,
    RecipientPage, Shown, Snapshot,
};
use audatec::domain::campaign::{NewRecipient, RecipientStatus, Status};
use audatec::domain::time::Timestamp;

#[derive(Default)]
pub struct CampaignObject {
    shown: Option<Shown>,
    people: Vec<NewRecipient>,
    /// The directory's marks of its starts.
    pub marks: Vec<u64>,
    /// Phones may still ring: a pause is not seen through.
    pub is_slow: bool,
    /// So many recipients fit.
    pub most: Option<usize>,
    /// How many pieces of files came.
    pub pieces: usize,
    /// What it was asked to erase, and what it answers next; then that there is nothing.
    pub erases: Vec<EraseRecipients>,
    pub erased: VecDeque<ErasedRecipients>,
}

impl CampaignObject {
    /// All of its recipients were decided.
    pub fn complete(&mut self) {
        self.set(Status::Completed);
    }

    /// Whether there is such a campaign.
    pub fn is_there(&self) -> bool {
        self.shown.is_some()
    }

    fn set(&mut self, status: Status) {
        self.shown.as_mut().expect("a campaign").campaign.status = status;
    }

    fn shown(&self) -> CampaignReply {
        CampaignReply::Campaign(Box::new(self.shown.clone().expect("a campaign")))
    }

    fn person(&self, row: usize) -> Recipient {
        let person = &self.people[row];
        Recipient {
            row: row as u64 + 1,
            reference: person.reference.clone(),
            phone: person.phone.clone(),
            time_zone: person.time_zone.clone(),
            status: match row % 2 {
                0 => RecipientStatus::Pending,
                _ => RecipientStatus::Suppressed,
            },
            next_attempt_at: None,
            attempts: Vec::new(),
            metadata: person.metadata.clone(),
        }
    }

    fn page(&self, after: u64, limit: usize, is: impl Fn(&Recipient) -> bool) -> CampaignReply {
        let rows = (after as usize..self.people.len()).map(|row| self.person(row));
        let mut rows: Vec<_> = rows.filter(is).collect();
        let is_more = rows.len() > limit;
        rows.truncate(limit);
        CampaignReply::Recipients(Box::new(RecipientPage {
            next: rows.last().filter(|_| is_more).map(|row| row.row),
            recipients: rows,
            snapshot: Snapshot {
                left: None,
                at: Timestamp(1),
                through: self.people.len() as u64,
            },
        }))
    }

    fn add(&mut self, people: Vec<NewRecipient>) -> Added {
        let mut added = Added::default();
        self.pieces += 1;
        for (nth, person) in people.into_iter().enumerate() {
            let is_known = |known: &NewRecipient| known.reference == person.reference;
            if self.people.iter().any(is_known) {
                added.duplicates += 1;
            } else if self.most.is_some_and(|most| self.people.len() >= most) {
                added.too_many.push(nth);
            } else {
                added.added += 1;
                self.people.push(person);
            }
        }
        let counts = &mut self.shown.as_mut().expect("a campaign").campaign.counts;
        counts.total = self.people.len() as u64;
        counts.pending = counts.total;
        added
    }

    pub fn answer(&mut self, command: C) -> CampaignReply {
        let refused = CampaignReply::Refused;
        let status = self.shown.as_ref().map(|shown| shown.campaign.status);
        let is = |status| CampaignReply::Refused(CampaignRefusal::Is(status));
        let Some(status) = status else {
            let C::Create(campaign) = command else {
                return refused(CampaignRefusal::Missing);
            };
            self.shown = Some(Shown {
                campaign: *campaign,
                held_by: None,
                projected_end_at: None,
            });
            return self.shown();
        };
        match command {
            C::Save { plan, was } => {
                let campaign = &mut self.shown.as_mut().expect("a campaign").campaign;
                if campaign.plan != *was {
                    return refused(CampaignRefusal::Changed);
                }
                campaign.plan = *plan;
            }
            C::Start { .. } if status.is_over() || status == Status::Running => {
                return is(status);
            }
            C::Start { key, mark, .. } => {
                self.marks.push(mark);
                self.set(Status::Running);
                self.shown.as_mut().expect("a campaign").campaign.started_by = Some(key);
            }
            C::Pause if status != Status::Running && !self.is_slow => return is(status),
            C::Pause | C::RevokeKey(_) if self.is_slow => {
                self.set(Status::Paused);
                return refused(CampaignRefusal::NotTakenBack);
            }
            C::Pause => self.set(Status::Paused),
            C::RevokeKey(key) => {
                let by = self
                    .shown
                    .as_ref()
                    .and_then(|shown| shown.campaign.started_by);
                if status == Status::Running && by == Some(key) {
                    self.set(Status::Paused);
                }
            }
            C::Cancel { .. } if status.is_over() => return is(status),
            C::Cancel { .. } => self.set(Status::Canceled),
            C::Delete if matches!(status, Status::Running | Status::Paused) => return is(status),
            C::Delete => {
                *self = Self::default();
                return CampaignReply::Done;
            }
            C::Add(people) => return CampaignReply::Added(self.add(people)),
            C::Recipients {
                status,
                after,
                limit,
            } => {
                return self.page(after, limit, |one| {
                    status.is_none_or(|status| one.status == status)
                });
            }
            C::Erase(asked) => {
                self.erases.push(asked);
                return CampaignReply::Erased(self.erased.pop_front().unwrap_or_default());
            }
            C::Results { after, limit, .. } => return self.page(after, limit, |_| true),
            C::Recipient(reference) => {
                let mut rows = (0..self.people.len()).map(|row| self.person(row));
                let found = rows.find(|one| one.reference == reference);
                return found.map_or(CampaignReply::Missing, |one| {
                    CampaignReply::Recipient(Box::new(one))
                });
            }
            C::PreviewPeople { .. } => {
                let rows = (0..self.people.len()).map(|row| self.person(row));
                let people = rows.map(|one| (one.phone, one.time_zone, one.status));
                return CampaignReply::People(Box::new(People {
                    people: people.collect(),
                    next: None,
                }));
            }
            _ => {}
        }
        self.shown()
    }
}
