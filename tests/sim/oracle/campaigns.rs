//! Campaigns, as their owners see them: by the phones that ring, by what rows and answers say, and by what they are told.

use std::collections::{BTreeMap, BTreeSet};

use audatec::app::campaign::CampaignReply;
use audatec::domain::call::{Call, CallStatus, FailureCode};
use audatec::domain::campaign::{Attempt, Counts, RecipientStatus, Record, Row, Status};
use audatec::domain::ids::{CallId, CampaignId};
use audatec::domain::time::Timestamp;
use serde_json::{Value, json};

use super::scheduled::was_scheduled;
use super::{Oracle, Pace, Seen, is_over};
use crate::campaign_node::CampaignNode;
use crate::hours::Hours;
use crate::world::W;

/// As many people as are looked at once, and half as many again.
const MOST_IN_MEMORY: usize = 750;

/// A campaign, as its owner means it, and what was seen of it.
#[derive(Default)]
pub struct Facts {
    /// How often somebody may be called, and whether anybody is called again who did not answer.
    pub most: usize,
    pub redials: bool,
    pub max_channels: Option<u32>,
    pub max_cps: Option<u32>,
    pub has_end: bool,
    /// When its phones may ring, beside what others say.
    pub hours: Option<Hours>,
    /// It is to be told that it is over, to somebody who listens.
    pub is_told: bool,
    /// Who was to be added, and who certainly is.
    pub offered: BTreeSet<String>,
    pub added: BTreeSet<String>,
    /// Since when no further phone is to ring, by true time.
    pub(crate) silent_since: Option<u64>,
    /// The statuses of its rows, and how many rows have each.
    pub(crate) rows: BTreeMap<u64, RecipientStatus>,
    pub(crate) tally: BTreeMap<RecipientStatus, u64>,
    /// Who was shown as decided.
    pub(crate) decided: BTreeMap<String, RecipientStatus>,
    /// Each call whose phone rang: whom it called, where, and when by true time.
    pub(crate) rang: BTreeMap<CallId, (String, String, u64)>,
    /// Calls that are not over, as their rows say.
    pub(crate) live: BTreeSet<CallId>,
    pub(crate) dials: Pace,
    /// What was told when it was over, and under which id.
    pub(crate) told: Option<(String, String)>,
}

/// Who is decided is decided for ever.
fn is_final(status: RecipientStatus) -> bool {
    use RecipientStatus::{InProgress, Pending, Waiting};
    !matches!(status, Pending | InProgress | Waiting)
}

/// Where somebody is by their row: those who were left when the campaign's time was over are all the same.
fn is_shown_as(record: &Record, status: RecipientStatus) -> RecipientStatus {
    match (status, record.left_as) {
        (RecipientStatus::Pending | RecipientStatus::Waiting, Some(left_as)) => left_as,
        _ => status,
    }
}

fn counted(tally: &BTreeMap<RecipientStatus, u64>) -> Counts {
    let of = |status| tally.get(&status).copied().unwrap_or_default();
    Counts {
        total: tally.values().sum(),
        pending: of(RecipientStatus::Pending),
        in_progress: of(RecipientStatus::InProgress),
        waiting: of(RecipientStatus::Waiting),
        completed: of(RecipientStatus::Completed),
        unreached: of(RecipientStatus::Unreached),
        suppressed: of(RecipientStatus::Suppressed),
        expired: of(RecipientStatus::Expired),
        canceled: of(RecipientStatus::Canceled),
    }
}

/// Those that were shown add up.
fn adds_up(counts: &Counts) -> bool {
    let undecided = counts.pending + counts.in_progress + counts.waiting;
    let decided = counts.completed + counts.unreached + counts.suppressed;
    undecided + decided + counts.expired + counts.canceled == counts.total
}

impl Oracle {
    /// Somebody makes a campaign.
    pub fn campaign(&self, id: CampaignId, facts: Facts) {
        self.campaigns.borrow_mut().insert(id, facts);
    }

    fn with_campaign<T: Default>(&self, id: CampaignId, work: impl FnOnce(&mut Facts) -> T) -> T {
        let mut all = self.campaigns.borrow_mut();
        all.get_mut(&id).map(work).unwrap_or_default()
    }

    /// Its phones may ring at these hours alone.
    pub fn campaign_keeps(&self, id: CampaignId, hours: Hours) {
        self.with_campaign(id, |facts| facts.hours = Some(hours));
    }

