//! From the file to the node's configuration: defaults, secrets, what only other crates can judge.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use engine::{RiskLimits, StrategySpec};
use kraken::switch::SwitchConfig;
use kraken::{Credentials, CredentialsError, KrakenConfig};
use node::{ForeignOrders, NodeConfig, NodeError, SinkSpec};
use platform::Endpoint;
use resilience::{BackoffConfig, Jitter, LaneConfig, LaneConfigError};
use scenario::{Document, Overridden, Step};
use store::influx::{InfluxConfig, InfluxConfigError, InfluxToken};
use tls::{HANDSHAKE_TIMEOUT, Roots};

use super::effective::effective;
use super::environment;
use super::file::{CancelAfter, File, Foreign, Lane, Node, Secret, Sink, Venue};
use crate::url::Url;

/// Largest file taken, in bytes.
const BYTES_MAX: u64 = 64 * 1024;
/// Largest file of a secret, in bytes.
const SECRET_BYTES_MAX: u64 = 4 * 1024;
/// Largest file of certificates, in bytes: all public authorities together have a quarter of that.
pub(crate) const ROOTS_BYTES_MAX: u64 = 1024 * 1024;
/// Tables without which the file says nothing.
const TABLES: [&str; 3] = ["venue", "strategy", "risk"];
/// Where WebSocket v2 is.
const WS_PATH: &str = "/v2";
/// The dependency that is the node's own endpoint.
const ENDPOINT: &str = "endpoint";

/// A configuration that is complete and valid.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) node: NodeConfig,
    /// The strategy, as it was written.
    pub(super) spec: String,
    /// Every setting with its value, as a file; secrets by where they are kept.
    pub(super) effective: String,
    /// Whose certificates are trusted.
    pub(super) roots: Roots,
    /// Longest handshake of TLS.
    pub(super) handshake_timeout: Duration,
}

impl Loaded {
    /// Reads a file and the environment.
    pub(super) fn load(path: &Path) -> anyhow::Result<Self> {
        let bytes = bytes(path, "a configuration file", BYTES_MAX)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| anyhow!("{}: expected a text in UTF-8", path.display()))?;
        let mut source = Overridden::new(&text);
        let variables = std::env::vars_os();
        let readable = variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        environment::add(&mut source, readable)?;
        let document = Document::parse_overridden(path, &source, &TABLES)?;
        Reader { path, document: &document }.read()
    }
}

/// Reads one file.
struct Reader<'a> {
    path: &'a Path,
    document: &'a Document<'a>,
}

