//! Where a callback may go: public hosts only, however a private one is spelled.
//!
//! The oracle parses URLs with the `url` crate and addresses with `std::net`, and has IANA's special-purpose registries as text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use audatec::domain::target::{Target, TargetRefused, masked};

use super::urls::parse_url;
use super::world::OWN_HOST;

/// IPv4 addresses that are not globally reachable, from `iana.org/assignments/iana-ipv4-special-registry`, and multicast.
const PRIVATE_V4: &str = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4";
/// IPv6 addresses that are globally reachable, and exceptions within them; from the same registry.
const PUBLIC_V6: &str = "2000::/3";
const PRIVATE_V6: &str = "2001::/23 2001:db8::/32 2002::/16 3fff::/20";
const PUBLIC_WITHIN_V6: &str = "2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:3::/32 2001:4:112::/48 2001:20::/28 2001:30::/28";

/// The oracle's verdict on a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Public,
    /// Public, but an IP address.
    Address,
    Loopback,
    Private,
    NotHttp,
}

fn within(address: IpAddr, ranges: &str) -> bool {
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let binary = |address: IpAddr| {
        octets(address)
            .iter()
            .fold(String::new(), |bits, byte| bits + &format!("{byte:08b}"))
    };
    ranges.split_whitespace().any(|range| {
        let (first, length) = range.split_once('/').expect("a range");
        let length: usize = length.parse().expect("a length");
        let first: IpAddr = first.parse().expect("an address");
        first.is_ipv4() == address.is_ipv4() && binary(first)[..length] == binary(address)[..length]
    })
}

fn of_v4(address: Ipv4Addr) -> Verdict {
    let anycast = [Ipv4Addr::new(192, 0, 0, 9), Ipv4Addr::new(192, 0, 0, 10)];
    if address.is_loopback() {
        Verdict::Loopback
    } else if within(address.into(), PRIVATE_V4) && !anycast.contains(&address) {
        Verdict::Private
    } else {
        // An address that std puts in one of these classes is not public, whatever the table says.
        let known_to_std = address.is_private()
            || address.is_link_local()
            || address.is_unspecified()
            || address.is_broadcast()
            || address.is_documentation()
            || address.is_multicast();
        assert!(!known_to_std, "the oracle's own table lacks {address}");
        Verdict::Address
    }
}

fn of_v6(address: Ipv6Addr) -> Verdict {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return of_v4(mapped);
    }
    let is_public = within(address.into(), PUBLIC_V6)
        && (!within(address.into(), PRIVATE_V6) || within(address.into(), PUBLIC_WITHIN_V6));
    match address.is_loopback() {
        true => Verdict::Loopback,
        false if is_public => Verdict::Address,
        false => Verdict::Private,
    }
}

fn of_name(name: &str) -> Verdict {
    // Dots at the end are DNS's root: an address with two of them is a name to the parser, but an address to some resolvers.
    let bare = name.trim_end_matches('.').to_lowercase();
    if bare.is_empty() {
        return Verdict::NotHttp;
    }
    if let Ok(address) = bare.parse() {
        return of_v4(address);
    }
    let url = url::Url::parse(&format!("http://{bare}/"));
    if !url.is_ok_and(|url| matches!(url.host(), Some(url::Host::Domain(_)))) {
        return Verdict::Private; // it ends in a number: `127.1..`, `1.2.3.4.5..` and the like are nobody's names
    }
    let labels: Vec<&str> = bare.rsplit('.').collect();
    match labels[..] {
        ["localhost"] => Verdict::Loopback,
        [_] | ["localhost" | "local" | "internal", ..] | ["arpa", "home", ..] => Verdict::Private,
        _ => Verdict::Public,
    }
}

/// The oracle's verdict on a URL; `None` if no parser accepts it.
pub fn verdict(text: &str) -> Option<Verdict> {
    let url = url::Url::parse(text).ok()?;
    let of_host = match url.host()? {
        url::Host::Domain(name) => of_name(name),
        url::Host::Ipv4(address) => of_v4(address),
        url::Host::Ipv6(address) => of_v6(address),
    };
    Some(match url.scheme() {
        "http" | "https" => of_host,
        _ => Verdict::NotHttp,
    })
}

/// Compares the judge with the oracle, with and without the local run's permission; and the service's own host is never public.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check(&text);
    check(&format!("https://{text}/"));
    for own in ["http://", "https://user:pass@"] {
        check(&format!("{own}{OWN_HOST}{text}"));
    }
}

fn check(text: &str) {
    let (target, verdict) = (parse_url(text), verdict(text));
    assert_eq!(target.is_some(), verdict.is_some(), "{text:?}");
    let (Some(target), Some(verdict)) = (target, verdict) else {
        return;
    };
    let is_own = target.host.trim_end_matches('.') == OWN_HOST;
    let expected = match verdict {
        Verdict::NotHttp => Err(TargetRefused::NotHttp),
        Verdict::Public if !is_own => Ok(()),
        Verdict::Address if !is_own => Err(TargetRefused::Address),
        _ => Err(TargetRefused::Private),
    };
    assert_eq!(
        target.judge(OWN_HOST, false),
        expected,
        "{text:?} is {verdict:?}"
    );
    let locally = match verdict {
        Verdict::Loopback => Ok(()),
        Verdict::Address if !is_own => Ok(()),
        _ => expected,
    };
    assert_eq!(
        target.judge(OWN_HOST, true),
        locally,
        "{text:?} is {verdict:?}, locally"
    );
    as_own_host(&target);
    if verdict != Verdict::NotHttp {
        as_shown(text, &target);
    }
}

/// The URL as shown leads to the same place, without anything that the parser took for a secret.
fn as_shown(text: &str, target: &Target) {
    let shown = masked(text);
    let again = parse_url(&shown).expect("what is shown is a URL");
    assert_eq!(
        again.address(),
        target.address(),
        "{text:?} shown as {shown:?}"
    );
    let (user, password) = (again.user.as_str(), again.password.as_str());
    match (target.user.is_empty(), target.password.is_empty()) {
        (true, true) => assert!(user.is_empty() && password.is_empty(), "{shown:?}"),
        (false, true) => assert_eq!((user, password), ("***", ""), "{text:?}"),
        (_, false) => assert_eq!(password, "***", "{text:?}"),
    }
    let address = target.address();
    assert!(
        !address.contains('@') || target.path.contains('@') || target.query.contains('@'),
        "{address:?}"
    );
    assert_eq!(
        target.authorization().is_some(),
        target.has_credentials(),
        "{text:?}"
    );
}

/// No host is public to the service that owns it, however it is written.
fn as_own_host(target: &Target) {
    assert!(target.judge(&target.host, false).is_err(), "{target:?}");
    assert!(
        target.judge(&format!("{}.", target.host), false).is_err(),
        "{target:?}"
    );
}
