//! Market buys whose size is given in the quote asset (`viqc`).

use model::{Level, Notional, Quantity};

use crate::kraken::book::DEPTH_MAX;
use crate::kraken::pair::Pair;
use crate::kraken::venue::Venue;

/// The whole lots that the book sells now for at most that cost, fees aside.
pub(super) fn quantity(venue: &mut Venue, pair: &Pair, cost: Notional) -> Quantity {
    let levels = venue.exchange.levels(pair.symbol(), DEPTH_MAX);
    let asks = levels.into_iter().flat_map(|[_, asks]| asks);
    let (mut left, mut total) = (cost.raw(), Quantity::ZERO);
    for level in asks {
        let (taken, spent) = part(level, left);
        total = total.checked_add(taken).unwrap_or(Quantity::MAX);
        left -= spent;
        if taken < level.quantity {
            break;
        }
    }
    total.floor_to(pair.instrument.lot_size())
}

/// What of a level that amount buys, and what it costs.
fn part(level: Level, amount: i128) -> (Quantity, i128) {
    let price = i128::from(level.price.raw()).max(1);
    // A notional of 17 digits over a price of 9 gives a quantity of 8.
    let affordable = Quantity::from_raw(i64::try_from(amount.max(0) / price).unwrap_or(i64::MAX));
    let taken = affordable.min(level.quantity);
    (taken, Notional::of(level.price, taken).raw())
}
