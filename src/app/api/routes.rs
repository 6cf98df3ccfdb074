//! The one table of routes: method, path, access, limits, and handler.
//!
//! A new route is a line here and its handler's file, which also describes it: `agents::list` answers what
//! `agents::describe::list` describes. The OpenAPI document is made from this table, in its order.

use futures_util::future::LocalBoxFuture;

use crate::app::api::health as liveness;
use crate::app::authenticate::{Access, Caller, Operator};
use crate::app::calls::{callbacks, feed, media, numbers, read, report, stop, trigger, usage};
use crate::app::dialers::livekit;
use crate::app::export;
use crate::app::http::{MAX_BODY, Request, Response};
use crate::app::manage::campaigns::{preview, recipients, results, run};
use crate::app::manage::suppressions::MAX_FILE;
use crate::app::manage::{
    agents, audit, campaigns, erasures, keys, orgs, settings, suppressions, trunk_test, trunks,
    webhooks,
};
use crate::app::operate::{health, metrics};
use crate::app::ports::Api;
use crate::app::studio::{receiver, session};
use crate::domain::access::{KeyRecord, Role};
use crate::domain::refusal::Refusal;

/// One method of one path.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Upper case.
    pub method: &'static str,
    /// The full path; a segment in braces is variable.
    pub path: &'static str,
    /// How much of the path stands before its first variable.
    fixed: usize,
    /// Who may use it.
    pub access: Access,
    /// How much of a body is read, in bytes.
    pub max_body: usize,
    /// Whether a client that prefers `text/event-stream` gets the answers as a stream.
    pub streams: bool,
    /// The action that it carries out.
    pub action: Action,
}

impl Route {
    const fn plain(
        method: &'static str,
        path: &'static str,
        access: Access,
        action: Action,
    ) -> Self {
        Self {
            method,
            path,
            fixed: fixed(path.as_bytes()),
            access,
            max_body: MAX_BODY,
            streams: false,
            action,
        }
    }

    /// The values of the path's variable segments, if the path is this route's; empty for those that the route does not have.
    #[must_use]
    pub fn variables<'a>(&self, path: &'a str) -> Option<[&'a str; 2]> {
        // Mostly the look ends here, and there are a hundred of them.
        let is_whole = self.fixed == self.path.len();
        if path.as_bytes().get(..self.fixed) != self.path.as_bytes().get(..self.fixed)
            || is_whole && path.len() != self.fixed
        {
            return None;
        }
        let (mut known, mut given) = (self.path.split('/'), path.split('/'));
        let [mut first, mut second] = [""; 2];
        loop {
            match (known.next(), given.next()) {
                (None, None) => return Some([first, second]),
                (Some(known), Some(given)) if known.starts_with('{') && !given.is_empty() => {
                    let free = if first.is_empty() {
                        &mut first
                    } else {
                        &mut second
                    };
                    *free = given;
                }
                (known, given) if known == given => {}
                _ => return None,
            }
        }
    }
}

const fn fixed(mut path: &[u8]) -> usize {
    let mut length = 0;
    while let [first, rest @ ..] = path
        && *first != b'{'
    {
        (path, length) = (rest, length + 1);
    }
    length
}

