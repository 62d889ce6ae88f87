//! Lays cached layer pictures onto the dirty tiles of the canvas and turns stale tiles into I420: the hot path.
//!
//! A display list of [`Step`]s, back to front, is made ready once per tick (`plan`) and then read by all threads.
//! The canvas is cut into strips of `STRIP` rows, which tasks draw independently of each other; in a strip one tile
//! is drawn and converted at a time, so that its pixels stay in the L1 cache from the first layer to the last plane.
//!
//! What a pixel becomes depends only on the steps and on its own place on the frame: not on which tiles are dirty
//! besides, and not on who draws it. All arithmetic is on integers, or on `f64` for each row or pixel from its absolute
//! place. So drawing only the damage gives the same bytes as drawing everything, and so does any number of threads.
//!
//! Vector code is plain Rust over four packed bytes in a `u32`, compiled once for each instruction set by
//! `fearless_simd`, which picks one at run time. The compiler vectorises it by itself, and since it is the very same
//! integer arithmetic everywhere, every machine makes the same bytes.

mod bicubic;
#[cfg(target_arch = "x86_64")]
mod bilinear;
mod blend;
mod canvas;
mod cover;
mod fetch;
mod layer;
mod over;
#[cfg(target_arch = "x86_64")]
mod over_avx2;
mod placing;
mod plan;
mod surface;
mod tile;
mod transition;

use components::{BlendMode, PixelRect};
use fearless_simd::{Level, dispatch};
use kurbo::Affine;

pub use canvas::Canvas;

use self::{plan::Plan, tile::Scratch};
pub(crate) use self::{
    surface::Surface,
    transition::{Crossing, cross},
};
use crate::{
    frame::Frame,
    rasterise::{
        convert::{Strip, convert_counted},
        pixmap::Raster,
    },
    tiles::{TILE, TileSet},
    viewport::Viewport,
    workers::Workers,
};

/// One pixel: premultiplied `[r, g, b, a]`.
pub(crate) type Pixel = [u8; 4];

/// Rows that one task draws. Half a tile, so that damage which is one row of tiles high still occupies two threads.
pub(crate) const STRIP: usize = TILE / 2;

/// One step of a display list, back to front.
#[derive(Clone, Debug)]
pub enum Step {
    /// A picture is laid down.
    Layer(LayerStep),
    /// What follows is drawn into a transparent picture of its own …
    BeginGroup(GroupStep),
    /// … which is then laid down as one.
    EndGroup,
}

/// What becomes of a raster's pixels where they do not lie on those of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The nearest four are mixed.
    Bilinear,
    /// The nearest sixteen are, by Catmull-Rom splines: sharper, and slower. Pictures that are laid down smaller are
    /// smoothed by as much as that takes.
    Bicubic,
}

impl Filter {
    /// How many pixels it looks further than at the two between which a sample lies, on either side.
    fn reach(self) -> f64 {
        match self {
            Self::Bilinear => 0.0,
            Self::Bicubic => 1.0,
        }
    }
}

/// A picture, and how it is laid down.
#[derive(Clone, Debug)]
pub struct LayerStep {
    /// The picture.
    pub raster: Raster,
    /// From raster pixels to frame pixels. It should not make the raster smaller than half its size, since only the
    /// nearest pixels are read for each one drawn; 1/256 of its size and less is not drawn at all.
    pub affine: Affine,
    /// How it is sampled where its pixels are not those of the frame.
    pub filter: Filter,
    /// Pixels of the frame that it may touch.
    pub bounds: PixelRect,
    /// 0..1.
    pub opacity: f32,
    /// How it mixes with what is below.
    pub blend: BlendMode,
}

/// How a group is laid down.
#[derive(Clone, Debug)]
pub struct GroupStep {
    /// Pixels of the frame that it may touch.
    pub bounds: PixelRect,
    /// 0..1.
    pub opacity: f32,
    /// How it mixes with what is below.
    pub blend: BlendMode,
    /// What part of it is seen.
    pub mask: Option<MaskStep>,
}