    /// Whether its own hours are open then for a phone that may be there.
    pub(super) fn campaign_is_open(&self, row: &Call, places: &[usize], ms: u64) -> bool {
        let all = self.campaigns.borrow();
        let own = row.request.campaign.as_ref();
        let own = own.and_then(|own| all.get(&own.id)?.hours.as_ref());
        own.is_none_or(|hours| hours.are_open(places, ms))
    }

    /// These are to be on its list; they certainly are, when that was answered.
    pub fn campaign_list(&self, id: CampaignId, references: &[String], certainly: bool) {
        self.with_campaign(id, |facts| {
            facts.offered.extend(references.iter().cloned());
            if certainly {
                facts.added.extend(references.iter().cloned());
            }
        });
    }

    /// It may be started from now on.
    pub fn campaign_starts(&self, id: CampaignId) {
        self.with_campaign(id, |facts| facts.silent_since = None);
    }

    /// A pause or a cancellation was answered.
    pub fn campaign_is_silent(&self, w: &W, id: CampaignId) {
        self.with_campaign(id, |facts| facts.silent_since = Some(w.time()));
    }

    /// How many of its phones rang within this time.
    pub fn campaign_rang(&self, id: CampaignId, from: u64, to: u64) -> usize {
        self.with_campaign(id, |facts| {
            let times = facts.rang.values().map(|(_, _, at)| *at);
            times.filter(|at| from <= *at && *at < to).count()
        })
    }

    /// How many of its calls are not over.
    pub fn campaign_holds(&self, w: &W, id: CampaignId) -> usize {
        let calls = self.calls.borrow();
        self.with_campaign(id, |facts| facts.holds(&calls, w.clock()))
    }

    fn breaks(&self, call: Option<CallId>, what: String) {
        self.fail(call.map(|call| call.address().tag), call, what);
    }

    /// A call's row was written: nothing of a campaign's waits in a trunk, and none is refused there.
    pub(super) fn campaigns_call(&self, w: &W, row: &Call) {
        let Some(own) = &row.request.campaign else {
            return;
        };
        let waits = row.queued_until.is_some() || was_scheduled(row);
        if waits || row.status == CallStatus::RejectedCapacity {
            let what = format!("a campaign's call waits or is refused: {row:?}");
            self.breaks(Some(row.id), what);
        }
        let calls = self.calls.borrow();
        let held = self.with_campaign(own.id, |facts| {
            let is_new = match row.ended_at.is_none() && !row.status.is_terminal() {
                true => facts.live.insert(row.id),
                false => {
                    facts.live.remove(&row.id);
                    false
                }
            };
            let most = facts.max_channels.filter(|_| is_new)?;
            // The row itself is not known yet.
            let held = 1 + facts.holds(&calls, w.clock());
            (held > most as usize).then_some((held, most))
        });
        if let Some((held, most)) = held {
            let what = format!("a campaign holds {held} channels, and {most} at most");
            self.breaks(Some(row.id), what);
        }
    }

    /// A dialer has a call: so many of a campaign's in a second at most.
    pub(super) fn campaign_dials(&self, w: &W, row: &Call, now: Timestamp) {
        let Some(own) = &row.request.campaign else {
            return;
        };
        let broken = self.with_campaign(own.id, |facts| {
            let count = facts.dials.count(w, now);
            let most = facts.max_cps?;
            (count > most as usize).then_some((count, most))
        });
        if let Some((count, most)) = broken {
            let what = format!("{count} dials of a campaign within a second, {most} at most");
            self.breaks(Some(row.id), what);
        }
    }

    /// A dialer is about to have a phone ring.
    pub(super) fn campaign_rings(&self, w: &W, calls: &BTreeMap<CallId, Seen>, row: &Call) {
        let Some(own) = &row.request.campaign else {
            return;
        };
        let mut all = self.campaigns.borrow_mut();
        let Some(facts) = all.get_mut(&own.id) else {
            return self.breaks(Some(row.id), "nobody made its campaign".into());
        };
        if let Some(since) = facts.silent_since.filter(|_| w.faults.clock_is_true()) {
            let what = format!("a phone rings for a campaign that is silent since {since}");
            self.breaks(Some(row.id), what);
        }
        let (whom, number) = (own.reference.clone(), row.request.phone.as_str().to_owned());
        let is_open = |id: &CallId| {
            calls
                .get(id)
                .is_some_and(|seen| !seen.row.status.is_terminal())
        };
        let mut others = facts.rang.iter().filter(|(id, _)| **id != row.id);
        let twice =
            others.find(|(id, (who, at, _))| (*who == whom || *at == number) && is_open(id));
        if let Some((other, _)) = twice {
            let what = format!("a campaign calls {number} for {whom}, and {other} is not over");
            self.breaks(Some(row.id), what);
        }
        facts.rang.insert(row.id, (whom.clone(), number, w.time()));
        let times = facts.rang.values().filter(|(who, ..)| *who == whom).count();
        if times > facts.most {
            let what = format!("{whom} is called {times} times, and {} at most", facts.most);
            self.breaks(Some(row.id), what);
        }
    }

