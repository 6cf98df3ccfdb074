//! Callbacks: when each attempt is due, what ends them, and how they are signed.
//!
//! A delivery is at least once. Whoever holds it (a trunk's object for a call's result, the
//! directory for a test event) hands an attempt out under a lease and waits for its result; an
//! attempt whose sender died is handed out again when the lease runs out. Nothing is ever only in
//! a queue.

use std::fmt;

use hmac::Mac;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::base64::STANDARD;
use super::ids::DeliveryId;
use super::mac::{hex, hmac_sha256};
use super::planted::{Fault, planted};
use super::search;
use super::time::Millis;

/// How long a sender may stay silent before its attempt is handed out again: once as long as its message
/// travels (longer each time that nobody took it up), and once from when it says that it begins (see [`Delivery::begin`]). A sender whose receiver is slow asks for
/// more (see [`Delivery::extend`]).
pub const LEASE: Millis = Millis(20_000);

/// How many attempts are remembered: the whole schedule, and redeliveries by hand.
const ATTEMPTS_KEPT: usize = 50;

/// What a callback tells, by how the call ended.
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

/// How far a delivery is.
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
    pub at: Millis,
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
    pub retry_after: Option<u64>,
}

/// An attempt that is out: handed to a sender, or made by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which attempt, from 1.
    pub number: u32,
    /// Until when nobody else makes it; its message is good for as long.
    pub until: Millis,
    /// A sender has said that it makes this attempt.
    begun: bool,
    /// How often it was handed out before, with nobody saying that.
    unheard: u32,
}

impl Lease {
    /// An attempt that was made, and of which no row tells yet: nobody else makes it.
    #[must_use]
    pub fn back(number: u32) -> Self {
        Self {
            number,
            until: Millis::MAX,
            begun: true,
            unheard: 0,
        }
    }
}

/// A message that nobody took up is sent again after twice as long each time, up to so often: a queue that is slow gets no
/// copies for it.
const DOUBLINGS: u32 = 6;

/// A number that stands for a URL's host and port.
#[must_use]
pub fn host_key(url: &str) -> u64 {
    let behind_scheme = search::split_once(url, "://").map_or(url, |(_, rest)| rest);
    let authority = behind_scheme.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("");
    // FNV-1a, of which 52 bits: a JavaScript number holds it.
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
    /// The receiver.
    pub url: String,
    /// How far it is.
    pub status: DeliveryStatus,
    /// The attempts so far, oldest first.
    pub attempts: Vec<Attempt>,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Millis>,
    /// When the event happened.
    pub created_at: Millis,
    /// Attempts made in all, those no longer remembered included.
    made: u32,
    /// Failed attempts of the schedule: an attempt asked for by hand uses up no retry.
    failures: u32,
    /// The attempt that is due was asked for by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    by_hand: bool,
    /// What the schedule had in mind when an attempt was asked for by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scheduled_at: Option<Millis>,
    /// One more attempt was asked for while another was under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    asked_again: bool,
    /// Not stored: a holder that was restarted hands the attempt out again at once.
    #[serde(skip)]
    lease: Option<Lease>,
}

