use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::draw::legal;
use crate::{FaultKind, FaultPlan, HangPhase, Scenario};

/// A scenario whose storm has these families, each given by kind and parameters.
fn stormy(families: &[(&str, &str)]) -> Result<Scenario, String> {
    let mut text = "schema = 1\npurpose = \"x\"\nrun = { length = \"10m\" }\n\
         market = { venue = \"kraken\", symbol = \"BTC/USD\", tape = \"x.csv\" }\n\
         trader = { strategy = \"no-op\", balance = { USD = \"1\" } }\n\
         sink = { kind = \"influxdb\" }\n\n\
         [storm]\nat = \"20s\"\nfor = \"5m\"\n"
        .to_owned();
    for (kind, parameters) in families {
        text.push_str(&format!(
            "[[storm.family]]\nkind = \"{kind}\"\nevery_min = \"5s\"\nevery_max = \"40s\"\n\
             for_min = \"100ms\"\nfor_max = \"20s\"\n{parameters}\n"
        ));
    }
    Scenario::parse("x.toml", &text).map_err(|error| error.to_string())
}

/// Some kinds of fault, as wide as they go.
const ALL: [(&str, &str); 7] = [
    (
        "rest-status",
        "status = { min = 400, max = 599 }\nretry_after = { min = \"1s\", max = \"9s\", percent = 30 }",
    ),
    (
        "rest-lost-answer",
        "status = [502, 504]\nmethods = { of = [[\"AddOrder\"], [\"CancelOrder\", \"Time\"]], percent = 60 }",
    ),
    ("rest-slow", "delay = { min = \"1ms\", max = \"20s\" }"),
    ("hold", "host = { of = [\"api.kraken.com\", \"ws.kraken.com\"], percent = 80 }"),
    (
        "hang",
        "phase = [\"connect\", \"head\", \"body\", \"handshake\", \"subscribed\"]\n\
         host = { of = [\"api.kraken.com\", \"ws.kraken.com\", \"ws-auth.kraken.com\"], percent = 50 }\n\
         executed = { of = [true, false], percent = 50 }\n\
         established = { of = [\"reset\"], percent = 50 }",
    ),
    ("sink-status", "status = 503"),
    ("sink-hold", ""),
];

fn labels(plan: &FaultPlan) -> BTreeMap<String, usize> {
    let mut labels = BTreeMap::new();
    for fault in &plan.faults {
        *labels.entry(fault.kind.label()).or_default() += 1;
    }
    labels
}

/// The storm of the repository.
fn kraken_storm() -> Scenario {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Scenario::load(&root.join("scenarios/storm/kraken-storm.toml")).unwrap()
}

#[test]
fn the_storm_of_the_repository_has_a_family_of_every_kind() {
    let scenario = kraken_storm();
    let families = &scenario.storm.as_ref().unwrap().families;
    let kinds: BTreeSet<&str> = families.iter().map(|family| family.kind.as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(FaultKind::NAMES));
    let drawn: BTreeSet<String> =
        (0..300).flat_map(|seed| labels(&scenario.plan(seed)).into_keys()).collect();
    assert_eq!(drawn, scenario.fault_labels());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_drawn_is_legal_and_within_the_storm(seed: u64, ours: bool) {
        let scenario = if ours { kraken_storm() } else { stormy(&ALL).unwrap() };
        let plan = scenario.plan(seed);
        let storm = scenario.storm.as_ref().unwrap();
        prop_assert!(plan.collision().is_none());
        prop_assert!(plan.faults.len() <= usize::try_from(storm.faults_max).unwrap());
        let (at, until) = (storm.at, storm.until());
        for fault in &plan.faults {
            prop_assert!(at <= fault.at && fault.at < fault.until && fault.until <= until);
            prop_assert!(fault.may_miss && fault.kind.problem().is_none());
        }
        prop_assert_eq!(&plan, &scenario.plan(seed));
        // What would be refused in a file is not drawn either.
        let text = scenario.explicit(&plan, None, "");
        prop_assert_eq!(Scenario::parse("x.toml", &text).unwrap().plan(0).faults, plan.faults);
    }
}

