//! One attempt at a callback: the delivery's holder says whether it should still be made, and what signs it; it is sent, and
//! the holder told the result.
//!
//! The secrets come from the holder at that moment, never from a copy: a rotation is answered once every holder knows of it,
//! so an attempt that begins after the answer is signed by the newest.

use std::borrow::Cow;
use std::future::Future;

use crate::app::campaign;
use crate::app::directory::{self, By};
use crate::app::messages::CallbackMessage;
use crate::app::ports::{Campaigns, Directories, Host, Poster, Trunks, Unavailable};
use crate::app::trunk::{Attempted, Begun, ask, command};
use crate::domain::callback::{Attempt, AttemptResult, LEASE, WebhookSecrets};
use crate::domain::ids::TrunkTag;
use crate::domain::planted::{Fault, planted};
use crate::domain::target::{Target, TargetRefused};
use crate::domain::time::{Span, Timestamp};

/// How long a receiver may take before its sender asks for a longer lease.
const SLOW: Span = Span(10_000);

/// How many attempts one sender makes one after another before it is the queue's turn.
const IN_A_ROW: usize = 50;

/// Makes an attempt, unless it is over or another copy of the message makes it; then others that are due at the same holder.
///
/// # Errors
/// The holder can't be reached. The message may come again, but need not: by the holder's rows the attempt is due again.
pub async fn deliver(
    world: &(impl Host + Trunks + Campaigns + Directories + Poster),
    message: CallbackMessage,
) -> Result<(), Unavailable> {
    let is_over = message.good_until.is_some_and(|until| world.now() >= until);
    if is_over && !planted(Fault::StaleHeeded) {
        // Another copy is out by now, or will be.
        return Ok(());
    }
    // Before the secrets are asked for: a signature as of a moment must be by the secrets valid at that moment.
    let mut signed_at = world.now();
    let mut next = begin(world, message).await?;
    for left in (0..IN_A_ROW).rev() {
        let Some((message, secrets)) = next else {
            break;
        };
        if world.now() >= signed_at + LEASE {
            // Too late: the attempt belongs to somebody else by now, and what signed at that moment may be forgotten.
            break;
        }
        let result = attempt(world, &message, &secrets, signed_at).await;
        signed_at = world.now();
        let word = Report::Result(result, left > 0);
        next = tell(world, &message, word).await?;
    }
    Ok(())
}

