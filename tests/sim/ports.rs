//! The application's ports, implemented on this world.

use std::rc::Rc;

use audatec::app::campaign::{CampaignCommand, CampaignReply};
use audatec::app::contacts::{ContactsCommand, ContactsReply};
use audatec::app::dialers::{livekit, simulator};
use audatec::app::directory::{Ask, DirectoryCommand, DirectoryReply, RecordWriter};
use audatec::app::ports::{
    Answer, Campaigns, Contacts, Dialer, Directories, Host, Poster, Records, Secrets, Storage,
    Trunks, Unavailable, Vault,
};
use audatec::app::records::RecordKey;
use audatec::app::telemetry::Event;
use audatec::app::trunk::{DialOrder, TrunkCommand, TrunkReply};
use audatec::domain::access::KeyRecord;
use audatec::domain::call::{InquiryResult, Timed};
use audatec::domain::contacts::Shard;
use audatec::domain::ids::{CampaignId, OrgId, TrunkTag};
use audatec::domain::sealed::Sealed;
use audatec::domain::settings::Settings;
use audatec::domain::target::Target;
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::Carrier;

use crate::executor::Slot;
use crate::faults::Kind;
use crate::urls::parse_url;
use crate::world::W;
use crate::{campaign_node, contacts_node, directory_node, receivers, trunk_node};

/// What serves requests and consumes queues: an isolate.
pub struct Edge {
    pub w: W,
    pub isolate: usize,
}

/// What a directory's object sees of the world.
pub struct DirectoryPort(pub W);

macro_rules! host {
    ($type:ty, $world:tt) => {
        impl Host for $type {
            fn now(&self) -> Timestamp {
                self.$world.clock()
            }
            fn entropy(&self) -> [u8; 32] {
                self.$world.rng.entropy()
            }
            async fn sleep(&self, time: Span) {
                pause(&self.$world, time.0).await;
            }

            fn settings(&self) -> &Settings {
                &self.$world.settings
            }
            fn secrets(&self) -> &Secrets {
                &self.$world.secrets
            }
            fn parse_url(&self, text: &str) -> Option<Target> {
                parse_url(text)
            }
            fn log(&self, event: &Event<'_>) {
                let line = event.line();
                self.$world.oracle.lets_out("the log", &line);
                self.$world.note(None, || line);
            }
        }

        impl Trunks for $type {
            async fn trunk(
                &self,
                tag: TrunkTag,
                command: &TrunkCommand,
            ) -> Result<TrunkReply, Unavailable> {
                if let TrunkCommand::Brief(brief) = command
                    && let Some(secrets) = &brief.secrets
                {
                    self.$world.oracle.signs_by(brief.config.org_id, secrets);
                }
                trunk_node::ask(&self.$world, tag, command.clone()).await
            }
        }

        impl Campaigns for $type {
            async fn campaign(
                &self,
                org: OrgId,
                campaign: CampaignId,
                command: &CampaignCommand,
            ) -> Result<CampaignReply, Unavailable> {
                campaign_node::ask(&self.$world, org, campaign, command.clone()).await
            }
        }
    };
}

host!(Edge, w);
host!(DirectoryPort, 0);

impl Records for Edge {
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, Unavailable> {
        let cached = self
            .w
            .copies
            .cached(self.isolate, &key.to_string(), self.w.clock());
        if cached.is_some() {
            return Ok(cached);
        }
        if self.w.hit(Kind::CopyReadFails) {
            return Err(Unavailable);
        }
        Ok(self.w.copies.read(&self.w, self.isolate, key.to_string()))
    }

    fn may_doubt(&self, _: OrgId) -> bool {
        !self.w.hit(Kind::CopyReadFails)
    }

    fn learn(&self, key: &RecordKey, json: &str) {
        let (copies, now) = (&self.w.copies, self.w.clock());
        copies.learn(self.isolate, key.to_string(), json, now);
    }

    fn forget(&self, org: OrgId) {
        self.w.copies.forget(self.isolate, org);
    }

    fn noted(&self, name: &str) -> Option<String> {
        let (copies, now) = (&self.w.copies, self.w.clock());
        copies.noted(self.isolate, name, now)
    }

    fn note(&self, name: String, text: &str, until: Timestamp) {
        self.w.copies.note(self.isolate, name, text, until);
    }

