//! What each route does, takes and answers. Method and role come from the route table.

use serde_json::{Value, json};

use super::schemas::reference;
use super::{examples, feed, responses, schemas, studio};
use crate::app::api::Action;
use crate::app::calls::trigger;
use crate::domain::access::Role;
use crate::domain::call::CallStatus;
use crate::domain::refusal::Refusal;
use crate::domain::tidy::UNTIDY;

/// One route, as far as the table does not tell.
pub struct Route {
    pub tag: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    pub query: Vec<Value>,
    pub body: Option<Body>,
    pub success: Success,
    /// Beside those of its access and of reading a body.
    pub refusals: Vec<Refusal>,
}

/// What a request brings.
pub struct Body {
    pub schema: &'static str,
    pub required: bool,
    pub example: Value,
}

/// What a good request is answered.
pub struct Success {
    pub status: u16,
    pub description: &'static str,
    pub schema: Option<&'static str>,
    pub example: Value,
}

const NAME: &str = "a string of 1 to 200 characters";

/// Describes a route.
pub fn describe(action: Action) -> Route {
    match action {
        Action::Health => health(),
        Action::CreateOrg => create_org(),
        Action::Report => report(),
        Action::LiveKitEvent => livekit_event(),
        Action::ListAgents
        | Action::CreateAgent
        | Action::GetAgent
        | Action::UpdateAgent
        | Action::DeleteAgent => agents(action),
        Action::ListTrunks
        | Action::CreateTrunk
        | Action::GetTrunk
        | Action::UpdateTrunk
        | Action::DeleteTrunk
        | Action::TestTrunk
        | Action::LiveCalls
        | Action::ReleaseCall => trunks(action),
        Action::ListCalls => list_calls(),
        Action::TriggerCall => trigger_call(),
        Action::GetCall | Action::CallStatus | Action::CancelCall | Action::Transcript => {
            one_call(action)
        }
        Action::ListKeys | Action::CreateKey | Action::DeleteKey => keys(action),
        Action::GetSecret
        | Action::RotateSecret
        | Action::ListDeliveries
        | Action::GetDelivery
        | Action::Redeliver
        | Action::TestEvent => webhooks(action),
        Action::AuditLog => audit_log(),
        Action::Events => feed::describe(),
        Action::OpenSession
        | Action::GetSession
        | Action::CloseSession
        | Action::GetReceiver
        | Action::Receive => studio::describe(action),
        Action::GetSettings | Action::UpdateSettings => settings(action),
        Action::Media => media(),
    }
}

impl Route {
    pub fn new(
        tag: &'static str,
        summary: &'static str,
        description: &'static str,
        success: Success,
    ) -> Self {
        Self {
            tag,
            summary,
            description,
            query: Vec::new(),
            body: None,
            success,
            refusals: Vec::new(),
        }
    }

    pub fn query(mut self, parameters: impl IntoIterator<Item = Value>) -> Self {
        self.query.extend(parameters);
        self
    }

    pub fn body(mut self, schema: &'static str, example: Value) -> Self {
        self.body = Some(Body {
            schema,
            required: true,
            example,
        });
        self
    }

    /// A body that may be left out.
    fn optional_body(mut self, schema: &'static str, example: Value) -> Self {
        self.body = Some(Body {
            schema,
            required: false,
            example,
        });
        self
    }

    /// A body that may be left out, and says nothing.
    fn no_fields(self) -> Self {
        self.optional_body("NoFields", json!({}))
            .refuses([unknown_field()])
    }

    pub fn refuses(mut self, refusals: impl IntoIterator<Item = Refusal>) -> Self {
        self.refusals.extend(refusals);
        self
    }

    /// The lists with `limit` and `cursor`.
    fn paged(self) -> Self {
        let limit = json!({
            "name": "limit", "in": "query", "description": "How many items at most.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
        });
        let cursor = json!({
            "name": "cursor", "in": "query", "description": "The `next_cursor` of the page before.",
            "schema": schemas::cursor(),
        });
        self.query([limit, cursor]).refuses([
            Refusal::UnknownParameter("X".into()),
            Refusal::RepeatedParameter("X".into()),
            Refusal::Invalid("limit must be a number from 1 to 100".into()),
            Refusal::Invalid("cursor is invalid".into()),
        ])
    }

