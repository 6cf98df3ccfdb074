//! What trunks owe the objects that know of numbers: that a place among the dials is kept, or free again.

use super::{Contacts, ContactsCommand, ContactsReply};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::messages::ContactErrand;
use crate::domain::contacts::Ticket;
use crate::domain::ids::{CallId, OrgId};

/// How often it tries to tell them.
const TRIES: usize = 3;

/// Tells them. Returns the places whose return was confirmed, by call.
pub async fn run(
    world: &impl Contacts,
    org: OrgId,
    errands: Vec<ContactErrand>,
) -> Vec<(CallId, Ticket)> {
    let told = errands.into_iter().map(async |errand| {
        let (number, command) = match &errand {
            ContactErrand::Take(take) => (
                take.number,
                ContactsCommand::Take(vec![take.as_ref().clone()]),
            ),
            ContactErrand::GiveBack { number, ticket, .. } => {
                (*number, ContactsCommand::GiveBack(vec![(*number, *ticket)]))
            }
        };
        for _ in 0..TRIES {
            let reply = world.contacts(org, number.shard(), &command).await;
            if let Ok(ContactsReply::Done | ContactsReply::Taken(_)) = reply {
                return match errand {
                    ContactErrand::GiveBack { call, ticket, .. } => Some((call?, ticket)),
                    ContactErrand::Take(_) => None,
                };
            }
        }
        None
    });
    let told = concurrent(CONNECTIONS, told).await;
    told.into_iter().flatten().collect()
}
