//! Scenes that stories are told with.

#![allow(clippy::allow_attributes, dead_code, unreachable_pub, reason = "not every test needs every helper")]

use image::RgbImage;
use serde_json::json;

/// The flat patches at the top of [`card`], from left to right, each 80 pixels wide and high.
pub const PATCHES: [[u8; 3]; 8] =
    [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0], [128, 128, 128], [64, 160, 224], [255, 255, 0]];

/// A still scene of 640 by 360 pixels that shows wrong colours and ranges: patches, a ramp, and words.
pub fn card() -> String {
    let hex = |[r, g, b]: [u8; 3]| format!("#{r:02x}{g:02x}{b:02x}");
    let patch = |(index, color): (usize, &[u8; 3])| {
        json!({
            "id": format!("patch-{index}"),
            "content": { "type": "color", "color": hex(*color), "size": { "width": 80, "height": 80 } },
            "transform": { "position": { "x": index * 80, "y": 0 } },
        })
    };
    let mut layers: Vec<_> = PATCHES.iter().enumerate().map(patch).collect();
    layers.push(json!({
        "id": "ramp",
        "content": {
            "type": "gradient", "size": { "width": 640, "height": 140 },
            "gradient": {
                "type": "linear", "angle": 90,
                "stops": [{ "offset": 0, "color": "#102040" }, { "offset": 1, "color": "#f0c080" }],
            },
        },
        "transform": { "position": { "x": 0, "y": 100 } },
    }));
    layers.push(json!({
        "id": "words",
        "content": {
            "type": "text", "text": "The quick brown fox", "font": { "size": 48, "weight": 700 }, "fill": "#ffffff",
        },
        "transform": { "position": { "x": 40, "y": 270 } },
    }));
    json!({ "canvas": { "width": 640, "height": 360, "background": "#202840" }, "layers": layers }).to_string()
}

/// Asserts that the middles of the patches have these colours, give or take so many levels.
#[track_caller]
pub fn assert_patches(picture: &RgbImage, patches: &[[u8; 3]], tolerance: u8) {
    for (index, expected) in (0..).zip(patches) {
        for (x, y) in [(20, 20), (40, 40), (60, 60)] {
            let found = picture.get_pixel(index * 80 + x, y).0;
            let near = found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= tolerance);
            assert!(near, "patch {index}: {found:?} instead of {expected:?}");
        }
    }
}
