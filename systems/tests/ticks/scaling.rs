//! Layers that grow and shrink: how well they are sampled, and how often they are drawn.

use std::{path::PathBuf, time::Instant};

use components::Edit;
use image::{Rgba, RgbaImage};
use serde_json::json;
use systems::resize::{FilterType, ResizeSource, resize_rgba};

use crate::stage::*;

const SIDE: u32 = 160;

/// Rings that get finer from the middle outwards.
fn rings() -> RgbaImage {
    RgbaImage::from_fn(SIDE, SIDE, |x, y| {
        let (x, y) = (f64::from(x) - 80.0, f64::from(y) - 80.0);
        let value = (127.5 + 127.5 * ((x * x + y * y) * 0.013).cos()).round() as u8;
        Rgba([value, value, value, 255])
    })
}

/// The rings, shrinking from their size at second 0 to `scale` at second 1, and on.
fn shrinking(rings: &RgbaImage, scale: f64) -> Stage {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scaling");
    std::fs::create_dir_all(&folder).unwrap();
    let file = format!("picture-{scale}-{}.png", rings.as_raw().iter().map(|byte| u64::from(*byte)).sum::<u64>());
    rings.save(folder.join(&file)).unwrap();
    let mut layer = json!({ "id": "rings", "content": { "type": "image", "asset": "rings" } });
    layer["animations"] = json!([{ "property": "transform.scale", "from": { "x": 1, "y": 1 },
        "to": { "x": 2.0 * scale - 1.0, "y": 2.0 * scale - 1.0 }, "duration": 2, "easing": "linear" }]);
    let mut scene = document(json!([layer]));
    scene.folder = folder;
    scene.assets = serde_json::from_value(json!([{ "id": "rings", "type": "image", "path": file }])).unwrap();
    let mut stage = Stage::new(SETTINGS);
    stage.edit(vec![Edit::LoadScene { scene: Box::new(scene) }]);
    assert!(stage.compositor.finish_loading(Instant::now() + DEADLINE));
    stage
}

fn resized(picture: &RgbaImage, side: u32, filter: FilterType) -> RgbaImage {
    let source = ResizeSource { width: picture.width(), height: picture.height(), data: picture.as_raw(), crop: None };
    RgbaImage::from_raw(side, side, resize_rgba(source, (side, side), filter).unwrap()).unwrap()
}

/// What mip levels give: of the two levels, each half as large as the one before, between which the size lies, a
/// bilinear sample each, mixed.
struct MipLevels(Vec<RgbaImage>);

impl MipLevels {
    fn new(picture: &RgbaImage) -> Self {
        let halves =
            |level: &RgbaImage| (level.width() > 5).then(|| resized(level, level.width() / 2, FilterType::Box));
        Self(std::iter::successors(Some(picture.clone()), halves).collect())
    }

    fn sample(&self, scale: f64, x: u32, y: u32) -> f64 {
        let level = -scale.log2();
        let share = level.fract();
        let of = |level: usize| {
            let picture = &self.0[level];
            let place = |at: u32| (f64::from(at) + 0.5) / scale / f64::from(1_u32 << level) - 0.5;
            let most = f64::from(picture.width() - 1);
            let value = |x: f64, y: f64| f64::from(picture[(x.clamp(0.0, most) as u32, y.clamp(0.0, most) as u32)][0]);
            let (x, y) = (place(x), place(y));
            let (left, top) = (x.floor(), y.floor());
            let row = |y: f64| value(left, y) * (1.0 - (x - left)) + value(left + 1.0, y) * (x - left);
            row(top) * (1.0 - (y - top)) + row(top + 1.0) * (y - top)
        };
        of(level as usize) * (1.0 - share) + of(level as usize + 1) * share
    }
}

/// How far a picture of this side is off on average (root of the mean square), its outermost pixels left out.
fn off(exact: &RgbaImage, value: impl Fn(u32, u32) -> f64) -> f64 {
    let side = exact.width();
    let inside = || 2..side.min(96) - 2;
    let squares = inside().flat_map(|y| inside().map(move |x| (x, y)));
    let squares: Vec<f64> = squares.map(|(x, y)| (value(x, y) - f64::from(exact[(x, y)][0])).powi(2)).collect();
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}

