//! Erasing: campaigns, trunks, the archive and the number's object are asked in turn, for some of their rows at a time. Each
//! answer is written before the next question, so that this continues wherever it was interrupted.

use std::cell::Cell;

use super::archive::erase_archived;
use super::{Directory, DirectoryActor, DirectoryStore, RecordWriter};
use crate::app::campaign::{self, CampaignRefusal, Campaigns, EraseRecipients};
use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::contacts::{Contacts, ContactsCommand, ContactsReply};
use crate::app::host::{Host, Storage, Unavailable, Vault};
use crate::app::json;
use crate::app::trunk::{self, EraseCalls, ErasedCalls, StoreFailed, Trunks};
use crate::domain::contacts::Number;
use crate::domain::directory::{Erased, Progress, Work};
use crate::domain::erasure::{last_digits, mentions, without};
use crate::domain::ids::OrgId;

/// How many rounds of questions one invocation asks.
const ROUNDS: usize = 30;

/// Held while somebody erases, however that ends.
struct Erases<'a>(&'a Cell<bool>);

impl Drop for Erases<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl DirectoryActor {
    /// Continues what is to be erased.
    pub(super) async fn erase(
        &self,
        store: &impl DirectoryStore,
        world: &(impl Host + Trunks + Campaigns + Contacts + RecordWriter + Vault + Storage),
    ) -> Result<(), StoreFailed> {
        // A late answer would be counted as one to the same question asked again.
        if self.erasing.replace(true) {
            return Ok(());
        }
        let _held = Erases(&self.erasing);
        for _ in 0..ROUNDS {
            let due = self.with(store, |directory| {
                Some((directory.org_id()?, directory.erasing_work(world.now())?))
            })?;
            let Some((org, (id, number, work))) = due else {
                break;
            };
            let done = work.into_iter().map(async |work| {
                let came = match &work {
                    Work::Notes => self.notes(store, number),
                    Work::Files(files) => self.delete_files(store, world, org, files).await,
                    work => piece(world, org, number, work).await,
                };
                (work, came.ok())
            });
            let came = concurrent(CONNECTIONS, done).await;
            self.with(store, |directory| {
                directory.note_erasing(id, came, world.now());
            })?;
        }
        Ok(())
    }

    /// The directory's own notes about requests.
    fn notes(&self, store: &impl DirectoryStore, number: Number) -> Result<Progress, Unavailable> {
        let noted = self.with(store, |directory| forget_notes(directory, store, number));
        match noted {
            Ok(Ok(())) => Ok(Progress::default()),
            Ok(Err(StoreFailed)) | Err(StoreFailed) => Err(Unavailable),
        }
    }
}

fn forget_notes(
    directory: &mut Directory,
    store: &impl DirectoryStore,
    number: Number,
) -> Result<(), StoreFailed> {
    let digits = last_digits(number);
    let answers = store.having("answer/", &digits)?.into_iter();
    let tells = answers.filter(|(_, doc)| mentions(doc, number));
    let keys = tells.filter_map(|(name, _)| Some(name.strip_prefix("answer/")?.to_owned()));
    directory.forget_number(number, &keys.collect::<Vec<_>>());
    for (name, doc) in store.having("audit/", &digits)? {
        let line = without(&doc, number).and_then(|doc| json::read(&doc).ok());
        if let Some(line) = line {
            directory.rewrite(name, &line);
        }
    }
    Ok(())
}

/// One piece of work that others do.
async fn piece(
    world: &(impl Host + Trunks + Campaigns + Contacts + RecordWriter),
    org: OrgId,
    number: Number,
    work: &Work,
) -> Result<Progress, Unavailable> {
    match work {
        Work::Recipients { .. } => recipients(world, org, number, work).await,
        Work::Calls { .. } => calls(world, org, number, work).await,
        Work::Archive { after, gone } => erase_archived(world, org, number, after, gone).await,
        Work::Number | Work::Notes | Work::Files(_) => {
            let erase = ContactsCommand::Erase(number);
            match world.contacts(org, number.shard(), &erase).await? {
                ContactsReply::Removed(is_kept) => Ok(Progress {
                    suppressed: Some(is_kept),
                    ..Progress::default()
                }),
                _ => Err(Unavailable),
            }
        }
    }
}

async fn recipients(
    world: &(impl Host + Campaigns),
    org: OrgId,
    number: Number,
    work: &Work,
) -> Result<Progress, Unavailable> {
    let Work::Recipients {
        campaign,
        after,
        gone,
        left,
    } = work
    else {
        return Err(Unavailable);
    };
    let asked = EraseRecipients {
        number,
        after: *after,
        gone: gone.clone(),
    };
    let erase = campaign::command::Erase(asked);
    let erased = match campaign::ask(world, org, *campaign, erase).await? {
        Ok(erased) => erased,
        Err(CampaignRefusal::Missing) => return Ok(Progress::default()),
        Err(_) => return Err(Unavailable),
    };
    let found = erased.found;
    let is_more = erased.next.is_some() || !found.is_empty();
    let first = left.iter().copied().chain(erased.left).min();
    let again = |after: u64, left| Work::Recipients {
        campaign: *campaign,
        after,
        gone: found.clone(),
        left,
    };
    let next = match (erased.next, first) {
        (Some(after), first) => Some(again(after, first)),
        // What was found is removed, and whoever is being called is looked at again.
        (None, Some(first)) => Some(again(first.saturating_sub(1), None)),
        (None, None) if is_more => Some(again(u64::MAX >> 12, None)),
        (None, None) => None,
    };
    Ok(Progress {
        found: Erased {
            recipients: found.len() as u64,
            ..Erased::default()
        },
        waits: !is_more,
        next,
        ..Progress::default()
    })
}

async fn calls(
    world: &(impl Host + Trunks),
    org: OrgId,
    number: Number,
    work: &Work,
) -> Result<Progress, Unavailable> {
    let Work::Calls {
        trunk,
        from,
        through,
        gone,
        left,
    } = work
    else {
        return Err(Unavailable);
    };
    let asked = EraseCalls {
        org,
        number,
        from: *from,
        through: *through,
        gone: gone.clone(),
    };
    let erase = trunk::command::Erase(Box::new(asked));
    let erased = trunk::ask(world, *trunk, erase).await?;
    let ErasedCalls {
        found,
        transcripts,
        recordings,
        files,
        kept,
        next,
        left: left_now,
        through,
        busy,
    } = erased.ok_or(Unavailable)?;
    let is_more = next.is_some() || !found.is_empty();
    let first = left.iter().copied().chain(left_now).min();
    let counts = Erased {
        calls: found.len() as u64,
        transcripts,
        recordings,
        // A trunk of the previous release does not say where they are.
        recordings_left: recordings.saturating_sub(files.len() as u64),
        ..Erased::default()
    };
    let gone = [kept, found].concat();
    let at_end = !gone.is_empty() || busy;
    let again = |from: u64, left| Work::Calls {
        trunk: *trunk,
        from,
        through: Some(through),
        gone,
        left,
    };
    let next = match (next, first) {
        (Some(from), first) => Some(again(from, first)),
        // What was found is removed first, then what could not go yet is looked at again.
        (None, first) if at_end => Some(again(through + 1, first)),
        (None, Some(first)) => Some(again(first, None)),
        (None, None) => None,
    };
    Ok(Progress {
        found: counts,
        files,
        waits: !is_more,
        next,
        ..Progress::default()
    })
}
