//! Callbacks: when each attempt is due, and what ends them.
//!
//! Delivery is at least once. The holder (a trunk's object for a call's result, the directory for a test event) hands
//! an attempt out under a lease and waits for its result; if the sender dies, the attempt is handed out again when the
//! lease runs out. Nothing exists in a queue alone.

mod signing;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
pub use signing::{MOST_PREVIOUS, WebhookSecret, WebhookSecrets};

use super::ids::DeliveryId;
use super::planted::{Fault, planted};
use super::search;
use super::time::{Span, Timestamp};

/// How long a sender may stay silent before its attempt is handed out again: first while its message is
/// in transit (longer each time nobody took it up), then again from when the sender begins (see [`Delivery::begin`]).
/// A sender whose receiver is slow asks for more (see [`Delivery::extend`]).
pub const LEASE: Span = Span(20_000);

/// How many attempts are remembered: the whole schedule, and redeliveries by hand.
const ATTEMPTS_KEPT: usize = 50;

/// What a callback reports, depending on how the call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventType {
    /// The call was answered and ended.
    #[serde(rename = "call.completed")]
    Completed,
    /// The call could not be placed or did not connect.
    #[serde(rename = "call.failed")]
    Failed,
    /// The trunk had no capacity.
    #[serde(rename = "call.rejected")]
    Rejected,
    /// The person declined, or the line was busy.
    #[serde(rename = "call.declined")]
    Declined,
}

/// A delivery's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// An attempt is under way or due.
    Pending,
    /// A receiver answered 2xx.
    Delivered,
    /// The last attempt failed, or the receiver answered 410.
    Exhausted,
}

/// One attempt that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// The receiver's status, when there was one.
    pub status_code: Option<u16>,
    /// What went wrong, when there was no status.
    pub error: Option<String>,
    /// From request to status line.
    pub duration_ms: u64,
}

/// The result of an attempt, as its sender reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptResult {
    /// What is remembered of it.
    pub attempt: Attempt,
    /// The receiver's `Retry-After` in seconds, when it sent one.
    #[serde(default)]
    #[serde(rename = "retry_after")]
    pub retry_after_secs: Option<u64>,
}

/// An attempt that is out: handed to a sender, or being made by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which attempt, from 1.
    pub number: u32,
    /// Until then nobody else makes it, and its message is valid.
    pub until: Timestamp,
    /// A sender has said that it is making this attempt.
    begun: bool,
    /// How often it was handed out before without any sender taking it up.
    unheard: u32,
}

impl Lease {
    /// An attempt that was made but not recorded in any row yet: nobody else makes it.
    #[must_use]
    pub fn back(number: u32) -> Self {
        Self {
            number,
            until: Timestamp::MAX,
            begun: true,
            unheard: 0,
        }
    }

    /// Whether both are for the same attempt, and that attempt is out.
    pub(crate) fn is_of(&self, other: Self) -> bool {
        self.number == other.number && self.until < Timestamp::MAX
    }
}

/// A message that nobody takes up is sent again after twice as long each time, with this many doublings at most: a slow
/// queue gets no copies for it.
const DOUBLINGS: u32 = 6;

/// A number that identifies a URL's host and port.
#[must_use]
pub fn host_key(url: &str) -> u64 {
    let behind_scheme = search::split_once(url, "://").map_or(url, |(_, rest)| rest);
    let authority = behind_scheme.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("");
    // FNV-1a, cut to 52 bits so that a JavaScript number holds it.
    let fold = |hash: u64, byte: u8| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3)
    };
    host.bytes().fold(0xcbf2_9ce4_8422_2325, fold) >> 12
}

