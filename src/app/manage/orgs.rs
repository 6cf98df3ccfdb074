//! `POST /platform/v1/orgs`.

use super::body::{self, Body};
use super::keys;
use super::views::{NewOrgView, OrgView};
use crate::app::directory::{Ask, DirectoryCommand, DirectoryReply};
use crate::app::http::{Request, Response};
use crate::app::iso8601;
use crate::app::ports::Api;
use crate::domain::access::{KeyRecord, Role};
use crate::domain::callback::WebhookSecret;
use crate::domain::ids::OrgId;
use crate::domain::refusal::Refusal;

// As the OpenAPI document describes it; `create` reads it.
/// The organisation to found.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
pub struct CreateOrg {
    /// Display name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
}

/// Founds an organisation, with its first owner key and its webhook secret.
///
/// # Errors
/// A body of another shape.
pub async fn create(api: &impl Api, request: &Request) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let name = body.required("name", None, body::NAME, body::name)?;
    body.finish()?;
    let org = OrgId::from_entropy(api.id_entropy());
    let (owner_key, owner) = keys::draw(api, "Owner".to_owned(), Role::Owner, None);
    let (digest, record) = (
        owner.digest.clone(),
        KeyRecord {
            key_id: owner.id,
            org_id: org,
            role: owner.role,
            expires_at: None,
        },
    );
    let secret = WebhookSecret::from_entropy(api.entropy());
    let what = Ask::Found {
        org,
        name: name.clone(),
        owner: Box::new(owner),
        secret: secret.clone(),
    };
    let command = DirectoryCommand {
        by: None,
        request: request.id.clone(),
        what,
    };
    match api.directory(org, &command).await {
        Ok(DirectoryReply::Done) => {
            keys::learn(api, digest, &record);
            let org = OrgView {
                id: org,
                name,
                created_at: iso8601::format(api.now()),
            };
            let view = NewOrgView {
                org,
                owner_key: owner_key.reveal().to_owned(),
                webhook_secret: secret.reveal().to_owned(),
            };
            Ok(Response::json(201, &view))
        }
        _ => Err(Refusal::AuthenticationUnavailable),
    }
}
