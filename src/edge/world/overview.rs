//! What exists: organisations and trunks, by the names of their records; the deployment's bindings; and whether its queues work.

use super::setup::may_go_to;
use super::{RECORDS, World};
use crate::app::host::Host;
use crate::app::messages::probe;
use crate::app::ports::Unavailable;
use crate::app::records::ORGANISATIONS;
use crate::domain::ids::{OrgId, TrunkId};
use crate::edge::{outbox, platform};

impl World {
    /// All keys of the KV namespace with this prefix.
    async fn record_names(&self, prefix: &str) -> Result<Vec<String>, Unavailable> {
        let names = platform::kv_names(&self.env, RECORDS, prefix).await;
        let names = names.map_err(|error| self.failed("KV list", &error))?;
        Ok(names.iter().filter_map(|name| name.as_string()).collect())
    }

    pub(super) async fn known_organisations(&self) -> Result<Vec<OrgId>, Unavailable> {
        let names = self.record_names(ORGANISATIONS).await?;
        let ids = names
            .iter()
            .filter_map(|name| name.strip_prefix(ORGANISATIONS));
        Ok(ids.filter_map(|id| id.parse().ok()).collect())
    }

    pub(super) async fn known_trunks(&self) -> Result<Vec<(OrgId, TrunkId)>, Unavailable> {
        let names = self.record_names("trunk/").await?;
        let ids = names.iter().filter_map(|name| {
            let (org, trunk) = name.strip_prefix("trunk/")?.split_once('/')?;
            Some((org.parse().ok()?, trunk.parse().ok()?))
        });
        Ok(ids.collect())
    }

    pub(super) async fn probe_queues(&self) {
        for queue in ["DISPATCH", "HANGUPS", "CALLBACKS"] {
            outbox::send(&self.env, queue, &[probe(queue)]).await;
        }
    }

    pub(super) fn bound(&self) -> Vec<(&'static str, bool)> {
        let is_usable = |name: &str| match name {
            "ALERT_URL" => {
                let url = self.env.var(name).map(|url| url.to_string());
                url.is_ok_and(|url| may_go_to(url.trim(), self.settings()))
            }
            name => platform::is_bound(&self.env, name),
        };
        let bound = |name| (name, is_usable(name));
        platform::BINDINGS.into_iter().map(bound).collect()
    }
}
