//! What a trunk's object wrote, sent and answered.

use audatec::app::messages::{CallbackMessage, Outgoing};
use audatec::app::trunk::{TrunkCommand, TrunkReply};
use audatec::domain::call::{Call, CallStatus, DISPATCH_DEADLINE, FailureCode, Phase};
use audatec::domain::callback::{DeliveryStatus, LEASE};
use audatec::domain::ids::{AgentId, CallId, DeliveryId, TrunkTag};
use audatec::domain::time::{Span, Timestamp};
use audatec::domain::trunk::{Admission, Quota};

use super::hours::is_put_back;
use super::room::goes_on;
use super::scheduled::{stands, was_scheduled};
use super::{Asked, Oracle, Seen, TrunkFacts, rank, within_a_second};
use crate::trunk_node::TrunkNode;
use crate::world::W;

impl Oracle {
    /// Rows were persisted.
    pub fn rows(&self, w: &W, node: &TrunkNode, now: Timestamp, rows: Vec<Call>) {
        self.with_trunk(node.tag, |facts| {
            facts.fresh.clear();
            facts.taken.clear();
        });
        for row in rows {
            self.campaigns_call(w, &row);
            let (id, is_new) = (row.id, !self.calls.borrow().contains_key(&row.id));
            match is_new {
                true => self.new_row(w, node, now, &row),
                false => self.changed_row(w, node, now, &row),
            }
            let was = |seen: &Seen| is_put_back(&seen.row, &row);
            if self.calls.borrow().get(&id).is_some_and(was) {
                self.put_back(w, id, now);
            }
            let mut calls = self.calls.borrow_mut();
            let seen = calls.entry(id).or_insert_with(|| Seen {
                born: w.time(),
                patience: row.queued_until,
                nonce: nonce(&row),
                window: self.window(&row),
                redial: self.redial(&row),
                row: row.clone(),
                terminal_at: None,
                shown: (0, Timestamp(0)),
                final_body: None,
                claims: 0,
                put_back_at: None,
                claimed_at: (0, 0),
                dials: 0,
                handed_out: 0,
                webhook: None,
                acknowledged: false,
                conversation: Default::default(),
            });
            if row.status.is_terminal() && seen.terminal_at.is_none() {
                seen.terminal_at = Some(w.high.get());
            }
            self.with_trunk(node.tag, |facts| place(facts, &row));
            if row.queued_until.is_none() || row.ended_at.is_some() {
                node.promoted.borrow_mut().remove(&id);
            }
            seen.row = row;
        }
    }

    fn new_row(&self, w: &W, node: &TrunkNode, now: Timestamp, row: &Call) {
        let (tag, id) = (node.tag, Some(row.id));
        self.may_start(w, tag, row, now);
        self.waits_for_its_time(w, row, self.window(row), now);
        let mut intents = self.intents.borrow_mut();
        let Some(intent) = nonce(row).and_then(|nonce| intents.get_mut(&nonce)) else {
            return self.fail(Some(tag), id, "a call that nobody asked for".into());
        };
        self.check(!intent.dry_run, tag, id, || {
            "a dry run created a call".into()
        });
        if row.series.is_some_and(|series| series.previous.is_some()) {
            let is_asked_for = intent.redial.is_some() && stands(row);
            return self.check(is_asked_for, tag, id, || {
                format!("nobody asked to be called again: {row:?}")
            });
        }
        self.day(tag, row);
        if row.status == CallStatus::RejectedCapacity {
            return;
        }
        // A key is worth as much as its call's row.
        intent.calls.retain(|call| !self.has_left(*call));
        intent.calls.insert(row.id);
        self.check(!intent.once || intent.calls.len() == 1, tag, id, || {
            format!("one Idempotency-Key started {:?}", intent.calls)
        });
        if stands(row) {
            return;
        }
        self.with_trunk(tag, |facts| {
            if !intent.of_campaign {
                facts.started.push(now);
            }
            if row.queued_until.is_none() {
                facts.fresh.push(row.id);
            }
            if !intent.queue && !intent.of_campaign {
                let most = facts.most(|limits| limits.max_cps);
                let count = facts.accepted.count(w, now);
                self.check(count <= most as usize, tag, id, || {
                    format!("{count} acceptances within a second, max_cps is {most}")
                });
            }
        });
    }

