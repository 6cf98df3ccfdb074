//! Creating things: every POST that does so accepts an `Idempotency-Key`.

use crate::app::asking::mismatched;
use crate::app::directory::{
    self, Answered, By, DirectoryCommand, DirectoryRefusal, DirectoryReply, FirstOrAgain, Keyed,
    Once, SettleKey, command, render,
};
use crate::app::http::{Request, Response};
use crate::app::idempotency::read_idempotency;
use crate::app::ports::{Api, Secrets, Unavailable};
use crate::app::suppressing::ask_directory;
use crate::app::trunk::Idempotency;
use crate::domain::access::{KeyRecord, RawKey};
use crate::domain::callback::WebhookSecret;
use crate::domain::ids::{ErasureId, KeyId, OrgId};
use crate::domain::mac::{hex, hmac_sha256};
use crate::domain::refusal::Refusal;
use crate::domain::to_json::to_json;
use hmac::Mac;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Resource;
use crate::domain::search;

/// The source of what is random in a response: a seed, which a repeat gets again if the request has an
/// `Idempotency-Key`.
pub struct Draw(Option<Once>);

impl Draw {
    /// The request's own.
    ///
    /// # Errors
    /// An `Idempotency-Key` that is not well formed.
    pub fn of(api: &impl Api, request: &Request) -> Result<Self, Refusal> {
        let given = read_idempotency(request)?.map(|Idempotency { key, body }| {
            // The same key on another route belongs to another request, even if its body is the same.
            let request = Sha256::new().chain_update(format!("{}\n{body}", request.path));
            let body = hex(&request.finalize());
            Idempotency { key, body }
        });
        Ok(Self(given.map(|given| Once {
            given,
            seed: new_seed(api),
        })))
    }

    /// The same for a request with a secret body: nothing may be kept by which guesses at its content could be checked.
    ///
    /// # Errors
    /// An `Idempotency-Key` that is not well formed.
    pub fn of_secret(api: &impl Api, request: &Request) -> Result<Self, Refusal> {
        let Self(mut once) = Self::of(api, request)?;
        if let Some(once) = &mut once {
            // While the master key changes, a repeat may come when both are known.
            let secrets = api.secrets();
            let secrets = secrets.former.first().unwrap_or(secrets);
            let body = derive_by(&secrets.once_key, &once.given.body, "request");
            once.given.body = hex(&body);
        }
        Ok(Self(once))
    }

    /// The id of an erasure.
    pub fn erasure_id(&self, api: &impl Api) -> ErasureId {
        ErasureId::new(api.now(), self.id_entropy(api, "erasure id"))
    }

    /// The request's `Idempotency-Key`, if it has one.
    pub(super) fn once(&self) -> Option<Once> {
        self.0.clone()
    }

    /// 32 random bytes for this purpose.
    pub fn entropy(&self, api: &impl Api, purpose: &str) -> [u8; 32] {
        match &self.0 {
            Some(once) => derive(api, &once.seed, purpose),
            None => api.entropy(),
        }
    }

    /// A new API key, shown in this field.
    pub fn key(&self, api: &impl Api, field: &str) -> RawKey {
        RawKey::from_entropy(self.entropy(api, field))
    }

    /// A new webhook secret, shown in this field.
    pub fn secret(&self, api: &impl Api, field: &str) -> WebhookSecret {
        WebhookSecret::from_entropy(self.entropy(api, field))
    }

    fn id_entropy(&self, api: &impl Api, purpose: &str) -> [u8; 16] {
        if self.0.is_none() {
            return api.id_entropy();
        }
        first_half(self.entropy(api, purpose))
    }

    /// A key's id.
    pub fn key_id(&self, api: &impl Api) -> KeyId {
        KeyId::from_entropy(self.id_entropy(api, "key id")).guarded(false)
    }

    /// An organisation's id.
    pub fn org_id(&self, api: &impl Api) -> OrgId {
        OrgId::from_entropy(self.id_entropy(api, "organisation id"))
    }

    /// Settles with the operator's own directory what an `Idempotency-Key` stands for, since there is no organisation yet whose
    /// directory could. A repeat gets the seed of the first request, so that all of it comes out the same.
    ///
    /// # Errors
    /// The key was used for another request; the directory can't be reached.
    pub async fn settle(&mut self, api: &impl Api) -> Result<(), Refusal> {
        let Some(once) = &mut self.0 else {
            return Ok(());
        };
        // While the master key changes, both directories know it: a repeat may come when the earlier key is gone.
        let secrets = api.secrets();
        for secrets in secrets.former.first().into_iter().chain([secrets]) {
            let entropy = derive_by(&secrets.once_key, "", "operator's directory");
            let operators = OrgId::from_entropy(first_half(entropy));
            let settle = SettleKey(once.clone());
            match directory::ask(api, operators, By::PLATFORM, settle).await {
                Ok(Ok(settled)) => once.seed = settled.0,
                Ok(Err(DirectoryRefusal::KeyReused)) => return Err(Refusal::IdempotencyKeyReused),
                Ok(Err(_)) | Err(Unavailable) => return Err(Refusal::DirectoryUnavailable),
            }
        }
        Ok(())
    }

