//! What a pool counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use hyper::http::Extensions;
use hyper_util::client::legacy::connect::CaptureConnection;

/// Numbers of a pool at one moment; the totals are since the client was built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Open connections: those in use and the idle ones.
    pub open: usize,
    /// Open connections that carry no request.
    pub idle: usize,
    /// Connections that carry a request, from the moment it has one until the last byte of its answer.
    pub in_use: usize,
    /// Permits handed out: requests on the wire, and those whose caller still prepares them.
    pub permits: usize,
    /// Callers that wait for a permit.
    pub waiting: usize,
    /// Requests that had a connection which had carried another one before.
    pub reused: u64,
    /// Dials, failed ones included.
    pub dialled: u64,
    /// Callers that waited for a permit in vain.
    pub refused: u64,
}

/// The counters of a pool, each written where its event happens.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) open: Arc<AtomicUsize>,
    pub(super) in_use: Arc<AtomicUsize>,
    pub(super) permits: Arc<AtomicUsize>,
    pub(super) waiting: Arc<AtomicUsize>,
    pub(super) reused: AtomicU64,
    pub(super) dialled: AtomicU64,
    pub(super) refused: AtomicU64,
}

impl Counters {
    pub(super) fn snapshot(&self) -> PoolStats {
        let open = self.open.load(Ordering::Relaxed);
        let in_use = self.in_use.load(Ordering::Relaxed);
        PoolStats {
            open,
            // A connection may close before the request on it hears of that.
            idle: open.saturating_sub(in_use),
            in_use,
            permits: self.permits.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            reused: self.reused.load(Ordering::Relaxed),
            dialled: self.dialled.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

impl PoolStats {
    pub(super) fn publish(&self, host: &str) {
        let host = || host.to_owned();
        for (state, connections) in
            [("open", self.open), ("idle", self.idle), ("in_use", self.in_use)]
        {
            metrics::gauge!("wavetank_pool_connections", "host" => host(), "state" => state)
                .set(whole(connections));
        }
        metrics::gauge!("wavetank_pool_permits", "host" => host()).set(whole(self.permits));
        metrics::gauge!("wavetank_pool_waiting", "host" => host()).set(whole(self.waiting));
        metrics::counter!("wavetank_pool_reused_total", "host" => host()).absolute(self.reused);
        metrics::counter!("wavetank_pool_dialled_total", "host" => host()).absolute(self.dialled);
        metrics::counter!("wavetank_pool_refused_total", "host" => host()).absolute(self.refused);
    }
}

/// Counts of a pool are far below what a float holds exactly.
fn whole(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// One unit of a counter, given back when dropped.
#[derive(Debug)]
pub(super) struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub(super) fn new(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counter))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The mark of a connection: whether it has carried a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Served(Arc<AtomicBool>);

impl Served {
    /// Marks the connection that hyper chose for a request; true when it was marked before.
    pub(super) fn mark(chosen: &CaptureConnection) -> bool {
        let mut marks = Extensions::new();
        if let Some(connection) = chosen.connection_metadata().as_ref() {
            connection.get_extras(&mut marks);
        }
        marks.get::<Self>().is_some_and(|served| served.0.swap(true, Ordering::Relaxed))
    }
}
