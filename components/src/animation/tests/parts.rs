//! The numbers, lengths and colours that can be animated.

use super::*;
use crate::{
    color::Color,
    document::{LayerDocument, Limits},
};

/// Contents with all that there is to animate.
fn contents() -> Vec<Content> {
    let gradient =
        json!({ "type": "conic", "stops": [{ "offset": 0, "color": "#ff0000" }, { "offset": 1, "color": "#00ff00" }] });
    let radial = json!({ "type": "radial", "stops": [{ "offset": 0, "color": "#ff0000" }, { "offset": 1, "color": "#00ff00" }] });
    let size = json!({ "width": "50%", "height": 100 });
    let shape = |geometry| {
        content(json!({ "type": "shape", "geometry": geometry, "fill": "#ffffff",
            "stroke": { "paint": radial, "width": 3, "dash": [1, 2] } }))
    };
    vec![
        content(json!({ "type": "color", "color": "#102030", "size": size })),
        content(json!({ "type": "gradient", "gradient": gradient, "size": size })),
        content(json!({ "type": "image", "asset": "logo", "size": size })),
        shape(json!({ "type": "roundedRect", "width": 10, "height": 20, "radius": 3 })),
        shape(json!({ "type": "star", "points": 5, "outerRadius": 10, "innerRadius": 4 })),
        shape(json!({ "type": "line", "from": { "x": 0, "y": 0 }, "to": { "x": 9, "y": 9 } })),
        shape(json!({ "type": "polygon", "points": [{ "x": 0, "y": 0 }, { "x": 9, "y": 0 }, { "x": 0, "y": 9 }] })),
        content(json!({ "type": "text", "text": "Hello", "fill": "#ffffff", "width": 100, "height": 50 })),
        group(),
    ]
}

/// A property's path is where its value stands in the document.
#[test]
fn every_property_of_a_content_is_written_where_its_name_says() {
    let mut seen = 0;
    for before in contents() {
        let listed = slots::list(&before).into_iter();
        for slot in listed.filter(|slot| slot.state.is_ok() && slot.stepped.is_none()) {
            let resolved = Property::new(&slot.path).resolve(&before).expect("it was listed");
            let Some((Part::Content, index)) = resolved.target.slot() else { panic!("{} is the content's", slot.path) };
            let value = match resolved.domain.kind {
                Kind::Color => Sample::color(Color::rgb(1, 2, 3)),
                Kind::Pair => Sample::pair(0.125, 0.25),
                _ => Sample::number(resolved.domain.max),
            };
            let mut after = before.clone();
            let differed = resolved.authored_in_part() != Some(value);
            assert_eq!(slots::write(&mut after, index, value), differed, "{}", slot.path);
            assert!(!slots::write(&mut after, index, value), "{} is what it was set to", slot.path);
            let mut expected = serde_json::to_value(&before).expect("json");
            let pointer = slot.path.replacen("content", "", 1).replace('.', "/");
            let place = expected.pointer_mut(&pointer).unwrap_or_else(|| panic!("no {pointer} in the document"));
            *place = match resolved.domain.kind {
                Kind::Color => json!("#010203"),
                Kind::Pair => json!({ "x": 0.125, "y": 0.25 }),
                // A whole number is written as one.
                _ if place.is_u64() => json!(resolved.domain.max as u64),
                _ => json!(resolved.domain.max),
            };
            let found = serde_json::to_value(&after).expect("json");
            assert_eq!(found, expected, "{}", slot.path);
            seen += 1;
        }
    }
    assert!(seen > 60, "only {seen} properties");
}

/// What is listed by hand is all that the schema has.
#[test]
fn every_number_and_colour_of_effects_and_masks_can_be_animated_within_the_bounds_of_the_schema() {
    let effects = [
        "blur",
        "dropShadow",
        "glow",
        "outline",
        "colorAdjust",
        "tint",
        "grayscale",
        "chromaKey",
        "pixelate",
        "vignette",
        "roundedCorners",
    ];
    let effects: Vec<_> = effects
        .iter()
        .map(|name| if *name == "blur" { json!({ "type": name, "radius": 3 }) } else { json!({ "type": name }) })
        .collect();
    let shapes = [
        json!({ "type": "rect", "x": 1, "y": 2, "width": 3, "height": 4, "radius": 1 }),
        json!({ "type": "ellipse", "x": 1, "y": 2, "width": 3, "height": 4 }),
    ];
    let read = |layer: serde_json::Value| LayerDocument::from_value(layer, &Limits::default());
    for shape in shapes {
        let layer = json!({ "id": "a", "content": { "type": "group" }, "effects": effects,
            "mask": { "shape": shape, "feather": 2 } });
        let layer = serde_json::to_value(read(layer).expect("a layer")).expect("json");
        let document = read(layer.clone()).expect("what was written");
        let parts =
            Parts { effects: &document.effects, mask: document.mask.as_ref(), ..Parts::from(&document.content) };
        let mut leaves = Vec::new();
        for part in ["effects", "mask"] {
            list_leaves(&layer[part], &format!("/{part}"), &mut leaves);
        }
        assert!(leaves.len() > 30);
        for pointer in leaves {
            let name = pointer[1..].replace('/', ".");
            let resolved = Property::new(&name).resolve(parts).expect("a property");
            let with = |value: serde_json::Value| {
                let mut other = layer.clone();
                *other.pointer_mut(&pointer).expect("a leaf") = value;
                read(other)
            };
            let (domain, target) = (resolved.domain, resolved.target);
            let mut written = document.clone();
            let value = if domain.kind == Kind::Color {
                Sample::color(Color::rgb(1, 2, 3))
            } else {
                Sample::number(domain.max)
            };
            match target.slot() {
                Some((Part::Effects, slot)) => slots::write(&mut written.effects, slot, value),
                Some((Part::Mask, slot)) => slots::write(written.mask.as_mut().expect("a mask"), slot, value),
                _ => panic!("{name} is {target:?}"),
            };
            if domain.kind == Kind::Color {
                assert_eq!(with(json!("#010203")).expect("a colour"), written, "{name}");
                continue;
            }
            assert_eq!(with(json!(domain.max)).expect("within bounds"), written, "{name}");
            assert!(with(json!(domain.min)).is_ok(), "{name}");
            assert!(with(json!(domain.max + 1.0)).is_err() && with(json!(domain.min - 1.0)).is_err(), "{name}");
        }
    }
}

/// Pointers to all numbers and colours.
fn list_leaves(value: &serde_json::Value, pointer: &str, leaves: &mut Vec<String>) {
    use serde_json::Value;
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(key, value)| list_leaves(value, &format!("{pointer}/{key}"), leaves));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| list_leaves(value, &format!("{pointer}/{at}"), leaves));
        }
        Value::Number(_) => leaves.push(pointer.to_owned()),
        Value::String(text) if text.starts_with('#') => leaves.push(pointer.to_owned()),
        _ => {}
    }
}
