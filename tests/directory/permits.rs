//! Many trunks, keys and agents: which trunks are told of a change, and how long it is remembered.

use std::collections::BTreeMap;

use audatec::app::directory::{Ask, DirectoryCommand, DirectoryReply, Permit};
use audatec::app::ports::Directories;
use audatec::app::records::RecordKey;
use audatec::domain::ids::{AgentId, KeyId, TrunkId};
use audatec::domain::planted::{Fault, plant};
use audatec::domain::time::{Span, Timestamp};
use serde_json::{Value, json};

use crate::world::{Org, World, block_on, tag};
use crate::{agent, create, error, golden, trunk};

/// An organisation of which so many trunks, keys and agents are known to each other.
fn founded(unguarded: usize) -> (World, Org) {
    let mut world = World::new();
    world.unguarded(unguarded);
    let org = world.found("Acme Lending");
    (world, org)
}

fn new_key(world: &World, org: &Org) -> KeyId {
    let body = json!({"name": "x", "role": "member"});
    create(world, org, "/api-keys", body)
        .parse()
        .expect("an id")
}

/// What a call of this key asks the directory for, before it asks the trunk.
fn permit(world: &World, org: &Org, key: KeyId, trunk: &str, agent: &str) -> DirectoryReply {
    ask(world, org, key, trunk, agent, Span(0), false)
}

fn ask(
    world: &World,
    org: &Org,
    key: KeyId,
    trunk: &str,
    agent: &str,
    waits: Span,
    refused: bool,
) -> DirectoryReply {
    let permit = Permit {
        trunk: tag(trunk),
        agent: Some(agent.parse().expect("an id")),
        waits,
        refused,
        short: false,
    };
    give(world, org, key, permit)
}

fn give(world: &World, org: &Org, key: KeyId, permit: Permit) -> DirectoryReply {
    let command = DirectoryCommand::of_the_key(key, Ask::Permit(permit));
    block_on(world.directory(org.id, &command)).expect("reached")
}

/// Until when a call is permitted, of an edge that tells the trunk; none is for minutes.
fn short(world: &World, org: &Org, key: KeyId, trunk: &str, waits: Span) -> Option<Timestamp> {
    let permit = Permit {
        trunk: tag(trunk),
        agent: None,
        waits,
        refused: false,
        short: true,
    };
    match give(world, org, key, permit) {
        DirectoryReply::Done => None,
        DirectoryReply::Permitted(until) => Some(until),
        other => panic!("{other:?}"),
    }
}

/// An organisation whose trunks are all guarded, as its keys are; who is used through two of them is so through others for a moment.
fn used_widely() -> (World, Org, Vec<String>, KeyId) {
    let (mut world, org) = founded(0);
    world.kept_permits(2);
    let lines: Vec<String> = (0..4)
        .map(|_| create(&world, &org, "/sip-trunks", trunk()))
        .collect();
    let key = new_key(&world, &org);
    for line in lines.iter().take(2) {
        assert_eq!(short(&world, &org, key, line, Span(0)), None);
    }
    (world, org, lines, key)
}

/// How long the end of a key takes, and the trunks that are told of it.
fn end(world: &World, org: &Org, lines: &[String], key: KeyId) -> (Span, Vec<bool>) {
    let begun = world.now.get();
    revoke(world, org, key);
    let told = |line: &String| world.brief_of(line).revoked_keys.contains(&key);
    (world.now.get() - begun, lines.iter().map(told).collect())
}

#[test]
fn who_is_used_through_many_trunks_may_use_the_others_for_a_moment_which_their_end_awaits() {
    let (world, org, lines, key) = used_widely();
    let rows = || world.stored_names(&org, "short/").len();
    // Those two are known; an edge that tells no trunk until when it is good has its permit as ever.
    assert_eq!(short(&world, &org, key, &lines[1], Span(0)), None);
    let now = world.now.get();
    assert_eq!(
        short(&world, &org, key, &lines[2], Span(0)),
        Some(now + Span(2_000))
    );
    assert_eq!(rows(), 1);
    world.advance(Span(1_500));
    assert_eq!(
        short(&world, &org, key, &lines[3], Span(0)),
        Some(now + Span(3_500))
    );
    world.advance(Span(500));

    let (took, told) = end(&world, &org, &lines, key);

    assert_eq!(told, [true, true, false, false]);
    assert_eq!(took, Span(1_500 + 3_000), "and what clocks may differ by");
    let refused = |line: &str| {
        let permit = Permit {
            trunk: tag(line),
            agent: None,
            waits: Span(0),
            refused: false,
            short: true,
        };
        let reply = give(&world, &org, key, permit);
        serde_json::to_value(reply).expect("JSON") == json!({"Refused": "InvalidKey"})
    };
    assert!(lines.iter().all(|line| refused(line)));
    world.advance(Span(63_000));
    world.tick(&org);
    assert_eq!(rows(), 0);
}

