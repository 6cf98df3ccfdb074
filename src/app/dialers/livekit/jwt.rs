//! LiveKit's access tokens: JSON Web Tokens (RFC 7519) with HS256, made and checked in the few
//! lines that takes. A library would bring a clock that panics on wasm, and its own cryptography.

use hmac::Mac;
use serde_json::{Map, Value};

use crate::domain::base64::URL_SAFE;
use crate::domain::mac::{constant_time_eq, hmac_sha256};
use crate::domain::object::object;
use crate::domain::time::Timestamp;
use crate::domain::to_json;

/// How long our tokens are valid.
const VALID_SECS: u64 = 90;
/// The most two clocks may differ.
const SKEW_SECS: u64 = 60;

/// A token that grants its holder `grants` (`video`, `sip`).
#[must_use]
pub fn mint(api_key: &str, api_secret: &str, grants: Map<String, Value>, now: Timestamp) -> String {
    let now = now.as_secs();
    let mut claims = grants;
    claims.insert("iss".into(), api_key.into());
    claims.insert("nbf".into(), now.saturating_sub(SKEW_SECS).into());
    claims.insert("exp".into(), (now + VALID_SECS).into());
    let header = to_json::text(&object! {"alg": "HS256", "typ": "JWT"});
    let claims = to_json::text(&Value::Object(claims));
    let signed = format!("{}.{}", URL_SAFE.encode(header), URL_SAFE.encode(claims));
    let signature = URL_SAFE.encode(sign(api_secret, &signed));
    format!("{signed}.{signature}")
}

/// A token that somebody sent, parsed but not verified.
pub struct BearerJwt<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl<'a> BearerJwt<'a> {
    /// Parses a token; `None` if it is not one.
    #[must_use]
    pub fn read(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            signed,
            signature: URL_SAFE.decode(signature)?,
            header: decoded(header)?,
            claims: decoded(claims)?,
        })
    }

    /// The API key it claims to be from.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.claims.get("iss")?.as_str()
    }

    /// The claims, if the holder of `api_secret` signed them and they are valid at `now`.
    #[must_use]
    pub fn verify(&self, api_secret: &str, now: Timestamp) -> Option<&Map<String, Value>> {
        let genuine = self.header.get("alg").and_then(Value::as_str) == Some("HS256")
            && constant_time_eq(&sign(api_secret, self.signed), &self.signature);
        let now = now.as_secs();
        let time = |claim: &str| self.claims.get(claim).and_then(Value::as_f64);
        let begun = time("nbf").is_none_or(|from| from <= (now + SKEW_SECS) as f64);
        let lasts = time("exp").is_none_or(|until| until > now.saturating_sub(SKEW_SECS) as f64);
        (genuine && begun && lasts).then_some(&self.claims)
    }
}

fn sign(api_secret: &str, text: &str) -> Vec<u8> {
    let mut mac = hmac_sha256(api_secret.as_bytes());
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn decoded(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&URL_SAFE.decode(part)?) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::time::Span;

    const NOW: Timestamp = Timestamp(1_781_431_200_000);

    fn grants() -> Map<String, Value> {
        Map::from_iter([("sip".to_owned(), json!({"call": true}))])
    }

    #[test]
    fn a_token_says_who_what_and_how_long() {
        let token = mint("APIkey", "secret", grants(), NOW);
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts[0], "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9");
        let claims = decoded(parts[1]).expect("claims");
        assert_eq!(
            Value::Object(claims),
            json!({"sip": {"call": true}, "iss": "APIkey", "nbf": 1_781_431_140, "exp": 1_781_431_290})
        );
    }

    #[test]
    fn only_the_secrets_holder_makes_a_token_that_verifies() {
        let token = mint("APIkey", "secret", grants(), NOW);
        let presented = BearerJwt::read(&token).expect("a token");
        assert_eq!(presented.issuer(), Some("APIkey"));
        assert!(presented.verify("secret", NOW).is_some());
        assert!(presented.verify("Secret", NOW).is_none());
        let mut forged = token.clone();
        forged.insert(token.find('.').expect("a dot") + 1, 'e');
        assert!(BearerJwt::read(&forged).is_none_or(|it| it.verify("secret", NOW).is_none()));
    }

    #[test]
    fn a_token_ends() {
        let token = mint("APIkey", "secret", grants(), NOW);
        let presented = BearerJwt::read(&token).expect("a token");
        assert!(
            presented
                .verify("secret", NOW + Span::from_secs(149))
                .is_some()
        );
        assert!(
            presented
                .verify("secret", NOW + Span::from_secs(150))
                .is_none()
        );
        assert!(
            presented
                .verify("secret", NOW - Span::from_secs(130))
                .is_none()
        );
    }

    #[test]
    fn a_token_without_an_end_lasts_as_livekits_own_libraries_have_it() {
        let [header, claims] = [r#"{"alg":"HS256"}"#, r#"{"iss":"APIkey"}"#];
        let signed = [header, claims].map(|part| URL_SAFE.encode(part));
        let signed = signed.join(".");
        let token = format!("{signed}.{}", URL_SAFE.encode(sign("secret", &signed)));
        let presented = BearerJwt::read(&token).expect("a token");
        assert!(presented.verify("secret", NOW).is_some());
    }

    #[test]
    fn another_algorithm_is_no_signature() {
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS512"}"#, "{}"] {
            let signed = format!(
                "{}.{}",
                URL_SAFE.encode(header),
                URL_SAFE.encode(r#"{"iss":"APIkey","exp":9999999999}"#)
            );
            let token = format!("{signed}.{}", URL_SAFE.encode(sign("secret", &signed)));
            let presented = BearerJwt::read(&token).expect("a token");
            assert!(presented.verify("secret", NOW).is_none(), "{header}");
        }
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", ".", "..", "a.b.c", "eyJ9.e30.e30", "Bearer x.y.z"] {
            assert!(BearerJwt::read(text).is_none(), "{text}");
        }
    }
}
