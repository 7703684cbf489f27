//! Which addresses may be talked to: the decision alone, without any network.
//!
//! Three places ask it: before a URL is requested, before a redirect is followed, and
//! when a name has been resolved (the HTTP library never asks a resolver for a host
//! that is written as a number).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

use crate::outcome::FailureKind;

/// A special address that may be talked to although it is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A host by name, as written in URLs, with any address it has.
    Host(String),
    /// A network.
    Network(IpNet),
}

/// IPv4 networks that are not the public internet (IANA special-purpose registry,
/// multicast and reserved space).
const SPECIAL_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    (Ipv4Addr::new(255, 255, 255, 255), 32),
];

/// Parts of 2000::/3 that are not the public internet: IETF protocol assignments with
/// Teredo and ORCHID, documentation, 6to4, documentation again.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether an address is one of the public internet. IPv6 is 2000::/3 minus exceptions,
/// so that ranges given out tomorrow are refused until they are known.
pub fn is_public(address: IpAddr) -> bool {
    match unmapped(address) {
        IpAddr::V4(v4) => {
            let bits = u32::from(v4);
            !SPECIAL_V4.iter().any(|(net, length)| (bits ^ u32::from(*net)).checked_shr(32 - length).unwrap_or(0) == 0)
        }
        IpAddr::V6(v6) => {
            let bits = u128::from(v6);
            bits >> 125 == 1 && !SPECIAL_V6.iter().any(|(net, length)| (bits ^ u128::from(*net)) >> (128 - length) == 0)
        }
    }
}

/// The IPv4 address that an IPv6 address really leads to: mapped (`::ffff:0:0/96`) and
/// NAT64's well-known prefix (`64:ff9b::/96`, RFC 6052). Other embeddings stay IPv6 and
/// are refused there.
fn unmapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            IpAddr::V4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => address,
    }
}

fn is_allowed_name(host: &str, allow: &[Allowed]) -> bool {
    let bare = |name: &str| name.trim_end_matches('.').trim_matches(['[', ']']).to_ascii_lowercase();
    allow.iter().any(|allowed| matches!(allowed, Allowed::Host(name) if bare(name) == bare(host)))
}

fn is_allowed_address(address: IpAddr, allow: &[Allowed]) -> bool {
    allow.iter().any(|allowed| {
        matches!(allowed, Allowed::Network(net) if net.contains(&address) || net.contains(&unmapped(address)))
    })
}

/// Decides over what a name resolved to. One special address refuses the whole answer, so
/// that a server of names cannot hide it among public ones.
///
/// # Errors
/// `Dns` if there is no address, `Forbidden` if one is special and not allowed.
pub fn admit(host: &str, addresses: &[IpAddr], allow: &[Allowed]) -> Result<(), FailureKind> {
    if addresses.is_empty() {
        return Err(FailureKind::Dns { host: host.to_owned() });
    }
    if is_allowed_name(host, allow) {
        return Ok(());
    }
    match addresses.iter().find(|address| !is_public(**address) && !is_allowed_address(**address, allow)) {
        Some(address) => Err(FailureKind::Forbidden { host: host.to_owned(), address: address.to_string() }),
        None => Ok(()),
    }
}

