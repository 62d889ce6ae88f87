//! Files of a scene: how they are loaded, read again when they change, and kept within the memory that they may take.

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

use std::time::{Duration, Instant};

use components::AssetId;
use files::{DEADLINE, documents, folder, gzip, id, loaded, message, save_picture};
use image::{Rgba, RgbaImage};
use serde_json::{Value, json};
use systems::{
    assets::{AssetState, Assets},
    rasterise::content::{DrawContext, draw, text::Fonts},
};

#[test]
fn pictures_are_premultiplied_once_and_say_whether_they_are_opaque() {
    let folder = folder("premultiplied");
    save_picture(&folder.join("glass.png"), 3, Rgba([255, 100, 0, 128]));
    save_picture(&folder.join("solid.webp"), 3, Rgba([9, 8, 7, 255]));
    let assets = loaded(
        json!([{ "id": "glass", "type": "image", "path": "glass.png" }, { "id": "solid", "type": "image", "path": "./solid.webp" }]),
        &folder,
    );
    let Some(AssetState::Image(glass)) = assets.state(&id("glass")) else { panic!("not loaded") };
    assert_eq!((glass.width, glass.height, glass.opaque), (3, 2, false));
    assert_eq!(glass.pixels[..4], [128, 50, 0, 128]);
    let Some(AssetState::Image(solid)) = assets.state(&id("solid")) else { panic!("not loaded") };
    assert!(solid.opaque);
}

#[test]
fn what_is_equal_is_kept_and_what_changed_is_read_again() {
    let folder = folder("again");
    let entry = |name: &str| json!({ "id": name, "type": "image", "path": format!("{name}.png") });
    for name in ["kept", "replaced", "gone"] {
        save_picture(&folder.join(format!("{name}.png")), 2, Rgba([1, 2, 3, 255]));
    }
    let mut assets = loaded(json!([entry("kept"), entry("replaced"), entry("gone"), entry("late")]), &folder);
    let pixels = |assets: &Assets, name: &str| match assets.state(&id(name)) {
        Some(AssetState::Image(image)) => image.pixels.clone(),
        other => panic!("`{name}` is {other:?}"),
    };
    let kept = pixels(&assets, "kept");

    save_picture(&folder.join("replaced.png"), 5, Rgba([9, 9, 9, 255]));
    save_picture(&folder.join("late.png"), 2, Rgba([7, 7, 7, 255]));
    let changed = assets.load(&documents(json!([entry("kept"), entry("replaced"), entry("late")])), &folder);
    assert_eq!(changed, [id("gone")]);
    assert_eq!(pixels(&assets, "replaced").len(), 2 * 2 * 4, "what was there stays until the other is read");
    assert!(assets.state(&id("gone")).is_none());

    assert_eq!(assets.wait(Instant::now() + DEADLINE), [id("late"), id("replaced")]);
    assert!(std::sync::Arc::ptr_eq(&kept, &pixels(&assets, "kept")), "an equal asset is not read again");
    assert_eq!(pixels(&assets, "replaced").len(), 5 * 2 * 4);
    assert_eq!(pixels(&assets, "late")[..4], [7, 7, 7, 255]);
    assert!(assets.collect().is_empty());
}

#[test]
fn a_font_of_the_scene_is_used_by_its_family() {
    let folder = folder("font");
    std::fs::write(folder.join("outer.otf"), fonts::own()).unwrap();
    let assets = loaded(json!([{ "id": "outer", "type": "font", "path": "outer.otf" }]), &folder);

    let mut fonts = Fonts::built_in();
    let picture = |fonts: &mut Fonts, font: Value| {
        let content = serde_json::from_value(json!({ "type": "text", "text": "Font", "font": font })).unwrap();
        draw(
            &content,
            (1.0, 1.0),
            &mut DrawContext {
                assets: &assets,
                fonts,
                canvas: (100.0, 100.0),
                quality: systems::Quality::High,
                seconds: 0.0,
                part: None,
            },
        )
        .unwrap()
    };
    let bold = picture(&mut fonts, json!({ "weight": 700 }));
    let without = picture(&mut fonts, json!({ "family": "Outer" }));
    assert_ne!(without, bold, "an unknown family is drawn as the default one, in its weight");

    assert!(fonts.use_assets(&assets));
    assert!(!fonts.use_assets(&assets), "nothing has changed since");
    assert!(fonts.has_family("outer"));
    assert_eq!(picture(&mut fonts, json!({ "family": "outer" })), bold);

    assert!(fonts.use_assets(&Assets::default()));
    assert_eq!(picture(&mut fonts, json!({ "family": "Outer" })), without);
}

