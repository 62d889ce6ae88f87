//! Scenes that give way to one another: how each transition looks, that it depends on time alone, and what ends it.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

mod beginning;
mod between;
mod ends;
mod living;
mod looks;
mod properties;
#[path = "../support/random.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod random;
mod stage;
mod steered;
#[path = "../support/mod.rs"]
mod support;

use components::{AssetId, Edit, HeldChange, LayerId, Transition};
use serde_json::json;
use stage::*;

#[test]
fn what_a_transition_shows_must_be_an_asset_of_the_scene_that_comes() {
    let mut stage = Stage::new(1, morning());
    stage.hold("evening", with_stinger("names"));
    let faults = |stage: &mut Stage, edit: Edit| {
        let rejected = stage.edit(vec![edit]).outcomes.remove(0).1.unwrap_err();
        rejected.faults().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    for (asset, said) in [("swosh", "swoosh"), ("voice", "of type `\"audio\"`")] {
        let told = faults(&mut stage, activate("evening", &json!({ "type": "stinger", "asset": asset })));
        assert!(told.starts_with("/edits/0/transition/asset: ") && told.contains(said), "{told}");
        let mut scene = with_stinger("names");
        scene.transition = serde_json::from_value(json!({ "type": "stinger", "asset": asset })).unwrap();
        let told = faults(&mut stage, Edit::PutScene { id: scene_id("night"), scene: Box::new(scene) });
        assert!(told.starts_with("/edits/0/scene/transition/asset: ") && told.contains(said), "{told}");
    }
    // An asset that the scene's own transition shows is in use.
    let mut scene = with_stinger("names");
    scene.transition = serde_json::from_value(json!({ "type": "stinger", "asset": "swoosh" })).unwrap();
    stage.hold("evening", scene);
    stage.activate("evening", json!({ "type": "cut" }));
    let told = faults(&mut stage, Edit::DeleteAsset { id: AssetId::new("swoosh").unwrap() });
    assert!(told.contains("/transition/asset"), "{told}");
}

#[test]
fn documents_change_at_once_and_the_picture_follows() {
    let mut stage = Stage::with_two();
    let before = stage.picture();
    let report = stage.activate("evening", json!({ "type": "fade", "duration": 1 }));
    assert!(report.diff.is_some(), "clients know of the scene at once");
    let told = report.scenes.last().cloned();
    assert!(matches!(told, Some(HeldChange::Activated { transition: Transition::Fade { .. }, .. })), "{told:?}");
    assert_eq!(stage.compositor.snapshot().scene.layers, evening().layers);
    assert!(stage.picture() == before);

    // The scene that comes is a living one: an edit of it is seen through the fade.
    stage.play(10);
    let mut other = Stage::with_two();
    other.activate("evening", json!({ "type": "fade", "duration": 1 }));
    other.play(9);
    other.edit(vec![Edit::PatchLayer { id: LayerId::new("title").unwrap(), patch: json!({ "visible": false }) }]);
    let (with, without) = (stage.picture(), other.picture());
    assert!(with != without && with != before);

    // To bring it on air again changes nothing.
    stage.activate("evening", json!({ "type": "cut" }));
    assert!(stage.picture() != stage.alone(), "it still fades");
    stage.play(30);
    assert!(stage.picture() == stage.alone());
}

#[test]
fn a_scene_says_how_it_comes_on_air_unless_somebody_says_otherwise() {
    let mut stage = Stage::with_two();
    let mut fading = evening();
    fading.transition = serde_json::from_value(json!({ "type": "fade", "duration": 0.5 })).unwrap();
    stage.hold("evening", fading);
    let before = stage.picture();
    let report = stage.edit(vec![Edit::ActivateScene { id: scene_id("evening"), transition: None }]);
    assert!(matches!(report.scenes.last(), Some(HeldChange::Activated { transition: Transition::Fade { .. }, .. })));
    assert!(stage.picture() == before);
    stage.play(10);
    assert!(stage.picture() == stage.alone());
    // The other one says nothing: a cut.
    stage.edit(vec![Edit::ActivateScene { id: scene_id("main"), transition: None }]);
    assert!(stage.picture() == before);
    stage.activate("evening", json!({ "type": "cut" }));
    assert!(stage.picture() == stage.alone());
}

#[test]
fn scene_time_that_stands_still_holds_it() {
    let mut stage = Stage::with_two();
    stage.activate("evening", json!({ "type": "wipe", "duration": 1 }));
    stage.play(7);
    let held = stage.picture();
    let now = seconds(stage.next - 1);
    for tick in 0..3 {
        let report = stage.compositor.tick(stage.next + tick, now);
        assert!(report.damage.is_empty() && report.frame.is_none());
    }
    assert!(stage.picture() == held);
}

/// Frames that are left out change none of the others.
#[test]
fn pictures_follow_from_time_not_from_frames() {
    for way in ["fade", "push", "wipe", "zoom", "dissolve"] {
        let transition = json!({ "type": way, "duration": 1, "easing": "easeInOut" });
        let (mut every, mut some) = (Stage::with_two(), Stage::with_two());
        every.activate("evening", transition.clone());
        some.activate("evening", transition);
        for _ in 0..5 {
            every.play(4);
            some.next += 3;
            some.tick();
            assert!(every.picture() == some.picture(), "{way}");
        }
    }
}
