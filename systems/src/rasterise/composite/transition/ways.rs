//! What each kind of transition does with the two pictures.

use components::{
    BlendMode, Color, Fit, PixelRect, Point,
    transition::{Direction, Transition},
};
use kurbo::{Affine, Vec2};

use super::{Crossing, Ground, Smaller, Way, unknown_rows, weights::Weights};
use crate::rasterise::{
    composite::{
        Canvas, Filter, Pixel,
        layer::{Layer, opacity_byte},
        placing::Placing,
    },
    pixmap::{Hull, Row},
};

/// A picture that is to be laid down.
#[derive(Clone, Copy)]
struct Source<'a> {
    pixels: &'a [Pixel],
    width: usize,
    height: usize,
    opaque: bool,
}

impl<'a> Crossing<'a> {
    /// The picture that comes at a fraction of its size, where it is drawn so small that samples of its own pixels would
    /// miss most of them.
    pub(super) fn smaller(&self) -> Option<Smaller> {
        let Transition::Scale { .. } = self.transition else { return None };
        let mut smaller: Option<Smaller> = None;
        let mut factor = self.progress;
        while factor < 0.5 {
            let next = match &smaller {
                Some(picture) => Smaller::halved(&picture.pixels, picture.width, picture.height),
                None => Smaller::halved(self.coming.pixels(), self.coming.width(), self.coming.height()),
            };
            let Some(next) = next else { break };
            smaller = Some(next);
            factor *= 2.0;
        }
        smaller
    }

    /// Rows for the layers of [`way`](Self::way).
    pub(super) fn rows(&self, smaller: Option<&Smaller>) -> Vec<Row> {
        let picture = self.picture.map_or((0, 0), |picture| (picture.width as usize, picture.height as usize));
        let (width, height) = match (self.transition, smaller) {
            (Transition::Stinger { .. }, _) => picture,
            (_, Some(smaller)) => (smaller.width, smaller.height),
            _ => (self.coming.width(), self.coming.height()),
        };
        unknown_rows(width, height)
    }

    pub(super) fn way<'b>(&'b self, smaller: Option<&'b Smaller>, rows: &'b [Row]) -> Way<'b> {
        let progress = self.progress;
        let (leaving, coming) = (Ground::Picture(self.leaving.pixels()), Ground::Picture(self.coming.pixels()));
        let size = (self.coming.width(), self.coming.height());
        let mix = |weights| Way::Mix { from: leaving, to: coming, weights };
        match self.transition {
            Transition::Cut {} => Way::Layers { base: self.coming.pixels(), layers: Vec::new() },
            Transition::Fade { color: None, .. } => mix(Weights::even(progress)),
            Transition::Fade { color: Some(Color { r, g, b, .. }), .. } => {
                let plain = Ground::Plain([*r, *g, *b, 255]);
                if progress < 0.5 {
                    Way::Mix { from: leaving, to: plain, weights: Weights::even(progress * 2.0) }
                } else {
                    Way::Mix { from: plain, to: coming, weights: Weights::even(progress * 2.0 - 1.0) }
                }
            }
            Transition::Wipe { shape, angle, center, reverse, softness, .. } => {
                mix(Weights::wipe(*shape, *angle, *center, *reverse, *softness, size, progress))
            }
            Transition::Dissolve { grain, softness, seed, .. } => {
                mix(Weights::dissolve(*grain, *softness, *seed, progress))
            }
            Transition::Slide { direction, .. } => {
                let to = self.entering(*direction);
                let layer = Source::of(self.coming).laid(Affine::translate(to), 255, size, rows);
                Way::Layers { base: self.leaving.pixels(), layers: layer.into_iter().collect() }
            }
            Transition::Push { direction, .. } => {
                let to = self.entering(*direction);
                let from = to - Vec2::from(full(*direction, size));
                let layers = [(self.leaving, from), (self.coming, to)];
                let layers = layers
                    .into_iter()
                    .filter_map(|(canvas, place)| Source::of(canvas).laid(Affine::translate(place), 255, size, rows));
                Way::Layers { base: self.leaving.pixels(), layers: layers.collect() }
            }
            Transition::Scale { center, .. } => {
                let source = smaller.map_or_else(|| Source::of(self.coming), Source::of_smaller);
                let shrunk = Affine::scale_non_uniform(
                    size.0 as f64 / source.width as f64,
                    size.1 as f64 / source.height as f64,
                );
                let layer = source.laid(scaled(progress, *center, size) * shrunk, 255, size, rows);
                Way::Layers { base: self.leaving.pixels(), layers: layer.into_iter().collect() }
            }
            Transition::Zoom { center, factor, .. } => {
                let affine = scaled(1.0 + (factor - 1.0) * progress, *center, size);
                #[expect(clippy::cast_possible_truncation, reason = "an opacity needs no more")]
                let opacity = opacity_byte(1.0 - progress as f32);
                let layer = Source::of(self.leaving).laid(affine, opacity, size, rows).filter(|_| opacity > 0);
                Way::Layers { base: self.coming.pixels(), layers: layer.into_iter().collect() }
            }
            Transition::Stinger { cut_at, fit, .. } => {
                let base = if progress < *cut_at { self.leaving } else { self.coming };
                let layer = self.picture.and_then(|picture| {
                    let (width, height) = (picture.width as usize, picture.height as usize);
                    let pixels = picture.pixels.as_chunks().0;
                    let source = Source { pixels, width, height, opaque: picture.opaque };
                    source.laid(fitted(*fit, (width, height), size), 255, size, rows)
                });
                Way::Layers { base: base.pixels(), layers: layer.into_iter().collect() }
            }
        }
    }

    /// Where a picture that comes in stands now, in whole pixels.
    fn entering(&self, direction: Direction) -> Vec2 {
        let (x, y) = full(direction, (self.coming.width(), self.coming.height()));
        Vec2::new((x * (1.0 - self.progress)).round(), (y * (1.0 - self.progress)).round())
    }
}

