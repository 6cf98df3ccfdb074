//! An organisation is deleted when everything else is over, amid calls of its own, and while objects die again and again. Once
//! the request is answered, none of its phones may ring; in the end nothing of it may be left in any object or copy, and
//! everything of all others must be.

use std::collections::BTreeMap;
use std::rc::Rc;

use audatec::app::directory::{Ask as Command, DirectoryCommand};
use audatec::app::erasing::{Eraser, Holder};
use audatec::app::ports::Unavailable;
use audatec::app::records::RecordKey;
use audatec::domain::directory::Grave;
use audatec::domain::ids::{OrgId, TrunkTag};
use serde_json::json;

use crate::clients::{Ask, Org, ask};
use crate::executor::Owner;
use crate::oracle::Intent;
use crate::ports::{DirectoryPort, pause};
use crate::world::W;
use crate::{campaign_node, contacts_node, directory_node, eraser, trunk_node};

/// For so long objects die.
const DYING_MS: u64 = 20_000;
/// How often somebody looks, and at most how many times.
const LOOK_MS: u64 = 5_000;
const LOOKS: usize = 5_000;
/// Whoever was allowed to ring a phone does so by then.
const GRANTED_MS: u64 = 1_500;
/// How many calls each trunk is asked for: the first is dialed, the others wait.
const CALLS: u64 = 4;

/// The first organisation is deleted; the world has to come to rest then.
pub fn live(w: &W) {
    let orgs = w.orgs.borrow().clone();
    let Some(org) = orgs.first().cloned() else {
        return;
    };
    w.is_erasing.set(true);
    let world = Rc::clone(w);
    w.tasks.spawn(Owner::Client, async move {
        let others = kept(&world, &orgs[1..]);
        place_some(&world, &org).await;
        list_campaigns(&world, &org).await;
        delete(&world, &org).await;
        judge(&world, &org);
        if kept(&world, &orgs[1..]) != others {
            let what = "the deletion of an organisation took calls of another".into();
            world.oracle.fail(None, None, what);
        }
    });
    eraser::dies(w, w.time() + DYING_MS);
    w.tasks.run_ready();
}

/// The calls that trunks of these organisations have.
fn kept(w: &W, orgs: &[Rc<Org>]) -> BTreeMap<TrunkTag, Vec<String>> {
    let lines = orgs.iter().flat_map(|org| org.lines.borrow().clone());
    let calls = lines.map(|line| {
        let node = trunk_node::of(w, line.id.tag());
        let ids = node.rows.all();
        (
            node.tag,
            ids.iter().map(|call| call.id.to_string()).collect(),
        )
    });
    calls.collect()
}

async fn place_some(w: &W, org: &Org) {
    let agent = org.agents.borrow().first().copied();
    let lines = org.lines.borrow().clone();
    let Some(agent) = agent else { return };
    for line in lines.iter().filter(|line| !line.leaving.get()) {
        for _ in 0..CALLS {
            let nonce = w.nonces.get() + 1;
            w.nonces.set(nonce);
            w.oracle.intends(nonce, Intent::new(false, false, true));
            let body = json!({
                "phone_number": "+15005550000", "agent_id": agent, "sip_trunk_id": line.id,
                "metadata": {"customer_name": "Rahul Sharma", "nonce": nonce},
                "on_capacity": "queue", "max_wait_seconds": 100,
            });
            let place = Ask::send("POST", "/calls".into(), &org.owner, Some(body));
            let _ = ask(w, place).await;
        }
    }
    pause(w, w.deleter.between(1, 3_000)).await;
}

/// The directory lists the organisation's campaigns from now on: until then they live without it here.
async fn list_campaigns(w: &W, org: &Org) {
    let nodes: Vec<_> = w.campaigns.borrow().values().cloned().collect();
    let records = nodes.iter().filter_map(|node| node.rows.said());
    for campaign in records.map(|record| record.campaign) {
        if campaign.org != org.id {
            continue;
        }
        for _ in 0..LOOKS {
            let create = Command::CreateCampaign(Box::new(campaign.clone()));
            let create = DirectoryCommand::of_the_platform(create);
            if directory_node::ask(w, org.id, create).await.is_ok() {
                break;
            }
            pause(w, LOOK_MS).await;
        }
    }
}

/// Asks for it until that is answered, and waits until it is done.
async fn delete(w: &W, org: &Org) {
    let path = format!("/platform/v1/orgs/{}", org.id);
    for _ in 0..LOOKS {
        let request = Ask::send("DELETE", path.clone(), "platform-token", None);
        let heard = ask(w, request).await;
        let status = heard.as_ref().map_or(0, |heard| heard.status);
        if matches!(status, 200 | 202) {
            let mut deleted = w.deleted_orgs.borrow_mut();
            deleted.entry(org.id).or_insert(w.time());
        }
        let state = heard.map(|heard| heard.json()["status"].clone());
        if state.is_some_and(|state| state == "deleted") {
            return;
        }
        pause(w, LOOK_MS).await;
    }
    w.oracle.fail(None, None, "a deletion is never done".into());
}

