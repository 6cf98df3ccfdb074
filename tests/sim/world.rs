//! The world: virtual time, the events to come, and everybody in it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::rc::Rc;

use audatec::app::ports::Secrets;
use audatec::domain::contacts::Shard;
use audatec::domain::ids::{CampaignId, OrgId, TrunkTag};
use audatec::domain::settings::Settings;
use audatec::domain::time::Timestamp;

use crate::campaign_node::CampaignNode;
use crate::clients::Org;
use crate::contacts::Numbers;
use crate::copies::Copies;
use crate::directory_node::Office;
use crate::executor::Tasks;
use crate::faults::{Faults, Kind, settings};
use crate::hours;
use crate::livekit::LiveKit;
use crate::oracle::Oracle;
use crate::queue::Queues;
use crate::receivers::Receivers;
use crate::rng::Rng;
use crate::scale::Work;
use crate::trunk_node::TrunkNode;

/// When every world begins.
pub const START: u64 = 1_800_000_000_000;
/// By which it is drawn whether a world has campaigns; none of those in which something else was found has.
const CAMPAIGNS: u64 = 0x115e2;
/// Nothing is on its way for so long.
const LEAP_MS: u64 = 600_000;
/// Lines of the trace that are kept.
const TRACE: usize = 20_000;

pub type W = Rc<World>;
type Happening = Box<dyn FnOnce(&W)>;

struct Event {
    at: u64,
    seq: u64,
    what: Happening,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Event {}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Event {
    /// The earliest is the greatest, as a heap wants it.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.seq).cmp(&(self.at, self.seq))
    }
}

/// What happened, and with which trunk.
type Trace = VecDeque<(Option<TrunkTag>, String)>;

pub struct World {
    pub rng: Rng,
    /// For what came later: worlds of before stay as they were.
    pub aside: Rng,
    /// A chance of its own, of what came later: worlds of before stay as they were.
    pub chance: Rng,
    /// Whether calls are asked for that are dialed later.
    pub schedules: bool,
    /// For calling hours alone.
    pub clocks: Rng,
    /// Whether organisations and agents have calling hours.
    pub keeps_hours: bool,
    /// Whether organisations limit how often numbers are called.
    pub limits_contacts: bool,
    /// For campaigns alone.
    pub people: Rng,
    /// Whether lists of people are called.
    pub has_campaigns: bool,
    /// For erasures alone.
    pub eraser: Rng,
    /// For deletions of organisations alone.
    pub deleter: Rng,
    /// Whether an organisation is deleted in the end.
    pub deletes: bool,
    /// Organisations whose deletion was answered, and since when.
    pub deleted_orgs: RefCell<BTreeMap<OrgId, u64>>,
    /// Whether numbers are erased when all else is over.
    pub erases: bool,
    /// Whether they are by now.
    pub is_erasing: Cell<bool>,
    /// Whether it lives on for a day when all is at rest.
    pub lives_on: bool,
    pub settings: Settings,
    pub secrets: Secrets,
    pub faults: Faults,
    pub tasks: Tasks,
    pub trunks: RefCell<BTreeMap<TrunkTag, Rc<TrunkNode>>>,
    pub offices: RefCell<BTreeMap<OrgId, Rc<Office>>>,
    pub campaigns: RefCell<BTreeMap<CampaignId, Rc<CampaignNode>>>,
    /// The objects that know of numbers.
    pub numbers: RefCell<BTreeMap<(OrgId, Shard), Rc<Numbers>>>,
    pub copies: Copies,
    pub queues: Queues,
    pub livekit: LiveKit,
    pub receivers: Receivers,
    pub oracle: Oracle,
    pub orgs: RefCell<Vec<Rc<Org>>>,
    pub nonces: Cell<u64>,
    pub work: Work,
    pub steps: Cell<u64>,
    /// Whether integrators still ask for calls, and the cron still pokes.
    pub is_open: Cell<bool>,
    /// The latest time any clock of this world showed.
    pub high: Cell<Timestamp>,
    /// Whether clocks jumped.
    pub has_jumped: Cell<bool>,
    /// Whether they leapt over more time than any request is on its way.
    pub has_leapt: Cell<bool>,
    time: Cell<u64>,
    offset: Cell<i64>,
    /// The true time since which the clocks have gone as it does.
    steady_since: Cell<u64>,
    events: RefCell<BinaryHeap<Event>>,
    seq: Cell<u64>,
    trace: Option<RefCell<Trace>>,
}

