//! `wavetank trade`: the node on the real network and the real clock.

mod config;
mod console;
mod effective;
mod environment;
mod file;

use std::sync::Arc;

use anyhow::Context as _;
use node::{NodeError, NodeReport};
use platform::{
    Auditor, Entropy, Exposition, Platform, SystemClock, Tasks, TcpBinder, TcpConnector,
};
use telemetry::Recorder;
use tls::TlsConnector;
use tokio_util::sync::CancellationToken;

use self::config::Loaded;
pub(crate) use self::config::{ROOTS_BYTES_MAX, bytes};
use self::console::Console;
use crate::args::TradeArgs;
use crate::exit::Exit;
use crate::signals::{self, Inbox, News};
use crate::words::Words;

type Ended = Result<NodeReport, NodeError>;

pub(crate) fn execute(args: &TradeArgs) -> anyhow::Result<Exit> {
    let words = Words::start(args.log.as_deref())?;
    let done = run(args, &words);
    words.end();
    done
}

fn run(args: &TradeArgs, words: &Words) -> anyhow::Result<Exit> {
    let loaded = Loaded::load(&args.config)?;
    if args.check {
        let console = Console::start()?;
        console.say(loaded.effective.trim_end());
        console.end();
        return Ok(Exit::Pass);
    }
    let console = Console::start()?;
    greet(&console, &loaded);
    let stop = CancellationToken::new();
    let news = start(loaded, &console, stop.clone())?;
    let exit = attend(&news, &console, words, &stop)?;
    if exit != Exit::Interrupted {
        console.end();
    }
    Ok(exit)
}

fn greet(console: &Console, loaded: &Loaded) {
    let Loaded { node, spec, .. } = loaded;
    let symbols: Vec<_> = node.kraken.symbols.iter().map(ToString::to_string).collect();
    console.say(&format!("trading {} at {} with {spec}", symbols.join(", "), node.kraken.rest));
    if let Some(address) = node.endpoint {
        if address.port() == 0 {
            console.say(&format!("dashboard on a free port of {}, told below", address.ip()));
        } else {
            console.say(&format!("dashboard http://{address}/  (also /metrics, /health, /status)"));
        }
        if !address.ip().is_loopback() {
            console.say(
                "WARNING: this is not a loopback address, so everybody who reaches it can read it",
            );
        }
    }
    console.say("Ctrl-C ends it in order, a second Ctrl-C at once");
}

/// Runs the node on a thread of its own.
fn start(
    loaded: Loaded,
    console: &Console,
    stop: CancellationToken,
) -> anyhow::Result<Inbox<Ended>> {
    let entropy = Entropy::from_os().context("the machine has no randomness to give")?;
    let recorder = Recorder::new();
    metrics::set_global_recorder(recorder.clone()).context("metrics have a recorder already")?;
    let Loaded { node: config, roots, handshake_timeout, .. } = loaded;
    let (plain, clock) = (Arc::new(TcpConnector), Arc::new(SystemClock));
    let platform = Platform {
        clock: clock.clone(),
        entropy,
        tasks: Tasks::default(),
        connector: Arc::new(TlsConnector::new(plain, roots, clock, handshake_timeout)),
        binder: Arc::new(TcpBinder),
        auditor: Auditor::new(Arc::new(console.clone())),
        exposition: Exposition::new(move || recorder.render()),
    };
    signals::beside(move || node::run(config, platform, stop))
}

/// Waits for the end, and for signals that ask for it.
fn attend(
    news: &Inbox<Ended>,
    console: &Console,
    words: &Words,
    stop: &CancellationToken,
) -> anyhow::Result<Exit> {
    loop {
        match signals::next(news)? {
            News::Signal(signal) if stop.is_cancelled() => {
                // Not through the console, which may be what hangs.
                words.last(&format!(
                    "{signal} again: ended at once; orders may still be open at the venue"
                ));
                return Ok(Exit::Interrupted);
            }
            News::Signal(signal) => {
                console.say(&format!("{signal}: ending in order; once more ends at once"));
                stop.cancel();
            }
            News::Done(ended) => return Ok(judge(console, &ended)),
        }
    }
}

/// Says how the node ended.
fn judge(console: &Console, ended: &Ended) -> Exit {
    let (report, error) = match ended {
        Ok(report) => (report, None),
        Err(error @ (NodeError::Strategy { report, .. } | NodeError::Tasks { report, .. })) => {
            (report, Some(error))
        }
        Err(error) => {
            console.say(&format!("not started: {error}"));
            return Exit::NotStarted;
        }
    };
    console.say(&format!(
        "report: {} events, {} orders placed, {} wishes dropped",
        report.steps, report.orders, report.wishes_dropped
    ));
    for left in &report.unsettled {
        console.say(&format!("  may still be open at the venue: {left}"));
    }
    for left in &report.left {
        console.say(&format!("  not in order, but not needed either: {left}"));
    }
    if let Some(error) = error {
        console.say(&format!("  failed: {error}"));
    }
    match (report.unsettled.is_empty(), error) {
        (false, _) => Exit::OrdersLeft,
        (true, Some(_)) => Exit::PartFailed,
        (true, None) => {
            if report.left.is_empty() {
                console.say("  nothing left behind");
            }
            Exit::Pass
        }
    }
}
