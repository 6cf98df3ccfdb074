//! What the live feed's listeners are told about campaigns.

use audatec::app::campaign::CampaignCommand;
use audatec::app::json;
use audatec::app::trunk::{FeedEvent, FeedFilter, Position, TrunkCommand, TrunkReply};
use audatec::app::views::campaign::CampaignView;
use audatec::domain::planted::{Fault, plant};
use audatec::domain::time::{Span, Timestamp};

use super::support::reader;
use super::world::{BEGIN, World, people, plan};

/// The campaigns' events behind a place, which moves on.
fn hear(world: &mut World, after: &mut Position) -> Vec<FeedEvent> {
    let filter = FeedFilter {
        after: *after,
        only: vec!["campaign.updated".into()],
        limit: 100,
        wait: Span(0),
        slice: None,
    };
    match world.trunk.ask(TrunkCommand::Feed(reader(), filter)) {
        TrunkReply::Feed(page) => {
            *after = page.events.last().map_or(*after, |last| last.place);
            page.events
        }
        other => panic!("{other:?}"),
    }
}

/// Follows it until then, and asks every 100 ms.
fn follow(world: &mut World, after: &mut Position, until: Timestamp) -> Vec<FeedEvent> {
    let mut heard = hear(world, after);
    while world.now() < until {
        let next = world.now() + Span(100);
        world.live_until(next);
        heard.extend(hear(world, after));
    }
    heard
}

fn beginning() -> Position {
    Position::before(BEGIN)
}

/// A campaign of 100 people that starts while somebody listens.
fn listened() -> (World, usize, Position) {
    let mut world = World::new(10, 10);
    let nth = world.draft(plan(), people(100));
    let mut after = beginning();
    hear(&mut world, &mut after);
    world.start(nth);
    (world, nth, after)
}

#[test]
fn it_is_told_as_it_is_once_a_second_at_most_and_so_is_its_end() {
    let (mut world, nth, mut after) = listened();
    let heard = follow(&mut world, &mut after, BEGIN + Span::from_secs(200));

    assert!(heard.len() > 5, "{}", heard.len());
    let times = heard.iter().map(|event| event.place.at);
    let pauses = times.clone().skip(1).zip(times).map(|(at, last)| at - last);
    assert!(pauses.min() >= Some(Span(1_000)));
    let last = &heard.last().expect("an event").event;
    assert_eq!(last["type"], "campaign.updated");
    assert_eq!(last["data"]["status"], "completed");
    let shown = world.get(nth);
    let view = CampaignView::of(&shown.campaign, shown.held_by, shown.projected_end_at);
    assert_eq!(last["data"], json::value(&view));
    for FeedEvent { event, .. } in &heard {
        let counts = event["data"]["counts"].as_object().expect("counts");
        let all: u64 = counts.values().filter_map(serde_json::Value::as_u64).sum();
        assert_eq!(all, 200, "they add up to the total, which is one of them");
    }
}

#[test]
fn whoever_comes_back_hears_how_it_is_by_then_and_nothing_twice() {
    let (mut world, nth, mut after) = listened();
    let heard = follow(&mut world, &mut after, BEGIN + Span::from_secs(3));
    assert_eq!(
        heard.last().expect("an event").event["data"]["status"],
        "running"
    );
    world.run(nth);
    // Also past the end of both objects.
    world.crash(nth);
    world.trunk.crash();
    let later = world.now() + Span::from_secs(20 * 3_600);
    world.live_until(later);
    let missed = hear(&mut world, &mut after);
    let [end] = missed.as_slice() else {
        panic!("{missed:?}");
    };
    assert_eq!(end.event["data"]["status"], "completed");
    assert_eq!(hear(&mut world, &mut after), []);
}

#[test]
fn a_pause_and_what_is_changed_then_are_told_at_once() {
    let (mut world, nth, mut after) = listened();
    follow(&mut world, &mut after, BEGIN + Span::from_secs(5));
    world.shown(nth, CampaignCommand::Pause);
    let until = world.now() + Span(1_500);
    let heard = follow(&mut world, &mut after, until);
    let last = heard.last().expect("an event");
    assert_eq!(last.event["data"]["status"], "paused");
    let was = Box::new(plan());
    let mut plan = Box::new(plan());
    plan.name = "Second reminders".into();
    world.shown(nth, CampaignCommand::Save { plan, was });
    let until = world.now() + Span(1_500);
    let heard = follow(&mut world, &mut after, until);
    let last = heard.last().expect("an event");
    assert_eq!(last.event["data"]["name"], "Second reminders");
}

/// The last status that is told of one that was called off while its trunk did not hear it, and died before it did.
fn told_after_a_restart() -> Option<String> {
    let (mut world, nth, mut after) = listened();
    follow(&mut world, &mut after, BEGIN + Span::from_secs(5));
    world.mute = true;
    world.shown(nth, CampaignCommand::Cancel { hang_up: true });
    let until = world.now() + Span::from_secs(60);
    assert_eq!(follow(&mut world, &mut after, until), []);
    assert_eq!(world.counts(nth).in_progress, 0);
    world.crash(nth);
    world.mute = false;
    let until = world.now() + Span::from_secs(10);
    let heard = follow(&mut world, &mut after, until);
    let status = heard.last()?.event["data"]["status"].as_str();
    status.map(str::to_owned)
}

#[test]
fn a_status_that_nobody_could_be_told_is_told_after_a_restart() {
    assert_eq!(told_after_a_restart().as_deref(), Some("canceled"));
}

#[test]
fn one_that_forgot_over_a_crash_to_tell_its_end_would_be_noticed() {
    plant(Some(Fault::CampaignEndUntold));
    let told = told_after_a_restart();
    plant(None);
    assert_eq!(told, None);
}

#[test]
fn where_nobody_listens_nothing_is_kept_and_it_is_seldom_told() {
    let mut world = World::new(1, 1);
    let nth = world.running(plan(), people(60));
    world.run(nth);
    let kept = world.trunk.feed_notes();
    assert!(kept.is_none_or(|notes| notes.campaigns.is_empty()));
    let seconds = (world.now() - BEGIN).0 / 1_000;
    let (told, most) = (world.told, seconds / 10 + 4);
    assert!((3..=most).contains(&told), "{told} times in {seconds} s");
}

#[test]
fn many_that_tell_of_themselves_do_so_less_often() {
    let mut world = World::new(100, 100);
    let mut after = beginning();
    hear(&mut world, &mut after);
    for _ in 0..30 {
        world.running(plan(), people(40));
    }
    let heard = follow(&mut world, &mut after, BEGIN + Span::from_secs(12));
    // Each told of its draft, and of its start.
    let later = heard
        .iter()
        .filter(|event| event.place.at >= BEGIN + Span::from_secs(2));
    let later = later.count();
    assert!((40..=130).contains(&later), "{later} in ten seconds");
}
