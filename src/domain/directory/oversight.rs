//! What the platform knows of itself, in the operator's own directory: when the cron ran, messages that failed repeatedly,
//! and alerts. Each message about an alert is a delivery, like a test event.

use serde::{Deserialize, Serialize};

use super::Directory;
use super::backlog::Backlogs;
use crate::domain::alerts::{AlertKind, Alerts, Finding, Notice};
use crate::domain::callback::{Delivery, EventType};
use crate::domain::from_json::{self, Unreadable};
use crate::domain::ids::{DeliveryId, IdKey, TrunkTag};
use crate::domain::settings::Settings;
use crate::domain::time::{Span, Timestamp};

/// How long after the last failed message the alert about it is resolved.
const DEAD_FOR: Span = Span::from_secs(3_600);

/// The cron runs every minute, so that of a new deployment has run by then.
const FIRST_RUN: Span = Span::from_secs(90);

/// What the cron found on its round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// The trunks it looked at.
    pub looked_at: Vec<TrunkTag>,
    /// Trunks that open alerts are about and that no longer exist. Then nothing else is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<TrunkTag>,
    /// Problems found with them.
    pub findings: Vec<Finding>,
    /// Trunks that did not answer.
    pub unreachable: usize,
    /// Objects that had work to do and no alarm to wake them.
    pub lost_alarms: usize,
    /// What is waiting to be done.
    #[serde(default, skip_serializing_if = "Backlogs::is_empty")]
    pub backlogs: Backlogs,
}

/// What is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oversight {
    /// When the cron last ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron_at: Option<Timestamp>,
    /// When somebody first asked, if that was before the cron's first run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// How many trunks it looked at then,
    #[serde(default)]
    pub looked_at: usize,
    /// and how many of these did not answer.
    #[serde(default)]
    pub unreachable: usize,
    /// How many objects it has found without an alarm that would have woken them, in total.
    #[serde(default)]
    pub lost_alarms: u64,
    /// When it last saw a secret sealed with a former key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_before_at: Option<Timestamp>,
    /// What was waiting to be done then.
    #[serde(default, skip_serializing_if = "Backlogs::is_empty")]
    pub backlogs: Backlogs,
    /// Messages that failed repeatedly, in total.
    #[serde(default)]
    pub dead_letters: u64,
    /// When the last of them came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_at: Option<Timestamp>,
    /// When a test message last came out of each queue, by the queue's binding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<(String, Timestamp)>,
    /// The open alerts; in a row of their own.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub alerts: Alerts,
}

impl Oversight {
    /// Whether the cron has not run for `late`; before its first run, counted from when somebody first asked.
    #[must_use]
    pub fn is_cron_late(&self, late: Span, now: Timestamp) -> bool {
        match (self.cron_at, self.asked_at) {
            (Some(at), _) => now >= at + late,
            (None, Some(at)) => now >= at + FIRST_RUN,
            (None, None) => false,
        }
    }
}

fn is_empty(alerts: &Alerts) -> bool {
    alerts.0.is_empty()
}

impl Directory {
    pub(super) fn read_oversight(&mut self, name: &str, doc: &str) -> Result<(), Unreadable> {
        match name.split_once('/') {
            Some((_, id)) => {
                let id = id.parse().map_err(|_| Unreadable)?;
                self.notices.insert(id, from_json::read(doc)?);
            }
            None if name == "alerts" => self.oversight.alerts = from_json::read(doc)?,
            None => {
                let alerts = std::mem::take(&mut self.oversight.alerts);
                self.oversight = from_json::read(doc)?;
                self.oversight.alerts = alerts;
            }
        }
        Ok(())
    }

    /// What is stored.
    #[must_use]
    pub fn oversight(&self) -> &Oversight {
        &self.oversight
    }

    fn put_oversight(&mut self) {
        let notes = Oversight {
            alerts: Alerts::default(),
            ..self.oversight.clone()
        };
        self.put("oversight".into(), &notes);
    }

    /// The notice that a delivery carries, if it is one to the operator.
    #[must_use]
    pub fn notice(&self, id: DeliveryId) -> Option<&Notice> {
        self.notices.get(&id)
    }

    /// The cron ran.
    pub fn swept(&mut self, sweep: &Sweep, settings: &Settings, key: &IdKey, now: Timestamp) {
        let is_first = self.oversight.cron_at.is_none();
        if !is_first {
            // In case nothing noticed earlier that it was late.
            self.oversee(settings, key, now);
        }
        if sweep.gone.is_empty() {
            let notes = &mut self.oversight;
            notes.cron_at = Some(now);
            notes.looked_at = sweep.looked_at.len();
            notes.unreachable = sweep.unreachable;
            if sweep.backlogs.former_secrets > 0 {
                notes.sealed_before_at = Some(now);
            }
            notes.backlogs = sweep.backlogs;
            notes.lost_alarms += u64::try_from(sweep.lost_alarms).unwrap_or_default();
            self.put_oversight();
        }
        let looked_at = |finding: &Finding| match finding.of {
            Some((_, trunk)) => {
                let mut tags = sweep.looked_at.iter().chain(&sweep.gone);
                tags.any(|tag| *tag == trunk.tag())
            }
            None => false,
        };
        self.observe(&sweep.findings, looked_at, settings, key, now);
        self.oversee(settings, key, now);
    }

