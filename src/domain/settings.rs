//! The operator's settings, read once from the Worker's vars.

use super::time::Span;
use super::tokens::link::LinkKey;

/// Limits and times that a deployment can change: the vars of the same names in `wrangler.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `RING_TIMEOUT_SECONDS`: how long a phone rings before nobody answers.
    pub ring_timeout: Span,
    /// `MAX_CALL_SECONDS`: how long a conversation may last.
    pub max_call: Span,
    /// `STALLED_AFTER_SECONDS`: an answered call without news for this long is `stalled`.
    pub stalled_after: Span,
    /// `WEBHOOK_TIMEOUT_SECONDS`: a callback's receiver must answer 2xx within this.
    pub webhook_timeout: Span,
    /// `WEBHOOK_RETRY_SECONDS`: the wait before each further attempt.
    pub webhook_retry: Vec<Span>,
    /// `RETENTION_DAYS`: how long a finished call is kept in its trunk's object.
    pub retention: Span,
    /// `STORAGE_LIMIT_BYTES`: how much a trunk's object may hold; from 70 % of that on, calls leave early.
    pub storage_limit: u64,
    /// `SIM_RING_MS`: how long the simulated callee lets it ring.
    pub sim_ring: Span,
    /// `SIM_TALK_MS`: how long the simulated conversation lasts.
    pub sim_talk: Span,
    /// `PUBLIC_URL`: where this deployment is reached, without a slash at the end. Agents report there.
    pub public_url: Option<String>,
    /// `ALERT_URL`: where alerts are sent to the operator.
    pub alert_url: Option<String>,
    /// `CRON_LATE_SECONDS`: the cron is late when it has not run for this long.
    pub cron_late: Span,
    /// `DELETION_PAUSE_SECONDS`: how long after an organisation was emptied nothing may have come in late for it to count as gone.
    pub deletion_pause: Span,
    /// Checks the links to transcripts and recordings; from the deployment's secrets, not its vars.
    pub link_key: LinkKey,
    /// How many of an organisation's trunks, keys and agents know each other: those created beyond that are guarded. Not a var.
    pub unguarded: usize,
    /// Through how many guarded trunks a key or an agent gets permits for minutes; through others, for seconds. Not a var.
    pub kept_permits: usize,
    /// How many trunks one invocation tells about a change, or asks for a page: Cloudflare limits its subrequests. Not a var.
    pub trunks_at_once: usize,
    /// How many rows a question that looks at many may read before others have their turn. Not a var.
    pub slice: usize,
    /// How many calls a trunk asks its carrier about at a time after a restart. Not a var.
    pub asked_together: usize,
    /// The most bytes of a callback's message: a queue's holds 128,000, including its envelope. Not a var.
    pub message_max: usize,
    /// `CALLBACK_ALLOW_LOOPBACK`: callbacks may go to this machine. Only set in a local run.
    pub allow_loopback: bool,
}

/// More than a page holds, and few enough (about 1 ms) that nobody notices.
pub const SLICE: usize = 125;

impl Default for Settings {
    fn default() -> Self {
        Self::from_vars(|_| None)
    }
}

impl Settings {
    /// Reads the vars; one that is missing or unreadable takes its default.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let secs = |name: &str, default: u64| {
            let given = var(name).and_then(|text| Span::parse_secs(&text));
            given.unwrap_or(Span::from_secs(default))
        };
        let millis = |name: &str, default: u64| {
            let given = var(name).and_then(|text| text.trim().split('.').next()?.parse().ok());
            Span(given.unwrap_or(default))
        };
        let retry: Vec<Span> = var("WEBHOOK_RETRY_SECONDS")
            .as_deref()
            .unwrap_or("5,300,1800,7200,18000,36000,50400,72000,86400")
            .split(',')
            .filter_map(Span::parse_secs)
            .collect();
        Self {
            ring_timeout: secs("RING_TIMEOUT_SECONDS", 45),
            max_call: secs("MAX_CALL_SECONDS", 3600),
            stalled_after: secs("STALLED_AFTER_SECONDS", 600),
            webhook_timeout: secs("WEBHOOK_TIMEOUT_SECONDS", 30),
            webhook_retry: retry,
            retention: Span(secs("RETENTION_DAYS", 30).0.saturating_mul(86_400)),
            storage_limit: millis("STORAGE_LIMIT_BYTES", 10_000_000_000).0,
            sim_ring: millis("SIM_RING_MS", 1000),
            sim_talk: millis("SIM_TALK_MS", 3000),
            public_url: var("PUBLIC_URL")
                .map(|url| url.trim().trim_end_matches('/').to_owned())
                .filter(|url| url.starts_with("https://") || url.starts_with("http://")),
            alert_url: var("ALERT_URL")
                .map(|url| url.trim().to_owned())
                .filter(|url| !url.is_empty()),
            cron_late: secs("CRON_LATE_SECONDS", 180),
            deletion_pause: secs("DELETION_PAUSE_SECONDS", 120),
            link_key: LinkKey::default(),
            unguarded: 200,
            kept_permits: 250,
            trunks_at_once: 400,
            slice: SLICE,
            asked_together: 50,
            message_max: 100_000,
            allow_loopback: var("CALLBACK_ALLOW_LOOPBACK").as_deref() == Some("true"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_stand_in_for_what_is_missing_or_unreadable() {
        let settings =
            Settings::from_vars(|name| (name == "MAX_CALL_SECONDS").then(|| "soon".into()));
        assert_eq!(settings.max_call, Span::from_secs(3600));
        assert_eq!(settings.webhook_retry.len(), 9);
        assert_eq!(settings.webhook_retry.last(), Some(&Span::from_secs(86400)));
        assert!(!settings.allow_loopback);
    }

    #[test]
    fn fractions_of_a_second_count() {
        let settings = Settings::from_vars(|name| match name {
            "WEBHOOK_RETRY_SECONDS" => Some("0.05, 1".into()),
            "RING_TIMEOUT_SECONDS" => Some("0.5".into()),
            "SIM_RING_MS" => Some("12".into()),
            _ => None,
        });
        assert_eq!(settings.webhook_retry, [Span(50), Span(1000)]);
        assert_eq!(settings.ring_timeout, Span(500));
        assert_eq!(settings.sim_ring, Span(12));
    }
}
