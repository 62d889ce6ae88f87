//! Whole gradients turn into one another.

use proptest::prelude::*;

use super::*;
use crate::{
    animation::passage::{Manner, Passage},
    color::Color,
    document::{Limits, SceneDocument},
    geometry::Point,
    paint::{Gradient, GradientStop, Paint},
};

fn linear(angle: f64, stops: &[(f64, &str)]) -> serde_json::Value {
    let stops: Vec<_> = stops.iter().map(|(offset, color)| json!({ "offset": offset, "color": color })).collect();
    json!({ "type": "linear", "angle": angle, "stops": stops })
}

fn shape(fill: serde_json::Value) -> Content {
    content(json!({ "type": "shape", "geometry": { "type": "rect", "width": 9, "height": 9 }, "fill": fill,
        "stroke": { "paint": "#102030", "width": 3 } }))
}

fn fill_playing(content: &Content, animations: serde_json::Value) -> Playing {
    let animations: Animations = serde_json::from_value(animations).expect("animations");
    animations.0.iter().for_each(|animation| assert_eq!(check(animation, content), []));
    let mut starts = AnimationStarts::default();
    starts.update(&animations, 0.0);
    Playing::new(&starts, &Cues::default(), content, &Transform::default(), &Opacity::default())
}

/// What the content is at these seconds, in each case also where they come one after the other in the same memory.
fn seen(content: &Content, animations: serde_json::Value, pointer: &str, seconds: &[f64]) -> Vec<serde_json::Value> {
    let playing = fill_playing(content, animations);
    let mut moving = content.clone();
    let at = |now: &f64| {
        let mut shown = content.clone();
        playing.apply_to(Part::Content, &mut shown, *now);
        playing.apply_to(Part::Content, &mut moving, *now);
        assert_eq!(shown, moving, "at {now}");
        serde_json::to_value(&shown).expect("json").pointer(pointer).cloned().unwrap_or_default()
    };
    seconds.iter().map(at).collect()
}

#[test]
fn as_many_stops_turn_into_one_another_in_their_order() {
    let warm = linear(0.0, &[(0.0, "#ff0000"), (0.5, "#00ff00"), (1.0, "#0000ff")]);
    let cool = linear(90.0, &[(0.2, "#000000"), (0.6, "#00ff00"), (1.0, "#ffffff")]);
    let turn = |space: &str| json!([{ "property": "content.fill", "to": cool, "duration": 2, "colorSpace": space }]);
    let half = linear(45.0, &[(0.1, "#800000"), (0.55, "#00ff00"), (1.0, "#8080ff")]);
    assert_eq!(
        seen(&shape(warm.clone()), turn("srgb"), "/fill", &[0.0, 1.0, 2.0, 3.0]),
        [warm.clone(), half, cool.clone(), cool.clone()]
    );
    // In OKLab by default, as colours alone.
    let [half] = &seen(&shape(warm), turn("oklab"), "/fill", &[1.0])[..] else { panic!("one") };
    assert_eq!(half["stops"][0]["color"], "#630000", "{half}");
}

#[test]
fn other_stops_meet_where_either_has_one_and_edges_stay_sharp() {
    let two = linear(90.0, &[(0.0, "#000000"), (1.0, "#c7c7c7")]);
    let edged = linear(90.0, &[(0.0, "#000000"), (0.5, "#000000"), (0.5, "#ffffff"), (1.0, "#ffffff")]);
    let turn = json!([{ "property": "content.fill", "to": edged, "duration": 1, "colorSpace": "srgb" }]);
    let half = linear(90.0, &[(0.0, "#000000"), (0.5, "#323232"), (0.5, "#b1b1b1"), (1.0, "#e3e3e3")]);
    assert_eq!(seen(&shape(two.clone()), turn, "/fill", &[0.0, 0.5, 1.0]), [two, half, edged]);
}

#[test]
fn a_colour_is_a_gradient_all_of_whose_stops_have_it() {
    let grey = linear(30.0, &[(0.0, "#000000"), (1.0, "#808080")]);
    let out =
        json!([{ "property": "content.fill", "from": "#ffffff", "to": grey, "duration": 1, "colorSpace": "srgb" }]);
    let half = linear(30.0, &[(0.0, "#808080"), (1.0, "#c0c0c0")]);
    assert_eq!(seen(&shape(json!("#ffffff")), out, "/fill", &[0.0, 0.5, 1.0]), [json!("#ffffff"), half, grey.clone()]);
    // In keyframes, from colour to colour too, and queued after one another whichever has the gradients.
    let frames = json!([{ "property": "content.fill", "colorSpace": "srgb", "keyframes": [
        { "at": 0, "value": "#000000" }, { "at": 1, "value": "#FFF" }, { "at": 2, "value": grey }] }]);
    assert_eq!(
        seen(&shape(json!("#123456")), frames, "/fill", &[0.5, 1.0, 2.0]),
        [json!("#808080"), json!("#ffffff"), grey.clone()]
    );
    let queue = json!([
        { "property": "content.fill", "to": grey, "duration": 1 },
        { "property": "content.fill", "to": "#000000", "duration": 1, "queue": "append", "colorSpace": "srgb" },
    ]);
    let dark = linear(30.0, &[(0.0, "#000000"), (1.0, "#404040")]);
    assert_eq!(seen(&shape(json!("#ffffff")), queue, "/fill", &[1.0, 1.5, 2.0]), [grey, dark, json!("#000000")]);
}

