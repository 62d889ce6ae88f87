//! The bars of performance, with those whom we want to be ahead of in the same run: tiny-skia and vello_cpu in this
//! process, GStreamer's `compositor`, ffmpeg's `overlay` and x264 as commands on the same pictures. And how cost grows.
//!
//! `cargo bench --bench compare`; with names (`P1`, `growth`, …) only those parts. Rounds of all painters take turns, and
//! the fastest round of each counts, so that what else the machine does hits everybody alike. Everybody's picture is
//! compared with one that is drawn by definition before anything is timed.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::needless_range_loop,
    unreachable_pub,
    missing_docs,
    reason = "a bench ends at what it did not expect, and prints what it measured"
)]

mod commands;
mod painters;
mod reference;
mod scenes;

use std::time::Duration;

use painters::{Ours, Painter, TinySkia, Vello, ours};
use scenes::{Laid, Scene};

const HD: (u32, u32) = (1920, 1080);
/// Rounds in turn.
const ROUNDS: usize = 6;
/// Ticks of a round.
const TICKS: u64 = 12;
/// The tick whose picture is looked at.
const LOOKED_AT: u64 = 60;

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The fastest round of each, in milliseconds a frame.
fn race(painters: &mut [&mut dyn Painter]) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; painters.len()];
    for round in 0..ROUNDS as u64 {
        for (painter, best) in painters.iter_mut().zip(&mut best) {
            let spent: Duration = (1..=TICKS).map(|tick| painter.draw(round * TICKS + tick)).sum();
            *best = best.min(ms(spent) / TICKS as f64);
        }
    }
    best
}

/// Lines of the table of bars.
#[derive(Default)]
struct Bars(Vec<[String; 5]>);

impl Bars {
    /// `ratio` is to be at least `bar`.
    fn at_least(&mut self, id: &str, what: &str, measured: String, ratio: f64, bar: f64) {
        let verdict = if ratio >= bar { "pass" } else { "miss" };
        self.push([id.into(), what.into(), measured, format!("{ratio:.1}x, bar {bar}x"), verdict.into()]);
    }

    /// `value` is to be at most `bar`.
    fn at_most(&mut self, id: &str, what: &str, measured: String, value: f64, bar: f64) {
        let verdict = if value <= bar { "pass" } else { "miss" };
        self.push([id.into(), what.into(), measured, format!("{value:.3}, bar {bar}"), verdict.into()]);
    }

    fn note(&mut self, id: &str, what: &str, measured: String) {
        self.push([id.into(), what.into(), measured, String::new(), String::new()]);
    }

    /// A line as it comes: the whole takes minutes.
    fn push(&mut self, line: [String; 5]) {
        eprintln!("{}", line.join("  "));
        self.0.push(line);
    }

    fn print(&self) {
        println!("\n| id | what | measured | result | |\n| --- | --- | --- | --- | --- |");
        for [id, what, measured, result, verdict] in &self.0 {
            println!("| {id} | {what} | {measured} | {result} | {verdict} |");
        }
    }
}

/// Everybody's picture of one tick is the expected one.
fn look(scene: &Scene, laid: &[Laid], painters: &mut [(&str, &mut dyn Painter)]) -> Vec<[f64; 3]> {
    let expected = reference::draw(scene, laid);
    for (who, painter) in painters {
        painter.draw(LOOKED_AT);
        reference::assert_rgba(who, &painter.picture(), &expected);
    }
    expected
}

/// A scene of sprites before everybody who can draw it: ours on one and two threads, tiny-skia, vello_cpu.
struct Field {
    ours: [f64; 2],
    tiny_skia: f64,
    vello: f64,
    expected: Vec<[f64; 3]>,
}

fn field(scene: &Scene, folder: &std::path::Path) -> Field {
    let (mut one, mut two) = (ours(scene, folder, 1), ours(scene, folder, 2));
    let (mut skia, mut vello, mut wide) = (TinySkia::new(scene), Vello::new(scene, 1), Vello::new(scene, 2));
    let expected = look(
        scene,
        &scene.at(LOOKED_AT),
        &mut [
            ("we", &mut one),
            ("we", &mut two),
            ("tiny-skia", &mut skia),
            ("vello_cpu", &mut vello),
            ("vello_cpu", &mut wide),
        ],
    );
    let best = race(&mut [&mut one, &mut two, &mut skia, &mut vello, &mut wide]);
    Field { ours: [best[0], best[1]], tiny_skia: best[2], vello: best[3].min(best[4]), expected }
}