#[test]
fn seeds_switch_families_off_and_every_kind_and_phase_is_drawn() {
    let scenario = stormy(&ALL).unwrap();
    let mut seen = BTreeSet::new();
    let mut together = BTreeSet::new();
    for seed in 0..200 {
        let labels = labels(&scenario.plan(seed));
        let kinds: BTreeSet<_> =
            labels.keys().filter_map(|label| label.split(' ').next()).collect();
        together.insert(kinds.len());
        seen.extend(labels.into_keys());
    }
    let phases = ["connect", "head", "body", "handshake", "subscribed"];
    let kinds = ALL.iter().map(|(kind, _)| *kind);
    let mut expected: BTreeSet<_> =
        kinds.filter(|kind| *kind != "hang").map(str::to_owned).collect();
    expected.extend(phases.map(|phase| format!("hang {phase}")));
    assert_eq!(seen, expected);
    assert_eq!(scenario.fault_labels(), expected);
    assert!(together.len() > 4, "numbers of families of a seed: {together:?}");
}

/// Swarm: within one seed a kind keeps to some of its values.
#[test]
fn a_seed_uses_some_of_the_values_only() {
    let scenario = stormy(&ALL[..1]).unwrap();
    let spans: Vec<u16> = (0..50)
        .filter_map(|seed| {
            let plan = scenario.plan(seed);
            let status = |fault: &crate::PlannedFault| {
                let FaultKind::RestStatus(rest) = &fault.kind else { panic!("{fault}") };
                rest.status
            };
            let statuses: Vec<u16> = plan.faults.iter().map(status).collect();
            Some(statuses.iter().max()? - statuses.iter().min()?)
        })
        .collect();
    assert!(spans.len() > 10 && spans.iter().any(|span| *span < 40), "{spans:?}");
    assert!(spans.iter().any(|span| *span > 80), "{spans:?}");
}

#[test]
fn a_family_more_moves_no_draw_of_the_others() {
    let few = stormy(&[ALL[0], ALL[5]]).unwrap();
    let more = stormy(&[ALL[5], ALL[3], ALL[0]]).unwrap();
    for seed in 0..20 {
        let of = |scenario: &Scenario, name: &str| {
            let faults = scenario.plan(seed).faults.into_iter();
            let named = faults.filter(|fault| fault.kind.name() == name);
            named.map(|fault| (fault.at, fault.until, fault.kind)).collect::<Vec<_>>()
        };
        for name in ["rest-status", "sink-status"] {
            assert_eq!(of(&few, name), of(&more, name), "{seed} {name}");
        }
    }
}

#[test]
fn what_is_drawn_beside_explicit_faults_does_not_collide_with_them() {
    let mut scenario = stormy(&[("hold", "")]).unwrap();
    scenario.storm.as_mut().unwrap().families[0].seeds_percent = 100;
    let alone = scenario.plan(5);
    let mut explicit = scenario.clone();
    explicit.faults = vec![crate::Fault {
        at: alone.faults[0].at,
        lasts: Duration::from_secs(60),
        repeat: None,
        may_miss: false,
        kind: FaultKind::Hold(crate::Hold::default()),
    }];
    let plan = explicit.plan(5);
    assert!(plan.collision().is_none() && plan.faults.len() > 1, "{plan:?}");
    assert_eq!(plan.faults.iter().filter(|fault| !fault.may_miss).count(), 1);
}

#[test]
fn the_earliest_count_where_there_are_too_many() {
    let mut scenario = stormy(&ALL).unwrap();
    let all = scenario.plan(1);
    scenario.storm.as_mut().unwrap().faults_max = 3;
    assert!(all.faults.len() > 3);
    assert_eq!(scenario.plan(1).faults, all.faults[..3]);
}

#[test]
fn what_does_not_go_with_the_others_is_left_out() {
    let table = "kind = \"hang\"\nphase = \"connect\"\nexecuted = true\nmethods = [\"Time\"]\n\
                 established = \"reset\"\nhost = \"ws.kraken.com\"";
    let Some(FaultKind::Hang(hang)) = legal(table.parse().unwrap()) else { panic!("a hang") };
    assert_eq!((hang.phase, hang.executed, hang.methods), (HangPhase::Connect, None, vec![]));
    assert!(hang.host.is_some() && hang.established.is_some());
    assert_eq!(legal("kind = \"rest-status\"".parse().unwrap()), None);
}

