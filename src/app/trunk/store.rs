//! A trunk's rows, as its object needs them.

use std::borrow::Cow;

use serde_json::Value;

use super::{CallFilter, DeliveryFilter, FeedNotes, Found, Remembrance};
use crate::app::json;
use crate::domain::call::Call;
use crate::domain::ids::CallId;
use crate::domain::target::masked;
use crate::domain::time::Millis;
use crate::domain::trunk::Brief;

/// A row could not be read or written; what it was is logged where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFailed;

/// A call that is older than calls are kept: for the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Its id.
    pub id: CallId,
    /// The call as its row held it, in JSON.
    pub call: String,
    /// What was said in it, in JSON.
    pub transcript: Option<String>,
}

impl Expired {
    /// A line of the archive: `{"call": …, "transcript": …}`. The call is its row, but for the secrets in its URLs.
    #[must_use]
    pub fn line(&self) -> String {
        let transcript = self.transcript.as_deref().unwrap_or("null");
        let call = without_credentials(&self.call);
        format!(r#"{{"call":{call},"transcript":{transcript}}}"#)
    }
}

/// A call's row with the secrets of its callback's URL masked.
fn without_credentials(row: &str) -> Cow<'_, str> {
    // JSON may write an @ as an escape; ours never does, but a row that has either is worth a look.
    if !row.contains('@') && !row.contains("\\u0040") {
        return Cow::Borrowed(row);
    }
    let Ok(mut call) = json::read::<Value>(row) else {
        return Cow::Borrowed(row);
    };
    for pointer in ["/request/callback_url", "/callback/url"] {
        if let Some(Value::String(url)) = call.pointer_mut(pointer) {
            *url = masked(url).into_owned();
        }
    }
    Cow::Owned(call.to_string())
}

/// An object's rows. Synchronous: writes with no await between them are one commit.
pub trait TrunkStore {
    /// The directory's last word.
    fn brief(&self) -> Result<Option<Brief>, StoreFailed>;
    /// Keeps the directory's word.
    fn put_brief(&self, brief: &Brief) -> Result<(), StoreFailed>;
    /// All open calls: those marked late, and those open among the ones from `recent` on.
    fn open_calls(&self, recent: CallId) -> Result<Vec<Call>, StoreFailed>;
    /// When the calls from `from` on were accepted (refused ones left out) and dialed.
    fn starts(&self, from: CallId) -> Result<Vec<(CallId, Option<Millis>)>, StoreFailed>;
    /// The newest call.
    fn newest(&self) -> Result<Option<CallId>, StoreFailed>;
    /// Writes these calls' rows.
    fn put(&self, calls: &[Call]) -> Result<(), StoreFailed>;
    /// One call.
    fn get(&self, call: CallId) -> Result<Option<Call>, StoreFailed>;
    /// What is remembered of an `Idempotency-Key`.
    fn remembered(&self, key: &str) -> Result<Option<Remembrance>, StoreFailed>;
    /// Remembers an `Idempotency-Key`, and forgets those used before `forget_before`.
    fn remember(
        &self,
        key: &str,
        what: &Remembrance,
        forget_before: Millis,
    ) -> Result<(), StoreFailed>;
    /// What was said in a call.
    fn transcript(&self, call: CallId) -> Result<Option<Value>, StoreFailed>;
    /// Keeps what was said in a call, unless something is kept already.
    fn put_transcript(&self, call: CallId, lines: &Value) -> Result<(), StoreFailed>;
    /// Where the recording of a call is.
    fn recording(&self, call: CallId) -> Result<Option<String>, StoreFailed>;
    /// Notes where the recording of a call is.
    fn put_recording(&self, call: CallId, location: &str) -> Result<(), StoreFailed>;
    /// Closed calls, newest first, among the newest `filter.examine` rows below its ceiling.
    fn closed(&self, filter: &CallFilter) -> Result<Found, StoreFailed>;
    /// Closed calls from before `before`, oldest first: at most `limit` of them, each as its row holds it and with what
    /// was said in it.
    fn expired(&self, before: CallId, limit: usize) -> Result<Vec<Expired>, StoreFailed>;
    /// Removes calls, and all that is kept beside them.
    fn forget(&self, calls: &[CallId]) -> Result<(), StoreFailed>;
    /// Closed calls that have a callback, newest first, among as many rows.
    fn closed_deliveries(&self, filter: &DeliveryFilter) -> Result<Found, StoreFailed>;
    /// What is kept for the feed.
    fn feed_notes(&self) -> Result<Option<FeedNotes>, StoreFailed>;
    /// Keeps it.
    fn put_feed_notes(&self, notes: &FeedNotes) -> Result<(), StoreFailed>;
    /// Closed calls from `from` on and below `below`, oldest first, whose newest turn is not before `since`.
    fn told_since(
        &self,
        from: CallId,
        below: CallId,
        since: Millis,
        limit: usize,
    ) -> Result<Vec<Call>, StoreFailed>;
    /// Notes the late turns of a call, and forgets those of all calls from before `forget_before`.
    fn put_late_turns(
        &self,
        call: CallId,
        turns: &[Millis],
        forget_before: Millis,
    ) -> Result<(), StoreFailed>;
    /// The late turns from `since` on, oldest first, each with its call, if that is closed.
    fn late_turns(&self, since: Millis, limit: usize) -> Result<Vec<(Millis, Call)>, StoreFailed>;
}