/// One event on its way to one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id, the `webhook-id` of each attempt.
    pub id: DeliveryId,
    /// What it tells.
    pub event: EventType,
    /// Where it is sent.
    pub url: String,
    /// Its status.
    pub status: DeliveryStatus,
    /// The attempts so far, oldest first.
    pub attempts: Vec<Attempt>,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Timestamp>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// Attempts made in all, including those no longer remembered.
    made: u32,
    /// Failed attempts of the schedule: an attempt asked for by hand uses up no retry.
    failures: u32,
    /// The attempt that is due was asked for by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    by_hand: bool,
    /// When the schedule's next attempt was due, if one was asked for by hand instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scheduled_at: Option<Timestamp>,
    /// One more attempt was asked for while another was under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    asked_again: bool,
    /// All attempts carry more than the reference's fields, as decided when the call ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[serde(rename = "full")]
    pub is_full: bool,
    /// It had been given up, and was delivered after an attempt was asked for by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mended: bool,
    /// Not stored: a holder that was restarted hands the attempt out again at once.
    #[serde(skip)]
    lease: Option<Lease>,
}

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver took it.
    Delivered,
    /// It failed; another is due, unless it was asked for by hand.
    Failed,
    /// It failed, and was the last.
    Exhausted,
}

impl Delivery {
    /// A delivery whose first attempt is due at once.
    #[must_use]
    pub fn new(id: DeliveryId, event: EventType, url: String, now: Timestamp) -> Self {
        Self {
            id,
            event,
            url,
            status: DeliveryStatus::Pending,
            attempts: Vec::new(),
            next_attempt_at: Some(now),
            created_at: now,
            made: 0,
            failures: 0,
            by_hand: false,
            scheduled_at: None,
            asked_again: false,
            is_full: false,
            mended: false,
            lease: None,
        }
    }

    /// The result of the latest attempt, if more than `known` were made.
    #[must_use]
    pub fn result_after(&self, known: usize) -> Option<AttemptOutcome> {
        let newest = self
            .attempts
            .last()
            .filter(|_| self.made as usize > known)?;
        Some(match (newest.status_code, self.status) {
            (Some(200..=299), _) => AttemptOutcome::Delivered,
            (_, DeliveryStatus::Exhausted) => AttemptOutcome::Exhausted,
            _ => AttemptOutcome::Failed,
        })
    }

    /// Attempt `number`, from 1, while it is remembered.
    #[must_use]
    pub fn attempt(&self, number: usize) -> Option<&Attempt> {
        let forgotten = (self.made as usize).saturating_sub(self.attempts.len());
        self.attempts.get(number.checked_sub(forgotten + 1)?)
    }

