//! Those who draw as processes of their own: GStreamer's `compositor` and ffmpeg's `overlay`. Both get the same pictures
//! at the same places, decoded once and repeated; that nothing moves is to their favour.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::scenes::{Laid, Scene};

/// Frames of a short and of a long run. The difference is what frames cost without the start.
const RUNS: (u32, u32) = (10, 70);
/// The fastest of so many counts.
const REPEATS: usize = 2;

/// A picture at a whole place.
fn place(laid: &Laid) -> (i64, i64) {
    let [.., x, y] = laid.affine.as_coeffs();
    (x.round() as i64, y.round() as i64)
}

fn gstreamer(scene: &Scene, laid: &[Laid], folder: &Path, frames: u32, sink: &[String]) -> Command {
    let mut command = Command::new("gst-launch-1.0");
    command.args(["-q", "compositor", "name=c", "background=black"]);
    for (index, item) in laid.iter().enumerate() {
        let (x, y) = place(item);
        command.args([format!("sink_{index}::xpos={x}"), format!("sink_{index}::ypos={y}")]);
        command.arg(format!("sink_{index}::alpha={}", item.opacity));
    }
    let (width, height) = scene.size;
    command.args(["!", &format!("video/x-raw,format=BGRA,width={width},height={height},framerate=30/1")]);
    command.args(["!", "videoconvert", "!", "video/x-raw,format=I420", "!"]).args(sink);
    for (index, item) in laid.iter().enumerate() {
        let file = folder.join(format!("{}.png", scene.pictures.0[item.picture].0));
        command.args(["filesrc", &format!("location={}", file.display()), "!", "pngdec", "!", "videoconvert", "!"]);
        command.args(["video/x-raw,format=BGRA", "!", "imagefreeze", &format!("num-buffers={frames}"), "!"]);
        command.args(["video/x-raw,framerate=30/1", "!", &format!("c.sink_{index}")]);
    }
    command
}

fn ffmpeg(scene: &Scene, laid: &[Laid], folder: &Path, frames: u32, output: &[String]) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    let mut graph = String::new();
    for (index, item) in laid.iter().enumerate() {
        command.arg("-i").arg(folder.join(format!("{}.png", scene.pictures.0[item.picture].0)));
        // Of the backdrop, whose size the frame has, only what is seen.
        let format = if index == 0 {
            let ((width, height), (x, y)) = (scene.size, place(item));
            format!("yuv420p,crop={width}:{height}:{}:{}", -x, -y)
        } else {
            "yuva420p".to_owned()
        };
        let fade = if item.opacity < 1.0 { format!(",colorchannelmixer=aa={}", item.opacity) } else { String::new() };
        graph += &format!("[{index}]format=rgba{fade},format={format},loop=-1:1:0[i{index}];");
    }
    let mut below = "i0".to_owned();
    for (index, item) in laid.iter().enumerate().skip(1) {
        let (x, y) = place(item);
        graph += &format!("[{below}][i{index}]overlay={x}:{y}[o{index}];");
        below = format!("o{index}");
    }
    command.args(["-filter_complex", graph.trim_end_matches(';'), "-map", &format!("[{below}]")]);
    command.args(["-frames:v", &frames.to_string()]).args(output);
    command
}

fn run(mut command: Command) -> Duration {
    let began = Instant::now();
    let output = command.output().expect("`make bench` installs the peers");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    began.elapsed()
}

fn per_frame(command: impl Fn(u32) -> Command) -> Duration {
    let once = || run(command(RUNS.1)).saturating_sub(run(command(RUNS.0))) / (RUNS.1 - RUNS.0);
    (0..REPEATS).map(|_| once()).min().unwrap_or_default()
}

/// Time of one frame, and one frame as I420.
pub fn measure_gstreamer(scene: &Scene, laid: &[Laid], folder: &Path) -> (Duration, Vec<u8>) {
    let file = folder.join("gstreamer.i420");
    run(gstreamer(scene, laid, folder, 1, &["filesink".to_owned(), format!("location={}", file.display())]));
    let frame = std::fs::read(file).expect("GStreamer wrote a frame");
    let sink = ["fakesink".to_owned(), "sync=false".to_owned()];
    (per_frame(|frames| gstreamer(scene, laid, folder, frames, &sink)), frame)
}

/// Time of one frame, and one frame as I420.
pub fn measure_ffmpeg(scene: &Scene, laid: &[Laid], folder: &Path) -> (Duration, Vec<u8>) {
    let file = folder.join("ffmpeg.i420");
    let raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p"].map(str::to_owned).into_iter();
    let output: Vec<String> = raw.chain([file.display().to_string()]).collect();
    run(ffmpeg(scene, laid, folder, 1, &output));
    let frame = std::fs::read(file).expect("ffmpeg wrote a frame");
    let sink = ["-f", "null", "-"].map(str::to_owned);
    (per_frame(|frames| ffmpeg(scene, laid, folder, frames, &sink)), frame)
}

/// Processor time of x264 with `veryfast` and `zerolatency` for a frame, in the mean of `frames` (I420).
pub fn measure_x264(size: (u32, u32), frames: &[Vec<u8>]) -> Duration {
    let (width, height) = size;
    let mut command = Command::new("ffmpeg");
    command.args(["-benchmark", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-r", "30"]);
    command.args(["-s", &format!("{width}x{height}"), "-i", "-", "-c:v", "libx264", "-preset", "veryfast"]);
    command.args(["-tune", "zerolatency", "-f", "null", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`make bench` installs ffmpeg");
    let mut input = child.stdin.take().expect("it is a pipe");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || frames.iter().try_for_each(|frame| input.write_all(frame)));
        child.wait_with_output().expect("ffmpeg ends")
    });
    let text = String::from_utf8_lossy(&output.stderr);
    let spent = text.lines().find_map(|line| line.split("utime=").nth(1)?.split('s').next()?.parse::<f64>().ok());
    Duration::from_secs_f64(spent.unwrap_or_else(|| panic!("ffmpeg told no time: {text}")) / frames.len() as f64)
}
