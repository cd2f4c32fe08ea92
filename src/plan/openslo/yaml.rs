//! YAML as a tree whose every node knows its line.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::text;

/// A node of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Where it is, from 1.
    pub(super) line: u64,
    pub(super) is: Value,
}

/// What a node is. Every scalar is its text: what it means is for the reader to say.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Nothing,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// A file is no YAML, or too much of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct YamlError {
    pub(super) line: u64,
    pub(super) message: String,
}

/// Every document of a file. The parser ends at 64 levels and 250,000 nodes, and aliases may add no more than 100,000.
pub(super) fn documents(text: &str) -> Result<Vec<Node>, YamlError> {
    let options = serde_saphyr::options! {
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 100_000 },
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| YamlError {
        line: error.location().map_or(1, |location| location.line()),
        message: text::line(&error.to_string(), 200),
    })
}

impl Node {
    /// What a key of it holds; nothing where it is no map, or has not the key, or nothing stands there.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.is else { return None };
        entries.iter().find(|(known, _)| known == key).map(|(_, node)| node).filter(|node| node.is != Value::Nothing)
    }

    /// The text that a key of it holds.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.is {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number that a key of it holds.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.text(key)?.trim().parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// The items that a key of it holds; a single one where it holds no list.
    pub(super) fn items(&self, key: &str) -> &[Self] {
        match self.get(key) {
            Some(Self { is: Value::List(items), .. }) => items,
            Some(node) => std::slice::from_ref(node),
            None => &[],
        }
    }

    /// Its keys.
    pub(super) fn keys(&self) -> Vec<&str> {
        match &self.is {
            Value::Map(entries) => entries.iter().map(|(key, _)| key.as_str()).collect(),
            _ => Vec::new(),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { line: spanned.referenced.line(), is: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key()? {
            match key {
                Value::Text(key) => map.push((key, entries.next_value()?)),
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_knows_its_line() {
        let text = "a: 1\nb:\n  - x\n  - {c: 0.999, d: true}\ne:\n---\nf: \"9\"\n1: x\n[y]: z\n";
        let documents = documents(text).unwrap();
        let [first, second] = documents.as_slice() else { panic!("{documents:?}") };
        assert_eq!((first.text("a"), first.get("a").map(|node| node.line)), (Some("1"), Some(1)));
        let items = first.items("b");
        assert_eq!((items[1].line, items[1].number("c"), items[1].text("d")), (4, Some(0.999), Some("true")));
        assert_eq!((first.get("e"), first.get("none"), first.items("a").len()), (None, None, 1));
        assert_eq!((second.line, second.text("f"), second.keys()), (7, Some("9"), vec!["f", "1"]));
        let error = super::documents("a: b\nc: [d\n").unwrap_err();
        assert!(error.line >= 2 && !error.message.is_empty(), "{error:?}");
    }

    #[test]
    fn what_grows_without_end_ends() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            bomb += &format!("a{level}: &a{level} [{before}]\n");
        }
        assert!(documents(&bomb).is_err());
        for text in ["[".repeat(10_000), "{a: ".repeat(10_000), "- ".repeat(10_000), "---\n a\n".repeat(10_000), "&a [*a]".into()]
        {
            let _ = documents(&text);
        }
    }
}
