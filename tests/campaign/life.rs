//! How campaigns progress.

use audatec::app::campaign::{CampaignCommand, CampaignRefusal, CampaignReply};
use audatec::domain::call::{CallStatus, FailureCode};
use audatec::domain::campaign::{HeldBy, Plan, RecipientStatus, Status};
use audatec::domain::ids::TrunkId;
use audatec::domain::redial::{Cause, Redial};
use audatec::domain::time::Span;
use proptest::prelude::*;

use super::support::livekit::line_to;
use super::world::{BEGIN, Luck, World, people, person, plan};

const BUSY: &str = "+15005550001";

fn redial(max_attempts: u32) -> Plan {
    Plan {
        redial: Some(Redial {
            max_attempts,
            on: vec![Cause::Busy],
            wait_seconds: vec![60],
        }),
        ..plan()
    }
}

#[test]
fn everybody_is_called_once_and_it_is_over_at_once() {
    let mut world = World::new(10, 10);
    let nth = world.running(plan(), people(100));
    let shown = world.run(nth);
    assert_eq!(shown.campaign.status, Status::Completed);
    assert_eq!(shown.campaign.counts.completed, 100);
    assert!(world.dials(nth).values().all(|dials| *dials == 1));
    assert_eq!(world.dialed.len(), 100);
    let one = world.recipient(nth, "customer-42");
    assert_eq!(one.attempts[0].status, Some(CallStatus::Completed));
    let written = world.callers[nth].store.written.get();
    assert!(written <= 300 + 10, "{written} rows");
    assert!(world.callers[nth].store.most_read.get() <= 500);
}

#[test]
fn an_empty_one_does_not_start_and_a_draft_can_be_called_off() {
    let mut world = World::new(1, 1);
    let nth = world.draft(plan(), vec![]);
    let start = world.refused_start(nth);
    assert_eq!(start, CampaignRefusal::NoRecipients);
    let is = |status| CampaignRefusal::Is(status);
    assert_eq!(
        world.refused(nth, CampaignCommand::Pause),
        is(Status::Draft)
    );
    let cancel = CampaignCommand::Cancel { hang_up: false };
    let shown = world.shown(nth, cancel.clone());
    assert_eq!(shown.campaign.status, Status::Canceled);
    assert!(shown.campaign.ended_at.is_some());
    assert_eq!(world.refused(nth, cancel), is(Status::Canceled));
    world.ask(nth, CampaignCommand::Delete);
    assert!(world.callers[nth].store.is_empty());
    assert_eq!(
        world.refused(nth, CampaignCommand::Get),
        CampaignRefusal::Missing
    );
}

#[test]
fn who_is_busy_is_called_again_as_often_as_may_be() {
    let mut world = World::new(5, 5);
    let mut list = people(3);
    list.push(person("busy", BUSY));
    let nth = world.running(redial(3), list);
    world.live_until(BEGIN + Span::from_secs(30));
    let one = world.recipient(nth, "busy");
    assert_eq!(one.status, RecipientStatus::Waiting);
    assert!(
        one.next_attempt_at
            .is_some_and(|at| at > BEGIN + Span::from_secs(59))
    );
    let shown = world.run(nth);
    let counts = shown.campaign.counts;
    assert_eq!((counts.completed, counts.unreached), (3, 1));
    let one = world.recipient(nth, "busy");
    assert_eq!(one.attempts.len(), 3);
    assert_eq!(world.dials(nth)[&4], 3);
}

#[test]
fn two_with_one_number_are_never_called_at_once() {
    let mut world = World::new(5, 5);
    let list = vec![person("a", "+14155550001"), person("b", "+14155550001")];
    let nth = world.running(plan(), list);
    world.live_until(BEGIN + Span::from_secs(2));
    let counts = world.counts(nth);
    assert_eq!((counts.in_progress, counts.waiting), (1, 1));
    assert_eq!(world.run(nth).campaign.counts.completed, 2);
}

