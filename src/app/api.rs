//! The routes: which paths exist, which methods they take, who may, and who answers.
//!
//! A new route is a line in [`endpoints`], a variant of [`Action`] and an arm in [`perform`], whatever its [`Access`]; the
//! OpenAPI document is held against this table by a test.

use crate::app::authenticate::{authenticate, authenticate_operator};
use crate::app::calls::{callbacks, carrier, feed, media, read, report, stop, trigger};
use crate::app::http::{Request, Response};
use crate::app::manage::body::Body;
use crate::app::manage::{agents, audit, keys, orgs, settings, trunk_test, trunks, webhooks};
use crate::app::ports::Api;
use crate::app::studio::{receiver, session};
use crate::domain::access::{KeyRecord, Role};
use crate::domain::refusal::Refusal;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody; what a route asks for beyond that, it checks itself.
    Public,
    /// The operator, by `PLATFORM_TOKEN`.
    Operator,
    /// The agent of that one call, by its token; checked by the route itself.
    Agent,
    /// Whoever has the link; checked by the route itself.
    Link,
    /// A trunk's carrier, by its signature; checked by the route itself.
    Carrier,
    /// A key with this role or a higher one.
    Key(Role),
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[allow(missing_docs, reason = "each is named as the route it serves")]
pub enum Action {
    Health,
    CreateOrg,
    Report,
    LiveKitEvent,
    Media,
    GetSettings,
    UpdateSettings,
    ListAgents,
    CreateAgent,
    GetAgent,
    UpdateAgent,
    DeleteAgent,
    ListTrunks,
    CreateTrunk,
    GetTrunk,
    UpdateTrunk,
    DeleteTrunk,
    TestTrunk,
    LiveCalls,
    ReleaseCall,
    ListCalls,
    TriggerCall,
    GetCall,
    CallStatus,
    CancelCall,
    Transcript,
    ListKeys,
    CreateKey,
    DeleteKey,
    GetSecret,
    RotateSecret,
    ListDeliveries,
    GetDelivery,
    Redeliver,
    TestEvent,
    AuditLog,
    Events,
    OpenSession,
    GetSession,
    CloseSession,
    GetReceiver,
    Receive,
}

