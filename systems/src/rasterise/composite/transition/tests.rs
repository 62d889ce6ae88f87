//! Transitions between random pictures: where they begin and end, what is between, and that nothing but time matters.

use std::sync::Arc;

use components::{AssetDocument, AssetId, AssetKind, document::arbitrary, transition::WipeShape};
use proptest::{collection::vec, prelude::*};

use super::*;

/// Not a multiple of a tile either way, and of more than one strip and column.
const WIDTH: usize = 150;
const HEIGHT: usize = 102;
/// Greatest difference of a weight to exact arithmetic: `f32` has a rest of some thousandths of one.
const WEIGHT_TOLERANCE: f64 = 0.6;

/// A canvas of noise.
fn canvas(seed: u64) -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let mut state = seed | 1;
    for pixel in canvas.pixels_mut() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let [r, g, b, ..] = state.to_le_bytes();
        *pixel = [r, g, b, 255];
    }
    canvas
}

fn picture() -> PremultipliedImage {
    let pixels: Vec<u8> = (0..40 * 30).flat_map(|index: u32| [0, 0, (index % 120) as u8, 120]).collect();
    PremultipliedImage { width: 40, height: 30, pixels: Arc::new(pixels), opaque: false }
}

fn transition() -> BoxedStrategy<Transition> {
    let asset =
        AssetDocument { id: AssetId::new("swoosh").unwrap(), kind: AssetKind::Image, path: "swoosh.png".into() };
    arbitrary::transition(&[asset])
}

struct Pictures {
    leaving: Canvas,
    coming: Canvas,
    over: PremultipliedImage,
}

impl Pictures {
    fn new(seed: u64) -> Self {
        Self { leaving: canvas(seed), coming: canvas(!seed), over: picture() }
    }

    fn crossing<'a>(&'a self, transition: &'a Transition, progress: f64) -> Crossing<'a> {
        let picture = matches!(transition, Transition::Stinger { .. }).then_some(&self.over);
        Crossing { transition, progress, picture, leaving: &self.leaving, coming: &self.coming }
    }

    fn drawn(&self, transition: &Transition, progress: f64) -> Canvas {
        let mut screen = Canvas::new(WIDTH, HEIGHT);
        cross(&self.crossing(transition, progress), true, &mut screen, None, None);
        screen
    }
}