#[test]
fn whose_destination_is_closed_later_is_unreached_for_that_reason() {
    let mut world = World::new(2, 5);
    let list = vec![
        person("called", "+442071838750"),
        person("waits", "+442071838750"),
        person("at home", "+14155550001"),
        person("pending", "+442071838751"),
    ];
    let nth = world.running(plan(), list);
    world.live_until(BEGIN + Span(1_500));
    let is = |world: &mut World, who| world.recipient(nth, who).status;
    assert_eq!(is(&mut world, "called"), RecipientStatus::InProgress);
    assert_eq!(is(&mut world, "waits"), RecipientStatus::Waiting);
    assert_eq!(is(&mut world, "pending"), RecipientStatus::Pending);
    world.trunk.brief(2, 5, |brief| {
        brief.config.destinations.deny = vec!["+44".into()];
    });
    let shown = world.run(nth);
    assert_eq!(shown.campaign.status, Status::Completed);
    let counts = shown.campaign.counts;
    assert_eq!(
        (counts.completed, counts.unreached, counts.total),
        (2, 2, 4)
    );
    // Whoever was being called is called on.
    assert_eq!(is(&mut world, "called"), RecipientStatus::Completed);
    for who in ["waits", "pending"] {
        let one = world.recipient(nth, who);
        assert_eq!(one.status, RecipientStatus::Unreached);
        assert_eq!(one.next_attempt_at, None);
        let told = one.attempts.iter();
        let told: Vec<_> = told
            .map(|one| (one.call, one.status, one.failure.map(|why| why.code)))
            .collect();
        let why = FailureCode::DestinationNotAllowed;
        assert_eq!(told, [(None, None, Some(why))], "{who}");
    }
    assert_eq!(world.dialed.len(), 2);
}

/// A campaign that has three calls in progress, is paused, and calls over another trunk from then on.
fn moved(world: &mut World) -> usize {
    let nth = world.running(plan(), people(3));
    world.live_until(BEGIN + Span(1_500));
    // What is not told has to be asked.
    world.silent = true;
    let paused = world.shown(nth, CampaignCommand::Pause).campaign;
    assert_eq!(paused.counts.in_progress, 3);
    let save = CampaignCommand::Save {
        plan: Box::new(Plan {
            trunk: TrunkId::from_entropy([8; 16]),
            ..paused.plan.clone()
        }),
        was: Box::new(paused.plan),
    };
    world.shown(nth, save);
    nth
}

#[test]
fn whose_call_goes_out_over_the_trunk_before_is_not_called_over_another_as_well() {
    let mut world = World::new(5, 5);
    let nth = moved(&mut world);
    world.start(nth);
    let shown = world.run(nth);
    assert_eq!(shown.campaign.counts.completed, 3);
    assert_eq!(world.dialed.len(), 3);
    assert!(world.dials(nth).values().all(|dials| *dials == 1));
}

#[test]
fn calls_over_the_trunk_before_are_hung_up_with_the_others() {
    let mut world = World::new(5, 5);
    let nth = moved(&mut world);
    world.start(nth);
    let shown = world.shown(nth, CampaignCommand::Cancel { hang_up: true });
    assert_eq!(shown.campaign.counts.in_progress, 0);
    let ended = world.trunk.rows.all().into_iter();
    let codes = ended.map(|call| call.failure.map(|why| why.code));
    assert_eq!(codes.collect::<Vec<_>>(), [Some(FailureCode::Canceled); 3]);
}

