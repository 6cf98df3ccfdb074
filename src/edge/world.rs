//! The ports on Cloudflare's bindings.

use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use worker::{Context, Delay, Env, Fetch, Headers, Method, Request, RequestInit, RequestRedirect};

use super::{cache, vault};
use crate::app::dialers::livekit::{self, Ask};
use crate::app::dialers::simulator;
use crate::app::directory::{DirectoryCommand, DirectoryReply, RecordWriter};
use crate::app::ports::{
    Answer, Dialer, Directories, Host, Poster, Records, Secrets, Trunks, Twirp, TwirpAnswer,
    Unavailable, Vault,
};
use crate::app::records::RecordKey;
use crate::app::trunk::{Order, TrunkCommand, TrunkReply};
use crate::domain::access::KeyRecord;
use crate::domain::call::{Finding, Timed};
use crate::domain::ids::{OrgId, TrunkTag};
use crate::domain::settings::Settings;
use crate::domain::target::Target;
use crate::domain::time::Millis;
use crate::domain::trunk::{Carrier, Sealed};

/// How long an object may take to answer: one that trapped never does.
const OBJECT_DEADLINE_MS: u64 = 10_000;

/// How long an answer of a LiveKit server may be.
const MAX_TWIRP_BODY: usize = 65_536;

/// One invocation's view of the platform.
#[derive(Clone)]
pub struct World {
    env: Env,
    context: Option<Rc<Context>>,
    settings: Rc<Settings>,
    secrets: Rc<Secrets>,
}

/// The deployment lacks a secret, or has an unreadable one; which one is logged.
pub struct Misconfigured;

/// Reads the deployment's secrets.
pub fn secrets(env: &Env) -> Result<Secrets, Misconfigured> {
    let secret = |name: &str| {
        env.secret(name)
            .ok()
            .map(|value| value.to_string())
            .filter(|value| !value.is_empty())
    };
    let master = secret("MASTER_KEY")
        .and_then(|text| {
            base64::engine::general_purpose::STANDARD
                .decode(text.trim())
                .ok()
        })
        .filter(|key| key.len() >= 32);
    let Some(master) = master else {
        worker::console_error!("MASTER_KEY must be a secret of at least 32 bytes in base64");
        return Err(Misconfigured);
    };
    Ok(Secrets::derive(
        &master,
        secret("PLATFORM_TOKEN").unwrap_or_default(),
    ))
}

/// Reads the operator's settings.
pub fn settings(env: &Env, secrets: &Secrets) -> Settings {
    Settings {
        link_key: secrets.link_key.clone(),
        ..Settings::from_vars(|name| env.var(name).ok().map(|value| value.to_string()))
    }
}

/// The present.
pub fn now() -> Millis {
    Millis(js_sys::Date::now() as u64)
}

/// 32 random bytes.
pub fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    if getrandom::fill(&mut bytes).is_err() {
        unreachable!("crypto.getRandomValues does not fail in a Worker");
    }
    bytes
}

impl World {
    /// The platform as this invocation sees it.
    pub fn new(env: Env, context: Option<Context>) -> Result<Self, Misconfigured> {
        let secrets = Rc::new(secrets(&env)?);
        let settings = Rc::new(settings(&env, &secrets));
        Ok(Self {
            env,
            context: context.map(Rc::new),
            settings,
            secrets,
        })
    }

    /// All keys of the KV namespace that begin so.
    pub async fn record_names(&self, prefix: &str) -> Result<Vec<String>, Unavailable> {
        let kv = self
            .env
            .kv("RECORDS")
            .map_err(|error| self.failed("KV", &error))?;
        let (mut names, mut cursor) = (Vec::new(), None);
        loop {
            let mut list = kv.list().prefix(prefix.to_owned());
            if let Some(cursor) = cursor.take() {
                list = list.cursor(cursor);
            }
            let page = list
                .execute()
                .await
                .map_err(|error| self.failed("KV list", &error))?;
            names.extend(page.keys.into_iter().map(|key| key.name));
            match page.cursor.filter(|_| !page.list_complete) {
                Some(next) => cursor = Some(next),
                None => return Ok(names),
            }
        }
    }

    /// Keeps this invocation until `work` is done.
    pub fn wait_until(&self, work: impl Future<Output = ()> + 'static) {
        if let Some(context) = &self.context {
            context.wait_until(work);
        }
    }

    fn carrier_keys(&self) -> String {
        let keys = self.env.secret("CARRIER_KEYS");
        keys.map(|keys| keys.to_string()).unwrap_or_default()
    }

