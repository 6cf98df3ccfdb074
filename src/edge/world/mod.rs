//! The ports, implemented with Cloudflare's bindings.

mod erasing;
mod keeping;
mod objects;
mod outside;
mod overview;
mod setup;
mod way;

use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use worker::Env;
use worker::worker_sys::Context;

use outside::SENT_ALWAYS;
pub use setup::{Misconfigured, Setup};

use super::log::log;
use super::platform::Way;
use super::platform::{entropy, now};
use super::{cache, faults, platform, promise, vault};
use crate::app::dialers::simulator;
use crate::app::directory::{self, By, DirectoryCommand, DirectoryReply};
use crate::app::json::{self, Unreadable};
use crate::app::ports::{
    Answer, Directories, Host, Records, Secrets, Trunks, UNKNOWN, Unavailable, Vault,
};
use crate::app::records::RecordKey;
use crate::app::studio::receiver;
use crate::app::telemetry::{Event, Text};
use crate::app::trunk::{DialOrder, Look, TrunkCommand, TrunkReply};
use crate::domain::access::KeyRecord;
use crate::domain::call::Timed;
use crate::domain::ids::{OrgId, TrunkId, TrunkTag};
use crate::domain::sealed::Sealed;
use crate::domain::settings::Settings;
use crate::domain::target::Target;
use crate::domain::time::{Span, Timestamp};
use crate::domain::to_json::to_json;

/// How long an object, or the front door, may take to answer: one that trapped never does.
const OBJECT_DEADLINE_MS: u32 = 10_000;

/// The KV namespace.
const RECORDS: &str = "RECORDS";

/// One invocation's view of the platform.
#[derive(Clone)]
pub struct World {
    env: Env,
    context: Option<Rc<Context>>,
    setup: Setup,
    requests: faults::Requests,
}

/// Why an object gave no usable answer.
enum Unheard {
    /// It is of another release, and does not know the question.
    Unknown,
    /// It did not answer in time, or failed.
    Failed,
}

impl World {
    /// The platform as this invocation sees it.
    pub fn new(env: Env, context: Option<Context>) -> Result<Self, Misconfigured> {
        Ok(Self {
            setup: Setup::of(&env)?,
            env,
            context: context.map(Rc::new),
            requests: faults::Requests::default(),
        })
    }

    /// Keeps this invocation alive until `work` is done.
    pub fn wait_until(&self, work: LocalBoxFuture<'static, ()>) {
        if let Some(context) = &self.context {
            promise::keep(context, work);
        }
    }

    fn carrier_keys(&self) -> String {
        let keys = self.env.secret("CARRIER_KEYS");
        keys.map(|keys| keys.to_string()).unwrap_or_default()
    }

    /// Rings a simulated phone: the journal, which outlives the Worker, records each ring before the dialer reports it.
    async fn simulate(&self, order: &DialOrder) -> Vec<Timed> {
        match platform::journal(&self.env, &order.call.to_string()).await {
            Ok(_) => simulator::dial(order, now(), &self.setup.settings),
            Err(error) => {
                self.failed("the simulator's journal", &error);
                Vec::new()
            }
        }
    }

    fn failed(&self, service: &'static str, error: &JsValue) -> Unavailable {
        let cause = platform::message(error);
        log(&Event::ServiceFailed {
            service,
            cause: Text(&cause),
        });
        Unavailable
    }

