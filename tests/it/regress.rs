//! What sweeps found and what was mended: each scenario of `scenarios/regress` failed once, and passes.

use scenario::Scenario;

use crate::support::{assert_passes, root, run, with_tape};

#[test]
fn what_was_mended_stays_so() {
    let infos = scenario::list(&root().join("scenarios/regress")).expect("valid scenarios");
    assert!(!infos.is_empty());
    for info in infos {
        let scenario = Scenario::load(&info.path).expect("a valid scenario");
        assert!(scenario.storm.is_none(), "{}: its faults are explicit", info.name);
        let (tape, seed) = (scenario.tape_path(), scenario.run.seed);
        let setup = with_tape(scenario, &tape, seed);
        assert_passes(&setup, &run(&setup).history);
    }
}
