use super::*;

/// A scenario with one fault, its keys given as lines.
fn parse(fault: &str) -> Result<Vec<Fault>, String> {
    let text = format!(
        "schema = 1\npurpose = \"x\"\nrun = {{ length = \"10m\" }}\n\
         market = {{ venue = \"kraken\", symbol = \"BTC/USD\", tape = \"x.csv\" }}\n\
         trader = {{ strategy = \"no-op\", balance = {{ USD = \"1\" }} }}\n\n\
         [[fault]]\nat = \"1m\"\nfor = \"10s\"\n{fault}\n"
    );
    let scenario = crate::Scenario::parse("x.toml", &text).map_err(|error| error.to_string())?;
    Ok(scenario.faults)
}

#[test]
fn every_kind_shows_its_parameters() {
    for (keys, shown) in [
        (
            "kind = \"rest-status\"\nstatus = 429\nretry_after = \"7s\"",
            "rest-status 429 retry-after 7s",
        ),
        (
            "kind = \"rest-lost-answer\"\nstatus = 504\nmethods = [\"AddOrder\", \"CancelOrder\"]",
            "rest-lost-answer 504 for AddOrder, CancelOrder",
        ),
        ("kind = \"rest-slow\"\ndelay = \"3s\"", "rest-slow by 3s"),
        ("kind = \"rest-slow\"\ndelay_min = \"1s\"\ndelay_max = \"3s\"", "rest-slow by 1s to 3s"),
        ("kind = \"hold\"\nhost = \"ws.kraken.com\"", "hold ws.kraken.com"),
        (
            "kind = \"hang\"\nphase = \"connect\"\nestablished = \"reset\"",
            "hang connect, established reset",
        ),
        ("kind = \"hang\"\nphase = \"head\"\nexecuted = false", "hang head, not executed"),
        ("kind = \"hang\"\nphase = \"body\"\nmethods = [\"Time\"]", "hang body for Time"),
        (
            "kind = \"hang\"\nphase = \"subscribed\"\nhost = \"ws.kraken.com\"",
            "hang subscribed ws.kraken.com",
        ),
    ] {
        assert_eq!(parse(keys).unwrap()[0].kind.to_string(), shown);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn parameters_that_make_no_sense_are_refused() {
    for (keys, refusal) in [
        (
            "kind = \"rest-status\"\nstatus = 429\nretry_after = \"1500ms\"",
            "x.toml:12: `retry_after = \"1500ms\"`: expected whole seconds from 1s to 1h",
        ),
        (
            "kind = \"rest-status\"\nstatus = 429\nmethods = []",
            "x.toml:12: `methods = []`: expected the name of at least one REST method",
        ),
        (
            "kind = \"rest-status\"\nstatus = 429\nmethods = [\"AddOrdre\"]",
            "x.toml:12: `methods = [\"AddOrdre\"]`: unknown value `AddOrdre`; did you mean `AddOrder`?",
        ),
        (
            "kind = \"rest-slow\"",
            "x.toml:10: `kind = \"rest-slow\"`: expected either `delay`, or both `delay_min` and `delay_max`",
        ),
        (
            "kind = \"rest-slow\"\ndelay_min = \"3s\"\ndelay_max = \"1s\"",
            "x.toml:12: `delay_max = \"1s\"`: expected a delay of at least `delay_min`, which is 3s",
        ),
        (
            "kind = \"rest-slow\"\ndelay = \"0s\"",
            "x.toml:11: `delay = \"0s\"`: expected whole milliseconds from 1ms to 1h",
        ),
        (
            "kind = \"hang\"\nphase = \"handshake\"\nhost = \"api.kraken.com\"",
            "x.toml:12: `host = \"api.kraken.com\"`: expected a host that has the phase `handshake`: \
             `ws.kraken.com`, `ws-auth.kraken.com`",
        ),
        (
            "kind = \"hang\"\nphase = \"connect\"\nexecuted = true",
            "x.toml:12: `executed = true`: expected no such key: it belongs to `head` and `body`, not \
             to `connect`",
        ),
        (
            "kind = \"hold\"\nhost = \"influxdb\"",
            "x.toml:11: `host = \"influxdb\"`: expected a host of the venue; the database has `sink-hold`: \
             `api.kraken.com`, `ws.kraken.com`, `ws-auth.kraken.com`",
        ),
        (
            "kind = \"refuse\"\nhost = \"influxdb\"",
            "x.toml:10: `kind = \"refuse\"`: expected a scenario with a table [sink], which this fault \
             strikes",
        ),
        (
            "kind = \"crash\"\nprocess = \"influxdb\"",
            "x.toml:10: `kind = \"crash\"`: expected a scenario with a table [sink], which this fault \
             strikes",
        ),
        ("kind = \"reset\"\nconnections = 0", "x.toml:11: `connections = 0`: expected 1 to 1000"),
        (
            "kind = \"latency\"\ndelay = \"2m\"",
            "x.toml:11: `delay = \"2m\"`: expected whole milliseconds from 1ms to 1m",
        ),
        (
            "kind = \"dns\"\nfound = true",
            "x.toml:11: `found = true`: expected a `delay`, or `false`: nothing would happen",
        ),
        (
            "kind = \"rest-error\"\nerror = \"busy\"",
            "x.toml:11: `error = \"busy\"`: expected an error in Kraken's words, such as `EService:Busy`",
        ),
        (
            "kind = \"ws-close\"\ncode = 1005",
            "x.toml:11: `code = 1005`: expected a close code from 1000 to 4999, not 1004, 1005, 1015",
        ),
        (
            "kind = \"ws-text\"\ntext = \"\"",
            "x.toml:11: `text = \"\"`: expected one line of 1 to 200 characters",
        ),
        (
            "kind = \"stale\"\nhost = \"api.kraken.com\"",
            "x.toml:11: `host = \"api.kraken.com\"`: expected a host with streams: `ws.kraken.com`, \
             `ws-auth.kraken.com`",
        ),
        (
            "kind = \"clock\"\nahead = \"1s\"\nbehind = \"1s\"",
            "x.toml:12: `behind = \"1s\"`: expected either `ahead` or `behind`",
        ),
        (
            "kind = \"hold\"\nevery = \"20s\"",
            "x.toml:11: `every = \"20s\"`: expected both `every` and `times`, or neither",
        ),
        (
            "kind = \"hold\"\nevery = \"9s\"\ntimes = 3",
            "x.toml:11: `every = \"9s\"`: expected whole milliseconds, at least as long as the fault \
             lasts, which is 10s",
        ),
        (
            "kind = \"hold\"\nevery = \"20s\"\ntimes = 1",
            "x.toml:12: `times = 1`: expected 2 to 1000 times",
        ),
        (
            "kind = \"hold\"\nevery = \"20s\"\ntimes = 100",
            "x.toml:12: `times = 100`: expected an end within the run, which is 10m long; the last \
             time ends at 34m10s",
        ),
    ] {
        assert_eq!(parse(keys).unwrap_err(), refusal);
    }
}

#[test]
fn only_faults_that_share_a_target_collide() {
    let second = |keys: &str| format!("\n\n[[fault]]\nat = \"1m5s\"\nfor = \"10s\"\n{keys}");
    let check = |first: &str, other: &str, collides: bool| {
        let refused = parse(&format!("{first}{}", second(other)));
        assert_eq!(refused.is_err(), collides, "{first} + {other}: {refused:?}");
    };
    let hold = "kind = \"hold\"";
    let (api, ws) =
        ("kind = \"hold\"\nhost = \"api.kraken.com\"", "kind = \"hold\"\nhost = \"ws.kraken.com\"");
    check(hold, api, true);
    check(api, ws, false);
    let (head, body) = ("kind = \"hang\"\nphase = \"head\"", "kind = \"hang\"\nphase = \"body\"");
    check(head, body, false);
    let hold_in = "kind = \"hold\"\ndirection = \"in\"";
    check(hold_in, "kind = \"hold\"\ndirection = \"out\"", false);
    check(hold_in, hold, true);
    let crash = |process: &str| format!("kind = \"crash\"\nprocess = \"{process}\"");
    check(&crash("kraken"), &crash("kraken"), true);
    check(&crash("kraken"), &crash("trader"), false);
    check(head, "kind = \"hang\"\nphase = \"head\"\nmethods = [\"Time\"]", true);
    // The second time that the first comes back.
    check(
        "kind = \"hold\"\nevery = \"40s\"\ntimes = 2",
        "kind = \"hold\"\nevery = \"40s\"\ntimes = 2",
        true,
    );
    check("kind = \"rest-slow\"\ndelay = \"1s\"", hold, false);
}

#[test]
fn a_fault_that_comes_back_is_explicit_in_the_plan() {
    let faults = parse("kind = \"hold\"\nevery = \"40s\"\ntimes = 3").unwrap();
    let seconds = Duration::from_secs;
    let spells: Vec<_> = faults[0].spells().collect();
    let expected = [60, 100, 140].map(|at| (seconds(at), seconds(at + 10)));
    assert_eq!((spells.as_slice(), faults[0].until()), (expected.as_slice(), seconds(150)));
}
