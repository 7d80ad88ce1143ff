//! The bite test: every ban of `clippy.toml` is broken once, and expected to be reported.
//!
//! A ban that no longer bites (a renamed path, a typing error) leaves an expectation unfulfilled,
//! which fails `cargo lint`. Nothing here is ever run.
#![expect(clippy::let_underscore_future, clippy::let_underscore_must_use, reason = "see above")]

use indexmap::{IndexMap, IndexSet};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

struct Victims {
    instant: std::time::Instant,
    system_time: std::time::SystemTime,
    handle: Handle,
    join_set: JoinSet<()>,
    map: IndexMap<u8, u8>,
    set: IndexSet<u8>,
}

/// Refers to the functions, so that they are not dead code.
#[test]
fn every_ban_has_a_proof() {
    let bans = include_str!("../../clippy.toml").matches("path = ").count();
    let proofs = include_str!("bans.rs").matches("reason = \"bite: ").count();
    assert_eq!(bans, proofs, "one expectation per ban");
    let _: fn(Victims) = methods;
    let _: fn() = types;
}

fn methods(victims: Victims) {
    let Victims { instant, system_time, handle, mut join_set, mut map, mut set } = victims;
    #[expect(clippy::disallowed_methods, reason = "bite: std::time::Instant::now")]
    let _ = std::time::Instant::now();
    #[expect(clippy::disallowed_methods, reason = "bite: std::time::Instant::elapsed")]
    let _ = instant.elapsed();
    #[expect(clippy::disallowed_methods, reason = "bite: std::time::SystemTime::now")]
    let _ = std::time::SystemTime::now();
    #[expect(clippy::disallowed_methods, reason = "bite: std::time::SystemTime::elapsed")]
    let _ = system_time.elapsed();
    #[expect(clippy::disallowed_methods, reason = "bite: jiff::Timestamp::now")]
    let _ = jiff::Timestamp::now();
    #[expect(clippy::disallowed_methods, reason = "bite: jiff::Zoned::now")]
    let _ = jiff::Zoned::now();
    #[expect(clippy::disallowed_methods, reason = "bite: std::thread::sleep")]
    std::thread::sleep(std::time::Duration::ZERO);
    #[expect(clippy::disallowed_methods, reason = "bite: rand::rng")]
    let _ = rand::rng();
    #[expect(clippy::disallowed_methods, reason = "bite: rand::random")]
    let _ = rand::random::<u8>();
    #[expect(clippy::disallowed_methods, reason = "bite: rand::random_range")]
    let _ = rand::random_range(0..2);
    #[expect(clippy::disallowed_methods, reason = "bite: rand::random_bool")]
    let _ = rand::random_bool(0.5);
    #[expect(clippy::disallowed_methods, reason = "bite: rand::make_rng")]
    let _ = rand::make_rng::<rand_chacha::ChaCha8Rng>();
    #[expect(clippy::disallowed_methods, reason = "bite: getrandom::fill")]
    let _ = getrandom::fill(&mut [0]);
    #[expect(clippy::disallowed_methods, reason = "bite: tokio::task::spawn")]
    let _ = tokio::task::spawn(async {});
    #[expect(clippy::disallowed_methods, reason = "bite: tokio::task::spawn_local")]
    let _ = tokio::task::spawn_local(async {});
    #[expect(clippy::disallowed_methods, reason = "bite: tokio::task::spawn_blocking")]
    let _ = tokio::task::spawn_blocking(|| {});
    #[expect(clippy::disallowed_methods, reason = "bite: tokio::task::block_in_place")]
    tokio::task::block_in_place(|| {});
    #[expect(clippy::disallowed_methods, reason = "bite: tokio::task::JoinSet::spawn")]
    let _ = join_set.spawn(async {});
    #[expect(clippy::disallowed_methods, reason = "bite: tokio::runtime::Handle::spawn")]
    let _ = handle.spawn(async {});
    #[expect(clippy::disallowed_methods, reason = "bite: std::thread::spawn")]
    let _ = std::thread::spawn(|| {});
    #[expect(clippy::disallowed_methods, reason = "bite: std::thread::Builder::spawn")]
    let _ = std::thread::Builder::new().spawn(|| {});
    #[expect(clippy::disallowed_methods, reason = "bite: std::thread::available_parallelism")]
    let _ = std::thread::available_parallelism();
    #[expect(clippy::disallowed_methods, reason = "bite: tokio::net::TcpStream::connect")]
    let _ = tokio::net::TcpStream::connect("a:1");
    #[expect(clippy::disallowed_methods, reason = "bite: tokio::net::TcpListener::bind")]
    let _ = tokio::net::TcpListener::bind("a:1");
    #[expect(clippy::disallowed_methods, reason = "bite: tokio::net::lookup_host")]
    let _ = tokio::net::lookup_host("a:1");
    #[expect(clippy::disallowed_methods, reason = "bite: tokio::sync::mpsc::unbounded_channel")]
    let _ = tokio::sync::mpsc::unbounded_channel::<u8>();
    #[expect(clippy::disallowed_methods, reason = "bite: std::env::var")]
    let _ = std::env::var("A");
    #[expect(clippy::disallowed_methods, reason = "bite: indexmap::IndexMap::swap_remove")]
    let _ = map.swap_remove(&1);
    #[expect(clippy::disallowed_methods, reason = "bite: indexmap::IndexSet::swap_remove")]
    let _ = set.swap_remove(&1);
    #[expect(clippy::disallowed_methods, clippy::exit, reason = "bite: std::process::exit")]
    std::process::exit(1);
}

fn types() {
    #[expect(clippy::disallowed_types, reason = "bite: std::collections::HashMap")]
    let _: Option<std::collections::HashMap<u8, u8>> = None;
    #[expect(clippy::disallowed_types, reason = "bite: std::collections::HashSet")]
    let _: Option<std::collections::HashSet<u8>> = None;
    #[expect(clippy::disallowed_types, reason = "bite: std::hash::RandomState")]
    let _: Option<std::hash::RandomState> = None;
    #[expect(clippy::disallowed_types, reason = "bite: rand::rngs::ThreadRng")]
    let _: Option<rand::rngs::ThreadRng> = None;
    #[expect(clippy::disallowed_types, reason = "bite: rand::rngs::StdRng")]
    let _: Option<rand::rngs::StdRng> = None;
    #[expect(clippy::disallowed_types, reason = "bite: rand::rngs::SmallRng")]
    let _: Option<rand::rngs::SmallRng> = None;
    #[expect(clippy::disallowed_types, reason = "bite: rand::rngs::SysRng")]
    let _: Option<rand::rngs::SysRng> = None;
}
