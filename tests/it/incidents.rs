//! The library of real incidents: the trader passes every one of them.

use scenario::Scenario;

use crate::support::{failing, root, run, with_tape};

/// Incidents that the library holds at least.
const INCIDENTS_MIN: usize = 10;

#[test]
fn every_promise_holds_through_every_incident_of_the_library() {
    let infos = scenario::list(&root().join("scenarios/incidents")).expect("valid scenarios");
    assert!(infos.len() >= INCIDENTS_MIN, "only {} incidents", infos.len());
    for info in infos {
        let scenario = Scenario::load(&info.path).expect("a valid scenario");
        let tape = scenario.tape_path();
        let setup = with_tape(scenario, &tape, 1);
        let failed = failing(&setup, &run(&setup).history);
        assert!(failed.is_empty(), "{}: {failed:?}", info.name);
    }
}
