use std::collections::BTreeSet;

use super::*;

#[test]
fn each_refusal_has_a_name_of_its_own() {
    let all = Refusal::examples();
    let codes: BTreeSet<_> = all.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), all.len());
}

#[test]
fn what_passes_by_itself_says_when() {
    for refusal in Refusal::examples() {
        assert_eq!(
            refusal.retry_after_secs().is_some(),
            [429, 502, 503].contains(&refusal.status()),
            "{refusal:?}"
        );
    }
}

#[test]
fn the_texts_of_the_reference_are_literal() {
    let texts: BTreeSet<_> = Refusal::examples().iter().map(Refusal::text).collect();
    for text in [
        "phone_number is required",
        "metadata missing required keys: amount_due, due_date",
        "Agent is not active",
        "SIP trunk is not active",
        "callback_url must be a valid http or https URL",
        "Invalid or inactive API key",
        "Trunk concurrency (max_channels) exhausted",
    ] {
        assert!(texts.contains(text), "{text}");
    }
}
