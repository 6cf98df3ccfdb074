//! The lines of an export.

/// What a line may tell of.
pub const KINDS: [&str; 14] = [
    "organisation",
    "settings",
    "agent",
    "sip_trunk",
    "api_key",
    "suppression",
    "campaign",
    "recipient",
    "call",
    "transcript",
    "delivery",
    "usage",
    "erasure",
    "audit_entry",
];

/// A line of that kind, of what is JSON already.
#[must_use]
pub fn line(kind: &str, data: &str) -> String {
    format!("{}{kind}\",\"data\":{data}}}\n", BEGINNING)
}

const BEGINNING: &str = "{\"type\":\"";

/// How many lines of each kind there are in a text.
#[must_use]
pub fn count(lines: &str) -> [u64; KINDS.len()] {
    let mut counts = [0; KINDS.len()];
    for line in lines.lines() {
        let rest = line.strip_prefix(BEGINNING).unwrap_or_default();
        let kind = rest.split('"').next();
        let counted = counts.iter_mut().zip(KINDS);
        counted
            .filter(|(_, known)| kind == Some(known))
            .for_each(|(count, _)| *count += 1);
    }
    counts
}
