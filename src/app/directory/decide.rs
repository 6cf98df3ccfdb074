//! What each command changes in the directory, and what it answers.

use super::serve::DirectoryStore;
use super::state::{MOST, audit_row};
use super::{Ask, AuditEntry, Denied, Directory, DirectoryCommand, DirectoryReply};
use crate::app::ports::Host;
use crate::app::records::RecordKey;
use crate::app::trunk::{StoreFailed, admits};
use crate::domain::callback::{AttemptResult, Delivery, EventType, MOST_PREVIOUS, WebhookSecrets};
use crate::domain::ids::{DeliveryId, KeyId};
use crate::domain::time::Millis;

/// The line of the audit log for what a command does.
pub(super) fn audit(
    world: &impl Host,
    command: &DirectoryCommand,
    action: &str,
    target: impl ToString,
) -> AuditEntry {
    AuditEntry {
        at: world.now(),
        key_id: command.by,
        action: action.to_owned(),
        target: target.to_string(),
        request_id: command.request.clone(),
    }
}

/// What a command changes, and what it answers; trunks are created and deleted elsewhere, since
/// their objects have a say.
pub(super) fn decide(
    directory: &mut Directory,
    store: &impl DirectoryStore,
    world: &impl Host,
    command: &DirectoryCommand,
) -> Result<DirectoryReply, StoreFailed> {
    let entry =
        |action: &str, target: &dyn std::fmt::Display| audit(world, command, action, target);
    let missing = DirectoryReply::Refused(Denied::Missing);
    Ok(match command.what.clone() {
        Ask::Found {
            org,
            name,
            owner,
            secret,
        } => {
            if let Some(at) = directory.founded_at() {
                return Ok(DirectoryReply::Founded(at, true));
            }
            directory.found(
                org,
                name,
                WebhookSecrets::first(secret, world.now()),
                entry("organisation.create", &org),
            );
            let id = owner.id;
            directory.add_key(*owner, entry("api_key.create", &id));
            // As a repeat is answered: the clock may have gone on meanwhile.
            let at = directory.founded_at().unwrap_or_else(|| world.now());
            DirectoryReply::Founded(at, false)
        }
        Ask::Settle => match &command.once {
            Some(once) => DirectoryReply::Settled(once.seed.clone()),
            None => missing,
        },
        Ask::Agent(id) => directory
            .agent(store, id)?
            .map_or(missing, |agent| DirectoryReply::Agent(Box::new(agent))),
        Ask::SaveAgent { agent, was } => {
            let was = was.map(|was| *was);
            directory.save_agent(store, *agent, was, world.settings(), &entry)?
        }
        Ask::DeleteAgent(id) => directory.delete_agent(store, id, entry("agent.delete", &id))?,
        Ask::Trunk(id) => directory.trunk(id).map_or(missing, |trunk| {
            DirectoryReply::Trunk(Box::new(trunk.clone()))
        }),
        Ask::SaveTrunk { trunk, was } => match directory.trunk(trunk.id) {
            None => missing,
            Some(current) if *current != *was => DirectoryReply::Refused(Denied::Changed),
            Some(_) => {
                let entry = entry("sip_trunk.update", &trunk.id);
                directory.save_trunk(*trunk, entry);
                DirectoryReply::Done
            }
        },
        Ask::CreateKey(key) if key.expires_at.is_some_and(|end| end <= world.now()) => {
            DirectoryReply::Refused(Denied::Past)
        }
        Ask::CreateKey(_) if directory.key_count() >= MOST => {
            DirectoryReply::Refused(Denied::TooMany)
        }
        Ask::CreateKey(mut key) => {
            key.id = directory.guarded_key(key.id, world.settings());
            let id = key.id;
            directory.add_key(*key, entry("api_key.create", &id));
            DirectoryReply::Keys(directory.key(id).cloned().into_iter().collect())
        }
        Ask::Keys { before, limit } => DirectoryReply::Keys(directory.keys_page(before, limit)),
        Ask::RevokeKey(id) => revoke_key(directory, id, world.now(), entry("api_key.delete", &id)),
        Ask::Permit(permit) => match command.by {
            Some(key) => directory.permit(key, &permit, world.now()),
            None => missing,
        },
        Ask::TouchKey(id) => {
            directory.touch_key(id, world.now());
            DirectoryReply::Done
        }
        Ask::Secrets => directory
            .secrets()
            .map_or(missing, |secrets| DirectoryReply::Secrets(secrets.clone())),
        Ask::RotateSecret { secret, overlap } => match directory.secrets().cloned() {
            None => missing,
            Some(secrets)
                if overlap > Millis(0)
                    && secrets.outgoing(world.now()).count() >= MOST_PREVIOUS =>
            {
                DirectoryReply::Refused(Denied::TooMany)
            }
            Some(secrets) => {
                let secrets = secrets.rotated(secret, overlap, world.now());
                directory.set_secrets(
                    secrets.clone(),
                    entry("webhook_secret.rotate", &"webhook_secret"),
                );
                DirectoryReply::Secrets(secrets)
            }
        },
        Ask::Media => DirectoryReply::Media(Box::new(directory.media())),
        Ask::SaveMedia(media) => {
            directory.set_media(*media, entry("settings.update", &"settings"));
            DirectoryReply::Done
        }
        Ask::Audit { before, limit } => DirectoryReply::Audit(audit_page(store, before, limit)?),
        Ask::TestEvent { .. } if !directory.has_room_for_a_test() => {
            DirectoryReply::Refused(Denied::TooMany)
        }
        Ask::TestEvent { url } => {
            let id = directory.next_test_id(world.now(), &world.secrets().id_key);
            let delivery = Delivery::new(id, EventType::Completed, url, world.now());
            directory.keep_test(delivery.clone());
            DirectoryReply::Delivery(Box::new(delivery))
        }
        Ask::Delivery(id) => directory.test(id).map_or(missing, |test| {
            DirectoryReply::Delivery(Box::new(test.clone()))
        }),
        Ask::Deliveries {
            status,
            before,
            limit,
        } => {
            let below =
                |test: &&Delivery| before.is_none_or(|before| test.id.address() < before.address());
            let wanted = directory.tests_newest_first().filter(below);
            let wanted = wanted.filter(|test| admits(&status, test.status));
            DirectoryReply::Deliveries(wanted.take(limit).cloned().collect())
        }
        Ask::Redeliver(id) => match directory.test(id).cloned() {
            None => missing,
            Some(mut test) => {
                test.redeliver(world.now());
                directory.keep_test(test.clone());
                DirectoryReply::Delivery(Box::new(test))
            }
        },
        Ask::Record(RecordKey::Trunks(_)) => DirectoryReply::Record(directory.trunks_json(true)),
        Ask::Record(key) => match &command.slice {
            Some(slice) => {
                let (agents, next) = directory.list_agents(store, slice)?;
                DirectoryReply::Agents(agents, next)
            }
            None => DirectoryReply::Record(directory.record_of(store, &key)?),
        },
        Ask::Begin(id, attempt) => {
            let test = directory.test_mut(id);
            let may = test.is_some_and(|test| test.begin(attempt, world.now()));
            let secrets = directory.secrets().filter(|_| may);
            secrets.map_or(missing, |secrets| DirectoryReply::Secrets(secrets.clone()))
        }
        Ask::SecretsOf(trunk) => {
            directory.owe_secrets(trunk);
            directory
                .secrets()
                .map_or(missing, |secrets| DirectoryReply::Secrets(secrets.clone()))
        }
        Ask::Delivered(id, attempt, result) => {
            finish(directory, id, attempt, *result, world);
            DirectoryReply::Done
        }
        Ask::Extend(id, attempt, until) => {
            if let Some(test) = directory.test_mut(id) {
                test.extend(attempt, until);
            }
            DirectoryReply::Done
        }
        Ask::Introduce(id) => match (directory.org_name(), directory.key(id)) {
            (Some(org), Some(key)) => DirectoryReply::Introduced {
                org: org.to_owned(),
                key: key.name.clone(),
            },
            _ => missing,
        },
        Ask::Receive(received) => match directory.receive(*received, world.now()) {
            true => DirectoryReply::Done,
            false => missing,
        },
        Ask::Received => DirectoryReply::Received(directory.received_lately(world.now())),
        Ask::Tags => DirectoryReply::Tags(directory.tags(), world.now()),
        Ask::Tick => DirectoryReply::Done,
        Ask::CreateTrunk(_) | Ask::DeleteTrunk(_) => missing,
    })
}

