//! When phones may ring, as those know who set it: compared with when they did ring, and with what was answered.

use audatec::app::iso8601;
use audatec::domain::call::{Call, FailureCode, LONGEST_UNASKED, ScheduleReason};
use audatec::domain::ids::{AgentId, CallId, OrgId};
use audatec::domain::time::Timestamp;
use serde_json::Value;

use super::scheduled::stands;
use super::{Intent, Oracle};
use crate::hours::{Hours, minutes, places_of};
use crate::world::W;

/// Whoever was allowed to ring a phone by hours that were replaced has done so by then, in milliseconds.
const STILL_RINGS: u64 = 2_000;

/// Hours that may be in force.
pub struct Possible {
    hours: Option<Hours>,
    /// They certainly were since then, by true time, if nothing else is possible.
    since: Option<u64>,
    /// They were replaced, and hold for nobody any more from then on.
    until: Option<u64>,
}

/// Whose they are: an agent's, or all of an organisation.
pub type Whose = (OrgId, Option<AgentId>);

impl Oracle {
    /// Somebody asks for others: which hold nobody knows.
    pub fn hours_change(&self, org: OrgId, agent: Option<AgentId>, hours: Option<&Hours>) {
        let mut all = self.hours.borrow_mut();
        let possible = all.entry((org, agent)).or_insert_with(|| vec![nothing()]);
        possible.push(Possible {
            hours: hours.cloned(),
            since: None,
            until: None,
        });
    }

    /// What was asked for last holds from now on.
    pub fn hours_hold(&self, w: &W, org: OrgId, agent: Option<AgentId>) {
        let mut all = self.hours.borrow_mut();
        let possible = all.entry((org, agent)).or_default();
        let now = w.time();
        possible.retain(|one| one.until.is_none_or(|until| until > now));
        if let Some((last, others)) = possible.split_last_mut() {
            for other in others {
                other.until.get_or_insert(now + STILL_RINGS);
            }
            last.since = Some(now);
        }
    }

    /// All that may apply to a call at this true time: the organisation's and the agent's, each way.
    fn possible(&self, org: OrgId, agent: AgentId, since: u64) -> Vec<Vec<Hours>> {
        let all = self.hours.borrow();
        let of = |whose: Whose| match all.get(&whose) {
            Some(possible) => {
                let alive = possible
                    .iter()
                    .filter(|one| one.until.is_none_or(|until| until > since));
                alive.map(|one| one.hours.clone()).collect()
            }
            None => vec![None],
        };
        let (orgs, own): (Vec<_>, Vec<_>) = (of((org, None)), of((org, Some(agent))));
        let both = |org: &Option<Hours>| {
            let org = org.clone();
            own.iter()
                .map(move |own| org.iter().chain(own).cloned().collect())
                .collect::<Vec<Vec<Hours>>>()
        };
        orgs.iter().flat_map(both).collect()
    }

    /// What certainly applied to a call since then, by true time, if that is known.
    fn certain(&self, org: OrgId, agent: AgentId, since: u64) -> Option<Vec<Hours>> {
        let all = self.hours.borrow();
        let is_known = |whose: Whose| {
            all.get(&whose).is_none_or(|possible| {
                let mut alive = possible
                    .iter()
                    .filter(|one| one.until.is_none_or(|until| until > since));
                let first = alive.next();
                let known = first.and_then(|first| first.since);
                alive.next().is_none() && known.is_some_and(|known| known < since)
            })
        };
        let known = is_known((org, None)) && is_known((org, Some(agent)));
        let mut possible = self.possible(org, agent, since);
        possible.pop().filter(|_| known)
    }

    /// A dialer is about to have a phone ring.
    pub fn rings_in_hours(&self, w: &W, row: &Call, nonce: Option<u64>) {
        if !w.faults.clock_is_true() || !w.keeps_hours {
            return;
        }
        let intents = self.intents.borrow();
        let Some(intent) = nonce.and_then(|nonce| intents.get(&nonce)) else {
            return;
        };
        if intent.ignores_hours {
            return;
        }
        let (org, agent, now) = (row.request.org, row.request.agent.id, w.clock().0);
        let places = intent.places(row.request.phone.as_str());
        let possible = self.possible(org, agent, w.time());
        let may = possible.iter().any(|hours| is_open(hours, &places, now))
            && self.campaign_is_open(row, &places, now);
        self.check(may, row.id.address().tag, Some(row.id), || {
            format!("a phone is rung at {now} outside its hours, which are one of {possible:?}, in {places:?}")
        });
    }