proptest! {
    /// It begins with the one picture and ends with the other, to the byte.
    #[test]
    fn it_goes_from_one_picture_to_the_other(transition in transition(), seed in any::<u64>()) {
        let pictures = Pictures::new(seed);
        let crosses = !matches!(transition, Transition::Cut {} | Transition::Stinger { .. });
        if crosses {
            prop_assert!(pictures.drawn(&transition, 0.0) == pictures.leaving);
            prop_assert!(pictures.drawn(&transition, 1.0) == pictures.coming);
        }
        let between = pictures.drawn(&transition, 0.37);
        prop_assert!(between.pixels().iter().all(|pixel| pixel[3] == 255), "it is opaque");
    }

    /// Neither the number of threads nor the instruction set changes a byte, nor what was on the screen before, nor
    /// whether the frame is brought up to date at once or later.
    #[test]
    fn threads_and_instructions_give_the_same_bytes(
        transition in transition(),
        progress in 0.0..=1.0,
        seed in any::<u64>(),
    ) {
        let pictures = Pictures::new(seed);
        let crossing = pictures.crossing(&transition, progress);
        let all = TileSet::all(WIDTH, HEIGHT);
        let (mut expected, mut planes) = (Canvas::new(WIDTH, HEIGHT), Frame::new(WIDTH, HEIGHT));
        cross(&crossing, true, &mut expected, Some((&mut planes, &all)), None);
        for threads in [1, 2, 4] {
            let workers = Workers::new(Some(threads));
            let (mut screen, mut frame) = (canvas(7), Frame::new(WIDTH, HEIGHT));
            cross(&crossing, true, &mut screen, Some((&mut frame, &all)), Some(&workers));
            prop_assert!(screen == expected, "{} threads", threads);
            prop_assert!(frame.data() == planes.data(), "{} threads", threads);
            let mut later = Frame::new(WIDTH, HEIGHT);
            cross(&crossing, false, &mut screen, Some((&mut later, &all)), Some(&workers));
            prop_assert!(screen == expected && later.data() == planes.data());
        }
        let level = Level::new();
        let lower = [Some(Level::baseline()), level.as_sse4_2().map(Level::Sse4_2), level.as_avx2().map(Level::Avx2)];
        for level in lower.into_iter().flatten() {
            let (mut screen, mut frame) = (Canvas::new(WIDTH, HEIGHT), Frame::new(WIDTH, HEIGHT));
            cross_at(level, &crossing, true, &mut screen, Some((&mut frame, &all)), None);
            prop_assert!(screen == expected && frame.data() == planes.data(), "{:?}", level);
        }
    }

    /// Mixing is what it says, channel by channel, with every instruction set and at every length.
    #[test]
    fn mixing_is_rounded_once(pixels in vec((any::<[u8; 4]>(), any::<[u8; 4]>(), any::<u8>()), 0..70)) {
        let from: Vec<Pixel> = pixels.iter().map(|(from, ..)| *from).collect();
        let to: Vec<Pixel> = pixels.iter().map(|(_, to, _)| *to).collect();
        let weights: Vec<u8> = pixels.iter().map(|(.., weight)| *weight).collect();
        let exact: Vec<Pixel> = pixels
            .iter()
            .map(|(from, to, weight)| {
                let (to_share, from_share) = (u32::from(*weight), 255 - u32::from(*weight));
                let channel = |c: usize| u32::from(from[c]) * from_share + u32::from(to[c]) * to_share;
                [0, 1, 2, 3].map(|c| ((2 * channel(c) + 255) / 510) as u8)
            })
            .collect();
        let level = Level::new();
        let levels = [Some(level), Some(Level::baseline()), level.as_sse4_2().map(Level::Sse4_2)];
        for level in levels.into_iter().flatten() {
            let mut out = vec![[0; 4]; pixels.len()];
            dispatch!(level, _ => mix::mix_row(level, &mut out, &from, &to, &weights));
            prop_assert_eq!(&out, &exact, "{:?}", level);
        }
    }

    /// The edge of a wipe is where exact arithmetic has it.
    #[test]
    fn weights_are_what_exact_arithmetic_gives(
        (angle, x, y) in (-360.0..360.0, 0.0..=1.0, 0.0..=1.0),
        reverse in any::<bool>(),
        softness in 0.02..=1.0,
        progress in 0.0..=1.0,
    ) {
        let size = (WIDTH as f64, HEIGHT as f64);
        for shape in [WipeShape::Linear, WipeShape::Radial] {
            let weights =
                Weights::wipe(shape, angle, components::Point { x, y }, reverse, softness, (WIDTH, HEIGHT), progress);
            let reach = match shape {
                WipeShape::Linear => {
                    let (sin, cos) = angle.to_radians().sin_cos();
                    cos.abs() * size.0 + sin.abs() * size.1
                }
                _ => [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
                    .map(|(cx, cy): (f64, f64)| ((cx - x) * size.0).hypot((cy - y) * size.1))
                    .into_iter()
                    .fold(0.0, f64::max),
            };
            let soft = (softness * reach).max(1.0);
            for row in (0..HEIGHT as i32).step_by(7) {
                let mut got = [0_u8; WIDTH];
                weights.fill(&mut got, 0, row);
                for (column, got) in got.into_iter().enumerate() {
                    let (px, py) = (column as f64 + 0.5, f64::from(row) + 0.5);
                    // How far the edge has come by, from where it began.
                    let way = match shape {
                        WipeShape::Linear => {
                            let (sin, cos) = angle.to_radians().sin_cos();
                            let along = (px - size.0 / 2.0) * cos + (py - size.1 / 2.0) * sin;
                            reach / 2.0 + if reverse { -along } else { along }
                        }
                        _ => {
                            let distance = (px - x * size.0).hypot(py - y * size.1);
                            if reverse { reach - distance } else { distance }
                        }
                    };
                    let exact = (((reach + soft) * progress - way) / soft).clamp(0.0, 1.0) * 255.0;
                    prop_assert!(
                        (f64::from(got) - exact).abs() <= WEIGHT_TOLERANCE,
                        "{:?} at {}, {}: {}, exactly {}", shape, px, py, got, exact
                    );
                }
            }
        }
    }
}

/// A hard hand of a clock shows what lies between it and where it started.
#[test]
fn the_hand_of_a_clock_uncovers_its_sector() {
    let center = components::Point { x: 0.5, y: 0.5 };
    for (angle, reverse) in [(0.0, false), (0.0, true), (75.0, false), (-200.0, true)] {
        for progress in [0.1, 0.3, 0.5, 0.62, 0.95] {
            let weights = Weights::wipe(WipeShape::Clock, angle, center, reverse, 0.0, (WIDTH, HEIGHT), progress);
            let mut wrong = 0;
            for row in 0..HEIGHT as i32 {
                let mut got = [0_u8; WIDTH];
                weights.fill(&mut got, 0, row);
                for (column, got) in got.into_iter().enumerate() {
                    let (dx, dy) =
                        (column as f64 + 0.5 - WIDTH as f64 / 2.0, f64::from(row) + 0.5 - HEIGHT as f64 / 2.0);
                    let turned = dx.atan2(-dy).to_degrees() - angle;
                    let turned = (if reverse { -turned } else { turned }).rem_euclid(360.0);
                    wrong += usize::from((turned < 360.0 * progress) != (got >= 128));
                }
            }
            // Pixels on the two edges may go either way.
            assert!(wrong <= 150, "{angle} {reverse} {progress}: {wrong}");
        }
    }
}

/// A dissolve turns the share of grains that its progress says, each grain as a whole.
#[test]
fn a_dissolve_turns_its_share_of_grains() {
    for (progress, grain) in [(0.25, 1), (0.5, 4), (0.75, 3)] {
        let weights = Weights::dissolve(grain, 0.0, 5, progress);
        let mut seen = 0;
        for row in 0..600 {
            let mut got = [0_u8; 600];
            weights.fill(&mut got, 0, row);
            assert!(got.iter().all(|weight| matches!(weight, 0 | 255)));
            assert!(got.chunks(grain as usize).all(|grain| grain.iter().all(|weight| *weight == grain[0])));
            seen += got.iter().filter(|weight| **weight == 255).count();
        }
        let share = seen as f64 / 360_000.0;
        assert!((share - progress).abs() < 0.02, "{share} of {progress}");
    }
}
