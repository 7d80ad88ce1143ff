use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::join_all;
use proptest::prelude::*;
use testkit::drop_at_every_poll;
use tokio::time::{advance, sleep};

use super::*;

type Cache = TtlCache<u8, u32, &'static str>;

const TTL: Duration = Duration::from_secs(300);

fn cache() -> Cache {
    TtlCache::new("test", CacheConfig { ttl: TTL, entries_max: 3 }).expect("valid")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Loads a value after a second, and counts.
fn slowly(
    loads: &Cell<u32>,
    result: Result<u32, &'static str>,
) -> impl Future<Output = Result<u32, &'static str>> {
    loads.set(loads.get() + 1);
    async move {
        sleep(seconds(1)).await;
        result
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_is_loaded_once_and_held_until_its_ttl() {
    let (cache, loads) = (cache(), Cell::new(0));
    for _ in 0..3 {
        assert_eq!(cache.get_or_load(&1, || slowly(&loads, Ok(7))).await, Ok(7));
    }
    assert_eq!(loads.get(), 1);
    advance(TTL - Duration::from_nanos(1)).await;
    assert_eq!(cache.get(&1), Some(7));
    advance(Duration::from_nanos(1)).await;
    assert_eq!(cache.get(&1), None);
    assert_eq!(cache.get_or_load(&1, || slowly(&loads, Ok(8))).await, Ok(8));
    assert_eq!(loads.get(), 2);
    let CacheSnapshot { hits, misses, loaded, .. } = cache.snapshot();
    assert_eq!((hits, misses, loaded), (3, 3, 2));
}

#[tokio::test(start_paused = true)]
async fn callers_that_miss_at_once_share_one_load() {
    let (cache, loads) = (cache(), Cell::new(0));
    let callers = (0..50).map(|_| cache.get_or_load(&1, || slowly(&loads, Ok(7))));
    assert_eq!(join_all(callers).await, vec![Ok(7); 50]);
    assert_eq!(loads.get(), 1);
    assert_eq!(cache.snapshot().loading, 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_shared_by_those_who_waited_and_not_kept() {
    let (cache, loads) = (cache(), Cell::new(0));
    let callers = (0..50).map(|_| cache.get_or_load(&1, || slowly(&loads, Err("down"))));
    assert_eq!(join_all(callers).await, vec![Err(Arc::new("down")); 50]);
    assert_eq!(loads.get(), 1);
    assert_eq!(cache.get_or_load(&1, || slowly(&loads, Ok(7))).await, Ok(7));
    assert_eq!(cache.snapshot().failed, 1);
}

#[tokio::test(start_paused = true)]
async fn when_the_one_that_loads_goes_away_another_loads() {
    let (cache, loads) = (cache(), Cell::new(0));
    let impatient = tokio::time::timeout(
        Duration::from_millis(500),
        cache.get_or_load(&1, || slowly(&loads, Ok(7))),
    );
    let patient = (0..5).map(|_| cache.get_or_load(&1, || slowly(&loads, Ok(8))));
    let (impatient, patient) = tokio::join!(impatient, join_all(patient));
    assert!(impatient.is_err());
    assert_eq!(patient, vec![Ok(8); 5]);
    assert_eq!(loads.get(), 2);
    assert_eq!(cache.snapshot().abandoned, 1);
}

/// A caller that waits but is not polled must not become the one that all others wait for.
#[tokio::test(start_paused = true)]
async fn a_caller_that_sleeps_through_its_turn_holds_up_nobody() {
    let (cache, loads) = (cache(), Cell::new(0));
    let mut first = Box::pin(cache.get_or_load(&1, || slowly(&loads, Ok(7))));
    let mut sleeper = Box::pin(cache.get_or_load(&1, || slowly(&loads, Ok(8))));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(sleeper.as_mut().now_or_never().is_none());
    drop(first);
    assert_eq!(cache.get_or_load(&1, || slowly(&loads, Ok(9))).await, Ok(9));
    assert_eq!(sleeper.await, Ok(9));
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_on_to_its_caller_and_another_loads() {
    let (cache, loads) = (cache(), Cell::new(0));
    let panics = AssertUnwindSafe(cache.get_or_load(&1, || async {
        sleep(seconds(1)).await;
        resume_unwind(Box::new("planned"))
    }));
    let other = cache.get_or_load(&1, || slowly(&loads, Ok(8)));
    let (panicked, other) = tokio::join!(panics.catch_unwind(), other);
    assert!(panicked.is_err());
    assert_eq!(other, Ok(8));
}

#[tokio::test(start_paused = true)]
async fn a_load_from_before_an_invalidation_is_not_kept() {
    let (cache, loads) = (cache(), Cell::new(0));
    let before = cache.get_or_load(&1, || slowly(&loads, Ok(7)));
    let after = async {
        sleep(Duration::from_millis(500)).await;
        cache.invalidate(&1);
        cache.get_or_load(&1, || slowly(&loads, Ok(8))).await
    };
    assert_eq!(tokio::join!(before, after), (Ok(7), Ok(8)));
    assert_eq!(cache.get(&1), Some(8));
    cache.invalidate_all();
    assert_eq!((cache.get(&1), cache.snapshot().entries), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_got_too_old_while_it_was_waited_for_is_loaded_again() {
    let (cache, loads) = (cache(), Cell::new(0));
    let mut late = Box::pin(cache.get_or_load(&1, || slowly(&loads, Ok(8))));
    let mut first = Box::pin(cache.get_or_load(&1, || slowly(&loads, Ok(7))));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(late.as_mut().now_or_never().is_none());
    assert_eq!(first.await, Ok(7));
    advance(TTL).await;
    assert_eq!(late.await, Ok(8));
    assert_eq!(cache.get(&1), Some(8));
}

#[tokio::test(start_paused = true)]
async fn the_value_that_was_loaded_first_makes_room() {
    let (cache, loads) = (cache(), Cell::new(0));
    for key in [1, 2, 3] {
        cache.get_or_load(&key, || slowly(&loads, Ok(0))).await.expect("loads");
    }
    // Looking at it does not save it; loading it anew does.
    assert_eq!(cache.get(&1), Some(0));
    cache.invalidate(&2);
    cache.get_or_load(&2, || slowly(&loads, Ok(0))).await.expect("loads");
    cache.get_or_load(&4, || slowly(&loads, Ok(0))).await.expect("loads");
    let held = [1, 2, 3, 4].map(|key| cache.get(&key).is_some());
    assert_eq!(held, [false, true, true, true]);
    assert_eq!(cache.snapshot().evicted, 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_it_at_any_poll_leaves_nothing_behind() {
    let (cache, loads) = (cache(), Cell::new(0));
    let make = || cache.get_or_load(&1, || slowly(&loads, Ok(7)));
    let check = |polls| assert_eq!(cache.snapshot().loading, 0, "after {polls} polls");
    assert_eq!(drop_at_every_poll(make, check).await.0, Ok(7));

    // The same for one who waits for another.
    let loading = cache.clone();
    let other = async {
        loading.get_or_load(&2, || slowly(&loads, Ok(7))).await.expect("loads");
    };
    let make = || cache.get_or_load(&2, || slowly(&loads, Ok(8)));
    let ((value, _), ()) = tokio::join!(drop_at_every_poll(make, |_| {}), other);
    assert!(value.is_ok());
    assert_eq!(cache.snapshot().loading, 0);
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let check = |config, expected: &str| {
        let error = Cache::new("test", config).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    };
    let default = CacheConfig::default();
    check(
        CacheConfig { ttl: Duration::ZERO, ..default },
        "cache `ttl` is 0ns, expected above zero and at most 604800s",
    );
    check(
        CacheConfig { ttl: Duration::MAX, ..default },
        "cache `ttl` is 18446744073709551615.999999999s, expected above zero and at most 604800s",
    );
    check(
        CacheConfig { entries_max: 0, ..default },
        "cache `entries_max` is 0, expected 1 to 1000000",
    );
    assert!(default.validate().is_ok());
}

/// What happens to the cache at one time.
#[derive(Debug, Clone)]
enum Deed {
    /// A caller that goes away after a time, if it has one.
    Ask {
        key: u8,
        load_ms: u64,
        fails: bool,
        leaves_ms: Option<u64>,
    },
    Invalidate {
        key: u8,
    },
}

fn deeds() -> impl Strategy<Value = Vec<(u64, Deed)>> {
    let ask = (0_u8..4, 1_u64..40, prop::bool::weighted(0.2), prop::option::of(0_u64..60));
    let ask = ask.prop_map(|(key, load_ms, fails, leaves_ms)| Deed::Ask {
        key,
        load_ms,
        fails,
        leaves_ms,
    });
    let invalidate = (0_u8..4).prop_map(|key| Deed::Invalidate { key });
    prop::collection::vec((0_u64..300, prop_oneof![8 => ask, 1 => invalidate]), 1..60)
}

/// What a value says of its own load, so that its reader can judge it.
#[derive(Debug, Clone, Copy)]
struct Loaded {
    began: Instant,
    ended: Instant,
}

/// What the test knows.
#[derive(Debug, Default)]
struct Facts {
    /// By key and number of its last invalidation.
    loading: BTreeMap<(u8, u32), u32>,
    invalidations: BTreeMap<u8, u32>,
    invalidated: BTreeMap<u8, Instant>,
}

proptest! {
    /// Many callers, slow and failing loads, callers that leave, invalidations: one load per key at a
    /// time (unless an invalidation came in between), nobody hangs, nobody gets a stale value.
    #[test]
    fn one_flight_and_nothing_stale(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(play(deeds));
    }
}

async fn play(deeds: Vec<(u64, Deed)>) {
    const SHORT: Duration = Duration::from_millis(50);
    let config = CacheConfig { ttl: SHORT, entries_max: 2 };
    let cache: TtlCache<u8, Loaded, ()> = TtlCache::new("test", config).expect("valid");
    let facts = Rc::new(Mutex::new(Facts::default()));
    let all = deeds.into_iter().map(|(at_ms, deed)| {
        let (cache, facts) = (cache.clone(), Rc::clone(&facts));
        async move {
            sleep(Duration::from_millis(at_ms)).await;
            match deed {
                Deed::Invalidate { key } => {
                    cache.invalidate(&key);
                    let mut facts = facts.lock();
                    *facts.invalidations.entry(key).or_default() += 1;
                    facts.invalidated.insert(key, Instant::now());
                }
                Deed::Ask { key, load_ms, fails, leaves_ms } => {
                    let asked = Instant::now();
                    let ask = cache.get_or_load(&key, || load(&facts, key, load_ms, fails));
                    let bound = leaves_ms.map_or(seconds(60), Duration::from_millis);
                    match tokio::time::timeout(bound, ask).await {
                        Ok(Ok(loaded)) => {
                            let age = Instant::now() - loaded.ended;
                            assert!(age < SHORT, "stale by {age:?}");
                            let forgot = facts.lock().invalidated.get(&key).copied();
                            let older = forgot.is_some_and(|at| at < asked && loaded.began < at);
                            assert!(!older, "from before an invalidation");
                        }
                        Ok(Err(_)) => {}
                        Err(_) => assert!(leaves_ms.is_some(), "hangs"),
                    }
                }
            }
        }
    });
    join_all(all).await;
    let CacheSnapshot { entries, loading, .. } = cache.snapshot();
    assert!(entries <= 2 && loading == 0, "{entries} {loading}");
}

async fn load(facts: &Mutex<Facts>, key: u8, load_ms: u64, fails: bool) -> Result<Loaded, ()> {
    /// Ends the load also when it is dropped.
    struct Running<'a>(&'a Mutex<Facts>, (u8, u32));

    impl Drop for Running<'_> {
        fn drop(&mut self) {
            let mut facts = self.0.lock();
            if let Some(count) = facts.loading.get_mut(&self.1) {
                *count = count.saturating_sub(1);
            }
        }
    }

    let began = Instant::now();
    let (flight, count) = {
        let mut facts = facts.lock();
        let flight = (key, facts.invalidations.get(&key).copied().unwrap_or_default());
        let count = facts.loading.entry(flight).or_default();
        *count += 1;
        (flight, *count)
    };
    assert_eq!(count, 1, "two loads of one key at once");
    let _running = Running(facts, flight);
    sleep(Duration::from_millis(load_ms)).await;
    if fails { Err(()) } else { Ok(Loaded { began, ended: Instant::now() }) }
}

/// Notes when it is dropped whether the flights of its cache are locked.
#[derive(Clone)]
struct Probe {
    cache: std::sync::Weak<Shared<u8, Probe, ()>>,
    locked: Arc<Mutex<Vec<bool>>>,
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(cache) = self.cache.upgrade() {
            self.locked.lock().push(cache.flights.is_locked());
        }
    }
}

/// One way to forget.
type Forget = fn(&TtlCache<u8, Probe, ()>);

#[tokio::test(start_paused = true)]
async fn an_invalidation_is_one_step() {
    let config = CacheConfig { ttl: TTL, entries_max: 3 };
    let cache = TtlCache::<u8, Probe, ()>::new("test", config).expect("valid");
    let locked = Arc::new(Mutex::new(Vec::new()));
    let invalidations: [Forget; 2] = [|cache| cache.invalidate(&1), TtlCache::invalidate_all];
    for invalidate in invalidations {
        let probe = Probe { cache: Arc::downgrade(&cache.shared), locked: Arc::clone(&locked) };
        drop(cache.get_or_load(&1, || async { Ok(probe) }).await);
        locked.lock().clear();
        invalidate(&cache);
        assert_eq!(*locked.lock(), [true], "the old value goes while nobody can take off");
    }
}
