//! Those who have lists of people called: they create campaigns, add to them, pause, start and cancel them, and watch.

use std::rc::Rc;

use audatec::app::campaign::{CampaignRefusal, CampaignReply, Shown, ask, command};
use audatec::app::ports::Unavailable;
use audatec::domain::call::CallAgent;
use audatec::domain::calling_hours::ZoneName;
use audatec::domain::campaign::{Campaign, Counts, NewRecipient, Plan, Status};
use audatec::domain::ids::{AgentId, CampaignId};
use audatec::domain::phone::E164;
use audatec::domain::redial::{Cause, Redial};
use audatec::domain::sandbox::TEST_NUMBERS;
use audatec::domain::time::Span;
use serde_json::json;

use crate::campaign_node::{self, CampaignNode};
use crate::clients::{Key, Line, Org};
use crate::executor::Owner;
use crate::oracle::{CampaignFacts, Intent, Limits};
use crate::ports::{Edge, pause};
use crate::world::W;
use crate::{hours, officer, operator, receivers};

/// How long a request may linger whose answer was lost.
const LINGERS_MS: u64 = 20_000;
/// By then all that others asked for has come, or never will.
const SETTLED_MS: u64 = 60_000;
/// So often it is looked whether a campaign is over that nothing holds.
const MOST_LOOKS: u32 = 600;

/// A campaign, as its owner knows it.
pub struct Caller {
    pub id: CampaignId,
    pub org: Rc<Org>,
    line: Rc<Line>,
    agent: AgentId,
    starts: std::cell::Cell<u64>,
}

/// What somebody hears of a command.
type Heard = Result<Result<Shown, CampaignRefusal>, Unavailable>;

/// One of the world's campaigns.
pub fn one(w: &W) -> Option<Rc<CampaignNode>> {
    let all: Vec<_> = w.campaigns.borrow().values().cloned().collect();
    w.people.pick(&all).cloned()
}

/// One to three campaigns, while the world is open; then they come to an end.
pub fn work(w: &W, orgs: &[Rc<Org>], length: u64) {
    for _ in 0..w.people.between(1, 3) {
        let Some(org) = w.people.pick(orgs).cloned() else {
            return;
        };
        let world = Rc::clone(w);
        w.tasks.spawn(Owner::Client, async move {
            pause(&world, world.people.between(1, length / 6)).await;
            live(&world, org, (length / 10).clamp(300, 30_000)).await;
        });
    }
}

fn draw(w: &W, agent: AgentId, line: &Line) -> Plan {
    let one = |of: &[u32]| w.people.pick(of).copied().unwrap_or_default();
    let share = |most| w.people.hits(400).then(|| w.people.between(1, most) as u32);
    let url = |per_mille, names: &[&str]| {
        let name = w.people.pick(names).copied().unwrap_or("good");
        let nonce = w.people.next() % 1_000_000_000;
        let is_wanted = w.people.hits(per_mille);
        is_wanted.then(|| receivers::url(w, name, nonce))
    };
    let redial = w.people.hits(500).then(|| Redial {
        max_attempts: one(&[2, 2, 3]),
        on: Cause::ALL.into_iter().map(|(_, cause)| cause).collect(),
        wait_seconds: vec![one(&[1, 3, 20]), one(&[1, 10, 60])],
    });
    let end = Span(u64::from(one(&[20_000, 200_000, 2_000_000])));
    Plan {
        name: "Reminders".into(),
        agent,
        trunk: line.id,
        callback_url: url(400, &receivers::NAMES),
        completion_url: url(600, &["good", "good", "flaky", "gone", "hangs"]),
        not_before: w.people.hits(100).then(|| w.clock() + Span(4_000)),
        not_after: w.people.hits(200).then(|| w.clock() + end),
        hours: None,
        redial,
        max_channels: share(4),
        max_cps: share(4),
    }
}

fn number(w: &W, nth: usize) -> String {
    let sandbox = || {
        w.people
            .pick(&TEST_NUMBERS)
            .map_or("+15005550000", |row| row.number)
    };
    match (w.keeps_hours, w.limits_contacts) {
        (_, true) => sandbox().into(),
        (true, false) if w.people.hits(300) => hours::elsewhere(w).into(),
        (true, false) => sandbox().into(),
        _ if w.people.hits(250) => sandbox().into(),
        _ => own_number(nth),
    }
}

/// A number that nobody else has, at which somebody picks up.
fn own_number(nth: usize) -> String {
    format!("+1415555{nth:04}")
}

/// So many people, each with a number of their own, who pick up.
pub fn everybody(w: &W, many: usize) -> Vec<NewRecipient> {
    (0..many)
        .map(|nth| person(w, nth, own_number(nth)))
        .collect()
}

