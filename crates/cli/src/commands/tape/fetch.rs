//! `wavetank tape fetch`: market data from the venues, politely, and from where it stopped.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use model::UnixNanos;
use platform::{Clock as _, SystemClock, TaskGroup};

use crate::Exit;
use crate::args::{FetchArgs, FetchVenue};
use crate::signals::{self, News};
use crate::url::Url;
use tls::Roots;

mod archive;
mod kraken;
mod web;

use web::{Manners, Web};

/// Kraken's REST interface.
const KRAKEN: &str = "https://api.kraken.com";
/// Binance's public archive.
const BINANCE: &str = "https://data.binance.vision";

/// What a fetch did, for the last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Fetched {
    /// Files or rows that are there now and were not before.
    new: u64,
    /// Files that the venue does not have.
    missing: u64,
}

pub(crate) fn execute(args: &FetchArgs) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    let url = args.web().base_url.as_deref();
    let (site, wanted) = match &args.venue {
        FetchVenue::Kraken(args) => {
            let wanted = kraken::Wanted::new(args)?;
            (web::site(url.unwrap_or(KRAKEN))?, Wanted::Kraken(wanted))
        }
        FetchVenue::Binance(args) => {
            let wanted = archive::Wanted::new(args, now)?;
            (web::site(url.unwrap_or(BINANCE))?, Wanted::Archive(wanted))
        }
    };
    let manners = Manners::new(args.web().pace)?;
    let roots = web::roots(args.web().roots.as_deref())?;
    let news = signals::beside(move || async move { fetch(site, roots, manners, wanted).await })?;
    match signals::next(&news)? {
        News::Signal(_) => {
            say("stopped; the same command goes on from here")?;
            Ok(Exit::Interrupted)
        }
        News::Done(fetched) => {
            let missing = fetched?.missing > 0;
            Ok(if missing { Exit::Refused } else { Exit::Pass })
        }
    }
}

/// What is to be fetched.
enum Wanted {
    Kraken(kraken::Wanted),
    Archive(archive::Wanted),
}

async fn fetch(
    site: Url,
    roots: Roots,
    manners: Manners,
    wanted: Wanted,
) -> anyhow::Result<Fetched> {
    let group = TaskGroup::new("fetch");
    let mut web = Web::new(site, roots, manners, group.spawner())?;
    match wanted {
        Wanted::Kraken(wanted) => wanted.fetch(&mut web).await,
        Wanted::Archive(wanted) => wanted.fetch(&mut web).await,
    }
}

/// Tells a person what happens, beside the result.
fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{text}")?)
}

/// `2024-08-08`.
fn day(ts: UnixNanos) -> String {
    tape::format_utc(ts).chars().take("2024-08-08".len()).collect()
}

fn shown(path: &Path) -> impl Fn() -> String + '_ {
    move || path.display().to_string()
}

/// Creates the folder of a file, if it is missing.
fn make_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(shown(path))
}

#[cfg(test)]
mod tests;
