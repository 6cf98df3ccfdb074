//! One person's data is erased when everything else is over, while objects die again and again. The rows of all objects are then
//! searched for the number, from outside; nothing else is judged after that.

use std::rc::Rc;

use audatec::domain::contacts::Number;
use audatec::domain::erasure::mentions;
use audatec::domain::phone::E164;
use audatec::domain::sandbox::TEST_NUMBERS;
use serde_json::{Value, json};

use crate::clients::{Ask, Heard, Org, ask};
use crate::executor::Owner;
use crate::ports::pause;
use crate::world::W;
use crate::{contacts_node, directory_node, trunk_node};

/// For so long objects die.
const DYING_MS: u64 = 8_000;
/// How often somebody looks, a second apart, until an erasure counts as never completed.
const LOOKS: usize = 900;

/// Each organisation has a number erased; the world has to come to rest then.
pub fn live(w: &W) {
    w.is_erasing.set(true);
    for org in w.orgs.borrow().clone() {
        let world = Rc::clone(w);
        w.tasks
            .spawn(Owner::Client, async move { erase(&world, &org).await });
    }
    dies(w, w.time() + DYING_MS);
    w.tasks.run_ready();
}

/// One object after the other dies.
pub fn dies(w: &W, until: u64) {
    w.after(w.eraser.between(5, 300), move |w| {
        if w.time() >= until {
            return;
        }
        let trunks: Vec<_> = w.trunks.borrow().values().cloned().collect();
        let offices: Vec<_> = w.offices.borrow().values().cloned().collect();
        let campaigns: Vec<_> = w.campaigns.borrow().values().cloned().collect();
        if w.eraser.hits(400)
            && let Some(node) = w.eraser.pick(&trunks)
        {
            node.die(w);
        }
        if w.eraser.hits(400)
            && let Some(office) = w.eraser.pick(&offices)
        {
            office.die(w);
        }
        if w.eraser.hits(400)
            && let Some(node) = w.eraser.pick(&campaigns)
        {
            node.die(w);
        }
        dies(w, until);
    });
}

/// Asks until that is answered, as a repeat under one key may be.
async fn insist(w: &W, org: &Org, path: &str, body: Value, good: [u16; 2]) -> Option<Heard> {
    for _ in 0..60 {
        let mut request = Ask::send("POST", path.into(), &org.owner, Some(body.clone()));
        request.idempotency = Some(path.trim_start_matches('/').to_owned());
        let heard = ask(w, request).await;
        if let Some(heard) = heard.filter(|heard| good.contains(&heard.status)) {
            return Some(heard);
        }
        pause(w, w.eraser.between(100, 1_000)).await;
    }
    w.oracle
        .fail(None, None, format!("POST {path} is never answered"));
    None
}

async fn erase(w: &W, org: &Rc<Org>) {
    let listed = w.eraser.pick(&TEST_NUMBERS).map(|row| row.number);
    let phone = listed.and_then(E164::parse);
    let (Some(listed), Some(phone)) = (listed, phone) else {
        return;
    };
    let body = json!({"phone_number": listed});
    let is_suppressed = w.eraser.hits(500);
    if is_suppressed {
        insist(w, org, "/suppressions", body.clone(), [200, 201]).await;
    }
    let Some(heard) = insist(w, org, "/erasures", body, [202, 202]).await else {
        return;
    };
    let path = format!(
        "/erasures/{}",
        heard.json()["id"].as_str().unwrap_or_default()
    );
    for _ in 0..LOOKS {
        pause(w, 1_000).await;
        let heard = ask(w, Ask::get(path.clone(), &org.owner)).await;
        let erasure = heard.map(|heard| heard.json()).unwrap_or_default();
        if erasure["status"] == "completed" {
            return judge(w, org, Number::of(&phone), is_suppressed, &erasure);
        }
    }
    w.oracle
        .fail(None, None, "an erasure is never completed".into());
}

fn judge(w: &W, org: &Org, number: Number, is_suppressed: bool, erasure: &Value) {
    let named = |texts: &[String]| texts.iter().find(|text| mentions(text, number)).cloned();
    for line in org.lines.borrow().iter() {
        let node = trunk_node::of(w, line.id.tag());
        if let Some(text) = named(&node.rows.texts()) {
            let what = format!("after its erasure a trunk has {text}");
            return w.oracle.fail(Some(node.tag), None, what);
        }
    }
    let office = directory_node::of(w, org.id).texts();
    let mut others = office.clone();
    for (id, node) in w.campaigns.borrow().iter() {
        if office.iter().any(|text| text.contains(&id.to_string())) {
            others.extend(node.rows.texts());
        }
    }
    if let Some(text) = named(&others) {
        let what = format!("after its erasure a directory or a campaign has {text}");
        return w.oracle.fail(None, None, what);
    }
    let (is_kept, has_dials) = contacts_node::of(w, org.id, number.shard()).knows(number);
    if has_dials || is_kept != is_suppressed || erasure["suppression_kept"] != is_kept {
        let what = format!(
            "suppressed {is_suppressed}, and after the erasure {is_kept}, with dials {has_dials}: {erasure}"
        );
        w.oracle.fail(None, None, what);
    }
}
