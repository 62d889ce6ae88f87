//! Pictures that move by themselves: how frames are composed, when each is seen, and what a tick does about it.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at what it did not expect, and tells what it left out"
)]

#[path = "support/animations.rs"]
mod animations;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use animations::{COLORS, Dispose, Frame, HEIGHT, WIDTH, apng, gif, lossy_webp, webp};
use components::{AssetId, Edit, SceneDocument, animation::Repeat};
use serde_json::{Value, json};
use systems::{
    Compositor, CompositorSettings,
    assets::{AnimatedImage, AssetState, Assets},
};

const DEADLINE: Duration = Duration::from_secs(60);

fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("moving_pictures").join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn loaded(folder: &Path, file: &str) -> AnimatedImage {
    let document = json!([{ "id": "picture", "type": "animatedImage", "path": file }]);
    let mut assets = Assets::default();
    assets.load(&serde_json::from_value::<Vec<_>>(document).unwrap(), folder);
    assets.wait(Instant::now() + DEADLINE);
    match assets.state(&AssetId::new("picture").unwrap()) {
        Some(AssetState::Animation(image)) => image.clone(),
        other => panic!("`{file}` is {other:?}"),
    }
}

/// The pictures that are seen, by the plainest reading of what the formats say.
fn composed(frames: &[Frame]) -> Vec<Vec<[u8; 4]>> {
    let mut canvas = vec![COLORS[0]; (WIDTH * HEIGHT) as usize];
    let mut seen = Vec::new();
    for frame in frames {
        let before = canvas.clone();
        let places = || {
            (0..frame.width * frame.height)
                .map(|n| ((frame.y + n / frame.width) * WIDTH + frame.x + n % frame.width) as usize)
        };
        for (at, pixel) in places().zip(frame.pixels()) {
            if pixel[3] != 0 || !frame.over {
                canvas[at] = pixel;
            }
        }
        seen.push(canvas.clone());
        match frame.dispose {
            Dispose::Keep => {}
            Dispose::Background => places().for_each(|at| canvas[at] = COLORS[0]),
            Dispose::Previous => canvas = before,
        }
    }
    seen
}

fn frame(place: [u32; 4], color: u8, dispose: Dispose, over: bool, delay: u16) -> Frame {
    let [x, y, width, height] = place;
    Frame { x, y, width, height, color, dispose, over, delay }
}

/// Every way of disposing, with frames over each other.
fn frames(ways: [Dispose; 5], over: [bool; 5]) -> Vec<Frame> {
    let places = [[0, 0, 6, 4], [2, 0, 3, 3], [0, 2, 4, 2], [2, 2, 4, 1], [4, 0, 2, 4]];
    let frames = places.into_iter().zip(ways).zip(over).zip([1, 2, 3, 2, 1]);
    frames.zip(1..).map(|((((place, way), over), color), n)| frame(place, color, way, over, 5 * n)).collect()
}

