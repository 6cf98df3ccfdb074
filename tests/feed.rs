//! A trunk's part of the live feed on virtual time: each transition once and in order, whatever is lost on the way.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects"
)]

mod support;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use audatec::app::ports::Unavailable;
use audatec::app::trunk::{
    FEED_ROWS, FeedEvent, FeedFilter, FeedPage, KEPT, Look, Position, Slices, Trigger,
    TrunkCommand, TrunkReply, Trunks,
};
use audatec::domain::agent::Status;
use audatec::domain::call::{CarrierEvent, Failure, FailureCode, Timed};
use audatec::domain::callback::{Attempt, AttemptResult};
use audatec::domain::ids::{CallId, OrgId, TrunkTag};
use audatec::domain::sandbox::TEST_NUMBERS;
use audatec::domain::settings::Settings;
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::OnCapacity;
use proptest::prelude::*;
use support::{START, World, reader};

const OK: &str = "+15005550000";

fn beginning() -> Position {
    Position::start_of(Timestamp(0))
}

fn filter(after: Position, limit: usize) -> FeedFilter {
    FeedFilter {
        after,
        only: Vec::new(),
        limit,
        wait: Span(0),
        slice: None,
    }
}

fn ask(world: &mut World, filter: FeedFilter) -> FeedPage {
    match world.ask(TrunkCommand::Feed(reader(), filter)) {
        TrunkReply::Feed(page) => page,
        other => panic!("{other:?}"),
    }
}

/// Reads on from a place to the present.
fn read_on(world: &mut World, after: &mut Position, limit: usize) -> Vec<FeedEvent> {
    let mut events = Vec::new();
    loop {
        let page = ask(world, filter(*after, limit));
        let Some(last) = page.events.last() else {
            return events;
        };
        assert!(page.events.len() <= limit);
        assert!(
            page.events
                .iter()
                .all(|event| *after < event.place && event.place < page.through)
        );
        *after = last.place;
        events.extend(page.events);
    }
}

fn types(events: &[FeedEvent]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.event["type"].as_str().expect("a type"))
        .collect()
}

/// The types of each call's events, in the order in which they came.
fn by_call(events: &[FeedEvent]) -> BTreeMap<String, Vec<String>> {
    let mut calls = BTreeMap::<String, Vec<String>>::new();
    for FeedEvent { event, .. } in events {
        let data = &event["data"];
        if let Some(id) = data["call_id"].as_str().or(data["id"].as_str()) {
            let told = event["type"].as_str().expect("a type").to_owned();
            calls.entry(id.to_owned()).or_default().push(told);
        }
    }
    calls
}

fn deliver(world: &mut World, status: u16) {
    for message in std::mem::take(&mut world.sent.callbacks) {
        let attempt = Attempt {
            at: world.now,
            status_code: Some(status),
            error: None,
            duration_ms: 1,
        };
        let result = AttemptResult {
            attempt,
            retry_after_secs: None,
        };
        world.ask(TrunkCommand::Delivered {
            delivery: message.delivery,
            attempt: message.attempt,
            result,
            takes_next: false,
        });
    }
}

fn pass(world: &mut World, time: Span) {
    let end = world.now + time;
    while world.ring(end) {}
    world.now = end;
}

#[test]
fn a_calls_turns_are_told_in_order_and_as_they_were() {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    world.ring(world.now);
    deliver(&mut world, 500);
    pass(&mut world, Span::from_secs(10));
    deliver(&mut world, 204);
    pass(&mut world, Span(2));
    let events = read_on(&mut world, &mut beginning(), 100);
    assert_eq!(
        types(&events),
        [
            "trunk.updated",
            "call.initiating",
            "call.ringing",
            "call.answered",
            "call.completed",
            "callback.failed",
            "callback.delivered"
        ]
    );
    let data = |at: usize| &events[at].event["data"];
    assert_eq!(data(2)["call_status"], "Ringing");
    assert_eq!(data(2)["end_timestamp"], serde_json::Value::Null);
    assert_eq!(data(3)["call_outcome"], serde_json::Value::Null);
    assert_eq!(data(4)["is_terminal"], true);
    assert_eq!(
        (&data(5)["attempt"], &data(5)["status_code"]),
        (&1.into(), &500.into())
    );
    assert_eq!(
        (&data(6)["attempt"], &data(6)["status_code"]),
        (&2.into(), &204.into())
    );
}

