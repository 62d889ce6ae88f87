//! The scenes of `scenes/gallery`, held to pictures that were looked at. The README shows these.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

mod support;

use std::{
    collections::{BTreeSet, HashMap},
    io::Cursor,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use components::{
    Edit, SceneDocument, SceneId, TrackId,
    animation::trigger::Cause,
    audio::{Level, LevelReading},
    document::Limits,
    held::HeldScenes,
};
use image::{AnimationDecoder, codecs::webp::WebPDecoder, metadata::LoopCount};
use support::golden::Canvas;
use systems::{Compositor, CompositorSettings};

const WIDTH: usize = 320;
const HEIGHT: usize = 180;
const COLUMNS: usize = 3;
/// Frames per second of the moving pictures.
const FPS: f64 = 15.0;
const DEADLINE: Duration = Duration::from_secs(60);

/// What the clock on the wall shows at the beginning of a scene: 2026-11-27T18:59:59Z, a Friday.
const CLOCK: i64 = 1_795_805_999_000;

/// At which seconds each scene is drawn.
const SCENES: [(&str, [f64; 6]); 28] = [
    ("angles", [0.0, 0.4, 0.75, 1.1, 1.5, 2.2]),
    ("colours", [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]),
    ("depth", [0.0, 0.3, 0.5, 0.7, 1.4, 2.6]),
    ("easings", [0.0, 0.4, 0.8, 1.2, 1.6, 2.0]),
    ("effects", [0.0, 0.3, 0.6, 0.9, 1.2, 1.5]),
    ("gradients", [0.0, 0.3, 0.6, 0.9, 1.2, 1.5]),
    ("interruptions", [0.4, 0.8, 1.1, 1.4, 1.8, 2.0]),
    ("keyframes", [0.0, 0.35, 0.8, 1.2, 2.0, 2.6]),
    ("levels", [0.1, 0.6, 1.2, 1.5, 2.1, 2.7]),
    ("masks", [0.0, 0.4, 0.8, 1.2, 1.6, 2.0]),
    ("morph", [0.0, 0.3, 0.6, 0.9, 1.2, 1.5]),
    ("nested", [0.0, 0.4, 0.8, 1.2, 2.0, 2.7]),
    ("paths", [0.0, 0.6, 1.2, 1.8, 2.4, 3.0]),
    ("playing", [0.5, 0.9, 1.4, 1.8, 2.2, 3.6]),
    ("presets", [0.0, 0.25, 0.5, 0.75, 1.25, 2.0]),
    ("queues", [0.0, 0.75, 1.5, 1.8, 2.1, 2.5]),
    ("relative", [0.1, 0.5, 0.8, 1.1, 1.4, 2.0]),
    ("schedules", [0.5, 1.15, 1.6, 2.2, 3.15, 3.8]),
    ("slides", [0.4, 1.8, 3.0, 3.3, 4.4, 4.8]),
    ("springs", [0.0, 0.35, 0.5, 0.65, 0.9, 1.4]),
    ("steps", [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]),
    ("stingers", [0.4, 0.65, 0.8, 1.15, 1.35, 2.3]),
    ("text", [0.0, 0.3, 0.6, 0.9, 1.2, 1.5]),
    ("timelines", [0.2, 0.5, 0.9, 1.3, 1.8, 2.4]),
    ("transitions", [1.0, 1.6, 1.8, 3.0, 3.2, 4.2]),
    ("triggers", [0.4, 0.8, 1.4, 1.7, 2.2, 3.2]),
    ("weights", [0.0, 0.4, 0.75, 1.1, 1.5, 2.1]),
    ("wipes", [0.8, 1.8, 3.0, 3.3, 4.4, 4.7]),
];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn folder() -> PathBuf {
    project().join("scenes/gallery")
}

fn scene(name: &str) -> SceneDocument {
    let file = folder().join(format!("{name}.jsonc"));
    let text = std::fs::read_to_string(&file).unwrap();
    let mut scene = SceneDocument::parse(&text, &Limits::default())
        .unwrap_or_else(|faults| panic!("{name}.jsonc is not valid: {faults:#?}"));
    scene.folder = file.parent().unwrap().to_owned();
    scene
}

/// A compositor at the beginning of a scene.
fn compositor(name: &str) -> Compositor {
    let settings = CompositorSettings { width: WIDTH, height: HEIGHT, max_layers: 50, pool_size: 2, threads: Some(1) };
    let mut compositor = Compositor::new(settings);
    let mut held = HeldScenes::new(SceneId::new(name).unwrap());
    for other in names("scenes/gallery/also", ".jsonc") {
        held.put(SceneId::new(&other).unwrap(), scene(&format!("also/{other}"))).unwrap();
    }
    compositor.hold(held);
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene(name)) }]);
    let report = compositor.tick(0, 0.0);
    assert!(report.outcomes[0].1.is_ok(), "{:?}", report.outcomes);
    assert!(compositor.finish_loading(Instant::now() + DEADLINE));
    if acts_by_the_clock(&compositor) {
        compositor.set_wall_clock(CLOCK);
        compositor.tick(0, 0.0);
    }
    compositor
}

