use platform::{TaskGroup, TaskResult};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::*;
use crate::dial::DialError;
use crate::test_net::{Dial, TestNet, endpoint, next_head, read_head, write};

/// A client, its network, and the group that runs its connections.
struct Bench {
    client: HttpClient,
    net: Arc<TestNet>,
    accepted: mpsc::Receiver<DuplexStream>,
    group: TaskGroup,
}

impl Bench {
    fn new(config: HttpConfig, plan: &[Dial]) -> Self {
        let (net, accepted) = TestNet::new(plan);
        let group = TaskGroup::new("test");
        let client = HttpClient::new(net.clone(), &config, group.spawner());
        let client = client.expect("valid limits");
        Self { client, net, accepted, group }
    }

    async fn accept(&mut self) -> DuplexStream {
        self.accepted.recv().await.expect("a dial")
    }

    /// Answers every request on every connection with the same text.
    fn serve(&mut self, answer: &'static str) {
        let (_, empty) = mpsc::channel(1);
        let mut accepted = std::mem::replace(&mut self.accepted, empty);
        let spawner = self.group.spawner();
        let connections = self.group.spawner();
        spawner.spawn("server", "accept", async move {
            while let Some(mut stream) = accepted.recv().await {
                connections.spawn("server", "connection", async move {
                    while next_head(&mut stream).await.is_some() {
                        write(&mut stream, answer).await;
                    }
                    Ok(())
                });
            }
            TaskResult::Ok(())
        });
    }

    async fn get(&self) -> Result<HttpResponse, HttpError> {
        get(&self.client).await
    }

    /// Starts a request that goes on in the background.
    fn start(&self) -> mpsc::Receiver<Result<HttpResponse, HttpError>> {
        let (done, result) = mpsc::channel(1);
        let client = self.client.clone();
        let spawner = self.group.spawner();
        spawner.spawn("test", "request", async move {
            let response = get(&client).await;
            done.send(response).await?;
            Ok(())
        });
        result
    }
}

fn request(path: &str) -> HttpRequest {
    HttpRequest {
        method: Method::GET,
        path_and_query: path.to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
    }
}

