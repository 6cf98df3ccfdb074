//! What a caller accepts as an object's reply: the one that belongs to its command, and no other.

use std::fmt::Debug;

use audatec::app::asking::Reply;
use audatec::app::trunk::{
    Admitted, Attempted, Begun, Briefed, KeptMedia, Listed, Replay, Retired, Rung, Shown,
    TrunkRefusal, UsedStorage, ask, command,
};
use audatec::app::trunk::{CarrierCredentials, Scan};

use super::*;

fn call() -> CallId {
    CallId::of_number(7)
}

/// What a trunk answers is the next of these; then `Done`.
fn answering(replies: impl IntoIterator<Item = TrunkReply>) -> FakeServer {
    let world = FakeServer::answering(&[]);
    world.turns.borrow_mut().extend(replies);
    world
}

#[test]
fn a_reply_that_belongs_to_another_command_is_logged_and_taken_for_none() {
    let world = answering([]);
    let tag = call().address().tag;
    // This trunk has nothing but `Done` to say.
    let orders = block_on(ask(&world, tag, command::Claim(vec![call()])));
    assert_eq!(orders, Err(Unavailable));
    assert_eq!(
        *world.told.borrow(),
        [TrunkCommand::Claim(vec![call()])],
        "as it always travelled"
    );
    let log = world.log.borrow().join("\n");
    assert!(log.contains(r#""event":"answer_mismatched""#), "{log}");
    assert!(log.contains(r#""object":"TRUNKS""#), "{log}");
}

#[test]
fn the_reply_that_belongs_to_it_is_the_answer_and_nothing_is_logged() {
    let over = TrunkReply::Over(vec![call()]);
    let world = answering([over, TrunkReply::NotBefore(START), TrunkReply::Done]);
    let tag = call().address().tag;
    for rung in [Rung::Over(vec![call()]), Rung::NotBefore(START), Rung::Done] {
        assert_eq!(block_on(ask(&world, tag, command::Ring(call()))), Ok(rung));
    }
    // Storage that can't be written is no answer of another command.
    world.turns.borrow_mut().push_back(TrunkReply::NotWritten);
    let rung = block_on(ask(&world, tag, command::Ring(call())));
    assert_eq!(rung, Err(Unavailable));
    assert!(world.log.borrow().is_empty());
}

/// It is read as it was written, and `others` are not taken for it.
fn travels<R>(reply: R, others: &[TrunkReply])
where
    R: Reply<TrunkReply> + Into<TrunkReply> + Clone + PartialEq + Debug,
{
    let written: TrunkReply = reply.clone().into();
    assert_eq!(R::read(written), Some(reply));
    for other in others {
        assert_eq!(R::read(other.clone()), None, "{other:?}");
    }
}

#[test]
fn replies_are_read_as_they_were_written() {
    use TrunkReply::{Done, KeyReused, Missing, Orders, Over, Refused};
    travels((), &[Missing, KeyReused]);
    travels(Some(()), &[KeyReused]);
    travels::<Option<()>>(None, &[Refused(TrunkRefusal::Late)]);
    travels(Ok::<_, TrunkRefusal>(Some(())), &[KeyReused]);
    travels(Ok::<Option<()>, _>(None), &[Orders(vec![])]);
    travels(Err::<Option<()>, _>(TrunkRefusal::InvalidKey), &[KeyReused]);
    travels(Vec::<DialOrder>::new(), &[Done, Missing]);
    travels(Vec::<CallId>::new(), &[Orders(vec![]), Missing]);
    travels(vec![call()], &[Orders(vec![]), Missing]);
    travels(None::<CarrierCredentials>, &[Done, Missing]);
    travels(Briefed::TagTaken, &[Missing, TrunkReply::HasLiveCalls]);
    travels(Retired::HasLiveCalls, &[Missing, TrunkReply::TagTaken]);
    travels(Rung::NotBefore(START), &[Missing, Orders(vec![])]);
    travels(Some(Begun::Begun(None)), &[Done]);
    travels(Attempted::Done, &[Missing, TrunkReply::Begun(None)]);
    travels(Admitted::KeyReused, &[Done, Missing]);
    travels(Some(Replay::KeyReused), &[Done]);
    let (transcript, recording) = (None, Some("s3://calls/1.ogg".to_owned()));
    travels(
        KeptMedia {
            transcript,
            recording,
        },
        &[Done, Missing],
    );
    let (used, oldest) = (7, Some(START));
    travels(Some(UsedStorage { used, oldest }), &[Done]);
    let (calls, until) = (Vec::new(), Some(call()));
    travels(Scan { calls, until }, &[Done, Missing, Over(vec![])]);
    let calls = vec![Shown {
        id: call(),
        item: "{}".into(),
    }];
    travels(Listed::Shown(Scan { calls, until }), &[Done, Missing]);
    let older = TrunkReply::Calls(Vec::new(), until);
    let calls = Vec::new();
    assert_eq!(
        Listed::read(older),
        Some(Listed::Calls(Scan { calls, until })),
        "so answers an object of an earlier release"
    );
}

#[test]
fn a_directory_answers_a_command_or_refuses_it_and_all_else_is_logged_and_taken_for_none() {
    use directory::{By, DirectoryRefusal, command};
    let (world, org) = (answering([]), OrgId::from_entropy([1; 16]));
    let secrets = directory::ask(&world, org, By::PLATFORM, command::Secrets);
    let secrets = block_on(secrets).expect("it was reached");
    assert_eq!(secrets.err(), Some(DirectoryRefusal::InvalidKey));
    assert!(world.log.borrow().is_empty());
    // Whoever asks for no news is not told that there is none.
    let ticked = block_on(directory::ask(&world, org, By::PLATFORM, command::Tick));
    assert_eq!(ticked, Err(Unavailable));
    let log = world.log.borrow().join("\n");
    assert!(log.contains(r#""event":"answer_mismatched""#), "{log}");
    assert!(log.contains(r#""object":"DIRECTORIES""#), "{log}");
}

#[test]
fn a_directorys_replies_are_read_as_they_were_written() {
    use DirectoryReply::{Done, Founded, Quiet, Record, Settled};
    use directory::{Permitted, Saved, Slice, WatchOutcome};
    fn read<R: Reply<DirectoryReply>>(answer: DirectoryReply) -> Option<R> {
        R::read(answer)
    }
    assert_eq!(read::<()>(Done), Some(()));
    assert_eq!(read::<()>(Quiet), None);
    assert_eq!(read::<Option<String>>(Record(None)), Some(None));
    assert_eq!(read::<Option<String>>(Done), None);
    assert_eq!(read::<Permitted>(Record(None)), Some(Permitted::Unneeded));
    assert_eq!(read::<Permitted>(Record(Some(String::new()))), None);
    assert!(matches!(read(Done), Some(Saved::AsGiven)));
    assert!(read::<Saved>(Founded(START, true)).is_none());
    assert!(matches!(read(Record(None)), Some(Slice::Whole(None))));
    assert!(matches!(read(Quiet), Some(WatchOutcome::Quiet)));
    let tags = DirectoryReply::Tags(Vec::new(), START);
    assert!(
        matches!(read(tags), Some(WatchOutcome::AtOnce(_))),
        "of a release that does not wait"
    );
    assert!(read::<WatchOutcome>(Settled(String::new())).is_none());
}
