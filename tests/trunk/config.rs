//! What the directory says of a trunk.

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
