//! What a tick does, seen from outside: what is drawn and what is not, what is refused, and what clients are told.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

#[path = "support/random.rs"]
mod random;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bevy_ecs::{
    schedule::{LogLevel, ScheduleBuildSettings},
    world::World,
};
use components::{
    Edit, HeldChange, LayerChange, LayerDocument, LayerId, SceneDiff, SceneDocument, SceneId, SceneSnapshot,
    document::merge_patch, edit::EditRejected,
};
use image::{Rgba, RgbaImage};
use proptest::{collection::vec, prelude::*};
use random::{LIMITS, Step, config, edits, scene, step};
use serde_json::{Value, json};
use systems::{
    Compositor, CompositorSettings, Quality, RenderQuality, TickReport, rasterise::Patience, schedule::tick_schedule,
};

const WIDTH: usize = 128;
const HEIGHT: usize = 96;
const SETTINGS: CompositorSettings =
    CompositorSettings { width: WIDTH, height: HEIGHT, max_layers: 100, pool_size: 3, threads: Some(1) };
const DEADLINE: Duration = Duration::from_secs(60);
const RED: [u8; 4] = [255, 0, 0, 255];
const GREEN: [u8; 4] = [0, 255, 0, 255];

/// A compositor, and which tick comes next.
struct Stage {
    compositor: Compositor,
    next: u64,
}

impl Stage {
    fn new(settings: CompositorSettings) -> Self {
        Self { compositor: Compositor::new(settings), next: 0 }
    }

    /// Its first tick has drawn a scene of these layers on a canvas of the frame's size.
    fn with(layers: Value) -> Self {
        let mut stage = Self::new(SETTINGS);
        let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(document(layers)) }]);
        assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
        stage
    }

    #[expect(clippy::cast_precision_loss, reason = "a few ticks")]
    fn tick(&mut self) -> TickReport {
        self.next += 1;
        self.compositor.tick(self.next - 1, (self.next - 1) as f64 / 10.0)
    }

    /// A tick with a batch of edits.
    fn edit(&mut self, edits: Vec<Edit>) -> TickReport {
        self.compositor.submit(self.next, edits);
        self.tick()
    }

    /// The tick refuses the batch, and nothing else comes of it.
    fn refused(&mut self, edits: Vec<Edit>) -> EditRejected {
        let before = self.compositor.snapshot();
        let mut report = self.edit(edits);
        let after = self.compositor.snapshot();
        assert_eq!((before.scene, before.seq), (after.scene, after.seq), "a refused batch changed the scene");
        assert!(report.diff.is_none(), "{:?}", report.diff);
        assert_still(&report);
        report.outcomes.pop().unwrap().1.expect_err("the batch should have been refused").reason
    }

    fn pixel(&self, x: usize, y: usize) -> [u8; 4] {
        self.compositor.picture().data.as_chunks().0[y * WIDTH + x]
    }
}

fn document(layers: Value) -> SceneDocument {
    serde_json::from_value(json!({ "canvas": { "width": WIDTH, "height": HEIGHT }, "layers": layers })).unwrap()
}

/// A box of one colour, its top left corner at (`x`, `y`).
fn block(id: &str, color: &str, (x, y): (i32, i32), (width, height): (u32, u32)) -> Value {
    json!({
        "id": id,
        "transform": { "position": { "x": x, "y": y } },
        "content": { "type": "color", "color": color, "size": { "width": width, "height": height } },
    })
}

fn id(text: &str) -> LayerId {
    LayerId::new(text).unwrap()
}

fn patch(layer: &str, patch: Value) -> Edit {
    Edit::PatchLayer { id: id(layer), patch }
}

fn create(layer: Value, parent: Option<&str>) -> Edit {
    Edit::CreateLayer { layer: Box::new(serde_json::from_value(layer).unwrap()), parent: parent.map(id), index: None }
}

fn assert_still(report: &TickReport) {
    assert!(
        report.damage.is_empty() && report.frame.is_none() && !report.starved && report.rasterised == 0,
        "{report:?}"
    );
}

#[test]
fn no_two_systems_of_a_tick_may_run_in_either_order() {
    let mut schedule = tick_schedule();
    schedule.set_build_settings(ScheduleBuildSettings {
        ambiguity_detection: LogLevel::Error,
        ..ScheduleBuildSettings::default()
    });
    schedule.initialize(&mut World::new()).unwrap();
}

#[test]
fn a_still_scene_is_drawn_once() {
    let mut stage = Stage::new(SETTINGS);
    let mut moving = block("moving", "#00f", (0, 0), (20, 20));
    moving["animations"] = json!([{ "property": "transform.position.x", "from": 0, "to": 50, "duration": 0.5 }]);
    let group = json!({
        "id": "group", "opacity": 0.5, "mask": { "shape": { "type": "ellipse", "width": 60, "height": 60 } },
        "content": { "type": "group" }, "children": [block("inside", "#f00", (0, 0), (40, 40))],
    });
    let text = json!({ "id": "text", "content": { "type": "text", "text": "still" }, "blend": "screen" });
    let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(document(json!([moving, group, text]))) }]);
    assert_eq!((report.damage.len(), report.layer_count, report.starved), (report.damage.capacity(), 4, false));
    assert_eq!(report.frame.map(|frame| frame.tick), Some(0));
    assert_eq!(report.diff.map(|diff| diff.seq), Some(1));
    // The last step of the movement, and the tick on which what has ended stands on whole pixels.
    for _ in 1..=6 {
        assert!(stage.tick().diff.is_none());
    }
    for _ in 0..3 {
        let report = stage.tick();
        assert_still(&report);
        assert!(report.diff.is_none());
    }
    // What is written anew as it was is no change either.
    let report = stage.edit(vec![patch("text", json!({ "opacity": 1 }))]);
    assert!(report.outcomes[0].1.is_ok() && report.diff.is_none());
    assert_still(&report);
}

