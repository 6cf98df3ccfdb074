//! The list of commands, each with what carries it out.

use super::audit::audit_page;
use super::desk::Desk;
use super::store::DirectoryStore;
use super::{Ask, Directory, DirectoryCommand, DirectoryRefusal, DirectoryReply};
use crate::app::host::Host;
use crate::app::records::RecordKey;
use crate::app::trunk::StoreFailed;
use crate::domain::ids::KeyId;

/// What a command changes, and what it answers; trunks are created and deleted elsewhere, since
/// their objects have a say.
pub(super) fn decide(
    directory: &mut Directory,
    store: &impl DirectoryStore,
    world: &impl Host,
    command: &DirectoryCommand,
) -> Result<DirectoryReply, StoreFailed> {
    let mut desk = Desk {
        directory,
        store,
        world,
        command,
    };
    let decided = match command.what.clone() {
        Ask::Settle => desk.settle(),
        Ask::Found {
            org,
            name,
            owner,
            secret,
        } => Ok(desk.found(org, name, *owner, secret)),
        Ask::WhoAmI(id) => desk.introduce(id),
        Ask::Agent(id) => desk.agent(id)?,
        Ask::SaveAgent { agent, was } => desk.save_agent(*agent, was.map(|was| *was))?,
        Ask::DeleteAgent(id) => done(desk.delete_agent(id)?),
        Ask::Trunk(id) => desk.trunk(id),
        Ask::SaveTrunk { trunk, was } => done(desk.save_trunk(*trunk, &was)),
        Ask::CreateKey(key) => desk.create_key(*key),
        Ask::Keys { before, limit } => Ok(DirectoryReply::Keys(
            desk.directory.keys_page(before, limit),
        )),
        Ask::RevokeKey(id) => done(desk.revoke_key(id)),
        Ask::TouchKey(id) => Ok(touch_key(&mut desk, id)),
        Ask::Permit(permit) => done(desk.permit(&permit)),
        Ask::Secrets => desk.secrets(),
        Ask::SecretsOf(trunk) => desk.secrets_of(trunk),
        Ask::RotateSecret { secret, overlap } => desk.rotate_secret(secret, overlap),
        Ask::Media => Ok(DirectoryReply::Media(Box::new(desk.directory.media()))),
        Ask::SaveMedia(media) => Ok(desk.save_media(*media)),
        Ask::NoteNumbers {
            action,
            target,
            suppresses,
        } => Ok(desk.note_numbers(&action, target, suppresses)),
        Ask::Audit { before, limit } => {
            Ok(DirectoryReply::Audit(audit_page(store, before, limit)?))
        }
        Ask::Record(key) => Ok(record(&desk, &key)?),
        Ask::Receive(received) => done(desk.receive(*received)),
        Ask::Received => Ok(received(&mut desk)),
        Ask::Tags => Ok(desk.tags()),
        Ask::Nudge(at) => Ok(desk.nudge(at)),
        Ask::Tick | Ask::Answer(_) => Ok(DirectoryReply::Done),
        Ask::CreateTrunk(_) | Ask::DeleteTrunk(_) => Err(DirectoryRefusal::Missing),
        Ask::TestEvent { url } => desk.send_test(url),
        Ask::Delivery(id) => desk.delivery(id),
        Ask::Deliveries {
            status,
            before,
            limit,
        } => Ok(desk.deliveries(&status, before, limit)),
        Ask::Redeliver(id) => desk.redeliver(id),
        Ask::Begin(id, attempt) => desk.begin(id, attempt),
        Ask::Delivered(id, attempt, result) => Ok(desk.delivered(id, attempt, *result)),
        Ask::Extend(id, attempt, until) => Ok(desk.extend(id, attempt, until)),
    };
    Ok(decided.unwrap_or_else(DirectoryReply::Refused))
}

fn touch_key<S: DirectoryStore, H: Host>(desk: &mut Desk<'_, S, H>, id: KeyId) -> DirectoryReply {
    let now = desk.now();
    desk.directory.touch_key(id, now);
    DirectoryReply::Done
}

fn received<S: DirectoryStore, H: Host>(desk: &mut Desk<'_, S, H>) -> DirectoryReply {
    let now = desk.now();
    DirectoryReply::Received(desk.directory.received_lately(now))
}

fn done(decided: Result<(), DirectoryRefusal>) -> Result<DirectoryReply, DirectoryRefusal> {
    decided.map(|()| DirectoryReply::Done)
}

fn record<S: DirectoryStore, H: Host>(
    desk: &Desk<'_, S, H>,
    key: &RecordKey,
) -> Result<DirectoryReply, StoreFailed> {
    let (directory, store) = (&desk.directory, desk.store);
    Ok(match (key, &desk.command.slice) {
        (RecordKey::Trunks(_), _) => DirectoryReply::Record(directory.trunks_json(true)),
        (_, Some(slice)) => {
            let (agents, next) = directory.list_agents(store, slice)?;
            DirectoryReply::Agents(agents, next)
        }
        (_, None) => DirectoryReply::Record(directory.record_of(store, key)?),
    })
}
