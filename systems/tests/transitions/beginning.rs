//! A scene that comes on air plays from its beginning, with its moving pictures and tickers: what is seen of it is what is
//! seen of the scene alone, however long the stream has run by then.

use std::time::Instant;

use components::{Edit, LayerDocument, SceneDocument};
use proptest::prelude::*;
use serde_json::{Value, json};
use systems::clock::Motion;

use crate::{
    random::{self, config},
    stage::*,
};

/// A picture that plays once in 0.8 s, and a ticker.
fn clip(folder: &str) -> SceneDocument {
    let stinger = with_stinger(folder);
    let layers = json!([
        { "id": "once", "transform": { "position": { "x": 6, "y": 6 } }, "content": { "type": "animatedImage",
            "asset": "swoosh", "repeat": 1, "size": { "width": 180, "height": 40 } } },
        { "id": "line", "transform": { "position": { "x": 6, "y": 60 } }, "content": { "type": "text", "width": 180,
            "text": "This just in:", "fill": "#fff", "font": { "size": 24 }, "ticker": { "speed": 50, "gap": 20 } } },
    ]);
    let layers = serde_json::from_value(layers).unwrap();
    SceneDocument { layers, assets: stinger.assets, folder: stinger.folder, ..document("#203040", json!([])) }
}

/// The clip alone, so long after it began.
fn alone(clip: &SceneDocument, seconds: f64) -> Vec<u8> {
    let mut stage = Stage::new(1, clip.clone());
    assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
    stage.compositor.tick(1, seconds);
    stage.picture()
}

/// For a second, what is on air is the clip alone, beginning on the last tick with what is seen so long after it began.
fn assert_plays(stage: &mut Stage, clip: &SceneDocument, from: f64) {
    assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
    stage.next -= 1;
    for tick in 0..=20_u32 {
        stage.tick();
        let elapsed = from + f64::from(tick) / FPS;
        assert!(stage.picture() == alone(clip, elapsed), "{elapsed} s after it began");
    }
}

/// Another scene on air for 5.15 s, the clip waiting.
fn late(first: SceneDocument, clip: &SceneDocument) -> Stage {
    let mut stage = Stage::new(1, first);
    stage.hold("clip", clip.clone());
    stage.play(101);
    stage
}

#[test]
fn one_that_is_activated_plays_from_its_beginning() {
    let clip = clip("activated");
    let mut stage = late(morning(), &clip);
    stage.activate("clip", json!({ "type": "cut" }));
    assert_plays(&mut stage, &clip, 0.0);
    // Once more.
    stage.activate("main", json!({ "type": "cut" }));
    stage.activate("clip", json!({ "type": "cut" }));
    assert_plays(&mut stage, &clip, 0.0);
    // And loaded in its own place.
    let load = Edit::LoadScene { scene: Box::new(clip.clone()) };
    stage.edit(vec![load]);
    assert_plays(&mut stage, &clip, 0.0);
    // What is put in its place goes on: it has ended by now.
    let put = Edit::PutScene { id: scene_id("clip"), scene: Box::new(clip.clone()) };
    stage.edit(vec![put]);
    assert_plays(&mut stage, &clip, 21.0 / FPS);
}

#[test]
fn one_that_a_trigger_brings_begins_at_the_triggers_time() {
    let mut first = morning();
    first.timelines =
        serde_json::from_value(json!([{ "id": "stay", "steps": [{ "type": "wait", "seconds": 5.217 }] }])).unwrap();
    first.triggers = serde_json::from_value(json!([{ "on": { "type": "timelineEnd", "timeline": "stay" },
        "do": [{ "type": "activate", "scene": "clip", "transition": { "type": "cut" } }] }]))
    .unwrap();
    let clip = clip("triggered");
    let mut stage = late(first, &clip);
    stage.play(3);
    assert_eq!(stage.compositor.scenes().active, scene_id("clip"));
    assert_plays(&mut stage, &clip, 5.25 - 5.217);
}

