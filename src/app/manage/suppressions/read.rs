//! The fields of a suppression.

use super::rows::Row;
use super::{END, REASON};
use crate::app::iso8601;
use crate::app::page::read_time;
use crate::domain::contacts::{MAX_REASON, Source, Suppression};
use crate::domain::phone::E164;
use crate::domain::refusal::Refusal;
use crate::domain::sorting::newest_first;
use crate::domain::time::Timestamp;

/// The last of the rows for each number.
pub fn last_of_each(rows: Vec<Suppression>) -> Vec<Suppression> {
    let mut numbered: Vec<(usize, Suppression)> = rows.into_iter().enumerate().collect();
    newest_first(&mut numbered, |(nth, row)| {
        u128::from(row.number().0) << 64 | *nth as u128
    });
    numbered.dedup_by_key(|(_, row)| row.number());
    numbered.into_iter().map(|(_, row)| row).collect()
}

pub fn read_row(row: Row, now: Timestamp) -> Result<Suppression, Refusal> {
    let phone = row.phone.ok_or(Refusal::Required("phone_number"))?;
    Ok(Suppression {
        phone: read_phone(&phone)?,
        reason: read_reason(row.reason)?,
        source: Source::Import,
        created_at: now,
        expires_at: row
            .expires_at
            .map(|text| read_end(&text, now))
            .transpose()?,
    })
}

pub fn read_phone(text: &str) -> Result<E164, Refusal> {
    match text.is_empty() {
        true => Err(Refusal::Required("phone_number")),
        false => E164::parse(text).ok_or(Refusal::PhoneNotE164),
    }
}

pub fn read_reason(text: Option<String>) -> Result<Option<String>, Refusal> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() > MAX_REASON => {
            Err(Refusal::Invalid(format!("reason must be {REASON}")))
        }
        text => Ok(text),
    }
}

pub fn read_end(text: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    let end = match iso8601::without_offset(text) {
        Some(_) => read_time("expires_at", text)?,
        None => iso8601::parse(text).unwrap_or_default(),
    };
    match end > now {
        true => Ok(end),
        false => Err(Refusal::Invalid(format!("expires_at must be {END}"))),
    }
}
