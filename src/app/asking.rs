//! Commands to objects, each with the reply that belongs to it.
//!
//! What travels is one enum of commands and one of replies per object, with one reader and one writer each. A command's own
//! type converts into a variant of the former, and takes its reply out of the latter: nothing else is compiled per command.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::app::host::{Host, Unavailable};
use crate::app::telemetry::Event;

/// Everything an object may answer, as it travels.
pub trait Replies {
    /// The object's name in the log.
    const OBJECT: &'static str;
}

/// The reply to a command.
pub trait Reply<A>: Sized {
    /// Takes it out of everything the object may answer.
    fn read(answer: A) -> Option<Self>;
}

/// A command, with the type of its reply.
pub trait Command: Into<Self::Asked> {
    /// As it travels.
    type Asked;
    /// What its object may answer.
    type Answer: Replies;
    /// Its reply.
    type Reply: Reply<Self::Answer>;
}

/// The reply that belongs to a command.
///
/// # Errors
/// Another one arrived, which is logged: the object has a fault, or is of a release that nobody foresaw.
pub fn understood<C: Command>(
    host: &impl Host,
    answer: C::Answer,
) -> Result<C::Reply, Unavailable> {
    C::Reply::read(answer).ok_or_else(|| mismatched::<C::Answer>(host))
}

/// An object gave a reply that does not belong to the command; logged here.
pub fn mismatched<A: Replies>(host: &impl Host) -> Unavailable {
    host.log(&Event::AnswerMismatched { object: A::OBJECT });
    Unavailable
}

/// An object's answer, as a future.
pub type Sent<'w, A> = Pin<Box<dyn Future<Output = Result<A, Unavailable>> + 'w>>;

/// A command's reply, as a future.
#[must_use = "nothing is asked until it is awaited"]
pub struct Asked<'w, W, C: Command> {
    world: &'w W,
    sent: Sent<'w, C::Answer>,
    command: PhantomData<fn() -> C>,
}

impl<'w, W, C: Command> Asked<'w, W, C> {
    /// The reply to a command of this type, which was sent so.
    pub fn new(world: &'w W, sent: Sent<'w, C::Answer>) -> Self {
        Self {
            world,
            sent,
            command: PhantomData,
        }
    }
}

impl<W: Host, C: Command> Future for Asked<'_, W, C> {
    type Output = Result<C::Reply, Unavailable>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.sent.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(Unavailable)) => Poll::Ready(Err(Unavailable)),
            Poll::Ready(Ok(answer)) => Poll::Ready(understood::<C>(self.world, answer)),
        }
    }
}

/// A command's own type, shaped as its variant.
macro_rules! shape {
    ($(#[doc = $doc:literal])* $command:ident) => {
        $(#[doc = $doc])*
        pub struct $command;
    };
    ($(#[doc = $doc:literal])* $command:ident ($($of:ty),+)) => {
        $(#[doc = $doc])*
        pub struct $command($(pub $of),+);
    };
    ($(#[doc = $doc:literal])* $command:ident {
        $($(#[doc = $about:literal])* $field:ident: $is:ty),+
    }) => {
        $(#[doc = $doc])*
        pub struct $command {
            $($(#[doc = $about])* pub $field: $is),+
        }
    };
}
pub(crate) use shape;

/// An object's commands: the enum that travels, and a type for each of its variants.
macro_rules! travels {
    ($(#[$meta:meta])* pub enum $all:ident {$(
        $(#[doc = $doc:literal])*
        $(#[serde $name:tt])?
        $command:ident $(($($part:ident: $of:ty),+))? $({
            $($(#[doc = $about:literal])* $(#[serde $rule:tt])? $field:ident: $is:ty),+
        })?
    ),+}) => {
        $(#[$meta])*
        pub enum $all {$(
            $(#[doc = $doc])*
            $(#[serde $name])?
            $command $(($($of),+))? $({
                $($(#[doc = $about])* $(#[serde $rule])? $field: $is),+
            })?
        ),+}

        $(
            $crate::app::asking::shape! {
                $(#[doc = $doc])*
                $command $(($($of),+))? $({$($(#[doc = $about])* $field: $is),+})?
            }

            impl From<$command> for $all {
                fn from(command: $command) -> Self {
                    let $command $(($($part),+))? $({$($field),+})? = command;
                    Self::$command $(($($part),+))? $({$($field),+})?
                }
            }
        )+
    };
}
pub(crate) use travels;
