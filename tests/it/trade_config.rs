//! The configuration of `wavetank trade`: what it shows, and what it says of mistakes.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::{program, root};

const GOOD: &str = r#"[venue]
rest = "http://127.0.0.1:8080"
symbols = ["BTC/USD"]
api_key = { env = "TEST_KEY" }
api_secret = { file = "secret.txt" }

[strategy]
spec = "ema-cross:fast=3,slow=8"

[risk]
order_quantity_max = "0.1"
position_max = "0.5"
working_orders_max = 5

[endpoint]
listen = "127.0.0.1:9090"
"#;

const KEY: &str = "the-key-itself";
/// Base64.
const SECRET: &str = "dGhlIHNlY3JldCBpdHNlbGY=";

/// Writes a configuration beside the file of its secret, in a folder of its own: tests run side by side,
/// and one that is writing a file must not be read by another.
fn written(name: &str, text: &str) -> PathBuf {
    let folder = root().join("target/tests/trade-configs").join(name);
    fs::create_dir_all(&folder).expect("a folder for the test");
    fs::write(folder.join("secret.txt"), format!("{SECRET}\n")).expect("writable");
    let path = folder.join(name);
    fs::write(&path, text).expect("writable");
    path
}

fn check(path: &PathBuf, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program());
    command.args(["trade", "--check", "--config"]).arg(path).current_dir(root());
    command.env("TEST_KEY", KEY).envs(variables.iter().copied());
    command.output().expect("the program starts")
}

/// A change of the good configuration, or of its environment, ends with this line and exit code 1.
fn refused(name: &str, from: &str, to: &str, variables: &[(&str, &str)], expected: &str) {
    assert!(GOOD.contains(from), "`{from}`");
    let path = written(name, &GOOD.replace(from, to));
    let output = check(&path, variables);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{name}: {err}");
    let expected = expected.replace("FILE", path.to_str().expect("a path of ours"));
    assert_eq!(err.trim_end(), format!("error: {expected}"));
    assert!(!err.contains(SECRET) && !err.contains(KEY), "{err}");
    assert!(output.stdout.is_empty());
}

#[test]
fn check_prints_what_holds_and_no_secret() {
    let path = written("good.toml", GOOD);
    let overrides = [("WAVETANK_NODE_GRACE", "7s"), ("WAVETANK_VENUE_SYMBOLS", "BTC/USD, ETH/USD")];
    let output = check(&path, &overrides);
    let out = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        r#"rest = "http://127.0.0.1:8080""#,
        r#"public_ws = "ws://127.0.0.1:8080/v2""#,
        r#"symbols = ["BTC/USD", "ETH/USD"]"#,
        r#"api_key = { env = "TEST_KEY" }"#,
        r#"grace = "7s""#,
        r#"settle_max = "1m30s""#,
        r#"cancel_after = "1m""#,
        r#"optional = ["endpoint"]"#,
    ] {
        assert!(out.lines().any(|found| found == line), "`{line}` is missing in:\n{out}");
    }
    assert!(!out.contains(SECRET) && !out.contains(KEY), "{out}");
    // What it prints is a configuration that says the same.
    let again = check(&written("again.toml", &out), &[]);
    assert_eq!(String::from_utf8(again.stdout).expect("text"), out);
}

const SINK: &str = r#"[sink]
url = "http://127.0.0.1:8086"
org = "mine"
bucket = "trading"
token = { env = "TEST_TOKEN" }
"#;
const TOKEN: &str = "the-token-itself";

#[test]
fn a_sink_is_checked_and_its_token_is_not_shown() {
    let path = written("sink.toml", &format!("{GOOD}hosts = [\"Trader.lan\"]\n\n{SINK}"));
    let token = [("TEST_TOKEN", TOKEN)];
    let output = check(&path, &token);
    let out = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        r#"hosts = ["trader.lan"]"#,
        r#"url = "http://127.0.0.1:8086""#,
        r#"bucket = "trading""#,
        r#"token = { env = "TEST_TOKEN" }"#,
        "critical = false",
        r#"optional = ["endpoint", "influxdb"]"#,
    ] {
        assert!(out.lines().any(|found| found == line), "`{line}` is missing in:\n{out}");
    }
    assert!(!out.contains(TOKEN), "{out}");
    let again = check(&written("sink-again.toml", &out), &token);
    assert_eq!(String::from_utf8(again.stdout).expect("text"), out);
    // By the environment: the node is of no use without it.
    let critical = [("TEST_TOKEN", TOKEN), ("WAVETANK_SINK_CRITICAL", "true")];
    let out = check(&path, &critical).stdout;
    let out = String::from_utf8(out).expect("text");
    assert!(out.contains("critical = true\n"), "{out}");
    assert!(out.contains("optional = [\"endpoint\"]\n"), "{out}");
}

