//! A test of a trunk's connection: is the server there, does it know the key, does the secret belong to that key, does it have
//! the SIP trunk? Two read-only requests: nobody is rung, and nothing is created.

use serde_json::Value;

use super::outcome;
use super::requests;
use super::server::Server;
use crate::app::ports::{Host, Twirp, TwirpAnswer, Vault};
use crate::domain::call::Reason;
use crate::domain::ids::OrgId;
use crate::domain::trunk::Carrier;

/// The checks in their order, each with what is said when it passes.
const CHECKS: [(&str, &str); 4] = [
    ("server", "A LiveKit server answers"),
    ("api_key", "The server knows the API key"),
    ("api_secret", "The secret is that of the API key"),
    ("sip_trunk", "The server has this outbound SIP trunk"),
];
const SERVER: usize = 0;
const API_KEY: usize = 1;
const API_SECRET: usize = 2;
const SIP_TRUNK: usize = 3;

/// A check: its name, whether it passed, and what to say about it.
pub type Check = (&'static str, bool, String);

/// Tests the connection of a LiveKit trunk. Takes no longer than two answers may.
pub async fn check(
    host: &(impl Host + Vault + Twirp),
    carrier: &Carrier,
    org: OrgId,
) -> Vec<Check> {
    let failed = look(host, carrier, org).await.err();
    let checks = CHECKS.iter().enumerate();
    let tell = |(at, (name, well)): (usize, &(&'static str, &str))| match failed {
        Some((bad, reason)) if at == bad => (*name, false, sentence(reason.text())),
        Some((bad, reason)) if at > bad || reason == Reason::SecretUnreadable => {
            (*name, false, "Not checked".to_owned())
        }
        _ => (*name, true, (*well).to_owned()),
    };
    checks.map(tell).collect()
}

/// Which check fails first, and why.
async fn look(
    host: &(impl Host + Vault + Twirp),
    carrier: &Carrier,
    org: OrgId,
) -> Result<(), (usize, Reason)> {
    let server = Server::behind(host, carrier, org).await;
    let server = server.map_err(|reason| (API_SECRET, reason))?;
    let rooms = server.ask(requests::list_rooms()).await;
    let rooms = rooms.map_err(|reason| (SERVER, reason))?;
    if !outcome::is_done(&rooms) {
        let reason = outcome::room_refused(&rooms);
        return Err((door(reason), reason));
    }
    let asked = requests::list_outbound_trunk(&server.sip_trunk_id);
    let trunks = server.ask(asked).await;
    let trunks = trunks.map_err(|reason| (SIP_TRUNK, reason))?;
    if !outcome::is_done(&trunks) {
        return Err((SIP_TRUNK, outcome::reason(&trunks)));
    }
    match has_trunk(&trunks, &server.sip_trunk_id) {
        true => Ok(()),
        false => Err((SIP_TRUNK, Reason::UnknownTrunk)),
    }
}

/// The check at which a request failed that only its token could have kept from being answered.
const fn door(reason: Reason) -> usize {
    match reason {
        Reason::WrongKey | Reason::NotPermitted => API_KEY,
        Reason::WrongSecret | Reason::WrongClock => API_SECRET,
        _ => SERVER,
    }
}

/// LiveKit leaves out a trunk that it does not have; by its protocol there is an empty item in its place.
fn has_trunk(answer: &TwirpAnswer, id: &str) -> bool {
    let body = answer.json();
    let items = body.get("items").and_then(Value::as_array);
    let is_ours = |item: &Value| item.get("sip_trunk_id").and_then(Value::as_str) == Some(id);
    items.is_some_and(|items| items.iter().any(is_ours))
}

/// The same with a capital first letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
