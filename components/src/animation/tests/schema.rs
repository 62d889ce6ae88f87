//! What can be animated follows from the schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::*;
use crate::{
    animation::property::words::{NEVER, NEVER_OF_THE_MIX, NEVER_OF_TRACKS, Never, covers},
    audio::{AudioDocument, TrackDocument},
    document::{LayerDocument, scene_schema},
};

/// A document that the schema describes, with what it says of each value.
#[derive(Clone)]
enum Made {
    Leaf(Value, Value),
    Object(Vec<(String, Made)>),
    List(Vec<Made>),
}

impl Made {
    fn value(&self) -> Value {
        match self {
            Self::Leaf(value, _) => value.clone(),
            Self::Object(fields) => fields.iter().map(|(name, made)| (name.clone(), made.value())).collect(),
            Self::List(items) => items.iter().map(Self::value).collect(),
        }
    }

    /// All values that are no objects and no lists, and pairs, each with its path.
    fn leaves(&self, path: &str, found: &mut Vec<(String, Option<Value>)>) {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match self {
            Self::Leaf(_, schema) => found.push((path.to_owned(), Some(schema.clone()))),
            Self::Object(fields) => {
                if let [(x, _), (y, _)] = &fields[..]
                    && (&**x, &**y) == ("x", "y")
                {
                    found.push((path.to_owned(), None));
                }
                fields.iter().for_each(|(name, made)| made.leaves(&below(name), found));
            }
            Self::List(items) => {
                items.iter().enumerate().for_each(|(at, made)| made.leaves(&below(&at.to_string()), found));
            }
        }
    }
}

/// Makes documents of a schema, so many that each of its alternatives is in one of them.
struct Maker<'a> {
    schema: &'a Value,
    never: &'a [Never],
    met: BTreeSet<&'static str>,
}

impl Maker<'_> {
    fn make(&mut self, of: &Value, path: &str) -> Vec<Made> {
        let mut alternatives = Vec::new();
        if let Some(reference) = of.get("$ref").and_then(Value::as_str) {
            let of_reference = self.schema.pointer(reference.trim_start_matches('#')).expect("a definition").clone();
            let Some(own) = of.get("properties") else { return self.make(&of_reference, path) };
            // What has the name of its type beside what it is.
            for made in self.make(&of_reference, path) {
                let Made::Object(mut fields) = made else { panic!("{path} is an object") };
                for (name, field) in own.as_object().expect("fields") {
                    let made = self.make(field, &within(path, name));
                    fields.splice(..0, made.into_iter().take(1).map(|made| (name.clone(), made)));
                }
                alternatives.push(Made::Object(fields));
            }
            return alternatives;
        }
        for word in ["anyOf", "oneOf"] {
            for one in of.get(word).and_then(Value::as_array).into_iter().flatten() {
                alternatives.append(&mut self.make(one, path));
            }
        }
        if !alternatives.is_empty() {
            return alternatives;
        }
        if let Some(constant) = of.get("const").or_else(|| of.pointer("/enum/0")) {
            return vec![Made::Leaf(constant.clone(), of.clone())];
        }
        let kind = of.get("type").map(|kind| kind.get(0).unwrap_or(kind)).and_then(Value::as_str);
        match kind.unwrap_or_else(|| panic!("{path} has a type: {of}")) {
            "null" => Vec::new(),
            "boolean" => vec![Made::Leaf(json!(true), of.clone())],
            // The least that is allowed, or nothing.
            "integer" => vec![Made::Leaf(json!(of["minimum"].as_i64().unwrap_or(0)), of.clone())],
            "number" => vec![Made::Leaf(json!(of["minimum"].as_f64().unwrap_or(0.0)), of.clone())],
            "string" => {
                let text = match of.get("format").and_then(Value::as_str) {
                    Some("color") => "#102030",
                    Some("path") => "M 0 0 L 10 10 Z",
                    Some("percentage") => "50%",
                    _ => "a",
                };
                vec![Made::Leaf(json!(text), of.clone())]
            }
            "array" => {
                let count = of["minItems"].as_u64().unwrap_or(0).max(2) as usize;
                let items = self.make(&of["items"], &within(path, "0"));
                items.into_iter().map(|item| Made::List(vec![item; count])).collect()
            }
            "object" => match of.get("properties").and_then(Value::as_object) {
                Some(fields) => self.object(fields, of, path),
                None => {
                    let made = self.make(&of["additionalProperties"], &within(path, "liga"));
                    made.into_iter().map(|made| Made::Object(vec![("liga".to_owned(), made)])).collect()
                }
            },
            other => panic!("{path} is {other}"),
        }
    }

    /// One with all its fields, and one for each alternative of each of them.
    fn object(&mut self, fields: &Map<String, Value>, of: &Value, path: &str) -> Vec<Made> {
        let is_required = |name: &str| of["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
        let mut made: Vec<(String, Vec<Made>)> = Vec::new();
        for (name, field) in fields {
            let path = within(path, name);
            let never = self.never.iter().find(|(pattern, _)| covers(pattern, &path));
            self.met.extend(never.map(|(pattern, _)| *pattern));
            if never.is_none() || is_required(name) {
                made.push((name.clone(), self.make(field, &path)));
            }
        }
        let first: Vec<_> = made.iter().map(|(name, made)| (name.clone(), made[0].clone())).collect();
        let mut all = vec![Made::Object(first.clone())];
        for (at, (name, made)) in made.into_iter().enumerate() {
            for other in made.into_iter().skip(1) {
                let mut fields = first.clone();
                fields[at] = (name.clone(), other);
                all.push(Made::Object(fields));
            }
        }
        all
    }
}