#[test]
fn the_end_of_somebody_who_has_no_short_permit_waits_for_nothing() {
    let (world, org, lines, key) = used_widely();
    short(&world, &org, key, &lines[2], Span(0));
    let other = new_key(&world, &org);
    assert_eq!(end(&world, &org, &lines, other).0, Span(0));
    world.advance(Span(5_000));
    assert_eq!(end(&world, &org, &lines, key).0, Span(0));
}

#[test]
fn a_directory_that_was_restarted_knows_who_had_short_permits_and_not_which() {
    let (world, org, lines, key) = used_widely();
    short(&world, &org, key, &lines[2], Span(0));
    world.advance(Span(30_000));
    world.restart();
    let other = new_key(&world, &org);
    world.advance(Span(500));
    assert_eq!(end(&world, &org, &lines, other).0, Span(0));
    assert_eq!(end(&world, &org, &lines, key).0, Span(4_500));
}

#[test]
fn so_is_an_agent_and_what_may_wait_is_permitted_for_as_long_through_however_many() {
    let (mut world, org) = founded(0);
    world.kept_permits(2);
    let lines: Vec<String> = (0..4)
        .map(|_| create(&world, &org, "/sip-trunks", trunk()))
        .collect();
    let who = create(&world, &org, "/agents", agent());
    let keys: Vec<KeyId> = (0..4).map(|_| new_key(&world, &org)).collect();
    let call = |key: KeyId, line: &str, waits: Span| {
        let permit = Permit {
            trunk: tag(line),
            agent: Some(who.parse().expect("an id")),
            waits,
            refused: false,
            short: true,
        };
        is_done(&give(&world, &org, key, permit))
    };
    assert!(call(keys[0], &lines[0], Span(0)) && call(keys[1], &lines[1], Span(0)));
    assert!(
        !call(keys[2], &lines[2], Span(0)),
        "the agent is used widely"
    );
    assert!(call(keys[3], &lines[3], Span(3_600_000)), "in line");
    let begun = world.now.get();
    set(&world, &org, &who, "inactive");
    let told = lines
        .iter()
        .map(|line| !world.brief_of(line).inactive_agents.is_empty());
    assert_eq!(told.collect::<Vec<_>>(), [true, true, false, true]);
    assert_eq!(world.now.get() - begun, Span(5_000));
    let begun = world.now.get();
    set(&world, &org, &who, "active");
    assert_eq!(world.now.get() - begun, Span(0));
}

fn is_done(reply: &DirectoryReply) -> bool {
    matches!(reply, DirectoryReply::Done)
}

fn revoke(world: &World, org: &Org, key: KeyId) {
    let path = format!("/api-keys/{key}");
    assert_eq!(world.delete(org, &path), (204, Value::Null));
}

fn set(world: &World, org: &Org, agent: &str, status: &str) {
    let answer = world.patch(org, &format!("/agents/{agent}"), json!({"status": status}));
    assert_eq!(answer.0, 200);
}

