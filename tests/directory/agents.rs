//! `/agents`.

use audatec::app::ports::Directories;
use audatec::app::records::RecordKey;
use serde_json::{Value, json};

use crate::{agent, create, error, founded, golden, names, trunk, with};

#[test]
fn the_list_shows_the_references_fields_and_the_detail_script_and_voice_too() {
    let (world, org) = founded();
    let body = with(agent(), "script", Some(json!("Say hello.")));
    let (status, created) = world.post(&org, "/agents", body);
    assert_eq!(status, 201);
    let id = created["id"].as_str().expect("an id");
    golden::check("directory/agent_created", &created);
    assert_eq!(
        world.get(&org, &format!("/agents/{id}")),
        (200, created.clone())
    );
    let listed = world.get(&org, "/agents");
    golden::check("directory/agents_listed", &listed.1);
    let fields: Vec<_> = listed.1["agents"][0]
        .as_object()
        .expect("an agent")
        .keys()
        .collect();
    assert_eq!(
        fields,
        ["id", "name", "agent_code", "status", "input_schema"]
    );
}

#[test]
fn agents_are_listed_in_the_order_they_were_created() {
    let (world, org) = founded();
    world.draws.borrow_mut().extend([[9; 32], [3; 32], [6; 32]]);
    for name in ["first", "second", "third"] {
        create(
            &world,
            &org,
            "/agents",
            with(agent(), "name", Some(json!(name))),
        );
        world.advance(audatec::domain::time::Span(1));
    }
    assert_eq!(
        names(&world, &org, "/agents", "agents"),
        ["first", "second", "third"]
    );
}

#[test]
fn what_is_missing_is_named_and_null_is_missing() {
    let (world, org) = founded();
    for field in ["name", "agent_code", "input_schema"] {
        let text = error(&format!("{field} is required"));
        assert_eq!(
            world.post(&org, "/agents", with(agent(), field, None)),
            (400, text.clone())
        );
        assert_eq!(
            world.post(&org, "/agents", with(agent(), field, Some(Value::Null))),
            (400, text)
        );
    }
    let answer = world.post(
        &org,
        "/agents",
        with(agent(), "input_schema", Some(json!({}))),
    );
    assert_eq!(answer, (400, error("input_schema.fields is required")));
    for field in ["script", "voice", "status"] {
        assert_eq!(
            world
                .post(&org, "/agents", with(agent(), field, Some(Value::Null)))
                .0,
            201
        );
    }
}

#[test]
fn unknown_fields_are_named_nested_ones_too() {
    let (world, org) = founded();
    let answer = world.post(&org, "/agents", with(agent(), "colour", Some(json!("red"))));
    assert_eq!(answer, (400, error("unknown field: colour")));
    let schema = json!({"fields": [], "colour": 1});
    let answer = world.post(&org, "/agents", with(agent(), "input_schema", Some(schema)));
    assert_eq!(answer, (400, error("unknown field: input_schema.colour")));
}

#[test]
fn values_have_their_bounds() {
    let (world, org) = founded();
    let status = |field: &str, value: Value| {
        world
            .post(&org, "/agents", with(agent(), field, Some(value)))
            .0
    };
    assert_eq!(status("name", json!("é".repeat(200))), 201);
    assert_eq!(status("script", json!("x".repeat(32_768))), 201);
    assert_eq!(status("input_schema", json!({"fields": []})), 201);
    let many: Vec<_> = (0..101).map(|n| n.to_string()).collect();
    assert_eq!(status("input_schema", json!({"fields": many[..100]})), 201);
    for (field, bad) in [
        ("name", json!("")),
        ("name", json!("é".repeat(201))),
        ("agent_code", json!("x".repeat(201))),
        ("script", json!("x".repeat(32_769))),
        ("voice", json!("x".repeat(201))),
        ("status", json!("paused")),
        ("input_schema", json!([])),
        ("input_schema", json!({"fields": many})),
        ("input_schema", json!({"fields": ["a", "a"]})),
        ("input_schema", json!({"fields": [""]})),
        ("input_schema", json!({"fields": [1]})),
        ("input_schema", json!({"fields": [], "sample_context": []})),
    ] {
        assert_eq!(status(field, bad.clone()), 400, "{field} {bad}");
    }
}

