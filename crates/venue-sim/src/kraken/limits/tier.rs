//! The numbers, written from the protocol reference (sections 4.1 and 4.2).

use std::time::Duration;

/// Verification tier of an account, which decides how much it is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Tier {
    /// The lowest.
    Starter,
    /// The middle one, and the default.
    #[default]
    Intermediate,
    /// The highest.
    Pro,
}

/// How high a count may be, and how fast it falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Highest value that is allowed.
    pub(crate) max: u32,
    /// Thousandths of a unit per second.
    pub(crate) decay_milli_per_s: u32,
}

impl Tier {
    /// Private calls of a key.
    pub(crate) const fn calls(self) -> Allowance {
        match self {
            Self::Starter => Allowance { max: 15, decay_milli_per_s: 330 },
            Self::Intermediate => Allowance { max: 20, decay_milli_per_s: 500 },
            Self::Pro => Allowance { max: 20, decay_milli_per_s: 1_000 },
        }
    }

    /// Orders and cancels of an account and pair.
    pub(crate) const fn transactions(self) -> Allowance {
        match self {
            Self::Starter => Allowance { max: 60, decay_milli_per_s: 1_000 },
            Self::Intermediate => Allowance { max: 125, decay_milli_per_s: 2_340 },
            Self::Pro => Allowance { max: 180, decay_milli_per_s: 3_750 },
        }
    }

    /// Open orders of an account and pair.
    pub(crate) const fn open_orders_max(self) -> usize {
        match self {
            Self::Starter => 60,
            Self::Intermediate => 80,
            Self::Pro => 225,
        }
    }
}

/// What a private method costs of a key's calls. What the matching engine counts costs nothing here.
pub(crate) fn call_cost(method: &str) -> u32 {
    match method {
        "AddOrder" | "AddOrderBatch" | "AmendOrder" | "EditOrder" | "CancelOrder"
        | "CancelOrderBatch" => 0,
        "Ledgers" | "QueryLedgers" | "TradesHistory" => 2,
        _ => 1,
    }
}

/// What the cancel of an order costs of the transactions, by the time since it was placed.
pub(crate) const fn cancel_penalty(age: Duration) -> u32 {
    match age.as_secs() {
        0..5 => 8,
        5..10 => 6,
        10..15 => 5,
        15..45 => 4,
        45..90 => 2,
        90..300 => 1,
        300.. => 0,
    }
}

/// What a change of an order costs on top of its fixed part, by the time since it was placed or changed.
pub(crate) const fn amend_penalty(age: Duration) -> u32 {
    match age.as_secs() {
        0..5 => 3,
        5..10 => 2,
        10..15 => 1,
        15.. => 0,
    }
}

/// What the replacement of an order costs on top of its fixed part, by the time since it was placed or
/// changed.
pub(crate) const fn edit_penalty(age: Duration) -> u32 {
    match age.as_secs() {
        0..5 => 6,
        5..10 => 5,
        10..15 => 4,
        15..45 => 2,
        45..90 => 1,
        90.. => 0,
    }
}
