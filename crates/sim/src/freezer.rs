//! Stops a whole process for a while, as SIGSTOP or a long garbage collection does.
//!
//! No task of the process runs, and none is lost. Time passes, sockets stay open, and what comes in waits in them.
//! Afterwards everything is late at once: timers that were due meanwhile have all run out, and every task that
//! was woken runs, in the order in which they were woken first.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use platform::{BoxFuture, TaskShell, Tasks};
use scenario::Process;

/// Freezes one process. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Freezer(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Rises with each freeze; odd while one lasts.
    spell: u64,
    /// Whoever was woken since it began, each once.
    woken: Vec<Waker>,
    /// How often somebody would have run.
    kept: u64,
}

impl Freezer {
    /// Nothing runs from now on.
    pub(crate) fn freeze(&self) {
        let mut state = self.0.lock();
        state.spell += u64::from(!state.is_frozen());
    }

    /// Everything goes on; how often something would have run meanwhile.
    pub(crate) fn thaw(&self) -> u64 {
        let mut state = self.0.lock();
        state.spell += u64::from(state.is_frozen());
        let (woken, kept) = (std::mem::take(&mut state.woken), std::mem::take(&mut state.kept));
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        kept
    }

    /// The same program, which stands still while the process is frozen.
    pub(crate) fn gate(&self, program: BoxFuture<'static, ()>) -> BoxFuture<'static, ()> {
        Box::pin(Gate { freezer: self.clone(), missed: 0, program })
    }

    /// For the groups of the process's tasks.
    pub(crate) fn tasks(&self) -> Tasks {
        Tasks::within(Arc::new(self.clone()))
    }
}

impl State {
    const fn is_frozen(&self) -> bool {
        self.spell % 2 == 1
    }
}

impl TaskShell for Freezer {
    fn around(&self, task: BoxFuture<'static, ()>) -> BoxFuture<'static, ()> {
        self.gate(task)
    }
}

/// The freezers of all processes.
#[derive(Debug, Default)]
pub(crate) struct Freezers {
    kraken: Freezer,
    influx: Freezer,
    trader: Freezer,
}

impl Freezers {
    pub(crate) const fn of(&self, process: Process) -> &Freezer {
        match process {
            Process::Kraken => &self.kraken,
            Process::Influx => &self.influx,
            Process::Trader => &self.trader,
        }
    }
}

struct Gate {
    freezer: Freezer,
    /// The freeze in which it was woken last.
    missed: u64,
    program: BoxFuture<'static, ()>,
}

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let gate = self.get_mut();
        let mut state = gate.freezer.0.lock();
        if state.is_frozen() {
            state.kept += 1;
            if gate.missed != state.spell {
                gate.missed = state.spell;
                state.woken.push(cx.waker().clone());
            }
            return Poll::Pending;
        }
        drop(state);
        gate.program.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests;
