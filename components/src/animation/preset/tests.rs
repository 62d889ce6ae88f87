use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::*;
use crate::{
    animation::Parts,
    computed::Pose,
    content::Content,
    document::{LayerDocument, Limits},
    layer::Opacity,
    transform::Transform,
};

fn preset(value: Value) -> Preset {
    serde_json::from_value(value).expect("a preset")
}

/// A layer at 100, 40 % with half opacity and scale, turned by 10 degrees.
fn authored() -> (Transform, Opacity) {
    let transform = json!({ "position": { "x": 100, "y": "40%" }, "scale": 0.5, "rotation": 10 });
    (serde_json::from_value(transform).expect("a transform"), Opacity(0.5))
}

/// The poses of that layer with this preset at these seconds.
fn poses<const N: usize>(value: Value, seconds: [f64; N]) -> [Pose; N] {
    let (transform, opacity) = authored();
    let group = serde_json::from_value(json!({ "type": "group" })).expect("a content");
    let preset = preset(value);
    assert_eq!(check_preset(&preset, &group), None);
    let mut starts = AnimationStarts::default();
    starts.update(&Presets(vec![preset]).after(&Animations::default()), 0.0);
    let playing = Playing::new(&starts, &Cues::default(), &group, &transform, &opacity);
    seconds.map(|now| Pose::new(&transform, &opacity, &playing, now))
}

const KINDS: [&str; 10] =
    ["fade", "slide", "scale", "rotate", "bounce", "shake", "pulse", "typewriter", "ticker", "kenBurns"];

#[test]
fn a_preset_needs_no_more_than_its_type_and_is_written_as_it_was_read() {
    for kind in KINDS {
        let short = json!({ "type": kind });
        let long = serde_json::to_value(preset(short.clone())).expect("json");
        assert_eq!(preset(long), preset(short), "{kind}");
        assert!(!preset(json!({ "type": kind })).expand().is_empty(), "{kind}");
    }
    let full = json!({ "type": "slide", "way": "out", "direction": "down", "distance": "30%", "duration": 2.0,
        "delay": 1.0, "easing": "easeOutBounce", "repeat": 3 });
    assert_eq!(serde_json::to_value(preset(full.clone())).expect("json"), full);
    serde_json::from_value::<Preset>(json!({ "type": "fade", "distance": 3 })).expect_err("a fade goes nowhere");
}

#[test]
fn what_comes_ends_as_it_is_authored_and_what_goes_begins_so() {
    let (transform, opacity) = authored();
    let still = Pose::new(&transform, &opacity, &Playing::default(), 0.0);
    for kind in ["fade", "slide", "scale", "rotate"] {
        for (way, at_rest, away) in [("in", 9.0, 1.0), ("out", 0.5, 9.0)] {
            let [rest, gone] = poses(json!({ "type": kind, "way": way, "delay": 1 }), [at_rest, away]);
            assert_eq!(rest, still, "{kind} {way}");
            assert_ne!(
                (gone.position_percent, gone.scale, gone.opacity, gone.rotation),
                (still.position_percent, still.scale, still.opacity, still.rotation),
                "{kind} {way}"
            );
        }
    }
    for kind in ["bounce", "shake", "pulse"] {
        let [before, during, after] = poses(json!({ "type": kind, "delay": 1 }), [0.5, 1.07, 9.0]);
        assert_eq!((before, after), (still, still), "{kind}");
        assert_ne!(during, still, "{kind}");
    }
}

