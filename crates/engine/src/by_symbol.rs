//! A map with few keys, of which one is asked for again and again.

use model::Symbol;

/// Values by instrument, in the order of their symbols. The only one, where there is one, is not searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BySymbol<T> {
    entries: Vec<(Symbol, T)>,
}

impl<T> Default for BySymbol<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T> BySymbol<T> {
    /// The value of an instrument.
    pub fn get(&self, symbol: &Symbol) -> Option<&T> {
        let at = self.place(symbol).ok()?;
        self.entries.get(at).map(|(_, value)| value)
    }

    /// All of them, in the order of their symbols.
    pub fn iter(&self) -> impl Iterator<Item = (&Symbol, &T)> {
        self.entries.iter().map(|(symbol, value)| (symbol, value))
    }

    pub(crate) fn get_mut(&mut self, symbol: &Symbol) -> Option<&mut T> {
        let at = self.place(symbol).ok()?;
        self.entries.get_mut(at).map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    /// Where a symbol is, or would be.
    fn place(&self, symbol: &Symbol) -> Result<usize, usize> {
        match self.entries.as_slice() {
            // Equality is cheaper than order.
            [(only, _)] if only == symbol => Ok(0),
            entries => entries.binary_search_by(|(known, _)| known.cmp(symbol)),
        }
    }
}

#[cfg(test)]
impl<T: Default> BySymbol<T> {
    pub(crate) fn insert(&mut self, symbol: Symbol, value: T) {
        *self.entry(&symbol) = value;
    }
}

impl<T: Default> BySymbol<T> {
    /// The value of an instrument, the default one if there was none.
    pub(crate) fn entry(&mut self, symbol: &Symbol) -> &mut T {
        let at = self.place(symbol).unwrap_or_else(|at| {
            self.entries.insert(at, (symbol.clone(), T::default()));
            at
        });
        &mut self.entries[at].1
    }
}

impl<T> FromIterator<(Symbol, T)> for BySymbol<T> {
    fn from_iter<I: IntoIterator<Item = (Symbol, T)>>(entries: I) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|(left, _), (right, _)| left.cmp(right));
        // Of several with one symbol the last one counts.
        entries.reverse();
        entries.dedup_by(|(left, _), (right, _)| left == right);
        entries.reverse();
        Self { entries }
    }
}

impl<T, const N: usize> From<[(Symbol, T); N]> for BySymbol<T> {
    fn from(entries: [(Symbol, T); N]) -> Self {
        entries.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_the_order_of_their_symbols() {
        let symbol = Symbol::new;
        let mut map: BySymbol<u32> =
            [("b", 1), ("c", 2), ("b", 3)].map(|(name, value)| (symbol(name), value)).into();
        assert_eq!(map.get(&symbol("b")), Some(&3), "the last one counts");
        *map.entry(&symbol("a")) += 7;
        *map.entry(&symbol("c")) += 7;
        let all: Vec<_> = map.iter().map(|(symbol, value)| (symbol.as_str(), *value)).collect();
        assert_eq!(all, [("a", 7), ("b", 3), ("c", 9)]);
        assert_eq!(map.get(&symbol("d")), None);
    }
}
