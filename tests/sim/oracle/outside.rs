//! What outsiders see: integrators, phones, receivers.

use audatec::domain::callback::WebhookSecrets;
use audatec::domain::ids::{AgentId, CallId, KeyId, OrgId, TrunkTag};
use audatec::domain::mac::{hex, hmac_sha256};
use audatec::domain::time::{Span, Timestamp};
use base64::Engine as _;
use hmac::Mac;
use serde_json::{Value, json};

use super::{Intent, Limits, Oracle, Rotation, within_a_second};
use crate::receivers::SECRETS;
use crate::world::W;

/// How much closer than a second two rings may be seen that were allowed a second apart.
const JITTER_MS: u64 = 100;

impl Oracle {
    /// Somebody is about to ask for a call.
    pub fn intends(&self, nonce: u64, intent: Intent) {
        self.intents.borrow_mut().insert(nonce, intent);
    }

    /// A trunk may be so from now on; it certainly is when `certainly`.
    pub fn limits(&self, tag: TrunkTag, limits: Limits, certainly: bool) {
        self.with_trunk(tag, |facts| {
            if certainly {
                facts.possible.clear();
            }
            facts.possible.push(limits);
        });
    }

    /// An agent may be so from now on.
    pub fn agent(&self, agent: AgentId, active: bool, certainly: bool) {
        if !active {
            self.rested.borrow_mut().insert(agent);
        }
        let mut agents = self.agents.borrow_mut();
        let possible = agents.entry(agent).or_insert_with(|| vec![true]);
        if certainly {
            possible.clear();
        }
        possible.push(active);
    }

    /// A revocation was answered.
    pub fn revoked(&self, key: KeyId) {
        self.revoked.borrow_mut().insert(key);
    }

    pub fn is_revoked(&self, key: KeyId) -> bool {
        self.revoked.borrow().contains(&key)
    }

    /// A secret may sign from now on.
    pub fn secret(&self, org: OrgId, secret: &str) {
        self.secrets
            .borrow_mut()
            .entry(org)
            .or_default()
            .push(secret.to_owned());
    }

    /// Callbacks are signed by these, as a trunk or a sender was told: a rotation whose answer was lost has happened all the
    /// same.
    pub fn signs_by(&self, org: OrgId, secrets: &WebhookSecrets) {
        self.secret(org, secrets.current.reveal());
    }

    /// A rotation is asked for.
    pub fn rotates(&self, org: OrgId) {
        let mut rotations = self.rotations.borrow_mut();
        rotations.entry(org).or_default().is_pending = true;
    }

    /// Its answer, if there was one. From then on the new secret signs.
    pub fn rotated(&self, org: OrgId, answer: Option<Rotation>) {
        let mut rotations = self.rotations.borrow_mut();
        let rotations = rotations.entry(org).or_default();
        rotations.is_pending = false;
        match answer {
            Some(rotation) => rotations.answered.push(rotation),
            None => rotations.is_blurred = true,
        }
    }

    /// The secret that an operator holds for the newest.
    pub fn newest_secret(&self, org: OrgId) -> String {
        let rotations = self.rotations.borrow();
        let newest = rotations.get(&org).and_then(|known| known.answered.last());
        let first = || self.secrets.borrow()[&org].first().cloned();
        newest
            .map(|rotation| rotation.new.clone())
            .or_else(first)
            .unwrap_or_default()
    }

    /// Whether the signatures are those that were promised for the moment of signing.
    fn keeps_to_rotations(
        &self,
        org: OrgId,
        signed_at: Timestamp,
        plain_by: impl Fn(&str) -> bool,
        standard_by: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        let rotations = self.rotations.borrow();
        let Some(known) = rotations.get(&org).filter(|known| !known.is_blurred) else {
            return Ok(());
        };
        let replaced = known
            .answered
            .iter()
            .filter(|rotation| rotation.answered <= signed_at);
        for rotation in replaced.clone() {
            if plain_by(&rotation.old) {
                return Err(
                    "the newest secret does not sign, after its rotation was answered".into(),
                );
            }
        }
        if known.is_pending {
            return Ok(());
        }
        for (at, rotation) in known.answered.iter().enumerate() {
            let later = known.answered.get(at..).unwrap_or_default();
            let is_ended = later.iter().any(|later| later.overlap == Span(0));
            // The stamp has whole seconds: it may have been signed up to one later.
            let is_promised = signed_at + Span(1_000) < rotation.asked + rotation.overlap;
            // Nothing is signed by a secret that is not there yet.
            let made_by = at.checked_sub(1).and_then(|at| known.answered.get(at));
            let is_there = made_by.is_none_or(|made_by| made_by.answered <= signed_at);
            let is_promised = is_promised && is_there && !is_ended;
            if is_promised && !standard_by(&rotation.old) {
                return Err("a secret does not sign though its overlap is not over".into());
            }
        }
        Ok(())
    }

    /// Whether the call that was answered 201 is there.
    pub fn promised(&self, call: CallId) {
        let known = self.calls.borrow().contains_key(&call);
        self.check(known, call.address().tag, Some(call), || {
            "a 201 without a call".into()
        });
    }

