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
    sentence: "places on the wire and in batches that were taken are all free again at some time after healing, and no connection is in use without one",
    judge,
};

/// Beginnings of the names of metrics that tell what is taken at the moment.
const TAKEN: [&str; 4] =
    ["wavetank_batcher_running{", "wavetank_cache_loading{", "wavetank_gather_running{", PERMITS];

/// Beginnings of the names of places on the wire and of the connections that take them; the host follows.
const PERMITS: &str = "wavetank_pool_permits{";
const CONNECTIONS: &str = "wavetank_pool_connections{";

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    // A run without faults has nothing to heal.
    let healthy = expect.faults.is_empty().then(Place::default);
    let Some(healed) = phase_start(history, Phase::Calm).or(healthy) else {
        return findings.verdict("the run ended before healing");
    };
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    // By series: whether it was free since healing.
    let mut taken: BTreeMap<&str, bool> = BTreeMap::new();
    for record in history {
        if is_crash(record, &expect.trader_host) {
            values.clear();
            taken.clear();
        }
        let Event::World(WorldEvent::MetricsSampled { changed }) = &record.event else {
            continue;
        };
        for (series, value) in changed {
            values.insert(series, value);
            if TAKEN.iter().any(|name| series.starts_with(name)) {
                taken.entry(series).or_default();
            }
        }
        for (host, permits, in_use) in without_place(&values) {
            let message =
                format!("{in_use} connections are in use in {permits} places on the wire: {host}");
            findings.violate(record, message);
        }
        if record.seq > healed.seq {
            for (series, free) in &mut taken {
                findings.examine();
                *free |= is_free(series, &values);
            }
        }
    }
    if !expect.is_cut() {
        for (series, _) in taken.iter().filter(|(_, free)| !**free) {
            findings.violate(end_of(history), format!("{series} was never 0 again after healing"));
        }
    }
    findings.verdict("no metrics were sampled after healing")
}

/// Hosts to which more connections are in use than places on the wire are taken, with both numbers.
fn without_place<'a>(
    values: &BTreeMap<&'a str, &'a str>,
) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
    values.iter().filter_map(|(series, permits)| {
        let host = host_of(series)?;
        let in_use = *values.get(in_use(host).as_str())?;
        let more = in_use.parse::<u64>().ok()? > permits.parse::<u64>().ok()?;
        more.then_some((host, *permits, in_use))
    })
}

/// The host whose places on the wire a metric tells.
fn host_of(series: &str) -> Option<&str> {
    series.strip_prefix(PERMITS)?.strip_suffix('}')
}

/// The metric that tells how many connections to a host are in use.
fn in_use(host: &str) -> String {
    format!("{CONNECTIONS}{host},state=\"in_use\"}}")
}

/// True when nothing is taken, or every place on the wire by a connection that is in use: questions that are asked
/// every so often may be under way whenever the metrics are sampled.
fn is_free(series: &str, values: &BTreeMap<&str, &str>) -> bool {
    let value = values.get(series).copied().unwrap_or("0");
    let used =
        host_of(series).map(|host| values.get(in_use(host).as_str()).copied().unwrap_or("0"));
    value == "0" || used == Some(value)
}

#[cfg(test)]
mod tests;
