//! Effects give the same bytes with all vectors that the machine has as with the least of them, and wherever a row begins
//! and ends.

use components::{
    Color, Effect, Effects,
    effects::{Blur, ChromaKey, ColorAdjust, DropShadow, Glow, Grayscale, Outline, Tint, Vignette},
};
use fearless_simd::Level;
use kurbo::Rect;
use proptest::prelude::*;

use super::{apply_at, gaussian};
use crate::rasterise::{
    content::surface::{Grid, Surface},
    octet::{COUNT, levels},
};

/// Premultiplied pixels: many transparent and many opaque ones, equal neighbours too.
fn pixels(count: usize) -> impl Strategy<Value = Vec<u8>> {
    let alpha = prop_oneof![Just(0_u8), Just(255), any::<u8>()];
    let run = (any::<[u8; 3]>(), alpha, prop_oneof![3 => 1..3_usize, 1 => 1..3 * COUNT]).prop_map(
        |([r, g, b], a, length)| {
            let premultiplied = Color { r, g, b, a }.premultiplied();
            vec![premultiplied; length]
        },
    );
    proptest::collection::vec(run, count..=count).prop_map(move |runs| {
        let pixels: Vec<[u8; 4]> = runs.into_iter().flatten().take(count).collect();
        pixels.into_flattened()
    })
}

/// A picture of up to three octets in a row, somewhere in its layer.
fn picture() -> impl Strategy<Value = Surface> {
    let size = (1..3 * COUNT as u32 + 2, 1..20_u32);
    let place = (-20..20_i32, -20..20_i32, 0.3..2.5, 0.3..2.5);
    (size, place).prop_flat_map(|((width, height), (left, top, x, y))| {
        let grid = Grid { left, top, width, height };
        pixels((width * height) as usize)
            .prop_map(move |pixels| Surface::from_pixels(pixels, grid, (x, y)).expect("as many as the size says"))
    })
}

fn color() -> impl Strategy<Value = Color> {
    any::<[u8; 4]>().prop_map(|[r, g, b, a]| Color { r, g, b, a })
}

/// Something between the ends, or one of them.
fn between(from: f64, to: f64) -> impl Strategy<Value = f64> {
    prop_oneof![4 => from..to, 1 => Just(from), 1 => Just(to)]
}

fn effect() -> impl Strategy<Value = Effect> {
    let factor = || prop_oneof![Just(1.0), between(0.0, 10.0)];
    let adjusted = (factor(), factor(), factor(), prop_oneof![Just(0.0), -720.0..720.0]);
    let shade = (between(0.0, 1.0), between(0.0, 1.0), between(0.0, 1.0), color());
    let keyed = (color(), between(0.0, 1.0), between(0.0, 1.0), between(0.0, 1.0));
    prop_oneof![
        3 => adjusted.prop_map(|(brightness, contrast, saturation, hue)| {
            Effect::ColorAdjust(ColorAdjust { brightness, contrast, saturation, hue })
        }),
        2 => (color(), color(), between(0.0, 1.0))
            .prop_map(|(black, white, amount)| Effect::Tint(Tint { black, white, amount })),
        1 => between(0.0, 1.0).prop_map(|amount| Effect::Grayscale(Grayscale { amount })),
        3 => keyed.prop_map(|(color, similarity, smoothness, spill)| {
            Effect::ChromaKey(ChromaKey { color, similarity, smoothness, spill })
        }),
        3 => shade.prop_map(|(amount, radius, softness, color)| {
            Effect::Vignette(Vignette { amount, radius, softness, color })
        }),
        2 => (0.0..12.0).prop_map(|radius| Effect::Blur(Blur { radius })),
        1 => (0.0..6.0, color(), 0.0..20.0)
            .prop_map(|(radius, color, strength)| Effect::Glow(Glow { radius, color, strength })),
        1 => (0.0..6.0, color())
            .prop_map(|(radius, color)| Effect::DropShadow(DropShadow { radius, color, ..DropShadow::default() })),
        1 => (0.0..6.0, color()).prop_map(|(width, color)| Effect::Outline(Outline { width, color })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn effects_are_the_same_with_all_vectors(picture in picture(), effects in proptest::collection::vec(effect(), 1..3),
        frame in (-40.0..0.0, -40.0..0.0, 1.0..80.0, 1.0..80.0)) {
        let frame = Rect::new(frame.0, frame.1, frame.0 + frame.2, frame.1 + frame.3);
        let effects = Effects(effects);
        let mut drawn = levels().into_iter().map(|level| (level, apply_at(level, &effects, picture.clone(), frame)));
        let (_, least) = drawn.next().expect("there is one in any case");
        for (level, drawn) in drawn {
            prop_assert_eq!(drawn.grid(), least.grid());
            prop_assert_eq!(drawn.pixmap.data(), least.pixmap.data(), "{:?} with {:?}", effects, level);
        }
    }

    /// One pixel by itself becomes what it becomes among others.
    #[test]
    fn colours_are_the_same_wherever_they_lie(pixels in pixels(3 * COUNT + 1), effect in effect()
        .prop_filter("of each pixel by itself", |effect| {
            matches!(effect, Effect::ColorAdjust(_) | Effect::Tint(_) | Effect::Grayscale(_) | Effect::ChromaKey(_))
        })) {
        let effects = Effects(vec![effect]);
        let changed = |level: Level, pixels: &[u8]| {
            let grid = Grid { left: 0, top: 0, width: (pixels.len() / 4) as u32, height: 1 };
            let picture = Surface::from_pixels(pixels.to_vec(), grid, (1.0, 1.0)).expect("as many as the size says");
            apply_at(level, &effects, picture, Rect::ZERO).pixmap.take()
        };
        let alone: Vec<u8> = pixels.chunks(4).flat_map(|pixel| changed(Level::baseline(), pixel)).collect();
        for level in levels() {
            prop_assert_eq!(&changed(level, &pixels), &alone, "{:?} with {:?}", effects, level);
        }
    }

    /// Kernels, boxes in one pass, and boxes one by one, which are so wide that their product does not fit 32 bits.
    #[test]
    fn blurs_are_the_same_with_all_vectors(
        (width, pixels) in (1..60_usize, 1..40_usize).prop_flat_map(|(width, height)| (Just(width), pixels(width * height))),
        across in prop_oneof![0.0..2.0, 2.0..30.0, 100.0..400.0], down in prop_oneof![0.0..2.0, 2.0..30.0, 100.0..400.0],
        is_plane in any::<bool>()) {
        let blurred = |level: Level| {
            let mut pixels = pixels.clone();
            if is_plane {
                gaussian::blur::<1>(level, &mut pixels, width * 4, (across, down));
            } else {
                gaussian::blur::<4>(level, &mut pixels, width, (across, down));
            }
            pixels
        };
        let least = blurred(Level::baseline());
        for level in levels() {
            prop_assert_eq!(&blurred(level), &least, "{:?}", level);
        }
    }
}