    /// What creates something takes an `Idempotency-Key`.
    fn once(self) -> Self {
        self.query([idempotency_key(
            "The same key with the same request within 24 hours answers the first answer again, with what it shows once, and \
             creates nothing. Any other request of the organisation under that key is a 422, one that comes while the first is \
             being decided a 409. What is refused uses up no key. The last 10,000 keys of an organisation are remembered, those \
             of `POST /calls` apart: beyond that the oldest is forgotten before its 24 hours are over.",
        )])
        .refuses([
            Refusal::IdempotencyKeyInvalid,
            Refusal::IdempotencyKeyReused,
            Refusal::IdempotencyKeyInProgress,
        ])
    }

    /// Whether it takes an `Idempotency-Key`.
    pub fn takes_key(&self) -> bool {
        let mut names = self.query.iter().map(|parameter| &parameter["name"]);
        names.any(|name| name == "Idempotency-Key")
    }

    /// The lists of the reference, which an owner may ask for everything.
    fn with_inactive(self) -> Self {
        let include = json!({
            "name": "include", "in": "query", "x-required-role": "owner",
            "description": "Shows inactive ones too. Lowest role: **owner**.",
            "schema": reference("Include"),
        });
        self.query([include])
            .refuses(responses::too_low(Role::Owner))
            .refuses([
                Refusal::RepeatedParameter("X".into()),
                must("include", "inactive"),
                Refusal::UnknownParameter("X".into()),
            ])
    }
}

fn must(field: &str, what: &str) -> Refusal {
    Refusal::Invalid(format!("{field} must be {what}"))
}

fn nested_required(field: &str) -> Refusal {
    Refusal::Invalid(format!("{field} is required"))
}

pub fn unknown_field() -> Refusal {
    Refusal::UnknownField("X".into())
}

pub fn filter(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

/// A filter that may have several values, of an enumeration that has a name: so a client has one type for it.
pub fn any_of(name: &str, description: &str, of: &str) -> Value {
    let description = format!(
        "{description} Several may be given, again and again or as a list with commas: any of them."
    );
    filter(
        name,
        &description,
        json!({"type": "array", "minItems": 1, "items": reference(of)}),
    )
}

/// What is refused of a filter that is a time.
fn no_time(name: &str) -> [Refusal; 2] {
    let what = "an ISO 8601 time";
    let hint = "with its offset from UTC, such as XZ or X+05:30";
    [must(name, what), must(name, &format!("{what} {hint}"))]
}

fn idempotency_key(description: &str) -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "description": description,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    })
}

pub fn ok(description: &'static str, schema: &'static str, example: Value) -> Success {
    answer(200, description, schema, example)
}

fn answer(status: u16, description: &'static str, schema: &'static str, example: Value) -> Success {
    Success {
        status,
        description,
        schema: Some(schema),
        example,
    }
}

fn gone() -> Success {
    Success {
        status: 204,
        description: "Deleted.",
        schema: None,
        example: Value::Null,
    }
}

fn health() -> Route {
    Route::new(
        "Machines",
        "Health",
        "Whether the Worker is up. Touches no storage.",
        ok("The Worker is up.", "Health", json!({"status": "ok"})),
    )
}

fn create_org() -> Route {
    Route::new(
        "Platform",
        "Create an organisation",
        "Creates an organisation, with its first owner key and its webhook secret. The key is shown here and never again.",
        answer(201, "Created.", "CreatedOrg", examples::org()),
    )
    .body("CreateOrg", json!({"name": "Acme Finance"}))
    .once()
    .refuses([Refusal::Required("name"), must("name", NAME), unknown_field()])
}

fn report() -> Route {
    Route::new(
        "Machines",
        "Report a call's result",
        "The agent tells what came of its call. Repeatable: each later report fills what was missing and changes \
         nothing that was delivered. It is the word of an agent that is done: of a call that is still in conversation the \
         person called is hung up on. A wrong token and an unknown call alike are 401.",
        ok("Accepted.", "Empty", json!({})),
    )
    .optional_body("ReportCall", examples::report())
    .refuses([
        must("failure", "an object"),
        must("failure.code", "agent_failed"),
        must("failure.message", "a string"),
        must("failure.message", "at most 500 characters"),
        must("ended_seconds_ago", "a number from 0 to 86400"),
        must("outcome", "an object"),
        must("outcome", "at most 32768 bytes"),
        must("outcome.disposition", "one of interested, not_interested"),
        must("transcript", "at most 57344 bytes"),
        unknown_field(),
        Refusal::DialerUnavailable,
    ])
}

