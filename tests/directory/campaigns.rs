//! `/campaigns`, as requests and the directory see them.

use audatec::domain::ids::{CampaignId, KeyId};
use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::campaign_object::CampaignObject;
use crate::world::{Org, World, block_on};
use crate::{agent, create, founded, trunk, with};

const PHONE: &str = "+919876543210";

fn error(status: u16, text: &str) -> (u16, Value) {
    (status, json!({"error": text}))
}

struct Setting {
    world: World,
    org: Org,
    agent: String,
    trunk: String,
}

/// An organisation with an agent that needs nothing, and a trunk.
fn setting() -> Setting {
    let (world, org) = founded();
    let schema = json!({"fields": []});
    let agent = create(
        &world,
        &org,
        "/agents",
        with(agent(), "input_schema", Some(schema)),
    );
    let trunk = create(&world, &org, "/sip-trunks", trunk());
    Setting {
        world,
        org,
        agent,
        trunk,
    }
}

impl Setting {
    fn body(&self) -> Value {
        json!({"name": "June", "agent_id": self.agent, "sip_trunk_id": self.trunk})
    }

    fn campaign(&self) -> String {
        create(&self.world, &self.org, "/campaigns", self.body())
    }

    /// One with somebody to call.
    fn peopled(&self) -> String {
        let id = self.campaign();
        let people = json!({"recipients": [{"phone_number": PHONE}]});
        let (status, _) = self.post(&format!("/{id}/recipients"), people);
        assert_eq!(status, 200);
        id
    }

    fn running(&self) -> String {
        let id = self.peopled();
        let (status, body) = self.post(&format!("/{id}/start"), json!({}));
        assert_eq!(status, 200, "{body}");
        id
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.world.get(&self.org, &format!("/campaigns{path}"))
    }

    fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.world
            .post(&self.org, &format!("/campaigns{path}"), body)
    }

    fn patch(&self, id: &str, body: Value) -> (u16, Value) {
        self.world
            .patch(&self.org, &format!("/campaigns/{id}"), body)
    }

    fn delete(&self, path: &str) -> (u16, Value) {
        self.world.delete(&self.org, path)
    }

    fn object<T>(&self, id: &str, work: impl FnOnce(&mut CampaignObject) -> T) -> T {
        let id: CampaignId = id.parse().expect("an id");
        let mut objects = self.world.campaigns.borrow_mut();
        work(objects.get_mut(&(self.org.id, id)).expect("an object"))
    }

    fn audited(&self) -> Vec<(String, String)> {
        let (status, log) = self.world.get(&self.org, "/audit-log");
        assert_eq!(status, 200);
        let entries = log["entries"].as_array().expect("entries").iter();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let entries = entries.map(|entry| (text(&entry["action"]), text(&entry["target"])));
        let own = entries.filter(|(action, _)| action.starts_with("campaign."));
        let mut own: Vec<_> = own.collect();
        own.reverse();
        own
    }
}

fn zeroes() -> Value {
    json!({
        "total": 0, "pending": 0, "in_progress": 0, "waiting": 0, "completed": 0, "unreached": 0,
        "suppressed": 0, "expired": 0, "canceled": 0,
    })
}

