use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{color::Color, computed::Pose, content::Content, layer::Opacity, transform::Transform};

fn content(value: serde_json::Value) -> Content {
    serde_json::from_value(value).expect("a content")
}

fn group() -> Content {
    content(json!({ "type": "group" }))
}

fn animation(value: serde_json::Value) -> Animation {
    serde_json::from_value(value).expect("an animation")
}

fn track_on(content: &Content, value: serde_json::Value) -> Track {
    let animation = animation(value);
    assert_eq!(check(&animation, content), []);
    animation.compile(content, &Transform::default(), &Opacity::default()).expect("it was checked")
}

fn track(value: serde_json::Value) -> Track {
    track_on(&group(), value)
}

fn number(track: &Track, elapsed: f64) -> f64 {
    track.sample(elapsed).x()
}

#[test]
fn it_goes_from_one_value_to_the_other_and_stays() {
    let fade = track(json!({ "property": "opacity", "from": 0.2, "to": 0.8, "duration": 2, "delay": 1 }));
    for (elapsed, value) in [(-5.0, 0.2), (0.0, 0.2), (1.0, 0.2), (2.0, 0.5), (3.0, 0.8), (1e9, 0.8)] {
        assert_eq!(number(&fade, elapsed), value, "at {elapsed}");
    }
}

#[test]
fn without_a_beginning_it_goes_from_the_authored_value() {
    let animation = animation(json!({ "property": "transform.rotation", "to": 90, "duration": 1 }));
    let turned = Transform { rotation: 30.0, ..Transform::default() };
    let track = animation.compile(&group(), &turned, &Opacity::default()).expect("valid");
    assert_eq!((number(&track, 0.0), number(&track, 0.5), number(&track, 1.0)), (30.0, 60.0, 90.0));
}

#[test]
fn keyframes_are_met_at_their_times_each_with_its_easing() {
    let track = track(json!({ "property": "transform.rotation", "easing": "stepEnd", "duration": 4, "keyframes": [
        { "at": 0.5, "value": 10 },
        { "at": 1, "value": 20, "easing": "linear" },
        { "at": 2, "value": 40, "easing": "easeInQuad" },
        { "at": 3, "value": 80 },
    ] }));
    let values =
        [(0.0, 10.0), (0.5, 10.0), (0.9, 10.0), (1.0, 20.0), (1.5, 30.0), (2.0, 40.0), (2.5, 50.0), (3.0, 80.0)];
    for (elapsed, value) in values.into_iter().chain([(3.7, 80.0), (100.0, 80.0)]) {
        assert_eq!(number(&track, elapsed), value, "at {elapsed}");
    }
}

#[test]
fn repeats_meet_at_exact_moments() {
    let track = track(json!({ "property": "transform.rotation", "from": 0, "to": 100, "duration": 0.1, "repeat": 3 }));
    // 0.3 seconds are not three times 0.1 in floating point; here they are.
    for (elapsed, value) in [(0.1, 0.0), (0.2, 0.0), (0.25, 50.0), (0.3, 100.0), (0.4, 100.0)] {
        assert_eq!(number(&track, elapsed), value, "at {elapsed}");
    }
}

#[test]
fn ping_pong_comes_back_and_stays_where_it_ends() {
    let swing = |repeat: u32| {
        track(json!({ "property": "transform.rotation", "from": 0, "to": 100, "duration": 1,
            "repeat": repeat, "pingPong": true }))
    };
    let twice = swing(2);
    for (elapsed, value) in [(0.25, 25.0), (1.0, 100.0), (1.25, 75.0), (2.0, 0.0), (9.0, 0.0)] {
        assert_eq!(number(&twice, elapsed), value, "at {elapsed}");
    }
    assert_eq!(number(&swing(3), 9.0), 100.0);
    // Back at its beginning a step has not happened yet.
    let stepped = track(json!({ "property": "transform.rotation", "from": 0, "to": 100, "duration": 1, "repeat": 2,
        "pingPong": true, "easing": "steps(2, start)" }));
    let values = [0.0, 0.3, 0.6, 1.3, 1.6, 2.0].map(|elapsed| number(&stepped, elapsed));
    assert_eq!(values, [50.0, 50.0, 100.0, 100.0, 50.0, 0.0]);
}

