//! The decision, checked against well-known days and against an oracle that goes minute by minute.

use proptest::prelude::*;

use super::{CallingHours, Date, HORIZON, OnClosed, Place, WallTime, Window, ZoneName};
use crate::domain::time::{Span, Timestamp};
use crate::domain::zones::calendar::Day;
use crate::domain::zones::{Clock, Zone};

const ALL_WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTE: u64 = 60;

fn zone(name: &str) -> Zone {
    Zone::named(name).expect(name)
}

fn zones(names: &[&str]) -> Vec<Zone> {
    names.iter().map(|name| zone(name)).collect()
}

/// A moment in UTC, written as `2026-11-30 09:00:00`.
fn at(text: &str) -> Timestamp {
    let (date, time) = text.split_once(' ').expect("a date and a time");
    let mut parts = time
        .split(':')
        .map(|part| part.parse::<u64>().expect("a number"));
    let secs = parts.by_ref().fold(0, |secs, part| secs * 60 + part);
    let secs = if time.len() == 5 { secs * 60 } else { secs };
    let day = Day::parse(date).expect("a date").0;
    Timestamp::from_secs(u64::try_from(day).expect("after 1970") * 86_400 + secs)
}

fn window(days: &[&str], from: &str, to: &str) -> Window {
    let days = days
        .iter()
        .map(|day| serde_json::from_value((*day).into()).expect(day));
    Window {
        days: days.collect(),
        from: WallTime::parse(from).expect(from),
        to: WallTime::parse(to).expect(to),
    }
}

fn hours(place: &str, windows: &[Window]) -> CallingHours {
    CallingHours {
        time_zone: Place::parse(place).expect(place),
        fallback_time_zone: None,
        windows: windows.to_vec(),
        closed_dates: Vec::new(),
        on_closed: OnClosed::Wait,
    }
}

fn daily(place: &str, from: &str, to: &str) -> CallingHours {
    hours(place, &[window(&ALL_WEEK, from, to)])
}

/// [`super::Verdict`] without the zone.
#[derive(Debug, PartialEq)]
enum Verdict {
    Open,
    Closed {
        opens_at: Option<Timestamp>,
        rejects: bool,
    },
    ZoneUnknown,
}

fn judge<'a>(
    all: impl IntoIterator<Item = &'a CallingHours>,
    callee: &[Zone],
    at: Timestamp,
) -> Verdict {
    match super::judge(all, callee, at) {
        super::Verdict::Open => Verdict::Open,
        super::Verdict::Closed {
            opens_at, rejects, ..
        } => Verdict::Closed { opens_at, rejects },
        super::Verdict::ZoneUnknown => Verdict::ZoneUnknown,
    }
}

fn closed_until(opens_at: &str) -> Verdict {
    Verdict::Closed {
        opens_at: Some(at(opens_at)),
        rejects: false,
    }
}

const NEVER: Verdict = Verdict::Closed {
    opens_at: None,
    rejects: false,
};

#[test]
fn it_says_where_it_is_closed() {
    let closed_in = |all: &[CallingHours], callee: &[&str], text| match super::judge(
        all,
        &zones(callee),
        at(text),
    ) {
        super::Verdict::Closed { zone, .. } => Some(zone.name()),
        _ => None,
    };
    let callee = daily("callee", "09:00", "18:00");
    let own = daily("Asia/Calcutta", "09:00", "18:00");
    let both = [own, callee];
    // 13:30 in India, 08:00 in London; then 20:30 and 15:00.
    assert_eq!(
        closed_in(&both, &["Europe/London"], "2026-11-30 08:00"),
        Some("Europe/London")
    );
    assert_eq!(
        closed_in(&both, &["Europe/London"], "2026-11-30 15:00"),
        Some("Asia/Kolkata")
    );
    assert_eq!(
        closed_in(&both, &["Europe/London"], "2026-11-30 09:00"),
        None
    );
}

#[test]
fn nothing_set_is_always_open() {
    assert_eq!(judge([], &[], at("2026-11-30 03:00")), Verdict::Open);
}

#[test]
fn a_window_is_open_from_its_first_second_up_to_before_its_end() {
    let hours = daily("Asia/Kolkata", "08:00", "19:00");
    let judged = |text| judge([&hours], &[], at(text));
    assert_eq!(
        judged("2026-11-30 02:29:59"),
        closed_until("2026-11-30 02:30")
    );
    assert_eq!(judged("2026-11-30 02:30:00"), Verdict::Open);
    assert_eq!(judged("2026-11-30 13:29:59"), Verdict::Open);
    assert_eq!(
        judged("2026-11-30 13:30:00"),
        closed_until("2026-12-01 02:30")
    );
    let last = Timestamp(at("2026-11-30 13:30").0 - 1);
    assert_eq!(judge([&hours], &[], last), Verdict::Open);
    let before = Timestamp(at("2026-11-30 02:30").0 - 1);
    assert_eq!(
        judge([&hours], &[], before),
        closed_until("2026-11-30 02:30")
    );
}

