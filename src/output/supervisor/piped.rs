//! Outputs that are pipelines: opened, watched for what goes wrong, and finished.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::mpsc::TryRecvError,
    time::{Duration, Instant},
};

use super::{Ended, FINISH, LOOK, Order, STALLED, Supervisor, TELL, TIMED_OUT};
use crate::{
    engine::OutputState,
    output::{
        asking::Asking,
        backoff::Farewell,
        destination::{Destination, SrtUrl},
        file,
        link::lock,
        pipeline::{OutputError, OutputPipeline, Pace, PipelineEvent},
        rtmp, srt,
        strain::Watch,
        talk::Talk,
        threads::{afford_pipeline, shortage},
    },
};

/// Packets that reach a sink when its peer has taken the stream: the first waits in the sink until then.
const PACKETS_WHEN_CONNECTED: u64 = 2;
/// A peer that answers whatever it gets, and has not for this long, is lost. The library for SRT takes five seconds at least
/// to find that out: it waits for sixteen of its timers, whatever `peeridletimeo` says.
const SILENT: Duration = Duration::from_secs(2);
/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(15);

/// An output that lacks a key frame asks for one no more often than so: one whose link is too slow all the time must not take
/// more from the others than key frames at the usual distance do.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// Whether a peer that answers to all it gets still does.
#[derive(Default)]
struct Answers {
    /// How many there were.
    heard: u64,
    /// What had reached the sink when it was looked at last.
    passed: u64,
    /// Since when it has been getting something and said nothing.
    unanswered: Option<Instant>,
}

impl Answers {
    /// Takes note of how many there are at `now`. Returns whether there were none for too long.
    fn are_missing(&mut self, heard: u64, passed: u64, now: Instant) -> bool {
        if heard != self.heard {
            self.unanswered = None;
        } else if passed > self.passed {
            self.unanswered.get_or_insert(now);
        }
        (self.heard, self.passed) = (heard, passed);
        self.unanswered.is_some_and(|since| now.duration_since(since) > SILENT)
    }
}

impl Supervisor {
    /// The destination where its host is asked for before it is opened: at the address that it has.
    ///
    /// # Errors
    /// There is no answer in time, or none that helps, or the output is to finish.
    fn found(&mut self) -> Result<Option<SrtUrl>, Ended> {
        let url = match &self.destination {
            Destination::Srt { url } if !url.is_numeric() => url.clone(),
            Destination::Srt { url } => return Ok(Some(url.clone())),
            _ => return Ok(None),
        };
        let began = Instant::now();
        let under_way = self.asking.take().filter(|asking| asking.is_about(&url));
        let asking = under_way.map_or_else(|| Asking::start(url.clone()), Ok);
        let asking = asking.map_err(|error| Ended::Lost(Farewell::Short, shortage(&error)))?;
        loop {
            match asking.answer(LOOK) {
                Some(Ok(address)) => return Ok(Some(url.at(address))),
                Some(Err(error)) => return Err(self.explain(&format!("{}: {error}", srt::UNKNOWN))),
                None => {}
            }
            let is_finished = self.is_told_to_finish();
            if is_finished || began.elapsed() > CONNECT {
                self.asking = Some(asking);
                return Err(if is_finished { Ended::Finished } else { self.explain(srt::UNNAMED) });
            }
            if self.told.elapsed() > TELL {
                self.tell(self.status.state);
            }
        }
    }

    fn open_pipeline(&mut self, found: Option<&SrtUrl>) -> Result<OutputPipeline, OutputError> {
        afford_pipeline().map_err(|error| OutputError::Short(shortage(&error)))?;
        let pace = Pace::Live { frames: self.policy().queue_frames };
        let parts = match &self.destination {
            Destination::File { path, format, split } => {
                let path = file::create_new(path)?;
                self.status.url = path.display().to_string();
                file::parts(&path, *format, *split, pace)?
            }
            Destination::Rtmp { url } => rtmp::parts(url)?,
            Destination::Srt { url } => srt::parts(found.unwrap_or(url))?,
            Destination::Live { .. } | Destination::Hls { .. } | Destination::Thumbnails { .. } => {
                return Err(OutputError::Unlinkable);
            }
        };
        let started = OutputPipeline::start(&parts, self.surroundings.has_audio, pace);
        if let (Err(OutputError::NotStarted), Destination::File { .. }) = (&started, &self.destination)
            && let Some(empty) = file::Identity::of(self.status.url.as_ref())
        {
            empty.tidy(false);
        }
        started
    }

