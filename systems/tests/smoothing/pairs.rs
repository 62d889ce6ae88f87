//! Transitions of pairs and of their halves, and what lets go of either.

use components::animation::AnimationControl;

use super::*;

const SIZE: usize = 64;
const PAIR: &str = "transform.position";
const HALF: &str = "transform.position.x";

/// Transitions of the pair, of a half, and of both, each with the axes that they smooth.
fn transitions() -> [(Value, [bool; 2]); 3] {
    let of = |property: &str, duration: f64| json!({ "property": property, "duration": duration, "easing": "linear" });
    [
        (json!([of(PAIR, 1.0)]), [true, true]),
        (json!([of(HALF, 1.0)]), [true, false]),
        (json!([of(PAIR, 2.0), of(HALF, 1.0)]), [true, true]),
    ]
}

/// An animation of the pair, of a half, and of the pair with one half told; and the axes that it moves.
fn animations() -> [(Value, [bool; 2]); 3] {
    let of = |property: &str, to: Value| json!({ "property": property, "to": to, "duration": 2, "easing": "linear" });
    [
        (of(PAIR, json!({ "x": 44, "y": 44 })), [true, true]),
        (of(HALF, json!(44)), [true, false]),
        (of(PAIR, json!({ "x": 44 })), [true, false]),
    ]
}

