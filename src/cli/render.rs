//! `stream-manager render SCENE --out FILE`

use std::{process::ExitCode, sync::Arc, time::Instant};

use indicatif::{ProgressBar, ProgressStyle};
use systems::Frame;

use super::{
    EXIT_USAGE, RenderArgs,
    check::open_scene,
    fail,
    offline::{Offline, tell_of},
    settings, start_logging, stream,
};
use crate::{
    config,
    engine::Soundtrack,
    output::{FileFormat, FileWriter, WriteError, not_writable},
};

/// Renders a scene into a file, as fast as the machine allows, each frame exactly once.
#[must_use]
pub fn render(args: &RenderArgs) -> ExitCode {
    let settings = match settings(&args.settings) {
        Ok(loaded) => loaded.settings,
        Err(faults) => return fail(faults, EXIT_USAGE),
    };
    let _ = start_logging(&settings);
    let container = match FileFormat::from_path(&args.out) {
        Ok(container) => container,
        Err(error) => return fail(error, EXIT_USAGE),
    };
    let file = config::Destination::parse(&args.out.to_string_lossy());
    if let Some(Err(why)) = file.map(|file| settings.codecs().fit(&file)) {
        return fail(format!("`{}`: {why} (STREAM_CODEC and AUDIO_CODEC)", args.out.display()), EXIT_USAGE);
    }
    let scene = match open_scene(&args.file, &settings) {
        Ok(scene) => scene,
        Err(refused) => return refused,
    };
    let sound = Arc::new(Soundtrack::from(&scene));
    let scene = match Offline::load(scene, &settings, args.variant.as_ref()) {
        Ok(scene) => scene,
        Err(refused) => return fail(refused, 1),
    };
    let format = stream::format(&settings);
    // A file of this name is whole: what is cut off leaves another.
    let part = args.out.with_extension(format!("part.{}", args.out.extension().unwrap_or_default().display()));
    let mut writer = match FileWriter::create(&part, container, format, &stream::encoder(&settings)) {
        Ok(writer) => writer,
        Err(error) => {
            return fail(error.to_string().replace(&*part.to_string_lossy(), &args.out.to_string_lossy()), 1);
        }
    };
    let total = args.frame_count(format.fps);
    let began = Instant::now();
    let job = Job { from: args.from.as_secs_f64(), fps: f64::from(format.fps), total };
    let rendered = writer
        .play(&sound, args.from)
        .and_then(|()| job.run(scene, writer))
        .map_err(|error| error.to_string())
        .and_then(|()| std::fs::rename(&part, &args.out).map_err(|error| not_writable(&args.out, &error).to_string()));
    match rendered {
        Ok(()) => {
            let seconds = began.elapsed().as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "for people to read")]
            let rate = total as f64 / seconds.max(1e-9);
            super::print(format!("{}: {total} frames in {seconds:.1} s ({rate:.0} frames/s)", args.out.display()))
        }
        Err(error) => {
            // It is of no use; that it cannot be removed is no news.
            let _ = std::fs::remove_file(&part);
            fail(error.replace(&*part.to_string_lossy(), &args.out.to_string_lossy()), 1)
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
    fn run(&self, mut scene: Offline, mut writer: FileWriter) -> Result<(), WriteError> {
        let bar = ProgressBar::new(self.total).with_style(style());
        let mut picture: Option<Arc<Frame>> = None;
        for frame in 0..self.total {
            #[expect(clippy::cast_precision_loss, reason = "2^53 frames are millions of years")]
            let seconds = self.from + frame as f64 / self.fps;
            let tick = frame + 1;
            let report = scene.tick(tick, seconds).map_err(|error| WriteError::Sound(error.to_string()))?;
            if !report.events.is_empty() {
                bar.suspend(|| tell_of(&report));
            }
            picture = report.frame.or(picture);
            if let Some(picture) = &picture {
                writer.push(picture)?;
            }
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
