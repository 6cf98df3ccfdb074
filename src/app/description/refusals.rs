//! Refusals that many routes share.

use crate::domain::access::Role;
use crate::domain::refusal::Refusal;
use crate::domain::tidy::UNTIDY;

/// What most names must be.
pub const NAME: &str = "a string of 1 to 200 characters";

/// A field with an invalid value.
pub fn must(field: &str, what: &str) -> Refusal {
    Refusal::Invalid(format!("{field} must be {what}"))
}

/// A field of an object in the body that must be there.
pub fn nested_required(field: &str) -> Refusal {
    Refusal::Invalid(format!("{field} is required"))
}

/// A field that the route does not have.
pub fn unknown_field() -> Refusal {
    Refusal::UnknownField("X".into())
}

/// The refusals of a field that is a time.
pub fn no_time(name: &str) -> [Refusal; 2] {
    let what = "an ISO 8601 time";
    let hint = "with its offset from UTC, such as XZ or X+05:30";
    [must(name, what), must(name, &format!("{what} {hint}"))]
}

/// A server's address consists of no more than scheme, host, port and path.
pub fn bare(field: &str) -> Refusal {
    Refusal::Invalid(format!(
        "{field} must not have a user name, a query or a fragment"
    ))
}

/// A name issued by another system was copied with something around it.
pub fn tidy(field: &str) -> Refusal {
    Refusal::Invalid(format!("{field} {UNTIDY}"))
}

/// Each role below the one needed.
pub fn too_low(needs: Role) -> impl Iterator<Item = Refusal> {
    [Role::Viewer, Role::Member, Role::Admin]
        .into_iter()
        .filter(move |has| *has < needs)
        .map(move |has| Refusal::too_low(has, needs))
}
