//! What faults do to the links between the trader and the other hosts, and how often.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Wait before the first SYN is sent again, as Linux does; it doubles from time to time.
const SYN_WAIT: Duration = Duration::from_secs(1);

/// How often a SYN is sent again before the dial fails: Linux's `tcp_syn_retries`.
const SYN_RETRIES: u32 = 6;

/// The links of the trader, by host. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links(Arc<Mutex<BTreeMap<String, Link>>>);

impl Links {
    /// The link to a host.
    pub(crate) fn to(&self, host: &str) -> Link {
        self.0.lock().entry(host.to_owned()).or_default().clone()
    }
}

/// The link to one host. Clones are the same link.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    held: bool,
    swallows_syn: bool,
    /// Dials and writes that a hold kept back.
    kept_back: u64,
    /// Dials that got no answer, each time that they asked, and connections that were reset.
    unanswered: u64,
    /// Ends the connections that are established now.
    established: CancellationToken,
}

impl Link {
    /// Starts to count what a hold keeps back.
    pub(crate) fn hold(&self) {
        let mut state = self.0.lock();
        state.held = true;
        state.kept_back = 0;
    }

    /// Ends the hold; how many dials and writes it kept back.
    pub(crate) fn release(&self) -> u64 {
        let mut state = self.0.lock();
        state.held = false;
        state.kept_back
    }

    /// Lets dials go unanswered; `reset` also ends what is established.
    pub(crate) fn swallow(&self, reset: bool) {
        let mut state = self.0.lock();
        state.swallows_syn = true;
        state.unanswered = 0;
        if reset {
            std::mem::take(&mut state.established).cancel();
        }
    }

    /// Answers dials again; how often that was not done.
    pub(crate) fn answer(&self) -> u64 {
        let mut state = self.0.lock();
        state.swallows_syn = false;
        state.unanswered
    }

    /// Something was sent.
    pub(crate) fn touch(&self) {
        let mut state = self.0.lock();
        state.kept_back += u64::from(state.held);
    }

    /// Waits until a SYN is not swallowed.
    ///
    /// # Errors
    /// `TimedOut` after the last of Linux's retries, about two minutes.
    pub(crate) async fn answered(&self) -> io::Result<()> {
        let mut wait = SYN_WAIT;
        for _ in 0..=SYN_RETRIES {
            if !self.is_swallowed() {
                return Ok(());
            }
            sleep(wait).await;
            wait *= 2;
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    fn is_swallowed(&self) -> bool {
        let mut state = self.0.lock();
        state.unanswered += u64::from(state.swallows_syn);
        state.swallows_syn
    }

    /// What ends a connection that is established now.
    pub(crate) fn cut(&self) -> Cut {
        let token = self.0.lock().established.clone();
        Cut { link: self.clone(), cancelled: Some(Box::pin(token.cancelled_owned())) }
    }
}

/// The end of one connection by a reset.
pub(crate) struct Cut {
    link: Link,
    cancelled: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Cut {
    /// The error of a connection that was reset, from then on at every use; registers the task.
    pub(crate) fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if let Some(cancelled) = &mut self.cancelled {
            if cancelled.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
            self.cancelled = None;
            self.link.0.lock().unanswered += 1;
        }
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_unanswered_dial_asks_again_as_linux_does() {
        let link = Link::default();
        link.swallow(false);
        let dialled = Instant::now();
        let other = link.clone();
        let (answered, ()) = tokio::join!(link.answered(), async {
            sleep(Duration::from_secs(10)).await;
            // Asked after 0, 1, 3 and 7 s; the next time is 15 s.
            assert_eq!(other.answer(), 4);
        });
        answered.unwrap();
        assert_eq!(dialled.elapsed(), Duration::from_secs(15));
        link.swallow(false);
        let dialled = Instant::now();
        assert_eq!(link.answered().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(dialled.elapsed(), Duration::from_secs(127));
    }

    #[tokio::test]
    async fn a_reset_ends_what_is_established_and_nothing_later() {
        let link = Link::default();
        let mut before = link.cut();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(before.check(&mut cx).is_ok());
        link.swallow(true);
        assert!(before.check(&mut cx).is_err());
        assert!(before.check(&mut cx).is_err());
        assert!(link.cut().check(&mut cx).is_ok());
        assert_eq!(link.answer(), 1);
    }
}
