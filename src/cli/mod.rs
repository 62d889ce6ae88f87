//! The command line: what can be asked for. One file a command; `main` carries out those that run the engine.

mod announce;
mod check;
mod completions;
mod doctor;
mod faults;
mod latency;
mod offline;
mod outputs;
mod part;
mod reconfigure;
mod reload;
mod remember;
mod render;
mod restart;
mod scene_file;
mod schema;
mod serve;
mod signals;
mod slate;
mod snapshot;
mod stream;

use std::{
    fmt,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use components::{VariantId, animation::schedule::WallTime, id::check_id};

pub use self::{
    check::check,
    completions::{Completions, completions},
    doctor::{Finding, Verdict, doctor, find_fonts, probe_ports},
    latency::latency,
    render::render,
    schema::{SchemaArgs, SchemaFormat, SchemaKind, schema},
    serve::serve,
    snapshot::snapshot,
};
use crate::{
    config::{ConfigFaults, ConfigFlags, Group, Loaded, Scope, Settings, Sources, load, parse_seconds},
    telemetry::{LogLevelHandle, LogQueue},
};

/// Exit status when what was given is wrong and nothing was started: settings, flags, a scene's path.
pub const EXIT_USAGE: u8 = 2;

/// Composes scenes and streams them, on servers without a GPU.
///
/// Without a command it serves: `stream-manager --scene show.jsonc` is `stream-manager serve --scene show.jsonc`.
#[derive(Debug, Parser)]
#[command(
    name = "stream-manager",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  stream-manager --scene scenes/demo/scene.jsonc
  stream-manager render scenes/demo/scene.jsonc --out demo.mp4 --duration 10s

Without a command, the flags are those of `serve`: see `stream-manager serve --help`."
)]
pub struct Cli {
    /// What to do; `None` is `serve` with the flags in `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The flags of `serve` when no command is named.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play a scene, stream it, and let people steer it (the default)
    ///
    /// Every setting can be given as a flag, in the environment, in `.env` or in a TOML file; flags win over the
    /// environment, the environment over `.env`, that over the TOML file. `-h` shows the few flags that are not
    /// settings, `--help` all.
    #[command(after_help = "Examples:
  stream-manager serve --scene scenes/demo/scene.jsonc
  STREAM_URL=rtmp://live.example.com/app/KEY stream-manager serve --scene show.jsonc --target-fps 60
  stream-manager serve --scene show.jsonc --fresh")]
    Serve(ServeArgs),
    /// Render a scene into a video file or a moving picture, as fast as the machine allows
    ///
    /// The file has exactly the frames asked for, whatever the machine's speed. The ending of its name says what it
    /// becomes: `.mp4`, `.mkv`, `.flv` or `.webm`, or with `.webp` a moving picture without sound, which plays again and
    /// again wherever pictures are shown.
    #[command(after_help = "Examples:
  stream-manager render show.jsonc --out show.mp4 --duration 10s
  stream-manager render show.jsonc --out show.webp --duration 3s --stream-resolution 320x180 --target-fps 15
  stream-manager render show.jsonc --out part.mkv --from 1m --frames 90 --stream-resolution 720p")]
    Render(RenderArgs),
    /// Draw one moment of a scene into a PNG file
    #[command(after_help = "Examples:
  stream-manager snapshot show.jsonc --out show.png --at 5s
  stream-manager snapshot show.jsonc --out small.png --width 640")]
    Snapshot(SnapshotArgs),
    /// Check scene files and tell everything that is wrong with them
    ///
    /// Each fault is told as `file:line:column: pointer: found …, expected …`. The exit status is 1 if there are any.
    #[command(after_help = "Example:
  stream-manager check scenes/*/scene.jsonc")]
    Check(CheckArgs),
    /// Print the schema of scene files, or the settings with their defaults
    #[command(after_help = "Examples:
  stream-manager schema scene > scene.schema.json
  stream-manager schema config > stream-manager.toml
  stream-manager schema config --format dotenv > .env")]
    Schema(SchemaArgs),
    /// Find out whether this machine has what the service needs
    ///
    /// Looks for GStreamer's elements and for fonts, and whether the ports are free. The exit status is 1 if something
    /// that is needed is missing.
    #[command(after_help = "Example:
  stream-manager doctor --port 8080")]
    Doctor(DoctorArgs),
    /// Measure how long a picture takes to a viewer, and how far sound and picture are apart there
    ///
    /// Sends a picture and a click a second through a real output, with the settings of the stream, plays them back, and
    /// prints what it found: the time from drawing a picture to its being decoded by a player, and by how much the sound
    /// comes after its picture. Nobody else may be sending to that address. The exit status is 1 if nothing came back.
    #[command(after_help = "Examples:
  stream-manager latency
  stream-manager latency --to rtmp://127.0.0.1/live/test --duration 30s --stream-resolution 1080p
  stream-manager latency --to rtmp://127.0.0.1/live/test --announce --name twitch
  stream-manager latency --to rtmp://127.0.0.1/live/test --metrics /var/lib/node-exporter/latency.prom")]
    Latency(LatencyArgs),
    /// Print what a shell needs to complete commands and flags
    #[command(after_help = "Example:
  stream-manager completions bash > ~/.local/share/bash-completion/completions/stream-manager")]
    Completions(Completions),
}

/// `serve`
#[derive(Debug, Args, Default)]
pub struct ServeArgs {
    /// Begin with the scene file, and forget what the last run has left: its scene, and all that was changed
    ///
    /// Without it the scene of the last run goes on from where it stood, and SCENE is only read where there is none, or
    /// where it is another file than the one with which that scene began.
    #[arg(long)]
    pub fresh: bool,
    /// The settings that were given as flags.
    #[command(flatten)]
    pub settings: ConfigFlags<AllSettings>,
}

/// `render`
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// Scene file
    #[arg(value_name = "SCENE")]
    pub file: PathBuf,
    /// File to write: a video (`.mp4`, `.mkv`, `.flv`, `.webm`) or a moving picture (`.webp`)
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Write over a file of this name
    #[arg(long)]
    pub overwrite: bool,
    /// How long: `10s`, `500ms`, `2m` [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = length, conflicts_with = "frames")]
    pub duration: Option<Duration>,
    /// How many frames, instead of a duration
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub frames: Option<u64>,
    /// Moment of the scene to begin at
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "0s")]
    pub from: Duration,
    /// Another scene file, which triggers can bring on air under the name of the file; as often as there are some
    #[arg(long, value_name = "SCENE")]
    pub also: Vec<PathBuf>,
    /// What the clock on the wall shows at the scene's beginning, for triggers that act by it:
    /// `2026-11-27T19:59:50+01:00` [default: none of them acts]
    #[arg(long, value_name = "TIME")]
    pub clock: Option<WallTime>,
    /// Keep every pixel of a `.webp` as it is drawn; good for what is drawn in few colours, else large and slow
    #[arg(long)]
    pub lossless: bool,
    /// Variant of the scene to show: one that its layers name [default: the stream's own picture]
    #[arg(long, value_name = "NAME", value_parser = variant)]
    pub variant: Option<VariantId>,
    /// The settings that were given as flags.
    #[command(flatten)]
    pub settings: ConfigFlags<RenderSettings>,
}

impl RenderArgs {
    /// How many frames to render at `fps` frames per second: those asked for, or those that begin within the duration.
    #[must_use]
    pub fn frame_count(&self, fps: u32) -> u64 {
        let of_duration = |duration: Duration| {
            let frames = (duration.as_nanos() * u128::from(fps)).div_ceil(1_000_000_000);
            u64::try_from(frames).unwrap_or(u64::MAX).max(1)
        };
        self.frames.unwrap_or_else(|| of_duration(self.duration.unwrap_or(Duration::from_secs(10))))
    }
}

/// `snapshot`
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// Scene file
    #[arg(value_name = "SCENE")]
    pub file: PathBuf,
    /// PNG file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Moment of the scene: `5s`, `500ms`, `2m`
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "0s")]
    pub at: Duration,
    /// Another scene file, which triggers can bring on air under the name of the file; as often as there are some
    #[arg(long, value_name = "SCENE")]
    pub also: Vec<PathBuf>,
    /// What the clock on the wall shows at the scene's beginning, for triggers that act by it:
    /// `2026-11-27T19:59:50+01:00` [default: none of them acts]
    #[arg(long, value_name = "TIME")]
    pub clock: Option<WallTime>,
    /// Width of the picture in pixels; the height follows [default: the stream's]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=3840))]
    pub width: Option<u32>,
    /// Variant of the scene to show: one that its layers name [default: the stream's own picture]
    #[arg(long, value_name = "NAME", value_parser = variant)]
    pub variant: Option<VariantId>,
    /// The settings that were given as flags.
    #[command(flatten)]
    pub settings: ConfigFlags<PictureSettings>,
}

/// `check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scene files
    #[arg(value_name = "SCENE", required = true)]
    pub files: Vec<PathBuf>,
    /// The settings that were given as flags.
    #[command(flatten)]
    pub settings: ConfigFlags<PictureSettings>,
}

/// `latency`
#[derive(Debug, Args)]
pub struct LatencyArgs {
    /// Where to send to and to play from: an `rtmp://` address or a file [default: a file that is removed again]
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    /// How long to measure: `10s`, `1m`, up to four minutes
    #[arg(long, value_name = "TIME", value_parser = measuring_time, default_value = "10s")]
    pub duration: Duration,
    /// Write what was found to this file too, for the text collector of Prometheus' node exporter
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
    /// Tell a running service what was found, which then has it among its metrics: its address, or none for the service
    /// on this machine. Its token is API_TOKEN
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "")]
    pub announce: Option<String>,
    /// The name under which it is announced: the label `output` of the metrics
    #[arg(long, value_name = "NAME", value_parser = measured_name, default_value = "program")]
    pub name: String,
    /// The settings that were given as flags.
    #[command(flatten)]
    pub settings: ConfigFlags<RenderSettings>,
}

/// `doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The settings that were given as flags.
    #[command(flatten)]
    pub settings: ConfigFlags<AllSettings>,
}

/// All settings are flags.
#[derive(Clone, Debug)]
pub struct AllSettings;

impl Scope for AllSettings {
    fn takes(_: Group) -> bool {
        true
    }
}

/// Those settings are flags that change a rendered file.
#[derive(Clone, Debug)]
pub struct RenderSettings;

impl Scope for RenderSettings {
    fn takes(group: Group) -> bool {
        matches!(group, Group::Encoding | Group::Audio | Group::Work) || PictureSettings::takes(group)
    }
}

/// Those settings are flags that change the picture.
#[derive(Clone, Debug)]
pub struct PictureSettings;

impl Scope for PictureSettings {
    fn takes(group: Group) -> bool {
        matches!(group, Group::Picture | Group::Logging)
    }
}

fn variant(text: &str) -> Result<VariantId, String> {
    VariantId::new(text).map_err(|error| error.to_string())
}

fn time(text: &str) -> Result<Duration, String> {
    parse_seconds(text).ok_or_else(|| "expected a time such as `10s`, `500ms` or `2m`".to_owned())
}

fn length(text: &str) -> Result<Duration, String> {
    let lasts = |time: &Duration| !time.is_zero();
    time(text).ok().filter(lasts).ok_or_else(|| "expected a time above 0, such as `10s`, `500ms` or `2m`".to_owned())
}

fn measured_name(text: &str) -> Result<String, String> {
    check_id(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

fn measuring_time(text: &str) -> Result<Duration, String> {
    let in_bounds = |time: &Duration| (Duration::from_secs(2)..=Duration::from_secs(240)).contains(time);
    time(text).ok().filter(in_bounds).ok_or_else(|| "expected a time from `2s` to `4m`".to_owned())
}

/// The command line as clap knows it: with the flags of `serve` accepted, but not listed, beside the commands.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command().mut_args(|arg| {
        let own = matches!(arg.get_id().as_str(), "help" | "version");
        if own { arg } else { arg.hide(true) }
    })
}

/// Reads the command line of this process. Ends the process when help was asked for (status 0) or the command line is
/// wrong (status 2).
#[must_use]
pub fn parse() -> Cli {
    let matches = command().get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command()).exit())
}

/// Reads and checks the settings for a command, its flags before the other sources.
///
/// # Errors
/// Everything that is wrong with them.
pub fn settings<S: Scope>(flags: &ConfigFlags<S>) -> Result<Loaded, ConfigFaults> {
    load(&Sources::of_this_process(flags))
}

/// Starts writing log lines, as the settings say: each as it comes, or by a `queue`.
fn start_logging(settings: &Settings, queue: Option<&LogQueue>) -> Option<LogLevelHandle> {
    let format = match settings.log_format {
        crate::config::LogFormat::Text => crate::telemetry::LogFormat::Text,
        crate::config::LogFormat::Json => crate::telemetry::LogFormat::Json,
    };
    match crate::telemetry::init(settings.log_level.as_str(), format, queue) {
        Ok(handle) => Some(handle),
        Err(error) => {
            // The work can be done without a log.
            let _ = writeln!(io::stderr(), "warning: {error}");
            None
        }
    }
}

/// Tells what is wrong on stderr; the exit status is `status`.
pub fn fail(error: impl fmt::Display, status: u8) -> ExitCode {
    // Nobody is left to be told if stderr is closed.
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::from(status)
}

/// Prints `text` on stdout. A reader that has gone (`| head`) is no error.
fn print(text: impl fmt::Display) -> ExitCode {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => fail(error, 1),
        _ => ExitCode::SUCCESS,
    }
}