/// Waits for a condition while it takes in what arrives, as ticks would.
fn until(assets: &mut Assets, what: &str, condition: impl Fn(&Assets) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition(assets) {
        assert!(Instant::now() < deadline, "{what}: {:?}", assets.failures());
        assets.collect();
        std::thread::yield_now();
    }
}

fn width(assets: &Assets, name: &str) -> u32 {
    match assets.state(&id(name)) {
        Some(AssetState::Image(image)) => image.width,
        Some(AssetState::Animation(image)) => image.width,
        _ => 0,
    }
}

#[test]
fn files_that_change_are_read_again() {
    let folder = folder("watched");
    save_picture(&folder.join("logo.png"), 2, Rgba([1, 2, 3, 255]));
    let mut assets = Assets::default();
    assets.watch();
    let entry = |name: &str, file: &str| json!({ "id": name, "type": "image", "path": file });
    assets.load(&documents(json!([entry("logo", "logo.png"), entry("late", "new/late.png")])), &folder);
    assets.wait(Instant::now() + DEADLINE);
    assert_eq!(width(&assets, "logo"), 2);
    assert!(message(&assets, "late").contains("correct the path"));

    // Written in place.
    save_picture(&folder.join("logo.png"), 3, Rgba([1, 2, 3, 255]));
    until(&mut assets, "written in place", |assets| width(assets, "logo") == 3);
    // Another file is renamed over it, as careful programs save.
    save_picture(&folder.join("other.png"), 4, Rgba([1, 2, 3, 255]));
    std::fs::rename(folder.join("other.png"), folder.join("logo.png")).unwrap();
    until(&mut assets, "renamed over", |assets| width(assets, "logo") == 4);
    // Its folder did not even exist.
    std::fs::create_dir(folder.join("new")).unwrap();
    save_picture(&folder.join("new/late.png"), 5, Rgba([1, 2, 3, 255]));
    until(&mut assets, "added", |assets| width(assets, "late") == 5);
    // What is broken keeps the last picture until it turns out to stay broken; then it comes back.
    std::fs::write(folder.join("logo.png"), "half").unwrap();
    until(&mut assets, "broken", |assets| matches!(assets.state(&id("logo")), Some(AssetState::Failed(_))));
    assert_eq!(width(&assets, "late"), 5, "others go on");
    save_picture(&folder.join("logo.png"), 6, Rgba([1, 2, 3, 255]));
    until(&mut assets, "mended", |assets| width(assets, "logo") == 6);
    // One that is written without end is read all the same.
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn({
        let folder = folder.clone();
        move || {
            while stopped.try_recv().is_err() {
                save_picture(&folder.join("next.png"), 7, Rgba([1, 2, 3, 255]));
                std::fs::rename(folder.join("next.png"), folder.join("logo.png")).unwrap();
            }
        }
    });
    until(&mut assets, "written without end", |assets| width(assets, "logo") == 7);
    stop.send(()).unwrap();
    writer.join().unwrap();
    std::fs::remove_file(folder.join("logo.png")).unwrap();
    until(&mut assets, "removed", |assets| matches!(assets.state(&id("logo")), Some(AssetState::Failed(_))));
    assert!(message(&assets, "logo").contains("there is no file"));
}