/// Writes the [`Action`]s, [`ROUTES`] and the one `match` that leads from an action to its handler.
///
/// A handler of a `Key` route may take the `caller`, one of an `Operator` route the `operator`'s proof. Other lines have
/// neither, so a line that forgets to restrict access does not compile.
macro_rules! routes {
    (
        ($api:ident, $request:ident, $caller:ident, $operator:ident, $first:ident, $second:ident)
        $(
            $action:ident = $method:ident $path:literal for $access:ident $(($role:ident))?
            $({ $($field:ident: $value:expr),+ })?
            => $module:ident::$handler:ident($($argument:ident),*);
        )+
    ) => {
        /// What a route does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is named as the route it serves")]
        pub enum Action { $($action),+ }

        /// All routes, in the document's order; those of one path are adjacent.
        pub const ROUTES: &[Route] = &[$(Route {
            $($($field: $value,)+)?
            ..Route::plain(stringify!($method), $path, routes!(@access $access $($role)?), Action::$action)
        }),+];

        /// Carries out an action. `$first` and `$second` are the path's variable segments.
        ///
        /// # Errors
        /// The handler's own; and actions for the holder of a key, or for the operator, are refused to anybody else.
        pub async fn perform(
            $api: &impl Api,
            action: Action,
            who: &Caller,
            $request: &Request,
            [$first, $second]: [&str; 2],
        ) -> Result<Response, Refusal> {
            // Boxed, each is compiled separately; all in one function, they would be larger.
            let answer: LocalBoxFuture<'_, Result<Response, Refusal>> = match action {
                $(Action::$action => {
                    routes!(@proof $access who $caller $operator);
                    Box::pin($module::$handler($($argument),*))
                })+
            };
            answer.await
        }

        /// A route's description for the document: each handler's file has a `describe` with a function of the handler's name.
        #[cfg(feature = "openapi")]
        #[must_use]
        pub(crate) fn describe(action: Action) -> crate::app::description::Description {
            match action {
                $(Action::$action => $module::describe::$handler()),+
            }
        }
    };
    (@access $access:ident) => { Access::$access };
    (@access Key $role:ident) => { Access::Key(Role::$role) };
    (@proof Key $who:ident $caller:ident $operator:ident) => { let $caller: &KeyRecord = $who.key()?; };
    (@proof Operator $who:ident $caller:ident $operator:ident) => { let $operator: Operator = $who.operator()?; };
    (@proof $access:ident $who:ident $caller:ident $operator:ident) => {};
}

/// LiveKit sends everything about a room and whoever is in it, including others' metadata.
const MAX_EVENT: usize = 1 << 20;

