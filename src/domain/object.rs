//! Building JSON objects field by field.

use serde_json::{Map, Value};

/// An object with these fields, in this order.
#[must_use]
pub fn of_fields<const FIELDS: usize>(mut fields: [(&str, Value); FIELDS]) -> Value {
    Value::Object(collect(&mut fields))
}

/// Compiled once, for objects of every size.
fn collect(fields: &mut [(&str, Value)]) -> Map<String, Value> {
    let owned = |(name, value): &mut (&str, Value)| ((*name).to_owned(), value.take());
    fields.iter_mut().map(owned).collect()
}

/// A part of a value, by its path: `/items/0`. (Like `Value::pointer`, without escapes, which no name here needs.)
#[must_use]
pub fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut names = path.split('/').skip(1);
    names.try_fold(value, |part, name| match part {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        part => part.get(name),
    })
}

/// Builds an object like `serde_json::json!`, from values that convert into JSON by `From`: that macro serialises each value,
/// which takes three times the code.
macro_rules! object {
    ($($name:literal: $value:expr),+ $(,)?) => {
        $crate::domain::object::of_fields([$(($name, ::serde_json::Value::from($value))),+])
    };
}
pub(crate) use object;

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_part_is_found_by_its_path() {
        let value = json!({"a": [{"b": 1}], "": 2});
        for path in [
            "", "/", "/a", "/a/0", "/a/0/b", "/a/1", "/a/b", "/b", "/a/0/b/c",
        ] {
            assert_eq!(super::at(&value, path), value.pointer(path), "{path}");
        }
    }

    #[test]
    fn it_is_what_serde_json_makes() {
        let made = object! {
            "b": "text",
            "a": Option::<u64>::None,
            "inner": object! {"list": vec![1, 2], "yes": true},
            "b": 7_u8,
        };
        let expected =
            json!({"b": "text", "a": null, "inner": {"list": [1, 2], "yes": true}, "b": 7});
        assert_eq!(made.to_string(), expected.to_string());
    }
}
