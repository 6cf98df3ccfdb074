use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

const OWN: &str = "api.audatec.in";

/// Parses a URL as the platform does; `None` if the parser refuses it.
fn target(text: &str) -> Option<Target> {
    let url = url::Url::parse(text).ok()?;
    let host = url.host_str()?.to_owned();
    Some(Target {
        scheme: url.scheme().to_owned(),
        host,
        port: url.port(),
        path: url.path().to_owned(),
        query: url
            .query()
            .map_or_else(String::new, |query| format!("?{query}")),
        user: url.username().to_owned(),
        password: url.password().unwrap_or_default().to_owned(),
    })
}

fn judge(text: &str) -> Result<(), TargetRefused> {
    target(text).expect(text).judge(OWN, false)
}

fn judge_locally(text: &str) -> Result<(), TargetRefused> {
    target(text).expect(text).judge(OWN, true)
}

fn assert_private(url: &str) {
    assert_eq!(judge(url), Err(TargetRefused::Private), "{url}");
}

fn assert_public(url: &str) {
    assert_eq!(judge(url), Ok(()), "{url}");
    assert_eq!(judge_locally(url), Ok(()), "{url}, locally");
}

/// Public, and out of reach of Cloudflare's `fetch`.
fn assert_public_address(url: &str) {
    assert_eq!(judge(url), Err(TargetRefused::Address), "{url}");
    assert_eq!(judge_locally(url), Ok(()), "{url}, locally");
}

#[test]
fn a_public_ip_address_is_for_the_local_run_alone() {
    for url in [
        "https://1.1.1.1/",
        "http://8.8.8.8:8080/",
        "https://134744072/",
        "https://0x8.8.8.8/",
        "https://8.8.8.8./",
        "https://user:password@8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[::ffff:808:808]/",
    ] {
        assert_public_address(url);
    }
}

#[test]
fn credentials_go_into_a_header_and_leave_the_url() {
    for (url, pair, address) in [
        (
            "https://user:pass@example.com/a?b=c#d",
            "user:pass",
            "https://example.com/a?b=c",
        ),
        (
            "https://user:p%40ss%3A%2F@example.com:8443",
            "user:p@ss:/",
            "https://example.com:8443/",
        ),
        (
            "https://us%3Aer:x@example.com/",
            "us:er:x",
            "https://example.com/",
        ),
        (
            "https://jürgen:größe@example.com/",
            "jürgen:größe",
            "https://example.com/",
        ),
        (
            "https://j%C3%BCrgen:€@example.com/",
            "jürgen:€",
            "https://example.com/",
        ),
        (
            "https://token@example.com/",
            "token:",
            "https://example.com/",
        ),
        (
            "https://token:@example.com/",
            "token:",
            "https://example.com/",
        ),
        (
            "https://:secret@example.com/",
            ":secret",
            "https://example.com/",
        ),
        (
            "https://a@b:c@example.com/",
            "a@b:c",
            "https://example.com/",
        ),
        (
            "https://a:100%@example.com/",
            "a:100%",
            "https://example.com/",
        ),
        (
            "https://a:%zz%4@example.com/",
            "a:%zz%4",
            "https://example.com/",
        ),
        ("https://a:b@[::1]:8080/x", "a:b", "http://"),
    ] {
        let target = target(url).expect(url);
        let expected = format!("Basic {}", STANDARD.encode(pair));
        assert_eq!(target.authorization(), Some(expected), "{url}");
        assert!(
            target.address().starts_with(address) || address == "http://",
            "{url}"
        );
        assert!(!target.address().contains('@'), "{url}");
        assert!(!format!("{target:?}").contains(pair), "{url}");
    }
    for url in [
        "https://example.com/",
        "https://@example.com/",
        "https://:@example.com/a@b",
    ] {
        assert_eq!(target(url).expect(url).authorization(), None, "{url}");
    }
}

