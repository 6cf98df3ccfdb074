//! Those who set calling hours: sometimes for all calls, sometimes for an agent's, changing them again and again, and none at the
//! end.
//!
//! Local times, and whether hours are open then, are computed here in plain minutes from Python's zoneinfo of the same release
//! (2026f), not from what the platform knows about zones.

use std::cell::Cell;
use std::rc::Rc;

use audatec::app::iso8601;
use audatec::domain::calling_hours::CallingHours;
use audatec::domain::ids::AgentId;
use audatec::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::clients::Org;
use crate::executor::Owner;
use crate::integrator;
use crate::operator;
use crate::ports::pause;
use crate::rng::Rng;
use crate::world::{START, W};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY: u64 = 1_440;
/// Where nobody knows where a phone is, zones with no opening in common for so many minutes, or clocks so far apart, tell nothing.
const COMMON_WITHIN: u64 = 8 * DAY;
const MOST_APART: i64 = 360;

/// A zone: its name, and from which second on its clocks are so many minutes ahead, in these years.
type Zone = (&'static str, &'static [(u64, i64)]);

const ZONES: [Zone; 15] = [
    ("Etc/UTC", &[(0, 0)]),
    ("Asia/Kolkata", &[(0, 330)]),
    (
        "America/New_York",
        &[
            (0, -300),
            (1_805_007_600, -240),
            (1_825_567_200, -300),
            (1_836_457_200, -240),
        ],
    ),
    (
        "America/Chicago",
        &[
            (0, -360),
            (1_805_011_200, -300),
            (1_825_570_800, -360),
            (1_836_460_800, -300),
        ],
    ),
    (
        "America/Denver",
        &[
            (0, -420),
            (1_805_014_800, -360),
            (1_825_574_400, -420),
            (1_836_464_400, -360),
        ],
    ),
    ("America/Phoenix", &[(0, -420)]),
    (
        "America/Los_Angeles",
        &[
            (0, -480),
            (1_805_018_400, -420),
            (1_825_578_000, -480),
            (1_836_468_000, -420),
        ],
    ),
    (
        "America/Anchorage",
        &[
            (0, -540),
            (1_805_022_000, -480),
            (1_825_581_600, -540),
            (1_836_471_600, -480),
        ],
    ),
    (
        "America/Adak",
        &[
            (0, -600),
            (1_805_025_600, -540),
            (1_825_585_200, -600),
            (1_836_475_200, -540),
        ],
    ),
    ("Pacific/Honolulu", &[(0, -600)]),
    (
        "Europe/London",
        &[
            (0, 0),
            (1_806_195_600, 60),
            (1_824_944_400, 0),
            (1_837_645_200, 60),
        ],
    ),
    (
        "Australia/Lord_Howe",
        &[
            (0, 660),
            (1_806_764_400, 630),
            (1_822_491_000, 660),
            (1_838_214_000, 630),
        ],
    ),
    ("Africa/Casablanca", &[(0, 0)]),
    (
        "America/Santiago",
        &[
            (0, -180),
            (1_806_807_600, -240),
            (1_820_116_800, -180),
            (1_838_257_200, -240),
        ],
    ),
    ("Pacific/Kiritimati", &[(0, 840)]),
];

/// Where the sandbox's numbers may be: anywhere in the United States.
const OF_THE_SANDBOX: [usize; 8] = [2, 3, 4, 5, 6, 7, 8, 9];
/// Numbers that tell where they are, and where that is.
const ELSEWHERE: [(&str, usize); 3] = [
    ("+919876543210", 1),
    ("+442079460958", 10),
    ("+12125550123", 2),
];

/// Moments near which such a world begins, in seconds: noon in one zone is midnight or a change of the clocks in another.
const BEGINNINGS: [u64; 9] = [
    START / 1_000 + 60,
    // Midnight in UTC, in Kiritimati, and on Hawaii.
    START / 1_000 + 16 * 3_600,
    START / 1_000 + 2 * 3_600,
    START / 1_000 + 26 * 3_600,
    // Clocks are changed in New York, in London and on Lord Howe, forward and back.
    1_805_007_600,
    1_825_567_200,
    1_806_195_600,
    1_824_944_400,
    1_806_764_400,
];

/// How much later than others a world begins in which such hours are kept.
pub fn begins_later(rng: &Rng) -> u64 {
    let near = rng.pick(&BEGINNINGS).copied().unwrap_or_default();
    near * 1_000 - START - rng.between(1_500, 9_000)
}

