//! The node's endpoint over the simulated network: the code that listens on real ports.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use platform::{BoxStream, Connector, Endpoint};
use serde_json::Value;
use sim::{Setup, TRADER, VisitorProgram};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::support::{assert_passes, outage, run};

const PORT: u16 = 9090;

/// What was answered, by the second of the run and the path.
type Answers = Arc<Mutex<BTreeMap<(u64, String), String>>>;

/// The outage, with an endpoint.
fn with_endpoint(seed: u64) -> Setup {
    let mut setup = outage(seed);
    setup.node.endpoint = Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT)));
    setup.node.optional.insert("endpoint".to_owned());
    setup
}

async fn dial(network: &Arc<dyn Connector>) -> BoxStream {
    let endpoint = Endpoint { host: TRADER.to_owned(), port: PORT, tls: false };
    network.connect(&endpoint).await.expect("the node listens")
}

/// Sends a request and reads until the node closes the connection.
async fn ask(network: &Arc<dyn Connector>, request: &str) -> String {
    let mut stream = dial(network).await;
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("a text");
    answer
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: trader\r\nconnection: close\r\n\r\n")
}

/// Asks for paths at seconds of the run.
fn visits(plan: &'static [(u64, &'static str)], answers: &Answers) -> VisitorProgram {
    let answers = Arc::clone(answers);
    Arc::new(move |network| {
        let answers = Arc::clone(&answers);
        Box::pin(async move {
            let started = Instant::now();
            for (second, path) in plan {
                sleep_until(started + Duration::from_secs(*second)).await;
                let answer = ask(&network, &get(path)).await;
                answers.lock().expect("no panic").insert((*second, (*path).to_owned()), answer);
            }
        })
    })
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("a head and a body").1
}

/// The value of a series in a scrape.
fn value<'a>(scrape: &'a str, series: &str) -> Option<&'a str> {
    scrape.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

/// The world's own gauges stand in the same recorder; they are described in its source.
fn every_metric_says_what_it_means(scrape: &str) {
    let after = |lead: &str| -> Vec<_> {
        let names = scrape.lines().filter_map(|line| line.strip_prefix(lead)?.split(' ').next());
        names.filter(|name| !name.starts_with("sim_")).collect()
    };
    let (told, explained) = (after("# TYPE "), after("# HELP "));
    assert!(told.len() > 20, "{told:?}");
    assert_eq!(told, explained, "a metric is missing in crates/node/src/help.rs");
}

#[test]
fn health_and_metrics_follow_the_outage_and_change_nothing() {
    // Calm; 503 since 05:00; hung since 05:30; healed at 07:00 and recovered.
    let plan: &[(u64, &str)] = &[
        (120, "/health"),
        (121, "/metrics"),
        (310, "/health"),
        (400, "/health"),
        (401, "/metrics"),
        (402, "/status"),
        (600, "/health"),
        (601, "/"),
        (602, "/metrics"),
        (1_300, "/health"),
    ];
    let answers = Answers::default();
    let mut setup = with_endpoint(1);
    setup.visitor = Some(visits(plan, &answers));
    let outcome = run(&setup);
    assert_passes(&setup, &outcome.history);

    let answers = answers.lock().expect("no panic");
    let at = |second: u64, path: &str| answers[&(second, path.to_owned())].as_str();
    let health = |second| {
        let answer = at(second, "/health");
        let status = answer.lines().next().unwrap_or_default().to_owned();
        let json: Value = serde_json::from_str(body(answer)).expect("JSON");
        (status, json["status"].as_str().unwrap_or_default().to_owned())
    };
    let (ok, unavailable) = ("HTTP/1.1 200 OK", "HTTP/1.1 503 Service Unavailable");
    assert_eq!(health(120), (ok.to_owned(), "up".to_owned()));
    assert_eq!(health(310), (unavailable.to_owned(), "down".to_owned()), "its breaker is open");
    assert_eq!(health(400), (unavailable.to_owned(), "down".to_owned()));
    // It works again, but a breaker has tripped three times in ten minutes.
    assert_eq!(health(600), (ok.to_owned(), "degraded".to_owned()));
    let warned = body(at(600, "/health"));
    assert!(warned.contains("its breaker tripped 3 times in 600 s"), "{warned}");
    assert_eq!(health(1_300), (ok.to_owned(), "up".to_owned()), "that is long ago");
    let alerts = r#"wavetank_breaker_alerts_total{breaker="kraken/read"}"#;
    assert_eq!(value(body(at(121, "/metrics")), alerts), Some("0"));
    assert_eq!(value(body(at(602, "/metrics")), alerts), Some("1"));
    let hung = body(at(400, "/health"));
    assert!(hung.contains("no websocket session within 30s"), "the reason is told: {hung}");

    let up = r#"wavetank_dependency_up{critical="true",dependency="kraken/public"}"#;
    assert_eq!(value(body(at(121, "/metrics")), up), Some("1"));
    assert_eq!(value(body(at(401, "/metrics")), up), Some("0"));
    every_metric_says_what_it_means(body(at(121, "/metrics")));
    let status: Value = serde_json::from_str(body(at(402, "/status"))).expect("JSON");
    let read = status["breakers"].as_array().expect("a list");
    let read = read.iter().find(|breaker| breaker["name"] == "kraken/read").expect("a breaker");
    assert_eq!(read["state"], "OPEN", "{read}");
    assert!(read["retry_in_ms"].as_u64().is_some_and(|ms| ms <= 30_000), "{read}");
    let page = at(601, "/");
    assert!(page.contains("content-security-policy: default-src 'none'"), "{page}");
    assert!(!page.contains("src=\"http") && !page.contains("@import"), "nothing from elsewhere");

    // The same seed, and the same answers: the endpoint is as repeatable as the rest.
    let again = Answers::default();
    let mut same = with_endpoint(1);
    same.visitor = Some(visits(plan, &again));
    assert_eq!(run(&same).digest, outcome.digest);
    assert_eq!(*again.lock().expect("no panic"), *answers);
}