#[test]
fn a_batch_is_carried_out_as_a_whole_or_not_at_all() {
    let group = json!({ "id": "group", "content": { "type": "group" }, "children": [] });
    let mut stage = Stage::with(json!([block("first", "#f00", (0, 0), (30, 30)), group]));
    let good = || patch("first", json!({ "opacity": 0.5 }));
    let new = || block("new", "#0f0", (0, 0), (5, 5));

    assert_eq!(
        stage.refused(vec![good(), patch("frist", json!({ "opacity": 1 }))]).to_string(),
        "there is no layer `frist` in the scene; did you mean `first`?"
    );
    assert_eq!(
        stage.refused(vec![create(new(), None), create(new(), Some("group"))]),
        EditRejected::DuplicateLayer { id: id("new") }
    );
    assert_eq!(stage.refused(vec![good(), create(new(), Some("first"))]), EditRejected::NotAGroup { id: id("first") });
    let deleted = vec![Edit::DeleteLayer { id: id("group") }, create(new(), Some("group"))];
    assert!(matches!(stage.refused(deleted), EditRejected::UnknownLayer { .. }));
    for (bad, pointer) in [
        (json!({ "opacity": 2 }), "/opacity"),
        (json!({ "id": "other" }), "/id"),
        (json!({ "content": { "type": "image", "asset": "nowhere", "color": null } }), "/content/asset"),
        (json!({ "children": [new()] }), "/children"),
    ] {
        let EditRejected::Invalid { faults } = stage.refused(vec![good(), patch("first", bad.clone())]) else {
            panic!("{bad} was refused otherwise");
        };
        assert_eq!(faults[0].pointer, pointer, "{faults:?}");
    }

    let report = stage.edit(vec![good(), create(new(), Some("group")), patch("new", json!({ "opacity": 0.25 }))]);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert!(report.frame.is_some() && report.diff.is_some());
    let scene = stage.compositor.snapshot().scene;
    assert_eq!((scene.layers[0].opacity.0, scene.layers[1].children[0].opacity.0), (0.5, 0.25));
}

#[test]
fn what_a_scene_may_hold_is_limited() {
    let mut stage = Stage::new(CompositorSettings { max_layers: 3, ..SETTINGS });
    let layers = |count: usize| -> Value {
        (0..count).map(|at| block(&format!("l{at}"), "#f00", (0, 0), (9, 9))).collect::<Vec<_>>().into()
    };
    let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(document(layers(3))) }]);
    assert!(report.outcomes[0].1.is_ok());
    assert_eq!(
        stage.refused(vec![create(block("more", "#f00", (0, 0), (9, 9)), None)]).to_string(),
        "the scene would have 4 layers, but MAX_LAYERS allows 3; remove some, or raise MAX_LAYERS (up to 1000)"
    );
    let EditRejected::Invalid { faults } =
        stage.refused(vec![Edit::LoadScene { scene: Box::new(document(layers(4))) }])
    else {
        panic!("refused otherwise");
    };
    assert!(faults[0].to_string().contains("MAX_LAYERS"), "{faults:?}");
    // One goes, one comes.
    let swap = vec![Edit::DeleteLayer { id: id("l1") }, create(block("more", "#f00", (0, 0), (9, 9)), None)];
    assert!(stage.edit(swap).outcomes[0].1.is_ok());

    // Groups within groups, one edit at a time.
    let mut stage = Stage::with(json!([]));
    let group = |name: usize| json!({ "id": format!("g{name}"), "content": { "type": "group" }, "children": [] });
    assert!(stage.edit(vec![create(group(1), None)]).outcomes[0].1.is_ok());
    for depth in 2..=16 {
        let edit = create(group(depth), Some(&format!("g{}", depth - 1)));
        assert!(stage.edit(vec![edit]).outcomes[0].1.is_ok(), "{depth} groups were refused");
    }
    let EditRejected::Invalid { faults } = stage.refused(vec![create(group(17), Some("g16"))]) else {
        panic!("refused otherwise");
    };
    assert_eq!(faults[0].expected, "at most 16 groups in each other");
}

#[test]
fn what_cannot_be_seen_is_not_rasterised_until_it_can() {
    let full = (WIDTH as u32, HEIGHT as u32);
    let mut hidden = block("hidden", "#0f0", (8, 8), (20, 20));
    hidden["visible"] = json!(false);
    hidden["zIndex"] = json!(2);
    let mut stage = Stage::new(SETTINGS);
    let report = stage.edit(vec![Edit::LoadScene { scene: Box::new(document(json!([
        block("below", "#ff0", (0, 0), full),
        { "id": "group", "opacity": 0.9, "content": { "type": "group" }, "children": [block("member", "#ff0", (4, 4), (50, 50))] },
        block("cover", "#f00", (0, 0), full),
        block("outside", "#0f0", (500, 10), (20, 20)),
        hidden,
    ]))) }]);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert_eq!(
        (report.rasterised, stage.pixel(10, 10)),
        (1 + 1, RED),
        "only the cover, and the group, which has no mask"
    );

    let report = stage.edit(vec![patch("below", json!({ "content": { "color": "#0f0" } }))]);
    assert!(report.diff.is_some());
    assert_still(&report);

    let report = stage.edit(vec![patch("hidden", json!({ "visible": true }))]);
    assert_eq!((report.rasterised, report.damage.len(), stage.pixel(10, 10)), (1, 1, GREEN));
    let report = stage.edit(vec![patch("outside", json!({ "transform": { "position": { "x": 70 } } }))]);
    assert_eq!((report.rasterised, stage.pixel(80, 20)), (1, GREEN));

    // What was hidden changed in the meantime.
    let report = stage.edit(vec![patch("cover", json!({ "visible": false }))]);
    assert_eq!((report.damage.len(), stage.pixel(100, 90)), (report.damage.capacity(), GREEN));
    assert_eq!(report.rasterised, 2, "what was below, and the member of the group");
    // Pictures are kept while they are out of sight.
    for (layer, visible) in [("cover", true), ("cover", false), ("hidden", false), ("hidden", true)] {
        let report = stage.edit(vec![patch(layer, json!({ "visible": visible }))]);
        assert_eq!(report.rasterised, 0, "{layer}: {visible}");
    }
}