/// A simulator's own numbers are allowed whatever its trunk says: so its line is another by then.
#[test]
fn who_waits_for_another_attempt_when_their_destination_closes_is_not_called_again() {
    let mut world = World::new(5, 5);
    let list = vec![person("busy", BUSY), person("at home", "+14155550001")];
    let nth = world.running(redial(3), list);
    world.live_until(BEGIN + Span::from_secs(30));
    let one = world.recipient(nth, "busy");
    assert_eq!(one.status, RecipientStatus::Waiting);
    assert!(one.next_attempt_at.is_some_and(|at| at > world.now()));
    world.trunk.brief(5, 5, |brief| {
        brief.config.carrier = line_to("livekit", "APIkey");
        brief.config.destinations.deny = vec!["+1500".into()];
    });
    let dialed = world.dialed.len();
    let shown = world.run(nth);
    assert_eq!(shown.campaign.status, Status::Completed);
    let counts = shown.campaign.counts;
    assert_eq!((counts.completed, counts.unreached), (1, 1));
    assert_eq!(world.dialed.len(), dialed, "nobody was called since");
    let one = world.recipient(nth, "busy");
    assert_eq!(one.status, RecipientStatus::Unreached);
    assert_eq!(one.next_attempt_at, None);
    let told = one.attempts.iter().map(|one| {
        let why = one.failure.map(|why| why.code);
        (one.call.is_some(), one.status, why)
    });
    let told: Vec<_> = told.collect();
    let closed = (false, None, Some(FailureCode::DestinationNotAllowed));
    let busy = (true, Some(CallStatus::Decline), Some(FailureCode::Busy));
    assert_eq!(told, [busy, closed]);
}

#[test]
fn a_pause_lets_calls_go_on_and_begins_none() {
    let mut world = World::new(5, 5);
    let nth = world.running(plan(), people(50));
    world.live_until(BEGIN + Span(2_500));
    let asked_at = world.now();
    let shown = world.shown(nth, CampaignCommand::Pause);
    assert_eq!(shown.campaign.status, Status::Paused);
    assert!(world.now() <= asked_at + Span(2_500));
    let (answered_at, dials) = (world.now(), world.dialed.len());
    world.live_until(answered_at + Span::from_secs(60));
    assert_eq!(world.dialed.len(), dials);
    let counts = world.counts(nth);
    assert_eq!(counts.in_progress, 0);
    assert!(counts.completed >= 1 && counts.pending > 0);
    world.start(nth);
    assert_eq!(world.run(nth).campaign.counts.completed, 50);
    assert!(world.dials(nth).values().all(|dials| *dials == 1));
}

#[test]
fn one_that_is_called_off_ends_with_its_last_call_and_tells_that() {
    let mut world = World::new(5, 5);
    let over = Plan {
        completion_url: Some("https://example.com/over".into()),
        ..plan()
    };
    let nth = world.running(over, people(50));
    world.live_until(BEGIN + Span(2_500));
    let shown = world.shown(nth, CampaignCommand::Cancel { hang_up: false });
    assert_eq!(shown.campaign.status, Status::Canceled);
    let dials = world.dialed.len();
    let now = world.now();
    world.live_until(now + Span::from_secs(60));
    assert_eq!(world.dialed.len(), dials);
    let counts = world.counts(nth);
    assert_eq!(counts.left(), 0);
    assert!(counts.canceled > 0);
    let told = &world.callers[nth].told;
    let body: serde_json::Value = serde_json::from_str(&told[0].body).expect("JSON");
    assert_eq!(body["event"], "campaign.completed");
    assert_eq!(body["status"], "canceled");
    assert_eq!(body["counts"]["canceled"], counts.canceled);
    assert_eq!(told[0].campaign, Some(world.callers[nth].id));
    // Whoever reminds it hears that it is still telling.
    let reminded = world.ask(nth, CampaignCommand::Tick);
    assert!(
        matches!(reminded, CampaignReply::Ticked(told) if told.undelivered_since.is_some_and(|since| since < world.now()))
    );
}

