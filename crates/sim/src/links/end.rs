//! One end of a connection, as far as faults can reach it.

use std::task::{Context, Waker};

use parking_lot::Mutex;

/// What became of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing.
    Alive,
    /// The other side has vanished: writes go nowhere, nothing comes.
    Silent,
    /// As [`Fate::Silent`], but the next write is answered with a reset.
    Dead,
    /// It was reset.
    Reset,
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct End {
    number: u64,
    dialled: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    fate: Fate,
    /// The fault that made it what it is.
    by: Option<u32>,
    waker: Option<Waker>,
}

impl End {
    pub(super) fn new(number: u64, dialled: bool) -> Self {
        let state = State { fate: Fate::Alive, by: None, waker: None };
        Self { number, dialled, state: Mutex::new(state) }
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) const fn is_dialled(&self) -> bool {
        self.dialled
    }

    /// Gives it a fate, unless it was reset; whether that changed anything.
    pub(super) fn strike(&self, fault: u32, fate: Fate) -> bool {
        let mut state = self.state.lock();
        let changed = state.fate != Fate::Reset && state.fate != fate;
        if changed {
            (state.fate, state.by) = (fate, Some(fault));
        }
        changed
    }

    /// The fault is over: whoever vanished is known to be gone.
    pub(super) fn rise(&self, fault: u32) {
        let mut state = self.state.lock();
        if state.by == Some(fault) && state.fate == Fate::Silent {
            state.fate = Fate::Dead;
        }
    }

    /// What became of it; the task is woken when that changes, or when a fault begins or ends.
    pub(crate) fn fate(&self, cx: &Context<'_>) -> Fate {
        let mut state = self.state.lock();
        if state.waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        state.fate
    }

    /// It is reset from now on.
    pub(crate) fn reset(&self) {
        self.state.lock().fate = Fate::Reset;
    }

    pub(super) fn wake(&self) {
        let waker = self.state.lock().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