#[test]
fn a_cover_that_is_not_opaque_everywhere_hides_nothing() {
    let full = (WIDTH as u32, HEIGHT as u32);
    let mut stage = Stage::with(json!([block("below", "#0f0", (0, 0), full), block("cover", "#f00", (0, 0), full)]));
    for change in [
        json!({ "opacity": 0.5 }),
        json!({ "opacity": 1, "blend": "screen" }),
        json!({ "blend": "normal", "mask": { "shape": { "type": "ellipse", "width": 90, "height": 90 } } }),
        json!({ "mask": null, "transform": { "position": { "x": 0.5 } } }),
        json!({ "transform": { "position": { "x": 0 }, "rotation": 3 } }),
        json!({ "transform": { "rotation": 0 }, "effects": [{ "type": "blur", "radius": 2 }] }),
        json!({ "effects": [], "content": { "color": "#f00c" } }),
    ] {
        stage.edit(vec![patch("cover", change.clone())]);
        let [_, green, ..] = stage.pixel(0, 0);
        assert!(green > 0 || change["transform"]["position"]["x"] == 0.5, "{change}: {:?}", stage.pixel(0, 0));
    }
    stage.edit(vec![patch("cover", json!({ "content": { "color": "#f00" } }))]);
    assert_eq!(stage.pixel(0, 0), RED);
}

#[test]
fn a_frame_that_no_buffer_was_free_for_comes_later() {
    let mut stage = Stage::new(CompositorSettings { pool_size: 1, ..SETTINGS });
    let scene = document(json!([block("box", "#f00", (0, 0), (30, 30))]));
    let held = stage.edit(vec![Edit::LoadScene { scene: Box::new(scene) }]).frame;
    assert!(held.is_some());
    let report = stage.edit(vec![patch("box", json!({ "transform": { "position": { "x": 70, "y": 60 } } }))]);
    assert!(report.starved && report.frame.is_none() && !report.damage.is_empty());
    assert_eq!((stage.pixel(0, 0), stage.pixel(71, 61)), ([0, 0, 0, 255], RED), "the canvas itself is up to date");
    // Still held, and more changes.
    let report = stage.edit(vec![patch("box", json!({ "transform": { "position": { "x": 90 } } }))]);
    assert!(report.starved && report.frame.is_none());
    let report = stage.tick();
    assert!(report.starved && report.damage.is_empty());

    drop(held);
    let report = stage.tick();
    assert!(!report.starved && report.damage.is_empty());
    let late = report.frame.expect("a buffer is free again");
    assert_eq!(late.damage.len(), 3, "the tiles of all that was missed");
    let data = late.data().to_vec();
    drop(late);
    stage.compositor.redraw();
    let full = stage.tick().frame.expect("a full redraw makes a frame");
    assert!(full.data() == data, "the late frame is not the whole picture");
    drop(full);
    assert_still(&stage.tick());
}

#[test]
fn pictures_are_drawn_once_they_are_there() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ticks_assets");
    std::fs::create_dir_all(&folder).unwrap();
    RgbaImage::from_pixel(30, 20, Rgba(GREEN)).save(folder.join("green.png")).unwrap();
    let scene = SceneDocument {
        folder,
        ..serde_json::from_value(json!({
            "canvas": { "width": WIDTH, "height": HEIGHT },
            "assets": [
                { "id": "green", "type": "image", "path": "green.png" },
                { "id": "missing", "type": "image", "path": "missing.png" },
            ],
            "layers": [
                { "id": "green", "content": { "type": "image", "asset": "green" },
                  "transform": { "position": { "x": 10, "y": 10 } } },
                { "id": "missing", "content": { "type": "image", "asset": "missing", "size": { "width": 60, "height": 30 } },
                  "transform": { "position": { "x": 64, "y": 64 } } },
            ],
        }))
        .unwrap()
    };
    let mut stage = Stage::new(SETTINGS);
    stage.edit(vec![Edit::LoadScene { scene: Box::new(scene.clone()) }]);
    assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
    stage.tick();
    assert_eq!((stage.pixel(9, 10), stage.pixel(10, 10), stage.pixel(39, 29)), ([0, 0, 0, 255], GREEN, GREEN));
    assert_ne!(stage.pixel(90, 80), [0, 0, 0, 255], "a card tells of the picture that is missing");
    assert_still(&stage.tick());
    // The same assets in another scene are not loaded again, and there at once.
    stage.edit(vec![Edit::LoadScene { scene: Box::new(scene) }]);
    assert_eq!(stage.pixel(10, 10), GREEN);
}

fn scene_id(text: &str) -> SceneId {
    SceneId::new(text).unwrap()
}

fn put(id: &str, layers: Value) -> Edit {
    Edit::PutScene { id: scene_id(id), scene: Box::new(document(layers)) }
}

/// A box that moves to the right by 10 pixels a second.
fn runner(id: &str, color: &str) -> Value {
    let mut runner = block(id, color, (0, 0), (8, 8));
    runner["animations"] = json!([{ "property": "transform.position.x", "from": 0, "to": 100, "duration": 10 }]);
    runner
}