#[test]
fn a_url_is_shown_with_its_credentials_masked() {
    for (url, shown) in [
        (
            "https://user:pass@example.com/a?b=c#d",
            "https://user:***@example.com/a?b=c#d",
        ),
        ("https://token@example.com/", "https://***@example.com/"),
        ("https://token:@example.com/", "https://***@example.com/"),
        ("https://:pass@example.com", "https://:***@example.com"),
        (
            "https://a:b:c@d@example.com:80/@x",
            "https://a:***@example.com:80/@x",
        ),
        (
            "https:user:pass@example.com/",
            "https://user:***@example.com/",
        ),
        (
            "http:\\\\user:pass@example.com\\x",
            "http://user:***@example.com\\x",
        ),
        (
            "https:////user:pass@example.com/",
            "https://user:***@example.com/",
        ),
        (
            " ht\ntps://us\ter:pa\rss@example.com/ ",
            "https://user:***@example.com/",
        ),
        ("https://example.com/a@b:c", "https://example.com/a@b:c"),
        ("https://example.com?a:b@c", "https://example.com?a:b@c"),
        ("https://example.com#a:b@c", "https://example.com#a:b@c"),
        ("https://@example.com/", "https://@example.com/"),
        ("https://example.com/", "https://example.com/"),
    ] {
        assert_eq!(masked(url), shown, "{url}");
    }
}

#[test]
fn public_hosts_are_accepted_with_any_port_and_path() {
    for url in [
        "https://your-server.com/hooks/call-done",
        "http://your-server.com/",
        "HTTPS://YOUR-SERVER.COM",
        "https://example.com:8443/a?b=c#d",
        "https://example.com:65535",
        "http://example.com:22/",
        "https://user:password@example.com/",
        "https://example.com./",
        "https://bücher.example.com/",
        "https://xn--bcher-kva.example.com/",
        "https://例え.テスト/",
        "https://ｅｘａｍｐｌｅ.com/",
        "https://ex%61mple.com/",
        "https://localhost.example.com/",
        "https://notlocalhost.com/",
        "https://mylocal.com/",
        "https://internal.example.com/",
        "https://arpa.home.example/",
        "https://nothome.arpa/",
        "https://127.0.0.1.example.com/",
        "https://127.0.0.1@example.com/",
        "https://localhost:80@example.com/",
        "https://example.com/@127.0.0.1",
        "https://example.com?@127.0.0.1/",
        "https://example.com#@127.0.0.1/",
        "https://example.com\\@127.0.0.1/",
        "https://www.api.audatec.in.example.com/",
        "https://studio.audatec.in/",
        "https://0xcafe.example/",
    ] {
        assert_public(url);
    }
}

#[test]
fn another_scheme_is_not_http() {
    for url in [
        "ftp://example.com/",
        "ws://example.com/",
        "wss://example.com/",
        "file://example.com/etc/passwd",
        "gopher://127.0.0.1:25/",
        "httpss://example.com/",
        "ssh://git@example.com/",
    ] {
        assert_eq!(judge(url), Err(TargetRefused::NotHttp), "{url}");
    }
    let nowhere = |host: &str| {
        Target {
            scheme: "https".into(),
            host: host.into(),
            path: "/".into(),
            ..Target::default()
        }
        .judge(OWN, true)
    };
    assert_eq!(nowhere(""), Err(TargetRefused::NotHttp));
    assert_eq!(nowhere("."), Err(TargetRefused::NotHttp));
}

#[test]
fn texts_that_no_parser_reads_are_refused_before_they_are_judged() {
    for text in [
        "",
        "example.com",
        "//example.com",
        "/hooks",
        "https://",
        "http:///",
        "https://:443/",
        "https://exa mple.com/",
        "https://256.0.0.1/",
        "https://1.2.3.4.5/",
        "https://127.0.0.09/",
        "https://0x1ffffffff/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[127.0.0.1]/",
        "https://[::ffff:127.1]/",
        "https://example.com:65536/",
        "https://example.com:-1/",
        "https://exa<mple.com/",
        "https://%00/",
        "https://a.b.1/",
        "https://foo.0x1/",
        "mailto:a@example.com",
        "javascript:alert(1)",
        "data:text/plain,a",
    ] {
        assert_eq!(target(text), None, "{text:?}");
    }
}

