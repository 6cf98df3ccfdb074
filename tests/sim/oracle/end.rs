//! When everything is over: nothing is forgotten, and nothing is left.

use audatec::app::records::RecordKey;
use audatec::app::trunk::TrunkStore;
use audatec::domain::call::{Call, CallStatus, FailureCode, LONGEST_UNASKED, RECENT, longest};
use audatec::domain::callback::{Attempt, DeliveryStatus};
use audatec::domain::ids::{KeyId, OrgId, TrunkTag};
use audatec::domain::time::{Span, Timestamp};

use super::{Oracle, Seen};
use crate::listener::Listener;
use crate::world::W;

/// Beside the bound: how late an alarm may come; and after trouble, until the cron pokes.
const CALM_SLACK: Span = Span(100);
const CRON_SLACK: Span = Span(130_000);

impl Oracle {
    /// Judges a world that came to rest. Trouble ended at `calm_since`, by the clock.
    pub fn judge_the_end(&self, w: &W, calm_since: Timestamp) {
        for seen in self.calls.borrow().values() {
            self.judge_call(w, seen, calm_since);
            if !self.has_left(seen.row.id) {
                self.judge_the_series(w, seen);
            }
            self.judge_the_room(w, seen);
        }
        for call in w.livekit.left() {
            self.fail(
                Some(call.address().tag),
                Some(call),
                "a room is left over".into(),
            );
        }
        for (tag, facts) in &*self.trunks.borrow() {
            self.check(
                facts.occupied.is_empty() && facts.waiting.is_empty(),
                *tag,
                None,
                || {
                    format!(
                        "{:?} hold channels and {:?} wait when all is over",
                        facts.occupied, facts.waiting
                    )
                },
            );
            let node = crate::trunk_node::of(w, *tag);
            self.check(node.next_due().is_none(), *tag, None, || {
                format!("an idle trunk wakes at {:?}", node.next_due())
            });
        }
    }

    /// How long calls were accepted until they were dialed, by true time: half of them for less, and all but a hundredth.
    pub fn waits_for_its_dial(&self) -> (u64, u64) {
        let calls = self.calls.borrow();
        let dialed = calls.values().filter(|seen| seen.claims > 0);
        let mut waits: Vec<u64> = dialed.map(|seen| seen.claimed_at.0 - seen.born).collect();
        waits.sort_unstable();
        let at = |share: usize| waits.get(waits.len() * share / 100).copied();
        (at(50).unwrap_or_default(), at(99).unwrap_or_default())
    }

    /// Whoever listened was told each turn of each call, once and in order: but for the late ones from before anybody
    /// listened to that trunk, and what a deleted one tells after its last day.
    pub fn judge_the_feed(&self, w: &W, org: OrgId, listener: &Listener) {
        for Seen { row, .. } in self.calls.borrow().values() {
            if self.has_left(row.id) {
                continue; // and with it what was not told of it by then
            }
            let turns: Vec<Timestamp> = row.feed_entries().map(|told| told.at).collect();
            let node = crate::trunk_node::of(w, row.id.address().tag);
            let since = node
                .rows
                .feed_notes()
                .ok()
                .flatten()
                .and_then(|notes| notes.logged_since);
            let is_from_before = |at: &Timestamp| {
                *at > row.created_at() + RECENT && since.is_none_or(|since| *at < since)
            };
            let may_have_left = w.orgs.borrow().iter().any(|org| {
                let mut lines = org.lines.borrow().clone().into_iter();
                lines.any(|line| line.id == row.request.trunk && line.leaving.get())
            });
            let told = row.request.org != org
                || listener.knows(row.id, &turns, is_from_before, may_have_left);
            self.check(told, row.id.address().tag, Some(row.id), || {
                let heard = listener.heard_of(row.id);
                format!(
                    "the feed told {heard:?}, not {turns:?}, logged since {since:?}, of {row:?}"
                )
            });
        }
    }

