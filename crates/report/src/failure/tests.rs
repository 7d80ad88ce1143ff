use super::*;
use crate::samples::{bad_story, good, meta, record_of};

#[test]
fn a_failure_ends_with_what_failed_how_to_repeat_it_and_where_it_is() {
    let record = record_of(&bad_story().history());
    let repro = "wavetank run scenarios/faults/outage.toml --seed 0x57eb0001 --until 64s";
    assert_eq!(
        render_failure(&record, repro, "target/wavetank/faults-outage/0x57eb0001/"),
        "\
FAIL safety no-duplicate-order scenario=faults/outage seed=0x57eb0001 at=63.500s digest=9f31c2aa00000001
repro: wavetank run scenarios/faults/outage.toml --seed 0x57eb0001 --until 64s
saved: target/wavetank/faults-outage/0x57eb0001/
"
    );
}

#[test]
fn a_run_that_passes_has_no_failure() {
    assert_eq!(render_failure(&good(), "repro", "saved"), "");
}

#[test]
fn a_verdict_is_one_line() {
    let rest = "scenario=faults/outage seed=0x57eb0001 digest=9f31c2aa00000001, \
                simulated 3m20.04s in 0.250 s: 800 x real time";
    let check = |record: &RunRecord, word: &str| {
        assert_eq!(render_verdict(record), format!("{word} {rest}"));
    };
    check(&good(), "PASS");
    check(&record_of(&bad_story().history()), "FAIL");
    check(&RunRecord::new(meta(), &[], &[]), "UNJUDGED");
}
