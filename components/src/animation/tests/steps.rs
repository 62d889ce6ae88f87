//! What has nothing in between steps.

use super::*;
use crate::{
    blend::BlendMode,
    document::{Limits, SceneDocument},
};

fn text() -> Content {
    content(json!({ "type": "text", "text": "one" }))
}

/// What a content's property is at these seconds.
fn seen(content: &Content, animations: serde_json::Value, pointer: &str, seconds: &[f64]) -> Vec<serde_json::Value> {
    let animations: Animations = serde_json::from_value(animations).expect("animations");
    animations.0.iter().for_each(|animation| assert_eq!(check(animation, content), []));
    let mut starts = AnimationStarts::default();
    starts.update(&animations, 0.0);
    let playing = Playing::new(&starts, &Cues::default(), content, &Transform::default(), &Opacity::default());
    let at = |now: &f64| {
        let mut shown = content.clone();
        playing.apply_to(Part::Content, &mut shown, *now);
        serde_json::to_value(&shown).expect("json").pointer(pointer).cloned().unwrap_or_default()
    };
    seconds.iter().map(at).collect()
}

#[test]
fn two_ends_turn_half_way_and_keyframes_hold_until_the_next() {
    let ends = json!([{ "property": "content.text", "to": "two", "duration": 2, "delay": 1 }]);
    assert_eq!(seen(&text(), ends, "/text", &[0.0, 1.9, 2.0, 9.0]), ["one", "one", "two", "two"]);
    // The easing says when half of the way is done.
    let eased = json!([{ "property": "content.text", "from": "zero", "to": "two", "duration": 2, "easing": "steps(2, start)" }]);
    assert_eq!(seen(&text(), eased, "/text", &[0.0, 0.9, 1.1]), ["two", "two", "two"]);
    let frames = json!([{ "property": "content.text", "repeat": "forever", "keyframes": [
        { "at": 0, "value": "50%" }, { "at": 1, "value": "50.0%" }, { "at": 2, "value": "#ADD" }, { "at": 3, "value": "" }] }]);
    let words = seen(&text(), frames, "/text", &[0.0, 0.99, 1.0, 1.99, 2.0, 2.999, 3.0, 4.5]);
    assert_eq!(words, ["50%", "50%", "50.0%", "50.0%", "#ADD", "#ADD", "50%", "50.0%"]);
    let back = json!([{ "property": "content.align", "from": "left", "to": "right", "duration": 1, "repeat": 2, "pingPong": true }]);
    assert_eq!(seen(&text(), back, "/align", &[0.4, 0.6, 1.4, 1.6, 2.0]), ["left", "right", "right", "left", "left"]);
}

#[test]
fn several_follow_one_another() {
    let append = json!([
        { "property": "content.text", "to": "two", "duration": 1 },
        { "property": "content.text", "to": "three", "duration": 1, "queue": "append" },
    ]);
    assert_eq!(seen(&text(), append, "/text", &[0.4, 0.6, 1.4, 1.6]), ["one", "two", "two", "three"]);
    let replace = json!([
        { "property": "content.text", "to": "two", "duration": 1 },
        { "property": "content.text", "from": "three", "to": "four", "delay": 2, "duration": 1 },
    ]);
    assert_eq!(seen(&text(), replace, "/text", &[0.4, 1.9, 2.0, 2.5]), ["one", "two", "three", "four"]);
}

