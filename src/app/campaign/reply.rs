//! How replies travel: each has a type of its own, and is a variant of [`CampaignReply`] in transit. Any of them may be a
//! refusal.

use super::erasing::ErasedRecipients;
use super::language::{
    Added, CampaignRefusal, CampaignReply, People, Recipient, RecipientPage, Shown, Ticked,
};
use crate::app::asking::{Replies, Reply};

impl Replies for CampaignReply {
    const OBJECT: &'static str = "CAMPAIGNS";
}

/// A type, how it is written, and how it is read.
macro_rules! reply {
    ($reply:ty: $it:pat => $written:expr, $($read:pat => $value:expr),+ $(,)?) => {
        impl From<$reply> for CampaignReply {
            fn from($it: $reply) -> Self {
                $written
            }
        }

        impl Reply<CampaignReply> for $reply {
            fn read(answer: CampaignReply) -> Option<Self> {
                match answer {
                    $($read => Some($value),)+
                    _ => None,
                }
            }
        }
    };
}

use CampaignReply as R;

reply!((): () => R::Done, R::Done => ());
reply!(Ticked: ticked => match ticked == Ticked::default() {
        // The answer of an object of the previous release.
        true => R::Done,
        false => R::Ticked(ticked),
    }, R::Done => Self::default(), R::Ticked(ticked) => ticked);
reply!(Shown: shown => R::Campaign(Box::new(shown)), R::Campaign(shown) => *shown);
reply!(Added: added => R::Added(added), R::Added(added) => added);
reply!(RecipientPage: page => R::Recipients(Box::new(page)), R::Recipients(page) => *page);
reply!(People: people => R::People(Box::new(people)), R::People(people) => *people);
reply!(ErasedRecipients: erased => R::Erased(erased), R::Erased(erased) => erased);
reply!(bool: begun => R::Begun(begun), R::Begun(begun) => begun);
reply!(Option<Recipient>: one => one.map_or(R::Missing, |one| R::Recipient(Box::new(one))),
    R::Recipient(one) => Some(*one), R::Missing => None);

impl<T: Reply<CampaignReply>> Reply<CampaignReply> for Result<T, CampaignRefusal> {
    fn read(answer: CampaignReply) -> Option<Self> {
        match answer {
            CampaignReply::Refused(refusal) => Some(Err(refusal)),
            answer => T::read(answer).map(Ok),
        }
    }
}
