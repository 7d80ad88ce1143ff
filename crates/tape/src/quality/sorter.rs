//! Sorts rows that are nearly sorted, within a window.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use model::UnixNanos;

/// Most rows of a window: about 100 MB.
pub const SORT_ROWS_MAX: usize = 1_000_000;

/// A heap of rows. Rows of one instant keep their order.
#[derive(Debug)]
pub(super) struct Sorter<T> {
    rows: BinaryHeap<Waiting<T>>,
    window: usize,
    arrived: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    ts: UnixNanos,
    number: u64,
    row: T,
}

impl<T> Sorter<T> {
    pub(super) fn new(window: usize) -> Self {
        Self { rows: BinaryHeap::new(), window: window.clamp(1, SORT_ROWS_MAX), arrived: 0 }
    }

    /// Takes a row, and gives back the oldest one when the window is full.
    pub(super) fn push(&mut self, ts: UnixNanos, row: T) -> Option<T> {
        self.rows.push(Waiting { ts, number: self.arrived, row });
        self.arrived += 1;
        if self.rows.len() > self.window { self.pop() } else { None }
    }

    /// The oldest row.
    pub(super) fn pop(&mut self) -> Option<T> {
        self.rows.pop().map(|waiting| waiting.row)
    }
}

/// The oldest is the greatest: the heap gives out the greatest first.
impl<T> Ord for Waiting<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.ts, other.number).cmp(&(self.ts, self.number))
    }
}

impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Waiting<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Waiting<T> {}