    fn failed(&self, what: &str, error: &impl std::fmt::Display) -> Unavailable {
        worker::console_error!("{} failed: {}", what, error.to_string());
        Unavailable
    }

    async fn ask_object(
        &self,
        namespace: &str,
        name: &str,
        command: &impl serde::Serialize,
    ) -> worker::Result<Vec<u8>> {
        let stub = self.env.durable_object(namespace)?.get_by_name(name)?;
        let body = serde_json::to_string(command)?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(body.into()));
        let request = Request::new_with_init("https://object/", &init)?;
        let answer = async {
            let mut response = stub.fetch_with_request(request).await?;
            if response.status_code() != 200 {
                return Err(worker::Error::RustError(format!(
                    "status {}",
                    response.status_code()
                )));
            }
            response.bytes().await
        };
        let deadline = Delay::from(Duration::from_millis(OBJECT_DEADLINE_MS));
        match select(Box::pin(answer), Box::pin(deadline)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(worker::Error::RustError("no answer in time".into())),
        }
    }
}

impl Host for World {
    fn now(&self) -> Millis {
        now()
    }

    fn entropy(&self) -> [u8; 32] {
        entropy()
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    fn parse_url(&self, text: &str) -> Option<Target> {
        let url = web_sys::Url::new(text).ok()?;
        let scheme = url.protocol().trim_end_matches(':').to_owned();
        Some(Target {
            scheme,
            host: url.hostname(),
            port: url.port().parse().ok(),
        })
    }

    fn log(&self, line: &str) {
        worker::console_error!("{}", line);
    }
}

impl Records for World {
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        if let Some(json) = cache::get(&key.to_string(), now()) {
            return Ok(Some(json));
        }
        self.read_fresh(key).await
    }

    async fn read_fresh(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        let name = key.to_string();
        let kv = self
            .env
            .kv("RECORDS")
            .map_err(|error| self.failed("KV", &error))?;
        let json = kv
            .get(&name)
            .text()
            .await
            .map_err(|error| self.failed("KV get", &error))?;
        if let Some(json) = &json {
            cache::put(name, json, now());
        }
        Ok(json)
    }

    fn forget(&self, org: OrgId) {
        cache::forget(org);
    }

    fn note_use(&self, key: &KeyRecord) {
        let Some(context) = self
            .context
            .as_ref()
            .filter(|_| cache::is_first_use(key, now()))
        else {
            return;
        };
        let (world, org, command) = (
            self.clone(),
            key.org_id,
            DirectoryCommand::touch(key.key_id),
        );
        context.wait_until(async move {
            let _ = world.directory(org, &command).await;
        });
    }
}

impl RecordWriter for World {
    async fn write(&self, key: &RecordKey, json: Option<String>) -> Result<(), Unavailable> {
        let (name, kv) = (
            key.to_string(),
            self.env
                .kv("RECORDS")
                .map_err(|error| self.failed("KV", &error))?,
        );
        let result = match json {
            Some(json) => match kv.put(&name, json) {
                Ok(put) => put.execute().await,
                Err(error) => Err(error),
            },
            None => kv.delete(&name).await,
        };
        result.map_err(|error| self.failed("KV write", &error))
    }
}

impl Trunks for World {
    async fn trunk(
        &self,
        tag: TrunkTag,
        command: &TrunkCommand,
    ) -> Result<TrunkReply, Unavailable> {
        let remembered = (*command == TrunkCommand::Line).then(|| format!("line/{tag}"));
        let known = remembered.as_ref().and_then(|key| cache::get(key, now()));
        if let Some(reply) = known.and_then(|json| crate::app::json::read(&json).ok()) {
            return Ok(reply);
        }
        let bytes = self.ask_object("TRUNKS", &tag.to_string(), command).await;
        let bytes = bytes.map_err(|error| self.failed("trunk object", &error))?;
        let reply = serde_json::from_slice(&bytes)
            .map_err(|error| self.failed("trunk object's answer", &error))?;
        if let Some(key) = remembered {
            cache::put(key, &String::from_utf8_lossy(&bytes), now());
        }
        Ok(reply)
    }
}

impl Directories for World {
    async fn directory(
        &self,
        org: OrgId,
        command: &DirectoryCommand,
    ) -> Result<DirectoryReply, Unavailable> {
        let bytes = self
            .ask_object("DIRECTORIES", &org.to_string(), command)
            .await;
        let bytes = bytes.map_err(|error| self.failed("directory object", &error))?;
        serde_json::from_slice(&bytes)
            .map_err(|error| self.failed("directory object's answer", &error))
    }
}