fn livekit_event() -> Route {
    Route::new(
        "Machines",
        "Receive a LiveKit webhook",
        "The webhook of a LiveKit server that a trunk is connected to, signed as LiveKit signs: the Authorization header is a \
         token whose `iss` is the trunk's API key and whose `sha256` is that of the body (`application/webhook+json`). An event \
         of no consequence, late, repeated or out of order, is answered 200 too.",
        ok("Accepted.", "Empty", json!({})),
    )
    .refuses([Refusal::EncodingUnsupported("X".into())])
}

fn agents(action: Action) -> Route {
    let tag = "Agents";
    let route = match action {
        Action::ListAgents => {
            return Route::new(
                tag,
                "List agents",
                "Returns all active AI agents available to your organisation, including the metadata fields each agent \
                 requires.",
                ok("The agents.", "AgentList", json!({"agents": [examples::agent()]})),
            )
            .with_inactive();
        }
        Action::CreateAgent => Route::new(
            tag,
            "Create an agent",
            "Creates an agent. An organisation can have at most 1000.",
            answer(201, "Created.", "AgentDetail", examples::agent_detail()),
        )
        .body("CreateAgent", examples::new_agent())
        .once()
        .refuses([Refusal::TooMany("agents")]),
        Action::UpdateAgent => Route::new(
            tag,
            "Change an agent",
            "Changes the fields that are given. A call is told the script that its agent has when it is dialed. Of what changed, the \
             status counts at once; all else for calls that are placed 60 seconds or more later.",
            ok("Changed.", "AgentDetail", examples::agent_detail()),
        )
        .optional_body("ChangeAgent", json!({"status": "inactive"}))
        .refuses([Refusal::AgentNotFound]),
        Action::DeleteAgent => {
            return Route::new(tag, "Delete an agent", "New calls can't use it any more.", gone())
                .refuses([Refusal::AgentNotFound]);
        }
        _ => {
            return Route::new(
                tag,
                "Get an agent",
                "One agent, active or not, with its script and voice.",
                ok("The agent.", "AgentDetail", examples::agent_detail()),
            )
            .refuses([Refusal::AgentNotFound]);
        }
    };
    route.refuses([
        Refusal::Required("name"),
        must("name", NAME),
        Refusal::Required("agent_code"),
        must("agent_code", NAME),
        tidy("agent_code"),
        Refusal::Required("input_schema"),
        must("input_schema", "an object"),
        nested_required("input_schema.fields"),
        must(
            "input_schema.fields",
            "an array of at most 100 different strings of 1 to 200 characters",
        ),
        must(
            "input_schema.sample_context",
            "an object of at most 16384 bytes",
        ),
        Refusal::UnknownField("input_schema.X".into()),
        must("script", "a string of at most 32768 bytes"),
        must("voice", NAME),
        must("status", "active or inactive"),
        unknown_field(),
    ])
}

