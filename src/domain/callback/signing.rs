//! How callbacks are signed, and the secrets used for that.

use std::fmt;

use hmac::Mac;
use serde::{Deserialize, Serialize};

use super::LEASE;
use crate::domain::base64::STANDARD;
use crate::domain::ids::DeliveryId;
use crate::domain::mac::{hex, hmac_sha256};
use crate::domain::planted::{Fault, planted};
use crate::domain::time::{Span, Timestamp};

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

    /// A secret made by somebody else.
    #[must_use]
    pub fn given(text: String) -> Self {
        Self(text)
    }

    /// The secret's plain text, for its organisation.
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

/// How many secrets may sign besides the newest: all signatures go into one header.
pub const MOST_PREVIOUS: usize = 20;

/// An organisation's webhook secrets: the newest, and earlier ones whose overlap is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSecrets {
    /// The one to verify with.
    pub current: WebhookSecret,
    /// When it was made.
    pub created_at: Timestamp,
    /// The one before it, and until when that also signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<(WebhookSecret, Timestamp)>,
    /// Those before that, newest first, each with the moment until which it also signs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<(WebhookSecret, Timestamp)>,
}

impl WebhookSecrets {
    /// An organisation's first secret.
    #[must_use]
    pub fn first(secret: WebhookSecret, now: Timestamp) -> Self {
        Self {
            current: secret,
            created_at: now,
            previous: None,
            earlier: Vec::new(),
        }
    }

    /// The earlier secrets that still sign, newest first, each with the end of its overlap.
    pub fn outgoing(&self, now: Timestamp) -> impl Iterator<Item = &(WebhookSecret, Timestamp)> {
        let all = self.previous.iter().chain(&self.earlier);
        all.filter(move |(_, until)| now < *until)
    }

    /// Adds a new secret. The current one goes on signing for `overlap`, and earlier ones for as long as was promised
    /// when they were replaced; without an overlap, all stop. One whose time has just run out is kept for attempts that
    /// began before that and are only now asking for their secrets.
    #[must_use]
    pub fn rotated(self, secret: WebhookSecret, overlap: Span, now: Timestamp) -> Self {
        if overlap == Span(0) {
            return Self::first(secret, now);
        }
        let mut ended = 0;
        let may_sign = |(_, until): &(WebhookSecret, Timestamp)| {
            ended += usize::from(*until <= now);
            let is_kept = now < *until + LEASE && ended <= MOST_PREVIOUS;
            now < *until || is_kept
        };
        let earlier = self.previous.into_iter().chain(self.earlier);
        let earlier = match planted(Fault::OverlapCutShort) {
            true => Vec::new(),
            false => earlier.filter(may_sign).collect(),
        };
        Self {
            current: secret,
            created_at: now,
            previous: Some((self.current, now + overlap)),
            earlier,
        }
    }

