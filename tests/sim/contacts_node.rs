//! Contacts' shards as the runtime keeps them: their rows, and a network that loses and delays messages. They keep nothing in
//! memory, so a death means an answer that never comes, or a command that was not carried out.

use std::rc::Rc;

use audatec::app::contacts::{ContactsCommand, ContactsReply, tell};
use audatec::app::ports::Unavailable;
use audatec::domain::contacts::Shard;
use audatec::domain::ids::OrgId;

use crate::contacts::Numbers;
use crate::executor::{Owner, Slot};
use crate::faults::Kind;
use crate::ports::Edge;
use crate::world::W;

/// How long anybody waits for an object.
const DEADLINE_MS: u64 = 10_000;

pub type Reply = Result<ContactsReply, Unavailable>;

/// The object of this organisation and shard; made when somebody first asks for it.
pub fn of(w: &W, org: OrgId, shard: Shard) -> Rc<Numbers> {
    let mut all = w.numbers.borrow_mut();
    Rc::clone(all.entry((org, shard)).or_default())
}

fn serve(w: &W, org: OrgId, shard: Shard, command: ContactsCommand, answer: Slot<Reply>) {
    w.step();
    w.note(None, || {
        let what = format!("{command:?}");
        format!("numbers {org}/{shard}: {}", crate::oracle::shorten(&what))
    });
    if let ContactsCommand::Tell {
        org,
        trunks,
        numbers,
    } = command
    {
        let world = Rc::clone(w);
        w.tasks.spawn(Owner::Client, async move {
            let told = tell(&Edge::new(&world, 0), org, &trunks, &numbers).await;
            reply(&world, Ok(ContactsReply::Told(told)), answer);
        });
        return;
    }
    let numbers = of(w, org, shard);
    let fails = [
        (Kind::StoreFailsBefore, false),
        (Kind::StoreFailsAfter, true),
    ];
    let failure = fails.into_iter().find(|(kind, _)| w.hit(*kind));
    numbers.failure.set(failure.map(|(_, is_kept)| is_kept));
    let moves = command.moves_the_alarm();
    let result = numbers.serve(command, w.clock());
    if moves && let Some(due) = numbers.next_due(w.clock()) {
        w.after((due - w.clock()).0, move |w| {
            let now = w.clock();
            let _ = of(w, org, shard).serve(ContactsCommand::Tick, now);
        });
    }
    reply(w, result.map_err(|_| Unavailable), answer);
}

fn reply(w: &W, reply: Reply, answer: Slot<Reply>) {
    let reply = reply.and_then(|reply| match w.hit(Kind::ReplyLost) {
        true => Err(Unavailable),
        false => Ok(reply),
    });
    w.after(w.rng.between(1, 6), move |_| answer.fill(reply));
}

/// A request to such an object.
pub fn ask(w: &W, org: OrgId, shard: Shard, command: ContactsCommand) -> Slot<Reply> {
    let slot = Slot::new();
    let (answer, late) = (slot.clone(), slot.clone());
    let there = match w.hit(Kind::HopSlow) {
        true => w.rng.between(100, 15_000),
        false => w.rng.between(1, 6),
    };
    match w.hit(Kind::RequestLost) {
        true => w.after(there, move |_| answer.fill(Err(Unavailable))),
        false => w.after(there, move |w| serve(w, org, shard, command, answer)),
    }
    w.after(DEADLINE_MS, move |_| late.fill(Err(Unavailable)));
    slot
}
