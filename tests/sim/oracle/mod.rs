//! What must always be true, judged from outside: from the rows written, the answers given, the phones that rang and the
//! callbacks that arrived. Nothing here asks the platform's own counters.

mod campaigns;
mod contacts;
mod end;
mod hours;
mod lists;
mod numbers;
mod object;
mod outside;
mod restart;
mod rings;
mod room;
mod scheduled;
mod series;
pub mod usage;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use audatec::app::trunk::{TrunkCommand, TrunkReply};
use audatec::domain::call::{Call, CallStatus, CarrierEvent};
use audatec::domain::ids::{AgentId, CallId, CampaignId, DeliveryId, KeyId, OrgId, TrunkTag};
use audatec::domain::time::{Span, Timestamp};

use crate::trunk_node::TrunkNode;
use crate::world::World;

pub use campaigns::Facts as CampaignFacts;
pub use restart::Restart;

/// An invariant that does not hold.
#[derive(Clone, Debug)]
pub struct Broken {
    pub what: String,
    pub trunk: Option<TrunkTag>,
    pub call: Option<CallId>,
}

/// A request for a call, as the integrator meant it.
#[derive(Clone, Debug)]
pub struct Intent {
    /// With an `Idempotency-Key`.
    pub once: bool,
    pub dry_run: bool,
    /// `on_capacity: queue`.
    pub queue: bool,
    /// Not before the one, and not at the other or later.
    pub window: Option<(Timestamp, Timestamp)>,
    pub redial: Option<Redial>,
    /// Its phone is in this zone, by the request's own word.
    pub zone: Option<usize>,
    /// Calling hours are nothing to it.
    pub ignores_hours: bool,
    calls: BTreeSet<CallId>,
    /// It calls somebody on a campaign's list.
    pub of_campaign: bool,
}

/// When a request wants to be called again: at most so often in all, after these codes, so many seconds later.
#[derive(Clone, Debug)]
pub struct Redial {
    pub most: u32,
    pub on: Vec<&'static str>,
    pub waits: Vec<u64>,
}

impl Intent {
    pub fn new(once: bool, dry_run: bool, queue: bool) -> Self {
        Self {
            once,
            dry_run,
            queue,
            window: None,
            redial: None,
            zone: None,
            ignores_hours: false,
            calls: BTreeSet::new(),
            of_campaign: false,
        }
    }

    /// Somebody on a campaign's list is to be called.
    pub fn for_campaign() -> Self {
        Self {
            of_campaign: true,
            ..Self::new(false, false, false)
        }
    }

    pub fn again(self, redial: Option<Redial>) -> Self {
        Self { redial, ..self }
    }

    pub fn within(self, window: Option<(Timestamp, Timestamp)>) -> Self {
        Self { window, ..self }
    }

    pub fn by_hours(self, zone: Option<usize>, ignores_hours: bool) -> Self {
        Self {
            zone,
            ignores_hours,
            ..self
        }
    }
}

/// What is known of a call.
struct Seen {
    row: Call,
    /// When its row was first written, in the world's time.
    born: u64,
    /// It waited for capacity until then, if it ever did.
    patience: Option<Timestamp>,
    /// By which it is known to who asked for it: rows that change later need not say so.
    nonce: Option<u64>,
    /// When it may be dialed, by its request.
    window: Option<(Timestamp, Timestamp)>,
    redial: Option<Redial>,
    terminal_at: Option<Timestamp>,
    /// The latest state that was shown, and when.
    shown: (u8, Timestamp),
    /// The first status body that said it was terminal.
    final_body: Option<Vec<u8>>,
    claims: u32,
    /// When it was last put off that a dialer had.
    put_back_at: Option<Timestamp>,
    /// When it was claimed: by true time, and by the clock.
    claimed_at: (u64, u64),
    dials: u32,
    handed_out: u32,
    webhook: Option<(String, String)>,
    acknowledged: bool,
    conversation: Conversation,
}

/// What is known of a conversation by those who had it: by the world's clock.
#[derive(Clone, Copy, Default)]
struct Conversation {
    /// Its agent's report may be in.
    reported: bool,
    /// Its agent left a person alone, who did not hang up.
    deserted: bool,
    /// When the phone was hung up, whoever did.
    hung_up: Option<Timestamp>,
    /// Its agent's report was taken then, which said when it was over; and it took so long.
    told: Option<(Timestamp, Span)>,
}

/// How often an agent broke off on a trunk, as the rows tell.
#[derive(Clone, Copy, Default)]
struct BrokenOff {
    in_a_row: u32,
    ever: u32,
    /// When the third in a row was known.
    third_at: Option<Timestamp>,
    /// When that was last so.
    opened_at: Option<Timestamp>,
}

