//! The whole API around a real trunk, in memory: what a request reads, what it asks objects, and the response.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use audatec::app::api;
use audatec::app::campaign::{CampaignActor, CampaignCommand, CampaignReply, CampaignStore};
use audatec::app::directory::{Ask as DirectoryAsk, DirectoryCommand, DirectoryReply};
use audatec::app::http::{Request, Response};
use audatec::app::ports::TwirpRequest;
use audatec::app::ports::{
    Campaigns, Contacts, Directories, Host, Records, Secrets, Trunks, Twirp, TwirpAnswer,
    Unavailable, Vault,
};
use audatec::app::records::{RecordKey, TrunkRecord};
use audatec::app::telemetry::Event;
use audatec::app::trunk::{CarrierCredentials, TrunkCommand, TrunkReply};
use audatec::domain::access::{KeyRecord, RawKey, Role};
use audatec::domain::agent::{Agent, InputSchema, Status};
use audatec::domain::campaign::{Campaign, Counts, Row, Status as CampaignStatus};
use audatec::domain::directory::CampaignCard;
use audatec::domain::ids::{AgentId, CampaignId, OrgId, TrunkId, TrunkTag};
use audatec::domain::sealed::Sealed;
use audatec::domain::settings::Settings;
use audatec::domain::target::Target;
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::{Carrier, Destinations, HighRisk};

use super::campaign_rows::CampaignRows;
use super::plan::bare_plan;
use super::support::{self, START};
use super::urls::parse_url;
use serde_json::{Map, Value};

/// The metadata keys that the agent requires.
const REQUIRED: [&str; 2] = ["customer_name", "amount_due"];

/// Those that are missing, by the document's rules.
pub fn missing_keys(metadata: Option<&Map<String, Value>>) -> Vec<&'static str> {
    let lacks = |key: &&str| {
        metadata
            .and_then(|map| map.get(*key))
            .is_none_or(Value::is_null)
    };
    REQUIRED.into_iter().filter(lacks).collect()
}

/// The key that checks ids here.
pub const ID_KEY: &[u8] = b"the tests' own key";
/// The host at which this deployment is reached.
pub const OWN_HOST: &str = "api.audatec.in";
/// The trunk's key and secret at LiveKit.
pub const LIVEKIT: (&str, &str) = ("APIkey", "secret");

/// Prefixes that no trunk here may call.
pub const DENIED: [&str; 2] = ["+92", "+44"];

/// The trunk that takes calls; another one is inactive, and a third was deleted.
pub fn trunk_ids() -> [TrunkId; 3] {
    [7, 8, 9].map(|byte| TrunkId::from_entropy([byte; 16]))
}

/// The agent that takes calls, and an inactive one.
pub fn agent_ids() -> [AgentId; 2] {
    [3, 4].map(|byte| AgentId::from_entropy([byte; 16]))
}

pub struct World {
    pub trunk: RefCell<support::World>,
    /// The commands that trunks' objects were sent.
    pub asked: RefCell<Vec<(TrunkTag, TrunkCommand)>>,
    /// How many API keys were looked up.
    pub looked_up: Cell<u32>,
    /// A member's key.
    pub key: RawKey,
    records: BTreeMap<String, String>,
    settings: Settings,
    secrets: Secrets,
    /// The campaign, if a target wants one.
    campaign: Option<(RefCell<CampaignActor>, CampaignRows)>,
}

/// The campaign.
fn campaign_id() -> CampaignId {
    CampaignId::from_entropy([11; 16])
}

impl World {
    /// A trunk whose carrier is simulated.
    pub fn simulated() -> Self {
        Self::with(Carrier::Simulator)
    }

    /// A trunk behind a LiveKit server.
    pub fn livekit() -> Self {
        Self::with(Carrier::LiveKit {
            url: "wss://livekit.example.com".into(),
            api_key: LIVEKIT.0.into(),
            api_secret: Sealed("sealed".into()),
            sip_trunk_id: "ST_1".into(),
        })
    }

    /// With a draft campaign on that trunk, with that agent.
    pub fn with_campaign() -> Self {
        let mut world = Self::simulated();
        let rows = CampaignRows::default();
        let key = world.secrets.id_key.clone();
        let actor = CampaignActor::load(&rows, &world.settings, key).expect("readable");
        world.campaign = Some((RefCell::new(actor), rows));
        let campaign = Campaign {
            id: campaign_id(),
            org: support::org(),
            plan: bare_plan(agent_ids()[0], trunk_ids()[0]),
            status: CampaignStatus::Draft,
            counts: Counts::default(),
            started_by: None,
            created_at: START,
            started_at: None,
            ended_at: None,
        };
        world.ask_campaign(CampaignCommand::Create(Box::new(campaign)));
        world
    }

