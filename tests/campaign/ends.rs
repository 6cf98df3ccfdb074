//! How campaigns end, what holds them back, and who is told that they rest.

use audatec::app::campaign::{CampaignCommand, CampaignRefusal, CampaignReply, Recipient};
use audatec::app::trunk::TrunkCommand;
use audatec::domain::call::FailureCode;
use audatec::domain::calling_hours::{CallingHours, OnClosed, Place, WallTime, Weekday, Window};
use audatec::domain::campaign::{HeldBy, Plan, RecipientStatus, Status};
use audatec::domain::contacts::{ContactLimit, Per};
use audatec::domain::planted::{Fault, plant};
use audatec::domain::redial::{Cause, Redial};
use audatec::domain::time::{Span, Timestamp};

use super::world::{BEGIN, Luck, World, people, person, plan};

const HOUR: Span = Span::from_secs(3_600);

/// Many of the calls are ringing by then, and some talk.
fn in_the_middle(world: &mut World) {
    world.live_until(BEGIN + Span(3_500));
}

fn cancel(hang_up: bool) -> CampaignCommand {
    CampaignCommand::Cancel { hang_up }
}

fn open_from(hour: &str, on_closed: OnClosed) -> Option<Box<CallingHours>> {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    Some(Box::new(CallingHours {
        time_zone: Place::parse("Etc/UTC").expect("a place"),
        fallback_time_zone: None,
        windows: vec![Window {
            days: vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun],
            from: WallTime::parse(hour).expect("a time"),
            to: WallTime::parse("24:00").expect("a time"),
        }],
        closed_dates: Vec::new(),
        on_closed,
    }))
}

#[test]
fn one_that_is_called_off_with_its_calls_hangs_up_on_those_who_talk() {
    for hang_up in [true, false] {
        let mut world = World::new(5, 5);
        let nth = world.running(plan(), people(50));
        in_the_middle(&mut world);
        let before = world.counts(nth);
        let shown = world.shown(nth, cancel(hang_up));
        assert_eq!(shown.campaign.status, Status::Canceled);
        let dials = world.dialed.len();
        let now = world.now();
        world.live_until(now + Span(600));
        let counts = world.counts(nth);
        assert!(counts.in_progress == 0 || !hang_up, "{counts:?}");
        world.live_until(now + Span::from_secs(60));
        let counts = world.counts(nth);
        assert_eq!((world.dialed.len(), counts.left()), (dials, 0));
        // Who talked was reached, whoever hung up.
        assert!(counts.completed > before.completed, "{counts:?}");
        let hung_up = world.trunk.rows.all().into_iter().filter(|call| {
            let code = call.failure.map(|failure| failure.code);
            call.answered_at.is_some() && code == Some(FailureCode::Canceled)
        });
        assert_eq!(hung_up.count() > 0, hang_up);
    }
}

#[test]
fn while_hours_are_closed_all_wait_for_the_opening_and_nobody_is_called() {
    // A request would be refused; who is on a list waits.
    for on_closed in [OnClosed::Wait, OnClosed::Reject] {
        all_wait_for_the_opening(on_closed);
    }
}

fn all_wait_for_the_opening(on_closed: OnClosed) {
    let mut world = World::new(10, 10);
    let closed = Plan {
        hours: open_from("09:00", on_closed),
        ..plan()
    };
    let nth = world.running(closed, people(1_200));
    world.live_until(BEGIN + Span::from_secs(5));
    let shown = world.get(nth);
    assert_eq!(shown.held_by, Some(HeldBy::CallingHours));
    assert_eq!(shown.campaign.counts.waiting, 1_200);
    let one = world.recipient(nth, "customer-7");
    assert_eq!(one.next_attempt_at, Some(BEGIN + HOUR));
    // It sleeps until then.
    let asked = world.exchanges;
    world.live_until(BEGIN + HOUR - Span(1));
    assert!(world.exchanges <= asked + 1);
    assert_eq!(world.dialed.len(), 0);
    world.live_until(BEGIN + HOUR + Span::from_secs(10));
    assert!(world.dialed.len() >= 30, "{}", world.dialed.len());
    assert_eq!(world.get(nth).held_by, None);
    assert!(world.dialed.iter().all(|(_, at)| *at >= BEGIN + HOUR));
}

