//! Exact sliding windows. Sans-IO.
//!
//! Keeps what passed and when, so that no window of a configured length, wherever it begins, sees
//! more than its capacity. A token bucket would let nearly twice as much through (its burst and its
//! refill), and a fixed window twice as much across its edge: enough to be banned for.
//!
//! Times are nanoseconds since some instant of the caller's, and never go back.

use std::collections::VecDeque;

use super::config::WindowLimit;
use super::nanos;

/// Weight that passed at a time.
#[derive(Debug, Clone, Copy)]
struct Passed {
    at_ns: u64,
    weight: u32,
}

/// What passed within the longest window, and what of it the shorter ones still see.
///
/// Windows are half-open: what passed at `t` is gone at `t + length`, exactly.
#[derive(Debug)]
pub(super) struct SlidingWindows {
    /// The longest first. At least one.
    windows: Box<[Window]>,
    /// Weights above zero, oldest first, one entry per instant. At most as many as the longest
    /// window has capacity, since each weighs at least 1.
    passed: VecDeque<Passed>,
}

#[derive(Debug)]
struct Window {
    capacity: u32,
    length_ns: u64,
    /// Weight within the window, raises included.
    used: u32,
    /// Index of its first entry in `passed`; always 0 for the longest.
    first: usize,
    /// What the venue has seen and we have not, oldest first.
    raised: VecDeque<Passed>,
}

impl SlidingWindows {
    pub(super) fn new(limits: &[WindowLimit]) -> Self {
        let mut limits = limits.to_vec();
        limits.sort_by_key(|limit| std::cmp::Reverse(limit.window));
        let window = |limit: &WindowLimit| Window {
            capacity: limit.capacity,
            length_ns: nanos(limit.window),
            used: 0,
            first: 0,
            raised: VecDeque::new(),
        };
        Self { windows: limits.iter().map(window).collect(), passed: VecDeque::new() }
    }

    /// Most that can pass at once.
    pub(super) fn capacity(&self) -> u32 {
        self.windows.iter().map(|window| window.capacity).min().unwrap_or(0)
    }

    /// Length in nanoseconds, weight within it, and capacity of every window, the longest first.
    pub(super) fn used(&mut self, now_ns: u64) -> impl Iterator<Item = (u64, u32, u32)> {
        self.expire(now_ns);
        self.windows.iter().map(|window| (window.length_ns, window.used, window.capacity))
    }

    /// When `weight`, at most the capacity, may pass; `None` for now.
    #[inline]
    pub(super) fn ready_at(&mut self, weight: u32, now_ns: u64) -> Option<u64> {
        self.expire(now_ns);
        let passed = &self.passed;
        self.windows.iter().filter_map(|window| window.ready_at(passed, weight)).max()
    }

    /// Notes that `weight` passes now. Only after [`SlidingWindows::ready_at`] said so.
    #[inline]
    pub(super) fn take(&mut self, weight: u32, now_ns: u64) {
        if weight == 0 {
            return;
        }
        for window in &mut self.windows {
            window.used += weight;
            assert!(window.used <= window.capacity, "taken only what is ready");
        }
        push(&mut self.passed, now_ns, weight);
    }

    /// Raises the weight within the window of a length to `used`, at most its capacity. False if
    /// there is no such window.
    pub(super) fn raise(&mut self, length_ns: u64, used: u32, now_ns: u64) -> bool {
        self.expire(now_ns);
        let found = self.windows.iter_mut().find(|window| window.length_ns == length_ns);
        found.map(|window| window.raise(used, now_ns)).is_some()
    }

    /// Raises every window to its capacity.
    pub(super) fn fill(&mut self, now_ns: u64) {
        self.expire(now_ns);
        for window in &mut self.windows {
            window.raise(window.capacity, now_ns);
        }
    }

    /// Forgets what is gone.
    #[inline]
    fn expire(&mut self, now_ns: u64) {
        let Some((longest, shorter)) = self.windows.split_first_mut() else {
            return;
        };
        for window in &mut *shorter {
            while let Some(gone) = window.gone(self.passed.get(window.first), now_ns) {
                window.used -= gone;
                window.first += 1;
            }
            window.expire_raised(now_ns);
        }
        while let Some(gone) = longest.gone(self.passed.front(), now_ns) {
            longest.used -= gone;
            self.passed.pop_front();
            for window in &mut *shorter {
                // What is gone from the longest is gone from all.
                window.first -= 1;
            }
        }
        longest.expire_raised(now_ns);
    }
}

impl Window {
    /// The weight of an entry, if it is gone.
    #[inline]
    fn gone(&self, entry: Option<&Passed>, now_ns: u64) -> Option<u32> {
        let entry = entry?;
        (now_ns.saturating_sub(entry.at_ns) >= self.length_ns).then_some(entry.weight)
    }

    #[inline]
    fn expire_raised(&mut self, now_ns: u64) {
        while let Some(gone) = self.gone(self.raised.front(), now_ns) {
            self.used -= gone;
            self.raised.pop_front();
        }
    }

    fn raise(&mut self, used: u32, now_ns: u64) {
        let more = used.min(self.capacity).saturating_sub(self.used);
        if more > 0 {
            self.used += more;
            push(&mut self.raised, now_ns, more);
        }
    }

    /// When `weight` may pass this window; `None` for now.
    #[inline]
    fn ready_at(&self, passed: &VecDeque<Passed>, weight: u32) -> Option<u64> {
        let free = self.capacity - self.used;
        (weight > free).then(|| self.gone_at(passed, weight - free))
    }

    /// When so much of what is within the window will be gone.
    fn gone_at(&self, passed: &VecDeque<Passed>, mut excess: u32) -> u64 {
        // Nearly always the oldest is enough.
        if let (Some(oldest), true) = (passed.get(self.first), self.raised.is_empty())
            && oldest.weight >= excess
        {
            return oldest.at_ns.saturating_add(self.length_ns);
        }
        let mut ours = passed.range(self.first..).peekable();
        let mut raised = self.raised.iter().peekable();
        loop {
            let raised_first = match (ours.peek(), raised.peek()) {
                (Some(ours), Some(raised)) => raised.at_ns < ours.at_ns,
                (ours, _) => ours.is_none(),
            };
            let oldest = if raised_first { raised.next() } else { ours.next() };
            let oldest =
                oldest.expect("no more is needed than is used, and all that is used is noted");
            if oldest.weight >= excess {
                return oldest.at_ns.saturating_add(self.length_ns);
            }
            excess -= oldest.weight;
        }
    }
}

/// Appends, one entry for all that passes at the same instant.
#[inline]
fn push(entries: &mut VecDeque<Passed>, now_ns: u64, weight: u32) {
    match entries.back_mut() {
        Some(last) if last.at_ns == now_ns => last.weight += weight,
        _ => entries.push_back(Passed { at_ns: now_ns, weight }),
    }
}
