//! `npm run openapi`: writes `public/openapi.json` from the Rust types.

use std::io;

fn main() -> io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/public/openapi.json");
    std::fs::write(path, audatec::app::openapi::text())
}
