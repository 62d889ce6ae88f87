//! Pictures from files, held to pictures that were looked at, and to whatever a file may hold.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

#[path = "support/animations.rs"]
mod animations;
mod support;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use animations::{Dispose, Frame, apng, gif, lossy_webp, webp};
use components::{AssetDocument, AssetId, Content};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use support::golden::Canvas;
use systems::{
    assets::{AssetState, Assets},
    rasterise::content::{DrawContext, draw, text::Fonts},
};

const DEADLINE: Duration = Duration::from_secs(60);

const DRAWING: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 48" width="64" height="48">
  <defs>
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#2f6bff"/><stop offset="1" stop-color="#ff4d4d"/></linearGradient>
    <clipPath id="round"><circle cx="32" cy="24" r="22"/></clipPath>
    <filter id="soft"><feGaussianBlur stdDeviation="1.5"/></filter>
  </defs>
  <g clip-path="url(#round)"><rect width="64" height="48" fill="url(#sky)"/><circle cx="46" cy="14" r="8" fill="#ffd166" filter="url(#soft)"/></g>
  <path d="M4 44 L24 20 L34 32 L44 22 L60 44 Z" fill="#10162f" fill-opacity=".8"/>
  <text x="32" y="42" text-anchor="middle" font-size="11" font-weight="700" fill="#fff">Peak</text>
</svg>"##;

fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("vector_pictures").join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn load(assets: &mut Assets, list: Value, folder: &Path) {
    assets.load(&serde_json::from_value::<Vec<AssetDocument>>(list).unwrap(), folder);
    assets.wait(Instant::now() + DEADLINE);
    assert_eq!(assets.loading(), 0, "the assets were not loaded in time");
}

fn content(document: Value) -> Content {
    serde_json::from_value(document).unwrap()
}

/// Draws contents, each with the place of its box and the scale at which it is drawn, and compares.
fn assert_golden(name: &str, assets: &Assets, parts: Vec<((i64, i64), f64, f64, Value)>) {
    let mut fonts = Fonts::built_in();
    let mut canvas = Canvas::checkered(200, 120);
    for ((x, y), scale, seconds, document) in parts {
        let mut ctx = DrawContext {
            assets,
            fonts: &mut fonts,
            canvas: (200.0, 120.0),
            quality: systems::Quality::High,
            seconds,
            part: None,
        };
        let raster = draw(&content(document), (scale, scale), &mut ctx).expect("there is something to draw");
        let [sx, _, _, sy, left, top] = raster.to_layer.as_coeffs();
        canvas.lay(&raster.pixels, raster.width, (left / sx).round() as i64 + x, (top / sy).round() as i64 + y);
    }
    canvas.assert_golden(name);
}

fn spinner() -> Vec<Frame> {
    let step = |n: u32, dispose| Frame {
        x: n * 2 % 6,
        y: n / 3 * 2,
        width: 2,
        height: 2,
        color: (n % 3) as u8 + 1,
        dispose,
        over: true,
        delay: 10,
    };
    let ground =
        Frame { x: 0, y: 0, width: 6, height: 4, color: 3, dispose: Dispose::Background, over: true, delay: 10 };
    vec![ground, step(1, Dispose::Keep), step(2, Dispose::Background), step(4, Dispose::Keep)]
}

fn spinner_files(folder: &Path) {
    std::fs::write(folder.join("a.gif"), gif(&spinner(), 0)).unwrap();
    std::fs::write(folder.join("b.png"), apng(&spinner(), 0)).unwrap();
    std::fs::write(folder.join("c.webp"), webp(&spinner(), 0)).unwrap();
}

