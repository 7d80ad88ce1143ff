//! The same node on real sockets and the real clock: `wavetank serve` and `wavetank trade` as processes.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::support::{program, root};

/// Longest wait for anything here. Generous: other tests run at the same time.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program whose lines are read as they come. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    pub(crate) said: Vec<String>,
}

impl Process {
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::start_with(arguments, variables, Stdio::inherit())
    }

    /// With its log in a pipe that nobody reads, unless [`Process::log`] does.
    fn start_with(arguments: &[&str], variables: &[(&str, &str)], log: Stdio) -> Self {
        let mut command = Command::new(program());
        command.args(arguments).envs(variables.iter().copied()).current_dir(root()).stderr(log);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (told, lines) = mpsc::sync_channel(10_000);
        #[expect(clippy::disallowed_methods, reason = "reads a pipe beside the test")]
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, said: Vec::new() }
    }

    /// Waits for a line with a text in it.
    pub(crate) fn says(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("`{text}` was not said:\n{}", self.said.join("\n"));
                }
            }
        }
    }

    /// What is in the pipe of the log, up to its end: the program must have ended.
    fn log(&mut self) -> String {
        let mut log = String::new();
        let mut pipe = self.child.stderr.take().expect("piped");
        pipe.read_to_string(&mut log).expect("a text");
        log
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.expect("`kill` runs").success(), "-{name} {id}");
    }

    /// Waits for the end; the last lines are in `said` then.
    pub(crate) fn ends(&mut self) -> ExitStatus {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("no end:\n{}", self.said.join("\n")),
            }
        }
        self.child.wait().expect("a child of ours")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A simulated Kraken on a free port.
struct Venue {
    process: Process,
    address: String,
    key: String,
    secret: String,
}

impl Venue {
    fn serve() -> Self {
        Self::serve_with("http://", &[])
    }

    /// In TLS, with the certificate in that file.
    fn serve_tls(certificate: &Path) -> Self {
        Self::serve_with("https://", &[&format!("--tls={}", certificate.display())])
    }

    fn serve_with(scheme: &str, more: &[&str]) -> Self {
        let tape = "data/tapes/BTCUSD_sample_30m.csv";
        let arguments =
            ["serve", "kraken", "--tape", tape, "--listen", "127.0.0.1:0", "--speed", "10"];
        let mut process = Process::start(&[&arguments, more].concat(), &[]);
        let mut after = |label: &str| {
            let line = process.says(label);
            line.split_once(label).expect("just found").1.trim().to_owned()
        };
        let address = after(scheme);
        let (key, secret) = (after("API key"), after("API secret"));
        process.says("Ctrl-C");
        Self { process, address, key, secret }
    }
}

/// A node that trades often, with its endpoint.
struct Trader {
    process: Process,
    endpoint: String,
}

impl Trader {
    fn start(name: &str, venue: &str, key: &str, secret: &str) -> Self {
        let keys = [("TEST_KEY", key), ("TEST_SECRET", secret)];
        Self::start_with(name, venue, &keys, &[], Stdio::inherit())
    }

    fn start_with(
        name: &str,
        venue: &str,
        keys: &[(&str, &str)],
        more: &[&str],
        log: Stdio,
    ) -> Self {
        let endpoint = format!("127.0.0.1:{}", free_port());
        let venue = format!("http://{venue}");
        Self::start_by(config(name, &venue, &endpoint, ""), endpoint, keys, more, log)
    }

    /// At a venue that speaks TLS. `trust` is what the configuration says about that.
    fn start_tls(name: &str, address: &str, [key, secret]: [&str; 2], trust: &str) -> Self {
        let endpoint = format!("127.0.0.1:{}", free_port());
        let config = config(name, &format!("https://{address}"), &endpoint, trust);
        let keys = [("TEST_KEY", key), ("TEST_SECRET", secret)];
        Self::start_by(config, endpoint, &keys, &[], Stdio::inherit())
    }

    fn start_by(
        config: PathBuf,
        endpoint: String,
        keys: &[(&str, &str)],
        more: &[&str],
        log: Stdio,
    ) -> Self {
        let config = config.to_str().expect("a path of ours");
        let arguments = [&["trade", "--config", config], more].concat();
        let process = Process::start_with(&arguments, keys, log);
        Self { process, endpoint }
    }
}

