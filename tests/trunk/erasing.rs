//! Erasing one person's calls: those that are over are removed, waiting ones end, and those in progress are removed when they are
//! over.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it fails"
)]

use audatec::app::trunk::{EraseCalls, ErasedCalls, TrunkStore};
use audatec::domain::contacts::Number;
use audatec::domain::redial::{Cause, Redial};
use audatec::domain::usage::{GroupBy, Hour};
use serde_json::json;

use super::*;

const THEIRS: &str = "+4915112345678";
/// The same phone, as it is dialed at home.
const ALSO_THEIRS: &str = "+49015112345678";
const OTHERS: &str = "+4915112345679";

fn number() -> Number {
    Number::of(&E164::parse(THEIRS).expect("a number"))
}

fn world() -> World {
    World::new(1_000, 1_000)
}

/// What one command answers.
fn ask(
    world: &mut World,
    from: u64,
    through: Option<u64>,
    gone: Vec<CallId>,
) -> Option<ErasedCalls> {
    let asked = EraseCalls {
        org: org(),
        number: number(),
        from,
        through,
        gone,
    };
    match world.ask(TrunkCommand::Erase(Box::new(asked))) {
        TrunkReply::Erased(erased) => Some(erased),
        TrunkReply::Missing => None,
        other => panic!("{other:?}"),
    }
}

/// One pass, as a directory makes it. Returns which were found, and from which row on it is to be asked again.
fn pass(world: &mut World) -> (Vec<CallId>, Option<u64>) {
    let (mut from, mut through, mut gone) = (0, None, Vec::new());
    let (mut all, mut left) = (Vec::new(), None::<u64>);
    for _ in 0..100 {
        let erased = ask(world, from, through, gone.clone()).expect("an answer");
        // As if the answer had been lost: the same is asked again, and nothing is found twice or lost.
        let again = ask(world, from, through, gone).expect("an answer");
        assert_eq!(again.found, erased.found);
        all.extend(erased.found.iter().copied());
        left = left.into_iter().chain(erased.left).min();
        gone = [erased.kept, erased.found].concat();
        through = Some(erased.through);
        match erased.next {
            Some(next) => from = next,
            None if gone.is_empty() => return (all, left),
            None => from = erased.through + 1,
        }
    }
    panic!("no end");
}

fn later(world: &mut World, span: Span) {
    world.now = world.now + span;
}

fn over(world: &mut World, number: &str) -> CallId {
    let id = world.accepted(number);
    world.run_to_end(id);
    deliver(world, 200);
    id
}

fn there(world: &World) -> Vec<CallId> {
    world.rows.all().iter().map(|call| call.id).collect()
}

#[test]
fn all_calls_to_a_number_go_in_whatever_form_it_was_given_and_no_others_do() {
    let mut world = world();
    let mut theirs = Vec::new();
    let mut others = Vec::new();
    for nth in 0..120 {
        theirs.push(over(&mut world, [THEIRS, ALSO_THEIRS][nth % 2]));
        others.push(over(&mut world, OTHERS));
    }
    let told = json!([{"speaker": "agent", "text": "Hello"}]);
    for id in [theirs[0], others[0]] {
        world.rows.put_transcript(id, &told).expect("kept");
        world.rows.put_recording(id, "s3://there").expect("kept");
    }
    let hour = Hour::of_call(theirs[0]);
    let before = usage(&mut world, hour);
    later(&mut world, Span(3_000));
    let (found, left) = pass(&mut world);
    assert_eq!((found, left), (theirs.clone(), None));
    assert_eq!(there(&world), others);
    assert_eq!(world.rows.transcript(theirs[0]), Ok(None));
    assert_eq!(world.rows.recording(theirs[0]), Ok(None));
    assert_eq!(world.rows.transcript(others[0]), Ok(Some(told)));
    assert!(world.rows.recording(others[0]).expect("read").is_some());
    assert_eq!(
        usage(&mut world, hour),
        before,
        "what calls add up to stays"
    );
    world.crash();
    assert_eq!(usage(&mut world, hour), before);
    assert_eq!(pass(&mut world), (Vec::new(), None));
}