/// A trunk's configuration, as it may be in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub max_cps: u32,
    pub max_channels: u32,
    pub active: bool,
    pub per_day: Option<u32>,
}

#[derive(Default)]
struct TrunkFacts {
    possible: Vec<Limits>,
    /// How many calls were accepted on each day, by the moments of their ids; and how many of them left when there may have
    /// been no limit, which are counted by nobody then.
    days: BTreeMap<u64, (u32, u32)>,
    /// Attempts that follow others and were due once: they count among their day's calls since.
    due: BTreeSet<CallId>,
    /// Acceptances that did not ask to queue, within the last second.
    accepted: Pace,
    /// All that started: those that asked to queue too, and those that left the line.
    started: Vec<Timestamp>,
    dials: Pace,
    /// Phones in rooms.
    rings: Vec<Timestamp>,
    /// Those that were allowed to ring; and direct calls whose phones were told to wait, and until when.
    may_ring: Pace,
    put_off: BTreeMap<CallId, Timestamp>,
    /// What `max_cps` ever was: a ring that was allowed before it was lowered may come after.
    highest_cps: u32,
    /// To which something is still to happen, their callbacks aside.
    open: BTreeSet<CallId>,
    occupied: BTreeSet<CallId>,
    waiting: BTreeSet<CallId>,
    /// Accepted in the step that is being judged.
    fresh: Vec<CallId>,
    /// Taken from the schedule in it, and out of the line at once.
    taken: BTreeSet<CallId>,
    broken_off: BTreeMap<AgentId, BrokenOff>,
}

impl TrunkFacts {
    fn most(&self, of: impl Fn(&Limits) -> u32) -> u32 {
        self.possible.iter().map(of).max().unwrap_or(0)
    }

    /// The least and the most that a day may hold.
    fn per_day(&self) -> (u32, u32) {
        let limits = || {
            self.possible
                .iter()
                .map(|limits| limits.per_day.unwrap_or(u32::MAX))
        };
        (
            limits().min().unwrap_or(0),
            limits().max().unwrap_or(u32::MAX),
        )
    }

    fn may_be_active(&self) -> bool {
        self.possible.iter().any(|limits| limits.active)
    }
}

/// Moments of the last second: by true time, and by the clock, which may jump either way.
#[derive(Default)]
pub(crate) struct Pace(Vec<(u64, Timestamp)>);

impl Pace {
    /// One more; how many there are that lie within a second by either.
    fn count(&mut self, w: &World, now: Timestamp) -> usize {
        self.0.push((w.time(), now));
        self.0
            .retain(|(time, clock)| *time + 1_000 > w.time() && *clock + Span(1_000) > now);
        self.0.len()
    }
}

/// How many of these times lie within the second that ends now.
fn within_a_second(times: &mut Vec<Timestamp>, now: Timestamp) -> usize {
    times.retain(|at| *at + Span(1_000) > now);
    times.len()
}

#[derive(Default)]
pub struct Oracle {
    broken: RefCell<Option<Broken>>,
    calls: RefCell<BTreeMap<CallId, Seen>>,
    trunks: RefCell<BTreeMap<TrunkTag, TrunkFacts>>,
    intents: RefCell<BTreeMap<u64, Intent>>,
    /// Keys whose revocation was answered.
    revoked: RefCell<BTreeSet<KeyId>>,
    /// Whether an agent may be active.
    agents: RefCell<BTreeMap<AgentId, Vec<bool>>>,
    /// Those that were ever asked to rest.
    rested: RefCell<BTreeSet<AgentId>>,
    secrets: RefCell<BTreeMap<OrgId, Vec<String>>>,
    /// Numbers that may be suppressed; and since when, by true time, if that is certain.
    numbers: RefCell<BTreeMap<(OrgId, String), Option<u64>>>,
    /// Contact limits that certainly hold, of all calls and of agents' own, and since when by true time.
    contact_limits: RefCell<BTreeMap<contacts::Whose, (u64, Vec<crate::limiter::Limit>)>>,
    rings: RefCell<Vec<contacts::Ring>>,
    /// Calling hours that may be in force, the one that was asked for last at the end.
    hours: RefCell<BTreeMap<hours::Whose, Vec<hours::Possible>>>,
    rotations: RefCell<BTreeMap<OrgId, Rotations>>,
    campaigns: RefCell<BTreeMap<CampaignId, campaigns::Facts>>,
    /// Calls that left a store in which there was no room.
    left: RefCell<BTreeSet<CallId>>,
    /// Trunks whose deletion was answered, and by when.
    deleted: RefCell<BTreeMap<TrunkTag, Timestamp>>,
}

