//! Complete calls, a page at a time, for exports of everything that is stored: each with its metadata, its transcript, and
//! its callback's delivery.

use super::reply::reply;
use super::{Answer, CallFilter, Desk, Reader, Shown, StoreFailed, TrunkRefusal, TrunkStore};
use crate::app::views::call::DetailedCall;
use crate::app::views::delivery::DeliveryView;
use crate::app::views::export::line;
use crate::domain::call::Call;
use crate::domain::ids::CallId;
use crate::domain::object::object;
use crate::domain::to_json::to_json;

/// A page ends with the call that brings it to this many bytes.
const FULL: usize = 524_288;

/// Complete calls, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct WholePage {
    /// Each call with its lines.
    pub calls: Vec<Shown>,
    /// The oldest one looked at, if the page ended before its limit and before the rows did.
    pub until: Option<CallId>,
}

reply!(WholePage { calls, until } = Shown(calls, until));

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn whole(
        &mut self,
        reader: Reader,
        filter: CallFilter,
    ) -> Answer<Result<WholePage, TrunkRefusal>> {
        if let Some(refusal) = self.refuses(reader) {
            return Ok(Err(refusal));
        }
        let found = self.found(reader, &filter)?;
        let (mut calls, mut bytes) = (Vec::new(), 0);
        let mut until = found.until;
        for call in found.calls {
            let call = self.with_metadata(call)?;
            let item = self.lines(&call)?;
            bytes += item.len();
            calls.push(Shown { id: call.id, item });
            if bytes >= FULL {
                until = Some(call.id);
                break;
            }
        }
        Ok(Ok(WholePage { calls, until }))
    }

    fn lines(&self, call: &Call) -> Result<String, StoreFailed> {
        let view = DetailedCall::of(call, self.now, self.settings);
        let mut lines = line("call", &to_json(&view).unwrap_or_default());
        if let Some(said) = self.store.transcript(call.id)? {
            let said = object! {"call_id": call.id, "transcript": said};
            lines += &line("transcript", &to_json(&said).unwrap_or_default());
        }
        if let Some(delivery) = &call.callback {
            let view = DeliveryView::of(delivery, Some(call.id));
            lines += &line("delivery", &to_json(&view).unwrap_or_default());
        }
        Ok(lines)
    }
}
