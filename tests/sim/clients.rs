//! Integrators and operators: they send HTTP requests, wait, retry, and believe what they are told.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use audatec::app::api::serve;
use audatec::app::http::{Request, Response};
use audatec::domain::ids::{AgentId, CallId, KeyId, OrgId, TrunkId};
use audatec::domain::time::Timestamp;
use audatec::domain::tokens::report::report_token;
use serde_json::{Value, json};

use crate::copies::ISOLATES;
use crate::deleter;
use crate::executor::{Owner, Slot};
use crate::faults::Kind;
use crate::oracle::Limits;
use crate::ports::Edge;
use crate::world::W;

/// How long a client waits for an answer.
const PATIENCE_MS: u64 = 30_000;

#[derive(Clone)]
pub struct Key {
    pub text: String,
    pub id: KeyId,
}

pub struct Line {
    pub id: TrunkId,
    pub limits: Cell<Limits>,
    pub deleted: Cell<bool>,
    /// Its deletion was asked for, and was not refused: it may be deleted.
    pub leaving: Cell<bool>,
}

/// An organisation, as those who work there know it.
pub struct Org {
    pub id: OrgId,
    pub owner: String,
    pub keys: RefCell<Vec<Key>>,
    pub agents: RefCell<Vec<AgentId>>,
    pub lines: RefCell<Vec<Rc<Line>>>,
    /// Calls that were promised.
    pub calls: RefCell<Vec<CallId>>,
}

/// A request, but for how it travels.
pub struct Ask<'a> {
    pub method: &'a str,
    pub path: String,
    pub key: &'a str,
    pub body: Option<Value>,
    pub idempotency: Option<String>,
}

impl<'a> Ask<'a> {
    pub fn get(path: String, key: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            key,
            body: None,
            idempotency: None,
        }
    }

    pub fn send(method: &'a str, path: String, key: &'a str, body: Option<Value>) -> Self {
        Self {
            method,
            path,
            key,
            body,
            idempotency: None,
        }
    }
}

/// An answer as its client reads it.
#[derive(Clone)]
pub struct Heard {
    pub status: u16,
    pub bytes: Vec<u8>,
    pub retry_after_secs: u64,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    pub fn id<T: std::str::FromStr>(&self, field: &str) -> Option<T> {
        self.json()[field].as_str()?.parse().ok()
    }
}

/// Asks, and waits; `None` when no answer comes.
pub async fn ask(w: &W, ask: Ask<'_>) -> Option<Heard> {
    let slot = Slot::new();
    let answer = slot.clone();
    let (path, query) = ask.path.split_once('?').unwrap_or((&ask.path, ""));
    let from_root = ["/platform", "/agent-reports", "/carrier"];
    let base = if from_root.iter().any(|root| path.starts_with(root)) {
        ""
    } else {
        "/integration/v1"
    };
    let request = Request {
        method: ask.method.into(),
        path: format!("{base}{path}"),
        query: query.into(),
        is_secure: true,
        origin: "https://calls.example.com".into(),
        authorization: Some(format!("Bearer {}", ask.key)),
        idempotency_key: ask.idempotency,
        content_type: ask.body.is_some().then(|| match &ask.body {
            Some(Value::String(_)) => "text/csv".into(),
            _ => "application/json".into(),
        }),
        // A text is a file.
        body: match ask.body {
            Some(Value::String(file)) => file.into_bytes(),
            body => body
                .map(|body| body.to_string().into_bytes())
                .unwrap_or_default(),
        },
        id: "request".into(),
        ..Request::default()
    };
    let isolate = w.rng.below(ISOLATES as u64) as usize;
    w.after(w.rng.between(1, 10), move |w| {
        w.step();
        let edge = Edge::new(w, isolate);
        w.tasks.spawn(Owner::Isolate(isolate), async move {
            let response = serve(&edge, &request).await;
            judge(&edge.w, &request, &response);
            let heard = (!edge.w.hit(Kind::ReplyLost)).then(|| hear(response));
            edge.w
                .after(edge.w.rng.between(1, 10), move |_| answer.fill(heard));
        });
    });
    let (patience, bell) = (slot.clone(), PATIENCE_MS);
    w.after(bell, move |_| patience.fill(None));
    slot.await
}

fn hear(response: Response) -> Heard {
    let header = response
        .headers
        .iter()
        .find(|(name, _)| *name == "Retry-After");
    let retry_after_secs = header
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    Heard {
        status: response.status,
        bytes: response.body,
        retry_after_secs,
    }
}

fn judge(w: &W, request: &Request, response: &Response) {
    w.note(None, || {
        let body = String::from_utf8_lossy(&response.body);
        format!(
            "{} {} -> {} {}",
            request.method,
            request.path,
            response.status,
            crate::oracle::shorten(&body)
        )
    });
    let text = String::from_utf8_lossy(&response.body);
    w.oracle.lets_out("an answer", &text);
    if matches!(response.status, 429 | 502 | 503) {
        let after = response.headers.iter();
        let after = after.filter(|(name, _)| *name == "Retry-After");
        let after = after.filter_map(|(_, value)| value.parse::<u64>().ok());
        if after.max() < Some(1) {
            let text = format!("{} without Retry-After", response.status);
            w.oracle.fail(None, None, text);
        }
    }
    let expected = matches!(
        response.status,
        200 | 201 | 202 | 204 | 400 | 401 | 404 | 409 | 410 | 422 | 429 | 502 | 503
    );
    if !expected {
        w.oracle.fail(
            None,
            None,
            format!(
                "{} {} answers {}",
                request.method, request.path, response.status
            ),
        );
    }
}

/// What an agent reports of a call, some time from now.
#[derive(Clone, Copy)]
pub struct AgentReport {
    pub after: u64,
    /// It broke off.
    pub failed: bool,
    /// When the conversation ended, if it says that.
    pub ended: Option<Timestamp>,
}

/// An agent reports what came of its call.
pub fn agent_reports(w: &W, call: CallId, told: AgentReport) {
    w.after(told.after, move |w| {
        let world = Rc::clone(w);
        w.tasks.spawn(Owner::Client, async move {
            let token = report_token(&world.secrets.report_key, call);
            let outcome = json!({"disposition": "interested", "summary": format!("of {call}"), "sentiment": "positive"});
            let mut body = match told.failed {
                true => json!({"failure": {"code": "agent_failed", "message": "the LLM answered 401"}}),
                false => json!({"outcome": outcome, "transcript": [{"role": "agent", "text": "Hello", "at": "2027-01-15T08:00:00Z"}]}),
            };
            let path = format!("/agent-reports/{call}");
            for _ in 0..3 {
                let sent = world.time();
                world.oracle.reports(call);
                if let Some(ended) = told.ended {
                    // The world's clock may leap, and all are in it.
                    let ago = world.clock() - ended;
                    body["ended_seconds_ago"] = json!(ago.0 as f64 / 1_000.0);
                }
                let ask_it = Ask::send("POST", path.clone(), &token, Some(body.clone()));
                match ask(&world, ask_it).await.map(|heard| heard.status) {
                    Some(200) => return world.oracle.reported(&world, call, told.ended.map(|_| world.time() - sent)),
                    Some(401) if world.oracle.has_left(call) || deleter::has_gone(&world, call.address().tag) => return,
                    Some(401) => return world.oracle.fail(Some(call.address().tag), Some(call), "an agent's report was refused".into()),
                    _ => crate::ports::pause(&world, 700).await,
                }
            }
        });
    });
}