    /// Whether a call is there.
    pub fn is_there(&self, call: CallId) -> bool {
        self.calls.borrow().contains_key(&call)
    }

    /// Whether somebody heard that a call is over.
    pub fn is_final(&self, call: CallId) -> bool {
        let calls = self.calls.borrow();
        calls
            .get(&call)
            .is_some_and(|seen| seen.final_body.is_some())
    }

    /// A call's status was read, by a request that set out when it was known to be final, or before.
    pub fn status(&self, call: CallId, body: &[u8], was_final: bool) {
        let is_final =
            serde_json::from_slice::<Value>(body).is_ok_and(|body| body["is_terminal"] == true);
        let mut calls = self.calls.borrow_mut();
        let Some(seen) = calls.get_mut(&call) else {
            return;
        };
        match &seen.final_body {
            None if is_final => seen.final_body = Some(body.to_vec()),
            Some(first) if was_final => {
                self.check(first == body, call.address().tag, Some(call), || {
                    format!(
                        "{} was final, then {}",
                        String::from_utf8_lossy(first),
                        String::from_utf8_lossy(body)
                    )
                })
            }
            _ => {}
        }
    }

    /// A text that leaves the platform: an answer, or a line of the log.
    pub fn lets_out(&self, what: &str, text: &str) {
        if SECRETS.iter().any(|secret| text.contains(secret)) {
            self.fail(None, None, format!("{what} shows a receiver's password"));
        }
    }

    /// A call was read whole: it says why its dialer failed, in the words for what LiveKit answered.
    pub fn detail(&self, w: &W, call: CallId, json: &Value) {
        let Some(words) = w.livekit.refused(call) else {
            return;
        };
        let is_dialers = json["failure"]["code"] == "dialer_unavailable";
        if !is_dialers || !w.faults.spare_the_objects() {
            return;
        }
        let steps = json["timeline"].as_array();
        let ended = steps.and_then(|steps| steps.iter().find(|step| step["event"] == "ended"));
        let detail = ended.and_then(|step| step["detail"].as_str());
        let says = detail.is_some_and(|detail| detail.contains(words));
        self.check(says, call.address().tag, Some(call), || {
            format!("LiveKit refused it ({words}), and its timeline says {detail:?}")
        });
    }

    /// A phone rings.
    pub fn dialed(&self, id: CallId) {
        let tag = id.address().tag;
        let mut calls = self.calls.borrow_mut();
        let Some(seen) = calls.get_mut(&id) else {
            return self.fail(
                Some(tag),
                Some(id),
                "a call without a row was dialed".into(),
            );
        };
        seen.dials += 1;
        self.check(seen.dials == 1, tag, Some(id), || "dialed twice".into());
        self.check(seen.row.dialed_at.is_some(), tag, Some(id), || {
            "dialed, and the row does not say so".into()
        });
        let row = seen.row.clone();
        self.is_one_at_a_time(&calls, &row);
    }

    /// It does so in a room, some time after its dial. On its way there each request takes up to 20 ms; in bad weather, seconds.
    pub fn rings(&self, w: &W, id: CallId) {
        if !w.faults.is_calm() {
            return;
        }
        let (tag, now) = (id.address().tag, Timestamp(w.time() + JITTER_MS));
        self.with_trunk(tag, |facts| {
            facts.rings.push(Timestamp(w.time()));
            facts.highest_cps = facts.highest_cps.max(facts.most(|limits| limits.max_cps));
            let (count, most) = (within_a_second(&mut facts.rings, now), facts.highest_cps);
            self.check(count <= most as usize, tag, Some(id), || {
                format!("{count} phones rang within a second, max_cps is {most}")
            });
        });
    }

    /// A phone rings, and whoever picks up would talk to nobody.
    pub fn rings_for_nobody(&self, id: CallId) {
        let what = "a phone rings while no agent is in the room";
        self.fail(Some(id.address().tag), Some(id), what.into());
    }

    /// A call's room came back, and nobody deleted it.
    pub fn room_returned(&self, id: CallId) {
        if self.has_left(id) {
            return; // nobody remembers it
        }
        let what = "a room that came back is left over";
        self.fail(Some(id.address().tag), Some(id), what.into());
    }

    /// A person is on the phone, and nobody is there to talk to.
    pub fn hears_nothing(&self, id: CallId) {
        let what = "a person who picked up is left with nobody to talk to";
        self.fail(Some(id.address().tag), Some(id), what.into());
    }

    /// The phone of a conversation was hung up, whoever did that.
    pub fn hung_up(&self, w: &W, id: CallId) {
        if let Some(seen) = self.calls.borrow_mut().get_mut(&id) {
            seen.conversation.hung_up.get_or_insert(w.clock());
        }
    }

    /// A conversation's agent left the person alone, or that person hung up.
    pub fn deserted(&self, id: CallId, is_so: bool) {
        if let Some(seen) = self.calls.borrow_mut().get_mut(&id) {
            seen.conversation.deserted = is_so;
        }
    }

