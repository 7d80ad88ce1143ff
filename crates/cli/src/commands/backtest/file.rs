//! The file that `--config` names: what the arguments say, for each venue and each market.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use backtest::{FeeTier, Latency, LatencyConfig, RECORDED_MAX};
use matching::{Funding, Shortfall};
use model::{Asset, Notional};
use scenario::{Document, Step};
use serde::Deserialize;

use super::args::{FillRule, Path as BarPath};
use super::config::{Paid, fees, funding, latencies, paid, share_of};

/// Largest file taken, in bytes.
const BYTES_MAX: u64 = 1024 * 1024;
/// Largest file of recorded latencies, in bytes.
const RECORDED_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Names at the top that are lists of tables.
const TABLES: [&str; 2] = ["venue", "market"];

/// The whole file. Keys are named like the arguments, which go before them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) strategy: Option<String>,
    pub(super) currency: Option<String>,
    #[serde(default)]
    pub(super) at_par: Vec<String>,
    pub(super) seed: Option<u64>,
    pub(super) path: Option<BarPath>,
    equity_every: Option<String>,
    returns_every: Option<String>,
    pub(super) periods_per_year: Option<f64>,
    #[serde(default)]
    pub(super) finalize: bool,
    #[serde(default)]
    pub(super) stop_when_ruined: bool,
    #[serde(default, rename = "venue")]
    venues: Vec<Venue>,
    #[serde(default, rename = "market")]
    pub(super) markets: Vec<Market>,
}

/// Table `[[venue]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Venue {
    /// As it stands before the colon of a symbol; without, the venue that has no name.
    name: Option<String>,
    fees: Option<String>,
    #[serde(default)]
    tiers: Vec<Tier>,
    /// What the account has traded in 30 days: it chooses the tier.
    volume: Option<String>,
    /// Whether what the run trades moves the tier.
    #[serde(default)]
    tiers_move: bool,
    latency: Option<String>,
    /// Files of measured times, one a line, instead of what `latency` says of that way.
    feed_recorded: Option<PathBuf>,
    entry_recorded: Option<PathBuf>,
    response_recorded: Option<PathBuf>,
    #[serde(default)]
    balance: BTreeMap<String, String>,
    funding: Option<String>,
    cut: Option<bool>,
    /// As `--cut=SHARE`.
    cut_share: Option<String>,
    fixed_fee: Option<String>,
}

/// Fees from a volume on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tier {
    volume: String,
    fees: String,
}

/// Table `[[market]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Market {
    /// `BASE/QUOTE`, with its venue before a colon if that has a name.
    pub(super) symbol: String,
    /// Files, from the folder of this one.
    #[serde(default)]
    pub(super) tape: Vec<PathBuf>,
    pub(super) price_decimals: Option<u32>,
    pub(super) quantity_decimals: Option<u32>,
    pub(super) cost_decimals: Option<u32>,
    pub(super) fill: Option<FillRule>,
    pub(super) queue_power: Option<u32>,
    pub(super) slippage: Option<String>,
    pub(super) slippage_on_entries: Option<bool>,
}

/// What the file says of one venue.
#[derive(Debug, Default)]
pub(super) struct VenueRules {
    pub(super) fees: Option<Paid>,
    pub(super) volume: Option<Notional>,
    pub(super) latency: Option<LatencyConfig>,
    pub(super) balances: BTreeMap<Asset, Notional>,
    pub(super) funding: Option<Funding>,
    pub(super) shortfall: Option<Shortfall>,
    pub(super) fixed_fee: Option<Notional>,
}

/// A file that was read; without one, nothing is said.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    path: PathBuf,
    text: String,
    pub(super) file: File,
    pub(super) equity_every: Option<Duration>,
    pub(super) returns_every: Option<Duration>,
    /// By name; `None` for the one without.
    venues: BTreeMap<Option<String>, VenueRules>,
}