    /// Asks a directory for something new. The response is that of the first request under this key.
    ///
    /// # Errors
    /// The directory's refusals; the key was used for another request, or is being used.
    pub(super) async fn create(
        self,
        api: &impl Api,
        org: OrgId,
        by: By<'_>,
        new: impl Into<DirectoryCommand>,
        shown: &[(&str, &str)],
        thing: &Resource,
    ) -> Result<Response, Refusal> {
        let command = DirectoryCommand {
            once: self.0,
            ..new.into().by(by)
        };
        ask(api, org, command, shown, thing).await
    }
}

/// Asks a directory for something new, and adds what is shown only once to the response, by field.
///
/// # Errors
/// The directory's refusals.
pub(super) async fn ask(
    api: &impl Api,
    org: OrgId,
    command: DirectoryCommand,
    shown: &[(&str, &str)],
    thing: &Resource,
) -> Result<Response, Refusal> {
    let reply = api.directory(org, &command).await;
    api.forget(org);
    let reply = reply.map_err(|Unavailable| Refusal::DirectoryUnavailable)?;
    let (answer, seed, again) = match reply {
        DirectoryReply::Refused(denied) => return Err(thing.refusal(denied)),
        DirectoryReply::Answered {
            answer,
            seed,
            again,
        } => (answer, Some(seed).filter(|_| again), again),
        reply => {
            let answer = render(&command.what, &reply, api.now());
            let answer = answer.ok_or_else(|| super::unheard(mismatched::<DirectoryReply>(api)))?;
            let again = matches!(reply, DirectoryReply::Founded(_, true));
            (answer, None, again)
        }
    };
    let mut body = answer.body;
    for (field, value) in shown {
        let value = match &seed {
            Some(seed) => shown_once(api, seed, field),
            None => (*value).to_owned(),
        };
        // In JSON, a field's name without a backslash before its quotes is not part of a string, and the responses that show
        // something contain no object of anybody else's.
        let (empty, full) = (
            format!(r#""{field}":"""#),
            format!(r#""{field}":"{value}""#),
        );
        if let Some((before, after)) = search::split_once(&body, &empty) {
            body = [before, &full, after].concat();
        }
    }
    let response = Response {
        status: answer.status,
        headers: Vec::new(),
        body: body.into_bytes(),
        rest: None,
    };
    Ok(match again {
        true => response.with_header("Idempotent-Replayed", "true"),
        false => response,
    })
}

/// The response to what was done elsewhere than in the directory, stored under the request's `Idempotency-Key`.
///
/// # Errors
/// The directory can't be reached. What was done stays; repeating it must do no harm.
pub(super) async fn finish(
    api: &impl Api,
    caller: &KeyRecord,
    draw: Draw,
    status: u16,
    view: &impl Serialize,
) -> Result<Response, Refusal> {
    let body = to_json(view).map_err(|_| Refusal::DirectoryUnavailable)?;
    let answer = Answered { status, body };
    let Some(once) = draw.once() else {
        return Ok(answered(answer, false));
    };
    let keep = Keyed(command::Answer(answer), Some(once));
    match ask_directory(api, caller.org_id, By::key(caller.key_id), keep).await? {
        FirstOrAgain::Answered(answer, again) => Ok(answered(answer, again)),
        FirstOrAgain::First(()) => Err(Refusal::DirectoryUnavailable),
    }
}

/// A stored response, and whether it was given before.
pub(super) fn answered(answer: Answered, again: bool) -> Response {
    let response = Response::json_text(answer.status, answer.body);
    match again {
        true => response.with_header("Idempotent-Replayed", "true"),
        false => response,
    }
}

fn first_half(entropy: [u8; 32]) -> [u8; 16] {
    std::array::from_fn(|at| entropy.get(at).copied().unwrap_or_default())
}

/// A seed for what a request draws. While the master key changes, it says which one it belongs to.
fn new_seed(api: &impl Api) -> String {
    let seed = hex(&api.entropy());
    let secrets = api.secrets();
    match secrets.former.is_empty() {
        true => seed,
        false => format!("{}.{seed}", name_of(secrets)),
    }
}

/// Tells one master key's seeds from another's.
fn name_of(secrets: &Secrets) -> String {
    let mut name = hex(&derive_by(&secrets.once_key, "", "name"));
    name.truncate(8);
    name
}

/// Derived with the key under which the seed was drawn: the former one, if it does not say.
fn derive(api: &impl Api, seed: &str, purpose: &str) -> [u8; 32] {
    let secrets = api.secrets();
    let own = match seed.split_once('.') {
        Some((name, _)) => secrets.every().find(|secrets| name_of(secrets) == name),
        None => secrets.former.first(),
    };
    derive_by(&own.unwrap_or(secrets).once_key, seed, purpose)
}

fn derive_by(once_key: &[u8], seed: &str, purpose: &str) -> [u8; 32] {
    let mut mac = hmac_sha256(once_key);
    mac.update(format!("{purpose}/{seed}").as_bytes());
    mac.finalize().into_bytes().into()
}

/// What was drawn for a field.
fn shown_once(api: &impl Api, seed: &str, field: &str) -> String {
    let entropy = derive(api, seed, field);
    match field {
        "key" | "owner_key" => RawKey::from_entropy(entropy).reveal().to_owned(),
        _ => WebhookSecret::from_entropy(entropy).reveal().to_owned(),
    }
}
