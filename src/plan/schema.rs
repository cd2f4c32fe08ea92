//! The JSON schema of a plan as it is written, for editors: generated from the model's types, and closed, so that an
//! editor marks an unknown key as the loader does.

use schemars::schema_for;
use serde_json::{Map, Value, json};

use super::Plan;

/// The schema, as `assets/plan.schema.json` holds it.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schema_for!(Plan).to_value();
    tidy(&mut schema);
    if let Value::Object(map) = &mut schema {
        map.insert("title".to_owned(), json!("flightdeck.toml"));
    }
    schema
}

/// The words under which a schema holds several others.
const BRANCHES: [&str; 2] = ["oneOf", "anyOf"];

fn tidy(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(map) => {
            without_null(map);
            if map.get("type") == Some(&json!("object")) || BRANCHES.iter().any(|key| map.get(*key).is_some_and(has_objects)) {
                let mut kinds = spread(map);
                match kinds.len() {
                    1 => *map = kinds.remove(0),
                    _ => {
                        let about = ["$schema", "title", "description", "$defs"];
                        map.retain(|key, _| about.contains(&key.as_str()));
                        map.insert("oneOf".to_owned(), kinds.into_iter().map(Value::Object).collect());
                    }
                }
            }
            map.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// TOML has no null: a key that may be left out is left out.
fn without_null(map: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".to_owned(), only);
        }
    }
    for key in BRANCHES {
        if let Some(Value::Array(branches)) = map.get_mut(key) {
            branches.retain(|branch| branch.get("type") != Some(&json!("null")));
            if let [Value::Object(only)] = branches.as_slice() {
                let only = only.clone();
                map.remove(key);
                map.extend(only);
            }
        }
    }
    if map.get("default") == Some(&Value::Null) {
        map.remove("default");
    }
    // The lines of a comment in the source are no lines of a description.
    if let Some(Value::String(description)) = map.get_mut("description") {
        *description = description.replace('\n', " ");
    }
}

/// Whether the branches are kinds of an object. A kind without keys of its own is a bare word in the model.
fn has_objects(branches: &Value) -> bool {
    let keys = |branch: &Value| branch.get("properties").is_some();
    let Some(branches) = branches.as_array() else { return false };
    branches.iter().any(keys) && branches.iter().all(|branch| keys(branch) || branch.get("const").is_some())
}

/// The kinds of an object that shares its keys with each of its branches: every one whole, and closed.
fn spread(map: &Map<String, Value>) -> Vec<Map<String, Value>> {
    let mut own = map.clone();
    let key = BRANCHES.into_iter().find(|key| map.get(*key).is_some_and(has_objects));
    let branches = key.and_then(|key| own.remove(key));
    let Some(Value::Array(branches)) = branches else {
        if own.remove("const").is_some() {
            own.insert("type".to_owned(), json!("object"));
            own.insert("properties".to_owned(), json!({}));
        }
        if own.contains_key("properties") {
            own.entry("additionalProperties").or_insert(json!(false));
        }
        return vec![own];
    };
    own.remove("additionalProperties");
    own.remove("unevaluatedProperties");
    let kinds = branches.iter().filter_map(Value::as_object).flat_map(spread);
    kinds
        .map(|mut kind| {
            let mut properties = object(&kind, "properties");
            properties.extend(object(&own, "properties"));
            let mut required = array(&own, "required");
            required.extend(array(&kind, "required"));
            kind.insert("properties".to_owned(), Value::Object(properties));
            if !required.is_empty() {
                kind.insert("required".to_owned(), Value::Array(required));
            }
            kind
        })
        .collect()
}