impl Loaded {
    /// Reads a file, whole.
    pub(super) fn load(path: &Path) -> anyhow::Result<Self> {
        let text = text_of(path, "a configuration file", BYTES_MAX)?;
        let file: File = Document::parse(path, &text, &TABLES)?.read()?;
        let mut loaded = Self { path: path.to_owned(), text, file, ..Self::default() };
        let time = |key, text: &Option<String>| {
            let time = text.as_deref().map(scenario::parse_duration).transpose();
            time.map_err(|why| loaded.wrong(&[Step::Key(key)], &anyhow!(why)))
        };
        let equity_every = time("equity_every", &loaded.file.equity_every)?;
        let returns_every = time("returns_every", &loaded.file.returns_every)?;
        (loaded.equity_every, loaded.returns_every) = (equity_every, returns_every);
        for (index, venue) in loaded.file.venues.iter().enumerate() {
            let rules = loaded.venue(index, venue)?;
            if loaded.venues.insert(venue.name.clone(), rules).is_some() {
                let why = anyhow!("expected each venue once");
                return Err(loaded.wrong(&[Step::Key("venue"), Step::Index(index)], &why));
            }
        }
        loaded.check_markets()?;
        Ok(loaded)
    }

    /// What is said of a venue.
    pub(super) fn rules(&self, venue: Option<&str>) -> Option<&VenueRules> {
        self.venues.get(&venue.map(str::to_owned))
    }

    /// What is said of a market.
    pub(super) fn market(&self, symbol: &str) -> Option<&Market> {
        self.file.markets.iter().find(|market| market.symbol == symbol)
    }

    /// The files of the markets that have some.
    pub(super) fn tapes(&self) -> impl Iterator<Item = (String, PathBuf)> {
        let folder = self.folder();
        self.file.markets.iter().flat_map(move |market| {
            let symbol = market.symbol.clone();
            market.tape.iter().map(move |path| (symbol.clone(), folder.join(path)))
        })
    }

    /// An error at a key of a market.
    pub(super) fn wrong_market(
        &self,
        symbol: &str,
        key: &str,
        why: &anyhow::Error,
    ) -> anyhow::Error {
        let index = self.file.markets.iter().position(|market| market.symbol == symbol);
        self.wrong(&[Step::Key("market"), Step::Index(index.unwrap_or(0)), Step::Key(key)], why)
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new(""))
    }

    /// Every venue of the file must be that of a market, here or on the command line.
    pub(super) fn check_venues(&self, known: &BTreeSet<Option<String>>) -> anyhow::Result<()> {
        for (index, venue) in self.file.venues.iter().enumerate() {
            if !known.contains(&venue.name) {
                let why = anyhow!("expected a venue that a market is of");
                let at = [Step::Key("venue"), Step::Index(index), Step::Key("name")];
                return Err(self.wrong(&at, &why));
            }
        }
        Ok(())
    }

    fn check_markets(&self) -> anyhow::Result<()> {
        let mut symbols = BTreeSet::new();
        for (index, market) in self.file.markets.iter().enumerate() {
            let at = |key| [Step::Key("market"), Step::Index(index), Step::Key(key)];
            if !symbols.insert(&market.symbol) {
                return Err(self.wrong(&at("symbol"), &anyhow!("expected each market once")));
            }
            if market.queue_power.is_some_and(|power| !(1..=3).contains(&power)) {
                return Err(self.wrong(&at("queue_power"), &anyhow!("expected 1 to 3")));
            }
        }
        Ok(())
    }

    fn venue(&self, index: usize, venue: &Venue) -> anyhow::Result<VenueRules> {
        let wrong = |key, why: anyhow::Error| {
            self.wrong(&[Step::Key("venue"), Step::Index(index), Step::Key(key)], &why)
        };
        let mut rates =
            venue.fees.as_deref().map(paid).transpose().map_err(|why| wrong("fees", why))?;
        if !venue.tiers.is_empty() {
            if rates.is_some() {
                return Err(wrong("tiers", anyhow!("expected `fees` or `tiers`, not both")));
            }
            rates = Some(tier_of(venue).map_err(|why| wrong("tiers", why))?);
        } else if venue.tiers_move {
            return Err(wrong("tiers_move", anyhow!("expected `tiers`")));
        }
        let text = venue.latency.as_deref();
        let mut latency = text.map(latencies).transpose().map_err(|why| wrong("latency", why))?;
        for (way, file) in [
            ("feed_recorded", &venue.feed_recorded),
            ("entry_recorded", &venue.entry_recorded),
            ("response_recorded", &venue.response_recorded),
        ] {
            let Some(file) = file else { continue };
            let recorded = recorded(&self.folder().join(file)).map_err(|why| wrong(way, why))?;
            let latency = latency.get_or_insert(LatencyConfig::ZERO);
            match way {
                "feed_recorded" => latency.feed = recorded,
                "entry_recorded" => latency.entry = recorded,
                _ => latency.response = recorded,
            }
        }
        let balance =
            |(asset, amount): (&String, &String)| Ok((Asset::new(asset), Notional::parse(amount)?));
        let balances = venue.balance.iter().map(balance).collect::<anyhow::Result<_>>();
        let cut = match (&venue.cut_share, venue.cut) {
            (Some(share), _) => share_of(share).map(Some),
            (None, Some(true)) => Ok(Some(Shortfall::CUT)),
            (None, Some(false) | None) => Ok(None),
        };
        let fixed = venue.fixed_fee.as_deref().map(|text| Ok(Notional::parse(text)?)).transpose();
        let volume = venue.volume.as_deref().map(|text| Ok(Notional::parse(text)?)).transpose();
        let owed = venue.funding.as_deref().map(funding);
        Ok(VenueRules {
            fees: rates,
            volume: volume.map_err(|why| wrong("volume", why))?,
            latency,
            balances: balances.map_err(|why| wrong("balance", why))?,
            funding: owed.transpose().map_err(|why| wrong("funding", why))?,
            shortfall: cut.map_err(|why| wrong("cut_share", why))?,
            fixed_fee: fixed.map_err(|why| wrong("fixed_fee", why))?,
        })
    }

    /// What is wrong at a key: file, line, statement, and why.
    pub(super) fn wrong(&self, at: &[Step<'_>], why: &anyhow::Error) -> anyhow::Error {
        match Document::parse(&self.path, &self.text, &TABLES) {
            Ok(document) => {
                let key = at.iter().rev().find_map(|step| match step {
                    Step::Key(key) => Some(*key),
                    Step::Index(_) => None,
                });
                anyhow!("{}: `{}`: {why:#}", document.locate(at), key.unwrap_or_default())
            }
            Err(error) => error.into(),
        }
    }
}

