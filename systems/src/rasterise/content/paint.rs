//! Colours and gradients as brushes.
//!
//! Gradients are drawn here instead of by tiny-skia's shaders, which have eight bits and no dither: over a wide and
//! dark box that shows as bands, and a video encoder makes them worse. Colours are mixed premultiplied, in sRGB's
//! own encoding as in CSS, and brought to eight bits with an ordered dither that depends on the place alone.

use std::f32::consts::TAU;

use components::{
    Color, Paint,
    paint::{Gradient, GradientStop},
};
use kurbo::Rect;
use tiny_skia::{
    FillRule, FilterQuality, Mask, Paint as Brushwork, Path, Pattern, Pixmap, Shader, SpreadMode, Transform,
};

use super::surface::{Grid, Surface};

/// Steps of a gradient's table. A step of a full black to white run is a sixteenth of a level then.
const STEPS: usize = 4096;

/// Pixels that tiny-skia takes for none.
const THINNEST: f32 = 1.0 / 4096.0;

/// Threshold matrix of an 8 x 8 ordered dither (Bayer), 0..64.
const BAYER: [[u8; 8]; 8] = [
    [0, 32, 8, 40, 2, 34, 10, 42],
    [48, 16, 56, 24, 50, 18, 58, 26],
    [12, 44, 4, 36, 14, 46, 6, 38],
    [60, 28, 52, 20, 62, 30, 54, 22],
    [3, 35, 11, 43, 1, 33, 9, 41],
    [51, 19, 59, 27, 49, 17, 57, 25],
    [15, 47, 7, 39, 13, 45, 5, 37],
    [63, 31, 55, 23, 61, 29, 53, 21],
];

/// Fills a path that is given in layer pixels. A gradient spans `area`, in layer pixels too.
pub(crate) fn fill_path(surface: &mut Surface, path: &Path, rule: FillRule, paint: &Paint, area: Rect) {
    fill_partly(surface, path, rule, paint, area, 1.0);
}

/// The same with a share of the paint, 0..=1.
pub(super) fn fill_partly(surface: &mut Surface, path: &Path, rule: FillRule, paint: &Paint, area: Rect, share: f32) {
    let Some(path) = path.clone().transform(surface.transform()) else { return };
    if has_no_inside(&path) {
        return;
    }
    let brush = Brush::new(paint, area, surface);
    surface.pixmap.fill_path(&path, &brush.work(share), rule, Transform::identity(), None);
}

/// Adds what a path covers to a mask; `transform` brings it to the mask's pixels.
pub(crate) fn cover(mask: &mut Mask, path: Path, transform: Transform) {
    if let Some(path) = path.transform(transform).filter(|path| !has_no_inside(path)) {
        mask.fill_path(&path, FillRule::Winding, true, Transform::identity());
    }
}

/// Whether a path, in pixels, is level, upright or a point. tiny-skia logs a warning each time that it is to fill one.
pub(crate) fn has_no_inside(path: &Path) -> bool {
    let bounds = path.bounds();
    bounds.width() <= THINNEST || bounds.height() <= THINNEST
}

/// Paints the whole surface, with a share of the paint (0..=1), where `mask`, which is as large, has coverage. A gradient
/// spans `area` (layer pixels).
pub(crate) fn fill_mask(surface: &mut Surface, mask: &Mask, paint: &Paint, area: Rect, share: f32) {
    let brush = Brush::new(paint, area, surface);
    let whole = tiny_skia::Rect::from_xywh(0.0, 0.0, surface.pixmap.width() as f32, surface.pixmap.height() as f32);
    if let Some(whole) = whole {
        surface.pixmap.fill_rect(whole, &brush.work(share), Transform::identity(), Some(mask));
    }
}

/// Paints `area` (layer pixels); its edges are antialiased where they are not on whole pixels.
pub(crate) fn fill_box(surface: &mut Surface, area: Rect, paint: &Paint) {
    let rect = tiny_skia::Rect::from_ltrb(area.x0 as f32, area.y0 as f32, area.x1 as f32, area.y1 as f32);
    if let Some(rect) = rect {
        fill_path(surface, &tiny_skia::PathBuilder::from_rect(rect), FillRule::Winding, paint, area);
    }
}

/// What a surface is painted with.
enum Brush {
    Solid(Color),
    /// A gradient drawn over all of the surface.
    Picture(Pixmap),
}

impl Brush {
    fn new(paint: &Paint, area: Rect, surface: &Surface) -> Self {
        match paint {
            Paint::Solid(color) => Self::Solid(*color),
            Paint::Gradient(gradient) => match draw_gradient(gradient, area, surface.grid(), surface.scale) {
                Some(picture) => Self::Picture(picture),
                None => Self::Solid(Color::TRANSPARENT),
            },
        }
    }

    /// Paints with a share of it, 0..=1.
    fn work(&self, share: f32) -> Brushwork<'_> {
        let shader = match self {
            Self::Solid(color) => {
                let mut color = tiny_skia::Color::from_rgba8(color.r, color.g, color.b, color.a);
                color.apply_opacity(share);
                Shader::SolidColor(color)
            }
            Self::Picture(picture) => {
                Pattern::new(picture.as_ref(), SpreadMode::Pad, FilterQuality::Nearest, share, Transform::identity())
            }
        };
        Brushwork { shader, ..Brushwork::default() }
    }
}

/// A gradient's colours at `STEPS + 1` places from 0 to 1, premultiplied, 0..255.
struct Ramp(Vec<[f32; 4]>);