/// Every spelling of 127.0.0.1, ::1 and localhost that a URL parser accepts.
const LOOPBACK: [&str; 50] = [
    "http://127.0.0.1/",
    "https://127.0.0.1:8443/",
    "http://127.255.255.254/",
    "http://127.0.0.1./",
    "http://127.0.0.1../",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.1./",
    "http://2130706433/",
    "http://2130706433./",
    "http://0177.0.0.1/",
    "http://0177.1/",
    "http://0177.0.1/",
    "http://017700000001/",
    "http://00000000000000000000000177.1/",
    "http://0x7f.1/",
    "http://0x7F.0x0.0x0.0x1/",
    "http://0X7f000001/",
    "http://0x7f.0.1/",
    "http://0x000000007f.0x1/",
    "http://127.0x0.00.1/",
    "http://127.0.0.0x1/",
    "http://127.0x.0x.1/",
    "http://１２７.０.０.１/",
    "http://１２７。０。０。１/",
    "http://127｡0｡0｡1/",
    "http://127．0．0．1/",
    "http://①②⑦.0.0.①/",
    "http://%31%32%37.0.0.1/",
    "http://127%2e0%2e0%2e1/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1:80/",
    "http://example.com%2f@127.0.0.1/",
    "http://example.com@@127.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http:\\127.0.0.1/",
    "http:127.0.0.1",
    "http:////127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    " \thttp://127.0.0.1/ ",
    "ht\ntp://127.0\t.0.1/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]:8080/",
    "http://[0000:0000::0.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::FFFF:7f00:1]/",
    "http://localhost/",
    "http://LOCALHOST:8787/",
    "http://localhost./",
    "http://ｌｏｃａｌhost/",
];

#[test]
fn loopback_is_private_in_every_spelling_unless_it_is_let_through() {
    for url in LOOPBACK {
        assert_private(url);
        assert_eq!(judge_locally(url), Ok(()), "{url}");
    }
}

#[test]
fn loopback_that_is_let_through_may_be_the_service_itself() {
    for own in ["127.0.0.1", "localhost", "[::1]"] {
        for url in [
            "http://127.0.0.1:8787/",
            "http://localhost:8787/",
            "http://[::1]:8787/",
        ] {
            let target = target(url).expect(url);
            assert_eq!(target.judge(own, true), Ok(()), "{url} on {own}");
            assert_eq!(
                target.judge(own, false),
                Err(TargetRefused::Private),
                "{url} on {own}"
            );
        }
    }
}

#[test]
fn nothing_but_loopback_is_let_through() {
    for url in [
        "http://app.localhost/",
        "http://localhost.localdomain.local/",
        "http://printer.local/",
        "http://metadata.google.internal/",
        "http://router.home.arpa/",
        "http://intranet/",
        "http://0.0.0.0/",
        "http://0/",
        "http://[::]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/",
        "https://api.audatec.in/",
    ] {
        assert_eq!(judge_locally(url), Err(TargetRefused::Private), "{url}");
    }
}

#[test]
fn metadata_services_are_private() {
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/",
        "http://169.254.43518/",
        "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://100.100.100.200/",
        "http://168.63.129.16.internal/",
        "http://[fd00:ec2::254]/",
        "http://[fd20:ce::254]/",
        "http://[fe80::a9fe:a9fe]/",
        "http://metadata/computeMetadata/v1/",
        "http://metadata.google.internal./",
        "http://instance-data.ec2.internal/",
    ] {
        assert_private(url);
    }
}

#[test]
fn private_names_are_refused_in_every_spelling() {
    for url in [
        "http://app.localhost/",
        "http://a.b.LocalHost/",
        "http://app.localhost./",
        "http://printer.local/",
        "http://printer.local../",
        "http://x.internal/",
        "http://home.arpa/",
        "http://nas.home.arpa/",
        "http://nas.HOME.ARPA./",
        "http://nas.home。arpa/",
        "http://nas.ｌｏｃａｌ/",
        "http://nas%2Elocal/",
        "http://nas.lo%63al/",
        "http://nas.ⓛⓞⓒⓐⓛ/",
        "http://nas.lo\u{ad}cal/",
        "http://intranet/",
        "http://intranet./",
        "http://com/",
        "http://büro/",
        "http://..localhost/",
    ] {
        assert_private(url);
    }
}

#[test]
fn the_services_own_host_is_refused_in_every_spelling() {
    for url in [
        "https://api.audatec.in/integration/v1/calls",
        "http://api.audatec.in:8080/",
        "https://API.audatec.IN/",
        "https://api.audatec.in./",
        "https://ａｐｉ.audatec.in/",
        "https://api%2eaudatec.in/",
        "https://a@api.audatec.in/",
    ] {
        assert_private(url);
        assert_eq!(
            judge_locally(url),
            Err(TargetRefused::Private),
            "{url}, locally"
        );
    }
    let ours = |url: &str, own: &str| target(url).expect(url).judge(own, false);
    assert_eq!(
        ours("https://api.audatec.in/", "API.Audatec.in."),
        Err(TargetRefused::Private)
    );
    assert_eq!(
        ours("https://[::ffff:808:808]/", "8.8.8.8"),
        Err(TargetRefused::Private)
    );
    assert_eq!(
        ours("https://[2606:4700:0::1111]/", "[2606:4700::1111]"),
        Err(TargetRefused::Private)
    );
}