/// From where a picture comes that moves in this direction.
#[expect(clippy::cast_precision_loss, reason = "frames have at most 3840 pixels a side")]
fn full(direction: Direction, (width, height): (usize, usize)) -> (f64, f64) {
    match direction {
        Direction::Left => (width as f64, 0.0),
        Direction::Right => (-(width as f64), 0.0),
        Direction::Up => (0.0, height as f64),
        Direction::Down => (0.0, -(height as f64)),
    }
}

/// Scales about a point that is given in shares of the frame.
#[expect(clippy::cast_precision_loss, reason = "frames have at most 3840 pixels a side")]
fn scaled(factor: f64, center: Point, (width, height): (usize, usize)) -> Affine {
    Affine::scale_about(factor, (center.x * width as f64, center.y * height as f64))
}

/// A picture laid into the middle of the frame.
#[expect(clippy::cast_precision_loss, reason = "frames and pictures are far smaller than 2^52 pixels")]
fn fitted(fit: Fit, picture: (usize, usize), frame: (usize, usize)) -> Affine {
    let (picture, frame) = ((picture.0 as f64, picture.1 as f64), (frame.0 as f64, frame.1 as f64));
    let scale = fit.scale(picture, frame);
    let origin = Vec2::new((frame.0 - picture.0 * scale.0) / 2.0, (frame.1 - picture.1 * scale.1) / 2.0).round();
    Affine::translate(origin) * Affine::scale_non_uniform(scale.0, scale.1)
}

impl<'a> Source<'a> {
    fn of(canvas: &'a Canvas) -> Self {
        Self { pixels: canvas.pixels(), width: canvas.width(), height: canvas.height(), opaque: true }
    }

    fn of_smaller(smaller: &'a Smaller) -> Self {
        Self { pixels: &smaller.pixels, width: smaller.width, height: smaller.height, opaque: true }
    }

    /// `None` if nothing of it would be seen.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "frames have at most 3840 pixels a side"
    )]
    fn laid(self, affine: Affine, opacity: u8, frame: (usize, usize), rows: &'a [Row]) -> Option<Layer<'a>> {
        let Self { pixels, width, height, opaque } = self;
        let hull = Hull::full(width, height);
        let placing = Placing::of_size(affine, (width, height), hull, Filter::Bilinear, (1.0, 1.0))?;
        let bounds = PixelRect::new(0, 0, frame.0 as i32, frame.1 as i32);
        let layer =
            Layer::of_pixels(pixels, (width, height), opaque, rows, placing, bounds, opacity, BlendMode::Normal);
        (!layer.bounds.is_empty()).then_some(layer)
    }
}

impl Smaller {
    /// Each pixel is the mean of four; of odd rows and columns the last is left out. `None` if nothing would be left.
    fn halved(pixels: &[Pixel], width: usize, height: usize) -> Option<Self> {
        let (half_width, half_height) = (width / 2, height / 2);
        if half_width == 0 || half_height == 0 {
            return None;
        }
        let mut half = Vec::with_capacity(half_width * half_height);
        for rows in pixels.chunks_exact(2 * width) {
            let (upper, lower) = rows.split_at(width);
            let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
            half.extend(pairs.map(|(upper, lower)| mean([upper[0], upper[1], lower[0], lower[1]])));
        }
        Some(Self { pixels: half, width: half_width, height: half_height })
    }
}

/// The mean of four pixels, rounded.
fn mean(pixels: [Pixel; 4]) -> Pixel {
    const PAIR: u32 = 0x00ff_00ff;
    const HALVES: u32 = 0x0002_0002;
    let pixels = pixels.map(u32::from_le_bytes);
    let even: u32 = pixels.iter().map(|pixel| pixel & PAIR).sum();
    let odd: u32 = pixels.iter().map(|pixel| pixel >> 8 & PAIR).sum();
    ((even + HALVES) >> 2 & PAIR | ((odd + HALVES) >> 2 & PAIR) << 8).to_le_bytes()
}