impl Ramp {
    fn new(stops: &[GradientStop]) -> Option<Self> {
        let first = stops.first()?;
        let mut table = Vec::with_capacity(STEPS + 1);
        let mut next = 0;
        for step in 0..=STEPS {
            let at = step as f64 / STEPS as f64;
            while next < stops.len() && stops[next].offset <= at {
                next += 1;
            }
            table.push(match (next.checked_sub(1).map(|before| &stops[before]), stops.get(next)) {
                (None, _) => premultiplied(first.color),
                (Some(before), None) => premultiplied(before.color),
                (Some(before), Some(after)) => {
                    let share = ((at - before.offset) / (after.offset - before.offset)) as f32;
                    let (from, to) = (premultiplied(before.color), premultiplied(after.color));
                    std::array::from_fn(|channel| from[channel] + (to[channel] - from[channel]) * share)
                }
            });
        }
        Some(Self(table))
    }

    /// The colour at `at`; places outside of 0..1 have the end colours.
    fn color(&self, at: f32) -> [f32; 4] {
        self.0[(at * STEPS as f32 + 0.5).clamp(0.0, STEPS as f32) as usize]
    }
}

fn premultiplied(color: Color) -> [f32; 4] {
    let alpha = f32::from(color.a) / 255.0;
    [f32::from(color.r) * alpha, f32::from(color.g) * alpha, f32::from(color.b) * alpha, f32::from(color.a)]
}

/// Draws a gradient that spans `area` onto all pixels of `grid`.
fn draw_gradient(gradient: &Gradient, area: Rect, grid: Grid, scale: (f64, f64)) -> Option<Pixmap> {
    let ramp = Ramp::new(gradient.stops())?;
    let mut pixmap = Pixmap::new(grid.width, grid.height)?;
    // The middle of a pixel in layer pixels.
    let x = |column: u32| (f64::from(grid.left) + f64::from(column) + 0.5) / scale.0;
    let y = |row: u32| (f64::from(grid.top) + f64::from(row) + 0.5) / scale.1;
    let point = |share: components::Point| (area.x0 + share.x * area.width(), area.y0 + share.y * area.height());
    match gradient {
        Gradient::Linear { angle, .. } => {
            let (sin, cos) = libm::sincos(angle.to_radians());
            let length = ((area.width() * sin).abs() + (area.height() * cos).abs()).max(f64::MIN_POSITIVE);
            let middle = area.center();
            let step = (sin / length / scale.0) as f32;
            fill(&mut pixmap, grid, &ramp, |row| {
                let start = ((x(0) - middle.x) * sin - (y(row) - middle.y) * cos) / length + 0.5;
                move |column| start as f32 + column as f32 * step
            });
        }
        Gradient::Radial { center, radius, .. } => {
            let middle = point(*center);
            let radius = (radius * area.width().max(area.height()) / 2.0).max(1e-9);
            let (start, step) = (((x(0) - middle.0) / radius) as f32, (1.0 / scale.0 / radius) as f32);
            fill(&mut pixmap, grid, &ramp, |row| {
                let dy = ((y(row) - middle.1) / radius) as f32;
                move |column| {
                    let dx = start + column as f32 * step;
                    (dx * dx + dy * dy).sqrt()
                }
            });
        }
        Gradient::Conic { center, angle, .. } => {
            let middle = point(*center);
            let turn = (angle / 360.0).rem_euclid(1.0) as f32;
            let (start, step) = ((x(0) - middle.0) as f32, (1.0 / scale.0) as f32);
            fill(&mut pixmap, grid, &ramp, |row| {
                let dy = (y(row) - middle.1) as f32;
                move |column| {
                    let share = libm::atan2f(start + column as f32 * step, -dy) / TAU - turn;
                    share - share.floor()
                }
            });
        }
    }
    Some(pixmap)
}

/// Colours every pixel; `line` gives for a row how far along the gradient each of its columns lies.
fn fill<At: Fn(u32) -> f32>(pixmap: &mut Pixmap, grid: Grid, ramp: &Ramp, line: impl Fn(u32) -> At) {
    let width = grid.width as usize;
    for (y, row) in pixmap.data_mut().chunks_exact_mut(width * 4).enumerate() {
        let at = line(y as u32);
        let thresholds = &BAYER[(grid.top.wrapping_add(y as i32) & 7) as usize];
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let threshold = thresholds[(grid.left.wrapping_add(x as i32) & 7) as usize];
            // The same threshold for all channels keeps colours at or below alpha; it is below one, so that colours
            // that are exact stay as they are.
            let threshold = (f32::from(threshold) + 0.5) / 64.0;
            let color = ramp.color(at(x as u32));
            for (byte, value) in pixel.iter_mut().zip(color) {
                *byte = (value + threshold) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tiny_skia::PathBuilder;

    use super::*;

    #[test]
    fn what_is_level_or_upright_has_no_inside() {
        let path = |corners: &[(f32, f32)]| {
            let mut builder = PathBuilder::new();
            builder.move_to(0.0, 50.0);
            corners.iter().for_each(|(x, y)| builder.line_to(*x, *y));
            builder.finish().unwrap()
        };
        assert!(has_no_inside(&path(&[(300.0, 50.0)])));
        assert!(has_no_inside(&path(&[(0.0, 20.0), (0.0, 90.0)])));
        assert!(!has_no_inside(&path(&[(300.0, 50.01)])));
        assert!(!has_no_inside(&path(&[(300.0, 50.0), (300.0, 90.0)])));
    }
}