#[test]
fn a_scene_that_is_put_again_changes_only_where_it_differs() {
    let mut stage = Stage::with(json!([runner("runner", "#f00"), block("box", "#f00", (60, 60), (20, 20))]));
    for _ in 0..30 {
        stage.tick();
    }
    let red = |stage: &Stage| (0..WIDTH).position(|x| stage.pixel(x, 2) == RED);
    let before = red(&stage).unwrap();
    assert!(before >= 28, "it has run for three seconds: {before}");
    let report = stage.edit(vec![put(
        "main",
        json!([
            runner("runner", "#f00"),
            block("box", "#0f0", (60, 60), (20, 20)),
            block("more", "#0f0", (100, 60), (8, 8)),
        ]),
    )]);
    let changes = report.diff.unwrap().changes;
    assert!(matches!(changes.as_slice(), [LayerChange::Placed { .. }, LayerChange::Changed { .. }]), "{changes:?}");
    assert!(red(&stage).unwrap() > before, "the runner runs on");
    assert_eq!((stage.pixel(70, 70), stage.pixel(104, 64)), (GREEN, GREEN));

    // Loaded, it begins anew.
    let scene = Box::new(stage.compositor.snapshot().scene);
    stage.edit(vec![Edit::LoadScene { scene }]);
    assert_eq!(red(&stage), Some(0));
}

#[test]
fn scenes_are_held_and_brought_on_air() {
    let mut stage = Stage::with(json!([block("box", "#f00", (10, 10), (20, 20))]));
    let report = stage.edit(vec![put("second", json!([runner("runner", "#0f0")]))]);
    assert!(report.diff.is_none() && report.frame.is_none(), "a scene that waits changes nothing");
    assert!(matches!(report.scenes.as_slice(), [HeldChange::Put { id, .. }] if id.as_str() == "second"));

    // The scene that goes off air is held with what the same batch did to it before.
    let edits = vec![patch("box", json!({ "opacity": 0.5 })), Edit::ActivateScene { id: scene_id("second") }];
    let report = stage.edit(edits);
    let [HeldChange::Put { id, scene }, HeldChange::Activated { id: active }] = report.scenes.as_slice() else {
        panic!("{:?}", report.scenes);
    };
    assert_eq!((id.as_str(), active.as_str()), ("main", "second"));
    assert_eq!(serde_json::to_value(&scene.layers[0]).unwrap()["opacity"], 0.5);
    assert_eq!((stage.pixel(2, 2), stage.pixel(15, 15)), (GREEN, [0, 0, 0, 255]));
    for _ in 0..30 {
        stage.tick();
    }
    assert_eq!(stage.pixel(2, 2), [0, 0, 0, 255], "it runs");
    let none = stage.edit(vec![Edit::ActivateScene { id: scene_id("second") }]);
    assert!(none.outcomes[0].1.is_ok() && none.scenes.is_empty() && none.diff.is_none(), "it is on air already");

    // The picture goes on moving meanwhile.
    let refused =
        |stage: &mut Stage, edit: Edit| stage.edit(vec![edit]).outcomes.remove(0).1.unwrap_err().reason.to_string();
    assert!(refused(&mut stage, Edit::DeleteScene { id: scene_id("second") }).contains("on air"));
    assert!(refused(&mut stage, Edit::ActivateScene { id: scene_id("mian") }).contains("did you mean `main`?"));
    assert!(refused(&mut stage, Edit::DeleteScene { id: scene_id("x") }).contains("no scene `x`"));
    let faulty = put("third", json!([block("a", "#fff", (0, 0), (1, 1)), block("a", "#fff", (0, 0), (1, 1))]));
    refused(&mut stage, faulty);
    assert_eq!(stage.compositor.scenes().others.len(), 1);

    // Back again: the first as it was left, the second from its beginning when it comes the next time.
    stage.edit(vec![Edit::ActivateScene { id: scene_id("main") }]);
    assert_eq!(stage.pixel(15, 15), [128, 0, 0, 255]);
    stage.edit(vec![Edit::ActivateScene { id: scene_id("second") }]);
    assert_eq!(stage.pixel(2, 2), GREEN);
    stage.edit(vec![Edit::DeleteScene { id: scene_id("main") }]);
    assert!(stage.compositor.scenes().others.is_empty());
    for number in 0..100 {
        assert!(stage.edit(vec![put(&format!("s{number}"), json!([]))]).outcomes[0].1.is_ok());
    }
    assert!(refused(&mut stage, put("one-more", json!([]))).contains("100 scenes"));
}

#[test]
fn threads_of_an_encoder_may_hold_frames_of_the_past() {
    let mut stage = Stage::with(json!([block("box", "#f00", (0, 0), (30, 30))]));
    let mut held = Vec::new();
    for x in [40, 80] {
        let report = stage.edit(vec![patch("box", json!({ "transform": { "position": { "x": x } } }))]);
        let frame = report.frame.expect("the box moved");
        held.push((Arc::clone(&frame), frame.data().to_vec()));
    }
    stage.edit(vec![patch("box", json!({ "opacity": 0 }))]);
    for (frame, data) in held {
        assert!(frame.data() == data, "frame {} was written while it was held", frame.tick);
    }
}

