//! What triggers let go of, and what they let take over, between two ticks: it goes on from what is there at the trigger's
//! own time, whichever frames are drawn.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

use components::{Edit, SceneDocument, SceneId, document::Limits};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings};

fn document(layers: &Value, audio: &Value, timelines: &Value, triggers: &Value) -> SceneDocument {
    let scene = json!({ "canvas": { "width": 64, "height": 16 }, "layers": layers, "audio": audio,
        "timelines": timelines, "triggers": triggers });
    SceneDocument::from_value(scene, &Limits::default()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn animate(layer: &str, animation: Value) -> Value {
    json!({ "type": "animate", "layer": layer, "animation": animation })
}

/// Timelines that come to a label at 0.61 s and at 1.13 s, and a trigger for each.
fn at_two_times(first: &Value, then: &Value) -> (Value, Value) {
    let label = |name: &str| json!({ "type": "label", "name": name });
    let wait = |seconds: f64| json!({ "type": "wait", "seconds": seconds });
    let clock = json!({ "id": "clock", "steps": [wait(0.61), label("first"), wait(0.52), label("then")] });
    let on = |label: &str, actions: &Value| json!({ "on": { "type": "label", "timeline": "clock", "label": label }, "do": actions });
    (clock, json!([on("first", first), on("then", then)]))
}

/// What it is like at these times, played at so many frames a second; without frames, each time is gone to directly.
fn seen<T>(scene: &SceneDocument, fps: Option<f64>, times: &[f64], look: impl Fn(&mut Compositor, f64) -> T) -> Vec<T> {
    let begin = || {
        let settings = CompositorSettings { width: 64, height: 16, max_layers: 50, pool_size: 3, threads: Some(1) };
        let mut compositor = Compositor::new(settings);
        let id = SceneId::new("other").unwrap();
        compositor.submit(0, vec![Edit::PutScene { id, scene: Box::new(other()) }]);
        compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene.clone()) }]);
        let report = compositor.tick(0, 0.0);
        assert!(report.outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "{:?}", report.outcomes);
        compositor
    };
    let Some(fps) = fps else {
        return times.iter().map(|time| look(&mut begin(), *time)).collect();
    };
    let (mut compositor, mut frame, mut seen) = (begin(), 1_u32, Vec::new());
    for time in times {
        while f64::from(frame) / fps < *time {
            compositor.tick(u64::from(frame), f64::from(frame) / fps);
            frame += 1;
        }
        seen.push(look(&mut compositor, *time));
    }
    seen
}

/// A scene that triggers bring on air, whose sound begins with it.
fn other() -> SceneDocument {
    let fade = json!({ "property": "volume", "from": 0, "to": 1, "duration": 2 });
    let track = json!({ "id": "music", "source": { "type": "tone" }, "animations": [fade] });
    let box_ = json!({ "id": "a", "content": { "type": "color", "color": "#fff", "size": { "width": 8, "height": 16 } },
        "animations": [{ "property": "transform.position.x", "from": 0, "to": 50, "duration": 5 }] });
    let back = json!({ "property": "transform.position.x", "to": 0, "duration": 1, "easing": "easeOut" });
    document(
        &json!([box_]),
        &json!({ "tracks": [track] }),
        &json!([{ "id": "back", "steps": [animate("a", back)] }]),
        &json!([]),
    )
}

const TIMES: [f64; 8] = [0.5, 0.62, 0.7, 0.9, 1.14, 1.2, 1.4, 2.0];

fn column(id: &str, x: f64, transitions: Value) -> Value {
    json!({ "id": id, "content": { "type": "color", "color": "#fff", "size": { "width": 8, "height": 16 } },
        "transform": { "position": { "x": x, "y": 0 } }, "transitions": transitions })
}

fn assert_same_pictures(scene: &SceneDocument) -> Vec<Vec<u8>> {
    let look = |compositor: &mut Compositor, time: f64| {
        compositor.tick(100_000, time);
        compositor.picture().data
    };
    let direct = seen(scene, None, &TIMES, look);
    for fps in [7.0, 25.0, 50.0, 60.0] {
        let played = seen(scene, Some(fps), &TIMES, look);
        for ((time, direct), played) in TIMES.iter().zip(&direct).zip(played) {
            assert!(played == *direct, "at {time} s the picture differs from that at {fps} frames a second");
        }
    }
    direct
}

