//! Files beside the record: the history as JSON Lines, the executions as CSV.

use std::io::{self, BufRead, Write};

use model::history::Record;

use crate::record::RunRecord;

/// Writes a history as JSON Lines: one record per line.
///
/// # Errors
/// What the writer says.
pub fn history_jsonl(history: &[Record], mut out: impl Write) -> io::Result<()> {
    for record in history {
        serde_json::to_writer(&mut out, record)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Reads what [`history_jsonl`] wrote.
///
/// # Errors
/// What the reader says, or the number of the first line that is no record.
pub fn read_history(input: impl BufRead) -> io::Result<Vec<Record>> {
    let mut history = Vec::new();
    for (number, line) in (1_u64..).zip(input.lines()) {
        let record = serde_json::from_str(&line?).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("line {number}: {error}"))
        })?;
        history.push(record);
    }
    Ok(history)
}

/// Writes the executions of a run as CSV with a header; money and quantities are decimal texts.
///
/// # Errors
/// What the writer says.
pub fn fills_csv(record: &RunRecord, out: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "at_s",
        "client_order_id",
        "trade_id",
        "symbol",
        "side",
        "price",
        "quantity",
        "fee",
        "liquidity",
    ])?;
    for fill in &record.fills {
        csv.write_record([
            &fill.at_s.to_string(),
            fill.client_order_id.as_str(),
            &fill.trade_id.to_string(),
            fill.symbol.as_str(),
            fill.side.as_str(),
            &fill.price.to_string(),
            &fill.quantity.to_string(),
            &fill.fee.to_string(),
            fill.liquidity.as_str(),
        ])?;
    }
    csv.flush()
}

#[cfg(test)]
mod tests;
