//! What changed the balances of an account, entry by entry.

use std::collections::{BTreeMap, VecDeque};

use matching::Execution;
use model::{Asset, Notional, Side, UnixNanos};

use crate::kraken::ids::Ids;
use crate::kraken::pair::Pair;
use crate::kraken::prints::push_bounded;

/// Entries of an account that are remembered.
const ENTRIES_KEPT: usize = 20_000;

/// One change of one balance.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: String,
    /// The execution behind it, which the entry of the other asset has too.
    pub(crate) refid: String,
    pub(crate) at: UnixNanos,
    pub(crate) asset: Asset,
    /// Without the fee.
    pub(crate) amount: Notional,
    pub(crate) fee: Notional,
    /// What is there afterwards.
    pub(crate) balance: Notional,
}

/// Entries of an account, oldest first.
#[derive(Debug)]
pub(crate) struct Entries {
    entries: VecDeque<Entry>,
    balances: BTreeMap<Asset, Notional>,
}

impl Entries {
    /// None yet, from these balances on.
    pub(crate) fn new(balances: &BTreeMap<Asset, Notional>) -> Self {
        Self { entries: VecDeque::new(), balances: balances.clone() }
    }

    /// Both entries of an execution: what was sold, then what was bought.
    pub(crate) fn on_execution(
        &mut self,
        ids: &mut Ids,
        (exec_id, execution, side): (&str, &Execution, Side),
        pair: &Pair,
        now: UnixNanos,
    ) -> [Entry; 2] {
        let fill = &execution.fill;
        let (base, quote) = (execution.booked_base, execution.booked_quote);
        let fee_in_base = execution.fee_in_base;
        let of_base = (&pair.base.asset, fee_in_base);
        let in_quote = fee_in_base == Notional::ZERO;
        let of_quote = (&pair.quote.asset, if in_quote { fill.fee } else { Notional::ZERO });
        let [sold, bought] = match side {
            Side::Buy => [(of_quote, quote.negated()), (of_base, base)],
            Side::Sell => [(of_base, base.negated()), (of_quote, quote)],
        };
        [sold, bought].map(|((asset, fee), amount)| {
            let balance = self.balances.entry(asset.clone()).or_default();
            let change = amount.checked_sub(fee).and_then(|net| balance.checked_add(net));
            *balance = change.unwrap_or(*balance);
            let entry = Entry {
                id: ids.ledger(),
                refid: exec_id.to_owned(),
                at: now,
                asset: asset.clone(),
                amount,
                fee,
                balance: *balance,
            };
            push_bounded(&mut self.entries, entry.clone(), ENTRIES_KEPT);
            entry
        })
    }

    /// Newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }
}
