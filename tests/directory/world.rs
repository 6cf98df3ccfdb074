//! The world in memory: storage that fails before or after it has written, trunks that can't be reached, copies that arrive late;
//! and all of it can be restarted.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use audatec::app::campaign::{CampaignCommand, CampaignReply, Campaigns};
use audatec::app::contacts::{Contacts, ContactsCommand, ContactsReply, tell};
use audatec::app::directory::{
    Ask, DirectoryActor, DirectoryCommand, DirectoryReply, RecordWriter,
};
use audatec::app::erasing::{Eraser, Holder};
use audatec::app::http::{Request, Response};
use audatec::app::messages::CallbackMessage;
use audatec::app::ports::TwirpRequest as Question;
use audatec::app::ports::{
    Directories, Host, Records, Secrets, Storage, StorageAnswer, Trunks, Twirp, TwirpAnswer,
    Unavailable, Vault,
};
use audatec::app::records::RecordKey;
use audatec::app::telemetry::Event;
use audatec::app::trunk::{
    EraseCalls, ErasedCalls, FeedFilter, FeedPage, StoreFailed, TrunkCommand, TrunkReply,
};
use audatec::domain::access::KeyRecord;
use audatec::domain::agent::Status;
use audatec::domain::contacts::{Number, Shard};
use audatec::domain::directory::Grave;
use audatec::domain::ids::{CampaignId, OrgId, TrunkId, TrunkTag};
use audatec::domain::phone::E164;
use audatec::domain::sealed::Sealed;
use audatec::domain::settings::Settings;
use audatec::domain::target::Target;
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::Brief;
use audatec::domain::vitals::Vitals;
use serde_json::{Value, json};

use crate::campaign_object::CampaignObject;
use crate::contacts::Numbers;
use crate::directory_rows::DirectoryRows;
use crate::urls::parse_url;

/// Where everything begins: 2026-06-14T10:00:00Z.
pub const START: Timestamp = Timestamp(1_781_431_200_000);

/// One organisation's rows and its object.
#[derive(Default)]
pub struct Office {
    store: DirectoryRows,
    actor: RefCell<Rc<DirectoryActor>>,
}

impl Deref for Office {
    type Target = DirectoryRows;

    fn deref(&self) -> &DirectoryRows {
        &self.store
    }
}

/// A trunk's object, as far as a directory sees it.
#[derive(Default)]
pub struct TrunkObject {
    pub brief: Option<Brief>,
    pub briefed: usize,
    pub has_live_calls: bool,
    /// A callback is on its way.
    pub owes: bool,
    /// Numbers that it was told are suppressed, and whether for the last time.
    pub told: Vec<(Vec<Number>, bool)>,
    /// A phone may ring until then.
    pub rings_until: Option<Timestamp>,
    /// What it was asked to erase, and what it answers next; then that there is nothing.
    pub erases: Vec<EraseCalls>,
    pub erased: VecDeque<ErasedCalls>,
}

/// What a trunk tells the live feed at some moment.
pub type Feed = Rc<dyn Fn(&FeedFilter, Timestamp) -> FeedPage>;

