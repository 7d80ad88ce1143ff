//! The strategy that never trades: the floor of every measurement.

use crate::strategy::{Strategy, Wants};

/// Looks at nothing, wants nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOp;

impl Strategy for NoOp {
    fn wants(&self) -> Wants {
        Wants::NOTHING
    }
}
