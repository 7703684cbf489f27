//! Which addresses may be talked to: the decision alone, without any network.

use std::net::IpAddr;

use ipnet::IpNet;

/// A special address that may be talked to although it is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A host by name, as written in URLs, with any address it has.
    Host(String),
    /// A network.
    Network(IpNet),
}

/// Whether an address is one of the public internet.
pub fn is_public(_address: IpAddr) -> bool {
    todo!()
}