    /// Whoever heard of a campaign was told where it ended up, unless its trunk left.
    pub fn judge_campaigns_in_the_feed(&self, w: &W, org: OrgId, listener: &Listener) {
        let orgs = w.orgs.borrow();
        let lines = orgs.iter().filter(|known| known.id == org);
        let mut lines = lines.flat_map(|org| org.lines.borrow().clone());
        if lines.any(|line| line.leaving.get()) {
            return;
        }
        for (id, told) in listener.campaigns() {
            let node = crate::campaign_node::of(w, id);
            let Some(record) = node.rows.said() else {
                continue; // it was deleted
            };
            let is = record.campaign.status.as_str();
            if told != is {
                let what = format!("the feed told that campaign {id} is {told}, and it is {is}");
                self.fail(None, None, what);
            }
        }
    }

    fn judge_call(&self, w: &W, seen: &Seen, calm_since: Timestamp) {
        let (row, tag, id) = (&seen.row, seen.row.id.address().tag, Some(seen.row.id));
        let Some(at) = seen.terminal_at else {
            return self.fail(Some(tag), id, format!("never became terminal: {row:?}"));
        };
        let window = seen.window;
        let patience = window.map(|(_, until)| until).or(seen.patience);
        let waited = patience.map_or(Span(0), |until| until - row.created_at());
        // One that finds its number limited waits an hour at most, if it said nothing of waiting.
        let limited = Span(if w.limits_contacts { 3_600_000 } else { 0 });
        // And one that finds it closed waits for an opening within 30 days, and then for capacity, for an hour if it did not say.
        let closed = match window.is_none() && w.keeps_hours && row.slot().is_some() {
            true => LONGEST_UNASKED + Span(3_600_000),
            false => Span(0),
        };
        let bound = row.created_at() + waited.max(limited) + closed + longest(&w.settings);
        let latest = match w.faults.is_calm() {
            true => bound + CALM_SLACK,
            false => bound.max(calm_since) + CRON_SLACK,
        };
        self.check(at <= latest, tag, id, || {
            format!(
                "terminal at {}, which is {} ms after its bound: {row:?}",
                at.0,
                (at - latest).0
            )
        });
        self.judge_duration(w, seen, tag);
        self.judge_callback(seen, tag);
        self.judge_patience(w, seen, tag);
        let undialed = row.status == CallStatus::TriggerFailed && row.dialed_at.is_none();
        let is = |code| row.failure.is_some_and(|failure| failure.code == code);
        let suppressed = is(FailureCode::NumberSuppressed);
        self.check(!suppressed || self.may_be_suppressed(row), tag, id, || {
            "it ended as suppressed, and nobody suppressed its number".into()
        });
        // A call that finds its number limited waits no longer than it would have for capacity.
        let may_miss = window.is_some() || w.limits_contacts || w.keeps_hours;
        let missed = is(FailureCode::WindowClosed) && may_miss;
        let stopped = is(FailureCode::Canceled) || suppressed || missed;
        self.check(
            !undialed || stopped || !w.faults.spare_the_objects(),
            tag,
            id,
            || {
                format!(
                    "nobody dialed it, though it was handed out {} times",
                    seen.handed_out
                )
            },
        );
    }

    /// A room is deleted once more 10 s after the end: its agent may come late.
    fn judge_the_room(&self, w: &W, seen: &Seen) {
        // One that was put off and not dialed again has had its last room since then.
        let put_off = seen.put_back_at.filter(|_| seen.row.dialed_at.is_none());
        let ended_at = seen.row.ended_at.unwrap_or_default();
        let ended_at = put_off.unwrap_or(ended_at);
        let id = seen.row.id;
        let Some(deleted_at) = w.livekit.deleted_at(id).filter(|_| w.faults.is_calm()) else {
            return;
        };
        let is_gone = deleted_at >= Some(ended_at + Span(10_000));
        self.check(is_gone, id.address().tag, Some(id), || {
            format!("ended at {ended_at:?}, its room was last deleted at {deleted_at:?}")
        });
    }