async fn get(client: &HttpClient) -> Result<HttpResponse, HttpError> {
    let permit = client.acquire(&endpoint("venue")).await?;
    client.send(permit, request("/0/public/Time?a=b")).await
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test(start_paused = true)]
async fn a_request_is_sent_and_its_answer_read() {
    let mut bench = Bench::new(HttpConfig::default(), &[]);
    let mut result = bench.start();
    let mut server = bench.accept().await;
    let head = read_head(&mut server).await;
    assert!(head.starts_with("GET /0/public/Time?a=b HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("host: venue:8080\r\n"), "{head}");
    let answer = "HTTP/1.1 503 Nope\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\ngone";
    write(&mut server, answer).await;
    let response = result.recv().await.expect("sent").expect("an answer");
    assert_eq!(response.status, 503);
    assert_eq!(response.headers["retry-after"], "7");
    assert_eq!(response.body, "gone");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_reused_until_it_was_idle_for_too_long() {
    let mut bench = Bench::new(HttpConfig::default(), &[]);
    bench.serve(OK);
    for _ in 0..3 {
        bench.get().await.expect("an answer");
        sleep(Duration::from_secs(30)).await;
    }
    assert_eq!(bench.net.dials(), 1);
    assert_eq!(bench.client.stats().open, 1);
    sleep(Duration::from_secs(121)).await;
    assert_eq!(bench.client.stats().open, 0, "expired by virtual time");
    bench.get().await.expect("an answer");
    assert_eq!(bench.net.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_closed_while_idle_does_not_fail_the_next_request() {
    let mut bench = Bench::new(HttpConfig::default(), &[]);
    let mut first = bench.start();
    let mut server = bench.accept().await;
    read_head(&mut server).await;
    write(&mut server, OK).await;
    first.recv().await.expect("sent").expect("an answer");
    drop(server);
    bench.serve(OK);
    bench.get().await.expect("an answer on a new connection");
    assert_eq!(bench.net.dials(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_dial_is_surely_not_sent() {
    let bench = Bench::new(HttpConfig::default(), &[Dial::Refuse, Dial::Hang]);
    let refused = bench.get().await.expect_err("refused");
    assert!(refused.surely_not_sent());
    assert!(!refused.is_local());
    assert!(matches!(refused, HttpError::Dial(DialError::Failed(_))));
    assert_eq!(refused.to_string(), "cannot connect to tcp://venue:8080");
    let start = Instant::now();
    let hung = bench.get().await.expect_err("hung");
    assert!(hung.surely_not_sent());
    assert!(matches!(hung, HttpError::Dial(DialError::TimedOut { .. })));
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    assert_eq!(bench.client.stats().permits, 0);
}

#[tokio::test(start_paused = true)]
async fn limits_hold_per_host_and_in_total() {
    let config = HttpConfig { per_host_max: 2, total_max: 3, ..HttpConfig::default() };
    let bench = Bench::new(config, &[]);
    let acquire = async |host| bench.client.acquire(&endpoint(host)).await;
    let (first, _second) = (acquire("a").await, acquire("a").await);
    let start = Instant::now();
    let full = acquire("a").await.expect_err("two of two");
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert!(full.surely_not_sent() && full.is_local());
    let third = acquire("b").await.expect("room at another host");
    assert_eq!(third.endpoint(), &endpoint("b"));
    acquire("c").await.expect_err("three of three");
    drop(first);
    let start = Instant::now();
    acquire("c").await.expect("room again");
    assert_eq!(start.elapsed(), Duration::ZERO);
    let stats = bench.client.stats();
    assert_eq!((stats.permits, stats.waiting, stats.refused), (2, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_crowd_before_one_host_takes_no_place_from_others() {
    let config = HttpConfig { per_host_max: 1, total_max: 2, ..HttpConfig::default() };
    let bench = Bench::new(config, &[]);
    let _held = bench.client.acquire(&endpoint("venue")).await.expect("room");
    let _crowd: Vec<_> = (0..5).map(|_| bench.start()).collect();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.client.stats().waiting, 5);
    bench.client.acquire(&endpoint("b")).await.expect("room");
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_held_until_the_body_is_read() {
    let mut bench = Bench::new(HttpConfig::default(), &[]);
    let mut result = bench.start();
    let mut server = bench.accept().await;
    read_head(&mut server).await;
    write(&mut server, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha").await;
    sleep(Duration::from_secs(1)).await;
    let stats = bench.client.stats();
    assert_eq!((stats.permits, stats.in_use, stats.idle), (1, 1, 0));
    write(&mut server, "lf").await;
    let response = result.recv().await.expect("sent").expect("an answer");
    assert_eq!(response.body, "half");
    let stats = bench.client.stats();
    assert_eq!((stats.permits, stats.in_use, stats.idle), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_frees_its_permit_and_closes_its_connection() {
    let mut bench = Bench::new(HttpConfig::default(), &[]);
    let client = bench.client.clone();
    let mut server = {
        let exchange = get(&client);
        tokio::pin!(exchange);
        tokio::select! {
            biased;
            _ = &mut exchange => panic!("nobody answers"),
            server = async {
                let mut server = bench.accept().await;
                read_head(&mut server).await;
                server
            } => server,
        }
    };
    let mut rest = Vec::new();
    server.read_to_end(&mut rest).await.expect("closed");
    assert_eq!(rest, b"");
    let stats = bench.client.stats();
    assert_eq!((stats.permits, stats.in_use, stats.open), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_counters_tell_what_became_of_each_connection() {
    let mut bench = Bench::new(HttpConfig::default(), &[Dial::Refuse]);
    bench.serve(OK);
    bench.get().await.expect_err("refused");
    let stats = bench.client.stats();
    assert_eq!(stats, PoolStats { dialled: 1, ..PoolStats::default() });
    for _ in 0..3 {
        bench.get().await.expect("an answer");
    }
    let stats = bench.client.stats();
    assert_eq!(stats, PoolStats { open: 1, idle: 1, reused: 2, dialled: 2, ..stats });
    assert_eq!((stats.in_use, stats.permits, stats.waiting, stats.refused), (0, 0, 0, 0));
    let (one, two) = tokio::join!(bench.get(), bench.get());
    assert!(one.is_ok() && two.is_ok());
    let stats = bench.client.stats();
    assert_eq!((stats.open, stats.idle, stats.reused, stats.dialled), (2, 2, 3, 3));
}

#[tokio::test(start_paused = true)]
async fn the_counters_are_published_by_host() {
    let recorder = telemetry::Recorder::new();
    let mut bench = Bench::new(HttpConfig::default(), &[]);
    bench.serve(OK);
    bench.get().await.expect("an answer");
    bench.get().await.expect("an answer");
    let _held = bench.client.acquire(&endpoint("venue")).await.expect("room");
    metrics::with_local_recorder(&recorder, || bench.client.publish("venue"));
    let lines: Vec<_> = recorder.samples().iter().map(|(s, v)| format!("{s} {v}")).collect();
    let expected = [
        "wavetank_pool_connections{host=\"venue\",state=\"idle\"} 1",
        "wavetank_pool_connections{host=\"venue\",state=\"in_use\"} 0",
        "wavetank_pool_connections{host=\"venue\",state=\"open\"} 1",
        "wavetank_pool_dialled_total{host=\"venue\"} 1",
        "wavetank_pool_permits{host=\"venue\"} 1",
        "wavetank_pool_refused_total{host=\"venue\"} 0",
        "wavetank_pool_reused_total{host=\"venue\"} 1",
        "wavetank_pool_waiting{host=\"venue\"} 0",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_may_not_wait_refuses_at_once() {
    let config =
        HttpConfig { per_host_max: 1, permit_wait_max: Duration::ZERO, ..HttpConfig::default() };
    let bench = Bench::new(config, &[]);
    let start = Instant::now();
    let held = bench.client.acquire(&endpoint("venue")).await.expect("room");
    bench.client.acquire(&endpoint("venue")).await.expect_err("full");
    drop(held);
    bench.client.acquire(&endpoint("venue")).await.expect("room again");
    assert!(start.elapsed() <= Duration::from_millis(1));
}

/// What comes of an answer, by the error's text; the connection closes after it.
async fn outcome(config: HttpConfig, answer: &str) -> HttpError {
    let mut bench = Bench::new(config, &[]);
    let mut result = bench.start();
    let mut server = bench.accept().await;
    read_head(&mut server).await;
    write(&mut server, answer).await;
    drop(server);
    let error = result.recv().await.expect("sent").expect_err("broken");
    assert!(!error.surely_not_sent(), "{error}");
    assert_eq!(bench.client.stats().permits, 0);
    error
}

#[tokio::test(start_paused = true)]
async fn a_broken_answer_leaves_the_fate_of_the_request_open() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n";
    let check = async |answer: &str, expected: &str| {
        let error = outcome(HttpConfig::default(), answer).await;
        assert!(error.to_string().starts_with(expected), "{answer}: {error}");
    };
    check("", "no answer").await;
    check(head, "no answer").await;
    check("SSH-2.0-OpenSSH\r\n\r\n", "no answer").await;
    check(&format!("{head}\r\nhalf"), "answer lost within its body").await;
    check(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "answer lost within its body",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_limits() {
    let config = HttpConfig {
        body_bytes_max: 8,
        head_lines_max: 4,
        head_bytes_max: 8 * 1024,
        ..HttpConfig::default()
    };
    let check = async |answer: &str, expected: &str| {
        let error = outcome(config.clone(), answer).await;
        assert!(error.to_string().starts_with(expected), "{answer}: {error}");
    };
    let too_large = "body of the answer is larger than 8 bytes";
    check("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789", too_large).await;
    check(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n4\r\n6789\r\n",
        too_large,
    )
    .await;
    let lines = "a: b\r\n".repeat(5);
    check(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n"), "no answer").await;
}

#[tokio::test(start_paused = true)]
async fn an_exchange_is_over_after_its_bound() {
    let config = HttpConfig { exchange_timeout: Duration::from_secs(3), ..HttpConfig::default() };
    let mut bench = Bench::new(config, &[]);
    let start = Instant::now();
    let mut result = bench.start();
    let mut server = bench.accept().await;
    read_head(&mut server).await;
    let error = result.recv().await.expect("sent").expect_err("silence");
    assert!(matches!(error, HttpError::TimedOut { .. }));
    assert!(!error.surely_not_sent());
    assert_eq!(start.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_no_http_is_refused_locally() {
    let bench = Bench::new(HttpConfig::default(), &[]);
    let permit = bench.client.acquire(&endpoint("venue")).await.expect("room");
    let error = bench.client.send(permit, request("/a b")).await;
    let error = error.expect_err("a blank in the path");
    assert!(error.surely_not_sent() && error.is_local());
    assert_eq!(bench.net.dials(), 0);
}

#[tokio::test(start_paused = true)]
async fn stopping_the_group_closes_every_connection() {
    let mut bench = Bench::new(HttpConfig::default(), &[]);
    let mut result = bench.start();
    let mut server = bench.accept().await;
    read_head(&mut server).await;
    write(&mut server, OK).await;
    result.recv().await.expect("sent").expect("an answer");
    bench.group.cancel();
    let joined = bench.group.join(Duration::from_secs(1)).await;
    joined.expect("everything stops");
    assert_eq!(bench.client.stats().open, 0);
}
