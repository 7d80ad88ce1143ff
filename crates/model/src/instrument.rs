//! What is traded, and by which rules.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::decimal::{Price, Quantity};
use crate::money::Notional;

/// Name of an instrument in this program, `BASE/QUOTE`: `BTC/USD`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Symbol(SmolStr);

impl Symbol {
    /// Wraps a name; any text is accepted, venues refuse what they do not list.
    pub fn new(name: &str) -> Self {
        Self(SmolStr::new(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of an asset in this program: `BTC`, `USD`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Asset(SmolStr);

impl Asset {
    /// Wraps a name.
    pub fn new(name: &str) -> Self {
        Self(SmolStr::new(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A pair that a venue lists, with the venue's rules for prices and quantities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Name in this program.
    pub symbol: Symbol,
    /// What is bought and sold.
    pub base: Asset,
    /// What it is paid with.
    pub quote: Asset,
    /// Digits after the point of a price on the wire and in checksums; 0..=9.
    pub price_decimals: u32,
    /// Digits after the point of a quantity on the wire and in checksums; 0..=8.
    pub quantity_decimals: u32,
    /// Digits after the point of a cost, a fee or an average price; 0..=17.
    pub cost_decimals: u32,
    /// Smallest step of a price; a multiple of `10^-price_decimals`, above zero.
    pub tick_size: Price,
    /// Smallest quantity of an order, in base units.
    pub quantity_min: Quantity,
    /// Smallest cost of an order, in quote units.
    pub cost_min: Notional,
}

impl Instrument {
    /// Smallest step of a quantity.
    pub fn lot_size(&self) -> Quantity {
        Quantity::step(self.quantity_decimals)
    }
}