#[test]
fn other_types_step_and_their_author_is_told() {
    let line = linear(30.0, &[(0.0, "#000000"), (1.0, "#808080")]);
    let ring = json!({ "type": "radial", "center": { "x": 0.5, "y": 0.5 }, "radius": 1.0, "stops": line["stops"] });
    let turn = json!({ "property": "content.fill", "to": ring, "duration": 1 });
    assert_eq!(seen(&shape(line.clone()), json!([turn]), "/fill", &[0.49, 0.5]), [line.clone(), ring.clone()]);
    let told = |fill: serde_json::Value, more: serde_json::Value| warn(&animation(more), &shape(fill));
    assert_eq!(
        told(line.clone(), turn.clone()).as_deref(),
        Some(
            "`content.fill` has nothing in between its values, since a linear gradient cannot turn into a radial one: it \
              steps half-way"
        )
    );
    assert_eq!(told(ring.clone(), turn.clone()), None);
    assert_eq!(told(json!("#000000"), turn), None);
    let back = json!({ "property": "content.fill", "keyframes": [
        { "at": 0, "value": ring }, { "at": 1, "value": "#ffffff" }, { "at": 2, "value": line }] });
    assert_eq!(told(ring, back), None);
    assert_eq!(told(line, json!({ "property": "content.fill", "to": "#ffffff", "duration": 1 })), None);
}

#[test]
fn geometry_moves_and_an_angle_the_shorter_way_if_that_is_said() {
    let stops = json!([{ "offset": 0.0, "color": "#000000" }, { "offset": 1.0, "color": "#ffffff" }]);
    let cone =
        |x: f64, angle: f64| json!({ "type": "conic", "center": { "x": x, "y": 0.5 }, "angle": angle, "stops": stops });
    let content = content(json!({ "type": "gradient", "gradient": cone(0.0, 350.0) }));
    let turn = |rotate: &str| {
        let to = cone(1.0, 10.0);
        seen(
            &content,
            json!([{ "property": "content.gradient", "to": to, "duration": 1, "rotate": rotate }]),
            "/gradient",
            &[0.5],
        )
    };
    assert_eq!(turn("asWritten"), [cone(0.5, 180.0)]);
    assert_eq!(turn("shortest"), [cone(0.5, 360.0)]);
    let ring = |x: f64, radius: f64| json!({ "type": "radial", "center": { "x": x, "y": 0.5 }, "radius": radius, "stops": stops });
    let content = self::content(json!({ "type": "gradient", "gradient": ring(0.0, 1.0) }));
    // What shoots over stays what a gradient can be.
    let turn = json!([{ "property": "content.gradient", "to": ring(1.0, 0.0), "duration": 1, "easing": "linear(0, 1.5 50%, 1)" }]);
    assert_eq!(seen(&content, turn, "/gradient", &[0.25, 0.5]), [ring(0.75, 0.25), ring(1.5, 0.0)]);
}

#[test]
fn what_stands_beside_and_within_a_gradient_is_animated_too() {
    let line = linear(0.0, &[(0.0, "#000000"), (1.0, "#808080")]);
    let cone = json!({ "type": "conic", "center": { "x": 0.5, "y": 0.5 }, "angle": 7.0, "stops": [
        { "offset": 0.0, "color": "#ff0000" }, { "offset": 0.5, "color": "#00ff00" }, { "offset": 1.0, "color": "#0000ff" }] });
    let all = json!([
        { "property": "content.stroke.width", "to": 5, "duration": 1 },
        { "property": "content.fill.stops.1.color", "to": "#ffffff", "duration": 1, "colorSpace": "srgb" },
        { "property": "content.fill.angle", "to": 90, "duration": 1 },
        { "property": "content.fill", "to": cone, "duration": 1 },
        { "property": "content.stroke.paint", "to": "#304050", "duration": 1, "colorSpace": "srgb" },
    ]);
    let content = shape(line);
    let shown = seen(&content, all, "", &[0.0, 0.5, 1.0]);
    assert_eq!(shown[1]["fill"]["type"], "conic");
    assert_eq!((&shown[1]["fill"]["angle"], &shown[1]["fill"]["stops"][1]["color"]), (&json!(45.0), &json!("#c0c0c0")));
    assert_eq!((&shown[2]["fill"]["center"], &shown[2]["fill"]["angle"]), (&cone["center"], &json!(90.0)));
    assert_eq!(
        (&shown[2]["fill"]["stops"][0], &shown[2]["fill"]["stops"][1]["color"]),
        (&cone["stops"][0], &json!("#ffffff"))
    );
    assert_eq!((&shown[1]["stroke"]["width"], &shown[1]["stroke"]["paint"]), (&json!(4.0), &json!("#203040")));
}

