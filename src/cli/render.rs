//! `stream-manager render SCENE --out FILE`

use std::{path::Path, process::ExitCode, sync::Arc, time::Instant};

use components::audio::Mix;
use indicatif::{ProgressBar, ProgressStyle};
use systems::{Frame, TickReport};

use super::{
    EXIT_USAGE, RenderArgs,
    check::open_scenes,
    fail,
    offline::{Offline, tell_of},
    part::Part,
    settings, start_logging, stream,
};
use crate::{
    config::{self, Group, Origin, SETTINGS, Settings},
    engine::Soundtrack,
    output::{AnimatedWebp, FileFormat, FileWriter},
};

/// Renders a scene into a file, as fast as the machine allows, each frame exactly once.
#[must_use]
pub fn render(args: &RenderArgs) -> ExitCode {
    let settings = match settings(&args.settings) {
        Ok(loaded) => loaded.settings,
        Err(faults) => return fail(faults, EXIT_USAGE),
    };
    let _ = start_logging(&settings, None);
    let kind = match Kind::of(args, &settings) {
        Ok(kind) => kind,
        Err(unfit) => return fail(unfit, EXIT_USAGE),
    };
    if !args.overwrite && args.out.symlink_metadata().is_ok() {
        let there = format!("`{}` is there already: choose another name, or give --overwrite", args.out.display());
        return fail(there, EXIT_USAGE);
    }
    let scenes = match open_scenes(&args.file, &args.also, &settings) {
        Ok(scenes) => scenes,
        Err(refused) => return refused,
    };
    let fps = settings.target_fps;
    let job = Job { from: args.from.as_secs_f64(), fps: f64::from(fps), total: args.frame_count(fps) };
    let began = Instant::now();
    let sound = Arc::new(Soundtrack::from(&scenes.0));
    let rendered = Offline::load(scenes, &settings, (args.variant.as_ref(), args.clock))
        .map_err(|refused| refused.to_string())
        .and_then(|scene| {
            // A file of the name that was asked for is whole.
            let part = Part::create(&args.out)?;
            let mix = scene.mix_at(args.from.as_secs_f64());
            let written = Writer::create(kind, part.path(), args, &settings, (&sound, &mix))
                .and_then(|writer| job.run(scene, writer))
                .map_err(|error| error.replace(&*part.path().to_string_lossy(), &args.out.to_string_lossy()));
            written.and_then(|()| part.finish(args.overwrite))
        });
    match rendered {
        Ok(()) => {
            let seconds = began.elapsed().as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "for people to read")]
            let rate = job.total as f64 / seconds.max(1e-9);
            super::print(format!("{}: {} frames in {seconds:.1} s ({rate:.0} frames/s)", args.out.display(), job.total))
        }
        Err(error) => fail(error, 1),
    }
}

/// What is made.
#[derive(Clone, Copy)]
enum Kind {
    Video(FileFormat),
    /// An animated WebP.
    MovingPicture,
}

impl Kind {
    /// What the ending of the file's name says, if all else that is asked for goes with it.
    fn of(args: &RenderArgs, settings: &Settings) -> Result<Self, String> {
        let name = args.out.display();
        if args.out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("webp")) {
            let is_without_sound = |field| field == "audio_enabled" && !settings.audio_enabled;
            let unfit: Vec<String> = SETTINGS
                .iter()
                .filter(|setting| matches!(setting.group, Group::Encoding | Group::Audio))
                .filter(|setting| settings.origin(setting.field) == Origin::CommandLine)
                .filter(|setting| !is_without_sound(setting.field))
                .map(|setting| format!("`--{}`", setting.flag))
                .collect();
            if unfit.is_empty() {
                return Ok(Self::MovingPicture);
            }
            return Err(format!(
                "`{name}` will be a moving picture, which is not encoded as a video and has no sound: leave out {}, or \
                 render into a video file such as .mp4",
                unfit.join(" and "),
            ));
        }
        let known = |error| format!("{error}; a moving picture without sound is .webp");
        let container = FileFormat::from_path(&args.out).map_err(known)?;
        if args.lossless {
            return Err(format!(
                "`{name}`: `--lossless` is for .webp; a video is as good as STREAM_BITRATE lets it be"
            ));
        }
        let file = config::Destination::parse(&args.out.to_string_lossy());
        if let Some(Err(why)) = file.map(|file| settings.codecs().fit(&file)) {
            return Err(format!("`{name}`: {why} (STREAM_CODEC and AUDIO_CODEC)"));
        }
        Ok(Self::Video(container))
    }
}

