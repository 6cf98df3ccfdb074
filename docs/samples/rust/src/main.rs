//! Tells whether a callback is genuine. Run: WEBHOOK_SECRET=whsec_… cargo run < message
//! A message is what came: its headers, an empty line, its body. In a server, call `verify` with both.

use std::io::Read;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::{engine::general_purpose::STANDARD, Engine};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const TOLERANCE_SECONDS: u64 = 300;

/// Headers by their lower-case names.
type Headers<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

/// Standard Webhooks: proves who sent it and when, so that nobody can send it again later. Prefer this one.
fn verify(header: Headers, raw_body: &[u8], secret: &str, now_seconds: u64) -> Option<()> {
    let id = header("webhook-id")?;
    let timestamp = header("webhook-timestamp")?;
    if now_seconds.abs_diff(timestamp.parse().ok()?) > TOLERANCE_SECONDS {
        return None;
    }
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(raw_body);
    // After a rotation several secrets sign: one signature that fits is enough.
    header("webhook-signature")?
        .split(' ')
        .filter_map(|given| STANDARD.decode(given.strip_prefix("v1,")?).ok())
        .any(|given| mac.clone().verify_slice(&given).is_ok()) // in constant time
        .then_some(())
}

/// The plain signature: the body alone, with the secret's text as the key. It does not tell when it was sent.
fn verify_plain(header: Headers, raw_body: &[u8], secret: &str) -> Option<()> {
    let given = header("x-audatec-signature")?;
    let bytes: Option<Vec<u8>> = (0..given.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(given.get(at..at + 2)?, 16).ok())
        .collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(raw_body);
    mac.verify_slice(&bytes?).ok() // in constant time
}

fn main() -> ExitCode {
    let secret = std::env::var("WEBHOOK_SECRET").expect("WEBHOOK_SECRET");
    let is_plain = std::env::args().any(|argument| argument == "--plain");
    let mut message = String::new();
    std::io::stdin()
        .read_to_string(&mut message)
        .expect("a message in UTF-8");
    let (head, raw_body) = message
        .split_once("\n\n")
        .expect("an empty line after the headers");
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    let genuine = if is_plain {
        verify_plain(&header, raw_body.as_bytes(), &secret)
    } else {
        verify(&header, raw_body.as_bytes(), &secret, now.as_secs())
    };
    if genuine.is_none() {
        eprintln!("not genuine");
        return ExitCode::FAILURE;
    }
    println!("genuine: {raw_body}");
    ExitCode::SUCCESS
}
