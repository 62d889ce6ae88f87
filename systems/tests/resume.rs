//! A scene that is loaded with the motion of another run goes on exactly as that run does.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/random.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod random;

use std::time::{Duration, Instant};

use components::{
    Edit, SceneDocument,
    animation::{
        timeline::{SeekTarget, TimelineControl, TimelineId},
        trigger::Cause,
    },
    audio::{Level, LevelReading},
};
use proptest::{collection::vec, option, prelude::*};
use random::{LIMITS, Step, config, edits, scene, steering, step};
use serde_json::{Value, json};
use systems::{Compositor, CompositorSettings, clock::Motion};

const FPS: f64 = 25.0;

fn compositor() -> Compositor {
    let settings =
        CompositorSettings { width: 200, height: 150, max_layers: LIMITS.max_layers, pool_size: 3, threads: Some(1) };
    Compositor::new(settings)
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred ticks")]
fn seconds(tick: u64) -> f64 {
    tick as f64 / FPS
}

fn run(compositor: &mut Compositor, tick: u64, edits: &[Edit]) {
    if !edits.is_empty() {
        compositor.submit(tick, edits.to_vec());
    }
    compositor.hear(vec![heard(tick)]);
    compositor.tick(tick, seconds(tick));
}

/// How loud it is on a tick.
fn heard(tick: u64) -> LevelReading {
    let loud = [f32::from(u8::try_from(tick * 7 % 30).unwrap()) / 30.0; 2];
    LevelReading { master: Level { peak: loud, rms: loud }, ..LevelReading::silent(seconds(tick), [].into()) }
}

/// Where everything stands. Up to where a timeline has been looked at is left out: where nothing happens on the way, it
/// is not looked at on every tick.
fn standing(compositor: &mut Compositor) -> Motion {
    let mut motion = compositor.motion();
    for timeline in &mut motion.timelines {
        (timeline.seen, timeline.is_seen_to_come) = (0, false);
    }
    motion
}

/// One that goes on with what is stored of another after this tick, and with these edits at the same moment.
fn another_run(original: &mut Compositor, tick: u64, edits: &[Edit]) -> Compositor {
    let written = serde_json::to_string(&original.motion()).unwrap();
    let motion: Motion = serde_json::from_str(&written).unwrap();
    assert_eq!(motion, original.motion());
    let mut resumed = compositor();
    resumed.resume(0, original.snapshot().scene, motion);
    if !edits.is_empty() {
        resumed.submit(1, edits.to_vec());
    }
    resumed.hear(vec![heard(tick)]);
    let outcomes = resumed.tick(0, seconds(tick)).outcomes;
    assert!(outcomes[0].1.is_ok(), "{outcomes:?}");
    assert!(resumed.finish_loading(Instant::now() + Duration::from_secs(60)));
    resumed
}

/// Runs the ticks of a step, the first with its edits. Returns the tick after the last.
fn play(compositors: &mut [&mut Compositor], step: &Step, mut tick: u64, next: &mut u32) -> u64 {
    let batch = edits(step, &compositors[0].snapshot().scene, next);
    let ticks = if let Step::Wait(ticks) = step { *ticks } else { 1 };
    for number in 0..ticks {
        for compositor in &mut *compositors {
            run(compositor, tick, if number == 0 { &batch } else { &[] });
        }
        tick += 1;
    }
    tick
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn a_scene_that_is_resumed_goes_on_as_if_it_had_never_ended(
        (mut scene, mut next) in scene(),
        before in vec(step(), 1..10),
        last in vec(prop_oneof![3 => steering(), 1 => step()], 0..4),
        at_once in option::weighted(0.3, prop_oneof![steering(), step()]),
        after in vec(step(), 1..10),
    ) {
        // What triggers have heard before is not kept.
        scene.triggers.retain(|trigger| !matches!(trigger.on, Cause::AudioLevel { .. }));
        let mut original = compositor();
        run(&mut original, 0, &[Edit::LoadScene { scene: Box::new(scene) }]);
        prop_assert!(original.finish_loading(Instant::now() + Duration::from_secs(60)));
        let mut tick = 1;
        for step in &before {
            tick = play(&mut [&mut original], step, tick, &mut next);
        }
        // All of these on one tick.
        let scene = original.snapshot().scene;
        for step in &last {
            original.submit(tick, edits(step, &scene, &mut next));
        }
        run(&mut original, tick, &[]);

        let now = seconds(tick);
        let batch = at_once.map(|step| edits(&step, &original.snapshot().scene, &mut next)).unwrap_or_default();
        let mut resumed = another_run(&mut original, tick, &batch);
        // At the same moment, and once more for both: what was steered on the last tick itself is followed up on the next.
        original.submit(tick, batch);
        original.hear(vec![heard(tick)]);
        original.tick(tick + 1, now);
        // A scene that was just loaded has heard nothing yet.
        original.hear(vec![heard(tick)]);
        resumed.hear(vec![heard(tick)]);
        original.tick(tick + 2, now);
        resumed.tick(1, now);
        tick += 3;
        prop_assert!(resumed.picture().data == original.picture().data, "right after it was resumed at {now} s");
        prop_assert_eq!(standing(&mut resumed), standing(&mut original));

        for step in std::iter::once(&Step::Wait(3)).chain(&after) {
            tick = play(&mut [&mut original, &mut resumed], step, tick, &mut next);
            prop_assert_eq!(resumed.snapshot().scene, original.snapshot().scene, "before tick {}", tick);
            prop_assert_eq!(standing(&mut resumed), standing(&mut original), "before tick {}", tick);
            prop_assert!(resumed.picture().data == original.picture().data, "before tick {tick}");
        }
    }
}

/// A bar that a timeline moves which does not say from where, and a sound that it fades.
fn moved(animation: &Value) -> SceneDocument {
    let scene = json!({
        "canvas": { "width": 200, "height": 150 },
        "layers": [{ "id": "bar", "content": { "type": "color", "color": "#fff", "size": { "width": 20, "height": 150 } },
            "transform": { "position": { "x": 20, "y": 0 } } }],
        "audio": { "tracks": [{ "id": "hum", "source": { "type": "tone", "frequency": 440 }, "volume": 0.5 }] },
        "timelines": [{ "id": "go", "autoplay": false, "steps": [{ "type": "parallel", "steps": [
            { "type": "animate", "layer": "bar", "animation": animation },
            { "type": "animateTrack", "track": "hum", "animation": { "property": "volume", "to": 0, "duration": 4 } },
        ] }] }],
    });
    SceneDocument::from_value(scene, &LIMITS).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// A timeline that goes on from where it is has taken nothing over when it was steered at the last moment.
#[test]
fn what_was_steered_just_before_goes_on_from_there() {
    let steer = |control| Edit::ControlTimeline { id: TimelineId::new("go").unwrap(), control };
    let steered = [
        vec![TimelineControl::Pause, TimelineControl::Play],
        vec![TimelineControl::Rate { rate: 1.5 }],
        vec![TimelineControl::Seek { to: SeekTarget::Seconds(2.5) }],
        vec![TimelineControl::Reverse],
    ];
    for animation in [
        json!({ "property": "transform.position.x", "to": 170, "duration": 4 }),
        json!({ "property": "transform.position", "by": { "x": 150, "y": 0 }, "spring": { "duration": 2 } }),
    ] {
        for controls in &steered {
            let mut original = compositor();
            run(&mut original, 0, &[Edit::LoadScene { scene: Box::new(moved(&animation)) }]);
            run(&mut original, 1, &[steer(TimelineControl::Play)]);
            let edits: Vec<Edit> = controls.iter().cloned().map(steer).collect();
            run(&mut original, 40, &edits);
            let mut resumed = another_run(&mut original, 40, &[]);
            for tick in [40, 45, 60, 90] {
                for compositor in [&mut original, &mut resumed] {
                    run(compositor, tick, &[]);
                }
                assert!(resumed.picture().data == original.picture().data, "{animation} {controls:?} at tick {tick}");
                let seconds = resumed.motion().seconds;
                assert_eq!(resumed.mix_at(seconds), original.mix_at(seconds), "{controls:?} at tick {tick}");
                assert_eq!(standing(&mut resumed), standing(&mut original), "{controls:?} at tick {tick}");
            }
        }
    }
}

/// What somebody does on the very tick on which a scene goes on is done to what goes on.
#[test]
fn what_is_edited_on_the_tick_of_a_resume_takes_over() {
    let layer = |id: &str, y: u32, more: Value| {
        let mut layer = json!({ "id": id, "transform": { "position": { "x": 20, "y": y } },
            "content": { "type": "color", "color": "#fff", "size": { "width": 20, "height": 50 } } });
        layer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        layer
    };
    let right = |to: u32| json!({ "property": "transform.position.x", "to": to, "duration": 4 });
    let timeline =
        |to: u32| json!({ "id": "go", "steps": [{ "type": "animate", "layer": "timed", "animation": right(to) }] });
    let smooth = json!({ "property": "transform.position", "duration": 2 });
    let volume = |to: f64| json!({ "property": "volume", "to": to, "duration": 4 });
    let scene = json!({
        "canvas": { "width": 200, "height": 150 },
        "layers": [
            layer("animated", 0, json!({ "animations": [right(170)] })),
            layer("timed", 50, json!({})),
            layer("smooth", 100, json!({ "transitions": [smooth], "animations": [right(120)] })),
        ],
        "audio": { "tracks": [{ "id": "hum", "source": { "type": "tone", "frequency": 440 }, "animations": [volume(0.1)] }] },
        "timelines": [timeline(170)],
    });
    let scene = SceneDocument::from_value(scene, &LIMITS).unwrap_or_else(|faults| panic!("{faults:#?}"));
    for edit in [
        json!({ "op": "addAnimation", "id": "animated", "animation": right(0) }),
        json!({ "op": "removeAnimation", "id": "smooth", "index": 0 }),
        json!({ "op": "patchLayer", "id": "smooth", "patch": { "transform": { "position": { "x": 100 } }, "animations": [] } }),
        json!({ "op": "putTimeline", "timeline": timeline(0) }),
        json!({ "op": "controlTimeline", "id": "go", "control": { "type": "reverse" } }),
        json!({ "op": "addSoundAnimation", "track": "hum", "animation": volume(1.0) }),
    ] {
        let edit: Edit = serde_json::from_value(edit).unwrap();
        let mut original = compositor();
        run(&mut original, 0, &[Edit::LoadScene { scene: Box::new(scene.clone()) }]);
        run(&mut original, 40, &[]);
        let (before, heard) = (original.picture().data, original.mix_at(seconds(40)));
        let mut resumed = another_run(&mut original, 40, std::slice::from_ref(&edit));
        run(&mut original, 40, std::slice::from_ref(&edit));
        assert!(original.picture().data == before && original.mix_at(seconds(40)) == heard, "{edit:?} makes no jump");
        for tick in [40, 41, 50, 60, 90] {
            for compositor in [&mut original, &mut resumed] {
                run(compositor, tick, &[]);
            }
            assert!(resumed.picture().data == original.picture().data, "{edit:?} at tick {tick}");
            assert_eq!(resumed.mix_at(seconds(tick)), original.mix_at(seconds(tick)), "{edit:?} at tick {tick}");
            assert_eq!(standing(&mut resumed), standing(&mut original), "{edit:?} at tick {tick}");
        }
    }
}