#[test]
fn frames_are_composed_as_their_formats_say() {
    use Dispose::{Background, Keep, Previous};
    let folder = folder("composed");
    let all = [true; 5];
    let mixed = [true, false, true, false, true];
    let cases = [
        ("keep.gif", gif(&frames([Keep; 5], all), 0), composed(&frames([Keep; 5], all))),
        ("background.gif", gif(&frames([Background; 5], all), 0), composed(&frames([Background; 5], all))),
        (
            "mixed.gif",
            { gif(&frames([Keep, Previous, Background, Previous, Keep], all), 0) },
            composed(&frames([Keep, Previous, Background, Previous, Keep], all)),
        ),
        ("over.png", apng(&frames([Keep, Previous, Background, Previous, Keep], all), 0), {
            composed(&frames([Keep, Previous, Background, Previous, Keep], all))
        }),
        ("source.png", apng(&frames([Keep, Background, Previous, Keep, Keep], mixed), 0), {
            composed(&frames([Keep, Background, Previous, Keep, Keep], mixed))
        }),
        ("over.webp", webp(&frames([Keep, Background, Keep, Background, Keep], all), 0), {
            composed(&frames([Keep, Background, Keep, Background, Keep], all))
        }),
        ("source.webp", webp(&frames([Background, Keep, Background, Keep, Keep], mixed), 0), {
            composed(&frames([Background, Keep, Background, Keep, Keep], mixed))
        }),
    ];
    for (file, bytes, expected) in cases {
        std::fs::write(folder.join(file), bytes).unwrap();
        let image = loaded(&folder, file);
        assert_eq!((image.width, image.height, image.len()), (WIDTH, HEIGHT, 5), "{file}");
        for (index, expected) in expected.iter().enumerate() {
            let pixels = &image.frame(index).unwrap().pixels;
            // WebP's decoder rounds when it blends.
            let alike = |a: &[u8; 4], b: &[u8; 4]| a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 2);
            let name = |pixel: &[u8; 4]| match COLORS.iter().position(|color| alike(color, pixel)) {
                Some(color) => ['.', 'r', 'g', 'b'][color].to_string(),
                None => format!("{pixel:?}"),
            };
            let drawn = |pixels: &[[u8; 4]]| -> Vec<String> {
                pixels.chunks(WIDTH as usize).map(|row| row.iter().map(name).collect()).collect()
            };
            assert_eq!(drawn(pixels.as_chunks().0), drawn(expected), "{file}, frame {index}");
        }
    }
}

/// What encoders make of something opaque that moves over nothing: frames without alpha, each cleared when it is over.
#[test]
fn a_lossy_frame_is_cleared_where_it_was() {
    const ORANGE: [u8; 4] = [255, 160, 0, 255];
    let folder = folder("lossy");
    let squares: Vec<Frame> =
        (0..5).map(|n| frame([4 + 14 * n, 8 + 6 * n, 16, 16], 1, Dispose::Background, true, 10)).collect();
    std::fs::write(folder.join("a.webp"), lossy_webp((96, 64), &squares)).unwrap();
    let image = loaded(&folder, "a.webp");
    assert_eq!((image.width, image.height, image.len()), (96, 64, 5));
    for (index, square) in squares.iter().enumerate() {
        let pixels = image.frame(index).unwrap().pixels.as_chunks::<4>().0;
        for (at, pixel) in (0_u32..).zip(pixels) {
            let (x, y) = (at % 96, at / 96);
            let inside = (square.x..square.x + 16).contains(&x) && (square.y..square.y + 16).contains(&y);
            let expected = if inside { ORANGE } else { [0; 4] };
            let is_alike = pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 8);
            assert!(is_alike, "frame {index}, pixel ({x}, {y}): {pixel:?} instead of {expected:?}");
        }
    }
}

#[test]
fn the_frame_follows_from_the_time_alone() {
    let folder = folder("time");
    let still = [Dispose::Keep; 5];
    // Delays of 50, 100, 150, 200 and 250 ms: 750 in all.
    std::fs::write(folder.join("thrice.gif"), gif(&frames(still, [true; 5]), 3)).unwrap();
    std::fs::write(folder.join("thrice.png"), apng(&frames(still, [true; 5]), 3)).unwrap();
    std::fs::write(folder.join("thrice.webp"), webp(&frames(still, [true; 5]), 3)).unwrap();
    for file in ["thrice.gif", "thrice.png", "thrice.webp"] {
        let image = loaded(&folder, file);
        let seen = |seconds: f64, repeat| image.frame_at(seconds, repeat);
        for (seconds, index) in [(-1.0, 0), (0.0, 0), (0.049, 0), (0.05, 1), (0.3, 3), (0.75, 0), (1.55, 1), (2.249, 4)]
        {
            assert_eq!(seen(seconds, None), index, "{file} at {seconds} s");
        }
        assert_eq!(seen(2.25, None), 4, "{file}: its last frame stays");
        assert_eq!(seen(0.76, Some(Repeat::Times(1))), 4, "{file}: the layer's word goes before the file's");
        assert_eq!(seen(7500.05, Some(Repeat::Forever)), 1, "{file}");
    }
    // What is faster than any program could play it when it was made is slow.
    let fast = [
        frame([0, 0, 6, 4], 1, Dispose::Keep, true, 0),
        frame([0, 0, 6, 4], 2, Dispose::Keep, true, 1),
        frame([0, 0, 6, 4], 3, Dispose::Keep, true, 2),
    ];
    std::fs::write(folder.join("fast.gif"), gif(&fast, 0)).unwrap();
    let image = loaded(&folder, "fast.gif");
    for (seconds, index) in [(0.099, 0), (0.1, 1), (0.199, 1), (0.2, 2), (0.219, 2), (0.22, 0)] {
        assert_eq!(image.frame_at(seconds, None), index, "at {seconds} s");
    }
}