fn judge(w: &W, org: &Org) {
    let left = |what: &str, texts: &[String]| {
        if let Some(text) = texts.first() {
            let what = format!("after its deletion {what} has {text}");
            w.oracle.fail(None, None, what);
        }
    };
    for line in org.lines.borrow().iter() {
        left("a trunk", &trunk_node::of(w, line.id.tag()).rows.texts());
    }
    left("its directory", &directory_node::of(w, org.id).texts());
    let campaigns: Vec<_> = w.campaigns.borrow().values().cloned().collect();
    for node in campaigns {
        let texts = node.rows.texts().into_iter();
        let own = texts.filter(|text| text.contains(&org.id.to_string()));
        left("a campaign", &own.collect::<Vec<_>>());
    }
    let numbers: Vec<_> = w.numbers.borrow().keys().copied().collect();
    for (whose, shard) in numbers {
        if whose == org.id && !contacts_node::of(w, whose, shard).is_bare() {
            left("a shard", &["numbers".into()]);
        }
    }
    let id = org.id.to_string();
    let copies = w.copies.names("").into_iter();
    let tells = |name: &String| name.contains(&id) || tells_of(w, name, &id);
    // By this one it is listed, until the cron finds that nobody answers to it.
    let copies = copies.filter(|name| *name != RecordKey::Trunks(org.id).to_string());
    left("KV", &copies.filter(tells).collect::<Vec<_>>());
}

fn tells_of(w: &W, name: &str, id: &str) -> bool {
    w.copies.stored(name).is_some_and(|json| json.contains(id))
}

/// No phone of an organisation rings whose deletion was answered.
pub fn may_ring(w: &W, org: OrgId) -> bool {
    let deleted = w.deleted_orgs.borrow();
    let since = deleted.get(&org).copied();
    since.is_none_or(|since| w.time() <= since + GRANTED_MS)
}

/// Whether a trunk has been emptied with its organisation: nobody has to know its calls.
pub fn has_gone(w: &W, trunk: TrunkTag) -> bool {
    let (orgs, deleted) = (w.orgs.borrow(), w.deleted_orgs.borrow());
    let mut gone = orgs.iter().filter(|org| deleted.contains_key(&org.id));
    let is_gone = gone.any(|org| org.lines.borrow().iter().any(|line| line.id.tag() == trunk));
    is_gone && trunk_node::of(w, trunk).rows.texts().is_empty()
}

impl Eraser for DirectoryPort {
    async fn is_empty(&self, holder: Holder) -> Result<bool, Unavailable> {
        let w = &self.0;
        pause(w, w.deleter.between(1, 6)).await;
        Ok(match holder {
            Holder::Trunk(tag) => trunk_node::of(w, tag).rows.texts().is_empty(),
            Holder::Numbers(org, shard) => contacts_node::of(w, org, shard).is_bare(),
            Holder::Campaign(_, id) => campaign_node::of(w, id).rows.texts().is_empty(),
            Holder::Directory(org) => directory_node::of(w, org).texts().is_empty(),
        })
    }

    async fn wipe(&self, holder: Holder) -> Result<(), Unavailable> {
        let w = &self.0;
        pause(w, w.deleter.between(1, 6)).await;
        match holder {
            Holder::Trunk(tag) => trunk_node::of(w, tag).wipe(w),
            Holder::Numbers(org, shard) => contacts_node::of(w, org, shard).clear(),
            Holder::Campaign(_, id) => campaign_node::of(w, id).wipe(w),
            Holder::Directory(org) => directory_node::of(w, org).wipe(),
        }
        Ok(())
    }

    async fn remove_copies(&self, prefix: &str) -> Result<bool, Unavailable> {
        let w = &self.0;
        pause(w, w.deleter.between(1, 20)).await;
        let some: Vec<_> = w.copies.names(prefix).into_iter().take(2).collect();
        let was_there = !some.is_empty();
        some.into_iter().for_each(|name| w.copies.write(name, None));
        Ok(was_there)
    }

    async fn remove_archived(&self, _: &str) -> Result<bool, Unavailable> {
        Ok(false)
    }

    async fn stored_copy(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        Ok(self.0.copies.stored(&key.to_string()))
    }

    async fn bury(&self, grave: &Grave) -> Result<(), Unavailable> {
        let operators = self.0.secrets.operators();
        let bury = DirectoryCommand::of_the_platform(Command::Bury(*grave));
        let buried = directory_node::ask(&self.0, operators, bury).await;
        buried.map(drop)
    }
}
