//! One example of each refusal, from which the document lists them.

use super::access::Role;
use super::campaign::CampaignRefusal;
use super::erasure::ErasureRefusal;
use super::refusal::Refusal;

impl Refusal {
    /// One example for each `X-Error-Code`, as the OpenAPI document lists them: clients can't tell `TrunkUnavailable` from
    /// `DialerUnavailable`, nor `DirectoryUnavailable` from `AuthenticationUnavailable`.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let mut all = vec![
            Self::NotFound,
            Self::MethodNotAllowed("GET".into()),
            Self::HttpsRequired,
            Self::InvalidKey,
            Self::InvalidPlatformToken,
            Self::OrganisationSuspended,
            Self::OrganisationNotFound,
            Self::OrganisationDeleted,
            Self::InvalidReportToken,
            Self::InvalidWebhookSignature,
            Self::too_low(Role::Viewer, Role::Member),
            Self::CrossOrigin,
            Self::NotJsonContentType,
            Self::EncodingUnsupported("gzip".into()),
            Self::BodyTooLarge,
            Self::BodyNotJson,
            Self::BodyTooDeep,
            Self::BodyNotObject,
            Self::Required("phone_number"),
            Self::PhoneNotE164,
            Self::NotAUuid("agent_id"),
            Self::MetadataNotObject,
            Self::MetadataTooLarge,
            Self::MetadataMissing(vec!["amount_due".into(), "due_date".into()]),
            Self::UrlInvalid("callback_url"),
            Self::UrlPrivate("callback_url"),
            Self::UrlAddress("callback_url"),
            Self::Invalid("limit must be a number from 1 to 100".into()),
            Self::UnknownField("colour".into()),
            Self::UnknownParameter("colour".into()),
            Self::RepeatedParameter("limit".into()),
            Self::AgentNotFound,
            Self::AgentInactive,
            Self::TrunkNotFound,
            Self::TrunkInactive,
            Self::CallNotFound,
            Self::DeliveryNotFound,
            Self::KeyNotFound,
            Self::TrunkHasLiveCalls,
            Self::LastOwnerKey,
            Self::OutsideCallingHours,
            Self::ContactLimitReached,
            Self::TimeZoneUnknown,
            Self::TooManyHours,
            Self::CallAlreadyTerminal,
            Self::NumberSuppressed,
            Self::SuppressionNotFound,
            Self::TooManySuppressions,
            Self::SuppressionUntold,
            Self::Erasure(ErasureRefusal::NotFound),
            Self::Erasure(ErasureRefusal::TooMany),
            Self::NotRowsContentType,
            Self::RowsTooLarge("50000 rows"),
            Self::IdempotencyKeyInvalid,
            Self::IdempotencyKeyReused,
            Self::IdempotencyKeyInProgress,
            Self::CursorExpired("AZ7F_xkAAZ7F_wEsgACAADEQa3ydAg".into()),
            Self::ImpossibleNumber,
            Self::DestinationNotAllowed,
            Self::TooMany("agents"),
            Self::TooManySecrets,
            Self::ChannelsExhausted,
            Self::RateExceeded,
            Self::TooManyScheduled,
            Self::DailyLimitReached,
            Self::DialerUnavailable,
            Self::AgentUnavailable,
            Self::AuthenticationUnavailable,
        ];
        all.extend(CampaignRefusal::EXAMPLES.map(Self::Campaign));
        all
    }
}
