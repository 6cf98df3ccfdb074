//! Trunks, at the desk. Before one is created or deleted, its object is asked.

use super::{Answer, Desk, DirectoryRefusal, DirectoryStore, RunsWith, Stop};
use crate::app::host::Host;
use crate::app::trunk::{Briefed, Retired, Trunks, ask, command};
use crate::domain::directory::Offer;
use crate::domain::ids::{TrunkId, TrunkTag};
use crate::domain::trunk::{Brief, TrunkConfig};

/// How often a trunk's id is drawn until its tag is free.
const DRAWS: u32 = 8;

/// What a trunk's object is asked before a command is decided.
pub(super) enum Question {
    /// To take on a new trunk, whose id has been drawn this often.
    Take(Box<Offer>, u32, Box<Brief>),
    /// To take no calls for now.
    Retire(TrunkId),
}

/// Its answer.
pub(super) enum Word {
    Briefed(Box<Offer>, u32, Briefed),
    Retired(Retired),
    /// It can't be reached.
    Nothing,
}

impl Question {
    /// Asks the trunk's object.
    pub async fn put(self, world: &(impl Host + Trunks)) -> Word {
        let said = match self {
            Self::Take(offer, draws, _) if offer.config.id.tag() == TrunkTag::DIRECTORY => {
                Ok(Word::Briefed(offer, draws, Briefed::TagTaken))
            }
            Self::Take(offer, draws, brief) => {
                let briefed = ask(world, offer.config.id.tag(), command::Brief(brief)).await;
                briefed.map(|briefed| Word::Briefed(offer, draws, briefed))
            }
            Self::Retire(id) => {
                let retired = ask(world, id.tag(), command::Retire).await;
                retired.map(Word::Retired)
            }
        };
        said.unwrap_or(Word::Nothing)
    }
}

impl<S: DirectoryStore, H: Host> Desk<'_, S, H> {
    pub(super) fn trunk(&self, id: TrunkId) -> Answer<TrunkConfig> {
        let trunk = self.directory.trunk(id).cloned();
        Ok(trunk.ok_or(DirectoryRefusal::Missing)?)
    }

    /// A new trunk's object takes its tag first; if another trunk has it, the id is drawn again.
    /// An object that can't be reached leaves nothing behind: the tag may be taken, by no trunk.
    pub(super) fn create_trunk(&mut self, trunk: Box<TrunkConfig>) -> Answer<TrunkConfig> {
        let (config, draws) = match self.word.take() {
            None => (*trunk, 0),
            Some(Word::Briefed(offer, _, Briefed::Done))
                if self.directory.still_holds(&offer, self.now) =>
            {
                return Ok(self.directory.add_trunk(offer.config, self.author())?);
            }
            Some(Word::Briefed(offer, draws, Briefed::Done)) => (offer.config, draws),
            Some(Word::Briefed(offer, draws, Briefed::TagTaken)) => {
                let id = TrunkId::from_entropy(self.world.id_entropy());
                (TrunkConfig { id, ..offer.config }, draws)
            }
            Some(Word::Retired(_) | Word::Nothing) => (*trunk, DRAWS),
        };
        if draws >= DRAWS {
            return Err(DirectoryRefusal::NotPropagated.into());
        }
        let settings = self.world.settings();
        let (offer, brief) = self.directory.offer(config, settings, self.now)?;
        let question = Question::Take(Box::new(offer), draws + 1, Box::new(brief));
        Err(Stop::Ask(Box::new(question)))
    }

    pub(super) fn save_trunk(
        &mut self,
        trunk: Box<TrunkConfig>,
        was: Box<TrunkConfig>,
    ) -> Answer<()> {
        Ok(self.directory.save_trunk(*trunk, &was, self.author())?)
    }

    /// The trunk's object retires first. Until the deletion is written, a brief is owed: if
    /// anything goes wrong in between, that restores the trunk to what the directory says.
    pub(super) fn delete_trunk(&mut self, id: TrunkId) -> Answer<()> {
        self.directory.check_at_rest(RunsWith::Trunk(id))?;
        match self.word.take() {
            None if self.directory.owe_brief(id) => Err(Stop::Ask(Box::new(Question::Retire(id)))),
            None => Err(DirectoryRefusal::Missing.into()),
            Some(Word::Retired(Retired::Done)) => {
                self.directory.delete_trunk(id, self.author());
                Ok(())
            }
            Some(Word::Retired(Retired::HasLiveCalls)) => Err(DirectoryRefusal::LiveCalls.into()),
            Some(Word::Briefed(..) | Word::Nothing) => Err(DirectoryRefusal::NotPropagated.into()),
        }
    }
}