    /// Somebody asks about the platform's health.
    pub fn asked_of(&mut self, now: Timestamp) {
        if self.oversight.cron_at.is_none() && self.oversight.asked_at.is_none() {
            self.oversight.asked_at = Some(now);
            self.put_oversight();
        }
    }

    /// A message failed repeatedly.
    pub fn dead_letter(&mut self, settings: &Settings, key: &IdKey, now: Timestamp) {
        self.oversight.dead_letters += 1;
        self.oversight.dead_letter_at = Some(now);
        self.put_oversight();
        self.oversee(settings, key, now);
    }

    /// A test message came out of a queue.
    pub fn queue_seen(&mut self, queue: String, now: Timestamp) {
        let queues = &mut self.oversight.queues;
        queues.retain(|(known, _)| *known != queue);
        queues.push((queue, now));
        self.put_oversight();
    }

    /// When somebody must check whether the cron is late; `None` before its first run and while an alert about it is open.
    #[must_use]
    pub fn cron_due(&self, settings: &Settings) -> Option<Timestamp> {
        let is_known = self.oversight.alerts.has(AlertKind::CronLate);
        let at = self.oversight.cron_at.filter(|_| !is_known);
        at.map(|at| at + settings.cron_late)
    }

    /// Checks what concerns no single trunk.
    pub fn oversee(&mut self, settings: &Settings, key: &IdKey, now: Timestamp) {
        let notes = &self.oversight;
        if notes.cron_at.is_none() && notes.dead_letter_at.is_none() {
            return; // not the operator's directory
        }
        let mut findings = Vec::new();
        let mut find = |kind, detail| {
            findings.push(Finding {
                kind,
                of: None,
                opens: true,
                detail,
            });
        };
        if let Some(at) = notes.cron_at.filter(|at| now >= *at + settings.cron_late) {
            let secs = (now - at).0 / 1_000;
            let detail = format!("The cron last ran {secs} s ago; it is to run each minute");
            find(AlertKind::CronLate, detail);
        }
        let dead = notes.dead_letter_at.filter(|at| now < *at + DEAD_FOR);
        if dead.is_some() {
            let detail = "Within the last hour queue messages failed again and again";
            find(AlertKind::DeadLetters, detail.to_owned());
        }
        self.observe(
            &findings,
            |finding| finding.of.is_none(),
            settings,
            key,
            now,
        );
    }

    fn observe(
        &mut self,
        findings: &[Finding],
        was_looked_at: impl Fn(&Finding) -> bool,
        settings: &Settings,
        key: &IdKey,
        now: Timestamp,
    ) {
        let mut alerts = std::mem::take(&mut self.oversight.alerts);
        let send = |notice| match &settings.alert_url {
            Some(url) => self.send_notice(notice, url, key, now),
            None => false,
        };
        let changed = alerts.observe(findings, was_looked_at, now, send);
        self.oversight.alerts = alerts;
        if changed {
            let alerts = self.oversight.alerts.clone();
            self.put("alerts".into(), &alerts);
        }
    }

    /// Sends a notice. Returns whether there was room for it.
    fn send_notice(&mut self, notice: Notice, url: &str, key: &IdKey, now: Timestamp) -> bool {
        // The notice holds the content; nobody reads this delivery's event.
        let new = |id| Delivery::new(id, EventType::Failed, url.to_owned(), now);
        let Ok(delivery) = self.new_delivery(new, key, now) else {
            return false;
        };
        self.put(format!("notice/{}", delivery.id), &notice);
        self.notices.insert(delivery.id, notice);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_800_000_000_000);
    const LATE: Span = Span::from_secs(180);

    fn settings() -> Settings {
        Settings {
            alert_url: Some("https://ops.example.com/alerts".into()),
            ..Settings::default()
        }
    }

    fn key() -> IdKey {
        IdKey::new(b"the tests' own key")
    }

    /// The directory as restored from its rows, including those just written.
    fn restarted(directory: &mut Directory, rows: &mut super::super::Rows) -> Directory {
        for (name, doc) in directory.take_rows().iter() {
            rows.insert(name.clone(), doc.clone());
        }
        let known = rows.iter();
        let known = known.filter_map(|(name, doc)| Some((name.clone(), doc.clone()?)));
        Directory::restore(known).expect("rows")
    }

