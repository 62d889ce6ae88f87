//! Random display lists: what is drawn does not depend on damage, threads or instruction set, and is what plain
//! arithmetic in `f64` says.

use kurbo::Vec2;
use proptest::{collection::vec, prelude::*};

use super::*;

/// Not a multiple of a tile either way, and of more than one strip and column.
const WIDTH: usize = 150;
const HEIGHT: usize = 102;
/// Greatest difference of a channel to exact arithmetic after up to [`MOST_STEPS`] steps, each of which rounds a sample,
/// an opacity and a sum, within groups one more time each.
const EXACT_TOLERANCE: f64 = 4.0;
const MOST_STEPS: usize = 7;
/// Greatest difference of a channel to what tiny-skia makes of one pixel on another. Its arithmetic is `f32` with
/// approximate reciprocals and square roots, ours rounds the fading by opacity too.
const TINY_SKIA_TOLERANCE: u8 = 1;

fn noise(seed: u64) -> impl FnMut() -> u8 {
    let mut state = seed | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    }
}

/// Noise with runs that are fully transparent and runs that are opaque.
fn pixels(seed: u64, count: usize, opaque: bool) -> Vec<u8> {
    let mut next = noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut bytes = Vec::with_capacity(count * 4);
    let mut run = (0, 0);
    for _ in 0..count {
        run = match (run, next()) {
            ((left @ 1.., alpha), _) => (left - 1, alpha),
            (_, 0..32) => (next() % 24, 0),
            (_, 32..96) => (next() % 24, 255),
            _ => (0, next()),
        };
        let alpha = if opaque { 255 } else { run.1 };
        let color = components::Color { r: next(), g: next(), b: next(), a: alpha };
        bytes.extend(color.premultiplied());
    }
    bytes
}

/// A body of noise that is opaque within an ellipse, and nothing around it.
fn figure(seed: u64, width: usize, height: usize) -> Vec<u8> {
    let mut next = noise(seed);
    let [x, y, across, down] = [0; 4].map(|_: u8| f64::from(next()) / 255.0);
    let mut bytes = pixels(seed, width * height, true);
    for (index, pixel) in bytes.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let (column, row) = ((index % width) as f64 / width as f64, (index / width) as f64 / height as f64);
        let (dx, dy) = ((column - 0.3 - 0.4 * x) / (0.1 + 0.6 * across), (row - 0.3 - 0.4 * y) / (0.1 + 0.6 * down));
        if dx.hypot(dy) > 1.0 {
            *pixel = [0; 4];
        }
    }
    bytes
}

fn raster() -> impl Strategy<Value = Raster> {
    let figure = (20usize..160, 20usize..130, any::<u64>())
        .prop_map(|(width, height, seed)| Raster::new(width, height, figure(seed, width, height), Affine::IDENTITY));
    prop_oneof![2 => noisy(), 1 => figure]
}

fn noisy() -> impl Strategy<Value = Raster> {
    (1usize..120, 1usize..100, any::<u64>(), any::<bool>()).prop_map(|(width, height, seed, opaque)| {
        Raster::new(width, height, pixels(seed, width * height, opaque), Affine::IDENTITY)
    })
}

fn affine() -> impl Strategy<Value = Affine> {
    let place = (-80.0..140.0, -60.0..100.0).prop_map(|(x, y)| Vec2::new(x, y));
    let whole = place.clone().prop_map(|v: Vec2| Affine::translate(v.round()));
    let shifted = place.clone().prop_map(Affine::translate);
    let scaled =
        (place.clone(), 0.5f64..6.0, 0.5f64..6.0, any::<bool>(), any::<bool>()).prop_map(|(v, x, y, flip, whole)| {
            let v: Vec2 = if whole { v.round() } else { v };
            Affine::translate(v) * Affine::scale_non_uniform(if flip { -x } else { x }, y)
        });
    let turned = (place, 0.6..3.0, -7.0..7.0, -0.5..0.5).prop_map(|(v, scale, angle, skew)| {
        Affine::translate(v) * Affine::rotate(angle) * Affine::skew(skew, 0.0) * Affine::scale(scale)
    });
    prop_oneof![2 => whole, 1 => shifted, 2 => scaled, 2 => turned]
}

fn bounds() -> impl Strategy<Value = PixelRect> {
    let part = (-20..100, -20..80, 1..200, 1..150).prop_map(|(x, y, w, h)| PixelRect::new(x, y, x + w, y + h));
    prop_oneof![3 => Just(PixelRect::new(0, 0, WIDTH as i32, HEIGHT as i32)), 1 => part]
}