#[test]
fn a_change_touches_what_it_names_and_null_clears() {
    let (world, org) = founded();
    let body = with(
        with(agent(), "script", Some(json!("Hello."))),
        "voice",
        Some(json!("asha")),
    );
    let id = create(&world, &org, "/agents", body);
    let path = format!("/agents/{id}");
    let before = world.get(&org, &path).1;
    let (status, after) = world.patch(&org, &path, json!({"name": "New name", "voice": null}));
    assert_eq!(status, 200);
    assert_eq!(
        after,
        with(
            with(before, "name", Some(json!("New name"))),
            "voice",
            Some(Value::Null)
        )
    );
    assert_eq!(world.get(&org, &path).1, after);
    assert_eq!(
        world.patch(&org, &path, json!({"name": null})),
        (400, error("name is required"))
    );
    assert_eq!(
        world.patch(&org, &path, json!({"nmae": "x"})),
        (400, error("unknown field: nmae"))
    );
    assert_eq!(world.patch(&org, &path, json!({})), (200, after));
}

#[test]
fn inactive_agents_are_listed_for_owners_who_ask() {
    let (world, org) = founded();
    let id = create(&world, &org, "/agents", agent());
    world.patch(
        &org,
        &format!("/agents/{id}"),
        json!({"status": "inactive"}),
    );
    assert_eq!(world.get(&org, "/agents").1, json!({"agents": []}));
    assert_eq!(
        world.get(&org, "/agents?include=inactive").1["agents"][0]["status"],
        "inactive"
    );
    let admin = crate::keys::key(&world, &org, "admin");
    let answer = world.get(&admin, "/agents?include=inactive");
    assert_eq!(
        answer,
        (
            403,
            error("This API key's role (admin) can't do this; it needs owner")
        )
    );
    assert_eq!(world.get(&org, "/agents?include=all").0, 400);
    for unknown in ["limit", "cursor", "status"] {
        let answer = world.get(&org, &format!("/agents?{unknown}=1"));
        assert_eq!(
            answer,
            (400, error(&format!("unknown query parameter: {unknown}")))
        );
    }
}

#[test]
fn a_deleted_agent_is_gone_everywhere() {
    let (world, org) = founded();
    let id = create(&world, &org, "/agents", agent());
    let path = format!("/agents/{id}");
    assert_eq!(world.delete(&org, &path), (204, Value::Null));
    for answer in [
        world.get(&org, &path),
        world.patch(&org, &path, json!({})),
        world.delete(&org, &path),
    ] {
        assert_eq!(answer, (404, error("Agent not found")));
    }
    assert_eq!(
        world.get(&org, "/agents?include=inactive").1,
        json!({"agents": []})
    );
    assert_eq!(
        world.copy(&RecordKey::Agent(org.id, id.parse().expect("an id"))),
        None
    );
    assert_eq!(
        world.get(&org, "/agents/no-uuid"),
        (404, error("Agent not found"))
    );
}

