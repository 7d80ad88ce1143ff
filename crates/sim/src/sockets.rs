//! Counts what a host holds open, and lets faults strike what it dials.

mod unavailable;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use platform::{
    BindError, Binder, BoxFuture, BoxStream, ConnectError, Connector, Endpoint, Listener,
};
use scenario::Direction;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::links::{End, Fate, Flow, Link, Links, Passage, Ready, Reception};
use crate::network::HostNetwork;
use crate::sockets::unavailable::Unavailable;

/// Bytes that are taken from the network at once while a fault is in force.
const PULL_BYTES: usize = 16 * 1024;

/// Open streams of one host. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenStreams(Arc<AtomicU64>);

impl OpenStreams {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that counts itself, and lets faults strike it.
pub(crate) struct CountedStream {
    /// `None` once nobody is at the other end any more.
    inner: Option<BoxStream>,
    open: OpenStreams,
    link: Link,
    end: Arc<End>,
    /// Where the bytes go that are read here.
    direction: Direction,
    flow: Flow,
    timer: Option<Pin<Box<Sleep>>>,
    /// When a fault resets it.
    resets: Option<(u32, Pin<Box<Sleep>>)>,
    /// The fault that counts the bytes to the trader, and how many came since the last write.
    truncated: Option<(u32, usize)>,
}

/// What a stream may do next.
enum Course {
    /// As it likes.
    Free,
    /// Nothing, until it is woken.
    Stuck,
}

impl CountedStream {
    /// Wraps a stream that was accepted.
    pub(crate) fn accepted(inner: BoxStream, open: &OpenStreams, link: &Link) -> BoxStream {
        Box::new(Self::new(inner, open, link, Direction::Out))
    }

    fn dialled(inner: BoxStream, open: &OpenStreams, link: &Link) -> BoxStream {
        let mut stream = Self::new(inner, open, link, Direction::In);
        let resets = link.reset_after();
        stream.resets = resets.map(|(fault, after)| (fault, Box::pin(sleep(after))));
        Box::new(stream)
    }

    fn new(inner: BoxStream, open: &OpenStreams, link: &Link, direction: Direction) -> Self {
        open.0.fetch_add(1, Ordering::Relaxed);
        Self {
            inner: Some(inner),
            open: open.clone(),
            link: link.clone(),
            end: link.open(direction == Direction::In),
            direction,
            flow: Flow::default(),
            timer: None,
            resets: None,
            truncated: None,
        }
    }