    /// A call was accepted on a day that had room for it, or refused on one that had none.
    fn day(&self, tag: TrunkTag, row: &Call) {
        let day = row.created_at().0 / 86_400_000;
        // One that waited was accepted, though what it waited for was over before its first row was written.
        let waited = row.queued_until.is_some() || row.schedule.is_some();
        let is_refused = row.status == CallStatus::RejectedCapacity && !waited;
        let full = FailureCode::DailyLimitReached;
        let is_full = row.failure.is_some_and(|failure| failure.code == full);
        self.with_trunk(tag, |facts| {
            let (least, most) = facts.per_day();
            let (accepted, gone) = facts.days.entry(day).or_default();
            *accepted += u32::from(!is_refused);
            let (accepted, gone) = (*accepted, *gone);
            let may = is_refused || accepted - gone.min(accepted) <= most;
            self.check(may, tag, Some(row.id), || {
                format!("{accepted} calls on a day, max_calls_per_day is {most}")
            });
            self.check(!is_full || accepted >= least, tag, Some(row.id), || {
                format!("a day is full with {accepted} calls, max_calls_per_day is {least}")
            });
        });
    }

    /// A command looked at so many rows for a page.
    pub fn looked(&self, w: &W, node: &TrunkNode, rows: usize) {
        let most = w.settings.slice;
        self.check(rows <= most, node.tag, None, || {
            format!("{rows} rows were looked at in one go, at most {most} may be")
        });
    }

    /// Where little room is left no other call leaves while one is there that was refused, is owed nothing, and was not looked
    /// for yet; but for those that came too lately when the others were chosen.
    fn refused_left_first(&self, w: &W, node: &TrunkNode, now: Timestamp, gone: &[CallId]) {
        let calls = self.calls.borrow();
        let is_refused = |row: &Call| row.status == CallStatus::RejectedCapacity;
        let other = gone.iter().find(|id| {
            let seen = calls.get(id);
            seen.is_some_and(|seen| !is_refused(&seen.row))
        });
        let (Some(other), true) = (other, node.is_full()) else {
            return;
        };
        let left = self.left.borrow();
        let stays = calls.iter().find(|(id, seen)| {
            id.address().tag == node.tag
                && is_refused(&seen.row)
                && is_told(&seen.row)
                && id.row() >= node.rows.refused_sought.get()
                && seen.row.created_at() + Span(20_000) < now
                && seen.born + 20_000 < w.time()
                && !left.contains(id)
                && !gone.contains(id)
        });
        self.check(stays.is_none(), node.tag, Some(*other), || {
            format!(
                "a call left before {:?}, which was refused",
                stays.map(|(id, _)| id)
            )
        });
    }

    /// Rows left: of calls that are over and told.
    pub fn gone(&self, w: &W, node: &TrunkNode, now: Timestamp, gone: Vec<CallId>) {
        // What is erased leaves at once.
        let erases = w.is_erasing.get();
        if !erases {
            self.refused_left_first(w, node, now, &gone);
        }
        let calls = self.calls.borrow();
        for id in gone {
            let row = calls.get(&id).map(|seen| &seen.row);
            let may_leave = row.is_some_and(|row| row.status.is_terminal() && is_told(row));
            self.check(may_leave, node.tag, Some(id), || {
                format!("a call left its trunk before its time: {row:?}")
            });
            if !erases {
                self.leaves_in_time(w, node, now, row);
            }
            self.left.borrow_mut().insert(id);
            self.with_trunk(node.tag, |facts| facts.open.remove(&id));
            if row.is_some_and(Call::counts_from_the_first) {
                self.with_trunk(node.tag, |facts| {
                    let is_unlimited = facts.per_day().1 == u32::MAX;
                    let day = facts.days.entry(id.address().at.0 / 86_400_000);
                    day.or_default().1 += u32::from(is_unlimited);
                });
            }
            node.left(w);
        }
    }

    /// A command failed, as its rows could not be written or read. Where two did so already, no claim is tried for a while:
    /// each would be handed out again, and cost a load.
    pub fn failed(&self, node: &TrunkNode, now: Timestamp, command: &TrunkCommand) {
        let (failures, last) = node.vain.get();
        let is_claim = matches!(command, TrunkCommand::Claim(_));
        let rests = failures >= 2 && now < last + Span(100);
        self.check(!is_claim || !rests, node.tag, None, || {
            format!("a claim was tried while nothing could be written, {failures} times in a row")
        });
        node.vain.set((failures + 1, now));
    }

