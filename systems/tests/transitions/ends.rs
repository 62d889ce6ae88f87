//! What ends a transition, and what it leaves.

use std::time::Instant;

use components::{AssetId, Edit};
use serde_json::json;

use crate::stage::*;

#[test]
fn a_stinger_that_does_not_come_holds_nothing_up() {
    let mut scene = with_stinger("absent");
    scene.assets[0].path = "gone.gif".into();
    let mut stage = Stage::new(1, morning());
    stage.hold("evening", scene);
    stage.activate("evening", json!({ "type": "stinger", "asset": "swoosh", "duration": 0.4, "cutAt": 0.5 }));
    let alone = stage.alone();
    // A second at most that it is waited for, and its own time.
    stage.play(28);
    assert!(stage.picture() == alone);
}

#[test]
fn a_stinger_plays_on_where_its_picture_is_deleted() {
    let play = |deletes: bool| {
        let mut stage = Stage::new(1, morning());
        stage.hold("evening", with_stinger(if deletes { "deleted" } else { "kept" }));
        stage.activate("evening", json!({ "type": "stinger", "asset": "swoosh", "duration": 0.8, "cutAt": 0.5 }));
        assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
        stage.next -= 1;
        stage.play(4);
        if deletes {
            let report = stage.edit(vec![Edit::DeleteAsset { id: AssetId::new("swoosh").unwrap() }]);
            assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
        } else {
            stage.tick();
        }
        let mut pictures = Vec::new();
        for _ in 0..14 {
            pictures.push(stage.picture());
            stage.tick();
        }
        pictures
    };
    assert!(play(true) == play(false));
}

#[test]
fn what_ends_a_transition_leaves_nothing_behind() {
    let fade = || json!({ "type": "fade", "duration": 1 });
    let begun = || {
        let mut stage = Stage::with_two();
        stage.activate("evening", fade());
        stage.play(5);
        assert!(stage.compositor.is_moving());
        assert!(stage.picture() != stage.alone());
        stage
    };
    let over = |stage: &mut Stage, why: &str| {
        assert!(stage.picture() == stage.alone(), "{why}");
        let report = stage.tick();
        assert!(report.damage.is_empty() && report.frame.is_none(), "{why}: a still picture is drawn again");
        assert!(!stage.compositor.is_moving(), "{why}");
    };
    // Its time.
    let mut stage = begun();
    let last = (0..15).filter_map(|_| stage.tick().frame).last().unwrap();
    assert_eq!(last.damage.len(), last.damage.capacity(), "the last frame of it is one of the whole scene");
    over(&mut stage, "time");
    // A cut, back or to a scene that is loaded.
    let mut stage = begun();
    stage.activate("main", json!({ "type": "cut" }));
    over(&mut stage, "a cut");
    let mut stage = begun();
    stage.edit(vec![Edit::LoadScene { scene: Box::new(morning()) }]);
    over(&mut stage, "another scene");
    // Scene time that jumps, forwards or back.
    for jump in [1000, 0] {
        let mut stage = begun();
        stage.next = jump;
        stage.tick();
        over(&mut stage, "a jump");
    }
    // Frames of another size.
    let mut stage = begun();
    stage.compositor.resize(WIDTH / 2, HEIGHT / 2);
    stage.tick();
    let resized = stage.picture();
    stage.compositor.redraw();
    stage.tick();
    assert!(stage.picture() == resized && !stage.compositor.is_moving());
    // A new start of the service: the scene is seen by itself.
    let mut stage = begun();
    let mut resumed = compositor(1);
    let (motion, scene) = (stage.compositor.motion(), stage.compositor.snapshot().scene);
    let now = motion.seconds;
    resumed.resume(0, scene, motion);
    resumed.tick(0, now);
    assert!(resumed.picture().data == stage.alone());
}
