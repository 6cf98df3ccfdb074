//! A call is handed out once, within the rate, and inquired about later.

use super::*;

#[test]
fn dials_keep_to_max_cps_when_the_queue_delivers_in_a_burst() {
    let mut world = World::new(1000, 5);
    let mut dials = Vec::new();
    for second in 0..3 {
        world.now = START + Span(second * 1000);
        for _ in 0..5 {
            world.accepted(OK);
        }
    }
    while dials.len() < 15 {
        dials.extend(world.dispatch().iter().map(|_| world.now));
        world.ring(Timestamp::MAX);
    }
    assert!(
        dials
            .windows(6)
            .all(|window| window[5] - window[0] >= Span(1000)),
        "{dials:?}"
    );
    assert!(
        dials.last() <= Some(&(START + Span(4_500))),
        "and no slower than they must: {dials:?}"
    );
}

#[test]
fn a_lowered_rate_hands_each_call_out_in_its_turn_however_slow_the_queue_is() {
    for latency in [1, 100, 1_000] {
        let mut world = World::new(1_000, 1_000);
        for _ in 0..300 {
            world.accepted(OK);
        }
        world.now = START + Span(150);
        world.brief(1_000, 1, |brief| brief.version += 1);
        let mut on_its_way = VecDeque::new();
        let (mut handed_out, mut dialed) = (0, 0);
        while world.now < START + Span::from_secs(100) {
            for id in std::mem::take(&mut world.sent.dial) {
                handed_out += 1;
                on_its_way.push_back((world.now + Span(latency), id));
            }
            let arrives = on_its_way.front().map_or(Timestamp::MAX, |(at, _)| *at);
            let rings = world.next_due().unwrap_or(Timestamp::MAX);
            world.now = arrives.min(rings).max(world.now);
            if rings < arrives {
                world.ask(TrunkCommand::Tick);
                continue;
            }
            let Some((_, id)) = on_its_way.pop_front() else {
                break;
            };
            if let TrunkReply::Orders(orders) = world.ask(TrunkCommand::Claim(vec![id])) {
                dialed += orders.len();
            }
        }
        // Each goes out when there is room for it, and takes its latency from there.
        let expected = 100_000 / (1_000 + latency) as usize;
        assert!(
            dialed + 5 >= expected,
            "{dialed} dialed at a latency of {latency} ms"
        );
        // Those that wait go a little ahead of their moments, since messages take their time.
        assert!(
            handed_out <= 300 + 6 * dialed,
            "{handed_out} hand-outs for {dialed} dials at a latency of {latency} ms"
        );
    }
}

#[test]
fn a_call_is_claimed_once_however_often_its_message_comes() {
    let mut world = World::new(10, 10);
    let call = world.accepted(OK);
    let claim = TrunkCommand::Claim(vec![call, call]);
    let TrunkReply::Orders(first) = world.ask(claim.clone()) else {
        panic!()
    };
    assert_eq!(first.len(), 1);
    assert_eq!(world.ask(claim.clone()), TrunkReply::Orders(vec![]));
    world.crash();
    assert_eq!(world.ask(claim), TrunkReply::Orders(vec![]));
}

#[test]
fn a_call_nobody_claims_ends_within_the_dispatch_deadline_with_no_traffic() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    while world.ring(START + DISPATCH_DEADLINE) {}
    let call = world.call(id);
    assert_eq!(call.status, CallStatus::TriggerFailed);
    assert_eq!(
        call.failure.map(|failure| failure.code),
        Some(FailureCode::TimedOut)
    );
    assert!(
        world.sent.dial.len() > 5,
        "it was handed out again and again meanwhile"
    );
}

#[test]
fn a_lost_report_is_asked_about_and_never_dialed_again() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.sent.dial.clear();
    world.ask(TrunkCommand::Claim(vec![id]));
    while world.sent.inquire.is_empty() {
        assert!(world.ring(Timestamp::MAX));
    }
    assert_eq!(world.sent.inquire, [id]);
    assert!(world.sent.dial.is_empty());
    let dialed_at = world.call(id).dialed_at;
    let call = world.run_to_end(id);
    assert_eq!(
        (call.status, call.dialed_at),
        (CallStatus::Completed, dialed_at),
        "as if nothing had been lost"
    );
    assert!(world.sent.dial.is_empty());
}

#[test]
fn a_carrier_that_never_answers_an_inquiry_holds_no_channel_for_ever() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.ask(TrunkCommand::Claim(vec![id]));
    let bound = START + world.settings.ring_timeout + RING_GRACE;
    while world.ring(bound) {}
    assert_eq!(world.call(id).status, CallStatus::TriggerFailed);
}