/// What came of an attempt.
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
    pub fn new(id: DeliveryId, event: EventType, url: String, now: Millis) -> Self {
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
            lease: None,
        }
    }

    /// The result of the newest attempt, when more than `known` were made.
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
    pub fn due(&self) -> Option<Millis> {
        if self.lease.is_some() && planted(Fault::LeaseForEver) {
            return None;
        }
        self.lease
            .as_ref()
            .map(|lease| lease.until)
            .or(self.next_attempt_at)
    }

    /// Hands out the attempt that is due, under a lease: its number, from 1.
    pub fn take(&mut self, now: Millis) -> Option<u32> {
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
            until: now + Millis(LEASE.0 << unheard),
            begun: false,
            unheard,
        });
        Some(number)
    }

    /// A lease for the attempt that is due, which has run out.
    #[must_use]
    pub fn overdue(&self) -> Option<Lease> {
        self.next_attempt_at.map(|until| Lease {
            number: self.made + 1,
            until,
            begun: true,
            unheard: 0,
        })
    }

    /// The attempt that is out, if one is.
    #[must_use]
    pub fn lease(&self) -> Option<Lease> {
        self.lease
    }

    /// A delivery as its row tells, and the attempt that is out. One that is over by now is none.
    pub fn lend(&mut self, lease: Lease) {
        if self.made + 1 == lease.number && self.next_attempt_at.is_some() {
            self.lease = Some(lease);
        }
    }

    /// A sender is about to make attempt `number`: whether it may. Of the copies of a message one may, however long they
    /// travelled, and none for an attempt that is over.
    pub fn begin(&mut self, number: u32, now: Millis) -> bool {
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

    /// Takes over the attempt that is out, from what was known before a write failed.
    pub fn inherit(&mut self, known: &Self) {
        if known.made == self.made && self.next_attempt_at.is_some() {
            self.lease = known.lease;
        }
    }

    /// The sender of attempt `number` is alive and waits for a slow receiver.
    pub fn extend(&mut self, number: u32, until: Millis) {
        if let Some(lease) = self.lease.as_mut().filter(|lease| lease.number == number) {
            lease.until = lease.until.max(until);
        }
    }

    /// Takes the result of attempt `number`; one that is known already changes nothing.
    ///
    /// 2xx ends the delivery, 410 ends it as exhausted, anything else waits for the next step of
    /// `schedule`, if there is one. Returns whether anything changed.
    pub fn finish(
        &mut self,
        number: u32,
        result: AttemptResult,
        now: Millis,
        schedule: &[Millis],
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
                    .retry_after
                    .filter(|_| matches!(status_code, Some(429 | 503)));
                base.filter(|_| !planted(Fault::CallbackForgotten))
                    .map(|base| now + self.wait(base, asked.map(Millis::from_secs)))
            }
        };
        if std::mem::take(&mut self.asked_again) {
            self.redeliver(now);
        }
        true
    }

    /// Makes one more attempt due at once, or right after the one that is under way; whatever the status, and at no cost
    /// to the schedule. Id and body stay the same.
    pub fn redeliver(&mut self, now: Millis) {
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

    /// `base`, up to 20 % later: by an amount that depends on delivery and attempt alone, so that a
    /// fleet of failures spreads and a test needs no tolerance. A receiver's own wish counts
    /// within `base` and twice that.
    fn wait(&self, base: Millis, asked: Option<Millis>) -> Millis {
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
        base + Millis(base.0.saturating_mul(draw) / (5 * 0xffff))
    }
}

/// `whsec_` and 32 random bytes in base64. Prints itself masked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// A new secret.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(format!("whsec_{}", STANDARD.encode(entropy)))
    }

    /// The secret's text, for its organisation.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn decoded(&self) -> Vec<u8> {
        let encoded = self.0.strip_prefix("whsec_").unwrap_or(&self.0);
        STANDARD
            .decode(encoded)
            .unwrap_or_else(|| encoded.as_bytes().to_vec())
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsec_…")
    }
}

/// How many secrets may sign beside the newest: their signatures travel in one header.
pub const MOST_PREVIOUS: usize = 20;

/// An organisation's webhook secrets: the newest, and those before it whose overlap is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSecrets {
    /// The one to verify with.
    pub current: WebhookSecret,
    /// When it was made.
    pub created_at: Millis,
    /// The one before, and until when it also signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<(WebhookSecret, Millis)>,
    /// Those before that one, newest first, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<(WebhookSecret, Millis)>,
}

impl WebhookSecrets {
    /// An organisation's first secret.
    #[must_use]
    pub fn first(secret: WebhookSecret, now: Millis) -> Self {
        Self {
            current: secret,
            created_at: now,
            previous: None,
            earlier: Vec::new(),
        }
    }

    /// The secrets before the newest that still sign, newest first, each with the end of its time.
    pub fn outgoing(&self, now: Millis) -> impl Iterator<Item = &(WebhookSecret, Millis)> {
        let all = self.previous.iter().chain(&self.earlier);
        all.filter(move |(_, until)| now < *until)
    }

    /// A new secret. The present one signs beside it for `overlap` more, and each one before it for as long as was promised
    /// when it was replaced; without an overlap none does.
    #[must_use]
    pub fn rotated(self, secret: WebhookSecret, overlap: Millis, now: Millis) -> Self {
        if overlap == Millis(0) {
            return Self::first(secret, now);
        }
        let earlier = match planted(Fault::OverlapCutShort) {
            true => Vec::new(),
            false => self.outgoing(now).cloned().collect(),
        };
        Self {
            current: secret,
            created_at: now,
            previous: Some((self.current, now + overlap)),
            earlier,
        }
    }

    /// Until when a secret before the newest still signs: the latest of them. `None` when none does.
    #[must_use]
    pub fn previous_valid_until(&self, now: Millis) -> Option<Millis> {
        self.outgoing(now).map(|(_, until)| *until).max()
    }