fn within(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Looks at every value of every document of a type that can be made of the schema; how many there were, of different
/// paths.
fn walk(definition: &str, never: &[Never], mut look: impl FnMut(&Value, &str, Option<&Value>)) -> usize {
    let schema = scene_schema();
    let mut maker = Maker { schema: &schema, never, met: BTreeSet::new() };
    let all = maker.make(&json!({ "$ref": format!("#/$defs/{definition}") }), "");
    let mut seen = BTreeSet::new();
    for made in all {
        let (document, mut leaves) = (made.value(), Vec::new());
        made.leaves("", &mut leaves);
        for (path, schema) in leaves {
            if !never.iter().any(|(pattern, _)| covers(pattern, &path)) {
                look(&document, &path, schema.as_ref());
                seen.insert(path);
            }
        }
    }
    let stale: Vec<_> = never.iter().map(|(pattern, _)| *pattern).filter(|name| !maker.met.contains(name)).collect();
    assert_eq!(stale, [""; 0], "the schema has none of these");
    seen.len()
}

/// The document read.
fn read<T: de::DeserializeOwned>(document: &Value) -> T {
    serde_json::from_value(document.clone()).unwrap_or_else(|error| panic!("{error}: {document:#}"))
}

/// Whether what an animation may write is what the schema allows.
fn check_bounds(resolved: &Resolved, path: &str, schema: Option<&Value>) {
    let bound = |name| schema.and_then(|schema| schema[name].as_f64());
    let (min, max) = (bound("minimum"), bound("maximum"));
    let bounds = resolved.domain;
    match bounds.kind {
        // A content's lengths are not below 0, which their own schema allows others.
        Kind::Length => assert!(max.is_none_or(|max| bounds.min >= 0.0 && bounds.max <= max), "{path}"),
        // The schema has any pair of numbers for the scale, and the narrower bounds just for one number.
        _ if path.starts_with("transform.scale") => {}
        Kind::Number | Kind::Coordinate if min.is_some() || max.is_some() => {
            assert_eq!((Some(bounds.min), Some(bounds.max)), (min, max), "{path}");
        }
        Kind::Number => panic!("{path} has no bounds in the schema"),
        _ => {}
    }
}

#[test]
fn every_value_of_a_layer_in_the_schema_can_be_animated_or_is_told_why_not() {
    let mut missing = BTreeSet::new();
    let count = walk("LayerDocument", &NEVER, |document, path, schema| {
        let layer: LayerDocument = read(document);
        let parts = Parts {
            effects: &layer.effects,
            mask: layer.mask.as_ref(),
            blend: layer.blend,
            visible: layer.visible.0,
            ..Parts::from(&layer.content)
        };
        match Property::new(path).resolve(parts) {
            Ok(resolved) => check_bounds(&resolved, path, schema),
            Err(_) => _ = missing.insert(path.to_owned()),
        }
    });
    assert_eq!(missing, BTreeSet::new(), "neither can they be animated, nor is it told why not");
    assert!(count > 180, "only {count} values");
}

#[test]
fn every_value_of_the_sound_in_the_schema_can_be_animated_or_is_told_why_not() {
    let tracks = walk("TrackDocument", &NEVER_OF_TRACKS, |document, path, schema| {
        let track: TrackDocument = read(document);
        check_bounds(&Property::new(path).resolve(&track).expect("it can be animated"), path, schema);
    });
    let mix = walk("AudioDocument", &NEVER_OF_THE_MIX, |document, path, schema| {
        let audio: AudioDocument = read(document);
        check_bounds(&Property::new(path).resolve(&audio).expect("it can be animated"), path, schema);
    });
    assert_eq!((tracks, mix), (6, 1));
}

#[test]
fn what_would_jump_is_told_with_what_to_animate_instead() {
    let ticker = content(json!({ "type": "text", "text": "news", "width": 100, "ticker": { "speed": 60 } }));
    let found = |content: &Content, path: &str| Property::new(path).resolve(content).expect_err("it jumps").found;
    let speed = found(&ticker, "content.ticker.speed");
    assert!(speed.contains("cannot be animated") && speed.contains("`content.ticker.offset`"), "{speed}");
    let moving = content(json!({ "type": "animatedImage", "asset": "party" }));
    let speed = found(&moving, "content.speed");
    assert!(speed.contains("cannot be animated") && speed.contains("`content.startAt`"), "{speed}");
    let filled = content(json!({ "type": "shape", "geometry": { "type": "rect", "width": 1, "height": 1 } }));
    assert!(found(&filled, "content.geometry.type").contains("follows from it"));
}

#[test]
fn dashes_and_the_start_of_a_moving_picture_are_animated() {
    let line = content(json!({ "type": "shape", "geometry": { "type": "rect", "width": 9, "height": 9 },
        "stroke": { "paint": "#ffffff", "width": 1, "dash": [4, 2] } }));
    let moving = content(json!({ "type": "animatedImage", "asset": "party", "startAt": 3 }));
    for (content, property, pointer, middle) in [
        (line, "content.stroke.dash.1", "/stroke/dash", json!([4.0, 6.0])),
        (moving, "content.startAt", "/startAt", json!(6.5)),
    ] {
        let animations: Animations =
            serde_json::from_value(json!([{ "property": property, "to": 10, "duration": 2 }])).expect("animations");
        assert_eq!(check(&animations.0[0], &content), []);
        let mut starts = AnimationStarts::default();
        starts.update(&animations, 0.0);
        let playing = Playing::new(&starts, &Cues::default(), &content, &Transform::default(), &Opacity::default());
        let mut shown = content.clone();
        playing.apply_to(Part::Content, &mut shown, 1.0);
        assert_eq!(serde_json::to_value(&shown).expect("json").pointer(pointer), Some(&middle));
    }
}