    /// Whether this key, this agent and this trunk may start a call, as far as anyone was told.
    fn may_start(&self, w: &W, tag: TrunkTag, row: &Call, now: Timestamp) {
        let request = &row.request;
        let held_back = self.with_trunk(tag, |facts| {
            let known = facts.broken_off.get(&request.agent.id);
            let third_at = known.and_then(|known| known.third_at);
            third_at.is_some_and(|at| now > at && now < at + Span(5_000))
        });
        let is_refused = row.status == CallStatus::RejectedCapacity || stands(row);
        let is_certain = w.faults.spare_the_objects();
        self.check(
            !held_back || is_refused || !is_certain,
            tag,
            Some(row.id),
            || "an agent that broke off three times in a row was called again at once".into(),
        );
        self.check(
            !self.revoked.borrow().contains(&request.key),
            tag,
            Some(row.id),
            || {
                format!(
                    "key {} started a call after its revocation was answered",
                    request.key
                )
            },
        );
        let agents = self.agents.borrow();
        let usable = agents
            .get(&request.agent.id)
            .is_none_or(|may| may.contains(&true));
        self.check(usable, tag, Some(row.id), || {
            "a deactivated agent started a call".into()
        });
        // One that follows another waits for that, as any other that is scheduled.
        let follows = stands(row) && row.series.is_some_and(|series| series.previous.is_some());
        let active = self.with_trunk(tag, |facts| facts.may_be_active());
        self.check(active || follows, tag, Some(row.id), || {
            "an inactive trunk started a call".into()
        });
    }

    fn changed_row(&self, w: &W, node: &TrunkNode, now: Timestamp, row: &Call) {
        let tag = node.tag;
        let calls = self.calls.borrow();
        let Some(Seen {
            row: was,
            window,
            nonce,
            ..
        }) = calls.get(&row.id)
        else {
            return;
        };
        let id = Some(row.id);
        self.check(rank(row.status) >= rank(was.status), tag, id, || {
            format!(
                "a call moved back from {:?} to {:?}",
                was.status, row.status
            )
        });
        if row.status.is_terminal() && !was.status.is_terminal() {
            self.missed_its_hours(w, row, *nonce, now);
        }
        self.agent_judged(tag, now, was, row);
        self.outcome_awaited(tag, now, was, row);
        if was.status.is_terminal() {
            let facts = |call: &Call| {
                let delivery = call
                    .callback
                    .as_ref()
                    .map(|it| (it.id, it.event, it.url.clone()));
                (call.status, call.failure, call.outcome.clone(), delivery)
            };
            let times = |call: &Call| {
                (
                    call.dialed_at,
                    call.ringing_at,
                    call.answered_at,
                    call.ended_at,
                    call.updated_at,
                )
            };
            self.check(
                facts(was) == facts(row) && times(was) == times(row),
                tag,
                id,
                || format!("a terminal call changed from {was:?} to {row:?}"),
            );
        }
        let leaves =
            |call: &Call| call.queued_until.is_none() && call.ended_at.is_none() && !stands(call);
        let is_new = now < row.created_at() + Span(1_000);
        if stands(was) && !stands(row) && is_new {
            // What was scheduled delays nobody: but one that has only just been asked for is taken for another after a restart.
            self.with_trunk(tag, |facts| facts.started.push(now));
        }
        if stands(was) && !stands(row) {
            self.is_due(tag, &calls, row);
        }
        if leaves(row) && stands(was) {
            self.waits_for_its_time(w, row, *window, now);
            self.with_trunk(tag, |facts| facts.taken.insert(row.id));
        }
        if leaves(row) && !leaves(was) && !node.promoted.borrow().contains(&row.id) {
            // It left the line in the step that marked it, so its row says so already.
            self.may_start(w, tag, row, now);
            self.in_time(tag, was, now);
            if !was_scheduled(row) {
                self.with_trunk(tag, |facts| facts.started.push(now));
            }
        }
        let kept = |was: Option<Timestamp>, is: Option<Timestamp>| was.is_none() || was == is;
        let times = (kept(was.dialed_at, row.dialed_at) || is_put_back(was, row))
            && kept(was.answered_at, row.answered_at)
            && (kept(was.ended_at, row.ended_at) || is_corrected(was, row));
        self.check(times, tag, id, || {
            format!("what had happened changed from {was:?} to {row:?}")
        });
        let delivered = |call: &Call| {
            call.callback
                .as_ref()
                .is_some_and(|it| it.status == DeliveryStatus::Delivered)
        };
        self.check(!delivered(was) || delivered(row), tag, id, || {
            "a delivery was undone".into()
        });
    }

