//! `wavetank tape`.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use model::{Price, UnixNanos};
use tape::{GeneratorConfig, MarketKind, TapeTrade, TradeGenerator, write_trades};

use crate::Exit;
use crate::args::{GenerateArgs, MarketArg, TapeArgs, TapeCommand};

mod convert;
mod fetch;
pub(super) mod survey;

pub(crate) fn execute(args: &TapeArgs) -> anyhow::Result<Exit> {
    match &args.command {
        TapeCommand::Info(args) => survey::info(args),
        TapeCommand::Check(args) => survey::check(args),
        TapeCommand::Convert(args) => convert::convert(args),
        TapeCommand::Generate(args) => generate(args),
        TapeCommand::Fetch(args) => fetch::execute(args),
    }
}

fn generate(args: &GenerateArgs) -> anyhow::Result<Exit> {
    let mut seen = Seen::default();
    let generator = TradeGenerator::new(config(args)?, args.seed)?;
    write_new(&args.out, generator.inspect(|trade| seen.add(trade)))?;
    if seen.rows == 0 {
        fs::remove_file(&args.out)?;
        return Err(anyhow!("nobody trades in so short a market: give a longer --length"));
    }
    let span = seen.last.unwrap_or_default().since(seen.first.unwrap_or_default());
    writeln!(
        std::io::stdout(),
        "{}: {} trades in {}, prices {} to {}",
        args.out.display(),
        seen.rows,
        scenario::format_duration(std::time::Duration::from_secs(span.as_secs())),
        seen.low.unwrap_or_default(),
        seen.high.unwrap_or_default(),
    )?;
    Ok(Exit::Pass)
}

/// What was generated.
#[derive(Default)]
struct Seen {
    rows: u64,
    first: Option<UnixNanos>,
    last: Option<UnixNanos>,
    low: Option<Price>,
    high: Option<Price>,
}

impl Seen {
    fn add(&mut self, trade: &TapeTrade) {
        self.rows += 1;
        self.first = self.first.or(Some(trade.ts));
        self.last = Some(trade.ts);
        self.low = Some(self.low.map_or(trade.price, |low| low.min(trade.price)));
        self.high = Some(self.high.map_or(trade.price, |high| high.max(trade.price)));
    }
}

fn config(args: &GenerateArgs) -> anyhow::Result<GeneratorConfig> {
    let mut config = GeneratorConfig::sample();
    config.kind = match args.kind {
        MarketArg::Agitated => MarketKind::Agitated,
        MarketArg::Walk => MarketKind::Walk,
        MarketArg::Trend => MarketKind::Trend,
        MarketArg::Reverting => MarketKind::Reverting,
        MarketArg::Zigzag => MarketKind::Zigzag,
    };
    config.length = args.length.unwrap_or(config.length);
    config.start = args.start.unwrap_or(config.start);
    config.start_price = args.start_price.unwrap_or(config.start_price);
    config.price_decimals = args.price_decimals.unwrap_or(config.price_decimals);
    config.trades_per_minute = args.trades_per_minute.unwrap_or(config.trades_per_minute);
    config.volatility_bps = args.volatility_bps.unwrap_or(config.volatility_bps);
    let wants_crash = args.crash_at.is_some() || args.crash_bps.is_some();
    if args.no_crash || (args.kind != MarketArg::Agitated && !wants_crash) {
        config.crash = None;
    }
    if let Some(crash) = &mut config.crash {
        crash.at = args.crash_at.unwrap_or(crash.at);
        crash.depth_bps = args.crash_bps.unwrap_or(crash.depth_bps);
        if crash.at >= config.length {
            return Err(anyhow!(
                "the crash at {} lies behind the end at {}: give --crash-at or --no-crash",
                scenario::format_duration(crash.at),
                scenario::format_duration(config.length),
            ));
        }
    }
    Ok(config)
}

/// Writes the whole file or leaves none.
fn write_new(path: &Path, trades: impl Iterator<Item = TapeTrade>) -> anyhow::Result<()> {
    let shown = path.display();
    let file = File::create_new(path)
        .with_context(|| format!("{shown}: expected a file that does not exist yet"))?;
    let mut out = BufWriter::new(file);
    let written = write_trades(&mut out, trades).and_then(|()| out.flush());
    written.with_context(|| {
        drop(fs::remove_file(path));
        format!("{shown}: cannot be written")
    })
}