#[test]
fn a_window_up_to_midnight_leaves_no_gap_before_the_next_day() {
    let hours = hours(
        "Etc/UTC",
        &[
            window(&["mon"], "22:00", "24:00"),
            window(&["tue"], "00:00", "01:00"),
        ],
    );
    let judged = |text| judge([&hours], &[], at(text));
    assert_eq!(judged("2026-11-30 23:59:59"), Verdict::Open);
    assert_eq!(judged("2026-12-01 00:00:00"), Verdict::Open);
    assert_eq!(
        judged("2026-12-01 01:00:00"),
        closed_until("2026-12-07 22:00")
    );
}

#[test]
fn overlaps_are_fine_and_days_are_those_of_the_zone() {
    let windows = [
        window(&["mon", "fri"], "09:00", "12:00"),
        window(&["mon"], "11:00", "15:00"),
    ];
    // In Auckland, Monday begins thirteen hours before it does in Greenwich.
    let hours = hours("Pacific/Auckland", &windows);
    let judged = |text| judge([&hours], &[], at(text));
    assert_eq!(judged("2026-11-29 19:59"), closed_until("2026-11-29 20:00"));
    assert_eq!(judged("2026-11-29 22:30"), Verdict::Open);
    assert_eq!(judged("2026-11-30 01:59"), Verdict::Open);
    assert_eq!(judged("2026-11-30 02:00"), closed_until("2026-12-03 20:00"));
}

#[test]
fn an_hour_that_summer_time_skips_does_not_exist() {
    // On 2027-03-28 Berlin's clocks go from 02:00 to 03:00, at 01:00 UTC.
    let within = daily("Europe/Berlin", "02:00", "03:00");
    assert_eq!(
        judge([&within], &[], at("2027-03-27 12:00")),
        closed_until("2027-03-29 00:00")
    );
    let across = daily("Europe/Berlin", "02:30", "04:00");
    assert_eq!(
        judge([&across], &[], at("2027-03-28 00:59")),
        closed_until("2027-03-28 01:00")
    );
    assert_eq!(judge([&across], &[], at("2027-03-28 01:00")), Verdict::Open);
    assert_eq!(
        judge([&across], &[], at("2027-03-28 02:00")),
        closed_until("2027-03-29 00:30")
    );
}

#[test]
fn an_hour_that_is_repeated_counts_both_times() {
    // On 2027-10-31 Berlin's clocks go from 03:00 back to 02:00, at 01:00 UTC.
    let hours = daily("Europe/Berlin", "02:15", "02:45");
    let judged = |text| judge([&hours], &[], at(text));
    assert_eq!(judged("2027-10-31 00:15"), Verdict::Open);
    assert_eq!(judged("2027-10-31 00:45"), closed_until("2027-10-31 01:15"));
    assert_eq!(judged("2027-10-31 01:15"), Verdict::Open);
    assert_eq!(judged("2027-10-31 01:45"), closed_until("2027-11-01 01:15"));
}

#[test]
fn a_date_is_closed_where_it_is_that_date() {
    let mut hours = daily("Asia/Kolkata", "00:00", "24:00");
    hours.closed_dates = vec![Date::parse("2027-01-26").expect("a date")];
    let judged = |text| judge([&hours], &[], at(text));
    assert_eq!(judged("2027-01-25 18:29:59"), Verdict::Open);
    assert_eq!(
        judged("2027-01-25 18:30:00"),
        closed_until("2027-01-26 18:30")
    );
    assert_eq!(judged("2027-01-26 18:30:00"), Verdict::Open);
}

#[test]
fn all_that_apply_must_be_open_and_one_that_is_closed_may_refuse() {
    let mut morning = daily("Etc/UTC", "08:00", "12:00");
    let noon = daily("Etc/UTC", "11:00", "15:00");
    let verdict = |one: &CallingHours, text| judge([one, &noon], &[], at(text));
    assert_eq!(verdict(&morning, "2026-11-30 11:30"), Verdict::Open);
    assert_eq!(
        verdict(&morning, "2026-11-30 12:00"),
        closed_until("2026-12-01 11:00")
    );
    assert_eq!(
        verdict(&morning, "2026-11-30 09:00"),
        closed_until("2026-11-30 11:00")
    );

    morning.on_closed = OnClosed::Reject;
    // This one is open; the other is closed, and waits.
    assert_eq!(
        verdict(&morning, "2026-11-30 09:00"),
        closed_until("2026-11-30 11:00")
    );
    let refused = Verdict::Closed {
        opens_at: Some(at("2026-12-01 11:00")),
        rejects: true,
    };
    assert_eq!(verdict(&morning, "2026-11-30 13:00"), refused);
}

