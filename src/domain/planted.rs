//! Faults that the simulation plants, one at a time, to show that it would find them.
//!
//! Without the feature `planted` the question is answered by a constant, so no part of a fault gets
//! into the build. A build for the Worker with the feature does not compile.

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $fault:ident,)*) => {
        /// A fault that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[doc = $doc])* $fault,)*
        }

        /// All of them; those in [`UNSIMULATED`] are found by `tests/directory`, `tests/dialer` and `tests/campaign`, all others by the simulation.
        #[cfg(feature = "planted")]
        pub const ALL: &[Fault] = &[$(Fault::$fault,)*];

        /// Those that can't occur in the simulation.
        #[cfg(feature = "planted")]
        pub const UNSIMULATED: &[Fault] = &[
            Fault::ShortUnawaited,
            Fault::EmptiedOnce,
            Fault::ScheduledRingsFirst,
            Fault::CampaignEndUntold,
            Fault::HandedOverForgotten,
        ];
    };
}

faults! {
    /// Calls that leave are not counted in any hour.
    UsageLost,
    /// An hour that is completely recorded is counted again.
    UsageTwice,
    /// What is recorded of an hour stays, though one of its calls changed.
    UsageStale,
    /// A question for usage reads any number of rows.
    UsageUnbounded,
    /// A contact limit allows one dial too many.
    ContactOffByOne,
    /// A place reserved for a call that never existed is kept.
    ContactNeverLapses,
    /// A call that was not dialed keeps its place.
    ContactUnreturned,
    /// A call whose phone rang gives its place back.
    ContactReturnedRung,
    /// A claim is granted whatever contact limits say by then.
    ContactUnclaimed,
    /// An agent's own contact limits are ignored.
    ContactOwnIgnored,
    /// After a restart the day's acceptances are forgotten.
    DayForgotten,
    /// A call that nobody claimed is never handed out again.
    LostIntent,
    /// A call is claimed as often as its message comes.
    DoubleClaim,
    /// A call that was never dialed keeps its channel.
    ChannelLeak,
    /// A late event changes a call that has ended.
    TerminalOverwritten,
    /// After its first alarm an object sets no other.
    AlarmNotRearmed,
    /// A callback that failed is not tried again.
    CallbackForgotten,
    /// One more per second than `max_cps`.
    PacingOffByOne,
    /// A revoked key starts calls while a copy vouches for it.
    StaleKeyHonoured,
    /// A dialed call that was not reported on is dialed again.
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
    /// The first trunks are told about a change, and the others forgotten.
    RestForgotten,
    /// A page is shown although trunks that may hold newer calls were not asked.
    RestUnasked,
    /// A call is shown to any organisation.
    ForeignCallShown,
    /// An attempt whose sender died is never handed out again.
    LeaseForEver,
    /// A restriction is answered as done though a trunk was not told.
    UntoldAnswered,
    /// What is owed is struck off without having been told.
    DebtForgotten,
    /// A dry run places the call.
    DryRunDials,
    /// Open calls are forgotten when the object was down for long.
    DowntimeForgets,
    /// A call that is over holds its channel until its alarm comes.
    OverdueHoldsChannel,
    /// An `Idempotency-Key` is answered with a call that was never stored.
    KeyWithoutCall,
    /// After an alarm was lost, no other is set.
    LostAlarmAwaited,
    /// A directory that owes nothing keeps waking.
    DirectoryNeverSleeps,
    /// A call leaves the queue for the dialer though its wait has ended.
    ImpatientDialed,
    /// A call is claimed though its time for that has passed.
    ClaimedTooLate,
    /// The live feed forgets calls that have ended.
    FeedForgets,
    /// A question for the feed's history reads any number of rows.
    FeedUnbounded,
    /// It ends after a fixed number of rows, whether or not whoever asks got on.
    FeedStandsStill,
    /// A room that was left behind counts as deleted.
    RoomLeftOver,
    /// A dial whose answer was lost is asked for again.
    LostDialRepeated,
    /// Phones ring as soon as their agents are there.
    RingsUnpaced,
    /// A phone rings though its agent was not seen in the room.
    AgentPresumed,
    /// A callback of a call that failed does not say why.
    FailureUntold,
    /// The room of a call that is over may come back.
    RoomReturns,
    /// A room that was deleted is not deleted once more.
    DeletedOnce,
    /// A secret stops signing when its successor is replaced.
    OverlapCutShort,
    /// A rotated secret is answered before trunks know of it.
    RotationUntold,
    /// Every copy of a callback's message makes its attempt.
    AttemptRepeated,
    /// An agent that left, or never came, is ignored.
    AgentLeftIgnored,
    /// An agent's report during a conversation is ignored.
    FarewellIgnored,
    /// A conversation counts as having ended when its end was found.
    EndAsFound,
    /// The outcome of a conversation that was stopped is not waited for.
    StoppedOutcomeLost,
    /// An agent that breaks off calls goes on getting them.
    AgentBreakerNeverOpens,
    /// An agent that broke off calls never gets one again.
    AgentBreakerNeverCloses,
    /// Credentials in a callback's URL stay in it.
    CredentialsKept,
    /// Credentials in a callback's URL are shown.
    CredentialsShown,
    /// Why the dialer failed is told to nobody.
    ReasonUntold,
    /// What was created under an `Idempotency-Key` is created again.
    CreatedAgain,
    /// A guarded thing is used without a permit.
    PermitUnasked,
    /// A trunk is not told when what it was permitted to use ends.
    PermittedUntold,
    /// A revocation is answered while a trunk that is told nothing may still accept the key or agent.
    ShortUnawaited,
    /// The objects of trunks deleted before their organisation are not emptied.
    GoneTrunkKept,
    /// An organisation being deleted goes on calling people.
    DeletedCallsOn,
    /// What arrives late at a place that a deletion has emptied stays there.
    EmptiedOnce,
    /// A trunk carries out a request however long it was in transit.
    LateHeeded,
    /// One receiver's host gets as many attempts at a time as a whole trunk may have.
    HostUnbounded,
    /// A trunk has any number of attempts out.
    AttemptsUnbounded,
    /// A call that is over stays in memory until its callback is done.
    TerminalKept,
    /// A receiver's answer is forgotten when it can't be written.
    ResultForgotten,
    /// A trunk that can't write lets no call leave.
    FullForEver,
    /// A trunk that announced news does not notice that it was asked for them.
    AskedOnce,
    /// The directory takes what a trunk announces as known to all who wait.
    NudgeDropped,
    /// Where the directory heard nothing, the live feed counts as complete up to then.
    SilenceTold,
    /// What a row keeps of its call's entry is not rewritten.
    KeptStale,
    /// After a restart, carriers are asked about all calls in progress at once.
    AskedAtOnce,
    /// After a restart, carriers are asked about the first calls in progress only.
    TurnNeverComes,
    /// A list shows calls as they were accepted.
    ShownStale,
    /// A slice of a list omits its last call.
    SliceSkips,
    /// A slice of a list repeats its last call.
    SliceRepeats,
    /// Those who look at many rows don't wait for each other.
    ViewersTogether,
    /// While nothing can be written, every claim is tried anyway.
    ClaimedInVain,
    /// A page looks at all of its rows at once.
    SeenAtOnce,
    /// A callback's message is acted on though it has expired.
    StaleHeeded,
    /// Calls that were refused leave no sooner than others.
    RefusedStay,
    /// Calls that were refused are kept for an hour.
    RefusedLeaveEarly,
    /// Calls that were refused are kept for a week.
    RefusedLeaveLate,
    /// Refused calls that could not leave when it was their turn stay for good.
    PendingPassed,
    /// A trunk short of storage lets calls leave by age alone.
    FullUnnoticed,
    /// A trunk with hardly any storage left goes on accepting calls.
    CrowdedAdmits,
    /// A callback's message is sent as it is, however large.
    MessageUnmeasured,
    /// Hang-ups are sent to the queue of the dials.
    HangUpsBehindDials,
    /// A deleted trunk stays in the live feed.
    DeletedFollowed,
    /// A trunk that should look up numbers does not.
    NumbersUnasked,
    /// A call to a suppressed number is accepted.
    SuppressedAdmitted,
    /// A trunk told about a suppression takes no call back.
    SuppressionIgnored,
    /// Trunks are not told to look up numbers.
    AskingUntold,
    /// A scheduled call is taken into the queue before it is due.
    DialedEarly,
    /// A call is dialed though its time is over.
    DialedLate,
    /// After a restart nobody knows where the schedule begins.
    ScheduleForgotten,
    /// A scheduled call counts as accepted in the second in which it was requested.
    ScheduledCounted,
    /// A scheduled call does not let others be dialed before it.
    ScheduledFirst,
    /// It does not let their phones ring before its own either.
    ScheduledRingsFirst,
    /// A trunk told about a suppression leaves scheduled calls alone.
    ScheduledNotWithdrawn,
    /// Claims ignore calling hours.
    HoursIgnoredAtClaim,
    /// Calling hours are not checked again before a phone in a room rings.
    HoursIgnoredAtRing,
    /// Calling hours are not checked again once a call was scheduled.
    ScheduledUnchecked,
    /// The minute after a window's end counts as open.
    WindowEndsLate,
    /// A fallback zone is used even where the callee's is known.
    FallbackFirst,
    /// A series has more attempts than it may.
    RedialUnbounded,
    /// The next attempt is due as soon as one ends.
    RedialAtOnce,
    /// A cancelled attempt is followed by another.
    CancelledGoesOn,
    /// Of two rows that belong together, the end of an attempt is written first.
    SuccessorLost,
    /// A stray attempt is dialed like any other.
    SuccessorDoubled,
    /// Attempts that follow others count towards no day.
    RedialUncounted,
    /// A call whose hand-over got no answer counts as not made, and its recipient is called again.
    HandedTwice,
    /// Two recipients with the same number are called at the same time.
    NumberTwice,
    /// Recipients who wait are not counted as waiting.
    CountDrifts,
    /// A pause is answered before calls are taken back.
    PauseLeaks,
    /// A campaign's share of the channels is ignored.
    ShareExceeded,
    /// A campaign gets all it can use of what is free, whatever others have.
    UnfairShare,
    /// A campaign's share of the dials is ignored.
    RateExceeded,
    /// A campaign's calls count in the window that refuses direct calls.
    CampaignBlocks,
    /// A campaign's own calling hours are ignored.
    CampaignHoursIgnored,
    /// A campaign notices late that all its recipients are decided.
    CompletesLate,
    /// After a crash nobody asks how a campaign's calls ended.
    StallsAfterCrash,
    /// Nobody asks about calls that nothing is heard of.
    OutcomeUnasked,
    /// Campaigns ignore suppressions.
    SuppressedCalled,
    /// A recipient's attempts are not counted.
    CampaignRedialsOn,
    /// A campaign's end is told again after it was told.
    CompletionAgain,
    /// A campaign reports to the feed as often as it likes.
    CampaignToldAtOnce,
    /// After a restart, a campaign at rest reports nothing to the feed.
    CampaignEndUntold,
    /// A trunk does not record that campaigns' calls have left.
    HandedOverForgotten,
    /// In each batch of an erased number's calls, one stays.
    ErasedInPart,
}

/// Whether a fault is planted: never.
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

    /// Plants a fault in this thread only.
    pub fn plant(fault: Option<Fault>) {
        PLANTED.set(fault);
    }

    /// Whether a fault is planted in this thread.
    #[must_use]
    pub fn planted(fault: Fault) -> bool {
        PLANTED.get() == Some(fault)
    }
}
