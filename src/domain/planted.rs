//! Faults that the simulation plants, one at a time, to show that it would find them.
//!
//! Without the feature `planted` the question is answered by a constant: nothing of a fault is in
//! the build. A build for the Worker with the feature does not compile.

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $fault:ident,)*) => {
        /// A fault that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[doc = $doc])* $fault,)*
        }

        /// All of them; those of [`UNSIMULATED`] are found in `tests/directory`, `tests/dialer` and `tests/campaign`, all others by the simulation.
        #[cfg(feature = "planted")]
        pub const ALL: &[Fault] = &[$(Fault::$fault,)*];

        /// What the simulation does not live through.
        #[cfg(feature = "planted")]
        pub const UNSIMULATED: &[Fault] = &[
            Fault::ShortUnawaited,
            Fault::GoneTrunkKept,
            Fault::EmptiedOnce,
            Fault::ScheduledRingsFirst,
            Fault::CampaignEndUntold,
        ];
    };
}

faults! {
    /// Calls that leave are counted by no hour.
    UsageLost,
    /// An hour of which all is noted is counted again.
    UsageTwice,
    /// What is noted of an hour stays, though one of its calls changed.
    UsageStale,
    /// A question for usage reads as many rows as there are.
    UsageUnbounded,
    /// A contact limit lets one dial more through.
    ContactOffByOne,
    /// A place that was reserved for a call that there never was is kept.
    ContactNeverLapses,
    /// A call that was not dialed keeps its place.
    ContactUnreturned,
    /// A call whose phone rang gives its place back.
    ContactReturnedRung,
    /// A dialer gets a call whatever contact limits say by then.
    ContactUnclaimed,
    /// An agent's own contact limits are not looked at.
    ContactOwnIgnored,
    /// After a restart the day's acceptances are forgotten.
    DayForgotten,
    /// A call that nobody claimed is never handed out again.
    LostIntent,
    /// A call is claimed as often as its message comes.
    DoubleClaim,
    /// A call that was never dialed keeps its channel.
    ChannelLeak,
    /// A late event changes a call that is over.
    TerminalOverwritten,
    /// After its first alarm an object sets no other.
    AlarmNotRearmed,
    /// A callback that failed is not tried again.
    CallbackForgotten,
    /// One more a second than `max_cps`.
    PacingOffByOne,
    /// A revoked key starts calls while a copy vouches for it.
    StaleKeyHonoured,
    /// A dialed call of which nobody heard is dialed again.
    RedialOnUnknown,
    /// An `Idempotency-Key` is not looked up.
    IdempotencyIgnored,
    /// After a restart the last second's acceptances are forgotten.
    WindowNotRestored,
    /// An answered call rings again.
    CallMovesBack,
    /// The last in the queue leaves it first.
    LineOvertaken,
    /// A call that ended waits for its report without being due.
    ReportAwaitedForEver,
    /// An answer is given though its rows could not be written.
    AnsweredUnwritten,
    /// The first trunks are told of a change, and the others forgotten.
    RestForgotten,
    /// A page is shown though trunks were not asked that may hold newer calls.
    RestUnasked,
    /// A call is shown to any organisation.
    ForeignCallShown,
    /// An attempt whose sender died is never handed out again.
    LeaseForEver,
    /// A restriction is answered as done though a trunk was not told.
    UntoldAnswered,
    /// What is owed is taken off though it was not told.
    DebtForgotten,
    /// A dry run places the call.
    DryRunDials,
    /// Open calls are forgotten when the object did not run for long.
    DowntimeForgets,
    /// A call that is over holds its channel until its alarm comes.
    OverdueHoldsChannel,
    /// An `Idempotency-Key` is answered with a call that was never kept.
    KeyWithoutCall,
    /// After an alarm was lost, no other is set.
    LostAlarmAwaited,
    /// A directory that owes nothing wakes again and again.
    DirectoryNeverSleeps,
    /// A call leaves the line for the dialer though its wait ran out.
    ImpatientDialed,
    /// A call is claimed though its time for that is over.
    ClaimedTooLate,
    /// The live feed forgets the calls that closed.
    FeedForgets,
    /// A question for the feed's history reads as many rows as there are.
    FeedUnbounded,
    /// It ends after so many rows, whether whoever asks got on by that or not.
    FeedStandsStill,
    /// A room that is left over counts as deleted.
    RoomLeftOver,
    /// A dial whose answer was lost is asked for again.
    LostDialRepeated,
    /// Phones ring as soon as their agents are there.
    RingsUnpaced,
    /// A phone rings though its agent was not seen in the room.
    AgentPresumed,
    /// A callback of a call that failed does not say why.
    FailureUntold,
    /// A room of a call that is over may come back.
    RoomReturns,
    /// A room that was deleted is not deleted once more.
    DeletedOnce,
    /// A secret ends when the one after it is replaced.
    OverlapCutShort,
    /// A rotated secret is answered before trunks know of it.
    RotationUntold,
    /// Each copy of a callback's message makes its attempt.
    AttemptRepeated,
    /// That an agent left, or is not there, is no news.
    AgentLeftIgnored,
    /// An agent's report of a conversation that goes on is no news.
    FarewellIgnored,
    /// A conversation ends when somebody finds that it did.
    EndAsFound,
    /// The outcome of a conversation that was stopped is not waited for.
    StoppedOutcomeLost,
    /// An agent that breaks off is called again and again.
    AgentBreakerNeverOpens,
    /// An agent that broke off is never called again.
    AgentBreakerNeverCloses,
    /// Credentials in a callback's URL stay in it.
    CredentialsKept,
    /// Credentials in a callback's URL are shown.
    CredentialsShown,
    /// Why the dialer failed is told to nobody.
    ReasonUntold,
    /// What was created under an `Idempotency-Key` is created again.
    CreatedAgain,
    /// What is guarded is used without a permit.
    PermitUnasked,
    /// A trunk is not told of the end of what it was permitted.
    PermittedUntold,
    /// The end of somebody is answered while a trunk may take them for good that is told of nothing.
    ShortUnawaited,
    /// The objects of trunks that were deleted before their organisation are left as they are.
    GoneTrunkKept,
    /// What comes late to a place that a deletion has emptied stays there.
    EmptiedOnce,
    /// A trunk does as it is asked, however long that was on its way.
    LateHeeded,
    /// As many attempts at one receiver's host are out as a trunk may have.
    HostUnbounded,
    /// As many attempts of a trunk are out as are due.
    AttemptsUnbounded,
    /// A call that is over stays in memory for its callback's sake.
    TerminalKept,
    /// What a receiver said is forgotten when it can't be written.
    ResultForgotten,
    /// A trunk that can't write lets no call go.
    FullForEver,
    /// A trunk that told of its news does not notice that it was asked for them.
    AskedOnce,
    /// What a trunk tells of, the directory takes as known to all who wait.
    NudgeDropped,
    /// Where the directory heard nothing, the live feed counts as told up to then.
    SilenceTold,
    /// What a row keeps of its call's entry is not written anew.
    KeptStale,
    /// After a restart all calls in progress are asked about at once.
    AskedAtOnce,
    /// After a restart the first calls in progress are asked about, and no others.
    TurnNeverComes,
    /// A list shows calls as they were accepted.
    ShownStale,
    /// A slice of a list leaves out its last call.
    SliceSkips,
    /// A slice of a list tells its last call twice.
    SliceRepeats,
    /// Those who look at many rows do not wait for each other.
    ViewersTogether,
    /// While nothing can be written each claim is tried anyway.
    ClaimedInVain,
    /// A page looks at all of its rows at once.
    SeenAtOnce,
    /// A callback's message that is over is acted upon.
    StaleHeeded,
    /// Calls that were refused leave no sooner than others.
    RefusedStay,
    /// Calls that were refused are kept for an hour.
    RefusedLeaveEarly,
    /// Calls that were refused are kept for a week.
    RefusedLeaveLate,
    /// Calls that were refused stay if they could not leave when it was their turn.
    PendingPassed,
    /// A trunk that has little room left lets calls go by their age alone.
    FullUnnoticed,
    /// A trunk that has hardly any room left takes calls anyway.
    CrowdedAdmits,
    /// A callback's message is sent as it is, however long.
    MessageUnmeasured,
    /// What hangs up is sent to the queue of what rings.
    HangUpsBehindDials,
    /// A deleted trunk stays in the live feed.
    DeletedFollowed,
    /// A trunk that asks of numbers does not ask.
    NumbersUnasked,
    /// A call to a number that is suppressed is accepted.
    SuppressedAdmitted,
    /// A trunk that is told of a suppression takes no call back.
    SuppressionIgnored,
    /// Trunks are not told that they are to ask of numbers.
    AskingUntold,
    /// A scheduled call is taken into the queue before it is due.
    DialedEarly,
    /// A call is dialed though its time is over.
    DialedLate,
    /// After a restart nobody knows where the schedule begins.
    ScheduleForgotten,
    /// A scheduled call counts as accepted in the second in which it was asked for.
    ScheduledCounted,
    /// A call that was scheduled lets none be dialed before it.
    ScheduledFirst,
    /// Nor any phone ring before its own.
    ScheduledRingsFirst,
    /// A trunk that is told of a suppression leaves scheduled calls where they are.
    ScheduledNotWithdrawn,
    /// A claim looks at no calling hours.
    HoursIgnoredAtClaim,
    /// Nobody looks at calling hours again before a phone in a room rings.
    HoursIgnoredAtRing,
    /// Calling hours are not looked at again once a call was scheduled.
    ScheduledUnchecked,
    /// The minute after a window's last belongs to it.
    WindowEndsLate,
    /// A fallback zone counts where the callee's is known.
    FallbackFirst,
    /// A series has more attempts than it may.
    RedialUnbounded,
    /// The next attempt is due as soon as one ends.
    RedialAtOnce,
    /// Another attempt follows one that was cancelled.
    CancelledGoesOn,
    /// Of two rows that belong together the end of an attempt is written first.
    SuccessorLost,
    /// A stray attempt is dialed like any other.
    SuccessorDoubled,
    /// Attempts that follow others count on no day.
    RedialUncounted,
    /// A call whose hand-over was not answered counts as none, and its recipient is called anew.
    HandedTwice,
    /// Two on a campaign's list with one number are called at once.
    NumberTwice,
    /// Those who wait are not counted as waiting.
    CountDrifts,
    /// A pause is answered before calls are taken back.
    PauseLeaks,
    /// A campaign's share of the channels is no bound.
    ShareExceeded,
    /// Of what is free a campaign gets all that it can use, whatever others have.
    UnfairShare,
    /// A campaign's share of the dials is no bound.
    RateExceeded,
    /// A campaign's calls count in the window that refuses direct ones.
    CampaignBlocks,
    /// A campaign's own calling hours are not looked at.
    CampaignHoursIgnored,
    /// That all are decided a campaign finds out some time later.
    CompletesLate,
    /// After a crash nobody asks what became of a campaign's calls.
    StallsAfterCrash,
    /// Of calls of which nothing is heard nobody asks.
    OutcomeUnasked,
    /// Suppressions are nothing to campaigns.
    SuppressedCalled,
    /// A recipient's attempts are not counted.
    CampaignRedialsOn,
    /// The end of a campaign is told anew when it was told.
    CompletionAgain,
    /// A campaign tells the feed of itself as often as it likes.
    CampaignToldAtOnce,
    /// After a restart a campaign that rests tells the feed nothing.
    CampaignEndUntold,
    /// Of an erased number's calls one in each batch stays.
    ErasedInPart,
}

/// Whether a fault is planted: no.
#[cfg(not(feature = "planted"))]
#[inline(always)]
#[must_use]
pub const fn planted(_: Fault) -> bool {
    false
}

#[cfg(all(feature = "planted", target_arch = "wasm32", not(clippy)))]
compile_error!("planted faults are for native tests alone");

#[cfg(feature = "planted")]
pub use switch::{plant, planted};

#[cfg(feature = "planted")]
mod switch {
    use std::cell::Cell;

    use super::Fault;

    thread_local! {
        static PLANTED: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Plants this fault in this thread, and no other.
    pub fn plant(fault: Option<Fault>) {
        PLANTED.set(fault);
    }

    /// Whether a fault is planted in this thread.
    #[must_use]
    pub fn planted(fault: Fault) -> bool {
        PLANTED.get() == Some(fault)
    }
}
