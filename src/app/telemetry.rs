//! What the platform logs: events with fields, one line of JSON each, so that an operator can search for `event = "dead_letter"`
//! instead of a phrase. `docs/logs.md` lists them all; a test compares the two.
//!
//! **What must not be read in a log can't be put there.** A field's type decides how it is written ([`Loggable`]): an id as it is, a phone
//! number with its middle cut out, a URL as its origin, a key as its prefix. Text from outside is a [`Text`], which is shortened
//! and stripped of anything that looks like one of these; no other text implements it except literals in the code.
//!
//! ```compile_fail
//! # use audatec::app::telemetry::Event;
//! let secret = String::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
//! Event::ServiceFailed { service: &secret, cause: &secret };
//! ```

use std::fmt::Write as _;

use crate::domain::access::RawKey;
use crate::domain::ids::{CallId, DeliveryId, OrgId, TrunkId, TrunkTag};
use crate::domain::phone::E164;
use crate::domain::search;
use crate::domain::target::Target;
use crate::domain::to_json;

/// Whether somebody has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something is lost or can't be done: look into it.
    Error,
    /// The platform recovered by itself; many of these are worth a look.
    Warning,
    /// Done as the operator asked: for the record.
    Info,
}

impl Level {
    /// Its spelling in a log line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Values that may be in a log line, and how they are written.
pub trait Loggable {
    /// Appends the value as JSON.
    fn write(&self, line: &mut String);
}

/// Ids name things of the platform and reveal nothing about anybody.
macro_rules! as_it_is {
    ($($id:ty),*) => {$(
        impl Loggable for $id {
            fn write(&self, line: &mut String) {
                let _ = write!(line, "\"{self}\"");
            }
        }
    )*};
}
as_it_is!(CallId, DeliveryId, OrgId, TrunkId, TrunkTag);

impl Loggable for usize {
    fn write(&self, line: &mut String) {
        let _ = write!(line, "{self}");
    }
}

/// Literals in the code.
impl Loggable for &'static str {
    fn write(&self, line: &mut String) {
        quote(self, line);
    }
}

/// In its masked form: `+91…10`.
impl Loggable for &E164 {
    fn write(&self, line: &mut String) {
        quote(&format!("{self:?}"), line);
    }
}

/// In its masked form: its prefix.
impl Loggable for &RawKey {
    fn write(&self, line: &mut String) {
        quote(&format!("{self:?}"), line);
    }
}

/// The origin: no credentials, and no path, which may be a secret too.
impl Loggable for &Target {
    fn write(&self, line: &mut String) {
        quote(&(self.origin() + "/…"), line);
    }
}

/// Others' words about a failure: the runtime's, or a server's answer.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(pub &'a str);

/// How many characters of such a text are kept.
const TEXT_MAX: usize = 300;

impl Loggable for Text<'_> {
    fn write(&self, line: &mut String) {
        quote(&scrubbed(self.0), line);
    }
}

fn quote(text: &str, line: &mut String) {
    line.push_str(&to_json::text(&text.into()));
}

/// The text without phone numbers, credentials, tokens and URL paths.
fn scrubbed(text: &str) -> String {
    let text: String = text.chars().take(TEXT_MAX).collect();
    let ends_word = |c: char| c.is_whitespace() || "\"'`()<>[]{},;".contains(c);
    let mut out = String::new();
    for piece in text.split_inclusive(ends_word) {
        let word = piece.trim_end_matches(ends_word);
        out.push_str(&masked(word));
        out.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    out
}

/// A UUID, such as a call's id, is 36 characters long.
const ID_LEN: usize = 36;
/// How many digits in a row may be somebody's number; and how long a word with digits in it must be to be somebody's key.
const NUMBER_LEN: usize = 7;
const KEY_LEN: usize = 20;

fn masked(word: &str) -> String {
    let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    if word.len() == ID_LEN && word.chars().all(is_id) {
        return word.to_owned();
    }
    if let Some((scheme, rest)) = search::split_once(word, "://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let is_host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:".contains(c);
        let is_shown = host.chars().all(is_host) && !has_number(host);
        return format!("{scheme}://{}/…", if is_shown { host } else { "…" });
    }
    if let Some((name, value)) = word.split_once('=') {
        return format!("{}={}", masked(name), masked(value));
    }
    let is_secret = word.contains('@')
        || word.starts_with('/') && word.len() > 1
        || search::contains(word, "audtk_")
        || search::contains(word, "whsec_")
        || has_number(word)
        || word.len() >= KEY_LEN && word.contains(|c: char| c.is_ascii_digit());
    if is_secret { "…" } else { word }.to_owned()
}

/// Whether somebody's number may be in it, with or without spaces of its own kind.
fn has_number(word: &str) -> bool {
    let longest = word
        .split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .max();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    longest >= Some(NUMBER_LEN) || word.starts_with('+') && digits >= NUMBER_LEN
}

/// An event that there is, for the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// Its name in a line.
    pub name: &'static str,
    /// How loud it is.
    pub level: Level,
    /// What happened, and what it comes to.
    pub text: &'static str,
    /// Its fields, in their order.
    pub fields: &'static [&'static str],
}

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $level:ident $name:literal $event:ident { $($field:ident: $kind:ty),* })+) => {
        /// What is logged.
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs, reason = "a field is called what it is, and its type says how it is written")]
        pub enum Event<'a> {
            $($(#[doc = $doc])+ $event { $($field: $kind),* },)+
        }

        /// All of them.
        pub const EVENTS: &[Described] = &[$(Described {
            name: $name,
            level: Level::$level,
            text: concat!($($doc),+),
            fields: &[$(stringify!($field)),*],
        }),+];

        impl Event<'_> {
            /// Whether anybody has to do something.
            #[must_use]
            pub const fn level(&self) -> Level {
                match self {
                    $(Self::$event { .. } => Level::$level,)+
                }
            }

            /// The line of the log, without its end.
            #[must_use]
            pub fn line(&self) -> String {
                match self {
                    $(Self::$event { $($field),* } => line(self.level(), $name, &[$((stringify!($field), $field as &dyn Loggable)),*]),)+
                }
            }
        }
    };
}