    fn ask_campaign(&self, command: CampaignCommand) -> CampaignReply {
        let (actor, rows) = self.campaign.as_ref().expect("a campaign");
        let handled = actor.borrow_mut().handle(rows, command, START);
        handled.expect("written").0
    }

    /// The path to which a recipient file is sent.
    pub fn recipients_path(&self) -> String {
        format!("/integration/v1/campaigns/{}/recipients", campaign_id())
    }

    /// The campaign's recipients, from its rows: reference, number and metadata.
    pub fn people(&self) -> Vec<(String, String, Option<Value>)> {
        let (_, rows) = self.campaign.as_ref().expect("a campaign");
        let page = rows.page(&[], (0, u64::MAX), usize::MAX);
        let person = |row: Row| {
            let metadata = rows.metadata(row.row).expect("readable");
            let metadata = metadata.map(|text| serde_json::from_str(&text).expect("JSON"));
            (row.reference, row.phone.as_str().to_owned(), metadata)
        };
        page.expect("readable").into_iter().map(person).collect()
    }

    /// The campaign's own counts.
    pub fn counts(&self) -> Counts {
        match self.ask_campaign(CampaignCommand::Get) {
            CampaignReply::Campaign(shown) => shown.campaign.counts,
            other => panic!("{other:?}"),
        }
    }

    fn with(carrier: Carrier) -> Self {
        let mut trunk = support::World::new(100, 100);
        trunk.brief(100, 100, |brief| {
            brief.version += 1;
            brief.config.carrier = carrier;
        });
        let secrets = Secrets {
            id_key: support::World::key(),
            ..Secrets::derive(b"master key", "platform token".into())
        };
        let key = RawKey::from_entropy([5; 32]);
        let brief = trunk.known_brief();
        let records = records(&key, &secrets, CarrierCredentials::of(&brief.config));
        Self {
            trunk: RefCell::new(trunk),
            asked: RefCell::default(),
            looked_up: Cell::default(),
            key,
            records,
            settings: Settings::default(),
            secrets,
            campaign: None,
        }
    }

    /// Sends a request, as the edge would read it.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        authorization: Option<String>,
        body: &[u8],
    ) -> Response {
        self.send_typed((method, path), authorization, ("application/json", body))
    }

    fn send_typed(
        &self,
        (method, path): (&str, &str),
        authorization: Option<String>,
        (media_type, body): (&str, &[u8]),
    ) -> Response {
        let request = Request {
            method: method.into(),
            path: path.into(),
            is_secure: true,
            origin: format!("https://{OWN_HOST}"),
            authorization,
            content_type: Some(media_type.into()),
            body: body.to_vec(),
            ..Request::default()
        };
        finish(api::serve(self, &request))
    }

    fn as_member(&self) -> Option<String> {
        Some(format!("Bearer {}", self.key.reveal()))
    }

    /// Sends a request with the member's key.
    pub fn send_as_member(&self, method: &str, path: &str, body: &[u8]) -> Response {
        self.send(method, path, self.as_member(), body)
    }

    /// Sends a file with the member's key.
    pub fn send_file(&self, path: &str, media_type: &str, body: &[u8]) -> Response {
        self.send_typed(("POST", path), self.as_member(), (media_type, body))
    }
}

/// The contents of KV.
fn records(
    key: &RawKey,
    secrets: &Secrets,
    line: Option<CarrierCredentials>,
) -> BTreeMap<String, String> {
    let org = support::org();
    let member = KeyRecord {
        key_id: support::api_key(),
        org_id: org,
        role: Role::Member,
        expires_at: None,
    };
    let mut records = BTreeMap::new();
    let mut put =
        |key: RecordKey, json: Option<String>| records.insert(key.to_string(), json.expect("json"));
    put(
        RecordKey::ApiKey(key.digest(&secrets.pepper)),
        serde_json::to_string(&member).ok(),
    );
    for (id, status) in agent_ids()
        .into_iter()
        .zip([Status::Active, Status::Inactive])
    {
        put(
            RecordKey::Agent(org, id),
            serde_json::to_string(&agent(id, status)).ok(),
        );
    }
    let states = [
        (Status::Active, false),
        (Status::Inactive, false),
        (Status::Active, true),
    ];
    for (id, (status, deleted)) in trunk_ids().into_iter().zip(states) {
        put(
            RecordKey::Trunk(org, id),
            serde_json::to_string(&trunk(id, status, deleted)).ok(),
        );
    }
    if let Some(line) = line {
        put(
            RecordKey::carrier(LIVEKIT.0),
            serde_json::to_string(&line).ok(),
        );
    }
    records
}

