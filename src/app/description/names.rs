//! The names of types and fields in the document.

use serde_json::Value;

/// A type's public name: a view has the name of what it shows.
pub fn public_name(name: &str) -> &str {
    match name {
        "StatusView" => "CallState",
        "DetailedCall" => "Call",
        "Status" => "Availability",
        "TrunkView" => "SipTrunk",
        "TrunkDetail" => "SipTrunkDetail",
        "StoredTrunkView" => "StoredSipTrunk",
        "TrunkList" => "SipTrunkList",
        "CreateTrunk" => "CreateSipTrunk",
        "ChangeTrunk" => "ChangeSipTrunk",
        "KeyView" => "ApiKey",
        "KeyList" => "ApiKeyList",
        "NewKeyView" => "CreatedApiKey",
        "NewOrgView" => "CreatedOrg",
        "OrganisationView" => "OrgDetail",
        "OrganisationList" => "OrgList",
        "CreateKey" => "CreateApiKey",
        "SecretView" => "WebhookSecret",
        "RotateSecret" => "RotateWebhookSecret",
        "AuditView" => "AuditEntry",
        "NumberView" => "PhoneNumber",
        "ImportView" => "SuppressionImport",
        "RejectedRow" => "RejectedSuppression",
        "HealthView" => "PlatformHealth",
        "AlertKind" => "AlertType",
        "Source" => "SuppressionSource",
        "TimelineView" => "TimelineEntry",
        name => name.strip_suffix("View").unwrap_or(name),
    }
}

/// A schema and its references, with public names.
pub fn renamed((name, mut schema): (String, Value)) -> (String, Value) {
    rename_references(&mut schema);
    (public_name(&name).to_owned(), schema)
}

fn rename_references(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if name == "$ref" => {
                        if let Some((path, last)) = text.rsplit_once('/') {
                            *text = format!("{path}/{}", public_name(last));
                        }
                    }
                    value => rename_references(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rename_references),
        _ => {}
    }
}
