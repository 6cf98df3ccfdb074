//! What travels through the queues: versioned by its tag, and never the only record of work to do.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::json;
use crate::domain::campaign::handover::Ended;
use crate::domain::contacts::{Number, Take, Ticket};
use crate::domain::ids::{CallId, CampaignId, DeliveryId, OrgId, TrunkTag};
use crate::domain::planted::{Fault, planted};
use crate::domain::search;
use crate::domain::target::masked;
use crate::domain::time::Timestamp;
use crate::domain::to_json;
use crate::domain::to_json::to_json;

/// Work for the dialer: a few calls of one trunk, each claimed by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DispatchMessage {
    /// Claim these calls, and dial those that are granted.
    #[serde(rename = "dial/1")]
    Dial {
        /// The trunk whose object it is for.
        trunk: TrunkTag,
        /// At most [`CALLS_PER_MESSAGE`] of them.
        calls: Vec<CallId>,
    },
    /// Ask the carrier how these calls are doing.
    #[serde(rename = "inquire/1")]
    Inquire {
        /// The trunk whose object it is for.
        trunk: TrunkTag,
        /// At most [`CALLS_PER_MESSAGE`] of them.
        calls: Vec<CallId>,
    },
    /// Have the carrier hang up these calls and clean up.
    #[serde(rename = "release/1")]
    TearDown {
        /// The trunk whose object it is for.
        trunk: TrunkTag,
        /// At most [`CALLS_PER_MESSAGE`] of them.
        calls: Vec<CallId>,
    },
}

/// The most calls in one dispatch message.
pub const CALLS_PER_MESSAGE: usize = 20;

/// One attempt to deliver one callback: all that its sender needs, except the secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "v", rename = "callback/1")]
pub struct CallbackMessage {
    /// The organisation whose secrets sign it; for a test event, also whose directory holds it.
    pub org: OrgId,
    /// The delivery; its address says which object awaits the result.
    pub delivery: DeliveryId,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// Until when it is valid: nobody else makes the attempt before then, and this message's reader makes none after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_until: Option<Timestamp>,
    /// Where it is sent.
    pub url: String,
    /// The exact bytes to sign and send.
    pub body: String,
    /// Why the call failed, if it did: `source/code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The campaign that holds the delivery: it reports the campaign's end, and its address is nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
}

impl CallbackMessage {
    /// The message as JSON of at most `most` bytes: one that is too long leaves out its body, which the sender asks for.
    #[must_use]
    pub fn for_queue(&self, most: usize) -> Option<String> {
        let json = to_json(self).ok()?;
        if json.len() <= most || planted(Fault::MessageUnmeasured) {
            return Some(json);
        }
        let short = Self {
            body: String::new(),
            ..self.clone()
        };
        to_json(&short).ok()
    }
}

/// The beginning of a test message, before the queue's binding.
const PROBE: &str = "probe/1 ";

/// A test message for the queue of this binding.
#[must_use]
pub fn probe(queue: &str) -> String {
    format!("{PROBE}{queue}")
}

/// The binding whose queue a message tests, if it is a test message.
#[must_use]
pub fn probed(text: &str) -> Option<String> {
    text.strip_prefix(PROBE).map(str::to_owned)
}

/// A message whose work may wait for others outside: done in an object of its own, so that no batch waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// A receiver must answer.
    Callback(CallbackMessage),
    /// A carrier must answer.
    Dispatch(DispatchMessage),
}

/// How many objects share the errands of one trunk, or of one organisation's test events: each may wait for six answers.
const ERRAND_OBJECTS: u64 = 8;

impl Errand {
    /// Reads a message of either kind.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let dispatch = json::read(text).map(Self::Dispatch);
        let errand = dispatch.or_else(|_| json::read(text).map(Self::Callback));
        errand.ok()
    }

    /// The object that does the work. Callbacks and hang-ups never share one, nor do two trunks.
    #[must_use]
    pub fn object(&self) -> String {
        let (kind, whose, number) = match self {
            Self::Callback(message) => {
                let address = message.delivery.address();
                let whose = match address.tag {
                    TrunkTag::DIRECTORY => message.org.to_string(),
                    tag => tag.to_string(),
                };
                (
                    "callbacks",
                    whose,
                    address.at.0 + u64::from(address.sequence),
                )
            }
            Self::Dispatch(
                DispatchMessage::Dial { trunk, calls }
                | DispatchMessage::Inquire { trunk, calls }
                | DispatchMessage::TearDown { trunk, calls },
            ) => {
                let address = calls.first().map(|call| call.address());
                let number =
                    address.map_or(0, |address| address.at.0 + u64::from(address.sequence));
                ("hangups", trunk.to_string(), number)
            }
        };
        format!("{kind}/{whose}/{}", number % ERRAND_OBJECTS)
    }
}

/// A call past its retention, for the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The call's id, as in its row.
    pub id: CallId,
    /// The call as in its row, in JSON.
    pub call: String,
    /// What was said in it, in JSON.
    pub transcript: Option<String>,
    /// Where its recording is.
    pub recording: Option<String>,
}

