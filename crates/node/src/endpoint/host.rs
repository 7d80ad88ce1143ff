//! For whom a request is meant. Pure.
//!
//! A web page may give its own name our address and then ask us in its visitor's browser, which takes us for
//! the page's own server. What it cannot change is the name in the request.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hyper::Uri;
use hyper::header::{HOST, HeaderMap};
use hyper::http::uri::Authority;

/// True if a request is meant for a server that is no public one: by an address, as `localhost`, by one of
/// `names`, or by no name at all, which no browser does.
pub fn is_ours(uri: &Uri, headers: &HeaderMap, names: &BTreeSet<String>) -> bool {
    let mut named = headers.get_all(HOST).iter();
    let header = named.next().map(|value| value.to_str().ok().and_then(host));
    let in_head = match header {
        None => true,
        Some(host) => host.is_some_and(|host| is_name_of_ours(&host, names)),
    };
    let in_uri = uri.host().is_none_or(|host| is_name_of_ours(host, names));
    in_head && in_uri && named.next().is_none()
}

/// The name without the port.
fn host(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    Some(authority.host().to_owned())
}

fn is_name_of_ours(host: &str, names: &BTreeSet<String>) -> bool {
    let name = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let name = name.to_ascii_lowercase();
    name.parse::<IpAddr>().is_ok() || name == "localhost" || names.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(uri: &str, hosts: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, host.parse().expect("visible"));
        }
        let names = BTreeSet::from(["trader.lan".to_owned()]);
        is_ours(&uri.parse().expect("a URI"), &headers, &names)
    }

    #[test]
    fn addresses_localhost_and_the_names_given_are_ours() {
        for host in [
            "127.0.0.1:9090",
            "192.168.1.7",
            "[::1]:9090",
            "[::1]",
            "localhost:9090",
            "LOCALHOST",
            "localhost.",
            "trader.lan:9090",
            "Trader.Lan",
        ] {
            assert!(ours("/", &[host]), "{host}");
        }
        assert!(ours("/", &[]), "whoever gives no name is no browser");
        assert!(ours("http://127.0.0.1:9090/health", &["127.0.0.1:9090"]));
    }

    #[test]
    fn other_names_are_not() {
        for host in [
            "evil.example",
            "evil.example:9090",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "trader.lan.evil.example",
            "xlocalhost",
            "localhost@evil.example",
            "",
            ":9090",
        ] {
            assert!(!ours("/", &[host]), "{host}");
        }
        assert!(!ours("http://evil.example/health", &["127.0.0.1:9090"]));
        assert!(!ours("/", &["127.0.0.1:9090", "evil.example"]), "one name only");
    }
}