#[test]
fn nothing_is_written_for_the_feed_while_nobody_listens() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    let before = world.rows.feed_rows();
    let id = world.accepted(OK);
    world.run_to_end(id);
    pass(&mut world, Span::from_secs(3_600));
    assert_eq!(world.rows.feed_rows(), before);
}

#[test]
fn a_trunks_state_and_its_breaker_are_told() {
    let mut world = World::new(10, 10);
    pass(&mut world, Span(5));
    world.brief(20, 10, |brief| brief.config.status = Status::Inactive);
    world.now = world.now + Span(5);
    world.brief(20, 10, |_| {});
    for _ in 0..3 {
        let call = world.accepted(OK);
        world.ask(TrunkCommand::Claim(vec![call]));
        let event = CarrierEvent::Failed(Failure::of(FailureCode::DialerUnavailable));
        let at = world.now;
        world.ask(TrunkCommand::CarrierEvents(vec![(
            call,
            vec![Timed { at, event }],
        )]));
    }
    pass(&mut world, Span(5));
    let only = FeedFilter {
        only: vec!["trunk.updated".into()],
        ..filter(beginning(), 100)
    };
    let events = ask(&mut world, only).events;
    let told = |at: usize| {
        let data = &events[at].event["data"];
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        (
            text("status"),
            data["max_channels"].as_u64(),
            text("breaker"),
        )
    };
    let all: Vec<_> = (0..events.len()).map(told).collect();
    let state = |status: &str, channels, breaker: &str| {
        (status.to_owned(), Some(channels), breaker.to_owned())
    };
    let expected = [
        state("active", 10, "closed"),
        state("inactive", 20, "closed"),
        state("active", 20, "closed"),
        state("active", 20, "open"),
    ];
    assert_eq!(all, expected);
    world.crash();
    pass(&mut world, Span(5));
    world.ask(TrunkCommand::Tick);
    pass(&mut world, Span(5));
    let last = read_on(&mut world, &mut beginning(), 100)
        .pop()
        .expect("an event");
    assert_eq!(
        last.event["data"]["breaker"], "closed",
        "an object that was restarted learns anew"
    );
}

#[test]
fn the_late_turns_of_long_calls_survive_a_crash_for_who_listened() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    let mut after = beginning();
    world.run_to_end(id);
    let mut told = read_on(&mut world, &mut after, 100);
    for hours in 1..20 {
        pass(&mut world, Span::from_secs(hours * 3_600));
        deliver(&mut world, 500);
        world.crash();
        told.extend(read_on(&mut world, &mut after, 2));
    }
    let calls = by_call(&told);
    let last = calls.values().next().and_then(|told| told.last());
    assert_eq!(last.map(String::as_str), Some("callback.exhausted"));
    assert_eq!(calls.values().map(Vec::len).sum::<usize>(), 4 + 10);
}

/// That somebody listens is noted once an hour: who did so just before the next note comes back a day later.
#[test]
fn the_late_turns_are_there_for_a_day_after_somebody_listened_last() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    let mut after = beginning();
    world.run_to_end(id);
    let fail_for = |world: &mut World, minutes: u64| {
        for _ in 0..minutes {
            pass(world, Span::from_secs(60));
            deliver(world, 500);
        }
    };
    fail_for(&mut world, 180);
    let mut told = read_on(&mut world, &mut after, 100);
    fail_for(&mut world, 59);
    told.extend(read_on(&mut world, &mut after, 100));
    // A listener that hears of nothing is given the present for its place.
    after = ask(&mut world, filter(after, 100)).through;
    let known = told.len();
    fail_for(&mut world, 12 * 60);
    world.crash();
    world.now = after.at + KEPT - Span(1);
    told.extend(read_on(&mut world, &mut after, 100));
    assert_eq!(
        types(&told),
        types(&read_on(&mut world, &mut beginning(), 100))
    );
    assert!(told.len() > known, "attempts failed while nobody listened");
}