#[test]
fn what_nobody_tells_of_is_noticed_too() {
    let folder = folder("links");
    for (name, width) in [("one", 2), ("two", 3)] {
        std::fs::create_dir(folder.join(name)).unwrap();
        save_picture(&folder.join(name).join("a.png"), width, Rgba([1, 2, 3, 255]));
    }
    // The file's folder is a link, and so is one on the way to another.
    std::os::unix::fs::symlink("one", folder.join("now")).unwrap();
    std::os::unix::fs::symlink("now/a.png", folder.join("b.png")).unwrap();
    let mut assets = Assets::default();
    assets.watch();
    let entry = |name: &str, file: &str| json!({ "id": name, "type": "image", "path": file });
    assets.load(&documents(json!([entry("a", "now/a.png"), entry("b", "b.png")])), &folder);
    assets.wait(Instant::now() + DEADLINE);
    let both = |assets: &Assets, wanted| width(assets, "a") == wanted && width(assets, "b") == wanted;
    assert!(both(&assets, 2));
    std::os::unix::fs::symlink("two", folder.join("next")).unwrap();
    std::fs::rename(folder.join("next"), folder.join("now")).unwrap();
    until(&mut assets, "led elsewhere", |assets| both(assets, 3));
    // A folder in the place of another, and then a change in it.
    std::fs::rename(folder.join("two"), folder.join("old")).unwrap();
    std::fs::rename(folder.join("one"), folder.join("two")).unwrap();
    until(&mut assets, "exchanged", |assets| both(assets, 2));
    save_picture(&folder.join("two/a.png"), 5, Rgba([1, 2, 3, 255]));
    until(&mut assets, "changed there", |assets| both(assets, 5));
}

#[test]
fn what_is_not_seen_makes_room_for_what_is() {
    let folder = folder("budget");
    let names = ["a", "b", "c", "d"];
    let entry = |name: &str| json!({ "id": name, "type": "image", "path": format!("{name}.png") });
    for name in names {
        // 100 x 2 pixels are 800 bytes.
        save_picture(&folder.join(format!("{name}.png")), 100, Rgba([1, 2, 3, 255]));
    }
    let mut assets = Assets::default();
    assets.set_budget(2000);
    assets.load(&documents(names.map(entry).into_iter().collect()), &folder);
    assets.wait(Instant::now() + DEADLINE);
    let in_memory = |assets: &Assets| names.map(|name| u32::from(width(assets, name) > 0));
    assert_eq!(in_memory(&assets).iter().sum::<u32>(), 2, "as many as fit");
    let see = |assets: &mut Assets, seen: &[&str]| {
        let ids: Vec<AssetId> = seen.iter().map(|name| id(name)).collect();
        for _ in 0..3 {
            assets.note_seen(&ids.iter().collect());
            assets.wait(Instant::now() + DEADLINE);
            assert!(assets.stats().bytes <= 2000, "{:?}", assets.stats());
        }
    };
    see(&mut assets, &["a", "b"]);
    assert_eq!(in_memory(&assets), [1, 1, 0, 0]);
    see(&mut assets, &["b", "c"]);
    assert_eq!(in_memory(&assets), [0, 1, 1, 0]);
    see(&mut assets, &["c"]);
    see(&mut assets, &["d"]);
    assert_eq!(in_memory(&assets), [0, 0, 1, 1], "the one that was used longest ago went");
    assert!(matches!(assets.state(&id("a")), Some(AssetState::Unloaded { .. })));
    assert_eq!(assets.state(&id("a")).unwrap().size(), Some((100.0, 2.0)), "its size stays known");
    // More than fits is seen at once: the last one says so, and comes when there is room.
    see(&mut assets, &["a", "c", "d"]);
    assert_eq!((in_memory(&assets), assets.failures().len()), ([1, 0, 1, 0], 1));
    assert!(message(&assets, "d").contains("ASSETS_MEMORY"));
    see(&mut assets, &["d"]);
    assert_eq!(in_memory(&assets)[3], 1);
    let stats = assets.stats();
    assert!(stats.evictions >= 3 && stats.hits > 0 && stats.misses > 0, "{stats:?}");
}

