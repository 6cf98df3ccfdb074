//! The simulated carrier: what each test number does.
//!
//! One table drives the local run, the native tests and the documentation. A trunk whose carrier is
//! `simulator` takes the same path as a real one but dials nobody.

use serde_json::{Map, Value};

use super::call::{CarrierEvent, Failure, FailureCode, InquiryResult, Timed};
use super::object::object;
use super::phone::E164;
use super::settings::Settings;
use super::time::Timestamp;
use super::to_json;

/// What a simulated callee does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers, talks, hangs up.
    Completes,
    /// Is busy (SIP 486).
    Busy,
    /// Declines (SIP 603).
    Declines,
    /// Lets it ring until the ringing timeout.
    NoAnswer,
    /// The carrier answers SIP 503.
    CarrierError,
    /// The dialer can't start the call.
    DialerError,
    /// Answers, and then nothing more is heard.
    Silent,
    /// Hangs up, and the event is lost.
    HangUpLost,
    /// Sends each event twice and in the wrong order.
    Shuffled,
    /// A machine answers.
    Voicemail,
}

/// A test number, what it does, and its description in the documentation.
#[derive(Clone, Copy, Debug)]
pub struct TestNumber {
    /// The test number, in E.164 format.
    pub number: &'static str,
    /// What it does.
    pub behaviour: Behaviour,
    /// How the call ends.
    pub ends: &'static str,
}

/// The ten numbers. Any other number behaves like the first.
pub const TEST_NUMBERS: [TestNumber; 10] = [
    TestNumber {
        number: "+15005550000",
        behaviour: Behaviour::Completes,
        ends: "rings, answers, Completed with an outcome made from the agent's fields",
    },
    TestNumber {
        number: "+15005550001",
        behaviour: Behaviour::Busy,
        ends: "busy: Decline",
    },
    TestNumber {
        number: "+15005550002",
        behaviour: Behaviour::Declines,
        ends: "the person declines: Decline",
    },
    TestNumber {
        number: "+15005550003",
        behaviour: Behaviour::NoAnswer,
        ends: "nobody answers: SIP Call Failed after the ringing timeout",
    },
    TestNumber {
        number: "+15005550004",
        behaviour: Behaviour::CarrierError,
        ends: "carrier error 503: SIP Call Failed",
    },
    TestNumber {
        number: DIALER_ERROR,
        behaviour: Behaviour::DialerError,
        ends: "the dialer can't start the call: Trigger Failed",
    },
    TestNumber {
        number: "+15005550006",
        behaviour: Behaviour::Silent,
        ends: "answered, then silence: stalled, Completed by the watchdog",
    },
    TestNumber {
        number: "+15005550007",
        behaviour: Behaviour::HangUpLost,
        ends: "answered, the hang-up is lost: Completed when the watchdog asks",
    },
    TestNumber {
        number: "+15005550008",
        behaviour: Behaviour::Shuffled,
        ends: "events repeated and out of order: Completed once",
    },
    TestNumber {
        number: "+15005550009",
        behaviour: Behaviour::Voicemail,
        ends: "answered by voicemail: Completed, disposition voicemail",
    },
];

/// The number whose call the dialer can't start: that failure is the call's own, and says nothing about the dialer.
pub const DIALER_ERROR: &str = "+15005550005";

/// What the callee at `phone` does.
#[must_use]
pub fn behaviour(phone: &E164) -> Behaviour {
    let listed = TEST_NUMBERS.iter().find(|row| row.number == phone.as_str());
    listed.map_or(Behaviour::Completes, |row| row.behaviour)
}