/// While the second slice waited for its turn, a call of the first had one more event.
#[test]
fn a_page_that_is_made_in_slices_claims_nothing_that_its_first_slice_could_not_know() {
    let mut world = World::new(5, 10);
    world.settings.slice = 1;
    world.crash();
    for _ in 0..3 {
        world.accepted(OK);
    }
    world.dispatch();
    pass(&mut world, Span::from_secs(20));
    let question = TrunkCommand::Feed(reader(), filter(beginning(), 100));
    let mut slices = Slices::of(question, world.settings.slice);
    let mut asked_at = None;
    let page = loop {
        asked_at.get_or_insert(world.now);
        let reply = world.ask(slices.command());
        if let Some(TrunkReply::Feed(page)) = slices.take(reply).0 {
            break page;
        }
        // Their callbacks arrive meanwhile.
        deliver(&mut world, 200);
        pass(&mut world, Span(700));
    };
    let asked_at = asked_at.expect("a slice");
    assert!(world.now > asked_at + Span(1_000), "several slices");
    assert!(page.through <= Position::start_of(asked_at));
    world.settings = Settings::default();
    world.crash();
    let mut after = page.through;
    let more = read_on(&mut world, &mut after, 100);
    let (told, all) = (page.events.len() + more.len(), &mut beginning());
    assert_eq!(told, read_on(&mut world, all, 100).len());
    assert!(!more.is_empty());
}

/// An object that answers slice by slice, of which each is said to have read so many rows; and at which rows questions began.
struct Object<'a> {
    world: RefCell<&'a mut World>,
    slice_reads: usize,
    ends_at_once: bool,
    began: RefCell<Vec<Option<u64>>>,
    most_read: Cell<usize>,
}

impl Trunks for Object<'_> {
    async fn trunk(&self, _: TrunkTag, command: &TrunkCommand) -> Result<TrunkReply, Unavailable> {
        let mut world = self.world.borrow_mut();
        if let TrunkCommand::Feed(_, filter) = command {
            self.began.borrow_mut().push(filter.slice);
            if filter.slice.is_some() {
                world.crash(); // it knows nothing of the question before
            }
        }
        let mut slices = Slices::of(command.clone(), world.settings.slice);
        for read in 1.. {
            let reply = world.ask(slices.command());
            slices.has_read(self.slice_reads);
            self.most_read
                .set(self.most_read.get().max(read * self.slice_reads));
            if self.ends_at_once {
                slices.ends();
            }
            if let Some(page) = slices.take(reply).0 {
                return Ok(page);
            }
        }
        Err(Unavailable)
    }
}

/// A page, as an edge puts it together of as many questions as it takes; at which row each of them began; and how many rows the
/// one that read the most has read.
fn as_an_edge(
    world: &mut World,
    filter: FeedFilter,
    slice_reads: usize,
    ends_at_once: bool,
) -> (FeedPage, Vec<Option<u64>>, usize) {
    let tag = CallId::floor(world.now).address().tag;
    let object = Object {
        world: RefCell::new(world),
        slice_reads,
        ends_at_once,
        began: RefCell::default(),
        most_read: Cell::default(),
    };
    let look = Look {
        trunks: vec![tag],
        reader: reader(),
        filter,
        usage: None,
        vitals: None,
    };
    let mut context = Context::from_waker(Waker::noop());
    match pin!(look.by(&object)).poll(&mut context) {
        Poll::Ready(Ok(TrunkReply::Feed(page))) => {
            (page, object.began.take(), object.most_read.get())
        }
        other => panic!("{other:?}"),
    }
}

fn in_slices(world: &mut World, filter: FeedFilter) -> FeedPage {
    as_an_edge(world, filter, 0, false).0
}

