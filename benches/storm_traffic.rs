//! The traffic of a run, as turmoil traces it, and the same traffic again between hosts that do nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber, span};
use turmoil::net::{TcpListener, TcpStream};

use super::idle;

/// As the storm scenario has it.
const TICK: Duration = Duration::from_millis(10);
const LATENCY_MIN: Duration = Duration::from_millis(10);
const LATENCY_MAX: Duration = Duration::from_millis(30);
/// As `sim` has it.
const SEGMENTS_MAX: usize = 4_096;
const PORT: u16 = 1;

/// One segment on a link.
#[derive(Debug, Clone, Copy)]
struct Segment {
    step: u64,
    from: usize,
    to: usize,
    bytes: usize,
}

/// All that hosts sent each other.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    hosts: Vec<IpAddr>,
    segments: Vec<Segment>,
    steps: u64,
}

impl Traffic {
    pub(crate) fn segments(&self) -> usize {
        self.segments.len()
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Steps in which a host sent something.
    pub(crate) fn busy_steps(&self) -> u64 {
        let steps: BTreeSet<u64> = self.segments.iter().map(|segment| segment.step).collect();
        u64::try_from(steps.len()).expect("as many as there are steps")
    }

    fn sim(&self) -> turmoil::Sim<'static> {
        idle::bare(TICK)
            .min_message_latency(LATENCY_MIN)
            .max_message_latency(LATENCY_MAX)
            .tcp_capacity(SEGMENTS_MAX)
            .build()
    }

    fn step(&self, mut sim: turmoil::Sim<'_>) {
        for _ in 0..self.steps {
            sim.step().expect("hosts do not fail");
        }
    }

    /// Steps hosts that wait for ever.
    pub(crate) fn idle(&self) {
        idle::step(self.sim(), (0..self.hosts.len()).map(name), self.steps);
    }

    /// Sends every segment again at its time, over one connection for each pair of hosts.
    ///
    /// # Panics
    /// Something did not arrive.
    pub(crate) fn replay(&self) {
        let mut sim = self.sim();
        let arrived = std::rc::Rc::new(std::cell::Cell::new(0));
        for host in 0..self.hosts.len() {
            let own = |segment: &&Segment| segment.from == host || segment.to == host;
            let own: Vec<Segment> = self.segments.iter().filter(own).copied().collect();
            let arrived = std::rc::Rc::clone(&arrived);
            sim.host(name(host), move || {
                let (own, arrived) = (own.clone(), std::rc::Rc::clone(&arrived));
                async move {
                    converse(host, own, &arrived).await?;
                    Ok(())
                }
            });
        }
        self.step(sim);
        // What is sent in the last steps is still on its way when the run ends.
        let late = self.segments.iter().filter(|s| s.step + 10 > self.steps);
        let due: usize = self.segments.iter().map(|s| s.bytes).sum();
        let late: usize = late.map(|s| s.bytes).sum();
        assert!(arrived.get() + late >= due, "{} of {due} bytes arrived", arrived.get());
    }
}

fn name(host: usize) -> String {
    format!("host-{host}")
}

/// Dials the hosts before this one, takes the dials of those behind it, then sends and counts.
async fn converse(
    host: usize,
    own: Vec<Segment>,
    arrived: &std::rc::Rc<std::cell::Cell<usize>>,
) -> std::io::Result<()> {
    let peers: BTreeSet<usize> =
        own.iter().map(|s| if s.from == host { s.to } else { s.from }).collect();
    let listener = TcpListener::bind((std::net::Ipv4Addr::UNSPECIFIED, PORT)).await?;
    let mut writers = BTreeMap::new();
    for &peer in &peers {
        let (stream, peer) = if peer < host {
            let mut stream = TcpStream::connect((name(peer), PORT)).await?;
            stream.write_u64(u64::try_from(host).expect("few hosts")).await?;
            (stream, peer)
        } else {
            let (mut stream, _) = listener.accept().await?;
            let who = stream.read_u64().await?;
            (stream, usize::try_from(who).expect("few hosts"))
        };
        let (mut reader, writer) = stream.into_split();
        writers.insert(peer, writer);
        let arrived = std::rc::Rc::clone(arrived);
        #[expect(clippy::disallowed_methods, reason = "a floor without product code")]
        tokio::task::spawn_local(async move {
            let mut into = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = reader.read(&mut into).await {
                arrived.set(arrived.get() + read);
            }
        });
    }
    let zeros = vec![0; own.iter().map(|s| s.bytes).max().unwrap_or(0)];
    for segment in own.iter().filter(|s| s.from == host) {
        let at = TICK * u32::try_from(segment.step).expect("a short run");
        let elapsed = turmoil::elapsed();
        if at > elapsed {
            tokio::time::sleep(at.saturating_sub(elapsed)).await;
        }
        let writer = writers.get_mut(&segment.to).expect("one for each peer");
        writer.write_all(&zeros[..segment.bytes]).await?;
    }
    std::future::pending().await
}

/// Takes turmoil's traces of what is sent, while it is asked to.
#[derive(Debug)]
pub(crate) struct Recorder {
    on: AtomicBool,
    traffic: Mutex<Traffic>,
}

static RECORDER: Recorder = Recorder {
    on: AtomicBool::new(false),
    traffic: Mutex::new(Traffic { hosts: Vec::new(), segments: Vec::new(), steps: 0 }),
};

impl Recorder {
    /// For the whole process, since a run has a thread of its own.
    pub(crate) fn install() -> &'static Self {
        tracing::subscriber::set_global_default(Tap).expect("the first one");
        &RECORDER
    }

    /// What was sent during `work`.
    pub(crate) fn record<T>(&self, work: impl FnOnce() -> T) -> (T, Traffic) {
        self.switch(true);
        let result = work();
        self.switch(false);
        (result, std::mem::take(&mut *self.traffic()))
    }

    /// Off, a trace costs what it costs without a subscriber.
    fn switch(&self, on: bool) {
        self.on.store(on, Ordering::SeqCst);
        tracing::callsite::rebuild_interest_cache();
    }

    fn traffic(&self) -> std::sync::MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Tap;

impl Subscriber for Tap {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let on = RECORDER.on.load(Ordering::SeqCst);
        Some(if on { LevelFilter::TRACE } else { LevelFilter::OFF })
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        RECORDER.on.load(Ordering::SeqCst) && metadata.is_event() && metadata.target() == "turmoil"
    }

    fn event(&self, event: &Event<'_>) {
        let mut seen = Seen::default();
        event.record(&mut seen);
        let mut traffic = RECORDER.traffic();
        if seen.message.starts_with("step ") {
            traffic.steps += 1;
        } else if seen.message == "Send" && seen.protocol != "TCP SYN-ACK" {
            let [from, to] = [&seen.src, &seen.dst].map(|address| {
                let ip = address.parse::<std::net::SocketAddr>().expect("turmoil's form").ip();
                let known = traffic.hosts.iter().position(|host| *host == ip);
                known.unwrap_or_else(|| {
                    traffic.hosts.push(ip);
                    traffic.hosts.len() - 1
                })
            });
            // Dials and ends have no bytes; here they are one byte.
            let bytes = seen.protocol.matches("0x").count().max(1);
            let step = traffic.steps;
            traffic.segments.push(Segment { step, from, to, bytes });
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Seen {
    message: String,
    src: String,
    dst: String,
    protocol: String,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let into = match field.name() {
            "message" => &mut self.message,
            "src" => &mut self.src,
            "dst" => &mut self.dst,
            "protocol" => &mut self.protocol,
            _ => return,
        };
        write!(into, "{value:?}").expect("a string takes everything");
    }
}
