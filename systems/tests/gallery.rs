//! The scenes of `scenes/gallery`, held to pictures that were looked at. The README shows these.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

mod support;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use components::{Edit, SceneDocument, document::Limits};
use support::golden::Canvas;
use systems::{Compositor, CompositorSettings};

const WIDTH: usize = 320;
const HEIGHT: usize = 180;
const COLUMNS: usize = 3;
const DEADLINE: Duration = Duration::from_secs(60);

/// At which seconds each scene is drawn.
const SCENES: [(&str, [f64; 6]); 11] = [
    ("colours", [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]),
    ("easings", [0.0, 0.4, 0.8, 1.2, 1.6, 2.0]),
    ("effects", [0.0, 0.3, 0.6, 0.9, 1.2, 1.5]),
    ("masks", [0.0, 0.4, 0.8, 1.2, 1.6, 2.0]),
    ("paths", [0.0, 0.6, 1.2, 1.8, 2.4, 3.0]),
    ("presets", [0.0, 0.25, 0.5, 0.75, 1.25, 2.0]),
    ("queues", [0.0, 0.75, 1.5, 1.8, 2.1, 2.5]),
    ("springs", [0.0, 0.35, 0.5, 0.65, 0.9, 1.4]),
    ("steps", [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]),
    ("text", [0.0, 0.3, 0.6, 0.9, 1.2, 1.5]),
    ("timelines", [0.2, 0.5, 0.9, 1.3, 1.8, 2.4]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenes/gallery")
}

fn scene(name: &str) -> SceneDocument {
    let text = std::fs::read_to_string(folder().join(format!("{name}.jsonc"))).unwrap();
    let mut scene = SceneDocument::parse(&text, &Limits::default())
        .unwrap_or_else(|faults| panic!("{name}.jsonc is not valid: {faults:#?}"));
    scene.folder = folder();
    scene
}

#[test]
fn every_scene_of_the_gallery_looks_as_it_did() {
    for (name, seconds) in SCENES {
        let settings =
            CompositorSettings { width: WIDTH, height: HEIGHT, max_layers: 50, pool_size: 2, threads: Some(1) };
        let mut compositor = Compositor::new(settings);
        compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene(name)) }]);
        let report = compositor.tick(0, 0.0);
        assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
        assert!(compositor.finish_loading(Instant::now() + DEADLINE));
        let rows = seconds.len().div_ceil(COLUMNS);
        let mut canvas = Canvas::checkered((WIDTH * COLUMNS) as u32, (HEIGHT * rows) as u32);
        for (index, seconds) in seconds.into_iter().enumerate() {
            compositor.tick(index as u64 + 1, seconds);
            let (left, top) = (index % COLUMNS * WIDTH, index / COLUMNS * HEIGHT);
            canvas.lay(&compositor.picture().data, WIDTH, left as i64, top as i64);
        }
        canvas.assert_golden(&format!("gallery_{name}"));
    }
}

#[test]
fn every_file_of_the_gallery_is_shown() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".jsonc").to_owned())
        .collect();
    let shown: BTreeSet<String> = SCENES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, shown);
}
