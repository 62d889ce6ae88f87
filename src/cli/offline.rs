//! What `render` and `snapshot` share: a scene, drawn without a clock.

use std::time::{Duration, Instant};

use components::{
    Edit, SceneDocument, VariantId, animation::trigger::Cause, audio::Mix, edit::BatchRejected, held::HeldScenes,
};
use systems::{Compositor, CompositorSettings, Picture, Quality, RenderQuality, TickReport, clock::SceneEvent};

use super::stream;
use crate::{
    config::Settings,
    engine::{QualityGoal, Soundtrack},
    output::{ListenError, Listener},
};

/// How long pictures and fonts of a scene may take to be read and decoded.
const LOADING: Duration = Duration::from_secs(60);

/// Seconds of sound that are heard at once.
const HEARD_AT_ONCE: f64 = 10.0;

/// A scene that is drawn without a clock. What happens in it by its own sound happens at the times at which it does in a
/// stream that began with the scene, whether or not anybody hears that.
pub(super) struct Offline {
    compositor: Compositor,
    /// Hears the scene, if timelines follow how loud it is, or triggers wait for that.
    listener: Option<Listener>,
    /// Scene time up to which it was heard.
    heard: f64,
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
}

impl Offline {
    /// Loads a scene and all of its assets, at its beginning, and those that it can bring on air; what is shown is
    /// `variant`.
    ///
    /// # Errors
    /// The scene cannot be played, or not heard although it has to be.
    pub(super) fn load(
        (scene, held): (SceneDocument, HeldScenes),
        settings: &Settings,
        variant: Option<&VariantId>,
    ) -> Result<Self, OfflineError> {
        let listens = |scene: &SceneDocument| {
            scene.timelines.iter().any(|timeline| timeline.follows.is_some())
                || scene.triggers.iter().any(|trigger| matches!(trigger.on, Cause::AudioLevel { .. }))
        };
        let is_heard = listens(&scene) || held.others.values().any(|other| listens(other));
        let listener = is_heard.then(|| Listener::start(Soundtrack::from(&scene))).transpose()?;
        Ok(Self { compositor: load(scene, held, settings, variant)?, listener, heard: 0.0, sound: None })
    }

    /// Runs a tick with all that it shows: waits for assets that had to make room for others, and for a free frame.
    ///
    /// # Errors
    /// The sound cannot be heard any more.
    pub(super) fn tick(&mut self, tick: u64, seconds: f64) -> Result<TickReport, ListenError> {
        let (mut events, mut frame) = (Vec::new(), None);
        if let Some(listener) = &mut self.listener {
            // However long it is to there, not all of it is kept at once.
            while seconds - self.heard > HEARD_AT_ONCE {
                self.heard += HEARD_AT_ONCE;
                let readings = listener.hear(self.heard, |seconds| self.compositor.mix_at(seconds))?;
                self.compositor.hear(readings);
                let mut report = self.compositor.tick(tick, self.heard);
                if let Some(sound) = sound_of(&report) {
                    listener.follow(sound.clone());
                    self.sound = Some(sound);
                }
                events.append(&mut report.events);
                frame = report.frame.or(frame);
            }
            self.heard = seconds;
            let readings = listener.hear(seconds, |seconds| self.compositor.mix_at(seconds))?;
            self.compositor.hear(readings);
        }
        let mut report = self.draw(tick, seconds);
        if let (Some(listener), Some(sound)) = (&mut self.listener, &self.sound) {
            listener.follow(sound.clone());
        }
        events.append(&mut report.events);
        Ok(TickReport { events, frame: report.frame.take().or(frame), ..report })
    }

    fn draw(&mut self, tick: u64, seconds: f64) -> TickReport {
        let compositor = &mut self.compositor;
        let mut report = compositor.tick(tick, seconds);
        self.sound = sound_of(&report).or(self.sound.take());
        let events = std::mem::take(&mut report.events);
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
        TickReport { frame, events, ..report }
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

/// What is heard from a tick on, if that changed it.
fn sound_of(report: &TickReport) -> Option<Soundtrack> {
    let header = report.diff.as_ref().and_then(|diff| diff.scene.as_ref())?;
    Some(Soundtrack::from(header.as_ref()))
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