/// Runs a tick with all that it shows: a scene that comes on air may need pictures of its own.
fn tick(compositor: &mut Compositor, tick: u64, seconds: f64) {
    compositor.tick(tick, seconds);
    while compositor.awaits_assets() {
        assert!(compositor.finish_loading(Instant::now() + DEADLINE));
        compositor.tick(tick, seconds);
    }
}

fn acts_by_the_clock(compositor: &Compositor) -> bool {
    compositor.snapshot().scene.triggers.iter().any(|trigger| matches!(trigger.on, Cause::Schedule { .. }))
}

/// Lets the clock on the wall go on from one scene time to another; triggers act at its full seconds.
fn pass(compositor: &mut Compositor, from: f64, to: f64) {
    if acts_by_the_clock(compositor) {
        let milliseconds = |seconds: f64| (seconds * 1000.0 + 1e-6) as i64;
        for second in milliseconds(from) / 1000 + 1..=(milliseconds(to) - 1) / 1000 {
            compositor.set_wall_clock(CLOCK + second * 1000);
            tick(compositor, second as u64 * 1000 + 1, second as f64);
        }
        compositor.set_wall_clock(CLOCK + milliseconds(to));
    }
}

/// Has the scene hear its tracks, which are sines as loud as its animations make them, from one scene time to another.
fn hear(compositor: &mut Compositor, from: f64, to: f64) {
    const BLOCK: f64 = 0.01;
    /// Blocks of 300 ms, of which the root mean square is taken.
    const WINDOW: u32 = 30;
    pass(compositor, from, to);
    let ids: Arc<[TrackId]> = compositor.snapshot().scene.audio.tracks.iter().map(|track| track.id.clone()).collect();
    let level = |amplitude: f64, power: f64| Level { peak: [amplitude as f32; 2], rms: [power.sqrt() as f32; 2] };
    let mut readings = Vec::new();
    let block = |seconds: f64| (seconds / BLOCK).round() as u32;
    for number in block(from) + 1..=block(to) {
        let seconds = f64::from(number) * BLOCK;
        let amplitude = |at: u32, track: usize| compositor.mix_at(f64::from(at) * BLOCK).tracks[track].volume;
        let power = |track: usize| -> f64 {
            let heard = number.saturating_sub(WINDOW) + 1..=number;
            heard.map(|at| amplitude(at, track).powi(2) / 2.0).sum::<f64>() / f64::from(WINDOW)
        };
        let mut reading = LevelReading::silent(seconds, Arc::clone(&ids));
        for track in 0..ids.len() {
            reading.tracks[track] = level(amplitude(number, track), power(track));
        }
        reading.master = level(0.0, (0..ids.len()).map(power).sum());
        readings.push(reading);
    }
    compositor.hear(readings);
}

/// Plays the scene on to a scene time, frame by frame.
fn play(compositor: &mut Compositor, from: f64, to: f64, fps: f64) {
    let mut last = from;
    let first = (from * fps).floor() as u64 + 1;
    let frames = (first..).map(|frame| frame as f64 / fps).take_while(|seconds| *seconds < to - 1e-9);
    for seconds in frames.chain([to]) {
        hear(compositor, last, seconds);
        tick(compositor, (seconds * 1000.0) as u64 + 1, seconds);
        last = seconds;
    }
}

