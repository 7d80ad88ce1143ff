//! turmoil behind the network seam: the only file that names it.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use platform::{BoxFuture, BoxStream, Listener};

use super::{HostNetwork, HostProgram, Network};
use crate::error::SimError;

/// Writes in flight per direction of a connection, and dials that may wait at a listener. turmoil's
/// default of 64 throttles market data and panics when a hung host is dialled more often.
const SEGMENTS_MAX: usize = 4_096;

/// Far beyond every run: the world ends a run, not turmoil.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// How the links behave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkConfig {
    /// Length of one step, whole milliseconds.
    pub(crate) tick: Duration,
    /// Smallest one-way latency.
    pub(crate) latency_min: Duration,
    /// Largest one-way latency.
    pub(crate) latency_max: Duration,
}

pub(crate) struct TurmoilNetwork {
    sim: turmoil::Sim<'static>,
    hosts: BTreeSet<String>,
    /// Pairs between which nothing flows, the lesser name first.
    held: BTreeSet<(String, String)>,
}

impl TurmoilNetwork {
    pub(crate) fn new(links: LinkConfig, seed: u64) -> Self {
        let sim = turmoil::Builder::new()
            .rng_seed(seed)
            // Without it turmoil reads the clock of the machine.
            .epoch(UNIX_EPOCH)
            .tick_duration(links.tick)
            .min_message_latency(links.latency_min)
            .max_message_latency(links.latency_max)
            .simulation_duration(FOREVER)
            .tcp_capacity(SEGMENTS_MAX)
            .build();
        Self { sim, hosts: BTreeSet::new(), held: BTreeSet::new() }
    }
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.min(b).to_owned(), a.max(b).to_owned())
}

impl Network for TurmoilNetwork {
    fn inside(&self) -> Arc<dyn HostNetwork> {
        Arc::new(TurmoilHost)
    }

    fn add_host(&mut self, name: &str, program: HostProgram) {
        self.hosts.insert(name.to_owned());
        self.sim.host(name, move || {
            let running = program();
            async move {
                running.await;
                Ok(())
            }
        });
    }

    fn hold(&mut self, a: &str, b: &str) {
        self.sim.hold(a, b);
        self.held.insert(pair(a, b));
    }

    fn release(&mut self, a: &str, b: &str) {
        self.sim.release(a, b);
        self.held.remove(&pair(a, b));
    }

    fn crash(&mut self, name: &str) {
        // tokio drops the tasks of a runtime in an order that depends on how many tasks the process ever had.
        // What their streams say as they are dropped draws no latency while the links are held.
        let others: Vec<&String> = self
            .hosts
            .iter()
            .filter(|other| *other != name && !self.held.contains(&pair(name, other)))
            .collect();
        others.iter().for_each(|other| self.sim.hold(name, other.as_str()));
        self.sim.crash(name);
        others.iter().for_each(|other| self.sim.release(name, other.as_str()));
    }

    fn start(&mut self, name: &str) {
        self.sim.bounce(name);
    }

    fn step(&mut self) -> Result<(), SimError> {
        self.sim.step().map_err(|error| SimError::Engine(error.to_string()))?;
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.sim.elapsed()
    }
}

#[derive(Debug)]
struct TurmoilHost;

impl HostNetwork for TurmoilHost {
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<BoxStream>> {
        Box::pin(async move {
            let stream = turmoil::net::TcpStream::connect((host, port)).await?;
            Ok(Box::new(stream) as BoxStream)
        })
    }

    fn listen(&self, port: u16) -> BoxFuture<'_, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
            let listener = turmoil::net::TcpListener::bind(address).await?;
            Ok(Box::new(TurmoilListener { address, listener }) as Box<dyn Listener>)
        })
    }

    fn elapsed(&self) -> Option<Duration> {
        turmoil::sim_elapsed()
    }
}

struct TurmoilListener {
    address: SocketAddr,
    listener: turmoil::net::TcpListener,
}

impl Listener for TurmoilListener {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, SocketAddr)>> {
        Box::pin(async move {
            let (stream, peer) = self.listener.accept().await?;
            Ok((Box::new(stream) as BoxStream, peer))
        })
    }
}