#[test]
fn what_is_no_gradient_is_refused_with_what_it_can_be() {
    let on = |content: &Content, more: serde_json::Value| {
        check(&animation(more), content).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let (plain, line) = (shape(json!("#000000")), linear(0.0, &[(0.0, "#000000"), (1.0, "#808080")]));
    let box_of = content(json!({ "type": "gradient", "gradient": line }));
    let to = |property: &str, to: serde_json::Value| json!({ "property": property, "to": to, "duration": 1 });
    assert_eq!(
        on(&shape(line.clone()), to("content.fill", json!(3))),
        "/to: found the number 3, expected a colour such as `#1e90ff`, or a gradient"
    );
    assert_eq!(
        on(&box_of, to("content.gradient", json!("#ffffff"))),
        "/to: found the colour `#ffffff`, expected a gradient"
    );
    assert!(
        on(&plain, to("content.stroke.width", line.clone())).contains("found a linear gradient, expected a number")
    );
    let falling = linear(0.0, &[(0.5, "#000000"), (0.25, "#808080")]);
    assert_eq!(
        on(&plain, to("content.fill", falling)),
        "/to: found a gradient whose stop 1 has the offset 0.25, expected one from 0.5 to 1: offsets rise from 0 to 1"
    );
    assert!(on(&plain, to("content.fill", linear(0.0, &[(0.5, "#000000")]))).contains("of 1 stops, expected 2 to 64"));
    assert!(
        on(&plain, to("content.fill", linear(2e6, &[(0.0, "#000000"), (1.0, "#000000")])))
            .contains("the `angle` 2000000")
    );
    let blend = json!({ "property": "content.fill", "to": line, "duration": 1, "queue": "blend" });
    assert!(on(&plain, blend).contains("only ever takes the place"));
    assert!(on(&plain, json!({ "property": "content.fill", "from": line, "by": line, "duration": 1 })).contains("/by"));
}

#[test]
fn a_scene_says_where_a_gradient_is_wrong() {
    let scene = |to: serde_json::Value| {
        let scene = json!({ "layers": [{ "id": "sky", "content": { "type": "shape",
            "geometry": { "type": "rect", "width": 9, "height": 9 }, "fill": "#000000" },
            "animations": [{ "property": "content.fill", "to": to, "duration": 1 }] }] });
        SceneDocument::from_value(scene, &Limits::default())
    };
    let line = linear(90.0, &[(0.0, "#000000"), (1.0, "#808080")]);
    let read = scene(line.clone()).expect("a scene");
    let written = serde_json::to_value(&read).expect("json");
    assert_eq!(written.pointer("/layers/0/animations/0/to"), Some(&line));
    assert_eq!(read.notices(), []);
    let far = scene(linear(90.0, &[(0.0, "#000000"), (1.5, "#808080")])).expect_err("out of range");
    assert!(far[0].pointer.starts_with("/layers/0/animations/0/to"), "{}", far[0]);
}

fn paint() -> impl Strategy<Value = Paint> + use<> {
    let color = || {
        (any::<[u8; 4]>(), 0..3_u8).prop_map(|([r, g, b, a], how)| match how {
            0 => Color { r, g, b, a },
            1 => Color::TRANSPARENT,
            _ => Color::rgb(r, g, b),
        })
    };
    // Many fall together.
    let stop = (0..9_u8, color()).prop_map(|(eighth, color)| GradientStop { offset: f64::from(eighth) / 8.0, color });
    let stops = prop::collection::vec(stop, 2..6).prop_map(|mut stops| {
        stops.sort_by(|a, b| a.offset.total_cmp(&b.offset));
        stops
    });
    let gradient = (0..3_u8, stops, -720.0..720.0_f64, -2.0..2.0_f64, 0.0..3.0_f64);
    let gradient = gradient.prop_map(|(kind, stops, angle, x, radius)| {
        let center = Point { x, y: 0.5 };
        match kind {
            0 => Gradient::Linear { angle, stops },
            1 => Gradient::Radial { center, radius, stops },
            _ => Gradient::Conic { center, angle, stops },
        }
    });
    prop_oneof![color().prop_map(Paint::Solid), gradient.prop_map(Paint::Gradient)]
}

/// The colour that a paint has at a place, premultiplied, as it is drawn.
fn color_at(paint: &Paint, at: f64) -> [f64; 4] {
    let premultiplied = |color: Color| Sample::color(color).lanes();
    let stops = match paint {
        Paint::Solid(color) => return premultiplied(*color),
        Paint::Gradient(gradient) => gradient.stops(),
    };
    let after = stops.iter().position(|stop| stop.offset > at).unwrap_or(stops.len());
    let (before, after) = (after.checked_sub(1).map(|before| &stops[before]), stops.get(after));
    match (before, after) {
        (Some(before), Some(after)) => {
            let share = (at - before.offset) / (after.offset - before.offset);
            let (a, b) = (premultiplied(before.color), premultiplied(after.color));
            std::array::from_fn(|lane| a[lane] + (b[lane] - a[lane]) * share)
        }
        (Some(only), None) | (None, Some(only)) => premultiplied(only.color),
        (None, None) => [0.0; 4],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn ends_are_met_and_nothing_jumps_or_is_no_number(
        a in paint(), b in paint(), t in -0.5..1.5_f64, is_oklab: bool, is_shortest: bool, place in 0.0..1.0_f64,
    ) {
        let manner = Manner { is_oklab, is_shortest };
        let Some(passage) = Passage::new(&a, &b, manner) else {
            let name = |paint: &Paint| match paint { Paint::Solid(_) => None, Paint::Gradient(g) => Some(g.name()) };
            prop_assert!(name(&a).is_some() && name(&b).is_some() && name(&a) != name(&b));
            return Ok(());
        };
        let at = |t: f64| {
            let mut shown = Paint::default();
            passage.write(t, &mut shown);
            shown
        };
        // As it is drawn, it leaves the one and comes to the other without a jump; a byte is all that may differ, and the
        // little that is seen of a colour that is nearly transparent.
        for (end, t) in [(&a, 0.0), (&b, 1.0)] {
            let (shown, written) = (color_at(&at(t), place), color_at(end, place));
            for lane in 0..4 {
                prop_assert!((shown[lane] - written[lane]).abs() < 2.0 / 255.0, "{:?} {:?}", shown, written);
            }
        }
        let (here, near) = (color_at(&at(t), place), color_at(&at(t + 1e-7), place));
        let is_edge = matches!(at(t), Paint::Gradient(ref g) if g.stops().windows(2).any(|pair| {
            pair[1].offset - pair[0].offset < 1e-3
        }));
        for lane in 0..4 {
            prop_assert!(here[lane].is_finite() && (-1e-9..=1.0 + 1e-9).contains(&here[lane]));
            prop_assert!(is_edge || (here[lane] - near[lane]).abs() < 3.0 / 255.0, "{:?} {:?}", here, near);
        }
        if let Paint::Gradient(gradient) = at(t) {
            let offsets: Vec<f64> = gradient.stops().iter().map(|stop| stop.offset).collect();
            prop_assert!(offsets.is_sorted() && offsets.iter().all(|offset| (0.0..=1.0).contains(offset)));
            let numbers = match gradient {
                Gradient::Linear { angle, .. } => [angle, 0.0, 0.0],
                Gradient::Radial { center, radius, .. } => [center.x, center.y, radius],
                Gradient::Conic { center, angle, .. } => [center.x, center.y, angle],
            };
            prop_assert!(numbers.iter().all(|number| number.is_finite()));
        }
    }

    #[test]
    fn what_is_played_begins_and_ends_with_just_what_is_written(a in paint(), b in paint(), t in 0.0..2.0_f64) {
        let content = shape(serde_json::to_value(&a).expect("json"));
        let playing = fill_playing(&content, json!([{ "property": "content.fill", "from": a, "to": b, "duration": 1 }]));
        let fill_at = |now: f64| {
            let mut shown = content.clone();
            playing.apply_to(Part::Content, &mut shown, now);
            let Content::Shape(shape) = shown else { panic!("a shape") };
            shape.fill.expect("a fill")
        };
        // Colours alone are calculated with; what cannot be seen has no hue.
        let seen = |paint: &Paint| match paint {
            Paint::Solid(color) if color.a == 0 => Paint::Solid(Color::TRANSPARENT),
            other => other.clone(),
        };
        prop_assert_eq!(seen(&fill_at(0.0)), seen(&a));
        prop_assert_eq!(seen(&fill_at(1.0)), seen(&b));
        let once = fill_at(t);
        prop_assert_eq!(once, fill_at(t));
    }
}
