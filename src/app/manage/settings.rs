//! `/settings`: what an organisation keeps of its calls, and which numbers it wants refused.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::hours::read_hours;
use super::limits::read_limits;
use super::{Resource, change_by_comparison};
use crate::app::address::Address;
use crate::app::body::{self, Body};
use crate::app::directory::command;
use crate::app::http::{Request, Response};
use crate::app::ports::Api;
use crate::app::sealing::sealed;
use crate::app::views::limits::{ContactLimitView, shown};
use crate::domain::access::KeyRecord;
use crate::domain::calling_hours::CallingHours;
use crate::domain::media::{CallbackDetail, MediaSettings, S3Target};
use crate::domain::refusal::Refusal;

const RESOURCE: Resource = Resource {
    missing: Refusal::NotFound,
    plural: "settings",
};
const ENDPOINT: Address = Address {
    field: "recordings.endpoint",
    takes_ws: false,
    // LiveKit's Egress writes there, and browsers read from there: the Worker never connects to it.
    is_fetched: false,
};

/// What an organisation keeps of its calls, and which numbers it wants refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SettingsView {
    /// Whether calls have a `transcript_url`.
    pub transcripts: bool,
    /// Where LiveKit puts recordings, and whether calls have a `recording_url`; null when nothing is recorded.
    pub recordings: Option<StorageView>,
    /// Whether `POST /calls` refuses numbers whose length or country code can't exist.
    pub reject_impossible_numbers: bool,
    /// How much callbacks contain: only the reference's fields, or `full`.
    #[cfg_attr(feature = "openapi", schema(inline))]
    pub callback_detail: CallbackDetail,
    /// When phones may ring; null for any time.
    pub calling_hours: Option<CallingHours>,
    /// How often a number may be called, by any trunk and any agent.
    pub contact_limits: Vec<ContactLimitView>,
}

/// An S3-compatible target, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StorageView {
    /// Its endpoint; empty for AWS's own.
    pub endpoint: String,
    /// Its region, such as `eu-central-1`.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// The prefix of objects' names.
    pub prefix: String,
    /// The access key.
    pub access_key: String,
}

// As the OpenAPI document describes it; `read` reads it.
/// What to change: any subset.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ChangeSettings {
    /// Whether calls have a `transcript_url`; `null` is false.
    pub transcripts: Option<bool>,
    /// Where LiveKit puts recordings: what is left out stays as it is. `null` for none.
    #[schema(inline)]
    pub recordings: Option<ChangeStorage>,
    /// Whether `POST /calls` refuses numbers whose length or country code can't exist, 60 seconds from now on or later; `null` is
    /// false.
    pub reject_impossible_numbers: Option<bool>,
    /// How much the callbacks of calls that end from now on contain; `null` is `reference`. With `full` they also
    /// have `phone_number`, `agent_id`, `failure`, `answered_by`, `campaign_id`, `reference` and `redial`.
    #[schema(inline)]
    pub callback_detail: Option<CallbackDetail>,
    /// When phones may ring; replaces what was set before. `null` for any time.
    pub calling_hours: Option<CallingHours>,
    /// How often a number may be called, by any trunk and any agent, in addition to agents' own limits: at most 5 limits, all of which
    /// hold. `null` for none.
    #[schema(max_items = 5)]
    pub contact_limits: Option<Vec<ContactLimitView>>,
}

/// A change of the storage target. If there is none yet, `bucket`, `access_key` and `secret` are required.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct ChangeStorage {
    /// Its endpoint, an http or https URL of a public host (a name or an IP address), without user name, query and fragment.
    /// White space around it is dropped. `null` or empty for AWS's own.
    #[schema(max_length = 200)]
    pub endpoint: Option<String>,
    /// Its region, such as `eu-central-1`.
    #[schema(max_length = 200)]
    pub region: Option<String>,
    /// The prefix of objects' names.
    #[schema(max_length = 200)]
    pub prefix: Option<String>,
    /// The bucket's name.
    #[schema(min_length = 1, max_length = 200)]
    pub bucket: String,
    /// The access key.
    #[schema(min_length = 1, max_length = 200)]
    pub access_key: String,
    /// Its secret; never shown again.
    #[schema(min_length = 1, max_length = 200)]
    pub secret: String,
}

impl From<&MediaSettings> for SettingsView {
    fn from(media: &MediaSettings) -> Self {
        let storage = media.recordings.clone();
        Self {
            transcripts: media.transcripts,
            recordings: storage.map(|storage| StorageView {
                endpoint: storage.endpoint,
                region: storage.region,
                bucket: storage.bucket,
                prefix: storage.prefix,
                access_key: storage.access_key,
            }),
            reject_impossible_numbers: media.reject_impossible_numbers,
            callback_detail: media.callback_detail,
            calling_hours: media.calling_hours.clone(),
            contact_limits: shown(&media.contact_limits),
        }
    }
}

/// `GET /settings`.
///
/// # Errors
/// The directory can't be reached.
pub async fn get(api: &impl Api, caller: &KeyRecord) -> Result<Response, Refusal> {
    let media = find(api, caller).await?;
    Ok(Response::json(200, &SettingsView::from(&media)))
}

/// `PATCH /settings`.
///
/// # Errors
/// An invalid body.
pub async fn update(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
) -> Result<Response, Refusal> {
    let media = change_by_comparison(api, caller, request, &RESOURCE, async || {
        let was = find(api, caller).await?;
        let media = read(api, caller, request, was.clone()).await?;
        let save = command::ChangeMedia {
            media: Box::new(media.clone()),
            was: Box::new(was),
        };
        Ok((save, media))
    });
    Ok(Response::json(200, &SettingsView::from(&media.await?)))
}

