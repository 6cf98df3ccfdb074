//! What a trunk's shell does besides commands: messages with several of them, questions about numbers, and migrating rows.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::FutureExt;

use super::{
    BETWEEN_MIGRATED_MS, Inner, Loaded, answer, arm, count_rows, drop_failed, known, load, one,
    run, send_all,
};
use crate::app::concurrent::concurrent;
use crate::app::messages::{ContactErrand, Outgoing};
use crate::app::operate::metrics::numbers;
use crate::app::telemetry::{Event, Text};
use crate::app::trunk::{Expired, StoreFailed, TrunkActor, TrunkCommand, TrunkReply};
use crate::app::{campaign, contacts};
use crate::domain::contacts::{Question, Ticket, Words};
use crate::domain::ids::{CallId, OrgId};
use crate::domain::time::{Span, Timestamp};
use crate::domain::to_json::to_json;
use crate::domain::vitals::VitalsAsked;
use crate::edge::log::log;
use crate::edge::platform::{self, now};
use crate::edge::promise::wait_until;
use crate::edge::{alarm, world::World};

/// Several commands in one message, one per line. Returns their replies, also one per line; a line is empty for a command that
/// failed.
pub(super) async fn each(inner: Rc<Inner>, bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let replies = RefCell::new(vec![Vec::new(); lines.clone().count()]);
    let work = lines.enumerate().map(|(at, line)| {
        let (inner, replies) = (Rc::clone(&inner), &replies);
        async move {
            let reply = one(inner, line).await.unwrap_or_default();
            if let Some(told) = replies.borrow_mut().get_mut(at) {
                *told = reply;
            }
        }
    });
    concurrent(usize::MAX, work).await;
    replies.into_inner().join(&b'\n')
}

/// What must be known of numbers before the command is carried out.
pub(super) fn questions(
    inner: &Inner,
    command: &TrunkCommand,
) -> Result<(Option<OrgId>, Vec<Question>), StoreFailed> {
    let mut slot = inner.loaded.borrow_mut();
    let Loaded { actor, store } = match &mut *slot {
        Some(loaded) => loaded,
        None => slot.insert(load(inner)?),
    };
    let questions = actor.questions(store, command, now());
    if questions.is_err() {
        drop_failed(inner, &mut slot);
    }
    questions
}

/// Asks about numbers; meanwhile the object does its other work.
pub(super) async fn ask(inner: &Inner, org: OrgId, numbers: &[Question]) -> Words {
    match World::new(inner.env.clone(), None) {
        Ok(world) => contacts::ask(&world, org, numbers).await,
        Err(_) => Words::default(),
    }
}

/// Tells others whatever they must be told, while everything else continues.
pub(super) fn tell_others(inner: &Rc<Inner>) {
    let errands = std::mem::take(&mut inner.outbox.borrow_mut().contacts);
    if !errands.is_empty() {
        wait_until(&inner.state, tell(Rc::clone(inner), errands).boxed_local());
    }
    if !inner.outbox.borrow().campaigns.is_empty() && !inner.telling.replace(true) {
        wait_until(&inner.state, tell_campaigns(Rc::clone(inner)).boxed_local());
    }
}

/// Tells campaigns how their calls ended; what is added meanwhile is sent together afterwards.
async fn tell_campaigns(inner: Rc<Inner>) {
    loop {
        let errands = std::mem::take(&mut inner.outbox.borrow_mut().campaigns);
        let org = known(&inner, TrunkActor::org);
        let (Ok(world), Some(org), false) =
            (World::new(inner.env.clone(), None), org, errands.is_empty())
        else {
            break;
        };
        campaign::tell(&world, org, errands).await;
    }
    inner.telling.set(false);
}

/// Runs the errands about numbers that are owed; those that were confirmed are owed no more.
async fn tell(inner: Rc<Inner>, errands: Vec<ContactErrand>) {
    let org = known(&inner, TrunkActor::org);
    let (Ok(world), Some(org)) = (World::new(inner.env.clone(), None), org) else {
        return;
    };
    for (call, Ticket(_, ticket)) in contacts::run(&world, org, errands).await {
        let told = run(&inner, TrunkCommand::GivenBack(call, vec![ticket]));
        arm(&inner, told.is_err()).await;
    }
    send_all(&inner).await;
}

/// Migrates the previous release's rows, batch by batch, with pauses in which the object does its other work.
pub(super) async fn migrate(inner: Rc<Inner>) {
    while let Ok((goes_on, due)) = migrate_some(&inner) {
        if let Some(due) = due {
            alarm::set(&inner.alarm, &inner.state, due).await;
        }
        send_all(&inner).await;
        if !goes_on {
            break;
        }
        platform::sleep(BETWEEN_MIGRATED_MS).await;
    }
    inner.migrating.set(false);
}

/// Migrates one batch, and does what is due by then. Returns whether there may be more, and when the object must wake.
pub(super) fn migrate_some(inner: &Inner) -> Result<(bool, Option<Timestamp>), StoreFailed> {
    let mut slot = inner.loaded.borrow_mut();
    let Some(Loaded { actor, store }) = slot.as_mut() else {
        return Ok((false, None));
    };
    let before = store.rows();
    let migrated = actor.migrate(store, now());
    count_rows(inner, before, store);
    let ticked = migrated.and_then(|goes_on| {
        let (_, outgoing) = actor.handle(store, TrunkCommand::Tick, now())?;
        inner.outbox.borrow_mut().append(outgoing);
        Ok((goes_on, actor.next_due()))
    });
    if ticked.is_err() {
        drop_failed(inner, &mut slot);
    }
    ticked
}

