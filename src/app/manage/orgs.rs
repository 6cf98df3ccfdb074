//! `POST /platform/v1/orgs`.

use super::create::{self, Draw};
use super::{Resource, keys};
use crate::app::authenticate::Operator;
use crate::app::body::{self, Body};
use crate::app::directory::{By, DirectoryCommand, command};
use crate::app::http::{Request, Response};
use crate::app::ports::Api;
use crate::domain::access::{KeyRecord, Role};
use crate::domain::refusal::Refusal;

const RESOURCE: Resource = Resource {
    missing: Refusal::DirectoryUnavailable,
    plural: "organisations",
};

// As the OpenAPI document describes it; `create` reads it.
/// The organisation to create.
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
pub async fn create(api: &impl Api, _: Operator, request: &Request) -> Result<Response, Refusal> {
    let mut body = Body::of(request)?;
    let mut draw = Draw::of(api, request)?;
    let name = body.required("name", None, body::NAME, body::name)?;
    body.finish()?;
    draw.settle(api).await?;
    let org = draw.org_id(api);
    let (owner_key, owner) = keys::draw(
        api,
        &draw,
        "owner_key",
        "Owner".to_owned(),
        Role::Owner,
        None,
    );
    let secret = draw.secret(api, "webhook_secret");
    let digest = owner.digest.clone();
    let record = KeyRecord {
        key_id: owner.id,
        org_id: org,
        role: owner.role,
        expires_at: None,
    };
    let found = command::Found {
        org,
        name,
        owner: Box::new(owner),
        secret: secret.clone(),
    };
    let by = By {
        key: None,
        request: &request.id,
    };
    let command = DirectoryCommand::from(found).by(by);
    let shown = [
        ("owner_key", owner_key.reveal()),
        ("webhook_secret", secret.reveal()),
    ];
    let response = create::ask(api, org, command, &shown, &RESOURCE).await?;
    keys::learn(api, digest, &record);
    Ok(response)
}

#[cfg(feature = "openapi")]
pub(crate) mod describe {
    //! How the document tells of it.

    use serde_json::json;

    use super::CreateOrg;
    use crate::app::description::examples;
    use crate::app::description::refusals::{NAME, must, unknown_field};
    use crate::app::description::{Description, created};
    use crate::app::views::orgs::NewOrgView;
    use crate::domain::refusal::Refusal;

    pub fn create() -> Description {
        Description::new(
            "Platform",
            "Create an organisation",
            "Creates an organisation, with its first owner key and its webhook secret. The key is shown here and never again.",
            created::<NewOrgView>(examples::org()),
        )
        .body::<CreateOrg>(json!({"name": "Acme Finance"}))
        .once()
        .refuses([
            Refusal::Required("name"),
            must("name", NAME),
            unknown_field(),
        ])
    }
}