fn agent(id: AgentId, status: Status) -> Agent {
    Agent {
        id,
        name: "EMI Reminder Agent".into(),
        agent_code: "emi-reminder-v2".into(),
        status,
        input_schema: InputSchema {
            fields: REQUIRED.map(str::to_owned).to_vec(),
            ..InputSchema::default()
        },
        script: None,
        voice: None,
        outcome_schema: None,
        voicemail: None,
        calling_hours: None,
        contact_limits: Vec::new(),
        created_at: START,
    }
}

fn trunk(id: TrunkId, status: Status, deleted: bool) -> TrunkRecord {
    TrunkRecord {
        id,
        name: "Trunk".into(),
        trunk_phone: "+918069000000".into(),
        max_cps: 100,
        max_channels: 100,
        status,
        // There are too many high-risk numbers for an oracle to know them.
        destinations: Destinations {
            allow: None,
            deny: DENIED.map(str::to_owned).to_vec(),
            high_risk: HighRisk::Allow,
        },
        simulates: true,
        deleted,
        holds_no_calls: false,
        calls_until: None,
    }
}

/// Nothing here waits for anything that is not ready.
fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
    panic!("a request waits for ever")
}

impl Host for World {
    fn now(&self) -> Timestamp {
        START
    }
    fn entropy(&self) -> [u8; 32] {
        [6; 32]
    }
    fn settings(&self) -> &Settings {
        &self.settings
    }
    fn secrets(&self) -> &Secrets {
        &self.secrets
    }
    fn parse_url(&self, text: &str) -> Option<Target> {
        parse_url(text)
    }
    fn log(&self, _: &Event<'_>) {}
    async fn sleep(&self, _: Span) {}
}

impl Records for World {
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        if matches!(key, RecordKey::ApiKey(_)) {
            self.looked_up.set(self.looked_up.get() + 1);
        }
        Ok(self.records.get(&key.to_string()).cloned())
    }
    fn may_doubt(&self, _: OrgId) -> bool {
        true
    }

    fn learn(&self, _: &RecordKey, _: &str) {}
    fn forget(&self, _: OrgId) {}
    fn record_use(&self, _: &KeyRecord) {}
}

impl Trunks for World {
    async fn trunk(
        &self,
        tag: TrunkTag,
        command: &TrunkCommand,
    ) -> Result<TrunkReply, Unavailable> {
        self.asked.borrow_mut().push((tag, command.clone()));
        if tag != trunk_ids()[0].tag() {
            return Ok(match command {
                // The object of an unknown trunk knows nothing.
                TrunkCommand::Credentials(_) => TrunkReply::Credentials(None),
                TrunkCommand::RoomSeen(_) | TrunkCommand::Recorded(..) => TrunkReply::Done,
                _ => TrunkReply::Missing,
            });
        }
        // As it travels: serialised as JSON.
        let json = serde_json::to_string(command).expect("json");
        let command = audatec::app::json::read(&json).expect("a command is read as it was written");
        self.trunk
            .borrow_mut()
            .try_ask(command)
            .map_err(|_| Unavailable)
    }
}

impl Contacts for World {}
impl Campaigns for World {
    async fn campaign(
        &self,
        _: OrgId,
        id: CampaignId,
        command: &CampaignCommand,
    ) -> Result<CampaignReply, Unavailable> {
        assert_eq!(id, campaign_id());
        // As it travels: to JSON and back.
        let json = serde_json::to_string(command).expect("json");
        let command = audatec::app::json::read(&json).expect("a command is read as it was written");
        let reply = serde_json::to_string(&self.ask_campaign(command)).expect("json");
        Ok(audatec::app::json::read(&reply).expect("a reply is read as it was written"))
    }
}

impl Directories for World {
    async fn directory(
        &self,
        _: OrgId,
        command: &DirectoryCommand,
    ) -> Result<DirectoryReply, Unavailable> {
        // No copy is out of date here: the directory would say the same.
        match &command.what {
            DirectoryAsk::Record(key) => Ok(DirectoryReply::Record(
                self.records.get(&key.to_string()).cloned(),
            )),
            DirectoryAsk::KnownCampaign(id) | DirectoryAsk::NoteCampaign { id, .. }
                if self.campaign.is_some() && *id == campaign_id() =>
            {
                Ok(DirectoryReply::Campaign(CampaignCard {
                    id: *id,
                    created_at: START,
                    run: None,
                    rested_at: None,
                }))
            }
            _ => Err(Unavailable),
        }
    }
}

impl Vault for World {
    async fn seal(&self, secret: &str, _: &str) -> Result<Sealed, Unavailable> {
        Ok(Sealed(secret.into()))
    }
    async fn open(&self, _: &Sealed, _: &str) -> Result<String, Unavailable> {
        Ok(LIVEKIT.1.into())
    }
}

impl Twirp for World {
    async fn twirp(&self, _: &str, _: &str, _: &TwirpRequest) -> Result<TwirpAnswer, Unavailable> {
        Err(Unavailable)
    }
}
