//! Asking what is known of numbers.

use super::{Contacts, ContactsCommand, ContactsReply};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::domain::contacts::{Number, Shard, Words};
use crate::domain::ids::OrgId;

/// Asks of numbers, each object once. What could not be asked is not in the answer.
pub async fn ask(world: &impl Contacts, org: OrgId, numbers: &[Number]) -> Words {
    let shards = Shard::all().filter_map(|shard| {
        let its_own = numbers.iter().filter(|number| number.shard() == shard);
        let its_own: Vec<Number> = its_own.copied().collect();
        (!its_own.is_empty()).then_some((shard, its_own))
    });
    let asked = shards.map(async |(shard, numbers)| {
        let look = ContactsCommand::Look(numbers);
        match world.contacts(org, shard, &look).await {
            Ok(ContactsReply::Words(words)) => words,
            _ => Vec::new(),
        }
    });
    let words = concurrent(CONNECTIONS, asked).await;
    Words::new(words.into_iter().flatten().collect())
}
