//! Draws single layers, each into a raster of its own, and holds them to golden pictures.

use std::{
    path::PathBuf,
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use components::{AssetDocument, LayerDocument};
use image::{Rgba, RgbaImage};
use serde_json::{Value, json};
use systems::{
    Quality,
    assets::Assets,
    rasterise::{
        content::{DrawContext, draw_layer, text::Fonts},
        pixmap::Raster,
    },
};

use crate::support::golden::Canvas;

pub(crate) const WIDTH: u32 = 160;
pub(crate) const HEIGHT: u32 = 120;
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Reading the names of all system fonts takes a while: once for all tests.
pub(crate) static FONTS: LazyLock<Mutex<Fonts>> = LazyLock::new(|| Mutex::new(Fonts::new()));
pub(crate) static ASSETS: LazyLock<Assets> = LazyLock::new(assets);

/// A picture to be laid into boxes: 80 x 40, colours that tell its corners, fine lines, a round hole.
pub(crate) fn test_picture() -> RgbaImage {
    RgbaImage::from_fn(80, 40, |x, y| {
        let (dx, dy) = (f64::from(x) - 39.5, f64::from(y) - 19.5);
        let distance = (dx * dx + dy * dy).sqrt();
        if distance < 10.0 {
            return Rgba([255, 255, 255, 0]);
        }
        if (x < 20 && y < 20 && x.is_multiple_of(2)) || (12.0..14.0).contains(&distance) {
            return Rgba([255, 255, 255, 255]);
        }
        Rgba([(x * 3) as u8, (y * 6) as u8, 160 - x as u8, if x > 60 && y > 20 { 128 } else { 255 }])
    })
}

pub(crate) fn assets() -> Assets {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("golden_content_assets");
    std::fs::create_dir_all(&folder).unwrap();
    test_picture().save(folder.join("picture.png")).unwrap();
    std::fs::write(folder.join("broken.png"), &std::fs::read(folder.join("picture.png")).unwrap()[..100]).unwrap();
    let documents: Vec<AssetDocument> = serde_json::from_value(json!([
        { "id": "picture", "type": "image", "path": "picture.png" },
        { "id": "broken", "type": "image", "path": "broken.png" },
        { "id": "missing", "type": "image", "path": "logo/missing.png" },
    ]))
    .unwrap();
    let mut assets = Assets::default();
    assets.load(&documents, &folder);
    assets.wait(Instant::now() + DEADLINE);
    assert_eq!(assets.loading(), 0, "the assets were not loaded in time");
    assets
}

pub(crate) fn with_context<T>(run: impl FnOnce(&mut DrawContext<'_>) -> T) -> T {
    let mut fonts = FONTS.lock().unwrap_or_else(PoisonError::into_inner);
    run(&mut DrawContext {
        assets: &ASSETS,
        fonts: &mut fonts,
        canvas: (f64::from(WIDTH), f64::from(HEIGHT)),
        quality: Quality::High,
        seconds: 0.0,
        part: None,
    })
}

pub(crate) fn layer(document: Value) -> LayerDocument {
    let mut document = document;
    document["id"] = json!("layer");
    serde_json::from_value(document).unwrap_or_else(|error| panic!("the test's layer is not valid: {error}"))
}

pub(crate) fn draw(document: Value, scale: (f64, f64)) -> Option<Raster> {
    let layer = layer(document);
    with_context(|ctx| draw_layer(&layer.content, &layer.effects, layer.mask.as_ref(), scale, ctx))
}

pub(crate) fn lay(canvas: &mut Canvas, raster: &Raster, (x, y): (i64, i64)) {
    let scale = raster.to_layer.as_coeffs();
    let (left, top) = (scale[4] / scale[0], scale[5] / scale[3]);
    assert!((left - left.round()).abs() < 1e-3 && (top - top.round()).abs() < 1e-3, "rasters lie on whole pixels");
    canvas.lay(&raster.pixels, raster.width, left.round() as i64 + x, top.round() as i64 + y);
}

/// Draws layers, each with the place of its box, and compares.
pub(crate) fn assert_golden(name: &str, layers: impl IntoIterator<Item = ((i64, i64), Value)>) {
    assert_golden_at(name, (1.0, 1.0), layers);
}

pub(crate) fn assert_golden_at(name: &str, scale: (f64, f64), layers: impl IntoIterator<Item = ((i64, i64), Value)>) {
    let mut canvas = Canvas::checkered(WIDTH, HEIGHT);
    for (place, document) in layers {
        let raster = draw(document, scale).expect("there is something to draw");
        lay(&mut canvas, &raster, place);
    }
    canvas.assert_golden(name);
}
