//! The invariants, under any order of losses, repeats, crashes and failed writes.

use super::*;

#[derive(Clone, Debug)]
enum Chaos {
    Trigger(usize),
    Queue(u64),
    Dispatch,
    LoseMessages,
    Inquire,
    Deliver(u16),
    Crash,
    FailWrite(bool),
    Wait(u64),
    Ring,
    Cancel(usize),
    RepeatEvents(usize),
}

fn chaos() -> impl Strategy<Value = Chaos> {
    prop_oneof![
        4 => (0usize..10).prop_map(Chaos::Trigger),
        1 => (1u64..100).prop_map(Chaos::Queue),
        4 => Just(Chaos::Dispatch),
        1 => Just(Chaos::LoseMessages),
        2 => Just(Chaos::Inquire),
        2 => prop_oneof![Just(200u16), Just(500), Just(410)].prop_map(Chaos::Deliver),
        1 => Just(Chaos::Crash),
        1 => any::<bool>().prop_map(Chaos::FailWrite),
        3 => (0u64..3_000).prop_map(Chaos::Wait),
        3 => Just(Chaos::Ring),
        1 => any::<usize>().prop_map(Chaos::Cancel),
        1 => any::<usize>().prop_map(Chaos::RepeatEvents),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The invariants, under any order of losses, repeats, crashes and failed writes.
    #[test]
    fn whatever_happens_limits_hold_no_call_is_dialed_twice_and_every_call_ends(steps in proptest::collection::vec(chaos(), 1..120)) {
        let mut world = World::new(4, 3);
        let mut queued = Vec::new();
        let (mut accepted, mut dials, mut finals) = (Vec::new(), Vec::new(), std::collections::BTreeMap::new());
        for step in steps {
            match step {
                Chaos::Trigger(n) => {
                    let request = World::trigger_of(TEST_NUMBERS[n].number);
                    if let Ok(TrunkReply::Admission(Admission::Accepted { call, .. })) = world.try_ask(TrunkCommand::Admit(Box::new(request))) {
                        accepted.push((call, world.now));
                    }
                }
                Chaos::Queue(secs) => {
                    let on_capacity = OnCapacity::Queue { max_wait: Span::from_secs(secs) };
                    let trigger = Trigger { on_capacity, ..World::trigger_of(OK) };
                    if let Ok(TrunkReply::Admission(Admission::Accepted { call, .. } | Admission::Queued { call, .. })) = world.try_ask(TrunkCommand::Admit(Box::new(trigger))) {
 queued.push(call);
 }
                }
                Chaos::Dispatch => {
                    world.luck.failure.set(None);
                    let now = world.now;
                    dials.extend(world.dispatch().into_iter().map(|call| (call, now)));
                }
                Chaos::LoseMessages => world.sent = Default::default(),
                Chaos::Inquire => { world.luck.failure.set(None); world.inquire(); }
                Chaos::Deliver(status) => { world.luck.failure.set(None); deliver(&mut world, status); }
                Chaos::Crash => world.crash(),
                Chaos::FailWrite(before) => world.luck.fails(if before { Fail::Before } else { Fail::After }),
                Chaos::Wait(ms) => world.now = world.now + Span(ms),
                Chaos::Ring => { world.luck.failure.set(None); world.ring(Timestamp::MAX); }
                Chaos::Cancel(n) => if let Some((call, _)) = accepted.get(n % accepted.len().max(1)) {
                    let _ = world.try_ask(TrunkCommand::Cancel(reader(), *call));
                },
                Chaos::RepeatEvents(n) => if let Some((call, _)) = accepted.get(n % accepted.len().max(1)) {
                    let events = [CarrierEvent::HungUp(None), CarrierEvent::Ringing, CarrierEvent::Answered];
                    let events = events.map(|event| Timed { at: world.now, event }).to_vec();
                    let _ = world.try_ask(TrunkCommand::CarrierEvents(vec![(*call, events)]));
                },
            }
            world.luck.failure.set(None);
            let TrunkReply::Live(live, ..) = world.ask(TrunkCommand::Live(reader())) else { panic!() };
            prop_assert!(live.len() <= 4);
            for call in world.rows.all() {
                if call.status.is_terminal() {
                    let known = (call.status, call.ended_at, call.outcome.clone(), call.callback.as_ref().map(|c| c.id));
                    let first = finals.entry(call.id).or_insert_with(|| known.clone());
                    prop_assert_eq!(&*first, &known, "a terminal state is final");
                }
            }
        }
        // From here on everything works: all comes to its end.
        while world.next_due().is_some() {
            let now = world.now;
            dials.extend(world.dispatch().into_iter().map(|call| (call, now)));
            world.inquire();
            deliver(&mut world, 200);
            world.ring(Timestamp::MAX);
        }
        let mut once: Vec<CallId> = dials.iter().map(|(call, _)| *call).collect();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), dials.len(), "dialed at most once");
        for times in [dials.iter().map(|(_, at)| *at).collect::<Vec<_>>(), accepted.iter().map(|(_, at)| *at).collect()] {
            prop_assert!(times.windows(4).all(|window| window[3] - window[0] >= Span(1000)), "max_cps: {:?}", times);
        }
        for id in accepted.iter().map(|(id, _)| id).chain(&queued) {
            let call = world.call(*id);
            prop_assert!(call.status.is_terminal(), "{:?}", call.status);
            let callback = call.callback.expect("a callback");
            prop_assert!(callback.status != DeliveryStatus::Pending);
        }
    }
}
