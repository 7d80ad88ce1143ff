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

const THRESHOLD: usize = 3;
const SUCCESSES: usize = 2;
const PROBES: usize = 2;
const OPEN_MS: u64 = 1000;
const MAX_WAIT_MS: u64 = 2000;

fn config() -> BreakerConfig {
    BreakerConfig {
        policy: BreakerPolicy::Consecutive { failures: 3 },
        open_for: Duration::from_millis(OPEN_MS),
        success_threshold: 2,
        half_open_max: 2,
        half_open_max_wait: Duration::from_millis(MAX_WAIT_MS),
        open_growth: None,
        alert: None,
    }
}

/// One stay in one state, with what happened during it.
#[derive(Debug)]
struct Stay {
    state: BreakerState,
    /// For `Open`.
    until_ms: u64,
    /// Outcomes that counted, in the order of the ends.
    ends: Vec<CallOutcome>,
    /// Calls let through and not ended.
    out: usize,
    life_ms: u64,
}

/// All stays; the last is the present, its position the generation.
#[derive(Debug)]
struct Model {
    stays: Vec<Stay>,
    now_ms: u64,
}

impl Model {
    fn new() -> Self {
        let mut model = Self { stays: Vec::new(), now_ms: 0 };
        model.stay(Closed, 0);
        model
    }

    fn stay(&mut self, state: BreakerState, until_ms: u64) {
        self.stays.push(Stay { state, until_ms, ends: Vec::new(), out: 0, life_ms: self.now_ms });
    }

    fn now(&mut self) -> &mut Stay {
        self.stays.last_mut().unwrap()
    }

    fn acquire(&mut self) -> Option<usize> {
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
            generation
        })
    }

    /// Returns whether it counted.
    fn end(&mut self, generation: usize, outcome: CallOutcome) -> bool {
        if generation + 1 != self.stays.len() {
            return false;
        }
        let now_ms = self.now_ms;
        let stay = self.now();
        stay.out -= 1;
        stay.life_ms = now_ms;
        if matches!(outcome, Success | Failure) {
            stay.ends.push(outcome);
        }
        let row = |of| stay.ends.iter().rev().take_while(|&&end| end == of).count();
        let (failures, successes) = (row(Failure), row(Success));
        let failures_needed = if stay.state == Closed { THRESHOLD } else { 1 };
        if failures >= failures_needed {
            self.stay(Open, now_ms + OPEN_MS);
        } else if stay.state == HalfOpen && successes >= SUCCESSES {
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

async fn check(steps: Vec<Step>) {
    let (breaker, trail) = with_config(config());
    let mut model = Model::new();
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
                let (permit, generation) = in_flight.remove(position);
                let counted = model.end(generation, outcome);
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
        assert_eq!(trail.events.lock().len(), model.stays.len() - 1, "each told once");
    }
}

proptest! {
    #[test]
    fn any_history_goes_as_in_the_model(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(check(steps));
    }
}