/// So many more people.
fn people(w: &W, from: usize, many: usize) -> Vec<NewRecipient> {
    (from..from + many)
        .map(|nth| person(w, nth, number(w, nth)))
        .collect()
}

fn person(w: &W, nth: usize, number: String) -> NewRecipient {
    let nonce = w.nonces.get() + 1;
    w.nonces.set(nonce);
    let zone = (w.keeps_hours && w.people.hits(300)).then(|| hours::zone(w));
    let intent = Intent::for_campaign().by_hours(zone, false);
    w.oracle.intends(nonce, intent);
    let metadata = json!({"customer_name": "Rahul Sharma", "nonce": nonce});
    NewRecipient {
        reference: format!("customer-{nth}"),
        phone: E164::parse(&number).expect("a number"),
        time_zone: zone.and_then(|zone| ZoneName::parse(hours::name(zone))),
        metadata: Some(metadata.to_string()),
    }
}

/// A campaign that nobody started yet; `None` when nobody answers.
pub async fn draft(w: &W, org: &Rc<Org>, line: Rc<Line>, plan: Plan) -> Option<Caller> {
    let id = CampaignId::from_entropy(w.people.entropy()[..16].try_into().expect("16 bytes"));
    let listens = |url: &str| url.contains("good.");
    w.oracle.campaign(
        id,
        CampaignFacts {
            most: plan
                .redial
                .as_ref()
                .map_or(1, |redial| redial.max_attempts as usize),
            redials: plan.redial.is_some(),
            max_channels: plan.max_channels,
            max_cps: plan.max_cps,
            has_end: plan.not_after.is_some(),
            is_told: plan.completion_url.as_deref().is_some_and(listens),
            ..CampaignFacts::default()
        },
    );
    let agent = plan.agent;
    let campaign = Campaign {
        id,
        org: org.id,
        plan,
        status: Status::Draft,
        counts: Counts::default(),
        started_by: None,
        created_at: w.clock(),
        started_at: None,
        ended_at: None,
    };
    let edge = Edge::new(w, 0);
    for _ in 0..10 {
        let create = command::Create(Box::new(campaign.clone()));
        if let Ok(Ok(_)) = ask(&edge, org.id, id, create).await {
            return Some(Caller {
                id,
                org: Rc::clone(org),
                line,
                agent,
                starts: std::cell::Cell::default(),
            });
        }
        pause(w, 1_000).await;
    }
    None
}

impl Caller {
    fn node(&self, w: &W) -> Rc<CampaignNode> {
        campaign_node::of(w, self.id)
    }

    /// These are added; again, if nobody answers.
    pub async fn add(&self, w: &W, people: Vec<NewRecipient>) {
        let references: Vec<String> = people.iter().map(|one| one.reference.clone()).collect();
        let edge = Edge::new(w, 0);
        for _ in 0..4 {
            self.add_once(w, &edge, &people, &references).await;
            if w.people.hits(700) {
                return;
            }
        }
    }

    async fn add_once(&self, w: &W, edge: &Edge, people: &[NewRecipient], references: &[String]) {
        w.oracle.campaign_list(self.id, references, false);
        let add = command::Add(people.to_vec());
        if let Ok(Ok(_)) = ask(edge, self.org.id, self.id, add).await {
            w.oracle.campaign_list(self.id, references, true);
        }
    }

    pub async fn start(&self, w: &W, key: &Key) -> Heard {
        w.oracle.campaign_starts(self.id);
        self.starts.set(self.starts.get() + 1);
        let agent = CallAgent {
            id: self.agent,
            code: "agent-v1".into(),
            fields: vec!["customer_name".into()],
        };
        let start = command::Start {
            key: key.id,
            agent: Box::new(agent),
            mark: self.starts.get(),
        };
        let heard = ask(&Edge::new(w, 0), self.org.id, self.id, start).await;
        if heard.is_err() {
            pause(w, LINGERS_MS).await;
        }
        heard
    }

    async fn pause(&self, w: &W) {
        let heard = ask(&Edge::new(w, 0), self.org.id, self.id, command::Pause).await;
        match heard {
            Ok(Ok(_)) => w.oracle.campaign_is_silent(w, self.id),
            Ok(Err(_)) => {}
            Err(_) => pause(w, LINGERS_MS).await,
        }
    }

    pub async fn cancel(&self, w: &W) -> Heard {
        let hang_up = w.people.hits(500);
        let cancel = command::Cancel { hang_up };
        let heard = ask(&Edge::new(w, 0), self.org.id, self.id, cancel).await;
        if let Ok(Ok(_)) = heard {
            w.oracle.campaign_is_silent(w, self.id);
            // Before whoever follows the feed was told of it.
            if !w.faults.words_come() && w.people.hits(300) {
                self.node(w).die(w);
            }
        }
        heard
    }

