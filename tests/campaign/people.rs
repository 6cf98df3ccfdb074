//! Who is on a campaign's list, and what can be read about them.

use audatec::app::campaign::{
    CampaignActor, CampaignCommand, CampaignRefusal, CampaignReply, CampaignStore, EraseRecipients,
};
use audatec::app::views::campaign::RecipientView;
use audatec::domain::call::CallStatus;
use audatec::domain::campaign::{Attempt, RecipientStatus, Status};
use audatec::domain::contacts::Number;
use audatec::domain::ids::CallId;
use audatec::domain::phone::E164;
use audatec::domain::settings::Settings;
use audatec::domain::time::Span;

use super::support;
use super::world::{BEGIN, Luck, World, people, person, plan};

#[test]
fn the_same_file_again_adds_nothing() {
    let mut world = World::new(2, 2);
    let nth = world.draft(plan(), vec![]);
    let mut rows = people(1_200);
    rows.push(person("customer-7", "+14155550000"));
    let add = |world: &mut World, rows| match world.ask(nth, CampaignCommand::Add(rows)) {
        CampaignReply::Added(added) => (added.added, added.duplicates, added.too_many),
        other => panic!("{other:?}"),
    };
    assert_eq!(add(&mut world, rows.clone()), (1_200, 1, vec![]));
    assert_eq!(add(&mut world, rows), (0, 1_201, vec![]));
    let counts = world.counts(nth);
    assert_eq!((counts.total, counts.pending), (1_200, 1_200));
}

/// As many as may be, and no more: who is there already is nobody more.
#[test]
fn the_200_000th_is_the_last_to_be_added() {
    let mut world = World::new(1, 1);
    let nth = world.draft(plan(), people(2));
    let store = &world.callers[nth].store;
    let mut record = store.said().expect("a record");
    record.campaign.counts.total = 199_999;
    store.commit(&record, &[]).expect("written");
    let key = support::World::key();
    let mut actor = CampaignActor::load(store, &Settings::default(), key).expect("read");
    let names = ["customer-1", "last", "beyond", "customer-0", "far beyond"];
    let more = names.map(|name| person(name, "+14155550199"));
    let add = CampaignCommand::Add(more.into());
    let (reply, _) = actor.handle(store, add, world.now()).expect("written");
    let CampaignReply::Added(added) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!((added.added, added.duplicates), (1, 2));
    assert_eq!(added.too_many, [2, 4]);
}

