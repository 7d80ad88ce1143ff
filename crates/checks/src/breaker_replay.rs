//! A second breaker, as simple as possible: replays the calls of one breaker and says what it must do.
//!
//! A breaker changes its state while a call is admitted or reported, so each change has a neighbour
//! among the breaker's own events: the end of a call, just before or just after, or the start of a
//! probe just after. A change without its neighbour, or a neighbour without its change, is wrong.

use std::collections::BTreeMap;

use model::audit::{BreakerState, CallOutcome};

use crate::expectations::{BreakerRules, nanos};
use crate::facts::{METRICS_LAG, seconds};
use crate::findings::{Findings, Place};
use crate::opening_rule::{Ended, OpeningRule, Ruling, Slow, failures_in_a_row};

/// A change of state as the breaker tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub generation: u64,
    pub from: BreakerState,
    pub to: BreakerState,
    pub cause: &'a str,
    pub open_ms: Option<u64>,
}

/// What the next event of the breaker has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Debt {
    /// A change to this state: the calls demand it.
    Change { to: BreakerState, place: Place },
    /// The end of a call of the generation before: a change was seen first.
    Result { wanted: Wanted, epoch: u64, place: Place },
    /// The start of a call: a breaker lets probes pass only when somebody calls.
    Probe { place: Place },
}

/// The end that must follow a change which was told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// One with which the calls before it open the breaker.
    Opening,
    /// A probe that failed or was slow.
    BadProbe,
    /// A probe that succeeded.
    GoodProbe,
}

/// A call that was admitted and has not ended.
#[derive(Debug, Clone, Copy)]
struct Running {
    epoch: u64,
    since_ns: u64,
}

/// One breaker, replayed.
#[derive(Debug)]
pub(crate) struct Replay<'a> {
    name: &'a str,
    rules: &'a BreakerRules,
    slack_ns: u64,
    state: BreakerState,
    generation: Option<u64>,
    /// Changes seen so far: our own count, since the breaker's numbers are under test.
    epoch: u64,
    /// Every end that counted in this epoch, and in the one before.
    ends: Vec<Ended>,
    ends_before: Vec<Ended>,
    successes: u32,
    since_ns: u64,
    open_until_ns: u64,
    calls: BTreeMap<u64, Running>,
    debt: Option<Debt>,
    /// An end after which the breaker may be open: from outside one cannot tell.
    may_open: Option<Place>,
    /// When the metrics were last sampled, and how many calls it had rejected by then.
    sampled_ns: u64,
    rejected: u64,
}

impl<'a> Replay<'a> {
    /// A closed breaker without calls.
    pub(crate) const fn new(name: &'a str, rules: &'a BreakerRules, slack_ns: u64) -> Self {
        Self {
            name,
            rules,
            slack_ns,
            state: BreakerState::Closed,
            generation: None,
            epoch: 0,
            ends: Vec::new(),
            ends_before: Vec::new(),
            successes: 0,
            since_ns: 0,
            open_until_ns: 0,
            calls: BTreeMap::new(),
            debt: None,
            may_open: None,
            sampled_ns: 0,
            rejected: 0,
        }
    }

    /// A call was admitted.
    pub(crate) fn started(&mut self, place: Place, call: u64, findings: &mut Findings) {
        let probe = matches!(self.debt, Some(Debt::Probe { place: at }) if self.near(at, place));
        if probe {
            self.debt = None;
        } else {
            self.dun(findings);
        }
        self.calls.insert(call, Running { epoch: self.epoch, since_ns: place.at_ns });
    }

    /// A call ended.
    pub(crate) fn ended(
        &mut self,
        place: Place,
        call: u64,
        outcome: CallOutcome,
        findings: &mut Findings,
    ) {
        let Some(Running { epoch, since_ns }) = self.calls.remove(&call) else {
            return;
        };
        let took_ns = place.at_ns.saturating_sub(since_ns);
        let end = Ended {
            at_ns: place.at_ns,
            failed: outcome == CallOutcome::Failure,
            slow: self.rules.opening.slow(took_ns, self.slack_ns),
        };
        let counts = matches!(outcome, CallOutcome::Success | CallOutcome::Failure);
        if let Some(Debt::Result { wanted, epoch: of, place: at }) = self.debt
            && counts
            && of == epoch
            && self.near(at, place)
            && self.justifies(wanted, end)
        {
            self.debt = None;
            return;
        }
        self.dun(findings);
        if counts && epoch == self.epoch {
            self.count(place, end);
        }
    }

    /// The breaker says that it changed.
    pub(crate) fn changed(&mut self, place: Place, change: Change<'_>, findings: &mut Findings) {
        if let Some(last) = self.generation
            && change.generation != last.saturating_add(1)
        {
            let message =
                format!("breaker {}: generation {} follows {last}", self.name, change.generation);
            findings.violate(place, message);
        }
        if change.from != self.state {
            let message = format!(
                "breaker {}: says that it was {}, but it was {}",
                self.name, change.from, self.state
            );
            findings.violate(place, message);
        }
        let forced = self.rules.is_forced(change.cause);
        let due = self.debt.take();
        let debt = if forced { None } else { self.judge(place, change, due, findings) };
        if change.to == BreakerState::Open {
            self.open(place, change, forced, findings);
        }
        self.generation = Some(change.generation);
        self.state = change.to;
        self.epoch = self.epoch.saturating_add(1);
        self.ends_before = std::mem::take(&mut self.ends);
        self.successes = 0;
        self.since_ns = place.at_ns;
        self.debt = debt;
        self.may_open = None;
    }

