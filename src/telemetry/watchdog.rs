//! Notices parts that do nothing although they should, and tells of them; one that does not come back is a reason to start
//! the service anew where it stood.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use super::Metrics;
use crate::engine::{EngineHandle, Part, StreamEvent};

/// How often all parts are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// A look that comes so much later says nothing.
const LATE: Duration = Duration::from_millis(500);
/// The tick thread counts as stalled after this long without a tick, or after the time of [`TICKS`].
const TICK: Duration = Duration::from_secs(1);
/// Ticks that may be missing: under the highest load every third is drawn.
const TICKS: u64 = 4;
/// The encoder counts as stalled when it has neither taken a frame nor been given up for this long.
const ENCODER: Duration = Duration::from_secs(2);

/// See the module's documentation.
#[derive(Debug)]
pub struct Watchdog {
    engine: EngineHandle,
    metrics: Arc<Metrics>,
    /// A part that is stalled for this long does not come back.
    lost: Option<Duration>,
    /// What is stalled, and since when that is known.
    stalled: BTreeMap<(Part, String), Instant>,
}

impl Watchdog {
    /// Watches the engine by the ticks that `metrics` is told of, the encoder and the outputs by their statuses. A part that
    /// does nothing for `lost` counts as one that does not come back; none does if that is `None`.
    #[must_use]
    pub fn new(engine: EngineHandle, metrics: Arc<Metrics>, lost: Option<Duration>) -> Self {
        Self { engine, metrics, lost, stalled: BTreeMap::new() }
    }

    /// Watches until a part does not come back; returns which, in words for people.
    pub async fn run(mut self) -> String {
        let mut was_late = false;
        loop {
            let begun = Instant::now();
            tokio::time::sleep(LOOK).await;
            // Where this itself stood still, the others most likely did as well: they have until the next look to go on.
            was_late = !was_late && begun.elapsed() > LATE;
            if was_late {
                continue;
            }
            if let Some(lost) = self.look() {
                return lost;
            }
        }
    }

    /// Looks at all parts once, and tells of what has changed. Returns what does not come back.
    fn look(&mut self) -> Option<String> {
        let found = stalled(&self.engine, &self.metrics);
        let now = Instant::now();
        for (key, message) in &found {
            if let Entry::Vacant(new) = self.stalled.entry(key.clone()) {
                new.insert(now);
                let (part, id) = key;
                self.metrics.stall(*part);
                tracing::error!(part = part.as_str(), id, "{message}");
                self.tell(*part, id, true, message);
            }
        }
        let is_over = |key: &(Part, String)| !found.contains_key(key);
        let over: Vec<_> = self.stalled.extract_if(.., |key, _| is_over(key)).collect();
        for ((part, id), since) in over {
            let message = format!("{} goes on after {:.1} s", named(part, &id), since.elapsed().as_secs_f64());
            tracing::warn!(part = part.as_str(), id, "{message}");
            self.tell(part, &id, false, &message);
        }
        // A peer that takes nothing is its own affair: the output is connected anew, again and again.
        let mut own = self.stalled.iter().filter(|((part, _), _)| *part != Part::Output);
        let lost = self.lost?;
        let ((part, id), _) = own.find(|(_, since)| since.elapsed() > lost)?;
        Some(format!("{} has done nothing for {} s and does not come back", named(*part, id), lost.as_secs()))
    }

    fn tell(&self, part: Part, id: &str, is_stalled: bool, message: &str) {
        let id = (!id.is_empty()).then(|| id.to_owned());
        self.engine.announce(StreamEvent::Stall { part, id, is_stalled, message: message.to_owned() });
    }
}

/// Everything that does nothing at present although it should: parts with their names, and how it is with them in words for
/// people.
pub(super) fn stalled(engine: &EngineHandle, metrics: &Metrics) -> BTreeMap<(Part, String), String> {
    let mut found = BTreeMap::new();
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let most = TICK.max(engine.format().presentation_time(TICKS));
    if let Some(since) = metrics.since_last_tick().filter(|since| *since > most) {
        let message = format!("no frame was drawn for {}; the last picture is sent meanwhile", seconds(since));
        found.insert((Part::Engine, String::new()), message);
    }
    for encoder in engine.encoders().into_iter().filter(|encoder| encoder.beat.elapsed() > ENCODER) {
        let id = encoder.rendition.unwrap_or_default();
        let message =
            format!("{} has taken no frame for {}", named(Part::Encoder, &id), seconds(encoder.beat.elapsed()));
        found.insert((Part::Encoder, id), message);
    }
    for output in engine.outputs().into_iter().filter(|output| output.is_stalled) {
        let message = match output.queued_frames {
            0 => format!("nothing that the output `{}` sends arrives", output.id),
            frames => format!("the output `{}` takes nothing; {frames} frames wait", output.id),
        };
        found.insert((Part::Output, output.id), message);
    }
    found
}

