//! What a seed makes of a storm. Pure: the only randomness is the stream that is passed in.

use std::time::Duration;

use platform::{Entropy, EntropyStream};
use rand::Rng as _;
use toml::{Table, Value};

use super::choice::{Choice, Values};
use super::{Family, Storm};
use crate::fault::FaultKind;
use crate::plan::PlannedFault;

/// Draws of a fault whose target was struck already by another, before it is left out.
const TRIES_MAX: usize = 4;

impl Storm {
    /// The faults of a seed, beside those that strike anyway, in the order in which they begin.
    ///
    /// # Determinism
    /// Each family draws from a stream of its own, named after its kind and its number among those of the
    /// kind: another family beside it moves none of its draws.
    pub(crate) fn draw(&self, seed: u64, explicit: &[PlannedFault]) -> Vec<PlannedFault> {
        let entropy = Entropy::from_seed(seed).child("scenario/storm");
        let mut all = explicit.to_vec();
        for (number, family) in self.families.iter().enumerate() {
            let before = self.families.iter().take(number);
            let same = before.filter(|other| other.kind == family.kind).count();
            let mut rng = entropy.stream(&format!("{}/{same}", family.kind));
            family.draw(self, &mut rng, &mut all);
        }
        let mut drawn = all.split_off(explicit.len());
        drawn.sort_by_key(|fault| fault.at);
        drawn.truncate(usize::try_from(self.faults_max).unwrap_or(usize::MAX));
        drawn
    }
}

impl Family {
    /// Adds its faults to those that are planned already.
    fn draw(&self, storm: &Storm, rng: &mut EntropyStream, all: &mut Vec<PlannedFault>) {
        if below(rng, 100) >= u64::from(self.seeds_percent) {
            return;
        }
        let every = spread(rng, self.every.0, self.every.1);
        let lasts_max = spread(rng, self.lasts.0, self.lasts.1);
        let own = |(key, choice): &(String, Choice)| {
            let values = choice.values.some(rng);
            (key.clone(), Choice { percent: choice.percent, values })
        };
        let parameters: Vec<_> = self.parameters.iter().map(own).collect();
        let mut at = storm.at.saturating_add(uniform(rng, Duration::ZERO, every));
        while at < storm.until() {
            let lasts = spread(rng, self.lasts.0, lasts_max);
            let until = at.saturating_add(lasts).min(storm.until());
            for _ in 0..TRIES_MAX {
                let Some(kind) = draw_kind(&self.kind, &parameters, rng) else { continue };
                let fault = PlannedFault { id: 0, at, until, may_miss: true, kind };
                if !all.iter().any(|other| fault.collides_with(other)) {
                    all.push(fault);
                    break;
                }
            }
            // From half the mean to half as much again.
            at = at.saturating_add(uniform(rng, every / 2, every.saturating_mul(3) / 2));
        }
    }
}

/// A fault with parameters that go together; what does not go with the others is left out.
fn draw_kind(
    name: &str,
    parameters: &[(String, Choice)],
    rng: &mut EntropyStream,
) -> Option<FaultKind> {
    let mut table = Table::new();
    table.insert("kind".to_owned(), Value::String(name.to_owned()));
    for (key, choice) in parameters {
        let wanted = below(rng, 100) < u64::from(choice.percent);
        let value = choice.values.one(rng);
        if wanted {
            table.insert(key.clone(), value);
        }
    }
    legal(table)
}

/// Reads a kind, without the parameters that do not go with the others.
pub(super) fn legal(mut table: Table) -> Option<FaultKind> {
    loop {
        let kind = FaultKind::from_table(table.clone())?;
        let Some((key, _)) = kind.problem() else { return Some(kind) };
        table.remove(key)?;
    }
}

/// Uniform from zero up to, and without, `end`; zero if `end` is.
pub(super) fn below(rng: &mut EntropyStream, end: u64) -> u64 {
    // The bias is 2^-64 of the range: no test could see it.
    let product = u128::from(rng.next_u64()) * u128::from(end);
    u64::try_from(product >> 64).unwrap_or(0)
}

/// Uniform with both ends.
pub(super) fn between(rng: &mut EntropyStream, min: u64, max: u64) -> u64 {
    min.saturating_add(below(rng, max.saturating_sub(min).saturating_add(1)))
}

/// Uniform with both ends, whole milliseconds.
fn uniform(rng: &mut EntropyStream, min: Duration, max: Duration) -> Duration {
    Duration::from_millis(between(rng, millis(min), millis(max)))
}

/// Small and large values alike: uniform within a power of two of the smallest that is drawn first.
fn spread(rng: &mut EntropyStream, min: Duration, max: Duration) -> Duration {
    let (min, max) = (millis(min).max(1), millis(max));
    let octaves = u64::from((max / min).max(1).ilog2());
    let octave = between(rng, 0, octaves);
    let low = min.saturating_mul(1 << octave.min(62));
    let high = low.saturating_mul(2).min(max).max(low);
    Duration::from_millis(between(rng, low, high).min(max.max(min)))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Choice {
    /// A parameter that always has one of these values.
    pub(super) const fn always(values: Values) -> Self {
        Self { percent: 100, values }
    }
}
