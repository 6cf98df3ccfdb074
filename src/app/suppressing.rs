//! Suppressing numbers, whether by a request, a file or an agent.
//!
//! First the directory: it knows whether the caller may, keeps the audit log, and has told every trunk to look up numbers before
//! anything is suppressed. Then the mark, in the objects that know of numbers: from then on no dialer gets a call to them. Then
//! every trunk that may have open calls, which takes them back. Each step stands by itself, and all of it can be repeated.

use crate::app::concurrent::{CONNECTIONS, concurrent};
use crate::app::contacts::{ContactsCommand, ContactsReply, tell};
use crate::app::directory::{AskDirectory, By, DirectoryRefusal, Tags, ask, command};
use crate::app::ports::{Contacts, Directories, Host, Trunks, Unavailable};
use crate::domain::contacts::{Number, Shard, Suppression};
use crate::domain::ids::{KeyId, OrgId, TrunkTag};
use crate::domain::refusal::Refusal;

/// How many rows are sent to an object at a time.
const ROWS_AT_ONCE: usize = 1_000;

/// All that suppressing needs.
pub trait Suppressing: Host + Contacts + Directories + Trunks {}
impl<T: Host + Contacts + Directories + Trunks> Suppressing for T {}

/// The results.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// How many numbers were not suppressed before.
    pub added: usize,
    /// How many were.
    pub updated: usize,
    /// One of them, as it is now.
    pub last: Option<Suppression>,
}

/// Asks a directory for something that it may refuse.
///
/// # Errors
/// It refuses, or can't be reached.
pub async fn ask_directory<C: AskDirectory>(
    world: &(impl Host + Directories),
    org: OrgId,
    by: By<'_>,
    command: C,
) -> Result<C::Told, Refusal> {
    match ask(world, org, by, command).await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(DirectoryRefusal::InvalidKey)) => Err(Refusal::InvalidKey),
        Ok(Err(DirectoryRefusal::KeyReused)) => Err(Refusal::IdempotencyKeyReused),
        Ok(Err(DirectoryRefusal::NotPropagated)) => Err(Refusal::SuppressionUntold),
        Ok(Err(_)) | Err(Unavailable) => Err(Refusal::DirectoryUnavailable),
    }
}

/// A change of what is known of numbers, for the directory to note before it is made.
pub struct Note<'a> {
    /// What is done.
    pub action: &'static str,
    /// A number, or how many.
    pub target: String,
    /// Whether it suppresses some: every trunk looks up numbers from then on.
    pub suppresses: bool,
    /// The key that asks; `None` for an agent.
    pub by: Option<KeyId>,
    /// The request.
    pub request: &'a str,
}

impl Note<'_> {
    /// Who asks for it.
    #[must_use]
    pub fn by(&self) -> By<'_> {
        let (key, request) = (self.by, self.request);
        By { key, request }
    }

    /// The command to the directory.
    #[must_use]
    pub fn command(&self) -> command::NoteNumbers {
        command::NoteNumbers {
            action: self.action.to_owned(),
            target: self.target.clone(),
            suppresses: self.suppresses,
        }
    }
}

/// Whether every trunk has been told to look up numbers. If one has not, it will be; until then nobody may be told that a
/// number is suppressed, but its mark is made anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllAsk(bool);

impl AllAsk {
    /// Reads the directory's answer to a note; after any other refusal nothing may be done.
    ///
    /// # Errors
    /// That refusal.
    pub fn unless_untold<R>(noted: Result<R, Refusal>) -> Result<(Option<R>, Self), Refusal> {
        match noted {
            Ok(reply) => Ok((Some(reply), Self(true))),
            Err(Refusal::SuppressionUntold) => Ok((None, Self(false))),
            Err(refusal) => Err(refusal),
        }
    }
}

/// Suppresses numbers that the directory has noted: once this returns, none of their phones begins to ring any more.
///
/// # Errors
/// An object can't be reached, or is full. What was stored by then stays; repeating it does no harm.
pub async fn suppress(
    world: &impl Suppressing,
    org: OrgId,
    by: Option<KeyId>,
    rows: Vec<Suppression>,
    AllAsk(all_ask): AllAsk,
) -> Result<Kept, Refusal> {
    let numbers: Vec<Number> = rows.iter().map(Suppression::number).collect();
    let kept = mark(world, org, rows).await?;
    match numbers.is_empty() || tell_all(world, org, by, &numbers).await && all_ask {
        true => Ok(kept),
        false => Err(Refusal::SuppressionUntold),
    }
}

async fn mark(
    world: &impl Suppressing,
    org: OrgId,
    rows: Vec<Suppression>,
) -> Result<Kept, Refusal> {
    let mut shards: Vec<(Shard, Vec<Suppression>)> =
        Shard::all().map(|shard| (shard, Vec::new())).collect();
    for row in rows {
        let shard = row.number().shard();
        if let Some((_, its_own)) = shards.iter_mut().find(|(known, _)| *known == shard) {
            its_own.push(row);
        }
    }
    let shards = shards.into_iter().filter(|(_, rows)| !rows.is_empty());
    let marked = shards.map(|(shard, rows)| mark_in(world, org, shard, rows));
    let mut all = Kept::default();
    for kept in concurrent(CONNECTIONS, marked).await {
        let kept = kept?;
        all.added += kept.added;
        all.updated += kept.updated;
        all.last = kept.last.or(all.last);
    }
    Ok(all)
}

async fn mark_in(
    world: &impl Suppressing,
    org: OrgId,
    shard: Shard,
    rows: Vec<Suppression>,
) -> Result<Kept, Refusal> {
    let mut all = Kept::default();
    for some in rows.chunks(ROWS_AT_ONCE) {
        let put = ContactsCommand::Put(some.to_vec());
        match world.contacts(org, shard, &put).await {
            Ok(ContactsReply::Kept {
                added,
                updated,
                last,
            }) => {
                all.added += added;
                all.updated += updated;
                all.last = last.map(|last| *last);
            }
            Ok(ContactsReply::Full) => return Err(Refusal::TooManySuppressions),
            _ => return Err(Refusal::DirectoryUnavailable),
        }
    }
    Ok(all)
}

/// Tells every trunk that may have open calls. Which those are is asked after the mark: a trunk created later looks up numbers
/// itself, and finds them marked.
async fn tell_all(
    world: &impl Suppressing,
    org: OrgId,
    by: Option<KeyId>,
    numbers: &[Number],
) -> bool {
    let by = By {
        key: by,
        request: "",
    };
    let Ok(Tags(trunks, _)) = ask_directory(world, org, by, command::Tags).await else {
        return false;
    };
    // One invocation tells this many; the objects that know of numbers tell the others.
    let at_once = world.settings().trunks_at_once.max(1);
    let (first, rest) = trunks.split_at(at_once.min(trunks.len()));
    let chunks = rest.chunks(at_once).enumerate();
    let others = chunks.map(|(nth, some)| tell_through(world, org, Shard::at(nth), some, numbers));
    let told = concurrent(CONNECTIONS, others).await;
    told.into_iter().all(|is_told| is_told) && tell(world, org, first, numbers).await
}

async fn tell_through(
    world: &impl Suppressing,
    org: OrgId,
    shard: Shard,
    trunks: &[TrunkTag],
    numbers: &[Number],
) -> bool {
    let command = ContactsCommand::Tell {
        org,
        trunks: trunks.to_vec(),
        numbers: numbers.to_vec(),
    };
    let told = world.contacts(org, shard, &command).await;
    matches!(told, Ok(ContactsReply::Told(true)))
}