#[test]
fn what_never_opens_says_so() {
    let apart = [
        daily("Etc/UTC", "08:00", "09:00"),
        daily("Etc/UTC", "09:00", "10:00"),
    ];
    assert_eq!(judge(&apart, &[], at("2026-11-30 08:30")), NEVER);
    let mut mondays = hours("Etc/UTC", &[window(&["mon"], "09:00", "10:00")]);
    let monday = Day::parse("2026-11-30").expect("a date");
    let closed = |weeks| {
        (0..weeks)
            .map(move |week| Date(Day(monday.0 + 7 * week)))
            .collect()
    };
    mondays.closed_dates = closed(57);
    assert_eq!(
        judge([&mondays], &[], at("2026-11-30 08:30")),
        closed_until("2028-01-03 09:00")
    );
    mondays.closed_dates = closed(58);
    assert_eq!(judge([&mondays], &[], at("2026-11-30 08:30")), NEVER);
}

#[test]
fn of_several_zones_all_must_be_open() {
    let hours = daily("callee", "09:00", "19:00");
    let callee = zones(&["America/New_York", "America/Los_Angeles", "America/Detroit"]);
    let judged = |text| judge([&hours], &callee, at(text));
    assert_eq!(judged("2026-11-30 16:59"), closed_until("2026-11-30 17:00"));
    assert_eq!(judged("2026-11-30 17:00"), Verdict::Open);
    assert_eq!(judged("2026-11-30 23:59"), Verdict::Open);
    assert_eq!(judged("2026-12-01 00:00"), closed_until("2026-12-01 17:00"));
}

#[test]
fn a_zone_that_nobody_knows_is_the_fallback_or_an_error() {
    let mut hours = daily("callee", "09:00", "19:00");
    let open_in_delhi = at("2026-11-30 03:30");
    assert_eq!(judge([&hours], &[], open_in_delhi), Verdict::ZoneUnknown);
    hours.fallback_time_zone = ZoneName::parse("Asia/Calcutta");
    assert_eq!(judge([&hours], &[], open_in_delhi), Verdict::Open);
    // Hours that name a zone never ask for the callee's.
    assert_eq!(
        judge(
            [&daily("Asia/Kolkata", "09:00", "19:00")],
            &[],
            open_in_delhi
        ),
        Verdict::Open
    );
    // One that asks is enough.
    let asks = daily("callee", "00:00", "24:00");
    assert_eq!(
        judge([&hours, &asks], &[], open_in_delhi),
        Verdict::ZoneUnknown
    );
}

#[test]
fn clocks_more_than_six_hours_apart_tell_nothing() {
    let hours = daily("callee", "00:00", "24:00");
    let judged = |names: &[&str]| judge([&hours], &zones(names), at("2026-11-30 12:00"));
    // 2 and 8 hours ahead, then 2 and 9.
    assert_eq!(
        judged(&["Europe/Kaliningrad", "Asia/Irkutsk"]),
        Verdict::Open
    );
    assert_eq!(
        judged(&["Europe/Kaliningrad", "Asia/Yakutsk"]),
        Verdict::ZoneUnknown
    );
}

#[test]
fn zones_without_a_common_opening_in_eight_days_tell_nothing() {
    let callee = zones(&["America/New_York", "America/Los_Angeles"]);
    let mut hours = daily("callee", "09:00", "12:00");
    let now = at("2026-11-30 12:00");
    assert_eq!(judge([&hours], &callee, now), Verdict::ZoneUnknown);
    hours.fallback_time_zone = ZoneName::parse("America/Chicago");
    assert_eq!(
        judge([&hours], &callee, now),
        closed_until("2026-11-30 15:00")
    );
    // A long holiday is not that case: each zone alone has no opening either.
    let mut hours = daily("callee", "09:00", "13:00");
    let first = Day::parse("2026-11-30").expect("a date").0;
    hours.closed_dates = (0..20).map(|day| Date(Day(first + day))).collect();
    assert_eq!(
        judge([&hours], &callee, now),
        closed_until("2026-12-20 17:00")
    );
}