fn opacity() -> impl Strategy<Value = f32> {
    prop_oneof![Just(1.0f32), 0.0f32..=1.0]
}

fn filter() -> impl Strategy<Value = Filter> {
    proptest::sample::select(&[Filter::Bilinear, Filter::Bicubic][..])
}

fn any_blend() -> impl Strategy<Value = BlendMode> + Clone + 'static {
    prop_oneof![2 => Just(BlendMode::Normal), 1 => proptest::sample::select(&BlendMode::ALL[..])]
}

#[derive(Clone, Debug)]
enum Tree {
    Layer(LayerStep),
    Group(GroupStep, Vec<Tree>),
}

fn tree(blend: impl Strategy<Value = BlendMode> + Clone + 'static) -> impl Strategy<Value = Tree> {
    let layer = (raster(), affine(), filter(), bounds(), opacity(), blend.clone()).prop_map(
        |(raster, affine, filter, bounds, opacity, blend)| {
            Tree::Layer(LayerStep { raster, affine, filter, bounds, opacity, blend })
        },
    );
    layer.prop_recursive(2, MOST_STEPS as u32, 3, move |inner| {
        let mask = prop::option::weighted(
            0.3,
            (raster(), affine(), any::<bool>()).prop_map(|(raster, affine, inverted)| MaskStep {
                raster,
                affine,
                inverted,
            }),
        );
        (vec(inner, 0..4), bounds(), opacity(), blend.clone(), mask).prop_map(
            |(inside, bounds, opacity, blend, mask)| Tree::Group(GroupStep { bounds, opacity, blend, mask }, inside),
        )
    })
}

fn flatten(trees: &[Tree], steps: &mut Vec<Step>) {
    for tree in trees {
        match tree {
            Tree::Layer(step) => steps.push(Step::Layer(step.clone())),
            Tree::Group(step, inside) => {
                steps.push(Step::BeginGroup(step.clone()));
                flatten(inside, steps);
                steps.push(Step::EndGroup);
            }
        }
    }
}

fn list(blend: impl Strategy<Value = BlendMode> + Clone + 'static) -> impl Strategy<Value = Vec<Step>> {
    vec(tree(blend), 0..4).prop_map(|trees| {
        let mut steps = Vec::new();
        flatten(&trees, &mut steps);
        steps
    })
}

fn viewport() -> impl Strategy<Value = Viewport> {
    let clip =
        prop_oneof![Just(PixelRect::new(0, 0, WIDTH as i32, HEIGHT as i32)), Just(PixelRect::new(13, 0, 139, 102))];
    (clip, any::<[u8; 3]>()).prop_map(|(clip, [r, g, b])| Viewport {
        width: WIDTH,
        height: HEIGHT,
        canvas: (WIDTH as f64, HEIGHT as f64),
        affine: Affine::IDENTITY,
        clip,
        background: [r, g, b, 255],
    })
}

fn tiles() -> impl Strategy<Value = TileSet> {
    vec(any::<bool>(), 6).prop_map(|bits| {
        let mut set = TileSet::none(WIDTH, HEIGHT);
        for (index, _) in bits.iter().enumerate().filter(|(_, bit)| **bit) {
            set.insert(index % set.columns(), index / set.columns());
        }
        set
    })
}

fn all() -> TileSet {
    TileSet::all(WIDTH, HEIGHT)
}

