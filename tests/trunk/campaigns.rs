//! Campaigns' calls: what a trunk grants, takes, gives back and reports.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use audatec::app::trunk::{EraseCalls, UsageFilter};
use audatec::domain::call::{CampaignCall, GivenBack};
use audatec::domain::campaign::HeldBy;
use audatec::domain::campaign::handover::{
    Became, Check, Demand, Ended, GOOD_FOR, Handed, Round, RoundAnswer, Standing, TakeBack, Taken,
};
use audatec::domain::contacts::{ContactLimit, Number, Per};
use audatec::domain::ids::CampaignId;
use audatec::domain::trunk::GRANT;
use audatec::domain::usage::{GroupBy, Hour};

use super::support::livekit::{NUMBER, claim, livekit_world};
use super::support::rows::Full;
use super::*;

fn campaign(number: u8) -> CampaignId {
    CampaignId::from_entropy([number; 16])
}

fn handed(campaign: CampaignId, call: CallId, number: &str) -> Handed {
    let own = CampaignCall {
        id: campaign,
        reference: number.into(),
        attempt: 1,
        max_attempts: 1,
        first: None,
        previous: None,
        next: None,
        hours: None,
        given_back: None,
    };
    let mut request = World::request(number);
    request.campaign = Some(Box::new(own));
    Handed {
        call,
        request,
        not_after: None,
    }
}

fn round(campaign: CampaignId, ready: u32, in_progress: u32, calls: Vec<Handed>) -> Round {
    Round {
        org: org(),
        campaign,
        key: api_key(),
        agent: agent(),
        demand: Demand {
            ready,
            in_progress,
            max_channels: None,
            max_cps: None,
        },
        calls,
    }
}

