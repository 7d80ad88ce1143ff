//! The rules of pairs, kept for a while and asked for by one caller at a time.

use std::sync::Arc;

use model::Symbol;
use resilience::{CacheConfig, CacheConfigError, Deadline, LaneError, TtlCache};
use tokio::time::Instant;

use super::RestError;
use crate::rules::PairRules;

/// Sets of pairs with their rules. Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Instruments {
    kept: TtlCache<Vec<Symbol>, Vec<PairRules>, Failed>,
}

/// Why there are no rules, and how long whoever asked for them could wait.
#[derive(Debug)]
struct Failed {
    error: Arc<RestError>,
    deadline: Deadline,
}

impl Failed {
    /// Its caller had less time than one who can wait until `deadline`, and may have failed for that.
    fn was_in_haste(&self, deadline: Deadline) -> bool {
        let for_time = match &*self.error {
            LaneError::DeadlineElapsed
            | LaneError::AttemptTimedOut { .. }
            | LaneError::Limited(_) => true,
            LaneError::BreakerOpen(_) | LaneError::Call(_) => false,
        };
        for_time && self.deadline < deadline
    }
}

impl Instruments {
    pub(super) fn new(config: CacheConfig) -> Result<Self, CacheConfigError> {
        Ok(Self { kept: TtlCache::new("kraken/instruments", config)? })
    }

    pub(super) fn publish(&self) {
        self.kept.publish();
    }

    #[cfg(test)]
    pub(super) fn loading(&self) -> usize {
        self.kept.snapshot().loading
    }

    /// The rules of these pairs, by `deadline`. Who waits for the load of another has a deadline of its
    /// own: it is not held longer, and what failed for the other's haste is tried again.
    pub(super) async fn get<F>(
        &self,
        symbols: &[Symbol],
        deadline: Deadline,
        load: impl Fn(Vec<Symbol>) -> F,
    ) -> Result<Vec<PairRules>, Arc<RestError>>
    where
        F: Future<Output = Result<Vec<PairRules>, RestError>>,
    {
        let (symbols, begun) = (symbols.to_vec(), Instant::now());
        let loading = || async {
            let failed = |error| Failed { error: Arc::new(error), deadline };
            load(symbols.clone()).await.map_err(failed)
        };
        loop {
            let got = deadline.run(self.kept.get_or_load(&symbols, &loading)).await;
            return match got {
                Ok(Ok(instruments)) => Ok(instruments),
                Ok(Err(failed)) if failed.was_in_haste(deadline) => continue,
                Ok(Err(failed)) => Err(Arc::clone(&failed.error)),
                Err(_) if begun.elapsed().is_zero() => Err(Arc::new(LaneError::DeadlineElapsed)),
                Err(_) => Err(Arc::new(LaneError::AttemptTimedOut { after: begun.elapsed() })),
            };
        }
    }
}