async fn attempt(
    world: &(impl Host + Trunks + Campaigns + Directories + Poster),
    message: &CallbackMessage,
    secrets: &WebhookSecrets,
    signed_at: Timestamp,
) -> AttemptResult {
    let timeout = world.settings().webhook_timeout;
    let began = world.now();
    let signed = secrets.sign(message.delivery, message.body.as_bytes(), signed_at);
    let failure = message.failure.clone();
    let failure = failure.map(|failure| ("X-Audatec-Failure", failure));
    let mut headers: Vec<_> = signed.into_iter().chain(failure).collect();
    let target = world.parse_url(&message.url);
    let post = async {
        let target = allowed(target, world)?;
        // Credentials are for the receiver alone: they move from the URL into a header.
        let credentials = target.authorization();
        let address = match credentials.filter(|_| !planted(Fault::CredentialsKept)) {
            Some(basic) => {
                headers.push(("Authorization", basic));
                Cow::Owned(target.address())
            }
            None => Cow::Borrowed(message.url.as_str()),
        };
        world.post(&address, &headers, &message.body, timeout).await
    };
    let extend = async {
        if timeout > SLOW {
            world.sleep(SLOW).await;
            let until = world.now() + timeout;
            let _ = tell(world, message, Report::Extend(until)).await;
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
    AttemptResult {
        attempt,
        retry_after_secs: answer.ok().and_then(|answer| answer.retry_after_secs),
    }
}

/// The attempt, and what signs it; `None` if it should not be made.
async fn begin(
    world: &(impl Host + Trunks + Campaigns + Directories),
    message: CallbackMessage,
) -> Result<Option<(CallbackMessage, WebhookSecrets)>, Unavailable> {
    let (delivery, attempt) = (message.delivery, message.attempt);
    if let Some(id) = message.campaign {
        let begin = campaign::command::Begin(delivery, attempt);
        if campaign::ask(world, message.org, id, begin).await? != Ok(true) {
            return Ok(None);
        }
        let secrets = directory::command::Secrets;
        let secrets = directory::ask(world, message.org, By::PLATFORM, secrets).await?;
        return Ok(secrets.ok().map(|secrets| (message, secrets)));
    }
    let tag = delivery.address().tag;
    if tag == TrunkTag::DIRECTORY {
        let begin = directory::command::Begin(delivery, attempt);
        let secrets = directory::ask(world, message.org, By::PLATFORM, begin).await?;
        return Ok(secrets.ok().map(|secrets| (message, secrets)));
    }
    let wants_message = message.body.is_empty();
    let begin = command::Begin {
        delivery,
        attempt,
        wants_message,
    };
    match ask(world, tag, begin).await? {
        Some(Begun::Begun(secrets)) if !wants_message => signed(world, message, secrets).await,
        Some(Begun::NextAttempt(next, secrets)) => signed(world, *next, secrets).await,
        // One of an earlier release sends no message along.
        Some(Begun::Begun(_)) | None => Ok(None),
    }
}

/// The attempt as a trunk hands it out, and what signs it.
async fn signed(
    world: &(impl Host + Directories),
    message: CallbackMessage,
    secrets: Option<Box<WebhookSecrets>>,
) -> Result<Option<(CallbackMessage, WebhookSecrets)>, Unavailable> {
    let secrets = match secrets {
        Some(secrets) => Some(*secrets),
        None => secrets_of(world, &message).await?,
    };
    Ok(secrets.map(|secrets| (message, secrets)))
}

/// The address is checked again at each attempt: settings may have changed since it was accepted.
fn allowed(target: Option<Target>, world: &impl Host) -> Result<Target, String> {
    let target = target.ok_or("the address is not allowed")?;
    match target.judge("", world.settings().allow_loopback) {
        Ok(()) => Ok(target),
        Err(TargetRefused::Address) => Err("Cloudflare can't reach an IP address".to_owned()),
        Err(_) => Err("the address is not allowed".to_owned()),
    }
}

enum Report {
    Extend(Timestamp),
    /// And whether its sender will make another attempt.
    Result(AttemptResult, bool),
}

/// Tells the holder; returns the next attempt, if there is one for this sender.
async fn tell(
    world: &(impl Host + Trunks + Campaigns + Directories),
    message: &CallbackMessage,
    word: Report,
) -> Result<Option<(CallbackMessage, WebhookSecrets)>, Unavailable> {
    let (delivery, attempt) = (message.delivery, message.attempt);
    if let Some(id) = message.campaign {
        use campaign::command::{Delivered, Extend};
        let org = message.org;
        // A deleted one waits for no report.
        let _ = match word {
            Report::Extend(until) => {
                campaign::ask(world, org, id, Extend(delivery, attempt, until)).await?
            }
            Report::Result(result, _) => {
                let delivered = Delivered(delivery, attempt, Box::new(result));
                campaign::ask(world, org, id, delivered).await?
            }
        };
        return Ok(None);
    }
    let tag = delivery.address().tag;
    if tag == TrunkTag::DIRECTORY {
        use directory::command::{Delivered, Extend};
        let (org, by) = (message.org, By::PLATFORM);
        // A delivery that is gone waits for no report.
        let _ = match word {
            Report::Extend(until) => {
                directory::ask(world, org, by, Extend(delivery, attempt, until)).await?
            }
            Report::Result(result, _) => {
                let delivered = Delivered(delivery, attempt, Box::new(result));
                directory::ask(world, org, by, delivered).await?
            }
        };
        return Ok(None);
    }
    let attempted = match word {
        Report::Extend(until) => {
            let extend = command::Extend {
                delivery,
                attempt,
                until,
            };
            ask(world, tag, extend).await?;
            return Ok(None);
        }
        Report::Result(result, takes_next) => command::Delivered {
            delivery,
            attempt,
            result,
            takes_next,
        },
    };
    match ask(world, tag, attempted).await? {
        Attempted::Done => Ok(None),
        Attempted::NextAttempt(next, secrets) => signed(world, *next, secrets).await,
    }
}

/// The directory's word on what signs a trunk's callbacks.
async fn secrets_of(
    world: &(impl Host + Directories),
    message: &CallbackMessage,
) -> Result<Option<WebhookSecrets>, Unavailable> {
    let secrets_of = directory::command::SecretsOf(message.delivery.address().tag);
    let secrets = directory::ask(world, message.org, By::PLATFORM, secrets_of).await?;
    Ok(secrets.ok())
}

/// The output of `main`; `beside` runs along and never ends on its own.
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