#[test]
fn kraken_itself_needs_one_address() {
    let path =
        written("kraken.toml", &GOOD.replace("http://127.0.0.1:8080", "https://api.kraken.com"));
    let output = check(&path, &[]);
    let out = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        r#"rest = "https://api.kraken.com:443""#,
        r#"public_ws = "wss://ws.kraken.com:443/v2""#,
        r#"private_ws = "wss://ws-auth.kraken.com:443/v2""#,
        r#"handshake_timeout = "8s""#,
    ] {
        assert!(out.lines().any(|found| found == line), "`{line}` is missing in:\n{out}");
    }
    let again = check(&written("kraken-again.toml", &out), &[]);
    assert_eq!(String::from_utf8(again.stdout).expect("text"), out);
    // A proxy of ours has both streams in one place, and a sink may speak TLS, too.
    let changed = [
        ("WAVETANK_VENUE_REST", "https://127.0.0.1:8443"),
        ("WAVETANK_SINK_URL", "https://localhost:8086"),
        ("WAVETANK_TLS_HANDSHAKE_TIMEOUT", "3s"),
        ("TEST_TOKEN", TOKEN),
    ];
    let out = check(&written("proxy.toml", &format!("{GOOD}\n{SINK}")), &changed).stdout;
    let out = String::from_utf8(out).expect("text");
    for line in [
        r#"private_ws = "wss://127.0.0.1:8443/v2""#,
        r#"url = "https://localhost:8086""#,
        r#"handshake_timeout = "3s""#,
    ] {
        assert!(out.lines().any(|found| found == line), "`{line}` is missing in:\n{out}");
    }
}

#[test]
fn roots_that_cannot_be_read_are_named() {
    let check = |name: &str, file: &str, expected: &str| {
        let tls = format!("[tls]\nroots = \"{file}\"\n[endpoint]");
        let folder = root().join("target/tests/trade-configs").join(name);
        let file = folder.join(file).display().to_string();
        refused(name, "[endpoint]", &tls, &[], &format!("FILE:16: `roots`: {file}: {expected}"));
    };
    check(
        "no-roots.toml",
        "none.pem",
        "expected a file with certificates: No such file or directory (os error 2)",
    );
    check(
        "odd-roots.toml",
        "secret.txt",
        "expected at least one `-----BEGIN CERTIFICATE-----`, found none",
    );
}

#[test]
fn mistakes_about_a_sink_are_named() {
    let check = |name: &str, from: &str, to: &str, expected: &str| {
        assert!(SINK.contains(from), "`{from}`");
        let sink = SINK.replace(from, to);
        let token = [("TEST_TOKEN", TOKEN)];
        refused(name, "[endpoint]", &format!("{sink}[endpoint]"), &token, expected);
    };
    check(
        "sink-literal.toml",
        "{ env = \"TEST_TOKEN\" }",
        "\"the-token-itself\"",
        "FILE:19: `token`: expected where it is kept, { env = \"NAME\" } or { file = \"PATH\" }, and never \
         the token itself",
    );
    check(
        "sink-unset.toml",
        "TEST_TOKEN",
        "NO_SUCH_TOKEN",
        "FILE:19: `token`: the variable `NO_SUCH_TOKEN` is not set",
    );
    check("sink-org.toml", "mine", "", "FILE:17: influx `org`: expected 1 to 200 bytes");
    check(
        "sink-both.toml",
        "[sink]",
        "[node]\noptional = [\"influxdb\"]\n[sink]\ncritical = true",
        "FILE:18: `critical = true`: expected false, since `optional` in [node] names `influxdb`",
    );
    check(
        "sink-key.toml",
        "bucket",
        "buckets",
        "FILE:18: unknown key `buckets` in [sink]; did you mean `bucket`?",
    );
}

#[test]
fn mistakes_in_the_file_are_named_with_line_and_nearest_key() {
    let duration =
        r#"expected a duration above zero with a unit, for example "250ms", "30s" or "5m""#;
    refused(
        "unknown-key.toml",
        "position_max",
        "positon_max",
        &[],
        "FILE:12: unknown key `positon_max` in [risk]; did you mean `position_max`?",
    );
    refused(
        "unknown-table.toml",
        "[endpoint]",
        "[endpont]",
        &[],
        "FILE:15: unknown table [endpont]; did you mean `endpoint`?",
    );
    refused(
        "zero.toml",
        "[endpoint]",
        "[node]\ngrace = \"0s\"\n[endpoint]",
        &[],
        &format!("FILE:16: `grace = \"0s\"`: {duration}"),
    );
    refused(
        "strategy.toml",
        "ema-cross:",
        "moon:",
        &[],
        "FILE:8: unknown strategy `moon`; known are `ema-cross`, `sma-cross`, `quoter` and `no-op`",
    );
    refused(
        "optional.toml",
        "[endpoint]",
        "[node]\noptional = [\"moon\"]\n[endpoint]",
        &[],
        "FILE:16: optional: there is no dependency `moon`; known are `kraken/read`, `kraken/order`, \
         `kraken/cancel`, `kraken/public`, `kraken/private`, `kraken/key`, `kraken/clock`, `kraken/switch`, `endpoint`",
    );
    refused("no-risk.toml", "[risk]", "[endpoint]", &[], "FILE:15: `[endpoint]`: duplicate key");
}