#[test]
fn a_question_in_slices_reads_each_late_transition_once_and_tells_of_all() {
    let mut world = World::new(10, 10);
    ask(&mut world, filter(beginning(), 1));
    pass(&mut world, Span::from_secs(2));
    let begins = Position::before(world.now);
    for _ in 0..60 {
        world.accepted(OK);
        world.dispatch();
        pass(&mut world, Span::from_secs(60));
        deliver(&mut world, 500);
    }
    world.crash(); // what is told is told from the rows
    let before = world.rows.log_read();
    let whole = ask(&mut world, filter(begins, 10_000)).events;
    let once = world.rows.log_read() - before;
    assert!(once > 15, "{once} late transitions");

    world.settings.slice = 3;
    world.crash();
    let before = world.rows.log_read();
    assert_eq!(in_slices(&mut world, filter(begins, 10_000)).events, whole);
    assert_eq!(world.rows.log_read() - before, once);

    let (mut after, mut told) = (begins, Vec::new());
    while told.len() < whole.len() {
        let page = in_slices(&mut world, filter(after, 2));
        assert!(page.through > after, "it gets on");
        let last = page.events.last().map(|event| event.place);
        after = last.unwrap_or(page.through);
        told.extend(page.events);
    }
    assert_eq!(told, whole);
}

#[test]
fn a_listener_gets_on_however_many_calls_began_shortly_before_its_place() {
    let mut world = World::new(1_000, 1_000);
    world.settings.slice = 1;
    world.crash();
    for _ in 0..600 {
        world.accepted(OK);
    }
    world.dispatch();
    pass(&mut world, Span::from_secs(60));
    let after = Position::before(world.now);
    let late = world.accepted(OK);
    pass(&mut world, Span(5));
    world.crash(); // what is told is told from the rows

    for (slice_reads, ends_at_once) in [(0, false), (0, true), (400, false)] {
        let (page, began, read) =
            as_an_edge(&mut world, filter(after, 100), slice_reads, ends_at_once);
        assert!(page.gets_on(after), "{page:?}");
        assert!(page.goes_on.is_none(), "{page:?}");
        let is_one = slice_reads == 0 && !ends_at_once;
        assert_eq!(began.len() == 1, is_one, "{began:?}");
        // Each goes on where the one before it ended.
        assert!(began.is_sorted() && began.iter().filter(|row| row.is_none()).count() == 1);
        assert!(read <= FEED_ROWS, "{read} rows");
        if !ends_at_once {
            assert_eq!(by_call(&page.events).len(), 1);
            assert!(by_call(&page.events).contains_key(&late.to_string()));
        }
    }
}

/// What the filter leaves out lies thick: none of it is told, and each answer is another place.
#[test]
fn whoever_wants_what_is_not_there_comes_to_the_present_however_thick_the_rest_lies() {
    let mut world = World::new(1_000, 1_000);
    world.settings.slice = 3;
    world.crash();
    for n in 0..100 {
        world.accepted(OK);
        if n % 7 == 0 {
            pass(&mut world, Span(1));
        }
    }
    world.dispatch();
    pass(&mut world, Span::from_secs(60));
    world.crash();
    let end = Position::start_of(world.now);
    let mut wanted = filter(Position::before(START), 2);
    wanted.only = vec!["callback.exhausted".into()];
    for slice_reads in [0, 2_500, 19_000] {
        wanted.after = Position::before(START);
        for n in 0.. {
            assert!(n < 1_000, "it gets on, and to the end");
            let (page, _, read) = as_an_edge(&mut world, wanted.clone(), slice_reads, false);
            assert!(
                page.events.is_empty() && page.gets_on(wanted.after),
                "{page:?}"
            );
            assert!(read <= FEED_ROWS);
            wanted.after = page.through.just_before();
            if page.through == end {
                break;
            }
        }
    }
}

/// An object that is loaded anew between two questions knows nothing of the first, and the answer is the same.
#[test]
fn a_restart_between_two_questions_loses_nothing_and_tells_nothing_twice() {
    let mut world = World::new(1_000, 1_000);
    for _ in 0..100 {
        world.accepted(OK);
    }
    world.dispatch();
    pass(&mut world, Span::from_secs(60));
    world.crash();
    let whole = ask(&mut world, filter(beginning(), 10_000)).events;
    assert!(whole.len() > 300, "{}", whole.len());
    world.settings.slice = 5;
    world.crash();

    let (mut after, mut told) = (beginning(), Vec::new());
    while told.len() < whole.len() {
        let (page, _, _) = as_an_edge(&mut world, filter(after, 7), 6_000, false);
        assert!(page.gets_on(after), "it gets on");
        after = page.through.just_before();
        told.extend(page.events);
    }
    assert_eq!(told, whole);
}

