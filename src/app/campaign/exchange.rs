//! What a campaign asks others, and the answers.

use crate::app::host::{Host, Unavailable};
use crate::app::trunk::{CampaignHeard, TrunkRefusal, Trunks, ask, command};
use crate::domain::campaign::handover::{Became, Check, Round, RoundAnswer, Standing, TakeBack};
use crate::domain::ids::{CallId, CampaignId, OrgId, TrunkTag};
use crate::domain::time::Timestamp;

/// A question to the campaign's trunk, or to the directory. Each may be repeated.
#[derive(Clone, Debug, PartialEq)]
pub enum Exchange {
    /// Calls are handed over, and ids asked for.
    Round(TrunkTag, Box<Round>),
    /// How people stand.
    Check(TrunkTag, Box<Check>),
    /// How calls ended.
    Outcomes {
        /// The trunk over which they went out.
        trunk: TrunkTag,
        /// The campaign's organisation.
        org: OrgId,
        /// The campaign.
        campaign: CampaignId,
        /// Calls whose end it has not heard of.
        calls: Vec<CallId>,
    },
    /// Calls are taken back.
    TakeBack {
        /// The trunk over which they go out.
        trunk: TrunkTag,
        /// The campaign's organisation.
        org: OrgId,
        /// The campaign.
        campaign: CampaignId,
        /// Calls that it handed over and no longer wants.
        calls: Vec<CallId>,
        /// Whether it was paused or cancelled, which matters for ringing phones.
        why: TakeBack,
        /// Phones still ringing have had their time.
        last: bool,
    },
    /// Reports the campaign's state, for the live feed's listeners.
    Tell {
        /// The campaign's trunk, whose live feed passes it on.
        trunk: TrunkTag,
        /// The campaign's organisation.
        org: OrgId,
        /// The campaign.
        campaign: CampaignId,
        /// As clients see it, in JSON.
        view: String,
    },
    /// Tells the directory that the campaign rests.
    Rest {
        /// The campaign's organisation.
        org: OrgId,
        /// The campaign.
        campaign: CampaignId,
        /// The start after which it does.
        mark: u64,
    },
}

/// The answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The outcome of a round.
    Round(RoundAnswer),
    /// How people stand.
    Standings(Vec<Standing>),
    /// How calls ended.
    Outcomes(Vec<(CallId, Became)>),
    /// Calls were taken back, except some that must be taken back again at this time.
    TakenBack(Option<Timestamp>),
    /// The trunk's answer to the campaign's report.
    Told(CampaignHeard),
    /// Nobody received the report.
    Untold,
    /// The directory knows that it has rested since that start.
    Rested(u64),
    /// It is refused.
    Refused(TrunkRefusal),
    /// Nobody answered.
    Nothing,
}

impl Exchange {
    /// Asks the trunk.
    ///
    /// # Errors
    /// It can't be reached, or this is not a question for a trunk.
    pub async fn ask(&self, world: &(impl Host + Trunks)) -> Result<Heard, Unavailable> {
        Ok(match self.clone() {
            Self::Round(trunk, round) => {
                let told = ask(world, trunk, command::CampaignRound(*round)).await?;
                told.map_or_else(Heard::Refused, Heard::Round)
            }
            Self::Check(trunk, check) => {
                let told = ask(world, trunk, command::CampaignCheck(*check)).await?;
                told.map_or_else(Heard::Refused, Heard::Standings)
            }
            Self::Outcomes {
                trunk,
                org,
                campaign,
                calls,
            } => {
                let outcomes = command::CampaignOutcomes {
                    org,
                    campaign,
                    calls,
                };
                Heard::Outcomes(ask(world, trunk, outcomes).await?)
            }
            Self::TakeBack {
                trunk,
                org,
                campaign,
                calls,
                why,
                last,
            } => {
                let back = command::CampaignTakeBack {
                    org,
                    campaign,
                    calls,
                    why,
                    last,
                };
                Heard::TakenBack(ask(world, trunk, back).await?.again_at)
            }
            Self::Tell {
                trunk,
                org,
                campaign,
                view,
            } => {
                let tells = command::CampaignTells {
                    org,
                    campaign,
                    view,
                };
                let told = ask(world, trunk, tells).await;
                told.map_or(Heard::Untold, Heard::Told)
            }
            Self::Rest { .. } => return Err(Unavailable),
        })
    }
}