fn named(part: Part, id: &str) -> String {
    match part {
        Part::Engine => "drawing".to_owned(),
        Part::Encoder if id.is_empty() => "the encoder".to_owned(),
        Part::Encoder => format!("the encoder of `{id}`"),
        Part::Output => format!("the output `{id}`"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex};

    use components::SceneDocument;
    use systems::Quality;

    use super::*;
    use crate::engine::{EngineSettings, OutputStatus, QualityGoal, StreamFormat, spawn};

    const LOST: Duration = Duration::from_secs(30);
    const LONG: Duration = Duration::from_secs(20);

    fn settings() -> EngineSettings {
        EngineSettings {
            format: StreamFormat { width: 32, height: 32, fps: 60 },
            max_layers: 10,
            pool_size: 2,
            raster_memory: 1 << 20,
            quality: QualityGoal::Fixed(Quality::Low),
            faults: None,
            asset_budget: 1 << 20,
        }
    }

    /// The next event of a stall, which looking brings about.
    fn next(watchdog: &mut Watchdog, events: &mut tokio::sync::broadcast::Receiver<StreamEvent>) -> StreamEvent {
        let until = Instant::now() + LONG;
        loop {
            assert_eq!(watchdog.look(), None);
            while let Ok(event) = events.try_recv() {
                if matches!(event, StreamEvent::Stall { .. }) {
                    return event;
                }
            }
            assert!(Instant::now() < until, "nothing is told");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_tick_thread_that_stands_still_is_noticed_and_so_is_that_it_goes_on() {
        let metrics = Arc::new(Metrics::new());
        // The tick thread itself waits at this door.
        let door = Arc::new((Mutex::new(true), Condvar::new()));
        let observe = {
            let (metrics, door) = (Arc::clone(&metrics), Arc::clone(&door));
            move |report: &systems::TickReport, spent: Duration| {
                metrics.tick(report, spent);
                drop(door.1.wait_while(door.0.lock().unwrap(), |is_open| !*is_open).unwrap());
            }
        };
        let (engine, thread) = spawn(settings(), SceneDocument::default(), observe).unwrap();
        let mut events = engine.events();
        let mut watchdog = Watchdog::new(engine.clone(), Arc::clone(&metrics), Some(LOST));
        assert_eq!(watchdog.look(), None);
        assert!(watchdog.stalled.is_empty());
        *door.0.lock().unwrap() = false;
        let stalled = next(&mut watchdog, &mut events);
        assert!(matches!(stalled, StreamEvent::Stall { part: Part::Engine, is_stalled: true, .. }), "{stalled:?}");
        assert!(metrics.encode(&engine).unwrap().contains("watchdog_stalls_total{part=\"engine\"} 1\n"));
        *door.0.lock().unwrap() = true;
        door.1.notify_all();
        let goes_on = next(&mut watchdog, &mut events);
        assert!(matches!(goes_on, StreamEvent::Stall { part: Part::Engine, is_stalled: false, .. }), "{goes_on:?}");
        engine.shutdown();
        thread.join();
    }

    #[test]
    fn a_part_that_does_not_come_back_is_told_but_for_an_output() {
        let metrics = Arc::new(Metrics::new());
        let observed = Arc::clone(&metrics);
        let (engine, thread) =
            spawn(settings(), SceneDocument::default(), move |report, spent| observed.tick(report, spent)).unwrap();
        let mut events = engine.events();
        let mut watchdog = Watchdog::new(engine.clone(), Arc::clone(&metrics), Some(LOST));
        let stuck =
            OutputStatus { is_stalled: true, queued_frames: 90, ..OutputStatus::new("platform", "rtmp://a/b/***") };
        engine.publish_output(stuck.clone());
        let told = next(&mut watchdog, &mut events);
        let StreamEvent::Stall { part: Part::Output, id: Some(id), is_stalled: true, message } = told else {
            panic!("{told:?}")
        };
        assert!(id == "platform" && message.contains("90 frames wait"), "{message}");
        let long_ago = Instant::now().checked_sub(LOST * 2).unwrap();
        watchdog.stalled.insert((Part::Output, "platform".to_owned()), long_ago);
        assert_eq!(watchdog.look(), None);
        engine.publish_output(OutputStatus { is_stalled: false, ..stuck });
        assert!(matches!(next(&mut watchdog, &mut events), StreamEvent::Stall { is_stalled: false, .. }));

        engine
            .publish_encoder(crate::engine::EncoderStatus { beat: long_ago, ..crate::engine::EncoderStatus::new("x") });
        assert!(matches!(next(&mut watchdog, &mut events), StreamEvent::Stall { part: Part::Encoder, .. }));
        watchdog.stalled.insert((Part::Encoder, String::new()), long_ago);
        let lost = watchdog.look().unwrap();
        assert!(lost.contains("the encoder has done nothing for 30 s"), "{lost}");
        watchdog.lost = None;
        assert_eq!(watchdog.look(), None, "it is only told");
        engine.shutdown();
        thread.join();
    }
}
