//! What use cases and objects need of the platform itself: time, randomness, copies, secrets, the network. The Worker implements
//! these on Cloudflare's bindings, the native tests in memory.

#![allow(
    async_fn_in_trait,
    reason = "a Worker has one thread: no future needs to be Send"
)]

use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::app::records::RecordKey;
use crate::app::telemetry::Event;
use crate::domain::access::KeyRecord;
use crate::domain::callback::WebhookSecret;
use crate::domain::from_json;
use crate::domain::ids::{IdKey, OrgId, TrunkId};
use crate::domain::sealed::Sealed;
use crate::domain::settings::Settings;
use crate::domain::target::Target;
use crate::domain::time::{Span, Timestamp};
use crate::domain::tokens::link::LinkKey;

/// Something on the way failed, or did not answer in time. It is logged where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// An object's reply to a command that it can't read: the caller is of another release, and nothing has failed. No reply ever
/// has this name.
pub const UNKNOWN: &[u8] = br#""Unknown""#;

/// The deployment's secrets, all derived from `MASTER_KEY` except the tokens and the last one.
#[derive(Clone)]
pub struct Secrets {
    /// Checks call and delivery ids.
    pub id_key: IdKey,
    /// Keys the digests of API keys.
    pub pepper: Vec<u8>,
    /// Keys the tokens of agents' reports.
    pub report_key: Vec<u8>,
    /// Keys Studio's sessions and the tokens of its receivers.
    pub studio_key: Vec<u8>,
    /// Checks the links to transcripts and recordings.
    pub link_key: LinkKey,
    /// Keys the derivation of what is shown once to requests with an `Idempotency-Key`.
    pub once_key: Vec<u8>,
    /// `PLATFORM_TOKEN`, the operator's.
    pub platform_token: String,
    /// The one before it, while that is still valid.
    pub former_token: Option<String>,
    /// Those of earlier master keys, the latest first: what they made is recognised, but they make nothing new.
    pub former: Vec<Self>,
    /// `ALERT_SECRET`, which signs messages to the operator; without it none are sent.
    pub alert_secret: Option<WebhookSecret>,
}

impl Secrets {
    /// Derives the keys, each with a label of its own, so that none reveals another.
    #[must_use]
    pub fn derive(master: &[u8], platform_token: String) -> Self {
        use crate::domain::mac::hmac_sha256;
        use hmac::Mac;
        let key = |label: &str| {
            let mut mac = hmac_sha256(master);
            mac.update(label.as_bytes());
            mac.finalize().into_bytes().to_vec()
        };
        Self {
            id_key: IdKey::new(&key("audatec/ids/1")),
            pepper: key("audatec/api-keys/1"),
            report_key: key("audatec/agent-reports/1"),
            studio_key: key("audatec/studio/1"),
            link_key: LinkKey(key("audatec/links/1")),
            once_key: key("audatec/once/1"),
            platform_token,
            former_token: None,
            former: Vec::new(),
            alert_secret: None,
        }
    }

    /// Also recognises what earlier master keys made, the latest first, and the previous token.
    #[must_use]
    pub fn following(mut self, masters: &[Vec<u8>], token: Option<String>) -> Self {
        let former = masters.iter().map(|key| Self::derive(key, String::new()));
        self.former = former.collect();
        let keys = self.former.iter().map(|secrets| &secrets.id_key);
        self.id_key = self.id_key.following(keys);
        self.former_token = token;
        self
    }

    /// The newest, then the earlier ones: what any of them made is recognised.
    pub fn every(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.former)
    }

    /// Identifies a deployment, without revealing anything about its secrets.
    #[must_use]
    pub fn deployment(&self) -> String {
        use crate::domain::mac::{hex, hmac_sha256};
        use hmac::Mac;
        let mut mac = hmac_sha256(&self.once_key);
        mac.update(b"deployment/1");
        let digest = hex(&mac.finalize().into_bytes());
        digest.get(..8).unwrap_or_default().to_owned()
    }

    /// The operator's own directory, by its id among organisations.
    #[must_use]
    pub fn operators(&self) -> OrgId {
        use crate::domain::mac::hmac_sha256;
        use hmac::Mac;
        let mut mac = hmac_sha256(&self.once_key);
        mac.update(b"operator's directory/");
        let digest = mac.finalize().into_bytes();
        let id = std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default());
        OrgId::from_entropy(id)
    }
}

