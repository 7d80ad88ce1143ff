use super::*;
use crate::fault::{
    Book, BookFault, Clock, Corrupt, Crash, Direction, Dns, Drip, Excess, Executions,
    ExecutionsFault, Freeze, HalfOpen, Hang, HangPhase, Hold, Host, LateOrders, Latency,
    Maintenance, MaintenancePhase, PoolExhausted, Process, Refuse, Reset, RestError, RestSlow,
    RestStatus, SinkStatus, Split, Stale, Throttle, Token, Truncate, WsClose, WsStatus, WsText,
};

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
    let error =
        RestError { error: "EService:Busy".to_owned(), executed: Some(true), methods: Vec::new() };
    FaultPlan {
        scenario: "faults/x".to_owned(),
        seed: u64::MAX,
        healed_at: Duration::from_millis(90_250),
        faults: vec![
            fault(0, 5_000, 5_010, FaultKind::RestStatus(RestStatus::all(503))),
            fault(1, 5_000, 6_000, FaultKind::RestLostAnswer(RestStatus::all(504))),
            fault(2, 5_000, 6_000, FaultKind::RestSlow(slow)),
            fault(3, 5_000, 6_000, FaultKind::RestError(error)),
            fault(4, 5_000, 90_250, FaultKind::Hold(Hold::default())),
            fault(5, 6_000, 6_100, FaultKind::Hang(hang)),
        ]
        .into_iter()
        .chain((6..).zip(rest()).map(|(id, kind)| fault(id, 6_100, 7_000, kind)))
        .collect(),
    }
}

/// The kinds that need no further thought, each with every parameter that it has.
fn rest() -> Vec<FaultKind> {
    let second = Duration::from_secs(1);
    let (host, direction) = (Some(Host::KrakenPublic), Some(Direction::Out));
    vec![
        FaultKind::Refuse(Refuse { host }),
        FaultKind::Reset(Reset { host, connections: Some(1), after: Some(second) }),
        FaultKind::HalfOpen(HalfOpen { host, connections: Some(2) }),
        FaultKind::Latency(Latency { host, direction, delay: Some(second), ..Latency::default() }),
        FaultKind::Drip(Drip { host, direction, bytes: 3, interval: second }),
        FaultKind::Throttle(Throttle { host, direction, bytes_per_second: 2_000 }),
        FaultKind::Split(Split { host, direction, bytes_max: 7 }),
        FaultKind::Truncate(Truncate { host, bytes: 200 }),
        FaultKind::Corrupt(Corrupt { host, one_in: 2_000 }),
        FaultKind::Dns(Dns { host, delay: Some(second), found: Some(true) }),
        FaultKind::PoolExhausted(PoolExhausted { host, connections: 1, excess: Excess::Refused }),
        FaultKind::WsStatus(WsStatus { status: 403, retry_after: Some(second), host }),
        FaultKind::WsClose(WsClose { code: 1_012, after: Some(second), host }),
        FaultKind::WsText(WsText { text: "restarting".to_owned(), host }),
        FaultKind::Stale(Stale { host }),
        FaultKind::Executions(Executions { how: ExecutionsFault::Lost, one_in: Some(2) }),
        FaultKind::Book(Book { how: BookFault::Checksum, one_in: None }),
        FaultKind::Token(Token { life: Duration::ZERO }),
        FaultKind::Maintenance(Maintenance { phase: MaintenancePhase::CancelOnly }),
        FaultKind::LateOrders(LateOrders { delay: second }),
        FaultKind::Crash(Crash { process: Process::Influx }),
        FaultKind::Freeze(Freeze { process: Process::Trader }),
        FaultKind::Clock(Clock { ahead: None, behind: Some(second) }),
        FaultKind::SinkStatus(SinkStatus { status: 503 }),
        FaultKind::SinkHold,
    ]
}

#[test]
fn faults_are_numbered_in_the_order_in_which_they_begin() {
    let mut faults = plan().faults;
    faults.reverse();
    let sorted = FaultPlan::new("faults/x".to_owned(), u64::MAX, faults);
    let shown: Vec<_> =
        sorted.faults.iter().map(|fault| (fault.id, fault.at.as_millis())).collect();
    let expected = [&[5_000; 5][..], &[6_000], &[6_100; 25]].concat();
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
        "at 5s for 1s: rest-error EService:Busy, executed",
        "at 5s for 1m25s250ms: hold",
        "at 6s for 100ms: hang head, not executed",
        "at 6s100ms for 900ms: refuse ws.kraken.com",
        "at 6s100ms for 900ms: reset of 1 connection, new ones after 1s ws.kraken.com",
        "at 6s100ms for 900ms: half-open of 2 connections ws.kraken.com",
        "at 6s100ms for 900ms: latency by 1s out ws.kraken.com",
        "at 6s100ms for 900ms: drip of 3 bytes every 1s out ws.kraken.com",
        "at 6s100ms for 900ms: throttle to 2000 bytes per second out ws.kraken.com",
        "at 6s100ms for 900ms: split into pieces of at most 7 bytes out ws.kraken.com",
        "at 6s100ms for 900ms: truncate after 200 bytes ws.kraken.com",
        "at 6s100ms for 900ms: corrupt one byte in 2000 ws.kraken.com",
        "at 6s100ms for 900ms: dns found after 1s ws.kraken.com",
        "at 6s100ms for 900ms: pool-exhausted at 1 connections, more are refused ws.kraken.com",
        "at 6s100ms for 900ms: ws-status 403 retry-after 1s ws.kraken.com",
        "at 6s100ms for 900ms: ws-close 1012 after 1s ws.kraken.com",
        "at 6s100ms for 900ms: ws-text \"restarting\" ws.kraken.com",
        "at 6s100ms for 900ms: stale ws.kraken.com",
        "at 6s100ms for 900ms: executions lost, one in 2",
        "at 6s100ms for 900ms: book checksum",
        "at 6s100ms for 900ms: token expires after 0s",
        "at 6s100ms for 900ms: maintenance cancel-only",
        "at 6s100ms for 900ms: late-orders by 1s",
        "at 6s100ms for 900ms: crash influxdb",
        "at 6s100ms for 900ms: freeze trader",
        "at 6s100ms for 900ms: clock behind by 1s",
        "at 6s100ms for 900ms: sink-status 503",
        "at 6s100ms for 900ms: sink-hold",
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
    assert_eq!(plan.healed_at, Duration::from_secs(2), "when the last fault is over");
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