    fn record_use(&self, key: &KeyRecord) {
        if self
            .w
            .copies
            .is_first_use(self.isolate, key.key_id, self.w.clock())
        {
            drop(directory_node::ask(
                &self.w,
                key.org_id,
                DirectoryCommand::of_the_platform(Ask::TouchKey(key.key_id)),
            ));
        }
    }
}

impl Contacts for Edge {
    async fn contacts(
        &self,
        org: OrgId,
        shard: Shard,
        command: &ContactsCommand,
    ) -> Result<ContactsReply, Unavailable> {
        contacts_node::ask(&self.w, org, shard, command.clone()).await
    }
}

impl Contacts for DirectoryPort {
    async fn contacts(
        &self,
        org: OrgId,
        shard: Shard,
        command: &ContactsCommand,
    ) -> Result<ContactsReply, Unavailable> {
        contacts_node::ask(&self.0, org, shard, command.clone()).await
    }
}

impl Directories for Edge {
    async fn directory(
        &self,
        org: OrgId,
        command: &DirectoryCommand,
    ) -> Result<DirectoryReply, Unavailable> {
        let reply = directory_node::ask(&self.w, org, command.clone()).await;
        if let Ok(DirectoryReply::Secrets(secrets)) = &reply {
            self.w.oracle.signs_by(org, secrets);
        }
        reply
    }
}

impl RecordWriter for DirectoryPort {
    async fn write(&self, key: &RecordKey, json: Option<String>) -> Result<(), Unavailable> {
        pause(&self.0, self.0.rng.between(1, 20)).await;
        if self.0.hit(Kind::CopyWriteFails) {
            return Err(Unavailable);
        }
        self.0.copies.write(key.to_string(), json);
        Ok(())
    }

    async fn poke(&self, org: OrgId) {
        let _ = directory_node::ask(&self.0, org, DirectoryCommand::tick()).await;
    }
}

/// No recording in this world is in a storage.
impl Storage for DirectoryPort {}

impl Vault for DirectoryPort {
    async fn seal(&self, secret: &str, _: &str) -> Result<Sealed, Unavailable> {
        Ok(Sealed(secret.to_owned()))
    }

    async fn open(&self, sealed: &Sealed, _: &str) -> Result<String, Unavailable> {
        Ok(sealed.0.clone())
    }
}

impl Dialer for Edge {
    async fn dial(&self, order: &DialOrder) -> Vec<Timed> {
        if order.carrier == Carrier::Simulator {
            self.w.oracle.may_ring(&self.w, order.call);
        }
        if self.w.hit(Kind::DialSlow) {
            pause(&self.w, self.w.rng.between(10, 4_000)).await;
        }
        if order.carrier != Carrier::Simulator {
            return livekit::dial(self, order).await;
        }
        self.w.step();
        self.w.oracle.dialed(order.call);
        let events = simulator::dial(order, self.w.clock(), &self.w.settings);
        pause(&self.w, self.w.rng.between(1, 5)).await;
        events
    }

    async fn inquire(&self, order: &DialOrder) -> Result<InquiryResult, Unavailable> {
        if order.carrier != Carrier::Simulator {
            return livekit::inquire(self, order).await;
        }
        pause(&self.w, self.w.rng.between(1, 5)).await;
        if self.w.hit(Kind::InquiryFails) {
            return Err(Unavailable);
        }
        self.w.step();
        Ok(simulator::inquire(order, self.w.clock(), &self.w.settings))
    }

    async fn tear_down(&self, order: &DialOrder) -> Result<(), Unavailable> {
        match order.carrier {
            Carrier::Simulator => Ok(()),
            Carrier::LiveKit { .. } => livekit::tear_down(self, order).await,
        }
    }
}

/// Nobody in this world looks for secrets.
impl Vault for Edge {
    async fn seal(&self, secret: &str, _: &str) -> Result<Sealed, Unavailable> {
        Ok(Sealed(secret.to_owned()))
    }

    async fn open(&self, sealed: &Sealed, _: &str) -> Result<String, Unavailable> {
        Ok(sealed.0.clone())
    }
}

impl Poster for Edge {
    async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: &str,
        timeout: Span,
    ) -> Result<Answer, String> {
        receivers::post(&self.w, url, headers, body, timeout).await
    }
}

/// Lets virtual time pass.
pub async fn pause(w: &W, ms: u64) {
    let slot = Slot::new();
    let bell = slot.clone();
    w.after(ms, move |_| bell.fill(()));
    slot.await;
}

impl Edge {
    pub fn new(w: &W, isolate: usize) -> Self {
        Self {
            w: Rc::clone(w),
            isolate,
        }
    }
}