/// What an edit makes of a scene, by the plainest way there is; it panics where the edit is not valid.
fn model(scene: &mut SceneDocument, edit: &Edit) {
    fn siblings<'a>(layers: &'a mut Vec<LayerDocument>, id: &LayerId) -> Option<(&'a mut Vec<LayerDocument>, usize)> {
        if let Some(at) = layers.iter().position(|layer| layer.id == *id) {
            return Some((layers, at));
        }
        layers.iter_mut().find_map(|layer| siblings(&mut layer.children, id))
    }
    let layers = &mut scene.layers;
    match edit {
        // The scene that is edited here is called `main`, and is the only one.
        Edit::LoadScene { scene: new } | Edit::PutScene { scene: new, .. } => *scene = new.as_ref().clone(),
        Edit::DeleteScene { .. } | Edit::ActivateScene { .. } => unreachable!("there is but one scene"),
        Edit::PutAsset { .. } | Edit::DeleteAsset { .. } => unreachable!("no asset is edited here"),
        Edit::SetCanvas { canvas } => scene.canvas = *canvas,
        Edit::SetAudio { audio } => scene.audio = audio.clone(),
        Edit::CreateLayer { layer, parent, index } => {
            let list = match parent {
                Some(parent) => {
                    let (list, at) = siblings(layers, parent).unwrap();
                    &mut list[at].children
                }
                None => layers,
            };
            list.insert(index.map_or(list.len(), |index| index.min(list.len())), layer.as_ref().clone());
        }
        Edit::ReplaceLayer { id, layer } => {
            let (list, at) = siblings(layers, id).unwrap();
            list[at] = layer.as_ref().clone();
        }
        Edit::PatchLayer { id, patch } => {
            let (list, at) = siblings(layers, id).unwrap();
            let mut value = serde_json::to_value(&list[at]).unwrap();
            merge_patch(&mut value, patch);
            list[at] = serde_json::from_value(value).unwrap();
        }
        Edit::DeleteLayer { id } => {
            let (list, at) = siblings(layers, id).unwrap();
            list.remove(at);
        }
        Edit::PutTimeline { timeline } => match scene.timelines.iter_mut().find(|known| known.id == timeline.id) {
            Some(known) => *known = timeline.as_ref().clone(),
            None => scene.timelines.push(timeline.as_ref().clone()),
        },
        Edit::DeleteTimeline { id } => scene.timelines.retain(|timeline| timeline.id != *id),
        Edit::MoveLayer { id, parent, index } => {
            let (list, at) = siblings(layers, id).unwrap();
            let layer = list[at].clone();
            let group = scene.walk().find(|group| group.children.iter().any(|child| child.id == *id));
            let parent = parent.clone().unwrap_or_else(|| group.map(|group| group.id.clone()));
            let (list, at) = siblings(&mut scene.layers, id).unwrap();
            list.remove(at);
            let list = match parent {
                Some(parent) => {
                    let (list, at) = siblings(&mut scene.layers, &parent).unwrap();
                    &mut list[at].children
                }
                None => &mut scene.layers,
            };
            list.insert(index.map_or(list.len(), |index| index.min(list.len())), layer);
        }
        Edit::OrderLayers { parent, order } => {
            let list = match parent {
                Some(parent) => {
                    let (list, at) = siblings(layers, parent).unwrap();
                    &mut list[at].children
                }
                None => layers,
            };
            // In the order of the picture, those that are named are handed out the places of the named.
            let mut places: Vec<(i32, usize)> =
                (0..list.len()).filter(|at| order.contains(&list[*at].id)).map(|at| (list[at].z_index.0, at)).collect();
            places.sort_unstable();
            let before = list.clone();
            for (id, (z_index, at)) in order.iter().zip(places) {
                list[at] = before.iter().find(|layer| layer.id == *id).unwrap().clone();
                list[at].z_index.0 = z_index;
            }
        }
        Edit::Expect { .. } => {}
        // Where a timeline stands is no part of the document.
        Edit::ControlTimeline { .. } | Edit::FireEvent { .. } => {}
    }
}

proptest! {
    #![proptest_config(config(200))]

    /// Edits do to the scene what they do to its document, and a snapshot with the diffs after it, as JSON too, is the
    /// next snapshot; what is refused changes nothing.
    #[test]
    fn edits_change_the_document_and_diffs_lead_from_snapshot_to_snapshot(
        (scene, mut next) in scene(),
        batches in vec(vec(step(), 1..4), 1..8),
    ) {
        // What triggers set is a change too, but none that the model knows of.
        let scene = SceneDocument { triggers: Vec::new(), ..scene };
        let mut stage = Stage::new(SETTINGS);
        assert_eq!(SETTINGS.max_layers, LIMITS.max_layers);
        let mut known: SceneSnapshot = stage.compositor.snapshot();
        let mut expected = known.scene.clone();
        let first = std::iter::once(vec![Edit::LoadScene { scene: Box::new(scene) }]);
        let mut waiting: Vec<Vec<Step>> = batches;
        waiting.reverse();
        let mut batch = first.into_iter().next();
        while let Some(edits_now) = batch {
            let report = stage.edit(edits_now.clone());
            let now = stage.compositor.snapshot();
            if report.outcomes[0].1.is_ok() {
                edits_now.iter().for_each(|edit| model(&mut expected, edit));
            } else {
                prop_assert!(report.diff.is_none(), "a refused batch made a diff");
            }
            prop_assert!(
                now.scene == expected,
                "{:#?}\nis not\n{:#?}\nafter {:#?}", now.scene, expected, edits_now
            );
            if let Some(diff) = report.diff {
                let mut read: SceneDiff = serde_json::from_str(&serde_json::to_string(&diff).unwrap()).unwrap();
                // Where the files lie is nobody's business outside.
                if let (Some(read), Some(diff)) = (&mut read.scene, &diff.scene) {
                    read.folder.clone_from(&diff.folder);
                }
                prop_assert_eq!(&read, &diff);
                if let Err(error) = known.apply(&diff) {
                    prop_assert!(false, "{} in {:#?}\nafter {:#?}", error, diff, edits_now);
                }
            }
            prop_assert_eq!(known.seq, now.seq);
            prop_assert!(known.scene == now.scene, "{:#?}\nis not\n{:#?}\nafter {:#?}", known.scene, now.scene, edits_now);
            let steps = waiting.pop();
            // What moves by itself is no change of the scene, nor is another size of the frames.
            for step in steps.iter().flatten() {
                let ticks = match step {
                    Step::Wait(ticks) => *ticks,
                    Step::Resize { width, height } => {
                        stage.compositor.resize(*width, *height);
                        1
                    }
                    _ => 0,
                };
                for _ in 0..ticks {
                    prop_assert!(stage.tick().diff.is_none());
                }
            }
            batch = steps.map(|steps| {
                steps.iter().flat_map(|step| edits(step, &now.scene, &mut next)).collect()
            });
        }
    }
}

