//! Asking what is known of numbers.

use super::{Contacts, ContactsCommand, ContactsReply};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::domain::contacts::{Question, Shard, Word, Words};
use crate::domain::ids::OrgId;

/// Asks of numbers, each object once. What could not be asked is not in the answer.
pub async fn ask(world: &impl Contacts, org: OrgId, questions: &[Question]) -> Words {
    let shards = Shard::all().filter_map(|shard| {
        let its_own = questions
            .iter()
            .filter(|asked| asked.number.shard() == shard);
        let its_own: Vec<&Question> = its_own.collect();
        (!its_own.is_empty()).then_some((shard, its_own))
    });
    let asked = shards.map(async |(shard, questions)| {
        let takes = questions
            .iter()
            .filter_map(|asked| asked.take.as_deref().cloned());
        let takes: Vec<_> = takes.collect();
        let looks = questions.iter().filter(|asked| asked.take.is_none());
        let looks: Vec<_> = looks.map(|asked| asked.number).collect();
        let mut taken = match takes.is_empty() {
            true => Vec::new(),
            false => match world
                .contacts(org, shard, &ContactsCommand::Take(takes))
                .await
            {
                Ok(ContactsReply::Taken(words)) => words,
                _ => Vec::new(),
            },
        }
        .into_iter();
        let mut seen = match looks.is_empty() {
            true => Vec::new(),
            false => match world
                .contacts(org, shard, &ContactsCommand::Look(looks))
                .await
            {
                Ok(ContactsReply::Words(words)) => words,
                _ => Vec::new(),
            },
        }
        .into_iter();
        let words = questions.into_iter().filter_map(|asked| {
            let word = match asked.take {
                Some(_) => taken.next(),
                None => seen.next().map(|(_, is)| Word::suppressed(is)),
            };
            Some((asked.clone(), word?))
        });
        words.collect::<Vec<_>>()
    });
    let words = concurrent(CONNECTIONS, asked).await;
    Words::new(words.into_iter().flatten().collect())
}
