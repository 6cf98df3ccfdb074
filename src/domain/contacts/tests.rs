use super::*;
use crate::domain::ids::{AgentId, TrunkTag};
use crate::domain::time::Span;
use crate::domain::zones::Zone;

const SECOND: Span = Span::from_secs(1);
const HOUR: Span = Span::from_secs(3_600);
const DAY: Span = Span::from_secs(86_400);

fn take(ticket: u64, by: u64, limits: &[ContactLimit], stage: Stage) -> Take {
    Take {
        number: Number(1),
        ticket: Ticket(TrunkTag(1), ticket),
        by,
        org: limits.to_vec(),
        own: Vec::new(),
        zone: None,
        stage,
    }
}

fn dial(dials: &mut Dials, ticket: u64, limits: &[ContactLimit], now: Timestamp) -> Contact {
    dials.take(&take(ticket, 1, limits, Stage::Dial), now)
}

#[test]
fn an_hour_slides_and_what_is_pending_says_no_moment() {
    let limits = [ContactLimit(2, Per::Hour)];
    let (mut dials, start) = (Dials::default(), Timestamp(1_800_000_000_000));
    assert_eq!(dial(&mut dials, 1, &limits, start), Contact::Free);
    let reserved = take(2, 1, &limits, Stage::Reserve);
    assert_eq!(dials.take(&reserved, start + SECOND), Contact::Free);
    // Of the two that count, the dialed one stops counting first.
    let until = start + MARGIN + HOUR;
    let look = take(3, 1, &limits, Stage::Look);
    assert_eq!(
        dials.take(&look, start + SECOND),
        Contact::Limited(Some(until))
    );
    let third = take(4, 1, &[ContactLimit(1, Per::Hour)], Stage::Look);
    assert_eq!(dials.take(&third, start + SECOND), Contact::Limited(None));
    assert_eq!(dial(&mut dials, 2, &limits, start + SECOND), Contact::Free);
    let early = dial(&mut dials, 5, &limits, until - Span(1));
    assert_eq!(early, Contact::Limited(Some(until)));
    assert_eq!(dial(&mut dials, 5, &limits, until), Contact::Free);
}

#[test]
fn days_and_weeks_are_those_of_the_zone() {
    // Monday, 30 November 2026, 12:00 UTC.
    let noon = Timestamp(1_796_040_000_000);
    for (zone, midnight) in [
        (None, Span::from_secs(12 * 3_600)),
        (Some("Asia/Kolkata"), Span::from_secs(6 * 3_600 + 1_800)),
        (Some("America/New_York"), Span::from_secs(17 * 3_600)),
    ] {
        let limited = |limits: &[ContactLimit], stage| Take {
            zone: zone.map(str::to_owned),
            ..take(if stage == Stage::Dial { 1 } else { 2 }, 1, limits, stage)
        };
        for (per, next) in [
            (Per::Day, noon + midnight),
            (Per::Week, noon + midnight + Span(DAY.0 * 6)),
        ] {
            let limits = [ContactLimit(1, per)];
            let mut dials = Dials::default();
            dials.take(&limited(&limits, Stage::Dial), noon);
            let look = limited(&limits, Stage::Look);
            assert_eq!(
                dials.take(&look, noon + SECOND),
                Contact::Limited(Some(next)),
                "{zone:?}"
            );
            assert_eq!(
                dials.take(&look, next - Span(1)),
                Contact::Limited(Some(next))
            );
            assert_eq!(dials.take(&look, next), Contact::Free, "{zone:?} {per:?}");
        }
    }
}

/// Where clocks go forward at midnight, the day begins at one; where they go back at midnight, it begins only once.
#[test]
fn a_day_begins_where_its_midnight_is_skipped_or_repeated() {
    use crate::domain::zones::calendar::Day;
    for name in [
        "America/Santiago",
        "America/Havana",
        "Asia/Beirut",
        "Africa/Cairo",
        "Europe/Berlin",
        "Asia/Kolkata",
    ] {
        let clock = Zone::named(name).expect(name).clock();
        for day in Day::of(2025, 1, 1).0..Day::of(2029, 1, 1).0 {
            let begins = clock.begins(Day(day));
            assert_eq!(clock.local(begins).day, Day(day), "{name}");
            assert!(clock.local(begins - Span(1)).day < Day(day), "{name}");
        }
    }
}

