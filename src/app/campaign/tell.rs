//! Telling campaigns how their calls ended, or that they may begin more. None of it is owed: a campaign asks for what it
//! was not told.

use super::command::Ended;
use super::port::{Campaigns, ask};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::host::Host;
use crate::app::messages::CampaignErrand;
use crate::domain::ids::OrgId;

/// Tells each of them once.
pub async fn tell(world: &(impl Host + Campaigns), org: OrgId, errands: Vec<CampaignErrand>) {
    let told = errands.into_iter().map(async |errand| {
        let CampaignErrand { campaign, calls } = errand;
        let _ = ask(world, org, campaign, Ended(calls)).await;
    });
    concurrent(CONNECTIONS, told).await;
}