/// What an organisation's operator knows of its webhook secrets.
#[derive(Default)]
pub struct Rotations {
    /// Those that were answered, oldest first.
    answered: Vec<Rotation>,
    /// One is under way.
    is_pending: bool,
    /// An answer did not come: nothing is certain any more.
    is_blurred: bool,
}

pub struct Rotation {
    /// The secret that was replaced.
    pub old: String,
    pub new: String,
    pub asked: Timestamp,
    pub answered: Timestamp,
    pub overlap: Span,
}

/// What an object was asked, as far as it matters for its answer.
pub enum Asked {
    Admit { waiting: usize },
    Claim,
    Ring(CallId),
    Live,
    Begin(DeliveryId, u32),
    Other,
}

pub fn rank(status: CallStatus) -> u8 {
    match status {
        CallStatus::Initiating => 0,
        CallStatus::Ringing => 1,
        CallStatus::Answered => 2,
        _ => 3,
    }
}

/// Whether a row alone says that the call is over by now.
fn is_over(call: &Call, now: Timestamp) -> bool {
    let ends =
        |event: &CarrierEvent| matches!(event, CarrierEvent::HungUp(_) | CarrierEvent::Failed(_));
    call.ended_at.is_some()
        || call
            .plan
            .iter()
            .any(|timed| timed.at <= now && ends(&timed.event))
}

impl Oracle {
    pub fn is_broken(&self) -> bool {
        self.broken.borrow().is_some()
    }

    pub fn verdict(&self) -> Option<Broken> {
        self.broken.borrow().clone()
    }

    /// The first thing that breaks is the one that counts.
    pub fn fail(&self, trunk: Option<TrunkTag>, call: Option<CallId>, what: String) {
        self.broken
            .borrow_mut()
            .get_or_insert(Broken { what, trunk, call });
    }

    fn check(
        &self,
        holds: bool,
        trunk: TrunkTag,
        call: Option<CallId>,
        what: impl FnOnce() -> String,
    ) {
        if !holds {
            self.fail(Some(trunk), call, what());
        }
    }

    /// A command by its name, for the trace.
    pub fn name(&self, command: &TrunkCommand) -> String {
        shorten(&format!("{command:?}"))
    }

    /// What must be known of the time before a command.
    pub fn before(&self, node: &TrunkNode, command: &TrunkCommand) -> Asked {
        match command {
            TrunkCommand::Admit(_) | TrunkCommand::Schedule(_) => {
                let trunks = self.trunks.borrow();
                let waiting = trunks.get(&node.tag).map_or(0, |facts| facts.waiting.len());
                Asked::Admit {
                    waiting: waiting - node.promoted.borrow().len().min(waiting),
                }
            }
            TrunkCommand::Claim(_) => Asked::Claim,
            TrunkCommand::Ring(call) => Asked::Ring(*call),
            TrunkCommand::LiveFrom(..) => Asked::Live,
            TrunkCommand::Begin {
                delivery, attempt, ..
            } => Asked::Begin(*delivery, *attempt),
            _ => Asked::Other,
        }
    }

    /// The calls of this trunk that hold a channel.
    fn holders(&self, facts: &TrunkFacts, node: &TrunkNode, now: Timestamp) -> BTreeSet<CallId> {
        let calls = self.calls.borrow();
        let holds = |id: &&CallId| calls.get(id).is_some_and(|seen| !is_over(&seen.row, now));
        let mut holders: BTreeSet<CallId> = facts.occupied.iter().filter(holds).copied().collect();
        holders.extend(
            node.promoted
                .borrow()
                .iter()
                .filter(|id| facts.waiting.contains(id)),
        );
        holders
    }

    /// Whether a call left its trunk's rows.
    pub fn has_left(&self, call: CallId) -> bool {
        self.left.borrow().contains(&call)
    }

    pub fn promised_calls(&self) -> usize {
        self.calls.borrow().len()
    }

    fn with_trunk<T>(&self, tag: TrunkTag, work: impl FnOnce(&mut TrunkFacts) -> T) -> T {
        work(self.trunks.borrow_mut().entry(tag).or_default())
    }
}

/// A reply by its name.
pub fn brief(reply: &TrunkReply) -> String {
    shorten(&format!("{reply:?}"))
}

/// The beginning of a long text.
pub fn shorten(text: &str) -> String {
    text.chars().take(260).collect()
}

impl World {
    pub fn faults_are_on(&self) -> bool {
        self.is_open.get()
    }
}
