//! The other end of a connection for which nobody has time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the first request is answered with, whatever it is.
const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
    content-type: text/plain\r\ncontent-length: 24\r\n\r\nno server is available\r\n";

/// End of a request's head. Whoever balances loads answers without reading further.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Answers the first request with a status 503, and closes.
#[derive(Debug, Default)]
pub(super) struct Unavailable {
    /// The last bytes of what was written.
    tail: Vec<u8>,
    asked: bool,
    answered: usize,
    reader: Option<Waker>,
}

impl AsyncRead for Unavailable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.asked {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let rest = ANSWER.get(self.answered..).unwrap_or_default();
        let count = rest.len().min(buf.remaining());
        buf.put_slice(rest.get(..count).unwrap_or_default());
        self.answered += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Unavailable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.tail.extend_from_slice(bytes);
        self.asked |= self.tail.windows(HEAD_END.len()).any(|window| window == HEAD_END);
        let kept = self.tail.len().saturating_sub(HEAD_END.len() - 1);
        self.tail.drain(..kept);
        if self.asked
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
