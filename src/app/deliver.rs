//! The callback queue's consumer: signs one attempt, sends it, and tells whoever holds the delivery.

use std::future::Future;

use crate::app::directory::DirectoryCommand;
use crate::app::messages::CallbackMessage;
use crate::app::ports::{Directories, Host, Poster, Records, Trunks, Unavailable};
use crate::app::records::RecordKey;
use crate::app::trunk::TrunkCommand;
use crate::domain::callback::{Attempt, AttemptResult, WebhookSecrets};
use crate::domain::ids::TrunkTag;
use crate::domain::target::Target;
use crate::domain::time::Millis;

/// How long a receiver may take before its sender asks for a longer lease.
const SLOW: Millis = Millis(10_000);

/// Makes one attempt.
///
/// # Errors
/// The result could not be told, or the secrets could not be read: the message can come again.
pub async fn deliver(
    world: &(impl Host + Records + Trunks + Directories + Poster),
    message: CallbackMessage,
) -> Result<(), Unavailable> {
    let timeout = world.settings().webhook_timeout;
    let key = RecordKey::WebhookSecrets(message.org);
    let stored = world.read_fresh(&key).await?.ok_or(Unavailable)?;
    let secrets: WebhookSecrets = crate::app::json::read(&stored).map_err(|_| Unavailable)?;
    let began = world.now();
    let signed = secrets.sign(message.delivery, message.body.as_bytes(), began);
    let failure = message.failure.clone();
    let failure = failure.map(|failure| ("X-Audatec-Failure", failure));
    let headers: Vec<_> = signed.into_iter().chain(failure).collect();
    let post = async {
        match allowed(world.parse_url(&message.url), world) {
            true => {
                world
                    .post(&message.url, &headers, &message.body, timeout)
                    .await
            }
            false => Err("the address is not allowed".to_owned()),
        }
    };
    let extend = async {
        if timeout > SLOW {
            world.sleep(SLOW).await;
            let until = world.now() + timeout;
            let _ = tell(world, &message, Word::Extend(until)).await;
        }
        std::future::pending::<()>().await;
    };
    let answer = first(post, extend).await;
    let attempt = Attempt {
        at: began,
        status_code: answer.as_ref().ok().map(|answer| answer.status),
        error: answer.as_ref().err().cloned(),
        duration_ms: (world.now() - began).0,
    };
    let retry_after = answer.ok().and_then(|answer| answer.retry_after);
    tell(
        world,
        &message,
        Word::Result(AttemptResult {
            attempt,
            retry_after,
        }),
    )
    .await
}

/// The address is judged again at each attempt: settings may have changed since it was accepted.
fn allowed(target: Option<Target>, world: &impl Host) -> bool {
    target.is_some_and(|target| target.judge("", world.settings().allow_loopback).is_ok())
}

enum Word {
    Extend(Millis),
    Result(AttemptResult),
}

async fn tell(
    world: &(impl Trunks + Directories),
    message: &CallbackMessage,
    word: Word,
) -> Result<(), Unavailable> {
    let (delivery, attempt) = (message.delivery, message.attempt);
    let tag = delivery.address().tag;
    if tag == TrunkTag::DIRECTORY {
        let command = match word {
            Word::Extend(until) => DirectoryCommand::extend(delivery, attempt, until),
            Word::Result(result) => DirectoryCommand::delivered(delivery, attempt, result),
        };
        return world.directory(message.org, &command).await.map(drop);
    }
    let command = match word {
        Word::Extend(until) => TrunkCommand::Extend {
            delivery,
            attempt,
            until,
        },
        Word::Result(result) => TrunkCommand::Delivered {
            delivery,
            attempt,
            result,
        },
    };
    world.trunk(tag, &command).await.map(drop)
}

/// The output of `main`; `beside` runs along and never ends by itself.
async fn first<T>(main: impl Future<Output = T>, beside: impl Future<Output = ()>) -> T {
    let (mut main, mut beside) = (std::pin::pin!(main), std::pin::pin!(beside));
    std::future::poll_fn(|context| {
        if let std::task::Poll::Ready(output) = main.as_mut().poll(context) {
            return std::task::Poll::Ready(output);
        }
        let _ = beside.as_mut().poll(context);
        std::task::Poll::Pending
    })
    .await
}
