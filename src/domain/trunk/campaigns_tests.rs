use super::*;
use crate::domain::ids::{Address, IdKey, TrunkTag};

fn campaign() -> CampaignId {
    CampaignId::from_entropy([1; 16])
}

fn call(at: u64) -> CallId {
    let key = IdKey::new(b"key");
    let address = Address::next(None, Timestamp(at), TrunkTag::DIRECTORY);
    CallId::mint(address, &key)
}

/// Two campaigns with equally many to call, within their own rates.
fn two(own: Option<u32>, now: Timestamp) -> (Campaigns, [CampaignId; 2]) {
    let ids = [1, 2].map(|byte| CampaignId::from_entropy([byte; 16]));
    let mut all = Campaigns::default();
    for (id, max_cps) in ids.into_iter().zip([own, None]) {
        let demand = Demand {
            ready: 100,
            max_cps,
            ..Demand::default()
        };
        all.asks(id, demand, (10, 10), now);
    }
    (all, ids)
}

#[test]
fn what_a_campaign_may_not_dial_yet_is_the_others() {
    let now = Timestamp(1_000_000);
    let (all, [one, other]) = two(Some(1), now);
    assert_eq!(all.allots_to(one, (10, 20), now), 1);
    assert_eq!(all.allots_to(other, (10, 20), now), 9);
}

#[test]
fn who_waits_is_dialed_first_whose_campaign_had_fewer_dials() {
    let now = Timestamp(1_000_000);
    let (mut all, [one, other]) = two(None, now);
    let calls: Vec<CallId> = (1..=6).map(call).collect();
    for id in &calls[..4] {
        all.holds(one, *id, now);
    }
    for id in &calls[4..] {
        all.holds(other, *id, now);
    }
    let [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map(|nth: usize| calls[nth]);
    assert_eq!(all.in_turn(calls.clone(), now).now, [a, e, b, f, c, d]);
    all.dials(one, a, now);
    let turns = all.in_turn(vec![b, c, d, e, f], now);
    assert_eq!((turns.now, turns.later), (vec![e, b, f, c, d], vec![]));
    assert_eq!(all.are_before(one, now), 0);
    all.dials(one, b, now);
    all.dials(one, c, now);
    assert_eq!(all.are_before(one, now), 1);
    assert_eq!(all.are_before(other, now), 0);
}

#[test]
fn who_may_not_be_dialed_yet_leaves_the_dial_to_others() {
    let now = Timestamp(1_000_000);
    let (mut all, [one, other]) = two(Some(1), now);
    let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(call);
    for (of, id) in [(one, a), (one, b), (one, c), (other, d), (other, e)] {
        all.holds(of, id, now);
    }
    let turns = all.in_turn(vec![a, b, c, d, e], now);
    assert_eq!(turns.now, [a, d, e]);
    assert_eq!(
        turns.later,
        [(b, now + Span(1_000)), (c, now + Span(2_000))]
    );
    all.dials(one, a, now);
    let turns = all.in_turn(vec![b, c, d, e], now + Span(400));
    assert_eq!(turns.now, [d, e]);
    assert_eq!(
        turns.later,
        [(b, now + Span(1_000)), (c, now + Span(2_000))]
    );
}

#[test]
fn of_a_campaign_that_did_not_ask_one_call_a_second_is_dialed() {
    let (mut all, now) = (Campaigns::default(), Timestamp(1_000_000));
    assert_eq!(
        all.dials_at(campaign(), now + Span(1_000)),
        now + Span(1_000)
    );
    all.dials(campaign(), call(1), now);
    assert_eq!(all.dials_at(campaign(), now + Span(400)), now + Span(1_000));
    let demand = Demand {
        ready: 1,
        max_cps: Some(1),
        ..Demand::default()
    };
    all.asks(campaign(), demand, (10, 10), now + Span(500));
    assert_eq!(all.dials_at(campaign(), now + Span(600)), now + Span(1_000));
}

#[test]
fn what_a_failed_write_counted_as_free_is_counted_anew() {
    let (mut all, now) = (Campaigns::default(), Timestamp(1_000_000));
    all.asks(campaign(), Demand::default(), (10, 10), now);
    all.counts(campaign(), 4);
    all.frees(campaign(), call(1), now);
    let mut after = all.recounted();
    after.counts(campaign(), 4);
    assert_eq!(after.shares.first().map(|share| share.live), Some(4));
}