    /// The notices on their way to the operator.
    fn sent(directory: &mut Directory, now: Timestamp) -> Vec<(bool, AlertKind)> {
        let due: Vec<DeliveryId> = directory.due_tests(now).map(|(_, due)| due.id).collect();
        let notices = due.iter().filter_map(|id| directory.notice(*id));
        notices
            .map(|notice| (notice.is_resolved, notice.finding.kind))
            .collect()
    }

    #[test]
    fn a_late_cron_is_noticed_without_it_once_also_after_a_restart_and_resolved_by_its_next_run() {
        let (settings, key) = (settings(), key());
        let (mut directory, mut rows) = (Directory::default(), super::super::Rows::default());
        assert_eq!(directory.cron_due(&settings), None, "it never ran");
        directory.swept(&Sweep::default(), &settings, &key, START);
        assert_eq!(directory.cron_due(&settings), Some(START + LATE));
        directory.oversee(&settings, &key, START + LATE - Span(1));
        assert_eq!(sent(&mut directory, START + LATE), []);

        let mut directory = restarted(&mut directory, &mut rows);
        assert_eq!(directory.cron_due(&settings), Some(START + LATE));
        directory.oversee(&settings, &key, START + LATE);
        assert_eq!(directory.cron_due(&settings), None, "it is known");
        let now = START + LATE;
        assert_eq!(sent(&mut directory, now), [(false, AlertKind::CronLate)]);

        let mut directory = restarted(&mut directory, &mut rows);
        directory.oversee(&settings, &key, now + Span(1));
        assert_eq!(
            sent(&mut directory, now + Span(1)),
            [(false, AlertKind::CronLate)],
            "the one whose result is awaited"
        );
        directory.swept(&Sweep::default(), &settings, &key, now + Span(2));
        assert_eq!(
            sent(&mut directory, now + Span(2)),
            [(true, AlertKind::CronLate)]
        );
    }

    #[test]
    fn a_cron_that_never_ran_is_late_when_its_first_run_is_overdue() {
        let (settings, key) = (settings(), key());
        let (mut directory, mut rows) = (Directory::default(), super::super::Rows::default());
        let is_late = |directory: &Directory, secs| {
            let oversight = directory.oversight();
            oversight.is_cron_late(LATE, START + Span::from_secs(secs))
        };
        assert!(!is_late(&directory, 0));
        directory.asked_of(START);
        directory.asked_of(START + Span::from_secs(60));
        let mut directory = restarted(&mut directory, &mut rows);
        assert!(!is_late(&directory, 89));
        assert!(is_late(&directory, 90));
        let now = START + Span::from_secs(100);
        directory.swept(&Sweep::default(), &settings, &key, now);
        assert!(!is_late(&directory, 279));
        assert!(is_late(&directory, 280));
    }

    #[test]
    fn what_came_out_of_a_queue_and_what_failed_there_is_kept() {
        let (settings, key) = (settings(), key());
        let (mut directory, mut rows) = (Directory::default(), super::super::Rows::default());
        directory.dead_letter(&settings, &key, START);
        directory.dead_letter(&settings, &key, START + Span(1));
        directory.queue_seen("DISPATCH".into(), START);
        directory.queue_seen("DISPATCH".into(), START + Span(2));
        let mut directory = restarted(&mut directory, &mut rows);
        let known = directory.oversight().clone();
        assert_eq!(known.dead_letters, 2);
        assert_eq!(known.queues, [("DISPATCH".to_owned(), START + Span(2))]);
        assert_eq!(
            sent(&mut directory, START + Span(3)),
            [(false, AlertKind::DeadLetters)]
        );
        directory.oversee(&settings, &key, START + Span(3_600_001));
        assert!(
            directory.oversight().alerts.0.is_empty(),
            "an hour without another"
        );
    }

    #[test]
    fn without_an_address_nothing_is_sent_and_what_is_open_is_told_all_the_same() {
        let (mut settings, key) = (Settings::default(), key());
        let mut directory = Directory::default();
        directory.dead_letter(&settings, &key, START);
        assert_eq!(sent(&mut directory, START), []);
        assert_eq!(directory.oversight().alerts.0.len(), 1);
        settings.alert_url = Some("https://ops.example.com/".into());
        directory.oversee(&settings, &key, START + Span(1));
        assert_eq!(
            sent(&mut directory, START + Span(1)),
            [(false, AlertKind::DeadLetters)]
        );
    }

    #[test]
    fn an_organisations_directory_oversees_nothing() {
        let mut directory = Directory::default();
        directory.oversee(&settings(), &key(), START);
        assert!(directory.take_rows().is_empty());
    }
}
