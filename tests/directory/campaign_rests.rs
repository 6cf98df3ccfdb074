//! Resting campaigns, as the directory is told of them; and guarded keys and agents, which campaigns use without asking for
//! permits.

use audatec::app::campaign::{Exchange, Heard};
use audatec::app::directory::{Directories, DirectoryCommand, DirectoryReply};
use audatec::app::resting;
use audatec::domain::ids::{AgentId, KeyId};
use audatec::domain::settings::Settings;
use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::world::{Org, World, block_on};
use crate::{agent, create, trunk, with};

struct Setting {
    world: World,
    org: Org,
    agent: String,
    trunk: String,
    campaign: String,
    key: KeyId,
}

impl Setting {
    fn send(&self, path: &str) -> u16 {
        let path = format!("/campaigns/{}{path}", self.campaign);
        self.world.post(&self.org, &path, json!({})).0
    }

    fn shown(&self) -> Value {
        let path = format!("/campaigns/{}", self.campaign);
        self.world.get(&self.org, &path).1
    }
}

/// A running campaign, of an organisation of which so many keys, agents and trunks know of each other.
fn running(unguarded: usize) -> Setting {
    let mut world = World::new();
    world.unguarded(unguarded);
    let org = world.found("Acme Lending");
    let schema = json!({"fields": []});
    let agent = with(agent(), "input_schema", Some(schema));
    let agent = create(&world, &org, "/agents", agent);
    let trunk = create(&world, &org, "/sip-trunks", trunk());
    let body = json!({"name": "June", "agent_id": agent, "sip_trunk_id": trunk});
    let campaign = create(&world, &org, "/campaigns", body);
    let people = json!({"recipients": [{"phone_number": "+919876543210"}]});
    let path = format!("/campaigns/{campaign}");
    assert_eq!(
        world.post(&org, &format!("{path}/recipients"), people).0,
        200
    );
    let (status, made) = world.post(&org, "/api-keys", json!({"name": "x", "role": "member"}));
    assert_eq!(status, 201);
    let text = |field: &str| made[field].as_str().expect("text").to_owned();
    let holder = Org {
        key: text("key"),
        ..org.clone()
    };
    assert_eq!(
        world.post(&holder, &format!("{path}/start"), json!({})).0,
        200
    );
    let key = text("id").parse().expect("an id");
    Setting {
        world,
        org,
        agent,
        trunk,
        campaign,
        key,
    }
}

fn mark(this: &Setting) -> u64 {
    let id = this.campaign.parse().expect("an id");
    let objects = this.world.campaigns.borrow();
    *objects[&(this.org.id, id)].marks.last().expect("a start")
}

fn tell(this: &Setting, mark: u64) -> Heard {
    let rest = Exchange::Rest {
        org: this.org.id,
        campaign: this.campaign.parse().expect("an id"),
        mark,
    };
    block_on(resting::ask(&this.world, &rest))
}

#[test]
fn a_campaign_that_says_that_it_rests_keeps_nobody_from_being_deleted() {
    let this = running(200);
    let agent = format!("/agents/{}", this.agent);
    let started = mark(&this);
    assert_eq!(this.send("/pause"), 200);
    assert_eq!(this.send("/start"), 200);
    // That it rested then is told late: it runs again.
    assert_eq!(tell(&this, started), Heard::Rested(started));
    assert_eq!(this.world.delete(&this.org, &agent).0, 409);
    let started = mark(&this);
    assert_eq!(tell(&this, started), Heard::Rested(started));
    // Nothing is asked of its object any more.
    this.world.campaigns_are_away.set(true);
    assert_eq!(this.world.delete(&this.org, &agent).0, 204);
    assert_eq!(tell(&this, started), Heard::Rested(started));
}

#[test]
fn what_a_running_campaign_uses_is_permitted_for_as_long_as_it_runs() {
    for later in [Span(0), Span::from_secs(6 * 3_600)] {
        let this = running(0);
        let agent: AgentId = this.agent.parse().expect("an id");
        assert!(this.key.is_guarded() && agent.is_guarded());
        this.world.advance(later);
        this.world.tick(&this.org);
        this.world.restart();
        let path = format!("/agents/{}", this.agent);
        let inactive = json!({"status": "inactive"});
        assert_eq!(this.world.patch(&this.org, &path, inactive).0, 200);
        let brief = this.world.brief_of(&this.trunk);
        assert_eq!(brief.inactive_agents, [agent], "after {later:?}");
        let path = format!("/api-keys/{}", this.key);
        assert_eq!(this.world.delete(&this.org, &path).0, 204);
        let brief = this.world.brief_of(&this.trunk);
        assert_eq!(brief.revoked_keys, [this.key], "after {later:?}");
        assert_eq!(this.shown()["status"], "paused");
    }
}

#[test]
fn a_directory_that_is_reminded_says_which_campaigns_run() {
    let this = running(200);
    let told = || match block_on(this.world.directory(this.org.id, &DirectoryCommand::tick())) {
        Ok(DirectoryReply::Campaigns(cards)) => cards.into_iter().map(|card| card.id.to_string()),
        other => panic!("{other:?}"),
    };
    assert!(told().eq([this.campaign.clone()]));
    let started = mark(&this);
    assert_eq!(this.send("/pause"), 200);
    assert_eq!(tell(&this, started), Heard::Rested(started));
    // It may still have to say that it is over: until its receiver was tried for the last time, and a day more.
    this.world.restart();
    assert!(told().eq([this.campaign.clone()]));
    let hour = Span::from_secs(3_600);
    let tried = Settings::default()
        .webhook_retry
        .iter()
        .fold(0, |sum, wait| sum + wait.0);
    this.world.advance(Span(tried + 23 * hour.0));
    assert!(told().eq([this.campaign.clone()]));
    this.world.advance(Span(2 * hour.0));
    assert_eq!(told().count(), 0);
}

#[test]
fn one_that_was_cancelled_before_it_ran_is_looked_after_as_well_and_one_that_was_deleted_is_not() {
    let this = running(200);
    let body = json!({"name": "July", "agent_id": this.agent, "sip_trunk_id": this.trunk});
    let draft = create(&this.world, &this.org, "/campaigns", body);
    let told = || match block_on(this.world.directory(this.org.id, &DirectoryCommand::tick())) {
        Ok(DirectoryReply::Campaigns(cards)) => {
            cards.into_iter().any(|card| card.id.to_string() == draft)
        }
        other => panic!("{other:?}"),
    };
    assert!(!told());
    let path = format!("/campaigns/{draft}");
    let cancelled = this
        .world
        .post(&this.org, &format!("{path}/cancel"), json!({}));
    assert_eq!(cancelled.0, 200);
    assert!(told());
    assert_eq!(this.world.delete(&this.org, &path).0, 204);
    assert!(!told());
}