#[derive(Default)]
pub struct World {
    pub now: Cell<Timestamp>,
    /// Whether its clock goes on with each look at it.
    pub ticks: Cell<bool>,
    /// Drawn first; then 1, 2, 3 …
    pub draws: RefCell<VecDeque<[u8; 32]>>,
    drawn: Cell<u64>,
    pub kv: RefCell<BTreeMap<RecordKey, String>>,
    pub kv_writes: RefCell<Vec<RecordKey>>,
    pub kv_is_down: Cell<bool>,
    /// What the storage answers next; then, that it is gone.
    pub storage: RefCell<VecDeque<Result<StorageAnswer, Unavailable>>>,
    /// What was to be deleted there, and how that was signed.
    pub deleted: RefCell<Vec<(String, String)>>,
    /// How many turns each next KV write takes to land; then none.
    pub kv_delays: RefCell<VecDeque<usize>>,
    pub trunks: RefCell<BTreeMap<TrunkTag, TrunkObject>>,
    pub unreachable: RefCell<BTreeSet<TrunkTag>>,
    /// The trunks do as they are told, and their answers are lost.
    pub loses_replies: Cell<bool>,
    /// The names of the keys that seal secrets, the newest first; of none, one that has no name does.
    pub vault: RefCell<Vec<String>>,
    /// Of an answer that is told piece by piece only the beginning is read.
    pub reads_beginnings: Cell<bool>,
    pub offices: RefCell<BTreeMap<OrgId, Rc<Office>>>,
    pub callbacks: RefCell<Vec<CallbackMessage>>,
    pub forgotten: Cell<usize>,
    /// How often a directory woke itself.
    pub pokes: Cell<usize>,
    /// Trunks that were asked for something, but told nothing.
    pub asked: RefCell<Vec<TrunkTag>>,
    /// How many pieces answers had beside their first.
    pub pieces: Cell<usize>,
    /// How many turns each answer of a trunk takes.
    pub trunk_turns: Cell<usize>,
    pub feeds: RefCell<BTreeMap<TrunkTag, Feed>>,
    /// How often trunks were asked for their part of the feed.
    pub feed_questions: Cell<u64>,
    /// How often a directory was asked whether there is news.
    pub watches: Cell<u64>,
    pub numbers: RefCell<BTreeMap<(OrgId, Shard), Numbers>>,
    /// Nobody answers who knows of numbers.
    pub numbers_are_away: Cell<bool>,
    /// How often trunks were told of numbers by others than who asked.
    pub told_through: Cell<usize>,
    pub campaigns: RefCell<BTreeMap<(OrgId, CampaignId), CampaignObject>>,
    /// No campaign's object can be reached.
    pub campaigns_are_away: Cell<bool>,
    /// No object is emptied.
    pub wipes_fail: Cell<bool>,
    /// The archive's objects, each with its version.
    pub archive: RefCell<BTreeMap<String, (u64, String)>>,
    /// Somebody else writes the next object that is replaced.
    pub archive_races: Cell<bool>,
    pub notes: RefCell<BTreeMap<String, (String, Timestamp)>>,
    most_questions: Cell<Option<u64>>,
    settings: Option<Settings>,
    secrets: Option<Secrets>,
}

/// An organisation, and its owner's key.
#[derive(Clone)]
pub struct Org {
    pub id: OrgId,
    pub key: String,
    pub secret: String,
}

/// An answer's status and JSON.
pub type Answer = (u16, Value);

impl World {
    pub fn new() -> Self {
        Self {
            now: Cell::new(START),
            ticks: Cell::new(false),
            settings: Some(Settings::default()),
            secrets: Some(Secrets::derive(b"master key", "platform-token".into())),
            ..Self::default()
        }
    }

    /// The operator's secrets are others from now on; those before are known, or not.
    pub fn rotate(&mut self, master: &[u8], token: &str, former: &[&[u8]], before: Option<&str>) {
        let former: Vec<Vec<u8>> = former.iter().map(|key| key.to_vec()).collect();
        let secrets = Secrets::derive(master, token.into());
        self.secrets = Some(secrets.following(&former, before.map(str::to_owned)));
        self.notes.borrow_mut().clear();
    }

    /// So many of an organisation's trunks, keys and agents are known to each other.
    pub fn unguarded(&mut self, many: usize) {
        let settings = Settings::default();
        self.settings = Some(Settings {
            unguarded: many,
            ..settings
        });
    }

    /// Through so many guarded trunks somebody may be used for minutes.
    pub fn kept_permits(&mut self, many: usize) {
        let settings = self.settings.take().unwrap_or_default();
        self.settings = Some(Settings {
            kept_permits: many,
            ..settings
        });
    }

    /// So many trunks one invocation tells or asks.
    pub fn at_once(&mut self, trunks_at_once: usize) {
        let settings = self.settings.take().unwrap_or_default();
        self.settings = Some(Settings {
            trunks_at_once,
            ..settings
        });
    }

    pub fn advance(&self, time: Span) {
        self.now.set(self.now.get() + time);
    }

    pub fn found(&self, name: &str) -> Org {
        let (status, body) = self.send(
            "POST",
            "/platform/v1/orgs",
            "platform-token",
            Some(json!({"name": name})),
        );
        assert_eq!(status, 201, "{body}");
        let text = |pointer: &str| {
            body.pointer(pointer)
                .and_then(Value::as_str)
                .expect(pointer)
                .to_owned()
        };
        Org {
            id: text("/org/id").parse().expect("an id"),
            key: text("/owner_key"),
            secret: text("/webhook_secret"),
        }
    }