#[test]
fn the_ids_of_what_is_made_beyond_the_first_say_so() {
    let (world, org) = founded(2);
    let trunks: Vec<TrunkId> = (0..3)
        .map(|_| {
            create(&world, &org, "/sip-trunks", trunk())
                .parse()
                .expect("an id")
        })
        .collect();
    assert_eq!(
        trunks.iter().map(|id| id.is_guarded()).collect::<Vec<_>>(),
        [false, false, true]
    );
    assert!(trunks[2].tag().is_guarded());
    let agents: Vec<AgentId> = (0..3)
        .map(|_| {
            create(&world, &org, "/agents", agent())
                .parse()
                .expect("an id")
        })
        .collect();
    assert_eq!(
        agents.iter().map(|id| id.is_guarded()).collect::<Vec<_>>(),
        [false, false, true]
    );
    assert_eq!(world.get(&org, &format!("/agents/{}", agents[2])).0, 200);
    // The owner's own is the first.
    let keys: Vec<KeyId> = (0..2).map(|_| new_key(&world, &org)).collect();
    assert_eq!(
        keys.iter().map(|id| id.is_guarded()).collect::<Vec<_>>(),
        [false, true]
    );
    // A revoked one of which trunks are reminded counts, until they are not.
    revoke(&world, &org, keys[0]);
    assert!(new_key(&world, &org).is_guarded());
    world.advance(Span(8 * 86_400_000));
    world.tick(&org);
    assert!(!new_key(&world, &org).is_guarded());
}

#[test]
fn a_revocation_is_told_to_those_it_is_known_to_and_those_that_it_was_permitted() {
    let (world, org) = founded(2);
    let lines: Vec<String> = (0..6)
        .map(|_| create(&world, &org, "/sip-trunks", trunk()))
        .collect();
    let who = create(&world, &org, "/agents", agent());
    let (known, guarded) = (new_key(&world, &org), new_key(&world, &org));
    let told = |key: KeyId| -> Vec<bool> {
        let before: Vec<_> = lines.iter().map(|line| world.times_briefed(line)).collect();
        revoke(&world, &org, key);
        let briefed = |(line, before): (&String, usize)| {
            let told = world.brief_of(line).revoked_keys.contains(&key);
            assert_eq!(told, world.times_briefed(line) > before);
            told
        };
        lines.iter().zip(before).map(briefed).collect()
    };
    assert!(is_done(&permit(&world, &org, known, &lines[4], &who)));
    assert!(is_done(&permit(&world, &org, guarded, &lines[1], &who)));
    assert!(is_done(&permit(&world, &org, guarded, &lines[5], &who)));
    // Whatever is in memory alone is gone.
    world.restart();
    assert_eq!(told(known), [true, true, false, false, true, false]);
    assert_eq!(told(guarded), [false, true, false, false, false, true]);
    // And neither is given a permit any more.
    for key in [known, guarded] {
        let reply = permit(&world, &org, key, &lines[5], &who);
        assert_eq!(
            serde_json::to_value(reply).expect("JSON"),
            json!({"Refused": "InvalidKey"})
        );
    }
}

#[test]
fn an_end_that_awaits_no_short_permit_would_be_noticed() {
    let (world, org, lines, key) = used_widely();
    short(&world, &org, key, &lines[2], Span(0));
    plant(Some(Fault::ShortUnawaited));
    let (took, _) = end(&world, &org, &lines, key);
    plant(None);
    assert_eq!(took, Span(0));
}

#[test]
fn a_permit_that_was_forgotten_would_be_noticed() {
    let (world, org) = founded(0);
    let line = create(&world, &org, "/sip-trunks", trunk());
    let who = create(&world, &org, "/agents", agent());
    let key = new_key(&world, &org);
    permit(&world, &org, key, &line, &who);
    plant(Some(Fault::PermittedUntold));
    revoke(&world, &org, key);
    plant(None);
    assert!(world.brief_of(&line).revoked_keys.is_empty());
}

#[test]
fn a_guarded_key_that_is_not_used_leaves_nothing_behind_and_one_that_is_nothing_after_minutes() {
    let (world, org) = founded(1);
    let line = create(&world, &org, "/sip-trunks", trunk());
    let who = create(&world, &org, "/agents", agent());
    let rows = |prefix: &str| world.stored_names(&org, prefix).len();
    revoke(&world, &org, new_key(&world, &org));
    assert_eq!(rows("key/"), 1, "the owner's");

    let key = new_key(&world, &org);
    permit(&world, &org, key, &line, &who);
    revoke(&world, &org, key);
    assert_eq!((rows("key/"), rows("permit/")), (2, 1));
    assert_eq!(world.brief_of(&line).revoked_keys, [key]);
    world.advance(Span(239_999));
    world.tick(&org);
    assert_eq!((rows("key/"), rows("permit/")), (2, 1));
    world.advance(Span(1));
    world.tick(&org);
    assert_eq!((rows("key/"), rows("permit/")), (1, 0));
    world.patch(&org, &format!("/sip-trunks/{line}"), json!({"name": "y"}));
    assert!(world.brief_of(&line).revoked_keys.is_empty());
}

