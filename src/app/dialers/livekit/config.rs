//! An organisation's settings for its LiveKit server: the fields of a trunk's `carrier`.

use crate::app::address::Address;
use crate::app::body::{self, Body};
use crate::app::http::Request;
use crate::app::ports::Api;
use crate::app::sealing::sealed;
use crate::domain::ids::OrgId;
use crate::domain::refusal::Refusal;
use crate::domain::trunk::Carrier;

/// The longest URL of a server.
const MAX_URL: usize = 2_048;
/// What it must be, for people.
pub const URL_TEXT: &str = "a URL of at most 2048 bytes";

const URL: Address = Address {
    field: "carrier.url",
    takes_ws: true,
    is_fetched: true,
};

/// Reads the rest of a carrier's body. A field that is left out stays as it was `before`.
///
/// # Errors
/// The first field that is missing or invalid.
pub async fn read(
    api: &impl Api,
    request: &Request,
    mut body: Body,
    before: Option<&Carrier>,
    org: OrgId,
) -> Result<Carrier, Refusal> {
    let (known, kept): ([Option<String>; 3], _) = match before {
        Some(Carrier::LiveKit {
            url,
            api_key,
            api_secret,
            sip_trunk_id,
        }) => (
            [url, api_key, sip_trunk_id].map(|text| Some(text.clone())),
            Some(api_secret),
        ),
        _ => ([None, None, None], None),
    };
    let [url_before, api_key, sip_trunk_id] = known;
    // A stored value stays as it is, whatever the rules for addresses are today.
    let url = match body.has("url") || url_before.is_none() {
        true => {
            let given = body.required("url", None, URL_TEXT, |value| {
                body::text(value).filter(|text| text.len() <= MAX_URL)
            })?;
            URL.read(api, request, &given)?
        }
        false => url_before.unwrap_or_default(),
    };
    let api_key = body.token("api_key", api_key)?;
    let given_secret = body.secret("api_secret", kept.is_some())?;
    let sip_trunk_id = body.token("sip_trunk_id", sip_trunk_id)?;
    body.finish()?;
    Ok(Carrier::LiveKit {
        url,
        api_key,
        api_secret: sealed(api, org, given_secret, kept).await?,
        sip_trunk_id,
    })
}
