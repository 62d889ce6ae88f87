//! Files of a scene that are refused, with which words, and what is shown in their place.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

#[path = "support/files.rs"]
mod files;
#[path = "support/fonts.rs"]
mod fonts;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use components::computed::Extent;
use files::{DEADLINE, documents, folder, gzip, id, loaded, message, save_picture};
use image::Rgba;
use serde_json::json;
use systems::{
    assets::{AssetState, Assets},
    rasterise::content::{DrawContext, draw, measure, text::Fonts},
};

/// The header of a PNG of this size, and nothing after it.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 6, 0, 0, 0]);
    let checksum = chunk.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(sum & 1)))
    });
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    file.extend(chunk);
    file.extend((!checksum).to_be_bytes());
    // The picture's data begins, so that the header is complete.
    file.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    file
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let folder = folder("outside");
    let outside = folder.with_file_name("secret.png");
    save_picture(&outside, 1, Rgba([1, 2, 3, 255]));
    std::os::unix::fs::symlink(&outside, folder.join("link.png")).unwrap();
    std::os::unix::fs::symlink(folder.parent().unwrap(), folder.join("up")).unwrap();
    save_picture(&folder.join("own.png"), 1, Rgba([1, 2, 3, 255]));
    std::os::unix::fs::symlink("own.png", folder.join("alias.png")).unwrap();
    let assets = loaded(
        json!([
            { "id": "dots", "type": "image", "path": "../secret.png" },
            { "id": "hidden-dots", "type": "image", "path": "x/../../secret.png" },
            { "id": "absolute", "type": "image", "path": outside },
            { "id": "link", "type": "image", "path": "link.png" },
            { "id": "up", "type": "font", "path": "up/secret.png" },
            { "id": "alias", "type": "image", "path": "alias.png" },
        ]),
        &folder,
    );
    for name in ["dots", "hidden-dots", "absolute", "link", "up"] {
        let message = message(&assets, name);
        assert!(message.contains("outside of the scene's folder"), "{name}: {message}");
    }
    assert!(matches!(assets.state(&id("alias")), Some(AssetState::Image(_))), "a link within the folder is fine");
}

#[test]
fn what_cannot_be_used_is_named_with_its_remedy() {
    let folder = folder("refused");
    std::fs::write(folder.join("text.png"), "not a picture").unwrap();
    std::fs::write(folder.join("gif.png"), b"GIF89a\x01\0\x01\0").unwrap();
    std::fs::write(folder.join("huge.png"), png_header(10_000, 7_000)).unwrap();
    std::fs::write(folder.join("cut.png"), png_header(10, 10)).unwrap();
    std::fs::File::create(folder.join("large.png")).unwrap().set_len((256 << 20) + 1).unwrap();
    std::fs::create_dir(folder.join("folder.png")).unwrap();
    let entry = |name: &str, kind: &str, file: &str| json!({ "id": name, "type": kind, "path": file });
    let assets = loaded(
        json!([
            entry("missing", "image", "no/such.png"),
            entry("text", "image", "text.png"),
            entry("gif", "image", "gif.png"),
            entry("huge", "image", "huge.png"),
            entry("cut", "image", "cut.png"),
            entry("large", "image", "large.png"),
            entry("folder", "image", "folder.png"),
            entry("font", "font", "text.png"),
        ]),
        &folder,
    );
    for (name, file, words) in [
        ("missing", "no/such.png", "correct the path"),
        ("text", "text.png", "convert it"),
        ("gif", "gif.png", "PNG, JPEG or WebP"),
        ("huge", "huge.png", "10000 x 7000 pixels, above the limit of 64 megapixels"),
        ("cut", "cut.png", "damaged"),
        ("large", "large.png", "above the limit of 256 MiB"),
        ("folder", "folder.png", "not a folder"),
        ("font", "text.png", "is not a font"),
    ] {
        let message = message(&assets, name);
        assert!(message.contains(file) && message.contains(words), "{name}: {message}");
    }
    assert_eq!(assets.failures().len(), 8);
}