/// A light square on black, with a timeline that plays `animation`.
fn scene(transitions: &Value, animation: &Value) -> SceneDocument {
    let content = json!({ "type": "color", "color": "#fff", "size": { "width": 8, "height": 8 } });
    let scene = json!({
        "canvas": { "width": SIZE, "height": SIZE, "background": "#000" },
        "layers": [{ "id": "a", "content": content, "transitions": transitions,
            "transform": { "position": { "x": 20, "y": 20 }, "anchor": { "x": 0.5, "y": 0.5 } } }],
        "timelines": [{ "id": "move", "autoplay": false,
            "steps": [{ "type": "animate", "layer": "a", "animation": animation }] }],
    });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

impl Stage {
    /// Where the middle of all light is.
    fn middle(&self) -> [f64; 2] {
        let picture = self.compositor.picture().data;
        let (mut all, mut sums) = (0.0, [0.0; 2]);
        for (place, pixel) in picture.chunks_exact(4).enumerate() {
            let light = f64::from(pixel[0]);
            all += light;
            sums[0] += light * ((place % SIZE) as f64 + 0.5);
            sums[1] += light * ((place / SIZE) as f64 + 0.5);
        }
        sums.map(|sum| sum / all)
    }

    fn middle_at(&mut self, seconds: f64) -> [f64; 2] {
        self.at(seconds);
        self.middle()
    }
}

/// What takes back what moves the square, and the seconds before that at which something is set beneath it.
type Undoing = (&'static str, bool, Option<f64>, fn() -> Vec<Edit>);

const UNDOING: [Undoing; 8] = [
    ("cancel the timeline", true, None, || vec![steering("move", TimelineControl::Cancel)]),
    ("delete it", true, None, || vec![Edit::DeleteTimeline { id: TimelineId::new("move").unwrap() }]),
    ("set, then cancel it", true, Some(0.3), || vec![steering("move", TimelineControl::Cancel)]),
    ("set and cancel it", true, Some(0.0), || vec![steering("move", TimelineControl::Cancel)]),
    ("set, then delete it", true, Some(0.3), || vec![Edit::DeleteTimeline { id: TimelineId::new("move").unwrap() }]),
    ("cancel the animation", false, None, || {
        vec![Edit::ControlAnimation { id: id(), index: 0, control: AnimationControl::Cancel }]
    }),
    ("delete it", false, None, || vec![Edit::RemoveAnimation { id: id(), index: 0 }]),
    ("patch it away", false, None, || vec![Edit::PatchLayer { id: id(), patch: json!({ "animations": null }) }]),
];

#[test]
fn what_lets_go_of_a_pair_or_of_a_half_is_smoothed_by_the_transition_of_either() {
    for (transitions, is_smoothed) in transitions() {
        for (animation, is_moved) in animations() {
            for (undoing, is_of_timeline, is_set, undo) in UNDOING {
                let told = format!("{undoing}: {animation} with {transitions}");
                let mut stage = Stage::playing(SIZE, scene(&transitions, &animation));
                let set = || Edit::PatchLayer { id: id(), patch: json!({ "transform": { "position": { "x": 12 } } }) };
                match is_of_timeline {
                    true => stage.edit(1.0, vec![steering("move", TimelineControl::Play)]),
                    false => {
                        let animation = serde_json::from_value(animation.clone()).unwrap();
                        stage.edit(1.0, vec![Edit::AddAnimation { id: id(), animation: Box::new(animation) }]);
                    }
                }
                let mut edits = undo();
                match is_set {
                    Some(before) if before > 0.0 => stage.edit(2.0 - before, vec![set()]),
                    Some(_) => edits.insert(0, set()),
                    None => {}
                }
                let before = stage.middle_at(2.0);
                stage.edit(2.0, edits);
                let authored = [if is_set.is_some() { 12.0 } else { 20.0 }, 20.0];
                let [after, later, end] = [2.0, 2.6, 5.0].map(|at| stage.middle_at(at));
                for axis in 0..2 {
                    let expected = if is_moved[axis] { 32.0 } else { 20.0 };
                    assert!((before[axis] - expected).abs() < 0.3, "{told}: {before:?} before");
                    let glides = if is_smoothed[axis] { before[axis] } else { authored[axis] };
                    assert!((after[axis] - glides).abs() < 0.1, "{told}: {before:?} then {after:?}");
                    assert!((end[axis] - authored[axis]).abs() < 0.1, "{told}: {end:?} at last");
                    if is_smoothed[axis] && is_moved[axis] {
                        let between = authored[axis] + 1.0..before[axis] + 4.0;
                        assert!(between.contains(&later[axis]), "{told}: {later:?} on the way");
                    }
                }
            }
        }
    }
}

#[test]
fn each_half_of_a_pair_takes_the_time_of_its_own_transition() {
    let [.., (both, _)] = transitions();
    let [(pair, _), ..] = animations();
    let mut stage = Stage::playing(SIZE, scene(&both, &pair));
    let patch = json!({ "transform": { "position": { "x": 40, "y": 40 } } });
    stage.edit(1.0, vec![Edit::PatchLayer { id: id(), patch }]);
    for (at, expected) in [(1.0, [20.0, 20.0]), (1.5, [30.0, 25.0]), (2.0, [40.0, 30.0]), (3.0, [40.0, 40.0])] {
        let middle = stage.middle_at(at);
        for axis in 0..2 {
            assert!((middle[axis] - expected[axis]).abs() < 0.1, "{middle:?} at {at}");
        }
    }
    // What one half of which is changed in flight leaves the other to go on as it did.
    let mut undisturbed = Stage::playing(SIZE, stage.compositor.snapshot().scene);
    for stage in [&mut stage, &mut undisturbed] {
        let patch = json!({ "transform": { "position": { "x": 20, "y": 20 } } });
        stage.edit(4.0, vec![Edit::PatchLayer { id: id(), patch }]);
    }
    stage.edit(4.4, vec![Edit::PatchLayer { id: id(), patch: json!({ "transform": { "position": { "x": 50 } } }) }]);
    for at in [4.4, 5.0, 5.5, 6.5] {
        let (is, expected) = (stage.middle_at(at)[1], undisturbed.middle_at(at)[1]);
        assert!((is - expected).abs() < 0.1, "{is}, not {expected}, at {at}");
    }
    assert!((stage.middle()[0] - 50.0).abs() < 0.1);
}