/// Three moving pictures that are seen and of which two fit: always the same two, whichever is decoded first.
#[test]
fn ids_decide_which_of_too_many_pictures_fit() {
    let folder = folder("contest");
    let names = ["a", "b", "c"];
    for name in names {
        let file = std::fs::File::create(folder.join(format!("{name}.gif"))).unwrap();
        let mut encoder = image::codecs::gif::GifEncoder::new(file);
        for red in 0..40 {
            // 40 frames of 40 x 25 pixels are 160 000 bytes.
            let picture = RgbaImage::from_pixel(40, 25, Rgba([red * 6, 0, 0, 255]));
            encoder.encode_frame(image::Frame::new(picture)).unwrap();
        }
    }
    for round in 0..12 {
        let mut order = names;
        order.rotate_left(round % 3);
        let list = order.map(|name| json!({ "id": name, "type": "animatedImage", "path": format!("{name}.gif") }));
        let ids = names.map(id);
        let mut assets = Assets::default();
        assets.set_budget(400_000);
        assets.load(&documents(list.into_iter().collect()), &folder);
        // Seen from the first moment on, or only once all were read.
        if round % 2 == 0 {
            assets.wait(Instant::now() + DEADLINE);
        }
        for _ in 0..10 {
            assets.note_seen(&ids.iter().collect());
            assets.wait(Instant::now() + DEADLINE);
        }
        assert_eq!(names.map(|name| width(&assets, name)), [40, 40, 0], "round {round}");
        assert!(message(&assets, "c").contains("ASSETS_MEMORY"));
    }
}

/// With room for only one of them, a picture stays until the one in its place is known to be whole.
#[test]
fn a_broken_file_takes_no_picture_away_even_without_room_for_both() {
    let folder = folder("replaced");
    let names = ["still.png", "moving.gif", "photo.jpg", "photo.webp"];
    let write = |name: &str, width: u32, is_whole: bool| {
        let path = folder.join(name);
        if name.ends_with("gif") {
            let mut encoder = image::codecs::gif::GifEncoder::new(std::fs::File::create(&path).unwrap());
            for red in [1, 90] {
                encoder
                    .encode_frame(image::Frame::new(RgbaImage::from_pixel(width, 2, Rgba([red, 0, 0, 255]))))
                    .unwrap();
            }
        } else {
            save_picture(&path, width, Rgba([200, 2, 3, 255]));
        }
        if !is_whole {
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();
        }
    };
    for name in names {
        write(name, 100, true);
        let kind = if name.ends_with("gif") { "animatedImage" } else { "image" };
        let list = json!([{ "id": "x", "type": kind, "path": name }]);
        let mut assets = Assets::default();
        // 100 x 2 pixels are 800 bytes for each frame.
        assets.set_budget(if kind == "image" { 900 } else { 1700 });
        assets.watch();
        assets.load(&documents(list), &folder);
        let see = |assets: &mut Assets| {
            assets.note_seen(&[&id("x")].into());
            assets.wait(Instant::now() + DEADLINE);
        };
        see(&mut assets);
        assert_eq!(width(&assets, "x"), 100);
        write(name, 103, false);
        let failed_before = assets.stats().errors;
        until(&mut assets, "the failure", |assets| {
            let is_there = matches!(assets.state(&id("x")), Some(AssetState::Image(_) | AssetState::Animation(_)));
            assert!(is_there || assets.stats().errors > failed_before, "{name} went before its file was read");
            assets.stats().errors > failed_before
        });
        assert_eq!(width(&assets, "x"), 100, "{name} stays when reading fails once");
        write(name, 104, true);
        for _ in 0..1000 {
            see(&mut assets);
            if width(&assets, "x") == 104 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(width(&assets, "x"), 104, "{name}: the new one comes");
    }
}

#[test]
fn a_drawing_may_be_packed_or_in_utf_16() {
    let folder = folder("packed");
    let text = "<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'><rect width='10' height='10'/></svg>";
    std::fs::write(folder.join("packed.svg"), gzip(text)).unwrap();
    let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
    std::fs::write(folder.join("little.svg"), units().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    std::fs::write(folder.join("big.svg"), units().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()).unwrap();
    for name in ["packed", "little", "big"] {
        let assets = loaded(json!([{ "id": name, "type": "svg", "path": format!("{name}.svg") }]), &folder);
        let state = assets.state(&id(name)).unwrap();
        assert!(matches!(state, AssetState::Svg(_)) && state.size() == Some((30.0, 20.0)), "{name}: {state:?}");
    }
}