fn trunks(action: Action) -> Route {
    let tag = "SIP trunks";
    let missing = [Refusal::TrunkNotFound];
    match action {
        Action::ListTrunks => Route::new(
            tag,
            "List SIP trunks",
            "Returns all active SIP trunks (carrier lines) allocated to your organisation, with their concurrency and rate \
             limits.",
            ok("The trunks.", "SipTrunkList", json!({"sip_trunks": [examples::trunk()]})),
        )
        .with_inactive(),
        Action::CreateTrunk => Route::new(
            tag,
            "Create a SIP trunk",
            "Creates a trunk. An organisation can have at most 1000. A carrier's secret is never shown again.",
            answer(201, "Created.", "SipTrunkDetail", examples::trunk_detail()),
        )
        .body("CreateSipTrunk", examples::new_trunk())
        .once()
        .refuses([Refusal::TooMany("SIP trunks")])
        .refuses(trunk_fields()),
        Action::UpdateTrunk => Route::new(
            tag,
            "Change a SIP trunk",
            "Changes the fields that are given. A lowered limit ends no call; it holds back new ones.",
            ok("Changed.", "SipTrunkDetail", examples::trunk_detail()),
        )
        .optional_body("ChangeSipTrunk", json!({"max_channels": 50}))
        .refuses(missing)
        .refuses(trunk_fields()),
        Action::DeleteTrunk => Route::new(
            tag,
            "Delete a SIP trunk",
            "New calls can't use it any more; its calls stay readable. A trunk with live calls stays.",
            gone(),
        )
        .refuses(missing)
        .refuses([Refusal::TrunkHasLiveCalls]),
        Action::TestTrunk => Route::new(
            tag,
            "Test a SIP trunk's connection",
            "Reaches the trunk's LiveKit server and checks the API key, its secret and the SIP trunk, of an inactive trunk \
             too. Rings nobody and changes nothing. Whether a SIP node is running only a call can tell. Answers within 10 \
             seconds.",
            ok("What was found.", "TrunkTest", examples::trunk_test()),
        )
        .no_fields()
        .refuses(missing),
        Action::LiveCalls => Route::new(
            tag,
            "A trunk's live calls",
            "Which calls hold its channels now, and which agents' calls it holds back because they broke off.",
            ok("The calls.", "LiveCalls", examples::live()),
        )
        .refuses(missing)
        .refuses([Refusal::DialerUnavailable]),
        Action::ReleaseCall => Route::new(
            tag,
            "Release a channel",
            "Hangs up and frees the call's channel.",
            ok("The call as it is now.", "CallState", examples::canceled()),
        )
        .no_fields()
        .refuses(missing)
        .refuses([
            Refusal::CallNotFound,
            Refusal::CallAlreadyTerminal,
            Refusal::DialerUnavailable,
        ]),
        _ => Route::new(
            tag,
            "Get a SIP trunk",
            "One trunk, active or not, with the line behind it and the room that its calls take up.",
            ok("The trunk.", "StoredSipTrunk", examples::trunk_with_storage()),
        )
        .refuses(missing),
    }
}

/// A server's address has no more than scheme, host, port and path.
fn bare(field: &str) -> Refusal {
    Refusal::Invalid(format!(
        "{field} must not have a user name, a query or a fragment"
    ))
}

/// What another system gave out was copied with something around it.
fn tidy(field: &str) -> Refusal {
    Refusal::Invalid(format!("{field} {UNTIDY}"))
}

fn trunk_fields() -> Vec<Refusal> {
    let mut all = vec![
        Refusal::Required("name"),
        must("name", NAME),
        Refusal::Required("trunk_phone"),
        must("trunk_phone", "a phone number such as +918069000000"),
        Refusal::Required("max_cps"),
        must("max_cps", "a whole number from 1 to 1000"),
        Refusal::Required("max_channels"),
        must("max_channels", "a whole number from 1 to 10000"),
        must("status", "active or inactive"),
        must("carrier", "an object"),
        nested_required("carrier.type"),
        must("carrier.type", "simulator or livekit"),
        nested_required("carrier.url"),
        must("carrier.url", crate::app::manage::trunks::URL_TEXT),
        must("carrier.url", "a valid http, https, ws or wss URL"),
        bare("carrier.url"),
        Refusal::UrlPrivate("carrier.url"),
        Refusal::UrlAddress("carrier.url"),
    ];
    for field in [
        "carrier.api_key",
        "carrier.api_secret",
        "carrier.sip_trunk_id",
    ] {
        all.extend([nested_required(field), must(field, NAME), tidy(field)]);
    }
    all.extend([
        Refusal::UnknownField("carrier.X".into()),
        Refusal::Required("carrier"),
        unknown_field(),
    ]);
    all
}

