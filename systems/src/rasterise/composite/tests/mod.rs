//! Random display lists: what is drawn does not depend on damage, threads or instruction set, and is what plain
//! arithmetic in `f64` says.

mod blending;
mod exact;

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
