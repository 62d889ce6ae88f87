//! Puts two pictures together as a transition from one to the other has it.
//!
//! What a pixel becomes depends on the two pictures, on how far the transition is and on the pixel's own place: not on who
//! draws it. Where a transition moves pictures they are laid down as layers are; where it does not, each pixel is mixed
//! from both by a weight of its own (`weights`).

mod mix;
#[cfg(target_arch = "x86_64")]
mod mix_avx2;
mod ways;
mod weights;

#[cfg(test)]
mod tests;

use components::{PixelRect, Transition};
use fearless_simd::{Level, dispatch};

use super::{Canvas, Pixel, STRIP, edge, layer::Layer, surface::Surface};
use crate::{
    assets::PremultipliedImage,
    frame::Frame,
    rasterise::{
        convert::{Strip, convert_counted},
        pixmap::Row,
    },
    tiles::{TILE, TileSet},
    workers::Workers,
};
use weights::Weights;

/// A transition at one moment. Both pictures are of the frame's size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crossing<'a> {
    /// How they are put together.
    pub(crate) transition: &'a Transition,
    /// How far it is: 0..=1.
    pub(crate) progress: f64,
    /// What it shows over both.
    pub(crate) picture: Option<&'a PremultipliedImage>,
    /// What is seen at 0.
    pub(crate) leaving: &'a Canvas,
    /// What is seen at 1.
    pub(crate) coming: &'a Canvas,
}

/// Draws all of `screen` if it `is_due`, and brings the tiles `frame.1` of a frame up to date with it. The work is shared
/// out among `workers`, if there are any. `screen` and the frame are of the pictures' size.
pub(crate) fn cross(
    crossing: &Crossing<'_>,
    is_due: bool,
    screen: &mut Canvas,
    frame: Option<(&mut Frame, &TileSet)>,
    workers: Option<&Workers>,
) {
    cross_at(Level::new(), crossing, is_due, screen, frame, workers);
}

/// [`cross`] with the instructions of `level`.
fn cross_at(
    level: Level,
    crossing: &Crossing<'_>,
    is_due: bool,
    screen: &mut Canvas,
    frame: Option<(&mut Frame, &TileSet)>,
    workers: Option<&Workers>,
) {
    let width = screen.width();
    debug_assert_eq!(width, crossing.leaving.width());
    debug_assert_eq!(width, crossing.coming.width());
    let smaller = crossing.smaller();
    let rows = crossing.rows(smaller.as_ref());
    let way = crossing.way(smaller.as_ref(), &rows);
    let (planes, stale) = match frame {
        Some((frame, stale)) => (Strip::split(frame, STRIP), Some(stale)),
        None => (Vec::new(), None),
    };
    let mut planes = planes.into_iter();
    let strips = screen.pixels_mut().chunks_mut(width * STRIP).enumerate();
    let jobs: Vec<_> = strips
        .map(|(index, pixels)| {
            let y0 = index * STRIP;
            Job { row: y0 / TILE, surface: Surface::new(pixels, width, 0, y0), planes: planes.next(), stale, is_due }
        })
        .filter(Job::has_work)
        .collect();
    match workers {
        Some(workers) => workers.share(jobs, |mut job| job.run(level, &way, Some(workers))),
        None => jobs.into_iter().for_each(|mut job| job.run(level, &way, None)),
    }
}

/// How the pictures are put together.
enum Way<'a> {
    /// These are laid onto `base`, back to front.
    Layers { base: &'a [Pixel], layers: Vec<Layer<'a>> },
    /// Each pixel is mixed.
    Mix { from: Ground<'a>, to: Ground<'a>, weights: Weights },
}

/// What is mixed.
#[derive(Clone, Copy)]
enum Ground<'a> {
    /// A picture of the frame's size.
    Picture(&'a [Pixel]),
    /// One colour.
    Plain(Pixel),
}

/// A picture that layers are made of.
struct Smaller {
    pixels: Vec<Pixel>,
    width: usize,
    height: usize,
}

