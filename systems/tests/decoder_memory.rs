//! What decoding takes, as the allocator sees it: not more than was reserved of the memory for assets.

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

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use components::{AssetDocument, AssetId};
use flate2::{Compression, Crc, write::ZlibEncoder};
use image::{Delay, ImageBuffer, Rgb, RgbImage, Rgba, RgbaImage, codecs::gif::GifEncoder};
use memory::most_taken_by;
use serde_json::json;
use systems::assets::{AssetAction, AssetError, AssetState, Assets};

/// What is not counted: 1 MiB of each decoder, as the assets have it, and what the test itself takes.
const SLACK: usize = 3 << 20;
const SIZE: (u32, u32) = (1200, 1000);

fn read(assets: &mut Assets, id: &AssetId) {
    assets.steer(id.as_str(), AssetAction::Load).unwrap();
    assets.wait(Instant::now() + Duration::from_secs(60));
}

/// Loads a file with no more memory than it says that it needs; returns how much that is, and how far more was taken.
fn excess(kind: &str, path: &Path) -> (usize, usize) {
    let documents: Vec<AssetDocument> =
        serde_json::from_value(json!([{ "id": "x", "type": kind, "path": path.file_name().unwrap().to_str() }]))
            .unwrap();
    let id = AssetId::new("x").unwrap();
    let mut assets = Assets::default();
    assets.set_budget(0);
    assets.load(&documents, path.parent().unwrap());
    assets.wait(Instant::now() + Duration::from_secs(60));
    // It may be seen only later on how much more it is.
    for _ in 0..3 {
        read(&mut assets, &id);
        match assets.state(&id) {
            Some(AssetState::Failed(AssetError::NoRoom { bytes, .. })) => assets.set_budget(*bytes),
            other => assert!(matches!(other, Some(AssetState::Image(_) | AssetState::Animation(_))), "{other:?}"),
        }
    }
    let limit = usize::try_from(assets.stats().limit).unwrap();
    assets.steer("x", AssetAction::Unload).unwrap();
    let ((), taken) = most_taken_by(|| read(&mut assets, &id));
    assert!(matches!(assets.state(&id), Some(AssetState::Image(_) | AssetState::Animation(_))));
    println!("{}: {taken} bytes within {limit}", path.display());
    (limit, taken.saturating_sub(limit))
}

/// A PNG file with a huge colour profile behind its header.
fn with_profile(png: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(b"iCCPx\0\0".to_vec(), Compression::best());
    packed.write_all(&vec![0; 64 << 20]).unwrap();
    let chunk = packed.finish().unwrap();
    let mut checksum = Crc::new();
    checksum.update(&chunk);
    let header = 8 + 25;
    let length = u32::try_from(chunk.len() - 4).unwrap().to_be_bytes();
    [&png[..header], &length, &chunk, &checksum.sum().to_be_bytes(), &png[header..]].concat()
}

#[test]
fn decoding_takes_what_was_reserved() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("decoder_memory");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str| folder.join(name);
    let (width, height) = SIZE;
    let byte = |x: u32, y: u32| ((x * 7) ^ (y * 13)) as u8;
    ImageBuffer::from_fn(width, height, |x, y| Rgba([u16::from(byte(x, y)) * 257, 9, 9, 40_000]))
        .save(file("deep.png"))
        .unwrap();
    ImageBuffer::from_fn(width, height, |x, y| Rgb([u16::from(byte(x, y)), 9, 9])).save(file("deep-rgb.png")).unwrap();
    let rgb = RgbImage::from_fn(width, height, |x, y| Rgb([byte(x, y), 90, 60]));
    let rgba = RgbaImage::from_fn(width, height, |x, y| Rgba([byte(x, y), 90, 60, byte(y, x)]));
    for name in ["rgb.png", "rgb.jpg", "rgb.webp"] {
        rgb.save(file(name)).unwrap();
    }
    for name in ["rgba.png", "rgba.webp"] {
        rgba.save(file(name)).unwrap();
    }
    let mut encoder = GifEncoder::new_with_speed(File::create(file("moving.gif")).unwrap(), 30);
    for left in [0, 100, 200] {
        let mut frame = rgba.clone();
        frame.put_pixel(left, 0, Rgba([255, 0, 0, 255]));
        let delay = Delay::from_saturating_duration(Duration::from_millis(50));
        encoder.encode_frame(image::Frame::from_parts(frame, 0, 0, delay)).unwrap();
    }
    drop(encoder);
    for name in ["scans.jpg", "progressive.jpg"] {
        let mut encoder = jpeg_encoder::Encoder::new_file(file(name), 80).unwrap();
        encoder.set_progressive(name == "progressive.jpg");
        // With tables of its own each channel has a scan of its own.
        encoder.set_optimized_huffman_tables(true);
        encoder.encode(&rgb, width as u16, height as u16, jpeg_encoder::ColorType::Rgb).unwrap();
    }
    // Colours that are said to follow a profile of 64 MB, packed into some kilobytes.
    let profiled = |png: &[u8], name: &str| std::fs::write(file(name), with_profile(png)).unwrap();
    profiled(&std::fs::read(file("rgb.png")).unwrap(), "profiled.png");
    let mut moving = Vec::new();
    let mut encoder = png::Encoder::new(&mut moving, 2, 2);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[255; 16]).unwrap();
    writer.write_image_data(&[9; 16]).unwrap();
    writer.finish().unwrap();
    profiled(&moving, "moving.png");
    for (kind, name) in [
        ("image", "profiled.png"),
        ("animatedImage", "moving.png"),
        ("image", "deep.png"),
        ("image", "deep-rgb.png"),
        ("image", "rgb.png"),
        ("image", "rgba.png"),
        ("image", "rgb.jpg"),
        ("image", "scans.jpg"),
        ("image", "progressive.jpg"),
        ("image", "rgb.webp"),
        ("image", "rgba.webp"),
        ("animatedImage", "moving.gif"),
    ] {
        let (_, excess) = excess(kind, &file(name));
        assert!(excess <= SLACK, "{name}: {excess} bytes more than reserved");
    }
    // Of a baseline file each row is finished at once; of others all coefficients are kept until the end.
    let pixels = (width * height) as usize;
    let needed = |name: &str| excess("image", &file(name)).0;
    assert!(needed("rgb.jpg") < 6 * pixels, "a baseline picture is loaded where it fits with its file");
    assert!(needed("progressive.jpg") >= 10 * pixels && needed("scans.jpg") >= 10 * pixels);
}
