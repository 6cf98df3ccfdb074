//! The list of commands: how each travels to a trunk's object, its handler, and its reply.
//!
//! What travels is [`TrunkCommand`] and [`TrunkReply`], as JSON in a request to the object. The caller passes a command of this
//! list to [`super::ask`], and gets its reply; handlers and replies are in their desks' files.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::admission::{Admitted, Replay};
use super::callbacks::{Attempted, Begun};
use super::campaign_news::CampaignHeard;
use super::campaigns::TakenBack;
use super::config::{Briefed, Retired};
use super::dispatch::Rung;
use super::erased::{EraseCalls, ErasedCalls};
use super::language::{self, Idempotency, Reader, Trigger, TrunkRefusal, TrunkReply};
use super::media::KeptMedia;
use super::order::{CarrierCredentials, DialOrder};
use super::pages::{CallFilter, DeliveryFilter, Scan};
use super::position::{FeedFilter, FeedPage};
use super::reading::{Listed, LiveNow, LiveSlice, OneCall, OneStatus};
use super::retention::UsedStorage;
use super::sums::{UsageFilter, UsageSoFar};
use super::suppression::Suppressed;
use super::whole::WholePage;
use super::{AskTrunk, Desk, StoreFailed, TrunkStore};
use crate::app::asking::{Command, travels};
use crate::domain::call::{self, InquiryResult, Timed};
use crate::domain::callback::AttemptResult;
use crate::domain::campaign::handover::{Became, Check, Round, RoundAnswer, Standing, TakeBack};
use crate::domain::contacts::Number;
use crate::domain::ids::{AgentId, CallId, CampaignId, DeliveryId, KeyId, OrgId};
use crate::domain::phone::E164;
use crate::domain::time::{Span, Timestamp};
use crate::domain::trunk::{self, Verdict};
use crate::domain::vitals::{self, VitalsAsked};

