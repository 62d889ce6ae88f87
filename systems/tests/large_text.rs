//! Text far larger than the frame: it looks like any other, and takes no more memory than what is seen of it.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/memory.rs"]
mod memory;

use components::LayerDocument;
use kurbo::Rect;
use memory::most_taken_by;
use serde_json::{Value, json};
use systems::{
    Quality,
    assets::Assets,
    rasterise::{
        content::{DrawContext, draw_layer, text::Fonts},
        pixmap::Raster,
    },
};

/// The part of a layer that is drawn here has 640 x 360 pixels: 0.9 MB, and some copies of it.
const ENOUGH: usize = 32 << 20;

fn text(words: &str, size: f64, more: Value) -> LayerDocument {
    let mut content = json!({ "type": "text", "text": words, "font": { "size": size }, "wrap": "none" });
    for (key, value) in more.as_object().unwrap() {
        content[key] = value.clone();
    }
    serde_json::from_value(json!({ "id": "layer", "content": content })).unwrap()
}

fn draw(layer: &LayerDocument, scale: f64, part: Option<Rect>, fonts: &mut Fonts) -> Option<Raster> {
    let assets = Assets::default();
    let canvas = (640.0, 360.0);
    let mut ctx = DrawContext { assets: &assets, fonts, canvas, quality: Quality::High, seconds: 0.0, part };
    draw_layer(&layer.content, &layer.effects, None, (scale, scale), &mut ctx)
}

/// A pixel of a raster, by its place in the layer; transparent where there is none.
fn pixel(raster: &Raster, x: f64, y: f64) -> [u8; 4] {
    let at = raster.to_layer.inverse() * kurbo::Point::new(x, y);
    let (width, height) = (raster.width as f64, raster.height as f64);
    if at.x < 0.0 || at.y < 0.0 || at.x >= width || at.y >= height {
        return [0; 4];
    }
    raster.pixels.as_chunks::<4>().0[at.y as usize * raster.width + at.x as usize]
}

/// How many of the places of a grid are painted, and how many of those differ strongly between two pictures of a layer.
fn compare(one: &Raster, other: &Raster, area: Rect) -> (usize, usize) {
    let places = (0..60).flat_map(|y| (0..60).map(move |x| (f64::from(x) / 60.0, f64::from(y) / 60.0)));
    let (mut painted, mut different) = (0, 0);
    for (x, y) in places {
        let (x, y) = (area.x0 + x * area.width(), area.y0 + y * area.height());
        let (a, b) = (pixel(one, x, y), pixel(other, x, y));
        painted += usize::from(a[3] > 127);
        different += usize::from(a.iter().zip(b).any(|(a, b)| a.abs_diff(b) > 60));
    }
    (painted, different)
}

#[test]
fn text_takes_what_is_seen_of_it_and_looks_the_same() {
    let fonts = &mut Fonts::new();
    // Fonts are opened, and their glyphs measured.
    let warm = text("Big 😀", 20.0, json!({}));
    let has_emoji = draw(&warm, 1.0, None, fonts).is_some_and(|picture| {
        picture.pixels.as_chunks::<4>().0.iter().any(|[r, g, b, a]| *a == 255 && (r != g || g != b))
    });
    if !has_emoji {
        println!("no font with coloured emoji: they are not looked at");
    }
    let stroke = json!({ "stroke": { "paint": "#ff0000", "width": 3 } });
    let cases = [
        ("many pictures in a line", text(&"😀".repeat(100), 2000.0, json!({})), 1.0),
        ("pictures over one another", text(&"😀".repeat(40), 2000.0, json!({ "letterSpacing": -2300 })), 1.0),
        ("small pictures, most out of sight", text(&"😀".repeat(2000), 300.0, json!({})), 1.0),
        ("letters larger than anything", text("Big", 2000.0, json!({})), 64.0),
        ("letters in a line", text(&"Big".repeat(300), 2000.0, stroke), 1.0),
    ];
    for (name, layer, scale) in cases {
        // Within the second letter, from above its feet on.
        let (x, y) = (1000.0, 1000.0);
        let part = Rect::new(x, y, x + 640.0 / scale, y + 360.0 / scale);
        let (picture, taken) = most_taken_by(|| draw(&layer, scale, Some(part), fonts));
        println!("{name}: {taken} bytes");
        assert!(taken <= ENOUGH, "{name}: {taken} bytes");
        drop(picture);
    }
    // Just small enough to be drawn as a whole, larger, and a part of that.
    for words in ["g", "😀"] {
        if words != "g" && !has_emoji {
            continue;
        }
        let layer = text(words, 500.0, json!({}));
        let small = draw(&layer, 1.0, None, fonts).unwrap();
        let large = draw(&layer, 4.0, None, fonts).unwrap();
        let all = Rect::new(0.0, 0.0, 650.0, 650.0);
        let (painted, different) = compare(&small, &large, all);
        assert!(painted > 150 && different * 10 < painted, "{words}: {different} of {painted}");
        let part = Rect::new(150.0, 250.0, 300.0, 400.0);
        let cut = draw(&layer, 4.0, Some(part), fonts).unwrap();
        assert!(cut.width * cut.height < 700 * 700, "{words}: {} x {}", cut.width, cut.height);
        let (painted, different) = compare(&large, &cut, part);
        assert!(painted > 150 && different * 10 < painted, "{words}, a part: {different} of {painted}");
    }
}