fn revoke_key(
    directory: &mut Directory,
    id: KeyId,
    now: Millis,
    entry: AuditEntry,
) -> DirectoryReply {
    if directory.key(id).is_none() {
        return directory.repeated(directory.was_revoked(id));
    }
    if directory.is_last_owner(id, now) {
        return DirectoryReply::Refused(Denied::LastOwner);
    }
    directory.revoke_key(id, entry);
    DirectoryReply::Done
}

fn finish(
    directory: &mut Directory,
    id: DeliveryId,
    attempt: u32,
    result: AttemptResult,
    world: &impl Host,
) {
    let Some(mut test) = directory.test(id).cloned() else {
        return;
    };
    if test.finish(
        attempt,
        result,
        world.now(),
        &world.settings().webhook_retry,
    ) {
        directory.keep_test(test);
    }
}

fn audit_page(
    store: &impl DirectoryStore,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, AuditEntry)>, StoreFailed> {
    let rows = store.audit(&audit_row(before.unwrap_or(999_999_999_999)), limit)?;
    let entry = |(name, doc): (String, String)| {
        let position = name.rsplit('/').next()?.parse().ok()?;
        Some((position, crate::app::json::read(&doc).ok()?))
    };
    Ok(rows.into_iter().filter_map(entry).collect())
}