    pub async fn request(
        &self,
        method: &str,
        path: &str,
        key: &str,
        body: Option<Value>,
    ) -> Answer {
        let response = self.respond(method, path, key, None, body).await;
        (
            response.status,
            serde_json::from_slice(&response.body).unwrap_or(Value::Null),
        )
    }

    /// A GET's whole answer.
    pub async fn fetch(&self, path: &str, key: &str) -> Response {
        self.respond("GET", path, key, None, None).await
    }

    /// A POST under an `Idempotency-Key`.
    pub async fn once(&self, path: &str, key: &str, once: &str, body: Value) -> Response {
        self.respond("POST", path, key, Some(once), Some(body))
            .await
    }

    async fn respond(
        &self,
        method: &str,
        path: &str,
        key: &str,
        once: Option<&str>,
        body: Option<Value>,
    ) -> Response {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            is_secure: true,
            origin: "https://calls.example.com".into(),
            authorization: Some(format!("Bearer {key}")),
            content_type: body.is_some().then(|| match &body {
                Some(Value::String(_)) => "text/csv".into(),
                _ => "application/json".into(),
            }),
            // A text is a file.
            body: match body {
                Some(Value::String(file)) => file.into_bytes(),
                body => body
                    .map(|body| body.to_string().into_bytes())
                    .unwrap_or_default(),
            },
            id: format!("request at {}", self.now.get().0 - START.0),
            idempotency_key: once.map(str::to_owned),
            ..Request::default()
        };
        let mut response = audatec::app::api::serve(self, &request).await;
        if self.reads_beginnings.get() {
            return response;
        }
        while let Some(rest) = response.rest.take() {
            let (piece, rest) = audatec::app::api::go_on(self, &rest)
                .await
                .expect("the rest of an answer");
            response.body.extend(piece.into_bytes());
            response.rest = rest;
            self.pieces.set(self.pieces.get() + 1);
        }
        response
    }

    pub fn send(&self, method: &str, path: &str, key: &str, body: Option<Value>) -> Answer {
        block_on(self.request(method, path, key, body))
    }

    pub fn get(&self, org: &Org, path: &str) -> Answer {
        self.send("GET", &format!("/integration/v1{path}"), &org.key, None)
    }

    pub fn post(&self, org: &Org, path: &str, body: Value) -> Answer {
        self.send(
            "POST",
            &format!("/integration/v1{path}"),
            &org.key,
            Some(body),
        )
    }

    pub fn patch(&self, org: &Org, path: &str, body: Value) -> Answer {
        self.send(
            "PATCH",
            &format!("/integration/v1{path}"),
            &org.key,
            Some(body),
        )
    }

    pub fn delete(&self, org: &Org, path: &str) -> Answer {
        self.send("DELETE", &format!("/integration/v1{path}"), &org.key, None)
    }

    pub fn office(&self, org: &Org) -> Rc<Office> {
        Rc::clone(&self.offices.borrow()[&org.id])
    }

    /// Every object is evicted: what was in memory alone is gone.
    pub fn restart(&self) {
        for office in self.offices.borrow().values() {
            *office.actor.borrow_mut() = Rc::default();
        }
    }

    /// The alarm fires, or the cron pokes.
    pub fn tick(&self, org: &Org) {
        let _ = block_on(self.directory(org.id, &DirectoryCommand::tick()));
    }

    pub fn next_due(&self, org: &Org) -> Option<Timestamp> {
        self.office(org).actor.borrow().next_due()
    }

    /// Fills up to `most` rows like the one there is under this prefix, and restarts.
    pub fn fill(&self, org: &Org, prefix: &str, most: usize) {
        let office = self.office(org);
        let first = self.stored_names(org, prefix).pop().expect("one row");
        let doc = office.rows.borrow()[&first].clone();
        let id = first.trim_start_matches(prefix).to_owned();
        for n in self.stored_names(org, prefix).len()..most {
            let other = format!("{n:08x}{}", &id[8..]);
            let row = doc.replace(&id, &other);
            office
                .rows
                .borrow_mut()
                .insert(format!("{prefix}{other}"), row);
        }
        self.restart();
    }

    pub fn stored_names(&self, org: &Org, prefix: &str) -> Vec<String> {
        let office = self.office(org);
        let rows = office.rows.borrow();
        rows.keys()
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect()
    }

    pub fn copy(&self, key: &RecordKey) -> Option<Value> {
        self.kv
            .borrow()
            .get(key)
            .map(|json| serde_json::from_str(json).expect("JSON"))
    }

    pub fn brief_of(&self, trunk: &str) -> Brief {
        let tag = tag(trunk);
        self.trunks.borrow()[&tag]
            .brief
            .clone()
            .expect("it was briefed")
    }

    /// So many questions for the feed are one fault, and not a test without end.
    pub fn give_up_after(&self, questions: u64) {
        self.most_questions.set(Some(questions));
    }

    /// A trunk's part of the feed, as its object answers: at once, or when there is news, or when the wait is over.
    async fn feed(&self, tag: TrunkTag, filter: &FeedFilter) -> TrunkReply {
        let asked = self.feed_questions.get() + 1;
        self.feed_questions.set(asked);
        let most = self.most_questions.get();
        assert!(most.is_none_or(|most| asked <= most), "{asked} questions");
        let feed = Rc::clone(&self.feeds.borrow()[&tag]);
        let deadline = self.now.get() + filter.wait;
        loop {
            let page = feed(filter, self.now.get());
            if !page.is_quiet() || self.now.get() >= deadline {
                return TrunkReply::Feed(page);
            }
            wait(1).await;
            self.advance(Span(1));
        }
    }

    pub fn times_briefed(&self, trunk: &str) -> usize {
        self.trunks.borrow()[&tag(trunk)].briefed
    }

    pub fn cut_off(&self, trunk: &str) {
        self.unreachable.borrow_mut().insert(tag(trunk));
    }

    pub fn reconnect(&self) {
        self.unreachable.borrow_mut().clear();
    }
}