    /// A conversation lasted as long as it did: by the webhooks, or by its agent's report where these were lost.
    fn judge_duration(&self, w: &W, seen: &Seen, tag: TrunkTag) {
        const TRUTH: Span = Span(2_000);
        let (row, talked) = (&seen.row, seen.conversation);
        let is_named = row.failure.is_some() || talked.reported || !talked.deserted;
        self.check(is_named || !w.faults.is_calm(), tag, Some(row.id), || {
            format!("an agent left a person alone, and is not named: {row:?}")
        });
        let (Some(ended_at), Some(hung_up)) = (row.ended_at, talked.hung_up) else {
            return;
        };
        let by_itself = row.answered_at.is_some() && row.failure.is_none();
        if !by_itself || !w.faults.clock_is_true() {
            return;
        }
        let in_time = talked.told.filter(|(at, _)| Some(*at) <= seen.terminal_at);
        let error = match (in_time, w.faults.is_calm()) {
            (Some((_, took)), _) => TRUTH + took,
            (None, true) => TRUTH,
            (None, false) => return,
        };
        self.check(ended_at <= hung_up + error, tag, Some(row.id), || {
            format!(
                "ended at {}, and was hung up at {}: {row:?}",
                ended_at.0, hung_up.0
            )
        });
    }

    /// No receiver is given up before the whole schedule, but for one that is gone.
    fn judge_patience(&self, w: &W, seen: &Seen, tag: TrunkTag) {
        let Some(callback) = &seen.row.callback else {
            return;
        };
        let is_gone = |attempt: &Attempt| attempt.status_code == Some(410);
        let may_give_up = callback.attempts.iter().any(is_gone)
            || callback.attempts.len() > w.settings.webhook_retry.len();
        self.check(
            callback.status != DeliveryStatus::Exhausted || may_give_up,
            tag,
            Some(seen.row.id),
            || format!("exhausted too early: {callback:?}"),
        );
    }

    fn judge_callback(&self, seen: &Seen, tag: TrunkTag) {
        let (row, id): (&Call, _) = (&seen.row, Some(seen.row.id));
        let status = row.callback.as_ref().map(|it| it.status);
        self.check(
            status.is_some() == row.request.callback_url.is_some(),
            tag,
            id,
            || "a callback is missing, or too many".into(),
        );
        self.check(status != Some(DeliveryStatus::Pending), tag, id, || {
            format!(
                "a callback is neither delivered nor exhausted: {:?}",
                row.callback
            )
        });
        self.check(
            status != Some(DeliveryStatus::Delivered) || seen.acknowledged,
            tag,
            id,
            || "delivered, and no receiver said so".into(),
        );
    }

    /// The copies and the trunks know what the directories know.
    pub fn judge_the_copies(&self, w: &W) {
        let offices: Vec<_> = w
            .offices
            .borrow()
            .iter()
            .map(|(org, office)| (*org, office.directory()))
            .collect();
        for (org, directory) in offices {
            let Some(directory) = directory else {
                return self.fail(None, None, "a directory's rows can't be read".into());
            };
            for key in [RecordKey::Trunks(org), RecordKey::WebhookSecrets(org)] {
                let (is, ought) = (
                    w.copies.stored(&key.to_string()),
                    directory.record_json(&key),
                );
                if is != ought {
                    self.fail(
                        None,
                        None,
                        format!("the copy {key} is {is:?}, the directory says {ought:?}"),
                    );
                }
            }
            let trunks = w.trunks.borrow();
            for node in trunks.values() {
                let Ok(Some(brief)) = node.rows.brief() else {
                    continue;
                };
                // A deleted trunk is told of its deletion, and of nothing after it.
                if directory.trunk(brief.config.id).is_none() {
                    continue;
                }
                let Some(ought) = directory.owed_brief(brief.config.id, w.clock()) else {
                    continue;
                };
                let told = |key: &KeyId| brief.revoked_keys.contains(key);
                // What is guarded is told to whom it concerns at that moment: that none is used is judged as calls are placed.
                let is_told = w.settings.unguarded < 10
                    || ought.revoked_keys.iter().all(told)
                        && brief.inactive_agents == ought.inactive_agents;
                let same = brief.config == ought.config
                    && brief.secrets == ought.secrets
                    && is_told
                    && brief
                        .retired_until
                        .is_none_or(|until| until < w.clock() + Span(600_001));
                self.check(same, node.tag, None, || {
                    format!("the trunk was told {brief:?}, not {ought:?}")
                });
            }
        }
    }
}
