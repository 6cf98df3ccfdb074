//! What a campaign asks of others, and what it hears.

use crate::app::host::{Host, Unavailable};
use crate::app::trunk::{CampaignHeard, TrunkRefusal, Trunks, ask, command};
use crate::domain::campaign::handover::{Became, Check, Round, RoundAnswer, Standing, TakeBack};
use crate::domain::ids::{CallId, CampaignId, OrgId, TrunkTag};
use crate::domain::time::Timestamp;

/// A question to the campaign's trunk, or to the directory. Each may be asked again.
#[derive(Clone, Debug, PartialEq)]
pub enum Exchange {
    /// Calls are handed over, and ids asked for.
    Round(TrunkTag, Box<Round>),
    /// How people stand.
    Check(TrunkTag, Box<Check>),
    /// What became of calls.
    Outcomes {
        /// The trunk over which they went out.
        trunk: TrunkTag,
        /// Whose campaign it is.
        org: OrgId,
        /// Which it is.
        campaign: CampaignId,
        /// Those of which it has heard no end.
        calls: Vec<CallId>,
    },
    /// Calls are taken back.
    TakeBack {
        /// The trunk over which they go out.
        trunk: TrunkTag,
        /// Whose campaign it is.
        org: OrgId,
        /// Which it is.
        campaign: CampaignId,
        /// Those that the campaign handed over and no longer wants.
        calls: Vec<CallId>,
        /// Whether it is paused or called off, which decides about phones that ring.
        why: TakeBack,
        /// A phone that rings by now has had its time.
        last: bool,
    },
    /// The campaign tells of itself, for whoever follows the live feed.
    Tell {
        /// The campaign's trunk, whose live feed tells of it.
        trunk: TrunkTag,
        /// Whose campaign it is.
        org: OrgId,
        /// Which it is.
        campaign: CampaignId,
        /// As clients read it, in JSON.
        view: String,
    },
    /// The directory is told that the campaign rests.
    Rest {
        /// Whose campaign it is.
        org: OrgId,
        /// Which it is.
        campaign: CampaignId,
        /// The start since which it does.
        mark: u64,
    },
}

/// What was heard.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The outcome of a round.
    Round(RoundAnswer),
    /// How people stand.
    Standings(Vec<Standing>),
    /// What became of calls.
    Outcomes(Vec<(CallId, Became)>),
    /// Calls were taken back, but for some that are to be taken back once more then.
    TakenBack(Option<Timestamp>),
    /// What becomes of what it tells of itself.
    Told(CampaignHeard),
    /// Nobody heard that.
    Untold,
    /// The directory knows that it rests since that start.
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
    /// It can't be reached, or this is nothing that a trunk is asked.
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