#[test]
fn speed_shortens_the_animation_and_not_the_delay() {
    let fast = track(json!({ "property": "opacity", "from": 0, "to": 1, "duration": 1, "delay": 1, "speed": 2 }));
    assert_eq!([1.0, 1.25, 1.5].map(|elapsed| number(&fast, elapsed)), [0.0, 0.5, 1.0]);
    assert_eq!((fast.begin(), fast.end()), (1.0, 1.5));
}

#[test]
fn it_keeps_time_for_months() {
    let track =
        track(json!({ "property": "transform.rotation", "from": 0, "to": 360, "duration": 1, "repeat": "forever" }));
    let quarter_year = 90.0 * 86_400.0;
    for elapsed in [0.0, 0.25, 0.5] {
        assert!((number(&track, quarter_year + elapsed) - number(&track, elapsed)).abs() < 1e-5);
    }
    assert_eq!(track.end(), f64::INFINITY);
}

#[test]
fn pixels_turn_into_percentages() {
    let track = track(json!({ "property": "transform.position", "from": { "x": 100, "y": "10%" },
        "to": { "x": "50%", "y": 300 }, "duration": 1 }));
    let half = track.sample(0.5);
    assert_eq!([half.x(), half.x_percent(), half.y(), half.y_percent()], [50.0, 25.0, 150.0, 5.0]);
}

#[test]
fn colours_fade_without_turning_dark() {
    let color = content(json!({ "type": "color", "color": "#000000" }));
    let at_half = |from: &str, to: &str| {
        let track = track_on(&color, json!({ "property": "content.color", "from": from, "to": to, "duration": 1 }));
        track.sample(0.5).to_color().to_string()
    };
    assert_eq!(at_half("#ff0000", "#00000000"), "#ff000080");
    assert_eq!(at_half("#ff0000", "#0000ff"), "#800080");
    assert_eq!(at_half("#ff000080", "#0000ff"), "#5500aac0");
}

#[test]
fn what_overshoots_stays_within_the_property() {
    let rect = content(json!({ "type": "shape", "geometry": { "type": "rect", "width": 10, "height": 10 } }));
    let opacity = track(json!({ "property": "opacity", "from": 0, "to": 1, "duration": 1, "easing": "easeInOutBack" }));
    let width = track_on(
        &rect,
        json!({ "property": "content.geometry.width", "to": 0, "duration": 1, "easing": "easeOutBack" }),
    );
    let rotation = track(json!({ "property": "transform.rotation", "to": 90, "duration": 1, "easing": "easeOutBack" }));
    assert_eq!((number(&opacity, 0.2), number(&opacity, 0.8)), (0.0, 1.0));
    assert_eq!(number(&width, 0.6), 0.0);
    assert!(number(&rotation, 0.6) > 95.0);
}

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
        for slot in slots::list(&before).into_iter().filter(|slot| slot.state.is_ok()) {
            let resolved = Property::new(&slot.path).resolve(&before).expect("it was listed");
            let Target::Content(index) = resolved.target else { panic!("{} is the content's", slot.path) };
            let value = match resolved.domain.kind {
                Kind::Color => Sample::color(Color::rgb(1, 2, 3)),
                Kind::Pair => Sample::pair(0.125, 0.25),
                _ => Sample::number(resolved.domain.max),
            };
            let mut after = before.clone();
            let differed = resolved.authored_content() != Some(value);
            assert_eq!(after.set_slot(index, value), differed, "{}", slot.path);
            assert!(!after.set_slot(index, value), "{} is what it was set to", slot.path);
            let mut expected = serde_json::to_value(&before).expect("json");
            let pointer = slot.path.replacen("content", "", 1).replace('.', "/");
            let place = expected.pointer_mut(&pointer).unwrap_or_else(|| panic!("no {pointer} in the document"));
            *place = match resolved.domain.kind {
                Kind::Color => json!("#010203"),
                Kind::Pair => json!({ "x": 0.125, "y": 0.25 }),
                _ => json!(resolved.domain.max),
            };
            let found = serde_json::to_value(&after).expect("json");
            assert_eq!(found, expected, "{}", slot.path);
            seen += 1;
        }
    }
    assert!(seen > 60, "only {seen} properties");
}

