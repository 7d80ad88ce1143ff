//! What the orders of earlier runs add up to. Pure: the venue's lists come in.

use std::collections::BTreeMap;

use model::{Quantity, Side, Symbol, VenueOrderId};

use super::{HeritageError, Positions};

/// By order of an earlier run: its market, and by how much it has moved the position at least. A venue that forgets
/// an execution for a while, as lists that lag do, does not undo it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Estate {
    moved: BTreeMap<VenueOrderId, (Symbol, Quantity)>,
}

impl Estate {
    /// Takes note of what was filled of an order; never of less than before. One whose side nobody tells cannot be
    /// counted.
    pub(super) fn learn(
        &mut self,
        order: &VenueOrderId,
        symbol: &Symbol,
        side: Option<Side>,
        filled: Quantity,
    ) -> Result<(), HeritageError> {
        let out_of_range = || HeritageError::OutOfRange(symbol.clone());
        let side = side.ok_or_else(out_of_range)?;
        let sold = || Quantity::ZERO.checked_sub(filled).ok_or_else(out_of_range);
        let moved = if side == Side::Buy { filled } else { sold()? };
        let (_, most) =
            self.moved.entry(order.clone()).or_insert_with(|| (symbol.clone(), Quantity::ZERO));
        *most = if side == Side::Buy { moved.max(*most) } else { moved.min(*most) };
        Ok(())
    }

    /// What they add up to, by symbol; zero where there is nothing.
    pub(super) fn positions(&self, symbols: &[Symbol]) -> Result<Positions, HeritageError> {
        let mut positions: Positions =
            symbols.iter().map(|symbol| (symbol.clone(), Quantity::ZERO)).collect();
        for (of, moved) in self.moved.values() {
            for (symbol, position) in positions.iter_mut().filter(|(symbol, _)| symbol == of) {
                let sum = position.checked_add(*moved);
                *position = sum.ok_or_else(|| HeritageError::OutOfRange(symbol.clone()))?;
            }
        }
        Ok(positions)
    }
}

#[cfg(test)]
mod tests;