/// A folder for what tests here write.
fn folder() -> PathBuf {
    let folder = root().join("target/tests/real-sockets");
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

fn config(name: &str, venue: &str, endpoint: &str, more: &str) -> PathBuf {
    let path = folder().join(format!("{name}.toml"));
    let text = format!(
        r#"
[venue]
rest = "{venue}"
symbols = ["BTC/USD"]
api_key = {{ env = "TEST_KEY" }}
api_secret = {{ env = "TEST_SECRET" }}
silence_max = "1s"

[strategy]
spec = "quoter:every_s=1"

[risk]
order_quantity_max = "0.1"
position_max = "0.5"
working_orders_max = 4

[node]
reconcile_every = "1s"

[read_lane]
attempt_timeout = "500ms"

[endpoint]
listen = "{endpoint}"

{more}
"#
    );
    fs::write(&path, text).expect("writable");
    path
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

/// Status line and body of a GET.
pub(crate) fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("a text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn a_node_on_real_sockets_places_orders_is_scraped_and_ends_in_order() {
    let mut venue = Venue::serve();
    let mut trader = Trader::start("in-order", &venue.address, &venue.key, &venue.secret);
    trader.process.says(" open, 0 filled");
    let (status, health) = get(&trader.endpoint, "/health");
    assert_eq!(status, "HTTP/1.1 200 OK", "{health}");
    assert!(health.starts_with(r#"{"status":"up","#), "{health}");
    let (status, metrics) = get(&trader.endpoint, "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    for metric in [
        r#"wavetank_dependency_up{critical="true",dependency="kraken/public"} 1"#,
        r#"wavetank_node_state{state="up"} 1"#,
        "wavetank_orders_total ",
    ] {
        assert!(metrics.contains(metric), "`{metric}` is missing in:\n{metrics}");
    }
    let (status, _) = get(&trader.endpoint, "/nothing");
    assert_eq!(status, "HTTP/1.1 404 Not Found");

    trader.process.signal("TERM");
    let end = trader.process.ends();
    let said = trader.process.said.join("\n");
    assert_eq!(end.code(), Some(0), "{said}");
    assert!(said.contains("SIGTERM: ending in order"), "{said}");
    assert!(said.contains("report: ") && said.ends_with("nothing left behind"), "{said}");

    venue.process.signal("INT");
    assert_eq!(venue.process.ends().code(), Some(0));
    let last = venue.process.said.last().expect("it says goodbye");
    assert_eq!(last, "stopped; orders left open: 0");
}

#[test]
fn a_second_signal_ends_a_node_at_once_whose_venue_hangs() {
    let venue = Venue::serve();
    let mut trader = Trader::start("hung", &venue.address, &venue.key, &venue.secret);
    trader.process.says(" open, 0 filled");
    venue.process.signal("STOP");
    trader.process.says("does not work: ");
    let (status, health) = get(&trader.endpoint, "/health");
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable", "{health}");
    trader.process.signal("TERM");
    trader.process.says("cancelling open orders");
    let (_, status) = get(&trader.endpoint, "/status");
    assert!(status.starts_with(r#"{"status":"stopping","#), "{status}");
    trader.process.signal("TERM");
    let end = trader.process.ends();
    assert_eq!(end.code(), Some(130), "{}", trader.process.said.join("\n"));
    venue.process.signal("CONT");
}

/// Bytes that a pipe holds.
const PIPE_BYTES: usize = 64 * 1024;

#[test]
fn a_log_that_nobody_reads_holds_up_neither_the_trading_nor_the_end() {
    let venue = Venue::serve();
    let keys = [("TEST_KEY", venue.key.as_str()), ("TEST_SECRET", venue.secret.as_str())];
    let log = ["--log", "trace"];
    let mut trader = Trader::start_with("unread", &venue.address, &keys, &log, Stdio::piped());
    // Long enough to fill the pipe, which is checked below.
    for _ in 0..60 {
        trader.process.says("  order ");
    }
    // With an order that cannot be cancelled, so that the end in order takes its time.
    trader.process.says(" open, 0 filled");
    venue.process.signal("STOP");
    trader.process.signal("TERM");
    trader.process.says("cancelling open orders");
    trader.process.signal("TERM");
    let end = trader.process.ends();
    venue.process.signal("CONT");
    assert_eq!(end.code(), Some(130), "{}", trader.process.said.join("\n"));
    let log = trader.process.log();
    assert!(log.len() >= PIPE_BYTES - 4_096, "{} bytes say nothing about a full pipe", log.len());
}

#[test]
fn the_last_words_of_a_log_appear() {
    let venue = format!("127.0.0.1:{}", free_port());
    let keys = [("TEST_KEY", "key"), ("TEST_SECRET", "c2VjcmV0")];
    let log = ["--log", "info"];
    let mut trader = Trader::start_with("words", &venue, &keys, &log, Stdio::piped());
    trader.process.says("endpoint works: listens on ");
    trader.process.signal("INT");
    let end = trader.process.ends();
    assert_eq!(end.code(), Some(0), "{}", trader.process.said.join("\n"));
    let log = trader.process.log();
    let last = log.lines().last().unwrap_or_default();
    assert!(last.contains("shutdown") && last.contains("stopped"), "{log}");
}

#[test]
fn a_node_whose_venue_is_not_there_yet_waits_for_it_and_can_be_stopped() {
    let venue = format!("127.0.0.1:{}", free_port());
    let mut trader = Trader::start("alone", &venue, "key", "c2VjcmV0");
    trader.process.says("endpoint works");
    let (status, health) = get(&trader.endpoint, "/health");
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert!(health.contains("not heard of yet"), "{health}");
    trader.process.signal("INT");
    let end = trader.process.ends();
    assert_eq!(end.code(), Some(0), "{}", trader.process.said.join("\n"));
}

#[test]
fn a_node_whose_own_port_is_taken_trades_without_its_endpoint() {
    let venue = Venue::serve();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = taken.local_addr().expect("bound").to_string();
    let config = config("taken", &format!("http://{}", venue.address), &endpoint, "");
    let config = config.to_str().expect("a path of ours");
    let keys = [("TEST_KEY", venue.key.as_str()), ("TEST_SECRET", venue.secret.as_str())];
    let mut trader = Process::start(&["trade", "--config", config], &keys);
    trader.says(" open, 0 filled");
    trader.signal("TERM");
    assert_eq!(trader.ends().code(), Some(0), "{}", trader.said.join("\n"));
}

#[test]
fn a_node_trades_in_tls_with_a_venue_whose_certificate_it_was_told_to_trust() {
    let certificate = folder().join("trusted.pem");
    let venue = Venue::serve_tls(&certificate);
    let trust = format!("[tls]\nroots = \"{}\"", certificate.display());
    let keys = [venue.key.as_str(), venue.secret.as_str()];
    let mut trader = Trader::start_tls("in-tls", &venue.address, keys, &trust);
    // Orders by REST, and both streams: an order is open when the private one has said so.
    trader.process.says(" open, 0 filled");
    let (status, health) = get(&trader.endpoint, "/health");
    assert_eq!(status, "HTTP/1.1 200 OK", "{health}");
    let (_, metrics) = get(&trader.endpoint, "/metrics");
    for stream in ["kraken/public", "kraken/private"] {
        let up = format!(r#"wavetank_dependency_up{{critical="true",dependency="{stream}"}} 1"#);
        assert!(metrics.contains(&up), "`{up}` is missing in:\n{metrics}");
    }
    trader.process.signal("TERM");
    assert_eq!(trader.process.ends().code(), Some(0), "{}", trader.process.said.join("\n"));
}

#[test]
fn a_node_does_not_trade_with_whom_it_cannot_trust_and_says_why() {
    let venue = Venue::serve_tls(&folder().join("stranger.pem"));
    let mut trader = Trader::start_tls("stranger", &venue.address, ["key", "c2VjcmV0"], "");
    trader.process.says("is signed by nobody who is trusted here");
    let (status, health) = get(&trader.endpoint, "/health");
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable", "{health}");
    // That of another venue has the same names, but not the same key.
    let other = folder().join("other.pem");
    drop(Venue::serve_tls(&other));
    let trust = format!("[tls]\nroots = \"{}\"", other.display());
    let mut trader = Trader::start_tls("other", &venue.address, ["key", "c2VjcmV0"], &trust);
    trader
        .process
        .says("but not its key; is the root certificate of the configuration an old one?");
}

#[test]
fn a_node_that_expects_tls_where_none_is_spoken_says_so() {
    let venue = Venue::serve();
    let mut trader = Trader::start_tls("plain", &venue.address, ["key", "c2VjcmV0"], "");
    trader.process.says("does not speak TLS on this port");
    // Nobody accepts, so that nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("bound").to_string();
    let hasty = "[tls]\nhandshake_timeout = \"200ms\"";
    let mut trader = Trader::start_tls("silent", &address, ["key", "c2VjcmV0"], hasty);
    trader.process.says("no agreement on TLS within 200ms; is it TLS that is spoken there?");
}

#[test]
fn trades_are_fetched_in_tls() {
    let certificate = folder().join("fetched.pem");
    let venue = Venue::serve_tls(&certificate);
    let (url, out) = (format!("https://{}", venue.address), folder().join("fetched.csv"));
    drop(fs::remove_file(&out));
    let fetch = |more: &[&str]| {
        let mut command = Command::new(program());
        command.args(["tape", "fetch", "kraken", "--pair", "XBTUSD", "--from", "2020-01-01"]);
        command.args(["--pace", "10ms", "--base-url", &url]).args(more).arg("--out").arg(&out);
        command.output().expect("the program starts")
    };
    let roots = certificate.to_str().expect("a path of ours");
    let done = fetch(&["--roots", roots]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{said}");
    let rows = fs::read_to_string(&out).expect("a file").lines().count();
    assert!(rows > 100, "{rows} rows: {said}");
    let refused = fetch(&[]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_ne!(refused.status.code(), Some(0));
    assert!(said.contains("is signed by nobody who is trusted here"), "{said}");
}
