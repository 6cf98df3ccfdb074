//! Requests with an `Idempotency-Key`: their responses, kept for a day.
//!
//! The change, the key and the response are one commit, so that a repeat finds all of it or nothing. What a response shows once
//! (an API key, a webhook secret) is not in it: that is derived from a seed kept here and a secret of the deployment that is
//! not, so whoever renders the response again derives the same.
//!
//! Which keys were used is in memory; the responses, which may be large, stay in their rows until they are needed.

use serde::Serialize;

use super::{
    Answer, Answered, Ask, AskDirectory, Desk, Directory, DirectoryCommand, DirectoryRefusal,
    DirectoryReply, DirectoryStore, Once,
};
use crate::app::asking::{Command, Reply};
use crate::app::host::Host;
use crate::app::iso8601;
use crate::app::trunk::StoreFailed;
use crate::app::views::campaign::CampaignView;
use crate::app::views::delivery::DeliveryView;
use crate::app::views::erasure::ErasureView;
use crate::app::views::keys::NewKeyView;
use crate::app::views::manage::{AgentDetail, SecretView, TrunkDetail};
use crate::app::views::orgs::{NewOrgView, OrgView};
use crate::domain::directory::answer_row;
use crate::domain::planted::{Fault, planted};
use crate::domain::time::Timestamp;
use crate::domain::to_json::to_json;

impl Answered {
    fn new(status: u16, view: &impl Serialize) -> Self {
        let body = to_json(view).unwrap_or_default();
        Self { status, body }
    }
}

/// The response to a request that creates something; `None` for any other.
#[must_use]
pub fn render(what: &Ask, reply: &DirectoryReply, now: Timestamp) -> Option<Answered> {
    Some(match (what, reply) {
        (Ask::SaveAgent { agent, was: None }, DirectoryReply::Done) => {
            Answered::new(201, &AgentDetail::from(&**agent))
        }
        (Ask::SaveAgent { was: None, .. }, DirectoryReply::Agent(agent)) => {
            Answered::new(201, &AgentDetail::from(&**agent))
        }
        (Ask::CreateTrunk(_), DirectoryReply::Trunk(trunk)) => {
            Answered::new(201, &TrunkDetail::from(&**trunk))
        }
        (Ask::CreateCampaign(campaign), DirectoryReply::Done) => {
            Answered::new(201, &CampaignView::of(campaign, None, None))
        }
        (Ask::Erase(..), DirectoryReply::Erasure(erasure)) => {
            Answered::new(202, &ErasureView::from(&**erasure))
        }
        (Ask::CreateKey(_), DirectoryReply::Keys(keys)) => {
            Answered::new(201, &NewKeyView::from(keys.first()?))
        }
        (Ask::RotateSecret { .. }, DirectoryReply::Secrets(secrets)) => {
            let mut view = SecretView::new(secrets, now);
            view.secret.clear();
            Answered::new(200, &view)
        }
        (Ask::Answer(answer), DirectoryReply::Done) => answer.clone(),
        (Ask::TestEvent { .. }, DirectoryReply::Delivery(delivery)) => {
            Answered::new(202, &DeliveryView::of(delivery, None))
        }
        (Ask::Found { org, name, .. }, DirectoryReply::Founded(at, _)) => {
            let (name, created_at) = (name.clone(), iso8601::format(*at));
            let org = OrgView {
                id: *org,
                name,
                created_at,
            };
            let view = NewOrgView {
                org,
                owner_key: String::new(),
                webhook_secret: String::new(),
            };
            Answered::new(201, &view)
        }
        _ => return None,
    })
}

/// The response to a request whose key was used before.
pub(super) fn answered_before(
    directory: &Directory,
    store: &impl DirectoryStore,
    command: &DirectoryCommand,
    now: Timestamp,
) -> Result<Option<DirectoryReply>, StoreFailed> {
    let Some(Once { given, .. }) = &command.once else {
        return Ok(None);
    };
    let used = directory.used(&given.key, now);
    let Some(used) = used.filter(|_| !planted(Fault::CreatedAgain)) else {
        return Ok(None);
    };
    if used.request != given.body {
        return Ok(Some(DirectoryReply::Refused(DirectoryRefusal::KeyReused)));
    }
    if let Ask::Settle = command.what {
        return Ok(Some(DirectoryReply::Settled(used.seed.clone())));
    }
    let row = store.row(&answer_row(&given.key))?.ok_or(StoreFailed)?;
    let answer = crate::app::json::read(&row).map_err(|_| StoreFailed)?;
    let seed = used.seed.clone();
    Ok(Some(DirectoryReply::Answered {
        answer,
        seed,
        again: true,
    }))
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    /// It was decided elsewhere.
    pub(super) fn keep_answer(&self, _: Answered) -> Answer<()> {
        Ok(())
    }

    /// Stores the response to a request with a key, in the commit of what it changed.
    pub(super) fn answer(&mut self, reply: DirectoryReply) -> DirectoryReply {
        let Some(once) = &self.command.once else {
            return reply;
        };
        let answer = render(&self.command.what, &reply, self.now);
        if answer.is_none() && !matches!(reply, DirectoryReply::Settled(_)) {
            return reply;
        }
        let seed = &once.seed;
        self.directory
            .keep_used(&once.given, seed, answer.as_ref(), self.now);
        match answer {
            None => reply,
            Some(answer) => DirectoryReply::Answered {
                answer,
                seed: seed.clone(),
                again: false,
            },
        }
    }
}

/// A command with the `Idempotency-Key` of its request.
pub struct Keyed<C>(pub C, pub Option<Once>);

/// The reply to it.
pub enum FirstOrAgain<R> {
    /// The command's ordinary reply: the first under its key, with no stored response.
    First(R),
    /// The response stored under the key, and whether it was given before.
    Answered(Answered, bool),
}

impl<R: Reply<DirectoryReply>> Reply<DirectoryReply> for FirstOrAgain<R> {
    fn read(answer: DirectoryReply) -> Option<Self> {
        match answer {
            DirectoryReply::Answered { answer, again, .. } => Some(Self::Answered(answer, again)),
            answer => R::read(answer).map(Self::First),
        }
    }
}

impl<C: AskDirectory> From<Keyed<C>> for DirectoryCommand {
    fn from(Keyed(command, once): Keyed<C>) -> Self {
        Self {
            once,
            ..command.into()
        }
    }
}

impl<C: AskDirectory> Command for Keyed<C> {
    type Asked = DirectoryCommand;
    type Answer = DirectoryReply;
    type Reply = Result<FirstOrAgain<C::Told>, DirectoryRefusal>;
}

impl<C: AskDirectory> AskDirectory for Keyed<C> {
    type Told = FirstOrAgain<C::Told>;
}