/// IANA's IPv4 special-purpose registry and multicast: the first and last address of each range that is not globally
/// reachable. Written as ranges, to share nothing with the code under test.
const REGISTRY_V4: [(&str, &str); 17] = [
    ("0.0.0.0", "0.255.255.255"),
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.8"),
    ("192.0.0.11", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "239.255.255.255"),
    ("240.0.0.0", "255.255.255.254"),
    ("255.255.255.255", "255.255.255.255"),
];

fn registry_v4() -> impl Iterator<Item = (u32, u32)> {
    REGISTRY_V4.iter().map(|(first, last)| {
        let bits = |text: &&str| text.parse::<Ipv4Addr>().expect(text).to_bits();
        (bits(first), bits(last))
    })
}

fn is_registered(bits: u32) -> bool {
    registry_v4().any(|(first, last)| (first..=last).contains(&bits))
}

#[test]
fn each_block_of_the_ipv4_registry_begins_and_ends_where_it_should() {
    for (first, last) in registry_v4() {
        for bits in [first.wrapping_sub(1), first, last, last.wrapping_add(1)] {
            let url = format!("http://{}/", Ipv4Addr::from_bits(bits));
            if is_registered(bits) {
                assert_private(&url)
            } else {
                assert_public_address(&url)
            }
        }
    }
    for anycast in [
        "192.0.0.9",
        "192.0.0.10",
        "192.31.196.1",
        "192.52.193.1",
        "192.175.48.1",
    ] {
        assert_public_address(&format!("http://{anycast}/"));
    }
}

#[test]
fn each_block_of_the_ipv6_registry_begins_and_ends_where_it_should() {
    for private in [
        "::",
        "::1",
        "::2",
        "::7f00:1",
        "::808:808",
        "::ffff:0:0:0",
        "::ffff:0:808:808",
        "64:ff9b::",
        "64:ff9b::808:808",
        "64:ff9b::ffff:ffff",
        "64:ff9b:1::",
        "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
        "100::",
        "100::ffff:ffff:ffff:ffff",
        "100:0:0:1::1",
        "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001::",
        "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:1::",
        "2001:1::4",
        "2001:2::1",
        "2001:4:111::1",
        "2001:4:113::1",
        "2001:5::1",
        "2001:10::1",
        "2001:1f:ffff::1",
        "2001:40::1",
        "2001:1ff:ffff::1",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2002::",
        "2002:808:808::1",
        "2002:ffff:ffff:ffff::",
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "4000::1",
        "5f00::1",
        "fc00::",
        "fd12:3456::1",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fe80::1",
        "febf:ffff::1",
        "fec0::1",
        "feff:ffff::1",
        "ff00::",
        "ff02::1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ] {
        assert_private(&format!("http://[{private}]/"));
        let expected = if private == "::1" {
            Ok(())
        } else {
            Err(TargetRefused::Private)
        };
        assert_eq!(
            judge_locally(&format!("http://[{private}]/")),
            expected,
            "{private}"
        );
    }
    for public in [
        "2000::1",
        "2001:1::1",
        "2001:1::2",
        "2001:1::3",
        "2001:3::",
        "2001:3:ffff::1",
        "2001:4:112::1",
        "2001:20::1",
        "2001:2f:ffff::1",
        "2001:30::1",
        "2001:3f:ffff::1",
        "2001:200::1",
        "2001:db7:ffff::1",
        "2001:db9::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2400:cb00::1",
        "2620:4f:8000::1",
        "3ffe:ffff::1",
        "3fff:1000::1",
    ] {
        assert_public_address(&format!("http://[{public}]/"));
    }
}

/// One part of an address in one of the bases a URL parser reads.
fn part(value: u32, base: u8) -> String {
    match base % 5 {
        0 => value.to_string(),
        1 => format!("0{value:o}"),
        2 => format!("0x{value:x}"),
        3 => format!("0X{value:X}"),
        _ => value
            .to_string()
            .chars()
            .map(|digit| if digit == '1' { '１' } else { digit })
            .collect(),
    }
}

