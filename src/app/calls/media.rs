//! `GET /media/{call_id}/{transcript|recording}`: what is behind the links of a call.

use serde_json::Map;

use crate::app::calls::unreached;
use crate::app::http::{Request, Response};
use crate::app::ports::Api;
use crate::app::trunk::{ask, command};
use crate::domain::ids::CallId;
use crate::domain::object::object;
use crate::domain::refusal::Refusal;
use crate::domain::tokens::link::MediaKind;

/// Shows what is kept: the transcript as JSON, the recording by a redirect to where it is stored.
///
/// # Errors
/// 404: a link that is not ours or has expired, and one whose content is not in yet.
pub async fn show(
    api: &impl Api,
    request: &Request,
    call: &str,
    kind: &str,
) -> Result<Response, Refusal> {
    let kind = match kind {
        "transcript" => MediaKind::Transcript,
        "recording" => MediaKind::Recording,
        _ => return Err(Refusal::NotFound),
    };
    let id = CallId::verify(call, &api.secrets().id_key).ok_or(Refusal::NotFound)?;
    let given = |name: &str| {
        let parameters = request.parameters().into_iter();
        let mut found = parameters.filter(|(given, _)| given == name);
        found.next().map(|(_, value)| value).unwrap_or_default()
    };
    let (expires, signature) = (given("expires").parse().unwrap_or(0), given("signature"));
    let former = api.secrets().former.iter().map(|secrets| &secrets.link_key);
    let mut keys = std::iter::once(&api.settings().link_key).chain(former);
    if !keys.any(|key| key.opens(kind, id, expires, &signature, api.now())) {
        return Err(Refusal::NotFound);
    }
    let kept = ask(api, id.address().tag, command::Media(id)).await;
    let kept = kept.map_err(unreached)?;
    match (kind, kept.transcript, kept.recording) {
        (MediaKind::Transcript, Some(lines), _) => Ok(Response::json(
            200,
            &object! {"call_id": id, "transcript": lines},
        )),
        (MediaKind::Recording, _, Some(location)) => {
            Ok(Response::json(302, &Map::new()).with_header("Location", location))
        }
        _ => Err(Refusal::NotFound),
    }
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of it.

    use serde_json::{Value, json};

    use crate::app::calls::report::Transcript;
    use crate::app::description::examples;
    use crate::app::description::{Description, by_hand, ok};
    use crate::domain::refusal::Refusal;

    pub fn show() -> Description {
        let given = |name: &str, schema: Value| json!({"name": name, "in": "query", "required": true, "schema": schema});
        let kind = json!({
            "type": "string",
            "description": "What is kept of a conversation.",
            "enum": ["transcript", "recording"],
        });
        let elsewhere = by_hand(
            302,
            "The recording is in the organisation's own storage.",
            "Empty",
            json!({}),
        );
        Description::new(
            "Calls",
            "Follow a transcript's or a recording's link",
            "What `transcript_url` and `recording_url` lead to: the transcript as JSON; for a recording, a redirect \
            (302) to where it is stored. 404 for a link that has expired or was not issued by the platform, and until \
            the content is available.",
            ok::<Transcript>("The transcript.", examples::transcript()),
        )
        .id("getMedia")
        .also(elsewhere, [("Location", "Location")])
        .schemas([("MediaKind", kind)])
        .query([
            given("expires", json!({"type": "integer"})),
            given("signature", json!({"type": "string"})),
        ])
        .refuses([Refusal::NotFound, Refusal::TrunkUnavailable])
    }
}