#[test]
fn quality_says_where_moving_layers_stand_and_how_precisely_effects_are_drawn() {
    let moving = json!({
        "id": "bar", "content": { "type": "color", "color": "#ffffff", "size": { "width": 20, "height": 20 } },
        "animations": [{ "property": "transform.position.x", "from": 0, "to": 105, "duration": 10 }],
    });
    let mut blurred = block("soft", "#00ff00", (40, 62), (40, 28));
    blurred["effects"] = json!([{ "type": "blur", "radius": 8 }]);
    let greys = |stage: &Stage| {
        let row: Vec<_> = (0..WIDTH).map(|x| stage.pixel(x, 10)).collect();
        row.into_iter().filter(|pixel| pixel[0] != 0 && pixel[0] != 255).count()
    };
    let mut stage = Stage::with(json!([moving, blurred]));
    stage.tick();
    stage.tick();
    assert!(greys(&stage) > 0, "between pixels");
    let fine = stage.pixel(60, 76);
    stage.compositor.set_quality(RenderQuality::all(Quality::Low));
    let report = stage.tick();
    assert_eq!(report.rasterised, 0, "what was drawn better stays");
    assert_eq!(greys(&stage), 0, "on whole pixels");
    stage.edit(vec![patch("soft", json!({ "opacity": 0.999 }))]);
    let coarse = stage.edit(vec![patch("soft", json!({ "content": { "color": "#00ff01" } }))]);
    assert_eq!(coarse.rasterised, 1);
    let drawn = stage.pixel(60, 76);
    assert!(fine[1].abs_diff(drawn[1]) < 24, "{fine:?} is much the same as {drawn:?}");
    stage.compositor.set_quality(RenderQuality::all(Quality::High));
    assert_eq!(stage.tick().rasterised, 1, "drawn anew, precisely");
    assert!(stage.tick().damage.len() < report.damage.len(), "a change of quality draws everything once");
}

#[test]
fn pictures_that_are_not_seen_go_first_when_memory_is_full() {
    // Two of these boxes are more than the memory for pictures.
    let scene: Vec<_> = (0..3).map(|n| block(&format!("box-{n}"), "#ff0000", (0, 0), (100, 80))).collect();
    let mut stage = Stage::with(json!(scene));
    stage.compositor.set_raster_memory(40_000);
    let show = |stage: &mut Stage, seen: usize| {
        let edits = (0..3).map(|n| patch(&format!("box-{n}"), json!({ "visible": n == seen }))).collect();
        stage.edit(edits)
    };
    let mut last = None;
    for seen in [0, 1, 2, 0, 1, 1] {
        let report = show(&mut stage, seen);
        assert_eq!(stage.pixel(50, 40), RED, "what is seen is drawn");
        assert!(report.rasters.bytes <= 40_000, "{:?}", report.rasters);
        last = Some(report.rasters);
    }
    let rasters = last.unwrap();
    assert!(rasters.dropped >= 3 && rasters.misses >= 5, "{rasters:?}");
}

/// Ticks, at the same scene time, until the background workers have nothing to do.
fn settle(stage: &mut Stage, seconds: f64) -> TickReport {
    let until = Instant::now() + DEADLINE;
    loop {
        assert!(Instant::now() < until, "the background workers never end");
        stage.next += 1;
        let report = stage.compositor.tick(stage.next - 1, seconds);
        let background = report.background;
        if background.queued == 0 && background.threads == 0 {
            stage.next += 1;
            return stage.compositor.tick(stage.next - 1, seconds);
        }
        std::thread::yield_now();
    }
}

#[test]
fn what_takes_long_is_drawn_in_the_background_and_the_last_picture_stays() {
    let mut stage = Stage::new(SETTINGS);
    // Everything takes longer than this.
    stage.compositor.set_patience(Patience::Within(Duration::ZERO));
    let words = json!({ "id": "words", "content": { "type": "text", "text": "Hi", "font": { "size": 20 } } });
    let scene = json!([block("box", "#ff0000", (60, 0), (40, 40)), words]);
    stage.edit(vec![Edit::LoadScene { scene: Box::new(document(scene)) }]);
    settle(&mut stage, 0.0);
    assert_eq!(stage.pixel(80, 20), RED);
    let report = stage.edit(vec![patch("box", json!({ "content": { "color": "#00ff00" } }))]);
    assert_eq!(stage.pixel(80, 20), RED, "the last picture stays");
    assert_eq!((report.rasterised, report.rasters.late), (0, 2));
    settle(&mut stage, 0.0);
    assert_eq!(stage.pixel(80, 20), GREEN, "the present one comes by itself");
    let still = stage.tick();
    assert!(still.damage.is_empty() && still.background.tasks == 2, "{still:?}");

    stage.compositor.inject_faults(|layer| layer == "box");
    stage.edit(vec![patch("box", json!({ "content": { "color": "#0000ff" } }))]);
    let report = settle(&mut stage, 0.0);
    assert_eq!(report.background.panics, 1, "met in the background");
    assert!(report.render.panics >= 1, "and where it is shown");
    assert_ne!(stage.pixel(80, 36), GREEN, "a card stands in its place");
}

