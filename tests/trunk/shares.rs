//! Campaigns share a trunk evenly, use all of their share, and are in no direct call's way.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use audatec::domain::call::{Call, CampaignCall};
use audatec::domain::campaign::handover::{Demand, Handed, Round, Taken};
use audatec::domain::ids::CampaignId;

use super::*;

/// From when something is known to a campaign until its trunk hears of that.
const LATENCY: Span = Span(15);
const SHORT: &str = "+15005550001";
/// What is measured begins when all have got going, and lasts for a minute.
const FROM: Span = Span(5_000);
const MINUTE: Span = Span(60_000);

/// A campaign, as far as its trunk sees it.
struct Caller {
    id: CampaignId,
    number: &'static str,
    left: u32,
    max_channels: Option<u32>,
    max_cps: Option<u32>,
    granted: Vec<CallId>,
    open: Vec<CallId>,
    asks_at: Timestamp,
}

impl Caller {
    fn new(number: u8) -> Self {
        Self {
            id: CampaignId::from_entropy([number; 16]),
            number: OK,
            left: 10_000,
            max_channels: None,
            max_cps: None,
            granted: Vec::new(),
            open: Vec::new(),
            asks_at: START + Span(u64::from(number)),
        }
    }

    fn handed(&self, call: CallId) -> Handed {
        let own = CampaignCall {
            id: self.id,
            reference: call.to_string(),
            attempt: 1,
            max_attempts: 1,
            first: None,
            previous: None,
            next: None,
            hours: None,
            given_back: None,
        };
        let mut request = World::request(self.number);
        request.campaign = Some(Box::new(own));
        request.callback_url = None;
        Handed {
            call,
            request,
            not_after: None,
        }
    }

    fn takes_round(&mut self, world: &mut World) {
        let granted = std::mem::take(&mut self.granted);
        let handed = u32::try_from(granted.len()).expect("few");
        let open = u32::try_from(self.open.len()).expect("few");
        let round = Round {
            org: org(),
            campaign: self.id,
            key: api_key(),
            agent: agent(),
            demand: Demand {
                ready: (self.left - handed).min(500),
                in_progress: open + handed,
                max_channels: self.max_channels,
                max_cps: self.max_cps,
            },
            calls: granted.iter().map(|id| self.handed(*id)).collect(),
        };
        let TrunkReply::Round(answer) = world.ask(TrunkCommand::CampaignRound(round)) else {
            panic!("no answer");
        };
        for (id, taken) in answer.taken {
            if taken == Taken::Accepted {
                self.open.push(id);
                self.left -= 1;
            }
        }
        self.granted = answer.granted;
        self.asks_at = match self.granted.is_empty() {
            true => (world.now + Span(1)).max(answer.again_at),
            false => world.now + LATENCY,
        };
    }

    /// What came of it within the minute that is measured: dials, and milliseconds of channels held.
    fn made(&self, world: &World) -> (u64, u64) {
        let calls = world.rows.all().into_iter();
        let (mut dials, mut held) = (0, 0);
        for call in calls.filter(|call| call.is_of_campaign(self.id)) {
            let (dialed, took) = within(&call);
            dials += dialed;
            held += took;
        }
        (dials, held)
    }
}

fn within(call: &Call) -> (u64, u64) {
    let (from, to) = (START + FROM, START + FROM + MINUTE);
    let dialed = call.dialed_at.is_some_and(|at| at >= from && at < to);
    let began = call.feed_entries().next().expect("its first").at;
    let ended = call.ended_at.unwrap_or(to).min(to);
    (u64::from(dialed), (ended - began.max(from)).0)
}

/// How many of a campaign's calls held a channel at once.
fn most_at_once(world: &World, campaign: CampaignId) -> i64 {
    let calls = world.rows.all().into_iter();
    let own = calls.filter(|call| call.is_of_campaign(campaign));
    let mut steps: Vec<(Timestamp, i64)> = Vec::new();
    for call in own {
        steps.push((call.feed_entries().next().expect("its first").at, 1));
        steps.extend(call.ended_at.map(|at| (at, -1)));
    }
    steps.sort_unstable();
    let mut held = 0;
    let held = steps.into_iter().map(|(_, step)| {
        held += step;
        held
    });
    held.max().unwrap_or(0)
}

/// Lives through the minute; direct calls come at these intervals, if any do. Returns how many of them were refused.
fn live(world: &mut World, callers: &mut [Caller], direct_every: Option<Span>) -> usize {
    let end = START + FROM + MINUTE;
    let mut refused = 0;
    let mut direct_at = direct_every.map_or(Timestamp::MAX, |every| START + every);
    while world.now < end {
        let asks = callers.iter().map(|caller| caller.asks_at).min();
        let due = world.next_due().unwrap_or(Timestamp::MAX);
        let next = asks.unwrap_or(Timestamp::MAX).min(due).min(direct_at);
        world.now = world.now.max(next);
        if due <= world.now {
            world.ask(TrunkCommand::Tick);
        }
        if direct_at <= world.now {
            direct_at = world.now + direct_every.unwrap_or_default();
            let admission = world.trigger(OK);
            refused += usize::from(matches!(admission, Admission::Rejected { .. }));
        }
        let now = world.now;
        for caller in callers.iter_mut().filter(|caller| caller.asks_at <= now) {
            caller.takes_round(world);
        }
        world.dispatch();
        world.sent.callbacks.clear();
        for told in std::mem::take(&mut world.sent.campaigns) {
            let caller = callers.iter_mut().find(|caller| caller.id == told.campaign);
            let caller = caller.expect("a campaign");
            let is_over = |id: &CallId| told.calls.iter().any(|(over, _)| over == id);
            caller.open.retain(|id| !is_over(id));
            if caller.granted.is_empty() {
                caller.asks_at = caller.asks_at.min(world.now + LATENCY);
            }
        }
    }
    refused
}