    /// What was answered to a request that was asked for then, by true time and by the clock: a call that waits does so until the
    /// next opening, and one that is refused comes while it is closed, and hears when that is.
    pub fn answered_by_hours(
        &self,
        w: &W,
        org: OrgId,
        body: &Value,
        asked: (u64, u64),
        heard: &Value,
    ) {
        let is_judged = w.keeps_hours && w.faults.clock_is_true() && !w.limits_contacts;
        let intents = self.intents.borrow();
        let nonce = body["metadata"]["nonce"].as_u64().unwrap_or_default();
        let (Some(intent), true) = (intents.get(&nonce), is_judged) else {
            return;
        };
        let agent = body["agent_id"].as_str().and_then(|id| id.parse().ok());
        let Some(hours) = agent.and_then(|agent| self.certain(org, agent, asked.0)) else {
            return;
        };
        let places = intent.places(body["phone_number"].as_str().unwrap_or_default());
        let moment = |value: &Value| iso8601::parse(value.as_str()?).map(|at| at.0);
        let not_before = moment(&body["not_before"]).filter(|at| *at > w.clock().0);
        // When it was decided: between the two, or at the moment that was wished for.
        let (from, to) = match not_before {
            Some(at) => (at, at),
            None => (asked.1, w.clock().0),
        };
        let open = |at: u64| intent.ignores_hours || is_open(&hours, &places, at);
        let opens_at = match (heard["status"].as_str(), heard["error"].as_str()) {
            (Some("scheduled"), _) => moment(&heard["scheduled_for"]),
            (_, Some("Outside calling hours")) => {
                let was_closed = minutes(from, to + 1).chain([to]).any(|at| !open(at));
                if !was_closed {
                    return self.fail(
                        None,
                        None,
                        format!(
                            "refused as outside calling hours, which are open: {hours:?}, {body}"
                        ),
                    );
                }
                match moment(&heard["opens_at"]) {
                    Some(opens_at) => Some(opens_at),
                    None => return,
                }
            }
            _ => return,
        };
        let Some(opens_at) = opens_at else { return };
        let is_first = minutes(to, opens_at).skip(1).all(|at| !open(at));
        if !open(opens_at) || !is_first {
            let what =
                format!("{heard} is answered at {to} to {body}, and opens otherwise: {hours:?}");
            self.fail(None, None, what);
        }
    }

    /// A call ended because it was too late for it: then it was.
    pub fn missed_its_hours(&self, w: &W, row: &Call, nonce: Option<u64>, now: Timestamp) {
        let missed = row
            .failure
            .is_some_and(|failure| failure.code == FailureCode::WindowClosed);
        let is_judged = w.keeps_hours && w.faults.clock_is_true() && !w.limits_contacts;
        // A campaign has its call back.
        if row.request.campaign.is_some() {
            return;
        }
        if !missed || !is_judged || row.wait_ends().is_some_and(|ends| ends <= now) {
            return;
        }
        let unasked = row.created_at() + LONGEST_UNASKED;
        let own = row.schedule.filter(|own| !own.unasked);
        let until = own.map_or(unasked, |own| own.window.not_after);
        let intents = self.intents.borrow();
        let Some(intent) = nonce.and_then(|nonce| intents.get(&nonce)) else {
            return;
        };
        let places = intent.places(row.request.phone.as_str());
        let possible = self.possible(row.request.org, row.request.agent.id, w.time());
        // Nobody rings a phone in the last two seconds before it closes.
        let goes = |hours: &Vec<Hours>| {
            let mut later = minutes(now.0, until.0).skip(1);
            later.any(|at| is_open(hours, &places, at))
        };
        let told = |hours: &Vec<Hours>| hours.iter().all(|one| one.know_the_time(&places, now.0));
        let is_true = now >= until || !possible.iter().all(|hours| told(hours) && goes(hours));
        self.check(is_true, row.id.address().tag, Some(row.id), || {
            format!(
                "it ended at {} as too late, and it opens before {}: {possible:?} {row:?}",
                now.0, until.0
            )
        });
    }
}

impl Intent {
    /// Where its phone may be.
    fn places(&self, number: &str) -> Vec<usize> {
        self.zone
            .map_or_else(|| places_of(number).to_vec(), |zone| vec![zone])
    }
}

/// Whether all of these are open.
fn is_open(hours: &[Hours], places: &[usize], ms: u64) -> bool {
    hours.iter().all(|one| one.are_open(places, ms))
}

const fn nothing() -> Possible {
    Possible {
        hours: None,
        since: Some(0),
        until: None,
    }
}

/// A call that a dialer had is put off, before its phone rang: nobody has dialed it. It ends, where it is too late for that, or
/// nobody is left who wants it.
pub fn is_put_back(was: &Call, row: &Call) -> bool {
    let slot = row.slot();
    let is_closed = slot.is_some_and(|slot| slot.reason == ScheduleReason::CallingHours);
    let code = row.failure.map(|failure| failure.code);
    let ended = matches!(
        code,
        Some(FailureCode::WindowClosed | FailureCode::Canceled)
    );
    was.dialed_at.is_some() && row.dialed_at.is_none() && (stands(row) && is_closed || ended)
}

impl Oracle {
    /// It was put back: whoever claims it next is the first.
    pub fn put_back(&self, w: &W, id: CallId, now: Timestamp) {
        w.livekit.begins_anew(id);
        if let Some(seen) = self.calls.borrow_mut().get_mut(&id) {
            self.check(seen.dials == 0, id.address().tag, Some(id), || {
                "a call is put off whose phone rang".into()
            });
            seen.claims = seen.claims.saturating_sub(1);
            seen.put_back_at = Some(now);
        }
    }
}
