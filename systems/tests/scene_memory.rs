//! Two scenes of which one leaves while the other comes take no more memory than one may.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/memory.rs"]
mod memory;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use components::{Edit, SceneDocument, SceneId, document::Limits};
use image::{Rgba, RgbaImage};
use memory::most_taken_by;
use serde_json::{Value, json};
use systems::{
    Compositor, CompositorSettings, TickReport,
    assets::{AssetStatus, Readiness},
};

const WIDTH: usize = 480;
const HEIGHT: usize = 270;
/// Bytes of a picture as large as the frame.
const FRAME: usize = WIDTH * HEIGHT * 4;
/// Pictures of a scene. Of layers as large as the frame there is room for twelve.
const PICTURES: usize = 10;
const FPS: f64 = 20.0;
/// Ticks of a transition.
const TICKS: u64 = 10;

/// The memory of the whole process is measured: only one test at a time may take any.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pictures of a colour, which shine through.
fn save_pictures(folder: &Path) {
    for (name, color) in [("a", [200, 40, 40, 120]), ("b", [40, 40, 200, 120])] {
        for index in 0..PICTURES {
            let picture = RgbaImage::from_fn(WIDTH as u32, HEIGHT as u32, |x, y| {
                let [r, g, b, a] = color;
                Rgba([r, g.wrapping_add((x / 4) as u8), b.wrapping_add((y / 4) as u8), a])
            });
            picture.save(folder.join(format!("{name}{index}.png"))).unwrap();
        }
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scene_memory").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    save_pictures(&folder);
    folder
}

/// A scene of so many of the pictures of this name, one over the other.
fn scene(folder: &Path, name: &str, pictures: usize) -> SceneDocument {
    let id = |index: usize| format!("{name}{index}");
    let assets: Vec<Value> = (0..pictures)
        .map(|n| json!({ "id": id(n), "type": "image", "path": format!("{}.png", id(n % PICTURES)) }))
        .collect();
    let layers: Vec<Value> =
        (0..pictures).map(|n| json!({ "id": id(n), "content": { "type": "image", "asset": id(n) } })).collect();
    let scene = json!({ "canvas": { "width": WIDTH, "height": HEIGHT, "background": "#204020" }, "layers": layers,
        "assets": assets });
    let mut scene = SceneDocument::parse(&scene.to_string(), &Limits::default()).unwrap();
    scene.folder = folder.to_owned();
    scene
}

/// The same with a bar that moves down its left side.
fn moving(mut scene: SceneDocument) -> SceneDocument {
    let bar = json!({ "id": "bar", "zIndex": 9, "content":
        { "type": "color", "color": "#ffffff", "size": { "width": 30, "height": 20 } },
        "animations": [{ "property": "transform.position.y", "from": 0, "to": HEIGHT, "duration": 2 }] });
    scene.layers.push(serde_json::from_value(bar).unwrap());
    scene
}

fn activation() -> Edit {
    let transition = serde_json::from_value(json!({ "type": "fade", "duration": TICKS as f64 / FPS })).unwrap();
    Edit::ActivateScene { id: SceneId::new("other").unwrap(), transition: Some(transition) }
}

struct Stage {
    compositor: Compositor,
    next: u64,
}

impl Stage {
    fn new(asset_memory: usize, first: SceneDocument, other: SceneDocument) -> Self {
        let settings =
            CompositorSettings { width: WIDTH, height: HEIGHT, max_layers: 50, pool_size: 3, threads: Some(1) };
        let mut compositor = Compositor::new(settings);
        compositor.set_asset_budget(asset_memory as u64);
        compositor.set_raster_memory(1);
        let mut stage = Self { compositor, next: 0 };
        stage.edit(vec![Edit::LoadScene { scene: Box::new(first) }]);
        stage.edit(vec![Edit::PutScene { id: SceneId::new("other").unwrap(), scene: Box::new(other) }]);
        // What moves has begun to.
        (0..5).for_each(|_| drop(stage.tick()));
        stage
    }

    fn edit(&mut self, edits: Vec<Edit>) -> TickReport {
        self.compositor.submit(self.next, edits);
        let report = self.tick();
        assert!(report.outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "{:?}", report.outcomes);
        report
    }

    /// With all that it needs, as whoever writes a file runs it.
    fn tick(&mut self) -> TickReport {
        #[expect(clippy::cast_precision_loss, reason = "a few ticks")]
        let (tick, seconds) = (self.next, self.next as f64 / FPS);
        self.next += 1;
        let mut report = self.compositor.tick(tick, seconds);
        let outcomes = std::mem::take(&mut report.outcomes);
        while self.lacks_any() {
            self.compositor.finish_loading(Instant::now() + Duration::from_secs(60));
            report = self.compositor.tick(tick, seconds);
        }
        TickReport { outcomes, ..report }
    }

    fn lacks_any(&self) -> bool {
        let is_missing = |asset: &AssetStatus| matches!(asset.state, Readiness::Loading | Readiness::Unloaded);
        self.compositor.assets().iter().any(is_missing)
    }

    fn activate(&mut self) -> TickReport {
        self.edit(vec![activation()])
    }

    fn picture(&self) -> Vec<u8> {
        self.compositor.picture().data
    }

    /// Where the bar begins.
    fn bar(&self) -> usize {
        let picture = self.picture();
        let red = |x: usize, y: usize| picture[(y * WIDTH + x) * 4];
        (0..HEIGHT).find(|y| red(15, *y) > red(45, *y) + 20).expect("the bar is seen")
    }
}

/// Where both do not fit, the one that leaves stands still, and nothing else is seen of it.
#[test]
fn two_scenes_take_no_more_memory_than_one_may() {
    let _alone = alone();
    let folder = folder("two");
    let stage = |budget| Stage::new(budget, scene(&folder, "a", PICTURES), scene(&folder, "b", PICTURES));
    let budget = (PICTURES + 2) * FRAME;
    let shown = |stage: &mut Stage, budget: usize| {
        (0..=TICKS)
            .map(|tick| {
                let report = if tick == 0 { stage.activate() } else { stage.tick() };
                let is_well =
                    report.assets.bytes <= budget as u64 && report.assets.failed == 0 && report.rasters.reduced == 0;
                assert!(is_well, "tick {tick}: {:?} {:?}", report.assets, report.rasters);
                stage.picture()
            })
            .collect::<Vec<_>>()
    };
    // As decoders and text take what they do but once, that with ample memory goes first.
    let expected = shown(&mut stage(4 * budget), 4 * budget);
    let mut narrow = stage(budget);
    let (pictures, taken) = most_taken_by(|| shown(&mut narrow, budget));
    assert!(pictures == expected, "it looks as it does where there is room for both");
    // What is on the screen, and what the pictures of the scene take, is there before. Besides: what was looked at above, two
    // canvases and a screen, a frame of each, and a picture that is being decoded.
    let besides = taken.saturating_sub(expected.len() * FRAME);
    println!("{} KB, and a scene takes {}", besides >> 10, (2 * PICTURES * FRAME) >> 10);
    assert!(besides < 8 * FRAME, "{besides} bytes");
}

#[test]
fn a_scene_that_leaves_goes_on_where_there_is_room_and_stands_still_where_there_is_not() {
    let _alone = alone();
    let folder = folder("leaves");
    for (room, pictures, budget) in [("for both", 3, 7), ("not for the files", 3, 5), ("not for the layers", 8, 32)] {
        let leaves = moving(scene(&folder, "a", pictures));
        let mut stage = Stage::new(budget * FRAME, leaves, scene(&folder, "b", pictures));
        let before = stage.bar();
        stage.activate();
        let first = stage.bar();
        assert!(first >= before, "{room}");
        stage.tick();
        stage.tick();
        assert_eq!(stage.bar() > first, room == "for both", "{room}");
        assert!(stage.bar() >= first, "{room}");
        (0..TICKS).for_each(|_| drop(stage.tick()));
        assert_eq!(stage.tick().assets.bytes, (pictures * FRAME) as u64, "{room}: what was lent is given back");
    }
}

/// Nothing is drawn, decoded or counted twice.
#[test]
fn a_scene_that_leaves_takes_its_pictures_along() {
    let _alone = alone();
    let folder = folder("along");
    let mut empty = scene(&folder, "b", 0);
    let mut stage = Stage::new(20 * FRAME, scene(&folder, "a", PICTURES), empty.clone());
    let (report, taken) = most_taken_by(|| stage.activate());
    assert_eq!(report.assets.bytes, (PICTURES * FRAME) as u64, "what is lent counts");
    println!("{} KB, and the pictures of the scene take {}", taken >> 10, (PICTURES * FRAME) >> 10);
    // Two canvases, a screen, a frame of each, and what the one that leaves needs to go on; not its pictures again.
    assert!(taken < 9 * FRAME, "{taken} bytes");

    empty = scene(&folder, "a", 1);
    let mut stage = Stage::new(20 * FRAME, scene(&folder, "a", 1), empty);
    assert_eq!(stage.activate().assets.bytes, FRAME as u64, "what both show counts once");
}

/// What is not read yet counts: the first ones are not drawn as if they were all, to be drawn smaller when there are more.
#[test]
fn pictures_that_are_read_one_after_the_other_are_drawn_once() {
    const MANY: usize = 30;
    let _alone = alone();
    let folder = folder("once");
    let mut stage = Stage::new(2 * MANY * FRAME, scene(&folder, "a", 0), scene(&folder, "b", MANY));
    stage.compositor.submit(stage.next, vec![activation()]);
    #[expect(clippy::cast_precision_loss, reason = "a few ticks")]
    let seconds = stage.next as f64 / FPS;
    let mut drawn = 0;
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let is_there = !stage.lacks_any();
        stage.next += 1;
        let report = stage.compositor.tick(stage.next, seconds);
        drawn += report.rasterised;
        assert!(report.rasters.bytes <= (12 * FRAME) as u64, "{:?}", report.rasters);
        if is_there && report.rasters.reduced == MANY as u64 {
            break;
        }
        assert!(Instant::now() < until, "{:?}", report.rasters);
    }
    assert_eq!(drawn, MANY);
}