/// Dials: returns all that is going to happen, in the order in which the carrier reports it.
#[must_use]
pub fn dial(
    phone: &E164,
    fields: &[String],
    metadata: Option<&Map<String, Value>>,
    now: Timestamp,
    settings: &Settings,
) -> Vec<Timed> {
    use CarrierEvent::{Answered, Failed, HungUp, Ringing};
    let answer = now + settings.sim_ring;
    let end = answer + settings.sim_talk;
    let behaviour = behaviour(phone);
    let outcome = || Some(outcome(behaviour, fields, metadata));
    let events = match behaviour {
        Behaviour::Completes | Behaviour::Voicemail => {
            vec![(now, Ringing), (answer, Answered), (end, HungUp(outcome()))]
        }
        Behaviour::Busy => vec![(now, Ringing), (answer, Failed(Failure::sip(486)))],
        Behaviour::Declines => vec![(now, Ringing), (answer, Failed(Failure::sip(603)))],
        Behaviour::NoAnswer => {
            let timeout = Failure::of(FailureCode::NoAnswer);
            vec![
                (now, Ringing),
                (now + settings.ring_timeout, Failed(timeout)),
            ]
        }
        Behaviour::CarrierError => vec![(now, Failed(Failure::sip(503)))],
        Behaviour::DialerError => vec![(now, Failed(Failure::of(FailureCode::DialerUnavailable)))],
        Behaviour::Silent | Behaviour::HangUpLost => vec![(now, Ringing), (answer, Answered)],
        Behaviour::Shuffled => vec![
            (answer, Answered),
            (answer, Ringing),
            (answer, Answered),
            (end, HungUp(outcome())),
            (end, Ringing),
            (end, HungUp(outcome())),
            (end, Answered),
        ],
    };
    events
        .into_iter()
        .map(|(at, event)| Timed { at, event })
        .collect()
}

/// What is known of a call when the carrier is asked about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallTimes {
    /// When it was claimed by a dialer.
    pub dialed_at: Option<Timestamp>,
    /// When it rang.
    pub ringing_at: Option<Timestamp>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
}

/// What the carrier answers when asked about a call. It has no memory and needs none: what a
/// number does is known from when it was dialed.
#[must_use]
pub fn inquire(
    phone: &E164,
    fields: &[String],
    metadata: Option<&Map<String, Value>>,
    known: CallTimes,
    now: Timestamp,
    settings: &Settings,
) -> InquiryResult {
    let CallTimes {
        dialed_at,
        ringing_at,
        answered_at,
    } = known;
    let Some(answered_at) = answered_at else {
        return match (dialed_at, ringing_at) {
            // The report of the dial was lost: this is what it said.
            (Some(at), None) => {
                InquiryResult::Happened(dial(phone, fields, metadata, at, settings))
            }
            (_, Some(_)) => InquiryResult::StillThere,
            (None, None) => InquiryResult::Unknown,
        };
    };
    let end = answered_at + settings.sim_talk;
    match behaviour(phone) {
        Behaviour::Silent => InquiryResult::StillThere,
        _ if now < end => InquiryResult::StillThere,
        behaviour => {
            let outcome = Some(outcome(behaviour, fields, metadata));
            InquiryResult::Happened(vec![Timed {
                at: end,
                event: CarrierEvent::HungUp(outcome),
            }])
        }
    }
}

/// The outcome of the conversation, built from the agent's fields and this call's values, so that
/// each call has an outcome of its own.
fn outcome(
    behaviour: Behaviour,
    fields: &[String],
    metadata: Option<&Map<String, Value>>,
) -> Value {
    if behaviour == Behaviour::Voicemail {
        return object! {"disposition": "voicemail", "summary": "A machine answered.", "sentiment": "neutral"};
    }
    let value = |field: &String| {
        let value = metadata.and_then(|map| map.get(field))?;
        let text = value
            .as_str()
            .map_or_else(|| to_json::text(value), str::to_owned);
        Some(format!(
            "{field}: {}",
            text.chars().take(200).collect::<String>()
        ))
    };
    let confirmed: Vec<String> = fields.iter().take(20).filter_map(value).collect();
    let summary = match confirmed.is_empty() {
        true => "The recipient confirmed.".to_owned(),
        false => format!("The recipient confirmed {}.", confirmed.join(", ")),
    };
    object! {"disposition": "interested", "summary": summary, "sentiment": "positive"}
}