#[test]
fn who_was_called_as_often_as_may_be_waits_until_that_is_over() {
    let mut world = World::new(10, 10);
    world.trunk.now = world.trunk.now + Span(1);
    world.trunk.brief(10, 10, |brief| {
        brief.asks_of_numbers = true;
        brief.limits.org = vec![ContactLimit(1, Per::Hour)];
    });
    let first = world.running(plan(), vec![person("a", "+14155550001")]);
    assert_eq!(world.run(first).campaign.counts.completed, 1);
    let dialed_at = world.dialed[0].1;
    let list = vec![person("again", "+14155550001"), person("b", "+14155550002")];
    let second = world.running(plan(), list);
    let now = world.now();
    world.live_until(now + Span::from_secs(30));
    let counts = world.counts(second);
    assert_eq!((counts.completed, counts.waiting), (1, 1));
    let one = world.recipient(second, "again");
    let next = one.next_attempt_at.expect("a moment");
    assert!(next >= dialed_at + HOUR && next <= dialed_at + HOUR + Span::from_secs(60));
    assert!(one.attempts.iter().all(|attempt| attempt.given_back));
    world.live_until(next + Span::from_secs(120));
    assert_eq!(world.counts(second).completed, 2);
    let again = world.dialed.last().expect("a dial").1;
    assert!(again >= dialed_at + HOUR);
}

#[test]
fn one_that_is_deleted_is_gone_with_its_last_call_which_goes_on() {
    let mut world = World::new(5, 5);
    let nth = world.running(plan(), people(50));
    assert_eq!(
        world.refused(nth, CampaignCommand::Delete),
        CampaignRefusal::Is(Status::Running)
    );
    in_the_middle(&mut world);
    let shown = world.shown(nth, cancel(false));
    assert!(shown.campaign.counts.in_progress > 0);
    let deleted = world.ask(nth, CampaignCommand::Delete);
    assert_eq!(deleted, CampaignReply::Done);
    assert_eq!(
        world.refused(nth, CampaignCommand::Get),
        CampaignRefusal::Missing
    );
    assert!(!world.callers[nth].store.is_empty());
    world.crash(nth);
    let now = world.now();
    world.live_until(now + Span::from_secs(60));
    assert!(world.callers[nth].store.is_empty());
    let calls = world.trunk.rows.all();
    assert!(calls.iter().all(|call| call.status.is_terminal()));
    let last = calls.iter().filter_map(|call| call.ended_at).max();
    assert!(last.expect("a call") > now);
}

#[test]
fn at_not_after_those_who_wait_expire_and_open_calls_go_on() {
    let mut world = World::new(5, 5);
    let over = BEGIN + Span(4_500);
    let short = Plan {
        not_after: Some(over),
        redial: Some(Redial {
            max_attempts: 2,
            on: vec![Cause::Busy],
            wait_seconds: vec![1],
        }),
        ..plan()
    };
    let mut list = vec![person("busy", "+15005550001")];
    list.extend(people(40));
    let nth = world.running(short, list);
    world.live_until(over - Span(1));
    assert_eq!(world.get(nth).campaign.status, Status::Running);
    world.live_until(over + Span(1));
    let shown = world.get(nth);
    let counts = shown.campaign.counts;
    assert_eq!((counts.pending, counts.waiting), (0, 0));
    assert!(counts.expired > 0 && counts.in_progress > 0, "{counts:?}");
    assert_eq!(shown.campaign.status, Status::Running);
    let dials = world.dialed.len();
    let shown = world.run(nth);
    assert_eq!(shown.campaign.status, Status::Completed);
    assert_eq!(world.dialed.len(), dials);
    let last = world.trunk.rows.all();
    let last = last.iter().filter_map(|call| call.ended_at).max();
    let (last, ended_at) = (last.expect("a call"), shown.campaign.ended_at);
    assert!(ended_at.expect("over") <= last + Span::from_secs(5));
    let one = world.recipient(nth, "customer-39");
    assert_eq!(one.status, RecipientStatus::Expired);
}

/// What the directory was told, once it was.
fn rested(world: &mut World, nth: usize) -> Vec<u64> {
    let now = world.now();
    world.live_until(now + Span(1_000));
    let id = world.callers[nth].id;
    let own = world.rested.iter().filter(|(campaign, _)| *campaign == id);
    own.map(|(_, mark)| *mark).collect()
}

#[test]
fn the_directory_hears_of_each_end_once() {
    let ends: [fn(&mut World, usize); 4] = [
        |world, nth| drop(world.run(nth)),
        |world, nth| drop(world.shown(nth, cancel(false))),
        |world, nth| drop(world.shown(nth, CampaignCommand::Pause)),
        |world, _| {
            world.trunk.now = world.trunk.now + Span(1);
            world.trunk.brief(5, 5, |brief| {
                brief.revoked_keys = vec![super::support::api_key()];
            });
            let now = world.now();
            world.live_until(now + Span::from_secs(10));
        },
    ];
    for end in ends {
        let mut world = World::new(5, 5);
        let nth = world.running(plan(), people(30));
        in_the_middle(&mut world);
        assert_eq!(rested(&mut world, nth), [0; 0], "it runs");
        end(&mut world, nth);
        assert_eq!(rested(&mut world, nth), [1]);
        world.crash(nth);
        assert_eq!(rested(&mut world, nth), [1]);
    }
}