    /// When something must be done about it next.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        if self.lease.is_some() && planted(Fault::LeaseForEver) {
            return None;
        }
        self.lease
            .as_ref()
            .map(|lease| lease.until)
            .or(self.next_attempt_at)
    }

    /// Hands out the attempt that is due, under a lease: its number, from 1.
    pub fn take(&mut self, now: Timestamp) -> Option<u32> {
        if self.due().is_none_or(|due| due > now) {
            return None;
        }
        let number = self.made + 1;
        let before = self
            .lease
            .filter(|lease| lease.number == number && !lease.begun);
        let unheard = before.map_or(0, |lease| (lease.unheard + 1).min(DOUBLINGS));
        self.lease = Some(Lease {
            number,
            until: now + Span(LEASE.0 << unheard),
            begun: false,
            unheard,
        });
        Some(number)
    }

    /// The lease of the attempt that is due, if it has run out.
    #[must_use]
    pub fn overdue(&self) -> Option<Lease> {
        self.next_attempt_at.map(|until| Lease {
            number: self.made + 1,
            until,
            begun: true,
            unheard: 0,
        })
    }

    /// The attempt that is out, if any.
    #[must_use]
    pub fn lease(&self) -> Option<Lease> {
        self.lease
    }

    /// Gives the attempt that is out to a delivery read from its row. A delivery that is over by now takes none.
    pub fn lend(&mut self, lease: Lease) {
        if self.made + 1 == lease.number && self.next_attempt_at.is_some() {
            self.lease = Some(lease);
        }
    }

    /// A sender is about to make attempt `number`: returns whether it may. Of all copies of a message one may, however long
    /// they were in transit, and none may for an attempt that is over.
    pub fn begin(&mut self, number: u32, now: Timestamp) -> bool {
        let is_due = self.next_attempt_at.is_some_and(|due| due <= now);
        let is_begun = |lease: &Lease| lease.begun && now < lease.until;
        if number != self.made + 1 || !is_due || self.lease.as_ref().is_some_and(is_begun) {
            return false;
        }
        self.lease = Some(Lease {
            number,
            until: now + LEASE,
            begun: true,
            unheard: 0,
        });
        true
    }

    /// Takes over the attempt that is out from what was known before a write failed.
    pub fn inherit(&mut self, known: &Self) {
        if known.made == self.made && self.next_attempt_at.is_some() {
            self.lease = known.lease;
        }
    }

    /// The sender of attempt `number` is alive and waits for a slow receiver.
    pub fn extend(&mut self, number: u32, until: Timestamp) {
        if let Some(lease) = self.lease.as_mut().filter(|lease| lease.number == number) {
            lease.until = lease.until.max(until);
        }
    }

    /// Takes the result of attempt `number`; a result that is already known changes nothing.
    ///
    /// 2xx ends the delivery, 410 ends it as exhausted, anything else waits for the next step of
    /// `schedule`, if there is one. Returns whether anything changed.
    pub fn finish(
        &mut self,
        number: u32,
        result: AttemptResult,
        now: Timestamp,
        schedule: &[Span],
    ) -> bool {
        if number != self.made + 1 || self.next_attempt_at.is_none() {
            return false;
        }
        self.lease = None;
        self.made = number;
        let status_code = result.attempt.status_code;
        if self.attempts.len() == ATTEMPTS_KEPT {
            self.attempts.remove(0);
        }
        self.attempts.push(result.attempt);
        let by_hand = std::mem::take(&mut self.by_hand);
        let scheduled_at = self.scheduled_at.take();
        self.next_attempt_at = match status_code {
            Some(200..=299) => {
                self.mended |= self.status == DeliveryStatus::Exhausted;
                self.status = DeliveryStatus::Delivered;
                None
            }
            _ if self.status != DeliveryStatus::Pending => None,
            Some(410) => {
                self.status = DeliveryStatus::Exhausted;
                None
            }
            _ if by_hand => scheduled_at,
            _ => {
                let base = schedule.get(self.failures as usize).copied();
                self.failures += 1;
                if base.is_none() {
                    self.status = DeliveryStatus::Exhausted;
                }
                let asked = result
                    .retry_after_secs
                    .filter(|_| matches!(status_code, Some(429 | 503)));
                base.filter(|_| !planted(Fault::CallbackForgotten))
                    .map(|base| now + self.wait(base, asked.map(Span::from_secs)))
            }
        };
        if std::mem::take(&mut self.asked_again) {
            self.redeliver(now);
        }
        true
    }

    /// Makes one more attempt due at once, or right after the one under way, whatever the status and without using up
    /// the schedule. Id and body stay the same.
    pub fn redeliver(&mut self, now: Timestamp) {
        if self.lease.is_some() {
            self.asked_again = true;
            return;
        }
        if !self.by_hand {
            self.scheduled_at = self.next_attempt_at;
        }
        self.by_hand = true;
        self.next_attempt_at = Some(now);
    }

    /// `base`, up to 20 % later, by an amount that depends only on the delivery and the attempt, so that
    /// many failures spread out and a test needs no tolerance. A receiver's `Retry-After` counts
    /// between `base` and twice that.
    fn wait(&self, base: Span, asked: Option<Span>) -> Span {
        if let Some(asked) = asked {
            return asked.clamp(base, base + base);
        }
        let seed = Sha256::new()
            .chain_update(self.id.to_string())
            .chain_update(self.made.to_be_bytes());
        let draw = seed
            .finalize()
            .iter()
            .take(2)
            .fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
        base + Span(base.0.saturating_mul(draw) / (5 * 0xffff))
    }
}

#[cfg(test)]
mod tests;
