//! Callbacks are tried until they are delivered or exhausted.

use super::*;

#[test]
fn a_callback_goes_on_until_it_is_delivered_and_a_crash_sends_the_attempt_again() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    let first = world.sent.callbacks.clone();
    deliver(&mut world, 500);
    world.ring(Timestamp::MAX);
    let second = world.sent.callbacks.clone();
    assert_eq!(
        (second[0].attempt, &second[0].body, second[0].delivery),
        (2, &first[0].body, first[0].delivery)
    );
    world.sent.callbacks.clear();
    world.crash();
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.sent.callbacks, second, "nothing is only in the queue");
    deliver(&mut world, 204);
    let callback = world.call(id).callback.expect("a callback");
    assert_eq!(
        (callback.status, callback.attempts.len()),
        (DeliveryStatus::Delivered, 2)
    );
    assert_eq!(
        world.next_due(),
        None,
        "an idle trunk has nothing to wake for"
    );
}

#[test]
fn of_the_copies_of_a_callbacks_message_one_is_sent_and_by_the_secrets_of_that_moment() {
    let mut world = World::new(10, 10);
    let secrets = |seed| WebhookSecrets::first(WebhookSecret::from_entropy([seed; 32]), START);
    world.brief(10, 10, |brief| brief.secrets = Some(secrets(1)));
    let id = world.accepted(OK);
    world.run_to_end(id);
    let message = world.sent.callbacks[0].clone();
    let begin = |world: &mut World, attempt: u32| {
        let delivery = message.delivery;
        world.ask(TrunkCommand::Begin {
            delivery,
            attempt,
            wants_message: false,
        })
    };
    // Rotated while the message travelled.
    world.brief(10, 10, |brief| brief.secrets = Some(secrets(2)));
    let signed = TrunkReply::Begun(Some(Box::new(secrets(2))));
    assert_eq!(begin(&mut world, 1), signed);
    assert_eq!(begin(&mut world, 1), TrunkReply::Missing, "the other copy");
    assert_eq!(begin(&mut world, 2), TrunkReply::Missing, "not due");
    deliver(&mut world, 500);
    assert_eq!(begin(&mut world, 1), TrunkReply::Missing, "it was made");
    world.ring(Timestamp::MAX);
    // One that is about to be deleted is told of no rotation: the directory is asked.
    world.brief(10, 10, |brief| brief.retired_until = Some(Timestamp::MAX));
    assert_eq!(begin(&mut world, 2), TrunkReply::Begun(None));
}

#[test]
fn how_much_a_callback_tells_is_decided_when_its_call_ends_and_for_all_of_its_attempts() {
    let mut world = World::new(10, 10);
    let wants = |world: &mut World, detail| {
        world.brief(10, 10, |brief| brief.callback_detail = detail);
    };
    let body = |world: &World, id: CallId| -> serde_json::Value {
        let (sent, id) = (world.sent.callbacks.iter().rev(), id.to_string());
        let mut bodies = sent.map(|sent| sent.body.as_str());
        let body = bodies.find(|body| body.contains(&id)).expect("a callback");
        serde_json::from_str(body).expect("JSON")
    };
    const BUSY: &str = "+15005550001";
    let plain = world.accepted(BUSY);
    world.run_to_end(plain);
    let reference = body(&world, plain);
    assert_eq!(reference.as_object().map(serde_json::Map::len), Some(9));

    let id = world.accepted(BUSY);
    wants(&mut world, CallbackDetail::Full);
    world.run_to_end(id);
    let full = body(&world, id);
    let call = world.call(id);
    assert_eq!(full["call_id"], id.to_string());
    for (name, value) in reference.as_object().expect("an object") {
        assert!(full.get(name).is_some(), "{name}: {value}");
    }
    assert_eq!(full["phone_number"], BUSY);
    assert_eq!(full["agent_id"], call.request.agent.id.to_string());
    assert_eq!(full["failure"]["code"], "busy");
    for name in ["answered_by", "campaign_id", "reference", "redial"] {
        assert_eq!(full.get(name), Some(&serde_json::Value::Null), "{name}");
    }

    // Neither a retry, nor a redelivery, nor a restart knows of later wishes.
    wants(&mut world, CallbackDetail::Reference);
    deliver(&mut world, 500);
    world.crash();
    world.now = world.now + Span(60_000);
    world.sent.callbacks.clear();
    world.ask(TrunkCommand::Tick);
    assert_eq!(body(&world, id), full);
    deliver(&mut world, 200);
    wants(&mut world, CallbackDetail::Full);
    world.ask(TrunkCommand::Redeliver(reader(), plain));
    assert_eq!(body(&world, plain), reference);
    wants(&mut world, CallbackDetail::Reference);
    world.ask(TrunkCommand::Redeliver(reader(), id));
    assert_eq!(body(&world, id), full);

    // One that is refused ends when it is made.
    wants(&mut world, CallbackDetail::Full);
    world.brief(1, 10, |brief| brief.callback_detail = CallbackDetail::Full);
    world.accepted(OK);
    world.ask(TrunkCommand::Admit(Box::new(World::trigger_of(OK))));
    let refused = world.rows.all().pop().expect("a call").id;
    assert_eq!(
        body(&world, refused)["failure"]["code"],
        "channels_exhausted"
    );
}