#[test]
fn mistakes_of_a_family_are_told_with_their_place() {
    let check = |kind: &str, parameters: &str, expected: &str| {
        assert_eq!(stormy(&[(kind, parameters)]).unwrap_err(), expected);
    };
    check(
        "rest-status",
        "status = [503, 700]",
        "x.toml:17: `status = [503, 700`: expected a HTTP status from 400 to 599",
    );
    check(
        "rest-status",
        "status = { min = 503, max = 500 }",
        "x.toml:17: `status = { min = 503, max = 500 }`: expected two whole numbers or two durations, \
         `min` not above `max`",
    );
    check("rest-status", "", "x.toml:12: missing key `status` in [[storm.family]]");
    check(
        "hold",
        "hots = \"ws.kraken.com\"",
        "x.toml:17: unknown key `hots` in [[storm.family]]; did you mean `host`?",
    );
    check(
        "hold",
        "host = [\"ws.kraken.con\"]",
        "x.toml:17: `host = [\"ws.kraken.con\"`: unknown value `ws.kraken.con`; did you mean `ws.kraken.com`?",
    );
    check("hodl", "", "x.toml:12: `kind = \"hodl\"`: unknown value `hodl`; did you mean `hold`?");
    check(
        "rest-slow",
        "delay_min = { min = \"1s\", max = \"9s\" }\ndelay_max = { min = \"5s\", max = \"9s\" }",
        "x.toml:18: `delay_max = { min = \"5s\", max = \"9s\" }`: expected a delay of at least \
         `delay_min`, which is 9s",
    );
    check(
        "rest-slow",
        "delay = { of = [\"1s\"], percent = 0 }",
        "x.toml:17: `delay = { of = [\"1s\"], percent = 0`: expected 1 to 100",
    );
    check("hold", "for_max = \"1ms\"", "x.toml:17: `for_max = \"1ms\"`: duplicate key");
}

#[test]
fn mistakes_of_the_storm_are_told_with_their_place() {
    let text = |storm: &str| {
        let text = format!(
            "schema = 1\npurpose = \"x\"\nrun = {{ length = \"10m\" }}\n\
             market = {{ venue = \"kraken\", symbol = \"BTC/USD\", tape = \"x.csv\" }}\n\
             trader = {{ strategy = \"no-op\", balance = {{ USD = \"1\" }} }}\n\n{storm}"
        );
        Scenario::parse("x.toml", &text).unwrap_err().to_string()
    };
    let family = "[[storm.family]]\nkind = \"hold\"\nevery_min = \"5s\"\nevery_max = \"40s\"\n\
                  for_min = \"1s\"\nfor_max = \"20s\"\n";
    let check = |storm: &str, expected: &str| assert_eq!(text(storm), expected);
    check(
        "[storm]\nat = \"1m\"\nfor = \"1m\"\n",
        "x.toml:7: `[storm]`: expected at least one family of faults, each with the header [[storm.family]]",
    );
    check(
        &format!("[storm]\nat = \"1m\"\nfro = \"1m\"\n{family}"),
        "x.toml:9: unknown key `fro` in [storm]; did you mean `for`?",
    );
    check(
        &format!("[storm]\nat = \"9m\"\nfor = \"2m\"\n{family}"),
        "x.toml:9: `for = \"2m\"`: expected at most 1m, which is what is left of the run",
    );
    check(
        &format!("[storm]\nat = \"1m\"\nfor = \"8m\"\n{family}"),
        "x.toml:3: `run = { length = \"10m\"`: expected at least 11m10s: faults until 9m, 2m to recover, \
         10s of calm",
    );
    check(
        &format!("[storm]\nat = \"1m\"\nfor = \"1m\"\n{}", family.replace("hold", "sink-hold")),
        "x.toml:11: `kind = \"sink-hold\"`: expected a scenario with a table [sink], which this fault strikes",
    );
    check(
        &format!("[storm]\nat = \"1m\"\nfor = \"1m\"\n{}", family.replace("40s", "4s")),
        "x.toml:13: `every_max = \"4s\"`: expected whole milliseconds, at least `every_min`, which is 5s",
    );
    check(
        &format!("[storm]\nat = \"1m\"\nfor = \"1m\"\n{family}seeds_percent = 0\n"),
        "x.toml:16: `seeds_percent = 0`: expected 1 to 100",
    );
}

#[test]
fn a_fault_becomes_simpler_until_nothing_is_left_to_simplify() {
    let text = "kind = \"rest-slow\"\ndelay = \"9s\"\nmethods = [\"Time\"]";
    let slow = legal(text.parse().unwrap()).unwrap();
    let shown: Vec<String> = slow.simpler().iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["rest-slow by 4s for Time", "rest-slow by 9s"]);
    let text =
        "kind = \"hang\"\nphase = \"connect\"\nestablished = \"reset\"\nhost = \"ws.kraken.com\"";
    let mut hang = legal(text.parse().unwrap()).unwrap();
    let mut steps = 0;
    while let Some(simpler) = hang.simpler().into_iter().next() {
        hang = simpler;
        steps += 1;
        assert!(steps < 20, "{hang}");
    }
    assert_eq!(hang.to_string(), "hang connect");
}
