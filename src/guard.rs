//! Which addresses may be talked to: the decision alone, without any network.
//!
//! Watches and redirects name hosts that others choose; without this module a page could
//! send us to the machine's own services. Three decisions use it: every URL before its
//! request ([`check_url`]), and every answer of the resolver ([`decide`]). What is not
//! known to be public is refused, so that a new special range fails closed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

use crate::outcome::FailureKind;

/// Ports that any public host may be asked at. Other ports belong to other protocols,
/// and only hosts that the operator names are asked there.
pub const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// A special address that may be talked to although it is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A host by name, as written in URLs, with any address it has.
    Host(String),
    /// A network.
    Network(IpNet),
}

impl Allowed {
    fn names(&self, host: &str) -> bool {
        match self {
            Allowed::Host(name) => bare(name).eq_ignore_ascii_case(bare(host)),
            Allowed::Network(_) => false,
        }
    }

    fn holds(&self, address: IpAddr) -> bool {
        match self {
            Allowed::Host(_) => false,
            Allowed::Network(network) => network.contains(&address),
        }
    }
}

/// A host without brackets and the root's dot. Nothing is copied: every watch is compared with
/// every host that is allowed.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.')
}

/// Whether an address is one of the public internet.
///
/// After the IANA special-purpose address registries (RFC 6890 and its updates). An IPv6
/// address that carries an IPv4 address is as public as that one, where it is routed at
/// all; Teredo and the local-use NAT64 prefix never are.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, ..) => true, // this network, private use, loopback
        (100, 64..=127, _) => true, // carrier-grade NAT
        (169, 254, _) => true,      // link-local, and the clouds' metadata services
        (172, 16..=31, _) => true,  // private use
        (192, 168, _) => true,      // private use
        (192, 0, 0 | 2) => true,    // protocol assignments, documentation
        (192, 88, 99) => true,      // 6to4 relays, retired
        (198, 18 | 19, _) => true,  // benchmarks
        (198, 51, 100) => true,     // documentation
        (203, 0, 113) => true,      // documentation
        (224..=255, ..) => true,    // multicast, reserved, broadcast
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let last = || {
        let [.., high, low] = segments;
        embedded(high, low)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] => is_public_v4(last()), // IPv4-mapped
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(last()), // NAT64
        [0x2002, high, low, ..] => is_public_v4(embedded(high, low)), // 6to4
        [0x2001, 0..=0x01ff, ..] => false,                   // protocol assignments, Teredo
        [0x2001, 0x0db8, ..] => false,                       // documentation
        [0x3fff, 0..=0x0fff, ..] => false,                   // documentation
        // All the rest of the public internet; outside of it lie loopback, `::a.b.c.d`,
        // unique local, link-local, multicast and whatever comes.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

/// Whether a host may be connected to at these addresses: all that its name resolves to.
///
/// One special address spoils the answer, unless the host is allowed by name or the
/// special addresses lie in allowed networks: otherwise a name with a public and a
/// private address would win the second by luck.
///
/// # Errors
/// [`FailureKind::Dns`] without any address, [`FailureKind::Forbidden`] with a wrong one.
pub fn decide(host: &str, addresses: &[IpAddr], allow: &[Allowed]) -> Result<(), FailureKind> {
    if addresses.is_empty() {
        return Err(FailureKind::Dns { host: host.to_owned() });
    }
    if allow.iter().any(|allowed| allowed.names(host)) {
        return Ok(());
    }
    let allowed = |address: IpAddr| is_public(address) || allow.iter().any(|allowed| allowed.holds(address));
    match addresses.iter().find(|address| !allowed(**address)) {
        None => Ok(()),
        Some(address) => Err(FailureKind::Forbidden { host: host.to_owned(), address: address.to_string() }),
    }
}

