//! `wavetank tape`.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use tape::{GeneratorConfig, Tape, TapeTrade, TradeGenerator, write_trades};

use crate::Exit;
use crate::args::{GenerateArgs, TapeArgs, TapeCommand};

mod convert;
mod fetch;
mod survey;

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
    let generator = TradeGenerator::new(config(args)?, args.seed)?;
    let trades: Vec<TapeTrade> = generator.collect();
    write_new(&args.out, &trades)?;
    // What was written is what a run will read.
    let tape = Tape::load(&args.out)?;
    let summary = tape.summary();
    writeln!(
        std::io::stdout(),
        "{}: {} trades in {}, prices {} to {}",
        args.out.display(),
        summary.rows,
        scenario::format_duration(std::time::Duration::from_secs(summary.span().as_secs())),
        summary.low,
        summary.high,
    )?;
    Ok(Exit::Pass)
}

fn config(args: &GenerateArgs) -> anyhow::Result<GeneratorConfig> {
    let mut config = GeneratorConfig::sample();
    config.length = args.length.unwrap_or(config.length);
    config.start = args.start.unwrap_or(config.start);
    config.start_price = args.start_price.unwrap_or(config.start_price);
    config.price_decimals = args.price_decimals.unwrap_or(config.price_decimals);
    config.trades_per_minute = args.trades_per_minute.unwrap_or(config.trades_per_minute);
    config.volatility_bps = args.volatility_bps.unwrap_or(config.volatility_bps);
    if args.no_crash {
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
fn write_new(path: &Path, trades: &[TapeTrade]) -> anyhow::Result<()> {
    let shown = path.display();
    let file = File::create_new(path)
        .with_context(|| format!("{shown}: expected a file that does not exist yet"))?;
    let mut out = BufWriter::new(file);
    let written = write_trades(&mut out, trades.iter().copied()).and_then(|()| out.flush());
    written.with_context(|| {
        drop(fs::remove_file(path));
        format!("{shown}: cannot be written")
    })
}