#[test]
fn whole_numbers_are_rounded_and_names_and_switches_step() {
    let star = content(
        json!({ "type": "shape", "geometry": { "type": "star", "points": 3, "outerRadius": 9, "innerRadius": 4 } }),
    );
    let grows = json!([{ "property": "content.geometry.points", "to": 6, "duration": 3 }]);
    assert_eq!(seen(&star, grows, "/geometry/points", &[0.0, 0.4, 0.6, 1.4, 3.0]), [3, 3, 4, 4, 6]);
    let image = content(json!({ "type": "image", "asset": "day" }));
    let swaps = json!([{ "property": "content.asset", "to": "night", "duration": 1 }]);
    assert_eq!(seen(&image, swaps, "/asset", &[0.4, 0.5]), ["day", "night"]);
    let blinks = playing(json!([
        { "property": "visible", "to": false, "duration": 1 },
        { "property": "blend", "keyframes": [{ "at": 0, "value": "screen" }, { "at": 1, "value": "multiply" }] },
    ]));
    let [before, after] = [0.4, 1.0].map(|now| pose(&blinks, now));
    assert_eq!((before.visible, before.blend), (Some(true), Some(BlendMode::Screen)));
    assert_eq!((after.visible, after.blend), (Some(false), Some(BlendMode::Multiply)));
    assert_eq!(pose(&playing(json!([])), 0.0).visible, None);
}

#[test]
fn paths_move_point_by_point_where_their_commands_match_and_step_where_not() {
    let path = content(json!({ "type": "shape", "geometry": { "type": "path", "d": "M 0 0 H 9 V 9 Z" } }));
    let d = "content.geometry.d";
    let seen = |animations, seconds: &[f64]| seen(&path, animations, "/geometry/d", seconds);
    let turns = json!([{ "property": d, "to": "m4 4 10 0 0 10z", "duration": 2 }]);
    let halfway = "M 2 2 L 11.5 2 L 11.5 11.5 Z";
    assert_eq!(seen(turns, &[0.0, 1.0, 2.0]), ["M 0 0 H 9 V 9 Z", halfway, "m4 4 10 0 0 10z"]);
    let bends = json!([{ "property": d, "to": "M 0 0 H 5", "duration": 1 }]);
    assert_eq!(seen(bends, &[0.4, 0.5]), ["M 0 0 H 9 V 9 Z", "M 0 0 H 5"]);
    // Of keyframes each two decide by themselves, and easings shoot over.
    let frames = json!([{ "property": d, "repeat": "forever", "pingPong": true, "keyframes": [
        { "at": 0, "value": "M 0 0 V 4" }, { "at": 1, "value": "M 4 0 V 4", "easing": "linear(0, 1.5 50%, 1)" },
        { "at": 2, "value": "M 8 0 V 4" }, { "at": 3, "value": "M 0 0 Z" }] }]);
    let shapes = ["M 2 0 L 2 4", "M 4 0 V 4", "M 10 0 L 10 4", "M 8 0 V 4", "M 0 0 Z", "M 10 0 L 10 4"];
    assert_eq!(seen(frames, &[0.5, 1.0, 1.5, 2.9, 3.0, 4.5]), shapes);
    // The next begins where the one before ends, and one that takes its place where that is said.
    let append = json!([
        { "property": d, "to": "M 0 0 H 9 V 5 Z", "duration": 1 },
        { "property": d, "to": "M 0 0 H 7 V 7 Z", "duration": 1, "queue": "append" },
    ]);
    assert_eq!(seen(append, &[0.5, 1.5]), ["M 0 0 L 9 0 L 9 7 Z", "M 0 0 L 8 0 L 8 6 Z"]);
    // A text that reads as a path is none.
    let word = content(json!({ "type": "text", "text": "M 0 0 H 1" }));
    let words = json!([{ "property": "content.text", "to": "M 0 0 H 9", "duration": 1 }]);
    assert_eq!(self::seen(&word, words, "/text", &[0.4]), ["M 0 0 H 1"]);
}

