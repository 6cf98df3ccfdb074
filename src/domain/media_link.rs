//! The links to a call's transcript and recording.
//!
//! A link is computed from the call alone, so it exists from the end of the call on and is the same
//! each time; it contains its expiry and a keyed check over everything. What it leads to may be
//! stored later, or never.

use super::call::Call;
use super::settings::Settings;
use super::time::Span;
use super::tokens::link::MediaKind;

/// How long a link is valid, from when its call was accepted.
const LINK_LIFE: Span = Span(30 * 86_400_000);

/// The link to what is kept of a call; `None` before its end, and if nothing is kept.
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