/// What `trade` would refuse at its start, `--check` refuses with its place.
#[test]
fn lanes_and_times_have_bounds() {
    let lane = |key: &str, value: &str, expected: &str| {
        let lane = format!("[order_lane]\n{key} = {value}\n[endpoint]");
        refused("lane.toml", "[endpoint]", &lane, &[], &format!("FILE:16: {expected}"));
    };
    lane(
        "attempt_timeout",
        "\"2h\"",
        "order_lane: lane setting `attempt_timeout` of 7200s is not above zero and at most 3600s",
    );
    lane(
        "queue_wait_max",
        "\"2h\"",
        "order_lane: lane setting `queue_wait_max` of 7200s is above 3600s",
    );
    lane("retries_max", "101", "order_lane: retry setting `retries_max` of `101` is above 100");
    lane("open_for", "\"2000h\"", "order_lane: breaker setting `open_for` is too large");
    let hour = "expected more than zero and at most 1 h";
    refused(
        "request.toml",
        "symbols",
        "request_timeout = \"2h\"\nsymbols",
        &[],
        &format!("FILE:3: `request_timeout = \"2h\"`: {hour}"),
    );
    refused(
        "silence.toml",
        "symbols",
        "silence_max = \"61s\"\nsymbols",
        &[],
        "FILE:3: `silence_max = \"61s\"`: expected more than zero and at most 60 s",
    );
}

#[test]
fn secrets_are_kept_elsewhere_and_never_shown() {
    let literal = format!("\"{KEY}\"");
    refused(
        "literal.toml",
        r#"{ env = "TEST_KEY" }"#,
        &literal,
        &[],
        "FILE:4: `api_key`: expected where it is kept, { env = \"NAME\" } or { file = \"PATH\" }, \
         and never the key itself",
    );
    refused(
        "unset.toml",
        "TEST_KEY",
        "TEST_KEY_NOT_SET",
        &[],
        "FILE:4: `api_key`: the variable `TEST_KEY_NOT_SET` is not set",
    );
    // The key itself where the name of its variable belongs.
    refused(
        "named.toml",
        "TEST_KEY",
        KEY,
        &[],
        "FILE:4: `api_key`: expected the name of a variable, such as \"KRAKEN_KEY\", and never the key \
         itself",
    );
    // The secret itself, and its quotes forgotten: a parser that repeats the line would print it.
    let path = written("unquoted.toml", &GOOD.replace(r#"{ file = "secret.txt" }"#, SECRET));
    let output = check(&path, &[]);
    let err = String::from_utf8_lossy(&output.stderr);
    let place = format!("error: {}:5: `api_secret = ...`: ", path.display());
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.starts_with(&place) && !err.contains(SECRET), "{err}");
    refused(
        "password.toml",
        "http://127.0.0.1:8080",
        "ftp://user:hunter2@127.0.0.1:8080",
        &[],
        "FILE:2: `rest = \"ftp://...@127.0.0.1:8080\"`: expected an address such as \
         \"http://127.0.0.1:8080\" or \"ws://127.0.0.1:8080/v2\"",
    );
    refused(
        "broken.toml",
        "secret.txt",
        "broken.toml",
        &[],
        "FILE:5: the secret of the API key is not base64",
    );
}

#[test]
fn mistakes_in_the_environment_are_named() {
    let check = |variable: (&str, &str), expected: &str| {
        refused("environment.toml", "[risk]", "[risk]", &[variable], expected);
    };
    check(
        ("WAVETANK_RISK_POSITION_MAXX", "1"),
        "environment: unknown variable `WAVETANK_RISK_POSITION_MAXX`; \
         did you mean `WAVETANK_RISK_POSITION_MAX`?",
    );
    check(
        ("WAVETANK_RISK_POSITION_MAX", "-1"),
        "environment: `WAVETANK_RISK_POSITION_MAX = \"-1\"`: \
         expected a quantity above zero in quotes, for example \"0.25\"",
    );
    check(
        ("WAVETANK_VENUE_BOOK_DEPTH", "deep"),
        "environment: `WAVETANK_VENUE_BOOK_DEPTH = \"deep\"`: expected u32",
    );
    check(
        ("WAVETANK_VENUE_BOOK_DEPTH", "20"),
        "environment: `WAVETANK_VENUE_BOOK_DEPTH = 20`: expected 10, 25, 100, 500 or 1000",
    );
}

#[test]
fn a_configuration_that_is_missing() {
    let output = check(&root().join("target/tests/none.toml"), &[]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("none.toml: expected a configuration file: No such file"), "{err}");
}