/// `Command(its: Parts) => handler -> Reply;`
macro_rules! commands {
    ($(
        $(#[doc = $doc:literal])*
        $(#[serde $name:tt])?
        $command:ident $(($($part:ident: $of:ty),+))? $({
            $($(#[doc = $about:literal])* $(#[serde $rule:tt])? $field:ident: $is:ty),+ $(,)?
        })? => $handler:ident -> $reply:ty;
    )+) => {
        travels! {
            /// A request to a trunk's object, as it travels.
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub enum TrunkCommand {$(
                $(#[doc = $doc])*
                $(#[serde $name])?
                $command $(($($part: $of),+))? $({
                    $($(#[doc = $about])* $(#[serde $rule])? $field: $is),+
                })?
            ),+}
        }

        $(
            impl Command for $command {
                type Asked = TrunkCommand;
                type Answer = TrunkReply;
                type Reply = $reply;
            }
        )+

        impl<S: TrunkStore> Desk<'_, '_, S> {
            pub(super) fn carry_out(&mut self, command: TrunkCommand) -> Result<TrunkReply, StoreFailed> {
                match command {$(
                    TrunkCommand::$command $(($($part),+))? $({$($field),+})? => {
                        told::<$command>(self.$handler($($($part),+)? $($($field),+)?))
                    }
                )+}
            }
        }
    };
}

commands! {
    /// The directory's brief.
    Brief(brief: Box<trunk::Brief>) => take_brief -> Briefed;
    /// Asked before a trunk is deleted: take no calls for now.
    Retire => retire -> Retired;
    /// Place a call.
    Admit(trigger: Box<Trigger>) => admit -> Result<Admitted, TrunkRefusal>;
    /// Place a call that may only be dialed at certain times. An object that does not know of times must not take it for one to
    /// dial at once.
    Schedule(trigger: Box<Trigger>) => admit -> Result<Admitted, TrunkRefusal>;
    /// Place a call that further attempts may follow. An object that does not know of that must not take it for a single one.
    Redial(trigger: Box<Trigger>) => admit -> Result<Admitted, TrunkRefusal>;
    /// The copies refuse a request: was it answered before?
    #[serde(rename = "Recall")]
    FindReplay(org: OrgId, key: KeyId, given: Idempotency) => find_replay -> Result<Option<Replay>, TrunkRefusal>;
    /// What would become of a request for a call.
    #[serde(rename = "Foresee")]
    DryRun(trigger: Box<Trigger>) => dry_run -> Result<Verdict, TrunkRefusal>;
    /// What would become of a call that may only be dialed at certain times.
    #[serde(rename = "ForeseeSchedule")]
    DryRunSchedule(trigger: Box<Trigger>) => dry_run -> Result<Verdict, TrunkRefusal>;
    /// A dialer asks for these calls: it gets those that are now its own, and nobody else ever will.
    Claim(calls: Vec<CallId>) => claim -> Vec<DialOrder>;
    /// The phone of a call is about to ring.
    Ring(call: CallId) => ring -> Rung;
    /// What the carrier says about these calls. Returns those that were over already, whatever it says.
    #[serde(rename = "Carrier")]
    CarrierEvents(reports: Vec<(CallId, Vec<Timed>)>) => apply_carrier_events -> Vec<CallId>;
    /// What is known of these calls, for an inquiry: only of those still in progress.
    #[serde(rename = "Examine")]
    InquiryOrders(calls: Vec<CallId>) => inquiry_orders -> Vec<DialOrder>;
    /// What the inquiry found.
    #[serde(rename = "Learn")]
    InquiryResults(results: Vec<(CallId, InquiryResult)>) => learn -> ();
    /// Those of these calls that the carrier must hang up and clean up.
    #[serde(rename = "Release")]
    TearDown(calls: Vec<CallId>) => tear_down -> Vec<DialOrder>;
    /// The carrier has cleaned up after these.
    #[serde(rename = "Released")]
    TornDown(calls: Vec<CallId>) => torn_down -> ();
    /// These places of a call among the dials to its number were given back.
    GivenBack(call: CallId, tickets: Vec<u64>) => given_back -> ();
    /// The credentials of this trunk's carrier, if it sends webhooks: the present one, or a call's, which may have been dialed
    /// over an earlier one.
    #[serde(rename = "Line")]
    Credentials(of: Option<CallId>) => credentials -> Option<CarrierCredentials>;
    /// The agent of a call.
    #[serde(rename = "Talker")]
    AgentOf(call: CallId) => agent_of -> Option<(OrgId, AgentId)>;
    /// The carrier reports that a call's room exists.
    RoomSeen(call: CallId) => room_seen -> ();
    /// What is kept of a call.
    Media(call: CallId) => media -> KeptMedia;
    /// Where the recording of a call is.
    Recorded(call: CallId, location: String) => recorded -> ();
    /// The agent's report.
    Report {
        /// The call that it is about.
        call: CallId,
        /// What is stored with the call.
        report: call::Report,
        /// What was said, if the agent reported it.
        #[serde(default)]
        transcript: Option<Value>,
    } => report -> Option<()>;
    /// What was said in one call, for this reader.
    Transcript(reader: Reader, call: CallId) => transcript -> Result<Option<Value>, TrunkRefusal>;
    /// Read one call, for this reader.
    Read(reader: Reader, call: CallId) => read -> OneCall;
    /// The status of one call, for this reader.
    Status(reader: Reader, call: CallId) => status -> OneStatus;
    /// Stop one call.
    Cancel(reader: Reader, call: CallId) => cancel -> OneCall;
    /// The calls that hold a channel, oldest first, all at once: asked by an edge of an earlier release.
    Live(reader: Reader) => live -> LiveNow;
    /// The calls that hold a channel, from this row on: some of them, oldest first.
    LiveFrom(reader: Reader, row: u64) => live_from -> LiveSlice;
    /// How much storage its calls take up.
    Storage(reader: Reader) => storage -> Option<UsedStorage>;
    /// What this trunk tells the live feed.
    Feed(reader: Reader, filter: FeedFilter) => follow -> Result<FeedPage, TrunkRefusal>;
    /// A page of calls, newest first.
    List(reader: Reader, filter: CallFilter) => list -> Listed;
    /// Complete calls, newest first, each as the lines of an export: as many as a page holds.
    Whole(reader: Reader, filter: CallFilter) => whole -> Result<WholePage, TrunkRefusal>;
    /// What its calls add up to.
    Usage(reader: Reader, filter: Box<UsageFilter>) => usage -> Result<UsageSoFar, TrunkRefusal>;
    /// A page of callbacks, newest first: calls, each with its delivery.
    Deliveries(reader: Reader, filter: DeliveryFilter) => deliveries -> Scan;
    /// One more attempt at a call's callback.
    Redeliver(reader: Reader, call: CallId) => redeliver -> OneCall;
    /// A sender is about to make a callback attempt. `None`: it must not be made, or another makes it.
    Begin {
        /// The delivery that the attempt belongs to.
        delivery: DeliveryId,
        /// The attempt's number, from 1.
        attempt: u32,
        /// Its message was too long for a queue: the reply is `NextAttempt`, with all of it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        wants_message: bool,
    } => begin -> Option<Begun>;
    /// The result of a callback attempt.
    Delivered {
        /// The delivery that the attempt belongs to.
        delivery: DeliveryId,
        /// The attempt's number, from 1.
        attempt: u32,
        /// The receiver's answer, or why there was none.
        result: AttemptResult,
        /// The sender takes another attempt, if one is due: the reply is `NextAttempt`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        takes_next: bool,
    } => delivered -> Attempted;
    /// A callback's sender is waiting for a slow receiver, at most until then.
    Extend {
        /// The delivery that the attempt belongs to.
        delivery: DeliveryId,
        /// The attempt's number, from 1.
        attempt: u32,
        /// The end of the lease, at most.
        until: Timestamp,
    } => extend -> ();
    /// These numbers of an organisation are suppressed: open calls to them are taken back.
    Suppress {
        /// The organisation that suppresses them.
        org: OrgId,
        /// The suppressed numbers.
        numbers: Vec<Number>,
        /// From this row on.
        from: u64,
        /// Phones still ringing have had their time.
        last: bool,
    } => suppress -> Suppressed;
    /// A campaign's round: it hands over calls, and asks for ids for the next.
    #[serde(rename = "CampaignTurn")]
    CampaignRound(round: Round) => take_round -> Result<RoundAnswer, TrunkRefusal>;
    /// How these people, whom a campaign is to call soon, stand; in order.
    CampaignCheck(check: Check) => check -> Result<Vec<Standing>, TrunkRefusal>;
    /// How these calls of a campaign ended.
    CampaignOutcomes {
        /// The campaign's organisation.
        org: OrgId,
        /// The campaign.
        campaign: CampaignId,
        /// The calls asked about.
        calls: Vec<CallId>,
    } => outcomes -> Vec<(CallId, Became)>;
    /// A campaign takes back these calls.
    CampaignTakeBack {
        /// The campaign's organisation.
        org: OrgId,
        /// The campaign.
        campaign: CampaignId,
        /// The calls it takes back.
        calls: Vec<CallId>,
        /// Whether it was paused or cancelled, which matters for ringing phones.
        why: TakeBack,
        /// Phones still ringing have had their time.
        last: bool,
    } => take_back -> TakenBack;
    /// A campaign reports its state, for the live feed's listeners.
    CampaignTells {
        /// The campaign's organisation.
        org: OrgId,
        /// The campaign.
        campaign: CampaignId,
        /// As clients see it, in JSON.
        view: String,
    } => hear_campaign -> CampaignHeard;
    /// The organisation and the number of a call.
    NumberOf(call: CallId) => number_of -> Option<(OrgId, E164)>;
    /// Erases one person's calls, some at a time.
    Erase(asked: Box<EraseCalls>) => erase -> Option<ErasedCalls>;
    /// The archive has these calls: their rows are removed.
    Forget(calls: Vec<CallId>) => forget -> ();
    /// Do what is due: the cron's poke, in case an alarm was lost.
    Tick => tick -> ();
    /// Its report on itself, for its operator.
    Vitals(asked: VitalsAsked) => vitals -> Box<vitals::Vitals>;
    /// What the object has done since it was loaded.
    Work => work -> language::Work;
}

/// A command's reply, as it travels.
fn told<C: AskTrunk<Reply: Into<TrunkReply>>>(
    reply: Result<C::Reply, StoreFailed>,
) -> Result<TrunkReply, StoreFailed> {
    reply.map(C::Reply::into)
}

impl TrunkCommand {
    /// How long its answer may wait for news, if it may.
    #[must_use]
    pub fn wait(&self) -> Option<Span> {
        match self {
            Self::Feed(_, filter) => Some(filter.wait),
            _ => None,
        }
    }

    /// Whether it is answered in the same turn, so that others may wait for the same message's answer.
    #[must_use]
    pub fn is_quick(&self) -> bool {
        self.asks_for_a_call() || matches!(self, Self::Read(..) | Self::Status(..))
    }

    /// Whether it is a request for a call, or a dry run of one.
    fn asks_for_a_call(&self) -> bool {
        matches!(
            self,
            Self::Admit(_)
                | Self::Schedule(_)
                | Self::Redial(_)
                | Self::DryRun(_)
                | Self::DryRunSchedule(_)
        )
    }

    /// Whether it may look at many rows: see [`super::Slices`].
    #[must_use]
    pub fn looks_at_many(&self) -> bool {
        matches!(
            self,
            Self::List(..) | Self::Deliveries(..) | Self::Feed(..) | Self::Usage(..)
        ) || matches!(self, Self::Vitals(asked) if asked.counts())
    }

    /// Whether a sender takes another attempt with the answer.
    pub(super) fn takes_next(&self) -> bool {
        matches!(
            self,
            Self::Delivered {
                takes_next: true,
                ..
            }
        )
    }

    /// Whether its answer depends on which calls hold a channel.
    pub(super) fn counts_channels(&self) -> bool {
        self.asks_for_a_call()
            || matches!(
                self,
                Self::Retire | Self::Live(_) | Self::LiveFrom(..) | Self::CampaignRound(_)
            )
    }
}
