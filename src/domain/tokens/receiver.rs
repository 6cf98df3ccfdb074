//! The built-in receiver: an address of this deployment itself that takes an organisation's
//! callbacks, so that a first one can be seen to arrive without a second server.
//!
//! Its token names the organisation and is keyed to the host it was given out for. So an address
//! with a valid token is known to be this deployment's own wherever it turns up, and a made-up one
//! wakes no object.

use hmac::Mac;

use crate::domain::callback::WebhookSecrets;
use crate::domain::ids::{DeliveryId, OrgId};
use crate::domain::mac::{constant_time_eq, hex, hmac_sha256};
use crate::domain::time::{Span, Timestamp};

/// Its path, up to the token.
pub const PATH: &str = "/studio/receiver/";

/// How far a notification's timestamp may be off, as in Standard Webhooks.
const TOLERANCE: Span = Span(300_000);
const CHECK_LEN: usize = 32;

/// The organisation's token for this host.
#[must_use]
pub fn token(org: OrgId, host: &str, studio_key: &[u8]) -> String {
    let mut mac = hmac_sha256(studio_key);
    mac.update(format!("receiver/{org}/{host}").as_bytes());
    let mut check = hex(&mac.finalize().into_bytes());
    check.truncate(CHECK_LEN);
    format!("{org}-{check}")
}

/// Whose token this is, if it was given out for this host.
#[must_use]
pub fn org_of(given: &str, host: &str, studio_key: &[u8]) -> Option<OrgId> {
    let org: OrgId = given.rsplit_once('-')?.0.parse().ok()?;
    let good = token(org, host, studio_key);
    constant_time_eq(given.as_bytes(), good.as_bytes()).then_some(org)
}

/// Whether both signatures of a notification are the organisation's, and it was sent just now: what
/// any receiver should check. Headers have lower-case names.
#[must_use]
pub fn is_authentic(
    secrets: &WebhookSecrets,
    headers: &[(String, String)],
    body: &str,
    now: Timestamp,
) -> bool {
    let header = |name: &str| {
        let found = headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let (Ok(id), Ok(seconds)) = (
        header("webhook-id").parse::<DeliveryId>(),
        header("webhook-timestamp").parse(),
    ) else {
        return false;
    };
    let sent_at = Timestamp::from_secs(seconds);
    if (now - sent_at).max(sent_at - now) > TOLERANCE {
        return false;
    }
    let expected = secrets.sign(id, body.as_bytes(), sent_at);
    // `webhook-signature` may hold several signatures, one of which is enough.
    expected.iter().all(|(name, right)| {
        header(&name.to_ascii_lowercase()).split(' ').any(|given| {
            right
                .split(' ')
                .any(|right| constant_time_eq(given.as_bytes(), right.as_bytes()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::callback::WebhookSecret;

    const KEY: &[u8] = b"a key of Studio";
    const HOST: &str = "api.audatec.in";
    const SENT: Timestamp = Timestamp(1_750_000_000_000);
    const BODY: &str = r#"{"event":"call.completed"}"#;

    fn org() -> OrgId {
        OrgId::from_entropy([7; 16])
    }

    fn secrets(seed: u8) -> WebhookSecrets {
        WebhookSecrets::first(WebhookSecret::from_entropy([seed; 32]), Timestamp(0))
    }

    fn sent(secrets: &WebhookSecrets) -> Vec<(String, String)> {
        let id = "5c0e9f34-2f6b-4d0a-8d57-0f6a7f1b2c3d"
            .parse()
            .expect("an id");
        let headers = secrets.sign(id, BODY.as_bytes(), SENT);
        let lower = headers.map(|(name, value)| (name.to_ascii_lowercase(), value));
        lower.into_iter().collect()
    }

    #[test]
    fn a_token_is_good_for_its_organisation_at_its_host_alone() {
        let good = token(org(), HOST, KEY);
        assert_eq!(org_of(&good, HOST, KEY), Some(org()));
        assert_eq!(org_of(&good, "example.com", KEY), None);
        assert_eq!(org_of(&good, HOST, b"another"), None);
        let other = token(OrgId::from_entropy([8; 16]), HOST, KEY);
        let swapped = format!("{}-{}", org(), other.rsplit_once('-').expect("a check").1);
        for bad in ["", "-", &swapped, &good[1..], &good[..good.len() - 1]] {
            assert_eq!(org_of(bad, HOST, KEY), None, "{bad}");
        }
    }

    #[test]
    fn what_the_platform_signs_is_authentic_for_five_minutes() {
        let secrets = secrets(1);
        let headers = sent(&secrets);
        let authentic = |now| is_authentic(&secrets, &headers, BODY, now);
        assert!(authentic(SENT));
        assert!(authentic(SENT + TOLERANCE));
        assert!(!authentic(SENT + TOLERANCE + Span(1)));
        assert!(!authentic(SENT - TOLERANCE - Span(1)));
    }

    #[test]
    fn another_body_secret_or_header_is_not() {
        let secrets = secrets(1);
        let headers = sent(&secrets);
        assert!(!is_authentic(&secrets, &headers, "{}", SENT));
        assert!(!is_authentic(&self::secrets(2), &headers, BODY, SENT));
        assert!(!is_authentic(&secrets, &[], BODY, SENT));
        for at in 0..headers.len() {
            let mut changed = headers.clone();
            changed[at].1.push('0');
            assert!(!is_authentic(&secrets, &changed, BODY, SENT), "{changed:?}");
        }
    }

    #[test]
    fn one_of_several_standard_signatures_is_enough() {
        let before = secrets(1);
        let mut headers = sent(&before);
        let rotated = before.rotated(WebhookSecret::from_entropy([2; 32]), TOLERANCE, SENT);
        // The previous secret's signature, combined with the plain one by the newest.
        let newest = sent(&rotated);
        headers[0] = newest[0].clone();
        assert!(is_authentic(&rotated, &headers, BODY, SENT));
    }
}