/// How light a column is, of 255.
fn light(picture: &[u8], x: usize) -> u8 {
    picture[(8 * 64 + x) * 4]
}

#[test]
fn a_timeline_that_a_trigger_plays_takes_over_what_is_shown_at_that_time() {
    let play = |id: &str| json!([{ "type": "play", "timeline": id }]);
    let (clock, triggers) = at_two_times(&play("back"), &play("away"));
    let up = json!({ "property": "opacity", "from": 0, "to": 1, "duration": 1.22 });
    let back = json!({ "property": "opacity", "to": 0.1, "duration": 1, "easing": "easeInOut" });
    let away = json!({ "property": "opacity", "to": 1, "spring": { "duration": 0.6, "bounce": 0.3 } });
    let timelines = json!([clock, { "id": "up", "steps": [animate("a", up)] },
        { "id": "back", "autoplay": false, "steps": [animate("a", back)] },
        { "id": "away", "autoplay": false, "steps": [animate("a", away)] }]);
    let scene = document(&json!([column("a", 0.0, json!([]))]), &json!({}), &timelines, &triggers);
    let pictures = assert_same_pictures(&scene);
    let lights: Vec<u8> = pictures.iter().map(|picture| light(picture, 4)).collect();
    // Half there, and on from there with the same velocity before it turns back.
    assert!((100..110).contains(&lights[0]) && (127..133).contains(&lights[1]), "{lights:?}");
    assert!(lights[2] > lights[1] && lights[3] < lights[2], "{lights:?}");
}

/// Both wait; what is seen meanwhile is where the first of them begins, and from there the other one goes on.
#[test]
fn one_that_waits_takes_over_from_another_that_waits() {
    let play = json!([{ "type": "play", "timeline": "first" }, { "type": "play", "timeline": "then" }]);
    let first = json!({ "property": "transform.position.x", "from": 30, "to": 40, "duration": 1, "delay": 0.4 });
    let then = json!({ "property": "transform.position.x", "to": 50, "duration": 1, "delay": 0.2 });
    let (clock, triggers) = at_two_times(&play, &json!([{ "type": "emit", "event": "nothing" }]));
    let timelines = json!([clock, { "id": "first", "autoplay": false, "steps": [animate("a", first)] },
        { "id": "then", "autoplay": false, "steps": [animate("a", then)] }]);
    let scene = document(&json!([column("a", 10.0, json!([]))]), &json!({}), &timelines, &triggers);
    let pictures = assert_same_pictures(&scene);
    // At 0.7 s it waits at 30, and at 0.9 s it has gone a tenth of the way.
    assert!(light(&pictures[2], 30) == 255 && light(&pictures[2], 29) == 0);
    assert!(light(&pictures[3], 29) == 0 && light(&pictures[3], 34) == 255 && light(&pictures[3], 40) == 0);
}

#[test]
fn what_a_trigger_lets_go_moves_by_its_transition_from_that_time_on() {
    let cancel = json!([{ "type": "cancel", "timeline": "across" }]);
    let again = json!([{ "type": "play", "timeline": "across" }]);
    let (clock, triggers) = at_two_times(&cancel, &again);
    let across = json!({ "property": "transform.position.x", "from": 0, "to": 40, "duration": 1.22 });
    let timelines = json!([clock, { "id": "across", "steps": [animate("a", across)] }]);
    let smooth = json!([{ "property": "transform.position.x", "spring": { "duration": 0.5, "bounce": 0.3 } }]);
    let scene = document(&json!([column("a", 0.0, smooth)]), &json!({}), &timelines, &triggers);
    let pictures = assert_same_pictures(&scene);
    // It was at 20, and has not gone far in a hundredth of a second.
    assert!(light(&pictures[1], 24) == 255 && light(&pictures[1], 4) == 0);
    assert!(light(&pictures[3], 4) > 0, "on its way back");
}

