//! Callbacks go on until they are delivered or exhausted.

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