pub fn tag(trunk: &str) -> TrunkTag {
    trunk.parse::<TrunkId>().expect("a trunk's id").tag()
}

impl Host for World {
    fn now(&self) -> Timestamp {
        let passed = Span(u64::from(self.ticks.get()));
        self.now.replace(self.now.get() + passed)
    }

    fn entropy(&self) -> [u8; 32] {
        if let Some(drawn) = self.draws.borrow_mut().pop_front() {
            return drawn;
        }
        self.drawn.set(self.drawn.get() + 1);
        let mut bytes = [0; 32];
        for (byte, drawn) in bytes
            .iter_mut()
            .zip(self.drawn.get().to_be_bytes().iter().rev())
        {
            *byte = *drawn;
        }
        // Guarded ids are told apart by what follows their first byte.
        if self.settings().unguarded < 200 {
            bytes.copy_within(0..2, 2);
            bytes.copy_within(0..2, 4);
        }
        bytes
    }

    async fn sleep(&self, time: Span) {
        self.now.set(self.now.get() + time);
    }

    fn settings(&self) -> &Settings {
        self.settings.as_ref().expect("settings")
    }

    fn secrets(&self) -> &Secrets {
        self.secrets.as_ref().expect("secrets")
    }

    fn parse_url(&self, text: &str) -> Option<Target> {
        parse_url(text)
    }

    fn log(&self, _: &Event<'_>) {}
}

/// Sealed here is reversed, and tied to its context: enough to tell it from what was given. The newest key seals, and the
/// others that are there open what they sealed.
impl Vault for World {
    async fn seal(&self, secret: &str, context: &str) -> Result<Sealed, Unavailable> {
        let reversed: String = secret.chars().rev().collect();
        Ok(Sealed(match self.sealing_key() {
            Some(key) => format!("{key}.{context}/{reversed}"),
            None => format!("{context}/{reversed}"),
        }))
    }

    async fn open(&self, sealed: &Sealed, context: &str) -> Result<String, Unavailable> {
        let (key, sealed) = match sealed.0.split_once('.') {
            Some((key, sealed)) => (Some(key), sealed),
            None => (None, sealed.0.as_str()),
        };
        if key.is_some_and(|key| !self.vault.borrow().iter().any(|known| known == key)) {
            return Err(Unavailable);
        }
        let sealed = sealed
            .strip_prefix(context)
            .and_then(|rest| rest.strip_prefix('/'));
        Ok(sealed.ok_or(Unavailable)?.chars().rev().collect())
    }