#[test]
fn an_endpoint_that_never_answers_is_exhausted_and_can_be_sent_to_by_hand_long_after() {
    let mut world = World::new(10, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    while world.next_due().is_some() {
        deliver(&mut world, 500);
        world.ring(Timestamp::MAX);
        if world.now > START + Span(1_000_000) {
            world.crash();
            world.ask(TrunkCommand::Tick);
        }
    }
    let callback = world.call(id).callback.expect("a callback");
    assert_eq!(
        (callback.status, callback.attempts.len()),
        (DeliveryStatus::Exhausted, 10)
    );
    world.sent.callbacks.clear();
    world.ask(TrunkCommand::Redeliver(reader(), id));
    assert_eq!(world.sent.callbacks.len(), 1);
    world.crash();
    world.ask(TrunkCommand::Tick);
    deliver(&mut world, 200);
    assert_eq!(
        world.call(id).callback.map(|callback| callback.status),
        Some(DeliveryStatus::Delivered)
    );
}

#[test]
fn a_pending_callback_that_is_sent_again_by_hand_is_not_due_twice() {
    let mut world = World::new(1, 10);
    let id = world.accepted(OK);
    world.run_to_end(id);
    deliver(&mut world, 500);
    world.ask(TrunkCommand::Redeliver(reader(), id));
    deliver(&mut world, 200);
    world.now = world.now + Span::from_secs(60);
    world.ask(TrunkCommand::Tick);
    assert_eq!(world.next_due(), None);
}

#[test]
fn a_callback_that_no_queue_holds_is_asked_for_by_its_sender() {
    let mut world = World::new(1, 10);
    let mut trigger = World::trigger_of(OK);
    let long = "\"".repeat(16_000);
    trigger.request.metadata = serde_json::json!({"customer_name": "Rahul", "note": long})
        .as_object()
        .cloned();
    let outcome = serde_json::json!({"disposition": "interested", "summary": "\\".repeat(60_000)});
    let reply = world.ask(TrunkCommand::Admit(Box::new(trigger)));
    let TrunkReply::Admission(Admission::Accepted { call, .. }) = reply else {
        panic!("{reply:?}")
    };
    world.dispatch();
    let talks = [CarrierEvent::Ringing, CarrierEvent::Answered];
    let talks = talks.map(|event| Timed {
        at: world.now,
        event,
    });
    world.ask(TrunkCommand::CarrierEvents(vec![(call, talks.to_vec())]));
    let ends = Timed {
        at: world.now,
        event: CarrierEvent::HungUp(Some(outcome)),
    };
    world.ask(TrunkCommand::CarrierEvents(vec![(call, vec![ends])]));
    let message = world.sent.callbacks.pop().expect("a callback");
    let sent = message.for_queue(100_000).expect("JSON");
    assert!(sent.len() < 128_000 && message.body.len() > 100_000);
    let sent: audatec::app::messages::CallbackMessage =
        audatec::app::json::read(&sent).expect("a message");
    assert_eq!(sent.body, "");

    let reply = world.ask(TrunkCommand::Begin {
        delivery: sent.delivery,
        attempt: sent.attempt,
        wants_message: true,
    });
    let TrunkReply::NextAttempt(whole, _) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(whole.body, message.body);
}
