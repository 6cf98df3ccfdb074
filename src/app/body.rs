//! Reading a management body field by field; whatever is left at the end is unknown.
//!
//! When something is created, `null` is the same as leaving a field out; in a change it clears an
//! optional field, and for a required one it counts as missing.

use serde_json::{Map, Value};

use crate::app::http::Request;
use crate::domain::refusal::Refusal;
use crate::domain::tidy::{UNTIDY, is_tidy};

/// A body being read.
pub struct Body {
    fields: Map<String, Value>,
    /// What precedes the fields' names in messages: `carrier.` for a nested object.
    prefix: &'static str,
}

/// Reads a field's value; `None` if it is not valid.
pub type Read<T> = fn(Value) -> Option<T>;

impl Body {
    /// The body of a request.
    ///
    /// # Errors
    /// It is not a JSON object.
    pub fn of(request: &Request) -> Result<Self, Refusal> {
        Ok(Self {
            fields: request.json_object()?,
            prefix: "",
        })
    }

    /// Checks that a body is empty, because the path says everything.
    ///
    /// # Errors
    /// It is not a JSON object, or has a field.
    pub fn none(request: &Request) -> Result<(), Refusal> {
        Self::of(request)?.finish()
    }

    /// A nested object.
    pub fn nested(fields: Map<String, Value>, prefix: &'static str) -> Self {
        Self { fields, prefix }
    }

    /// Whether a field is present, even as null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// A field that must be present, or have been set before.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        before: Option<T>,
        what: &str,
        read: Read<T>,
    ) -> Result<T, Refusal> {
        match (self.fields.remove(name), before) {
            (None, Some(before)) => Ok(before),
            (None | Some(Value::Null), _) => Err(self.missing(name)),
            (Some(value), _) => read(value).ok_or_else(|| self.invalid(name, what)),
        }
    }

    /// A field that may be left out, or cleared.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        before: Option<T>,
        what: &str,
        read: Read<T>,
    ) -> Result<Option<T>, Refusal> {
        match self.fields.remove(name) {
            None => Ok(before),
            Some(Value::Null) => Ok(None),
            Some(value) => read(value)
                .map(Some)
                .ok_or_else(|| self.invalid(name, what)),
        }
    }

    /// A name issued by another system, such as a key or a secret: 1 to 200 characters, with nothing copied along by mistake.
    /// A value that is kept is not checked again.
    ///
    /// # Errors
    /// It is missing, not such a string, or untidy.
    pub fn token(&mut self, name: &'static str, before: Option<String>) -> Result<String, Refusal> {
        match self.has(name) {
            true => {
                let text = self.required(name, None, NAME, self::name)?;
                self.tidy(name, text)
            }
            false => before.ok_or_else(|| self.missing(name)),
        }
    }

    /// A [`Body::token`] that may be left out.
    ///
    /// # Errors
    /// It is not such a string, or is untidy.
    pub fn token_if_any(
        &mut self,
        name: &'static str,
        before: Option<String>,
    ) -> Result<Option<String>, Refusal> {
        if !self.has(name) {
            return Ok(before);
        }
        let given = self.optional(name, None, NAME, self::name)?;
        given.map(|text| self.tidy(name, text)).transpose()
    }

    /// A secret issued by another system; `None` if it was left out, which is allowed if one `is_kept`.
    ///
    /// # Errors
    /// As for [`Body::token`].
    pub fn secret(&mut self, name: &'static str, is_kept: bool) -> Result<Option<String>, Refusal> {
        if is_kept && !self.has(name) {
            return Ok(None);
        }
        self.token(name, None).map(Some)
    }

    /// A string of at most 200 characters that may be left out or empty, with nothing copied along by mistake.
    ///
    /// # Errors
    /// It is not such a string.
    pub fn short(&mut self, name: &'static str, before: Option<String>) -> Result<String, Refusal> {
        match self.has(name) {
            true => {
                let given = self.short_text(name)?;
                self.tidy(name, given)
            }
            false => Ok(before.unwrap_or_default()),
        }
    }

    /// A string of at most 200 characters, as given; empty if it was left out.
    ///
    /// # Errors
    /// It is not such a string.
    pub fn short_text(&mut self, name: &'static str) -> Result<String, Refusal> {
        let what = "a string of at most 200 characters";
        let short = |value| text(value).filter(|text| text.chars().count() <= 200);
        let given = self.optional(name, None, what, short)?;
        Ok(given.unwrap_or_default())
    }

    fn tidy(&self, name: &str, text: String) -> Result<String, Refusal> {
        match is_tidy(&text) {
            true => Ok(text),
            false => Err(Refusal::Invalid(format!("{}{name} {UNTIDY}", self.prefix))),
        }
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// A field that this route does not have.
    pub fn finish(self) -> Result<(), Refusal> {
        match self.fields.into_iter().next() {
            Some((name, _)) => Err(Refusal::UnknownField(format!("{}{name}", self.prefix))),
            None => Ok(()),
        }
    }

    fn missing(&self, name: &'static str) -> Refusal {
        match self.prefix {
            "" => Refusal::Required(name),
            prefix => Refusal::Invalid(format!("{prefix}{name} is required")),
        }
    }

    fn invalid(&self, name: &str, what: &str) -> Refusal {
        Refusal::Invalid(format!("{}{name} must be {what}", self.prefix))
    }
}

/// A string of 1 to 200 characters.
pub const NAME: &str = "a string of 1 to 200 characters";

/// Reads what [`NAME`] says.
pub fn name(value: Value) -> Option<String> {
    text(value).filter(|text| (1..=200).contains(&text.chars().count()))
}

/// Any string.
pub fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Any object.
pub fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Any array.
pub fn array(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

/// One of an enum's words.
pub fn word<T: serde::de::DeserializeOwned>(value: Value) -> Option<T> {
    crate::app::json::from_value(&value).ok()
}
