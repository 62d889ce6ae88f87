//! A line that runs through its box without end: drawn once, as long as the box and one round of it together, and then
//! only moved.

use components::content::TextContent;
use kurbo::{Rect, Vec2};

use super::{draw_within, fonts::Fonts, layout::TextLayout, shadow, visible};
use crate::{
    quality::Quality,
    rasterise::{
        content::{Scrolling, surface::Surface},
        effects,
    },
};

/// What is drawn before and after what is needed, in layer pixels, so that blurs find there what passes by.
const MARGIN: f64 = 96.0;
/// Shortest round, in layer pixels: nobody can read what comes again sooner.
const SHORTEST: f64 = 4.0;

/// How a ticker moves; `None` if the text is none, or there is nothing to be seen.
pub(super) fn scrolling(content: &TextContent, layout: &TextLayout) -> Option<Scrolling> {
    let ticker = content.ticker?;
    let ink = visible(content, layout);
    // Whole pixels: each round then has the very same pixels as the one before.
    let period = (layout.text_width + ticker.gap).ceil();
    if ink.is_zero_area() || period < SHORTEST || layout.width <= 0.0 {
        return None;
    }
    // Cut off at the sides alone: shadows and strokes may be higher than the box.
    let window = Rect::new(0.0, ink.y0.min(0.0), layout.width, ink.y1.max(layout.height));
    Some(Scrolling { window, period, speed: ticker.speed, offset: ticker.offset })
}

/// Draws all that passes through the box in one round.
pub(super) fn draw(
    content: &TextContent,
    layout: &TextLayout,
    scale: (f64, f64),
    quality: Quality,
    fonts: &mut Fonts,
) -> Option<Surface> {
    let Scrolling { window, period, .. } = scrolling(content, layout)?;
    let strip = Rect::new(-MARGIN, window.y0, window.x1 + period + MARGIN, window.y1);
    let scale = effects::affordable_scale(&shadow(content), strip, scale, quality);
    let mut surface = Surface::covering(strip, scale)?;
    let ink = visible(content, layout);
    let mut round = ((strip.x0 - ink.x1) / period).floor();
    while round * period + ink.x0 < strip.x1 {
        let left = round * period;
        let seen = (ink + Vec2::new(left, 0.0)).intersect(strip);
        if seen.width() > 0.0
            && let Some(copy) = draw_within(content, layout, seen, (left, 0.0), surface.scale, quality, fonts)
        {
            surface.lay(&copy);
        }
        round += 1.0;
    }
    Some(surface)
}
