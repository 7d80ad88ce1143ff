//! What fits into one atomic: the generation with a hint for the next call, and a time.

use std::time::Duration;

use model::audit::BreakerState;

use super::core::{Core, Phase};
use super::extras::Extras;

/// What the word says about the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Closed, and a success changes nothing.
    Clean,
    /// Closed, and every outcome counts.
    Counted,
    /// Closed, every outcome counts, and so does the time it took.
    Measured,
    /// Open: compare the clock with `retry_at`.
    Open,
    /// Ask the core.
    HalfOpen,
    /// Ask the core.
    Isolated,
}

impl Gate {
    pub(super) const fn state(self) -> BreakerState {
        match self {
            Self::Clean | Self::Counted | Self::Measured => BreakerState::Closed,
            Self::Open => BreakerState::Open,
            Self::HalfOpen => BreakerState::HalfOpen,
            Self::Isolated => BreakerState::Isolated,
        }
    }
}

/// Generation and gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

impl Word {
    const GATE_BITS: u32 = 3;
    const GATE_MASK: u64 = (1 << Self::GATE_BITS) - 1;

    pub(super) fn of(core: &Core, extras: Option<&Extras>) -> Self {
        let gate = match core.phase() {
            Phase::Closed { .. } if core.is_clean() => 0,
            Phase::Closed { .. } if !extras.is_some_and(Extras::measures) => 1,
            Phase::Closed { .. } => 2,
            Phase::Open { .. } => 3,
            Phase::HalfOpen { .. } => 4,
            Phase::Isolated => 5,
        };
        Self(core.generation() << Self::GATE_BITS | gate)
    }

    #[inline]
    pub(super) const fn gate(self) -> Gate {
        match self.0 & Self::GATE_MASK {
            0 => Gate::Clean,
            1 => Gate::Counted,
            2 => Gate::Measured,
            3 => Gate::Open,
            4 => Gate::HalfOpen,
            _ => Gate::Isolated,
        }
    }

    #[inline]
    pub(super) const fn generation(self) -> u64 {
        self.0 >> Self::GATE_BITS
    }
}

/// Seconds above, nanoseconds below: keeps the order of durations, and costs no multiplication by
/// a billion here and division there, which a rejection would pay for. Good for 500 years.
#[inline]
pub(super) fn pack(duration: Duration) -> u64 {
    duration.as_secs() << NANOS_BITS | u64::from(duration.subsec_nanos())
}

#[inline]
pub(super) fn unpack(packed: u64) -> Duration {
    let nanos = u32::try_from(packed & NANOS_MASK).unwrap_or(0);
    Duration::new(packed >> NANOS_BITS, nanos)
}

/// Enough for the nanoseconds of a second.
const NANOS_BITS: u32 = 30;
const NANOS_MASK: u64 = (1 << NANOS_BITS) - 1;
