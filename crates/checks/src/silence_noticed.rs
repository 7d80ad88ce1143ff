//! `silence-noticed`: a hung connection is not taken for a quiet market.

use std::collections::BTreeMap;

use model::audit::StreamState;
use model::history::Record;

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{Spell, Spells, is_crash, seconds, stream_change};
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "silence-noticed",
    class: Class::Safety,
    sentence: "every promised stream becomes live, and while connections hang none claims for longer than its bound that it is",
    judge,
};

/// When the last arrives that other faults had on its way at a time: a hold does not reach it any more.
fn arrived_ns(spells: &Spells, at_ns: u64, end_ns: u64, expect: &Expectations) -> u64 {
    let earlier = spells.all().iter().filter(|spell| spell.from_ns <= at_ns);
    let arrivals = earlier.filter_map(|spell| {
        let later = expect.under_way.get(&spell.fault)?;
        Some(spell.to_ns.unwrap_or(end_ns).saturating_add(nanos(*later)))
    });
    arrivals.fold(at_ns, u64::max)
}

/// A time during which a stream claimed to be live.
#[derive(Debug, Clone, Copy)]
struct Claim<'a> {
    stream: &'a str,
    from_ns: u64,
    to: Place,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let claims = claims(history, &expect.trader_host);
    let bound_ns = nanos(expect.silence_max).saturating_add(expect.slack_ns());
    let end = end_of(history);
    // A stream that was never live could not notice anything.
    let never_live = |stream: &&String| claims.iter().all(|claim| claim.stream != **stream);
    if !expect.is_cut() {
        for stream in expect.streams.iter().filter(never_live) {
            findings.violate(end, format!("stream {stream} never became live"));
        }
    }
    let spells = Spells::of(history);
    for hold in spells.all() {
        let to_ns = hold.to_ns.unwrap_or(end.at_ns);
        let Some(silence) = expect.silences.get(&hold.fault) else {
            continue;
        };
        let struck = |claim: &&Claim<'_>| {
            let earlier = claim.from_ns <= hold.from_ns;
            silence.streams.contains(claim.stream) && (earlier || silence.later)
        };
        for claim in claims.iter().filter(struck) {
            let silent = |spell: &Spell| {
                let silence = expect.silences.get(&spell.fault);
                silence.is_some_and(|silence| silence.streams.contains(claim.stream))
            };
            let from_ns = claim.from_ns.max(hold.from_ns);
            let from_ns = arrived_ns(&spells, from_ns, end.at_ns, expect);
            let from_ns = spells.heard_ns(from_ns, bound_ns, silent);
            let from_ns = spells.awake_ns(from_ns, bound_ns, &expect.freezes);
            let noticed_by_ns = from_ns.saturating_add(bound_ns);
            // A hold that ends sooner, or a stream that was down by then, proves nothing.
            if claim.to.at_ns < from_ns || to_ns <= noticed_by_ns {
                continue;
            }
            findings.examine();
            if claim.to.at_ns > noticed_by_ns {
                let message = format!(
                    "stream {} still claimed to be live {} after fault {} let its connection hang",
                    claim.stream,
                    seconds(claim.to.at_ns.min(to_ns).saturating_sub(from_ns)),
                    hold.fault
                );
                findings.violate(claim.to, message);
            }
        }
    }
    findings.verdict("no live stream hung for longer than the bound on silence")
}

/// All claims to be live, in the order in which they end.
fn claims<'a>(history: &'a [Record], trader: &str) -> Vec<Claim<'a>> {
    let mut live: BTreeMap<&str, u64> = BTreeMap::new();
    let mut claims = Vec::new();
    for record in history {
        if is_crash(record, trader) {
            let to = Place::from(record);
            let over = std::mem::take(&mut live).into_iter();
            claims.extend(over.map(|(stream, from_ns)| Claim { stream, from_ns, to }));
        }
        let Some((stream, state)) = stream_change(record) else {
            continue;
        };
        if state == StreamState::Live {
            live.entry(stream).or_insert(record.at_ns);
        } else if let Some(from_ns) = live.remove(stream) {
            let to = Place::from(record);
            claims.push(Claim { stream, from_ns, to });
        }
    }
    let to = end_of(history);
    claims.extend(live.into_iter().map(|(stream, from_ns)| Claim { stream, from_ns, to }));
    claims
}

#[cfg(test)]
mod tests;
