//! Signals that ask the program to end.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
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

/// Where the news arrive. The work tells its own panic, too: the other end lives in the thread of the
/// signals for ever, so that silence would say nothing.
pub(crate) type Inbox<T> = Receiver<News<thread::Result<T>>>;

/// Runs work on a thread with a runtime of its own and hands on what happens, signals included.
///
/// Apart from each other, so that a signal is heard whatever the work does. `work` makes the future on
/// its thread.
pub(crate) fn beside<T: Send + 'static, F: Future<Output = T>>(
    work: impl FnOnce() -> F + Send + 'static,
) -> anyhow::Result<Inbox<T>> {
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
        let done = catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { work().await })));
        // Nobody is left to tell after a second signal.
        drop(tell.send(News::Done(done)));
    })?;
    Ok(news)
}

/// The next thing that happens. A panic of the work goes on here, and ends the program with 101.
pub(crate) fn next<T>(news: &Inbox<T>) -> anyhow::Result<News<T>> {
    let told = news.recv().map_err(|RecvError| anyhow::anyhow!("nobody tells what happens"))?;
    Ok(match told {
        News::Signal(name) => News::Signal(name),
        News::Done(Ok(done)) => News::Done(done),
        News::Done(Err(panic)) => resume_unwind(panic),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_panic_of_the_work_is_told_and_goes_on() {
        let news = beside(|| async { assert!(news_of_nothing().is_some(), "planted") });
        let news = news.expect("a thread");
        let told = news.recv_timeout(Duration::from_secs(30)).expect("told, and not waited for");
        let (tell, again) = mpsc::sync_channel(1);
        tell.send(told).expect("room");
        let panic = catch_unwind(AssertUnwindSafe(|| next(&again))).expect_err("goes on");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"planted"));
    }

    const fn news_of_nothing() -> Option<()> {
        None
    }
}
