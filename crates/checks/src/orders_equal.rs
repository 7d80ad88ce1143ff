//! `orders-equal`: both ends tell the same story of every order.

use model::history::Record;
use model::{ClientOrderId, OrderState};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::until;
use crate::findings::{Findings, Place, end_of};
use crate::order_facts::{Orders, TraderOrder, VenueOrder};

pub(crate) const CHECK: Check = Check {
    name: "orders-equal",
    class: Class::Safety,
    sentence: "trader and venue agree on state and filled quantity of every order, after recovery and at the end",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let end = end_of(history);
    let recovered_ns = expect.recovered_by_ns();
    if recovered_ns < end.at_ns {
        let past = until(history, recovered_ns);
        let place = Place { at_ns: recovered_ns, seq: end_of(past).seq };
        compare(past, expect, (place, false), "after recovery", &mut findings);
    }
    // A run that was cut short within the storm proves nothing: doubts may still be resolved.
    if !expect.is_cut() || recovered_ns < end.at_ns {
        // After a shutdown nothing is under way any more: there is no excuse for a late difference.
        compare(history, expect, (end, !expect.is_cut()), "at the end", &mut findings);
    }
    findings.verdict("no order was placed")
}

/// Compares all orders of which nothing was heard for a while, or all that there are if all is over.
fn compare(
    history: &[Record],
    expect: &Expectations,
    (now, over): (Place, bool),
    when: &str,
    findings: &mut Findings,
) {
    let orders = Orders::of(history, expect);
    let quiet_ns = nanos(expect.quiet_for);
    let quiet = |changed: Place| over || now.at_ns.saturating_sub(changed.at_ns) > quiet_ns;
    for (id, trader) in &orders.trader {
        let venue = orders.venue.get(id).and_then(|list| list.first());
        if !quiet(trader.changed) || venue.is_some_and(|venue| !quiet(venue.changed)) {
            continue;
        }
        findings.examine();
        if let Some(wrong) = difference(trader, venue) {
            findings.violate(now, format!("order {id} {when}: {wrong}"));
        }
    }
    let strangers = orders
        .venue
        .iter()
        .filter(|(id, _)| !orders.trader.contains_key(*id))
        .flat_map(|(id, list)| list.iter().map(move |order| (Some(*id), order)))
        .chain(orders.nameless.iter().map(|order| (None, order)));
    for (id, order) in strangers.filter(|(_, order)| quiet(order.changed)) {
        findings.examine();
        let name = id.map_or("no client order id", ClientOrderId::as_str);
        let message = format!("venue order {} ({name}) {when}: unknown to the trader", order.id);
        findings.violate(now, message);
    }
}

/// What the two ends do not agree on.
fn difference(trader: &TraderOrder, venue: Option<&VenueOrder<'_>>) -> Option<String> {
    let absent =
        matches!(trader.state, OrderState::Created | OrderState::Rejected | OrderState::NotPlaced);
    if trader.orphaned {
        // Nobody is left to agree with: but it must not live on at the venue.
        let alive = venue.filter(|venue| !venue.state.is_final())?;
        return Some(format!("the trader that wanted it crashed; venue says {}", alive.state));
    }
    let agrees = match venue {
        None => absent,
        Some(venue) if venue.state == OrderState::Rejected => {
            matches!(trader.state, OrderState::Rejected | OrderState::NotPlaced)
        }
        Some(venue) => trader.state == venue.state,
    };
    let venue_filled = venue.map(|venue| venue.filled).unwrap_or_default();
    if agrees && trader.filled == venue_filled {
        return None;
    }
    let there = venue.map_or_else(
        || "absent".to_owned(),
        |venue| format!("{}, filled {}", venue.state, venue.filled),
    );
    Some(format!("trader says {}, filled {}; venue says {there}", trader.state, trader.filled))
}

#[cfg(test)]
mod tests;