    /// Delivers a callback to an organisation's built-in receiver: the deployment's own zone is the one place that a Worker can't
    /// fetch.
    async fn deliver_locally(
        &self,
        org: OrgId,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Result<Answer, String> {
        let fixed = SENT_ALWAYS.map(|(name, value)| (name, value.to_owned()));
        let all = fixed.iter().chain(headers);
        let all = all.map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        let all = all.filter(|(name, _)| name != "authorization");
        receiver::keep(self, org, all.collect(), body.to_owned())
            .await
            .map_err(|Unavailable| "the built-in receiver could not be reached".to_owned())?;
        Ok(Answer {
            status: 204,
            retry_after_secs: None,
        })
    }

    async fn ask_object<T: DeserializeOwned>(
        &self,
        namespace: &'static str,
        name: &str,
        command: &impl serde::Serialize,
    ) -> Result<T, Unavailable> {
        let told = self.tell_object(namespace, name, command, Way::Alone).await;
        told.map_err(|_| Unavailable)
    }

    async fn tell_object<T: DeserializeOwned>(
        &self,
        namespace: &'static str,
        name: &str,
        command: &impl serde::Serialize,
        way: Way<'_>,
    ) -> Result<T, Unheard> {
        let body = to_json(command).map_err(|_| Unheard::Failed)?;
        let answer = self.exchange(namespace, name, &body, way).await?;
        json::read_bytes(&answer).map_err(|Unreadable| {
            log(&Event::AnswerUnreadable { object: namespace });
            Unheard::Failed
        })
    }

    /// Has an object do a message's work. It answers as soon as it has begun. An object of another release may answer that it
    /// does not know such work: the message is then done with, and the obligation, which is in rows, falls due again.
    pub async fn run_errand(&self, object: &str, message: &str) -> Result<(), Unavailable> {
        match self.exchange("ERRANDS", object, message, Way::Alone).await {
            Ok(_) | Err(Unheard::Unknown) => Ok(()),
            Err(Unheard::Failed) => Err(Unavailable),
        }
    }

    async fn exchange(
        &self,
        namespace: &'static str,
        name: &str,
        body: &str,
        way: Way<'_>,
    ) -> Result<Vec<u8>, Unheard> {
        self.requests.note();
        let limit = OBJECT_DEADLINE_MS;
        let answer = platform::ask(&self.env, way, namespace, name, body, limit).await;
        let answer = answer.map_err(|error| {
            self.failed(namespace, &error);
            Unheard::Failed
        })?;
        if answer == UNKNOWN {
            log(&Event::AnotherRelease { object: namespace });
            return Err(Unheard::Unknown);
        }
        Ok(answer)
    }
}

impl Host for World {
    fn now(&self) -> Timestamp {
        now()
    }

    fn entropy(&self) -> [u8; 32] {
        entropy()
    }

    async fn sleep(&self, time: Span) {
        platform::sleep(millis(time)).await;
    }

    fn settings(&self) -> &Settings {
        &self.setup.settings
    }

    fn secrets(&self) -> &Secrets {
        &self.setup.secrets
    }

    fn parse_url(&self, text: &str) -> Option<Target> {
        platform::parse_url(text)
    }

    async fn try_queues(&self) {
        self.probe_queues().await;
    }

    async fn deployment_at(&self, url: &str) -> Result<Option<String>, String> {
        let answer = platform::deployment_at(url, OBJECT_DEADLINE_MS).await;
        answer.map_err(|error| platform::message(&error))
    }

    fn bindings(&self) -> Vec<(&'static str, bool)> {
        self.bound()
    }

    fn log(&self, event: &Event<'_>) {
        log(event);
    }
}

impl Records for World {
    async fn record<T: DeserializeOwned + 'static>(
        &self,
        key: &RecordKey,
    ) -> Result<Option<Rc<T>>, Unavailable> {
        let name = key.to_string();
        if let Some(record) = cache::read(&name, now()).filter(|_| !is_unreadable(key)) {
            return Ok(Some(record));
        }
        let json = self.read(key).await?;
        let record = json.and_then(|json| json::read(&json).ok()).map(Rc::new);
        if let Some(record) = &record {
            cache::keep_read(&name, record);
        }
        Ok(record)
    }

    async fn read(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        if is_unreadable(key) {
            return Err(Unavailable);
        }
        let name = key.to_string();
        if let Some(json) = cache::get(&name, now()) {
            return Ok(Some(json));
        }
        let json = platform::kv_get(&self.env, RECORDS, &name)
            .await
            .map_err(|error| self.failed("KV get", &error))?
            .as_string();
        if let Some(json) = &json {
            cache::put(name, json, now());
        }
        Ok(json)
    }

    fn may_doubt(&self, org: OrgId) -> bool {
        cache::may_doubt(org, now())
    }

    fn learn(&self, key: &RecordKey, json: &str) {
        cache::put_told(key.to_string(), json, now());
    }