#[test]
fn trunks_know_of_a_deactivated_or_deleted_agent_before_the_answer() {
    let (world, org) = founded();
    let line = create(&world, &org, "/sip-trunks", trunk());
    let id = create(&world, &org, "/agents", agent());
    let inactive = || {
        world
            .brief_of(&line)
            .inactive_agents
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    world.patch(
        &org,
        &format!("/agents/{id}"),
        json!({"status": "inactive"}),
    );
    assert_eq!(inactive(), [id.as_str()]);
    world.patch(&org, &format!("/agents/{id}"), json!({"status": "active"}));
    assert_eq!(inactive(), [""; 0]);
    world.delete(&org, &format!("/agents/{id}"));
    assert_eq!(inactive(), [id.as_str()]);
}

#[test]
fn a_new_name_bothers_no_trunk() {
    let (world, org) = founded();
    let line = create(&world, &org, "/sip-trunks", trunk());
    let id = create(&world, &org, "/agents", agent());
    let before = world.times_briefed(&line);
    world.cut_off(&line);
    assert_eq!(
        world
            .patch(&org, &format!("/agents/{id}"), json!({"name": "New"}))
            .0,
        200
    );
    assert_eq!(world.times_briefed(&line), before);
}

#[test]
fn an_organisation_has_at_most_1000_agents() {
    let (world, org) = founded();
    create(&world, &org, "/agents", agent());
    world.fill(&org, "agent/", 999);
    let last = create(&world, &org, "/agents", agent());
    let full = (409, error("An organisation can have at most 1000 agents"));
    assert_eq!(world.post(&org, "/agents", agent()), full);
    world.delete(&org, &format!("/agents/{last}"));
    create(&world, &org, "/agents", agent());
}

#[test]
fn what_another_system_calls_an_agent_and_its_voice_was_not_copied_with_something_around_it() {
    let (world, org) = founded();
    let id = create(&world, &org, "/agents", agent());
    for field in ["agent_code", "voice"] {
        for stray in ["emi-reminder ", "\temi-reminder", "emi\nreminder"] {
            let text = format!(
                "{field} must not begin or end with white space, or hold control or invisible characters"
            );
            let refused = (400, error(&text));
            let fields = with(agent(), field, Some(json!(stray)));
            assert_eq!(world.post(&org, "/agents", fields), refused, "{stray:?}");
            let path = format!("/agents/{id}");
            let changed = world.patch(&org, &path, json!({(field): stray}));
            assert_eq!(changed, refused, "{stray:?}");
        }
    }
}

/// An agent with as large a sample context as there may be.
fn large() -> serde_json::Value {
    let sample = json!({"text": "{\"\\".repeat(3_200)});
    with(
        agent(),
        "input_schema",
        Some(json!({"fields": [], "sample_context": sample})),
    )
}

#[test]
fn a_long_list_is_told_in_slices_and_an_earlier_release_is_told_it_whole() {
    let (world, org) = founded();
    let first = create(&world, &org, "/agents", large());
    world.fill(&org, "agent/", 100);
    world.advance(audatec::domain::time::Span(1));
    let last = create(&world, &org, "/agents", agent());
    world.patch(
        &org,
        &format!("/agents/{first}"),
        json!({"status": "inactive"}),
    );

    let (status, active) = world.get(&org, "/agents");
    assert_eq!((status, world.pieces.get()), (200, 5));
    let active = active["agents"].as_array().expect("agents").clone();
    let (_, all) = world.get(&org, "/agents?include=inactive");
    let all = all["agents"].as_array().expect("agents").clone();
    assert_eq!((active.len(), all.len()), (100, 101));
    assert_eq!(all.last().expect("one")["id"], last.as_str());
    let inactive: Vec<_> = all.iter().filter(|agent| !active.contains(agent)).collect();
    assert_eq!(inactive.len(), 1);
    assert_eq!(inactive[0]["id"], first.as_str());

    // What an edge of an earlier release asks: its command has no slice.
    let key = RecordKey::Agents(org.id);
    let command = audatec::app::directory::DirectoryCommand::of_the_platform(
        audatec::app::directory::Ask::Record(key),
    );
    let reply = crate::world::block_on(world.directory(org.id, &command)).expect("reached");
    let audatec::app::directory::DirectoryReply::Record(Some(text)) = reply else {
        panic!("not a record");
    };
    assert_eq!(
        serde_json::from_str::<Value>(&text).expect("JSON"),
        Value::from(all)
    );
}

#[test]
fn a_list_whose_key_is_revoked_on_the_way_ends_there() {
    let (world, org) = founded();
    create(&world, &org, "/agents", large());
    world.fill(&org, "agent/", 60);
    let (viewer, id) = crate::keys::new(&world, &org, "viewer");
    let request = audatec::app::http::Request {
        method: "GET".into(),
        path: "/integration/v1/agents".into(),
        is_secure: true,
        authorization: Some(format!("Bearer {viewer}")),
        ..Default::default()
    };
    let begun = crate::world::block_on(audatec::app::api::serve(&world, &request));
    let rest = begun.rest.expect("more than a slice");
    world.delete(&org, &format!("/api-keys/{id}"));

    let ended = crate::world::block_on(audatec::app::api::go_on(&world, &rest));
    assert_eq!(ended, Err(audatec::domain::refusal::Refusal::InvalidKey));
}

#[test]
fn an_agent_whose_row_is_older_than_sample_contexts_is_listed_with_an_empty_one() {
    let (world, org) = founded();
    let id = create(&world, &org, "/agents", agent());
    let name = format!("agent/{id}");
    let office = world.office(&org);
    let mut row: Value = serde_json::from_str(&office.rows.borrow()[&name]).expect("JSON");
    let schema = row["agent"]["input_schema"].as_object_mut().expect("one");
    schema.remove("sample_context");
    office.rows.borrow_mut().insert(name, row.to_string());
    world.restart();

    let listed = &world.get(&org, "/agents").1["agents"][0]["input_schema"];
    assert_eq!(listed["sample_context"], json!({}));
}