#[test]
fn at_not_after_all_who_were_not_called_expire() {
    let mut world = World::new(2, 2);
    let short = Plan {
        not_before: Some(BEGIN + Span::from_secs(5)),
        not_after: Some(BEGIN + Span::from_secs(12)),
        ..plan()
    };
    let nth = world.running(short, people(40));
    world.live_until(BEGIN + Span::from_secs(3));
    assert_eq!(world.get(nth).held_by, Some(HeldBy::NotBefore));
    assert_eq!(world.dialed.len(), 0);
    let shown = world.run(nth);
    assert_eq!(shown.campaign.status, Status::Completed);
    let counts = shown.campaign.counts;
    assert!(counts.completed > 0 && counts.expired > 0);
    assert_eq!(counts.completed + counts.expired, 40);
    assert!(
        world
            .dialed
            .iter()
            .all(|(_, at)| *at < BEGIN + Span::from_secs(12))
    );
}

#[test]
fn what_the_trunk_does_not_tell_is_asked() {
    let mut world = World::new(5, 5);
    world.silent = true;
    let nth = world.running(plan(), people(20));
    assert_eq!(world.run(nth).campaign.counts.completed, 20);
}

#[test]
fn a_revoked_key_pauses_what_it_started() {
    let mut world = World::new(5, 5);
    let nth = world.running(plan(), people(50));
    world.live_until(BEGIN + Span(2_500));
    world.trunk.now = world.trunk.now + Span(1);
    world.trunk.brief(5, 5, |brief| {
        brief.revoked_keys = vec![super::support::api_key()];
    });
    let now = world.now();
    world.live_until(now + Span::from_secs(30));
    let shown = world.get(nth);
    assert_eq!(shown.campaign.status, Status::Paused);
    assert_eq!(shown.campaign.counts.in_progress, 0);
}

#[test]
fn two_campaigns_share_a_trunk() {
    let mut world = World::new(4, 50);
    let first = world.running(plan(), people(60));
    let second = world.running(plan(), people(60));
    world.live_until(BEGIN + Span::from_secs(30));
    let done = [first, second].map(|nth| world.counts(nth).completed);
    // The first one was alone at first, and took all four channels.
    assert!(done[0].abs_diff(done[1]) <= 4, "{done:?}");
    for nth in [first, second] {
        assert_eq!(world.run(nth).campaign.counts.completed, 60);
    }
}

fn luck() -> impl Strategy<Value = Option<Luck>> {
    prop_oneof![
        3 => Just(None),
        1 => Just(Some(Luck::Unasked)),
        1 => Just(Some(Luck::Unheard)),
        1 => Just(Some(Luck::Dies)),
        1 => Just(Some(Luck::DiesLater)),
        1 => Just(Some(Luck::Unwritten)),
        1 => Just(Some(Luck::Written)),
        1 => Just(Some(Luck::TrunkDies)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_nobody_is_called_twice_and_everybody_is_decided(
        luck in proptest::collection::vec(luck(), 0..120), silent in any::<bool>(), pauses in any::<bool>()
    ) {
        let mut world = World::new(5, 10);
        let mut list = people(30);
        list.push(person("busy", BUSY));
        list.push(person("same", "+14155550003"));
        let nth = world.running(redial(2), list);
        (world.luck, world.silent) = (luck, silent);
        if pauses {
            world.live_until(BEGIN + Span(3_000));
            let shown = world.shown(nth, CampaignCommand::Pause);
            prop_assert_eq!(shown.campaign.status, Status::Paused);
            let (answered_at, dials) = (world.now(), world.dialed.len());
            world.live_until(answered_at + Span::from_secs(40));
            prop_assert_eq!(world.dialed.len(), dials);
            world.start(nth);
        }
        let counts = world.run(nth).campaign.counts;
        prop_assert_eq!((counts.completed, counts.unreached), (31, 1));
        for (row, dials) in world.dials(nth) {
            prop_assert_eq!(dials, if row == 31 { 2 } else { 1 });
        }
        prop_assert_eq!(world.dialed.len(), 33);
    }
}
