//! How old calls leave.

use super::*;

#[test]
fn old_calls_leave_in_batches_once_the_archive_has_them_and_open_ones_stay() {
    let mut world = World::new(1_000, 1_000);
    let old: Vec<_> = (0..250).map(|_| world.accepted(OK)).collect();
    for id in &old {
        world.run_to_end(*id);
    }
    while !world.sent.callbacks.is_empty() {
        deliver(&mut world, 200); // and the next are handed out
    }
    world.now = world.now + world.settings.retention;
    let young = world.accepted(OK);
    world.ask(TrunkCommand::Tick);
    let mut archived = Vec::new();
    loop {
        let batch = std::mem::take(&mut world.sent.expired);
        if batch.is_empty() {
            match world.ring(world.now + Span(1_000)) {
                true => continue, // the look goes on
                false => break,
            }
        }
        assert!(batch.len() <= 100);
        // Not before the archive has them.
        assert!(
            batch
                .iter()
                .all(|call| world.rows.all().iter().any(|row| row.id == call.id))
        );
        let ids: Vec<_> = batch.iter().map(|call| call.id).collect();
        archived.extend(ids.iter().copied());
        world.ask(TrunkCommand::Forget(ids));
    }
    assert!(archived == old, "{} of {} left", archived.len(), old.len());
    let left: Vec<_> = world.rows.all().iter().map(|call| call.id).collect();
    assert_eq!(left, [young]);
}

#[test]
fn a_batch_that_the_archive_did_not_take_is_offered_again() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    deliver(&mut world, 200);
    world.now = world.now + world.settings.retention + Span(1);
    world.ask(TrunkCommand::Tick);
    let offered = std::mem::take(&mut world.sent.expired);
    assert_eq!(offered.len(), 1);
    assert!(world.ring(world.now + Span::from_secs(60)));
    assert_eq!(world.sent.expired, offered);
}

/// Refused ones too, where there are more than a batch of them: also if the object dies while the archive has it.
#[test]
fn a_batch_of_refused_calls_that_did_not_leave_is_offered_again() {
    for dies in [false, true] {
        let mut world = World::new(1, 1_000);
        world.accepted(OK);
        for _ in 0..150 {
            let admission = world.trigger(OK);
            assert!(matches!(admission, Admission::Rejected { .. }));
        }
        while !world.sent.callbacks.is_empty() || world.ring(world.now + Span::from_secs(600)) {
            deliver(&mut world, 200);
        }
        world.now = world.now + Span::from_secs(86_400 + 1);
        world.ask(TrunkCommand::Tick);
        let offered = std::mem::take(&mut world.sent.expired);
        assert!(!offered.is_empty() && offered.len() < 150);
        if dies {
            world.crash();
        }
        world.now = world.now + Span::from_secs(60);
        world.ask(TrunkCommand::Tick);
        assert!(world.sent.expired == offered, "dies: {dies}");
        assert_eq!(let_go(&mut world).len(), 150);
    }
}

/// Lets all leave that may, as the archive takes each batch.
fn let_go(world: &mut World) -> Vec<CallId> {
    let mut gone = Vec::new();
    world.ask(TrunkCommand::Tick);
    for _ in 0..100 {
        let batch = std::mem::take(&mut world.sent.expired);
        if batch.is_empty() {
            break;
        }
        let ids: Vec<CallId> = batch.iter().map(|call| call.id).collect();
        gone.extend(ids.iter().copied());
        world.ask(TrunkCommand::Forget(ids));
    }
    gone
}

#[test]
fn a_refused_call_leaves_after_a_day_and_others_when_they_are_old() {
    let mut world = World::new(1, 10);
    let placed = world.accepted(OK);
    let Admission::Rejected { call: refused, .. } = world.trigger(OK) else {
        panic!("one channel")
    };
    world.run_to_end(placed);
    deliver(&mut world, 200);
    deliver(&mut world, 200);
    world.now = world.now + Span::from_secs(23 * 3_600);
    assert_eq!(let_go(&mut world), []);

    world.now = world.now + Span::from_secs(3_600);
    assert_eq!(let_go(&mut world), [refused]);

    world.now = world.now + world.settings.retention;
    assert_eq!(let_go(&mut world), [placed]);
}

#[test]
fn a_refused_call_whose_callback_takes_longer_leaves_within_a_day_of_it() {
    let mut world = World::new(1, 10);
    let placed = world.accepted(OK);
    let Admission::Rejected { call: refused, .. } = world.trigger(OK) else {
        panic!("one channel")
    };
    world.run_to_end(placed);
    let mut left_with_it = || {
        world.now = world.now + Span::from_secs(3_600);
        let gone = let_go(&mut world);
        gone.contains(&refused)
    };
    for _ in 0..30 {
        assert!(!left_with_it(), "nobody was told of it");
    }
    while !world.sent.callbacks.is_empty() {
        deliver(&mut world, 200);
    }
    let mut left_with_it = || {
        world.now = world.now + Span::from_secs(3_600);
        let gone = let_go(&mut world);
        gone.contains(&refused)
    };
    assert!((0..24).any(|_| left_with_it()));
}

#[test]
fn where_little_room_is_left_refused_calls_leave_first_and_then_the_oldest_whatever_their_age() {
    let mut world = World::new(1, 10);
    let placed = world.accepted(OK);
    let Admission::Rejected { call: refused, .. } = world.trigger(OK) else {
        panic!("one channel")
    };
    world.run_to_end(placed);
    deliver(&mut world, 200);
    deliver(&mut world, 200);
    world.rows.used.set(world.settings.storage_limit / 100 * 69);
    world.now = world.now + Span::from_secs(3_600);
    assert_eq!(let_go(&mut world), []);

    world.rows.used.set(world.settings.storage_limit / 100 * 70);
    world.now = world.now + Span::from_secs(3_600);
    assert_eq!(let_go(&mut world), [refused, placed]);
    let storage = world.ask(TrunkCommand::Storage(reader()));
    assert!(matches!(storage, TrunkReply::Storage { oldest: None, .. }));
}
