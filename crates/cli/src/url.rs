//! Addresses of services, as people write them.

use platform::Endpoint;

/// Where a service is, from `http://host:port/path`; also `https`, `ws` and `wss`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) endpoint: Endpoint,
    /// Without the slash at its end; empty for none.
    pub(crate) path: String,
}

impl Url {
    /// Reads an address. A name has letters, digits, `-` and `.`; a port is above zero.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (tls, default_port) = match scheme {
            "http" | "ws" => (false, 80),
            "https" | "wss" => (true, 443),
            _ => return None,
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, default_port),
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let path_is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        if host.is_empty() || !host.chars().all(is_plain) || port == 0 || !path_is_plain {
            return None;
        }
        let endpoint = Endpoint { host: host.to_owned(), port, tls };
        Some(Self { endpoint, path: path.trim_end_matches('/').to_owned() })
    }
}
