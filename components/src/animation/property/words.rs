//! What is told of properties.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Property, Target};

/// What is never animated, each with why: a path from the document on, with all within it. `*` stands for any one step of
/// it, `**` at the beginning for any number of them.
///
/// All other numbers, colours, texts, names and switches in the schema are animated: a test walks through it.
pub(in crate::animation) type Never = (&'static str, &'static str);

/// What of a layer is never animated.
pub(in crate::animation) const NEVER: [Never; 16] = [
    ("id", "programs find the layer by it"),
    ("name", "it is seen by nobody"),
    ("type", "it is seen by nobody"),
    ("children", "each is a layer with animations of its own"),
    ("animations", "they are what moves it"),
    ("presets", "they are what moves it"),
    ("transitions", "they are what moves it"),
    ("variants", "what is left out of a picture is known before it is drawn; animate `opacity` or `visible`"),
    ("**.type", "what other values there are follows from it; only gradients change theirs, each animated as a whole"),
    ("mask.shape.layer", "what one layer has to be drawn before another is known before anything moves"),
    ("content.font.features", "what they do is the font's own; let one text fade into another"),
    ("content.spans.*.font.features", "what they do is the font's own; let one text fade into another"),
    (
        "content.ticker.speed",
        "where the text stands follows from it and the time, so that all of it would jump; animate `content.ticker.offset`",
    ),
    ("content.ticker.gap", "where the text stands follows from it and the time, so that all of it would jump"),
    (
        "content.speed",
        "which picture is seen follows from it and the time, so that it would jump; animate `content.startAt`",
    ),
    ("content.repeat", "which picture is seen follows from it and the time, so that it would jump"),
];

/// The same of a track.
pub(in crate::animation) const NEVER_OF_TRACKS: [Never; 7] = [
    ("id", "programs find the track by it"),
    ("source", "a track with another source begins anew"),
    ("fadeIn", "it is how long a change takes; animate `volume`"),
    ("fadeOut", "it is how long a change takes; animate `volume`"),
    ("delay", "sound that is moved in time would be cut or stretched"),
    ("duck.by", "it names tracks; animate `duck.amount`"),
    ("animations", "they are what moves it"),
];

/// The same of the whole mix.
pub(in crate::animation) const NEVER_OF_THE_MIX: [Never; 2] =
    [("tracks", "each has animations of its own"), ("animations", "they are what moves it")];

/// Whether a path is that of a pattern in such a list, or within it.
pub(in crate::animation) fn covers(pattern: &str, path: &str) -> bool {
    let steps = |pattern: &str, path: &mut std::str::Split<'_, char>| {
        pattern.split('.').all(|step| path.next().is_some_and(|found| step == "*" || step == found))
    };
    let mut path = path.split('.');
    match pattern.strip_prefix("**.") {
        Some(pattern) => {
            while path.clone().next().is_some() {
                if steps(pattern, &mut path.clone()) {
                    return true;
                }
                path.next();
            }
            false
        }
        None => steps(pattern, &mut path),
    }
}

impl fmt::Display for Property {
    /// The path, cut off where it is longer than any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&abridged(&self.0))
    }
}

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
                 effects or mask such as content.fill, content.gradient, content.gradient.stops.0.color, content.stroke.dash.0, effects.0.radius, mask.feather; \
                 of a track of the sound its volume, muted or what is in duck; of the whole mix its volume; \
                 what has nothing in between, such as content.text, steps",
                common.join(", "),
            ),
            "examples": ["opacity", "transform.position", "transform.rotation", "content.fill"],
        })
    }
}