fn faults(content: &Content, value: serde_json::Value) -> Vec<String> {
    check(&animation(value), content).iter().map(ToString::to_string).collect()
}

#[test]
fn what_cannot_be_animated_is_said_with_what_can() {
    let text = content(json!({ "type": "text", "text": "Hello", "fill": { "type": "linear", "stops": [
        { "offset": 0, "color": "#ff0000" }, { "offset": 1, "color": "#00ff00" }] } }));
    let on_text = |property: &str, to: serde_json::Value| {
        faults(&text, json!({ "property": property, "to": to, "duration": 1 })).join("; ")
    };
    let unknown = on_text("content.fnt.size", json!(3));
    assert!(unknown.starts_with("/property: found `content.fnt.size`, expected one of `opacity`, "), "{unknown}");
    assert!(unknown.ends_with("did you mean `content.font.size`?"), "{unknown}");
    assert!(unknown.contains("`content.fill.stops.1.color`"), "{unknown}");
    assert_eq!(
        on_text("content.width", json!(3)),
        "/property: found `content.width`, which is not there to be animated, expected a number in `width` in the content"
    );
    assert!(on_text("content.fill", json!("#ffffff")).contains("one colour instead of a gradient"));
    assert_eq!(on_text("opacity", json!("#ffffff")), "/to: found the colour `#ffffff`, expected a number from 0 to 1");
    assert_eq!(on_text("opacity", json!(1.5)), "/to: found the number 1.5, expected a number from 0 to 1");
    assert!(on_text("transform.rotation", json!("50%")).contains("found the percentage `50%`"));
    assert!(on_text("transform.anchor", json!({ "x": "1%", "y": 0 })).contains("found the pair { x: 1%, y: 0 }"));
    assert_eq!(on_text("content.fill.stops.1.color", json!("#ffffff")), "");
}

#[test]
fn what_cannot_be_played_is_said_all_at_once() {
    let pointers = |value: serde_json::Value| -> Vec<String> {
        check(&animation(value), &group()).into_iter().map(|fault| fault.pointer).collect()
    };
    let frames = |times: &[f64]| -> Vec<_> { times.iter().map(|at| json!({ "at": at, "value": 0 })).collect() };
    let with = |fields: serde_json::Value| {
        let mut value = json!({ "property": "opacity" });
        value.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        pointers(value)
    };
    assert_eq!(with(json!({})), [""]);
    assert_eq!(with(json!({ "to": 1 })), [""]);
    assert_eq!(with(json!({ "to": 1, "duration": 0 })), ["/duration"]);
    assert_eq!(with(json!({ "to": 1, "duration": 1, "keyframes": frames(&[0.0, 1.0]) })), ["/keyframes"]);
    assert_eq!(with(json!({ "from": 1, "keyframes": frames(&[0.0, 1.0]) })), ["/from"]);
    assert_eq!(with(json!({ "keyframes": frames(&[0.0]) })), ["/keyframes"]);
    assert_eq!(with(json!({ "keyframes": frames(&[0.0, 1.0, 1.0, 0.5]) })), ["/keyframes/2/at", "/keyframes/3/at"]);
    assert_eq!(with(json!({ "keyframes": frames(&[0.0, 2.0]), "duration": 1 })), ["/duration"]);
    assert_eq!(with(json!({ "keyframes": frames(&[0.0, 2.0]), "delay": -1, "speed": 0 })), ["/delay", "/speed"]);
    let several =
        json!({ "property": "opacty", "keyframes": [{ "at": 1, "value": 0 }, { "at": 0, "value": 0 }], "from": 1 });
    assert_eq!(pointers(several), ["/from", "/keyframes/1/at", "/property"]);
}