/// What hides all that is below when it is drawn hides nothing before.
#[test]
fn what_is_below_is_seen_until_what_hides_it_is_drawn() {
    let mut stage = Stage::new(SETTINGS);
    stage.compositor.set_patience(Patience::Within(Duration::ZERO));
    stage.edit(vec![Edit::LoadScene {
        scene: Box::new(document(json!([block("below", "#00ff00", (0, 0), (160, 40))]))),
    }]);
    settle(&mut stage, 0.0);
    assert_eq!(stage.pixel(80, 20), GREEN);
    let above = serde_json::from_value(block("above", "#ff0000", (0, 0), (160, 40))).unwrap();
    stage.edit(vec![Edit::CreateLayer { layer: Box::new(above), parent: None, index: None }]);
    let deadline = Instant::now() + DEADLINE;
    while stage.pixel(80, 20) != RED {
        assert_eq!(stage.pixel(80, 20), GREEN, "nothing is black");
        assert!(Instant::now() < deadline, "it never came");
        stage.tick();
    }
    // Of what grows the old picture stays, and all around it what is below.
    stage.edit(vec![patch("above", json!({ "content": { "size": { "width": 20, "height": 40 } } }))]);
    while stage.pixel(80, 20) != GREEN {
        assert_eq!(stage.pixel(80, 20), RED);
        stage.tick();
    }
    stage.edit(vec![patch("above", json!({ "content": { "size": { "width": 160, "height": 40 } } }))]);
    while stage.pixel(80, 20) != RED {
        assert_eq!((stage.pixel(10, 20), stage.pixel(80, 20)), (RED, GREEN));
        stage.tick();
    }
}

#[test]
fn what_will_appear_is_drawn_before_it_does() {
    let mut fading = block("box", "#ff0000", (60, 0), (40, 40));
    fading["opacity"] = json!(0);
    fading["animations"] = json!([{ "property": "opacity", "from": 0, "to": 1, "delay": 5, "duration": 1 }]);
    let mut stage = Stage::with(json!([fading]));
    stage.compositor.set_patience(Patience::Within(DEADLINE));
    assert_eq!(settle(&mut stage, 2.0).background.tasks, 0, "it is far ahead");
    for _ in 0..10 {
        settle(&mut stage, 4.5);
    }
    assert_eq!(settle(&mut stage, 4.5).background.tasks, 1, "it is near");
    assert!(stage.compositor.picture().data.chunks(4).all(|pixel| pixel[0] == 0), "and not seen yet");
    stage.next += 1;
    let report = stage.compositor.tick(stage.next, 5.5);
    assert_eq!((report.rasterised, report.rasters.hits), (0, 1));
    assert!(stage.pixel(80, 20)[0] > 50);
}

#[test]
fn a_panic_costs_one_layer_and_only_as_long_as_it_lasts() {
    static BROKEN: AtomicBool = AtomicBool::new(true);
    for threads in [1, 4] {
        BROKEN.store(true, Ordering::Relaxed);
        let mut stage = Stage::new(CompositorSettings { threads: Some(threads), ..SETTINGS });
        stage.compositor.inject_faults(|layer| layer == "bad" && BROKEN.load(Ordering::Relaxed));
        let words = json!({ "id": "words", "content": { "type": "text", "text": "Hi", "font": { "size": 20 } } });
        let scene = [block("bad", "#00ff00", (64, 0), (40, 40)), block("good", "#ff0000", (0, 50), (40, 40)), words];
        stage.edit(vec![Edit::LoadScene { scene: Box::new(document(json!(scene))) }]);
        assert_eq!(stage.pixel(20, 70), RED, "other layers are drawn");
        let card = stage.pixel(84, 37);
        assert_ne!(card, GREEN);
        assert_ne!(card, [0, 0, 0, 255], "a card stands in its place");
        let mut panics = vec![];
        for _ in 0..120 {
            panics.push(stage.tick().render.panics);
        }
        assert_eq!(panics[0], 1, "counted, and not tried again at once");
        assert_eq!(panics[119], 4, "tried again after 15, 30, 60 ticks");
        BROKEN.store(false, Ordering::Relaxed);
        for _ in 0..120 {
            assert_eq!(stage.tick().render.panics, 4);
        }
        assert_eq!(stage.pixel(84, 37), GREEN, "it is back");
        assert_eq!(stage.pixel(20, 70), RED);
    }
}

#[test]
fn a_layer_moves_with_all_it_has_and_its_animations_go_on() {
    let moved = |into: Option<Option<&str>>, index| {
        let parent = into.map(|parent| parent.map(id));
        Edit::MoveLayer { id: id("runner"), parent, index }
    };
    let mut runner = block("runner", "#0f0", (0, 0), (4, 4));
    runner["animations"] = json!([{ "property": "transform.position.x", "from": 0, "to": 100, "duration": 10 }]);
    let inner = json!({ "id": "inner", "content": { "type": "group" } });
    let group = json!({ "id": "group", "content": { "type": "group" }, "children": [inner] });
    let mut stage = Stage::with(json!([runner, block("other", "#f00", (60, 60), (4, 4)), group]));
    for _ in 0..19 {
        stage.tick();
    }
    let mut snapshot = stage.compositor.snapshot();
    let report = stage.edit(vec![moved(Some(Some("group")), Some(0))]);
    let diff = report.diff.unwrap();
    assert!(
        diff.changes.iter().any(|change| matches!(change,
            LayerChange::Placed { parent: Some(parent), index: 0, layer }
                if *parent == id("group") && layer["id"] == "runner")),
        "{diff:?}"
    );
    snapshot.apply(&diff).unwrap();
    assert_eq!(snapshot.scene, stage.compositor.snapshot().scene);
    // Two seconds have passed of ten: it is where it would be if nobody had moved it.
    assert_eq!(stage.pixel(21, 2), [0, 255, 0, 255]);

    // Within its group, behind its sibling; then out onto the canvas, in front of all.
    assert!(stage.edit(vec![moved(None, None)]).outcomes[0].1.is_ok());
    let children = |stage: &Stage| -> Vec<String> {
        let scene = stage.compositor.snapshot().scene;
        scene.layers.last().unwrap().children.iter().map(|child| child.id.to_string()).collect()
    };
    assert_eq!(children(&stage), ["inner", "runner"]);
    assert!(stage.edit(vec![moved(Some(None), None)]).outcomes[0].1.is_ok());
    assert_eq!(stage.compositor.snapshot().scene.layers.last().unwrap().id, id("runner"));

    // Nothing moves any more.
    assert!(stage.edit(vec![Edit::DeleteLayer { id: id("runner") }]).outcomes[0].1.is_ok());
    let into =
        |layer: &str, parent: &str| Edit::MoveLayer { id: id(layer), parent: Some(Some(id(parent))), index: None };
    for group in ["group", "inner"] {
        let refused = stage.refused(vec![into("group", group)]);
        assert_eq!(refused, EditRejected::IntoItself { id: id("group"), parent: id(group) });
    }
    assert_eq!(stage.refused(vec![into("group", "other")]), EditRejected::NotAGroup { id: id("other") });
    let deep = |name: usize| json!({ "id": format!("g{name}"), "content": { "type": "group" } });
    let chain: Vec<Edit> = (0..14)
        .map(|depth| {
            create(
                deep(depth),
                Some(if depth == 0 { "inner".to_owned() } else { format!("g{}", depth - 1) }).as_deref(),
            )
        })
        .chain([create(json!({ "id": "pair", "content": { "type": "group" }, "children": [deep(99)] }), None)])
        .collect();
    assert!(stage.edit(chain).outcomes[0].1.is_ok());
    let EditRejected::Invalid { faults } = stage.refused(vec![into("pair", "g13")]) else {
        panic!("refused otherwise");
    };
    assert_eq!(faults[0].expected, "at most 16 groups in each other");
}

