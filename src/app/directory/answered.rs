//! Requests with an `Idempotency-Key`: what they were answered, for a day.
//!
//! The change, the key and the answer are one commit, so that a repeat finds all of it or nothing. What an answer shows once (an
//! API key, a webhook secret) is not in it: it was derived from a seed that is kept here and a secret of the deployment that is
//! not, so that whoever renders the answer again derives the same.
//!
//! Which keys were used is in memory; the answers, which may be large, stay in their rows until they are asked for.

use serde::{Deserialize, Serialize};

use super::store::DirectoryStore;
use super::{Ask, Directory, DirectoryCommand, DirectoryRefusal, DirectoryReply};
use crate::app::iso8601;
use crate::app::trunk::{IDEMPOTENCY_TTL, Idempotency, StoreFailed};
use crate::app::views::delivery::DeliveryView;
use crate::app::views::keys::NewKeyView;
use crate::app::views::manage::{AgentDetail, SecretView, TrunkDetail};
use crate::app::views::orgs::{NewOrgView, OrgView};
use crate::domain::planted::{Fault, planted};
use crate::domain::sorting::oldest_first;
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;

/// So many are kept; beyond that the oldest goes.
const KEPT: usize = 10_000;

/// A request's `Idempotency-Key`, and from what it draws what its answer shows once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Once {
    /// The key, and what it is used for.
    pub given: Idempotency,
    /// 32 random bytes in hex.
    pub seed: String,
}

/// What is known of a key that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Used {
    /// When it was answered.
    pub at: Timestamp,
    /// SHA-256 of the request, in hex.
    pub request: String,
    /// See [`Once::seed`].
    pub seed: String,
}

/// An answer, but for what it shows once: that stands there as `""`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

impl Answered {
    fn new(status: u16, view: &impl Serialize) -> Self {
        let body = to_json(view).unwrap_or_default();
        Self { status, body }
    }
}

/// What a request for something new is answered; none for any other.
#[must_use]
pub fn render(what: &Ask, reply: &DirectoryReply, now: Timestamp) -> Option<Answered> {
    Some(match (what, reply) {
        (Ask::SaveAgent { agent, was: None }, DirectoryReply::Done) => {
            Answered::new(201, &AgentDetail::from(&**agent))
        }
        (Ask::SaveAgent { was: None, .. }, DirectoryReply::Agent(agent)) => {
            Answered::new(201, &AgentDetail::from(&**agent))
        }
        (Ask::CreateTrunk(_), DirectoryReply::Trunk(trunk)) => {
            Answered::new(201, &TrunkDetail::from(&**trunk))
        }
        (Ask::CreateKey(_), DirectoryReply::Keys(keys)) => {
            Answered::new(201, &NewKeyView::from(keys.first()?))
        }
        (Ask::RotateSecret { .. }, DirectoryReply::Secrets(secrets)) => {
            let mut view = SecretView::new(secrets, now);
            view.secret.clear();
            Answered::new(200, &view)
        }
        (Ask::Answer(answer), DirectoryReply::Done) => answer.clone(),
        (Ask::TestEvent { .. }, DirectoryReply::Delivery(delivery)) => {
            Answered::new(202, &DeliveryView::of(delivery, None))
        }
        (Ask::Found { org, name, .. }, DirectoryReply::Founded(at, _)) => {
            let (name, created_at) = (name.clone(), iso8601::format(*at));
            let org = OrgView {
                id: *org,
                name,
                created_at,
            };
            let view = NewOrgView {
                org,
                owner_key: String::new(),
                webhook_secret: String::new(),
            };
            Answered::new(201, &view)
        }
        _ => return None,
    })
}

fn used_row(key: &str) -> String {
    format!("once/{key}")
}

/// Not among the rows that are loaded.
fn answer_row(key: &str) -> String {
    format!("answer/{key}")
}

impl Directory {
    pub(super) fn read_used(
        &mut self,
        row: &str,
        doc: &str,
    ) -> Result<(), crate::app::json::Unreadable> {
        let key = row.strip_prefix("once/").unwrap_or_default();
        self.used
            .insert(key.to_owned(), crate::app::json::read(doc)?);
        Ok(())
    }

    /// What a request is answered whose key was used before.
    pub(super) fn answered_before(
        &self,
        store: &impl DirectoryStore,
        command: &DirectoryCommand,
        now: Timestamp,
    ) -> Result<Option<DirectoryReply>, StoreFailed> {
        let Some(Once { given, .. }) = &command.once else {
            return Ok(None);
        };
        let used = self.used.get(&given.key);
        let holds = |used: &&Used| now < used.at + IDEMPOTENCY_TTL && !planted(Fault::CreatedAgain);
        let Some(used) = used.filter(holds) else {
            return Ok(None);
        };
        if used.request != given.body {
            return Ok(Some(DirectoryReply::Refused(DirectoryRefusal::KeyReused)));
        }
        if let Ask::Settle = command.what {
            return Ok(Some(DirectoryReply::Settled(used.seed.clone())));
        }
        let row = store.row(&answer_row(&given.key))?.ok_or(StoreFailed)?;
        let answer = crate::app::json::read(&row).map_err(|_| StoreFailed)?;
        let seed = used.seed.clone();
        Ok(Some(DirectoryReply::Answered {
            answer,
            seed,
            again: true,
        }))
    }

    /// Keeps what a request with a key is answered, in the commit of what it changed.
    pub(super) fn answer(
        &mut self,
        command: &DirectoryCommand,
        reply: DirectoryReply,
        now: Timestamp,
    ) -> DirectoryReply {
        let Some(once) = &command.once else {
            return reply;
        };
        let answer = render(&command.what, &reply, now);
        if answer.is_none() && !matches!(reply, DirectoryReply::Settled(_)) {
            return reply;
        }
        self.forget_used(now, KEPT - 1);
        let used = Used {
            at: now,
            request: once.given.body.clone(),
            seed: once.seed.clone(),
        };
        self.put(used_row(&once.given.key), &used);
        self.used.insert(once.given.key.clone(), used);
        let Some(answer) = answer else { return reply };
        self.put(answer_row(&once.given.key), &answer);
        DirectoryReply::Answered {
            answer,
            seed: once.seed.clone(),
            again: false,
        }
    }

    /// Forgets keys that were used a day ago, and the oldest beyond so many.
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
            self.used.remove(&key);
            self.remove(used_row(&key));
            self.remove(answer_row(&key));
        }
    }
}
