//! The public text of each refusal.

use super::callback::MOST_PREVIOUS;
use super::refusal::Refusal;

impl Refusal {
    /// The public text: the `error` of the response.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::NotFound => "Not found".into(),
            Self::MethodNotAllowed(_) => "Method not allowed".into(),
            Self::HttpsRequired => "HTTPS is required".into(),
            Self::InvalidKey => "Invalid or inactive API key".into(),
            Self::InvalidPlatformToken => "Invalid platform token".into(),
            Self::OrganisationSuspended => {
                "Organisation is suspended: no calls are placed until the operator resumes it"
                    .into()
            }
            Self::OrganisationNotFound => "Organisation not found".into(),
            Self::OrganisationDeleted => "Organisation is being deleted, or was".into(),
            Self::InvalidReportToken => "Invalid report token".into(),
            Self::InvalidWebhookSignature => "Invalid webhook signature".into(),
            Self::RoleTooLow(role) => role.text(),
            Self::CrossOrigin => {
                "A Studio session can only be used from Studio's own pages (same origin)".into()
            }
            Self::NotJsonContentType => "Content-Type must be application/json".into(),
            Self::EncodingUnsupported(coding) => {
                format!("Content-Encoding is not supported: {coding}")
            }
            Self::BodyTooLarge => "Request body must be at most 65536 bytes".into(),
            Self::BodyNotJson => "Request body must be valid JSON".into(),
            Self::BodyTooDeep => "Request body must nest at most 100 levels deep".into(),
            Self::BodyNotObject => "Request body must be a JSON object".into(),
            Self::Required(field) => format!("{field} is required"),
            Self::PhoneNotE164 => "phone_number must be in E.164 format".into(),
            Self::NotAUuid(field) => format!("{field} must be a UUID"),
            Self::MetadataNotObject => "metadata must be an object".into(),
            Self::MetadataTooLarge => "metadata must be at most 16384 bytes".into(),
            Self::MetadataMissing(keys) => {
                format!("metadata missing required keys: {}", keys.join(", "))
            }
            Self::UrlInvalid(field) => format!("{field} must be a valid http or https URL"),
            Self::UrlPrivate(field) => format!("{field} must not point to a private address"),
            Self::UrlAddress(field) => {
                format!("{field} must name a host, not an IP address: Cloudflare can't reach it")
            }
            Self::Invalid(text) => text.clone(),
            Self::UnknownField(field) => format!("unknown field: {field}"),
            Self::UnknownParameter(name) => format!("unknown query parameter: {name}"),
            Self::RepeatedParameter(name) => format!("query parameter given twice: {name}"),
            Self::AgentNotFound => "Agent not found".into(),
            Self::AgentInactive => "Agent is not active".into(),
            Self::TrunkNotFound => "SIP trunk not found".into(),
            Self::TrunkInactive => "SIP trunk is not active".into(),
            Self::CallNotFound => "Call not found".into(),
            Self::DeliveryNotFound => "Delivery not found".into(),
            Self::KeyNotFound => "API key not found".into(),
            Self::TrunkHasLiveCalls => "SIP trunk has live calls".into(),
            Self::LastOwnerKey => "The last owner key can't be deleted".into(),
            Self::OutsideCallingHours => "Outside calling hours".into(),
            Self::ContactLimitReached => "Contact limit reached".into(),
            Self::TimeZoneUnknown => "Time zone of the number is unknown".into(),
            Self::TooManyHours => "There is no room for more calling hours of agents".into(),
            Self::CallAlreadyTerminal => "Call is already in a terminal state".into(),
            Self::NumberSuppressed => "Number is suppressed".into(),
            Self::SuppressionNotFound => "Suppression not found".into(),
            Self::TooManySuppressions => "There is no room for more suppressions".into(),
            Self::Erasure(refusal) => refusal.text().into(),
            Self::SuppressionUntold => {
                "The suppression is kept, but a trunk could not be told yet; send it again".into()
            }
            Self::NotRowsContentType => {
                "Content-Type must be text/csv or application/x-ndjson".into()
            }
            Self::Campaign(refusal) => refusal.text(),
            Self::RowsTooLarge(most) => format!("Request body must be at most {most}"),
            Self::IdempotencyKeyInvalid => {
                "Idempotency-Key must be 1 to 255 visible ASCII characters".into()
            }
            Self::IdempotencyKeyReused => {
                "Idempotency-Key was used with a different request".into()
            }
            Self::IdempotencyKeyInProgress => {
                "A request with this Idempotency-Key is in progress".into()
            }
            Self::CursorExpired(_) => {
                "cursor is older than 24 hours; continue from oldest_cursor".into()
            }
            Self::ImpossibleNumber => "phone_number is not a possible number".into(),
            Self::DestinationNotAllowed => "Destination not allowed".into(),
            Self::TooMany(things) => format!("An organisation can have at most 1000 {things}"),
            Self::TooManySecrets => format!(
                "At most {MOST_PREVIOUS} earlier webhook secrets can sign beside the newest; overlap_seconds 0 ends them"
            ),
            Self::ChannelsExhausted => "Trunk concurrency (max_channels) exhausted".into(),
            Self::RateExceeded => "Trunk rate (max_cps) exceeded".into(),
            Self::TooManyScheduled => "Too many scheduled calls".into(),
            Self::DailyLimitReached => "Trunk daily limit (max_calls_per_day) reached".into(),
            Self::TrunkUnavailable | Self::DialerUnavailable | Self::AgentUnavailable => {
                "Dialer temporarily unavailable".into()
            }
            Self::DirectoryUnavailable | Self::AuthenticationUnavailable => {
                "Authentication service temporarily unavailable".into()
            }
        }
    }
}