#[test]
fn the_document_is_stored_as_it_is_shown() {
    let text = concat!(
        r#"{"time_zone":"callee","fallback_time_zone":"Asia/Kolkata","windows":[{"days":["mon","sun"],"from":"09:00","to":"24:00"}],"#,
        r#""closed_dates":["2027-01-26"],"on_closed":"reject"}"#
    );
    let read: CallingHours = serde_json::from_str(text).expect("stored");
    assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
    assert_eq!(
        ZoneName::parse("Asia/Calcutta").expect("an alias").as_str(),
        "Asia/Kolkata"
    );
}

#[test]
fn a_time_is_read_only_where_a_clock_shows_it() {
    for text in ["00:00", "09:05", "23:59", "24:00"] {
        let time = WallTime::parse(text).expect(text);
        assert_eq!(String::from(time), text);
    }
    for text in [
        "24:01", "25:00", "09:60", "9:00", "09:00:00", "0900", "-1:00", "09.00", "",
    ] {
        assert_eq!(WallTime::parse(text), None, "{text}");
    }
}

/// The reference the decision is checked against: it looks at every minute and at what each clock shows then.
mod oracle {
    use super::*;

    /// A document in plain values: closed days, and for each window the weekday, its first minute and the minute after its last.
    struct Plain {
        closed: Vec<String>,
        windows: Vec<(u8, i64, i64)>,
        clocks: Vec<Clock>,
        rejects: bool,
    }

    impl Plain {
        fn of(hours: &CallingHours, clocks: Vec<Clock>) -> Self {
            let minute = |time: WallTime| {
                let text = String::from(time);
                let (hour, minute) = text.split_once(':').expect("a time");
                hour.parse::<i64>().expect("hours") * 60 + minute.parse::<i64>().expect("minutes")
            };
            let mut windows = Vec::new();
            for window in &hours.windows {
                for day in &window.days {
                    let is_named = |name: &&str| serde_json::json!(day) == **name;
                    let weekday = ALL_WEEK.iter().position(is_named).expect("a day");
                    let weekday = u8::try_from(weekday).expect("one of seven");
                    windows.push((weekday, minute(window.from), minute(window.to)));
                }
            }
            Self {
                closed: hours
                    .closed_dates
                    .iter()
                    .map(|date| String::from(*date))
                    .collect(),
                windows,
                clocks,
                rejects: hours.on_closed == OnClosed::Reject,
            }
        }

        fn is_open(&self, at: Timestamp) -> bool {
            self.clocks.iter().all(|clock| {
                let shown = clock.local(at);
                let (weekday, minute) = (shown.day.weekday(), shown.second / 60);
                let is_on = |&(on, from, to): &(u8, i64, i64)| {
                    on == weekday && from <= minute && minute < to
                };
                self.windows.iter().any(is_on)
                    && (self.closed.is_empty()
                        || !self.closed.contains(&String::from(Date(shown.day))))
            })
        }
    }

    /// The clocks that count, in the contract's words.
    fn clocks(hours: &CallingHours, callee: &[Zone], now: Timestamp) -> Option<Vec<Clock>> {
        let possible: Vec<Clock> = match &hours.time_zone {
            Place::Zone(name) => return Some(vec![zone(name.as_str()).clock()]),
            Place::Callee => callee.iter().map(|zone| zone.clock()).collect(),
        };
        let offsets = || possible.iter().map(|clock| clock.stretch(now).offset);
        let known = match (offsets().min(), offsets().max()) {
            (Some(least), Some(most)) => {
                let mut all_week = Plain::of(hours, possible.clone());
                all_week.closed.clear();
                let alike = possible.iter().all(|clock| Some(clock) == possible.first());
                let meet = || minutes(now, 8 * 86_400).any(|minute| all_week.is_open(minute));
                most - least <= 6 * 3600 && (alike || meet())
            }
            _ => false,
        };
        let fallback = hours.fallback_time_zone.as_ref();
        match known {
            true => Some(possible),
            false => fallback.map(|name| vec![zone(name.as_str()).clock()]),
        }
    }

    /// A moment, and each full minute after it for `secs` seconds.
    fn minutes(now: Timestamp, secs: u64) -> impl Iterator<Item = Timestamp> {
        let first = (now.0 / 60_000 + 1) * 60_000;
        let until = now.0 + secs * 1000;
        let later = (0..).map(move |n| Timestamp(first + n * 60_000));
        std::iter::once(now).chain(later.take_while(move |at| at.0 < until))
    }

