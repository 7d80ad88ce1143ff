//! Many strategies over one tape, on many threads.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::Quantity;
use thiserror::Error;

/// Combinations of one grid.
pub const GRID_MAX: usize = 1_000_000;

/// Values of parameters, and all their combinations.
///
/// ```
/// let grid = backtest::Grid::parse("fast=5..15:5,slow=20|50,qty=0.01")?;
/// assert_eq!(grid.len(), 6);
/// assert_eq!(grid.point(1), [("fast", "5"), ("slow", "50"), ("qty", "0.01")]);
/// # Ok::<_, backtest::GridError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    axes: Vec<Axis>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// Name of the parameter.
    pub key: String,
    /// Its values, as texts, in order. At least one.
    pub values: Vec<String>,
}

/// Why a text is no grid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GridError {
    /// A parameter is not of the form `key=values`.
    #[error("`{text}` is not part of a grid: expected `key=FROM..TO:STEP` or `key=A|B|C`")]
    NotAnAxis {
        /// The text given.
        text: String,
    },
    /// A range makes no sense.
    #[error("`{text}`: expected numbers of up to 8 decimals, FROM not above TO, STEP above zero")]
    NotARange {
        /// The text given.
        text: String,
    },
    /// A parameter is there twice.
    #[error("the grid has the parameter `{key}` twice")]
    Twice {
        /// The parameter.
        key: String,
    },
    /// There are too many combinations.
    #[error("the grid has more than {GRID_MAX} combinations")]
    TooLarge,
}

impl Grid {
    /// Parses `key=FROM..TO:STEP` (`TO` included if a step meets it; `:STEP` may be left out, it is 1 then)
    /// and `key=A|B|C`, with commas between.
    ///
    /// # Errors
    /// [`GridError`] says what was expected.
    pub fn parse(text: &str) -> Result<Self, GridError> {
        let mut axes: Vec<Axis> = Vec::new();
        let mut points = 1_usize;
        for part in text.split(',').map(str::trim) {
            let axis = Axis::parse(part)?;
            if axes.iter().any(|known| known.key == axis.key) {
                return Err(GridError::Twice { key: axis.key });
            }
            points = points.saturating_mul(axis.values.len());
            axes.push(axis);
        }
        if points > GRID_MAX { Err(GridError::TooLarge) } else { Ok(Self { axes }) }
    }

    /// The parameters.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Number of combinations.
    pub fn len(&self) -> usize {
        self.axes.iter().map(|axis| axis.values.len()).product()
    }

    /// False: a grid has at least one combination.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Combination number `at`, from 0, below [`Grid::len`]: the last parameter changes fastest.
    pub fn point(&self, at: usize) -> Vec<(&str, &str)> {
        let mut rest = at;
        let mut point: Vec<_> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let value = &axis.values[rest % axis.values.len()];
                rest /= axis.values.len();
                (axis.key.as_str(), value.as_str())
            })
            .collect();
        point.reverse();
        point
    }

    /// A strategy's text with the values of combination `at` behind its own parameters, of which they replace those of
    /// the same name.
    pub fn spec(&self, strategy: &str, at: usize) -> String {
        let (name, own) = strategy.split_once(':').unwrap_or((strategy, ""));
        let point = self.point(at);
        let is_kept = |part: &&str| {
            let key = part.split_once('=').map_or(*part, |(key, _)| key).trim();
            !key.is_empty() && point.iter().all(|(replaced, _)| *replaced != key)
        };
        let own = own.split(',').filter(is_kept).map(str::to_owned);
        let values = point.iter().map(|(key, value)| format!("{key}={value}"));
        format!("{name}:{}", own.chain(values).collect::<Vec<_>>().join(","))
    }
}

impl Axis {
    fn parse(text: &str) -> Result<Self, GridError> {
        let wrong = || GridError::NotAnAxis { text: text.to_owned() };
        let (key, values) = text.split_once('=').ok_or_else(wrong)?;
        let (key, values) = (key.trim(), values.trim());
        if key.is_empty() || values.is_empty() {
            return Err(wrong());
        }
        let values = match values.split_once("..") {
            Some((from, rest)) => {
                let (to, step) = rest.split_once(':').unwrap_or((rest, "1"));
                range(from, to, step)
                    .ok_or_else(|| GridError::NotARange { text: text.to_owned() })??
            }
            None => values.split('|').map(|value| value.trim().to_owned()).collect(),
        };
        if values.iter().any(String::is_empty) {
            return Err(wrong());
        }
        Ok(Self { key: key.to_owned(), values })
    }
}

/// The numbers of a range; `None` if it is none.
fn range(from: &str, to: &str, step: &str) -> Option<Result<Vec<String>, GridError>> {
    let number = |text: &str| Quantity::parse(text.trim()).ok().map(Quantity::raw);
    let (from, to, step) = (number(from)?, number(to)?, number(step)?);
    if step <= 0 || from > to {
        return None;
    }
    let count = (i128::from(to) - i128::from(from)) / i128::from(step) + 1;
    let Some(count) = usize::try_from(count).ok().filter(|count| *count <= GRID_MAX) else {
        return Some(Err(GridError::TooLarge));
    };
    let all = (0..count).scan(from, |next, _| {
        let value = Quantity::from_raw(*next);
        *next = next.saturating_add(step);
        Some(value.to_string())
    });
    Some(Ok(all.collect()))
}

/// `fast=5, slow=20`.
impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, axis) in self.axes.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{}={}", axis.key, axis.values.join("|"))?;
        }
        Ok(())
    }
}

/// Does `count` pieces of work on `threads` threads, and returns their results in the order of their
/// numbers.
///
/// # Panics
/// With the panic of a piece of work, after the others have ended.
///
/// # Determinism
/// Which thread does what depends on the machine; the results do not if `work` depends on its number only.
pub fn in_parallel<T: Send>(
    threads: usize,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| work(at))) {
                        Ok(result) => done.lock().expect("nobody panics").push((at, result)),
                        Err(panic) => {
                            next.store(count, Ordering::Relaxed);
                            *failed.lock().expect("nobody panics") = Some(panic);
                            return;
                        }
                    }
                }
            });
        }
    });
    if let Some(panic) = failed.into_inner().expect("nobody panics") {
        resume_unwind(panic);
    }
    let mut done = done.into_inner().expect("nobody panics");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests;