fn sprites50(bars: &mut Bars) {
    let folder = tempfile::tempdir().expect("a folder for pictures");
    let scene = scenes::sprites(HD, 50, 256);
    let field = field(&scene, folder.path());
    let laid = scene.at(LOOKED_AT);
    let (gstreamer, frame) = commands::measure_gstreamer(&scene, &laid, folder.path());
    reference::assert_luma("GStreamer", &frame, &field.expected);
    let (ffmpeg, frame) = commands::measure_ffmpeg(&scene, &laid, folder.path());
    reference::assert_luma("ffmpeg", &frame, &field.expected);
    let [one, two] = field.ours;
    let best = one.min(two);
    bars.note("P1", "sprites50: we, 1 / 2 threads", format!("{one:.2} / {two:.2} ms"));
    for (who, theirs, bar) in [
        ("GStreamer compositor", ms(gstreamer), 8.0),
        ("vello_cpu", field.vello, 4.0),
        ("tiny-skia", field.tiny_skia, 15.0),
        ("ffmpeg overlay", ms(ffmpeg), 8.0),
    ] {
        bars.at_least("P1", &format!("sprites50 against {who}"), format!("{theirs:.2} ms"), theirs / best, bar);
    }
    blending(bars);
}

/// One-thread blending, per pixel, beside a copy of as many pixels: Skia's 0.5 ns were 1.3 times a copy's on the machine
/// that the references were taken on.
fn blending(bars: &mut Bars) {
    const SKIA_TO_COPY: f64 = 0.5 / (0.8e6 / (1920.0 * 1080.0));
    let folder = tempfile::tempdir().expect("a folder for pictures");
    let (few, many) = (scenes::sprites(HD, 50, 256), scenes::sprites(HD, 150, 256));
    let (mut few, mut many) = (ours(&few, folder.path(), 1), ours(&many, folder.path(), 1));
    let mut copy = Copy { from: vec![7; 1920 * 1080 * 4], to: vec![0; 1920 * 1080 * 4] };
    let best = race(&mut [&mut few, &mut many, &mut copy]);
    let pixel = (best[1] - best[0]) * 1e6 / (100.0 * 256.0 * 256.0);
    let copied = best[2] * 1e6 / (1920.0 * 1080.0);
    let ratio = pixel / copied / SKIA_TO_COPY;
    let measured = format!("{pixel:.2} ns a pixel (copy {copied:.2})");
    bars.at_most("P1", "one thread's blending to Skia's, by way of a copy", measured, ratio, 1.3);
}

struct Copy {
    from: Vec<u8>,
    to: Vec<u8>,
}

impl Painter for Copy {
    fn draw(&mut self, _: u64) -> Duration {
        let began = std::time::Instant::now();
        std::hint::black_box(&mut self.to).copy_from_slice(std::hint::black_box(&self.from));
        began.elapsed()
    }

    fn picture(&self) -> Vec<u8> {
        self.to.clone()
    }
}

fn rotated50(bars: &mut Bars) {
    let folder = tempfile::tempdir().expect("a folder for pictures");
    let scene = scenes::rotated(HD, 50);
    let field = field(&scene, folder.path());
    let [one, two] = field.ours;
    bars.note("P2", "rotated50: we, 1 / 2 threads", format!("{one:.2} / {two:.2} ms"));
    let best = one.min(two);
    bars.at_least("P2", "rotated50 against vello_cpu", format!("{:.2} ms", field.vello), field.vello / best, 7.0);
    bars.note(
        "P2",
        "rotated50 against tiny-skia",
        format!("{:.2} ms, {:.1}x", field.tiny_skia, field.tiny_skia / best),
    );
    let sampled: f64 =
        scene.at(LOOKED_AT).iter().skip(1).map(|laid| laid.affine.determinant().abs() * 256.0 * 256.0).sum();
    let still = scenes::sprites(HD, 0, 256);
    let floor = race(&mut [&mut ours(&still, folder.path(), 1)])[0];
    let pixel = (one - floor) * 1e6 / sampled;
    bars.at_most("P2", "bilinear sampling, one thread", format!("{pixel:.2} ns a pixel"), pixel, 3.0);
}