/// One method of one path.
pub type Endpoint = (&'static str, Access, Action);

const VIEWER: Access = Access::Key(Role::Viewer);
const MEMBER: Access = Access::Key(Role::Member);
const ADMIN: Access = Access::Key(Role::Admin);
const OWNER: Access = Access::Key(Role::Owner);

/// What a path offers; nothing for a path that does not exist. The second half of the answer are
/// the path's variable segments.
fn endpoints<'a>(path: &[&'a str]) -> (&'static [Endpoint], Vec<&'a str>) {
    use Action::*;
    match path {
        ["healthz"] => (&[("GET", Access::Public, Health)], vec![]),
        ["platform", "v1", "orgs"] => (&[("POST", Access::Operator, CreateOrg)], vec![]),
        ["studio", "session"] => (
            &[
                ("GET", VIEWER, GetSession),
                ("POST", Access::Public, OpenSession),
                ("DELETE", Access::Public, CloseSession),
            ],
            vec![],
        ),
        ["studio", "receiver"] => (&[("GET", ADMIN, GetReceiver)], vec![]),
        ["studio", "receiver", token] => (&[("POST", Access::Public, Receive)], vec![token]),
        ["agent-reports", call] => (&[("POST", Access::Agent, Report)], vec![call]),
        ["carrier", "livekit"] => (&[("POST", Access::Carrier, LiveKitEvent)], vec![]),
        ["media", call, kind] => (&[("GET", Access::Link, Media)], vec![call, kind]),
        ["integration", "v1", rest @ ..] => match rest {
            ["agents"] => (
                &[("GET", VIEWER, ListAgents), ("POST", OWNER, CreateAgent)],
                vec![],
            ),
            ["agents", id] => (
                &[
                    ("GET", OWNER, GetAgent),
                    ("PATCH", OWNER, UpdateAgent),
                    ("DELETE", OWNER, DeleteAgent),
                ],
                vec![id],
            ),
            ["sip-trunks"] => (
                &[("GET", VIEWER, ListTrunks), ("POST", OWNER, CreateTrunk)],
                vec![],
            ),
            ["sip-trunks", id] => (
                &[
                    ("GET", OWNER, GetTrunk),
                    ("PATCH", OWNER, UpdateTrunk),
                    ("DELETE", OWNER, DeleteTrunk),
                ],
                vec![id],
            ),
            ["sip-trunks", id, "live"] => (&[("GET", VIEWER, LiveCalls)], vec![id]),
            ["sip-trunks", id, "test"] => (&[("POST", OWNER, TestTrunk)], vec![id]),
            ["sip-trunks", id, "live", call, "release"] => {
                (&[("POST", ADMIN, ReleaseCall)], vec![id, call])
            }
            ["calls"] => (
                &[("GET", VIEWER, ListCalls), ("POST", MEMBER, TriggerCall)],
                vec![],
            ),
            ["calls", call] => (&[("GET", VIEWER, GetCall)], vec![call]),
            ["calls", call, "status"] => (&[("GET", VIEWER, CallStatus)], vec![call]),
            ["calls", call, "cancel"] => (&[("POST", MEMBER, CancelCall)], vec![call]),
            ["calls", call, "transcript"] => (&[("GET", VIEWER, Transcript)], vec![call]),
            ["api-keys"] => (
                &[("GET", OWNER, ListKeys), ("POST", OWNER, CreateKey)],
                vec![],
            ),
            ["api-keys", id] => (&[("DELETE", OWNER, DeleteKey)], vec![id]),
            ["webhooks", "secret"] => (&[("GET", ADMIN, GetSecret)], vec![]),
            ["webhooks", "secret", "rotate"] => (&[("POST", ADMIN, RotateSecret)], vec![]),
            ["webhooks", "deliveries"] => (&[("GET", ADMIN, ListDeliveries)], vec![]),
            ["webhooks", "deliveries", id] => (&[("GET", ADMIN, GetDelivery)], vec![id]),
            ["webhooks", "deliveries", id, "redeliver"] => {
                (&[("POST", ADMIN, Redeliver)], vec![id])
            }
            ["webhooks", "test"] => (&[("POST", ADMIN, TestEvent)], vec![]),
            ["settings"] => (
                &[
                    ("GET", OWNER, GetSettings),
                    ("PATCH", OWNER, UpdateSettings),
                ],
                vec![],
            ),
            ["events"] => (&[("GET", VIEWER, Events)], vec![]),
            ["audit-log"] => (&[("GET", OWNER, AuditLog)], vec![]),
            _ => (&[], vec![]),
        },
        _ => (&[], vec![]),
    }
}

/// The endpoints of a path, for whoever compares them with the document.
#[must_use]
pub fn offered(path: &str) -> &'static [Endpoint] {
    endpoints(&path.split('/').skip(1).collect::<Vec<_>>()).0
}

/// What `Allow` says of a path: its methods, and HEAD wherever there is GET.
#[must_use]
pub fn allow(offered: &[Endpoint]) -> String {
    let methods = offered.iter().map(|(method, ..)| match *method {
        "GET" => "GET, HEAD",
        other => other,
    });
    methods.collect::<Vec<_>>().join(", ")
}

/// Answers a request. Never fails: what goes wrong is an answer too.
pub async fn serve(api: &impl Api, request: &Request) -> Response {
    match route(api, request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into(),
    }
}

/// What follows an answer that had a `rest`, and how to go on from there.
///
/// # Errors
/// It can't be told: the answer ends unfinished.
pub async fn go_on(api: &impl Api, rest: &str) -> Result<(String, Option<String>), Refusal> {
    agents::go_on(api, rest).await
}

/// The documented order: transport, path and method, key, role; what follows is the route's own.
async fn route(api: &impl Api, request: &Request) -> Result<Response, Refusal> {
    if !request.is_secure {
        return Err(Refusal::HttpsRequired);
    }
    let segments: Vec<&str> = request.path.split('/').skip(1).collect();
    let (offered, ids) = endpoints(&segments);
    if offered.is_empty() || ids.contains(&"") {
        return Err(Refusal::NotFound);
    }
    // HEAD is answered as GET is; its body is left out where the answer leaves.
    let asked = if request.is_head() {
        "GET"
    } else {
        request.method.as_str()
    };
    let Some((_, access, action)) = offered.iter().find(|(method, ..)| *method == asked) else {
        return Err(Refusal::MethodNotAllowed(allow(offered)));
    };
    let id = |at: usize| ids.get(at).copied().unwrap_or_default();
    act(api, request, *access, *action, id(0), id(1)).await
}