/// An IPv4 address as a host, in the given form and with each part in the given base.
fn spell(bits: u32, form: u8, bases: [u8; 4]) -> String {
    let [a, b, c, d] = bits.to_be_bytes().map(u32::from);
    let [w, x, y, z] = bases;
    match form % 9 {
        0 => format!("{a}.{b}.{c}.{d}"),
        1 => format!(
            "{}.{}.{}.{}",
            part(a, w),
            part(b, x),
            part(c, y),
            part(d, z)
        ),
        2 => format!("{}.{}.{}", part(a, w), part(b, x), part(c << 8 | d, y)),
        3 => format!("{}.{}", part(a, w), part(b << 16 | c << 8 | d, x)),
        4 => part(bits, w),
        5 => format!(
            "{}.{}。{}.{}.",
            part(a, w),
            part(b, x),
            part(c, y),
            part(d, z)
        ),
        6 => format!(
            "user@%{:x}{}.{b}.{c}.{d}",
            b'0',
            part(a, 1).trim_start_matches('0')
        ),
        7 => format!("[::ffff:{a}.{b}.{c}.{d}]"),
        _ => format!("[0::FFFF:{:x}:{:04X}]", a << 8 | b, c << 8 | d),
    }
}

fn any_registered() -> impl Strategy<Value = u32> {
    let ranges: Vec<_> = registry_v4().collect();
    proptest::sample::select(ranges).prop_flat_map(|(first, last)| first..=last)
}

proptest! {
    #[test]
    fn a_private_ipv4_is_refused_in_any_spelling(bits in any_registered(), form: u8, bases: [u8; 4], port in 1u16..) {
        let url = format!("http://{}:{port}/", spell(bits, form, bases));
        prop_assert_eq!(judge(&url), Err(TargetRefused::Private), "{}", url);
        let is_loopback = bits >> 24 == 127;
        prop_assert_eq!(judge_locally(&url).is_ok(), is_loopback, "{}, locally", url);
    }

    #[test]
    fn a_global_ipv4_is_accepted_in_any_spelling_by_the_local_run_alone(bits: u32, form: u8, bases: [u8; 4]) {
        prop_assume!(!is_registered(bits));
        let url = format!("https://{}/", spell(bits, form, bases));
        prop_assert_eq!(judge(&url), Err(TargetRefused::Address), "{}", url);
        prop_assert_eq!(judge_locally(&url), Ok(()), "{}", url);
    }

    #[test]
    fn whatever_a_parser_takes_for_credentials_is_masked(user in "[^\\PC]{0,8}", password in "[^\\PC]{0,8}", slashes in "[/\\\\]{0,4}", tail in "[^\\PC]{0,8}") {
        let url = format!("https:{slashes}{user}:{password}@example.com/{tail}");
        let Some(read) = target(&url) else { return Ok(()) };
        let shown = masked(&url);
        let again = target(&shown).expect("what is shown is a URL");
        prop_assert_eq!(again.address(), read.address(), "{}", url);
        match (read.user.is_empty(), read.password.is_empty()) {
            (true, true) => prop_assert!(!again.has_credentials()),
            (false, true) => prop_assert_eq!((again.user.as_str(), again.password.as_str()), ("***", "")),
            (_, false) => prop_assert_eq!(again.password.as_str(), "***"),
        }
    }

    #[test]
    fn an_ipv6_that_carries_an_ipv4_is_refused_whole_unless_it_is_a_mapped_one(bits: u32) {
        let (high, low) = (bits >> 16, bits & 0xffff);
        for host in [
            format!("[2002:{high:x}:{low:x}::1]"),
            format!("[2001::{high:x}:{low:x}]"),
            format!("[64:ff9b::{high:x}:{low:x}]"),
            format!("[64:ff9b:1::{high:x}:{low:x}]"),
            format!("[::{high:x}:{low:x}]"),
            format!("[::ffff:0:{high:x}:{low:x}]"),
        ] {
            prop_assert_eq!(judge(&format!("http://{host}/")), Err(TargetRefused::Private), "{}", host);
        }
    }

    #[test]
    fn any_host_is_judged_without_a_panic(host in ".{0,40}", own in ".{0,20}", allow: bool) {
        let _ = Target { scheme: "http".into(), host, ..Target::default() }.judge(&own, allow);
    }
}