fn list_calls() -> Route {
    let statuses = CallStatus::ALL.map(CallStatus::as_str);
    let uuid = || json!({"type": "string", "format": "uuid"});
    // One plain string: a client that knows the format of a date-time writes no date, and another no offset.
    let time = || json!({"type": "string", "minLength": 1, "examples": ["2026-06-14T10:32:00Z", "2026-06-14"]});
    Route::new(
        "Calls",
        "List calls",
        "Your organisation's calls, newest first, on every trunk, deleted ones included. For one page at most 20,000 calls \
         of a trunk are looked at: where a filter fits few, a page may hold fewer calls than `limit`, none even, and still have \
         a `next_cursor`, with which the look goes on. Only `\"next_cursor\": null` is the end.",
        ok(
            "A page of calls.",
            "CallList",
            examples::page("calls", examples::listed()),
        ),
    )
    .paged()
    .query([
        any_of("call_status", "Only calls of this status.", "CallStatus"),
        filter("agent_id", "Only this agent's calls.", uuid()),
        filter("sip_trunk_id", "Only this trunk's calls.", uuid()),
        filter(
            "phone_number",
            "Only calls to this number.",
            json!({"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$"}),
        ),
        filter(
            "phone_number_ends_with",
            "Only calls to numbers that end with these digits.",
            json!({"type": "string", "pattern": "^[0-9]{3,15}$"}),
        ),
        filter(
            "created_after",
            "Only calls created at this time or later: ISO 8601, a date or a time with its offset.",
            time(),
        ),
        filter(
            "created_before",
            "Only calls created before this time: ISO 8601, a date or a time with its offset.",
            time(),
        ),
    ])
    .refuses([
        must("call_status", &format!("one of {}", statuses.join(", "))),
        must("agent_id", "a UUID"),
        must("sip_trunk_id", "a UUID"),
        must("phone_number", "in E.164 format"),
        must("phone_number_ends_with", "3 to 15 digits"),
        Refusal::DialerUnavailable,
    ])
    .refuses(no_time("created_after"))
    .refuses(no_time("created_before"))
}

fn trigger_call() -> Route {
    Route::new(
        "Calls",
        "Trigger a call",
        "Dispatches a single outbound AI call. The call is queued immediately and your agent starts the conversation when \
         the recipient answers. A refused call (429) stays readable under its `call_id`.",
        answer(201, "Call accepted.", "TriggeredCall", examples::triggered()),
    )
    .query([idempotency_key(
        "The same key with the same body within 24 hours answers the first answer again and starts nothing. A key is one of \
         its organisation and its SIP trunk: with another `sip_trunk_id` it is a new one. Requests \
         that come at the same moment under one key are answered one after the other.",
    )])
    .body("TriggerCall", examples::trigger())
    .refuses([
        Refusal::IdempotencyKeyInvalid,
        Refusal::IdempotencyKeyReused,
        Refusal::Invalid("on_capacity must be reject or queue".into()),
        Refusal::Invalid("max_wait_seconds must be a whole number from 1 to 86400".into()),
        Refusal::Invalid("dry_run must be true or false".into()),
        Refusal::Required("phone_number"),
        Refusal::PhoneNotE164,
        Refusal::Required("agent_id"),
        Refusal::NotAUuid("agent_id"),
        Refusal::Required("sip_trunk_id"),
        Refusal::NotAUuid("sip_trunk_id"),
        Refusal::MetadataNotObject,
        Refusal::MetadataTooLarge,
        Refusal::UrlInvalid("callback_url"),
        Refusal::UrlPrivate("callback_url"),
        Refusal::UrlAddress("callback_url"),
        Refusal::AgentNotFound,
        Refusal::AgentInactive,
        Refusal::MetadataMissing(vec!["X".into(), "Y".into()]),
        Refusal::Invalid(trigger::TOO_LONG_FILLED.into()),
        Refusal::TrunkNotFound,
        Refusal::TrunkInactive,
        Refusal::ChannelsExhausted,
        Refusal::RateExceeded,
        Refusal::DialerUnavailable,
        Refusal::AgentUnavailable,
    ])
}

