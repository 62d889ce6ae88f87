//! Triggers bring scenes on air at their own times, between two ticks: what is seen follows from these, not from frames.

use std::time::Instant;

use components::{Edit, SceneDocument};
use serde_json::{Value, json};

use crate::stage::*;

/// A scene through which a bar moves, and which brings another on air after a while.
fn passing_on(background: &str, y: f64, after: f64, next: &str, transition: &Value) -> SceneDocument {
    let mut scene = document(
        background,
        json!([{ "id": "bar", "transform": { "position": { "x": 0, "y": y } },
            "content": { "type": "color", "color": "#ffd23f", "size": { "width": 30, "height": 20 } },
            "animations": [{ "property": "transform.position.x", "from": 0, "to": 160, "duration": 3 }] }]),
    );
    scene.timelines =
        serde_json::from_value(json!([{ "id": "stay", "steps": [{ "type": "wait", "seconds": after }] }])).unwrap();
    scene.triggers = serde_json::from_value(json!([{ "on": { "type": "timelineEnd", "timeline": "stay" }, "do": [
        { "type": "activate", "scene": next, "transition": transition }] }]))
    .unwrap();
    scene
}

/// Three scenes that bring one another on air, round and round: `[after how many seconds, with which transition]`.
fn round(ways: &[(f64, Value); 3]) -> Stage {
    let scene = |place: usize, background: &str, next: &str| {
        passing_on(background, 4.0 + 30.0 * place as f64, ways[place].0, next, &ways[place].1)
    };
    let mut compositor = compositor(1);
    let load = Edit::LoadScene { scene: Box::new(scene(0, "#7a2e4d", "second")) };
    let put = |id: &str, scene| Edit::PutScene { id: scene_id(id), scene: Box::new(scene) };
    let others = [put("second", scene(1, "#14213d", "third")), put("third", scene(2, "#2f5d3a", "main"))];
    compositor.submit(0, std::iter::once(load).chain(others).collect());
    let report = compositor.tick(0, 0.0);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert!(compositor.finish_loading(Instant::now() + DEADLINE));
    Stage { compositor, next: 1 }
}

/// What is seen at times that are seconds times `fps`, where every frame is drawn.
fn played(ways: &[(f64, Value); 3], fps: u32, until: f64) -> Vec<(f64, Vec<u8>)> {
    let mut stage = round(ways);
    (1..)
        .map(|frame| f64::from(frame) / f64::from(fps))
        .take_while(|seconds| *seconds <= until)
        .enumerate()
        .map(|(index, seconds)| {
            stage.compositor.tick(index as u64 + 1, seconds);
            (seconds, stage.picture())
        })
        .collect()
}

/// What is seen of a scene that was entered at a time.
fn entered(ways: &[(f64, Value); 3], seconds: f64) -> Vec<u8> {
    let mut stage = round(ways);
    stage.compositor.tick(1, seconds);
    stage.picture()
}

fn check(ways: &[(f64, Value); 3], until: f64) {
    let every = played(ways, 40, until);
    for fps in [20, 8] {
        for (seconds, picture) in played(ways, fps, until) {
            let same = every.iter().find(|(time, _)| (time - seconds).abs() < 1e-9).unwrap();
            assert!(same.1 == picture, "at {seconds} s, {fps} frames a second against 40");
        }
    }
    for (seconds, picture) in every.iter().step_by(7) {
        assert!(entered(ways, *seconds) == *picture, "entered at {seconds} s");
    }
}

#[test]
fn a_transition_begins_at_its_own_time() {
    let fade = || json!({ "type": "fade", "duration": 0.6 });
    check(
        &[
            (0.93, json!({ "type": "wipe", "angle": 90, "duration": 0.5 })),
            (1.27, fade()),
            (0.85, json!({ "type": "push" })),
        ],
        5.0,
    );
}

#[test]
fn a_transition_that_is_over_is_not_seen() {
    let ways = [(); 3].map(|()| (5.0, json!({ "type": "fade", "duration": 1 })));
    let alone = |stage: &Stage| {
        let mut still = stage.compositor.snapshot().scene;
        still.triggers.clear();
        still
    };
    let mut stage = round(&ways);
    stage.compositor.tick(1, 7.0);
    assert_eq!(stage.compositor.scenes().active, scene_id("second"));
    let mut other = compositor(1);
    other.submit(0, vec![Edit::LoadScene { scene: Box::new(alone(&stage)) }]);
    other.tick(0, 5.0);
    other.tick(1, 7.0);
    assert!(stage.picture() == other.picture().data, "the scene that came is seen by itself");
    // Halfway both are.
    let mut stage = round(&ways);
    stage.compositor.tick(1, 5.5);
    assert!(stage.picture() != other.picture().data);
    let halfway = stage.picture();
    stage.compositor.tick(2, 5.75);
    assert!(stage.picture() != halfway);
}

/// Each is cut short by the next one, some between the same two ticks.
#[test]
fn what_a_trigger_cuts_short_is_left_as_it_was_then() {
    let fade = |seconds: f64| json!({ "type": "fade", "duration": seconds });
    check(&[(0.53, fade(0.9)), (0.31, json!({ "type": "wipe", "angle": 30, "duration": 2 })), (0.47, fade(1.4))], 1.8);
}

/// What is not seen of it any more is not waited for.
#[test]
fn a_cut_ends_what_was_under_way() {
    check(
        &[
            (0.53, json!({ "type": "fade", "duration": 3 })),
            (0.31, json!({ "type": "cut" })),
            (0.2, json!({ "type": "fade" })),
        ],
        2.6,
    );
}

/// A cut is over at once: what leaves by the fade after it is the scene that it brought, and that goes on moving.
#[test]
fn a_cut_and_a_fade_are_the_same_within_one_tick_as_on_two_at_one_time() {
    let edits = || [("second", json!({ "type": "cut" })), ("third", json!({ "type": "fade", "duration": 1 }))];
    let edits = || edits().map(|(id, transition)| activate(id, &transition)).to_vec();
    let ways = [(); 3].map(|()| (9.0, json!({ "type": "cut" })));
    let (mut one, mut two) = (round(&ways), round(&ways));
    for stage in [&mut one, &mut two] {
        stage.compositor.tick(1, 1.0);
    }
    one.compositor.submit(2, edits());
    one.compositor.tick(2, 1.0);
    for (tick, edit) in (2..).zip(edits()) {
        two.compositor.submit(tick, vec![edit]);
        two.compositor.tick(tick, 1.0);
    }
    for (tick, seconds) in [(4, 1.25), (5, 1.5), (6, 1.75)] {
        one.compositor.tick(tick, seconds);
        two.compositor.tick(tick, seconds);
        assert!(one.picture() == two.picture(), "at {seconds} s");
    }
}