#[test]
fn drawings_are_sharp_at_every_size() {
    let folder = folder("sharp");
    std::fs::write(folder.join("drawing.svg"), DRAWING).unwrap();
    let mut assets = Assets::default();
    load(&mut assets, json!([{ "id": "drawing", "type": "svg", "path": "drawing.svg" }]), &folder);
    let svg = |more: Value| {
        let mut content = json!({ "type": "svg", "asset": "drawing" });
        more.as_object().unwrap().iter().for_each(|(key, value)| content[key] = value.clone());
        content
    };
    assert_golden(
        "svg",
        &assets,
        vec![
            ((4, 4), 0.25, 0.0, svg(json!({}))),
            ((4, 30), 1.0, 0.0, svg(json!({}))),
            ((74, 4), 1.75, 0.0, svg(json!({}))),
            ((4, 84), 1.0, 0.0, svg(json!({ "size": { "width": 60, "height": 30 }, "fit": "cover" }))),
            ((80, 92), 1.0, 0.0, svg(json!({ "size": { "width": 60, "height": 24 }, "fit": "fill" }))),
            ((150, 92), 1.0, 0.0, svg(json!({ "size": { "width": 40, "height": 24 }, "focus": { "x": 1, "y": 0.5 } }))),
        ],
    );
}

/// A picture whose filters are too much work at the size at which it is seen is drawn coarser, and covers the same place.
#[test]
fn costly_drawings_are_drawn_coarser_at_great_size() {
    let folder = folder("costly");
    let noise = r##"<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">
        <filter id="f" x="0" y="0" width="1" height="1"><feTurbulence numOctaves="2"/><feGaussianBlur stdDeviation="2"/>
        <feFlood flood-color="#0a0"/></filter>
        <rect width="100" height="100" filter="url(#f)"/></svg>"##;
    std::fs::write(folder.join("noise.svg"), noise).unwrap();
    std::fs::write(folder.join("plain.svg"), DRAWING).unwrap();
    let mut assets = Assets::default();
    let list = json!([{ "id": "noise", "type": "svg", "path": "noise.svg" },
        { "id": "plain", "type": "svg", "path": "plain.svg" }]);
    load(&mut assets, list, &folder);
    let mut fonts = Fonts::built_in();
    let mut drawn = |asset: &str, scale: f64| {
        let content = content(json!({ "type": "svg", "asset": asset }));
        let mut ctx = DrawContext {
            assets: &assets,
            fonts: &mut fonts,
            canvas: (1920.0, 1080.0),
            quality: systems::Quality::High,
            seconds: 0.0,
            part: None,
        };
        draw(&content, (scale, scale), &mut ctx).unwrap()
    };
    let small = drawn("noise", 2.0);
    assert_eq!(small.width, 200, "as large as was asked for");
    let large = drawn("noise", 30.0);
    assert!((700..2000).contains(&large.width), "of 3000: {}", large.width);
    assert_eq!(&large.pixels[large.pixels.len() / 8 * 4..][..4], [0, 170, 0, 255]);
    let bounds = large.bounds();
    assert!(bounds.x0.abs() < 0.2 && (bounds.x1 - 100.0).abs() < 0.2, "{bounds:?}");
    assert_eq!(drawn("plain", 30.0).width, 1920, "what is little work is drawn as it is seen");
}

#[test]
fn moving_pictures_at_several_times() {
    let folder = folder("moving");
    spinner_files(&folder);
    let mut assets = Assets::default();
    let entry = |file: &str| json!({ "id": file, "type": "animatedImage", "path": file });
    load(&mut assets, json!([entry("a.gif"), entry("b.png"), entry("c.webp")]), &folder);
    let mut parts = Vec::new();
    for (row, file) in (0..).zip(["a.gif", "b.png", "c.webp"]) {
        for (column, seconds) in (0..).zip([0.05, 0.15, 0.25, 0.35]) {
            let box_of =
                json!({ "type": "animatedImage", "asset": file, "size": { "width": 44, "height": 32 }, "fit": "fill" });
            parts.push(((4 + column * 49, 4 + row * 39), 1.0, seconds, box_of));
        }
    }
    assert_golden("animated_images", &assets, parts);
}

#[test]
fn a_card_can_be_read_at_any_size() {
    let folder = folder("cards");
    std::fs::write(folder.join("broken.svg"), "<svg>").unwrap();
    let mut assets = Assets::default();
    load(&mut assets, json!([{ "id": "badge", "type": "svg", "path": "broken.svg" }]), &folder);
    let card = |width: u32, height: u32| json!({ "type": "svg", "asset": "badge", "size": { "width": width, "height": height } });
    assert_golden(
        "error_cards_small",
        &assets,
        vec![
            ((4, 4), 1.0, 0.0, card(120, 64)),
            ((130, 4), 1.0, 0.0, card(64, 40)),
            ((130, 50), 1.0, 0.0, card(40, 24)),
            ((176, 50), 1.0, 0.0, card(16, 16)),
            ((4, 74), 1.0, 0.0, card(180, 14)),
            ((4, 94), 1.0, 0.0, card(24, 22)),
        ],
    );
}

