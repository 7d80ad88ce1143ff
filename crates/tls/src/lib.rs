//! TLS for the machine's network: the client's half, around any [`Connector`](platform::Connector).
//!
//! A crate of its own, so that nothing of the simulation is built with it. Certificates are judged by
//! rustls, with the time of [`platform::Clock`]; who may issue them is in [`Roots`].

mod connector;
mod failure;
mod roots;

pub use connector::{HANDSHAKE_TIMEOUT, TlsConnector};
pub use failure::Failure;
pub use roots::{Roots, RootsError};

#[cfg(test)]
mod tests;
