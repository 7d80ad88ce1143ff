use super::*;
use crate::testing::ScratchDir;

const LEAST: &str = r#"schema = 1
purpose = "PURPOSE"
run = { length = "5m" }
market = { venue = "kraken", symbol = "BTC/USD", tape = "x.csv" }
trader = { strategy = "no-op", balance = { USD = "1" } }
"#;

fn write(dir: &Path, name: &str, purpose: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, LEAST.replace("PURPOSE", purpose)).unwrap();
}

#[test]
fn scenarios_come_sorted_with_their_purposes() {
    let dir = ScratchDir::new("list");
    write(&dir, "smoke/b.toml", "second");
    write(&dir, "faults/deep/c.toml", "first");
    write(&dir, "z.toml", "last");
    fs::write(dir.join("README.md"), "not a scenario").unwrap();
    let infos = list(&dir).unwrap();
    let shown: Vec<String> =
        infos.iter().map(|info| format!("{}: {}", info.name, info.purpose)).collect();
    assert_eq!(shown, ["faults/deep/c: first", "smoke/b: second", "z: last"]);
    assert_eq!(infos[1].path, dir.join("smoke/b.toml"));
}

#[test]
fn a_broken_scenario_is_an_error_of_its_own() {
    let dir = ScratchDir::new("list-broken");
    write(&dir, "a.toml", "fine");
    fs::write(dir.join("b.toml"), "schema = 1\npurpos = 1\n").unwrap();
    let error = list(&dir).unwrap_err().to_string();
    let expected = "b.toml:2: unknown key `purpos` at the top of the file; did you mean `purpose`?";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn folders_that_are_missing_or_too_deep_are_errors() {
    let error = list(Path::new("no/such")).unwrap_err();
    assert_eq!(error.to_string(), "no/such: expected a folder of scenarios, found nothing there");
    let dir = ScratchDir::new("list-deep");
    write(&dir, "1/2/3/4/5/6/7/8/a.toml", "deep");
    assert_eq!(list(&dir).unwrap().len(), 1);
    write(&dir, "1/2/3/4/5/6/7/8/9/a.toml", "deeper");
    let error = list(&dir).unwrap_err().to_string();
    let expected = ": expected at most 10000 files in at most 8 levels of folders";
    assert!(error.ends_with(expected), "{error}");
}

/// Every file that is committed is valid and is listed.
#[test]
fn the_scenarios_of_this_repository_are_valid() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let infos = list(&dir).unwrap();
    let names: Vec<&str> = infos.iter().map(|info| info.name.as_str()).collect();
    assert!(names.contains(&"faults/kraken-outage"), "{names:?}");
}