/// One file of each kind, as good as they come.
fn good(kind: usize) -> (&'static str, &'static str, Vec<u8>) {
    match kind {
        0 => ("animatedImage", "x.gif", gif(&spinner(), 0)),
        1 => ("animatedImage", "x.png", apng(&spinner(), 0)),
        2 => ("animatedImage", "x.webp", webp(&spinner(), 0)),
        3 => ("image", "x.png", apng(&spinner(), 0)),
        4 => ("image", "x.webp", still(image::ImageFormat::WebP)),
        5 => ("image", "x.jpg", still(image::ImageFormat::Jpeg)),
        6 => ("animatedImage", "x.webp", squares()),
        _ => ("svg", "x.svg", DRAWING.as_bytes().to_vec()),
    }
}

fn squares() -> Vec<u8> {
    let square =
        |x| Frame { x, y: 4, width: 16, height: 16, color: 1, dispose: Dispose::Background, over: true, delay: 4 };
    lossy_webp((48, 20), &[square(0), square(16), square(32)])
}

fn still(format: image::ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_fn(20, 14, |x, y| image::Rgb([x as u8 * 9, y as u8 * 11, 90]))
        .write_to(&mut file, format)
        .unwrap();
    file.into_inner()
}

/// A GIF says how large it is in bytes 6 to 9.
#[test]
fn a_gif_that_has_no_pixels_is_refused() {
    for (sides, found) in [([0, 0, 14, 0], "0 x 14 pixels"), ([20, 0, 0, 0], "20 x 0 pixels")] {
        let folder = folder("empty");
        let mut file = gif(&spinner(), 0);
        file[6..10].copy_from_slice(&sides);
        std::fs::write(folder.join("empty.gif"), file).unwrap();
        let mut assets = Assets::default();
        load(&mut assets, json!([{ "id": "empty", "type": "animatedImage", "path": "empty.gif" }]), &folder);
        let Some(AssetState::Failed(error)) = assets.state(&AssetId::new("empty").unwrap()) else {
            panic!("{sides:?}")
        };
        assert!(error.to_string().contains(found), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever a file holds, it becomes a picture or an error, within the budget, and others do not notice.
    #[test]
    fn files_with_bytes_exchanged_are_drawn_or_refused(
        kind in 0..8_usize,
        changes in vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), select(vec![0, 255, 127, b'9', b'<', b'"'])]), 0..12),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let (name, file, mut bytes) = good(kind);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("vector_pictures").join("mutated");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(file), bytes).unwrap();
        std::fs::write(folder.join("good.svg"), DRAWING).unwrap();
        let mut assets = Assets::default();
        let budget = 4 << 20;
        assets.set_budget(budget);
        load(&mut assets, json!([
            { "id": "good", "type": "svg", "path": "good.svg" },
            { "id": "mutated", "type": name, "path": file },
        ]), &folder);
        let used = assets.stats().bytes;
        prop_assert!(used <= budget, "{used} bytes");
        let state = assets.state(&AssetId::new("good").unwrap());
        prop_assert!(matches!(state, Some(AssetState::Svg(_))), "{:?}", state);
        let mut fonts = Fonts::built_in();
        let mut ctx = DrawContext { assets: &assets, fonts: &mut fonts, canvas: (64.0, 48.0), quality: systems::Quality::High, seconds: 0.12, part: None };
        let raster = draw(&content(json!({ "type": name, "asset": "mutated", "size": { "width": 64, "height": 48 } })), (1.0, 1.0), &mut ctx);
        let is_unloaded = matches!(assets.state(&AssetId::new("mutated").unwrap()), Some(AssetState::Unloaded { .. }));
        prop_assert!(raster.is_some() || is_unloaded, "a picture or a card is drawn");
    }
}
