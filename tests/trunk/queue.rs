//! Calls that wait for a channel.

use super::*;

fn queue(world: &mut World, max_wait: Span) -> CallId {
    world.queued(OK, max_wait)
}

#[test]
fn a_waiting_line_is_served_first_come_first_served_and_nobody_overtakes_it() {
    let mut world = World::new(1, 10);
    let first = world.accepted(OK);
    let hour = Span::from_secs(3_600);
    let waiting = [queue(&mut world, hour), queue(&mut world, hour)];
    let TrunkReply::Live(live, in_line, _) = world.ask(TrunkCommand::Live(reader())) else {
        panic!()
    };
    assert_eq!((live.len(), in_line), (1, 2));
    world.crash();
    world.run_to_end(first);
    assert!(
        matches!(world.trigger(OK), Admission::Rejected { .. }),
        "the line goes first"
    );
    let mut dialed = Vec::new();
    for id in waiting {
        dialed.push((world.run_to_end(id).dialed_at, id));
    }
    assert!(dialed.is_sorted());
    assert!(
        world
            .call(waiting[1])
            .timeline()
            .iter()
            .any(|entry| entry.event == "queued")
    );
}

#[test]
fn who_waits_too_long_is_rejected_and_told_and_a_cancelled_one_leaves_the_line() {
    let mut world = World::new(1, 10);
    world.accepted("+15005550006");
    world.dispatch();
    let impatient = queue(&mut world, Span::from_secs(2));
    let cancelled = queue(&mut world, Span::from_secs(60));
    let TrunkReply::Call(call) = world.ask(TrunkCommand::Cancel(reader(), cancelled)) else {
        panic!()
    };
    assert_eq!(call.status, CallStatus::TriggerFailed);
    while world.ring(START + Span::from_secs(2)) {}
    let call = world.call(impatient);
    assert_eq!(call.status, CallStatus::RejectedCapacity);
    assert_eq!(
        call.failure.map(|failure| failure.code),
        Some(FailureCode::ChannelsExhausted)
    );
    assert_eq!(call.ended_at, Some(START + Span::from_secs(2)));
    assert!(
        world
            .sent
            .callbacks
            .iter()
            .any(|message| message.body.contains("call.rejected"))
    );
}

#[test]
fn an_inactive_trunk_holds_its_line_and_a_revoked_keys_call_leaves_it_undialed() {
    let mut world = World::new(1, 10);
    let first = world.accepted(OK);
    let waiting = queue(&mut world, Span::from_secs(600));
    world.dispatch();
    world.now = world.now + Span(1);
    world.brief(1, 10, |brief| brief.config.status = Status::Inactive);
    world.run_to_end(first);
    assert!(
        world.sent.dial.is_empty(),
        "nothing is dialed on an inactive trunk"
    );
    world.now = world.now + Span(1);
    world.brief(1, 10, |brief| brief.revoked_keys.push(api_key()));
    let row = world.rows.all().into_iter().find(|call| call.id == waiting);
    let row = row.map(|call| (call.status, call.dialed_at));
    assert_eq!(row, Some((CallStatus::TriggerFailed, None)));
}

#[test]
fn a_line_that_waits_for_the_rate_is_dialed_within_it() {
    let mut world = World::new(100, 2);
    world.accepted(OK);
    world.accepted(OK);
    let waiting: Vec<CallId> = (0..4)
        .map(|_| queue(&mut world, Span::from_secs(60)))
        .collect();
    let mut dials: Vec<Timestamp> = world.dispatch().iter().map(|_| START).collect();
    while world.ring(START + Span::from_secs(4)) {
        let now = world.now;
        dials.extend(world.dispatch().iter().map(|_| now));
    }
    assert_eq!(dials.len(), 6);
    assert!(
        dials
            .windows(3)
            .all(|window| window[2] - window[0] >= Span(1_000)),
        "{dials:?}"
    );
    assert!(
        waiting
            .iter()
            .all(|id| world.call(*id).dialed_at <= Some(START + Span(2_000)))
    );
}

#[test]
fn a_call_whose_wait_ran_out_while_the_object_slept_is_not_dialed() {
    let mut world = World::new(1, 10);
    let first = world.accepted(OK);
    let waiting = queue(&mut world, Span::from_secs(5));
    world.dispatch();
    world.now = world.now + Span::from_secs(60);
    world.ask(TrunkCommand::Tick);
    assert!(world.call(first).status.is_terminal());
    let call = world.call(waiting);
    assert_eq!(call.status, CallStatus::RejectedCapacity);
    assert_eq!(call.dialed_at, None);
}

#[test]
fn after_a_restart_the_dial_of_one_that_stood_in_line_counts_though_it_is_over() {
    let mut world = World::new(1, 1);
    let busy = world.accepted("+15005550006");
    world.dispatch();
    let wait = Span::from_secs(3_000);
    let waiting = world.queued("+15005550004", wait);
    world.now = world.now + Span::from_secs(300);
    world.ask(TrunkCommand::Cancel(reader(), busy));
    assert_eq!(world.dispatch(), [waiting]);
    assert!(world.call(waiting).status.is_terminal());
    deliver(&mut world, 200);
    world.crash();
    let next = world.accepted(OK);
    assert_eq!(
        world.ask(TrunkCommand::Claim(vec![next])),
        TrunkReply::Orders(vec![])
    );
}