    /// The headers that sign one attempt at `now`.
    ///
    /// - `X-Audatec-Signature`: hex HMAC-SHA256 of the body, keyed with the newest secret's text.
    /// - `webhook-id`, `webhook-timestamp`, `webhook-signature`: Standard Webhooks 1.0.0, with one
    ///   signature for each secret that is valid, newest first.
    #[must_use]
    pub fn sign(&self, id: DeliveryId, body: &[u8], now: Millis) -> [(&'static str, String); 4] {
        let mut plain = hmac_sha256(self.current.reveal().as_bytes());
        plain.update(body);
        let timestamp = now.as_secs().to_string();
        let standard = |secret: &WebhookSecret| {
            let mut mac = hmac_sha256(&secret.decoded());
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(body);
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        };
        let mut signature = standard(&self.current);
        for (outgoing, _) in self.outgoing(now) {
            signature.push(' ');
            signature.push_str(&standard(outgoing));
        }
        [
            ("X-Audatec-Signature", hex(&plain.finalize().into_bytes())),
            ("webhook-id", id.to_string()),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signature),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::IdKey;

    const SCHEDULE: [Millis; 2] = [Millis(5_000), Millis(300_000)];

    fn delivery() -> Delivery {
        let id = DeliveryId::mint_test(Millis(7), 0, &IdKey::new(b"key"));
        Delivery::new(
            id,
            EventType::Completed,
            "https://example.com/hook".into(),
            Millis(1_000),
        )
    }

    fn answer(status_code: u16) -> AttemptResult {
        let attempt = Attempt {
            at: Millis(1_000),
            status_code: Some(status_code),
            error: None,
            duration_ms: 3,
        };
        AttemptResult {
            attempt,
            retry_after: None,
        }
    }

    fn fail(delivery: &mut Delivery, now: Millis) -> Option<Millis> {
        let number = delivery.take(now).expect("an attempt is due");
        assert!(delivery.finish(number, answer(500), now, &SCHEDULE));
        delivery.next_attempt_at
    }

    #[test]
    fn the_first_attempt_is_due_at_once_and_2xx_ends_it() {
        let mut delivery = delivery();
        assert_eq!(delivery.take(Millis(999)), None);
        assert_eq!(delivery.take(Millis(1_000)), Some(1));
        assert!(delivery.finish(1, answer(204), Millis(1_500), &SCHEDULE));
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
                next >= now + base && next <= now + base + Millis(base.0 / 5),
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
        assert_eq!(delivery.take(Millis(1_000)), Some(1));
        assert_eq!(delivery.take(Millis(1_000)), None);
        delivery.extend(1, Millis(31_000));
        delivery.extend(2, Millis(90_000));
        assert_eq!(delivery.take(Millis(30_999)), None);
        assert_eq!(delivery.take(Millis(31_000)), Some(1));
    }

    #[test]
    fn the_same_result_twice_counts_once() {
        let mut delivery = delivery();
        delivery.take(Millis(1_000));
        assert!(delivery.finish(1, answer(500), Millis(1_000), &SCHEDULE));
        assert!(!delivery.finish(1, answer(500), Millis(1_001), &SCHEDULE));
        assert_eq!(delivery.attempts.len(), 1);
    }

    #[test]
    fn gone_stops_and_a_redirect_is_a_failure() {
        let mut gone = delivery();
        gone.take(Millis(1_000));
        gone.finish(1, answer(410), Millis(1_000), &SCHEDULE);
        assert_eq!((gone.status, gone.due()), (DeliveryStatus::Exhausted, None));
        let mut moved = delivery();
        moved.take(Millis(1_000));
        moved.finish(1, answer(302), Millis(1_000), &SCHEDULE);
        assert_eq!(moved.status, DeliveryStatus::Pending);
    }

    #[test]
    fn retry_after_counts_on_429_and_503_between_once_and_twice_the_base() {
        let wait = |status, seconds| {
            let mut delivery = delivery();
            delivery.take(Millis(1_000));
            let result = AttemptResult {
                retry_after: Some(seconds),
                ..answer(status)
            };
            delivery.finish(1, result, Millis(1_000), &SCHEDULE);
            delivery.next_attempt_at.expect("another attempt") - Millis(1_000)
        };
        assert_eq!(wait(429, 1), Millis(5_000));
        assert_eq!(wait(429, 7), Millis(7_000));
        assert_eq!(wait(503, 3600), Millis(10_000));
        assert!(wait(500, 9) <= Millis(6_000));
    }

    #[test]
    fn a_redelivery_is_one_attempt_and_keeps_what_was_reached() {
        let mut delivery = delivery();
        delivery.take(Millis(1_000));
        delivery.finish(1, answer(200), Millis(1_000), &SCHEDULE);
        delivery.redeliver(Millis(2_000));
        assert_eq!(delivery.take(Millis(2_000)), Some(2));
        delivery.finish(2, answer(500), Millis(2_000), &SCHEDULE);
        assert_eq!(
            (delivery.status, delivery.due(), delivery.attempts.len()),
            (DeliveryStatus::Delivered, None, 2)
        );
    }

    #[test]
    fn a_redelivery_of_a_pending_one_uses_up_no_retry_and_is_not_lost_under_an_attempt() {
        let mut delivery = delivery();
        delivery.take(Millis(1_000));
        delivery.finish(1, answer(500), Millis(1_000), &SCHEDULE);
        let scheduled = delivery.next_attempt_at;
        delivery.redeliver(Millis(2_000));
        delivery.redeliver(Millis(2_000));
        assert_eq!(delivery.take(Millis(2_000)), Some(2));
        delivery.redeliver(Millis(2_001)); // while attempt 2 is under way
        delivery.finish(2, answer(500), Millis(2_500), &SCHEDULE);
        assert_eq!(delivery.take(Millis(2_500)), Some(3));
        delivery.finish(3, answer(500), Millis(2_600), &SCHEDULE);
        assert_eq!(delivery.next_attempt_at, scheduled);
        assert_eq!(delivery.failures, 1);
    }

    #[test]
    fn both_secrets_sign_during_the_overlap_and_the_newest_alone_after_it() {
        let old = WebhookSecrets::first(WebhookSecret::from_entropy([1; 32]), Millis(0));
        let id = delivery().id;
        let signed_by_old = old.sign(id, b"{}", Millis(5_000))[3].1.clone();
        let both = old.rotated(
            WebhookSecret::from_entropy([2; 32]),
            Millis(10_000),
            Millis(0),
        );
        let during = &both.sign(id, b"{}", Millis(5_000))[3].1;
        assert_eq!(during.split(' ').count(), 2);
        assert!(during.ends_with(&signed_by_old));
        assert_eq!(
            both.sign(id, b"{}", Millis(10_000))[3].1.split(' ').count(),
            1
        );
        assert_eq!(both.previous_valid_until(Millis(10_000)), None);
    }

    #[test]
    fn every_secret_signs_as_long_as_was_promised_newest_first() {
        let id = delivery().id;
        let at =
            |secrets: &WebhookSecrets, now: u64| secrets.sign(id, b"{}", Millis(now))[3].1.clone();
        let alone = |seed: u8, now: u64| {
            at(
                &WebhookSecrets::first(WebhookSecret::from_entropy([seed; 32]), Millis(0)),
                now,
            )
        };
        let secret = |seed: u8| WebhookSecret::from_entropy([seed; 32]);
        let secrets = WebhookSecrets::first(secret(1), Millis(0))
            .rotated(secret(2), Millis(60_000), Millis(0))
            .rotated(secret(3), Millis(5_000), Millis(1_000));
        let all = [alone(3, 2_000), alone(2, 2_000), alone(1, 2_000)];
        assert_eq!(at(&secrets, 2_000), all.join(" "));
        // The one in the middle was promised less.
        assert_eq!(
            secrets.previous_valid_until(Millis(2_000)),
            Some(Millis(60_000))
        );
        assert_eq!(
            at(&secrets, 6_000),
            [alone(3, 6_000), alone(1, 6_000)].join(" ")
        );
        assert_eq!(at(&secrets, 60_000), alone(3, 60_000));
        assert_eq!(secrets.previous_valid_until(Millis(60_000)), None);
        // Without an overlap all end.
        let ended = secrets.rotated(secret(4), Millis(0), Millis(2_000));
        assert_eq!(at(&ended, 2_000), alone(4, 2_000));
        assert_eq!(ended.previous_valid_until(Millis(2_000)), None);
    }

    #[test]
    fn one_of_the_copies_of_a_message_may_begin_however_late_it_comes() {
        let mut delivery = delivery();
        assert!(!delivery.begin(1, Millis(999)), "nothing was due");
        delivery.take(Millis(1_000));
        delivery.take(Millis(21_000)); // its message was slow: another one
        assert!(delivery.begin(1, Millis(30_000)));
        assert!(!delivery.begin(1, Millis(30_001)), "the other copy");
        // Its lease counts from when it began.
        assert_eq!(delivery.take(Millis(41_001)), None);
        assert_eq!(delivery.take(Millis(50_000)), Some(1));
        assert!(delivery.begin(1, Millis(50_100)), "the first sender died");
        delivery.finish(1, answer(500), Millis(50_200), &SCHEDULE);
        assert!(!delivery.begin(1, Millis(60_000)), "it was made");
        assert!(!delivery.begin(2, Millis(50_300)), "not due yet");
    }

    #[test]
    fn the_plain_signature_is_rfc_2104_under_the_secrets_text() {
        // openssl dgst -sha256 -hmac 'whsec_AQEB…=' over the body {}
        let secrets = WebhookSecrets::first(WebhookSecret::from_entropy([1; 32]), Millis(0));
        let [(name, signature), ..] = secrets.sign(delivery().id, b"{}", Millis(0));
        assert_eq!(name, "X-Audatec-Signature");
        let mut mac = hmac_sha256(b"whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
        mac.update(b"{}");
        assert_eq!(signature, hex(&mac.finalize().into_bytes()));
    }
}