    /// A report sets out.
    pub fn reports(&self, id: CallId) {
        if let Some(seen) = self.calls.borrow_mut().get_mut(&id) {
            seen.conversation.reported = true;
        }
    }

    /// A report was taken; one that said when the conversation was over took so long.
    pub fn reported(&self, w: &W, id: CallId, took: Option<u64>) {
        if let (Some(seen), Some(took)) = (self.calls.borrow_mut().get_mut(&id), took) {
            seen.conversation
                .told
                .get_or_insert((w.high.get(), Span(took)));
        }
    }

    /// A callback arrived.
    pub fn received(
        &self,
        w: &W,
        url: &str,
        headers: &[(&'static str, String)],
        body: &str,
        acknowledged: bool,
    ) {
        let header = |name: &str| {
            headers
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.as_str())
        };
        let Some(id) = header("webhook-id") else {
            return self.fail(None, None, "a callback without webhook-id".into());
        };
        if !w.receivers.lets_in(url, header("Authorization")) {
            return self.fail(None, None, format!("{url} lets nobody in by this"));
        }
        let json: Value = serde_json::from_str(body).unwrap_or_default();
        self.campaign_is_told(w, id, &json, body);
        let call = json["call_id"]
            .as_str()
            .and_then(|text| CallId::verify(text, &w.secrets.id_key));
        // A test event's call was made up.
        let Some(call) = call else { return };
        let tag = call.address().tag;
        let mut calls = self.calls.borrow_mut();
        let Some(seen) = calls.get_mut(&call) else {
            return self.fail(
                Some(tag),
                Some(call),
                "a callback of a call without a row".into(),
            );
        };
        let row = &seen.row;
        self.check(row.status.is_terminal(), tag, Some(call), || {
            "a callback before the end".into()
        });
        let given = row.request.callback_url.as_deref().map(address);
        self.check(given.as_deref() == Some(url), tag, Some(call), || {
            "a callback went to another URL".into()
        });
        self.check(
            json["call_status"] == row.status.as_str(),
            tag,
            Some(call),
            || {
                format!(
                    "the callback says {}, the call is {:?}",
                    json["call_status"], row.status
                )
            },
        );
        let (first_id, first_body) = seen
            .webhook
            .get_or_insert_with(|| (id.to_owned(), body.to_owned()));
        self.check(first_id == id, tag, Some(call), || {
            format!("event ids {first_id} and {id}")
        });
        self.check(first_body == body, tag, Some(call), || {
            format!("bodies {first_body} and {body}")
        });
        let failure = row.failure.map(|failure| {
            let words = [json!(failure.source()), json!(failure.code)];
            words
                .map(|word| word.as_str().unwrap_or_default().to_owned())
                .join("/")
        });
        self.check(
            header("X-Audatec-Failure") == failure.as_deref(),
            tag,
            Some(call),
            || format!("the callback of a call that failed with {failure:?} names another failure"),
        );
        let stamp = header("webhook-timestamp").unwrap_or_default();
        let signed = self
            .secrets
            .borrow()
            .get(&row.request.org)
            .is_some_and(|secrets| {
                let plain =
                    |secret: &String| header("X-Audatec-Signature") == Some(&plain(secret, body));
                let standard = |secret: &String| {
                    let ours = standard(secret, id, stamp, body);
                    header("webhook-signature")
                        .is_some_and(|all| all.split(' ').any(|one| one == ours))
                };
                secrets.iter().any(plain) && secrets.iter().any(standard)
            });
        self.check(signed, tag, Some(call), || {
            "a callback is not signed as promised".into()
        });
        let signed_at = Timestamp::from_secs(stamp.parse().unwrap_or_default());
        let standard_by = |secret: &str| {
            let ours = standard(secret, id, stamp, body);
            header("webhook-signature").is_some_and(|all| all.split(' ').any(|one| one == ours))
        };
        let plain_by = |secret: &str| header("X-Audatec-Signature") == Some(&plain(secret, body));
        // By clocks that jump back nothing can be told of before and after.
        let kept = match w.faults.clock_is_true() {
            true => self.keeps_to_rotations(row.request.org, signed_at, plain_by, standard_by),
            false => Ok(()),
        };
        self.check(kept.is_ok(), tag, Some(call), || {
            kept.err().unwrap_or_default()
        });
        seen.acknowledged |= acknowledged;
    }
}

/// A receiver's URL without its user name and password.
fn address(url: &str) -> String {
    let host = url.trim_start_matches("https://");
    let host = host.split_once('@').map_or(host, |(_, host)| host);
    format!("https://{host}")
}

fn plain(secret: &str, body: &str) -> String {
    let mut mac = hmac_sha256(secret.as_bytes());
    mac.update(body.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn standard(secret: &str, id: &str, stamp: &str, body: &str) -> String {
    let encoded = secret.trim_start_matches("whsec_");
    let key = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .unwrap_or_default();
    let mut mac = hmac_sha256(&key);
    mac.update(format!("{id}.{stamp}.{body}").as_bytes());
    format!(
        "v1,{}",
        base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
    )
}
