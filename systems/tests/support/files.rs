//! Files of scenes, written for a test and read as a scene would.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use components::{AssetDocument, AssetId};
use flate2::{Compression, write::GzEncoder};
use image::{Rgba, RgbaImage};
use serde_json::Value;
use systems::assets::{AssetState, Assets};

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A fresh folder for one test.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME")).join(test).join("scene");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) fn documents(list: Value) -> Vec<AssetDocument> {
    serde_json::from_value(list).unwrap()
}

pub(crate) fn id(text: &str) -> AssetId {
    AssetId::new(text).unwrap()
}

pub(crate) fn loaded(list: Value, folder: &Path) -> Assets {
    let mut assets = Assets::default();
    assets.load(&documents(list), folder);
    assets.wait(Instant::now() + DEADLINE);
    assert_eq!(assets.loading(), 0, "the assets were not loaded in time");
    assets
}

pub(crate) fn message(assets: &Assets, name: &str) -> String {
    match assets.state(&id(name)) {
        Some(AssetState::Failed(error)) => error.to_string(),
        other => panic!("`{name}` should have failed but is {other:?}"),
    }
}

pub(crate) fn save_picture(path: &Path, width: u32, color: Rgba<u8>) {
    let picture = image::DynamicImage::ImageRgba8(RgbaImage::from_pixel(width, 2, color));
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("jpg") => picture.into_rgb8().save(path).unwrap(),
        _ => picture.save(path).unwrap(),
    }
}

pub(crate) fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}