fn drawn(steps: &[Step], viewport: &Viewport) -> (Canvas, Frame) {
    let (mut canvas, mut frame) = (Canvas::new(WIDTH, HEIGHT), Frame::new(WIDTH, HEIGHT));
    compose(steps, viewport, &all(), &mut canvas, Some((&mut frame, &all())), None);
    (canvas, frame)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    /// After a change, drawing some tiles makes just these as drawing everything does, and leaves the others alone.
    #[test]
    fn damage_gives_the_same_bytes_as_everything(
        before in list(any_blend()),
        after in list(any_blend()),
        viewport in viewport(),
        dirty in tiles(),
        more in tiles(),
    ) {
        let (old, _) = drawn(&before, &viewport);
        let (new, _) = drawn(&after, &viewport);
        let mut canvas = old.clone();
        let mut frame = Frame::new(WIDTH, HEIGHT);
        let mut stale = dirty.clone();
        stale.insert_all(&more);
        compose(&after, &viewport, &dirty, &mut canvas, Some((&mut frame, &stale)), None);
        for (index, pixel) in canvas.pixels().iter().enumerate() {
            let (x, y) = (index % WIDTH, index / WIDTH);
            let expected = if dirty.contains(x / TILE, y / TILE) { &new } else { &old };
            prop_assert_eq!(*pixel, expected.pixels()[index], "at {}, {}", x, y);
        }
        // The frame shows the canvas where it was stale, and what it showed before elsewhere.
        let mut whole = Frame::new(WIDTH, HEIGHT);
        let none = TileSet::none(WIDTH, HEIGHT);
        compose(&[], &viewport, &none, &mut canvas, Some((&mut whole, &all())), None);
        let black = Frame::new(WIDTH, HEIGHT);
        for (plane, (stride, scale)) in
            [(frame.y_stride(), 1), (frame.uv_stride(), 2), (frame.uv_stride(), 2)].into_iter().enumerate()
        {
            let bytes = |frame: &Frame| {
                let (y, u, v) = frame.planes();
                [y, u, v][plane].to_vec()
            };
            let (got, current, old) = (bytes(&frame), bytes(&whole), bytes(&black));
            for (index, byte) in got.iter().enumerate() {
                let (x, y) = (index % stride * scale, index / stride * scale);
                let is_current = x < WIDTH && stale.contains(x / TILE, y / TILE);
                prop_assert_eq!(*byte, if is_current { current[index] } else { old[index] });
            }
        }
    }

    /// Neither the number of threads nor the instruction set changes a byte.
    #[test]
    fn threads_and_instructions_give_the_same_bytes(steps in list(any_blend()), viewport in viewport()) {
        let (expected_canvas, expected_frame) = drawn(&steps, &viewport);
        for threads in [1, 2, 4] {
            let workers = Workers::new(Some(threads));
            let (mut canvas, mut frame) = (Canvas::new(WIDTH, HEIGHT), Frame::new(WIDTH, HEIGHT));
            compose(&steps, &viewport, &all(), &mut canvas, Some((&mut frame, &all())), Some(&workers));
            prop_assert_eq!(&canvas, &expected_canvas, "{} threads", threads);
            prop_assert_eq!(frame.data(), expected_frame.data());
        }
        let level = Level::new();
        let lower = [Some(Level::baseline()), level.as_sse4_2().map(Level::Sse4_2), level.as_avx2().map(Level::Avx2)];
        for level in lower.into_iter().flatten() {
            let (mut canvas, mut frame) = (Canvas::new(WIDTH, HEIGHT), Frame::new(WIDTH, HEIGHT));
            compose_at(level, &steps, &viewport, &all(), &mut canvas, Some((&mut frame, &all())), None);
            prop_assert_eq!(&canvas, &expected_canvas, "{:?}", level);
            prop_assert_eq!(frame.data(), expected_frame.data());
        }
    }

    /// Fixed-point sampling, spans, cover, groups, masks: all give what exact arithmetic gives pixel by pixel.
    #[test]
    fn source_over_is_what_exact_arithmetic_gives(
        steps in list(Just(BlendMode::Normal)),
        viewport in viewport(),
    ) {
        let (canvas, _) = drawn(&steps, &viewport);
        for (index, pixel) in canvas.pixels().iter().enumerate() {
            let (x, y) = ((index % WIDTH) as i32, (index / WIDTH) as i32);
            let expected = exact::pixel(&steps, &viewport, x, y);
            for channel in 0..4 {
                let difference = (f64::from(pixel[channel]) - expected[channel] * 255.0).abs();
                prop_assert!(
                    difference <= EXACT_TOLERANCE,
                    "at {}, {}: {:?}, exactly {:?}", x, y, pixel, expected.map(|c| c * 255.0)
                );
            }
        }
    }

    /// Every separable blend mode makes of random pixels what tiny-skia makes of them.
    #[test]
    fn separable_blend_modes_agree_with_tiny_skia(seed in any::<u64>(), opacity in prop_oneof![Just(255u8), any::<u8>()]) {
        const COUNT: usize = 256;
        let picture = |seed| {
            let bytes = pixels(seed, COUNT, false);
            let size = tiny_skia::IntSize::from_wh(COUNT as u32, 1).unwrap();
            tiny_skia::Pixmap::from_vec(bytes, size).unwrap()
        };
        let (below, source) = (picture(seed), picture(!seed));
        for mode in BlendMode::ALL {
            // Its non-separable modes clip colours by their greatest channel where the specification says the least.
            if matches!(mode, BlendMode::Hue | BlendMode::Saturation | BlendMode::Color | BlendMode::Luminosity) {
                continue;
            }
            // tiny-skia fades in its own precision; what is tested here is the blending.
            let mut faded = source.clone();
            for byte in faded.data_mut() {
                *byte = ((u32::from(*byte) * u32::from(opacity) * 2 + 255) / 510) as u8;
            }
            let mut ours = below.data().as_chunks().0.to_vec();
            if mode == BlendMode::Normal {
                over::over_row(Level::new(), &mut ours, source.data().as_chunks().0, opacity);
            } else {
                blend::row(mode, &mut ours, source.data().as_chunks().0, opacity);
            }
            let mut theirs = below.clone();
            theirs.draw_pixmap(
                0,
                0,
                faded.as_ref(),
                &tiny_skia::PixmapPaint { blend_mode: skia_mode(mode), ..Default::default() },
                tiny_skia::Transform::identity(),
                None,
            );
            for (index, (ours, theirs)) in ours.iter().zip(theirs.data().as_chunks::<4>().0).enumerate() {
                let close = ours.iter().zip(theirs).all(|(a, b)| a.abs_diff(*b) <= TINY_SKIA_TOLERANCE);
                prop_assert!(
                    close,
                    "{:?}: {:?} on {:?}: {:?}, tiny-skia {:?}",
                    mode, &faded.data()[index * 4..][..4], &below.data()[index * 4..][..4], ours, theirs
                );
            }
        }
    }
}

