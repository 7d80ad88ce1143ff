//! The promises of the seam, whatever carries it.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout};

use super::turmoil::{LinkConfig, TurmoilNetwork};
use super::*;

const PORT: u16 = 80;

/// What a client saw, with the virtual millisecond at which it saw it.
type Log = Arc<Mutex<Vec<(u128, String)>>>;

fn network(seed: u64) -> TurmoilNetwork {
    let links = LinkConfig {
        tick: Duration::from_millis(5),
        latency_min: Duration::from_millis(10),
        latency_max: Duration::from_millis(10),
    };
    TurmoilNetwork::new(links, seed)
}

/// Answers every byte with itself.
fn add_echo(network: &mut TurmoilNetwork) {
    let inside = network.inside();
    let program = move || {
        let inside = Arc::clone(&inside);
        Box::pin(async move {
            let mut listener = inside.listen(PORT).await.expect("a free port");
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut byte = [0];
                while stream.read_exact(&mut byte).await.is_ok() {
                    stream.write_all(&byte).await.expect("an open stream");
                }
            }
        }) as BoxFuture<'static, ()>
    };
    network.add_host("server", Box::new(program));
}

/// Dials and then sends a byte every 50 ms, logging each answer.
fn add_client(network: &mut TurmoilNetwork, log: &Log) {
    let (inside, log) = (network.inside(), Arc::clone(log));
    let program = move || {
        let (inside, log) = (Arc::clone(&inside), Arc::clone(&log));
        Box::pin(async move {
            let started = Instant::now();
            let note = |what: &str| {
                let entry = (started.elapsed().as_millis(), what.to_owned());
                log.lock().expect("one thread").push(entry);
            };
            let mut stream = inside.connect("server", PORT).await.expect("the server listens");
            note("connected");
            while stream.write_all(b"x").await.is_ok() {
                let answer = stream.read_u8();
                match timeout(Duration::from_secs(60), answer).await {
                    Ok(Ok(_)) => note("answer"),
                    other => note(&format!("{other:?}")),
                }
                sleep(Duration::from_millis(50)).await;
            }
        }) as BoxFuture<'static, ()>
    };
    network.add_host("client", Box::new(program));
}

fn run_until(network: &mut TurmoilNetwork, millis: u64) {
    while network.elapsed() < Duration::from_millis(millis) {
        network.step().expect("no panic");
    }
}

fn between(log: &Log, from: u128, to: u128) -> usize {
    let log = log.lock().expect("one thread");
    log.iter().filter(|(at, _)| (from..to).contains(at)).count()
}

#[test]
fn a_held_connection_is_silent_and_resumes_without_loss() {
    let (mut network, log) = (network(1), Log::default());
    add_echo(&mut network);
    add_client(&mut network, &log);
    run_until(&mut network, 1_000);
    assert!(between(&log, 0, 1_000) > 5, "traffic flows before");
    network.hold("client", "server");
    run_until(&mut network, 31_000);
    assert!(between(&log, 1_020, 31_000) == 0, "nothing passes while held");
    network.release("client", "server");
    run_until(&mut network, 32_000);
    assert!(between(&log, 31_000, 32_000) > 5, "traffic flows again on the same connection");
    let log = log.lock().expect("one thread");
    assert!(log.iter().all(|(_, what)| what == "connected" || what == "answer"), "{log:?}");
}

#[test]
fn a_dial_into_a_held_link_hangs_until_release() {
    let (mut network, log) = (network(1), Log::default());
    add_echo(&mut network);
    add_client(&mut network, &log);
    network.hold("client", "server");
    run_until(&mut network, 5_000);
    assert_eq!(between(&log, 0, 5_000), 0);
    network.release("client", "server");
    run_until(&mut network, 5_500);
    assert!(between(&log, 5_000, 5_500) > 0);
}

#[test]
fn a_crash_ends_a_program_at_once_and_a_start_begins_it_anew() {
    let mut network = network(1);
    let (inside, log) = (network.inside(), Log::default());
    add_echo(&mut network);
    let ours = Arc::clone(&log);
    let program = move || {
        let (inside, log) = (Arc::clone(&inside), Arc::clone(&ours));
        Box::pin(async move {
            let note = |what: &str| {
                let at = inside.elapsed().expect("a running host").as_millis();
                log.lock().expect("one thread").push((at, what.to_owned()));
            };
            for _ in 0..2 {
                let mut stream = inside.connect("server", PORT).await.expect("it is up");
                note("connected");
                let end = stream.read_u8().await;
                note(if end.is_err() { "ended" } else { "a byte" });
                sleep(Duration::from_secs(2)).await;
            }
        }) as BoxFuture<'static, ()>
    };
    network.add_host("client", Box::new(program));
    run_until(&mut network, 1_000);
    network.crash("server");
    run_until(&mut network, 2_000);
    network.start("server");
    run_until(&mut network, 4_000);
    let log = log.lock().expect("one thread");
    let what: Vec<&str> = log.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(what, ["connected", "ended", "connected"]);
    assert!((1_000..1_100).contains(&log[1].0), "{log:?}");
}

#[test]
fn without_a_running_host_there_is_no_time() {
    let network = network(1);
    assert_eq!(network.inside().elapsed(), None);
    assert_eq!(network.elapsed(), Duration::ZERO);
}
