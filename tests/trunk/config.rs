//! The directory's briefs for a trunk.

use super::*;

#[test]
fn an_older_brief_and_another_trunks_change_nothing() {
    let mut world = World::new(10, 10);
    world.brief(1, 1, |brief| brief.version = 1);
    assert!(matches!(world.trigger(OK), Admission::Accepted { quota, .. } if quota.channels == 10));
    let other = audatec::domain::ids::TrunkId::from_entropy([8; 16]);
    let brief = |world: &mut World, id| {
        let mut brief = world.known_brief();
        brief.config.id = id;
        world.ask(TrunkCommand::Brief(Box::new(brief)))
    };
    assert_eq!(brief(&mut world, other), TrunkReply::TagTaken);
}

#[test]
fn a_trunk_with_live_calls_is_not_retired_and_a_retired_one_takes_none() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    assert_eq!(world.ask(TrunkCommand::Retire), TrunkReply::HasLiveCalls);
    world.run_to_end(id);
    assert_eq!(world.ask(TrunkCommand::Retire), TrunkReply::Done);
    world.crash();
    let admit = TrunkCommand::Admit(Box::new(World::trigger_of(OK)));
    assert_eq!(
        world.ask(admit),
        TrunkReply::Refused(TrunkRefusal::TrunkInactive)
    );
}

#[test]
fn a_trunk_whose_deletion_nobody_confirmed_takes_calls_again() {
    let mut world = World::new(1, 10);
    assert_eq!(world.ask(TrunkCommand::Retire), TrunkReply::Done);
    let admit = TrunkCommand::Admit(Box::new(World::trigger_of(OK)));
    assert_eq!(
        world.ask(admit),
        TrunkReply::Refused(TrunkRefusal::TrunkInactive)
    );
    world.now = world.now + Span::from_secs(600);
    world.accepted(OK);
}

#[test]
fn a_suspended_organisations_trunk_starts_nothing_and_ends_nothing() {
    let mut world = World::new(2, 10);
    let talking = world.accepted(OK);
    world.dispatch();
    let unclaimed = world.accepted(OK);
    let queued = world.queued(OK, Span::from_secs(600));
    let scheduled = world.scheduled(OK, Span::from_secs(60));
    world.now = world.now + Span(1);
    world.brief(2, 10, |brief| brief.suspended = true);

    let admit = TrunkCommand::Admit(Box::new(World::trigger_of(OK)));
    let refused = TrunkReply::Refused(TrunkRefusal::OrganisationSuspended);
    assert_eq!(world.ask(admit.clone()), refused);
    world.crash();
    assert_eq!(world.ask(admit), refused);
    assert_eq!(
        world.ask(TrunkCommand::Claim(vec![unclaimed])),
        TrunkReply::Orders(Vec::new()),
        "what was accepted and has no dialer rings nobody"
    );
    assert_eq!(world.run_to_end(talking).status, CallStatus::Completed);
    for waiting in [queued, scheduled] {
        assert_eq!(world.call(waiting).dialed_at, None);
    }

    world.now = world.now + Span(1);
    world.brief(2, 10, |brief| brief.suspended = false);
    for waiting in [queued, scheduled] {
        assert_eq!(world.run_to_end(waiting).status, CallStatus::Completed);
    }
}

#[test]
fn what_was_accepted_a_moment_before_a_suspension_goes_on_when_that_is_over_soon() {
    let mut world = World::new(2, 10);
    let unclaimed = world.accepted(OK);
    world.now = world.now + Span(1);
    world.brief(2, 10, |brief| brief.suspended = true);
    let claim = TrunkCommand::Claim(vec![unclaimed]);
    assert_eq!(world.ask(claim), TrunkReply::Orders(Vec::new()));
    world.now = world.now + Span(1_000);
    world.brief(2, 10, |brief| brief.suspended = false);
    assert_eq!(world.run_to_end(unclaimed).status, CallStatus::Completed);
}

#[test]
fn what_waits_longer_than_it_may_while_its_organisation_is_suspended_ends_undialed() {
    let mut world = World::new(1, 10);
    let unclaimed = world.accepted(OK);
    let queued = world.queued(OK, Span::from_secs(200));
    world.now = world.now + Span(1);
    world.brief(1, 10, |brief| brief.suspended = true);
    for waiting in [unclaimed, queued] {
        let call = world.run_to_end(waiting);
        assert_eq!((call.dialed_at, call.answered_at), (None, None));
        assert!(call.status.is_terminal());
    }
}