    /// Its object wrote these rows, or none: what it counts is what there is, and who is decided stays that.
    pub fn campaign_wrote(&self, node: &CampaignNode, changed: Vec<Row>) {
        let Some(record) = node.rows.said() else {
            return;
        };
        let mut all = self.campaigns.borrow_mut();
        let Some(facts) = all.get_mut(&node.id) else {
            return;
        };
        for row in changed {
            let before = facts.rows.insert(row.row, row.status);
            if let Some(before) = before {
                *facts.tally.entry(before).or_default() -= 1;
                if is_final(before) && before != row.status {
                    let what = format!("{} was {before:?}, and is {:?}", row.reference, row.status);
                    self.breaks(None, what);
                }
            }
            *facts.tally.entry(row.status).or_default() += 1;
        }
        let mut tally = BTreeMap::new();
        for (status, count) in &facts.tally {
            *tally.entry(is_shown_as(&record, *status)).or_default() += count;
        }
        let (counts, there_are) = (record.campaign.counts, counted(&tally));
        if counts != there_are {
            self.breaks(
                None,
                format!("a campaign counts {counts:?}, and there are {there_are:?}"),
            );
        }
        let left = counts.pending + counts.in_progress + counts.waiting;
        if record.campaign.status == Status::Running && left == 0 {
            self.breaks(None, "all are decided, and the campaign goes on".into());
        }
        let (calls, people) = node.held();
        if calls as u64 > counts.in_progress || people > MOST_IN_MEMORY {
            let what = format!("{calls} calls and {people} people are in memory of {counts:?}");
            self.breaks(None, what);
        }
    }

    /// What a campaign answers of itself and of its people in one moment.
    pub fn campaign_shown(&self, id: CampaignId, shown: &CampaignReply, all: &CampaignReply) {
        let (CampaignReply::Campaign(shown), CampaignReply::Recipients(page)) = (shown, all) else {
            return;
        };
        let (counts, mut tally) = (shown.campaign.counts, BTreeMap::new());
        let calls = self.calls.borrow();
        let broken = self.with_campaign(id, |facts| {
            for one in &page.recipients {
                *tally.entry(one.status).or_default() += 1;
                let known = facts.decided.get(&one.reference);
                if let Some(was) = known.filter(|was| **was != one.status) {
                    let who = &one.reference;
                    return Some(format!("{who} was shown {was:?}, and is {:?}", one.status));
                }
                let lost = one.attempts.iter().filter_map(|attempt| attempt.call);
                let mut lost = lost.filter(|call| !calls.contains_key(call));
                if let Some(call) = lost.next() {
                    return Some(format!("{call} is shown, and there is no such call"));
                }
                if is_final(one.status) {
                    facts.decided.insert(one.reference.clone(), one.status);
                }
            }
            let there_are = counted(&tally);
            if counts != there_are || !adds_up(&counts) {
                return Some(format!("{counts:?} is told, and shown are {there_are:?}"));
            }
            let (least, most) = (facts.added.len() as u64, facts.offered.len() as u64);
            let fits = least <= counts.total && counts.total <= most;
            (!fits).then(|| format!("{} are on a list of {least} to {most}", counts.total))
        });
        if let Some(what) = broken {
            self.breaks(None, what);
        }
    }

    /// Somebody is told that a campaign is over: once, when it is, and what it came to.
    pub(super) fn campaign_is_told(&self, w: &W, id: &str, json: &Value, body: &str) {
        if json["event"] != "campaign.completed" {
            return;
        }
        let campaign = json["campaign_id"].as_str().and_then(|id| id.parse().ok());
        let node = campaign.and_then(|id: CampaignId| w.campaigns.borrow().get(&id).cloned());
        let Some(node) = node else {
            return self.breaks(None, "the end of an unknown campaign is told".into());
        };
        let (first_id, first_body) = self.with_campaign(node.id, |facts| {
            let first = || (id.to_owned(), body.to_owned());
            facts.told.get_or_insert_with(first).clone()
        });
        if first_id != id || first_body != body {
            let what =
                format!("a campaign's end is told as {first_id} {first_body}, and as {id} {body}");
            self.breaks(None, what);
        }
        let Some(campaign) = node.rows.said().map(|record| record.campaign) else {
            return;
        };
        let is_over = matches!(campaign.status, Status::Completed | Status::Canceled);
        let is_all = json["counts"]["in_progress"] == 0
            && json["counts"]["completed"] == campaign.counts.completed
            && json["status"] == json!(campaign.status);
        if !is_over || !is_all {
            self.breaks(None, format!("{json} is told of {campaign:?}"));
        }
    }

