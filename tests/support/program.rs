//! A program to send: test cards at their pace, as an engine would give them.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::sync_channel,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use stream_manager::{
    engine::{
        EncoderStatus, OutputState, OutputStatus, ProgramFrame, Soundtrack, StreamEvent, StreamFormat, Transport,
    },
    output::{
        Destination, EncoderFault, EncoderSettings, Output, OutputControl, OutputsHandle, Program, ReconnectPolicy,
        Slate, run_program,
    },
};
use systems::Frame;
use tokio::sync::watch;

use crate::{process::wait_for, test_card::test_card};

/// Outputs that run, what feeds them, and what they told.
pub struct Show {
    pub transport: watch::Sender<Transport>,
    outputs: Option<OutputsHandle>,
    told: Arc<Mutex<Vec<OutputStatus>>>,
    pub events: Arc<Mutex<Vec<StreamEvent>>>,
    /// The names of outputs that were removed, and are done.
    pub removed: Arc<Mutex<Vec<String>>>,
    encoder: Arc<Mutex<Option<EncoderStatus>>>,
    /// What goes wrong with the encoder, and whether it does with every frame; the same with that of the sound.
    faults: Arc<Mutex<(Option<EncoderFault>, bool)>>,
    sound_faults: Arc<Mutex<(Option<EncoderFault>, bool)>>,
    /// The output that is to break down with what it tells next.
    broken: Arc<Mutex<Option<String>>>,
    is_drawing: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    feeder: Option<JoinHandle<()>>,
}

impl Show {
    /// Goes on air.
    pub fn start(format: StreamFormat, settings: EncoderSettings, destinations: &[(&str, Destination)]) -> Self {
        // A second's worth of different pictures, over and over.
        let cards = (0..u64::from(format.fps)).map(|number| test_card(format.width, format.height, number)).collect();
        Self::start_with(format, settings, destinations, ReconnectPolicy::default(), cards)
    }

    /// Goes on air with this slate.
    pub fn start_with_slate(
        format: StreamFormat,
        settings: EncoderSettings,
        destinations: &[(&str, Destination)],
        slate: Slate,
    ) -> Self {
        let cards = (0..u64::from(format.fps)).map(|number| test_card(format.width, format.height, number)).collect();
        Self::begin(format, settings, destinations, ReconnectPolicy::default(), cards, Some(slate), None, 0..)
    }

    /// Goes on air with the frames of these ticks, at their pace, and ends with the last.
    pub fn of_ticks(
        format: StreamFormat,
        settings: EncoderSettings,
        destinations: &[(&str, Destination)],
        ticks: Vec<u64>,
    ) -> Self {
        let cards = (0..u64::from(format.fps)).map(|number| test_card(format.width, format.height, number)).collect();
        Self::begin(format, settings, destinations, ReconnectPolicy::default(), cards, None, None, ticks)
    }

    /// Goes on air with these pictures, over and over.
    pub fn start_with(
        format: StreamFormat,
        settings: EncoderSettings,
        destinations: &[(&str, Destination)],
        policy: ReconnectPolicy,
        cards: Vec<Arc<Frame>>,
    ) -> Self {
        Self::begin(format, settings, destinations, policy, cards, None, None, 0..)
    }

    /// Goes on air with every encoder of the sound broken from the first frame on, until
    /// [`keep_breaking_sound_encoders`](Self::keep_breaking_sound_encoders) is called with none.
    pub fn start_without_sound(
        format: StreamFormat,
        settings: EncoderSettings,
        destinations: &[(&str, Destination)],
        fault: EncoderFault,
    ) -> Self {
        let cards = (0..u64::from(format.fps)).map(|number| test_card(format.width, format.height, number)).collect();
        Self::begin(format, settings, destinations, ReconnectPolicy::default(), cards, None, Some(fault), 0..)
    }

