//! The program as its users call it.

use std::fs;
use std::process::{Command, Stdio};

use model::history::Record;
use serde_json::Value;

use crate::support::{OUTAGE, program, root, wavetank};

#[test]
fn help_teaches_every_command() {
    let help = String::from_utf8(wavetank(&["--help"]).stdout).expect("text");
    for word in ["run", "scenarios", "tape", "Exit codes", "faults/kraken-outage"] {
        assert!(help.contains(word), "`{word}` is missing in:\n{help}");
    }
}

#[test]
fn help_of_the_real_programs_teaches() {
    let check = |arguments: &[&str], words: &[&str]| {
        let help = String::from_utf8(wavetank(arguments).stdout).expect("text");
        for word in words {
            assert!(help.contains(word), "`{word}` is missing in:\n{help}");
        }
    };
    let serve =
        ["--listen", "127.0.0.1:8080", "--speed", "--accounts", "--control", "Exit codes", "130"];
    check(&["serve", "--help"], &serve);
    let trade = ["[tls]", "[risk]", "WAVETANK_VENUE_REST", "second signal", "Exit codes", "130"];
    check(&["trade", "--help"], &trade);
}

#[test]
fn scenarios_are_listed_with_their_purpose() {
    let list = String::from_utf8(wavetank(&["scenarios"]).stdout).expect("text");
    assert!(list.contains("\nfaults/kraken-outage  "), "{list}");
}