fn one_call(action: Action) -> Route {
    let route = match action {
        Action::CallStatus => Route::new(
            "Calls",
            "Get a call's status",
            "Returns the current state and outcome of a call. Poll until `is_terminal` is true, every 4 to 5 seconds; a \
             `callback_url` spares the polling.",
            ok("The call's state.", "CallState", examples::status()),
        ),
        Action::CancelCall => Route::new(
            "Calls",
            "Cancel a call",
            "A call that was never dialed ends `Trigger Failed`; a ringing or answered one is hung up (`SIP Call Failed`, \
             `Completed`). One that is terminal, or has hung up and waits for its report, answers 409.",
            ok("The call as it is now.", "CallState", examples::canceled()),
        )
        .no_fields()
        .refuses([Refusal::CallAlreadyTerminal]),
        Action::Transcript => Route::new(
            "Calls",
            "Get a call's transcript",
            "What was said, as far as the agent reported it; an empty list otherwise.",
            ok(
                "The transcript.",
                "Transcript",
                json!({
                    "call_id": "31106b7c-9d02-4723-8b07-5bb8d90240cb",
                    "transcript": [{"role": "agent", "text": "Hello, Rahul.", "at": "2026-06-14T10:32:06.000Z"}],
                }),
            ),
        ),
        _ => Route::new(
            "Calls",
            "Get a call",
            "All that is known of a call: its status, why it failed, its history, and how its callback fares.",
            ok("The call.", "Call", examples::call()),
        ),
    };
    route.refuses([Refusal::CallNotFound, Refusal::DialerUnavailable])
}

fn keys(action: Action) -> Route {
    let tag = "API keys";
    match action {
        Action::ListKeys => Route::new(
            tag,
            "List API keys",
            "The keys that were not deleted, newest first, expired ones too; never the keys themselves.",
            ok("A page of keys.", "ApiKeyList", examples::page("api_keys", examples::key())),
        )
        .paged(),
        Action::CreateKey => Route::new(
            tag,
            "Create an API key",
            "The key is shown here and never again. An organisation can have at most 1000.",
            answer(201, "Created.", "CreatedApiKey", examples::new_key()),
        )
        .body("CreateApiKey", json!({"name": "Billing server", "role": "member"}))
        .once()
        .refuses([
            Refusal::Required("name"),
            must("name", NAME),
            Refusal::Required("role"),
            must("role", "viewer, member, admin or owner"),
            must("expires_at", "an ISO 8601 time in the future"),
            unknown_field(),
            Refusal::TooMany("API keys"),
        ])
        .refuses(no_time("expires_at").into_iter().skip(1)),
        _ => Route::new(
            tag,
            "Delete an API key",
            "From the answer on it starts nothing, changes nothing and reads nothing. The last owner key can't be deleted.",
            gone(),
        )
        .refuses([Refusal::KeyNotFound, Refusal::LastOwnerKey]),
    }
}

fn webhooks(action: Action) -> Route {
    let tag = "Webhooks";
    let delivery = |status, description, example| answer(status, description, "Delivery", example);
    match action {
        Action::GetSecret => Route::new(
            tag,
            "Get the webhook secret",
            "The secret that signs callbacks.",
            ok("The secret.", "WebhookSecret", examples::secret()),
        ),
        Action::RotateSecret => Route::new(
            tag,
            "Rotate the webhook secret",
            "Makes a new secret, which signs each attempt that begins after the answer. `webhook-signature` holds a signature of \
             each secret before it, newest first, until the overlap is over that was given when it was replaced; \
             `overlap_seconds: 0` ends all of them at once. `X-Audatec-Signature` is always the newest secret's.",
            ok("The new secret.", "WebhookSecret", examples::secret()),
        )
        .optional_body("RotateWebhookSecret", json!({"overlap_seconds": 86400}))
        .once()
        .refuses([
            must("overlap_seconds", "a whole number from 0 to 604800"),
            unknown_field(),
            Refusal::TooManySecrets,
        ]),
        Action::ListDeliveries => Route::new(
            tag,
            "List deliveries",
            "Callbacks and test events, newest first. As in List calls, a page may hold fewer than `limit` and still have a `next_cursor`.",
            ok(
                "A page of deliveries.",
                "DeliveryList",
                examples::page("deliveries", examples::delivery()),
            ),
        )
        .paged()
        .query([
            any_of(
                "status",
                "Only deliveries of this status.",
                "DeliveryStatus",
            ),
            filter(
                "call_id",
                "Only the delivery of this call; none for an id that names no call of yours.",
                json!({"type": "string"}),
            ),
        ])
        .refuses([
            must("status", "one of pending, delivered, exhausted"),
            Refusal::DialerUnavailable,
        ]),
        Action::GetDelivery => Route::new(
            tag,
            "Get a delivery",
            "One delivery, with its attempts.",
            delivery(200, "The delivery.", examples::delivery()),
        )
        .refuses([Refusal::DeliveryNotFound, Refusal::DialerUnavailable]),
        Action::Redeliver => Route::new(
            tag,
            "Deliver again",
            "One more attempt now, whatever the delivery's status, with the same id and body.",
            delivery(202, "The attempt is due.", examples::delivery()),
        )
        .no_fields()
        .refuses([Refusal::DeliveryNotFound, Refusal::DialerUnavailable]),
        _ => Route::new(
            tag,
            "Send a test event",
            "A signed `call.completed` with example data and a made-up `call_id`, visible as a delivery whose `call_id` is \
             null. The `url` is judged as a `callback_url`.",
            delivery(202, "The attempt is due.", examples::test_delivery()),
        )
        .body("SendTestEvent", json!({"url": "https://your-server.com/hooks/call-done"}))
        .once()
        .refuses([
            Refusal::Required("url"),
            Refusal::UrlInvalid("url"),
            Refusal::UrlPrivate("url"),
            Refusal::UrlAddress("url"),
            unknown_field(),
        ]),
    }
}

