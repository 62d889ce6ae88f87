//! Blend modes: the separable ones as tiny-skia has them, the others as their specification does.

use super::*;

/// Greatest difference of a channel to what tiny-skia makes of one pixel on another. Its arithmetic is `f32` with
/// approximate reciprocals and square roots, ours rounds the fading by opacity too.
const TINY_SKIA_TOLERANCE: u8 = 1;

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

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
                blend::row(Level::new(), mode, &mut ours, source.data().as_chunks().0, opacity);
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

proptest! {
    /// Bytes do not depend on the kind of vectors, nor on where a row begins and ends.
    #[test]
    fn blends_are_the_same_with_all_vectors(seed in any::<u64>(), opacity in prop_oneof![Just(255u8), any::<u8>()],
        count in 0..40_usize, cut in 0..40_usize) {
        let (below, source) = (pixels(seed, count, false), pixels(!seed, count, false));
        let (below, source): (&[Pixel], &[Pixel]) = (below.as_chunks().0, source.as_chunks().0);
        let level = Level::new();
        let levels = [Some(level), Some(Level::baseline()), level.as_sse4_2().map(Level::Sse4_2)];
        for mode in BlendMode::ALL {
            let mut plain = below.to_vec();
            for (below, source) in plain.iter_mut().zip(source) {
                blend::row(Level::baseline(), mode, std::slice::from_mut(below), std::slice::from_ref(source), opacity);
            }
            for level in levels.into_iter().flatten() {
                let (mut whole, mut parts) = (below.to_vec(), below.to_vec());
                blend::row(level, mode, &mut whole, source, opacity);
                prop_assert_eq!(&plain, &whole, "{:?} with {:?}", mode, level);
                let cut = cut.min(count);
                blend::row(level, mode, &mut parts[..cut], &source[..cut], opacity);
                blend::row(level, mode, &mut parts[cut..], &source[cut..], opacity);
                prop_assert_eq!(&plain, &parts, "{:?} with {:?}, cut at {}", mode, level, cut);
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
                blend::row(Level::new(), mode, &mut ours, source, 255);
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
