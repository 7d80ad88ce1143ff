//! How many requests may be on the wire.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use platform::Endpoint;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{HttpConfig, HttpError};

/// Hosts whose semaphore is remembered while unused; more are forgotten first.
const HOSTS_KEPT_MAX: usize = 256;

/// Numbers of a pool at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStats {
    /// Open connections, idle ones included.
    pub open: usize,
    /// Permits handed out.
    pub in_use: usize,
    /// Callers that wait for a permit.
    pub waiting: usize,
    /// Callers that waited in vain, since the start.
    pub refused: u64,
}

/// A place among the requests on the wire to one host; free again when dropped.
#[derive(Debug)]
pub struct PoolPermit {
    endpoint: Endpoint,
    _host: OwnedSemaphorePermit,
    _total: OwnedSemaphorePermit,
    _in_use: Counted,
}

impl PoolPermit {
    /// The host that the permit is for.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// Two fair semaphores and the pool's counters.
#[derive(Debug)]
pub(super) struct Limits {
    per_host_max: usize,
    wait_max: Duration,
    hosts: Mutex<BTreeMap<Endpoint, Arc<Semaphore>>>,
    total: Arc<Semaphore>,
    open: Arc<AtomicUsize>,
    in_use: Arc<AtomicUsize>,
    waiting: Arc<AtomicUsize>,
    refused: AtomicU64,
}

impl Limits {
    pub(super) fn new(config: &HttpConfig) -> Self {
        Self {
            per_host_max: config.per_host_max.min(Semaphore::MAX_PERMITS),
            wait_max: config.permit_wait_max,
            hosts: Mutex::default(),
            total: Arc::new(Semaphore::new(config.total_max.min(Semaphore::MAX_PERMITS))),
            open: Arc::default(),
            in_use: Arc::default(),
            waiting: Arc::default(),
            refused: AtomicU64::new(0),
        }
    }

    /// The counter of open connections.
    pub(super) fn open(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.open)
    }

    pub(super) fn stats(&self) -> PoolStats {
        PoolStats {
            open: self.open.load(Ordering::Relaxed),
            in_use: self.in_use.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// Host first: a crowd before one host must not hold places that other hosts could use.
    pub(super) async fn acquire(
        limits: &Arc<Self>,
        endpoint: &Endpoint,
    ) -> Result<PoolPermit, HttpError> {
        let host = limits.host(endpoint);
        let waiting = Counted::new(&limits.waiting);
        let both = async {
            let host = host.acquire_owned().await;
            let total = Arc::clone(&limits.total).acquire_owned().await;
            (host, total)
        };
        let permits = tokio::time::timeout(limits.wait_max, both).await;
        drop(waiting);
        if let Ok((Ok(host), Ok(total))) = permits {
            Ok(PoolPermit {
                endpoint: endpoint.clone(),
                _host: host,
                _total: total,
                _in_use: Counted::new(&limits.in_use),
            })
        } else {
            limits.refused.fetch_add(1, Ordering::Relaxed);
            Err(HttpError::PoolFull { endpoint: endpoint.clone(), waited: limits.wait_max })
        }
    }

    fn host(&self, endpoint: &Endpoint) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock();
        if let Some(host) = hosts.get(endpoint) {
            return Arc::clone(host);
        }
        if hosts.len() >= HOSTS_KEPT_MAX {
            hosts.retain(|_, host| Arc::strong_count(host) > 1);
        }
        let host = Arc::new(Semaphore::new(self.per_host_max));
        hosts.insert(endpoint.clone(), Arc::clone(&host));
        host
    }
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