    fn sealing_key(&self) -> Option<String> {
        self.vault.borrow().first().cloned()
    }
}

/// No LiveKit server is here.
impl Twirp for World {
    async fn twirp(&self, _: &str, _: &str, _: &Question) -> Result<TwirpAnswer, Unavailable> {
        Err(Unavailable)
    }
}

impl Records for World {
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        Ok(self.kv.borrow().get(key).cloned())
    }

    fn may_doubt(&self, _: OrgId) -> bool {
        true
    }

    fn learn(&self, _: &RecordKey, _: &str) {}

    fn forget(&self, _: OrgId) {
        self.forgotten.set(self.forgotten.get() + 1);
    }

    fn noted(&self, name: &str) -> Option<String> {
        let notes = self.notes.borrow();
        let (text, until) = notes.get(name)?;
        (self.now.get() < *until).then(|| text.clone())
    }

    fn note(&self, name: String, text: &str, until: Timestamp) {
        self.notes
            .borrow_mut()
            .insert(name, (text.to_owned(), until));
    }

    async fn organisations(&self) -> Result<Vec<OrgId>, Unavailable> {
        let copies = self.kv.borrow();
        let org = |key: &RecordKey| match key {
            RecordKey::Trunks(org) => Some(*org),
            _ => None,
        };
        Ok(copies.keys().filter_map(org).collect())
    }

    /// Trunks' vitals are not this test's.
    async fn trunks(&self) -> Result<Vec<(OrgId, TrunkId)>, Unavailable> {
        Ok(Vec::new())
    }

    fn record_use(&self, _: &KeyRecord) {}
}

impl Trunks for World {
    async fn trunk(
        &self,
        tag: TrunkTag,
        command: &TrunkCommand,
    ) -> Result<TrunkReply, Unavailable> {
        assert_ne!(tag, TrunkTag::DIRECTORY, "tag 0 is no trunk's");
        wait(self.trunk_turns.get()).await;
        if self.unreachable.borrow().contains(&tag) {
            return Err(Unavailable);
        }
        if let TrunkCommand::Feed(_, filter) = command {
            return Ok(self.feed(tag, filter).await);
        }
        let mut trunks = self.trunks.borrow_mut();
        let trunk = trunks.entry(tag).or_default();
        let reply = match command {
            TrunkCommand::Brief(brief) => match &trunk.brief {
                Some(known) if known.config.id != brief.config.id => TrunkReply::TagTaken,
                known => {
                    if known
                        .as_ref()
                        .is_none_or(|known| known.version <= brief.version)
                    {
                        trunk.brief = Some((**brief).clone());
                    }
                    trunk.briefed += 1;
                    TrunkReply::Done
                }
            },
            TrunkCommand::Suppress { numbers, last, .. } => {
                let again_at = trunk.rings_until.take();
                trunk.told.push((numbers.clone(), *last));
                TrunkReply::Suppressed {
                    next: None,
                    again_at,
                }
            }
            TrunkCommand::Erase(asked) => {
                trunk.erases.push((**asked).clone());
                match trunk.erased.pop_front() {
                    Some(erased) => TrunkReply::Erased(erased),
                    None => TrunkReply::Erased(ErasedCalls {
                        through: asked.through.unwrap_or(99),
                        ..ErasedCalls::default()
                    }),
                }
            }
            TrunkCommand::Report { .. } => TrunkReply::Done,
            TrunkCommand::NumberOf(_) => match &trunk.brief {
                Some(brief) => {
                    let number = E164::parse("+919876543210").expect("a number");
                    TrunkReply::NumberOf(brief.config.org_id, number)
                }
                None => TrunkReply::Missing,
            },
            TrunkCommand::Retire if trunk.has_live_calls => TrunkReply::HasLiveCalls,
            TrunkCommand::Vitals(_) => TrunkReply::Vitals(Box::new(Vitals {
                of: trunk
                    .brief
                    .as_ref()
                    .map(|brief| (brief.config.org_id, brief.config.id)),
                open: usize::from(trunk.has_live_calls),
                undelivered_since: trunk.owes.then_some(START),
                ..Vitals::default()
            })),
            TrunkCommand::Retire => {
                if let Some(brief) = trunk.brief.as_mut() {
                    brief.config.status = Status::Inactive;
                }
                TrunkReply::Done
            }
            TrunkCommand::Usage(_, filter) => {
                let hour = filter.to;
                TrunkReply::Usage(audatec::app::trunk::UsageSoFar {
                    hour,
                    ..Default::default()
                })
            }
            TrunkCommand::Whole(..) => TrunkReply::Shown(Vec::new(), None),
            // What the routes beside the directory ask: this trunk has no calls.
            _ => {
                self.asked.borrow_mut().push(tag);
                TrunkReply::Calls(Vec::new(), None)
            }
        };
        if self.loses_replies.get() {
            Err(Unavailable)
        } else {
            Ok(reply)
        }
    }
}

