//! The normal form of a number: one for each phone, however its number was written.
//!
//! As libphonenumber rewrites what it parses. A digit that is only dialed within a country (the 0 of +44 07…) is dropped, and
//! four numbering plans are written as they are dialed from abroad: San Marino, Norfolk Island, Madagascar, Argentina.

use super::table::{Code, argentine_area};
use crate::domain::phone::E164;

/// The form that is counted, suppressed and compared; dialed and shown is the number as given.
#[must_use]
pub fn normal_form(phone: &E164) -> E164 {
    rewritten(phone).unwrap_or_else(|| phone.clone())
}

fn rewritten(phone: &E164) -> Option<E164> {
    let digits = phone.as_str().get(1..)?;
    let code = Code::of(digits.as_bytes())?;
    let (prefix, national) = digits.split_at_checked(code.digits)?;
    let other = in_plan(prefix, national).or_else(|| {
        let drops = code.drops(national.as_bytes().first().copied()?);
        national.get(1..).filter(|_| drops).map(str::to_owned)
    })?;
    let fits = code.has_length(other.len()) || code.is_too_long(other.len());
    // A number that is valid as it stands is left alone, unless it stays valid without the digit.
    let is_known = |national: &str| code.look_up(national.as_bytes()).1 != 0;
    // In Belarus, numbers may also begin with the 8 that is dialed before them.
    let is_either = prefix == "375" && national.starts_with('8');
    if !fits || (is_known(national) || is_either) && !is_known(&other) {
        return None;
    }
    E164::parse(&format!("+{prefix}{other}"))
}

/// For the plans that have a rule of their own.
fn in_plan(code: &str, national: &str) -> Option<String> {
    let (length, first) = (national.len(), national.as_bytes().first().copied()?);
    let put_before = |digits: &str| Some(format!("{digits}{national}"));
    match code {
        "378" if length == 6 && matches!(first, b'8' | b'9') => put_before("0549"),
        "672" if length == 5 && matches!(first, b'0'..=b'2' | b'5' | b'8') => put_before("3"),
        "261" if length == 7 && matches!(first, b'2' | b'4'..=b'9') => put_before("20"),
        // Two digits, where other countries have one.
        "36" => national.strip_prefix("06").map(str::to_owned),
        "375" if length == 11 && national.starts_with("80") => national.get(2..).map(str::to_owned),
        "54" => {
            let national = national.strip_prefix('0').unwrap_or(national);
            let area = argentine_area(national.as_bytes())?;
            let (area, rest) = (national.get(..area)?, national.get(area + 2..)?);
            Some(format!("9{area}{rest}"))
        }
        _ => None,
    }
}
