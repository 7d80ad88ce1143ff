use std::collections::BTreeMap;

use checks::testkit::{clean, expectations};
use checks::{Check, CheckResult};

use super::*;
use crate::TextStyle;

fn checked(history: &[model::history::Record]) -> Vec<CheckResult> {
    checks::ALL.iter().map(|check: &Check| check.run(history, &expectations())).collect()
}

fn failure(class: FailureClass, check: &str, at_ms: u64) -> SeedFailure {
    SeedFailure {
        class,
        check: check.to_owned(),
        at_ms,
        message: "<broken> & \"odd\"".to_owned(),
        total: 2,
    }
}

/// A seed of the clean story, with failures.
fn seed(number: u64, failures: Vec<SeedFailure>) -> SeedRecord {
    let history = clean().history();
    let mut coverage =
        Coverage::possible(&expectations(), ["hang head".to_owned(), "hold".to_owned()]);
    let labels = BTreeMap::from([(0, "rest-status".to_owned()), (1, "hold".to_owned())]);
    let checks = checked(&history);
    coverage.count(&history, &labels, &checks);
    let digest = format!("{number:016x}");
    let mut record = SeedRecord::new("storm/x", number, (&history, &digest), &checks, coverage);
    assert_eq!(record.failures, [], "the story is clean");
    record.failures = failures;
    record.repeated = number == 0;
    record
}

fn about(runs: u64) -> SweepAbout {
    SweepAbout {
        scenarios: vec!["storm/x".to_owned()],
        seeds: "0x0..0x4".to_owned(),
        runs,
        version: "0.0.0".to_owned(),
        cut: (runs > 4).then(|| "Ctrl-C".to_owned()),
    }
}

fn seeds() -> Vec<SeedRecord> {
    let duplicate = || failure(FailureClass::Safety, "no-duplicate-order", 42_118);
    let recovered = || failure(FailureClass::Liveness, "recovered", 200_000);
    vec![
        seed(0, vec![]),
        seed(1, vec![duplicate(), recovered()]),
        seed(2, vec![recovered()]),
        seed(3, vec![recovered()]),
    ]
}

fn report(order: &[usize], runs: u64) -> SweepReport {
    let mut tally = Tally::default();
    let seeds = seeds();
    for number in order {
        tally.add(&seeds[*number]);
    }
    let time = SweepTime { wall_s: 2.0, runs: 4, runs_per_s: 2.0, speed: 600.0 };
    let repro = |scenario: &str, seed| format!("wavetank run {scenario} --seed {seed:#x}");
    tally.report(about(runs), time, repro)
}

#[test]
fn a_tally_is_the_same_in_any_order_and_counts_nothing_twice() {
    let expected = report(&[0, 1, 2, 3], 4);
    assert_eq!(report(&[3, 1, 0, 2], 4), expected);
    assert_eq!(report(&[3, 3, 1, 0, 1, 2], 4), expected);
    assert_ne!(report(&[0, 1, 2], 4).fingerprint, expected.fingerprint);
    assert_eq!((expected.done, expected.failed, expected.repeated), (4, 3, 1));
    assert_eq!(expected.worst(), Some(FailureClass::Safety));
}

