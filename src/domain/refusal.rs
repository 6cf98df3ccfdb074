//! Every way in which a request is refused: one status, one machine-readable name, one public text.
//!
//! The texts of the reference are literal. A new refusal is a variant, its three lines in the
//! methods below, and a line in [`Refusal::examples`], from which the OpenAPI document lists them.

use super::access::{Role, TooLow};
use super::campaign::CampaignRefusal;
use super::erasure::ErasureRefusal;

/// Why a request was refused. [`text`](Refusal::text) is all that a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such route, or nothing behind it.
    NotFound,
    /// The path exists, with the methods named in `Allow`.
    MethodNotAllowed(String),
    /// Plain HTTP from anywhere but loopback.
    HttpsRequired,
    /// Missing, malformed, unknown, expired and revoked keys alike.
    InvalidKey,
    /// A route of the platform's operator, called without the operator's token.
    InvalidPlatformToken,
    /// The operator has suspended the organisation.
    OrganisationSuspended,
    /// No such organisation.
    OrganisationNotFound,
    /// The organisation is being deleted, or was.
    OrganisationDeleted,
    /// An agent's report with a wrong token, or for an unknown call.
    InvalidReportToken,
    /// A carrier's event that the holder of its trunk's secret did not sign.
    InvalidWebhookSignature,
    /// The key is valid, but its role is too low.
    RoleTooLow(Box<TooLow>),
    /// A change requested with a session's cookie by a page of another site.
    CrossOrigin,
    /// A body whose `Content-Type` is not JSON.
    NotJsonContentType,
    /// A body with this `Content-Encoding`.
    EncodingUnsupported(String),
    /// A body above 64 KiB.
    BodyTooLarge,
    /// A body that is not JSON.
    BodyNotJson,
    /// JSON that nests deeper than a call may carry.
    BodyTooDeep,
    /// JSON, but no object.
    BodyNotObject,
    /// A field that must be there: `X is required`.
    Required(&'static str),
    /// `phone_number` in some other form.
    PhoneNotE164,
    /// A field that must be a UUID: `X must be a UUID`.
    NotAUuid(&'static str),
    /// `metadata` is not an object.
    MetadataNotObject,
    /// `metadata` is larger than a call may carry.
    MetadataTooLarge,
    /// `metadata` lacks keys of the agent.
    MetadataMissing(Vec<String>),
    /// A URL field (`callback_url`, `url`) that no URL parser accepts, or of another scheme.
    UrlInvalid(&'static str),
    /// A URL field that points into a private network.
    UrlPrivate(&'static str),
    /// A URL field whose host is a public IP address.
    UrlAddress(&'static str),
    /// Any other field with a wrong value; the text says which and what it must be.
    Invalid(String),
    /// A body field that this route does not have.
    UnknownField(String),
    /// A query parameter that this list does not have.
    UnknownParameter(String),
    /// A query parameter that may occur once, and occurs twice.
    RepeatedParameter(String),
    /// No such agent in this organisation.
    AgentNotFound,
    /// The agent takes no calls.
    AgentInactive,
    /// No such trunk in this organisation.
    TrunkNotFound,
    /// The trunk takes no calls.
    TrunkInactive,
    /// No such call in this organisation.
    CallNotFound,
    /// No such delivery in this organisation.
    DeliveryNotFound,
    /// No such API key in this organisation.
    KeyNotFound,
    /// A trunk that still has live calls can't be deleted.
    TrunkHasLiveCalls,
    /// An organisation must keep at least one owner key.
    LastOwnerKey,
    /// Calling hours are closed.
    OutsideCallingHours,
    /// The number has reached a contact limit.
    ContactLimitReached,
    /// Calling hours depend on the callee's time zone, and the number does not tell it.
    TimeZoneUnknown,
    /// The calling hours of the organisation's agents have reached their size limit.
    TooManyHours,
    /// The call ended before it could be cancelled.
    CallAlreadyTerminal,
    /// The number is suppressed.
    NumberSuppressed,
    /// The number is not suppressed.
    SuppressionNotFound,
    /// The organisation's suppressions have reached their size limit.
    TooManySuppressions,
    /// A request about erasures.
    Erasure(ErasureRefusal),
    /// A suppression is stored, but a trunk could not be told about it yet.
    SuppressionUntold,
    /// A file of rows whose `Content-Type` is not that of one.
    NotRowsContentType,
    /// A request about campaigns.
    Campaign(CampaignRefusal),
    /// A file of rows that is too large; with the limit.
    RowsTooLarge(&'static str),
    /// An `Idempotency-Key` that is not well formed.
    IdempotencyKeyInvalid,
    /// An `Idempotency-Key` that was used with another request.
    IdempotencyKeyReused,
    /// An `Idempotency-Key` whose first request is not decided yet.
    IdempotencyKeyInProgress,
    /// A cursor older than what the live feed keeps; with the oldest valid one.
    CursorExpired(String),
    /// An organisation has as many of a thing as it may; with the text for the limit.
    TooMany(&'static str),
    /// A country code that is not assigned, or a number whose length its country does not use.
    ImpossibleNumber,
    /// The trunk's `destinations` exclude the number.
    DestinationNotAllowed,
    /// As many webhook secrets sign as one header can hold.
    TooManySecrets,
    /// The trunk's channels are all in use.
    ChannelsExhausted,
    /// The trunk accepted `max_cps` calls within the last second.
    RateExceeded,
    /// The trunk's schedule is full.
    TooManyScheduled,
    /// The trunk accepted `max_calls_per_day` calls on this day (UTC).
    DailyLimitReached,
    /// The trunk's object can't be reached, or did not answer in time.
    TrunkUnavailable,
    /// The trunk's dialer is down.
    DialerUnavailable,
    /// The agent broke off its latest calls at once.
    AgentUnavailable,
    /// The organisation's directory, or another of its objects, can't be reached.
    DirectoryUnavailable,
    /// Keys can't be looked up.
    AuthenticationUnavailable,
}

impl Refusal {
    /// The key's role is lower than the one needed.
    #[must_use]
    pub fn too_low(has: Role, needs: Role) -> Self {
        Self::RoleTooLow(Box::new(TooLow { has, needs }))
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Campaign(refusal) => refusal.status(),
            Self::Erasure(refusal) => refusal.status(),
            Self::NotJsonContentType | Self::NotRowsContentType | Self::EncodingUnsupported(_) => {
                415
            }
            Self::BodyTooLarge | Self::RowsTooLarge(_) => 413,
            Self::BodyNotJson
            | Self::BodyTooDeep
            | Self::BodyNotObject
            | Self::Required(_)
            | Self::PhoneNotE164
            | Self::NotAUuid(_)
            | Self::MetadataNotObject
            | Self::MetadataTooLarge
            | Self::MetadataMissing(_)
            | Self::UrlInvalid(_)
            | Self::UrlPrivate(_)
            | Self::UrlAddress(_)
            | Self::Invalid(_)
            | Self::UnknownField(_)
            | Self::UnknownParameter(_)
            | Self::RepeatedParameter(_)
            | Self::AgentInactive
            | Self::TrunkInactive
            | Self::ImpossibleNumber
            | Self::DestinationNotAllowed
            | Self::IdempotencyKeyInvalid => 400,
            Self::InvalidKey
            | Self::InvalidPlatformToken
            | Self::InvalidReportToken
            | Self::InvalidWebhookSignature => 401,
            Self::HttpsRequired
            | Self::RoleTooLow(_)
            | Self::CrossOrigin
            | Self::OrganisationSuspended => 403,
            Self::NotFound
            | Self::OrganisationNotFound
            | Self::AgentNotFound
            | Self::TrunkNotFound
            | Self::CallNotFound
            | Self::DeliveryNotFound
            | Self::SuppressionNotFound
            | Self::KeyNotFound => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::TrunkHasLiveCalls
            | Self::OrganisationDeleted
            | Self::LastOwnerKey
            | Self::OutsideCallingHours
            | Self::ContactLimitReached
            | Self::TimeZoneUnknown
            | Self::CallAlreadyTerminal
            | Self::NumberSuppressed
            | Self::TooManySuppressions
            | Self::TooManyHours
            | Self::IdempotencyKeyInProgress
            | Self::TooMany(_)
            | Self::TooManySecrets => 409,
            Self::CursorExpired(_) => 410,
            Self::IdempotencyKeyReused => 422,
            Self::ChannelsExhausted
            | Self::RateExceeded
            | Self::TooManyScheduled
            | Self::DailyLimitReached => 429,
            Self::TrunkUnavailable | Self::DialerUnavailable | Self::AgentUnavailable => 502,
            Self::DirectoryUnavailable
            | Self::AuthenticationUnavailable
            | Self::SuppressionUntold => 503,
        }
    }

    /// The machine-readable name, sent as `X-Error-Code`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::HttpsRequired => "https_required",
            Self::InvalidKey => "invalid_api_key",
            Self::InvalidPlatformToken => "invalid_platform_token",
            Self::OrganisationSuspended => "organization_suspended",
            Self::OrganisationNotFound => "organization_not_found",
            Self::OrganisationDeleted => "organization_deleted",
            Self::InvalidReportToken => "invalid_report_token",
            Self::InvalidWebhookSignature => "invalid_webhook_signature",
            Self::RoleTooLow(_) => "role_too_low",
            Self::CrossOrigin => "cross_origin",
            Self::NotJsonContentType => "content_type_not_json",
            Self::EncodingUnsupported(_) => "content_encoding_unsupported",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyNotJson => "body_not_json",
            Self::BodyTooDeep => "body_too_deep",
            Self::BodyNotObject => "body_not_object",
            Self::Required(_) => "field_required",
            Self::PhoneNotE164 => "phone_number_not_e164",
            Self::NotAUuid(_) => "field_not_uuid",
            Self::MetadataNotObject => "metadata_not_object",
            Self::MetadataTooLarge => "metadata_too_large",
            Self::MetadataMissing(_) => "metadata_missing_keys",
            Self::UrlInvalid(_) => "url_invalid",
            Self::UrlPrivate(_) => "url_private",
            Self::UrlAddress(_) => "url_ip_address",
            Self::Invalid(_) => "field_invalid",
            Self::UnknownField(_) => "field_unknown",
            Self::UnknownParameter(_) => "parameter_unknown",
            Self::RepeatedParameter(_) => "parameter_repeated",
            Self::AgentNotFound => "agent_not_found",
            Self::AgentInactive => "agent_not_active",
            Self::TrunkNotFound => "trunk_not_found",
            Self::TrunkInactive => "trunk_not_active",
            Self::CallNotFound => "call_not_found",
            Self::DeliveryNotFound => "delivery_not_found",
            Self::KeyNotFound => "api_key_not_found",
            Self::TrunkHasLiveCalls => "trunk_has_live_calls",
            Self::LastOwnerKey => "last_owner_key",
            Self::OutsideCallingHours => "outside_calling_hours",
            Self::ContactLimitReached => "contact_limit_reached",
            Self::TimeZoneUnknown => "time_zone_unknown",
            Self::TooManyHours => "calling_hours_full",
            Self::CallAlreadyTerminal => "call_already_terminal",
            Self::NumberSuppressed => "number_suppressed",
            Self::SuppressionNotFound => "suppression_not_found",
            Self::TooManySuppressions => "suppressions_full",
            Self::SuppressionUntold => "suppression_untold",
            Self::Erasure(refusal) => refusal.code(),
            Self::NotRowsContentType => "content_type_not_rows",
            Self::Campaign(refusal) => refusal.code(),
            Self::RowsTooLarge(_) => "rows_too_large",
            Self::IdempotencyKeyInvalid => "idempotency_key_invalid",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::IdempotencyKeyInProgress => "idempotency_key_in_progress",
            Self::CursorExpired(_) => "cursor_expired",
            Self::ImpossibleNumber => "impossible_number",
            Self::DestinationNotAllowed => "destination_not_allowed",
            Self::TooMany(_) => "limit_reached",
            Self::TooManySecrets => "too_many_webhook_secrets",
            Self::ChannelsExhausted => "trunk_channels_exhausted",
            Self::RateExceeded => "trunk_rate_exceeded",
            Self::TooManyScheduled => "too_many_scheduled_calls",
            Self::DailyLimitReached => "daily_limit_reached",
            Self::TrunkUnavailable | Self::DialerUnavailable => "dialer_unavailable",
            Self::AgentUnavailable => "agent_unavailable",
            Self::DirectoryUnavailable | Self::AuthenticationUnavailable => {
                "authentication_unavailable"
            }
        }
    }

    /// Seconds for `Retry-After`, for refusals that pass on their own. A full trunk knows better, and overrides it.
    #[must_use]
    pub fn retry_after_secs(&self) -> Option<u64> {
        matches!(self.status(), 429 | 502 | 503).then_some(1)
    }
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