impl Campaigns for World {
    async fn campaign(
        &self,
        org: OrgId,
        campaign: CampaignId,
        command: &CampaignCommand,
    ) -> Result<CampaignReply, Unavailable> {
        if self.campaigns_are_away.get() {
            return Err(Unavailable);
        }
        // As it travels: there and back as JSON.
        let json = serde_json::to_string(command).expect("JSON");
        let command = audatec::app::json::read(&json).expect("a command");
        let mut objects = self.campaigns.borrow_mut();
        let reply = objects.entry((org, campaign)).or_default().answer(command);
        let json = serde_json::to_string(&reply).expect("JSON");
        Ok(audatec::app::json::read(&json).expect("a reply"))
    }
}

impl Contacts for World {
    async fn contacts(
        &self,
        org: OrgId,
        shard: Shard,
        command: &ContactsCommand,
    ) -> Result<ContactsReply, Unavailable> {
        if self.numbers_are_away.get() {
            return Err(Unavailable);
        }
        // As it travels: there as JSON.
        let json = serde_json::to_string(command).expect("JSON");
        let command = audatec::app::json::read(&json).expect("a command");
        if let ContactsCommand::Tell {
            org,
            trunks,
            numbers,
        } = command
        {
            self.told_through.set(self.told_through.get() + 1);
            let told = tell(self, org, &trunks, &numbers).await;
            return Ok(ContactsReply::Told(told));
        }
        let mut numbers = self.numbers.borrow_mut();
        let numbers = numbers.entry((org, shard)).or_default();
        let reply = numbers.serve(command, self.now.get());
        reply.map_err(|StoreFailed| Unavailable)
    }
}

/// Answers as it was told to; then, that it is gone.
impl Storage for World {
    async fn delete(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        _: Span,
    ) -> Result<StorageAnswer, Unavailable> {
        wait(2).await;
        let signed = headers.iter().find(|(name, _)| *name == "Authorization");
        let signed = signed.map(|(_, value)| value.clone());
        self.deleted
            .borrow_mut()
            .push((url.to_owned(), signed.expect("a signature")));
        let answer = self.storage.borrow_mut().pop_front();
        let gone = StorageAnswer {
            status: 204,
            ..StorageAnswer::default()
        };
        answer.unwrap_or(Ok(gone))
    }
}

impl RecordWriter for World {
    async fn write(&self, key: &RecordKey, json: Option<String>) -> Result<(), Unavailable> {
        self.kv_writes.borrow_mut().push(key.clone());
        let turns = self.kv_delays.borrow_mut().pop_front().unwrap_or_default();
        wait(turns).await;
        if self.kv_is_down.get() {
            return Err(Unavailable);
        }
        match json {
            Some(json) => self.kv.borrow_mut().insert(key.clone(), json),
            None => self.kv.borrow_mut().remove(key),
        };
        Ok(())
    }

    async fn archived(
        &self,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<String>, Unavailable> {
        let archive = self.archive.borrow();
        let names = archive.keys().filter(|name| name.starts_with(prefix));
        let names = names.filter(|name| name.as_str() > after).take(limit);
        Ok(names.cloned().collect())
    }

    async fn archived_lines(&self, name: &str) -> Result<Option<(String, String)>, Unavailable> {
        let archive = self.archive.borrow();
        let object = archive.get(name);
        Ok(object.map(|(version, text)| (version.to_string(), text.clone())))
    }

    async fn archive_again(
        &self,
        name: &str,
        version: &str,
        text: &str,
    ) -> Result<bool, Unavailable> {
        let mut archive = self.archive.borrow_mut();
        let object = archive.get_mut(name).expect("an object");
        // Somebody else may write it meanwhile.
        object.0 += u64::from(self.archive_races.take());
        if object.0.to_string() != version {
            return Ok(false);
        }
        *object = (object.0 + 1, text.to_owned());
        Ok(true)
    }

    async fn poke(&self, org: OrgId) {
        self.pokes.set(self.pokes.get() + 1);
        let tick = DirectoryCommand::tick();
        let ticked: Pin<Box<dyn Future<Output = _> + '_>> = Box::pin(self.directory(org, &tick));
        let _: Result<DirectoryReply, Unavailable> = ticked.await;
    }
}

/// An object that was asked anything since it was emptied has its tables again.
impl Eraser for World {
    async fn is_empty(&self, holder: Holder) -> Result<bool, Unavailable> {
        wait(1).await;
        Ok(match holder {
            Holder::Trunk(tag) => !self.trunks.borrow().contains_key(&tag),
            Holder::Numbers(org, shard) => !self.numbers.borrow().contains_key(&(org, shard)),
            Holder::Campaign(org, id) => !self.campaigns.borrow().contains_key(&(org, id)),
            Holder::Directory(org) => !self.offices.borrow().contains_key(&org),
        })
    }

