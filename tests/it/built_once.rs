//! What `cargo run` has built is not built again by `cargo test --workspace`: crates have the same features in both.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::root;

#[test]
fn crates_have_the_features_of_the_tests_in_a_plain_run() {
    let run = features(&["--edges", "normal,build"]);
    let test = features(&["--edges", "normal,build,dev", "--workspace"]);
    assert!(run.len() > 100, "{run:?}");
    let twice: Vec<_> = run.difference(&test).collect();
    assert!(
        twice.is_empty(),
        "`cargo test --workspace` builds these, and what uses them, with other features, since a dev-dependency asks \
         for more; name it in the dependencies of `tests`, too: {twice:#?}"
    );
}

/// Every crate with its version and its features.
fn features(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--quiet", "--prefix", "none", "--format", "{p} {f}"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| line.trim_end_matches(" (*)").trim_end().to_owned()).collect()
}
