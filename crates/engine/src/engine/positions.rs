//! What is held of each instrument.

use model::audit::AuditEvent;
use model::{Quantity, Symbol};

use super::Engine;
use crate::action::Action;

impl Engine {
    /// Takes over what earlier runs hold of an instrument.
    pub(super) fn inherit(
        &mut self,
        symbol: Symbol,
        quantity: Quantity,
        actions: &mut Vec<Action>,
    ) {
        let before = std::mem::replace(self.inherited.entry(&symbol), quantity);
        let more = quantity.checked_sub(before).expect("an account holds far less than the range");
        if !more.is_zero() {
            self.move_position(symbol, more, actions);
        }
    }

    pub(super) fn move_position(
        &mut self,
        symbol: Symbol,
        by: Quantity,
        actions: &mut Vec<Action>,
    ) {
        let position = self.positions.entry(&symbol);
        // Orders fill up to their quantity, which the risk limits bound.
        *position = position.checked_add(by).expect("an account holds far less than the range");
        let quantity = *position;
        if self.audits {
            actions.push(Action::Audit(AuditEvent::PositionChanged { symbol, quantity }));
        }
    }
}
