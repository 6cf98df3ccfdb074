//! What campaigns ask their trunk, and the answers.

use super::reply::reply;
use super::{Answer, Desk, TrunkRefusal, TrunkStore};
use crate::app::messages::Outgoing;
use crate::domain::calling_hours::ZoneName;
use crate::domain::campaign::handover::{
    Became, Check, Ended, Round, RoundAnswer, Standing, TakeBack, Taken,
};
use crate::domain::contacts::{Number, Question, Word};
use crate::domain::ids::{AgentId, CallId, CampaignId, OrgId};
use crate::domain::phone::E164;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::domain::trunk::Trunk;

/// How far a trunk has got with giving back a campaign's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenBack {
    /// A phone may ring right now: what is left of them must be taken back then, for the last time.
    pub again_at: Option<Timestamp>,
}

reply!(RoundAnswer: answer = Round(answer));
reply!(Vec<Standing>: standings = Standings(standings));
reply!(Vec<(CallId, Became)>: calls = Outcomes(calls));
reply!(TakenBack { again_at } = TakenBack { again_at });

/// The questions about numbers before a round: about those of the calls handed over.
pub(super) fn questions_of_round(
    trunk: &mut Trunk,
    round: &Round,
    now: Timestamp,
) -> Vec<Question> {
    let mut questions = Vec::new();
    for handed in &round.calls {
        let request = &handed.request;
        if trunk.is_granted(round.campaign, handed.call) {
            let zone = request.time_zone.as_ref();
            let callee = (&request.phone, zone);
            ask(trunk, request.agent.id, callee, now, &mut questions);
        }
    }
    questions
}

/// The same before people are checked.
pub(super) fn questions_of_check(
    trunk: &mut Trunk,
    check: &Check,
    now: Timestamp,
) -> Vec<Question> {
    let mut questions = Vec::new();
    for (phone, zone) in &check.people {
        let callee = (phone, zone.as_ref());
        ask(trunk, check.agent, callee, now, &mut questions);
    }
    questions
}

/// Asks about each number once.
fn ask(
    trunk: &mut Trunk,
    agent: AgentId,
    (phone, zone): (&E164, Option<&ZoneName>),
    now: Timestamp,
    questions: &mut Vec<Question>,
) {
    let number = Number::of(phone);
    if questions.iter().all(|asked| asked.number != number) {
        questions.push(trunk.question_for(agent, phone, zone, now));
    }
}

impl<S: TrunkStore> Desk<'_, '_, S> {
    fn known_of(&self, phone: &E164) -> Option<Word> {
        let said = self.words.of(Number::of(phone), None);
        said.map(|(_, word)| *word)
    }

    fn is_of_another(&self, org: OrgId) -> bool {
        let brief = self.trunk.brief();
        brief.is_none_or(|brief| brief.config.org_id != org)
    }

    pub(super) fn take_round(&mut self, round: Round) -> Answer<Result<RoundAnswer, TrunkRefusal>> {
        let Round {
            org,
            campaign,
            key,
            agent,
            demand,
            calls,
        } = round;
        if self.is_of_another(org) {
            return Ok(Err(TrunkRefusal::TrunkNotFound));
        }
        let may_call = self.trunk.may_call_for(org, key, agent);
        if calls.is_empty() && may_call == Err(Refusal::InvalidKey) {
            return Ok(Err(TrunkRefusal::InvalidKey));
        }
        self.trunk.takes_round(campaign, demand, self.now);
        let mut taken = Vec::with_capacity(calls.len());
        for handed in calls {
            let (id, known) = (handed.call, self.known_of(&handed.request.phone));
            let became = self
                .trunk
                .hand_over(campaign, handed, known, self.now, self.step);
            taken.push((id, became));
        }
        let not_taken = taken
            .iter()
            .filter(|(_, became)| *became != Taken::Accepted);
        let not_taken = u32::try_from(not_taken.count()).unwrap_or(u32::MAX);
        let granted = self.trunk.grant(
            (campaign, agent),
            may_call,
            (demand, not_taken),
            self.now,
            self.step,
        );
        Ok(Ok(RoundAnswer {
            taken,
            granted: granted.calls,
            again_at: granted.again_at,
            held_by: granted.held_by,
        }))
    }

    pub(super) fn check(&mut self, check: Check) -> Answer<Result<Vec<Standing>, TrunkRefusal>> {
        if self.is_of_another(check.org) {
            return Ok(Err(TrunkRefusal::TrunkNotFound));
        }
        let hours = check.hours.as_deref();
        let standing = |(phone, zone): &(E164, Option<ZoneName>)| {
            let known = self.known_of(phone);
            let callee = (phone, zone.as_ref());
            self.trunk
                .stands_for(check.agent, callee, hours, known, self.now)
        };
        Ok(Ok(check.people.iter().map(standing).collect()))
    }

    pub(super) fn outcomes(
        &mut self,
        org: OrgId,
        campaign: CampaignId,
        calls: Vec<CallId>,
    ) -> Answer<Vec<(CallId, Became)>> {
        if self.is_of_another(org) {
            return Ok(Vec::new());
        }
        let became = calls.into_iter().map(|id| {
            let became = self.trunk.became(campaign, id, self.now, self.step);
            (id, became)
        });
        Ok(became.collect())
    }

    pub(super) fn take_back(
        &mut self,
        org: OrgId,
        campaign: CampaignId,
        calls: Vec<CallId>,
        why: TakeBack,
        last: bool,
    ) -> Answer<TakenBack> {
        let again_at = match self.is_of_another(org) {
            true => None,
            false => self
                .trunk
                .take_back(campaign, &calls, (why, last), self.now, self.step),
        };
        Ok(TakenBack { again_at })
    }

    /// Tells a campaign how its call ended.
    pub(super) fn tell_campaign(&mut self, id: CallId, outgoing: &mut Outgoing) {
        let Some(call) = self.trunk.call(id, self.step) else {
            return;
        };
        let campaign = call.request.campaign.as_ref().map(|own| own.id);
        if let (Some(campaign), Some(ended)) = (campaign, Ended::of(call)) {
            outgoing.tell_campaign(campaign, vec![(id, ended)]);
        }
    }
}
