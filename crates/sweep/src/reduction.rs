//! Makes a failing plan smaller: which one to try next.
//!
//! Delta debugging with the seed fixed. Sans-IO: [`Reduction::propose`] gives a smaller plan,
//! [`Reduction::tell`] takes whether it still fails the same check. First whole groups of faults go, then
//! single ones; then what is left becomes shorter, simpler, rounder and earlier, and the run shorter; then
//! single faults are tried again. What is left at the end fails, and without any one of its faults it does not.

use std::time::Duration;

use scenario::{FaultPlan, PlannedFault, Scenario, limits};

/// Times that the whole is gone through again after it became smaller.
const ROUNDS_MAX: u32 = 4;
/// No fault is moved to before this time: the trader starts first.
const EARLIEST: Duration = Duration::from_secs(5);

/// Faults and the length of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Faults in the order in which they begin.
    pub faults: Vec<PlannedFault>,
    /// Virtual length of the run.
    pub length: Duration,
}

/// Where the reduction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Without `size` faults from `at` on; `any` if one of this size went in this pass.
    Remove {
        size: usize,
        at: usize,
        any: bool,
    },
    /// Half as long.
    Shorten {
        index: usize,
    },
    /// With simpler parameters.
    Simplify {
        index: usize,
        variant: usize,
    },
    /// Beginning at a whole second.
    Round {
        index: usize,
    },
    /// All of them earlier.
    Earlier {
        ended: bool,
    },
    /// The shortest run that the faults permit, then half of what is more than that.
    Length {
        tries: u32,
    },
    Done,
}

/// A reduction under way.
#[derive(Debug, Clone)]
pub struct Reduction {
    best: Candidate,
    /// What was proposed and not judged yet.
    proposed: Option<Candidate>,
    stage: Stage,
    rounds: u32,
    /// Something became smaller since the last pass of removals.
    changed: bool,
    /// Time that a run needs behind its last fault.
    behind: Duration,
}

impl Reduction {
    /// The reduction of a run that fails.
    pub fn new(scenario: &Scenario, plan: &FaultPlan) -> Self {
        let size = plan.faults.len();
        Self {
            best: Candidate { faults: plan.faults.clone(), length: scenario.run.length },
            proposed: None,
            stage: Stage::Remove { size, at: 0, any: false },
            rounds: 0,
            changed: false,
            behind: scenario.expect.recover_within.saturating_add(limits::CALM_MIN),
        }
    }

    /// The smallest run so far that fails.
    pub const fn best(&self) -> &Candidate {
        &self.best
    }

    /// What to try next; `None` at the end. Asking again without an answer gives the same.
    pub fn propose(&mut self) -> Option<Candidate> {
        while self.proposed.is_none() {
            match self.candidate() {
                Some(candidate) if candidate != self.best && self.is_legal(&candidate) => {
                    self.proposed = Some(candidate);
                }
                Some(_) => self.step(false),
                None if self.stage == Stage::Done => return None,
                None => self.advance(),
            }
        }
        self.proposed.clone()
    }

    /// Whether what was proposed fails the same check.
    pub fn tell(&mut self, fails: bool) {
        let Some(proposed) = self.proposed.take() else { return };
        if fails {
            self.best = proposed;
            self.changed |= !matches!(self.stage, Stage::Remove { .. });
        }
        self.step(fails);
    }

    /// What the stage would try at its place; `None` when it is through.
    fn candidate(&self) -> Option<Candidate> {
        let Candidate { faults, length } = &self.best;
        let with = |index: usize, fault: PlannedFault| {
            let mut faults = faults.clone();
            *faults.get_mut(index)? = fault;
            Some(Candidate { faults, length: *length })
        };
        match self.stage {
            Stage::Remove { size, at, .. } => (at < faults.len() && size > 0).then(|| {
                let end = at.saturating_add(size).min(faults.len());
                let kept = faults.iter().enumerate().filter(|(i, _)| !(at..end).contains(i));
                Candidate {
                    faults: kept.map(|(_, fault)| fault.clone()).collect(),
                    length: *length,
                }
            }),
            Stage::Shorten { index } => {
                let fault = faults.get(index)?;
                let until = fault.at.saturating_add(half(fault.until.saturating_sub(fault.at)));
                with(index, PlannedFault { until, ..fault.clone() })
            }
            Stage::Simplify { index, variant } => {
                let fault = faults.get(index)?;
                let kind = fault.kind.simpler().into_iter().nth(variant);
                // Beyond the last variant the fault itself stands for nothing to try: the step goes on.
                let kind = kind.unwrap_or_else(|| fault.kind.clone());
                with(index, PlannedFault { kind, ..fault.clone() })
            }
            Stage::Round { index } => {
                let fault = faults.get(index)?;
                let at = Duration::from_secs(fault.at.as_secs());
                let until = fault.until.saturating_sub(fault.at.saturating_sub(at));
                with(index, PlannedFault { at, until, ..fault.clone() })
            }
            Stage::Earlier { ended } => self.earlier().filter(|_| !ended),
            Stage::Length { tries } => {
                let least = self.least_length();
                let length = match tries {
                    0 => least,
                    1 => least.saturating_add(length.saturating_sub(least) / 2),
                    _ => return None,
                };
                let length = Duration::from_secs(length.as_secs().saturating_add(1));
                Some(Candidate { faults: faults.clone(), length: length.min(self.best.length) })
            }
            Stage::Done => None,
        }
    }