fn line(level: Level, name: &str, fields: &[(&str, &dyn Loggable)]) -> String {
    let mut line = format!("{{\"level\":\"{}\",\"event\":\"{name}\"", level.name());
    for (name, value) in fields {
        let _ = write!(line, ",\"{name}\":");
        value.write(&mut line);
    }
    line.push('}');
    line
}

events! {
    /// `MASTER_KEY` is missing, or is not at least 32 bytes in base64. Nothing is answered until it is set.
    Error "master_key_unusable" MasterKeyUnusable {}
    /// An object's storage refused a statement. What was requested was not done.
    Error "sql_failed" SqlFailed { cause: Text<'a> }
    /// A row does not hold what this release expects. Its call is skipped.
    Error "row_unreadable" RowUnreadable {}
    /// An object's alarm could not be set. It is tried again at the object's next request, and by the cron.
    Error "alarm_not_set" AlarmNotSet { cause: Text<'a> }
    /// A binding of the Worker (KV, an object, the journal, the vault) failed or did not answer in time.
    Error "service_failed" ServiceFailed { service: &'static str, cause: Text<'a> }
    /// An object's answer could not be read.
    Error "answer_unreadable" AnswerUnreadable { object: &'static str }
    /// An object runs another release, which does not know the request it was sent: seen while a release rolls out.
    Warning "another_release" AnotherRelease { object: &'static str }
    /// An object's reply belongs to a different request than the one it was sent: an unexpected release, or a bug.
    Error "answer_mismatched" AnswerMismatched { object: &'static str }
    /// A queue did not accept messages. The rows say what they were for, and that work is due again.
    Warning "queue_refused" QueueRefused { queue: &'static str, messages: usize, cause: Text<'a> }
    /// A message that could not be read was dropped.
    Error "message_unreadable" MessageUnreadable { queue: Text<'a>, bytes: usize }
    /// A dispatch message failed repeatedly. Its trunk is reminded of what is due.
    Error "dispatch_dead_letter" DispatchDeadLetter { trunk: TrunkTag }
    /// A callback's message failed repeatedly. The object that keeps the delivery is reminded of it.
    Error "callback_dead_letter" CallbackDeadLetter { delivery: DeliveryId }
    /// The operator deleted an organisation: its keys no longer work, and the deletion of its data begins.
    Info "organisation_deleting" OrganisationDeleting { org: OrgId, request: Text<'a> }
    /// A deleted organisation's data is gone.
    Info "organisation_deleted" OrganisationDeleted { org: OrgId }
    /// The archive did not accept old calls. They stay, and are offered again.
    Error "archive_refused" ArchiveRefused { calls: usize, cause: Text<'a> }
    /// The results of dialed calls could not be reported to their trunk, which will inquire.
    Warning "report_lost" ReportLost { trunk: TrunkTag }
    /// The dialer could not place a call, or its carrier rejected its credentials: `why` says what to fix.
    Error "call_not_placed" CallNotPlaced { call: CallId, trunk: TrunkId, why: Text<'a> }
    /// LiveKit did not answer a question about a call whose phone has rung; it is asked again.
    Warning "livekit_unreachable" LiveKitUnreachable { call: CallId, what: &'static str, why: &'static str }
    /// The answer to a dial was lost; the dialer looks for the phone in the room instead.
    Warning "dial_answer_lost" DialAnswerLost { call: CallId }
    /// An event from LiveKit could not be passed on to its trunk, which will ask.
    Warning "livekit_event_lost" LiveKitEventLost { org: OrgId, call: CallId }
    /// A call is not recorded although its organisation has recordings enabled. The call goes on.
    Error "recording_not_started" RecordingNotStarted { call: CallId }
}

#[cfg(test)]
#[path = "telemetry_tests.rs"]
mod tests;