#[test]
fn an_author_is_told_why_a_path_steps() {
    let path = content(json!({ "type": "shape", "geometry": { "type": "path", "d": "M 0 0 H 9 V 9 Z" } }));
    let told = |more: serde_json::Value| {
        let mut all = json!({ "property": "content.geometry.d", "duration": 1 });
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let told = animation(all);
        assert_eq!(check(&told, &path), []);
        warn(&told, &path)
    };
    assert_eq!(told(json!({ "to": "M 1 1 h 9 v 9 z" })), None);
    assert_eq!(
        told(json!({ "to": "M 0 0 Q 9 0 9 9 Z" })).as_deref(),
        Some(
            "`content.geometry.d` has nothing in between its values, since the commands of its paths differ (`MLLZ` and \
              `MQZ`): it steps half-way"
        )
    );
    assert_eq!(told(json!({ "from": "M 0 0 Q 1 1 2 2 Z", "to": "M 0 0 Q 9 0 9 9 Z" })), None);
    let frames = json!([{ "at": 0, "value": "M 0 0 H 5" }, { "at": 1, "value": "M 0 0 H 2e6" }]);
    assert!(
        told(json!({ "keyframes": frames })).is_some_and(|told| told.contains("a million") && told.contains("at each"))
    );
}

#[test]
fn what_steps_is_checked_like_all_else() {
    let on_text = |more: serde_json::Value| {
        let faults = check(&animation(more), &text());
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let align = on_text(json!({ "property": "content.align", "to": "middle", "duration": 1 }));
    assert!(align.starts_with("/to: found the text `\"middle\"`, expected one of `start`, "), "{align}");
    let text = on_text(
        json!({ "property": "content.text", "keyframes": [{ "at": 0, "value": "a" }, { "at": 1, "value": 3 }] }),
    );
    assert_eq!(text, "/keyframes/1/value: found the number 3, expected a text");
    let visible = on_text(json!({ "property": "visible", "to": "no", "duration": 1 }));
    assert_eq!(visible, "/to: found the text `\"no\"`, expected `true` or `false`");
    let blended = on_text(json!({ "property": "blend", "to": "screen", "duration": 1, "queue": "blend" }));
    assert!(blended.contains("it has nothing in between"), "{blended}");
    assert!(
        on_text(json!({ "property": "content.font.family", "to": "", "duration": 1 })).contains("1 to 200 characters")
    );
    assert!(on_text(json!({ "property": "visible", "by": true, "duration": 1 })).contains("/by"));
    let id = on_text(json!({ "property": "id", "to": "other", "duration": 1 }));
    assert!(id.contains("`id`, which cannot be animated: programs find the layer by it"), "{id}");
    let child = on_text(json!({ "property": "children.0.opacity", "to": 1, "duration": 1 }));
    assert!(child.contains("a layer with animations of its own"), "{child}");
    let smooth = [serde_json::from_value(json!({ "property": "content.text", "duration": 1 })).expect("a transition")];
    assert!(check_transitions(&smooth, &self::text())[0].found.contains("nothing in between to move through"));
}

#[test]
fn an_author_is_told_what_steps_and_which_assets_are_missing() {
    let parse = |asset: &str| {
        let scene = json!({
            "assets": [{ "id": "day", "type": "image", "path": "day.png" }, { "id": "swing", "type": "animatedImage", "path": "a.gif" }],
            "layers": [{ "id": "sky", "content": { "type": "image", "asset": "day" }, "animations": [
                { "property": "opacity", "to": 0, "duration": 1 },
                { "property": "content.asset", "to": asset, "duration": 1 }] }],
            "timelines": [{ "id": "show", "steps": [{ "type": "animate", "layer": "sky", "animation":
                { "property": "visible", "keyframes": [{ "at": 0, "value": true }, { "at": 1, "value": false }] } }] }],
        });
        SceneDocument::from_value(scene, &Limits::default())
    };
    let told: Vec<String> = parse("day").expect("a scene").notices().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "/layers/0/animations/1/property: `content.asset` has nothing in between its values: it steps half-way",
            "/timelines/0/steps/0/animation/property: `visible` has nothing in between its values: it steps at each keyframe",
        ]
    );
    let faults = |asset: &str| parse(asset).expect_err("no such picture")[0].to_string();
    assert!(faults("dy").ends_with("did you mean `\"day\"`?"), "{}", faults("dy"));
    assert!(faults("dy").contains("/layers/0/animations/1/to"));
    assert!(faults("swing").contains("which is of type `\"animatedImage\"`"), "{}", faults("swing"));
}