    async fn wipe(&self, holder: Holder) -> Result<(), Unavailable> {
        wait(1).await;
        if self.wipes_fail.get() {
            return Err(Unavailable);
        }
        match holder {
            Holder::Trunk(tag) => drop(self.trunks.borrow_mut().remove(&tag)),
            Holder::Numbers(org, shard) => drop(self.numbers.borrow_mut().remove(&(org, shard))),
            Holder::Campaign(org, id) => drop(self.campaigns.borrow_mut().remove(&(org, id))),
            Holder::Directory(org) => {
                let office = Rc::clone(&self.offices.borrow()[&org]);
                office.rows.borrow_mut().clear();
                *office.actor.borrow_mut() = Rc::default();
            }
        }
        Ok(())
    }

    async fn remove_copies(&self, prefix: &str) -> Result<bool, Unavailable> {
        wait(1).await;
        let mut copies = self.kv.borrow_mut();
        let some = copies
            .keys()
            .filter(|key| key.to_string().starts_with(prefix));
        let some: Vec<RecordKey> = some.take(2).cloned().collect();
        some.iter().for_each(|key| drop(copies.remove(key)));
        Ok(!some.is_empty())
    }

    async fn remove_archived(&self, prefix: &str) -> Result<bool, Unavailable> {
        wait(1).await;
        let mut archive = self.archive.borrow_mut();
        let mut names = archive.keys();
        let some = names.find(|name| name.starts_with(prefix)).cloned();
        Ok(some.is_some_and(|name| archive.remove(&name).is_some()))
    }

    async fn stored_copy(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        Ok(self.kv.borrow().get(key).cloned())
    }

    async fn bury(&self, grave: &Grave) -> Result<(), Unavailable> {
        let command = DirectoryCommand::of_the_platform(Ask::Bury(*grave));
        let operators = self.secrets().operators();
        let told: Pin<Box<dyn Future<Output = _> + '_>> =
            Box::pin(async move { self.directory(operators, &command).await });
        let told: Result<DirectoryReply, Unavailable> = told.await;
        told.map(drop)
    }
}

impl Directories for World {
    async fn directory(
        &self,
        org: OrgId,
        command: &DirectoryCommand,
    ) -> Result<DirectoryReply, Unavailable> {
        // As it travels: there and back as JSON.
        let command: DirectoryCommand =
            serde_json::from_str(&serde_json::to_string(command).expect("JSON"))
                .expect("a command");
        let is_watch = command.watched.is_some();
        self.watches.set(self.watches.get() + u64::from(is_watch));
        let office = Rc::clone(self.offices.borrow_mut().entry(org).or_default());
        let actor = Rc::clone(&office.actor.borrow());
        let (reply, callbacks) = actor
            .serve(&office.store, self, command)
            .await
            .map_err(|StoreFailed| Unavailable)?;
        self.callbacks.borrow_mut().extend(callbacks);
        Ok(serde_json::from_str(&serde_json::to_string(&reply).expect("JSON")).expect("a reply"))
    }
}

/// Lets others go first, so many times.
async fn wait(mut turns: usize) {
    std::future::poll_fn(|context| {
        if turns == 0 {
            return Poll::Ready(());
        }
        turns -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a future to its end.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
}

/// Runs a future for so many turns, then drops it: the object crashed.
pub fn crash_after(turns: usize, future: impl Future) {
    let mut future = pin!(future);
    for _ in 0..turns {
        let poll = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending(), "it was done before the crash");
    }
}
