//! Wall time inside the simulation.

use std::sync::Arc;
use std::time::Duration;

use model::UnixNanos;
use parking_lot::Mutex;
use platform::Clock;

use crate::network::HostNetwork;

/// The scenario's epoch plus virtual time.
#[derive(Debug)]
pub(crate) struct SimClock {
    pub(crate) epoch: UnixNanos,
    pub(crate) network: Arc<dyn HostNetwork>,
    /// By how much it is wrong.
    pub(crate) skew: Skew,
}

impl Clock for SimClock {
    fn now(&self) -> UnixNanos {
        let right = self.epoch.plus(self.network.elapsed().unwrap_or_default());
        self.skew.apply(right)
    }
}

/// By how much a clock is wrong. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Skew(Arc<Mutex<Jump>>);

#[derive(Debug, Default)]
struct Jump {
    ahead: Duration,
    behind: Duration,
    /// How often somebody was told a wrong time since the last jump.
    told: u64,
}

impl Skew {
    /// The clock jumps from the right time.
    pub(crate) fn begin(&self, ahead: Option<Duration>, behind: Option<Duration>) {
        let (ahead, behind) = (ahead.unwrap_or_default(), behind.unwrap_or_default());
        *self.0.lock() = Jump { ahead, behind, told: 0 };
    }

    /// The clock jumps to the right time; how often it told a wrong one.
    pub(crate) fn end(&self) -> u64 {
        std::mem::take(&mut *self.0.lock()).told
    }

    fn apply(&self, right: UnixNanos) -> UnixNanos {
        let mut jump = self.0.lock();
        if jump.ahead.is_zero() && jump.behind.is_zero() {
            return right;
        }
        jump.told += 1;
        let behind = i64::try_from(jump.behind.as_nanos()).unwrap_or(i64::MAX);
        UnixNanos::from_nanos(right.plus(jump.ahead).as_nanos().saturating_sub(behind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_jumps_and_jumps_back() {
        let (skew, right) = (Skew::default(), UnixNanos::from_secs(1_000));
        let second = Some(Duration::from_secs(1));
        assert_eq!(skew.apply(right), right);
        skew.begin(second, None);
        assert_eq!(skew.apply(right), UnixNanos::from_secs(1_001));
        assert_eq!((skew.end(), skew.apply(right)), (1, right));
        skew.begin(None, second);
        assert_eq!(skew.apply(right), UnixNanos::from_secs(999));
        assert_eq!(skew.end(), 1);
    }
}