/// Letter by letter what chapter 10.2 of the specification has, in `f64`.
mod non_separable {
    use super::*;

    type Color = [f64; 3];

    fn lum(c: Color) -> f64 {
        0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]
    }

    fn clip_color(mut c: Color) -> Color {
        let (l, n, x) = (lum(c), c.into_iter().fold(f64::MAX, f64::min), c.into_iter().fold(f64::MIN, f64::max));
        if n < 0.0 {
            c = c.map(|v| l + (((v - l) * l) / (l - n)));
        }
        if x > 1.0 {
            c = c.map(|v| l + (((v - l) * (1.0 - l)) / (x - l)));
        }
        c
    }

    fn set_lum(c: Color, l: f64) -> Color {
        let d = l - lum(c);
        clip_color(c.map(|v| v + d))
    }

    fn sat(c: Color) -> f64 {
        c.into_iter().fold(f64::MIN, f64::max) - c.into_iter().fold(f64::MAX, f64::min)
    }

    fn set_sat(c: Color, s: f64) -> Color {
        let mut order = [0, 1, 2];
        order.sort_by(|a, b| c[*a].total_cmp(&c[*b]));
        let [min, mid, max] = order;
        let mut result = [0.0; 3];
        if c[max] > c[min] {
            result[mid] = ((c[mid] - c[min]) * s) / (c[max] - c[min]);
            result[max] = s;
        }
        result
    }

    fn blend(mode: BlendMode, cb: Color, cs: Color) -> Color {
        match mode {
            BlendMode::Hue => set_lum(set_sat(cs, sat(cb)), lum(cb)),
            BlendMode::Saturation => set_lum(set_sat(cb, sat(cs)), lum(cb)),
            BlendMode::Color => set_lum(cs, lum(cb)),
            _ => set_lum(cb, lum(cs)),
        }
    }

    /// Chapters 5.1 and 5.8: blending, then source-over. The result is premultiplied, in 0..=255.
    fn composed(mode: BlendMode, below: Pixel, source: Pixel) -> [f64; 4] {
        let alpha = |pixel: Pixel| f64::from(pixel[3]) / 255.0;
        let straight = |p: Pixel| [0, 1, 2].map(|c| if p[3] == 0 { 0.0 } else { f64::from(p[c]) / f64::from(p[3]) });
        let (ab, as_) = (alpha(below), alpha(source));
        let (cb, cs) = (straight(below), straight(source));
        let mixed = blend(mode, cb, cs);
        let color = [0, 1, 2].map(|c| {
            let cs = (1.0 - ab) * cs[c] + ab * mixed[c];
            as_ * cs + ab * cb[c] * (1.0 - as_)
        });
        [color[0], color[1], color[2], as_ + ab * (1.0 - as_)].map(|v| v * 255.0)
    }

    proptest! {
        #[test]
        fn modes_are_as_specified(seed in any::<u64>()) {
            let (below, source) = (pixels(seed, 256, false), pixels(!seed, 256, false));
            for mode in [BlendMode::Hue, BlendMode::Saturation, BlendMode::Color, BlendMode::Luminosity] {
                let source = source.as_chunks::<4>().0;
                let mut ours = below.as_chunks::<4>().0.to_vec();
                blend::row(mode, &mut ours, source, 255);
                for ((below, source), ours) in below.as_chunks::<4>().0.iter().zip(source).zip(ours) {
                    for (ours, exact) in ours.into_iter().zip(composed(mode, *below, *source)) {
                        // Rounding to a byte, and a trace of `f32`.
                        prop_assert!(
                            (f64::from(ours) - exact).abs() < 0.51,
                            "{:?}: {:?} on {:?}: {}, exactly {}", mode, source, below, ours, exact
                        );
                    }
                }
            }
        }
    }
}

