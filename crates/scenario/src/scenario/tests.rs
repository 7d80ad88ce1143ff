use super::*;
use crate::file::{Tier, Venue};
use crate::testing::ScratchDir;

const GOOD: &str = r#"# What it shows.
schema = 1
purpose = "everything works"

[run]
length = "30m"
tick = "10ms" # a comment
seed = 1

[market]
venue = "kraken"
symbol = "BTC/USD"
tape = "data/tapes/x.csv"

[network]
latency_min = "10ms"
latency_max = "30ms"

[trader]
strategy = "no-op"
balance = { USD = "100000", BTC = "1.5" }

[[fault]]
at = "5m"
for = "30s"
kind = "rest-status"
status = 503

[[fault]]
at = "5m30s"
for = "90s"
kind = "hold"

[expect]
recover_within = "90s"
"#;

fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse("scenarios/x.toml", text)
}

/// What the good file is refused with after one change, without the name of the file.
fn refusal(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
    error.strip_prefix("scenarios/x.toml:").unwrap().to_owned()
}

fn check(table: &[(&str, &str, &str)]) {
    for (from, to, expected) in table {
        assert_eq!(refusal(from, to), *expected, "{from} -> {to}");
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_good_file_is_read_whole() {
    let scenario = parse(GOOD).unwrap();
    assert_eq!(scenario.name, "x");
    assert_eq!(scenario.purpose, "everything works");
    assert_eq!(scenario.run.length, millis(1_800_000));
    assert_eq!((scenario.run.tick, scenario.run.seed), (millis(10), 1));
    assert_eq!(scenario.market.venue, Venue::Kraken);
    assert_eq!(scenario.market.base().as_str(), "BTC");
    assert_eq!(scenario.market.quote().as_str(), "USD");
    assert_eq!(scenario.network.latency_max, millis(30));
    assert_eq!(scenario.trader.strategy, "no-op");
    let balance: Vec<String> =
        scenario.trader.balance.iter().map(|(asset, amount)| format!("{asset} {amount}")).collect();
    assert_eq!(balance, ["BTC 1.5", "USD 100000"]);
    let faults: Vec<String> = scenario
        .faults
        .iter()
        .map(|fault| format!("{:?} {:?} {}", fault.at, fault.until(), fault.kind))
        .collect();
    assert_eq!(faults, ["300s 330s rest-status 503", "330s 420s hold"]);
    assert_eq!(scenario.expect.recover_within, millis(90_000));
    assert_eq!(scenario.plan(1).healed_at, millis(420_000));
}

#[test]
fn what_is_not_said_has_a_default() {
    let text = r#"
        schema = 1
        purpose = "the least that a scenario needs"
        run = { length = "5m" }
        market = { venue = "kraken", symbol = "BTC/USD", tape = "x.csv" }
        trader = { strategy = "no-op", balance = { USD = "1" } }
    "#;
    let scenario = parse(text).unwrap();
    assert_eq!((scenario.run.tick, scenario.run.seed), (millis(10), 1));
    assert_eq!(scenario.network.latency_min, millis(10));
    assert_eq!(scenario.network.latency_max, millis(30));
    assert_eq!(scenario.expect.recover_within, millis(120_000));
    assert!(scenario.faults.is_empty());
    assert_eq!(scenario.plan(1).healed_at, Duration::ZERO);
}

#[test]
fn seeds_may_be_texts() {
    let text = GOOD.replacen("seed = 1", r#"seed = "0xffffffffffffffff""#, 1);
    assert_eq!(parse(&text).unwrap().run.seed, u64::MAX);
}

#[test]
fn errors_of_syntax_name_their_line() {
    check(&[
        ("[market]", "[market", "10: `[market`: unclosed table, expected `]`"),
        (
            "length = \"30m\"",
            "length = ",
            "6: `length =`: string values must be quoted, expected literal string",
        ),
        ("seed = 1", "seed = 1\nseed = 2", "9: `seed = 2`: duplicate key"),
        ("[[fault]]\nat = \"5m\"", "[fault]\nat = \"5m\"", "29: `[[fault]]`: duplicate key"),
    ]);
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    check(&[
        (
            "purpose =",
            "purpos =",
            "3: unknown key `purpos` at the top of the file; did you mean `purpose`?",
        ),
        ("tape = ", "tapee = ", "13: unknown key `tapee` in [market]; did you mean `tape`?"),
        (
            "tape = ",
            "file = ",
            "13: unknown key `file` in [market]; expected one of `venue`, `symbol`, `tape`",
        ),
        (
            "recover_within",
            "recover_withn",
            "35: unknown key `recover_withn` in [expect]; did you mean `recover_within`?",
        ),
        ("[run]", "[rum]", "5: unknown table [rum]; did you mean `run`?"),
        (
            "[expect]",
            "[xyz]",
            "34: unknown table [xyz]; expected one of `schema`, `purpose`, `run`, `market`, \
             `network`, `account`, `trader`, `sink`, `fault`, `storm`, `expect`",
        ),
        (
            "for = \"30s\"",
            "fro = \"30s\"",
            "25: unknown key `fro` in [[fault]]; did you mean `for`?",
        ),
        (
            "status = 503",
            "statuss = 503",
            "27: unknown key `statuss` in [[fault]]; did you mean `status`?",
        ),
        (
            "kind = \"hold\"",
            "kind = \"hold\"\nstatus = 503",
            "33: unknown key `status` in [[fault]]; expected one of `at`, `for`, `every`, \
             `times`, `may_miss`, `kind`, `host`, `direction`",
        ),
    ]);
}

#[test]
fn missing_keys_name_the_line_of_their_table() {
    check(&[
        ("schema = 1\n", "", "1: missing key `schema` at the top of the file"),
        ("purpose = \"everything works\"\n", "", "1: missing key `purpose` at the top of the file"),
        ("length = \"30m\"\n", "", "5: missing key `length` in [run]"),
        ("tape = \"data/tapes/x.csv\"\n", "", "10: missing key `tape` in [market]"),
        (
            "[trader]\nstrategy = \"no-op\"\nbalance = { USD = \"100000\", BTC = \"1.5\" }\n",
            "",
            "1: missing table [trader]",
        ),
        ("at = \"5m\"\n", "", "23: missing key `at` in [[fault]]"),
        ("kind = \"hold\"\n", "", "29: missing key `kind` in [[fault]]"),
        ("status = 503\n", "", "23: missing key `status` in [[fault]]"),
    ]);
}

#[test]
fn wrong_words_name_the_nearest_right_one() {
    check(&[
        (
            "\"kraken\"",
            "\"krakn\"",
            "11: `venue = \"krakn\"`: unknown value `krakn`; did you mean `kraken`?",
        ),
        (
            "\"kraken\"",
            "\"coinbase\"",
            "11: `venue = \"coinbase\"`: unknown value `coinbase`; expected `kraken`",
        ),
        (
            "\"rest-status\"",
            "\"rest-statu\"",
            "26: `kind = \"rest-statu\"`: unknown value `rest-statu`; did you mean `rest-status`?",
        ),
        (
            "\"hold\"",
            "\"earthquake\"",
            "32: `kind = \"earthquake\"`: unknown value `earthquake`; expected one of \
             `rest-status`, `rest-lost-answer`, `rest-slow`, `rest-error`, `hold`, `hang`, `refuse`, \
             `reset`, `half-open`, `latency`, `drip`, `throttle`, `split`, `truncate`, `corrupt`, `dns`, \
             `pool-exhausted`, `ws-status`, `ws-close`, `ws-text`, `stale`, `executions`, `book`, \
             `token`, `maintenance`, `late-orders`, `crash`, `freeze`, `clock`, `sink-status`, `sink-hold`",
        ),
    ]);
}

#[test]
fn a_trader_has_the_tier_of_its_account_unless_it_is_mistaken() {
    let tiers = |more: &str| {
        let text = GOOD.replacen("[[fault]]", &format!("{more}\n[[fault]]"), 1);
        let scenario = parse(&text).unwrap();
        (scenario.account.tier, scenario.trader.tier)
    };
    assert_eq!(tiers(""), (Tier::Intermediate, None));
    assert_eq!(tiers("[account]\ntier = \"starter\""), (Tier::Starter, None));
    assert_eq!(tiers("tier = \"pro\""), (Tier::Intermediate, Some(Tier::Pro)));
    check(&[(
        "strategy = \"no-op\"",
        "strategy = \"no-op\"\ntier = \"por\"",
        "21: `tier = \"por\"`: unknown value `por`; did you mean `pro`?",
    )]);
}

#[test]
fn a_dead_man_s_switch_counts_whole_seconds() {
    let after = |more: &str| parse(&GOOD.replacen("[[fault]]", &format!("{more}\n[[fault]]"), 1));
    assert_eq!(after("").unwrap().trader.cancel_after, None);
    let switch = after("cancel_after = \"15s\"").unwrap().trader.cancel_after;
    assert_eq!(switch, Some(Duration::from_secs(15)));
    for wrong in ["9s", "10s500ms", "25h"] {
        let error = after(&format!("cancel_after = \"{wrong}\"")).unwrap_err().to_string();
        let expected =
            format!("`cancel_after = \"{wrong}\"`: expected whole seconds from 10s to 1d");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn wrong_types_and_units_show_what_was_expected() {
    const DURATION: &str = r#"expected a duration with a unit, for example "250ms", "30s" or "5m""#;
    const SEED: &str = "expected a seed: a number up to 18446744073709551615, hexadecimal such as \
         0x57eb0001, or a git hash of 40 digits";
    const AMOUNT: &str = r#"expected an amount in quotes, zero or more, for example "100000.50""#;
    const SYMBOL: &str = r#"expected base and quote asset in capitals, for example "BTC/USD""#;
    const STATUS: &str = "expected a HTTP status from 400 to 599";
    let table: &[(&str, &str, usize, &str, &str)] = &[
        ("schema = 1", "schema = \"1\"", 2, "schema = \"1\"", "expected schema 1"),
        ("schema = 1", "schema = 2", 2, "schema = 2", "expected schema 1"),
        ("\"everything works\"", "5", 3, "purpose = 5", "expected a text in quotes"),
        ("length = \"30m\"", "length = \"30\"", 6, "length = \"30\"", DURATION),
        ("length = \"30m\"", "length = 30", 6, "length = 30", DURATION),
        ("length = \"30m\"", "length = \"30min\"", 6, "length = \"30min\"", DURATION),
        ("tick = \"10ms\"", "tick = 0.01", 7, "tick = 0.01", DURATION),
        ("at = \"5m\"", "at = \"5\"", 24, "at = \"5\"", DURATION),
        ("seed = 1", "seed = -1", 8, "seed = -1", SEED),
        ("seed = 1", "seed = 1.5", 8, "seed = 1.5", SEED),
        ("seed = 1", "seed = \"0xzz\"", 8, "seed = \"0xzz\"", SEED),
        ("\"kraken\"", "1", 11, "venue = 1", "expected a text in quotes"),
        ("\"BTC/USD\"", "\"BTCUSD\"", 12, "symbol = \"BTCUSD\"", SYMBOL),
        ("\"BTC/USD\"", "\"btc/usd\"", 12, "symbol = \"btc/usd\"", SYMBOL),
        ("\"BTC/USD\"", "\"BTC/BTC\"", 12, "symbol = \"BTC/BTC\"", SYMBOL),
        ("\"data/tapes/x.csv\"", "1", 13, "tape = 1", "expected a text in quotes"),
        ("\"100000\"", "100000", 21, "balance = { USD = 100000", AMOUNT),
        ("\"100000\"", "\"-1\"", 21, "balance = { USD = \"-1\"", AMOUNT),
        ("\"100000\"", "\"1,000\"", 21, "balance = { USD = \"1,000\"", AMOUNT),
        ("{ USD = \"100000\", BTC = \"1.5\" }", "1", 21, "balance = 1", "expected a table"),
        ("\"hold\"", "1", 32, "kind = 1", "expected a text in quotes"),
        ("status = 503", "status = \"503\"", 27, "status = \"503\"", STATUS),
        ("status = 503", "status = 200", 27, "status = 200", STATUS),
        ("status = 503", "status = 70000", 27, "status = 70000", STATUS),
    ];
    for (from, to, line, statement, expected) in table {
        let refusal = refusal(from, to);
        assert_eq!(refusal, format!("{line}: `{statement}`: {expected}"));
    }
}

#[test]
fn tables_that_are_no_tables_are_refused() {
    let cut = |text: &str| GOOD.split_once(text).unwrap().0.to_owned();
    let check = |text: String, expected: &str| {
        assert_eq!(parse(&text).unwrap_err().to_string(), expected);
    };
    let top =
        |line: &str| cut("[[fault]]").replacen("schema = 1", &format!("schema = 1\n{line}"), 1);
    check(
        top("fault = 3"),
        "scenarios/x.toml:3: `fault = 3`: expected a list of tables, each with the header [[fault]]",
    );
    check(
        top("fault = [3]"),
        "scenarios/x.toml:3: `fault = [3`: expected a table with `at`, `for` and `kind`",
    );
    check(top("expect = 3"), "scenarios/x.toml:3: `expect = 3`: expected a table");
}

/// Change, line, statement, and the range that the error shows.
const OUT_OF_RANGE: &[(&str, &str, usize, &str, &str)] = &[
    ("\"everything works\"", "\" \"", 3, "purpose = \" \"", LINE),
    ("\"no-op\"", "\"\"", 20, "strategy = \"\"", LINE),
    ("\"30m\"", "\"8d\"", 6, "length = \"8d\"", LENGTH),
    ("\"30m\"", "\"999ms\"", 6, "length = \"999ms\"", LENGTH),
    ("\"30m\"", "\"30m1us\"", 6, "length = \"30m1us\"", LENGTH),
    ("tick = \"10ms\"", "tick = \"500us\"", 7, "tick = \"500us\"", TICK),
    ("tick = \"10ms\"", "tick = \"1500us\"", 7, "tick = \"1500us\"", TICK),
    ("tick = \"10ms\"", "tick = \"0s\"", 7, "tick = \"0s\"", TICK),
    ("min = \"10ms\"", "min = \"10500us\"", 16, "latency_min = \"10500us\"", LATENCY),
    (
        "\"30ms\"",
        "\"11s\"",
        17,
        "latency_max = \"11s\"",
        "expected a latency of whole milliseconds, at most 10s",
    ),
    (
        "\"data/tapes/x.csv\"",
        "\"\"",
        13,
        "tape = \"\"",
        "expected the path of a file with recorded trades",
    ),
    (
        "USD = ",
        "EUR = ",
        21,
        "balance = { EUR = \"100000\"",
        "expected an asset of BTC/USD: `BTC` or `USD`",
    ),
    (
        "{ USD = \"100000\", BTC = \"1.5\" }",
        "{ USD = \"0\" }",
        21,
        "balance = { USD = \"0\" }",
        "expected an amount above zero of `BTC` or `USD`",
    ),
    (
        "at = \"5m\"",
        "at = \"30m\"",
        24,
        "at = \"30m\"",
        "expected a time before the end of the run, which is 30m",
    ),
    ("at = \"5m\"", "at = \"1us\"", 24, "at = \"1us\"", "expected whole milliseconds"),
    ("\"30s\"", "\"0s\"", 25, "for = \"0s\"", "expected a duration above zero"),
    ("\"30s\"", "\"5ns\"", 25, "for = \"5ns\"", "expected whole milliseconds"),
    (
        "\"30s\"",
        "\"26m\"",
        25,
        "for = \"26m\"",
        "expected at most 25m, which is what is left of the run",
    ),
    (
        "within = \"90s\"",
        "within = \"0s\"",
        35,
        "recover_within = \"0s\"",
        "expected a duration above zero",
    ),
];

const LINE: &str = "expected one line of 1 to 200 characters";
const LENGTH: &str = "expected a length from 1s to 7d, in whole milliseconds";
const TICK: &str = "expected a tick of whole milliseconds, at least 1ms";
const LATENCY: &str = "expected a latency of whole milliseconds";

#[test]
fn values_out_of_range_show_the_range() {
    for (from, to, line, statement, expected) in OUT_OF_RANGE {
        let refusal = refusal(from, to);
        assert_eq!(refusal, format!("{line}: `{statement}`: {expected}"));
    }
}

#[test]
fn values_that_contradict_each_other_are_refused_at_the_one_that_was_written() {
    check(&[
        (
            "tick = \"10ms\"",
            "tick = \"20ms\"",
            "7: `tick = \"20ms\"`: expected a tick of at most `latency_min`, which is 10ms",
        ),
        (
            "tick = \"10ms\" # a comment\nseed = 1\n\n[market]\nvenue = \"kraken\"\nsymbol = \
             \"BTC/USD\"\ntape = \"data/tapes/x.csv\"\n\n[network]\nlatency_min = \"10ms\"",
            "[market]\nvenue = \"kraken\"\nsymbol = \"BTC/USD\"\ntape = \"x\"\n[network]\n\
             latency_min = \"5ms\"",
            "12: `latency_min = \"5ms\"`: expected a latency of at least `tick`, which is 10ms",
        ),
        (
            "latency_min = \"10ms\"",
            "latency_min = \"40ms\"",
            "17: `latency_max = \"30ms\"`: expected a latency of at least `latency_min`, which is 40ms",
        ),
        (
            "latency_min = \"10ms\"\nlatency_max = \"30ms\"",
            "latency_min = \"40ms\"",
            "16: `latency_min = \"40ms\"`: expected a latency of at most `latency_max`, which is 30ms",
        ),
        (
            "at = \"5m30s\"\nfor = \"90s\"\nkind = \"hold\"",
            "at = \"5m29s\"\nfor = \"90s\"\nkind = \"rest-status\"\nstatus = 500",
            "30: `at = \"5m29s\"`: expected no overlap with the `rest-status` of line 23",
        ),
        (
            "length = \"30m\"",
            "length = \"8m\"",
            "6: `length = \"8m\"`: expected at least 8m40s: faults until 7m, 1m30s to recover, \
             10s of calm",
        ),
    ]);
}

#[test]
fn faults_may_touch_and_faults_of_two_kinds_may_overlap() {
    for (from, to) in [
        ("kind = \"hold\"", "kind = \"rest-status\"\nstatus = 500"),
        ("at = \"5m30s\"", "at = \"5m10s\""),
    ] {
        parse(&GOOD.replacen(from, to, 1)).unwrap();
    }
}

#[test]
fn too_many_faults_are_refused() {
    let (head, _) = GOOD.split_once("[[fault]]").unwrap();
    let fault = |at: usize| format!("[[fault]]\nat = \"{at}s\"\nfor = \"1s\"\nkind = \"hold\"\n");
    let text = |count| {
        let faults: String = (0..count).map(fault).collect();
        format!("{head}{faults}")
    };
    parse(&text(limits::FAULTS_MAX)).unwrap();
    let error = parse(&text(limits::FAULTS_MAX + 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "scenarios/x.toml:4023: `[[fault]]`: expected at most 1000 faults"
    );
}

#[test]
fn a_plan_has_the_faults_in_order_of_time() {
    let text = GOOD.replacen("at = \"5m30s\"", "at = \"1m\"", 1);
    let plan = parse(&text).unwrap().plan(7);
    let faults: Vec<String> = plan
        .faults
        .iter()
        .map(|fault| format!("{} {:?} {:?} {}", fault.id, fault.at, fault.until, fault.kind))
        .collect();
    assert_eq!(faults, ["0 60s 150s hold", "1 300s 330s rest-status 503"]);
    assert_eq!((plan.seed, plan.healed_at), (7, millis(330_000)));
    assert_eq!(plan.begins_at(), Some(millis(60_000)));
}

#[test]
fn names_come_from_the_folder_scenarios() {
    let check = |path: &str, name: &str, root: &str| {
        assert_eq!(name_of(Path::new(path)), name);
        assert_eq!(project_dir(Path::new(path)), Path::new(root), "{path}");
    };
    check("scenarios/faults/x.toml", "faults/x", "");
    check("/home/me/tank/scenarios/a/b/x.toml", "a/b/x", "/home/me/tank");
    check("../scenarios/x.toml", "x", "..");
    check("scenarios/old/scenarios/x.toml", "x", "scenarios/old");
    check("x.toml", "x", "");
    check("/tmp/out/x.toml", "x", "/tmp/out");
}

#[test]
fn a_tape_is_found_beside_the_folder_scenarios_from_anywhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("scenarios/faults/kraken-outage.toml");
    let scenario = Scenario::load(&path).unwrap();
    assert_eq!(scenario.tape_path(), root.join("data/tapes/BTCUSD_sample_30m.csv"));
    // What does not lie there counts from the working directory.
    let text = GOOD.replacen("data/tapes/x.csv", "Cargo.toml", 1);
    let scenario = Scenario::parse("no/such/scenarios/x.toml", &text).unwrap();
    assert_eq!(scenario.tape_path(), Path::new("Cargo.toml"));
}

#[test]
fn the_outage_is_the_one_that_was_asked_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let scenario = Scenario::load(&root.join("scenarios/faults/kraken-outage.toml")).unwrap();
    assert_eq!(scenario.name, "faults/kraken-outage");
    assert_eq!(scenario.run.length, Duration::from_mins(30));
    assert_eq!(scenario.run.tick, millis(10));
    let plan = scenario.plan(1);
    let shown: Vec<String> = plan.faults.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["at 5m for 30s: rest-status 503", "at 5m30s for 1m30s: hold"]);
    assert_eq!(plan.healed_at, Duration::from_mins(7));
}

#[test]
fn files_that_cannot_be_read_are_errors() {
    let missing = Scenario::load(Path::new("no/such.toml")).unwrap_err();
    assert_eq!(missing.to_string(), "no/such.toml: expected a scenario file, found nothing there");
    let folder = Scenario::load(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err();
    assert_eq!(folder.to_string(), concat!("cannot read ", env!("CARGO_MANIFEST_DIR")));
}

#[test]
fn files_that_are_no_texts_or_too_large_are_errors() {
    let dir = ScratchDir::new("load");
    let check = |name: &str, bytes: &[u8], expected: &str| {
        let path = dir.join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = Scenario::load(&path).unwrap_err().to_string();
        assert_eq!(error, format!("{}{expected}", path.display()));
    };
    check("binary.toml", b"schema = 1\n\xff", ":2: expected a text in UTF-8");
    let large = vec![b'#'; 1 + (1 << 20)];
    check("large.toml", &large, ": expected a scenario of at most 1048576 bytes");
    let largest = vec![b'#'; 1 << 20];
    check("largest.toml", &largest, ":1: missing key `schema` at the top of the file");
}

fn one_line_at_most(text: &str) -> Result<(), proptest::test_runner::TestCaseError> {
    if let Err(error) = parse(text) {
        let error = error.to_string();
        proptest::prop_assert!(error.starts_with("scenarios/x.toml:"), "{error}");
        proptest::prop_assert!(!error.contains('\n'), "{error}");
    }
    Ok(())
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_scenario_or_one_line_of_error(text: String) {
        one_line_at_most(&text)?;
    }

    #[test]
    fn any_damaged_file_is_a_scenario_or_one_line_of_error(
        at in 0..GOOD.len(),
        cut in 0..20_usize,
        with in "[\"=\\[\\]{}a-z0-9\n]{0,3}",
    ) {
        let end = (at + cut).min(GOOD.len());
        one_line_at_most(&format!("{}{with}{}", &GOOD[..at], &GOOD[end..]))?;
    }
}