impl Reader<'_> {
    fn read(&self) -> anyhow::Result<Loaded> {
        for (table, key) in [("venue", "api_key"), ("venue", "api_secret"), ("sink", "token")] {
            self.no_literal_secret(table, key)?;
        }
        let file: File = self.document.read()?;
        let spec = StrategySpec::parse(&file.strategy.spec)
            .map_err(|error| anyhow!("{}: {error}", self.place("strategy", "spec")))?;
        if file.risk.working_orders_max == 0 {
            return Err(self.expected("risk", "working_orders_max", "a number above zero"));
        }
        let optional = self.optional(&file)?;
        let positive = &file.node;
        let node = NodeConfig {
            kraken: self.kraken(&file)?,
            strategy: spec.factory(),
            risk: RiskLimits {
                order_quantity_max: file.risk.order_quantity_max.0,
                position_max: file.risk.position_max.0,
                working_orders_max: usize::try_from(file.risk.working_orders_max)?,
            },
            foreign_orders: match file.node.foreign_orders {
                Foreign::Refuse => ForeignOrders::Refuse,
                Foreign::Leave => ForeignOrders::Leave,
                Foreign::CancelOwn => ForeignOrders::CancelOwn,
            },
            inherit: positive.inherit.map(|inherit| inherit.0),
            reconcile_every: positive.reconcile_every.0,
            visibility_delay: positive.visibility_delay.0,
            clock_skew_max: positive.clock_skew_max.0,
            clock_compare_every: positive.clock_compare_every.0,
            ask_again: BackoffConfig {
                base: Duration::from_millis(500),
                cap: Duration::from_secs(5),
                jitter: Jitter::Equal,
            },
            switch: self.switch(&file.node)?,
            startup_max: positive.startup_max.0,
            settle_max: positive.settle_max.0,
            flush_max: positive.flush_max.0,
            grace: positive.grace.0,
            endpoint: file.endpoint.as_ref().map(|endpoint| endpoint.listen.0),
            endpoint_hosts: file
                .endpoint
                .iter()
                .flat_map(|endpoint| endpoint.hosts.iter().map(|host| host.0.clone()))
                .collect(),
            sinks: file.sink.iter().map(|sink| self.sink(sink)).collect::<Result<_, _>>()?,
            optional,
        };
        node.validate().map_err(|error| self.located(error))?;
        let handshake_timeout =
            file.tls.handshake_timeout.map_or(HANDSHAKE_TIMEOUT, |timeout| timeout.0);
        let effective = effective(&file, &node, handshake_timeout);
        let (roots, spec) = (self.roots(&file)?, file.strategy.spec);
        Ok(Loaded { node, spec, effective, roots, handshake_timeout })
    }

    fn kraken(&self, file: &File) -> anyhow::Result<KrakenConfig> {
        let venue = &file.venue;
        let symbols = venue.symbols.iter().map(|pair| pair.0.clone()).collect();
        let mut kraken = KrakenConfig::production(self.credentials(venue)?, symbols);
        if !venue.rest.path.is_empty() {
            return Err(self.expected("venue", "rest", "an address without a path"));
        }
        // Where Kraken itself is.
        let [api, ws, ws_auth] = [&kraken.rest, &kraken.public_ws, &kraken.private_ws]
            .map(|endpoint| endpoint.host.as_str());
        let stream = |host: &str| {
            let host =
                if venue.rest.endpoint.host == api { host } else { &venue.rest.endpoint.host };
            let endpoint = Endpoint { host: host.to_owned(), ..venue.rest.endpoint.clone() };
            Url { endpoint, path: WS_PATH.to_owned() }
        };
        let public = venue.public_ws.clone().unwrap_or_else(|| stream(ws));
        let private = match (&venue.private_ws, &venue.public_ws) {
            (Some(private), _) => private.clone(),
            // A proxy or a simulated venue has both in one place.
            (None, Some(public)) if public.endpoint.host != ws => public.clone(),
            (None, _) => stream(ws_auth),
        };
        if private.path != public.path {
            return Err(self.expected("venue", "private_ws", "the same path as `public_ws`"));
        }
        kraken.rest = venue.rest.endpoint.clone();
        kraken.ws_path = public.path;
        kraken.public_ws = public.endpoint;
        kraken.private_ws = private.endpoint;
        kraken.book_depth = venue.book_depth.unwrap_or(kraken.book_depth);
        kraken.counters_full_at_start = venue.counters_full_at_start.unwrap_or_default();
        let times = [
            (&mut kraken.connect_timeout, venue.connect_timeout),
            (&mut kraken.subscribe_timeout, venue.subscribe_timeout),
            (&mut kraken.silence_max, venue.silence_max),
            (&mut kraken.quiet_max, venue.quiet_max),
            (&mut kraken.request_timeout, venue.request_timeout),
            (&mut kraken.order_deadline, venue.order_deadline),
        ];
        for (setting, value) in times {
            *setting = value.map_or(*setting, |time| time.0);
        }
        set_lane(&mut kraken.read_lane, &file.read_lane);
        set_lane(&mut kraken.order_lane, &file.order_lane);
        set_lane(&mut kraken.cancel_lane, &file.cancel_lane);
        Ok(kraken)
    }

    /// The dead man's switch. On by default where the account is the node's alone: orders that nobody watches
    /// are worse than none. Beside orders of others, which it would cancel, too, somebody must want it.
    fn switch(&self, node: &Node) -> anyhow::Result<Option<SwitchConfig>> {
        let timeout = match (node.cancel_after, node.foreign_orders) {
            (Some(CancelAfter::After(timeout)), _) => timeout,
            (None, Foreign::Refuse | Foreign::CancelOwn) => SwitchConfig::RECOMMENDED.timeout,
            (Some(CancelAfter::Off), _) | (None, Foreign::Leave) => return Ok(None),
        };
        let config = SwitchConfig::of(timeout);
        let valid = config.validate();
        let expected = r#""off", or whole seconds from "10s" to "24h""#;
        valid.map_err(|_| self.expected("node", "cancel_after", expected))?;
        Ok(Some(config))
    }

    /// What the node can do without: the endpoint, unless somebody says otherwise, and a sink that does
    /// not call itself critical.
    fn optional(&self, file: &File) -> anyhow::Result<BTreeSet<String>> {
        let mut optional = file.node.optional.clone().unwrap_or_else(|| {
            file.endpoint.iter().map(|_| ENDPOINT.to_owned()).collect::<BTreeSet<_>>()
        });
        match &file.sink {
            Some(sink) if sink.critical && optional.contains(node::INFLUX) => {
                let expected = "false, since `optional` in [node] names `influxdb`";
                return Err(self.expected("sink", "critical", expected));
            }
            Some(sink) if !sink.critical => {
                optional.insert(node::INFLUX.to_owned());
            }
            Some(_) | None => {}
        }
        Ok(optional)
    }

    fn sink(&self, sink: &Sink) -> anyhow::Result<SinkSpec> {
        if !sink.url.path.is_empty() {
            return Err(self.expected("sink", "url", "an address without a path"));
        }
        let token = InfluxToken::new(&self.secret("sink", "token", &sink.token)?)
            .map_err(|error| anyhow!("{}: {error}", self.place("sink", "token")))?;
        let endpoint = sink.url.endpoint.clone();
        let config = InfluxConfig::new(endpoint, &sink.org, &sink.bucket, token);
        node::influx_sink(config).map_err(|error| {
            let key = if let InfluxConfigError::Name { setting } = error { setting } else { "url" };
            anyhow!("{}: {error}", self.place("sink", key))
        })
    }

    fn credentials(&self, venue: &Venue) -> anyhow::Result<Credentials> {
        let key = self.secret("venue", "api_key", &venue.api_key)?;
        let secret = self.secret("venue", "api_secret", &venue.api_secret)?;
        Credentials::new(&key, &secret).map_err(|error| {
            let half = if error == CredentialsError::Key { "api_key" } else { "api_secret" };
            anyhow!("{}: {error}", self.place("venue", half))
        })
    }

    /// What is kept somewhere else. It is in no error.
    fn secret(&self, table: &str, key: &str, secret: &Secret) -> anyhow::Result<String> {
        let place = self.place(table, key);
        match secret {
            Secret::Env(name) if !is_variable(name) => Err(anyhow!(
                "{place}: `{key}`: expected the name of a variable, such as \"KRAKEN_KEY\", and never \
                 the key itself"
            )),
            Secret::Env(name) => std::env::var(name)
                .map_err(|_| anyhow!("{place}: `{key}`: the variable `{name}` is not set")),
            Secret::File(file) => {
                let bytes = bytes(&self.beside(file), "a file with a secret", SECRET_BYTES_MAX)
                    .with_context(|| format!("{place}: `{key}`"))?;
                let text = String::from_utf8(bytes)
                    .map_err(|_| anyhow!("{place}: `{key}`: expected a text in UTF-8"))?;
                Ok(text.trim().to_owned())
            }
        }
    }

    /// A key in the file itself would end up in backups and logs, and in the error about it.
    fn no_literal_secret(&self, table: &str, key: &str) -> anyhow::Result<()> {
        let value = self.document.get(&[Step::Key(table), Step::Key(key)]);
        if value.is_none_or(|value| value.get_ref().as_table().is_some()) {
            return Ok(());
        }
        let place = self.place(table, key);
        let what = if table == "venue" { "key" } else { key };
        Err(anyhow!(
            "{place}: `{key}`: expected where it is kept, {{ env = \"NAME\" }} or {{ file = \"PATH\" }}, \
             and never the {what} itself"
        ))
    }

    /// The public authorities, and those of the file.
    fn roots(&self, file: &File) -> anyhow::Result<Roots> {
        let mut roots = Roots::public();
        if let Some(path) = &file.tls.roots {
            let place = || format!("{}: `roots`", self.place("tls", "roots"));
            let path = self.beside(path);
            let pem = bytes(&path, "a file with certificates", ROOTS_BYTES_MAX);
            let pem = pem.with_context(place)?;
            let added = roots.add_pem(&pem).with_context(|| path.display().to_string());
            added.with_context(place)?;
        }
        Ok(roots)
    }

    /// A path as the configuration means it.
    fn beside(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    fn expected(&self, table: &str, key: &str, expected: &str) -> anyhow::Error {
        self.document.expected(&[Step::Key(table), Step::Key(key)], expected.to_owned()).into()
    }

    /// File and line of a value.
    fn place(&self, table: &str, key: &str) -> String {
        self.document.locate(&[Step::Key(table), Step::Key(key)])
    }

    /// The error with file and line, where it is about a value of the file.
    fn located(&self, error: NodeError) -> anyhow::Error {
        if let NodeError::Venue(kraken::ConfigError::Range { setting, expected }) = &error {
            return self.expected("venue", setting, expected);
        }
        if let NodeError::Venue(kraken::ConfigError::Lane { setting, source }) = &error {
            let place = self.place(setting, lane_key(source));
            return anyhow!("{place}: {setting}: {source}");
        }
        if let NodeError::Range { setting, expected } = &error {
            return self.expected("node", setting, expected);
        }
        let place = if let NodeError::NoDependency { .. } = error {
            self.place("node", "optional")
        } else {
            self.path.display().to_string()
        };
        anyhow!("{place}: {error}")
    }
}