routes! {
    (api, request, caller, operator, first, second)
    ListAgents = GET "/integration/v1/agents" for Key(Viewer) => agents::list(api, caller, request);
    CreateAgent = POST "/integration/v1/agents" for Key(Owner) => agents::create(api, caller, request);
    GetAgent = GET "/integration/v1/agents/{id}" for Key(Owner) => agents::get(api, caller, first);
    UpdateAgent = PATCH "/integration/v1/agents/{id}" for Key(Owner) => agents::update(api, caller, request, first);
    DeleteAgent = DELETE "/integration/v1/agents/{id}" for Key(Owner) => agents::delete(api, caller, request, first);
    ListTrunks = GET "/integration/v1/sip-trunks" for Key(Viewer) => trunks::list(api, caller, request);
    CreateTrunk = POST "/integration/v1/sip-trunks" for Key(Owner) => trunks::create(api, caller, request);
    GetTrunk = GET "/integration/v1/sip-trunks/{id}" for Key(Owner) => trunks::get(api, caller, first);
    UpdateTrunk = PATCH "/integration/v1/sip-trunks/{id}" for Key(Owner) => trunks::update(api, caller, request, first);
    DeleteTrunk = DELETE "/integration/v1/sip-trunks/{id}" for Key(Owner) => trunks::delete(api, caller, request, first);
    TestTrunk = POST "/integration/v1/sip-trunks/{id}/test" for Key(Owner) => trunk_test::test(api, caller, request, first);
    LiveCalls = GET "/integration/v1/sip-trunks/{id}/live" for Key(Viewer) => read::live(api, caller, first);
    ReleaseCall = POST "/integration/v1/sip-trunks/{id}/live/{call_id}/release" for Key(Admin)
        => stop::release(api, caller, request, first, second);
    ListCalls = GET "/integration/v1/calls" for Key(Viewer) => read::list(api, caller, request);
    TriggerCall = POST "/integration/v1/calls" for Key(Member) => trigger::trigger(api, caller, request);
    ExportCalls = GET "/integration/v1/calls.csv" for Key(Viewer) => read::export(api, caller, request);
    GetCall = GET "/integration/v1/calls/{call_id}" for Key(Viewer) => read::detail(api, caller, first);
    CallStatus = GET "/integration/v1/calls/{call_id}/status" for Key(Viewer) => read::status(api, caller, first);
    CancelCall = POST "/integration/v1/calls/{call_id}/cancel" for Key(Member) => stop::cancel(api, caller, request, first);
    Transcript = GET "/integration/v1/calls/{call_id}/transcript" for Key(Viewer) => report::transcript(api, caller, first);
    ListCampaigns = GET "/integration/v1/campaigns" for Key(Viewer) => campaigns::list(api, caller, request);
    CreateCampaign = POST "/integration/v1/campaigns" for Key(Member) => campaigns::create(api, caller, request);
    GetCampaign = GET "/integration/v1/campaigns/{id}" for Key(Viewer) => campaigns::get(api, caller, first);
    UpdateCampaign = PATCH "/integration/v1/campaigns/{id}" for Key(Member) => campaigns::update(api, caller, request, first);
    DeleteCampaign = DELETE "/integration/v1/campaigns/{id}" for Key(Member) => campaigns::delete(api, caller, request, first);
    ListRecipients = GET "/integration/v1/campaigns/{id}/recipients" for Key(Viewer)
        => recipients::list(api, caller, request, first);
    AddRecipients = POST "/integration/v1/campaigns/{id}/recipients" for Key(Member) { max_body: campaigns::MAX_FILE }
        => recipients::add(api, caller, request, first);
    GetRecipient = GET "/integration/v1/campaigns/{id}/recipients/{reference}" for Key(Viewer)
        => recipients::get(api, caller, first, second);
    CampaignResults = GET "/integration/v1/campaigns/{id}/results.csv" for Key(Viewer) => results::get(api, caller, request, first);
    PreviewCampaign = GET "/integration/v1/campaigns/{id}/preview" for Key(Viewer) => preview::get(api, caller, first);
    StartCampaign = POST "/integration/v1/campaigns/{id}/start" for Key(Member) => run::start(api, caller, request, first);
    PauseCampaign = POST "/integration/v1/campaigns/{id}/pause" for Key(Member) => run::pause(api, caller, request, first);
    CancelCampaign = POST "/integration/v1/campaigns/{id}/cancel" for Key(Member) => run::cancel(api, caller, request, first);
    GetUsage = GET "/integration/v1/usage" for Key(Viewer) => usage::usage(api, caller, request);
    GetNumber = GET "/integration/v1/numbers/{phone_number}" for Key(Viewer) => numbers::get(api, caller, first);
    ListSuppressions = GET "/integration/v1/suppressions" for Key(Viewer) => suppressions::list(api, caller, request);
    CreateSuppression = POST "/integration/v1/suppressions" for Key(Member) => suppressions::create(api, caller, request);
    ImportSuppressions = POST "/integration/v1/suppressions/import" for Key(Admin) { max_body: MAX_FILE }
        => suppressions::import(api, caller, request);
    DeleteSuppression = DELETE "/integration/v1/suppressions/{phone_number}" for Key(Admin)
        => suppressions::delete(api, caller, request, first);
    ListErasures = GET "/integration/v1/erasures" for Key(Owner) => erasures::list(api, caller, request);
    CreateErasure = POST "/integration/v1/erasures" for Key(Owner) => erasures::create(api, caller, request);
    GetErasure = GET "/integration/v1/erasures/{id}" for Key(Owner) => erasures::get(api, caller, first);
    GetSecret = GET "/integration/v1/webhooks/secret" for Key(Admin) => webhooks::secret(api, caller);
    RotateSecret = POST "/integration/v1/webhooks/secret/rotate" for Key(Admin) => webhooks::rotate(api, caller, request);
    ListDeliveries = GET "/integration/v1/webhooks/deliveries" for Key(Admin) => callbacks::list(api, caller, request);
    GetDelivery = GET "/integration/v1/webhooks/deliveries/{id}" for Key(Admin) => callbacks::get(api, caller, first);
    Redeliver = POST "/integration/v1/webhooks/deliveries/{id}/redeliver" for Key(Admin)
        => callbacks::redeliver(api, caller, request, first);
    TestEvent = POST "/integration/v1/webhooks/test" for Key(Admin) => webhooks::test(api, caller, request);
    ListKeys = GET "/integration/v1/api-keys" for Key(Owner) => keys::list(api, caller, request);
    CreateKey = POST "/integration/v1/api-keys" for Key(Owner) => keys::create(api, caller, request);
    DeleteKey = DELETE "/integration/v1/api-keys/{id}" for Key(Owner) => keys::delete(api, caller, request, first);
    Events = GET "/integration/v1/events" for Key(Viewer) { streams: true } => feed::events(api, caller, request);
    AuditLog = GET "/integration/v1/audit-log" for Key(Owner) => audit::list(api, caller, request);
    GetSettings = GET "/integration/v1/settings" for Key(Owner) => settings::get(api, caller);
    UpdateSettings = PATCH "/integration/v1/settings" for Key(Owner) => settings::update(api, caller, request);
    Export = GET "/integration/v1/export" for Key(Owner) => export::get(api, caller, request);
    ListOrgs = GET "/platform/v1/orgs" for Operator => orgs::list(api, operator, request);
    CreateOrg = POST "/platform/v1/orgs" for Operator => orgs::create(api, operator, request);
    GetOrg = GET "/platform/v1/orgs/{id}" for Operator => orgs::get(api, operator, first);
    UpdateOrg = PATCH "/platform/v1/orgs/{id}" for Operator => orgs::update(api, operator, request, first);
    DeleteOrg = DELETE "/platform/v1/orgs/{id}" for Operator => orgs::delete(api, operator, request, first);
    CreateOwnerKey = POST "/platform/v1/orgs/{id}/owner-keys" for Operator
        => orgs::create_owner_key(api, operator, request, first);
    OrgUsage = GET "/platform/v1/orgs/{id}/usage" for Operator => orgs::usage(api, operator, request, first);
    PlatformHealth = GET "/platform/v1/health" for Operator => health::health(api, operator, request);
    Metrics = GET "/platform/v1/metrics" for Operator => metrics::metrics(api, operator, request);
    Report = POST "/agent-reports/{call_id}" for Agent => report::report(api, request, first);
    LiveKitEvent = POST "/carrier/livekit" for Carrier { max_body: MAX_EVENT } => livekit::receive(api, request);
    Media = GET "/media/{call_id}/{kind}" for Link => media::show(api, request, first, second);
    GetSession = GET "/studio/session" for Key(Viewer) => session::who_am_i(api, caller);
    OpenSession = POST "/studio/session" for Public => session::open(api, request);
    CloseSession = DELETE "/studio/session" for Public => session::close(request);
    GetReceiver = GET "/studio/receiver" for Key(Admin) => receiver::show(api, caller, request);
    Receive = POST "/studio/receiver/{token}" for Public => receiver::take(api, request, first);
    Health = GET "/healthz" for Public => liveness::check(api);
}

