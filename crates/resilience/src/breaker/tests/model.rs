//! Random histories against a model that is slow and obvious: it keeps everything that happened and
//! derives the state from it anew at each step.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
enum Step {
    Wait {
        ms: u64,
    },
    Acquire,
    /// Ends the call at this position among those in flight.
    End {
        position: usize,
        outcome: CallOutcome,
    },
    Reset,
    Isolate,
    ForceOpen {
        ms: u64,
    },
}

const SUCCESSES: usize = 2;
const PROBES: usize = 2;
const OPEN_MS: u64 = 1000;
const MAX_WAIT_MS: u64 = 2000;
const WINDOW_MS: u64 = 1000;
const BUCKETS: u64 = 4;
const SLOW_MS: u64 = 400;

fn policies() -> impl Strategy<Value = BreakerPolicy> {
    let slow = || {
        let longer_than = Duration::from_millis(SLOW_MS);
        prop::option::of((1..=100_u32).prop_map(move |percent| SlowCalls { longer_than, percent }))
    };
    let rates =
        (1..=4_u32, 1..=100_u32, slow()).prop_map(|(minimum_calls, failure_percent, slow)| Rates {
            minimum_calls,
            failure_percent,
            slow,
        });
    let consecutive = (1..=4_u32).prop_map(|failures| BreakerPolicy::Consecutive { failures });
    let window = Duration::from_millis(WINDOW_MS);
    prop_oneof![
        consecutive,
        (4..=6_u32, rates.clone())
            .prop_map(|(calls, rates)| BreakerPolicy::CountWindow { calls, rates }),
        rates.prop_map(move |rates| BreakerPolicy::TimeWindow { window, buckets: 4, rates }),
    ]
}

fn config(policy: BreakerPolicy) -> BreakerConfig {
    BreakerConfig {
        policy,
        open_for: Duration::from_millis(OPEN_MS),
        success_threshold: 2,
        half_open_max: 2,
        half_open_max_wait: Duration::from_millis(MAX_WAIT_MS),
        open_growth: None,
        alert: None,
    }
}

/// A call that ended and counted.
#[derive(Debug, Clone, Copy)]
struct End {
    failed: bool,
    slow: bool,
    at_ms: u64,
}

/// One stay in one state, with what happened during it.
#[derive(Debug)]
struct Stay {
    state: BreakerState,
    /// For `Open`.
    until_ms: u64,
    /// Calls that counted, in the order of their ends.
    ends: Vec<End>,
    /// Calls let through and not ended.
    out: usize,
    life_ms: u64,
}

/// All stays; the last is the present, its position the generation.
#[derive(Debug)]
struct Model {
    policy: BreakerPolicy,
    stays: Vec<Stay>,
    now_ms: u64,
}

/// A call that was let through: by which stay, and when.
#[derive(Debug, Clone, Copy)]
struct Pass {
    generation: usize,
    since_ms: u64,
}

impl Model {
    fn new(policy: BreakerPolicy) -> Self {
        let mut model = Self { policy, stays: Vec::new(), now_ms: 0 };
        model.stay(Closed, 0);
        model
    }

    fn stay(&mut self, state: BreakerState, until_ms: u64) {
        self.stays.push(Stay { state, until_ms, ends: Vec::new(), out: 0, life_ms: self.now_ms });
    }

    fn now(&mut self) -> &mut Stay {
        self.stays.last_mut().unwrap()
    }

    fn acquire(&mut self) -> Option<Pass> {
        let now_ms = self.now_ms;
        let stay = self.now();
        let over = stay.state == Open && now_ms >= stay.until_ms;
        let hung =
            stay.state == HalfOpen && stay.out == PROBES && now_ms >= stay.life_ms + MAX_WAIT_MS;
        if over || hung {
            self.stay(HalfOpen, 0);
        }
        let generation = self.stays.len() - 1;
        let stay = self.now();
        let passes = match stay.state {
            Closed => true,
            HalfOpen => stay.out < PROBES,
            Open | Isolated => false,
        };
        passes.then(|| {
            stay.out += 1;
            stay.life_ms = now_ms;
            Pass { generation, since_ms: now_ms }
        })
    }

    /// Returns whether it counted.
    fn end(&mut self, pass: Pass, outcome: CallOutcome) -> bool {
        if pass.generation + 1 != self.stays.len() {
            return false;
        }
        let (policy, now_ms) = (self.policy, self.now_ms);
        let stay = self.now();
        stay.out -= 1;
        stay.life_ms = now_ms;
        if !matches!(outcome, Success | Failure) {
            return true;
        }
        let slow = slow_calls(&policy).is_some() && now_ms - pass.since_ms > SLOW_MS;
        stay.ends.push(End { failed: outcome == Failure, slow, at_ms: now_ms });
        if stay.state == Closed {
            if opens(&policy, &stay.ends) {
                self.stay(Open, now_ms + OPEN_MS);
            }
        } else if outcome == Failure || slow {
            self.stay(Open, now_ms + OPEN_MS);
        } else if stay.ends.len() >= SUCCESSES {
            self.stay(Closed, 0);
        }
        true
    }

    fn force_open(&mut self, ms: u64) {
        let until_ms = self.now_ms + ms;
        let stay = self.now();
        if stay.state != Isolated && (stay.state != Open || until_ms > stay.until_ms) {
            self.stay(Open, until_ms);
        }
    }
}