#[test]
fn parameters_say_where_to_how_far_and_how_long() {
    let [begin, half] = poses(
        json!({ "type": "slide", "direction": "right", "distance": 60, "duration": 2, "easing": "linear" }),
        [0.0, 1.0],
    );
    assert_eq!((begin.position.x, half.position.x), (40.0, 70.0));
    let [end] = poses(json!({ "type": "slide", "way": "out", "direction": "up" }), [9.0]);
    assert_eq!((end.position.y, end.position_percent.y), (0.0, -60.0), "by a height of the canvas");
    let [begin] = poses(json!({ "type": "rotate", "angle": 90 }), [0.0]);
    assert!((begin.rotation.to_degrees() + 80.0).abs() < 1e-9);
    let [begin] = poses(json!({ "type": "scale", "factor": 3 }), [0.0]);
    assert_eq!((begin.scale.x, begin.scale.y), (1.5, 1.5));
    let [top, ground] = poses(json!({ "type": "bounce", "distance": 80, "duration": 2 }), [0.5, 1.0]);
    assert_eq!((top.position.y, ground.position.y), (-80.0, 0.0));
    let [first, second] = poses(json!({ "type": "shake", "distance": 8, "count": 2, "duration": 1 }), [0.25, 0.5]);
    assert_eq!((first.position.x, second.position.x), (92.0, 106.0));
    let [half] = poses(json!({ "type": "pulse", "intensity": 0.5, "duration": 1, "repeat": "forever" }), [100.5]);
    assert_eq!(half.scale.x, 0.75);
    let [quarter, again] =
        poses(json!({ "type": "ticker", "distance": 200, "duration": 4 }), [1.0, 4001.0]).map(|pose| pose.position.x);
    assert_eq!((quarter, again), (50.0, 50.0));
    let near = json!({ "type": "kenBurns", "zoom": 2, "direction": "up", "distance": "50%", "duration": 5 });
    let [near, far] = poses(near, [5.0, 10.0]);
    assert_eq!((near.scale.x, near.anchor.x, near.anchor.y), (1.0, 0.0, 0.25));
    assert_eq!((far.scale.x, far.anchor.x, far.anchor.y), (0.5, 0.0, 0.0));
}

/// An easing that stays between its ends.
fn calm() -> impl Strategy<Value = String> {
    let curve = prop::array::uniform4(0.0..=1.0_f64);
    prop_oneof![
        select(vec!["linear", "easeInOutSine", "easeOutBounce", "easeInExpo", "step-start", "steps(3, jump-both)"])
            .prop_map(str::to_owned),
        curve.prop_map(|[a, b, c, d]| format!("cubic-bezier({a}, {b}, {c}, {d})")),
        prop::collection::vec(0.0..=1.0_f64, 2..6).prop_map(|stops| {
            let stops: Vec<String> = stops.iter().map(ToString::to_string).collect();
            format!("linear({})", stops.join(", "))
        }),
    ]
}

proptest! {
    #[test]
    fn no_edge_is_seen_whatever_ken_burns_shows(
        (zoom, distance) in (1.0..=20.0_f64, prop_oneof![0.0..=100.0_f64, Just(100.0)]),
        (direction, way) in (select(vec!["left", "right", "up", "down"]), select(vec!["in", "out"])),
        easing in calm(),
        anchor in prop::array::uniform2(prop_oneof![0.0..=1.0_f64, Just(0.0), Just(1.0)]),
        scale in 0.1..3.0_f64,
        share in 0.0..3.0_f64,
    ) {
        let preset = json!({ "type": "kenBurns", "zoom": zoom, "distance": format!("{distance}%"), "direction": direction,
            "way": way, "easing": easing, "duration": 10 });
        let transform = json!({ "position": { "x": 300, "y": 200 }, "anchor": { "x": anchor[0], "y": anchor[1] },
            "scale": scale });
        let layer = json!({ "id": "a", "content": { "type": "color", "color": "#ffffff" }, "transform": transform,
            "presets": [preset] });
        let layer = LayerDocument::from_value(layer, &Limits::default()).expect("a layer");
        let mut starts = AnimationStarts::default();
        starts.update(&layer.presets.after(&Animations::default()), 0.0);
        let playing = Playing::new(&starts, &Cues::default(), layer.parts(), &layer.transform, &layer.opacity);
        // The edges of a box of 640 by 360 pixels.
        let edges = |playing: &Playing| {
            let pose = Pose::new(&layer.transform, &layer.opacity, playing, share * 10.0);
            let (width, height) = (640.0 * pose.scale.x, 360.0 * pose.scale.y);
            let (left, top) = (pose.position.x - pose.anchor.x * width, pose.position.y - pose.anchor.y * height);
            [left, top, left + width, top + height]
        };
        let ([left, top, right, bottom], rest) = (edges(&playing), edges(&Playing::default()));
        let near = 1e-2;
        prop_assert!(left <= rest[0] + near && top <= rest[1] + near, "{left}, {top}: {rest:?}");
        prop_assert!(right >= rest[2] - near && bottom >= rest[3] - near, "{right}, {bottom}: {rest:?}");
    }
}

