//! What is traded, and by which rules.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::decimal::{Price, Quantity};
use crate::money::Notional;

/// Name of an instrument in this program, `BASE/QUOTE`: `BTC/USD`. Cheap to clone and to compare: every event of a
/// market is.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "SmolStr", into = "SmolStr")]
pub struct Symbol(Name);

/// A text of which most are short.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Name {
    /// Zeros behind the text.
    Short([u8; SHORT_MAX], u8),
    /// Longer than [`SHORT_MAX`].
    Long(Arc<str>),
}

/// Longest text that needs no memory of its own.
const SHORT_MAX: usize = 22;

impl Symbol {
    /// Wraps a name; any text is accepted, venues refuse what they do not list.
    pub fn new(name: &str) -> Self {
        match u8::try_from(name.len()) {
            Ok(length) if name.len() <= SHORT_MAX => {
                let mut text = [0; SHORT_MAX];
                text[..name.len()].copy_from_slice(name.as_bytes());
                Self(Name::Short(text, length))
            }
            Ok(_) | Err(_) => Self(Name::Long(name.into())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Short(text, length) => {
                std::str::from_utf8(&text[..usize::from(*length)]).expect("it was a text")
            }
            Name::Long(text) => text,
        }
    }
}

/// The order of the texts.
impl Ord for Symbol {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<SmolStr> for Symbol {
    fn from(name: SmolStr) -> Self {
        Self::new(&name)
    }
}

impl From<Symbol> for SmolStr {
    fn from(symbol: Symbol) -> Self {
        Self::new(symbol.as_str())
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_of_any_length_keep_their_text_and_their_order() {
        let names = ["", "A", "A/B", "A/BC", "1234567890123456789012", "12345678901234567890123"];
        for name in names {
            let symbol = Symbol::new(name);
            assert_eq!(symbol.as_str(), name);
            for other in names {
                assert_eq!(symbol.cmp(&Symbol::new(other)), name.cmp(other));
                assert_eq!(symbol == Symbol::new(other), name == other);
            }
        }
    }
}
