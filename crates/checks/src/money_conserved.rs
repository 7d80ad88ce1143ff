//! `money-conserved`: the venue neither makes nor loses money, and books each execution rightly.

use std::collections::BTreeMap;

use model::history::{Event, Record, VenueEvent};
use model::{Asset, Fill, Notional, Side, Symbol};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "money-conserved",
    class: Class::Safety,
    sentence: "the sum of each asset is constant, no balance is negative or overdrawn, the executions explain each, and nothing stays reserved",
    judge,
};

/// What an account owned first and last.
#[derive(Debug, Clone, Copy)]
struct Account {
    first: Notional,
    first_at: Place,
    last: Notional,
    last_at: Place,
    held: Notional,
}

/// What the executions of the trader must have done to one asset.
#[derive(Debug, Clone, Copy, Default)]
struct Flow {
    sum: Notional,
    rounding: Notional,
    first_at: Option<Place>,
    last_at: Place,
}

/// Double-entry book of the venue, kept a second time.
#[derive(Debug, Default)]
struct Money<'a> {
    totals: BTreeMap<&'a Asset, Notional>,
    accounts: BTreeMap<(&'a str, &'a Asset), Account>,
    flows: BTreeMap<Asset, Flow>,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let mut money = Money::default();
    for record in history {
        let Event::Venue(event) = &record.event else {
            continue;
        };
        if let VenueEvent::AssetTotal { asset, total } = event {
            findings.examine();
            let before = *money.totals.entry(asset).or_insert(*total);
            if before != *total {
                let message = format!("sum of all {asset} is {total}, was {before}");
                findings.violate(record, message);
                money.totals.insert(asset, *total);
            }
        } else if let VenueEvent::Balance { account, asset, total, held } = event {
            findings.examine();
            if let Some(wrong) = money.balance(record.into(), account, asset, *total, *held) {
                findings.violate(
                    record,
                    format!("{account} has {total} {asset}, {held} held: {wrong}"),
                );
            }
        } else if let VenueEvent::Filled { account, symbol, side, fill, .. } = event
            && *account == expect.account
            && money.flow(record.into(), symbol, *side, fill, expect.cost_rounding).is_none()
        {
            findings
                .violate(record, format!("trade {} of {symbol} cannot be booked", fill.trade_id));
        }
    }
    money.close(expect, end_of(history), &mut findings);
    findings.verdict("the venue told of no money")
}

impl<'a> Money<'a> {
    /// Takes what an account owns; says what is wrong with it.
    fn balance(
        &mut self,
        place: Place,
        account: &'a str,
        asset: &'a Asset,
        total: Notional,
        held: Notional,
    ) -> Option<&'static str> {
        let fresh = Account { first: total, first_at: place, last: total, last_at: place, held };
        let known = self.accounts.entry((account, asset)).or_insert(fresh);
        known.last = total;
        known.last_at = place;
        known.held = held;
        if total.is_negative() {
            Some("negative")
        } else if held.is_negative() {
            Some("negative reserve")
        } else if held > total {
            Some("more reserved than owned")
        } else {
            None
        }
    }

    /// Books one execution of the trader; `None` when the symbol or the numbers do not allow it.
    fn flow(
        &mut self,
        place: Place,
        symbol: &Symbol,
        side: Side,
        fill: &Fill,
        rounding: Notional,
    ) -> Option<()> {
        let (base, quote) = symbol.as_str().split_once('/')?;
        let quantity = Notional::from_quantity(fill.quantity);
        let cost = Notional::of(fill.price, fill.quantity);
        let (base_change, paid) = match side {
            Side::Buy => (quantity, cost.negated()),
            Side::Sell => (quantity.negated(), cost),
        };
        let quote_change = paid.checked_sub(fill.fee)?;
        let changes = [(base, base_change, Notional::ZERO), (quote, quote_change, rounding)];
        for (asset, change, rounding) in changes {
            let flow = self.flows.entry(Asset::new(asset)).or_default();
            flow.sum = flow.sum.checked_add(change)?;
            flow.rounding = flow.rounding.checked_add(rounding)?;
            flow.first_at.get_or_insert(place);
            flow.last_at = place;
        }
        Some(())
    }

    /// The history is over: nothing is reserved, and the trader owns what it had and what it traded.
    fn close(&self, expect: &Expectations, end: Place, findings: &mut Findings) {
        for ((account, asset), state) in &self.accounts {
            if *account != expect.account {
                continue;
            }
            if !expect.is_cut() && !state.held.is_zero() {
                let message = format!("{account}: {} {asset} still held at the end", state.held);
                findings.violate(end, message);
            }
            let Some(flow) = self.flows.get(*asset) else {
                if state.last != state.first {
                    let message = format!(
                        "{account} has {} {asset}, had {}, and traded none",
                        state.last, state.first
                    );
                    findings.violate(state.last_at, message);
                }
                continue;
            };
            if let Some(wrong) = flow.unexplained(account, asset, state) {
                findings.violate(state.last_at, wrong);
            }
        }
        if !expect.is_cut() {
            self.missing(&expect.account, end, findings);
        }
    }

    /// Reports the assets that were traded and of which no statement was made before and after.
    fn missing(&self, account: &str, end: Place, findings: &mut Findings) {
        for (asset, flow) in &self.flows {
            findings.examine();
            let state = self.accounts.get(&(account, asset));
            if !state.is_some_and(|state| flow.starts_after(state)) {
                let message =
                    format!("{account}: no balance of {asset} before its first execution");
                findings.violate(flow.first_at.unwrap_or(end), message);
            }
            if !state.is_some_and(|state| flow.ends_before(state)) {
                let message = format!("{account}: no balance of {asset} after its last execution");
                findings.violate(end, message);
            }
        }
    }
}

impl Flow {
    /// True when the account was told of before the first execution.
    fn starts_after(&self, account: &Account) -> bool {
        self.first_at.is_some_and(|at| account.first_at < at)
    }

    /// True when the account was told of at the last execution or later.
    fn ends_before(&self, account: &Account) -> bool {
        account.last_at.at_ns >= self.last_at.at_ns
    }

    /// What an account owns in the end and the executions do not explain.
    ///
    /// Without a statement from before and after there is nothing to compare.
    fn unexplained(&self, account: &str, asset: &Asset, state: &Account) -> Option<String> {
        if !self.starts_after(state) || !self.ends_before(state) {
            return None;
        }
        let due = state.first.checked_add(self.sum);
        let fits = due
            .and_then(|due| due.checked_sub(state.last))
            .is_some_and(|rest| rest.max(rest.negated()) <= self.rounding);
        let Account { first, last, .. } = state;
        (!fits).then(|| {
            format!("{account} has {last} {asset}, but had {first} and traded {}", self.sum)
        })
    }
}

#[cfg(test)]
mod tests;