#[test]
fn layers_are_put_into_another_order_and_the_picture_follows() {
    let order = |parent: Option<&str>, ids: &[&str]| Edit::OrderLayers {
        parent: parent.map(id),
        order: ids.iter().map(|name| id(name)).collect(),
    };
    let mut front = block("front", "#0f0", (0, 0), (9, 9));
    front["zIndex"] = json!(5);
    let group =
        json!({ "id": "group", "content": { "type": "group" }, "children": [block("in", "#fff", (50, 50), (4, 4))] });
    let mut stage = Stage::with(json!([
        front,
        group,
        block("back", "#00f", (0, 0), (9, 9)),
        block("middle", "#f00", (0, 0), (9, 9))
    ]));
    assert_eq!(stage.pixel(1, 1), [0, 255, 0, 255]);

    assert!(stage.edit(vec![order(None, &["front", "middle", "back"])]).outcomes[0].1.is_ok());
    assert_eq!(stage.pixel(1, 1), [0, 0, 255, 255]);
    let scene = stage.compositor.snapshot().scene;
    let told: Vec<(&str, i32)> = scene.layers.iter().map(|layer| (layer.id.as_str(), layer.z_index.0)).collect();
    assert_eq!(told, [("back", 5), ("group", 0), ("front", 0), ("middle", 0)], "who is not named stays");

    // Two change places; the third stays in front of both.
    assert!(stage.edit(vec![order(None, &["middle", "front"])]).outcomes[0].1.is_ok());
    assert_eq!(stage.pixel(1, 1), [0, 0, 255, 255]);
    let again = stage.edit(vec![order(None, &["middle", "front"])]);
    assert!(again.outcomes[0].1.is_ok() && again.diff.is_none(), "they are in this order");

    let EditRejected::Invalid { faults } = stage.refused(vec![order(None, &["back", "in", "back", "bak"])]) else {
        panic!("refused otherwise");
    };
    let told: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!((told, faults[2].nearest.as_deref()), (vec!["/1", "/2", "/3"], Some("back")));
    assert_eq!(stage.refused(vec![order(Some("back"), &["in"])]), EditRejected::NotAGroup { id: id("back") });
}

#[test]
fn a_batch_that_expects_another_document_is_refused_as_a_whole() {
    use components::{document::Fingerprint, edit::DocumentName};
    let mut stage = Stage::with(json!([block("a", "#f00", (0, 0), (9, 9))]));
    let expect = |document: DocumentName, etags: Option<Vec<Fingerprint>>| Edit::Expect { document, etags };
    let layer = || DocumentName::Layer { id: id("a") };
    let present = |stage: &Stage| Fingerprint::of(&stage.compositor.snapshot().scene.layers[0]);
    let old = present(&stage);
    let faint = || patch("a", json!({ "opacity": 0.5 }));
    assert!(stage.edit(vec![expect(layer(), Some(vec![old])), faint()]).outcomes[0].1.is_ok());
    let new = present(&stage);
    let change = || patch("a", json!({ "opacity": 0.75 }));
    assert_eq!(
        stage.refused(vec![change(), expect(layer(), Some(vec![old, new]))]),
        EditRejected::OtherVersion {
            present: Fingerprint::of(&{
                let mut layer = stage.compositor.snapshot().scene.layers[0].clone();
                layer.opacity.0 = 0.75;
                layer
            })
        },
        "what the batch has done so far counts"
    );
    assert_eq!(stage.refused(vec![expect(layer(), Some(Vec::new()))]), EditRejected::OtherVersion { present: new });
    for unknown in [
        DocumentName::Layer { id: id("b") },
        DocumentName::Track { id: serde_json::from_value(json!("t")).unwrap() },
        DocumentName::Timeline { id: serde_json::from_value(json!("t")).unwrap() },
    ] {
        let refused = stage.refused(vec![expect(unknown, None), change()]).to_string();
        assert!(refused.starts_with("there is no "), "{refused}");
    }
    let scene = stage.compositor.snapshot().scene;
    let all = vec![
        expect(DocumentName::Canvas {}, Some(vec![Fingerprint::of(&scene.canvas)])),
        expect(DocumentName::Audio {}, Some(vec![Fingerprint::of(&scene.audio)])),
        expect(layer(), None),
        change(),
    ];
    assert!(stage.edit(all).outcomes[0].1.is_ok());
}
