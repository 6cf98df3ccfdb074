//! The cron's way around: it pokes objects in case an alarm was lost, and gathers what is amiss for the operator.

use crate::app::campaign::{self, Campaigns};
use crate::app::concurrent::{CONNECTIONS, concurrent, share_of};
use crate::app::directory::{self, Directories, command::Swept};
use crate::app::directory::{By, DirectoryRefusal, Oversight, RecordWriter, Sweep};
use crate::app::host::{Host, Records, Unavailable};
use crate::app::records::RecordKey;
use crate::app::trunk::{self, Trunks};
use crate::domain::ids::{CampaignId, OrgId, TrunkId, TrunkTag};
use crate::domain::vitals::{Vitals, VitalsAsked};

/// How many objects one run pokes, and how many campaigns: an invocation may make 1,000 requests.
const KNOCKS: usize = 400;

enum Door {
    Trunk(TrunkId),
    Directory(OrgId),
}

/// What came of a knock.
enum Heard {
    Trunk(TrunkTag, Result<Box<Vitals>, Unavailable>),
    /// Its campaigns that run.
    Directory(Vec<(OrgId, CampaignId)>),
    /// Nobody is behind it: of an organisation that was deleted the name alone is left.
    Nobody,
}

/// Knocks at all objects when they are few, else at another share of them each minute; then at campaigns that run, as their
/// directories say. Tells the operator's own directory what was found.
pub async fn sweep(
    world: &(impl Host + Records + RecordWriter + Trunks + Campaigns + Directories),
    asked: VitalsAsked,
) {
    let known = world.trunks().await;
    let trunks = known.as_deref().unwrap_or_default();
    let mut doors: Vec<Door> = trunks.iter().map(|(_, id)| Door::Trunk(*id)).collect();
    let organisations = world.organisations().await.unwrap_or_default();
    doors.extend(organisations.into_iter().map(Door::Directory));
    let due = share_of(doors, KNOCKS, world.now());
    let heard = concurrent(CONNECTIONS, due.map(|door| knock(world, door, asked))).await;
    let running = heard.iter().flat_map(|heard| match heard {
        Heard::Directory(running) => running.as_slice(),
        Heard::Trunk(..) | Heard::Nobody => &[],
    });
    let due = share_of(running.copied().collect(), KNOCKS, world.now());
    let pokes = due.map(|(org, id)| campaign::ask(world, org, id, campaign::command::Tick));
    concurrent(CONNECTIONS, pokes).await;
    let sweep = gathered(world, heard);
    let told = tell(world, sweep).await;
    // What is known of all trunks tells which there are no more.
    if let (Ok(known), Some(oversight)) = (known, told) {
        let gone = gone(&oversight, &known);
        if !gone.is_empty() {
            let sweep = Sweep {
                gone,
                ..Sweep::default()
            };
            tell(world, sweep).await;
        }
    }
}

/// Pokes one, and hears how it is, or of campaigns that run.
async fn knock(
    world: &(impl Host + Records + RecordWriter + Trunks + Directories),
    door: Door,
    asked: VitalsAsked,
) -> Heard {
    let org = match door {
        Door::Trunk(id) => {
            let asked = trunk::command::Vitals(asked);
            return Heard::Trunk(id.tag(), trunk::ask(world, id.tag(), asked).await);
        }
        Door::Directory(org) => org,
    };
    let told = directory::ask(world, org, By::PLATFORM, directory::command::Tick).await;
    if matches!(told, Ok(Err(DirectoryRefusal::Missing))) {
        let _ = world.write(&RecordKey::Trunks(org), None).await;
        return Heard::Nobody;
    }
    let cards = told.ok().and_then(Result::ok).unwrap_or_default();
    Heard::Directory(cards.into_iter().map(|card| (org, card.id)).collect())
}

fn gathered(host: &impl Host, heard: Vec<Heard>) -> Sweep {
    let mut sweep = Sweep::default();
    let limit = host.settings().storage_limit;
    for heard in heard {
        match heard {
            Heard::Trunk(tag, Ok(vitals)) => {
                sweep.looked_at.push(tag);
                sweep.lost_alarms += usize::from(vitals.lost_alarm);
                sweep.findings.extend(vitals.findings(limit, host.now()));
            }
            Heard::Trunk(_, Err(Unavailable)) => sweep.unreachable += 1,
            Heard::Directory(_) | Heard::Nobody => {}
        }
    }
    sweep
}

async fn tell(world: &(impl Host + Directories), sweep: Sweep) -> Option<Box<Oversight>> {
    let operators = world.secrets().operators();
    let swept = Swept(Box::new(sweep));
    let told = directory::ask(world, operators, By::PLATFORM, swept).await;
    told.ok()?.ok()
}

/// The trunks of open alerts that there are no more.
fn gone(oversight: &Oversight, known: &[(OrgId, TrunkId)]) -> Vec<TrunkTag> {
    let of = oversight.alerts.0.iter().filter_map(|open| open.finding.of);
    let gone = of.filter(|of| !known.contains(of));
    gone.map(|(_, trunk)| trunk.tag()).collect()
}