#[test]
fn requests_that_are_not_for_reading_are_refused() {
    let answers = Answers::default();
    let told = Arc::clone(&answers);
    let mut setup = with_endpoint(1);
    setup.until = Some(Duration::from_secs(30));
    setup.visitor = Some(Arc::new(move |network| {
        let told = Arc::clone(&told);
        Box::pin(async move {
            sleep(Duration::from_secs(5)).await;
            let requests = [
                "POST / HTTP/1.1\r\nhost: trader\r\ncontent-length: 3\r\n\r\nabc".to_owned(),
                "GET /health HTTP/1.1\r\nhost: trader\r\ncontent-length: 3\r\n\r\nabc".to_owned(),
                get("/../secret"),
                format!("GET /{} HTTP/1.1\r\nhost: trader\r\n\r\n", "a".repeat(20_000)),
                "nonsense\r\n\r\n".to_owned(),
                // A page of that name has given it our address.
                "GET /status HTTP/1.1\r\nhost: evil.example\r\n\r\n".to_owned(),
                "GET /status HTTP/1.1\r\nhost: 192.168.0.1:9090\r\nconnection: close\r\n\r\n"
                    .to_owned(),
            ];
            for (number, request) in (0_u64..).zip(requests) {
                let answer = ask(&network, &request).await;
                let status = answer.lines().next().unwrap_or_default().to_owned();
                told.lock().expect("no panic").insert((number, String::new()), status);
            }
        })
    }));
    run(&setup);
    let answers: Vec<String> = answers.lock().expect("no panic").values().cloned().collect();
    let expected = [
        "HTTP/1.1 405 Method Not Allowed",
        "HTTP/1.1 413 Payload Too Large",
        "HTTP/1.1 404 Not Found",
        "HTTP/1.1 431 Request Header Fields Too Large",
        "HTTP/1.1 400 Bad Request",
        "HTTP/1.1 421 Misdirected Request",
        "HTTP/1.1 200 OK",
    ];
    assert_eq!(answers, expected);
}

#[test]
fn a_flood_of_silent_connections_is_bounded_and_passes() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let mut setup = with_endpoint(1);
    setup.until = Some(Duration::from_secs(60));
    setup.visitor = Some(Arc::new(move |network| {
        let told = Arc::clone(&told);
        Box::pin(async move {
            sleep(Duration::from_secs(5)).await;
            let mut silent = Vec::new();
            for _ in 0..50 {
                silent.push(dial(&network).await);
            }
            sleep(Duration::from_secs(1)).await;
            let mut closed = 0;
            for stream in &mut silent {
                let ended = timeout(Duration::from_millis(1), stream.read_u8()).await;
                closed += u32::from(ended.is_ok());
            }
            // Those that were let in say nothing, and are closed for that.
            sleep(Duration::from_secs(15)).await;
            let answer = ask(&network, &get("/health")).await;
            let status = answer.lines().next().unwrap_or_default().to_owned();
            told.lock().expect("no panic").push((closed, status));
        })
    }));
    run(&setup);
    let seen = seen.lock().expect("no panic").clone();
    assert_eq!(seen, [(34, "HTTP/1.1 200 OK".to_owned())]);
}
