use super::*;
use crate::domain::ids::IdKey;

const SCHEDULE: [Span; 2] = [Span(5_000), Span(300_000)];

fn delivery() -> Delivery {
    let id = DeliveryId::mint_test(Timestamp(7), 0, &IdKey::new(b"key"));
    Delivery::new(
        id,
        EventType::Completed,
        "https://example.com/hook".into(),
        Timestamp(1_000),
    )
}

fn answer(status_code: u16) -> AttemptResult {
    let attempt = Attempt {
        at: Timestamp(1_000),
        status_code: Some(status_code),
        error: None,
        duration_ms: 3,
    };
    AttemptResult {
        attempt,
        retry_after_secs: None,
    }
}

fn fail(delivery: &mut Delivery, now: Timestamp) -> Option<Timestamp> {
    let number = delivery.take(now).expect("an attempt is due");
    assert!(delivery.finish(number, answer(500), now, &SCHEDULE));
    delivery.next_attempt_at
}

#[test]
fn the_first_attempt_is_due_at_once_and_2xx_ends_it() {
    let mut delivery = delivery();
    assert_eq!(delivery.take(Timestamp(999)), None);
    assert_eq!(delivery.take(Timestamp(1_000)), Some(1));
    assert!(delivery.finish(1, answer(204), Timestamp(1_500), &SCHEDULE));
    assert_eq!(
        (delivery.status, delivery.due()),
        (DeliveryStatus::Delivered, None)
    );
}

#[test]
fn failures_follow_the_schedule_and_its_end_is_exhausted() {
    let mut delivery = delivery();
    for base in SCHEDULE {
        let now = delivery.due().expect("due");
        let next = fail(&mut delivery, now).expect("another attempt");
        assert!(
            next >= now + base && next <= now + base + Span(base.0 / 5),
            "{next:?}"
        );
        assert_eq!(delivery.status, DeliveryStatus::Pending);
    }
    let now = delivery.due().expect("due");
    assert_eq!(fail(&mut delivery, now), None);
    assert_eq!(
        (delivery.status, delivery.attempts.len()),
        (DeliveryStatus::Exhausted, 3)
    );
}

#[test]
fn a_silent_sender_is_replaced_when_its_lease_runs_out() {
    let mut delivery = delivery();
    assert_eq!(delivery.take(Timestamp(1_000)), Some(1));
    assert_eq!(delivery.take(Timestamp(1_000)), None);
    delivery.extend(1, Timestamp(31_000));
    delivery.extend(2, Timestamp(90_000));
    assert_eq!(delivery.take(Timestamp(30_999)), None);
    assert_eq!(delivery.take(Timestamp(31_000)), Some(1));
}

#[test]
fn the_same_result_twice_counts_once() {
    let mut delivery = delivery();
    delivery.take(Timestamp(1_000));
    assert!(delivery.finish(1, answer(500), Timestamp(1_000), &SCHEDULE));
    assert!(!delivery.finish(1, answer(500), Timestamp(1_001), &SCHEDULE));
    assert_eq!(delivery.attempts.len(), 1);
}

#[test]
fn gone_stops_and_a_redirect_is_a_failure() {
    let mut gone = delivery();
    gone.take(Timestamp(1_000));
    gone.finish(1, answer(410), Timestamp(1_000), &SCHEDULE);
    assert_eq!((gone.status, gone.due()), (DeliveryStatus::Exhausted, None));
    let mut moved = delivery();
    moved.take(Timestamp(1_000));
    moved.finish(1, answer(302), Timestamp(1_000), &SCHEDULE);
    assert_eq!(moved.status, DeliveryStatus::Pending);
}

#[test]
fn retry_after_counts_on_429_and_503_between_once_and_twice_the_base() {
    let wait = |status, seconds| {
        let mut delivery = delivery();
        delivery.take(Timestamp(1_000));
        let result = AttemptResult {
            retry_after_secs: Some(seconds),
            ..answer(status)
        };
        delivery.finish(1, result, Timestamp(1_000), &SCHEDULE);
        delivery.next_attempt_at.expect("another attempt") - Span(1_000)
    };
    assert_eq!(wait(429, 1), Timestamp(5_000));
    assert_eq!(wait(429, 7), Timestamp(7_000));
    assert_eq!(wait(503, 3600), Timestamp(10_000));
    assert!(wait(500, 9) <= Timestamp(6_000));
}

#[test]
fn a_redelivery_is_one_attempt_and_keeps_what_was_reached() {
    let mut delivery = delivery();
    delivery.take(Timestamp(1_000));
    delivery.finish(1, answer(200), Timestamp(1_000), &SCHEDULE);
    delivery.redeliver(Timestamp(2_000));
    assert_eq!(delivery.take(Timestamp(2_000)), Some(2));
    delivery.finish(2, answer(500), Timestamp(2_000), &SCHEDULE);
    assert_eq!(
        (delivery.status, delivery.due(), delivery.attempts.len()),
        (DeliveryStatus::Delivered, None, 2)
    );
}

#[test]
fn a_redelivery_of_a_pending_one_uses_up_no_retry_and_is_not_lost_under_an_attempt() {
    let mut delivery = delivery();
    delivery.take(Timestamp(1_000));
    delivery.finish(1, answer(500), Timestamp(1_000), &SCHEDULE);
    let scheduled = delivery.next_attempt_at;
    delivery.redeliver(Timestamp(2_000));
    delivery.redeliver(Timestamp(2_000));
    assert_eq!(delivery.take(Timestamp(2_000)), Some(2));
    delivery.redeliver(Timestamp(2_001)); // while attempt 2 is under way
    delivery.finish(2, answer(500), Timestamp(2_500), &SCHEDULE);
    assert_eq!(delivery.take(Timestamp(2_500)), Some(3));
    delivery.finish(3, answer(500), Timestamp(2_600), &SCHEDULE);
    assert_eq!(delivery.next_attempt_at, scheduled);
    assert_eq!(delivery.failures, 1);
}

#[test]
fn one_of_the_copies_of_a_message_may_begin_however_late_it_comes() {
    let mut delivery = delivery();
    assert!(!delivery.begin(1, Timestamp(999)), "nothing was due");
    delivery.take(Timestamp(1_000));
    delivery.take(Timestamp(21_000)); // its message was slow: another one
    assert!(delivery.begin(1, Timestamp(30_000)));
    assert!(!delivery.begin(1, Timestamp(30_001)), "the other copy");
    // Its lease counts from when it began.
    assert_eq!(delivery.take(Timestamp(41_001)), None);
    assert_eq!(delivery.take(Timestamp(50_000)), Some(1));
    assert!(
        delivery.begin(1, Timestamp(50_100)),
        "the first sender died"
    );
    delivery.finish(1, answer(500), Timestamp(50_200), &SCHEDULE);
    assert!(!delivery.begin(1, Timestamp(60_000)), "it was made");
    assert!(!delivery.begin(2, Timestamp(50_300)), "not due yet");
}
