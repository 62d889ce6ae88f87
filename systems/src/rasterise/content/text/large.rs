//! Glyphs so large that no more of them is drawn than what lies on the surface.

use tiny_skia::{FillRule, Mask, Transform};

use super::{Place, Placed, add_picture, fonts::Fonts, glyphs::Window};
use crate::rasterise::content::{outline, paint, surface::Surface};

/// Adds what a glyph covers.
pub(super) fn cover(coverage: &mut Mask, placed: &Placed<'_>, place: &Place, fonts: &mut Fonts) {
    let outline = fonts.glyphs.outline(&mut fonts.system, placed.glyph);
    if let Some(path) = outline.and_then(|outline| outline::to_skia(&outline)) {
        paint::cover(coverage, path, place.transform(placed.at));
    }
}

/// Lays a glyph that has colours of its own over what is there.
pub(super) fn lay(surface: &mut Surface, placed: &Placed<'_>, place: &Place, fonts: &mut Fonts) {
    let outlines = fonts.glyphs.colored_outlines(&mut fonts.system, placed.glyph);
    for (outline, [r, g, b, a]) in &outlines {
        let mut brush = tiny_skia::Paint::default();
        brush.set_color_rgba8(*r, *g, *b, *a);
        let path = outline::to_skia(outline).and_then(|path| path.transform(place.transform(placed.at)));
        if let Some(path) = path.filter(|path| !paint::has_no_inside(path)) {
            surface.pixmap.fill_path(&path, &brush, FillRule::Winding, Transform::identity(), None);
        }
    }
    if !outlines.is_empty() {
        return;
    }
    let (columns, rows) = (surface.pixmap.width(), surface.pixmap.height());
    let (x, y) = placed.pixel();
    let window = Window {
        left: 0_i32.saturating_sub(x),
        top: 0_i32.saturating_sub(y),
        right: 0_i32.saturating_add_unsigned(columns).saturating_sub(x),
        bottom: 0_i32.saturating_add_unsigned(rows).saturating_sub(y),
    };
    let picture = fonts.glyphs.picture_within(&mut fonts.system, placed.glyph, place.scale, placed.fraction(), window);
    if let Some(image) = picture {
        let pixels = surface.pixmap.data_mut();
        add_picture(pixels, (columns as usize, rows as usize), placed.corner(&image), &image);
    }
}