/// Blurs that are large but no unreasonable work: whether they are shown must not depend on how busy the machine is.
#[test]
fn whether_a_drawing_is_too_much_work_follows_from_its_file_alone() {
    let folder = folder("work");
    let drawing = |blurs: usize| {
        let blurred = "<rect x='100' y='100' width='600' height='600' filter='url(#f)' fill='red' opacity='.5'/>";
        let filter = "<filter id='f'><feGaussianBlur stdDeviation='30'/></filter>";
        let text = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='1000' height='1000'>{filter}{}</svg>",
            blurred.repeat(blurs)
        );
        std::fs::write(folder.join(format!("{blurs}.svg")), text).unwrap();
        json!({ "id": format!("b{blurs}"), "type": "svg", "path": format!("{blurs}.svg") })
    };
    let busy = AtomicBool::new(true);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while busy.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        for _ in 0..3 {
            let assets = loaded(json!([drawing(5), drawing(40)]), &folder);
            assert!(matches!(assets.state(&id("b5")), Some(AssetState::Svg(_))), "{:?}", assets.state(&id("b5")));
            assert!(message(&assets, "b40").contains("the work of more than a second"));
        }
        busy.store(false, Ordering::Relaxed);
    });
}

#[test]
fn a_picture_that_breaks_leaves_a_card_of_its_size() {
    let folder = folder("broken");
    let picture = folder.join("picture.png");
    save_picture(&picture, 300, Rgba([1, 2, 3, 255]));
    let list = documents(json!([{ "id": "picture", "type": "image", "path": "picture.png" }]));
    let mut assets = Assets::default();
    let mut fonts = Fonts::built_in();
    let content = serde_json::from_value(json!({ "type": "image", "asset": "picture" })).unwrap();
    let mut extent = |assets: &mut Assets| {
        assets.load(&list, &folder);
        assets.wait(Instant::now() + DEADLINE);
        let (assets, fonts, quality) = (&*assets, &mut fonts, systems::Quality::High);
        let mut ctx = DrawContext { assets, fonts, canvas: (64.0, 48.0), quality, seconds: 0.0, part: None };
        let Extent { width, height } = measure(&content, &mut ctx).extent;
        let card = draw(&content, (1.0, 1.0), &mut ctx).unwrap();
        assert_eq!((card.width as f64, card.height as f64), (width, height));
        (width, height)
    };
    assert_eq!(extent(&mut assets), (300.0, 2.0));
    std::fs::write(&picture, "no picture any more").unwrap();
    assert_eq!(extent(&mut assets), (300.0, 2.0));
    assert!(message(&assets, "picture").contains("no picture that is known"));
    std::fs::remove_file(&picture).unwrap();
    assert_eq!(extent(&mut assets), (300.0, 2.0));
    assert_eq!(extent(&mut Assets::default()), (480.0, 270.0), "nothing is known of it");
}