    /// The history is over: nothing may be due any more.
    pub(crate) fn finish(&mut self, findings: &mut Findings) {
        self.dun(findings);
    }

    /// Counts an end of the current generation.
    fn count(&mut self, place: Place, end: Ended) {
        self.ends.push(end);
        self.may_open = None;
        let ruling = match self.state {
            BreakerState::Closed => self.rules.opening.ruling(&self.ends, self.slack_ns),
            BreakerState::HalfOpen if end.failed || end.slow == Slow::Yes => Ruling::Open,
            BreakerState::HalfOpen => {
                self.successes = self.successes.saturating_add(1);
                if end.slow == Slow::Perhaps { Ruling::Either } else { Ruling::Closed }
            }
            BreakerState::Open | BreakerState::Isolated => return,
        };
        let recovers =
            self.state == BreakerState::HalfOpen && self.successes >= self.rules.success_threshold;
        if ruling == Ruling::Either {
            self.may_open = Some(place);
        }
        let to = match ruling {
            Ruling::Open => Some(BreakerState::Open),
            Ruling::Closed | Ruling::Either => recovers.then_some(BreakerState::Closed),
        };
        self.debt = to.map(|to| Debt::Change { to, place });
    }

    /// Whether an end of the epoch before explains the change that was told before it.
    fn justifies(&self, wanted: Wanted, end: Ended) -> bool {
        match wanted {
            Wanted::Opening => {
                let ends: Vec<_> = self.ends_before.iter().copied().chain([end]).collect();
                self.rules.opening.ruling(&ends, self.slack_ns) != Ruling::Closed
            }
            Wanted::BadProbe => end.failed || end.slow != Slow::No,
            Wanted::GoodProbe => !end.failed && end.slow != Slow::Yes,
        }
    }

    /// Judges a change that the rules must justify; returns what must follow it.
    fn judge(
        &self,
        place: Place,
        change: Change<'_>,
        due: Option<Debt>,
        findings: &mut Findings,
    ) -> Option<Debt> {
        let may_open = self.may_open.is_some_and(|at| self.near(at, place));
        if change.to == BreakerState::Open && may_open {
            return None;
        }
        if let Some(debt) = due {
            if matches!(debt, Debt::Change { to, place: at } if to == change.to && self.near(at, place))
            {
                return None;
            }
            self.complain(debt, findings);
        }
        let epoch = self.epoch;
        let result = |wanted| Debt::Result { wanted, epoch, place };
        let early = |wanted: u32, seen: u32, what: &str, findings: &mut Findings| {
            let message = format!(
                "breaker {}: {} -> {} after {seen} consecutive {what}, not {wanted}",
                self.name, self.state, change.to
            );
            findings.violate(place, message);
        };
        match (self.state, change.to) {
            (BreakerState::Closed, BreakerState::Open) => match self.rules.opening {
                OpeningRule::Consecutive(wanted)
                    if failures_in_a_row(&self.ends).saturating_add(1) != wanted =>
                {
                    early(wanted, failures_in_a_row(&self.ends), "failures", findings);
                }
                OpeningRule::Consecutive(_) | OpeningRule::Rates { .. } => {
                    return Some(result(Wanted::Opening));
                }
            },
            (BreakerState::HalfOpen, BreakerState::Closed) => {
                let wanted = self.rules.success_threshold;
                if self.successes.saturating_add(1) == wanted {
                    return Some(result(Wanted::GoodProbe));
                }
                early(wanted, self.successes, "successes", findings);
            }
            (BreakerState::HalfOpen, BreakerState::Open) => {
                return Some(result(Wanted::BadProbe));
            }
            (BreakerState::Open, BreakerState::HalfOpen) => {
                self.probe_time(place, self.open_until_ns, findings);
                return Some(Debt::Probe { place });
            }
            (BreakerState::HalfOpen, BreakerState::HalfOpen)
                if self.rules.half_open_wait_max.is_some() =>
            {
                let wait_ns = self.rules.half_open_wait_max.map_or(u64::MAX, nanos);
                self.probe_time(place, self.since_ns.saturating_add(wait_ns), findings);
                self.probes_lost(place, findings);
                return Some(Debt::Probe { place });
            }
            (from, to) => {
                let message = format!(
                    "breaker {}: {from} -> {to} is no legal transition (cause `{}`)",
                    self.name, change.cause
                );
                findings.violate(place, message);
            }
        }
        None
    }

    /// A probe must not pass before its time.
    fn probe_time(&self, place: Place, not_before_ns: u64, findings: &mut Findings) {
        if place.at_ns.saturating_add(self.slack_ns) < not_before_ns {
            let message = format!(
                "breaker {}: lets a probe pass {} too early",
                self.name,
                seconds(not_before_ns.saturating_sub(place.at_ns))
            );
            findings.violate(place, message);
        }
    }