    /// Whether there is somebody who must take the stream, and how many packets reach the sink when it is taken.
    fn beginning(&self) -> (bool, u64) {
        match &self.destination {
            Destination::Rtmp { .. } | Destination::Srt { .. } => (true, PACKETS_WHEN_CONNECTED),
            _ => (false, 1),
        }
    }

    /// Waits until the pipeline before is down.
    ///
    /// # Errors
    /// There was no thread to take it down.
    fn wait_for_retired(&mut self) -> io::Result<()> {
        let until = Instant::now() + FINISH;
        let Some(retired) = &mut self.retired else { return Ok(()) };
        loop {
            retired.try_begin()?;
            if retired.is_done() || Instant::now() >= until {
                return Ok(());
            }
            std::thread::sleep(LOOK / 10);
        }
    }

    /// One connection, or one file.
    pub(super) fn run_pipeline(&mut self) -> Ended {
        if let Err(error) = self.wait_for_retired() {
            return Ended::Lost(Farewell::Short, shortage(&error));
        }
        let found = match self.found() {
            Ok(found) => found,
            Err(ended) => {
                drop(lock(&self.gate).close());
                return ended;
            }
        };
        let pipeline = match self.open_pipeline(found.as_ref()) {
            Ok(pipeline) => pipeline,
            Err(error) => {
                // What was kept for it would grow old.
                drop(lock(&self.gate).close());
                return match error {
                    OutputError::Failed(text) => self.explain(&text),
                    error => self.unwritable(&error),
                };
            }
        };
        if self.status.state == OutputState::Started {
            // The next file, whose name is known now.
            self.tell(OutputState::Starting);
        }
        let before = lock(&self.gate).bytes;
        self.open_gate(Box::new(pipeline.inlet()));
        let written = match &self.destination {
            Destination::File { .. } => file::Identity::of(self.status.url.as_ref()),
            _ => None,
        };
        let watched = catch_unwind(AssertUnwindSafe(|| self.watch(&pipeline, written.as_ref())));
        self.lookout = None;
        if !matches!(watched, Ok(Ended::Full)) {
            drop(lock(&self.gate).close());
        }
        let (has_peer, enough) = self.beginning();
        let has_something = !has_peer || pipeline.passed() >= enough;
        let has_frames = lock(&self.gate).bytes > before;
        self.retired = Some(pipeline.take_down_and(move || {
            if let Some(written) = written {
                written.tidy(has_frames);
            }
        }));
        let ended = watched.unwrap_or_else(|panic| resume_unwind(panic));
        if has_something && matches!(ended, Ended::Finished | Ended::Full) {
            // A file is whole when its pipeline is down. One that lacks a thread for that gets it later.
            let _ = self.wait_for_retired();
        }
        ended
    }

