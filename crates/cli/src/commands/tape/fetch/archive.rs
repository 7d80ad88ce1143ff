//! Binance's public archive: one file per day or month, with its check sum.
//!
//! A file is fetched in parts into `NAME.part`, which the next fetch goes on with; it gets its name when
//! its SHA-256 is the one that the archive tells, and `NAME.CHECKSUM` then lies beside it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use model::UnixNanos;
use transport::{HttpResponse, header};

use super::web::{PART_BYTES, Verdict, Web};
use super::{Fetched, day, make_folder, say, shown};
use crate::args::{ArchiveKind, ArchiveMarket, FetchBinanceArgs};

const DAY: Duration = Duration::from_hours(24);
/// Most days of a fetch: thirty years.
const DAYS_MAX: usize = 11_000;

/// Files of a market and a span.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Paths without `.zip`, oldest first.
    paths: Vec<String>,
    out: PathBuf,
}

/// What the site says about a part of a file.
enum Part {
    /// Bytes from where they were asked for, and the length of the whole file.
    Bytes(Vec<u8>, u64),
    /// The whole file: the site knows no parts.
    Whole(Vec<u8>),
    /// There is nothing behind the offset.
    Nothing,
}

impl Wanted {
    pub(super) fn new(args: &FetchBinanceArgs, now: UnixNanos) -> anyhow::Result<Self> {
        let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let symbol = args.symbol.as_str();
        if symbol.is_empty() || !symbol.chars().all(is_plain) {
            bail!("--symbol: expected a symbol in capitals like BTCUSDT, found `{symbol}`");
        }
        let to = args.to.unwrap_or(args.from);
        if to < args.from {
            bail!("--to: expected a day from --from on");
        }
        // Files of a day appear on the next one.
        if args.from.plus(DAY) > now {
            bail!("--from: expected a day that is over");
        }
        if args.kind == ArchiveKind::BookTicker && args.market == ArchiveMarket::Spot {
            bail!("--kind bookTicker: the archive has it of futures; expected --market um or cm");
        }
        let market = match args.market {
            ArchiveMarket::Spot => "spot",
            ArchiveMarket::Um => "futures/um",
            ArchiveMarket::Cm => "futures/cm",
        };
        let step = if args.monthly { "monthly" } else { "daily" };
        let kind = args.kind.name();
        let (folder, name) = match (&args.interval, args.kind) {
            (Some(interval), ArchiveKind::Klines) => {
                if !interval.chars().all(|c| c.is_ascii_alphanumeric()) {
                    bail!("--interval: expected one like 1m, found `{interval}`");
                }
                (format!("{kind}/{symbol}/{interval}"), format!("{symbol}-{interval}"))
            }
            (None, ArchiveKind::Klines) => bail!("--interval: expected the length of klines: 1m"),
            (Some(_), _) => bail!("--interval: expected with --kind klines only"),
            (None, _) => (format!("{kind}/{symbol}"), format!("{symbol}-{kind}")),
        };
        let days = days(args.from, to.min(now))?;
        let dates: BTreeSet<&str> = if args.monthly {
            days.iter().map(|day| &day[.."2024-08".len()]).collect()
        } else {
            days.iter().map(String::as_str).collect()
        };
        let path = |date| format!("/data/{market}/{step}/{folder}/{name}-{date}");
        Ok(Self { paths: dates.into_iter().map(path).collect(), out: args.out.clone() })
    }

    pub(super) async fn fetch(self, web: &mut Web) -> anyhow::Result<Fetched> {
        make_folder(&self.out)?;
        let mut fetched = Fetched::default();
        let mut here = 0;
        for path in &self.paths {
            let name = path.rsplit('/').next().unwrap_or(path);
            let target = self.out.join(format!("{name}.zip"));
            let Some(expected) = checksum(web, &format!("{path}.zip.CHECKSUM")).await? else {
                say(&format!("{name}.zip: the archive does not have it"))?;
                fetched.missing += 1;
                continue;
            };
            if target.exists() {
                if tape::file_sha256(&target).with_context(shown(&target))? == expected {
                    write_checksum(&target, &expected)?;
                    here += 1;
                    continue;
                }
                say(&format!("{name}.zip: the archive has another one now"))?;
            }
            let bytes = download(web, &format!("{path}.zip"), &target, &expected).await?;
            write_checksum(&target, &expected)?;
            fetched.new += 1;
            say(&format!("{}: {bytes} bytes, checksum verified", target.display()))?;
        }
        let Fetched { new, missing } = fetched;
        say(&format!("{new} new files, {here} already there, {missing} that the archive lacks"))?;
        Ok(fetched)
    }
}

