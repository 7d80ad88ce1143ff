//! Orders whose answer is lost, or that arrive long after the trader gave them up: the network is
//! sabotaged stream by stream, in front of the unmodified client.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};
use model::{ClientOrderId, OrderState};
use platform::{BoxFuture, BoxStream, ConnectError, Connector, Endpoint};
use sim::{KRAKEN_PRIVATE, Setup, TraderContext, production};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::support::{assert_passes, failing, outage, run};

/// Beginning of the request that is sabotaged, the first time it is seen.
const TARGET: &[u8] = b"POST /0/private/AddOrder";

/// Time after which the trader's end of a sabotaged connection breaks.
const BREAKS_AFTER: Duration = Duration::from_millis(500);

/// What happens to the request itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It arrives and is carried out; the answer is lost.
    Arrives,
    /// It arrives this much later, when the trader has long given up.
    ArrivesLate(Duration),
}

/// A connector that sabotages one request.
#[derive(Debug)]
struct Saboteur {
    inner: Arc<dyn Connector>,
    fate: Fate,
    struck: Arc<AtomicBool>,
}

impl Connector for Saboteur {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        Box::pin(async move {
            let inner = self.inner.connect(endpoint).await?;
            let stream = Sabotaged {
                inner: Some(inner),
                fate: self.fate,
                struck: Arc::clone(&self.struck),
                // What the private stream could tell would spare the trader the question.
                mute_once_struck: endpoint.host == KRAKEN_PRIVATE
                    && !self.struck.load(Ordering::Relaxed),
                kept: Vec::new(),
                breaks: None,
            };
            Ok(Box::new(stream) as BoxStream)
        })
    }
}

struct Sabotaged {
    inner: Option<BoxStream>,
    fate: Fate,
    struck: Arc<AtomicBool>,
    mute_once_struck: bool,
    kept: Vec<u8>,
    breaks: Option<Pin<Box<Sleep>>>,
}

impl Sabotaged {
    fn inner(&mut self) -> Pin<&mut BoxStream> {
        Pin::new(self.inner.as_mut().expect("taken only when dropped"))
    }
}

impl AsyncRead for Sabotaged {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(breaks) = &mut self.breaks {
            ready!(breaks.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.mute_once_struck && self.struck.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        self.inner().poll_read(cx, buf)
    }
}

impl AsyncWrite for Sabotaged {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.starts_with(TARGET) && !self.struck.swap(true, Ordering::Relaxed) {
            self.breaks = Some(Box::pin(sleep(BREAKS_AFTER)));
        }
        if self.breaks.is_some() && self.fate != Fate::Arrives {
            self.kept.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        self.inner().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.kept.is_empty() {
            // What was kept is still to be sent.
            return Poll::Ready(Ok(()));
        }
        self.inner().poll_shutdown(cx)
    }
}

impl Drop for Sabotaged {
    fn drop(&mut self) {
        let (inner, kept) = (self.inner.take(), std::mem::take(&mut self.kept));
        if let (Fate::ArrivesLate(late), Some(mut stream), false) =
            (self.fate, inner, kept.is_empty())
        {
            #[expect(
                clippy::disallowed_methods,
                reason = "the network, not the trader, runs this"
            )]
            drop(tokio::spawn(async move {
                sleep(late).await;
                stream.write_all(&kept).await.expect("the venue still listens");
                sleep(Duration::from_secs(1)).await;
            }));
        }
    }
}

/// Four minutes of trading in which the first order meets its fate.
fn sabotaged(fate: Fate) -> (Setup, Vec<Record>) {
    let mut setup = outage(1);
    setup.until = Some(Duration::from_secs(240));
    setup.program = Arc::new(move |mut context: TraderContext| {
        let inner = Arc::clone(&context.platform.connector);
        context.platform.connector = Arc::new(Saboteur { inner, fate, struck: Arc::default() });
        production()(context)
    });
    let history = run(&setup).history;
    (setup, history)
}

/// States of an order at the trader with their times, in order.
fn told(history: &[Record], id: &ClientOrderId) -> Vec<(Duration, OrderState)> {
    let states = history.iter().filter_map(|record| match &record.event {
        Event::Trader(AuditEvent::OrderChanged { client_order_id, state, .. })
            if client_order_id == id =>
        {
            Some((record.at(), *state))
        }
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
    });
    states.collect()
}

/// How often the venue took an order under this id.
fn taken(history: &[Record], id: &ClientOrderId) -> usize {
    let opened = |record: &&Record| {
        matches!(&record.event, Event::Venue(VenueEvent::OrderChanged { client_order_id, state, .. })
            if client_order_id.as_ref() == Some(id) && *state == OrderState::Open)
    };
    history.iter().filter(opened).count()
}

fn first_order(history: &[Record]) -> ClientOrderId {
    let intent = history.iter().find_map(|record| match &record.event {
        Event::Trader(AuditEvent::OrderIntent { order }) => Some(order.client_order_id.clone()),
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
    });
    intent.expect("the strategy trades")
}

#[test]
fn an_order_that_was_carried_out_though_its_answer_was_lost_is_found() {
    let (setup, history) = sabotaged(Fate::Arrives);
    let id = first_order(&history);
    let [(doubted, OrderState::Unknown), (found, OrderState::Open | OrderState::Filled), ..] =
        told(&history, &id)[..]
    else {
        panic!("{:?}", told(&history, &id))
    };
    assert!(found - doubted < Duration::from_secs(5), "the venue was asked: {:?}", found - doubted);
    assert_eq!(taken(&history, &id), 1);
    assert_passes(&setup, &history);
}

/// The venue refuses it: its nonce is lower than those of the questions, or its deadline is over.
#[test]
fn an_order_that_arrives_late_is_given_up_only_when_it_cannot_be_accepted_any_more() {
    for late in [3, 30] {
        let (setup, history) = sabotaged(Fate::ArrivesLate(Duration::from_secs(late)));
        let id = first_order(&history);
        let [(doubted, OrderState::Unknown), (given_up, OrderState::NotPlaced)] =
            told(&history, &id)[..]
        else {
            panic!("{:?}", told(&history, &id))
        };
        let (deadline, delay) = (setup.node.kraken.order_deadline, setup.node.visibility_delay);
        assert!(given_up - doubted >= deadline + delay, "{:?}", given_up - doubted);
        assert_eq!(taken(&history, &id), 0);
        // No plan knows of the delay, so that the venue seems to refuse the late number without a cause.
        let failing = failing(&setup, &history);
        assert!(failing.iter().all(|check| *check == "refusals-caused"), "{failing:?}");
    }
}
