//! What an organisation keeps of its calls: transcripts, recordings and where those are stored; and its rules about the
//! numbers that are called.

use serde::{Deserialize, Serialize};

use super::calling_hours::CallingHours;
use super::contacts::ContactLimit;
use super::sealed::Sealed;

/// What an organisation keeps of its calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaPolicy {
    /// Whether transcripts are kept.
    #[serde(default)]
    pub transcript: bool,
    /// Whether calls are recorded.
    #[serde(default)]
    pub recording: bool,
}

impl MediaPolicy {
    /// Whether nothing is kept.
    #[must_use]
    pub const fn nothing(&self) -> bool {
        !self.transcript && !self.recording
    }
}

/// How much an organisation's callbacks contain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum CallbackDetail {
    /// The fields of the reference, and no others.
    #[default]
    Reference,
    /// Those, and why a call failed, whom it was to, and more.
    Full,
}

impl CallbackDetail {
    /// Whether it is `reference`.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The level with that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "reference" => Some(Self::Reference),
            "full" => Some(Self::Full),
            _ => None,
        }
    }
}

/// An organisation's wishes about transcripts, recordings and numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaSettings {
    /// Whether calls have a `transcript_url`.
    #[serde(default)]
    pub transcripts: bool,
    /// Where recordings are stored; without it nothing is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recordings: Option<S3Target>,
    /// Whether numbers that can't exist are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reject_impossible_numbers: bool,
    /// How often a number may be called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact_limits: Vec<ContactLimit>,
    /// How much its callbacks contain.
    #[serde(default, skip_serializing_if = "CallbackDetail::is_default")]
    pub callback_detail: CallbackDetail,
    /// When phones may ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calling_hours: Option<CallingHours>,
}

impl MediaSettings {
    /// What is kept.
    #[must_use]
    pub const fn policy(&self) -> MediaPolicy {
        MediaPolicy {
            transcript: self.transcripts,
            recording: self.recordings.is_some(),
        }
    }
}

/// An S3-compatible target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Target {
    /// Its endpoint, `https://…`; AWS's own when empty.
    pub endpoint: String,
    /// Its region, such as `eu-central-1`.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// The prefix of the objects' names.
    pub prefix: String,
    /// The access key.
    pub access_key: String,
    /// Its secret, sealed for the organisation.
    pub secret: Sealed,
}