#[test]
fn lengths_of_a_content_keep_their_unit() {
    let color = content(json!({ "type": "color", "color": "#000000", "size": { "width": "50%", "height": 100 } }));
    let to =
        |to: serde_json::Value| faults(&color, json!({ "property": "content.size.width", "to": to, "duration": 1 }));
    assert_eq!(to(json!("80%")), Vec::<String>::new());
    assert_eq!(to(json!(0)), Vec::<String>::new());
    assert_eq!(to(json!(80)), ["/to: found `80`, pixels, expected a percentage, as where it comes from"]);
    assert_eq!(
        to(json!("-1%")),
        ["/to: found the percentage `-1%`, expected pixels or a percentage from 0 to 1000000"]
    );
}

fn playing(animations: serde_json::Value) -> Playing {
    let animations: Animations = serde_json::from_value(animations).expect("animations");
    let mut starts = AnimationStarts::default();
    starts.update(&animations, 0.0);
    Playing::new(&animations, &starts, &Cues::default(), &group(), &Transform::default(), &Opacity::default())
}

fn pose(playing: &Playing, now: f64) -> Pose {
    Pose::new(&Transform::default(), &Opacity::default(), playing, now)
}

#[test]
fn of_several_animations_the_last_that_has_begun_decides() {
    let playing = playing(json!([
        { "property": "opacity", "from": 0.1, "to": 0.2, "delay": 1, "duration": 1 },
        { "property": "opacity", "from": 0.3, "to": 0.4, "delay": 5, "duration": 1 },
        { "property": "opacity", "from": 0.5, "to": 0.6, "delay": 3, "duration": 1 },
        { "property": "transform.position.x", "from": 7, "to": 8, "delay": 3, "duration": 1 },
        { "property": "transform.position", "from": { "x": 1, "y": 2 }, "to": { "x": 3, "y": 4 }, "delay": 1, "duration": 1 },
    ]));
    let at = |now| pose(&playing, now);
    let opacities = [0.0, 1.0, 2.5, 3.0, 4.5, 9.0].map(|now| at(now).opacity);
    assert_eq!(opacities, [0.1, 0.1, 0.2, 0.5, 0.6, 0.6]);
    let positions = [0.0, 1.0, 9.0].map(|now| (at(now).position.x, at(now).position.y));
    assert_eq!(positions, [(7.0, 2.0), (1.0, 2.0), (3.0, 4.0)]);
}

#[test]
fn a_pose_has_radians_and_says_when_it_is_reshaped() {
    let playing = playing(json!([{ "property": "transform.rotation", "to": 180, "delay": 1, "duration": 1 }]));
    assert_eq!(pose(&playing, 2.0).rotation, std::f64::consts::PI);
    let reshaping = [0.0, 0.9, 1.0, 1.9, 2.0, 3.0].map(|now| pose(&playing, now).reshaping);
    assert_eq!(reshaping, [false, false, true, true, false, false]);
}

#[test]
fn animations_that_stay_keep_their_start() {
    let list = |properties: &[&str]| {
        let animations = properties.iter().map(|p| animation(json!({ "property": p, "to": 0, "duration": 1 })));
        Animations(animations.collect())
    };
    let mut starts = AnimationStarts::default();
    starts.update(&list(&["a", "b"]), 1.0);
    starts.update(&list(&["b", "c", "a"]), 2.0);
    assert_eq!(starts.starts(), [1.0, 2.0, 1.0]);
    // Equal ones keep a start each, no more than there were.
    starts.update(&list(&["a", "a", "c"]), 3.0);
    assert_eq!(starts.starts(), [1.0, 3.0, 2.0]);
    starts.update(&list(&["a", "a"]), 4.0);
    assert_eq!(starts.starts(), [1.0, 3.0]);
    starts.update(&list(&[]), 5.0);
    starts.update(&list(&["a"]), 6.0);
    assert_eq!(starts.starts(), [6.0]);
}