    /// What a conversation says of its agent, that some third in a row broke off at once.
    fn agent_judged(&self, tag: TrunkTag, now: Timestamp, was: &Call, row: &Call) {
        let (before, broke_off) = (broke_off(was), broke_off(row));
        let is_over = row.status.is_terminal() && !was.status.is_terminal();
        self.with_trunk(tag, |facts| {
            let known = facts.broken_off.entry(row.request.agent.id).or_default();
            if broke_off && !before {
                known.ever += 1;
                known.in_a_row += 1;
                // While calls are held back already, those that were under way say no more: a probe may follow soon.
                let is_news = known.opened_at.is_none_or(|at| now > at + Span(60_000));
                if known.in_a_row == 3 && is_news {
                    (known.third_at, known.opened_at) = (Some(now), Some(now));
                }
            } else if before && !broke_off || is_over && row.answered_at.is_some() && !broke_off {
                (known.in_a_row, known.third_at) = (0, None);
            }
        });
    }

    /// What came of a conversation that somebody stopped is waited for.
    fn outcome_awaited(&self, tag: TrunkTag, now: Timestamp, was: &Call, row: &Call) {
        let is_over = row.status.is_terminal() && !was.status.is_terminal();
        let stopped = row.failure.is_some_and(|failure| {
            matches!(failure.code, FailureCode::Canceled | FailureCode::TimedOut)
        });
        let Some(ended_at) = row.ended_at.filter(|_| row.answered_at.is_some()) else {
            return;
        };
        if is_over && stopped && was.has_room {
            let calls = self.calls.borrow();
            let reported = calls
                .get(&row.id)
                .is_some_and(|seen| seen.conversation.reported);
            let waited = now >= ended_at + Span(10_000);
            self.check(reported || waited, tag, Some(row.id), || {
                "a conversation was stopped, and its outcome not waited for".into()
            });
        }
    }

    /// What is about to be sent: calls that leave the line now take their channel.
    pub fn handed_out(&self, w: &W, node: &TrunkNode, now: Timestamp, outgoing: &Outgoing) {
        let mut dial = outgoing.dial.clone();
        dial.sort_unstable_by_key(|id| self.place_in_line(*id));
        for id in dial {
            let mut calls = self.calls.borrow_mut();
            let Some(seen) = calls.get_mut(&id) else {
                return self.fail(
                    Some(node.tag),
                    Some(id),
                    "a call without a row was handed out".into(),
                );
            };
            seen.handed_out += 1;
            let row = seen.row.clone();
            drop(calls);
            let leaves = row.queued_until.is_some() && row.ended_at.is_none();
            if self.with_trunk(node.tag, |facts| facts.taken.remove(&id)) {
                self.left_the_line(node, now, id);
            } else if leaves && node.promoted.borrow_mut().insert(id) {
                self.may_start(w, node.tag, &row, now);
                self.in_time(node.tag, &row, now);
                self.left_the_line(node, now, id);
            }
        }
        self.took_channels(node, now);
        self.attempts_are_few(node, now, outgoing);
    }

    /// Of a trunk's callbacks few are out at once, and of one receiver's fewer.
    fn attempts_are_few(&self, node: &TrunkNode, now: Timestamp, outgoing: &Outgoing) {
        for message in &outgoing.callbacks {
            self.goes_out(node, message);
        }
        let mut out = node.out.borrow_mut();
        out.retain(|_, (until, _)| *until > now);
        let mut hosts: Vec<&str> = out.values().map(|(_, host)| host.as_str()).collect();
        hosts.sort_unstable();
        let most = hosts.chunk_by(|a, b| a == b).map(<[&str]>::len).max();
        let is_few = out.len() <= 20 && most.is_none_or(|most| most <= 5);
        self.check(is_few, node.tag, None, || {
            format!("{} attempts are out, {most:?} at one host", out.len())
        });
    }

