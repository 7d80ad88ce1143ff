//! Trades in the format of Kraken's archive.

use std::io::{self, Write};

use model::UnixNanos;

use crate::trade::TapeTrade;

/// Writes one line per trade, every number exact and without trailing zeros.
///
/// Wrap a file in a `BufWriter`; flushing is the caller's.
///
/// # Errors
/// Those of `out`.
pub fn write_trades(
    mut out: impl Write,
    trades: impl IntoIterator<Item = TapeTrade>,
) -> io::Result<()> {
    for TapeTrade { ts, price, quantity } in trades {
        let ts = seconds(ts);
        writeln!(out, "{ts},{price},{quantity}")?;
    }
    Ok(())
}

/// Seconds with as many digits after the point as are needed, as the archive has them.
fn seconds(ts: UnixNanos) -> String {
    let text = ts.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
