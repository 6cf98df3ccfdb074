//! Writing JSON: rows, records, messages, commands, responses.
//!
//! Byte for byte what `serde_json` writes, by a serializer made to be small: it writes into a string, which can't fail, so
//! there is no error to check after each field, and each type adds no more code than its calls.

use std::fmt::{Display, Write};

use serde::ser::{self, Serialize, Serializer};
use serde_json::{Number, Value};

/// A type of ours that can't be JSON, such as a map whose keys are not strings: a defect that a test finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwritable;

impl Display for Unwritable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("unwritable JSON")
    }
}

impl std::error::Error for Unwritable {}

impl ser::Error for Unwritable {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// The JSON of a value.
///
/// # Errors
/// The type can't be JSON.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, Unwritable> {
    let mut text = String::new();
    value.serialize(Writer(&mut text))?;
    Ok(text)
}

/// The text of a JSON value; never fails.
#[must_use]
pub fn text(value: &Value) -> String {
    to_json(value).unwrap_or_default()
}

type Written = Result<(), Unwritable>;

struct Writer<'a>(&'a mut String);

impl<'a> Writer<'a> {
    fn put(self, text: &str) -> Written {
        self.0.push_str(text);
        Ok(())
    }

    fn show(self, value: impl Display) -> Written {
        write!(self.0, "{value}").map_err(|_| Unwritable)
    }

    fn open(self, begin: char, end: &'static str) -> Parts<'a> {
        self.0.push(begin);
        Parts {
            text: self.0,
            is_first: true,
            end,
        }
    }

    /// An enum variant with a value: an object with the variant's name.
    fn named(self, variant: &str) -> Self {
        self.0.push('{');
        push_string(self.0, variant);
        self.0.push(':');
        self
    }
}

fn push_string(text: &mut String, string: &str) {
    text.push('"');
    push_escaped(text, string);
    text.push('"');
}

fn push_escaped(text: &mut String, string: &str) {
    let mut rest = string;
    let special = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\');
    while let Some(at) = rest.bytes().position(special) {
        let (plain, from) = rest.split_at_checked(at).unwrap_or_default();
        text.push_str(plain);
        let mut chars = from.chars();
        match chars.next().unwrap_or_default() {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other => {
                text.push_str("\\u00");
                for shift in [4, 0] {
                    text.extend(char::from_digit(u32::from(other) >> shift & 15, 16));
                }
            }
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
}

/// Writes formatted text into a JSON string.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        push_escaped(self.0, part);
        Ok(())
    }
}

/// Serializer methods that all do the same thing.
macro_rules! all {
    ($($method:ident($number:ty))* => $writer:ident) => {
        $(fn $method(self, value: $number) -> Written {
            self.$writer(value)
        })*
    };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    all!(serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) => show);
    all!(serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) => show);

    fn serialize_bool(self, value: bool) -> Written {
        self.put(if value { "true" } else { "false" })
    }

    fn serialize_f32(self, _: f32) -> Written {
        // The shortest text of an f32 differs from that of the f64 it converts to, and no type of ours has one.
        Err(Unwritable)
    }

    fn serialize_f64(self, value: f64) -> Written {
        match Number::from_f64(value) {
            Some(number) => self.show(number),
            None => self.put("null"),
        }
    }

    fn serialize_char(self, value: char) -> Written {
        self.collect_str(&value)
    }

    fn serialize_str(self, value: &str) -> Written {
        push_string(self.0, value);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Written {
        self.0.push('"');
        write!(Escaped(self.0), "{value}").map_err(|_| Unwritable)?;
        self.put("\"")
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Written {
        self.put("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        self.put("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        self.put("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        let Writer(text) = self.named(variant);
        value.serialize(Writer(text))?;
        Writer(text).put("}")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Unwritable> {
        Ok(self.open('[', "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Unwritable> {
        Ok(self.open('[', "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Unwritable> {
        Ok(self.open('[', "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Unwritable> {
        Ok(self.named(variant).open('[', "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Unwritable> {
        Ok(self.open('{', "}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Unwritable> {
        Ok(self.open('{', "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Unwritable> {
        Ok(self.named(variant).open('{', "}}"))
    }
}

/// A list or an object being written.
struct Parts<'a> {
    text: &'a mut String,
    is_first: bool,
    end: &'static str,
}

impl Parts<'_> {
    fn next(&mut self) -> Writer<'_> {
        if !std::mem::take(&mut self.is_first) {
            self.text.push(',');
        }
        Writer(self.text)
    }

    fn value_of(&mut self, name: &str) -> Writer<'_> {
        let Writer(text) = self.next();
        push_string(text, name);
        text.push(':');
        Writer(text)
    }

    fn end(self) -> Written {
        Writer(self.text).put(self.end)
    }
}

/// Whatever holds values without names.
macro_rules! list {
    ($($of:ident::$method:ident)*) => {
        $(impl ser::$of for Parts<'_> {
            type Ok = ();
            type Error = Unwritable;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
                value.serialize(self.next())
            }

            fn end(self) -> Written {
                self.end()
            }
        })*
    };
}

list!(SerializeSeq::serialize_element SerializeTuple::serialize_element);
list!(SerializeTupleStruct::serialize_field SerializeTupleVariant::serialize_field);

/// Whatever holds named fields.
macro_rules! fields {
    ($($of:ident)*) => {
        $(impl ser::$of for Parts<'_> {
            type Ok = ();
            type Error = Unwritable;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Written {
                value.serialize(self.value_of(name))
            }

            fn end(self) -> Written {
                self.end()
            }
        })*
    };
}

fields!(SerializeStruct SerializeStructVariant);

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Written {
        let Writer(text) = self.next();
        let begin = text.len();
        name.serialize(Writer(text))?;
        let is_string = text.as_bytes().get(begin) == Some(&b'"');
        text.push(':');
        is_string.then_some(()).ok_or(Unwritable)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        value.serialize(Writer(self.text))
    }

    fn end(self) -> Written {
        self.end()
    }
}

#[cfg(test)]
#[path = "to_json_tests.rs"]
mod tests;
