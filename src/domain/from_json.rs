//! Reading the JSON that this code wrote: rows, records, messages, commands.
//!
//! The text becomes a [`Tree`] first, by `serde_json`; a type is then read from the tree by a reader made to be small. It asks
//! for a struct's fields in their order instead of offering what it finds, and its error says nothing: so the code that serde
//! derives for each of our types shrinks to less than half. (Measured: 53 of the 377 KiB that the Worker had, gzipped.) What people send is read by hand,
//! field by field, since each of its errors has a text of its own.

use serde::de::value::{BorrowedStrDeserializer, U32Deserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use serde_json::Value;

use super::json_tree::{Field, Named, Tree};

/// The JSON is not what was expected: damaged, or written by another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl std::fmt::Display for Unreadable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("unreadable JSON")
    }
}

impl std::error::Error for Unreadable {}

impl de::Error for Unreadable {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }
    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }
    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Self
    }
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
    fn missing_field(_: &'static str) -> Self {
        Self
    }
    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

/// Reads JSON text.
///
/// # Errors
/// It is not JSON, or not of this shape.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    read_bytes(text.as_bytes())
}

/// Reads JSON bytes.
///
/// # Errors
/// It is not JSON, or not of this shape.
pub fn read_bytes<T: DeserializeOwned>(json: &[u8]) -> Result<T, Unreadable> {
    read_tree(&parse(json)?)
}

/// Reads a parsed value.
///
/// # Errors
/// It is not of this shape.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Unreadable> {
    read_tree(&Tree::of(value))
}

fn read_tree<T: DeserializeOwned>(tree: &Tree<'_>) -> Result<T, Unreadable> {
    T::deserialize(Reader(tree))
}

fn parse(json: &[u8]) -> Result<Tree<'_>, Unreadable> {
    serde_json::from_slice(json).map_err(|_| Unreadable)
}

#[derive(Clone, Copy)]
struct Reader<'de>(&'de Tree<'de>);

impl<'de> Reader<'de> {
    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        let Tree::Number(number) = self.0 else {
            return Err(Unreadable);
        };
        if let Some(number) = number.as_u64() {
            visitor.visit_u64(number)
        } else if let Some(number) = number.as_i64() {
            visitor.visit_i64(number)
        } else {
            visitor.visit_f64(number.as_f64().ok_or(Unreadable)?)
        }
    }

    fn natural<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        let Tree::Number(number) = self.0 else {
            return Err(Unreadable);
        };
        visitor.visit_u64(number.as_u64().ok_or(Unreadable)?)
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Tree::Text(text) => visitor.visit_borrowed_str(text),
            _ => Err(Unreadable),
        }
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Tree::List(list) => visitor.visit_seq(Items(list.iter())),
            _ => Err(Unreadable),
        }
    }

    fn map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_map(Entries {
            entries: self.fields()?.iter(),
            value: &Tree::Null,
        })
    }

    fn fields(self) -> Result<&'de [Field<'de>], Unreadable> {
        match self.0 {
            Tree::Fields(fields) => Ok(fields),
            _ => Err(Unreadable),
        }
    }
}

/// Deserializer methods that all do the same thing.
macro_rules! all {
    ($($method:ident)* => $reader:ident) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            self.$reader(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(bool) => visitor.visit_bool(*bool),
            Tree::Number(_) => self.number(visitor),
            Tree::Text(_) => self.text(visitor),
            Tree::List(_) => self.list(visitor),
            Tree::Fields(_) => self.map(visitor),
        }
    }

    all!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 => natural);
    all!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 => number);
    all!(deserialize_f32 deserialize_f64 => number);
    all!(deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_identifier => text);
    all!(deserialize_seq => list);
    all!(deserialize_map => map);

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Tree::Bool(bool) => visitor.visit_bool(*bool),
            _ => Err(Unreadable),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Tree::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.list(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_seq(Fields {
            fields: Named::of(self.fields()?),
            names: fields.iter(),
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        let (name, content) = match self.0 {
            Tree::Text(name) => (name, &Tree::Null),
            Tree::Fields(fields) => {
                let (name, content) = fields.first().ok_or(Unreadable)?;
                (name, content)
            }
            _ => return Err(Unreadable),
        };
        let position = variants.iter().position(|variant| variant == name);
        let index = position.and_then(|index| u32::try_from(index).ok());
        visitor.visit_enum(Variant {
            index: index.ok_or(Unreadable)?,
            content,
        })
    }
}

/// An object's values in the order of the struct's fields, wherever they stand in the object.
struct Fields<'de> {
    fields: Named<'de>,
    names: std::slice::Iter<'static, &'static str>,
}

impl<'de> de::SeqAccess<'de> for Fields<'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unreadable> {
        match self.names.next().and_then(|name| self.fields.find(name)) {
            Some(value) => seed.deserialize(Reader(value)).map(Some),
            // A missing option is `None`; any other missing field takes its default, or else the struct is refused.
            None => Ok(seed.deserialize(Missing).ok()),
        }
    }
}

/// Stands in for a missing field.
struct Missing;

impl<'de> Deserializer<'de> for Missing {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unreadable> {
        Err(Unreadable)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Items<'de>(std::slice::Iter<'de, Tree<'de>>);

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unreadable> {
        self.0
            .next()
            .map(|value| seed.deserialize(Reader(value)))
            .transpose()
    }
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, Field<'de>>,
    value: &'de Tree<'de>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unreadable> {
        let Some((name, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = value;
        seed.deserialize(BorrowedStrDeserializer::new(name))
            .map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, Unreadable> {
        seed.deserialize(Reader(self.value))
    }
}

struct Variant<'de> {
    index: u32,
    content: &'de Tree<'de>,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = Unreadable;
    type Variant = Reader<'de>;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Reader<'de>), Unreadable> {
        let index: U32Deserializer<Unreadable> = self.index.into_deserializer();
        Ok((seed.deserialize(index)?, Reader(self.content)))
    }
}

impl<'de> de::VariantAccess<'de> for Reader<'de> {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Unreadable> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        self.list(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_struct("", fields, visitor)
    }
}