/// What all calls of an hour add up to.
fn usage(world: &mut World, hour: Hour) -> String {
    let filter = audatec::app::trunk::UsageFilter {
        from: hour,
        to: Hour::of(world.now).next(),
        by: GroupBy::Trunk,
        scan_limit: 10_000,
        so_far: None,
    };
    match world.ask(TrunkCommand::Usage(reader(), Box::new(filter))) {
        TrunkReply::Usage(so_far) => {
            let mut sums = so_far.sums;
            for (key, tally) in so_far.part {
                audatec::app::trunk::add_usage(&mut sums, key, &tally);
            }
            format!("{sums:?}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_found_goes_with_the_next_command_and_not_before() {
    let mut world = world();
    let id = over(&mut world, THEIRS);
    later(&mut world, Span(3_000));
    let erased = ask(&mut world, 0, None, Vec::new()).expect("an answer");
    assert_eq!((erased.found.clone(), erased.next), (vec![id], None));
    assert_eq!(there(&world), [id]);
    world.crash();
    let then = ask(
        &mut world,
        erased.through + 1,
        Some(erased.through),
        erased.found,
    );
    assert_eq!(then.expect("an answer").found, []);
    assert_eq!(there(&world), []);
}

#[test]
fn what_waits_ends_at_once_and_goes_when_its_callback_was_tried() {
    let mut world = World::new(1, 1_000);
    let talks = world.accepted(OTHERS);
    world.dispatch();
    let queued = world.queued(THEIRS, Span::from_secs(600));
    let scheduled = world.scheduled(ALSO_THEIRS, Span::from_secs(86_400));
    world.sent.callbacks.clear();
    let (found, left) = pass(&mut world);
    assert_eq!((found, left), (vec![], Some(queued.row())));
    for id in [queued, scheduled] {
        let call = world.call(id);
        assert_eq!(
            call.failure.map(|failure| failure.code),
            Some(FailureCode::Canceled)
        );
        assert!(call.status.is_terminal() && call.dialed_at.is_none());
    }
    assert_eq!(world.sent.callbacks.len(), 2, "each is told once");
    later(&mut world, Span(3_000));
    assert_eq!(
        pass(&mut world).1,
        Some(queued.row()),
        "their attempts are out"
    );
    // It fails, and another would follow.
    deliver(&mut world, 500);
    let (found, left) = pass(&mut world);
    assert_eq!((found, left), (vec![queued, scheduled], None));
    assert_eq!(there(&world), [talks]);
    world.ring(world.now + Span::from_secs(86_400));
    let told = world.sent.callbacks.iter();
    let told: Vec<_> = told
        .filter_map(|message| message.delivery.call(&World::key()))
        .collect();
    assert!(told.iter().all(|call| *call == talks), "{told:?}");
}

#[test]
fn a_conversation_goes_on_has_no_other_attempt_after_it_and_goes_when_it_is_over() {
    let mut world = world();
    let mut trigger = World::trigger_of("+15005550001"); // it is busy
    trigger.request.redial = Some(Redial {
        max_attempts: 3,
        on: vec![Cause::Busy],
        wait_seconds: vec![60],
    });
    trigger.window = Some(Window {
        not_before: None,
        not_after: world.now + Span::from_secs(7 * 86_400),
        max_wait: Span::from_secs(3_600),
    });
    let reply = world.ask(TrunkCommand::Redial(Box::new(trigger)));
    let TrunkReply::Admission(Admission::Accepted { call, .. }) = reply else {
        panic!("{reply:?}");
    };
    world.dispatch();
    let busy = Number::of(&E164::parse("+15005550001").expect("a number"));
    let erase = |world: &mut World, from, gone| {
        let asked = EraseCalls {
            org: org(),
            number: busy,
            from,
            through: None,
            gone,
        };
        match world.ask(TrunkCommand::Erase(Box::new(asked))) {
            TrunkReply::Erased(erased) => erased,
            other => panic!("{other:?}"),
        }
    };
    let erased = erase(&mut world, 0, vec![]);
    assert_eq!((erased.found, erased.left), (vec![], Some(call.row())));
    world.run_to_end(call);
    assert_eq!(there(&world), [call], "none follows");
    deliver(&mut world, 200);
    later(&mut world, Span(3_000));
    let erased = erase(&mut world, call.row(), vec![]);
    assert_eq!((erased.found.clone(), erased.left), (vec![call], None));
    erase(&mut world, call.row() + 1, erased.found);
    assert_eq!(there(&world), []);
}

#[test]
fn a_repeat_under_the_key_of_an_erased_call_is_a_request_of_its_own() {
    let mut world = world();
    let reply = world.ask(World::keyed(THEIRS));
    let TrunkReply::Admission(Admission::Accepted { call, .. }) = reply else {
        panic!("{reply:?}");
    };
    world.run_to_end(call);
    deliver(&mut world, 200);
    later(&mut world, Span(3_000));
    assert!(matches!(
        world.ask(World::keyed(THEIRS)),
        TrunkReply::Replayed(_)
    ));
    pass(&mut world);
    assert_eq!(there(&world), []);
    assert!(matches!(
        world.ask(World::keyed(THEIRS)),
        TrunkReply::Admission(_)
    ));
}

#[test]
fn another_organisations_trunk_finds_nothing_and_one_that_cannot_write_does_nothing() {
    let mut world = world();
    let id = over(&mut world, THEIRS);
    later(&mut world, Span(3_000));
    let asked = EraseCalls {
        org: audatec::domain::ids::OrgId::from_entropy([77; 16]),
        number: number(),
        from: 0,
        through: None,
        gone: vec![id],
    };
    let reply = world.ask(TrunkCommand::Erase(Box::new(asked)));
    assert_eq!(reply, TrunkReply::Erased(ErasedCalls::default()));
    assert_eq!(there(&world), [id]);
}
