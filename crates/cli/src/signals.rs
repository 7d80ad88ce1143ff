//! Signals that ask the program to end.

use std::sync::mpsc::{self, Receiver, RecvError};
use std::thread;

use anyhow::Context as _;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// Signals that are remembered before somebody looks.
const WAITING_MAX: usize = 4;

/// What happened to the program.
#[derive(Debug)]
pub(crate) enum News<T> {
    /// Ctrl-C or a polite kill.
    Signal(&'static str),
    /// The work is over.
    Done(T),
}

/// Runs work on a thread with a runtime of its own and hands on what happens, signals included.
///
/// Apart from each other, so that a signal is heard whatever the work does. `work` makes the future on
/// its thread.
pub(crate) fn beside<T: Send + 'static, F: Future<Output = T>>(
    work: impl FnOnce() -> F + Send + 'static,
) -> anyhow::Result<Receiver<News<T>>> {
    let (tell, news) = mpsc::sync_channel(WAITING_MAX);
    let signals = Builder::new_current_thread().enable_io().build().context("no runtime")?;
    let entered = signals.enter();
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be heard")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
    drop(entered);
    let tell_signals = tell.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        signals.block_on(async {
            loop {
                let name = tokio::select! {
                    biased;
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
                };
                if tell_signals.send(News::Signal(name)).is_err() {
                    return;
                }
            }
        });
    })?;
    let runtime = Builder::new_current_thread().enable_all().build().context("no runtime")?;
    thread::Builder::new().name("work".to_owned()).spawn(move || {
        let done = runtime.block_on(async { work().await });
        // Nobody is left to tell after a second signal.
        drop(tell.send(News::Done(done)));
    })?;
    Ok(news)
}

/// The next thing that happens. The work always ends by telling, unless it panicked.
pub(crate) fn next<T>(news: &Receiver<News<T>>) -> anyhow::Result<News<T>> {
    news.recv().map_err(|RecvError| anyhow::anyhow!("the program's own work panicked"))
}
