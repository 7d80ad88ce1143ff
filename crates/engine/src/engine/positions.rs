//! What is held of each instrument.

use model::audit::AuditEvent;
use model::{Quantity, Symbol};

use super::{Engine, audit};
use crate::action::Errand;
use crate::markets::MarketNumber;

impl Engine {
    /// Takes over what earlier runs hold of an instrument.
    pub(super) fn inherit(
        &mut self,
        symbol: &Symbol,
        quantity: Quantity,
        errands: &mut Vec<Errand>,
    ) {
        let number = self.markets.enter(symbol);
        let before = std::mem::replace(&mut self.markets[number].inherited, quantity);
        let more = quantity.checked_sub(before).expect("an account holds far less than the range");
        if !more.is_zero() {
            self.move_position(number, more, errands);
        }
    }

    pub(super) fn move_position(
        &mut self,
        number: MarketNumber,
        by: Quantity,
        errands: &mut Vec<Errand>,
    ) {
        let market = &mut self.markets[number];
        // Orders fill up to their quantity, which the risk limits bound.
        let moved = market.position.checked_add(by);
        market.position = moved.expect("an account holds far less than the range");
        if self.audits {
            let (symbol, quantity) = (market.symbol.clone(), market.position);
            errands.push(audit(AuditEvent::PositionChanged { symbol, quantity }));
        }
    }
}