/// Where the phone of this number may be.
pub fn places_of(number: &str) -> &'static [usize] {
    let known = ELSEWHERE.iter().find(|(known, _)| *known == number);
    known.map_or(&OF_THE_SANDBOX, |(_, zone)| std::slice::from_ref(zone))
}

/// A number that tells where it is.
pub fn elsewhere(w: &W) -> &'static str {
    let drawn = w.clocks.pick(&ELSEWHERE);
    drawn.map_or("+919876543210", |(number, _)| number)
}

/// A zone that a request may name.
pub fn zone(w: &W) -> usize {
    w.clocks.below(ZONES.len() as u64) as usize
}

pub fn name(zone: usize) -> &'static str {
    ZONES[zone].0
}

fn ahead(zone: usize, ms: u64) -> i64 {
    let secs = ms / 1_000;
    let since = ZONES[zone].1.iter().rev().find(|(from, _)| *from <= secs);
    since.map_or(0, |(_, minutes)| *minutes)
}

/// The day and the minute that are shown there.
fn shown(zone: usize, ms: u64) -> (u64, u64) {
    let minute = (ms / 60_000).saturating_add_signed(ahead(zone, ms));
    (minute / DAY, minute % DAY)
}

/// The day of the week, from Monday on: the first of all days was a Thursday.
fn weekday(day: u64) -> usize {
    ((day + 3) % 7) as usize
}

/// When phones may ring, as those know it who set it.
#[derive(Clone, Debug)]
pub struct Hours {
    /// Whose clocks count: the callee's if none.
    place: Option<usize>,
    fallback: Option<usize>,
    /// On which days of the week, from which minute, and up to which.
    windows: Vec<(Vec<usize>, u64, u64)>,
    closed: Vec<u64>,
    rejects: bool,
    /// Of this hour it is known whether the callee's zones tell where a phone is.
    told: Cell<Option<(u64, bool)>>,
}

impl Hours {
    /// Whether it is open then for a phone that may be there; it is not, where nobody knows what time it is there.
    pub fn are_open(&self, callee: &[usize], ms: u64) -> bool {
        let open = |zones: &[usize]| zones.iter().all(|zone| self.is_open(*zone, ms, true));
        match (self.place, self.fallback) {
            (Some(zone), _) => open(&[zone]),
            (None, _) if self.tells_where(callee, ms) => open(callee),
            (None, Some(zone)) => open(&[zone]),
            (None, None) => false,
        }
    }

    /// Whether they say what time counts for a phone that may be there.
    pub fn know_the_time(&self, callee: &[usize], ms: u64) -> bool {
        self.place.is_some() || self.fallback.is_some() || self.tells_where(callee, ms)
    }

    fn is_open(&self, zone: usize, ms: u64, by_date: bool) -> bool {
        let (day, minute) = shown(zone, ms);
        let is_in = |(days, from, to): &(Vec<usize>, u64, u64)| {
            days.contains(&weekday(day)) && *from <= minute && minute < *to
        };
        !(by_date && self.closed.contains(&day)) && self.windows.iter().any(is_in)
    }

    fn tells_where(&self, callee: &[usize], ms: u64) -> bool {
        let clocks: Vec<i64> = callee.iter().map(|zone| ahead(*zone, ms)).collect();
        let (Some(least), Some(most)) = (clocks.iter().min(), clocks.iter().max()) else {
            return false;
        };
        if most - least > MOST_APART || callee.len() == 1 {
            return callee.len() == 1;
        }
        let hour = ms / 3_600_000;
        let told = self.told.get().filter(|(of, _)| *of == hour);
        let all = |ms: u64| callee.iter().all(|zone| self.is_open(*zone, ms, false));
        let has_common = || minutes(ms, ms + COMMON_WITHIN * 60_000).any(all);
        let tells = told.map_or_else(has_common, |(_, tells)| tells);
        self.told.set(Some((hour, tells)));
        tells
    }

    fn json(&self) -> Value {
        let time = |minute: &u64| format!("{:02}:{:02}", minute / 60, minute % 60);
        let windows: Vec<Value> = self
            .windows
            .iter()
            .map(|(days, from, to)| {
                let days: Vec<&str> = days.iter().map(|day| DAYS[*day]).collect();
                json!({"days": days, "from": time(from), "to": time(to)})
            })
            .collect();
        let date = |day: &u64| iso8601::format(Timestamp(day * DAY * 60_000))[..10].to_owned();
        json!({
            "time_zone": self.place.map_or("callee", name),
            "fallback_time_zone": self.fallback.map(name),
            "windows": windows,
            "closed_dates": self.closed.iter().map(date).collect::<Vec<_>>(),
            "on_closed": if self.rejects { "reject" } else { "wait" },
        })
    }
}

