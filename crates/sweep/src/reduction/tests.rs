use proptest::prelude::*;
use scenario::FaultKind;

use super::*;

fn scenario() -> Scenario {
    Scenario::parse(
        "x.toml",
        r#"
        schema = 1
        purpose = "x"
        run = { length = "10m" }
        market = { venue = "kraken", symbol = "BTC/USD", tape = "x.csv" }
        trader = { strategy = "no-op", balance = { USD = "1" } }

        [storm]
        at = "20s"
        for = "5m"

        [[storm.family]]
        kind = "rest-status"
        seeds_percent = 100
        every_min = "5s"
        every_max = "10s"
        for_min = "1s"
        for_max = "20s"
        status = [500, 503]
        retry_after = { min = "1s", max = "9s", percent = 50 }
        methods = { of = [["AddOrder"], ["CancelOrder"]], percent = 80 }

        [[storm.family]]
        kind = "hold"
        seeds_percent = 100
        every_min = "10s"
        every_max = "20s"
        for_min = "100ms"
        for_max = "20s"
        host = { of = ["ws.kraken.com", "api.kraken.com"], percent = 70 }
        "#,
    )
    .unwrap()
}

/// Reduces the plan of a seed; every proposal must be legal, and smaller in some way.
fn reduced(seed: u64, fails: impl Fn(&Candidate) -> bool) -> (Candidate, u32) {
    let scenario = scenario();
    let plan = scenario.plan(seed);
    let mut reduction = Reduction::new(&scenario, &plan);
    assert!(fails(reduction.best()), "what is reduced fails");
    let mut runs = 0;
    while let Some(candidate) = reduction.propose() {
        assert_eq!(reduction.propose().as_ref(), Some(&candidate), "asked again");
        let best = reduction.best().clone();
        let plan = FaultPlan::new(String::new(), seed, candidate.faults.clone());
        assert!(plan.collision().is_none());
        let mut smaller = scenario.clone();
        smaller.run.length = candidate.length;
        let text = smaller.explicit(&plan, None, "");
        assert_eq!(Scenario::parse("y.toml", &text).unwrap().plan(0).faults, plan.faults);
        assert!(candidate != best && candidate.faults.len() <= best.faults.len());
        let fails = fails(&candidate);
        reduction.tell(fails);
        assert_eq!(reduction.best(), if fails { &candidate } else { &best });
        runs += 1;
        assert!(runs < 2_000, "no end");
    }
    (reduction.best().clone(), runs)
}

fn is_hold(fault: &PlannedFault) -> bool {
    matches!(fault.kind, FaultKind::Hold(_))
}

#[test]
fn a_bug_that_needs_no_fault_is_left_with_none_and_the_shortest_run() {
    let (least, runs) = reduced(1, |_| true);
    assert_eq!(least, Candidate { faults: vec![], length: Duration::from_secs(131) });
    assert!(runs < 5, "{runs} runs");
}

#[test]
fn a_bug_that_needs_one_fault_is_left_with_it_at_its_simplest() {
    let long = |fault: &PlannedFault| {
        is_hold(fault) && fault.until - fault.at >= Duration::from_millis(700)
    };
    let (least, runs) = reduced(1, |candidate| candidate.faults.iter().any(long));
    let shown: Vec<_> = least.faults.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 1, "{shown:?}");
    let fault = &least.faults[0];
    assert_eq!(fault.kind.to_string(), "hold");
    assert!(fault.until - fault.at < Duration::from_millis(1_600), "{shown:?}");
    assert!(fault.at < Duration::from_secs(10) && fault.at.subsec_millis() == 0, "{shown:?}");
    assert!(least.length <= Duration::from_secs(143), "{least:?}");
    assert!(runs < 60, "{runs} runs");
}

#[test]
fn a_bug_that_needs_two_faults_keeps_both_and_their_distance_in_time() {
    let pair = |candidate: &Candidate| {
        let status = candidate.faults.iter().position(|fault| !is_hold(fault));
        let hold = candidate.faults.iter().rposition(is_hold);
        status.zip(hold).is_some_and(|(status, hold)| status < hold)
    };
    for seed in 0..20 {
        let (least, _) = reduced(seed, pair);
        assert_eq!(least.faults.len(), 2, "{least:?}");
        assert!(pair(&least));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever fails: the end fails, and without any one of its faults it does not.
    #[test]
    fn the_end_fails_and_nothing_of_it_can_go(seed: u64, wanted in proptest::collection::btree_set(0..30_usize, 1..5), need in 1..4_usize) {
        let all = scenario().plan(seed).faults;
        let wanted: Vec<_> = wanted.iter().filter_map(|at| all.get(*at)).map(|fault| fault.kind.label()).collect();
        let fails = |candidate: &Candidate| {
            let hits = candidate.faults.iter().filter(|fault| wanted.contains(&fault.kind.label()));
            hits.count() >= need.min(wanted.len())
        };
        let (least, _) = reduced(seed, fails);
        prop_assert!(fails(&least));
        for at in 0..least.faults.len() {
            let mut without = least.clone();
            without.faults.remove(at);
            prop_assert!(!fails(&without), "{:?}", without);
        }
    }
}