fn stage(folder: &Path, contents: Value) -> Compositor {
    let layers: Vec<Value> = contents
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(n, content)| json!({ "id": format!("l{n}"), "content": content, "transform": { "position": { "x": n * 16, "y": 0 } } }))
        .collect();
    let scene = SceneDocument {
        folder: folder.to_owned(),
        ..serde_json::from_value(json!({
            "canvas": { "width": 64, "height": 16 },
            "assets": [{ "id": "spin", "type": "animatedImage", "path": "spin.gif" }],
            "layers": layers,
        }))
        .unwrap()
    };
    let mut compositor =
        Compositor::new(CompositorSettings { width: 64, height: 16, max_layers: 9, pool_size: 3, threads: Some(1) });
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    let report = compositor.tick(0, 0.0);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert!(compositor.finish_loading(Instant::now() + DEADLINE));
    compositor.tick(1, 0.0);
    compositor
}

#[test]
fn a_tick_on_which_the_frame_stays_costs_nothing() {
    let folder = folder("ticks");
    let steps: Vec<Frame> = (1..=3).map(|color| frame([0, 0, 6, 4], color, Dispose::Keep, true, 20)).collect();
    std::fs::write(folder.join("spin.gif"), gif(&steps, 0)).unwrap();
    let content = |more: Value| {
        let mut content = json!({ "type": "animatedImage", "asset": "spin" });
        more.as_object().unwrap().iter().for_each(|(key, value)| content[key] = value.clone());
        content
    };
    let mut compositor = stage(
        &folder,
        json!([
            content(json!({})),
            content(json!({ "startAt": 0.5, "speed": 2, "repeat": 1 })),
            content(json!({ "startAt": -0.25 })),
            content(json!({ "speed": 0 })),
        ]),
    );
    let mut drawn = Vec::new();
    for tick in 0..20_u32 {
        let seconds = f64::from(tick) / 10.0;
        let report = compositor.tick(u64::from(tick) + 2, seconds);
        let picture = compositor.picture().data;
        let color = |n: usize| {
            COLORS.iter().position(|color| color[..3] == picture.as_chunks::<4>().0[64 + n * 16 + 1][..3]).unwrap()
        };
        drawn.push((report.rasterised, [color(0), color(1), color(2), color(3)]));
        assert_eq!(report.rasterised == 0, report.damage.is_empty());
    }
    let colors: Vec<[usize; 4]> = drawn.iter().map(|(_, colors)| *colors).collect();
    assert_eq!(
        colors[..8],
        [
            [1, 1, 2, 1],
            [1, 1, 2, 1],
            [2, 1, 3, 1],
            [2, 1, 3, 1],
            [3, 1, 1, 1],
            [3, 1, 1, 1],
            [1, 2, 2, 1],
            [1, 3, 2, 1],
        ]
    );
    assert!(colors[8..].iter().all(|colors| colors[1] == 3), "the one that plays once stays at its end");
    for (pair, (rasterised, _)) in colors.windows(2).zip(&drawn[1..]) {
        let changed = pair[0].iter().zip(&pair[1]).filter(|(a, b)| a != b).count();
        assert_eq!(*rasterised, changed, "{pair:?}");
    }
}