/// All tiers where they move, else the fees of the highest one whose volume the account has.
fn tier_of(venue: &Venue) -> anyhow::Result<Paid> {
    let volume = venue.volume.as_deref().unwrap_or("0");
    let volume = Notional::parse(volume).with_context(|| format!("volume {volume}"))?;
    let (mut chosen, mut all) = (None, Vec::new());
    let mut before = None;
    for tier in &venue.tiers {
        let from =
            Notional::parse(&tier.volume).with_context(|| format!("volume {}", tier.volume))?;
        ensure!(before.is_none_or(|before| before < from), "expected tiers by rising volume");
        before = Some(from);
        let rates = fees(&tier.fees).with_context(|| format!("fees {}", tier.fees))?;
        all.push(FeeTier { volume: from, fees: rates });
        if from <= volume {
            chosen = Some(rates);
        }
    }
    let chosen = chosen.context("expected a tier from volume 0 on")?;
    Ok(if venue.tiers_move { Paid::ByVolume(all) } else { Paid::Always(chosen) })
}

/// Measured latencies: one time with its unit in each line; `#` begins a comment.
fn recorded(path: &Path) -> anyhow::Result<Latency> {
    let text = text_of(path, "a file of recorded latencies", RECORDED_BYTES_MAX)?;
    let shown = path.display();
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let time = line.split('#').next().unwrap_or_default().trim();
        if time.is_empty() {
            continue;
        }
        let time = scenario::parse_duration(time)
            .map_err(|why| anyhow!("{shown}:{}: {why}", number + 1))?;
        all.push(time);
    }
    ensure!(
        (1..=RECORDED_MAX).contains(&all.len()),
        "{shown}: expected 1 to {RECORDED_MAX} times, found {}",
        all.len()
    );
    Ok(Latency::Recorded(Arc::from(all)))
}

/// A text file of bounded size.
fn text_of(path: &Path, what: &str, bytes_max: u64) -> anyhow::Result<String> {
    let shown = path.display();
    let file = fs::File::open(path).with_context(|| format!("{shown}: expected {what}"))?;
    let mut text = String::new();
    let read = file.take(bytes_max + 1).read_to_string(&mut text);
    read.with_context(|| format!("{shown}: cannot be read as text"))?;
    ensure!(
        u64::try_from(text.len())? <= bytes_max,
        "{shown}: expected {what} of at most {bytes_max} bytes"
    );
    Ok(text)
}
