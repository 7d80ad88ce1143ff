//! What a user of the served venue must know.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::args::{OtherPairs, ServeArgs, Speed};
use crate::commands::serve::accounts::KeyPair;
use crate::commands::serve::market::Recording;

/// Key pairs that are shown besides the first.
const KEYS_SHOWN_MAX: usize = 20;

/// Everything but the addresses, which are known when the ports are open.
pub(super) struct Greeting {
    market: String,
    pair: String,
    tls: Option<PathBuf>,
    keys: Vec<KeyPair>,
}

impl Greeting {
    pub(super) fn new(
        args: &ServeArgs,
        recording: &Recording,
        past: Duration,
        keys: Vec<KeyPair>,
    ) -> Self {
        let whole = |time: Duration| scenario::format_duration(Duration::from_secs(time.as_secs()));
        let names: Vec<&str> = recording.symbols.iter().map(|symbol| symbol.as_str()).collect();
        let names = names.join(", ");
        let left = recording.length.saturating_sub(past) / args.speed.factor().unwrap_or(1);
        let after = match (args.repeat, args.other_pairs) {
            (true, _) => "begins again",
            (false, OtherPairs::Generated) => "goes on as a generated market",
            (false, OtherPairs::None) => "is silent",
        };
        let mut market = if args.speed == Speed::Max {
            format!("{names} has happened; then it {after}.")
        } else {
            format!(
                "{names} plays for {}, then it {after}; {} of it have happened.",
                whole(left),
                whole(past)
            )
        };
        if args.other_pairs == OtherPairs::Generated {
            market.push_str("\nEvery other pair has a quiet market that is generated.");
        }
        let pair = recording.symbols.first().and_then(venue_sim::kraken::Pair::by_symbol);
        let pair = pair.map_or_else(String::new, |pair| pair.altname.to_owned());
        Self { market, pair, tls: args.tls.clone(), keys }
    }

    pub(super) fn print(
        &self,
        address: SocketAddr,
        control: Option<SocketAddr>,
    ) -> anyhow::Result<()> {
        let (http, ws) = if self.tls.is_some() { ("https", "wss") } else { ("http", "ws") };
        let mut text = format!("A simulated Kraken. {}\n", self.market);
        if !address.ip().is_loopback() {
            text.push_str(
                "\nWARNING: this is not a loopback address, so everybody who reaches it can use the venue.\n",
            );
        }
        writeln!(text, "\n  REST        {http}://{address}")?;
        writeln!(text, "  WebSocket   {ws}://{address}/v2    (public and private)")?;
        if let Some(control) = control {
            writeln!(text, "  Control     http://{control}/state")?;
        }
        if let Some(file) = &self.tls {
            writeln!(text, "  Certificate {}", file.display())?;
        }
        for (number, pair) in self.keys.iter().take(KEYS_SHOWN_MAX + 1).enumerate() {
            if number == 1 {
                text.push_str("\nMore keys; every kind of client needs its own, since they count nonces differently:\n");
            }
            writeln!(text, "  Account     {}", pair.account)?;
            writeln!(text, "  API key     {}", pair.key)?;
            writeln!(text, "  API secret  {}", pair.secret)?;
        }
        let trust = self.tls.as_ref().map(|file| format!(" --cacert {}", file.display()));
        let trust = trust.unwrap_or_default();
        write!(
            text,
            "\nTry it:\n  curl{trust} '{http}://{address}/0/public/Ticker?pair={}'\n\nCtrl-C stops it.",
            self.pair
        )?;
        say(&text)
    }
}

/// Says something to whoever started the venue.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}