/// A picture whose alpha is multiplied into a group: outside of it nothing of the group is seen.
#[derive(Clone, Debug)]
pub struct MaskStep {
    /// The picture; only its alpha counts.
    pub raster: Raster,
    /// From raster pixels to frame pixels.
    pub affine: Affine,
    /// What is opaque in the picture is what is not seen, and all that is outside of it is.
    pub inverted: bool,
}

/// Lays a premultiplied colour behind pixels, as much of it for each one as `coverage` says: destination-over.
pub(crate) fn lay_behind(level: Level, pixels: &mut [Pixel], coverage: &[u8], color: Pixel) {
    dispatch!(level, _ => over::under_row(pixels, coverage, color));
}

/// Draws the tiles `dirty` of `canvas`, and brings the tiles `frame.1` of a frame up to date with the canvas: all dirty
/// ones must be among them. Other tiles are not touched. The work is shared out among `workers`, if there are any.
///
/// `canvas`, the frame and both sets are of the viewport's size.
pub fn compose(
    steps: &[Step],
    viewport: &Viewport,
    dirty: &TileSet,
    canvas: &mut Canvas,
    frame: Option<(&mut Frame, &TileSet)>,
    workers: Option<&Workers>,
) {
    compose_at(Level::new(), steps, viewport, dirty, canvas, frame, workers);
}

/// [`compose`] with the instructions of `level`.
fn compose_at(
    level: Level,
    steps: &[Step],
    viewport: &Viewport,
    dirty: &TileSet,
    canvas: &mut Canvas,
    frame: Option<(&mut Frame, &TileSet)>,
    workers: Option<&Workers>,
) {
    let width = canvas.width();
    debug_assert_eq!((width, canvas.height()), (viewport.width, viewport.height));
    let plan = Plan::new(steps, viewport, level);
    let mut planes = Vec::new();
    let mut stale = None;
    if let Some((frame, tiles)) = frame {
        debug_assert_eq!((frame.width(), frame.height()), (viewport.width, viewport.height));
        planes = Strip::split(frame, STRIP);
        stale = Some(tiles);
    }
    let mut planes = planes.into_iter();
    let jobs: Vec<_> = canvas
        .pixels_mut()
        .chunks_mut(width * STRIP)
        .enumerate()
        .map(|(index, pixels)| {
            let y0 = index * STRIP;
            Job { row: y0 / TILE, surface: Surface::new(pixels, width, 0, y0), planes: planes.next(), dirty, stale }
        })
        .filter(Job::is_due)
        .collect();
    match workers {
        Some(workers) => workers.share(jobs, |mut job| job.run(&plan, Some(workers))),
        None => jobs.into_iter().for_each(|mut job| job.run(&plan, None)),
    }
}

/// The work on one strip.
struct Job<'a> {
    /// The row of tiles that the strip is in.
    row: usize,
    surface: Surface<'a>,
    planes: Option<Strip<'a>>,
    dirty: &'a TileSet,
    stale: Option<&'a TileSet>,
}

impl Job<'_> {
    fn is_due(&self) -> bool {
        self.dirty.in_row(self.row).next().is_some()
            || self.stale.is_some_and(|stale| stale.in_row(self.row).next().is_some())
    }

    fn run(&mut self, plan: &Plan<'_>, workers: Option<&Workers>) {
        let mut scratch = Scratch::default();
        let strip = self.surface.area();
        let draws = self.dirty.in_row(self.row).next().is_some();
        let entries = if draws { plan.entries(strip) } else { Vec::new() };
        let columns = plan.columns(&entries, self.dirty.columns());
        for (column, shown) in columns.iter().enumerate() {
            let area = PixelRect { x0: edge(column), x1: edge(column + 1).min(strip.x1), ..strip };
            if self.dirty.contains(column, self.row) {
                plan.draw_tile(&entries, shown, area, &mut self.surface, &mut scratch);
            }
            if let (Some(planes), Some(stale)) = (&mut self.planes, self.stale)
                && stale.contains(column, self.row)
            {
                convert_counted(plan.level, &self.surface, area, planes, workers);
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "frames have at most 3840 pixels a side"
)]
fn edge(column: usize) -> i32 {
    (column * TILE) as i32
}

#[cfg(test)]
mod tests;
