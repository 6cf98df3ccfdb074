#!/usr/bin/env bash
# rsip 0.4.0 (crates.io), beside sip 0.0.6 (npm).
#
# SIP's commonest headers have names of one letter beside the long ones: f is From, t is To, i is Call-ID, m is Contact, v is Via. RFC 3261
# (7.3.3) has every implementation take both at any time; a sender goes over to the short ones where a message would get too long
# for a datagram. rsip parses such a message without an error, and then has none of these: each accessor says that the header is missing.
# They are there, as unknown headers named "f" and "t".
#
# Who is hurt: SIP in Rust on this crate. It works with the carrier it was tested with, and with another, or by way of one more proxy, it
# answers 400 to whole calls, or matches no answer with the INVITE it belongs to. What helps: put the long names in before parsing.
#
# Seen, with one INVITE in both spellings:
#   long names: rsip From, To, Call-ID, Contact, Via; npm from, to, call-id, contact, via
#   short names: rsip none; npm from, to, call-id, contact, via
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p rust/src

cat >long <<'SIP'
INVITE sip:callee@example.com SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1
Max-Forwards: 70
From: <sip:caller@example.com>;tag=1
To: <sip:callee@example.com>
Call-ID: call-1@192.0.2.1
CSeq: 1 INVITE
Contact: <sip:caller@192.0.2.1:5060>
Content-Length: 0

SIP
sed 's/^Via:/v:/; s/^From:/f:/; s/^To:/t:/; s/^Call-ID:/i:/; s/^Contact:/m:/; s/^Content-Length:/l:/' long >short
sed -i 's/$/\r/' long short
cat >rust/Cargo.toml <<'TOML'
[package]
name = "read"
version = "0.1.0"
edition = "2021"

[dependencies]
rsip = "=0.4.0"
TOML
cat >rust/src/main.rs <<'RS'
use rsip::prelude::*;

fn main() {
    for name in ["long", "short"] {
        let request = rsip::Request::try_from(std::fs::read(name).unwrap()).unwrap();
        let found = [
            ("From", request.from_header().is_ok()),
            ("To", request.to_header().is_ok()),
            ("Call-ID", request.call_id_header().is_ok()),
            ("Contact", request.contact_header().is_ok()),
            ("Via", request.via_header().is_ok()),
        ];
        let found: Vec<&str> = found.iter().filter(|(_, found)| *found).map(|(name, _)| *name).collect();
        println!("{}", if found.is_empty() { "none".to_owned() } else { found.join(", ") });
    }
}
RS
cat >read.cjs <<'JS'
const sip = require("sip");
for (const name of ["long", "short"]) {
  const { headers } = sip.parse(require("node:fs").readFileSync(name, "utf8"));
  const found = ["from", "to", "call-id", "contact", "via"].filter((header) => headers[header] !== undefined);
  console.log(found.join(", ") || "none");
}
JS
(npm init -y && npm install --no-audit --no-fund sip@0.0.6) >/dev/null 2>&1
cargo run -q --manifest-path rust/Cargo.toml >of_rust
node read.cjs >of_npm

seen=$(printf 'long names\nshort names\n' | paste -d'|' - of_rust of_npm | awk -F'|' '{ print $1 ": rsip " $2 "; npm " $3 }')
echo "$seen"
[ "$seen" = "long names: rsip From, To, Call-ID, Contact, Via; npm from, to, call-id, contact, via
short names: rsip none; npm from, to, call-id, contact, via" ]