/// Whether a URL may be requested, as far as it can be told without a resolver: HTTP or
/// HTTPS, no credentials, one of [`PORTS`] unless the host is allowed, and no special
/// address. The `url` crate has turned every spelling of an address into the address.
///
/// # Errors
/// [`FailureKind::BadUrl`] or [`FailureKind::Forbidden`].
pub fn check_url(url: &Url, allow: &[Allowed]) -> Result<(), FailureKind> {
    let bad = |reason: &str| Err(FailureKind::BadUrl { url: shown(url), reason: reason.to_owned() });
    if !matches!(url.scheme(), "http" | "https") {
        return bad("only http and https are fetched");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad("it holds credentials; take them out of the url");
    }
    let Some(host) = url.host() else {
        return bad("it names no host");
    };
    let (name, address) = match host {
        Host::Domain(name) => (name.to_owned(), is_loopback_name(name).then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))),
        Host::Ipv4(address) => (address.to_string(), Some(IpAddr::V4(address))),
        Host::Ipv6(address) => (address.to_string(), Some(IpAddr::V6(address))),
    };
    if bare(&name).is_empty() {
        return bad("it names no host");
    }
    if let Some(address) = address {
        decide(&name, &[address], allow)?;
    }
    let port = url.port_or_known_default().unwrap_or_default();
    let known =
        allow.iter().any(|allowed| allowed.names(&name) || address.is_some_and(|address| allowed.holds(address)));
    if !known && !PORTS.contains(&port) {
        return bad(&format!("port {port} is not for web pages; name the host under [fetch] allow if that is meant"));
    }
    Ok(())
}

/// Whether a URL leads to a place that is not of the public internet, as far as that can be
/// told without a resolver: a special address, or a host that is allowed by name.
pub fn is_private(url: &Url, allow: &[Allowed]) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name) || allow.iter().any(|allowed| allowed.names(name)),
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        None => true,
    }
}