fn object(map: &Map<String, Value>, key: &str) -> Map<String, Value> {
    map.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn array(map: &Map<String, Value>, key: &str) -> Vec<Value> {
    map.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::plan::decode::shapes;

    fn path() -> &'static str {
        concat!(env!("CARGO_MANIFEST_DIR"), "/assets/plan.schema.json")
    }

    /// The file is written anew with `UPDATE_SCHEMA=1 cargo test plan::schema`.
    #[test]
    fn the_file_is_what_the_types_say() {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path(), &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path()).unwrap(), text, "run UPDATE_SCHEMA=1 cargo test plan::schema");
    }

    fn keys(node: &Value) -> BTreeSet<&str> {
        assert_eq!(node["additionalProperties"], false, "{node:#}");
        node["properties"].as_object().unwrap_or_else(|| panic!("{node:#}")).keys().map(String::as_str).collect()
    }

    fn same(node: &Value, expected: &[&str]) {
        assert_eq!(keys(node), expected.iter().copied().collect());
    }

    /// What differs by kind: the union of the branches that `belongs` picks.
    fn kinds(node: &Value, belongs: impl Fn(&Value) -> bool) -> BTreeSet<&str> {
        node["oneOf"]
            .as_array()
            .unwrap_or_else(|| panic!("{node:#}"))
            .iter()
            .filter(|branch| belongs(branch))
            .flat_map(keys)
            .collect()
    }

    #[test]
    fn loader_and_schema_know_the_same_keys() {
        let schema = schema();
        let defs = &schema["$defs"];
        same(&schema, shapes::PLAN.keys);
        same(&defs["Environment"], shapes::ENVIRONMENT.keys);
        same(&defs["Operator"], shapes::OPERATOR.keys);
        same(&defs["Step"], shapes::STEP.keys);
        let entry = defs["ChecklistEntry"]["anyOf"].as_array().unwrap();
        same(&entry[1], shapes::CHECKLIST.keys);
        for (driver, expected) in shapes::TARGET_KINDS {
            let found = kinds(&defs["Target"], |branch| branch["properties"]["driver"]["const"] == *driver);
            assert_eq!(found, expected.iter().copied().collect(), "{driver}");
        }
        assert_eq!(kinds(&defs["Target"], |_| true), shapes::TARGET.keys.iter().copied().collect());
        for (source, own) in shapes::SIGNAL_KINDS {
            let found = kinds(&defs["Signal"], |branch| branch["properties"]["source"]["const"] == *source);
            assert_eq!(found, shapes::SIGNAL_COMMON.iter().chain(*own).copied().collect(), "{source}");
        }
        assert_eq!(kinds(&defs["Signal"], |_| true), shapes::SIGNAL.keys.iter().copied().collect());
        let inner = |key: &str| {
            let branches = defs["Signal"]["oneOf"].as_array().unwrap().iter();
            branches.map(|branch| &branch["properties"][key]).find(|node| node.is_object()).unwrap()
        };
        same(inner("ratio"), shapes::RATIO.keys);
        same(inner("quantile"), shapes::QUANTILE.keys);
        for (kind, own) in shapes::STAGE_KINDS {
            let found = kinds(&defs["Stage"], |branch| branch["properties"].get(own[0]).is_some());
            assert_eq!(found, shapes::STAGE_COMMON.iter().chain(*own).copied().collect(), "{kind}");
        }
        assert_eq!(kinds(&defs["Stage"], |_| true), shapes::STAGE.keys.iter().copied().collect());
        for (kind, own) in shapes::CHECK_KINDS {
            let found = kinds(&defs["Check"], |branch| branch["properties"].get(own[0]).is_some());
            assert_eq!(found, shapes::CHECK_COMMON.iter().chain(*own).copied().collect(), "{kind}");
        }
        assert_eq!(kinds(&defs["Check"], |_| true), shapes::CHECK.keys.iter().copied().collect());
        let branches = defs["Check"]["oneOf"].as_array().unwrap();
        let inner = |key: &str| branches.iter().map(|branch| &branch["properties"][key]).find(|node| node.is_object()).unwrap();
        same(inner("http"), shapes::HTTP.keys);
        same(inner("query"), shapes::QUERY.keys);
        assert!(
            branches.iter().any(|branch| keys(branch) == shapes::CHECK_COMMON.iter().copied().collect()),
            "a person may sign"
        );
    }

    /// As much of JSON schema as the schema uses.
    fn fits(root: &Value, node: &Value, value: &Value) -> Result<(), String> {
        if let Some(name) = node["$ref"].as_str() {
            return fits(root, root.pointer(name.trim_start_matches('#')).unwrap(), value);
        }
        for (word, exactly_one) in [("oneOf", true), ("anyOf", false)] {
            let Some(branches) = node[word].as_array() else { continue };
            let results: Vec<_> = branches.iter().map(|branch| fits(root, branch, value)).collect();
            let good = results.iter().filter(|result| result.is_ok()).count();
            if good == 0 || (exactly_one && good > 1) {
                return Err(format!("{value} fits {good} of {word}: {results:?}"));
            }
        }
        if let Some(only) = node.get("const") {
            return if only == value { Ok(()) } else { Err(format!("{value} is not {only}")) };
        }
        if let Some(words) = node["enum"].as_array() {
            return if words.contains(value) { Ok(()) } else { Err(format!("{value} is none of {words:?}")) };
        }
        let right = match node["type"].as_str() {
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("number") => value.is_number(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("array") => {
                value.as_array().ok_or("no list")?.iter().try_for_each(|item| fits(root, &node["items"], item))?;
                true
            }
            Some("object") => {
                let map = value.as_object().ok_or("no table")?;
                for key in node["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    map.get(key).ok_or(format!("no {key}"))?;
                }
                for (key, value) in map {
                    let inner = node["properties"].get(key).unwrap_or(&node["additionalProperties"]);
                    if inner == &json!(false) {
                        return Err(format!("{key} is unknown"));
                    }
                    fits(root, inner, value).map_err(|why| format!("{key}: {why}"))?;
                }
                true
            }
            Some(other) => return Err(format!("unknown type {other}")),
            None => true,
        };
        if right { Ok(()) } else { Err(format!("{value} is no {}", node["type"])) }
    }

    #[test]
    fn valid_plans_fit_the_schema() {
        let schema = schema();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/plans/valid");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
        let templates = crate::plan::TEMPLATES.iter().map(|name| crate::plan::template(name).unwrap().to_owned());
        for text in files.chain(templates) {
            let value: Value = toml::from_str(&text).unwrap();
            fits(&schema, &schema, &value).unwrap_or_else(|why| panic!("{why}\n{text}"));
        }
        for wrong in [
            "service = 'x'",
            "service = 'x'\nstages = [{ id = 'a' }]",
            "service = 'x'\nstages = [{ id = 'a', run = 'x', undoo = 'y' }]",
        ] {
            let value: Value = toml::from_str(wrong).unwrap();
            assert!(fits(&schema, &schema, &value).is_err(), "{wrong}");
        }
    }
}
