//! Every kind of fault strikes the production trader: it sees what the kind promises, and all checks hold
//! when the fault is over.

use std::time::Duration;

use model::audit::{AuditEvent, CallOutcome, HealthState, StreamState};
use model::history::{Event, Record, WorldEvent};
use node::NodeConfig;
use scenario::{FaultKind, Scenario};
use sim::Setup;

use crate::support::{failing_with_details, root, run, with_tape};

/// What the trader must have seen while the faults were in force, or shortly after.
#[derive(Debug, Clone, Copy)]
enum Sign {
    /// The error of a call contains a text.
    Error(&'static str),
    /// A stream went down for a reason that contains a text.
    Down(&'static str, &'static str),
    /// A book was lost for a reason that contains a text.
    BookLost(&'static str),
    /// A query took at least so long, and succeeded.
    Slow(Duration),
    /// A stream went down so often at least.
    Downs(&'static str, usize),
    /// A stream stayed up.
    Up(&'static str),
    /// No call failed, and no stream went down.
    Nothing,
    /// The trader's process ended, and another one traded.
    NewLife,
    /// No call's error contains a text.
    Never(&'static str),
    /// A dependency was down.
    Unwell(&'static str),
    /// While a process was frozen it did nothing, and then it went on at once.
    Still(Source),
}

/// Who tells an event.
type Source = fn(&Event) -> bool;

const TRADER: Source = |event| matches!(event, Event::Trader(_));
const VENUE: Source = |event| matches!(event, Event::Venue(_));
const SINK: Source = |event| matches!(event, Event::Sink(_));

/// One short scenario.
struct Case {
    name: &'static str,
    /// Keys of the faults, each beginning with its `at` and `for` unless those are the usual ones.
    faults: &'static [&'static str],
    signs: &'static [Sign],
}

/// When the faults begin, and how long they last, where a case does not say that.
const USUAL: &str = "at = \"1m\"\nfor = \"40s\"";

/// Longest part of a scenario before the faults are over.
const LENGTH: &str = "5m10s";

/// Time after the end of a fault in which its signs may still come: a dial that got no answer asks again
/// late.
const LATE: Duration = Duration::from_secs(20);

const PUBLIC: &str = "kraken/public";
const PRIVATE: &str = "kraken/private";
const RESET: &str = "kind = \"reset\"";
const DROP: &str = "kind = \"ws-close\"\ncode = 1006";

const CASES: &[Case] = &[
    Case {
        name: "refuse",
        faults: &[RESET, "kind = \"refuse\""],
        signs: &[Sign::Error("cannot connect"), Sign::Down(PUBLIC, "cannot connect")],
    },
    Case {
        name: "reset",
        faults: &[RESET],
        signs: &[Sign::Down(PUBLIC, "reset"), Sign::Down(PRIVATE, "reset")],
    },
    Case {
        name: "reset one, and new ones",
        faults: &["kind = \"reset\"\nhost = \"ws.kraken.com\"\nconnections = 1\nafter = \"3s\""],
        signs: &[Sign::Downs(PUBLIC, 4)],
    },
    Case {
        name: "half-open",
        faults: &["at = \"1m\"\nfor = \"60s\"\nkind = \"half-open\""],
        signs: &[Sign::Down(PUBLIC, "silent"), Sign::Down(PRIVATE, "silent")],
    },
    Case {
        name: "hold in",
        faults: &["at = \"1m\"\nfor = \"60s\"\nkind = \"hold\"\ndirection = \"in\""],
        signs: &[
            Sign::Down(PUBLIC, "silent"),
            Sign::Error("no answer"),
            Sign::Error("no connection"),
        ],
    },
    Case {
        name: "hold out",
        faults: &["at = \"1m\"\nfor = \"60s\"\nkind = \"hold\"\ndirection = \"out\""],
        // What comes goes on coming.
        signs: &[Sign::Up(PUBLIC), Sign::Up(PRIVATE), Sign::Error("no connection")],
    },
    Case {
        name: "latency",
        faults: &["kind = \"latency\"\ndelay_min = \"400ms\"\ndelay_max = \"2s\""],
        signs: &[Sign::Slow(Duration::from_millis(800)), Sign::Nothing],
    },
    Case {
        name: "drip",
        faults: &["kind = \"drip\"\nbytes = 10\ninterval = \"500ms\""],
        signs: &[Sign::Error("no answer")],
    },
    Case {
        name: "throttle",
        faults: &["kind = \"throttle\"\nhost = \"api.kraken.com\"\nbytes_per_second = 100"],
        signs: &[Sign::Slow(Duration::from_secs(2))],
    },
    Case { name: "split", faults: &["kind = \"split\"\nbytes_max = 3"], signs: &[Sign::Nothing] },
    Case {
        name: "truncate",
        faults: &["kind = \"truncate\"\nbytes = 200"],
        signs: &[Sign::Error("answer lost within its body"), Sign::Down(PUBLIC, "without closing")],
    },
    Case {
        name: "corrupt",
        faults: &["kind = \"corrupt\"\none_in = 500"],
        signs: &[Sign::Down(PUBLIC, "invalid utf-8"), Sign::Down(PRIVATE, "utf-8")],
    },
    Case {
        name: "dns",
        faults: &[RESET, "kind = \"dns\""],
        signs: &[Sign::Error("cannot connect"), Sign::Down(PRIVATE, "reset")],
    },
    Case {
        name: "dns is slow",
        faults: &[RESET, "kind = \"dns\"\ndelay = \"3s\"\nfound = true"],
        signs: &[Sign::Slow(Duration::from_secs(3)), Sign::Down(PRIVATE, "reset")],
    },
    Case {
        name: "pool exhausted, unanswered",
        faults: &[RESET, "kind = \"pool-exhausted\"\nconnections = 0\nexcess = \"unanswered\""],
        signs: &[Sign::Error("no connection")],
    },
    Case {
        name: "pool exhausted, refused",
        faults: &[RESET, "kind = \"pool-exhausted\"\nconnections = 0\nexcess = \"refused\""],
        signs: &[Sign::Error("cannot connect")],
    },
    Case {
        name: "pool exhausted, unavailable",
        faults: &[RESET, "kind = \"pool-exhausted\"\nconnections = 0\nexcess = \"unavailable\""],
        signs: &[Sign::Error("status 503"), Sign::Error("upgrade refused with status 503")],
    },
    Case {
        name: "rest-error",
        faults: &["kind = \"rest-error\"\nerror = \"EService:Busy\"\nexecuted = true"],
        signs: &[Sign::Error("EService:Busy")],
    },
    Case {
        name: "nonces",
        faults: &["kind = \"rest-error\"\nerror = \"EAPI:Invalid nonce\""],
        signs: &[Sign::Error("EAPI:Invalid nonce")],
    },
    Case {
        name: "ws-status 403",
        faults: &[DROP, "kind = \"ws-status\"\nstatus = 403"],
        signs: &[Sign::Error("upgrade refused with status 403")],
    },
    Case {
        name: "ws-status 429",
        faults: &[DROP, "kind = \"ws-status\"\nstatus = 429\nretry_after = \"20s\""],
        signs: &[Sign::Error("upgrade refused with status 429")],
    },
    Case {
        name: "ws-status 503",
        faults: &[DROP, "kind = \"ws-status\"\nstatus = 503\nhost = \"ws.kraken.com\""],
        signs: &[Sign::Error("upgrade refused with status 503")],
    },
    Case {
        name: "ws-close 1000",
        faults: &["kind = \"ws-close\"\ncode = 1000"],
        signs: &[Sign::Down(PUBLIC, "code 1000"), Sign::Down(PRIVATE, "code 1000")],
    },
    Case {
        name: "ws-close 1001",
        faults: &["kind = \"ws-close\"\ncode = 1001"],
        signs: &[Sign::Down(PUBLIC, "code 1001"), Sign::Down(PRIVATE, "code 1001")],
    },
    Case {
        name: "ws-close 1011",
        faults: &["kind = \"ws-close\"\ncode = 1011"],
        signs: &[Sign::Down(PUBLIC, "code 1011"), Sign::Down(PRIVATE, "code 1011")],
    },
    Case {
        name: "ws-close 1012",
        faults: &["kind = \"ws-close\"\ncode = 1012"],
        signs: &[Sign::Down(PUBLIC, "code 1012"), Sign::Down(PRIVATE, "code 1012")],
    },
    Case {
        name: "ws-close 1013",
        faults: &["kind = \"ws-close\"\ncode = 1013"],
        signs: &[Sign::Down(PUBLIC, "code 1013"), Sign::Down(PRIVATE, "code 1013")],
    },
    Case {
        name: "ws-close without a word",
        faults: &[DROP],
        signs: &[Sign::Down(PUBLIC, "without closing"), Sign::Down(PRIVATE, "without closing")],
    },
    Case {
        name: "ws-close at an age",
        faults: &["kind = \"ws-close\"\ncode = 1000\nafter = \"10s\""],
        signs: &[Sign::Downs(PUBLIC, 3), Sign::Downs(PRIVATE, 3)],
    },
    Case {
        name: "ws-text",
        faults: &["kind = \"ws-text\"\ntext = \"CloudFlare WebSocket proxy restarting\""],
        signs: &[Sign::Nothing],
    },
    Case {
        name: "stale",
        faults: &["at = \"1m\"\nfor = \"90s\"\nkind = \"stale\""],
        signs: &[Sign::Down(PUBLIC, "changes of the book of BTC/USD did not come")],
    },
    Case {
        name: "executions lost",
        faults: &["kind = \"executions\"\nhow = \"lost\"\none_in = 2"],
        signs: &[Sign::Down(PRIVATE, "executions jumped")],
    },
    Case {
        // Nobody tells the trader: its comparison with the venue's list finds out.
        name: "executions omitted",
        faults: &["kind = \"executions\"\nhow = \"omitted\""],
        signs: &[Sign::Up(PRIVATE), Sign::Nothing],
    },
    Case {
        name: "executions repeated",
        faults: &["kind = \"executions\"\nhow = \"repeated\""],
        signs: &[Sign::Up(PRIVATE), Sign::Nothing],
    },
    Case {
        name: "executions doubled",
        faults: &["kind = \"executions\"\nhow = \"doubled\""],
        signs: &[Sign::Up(PRIVATE), Sign::Nothing],
    },
    Case {
        name: "executions swapped",
        faults: &["kind = \"executions\"\nhow = \"swapped\""],
        signs: &[Sign::Down(PRIVATE, "executions jumped")],
    },
    Case {
        name: "book lost",
        faults: &["kind = \"book\"\nhow = \"lost\"\none_in = 5"],
        signs: &[Sign::BookLost("checksum")],
    },
    Case {
        name: "book checksum",
        faults: &["kind = \"book\"\nhow = \"checksum\"\none_in = 5"],
        signs: &[Sign::BookLost("checksum")],
    },
    Case {
        name: "token",
        faults: &[DROP, "kind = \"token\"\nlife = \"0s\""],
        signs: &[Sign::Error("ESession:Invalid session")],
    },
    Case {
        name: "maintenance",
        faults: &[
            "at = \"1m\"\nfor = \"30s\"\nkind = \"maintenance\"\nphase = \"maintenance\"",
            "at = \"90s\"\nfor = \"20s\"\nmay_miss = true\nkind = \"maintenance\"\nphase = \"cancel-only\"",
            "at = \"110s\"\nfor = \"20s\"\nmay_miss = true\nkind = \"maintenance\"\nphase = \"post-only\"",
        ],
        signs: &[Sign::Down(PUBLIC, "1012 maintenance"), Sign::Error("EService:Unavailable")],
    },
    Case {
        // The venue says so, and whoever listens does not try.
        name: "cancel-only",
        faults: &["kind = \"maintenance\"\nphase = \"cancel-only\""],
        signs: &[Sign::Up(PUBLIC), Sign::Up(PRIVATE), Sign::Never("cancel_only")],
    },
    Case {
        name: "late-orders",
        faults: &["kind = \"late-orders\"\ndelay = \"20s\""],
        signs: &[Sign::Error("EOrder:Invalid order")],
    },
    Case {
        name: "crash of the venue",
        faults: &["kind = \"crash\"\nprocess = \"kraken\""],
        signs: &[Sign::Down(PUBLIC, "without closing"), Sign::Error("cannot connect")],
    },
    Case {
        name: "crash of the database",
        faults: &["kind = \"crash\"\nprocess = \"influxdb\""],
        signs: &[
            Sign::Error("cannot connect to tcp://influxdb"),
            Sign::Up(PUBLIC),
            Sign::Up(PRIVATE),
        ],
    },
    Case {
        name: "crash of the trader",
        faults: &["kind = \"crash\"\nprocess = \"trader\""],
        signs: &[Sign::NewLife],
    },
    Case {
        // An order that the new process cannot see when it starts.
        name: "crash of the trader with an order that shows up late",
        faults: &[
            "at = \"45s\"\nfor = \"60s\"\nkind = \"late-orders\"\ndelay = \"30s\"",
            "at = \"1m\"\nfor = \"5s\"\nkind = \"crash\"\nprocess = \"trader\"",
        ],
        signs: &[Sign::NewLife],
    },
    Case {
        // The request is on its way to the venue when the trader dies.
        name: "crash of the trader with requests under way",
        faults: &[
            "at = \"45s\"\nfor = \"30s\"\nkind = \"latency\"\ndirection = \"out\"\ndelay = \"2s\"",
            "at = \"1m\"\nfor = \"1s\"\nevery = \"3s\"\ntimes = 3\nkind = \"crash\"\nprocess = \"trader\"",
        ],
        signs: &[Sign::NewLife],
    },
    Case {
        // As a long garbage collection: nobody is missed yet.
        name: "freeze of the trader, short",
        faults: &["at = \"1m\"\nfor = \"3s\"\nkind = \"freeze\"\nprocess = \"trader\""],
        signs: &[Sign::Still(TRADER), Sign::Nothing],
    },
    Case {
        name: "freeze of the trader",
        faults: &["kind = \"freeze\"\nprocess = \"trader\""],
        signs: &[Sign::Still(TRADER)],
    },
    Case {
        name: "freeze of the venue",
        faults: &["kind = \"freeze\"\nprocess = \"kraken\""],
        signs: &[
            Sign::Still(VENUE),
            Sign::Down(PUBLIC, "silent"),
            Sign::Down(PRIVATE, "silent"),
            Sign::Error("no answer"),
            Sign::Error("no connection"),
        ],
    },
    Case {
        name: "freeze of the database",
        faults: &["kind = \"freeze\"\nprocess = \"influxdb\""],
        signs: &[Sign::Still(SINK), Sign::Error("no answer"), Sign::Up(PUBLIC), Sign::Up(PRIVATE)],
    },
    Case {
        name: "clock ahead",
        faults: &["kind = \"clock\"\nahead = \"30s\""],
        signs: &[Sign::Nothing, Sign::Unwell("kraken/clock")],
    },
    Case {
        // The deadline of every order is over when it is sent.
        name: "clock behind",
        faults: &["kind = \"clock\"\nbehind = \"30s\""],
        signs: &[Sign::Error("EService:Deadline elapsed"), Sign::Unwell("kraken/clock")],
    },
];

/// A scenario with a case's faults.
fn setup(case: &Case, seed: u64) -> Setup {
    let faults = case.faults.iter().map(|keys| {
        let usual = if keys.starts_with("at = ") { "" } else { USUAL };
        format!("\n[[fault]]\n{usual}\n{keys}\n")
    });
    let text = format!(
        "schema = 1\npurpose = \"{}\"\nrun = {{ length = \"{LENGTH}\" }}\n\
         market = {{ venue = \"kraken\", symbol = \"BTC/USD\", tape = \"x.csv\" }}\n\
         sink = {{ kind = \"influxdb\" }}\n\n\
         [trader]\nstrategy = \"quoter:qty=0.05,distance_bps=3,inventory_max=0.5,every_s=3\"\n\
         balance = {{ USD = \"100000\", BTC = \"1\" }}\n{}",
        case.name,
        faults.collect::<String>()
    );
    let scenario = Scenario::parse("x.toml", &text).expect("a valid scenario");
    with_tape(scenario, &root().join("data/tapes/BTCUSD_sample_30m.csv"), seed)
}

/// One of the cases.
pub(crate) fn named(name: &str, seed: u64) -> Setup {
    let case = CASES.iter().find(|case| case.name == name);
    setup(case.expect("a case of that name"), seed)
}

fn is_there(sign: Sign, history: &[Record]) -> bool {
    let any = |is: &dyn Fn(&AuditEvent) -> bool| {
        history.iter().any(|record| matches!(&record.event, Event::Trader(event) if is(event)))
    };
    match sign {
        Sign::Error(part) => any(
            &|event| matches!(event, AuditEvent::CallEnded { error: Some(error), .. } if error.contains(part)),
        ),
        Sign::Down(name, part) => any(&|event| {
            matches!(event, AuditEvent::StreamChanged { stream, state: StreamState::Down, reason }
                if stream == name && reason.contains(part))
        }),
        Sign::Downs(name, least) => downs(history, name) >= least,
        Sign::Up(name) => downs(history, name) == 0,
        Sign::BookLost(part) => any(
            &|event| matches!(event, AuditEvent::BookLost { reason, .. } if reason.contains(part)),
        ),
        Sign::Never(part) => !is_there(Sign::Error(part), history),
        Sign::Unwell(name) => any(&|event| {
            matches!(event, AuditEvent::HealthChanged { dependency, state: HealthState::Down, .. }
                if dependency == name)
        }),
        Sign::Still(tells) => stood_still(history, tells),
        Sign::Slow(least) => successes(history).into_iter().any(|took| took >= least),
        Sign::Nothing => !any(&|event| {
            matches!(
                event,
                AuditEvent::StreamChanged { state: StreamState::Down, .. }
                    | AuditEvent::CallEnded { outcome: CallOutcome::Failure, .. }
            )
        }),
        Sign::NewLife => {
            let crash = history
                .iter()
                .position(|record| matches!(record.event, Event::World(WorldEvent::HostCrashed)));
            crash.is_some_and(|crash| {
                history[crash..].iter().any(|record| {
                    matches!(record.event, Event::Trader(AuditEvent::OrderIntent { .. }))
                })
            })
        }
    }
}

/// Whether somebody told nothing while he was frozen, and something soon afterwards.
fn stood_still(history: &[Record], tells: Source) -> bool {
    let place = |is: fn(&WorldEvent) -> bool| {
        history.iter().find(|record| matches!(&record.event, Event::World(event) if is(event)))
    };
    let from = place(
        |event| matches!(event, WorldEvent::FaultStarted { what, .. } if what.starts_with("freeze")),
    );
    let to = place(|event| matches!(event, WorldEvent::FaultEnded { .. }));
    let (Some(from), Some(to)) = (from.map(Record::at), to.map(Record::at)) else { return false };
    let told = |from: Duration, to: Duration| {
        let mut within = history.iter().filter(|record| record.at() >= from && record.at() < to);
        within.any(|record| tells(&record.event))
    };
    !told(from, to) && told(to, to + Duration::from_secs(1))
}

/// How often a stream went down.
fn downs(history: &[Record], name: &str) -> usize {
    let down = |record: &&Record| {
        matches!(&record.event,
            Event::Trader(AuditEvent::StreamChanged { stream, state: StreamState::Down, .. })
                if stream == name)
    };
    history.iter().filter(down).count()
}

/// How long each query took that succeeded.
fn successes(history: &[Record]) -> Vec<Duration> {
    let mut started = std::collections::BTreeMap::new();
    let mut took = Vec::new();
    for record in history {
        if let Event::Trader(AuditEvent::CallStarted { call, op, .. }) = &record.event
            && op.ends_with("Orders")
        {
            started.insert(*call, record.at());
        } else if let Event::Trader(AuditEvent::CallEnded { call, outcome, .. }) = &record.event
            && let Some(at) = started.remove(call)
            && *outcome == CallOutcome::Success
        {
            took.push(record.at().saturating_sub(at));
        }
    }
    took
}

/// What the trader told while the faults were in force, for whoever has to find out.
fn told(history: &[Record]) -> String {
    let lines = history.iter().filter_map(|record| match &record.event {
        Event::Trader(
            event @ (AuditEvent::StreamChanged { .. }
            | AuditEvent::BookLost { .. }
            | AuditEvent::CallEnded { error: Some(_), .. }),
        ) => Some(format!("{:?} {event}", record.at())),
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
    });
    lines.take(40).collect::<Vec<_>>().join("\n")
}

/// What is missing in a run of a case, if anything.
fn prove(case: &Case, seed: u64) -> Vec<String> {
    let setup = setup(case, seed);
    let history = run(&setup).history;
    let until = setup.plan.healed_at + LATE;
    let from = history.partition_point(|record| record.at() < setup.plan.faults[0].at);
    let to = history.partition_point(|record| record.at() <= until);
    let storm = &history[from..to];
    let missing = case.signs.iter().filter(|sign| !is_there(**sign, storm));
    let name = case.name;
    let mut wrong: Vec<String> = missing
        .map(|sign| format!("{name}, seed {seed}: no {sign:?} in\n{}", told(storm)))
        .collect();
    let failed = failing_with_details(&setup, &history);
    wrong.extend(failed.into_iter().map(|failed| format!("{name}, seed {seed}: {failed}")));
    wrong
}

#[test]
fn every_kind_of_fault_is_seen_by_the_trader_and_survived() {
    let wrong: Vec<String> = CASES.iter().flat_map(|case| prove(case, 1)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The kinds of the table, and those that other tests prove.
#[test]
fn no_kind_is_without_proof() {
    let elsewhere =
        ["rest-status", "rest-lost-answer", "rest-slow", "hang", "sink-status", "sink-hold"];
    let proven: Vec<&str> = CASES
        .iter()
        .flat_map(|case| setup(case, 1).plan.faults)
        .map(|fault| fault.kind.name())
        .chain(elsewhere)
        .collect();
    for name in FaultKind::NAMES {
        assert!(proven.contains(&name), "{name}");
    }
}

/// The runs that a broken configuration of the trader makes of a case.
fn sabotaged(name: &str, sabotage: impl FnOnce(&mut NodeConfig)) -> Vec<&'static str> {
    let case = CASES.iter().find(|case| case.name == name).expect("a case of that name");
    let mut setup = setup(case, 1);
    let promised = setup.expectations();
    sabotage(&mut setup.node);
    let results = checks::run(&run(&setup).history, &promised);
    results.iter().filter(|result| !result.passed()).map(|result| result.name).collect()
}

#[test]
fn a_trader_that_believes_heartbeats_is_found_out() {
    let failed = sabotaged("stale", |node| node.kraken.quiet_max = Duration::from_secs(3_600));
    assert!(failed.contains(&"book-equal"), "{failed:?}");
}