#[test]
fn bombs_are_refused_before_they_take_memory() {
    let folder = folder("bombs");
    let mut gif = b"GIF89a\xff\xff\xff\xff\0\0\0".to_vec();
    gif.extend(b"\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x01\x04\0\x3b");
    std::fs::write(folder.join("huge.gif"), &gif).unwrap();
    // A small screen with a huge frame on it.
    gif[6..10].copy_from_slice(&[1, 0, 1, 0]);
    std::fs::write(folder.join("frame.gif"), &gif).unwrap();
    let svg = |file: &str, inner: &str| {
        let text = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='10' height='10'>{inner}</svg>"
        );
        std::fs::write(folder.join(file), text).unwrap();
    };
    let doubled: String = (1..40)
        .map(|n| format!("<g id='g{n}'><use xlink:href='#g{0}'/><use xlink:href='#g{0}'/></g>", n - 1))
        .collect();
    svg("use.svg", &format!("<defs><rect id='g0' width='1' height='1'/>{doubled}</defs><use xlink:href='#g39'/>"));
    svg("deep.svg", &format!("{}{}", "<g>".repeat(50_000), "</g>".repeat(50_000)));
    svg(
        "filter.svg",
        "<filter id='f'><feMorphology radius='5000'/></filter><rect width='10' height='10' filter='url(#f)'/>",
    );
    svg("outside.svg", "<image href='../secret.png' width='10' height='10'/>");
    svg("url.svg", "<image href='http://127.0.0.1/x.png' width='10' height='10'/>");
    std::fs::write(folder.join("entities.svg"), "<!DOCTYPE svg [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><svg xmlns='http://www.w3.org/2000/svg'><text>&b;</text></svg>").unwrap();
    let pattern = "<pattern id='p' width='100000' height='100000' patternUnits='userSpaceOnUse'><rect width='1' height='1'/></pattern>";
    svg("pattern.svg", &format!("{pattern}<rect width='10' height='10' fill='url(#p)'/>"));
    svg(
        "scaled.svg",
        &format!(
            "{}<g transform='scale(10000)'><rect width='10' height='10' stroke='url(#p)'/></g>",
            pattern.replace("100000", "10")
        ),
    );
    let nested = |n: usize| {
        let next = if n < 30 { format!("url(#p{})", n + 1) } else { "red".to_owned() };
        format!(
            "<pattern id='p{n}' width='10' height='10' patternUnits='userSpaceOnUse'>\
             <rect width='10' height='10' fill='{next}'/></pattern>"
        )
    };
    let patterns: String = (0..=30).map(nested).collect();
    svg("nested.svg", &format!("{patterns}<rect width='100' height='100' fill='url(#p0)'/>"));
    svg("path.svg", "<path id='p' d='M0 0 L1e38 1e38'/><text><textPath href='#p'>hello</textPath></text>");
    svg("text.svg", &format!("<text>{}</text>", "word ".repeat(100_000)));
    let rules: String = (0..5000).map(|n| format!(".c{n}{{fill:red}}")).collect();
    svg("style.svg", &format!("<style>{rules}</style>{}", "<rect class='c1'/>".repeat(5000)));
    // Small as it is, at a size at which it could be shown it would hold everything up.
    svg(
        "slow.svg",
        "<filter id='f'><feTurbulence numOctaves='10' baseFrequency='1'/><feMorphology radius='4'/></filter>\
         <rect width='10' height='10' filter='url(#f)'/>",
    );
    // Each edge is put among those that lie in the same rows.
    let lines: String = (0..60_000).map(|n| format!("L{} {}", n * 7919 % 1920, n % 2 * 8)).collect();
    svg("crossing.svg", &format!("<path d='M0 0 {lines}Z'/>"));
    let hidden = format!(
        "<!-- <!ENTITY ]> --><!DOCTYPE svg [<!ENTITY a '{}'>]><svg xmlns='http://www.w3.org/2000/svg'><desc>{}</desc></svg>",
        "a".repeat(100_000),
        "&a;".repeat(3000)
    );
    std::fs::write(folder.join("hidden.svg"), hidden).unwrap();
    // Whole files, and the same cut off.
    save_picture(&folder.join("cut.jpg"), 200, Rgba([200, 20, 30, 255]));
    let whole = std::fs::read(folder.join("cut.jpg")).unwrap();
    std::fs::write(folder.join("cut.jpg"), &whole[..whole.len() - 20]).unwrap();
    std::fs::write(folder.join("huge.png"), png_header(10_000, 10_000)).unwrap();
    std::fs::write(folder.join("wide.png"), png_header(40_000, 1)).unwrap();
    save_picture(&folder.join("wide.jpg"), 40_000, Rgba([200, 20, 30, 255]));
    let packed = |file: &str, inner: &str, lost: usize| {
        let bytes = gzip(&format!("<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'>{inner}</svg>"));
        std::fs::write(folder.join(file), &bytes[..bytes.len() - lost]).unwrap();
    };
    packed("blown-up.svgz", &" ".repeat(9 << 20), 0);
    packed("cut.svgz", "<rect width='10' height='10'/>", 20);
    let entry = |kind: &str, file: &str| json!({ "id": file, "type": kind, "path": file });
    let cases = [
        ("image", "wide.png", "40000 x 1 pixels, above the limit of 32768 a side"),
        ("animatedImage", "wide.png", "above the limit of 32768 a side"),
        ("image", "wide.jpg", "above the limit of 32768 a side"),
        ("svg", "blown-up.svgz", "unpacked it has more than 8 MiB"),
        ("svg", "cut.svgz", "packed by gzip, and damaged"),
        ("animatedImage", "huge.gif", "65535 x 65535 pixels, above the limit"),
        ("animatedImage", "frame.gif", "damaged"),
        ("animatedImage", "huge.png", "does not move"),
        ("image", "huge.png", "10000 x 10000 pixels, above the limit"),
        ("svg", "use.svg", "too many elements"),
        ("svg", "deep.svg", "nested too deeply"),
        ("svg", "filter.svg", "too many pixels"),
        ("svg", "outside.svg", "refers to `../secret.png`"),
        ("svg", "url.svg", "embed it"),
        ("svg", "entities.svg", "entities"),
        ("svg", "hidden.svg", "entities"),
        ("svg", "pattern.svg", "tiles that are larger than the picture"),
        ("svg", "scaled.svg", "tiles that are larger than the picture"),
        ("svg", "nested.svg", "patterns in it are made of patterns"),
        ("svg", "path.svg", "beyond all measure"),
        ("svg", "text.svg", "too much text"),
        ("svg", "style.svg", "too many rules"),
        ("svg", "slow.svg", "more than a second"),
        ("svg", "crossing.svg", "more than a second"),
        ("image", "cut.jpg", "ends too early"),
        ("svg", "huge.png", "not an SVG"),
    ];
    for (kind, file, words) in cases {
        let assets = loaded(json!([entry(kind, file)]), &folder);
        let message = message(&assets, file);
        assert!(message.contains(words), "{file} as {kind}: {message}");
        assert_eq!(assets.stats().bytes, 0);
    }
}