fn crossfade(bars: &mut Bars) {
    let folder = tempfile::tempdir().expect("a folder for pictures");
    let scene = scenes::crossfade(HD);
    let field = field(&scene, folder.path());
    let (gstreamer, frame) = commands::measure_gstreamer(&scene, &scene.at(LOOKED_AT), folder.path());
    reference::assert_luma("GStreamer", &frame, &field.expected);
    let [one, two] = field.ours;
    let measured = format!(
        "we {one:.2} / {two:.2} ms, vello_cpu {:.2}, tiny-skia {:.2}, GStreamer {:.2}",
        field.vello,
        field.tiny_skia,
        ms(gstreamer)
    );
    bars.note("", "crossfade", measured);
}

/// Time that a tick spends in the stages of these names.
fn stages(report: &systems::TickReport, names: &[&str]) -> Duration {
    report.stages.iter().filter(|(stage, _)| names.contains(stage)).map(|(_, time)| *time).sum()
}

fn show(bars: &mut Bars) {
    const SECONDS: u64 = 10;
    let folder = tempfile::tempdir().expect("a folder for pictures");
    let scene = scenes::show();
    let laid = scene.at(0);
    let expected = reference::draw(&scene, &laid);
    reference::assert_rgba("we", &ours(&scene, folder.path(), 1).picture(), &expected);
    let (gstreamer, frame) = commands::measure_gstreamer(&scene, &laid, folder.path());
    reference::assert_luma("GStreamer", &frame, &expected);

    let mut costs = Vec::new();
    let mut frames = Vec::new();
    let mut texts = Vec::new();
    for threads in [1, 2, 1, 2] {
        let mut painter = Ours::new(scenes::moving_show(&scene, folder.path()), threads);
        frames.clear();
        let mut spent = Duration::ZERO;
        for tick in 0..SECONDS * 30 {
            if tick % 30 == 0 {
                painter.compositor.submit(tick, vec![scenes::next_message(tick / 30)]);
            }
            let report = painter.tick(tick);
            assert!(report.outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "{:?}", report.outcomes);
            spent += stages(&report, &["raster", "composite"]);
            // Text is set and drawn by the tick itself, not by workers.
            if tick > 0 && tick % 30 == 0 {
                texts.push(ms(stages(&report, &["raster"])));
            }
            // Two seconds, over one cross-fade.
            if (110..170).contains(&tick) {
                frames.extend(report.frame.map(|frame| frame.data().to_vec()));
            }
        }
        costs.push(ms(spent) / (SECONDS * 30) as f64);
    }
    let x264 = ms(commands::measure_x264(scene.size, &frames));
    let (one, two) = (costs[0].min(costs[2]), costs[1].min(costs[3]));
    bars.note("P3", "show: rasters, composite and I420, 1 / 2 threads", format!("{one:.2} / {two:.2} ms"));
    texts.sort_by(f64::total_cmp);
    let (middle, worst) = (texts[texts.len() / 2], texts[texts.len() - 1]);
    bars.note("P3", "show: setting and drawing a text that changes", format!("{middle:.2} ms, at worst {worst:.2}"));
    bars.at_least("P3", "show against x264 veryfast", format!("{x264:.2} ms"), x264 / one, 5.0);
    let gstreamer = ms(gstreamer);
    bars.at_least(
        "P3",
        "show against GStreamer compositor",
        format!("{gstreamer:.2} ms"),
        gstreamer / one.min(two),
        10.0,
    );
}