fn slow_calls(policy: &BreakerPolicy) -> Option<SlowCalls> {
    match policy {
        BreakerPolicy::Consecutive { .. } => None,
        BreakerPolicy::CountWindow { rates, .. } | BreakerPolicy::TimeWindow { rates, .. } => {
            rates.slow
        }
    }
}

/// The calls on which rates are judged at the last end.
fn looked_at<'a>(policy: &BreakerPolicy, ends: &'a [End]) -> Vec<&'a End> {
    let width_ms = WINDOW_MS / BUCKETS;
    let bucket = |end: &End| end.at_ms / width_ms;
    match *policy {
        BreakerPolicy::Consecutive { .. } => Vec::new(),
        BreakerPolicy::CountWindow { calls, .. } => ends.iter().rev().take(size(calls)).collect(),
        BreakerPolicy::TimeWindow { .. } => {
            let newest = ends.last().map_or(0, bucket);
            ends.iter().filter(|end| bucket(end) + BUCKETS > newest).collect()
        }
    }
}

fn opens(policy: &BreakerPolicy, ends: &[End]) -> bool {
    let rates = match *policy {
        BreakerPolicy::Consecutive { failures } => {
            let row = ends.iter().rev().take_while(|end| end.failed).count();
            return row >= size(failures);
        }
        BreakerPolicy::CountWindow { rates, .. } | BreakerPolicy::TimeWindow { rates, .. } => rates,
    };
    let calls = looked_at(policy, ends);
    let bad = |bad: fn(&&&End) -> bool| calls.iter().filter(bad).count();
    let reaches = |of: usize, percent: u32| of * 100 >= calls.len() * size(percent);
    calls.len() >= size(rates.minimum_calls)
        && (reaches(bad(|end| end.failed), rates.failure_percent)
            || rates.slow.is_some_and(|slow| reaches(bad(|end| end.slow), slow.percent)))
}

fn size(count: u32) -> usize {
    usize::try_from(count).unwrap()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        4 => Just(Failure),
        3 => Just(Success),
        1 => Just(Ignored),
        1 => Just(Cancelled),
    ];
    let step = prop_oneof![
        20 => Just(Step::Acquire),
        20 => (0..8_usize, outcome).prop_map(|(position, outcome)| Step::End { position, outcome }),
        6 => (0..1500_u64).prop_map(|ms| Step::Wait { ms }),
        3 => Just(Step::Wait { ms: OPEN_MS }),
        1 => Just(Step::Reset),
        1 => Just(Step::Isolate),
        1 => (0..3000_u64).prop_map(|ms| Step::ForceOpen { ms }),
    ];
    prop::collection::vec(step, 0..200)
}

async fn check(policy: BreakerPolicy, steps: Vec<Step>) {
    let (breaker, trail) = with_config(config(policy));
    let mut model = Model::new(policy);
    // Sets the origin, from which buckets are counted.
    breaker.reset();
    model.stay(Closed, 0);
    let mut in_flight = Vec::new();
    for step in steps {
        match step {
            Step::Wait { ms } => {
                advance(Duration::from_millis(ms)).await;
                model.now_ms += ms;
            }
            Step::Acquire => {
                let peeked = breaker.peek().is_ok();
                let permit = breaker.acquire().ok();
                let expected = model.acquire();
                assert_eq!((peeked, permit.is_some()), (expected.is_some(), expected.is_some()));
                in_flight.extend(permit.zip(expected));
            }
            Step::End { position, outcome } if position < in_flight.len() => {
                let (permit, pass) = in_flight.remove(position);
                let counted = model.end(pass, outcome);
                if outcome == Cancelled {
                    drop(permit);
                } else {
                    let recorded = permit.record(outcome, "down");
                    assert_eq!(recorded == Recorded::Current, counted);
                }
            }
            Step::End { .. } => {}
            Step::Reset => {
                breaker.reset();
                model.stay(Closed, 0);
            }
            Step::Isolate => {
                breaker.isolate();
                if model.now().state != Isolated {
                    model.stay(Isolated, 0);
                }
            }
            Step::ForceOpen { ms } => {
                breaker.force_open(Duration::from_millis(ms), "forced");
                model.force_open(ms);
            }
        }
        let snapshot = breaker.snapshot();
        assert_eq!(snapshot.state, model.now().state, "after {step:?}");
        assert_eq!(usize::try_from(snapshot.generation), Ok(model.stays.len() - 1));
        if let Some(window) = snapshot.window {
            let ends = if snapshot.state == Closed { &*model.now().ends } else { &[] };
            let calls = looked_at(&policy, ends);
            let count = |bad: fn(&&&End) -> bool| u32::try_from(calls.iter().filter(bad).count());
            let tally = [count(|_| true), count(|end| end.failed), count(|end| end.slow)];
            assert_eq!(tally.map(Result::unwrap), [window.calls, window.failed, window.slow]);
        }
        assert_eq!(trail.events.lock().len(), model.stays.len() - 1, "each told once");
    }
}

proptest! {
    #[test]
    fn any_history_goes_as_in_the_model(policy in policies(), steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(check(policy, steps));
    }
}
