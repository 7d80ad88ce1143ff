//! The orders that are kept whole, each in the slot of its place.

use super::Entry;

/// Orders of places without a gap, from the oldest one that is kept on.
#[derive(Debug, Clone)]
pub(super) struct Open {
    /// As many as a power of two, of which those of the places in between are in use.
    slots: Vec<Entry>,
    from: usize,
    to: usize,
}

impl Open {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), from: 0, to: 0 }
    }

    /// The place of the oldest one, or of the next one where there is none.
    pub(super) const fn from(&self) -> usize {
        self.from
    }

    /// The place of the next one.
    pub(super) const fn to(&self) -> usize {
        self.to
    }

    pub(super) const fn len(&self) -> usize {
        self.to - self.from
    }

    pub(super) fn first(&self) -> Option<&Entry> {
        self.get(self.from)
    }

    pub(super) fn get(&self, place: usize) -> Option<&Entry> {
        if (self.from..self.to).contains(&place) { self.slots.get(self.slot(place)) } else { None }
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Entry> {
        let slot = self.slot(place);
        if (self.from..self.to).contains(&place) { self.slots.get_mut(slot) } else { None }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        (self.from..self.to).filter_map(|place| self.get(place))
    }

    /// The slot of a new one, in which an old one still is.
    pub(super) fn push(&mut self) -> &mut Entry {
        if self.len() == self.slots.len() {
            self.grow();
        }
        let slot = self.slot(self.to);
        self.to += 1;
        &mut self.slots[slot]
    }

    /// Forgets the oldest one.
    pub(super) const fn pop(&mut self) {
        if self.from < self.to {
            self.from += 1;
        }
    }

    const fn slot(&self, place: usize) -> usize {
        place & self.slots.len().wrapping_sub(1)
    }

    #[inline(never)]
    fn grow(&mut self) {
        let mut grown =
            Self { slots: vec![Entry::NOTHING; (self.slots.len() * 2).max(4)], ..*self };
        for place in self.from..self.to {
            let slot = grown.slot(place);
            grown.slots[slot] = self.slots[self.slot(place)];
        }
        *self = grown;
    }
}

/// True for equal orders.
impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.from == other.from && self.iter().eq(other.iter())
    }
}

impl Eq for Open {}