    fn begin(
        format: StreamFormat,
        settings: EncoderSettings,
        destinations: &[(&str, Destination)],
        policy: ReconnectPolicy,
        cards: Vec<Arc<Frame>>,
        slate: Option<Slate>,
        sound_fault: Option<EncoderFault>,
        ticks: impl IntoIterator<Item = u64, IntoIter: Send + 'static>,
    ) -> Self {
        let ticks = ticks.into_iter();
        let (sender, frames) = sync_channel(3);
        let transport = watch::Sender::new(Transport::Live);
        let told = Arc::new(Mutex::new(Vec::new()));
        let events = Arc::new(Mutex::new(Vec::new()));
        let removed = Arc::new(Mutex::new(Vec::new()));
        let encoder = Arc::new(Mutex::new(None));
        let faults = Arc::new(Mutex::new((None, false)));
        let sound_faults = Arc::new(Mutex::new((sound_fault, sound_fault.is_some())));
        let next = |faults: &Mutex<(Option<EncoderFault>, bool)>| {
            let (fault, is_lasting) = &mut *faults.lock().unwrap();
            if *is_lasting { *fault } else { fault.take() }
        };
        let broken = Arc::new(Mutex::new(None));
        let is_drawing = Arc::new(AtomicBool::new(true));
        let program = Program {
            frames,
            format,
            transport: transport.subscribe(),
            publish: {
                let (told, broken) = (Arc::clone(&told), Arc::clone(&broken));
                Arc::new(move |status: OutputStatus| {
                    let is_due = broken.lock().unwrap().take_if(|id| *id == status.id).is_some();
                    assert!(!is_due, "a fault was injected");
                    told.lock().unwrap().push(status);
                })
            },
            forget: {
                let removed = Arc::clone(&removed);
                Arc::new(move |id: &str| removed.lock().unwrap().push(id.to_owned()))
            },
            announce: {
                let events = Arc::clone(&events);
                Arc::new(move |event| events.lock().unwrap().push(event))
            },
            publish_encoder: {
                let encoder = Arc::clone(&encoder);
                Arc::new(move |status| *encoder.lock().unwrap() = Some(status))
            },
            publish_levels: Arc::new(|_| {}),
            renditions: Vec::new(),
            slate,
            faults: {
                let faults = Arc::clone(&faults);
                Some(Arc::new(move |_| next(&faults)))
            },
            sound_faults: {
                let faults = Arc::clone(&sound_faults);
                Some(Arc::new(move |_| next(&faults)))
            },
        };
        let output = |to: &Destination| Output {
            destination: to.clone(),
            policy,
            is_enabled: true,
            min_bitrate: None,
            rendition: None,
        };
        let outputs = destinations.iter().map(|(id, to)| ((*id).to_owned(), output(to))).collect();
        let outputs = run_program(program, settings, outputs).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let feeder = {
            let (stop, is_drawing) = (Arc::clone(&stop), Arc::clone(&is_drawing));
            let sound = Arc::new(Soundtrack::default());
            let mut transport = transport.subscribe();
            std::thread::spawn(move || {
                let begun = Instant::now();
                let mut starts = 1;
                for tick in ticks {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let due = format.presentation_time(tick);
                    std::thread::sleep(due.saturating_sub(begun.elapsed()));
                    // Also one that comes so soon after a stop that nobody has seen that.
                    let is_other = transport.has_changed().unwrap_or(false);
                    let is_live = *transport.borrow_and_update() == Transport::Live;
                    starts += u64::from(is_other && is_live);
                    if !is_drawing.load(Ordering::Relaxed) {
                        continue;
                    }
                    let picture = Arc::clone(&cards[tick as usize % cards.len()]);
                    // Waits, unlike the engine, so that a busy machine leaves no frame out of the comparison.
                    if sender
                        .send(ProgramFrame {
                            tick,
                            seconds: format.presentation_time(tick).as_secs_f64(),
                            picture,
                            variants: Arc::default(),
                            start: is_live.then_some(starts),
                            sound: Arc::clone(&sound),
                            mix: Arc::default(),
                            is_paused: false,
                        })
                        .is_err()
                    {
                        return;
                    }
                }
            })
        };
        Self {
            transport,
            outputs: Some(outputs),
            told,
            events,
            removed,
            encoder,
            faults,
            sound_faults,
            broken,
            is_drawing,
            stop,
            feeder: Some(feeder),
        }
    }