fn skia_mode(mode: BlendMode) -> tiny_skia::BlendMode {
    use tiny_skia::BlendMode as Skia;
    match mode {
        BlendMode::Normal => Skia::SourceOver,
        BlendMode::Multiply => Skia::Multiply,
        BlendMode::Screen => Skia::Screen,
        BlendMode::Overlay => Skia::Overlay,
        BlendMode::Darken => Skia::Darken,
        BlendMode::Lighten => Skia::Lighten,
        BlendMode::ColorDodge => Skia::ColorDodge,
        BlendMode::ColorBurn => Skia::ColorBurn,
        BlendMode::HardLight => Skia::HardLight,
        BlendMode::SoftLight => Skia::SoftLight,
        BlendMode::Difference => Skia::Difference,
        BlendMode::Exclusion => Skia::Exclusion,
        BlendMode::Hue => Skia::Hue,
        BlendMode::Saturation => Skia::Saturation,
        BlendMode::Color => Skia::Color,
        BlendMode::Luminosity => Skia::Luminosity,
        BlendMode::PlusLighter => Skia::Plus,
    }
}

/// The same picture by the definition: pixel by pixel, every step, in `f64`.
mod exact {
    use super::*;

    pub(super) fn pixel(steps: &[Step], viewport: &Viewport, x: i32, y: i32) -> [f64; 4] {
        let background = viewport.background.map(|c| f64::from(c) / 255.0);
        if !inside(viewport.clip, x, y) {
            return [0.0, 0.0, 0.0, 1.0];
        }
        let mut stack = vec![(background, None)];
        for step in steps {
            match step {
                Step::Layer(step) => {
                    if inside(step.bounds, x, y) {
                        let source =
                            sample(&step.raster, step.affine, step.filter, x, y).map(|c| c * f64::from(step.opacity));
                        let top = stack.last_mut().unwrap();
                        top.0 = over(top.0, source);
                    }
                }
                Step::BeginGroup(step) => stack.push(([0.0; 4], Some(step))),
                Step::EndGroup => {
                    let (picture, group) = stack.pop().unwrap();
                    let group = group.unwrap();
                    if inside(group.bounds, x, y) {
                        let mask = group.mask.as_ref().map_or(1.0, |mask| {
                            let alpha = sample(&mask.raster, mask.affine, Filter::Bilinear, x, y)[3];
                            if mask.inverted { 1.0 - alpha } else { alpha }
                        });
                        let factor = mask * f64::from(group.opacity);
                        let top = stack.last_mut().unwrap();
                        top.0 = over(top.0, picture.map(|c| c * factor));
                    }
                }
            }
        }
        stack[0].0
    }

    fn inside(rect: PixelRect, x: i32, y: i32) -> bool {
        rect.contains(PixelRect::new(x, y, x + 1, y + 1))
    }

    fn over(below: [f64; 4], source: [f64; 4]) -> [f64; 4] {
        [0, 1, 2, 3].map(|c| source[c] + below[c] * (1.0 - source[3]))
    }

