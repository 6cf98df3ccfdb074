//! What the platform tells its operator about itself: its health, its metrics, and what the cron gathers
//! (sweep).

pub mod health;
pub mod metrics;
mod reseal;
pub mod sweep;
mod views;

use crate::app::directory::{self, By, Oversight, command};
use crate::app::ports::Api;
use crate::app::trunk::{FeedFilter, Look, Position, Reader, TrunkReply};
use crate::domain::ids::{KeyId, OrgId, TrunkId, TrunkTag};
use crate::domain::refusal::Refusal;
use crate::domain::time::Span;
use crate::domain::vitals::{Vitals, VitalsAsked};

/// What the platform knows of itself.
async fn overseen(api: &impl Api) -> Result<Box<Oversight>, Refusal> {
    let operators = api.secrets().operators();
    let told = directory::ask(api, operators, By::PLATFORM, command::Oversee).await;
    told.ok()
        .and_then(Result::ok)
        .ok_or(Refusal::DirectoryUnavailable)
}

/// The vitals of those of these trunks that answer, in the order of their ids.
async fn gather(
    api: &impl Api,
    trunks: &[(OrgId, TrunkId)],
    asked: VitalsAsked,
) -> Vec<((OrgId, TrunkId), Vitals)> {
    let tags: Vec<TrunkTag> = trunks.iter().map(|(_, id)| id.tag()).collect();
    let answers = look(api, tags, asked).in_parts(api, "vitals").await;
    let told = answers.into_iter().filter_map(|answer| match answer {
        Ok(TrunkReply::AllVitals(told)) => Some(told),
        _ => None,
    });
    let mut told: Vec<Vitals> = told.flatten().collect();
    // In the order in which they were asked: who answers first is random.
    let known = trunks.iter().filter_map(|of| {
        let at = told.iter().position(|vitals| vitals.of == Some(*of))?;
        Some((*of, told.swap_remove(at)))
    });
    known.collect()
}

/// A question only for vitals, with nothing for the feed.
fn look(api: &impl Api, trunks: Vec<TrunkTag>, asked: VitalsAsked) -> Look {
    Look {
        trunks,
        reader: Reader {
            org: api.secrets().operators(),
            key: KeyId::from_entropy([0; 16]),
            good_until: None,
        },
        filter: FeedFilter {
            after: Position::before(api.now()),
            only: Vec::new(),
            limit: 0,
            wait: Span(0),
            slice: None,
        },
        usage: None,
        vitals: Some(asked),
    }
}