    /// What it says of itself and of its people; and some of its calls are looked at as others are.
    fn look(&self, w: &W) {
        if let Some((shown, all)) = self.node(w).shows(w) {
            w.oracle.campaign_shown(self.id, &shown, &all);
            if let CampaignReply::Recipients(page) = all {
                let attempts = page.recipients.iter().flat_map(|one| one.attempts.last());
                // One that is handed over only now may be none.
                let calls = attempts.filter_map(|attempt| attempt.call);
                let calls: Vec<_> = calls.filter(|call| w.oracle.is_there(*call)).collect();
                self.org.calls.borrow_mut().extend(w.people.pick(&calls));
            }
        }
    }

    pub async fn get(&self, w: &W) -> Heard {
        ask(&Edge::new(w, 0), self.org.id, self.id, command::Get).await
    }

    /// It comes to an end by itself, when nothing holds it.
    async fn completes(&self, w: &W) {
        let limits = Limits {
            max_cps: 4,
            max_channels: 4,
            active: true,
            per_day: None,
        };
        operator::set_agent(w, &self.org, self.agent, true).await;
        if !operator::set_limits(w, &self.org, &self.line, limits).await {
            return self.is_called_off(w).await;
        }
        operator::create_key(w, &self.org).await;
        let Some(key) = self.org.keys.borrow().last().cloned() else {
            return;
        };
        let mut rest = 5_000;
        for _ in 0..MOST_LOOKS {
            self.look(w);
            let status = match self.get(w).await {
                Ok(Ok(shown)) => shown.campaign.status,
                _ => Status::Running,
            };
            match status {
                Status::Completed | Status::Canceled => return,
                Status::Draft | Status::Paused => {
                    if let Ok(Err(CampaignRefusal::NoRecipients)) = self.start(w, &key).await {
                        return self.is_called_off(w).await;
                    }
                }
                Status::Running => {}
            }
            pause(w, rest).await;
            rest = (rest * 5 / 4).min(600_000);
        }
        let shown = self.get(w).await;
        let what = format!("a campaign that nothing holds is never over: {shown:?}");
        w.oracle.fail(Some(self.line.id.tag()), None, what);
    }

    async fn is_called_off(&self, w: &W) {
        for _ in 0..30 {
            match self.cancel(w).await {
                Ok(Ok(_) | Err(CampaignRefusal::Is(Status::Completed | Status::Canceled))) => {
                    return;
                }
                _ => pause(w, 3_000).await,
            }
        }
        let what = format!("campaign {} can't be called off", self.id);
        w.oracle.fail(Some(self.line.id.tag()), None, what);
    }
}

async fn live(w: &W, org: Rc<Org>, every: u64) {
    let line = w.people.pick(&org.lines.borrow()).cloned();
    let agent = w.people.pick(&org.agents.borrow()).copied();
    let (Some(line), Some(agent)) = (line, agent) else {
        return;
    };
    let mut plan = draw(w, agent, &line);
    let own = match w.keeps_hours && w.people.hits(600) {
        true => hours::own(w),
        false => None,
    };
    plan.hours = own.as_ref().map(|(told, _)| told.clone());
    let Some(caller) = draft(w, &org, line, plan).await else {
        return;
    };
    if let Some((_, hours)) = own {
        w.oracle.campaign_keeps(caller.id, hours);
    }
    let few = w.keeps_hours || w.limits_contacts;
    let most: &[u64] = if few {
        &[3, 8]
    } else {
        &[3, 10, 30, 30, 60, 500]
    };
    let many = w.people.pick(most).copied().unwrap_or(3);
    let many = w.people.between(1, many) as usize;
    let first = people(w, 0, many);
    caller.add(w, first.clone()).await;
    let mut next = many;
    while w.is_open.get() {
        match w.people.below(20) {
            0..=8 => starts(w, &caller).await,
            9..=11 => caller.pause(w).await,
            12 => {
                caller.add(w, first.clone()).await;
            }
            13 if next < 600 => {
                let more = people(w, next, 3);
                next += 3;
                caller.add(w, more).await;
            }
            14 if w.people.hits(300) => drop(caller.cancel(w).await),
            15 if !few => {
                let nth = w.people.below(many as u64) as usize;
                officer::spares(w, &caller.org, own_number(nth));
            }
            _ => caller.look(w),
        }
        pause(w, w.people.between(1, every * 2)).await;
    }
    pause(w, SETTLED_MS).await;
    caller.look(w);
    let goes_on = !few && !caller.line.leaving.get() && w.people.hits(700);
    match goes_on {
        true => caller.completes(w).await,
        false => caller.is_called_off(w).await,
    }
}

async fn starts(w: &W, caller: &Caller) {
    let key = w.people.pick(&caller.org.keys.borrow()).cloned();
    if let Some(key) = key.filter(|key| !w.oracle.is_revoked(key.id)) {
        let _ = caller.start(w, &key).await;
    }
}
