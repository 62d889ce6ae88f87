//! What is shown in the place of a picture that cannot be.

use components::{
    AssetId, Color, Paint,
    content::{Font, Overflow, TextAlign, TextContent, VerticalAlign},
};
use kurbo::Rect;

use super::{
    paint,
    surface::Surface,
    text::{self, Fonts},
};

/// Size of the smallest letters, in pixels.
const SMALLEST: f64 = 9.0;
/// Pixels of a card: about those of a frame.
const MOST_PIXELS: f64 = 2.0 * 1024.0 * 1024.0;
const GROUND: Color = Color::rgb(0x2b, 0x12, 0x16);
const EDGE: Color = Color::rgb(0xe5, 0x48, 0x4d);
const WORDS: Color = Color::rgb(0xff, 0xd9, 0xda);

/// A card in the layer's box that names the asset and says what is wrong and what to do.
pub(super) fn draw(
    asset: &AssetId,
    reason: &str,
    size: (f64, f64),
    scale: (f64, f64),
    fonts: &mut Fonts,
) -> Option<Surface> {
    let words = |is_small| if is_small { format!("{asset}: {reason}") } else { format!("Picture `{asset}`: {reason}") };
    card(words, size, scale, fonts)
}

/// A card of this size in layer pixels that says this.
pub(crate) fn draw_words(words: String, size: (f64, f64), scale: (f64, f64), fonts: &mut Fonts) -> Option<Surface> {
    card(|_| words, size, scale, fonts)
}

/// `words` are asked for with whether they are set in the smallest letters.
fn card(
    words: impl FnOnce(bool) -> String,
    (width, height): (f64, f64),
    scale: (f64, f64),
    fonts: &mut Fonts,
) -> Option<Surface> {
    let area = Rect::new(0.0, 0.0, width, height);
    // However large the box is, its words are read at this size too.
    let shrink = (MOST_PIXELS / (width * scale.0 * height * scale.1)).sqrt().min(1.0);
    let mut surface = Surface::covering(area, (scale.0 * shrink, scale.1 * shrink))?;
    paint::fill_box(&mut surface, area, &Paint::Solid(GROUND));
    // The edge lies within the box.
    let line = (width.min(height) / 60.0).clamp(1.0, 4.0);
    frame(&mut surface, area, line);

    let padding = line * 3.0;
    let room = (width - 2.0 * padding, height - 2.0 * padding);
    if room.0 < 3.0 * SMALLEST || room.1 < SMALLEST {
        // No room for words: a dot, as a warning light.
        let side = (width.min(height) / 2.0).max(1.0);
        let dot = Rect::from_center_size(area.center(), (side, side));
        paint::fill_box(&mut surface, dot, &Paint::Solid(EDGE));
    } else {
        // So that the message, about a hundred letters, fills a good part of the box. Smaller letters than these are not
        // read by anyone: less of the message is shown then, and its beginning says which picture it is.
        let size = (room.0 * room.1 / 110.0).sqrt().clamp(SMALLEST, 28.0);
        let text = words(size <= SMALLEST);
        let message = TextContent {
            text,
            font: Font { size, weight: 500, ..Font::default() },
            fill: Paint::Solid(WORDS),
            width: Some(room.0),
            height: Some(room.1),
            align: TextAlign::Center,
            vertical_align: VerticalAlign::Middle,
            overflow: Overflow::Ellipsis,
            ..TextContent::default()
        };
        text::draw_onto(&mut surface, &message, (padding, padding), fonts);
    }
    Some(Surface { is_card: true, ..surface })
}

fn frame(surface: &mut Surface, area: Rect, line: f64) {
    let (w, h) = (area.width(), area.height());
    for side in [
        Rect::new(0.0, 0.0, w, line),
        Rect::new(0.0, h - line, w, h),
        Rect::new(0.0, line, line, h - line),
        Rect::new(w - line, line, w, h - line),
    ] {
        paint::fill_box(surface, side, &Paint::Solid(EDGE));
    }
}
