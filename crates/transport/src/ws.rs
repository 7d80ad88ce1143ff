//! One WebSocket session.

mod config;
mod error;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use platform::{BoxStream, Connector, Endpoint};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::dial::DialError;
pub use config::{WsConfig, WsConfigError};
pub use error::WsError;

/// tungstenite clears its read buffer on each read: its default of 128 KiB costs half of all CPU.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// What the other side sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WsMessage {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// The end of the session; nothing follows.
    Closed {
        /// The close code; `None` when none was given, or the stream just ended.
        code: Option<u16>,
        /// The reason given; often empty.
        reason: String,
    },
}

/// The client's end of a WebSocket session. Pings are answered by [`WebSocket::next`].
///
/// Dropping it closes the stream without a closing handshake.
pub struct WebSocket {
    stream: WebSocketStream<BoxStream>,
    config: WsConfig,
}

impl std::fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebSocket(..)")
    }
}

impl WebSocket {
    /// Dials and shakes hands, within [`WsConfig::connect_timeout`].
    ///
    /// # Errors
    /// [`WsError::Dial`], [`WsError::Refused`] for an answer other than an upgrade,
    /// [`WsError::ConnectTimedOut`], [`WsError::Protocol`].
    ///
    /// # Cancel safety
    /// Dropping the future abandons the dial.
    pub async fn connect(
        connector: &dyn Connector,
        endpoint: &Endpoint,
        path: &str,
        config: WsConfig,
    ) -> Result<Self, WsError> {
        let after = config.connect_timeout;
        let opening = Self::open(connector, endpoint, path, config);
        timeout(after, opening).await.unwrap_or(Err(WsError::ConnectTimedOut { after }))
    }

    async fn open(
        connector: &dyn Connector,
        endpoint: &Endpoint,
        path: &str,
        config: WsConfig,
    ) -> Result<Self, WsError> {
        let stream = connector.connect(endpoint).await.map_err(DialError::from)?;
        let limits = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(config.write_buffer_bytes_max.max(1))
            .max_message_size(Some(config.message_bytes_max))
            .max_frame_size(Some(config.frame_bytes_max));
        let scheme = if endpoint.tls { "wss" } else { "ws" };
        let uri = format!("{scheme}://{}:{}{path}", endpoint.host, endpoint.port);
        let (stream, _) = client_async_with_config(uri, stream, Some(limits)).await?;
        Ok(Self { stream, config })
    }

    /// Sends a text message and waits until the stream has taken it.
    ///
    /// # Errors
    /// [`WsError::SendTimedOut`] when the other side does not read, [`WsError::Protocol`] when the
    /// session is over.
    ///
    /// # Cancel safety
    /// Not safe: a part of the message may wait in the buffer, to go out with the next one.
    pub async fn send_text(&mut self, text: String) -> Result<(), WsError> {
        let after = self.config.send_timeout;
        match timeout(after, self.stream.send(Message::text(text))).await {
            Ok(sent) => sent.map_err(WsError::from),
            Err(_) => Err(WsError::SendTimedOut { after }),
        }
    }

    /// Waits for the next message, however long that takes: the caller knows how much silence is too
    /// much.
    ///
    /// # Errors
    /// [`WsError::Protocol`]: a broken stream, a message above the limits, or not WebSocket.
    ///
    /// # Cancel safety
    /// Safe: no message is lost.
    pub async fn next(&mut self) -> Result<WsMessage, WsError> {
        loop {
            let message = match self.stream.next().await {
                Some(Ok(message)) => message,
                Some(Err(tungstenite::Error::ConnectionClosed)) | None => {
                    return Ok(WsMessage::Closed { code: None, reason: String::new() });
                }
                Some(Err(error)) => return Err(error.into()),
            };
            match message {
                Message::Text(text) => return Ok(WsMessage::Text(text.as_str().to_owned())),
                Message::Binary(bytes) => return Ok(WsMessage::Binary(bytes)),
                Message::Close(frame) => {
                    let code = frame.as_ref().map(|frame| frame.code.into());
                    let reason = frame.map_or_else(String::new, |frame| frame.reason.to_string());
                    return Ok(WsMessage::Closed { code, reason });
                }
                // tungstenite queues the pong and writes it with the next read.
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Says goodbye and waits for the answer, within [`WsConfig::close_timeout`]; then the stream is
    /// dropped, whatever happened. Returns whether the goodbye was answered.
    pub async fn close(mut self) -> bool {
        let bound = self.config.close_timeout;
        let goodbye = async {
            if self.stream.close(None).await.is_err() {
                return false;
            }
            loop {
                match self.next().await {
                    Ok(WsMessage::Closed { .. }) => return true,
                    Ok(WsMessage::Text(_) | WsMessage::Binary(_)) => {}
                    Err(_) => return false,
                }
            }
        };
        timeout(bound, goodbye).await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests;