impl World {
    pub fn new(seed: u64, traced: bool) -> W {
        let rng = Rng::new(seed);
        let (mut settings, faults) = (settings(&rng), Faults::draw(&rng));
        // By a chance of its own: worlds of before stay as they were.
        let few = Rng::new(seed ^ 0x5eed).pick(&[1, 2, 3, 50]).copied();
        settings.asked_together = few.unwrap_or(settings.asked_together);
        // A callback's message leaves its body out where its queue holds less.
        let most = Rng::new(seed ^ 0x1e77e4).pick(&[400, 100_000]).copied();
        settings.message_max = most.unwrap_or(settings.message_max);
        // Short permits hold as far as clocks can be trusted.
        let kept = Rng::new(seed ^ 0x5407).pick(&[0, 1, 250]).copied();
        if faults.clock_is_true() {
            settings.kept_permits = kept.unwrap_or(settings.kept_permits);
        }
        let aside = Rng::new(seed ^ 0xda7e);
        // Some worlds live through a midnight: the first is 16 hours after their beginning.
        let begins_later = match aside.hits(300) {
            true => 16 * 3_600_000 - aside.between(0, 120_000),
            false => 0,
        };
        let clocks = Rng::new(seed ^ 0x0c10c);
        let keeps_hours = clocks.hits(350);
        let begins_later = match keeps_hours {
            true => hours::begins_later(&clocks),
            false => begins_later,
        };
        let chance = Rng::new(seed ^ 0x5c4ed);
        let people = Rng::new(seed ^ CAMPAIGNS);
        let has_campaigns = people.hits(120);
        if has_campaigns {
            // Campaigns are known to their directory by what comes later.
            settings.unguarded = 200;
        }
        let eraser = Rng::new(seed ^ 0xe7a5e);
        let deleter = Rng::new(seed ^ 0xde1e7e);
        Rc::new(Self {
            erases: eraser.hits(300),
            eraser,
            deletes: deleter.hits(250),
            deleter,
            deleted_orgs: RefCell::default(),
            is_erasing: Cell::default(),
            schedules: chance.hits(350) || keeps_hours,
            chance,
            keeps_hours,
            clocks,
            settings,
            faults,
            secrets: Secrets::derive(b"the world's master key", "platform-token".into()),
            tasks: Tasks::default(),
            trunks: RefCell::default(),
            campaigns: RefCell::default(),
            offices: RefCell::default(),
            numbers: RefCell::default(),
            copies: Copies::default(),
            queues: Queues::default(),
            livekit: LiveKit::default(),
            receivers: Receivers::default(),
            oracle: Oracle::default(),
            orgs: RefCell::default(),
            nonces: Cell::default(),
            work: Work::default(),
            steps: Cell::new(0),
            is_open: Cell::new(true),
            high: Cell::new(Timestamp(START)),
            has_jumped: Cell::default(),
            has_leapt: Cell::default(),
            time: Cell::new(0),
            offset: Cell::new(begins_later as i64),
            steady_since: Cell::new(0),
            events: RefCell::default(),
            seq: Cell::new(0),
            trace: traced.then(RefCell::default),
            rng,
            limits_contacts: Rng::new(seed ^ 0xc0de).hits(250),
            lives_on: Rng::new(seed ^ 0xda1).hits(300),
            people,
            has_campaigns,
            aside,
        })
    }

    /// A world of these settings in which nothing goes wrong.
    pub fn calm(settings: Settings) -> W {
        let Some(world) = Rc::into_inner(Self::new(1, false)) else {
            panic!("a new world is nobody else's");
        };
        Rc::new(Self {
            settings,
            faults: Faults::calm(),
            schedules: false,
            limits_contacts: false,
            has_campaigns: false,
            offset: Cell::default(),
            ..world
        })
    }

    /// True time since the world began, in milliseconds.
    pub fn time(&self) -> u64 {
        self.time.get()
    }

