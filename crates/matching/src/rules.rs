//! In what venues differ: what they reserve, how they round, and what counts as the last price.

use std::collections::BTreeMap;

use model::Asset;

/// How a venue keeps its books. A new exchange has [`VenueRules::exact`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueRules {
    /// What a limit buy reserves.
    pub buy_holds: BuyHolds,
    /// Whether an order that waits for a trigger reserves what it may need, and is refused if that is not
    /// there. Otherwise its account is asked when it wakes.
    pub waiting_orders_hold: bool,
    /// Digits, `0..=17`, to which amounts of an asset are rounded half up when they are booked: costs, what is
    /// delivered, and fees. Amounts of an asset that is not named are booked as they are, and fees in it
    /// with the digits of the instrument's costs.
    pub booked_decimals: BTreeMap<Asset, u32>,
    /// Whether executions of our accounts' orders are last prices, too, and wake waiting orders. Otherwise only
    /// recorded trades do.
    pub own_prints_count: bool,
}

/// What a limit buy reserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuyHolds {
    /// Its cost and the worse of its fees on that: what it reserves covers whatever happens.
    CostAndFee,
    /// Its cost. The fee of an execution comes out of what is free then; what cannot be paid is cancelled.
    Cost,
}

impl VenueRules {
    /// Nothing can go wrong after the acceptance of an order, and nothing is rounded but fees: for backtests.
    pub const fn exact() -> Self {
        Self {
            buy_holds: BuyHolds::CostAndFee,
            waiting_orders_hold: false,
            booked_decimals: BTreeMap::new(),
            own_prints_count: false,
        }
    }
}
