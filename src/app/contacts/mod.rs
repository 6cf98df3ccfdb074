//! The objects that know of numbers: how a command becomes rows and an answer.
//!
//! An organisation has [`SHARDS`](crate::domain::contacts::SHARDS) of them, each for its share of the numbers. Nothing is held in
//! memory: a number is a row, found by itself, so that a million of them cost what one does.

mod check;
mod language;
mod port;
mod store;
mod tell;

pub use check::ask;
pub use language::{ContactsCommand, ContactsReply};
pub use port::Contacts;
pub use store::{ContactsStore, Place};
pub use tell::tell;

use crate::app::trunk::StoreFailed;
use crate::domain::contacts::{Number, Suppression};
use crate::domain::time::{Span, Timestamp};

/// So many rows whose end has come leave together.
const LEAVE: usize = 1_000;
/// Those that are left leave so soon after.
const MORE: Span = Span(50);

/// Carries out one command. What is told on to others ([`ContactsCommand::Tell`]) is not done here.
///
/// # Errors
/// Rows can't be read or written; nothing is kept of the command then, or all of it.
pub fn handle(
    store: &impl ContactsStore,
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
        ContactsCommand::Get(number) => {
            let known = holding(store, number, now)?;
            Ok(ContactsReply::Suppressions(known.into_iter().collect()))
        }
        ContactsCommand::Page { before, limit } => {
            Ok(ContactsReply::Suppressions(store.page(before, limit, now)?))
        }
        ContactsCommand::Put(rows) => put(store, rows, now),
        ContactsCommand::Remove(number) => {
            let was_there = holding(store, number, now)?.is_some();
            store.remove(&[number])?;
            Ok(ContactsReply::Removed(was_there))
        }
        ContactsCommand::Tell { .. } => Ok(ContactsReply::Told(false)),
        ContactsCommand::Tick => {
            store.remove(&store.ended(now, LEAVE)?)?;
            Ok(ContactsReply::Done)
        }
    }
}

/// When the object must be woken next: at the end of the first suppression that has one.
///
/// # Errors
/// Rows can't be read.
pub fn next_due(
    store: &impl ContactsStore,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreFailed> {
    Ok(store.first_end()?.map(|end| end.max(now + MORE)))
}

fn holding(
    store: &impl ContactsStore,
    number: Number,
    now: Timestamp,
) -> Result<Option<Suppression>, StoreFailed> {
    Ok(store.get(number)?.filter(|known| known.holds(now)))
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
