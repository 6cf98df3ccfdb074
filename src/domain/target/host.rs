//! Which hosts are public: IANA's registries, and names that never occur in the public DNS.

use std::net::{Ipv4Addr, Ipv6Addr};

#[derive(PartialEq, Eq)]
pub(super) enum Host {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Name(String),
}

impl Host {
    /// An address that embeds an IPv4 (`::ffff:0:0/96`) is that IPv4.
    pub fn read(text: &str) -> Self {
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .unwrap_or(text);
        if let Ok(address) = bare.parse::<Ipv6Addr>() {
            return address.to_ipv4_mapped().map_or(Self::V6(address), Self::V4);
        }
        bare.parse()
            .map_or_else(|_| Self::Name(bare.to_ascii_lowercase()), Self::V4)
    }

    pub fn is_loopback(&self) -> bool {
        match self {
            Self::V4(address) => address.is_loopback(),
            Self::V6(address) => address.is_loopback(),
            Self::Name(name) => name == "localhost",
        }
    }

    pub fn is_public(&self) -> bool {
        match self {
            Self::V4(address) => is_public_v4(*address),
            Self::V6(address) => is_public_v6(*address),
            Self::Name(name) => is_public_name(name),
        }
    }
}

/// Names that never occur in the public DNS: RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`.
const PRIVATE_ZONES: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

fn is_public_name(name: &str) -> bool {
    let Some((_, top)) = name.rsplit_once('.') else {
        return false; // a single label is a machine of the local network
    };
    let in_private_zone = PRIVATE_ZONES.iter().any(|zone| {
        name.strip_suffix(zone)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    // The parser reads a name that ends in a number as an address. One that it let pass, as it does
    // with two dots at the end, is still not a name.
    let ends_in_number = match top.strip_prefix("0x") {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => top.bytes().all(|byte| byte.is_ascii_digit()),
    };
    !in_private_zone && !ends_in_number
}

/// Not globally reachable: first address and length of the prefix.
const PRIVATE_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private use
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared address space, some clouds' metadata
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, most clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private use
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // IETF protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays, deprecated, and 6a44 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private use
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, and broadcast
];

/// Globally reachable inside `192.0.0.0/24`: the anycast addresses of PCP and TURN.
const PUBLIC_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 0, 9), Ipv4Addr::new(192, 0, 0, 10)];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within =
        |(prefix, len): &(Ipv4Addr, u32)| (address.to_bits() ^ prefix.to_bits()) >> (32 - len) == 0;
    PUBLIC_V4.contains(&address) || !PRIVATE_V4.iter().any(within)
}

/// The one block from which IANA assigns global unicast addresses. Outside it are `::/96`, NAT64,
/// discard-only, segment routing, unique local, link-local, site-local, multicast, and no public host.
const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Not globally reachable within it. 6to4 and Teredo embed an IPv4 address of anyone's choice.
const PRIVATE_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // IETF protocol assignments: Teredo, benchmarking, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Globally reachable inside `2001::/23`.
const PUBLIC_V6: [(Ipv6Addr, u32); 7] = [
    (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 1), 128), // PCP anycast
    (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 2), 128), // TURN anycast
    (Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 3), 128), // DNS-SD SRP anycast
    (Ipv6Addr::new(0x2001, 3, 0, 0, 0, 0, 0, 0), 32),  // AMT
    (Ipv6Addr::new(0x2001, 4, 0x112, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28), // ORCHIDv2
    (Ipv6Addr::new(0x2001, 0x30, 0, 0, 0, 0, 0, 0), 28), // drone remote identification
];

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within = |(prefix, len): &(Ipv6Addr, u32)| {
        (address.to_bits() ^ prefix.to_bits()) >> (128 - len) == 0
    };
    within(&GLOBAL_UNICAST) && (PUBLIC_V6.iter().any(within) || !PRIVATE_V6.iter().any(within))
}