    /// What the clocks show. They may jump; true time does not.
    pub fn clock(&self) -> Timestamp {
        let clock = Timestamp((START + self.time.get()).saturating_add_signed(self.offset.get()));
        self.high.set(self.high.get().max(clock));
        clock
    }

    /// The true time of what the clocks show as this; none when they have jumped since.
    pub fn true_time(&self, at: Timestamp) -> Option<u64> {
        let time =
            at.0.checked_add_signed(-self.offset.get())?
                .checked_sub(START)?;
        (time > self.steady_since.get()).then_some(time)
    }

    /// Whether no clock has jumped since.
    pub fn is_steady_since(&self, time: u64) -> bool {
        self.steady_since.get() < time
    }

    /// All clocks jump. Alarms go by the clock.
    pub fn jump(self: &W, by: i64) {
        self.note(None, || format!("the clock jumps by {by} ms"));
        self.offset.set(self.offset.get() + by);
        self.steady_since.set(self.time.get());
        self.has_jumped.set(true);
        self.has_leapt
            .set(self.has_leapt.get() || by.unsigned_abs() >= LEAP_MS);
        let trunks: Vec<_> = self.trunks.borrow().values().cloned().collect();
        trunks.iter().for_each(|node| node.expect_alarm(self));
        let offices: Vec<_> = self.offices.borrow().values().cloned().collect();
        offices.iter().for_each(|office| office.expect_alarm(self));
        let campaigns: Vec<_> = self.campaigns.borrow().values().cloned().collect();
        campaigns.iter().for_each(|node| node.expect_alarm(self));
    }

    pub fn hit(&self, kind: Kind) -> bool {
        self.faults.hit(&self.rng, kind)
    }

    /// Something is going to happen.
    pub fn after(&self, ms: u64, what: impl FnOnce(&W) + 'static) {
        let seq = self.seq.get() + 1;
        self.seq.set(seq);
        let at = self.time.get() + ms;
        self.events.borrow_mut().push(Event {
            at,
            seq,
            what: Box::new(what),
        });
    }

    /// An event reaches an actor.
    pub fn step(&self) {
        self.steps.set(self.steps.get() + 1);
    }

    /// Lets the next thing happen; `false` when there is none, or an invariant was broken.
    pub fn turn(self: &W) -> bool {
        let next = self.events.borrow_mut().pop();
        let Some(event) = next else { return false };
        self.time.set(event.at);
        (event.what)(self);
        self.tasks.run_ready();
        !self.oracle.is_broken()
    }

    /// Runs until this time, or until nothing is left to happen.
    pub fn run_until(self: &W, time: u64) {
        while self
            .events
            .borrow()
            .peek()
            .is_some_and(|event| event.at <= time)
        {
            if !self.turn() {
                return;
            }
        }
        self.time.set(self.time.get().max(time));
    }

    /// A line of the trace, when somebody wants one.
    pub fn note(&self, trunk: Option<TrunkTag>, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let mut trace = trace.borrow_mut();
            if trace.len() == TRACE {
                trace.pop_front();
            }
            trace.push_back((trunk, format!("{:>9} {}", self.time.get(), line())));
        }
    }

    /// The last lines that concern a trunk, or nobody in particular.
    pub fn last_lines(&self, trunk: Option<TrunkTag>, mentions: &str, count: usize) -> Vec<String> {
        let Some(trace) = &self.trace else {
            return Vec::new();
        };
        let trace = trace.borrow();
        let concerns = |(of, line): &&(Option<TrunkTag>, String)| {
            (of.is_none() || trunk.is_none() || *of == trunk) && line.contains(mentions)
        };
        let mut lines: Vec<String> = trace
            .iter()
            .rev()
            .filter(concerns)
            .take(count)
            .map(|(_, line)| line.clone())
            .collect();
        lines.reverse();
        lines
    }

    /// Lets go of all that refers back to this world.
    pub fn end(&self) {
        self.tasks.kill_all();
        self.events.borrow_mut().clear();
        self.queues.forget();
        self.trunks.borrow_mut().clear();
        self.offices.borrow_mut().clear();
        self.campaigns.borrow_mut().clear();
    }
}
