//! What the operator is told without asking: which alerts are open, and what opens and resolves one.

use serde::{Deserialize, Serialize};

use super::ids::{OrgId, TrunkId};
use super::time::Timestamp;

/// The most alerts open at a time; further problems are reported as some of these are resolved.
const MOST: usize = 1_000;

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A trunk's dialer, or one of its agents, fails call after call.
    BreakerOpen,
    /// A trunk has given up a callback within the last hour.
    CallbacksExhausted,
    /// Queue messages that failed repeatedly, within the last hour.
    DeadLetters,
    /// A trunk's calls take up more than 70 % of the storage they may use.
    StorageHigh,
    /// The cron has not run for a while.
    CronLate,
}

/// A problem that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of problem.
    pub kind: AlertKind,
    /// The organisation and trunk concerned; `None` for the platform as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<(OrgId, TrunkId)>,
    /// Bad enough to open an alert; otherwise it only keeps one open.
    #[serde(default)]
    pub opens: bool,
    /// For people.
    pub detail: String,
}

/// An alert that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAlert {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// When the sweep first found it.
    pub since: Timestamp,
    /// Its message has been taken, or is on its way.
    #[serde(default)]
    pub is_told: bool,
}

impl OpenAlert {
    fn is_of(&self, finding: &Finding) -> bool {
        self.finding.kind == finding.kind && self.finding.of == finding.of
    }
}

/// A message to the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Whether the alert was resolved; otherwise it was opened.
    pub is_resolved: bool,
    /// What was found.
    pub finding: Finding,
    /// When it was opened or resolved.
    pub at: Timestamp,
}

/// The alerts that are open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Alerts(pub Vec<OpenAlert>);

impl Alerts {
    /// Takes what a look at some of these subjects found. Messages go out through `send`, which returns whether it could take
    /// one; those it could not take are tried again. Returns whether anything changed.
    pub fn observe(
        &mut self,
        findings: &[Finding],
        was_looked_at: impl Fn(&Finding) -> bool,
        now: Timestamp,
        mut send: impl FnMut(Notice) -> bool,
    ) -> bool {
        let mut changed = false;
        for finding in findings {
            let is_known = self.0.iter().any(|open| open.is_of(finding));
            if finding.opens && !is_known && self.0.len() < MOST {
                changed = true;
                self.0.push(OpenAlert {
                    finding: finding.clone(),
                    since: now,
                    is_told: false,
                });
            }
        }
        self.0.retain_mut(|open| {
            let still = findings.iter().any(|finding| open.is_of(finding));
            if !still && was_looked_at(&open.finding) {
                let notice = |finding| Notice {
                    is_resolved: true,
                    finding,
                    at: now,
                };
                // If nobody was told that it began, nobody need hear that it is over.
                let gone = !open.is_told || send(notice(open.finding.clone()));
                changed |= gone;
                return !gone;
            }
            if !open.is_told {
                open.is_told = send(Notice {
                    is_resolved: false,
                    finding: open.finding.clone(),
                    at: open.since,
                });
                changed |= open.is_told;
            }
            true
        });
        changed
    }

    /// Whether an alert of this kind is open about the platform itself.
    #[must_use]
    pub fn has(&self, kind: AlertKind) -> bool {
        self.0.iter().any(|open| open.finding.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: AlertKind, n: u8) -> Finding {
        Finding {
            kind,
            of: Some((OrgId::from_entropy([n; 16]), TrunkId::from_entropy([n; 16]))),
            opens: true,
            detail: String::new(),
        }
    }

    /// The notices this produces, and whether `send` can take them.
    fn see(alerts: &mut Alerts, findings: &[Finding], takes: bool) -> Vec<(bool, AlertKind)> {
        let mut sent = Vec::new();
        alerts.observe(
            findings,
            |_| true,
            Timestamp(1),
            |notice| {
                sent.push((notice.is_resolved, notice.finding.kind));
                takes
            },
        );
        sent
    }

    #[test]
    fn an_alert_is_told_once_when_it_opens_and_once_when_it_is_resolved() {
        let mut alerts = Alerts::default();
        let found = [finding(AlertKind::BreakerOpen, 1)];
        assert_eq!(
            see(&mut alerts, &found, true),
            [(false, AlertKind::BreakerOpen)]
        );
        assert_eq!(see(&mut alerts, &found, true), []);
        assert_eq!(
            see(&mut alerts, &[], true),
            [(true, AlertKind::BreakerOpen)]
        );
        assert_eq!(see(&mut alerts, &[], true), []);
        assert_eq!(see(&mut alerts, &found, true).len(), 1, "it opens anew");
    }

    #[test]
    fn what_could_not_be_sent_is_sent_later_and_forgotten_if_it_is_over_by_then() {
        let mut alerts = Alerts::default();
        let found = [finding(AlertKind::BreakerOpen, 1)];
        see(&mut alerts, &found, false);
        assert_eq!(see(&mut alerts, &found, true).len(), 1);
        assert_eq!(see(&mut alerts, &[], false).len(), 1);
        assert_eq!(
            see(&mut alerts, &[], true),
            [(true, AlertKind::BreakerOpen)]
        );
        see(&mut alerts, &found, false);
        assert_eq!(see(&mut alerts, &[], true), []);
    }

    #[test]
    fn two_trunks_have_an_alert_each_and_who_was_not_looked_at_keeps_its_own() {
        let mut alerts = Alerts::default();
        let both = [
            finding(AlertKind::BreakerOpen, 1),
            finding(AlertKind::BreakerOpen, 2),
        ];
        assert_eq!(see(&mut alerts, &both, true).len(), 2);
        let looked = both[0].clone();
        alerts.observe(&[], |found| *found == looked, Timestamp(2), |_| true);
        assert_eq!(alerts.0.len(), 1);
        assert_eq!(alerts.0[0].finding, both[1]);
    }

    #[test]
    fn what_only_keeps_an_alert_open_opens_none() {
        let mut alerts = Alerts::default();
        let mut found = finding(AlertKind::StorageHigh, 1);
        found.opens = false;
        assert_eq!(see(&mut alerts, std::slice::from_ref(&found), true), []);
        assert!(alerts.0.is_empty());
        found.opens = true;
        see(&mut alerts, std::slice::from_ref(&found), true);
        found.opens = false;
        assert_eq!(see(&mut alerts, &[found], true), []);
        assert_eq!(alerts.0.len(), 1);
    }
}