/// Capitals, digits and underscores, not beginning with a digit: no key of a venue looks like that.
fn is_variable(name: &str) -> bool {
    let of_a_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(of_a_name)
}

/// The key of a lane's table that an error is about; one that no table has for what is not set by the
/// file.
const fn lane_key(error: &LaneConfigError) -> &'static str {
    match error {
        LaneConfigError::AttemptTimeout(_) => "attempt_timeout",
        LaneConfigError::QueueWaitMax(_) => "queue_wait_max",
        LaneConfigError::Retry(_) => "retries_max",
        LaneConfigError::Breaker(_) => "open_for",
        LaneConfigError::Backoff(_) | LaneConfigError::Budget(_) | _ => "",
    }
}

fn set_lane(lane: &mut LaneConfig, file: &Lane) {
    lane.attempt_timeout = file.attempt_timeout.map_or(lane.attempt_timeout, |time| time.0);
    lane.queue_wait_max = file.queue_wait_max.map_or(lane.queue_wait_max, |time| time.0);
    lane.breaker.open_for = file.open_for.map_or(lane.breaker.open_for, |time| time.0);
    lane.retry.retries_max = file.retries_max.unwrap_or(lane.retry.retries_max);
}

/// A file of bounded size.
pub(crate) fn bytes(path: &Path, what: &str, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let file = fs::File::open(path).with_context(|| format!("{shown}: expected {what}"))?;
    let mut bytes = Vec::new();
    let read = file.take(bytes_max + 1).read_to_end(&mut bytes);
    read.with_context(|| format!("{shown}: cannot be read"))?;
    if u64::try_from(bytes.len())? > bytes_max {
        return Err(anyhow!("{shown}: expected {what} of at most {bytes_max} bytes"));
    }
    Ok(bytes)
}
