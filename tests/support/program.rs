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
    engine::{OutputState, OutputStatus, ProgramFrame, Soundtrack, StreamEvent, StreamFormat, Transport},
    output::{Destination, EncoderSettings, OutputsHandle, Program, ReconnectPolicy, run_program},
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

    /// Goes on air with these pictures, over and over.
    pub fn start_with(
        format: StreamFormat,
        settings: EncoderSettings,
        destinations: &[(&str, Destination)],
        policy: ReconnectPolicy,
        cards: Vec<Arc<Frame>>,
    ) -> Self {
        let (sender, frames) = sync_channel(3);
        let transport = watch::Sender::new(Transport::Live);
        let told = Arc::new(Mutex::new(Vec::new()));
        let events = Arc::new(Mutex::new(Vec::new()));
        let program = Program {
            frames,
            format,
            transport: transport.subscribe(),
            publish: {
                let told = Arc::clone(&told);
                Arc::new(move |status| told.lock().unwrap().push(status))
            },
            announce: {
                let events = Arc::clone(&events);
                Arc::new(move |event| events.lock().unwrap().push(event))
            },
        };
        let destinations = destinations.iter().map(|(id, to)| ((*id).to_owned(), to.clone())).collect();
        let outputs = run_program(program, settings, destinations, policy).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let feeder = {
            let stop = Arc::clone(&stop);
            let sound = Arc::new(Soundtrack::default());
            std::thread::spawn(move || {
                let begun = Instant::now();
                for tick in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let due = format.presentation_time(tick);
                    std::thread::sleep(due.saturating_sub(begun.elapsed()));
                    let picture = Arc::clone(&cards[tick as usize % cards.len()]);
                    // Waits, unlike the engine, so that a busy machine leaves no frame out of the comparison.
                    if sender
                        .send(ProgramFrame {
                            tick,
                            picture,
                            start: Some(0),
                            sound: Arc::clone(&sound),
                            is_paused: false,
                        })
                        .is_err()
                    {
                        return;
                    }
                }
            })
        };
        Self { transport, outputs: Some(outputs), told, events, stop, feeder: Some(feeder) }
    }

    /// Everything that the output of this name told, in order.
    pub fn told(&self, id: &str) -> Vec<OutputStatus> {
        self.told.lock().unwrap().iter().filter(|status| status.id == id).cloned().collect()
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

    /// Changes the bitrate of the encoder.
    pub fn set_bitrate(&self, kbps: u32) {
        self.outputs.as_ref().expect("the outputs run").bitrate().set(kbps);
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