/// Within a tenth of what each would have if all had as much.
fn are_even(parts: &[u64]) {
    let even = parts.iter().sum::<u64>() as f64 / parts.len() as f64;
    for part in parts {
        let off = (*part as f64 - even).abs() / even;
        assert!(off <= 0.1, "{parts:?}");
    }
}

fn is_busy(parts: &[u64], most: u64) {
    let used: u64 = parts.iter().sum();
    assert!(
        used * 100 >= most * 95 && used <= most + most / 50,
        "{used} of {most}"
    );
}

fn world(channels: u32, cps: u32) -> World {
    let mut world = World::new(channels, cps);
    world.settings.sim_ring = Span(1_000);
    world.settings.sim_talk = Span(2_500);
    world.crash();
    world
}

#[test]
fn where_channels_bind_they_are_held_evenly_however_long_calls_last() {
    for count in [1, 2, 3] {
        let mut world = world(20, 200);
        let mut callers: Vec<Caller> = (1..=count).map(Caller::new).collect();
        callers.last_mut().expect("one").number = SHORT;
        live(&mut world, &mut callers, None);
        let held = callers.iter().map(|caller| caller.made(&world).1);
        let held: Vec<u64> = held.collect();
        are_even(&held);
        is_busy(&held, 20 * MINUTE.0);
    }
}

#[test]
fn where_the_rate_binds_it_is_dialed_evenly() {
    for (count, cps) in [(1, 10), (2, 10), (3, 10), (2, 1), (3, 100)] {
        let mut world = world(2_000, cps);
        let mut callers: Vec<Caller> = (1..=count).map(Caller::new).collect();
        live(&mut world, &mut callers, None);
        let dials = callers.iter().map(|caller| caller.made(&world).0);
        let dials: Vec<u64> = dials.collect();
        are_even(&dials);
        is_busy(&dials, u64::from(cps) * 60);
    }
}

#[test]
fn what_a_campaign_may_not_use_is_the_others() {
    let mut world = self::world(20, 200);
    let mut callers = [Caller::new(1), Caller::new(2), Caller::new(3)];
    callers[0].max_channels = Some(2);
    live(&mut world, &mut callers, None);
    let held = callers.each_ref().map(|caller| caller.made(&world).1);
    assert!(most_at_once(&world, callers[0].id) <= 2);
    is_busy(&held[..1], 2 * MINUTE.0);
    are_even(&held[1..]);
    is_busy(&held, 20 * MINUTE.0);

    let mut world = self::world(2_000, 12);
    let mut callers = [Caller::new(1), Caller::new(2), Caller::new(3)];
    callers[0].max_cps = Some(2);
    live(&mut world, &mut callers, None);
    let dials = callers.each_ref().map(|caller| caller.made(&world).0);
    is_busy(&dials[..1], 2 * 60);
    are_even(&dials[1..]);
    is_busy(&dials, 12 * 60);
    let calls = world.rows.all().into_iter();
    let own = calls.filter(|call| call.is_of_campaign(callers[0].id));
    let mut dialed: Vec<Timestamp> = own.filter_map(|call| call.dialed_at).collect();
    dialed.sort_unstable();
    for three in dialed.windows(3) {
        assert!(
            three[2] - three[0] >= Span(1_000),
            "more than two in a second"
        );
    }
}

#[test]
fn one_that_comes_later_has_as_much_as_the_others_and_no_more() {
    let mut world = self::world(2_000, 10);
    let mut callers = [Caller::new(1), Caller::new(2)];
    callers[1].asks_at = START + FROM + Span(30_000);
    live(&mut world, &mut callers, None);
    let dials = callers.each_ref().map(|caller| caller.made(&world).0);
    is_busy(&dials, 600);
    assert!((135..=165).contains(&dials[1]), "{dials:?}");
}

#[test]
fn a_direct_call_is_never_refused_for_a_campaigns_recipients_and_goes_before_them() {
    let mut world = self::world(2_000, 10);
    let mut callers = [Caller::new(1), Caller::new(2)];
    let refused = live(&mut world, &mut callers, Some(Span(300)));
    assert_eq!(refused, 0);
    let direct = world.rows.all().into_iter();
    let direct = direct.filter(|call| call.request.campaign.is_none());
    let direct: Vec<Call> = direct.collect();
    let dials = callers.each_ref().map(|caller| caller.made(&world).0);
    let own: u64 = direct.iter().map(|call| within(call).0).sum();
    are_even(&dials);
    is_busy(&[dials[0], dials[1], own], 600);
    assert!(own >= 190, "{own}");
    let late = direct
        .iter()
        .filter_map(|call| Some(call.dialed_at? - call.created_at()));
    let late = late.max().expect("some");
    assert!(late <= Span(1_100), "{late:?}");
}

#[test]
fn no_more_is_taken_on_than_dialers_soon_get_round_to() {
    let mut world = self::world(2_000, 10);
    let mut caller = Caller::new(1);
    let mut rounds = 0;
    // Nobody dials.
    while world.now < START + FROM {
        world.now = world.now.max(caller.asks_at);
        caller.takes_round(&mut world);
        rounds += 1;
    }
    let taken_on = caller.open.len() + caller.granted.len();
    assert!((10..=20).contains(&taken_on), "{taken_on}");
    assert!(rounds < 200, "it asked {rounds} times");
}
