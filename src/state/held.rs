//! Scenes that wait, as records: each is a collection of its own, `scene:ID`, with a record for each layer.
//!
//! As of the scene on air there is `header` (all but the layers, with the folder of the assets), `order` (which layers stand
//! where) and a `layer:ID` for each layer. Up to schema 1 each of them was one record of the collection `scene`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    mirror::{HEADER, LAYER, ORDER},
    store::{Key, Records},
};
use crate::engine::HELD;

/// What stands between the kind of document and the id of the scene.
const BEFORE_ID: char = ':';

/// The collection of a scene.
pub(super) fn collection(id: &str) -> String {
    format!("{HELD}{BEFORE_ID}{id}")
}

/// The id of the scene that a collection is of, if it is of any.
pub(super) fn id_of(collection: &str) -> Option<&str> {
    collection.strip_prefix(HELD)?.strip_prefix(BEFORE_ID)
}

/// The records of a scene that is kept whole, by their fields.
pub(super) fn apart(mut whole: Value) -> BTreeMap<String, Value> {
    let mut records = BTreeMap::new();
    let mut order = Map::new();
    let layers = whole.pointer_mut("/scene/layers").map(Value::take);
    if let Some(layers) = layers {
        whole["scene"]["layers"] = json!([]);
        take_apart("", layers, &mut order, &mut records);
    }
    records.insert(HEADER.to_owned(), whole);
    records.insert(ORDER.to_owned(), Value::Object(order));
    records
}

fn take_apart(parent: &str, layers: Value, order: &mut Map<String, Value>, records: &mut BTreeMap<String, Value>) {
    let Value::Array(layers) = layers else { return };
    let mut ids = Vec::with_capacity(layers.len());
    for mut layer in layers {
        let children = layer.as_object_mut().and_then(|layer| layer.shift_remove("children"));
        let Some(id) = layer.get("id").and_then(Value::as_str).map(str::to_owned) else { continue };
        if let Some(children) = children {
            take_apart(&id, children, order, records);
        }
        records.insert(format!("{LAYER}{id}"), layer);
        ids.push(Value::String(id));
    }
    if !ids.is_empty() {
        order.insert(parent.to_owned(), Value::Array(ids));
    }
}

/// The scene that these records are of, whole.
///
/// # Errors
/// Some of it is missing, or there is something that belongs nowhere.
pub(super) fn together(mut records: BTreeMap<String, Value>) -> Result<Value, String> {
    let mut part = |name: &str| records.remove(name).ok_or_else(|| format!("`{name}` is missing"));
    let (mut whole, order) = (part(HEADER)?, part(ORDER)?);
    let Value::Object(mut order) = order else { return Err(format!("`{ORDER}` is no object")) };
    let layers = put_together("", &mut order, &mut records)?;
    if let Some(name) = records.keys().next() {
        return Err(format!("`{name}` stands nowhere"));
    }
    match whole.pointer_mut("/scene/layers") {
        Some(place) => *place = Value::Array(layers),
        None => return Err(format!("`{HEADER}` has no list of layers")),
    }
    Ok(whole)
}

fn put_together(
    parent: &str,
    order: &mut Map<String, Value>,
    records: &mut BTreeMap<String, Value>,
) -> Result<Vec<Value>, String> {
    let Some(Value::Array(ids)) = order.remove(parent) else { return Ok(Vec::new()) };
    let mut layers = Vec::with_capacity(ids.len());
    for id in ids {
        let id = id.as_str().unwrap_or_default();
        // Each is taken out, so that none comes twice.
        let name = format!("{LAYER}{id}");
        let mut layer = records.remove(&name).ok_or_else(|| format!("`{name}` is missing"))?;
        let children = put_together(id, order, records)?;
        if let Some(layer) = layer.as_object_mut().filter(|_| !children.is_empty()) {
            layer.insert("children".to_owned(), Value::Array(children));
        }
        layers.push(layer);
    }
    Ok(layers)
}

/// Brings records of schema 1 to schema 2.
///
/// # Errors
/// A scene cannot be read.
pub(super) fn give_each_its_own(records: Records) -> Result<Records, String> {
    let mut new = Records::new();
    for (key, value) in records {
        if key.collection != HELD {
            new.insert(key, value);
            continue;
        }
        let read = serde_json::from_slice(&value);
        let whole = read.map_err(|error| format!("`{HELD}/{}` cannot be read: {error}", key.field))?;
        for (field, value) in apart(whole) {
            new.insert(Key::new(collection(&key.field), field), value.to_string().into_bytes());
        }
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_is_put_together_as_it_was_taken_apart() {
        let whole = json!({ "folder": "/shows", "scene": { "name": "Show", "layers": [
            { "id": "back", "content": { "type": "group" } },
            { "id": "group", "content": { "type": "group" }, "children": [{ "id": "one" }, { "id": "two" }] },
        ], "timelines": [] } });
        let records = apart(whole.clone());
        let names: Vec<&str> = records.keys().map(String::as_str).collect();
        assert_eq!(names, ["header", "layer:back", "layer:group", "layer:one", "layer:two", "order"]);
        assert_eq!(records["order"], json!({ "": ["back", "group"], "group": ["one", "two"] }));
        assert_eq!(together(records.clone()), Ok(whole));
        let without = |name: &str| records.clone().into_iter().filter(|(field, _)| field != name).collect();
        assert_eq!(together(without("layer:two")), Err("`layer:two` is missing".to_owned()));
        assert_eq!(together(without("header")), Err("`header` is missing".to_owned()));
        let mut more = records;
        more.insert("layer:three".to_owned(), json!({}));
        assert_eq!(together(more), Err("`layer:three` stands nowhere".to_owned()));
    }
}
