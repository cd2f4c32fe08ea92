//! Reads TOML values into Rust ones and gathers what is wrong on the way, instead of stopping at the first.
//!
//! A getter returns `None` both where a key is absent and where its value is wrong; the latter has been reported
//! then, and what comes out is thrown away or its default taken. So decoding can go on with any stand-in.

use std::{collections::BTreeMap, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    problem::Found,
    words::{self, quote},
};

pub(crate) type Span = Range<usize>;
pub(crate) type Value<'a> = Spanned<DeValue<'a>>;

/// More problems than this help nobody; the rest shows when these are gone.
const MOST: usize = 1000;

/// A table's keys, and other words for them that are understood in a "did you mean".
pub(crate) struct Shape {
    pub(crate) keys: &'static [&'static str],
    pub(crate) words: &'static [(&'static str, &'static str)],
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) is: T,
    pub(crate) at: Span,
}

/// What is read so far, and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) found: Vec<Found>,
}

/// A key with its value. `key` is the right name, also where a misspelled one stands for it.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'static str,
    pub(crate) place: Span,
    pub(crate) value: &'a Value<'a>,
}

/// A table whose keys are known to be right.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    /// How a message calls it: `stage `canary``.
    pub(crate) name: String,
    /// Where a key is reported that is not there.
    pub(crate) place: Span,
    entries: BTreeMap<&'static str, Entry<'a>>,
}

impl<'a> Fields<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries.get(key)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The keys that are there, in the order of the file.
    pub(crate) fn entries(&self) -> Vec<&Entry<'a>> {
        let mut entries: Vec<_> = self.entries.values().collect();
        entries.sort_by_key(|entry| entry.place.start);
        entries
    }
}