fn take_round(world: &mut World, round: Round) -> RoundAnswer {
    match world.ask(TrunkCommand::CampaignRound(round)) {
        TrunkReply::Round(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// Asks for one call, and hands it over.
fn begun(world: &mut World, campaign: CampaignId, number: &str) -> CallId {
    begun_as(world, campaign, |id| handed(campaign, id, number))
}

fn begun_as(
    world: &mut World,
    campaign: CampaignId,
    handed: impl FnOnce(CallId) -> Handed,
) -> CallId {
    let answer = take_round(world, round(campaign, 1, 0, Vec::new()));
    let id = *answer.granted.first().expect("an id");
    let answer = take_round(world, round(campaign, 0, 1, vec![handed(id)]));
    assert_eq!(answer.taken, [(id, Taken::Accepted)]);
    id
}

/// One of whose end nobody is told, so that it may leave then.
fn over(world: &mut World, campaign: CampaignId) -> CallId {
    let id = begun_as(world, campaign, |id| {
        let mut handed = handed(campaign, id, OK);
        handed.request.callback_url = None;
        handed
    });
    world.run_to_end(id);
    id
}

fn outcome(world: &mut World, campaign: CampaignId, call: CallId) -> Became {
    let command = TrunkCommand::CampaignOutcomes {
        org: org(),
        campaign,
        calls: vec![call],
    };
    match world.ask(command) {
        TrunkReply::Outcomes(mut calls) => calls.pop().expect("one").1,
        other => panic!("{other:?}"),
    }
}

fn told(world: &mut World) -> Vec<(CallId, Ended)> {
    let errands = std::mem::take(&mut world.sent.campaigns).into_iter();
    errands.flat_map(|errand| errand.calls).collect()
}

#[test]
fn a_call_that_is_handed_over_is_a_call_like_any_other_and_its_end_is_told() {
    let mut world = World::new(10, 10);
    let id = begun(&mut world, campaign(1), OK);
    assert_eq!(outcome(&mut world, campaign(1), id), Became::Open);
    let call = world.run_to_end(id);
    assert_eq!(call.status, CallStatus::Completed);
    assert_eq!(call.request.campaign.expect("its campaign").reference, OK);
    let told = told(&mut world);
    let [(call, ended)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!((*call, ended.status), (id, CallStatus::Completed));
    assert!(ended.was_answered && ended.given_back.is_none());
    let over = Became::Over(Box::new(ended.clone()));
    assert_eq!(outcome(&mut world, campaign(1), id), over);
    world.crash();
    assert_eq!(outcome(&mut world, campaign(1), id), over);
    let other = outcome(&mut world, campaign(2), id);
    assert_eq!(other, Became::Nothing, "another's");
}

/// What an erasure of this number removes.
fn erase(world: &mut World, number: &str, gone: Vec<CallId>) -> Vec<CallId> {
    let asked = EraseCalls {
        org: org(),
        number: Number::of(&E164::parse(number).expect("a number")),
        from: 0,
        through: None,
        gone,
    };
    match world.ask(TrunkCommand::Erase(Box::new(asked))) {
        TrunkReply::Erased(erased) => erased.found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_a_call_that_has_left_nobody_says_that_there_was_none() {
    for (is_erased, is_full) in [(false, Full::No), (false, Full::Writes), (true, Full::No)] {
        let mut world = World::new(10, 10);
        let (other, id) = (over(&mut world, campaign(1)), over(&mut world, campaign(1)));
        world.now = world.now + Span::from_secs(120);
        let answer = take_round(&mut world, round(campaign(2), 1, 0, Vec::new()));
        let granted = *answer.granted.first().expect("an id");
        let answer = take_round(&mut world, round(campaign(3), 1, 0, Vec::new()));
        let later = *answer.granted.first().expect("an id");
        match is_erased {
            true => {
                let found = erase(&mut world, OK, Vec::new());
                assert_eq!(found, [other, id]);
                erase(&mut world, OK, found);
            }
            false => {
                // Where nothing can be written, there is room for that once it has left.
                world.luck.full.set(is_full);
                let _ = world.try_ask(TrunkCommand::Forget(vec![other, id]));
                world.luck.full.set(Full::No);
            }
        }
        assert!(world.rows.all().is_empty());
        let unknown = |became: Became| match became {
            Became::Over(ended) => ended.is_unknown(),
            Became::Open | Became::Nothing => false,
        };
        for _ in 0..2 {
            assert!(unknown(outcome(&mut world, campaign(1), id)));
            let again = vec![handed(campaign(1), id, OK)];
            let answer = take_round(&mut world, round(campaign(1), 0, 1, again));
            assert_eq!(answer.taken, [(id, Taken::Accepted)], "it was one before");
            assert!(world.rows.all().is_empty(), "and is none now");
            world.crash();
        }
        // What was granted since is no call, and is known to be none.
        for (whose, id) in [(2, granted), (3, later)] {
            assert_eq!(outcome(&mut world, campaign(whose), id), Became::Nothing);
        }
    }
}

#[test]
fn what_was_granted_and_not_handed_over_is_no_call_whatever_has_left_since() {
    let mut world = World::new(10, 10);
    let answer = take_round(&mut world, round(campaign(1), 1, 0, Vec::new()));
    let granted = *answer.granted.first().expect("an id");
    let id = over(&mut world, campaign(2));
    world.ask(TrunkCommand::Forget(vec![id]));
    assert!(granted < id && world.rows.all().is_empty());
    assert_eq!(outcome(&mut world, campaign(1), granted), Became::Nothing);
}

/// Whatever is lost on the way: the same call is handed over again, and is there once.
#[test]
fn a_hand_over_that_is_repeated_meets_its_own_call() {
    let mut world = World::new(10, 10);
    let id = begun(&mut world, campaign(1), OK);
    let again = || round(campaign(1), 0, 1, vec![handed(campaign(1), id, OK)]);
    let rows = world.rows.all().len();
    assert_eq!(
        take_round(&mut world, again()).taken,
        [(id, Taken::Accepted)]
    );
    world.crash();
    assert_eq!(
        take_round(&mut world, again()).taken,
        [(id, Taken::Accepted)]
    );
    world.now = world.now + GOOD_FOR;
    assert_eq!(
        take_round(&mut world, again()).taken,
        [(id, Taken::Accepted)]
    );
    assert_eq!(world.rows.all().len(), rows);
    let others = round(campaign(2), 0, 1, vec![handed(campaign(2), id, OK)]);
    assert_eq!(take_round(&mut world, others).taken, [(id, Taken::Stale)]);
}

#[test]
fn an_id_that_is_too_old_or_was_granted_before_a_restart_is_not_taken_and_another_is_drawn() {
    let grant = |world: &mut World| {
        let answer = take_round(world, round(campaign(1), 1, 0, Vec::new()));
        assert_eq!(answer.granted.len(), 1);
        answer.granted[0]
    };
    let hand_over = |world: &mut World, id| {
        let calls = vec![handed(campaign(1), id, OK)];
        take_round(world, round(campaign(1), 1, 1, calls))
    };
    let mut world = World::new(10, 10);
    for (wait, crashes) in [(GOOD_FOR, false), (Span(10), true)] {
        let id = grant(&mut world);
        if crashes {
            world.crash();
        }
        world.now = world.now + wait;
        let answer = hand_over(&mut world, id);
        assert_eq!(answer.taken, [(id, Taken::Stale)]);
        assert_eq!(outcome(&mut world, campaign(1), id), Became::Nothing);
        let [next] = answer.granted[..] else {
            panic!("{answer:?}");
        };
        assert_ne!(next, id);
        assert_eq!(hand_over(&mut world, next).taken, [(next, Taken::Accepted)]);
        assert_eq!(world.run_to_end(next).status, CallStatus::Completed);
    }
    // One that was asked about is not taken any more, and one of the round before the last neither.
    let id = grant(&mut world);
    assert_eq!(outcome(&mut world, campaign(1), id), Became::Nothing);
    assert_eq!(hand_over(&mut world, id).taken, [(id, Taken::Stale)]);
    let (first, second) = (grant(&mut world), grant(&mut world));
    assert_eq!(hand_over(&mut world, first).taken, [(first, Taken::Stale)]);
    assert_eq!(
        hand_over(&mut world, second).taken,
        [(second, Taken::Stale)]
    );
}

/// A write that failed is no answer; what it left, the rows say.
#[test]
fn a_hand_over_that_could_not_be_written_may_be_repeated() {
    for failure in [Fail::Before, Fail::After] {
        let mut world = World::new(10, 10);
        let answer = take_round(&mut world, round(campaign(1), 1, 0, Vec::new()));
        let id = answer.granted[0];
        let hand_over = || round(campaign(1), 0, 1, vec![handed(campaign(1), id, OK)]);
        world.luck.fails(failure);
        let round = TrunkCommand::CampaignRound(hand_over());
        assert!(world.try_ask(round).is_err());
        world.now = world.now + Span(1_000);
        let taken = take_round(&mut world, hand_over()).taken[0].1;
        let rows = world.rows.all().len();
        match taken {
            Taken::Accepted => assert_eq!(rows, 1),
            _ => assert_eq!((taken, rows), (Taken::Stale, 0)),
        }
    }
}

#[test]
fn what_keeps_a_call_from_being_taken_is_said_in_the_order_of_the_checks() {
    let mut world = World::new(10, 10);
    let hand_over = |world: &mut World, change: &dyn Fn(&mut audatec::domain::trunk::Brief)| {
        world.now = world.now + Span(1);
        world.brief(10, 10, |brief| brief.asks_of_numbers = true);
        let answer = take_round(world, round(campaign(1), 1, 0, Vec::new()));
        let id = answer.granted[0];
        world.now = world.now + Span(1);
        world.brief(10, 10, |brief| {
            brief.asks_of_numbers = true;
            change(brief);
        });
        let calls = vec![handed(campaign(1), id, OK)];
        let answer = take_round(world, round(campaign(1), 1, 1, calls));
        (answer.taken[0].1, answer.held_by)
    };
    let nothing = |_: &mut audatec::domain::trunk::Brief| {};
    world.suppressed = vec![Number::of(&E164::parse(OK).expect("a number"))];
    let key = hand_over(&mut world, &|brief| {
        brief.revoked_keys = vec![api_key()];
        brief.inactive_agents = vec![agent()];
    });
    assert_eq!(key, (Taken::KeyRevoked, None));
    let agent = hand_over(&mut world, &|brief| {
        brief.inactive_agents = vec![agent()];
        brief.config.status = Status::Inactive;
    });
    assert_eq!(
        agent,
        (
            Taken::Held(HeldBy::AgentInactive),
            Some(HeldBy::AgentInactive)
        )
    );
    let trunk = hand_over(&mut world, &|brief| {
        brief.config.status = Status::Inactive;
        brief.config.destinations.deny = vec!["+1500".into()];
    });
    assert_eq!(
        trunk,
        (
            Taken::Held(HeldBy::TrunkInactive),
            Some(HeldBy::TrunkInactive)
        )
    );
    let suppressed = hand_over(&mut world, &|brief| brief.config.max_channels = 0);
    assert_eq!(suppressed.0, Taken::Unfit(Standing::Suppressed));
    world.suppressed.clear();
    world.nobody_knows = true;
    let unknown = hand_over(&mut world, &nothing);
    assert_eq!(unknown.0, Taken::Unfit(Standing::NotAsked));
    world.nobody_knows = false;
    let limits = |brief: &mut audatec::domain::trunk::Brief| {
        brief.limits.org = vec![ContactLimit(1, Per::Hour)];
        brief.config.max_channels = 0;
    };
    world.now = world.now + Span(1);
    world.brief(10, 10, |brief| {
        brief.asks_of_numbers = true;
        limits(brief);
        brief.config.max_channels = 10;
    });
    world.accepted(OK);
    let limited = hand_over(&mut world, &limits);
    assert_eq!(limited.0, Taken::Unfit(Standing::Limited(None)));
    let day = hand_over(&mut world, &|brief| {
        brief.config.max_calls_per_day = Some(1)
    });
    assert_eq!(day, (Taken::Held(HeldBy::Capacity), Some(HeldBy::Capacity)));
    let room = hand_over(&mut world, &|brief| brief.config.max_channels = 1);
    assert_eq!(room, (Taken::NoRoom, Some(HeldBy::Capacity)));
    assert_eq!(
        world.rows.all().len(),
        1,
        "nothing is created, least of all a refused call"
    );
}

#[test]
fn people_are_checked_as_requests_are() {
    let mut world = World::new(10, 10);
    let check = |world: &mut World| {
        let people = [(OK, None), ("+919876543210", None), ("+14155550100", None)];
        let people = people.map(|(phone, zone)| (E164::parse(phone).expect("a number"), zone));
        let check = Check {
            org: org(),
            agent: agent(),
            hours: None,
            people: people.into(),
        };
        match world.ask(TrunkCommand::CampaignCheck(check)) {
            TrunkReply::Standings(standings) => standings,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(check(&mut world), [Standing::Ready; 3]);
    world.now = world.now + Span(1);
    world.brief(10, 10, |brief| brief.asks_of_numbers = true);
    world.suppressed = vec![Number::of(&E164::parse("+919876543210").expect("a number"))];
    use Standing::{NotAsked, Ready, Suppressed};
    assert_eq!(check(&mut world), [Ready, Suppressed, Ready]);
    world.nobody_knows = true;
    assert_eq!(check(&mut world), [NotAsked; 3]);
}

fn taken_back(world: &mut World, calls: &[CallId], why: TakeBack, last: bool) -> Option<Timestamp> {
    let command = TrunkCommand::CampaignTakeBack {
        org: org(),
        campaign: campaign(1),
        calls: calls.to_vec(),
        why,
        last,
    };
    match world.ask(command) {
        TrunkReply::TakenBack { again_at } => again_at,
        other => panic!("{other:?}"),
    }
}

/// After a pause no further phone rings: what no dialer has comes back, what may ring is waited for, what rings goes on.
#[test]
fn a_pause_takes_back_what_does_not_ring() {
    let mut world = World::new(10, 10);
    let ringing = begun(&mut world, campaign(1), OK);
    world.dispatch();
    world.now = world.now + GRANT;
    let unclaimed = begun(&mut world, campaign(1), OK);
    let granted = take_round(&mut world, round(campaign(1), 1, 2, Vec::new())).granted[0];
    world.now = world.now + Span(1);
    let calls = [ringing, unclaimed, granted];
    assert_eq!(
        taken_back(&mut world, &calls, TakeBack::Paused, false),
        None
    );
    let back = world.call(unclaimed);
    assert_eq!(back.status, CallStatus::TriggerFailed);
    let own = back.request.campaign.expect("its campaign");
    assert_eq!(own.given_back, Some(GivenBack::TakenBack));
    let ended = told(&mut world);
    assert_eq!(ended[0].0, unclaimed);
    assert_eq!(ended[0].1.given_back, Some(GivenBack::TakenBack));
    // Its dialer comes too late, and so does its campaign with what it was granted.
    assert_eq!(world.dispatch(), []);
    let late = round(campaign(1), 0, 1, vec![handed(campaign(1), granted, OK)]);
    assert_eq!(
        take_round(&mut world, late).taken,
        [(granted, Taken::Stale)]
    );
    assert_eq!(world.run_to_end(ringing).status, CallStatus::Completed);
}

/// Whoever has a call may ring its phone for a moment longer, and after it never.
#[test]
fn a_phone_that_may_ring_just_now_is_waited_for() {
    let mut world = World::new(10, 10);
    let id = begun(&mut world, campaign(1), OK);
    world.ask(TrunkCommand::Claim(vec![id]));
    let again_at = taken_back(&mut world, &[id], TakeBack::Paused, false);
    assert_eq!(again_at, Some(world.now + GRANT));
    world.now = world.now + GRANT;
    assert_eq!(taken_back(&mut world, &[id], TakeBack::Paused, true), None);
    assert_eq!(
        world.call(id).status,
        CallStatus::Initiating,
        "it may ring: an open call"
    );
    assert_eq!(
        taken_back(&mut world, &[id], TakeBack::Canceled, true),
        None
    );
    let call = world.call(id);
    assert_eq!(call.status, CallStatus::SipCallFailed);
    assert_eq!(call.request.campaign.expect("its own").given_back, None);
}

#[test]
fn a_call_in_a_room_whose_phone_was_not_allowed_to_ring_never_rings() {
    for asks_first in [false, true] {
        let mut world = livekit_world();
        let id = begun(&mut world, campaign(1), NUMBER);
        claim(&mut world, id);
        if asks_first {
            world.now = world.now + Span(1_500);
            assert_eq!(world.ask(TrunkCommand::Ring(id)), TrunkReply::Done);
            let again_at = taken_back(&mut world, &[id], TakeBack::Paused, false);
            assert_eq!(again_at, Some(world.now + GRANT));
        } else {
            assert_eq!(taken_back(&mut world, &[id], TakeBack::Paused, false), None);
        }
        assert_eq!(
            world.ask(TrunkCommand::Ring(id)),
            TrunkReply::Over(vec![id])
        );
        let call = world.call(id);
        let own = call.request.campaign.clone().expect("its campaign");
        assert_eq!(own.given_back, Some(GivenBack::TakenBack));
        assert_eq!(
            (call.status, call.dialed_at),
            (CallStatus::TriggerFailed, None)
        );
    }
}

#[test]
fn a_cancellation_hangs_up_what_rings_and_with_hang_up_who_talks() {
    for (why, talks_on) in [(TakeBack::Canceled, true), (TakeBack::HungUp, false)] {
        let mut world = World::new(10, 10);
        let talking = begun(&mut world, campaign(1), OK);
        world.dispatch();
        world.now = world.now + world.settings.sim_ring + Span(1_500);
        world.settings.sim_ring = Span(60_000);
        let ringing = begun(&mut world, campaign(1), OK);
        world.dispatch();
        world.now = world.now + Span(1);
        let calls = [talking, ringing];
        let again_at = taken_back(&mut world, &calls, why, false).expect("it rings");
        let is_talking = world.call(talking).status == CallStatus::Answered;
        assert_eq!(is_talking, talks_on);
        assert_eq!(world.call(ringing).status, CallStatus::Ringing);
        world.now = again_at;
        assert_eq!(taken_back(&mut world, &calls, why, true), None);
        let hung_up = world.call(ringing);
        assert_eq!(hung_up.status, CallStatus::SipCallFailed);
        assert_eq!(hung_up.request.campaign.expect("its own").given_back, None);
    }
}

fn closed(world: &mut World, hours: Option<&str>) {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    use audatec::domain::calling_hours::{
        CallingHours, HoursBook, OnClosed, Place, WallTime, Weekday,
    };
    let hours = hours.map(|from| CallingHours {
        time_zone: Place::parse("Etc/UTC").expect("a zone"),
        fallback_time_zone: None,
        windows: vec![audatec::domain::calling_hours::Window {
            days: vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun],
            from: WallTime::parse(from).expect("a time"),
            to: WallTime::parse("24:00").expect("a time"),
        }],
        closed_dates: Vec::new(),
        on_closed: OnClosed::Wait,
    });
    world.now = world.now + Span(1);
    let known = world.known_brief();
    world.brief(10, 10, |brief| {
        *brief = known;
        brief.version += 1;
        brief.hours = HoursBook::of(hours);
    });
}

/// It is 08:00 when the tests begin.
fn nine() -> Timestamp {
    START + Span::from_secs(3_600)
}

fn is_given_back(world: &mut World, id: CallId, why: GivenBack) {
    let call = world.call(id);
    assert_eq!(call.status, CallStatus::TriggerFailed);
    let code = call.failure.map(|failure| failure.code);
    assert_eq!(code, Some(FailureCode::WindowClosed));
    assert_eq!((call.dialed_at, call.slot()), (None, None));
    let told = told(world);
    let ended = told.iter().find(|(call, _)| *call == id).expect("told");
    assert_eq!(ended.1.given_back, Some(why));
    world.crash();
    let Became::Over(ended) = outcome(world, campaign(1), id) else {
        panic!("it is over");
    };
    assert_eq!(ended.given_back, Some(why));
}

/// Hours that close between a hand-over and its dial: the campaign has its recipient back, and nothing waits here.
#[test]
fn a_call_whose_hours_closed_meanwhile_goes_back_to_its_campaign() {
    let mut world = World::new(10, 10);
    let id = begun(&mut world, campaign(1), OK);
    closed(&mut world, Some("09:00"));
    assert_eq!(world.dispatch(), []);
    is_given_back(&mut world, id, GivenBack::Closed(Some(nine())));
    let answer = take_round(&mut world, round(campaign(1), 1, 0, Vec::new()));
    let next = answer.granted[0];
    let calls = vec![handed(campaign(1), next, OK)];
    let answer = take_round(&mut world, round(campaign(1), 0, 1, calls));
    let unfit = Taken::Unfit(Standing::Closed(Some(nine())));
    assert_eq!(answer.taken, [(next, unfit)]);

    let mut world = livekit_world();
    let id = begun(&mut world, campaign(1), NUMBER);
    claim(&mut world, id);
    world.now = world.now + GRANT;
    closed(&mut world, Some("09:00"));
    world.ask(TrunkCommand::Ring(id));
    is_given_back(&mut world, id, GivenBack::Closed(Some(nine())));
}

/// A campaign has hours of its own, beside the organisation's.
#[test]
fn a_campaigns_own_hours_apply_to_its_calls() {
    let mut world = World::new(10, 10);
    closed(&mut world, Some("09:00"));
    let own = world.known_brief().hours;
    let own = own.of_calls_by(agent()).next().cloned().map(Box::new);
    closed(&mut world, None);
    let id = take_round(&mut world, round(campaign(1), 1, 0, Vec::new())).granted[0];
    let mut call = handed(campaign(1), id, OK);
    call.request.campaign.as_mut().expect("its own").hours = own;
    let answer = take_round(&mut world, round(campaign(1), 0, 1, vec![call]));
    let unfit = Taken::Unfit(Standing::Closed(Some(nine())));
    assert_eq!(answer.taken, [(id, unfit)]);
}

#[test]
fn a_call_whose_number_was_called_often_enough_meanwhile_goes_back_and_has_no_place() {
    let mut world = World::new(10, 10);
    let limit = |world: &mut World| {
        world.now = world.now + Span(1);
        world.brief(10, 10, |brief| {
            brief.asks_of_numbers = true;
            brief.limits.org = vec![ContactLimit(1, Per::Hour)];
        });
    };
    limit(&mut world);
    let id = begun(&mut world, campaign(1), OK);
    let direct = world.accepted(OK);
    world.sent.dial.clear();
    world.ask(TrunkCommand::Claim(vec![direct]));
    world.ask(TrunkCommand::Claim(vec![id]));
    let until = match outcome(&mut world, campaign(1), id) {
        Became::Over(ended) => ended.given_back,
        other => panic!("{other:?}"),
    };
    let Some(GivenBack::Limited(Some(until))) = until else {
        panic!("{until:?}");
    };
    assert!(until > world.now + Span::from_secs(3_500));
    world.tell_of_numbers();
    assert!(world.call(id).owes.is_empty());
    is_given_back(&mut world, id, GivenBack::Limited(Some(until)));
}

#[test]
fn a_number_that_was_suppressed_meanwhile_ends_its_call_as_any() {
    let mut world = World::new(10, 10);
    world.now = world.now + Span(1);
    world.brief(10, 10, |brief| brief.asks_of_numbers = true);
    let id = begun(&mut world, campaign(1), OK);
    world.suppressed = vec![Number::of(&E164::parse(OK).expect("a number"))];
    assert_eq!(world.dispatch(), []);
    let ended = told(&mut world);
    let code = ended[0].1.failure.map(|failure| failure.code);
    assert_eq!(
        (ended[0].0, code),
        (id, Some(FailureCode::NumberSuppressed))
    );
    assert_eq!(ended[0].1.given_back, None);
}

/// The next attempt is known to the one before it, once it is a call.
#[test]
fn attempts_know_of_each_other() {
    let mut world = World::new(10, 10);
    let first = begun(&mut world, campaign(1), "+15005550001");
    world.run_to_end(first);
    let next = take_round(&mut world, round(campaign(1), 1, 0, Vec::new())).granted[0];
    let mut call = handed(campaign(1), next, "+15005550001");
    let own = call.request.campaign.as_mut().expect("its campaign");
    (own.attempt, own.max_attempts) = (2, 3);
    (own.first, own.previous) = (Some(first), Some(first));
    let answer = take_round(&mut world, round(campaign(1), 0, 1, vec![call]));
    assert_eq!(answer.taken, [(next, Taken::Accepted)]);
    let own = world.call(first).request.campaign.expect("its campaign");
    assert_eq!(own.next, Some(next));
    assert_eq!(told(&mut world).len(), 1, "the first's end, once");
}

/// While a dialer or an agent is being tried out, one call at a time is.
#[test]
fn while_the_dialer_is_down_campaigns_spend_no_calls() {
    let mut world = World::new(10, 10);
    for _ in 0..3 {
        let id = begun(&mut world, campaign(1), OK);
        world.sent.dial.clear();
        world.ask(TrunkCommand::Claim(vec![id]));
        let failure = Failure::of(FailureCode::DialerUnavailable);
        let event = CarrierEvent::Failed(failure);
        let events = vec![Timed {
            at: world.now,
            event,
        }];
        world.ask(TrunkCommand::CarrierEvents(vec![(id, events)]));
    }
    let answer = take_round(&mut world, round(campaign(1), 10, 0, Vec::new()));
    assert_eq!(answer.granted, []);
    assert_eq!(answer.held_by, Some(HeldBy::DialerDown));
    assert!(answer.again_at >= world.now + Span(4_000));
    world.now = answer.again_at;
    let answer = take_round(&mut world, round(campaign(1), 10, 0, Vec::new()));
    assert_eq!(answer.granted.len(), 1, "the probe");
}

/// A direct call's wait counts before a campaign's recipients, and what campaigns were promised is in nobody's way.
#[test]
fn direct_calls_come_first() {
    let mut world = World::new(2, 100);
    world.settings.sim_talk = Span(500);
    let answer = take_round(&mut world, round(campaign(1), 50, 0, Vec::new()));
    assert_eq!(answer.granted.len(), 2);
    let direct = [world.accepted(OK), world.accepted(OK)];
    let calls = answer.granted.iter();
    let calls = calls.map(|id| handed(campaign(1), *id, OK)).collect();
    let late = take_round(&mut world, round(campaign(1), 48, 2, calls));
    assert!(late.taken.iter().all(|(_, taken)| *taken == Taken::NoRoom));
    assert_eq!(
        (late.granted.len(), late.held_by),
        (0, Some(HeldBy::Capacity))
    );
    let waits = world.queued(OK, Span(60_000));
    world.run_to_end(direct[0]);
    world.run_to_end(direct[1]);
    assert_ne!(world.call(waits).promoted_at, None, "it went before them");
    let refused = world.rows.all().into_iter();
    let refused = refused.filter(|call| call.status == CallStatus::RejectedCapacity);
    assert_eq!(refused.count(), 0);
    // Whoever waited for a channel is told that there is one.
    let woken = world
        .sent
        .campaigns
        .iter()
        .any(|told| told.campaign == campaign(1));
    assert!(woken);
}

/// What campaigns dial is nobody else's acceptance, also after a restart.
#[test]
fn campaigns_use_up_no_direct_acceptances() {
    let mut world = World::new(100, 5);
    let answer = take_round(&mut world, round(campaign(1), 50, 0, Vec::new()));
    assert_eq!(answer.granted.len(), 5);
    let calls = answer.granted.iter();
    let calls = calls.map(|id| handed(campaign(1), *id, OK)).collect();
    let answer = take_round(&mut world, round(campaign(1), 45, 5, calls));
    assert!(
        answer
            .taken
            .iter()
            .all(|(_, taken)| *taken == Taken::Accepted)
    );
    assert_eq!(answer.granted, [], "the rate is used up");
    world.crash();
    for _ in 0..5 {
        world.accepted(OK);
    }
    assert!(matches!(world.trigger(OK), Admission::Rejected { .. }));
}

/// A day's calls count whoever asked for them.
#[test]
fn campaigns_calls_count_among_the_days() {
    let mut world = World::new(100, 100);
    world.now = world.now + Span(1);
    world.brief(100, 100, |brief| brief.config.max_calls_per_day = Some(3));
    let id = take_round(&mut world, round(campaign(1), 1, 0, Vec::new())).granted[0];
    world.now = world.now + Span(1);
    world.accepted(OK);
    let answer = take_round(
        &mut world,
        round(campaign(1), 0, 1, vec![handed(campaign(1), id, OK)]),
    );
    assert_eq!(answer.taken, [(id, Taken::Accepted)]);
    world.crash();
    world.accepted(OK);
    assert!(matches!(world.trigger(OK), Admission::Rejected { .. }));
    world.crash();
    assert!(matches!(world.trigger(OK), Admission::Rejected { .. }));
}

/// What a commit counted that failed, and whose rows were not kept, was never accepted.
#[test]
fn a_hand_over_that_was_not_kept_uses_up_nothing_of_a_day() {
    for (kept, failure) in [(0, Fail::Before), (1, Fail::Halfway), (2, Fail::After)] {
        let mut world = World::new(100, 100);
        world.now = world.now + Span(1);
        world.brief(100, 100, |brief| brief.config.max_calls_per_day = Some(5));
        world.accepted(OK);
        let ids = take_round(&mut world, round(campaign(1), 2, 0, Vec::new())).granted;
        let calls = ids.iter().map(|id| handed(campaign(1), *id, OK));
        let round = TrunkCommand::CampaignRound(round(campaign(1), 0, 2, calls.collect()));
        // Behind the day's own row, which is written first.
        world.luck.failure.set(Some((1, failure)));
        assert!(world.try_ask(round).is_err());
        assert_eq!(world.rows.all().len(), 1 + kept);
        for _ in 0..4 - kept {
            world.accepted(OK);
            world.crash();
        }
        let told = world.trigger(OK);
        let is_full = matches!(told, Admission::Rejected { .. });
        assert!(is_full, "{kept} were kept: {told:?}");
    }
}

/// Whatever room is needed: a campaign whose object died over what it heard asks again, and would call again where there is none.
#[test]
fn a_call_that_has_just_ended_stays_until_its_campaign_knows() {
    let mut world = World::new(10, 10);
    let id = begun(&mut world, campaign(1), OK);
    world.run_to_end(id);
    deliver(&mut world, 200);
    world.rows.used.set(world.settings.storage_limit);
    // Loaded anew, it looks at once.
    world.crash();
    let leave = |world: &mut World, time: Span| {
        world.now = world.now + time;
        world.ask(TrunkCommand::Tick);
        let batch = std::mem::take(&mut world.sent.expired).into_iter();
        batch.map(|call| call.id).collect::<Vec<_>>()
    };
    assert_eq!(leave(&mut world, Span::from_secs(30)), []);
    let soon = world.now + Span::from_secs(10);
    assert!(
        world.next_due().is_some_and(|due| due <= soon),
        "it is looked again"
    );
    let known = outcome(&mut world, campaign(1), id);
    assert!(matches!(known, Became::Over(_)), "{known:?}");
    assert_eq!(leave(&mut world, Span::from_secs(60)), [id]);
}

/// A listener that keeps up misses no call whose id is older than what it has heard.
#[test]
fn the_feed_tells_of_a_call_when_it_is_handed_over() {
    let mut world = World::new(10, 10);
    let id = take_round(&mut world, round(campaign(1), 1, 0, Vec::new())).granted[0];
    world.now = world.now + Span(5_000);
    let calls = vec![handed(campaign(1), id, OK)];
    take_round(&mut world, round(campaign(1), 0, 1, calls));
    let first = world.call(id).feed_entries().next().expect("its first");
    assert_eq!(first.at, world.now);
    let call = world.run_to_end(id);
    let entries: Vec<_> = call.feed_entries().collect();
    assert_eq!(entries.len(), 4, "{entries:?}");
}

#[test]
fn a_campaigns_call_costs_no_more_rows_than_any() {
    let mut world = World::new(10, 10);
    let before = world.rows.written.get();
    let id = begun(&mut world, campaign(1), OK);
    world.run_to_end(id);
    deliver(&mut world, 200);
    assert_eq!(world.rows.written.get() - before, 5);
    let before = world.rows.written.get();
    take_round(&mut world, round(campaign(1), 50, 0, Vec::new()));
    assert_eq!(world.rows.written.get(), before, "to ask costs none");
}

#[test]
fn a_campaigns_calls_are_listed_and_say_whose_they_are() {
    let mut world = World::new(10, 10);
    let over = begun(&mut world, campaign(1), OK);
    world.run_to_end(over);
    begun(&mut world, campaign(2), OK);
    world.accepted(OK);
    let open = begun(&mut world, campaign(1), OK);
    let filter = CallFilter {
        campaign: Some(campaign(1)),
        shown: true,
        limit: 10,
        scan_limit: SCAN_LIMIT,
        ..CallFilter::default()
    };
    let TrunkReply::Shown(calls, None) = world.ask(TrunkCommand::List(reader(), filter)) else {
        panic!("a page");
    };
    let ids: Vec<CallId> = calls.iter().map(|call| call.id).collect();
    assert_eq!(ids, [open, over]);
    for call in calls {
        let item: serde_json::Value = serde_json::from_str(&call.item).expect("JSON");
        assert_eq!(item["campaign_id"], campaign(1).to_string());
        assert_eq!(item["reference"], OK);
        assert_eq!(item["redial"], serde_json::Value::Null, "it is called once");
    }
    let all = CallFilter {
        shown: true,
        limit: 10,
        scan_limit: SCAN_LIMIT,
        ..CallFilter::default()
    };
    let TrunkReply::Shown(calls, None) = world.ask(TrunkCommand::List(reader(), all)) else {
        panic!("a page");
    };
    assert_eq!(calls.len(), 4);
}

/// What a campaign had that was paused is the others' at once.
#[test]
fn a_campaign_that_rests_keeps_nothing_from_the_others() {
    let mut world = World::new(10, 100);
    let first = take_round(&mut world, round(campaign(1), 50, 0, Vec::new()));
    assert_eq!(first.granted.len(), 10);
    let second = take_round(&mut world, round(campaign(2), 50, 0, Vec::new()));
    assert_eq!(second.granted, [], "all of it is promised");
    assert_eq!(taken_back(&mut world, &[], TakeBack::Paused, false), None);
    let woken = std::mem::take(&mut world.sent.campaigns);
    assert_eq!(woken.len(), 1, "{woken:?}");
    assert_eq!((woken[0].campaign, woken[0].calls.len()), (campaign(2), 0));
    let second = take_round(&mut world, round(campaign(2), 50, 0, Vec::new()));
    assert_eq!(second.granted.len(), 10);
}

/// By campaign; a call that was given back is a call that failed, as the list has it, and stays counted when it has left.
#[test]
fn usage_tells_campaigns_apart_and_counts_what_was_given_back_as_it_is_listed() {
    let mut world = World::new(10, 10);
    let back = begun(&mut world, campaign(1), OK);
    taken_back(&mut world, &[back], TakeBack::Paused, true);
    let talks = begun(&mut world, campaign(2), OK);
    world.run_to_end(talks);
    let own = world.accepted(OK);
    world.run_to_end(own);
    let listed = world.call(back);
    let failure = listed.final_failure().expect("why");
    assert_eq!(listed.status, CallStatus::TriggerFailed);
    let filter = UsageFilter {
        from: Hour::of(START),
        to: Hour::of(world.now).next(),
        by: GroupBy::Campaign,
        scan_limit: 1_000,
        so_far: None,
    };
    for has_left in [false, true] {
        let command = TrunkCommand::Usage(reader(), Box::new(filter.clone()));
        let TrunkReply::Usage(told) = world.ask(command) else {
            panic!("no usage");
        };
        let [(none, direct), (first, gone), (second, ended)] = told.sums.as_slice() else {
            panic!("{:?}", told.sums);
        };
        assert_eq!(*none, None);
        assert_eq!(*first, Some(campaign(1).to_string()));
        assert_eq!(*second, Some(campaign(2).to_string()));
        assert_eq!((direct.calls, direct.completed), (1, 1));
        assert_eq!((gone.calls, gone.completed), (1, 0));
        assert_eq!(gone.failed, [(failure.code, 1)]);
        assert_eq!((ended.calls, ended.completed), (1, 1));
        assert_eq!(world.rows.all().is_empty(), has_left);
        while !world.sent.callbacks.is_empty() {
            deliver(&mut world, 200);
        }
        world.ask(TrunkCommand::Forget(vec![back, talks, own]));
    }
}