    /// Until when an earlier secret still signs: the latest such moment. `None` if none does.
    #[must_use]
    pub fn previous_valid_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.outgoing(now).map(|(_, until)| *until).max()
    }

    /// The headers that sign one attempt at `now`.
    ///
    /// - `X-Audatec-Signature`: hex HMAC-SHA256 of the body, keyed with the newest secret's text.
    /// - `webhook-id`, `webhook-timestamp`, `webhook-signature`: Standard Webhooks 1.0.0, with one
    ///   signature for each secret that is valid, newest first.
    #[must_use]
    pub fn sign(&self, id: DeliveryId, body: &[u8], now: Timestamp) -> [(&'static str, String); 4] {
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

    fn id() -> DeliveryId {
        DeliveryId::mint_test(Timestamp(7), 0, &IdKey::new(b"key"))
    }

    #[test]
    fn both_secrets_sign_during_the_overlap_and_the_newest_alone_after_it() {
        let old = WebhookSecrets::first(WebhookSecret::from_entropy([1; 32]), Timestamp(0));
        let id = id();
        let signed_by_old = old.sign(id, b"{}", Timestamp(5_000))[3].1.clone();
        let both = old.rotated(
            WebhookSecret::from_entropy([2; 32]),
            Span(10_000),
            Timestamp(0),
        );
        let during = &both.sign(id, b"{}", Timestamp(5_000))[3].1;
        assert_eq!(during.split(' ').count(), 2);
        assert!(during.ends_with(&signed_by_old));
        assert_eq!(
            both.sign(id, b"{}", Timestamp(10_000))[3]
                .1
                .split(' ')
                .count(),
            1
        );
        assert_eq!(both.previous_valid_until(Timestamp(10_000)), None);
    }

    #[test]
    fn every_secret_signs_as_long_as_was_promised_newest_first() {
        let id = id();
        let at = |secrets: &WebhookSecrets, now: u64| {
            secrets.sign(id, b"{}", Timestamp(now))[3].1.clone()
        };
        let alone = |seed: u8, now: u64| {
            at(
                &WebhookSecrets::first(WebhookSecret::from_entropy([seed; 32]), Timestamp(0)),
                now,
            )
        };
        let secret = |seed: u8| WebhookSecret::from_entropy([seed; 32]);
        let secrets = WebhookSecrets::first(secret(1), Timestamp(0))
            .rotated(secret(2), Span(60_000), Timestamp(0))
            .rotated(secret(3), Span(5_000), Timestamp(1_000));
        let all = [alone(3, 2_000), alone(2, 2_000), alone(1, 2_000)];
        assert_eq!(at(&secrets, 2_000), all.join(" "));
        // The middle one was promised less.
        assert_eq!(
            secrets.previous_valid_until(Timestamp(2_000)),
            Some(Timestamp(60_000))
        );
        assert_eq!(
            at(&secrets, 6_000),
            [alone(3, 6_000), alone(1, 6_000)].join(" ")
        );
        assert_eq!(at(&secrets, 60_000), alone(3, 60_000));
        assert_eq!(secrets.previous_valid_until(Timestamp(60_000)), None);
        // Without an overlap all of them stop.
        let ended = secrets.rotated(secret(4), Span(0), Timestamp(2_000));
        assert_eq!(at(&ended, 2_000), alone(4, 2_000));
        assert_eq!(ended.previous_valid_until(Timestamp(2_000)), None);
    }

    #[test]
    fn an_attempt_that_began_within_an_overlap_is_signed_by_it_though_it_ended_and_a_rotation_followed()
     {
        let secret = |seed: u8| WebhookSecret::from_entropy([seed; 32]);
        let signatures = |secrets: &WebhookSecrets, now: u64| {
            let [.., (_, signatures)] = secrets.sign(id(), b"{}", Timestamp(now));
            signatures.split(' ').count()
        };
        let secrets = WebhookSecrets::first(secret(1), Timestamp(0))
            .rotated(secret(2), Span(5_000), Timestamp(0))
            .rotated(secret(3), Span(60_000), Timestamp(6_000));
        assert_eq!(signatures(&secrets, 4_000), 3);
        assert_eq!(signatures(&secrets, 6_000), 2);
        // No longer than an attempt may be under way.
        let secrets = secrets.rotated(secret(4), Span(60_000), Timestamp(5_000) + LEASE);
        assert_eq!(signatures(&secrets, 4_000), 3);
        // And no more of them than may sign.
        let hasty = (5..105).fold(secrets, |secrets, at| {
            secrets.rotated(secret(at as u8), Span(1), Timestamp(26_000 + at))
        });
        assert_eq!(signatures(&hasty, 4_000), 1 + 1 + MOST_PREVIOUS + 2);
    }

    #[test]
    fn the_plain_signature_is_rfc_2104_under_the_secrets_text() {
        // openssl dgst -sha256 -hmac 'whsec_AQEB…=' over the body {}
        let secrets = WebhookSecrets::first(WebhookSecret::from_entropy([1; 32]), Timestamp(0));
        let [(name, signature), ..] = secrets.sign(id(), b"{}", Timestamp(0));
        assert_eq!(name, "X-Audatec-Signature");
        let mut mac = hmac_sha256(b"whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
        mac.update(b"{}");
        assert_eq!(signature, hex(&mac.finalize().into_bytes()));
    }
}
