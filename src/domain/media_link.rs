//! The links under which a call's transcript and recording are found.
//!
//! A link is made from the call alone, so it is there from the end of the call on and the same each
//! time; it carries until when it is good and a keyed check over all of it. What is behind it may
//! come later, or never.

use super::call::Call;
use super::settings::Settings;
use super::time::Span;
use super::tokens::link::MediaKind;

/// How long after its call was accepted a link is good.
const LINK_LIFE: Span = Span(30 * 86_400_000);

/// The link to what is kept of a call; `None` before its end, and where nothing is kept.
#[must_use]
pub fn link(call: &Call, kind: MediaKind, settings: &Settings) -> Option<String> {
    let kept = match kind {
        MediaKind::Transcript => call.media_policy.transcript,
        MediaKind::Recording => call.media_policy.recording,
    };
    let public_url = settings.public_url.as_ref().filter(|_| kept)?;
    call.answered_at.and(call.ended_at)?;
    let expires = (call.created_at() + LINK_LIFE).as_secs();
    let signature = settings.link_key.sign(kind, call.id, expires);
    let (id, kind) = (call.id, kind.as_str());
    Some(format!(
        "{public_url}/media/{id}/{kind}?expires={expires}&signature={signature}"
    ))
}
