use std::collections::BTreeSet;

use super::*;
use crate::FaultKind;

fn keys(schema: &Value) -> BTreeSet<&str> {
    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_kind_of_fault_is_there_with_the_keys_of_every_fault() {
    let schema = json_schema();
    for (list, common) in [("Fault", "at"), ("Family", "every_min")] {
        let kinds = schema["$defs"][list]["oneOf"].as_array().unwrap();
        let names: Vec<_> = kinds
            .iter()
            .map(|kind| kind["properties"]["kind"]["const"].as_str().unwrap())
            .collect();
        assert_eq!(names, FaultKind::NAMES);
        for kind in kinds {
            assert!(keys(kind).contains(common), "{kind}");
            assert_eq!(kind["additionalProperties"], false);
        }
    }
}

#[test]
fn tables_and_their_keys_are_those_that_are_read() {
    let schema = json_schema();
    let top = [
        "schema", "purpose", "run", "market", "network", "account", "trader", "sink", "fault",
        "storm", "expect",
    ];
    assert_eq!(keys(&schema), BTreeSet::from(top));
    assert_eq!(
        keys(&schema["$defs"]["Storm"]),
        BTreeSet::from(["at", "for", "faults_max", "family"])
    );
    assert_eq!(schema["$defs"]["Run"]["properties"]["tick"]["type"], "string");
    assert_eq!(schema["$defs"]["Run"]["properties"]["tick"]["default"], "10ms");
    assert!(!schema.to_string().contains("null"), "{schema:#}");
}