/// A moment, and each full minute after it, before another: what is open or closed is so for whole minutes.
pub fn minutes(from: u64, until: u64) -> impl Iterator<Item = u64> {
    let next = (from / 60_000 + 1) * 60_000;
    let all = std::iter::once(from).chain((next..).step_by(60_000));
    all.take_while(move |ms| *ms < until)
}

/// Changes the hours of all calls, or of an agent's, every so often while the world is open.
pub fn work(w: &W, org: Rc<Org>, every: u64) {
    let world = Rc::clone(w);
    w.tasks.spawn(Owner::Client, async move {
        while world.is_open.get() {
            let agents = org.agents.borrow().clone();
            let agent = world.clocks.pick(&agents).copied();
            let whose = agent.filter(|_| world.clocks.hits(400));
            let hours = draw(&world);
            set(&world, &org, whose, hours.as_ref()).await;
            calls_come_before_it_closes(&world, &org);
            pause(&world, world.clocks.between(every, every * 3)).await;
        }
    });
}

/// Many calls come in the last moments of a minute, at whose end it may close.
fn calls_come_before_it_closes(w: &W, org: &Rc<Org>) {
    let left = 60_000 - w.clock().0 % 60_000;
    let within = w.clocks.pick(&[100, 700, 2_500]).copied().unwrap_or(700);
    let org = Rc::clone(org);
    w.after(left.saturating_sub(within), move |w| {
        integrator::rush(w, &org, within);
    });
}

/// Hours that open or close soon, most of them.
fn draw(w: &W) -> Option<Hours> {
    let rng = &w.clocks;
    if rng.hits(60) {
        return None;
    }
    let place = rng.hits(450).then(|| zone(w));
    let fallback = rng.hits(600).then(|| zone(w));
    // By whose clocks it opens or closes.
    let by = place.unwrap_or_else(|| match rng.hits(500) {
        true => zone(w),
        false => rng.pick(&OF_THE_SANDBOX).copied().unwrap_or(2),
    });
    let (day, minute) = shown(by, w.clock().0);
    let next = minute + rng.pick(&[1, 1, 1, 2, 5]).copied().unwrap_or(1);
    let lasts = rng.pick(&[1, 2, 10, 120]).copied().unwrap_or(1);
    let week: Vec<usize> = (0..7).collect();
    let daily = |from: u64, to: u64| (week.clone(), from, to);
    let soon = day + rng.below(2);
    let (mut windows, closed) = match rng.below(6) {
        0 | 1 => (vec![daily(minute.saturating_sub(lasts), next)], vec![]),
        2 => (vec![daily(next, next + lasts)], vec![]),
        3 => (vec![daily(0, next), daily(next + lasts, DAY)], vec![]),
        4 => (vec![daily(0, DAY)], vec![soon]),
        _ => {
            let others = week.iter().copied().filter(|of| *of != weekday(soon));
            (vec![(others.collect(), 0, DAY)], vec![])
        }
    };
    // A clock knows no minute after midnight.
    windows
        .iter_mut()
        .for_each(|(_, _, to)| *to = (*to).min(DAY));
    windows.retain(|(_, from, to)| from < to);
    if windows.is_empty() {
        windows.push(daily(0, DAY));
    }
    Some(Hours {
        place,
        fallback,
        windows,
        closed,
        rejects: rng.hits(250),
        told: Cell::default(),
    })
}

/// Hours of a campaign's own, as it is told them, and as its owner means them.
pub fn own(w: &W) -> Option<(Box<CallingHours>, Hours)> {
    let hours = draw(w)?;
    let told = serde_json::from_value(hours.json()).expect("calling hours");
    Some((Box::new(told), hours))
}

/// Sets them; whether they hold is not known when nobody says so.
async fn set(w: &W, org: &Org, agent: Option<AgentId>, hours: Option<&Hours>) -> bool {
    let body = json!({ "calling_hours": hours.map(Hours::json) });
    w.oracle.hours_change(org.id, agent, hours);
    let is_set = operator::change_rules(w, org, agent, body).await;
    if is_set {
        w.oracle.hours_hold(w, org.id, agent);
    }
    is_set
}

/// From now on it is always open.
pub async fn lift(w: &W, org: &Org) {
    let agents = org.agents.borrow().clone();
    let whose = agents.into_iter().map(Some).chain([None]);
    for agent in whose {
        for _ in 0..20 {
            if set(w, org, agent, None).await {
                break;
            }
        }
    }
}
