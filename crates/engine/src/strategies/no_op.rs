//! The strategy that never trades: the floor of every measurement.

use crate::strategy::Strategy;

/// Looks at everything, wants nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOp;

impl Strategy for NoOp {}
