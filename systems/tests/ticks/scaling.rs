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

/// The picture drawn at a part of its size: each pixel the mean of the area that it stands for, to the last bit of it.
fn means(picture: &RgbaImage, side: u32) -> RgbaImage {
    let pitch = f64::from(picture.width()) / f64::from(side);
    let shares = |at: u32| {
        let (start, end) = (f64::from(at) * pitch, f64::from(at + 1) * pitch);
        let covered = move |pixel: u32| (end.min(f64::from(pixel + 1)) - start.max(f64::from(pixel))) / pitch;
        (start as u32..(end.ceil() as u32).min(picture.width())).map(move |pixel| (pixel, covered(pixel)))
    };
    RgbaImage::from_fn(side, side, |x, y| {
        let of_row =
            |row: u32| shares(x).map(|(column, share)| f64::from(picture[(column, row)][0]) * share).sum::<f64>();
        let mean = shares(y).map(|(row, share)| of_row(row) * share).sum::<f64>().round() as u8;
        Rgba([mean, mean, mean, 255])
    })
}

/// What is drawn of a layer that has shrunk to this side.
fn drawn(picture: &RgbaImage, side: u32) -> impl Fn(u32, u32) -> f64 {
    let mut stage = shrinking(picture, f64::from(side) / f64::from(SIDE));
    stage.compositor.tick(1, 1.0);
    let data = stage.compositor.picture().data.to_vec();
    move |x, y| f64::from(data[(y as usize * WIDTH + x as usize) * 4])
}

fn worst(all: &[f64]) -> f64 {
    all.iter().copied().fold(0.0, f64::max)
}

/// From more than all of its size to three tenths in small steps: a layer looks about as sharp as the mean of the pixels that
/// each sample stands for would, at no size much more or less than at the next. Where the smaller raster takes over, at a
/// half, is the largest step: there pixels are those of the raster, and right after it they are between them.
#[test]
fn sharpness_does_not_jump_while_a_layer_shrinks() {
    for (name, picture) in [("rings", rings()), ("strokes", strokes())] {
        let (mut last, mut steps, mut halved, mut errors) = (None, Vec::new(), Vec::new(), Vec::new());
        for side in (48..=190).rev().step_by(2).filter(|side| *side != SIDE) {
            let (ours, means) = (drawn(&picture, side), means(&picture, side));
            let ratio = sharpness(side, &ours) / sharpness(side, |x, y| f64::from(means[(x, y)][0]));
            errors.push(off(&means, ours));
            if let Some(last) = last.replace(ratio) {
                let step: f64 = ratio - last;
                let at_half = (76..=80).contains(&side);
                (if at_half { &mut halved } else { &mut steps }).push(step.abs());
            }
            println!("{name} at {side}: {ratio:.3} as sharp, {:.1} off", errors[errors.len() - 1]);
        }
        let (step, halving, error) = (worst(&steps), worst(&halved), worst(&errors));
        println!("{name}: steps up to {step:.3}, at a half {halving:.3}, off by up to {error:.1}");
        assert!(step < 0.07, "{name}: {steps:?}");
        assert!(halving < 0.2, "{name}: {halved:?}");
        assert!(error < 30.0, "{name}: {errors:?}");
    }
}

/// Stripes and chequers of two and three pixels, which are too fine for a smaller picture, do not come back as coarse ones
/// (moiré) more than in the mean of the area that each pixel stands for, from nearly all of its size to a half.
#[test]
fn fine_patterns_make_no_coarse_ones_while_a_layer_shrinks() {
    let patterns: [(&str, fn(u32, u32) -> bool); 4] = [
        ("stripes of 2", |x, _| x % 2 == 0),
        ("stripes of 3", |x, _| x % 3 == 0),
        ("stripes aslant", |x, y| (x + 2 * y) % 5 < 2),
        ("chequers", |x, y| (x + y) % 2 == 0),
    ];
    for (name, is_light) in patterns {
        let picture = RgbaImage::from_fn(SIDE, SIDE, |x, y| {
            let value = u8::from(is_light(x, y)) * 255;
            Rgba([value, value, value, 255])
        });
        let errors: Vec<f64> =
            (82..=152).step_by(2).map(|side| off(&means(&picture, side), drawn(&picture, side))).collect();
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        println!("{name}: {mean:.1} off, {:.1} at worst", worst(&errors));
        assert!(mean < 12.0 && worst(&errors) < 21.0, "{name}: {mean:.1}, {errors:.1?}");
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