#[test]
fn another_organisation_hears_nothing() {
    let mut world = World::new(1, 10);
    world.accepted(OK);
    pass(&mut world, Span(5));
    let mut stranger = reader();
    stranger.org = OrgId::from_entropy([9; 16]);
    let reply = world.ask(TrunkCommand::Feed(stranger, filter(beginning(), 100)));
    assert!(matches!(reply, TrunkReply::Feed(page) if page.events.is_empty()));
}

#[derive(Clone, Debug)]
enum Step {
    Trigger(usize),
    Queue(usize),
    Pass(u64),
    Dispatch,
    Inquire,
    Deliver(u16),
    Crash,
    Cancel(usize),
    Redeliver(usize),
    Listen(usize),
    /// The answer was lost: the listener asks again from where it was.
    ListenInVain(usize),
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..TEST_NUMBERS.len()).prop_map(Step::Trigger),
        1 => (0..TEST_NUMBERS.len()).prop_map(Step::Queue),
        4 => prop_oneof![0..3u64, 0..5_000u64, 0..400_000u64].prop_map(Step::Pass),
        4 => Just(Step::Dispatch),
        2 => Just(Step::Inquire),
        2 => prop_oneof![Just(204), Just(500), Just(410)].prop_map(Step::Deliver),
        1 => Just(Step::Crash),
        1 => (0..20usize).prop_map(Step::Cancel),
        1 => (0..20usize).prop_map(Step::Redeliver),
        4 => (1..7usize).prop_map(Step::Listen),
        1 => (1..7usize).prop_map(Step::ListenInVain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// A listener that comes and goes, whose answers are lost now and then, on an object that crashes: at the end it was
    /// told all that the rows tell, each turn once, and each call's in order.
    #[test]
    fn a_listener_misses_nothing_and_hears_nothing_twice(script in proptest::collection::vec(steps(), 1..150)) {
        let mut world = World::new(4, 3);
        let mut after = Position::before(START);
        let mut told = read_on(&mut world, &mut after, 100);
        let mut calls = Vec::new();
        for step in script {
            match step {
                Step::Trigger(number) => {
                    calls.extend(world.trigger(TEST_NUMBERS[number].number).call());
                }
                Step::Queue(number) => {
                    let on_capacity = OnCapacity::Queue { max_wait: Span::from_secs(900) };
                    let trigger = Trigger { on_capacity, ..World::trigger_of(TEST_NUMBERS[number].number) };
                    if let TrunkReply::Admission(admission) = world.ask(TrunkCommand::Admit(Box::new(trigger))) {
                        calls.extend(admission.call());
                    }
                }
                Step::Pass(time) => pass(&mut world, Span(time)),
                Step::Dispatch => drop(world.dispatch()),
                Step::Inquire => world.inquire(),
                Step::Deliver(status) => deliver(&mut world, status),
                Step::Crash => world.crash(),
                Step::Cancel(at) => if let Some(call) = calls.get(at) {
                    world.ask(TrunkCommand::Cancel(reader(), *call));
                }
                Step::Redeliver(at) => if let Some(call) = calls.get(at) {
                    world.ask(TrunkCommand::Redeliver(reader(), *call));
                }
                Step::Listen(limit) => {
                    let page = ask(&mut world, filter(after, limit));
                    after = page.events.last().map_or(after, |last| last.place);
                    told.extend(page.events);
                }
                Step::ListenInVain(limit) => drop(ask(&mut world, filter(after, limit))),
            }
        }
        pass(&mut world, Span(3));
        told.extend(read_on(&mut world, &mut after, 5));
        prop_assert!(told.is_sorted_by(|a, b| a.place < b.place));
        world.ask(TrunkCommand::Live(reader()));
        let heard = by_call(&told);
        for id in calls {
            let call = world.call(id);
            let known = heard.get(&id.to_string()).map_or(0, Vec::len);
            let now = world.now;
            let turns = call.feed_entries().filter(|told| told.at < now).count();
            prop_assert_eq!(known, turns, "{:?} of {:?}", heard.get(&id.to_string()), call);
        }
        prop_assert!(world.now < START + KEPT);
    }
}