    /// The filter, clamped to the edge, times the share of the pixel that is covered.
    fn sample(raster: &Raster, affine: Affine, filter: Filter, x: i32, y: i32) -> [f64; 4] {
        let inverse = affine.inverse();
        let [a, b, c, d, ..] = inverse.as_coeffs();
        let at = inverse * kurbo::Point::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
        let along = |position: f64, size: usize, pitch: f64| {
            ((position / pitch).clamp(-0.5, 0.5) + ((size as f64 - position) / pitch).clamp(-0.5, 0.5)).max(0.0)
        };
        let coverage = along(at.x, raster.width, a.hypot(c)) * along(at.y, raster.height, b.hypot(d));
        let texel = |column: f64, row: f64, channel: usize| {
            let column = column.clamp(0.0, raster.width as f64 - 1.0) as usize;
            let row = row.clamp(0.0, raster.height as f64 - 1.0) as usize;
            f64::from(raster.pixels[(row * raster.width + column) * 4 + channel]) / 255.0
        };
        let (u, v) = (at.x - 0.5, at.y - 0.5);
        // Our positions are rounded to 1/256 pixel, in noise half a code: here they are exact.
        let (left, top) = (u.floor(), v.floor());
        let weights = |t: f64, pitch: f64| match filter {
            Filter::Bilinear => [0.0, 1.0 - t, t, 0.0],
            Filter::Bicubic => {
                let (t2, t3) = (t * t, t * t * t);
                let spline = [-t + 2.0 * t2 - t3, 2.0 - 5.0 * t2 + 3.0 * t3, t + 4.0 * t2 - 3.0 * t3, t3 - t2];
                // Mixed with the mean of all pixels that a sample stands for, by steps of the size.
                let size = 1.0 - ((1.0 - 1.0 / pitch).clamp(0.0, 0.5) * 32.0).round() / 32.0;
                let mean = [1.0 + t, t, 1.0 - t, 2.0 - t]
                    .map(|distance: f64| ((distance + 0.5).min(0.5 / size) - (distance - 0.5)).max(0.0) * size);
                [0, 1, 2, 3].map(|index| size * spline[index] / 2.0 + (1.0 - size) * mean[index])
            }
        };
        let (across, down) = (weights(u - left, a.hypot(c)), weights(v - top, b.hypot(d)));
        let mut mixed = [0, 1, 2, 3].map(|channel| {
            let mut sum = 0.0;
            for (row, down) in down.iter().enumerate() {
                for (column, across) in across.iter().enumerate() {
                    sum += texel(left + column as f64 - 1.0, top + row as f64 - 1.0, channel) * across * down;
                }
            }
            sum.clamp(0.0, 1.0)
        });
        for channel in 0..3 {
            mixed[channel] = mixed[channel].min(mixed[3]);
        }
        mixed.map(|channel| channel * coverage)
    }
}

#[test]
fn an_enlarged_opaque_picture_has_opaque_edges() {
    let raster = Raster::new(15, 17, pixels(3, 15 * 17, true), Affine::IDENTITY);
    assert!(raster.opaque);
    let affine = Affine::scale_non_uniform(10.0, 6.0);
    let placing = placing::Placing::new(affine, &raster, Filter::Bilinear).unwrap();
    let layer = layer::Layer::placed(&raster, placing, PixelRect::new(0, 0, 150, 102), 255, BlendMode::Normal);
    assert!(layer.covers(PixelRect::new(0, 0, 150, 102)));
    assert!(!layer.covers(PixelRect::new(0, 0, 151, 102)));
}

/// A disc hides what is below its middle, however it lies, and nothing beyond its rim.
#[test]
fn the_body_of_a_figure_covers() {
    let pixel = |index: usize| {
        let (x, y) = ((index % 200) as f64 - 99.5, (index / 200) as f64 - 99.5);
        if x.hypot(y) < 90.0 { [9, 8, 7, 255] } else { [0; 4] }
    };
    let bytes: Vec<u8> = (0..200 * 200).flat_map(pixel).collect();
    let raster = Raster::new(200, 200, bytes, Affine::IDENTITY);
    assert!(!raster.opaque);
    let everywhere = PixelRect::new(-1000, -1000, 1000, 1000);
    let tile = |x: i32, y: i32| PixelRect::new(x - 32, y - 16, x + 32, y + 16);
    for angle in [0.0, 0.3, 0.8, 2.0, 4.0] {
        for filter in [Filter::Bilinear, Filter::Bicubic] {
            let affine = Affine::rotate(angle) * Affine::translate((-100.0, -100.0));
            let step = LayerStep {
                raster: raster.clone(),
                affine,
                filter,
                bounds: everywhere,
                opacity: 1.0,
                blend: BlendMode::Normal,
            };
            let layer = layer::Layer::new(&step, everywhere).unwrap();
            let cases = [(0, 0, true), (10, 45, true), (-30, -30, true), (40, 0, true), (60, 0, false), (0, 80, false)];
            for (x, y, is_covered) in cases {
                assert_eq!(layer.covers(tile(x, y)), is_covered, "turned by {angle}: {x}, {y}");
            }
            let faded = LayerStep { opacity: 0.9, ..step };
            assert!(!layer::Layer::new(&faded, everywhere).unwrap().covers(tile(0, 0)));
        }
    }
}