impl Expired {
    /// A line of the archive: `{"call": …, "transcript": …, "recording": …}`. The call is its row, without the secrets in its URLs;
    /// the recording is left out where none is known.
    #[must_use]
    pub fn line(&self) -> String {
        let transcript = self.transcript.as_deref().unwrap_or("null");
        let call = without_credentials(&self.call);
        let recording = self.recording.as_deref().map(|location| {
            let location = to_json::text(&Value::from(location));
            format!(r#","recording":{location}"#)
        });
        let recording = recording.unwrap_or_default();
        format!(r#"{{"call":{call},"transcript":{transcript}{recording}}}"#)
    }
}

/// A call's row with the secrets of its callback's URL masked.
fn without_credentials(row: &str) -> Cow<'_, str> {
    // JSON may write an @ as an escape; ours never does, but a row with either is examined.
    if !row.contains('@') && !search::contains(row, "\\u0040") {
        return Cow::Borrowed(row);
    }
    let Ok(mut call) = json::read::<Value>(row) else {
        return Cow::Borrowed(row);
    };
    for (part, field) in [("request", "callback_url"), ("callback", "url")] {
        if let Some(Value::String(url)) = call.get_mut(part).and_then(|part| part.get_mut(field)) {
            *url = masked(url).into_owned();
        }
    }
    Cow::Owned(to_json::text(&call))
}

/// Something to tell the object that knows a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactErrand {
    /// A place among its dials is taken, or kept. Nothing depends on that: its call asks again before it is dialed.
    Take(Box<Take>),
    /// A place is free again. A call's trunk repeats that until it was received.
    GiveBack {
        /// The call it belonged to; `None` if no such call exists.
        call: Option<CallId>,
        /// Among the dials to this number.
        number: Number,
        /// Under this ticket.
        ticket: Ticket,
    },
}

/// What a campaign is told about its calls: none of it is owed, since it asks for what it was not told.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignErrand {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its calls that are over. Without any, it is told that it may begin more.
    pub calls: Vec<(CallId, Ended)>,
}

/// What must be sent once the rows are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outgoing {
    /// Calls for the dialer.
    pub dial: Vec<CallId>,
    /// Calls to ask the carrier about.
    pub inquire: Vec<CallId>,
    /// Calls to be hung up at the carrier.
    pub tear_down: Vec<CallId>,
    /// Callbacks to send.
    pub callbacks: Vec<CallbackMessage>,
    /// What objects that know numbers are told.
    pub contacts: Vec<ContactErrand>,
    /// What campaigns are told.
    pub campaigns: Vec<CampaignErrand>,
    /// Calls for the archive; their rows stay until it has them.
    pub expired: Vec<Expired>,
}

impl Outgoing {
    /// The dispatch queue's share: messages of a few calls each, at most `dials` in one.
    #[must_use]
    pub fn dials(&self, trunk: TrunkTag, dials: usize) -> Vec<DispatchMessage> {
        let dial = self.dial.chunks(dials.clamp(1, CALLS_PER_MESSAGE));
        let dial = dial.map(|calls| DispatchMessage::Dial {
            trunk,
            calls: calls.to_vec(),
        });
        let mut messages: Vec<_> = dial.collect();
        if planted(Fault::HangUpsBehindDials) {
            messages.extend(self.hanging_up(trunk));
        }
        messages
    }

    /// The share of the queue for hang-ups, which never wait behind dials; and for inquiries, which find out what to hang
    /// up.
    #[must_use]
    pub fn hang_ups(&self, trunk: TrunkTag) -> Vec<DispatchMessage> {
        match planted(Fault::HangUpsBehindDials) {
            true => Vec::new(),
            false => self.hanging_up(trunk).collect(),
        }
    }

    fn hanging_up(&self, trunk: TrunkTag) -> impl Iterator<Item = DispatchMessage> {
        let tear_down = self.tear_down.chunks(CALLS_PER_MESSAGE);
        let tear_down = tear_down.map(move |calls| DispatchMessage::TearDown {
            trunk,
            calls: calls.to_vec(),
        });
        let inquire = self.inquire.chunks(CALLS_PER_MESSAGE);
        let inquire = inquire.map(move |calls| DispatchMessage::Inquire {
            trunk,
            calls: calls.to_vec(),
        });
        // Hanging up comes first: a phone is ringing.
        tear_down.chain(inquire)
    }

    /// Takes out everything except what campaigns are told, which travels separately.
    pub fn for_queues(&mut self) -> Self {
        let campaigns = std::mem::take(&mut self.campaigns);
        let rest = Self {
            campaigns,
            ..Self::default()
        };
        std::mem::replace(self, rest)
    }

    /// Whether there is nothing to send, apart from what campaigns are told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dial.is_empty()
            && self.inquire.is_empty()
            && self.tear_down.is_empty()
            && self.callbacks.is_empty()
            && self.contacts.is_empty()
            && self.expired.is_empty()
    }

    /// Tells a campaign about these of its calls, along with what it is told anyway.
    pub fn tell_campaign(&mut self, campaign: CampaignId, calls: Vec<(CallId, Ended)>) {
        let mut known = self.campaigns.iter_mut();
        match known.find(|errand| errand.campaign == campaign) {
            Some(errand) => errand.calls.extend(calls),
            None => self.campaigns.push(CampaignErrand { campaign, calls }),
        }
    }

    /// Adds what another command wants sent.
    pub fn append(&mut self, other: Self) {
        self.dial.extend(other.dial);
        self.inquire.extend(other.inquire);
        self.tear_down.extend(other.tear_down);
        self.callbacks.extend(other.callbacks);
        self.contacts.extend(other.contacts);
        for errand in other.campaigns {
            self.tell_campaign(errand.campaign, errand.calls);
        }
        self.expired.extend(other.expired);
    }
}