#[test]
fn who_came_first_counts_first_and_what_was_dialed_always() {
    let limits = [ContactLimit(1, Per::Hour)];
    let now = Timestamp(1_800_000_000_000);
    let mut dials = Dials::default();
    let wide = [ContactLimit(3, Per::Hour)];
    for ticket in 1..=3 {
        let reserve = take(ticket, 1, &wide, Stage::Reserve);
        assert_eq!(dials.take(&reserve, now), Contact::Free);
    }
    assert_eq!(dial(&mut dials, 2, &limits, now), Contact::Limited(None));
    assert_eq!(dial(&mut dials, 1, &limits, now), Contact::Free);
    let until = Some(now + MARGIN + HOUR);
    assert_eq!(dial(&mut dials, 3, &limits, now), Contact::Limited(until));
    assert!(dials.give_back(Ticket(TrunkTag(1), 1), now));
    assert!(dials.is_empty(), "who was refused has no place");
    // A call that was dialed keeps its place even if its claim asks again when no other is free.
    assert_eq!(dial(&mut dials, 4, &limits, now), Contact::Free);
    dials.take(&take(5, 1, &[], Stage::Dial), now);
    assert!(matches!(
        dial(&mut dials, 4, &limits, now),
        Contact::Limited(_)
    ));
    assert!(dials.give_back(Ticket(TrunkTag(1), 5), now));
    assert!(matches!(
        dial(&mut dials, 6, &limits, now),
        Contact::Limited(_)
    ));
}

#[test]
fn a_reservation_lapses_a_kept_one_does_not_and_one_that_was_given_back_is_not_kept() {
    let limits = [ContactLimit(1, Per::Day)];
    let now = Timestamp(1_800_000_000_000);
    let mut dials = Dials::default();
    dials.take(&take(1, 1, &limits, Stage::Reserve), now);
    let other = take(2, 1, &limits, Stage::Reserve);
    assert_eq!(
        dials.take(&other, now + Span(59_999)),
        Contact::Limited(None)
    );
    dials.take(&take(1, 1, &limits, Stage::Keep), now + Span(59_999));
    assert_eq!(dials.take(&other, now + HOUR), Contact::Limited(None));
    dials.give_back(Ticket(TrunkTag(1), 1), now);
    dials.take(&take(1, 1, &limits, Stage::Keep), now + HOUR);
    assert!(dials.is_empty());
    dials.take(&other, now + HOUR);
    assert_eq!(
        dials.take(
            &take(3, 1, &limits, Stage::Reserve),
            now + HOUR + Span(60_000)
        ),
        Contact::Free
    );
}

#[test]
fn an_agents_own_limits_count_its_own_and_are_kept_apart() {
    let mut dials = Dials::default();
    let now = Timestamp(1_800_000_000_000);
    let own = |ticket, by| Take {
        own: vec![ContactLimit(1, Per::Day)],
        ..take(ticket, by, &[], Stage::Dial)
    };
    assert_eq!(dials.take(&own(1, 1), now), Contact::Free);
    assert!(matches!(dials.take(&own(2, 1), now), Contact::Limited(_)));
    assert_eq!(dials.take(&own(3, 2), now), Contact::Free);
    let ids = [[1; 16], [2; 16], [0xff; 16]].map(AgentId::from_entropy);
    let keys = ids.map(agent_key);
    assert!(keys[0] != keys[1] && keys[1] != keys[2]);
}

/// Whatever arrives in whatever order: judged by the moments of the dials, no limit was ever exceeded.
#[test]
fn no_limit_is_ever_passed() {
    let mut seed = 1_u64;
    let mut draw = |most: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    for _ in 0..200 {
        let limits = [
            ContactLimit(draw(3) as u32 + 1, Per::Hour),
            ContactLimit(draw(900) as u32 + 1, Per::Gap),
        ];
        let (mut dials, mut now, mut dialed) =
            (Dials::default(), Timestamp(1_800_000_000_000), Vec::new());
        for _ in 0..120 {
            now = now + Span(draw(400_000));
            let ticket = dialed.len() as u64 * 12 + draw(12);
            let stage = [Stage::Reserve, Stage::Keep, Stage::Dial][draw(3) as usize];
            if draw(8) == 0 {
                dials.give_back(Ticket(TrunkTag(1), ticket), now);
            } else if dials.take(&take(ticket, 1, &limits, stage), now) == Contact::Free
                && stage == Stage::Dial
            {
                // The dial may come a little after the mark.
                dialed.push(now + Span(draw(1_000)));
            }
        }
        let [ContactLimit(most, _), ContactLimit(gap, _)] = limits;
        for some in dialed.windows(most as usize + 1) {
            assert!(some[most as usize] - some[0] >= HOUR);
        }
        for pair in dialed.windows(2) {
            assert!(pair[1] - pair[0] >= Span::from_secs(u64::from(gap)));
        }
    }
}

/// A claim that was long in transit arrives after its place was given back: it takes none.
#[test]
fn a_place_that_was_given_back_is_not_taken_by_who_comes_late() {
    let limits = [ContactLimit(1, Per::Day)];
    let now = Timestamp(1_800_000_000_000);
    let mut dials = Dials::default();
    dials.take(&take(1, 1, &limits, Stage::Reserve), now);
    assert!(dials.give_back(Ticket(TrunkTag(1), 1), now + SECOND));
    assert!(
        !dials.give_back(Ticket(TrunkTag(1), 1), now + SECOND),
        "once"
    );
    let late = dial(&mut dials, 1, &limits, now + SECOND);
    assert_eq!(late, Contact::Limited(None));
    assert_eq!(dial(&mut dials, 2, &limits, now + SECOND), Contact::Free);
}
