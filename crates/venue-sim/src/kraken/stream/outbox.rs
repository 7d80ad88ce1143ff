//! Messages on their way to one client.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

/// Messages that wait for one client; one more and it is disconnected.
pub(crate) const OUTBOX_MESSAGES_MAX: usize = 1024;

/// A message on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// Of a channel: delays the next heartbeat.
    Channel(Utf8Bytes),
    /// The answer to a request.
    Answer(Utf8Bytes),
}

impl Outgoing {
    pub(crate) const fn text(&self) -> &Utf8Bytes {
        match self {
            Self::Channel(text) | Self::Answer(text) => text,
        }
    }
}

/// A bounded queue between the venue and one session's driver.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<VecDeque<Outgoing>>,
    filled: Notify,
    overflow: CancellationToken,
    finished: AtomicBool,
}

impl Outbox {
    /// Queues a message. The client that lets the queue overflow is disconnected.
    pub(crate) fn push(&self, message: Outgoing) {
        let mut queue = self.queue.lock();
        if queue.len() >= OUTBOX_MESSAGES_MAX {
            queue.clear();
            self.overflow.cancel();
        } else if !self.overflow.is_cancelled() {
            queue.push_back(message);
        }
        drop(queue);
        self.filled.notify_one();
    }

    /// Messages that wait.
    pub(crate) fn len(&self) -> usize {
        self.queue.lock().len()
    }

    /// Lets what is queued go out, then ends the session.
    pub(crate) fn finish(&self) {
        self.finished.store(true, Ordering::Release);
        self.filled.notify_one();
    }

    /// True when nothing is to follow what is queued.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// Takes everything that waits.
    pub(crate) fn take(&self) -> VecDeque<Outgoing> {
        std::mem::take(&mut *self.queue.lock())
    }

    /// Waits until something was queued since the last wait.
    ///
    /// # Cancel safety
    /// Safe: what was queued stays queued.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Ends when the client did not read for too long.
    pub(crate) const fn overflow(&self) -> &CancellationToken {
        &self.overflow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_outbox_gives_the_client_up() {
        let outbox = Outbox::default();
        let message = Outgoing::Answer("{}".into());
        for _ in 0..OUTBOX_MESSAGES_MAX {
            outbox.push(message.clone());
        }
        assert!(!outbox.overflow().is_cancelled());
        outbox.push(message.clone());
        assert!(outbox.overflow().is_cancelled());
        outbox.push(message);
        assert!(outbox.take().is_empty());
    }
}
