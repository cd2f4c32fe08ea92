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
}

fn has_objects(branches: &Value) -> bool {
    branches.as_array().is_some_and(|branches| branches.iter().all(|branch| branch.get("properties").is_some()))
}

/// The kinds of an object that shares its keys with each of its branches: every one whole, and closed.
fn spread(map: &Map<String, Value>) -> Vec<Map<String, Value>> {
    let mut own = map.clone();
    let key = BRANCHES.into_iter().find(|key| map.get(*key).is_some_and(has_objects));
    let branches = key.and_then(|key| own.remove(key));
    let Some(Value::Array(branches)) = branches else {
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
