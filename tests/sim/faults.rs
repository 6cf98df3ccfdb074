//! What can go wrong, and how often it does in the world of one seed.

use std::cell::Cell;

use audatec::domain::settings::Settings;
use audatec::domain::time::Span;

use crate::rng::Rng;

/// A kind of fault. The queue's own come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    QueueLoses,
    QueueRepeats,
    QueueDelays,
    ConsumerDies,
    RequestLost,
    ReplyLost,
    HopSlow,
    StoreFailsBefore,
    StoreFailsAfter,
    StoreFailsHalfway,
    LoadFails,
    QueueRefuses,
    TrunkDies,
    TrunkDiesInStep,
    StaleActs,
    DirectoryDies,
    IsolateDies,
    AlarmLost,
    AlarmNotSet,
    CopyReadFails,
    CopyWriteFails,
    ClockForward,
    ClockLeap,
    ClockBack,
    ClockSkew,
    DialSlow,
    EventLost,
    EventLate,
    EventRepeated,
    InquiryFails,
    DialerAskLost,
    DialerAnswerLost,
    CronMissed,
    TrunkUnreachable,
    Blackout,
    StoreFull,
}

const KINDS: usize = Kind::StoreFull as usize + 1;
const OF_THE_QUEUE: usize = Kind::ConsumerDies as usize;

/// How often each kind happens, per thousand occasions.
pub struct Faults {
    rates: [u64; KINDS],
    on: Cell<bool>,
}

impl Faults {
    /// A sixth of all worlds are calm, a sixth have trouble with the queue alone.
    pub fn draw(rng: &Rng) -> Self {
        let mut rates = [0; KINDS];
        let weather = rng.below(6);
        let reach = match weather {
            0 => 0,
            1 => OF_THE_QUEUE,
            _ => KINDS,
        };
        for rate in rates.iter_mut().take(reach) {
            *rate = match rng.below(5) {
                0 | 1 => 0,
                2 | 3 => rng.between(1, 20),
                _ => rng.between(20, 150),
            };
        }
        Self {
            rates,
            on: Cell::new(false),
        }
    }

    pub fn calm() -> Self {
        Self {
            rates: [0; KINDS],
            on: Cell::new(false),
        }
    }

    pub fn switch(&self, on: bool) {
        self.on.set(on);
    }

    pub fn hit(&self, rng: &Rng, kind: Kind) -> bool {
        self.on.get() && rng.hits(self.rates.get(kind as usize).copied().unwrap_or_default())
    }

    /// Whether this world has such faults at all.
    pub fn may(&self, kind: Kind) -> bool {
        self.rates.get(kind as usize).is_some_and(|rate| *rate > 0)
    }

    pub fn is_calm(&self) -> bool {
        self.rates.iter().all(|rate| *rate == 0)
    }

    /// Whether nothing but the queue is unreliable.
    pub fn spare_the_objects(&self) -> bool {
        self.rates.iter().skip(OF_THE_QUEUE).all(|rate| *rate == 0)
    }

    /// Whether a word between two objects comes at once, and nobody dies over it.
    pub fn words_come(&self) -> bool {
        self.is_calm() || self.spare_the_objects()
    }

    pub fn clock_is_true(&self) -> bool {
        let of = |kind: Kind| self.rates.get(kind as usize).copied().unwrap_or_default();
        of(Kind::ClockBack) == 0 && of(Kind::ClockSkew) == 0
    }
}

/// The operator's settings, drawn: mostly short, so that much happens.
pub fn settings(rng: &Rng) -> Settings {
    let one = |of: &[u64]| Span(rng.pick(of).copied().unwrap_or_default());
    let schedules: [&[u64]; 5] = [
        &[],
        &[1_000],
        &[1_000, 5_000, 20_000],
        &[5_000, 300_000, 1_800_000],
        &[500, 500, 500, 500],
    ];
    let schedule = rng.pick(&schedules).copied().unwrap_or_default();
    Settings {
        ring_timeout: one(&[2_000, 10_000, 45_000]),
        max_call: one(&[3_000, 20_000, 120_000, 900_000]),
        stalled_after: one(&[1_000, 10_000, 600_000]),
        webhook_timeout: one(&[2_000, 8_000, 30_000]),
        webhook_retry: schedule.iter().map(|ms| Span(*ms)).collect(),
        sim_ring: one(&[0, 100, 1_000, 4_000]),
        sim_talk: one(&[0, 500, 3_000, 15_000]),
        allow_loopback: false,
        unguarded: rng.pick(&[0, 1, 2, 200, 200, 200]).copied().unwrap_or(200),
        trunks_at_once: rng.pick(&[1, 2, 400, 400]).copied().unwrap_or(400),
        slice: rng.pick(&[1, 3, 20, 250]).copied().unwrap_or(250),
        public_url: Some("https://calls.example.com".into()),
        ..Settings::default()
    }
}