/// Decides over a URL before it is requested: `http` or `https`, no credentials, no port
/// of another service, no special address written as one.
///
/// # Errors
/// `BadUrl` or `Forbidden`.
pub fn check_url(url: &Url, allow: &[Allowed]) -> Result<(), FailureKind> {
    let bad = |reason: &str| Err(FailureKind::BadUrl { url: url.to_string(), reason: reason.to_owned() });
    if !matches!(url.scheme(), "http" | "https") {
        return bad("only http and https can be fetched");
    }
    if !url.username().is_empty() || url.password().is_some() {
        let mut bare = url.clone();
        // Neither fails on an http URL; what is shown must not hold the password.
        let _ = bare.set_username("");
        let _ = bare.set_password(None);
        let reason = "it carries a user name or password; leave them out".to_owned();
        return Err(FailureKind::BadUrl { url: bare.to_string(), reason });
    }
    let Some(host) = url.host() else { return bad("it names no host") };
    let literal = match host {
        Host::Domain(_) => None,
        Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
        Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
    };
    let name = host.to_string();
    if let Some(address) = literal {
        admit(&name, &[address], allow)?;
    }
    let meant = is_allowed_name(&name, allow) || literal.is_some_and(|address| is_allowed_address(address, allow));
    match url.port_or_known_default() {
        // Below 1024 live mail, shells and file servers, none of which serves policies.
        Some(port) if port < 1024 && !matches!(port, 80 | 443) && !meant => {
            bad(&format!("port {port} belongs to another service; name the host under [fetch] allow if that is meant"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(url: &str) -> Result<(), FailureKind> {
        check_url(&Url::parse(url).unwrap(), &[])
    }

    #[test]
    fn special_addresses_are_refused_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0",
            "127。0。0。1",
            "①②⑦.0.0.1",
            "127.0.0.1.",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[fe80::1]",
            "[fd00::1]",
            "[fc00::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[4000::1]",
            "169.254.169.254",
            "[::ffff:169.254.169.254]",
            "100.64.0.1",
            "100.127.255.255",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "0.0.0.0",
        ] {
            let found = verdict(&format!("http://{host}/"));
            assert!(matches!(found, Err(FailureKind::Forbidden { .. })), "{host}: {found:?}");
        }
    }

    #[test]
    fn public_addresses_are_admitted() {
        for host in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "[2606:4700::1111]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::808:808]",
            "acme.test",
            "acme.test:8443",
        ] {
            assert_eq!(verdict(&format!("https://{host}/")), Ok(()), "{host}");
        }
    }

    #[test]
    fn what_is_no_web_page_is_refused() {
        for url in [
            "ftp://acme.test/",
            "file:///etc/passwd",
            "data:text/html,x",
            "gopher://acme.test/",
            "http://acme.test:25/",
        ] {
            assert!(matches!(verdict(url), Err(FailureKind::BadUrl { .. })), "{url}");
        }
        for url in ["http://user@127.0.0.1/", "http://user:secret@acme.test/"] {
            let error = verdict(url).unwrap_err().to_string();
            assert!(error.contains("user name") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn one_special_address_refuses_the_whole_answer() {
        let public: IpAddr = "8.8.8.8".parse().unwrap();
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let metadata: IpAddr = "169.254.169.254".parse().unwrap();
        let net = [Allowed::Network("127.0.0.0/8".parse().unwrap())];
        let named = [Allowed::Host("intranet.test".to_owned())];
        assert_eq!(admit("acme.test", &[public], &[]), Ok(()));
        assert!(matches!(admit("acme.test", &[], &[]), Err(FailureKind::Dns { .. })));
        assert!(matches!(admit("acme.test", &[public, loopback], &[]), Err(FailureKind::Forbidden { .. })));
        assert_eq!(admit("acme.test", &[public, loopback], &net), Ok(()));
        assert!(matches!(admit("acme.test", &[loopback, metadata], &net), Err(FailureKind::Forbidden { .. })));
        assert_eq!(admit("INTRANET.test.", &[metadata], &named), Ok(()));
        assert!(matches!(admit("evil-intranet.test", &[metadata], &named), Err(FailureKind::Forbidden { .. })));
    }

    proptest::proptest! {
        #[test]
        fn embedding_an_address_never_makes_it_public(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let mapped = IpAddr::V6(v4.to_ipv6_mapped());
            proptest::prop_assert_eq!(is_public(mapped), is_public(IpAddr::V4(v4)));
            let [a, b] = [(bits >> 16) as u16, bits as u16];
            proptest::prop_assert!(!is_public(IpAddr::V6(Ipv6Addr::new(0x2002, a, b, 0, 0, 0, 0, 1))));
            proptest::prop_assert!(!is_public(IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0, a, b))));
        }
    }
}
