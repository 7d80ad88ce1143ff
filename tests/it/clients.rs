//! Other people's clients, unmodified, against `wavetank serve`: `tests/clients` says which, and what they do.

use std::fs;
use std::process::Command;

use crate::real_sockets::Process;
use crate::support::root;

/// How the script ends when the clients cannot be installed.
const NOT_INSTALLED: i32 = 2;

/// Address and key pairs of a served venue.
fn serve() -> (Process, String, Vec<[String; 2]>) {
    let arguments = [
        "serve",
        "kraken",
        "--tape",
        "data/tapes/BTCUSD_sample_30m.csv",
        "--listen",
        "127.0.0.1:0",
        "--speed",
        "10",
        "--loop",
        "--accounts",
        "tests/clients/accounts.toml",
    ];
    let mut process = Process::start(&arguments, &[]);
    process.says("Ctrl-C");
    let after = |label: &str| {
        let lines = process.said.iter().filter_map(|line| line.split_once(label));
        lines.map(|(_, value)| value.trim().to_owned()).collect::<Vec<_>>()
    };
    let address = after("http://").remove(0);
    let keys = after("API key").into_iter().zip(after("API secret"));
    let keys = keys.map(|(key, secret)| [key, secret]).collect();
    (process, address, keys)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the environment tells whether this is CI")]
fn other_peoples_clients_work_unmodified() {
    let (mut process, address, keys) = serve();
    let settings = serde_json::json!({
        "rest": format!("http://{address}"),
        "pair": "BTC/USD",
        "keys": keys,
    });
    let folder = root().join("target/tests/clients");
    fs::create_dir_all(&folder).expect("a folder for the test");
    let file = folder.join("settings.json");
    fs::write(&file, settings.to_string()).expect("writable");
    let script = root().join("tests/clients/run.sh");
    let done = Command::new(script).arg(&file).current_dir(root()).output().expect("bash runs");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    if done.status.code() == Some(NOT_INSTALLED) {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs the clients:\n{said}");
        println!("skipped: the clients are not there and cannot be installed");
        return;
    }
    assert!(done.status.success(), "{said}");
    let scripts = [
        "ccxt_rest",
        "ccxt_pairs",
        "ccxt_special",
        "ccxt_streams",
        "kraken_sdk",
        "krakenex_rest",
        "kraken_api",
    ];
    for script in scripts {
        assert!(said.contains(&format!("== {script}")), "{script} did not run:\n{said}");
    }
    process.signal("INT");
    assert!(process.ends().success());
}