impl Dialer for World {
    async fn dial(&self, order: &Order) -> Vec<Timed> {
        match order.carrier {
            Carrier::Simulator => simulator::dial(order, now(), &self.settings),
            Carrier::LiveKit { .. } => livekit::dial(self, order).await,
        }
    }

    async fn inquire(&self, order: &Order) -> Result<Finding, Unavailable> {
        match order.carrier {
            Carrier::Simulator => Ok(simulator::inquire(order, now(), &self.settings)),
            Carrier::LiveKit { .. } => livekit::inquire(self, order).await,
        }
    }

    async fn release(&self, order: &Order) -> Result<(), Unavailable> {
        match order.carrier {
            Carrier::Simulator => Ok(()),
            Carrier::LiveKit { .. } => livekit::release(self, order).await,
        }
    }
}

impl Vault for World {
    async fn seal(&self, secret: &str, context: &str) -> Result<Sealed, Unavailable> {
        let sealed = vault::seal(&self.carrier_keys(), secret, context).await;
        sealed.map_err(|error| self.failed("sealing a carrier's secret", &format!("{error:?}")))
    }

    async fn open(&self, sealed: &Sealed, context: &str) -> Result<String, Unavailable> {
        let opened = vault::open(&self.carrier_keys(), sealed, context).await;
        opened.map_err(|error| self.failed("opening a carrier's secret", &format!("{error:?}")))
    }
}

impl Twirp for World {
    async fn twirp(&self, url: &str, token: &str, ask: &Ask) -> Result<TwirpAnswer, Unavailable> {
        let mut headers = vec![
            ("Authorization", format!("Bearer {token}")),
            ("User-Agent", "Audatec-Dialer/1".to_owned()),
        ];
        if let Some(Millis(timeout)) = ask.server_timeout {
            headers.push(("X-Twirp-Timeout-Ms", timeout.to_string()));
        }
        let failed = |error: worker::Error| self.failed(ask.method, &error);
        let request = post_request(url, &headers, &ask.body.to_string()).map_err(failed)?;
        let signal = deadline(ask.timeout);
        let mut response = Fetch::Request(request)
            .send_with_signal(&signal)
            .await
            .map_err(failed)?;
        let (mut body, mut stream) = (Vec::new(), response.stream().map_err(failed)?);
        while let Some(chunk) = stream.next().await {
            body.extend(chunk.map_err(failed)?);
            if body.len() > MAX_TWIRP_BODY {
                return Err(self.failed(ask.method, &"the answer is too long"));
            }
        }
        Ok(TwirpAnswer {
            status: response.status_code(),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

impl Poster for World {
    async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: &str,
        timeout: Millis,
    ) -> Result<Answer, String> {
        let request = post_request(url, headers, body)
            .map_err(|_| "the request could not be made".to_owned())?;
        let signal = deadline(timeout);
        let response = Fetch::Request(request)
            .send_with_signal(&signal)
            .await
            .map_err(|_| match signal.aborted() {
                true => format!("no answer within {} ms", timeout.0),
                false => "the connection failed".to_owned(),
            })?;
        let retry_after = response.headers().get("retry-after").ok().flatten();
        let answer = Answer {
            status: response.status_code(),
            retry_after: retry_after.and_then(|text| text.trim().parse().ok()),
        };
        // The status line is the answer: of the body nothing is read, however it dribbles in.
        let raw: web_sys::Response = response.into();
        if let Some(body) = raw.body() {
            let _ = body.cancel();
        }
        Ok(answer)
    }

    async fn sleep(&self, time: Millis) {
        Delay::from(Duration::from_millis(time.0)).await;
    }
}

fn deadline(timeout: Millis) -> worker::AbortSignal {
    let timeout_ms = u32::try_from(timeout.0).unwrap_or(u32::MAX);
    worker::AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(timeout_ms))
}

fn post_request(
    url: &str,
    headers: &[(&'static str, String)],
    body: &str,
) -> worker::Result<Request> {
    let all = Headers::new();
    all.set("Content-Type", "application/json")?;
    all.set("User-Agent", "Audatec-Webhooks/1")?;
    for (name, value) in headers {
        all.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(all)
        .with_redirect(RequestRedirect::Manual)
        .with_body(Some(body.into()));
    Request::new_with_init(url, &init)
}
