//! What `render` and `snapshot` share: a scene, drawn without a clock.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use components::{
    Edit, SceneDocument, VariantId,
    animation::{schedule::WallTime, trigger::Cause},
    audio::Mix,
    edit::BatchRejected,
    held::HeldScenes,
};
use indicatif::{ProgressBar, ProgressStyle};
use systems::{Compositor, CompositorSettings, Picture, Quality, RenderQuality, TickReport, clock::SceneEvent};

use super::stream;
use crate::{
    config::Settings,
    engine::{QualityGoal, Soundtrack},
    output::{ListenError, Listener},
};

/// How long pictures and fonts of a scene may take to be read and decoded.
const LOADING: Duration = Duration::from_secs(60);

/// Seconds of a scene, and of its sound, that are gone over at once on the way to a moment …
const STRIDE: f64 = 10.0;

/// … which are made more where it does not take longer than this, and nothing has to be heard.
const QUICK: Duration = Duration::from_millis(200);

/// A way that takes longer than this is shown.
const LONG: Duration = Duration::from_secs(1);

/// A scene that is drawn without a clock. What happens in it by its own sound happens at the times at which it does in a
/// stream that began with the scene, whether or not anybody hears that.
pub(super) struct Offline {
    compositor: Compositor,
    /// Hears the scene, if timelines follow how loud it is, or triggers wait for that.
    listener: Option<Listener>,
    /// What the clock on the wall shows at the scene's beginning, if triggers act by it.
    clock: Option<WallTime>,
    /// Scene time to which it has come.
    at: f64,
    /// What is heard from now on, if that is new.
    sound: Option<Soundtrack>,
}