/// Every day of a span, as `2024-08-08`.
fn days(from: UnixNanos, to: UnixNanos) -> anyhow::Result<Vec<String>> {
    let (mut days, mut at) = (Vec::new(), from.floor_to(DAY));
    while at <= to {
        if days.len() == DAYS_MAX {
            bail!("--to: expected at most {DAYS_MAX} days");
        }
        days.push(day(at));
        at = at.plus(DAY);
    }
    Ok(days)
}

/// The SHA-256 that the archive tells; `None` where it has no such file.
async fn checksum(web: &mut Web, path: &str) -> anyhow::Result<Option<String>> {
    let judge = |answer: HttpResponse| {
        if answer.status == 404 {
            return Ok(Verdict::Good(None));
        }
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let hash = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let start: String = text.chars().take(60).collect();
            return Ok(Verdict::Again(format!("expected a SHA-256, found `{start}`")));
        }
        Ok(Verdict::Good(Some(hash)))
    };
    web.get(path, None, judge).await
}

/// Fetches a file whole; tells its length.
async fn download(web: &mut Web, path: &str, target: &Path, expected: &str) -> anyhow::Result<u64> {
    let part = target.with_extension("zip.part");
    let at = shown(&part);
    let mut went_on = part.exists();
    loop {
        let mut options = OpenOptions::new();
        let mut file = options.append(true).create(true).open(&part).with_context(&at)?;
        let bytes = take_parts(web, path, &mut file, &part).await?;
        file.sync_all().with_context(&at)?;
        let found = tape::file_sha256(&part).with_context(&at)?;
        if found == expected {
            fs::rename(&part, target).with_context(&at)?;
            return Ok(bytes);
        }
        fs::remove_file(&part).with_context(&at)?;
        if !went_on {
            bail!("{path}: expected the SHA-256 {expected} of its .CHECKSUM, found {found}");
        }
        // The file was another one when its first part was fetched.
        say(&format!("{path}: the archive has another one now, from the beginning"))?;
        went_on = false;
    }
}

/// Fetches what is missing of a file; tells its length.
async fn take_parts(
    web: &mut Web,
    path: &str,
    file: &mut File,
    part: &Path,
) -> anyhow::Result<u64> {
    let at = shown(part);
    let mut offset = file.metadata().with_context(&at)?.len();
    loop {
        let range = (offset, offset + PART_BYTES - 1);
        match web.get(path, Some(range), |answer| judge_part(answer, path, offset)).await? {
            Part::Nothing => return Ok(offset),
            Part::Whole(bytes) => {
                file.set_len(0).and_then(|()| file.write_all(&bytes)).with_context(&at)?;
                return Ok(bytes.len() as u64);
            }
            Part::Bytes(bytes, total) => {
                file.write_all(&bytes).with_context(&at)?;
                offset += bytes.len() as u64;
                if offset >= total {
                    return Ok(offset);
                }
            }
        }
    }
}

fn judge_part(answer: HttpResponse, path: &str, offset: u64) -> anyhow::Result<Verdict<Part>> {
    match answer.status {
        404 => bail!("{path}: expected a file beside its .CHECKSUM, found none"),
        416 => return Ok(Verdict::Good(Part::Nothing)),
        200 => return Ok(Verdict::Good(Part::Whole(answer.body.to_vec()))),
        _ => {}
    }
    // `bytes 0-4194303/98765432`.
    let range = answer.headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let told = range.and_then(|range| {
        let (span, total) = range.strip_prefix("bytes ")?.split_once('/')?;
        let start: u64 = span.split_once('-')?.0.parse().ok()?;
        Some((start, total.parse::<u64>().ok()?))
    });
    match told {
        Some((start, total)) if start == offset && !answer.body.is_empty() => {
            Ok(Verdict::Good(Part::Bytes(answer.body.to_vec(), total)))
        }
        _ => {
            let found = range.unwrap_or("no range");
            Ok(Verdict::Again(format!("expected bytes from {offset} on, found {found}")))
        }
    }
}

/// Puts the check sum beside its file, where `tape info` verifies it.
fn write_checksum(target: &Path, hash: &str) -> anyhow::Result<()> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let path = target.with_extension("zip.CHECKSUM");
    let written: io::Result<()> = fs::write(&path, format!("{hash}  {name}\n"));
    written.with_context(shown(&path))
}