    /// An attempt is on its way: over the queue, or given to the sender of another as its next.
    fn goes_out(&self, node: &TrunkNode, message: &CallbackMessage) {
        self.is_not_back(node, (message.delivery, message.attempt));
        let host = message.url.split('/').nth(2).unwrap_or_default();
        let until = message.good_until.unwrap_or(Timestamp::MAX);
        let attempt = (message.delivery, message.attempt);
        node.out.borrow_mut().insert(attempt, (until, host.into()));
    }

    /// An attempt whose result the object was told is not made again, whether that could be written or not.
    fn is_not_back(&self, node: &TrunkNode, attempt: (DeliveryId, u32)) {
        let is_back = node.back.borrow().contains(&attempt);
        self.check(!is_back, node.tag, None, || {
            format!("attempt {attempt:?} is made again, and its result was told")
        });
    }

    fn in_time(&self, tag: TrunkTag, row: &Call, now: Timestamp) {
        self.check(
            row.queued_until.is_none_or(|until| now < until),
            tag,
            Some(row.id),
            || {
                format!(
                    "left the line at {}, and would wait until {:?}",
                    now.0, row.queued_until
                )
            },
        );
    }

    /// Whether a call in line may be passed, because its agent broke off too often.
    pub(super) fn may_be_passed(&self, facts: &TrunkFacts, waiting: CallId) -> bool {
        let calls = self.calls.borrow();
        let agent = calls.get(&waiting).map(|seen| seen.row.request.agent.id);
        let known = agent.and_then(|agent| facts.broken_off.get(&agent));
        known.is_some_and(|known| known.ever >= 3)
    }

    fn left_the_line(&self, node: &TrunkNode, now: Timestamp, id: CallId) {
        self.with_trunk(node.tag, |facts| {
            let promoted = node.promoted.borrow();
            let first = self.first_in_line(facts, |waiting| promoted.contains(&waiting));
            let place = self.place_in_line(id);
            self.check(
                first.is_none_or(|first| self.place_in_line(first) > place),
                node.tag,
                Some(id),
                || format!("{id} left the line before {first:?}"),
            );
            if place.0 == id.address().at {
                facts.started.push(now);
            }
            let (count, most) = (
                self.holders(facts, node, now).len(),
                facts.most(|limits| limits.max_channels),
            );
            self.check(count <= most as usize, node.tag, Some(id), || {
                format!("{count} calls hold one of {most} channels")
            });
        });
    }

    /// Those that were accepted in this step hold a channel, and overtook nobody.
    fn took_channels(&self, node: &TrunkNode, now: Timestamp) {
        self.with_trunk(node.tag, |facts| {
            let Some(id) = facts.fresh.last().copied() else {
                return;
            };
            let holders = self.holders(facts, node, now);
            let most = facts.most(|limits| limits.max_channels) as usize;
            self.check(holders.len() <= most, node.tag, Some(id), || {
                format!(
                    "{} calls hold one of {most} channels: {holders:?}",
                    holders.len()
                )
            });
            let promoted = node.promoted.borrow();
            let in_line = self.first_in_line(facts, |waiting| promoted.contains(&waiting));
            self.check(in_line.is_none(), node.tag, Some(id), || {
                format!("{id} overtook {in_line:?}, which waits")
            });
        });
    }

