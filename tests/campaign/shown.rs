//! What is shown of a campaign: what holds it back, when it will be over, and its results as of one moment.

use audatec::app::campaign::{CampaignCommand, CampaignReply, Recipient, RecipientPage};
use audatec::app::trunk::TrunkCommand;
use audatec::domain::call::{CarrierEvent, Failure, FailureCode, Timed};
use audatec::domain::campaign::{HeldBy, Plan, RecipientStatus, Status};
use audatec::domain::redial::{Cause, Redial};
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::Brief;
use audatec::domain::{agent, contacts::Number};

use super::support;
use super::world::{BEGIN, World, people, person, plan};

/// Its trunk is told of a change.
fn told(world: &mut World, change: impl FnOnce(&mut Brief)) {
    world.trunk.now = world.now() + Span(1);
    world.trunk.brief(10, 10, change);
}

#[test]
fn what_holds_it_back_is_shown_as_long_as_it_does() {
    type Change = fn(&mut Brief);
    let all: [(HeldBy, Change); 3] = [
        (HeldBy::TrunkInactive, |brief| {
            brief.config.status = agent::Status::Inactive;
        }),
        (HeldBy::AgentInactive, |brief| {
            brief.inactive_agents = vec![support::agent()];
        }),
        (HeldBy::Capacity, |brief| brief.config.max_channels = 0),
    ];
    for (why, change) in all {
        let mut world = World::new(10, 10);
        told(&mut world, change);
        let nth = world.running(plan(), people(3));
        let now = world.now();
        world.live_until(now + Span::from_secs(30));
        let shown = world.get(nth);
        assert_eq!(shown.held_by, Some(why));
        assert_eq!(shown.campaign.status, Status::Running);
        assert_eq!(shown.campaign.counts.pending, 3);
        assert_eq!(shown.projected_end_at, None);
        assert_eq!(world.dialed.len(), 0);
        world.crash(nth);
        let now = world.now();
        world.live_until(now + Span::from_secs(30));
        assert_eq!(world.get(nth).held_by, Some(why), "after a restart");
        told(&mut world, |_| {});
        let shown = world.run(nth);
        assert_eq!((shown.campaign.counts.completed, shown.held_by), (3, None));
    }
}

#[test]
fn a_dialer_that_is_down_is_shown_and_nobody_is_spent_on_it() {
    let mut world = World::new(10, 10);
    for _ in 0..3 {
        let id = world.trunk.accepted("+14155550001");
        world.trunk.sent.dial.clear();
        world.trunk.ask(TrunkCommand::Claim(vec![id]));
        let event = CarrierEvent::Failed(Failure::of(FailureCode::DialerUnavailable));
        let at = world.now();
        let events = vec![(id, vec![Timed { at, event }])];
        world.trunk.ask(TrunkCommand::CarrierEvents(events));
    }
    let nth = world.running(plan(), people(3));
    let now = world.now();
    world.live_until(now + Span(100));
    let shown = world.get(nth);
    assert_eq!(shown.held_by, Some(HeldBy::DialerDown));
    assert_eq!(shown.campaign.counts.pending, 3);
    let shown = world.run(nth);
    assert_eq!((shown.campaign.counts.completed, shown.held_by), (3, None));
}

/// While it runs and some were decided: not in the past, nor beyond the moment from which nobody is called.
#[test]
fn when_it_will_be_over_is_told_while_it_runs() {
    let over = BEGIN + Span::from_secs(3_000);
    let mut world = World::new(2, 2);
    let limited = Plan {
        not_after: Some(over),
        ..plan()
    };
    let nth = world.draft(limited, people(400));
    let projected = |world: &mut World| world.get(nth).projected_end_at;
    assert_eq!(projected(&mut world), None, "a draft");
    world.start(nth);
    assert_eq!(projected(&mut world), None, "nobody was decided");
    world.live_until(BEGIN + Span::from_secs(60));
    let left = world.counts(nth).left();
    let end = projected(&mut world).expect("a moment");
    // As many as in the first minute, in each that follows.
    let decided = 400 - left;
    let wanted = world.now() + Span::from_secs(60 * left / decided);
    let off = Span::from_secs(60);
    assert!(end > world.now() && end <= over && end + off >= wanted.min(over));
    world.shown(nth, CampaignCommand::Pause);
    assert_eq!(projected(&mut world), None, "paused");
    world.start(nth);
    let shown = world.run(nth);
    assert_eq!(shown.campaign.status, Status::Completed);
    assert_eq!(shown.projected_end_at, None, "it is over");
}