#[test]
fn one_that_is_resumed_goes_on_from_where_it_began() {
    let clip = clip("resumed");
    let mut stage = late(morning(), &clip);
    stage.activate("clip", json!({ "type": "cut" }));
    stage.play(6);
    let written = serde_json::to_value(stage.compositor.motion()).unwrap();
    let motion: Motion = serde_json::from_value(written.clone()).unwrap();
    let scene = SceneDocument { folder: clip.folder.clone(), ..stage.compositor.snapshot().scene };
    let mut resumed = Stage { compositor: compositor(1), next: stage.next - 1 };
    resumed.compositor.resume(0, scene, motion);
    resumed.tick();
    assert_plays(&mut resumed, &clip, 6.0 / FPS);

    // States of earlier versions do not tell.
    let mut old: Value = written;
    old.as_object_mut().unwrap().remove("origin").unwrap();
    assert_eq!(serde_json::from_value::<Motion>(old).unwrap().origin, 0.0);
}

#[test]
fn one_that_leaves_goes_on_from_where_it_began() {
    let clip = clip("leaving");
    let mut stage = late(morning(), &clip);
    stage.hold("evening", evening());
    stage.activate("clip", json!({ "type": "cut" }));
    assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
    stage.play(4);
    // Hard edges: but for those on the edge each pixel is one of the one scene or of the other.
    stage.activate("evening", json!({ "type": "wipe", "angle": 90, "softness": 0, "duration": 1.6 }));
    let comes = stage.alone();
    let before = alone(&clip, 5.0 / FPS);
    for tick in 1..14_u32 {
        stage.tick();
        let there = alone(&clip, f64::from(5 + tick) / FPS);
        let seen = stage.picture();
        let (mut mixed, mut moved) = (0, 0);
        for ((seen, there), (comes, before)) in
            seen.chunks(4).zip(there.chunks(4)).zip(comes.chunks(4).zip(before.chunks(4)))
        {
            mixed += usize::from(seen != there && seen != comes);
            moved += usize::from(seen == there && seen != comes && seen != before);
        }
        assert!(mixed <= 2 * WIDTH, "tick {tick}: {mixed} pixels are of neither");
        assert!(moved > 50, "tick {tick}: {moved} pixels have moved");
    }
}

/// Layers on top of a random scene that are seen to move by themselves.
fn moving_layers() -> Vec<LayerDocument> {
    let layers = json!([
        { "id": "moving-picture", "zIndex": 1000, "content": { "type": "animatedImage", "asset": "moving",
            "speed": 0.5, "repeat": 2, "size": { "width": 60, "height": 40 } } },
        { "id": "moving-line", "zIndex": 1000, "content": { "type": "text", "width": 100, "text": "On and on",
            "font": { "size": 20 }, "ticker": { "speed": 37, "gap": 20 } } },
    ]);
    serde_json::from_value(layers).unwrap()
}

proptest! {
    #![proptest_config(config(30))]

    /// Of any scene, whenever it comes on air.
    #[test]
    fn any_scene_plays_from_its_beginning(
        (scene, _) in random::scene(),
        late in 1..300_u64,
        ticks in proptest::collection::vec(1..12_u64, 1..5),
    ) {
        let mut scene = scene;
        scene.layers.extend(moving_layers());
        let mut alone = Stage::new(1, scene.clone());
        let mut live = Stage::new(1, morning());
        live.hold("second", scene);
        live.next = late;
        live.activate("second", json!({ "type": "cut" }));
        for stage in [&mut alone, &mut live] {
            prop_assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
        }
        let mut elapsed = 0;
        for ticks in ticks {
            elapsed += ticks;
            for (stage, from) in [(&mut alone, 0), (&mut live, late)] {
                stage.next = from + elapsed;
                stage.tick();
            }
            prop_assert!(live.picture() == alone.picture(), "{} ticks after it began on tick {}", elapsed, late);
        }
    }
}
