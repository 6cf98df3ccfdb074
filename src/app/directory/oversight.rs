//! What the platform knows of itself, at the desk of the operator's own directory.

use super::reply::reply;
use super::{Answer, Desk, DirectoryReply, DirectoryStore, Oversight, Sweep};
use crate::app::host::Host;
use crate::app::iso8601;
use crate::app::json::value;
use crate::domain::alerts::Notice;
use crate::domain::ids::DeliveryId;
use crate::domain::object::object;
use crate::domain::to_json;

reply!(
    Box<Oversight>: oversight => DirectoryReply::Oversight(oversight),
    DirectoryReply::Oversight(oversight) => oversight,
);

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn swept(&mut self, sweep: Box<Sweep>) -> Answer<Box<Oversight>> {
        let (settings, key) = (self.world.settings(), &self.world.secrets().id_key);
        self.directory.swept(&sweep, settings, key, self.now);
        self.oversee()
    }

    pub(super) fn dead_letter(&mut self) -> Answer<()> {
        let (settings, key) = (self.world.settings(), &self.world.secrets().id_key);
        self.directory.dead_letter(settings, key, self.now);
        Ok(())
    }

    pub(super) fn queue_seen(&mut self, queue: String) -> Answer<()> {
        self.directory.queue_seen(queue, self.now);
        Ok(())
    }

    pub(super) fn oversee(&mut self) -> Answer<Box<Oversight>> {
        self.directory.asked_of(self.now);
        Ok(Box::new(self.directory.oversight().clone()))
    }
}

/// The same bytes each time.
pub(super) fn notice_body(id: DeliveryId, notice: &Notice) -> String {
    let of = notice.finding.of;
    let body = object! {
        "event": match notice.is_resolved {
            true => "alert.resolved",
            false => "alert.opened",
        },
        "id": id.to_string(),
        "alert": value(&notice.finding.kind),
        "org_id": of.map(|(org, _)| org.to_string()),
        "sip_trunk_id": of.map(|(_, trunk)| trunk.to_string()),
        "detail": notice.finding.detail.as_str(),
        "occurred_at": iso8601::format(notice.at),
    };
    to_json::text(&body)
}
