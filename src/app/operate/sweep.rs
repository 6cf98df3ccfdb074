//! The cron's round: it pokes objects in case an alarm was lost, and gathers problems for the operator.

use super::reseal::reseal;
use crate::app::campaign::{self, Campaigns};
use crate::app::concurrent::{CONNECTIONS, concurrent, share_of};
use crate::app::directory::{self, Directories, command::Swept};
use crate::app::directory::{By, DirectoryRefusal, Oversight, RecordWriter, Sweep, Ticked};
use crate::app::host::{Host, Records, Unavailable, Vault};
use crate::app::records::RecordKey;
use crate::app::trunk::{self, Trunks};
use crate::domain::directory::Waiting;
use crate::domain::ids::{CampaignId, OrgId, TrunkId, TrunkTag};
use crate::domain::vitals::{Vitals, VitalsAsked};

/// How many objects one run pokes, and how many campaigns: an invocation may make 1,000 requests.
const POKES: usize = 400;
/// For how many organisations one run reseals secrets.
const RESEALED: usize = 5;

enum Door {
    Trunk(TrunkId),
    Directory(OrgId),
}

/// The result of a poke.
enum Heard {
    Trunk(TrunkTag, Result<Box<Vitals>, Unavailable>),
    /// Its report on itself.
    Directory(OrgId, Ticked),
    /// There is nothing behind the name, which is all that is left of a deleted organisation.
    Nobody,
}

/// Pokes all objects if they are few, or else a different share of them each minute; then the campaigns that run according to
/// their directories. Reports what it found to the operator's own directory.
pub async fn sweep(
    world: &(impl Host + Records + RecordWriter + Trunks + Campaigns + Directories + Vault),
    asked: VitalsAsked,
) {
    let known = world.trunks().await;
    let trunks = known.as_deref().unwrap_or_default();
    let mut doors: Vec<Door> = trunks.iter().map(|(_, id)| Door::Trunk(*id)).collect();
    let organisations = world.organisations().await.unwrap_or_default();
    doors.extend(organisations.into_iter().map(Door::Directory));
    let due = share_of(doors, POKES, world.now());
    let heard = concurrent(CONNECTIONS, due.map(|door| poke(world, door, asked))).await;
    let mut sweep = Sweep::default();
    let due = share_of(running(&heard), POKES, world.now());
    let pokes = due.map(async |(org, id)| {
        let told = campaign::ask(world, org, id, campaign::command::Tick).await;
        (org, told.ok().and_then(Result::ok).unwrap_or_default())
    });
    for (org, ticked) in concurrent(CONNECTIONS, pokes).await {
        sweep.lost_alarms += usize::from(ticked.lost_alarm);
        let undelivered = Waiting::of(ticked.undelivered_since.into_iter());
        sweep.backlogs.undelivered.add(org, undelivered);
    }
    sweep.backlogs.former_secrets = reseal_some(world, &heard).await;
    gather(world, heard, &mut sweep);
    let told = tell(world, sweep).await;
    // The list of all trunks shows which ones no longer exist.
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

/// Pokes one, and takes its report, or its list of running campaigns.
async fn poke(
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
    let ticked = told.ok().and_then(Result::ok).unwrap_or_default();
    Heard::Directory(org, ticked)
}

/// The campaigns to remind.
fn running(heard: &[Heard]) -> Vec<(OrgId, CampaignId)> {
    let mut all = Vec::new();
    for heard in heard {
        if let Heard::Directory(org, ticked) = heard {
            all.extend(ticked.campaigns.iter().map(|card| (*org, card.id)));
        }
    }
    all
}

/// Has secrets resealed that a former key sealed. Returns how many there were.
async fn reseal_some(world: &(impl Host + Directories + Vault), heard: &[Heard]) -> usize {
    let Some(key) = world.sealing_key() else {
        return 0;
    };
    let mut count = 0;
    let mut old = Vec::new();
    for heard in heard {
        if let Heard::Directory(org, ticked) = heard {
            let former = ticked.seals.iter().filter(|(seal, _)| *seal != key);
            let former: usize = former.map(|(_, count)| count).sum();
            count += former;
            if former > 0 {
                old.push(*org);
            }
        }
    }
    for org in share_of(old, RESEALED, world.now()) {
        reseal(world, org, &key).await;
    }
    count
}

fn gather(host: &impl Host, heard: Vec<Heard>, sweep: &mut Sweep) {
    let limit = host.settings().storage_limit;
    for heard in heard {
        match heard {
            Heard::Trunk(tag, Ok(vitals)) => {
                sweep.looked_at.push(tag);
                sweep.lost_alarms += usize::from(vitals.lost_alarm);
                sweep.findings.extend(vitals.findings(limit, host.now()));
            }
            Heard::Trunk(_, Err(Unavailable)) => sweep.unreachable += 1,
            Heard::Directory(org, ticked) => {
                sweep.lost_alarms += usize::from(ticked.lost_alarm);
                let backlogs = &mut sweep.backlogs;
                backlogs.undelivered.add(org, ticked.undelivered);
                backlogs.erasures.add(org, ticked.erasures);
                let deletion = Waiting::of(ticked.deleting_since.into_iter());
                backlogs.deletions.add(org, deletion);
            }
            Heard::Nobody => {}
        }
    }
}

async fn tell(world: &(impl Host + Directories), sweep: Sweep) -> Option<Box<Oversight>> {
    let operators = world.secrets().operators();
    let swept = Swept(Box::new(sweep));
    let told = directory::ask(world, operators, By::PLATFORM, swept).await;
    told.ok()?.ok()
}

/// The trunks of open alerts that no longer exist.
fn gone(oversight: &Oversight, known: &[(OrgId, TrunkId)]) -> Vec<TrunkTag> {
    let of = oversight.alerts.0.iter().filter_map(|open| open.finding.of);
    let gone = of.filter(|of| !known.contains(of));
    gone.map(|(_, trunk)| trunk.tag()).collect()
}