prop_compose! {
    fn any_animation()(
        property in proptest::sample::select(vec!["opacity", "transform.position.x", "transform.scale", "transform.rotation"]),
        values in proptest::collection::vec(0.0..=1.0, 2..6),
        gaps in proptest::collection::vec(0.001..3.0, 6),
        easing in proptest::sample::select(Easing::named().map(|(_, easing)| easing).collect::<Vec<_>>()),
        delay in prop_oneof![Just(0.0), 0.0..3.0],
        repeat in prop_oneof![Just(Repeat::Forever), (1_u32..5).prop_map(Repeat::Times)],
        ping_pong: bool,
        speed in prop_oneof![Just(1.0), 0.1..10.0],
    ) -> Animation {
        let mut at = 0.0;
        let keyframes = values.into_iter().zip(gaps).map(|(value, gap): (f64, f64)| {
            at += gap;
            Keyframe { at: at - gap, value: Value::Length(value.into()), easing: None }
        });
        Animation {
            property: Property::new(property), from: None, to: None, keyframes: keyframes.collect(), duration: None,
            delay, easing, repeat, ping_pong, speed,
        }
    }
}

proptest! {
    #[test]
    fn documents_go_there_and_back(animation in any_animation()) {
        let json = serde_json::to_value(&animation).expect("json");
        prop_assert_eq!(serde_json::from_value::<Animation>(json).expect("what was written"), animation);
    }

    #[test]
    fn outside_of_its_time_nothing_moves(animation in any_animation(), far in 0.0..1e6) {
        let track = animation.compile(&group(), &Transform::default(), &Opacity::default()).expect("valid");
        prop_assert_eq!(track.sample(track.begin() - 1e-6 - far), track.sample(-1.0));
        if track.end().is_finite() {
            prop_assert_eq!(track.sample(track.end() + 1e-6 + far), track.sample(1e9));
            prop_assert!(!track.is_playing(track.end() + 1e-6));
        }
    }

    #[test]
    fn ping_pong_is_a_mirror(mut animation in any_animation(), t in 0.0..1.0, turn in 0_u32..10) {
        animation.ping_pong = true;
        animation.repeat = Repeat::Forever;
        animation.delay = 0.0;
        animation.speed = 1.0;
        let track = animation.compile(&group(), &Transform::default(), &Opacity::default()).expect("valid");
        let cycle = animation.keyframes.last().expect("at least two").at;
        let (there, back) = (f64::from(2 * turn) * cycle + t * cycle, f64::from(2 * turn + 2) * cycle - t * cycle);
        // Steps may fall on either side of a rounding error.
        let stepped = matches!(animation.easing, Easing::StepStart | Easing::StepEnd);
        prop_assert!(stepped || (number(&track, there) - number(&track, back)).abs() < 1e-4);
    }

    #[test]
    fn quiet_times_are_quiet(
        list in proptest::collection::vec(any_animation(), 0..4),
        start in 0.0..1e6,
        a in -10.0..40.0,
        b in -10.0..40.0,
    ) {
        let animations = Animations(list);
        let mut starts = AnimationStarts::default();
        starts.update(&animations, start);
        let playing = Playing::new(&animations, &starts, &Cues::default(), &group(), &Transform::default(), &Opacity::default());
        if playing.is_quiet_between(start + a, start + b) {
            prop_assert_eq!(pose(&playing, start + a), pose(&playing, start + b));
        }
    }

    #[test]
    fn a_layer_moves_alike_whenever_it_starts(animation in any_animation(), ticks in 0_u32..1000, first in 0_u32..100_000) {
        let on = |tick: u32| f64::from(tick) / 30.0;
        let at = |first: u32| {
            let animations = Animations(vec![animation.clone()]);
            let mut starts = AnimationStarts::default();
            starts.update(&animations, on(first));
            let playing = Playing::new(&animations, &starts, &Cues::default(), &group(), &Transform::default(), &Opacity::default());
            pose(&playing, on(first + ticks))
        };
        prop_assert_eq!(at(0), at(first));
    }
}
