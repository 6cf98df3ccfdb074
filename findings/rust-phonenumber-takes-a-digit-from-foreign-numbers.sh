#!/usr/bin/env bash
# phonenumber 0.3.10 (crates.io), beside phonenumbers 9.0.43 (PyPI): two ports of Google's libphonenumber.
#
# parse() has a default region, for numbers without a country code; one that begins with + needs none. The Rust port takes the
# region's trunk prefix from such a number as well: with the default US, whose prefix is 1, a number of another country loses a digit
# if its national part begins with 1. Most of those are then of no valid length, but some are somebody else's: of a German or a Chinese
# mobile number it makes another number that is_valid() confirms. With no default region the country's own prefix is taken where
# it belongs to the number: of Russia's free numbers, all +7 800, the 8 is gone. parse() answers Ok to each.
#
# Who is hurt: a dialer that parses and formats to E.164 what already is E.164, "to be sure": it calls a stranger. What helps: parse
# with no default region what begins with +, and go on only if the format gives the same digits back.
#
# Seen:
#   US, +4915123456789: Rust +495123456789, valid; Python +4915123456789, valid
#   US, +8613123456789: Rust +863123456789, valid; Python +8613123456789, valid
#   US, +441212345678: Rust +44212345678, not valid; Python +441212345678, valid
#   no region, +78001234567: Rust +7001234567, not valid; Python +78001234567, valid
#   no region, +4915123456789: Rust +4915123456789, valid; Python +4915123456789, valid
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p rust/src

cat >numbers.txt <<'TXT'
+4915123456789 US
+8613123456789 US
+441212345678 US
+78001234567
+4915123456789
TXT
cat >format.py <<'PY'
import phonenumbers

for line in open("numbers.txt"):
    text, *region = line.split()
    number = phonenumbers.parse(text, *region)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    print(f"{e164}, {'valid' if phonenumbers.is_valid_number(number) else 'not valid'}")
PY
cat >rust/Cargo.toml <<'TOML'
[package]
name = "format"
version = "0.1.0"
edition = "2021"

[dependencies]
phonenumber = "=0.3.10"
TOML
cat >rust/src/main.rs <<'RS'
use phonenumber::Mode;

fn main() {
    for line in std::fs::read_to_string("numbers.txt").unwrap().lines() {
        let mut words = line.split(' ');
        let (text, region) = (words.next().unwrap(), words.next().map(|id| id.parse().unwrap()));
        let number = phonenumber::parse(region, text).unwrap();
        let valid = if number.is_valid() { "valid" } else { "not valid" };
        println!("{}, {valid}", number.format().mode(Mode::E164));
    }
}
RS
python3 -m pip install -q --target python phonenumbers==9.0.43 >/dev/null 2>&1
cargo run -q --manifest-path rust/Cargo.toml >of_rust
PYTHONPATH=python python3 format.py >of_python

seen=$(awk '{ print ($2 ? $2 : "no region") ", " $1 }' numbers.txt | paste -d'|' - of_rust of_python |
  awk -F'|' '{ print $1 ": Rust " $2 "; Python " $3 }')
echo "$seen"
[ "$seen" = "US, +4915123456789: Rust +495123456789, valid; Python +4915123456789, valid
US, +8613123456789: Rust +863123456789, valid; Python +8613123456789, valid
US, +441212345678: Rust +44212345678, not valid; Python +441212345678, valid
no region, +78001234567: Rust +7001234567, not valid; Python +78001234567, valid
no region, +4915123456789: Rust +4915123456789, valid; Python +4915123456789, valid" ]
