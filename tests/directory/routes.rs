//! The table of routes: what its lines say is what happens.

use audatec::app::api::{Action, act};
use audatec::app::authenticate::Access;
use audatec::app::http::Request;
use audatec::domain::refusal::Refusal;
use serde_json::{Value, json};

use crate::founded;
use crate::world::{World, block_on};

fn perform(
    world: &World,
    access: Access,
    action: Action,
    token: &str,
    method: &str,
) -> Result<Value, Refusal> {
    let request = Request {
        method: method.into(),
        is_secure: true,
        origin: "https://calls.example.com".into(),
        authorization: Some(format!("Bearer {token}")),
        content_type: Some("application/json".into()),
        body: json!({"name": "Another"}).to_string().into_bytes(),
        ..Request::default()
    };
    let response = block_on(act(world, &request, access, action, [""; 2]))?;
    Ok(serde_json::from_slice(&response.body).expect("JSON"))
}

/// The operator's, an agent's, a link's and a carrier's routes may be more than one each, and a public route does what it is
/// there for.
#[test]
fn the_action_decides_what_happens_whoever_may_ask() {
    let (world, org) = founded();
    let ok = Ok(json!({"status": "ok"}));
    for access in [
        Access::Public,
        Access::Operator,
        Access::Agent,
        Access::Link,
        Access::Carrier,
    ] {
        let health = perform(&world, access, Action::Health, "platform-token", "GET");
        assert_eq!(health, ok, "{access:?}");
    }
    assert_eq!(world.offices.borrow().len(), 1, "Acme's alone");
    let role = audatec::domain::access::Role::Viewer;
    let health = perform(&world, Access::Key(role), Action::Health, &org.key, "GET");
    assert_eq!(health, ok);
}

/// A line of the table that forgets who may do such a thing lets nobody in, rather than everybody.
#[test]
fn what_needs_a_key_or_the_operator_is_open_to_no_one_else() {
    let (world, org) = founded();
    for access in [Access::Public, Access::Agent, Access::Link, Access::Carrier] {
        let orgs = perform(&world, access, Action::CreateOrg, "platform-token", "POST");
        assert_eq!(orgs, Err(Refusal::InvalidPlatformToken), "{access:?}");
        for action in [Action::ListCalls, Action::CreateKey, Action::GetSession] {
            let answer = perform(&world, access, action, &org.key, "POST");
            assert_eq!(answer, Err(Refusal::InvalidKey), "{access:?} {action:?}");
        }
    }
    let owner = Access::Key(audatec::domain::access::Role::Owner);
    let orgs = perform(&world, owner, Action::CreateOrg, &org.key, "POST");
    assert_eq!(orgs, Err(Refusal::InvalidPlatformToken));
}