#[test]
fn a_call_that_may_wait_is_permitted_for_as_long() {
    let (world, org) = founded(0);
    let line = create(&world, &org, "/sip-trunks", trunk());
    let who = create(&world, &org, "/agents", agent());
    let key = new_key(&world, &org);
    ask(&world, &org, key, &line, &who, Span(3_600_000), false);
    permit(&world, &org, key, &line, &who);
    world.advance(Span(3_600_000 + 170_000));
    world.tick(&org);
    revoke(&world, &org, key);
    assert_eq!(world.brief_of(&line).revoked_keys, [key]);
}

#[test]
fn an_agent_that_is_active_again_is_so_where_it_is_asked_for() {
    let (world, org) = founded(0);
    let line = create(&world, &org, "/sip-trunks", trunk());
    let who = create(&world, &org, "/agents", agent());
    let key = new_key(&world, &org);
    permit(&world, &org, key, &line, &who);
    set(&world, &org, &who, "inactive");
    assert_eq!(world.brief_of(&line).inactive_agents.len(), 1);
    let reply = permit(&world, &org, key, &line, &who);
    assert_eq!(
        serde_json::to_value(reply).expect("JSON"),
        json!({"Refused": "Inactive"})
    );
    // Nobody tells the trunk that its permit has passed, nor that the agent is active again …
    world.advance(Span(600_000));
    world.tick(&org);
    set(&world, &org, &who, "active");
    assert_eq!(world.brief_of(&line).inactive_agents.len(), 1);
    // … until it refused the agent.
    assert!(is_done(&ask(&world, &org, key, &line, &who, Span(0), true)));
    assert!(world.brief_of(&line).inactive_agents.is_empty());
    // One that can't be reached is no reason to try the call again.
    world.cut_off(&line);
    let reply = ask(&world, &org, key, &line, &who, Span(0), true);
    assert_eq!(
        serde_json::to_value(reply).expect("JSON"),
        json!({"Refused": "Untold"})
    );
}

#[test]
fn of_thousands_of_revoked_keys_from_before_there_were_guarded_ones_the_newest_are_remembered() {
    let (world, org) = founded(200);
    let line = create(&world, &org, "/sip-trunks", trunk());
    let key = new_key(&world, &org);
    revoke(&world, &org, key);
    world.fill(&org, "key/", 10_001);
    world.tick(&org);
    assert_eq!(
        world.stored_names(&org, "key/").len(),
        10_001,
        "none is forgotten within the hour"
    );
    world.advance(Span(3_600_000));
    world.tick(&org);
    assert_eq!(
        world.stored_names(&org, "key/").len(),
        301,
        "and the owner's"
    );
    world.patch(&org, &format!("/sip-trunks/{line}"), json!({"name": "y"}));
    assert_eq!(world.brief_of(&line).revoked_keys.len(), 300);
    assert!(new_key(&world, &org).is_guarded());
}

/// An organisation with three trunks, all but the first guarded, an agent and a key.
fn among_three() -> (World, Org, Vec<String>, String, KeyId) {
    let (world, org) = founded(1);
    let lines: Vec<String> = (0..3)
        .map(|_| create(&world, &org, "/sip-trunks", trunk()))
        .collect();
    let who = create(&world, &org, "/agents", agent());
    let key = new_key(&world, &org);
    (world, org, lines, who, key)
}

