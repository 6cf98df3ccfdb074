//! Contacts' shards, the objects that know about numbers: how a command becomes rows and an answer.
//!
//! An organisation has [`SHARDS`](crate::domain::contacts::SHARDS) of them, each for its share of the numbers. Nothing is kept in
//! memory: a number is a row, found by its key, so that a million of them cost no more than one.

mod check;
mod errands;
mod language;
mod port;
mod store;
mod tell;

pub use check::ask;
pub use errands::run;
pub use language::{ContactsCommand, ContactsReply};
pub use port::Contacts;
pub use store::{ContactsStore, Found, Place};
pub use tell::tell;

use crate::app::trunk::StoreFailed;
use crate::domain::contacts::{Contact, Dials, Number, Stage, Suppression, Take, Word};
use crate::domain::time::{Span, Timestamp};

/// How many expired suppressions are removed together, and how many rows of dials are looked at together.
const LEAVE: usize = 1_000;
/// How many suppressions are looked at for a page, in case many have expired and not been removed yet.
const LOOKED_AT: usize = 4_000;
/// How soon after that the rest are removed.
const MORE: Span = Span(50);
/// How often rows of dials that no longer count are searched for.
const TIDIED_EVERY: Span = Span::from_secs(86_400);

/// How far a shard has searched its rows of dials for those that no longer count.
#[derive(Debug, Default)]
pub struct Tidying {
    /// Where the search continues.
    from: Option<Number>,
    /// When the next one begins.
    at: Timestamp,
}

impl Tidying {
    fn go_on(&mut self, store: &impl ContactsStore, now: Timestamp) -> Result<(), StoreFailed> {
        if self.from.is_none() && now < self.at {
            return Ok(());
        }
        let from = self.from.unwrap_or(Number(0));
        self.from = store.forget_dials(from, now, LEAVE)?;
        if self.from.is_none() {
            // No later than the alarm that is set for it.
            self.at = now + TIDIED_EVERY - Span(1);
        }
        Ok(())
    }
}

/// Carries out one command, except for telling others ([`ContactsCommand::Tell`]).
///
/// # Errors
/// Rows can't be read or written; then either nothing of the command is stored, or all of it.
pub fn handle(
    store: &impl ContactsStore,
    tidying: &mut Tidying,
    command: ContactsCommand,
    now: Timestamp,
) -> Result<ContactsReply, StoreFailed> {
    match command {
        ContactsCommand::Look(numbers) => {
            let known = numbers
                .into_iter()
                .map(|number| Ok((number, holding(store, number, now)?.is_some())));
            Ok(ContactsReply::Words(known.collect::<Result<_, _>>()?))
        }
        ContactsCommand::Take(takes) => {
            let words = takes.iter().map(|asked| take(store, asked, now));
            Ok(ContactsReply::Taken(words.collect::<Result<_, _>>()?))
        }
        ContactsCommand::GiveBack(places) => {
            for (number, ticket) in places {
                let mut dials = store.dials(number)?;
                if dials.give_back(ticket, now) {
                    store.put_dials(number, &dials)?;
                }
            }
            Ok(ContactsReply::Done)
        }
        ContactsCommand::Get(number) => {
            let known = holding(store, number, now)?;
            Ok(ContactsReply::Suppressions(known.into_iter().collect()))
        }
        ContactsCommand::Page {
            before,
            limit,
            in_parts: true,
        } => {
            let (found, until) = store.page(before, (limit, LOOKED_AT), now)?;
            Ok(ContactsReply::Page(found, until))
        }
        ContactsCommand::Page { before, limit, .. } => Ok(ContactsReply::Suppressions(page(
            store, before, limit, now,
        )?)),
        ContactsCommand::Put(rows) => put(store, rows, now),
        ContactsCommand::Remove(number) => {
            let was_there = holding(store, number, now)?.is_some();
            store.remove(&[number])?;
            Ok(ContactsReply::Removed(was_there))
        }
        ContactsCommand::Erase(number) => {
            let is_kept = holding(store, number, now)?.is_some();
            store.put_dials(number, &Dials::default())?;
            if !is_kept {
                store.remove(&[number])?;
            }
            Ok(ContactsReply::Removed(is_kept))
        }
        ContactsCommand::Tell { .. } => Ok(ContactsReply::Told(false)),
        ContactsCommand::Tick => {
            store.remove(&store.ended(now, LEAVE)?)?;
            tidying.go_on(store, now)?;
            Ok(ContactsReply::Done)
        }
    }
}

/// When the object must next be woken: when the first suppression expires, and every day if there are dials.
///
/// # Errors
/// Rows can't be read.
pub fn next_due(
    store: &impl ContactsStore,
    tidying: &Tidying,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreFailed> {
    let end = store.first_end()?.map(|end| end.max(now + MORE));
    let tidied = match tidying.from {
        Some(_) => Some(now + MORE),
        None => store.has_dials()?.then_some(now + TIDIED_EVERY),
    };
    Ok(end.into_iter().chain(tidied).min())
}

/// Takes a place among the dials to a number, if it is not suppressed.
fn take(store: &impl ContactsStore, asked: &Take, now: Timestamp) -> Result<Word, StoreFailed> {
    if holding(store, asked.number, now)?.is_some() {
        return Ok(Word::suppressed(true));
    }
    let is_look = asked.stage == Stage::Look;
    if is_look && asked.org.is_empty() && asked.own.is_empty() {
        return Ok(Word::suppressed(false));
    }
    let known = store.dials(asked.number)?;
    let mut dials = known.clone();
    let contact = dials.take(asked, now);
    if !is_look && dials != known {
        // A place that can't be counted is not granted.
        if contact == Contact::Free && known.is_empty() && !store.has_room() {
            return Err(StoreFailed);
        }
        store.put_dials(asked.number, &dials)?;
    }
    Ok(Word {
        suppressed: false,
        contact,
    })
}

fn holding(
    store: &impl ContactsStore,
    number: Number,
    now: Timestamp,
) -> Result<Option<Suppression>, StoreFailed> {
    Ok(store.get(number)?.filter(|known| known.holds(now)))
}

/// A page for an edge that does not know of partial pages.
fn page(
    store: &impl ContactsStore,
    mut before: Option<Place>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Suppression>, StoreFailed> {
    let mut all = Vec::new();
    loop {
        let left = (limit - all.len(), LOOKED_AT);
        let (found, until) = store.page(before, left, now)?;
        all.extend(found);
        if until.is_none() {
            return Ok(all);
        }
        before = until;
    }
}

fn put(
    store: &impl ContactsStore,
    rows: Vec<Suppression>,
    now: Timestamp,
) -> Result<ContactsReply, StoreFailed> {
    if !store.has_room() {
        return Ok(ContactsReply::Full);
    }
    let (mut added, mut updated, mut last) = (0, 0, None);
    for row in rows {
        let number = row.number();
        let known = holding(store, number, now)?;
        match known {
            Some(_) => updated += 1,
            None => added += 1,
        }
        let row = row.in_place_of(known.as_ref());
        store.put(number, &row)?;
        last = Some(Box::new(row));
    }
    Ok(ContactsReply::Kept {
        added,
        updated,
        last,
    })
}