/// The work on one strip.
struct Job<'a> {
    /// The row of tiles that the strip is in.
    row: usize,
    surface: Surface<'a>,
    planes: Option<Strip<'a>>,
    stale: Option<&'a TileSet>,
    is_due: bool,
}

impl Job<'_> {
    fn has_work(&self) -> bool {
        self.is_due || self.stale.is_some_and(|stale| stale.in_row(self.row).next().is_some())
    }

    fn run(&mut self, level: Level, way: &Way<'_>, workers: Option<&Workers>) {
        let strip = self.surface.area();
        for column in 0.. {
            let area = PixelRect { x0: edge(column), x1: edge(column + 1).min(strip.x1), ..strip };
            if area.x0 >= strip.x1 {
                break;
            }
            if self.is_due {
                way.draw(level, area, strip.x1, &mut self.surface);
            }
            if let (Some(planes), Some(stale)) = (&mut self.planes, self.stale)
                && stale.contains(column, self.row)
            {
                convert_counted(level, &self.surface, area, planes, workers);
            }
        }
    }
}

impl Way<'_> {
    /// Draws `area`, which is inside of `surface` and of one tile of a frame of this width.
    fn draw(&self, level: Level, area: PixelRect, width: i32, surface: &mut Surface<'_>) {
        match self {
            Self::Layers { base, layers } => {
                let first = layers.iter().rposition(|layer| layer.covers(area));
                if first.is_none() {
                    for y in area.y0..area.y1 {
                        surface.row_mut(area.x0, area.x1, y).copy_from_slice(row_of(base, width, area, y));
                    }
                }
                for layer in &layers[first.unwrap_or(0)..] {
                    layer.draw(level, area, surface);
                }
            }
            Self::Mix { from, to, weights } => {
                dispatch!(level, _ => mix_rows(level, (from, to), weights, area, width, surface));
            }
        }
    }
}

#[inline(always)]
fn mix_rows(
    level: Level,
    (from, to): (&Ground<'_>, &Ground<'_>),
    weights: &Weights,
    area: PixelRect,
    width: i32,
    surface: &mut Surface<'_>,
) {
    let (mut plain_from, mut plain_to) = ([[0; 4]; TILE], [[0; 4]; TILE]);
    let mut row = [0_u8; TILE];
    for y in area.y0..area.y1 {
        let out = surface.row_mut(area.x0, area.x1, y);
        let row = &mut row[..out.len()];
        weights.fill(row, area.x0, y);
        let from = from.row(&mut plain_from, width, area, y);
        let to = to.row(&mut plain_to, width, area, y);
        // Most rows of a wipe are all of one picture.
        if row.iter().fold(0, |any, weight| any | weight) == 0 {
            out.copy_from_slice(from);
        } else if row.iter().fold(255, |all, weight| all & weight) == 255 {
            out.copy_from_slice(to);
        } else {
            mix::mix_row(level, out, from, to, row);
        }
    }
}

impl Ground<'_> {
    #[inline(always)]
    fn row<'b>(&'b self, plain: &'b mut [Pixel; TILE], width: i32, area: PixelRect, y: i32) -> &'b [Pixel] {
        match self {
            Self::Picture(pixels) => row_of(pixels, width, area, y),
            Self::Plain(pixel) => {
                plain.fill(*pixel);
                let (plain, _) = plain.split_at(area.width() as usize);
                plain
            }
        }
    }
}

/// Row `y` of what of a picture of the frame's size is in `area`.
#[inline(always)]
#[expect(clippy::cast_sign_loss, reason = "areas lie on the frame")]
fn row_of(pixels: &[Pixel], width: i32, area: PixelRect, y: i32) -> &[Pixel] {
    let row = y as usize * width as usize;
    &pixels[row + area.x0 as usize..row + area.x1 as usize]
}

/// Rows of which nothing is known.
fn unknown_rows(width: usize, height: usize) -> Vec<Row> {
    #[expect(clippy::cast_possible_truncation, reason = "rows have less than 2^31 pixels")]
    let row = Row { seen: (0, width as u32), opaque: (0, 0) };
    vec![row; height]
}
