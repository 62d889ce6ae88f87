//! What two sides have made of one document, merged field by field.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{read, source::Source};

/// The names of the fields that lead to a value.
pub(super) type Path = Vec<String>;

/// A document as one side has it now, and what the other side has made of it.
///
/// Objects are gone into as far as both versions have them; all else changes as a whole: numbers, texts, lists, what is
/// new or gone, and objects that are of another `type` by now, whose fields mean something else.
pub(super) struct Fields {
    after: Value,
    changes: Vec<Change>,
}

/// A field that one side has changed.
pub(super) struct Change {
    pub(super) path: Path,
    /// `None` if it is gone.
    value: Option<Value>,
    /// Whether the other side has changed the same too, or a part of it, and not alike.
    pub(super) is_of_both: bool,
}

impl Fields {
    /// Of a document that was `before` for both sides, is `present` for one, and `after` for the other.
    pub(super) fn of(present: &impl Serialize, before: &impl Serialize, after: &impl Serialize) -> Self {
        let (present, before, after) = (value(present), value(before), value(after));
        let mut changes = Vec::new();
        if let (Value::Object(present), Value::Object(before)) = (&present, &before) {
            compare(before, present, &mut Vec::new(), &mut changes);
        }
        changes.retain_mut(|change| {
            let there = get(&after, &change.path);
            change.is_of_both = there != get(&before, &change.path);
            !(change.is_of_both && there == change.value.as_ref())
        });
        Self { after, changes }
    }

    /// What the one side has changed. What both have changed alike is not in it.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    /// The document of the other side with those of these changes that are kept, of which none is of both. `None` if that
    /// is no document.
    pub(super) fn merged<T: JsonSchema + DeserializeOwned>(&self, is_kept: impl Fn(&Path) -> bool) -> Option<T> {
        let mut merged = self.after.clone();
        for Change { path, value, .. } in self.changes.iter().filter(|change| is_kept(&change.path)) {
            let (name, parents) = path.split_last()?;
            let parent = parents.iter().try_fold(&mut merged, |parent, name| parent.get_mut(name))?.as_object_mut()?;
            match value {
                Some(value) => drop(parent.insert(name.clone(), value.clone())),
                None => drop(parent.shift_remove(name)),
            }
        }
        read(&Source::from_value(merged)).ok()
    }
}

fn value(document: &impl Serialize) -> Value {
    // Documents are trees of strings and finite numbers: they always have a value.
    serde_json::to_value(document).unwrap_or_default()
}

fn get<'a>(document: &'a Value, path: &Path) -> Option<&'a Value> {
    path.iter().try_fold(document, |parent, name| parent.get(name))
}

fn compare(before: &Map<String, Value>, present: &Map<String, Value>, path: &mut Path, changes: &mut Vec<Change>) {
    let gone = before.keys().filter(|name| !present.contains_key(*name));
    for name in present.keys().chain(gone) {
        path.push(name.clone());
        match (before.get(name), present.get(name)) {
            (before, present) if before == present => {}
            (Some(Value::Object(before)), Some(Value::Object(present)))
                if before.get("type") == present.get("type") =>
            {
                compare(before, present, path, changes);
            }
            (_, present) => {
                changes.push(Change { path: path.clone(), value: present.cloned(), is_of_both: false });
            }
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(fields: &Fields) -> Vec<(String, bool)> {
        fields.changes().map(|change| (change.path.join("."), change.is_of_both)).collect()
    }

    #[test]
    fn fields_are_compared_as_deep_as_both_have_them() {
        let before = json!({ "type": "a", "same": 1, "list": [1], "gone": 1, "in": { "x": 1, "y": 1 }, "of": { "type": "a", "x": 1 } });
        let present = json!({ "type": "b", "same": 1, "list": [2], "in": { "x": 2, "y": 3 }, "of": { "type": "b", "x": 1 }, "new": {} });
        let after =
            json!({ "type": "a", "same": 2, "list": [3], "in": { "x": 5, "y": 3 }, "of": { "type": "a", "x": 2 } });
        let fields = Fields::of(&present, &before, &after);
        let expected = [("type", false), ("list", true), ("in.x", true), ("of", true), ("new", false)];
        assert_eq!(told(&fields), expected.map(|(path, is_of_both)| (path.to_owned(), is_of_both)));
    }
}