    /// What the object is about to answer.
    pub fn replied(
        &self,
        w: &W,
        node: &TrunkNode,
        now: Timestamp,
        asked: Asked,
        reply: &TrunkReply,
    ) {
        match (asked, reply) {
            (Asked::Admit { waiting }, TrunkReply::Admission(admission)) => {
                self.admitted(w, node, now, waiting, admission);
            }
            (Asked::Claim, TrunkReply::Orders(orders)) => {
                orders
                    .iter()
                    .for_each(|order| self.claimed(w, node.tag, order.call, now));
            }
            (Asked::Ring(call), TrunkReply::Done) => self.rings_in_turn(w, node.tag, call, now),
            (Asked::Ring(call), TrunkReply::NotBefore(at)) => self.is_put_off(node.tag, call, *at),
            // So few that they come in one slice, if the asker is of their organisation.
            (
                Asked::Live,
                TrunkReply::LiveSlice {
                    calls,
                    waiting,
                    held_back,
                    ..
                },
            ) => self.with_trunk(node.tag, |facts| {
                let holders = self.holders(facts, node, now);
                let said = calls.iter().map(|call| call.id).collect();
                self.check(holders == said, node.tag, None, || {
                    format!("{holders:?} hold channels, and the object says {said:?}")
                });
                let in_line =
                    facts.waiting.len() - node.promoted.borrow().len().min(facts.waiting.len());
                self.check(in_line == *waiting, node.tag, None, || {
                    format!("{in_line} wait, and the object says {waiting}")
                });
                let has_cause = |(agent, _): &(AgentId, Timestamp)| {
                    let known = facts.broken_off.get(agent);
                    known.is_some_and(|known| known.ever >= 3)
                };
                self.check(held_back.iter().all(has_cause), node.tag, None, || {
                    format!("agents are held back without a cause: {held_back:?}")
                });
            }),
            // With its message, where that did not fit its queue.
            (
                Asked::Begin(delivery, attempt),
                TrunkReply::Begun(_) | TrunkReply::NextAttempt(..),
            ) => {
                self.is_not_back(node, (delivery, attempt));
                let before = node.begun.borrow_mut().insert((delivery, attempt), now);
                let is_first = before.is_none_or(|at| now >= at + LEASE);
                self.check(is_first, node.tag, None, || {
                    format!("attempt {attempt} of {delivery} was given to two senders")
                });
            }
            (_, TrunkReply::NextAttempt(message, _)) => {
                self.goes_out(node, message);
            }
            (_, TrunkReply::Call(call)) => self.shown(node.tag, now, call),
            _ => {}
        }
    }

    fn admitted(
        &self,
        w: &W,
        node: &TrunkNode,
        now: Timestamp,
        waited: usize,
        admission: &Admission,
    ) {
        let tag = node.tag;
        let (Admission::Accepted { call, quota }
        | Admission::Queued { call, quota }
        | Admission::Scheduled { call, quota, .. }
        | Admission::Rejected { call, quota, .. }) = admission
        else {
            return;
        };
        self.check(!node.is_full(), tag, Some(*call), || {
            "a call was admitted that could not be written".into()
        });
        let has_row = self.calls.borrow().contains_key(call);
        self.check(has_row, tag, Some(*call), || {
            "a call is answered that has no row".into()
        });
        self.with_trunk(tag, |facts| {
            let Quota { channels, cps, .. } = *quota;
            let known = |limits: &super::Limits| limits.max_cps == cps && limits.max_channels == channels;
            self.check(facts.possible.iter().any(known), tag, Some(*call), || {
                format!("limits {quota:?} are in force, which can only be {:?}", facts.possible)
            });
            let (held, in_line) = (self.holders(facts, node, now).len(), waited + facts.waiting.len() > 0);
            if !in_line {
                let left = (channels as usize).saturating_sub(held);
                self.check(quota.channels_left as usize == left, tag, Some(*call), || {
                    format!("{left} channels are free, and the answer says {}", quota.channels_left)
                });
            }
            let Admission::Rejected { code, .. } = admission else { return };
            let started = within_a_second(&mut facts.started, now);
            let fair = match code {
                FailureCode::DailyLimitReached => true, // judged by its row
                FailureCode::ChannelsExhausted => in_line || held >= channels as usize,
                _ => started >= cps as usize || !w.faults.clock_is_true(),
            };
            self.check(fair, tag, Some(*call), || {
                format!("refused ({code:?}) with {held} of {channels} channels and {started} of {cps} starts used")
            });
        });
    }