/// The trunk's report on itself; and whether anything would have woken it, which only its shell knows.
pub(super) async fn vitals(
    inner: &Rc<Inner>,
    asked: VitalsAsked,
) -> Result<TrunkReply, StoreFailed> {
    let lost_alarm = has_lost_alarm(inner).await?;
    if asked.sweeps() {
        run(inner, TrunkCommand::Tick)?;
    }
    let mut reply = answer(inner, TrunkCommand::Vitals(asked)).await?;
    if let TrunkReply::Vitals(vitals) = &mut reply {
        vitals.lost_alarm = lost_alarm;
        if asked == VitalsAsked::Report
            && let Some((org, trunk)) = vitals.of
        {
            let of = vec![org.to_string(), trunk.to_string()];
            platform::data_point(&inner.env, of, numbers(vitals));
        }
    }
    Ok(reply)
}

async fn has_lost_alarm(inner: &Inner) -> Result<bool, StoreFailed> {
    let is_new = inner.loaded.borrow().is_none();
    if is_new {
        let loaded = load(inner)?;
        inner.loaded.borrow_mut().get_or_insert(loaded);
    }
    if !alarm::is_lost(&inner.alarm, &inner.state, is_new).await {
        return Ok(false);
    }
    if is_new {
        run(inner, TrunkCommand::Tick)?;
    }
    Ok(known(inner, |actor| actor.has_duties().then_some(())).is_some())
}

/// The time from one batch of calls for the archive to the next, and the least pause between them: a slow archive is pause
/// enough.
const BATCH_EVERY: Span = Span(200);
const PAUSE: Span = Span(50);

/// What is known while calls are being archived: the archive will have them as they were read.
#[derive(Default)]
pub(super) struct Archiving {
    /// How many tasks are archiving.
    at_it: Cell<usize>,
    /// How many of the archive's objects are being written.
    writing: Cell<usize>,
    /// The calls erased meanwhile.
    erased: RefCell<Vec<CallId>>,
}

impl Archiving {
    pub fn begins(&self) {
        self.at_it.set(self.at_it.get() + 1);
    }

    fn ends(&self) {
        self.at_it.set(self.at_it.get().saturating_sub(1));
        if self.at_it.get() == 0 {
            self.erased.borrow_mut().clear();
        }
    }

    /// Makes sure that calls about to be erased are not archived.
    pub fn heeds(&self, command: &TrunkCommand, outbox: &RefCell<Outgoing>) {
        let TrunkCommand::Erase(asked) = command else {
            return;
        };
        let mut outbox = outbox.borrow_mut();
        outbox.expired.retain(|call| !asked.gone.contains(&call.id));
        if self.at_it.get() > 0 {
            self.erased.borrow_mut().extend(&asked.gone);
        }
    }

    pub fn is_writing(&self) -> bool {
        self.writing.get() > 0
    }

    fn leave_out(&self, expired: &mut Vec<Expired>) {
        let erased = self.erased.borrow();
        expired.retain(|call| !erased.contains(&call.id));
    }
}

/// Writes old calls to the archive, if the deployment has one, and then removes their rows, batch by batch, with pauses in which
/// the object does its other work.
pub(super) async fn archive(inner: Rc<Inner>, mut expired: Vec<Expired>) {
    loop {
        inner.archiving.leave_out(&mut expired);
        let Some(first) = expired.first() else {
            break;
        };
        let Some(folder) = known(&inner, TrunkActor::archive_folder) else {
            break;
        };
        // Named after its contents: a batch that is sent again replaces itself.
        let name = format!("calls/{folder}/{}.ndjson", first.id);
        let lines: String = expired.iter().map(|call| call.line() + "\n").collect();
        let began = now();
        inner.archiving.writing.update(|many| many + 1);
        let written = platform::archive(&inner.env, &name, &lines).await;
        inner.archiving.writing.update(|many| many - 1);
        if let Err(error) = written {
            let error = platform::message(&error);
            log(&Event::ArchiveRefused {
                calls: expired.len(),
                cause: Text(&error),
            });
            break;
        }
        let pause = ((began + BATCH_EVERY).max(now() + PAUSE) - now()).0;
        platform::sleep(u32::try_from(pause).unwrap_or(0)).await;
        let gone = expired.iter().map(|call| call.id).collect();
        let forgotten = run(&inner, TrunkCommand::Forget(gone));
        expired = std::mem::take(&mut inner.outbox.borrow_mut().expired);
        arm(&inner, forgotten.is_err()).await;
        send_all(&inner).await;
    }
    inner.archiving.ends();
}

pub(super) fn as_bytes(reply: &TrunkReply) -> Option<Vec<u8>> {
    to_json(reply).ok().map(String::into_bytes)
}

pub(super) fn json_lines<T: serde::Serialize>(messages: &[T]) -> Vec<String> {
    messages
        .iter()
        .filter_map(|message| to_json(message).ok())
        .collect()
}