/// Does what a route does, for whom its access lets in. `first` and `second` are the path's variable segments.
///
/// # Errors
/// Whoever asks may not; what follows is the action's own.
pub async fn act(
    api: &impl Api,
    request: &Request,
    access: Access,
    action: Action,
    first: &str,
    second: &str,
) -> Result<Response, Refusal> {
    use Action::*;
    let (mut key, mut operator) = (None, None);
    match access {
        Access::Public | Access::Agent | Access::Link | Access::Carrier => {}
        Access::Operator => operator = Some(authenticate_operator(api, request)?),
        Access::Key(role) => key = Some(authenticate(api, request, role).await?),
    }
    if matches!(action, TestTrunk | ReleaseCall | CancelCall | Redeliver) {
        Body::of(request)?.finish()?;
    }
    let done = perform(api, key.as_ref(), operator, request, action, first, second);
    done.await.unwrap_or(Err(match action {
        CreateOrg => Refusal::InvalidPlatformToken,
        _ => Refusal::InvalidKey,
    }))
}

/// Every action; `None` where it is for the holder of a key, or for the operator, and the route's access found none.
async fn perform(
    api: &impl Api,
    key: Option<&KeyRecord>,
    operator: Option<()>,
    request: &Request,
    action: Action,
    first: &str,
    second: &str,
) -> Option<Result<Response, Refusal>> {
    use Action::*;
    Some(match action {
        Health => Ok(Response::json(200, &serde_json::json!({"status": "ok"}))),
        CreateOrg => {
            operator?;
            orgs::create(api, request).await
        }
        Report => report::report(api, request, first).await,
        LiveKitEvent => carrier::livekit(api, request).await,
        Media => media::show(api, request, first, second).await,
        OpenSession => session::open(api, request).await,
        CloseSession => session::close(request),
        Receive => receiver::take(api, request, first).await,
        ListAgents => agents::list(api, key?, request).await,
        CreateAgent => agents::create(api, key?, request).await,
        GetAgent => agents::get(api, key?, first).await,
        UpdateAgent => agents::update(api, key?, request, first).await,
        DeleteAgent => agents::delete(api, key?, request, first).await,
        ListTrunks => trunks::list(api, key?, request).await,
        CreateTrunk => trunks::create(api, key?, request).await,
        GetTrunk => trunks::get(api, key?, first).await,
        UpdateTrunk => trunks::update(api, key?, request, first).await,
        DeleteTrunk => trunks::delete(api, key?, request, first).await,
        TestTrunk => trunk_test::test(api, key?, first).await,
        LiveCalls => read::live(api, key?, first).await,
        ReleaseCall => stop::release(api, key?, first, second).await,
        ListCalls => read::list(api, key?, request).await,
        TriggerCall => trigger::trigger(api, key?, request).await,
        GetCall => read::detail(api, key?, first).await,
        CallStatus => read::status(api, key?, first).await,
        CancelCall => stop::cancel(api, key?, first).await,
        Transcript => report::transcript(api, key?, first).await,
        ListKeys => keys::list(api, key?, request).await,
        CreateKey => keys::create(api, key?, request).await,
        DeleteKey => keys::delete(api, key?, request, first).await,
        GetSecret => webhooks::secret(api, key?).await,
        RotateSecret => webhooks::rotate(api, key?, request).await,
        ListDeliveries => callbacks::list(api, key?, request).await,
        GetDelivery => callbacks::get(api, key?, first).await,
        Redeliver => callbacks::redeliver(api, key?, first).await,
        TestEvent => webhooks::test(api, key?, request).await,
        AuditLog => audit::list(api, key?, request).await,
        Events => feed::events(api, key?, request).await,
        GetSession => session::introduce(api, key?).await,
        GetReceiver => receiver::show(api, key?, request).await,
        GetSettings => settings::get(api, key?).await,
        UpdateSettings => settings::update(api, key?, request).await,
    })
}