/// The routes of a path; none if no such path exists.
#[must_use]
pub fn offered(path: &str) -> &'static [Route] {
    let is_here = |route: &Route| route.variables(path).is_some();
    let at = ROUTES.iter().position(is_here).unwrap_or(ROUTES.len());
    let rest = ROUTES.get(at..).unwrap_or_default();
    // A fixed word in a path is not another route's variable: `…/import` is not a number.
    let is_same = |route: &&Route| rest.first().is_some_and(|first| first.path == route.path);
    let same = rest.iter().take_while(is_same).count();
    rest.get(..same).unwrap_or_default()
}

/// The route of a request.
#[must_use]
pub fn find(method: &str, path: &str) -> Option<&'static Route> {
    choose(offered(path), method)
}

/// The one of a path's routes for a method. HEAD is answered as GET is; its body is left out where the answer leaves.
#[must_use]
pub fn choose(offered: &'static [Route], method: &str) -> Option<&'static Route> {
    let method = if method == "HEAD" { "GET" } else { method };
    offered.iter().find(|route| route.method == method)
}

/// The value of `Allow` for a path: its methods, and HEAD wherever there is GET.
#[must_use]
pub fn allow(offered: &[Route]) -> String {
    let methods = offered.iter().map(|route| match route.method {
        "GET" => "GET, HEAD",
        other => other,
    });
    methods.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A path as somebody asks for it.
    fn asked(route: &Route) -> String {
        route.path.replace(['{', '}'], "")
    }

    #[test]
    fn each_line_is_found_by_its_method_and_its_path_and_by_no_other() {
        for route in ROUTES {
            let found = find(route.method, &asked(route)).map(|found| found.action);
            assert_eq!(found, Some(route.action), "{route:?}");
        }
    }

    #[test]
    fn the_methods_of_a_path_stand_together() {
        let mut paths: Vec<_> = ROUTES.iter().map(|route| route.path).collect();
        paths.dedup();
        let different: BTreeSet<_> = paths.iter().collect();
        assert_eq!(different.len(), paths.len(), "{paths:?}");
        assert_eq!(allow(offered("/studio/session")), "GET, HEAD, POST, DELETE");
    }

    #[test]
    fn a_word_of_one_path_is_no_variable_of_another() {
        let path = "/integration/v1/suppressions/import";
        assert_eq!(allow(offered(path)), "POST");
        assert!(find("DELETE", path).is_none());
    }

    #[test]
    fn a_variable_segment_is_any_that_is_not_empty() {
        let route =
            find("POST", "/integration/v1/sip-trunks/a/live/b%2Fc/release").expect("a route");
        assert_eq!(route.action, Action::ReleaseCall);
        let path = "/integration/v1/sip-trunks/a/live/b%2Fc/release";
        assert_eq!(route.variables(path), Some(["a", "b%2Fc"]));
        for path in [
            "",
            "/",
            "healthz",
            "/healthz/",
            "//healthz",
            "/integration/v1/agents/",
            "/integration/v1/sip-trunks//live",
            "/integration/v1/sip-trunks/a/live/b",
            "/integration/v1/{id}",
        ] {
            assert!(offered(path).is_empty(), "{path}");
        }
    }

    #[test]
    fn head_is_get_and_what_a_path_does_not_take_is_not_found() {
        let action = |method| find(method, "/integration/v1/calls").map(|route| route.action);
        assert_eq!(action("HEAD"), Some(Action::ListCalls));
        assert_eq!(action("POST"), Some(Action::TriggerCall));
        assert_eq!(action("DELETE"), None);
        assert_eq!(action("get"), None);
    }

    #[test]
    fn the_feed_alone_streams_and_carriers_and_files_alone_may_be_long() {
        assert!(ROUTES.iter().all(|route| route.max_body >= MAX_BODY));
        let streams: Vec<_> = ROUTES.iter().filter(|route| route.streams).collect();
        let large: Vec<_> = ROUTES
            .iter()
            .filter(|route| route.max_body > MAX_BODY)
            .collect();
        assert_eq!(
            streams.iter().map(|route| route.action).collect::<Vec<_>>(),
            [Action::Events]
        );
        assert_eq!(
            large.iter().map(|route| route.action).collect::<Vec<_>>(),
            [
                Action::AddRecipients,
                Action::ImportSuppressions,
                Action::LiveKitEvent
            ]
        );
    }

    /// These addresses are handed out, so whoever makes them must know the routes.
    #[test]
    fn the_addresses_that_are_given_out_lead_to_their_routes() {
        let receiver = format!("{}token", crate::domain::tokens::receiver::PATH);
        let action = |method, path: &str| find(method, path).map(|route| route.action);
        assert_eq!(action("POST", &receiver), Some(Action::Receive));
    }
}