    fn watch(&mut self, pipeline: &OutputPipeline, written: Option<&file::Identity>) -> Ended {
        let (has_peer, enough) = self.beginning();
        let mut asked = None;
        self.ask_if_needed(pipeline, &mut asked, Instant::now());
        let mut checked = Instant::now();
        let opened = Instant::now();
        let mut finish_by = None;
        let mut moved = (0, opened);
        let mut answers = Answers::default();
        let mut watch = Watch::Nothing;
        let mut talk = Talk::new(opened);
        loop {
            match pipeline.event(LOOK) {
                Some(PipelineEvent::Error(text)) if finish_by.is_some() || self.is_told_to_finish() => {
                    // The stream has stopped: there is nothing to come back for.
                    if let Ended::Lost(_, error) | Ended::Failed(_, error) = self.explain(&text) {
                        tracing::warn!(output = self.status.id, url = self.status.url, "{error}");
                        self.status.last_error = Some(error);
                    }
                    return Ended::Finished;
                }
                Some(PipelineEvent::Error(text)) => return self.explain(&text),
                Some(PipelineEvent::End) if finish_by.is_some() || self.is_told_to_finish() => return Ended::Finished,
                Some(PipelineEvent::End) if lock(&self.gate).is_renewing() => return Ended::Full,
                Some(PipelineEvent::End) => {
                    return Ended::Lost(Farewell::Lost, "the output ended by itself".to_owned());
                }
                None => {}
            }
            let now = Instant::now();
            match finish_by {
                None if self.is_told_to_finish() => {
                    if has_peer && pipeline.passed() < enough {
                        // Nobody has taken anything of which there could be an end, and a sink that connects may never
                        // say that it has ended.
                        lock(&self.gate).finish();
                        return Ended::Finished;
                    }
                    finish_by = Some(now + FINISH);
                    self.tell(OutputState::Stopping);
                    lock(&self.gate).finish();
                }
                Some(limit) if now > limit => {
                    self.status.last_error = Some("it did not take the end of the stream in time".to_owned());
                    return Ended::Finished;
                }
                _ => {}
            }
            if finish_by.is_some() {
                continue;
            }
            self.ask_if_needed(pipeline, &mut asked, now);
            if now.duration_since(checked) > TELL {
                checked = now;
                if written.is_some_and(file::Identity::is_gone) {
                    return self.explain(file::GONE);
                }
            }
            let passed = pipeline.passed();
            if passed > moved.0 {
                moved = (passed, now);
            }
            let is_open = self.status.state == OutputState::Started;
            let strain = watch.look(|| pipeline.stats(), self.status.bitrate, now);
            lock(&self.gate).strain = strain;
            let stalled = strain.usual.max(STALLED);
            // The sink goes on when the system has room again for a good part of what it may hold: longer after its peer reads.
            let rests = now.saturating_duration_since(strain.arrived.map_or(moved.1, |arrived| arrived.max(moved.1)));
            let holds_up = rests > stalled && lock(&self.gate).queued() > 0;
            let is_stalled = is_open && (holds_up || strain.still > stalled);
            let is_other = std::mem::replace(&mut self.status.is_stalled, is_stalled) != is_stalled;
            if passed >= enough && !is_open {
                self.started();
                watch = self.link_watch(pipeline, now);
            } else if is_other || now.duration_since(self.told) > TELL {
                self.tell(self.status.state);
            }
            if is_open && pipeline.answers().is_some_and(|heard| answers.are_missing(heard, passed, now)) {
                return self.explain(srt::SILENT);
            }
            if pipeline.heard().is_some_and(|heard| talk.is_flood(heard, now)) {
                pipeline.cut_off();
                return self.explain(rtmp::FLOODS);
            }
            if !is_open && self.answers_only_now(pipeline, now.duration_since(opened)) {
                return Ended::Anew;
            }
            if has_peer && !is_open && now.duration_since(opened) > CONNECT {
                return self.explain(TIMED_OUT);
            }
            let stall = strain.usual.max(self.policy().stall);
            let is_full = || {
                let gate = lock(&self.gate);
                // Where nothing is queued since the system has too much, it is asked how that goes on.
                let holds_up = gate.queued() > 0 || !is_open;
                gate.is_waiting() && holds_up && rests > stall
            };
            if ((has_peer || is_open) && is_full()) || strain.still > stall {
                return self.explain(TIMED_OUT);
            }
        }
    }

    /// Asks for a key frame where nothing else is missing: as an output begins, unless what was kept for it does with one, and
    /// when it has room again after it could not keep up.
    fn ask_if_needed(&self, pipeline: &OutputPipeline, asked: &mut Option<Instant>, now: Instant) {
        let is_free = asked.is_none_or(|asked| now.saturating_duration_since(asked) > ASK_AGAIN);
        // A peer that may not be there is no reason for one.
        let is_taken = || !pipeline.tells_when_taken() || pipeline.is_taken();
        if is_free && lock(&self.gate).lacks_key_frame() && is_taken() {
            *asked = Some(now);
            self.ask_for_key_frame();
        }
    }

    fn link_watch(&self, pipeline: &OutputPipeline, now: Instant) -> Watch {
        match &self.destination {
            Destination::Rtmp { .. } => pipeline.socket().map_or(Watch::Nothing, |socket| Watch::tcp(socket, now)),
            Destination::Srt { .. } => Watch::srt(now),
            _ => Watch::Nothing,
        }
    }

    fn is_told_to_finish(&self) -> bool {
        matches!(self.orders.try_recv(), Ok(Order::Finish) | Err(TryRecvError::Disconnected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_silent_when_it_gets_something_and_says_nothing_for_long() {
        let mut answers = Answers::default();
        let begin = Instant::now();
        let mut at = |tenths: u32, heard, passed| answers.are_missing(heard, passed, begin + SILENT / 10 * tenths);
        assert!(!at(0, 1, 10) && !at(5, 1, 20));
        // Nothing is sent, so there is nothing to answer.
        assert!(!at(6, 2, 30) && !at(30, 2, 30) && !at(31, 2, 31) && !at(41, 2, 32));
        assert!(at(42, 2, 32) && at(43, 2, 33));
        assert!(!at(44, 3, 33), "there it is again");
    }
}
