//! A deployment's configuration: its variables and its secrets.

use std::cell::RefCell;
use std::rc::Rc;

use worker::Env;

use crate::app::ports::Secrets;
use crate::app::telemetry::Event;
use crate::domain::base64::STANDARD;
use crate::domain::callback::WebhookSecret;
use crate::domain::settings::Settings;
use crate::edge::log::log;
use crate::edge::platform;

/// The deployment lacks a secret, or has an unreadable one; the log says which.
pub struct Misconfigured;

/// A deployment's configuration: it stays the same for the life of an isolate.
#[derive(Clone)]
pub struct Setup {
    /// The operator's settings.
    pub settings: Rc<Settings>,
    /// The deployment's secrets.
    pub secrets: Rc<Secrets>,
}

thread_local! {
    static SETUP: RefCell<Option<Setup>> = const { RefCell::new(None) };
}

impl Setup {
    /// Reads it, once per isolate: a variable costs six crossings into JavaScript, the secrets five key derivations. (Measured: a
    /// tenth of the processor time of `POST /calls`.)
    pub fn of(env: &Env) -> Result<Self, Misconfigured> {
        if let Some(known) = SETUP.with_borrow(Clone::clone) {
            return Ok(known);
        }
        let secrets = secrets(env)?;
        let vars = Settings::from_vars(|name| env.var(name).ok().map(|value| value.to_string()));
        let settings = Settings {
            link_key: secrets.link_key.clone(),
            // A notice that can't be signed, or would never arrive, is not sent.
            alert_url: vars
                .alert_url
                .clone()
                .filter(|url| secrets.alert_secret.is_some() && may_go_to(url, &vars)),
            ..vars
        };
        let setup = Self {
            settings: Rc::new(settings),
            secrets: Rc::new(secrets),
        };
        SETUP.set(Some(setup.clone()));
        Ok(setup)
    }
}

/// Whether notices may go there, by the rules applied to each attempt.
pub fn may_go_to(url: &str, settings: &Settings) -> bool {
    let target = platform::parse_url(url);
    target.is_some_and(|target| target.judge("", settings.allow_loopback).is_ok())
}

fn secrets(env: &Env) -> Result<Secrets, Misconfigured> {
    let secret = |name: &str| {
        env.secret(name)
            .ok()
            .map(|value| value.to_string())
            .filter(|value| !value.is_empty())
    };
    let master = secret("MASTER_KEY").and_then(|text| master_key(&text));
    let former = secret("MASTER_KEY_PREVIOUS").unwrap_or_default();
    let former = former.split(',').filter(|text| !text.trim().is_empty());
    let former: Option<Vec<Vec<u8>>> = former.map(master_key).collect();
    let (Some(master), Some(former)) = (master, former) else {
        log(&Event::MasterKeyUnusable {});
        return Err(Misconfigured);
    };
    let token = secret("PLATFORM_TOKEN").unwrap_or_default();
    let secrets = Secrets {
        alert_secret: secret("ALERT_SECRET").map(WebhookSecret::given),
        ..Secrets::derive(&master, token)
    };
    Ok(secrets.following(&former, secret("PLATFORM_TOKEN_PREVIOUS")))
}

fn master_key(text: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(text.trim());
    key.filter(|key| key.len() >= 32)
}