#[test]
fn pages_follow_each_other_and_tell_of_one_status() {
    let mut world = World::new(2, 2);
    let nth = world.draft(plan(), people(120));
    let mut seen = Vec::new();
    let mut after = 0;
    loop {
        let page = CampaignCommand::Recipients {
            status: Some(RecipientStatus::Pending),
            after,
            limit: 50,
        };
        let CampaignReply::Recipients(page) = world.ask(nth, page) else {
            panic!("a page")
        };
        seen.extend(page.recipients.into_iter().map(|one| one.reference));
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    let all: Vec<_> = people(120).into_iter().map(|one| one.reference).collect();
    assert_eq!(seen, all);
    world.shown(nth, CampaignCommand::Cancel { hang_up: false });
    let page = |status| CampaignCommand::Recipients {
        status: Some(status),
        after: 0,
        limit: 200,
    };
    for (status, many) in [
        (RecipientStatus::Canceled, 120),
        (RecipientStatus::Pending, 0),
    ] {
        match world.ask(nth, page(status)) {
            CampaignReply::Recipients(page) => assert_eq!(page.recipients.len(), many),
            other => panic!("{other:?}"),
        }
    }
    let one = world.recipient(nth, "customer-3");
    assert_eq!((one.row, one.status), (4, RecipientStatus::Canceled));
    assert!(one.metadata.is_some());
    let refused = world.refused(nth, CampaignCommand::Add(people(1)));
    assert_eq!(refused, CampaignRefusal::Is(Status::Canceled));
}

/// However few have the status that is asked for, a page looks at so many rows, and says how far it got.
#[test]
fn a_page_looks_at_20_000_recipients_at_most_and_says_how_far_it_got() {
    let mut world = World::new(2, 2);
    let nth = world.draft(plan(), people(45_000));
    let mut page = |status, after, limit| {
        let page = CampaignCommand::Recipients {
            status: Some(status),
            after,
            limit,
        };
        match world.ask(nth, page) {
            CampaignReply::Recipients(page) => (page.recipients.len(), page.next),
            other => panic!("{other:?}"),
        }
    };
    let mut nobody = |after| page(RecipientStatus::Unreached, after, 50);
    assert_eq!(nobody(0), (0, Some(20_000)));
    assert_eq!(nobody(20_000), (0, Some(40_000)));
    assert_eq!(nobody(40_000), (0, None));
    // What stands in the last of these rows is found, and what is behind it.
    assert_eq!(page(RecipientStatus::Pending, 19_998, 50).0, 50);
    assert_eq!(page(RecipientStatus::Pending, 44_990, 50), (10, None));
}

#[test]
fn a_page_shows_what_the_agent_is_told_as_far_as_that_is_not_too_much() {
    let mut world = World::new(2, 2);
    let long = format!(r#"{{"customer_name":"{}"}}"#, "x".repeat(15_000));
    let mut list = people(100);
    for one in list.iter_mut().skip(1) {
        one.metadata = Some(long.clone());
    }
    let nth = world.draft(plan(), list);
    let (mut seen, mut after) = (0, 0);
    loop {
        let page = CampaignCommand::Recipients {
            status: None,
            after,
            limit: 100,
        };
        let CampaignReply::Recipients(page) = world.ask(nth, page) else {
            panic!("a page")
        };
        assert!(page.recipients.iter().all(|one| one.metadata.is_some()));
        let size = page
            .recipients
            .iter()
            .filter_map(|one| one.metadata.as_ref());
        let size: usize = size.map(String::len).sum();
        assert!(size < (1 << 20) + 20_000, "{size} bytes");
        seen += page.recipients.len();
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(seen, 100);
}

/// The calls that are shown of each.
fn shown(world: &mut World, nth: usize) -> Vec<CallId> {
    let page = CampaignCommand::Recipients {
        status: None,
        after: 0,
        limit: 1_000,
    };
    let CampaignReply::Recipients(page) = world.ask(nth, page) else {
        panic!("a page")
    };
    let attempts = page.recipients.into_iter().flat_map(|one| one.attempts);
    attempts.filter_map(|attempt| attempt.call).collect()
}

#[test]
fn a_call_is_shown_once_it_is_one_also_to_who_asks_first_after_a_restart() {
    let mut world = World::new(5, 5);
    let nth = world.running(plan(), people(20));
    // Ids are granted and written down, and the hand-over is never heard of.
    world.luck = vec![None, None, Some(Luck::Unasked), Some(Luck::Unasked)];
    let mut most = 0;
    for step in 0..60_u32 {
        let next = BEGIN + Span(u64::from(step) * 50);
        world.live_until(next);
        if step % 7 == 0 {
            world.crash(nth);
        }
        let calls = shown(&mut world, nth);
        most = most.max(calls.len());
        for call in calls {
            assert!(world.trunk.has(call), "{call:?} at {}", next.0);
        }
    }
    assert!(most >= 5, "{most} calls were shown");
    world.run(nth);
    assert_eq!(shown(&mut world, nth).len(), 20);
}

#[test]
fn a_call_that_was_taken_back_undialed_is_no_attempt_that_anybody_reads() {
    let call = |given_back| Attempt {
        call: Some(CallId::floor(BEGIN)),
        at: BEGIN,
        status: Some(CallStatus::TriggerFailed),
        failure: None,
        answered_by: None,
        disposition: None,
        duration_secs: None,
        given_back,
    };
    let who = || ("customer-1".to_owned(), "+14155550001".to_owned());
    let attempts = [call(true), call(false), call(true)];
    let view = RecipientView::new(who(), RecipientStatus::Waiting, &attempts, None, None);
    assert_eq!(view.attempts.len(), 1);
}

/// Erases, as a directory has it done. Returns which rows went, and the first that can't yet.
fn erase(world: &mut World, nth: usize, number: Number) -> (Vec<u64>, Option<u64>) {
    let mut gone = Vec::new();
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let asked = EraseRecipients {
            number,
            after,
            gone,
        };
        // The first answer is lost.
        world.ask(nth, CampaignCommand::Erase(asked.clone()));
        let CampaignReply::Erased(erased) = world.ask(nth, CampaignCommand::Erase(asked)) else {
            panic!("an answer")
        };
        all.extend(erased.found.iter().copied());
        match (erased.next, erased.found.is_empty()) {
            (Some(next), _) => after = next,
            (None, true) => return (all, erased.left),
            (None, false) => after = 1 << 40,
        }
        gone = erased.found;
    }
}

#[test]
fn erased_people_are_not_called_and_not_listed_and_the_counts_add_up() {
    let theirs = "+4915112345678";
    let number = Number::of(&E164::parse(theirs).expect("a number"));
    let mut people = people(20);
    people[7] = person("their own", "+49015112345678");
    people[12] = person("their other", theirs);
    let mut world = World::new(2, 2);
    let nth = world.draft(plan(), people);
    let before = world.counts(nth);
    assert_eq!(erase(&mut world, nth, number), (vec![8, 13], None));
    let after = world.counts(nth);
    assert_eq!(
        (after.total, after.pending, after.canceled),
        (20, before.pending - 2, 2)
    );
    for reference in ["their own", "their other"] {
        let one = CampaignCommand::Recipient(reference.into());
        assert_eq!(world.ask(nth, one), CampaignReply::Missing);
    }
    world.crash(nth);
    world.start(nth);
    let done = world.run(nth);
    assert_eq!(done.campaign.status, Status::Completed);
    assert_eq!(world.dials(nth).len(), 18);
    let counts = world.counts(nth);
    assert_eq!((counts.total, counts.canceled, counts.left()), (20, 2, 0));
    assert_eq!(erase(&mut world, nth, number), (vec![], None));
}

#[test]
fn one_who_is_being_called_is_left_until_that_is_over() {
    let mut world = World::new(1, 1);
    let one = person("their own", "+15005550000");
    let number = Number::of(&one.phone);
    let nth = world.running(plan(), vec![one, person("another", "+919876543210")]);
    let ends = world.now() + Span::from_secs(60);
    while world.counts(nth).in_progress == 0 && world.now() < ends {
        let next = world.now() + Span(50);
        world.live_until(next);
    }
    let (gone, left) = erase(&mut world, nth, number);
    assert_eq!((gone, left), (vec![], Some(1)));
    world.run(nth);
    let before = world.counts(nth);
    assert_eq!(erase(&mut world, nth, number), (vec![1], None));
    assert_eq!(world.counts(nth), before);
}
