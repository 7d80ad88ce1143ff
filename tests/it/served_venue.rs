//! `wavetank serve`: its control port, TLS, and what hostile clients can do.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::real_sockets::{Process, get};
use crate::support::root;

struct Served {
    process: Process,
    address: String,
    control: String,
}

fn serve(more: &[&str]) -> Served {
    let tape = "data/tapes/BTCUSD_sample_30m.csv";
    let ports = ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"];
    let arguments = [&["serve", "kraken", "--tape", tape], &ports[..], more].concat();
    let mut process = Process::start(&arguments, &[]);
    let mut after = |label: &str, scheme: &str| {
        let line = process.says(label);
        let (_, address) = line.split_once(scheme).expect("an address");
        address.trim().trim_end_matches("/state").to_owned()
    };
    let address = after("REST", "://");
    let control = after("Control", "http://");
    process.says("Ctrl-C");
    Served { process, address, control }
}

/// Sends bytes and returns what comes back until the end, or until nothing comes for a while.
fn send(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_read_timeout(Some(Duration::from_secs(2))).expect("a timeout above zero");
    // A server that refuses may close while we still send.
    drop(stream.write_all(bytes));
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(address: &str, method: &str, path: &str, body: &str) -> Value {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n"
    );
    let answer = send(address, format!("{head}{body}").as_bytes());
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    serde_json::from_str(body).expect("JSON")
}

fn status(served: &Served) -> String {
    get(&served.address, "/0/public/SystemStatus").1
}

#[test]
fn the_control_port_changes_phases_and_injects_and_heals_faults() {
    let mut served = serve(&[]);
    let control = served.control.clone();
    let state = request(&control, "GET", "/state", "");
    assert_eq!(state["phase"], "online");
    assert_eq!(state["accounts"]["trader"]["USD"]["total"], "1000000");
    let changed = request(&control, "POST", "/phase", r#"{"phase":"maintenance"}"#);
    assert_eq!(changed["phase"], "maintenance");
    assert!(status(&served).contains(r#""status":"maintenance""#));
    let ticker = get(&served.address, "/0/public/Ticker?pair=XBTUSD").1;
    assert_eq!(ticker, r#"{"error":["EService:Unavailable"]}"#);
    request(&control, "POST", "/phase", r#"{"phase":"online"}"#);
    let refused = request(&control, "POST", "/phase", r#"{"phase":"holiday"}"#);
    assert!(refused["error"].as_str().expect("a text").contains("found `holiday`"));
    let fault = r#"{"kind":"rest-status","status":503}"#;
    let id = request(&control, "POST", "/faults", fault)["id"].as_u64().expect("a number");
    assert!(get(&served.address, "/0/public/Time").0.contains("503"));
    let healed = request(&control, "DELETE", &format!("/faults/{id}"), "");
    assert_eq!(healed["struck"], 1);
    assert!(get(&served.address, "/0/public/Time").0.contains("200"));
    let locked = r#"{"account":"trader","standing":"locked"}"#;
    assert_eq!(request(&control, "POST", "/accounts", locked)["trader"], "locked");
    let nobody = r#"{"account":"nobody","standing":"locked"}"#;
    let nobody = request(&control, "POST", "/accounts", nobody);
    assert_eq!(nobody["error"], "there is no account `nobody`");
    let unknown = request(&control, "POST", "/faults", r#"{"kind":"hold"}"#);
    assert!(unknown["error"].as_str().expect("a text").contains("needs the simulated network"));
    served.process.signal("INT");
    assert!(served.process.ends().success());
}

/// A page of the web may give its own name our address, and then ask in its visitor's browser.
#[test]
fn the_control_port_answers_nobody_who_calls_it_by_another_name() {
    let served = serve(&["--other-pairs", "none"]);
    let port = served.control.rsplit(':').next().expect("a port");
    let asked = |host: &str, origin: &str| {
        let body = r#"{"phase":"maintenance"}"#;
        let head = format!(
            "POST /phase HTTP/1.1\r\nhost: {host}\r\n{origin}connection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let answer = send(&served.control, format!("{head}{body}").as_bytes());
        answer.split(' ').nth(1).expect("a status").to_owned()
    };
    let us = format!("localhost:{port}");
    assert_eq!(asked(&format!("evil.example:{port}"), ""), "421");
    assert_eq!(asked(&us, "origin: https://evil.example\r\n"), "403");
    assert_eq!(asked(&us, "origin: null\r\n"), "403");
    assert!(status(&served).contains(r#""status":"online""#));
    assert_eq!(asked(&us, &format!("origin: http://127.0.0.1:{port}\r\n")), "200");
    assert!(status(&served).contains(r#""status":"maintenance""#));
}

#[test]
fn hostile_clients_are_refused_and_others_do_not_notice() {
    let served = serve(&["--other-pairs", "none"]);
    let address = served.address.as_str();
    // Heads that never end, and connections that say nothing.
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(address).expect("somebody listens");
        stream.write_all(b"GET /0/public/Time HTTP/1.1\r\nx-slow: ").expect("sent");
        slow.push(stream);
    }
    let huge = format!(
        "POST /0/private/Balance HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        1 << 30
    );
    assert!(send(address, huge.as_bytes()).contains("413"));
    let mut endless =
        b"POST /0/private/Balance HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_vec();
    for _ in 0..100 {
        endless.extend_from_slice(b"1000\r\n");
        endless.extend(std::iter::repeat_n(b'x', 0x1000));
        endless.extend_from_slice(b"\r\n");
    }
    assert!(send(address, &endless).contains("413"));
    let long = format!("GET /0/public/Time?{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(100_000));
    assert!(send(address, long.as_bytes()).starts_with("HTTP/1.1 4"));
    assert!(send(address, b"\xff\xfe\x00 nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
    let bad_text = b"POST /0/private/Balance HTTP/1.1\r\nhost: x\r\napi-key: \xff\xfe\r\ncontent-length: 9\r\nconnection: close\r\n\r\nnonce=\xff\xfe%";
    assert!(send(address, bad_text).contains("EAPI:Invalid key"));
    for number in 0..300 {
        let answer = request(address, "POST", "/0/private/AddOrder", "nonce=1");
        // The one before this loop counts, too.
        let expected = if number < 19 { "EAPI:Invalid key" } else { "EGeneral:Temporary lockout" };
        assert_eq!(answer["error"][0], expected, "request {number}");
    }
    assert!(status(&served).contains(r#""status":"online""#));
    drop(slow);
    drop(served);
}

#[test]
fn tls_is_served_with_the_certificate_that_is_written() {
    let file = root().join("target/tests/served.pem");
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder for the test");
    let served = serve(&[&format!("--tls={}", file.display())]);
    let text = fs::read_to_string(&file).expect("the certificate");
    assert!(text.starts_with("-----BEGIN CERTIFICATE-----"), "{text}");
    let url = format!("https://{}/0/public/Time", served.address);
    let asked = |more: &[&str]| {
        let arguments = ["--silent", "--max-time", "20", "--noproxy", "*"];
        Command::new("curl").args(arguments).args(more).arg(&url).output()
    };
    let Ok(trusting) = asked(&["--cacert", file.to_str().expect("a plain path")]) else {
        println!("skipped: no curl");
        return;
    };
    let answer = String::from_utf8_lossy(&trusting.stdout);
    assert!(answer.contains("unixtime"), "{answer}{}", String::from_utf8_lossy(&trusting.stderr));
    let doubting = asked(&[]).expect("curl runs");
    assert!(!doubting.status.success(), "a certificate of its own is trusted by nobody else");
}
