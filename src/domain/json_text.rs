//! JSON that is stored and passed on without being interpreted: as text, checked where it came in. A parsed tree of many
//! small values takes fifty times as many bytes as its text.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::to_json;

/// Some JSON, as its text. It is serialised as the JSON that it is, which parses it for a moment; whoever passes on many
/// works with text alone ([`field`]). (`serde_json`'s own type for this makes the Worker 10 KB larger.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonText(Box<str>);

impl JsonText {
    /// The text of a value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        Self(to_json::text(value).into())
    }

    /// The JSON as it was written.
    #[must_use]
    pub fn get(&self) -> &str {
        &self.0
    }

    /// The parsed value, for as long as it is needed.
    #[must_use]
    pub fn value(&self) -> Value {
        // From bytes, like all other JSON: a second kind of reader would cost another 3 KB.
        serde_json::from_slice(self.get().as_bytes()).unwrap_or_default()
    }
}

/// `{}`.
impl Default for JsonText {
    fn default() -> Self {
        Self("{}".into())
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of(&Value::deserialize(deserializer)?))
    }
}

/// The fields of an object's text, by name and value as written; nothing if it is not an object. No name of ours contains
/// an escape, so such names are skipped.
pub fn fields(object: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut parts = Parts::of(object, '{');
    std::iter::from_fn(move || {
        let name = parts.next()?;
        let name = name.strip_prefix('"')?.strip_suffix('"')?;
        Some((name, parts.next()?))
    })
}

/// One field of an object's text.
#[must_use]
pub fn field<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = fields(object);
    fields
        .find(|(known, _)| *known == name)
        .map(|(_, text)| text)
}

/// The items of an array's text, as written; nothing if it is not an array.
pub fn items(array: &str) -> impl Iterator<Item = &str> {
    Parts::of(array, '[')
}

/// The value that a text begins with, as written, and what follows it; `None` before a closing bracket and at the end.
#[must_use]
pub fn first_value(text: &str) -> Option<(&str, &str)> {
    let parts = text.split_at_checked(value_length(text));
    parts.filter(|(value, _)| !value.is_empty())
}

/// What is between the outermost brackets of a text, value by value.
struct Parts<'a>(&'a str);

impl<'a> Parts<'a> {
    fn of(text: &'a str, bracket: char) -> Self {
        Self(text.trim_start().strip_prefix(bracket).unwrap_or_default())
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let between = |letter: char| letter.is_ascii_whitespace() || matches!(letter, ',' | ':');
        let rest = self.0.trim_start_matches(between);
        let value = first_value(rest);
        let (value, rest) = value.unwrap_or(("", rest));
        self.0 = rest;
        (!value.is_empty()).then_some(value)
    }
}

/// The length of the value that a text begins with; 0 before a closing bracket and at the end.
fn value_length(text: &str) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            if !in_string && depth == 0 {
                return at + 1;
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' if depth == 1 => return at + 1,
            b'}' | b']' => depth -= 1,
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_objects_fields_are_found_as_they_are_written() {
        let text =
            r#" {"a" : 1.50 ,"b":"x\"},{\\","c":{"a":[1,{"b":"]"}]}, "d":[ ], "e":null,"é":"ü"}"#;
        let found: Vec<_> = fields(text).collect();
        assert_eq!(
            found,
            [
                ("a", "1.50"),
                ("b", r#""x\"},{\\""#),
                ("c", r#"{"a":[1,{"b":"]"}]}"#),
                ("d", "[ ]"),
                ("e", "null"),
                ("é", r#""ü""#),
            ]
        );
        assert_eq!(field(text, "e"), Some("null"));
        assert_eq!(field(text, "f"), None);
        assert_eq!(
            fields("{}").count() + fields("[1]").count() + fields("").count(),
            0
        );
        assert_eq!(
            items(r#"[1, "a,b",{"c":[2]} ]"#).collect::<Vec<_>>(),
            ["1", r#""a,b""#, r#"{"c":[2]}"#]
        );
        assert_eq!(items("[]").count() + items("{}").count(), 0);
    }

    #[test]
    fn whatever_is_written_is_split_as_it_would_be_parsed() {
        let value = json!({"s": "a\\\"b\u{1}", "n": [-1.5e300, 0, true], "o": {"o": {"": {}}}, "": [[], [""]]});
        let text = serde_json::to_string_pretty(&value).expect("JSON");
        for (name, part) in fields(&text) {
            let part: Value = serde_json::from_str(part).expect("JSON");
            assert_eq!(part, value[name]);
        }
        assert_eq!(fields(&text).count(), 4);
    }

    #[test]
    fn a_text_travels_as_the_json_that_it_is() {
        let text = JsonText::of(&json!({"b": 1, "a": [null]}));
        let json = serde_json::to_string(&[&text]).expect("JSON");
        assert_eq!(json, r#"[{"b":1,"a":[null]}]"#);
        let back: Vec<JsonText> = serde_json::from_str(&json).expect("JSON");
        assert_eq!(back, [text]);
        assert_eq!(JsonText::default().get(), "{}");
    }
}