    fn claimed(&self, w: &W, tag: TrunkTag, id: CallId, now: Timestamp) {
        let mut calls = self.calls.borrow_mut();
        let Some(seen) = calls.get_mut(&id) else {
            return self.fail(
                Some(tag),
                Some(id),
                "a call without a row was claimed".into(),
            );
        };
        seen.claims += 1;
        seen.claimed_at = (w.time(), w.clock().0);
        self.campaign_dials(w, &seen.row, now);
        self.check(seen.claims == 1, tag, Some(id), || "claimed twice".into());
        self.check(seen.row.dialed_at.is_some(), tag, Some(id), || {
            "claimed, and the row does not say so".into()
        });
        let ready = seen.row.promoted_at.unwrap_or(seen.row.created_at());
        self.check(now < ready + DISPATCH_DEADLINE, tag, Some(id), || {
            format!("claimed at {}, ready since {}", now.0, ready.0)
        });
        let may_wait = w.faults.clock_is_true()
            && was_scheduled(&seen.row)
            && now < ready + Span(DISPATCH_DEADLINE.0 / 2);
        let waits = |seen: &&Seen| {
            let is_direct = !was_scheduled(&seen.row) && seen.row.request.campaign.is_none();
            is_direct && matches!(seen.row.phase(), Phase::Unclaimed { .. })
        };
        let direct = calls.values().filter(waits).map(|seen| seen.row.id);
        self.with_trunk(tag, |facts| {
            let most = facts.most(|limits| limits.max_cps);
            let count = facts.dials.count(w, now);
            self.check(count <= most as usize, tag, Some(id), || {
                format!("{count} dials within a second, max_cps is {most}")
            });
            let others = direct.filter(|id| facts.open.contains(id)).count();
            let is_fair = !may_wait || count + others <= most as usize;
            self.check(is_fair, tag, Some(id), || {
                format!("it was scheduled and is dialed, and {others} wait that were not, beside {count} of {most} dials")
            });
        });
    }

    fn shown(&self, tag: TrunkTag, now: Timestamp, call: &Call) {
        let mut calls = self.calls.borrow_mut();
        let Some(seen) = calls.get_mut(&call.id) else {
            return self.fail(
                Some(tag),
                Some(call.id),
                "a call without a row was shown".into(),
            );
        };
        let (rank, (was, at)) = (rank(call.status), seen.shown);
        self.check(now < at || rank >= was, tag, Some(call.id), || {
            format!("a call was shown in state {was}, and later in state {rank}")
        });
        if rank >= was {
            seen.shown = (rank, now);
        }
    }

    /// Every duty has its waker.
    pub fn after_step(&self, w: &W, node: &TrunkNode) {
        // What is over is in no memory, whatever its callback waits for.
        let open = self.with_trunk(node.tag, |facts| facts.open.len());
        let held = node.entries();
        self.check(held <= open, node.tag, None, || {
            format!("{held} calls are in memory, and {open} are open")
        });
        let Some(due) = node.next_due().filter(|_| node.is_loaded()) else {
            return;
        };
        let armed = node
            .stored_alarm
            .get()
            .is_some_and(|alarm| alarm <= due.max(w.clock()));
        let lately = |at: Timestamp| w.clock() <= at + Span(15_000);
        let excused = node.alarm_lost_at.get().is_some_and(lately);
        self.check(armed || excused, node.tag, None, || {
            format!(
                "something is due at {}, and the alarm is {:?}",
                due.0,
                node.stored_alarm.get()
            )
        });
    }
}

/// Whether an end that was found by looking was put right, before it was final.
fn is_corrected(was: &Call, row: &Call) -> bool {
    was.found_over && !was.status.is_terminal() && row.ended_at < was.ended_at
}

/// Whether a row says that its agent broke off at once.
fn broke_off(row: &Call) -> bool {
    let is_agents = row.failure.is_some_and(|failure| {
        matches!(
            failure.code,
            FailureCode::AgentUnavailable | FailureCode::AgentFailed
        )
    });
    let (Some(answered_at), Some(ended_at)) = (row.answered_at, row.ended_at) else {
        return false;
    };
    is_agents && ended_at - answered_at <= Span(3_000)
}

fn place(facts: &mut TrunkFacts, row: &Call) {
    let mut keep = |waits: bool, holds: bool| {
        match waits {
            true => facts.waiting.insert(row.id),
            false => facts.waiting.remove(&row.id),
        };
        match holds {
            true => facts.occupied.insert(row.id),
            false => facts.occupied.remove(&row.id),
        };
    };
    match goes_on(row) {
        true => facts.open.insert(row.id),
        false => facts.open.remove(&row.id),
    };
    let lives = row.ended_at.is_none() && !stands(row);
    keep(
        lives && row.queued_until.is_some(),
        lives && row.queued_until.is_none(),
    );
}

/// By which a call is known to who asked for it.
pub fn nonce(row: &Call) -> Option<u64> {
    row.request.metadata.as_ref()?.get("nonce")?.as_u64()
}

fn is_told(row: &Call) -> bool {
    let callback = row.callback.as_ref();
    callback.is_none_or(|callback| callback.next_attempt_at.is_none())
}