    /// What became of it; registers the task.
    ///
    /// # Errors
    /// `ConnectionReset` once it was reset.
    fn course(&mut self, cx: &mut Context<'_>) -> io::Result<Course> {
        if let Some((fault, due)) = &mut self.resets
            && due.as_mut().poll(cx).is_ready()
        {
            if self.link.strike(*fault) {
                self.end.reset();
            }
            self.resets = None;
        }
        match self.end.fate(cx) {
            Fate::Alive => Ok(Course::Free),
            Fate::Silent | Fate::Dead => {
                self.inner = None;
                Ok(Course::Stuck)
            }
            Fate::Reset => {
                self.inner = None;
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
    }

    /// Takes what the network has.
    fn pull(&mut self, cx: &mut Context<'_>) {
        let mut space = [0; PULL_BYTES];
        while let Some(inner) = self.inner.as_mut().filter(|_| !self.flow.is_full()) {
            let mut buf = ReadBuf::new(&mut space);
            let Poll::Ready(read) = Pin::new(inner).poll_read(cx, &mut buf) else {
                return;
            };
            let bytes = buf.filled_mut();
            let due = self.link.arrive(self.end.number(), self.direction, bytes, Instant::now());
            match read {
                Ok(()) if !bytes.is_empty() => self.flow.push(bytes, due),
                end => self.flow.finish(end, due),
            }
        }
    }

    /// How many of `ready` bytes may be read; `None` if the connection ends here.
    fn untruncated(&mut self, ready: usize) -> Option<usize> {
        if self.direction == Direction::Out {
            return Some(ready);
        }
        let Some((fault, most)) = self.link.truncation() else {
            self.truncated = None;
            return Some(ready);
        };
        let (_, came) = self.truncated.filter(|(by, _)| *by == fault).unwrap_or((fault, 0));
        let ready = ready.min(most.saturating_sub(came));
        if ready == 0 {
            self.link.strike(fault);
            return None;
        }
        self.truncated = Some((fault, came + ready));
        Some(ready)
    }

    /// Reads what has come through.
    fn poll_flow(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            self.pull(cx);
            let now = Instant::now();
            match self.flow.ready(now) {
                Ready::Nothing if self.inner.is_none() => return Poll::Ready(Ok(())),
                Ready::Nothing => return Poll::Pending,
                Ready::End(end) => {
                    self.inner = None;
                    return Poll::Ready(end);
                }
                Ready::NotBefore(at) => {
                    let mut timer = Box::pin(sleep_until(at));
                    let rung = timer.as_mut().poll(cx).is_ready();
                    self.timer = Some(timer);
                    if !rung {
                        return Poll::Pending;
                    }
                }
                Ready::Bytes(ready) => {
                    let ready = ready.min(buf.remaining());
                    let Passage::Bytes(most, pause) =
                        self.link.passage(self.end.number(), self.direction, ready)
                    else {
                        return Poll::Pending;
                    };
                    let Some(most) = self.untruncated(most) else {
                        self.inner = None;
                        self.flow = Flow::default();
                        return Poll::Ready(Ok(()));
                    };
                    self.flow.read(most, buf);
                    if !pause.is_zero() {
                        self.flow.pause_until(now + pause);
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl Drop for CountedStream {
    fn drop(&mut self) {
        self.link.close(&self.end);
        self.open.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.course(cx) {
            Err(reset) => return Poll::Ready(Err(reset)),
            Ok(Course::Stuck) => return Poll::Pending,
            Ok(Course::Free) => {}
        }
        if let Some(inner) = &mut this.inner
            && this.flow.is_empty()
            && this.link.is_calm()
        {
            return Pin::new(inner).poll_read(cx, buf);
        }
        if buf.remaining() == 0 { Poll::Ready(Ok(())) } else { this.poll_flow(cx, buf) }
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.course(cx) {
            Err(reset) => return Poll::Ready(Err(reset)),
            Ok(Course::Stuck) if this.end.fate(cx) == Fate::Dead => {
                this.end.reset();
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            Ok(Course::Stuck) => return Poll::Ready(Ok(bytes.len())),
            Ok(Course::Free) => {}
        }
        this.truncated = None;
        this.link.touch();
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let taken = match this.direction {
            Direction::In => this.link.taken(this.end.number(), bytes.len()),
            Direction::Out => bytes.len(),
        };
        Pin::new(inner).poll_write(cx, bytes.get(..taken).unwrap_or(bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.as_mut().map_or(Poll::Ready(Ok(())), |inner| Pin::new(inner).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.as_mut().map_or(Poll::Ready(Ok(())), |inner| Pin::new(inner).poll_shutdown(cx))
    }
}

/// The production code's way into the simulated network.
#[derive(Debug)]
pub(crate) struct SimConnector {
    pub(crate) network: Arc<dyn HostNetwork>,
    pub(crate) open: OpenStreams,
    pub(crate) links: Links,
}

impl Connector for SimConnector {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        Box::pin(async move {
            let link = self.links.to(&endpoint.host);
            let dialled = async {
                match link.dial().await? {
                    Reception::Served => self.network.connect(&endpoint.host, endpoint.port).await,
                    Reception::TurnedAway => Ok(Box::new(Unavailable::default()) as BoxStream),
                }
            };
            let stream = dialled.await.map_err(|source| ConnectError::from_io(endpoint, source))?;
            Ok(CountedStream::dialled(stream, &self.open, &link))
        })
    }
}

/// The simulated network's way into the production code: listens on every address of the host.
#[derive(Debug)]
pub(crate) struct SimBinder {
    pub(crate) network: Arc<dyn HostNetwork>,
    pub(crate) open: OpenStreams,
}

impl Binder for SimBinder {
    fn bind(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Listener>, BindError>> {
        Box::pin(async move {
            let bound = self.network.listen(address.port()).await;
            let inner = bound.map_err(|source| BindError { address, source })?;
            // Nobody dials the trader over a link that a fault could strike.
            let (open, link) = (self.open.clone(), Link::default());
            Ok(Box::new(CountedListener { inner, open, link }) as Box<dyn Listener>)
        })
    }
}

/// A port whose streams count themselves.
struct CountedListener {
    inner: Box<dyn Listener>,
    open: OpenStreams,
    link: Link,
}

impl Listener for CountedListener {
    fn address(&self) -> SocketAddr {
        self.inner.address()
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, SocketAddr)>> {
        Box::pin(async move {
            let (stream, peer) = self.inner.accept().await?;
            Ok((CountedStream::accepted(stream, &self.open, &self.link), peer))
        })
    }
}

#[cfg(test)]
mod tests;