#[test]
fn that_a_campaign_rests_is_owed_to_the_directory_until_it_has_heard() {
    let mut world = World::new(5, 5);
    world.no_directory = true;
    let nth = world.running(plan(), people(5));
    let shown = world.run(nth);
    assert_eq!(shown.campaign.status, Status::Completed);
    let now = world.now();
    world.live_until(now + HOUR);
    world.ask(nth, CampaignCommand::Delete);
    assert!(!world.callers[nth].store.is_empty());
    world.crash(nth);
    world.no_directory = false;
    let now = world.now();
    world.live_until(now + Span::from_secs(10));
    assert_eq!(world.rested, [(world.callers[nth].id, 1)]);
    assert!(world.callers[nth].store.is_empty());
}

#[test]
fn an_answer_that_is_lost_or_not_written_is_asked_for_again() {
    for luck in [Luck::Unheard, Luck::Dies, Luck::Unwritten, Luck::Written] {
        let mut world = World::new(5, 5);
        let nth = world.running(plan(), people(1));
        while world.callers[nth].record().is_running() {
            let next = world.now() + Span(1);
            world.luck = vec![None; 1_000];
            world.no_directory = true;
            world.live_until(next);
        }
        (world.luck, world.no_directory) = (vec![Some(luck)], false);
        let now = world.now();
        world.live_until(now + Span::from_secs(20));
        assert!(!world.rested.is_empty(), "{luck:?}");
        assert_eq!(world.callers[nth].record().mark, None, "{luck:?}");
        let due = world.next_due_of(nth);
        assert_eq!(due, None::<Timestamp>, "{luck:?}");
    }
}

/// The storage of the trunk is full, and what may leave does: how many calls did.
fn leave(world: &mut World) -> usize {
    let trunk = &mut world.trunk;
    trunk.rows.used.set(trunk.settings.storage_limit / 100 * 75);
    let mut gone = 0;
    for _ in 0..40 {
        trunk.now = trunk.now + Span(1_000);
        trunk.ask(TrunkCommand::Tick);
        let batch = std::mem::take(&mut trunk.sent.expired);
        gone += batch.len();
        trunk.ask(TrunkCommand::Forget(
            batch.iter().map(|call| call.id).collect(),
        ));
    }
    gone
}

/// A campaign hands over its calls, and its object is dead for longer than a full trunk keeps them. How often it dialed
/// in all, and what became of its people.
fn dead_for_long(trunk_dies: bool) -> (usize, Vec<Recipient>) {
    let mut world = World::new(3, 10);
    let again = Plan {
        redial: Some(Redial {
            max_attempts: 2,
            on: vec![Cause::Busy, Cause::DialerUnavailable],
            wait_seconds: vec![60],
        }),
        ..plan()
    };
    let nth = world.running(again, people(3));
    world.live_until(BEGIN + Span(500));
    assert_eq!(world.counts(nth).in_progress, 3);
    world.crash(nth);
    // Nothing is heard of it while its calls end.
    for _ in 0..120 {
        world.trunk.now = world.now() + Span(1_000);
        world.trunk.ask(TrunkCommand::Tick);
        let now = world.now();
        let dialed = world.trunk.dispatch();
        world
            .dialed
            .extend(dialed.into_iter().map(|call| (call, now)));
    }
    world.trunk.sent.campaigns.clear();
    assert_eq!(leave(&mut world), 3);
    if trunk_dies {
        world.trunk.crash();
    }
    let shown = world.run(nth);
    assert_eq!(shown.campaign.counts.left(), 0);
    let who = (0..3).map(|one| world.recipient(nth, &format!("customer-{one}")));
    let people = who.collect();
    (world.dialed.len(), people)
}

#[test]
fn whose_call_left_a_full_trunk_before_its_campaign_heard_of_it_is_not_called_again() {
    for trunk_dies in [false, true] {
        let (dials, people) = dead_for_long(trunk_dies);
        assert_eq!(dials, 3);
        for one in people {
            assert_eq!(one.status, RecipientStatus::Unreached);
            let tried: Vec<_> = one.attempts.iter().collect();
            assert_eq!(tried.len(), 1);
            assert!(tried[0].call.is_some() && tried[0].status.is_none());
            let code = tried[0].failure.map(|failure| failure.code);
            assert_eq!(code, Some(FailureCode::ResultUnknown));
        }
    }
}

#[test]
fn a_trunk_that_forgot_that_it_had_such_calls_would_be_noticed() {
    plant(Some(Fault::HandedOverForgotten));
    let (dials, _) = dead_for_long(false);
    plant(None);
    assert_eq!(dials, 6);
}