/// A scene cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub(super) enum OfflineError {
    /// It cannot be played.
    #[error(transparent)]
    Scene(#[from] BatchRejected),
    /// It cannot be heard.
    #[error(transparent)]
    Sound(#[from] ListenError),
    /// No layer knows the variant.
    #[error("the scene has no variant `{0}`; it has {1}")]
    Variant(VariantId, String),
}

impl Offline {
    /// Loads a scene and all of its assets, at its beginning, and those that it can bring on air; what is shown is
    /// `variant`. The clock on the wall shows `clock` then; without it no trigger acts by such a clock.
    ///
    /// # Errors
    /// The scene cannot be played, or not heard although it has to be.
    pub(super) fn load(
        (scene, held): (SceneDocument, HeldScenes),
        settings: &Settings,
        (variant, clock): (Option<&VariantId>, Option<WallTime>),
    ) -> Result<Self, OfflineError> {
        if let Some(variant) = variant {
            let known = known_variants(&scene, &held, settings);
            if !known.contains(variant) {
                let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
                return Err(OfflineError::Variant(variant.clone(), known.join(", ")));
            }
        }
        let rings = |scene: &SceneDocument| scene.triggers.iter().any(|t| matches!(t.on, Cause::Schedule { .. }));
        let clock = clock.filter(|_| rings(&scene) || held.others.values().any(|other| rings(other)));
        let listens = |scene: &SceneDocument| {
            scene.timelines.iter().any(|timeline| timeline.follows.is_some())
                || scene.triggers.iter().any(|trigger| matches!(trigger.on, Cause::AudioLevel { .. }))
        };
        let is_heard = listens(&scene) || held.others.values().any(|other| listens(other));
        let listener = is_heard.then(|| Listener::start(Soundtrack::from(&scene))).transpose()?;
        let mut compositor = load(scene, held, settings, variant)?;
        if let Some(WallTime(milliseconds)) = clock {
            // From now on its triggers wait for what the clock shows.
            compositor.set_wall_clock(milliseconds);
            compositor.tick(0, 0.0);
            compositor.redraw();
        }
        Ok(Self { compositor, listener, clock, at: 0.0, sound: None })
    }

    /// Runs a tick with all that it shows: waits for assets that had to make room for others, and for a free frame.
    ///
    /// # Errors
    /// The sound cannot be heard any more.
    pub(super) fn tick(&mut self, tick: u64, seconds: f64) -> Result<TickReport, ListenError> {
        let (mut events, mut frame) = (Vec::new(), None);
        let (began, mut bar, mut stride) = (Instant::now(), None, STRIDE);
        // What triggers do on a long way takes its time, and not all of the sound is kept at once.
        while let Some(stop) = self.stop_before(seconds, stride) {
            let started = Instant::now();
            self.hear(stop)?;
            let mut report = self.compositor.tick(tick, self.at);
            self.sound = sound_of(&report).or(self.sound.take());
            self.follow_sound();
            events.append(&mut report.events);
            frame = report.frame.or(frame);
            if self.listener.is_none() && started.elapsed() < QUICK {
                stride *= 2.0;
            } else if started.elapsed() > LONG {
                stride = (stride / 2.0).max(1.0);
            }
            if began.elapsed() > LONG {
                bar.get_or_insert_with(|| way_to(seconds)).set_position(whole(self.at));
            }
        }
        self.hear(seconds)?;
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let mut report = self.draw(tick, seconds);
        self.follow_sound();
        events.append(&mut report.events);
        Ok(TickReport { events, frame: report.frame.take().or(frame), ..report })
    }

    /// Where to stop on the way to a scene time, `stride` seconds from here at the latest.
    fn stop_before(&self, seconds: f64, stride: f64) -> Option<f64> {
        let far = self.at + stride;
        // What triggers do by the clock on the wall they do at full seconds.
        let stop = self.clock.map_or(far, |clock| next_second(clock, self.at).min(far));
        (stop < seconds).then_some(stop)
    }

    /// Comes to a scene time, with what is heard until then.
    fn hear(&mut self, seconds: f64) -> Result<(), ListenError> {
        self.at = seconds;
        if let Some(WallTime(begin)) = self.clock {
            self.compositor.set_wall_clock(begin.saturating_add(milliseconds(seconds)));
        }
        if let Some(listener) = &mut self.listener {
            let readings = listener.hear(seconds, |seconds| self.compositor.mix_at(seconds))?;
            self.compositor.hear(readings);
        }
        Ok(())
    }

    /// Lets it hear what sounds from now on.
    fn follow_sound(&mut self) {
        if let (Some(listener), Some(sound)) = (&mut self.listener, &self.sound) {
            listener.follow(sound.clone());
        }
    }

    fn draw(&mut self, tick: u64, seconds: f64) -> TickReport {
        let compositor = &mut self.compositor;
        let mut report = compositor.tick(tick, seconds);
        self.sound = sound_of(&report).or(self.sound.take());
        let (events, mix_until) = (std::mem::take(&mut report.events), report.mix_until.take());
        let deadline = Instant::now() + LOADING;
        let mut frame = report.frame.take();
        while compositor.awaits_assets() && Instant::now() < deadline {
            compositor.finish_loading(deadline);
            report = compositor.tick(tick, seconds);
            frame = report.frame.take().or(frame);
        }
        while report.starved {
            // The encoder still holds every frame of the pool; it lets one go when it is done with it.
            std::thread::sleep(Duration::from_millis(1));
            report = compositor.tick(tick, seconds);
            frame = report.frame.take().or(frame);
        }
        TickReport { frame, events, mix_until, ..report }
    }

    /// What is heard from the last tick on, if another scene has come on air since this was asked before.
    pub(super) fn take_sound(&mut self) -> Option<Soundtrack> {
        self.sound.take()
    }

    /// How its sound is mixed at a scene time, if nothing happens from the last tick on until then.
    pub(super) fn mix_at(&self, seconds: f64) -> Mix {
        self.compositor.mix_at(seconds)
    }

    /// The picture that the last tick drew.
    pub(super) fn picture(&self) -> Picture {
        self.compositor.picture()
    }
}

/// Whole milliseconds of a scene time that are over.
#[expect(clippy::cast_possible_truncation, reason = "float to int casts saturate")]
fn milliseconds(seconds: f64) -> i64 {
    /// What rounding may be off by.
    const NEAR: f64 = 1e-6;
    (seconds * 1000.0 + NEAR).floor() as i64
}

/// Scene time after `seconds` at which a second of the clock begins that shows `clock` at the scene's beginning.
#[expect(clippy::cast_precision_loss, reason = "no scene lasts 2^53 milliseconds")]
fn next_second(WallTime(clock): WallTime, seconds: f64) -> f64 {
    let wall = clock.saturating_add(milliseconds(seconds));
    let next = wall.div_euclid(1000).saturating_add(1).saturating_mul(1000);
    next.saturating_sub(clock) as f64 / 1000.0
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
fn whole(seconds: f64) -> u64 {
    seconds as u64
}

/// Shows how far it is to a moment of the scene.
fn way_to(seconds: f64) -> ProgressBar {
    // The template is fixed; if it could not be read, a plain bar would do.
    let style = ProgressStyle::with_template("{wide_bar} playing to {len} s, at {pos} s  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(whole(seconds)).with_style(style)
}

/// What is heard from a tick on, if that changed it.
fn sound_of(report: &TickReport) -> Option<Soundtrack> {
    let header = report.diff.as_ref().and_then(|diff| diff.scene.as_ref())?;
    Some(Soundtrack::from(header.as_ref()))
}

/// The variants that layers and renditions speak of, besides the stream's own.
fn known_variants(scene: &SceneDocument, held: &HeldScenes, settings: &Settings) -> BTreeSet<VariantId> {
    let scenes = std::iter::once(scene).chain(held.others.values().map(AsRef::as_ref));
    let named = scenes.flat_map(|scene| {
        let layers: Vec<_> = scene.walk().collect();
        layers.into_iter().flat_map(|layer| layer.variants.only.iter().chain(&layer.variants.except).cloned())
    });
    named.chain(stream::variants(settings)).chain([VariantId::main()]).collect()
}

/// A compositor that has loaded `scene` and all of its assets, at the beginning of the scene, and shows `variant` of it.
///
/// # Errors
/// The scene cannot be played.
fn load(
    scene: SceneDocument,
    held: HeldScenes,
    settings: &Settings,
    variant: Option<&VariantId>,
) -> Result<Compositor, BatchRejected> {
    let mut compositor = Compositor::new(CompositorSettings {
        width: settings.stream_resolution.width as usize,
        height: settings.stream_resolution.height as usize,
        max_layers: settings.max_layers,
        pool_size: settings.pipeline_pool_size,
        threads: settings.workers_render,
    });
    compositor.set_sound_lead(1.0 / f64::from(settings.target_fps));
    // Nobody waits for these pictures: nothing is shed.
    let quality = match stream::quality(settings) {
        QualityGoal::Fixed(quality) => quality,
        QualityGoal::Auto => Quality::High,
    };
    if let Some(variant) = variant {
        compositor.set_variants(variant.clone(), []);
    }
    compositor.set_raster_memory(settings.pipeline_raster_memory << 20);
    compositor.set_quality(RenderQuality::all(quality));
    compositor.set_asset_budget(settings.assets_memory << 20);
    compositor.hold(held);
    compositor.submit(0, vec![Edit::LoadScene { scene: Box::new(scene) }]);
    let report = compositor.tick(0, 0.0);
    tell_of(&report);
    for (_, outcome) in report.outcomes {
        outcome?;
    }
    if !compositor.finish_loading(Instant::now() + LOADING) {
        tracing::warn!("some assets are not decoded after {LOADING:?} and are left out");
    }
    // Loading has drawn the first picture already; whoever ticks next wants it too.
    compositor.redraw();
    Ok(compositor)
}

/// Logs what the scene could not do by itself on a tick.
pub(super) fn tell_of(report: &TickReport) {
    for event in &report.events {
        if let SceneEvent::Failed { message } = event {
            tracing::warn!("{message}");
        }
    }
}