#[test]
fn a_campaign_is_created_shown_changed_listed_and_deleted() {
    let this = setting();
    let (status, first) = this.post("", this.body());
    assert_eq!(status, 201, "{first}");
    let id = first["id"].as_str().expect("an id");
    assert_eq!(
        first,
        json!({
            "id": id, "name": "June", "agent_id": this.agent, "sip_trunk_id": this.trunk,
            "callback_url": null, "completion_url": null, "not_before": null, "not_after": null,
            "calling_hours": null, "redial": null, "max_channels": null, "max_cps": null,
            "status": "draft", "held_by": null, "counts": zeroes(),
            "created_at": "2026-06-14T10:00:00.000Z", "started_at": null, "ended_at": null,
            "projected_end_at": null,
        })
    );
    assert_eq!(this.get(&format!("/{id}")), (200, first.clone()));
    let hours = json!({
        "time_zone": "callee", "windows": [{"days": ["mon"], "from": "09:00", "to": "18:00"}],
    });
    let redial = json!({"max_attempts": 3, "on": ["busy", "voicemail"], "wait_seconds": [60]});
    let change = json!({
        "name": "July", "not_before": "2026-06-14T12:00:00+01:00", "not_after": "2026-06-20T00:00:00Z",
        "calling_hours": hours, "redial": redial, "max_channels": 3, "max_cps": 1,
        "callback_url": "https://me:secret@example.com/hook", "completion_url": "https://example.com/over",
    });
    let (status, changed) = this.patch(id, change);
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["name"], "July");
    assert_eq!(changed["not_before"], "2026-06-14T11:00:00.000Z");
    assert_eq!(changed["redial"], redial);
    assert_eq!(changed["calling_hours"]["windows"], hours["windows"]);
    assert_eq!(changed["callback_url"], "https://me:***@example.com/hook");
    assert_eq!(
        (&changed["max_channels"], &changed["max_cps"]),
        (&json!(3), &json!(1))
    );
    let cleared = json!({
        "redial": null, "not_before": null, "not_after": null, "calling_hours": null, "max_channels": null,
        "max_cps": null, "callback_url": null, "completion_url": null, "name": "June",
    });
    assert_eq!(this.patch(id, cleared), (200, first.clone()));
    assert_eq!(this.delete(&format!("/campaigns/{id}")).0, 204);
    let gone = error(404, "Campaign not found");
    assert_eq!(this.get(&format!("/{id}")), gone);
    assert_eq!(this.delete(&format!("/campaigns/{id}")), gone);
    assert_eq!(this.get("/no-id"), gone);
    let actions = [
        "campaign.create",
        "campaign.update",
        "campaign.update",
        "campaign.delete",
    ];
    let expected = actions.map(|action| (action.to_owned(), id.to_owned()));
    assert_eq!(this.audited(), expected);
}