/// While a layer grows or shrinks it is drawn at the powers of two and sampled at a half to all of that: over all sizes down
/// to a tenth it is nearer to what careful filters make of it than mip levels are, on average and where it is worst.
#[test]
fn fine_detail_does_not_shimmer_while_a_layer_shrinks() {
    let rings = rings();
    let levels = MipLevels::new(&rings);
    let (mut all, mut all_of_levels) = (Vec::new(), Vec::new());
    for side in [152, 144, 115, 106, 96, 88, 82, 78, 70, 62, 54, 46, 40, 36, 30, 24, 20, 16] {
        let scale = f64::from(side) / f64::from(SIDE);
        let mut stage = shrinking(&rings, scale);
        stage.compositor.tick(1, 1.0);
        let picture = stage.compositor.picture();
        let ours = |x: u32, y: u32| f64::from(picture.data[(y as usize * WIDTH + x as usize) * 4]);
        let exact = resized(&rings, side, FilterType::Lanczos3);
        let (off, of_levels) = (off(&exact, ours), off(&exact, |x, y| levels.sample(scale, x, y)));
        println!("at {:.0} %: {off:.1} levels off, mip levels {of_levels:.1}", scale * 100.0);
        all.push(off);
        all_of_levels.push(of_levels);
    }
    let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
    let worst = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
    assert!(mean(&all) < 0.8 * mean(&all_of_levels), "{:.1}, mip levels {:.1}", mean(&all), mean(&all_of_levels));
    assert!(worst(&all) < 30.0 && worst(&all) < worst(&all_of_levels), "{all:?}, mip levels {all_of_levels:?}");
}

/// How sharp a picture of this side is: the mean step from one pixel to the next, its outermost pixels left out.
fn sharpness(side: u32, value: impl Fn(u32, u32) -> f64) -> f64 {
    let inside = || 2..side.min(WIDTH as u32) - 3;
    let down = || 2..side.min(HEIGHT as u32) - 3;
    let steps = down().flat_map(|y| inside().map(move |x| (x, y)));
    let steps: Vec<f64> = steps.map(|(x, y)| (value(x + 1, y) - value(x, y)).abs()).collect();
    steps.iter().sum::<f64>() / steps.len() as f64
}

/// Strokes as thin as those of small letters.
fn strokes() -> RgbaImage {
    RgbaImage::from_fn(SIDE, SIDE, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let wave = (x * 1.3 + 6.0 * (y * 0.07).sin()).sin() + (x * 0.71 - y * 0.4).sin();
        let value = if wave > 0.0 { 255 } else { 0 };
        Rgba([value, value, value, 255])
    })
}

/// From all of its size to three tenths in small steps: a layer looks about as sharp as the mean of the pixels that each
/// sample stands for would, at no size much more or less than at the next, and detail that is too fine does not come back as
/// coarse. Only where the smaller raster takes over, at a half, is there a larger step: from there on all is resampled twice.
#[test]
fn sharpness_does_not_jump_while_a_layer_shrinks() {
    for (name, picture) in [("rings", rings()), ("strokes", strokes())] {
        let (mut last, mut steps, mut errors) = (None, Vec::new(), Vec::new());
        let mut halved = Vec::new();
        for side in (48..=158).rev().step_by(2) {
            let scale = f64::from(side) / f64::from(SIDE);
            let mut stage = shrinking(&picture, scale);
            stage.compositor.tick(1, 1.0);
            let drawn = stage.compositor.picture();
            let ours = |x: u32, y: u32| f64::from(drawn.data[(y as usize * WIDTH + x as usize) * 4]);
            let mean = resized(&picture, side, FilterType::Box);
            let exact = |x: u32, y: u32| f64::from(mean[(x, y)][0]);
            let ratio = sharpness(side, ours) / sharpness(side, exact);
            errors.push(off(&mean, ours));
            if let Some(last) = last.replace(ratio) {
                let step: f64 = ratio - last;
                // At exactly a half its pixels are those of the smaller raster, and right after it they are between them.
                let at_half = (76..=80).contains(&side);
                (if at_half { &mut halved } else { &mut steps }).push(step.abs());
            }
            println!("{name} at {scale:.3}: {ratio:.3} as sharp, {:.1} off", errors[errors.len() - 1]);
        }
        let worst = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
        println!(
            "{name}: steps up to {:.3}, at a half {:.3}, off by up to {:.1}",
            worst(&steps),
            worst(&halved),
            worst(&errors)
        );
        assert!(worst(&steps) < 0.1, "{name}: {steps:?}");
        assert!(worst(&halved) < 0.35, "{name}: {halved:?}");
        assert!(worst(&errors) < 50.0, "{name}: {errors:?}");
    }
}

/// It is not drawn anew for each size that it goes through.
#[test]
fn a_layer_that_shrinks_is_drawn_once_for_each_half() {
    let mut stage = shrinking(&rings(), 0.1);
    let drawn: Vec<f64> = (0..=90)
        .filter_map(|tick| {
            let seconds = f64::from(tick) / 90.0;
            let report = stage.compositor.tick(u64::from(tick as u32) + 1, seconds);
            // The first time it is drawn when the file has come.
            (report.rasterised > 0 && tick > 0).then_some(seconds)
        })
        .collect();
    assert_eq!(drawn.len(), 3, "at a half, a quarter, an eighth of its size: {drawn:?}");
}
