//! How a trunk's message that there is news gets to the directory: as often as it takes, and concurrently with everything else.

use crate::app::directory::{By, ask, command};
use crate::app::ports::{Directories, Host};
use crate::domain::ids::OrgId;
use crate::domain::time::{Span, Timestamp};

/// How soon a lost message is repeated, then after twice as long each time,
const AGAIN: Span = Span(250);
/// and after this no more: only with the next news.
const LAST: Span = Span(16_000);

/// Tells the directory what it is owed, until nothing is.
pub async fn nudge(
    world: &(impl Host + Directories),
    owed: impl Fn() -> Option<(OrgId, Timestamp)>,
    heard: impl Fn(Timestamp),
) {
    let mut pause = AGAIN;
    while let Some((org, at)) = owed() {
        let reply = ask(world, org, By::PLATFORM, command::Nudge(at)).await;
        if reply == Ok(Ok(())) {
            heard(at);
            pause = AGAIN;
        } else if pause > LAST {
            return;
        } else {
            world.sleep(pause).await;
            pause = pause + pause;
        }
    }
}
