//! The checks of each row, which are those of `POST /calls`.

use super::rows::Row;
use super::{REFERENCE, TIME_ZONE};
use crate::app::calls::trigger::{TOO_LONG_FILLED, check_metadata};
use crate::app::copies;
use crate::app::json;
use crate::app::ports::Api;
use crate::app::records::{RecordKey, TrunkRecord};
use crate::domain::access::KeyRecord;
use crate::domain::agent::Agent;
use crate::domain::calling_hours::ZoneName;
use crate::domain::campaign::{LONGEST_REFERENCE, NewRecipient, Plan};
use crate::domain::media::MediaSettings;
use crate::domain::numbering::is_possible;
use crate::domain::phone::E164;
use crate::domain::refusal::Refusal;

/// What a campaign's recipients are checked against.
pub struct Terms {
    pub agent: Agent,
    pub trunk: TrunkRecord,
    pub wants_possible: bool,
}

impl Terms {
    /// Those of a campaign, as the directory has them at the moment.
    ///
    /// # Errors
    /// Its agent or its trunk is gone; the directory can't be reached.
    pub async fn of(api: &impl Api, caller: &KeyRecord, plan: &Plan) -> Result<Self, Refusal> {
        let org = caller.org_id;
        let agent = copies::ask(api, caller, &RecordKey::Agent(org, plan.agent)).await?;
        let agent = agent.and_then(|text| json::read::<Agent>(&text).ok());
        let agent = agent.ok_or(Refusal::AgentNotFound)?;
        let trunk = copies::ask(api, caller, &RecordKey::Trunk(org, plan.trunk)).await?;
        let trunk = trunk.and_then(|text| json::read::<TrunkRecord>(&text).ok());
        let trunk = trunk.filter(|trunk| !trunk.deleted);
        let trunk = trunk.ok_or(Refusal::TrunkNotFound)?;
        let media = copies::ask(api, caller, &RecordKey::Media(org)).await?;
        let media = media.and_then(|text| json::read::<MediaSettings>(&text).ok());
        Ok(Self {
            agent,
            trunk,
            wants_possible: media.is_some_and(|media| media.reject_impossible_numbers),
        })
    }

    /// The recipient in a row.
    ///
    /// # Errors
    /// The first check that fails, in the order of `POST /calls`.
    pub fn recipient(&self, row: Row) -> Result<NewRecipient, Refusal> {
        if let Some(refusal) = row.wrong {
            return Err(refusal);
        }
        let given = row.phone.filter(|text| !text.is_empty());
        let given = given.ok_or(Refusal::Required("phone_number"))?;
        let phone = E164::parse(&given).ok_or(Refusal::PhoneNotE164)?;
        let reference = row.reference.filter(|text| !text.is_empty());
        let reference = reference.unwrap_or(given);
        if !is_reference(&reference) {
            return Err(Refusal::Invalid(format!("reference must be {REFERENCE}")));
        }
        let time_zone = row
            .time_zone
            .map(|text| ZoneName::parse(&text).ok_or_else(|| Refusal::Invalid(TIME_ZONE.into())));
        let time_zone = time_zone.transpose()?;
        let metadata = row.metadata.as_ref();
        let text = metadata.map(check_metadata).transpose()?;
        let missing = self.agent.input_schema.missing_keys(metadata);
        if !missing.is_empty() {
            return Err(Refusal::MetadataMissing(missing));
        }
        if !self.agent.filling(metadata).fits {
            return Err(Refusal::Invalid(TOO_LONG_FILLED.into()));
        }
        if self.wants_possible && !is_possible(&phone) {
            return Err(Refusal::ImpossibleNumber);
        }
        if !self.trunk.destinations.admit(&phone, self.trunk.simulates) {
            return Err(Refusal::DestinationNotAllowed);
        }
        Ok(NewRecipient {
            reference,
            phone,
            time_zone,
            metadata: text,
        })
    }
}

/// Whether it can be a recipient's reference: no URL leads to the two names that stand for folders.
fn is_reference(text: &str) -> bool {
    text != "." && text != ".." && text.chars().count() <= LONGEST_REFERENCE
}

#[cfg(test)]
#[path = "terms_tests.rs"]
mod tests;