    fn forget(&self, org: OrgId) {
        cache::forget(org);
    }

    fn noted(&self, name: &str) -> Option<String> {
        cache::get(name, now())
    }

    fn note(&self, name: String, text: &str, until: Timestamp) {
        cache::keep(name, text, until);
    }

    async fn organisations(&self) -> Result<Vec<OrgId>, Unavailable> {
        self.known_organisations().await
    }

    async fn trunks(&self) -> Result<Vec<(OrgId, TrunkId)>, Unavailable> {
        self.known_trunks().await
    }

    fn record_use(&self, key: &KeyRecord) {
        if self.context.is_none() || !cache::is_first_use(key, now()) {
            return;
        }
        let world = self.clone();
        let (org, touch) = (key.org_id, directory::command::TouchKey(key.key_id));
        let told = async move {
            let _ = directory::ask(&world, org, By::PLATFORM, touch).await;
        };
        self.wait_until(told.boxed_local());
    }
}

impl Trunks for World {
    async fn trunk(
        &self,
        tag: TrunkTag,
        command: &TrunkCommand,
    ) -> Result<TrunkReply, Unavailable> {
        let remembered = matches!(command, TrunkCommand::Credentials(None))
            .then(|| format!("credentials/{tag}"));
        let known = remembered.as_ref().and_then(|key| cache::get(key, now()));
        if let Some(reply) = known.and_then(|text| json::read(&text).ok()) {
            return Ok(reply);
        }
        let name = tag.to_string();
        let way = self.way_to_trunk(command);
        let told = self.tell_object("TRUNKS", &name, command, way).await;
        let reply = match (told, command) {
            // An object of an earlier release only knows the question for a whole call.
            (Err(Unheard::Unknown), TrunkCommand::Status(reader, call)) => {
                let whole = TrunkCommand::Read(*reader, *call);
                self.ask_object("TRUNKS", &name, &whole).await?
            }
            (told, _) => told.map_err(|_| Unavailable)?,
        };
        if let Some(key) = remembered
            && let Ok(text) = to_json(&reply)
        {
            cache::put(key, &text, now());
        }
        Ok(reply)
    }

    async fn look(&self, helper: &str, look: &Look) -> Result<TrunkReply, Unavailable> {
        match self.tell_object("ERRANDS", helper, look, Way::Alone).await {
            Ok(reply) => Ok(reply),
            Err(Unheard::Unknown) => look.by(self).await,
            Err(Unheard::Failed) => Err(Unavailable),
        }
    }
}

impl Directories for World {
    async fn directory(
        &self,
        org: OrgId,
        command: &DirectoryCommand,
    ) -> Result<DirectoryReply, Unavailable> {
        let name = org.to_string();
        let way = self.way_to_directory(org, command);
        match self.tell_object("DIRECTORIES", &name, command, way).await {
            // An object of an earlier release knows no permits, and needs none.
            Err(Unheard::Unknown) if matches!(command.what, directory::Ask::Permit(_)) => {
                Ok(DirectoryReply::Record(None))
            }
            told => told.map_err(|_| Unavailable),
        }
    }
}

impl Vault for World {
    async fn seal(&self, secret: &str, context: &str) -> Result<Sealed, Unavailable> {
        let sealed = vault::seal(&self.carrier_keys(), secret, context).await;
        sealed.map_err(|error| {
            self.failed("sealing a carrier's secret", &format!("{error:?}").into())
        })
    }

    async fn open(&self, sealed: &Sealed, context: &str) -> Result<String, Unavailable> {
        let opened = vault::open(&self.carrier_keys(), sealed, context).await;
        opened.map_err(|error| {
            self.failed("opening a carrier's secret", &format!("{error:?}").into())
        })
    }

    fn sealing_key(&self) -> Option<String> {
        vault::newest(&self.carrier_keys())
    }
}

/// In the local build, keys can be made unreadable.
fn is_unreadable(key: &RecordKey) -> bool {
    faults::keys_are_unreadable() && matches!(key, RecordKey::ApiKey(_) | RecordKey::Carrier(_))
}

fn millis(time: Span) -> u32 {
    u32::try_from(time.0).unwrap_or(u32::MAX)
}