    pub fn judge(all: &[CallingHours], callee: &[Zone], now: Timestamp) -> Verdict {
        let mut applied = Vec::new();
        for hours in all {
            match clocks(hours, callee, now) {
                Some(clocks) => applied.push(Plain::of(hours, clocks)),
                None => return Verdict::ZoneUnknown,
            }
        }
        let is_open = |at: &Timestamp| applied.iter().all(|hours| hours.is_open(*at));
        if is_open(&now) {
            return Verdict::Open;
        }
        Verdict::Closed {
            rejects: applied
                .iter()
                .any(|hours| hours.rejects && !hours.is_open(now)),
            opens_at: minutes(now, HORIZON.as_secs()).find(is_open),
        }
    }
}

/// Zones with every kind of daylight saving, and without.
const PLACES: [&str; 14] = [
    "Africa/Casablanca",
    "America/Havana",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/Vancouver",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
];

fn a_window() -> impl Strategy<Value = Window> {
    let days = prop::collection::vec(0usize..7, 1..5);
    (days, 0u64..1440, 1u64..1440).prop_map(|(days, from, length)| {
        let text = |minute: u64| format!("{:02}:{:02}", minute / 60, minute % 60);
        let days: Vec<&str> = days.into_iter().map(|day| ALL_WEEK[day]).collect();
        window(&days, &text(from), &text((from + length).min(1440)))
    })
}

fn some_hours(now: Timestamp) -> impl Strategy<Value = CallingHours> {
    let day = i64::try_from(now.as_secs() / 86_400).expect("in time");
    let place = prop_oneof![2 => Just("callee"), 1 => prop::sample::select(&PLACES[..])];
    let fallback = prop::option::of(prop::sample::select(&PLACES[..]));
    let windows = prop::collection::vec(a_window(), 1..6);
    let closed = prop::collection::vec((day - 1)..(day + 12), 0..6);
    (place, fallback, windows, closed, any::<bool>()).prop_map(
        |(place, fallback, windows, closed, rejects)| CallingHours {
            time_zone: Place::parse(place).expect("a place"),
            fallback_time_zone: fallback.and_then(ZoneName::parse),
            windows,
            closed_dates: closed.into_iter().map(|day| Date(Day(day))).collect(),
            on_closed: if rejects {
                OnClosed::Reject
            } else {
                OnClosed::Wait
            },
        },
    )
}

/// A moment in the next years: any, or one close to a clock change.
fn a_moment() -> impl Strategy<Value = Timestamp> {
    let moments = 1_767_225_600_000u64..2_240_000_000_000;
    (
        moments,
        any::<bool>(),
        prop::sample::select(&PLACES[..]),
        0u64..172_800,
    )
        .prop_map(|(moment, near, place, before)| {
            let change = zone(place).clock().stretch(Timestamp(moment)).until;
            match near && change != Timestamp::MAX {
                true => change - Span::from_secs(before),
                false => Timestamp(moment),
            }
        })
}

fn a_case() -> impl Strategy<Value = (Timestamp, Vec<CallingHours>, Vec<&'static str>)> {
    a_moment().prop_flat_map(|now| {
        let all = prop::collection::vec(some_hours(now), 1..4);
        (
            Just(now),
            all,
            prop::collection::vec(prop::sample::select(&PLACES[..]), 0..4),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_decision_is_the_one_that_a_look_at_every_minute_finds((now, all, callee) in a_case()) {
        let callee = zones(&callee);
        prop_assert_eq!(judge(&all, &callee, now), oracle::judge(&all, &callee, now));
    }
}

#[test]
fn every_zone_opens_at_what_its_clocks_show_around_each_change() {
    // Windows around the hours at which clocks change anywhere, over three years.
    let around = hours(
        "callee",
        &[
            window(&ALL_WEEK, "00:15", "00:45"),
            window(&ALL_WEEK, "01:30", "02:30"),
            window(&ALL_WEEK, "03:00", "03:15"),
            window(&ALL_WEEK, "22:40", "24:00"),
        ],
    );
    for name in PLACES {
        let (place, clock) = (zone(name), zone(name).clock());
        let mut change = clock.stretch(at("2027-01-01 00:00")).until;
        while change < at("2030-01-01 00:00") {
            for quarter in 0..24 {
                let now =
                    change - Span::from_secs(3 * 3600) + Span::from_secs(quarter * 15 * MINUTE + 7);
                let expected = oracle::judge(std::slice::from_ref(&around), &[place], now);
                assert_eq!(judge([&around], &[place], now), expected, "{name} {now:?}");
            }
            change = clock.stretch(change).until;
        }
    }
}