/// The new settings, from a body that changes the present ones.
async fn read(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    before: MediaSettings,
) -> Result<MediaSettings, Refusal> {
    let mut body = Body::of(request)?;
    let transcripts = body.optional(
        "transcripts",
        Some(before.transcripts),
        "true or false",
        |value| value.as_bool(),
    )?;
    let given = body.optional("recordings", Some(Map::new()), "an object", body::object)?;
    let reject_impossible_numbers = body.optional(
        "reject_impossible_numbers",
        Some(before.reject_impossible_numbers),
        "true or false",
        |value| value.as_bool(),
    )?;
    let callback_detail = body.optional(
        "callback_detail",
        Some(before.callback_detail),
        "reference or full",
        |value| value.as_str().and_then(CallbackDetail::parse),
    )?;
    let calling_hours = read_hours(&mut body, before.calling_hours)?;
    let contact_limits = read_limits(&mut body, before.contact_limits)?;
    body.finish()?;
    let recordings = match given {
        None => None,
        Some(given) if given.is_empty() => before.recordings,
        Some(given) => Some(read_storage(api, caller, request, given, before.recordings).await?),
    };
    Ok(MediaSettings {
        transcripts: transcripts.unwrap_or_default(),
        recordings,
        reject_impossible_numbers: reject_impossible_numbers.unwrap_or_default(),
        callback_detail: callback_detail.unwrap_or_default(),
        calling_hours,
        contact_limits,
    })
}

async fn find(api: &impl Api, caller: &KeyRecord) -> Result<MediaSettings, Refusal> {
    super::get(api, caller, command::Media, &RESOURCE).await
}

async fn read_storage(
    api: &impl Api,
    caller: &KeyRecord,
    request: &Request,
    given: Map<String, Value>,
    before: Option<S3Target>,
) -> Result<S3Target, Refusal> {
    let mut body = Body::nested(given, "recordings.");
    let was = |field: fn(&S3Target) -> &String| before.as_ref().map(|was| field(was).clone());
    let endpoint = match body.has("endpoint") {
        true => match body.short_text("endpoint")? {
            empty if empty.is_empty() => empty,
            given => ENDPOINT.read(api, request, &given)?,
        },
        false => was(|was| &was.endpoint).unwrap_or_default(),
    };
    let region = body.short("region", was(|was| &was.region))?;
    let prefix = body.short("prefix", was(|was| &was.prefix))?;
    let bucket = body.token("bucket", was(|was| &was.bucket))?;
    let access_key = body.token("access_key", was(|was| &was.access_key))?;
    let given = body.secret("secret", before.is_some())?;
    body.finish()?;
    let kept = before.as_ref().map(|before| &before.secret);
    let secret = sealed(api, caller.org_id, given, kept).await?;
    Ok(S3Target {
        endpoint,
        region,
        bucket,
        prefix,
        access_key,
        secret,
    })
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! The OpenAPI description of them.

    use serde_json::{Value, json};

    use super::{ChangeSettings, SettingsView};
    use crate::app::description::refusals::{
        NAME, bare, must, nested_required, tidy, unknown_field,
    };
    use crate::app::description::{Description, examples, ok};
    use crate::app::manage::hours::describe::hours;
    use crate::app::manage::limits::LIMITS;
    use crate::domain::refusal::Refusal;

    const TAG: &str = "Settings";

    pub fn get() -> Description {
        Description::new(
            TAG,
            "Get the settings",
            "What the organisation keeps of its calls, and which numbers are refused. The storage's secret is never \
            shown.",
            ok::<SettingsView>("The settings.", shown()),
        )
    }

    pub fn update() -> Description {
        Description::new(
            TAG,
            "Change the settings",
            "Changes the fields that are given, for calls that are dialed from now on; which numbers are refused, for calls placed 60 seconds or more later. An enabled call has its `transcript_url` \
             or `recording_url` from its end on: a signed link of this platform's own that expires 30 days after the call was \
             accepted and answers 404 until its content is in.",
            ok::<SettingsView>("Changed.", shown()),
        )
        .optional_body::<ChangeSettings>(json!({"transcripts": true}))
        .refuses(fields())
    }

    fn shown() -> Value {
        json!({
            "transcripts": true,
            "recordings": {"endpoint": "", "region": "ap-south-1", "bucket": "calls", "prefix": "", "access_key": "AKIA…"},
            "reject_impossible_numbers": false,
            "callback_detail": "reference",
            "calling_hours": examples::calling_hours(),
            "contact_limits": examples::contact_limits(),
        })
    }

    fn fields() -> Vec<Refusal> {
        let mut all = vec![
            must("transcripts", "true or false"),
            must("reject_impossible_numbers", "true or false"),
            must("callback_detail", "reference or full"),
            must("recordings", "an object"),
            Refusal::UrlInvalid("recordings.endpoint"),
            bare("recordings.endpoint"),
            Refusal::UrlPrivate("recordings.endpoint"),
        ];
        let what = "a string of at most 200 characters";
        all.push(must("recordings.endpoint", what));
        for field in ["region", "prefix"] {
            let field = format!("recordings.{field}");
            all.extend([must(&field, what), tidy(&field)]);
        }
        for field in ["bucket", "access_key", "secret"] {
            let field = format!("recordings.{field}");
            all.extend([nested_required(&field), must(&field, NAME), tidy(&field)]);
        }
        all.push(Refusal::UnknownField("recordings.X".into()));
        all.extend(hours());
        all.push(must("contact_limits", LIMITS));
        all.push(unknown_field());
        all
    }
}