    /// All faults earlier by half of the time before the first.
    fn earlier(&self) -> Option<Candidate> {
        let first = self.best.faults.first()?.at;
        let by = Duration::from_secs((first / 2).as_secs());
        if by.is_zero() || first.saturating_sub(by) < EARLIEST {
            return None;
        }
        let moved = self.best.faults.iter().map(|fault| PlannedFault {
            at: fault.at.saturating_sub(by),
            until: fault.until.saturating_sub(by),
            ..fault.clone()
        });
        Some(Candidate { faults: moved.collect(), length: self.best.length })
    }

    fn least_length(&self) -> Duration {
        let healed = self.best.faults.iter().map(|fault| fault.until).max();
        healed.unwrap_or_default().saturating_add(self.behind)
    }

    fn is_legal(&self, candidate: &Candidate) -> bool {
        let plan = FaultPlan::new(String::new(), 0, candidate.faults.clone());
        let lasts = candidate.faults.iter().all(|fault| fault.at < fault.until);
        let fits = plan.healed_at.saturating_add(self.behind) <= candidate.length;
        lasts && fits && plan.collision().is_none()
    }

    /// Goes on within the stage.
    fn step(&mut self, fails: bool) {
        self.stage = match self.stage {
            // What stood behind is now at the same place.
            Stage::Remove { size, at, .. } if fails => Stage::Remove { size, at, any: true },
            Stage::Remove { size, at, any } => {
                Stage::Remove { size, at: at.saturating_add(size), any }
            }
            Stage::Shorten { index } if fails => Stage::Shorten { index },
            Stage::Shorten { index } => Stage::Shorten { index: index.saturating_add(1) },
            Stage::Simplify { index, .. } if fails => Stage::Simplify { index, variant: 0 },
            Stage::Simplify { index, variant } => {
                let variants =
                    self.best.faults.get(index).map_or(0, |fault| fault.kind.simpler().len());
                if variant < variants {
                    Stage::Simplify { index, variant: variant.saturating_add(1) }
                } else {
                    Stage::Simplify { index: index.saturating_add(1), variant: 0 }
                }
            }
            Stage::Round { index } => Stage::Round { index: index.saturating_add(1) },
            Stage::Earlier { .. } => Stage::Earlier { ended: !fails },
            Stage::Length { tries } => {
                Stage::Length { tries: if fails { 2 } else { tries.saturating_add(1) } }
            }
            Stage::Done => Stage::Done,
        };
    }

    /// Goes on to the next stage.
    fn advance(&mut self) {
        self.stage = match self.stage {
            Stage::Remove { size, any, .. } if size > 1 || any => {
                Stage::Remove { size: (size / 2).max(1), at: 0, any: false }
            }
            Stage::Remove { .. } => {
                self.changed = false;
                Stage::Shorten { index: 0 }
            }
            Stage::Shorten { .. } => Stage::Simplify { index: 0, variant: 0 },
            Stage::Simplify { .. } => Stage::Round { index: 0 },
            Stage::Round { .. } => Stage::Earlier { ended: false },
            Stage::Earlier { .. } => Stage::Length { tries: 0 },
            Stage::Length { .. } if self.changed && self.rounds < ROUNDS_MAX => {
                self.rounds = self.rounds.saturating_add(1);
                Stage::Remove { size: 1, at: 0, any: false }
            }
            Stage::Length { .. } | Stage::Done => Stage::Done,
        };
    }
}

/// Half of a duration, as round as can be.
fn half(duration: Duration) -> Duration {
    let ms = u64::try_from((duration / 2).as_millis()).unwrap_or(u64::MAX);
    let grain = match ms {
        0..100 => 1,
        100..2_000 => 100,
        _ => 1_000,
    };
    Duration::from_millis(ms / grain * grain)
}

#[cfg(test)]
mod tests;