    /// Probes are given up only while they run: one that has ended must have given its slot back.
    fn probes_lost(&self, place: Place, findings: &mut Findings) {
        let probes = self.calls.values().filter(|call| call.epoch == self.epoch).count();
        if probes < usize::try_from(self.rules.half_open_max).unwrap_or(usize::MAX) {
            let message = format!(
                "breaker {}: gives up {} probes though only {probes} are running",
                self.name, self.rules.half_open_max
            );
            findings.violate(place, message);
        }
    }

    /// The metrics were sampled: how many calls the breaker has rejected so far, if that has changed. `thawed_ns` says
    /// when the trader can do what is due at a time.
    ///
    /// Once its time is over, the next call must pass as a probe.
    pub(crate) fn sampled(
        &mut self,
        place: Place,
        rejected: Option<u64>,
        thawed_ns: impl Fn(u64) -> u64,
        findings: &mut Findings,
    ) {
        // Whoever is frozen then tells only afterwards what was rejected before.
        let told_ns = thawed_ns(self.open_until_ns.saturating_add(nanos(METRICS_LAG)));
        let over_ns = told_ns.saturating_add(self.slack_ns);
        let more = rejected.is_some_and(|rejected| rejected > self.rejected);
        if self.state == BreakerState::Open && self.sampled_ns > over_ns && more {
            let message = format!(
                "breaker {}: rejects calls though its time is over since {}",
                self.name,
                seconds(self.open_until_ns)
            );
            findings.violate(place, message);
        }
        self.sampled_ns = place.at_ns;
        self.rejected = rejected.unwrap_or(self.rejected);
    }

    /// Notes until when the breaker must reject, and judges what it says about that.
    fn open(&mut self, place: Place, change: Change<'_>, forced: bool, findings: &mut Findings) {
        let told_ns = change.open_ms.map(|ms| ms.saturating_mul(1_000_000));
        let (shortest, longest) = (nanos(self.rules.open_for), nanos(self.rules.open_for_max));
        let fits = told_ns.is_some_and(|told_ns| {
            told_ns.saturating_add(self.slack_ns) >= shortest
                && told_ns <= longest.saturating_add(self.slack_ns)
        });
        if !forced && !fits {
            let told = told_ns.map_or_else(|| "no time".to_owned(), seconds);
            let message = format!(
                "breaker {}: opens for {told}, not for {} to {}",
                self.name,
                seconds(shortest),
                seconds(longest)
            );
            findings.violate(place, message);
        }
        let least_ns = if forced { 0 } else { shortest };
        let open_ns = told_ns.unwrap_or(shortest).max(least_ns);
        self.open_until_ns = place.at_ns.saturating_add(open_ns);
    }

    /// Reports what was due and did not come.
    fn dun(&mut self, findings: &mut Findings) {
        if let Some(debt) = self.debt.take() {
            self.complain(debt, findings);
            // Count anew: one missed change is one violation, not one per later call.
            self.ends.clear();
            self.successes = 0;
        }
    }

    fn complain(&self, debt: Debt, findings: &mut Findings) {
        let name = self.name;
        let (place, message) = match debt {
            Debt::Change { to, place } => {
                let state = self.state;
                let seen = self.seen(to);
                (place, format!("breaker {name}: stays {state} after {seen}, must be {to}"))
            }
            Debt::Result { wanted, place, .. } => {
                let state = self.state;
                let wanted = match (wanted, self.rules.opening) {
                    (Wanted::GoodProbe, _) => "success",
                    (Wanted::Opening, OpeningRule::Rates { .. }) => "call",
                    (Wanted::Opening | Wanted::BadProbe, _) => "failure",
                };
                (place, format!("breaker {name}: became {state} without a {wanted} that counts"))
            }
            Debt::Probe { place } => {
                (place, format!("breaker {name}: became HALF_OPEN though nobody called"))
            }
        };
        findings.violate(place, message);
    }

    /// The calls that make a change due, in words.
    fn seen(&self, to: BreakerState) -> String {
        match (self.state, to, self.rules.opening) {
            (_, BreakerState::Closed, _) => format!("{} successes", self.successes),
            (BreakerState::HalfOpen, _, _) if self.ends.last().is_some_and(|end| end.failed) => {
                "1 failure".to_owned()
            }
            (BreakerState::HalfOpen, _, _) => "1 slow probe".to_owned(),
            (_, _, OpeningRule::Consecutive(_)) => {
                format!("{} failures", failures_in_a_row(&self.ends))
            }
            (_, _, OpeningRule::Rates { .. }) => {
                let failed = self.ends.iter().filter(|end| end.failed).count();
                let slow = self.ends.iter().filter(|end| end.slow == Slow::Yes).count();
                format!("{} calls, {failed} failed, {slow} slow", self.ends.len())
            }
        }
    }

    const fn near(&self, one: Place, other: Place) -> bool {
        one.at_ns.abs_diff(other.at_ns) <= self.slack_ns
    }
}
