//! E.164: `+`, then 7 to 15 digits, the first not 0; nothing trimmed, nothing guessed.

use audatec::domain::phone::E164;

/// The grammar, letter by letter.
pub fn is_e164(text: &str) -> bool {
    match text.as_bytes() {
        [b'+', b'1'..=b'9', rest @ ..] => {
            (6..=14).contains(&rest.len()) && rest.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

/// A number is accepted if, and only if, the grammar has it; it is kept as received, and no debug output shows it in full.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parsed = E164::parse(&text);
    assert_eq!(parsed.is_some(), is_e164(&text), "{text:?}");
    let Some(number) = parsed else { return };
    assert_eq!(number.as_str(), text);
    assert!(!format!("{number:?}").contains(number.as_str()), "{text}");
    let json = serde_json::to_string(&number).expect("json");
    assert_eq!(json, format!("\"{text}\""));
    assert_eq!(audatec::app::json::read::<E164>(&json), Ok(number));
}
