use super::*;
use crate::fault::{Hang, HangPhase, Hold, RestSlow, RestStatus, SinkStatus};

fn plan() -> FaultPlan {
    let fault = |id, at, until, kind| PlannedFault {
        id,
        at: Duration::from_millis(at),
        until: Duration::from_millis(until),
        may_miss: false,
        kind,
    };
    let slow = RestSlow {
        delay: None,
        delay_min: Some(Duration::from_secs(1)),
        delay_max: Some(Duration::from_secs(3)),
        methods: Vec::new(),
    };
    let hang = Hang {
        phase: HangPhase::Head,
        host: None,
        methods: Vec::new(),
        executed: Some(false),
        established: None,
    };
    FaultPlan {
        scenario: "faults/x".to_owned(),
        seed: u64::MAX,
        healed_at: Duration::from_millis(90_250),
        faults: vec![
            fault(0, 5_000, 5_010, FaultKind::RestStatus(RestStatus::all(503))),
            fault(1, 5_000, 6_000, FaultKind::RestLostAnswer(RestStatus::all(504))),
            fault(2, 5_000, 6_000, FaultKind::RestSlow(slow)),
            fault(3, 5_000, 90_250, FaultKind::Hold(Hold::default())),
            fault(4, 6_000, 6_100, FaultKind::Hang(hang)),
            fault(5, 6_100, 7_000, FaultKind::SinkStatus(SinkStatus { status: 503 })),
            fault(6, 7_000, 8_000, FaultKind::SinkHold),
        ],
    }
}

#[test]
fn faults_are_numbered_in_the_order_in_which_they_begin() {
    let mut faults = plan().faults;
    faults.reverse();
    let sorted = FaultPlan::new("faults/x".to_owned(), u64::MAX, faults);
    let shown: Vec<_> =
        sorted.faults.iter().map(|fault| (fault.id, fault.at.as_millis())).collect();
    let expected = [5_000, 5_000, 5_000, 5_000, 6_000, 6_100, 7_000];
    assert_eq!(shown, (0..).zip(expected).collect::<Vec<_>>());
    assert_eq!(sorted.healed_at, plan().healed_at);
    let empty = FaultPlan::new(String::new(), 0, Vec::new());
    assert_eq!((sorted.begins_at(), empty.begins_at()), (Some(Duration::from_secs(5)), None));
    assert_eq!(empty.healed_at, Duration::ZERO);
}

#[test]
fn a_collision_is_found_where_a_target_is_struck_twice_at_a_time() {
    assert_eq!(plan().collision(), None);
    let mut touching = plan();
    touching.faults[0].kind = FaultKind::RestLostAnswer(RestStatus::all(503));
    let found = touching.collision().map(|(first, second)| (first.id, second.id));
    assert_eq!(found, Some((0, 1)));
    touching.faults[0].until = touching.faults[0].at;
    assert_eq!(touching.collision(), None);
}

#[test]
fn a_kind_is_saved_under_the_name_that_scenarios_use() {
    let names = plan().faults.into_iter().map(|fault| {
        let kind = toml::Table::try_from(&fault.kind).unwrap();
        assert_eq!(kind["kind"].as_str(), Some(fault.kind.name()));
        fault.kind.name()
    });
    assert_eq!(names.collect::<Vec<_>>(), FaultKind::NAMES);
}

#[test]
fn a_fault_shows_in_one_line() {
    let faults = plan().faults;
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = [
        "at 5s for 10ms: rest-status 503",
        "at 5s for 1s: rest-lost-answer 504",
        "at 5s for 1s: rest-slow by 1s to 3s",
        "at 5s for 1m25s250ms: hold",
        "at 6s for 100ms: hang head, not executed",
        "at 6s100ms for 900ms: sink-status 503",
        "at 7s for 1s: sink-hold",
    ];
    assert_eq!(shown, expected);
}

fn load(name: &str, text: &str) -> Result<FaultPlan, ScenarioError> {
    let path = std::env::temp_dir().join(format!("wavetank-{name}.toml"));
    std::fs::write(&path, text).unwrap();
    FaultPlan::load(&path)
}

#[test]
fn a_plan_needs_nothing_but_its_faults_and_numbers_them() {
    let fault = "[[fault]]\nkind = \"rest-status\"\nstatus = 503\nat = \"1s\"\nuntil = \"2s\"\n";
    let plan = load("plan", &format!("{fault}\n{fault}")).unwrap();
    assert_eq!(plan.faults.iter().map(|fault| fault.id).collect::<Vec<_>>(), [0, 1]);
    let scenario = "schema = 1\npurpose = \"x\"\nrun = { length = \"5m\", seed = 7 }\n\
         market = { venue = \"kraken\", symbol = \"BTC/USD\", tape = \"x.csv\" }\n\
         trader = { strategy = \"no-op\", balance = { USD = \"1\" } }\n";
    let faults = fault.replace("until", "for");
    let plan = load("scenario", &format!("{scenario}\n{faults}")).unwrap();
    let until: Vec<_> = plan.faults.iter().map(|fault| fault.until.as_secs()).collect();
    assert_eq!((plan.seed, until), (7, vec![3]));
}

#[test]
fn a_plan_that_cannot_be_says_where() {
    let check = |name: &str, text: &str, expected: &str| {
        let error = load(name, text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let fault = "[[fault]]\nkind = \"sink-hold\"\nat = \"2s\"\nuntil = \"2s\"\n";
    check("backwards", fault, "expected `until` later than `at`");
    check("unknown", "[[fault]]\nkind = \"flood\"\nat = \"1s\"\nuntil = \"2s\"\n", "flood");
}
