//! What is told of properties.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Property, Target};

/// What of a layer is never animated, and why.
pub(super) const NEVER: [(&str, &str); 8] = [
    ("id", "programs find the layer by it"),
    ("name", "it is seen by nobody"),
    ("type", "it is seen by nobody"),
    ("children", "each is a layer with animations of its own"),
    ("animations", "they are what moves it"),
    ("presets", "they are what moves it"),
    ("transitions", "they are what moves it"),
    ("zIndex", "the order of layers is changed by an edit, or by a trigger that sets it"),
];

/// The same of a track.
pub(super) const NEVER_OF_TRACKS: [(&str, &str); 6] = [
    ("id", "programs find the track by it"),
    ("source", "a track with another source begins anew"),
    ("fadeIn", "it is how long a change takes; animate `volume`"),
    ("fadeOut", "it is how long a change takes; animate `volume`"),
    ("delay", "sound that is moved in time would be cut or stretched"),
    ("animations", "they are what moves it"),
];

/// The same of the whole mix.
pub(super) const NEVER_OF_THE_MIX: [(&str, &str); 2] =
    [("tracks", "each has animations of its own"), ("animations", "they are what moves it")];

pub(super) fn abridged(text: &str) -> String {
    const ENOUGH: usize = 80;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

pub(super) fn list(names: &[&str]) -> String {
    const ENOUGH: usize = 60;
    let shown = names.iter().take(ENOUGH).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    format!("one of {shown}{}", if names.len() > ENOUGH { ", …" } else { "" })
}

impl JsonSchema for Property {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Property".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let common = Target::COMMON.map(|(name, _)| name);
        json_schema!({
            "type": "string",
            "description": format!(
                "the path of a property in the layer's document: {}, or a number, length, colour or gradient of its content, \
                 effects or mask such as content.fill, content.gradient, content.gradient.stops.0.color, effects.0.radius, mask.feather; \
                 of a track of the sound its volume, muted or what is in duck; of the whole mix its volume; \
                 what has nothing in between, such as content.text, steps",
                common.join(", "),
            ),
            "examples": ["opacity", "transform.position", "transform.rotation", "content.fill"],
        })
    }
}
