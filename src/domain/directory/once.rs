//! Which `Idempotency-Key`s were used. The responses are in rows that are not held in memory.

use serde::{Deserialize, Serialize};

use super::Directory;
use crate::domain::from_json::{self, Unreadable};
use crate::domain::idempotency::{IDEMPOTENCY_TTL, Idempotency};
use crate::domain::sorting::oldest_first;
use crate::domain::time::Timestamp;

/// How many are kept; beyond that the oldest is dropped.
const KEPT: usize = 10_000;

/// What is known of a key that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// When it was answered.
    pub at: Timestamp,
    /// SHA-256 of the request, in hex.
    pub request: String,
    /// 32 random bytes in hex, from which everything the response showed only once is derived.
    pub seed: String,
}

fn used_row(key: &str) -> String {
    format!("once/{key}")
}

/// The name of a response's row, which is not among those that are loaded.
#[must_use]
pub fn answer_row(key: &str) -> String {
    format!("answer/{key}")
}

impl Directory {
    pub(super) fn read_used(&mut self, row: &str, doc: &str) -> Result<(), Unreadable> {
        let key = row.strip_prefix("once/").unwrap_or_default();
        self.used.insert(key.to_owned(), from_json::read(doc)?);
        Ok(())
    }

    /// What is known of a key used within the last day.
    #[must_use]
    pub fn used(&self, key: &str, now: Timestamp) -> Option<&Used> {
        let used = self.used.get(&key.to_owned());
        used.filter(|used| now < used.at + IDEMPOTENCY_TTL)
    }

    /// Records that a key was used; `answer` is the response's JSON, if repeats are answered with it.
    pub fn keep_used(
        &mut self,
        given: &Idempotency,
        seed: &str,
        answer: Option<&impl Serialize>,
        now: Timestamp,
    ) {
        self.forget_used(now, KEPT - 1);
        let used = Used {
            at: now,
            request: given.body.clone(),
            seed: seed.to_owned(),
        };
        self.put(used_row(&given.key), &used);
        self.used.insert(given.key.clone(), used);
        if let Some(answer) = answer {
            self.put(answer_row(&given.key), answer);
        }
    }

    /// Forgets keys used a day ago or earlier, and the oldest beyond `most`.
    pub(super) fn forget_used(&mut self, now: Timestamp, most: usize) {
        let is_old = |used: &Used| now >= used.at + IDEMPOTENCY_TTL;
        if self.used.len() <= most && !self.used.values().any(is_old) {
            return;
        }
        let keys = self.used.iter();
        let mut keys: Vec<(Timestamp, String)> =
            keys.map(|(key, used)| (used.at, key.clone())).collect();
        oldest_first(&mut keys, |(at, _)| u128::from(at.0));
        let too_many = keys.len().saturating_sub(most);
        for (nth, (at, key)) in keys.into_iter().enumerate() {
            if nth >= too_many && now < at + IDEMPOTENCY_TTL {
                break;
            }
            self.forget_answer(&key);
        }
    }

    /// Forgets a key and the response it was given.
    pub(super) fn forget_answer(&mut self, key: &str) {
        self.used.remove(&key.to_owned());
        self.remove(used_row(key));
        self.remove(answer_row(key));
    }
}
