//! What agents report, and what is stored of conversations.

use serde_json::Value;

use super::reply::reply;
use super::{Answer, Desk, Reader, TrunkRefusal, TrunkStore};
use crate::domain::call::Report;
use crate::domain::ids::{AgentId, CallId, OrgId};

/// What is stored of a call's conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptMedia {
    /// What was said: an array of lines.
    pub transcript: Option<Value>,
    /// Where the recording is.
    pub recording: Option<String>,
}

reply!(
    KeptMedia {
        transcript,
        recording
    } = Media(transcript, recording)
);
reply!(Value: lines = Transcript(lines));

/// The organisation and the agent of a call.
type Talking = (OrgId, AgentId);
reply!(Talking: (org, agent) = AgentOf(org, agent));

impl<S: TrunkStore> Desk<'_, '_, S> {
    pub(super) fn agent_of(&mut self, id: CallId) -> Answer<Option<Talking>> {
        let call = self.trunk.call(id, self.step);
        Ok(call.map(|call| (call.request.org, call.request.agent.id)))
    }

    pub(super) fn report(
        &mut self,
        id: CallId,
        report: Report,
        transcript: Option<Value>,
    ) -> Answer<Option<()>> {
        let Some(policy) = self.trunk.call(id, self.step).map(|call| call.media_policy) else {
            return Ok(None);
        };
        if let Some(lines) = transcript.filter(|_| policy.transcript) {
            self.store.put_transcript(id, &lines)?;
        }
        self.sees(|seen| &mut seen.agent_at);
        self.trunk.report(id, report, self.now, self.step);
        Ok(Some(()))
    }

    pub(super) fn media(&mut self, id: CallId) -> Answer<KeptMedia> {
        let call = self.trunk.call(id, self.step);
        let reported = call.and_then(|call| call.recording_url.clone());
        Ok(KeptMedia {
            transcript: self.store.transcript(id)?,
            recording: self.store.recording(id)?.or(reported),
        })
    }

    pub(super) fn recorded(&mut self, id: CallId, location: String) -> Answer<()> {
        if self.trunk.call(id, self.step).is_some() {
            self.store.put_recording(id, &location)?;
        }
        Ok(())
    }

    pub(super) fn transcript(
        &mut self,
        reader: Reader,
        id: CallId,
    ) -> Answer<Result<Option<Value>, TrunkRefusal>> {
        Ok(match self.for_reader(reader, id)? {
            Ok(Some(_)) => {
                let lines = self.store.transcript(id)?;
                Ok(Some(lines.unwrap_or_else(|| Value::Array(Vec::new()))))
            }
            Ok(None) => Ok(None),
            Err(refusal) => Err(refusal),
        })
    }
}