impl Reader {
    /// Whether nothing more is worth finding.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= MOST
    }

    /// Something is wrong.
    pub(crate) fn report(&mut self, span: &Span, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        self.push(span, code, message.into(), help.into(), false);
    }

    /// Something is not there that should be.
    pub(crate) fn report_absence(
        &mut self,
        span: &Span,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(span, code, message.into(), help.into(), true);
    }

    fn push(&mut self, span: &Span, code: &'static str, message: String, help: String, absence: bool) {
        if !self.is_full() {
            self.found.push(Found { span: span.clone(), code, message, help, absence });
        }
    }

    /// A required key is not there.
    pub(crate) fn missing(&mut self, fields: &Fields<'_>, key: &str, example: &str) {
        let message = format!("{} has no `{key}`", fields.name);
        self.report_absence(&fields.place, "missing-key", message, format!("add {example}"));
    }

    /// Takes a table's keys, reports those that it may not have, and takes a misspelled one for what was meant.
    pub(crate) fn fields<'a>(&mut self, name: String, place: Span, table: &'a DeTable<'a>, shape: &Shape) -> Fields<'a> {
        let mut entries = BTreeMap::new();
        let mut unknown = Vec::new();
        for (key, value) in table {
            match shape.keys.iter().find(|known| **known == key.get_ref().as_ref()) {
                Some(known) => {
                    entries.insert(*known, Entry { key: known, place: key.span(), value });
                }
                None => unknown.push((key, value)),
            }
        }
        unknown.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in unknown {
            if self.is_full() {
                break;
            }
            let word = key.get_ref().as_ref();
            let plain = words::plain(word);
            let mut synonyms = shape.words.iter().filter(|(other, _)| *other == plain).map(|(_, key)| *key).peekable();
            let meant = if synonyms.peek().is_some() {
                let all: Vec<_> = synonyms.collect();
                all.iter().find(|key| !entries.contains_key(*key)).or(all.first()).copied()
            } else {
                let absent = shape.keys.iter().copied().filter(|key| !entries.contains_key(key));
                // A key that is there already was hardly meant a second time, unless nothing else comes near.
                words::nearest(word, absent).or_else(|| words::nearest(word, shape.keys.iter().copied()))
            };
            let meant = meant.and_then(|meant| shape.keys.iter().find(|known| **known == meant));
            let help = match meant {
                Some(meant) if entries.contains_key(meant) => format!("`{meant}` is there already; leave {} out", quote(word)),
                Some(meant) => {
                    entries.insert(*meant, Entry { key: meant, place: key.span(), value });
                    format!("did you mean `{meant}`?")
                }
                None => format!("there can be {}", words::list(shape.keys.iter().copied())),
            };
            self.report(&key.span(), "unknown-key", format!("{name} has no key {}", quote(word)), help);
        }
        Fields { name, place, entries }
    }

    /// The table that a value must be.
    pub(crate) fn table<'a>(&mut self, name: &str, value: &'a Value<'a>, example: &str) -> Option<&'a DeTable<'a>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => {
                self.wrong_type(name, value, "a table", format!("write it as {example}"));
                None
            }
        }
    }

    /// The table that a key holds.
    pub(crate) fn sub<'a>(&mut self, fields: &Fields<'a>, key: &str, shape: &Shape, example: &str) -> Option<Fields<'a>> {
        let entry = fields.get(key)?.clone();
        let name = format!("`{key}` of {}", fields.name);
        let table = self.table(&name, entry.value, example)?;
        Some(self.fields(name, entry.place, table, shape))
    }

    /// The list of tables that a key holds, as `[[stages]]` stands for.
    pub(crate) fn rows<'a>(&mut self, fields: &Fields<'a>, key: &str, example: &str) -> Vec<(&'a DeTable<'a>, Span)> {
        let mut rows = Vec::new();
        for value in self.items(fields, key, example) {
            if let Some(table) = self.table(&format!("an entry of `{key}` of {}", fields.name), value, example) {
                rows.push((table, value.span()));
            }
        }
        rows
    }

    /// The values of the list that a key holds.
    pub(crate) fn items<'a>(&mut self, fields: &Fields<'a>, key: &str, example: &str) -> &'a [Value<'a>] {
        match fields.get(key).map(|entry| (entry.value, entry.value.get_ref())) {
            None => &[],
            Some((_, DeValue::Array(array))) => array,
            Some((value, _)) => {
                self.wrong_type(&format!("`{key}` of {}", fields.name), value, "a list", format!("write it as {example}"));
                &[]
            }
        }
    }

    /// The text that a value must be, as it stands.
    pub(crate) fn string_value(&mut self, name: &str, value: &Value<'_>, help: impl Into<String>) -> Option<At<String>> {
        match value.get_ref() {
            DeValue::String(text) => Some(At { is: text.to_string(), at: value.span() }),
            _ => {
                self.wrong_type(name, value, "a text in quotes", help);
                None
            }
        }
    }

    /// The text that a key holds, as it stands.
    pub(crate) fn string(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<String>> {
        let entry = fields.get(key)?;
        let help = match entry.value.get_ref() {
            DeValue::Integer(number) => format!("write {key} = \"{number}\""),
            DeValue::Float(number) => format!("write {key} = \"{number}\""),
            _ => format!("write {key} = \"…\""),
        };
        self.string_value(&format!("`{key}` of {}", fields.name), entry.value, help)
    }

    /// The number that a key holds; `nan` and `inf` are none.
    pub(crate) fn number(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<f64>> {
        let entry = fields.get(key)?;
        self.number_value(&format!("`{key}` of {}", fields.name), key, entry.value)
    }

    /// The number that a value must be.
    pub(crate) fn number_value(&mut self, name: &str, key: &str, value: &Value<'_>) -> Option<At<f64>> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number as f64),
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::String(_) => {
                self.wrong_type(name, value, "a number", "write it without quotes and without a unit");
                return None;
            }
            _ => {
                self.wrong_type(name, value, "a number", format!("write it as {key} = 1.5"));
                return None;
            }
        };
        match number.filter(|number: &f64| number.is_finite()) {
            Some(number) => Some(At { is: number, at: value.span() }),
            None => {
                let help = "write a finite number, or leave it out";
                self.report(&value.span(), "not-a-number", format!("{name} is no number that a value could reach"), help);
                None
            }
        }
    }

    /// The whole number within bounds that a key holds.
    pub(crate) fn whole(&mut self, fields: &Fields<'_>, key: &str, range: std::ops::RangeInclusive<u32>) -> Option<At<u32>> {
        let entry = fields.get(key)?;
        let name = format!("`{key}` of {}", fields.name);
        let bounds = format!("{} to {}", range.start(), range.end());
        let DeValue::Integer(number) = entry.value.get_ref() else {
            self.wrong_type(&name, entry.value, "a whole number", format!("write one from {bounds}, without quotes"));
            return None;
        };
        match u32::from_str_radix(number.as_str(), number.radix()).ok().filter(|number| range.contains(number)) {
            Some(number) => Some(At { is: number, at: entry.value.span() }),
            None => {
                let code = if key == "weight" { "weight-out-of-range" } else { "out-of-range" };
                self.report(&entry.value.span(), code, format!("{name} is {number}"), format!("it can be {bounds}"));
                None
            }
        }
    }

    /// The yes or no that a key holds.
    pub(crate) fn flag(&mut self, fields: &Fields<'_>, key: &str) -> Option<bool> {
        let entry = fields.get(key)?;
        match entry.value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => {
                let name = format!("`{key}` of {}", fields.name);
                self.wrong_type(&name, entry.value, "true or false", "write true or false, without quotes");
                None
            }
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, fields: &Fields<'_>, key: &str, choices: &[(&'static str, T)]) -> Option<T> {
        let word = self.string(fields, key)?;
        match choices.iter().find(|(choice, _)| *choice == word.is) {
            Some((_, value)) => Some(*value),
            None => {
                self.unknown_word(fields, key, &word, choices.iter().map(|(choice, _)| *choice));
                None
            }
        }
    }

    /// A word is not one of the few that it could be.
    pub(crate) fn unknown_word<'w>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        word: &At<String>,
        words: impl Iterator<Item = &'w str> + Clone,
    ) {
        let all = words::list(words.clone());
        let help = match words::nearest(&word.is, words) {
            Some(near) => format!("did you mean {}? There are {all}", quote(near)),
            None => format!("there are {all}"),
        };
        let code = match key {
            "driver" => "unknown-driver",
            "source" => "unknown-source",
            _ => "unknown-value",
        };
        self.report(&word.at, code, format!("{} has no {key} {}", fields.name, quote(&word.is)), help);
    }

    /// Reports the keys that belong to another kind of the same thing.
    pub(crate) fn only(
        &mut self,
        fields: &Fields<'_>,
        kind: &str,
        common: &[&str],
        kinds: &[(&str, &[&str])],
        help: impl Fn(&str) -> String,
    ) {
        let own = kinds.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, keys)| keys);
        for entry in fields.entries() {
            if common.contains(&entry.key) || own.contains(&entry.key) {
                continue;
            }
            let owners = words::list(kinds.iter().filter(|(_, keys)| keys.contains(&entry.key)).map(|(name, _)| *name));
            let message = format!("`{}` belongs to {owners}, and {} is {}", entry.key, fields.name, quote(kind));
            self.report(&entry.place, "key-of-another-kind", message, help(entry.key));
        }
    }

    /// A value is of a type that cannot be right.
    pub(crate) fn wrong_type(&mut self, name: &str, value: &Value<'_>, wanted: &str, help: impl Into<String>) {
        let is = match value.get_ref() {
            DeValue::String(text) => format!("the text {}", quote(text)),
            DeValue::Integer(number) => format!("the number {}", crate::text::line(number.as_str(), 30)),
            DeValue::Float(number) => format!("the number {}", crate::text::line(number.as_str(), 30)),
            DeValue::Boolean(flag) => format!("the word {flag}"),
            DeValue::Datetime(_) => "a date or time".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        self.report(&value.span(), "wrong-type", format!("{name} is {is}, where {wanted} is wanted"), help);
    }
}
