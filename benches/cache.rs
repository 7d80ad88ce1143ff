//! Cost of a hit in a cache with a ttl, ours and moka's, one thread.
//!
//! Both hold the same thousand values, each key asked for in turn, with a ttl that must be checked.
//! `get` is the plain look; `load` is the look that would load: moka's `get_with`, our `get_or_load`.
//! Futures are polled by hand with a waker that does nothing, so that no runtime is measured; our cache
//! reads `tokio::time` outside of any runtime, which is the clock of the machine.
//!
//! The line printed before gives the ratios, taken in this process, turn by turn.

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use criterion::Criterion;
use resilience::{CacheConfig, TtlCache};

mod under_test;

use under_test::is_test;

/// Values that each cache holds.
const ENTRIES: usize = 1_000;

const TTL: Duration = Duration::from_secs(3_600);

/// Hits per turn of the comparison, and turns, of which the fastest counts.
const HITS: usize = 20_000;
const TURNS: usize = 50;

type Value = Arc<str>;

struct Caches {
    keys: Vec<String>,
    ours: TtlCache<String, Value, Infallible>,
    moka_sync: moka::sync::Cache<String, Value>,
    moka_async: moka::future::Cache<String, Value>,
}

impl Caches {
    fn new() -> Self {
        let config = CacheConfig { ttl: TTL, entries_max: ENTRIES };
        let capacity = u64::try_from(ENTRIES).expect("small");
        let caches = Self {
            keys: (0..ENTRIES).map(|number| format!("kraken/instrument/{number}")).collect(),
            ours: TtlCache::new("bench", config).expect("the configuration is valid"),
            moka_sync: moka::sync::Cache::builder()
                .max_capacity(capacity)
                .time_to_live(TTL)
                .build(),
            moka_async: moka::future::Cache::builder()
                .max_capacity(capacity)
                .time_to_live(TTL)
                .build(),
        };
        for key in &caches.keys {
            let value: Value = Arc::from(key.as_str());
            let load = || async { Ok(Arc::clone(&value)) };
            poll_once(caches.ours.get_or_load(key, load)).expect("it loads");
            caches.moka_sync.insert(key.clone(), Arc::clone(&value));
            poll_once(caches.moka_async.insert(key.clone(), value));
        }
        caches.moka_sync.run_pending_tasks();
        poll_once(caches.moka_async.run_pending_tasks());
        caches
    }

    fn ours_get(&self, key: &String) -> Option<Value> {
        self.ours.get(key)
    }

    fn ours_load(&self, key: &String) -> Option<Value> {
        poll_once(self.ours.get_or_load(key, || async { unreachable!("every key is there") })).ok()
    }

    fn moka_sync_get(&self, key: &String) -> Option<Value> {
        self.moka_sync.get(key)
    }

    fn moka_async_get(&self, key: &String) -> Option<Value> {
        poll_once(self.moka_async.get(key))
    }

    fn moka_async_load(&self, key: &String) -> Option<Value> {
        let load = async { unreachable!("every key is there") };
        Some(poll_once(self.moka_async.get_with_by_ref(key, load)))
    }
}

type Look = fn(&Caches, &String) -> Option<Value>;

const LOOKS: [(&str, Look); 5] = [
    ("ours get", Caches::ours_get),
    ("ours load", Caches::ours_load),
    ("moka sync get", Caches::moka_sync_get),
    ("moka async get", Caches::moka_async_get),
    ("moka async load", Caches::moka_async_load),
];

fn main() {
    let caches = Caches::new();
    ratios(&caches, if is_test() { 1 } else { TURNS });
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50)
        .configure_from_args();
    let mut group = criterion.benchmark_group("cache hit");
    for (name, look) in LOOKS {
        let mut keys = caches.keys.iter().cycle();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let key = keys.next().expect("it never ends");
                black_box(look(&caches, black_box(key)).expect("a hit"))
            });
        });
    }
    group.finish();
    criterion.final_summary();
}

/// Takes turns, so that whatever else the machine does slows all of them.
#[expect(clippy::print_stdout, reason = "ratios are what this bench is for")]
fn ratios(caches: &Caches, turns: usize) {
    let mut fastest = [f64::INFINITY; LOOKS.len()];
    for _ in 0..turns {
        for (fastest, (_, look)) in fastest.iter_mut().zip(LOOKS) {
            *fastest = fastest.min(nanos_per_hit(caches, look));
        }
    }
    for ((name, _), nanos) in LOOKS.iter().zip(fastest) {
        println!("{name}: {nanos:.1} ns");
    }
    let [get, load, sync_get, async_get, async_load] = fastest;
    println!(
        "get / moka sync get {:.2}, get / moka async get {:.2}, load / moka async load {:.2}",
        get / sync_get,
        get / async_get,
        load / async_load
    );
}

fn nanos_per_hit(caches: &Caches, look: Look) -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a bench measures the machine")]
    let started = Instant::now();
    for key in caches.keys.iter().cycle().take(HITS) {
        black_box(look(caches, black_box(key)).expect("a hit"));
    }
    #[expect(clippy::disallowed_methods, reason = "a bench measures the machine")]
    let elapsed = started.elapsed();
    elapsed.as_secs_f64() * 1e9 / f64::from(u32::try_from(HITS).expect("small"))
}

#[inline(always)]
fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("every future here is ready at once"),
    }
}
