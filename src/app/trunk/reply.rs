//! The commands' replies: each has its own type, which travels as a variant of [`TrunkReply`].
//!
//! The types are in their desks' files, beside the handlers that return them.

use super::{TrunkRefusal, TrunkReply, Work};
use crate::app::asking::{Replies, Reply};

impl Replies for TrunkReply {
    const OBJECT: &'static str = "TRUNKS";
}

/// How replies travel.
macro_rules! reply {
    // An enum, whose variants have the same names in `TrunkReply`.
    ($(#[$meta:meta])* pub enum $reply:ident {
        $($(#[$about:meta])* $variant:ident $(($($part:ident: $of:ty),+))?),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $reply {
            $($(#[$about])* $variant $(($($of),+))?),+
        }

        impl From<$reply> for $crate::app::trunk::TrunkReply {
            fn from(reply: $reply) -> Self {
                match reply {
                    $($reply::$variant $(($($part),+))? => Self::$variant $(($($part),+))?),+
                }
            }
        }

        impl $crate::app::asking::Reply<$crate::app::trunk::TrunkReply> for $reply {
            fn read(answer: $crate::app::trunk::TrunkReply) -> Option<Self> {
                match answer {
                    $($crate::app::trunk::TrunkReply::$variant $(($($part),+))? => {
                        Some(Self::$variant $(($($part),+))?)
                    })+
                    _ => None,
                }
            }
        }
    };
    // A struct of this name, and the variant of `TrunkReply` as which it travels.
    ($reply:ident { $($field:ident),+ } = $($variant:tt)+) => {
        reply!(@ $reply, ($reply { $($field),+ }), $($variant)+);
    };
    // Another type: a pattern for its value, and its variant.
    ($reply:ty: $it:tt = $($variant:tt)+) => {
        reply!(@ $reply, ($it), $($variant)+);
    };
    (@ $reply:ty, ($($it:tt)+), $($variant:tt)+) => {
        impl From<$reply> for $crate::app::trunk::TrunkReply {
            fn from($($it)+: $reply) -> Self {
                Self::$($variant)+
            }
        }

        impl $crate::app::asking::Reply<$crate::app::trunk::TrunkReply> for $reply {
            fn read(answer: $crate::app::trunk::TrunkReply) -> Option<Self> {
                match answer {
                    $crate::app::trunk::TrunkReply::$($variant)+ => Some($($it)+),
                    _ => None,
                }
            }
        }
    };
}
pub(super) use reply;

reply!((): () = Done);
reply!(Work: work = Work(work));

/// For something that may not exist.
impl<R: Into<Self>> From<Option<R>> for TrunkReply {
    fn from(reply: Option<R>) -> Self {
        reply.map_or(Self::Missing, R::into)
    }
}

impl<R: Reply<TrunkReply>> Reply<TrunkReply> for Option<R> {
    fn read(answer: TrunkReply) -> Option<Self> {
        match answer {
            TrunkReply::Missing => Some(None),
            answer => R::read(answer).map(Some),
        }
    }
}

/// For something that the object may refuse.
impl<R: Into<Self>> From<Result<R, TrunkRefusal>> for TrunkReply {
    fn from(reply: Result<R, TrunkRefusal>) -> Self {
        reply.map_or_else(Self::Refused, R::into)
    }
}

impl<R: Reply<TrunkReply>> Reply<TrunkReply> for Result<R, TrunkRefusal> {
    fn read(answer: TrunkReply) -> Option<Self> {
        match answer {
            TrunkReply::Refused(refusal) => Some(Err(refusal)),
            answer => R::read(answer).map(Ok),
        }
    }
}
