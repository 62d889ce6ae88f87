//! Vector pictures that are made of many pictures within one another are drawn within the memory that is stated.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/files.rs"]
#[expect(dead_code, reason = "not every test needs all of it")]
mod files;
#[path = "support/memory.rs"]
mod memory;

use components::LayerDocument;
use files::{folder, loaded};
use memory::most_taken_by;
use serde_json::json;
use systems::{
    Quality,
    assets::{AssetState, Assets},
    rasterise::content::{DrawContext, draw_layer, text::Fonts},
};

const SIZE: (f64, f64) = (1920.0, 1080.0);
/// What is small, and not counted.
const SLACK: usize = 8 << 20;
/// Damaged copies of each.
const MUTATIONS: usize = 12;

fn svg(inner: &str) -> String {
    format!("<svg xmlns='http://www.w3.org/2000/svg' width='1920' height='1080'>{inner}</svg>")
}

/// Draws it as large as it is; returns whether it could be read, and by how many bytes more than is stated that took.
fn draw(assets: &Assets) -> (bool, usize) {
    let layer = json!({ "id": "layer", "content": { "type": "svg", "asset": "x" } });
    let layer: LayerDocument = serde_json::from_value(layer).unwrap();
    let fonts = &mut Fonts::new();
    let mut ctx = DrawContext { assets, fonts, canvas: SIZE, quality: Quality::High, seconds: 0.0, part: None };
    let is_read = matches!(assets.state(&files::id("x")), Some(AssetState::Svg(_)));
    let (_, taken) = most_taken_by(|| draw_layer(&layer.content, &layer.effects, None, (1.0, 1.0), &mut ctx));
    // Pictures have as many pixels as two 4K frames at most.
    let (width, height) = assets.size(&files::id("x")).unwrap_or_default();
    let picture = (width * height).min(16_588_800.0) as usize * 4;
    // What is within the picture, and the picture itself twice.
    let stated = (64 << 20).max(3 * picture) + 2 * picture + SLACK;
    if is_read {
        println!("{} of {} MB", taken >> 20, stated >> 20);
    }
    (is_read, if is_read { taken.saturating_sub(stated) } else { 0 })
}

#[test]
fn drawing_takes_no_more_than_is_stated() {
    let folder = folder("hostile");
    let square = "<rect width='1920' height='1080' fill='#36c'/>";
    // A group of one child is none of its own.
    let nested = |open: &str, times: usize| {
        svg(&format!("{}{square}{}", format!("<g {open}>{square}").repeat(times), "</g>".repeat(times)))
    };
    let steps: String = (0..8).map(|n| format!("<feOffset dx='1' result='r{n}'/>")).collect();
    let masks: String = (0..4)
        .map(|n| format!("<mask id='m{n}' mask='url(#m{})'><g opacity='.9'>{square}{square}</g></mask>", n + 1))
        .collect();
    let clips: String =
        (0..4).map(|n| format!("<clipPath id='c{n}' clip-path='url(#c{})'>{square}</clipPath>", n + 1)).collect();
    let cases = [
        ("groups", nested("opacity='.9'", 40)),
        ("blends", nested("style='mix-blend-mode:multiply'", 40)),
        ("filter", svg(&format!("<filter id='f'>{steps}</filter><g filter='url(#f)'>{square}</g>"))),
        ("masks", svg(&format!("{masks}<mask id='m4'>{square}</mask><g mask='url(#m0)'>{square}{square}</g>"))),
        (
            "clips",
            svg(&format!("{clips}<clipPath id='c4'>{square}</clipPath><g clip-path='url(#c0)'>{square}{square}</g>")),
        ),
        (
            "beyond",
            svg("<g opacity='.5'><rect x='-9000' y='-9000' width='30000' height='30000'/><path d='M0 0h9v9'/></g>"),
        ),
    ];
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let file = folder.join("x.svg");
    for (name, text) in cases {
        for copy in 0..=MUTATIONS {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..copy {
                let (at, from) = (random(bytes.len()), random(bytes.len()));
                bytes[at] = bytes[from];
            }
            std::fs::write(&file, &bytes).unwrap();
            let assets = loaded(json!([{ "id": "x", "type": "svg", "path": "x.svg" }]), &folder);
            let (is_read, excess) = draw(&assets);
            if copy == 0 {
                assert!(is_read, "{name}: {:?}", assets.failures());
            }
            assert!(excess == 0, "{name}, copy {copy}: {excess} bytes more than is stated");
        }
    }
}
