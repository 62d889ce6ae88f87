//! How each way looks.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{stage::*, support::golden::Canvas};

/// Each way at a quarter, a half and three quarters, one below the other.
fn check(name: &str, ways: &[Value]) {
    let mut canvas = Canvas::checkered(3 * WIDTH as u32, (ways.len() * HEIGHT) as u32);
    for (row, way) in ways.iter().enumerate() {
        let mut transition = way.clone();
        transition["duration"] = json!(16.0 / FPS);
        let mut stage = Stage::with_two();
        let before = stage.picture();
        stage.activate("evening", transition);
        assert!(stage.picture() == before, "{way}: it begins with what was on the screen");
        for column in 0..3 {
            stage.play(4);
            canvas.lay(&stage.picture(), WIDTH, (column * WIDTH) as i64, (row * HEIGHT) as i64);
        }
        stage.play(4);
        assert!(stage.picture() == stage.alone(), "{way}: it ends with the scene that comes");
    }
    canvas.assert_golden(name);
}

#[test]
fn fades() {
    check(
        "transition_fade",
        &[
            json!({ "type": "fade" }),
            json!({ "type": "fade", "easing": "easeInOutCubic" }),
            json!({ "type": "fade", "color": "#ffffff" }),
        ],
    );
}

#[test]
fn slides_and_pushes() {
    check(
        "transition_slide_push",
        &[
            json!({ "type": "slide" }),
            json!({ "type": "slide", "direction": "down", "easing": "easeOutCubic" }),
            json!({ "type": "push", "direction": "right" }),
            json!({ "type": "push", "direction": "up" }),
        ],
    );
}

#[test]
fn wipes() {
    check(
        "transition_wipe",
        &[
            json!({ "type": "wipe" }),
            json!({ "type": "wipe", "angle": 30, "softness": 0.3 }),
            json!({ "type": "wipe", "shape": "radial", "center": { "x": 0.25, "y": 0.5 }, "softness": 0.1 }),
            json!({ "type": "wipe", "shape": "radial", "reverse": true }),
            json!({ "type": "wipe", "shape": "clock", "softness": 0.05 }),
            json!({ "type": "wipe", "shape": "clock", "angle": 90, "reverse": true }),
        ],
    );
}

#[test]
fn scales_and_zooms() {
    check(
        "transition_scale_zoom",
        &[
            json!({ "type": "scale" }),
            json!({ "type": "scale", "center": { "x": 1, "y": 1 } }),
            json!({ "type": "zoom" }),
            json!({ "type": "zoom", "factor": 8, "center": { "x": 0.2, "y": 0.3 } }),
        ],
    );
}

#[test]
fn dissolves() {
    check(
        "transition_dissolve",
        &[json!({ "type": "dissolve" }), json!({ "type": "dissolve", "grain": 6, "softness": 0.4, "seed": 7 })],
    );
}

#[test]
fn a_stinger_plays_over_the_scenes_while_they_change() {
    let mut stage = Stage::new(1, morning());
    stage.hold("evening", with_stinger("plays"));
    let before = stage.picture();
    let stinger = json!({ "type": "stinger", "asset": "swoosh", "duration": 0.8, "cutAt": 0.5 });
    stage.activate("evening", stinger);
    // The same tick once more shows it from its beginning. If it was there at once, that changes nothing.
    if stage.compositor.awaits_assets() {
        assert!(stage.picture() == before, "until it is there, nothing changes");
    }
    assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
    stage.next -= 1;
    let mut canvas = Canvas::checkered(3 * WIDTH as u32, HEIGHT as u32);
    for tick in 0..16 {
        stage.tick();
        let picture = stage.picture();
        if let Some(column) = [2, 6, 10].iter().position(|shown| *shown == tick) {
            canvas.lay(&picture, WIDTH, (column * WIDTH) as i64, 0);
        }
        assert!(picture != before, "the stinger is seen on tick {tick}");
    }
    stage.tick();
    assert!(stage.picture() == stage.alone());
    canvas.assert_golden("transition_stinger");
}

/// Three scenes; each row is a transition that is cut short halfway by another one, back or on.
#[test]
fn what_is_cut_short_goes_on_from_what_is_on_the_screen() {
    let rows = [
        (json!({ "type": "wipe", "angle": 30, "softness": 0.2 }), "morning", json!({ "type": "fade" })),
        (json!({ "type": "push" }), "night", json!({ "type": "wipe", "shape": "radial", "softness": 0.1 })),
        (
            json!({ "type": "dissolve", "grain": 12, "seed": 3 }),
            "morning",
            json!({ "type": "slide", "direction": "down" }),
        ),
    ];
    let mut canvas = Canvas::checkered(4 * WIDTH as u32, (rows.len() * HEIGHT) as u32);
    for (row, (first, next, second)) in rows.into_iter().enumerate() {
        let mut stage = Stage::with_two();
        stage.hold("night", document("#05060c", json!([title("Night", "#8f9bff")])));
        let lasting = |mut way: Value| {
            way["duration"] = json!(16.0 / FPS);
            way
        };
        let id = if next == "morning" { "main" } else { next };
        stage.activate("evening", lasting(first));
        stage.play(8);
        let halfway = stage.picture();
        stage.activate(id, lasting(second));
        assert!(stage.picture() == halfway, "nothing jumps");
        canvas.lay(&halfway, WIDTH, 0, (row * HEIGHT) as i64);
        for column in 1..4 {
            stage.play(4);
            canvas.lay(&stage.picture(), WIDTH, (column * WIDTH) as i64, (row * HEIGHT) as i64);
        }
        stage.play(4);
        assert!(stage.picture() == stage.alone());
    }
    canvas.assert_golden("transition_interrupted");
}
