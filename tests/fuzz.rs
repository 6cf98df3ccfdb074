//! Hostile input, for as long as `cargo test` takes: each fuzz target runs its corpus and a fixed number of mutations of it. `npm
//! run fuzz` searches further, guided by coverage.
//!
//! `FUZZ_EXECUTIONS=n` sets the number, `FUZZ_SEED=n` another random sequence.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test says what it expects"
)]

#[path = "fuzz/mutate.rs"]
mod mutate;
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use mutate::Mutator;
use targets::Target;

/// The corpus of a target: inputs that are near to what it takes, and those that once failed.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let entries = std::fs::read_dir(&folder).expect("a folder of inputs");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an input").path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| std::fs::read(path).expect("readable"))
        .collect()
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().expect("a number"))
}

/// Lives through one input; says which it was when it fails.
fn execute(name: &str, run: Target, input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| run(input))).is_err() {
        let bytes: String = input.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        panic!(
            "{name} failed on {:?}; keep it: printf '{bytes}' > fuzz/corpus/{name}/a-name-for-it",
            String::from_utf8_lossy(input)
        );
    }
}

fn fuzz(name: &str, executions: u64) {
    let (_, run) = *targets::TARGETS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a target");
    let corpus = corpus(name);
    assert!(
        corpus.len() >= 5,
        "{name} has {} inputs to begin with",
        corpus.len()
    );
    corpus.iter().for_each(|input| execute(name, run, input));
    let mut mutator = Mutator::new(number("FUZZ_SEED", 1), &corpus);
    let executions = number("FUZZ_EXECUTIONS", executions);
    (0..executions).for_each(|_| execute(name, run, &mutator.next()));
    println!(
        "fuzz executions: {} ({name})",
        executions + corpus.len() as u64
    );
}

#[test]
fn no_text_but_an_issued_call_id_is_one() {
    fuzz("call_id", 3_000);
}

#[test]
fn no_text_but_a_key_with_its_checksum_is_looked_up() {
    fuzz("api_key", 3_000);
}

#[test]
fn a_phone_number_is_accepted_if_and_only_if_it_is_e164() {
    fuzz("phone", 100_000);
}

#[test]
fn any_digits_have_an_answer_that_agrees_with_itself() {
    fuzz("numbering", 100_000);
}

#[test]
fn no_private_address_is_accepted_in_any_spelling() {
    fuzz("target", 20_000);
}

#[test]
fn any_body_of_post_calls_gets_the_documented_answer() {
    fuzz("post_calls", 5_000);
}

#[test]
fn no_webhook_is_heard_that_livekit_did_not_sign() {
    fuzz("livekit_webhook", 2_000);
}

#[test]
fn any_file_of_people_is_taken_in_as_it_is_answered_and_each_of_them_once() {
    fuzz("recipients", 2_000);
}
