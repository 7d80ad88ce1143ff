//! `nothing-kept`: what is taken for a while is given back.

use std::collections::BTreeMap;

use model::history::{Event, Phase, Record, WorldEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{is_crash, phase_start};
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "nothing-kept",
    class: Class::Liveness,
    sentence: "places on the wire and in batches that were taken are all free again at some time after healing",
    judge,
};

/// Beginnings of the names of metrics that tell what is taken at the moment.
const TAKEN: [&str; 4] = [
    "wavetank_batcher_running{",
    "wavetank_cache_loading{",
    "wavetank_gather_running{",
    "wavetank_pool_permits{",
];

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    // A run without faults has nothing to heal.
    let healthy = expect.faults.is_empty().then(Place::default);
    let Some(healed) = phase_start(history, Phase::Calm).or(healthy) else {
        return findings.verdict("the run ended before healing");
    };
    // By series: whether it is taken, and whether it was free since healing.
    let mut taken: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for record in history {
        if is_crash(record, &expect.trader_host) {
            taken.clear();
        }
        let Event::World(WorldEvent::MetricsSampled { changed }) = &record.event else {
            continue;
        };
        let ours =
            |(series, _): &(&String, &String)| TAKEN.iter().any(|name| series.starts_with(name));
        for (series, value) in changed.iter().filter(ours) {
            taken.entry(series).or_default().0 = value != "0";
        }
        if record.seq > healed.seq {
            findings.examine();
            taken.values_mut().for_each(|(taken, free)| *free |= !*taken);
        }
    }
    if !expect.is_cut() {
        for (series, _) in taken.iter().filter(|(_, (_, free))| !free) {
            findings.violate(end_of(history), format!("{series} was never 0 again after healing"));
        }
    }
    findings.verdict("no metrics were sampled after healing")
}

#[cfg(test)]
mod tests;
