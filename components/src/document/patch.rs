//! JSON Merge Patch (RFC 7396).

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Fault, source::Source};

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
/// # Errors
/// What is wrong with it, told to whoever has sent the patch and does not know the whole.
pub fn read_patched<T>(
    present: &impl Serialize,
    patch: &Value,
    read: impl Fn(Source) -> Result<T, Vec<Fault>>,
) -> Result<T, Vec<Fault>> {
    // A document is a tree of strings and finite numbers: it always has a value.
    let before = || serde_json::to_value(present).unwrap_or_default();
    let patched = || {
        let mut value = before();
        merge_patch(&mut value, patch);
        Source::from_value(value)
    };
    read(patched()).or_else(|_| {
        // Read once more in the rare case of a fault, so that the patch need not be kept each time.
        read(patched().made_by(patch.clone())).map_err(|mut faults| {
            explain_left(&mut faults, &before(), patch);
            faults
        })
    })
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