#[test]
fn lists_are_paged_newest_first() {
    let this = setting();
    let mut ids: Vec<String> = Vec::new();
    for _ in 0..5 {
        ids.insert(0, this.campaign());
        this.world.advance(Span(1));
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for size in [2, 2, 1] {
        let (status, page) = this.get(&format!("?limit=2{cursor}"));
        assert_eq!(status, 200);
        let campaigns = page["campaigns"].as_array().expect("campaigns");
        assert_eq!(campaigns.len(), size);
        found.extend(
            campaigns
                .iter()
                .map(|one| one["id"].as_str().expect("an id").to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => assert_eq!(size, 1),
        }
    }
    assert_eq!(found, ids);
    assert_eq!(
        this.get("?colour=1"),
        error(400, "unknown query parameter: colour")
    );
    assert_eq!(this.get("?cursor=AAAA"), error(400, "cursor is invalid"));
    let other = this.world.found("Another");
    let (_, page) = this.world.get(&other, "/campaigns");
    assert_eq!(page, json!({"campaigns": [], "next_cursor": null}));
    let foreign = this.world.get(&other, &format!("/campaigns/{}", ids[0]));
    assert_eq!(foreign, error(404, "Campaign not found"));
}

#[test]
fn each_field_is_checked_in_order_and_nothing_is_created_by_what_is_wrong() {
    let this = setting();
    let wrong = |field: &str, value: Value, text: &str| {
        let body = with(this.body(), field, Some(value));
        assert_eq!(this.post("", body), error(400, text), "{field}");
    };
    wrong("name", json!(null), "name is required");
    wrong(
        "name",
        json!(""),
        "name must be a string of 1 to 200 characters",
    );
    wrong("agent_id", json!(null), "agent_id is required");
    wrong("agent_id", json!("x"), "agent_id must be a UUID");
    wrong("sip_trunk_id", json!(7), "sip_trunk_id must be a UUID");
    for url in ["callback_url", "completion_url"] {
        wrong(
            url,
            json!("ftp://example.com"),
            &format!("{url} must be a valid http or https URL"),
        );
        wrong(
            url,
            json!(1),
            &format!("{url} must be a valid http or https URL"),
        );
        let private = format!("{url} must not point to a private address");
        wrong(url, json!("http://10.0.0.1/"), &private);
    }
    wrong(
        "not_before",
        json!("2026-06-15"),
        "not_before must be an ISO 8601 time with its offset from UTC, such as 2026-06-15T00:00Z or 2026-06-15T00:00+05:30",
    );
    wrong(
        "not_before",
        json!(5),
        "not_before must be an ISO 8601 time",
    );
    wrong(
        "not_before",
        json!("2026-07-14T10:00:01Z"),
        "not_before must be at most 30 days ahead",
    );
    wrong(
        "not_after",
        json!("2026-06-14T10:00:00Z"),
        "not_after must be after not_before and in the future",
    );
    wrong(
        "calling_hours",
        json!([]),
        "calling_hours must be an object",
    );
    wrong(
        "calling_hours",
        json!({}),
        "calling_hours.time_zone is required",
    );
    wrong(
        "redial",
        json!({"max_attempts": 1}),
        "redial.max_attempts must be a whole number from 2 to 10",
    );
    wrong("redial", json!(3), "redial must be an object");
    for share in [json!(0), json!(10_001), json!(1.5), json!("1")] {
        wrong(
            "max_channels",
            share,
            "max_channels must be a whole number from 1 to 10000",
        );
    }
    for share in [json!(0), json!(1_001), json!(-1)] {
        wrong(
            "max_cps",
            share,
            "max_cps must be a whole number from 1 to 1000",
        );
    }
    wrong("colour", json!(1), "unknown field: colour");
    let nobody = "00000000-0000-4000-8000-000000000000";
    let missing = |field, text| {
        let body = with(this.body(), field, Some(json!(nobody)));
        assert_eq!(this.post("", body), error(404, text));
    };
    missing("agent_id", "Agent not found");
    missing("sip_trunk_id", "SIP trunk not found");
    let inactive = json!({"status": "inactive"});
    this.world.patch(
        &this.org,
        &format!("/sip-trunks/{}", this.trunk),
        inactive.clone(),
    );
    assert_eq!(
        this.post("", this.body()),
        error(400, "SIP trunk is not active")
    );
    this.world
        .patch(&this.org, &format!("/agents/{}", this.agent), inactive);
    assert_eq!(
        this.post("", this.body()),
        error(400, "Agent is not active")
    );
    assert_eq!(
        this.get("").1,
        json!({"campaigns": [], "next_cursor": null})
    );
    assert!(this.world.campaigns.borrow().is_empty());
}

#[test]
fn a_change_keeps_what_it_does_not_name_and_checks_what_is_new() {
    let this = setting();
    let body = with(
        this.body(),
        "not_before",
        Some(json!("2026-06-14T11:00:00Z")),
    );
    let id = create(&this.world, &this.org, "/campaigns", body);
    this.world.advance(Span::from_secs(7_200));
    let inactive = json!({"status": "inactive"});
    this.world
        .patch(&this.org, &format!("/agents/{}", this.agent), inactive);
    let (status, changed) = this.patch(&id, json!({"name": "Later"}));
    assert_eq!(
        (status, &changed["not_before"]),
        (200, &json!("2026-06-14T11:00:00.000Z"))
    );
    let wrong = error(400, "not_after must be after not_before and in the future");
    assert_eq!(
        this.patch(&id, json!({"not_after": "2026-06-14T11:30:00Z"})),
        wrong
    );
    assert_eq!(
        this.patch(
            &id,
            json!({"agent_id": "00000000-0000-4000-8000-000000000000"})
        ),
        error(404, "Agent not found")
    );
    assert_eq!(
        this.patch(&id, json!({"name": null})),
        error(400, "name is required")
    );
    assert_eq!(
        this.patch(&id, json!({"status": "running"})),
        error(400, "unknown field: status")
    );
}

#[test]
fn a_campaign_starts_pauses_and_is_cancelled_from_the_right_states_alone() {
    let this = setting();
    let id = this.campaign();
    let act = |what: &str| this.post(&format!("/{id}/{what}"), json!({}));
    let is = |status: &str| error(409, &format!("Campaign is {status}"));
    assert_eq!(act("start"), error(409, "Campaign has no recipients"));
    assert_eq!(act("pause"), is("draft"));
    let people = json!({"recipients": [{"phone_number": PHONE}]});
    this.post(&format!("/{id}/recipients"), people.clone());
    let (status, started) = act("start");
    assert_eq!(
        (status, &started["status"]),
        (200, &json!("running")),
        "{started}"
    );
    assert_eq!(act("start"), is("running"));
    assert_eq!(this.patch(&id, json!({"name": "x"})), is("running"));
    assert_eq!(this.delete(&format!("/campaigns/{id}")), is("running"));
    assert_eq!(act("pause").1["status"], "paused");
    assert_eq!(act("pause"), is("paused"));
    assert_eq!(this.patch(&id, json!({"name": "x"})).0, 200);
    assert_eq!(this.delete(&format!("/campaigns/{id}")), is("paused"));
    assert_eq!(act("start").0, 200);
    let cancel = this.post(&format!("/{id}/cancel"), json!({"hang_up": 1}));
    assert_eq!(cancel, error(400, "hang_up must be true or false"));
    let cancel = this.post(&format!("/{id}/cancel"), json!({"hang_up": true}));
    assert_eq!((cancel.0, &cancel.1["status"]), (200, &json!("canceled")));
    for what in ["start", "pause", "cancel"] {
        assert_eq!(act(what), is("canceled"), "{what}");
    }
    assert_eq!(
        this.post(&format!("/{id}/recipients"), people),
        is("canceled")
    );
    assert_eq!(this.delete(&format!("/campaigns/{id}")).0, 204);
    let draft = this.campaign();
    assert_eq!(
        this.post(&format!("/{draft}/cancel"), json!({})).1["status"],
        "canceled"
    );
    let done = this.running();
    this.object(&done, CampaignObject::complete);
    for what in ["start", "pause", "cancel"] {
        assert_eq!(
            this.post(&format!("/{done}/{what}"), json!({})),
            is("completed")
        );
    }
    let actions: Vec<_> = this
        .audited()
        .into_iter()
        .filter(|(_, of)| *of == id)
        .collect();
    let actions: Vec<_> = actions.iter().map(|(action, _)| &**action).collect();
    assert_eq!(
        actions,
        [
            "campaign.create",
            "campaign.recipients",
            "campaign.start",
            "campaign.pause",
            "campaign.update",
            "campaign.start",
            "campaign.cancel",
            "campaign.delete",
        ]
    );
}

#[test]
fn what_was_answered_under_a_key_is_answered_again_and_there_is_one_campaign() {
    let this = setting();
    let path = "/integration/v1/campaigns";
    let post = |body: Value| {
        let response = block_on(this.world.once(path, &this.org.key, "june", body));
        let body: Value = serde_json::from_slice(&response.body).expect("JSON");
        (response.status, response.is_replayed(), body)
    };
    let (status, again, first) = post(this.body());
    assert_eq!((status, again), (201, false));
    assert_eq!(post(this.body()), (201, true, first.clone()));
    let inactive = json!({"status": "inactive"});
    this.world
        .patch(&this.org, &format!("/agents/{}", this.agent), inactive);
    assert_eq!(post(this.body()), (201, true, first.clone()));
    let other = with(this.body(), "name", Some(json!("Other")));
    assert_eq!(post(other).0, 422);
    let (_, page) = this.get("");
    assert_eq!(page["campaigns"], json!([first]));
    let left = this.world.campaigns.borrow();
    let objects = left.values().filter(|object| object.is_there());
    assert_eq!(objects.count(), 1);
}

#[test]
fn agents_and_trunks_of_running_campaigns_stay_until_these_rest() {
    let this = setting();
    let id = this.running();
    let (agent, trunk) = (
        format!("/agents/{}", this.agent),
        format!("/sip-trunks/{}", this.trunk),
    );
    let (agent_in_use, trunk_in_use) = (
        error(409, "Agent has running campaigns"),
        error(409, "SIP trunk has running campaigns"),
    );
    this.world.restart();
    assert_eq!(this.delete(&agent), agent_in_use);
    assert_eq!(this.delete(&trunk), trunk_in_use);
    this.world.campaigns_are_away.set(true);
    assert_eq!(this.delete(&agent).0, 503);
    this.world.campaigns_are_away.set(false);
    // It came to its end by itself, and nobody has said so yet.
    this.object(&id, CampaignObject::complete);
    assert_eq!(this.delete(&agent).0, 204);
    assert_eq!(this.delete(&trunk).0, 204);
}

#[test]
fn a_paused_or_cancelled_campaign_holds_nothing_back() {
    for what in ["pause", "cancel"] {
        let this = setting();
        let id = this.running();
        assert_eq!(this.post(&format!("/{id}/{what}"), json!({})).0, 200);
        assert_eq!(this.delete(&format!("/agents/{}", this.agent)).0, 204);
        assert_eq!(this.delete(&format!("/sip-trunks/{}", this.trunk)).0, 204);
        if what == "pause" {
            let start = this.post(&format!("/{id}/start"), json!({}));
            assert_eq!(start, error(404, "Agent not found"));
        }
    }
}

fn key(this: &Setting) -> (KeyId, Org) {
    let (status, made) = this.world.post(
        &this.org,
        "/api-keys",
        json!({"name": "Server", "role": "member"}),
    );
    assert_eq!(status, 201);
    let id = made["id"].as_str().expect("an id").parse().expect("an id");
    let key = made["key"].as_str().expect("a key").to_owned();
    let own = Org {
        key,
        ..this.org.clone()
    };
    (id, own)
}

#[test]
fn a_revoked_key_leaves_no_campaign_running_when_that_is_answered() {
    let this = setting();
    let (id, holder) = key(&this);
    let start = |by: &Org| {
        let campaign = this.peopled();
        let path = format!("/campaigns/{campaign}/start");
        assert_eq!(this.world.post(by, &path, json!({})).0, 200);
        campaign
    };
    let (its_own, another) = (start(&holder), start(&this.org));
    let done = start(&holder);
    this.object(&done, CampaignObject::complete);
    this.object(&its_own, |object| object.is_slow = true);
    let revoke = format!("/api-keys/{id}");
    assert_eq!(this.delete(&revoke).0, 503, "a phone may still ring");
    this.object(&its_own, |object| object.is_slow = false);
    this.world.restart();
    assert_eq!(this.delete(&revoke).0, 204);
    let status = |id: &str| this.get(&format!("/{id}")).1["status"].clone();
    assert_eq!(status(&its_own), "paused");
    assert_eq!(status(&another), "running");
    assert_eq!(status(&done), "completed");
    let paused: Vec<_> = this.audited();
    let paused: Vec<_> = paused
        .iter()
        .filter(|(action, _)| action == "campaign.pause")
        .collect();
    assert_eq!(paused, [&("campaign.pause".to_owned(), its_own.clone())]);
    assert_eq!(this.delete(&revoke).0, 404);
    // What rests is in nobody's way.
    assert_eq!(this.post(&format!("/{another}/cancel"), json!({})).0, 200);
    assert_eq!(this.delete(&format!("/agents/{}", this.agent)).0, 204);
}

#[test]
fn an_unreachable_campaign_is_paused_by_the_alarm() {
    let this = setting();
    let (id, holder) = key(&this);
    let campaign = this.peopled();
    this.world
        .post(&holder, &format!("/campaigns/{campaign}/start"), json!({}));
    this.world.campaigns_are_away.set(true);
    assert_eq!(this.delete(&format!("/api-keys/{id}")).0, 503);
    this.world.campaigns_are_away.set(false);
    this.world.restart();
    this.world.tick(&this.org);
    assert_eq!(this.get(&format!("/{campaign}")).1["status"], "paused");
}

#[test]
fn a_pause_that_is_not_seen_through_says_so_and_may_be_asked_for_again() {
    let this = setting();
    let id = this.running();
    this.object(&id, |object| object.is_slow = true);
    let pause = || this.post(&format!("/{id}/pause"), json!({}));
    assert_eq!(pause().0, 503);
    assert_eq!(pause().0, 503);
    assert_eq!(
        this.audited()
            .iter()
            .filter(|(action, _)| action == "campaign.pause")
            .count(),
        1
    );
}

#[test]
fn a_start_is_marked_before_its_object_is_asked() {
    let this = setting();
    let id = this.peopled();
    this.world.campaigns_are_away.set(true);
    assert_eq!(this.post(&format!("/{id}/start"), json!({})).0, 503);
    this.world.campaigns_are_away.set(false);
    assert_eq!(this.post(&format!("/{id}/start"), json!({})).0, 200);
    this.post(&format!("/{id}/pause"), json!({}));
    this.post(&format!("/{id}/start"), json!({}));
    let marks = this.object(&id, |object| object.marks.clone());
    assert_eq!(marks.len(), 2);
    assert!(marks[0] < marks[1]);
}

#[test]
fn an_organisation_holds_so_many_campaigns_and_no_more() {
    let this = setting();
    this.campaign();
    this.world.fill(&this.org, "campaign/", 10_000);
    let full = error(409, "An organisation can have at most 10000 campaigns");
    assert_eq!(this.post("", this.body()), full);
    let objects = this.world.campaigns.borrow();
    assert_eq!(
        objects.values().filter(|object| object.is_there()).count(),
        1
    );
}

#[test]
fn files_are_added_row_by_row_and_the_first_100_that_are_wrong_are_named() {
    let this = setting();
    let id = this.campaign();
    let path = format!("/{id}/recipients");
    let csv = "phone_number,reference,name\n+919876543210,a,Rao\n12,b,\n+15005550000,,\n+919876543210,a,Other\n+15005550001,c\n";
    let (status, added) = this.post(&path, json!(csv));
    assert_eq!(status, 200, "{added}");
    assert_eq!(
        added,
        json!({"added": 2, "duplicates": 1, "rejected": [
            {"row": 2, "reference": "b", "error": "phone_number must be in E.164 format"},
            {"row": 5, "reference": null, "error": "the row has 2 cells, the header line has 3"},
        ]})
    );
    assert_eq!(this.post(&path, json!(csv)).1["added"], 0);
    let bad: String = (0..150).map(|nth| format!("x{nth}\n")).collect();
    let (_, added) = this.post(&path, json!(format!("phone_number\n{bad}+15005550002\n")));
    let rejected = added["rejected"].as_array().expect("rows");
    assert_eq!((added["added"].clone(), rejected.len()), (json!(1), 100));
    assert_eq!(rejected[99]["reference"], "x99");
    let (_, first) = this.get(&format!("/{id}/recipients/a"));
    assert_eq!(
        first,
        json!({
            "reference": "a", "phone_number": PHONE, "status": "pending", "attempts": [], "next_attempt_at": null,
            "metadata": {"name": "Rao"},
        })
    );
    this.object(&id, |object| object.most = Some(4));
    let rows = json!(format!("phone_number\nx\n{PHONE}1\n{PHONE}2\n"));
    let (_, added) = this.post(&path, rows);
    assert_eq!(
        added,
        json!({"added": 1, "duplicates": 0, "rejected": [
            {"row": 1, "reference": "x", "error": "phone_number must be in E.164 format"},
            {"row": 3, "reference": "+9198765432102", "error": "A campaign can have at most 200000 recipients"},
        ]})
    );
}

/// A row may quote what is wrong at any length; what is told of it is short.
#[test]
fn what_is_told_of_a_row_says_who_it_is_and_is_short() {
    let this = setting();
    let id = this.campaign();
    let long = "x".repeat(60_000);
    let people = json!([
        {"phone_number": "+15005550000", "reference": "", "metadata": []},
        {"phone_number": "", "reference": ""},
        {"phone_number": "+15005550000", "reference": "é".repeat(200), (long): 1},
    ]);
    let (status, added) = this.post(&format!("/{id}/recipients"), json!({"recipients": people}));
    assert_eq!(status, 200, "{added}");
    let rejected = &added["rejected"];
    assert_eq!(
        (&rejected[0]["reference"], &rejected[0]["error"]),
        (&json!("+15005550000"), &json!("metadata must be an object"))
    );
    assert_eq!(
        (&rejected[1]["reference"], &rejected[1]["error"]),
        (&Value::Null, &json!("phone_number is required"))
    );
    assert_eq!(rejected[2]["reference"], "é".repeat(128));
    let error = format!("unknown field: {}…", "x".repeat(485));
    assert_eq!(rejected[2]["error"], error);
}

#[test]
fn a_file_that_is_sent_again_under_its_key_is_answered_as_it_was() {
    let this = setting();
    let id = this.campaign();
    let path = format!("/integration/v1/campaigns/{id}/recipients");
    let post_as = |once: &str, file: &str| {
        let response = block_on(this.world.once(&path, &this.org.key, once, json!(file)));
        let body: Value = serde_json::from_slice(&response.body).expect("JSON");
        (response.status, response.is_replayed(), body)
    };
    let post = |file: &str| post_as("june", file);
    let file = format!("phone_number\n{PHONE}\n12\n");
    let first = post(&file);
    let (status, again, added) = &first;
    assert_eq!((*status, *again, &added["added"]), (200, false, &json!(1)));
    assert_eq!(added["rejected"][0]["row"], 2);
    let repeat = (200, true, added.clone());
    assert_eq!(post(&file), repeat);
    let (status, again, refused) = post(&format!("{file}{PHONE}1\n"));
    let reused = "Idempotency-Key was used with a different request";
    assert_eq!(
        (status, again, refused),
        (422, false, json!({"error": reused}))
    );
    // A refusal does not use up its key.
    assert_eq!(post_as("july", "x").0, 400);
    let (status, again, added) = post_as("july", &file);
    assert_eq!((status, again, &added["added"]), (200, false, &json!(0)));
    assert_eq!(this.get(&format!("/{id}")).1["counts"]["total"], 1);
    // It is answered so whatever became of the campaign.
    this.post(&format!("/{id}/cancel"), json!({}));
    assert_eq!(post(&file), repeat);
    assert_eq!(this.delete(&format!("/campaigns/{id}")).0, 204);
    assert_eq!(post(&file), repeat);
    let noted = this.audited().into_iter();
    let noted = noted.filter(|(action, _)| action == "campaign.recipients");
    assert_eq!(noted.count(), 2);
}

#[test]
fn a_large_file_travels_in_pieces_and_too_large_a_one_not_at_all() {
    let this = setting();
    let id = this.campaign();
    let path = format!("/{id}/recipients");
    let row = |nth: usize| format!("+1500{nth:07}\n");
    let rows = |count: usize| {
        json!(format!(
            "phone_number\n{}",
            (0..count).map(row).collect::<String>()
        ))
    };
    let (status, refused) = this.post(&path, rows(20_001));
    assert_eq!(
        (status, refused),
        error(413, "Request body must be at most 20000 rows")
    );
    assert_eq!(this.object(&id, |object| object.pieces), 0);
    let (status, added) = this.post(&path, rows(4_500));
    assert_eq!((status, &added["added"]), (200, &json!(4_500)), "{added}");
    assert_eq!(this.object(&id, |object| object.pieces), 3);
    assert_eq!(this.get(&format!("/{id}")).1["counts"]["total"], 4_500);
}

#[test]
fn recipients_are_paged_filtered_and_found_by_any_reference() {
    let this = setting();
    let id = this.campaign();
    let references = ["a/b c", "é%2F", "x?y#z", "..x", "+15005550009"];
    let people = references.map(|reference| json!({"phone_number": PHONE, "reference": reference}));
    let (_, added) = this.post(&format!("/{id}/recipients"), json!({"recipients": people}));
    assert_eq!(added["added"], 5);
    for (reference, escaped) in references.iter().zip([
        "a%2Fb%20c",
        "%C3%A9%252F",
        "x%3Fy%23z",
        "..x",
        "+15005550009",
    ]) {
        let (status, one) = this.get(&format!("/{id}/recipients/{escaped}"));
        assert_eq!((status, &one["reference"]), (200, &json!(reference)));
    }
    for unknown in ["nobody", "%FF"] {
        let missing = error(404, "Recipient not found");
        assert_eq!(this.get(&format!("/{id}/recipients/{unknown}")), missing);
    }
    let listed = |query: &str| {
        let (status, page) = this.get(&format!("/{id}/recipients{query}"));
        assert_eq!(status, 200, "{page}");
        let rows = page["recipients"].as_array().expect("rows").iter();
        let rows: Vec<_> = rows
            .map(|row| row["reference"].as_str().expect("text").to_owned())
            .collect();
        (rows, page["next_cursor"].as_str().map(str::to_owned))
    };
    let (first, cursor) = listed("?limit=3");
    assert_eq!(first, references[..3]);
    let (rest, end) = listed(&format!("?limit=3&cursor={}", cursor.expect("more")));
    assert_eq!(
        (rest, end),
        (
            references[3..]
                .iter()
                .map(|text| (*text).to_owned())
                .collect(),
            None
        )
    );
    assert_eq!(listed("?status=suppressed").0, ["é%2F", "..x"]);
    let (both, next) = listed("?status=pending,suppressed&limit=2");
    assert_eq!((both.len(), next.is_some()), (2, true));
    assert!(listed("?status=expired,completed").0.is_empty());
    assert_eq!(
        this.get(&format!("/{id}/recipients?status=lost")),
        error(
            400,
            "status must be pending, in_progress, waiting, completed, unreached, suppressed, expired or canceled"
        )
    );
}

#[test]
fn results_are_one_csv_however_many_pieces_they_come_in() {
    let this = setting();
    let id = this.campaign();
    let rows = (0..1_200).map(|nth| format!("+1500{nth:07},\"n,{nth}\"\n"));
    let file = format!("phone_number,reference\n{}", rows.collect::<String>());
    this.post(&format!("/{id}/recipients"), json!(file));
    let path = format!("/integration/v1/campaigns/{id}/results.csv");
    let response = block_on(this.world.fetch(&path, &this.org.key));
    assert_eq!(response.status, 200);
    assert_eq!(
        response.headers,
        [("Content-Type", "text/csv; charset=utf-8".to_owned())]
    );
    let text = String::from_utf8(response.body).expect("UTF-8");
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1_201);
    assert_eq!(
        lines[0],
        "reference,phone_number,status,attempts,last_call_id,call_status,failure_code,disposition,answered_by,duration,last_attempt_at"
    );
    let filtered = this.get(&format!("/{id}/results.csv?status=unreached"));
    assert_eq!(filtered, error(400, "unknown query parameter: status"));
    assert_eq!(lines[1_200], "\"n,1199\",+15000001199,suppressed,0,,,,,,,");
    assert_eq!(this.world.pieces.get(), 2);
}