    /// All is over: each campaign is, everybody on its list is decided, and by their calls.
    pub fn judge_the_campaigns(&self, w: &W) {
        let nodes: Vec<_> = w.campaigns.borrow().values().cloned().collect();
        for node in nodes {
            let Some((shown, all)) = node.shows(w) else {
                return self.breaks(None, "a campaign does not answer when all is over".into());
            };
            self.campaign_shown(node.id, &shown, &all);
            let (CampaignReply::Campaign(shown), CampaignReply::Recipients(page)) = (shown, all)
            else {
                continue;
            };
            let counts = shown.campaign.counts;
            let left = counts.pending + counts.in_progress + counts.waiting;
            let is_over = matches!(shown.campaign.status, Status::Completed | Status::Canceled);
            if !is_over || left > 0 {
                return self.breaks(None, format!("a campaign is not over: {shown:?}"));
            }
            let calls = self.calls.borrow();
            let mut own: BTreeSet<CallId> = BTreeSet::new();
            for one in &page.recipients {
                let told = one.attempts.iter();
                for attempt in told.filter(|attempt| attempt.call.is_some()) {
                    own.extend(attempt.call);
                    self.judge_the_attempt(&calls, attempt);
                }
                self.judge_the_end_of(node.id, &one.reference, one.status, &one.attempts, &calls);
            }
            let of_this = calls
                .values()
                .filter(|seen| seen.row.is_of_campaign(node.id));
            let lost = of_this.map(|seen| seen.row.id).find(|id| !own.contains(id));
            if let Some(lost) = lost {
                let what = "its campaign knows nothing of it".into();
                return self.breaks(Some(lost), what);
            }
            let untold = self.with_campaign(node.id, |facts| {
                facts.is_told && facts.told.is_none() && counts.total > 0
            });
            if untold {
                return self.breaks(None, format!("the end of {} is told to nobody", node.id));
            }
        }
    }

    fn judge_the_attempt(&self, calls: &BTreeMap<CallId, Seen>, attempt: &Attempt) {
        let seen = attempt.call.and_then(|call| calls.get(&call));
        let is = seen.map(|seen| (seen.row.status, seen.row.failure));
        let told = attempt.status.map(|status| (status, attempt.failure));
        if is.is_none() || is != told {
            let what = format!("a campaign has {told:?} of a call that is {is:?}");
            self.breaks(attempt.call, what);
        }
    }

    /// Somebody was reached whose call was answered, and was called as often as may be who was not.
    fn judge_the_end_of(
        &self,
        id: CampaignId,
        who: &str,
        status: RecipientStatus,
        attempts: &[Attempt],
        calls: &BTreeMap<CallId, Seen>,
    ) {
        let row = |attempt: &Attempt| Some(&calls.get(&attempt.call?)?.row);
        let answered = attempts
            .iter()
            .filter_map(row)
            .any(|row| row.answered_at.is_some());
        if status == RecipientStatus::Completed && !answered {
            return self.breaks(None, format!("{who} was reached by no call: {attempts:?}"));
        }
        let counts = |attempt: &&Attempt| !attempt.given_back && attempt.call.is_some();
        let tried = attempts.iter().filter(counts).count();
        let last = attempts.iter().rfind(|attempt| counts(attempt));
        let code = last
            .and_then(|last| last.failure)
            .map(|failure| failure.code);
        let is_cause = matches!(
            code,
            Some(FailureCode::Busy | FailureCode::Declined | FailureCode::NoAnswer)
        );
        let given_up = self.with_campaign(id, |facts| {
            let goes_on = facts.redials && !facts.has_end && tried < facts.most;
            goes_on && is_cause && status == RecipientStatus::Unreached
        });
        if given_up {
            self.breaks(None, format!("{who} was given up after {tried} attempts"));
        }
    }
}

impl Facts {
    /// How many of its calls hold channels.
    fn holds(&self, calls: &BTreeMap<CallId, Seen>, now: Timestamp) -> usize {
        let goes_on = |id: &&CallId| calls.get(id).is_some_and(|seen| !is_over(&seen.row, now));
        self.live.iter().filter(goes_on).count()
    }
}
