//! What readers find, and in what order.

use super::*;
use audatec::app::trunk::Slices;

#[test]
fn another_organisation_finds_nothing() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    let stranger = audatec::app::trunk::Reader {
        org: audatec::domain::ids::OrgId::from_entropy([9; 16]),
        ..reader()
    };
    assert_ne!(stranger.org, org());
    assert_eq!(
        world.ask(TrunkCommand::Read(stranger, id)),
        TrunkReply::Missing
    );
    assert_eq!(
        world.ask(TrunkCommand::Cancel(stranger, id)),
        TrunkReply::Missing
    );
    let filter = CallFilter {
        limit: 10,
        scan_limit: SCAN_LIMIT,
        ..CallFilter::default()
    };
    assert_eq!(
        world.ask(TrunkCommand::List(stranger, filter)),
        TrunkReply::Calls(vec![], None)
    );
}

#[test]
fn a_page_shows_open_and_closed_calls_newest_first() {
    let mut world = World::new(10, 10);
    let ids: Vec<CallId> = (0..4).map(|_| world.accepted(OK)).collect();
    world.run_to_end(ids[1]);
    deliver(&mut world, 200);
    let fresh = world.accepted("+15005550001");
    let page = |world: &mut World, filter| match world.ask(TrunkCommand::List(reader(), filter)) {
        TrunkReply::Calls(calls, None) => calls.into_iter().map(|call| call.id).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let filter = CallFilter {
        limit: 10,
        scan_limit: SCAN_LIMIT,
        ..CallFilter::default()
    };
    assert_eq!(
        page(&mut world, filter.clone()),
        [fresh, ids[3], ids[2], ids[1], ids[0]]
    );
    let before = CallFilter {
        before: Some(ids[2]),
        limit: 1,
        ..filter.clone()
    };
    assert_eq!(page(&mut world, before), [ids[1]]);
    let initiating = CallFilter {
        status: vec![CallStatus::Initiating],
        ..filter
    };
    assert_eq!(page(&mut world, initiating), [fresh]);
}

/// The pages of a list over several trunks, as the edge asks for them: each a call's id, newest first.
#[expect(clippy::panic, reason = "a test says what it expects")]
fn pages(worlds: &mut [World], filter: &CallFilter) -> Vec<Vec<CallId>> {
    let mut pages = Vec::new();
    let mut filter = filter.clone();
    loop {
        let ask = |world: &mut World| {
            let reply = world.ask(TrunkCommand::List(reader(), filter.clone()));
            let TrunkReply::Calls(calls, until) = reply else {
                panic!("{reply:?}");
            };
            Scan { calls, until }
        };
        let found = Scan::merge(worlds.iter_mut().map(ask).collect(), filter.limit);
        let page: Vec<CallId> = found.calls.iter().map(|call| call.id).collect();
        let is_full = page.len() == filter.limit;
        let next = page.last().copied().filter(|_| is_full).or(found.until);
        pages.push(page);
        if next.is_none() {
            return pages;
        }
        filter.before = next;
    }
}

#[test]
fn pages_that_end_early_go_on_where_they_stopped_and_find_each_match_once() {
    const RARE: &str = "+15005550001";
    let mut worlds = [World::new(100, 1000), World::new(100, 1000)];
    let mut rare = Vec::new();
    for at in 0..40 {
        // Two trunks in turns, one of them with longer stretches; the last calls are open still.
        let which = usize::from(at % 7 < 3);
        let number = if at % 11 == 5 || at > 36 { RARE } else { OK };
        let world = &mut worlds[which];
        world.now = START + Span(at * 60_000);
        let id = world.accepted(number);
        if at < 38 {
            world.run_to_end(id);
            deliver(world, 200);
        }
        if number == RARE {
            rare.insert(0, id);
        }
    }
    assert!(rare.len() > 5);
    for (scan_limit, limit) in
        (1..45).flat_map(|scan_limit| (1..4).map(move |limit| (scan_limit, limit)))
    {
        let filter = CallFilter {
            phone: E164::parse(RARE),
            limit,
            scan_limit,
            ..CallFilter::default()
        };
        let pages = pages(&mut worlds, &filter);
        assert_eq!(pages.concat(), rare, "{scan_limit} rows a page of {limit}");
        assert!(
            pages.len() <= 40 / scan_limit + rare.len() / limit + 3,
            "{scan_limit}, {limit}: {pages:?}"
        );
    }
}

#[test]
fn thousands_of_live_calls_are_told_of_in_slices_each_once_and_oldest_first() {
    let mut world = World::new(1_000, 1_000);
    let ids: Vec<CallId> = (0..600).map(|_| world.accepted(OK)).collect();
    let (mut told, mut from, mut slices) = (Vec::new(), 0, 0);
    loop {
        let asked = TrunkCommand::LiveFrom(reader(), from);
        let TrunkReply::LiveSlice { calls, next, .. } = world.ask(asked) else {
            panic!("no slice");
        };
        assert!(calls.len() <= 250, "a slice is small");
        told.extend(calls.into_iter().map(|call| call.id));
        slices += 1;
        match next {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!(told, ids);
    assert_eq!(slices, 3);
    let stranger = audatec::app::trunk::Reader {
        org: audatec::domain::ids::OrgId::from_entropy([9; 16]),
        ..reader()
    };
    let TrunkReply::LiveSlice { calls, .. } = world.ask(TrunkCommand::LiveFrom(stranger, 0)) else {
        panic!("no slice");
    };
    assert_eq!(calls, []);
}

#[test]
fn an_edge_of_an_earlier_release_is_told_of_a_thousand_live_calls_at_most() {
    let mut world = World::new(10_000, 10_000);
    let ids: Vec<CallId> = (0..1_100).map(|_| world.accepted(OK)).collect();
    let TrunkReply::Live(calls, waiting, held_back) = world.ask(TrunkCommand::Live(reader()))
    else {
        panic!("not the reply that such an edge reads");
    };
    assert_eq!((waiting, held_back), (0, Vec::new()));
    let told: Vec<CallId> = calls.iter().map(|call| call.id).collect();
    assert_eq!(told, ids[..1_000], "the oldest");
}

#[test]
fn a_list_that_takes_long_says_how_far_it_got_and_goes_on_there() {
    let mut world = World::new(100, 100);
    let ids: Vec<CallId> = (0..60).map(|_| world.accepted(OK)).collect();
    for id in &ids {
        world.run_to_end(*id);
    }
    let (mut told, mut before, mut questions) = (Vec::new(), None, 0);
    loop {
        let filter = CallFilter {
            limit: 100,
            scan_limit: 20_000,
            before,
            ..CallFilter::default()
        };
        let mut slices = Slices::of(TrunkCommand::List(reader(), filter), 5);
        let mut so_far = 0;
        let (calls, until) = loop {
            let reply = world.ask(slices.command());
            so_far += 1;
            if so_far == 3 {
                slices.ends();
            }
            match slices.take(reply).0 {
                Some(TrunkReply::Calls(calls, until)) => break (calls, until),
                Some(other) => panic!("{other:?}"),
                None => {}
            }
        };
        assert!(so_far <= 3);
        questions += 1;
        told.extend(calls.into_iter().map(|call| call.id));
        match until {
            Some(until) => before = Some(until),
            None => break,
        }
    }
    assert!(questions >= 4, "{questions}");
    told.reverse();
    assert_eq!(told, ids);
}

#[test]
fn whoever_asks_too_late_by_a_short_permit_is_told_nothing_and_changes_nothing() {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    let until = |at| audatec::app::trunk::Reader {
        good_until: Some(at),
        ..reader()
    };
    let (late, in_time) = (until(world.now), until(world.now + Span(1)));
    for command in [
        TrunkCommand::Status(late, id),
        TrunkCommand::Read(late, id),
        TrunkCommand::Cancel(late, id),
        TrunkCommand::Transcript(late, id),
    ] {
        let reply = world.ask(command);
        assert!(
            matches!(reply, TrunkReply::Refused(TrunkRefusal::Late)),
            "{reply:?}"
        );
    }
    let status = world.ask(TrunkCommand::Status(in_time, id));
    assert!(matches!(status, TrunkReply::Status(_)), "{status:?}");
    let cancelled = world.ask(TrunkCommand::Cancel(in_time, id));
    assert!(matches!(cancelled, TrunkReply::Call(_)), "{cancelled:?}");
}