fn results(world: &mut World, nth: usize, before: Option<&RecipientPage>) -> RecipientPage {
    let command = CampaignCommand::Results {
        snapshot: before.map(|page| page.snapshot),
        after: before.and_then(|page| page.next).unwrap_or_default(),
        limit: 20,
    };
    match world.ask(nth, command) {
        CampaignReply::Recipients(page) => *page,
        other => panic!("{other:?}"),
    }
}

fn said(all: &[Recipient]) -> Vec<(String, RecipientStatus, usize)> {
    let all = all.iter();
    all.map(|one| (one.reference.clone(), one.status, one.attempts.len()))
        .collect()
}

/// All pages, of which the second and those after it are read when `then` has happened.
fn read(world: &mut World, nth: usize, then: impl FnOnce(&mut World)) -> Vec<Recipient> {
    let first = results(world, nth, None);
    let mut all = first.recipients.clone();
    then(world);
    let mut page = first;
    while page.next.is_some() {
        page = results(world, nth, Some(&page));
        all.extend(page.recipients.clone());
    }
    all
}

/// However long its reader takes, the file tells of one moment: of those who were on the list, as they were.
#[test]
fn results_are_as_of_the_moment_at_which_they_were_asked_for() {
    type Then = fn(&mut World, usize);
    let thens: [Then; 4] = [
        |world, nth| drop(world.run(nth)),
        |world, nth| drop(world.shown(nth, CampaignCommand::Cancel { hang_up: true })),
        |world, nth| {
            let more = vec![person("late", "+14155559999")];
            world.ask(nth, CampaignCommand::Add(more));
        },
        // Those who are called later expire.
        |world, _| world.live_until(BEGIN + Span::from_secs(500)),
    ];
    for then in thens {
        let mut world = World::new(20, 20);
        let limited = Plan {
            not_after: Some(BEGIN + Span::from_secs(100)),
            ..plan()
        };
        let nth = world.running(limited, people(1_000));
        world.live_until(BEGIN + Span::from_secs(20));
        let whole = read(&mut world, nth, |_| {});
        let slow = read(&mut world, nth, |world| then(world, nth));
        assert_eq!(said(&slow), said(&whole));
        let many = |status| whole.iter().filter(|one| one.status == status).count();
        assert!(many(RecipientStatus::Completed) > 20 && many(RecipientStatus::Pending) > 20);
        let now = read(&mut world, nth, |_| {});
        assert_ne!(said(&now), said(&whole));
    }
}

/// Who waited for another attempt, and is not called since: their last one was over by then.
#[test]
fn who_is_suppressed_after_the_file_was_asked_for_waits_in_it() {
    let mut world = World::new(30, 30);
    let again = Plan {
        redial: Some(Redial {
            max_attempts: 2,
            on: vec![Cause::Busy],
            wait_seconds: vec![60],
        }),
        ..plan()
    };
    let mut list = people(20);
    list.push(person("busy", "+15005550001"));
    let nth = world.running(again, list);
    world.live_until(BEGIN + Span::from_secs(30));
    let whole = read(&mut world, nth, |_| {});
    let suppress: fn(&mut World) = |world| {
        told(world, |brief| brief.asks_of_numbers = true);
        let busy = person("busy", "+15005550001").phone;
        world.trunk.suppressed = vec![Number::of(&busy)];
        let after: Timestamp = BEGIN + Span::from_secs(120);
        world.live_until(after);
    };
    let slow = read(&mut world, nth, suppress);
    assert_eq!(
        world.recipient(nth, "busy").status,
        RecipientStatus::Suppressed
    );
    assert_eq!(said(&slow), said(&whole));
    let busy = &slow[20];
    assert_eq!(busy.status, RecipientStatus::Waiting);
    assert_eq!(busy.attempts[0].status, whole[20].attempts[0].status);
    assert!(busy.attempts[0].failure.is_some());
}