/// Nobody knows which family is in a file that cannot be read: a text that asks for one which is not there says so.
#[test]
fn a_text_in_a_font_that_cannot_be_read_shows_a_card() {
    let folder = folder("font");
    std::fs::write(folder.join("own.ttf"), "no font").unwrap();
    let mut assets = loaded(json!([{ "id": "own", "type": "font", "path": "own.ttf" }]), &folder);
    let mut fonts = Fonts::built_in();
    let mut raster = |assets: &Assets, family: &str, span: &str| {
        fonts.use_assets(assets);
        let content = json!({ "type": "text", "text": "Words that take some room", "font": { "family": family, "size": 30 },
            "spans": [{ "text": " and", "font": { "family": span } }] });
        let content = serde_json::from_value(content).unwrap();
        let quality = systems::Quality::High;
        let mut ctx =
            DrawContext { assets, fonts: &mut fonts, canvas: (640.0, 48.0), quality, seconds: 0.0, part: None };
        let Extent { width, height } = measure(&content, &mut ctx).extent;
        let raster = draw(&content, (1.0, 1.0), &mut ctx).unwrap();
        let is_card = (raster.width as f64, raster.height as f64) == (width, height) && raster.opaque;
        (is_card, raster)
    };
    assert!(raster(&assets, fonts::FAMILY, "Inter").0, "it may be the one");
    assert!(raster(&assets, "Inter", fonts::FAMILY).0, "for a part of the text too");
    assert!(!raster(&assets, "Inter", "sans-serif").0, "others do not suffer");
    assert_eq!((assets.stats().failed, assets.stats().errors), (1, 1), "and it is counted");
    assert!(message(&assets, "own").contains("is not a font"));

    std::fs::write(folder.join("own.ttf"), fonts::own()).unwrap();
    let list = documents(json!([{ "id": "own", "type": "font", "path": "own.ttf" }]));
    assets.load(&list, &folder);
    assets.wait(Instant::now() + DEADLINE);
    assert!(!raster(&assets, fonts::FAMILY, "Inter").0, "it is there");
    assert!(!raster(&Assets::default(), "Nobody Has It", "Inter").0, "a family that is only missing is set in another");
}