/// Time, randomness and configuration.
pub trait Host {
    /// The present, by the platform's clock.
    fn now(&self) -> Timestamp;
    /// 32 random bytes from the platform's CSPRNG.
    fn entropy(&self) -> [u8; 32];
    /// 16 random bytes, for an id.
    fn id_entropy(&self) -> [u8; 16] {
        let entropy = self.entropy();
        std::array::from_fn(|at| entropy.get(at).copied().unwrap_or_default())
    }
    /// Waits at least this long.
    async fn sleep(&self, time: Span);
    /// The operator's settings.
    fn settings(&self) -> &Settings;
    /// The deployment's secrets.
    fn secrets(&self) -> &Secrets;
    /// Parses a URL as the platform's own `fetch` will (WHATWG URL); `None` if it can't.
    fn parse_url(&self, text: &str) -> Option<Target>;
    /// Sends a test message through each queue.
    async fn try_queues(&self) {}
    /// The deployment that answers at this base URL, according to its `/healthz`; or why that is not known.
    async fn deployment_at(&self, _url: &str) -> Result<Option<String>, String> {
        Err("not asked".into())
    }
    /// The names of the deployment's bindings and secrets, and whether it has each.
    fn bindings(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }
    /// Logs an event for the operator. Its type says what it may contain.
    fn log(&self, event: &Event<'_>);
}

/// The copies that requests are served from (KV); they, and their absence, may be stale for a minute or more.
pub trait Records {
    /// The JSON under a key.
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, Unavailable>;
    /// What it says; nothing where that can't be read either. It may be kept as it was read.
    async fn record<T: DeserializeOwned + 'static>(
        &self,
        key: &RecordKey,
    ) -> Result<Option<Rc<T>>, Unavailable> {
        let json = self.read(key).await?;
        let record = json.and_then(|json| from_json::read(&json).ok());
        Ok(record.map(Rc::new))
    }
    /// Whether a refusal by the copies may be taken to the organisation's directory. So often within a while and no more:
    /// who asks for what is not there again and again is answered by the copies alone.
    fn may_doubt(&self, org: OrgId) -> bool;
    /// Keeps a record's JSON from its directory in this isolate's own cache.
    fn learn(&self, key: &RecordKey, json: &str);
    /// Drops this isolate's copies of an organisation's records and keys: it has just changed something.
    fn forget(&self, org: OrgId);
    /// What this isolate noted under a name, while that is valid; it may be lost at any time.
    fn noted(&self, _name: &str) -> Option<String> {
        None
    }
    /// Notes something that is valid until then, at most a minute and a half from now.
    fn note(&self, _name: String, _text: &str, _until: Timestamp) {}
    /// The ids of all organisations. One founded within the last minute or so may be missing.
    async fn organisations(&self) -> Result<Vec<OrgId>, Unavailable> {
        Err(Unavailable)
    }
    /// All trunks, each with its organisation, in the order of their ids. One created within the last minute may be missing.
    async fn trunks(&self) -> Result<Vec<(OrgId, TrunkId)>, Unavailable> {
        Err(Unavailable)
    }
    /// Notes that a key was used; the directory is told at most once an hour.
    fn record_use(&self, key: &KeyRecord);
}

/// Keeps other people's secrets, which are encrypted wherever they are stored.
pub trait Vault {
    /// Encrypts a secret with the newest key, for this context only.
    async fn seal(&self, secret: &str, context: &str) -> Result<Sealed, Unavailable>;
    /// Decrypts a secret that was sealed for this context.
    async fn open(&self, sealed: &Sealed, context: &str) -> Result<String, Unavailable>;
    /// The name of the key that seals now; `None` without one.
    fn sealing_key(&self) -> Option<String> {
        None
    }
}

/// A Twirp request.
#[derive(Clone, Debug, PartialEq)]
pub struct TwirpRequest {
    /// Service and method: `/twirp/livekit.<method>`.
    pub method: &'static str,
    /// What its token must allow.
    pub grants: Map<String, Value>,
    /// The request's JSON.
    pub body: Value,
    /// How long the answer may take.
    pub timeout: Span,
    /// How long the server may take by its own clock (`X-Twirp-Timeout-Ms`), if that is not its default.
    pub server_timeout: Option<Span>,
}

/// A Twirp server's response. Its `Debug` output leaves out the body: LiveKit's 401 contains the token that it refuses.
#[derive(Clone, PartialEq, Eq)]
pub struct TwirpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body, as text.
    pub body: String,
}

impl std::fmt::Debug for TwirpAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TwirpAnswer({}, …)", self.status)
    }
}

impl TwirpAnswer {
    /// The body as JSON; null if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        crate::app::json::read(&self.body).unwrap_or_default()
    }
}

/// Reaches LiveKit servers.
pub trait Twirp {
    /// One POST of `ask.body`, sent once; `token` is its bearer token. A response that is too long gets an empty body. Nothing
    /// is logged about it: the caller says what it meant.
    async fn twirp(
        &self,
        url: &str,
        token: &str,
        ask: &TwirpRequest,
    ) -> Result<TwirpAnswer, Unavailable>;
}

/// A storage's response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body as text; empty if it is too long.
    pub body: String,
    /// The bucket's region, if the storage named it.
    pub region: Option<String>,
    /// Whether the object was only hidden, and a version of it stays.
    pub is_hidden: bool,
}

/// An organisation's own storage.
pub trait Storage {
    /// Sends one DELETE; redirects are not followed.
    async fn delete(
        &self,
        _url: &str,
        _headers: &[(&'static str, String)],
        _timeout: Span,
    ) -> Result<StorageAnswer, Unavailable> {
        Err(Unavailable)
    }
}

/// A receiver's response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After`, if it is a number of seconds.
    pub retry_after_secs: Option<u64>,
}

/// Sends callbacks.
pub trait Poster {
    /// One POST of JSON. Redirects are not followed; the status line must arrive within `timeout`, and
    /// little of the body is read. The error says what went wrong, for the organisation to see.
    async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: &str,
        timeout: Span,
    ) -> Result<Answer, String>;
}