#[test]
fn a_run_is_one_json_object_and_a_complete_folder() {
    let folder = root().join("target/tests/run-folder");
    let folder_text = folder.to_str().expect("a path of ours");
    let output = wavetank(&["run", OUTAGE, "--format", "json", "--out", folder_text]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    for key in [
        "schema",
        "scenario",
        "seed",
        "digest",
        "verdict",
        "checks",
        "faults",
        "breakers",
        "orders",
        "fills",
        "simulated_s",
        "wall_s",
    ] {
        assert!(!printed[key].is_null(), "`{key}` is missing");
    }
    assert_eq!(printed["verdict"], "pass");
    let saved = fs::read(folder.join("run.json")).expect("saved");
    assert_eq!(printed, serde_json::from_slice::<Value>(&saved).expect("JSON"));
    let history = fs::read_to_string(folder.join("history.jsonl")).expect("saved");
    let history: Vec<Record> =
        history.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    assert_eq!(printed["digest"], sim::digest(&history), "the history can be read back");
    for file in ["plan.toml", "fills.csv"] {
        assert!(folder.join(file).exists(), "{file}");
    }
}

#[test]
fn a_name_is_as_good_as_a_path_and_twice_is_proof() {
    let output = wavetank(&["run", "faults/kraken-outage", "--quiet", "--twice"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(err.starts_with("repeats: "), "{err}");
}

#[test]
fn a_failing_run_fails_though_nobody_reads_it() {
    // No breaker can open so soon.
    let outage = fs::read_to_string(root().join(OUTAGE)).expect("readable");
    let (bound, too_short) = (r#""kraken/read" = "15s""#, r#""kraken/read" = "1s""#);
    assert!(outage.contains(bound));
    let failing = root().join("target/tests/failing.toml");
    fs::create_dir_all(root().join("target/tests")).expect("writable");
    fs::write(&failing, outage.replace(bound, too_short)).expect("writable");
    let failing = failing.to_str().expect("a path of ours");
    for format in ["text", "json"] {
        let mut command = Command::new(program());
        command.args(["run", failing, "--tape", "data/tapes/BTCUSD_sample_30m.csv"]);
        command.args(["--format", format]).current_dir(root());
        let read = command.output().expect("the program starts").status.code();
        assert!(matches!(read, Some(2 | 3)), "{read:?}");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut unread = command.stdout(writer).stderr(Stdio::null()).spawn().expect("it starts");
        assert_eq!(unread.wait().expect("a child of ours").code(), read, "{format}");
    }
}

#[test]
fn wrong_usage_ends_with_1() {
    assert_eq!(wavetank(&["run"]).status.code(), Some(1));
    assert_eq!(wavetank(&["run", OUTAGE, "--seed", "moon"]).status.code(), Some(1));
    assert_eq!(wavetank(&["fly"]).status.code(), Some(1));
}

#[test]
fn a_generated_tape_is_the_same_every_time_and_never_overwritten() {
    let folder = root().join("target/tests/generated");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).expect("a folder for the test");
    let path = |name: &str| folder.join(name).to_str().expect("a path of ours").to_owned();
    for name in ["a.csv", "b.csv"] {
        let output = wavetank(&["tape", "generate", "--seed", "5", "--out", &path(name)]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let read = |name: &str| fs::read(path(name)).expect("written");
    assert_eq!(read("a.csv"), read("b.csv"));
    let again = wavetank(&["tape", "generate", "--seed", "6", "--out", &path("a.csv")]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(read("a.csv"), read("b.csv"), "the old file is still there");
}

#[test]
fn files_are_described_checked_and_converted() {
    let folder = root().join("target/tests/tape-files");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).expect("a folder for the test");
    let path = |name: &str| folder.join(name).to_str().expect("a path of ours").to_owned();
    let (good, bad, out) = (path("BTCUSDT-trades.csv"), path("bad.csv"), path("out.parquet"));
    let row = |id: u32, second: u32| format!("{id},100.5,2,201,17000000{second}000,True,True\n");
    fs::write(&good, row(1, 10) + &row(2, 20)).expect("writable");
    fs::write(&bad, row(1, 20) + &row(2, 10)).expect("writable");
    let run = |args: &[&str], code: i32| {
        let output = wavetank(args);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {err}");
        String::from_utf8_lossy(&output.stdout).into_owned() + &err
    };
    let info = run(&["tape", "info", &good], 0);
    assert!(info.contains("binance-trades, BTCUSDT") && info.contains("2 trades"), "{info}");
    assert!(run(&["tape", "check", &good], 0).contains("PASS"));
    let text = run(&["tape", "check", &bad], 1);
    assert!(text.contains("FAIL: unsorted") && text.contains("bad.csv:2: "), "{text}");
    let json = run(&["tape", "check", &bad, "--format", "json", "--on", "unsorted=skip"], 0);
    let json: Value = serde_json::from_str(&json).expect("one JSON object");
    assert_eq!((&json["verdict"], &json["skipped"]), (&"pass".into(), &1.into()));
    let text = run(&["tape", "convert", &bad, "--out", &out], 1);
    assert!(text.contains("--on unsorted=skip") && !folder.join("out.parquet").exists(), "{text}");
    run(&["tape", "convert", &bad, "--on", "unsorted=sort:5", "--out", &out], 0);
    let info = run(&["tape", "info", &out], 0);
    assert!(info.contains("columnar-trades") && info.contains("2 trades"), "{info}");
    run(&["tape", "convert", &good, "--out", &out], 1);
    assert_eq!(run(&["tape", "info", &out], 0), info, "the old file is still there");
}

#[test]
fn a_market_that_ends_early_is_noted() {
    let folder = root().join("target/tests/early");
    fs::create_dir_all(&folder).expect("a folder for the test");
    let path = folder.join("short.csv");
    drop(fs::remove_file(&path));
    let path = path.to_str().expect("a path of ours");
    wavetank(&["tape", "generate", "--seed", "5", "--length", "12m", "--no-crash", "--out", path]);
    let output = wavetank(&["run", OUTAGE, "--tape", path, "--quiet"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("of 30m; the market is silent from there"), "{err}");
}

/// `made_with` of each tape in the manifest is the command that makes it, byte for byte.
#[test]
fn every_tape_is_what_its_command_makes() {
    let manifest = fs::read_to_string(root().join("data/MANIFEST.toml")).expect("readable");
    let made_with =
        |line: &str| Some(line.strip_prefix("made_with = \"")?.strip_suffix('"')?.to_owned());
    let commands: Vec<String> = manifest.lines().filter_map(made_with).collect();
    assert_eq!(commands.len(), manifest.matches("[[tape]]").count());
    for (number, command) in commands.iter().enumerate() {
        let mut arguments: Vec<&str> = command.split(' ').skip(1).collect();
        let tape = arguments.pop().expect("the file is the last");
        let made = root().join(format!("target/tests/tape-{number}.csv"));
        fs::create_dir_all(made.parent().expect("a folder")).expect("writable");
        drop(fs::remove_file(&made));
        arguments.push(made.to_str().expect("a path of ours"));
        let output = wavetank(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let equal =
            fs::read(&made).expect("made") == fs::read(root().join(tape)).expect("committed");
        assert!(equal, "{tape} is not what `{command}` makes");
    }
}
