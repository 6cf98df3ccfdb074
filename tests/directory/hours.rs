//! `calling_hours` of an organisation and of its agents: what may be set, and which trunks are told.

use audatec::app::directory::{Ask, DirectoryCommand, DirectoryReply, Permit};
use audatec::app::ports::Directories;
use audatec::domain::ids::AgentId;
use audatec::domain::time::Span;
use serde_json::{Value, json};

use crate::world::{Org, World, block_on, tag};
use crate::{agent, create, error, founded, golden, trunk, with};

fn hours() -> Value {
    json!({
        "time_zone": "callee",
        "fallback_time_zone": "Asia/Kolkata",
        "windows": [{"days": ["mon", "sat"], "from": "08:00", "to": "19:00"}],
        "closed_dates": ["2027-01-26"],
        "on_closed": "reject",
    })
}

/// Those that apply to an agent's calls through a trunk, as the trunk was told.
fn told(world: &World, trunk: &str, agent: &str) -> Value {
    let agent: AgentId = agent.parse().expect("an id");
    let brief = world.brief_of(trunk);
    json!(brief.hours.of_calls_by(agent).collect::<Vec<_>>())
}

fn set(world: &World, org: &Org, path: &str, hours: Value) {
    let (status, answer) = world.patch(org, path, json!({ "calling_hours": hours }));
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn they_are_shown_as_they_were_set_and_names_are_those_of_now() {
    let (world, org) = founded();
    let agent = format!("/agents/{}", create(&world, &org, "/agents", agent()));
    for path in ["/settings", &agent] {
        assert_eq!(world.get(&org, path).1["calling_hours"], Value::Null);
        let old = json!({
            "time_zone": "Asia/Calcutta",
            "windows": [{"days": ["sun"], "from": "00:00", "to": "24:00"}],
        });
        let now = json!({
            "time_zone": "Asia/Kolkata",
            "fallback_time_zone": null,
            "windows": [{"days": ["sun"], "from": "00:00", "to": "24:00"}],
            "closed_dates": [],
            "on_closed": "wait",
        });
        for (given, shown) in [(hours(), hours()), (old, now.clone())] {
            let (status, answer) = world.patch(&org, path, json!({ "calling_hours": given }));
            assert_eq!((status, &answer["calling_hours"]), (200, &shown));
            assert_eq!(world.get(&org, path).1, answer);
        }
        // What is not mentioned stays, `null` is none.
        let (_, answer) = world.patch(&org, path, json!({}));
        assert_eq!(answer["calling_hours"], now);
        let (_, answer) = world.patch(&org, path, json!({"calling_hours": null}));
        assert_eq!(answer["calling_hours"], Value::Null);
    }
    let body = with(crate::agent(), "calling_hours", Some(hours()));
    let (status, created) = world.post(&org, "/agents", body);
    assert_eq!((status, &created["calling_hours"]), (201, &hours()));
    let listed = world.get(&org, "/agents").1;
    let listed = listed["agents"].as_array().expect("a list");
    assert!(
        listed
            .iter()
            .all(|agent| agent.get("calling_hours").is_none())
    );
}

#[test]
fn what_is_malformed_is_refused_with_its_name() {
    let (world, org) = founded();
    let set = |field: &str, value: Value| with(hours(), field, Some(value));
    let window = |field: &str, value: Value| {
        let window = with(hours()["windows"][0].clone(), field, Some(value));
        set("windows", json!([window]))
    };
    let windows = |count: usize| json!(vec![hours()["windows"][0].clone(); count]);
    let dates = |count: usize| json!(vec!["2027-01-26"; count]);
    let zone = "time_zone must be callee or an IANA time zone";
    let fallback = "fallback_time_zone must be an IANA time zone";
    let many = "windows must be an array of 1 to 20 objects";
    let days = "windows.days must be an array of 1 to 7 of mon, tue, wed, thu, fri, sat and sun";
    let from = "windows.from must be a time from 00:00 to 23:59";
    let to = "windows.to must be a time after from, up to 24:00";
    let closed = "closed_dates must be an array of at most 366 dates such as 2027-01-26";
    let on_closed = "on_closed must be wait or reject";
    let cases = [
        (with(hours(), "time_zone", None), "time_zone is required"),
        (set("time_zone", json!(null)), "time_zone is required"),
        (set("time_zone", json!("India")), zone),
        (set("time_zone", json!("Callee")), zone),
        (set("time_zone", json!(330)), zone),
        (set("fallback_time_zone", json!("callee")), fallback),
        (set("fallback_time_zone", json!("IST")), fallback),
        (with(hours(), "windows", None), "windows is required"),
        (set("windows", json!([])), many),
        (set("windows", windows(21)), many),
        (set("windows", json!(["09:00"])), many),
        (window("days", json!([])), days),
        (window("days", json!(["monday"])), days),
        (window("days", json!("mon")), days),
        (window("days", json!(vec!["mon"; 8])), days),
        (window("from", json!(null)), "windows.from is required"),
        (window("from", json!("8:00")), from),
        (window("from", json!("24:00")), from),
        (window("from", json!(8)), from),
        (window("from", json!("19:00")), to),
        (window("to", json!("24:01")), to),
        (window("to", json!("07:59")), to),
        (set("closed_dates", json!(["2027-02-29"])), closed),
        (set("closed_dates", json!(["26.01.2027"])), closed),
        (set("closed_dates", dates(367)), closed),
        (set("on_closed", json!("queue")), on_closed),
    ];
    let agent = format!("/agents/{}", create(&world, &org, "/agents", agent()));
    for path in ["/settings", &agent] {
        for (given, text) in &cases {
            let text = format!("calling_hours.{text}");
            let answer = world.patch(&org, path, json!({ "calling_hours": given }));
            assert_eq!(answer, (400, error(&text)), "{given}");
        }
        let answer = world.patch(&org, path, json!({"calling_hours": "9 to 5"}));
        assert_eq!(answer, (400, error("calling_hours must be an object")));
        for (given, name) in [
            (set("day", json!(1)), "calling_hours.day"),
            (window("until", json!(1)), "calling_hours.windows.until"),
        ] {
            let text = format!("unknown field: {name}");
            let answer = world.patch(&org, path, json!({ "calling_hours": given }));
            assert_eq!(answer, (400, error(&text)));
        }
        for given in [set("windows", windows(20)), set("closed_dates", dates(366))] {
            self::set(&world, &org, path, given);
        }
    }
}

#[test]
fn all_trunks_are_told_before_a_change_is_answered() {
    let (world, org) = founded();
    let lines: Vec<String> = (0..3)
        .map(|_| create(&world, &org, "/sip-trunks", trunk()))
        .collect();
    let own = create(&world, &org, "/agents", agent());
    let other = create(&world, &org, "/agents", agent());
    let all = |agent: &str| -> Vec<Value> {
        lines.iter().map(|line| told(&world, line, agent)).collect()
    };
    set(&world, &org, "/settings", hours());
    assert_eq!(all(&own), vec![json!([hours()]); 3]);
    let its = with(hours(), "on_closed", Some(json!("wait")));
    set(&world, &org, &format!("/agents/{own}"), its.clone());
    assert_eq!(all(&own), vec![json!([hours(), its]); 3]);
    assert_eq!(all(&other), vec![json!([hours()]); 3]);
    set(&world, &org, "/settings", Value::Null);
    assert_eq!(all(&own), vec![json!([its]); 3]);
    // A trunk that is made later, by a directory that was lost meanwhile.
    world.restart();
    let late = create(&world, &org, "/sip-trunks", trunk());
    assert_eq!(told(&world, &late, &own), json!([its]));
    set(&world, &org, &format!("/agents/{own}"), Value::Null);
    assert_eq!(all(&own), vec![json!([]); 3]);
}

#[test]
fn a_trunk_knows_the_hours_of_a_guarded_agent_before_its_first_call() {
    let mut world = World::new();
    world.unguarded(1);
    let org = world.found("Acme Lending");
    let line = create(&world, &org, "/sip-trunks", trunk());
    create(&world, &org, "/agents", agent());
    let body = with(agent(), "calling_hours", Some(hours()));
    let guarded = create(&world, &org, "/agents", body);
    assert_eq!(told(&world, &line, &guarded), json!([]));
    let permit = Permit {
        trunk: tag(&line),
        agent: Some(guarded.parse().expect("an id")),
        waits: Span(0),
        refused: false,
        short: false,
    };
    let key = create(
        &world,
        &org,
        "/api-keys",
        json!({"name": "x", "role": "member"}),
    );
    let key = key.parse().expect("an id");
    let command = DirectoryCommand::of_the_key(key, Ask::Permit(permit));
    let ask = || block_on(world.directory(org.id, &command)).expect("reached");
    assert!(matches!(ask(), DirectoryReply::Done));
    assert_eq!(told(&world, &line, &guarded), json!([hours()]));
    // The next ones cost nothing more.
    let before = world.times_briefed(&line);
    assert!(matches!(ask(), DirectoryReply::Done));
    assert_eq!(world.times_briefed(&line), before);
    // It is told of a change as well.
    let path = format!("/agents/{guarded}");
    set(&world, &org, &path, Value::Null);
    assert_eq!(told(&world, &line, &guarded), json!([]));
}

#[test]
fn a_change_of_a_guarded_agents_hours_is_told_while_a_call_may_wait_for_an_opening() {
    let mut world = World::new();
    world.unguarded(0);
    let org = world.found("Acme Lending");
    let line = create(&world, &org, "/sip-trunks", trunk());
    let who = create(&world, &org, "/agents", agent());
    let body = json!({"name": "x", "role": "member"});
    let key = create(&world, &org, "/api-keys", body)
        .parse()
        .expect("an id");
    let ask = || {
        let permit = Permit {
            trunk: tag(&line),
            agent: Some(who.parse().expect("an id")),
            waits: Span(60_000),
            refused: false,
            short: false,
        };
        let command = DirectoryCommand::of_the_key(key, Ask::Permit(permit));
        block_on(world.directory(org.id, &command)).expect("reached")
    };
    assert!(matches!(ask(), DirectoryReply::Done));
    // The call stands in line when the first hours are set, and may have to wait for days.
    set(&world, &org, "/settings", hours());
    world.advance(Span::from_secs(20 * 86_400));
    world.tick(&org);
    set(&world, &org, &format!("/agents/{who}"), hours());
    assert_eq!(told(&world, &line, &who), json!([hours(), hours()]));
    let path = format!("/api-keys/{key}");
    assert_eq!(world.delete(&org, &path).0, 204);
    assert_eq!(world.brief_of(&line).revoked_keys, [key]);
    // With hours set, each permit is good for as long from the first.
    world.advance(Span::from_secs(20 * 86_400));
    world.tick(&org);
    assert!(world.stored_names(&org, "permit/").is_empty());
}

#[test]
fn agents_hours_fit_what_trunks_can_be_told_and_alike_ones_count_once() {
    let mut world = World::new();
    world.unguarded(190);
    let org = world.found("Acme Lending");
    create(&world, &org, "/sip-trunks", trunk());
    let dates: Vec<String> = (0..366)
        .map(|day| format!("2028-{:02}-{:02}", day / 28 % 12 + 1, day % 28 + 1))
        .collect();
    let windows = vec![hours()["windows"][0].clone(); 20];
    let large = with(hours(), "closed_dates", Some(json!(dates)));
    let large = with(large, "windows", Some(json!(windows)));
    let of = |minute: usize| {
        let window = json!({"days": ["mon"], "from": format!("{:02}:{:02}", minute / 60, minute % 60), "to": "24:00"});
        with(large.clone(), "windows", Some(json!([window, window])))
    };
    let new = |hours: Value| {
        let body = with(agent(), "calling_hours", Some(hours));
        world.post(&org, "/agents", body)
    };
    for _ in 0..300 {
        assert_eq!(new(large.clone()).0, 201, "alike ones are told once");
    }
    let mut many = 0;
    let refused = loop {
        let (status, answer) = new(of(many));
        if status != 201 {
            break (status, answer);
        }
        many += 1;
    };
    let full = "There is no room for more calling hours of agents";
    assert_eq!(refused, (409, error(full)));
    assert!((150..400).contains(&many), "{many} different ones");
    // What is there can be kept, shortened and shared; the organisation's own always fit.
    assert_eq!(new(of(0)).0, 201);
    assert_eq!(new(Value::Null).0, 201);
    set(&world, &org, "/settings", large.clone());
    let line = create(&world, &org, "/sip-trunks", trunk());
    let told = json!(world.brief_of(&line)).to_string().len();
    assert!(told < 1_100_000, "a brief of {told} bytes");
}

#[test]
fn stored_rows_with_hours_are_pinned() {
    let (world, org) = founded();
    let body = with(agent(), "calling_hours", Some(hours()));
    create(&world, &org, "/agents", body);
    let own = with(hours(), "time_zone", Some(json!("Europe/London")));
    set(&world, &org, "/settings", own);
    let rows = world.office(&org).rows.borrow().clone();
    let rows: std::collections::BTreeMap<String, Value> = rows
        .into_iter()
        .map(|(name, doc)| (name, serde_json::from_str(&doc).expect("JSON")))
        .collect();
    golden::check("directory/rows_with_hours", &json!(rows));
}
