//! An organisation and its audit log as their routes show them. The OpenAPI document is made from these types and their
//! comments.

use serde::{Deserialize, Serialize};

use crate::app::iso8601;
use crate::domain::directory::OrgCard;
use crate::domain::ids::{KeyId, OrgId};

/// An organisation, as returned when it is created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrgView {
    /// The organisation's id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub id: OrgId,
    /// Display name.
    pub name: String,
    /// When it was created, ISO 8601.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
}

/// A new organisation, with its first key, which is shown only this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewOrgView {
    /// What was created.
    pub org: OrgView,
    /// Its first key, of role owner. Store it now: it can't be retrieved again.
    pub owner_key: String,
    /// The secret that signs its callbacks.
    pub webhook_secret: String,
}

/// Whether an organisation may place calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgStatus {
    /// It may.
    Active,
    /// The operator lets it place none.
    Suspended,
    /// It is being deleted.
    Deleting,
    /// Nothing is kept of it but that.
    Deleted,
}

/// An organisation as the platform's operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganisationView {
    /// The organisation's id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
    pub id: OrgId,
    /// Display name; empty once it was deleted.
    pub name: String,
    /// Whether it may place calls: `active`, `suspended`, `deleting` or `deleted`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub status: OrgStatus,
    /// When it was created, ISO 8601.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// Since when it has been suspended; null while it is not.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub suspended_at: Option<String>,
    /// When its deletion was requested; null if it was not.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub deletion_requested_at: Option<String>,
    /// When its deletion was complete; null until then.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub deleted_at: Option<String>,
    /// How many agents it has.
    pub agents: usize,
    /// How many SIP trunks.
    pub sip_trunks: usize,
    /// How many API keys, expired ones too.
    pub api_keys: usize,
    /// How many campaigns.
    pub campaigns: usize,
}

impl From<&OrgCard> for OrganisationView {
    fn from(card: &OrgCard) -> Self {
        Self {
            id: card.id,
            name: card.name.clone(),
            status: match (
                card.deleted_at,
                card.deletion_requested_at,
                card.suspended_at,
            ) {
                (Some(_), _, _) => OrgStatus::Deleted,
                (None, Some(_), _) => OrgStatus::Deleting,
                (None, None, Some(_)) => OrgStatus::Suspended,
                (None, None, None) => OrgStatus::Active,
            },
            created_at: iso8601::format(card.created_at),
            suspended_at: card.suspended_at.map(iso8601::format),
            deletion_requested_at: card.deletion_requested_at.map(iso8601::format),
            deleted_at: card.deleted_at.map(iso8601::format),
            agents: card.agents,
            sip_trunks: card.trunks,
            api_keys: card.keys,
            campaigns: card.campaigns,
        }
    }
}

/// A page of organisations, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganisationList {
    /// Each with its status and how many resources it has.
    pub orgs: Vec<OrganisationView>,
    /// Pass it as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// One management write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditView {
    /// When it happened, ISO 8601.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
    /// The API key that did it; null for the platform's operator.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "uuid"))]
    pub key_id: Option<KeyId>,
    /// What was done, such as `agent.create`.
    pub action: String,
    /// The id of what it was done to.
    pub target: String,
    /// The `X-Request-Id` of the request that did it.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub request_id: String,
}

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditLog {
    /// One for each management write.
    pub entries: Vec<AuditView>,
    /// Pass it as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}