/// How long an object takes over this many calls that are due at the same moment, as after a long sleep.
#[allow(
    clippy::disallowed_methods,
    reason = "what is measured is this machine's time, not the trunk's"
)]
fn time_of_many_due(calls: u32) -> std::time::Duration {
    let mut world = World::new(calls, calls);
    for _ in 0..calls {
        world.accepted(OK);
    }
    assert_eq!(world.dispatch().len(), calls as usize);
    world.now = world.now + Span(60_000);
    let started = std::time::Instant::now();
    world.ask(TrunkCommand::Tick);
    let took = started.elapsed();
    let holders = world.rows.all();
    let holders = holders.iter().filter(|call| call.holds_channel());
    assert_eq!(holders.count(), 0);
    took
}

#[test]
fn eight_times_the_calls_that_are_due_at_once_take_nowhere_near_the_square_of_it() {
    // 64 times would be the square. A busy machine only ever makes it longer: the shortest of many counts.
    let (mut few, mut many) = (time_of_many_due(250), time_of_many_due(2_000));
    for round in 0..50 {
        few = few.min(time_of_many_due(250));
        many = many.min(time_of_many_due(2_000));
        if round >= 2 && many < few * 32 {
            break;
        }
    }
    println!("250 calls due at once: {few:?}; 2,000: {many:?}");
    assert!(many < few * 32, "{few:?} against {many:?}");
}

#[test]
fn a_call_is_not_claimed_after_its_time_though_its_message_is_quicker_than_its_watchdog() {
    let mut world = World::new(2, 10);
    let id = world.accepted(OK);
    world.now = world.now + DISPATCH_DEADLINE;
    let claim = TrunkCommand::Claim(vec![id]);
    assert_eq!(world.ask(claim), TrunkReply::Orders(vec![]));
    assert_eq!(world.call(id).status, CallStatus::TriggerFailed);
}

#[test]
fn calls_that_were_answered_by_their_plans_are_asked_about_in_turn_after_an_outage() {
    let mut world = World::new(100, 1000);
    world.settings.asked_together = 1;
    world.crash();
    for _ in 0..4 {
        world.accepted("+15005550006");
    }
    assert_eq!(world.dispatch().len(), 4);

    world.crash();
    world.now = world.now + Span::from_secs(120);
    world.sent.inquire.clear();
    world.ask(TrunkCommand::Tick);

    assert_eq!(world.sent.inquire.len(), 1);
    for turn in 2..=4 {
        world.now = world.now + Span(50);
        world.ask(TrunkCommand::Tick);
        assert_eq!(world.sent.inquire.len(), turn);
    }
}

/// How many of these were dialed.
fn dialed(world: &mut World, calls: &[CallId]) -> usize {
    let calls = calls.iter();
    calls
        .filter(|id| world.call(**id).dialed_at.is_some())
        .count()
}

/// The pace counts all dials, direct ones first: what came from the schedule may have left the queue before them.
#[test]
fn a_call_that_comes_while_scheduled_ones_leave_the_queue_is_dialed_before_them() {
    for is_lost in [false, true] {
        let mut world = World::new(100, 2);
        let scheduled = [(); 2].map(|()| world.scheduled(OK, Span(5_000)));
        world.now = START + Span(5_000);
        world.ask(TrunkCommand::Tick);
        assert_eq!(world.sent.dial.len(), 2, "their messages are on their way");
        let direct = [(); 2].map(|()| world.accepted(OK));
        if is_lost {
            world.crash();
        }
        world.dispatch();
        assert_eq!(dialed(&mut world, &direct), 2);
        assert_eq!(dialed(&mut world, &scheduled), 0);
        world.live_until(START + Span(7_000));
        assert_eq!(
            dialed(&mut world, &scheduled),
            2,
            "as soon as there is room"
        );
        // One that waits in line because nobody dials it yet takes no more room than it needs.
        let one = world.scheduled(OK, Span(5_000));
        world.now = START + Span(12_000);
        world.ask(TrunkCommand::Tick);
        let direct = world.accepted(OK);
        world.dispatch();
        assert_eq!(dialed(&mut world, &[one, direct]), 2);
    }
}

#[test]
fn direct_calls_that_never_stop_do_not_keep_a_scheduled_one_from_being_dialed() {
    let mut world = World::new(1_000, 2);
    let scheduled = [(); 2].map(|()| world.scheduled(OK, Span(5_000)));
    world.live_until(START + Span(4_999));
    world.now = START + Span(5_000);
    world.ask(TrunkCommand::Tick);
    let mut direct = Vec::new();
    for second in 0..130 {
        world.now = START + Span(5_000 + second * 1_000);
        direct.extend([(); 2].map(|()| world.accepted(OK)));
        world.live_until(START + Span(5_999 + second * 1_000));
        if second == 50 {
            assert_eq!(dialed(&mut world, &scheduled), 0);
            assert_eq!(dialed(&mut world, &direct), direct.len());
        }
    }
    assert_eq!(dialed(&mut world, &scheduled), 2);
    world.live_until(world.now + Span(2_000));
    assert_eq!(dialed(&mut world, &direct), direct.len());
}