fn still(bars: &mut Bars) {
    const TICKS: u64 = 2000;
    let folder = tempfile::tempdir().expect("a folder for pictures");
    let scene = scenes::show();
    let mut document = scenes::moving_show(&scene, folder.path());
    document.layers.iter_mut().for_each(|layer| layer.animations.0.clear());
    let mut painter = Ours::new(document, 2);
    for tick in 0..5 {
        painter.tick(tick);
    }
    let began = std::time::Instant::now();
    for tick in 0..TICKS {
        let report = painter.tick(tick);
        assert!(report.damage.is_empty() && report.frame.is_none(), "a still scene was drawn");
    }
    let tick = ms(began.elapsed()) / TICKS as f64;
    bars.at_most("P4", "still: a tick, ms; no pixel touched", format!("{:.1} µs", tick * 1e3), tick, 0.1);
}

fn swarm(bars: &mut Bars) {
    let mut growth = Vec::new();
    for count in [100, 1000, 10_000, 100_000] {
        let folder = tempfile::tempdir().expect("a folder for pictures");
        let mut painter = Ours::new(scenes::swarm(count, folder.path()), 2);
        let (rounds, ticks) = if count > 10_000 { (3, 3) } else { (ROUNDS as u64, TICKS) };
        let (mut best, mut drawn) = (f64::INFINITY, f64::INFINITY);
        for round in 0..rounds {
            let mut spent = [Duration::ZERO; 2];
            for tick in 0..ticks {
                let report = painter.tick(10 + round * ticks + tick);
                spent[0] += stages(&report, &["tween", "place", "cull"]);
                spent[1] += stages(&report, &["composite"]);
            }
            best = best.min(ms(spent[0]) / ticks as f64);
            drawn = drawn.min(ms(spent[1]) / ticks as f64);
        }
        if count == 10_000 {
            bars.at_most("P5", "swarm: tween, place and cull, ms", format!("{best:.2} ms"), best, 2.0);
            bars.note("P5", "swarm: composite and I420", format!("{drawn:.2} ms"));
        }
        growth.push((count, best * 1e6 / count as f64));
    }
    let text: Vec<String> = growth.iter().map(|(count, each)| format!("{count}: {each:.0}")).collect();
    let flat = growth[3].1 / growth[1].1;
    bars.at_most("P5", "swarm: ns an entity, of 100 000 to those of 1000", text.join(", "), flat, 1.5);
}

/// Costs of ever more, everything drawn anew on each tick.
fn growth() {
    let folder = tempfile::tempdir().expect("a folder for pictures");
    let cost = |scene: &Scene, threads: usize| race(&mut [&mut ours(scene, folder.path(), threads)])[0];
    println!("\n| layers of 64x64 | ms a tick, 1 thread | 2 threads |\n| --- | --- | --- |");
    for count in [1, 10, 100, 1000] {
        let scene = scenes::sprites(HD, count, 64);
        println!("| {count} | {:.2} | {:.2} |", cost(&scene, 1), cost(&scene, 2));
    }
    println!("\n| canvas, sprites50 | ms a tick, 1 thread | 2 threads |\n| --- | --- | --- |");
    for size in [(1280, 720), HD, (3840, 2160)] {
        let scene = scenes::sprites(size, 50, 256);
        println!("| {}p | {:.2} | {:.2} |", size.1, cost(&scene, 1), cost(&scene, 2));
    }
    println!("\n| threads | sprites50, ms | rotated50, ms |\n| --- | --- | --- |");
    let (sprites, rotated) = (scenes::sprites(HD, 50, 256), scenes::rotated(HD, 50));
    for threads in [1, 2, 4] {
        println!("| {threads} | {:.2} | {:.2} |", cost(&sprites, threads), cost(&rotated, threads));
    }
}

fn main() {
    // `cargo test --benches` runs this without the flag: nothing to measure then.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let names: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| *wanted == name);
    let mut bars = Bars::default();
    let parts: [(&str, fn(&mut Bars)); 6] =
        [("P1", sprites50), ("P2", rotated50), ("crossfade", crossfade), ("P3", show), ("P4", still), ("P5", swarm)];
    for (name, part) in parts {
        if wanted(name) {
            part(&mut bars);
        }
    }
    bars.print();
    if wanted("growth") {
        growth();
    }
}
