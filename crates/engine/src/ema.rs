//! Exponential moving average in integers.

use model::Price;

/// Extra binary digits kept behind a price, so that small steps are not lost.
const SHIFT: u32 = 32;

/// The average `a ← a + 2 / (n + 1) × (p − a)` of a series of prices.
///
/// Computed in 128-bit integers, each step rounded toward minus infinity: the same on every machine.
#[derive(Debug, Clone)]
pub struct Ema {
    length: u32,
    value: Option<i128>,
}

impl Ema {
    /// An average over `length` values; 0 counts as 1.
    pub fn new(length: u32) -> Self {
        Self { length: length.max(1), value: None }
    }

    /// Takes the next price.
    pub fn update(&mut self, price: Price) {
        let scaled = i128::from(price.raw()) << SHIFT;
        let value = self.value.map_or(scaled, |average| {
            average + (2 * (scaled - average)).div_euclid(i128::from(self.length) + 1)
        });
        self.value = Some(value);
    }

    /// The average with [`SHIFT`] binary digits behind a price's; for comparisons.
    pub(crate) fn raw(&self) -> Option<i128> {
        self.value
    }

    /// The average, rounded down to a price.
    pub fn price(&self) -> Option<Price> {
        let whole = self.value? >> SHIFT;
        i64::try_from(whole).ok().map(Price::from_raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_follows_its_definition() {
        let mut ema = Ema::new(3);
        assert_eq!(ema.price(), None);
        let mut seen = Vec::new();
        for text in ["10", "20", "20", "10"] {
            ema.update(Price::parse(text).expect("valid"));
            seen.push(ema.price().expect("has values").to_string());
        }
        // alpha = 1/2: 10, 15, 17.5, 13.75
        assert_eq!(seen, ["10", "15", "17.5", "13.75"]);
    }
}