#[test]
fn ken_burns_with_which_edges_would_be_seen_is_refused() {
    let group: Content = serde_json::from_value(json!({ "type": "group" })).expect("a content");
    let told = |mut also: Value| {
        also["type"] = json!("kenBurns");
        check_preset(&preset(also), &group).map(|fault| fault.to_string()).unwrap_or_default()
    };
    for easing in ["easeInOutBack", "easeOutElastic", "cubic-bezier(0.5, -0.1, 0.5, 1)", "linear(0, 1.1 50.01%, 1)"] {
        assert!(told(json!({ "easing": easing })).starts_with("/easing: found one that goes beyond"), "{easing}");
    }
    for distance in [json!("101%"), json!("-1%"), json!(40)] {
        let told = told(json!({ "distance": distance }));
        assert!(told.starts_with("/distance: found ") && told.contains("from `0%` to `100%`"), "{told}");
    }
    assert_eq!(told(json!({ "distance": "100%", "easing": "easeOutBounce", "zoom": 1 })), "");
}

#[test]
fn a_way_in_percent_is_as_long_as_any_animation_may_go() {
    let group: Content = serde_json::from_value(json!({ "type": "group" })).expect("a content");
    for kind in ["slide", "bounce", "shake", "ticker"] {
        let told = |distance: &str| {
            check_preset(&preset(json!({ "type": kind, "distance": distance })), &group).map(|fault| fault.to_string())
        };
        let fault = told("1000001%").unwrap_or_default();
        assert_eq!(fault, "/distance: found `1000001%`, expected from `-1000000%` to `1000000%`", "{kind}");
        assert_eq!(told("-1e6%"), None, "{kind}");
        let far = preset(json!({ "type": kind, "distance": "1e6%" }));
        let is_valid = |animation: &crate::animation::Animation| crate::animation::check(animation, &group).is_empty();
        assert!(far.expand().iter().all(is_valid), "{kind}");
    }
}

#[test]
fn presets_on_top_go_with_whatever_else_moves_the_layer() {
    let (transform, opacity) = authored();
    let group: Content = serde_json::from_value(json!({ "type": "group" })).expect("a content");
    let presets: Presets = serde_json::from_value(json!([
        { "type": "slide", "distance": 100, "duration": 1, "easing": "linear" },
        { "type": "ticker", "distance": 100, "duration": 1 },
    ]))
    .expect("presets");
    let mut starts = AnimationStarts::default();
    starts.update(&presets.after(&Animations::default()), 0.0);
    let playing = Playing::new(&starts, &Cues::default(), &group, &transform, &opacity);
    assert_eq!(Pose::new(&transform, &opacity, &playing, 0.25).position.x, 150.0);
}

#[test]
fn text_is_typed_and_nothing_else() {
    let group: Content = serde_json::from_value(json!({ "type": "group" })).expect("a content");
    let text: Content = serde_json::from_value(json!({ "type": "text", "text": "Hello" })).expect("a content");
    let typewriter = preset(json!({ "type": "typewriter" }));
    assert_eq!(check_preset(&typewriter, &text), None);
    let faults: Vec<String> = check_preset(&typewriter, &group).iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        ["/type: found `typewriter` on a layer that shows no text, expected a layer with content of type `text`, or \
          another preset"]
    );
    let mut shown = text.clone();
    let mut starts = AnimationStarts::default();
    starts.update(&Presets(vec![typewriter]).after(&Animations::default()), 0.0);
    let parts = Parts::from(&text);
    let playing = Playing::new(&starts, &Cues::default(), parts, &Transform::default(), &Opacity::default());
    playing.apply_to(crate::animation::Part::Content, &mut shown, 0.5);
    assert_eq!(serde_json::to_value(shown).expect("json")["reveal"], 0.25);
}

#[test]
fn a_layer_with_presets_is_checked_and_kept_as_it_is_written() {
    let layer = |preset: Value| {
        let layer = json!({ "id": "a", "content": { "type": "group" }, "presets": [{ "type": "fade" }, preset] });
        LayerDocument::from_value(layer, &Limits::default())
    };
    let kept = layer(json!({ "type": "slide", "direction": "up" })).expect("a layer");
    let again = serde_json::to_value(&kept).expect("json");
    assert_eq!(LayerDocument::from_value(again, &Limits::default()).expect("a layer"), kept);
    let told = |preset: Value| {
        let faults = layer(preset).expect_err("a fault");
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert!(told(json!({ "type": "slied" })).contains("did you mean"), "{}", told(json!({ "type": "slied" })));
    assert!(told(json!({ "type": "slide", "distnce": 3 })).contains("did you mean"));
    assert!(told(json!({ "type": "typewriter" })).starts_with("/presets/1/type: found `typewriter`"));
    assert!(told(json!({ "type": "pulse", "intensity": 99 })).starts_with("/presets/1/intensity"));
    assert!(told(json!({ "type": "slide", "distance": 1e9 })).starts_with("/presets/1/distance"));
}