/// RFC 6761: these names mean this machine, whatever a resolver says.
fn is_loopback_name(name: &str) -> bool {
    let name = bare(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// A URL as it may be shown and recorded: without a password.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    if url.password().is_some() && url.set_password(Some("…")).is_err() {
        return format!("a {} url", url.scheme());
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        let special = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::ffff:0:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in special {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        let public = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::8",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2001:200::1",
            "3fff:1000::1",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn hostile_spellings_of_urls_are_refused() {
        let cases = [
            ("http://127.0.0.1/", "forbidden_address"),
            ("http://[::1]/", "forbidden_address"),
            ("http://2130706433/", "forbidden_address"),
            ("http://0x7f000001/", "forbidden_address"),
            ("http://0x7f.1/", "forbidden_address"),
            ("http://0177.0.0.1/", "forbidden_address"),
            ("http://127.1/", "forbidden_address"),
            ("http://0/", "forbidden_address"),
            ("http://127。0。0。1/", "forbidden_address"),
            ("http://①②⑦.0.0.1/", "forbidden_address"),
            ("http://１２７.0.0.1/", "forbidden_address"),
            ("http://127.0.0.1./", "forbidden_address"),
            ("http://%31%32%37.0.0.1/", "forbidden_address"),
            ("http:\\\\127.0.0.1\\x", "forbidden_address"),
            ("http:127.0.0.1", "forbidden_address"),
            ("http:////127.0.0.1/", "forbidden_address"),
            ("http://[::ffff:127.0.0.1]/", "forbidden_address"),
            ("http://[::ffff:7f00:1]/", "forbidden_address"),
            ("http://[64:ff9b::7f00:1]/", "forbidden_address"),
            ("http://[2002:7f00:1::]/", "forbidden_address"),
            ("http://[::127.0.0.1]/", "forbidden_address"),
            ("http://[fe80::1]/", "forbidden_address"),
            ("http://[fd00::1]/", "forbidden_address"),
            ("http://169.254.169.254/latest/meta-data/", "forbidden_address"),
            ("http://100.100.100.200/", "forbidden_address"),
            ("http://localhost/", "forbidden_address"),
            ("http://LOCALHOST./", "forbidden_address"),
            ("http://acme.localhost/", "forbidden_address"),
            ("http://user@127.0.0.1/", "bad_url"),
            ("http://user:secret@acme.test/", "bad_url"),
            ("http://acme.test:22/", "bad_url"),
            ("https://acme.test:6379/", "bad_url"),
            ("http://./", "bad_url"),
            ("ftp://acme.test/", "bad_url"),
            ("file:///etc/passwd", "bad_url"),
            ("data:text/html,x", "bad_url"),
            ("gopher://acme.test/", "bad_url"),
            ("javascript:alert(1)", "bad_url"),
        ];
        for (text, expected) in cases {
            let url = Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let refused = check_url(&url, &[]).map_err(|kind| kind.as_str());
            assert_eq!(refused, Err(expected), "{text} is {url}");
        }
        for text in ["http://acme.test/", "https://acme.test:8443/a", "https://[2606:4700::1111]/", "http://1.1.1.1:80"]
        {
            assert_eq!(check_url(&Url::parse(text).unwrap(), &[]), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let refused = check_url(&Url::parse("http://me:secret@acme.test/").unwrap(), &[]).unwrap_err();
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }

    #[test]
    fn one_special_address_spoils_the_answer() {
        let decided = |host: &str, addresses: &[&str], allow: &[Allowed]| {
            let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
            decide(host, &addresses, allow).map_err(|kind| kind.as_str())
        };
        let loopback = Allowed::Network("127.0.0.0/8".parse().unwrap());
        let name = Allowed::Host("Intra.Acme.test".to_owned());
        assert_eq!(decided("acme.test", &["1.1.1.1", "2606:4700::1111"], &[]), Ok(()));
        assert_eq!(decided("acme.test", &["1.1.1.1", "127.0.0.1"], &[]), Err("forbidden_address"));
        assert_eq!(decided("acme.test", &[], std::slice::from_ref(&name)), Err("dns"));
        assert_eq!(decided("acme.test", &["1.1.1.1", "127.0.0.1"], std::slice::from_ref(&loopback)), Ok(()));
        assert_eq!(decided("acme.test", &["10.0.0.1", "127.0.0.1"], &[loopback]), Err("forbidden_address"));
        assert_eq!(decided("intra.acme.test.", &["10.0.0.1"], std::slice::from_ref(&name)), Ok(()));
        assert_eq!(decided("x.intra.acme.test", &["10.0.0.1"], &[name]), Err("forbidden_address"));
    }

    #[test]
    fn private_places_are_told_by_their_address() {
        let allow = [Allowed::Host("intra.acme.test".to_owned())];
        let private = |text: &str| is_private(&Url::parse(text).unwrap(), &allow);
        assert!(
            ["http://127.0.0.1/", "http://localhost/", "http://[fd00::1]/", "http://intra.acme.test/"].map(private)
                == [true; 4]
        );
        assert!(!private("https://acme.test/") && !private("http://1.1.1.1/"));
    }

    #[test]
    fn allowed_hosts_may_have_any_port_and_address() {
        let network = [Allowed::Network("127.0.0.0/8".parse().unwrap())];
        let name = [Allowed::Host("intra.acme.test".to_owned())];
        let checked = |text: &str, allow: &[Allowed]| check_url(&Url::parse(text).unwrap(), allow).is_ok();
        assert!(checked("http://127.0.0.1:34567/", &network));
        assert!(checked("http://localhost:34567/", &network));
        assert!(!checked("http://[::1]:34567/", &network));
        assert!(checked("http://intra.acme.test:9000/", &name));
        assert!(checked("http://[::1]:9/", &[Allowed::Host("[::1]".to_owned())]));
        assert!(!checked("http://acme.test:9000/", &name));
    }

    proptest! {
        /// An IPv4 address dressed as IPv6 is never more public than itself.
        #[test]
        fn dress_makes_no_address_public(bits: u32, tail: u64) {
            let plain = Ipv4Addr::from(bits);
            let (high, low) = ((bits >> 16) as u16, bits as u16);
            let [a, b, c, d] = [48, 32, 16, 0].map(|shift| (tail >> shift) as u16);
            let dressed = [
                plain.to_ipv6_mapped(),
                plain.to_ipv6_compatible(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 1, a, b, c, high, low),
                Ipv6Addr::new(0x2002, high, low, a, b, c, d, 1),
            ];
            for address in dressed {
                prop_assert!(!is_public(address.into()) || is_public(plain.into()), "{address}");
            }
        }

        /// A URL that passes leads, if it names an address, to a public one.
        #[test]
        fn what_passes_is_public(host in "[0-9a-fx.:\\[\\]%]{1,24}") {
            if let Ok(url) = Url::parse(&format!("http://{host}/")) && check_url(&url, &[]).is_ok() {
                match url.host() {
                    Some(Host::Ipv4(address)) => prop_assert!(is_public(address.into())),
                    Some(Host::Ipv6(address)) => prop_assert!(is_public(address.into())),
                    _ => {}
                }
            }
        }
    }
}
