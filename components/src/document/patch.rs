//! JSON Merge Patch (RFC 7396).

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Fault, MAX_FAULTS, Telling,
    read::rules_of,
    rules::Rules,
    source::{Source, push_token},
};

/// Changes `target` as `patch` says: `null` removes a key, an object is merged key by key, anything else replaces.
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (key, change) in changes {
        if change.is_null() {
            // Keeps the order of the other keys.
            members.shift_remove(key);
        } else {
            merge_patch(members.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

/// What `read` makes of the document `present` with `patch` applied.
///
/// A `null` takes away what need not be there, but not what no such document can have: that is a slip like any other.
///
/// # Errors
/// What is wrong with it, told to whoever has sent the patch and does not know the whole.
pub fn read_patched<T: JsonSchema>(
    present: &impl Serialize,
    patch: &Value,
    read: impl Fn(Source) -> Result<T, Vec<Fault>>,
) -> Result<T, Vec<Fault>> {
    // A document is a tree of strings and finite numbers: it always has a value.
    let before = || serde_json::to_value(present).unwrap_or_default();
    let patched = || {
        let mut value = before();
        let unknown = unknown_nulls(&value, patch, &rules_of::<T>());
        merge_patch(&mut value, patch);
        (value, unknown)
    };
    let (value, unknown) = patched();
    let read_once = read(Source::from_value(value));
    let read_once = read_once.or_else(|_| {
        // Read once more in the rare case of a fault, so that the patch need not be kept each time.
        read(Source::from_value(patched().0).made_by(patch.clone())).map_err(|mut faults| {
            explain_left(&mut faults, &before(), patch);
            faults
        })
    })?;
    if unknown.is_empty() {
        return Ok(read_once);
    }
    // What would be said were they not `null`. Nothing is said of them where keys are free.
    let mut value = patched().0;
    for pointer in &unknown {
        let Some((around, _)) = pointer.rsplit_once('/') else { continue };
        if let Some(Value::Object(members)) = value.pointer_mut(around) {
            members.insert(key_of(pointer), Value::Bool(true));
        }
    }
    let keys: Vec<String> = unknown.iter().map(|pointer| key_of(pointer)).collect();
    let is_unknown = |fault: &Fault| {
        let found = |telling: Telling| keys.iter().any(|key| fault.found == telling.unknown_key(key));
        found(Telling::Open) || found(Telling::Discreet)
    };
    let faults = read(Source::from_value(value).made_by(patch.clone())).err().unwrap_or_default();
    let faults: Vec<Fault> = faults.into_iter().filter(is_unknown).collect();
    if faults.is_empty() { Ok(read_once) } else { Err(faults) }
}

/// JSON pointers to what a patch takes away although it is not there, and is called as nothing that could be anywhere.
fn unknown_nulls(before: &Value, patch: &Value, rules: &Rules) -> Vec<String> {
    fn walk(
        before: Option<&Value>,
        patch: &Value,
        pointer: &mut String,
        is_known: &dyn Fn(&str) -> bool,
        found: &mut Vec<String>,
    ) {
        let Value::Object(changes) = patch else { return };
        for (key, change) in changes {
            let present = before.and_then(|before| before.get(key));
            let length = pointer.len();
            push_token(pointer, key);
            if !change.is_null() {
                walk(present, change, pointer, is_known, found);
            } else if present.is_none() && !is_known(key) && found.len() < MAX_FAULTS {
                found.push(pointer.clone());
            }
            pointer.truncate(length);
        }
    }
    let mut found = Vec::new();
    walk(Some(before), patch, &mut String::new(), &|key| rules.knows(key), &mut found);
    found
}

/// The last key of a JSON pointer.
fn key_of(pointer: &str) -> String {
    let token = pointer.rsplit('/').next().unwrap_or_default();
    token.replace("~1", "/").replace("~0", "~")
}

/// Explains faults in what a patch has left as it was in the document `before`: whoever sent the patch does not find them
/// there. A shape of another type, say, still has the keys of the one before.
fn explain_left(faults: &mut [Fault], before: &Value, patch: &Value) {
    let is_left =
        |fault: &&mut Fault| patch.pointer(&fault.pointer).is_none() && before.pointer(&fault.pointer).is_some();
    for fault in faults.iter_mut().filter(is_left) {
        fault.expected += "; it was there before the patch, which has to set it to `null` (or put the whole anew)";
        fault.nearest = None;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{merge_patch, read_patched};
    use crate::{LayerDocument, document::Limits};

    #[test]
    fn a_misspelt_key_is_known_although_the_right_one_is_there() {
        let limits = Limits::default();
        let content = json!({ "type": "color", "color": "#ffffff" });
        let layer = json!({ "id": "box", "opacity": 0.5, "transform": { "rotation": 1 }, "content": content });
        let layer = LayerDocument::from_value(layer, &limits).unwrap();
        let nearest = |patch: Value| {
            let read = read_patched(&layer, &patch, |source| LayerDocument::from_source(&source, &limits));
            read.unwrap_err().into_iter().map(|fault| (fault.pointer, fault.nearest)).collect::<Vec<_>>()
        };
        let told = |pointer: &str, nearest: &str| (pointer.to_owned(), Some(nearest.to_owned()));
        assert_eq!(nearest(json!({ "opactiy": 1 })), [told("/opactiy", "opacity")]);
        let within = json!({ "transform": { "rotaton": 2 }, "content": { "colour": "#000000" } });
        assert_eq!(nearest(within), [told("/transform/rotaton", "rotation"), told("/content/colour", "color")]);
        // Who has written the right one too means something else.
        assert_eq!(nearest(json!({ "opactiy": 1, "opacity": 1 })), [("/opactiy".to_owned(), None)]);
        // What was there before the patch, and does not belong to it any more, is nobody's slip.
        assert_eq!(
            nearest(json!({ "content": { "type": "image", "asset": "logo" } })),
            [("/content/color".to_owned(), None)]
        );
    }

    #[test]
    fn what_cannot_be_there_cannot_be_taken_away() {
        let limits = Limits::default();
        let content = json!({ "type": "image", "asset": "logo" });
        let layer = json!({ "id": "box", "opacity": 0.5, "content": content });
        let layer = LayerDocument::from_value(layer, &limits).unwrap();
        let read = |patch: Value| read_patched(&layer, &patch, |source| LayerDocument::from_source(&source, &limits));
        let told = |patch: Value| {
            let faults = read(patch).unwrap_err();
            faults.into_iter().map(|fault| (fault.pointer, fault.nearest.unwrap_or_default())).collect::<Vec<_>>()
        };
        let of = |pointer: &str, nearest: &str| (pointer.to_owned(), nearest.to_owned());
        assert_eq!(told(json!({ "opcity": null, "opacity": 1 })), [of("/opcity", "")]);
        assert_eq!(told(json!({ "opcity": null })), [of("/opcity", "opacity")]);
        assert_eq!(told(json!({ "content": { "x/y": null } })), [of("/content/x~1y", "")]);
        // What need not be there may be taken away again, be it of content of another type.
        read(json!({ "mask": null, "content": { "color": null } })).unwrap();
    }

    #[test]
    fn a_key_of_megabytes_is_told_in_short() {
        let limits = Limits::default();
        let (key, inner) = ("k".repeat(2 << 20), "é".repeat(1 << 20));
        let text = format!("{{\"{key}\": 1, \"{key}\": {{\"{inner}\": 1}}, \"transform\": {{\"{inner}\": 1}} }}");
        let source = crate::document::Source::from_text(&text).unwrap();
        let mut faults = LayerDocument::from_source(&source, &limits).unwrap_err();
        faults.extend(source.repeated_keys());
        let layer = LayerDocument::from_value(json!({ "id": "box", "content": { "type": "group" } }), &limits).unwrap();
        let patch = json!({ key: null });
        faults.extend(read_patched(&layer, &patch, |source| LayerDocument::from_source(&source, &limits)).unwrap_err());
        assert!(faults.len() > 4);
        assert!(faults.iter().all(|fault| fault.to_string().len() < 3000));
    }

    /// The examples of RFC 7396, appendix A: original, patch, result.
    #[test]
    fn the_examples_of_the_specification_hold() {
        let examples: [(Value, Value, Value); 15] = [
            (json!({ "a": "b" }), json!({ "a": "c" }), json!({ "a": "c" })),
            (json!({ "a": "b" }), json!({ "b": "c" }), json!({ "a": "b", "b": "c" })),
            (json!({ "a": "b" }), json!({ "a": null }), json!({})),
            (json!({ "a": "b", "b": "c" }), json!({ "a": null }), json!({ "b": "c" })),
            (json!({ "a": ["b"] }), json!({ "a": "c" }), json!({ "a": "c" })),
            (json!({ "a": "c" }), json!({ "a": ["b"] }), json!({ "a": ["b"] })),
            (json!({ "a": { "b": "c" } }), json!({ "a": { "b": "d", "c": null } }), json!({ "a": { "b": "d" } })),
            (json!({ "a": [{ "b": "c" }] }), json!({ "a": [1] }), json!({ "a": [1] })),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({ "a": "b" }), json!(["c"]), json!(["c"])),
            (json!({ "a": "foo" }), json!(null), json!(null)),
            (json!({ "a": "foo" }), json!("bar"), json!("bar")),
            (json!({ "e": null }), json!({ "a": 1 }), json!({ "e": null, "a": 1 })),
            (json!([1, 2]), json!({ "a": "b", "c": null }), json!({ "a": "b" })),
            (json!({}), json!({ "a": { "bb": { "ccc": null } } }), json!({ "a": { "bb": {} } })),
        ];
        for (original, patch, expected) in examples {
            let mut target = original.clone();
            merge_patch(&mut target, &patch);
            assert_eq!(target, expected, "{original} patched by {patch}");
        }
    }
}
