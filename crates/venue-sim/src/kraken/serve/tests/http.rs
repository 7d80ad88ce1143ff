//! Requests and answers as bytes.

use super::*;
use crate::kraken::fixture::signed;
use crate::kraken::{ProtocolFault, RestFault};

/// Sends a request and reads its answer: head and body.
pub(super) async fn exchange(stream: &mut DuplexStream, request: &str) -> (String, String) {
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = read_until(stream, "\r\n\r\n").await;
    let length = head.find("content-length: ").unwrap() + 16;
    let length: usize = head[length..].split('\r').next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

pub(super) const TIME: &str = "GET /0/public/Time HTTP/1.1\r\nHost: api.kraken.com\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn requests_share_a_connection() {
    let world = World::new();
    let mut stream = world.connect(Role::Rest, 1024);
    let (head, body) = exchange(&mut stream, TIME).await;
    assert_eq!(
        head,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: 87\r\n\r\n"
    );
    assert!(body.starts_with(r#"{"error":[],"result":{"unixtime":1795248087"#));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let (_, body) = exchange(&mut stream, TIME).await;
    assert!(body.contains("1795248147"));
    drop(stream);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(world.running(), 0);
}

/// A signed order that rests far below the market.
pub(super) fn order(nonce: u64) -> String {
    let nonce = nonce.to_string();
    let body = format!(
        "nonce={nonce}&pair=XXBTZUSD&type=buy&ordertype=limit&volume=0.0002&price=15000&oflags=post"
    );
    let request = signed("key-a", "AddOrder", &nonce, &body);
    format!(
        "POST /0/private/AddOrder HTTP/1.1\r\nHost: x\r\nAPI-Key: key-a\r\nAPI-Sign: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        request.api_sign.unwrap(),
        body.len()
    )
}

#[tokio::test(start_paused = true)]
async fn a_signed_order_over_bytes() {
    let world = World::new();
    let mut stream = world.connect(Role::Any, 1024);
    let (_, answer) = exchange(&mut stream, &order(1)).await;
    assert!(answer.contains(r#""order":"buy 0.00020000 XBTUSD @ limit 15000.0""#));
    assert_eq!(world.sim.open_order_count(), 1);
    world.sim.record_statement();
    let lines = world.memory.lines();
    assert!(lines.contains(&"a: 100000 USD, 3 held".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_status_fault_strikes_until_it_is_off() {
    let world = World::new();
    let mut stream = world.connect(Role::Rest, 1024);
    world.sim.faults().switch_on(4, status(503, false));
    let (head, body) = exchange(&mut stream, TIME).await;
    assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    assert!(head.contains("server: cloudflare\r\n") && head.contains("text/html"));
    assert!(body.contains("<center>cloudflare</center>"));
    world.sim.faults().switch_off(4);
    let (head, _) = exchange(&mut stream, TIME).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(
        world.memory.lines(),
        ["fault 4 struck", "answered Time: 503", "answered Time: 200"]
    );
    assert_eq!(world.sim.faults().struck(4), 1);
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_answer_is_lost_exists() {
    let world = World::new();
    let mut stream = world.connect(Role::Rest, 1024);
    world.sim.faults().switch_on(2, status(504, true));
    let (head, body) = exchange(&mut stream, &order(1)).await;
    assert!(head.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"));
    assert!(head.contains("server: cloudflare\r\n") && !body.contains("txid"));
    assert_eq!(world.sim.open_order_count(), 1);
    world.sim.faults().switch_off(2);
    let (_, body) = exchange(&mut stream, &order(2)).await;
    assert!(body.contains("txid"));
    assert_eq!(world.sim.open_order_count(), 2);
    assert_eq!(world.sim.faults().struck(2), 1);
    let lines = world.memory.lines();
    assert_eq!(lines[0], "fault 2 struck");
    assert_eq!(lines[1], "a: an order of BTC/USD arrived, may rest");
    assert!(lines[2].starts_with("a: order ") && lines[2].ends_with("is open, filled 0"));
    assert_eq!(lines[3], "answered AddOrder: 504");
    assert_eq!(lines[6], "answered AddOrder: 200");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_venues_own_replaces_the_answer() {
    for (executed, open) in [(false, 0), (true, 1)] {
        let world = World::new();
        let fault = RestFault::Error { text: "EService:Busy".to_owned(), executed };
        world.sim.faults().switch_on(3, ProtocolFault::Rest { fault, methods: Vec::new() });
        let mut stream = world.connect(Role::Any, 1024);
        let (head, body) = exchange(&mut stream, &order(1)).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert_eq!(body, r#"{"error":["EService:Busy"]}"#);
        assert_eq!((world.sim.open_order_count(), world.sim.faults().struck(3)), (open, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_belong_here_gets_cloudflares_page() {
    let world = World::new();
    let status = |head: &str| head[9..12].to_owned();
    let mut rest = world.connect(Role::Rest, 1024);
    let upgrade = "GET /v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(status(&exchange(&mut rest, upgrade).await.0), "404");
    let mut public = world.connect(Role::PublicStream, 1024);
    assert_eq!(status(&exchange(&mut public, TIME).await.0), "404");
    let plain = "GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(status(&exchange(&mut public, plain).await.0), "400");
    let mut long = world.connect(Role::Rest, 1024);
    let head = "POST /0/private/Balance HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n";
    assert_eq!(status(&exchange(&mut long, head).await.0), "413");
    let chunked =
        "POST /0/private/Balance HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut endless = world.connect(Role::Rest, 1024 * 1024);
    let chunks = format!("{chunked}10000\r\n{0}\r\n10000\r\n{0}\r\n", "a".repeat(0x1_0000));
    assert_eq!(status(&exchange(&mut endless, &chunks).await.0), "413");
    let mut broken = world.connect(Role::Rest, 1024);
    let chunks = format!("{chunked}what?\r\n");
    assert_eq!(status(&exchange(&mut broken, &chunks).await.0), "400");
    let mut slow = world.connect(Role::Rest, 1024);
    let head = "POST /0/private/Balance HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n";
    let began = Instant::now();
    assert_eq!(status(&exchange(&mut slow, head).await.0), "408");
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn the_tape_plays_on_tokios_time() {
    let world = World::new();
    let start = NOW;
    let at = |millis: u64, price: &str| {
        let mut trade = crate::kraken::fixture::trade(price, "1", model::Side::Buy);
        trade.venue_ts = start.plus(Duration::from_millis(millis));
        trade
    };
    let mut unknown = at(1_500, "3");
    unknown.symbol = model::Symbol::new("X/Y");
    let trades = vec![at(0, "100"), at(1_500, "101"), unknown, at(1_500, "102"), at(2_000, "103")];
    let mut stream = world.connect(Role::Rest, 4096);
    let mut playing = Box::pin(world.sim.play(&trades, start));
    assert!(timeout(Duration::from_millis(1_700), &mut playing).await.is_err());
    let ticker = "GET /0/public/Ticker?pair=XBTUSD HTTP/1.1\r\nHost: x\r\n\r\n";
    let (_, body) = exchange(&mut stream, ticker).await;
    assert!(body.contains(r#""c":["102.00000","1.00000000"]"#));
    let began = Instant::now();
    playing.await;
    assert_eq!(began.elapsed().as_millis(), 300);
    // One event per instant in which the pair traded.
    assert_eq!(world.memory.books().len(), 3);
}

fn rest(fault: RestFault) -> ProtocolFault {
    ProtocolFault::Rest { fault, methods: Vec::new() }
}

fn status(status: u16, executed: bool) -> ProtocolFault {
    rest(RestFault::Status { status, retry_after: None, executed })
}

/// Whether anything more comes within ten seconds.
async fn is_silent(stream: &mut DuplexStream) -> bool {
    timeout(Duration::from_secs(10), stream.read_u8()).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_hangs_comes_when_the_fault_is_over() {
    for executed in [true, false] {
        let world = World::new();
        let mut stream = world.connect(Role::Rest, 1024);
        let hang = RestFault::Hang { in_body: false, executed };
        world.sim.faults().switch_on(3, rest(hang));
        stream.write_all(order(1).as_bytes()).await.unwrap();
        assert!(is_silent(&mut stream).await);
        assert_eq!(world.sim.open_order_count(), usize::from(executed));
        world.sim.faults().switch_off(3);
        let (head, _) = exchange(&mut stream, "").await;
        let expected = if executed { "HTTP/1.1 200 OK" } else { "HTTP/1.1 504 Gateway Timeout" };
        assert!(head.starts_with(expected), "{head}");
        assert_eq!(world.sim.faults().struck(3), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_hangs_stops_halfway() {
    let world = World::new();
    let mut stream = world.connect(Role::Rest, 1024);
    world.sim.faults().switch_on(3, rest(RestFault::Hang { in_body: true, executed: true }));
    stream.write_all(TIME.as_bytes()).await.unwrap();
    assert!(read_until(&mut stream, "\r\n\r\n").await.contains("content-length: 87"));
    let mut half = [0; 43];
    stream.read_exact(&mut half).await.unwrap();
    assert!(is_silent(&mut stream).await);
    world.sim.faults().switch_off(3);
    let mut rest = [0; 44];
    stream.read_exact(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"}}"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_comes_after_its_delay_for_its_methods_only() {
    let world = World::new();
    let mut stream = world.connect(Role::Rest, 4096);
    let (min, max) = (Duration::from_secs(2), Duration::from_secs(4));
    let fault = RestFault::Slow { min, max };
    world
        .sim
        .faults()
        .switch_on(3, ProtocolFault::Rest { fault, methods: vec!["Time".to_owned()] });
    let mut delays = Vec::new();
    for _ in 0..5 {
        let asked = Instant::now();
        exchange(&mut stream, TIME).await;
        delays.push(asked.elapsed());
    }
    assert!(delays.iter().all(|delay| (min..=max).contains(delay)), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay != delays[0]), "{delays:?}");
    let asked = Instant::now();
    exchange(&mut stream, &TIME.replace("Time", "Assets")).await;
    assert_eq!((asked.elapsed(), world.sim.faults().struck(3)), (Duration::ZERO, 5));
}

#[tokio::test(start_paused = true)]
async fn a_request_to_retry_later_is_a_header() {
    let world = World::new();
    let mut stream = world.connect(Role::Rest, 1024);
    let retry_after = Some(Duration::from_secs(7));
    let fault = RestFault::Status { status: 429, retry_after, executed: false };
    world.sim.faults().switch_on(3, rest(fault));
    let (head, _) = exchange(&mut stream, TIME).await;
    assert!(head.contains("\r\nretry-after: 7\r\n"), "{head}");
}

/// An upgrade that is not complete is an attempt to connect, too.
const UPGRADE: &str = "GET /v2 HTTP/1.1\r\nHost: ws.kraken.com\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn who_connects_too_often_is_banned_for_ten_minutes_from_everything() {
    let world = World::new();
    for number in 0..150 {
        let mut stream = world.connect(Role::PublicStream, 4096);
        let (head, _) = exchange(&mut stream, UPGRADE).await;
        assert!(head.starts_with("HTTP/1.1 400"), "attempt {number}: {head}");
    }
    let mut stream = world.connect(Role::PrivateStream, 4096);
    let (head, body) = exchange(&mut stream, UPGRADE).await;
    assert!(head.starts_with("HTTP/1.1 429"), "{head}");
    assert!(head.contains("retry-after: 600\r\n"), "{head}");
    assert_eq!(body, "error code: 1015");
    // REST shares the edge.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut rest = world.connect(Role::Rest, 4096);
    let (head, body) = exchange(&mut rest, TIME).await;
    assert!(head.starts_with("HTTP/1.1 429") && head.contains("retry-after: 599\r\n"), "{head}");
    assert_eq!(body, "error code: 1015");
    let lines = world.memory.lines();
    assert_eq!(lines[lines.len() - 2..], ["answered stream: 429", "answered Time: 429"]);
    tokio::time::sleep(Duration::from_secs(600)).await;
    let mut rest = world.connect(Role::Rest, 4096);
    let (head, _) = exchange(&mut rest, TIME).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}

/// Each request is in the history once, and a right key goes on from the same address.
#[tokio::test(start_paused = true)]
async fn wrong_keys_lock_out_who_sends_them() {
    let world = World::new();
    let mut stream = world.connect(Role::Rest, 1024);
    let wrong = "POST /0/private/Balance HTTP/1.1\r\nHost: x\r\nAPI-Key: nobody\r\nAPI-Sign: eA==\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\nnonce=1";
    for _ in 0..25 {
        exchange(&mut stream, wrong).await;
    }
    let (_, answer) = exchange(&mut stream, &order(1)).await;
    assert!(answer.contains(r#""error":[]"#), "{answer}");
    let lines = world.memory.lines();
    let told = |line: &str| lines.iter().filter(|told| *told == line).count();
    assert_eq!(told("answered Balance: 200 EAPI:Invalid key"), 20);
    assert_eq!(told("answered Balance: 200 EGeneral:Temporary lockout"), 5);
    assert_eq!(told("answered AddOrder: 200"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_with_too_much_under_way_is_told_when_to_come_back() {
    let world = World::new();
    let hang = RestFault::Hang { in_body: false, executed: true };
    world.sim.faults().switch_on(1, ProtocolFault::Rest { fault: hang, methods: Vec::new() });
    let mut waiting = Vec::new();
    for nonce in 1..=32 {
        let mut stream = world.connect(Role::Rest, 4096);
        stream.write_all(order(nonce).as_bytes()).await.unwrap();
        waiting.push(stream);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut stream = world.connect(Role::Rest, 4096);
    let (head, body) = exchange(&mut stream, &order(33)).await;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert_eq!(body, r#"{"error":["EService: Throttled: 1795248089"]}"#);
    assert_eq!(world.sim.open_order_count(), 32, "it was not executed");
    world.sim.faults().switch_off(1);
    for stream in &mut waiting {
        read_until(stream, "\r\n\r\n").await;
    }
    let (_, body) = exchange(&mut stream, &order(34)).await;
    assert!(body.contains("txid"), "{body}");
}
