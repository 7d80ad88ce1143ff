//! How many requests may be on the wire.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use platform::Endpoint;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::stats::{Counted, Counters};
use super::{HttpConfig, HttpError};

/// Hosts whose semaphore is remembered while unused; more are forgotten first.
const HOSTS_KEPT_MAX: usize = 256;

/// A place among the requests on the wire to one host; free again when dropped.
#[derive(Debug)]
pub struct PoolPermit {
    endpoint: Endpoint,
    _host: OwnedSemaphorePermit,
    _total: OwnedSemaphorePermit,
    _counted: Counted,
}

impl PoolPermit {
    /// The host that the permit is for.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// Two fair semaphores.
#[derive(Debug)]
pub(super) struct Limits {
    per_host_max: usize,
    wait_max: Duration,
    hosts: Mutex<BTreeMap<Endpoint, Arc<Semaphore>>>,
    total: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl Limits {
    /// Of a valid configuration.
    pub(super) fn new(config: &HttpConfig, counters: Arc<Counters>) -> Self {
        Self {
            per_host_max: config.per_host_max,
            wait_max: config.permit_wait_max,
            hosts: Mutex::default(),
            total: Arc::new(Semaphore::new(config.total_max)),
            counters,
        }
    }

    /// Host first: a crowd before one host must not hold places that other hosts could use.
    pub(super) async fn acquire(&self, endpoint: &Endpoint) -> Result<PoolPermit, HttpError> {
        let host = self.host(endpoint);
        let waiting = Counted::new(&self.counters.waiting);
        let both = async {
            let host = host.acquire_owned().await;
            let total = Arc::clone(&self.total).acquire_owned().await;
            (host, total)
        };
        let permits = tokio::time::timeout(self.wait_max, both).await;
        drop(waiting);
        if let Ok((Ok(host), Ok(total))) = permits {
            Ok(PoolPermit {
                endpoint: endpoint.clone(),
                _host: host,
                _total: total,
                _counted: Counted::new(&self.counters.permits),
            })
        } else {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
            Err(HttpError::PoolFull { endpoint: endpoint.clone(), waited: self.wait_max })
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