/// A file that is being written.
enum Writer {
    Video {
        file: Box<FileWriter>,
        /// The newest frame: it is written again where nothing changes. It is written when it is known how the sound is
        /// mixed up to its end, …
        shown: Option<Arc<Frame>>,
        /// … which is so unless something happens until then; `None` before the first frame.
        mix: Option<Arc<Mix>>,
        /// The sound of another scene, heard from that frame on.
        sound: Option<Soundtrack>,
    },
    MovingPicture(Box<AnimatedWebp>),
}

impl Writer {
    /// Begins the file `path`.
    fn create(
        kind: Kind,
        path: &Path,
        args: &RenderArgs,
        settings: &Settings,
        (sound, mix): (&Arc<Soundtrack>, &Mix),
    ) -> Result<Self, String> {
        let format = stream::format(settings);
        match kind {
            Kind::Video(container) => {
                let created = FileWriter::create(path, container, format, &stream::encoder(settings));
                let mut file = created.map_err(|error| error.to_string())?;
                file.play(sound, mix, args.from).map_err(|error| error.to_string())?;
                Ok(Self::Video { file: Box::new(file), shown: None, mix: None, sound: None })
            }
            Kind::MovingPicture => {
                if settings.audio_enabled && !sound.audio.tracks.is_empty() {
                    tracing::warn!("`{}` has no sound: a moving picture has pictures alone", args.out.display());
                }
                let created = AnimatedWebp::create(path, format, args.lossless);
                created.map(|file| Self::MovingPicture(Box::new(file))).map_err(|error| error.to_string())
            }
        }
    }

    /// Adds what `scene` shows, and how it is heard with it, with the `sound` of another scene if one has come on air; the
    /// frame is `None` if that is what it showed before.
    fn push(&mut self, scene: &Offline, report: &mut TickReport, switched: Option<Soundtrack>) -> Result<(), String> {
        self.write(report.mix_until.take())?;
        match self {
            Self::Video { shown, mix, sound, .. } => {
                *shown = report.frame.take().or(shown.take());
                *mix = Some(Arc::clone(&report.mix));
                *sound = switched;
                Ok(())
            }
            Self::MovingPicture(file) => {
                let picture = report.frame.take().map(|_| scene.picture());
                file.push(picture).map_err(|error| error.to_string())
            }
        }
    }

    /// Writes the frame that waits, if one does. How it is mixed up to its end is `until`, unless it went as was known.
    fn write(&mut self, until: Option<Arc<Mix>>) -> Result<(), String> {
        let Self::Video { file, shown: Some(frame), mix, sound } = self else { return Ok(()) };
        let Some(mix) = mix.take() else { return Ok(()) };
        if let Some(sound) = sound.take() {
            file.switch(sound);
        }
        let written = file.mix(&until.unwrap_or(mix)).and_then(|()| file.push(frame));
        written.map_err(|error| error.to_string())
    }

    /// Ends the file. It plays from here on.
    fn finish(mut self) -> Result<(), String> {
        self.write(None)?;
        match self {
            Self::Video { file, .. } => file.finish().map_err(|error| error.to_string()),
            Self::MovingPicture(file) => file.finish().map_err(|error| error.to_string()),
        }
    }
}

struct Job {
    /// Seconds of scene time of the first frame.
    from: f64,
    fps: f64,
    total: u64,
}

impl Job {
    fn run(&self, mut scene: Offline, mut writer: Writer) -> Result<(), String> {
        let bar = ProgressBar::new(self.total).with_style(style());
        for frame in 0..self.total {
            #[expect(clippy::cast_precision_loss, reason = "2^53 frames are millions of years")]
            let seconds = self.from + frame as f64 / self.fps;
            let tick = frame + 1;
            let mut report = scene.tick(tick, seconds).map_err(|error| error.to_string())?;
            if !report.events.is_empty() {
                bar.suspend(|| tell_of(&report));
            }
            // Volumes take no longer than a tenth of a second to change: in longer frames it would be heard too early.
            report.mix_until.take_if(|_| self.fps < 10.0);
            let sound = scene.take_sound();
            writer.push(&scene, &mut report, sound)?;
            bar.inc(1);
        }
        bar.set_message("finishing");
        writer.finish()?;
        bar.finish_and_clear();
        Ok(())
    }
}

fn style() -> ProgressStyle {
    // The template is fixed; if it could not be read, a plain bar would do.
    ProgressStyle::with_template("{wide_bar} {pos}/{len} frames  {per_sec}  {eta} left {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
