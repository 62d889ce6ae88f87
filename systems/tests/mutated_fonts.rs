//! Font files that are damaged: whatever they hold, text is drawn or a card is, and nothing panics, hangs or takes more
//! memory than it may.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

#[path = "support/files.rs"]
#[allow(dead_code, reason = "only some of it is needed here")]
mod files;
#[path = "support/fonts.rs"]
mod fonts;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use files::{folder, id, loaded};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::json;
use systems::{
    assets::{AssetState, Assets},
    rasterise::content::{DrawContext, draw, measure, text::Fonts},
};

/// TrueType outlines: a font of the system, if it has one.
const TRUE_TYPE: [&str; 2] =
    ["/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"];

/// One font of each kind.
fn good(is_true_type: bool) -> Vec<u8> {
    let file = TRUE_TYPE.iter().map(Path::new).find(|path| path.exists());
    match file.filter(|_| is_true_type) {
        Some(file) => std::fs::read(file).unwrap(),
        None => {
            if is_true_type {
                println!("left out: there is no TrueType font here");
            }
            fonts::own()
        }
    }
}

/// Where a table begins and how long it is. The directory at the beginning counts as one.
fn table(bytes: &[u8], table: Index) -> (usize, usize) {
    let count = usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
    match table.index(count + 1) {
        0 => (0, 12 + 16 * count),
        entry => (number(12 + 16 * (entry - 1) + 8), number(12 + 16 * (entry - 1) + 12)),
    }
}

/// The family that a file says it has, if any of it can be read.
fn family(assets: &Assets) -> String {
    let Some(AssetState::Font(bytes)) = assets.state(&id("font")) else { return fonts::FAMILY.to_owned() };
    let mut database = cosmic_text::fontdb::Database::new();
    database.load_font_data(bytes.to_vec());
    let family = database.faces().find_map(|face| Some(face.families.first()?.0.clone()));
    family.unwrap_or_else(|| fonts::FAMILY.to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn fonts_with_bytes_exchanged_are_used_or_refused(
        is_true_type in any::<bool>(),
        // Tables begin with what all of them depends on.
        changes in vec((any::<Index>(), any::<Index>(), any::<bool>(), prop_oneof![any::<u8>(), Just(0), Just(255), Just(127)]), 0..16),
        cut in prop::option::weighted(0.1, any::<Index>()),
    ) {
        let whole = good(is_true_type);
        let mut bytes = whole.clone();
        for (of, at, is_at_beginning, byte) in changes {
            let (start, length) = table(&whole, of);
            let length = if is_at_beginning { length.min(64) } else { length };
            if length > 0 && let Some(place) = bytes.get_mut(start.saturating_add(at.index(length))) {
                *place = byte;
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = folder("mutated");
        std::fs::write(folder.join("font.otf"), bytes).unwrap();
        let assets = loaded(json!([{ "id": "font", "type": "font", "path": "font.otf" }]), &folder);
        let mut fonts = Fonts::built_in();
        fonts.use_assets(&assets);
        let content = json!({ "type": "text", "text": "Hxg fi \u{644}\u{627} \u{e9}A\u{300}\nAV 12", "width": 300,
            "stroke": { "paint": "#000000", "width": 2 }, "spans": [{ "text": "bold", "font": { "weight": 900 }, "underline": true }],
            "font": { "family": family(&assets), "size": 24, "features": { "liga": 1, "ss01": 1 } } });
        let content = serde_json::from_value(content).unwrap();
        let quality = systems::Quality::High;
        let mut ctx = DrawContext { assets: &assets, fonts: &mut fonts, canvas: (300.0, 200.0), quality, seconds: 0.0, part: None };
        // The tick does both behind a guard. One panic is known: cosmic-text has no room for numbers of glyphs beyond 16 bits,
        // which a damaged character map may name. The layer shows a card then.
        let drawn = catch_unwind(AssertUnwindSafe(|| {
            (measure(&content, &mut ctx), draw(&content, (1.0, 1.0), &mut ctx))
        }));
        let (measured, raster) = match drawn {
            Ok(drawn) => drawn,
            Err(payload) => {
                let words = payload.downcast_ref::<String>().cloned().unwrap_or_default();
                prop_assert!(words.starts_with("failed to cast glyph ID"), "{}", words);
                return Ok(());
            }
        };
        prop_assert!(measured.extent.width.is_finite() && measured.extent.height.is_finite(), "{:?}", measured);
        if let Some(raster) = raster {
            prop_assert!(raster.pixels.len() <= 40 << 20, "{} x {} pixels", raster.width, raster.height);
        }
    }
}
