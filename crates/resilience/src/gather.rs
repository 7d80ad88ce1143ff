#![doc = include_str!("../docs/gather.md")]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::stream::{FuturesUnordered, StreamExt};
use metrics::{counter, gauge};
use thiserror::Error;

/// Settings of a [`Gather`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatherConfig {
    /// Futures that run at once, of one call of [`Gather::run`]. 1 to 10 000, default 10.
    pub running_max: usize,
}

impl Default for GatherConfig {
    fn default() -> Self {
        Self { running_max: 10 }
    }
}

/// Most that `running_max` may say.
const RUNNING_MAX: usize = 10_000;

/// Why a [`GatherConfig`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GatherConfigError {
    /// Nothing could ever run, or everything at once.
    #[error("gather `running_max` is {0}, expected 1 to {RUNNING_MAX}")]
    RunningMax(usize),
}

impl GatherConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`GatherConfigError`]: a value is out of range.
    pub fn validate(&self) -> Result<(), GatherConfigError> {
        let fits = (1..=RUNNING_MAX).contains(&self.running_max);
        if fits { Ok(()) } else { Err(GatherConfigError::RunningMax(self.running_max)) }
    }
}

/// A [`Gather`] at one moment, over all its clones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatherSnapshot {
    /// Futures that run.
    pub running: usize,
    /// Futures that were started.
    pub started: u64,
    /// Futures that came to their end; the others still run or were dropped.
    pub ended: u64,
}

/// Runs many futures, at most so many at once. Cheap to clone; clones share the counters, not the
/// bound.
#[derive(Debug, Clone)]
pub struct Gather {
    running_max: usize,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Counters {
    name: String,
    running: AtomicUsize,
    started: AtomicU64,
    ended: AtomicU64,
}

impl Gather {
    /// A gather. `name` is its label in metrics: `kraken/depths`.
    ///
    /// # Errors
    /// [`GatherConfigError`]: the configuration makes no sense.
    pub fn new(name: &str, config: GatherConfig) -> Result<Self, GatherConfigError> {
        config.validate()?;
        let counters = Counters {
            name: name.to_owned(),
            running: AtomicUsize::new(0),
            started: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        };
        Ok(Self { running_max: config.running_max, counters: Arc::new(counters) })
    }

    /// Runs the futures to their ends and returns what each brought, in the order in which they came
    /// in. An error is an output like any other and stops none of the others.
    ///
    /// Futures are taken from the iterator one by one, each when there is a place for it: a lazy
    /// iterator makes none in advance. They run within this future: nothing is spawned.
    ///
    /// # Panics
    /// With the panic of a future; the others are dropped.
    ///
    /// # Cancel safety
    /// Dropping it drops every future that runs and starts no other.
    ///
    /// # Determinism
    /// Futures are started in order and polled in the order in which they were woken.
    pub async fn run<I>(&self, futures: I) -> Vec<<I::Item as Future>::Output>
    where
        I: IntoIterator<Item: Future>,
    {
        let mut waiting = futures.into_iter().enumerate();
        let mut outputs = Vec::with_capacity(waiting.size_hint().0.min(RUNNING_MAX));
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.running_max
                && let Some((index, future)) = waiting.next()
            {
                outputs.push(None);
                let place = Place::new(&self.counters);
                running.push(async move {
                    let output = future.await;
                    place.counters.ended.fetch_add(1, Ordering::Relaxed);
                    drop(place);
                    (index, output)
                });
            }
            let Some((index, output)) = running.next().await else {
                break;
            };
            outputs[index] = Some(output);
        }
        outputs.into_iter().map(|output| output.expect("each future has ended")).collect()
    }

    /// The gather at this moment.
    pub fn snapshot(&self) -> GatherSnapshot {
        let Counters { running, started, ended, .. } = &*self.counters;
        GatherSnapshot {
            running: running.load(Ordering::Relaxed),
            started: started.load(Ordering::Relaxed),
            ended: ended.load(Ordering::Relaxed),
        }
    }

    /// Writes the snapshot to the metrics `wavetank_gather_running` and
    /// `wavetank_gather_futures_total{result=started|ended}`.
    pub fn publish(&self) {
        let name = &self.counters.name;
        let GatherSnapshot { running, started, ended } = self.snapshot();
        gauge!("wavetank_gather_running", "gather" => name.clone()).set(count(running));
        for (result, total) in [("started", started), ("ended", ended)] {
            counter!("wavetank_gather_futures_total", "gather" => name.clone(), "result" => result)
                .absolute(total);
        }
    }
}

/// A count as a metric's value.
pub(crate) fn count(value: usize) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}

/// A future's place among those that run; free again when dropped.
struct Place<'a> {
    counters: &'a Counters,
}

impl<'a> Place<'a> {
    fn new(counters: &'a Counters) -> Self {
        counters.started.fetch_add(1, Ordering::Relaxed);
        counters.running.fetch_add(1, Ordering::Relaxed);
        Self { counters }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.counters.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

#[cfg(test)]
mod tests;
