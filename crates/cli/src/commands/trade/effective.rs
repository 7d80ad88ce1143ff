//! The configuration that holds, as a file that would say the same. Without secrets.

use std::time::Duration;

use kraken::KrakenConfig;
use node::{ForeignOrders, NodeConfig};
use platform::Endpoint;
use scenario::format_duration;

use super::environment::quoted;
use super::file::{File, Secret, Sink, Venue};

/// Every setting with its value.
pub(super) fn effective(file: &File, node: &NodeConfig, handshake_timeout: Duration) -> String {
    let mut text = Text::default();
    venue(&mut text, &file.venue, &node.kraken);
    text.table("strategy", &[("spec", quoted(&file.strategy.spec))]);
    text.table(
        "risk",
        &[
            ("order_quantity_max", quoted(&node.risk.order_quantity_max.to_string())),
            ("position_max", quoted(&node.risk.position_max.to_string())),
            ("working_orders_max", node.risk.working_orders_max.to_string()),
        ],
    );
    rest(&mut text, node);
    if let Some(address) = node.endpoint {
        let hosts = list(node.endpoint_hosts.iter().cloned());
        text.table("endpoint", &[("listen", quoted(&address.to_string())), ("hosts", hosts)]);
    }
    if let Some(Sink { url, org, bucket, token, critical }) = &file.sink {
        let rows = [
            ("url", address("http", &url.endpoint, "")),
            ("org", quoted(org)),
            ("bucket", quoted(bucket)),
            ("token", kept(token)),
            ("critical", critical.to_string()),
        ];
        text.table("sink", &rows);
    }
    let roots = file.tls.roots.as_ref().map(|path| ("roots", quoted(&path.display().to_string())));
    let timeout = ("handshake_timeout", time(handshake_timeout));
    text.table("tls", &roots.into_iter().chain([timeout]).collect::<Vec<_>>());
    text.0
}

fn venue(text: &mut Text, file: &Venue, kraken: &KrakenConfig) {
    text.table(
        "venue",
        &[
            ("rest", address("http", &kraken.rest, "")),
            ("public_ws", address("ws", &kraken.public_ws, &kraken.ws_path)),
            ("private_ws", address("ws", &kraken.private_ws, &kraken.ws_path)),
            ("symbols", list(kraken.symbols.iter().map(ToString::to_string))),
            ("api_key", kept(&file.api_key)),
            ("api_secret", kept(&file.api_secret)),
            ("book_depth", kraken.book_depth.to_string()),
            ("connect_timeout", time(kraken.connect_timeout)),
            ("subscribe_timeout", time(kraken.subscribe_timeout)),
            ("silence_max", time(kraken.silence_max)),
            ("quiet_max", time(kraken.quiet_max)),
            ("request_timeout", time(kraken.request_timeout)),
            ("order_deadline", time(kraken.order_deadline)),
            ("counters_full_at_start", kraken.counters_full_at_start.to_string()),
        ],
    );
}

fn rest(text: &mut Text, node: &NodeConfig) {
    let foreign = match node.foreign_orders {
        ForeignOrders::Refuse => "refuse",
        ForeignOrders::Leave => "leave",
        ForeignOrders::CancelOwn => "cancel-own",
    };
    let cancel_after = node.switch.map_or_else(|| quoted("off"), |switch| time(switch.timeout));
    let inherit = node.inherit.map(|inherit| ("inherit", time(inherit)));
    let settings = [("foreign_orders", quoted(foreign))].into_iter().chain(inherit).chain([
        ("reconcile_every", time(node.reconcile_every)),
        ("visibility_delay", time(node.visibility_delay)),
        ("clock_skew_max", time(node.clock_skew_max)),
        ("clock_compare_every", time(node.clock_compare_every)),
        ("cancel_after", cancel_after),
        ("startup_max", time(node.startup_max)),
        ("settle_max", time(node.settle_max)),
        ("flush_max", time(node.flush_max)),
        ("grace", time(node.grace)),
        ("optional", list(node.optional.iter().cloned())),
    ]);
    text.table("node", &settings.collect::<Vec<_>>());
    let lanes = [
        ("read_lane", &node.kraken.read_lane),
        ("order_lane", &node.kraken.order_lane),
        ("cancel_lane", &node.kraken.cancel_lane),
    ];
    for (name, lane) in lanes {
        text.table(
            name,
            &[
                ("attempt_timeout", time(lane.attempt_timeout)),
                ("queue_wait_max", time(lane.queue_wait_max)),
                ("open_for", time(lane.breaker.open_for)),
                ("retries_max", lane.retry.retries_max.to_string()),
            ],
        );
    }
}

/// A growing file.
#[derive(Debug, Default)]
struct Text(String);

impl Text {
    fn table(&mut self, name: &str, rows: &[(&str, String)]) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        self.0.push_str(&format!("{gap}[{name}]\n"));
        rows.iter().for_each(|(key, value)| self.0.push_str(&format!("{key} = {value}\n")));
    }
}

/// `scheme` is that without TLS.
fn address(scheme: &str, Endpoint { host, port, tls }: &Endpoint, path: &str) -> String {
    let secure = if *tls { "s" } else { "" };
    quoted(&format!("{scheme}{secure}://{host}:{port}{path}"))
}

fn time(duration: Duration) -> String {
    quoted(&format_duration(duration))
}

fn list(texts: impl Iterator<Item = String>) -> String {
    format!("[{}]", texts.map(|text| quoted(&text)).collect::<Vec<_>>().join(", "))
}

/// Where a secret is kept. That it is there was checked before.
fn kept(secret: &Secret) -> String {
    match secret {
        Secret::Env(name) => format!("{{ env = {} }}", quoted(name)),
        Secret::File(path) => format!("{{ file = {} }}", quoted(&path.display().to_string())),
    }
}