#[test]
fn a_guarded_trunk_through_which_no_call_was_permitted_is_asked_for_none() {
    let (world, org, lines, who, key) = among_three();
    world.asked.take();
    assert_eq!(world.get(&org, "/calls").0, 200);
    assert_eq!(world.asked.take(), [tag(&lines[0])]);
    permit(&world, &org, key, &lines[2], &who);
    world.restart();
    assert_eq!(world.get(&org, "/calls").0, 200);
    assert_eq!(world.asked.take(), [tag(&lines[0]), tag(&lines[2])]);
    let listed = world.get(&org, "/sip-trunks").1;
    assert_eq!(listed["sip_trunks"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_request_that_needs_a_permit_is_refused_when_the_directory_cant_give_it() {
    let (world, org) = founded(1);
    create(&world, &org, "/sip-trunks", trunk());
    let line = create(&world, &org, "/sip-trunks", trunk());
    let who = create(&world, &org, "/agents", agent());
    let body = json!({"phone_number": "+919876543210", "agent_id": who, "sip_trunk_id": line,
        "metadata": {"customer_name": "a", "amount_due": "b", "due_date": "c"}});
    world
        .office(&org)
        .failure
        .set(Some(crate::directory_rows::Failure::BeforePersisting));
    world.asked.take();
    let text = "Authentication service temporarily unavailable";
    assert_eq!(world.post(&org, "/calls", body), (503, error(text)));
    assert!(world.asked.take().is_empty(), "the trunk is not asked");
}

#[test]
fn who_lists_calls_is_told_until_when_a_guarded_trunk_may_have_had_any() {
    let (world, org, lines, who, key) = among_three();
    let known = || -> Vec<Value> {
        let ask = DirectoryCommand::of_the_key(key, Ask::Record(RecordKey::Trunks(org.id)));
        let reply = block_on(world.directory(org.id, &ask)).expect("reached");
        let DirectoryReply::Record(Some(json)) = reply else {
            panic!("{reply:?}");
        };
        let trunks: Vec<Value> = serde_json::from_str(&json).expect("JSON");
        let until = |trunk: &Value| trunk.get("calls_until").cloned().unwrap_or_default();
        trunks.iter().map(until).collect()
    };
    permit(&world, &org, key, &lines[0], &who);
    permit(&world, &org, key, &lines[1], &who);
    let first = world.now.get() + Span(240_000);
    let expected = [Value::Null, json!(first.0), Value::Null];
    assert_eq!(known(), expected);
    world.advance(Span(80_000));
    permit(&world, &org, key, &lines[1], &who);
    assert_eq!(known(), expected, "for long enough, and nothing is written");
    world.advance(Span(11_000));
    permit(&world, &org, key, &lines[1], &who);
    world.restart();
    let later = world.now.get() + Span(240_000);
    assert_eq!(known(), [Value::Null, json!(later.0), Value::Null]);
}

#[test]
fn stored_rows_of_what_is_guarded_are_pinned() {
    let (world, org) = founded(0);
    let line = create(&world, &org, "/sip-trunks", trunk());
    let who = create(&world, &org, "/agents", agent());
    let key = new_key(&world, &org);
    permit(&world, &org, key, &line, &who);
    let rows = world.office(&org).rows.borrow().clone();
    let rows: BTreeMap<String, Value> = rows
        .into_iter()
        .map(|(name, doc)| (name, serde_json::from_str(&doc).expect("JSON")))
        .collect();
    golden::check("directory/rows_of_used_trunks", &json!(rows));
}

#[test]
fn a_trunk_from_before_there_were_guarded_ones_is_told_of_everything_whatever_its_id() {
    let (world, org) = founded(1);
    let line = create(&world, &org, "/sip-trunks", trunk());
    let late = create(&world, &org, "/sip-trunks", trunk());
    let key = new_key(&world, &org);
    // As an earlier release wrote the rows: one in 4096 begins so.
    let name = format!("trunk/{late}");
    let office = world.office(&org);
    let mut row: Value = serde_json::from_str(&office.rows.borrow()[&name]).expect("JSON");
    assert_eq!(row["guarded"], true);
    row.as_object_mut().expect("a row").remove("guarded");
    office.rows.borrow_mut().insert(name, row.to_string());
    let name = format!("key/{key}");
    let mut row = office.rows.borrow()[&name].clone();
    office.rows.borrow_mut().remove(&name);
    let known: KeyId = key.guarded(false);
    row = row.replace(&key.to_string(), &known.to_string());
    office.rows.borrow_mut().insert(format!("key/{known}"), row);
    world.restart();

    revoke(&world, &org, known);
    for line in [&line, &late] {
        assert_eq!(world.brief_of(line).revoked_keys, [known]);
    }
    world.asked.take();
    world.get(&org, "/calls");
    assert_eq!(world.asked.take().len(), 2);
}