#[test]
fn every_scene_of_the_gallery_looks_as_it_did() {
    for (name, seconds) in SCENES {
        let mut compositor = compositor(name);
        let rows = seconds.len().div_ceil(COLUMNS);
        let mut canvas = Canvas::checkered((WIDTH * COLUMNS) as u32, (HEIGHT * rows) as u32);
        let mut played = 0.0;
        for (index, seconds) in seconds.into_iter().enumerate() {
            play(&mut compositor, played, seconds, FPS);
            played = seconds;
            let (left, top) = (index % COLUMNS * WIDTH, index / COLUMNS * HEIGHT);
            canvas.lay(&compositor.picture().data, WIDTH, left as i64, top as i64);
        }
        canvas.assert_golden(&format!("gallery_{name}"));
    }
}

/// Whether it is played frame by frame or entered right there.
#[test]
fn every_scene_of_the_gallery_looks_the_same_however_a_time_is_come_to() {
    for (name, times) in SCENES {
        let mut entered: Vec<Vec<u8>> = Vec::new();
        for seconds in times {
            let mut compositor = compositor(name);
            hear(&mut compositor, 0.0, seconds);
            tick(&mut compositor, 1, seconds);
            entered.push(compositor.picture().data);
            // And on from there, as a file does that begins later.
            let then = seconds + 0.48;
            play(&mut compositor, seconds, then, 25.0);
            let on = compositor.picture().data;
            let mut compositor = self::compositor(name);
            hear(&mut compositor, 0.0, then);
            tick(&mut compositor, 1, then);
            assert!(compositor.picture().data == on, "{name} at {then} s, from {seconds} s on");
        }
        for fps in [25.0, 50.0] {
            let (mut compositor, mut played) = (compositor(name), 0.0);
            for (seconds, entered) in times.into_iter().zip(&entered) {
                play(&mut compositor, played, seconds, fps);
                played = seconds;
                assert!(compositor.picture().data == *entered, "{name} at {seconds} s, {fps} frames a second");
            }
        }
    }
}

/// The names of the files in a folder of the project, without their ending.
fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    std::fs::read_dir(project().join(folder))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_string_lossy().strip_suffix(ending).map(str::to_owned))
        .collect()
}

#[test]
fn every_file_of_the_gallery_is_shown() {
    let shown: BTreeSet<String> = SCENES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("scenes/gallery", ".jsonc"), shown);
    assert_eq!(names("docs/gallery", ".webp"), shown, "`make gallery` makes the moving pictures");
    let readme = std::fs::read_to_string(project().join("README.md")).unwrap();
    for name in shown {
        assert!(readme.contains(&format!("](docs/gallery/{name}.webp)")), "the README does not show {name}");
    }
}

#[test]
fn the_moving_pictures_show_the_gallery_and_are_small() {
    let mut bytes = 0;
    // What the script says of them.
    let script = std::fs::read_to_string(project().join("scripts/gallery")).unwrap();
    let begins = script.lines().find_map(|line| line.strip_prefix("declare -A from=(")?.strip_suffix(')')).unwrap();
    let begins = begins.split_whitespace().map(|word| word.strip_prefix('[').unwrap().split_once("]=").unwrap());
    let begins: HashMap<&str, f64> = begins.map(|(name, seconds)| (name, seconds.parse().unwrap())).collect();
    for (name, _) in SCENES {
        let file = std::fs::read(project().join(format!("docs/gallery/{name}.webp"))).unwrap();
        bytes += file.len();
        let decoder = WebPDecoder::new(Cursor::new(file)).unwrap();
        assert!(matches!(decoder.loop_count(), LoopCount::Infinite), "{name}");
        let frames = decoder.into_frames().collect_frames().unwrap();
        let milliseconds: u32 = frames.iter().map(|frame| frame.delay().numer_denom_ms().0).sum();
        assert!((2000..=5000).contains(&milliseconds) && frames.len() > 4, "{name}: {milliseconds} ms");
        let mut compositor = compositor(name);
        let begin = begins.get(name).copied().unwrap_or(0.0);
        let (mut played, mut until) = (0.0, 0);
        for frame in &frames {
            let seconds = begin + (f64::from(until) / 1000.0 * FPS).round() / FPS;
            play(&mut compositor, played, seconds, FPS);
            (played, until) = (seconds, until + frame.delay().numer_denom_ms().0);
            let drawn = compositor.picture().data;
            let off: u64 = drawn.iter().zip(frame.buffer().as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let off = off as f64 / drawn.len() as f64;
            assert!(off < 4.0, "{name}: off by {off} on average at {seconds} s; `make gallery` draws it anew");
        }
    }
    assert!(bytes < 3_000_000, "the moving pictures take {bytes} bytes");
}
