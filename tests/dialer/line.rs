//! What a dialer reaches: LiveKit, and its trunk.

use super::*;

/// What a dialer reaches: a LiveKit that answers from a list, and a trunk that answers `Done`.
pub struct FakeServer {
    pub now: Cell<Timestamp>,
    pub settings: Settings,
    pub secrets: Secrets,
    pub answers: RefCell<VecDeque<(&'static str, u16, Value)>>,
    pub asked: RefCell<Vec<Value>>,
    pub told: RefCell<Vec<TrunkCommand>>,
    pub log: RefCell<Vec<String>>,
    /// What the trunk answers whoever wants to ring, before it says that it may.
    pub turns: RefCell<VecDeque<TrunkReply>>,
    /// No report reaches the trunk.
    pub hears_nothing: Cell<bool>,
    /// The dial is not answered as long as anybody looks.
    pub rings_on: Cell<bool>,
    /// When the phone was asked to ring.
    pub dialed_at: Cell<Option<Timestamp>>,
}

impl FakeServer {
    pub fn answering(answers: &[(&'static str, u16, Value)]) -> Self {
        Self {
            now: Cell::new(START),
            settings: Settings {
                public_url: Some("https://calls.example.com".into()),
                ..Settings::default()
            },
            secrets: Secrets::derive(b"master key", String::new()),
            answers: RefCell::new(answers.iter().cloned().collect()),
            asked: RefCell::default(),
            told: RefCell::default(),
            turns: RefCell::default(),
            hears_nothing: Cell::default(),
            rings_on: Cell::default(),
            dialed_at: Cell::default(),
            log: RefCell::default(),
        }
    }
}

impl Host for FakeServer {
    fn now(&self) -> Timestamp {
        self.now.get()
    }
    fn entropy(&self) -> [u8; 32] {
        [0; 32]
    }
    async fn sleep(&self, time: Span) {
        self.now.set(self.now.get() + time);
        turn().await;
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }
    fn secrets(&self) -> &Secrets {
        &self.secrets
    }
    fn parse_url(&self, _: &str) -> Option<Target> {
        None
    }
    fn log(&self, event: &Event<'_>) {
        self.log.borrow_mut().push(event.line());
    }
}

impl Records for FakeServer {
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        let id = match key {
            RecordKey::Agent(_, id) => id,
            _ => return Ok(None),
        };
        let agent = Agent {
            id: *id,
            name: "EMI Reminder Agent".into(),
            agent_code: "emi-reminder-v2".into(),
            status: Status::Active,
            input_schema: InputSchema::default(),
            script: Some("Say hello.".into()),
            voice: None,
            outcome_schema: None,
            voicemail: None,
            calling_hours: None,
            contact_limits: Vec::new(),
            created_at: START,
        };
        Ok(serde_json::to_string(&agent).ok())
    }
    fn may_doubt(&self, _: OrgId) -> bool {
        true
    }
    fn learn(&self, _: &RecordKey, _: &str) {}
    fn forget(&self, _: OrgId) {}
    fn record_use(&self, _: &KeyRecord) {}
}

impl Directories for FakeServer {
    async fn directory(
        &self,
        _: OrgId,
        command: &DirectoryCommand,
    ) -> Result<DirectoryReply, Unavailable> {
        match &command.what {
            directory::Ask::Record(RecordKey::Media(_)) => {
                Ok(DirectoryReply::Record(serde_json::to_string(&media()).ok()))
            }
            directory::Ask::Secrets => Ok(DirectoryReply::Refused(DirectoryRefusal::InvalidKey)),
            directory::Ask::Tick => Ok(DirectoryReply::Quiet),
            _ => Err(Unavailable),
        }
    }
}

impl Trunks for FakeServer {
    async fn trunk(&self, _: TrunkTag, command: &TrunkCommand) -> Result<TrunkReply, Unavailable> {
        self.told.borrow_mut().push(command.clone());
        if self.hears_nothing.get() && matches!(command, TrunkCommand::CarrierEvents(_)) {
            return Err(Unavailable);
        }
        let turn = match command {
            TrunkCommand::Ring(_) => self.turns.borrow_mut().pop_front(),
            _ => None,
        };
        Ok(turn.unwrap_or(TrunkReply::Done))
    }
}

impl Vault for FakeServer {
    async fn seal(&self, secret: &str, _: &str) -> Result<Sealed, Unavailable> {
        Ok(Sealed(secret.into()))
    }
    async fn open(&self, _: &Sealed, _: &str) -> Result<String, Unavailable> {
        Ok("secret".into())
    }
}

impl Twirp for FakeServer {
    async fn twirp(
        &self,
        url: &str,
        _: &str,
        ask: &TwirpRequest,
    ) -> Result<TwirpAnswer, Unavailable> {
        self.asked.borrow_mut().push(json!({
            "url": url, "grants": ask.grants, "body": ask.body, "timeout_ms": ask.timeout.0,
            "server_timeout_ms": ask.server_timeout.map(|time| time.0),
        }));
        // The dial is answered after the first look: a phone rings for a while.
        if ask.method.starts_with("SIP/") {
            self.dialed_at.set(Some(self.now.get()));
        }
        let looks = if self.rings_on.get() { 1_000 } else { 3 };
        for _ in 0..if ask.method.starts_with("SIP/") {
            looks
        } else {
            0
        } {
            turn().await;
        }
        let mut answers = self.answers.borrow_mut();
        let at = answers
            .iter()
            .position(|(method, ..)| ask.method.ends_with(method));
        let (_, status, body) = at.and_then(|at| answers.remove(at)).ok_or(Unavailable)?;
        Ok(TwirpAnswer {
            status,
            body: body.to_string(),
        })
    }
}

impl Poster for FakeServer {
    async fn post(
        &self,
        _: &str,
        _: &[(&'static str, String)],
        _: &str,
        _: Span,
    ) -> Result<Answer, String> {
        Err("nobody is called back here".into())
    }
}

pub async fn turn() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

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

pub fn order() -> DialOrder {
    let mut world = livekit_world();
    let id = world.accepted(NUMBER);
    claim(&mut world, id)
}

/// Recordings are kept.
pub fn media() -> MediaSettings {
    MediaSettings {
        transcripts: false,
        recordings: Some(S3Target {
            endpoint: String::new(),
            region: "ap-south-1".into(),
            bucket: "calls".into(),
            prefix: String::new(),
            access_key: "AKIA".into(),
            secret: Sealed("sealed".into()),
        }),
        reject_impossible_numbers: false,
        callback_detail: Default::default(),
        calling_hours: None,
        contact_limits: Vec::new(),
    }
}

pub fn gone() -> Value {
    json!({"code": "not_found", "msg": "participant does not exist"})
}

/// A room that is empty, or not there.
pub fn nobody() -> Value {
    json!({"participants": []})
}

/// The agent in its room, and nobody else.
pub fn agent() -> Value {
    in_room(&[])
}

/// The agent, and the callee of `order`, who fares so.
pub fn callee(status: &str) -> Value {
    in_room(&[
        json!({"identity": format!("callee-{}", order().call), "kind": "SIP", "state": "ACTIVE",
                     "attributes": {"sip.callStatus": status}}),
    ])
}

pub fn in_room(others: &[Value]) -> Value {
    let agent = json!({"identity": "agent-AJ_1", "kind": "AGENT", "state": "ACTIVE"});
    let participants: Vec<_> = std::iter::once(&agent).chain(others).collect();
    json!({"participants": participants})
}

/// A dial whose answer is lost, and what each look at the callee finds.
pub fn lost_dial(looks: impl IntoIterator<Item = (u16, Value)>) -> FakeServer {
    let set_up = [
        ("CreateRoom", 200, json!({})),
        ("ListParticipants", 200, agent()),
        ("DeleteRoom", 200, json!({})),
    ];
    let looks = looks
        .into_iter()
        .map(|(status, body)| ("ListParticipants", status, body));
    FakeServer::answering(&set_up.into_iter().chain(looks).collect::<Vec<_>>())
}

pub fn dial(line: &FakeServer, order: &DialOrder) -> Vec<CarrierEvent> {
    let events = block_on(livekit::dial(line, order));
    events.into_iter().map(|timed| timed.event).collect()
}

pub fn was_told(line: &FakeServer, event: &CarrierEvent) -> bool {
    line.told.borrow().iter().any(|command| {
        matches!(command, TrunkCommand::CarrierEvents(reports)
        if reports.iter().any(|(_, events)| events.iter().any(|timed| timed.event == *event)))
    })
}

pub fn asked(line: &FakeServer, method: &str) -> usize {
    let is_it = |ask: &&Value| ask["url"].as_str().is_some_and(|url| url.ends_with(method));
    line.asked.borrow().iter().filter(is_it).count()
}

pub fn happened(line: &FakeServer, order: &DialOrder) -> Vec<CarrierEvent> {
    match block_on(livekit::inquire(line, order)) {
        Ok(InquiryResult::Happened(events)) => {
            events.into_iter().map(|timed| timed.event).collect()
        }
        other => panic!("{other:?}"),
    }
}

pub fn agent_in(state: &str) -> Value {
    json!({"participants": [{"identity": "agent-AJ_1", "kind": "AGENT", "state": state}]})
}

/// An agent that comes after so many looks, and a phone that is picked up.
pub fn agent_after(looks: usize) -> FakeServer {
    let nobody = ("ListParticipants", 200, json!({"participants": []}));
    let mut answers = vec![("CreateRoom", 200, json!({}))];
    answers.extend(std::iter::repeat_n(nobody, looks));
    answers.push(("ListParticipants", 200, agent_in("JOINING")));
    answers.push(("ListParticipants", 200, agent()));
    answers.push(("CreateSIPParticipant", 200, json!({"sip_call_id": "SCL_1"})));
    answers.push(("DeleteRoom", 200, json!({})));
    FakeServer::answering(&answers)
}

/// The callee alone, or with whoever else is given.
pub fn alone(status: &str) -> Value {
    let with_agent = callee(status);
    json!({"participants": [with_agent["participants"][1]]})
}