#[test]
fn sound_that_a_trigger_has_taken_over_goes_on_from_what_is_heard_at_that_time() {
    let actions = json!([{ "type": "play", "timeline": "down" }]);
    let (clock, triggers) = at_two_times(&actions, &json!([{ "type": "cancel", "timeline": "down" }]));
    let of = |animation: Value| json!({ "type": "animateTrack", "track": "music", "animation": animation });
    let up = of(json!({ "property": "volume", "from": 0, "to": 1, "duration": 1.22 }));
    let down = of(json!({ "property": "volume", "to": 0, "duration": 1, "easing": "easeInOut" }));
    let timelines = json!([clock, { "id": "up", "steps": [up] },
        { "id": "down", "autoplay": false, "steps": [down] }]);
    let audio = json!({ "tracks": [{ "id": "music", "source": { "type": "tone" }, "volume": 1 }] });
    let scene = document(&json!([]), &audio, &timelines, &triggers);
    let volume = |compositor: &mut Compositor, time: f64| compositor.tick(100_000, time).mix.tracks[0].volume;
    let direct = seen(&scene, None, &TIMES, volume);
    for fps in [7.0, 25.0, 60.0] {
        assert_eq!(seen(&scene, Some(fps), &TIMES, volume), direct, "{fps} frames a second");
    }
    assert!((direct[1] - 0.5).abs() < 0.02, "{direct:?}");
}

/// Whoever writes the sound of a frame when the next one is known has it as it was up to that.
#[test]
fn it_is_told_how_the_sound_was_mixed_up_to_a_tick_if_that_could_not_be_foreseen() {
    let actions = json!([{ "type": "play", "timeline": "loud" }]);
    let (clock, triggers) = at_two_times(&actions, &json!([{ "type": "pause", "timeline": "loud" }]));
    let rise = json!({ "property": "volume", "from": 0.5, "to": 1, "duration": 1 });
    let rise = json!({ "type": "animateTrack", "track": "music", "animation": rise });
    let timelines = json!([clock, { "id": "loud", "autoplay": false, "steps": [rise] }]);
    let audio = json!({ "tracks": [{ "id": "music", "source": { "type": "tone" }, "volume": 0 }] });
    let scene = document(&json!([]), &audio, &timelines, &triggers);
    let until = |compositor: &mut Compositor, time: f64| {
        let told = compositor.tick(100_000, time).mix_until;
        told.map(|mix| (mix.tracks[0].volume * 1000.0).round() / 1000.0)
    };
    // Played at 0.61 s, and paused at 1.13 s; of what happens on a tick the one before tells nothing.
    let told = seen(&scene, Some(50.0), &[0.6, 0.62, 0.64, 1.12, 1.14, 1.16], until);
    assert_eq!(told, [None, Some(0.505), None, None, Some(0.76), None]);
    let told = seen(&scene, Some(100.0), &[0.61, 0.62, 1.13], until);
    assert_eq!(told, [None; 3]);
}

#[test]
fn a_scene_that_a_trigger_brings_on_air_begins_at_that_time_with_its_sound_and_timelines() {
    let activate = json!([{ "type": "activate", "scene": "other" }]);
    let (clock, triggers) = at_two_times(&activate, &json!([]));
    let audio = json!({ "tracks": [{ "id": "music", "source": { "type": "tone" }, "volume": 1,
        "animations": [{ "property": "volume", "from": 0, "to": 1, "duration": 2 }] }] });
    let triggers = json!([triggers[0]]);
    let scene = document(&json!([column("a", 0.0, json!([]))]), &audio, &json!([clock]), &triggers);
    assert_same_pictures(&scene);
    let volume = |compositor: &mut Compositor, time: f64| compositor.tick(100_000, time).mix.tracks[0].volume;
    let direct = seen(&scene, None, &TIMES, volume);
    for fps in [7.0, 25.0, 60.0] {
        assert_eq!(seen(&scene, Some(fps), &TIMES, volume), direct, "{fps} frames a second");
    }
    // The track of the same name begins anew with its scene.
    assert!((direct[1] - 0.005).abs() < 1e-6 && (direct[7] - 0.695).abs() < 1e-6, "{direct:?}");
}