/// What is refused of settings.
fn settings_texts() -> Vec<Refusal> {
    let mut all = vec![
        must("transcripts", "true or false"),
        must("recordings", "an object"),
        Refusal::UrlInvalid("recordings.endpoint"),
        bare("recordings.endpoint"),
        Refusal::UrlPrivate("recordings.endpoint"),
    ];
    let what = "a string of at most 200 characters";
    all.push(must("recordings.endpoint", what));
    for field in ["region", "prefix"] {
        let field = format!("recordings.{field}");
        all.extend([must(&field, what), tidy(&field)]);
    }
    for field in ["bucket", "access_key", "secret"] {
        let field = format!("recordings.{field}");
        all.extend([nested_required(&field), must(&field, NAME), tidy(&field)]);
    }
    all.extend([
        Refusal::UnknownField("recordings.X".into()),
        unknown_field(),
    ]);
    all
}

fn settings(action: Action) -> Route {
    let shown = json!({
        "transcripts": true,
        "recordings": {"endpoint": "", "region": "ap-south-1", "bucket": "calls", "prefix": "", "access_key": "AKIA…"},
    });
    match action {
        Action::UpdateSettings => Route::new(
            "Settings",
            "Change the settings",
            "Changes the fields that are given, for calls that are dialed from now on. An enabled call has its `transcript_url` \
             or `recording_url` from its end on: a signed link of this platform's own that expires 30 days after the call was \
             accepted and answers 404 until its content is in.",
            ok("Changed.", "Settings", shown),
        )
        .optional_body("ChangeSettings", json!({"transcripts": true}))
        .refuses(settings_texts()),
        _ => Route::new(
            "Settings",
            "Read the settings",
            "What the organisation keeps of its calls. The storage's secret is never shown.",
            ok("The settings.", "Settings", shown),
        ),
    }
}

fn media() -> Route {
    let given = |name: &str, schema: Value| json!({"name": name, "in": "query", "required": true, "schema": schema});
    Route::new(
        "Calls",
        "Follow a transcript's or a recording's link",
        "What `transcript_url` and `recording_url` lead to: the transcript as JSON; for a recording a redirect (302) to where it \
         is stored. 404 for a link that has expired or is not the platform's own, and until the content is in.",
        ok("The transcript.", "Transcript", json!({
                    "call_id": "31106b7c-9d02-4723-8b07-5bb8d90240cb",
                    "transcript": [{"role": "agent", "text": "Hello, Rahul.", "at": "2026-06-14T10:32:06.000Z"}],
                })),
    )
    .query([
        given("expires", json!({"type": "integer"})),
        given("signature", json!({"type": "string"})),
    ])
    .refuses([Refusal::NotFound, Refusal::DialerUnavailable])
}

fn audit_log() -> Route {
    Route::new(
        "Audit log",
        "Read the audit log",
        "Every management write, newest first.",
        ok(
            "A page of entries.",
            "AuditLog",
            examples::page("entries", examples::audit_entry()),
        ),
    )
    .paged()
}
