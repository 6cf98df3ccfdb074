//! What agents report, and what is kept of conversations.

use serde_json::Value;

use super::{Answer, Desk, Reader, TrunkReply, TrunkStore};
use crate::domain::call::Report;
use crate::domain::ids::CallId;

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn talker(&mut self, id: CallId) -> TrunkReply {
        let call = self.trunk.call(id, self.step);
        call.map_or(TrunkReply::Missing, |call| {
            TrunkReply::AgentOf(call.request.org, call.request.agent.id)
        })
    }

    pub(super) fn report(
        &mut self,
        id: CallId,
        report: Report,
        transcript: Option<Value>,
    ) -> Answer {
        let Some(keeps) = self.trunk.call(id, self.step).map(|call| call.keeps) else {
            return Ok(TrunkReply::Missing);
        };
        if let Some(lines) = transcript.filter(|_| keeps.transcript) {
            self.store.put_transcript(id, &lines)?;
        }
        self.trunk.report(id, report, self.now, self.step);
        Ok(TrunkReply::Done)
    }

    pub(super) fn media(&mut self, id: CallId) -> Answer {
        let call = self.trunk.call(id, self.step);
        let reported = call.and_then(|call| call.recording_url.clone());
        Ok(TrunkReply::Media(
            self.store.transcript(id)?,
            self.store.recording(id)?.or(reported),
        ))
    }

    pub(super) fn recorded(&mut self, id: CallId, location: &str) -> Answer {
        if self.trunk.call(id, self.step).is_some() {
            self.store.put_recording(id, location)?;
        }
        Ok(TrunkReply::Done)
    }

    pub(super) fn transcript(&mut self, reader: Reader, id: CallId) -> Answer {
        match self.for_reader(reader, id)? {
            TrunkReply::Call(_) => {
                let lines = self.store.transcript(id)?;
                Ok(TrunkReply::Transcript(
                    lines.unwrap_or_else(|| Value::Array(Vec::new())),
                ))
            }
            other => Ok(other),
        }
    }
}
