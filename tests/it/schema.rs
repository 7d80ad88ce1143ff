//! The JSON Schema of scenario files, by a validator that is not ours: it takes every scenario of the
//! repository, and refuses mistakes of the kind that it can see.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{root, wavetank};

/// How the script ends when the validator cannot be installed.
const NOT_INSTALLED: i32 = 2;

/// What is wrong with a scenario, as a change of the storm.
const MISTAKES: [(&str, &str, &str); 9] = [
    ("key", "purpose =", "purpos ="),
    ("table", "[network]", "[netwrok]"),
    ("kind", "kind = \"hold\"", "kind = \"hodl\""),
    ("duration", "length = \"5m\"", "length = 5"),
    ("unit", "length = \"5m\"", "length = \"5\""),
    ("status", "status = [418, 429]", "status = [418, 1]"),
    ("parameter", "delay = { min", "dealy = { min"),
    ("missing", "for_max = \"40s\"", ""),
    ("amount", "USD = \"100000\"", "USD = 100000.0"),
];

#[test]
#[expect(clippy::disallowed_methods, reason = "the environment tells whether this is CI")]
fn the_schema_takes_every_scenario_and_refuses_mistakes() {
    let folder = root().join("target/tests/schema");
    fs::create_dir_all(&folder).expect("a folder for the test");
    let schema = folder.join("schema.json");
    fs::write(&schema, wavetank(&["schema"]).stdout).expect("writable");
    let scenarios = scenario::list(&root().join("scenarios")).expect("valid scenarios");
    let good: Vec<PathBuf> = scenarios.into_iter().map(|scenario| scenario.path).collect();
    assert!(good.len() > 30, "{} scenarios", good.len());
    // The page's example has every key.
    let page = fs::read_to_string(root().join("scenarios/README.md")).expect("readable");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let example_path = folder.join("example.toml");
    fs::write(&example_path, example.expect("an example")).expect("writable");
    let storm = root().join("scenarios/storm/kraken-storm.toml");
    let storm = fs::read_to_string(storm).expect("readable");
    let bad = MISTAKES.map(|(name, right, wrong)| {
        assert!(storm.contains(right), "{right}");
        let path = folder.join(format!("{name}.toml"));
        fs::write(&path, storm.replacen(right, wrong, 1)).expect("writable");
        path
    });
    let script = root().join("tests/schema/run.sh");
    let done = Command::new(script)
        .arg(&schema)
        .args(&good)
        .arg(&example_path)
        .args(&bad)
        .output()
        .expect("bash runs");
    let (said, error) =
        (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if done.status.code() == Some(NOT_INSTALLED) {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs the validator:\n{error}");
        println!("skipped: the validator is not there and cannot be installed");
        return;
    }
    assert!(done.status.success(), "{error}");
    let is = |word: &str, path: &PathBuf| {
        let line = format!("{word} {}", path.display());
        said.lines().any(|said| said == line || said.starts_with(&format!("{line}: ")))
    };
    for path in good.iter().chain([&example_path]) {
        assert!(is("valid", path), "{} is refused:\n{said}", path.display());
    }
    for path in &bad {
        assert!(is("invalid", path), "{} is taken:\n{said}", path.display());
    }
}
