//! Asking what is known of numbers.

use super::{Contacts, ContactsCommand, ContactsReply};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::domain::contacts::{Question, Shard, Take, Word, Words};
use crate::domain::ids::OrgId;

/// Looks up numbers, with one question to each object. What could not be asked is missing from the answer.
pub async fn ask(world: &impl Contacts, org: OrgId, questions: &[Question]) -> Words {
    let shards = Shard::all().filter_map(|shard| {
        let its_own = questions
            .iter()
            .filter(|asked| asked.number.shard() == shard);
        let its_own: Vec<&Question> = its_own.collect();
        (!its_own.is_empty()).then_some((shard, its_own))
    });
    let asked = shards.map(async |(shard, questions)| {
        let reply = world.contacts(org, shard, &command(&questions)).await;
        let words: Vec<Word> = match reply {
            Ok(ContactsReply::Taken(words)) => words,
            Ok(ContactsReply::Words(words)) => {
                let words = words.into_iter();
                words.map(|(_, is)| Word::suppressed(is)).collect()
            }
            _ => Vec::new(),
        };
        let asked = questions.into_iter().cloned();
        asked.zip(words).collect::<Vec<_>>()
    });
    let words = concurrent(CONNECTIONS, asked).await;
    Words::new(words.into_iter().flatten().collect())
}

/// The one command that asks all this: if any question asks for a place, the others ask for one without limits.
fn command(questions: &[&Question]) -> ContactsCommand {
    if questions.iter().all(|asked| asked.take.is_none()) {
        let numbers = questions.iter().map(|asked| asked.number);
        return ContactsCommand::Look(numbers.collect());
    }
    let takes = questions.iter().map(|asked| match asked.take.as_deref() {
        Some(take) => take.clone(),
        None => Take::look(asked.number),
    });
    ContactsCommand::Take(takes.collect())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_util::FutureExt;

    use super::*;
    use crate::app::host::Unavailable;
    use crate::domain::contacts::{Contact, ContactLimit, Number, Per};

    /// Objects that record what they are asked.
    #[derive(Default)]
    struct Asked(RefCell<Vec<ContactsCommand>>);

    impl Contacts for Asked {
        async fn contacts(
            &self,
            _: OrgId,
            _: Shard,
            command: &ContactsCommand,
        ) -> Result<ContactsReply, Unavailable> {
            self.0.borrow_mut().push(command.clone());
            Ok(match command {
                ContactsCommand::Take(takes) => {
                    let words = takes.iter().map(|take| Word {
                        suppressed: take.number.0 % 2 == 1,
                        contact: Contact::Limited(None),
                    });
                    ContactsReply::Taken(words.collect())
                }
                ContactsCommand::Look(numbers) => {
                    let words = numbers.iter().map(|number| (*number, number.0 % 2 == 1));
                    ContactsReply::Words(words.collect())
                }
                _ => ContactsReply::Done,
            })
        }
    }

    /// A question about a number of the first shard, with a place or without.
    fn question(number: Number, with_place: bool) -> Question {
        let take = Take {
            org: vec![ContactLimit(1, Per::Day)],
            ..Take::look(number)
        };
        Question {
            take: with_place.then(|| Box::new(take)),
            ..Question::of(number)
        }
    }

    fn numbers(shard: usize) -> impl Iterator<Item = Number> {
        let all = (919_876_543_210..).map(Number);
        all.filter(move |number| number.shard() == Shard::at(shard))
    }

    #[test]
    fn an_object_is_asked_once_for_places_and_plain_looks_together() {
        let org = OrgId::from_entropy([1; 16]);
        let mixed: Vec<Question> = numbers(0)
            .take(6)
            .enumerate()
            .map(|(nth, number)| question(number, nth % 3 == 1))
            .collect();
        let world = Asked::default();
        let words = ask(&world, org, &mixed).now_or_never().expect("at once");
        assert_eq!(world.0.borrow().len(), 1);
        for asked in &mixed {
            let (of, word) = words.of(asked.number, None).expect("a word");
            assert_eq!((of, word.suppressed), (asked, asked.number.0 % 2 == 1));
        }

        // Without a place, it is the question that every release understands.
        let looks: Vec<Question> = (0..3)
            .flat_map(|shard| numbers(shard).take(2))
            .map(|number| question(number, false))
            .collect();
        let world = Asked::default();
        let words = ask(&world, org, &looks).now_or_never().expect("at once");
        let asked = world.0.borrow();
        assert!(
            asked.len() == 3
                && asked
                    .iter()
                    .all(|one| matches!(one, ContactsCommand::Look(_)))
        );
        assert!(
            looks
                .iter()
                .all(|look| words.of(look.number, None).is_some())
        );
    }
}