    /// Everything that the output of this name told, in order.
    pub fn told(&self, id: &str) -> Vec<OutputStatus> {
        self.told.lock().unwrap().iter().filter(|status| status.id == id).cloned().collect()
    }

    /// Forgets what was told so far, which otherwise is kept for ever.
    pub fn forget(&self) {
        self.told.lock().unwrap().clear();
        self.events.lock().unwrap().clear();
    }

    /// The last that it told.
    pub fn status(&self, id: &str) -> OutputStatus {
        self.told(id).pop().expect("an output tells its state from the start")
    }

    /// Waits until the output is in this state.
    #[track_caller]
    pub fn wait_for_state(&self, id: &str, state: OutputState) -> OutputStatus {
        wait_for(&format!("`{id}` to be {state:?}"), Duration::from_secs(15), || {
            let status = self.told(id).pop()?;
            (status.state == state).then_some(status)
        })
    }

    /// How the encoder is doing.
    pub fn encoder(&self) -> Option<EncoderStatus> {
        self.encoder.lock().unwrap().clone()
    }

    /// Waits until so many more frames have come out of the encoder.
    #[track_caller]
    pub fn wait_for_frames(&self, more: u64) {
        let frames = || self.encoder().map_or(0, |encoder| encoder.frames);
        let before = frames();
        wait_for("frames", Duration::from_secs(30), || (frames() >= before + more).then_some(()));
    }

    /// Has the thread of this output panic with the next that it tells.
    pub fn break_output(&self, id: &str) {
        *self.broken.lock().unwrap() = Some(id.to_owned());
    }

    /// Breaks the encoder with the next frame.
    pub fn break_encoder(&self, fault: EncoderFault) {
        *self.faults.lock().unwrap() = (Some(fault), false);
    }

    /// Breaks every encoder from the next frame on, until it is called with none.
    pub fn keep_breaking_encoders(&self, fault: Option<EncoderFault>) {
        *self.faults.lock().unwrap() = (fault, true);
    }

    /// Breaks the encoder of the sound with the next frame.
    pub fn break_sound_encoder(&self, fault: EncoderFault) {
        *self.sound_faults.lock().unwrap() = (Some(fault), false);
    }

    /// Breaks every encoder of the sound from the next frame on, until it is called with none.
    pub fn keep_breaking_sound_encoders(&self, fault: Option<EncoderFault>) {
        *self.sound_faults.lock().unwrap() = (fault, true);
    }

    /// Waits until what is to break is broken.
    pub fn wait_until_broken(&self) {
        wait_for("the fault", Duration::from_secs(15), || {
            let is_due = self.faults.lock().unwrap().0.is_some() || self.sound_faults.lock().unwrap().0.is_some();
            (!is_due).then_some(())
        });
    }

    /// Lets no more frames come, or lets them come again, as those whose time it is then.
    pub fn draw(&self, draws: bool) {
        self.is_drawing.store(draws, Ordering::Relaxed);
    }

    /// Changes the bitrate of the encoder.
    pub fn set_bitrate(&self, kbps: u32) {
        self.outputs.as_ref().expect("the outputs run").encoder().set_bitrate(None, kbps);
    }

    /// Changes the distance of the encoder's key frames.
    pub fn set_keyframe_interval(&self, interval: Duration) {
        self.outputs.as_ref().expect("the outputs run").encoder().set_keyframe_interval(interval);
    }

    /// The way to add, change and remove outputs.
    pub fn control(&self) -> OutputControl {
        self.outputs.as_ref().expect("the outputs run").control()
    }

    /// Ends all outputs. Returns whether they finished in time.
    pub fn shutdown(&mut self) -> bool {
        self.outputs.take().is_none_or(|outputs| outputs.shutdown(Duration::from_secs(10)))
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        self.shutdown();
        self.stop.store(true, Ordering::Relaxed);
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
    }
}