#[test]
fn failures_are_grouped_by_check_with_their_first_seed() {
    let report = report(&[3, 2, 1, 0], 4);
    let shown: Vec<_> = report
        .failures
        .iter()
        .map(|group| (group.check.as_str(), group.seeds, group.named.clone(), group.repro.as_str()))
        .collect();
    let expected = [
        ("no-duplicate-order", 1, vec![1], "wavetank run storm/x --seed 0x1"),
        ("recovered", 3, vec![1, 2, 3], "wavetank run storm/x --seed 0x1"),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_group_names_the_smallest_of_its_seeds_only() {
    let mut tally = Tally::default();
    for number in (0..100).rev() {
        tally.add(&seed(number, vec![failure(FailureClass::Safety, "x", 1)]));
    }
    let report = tally.report(about(100), SweepTime::default(), |_, _| String::new());
    assert_eq!(report.failures[0].seeds, 100);
    assert_eq!(report.failures[0].named, (0..20).collect::<Vec<_>>());
}

#[test]
fn what_could_have_happened_and_never_did_is_told() {
    let report = report(&[0, 1, 2, 3], 4);
    assert!(
        report.never.contains(&"strikes of faults: hang head".to_owned()),
        "{:?}",
        report.never
    );
    assert!(!report.never.contains(&"strikes of faults: hold".to_owned()), "{:?}", report.never);
    let hold = &report.coverage["strikes of faults"]["hold"];
    assert!(hold.runs == 4 && hold.times > 4, "{hold:?}");
    assert!(report.coverage["orders that were"]["filled"].times > 0);
    assert!(report.coverage["states of breakers"].values().any(|row| row.times > 0));
    assert!(report.coverage["states of streams"]["kraken/public live"].times > 0);
}

#[test]
fn a_record_and_a_report_are_read_back() {
    for seed in seeds() {
        let line = serde_json::to_string(&seed).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<SeedRecord>(&line).unwrap(), seed);
    }
    let report = report(&[0, 1, 2, 3], 4);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<SweepReport>(&text).unwrap(), report);
}

#[test]
fn people_see_what_failed_how_to_repeat_it_and_what_is_left() {
    let mut report = report(&[0, 1, 2, 3], 9);
    report.failures[0].reduced = Some("out/reduced/x.toml".to_owned());
    report.failures[0].reduced_faults = vec!["at 5s for 1s: hold".to_owned()];
    let text = render_sweep(&report, TextStyle { color: false, width: 100 });
    for part in [
        "  runs      4 made, 5 left: Ctrl-C\n",
        "  x safety no-duplicate-order  storm/x: 1 seed, 0x1\n",
        "      at 42.118 s: <broken> & \"odd\"\n",
        "      repro    wavetank run storm/x --seed 0x1\n",
        "      reduced  out/reduced/x.toml, 1 fault\n                 at 5s for 1s: hold\n",
        "  x liveness recovered  storm/x: 3 seeds, 0x1, 0x2, 0x3\n",
        "    hang head                                        0             0\n",
        "could happen never did",
        "verdict FAIL: 3 of 4 runs failed, cut short; 1 made twice; fingerprint ",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.ends_with(&format!("{}\n", render_sweep_verdict(&report))), "{text}");
}

#[test]
fn machines_get_what_they_can_parse() {
    let report = report(&[0, 1, 2, 3], 4);
    let xml = junit_xml(&report);
    assert!(xml.contains("message=\"&lt;broken&gt; &amp; &quot;odd&quot;\""), "{xml}");
    assert_eq!(xml.matches("<testcase ").count(), checks::ALL.len() + 1);
    assert_eq!(xml.matches("<failure ").count(), 2);
    let github = github_annotations(&report);
    let first = "::error title=safety no-duplicate-order in storm/x::1 of 4 runs; first: <broken> & \"odd\"\
                 %0Arepro: wavetank run storm/x --seed 0x1\n";
    assert!(github.starts_with(first), "{github}");
    assert_eq!(github.lines().count(), 2);
}

#[test]
fn a_run_that_failed_a_check_says_which_and_when_first() {
    let mut story = clean();
    story.without(|record| {
        matches!(
            record.event,
            model::history::Event::World(model::history::WorldEvent::FaultEnded { fault: 1, .. })
        )
    });
    let history = story.history();
    let checks = checked(&history);
    let record = SeedRecord::new("x", 7, (&history, "d"), &checks, Coverage::default());
    let struck = record.failures.iter().find(|failure| failure.check == "faults-struck").unwrap();
    assert_eq!(
        (struck.class, struck.message.as_str()),
        (FailureClass::Safety, "fault 1 never ended")
    );
    assert!(record.failures.is_sorted_by_key(|failure| (failure.class, failure.at_ms)));
}
