//! One WebSocket session: frames in, queued messages out.

mod strikes;

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use model::history::VenueEvent;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role as Side, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::kraken::serve::session::strikes::{Deed, Strikes};
use crate::kraken::sim::{Role, Shared};
use crate::kraken::stream::{Outbox, Outgoing, Version};

/// Silence after which a subscribed session gets a heartbeat.
const HEARTBEAT_AFTER: Duration = Duration::from_secs(1);
/// Silence in both directions after which a session is closed.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Longest wait for the client's part in closing.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(5);
/// Read buffer: tungstenite clears it before every read, so that its default of 128 KiB would
/// cost more than everything else here.
const READ_BUFFER: usize = 4096;
/// Largest message of a client.
const MESSAGE_MAX: usize = 64 * 1024;
/// Bytes that are collected before they are written out.
const WRITE_BUFFER: usize = 16 * 1024;
/// Bytes that may wait to be written out; the queue before it is bounded by its own length.
const WRITE_BUFFER_MAX: usize = 4 * 1024 * 1024;

/// Time after the first subscription in which acknowledgements and snapshots still come through while
/// a fault silences sessions.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A session that the venue knows of, until it is dropped.
struct Session {
    shared: Arc<Shared>,
    role: Role,
    version: Version,
    connection: u64,
    outbox: Arc<Outbox>,
    /// When a message last went in or out.
    active: Mutex<Instant>,
}

/// Why the writing half stopped.
enum Stop {
    /// The client did not read, or the connection broke.
    Broken,
    /// Nothing happened for too long.
    Idle,
    /// The venue closes its streams.
    Finished,
    /// A fault closes it with a code; without one it just ends.
    Struck(Option<u16>),
}

/// Runs a session until it ends.
pub(super) async fn run(shared: Arc<Shared>, role: Role, version: Version, upgrade: OnUpgrade) {
    let upgraded = match upgrade.await {
        Ok(upgraded) => TokioIo::new(upgraded),
        Err(error) => {
            tracing::debug!(%error, "upgrade failed");
            return;
        }
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    let socket = WebSocketStream::from_raw_socket(upgraded, Side::Server, Some(config)).await;
    let session = Session::open(shared, role, version);
    let (mut sink, mut stream) = socket.split();
    let stop = tokio::select! {
        biased;
        () = session.read(&mut stream) => Stop::Broken,
        stop = session.write(&mut sink) => stop,
    };
    let goodbye = match stop {
        Stop::Broken => None,
        Stop::Idle => Some((CloseCode::Normal, "idle")),
        Stop::Finished => Some((CloseCode::Restart, "maintenance")),
        Stop::Struck(code) => code.map(|code| (CloseCode::from(code), "")),
    };
    if let Some((code, reason)) = goodbye {
        let closing = close(&mut sink, &mut stream, code, reason);
        if timeout(CLOSE_WAIT_MAX, closing).await.is_err() {
            tracing::debug!(connection = session.connection, "client did not close");
        }
    }
}

impl Session {
    fn open(shared: Arc<Shared>, role: Role, version: Version) -> Self {
        let outbox = Arc::new(Outbox::default());
        let connection = shared.venue.lock().open_session(role, version, Arc::clone(&outbox));
        Self { shared, role, version, connection, outbox, active: Mutex::new(Instant::now()) }
    }

    /// Hands the client's messages to the venue until the connection ends.
    async fn read(&self, stream: &mut SplitStream<Socket>) {
        while let Some(message) = stream.next().await {
            *self.active.lock() = Instant::now();
            match message {
                Ok(Message::Text(text)) => {
                    let now = self.shared.clock.now();
                    self.shared.venue.lock().on_text(self.connection, &text, now);
                }
                // Answering a close or a ping is tungstenite's part; the stream ends by itself.
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(connection = self.connection, %error, "session broke");
                    return;
                }
            }
        }
    }

    /// Waits for the end of a fault that silences the session; true when too much queued meanwhile.
    async fn silence(&self) -> bool {
        let Some(strike) = self.shared.faults.strike_session(self.role) else {
            return false;
        };
        self.shared.sink.record(VenueEvent::FaultStruck { fault: strike.fault });
        tokio::select! {
            biased;
            () = self.outbox.overflow().cancelled() => true,
            () = strike.over.cancelled() => false,
        }
    }

    /// Sends what is queued, and heartbeats when nothing is.
    async fn write(&self, sink: &mut SplitSink<Socket, Message>) -> Stop {
        let mut last_channel = Instant::now();
        let mut subscribed_at = None;
        let mut strikes = Strikes::new(&self.shared.faults, &self.shared.sink, self.role);
        let mut changes = self.shared.faults.changes();
        loop {
            let settled = subscribed_at.is_some_and(|at: Instant| at.elapsed() >= SETTLED_AFTER);
            if settled && self.silence().await {
                return Stop::Broken;
            }
            let finished = self.outbox.is_finished();
            let mut messages = match strikes.deed() {
                Some(Deed::Close(code)) => return Stop::Struck(code),
                Some(Deed::Say(text)) => vec![Outgoing::Answer(text.into())],
                None => Vec::new(),
            };
            messages.extend(strikes.through(self.outbox.take(), settled));
            if !messages.is_empty() {
                if messages.iter().any(|m| matches!(m, Outgoing::Channel(_))) {
                    last_channel = Instant::now();
                }
                let sent = tokio::select! {
                    biased;
                    () = self.outbox.overflow().cancelled() => return Stop::Broken,
                    sent = send(sink, messages) => sent,
                };
                if let Err(error) = sent {
                    tracing::debug!(connection = self.connection, %error, "session broke");
                    return Stop::Broken;
                }
                *self.active.lock() = Instant::now();
            }
            if finished {
                return Stop::Finished;
            }
            let subscribed = self.shared.venue.lock().is_subscribed(self.connection);
            if subscribed {
                subscribed_at.get_or_insert_with(Instant::now);
            }
            let due = if subscribed {
                last_channel + HEARTBEAT_AFTER
            } else {
                *self.active.lock() + IDLE_MAX
            };
            let struck = strikes.due().unwrap_or(due).min(due);
            tokio::select! {
                biased;
                () = self.outbox.overflow().cancelled() => return Stop::Broken,
                () = self.outbox.filled() => {}
                // The switches live as long as the venue.
                _ = changes.changed() => {}
                () = sleep_until(struck) => {
                    if Instant::now() < due {
                        continue;
                    }
                    if subscribed {
                        self.outbox.push(Outgoing::Channel(self.version.heartbeat().into()));
                    } else if self.active.lock().elapsed() >= IDLE_MAX {
                        return Stop::Idle;
                    }
                }
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.venue.lock().close_session(self.connection);
    }
}

async fn send(
    sink: &mut SplitSink<Socket, Message>,
    messages: impl IntoIterator<Item = Outgoing>,
) -> Result<(), Error> {
    for message in messages {
        sink.feed(Message::Text(message.text().clone())).await?;
    }
    sink.flush().await
}

/// Says goodbye and waits for the client's answer.
async fn close(
    sink: &mut SplitSink<Socket, Message>,
    stream: &mut SplitStream<Socket>,
    code: CloseCode,
    reason: &'static str,
) {
    let goodbye = CloseFrame { code, reason: reason.into() };
    if sink.send(Message::Close(Some(goodbye))).await.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
    }
}
