//! What people are told of an output: its state, its counters, and what is wrong with it.

use std::time::{Duration, Instant};

use super::{Ended, Supervisor, TELL, TIMED_OUT};
use crate::{
    engine::{OutputErrorKind, OutputState},
    output::{backoff::Farewell, destination::Destination, file, link::lock, pipeline::OutputError, rtmp, srt},
};

/// A server that closes the connection within this time did not want the stream: many take any, and only then look
/// at its key.
const WELCOME: Duration = Duration::from_secs(3);

fn described(state: OutputState) -> &'static str {
    match state {
        OutputState::Stopped => "stopped",
        OutputState::Starting => "starting",
        OutputState::Started => "started",
        OutputState::Stopping => "stopping",
        OutputState::Reconnecting => "reconnecting",
        OutputState::Failed => "given up",
    }
}

impl Supervisor {
    pub(super) fn started(&mut self) {
        if self.status.state == OutputState::Reconnecting {
            self.status.reconnects += 1;
        }
        self.forget_dropped();
        self.has_begun = true;
        self.began = Instant::now();
        self.tell(OutputState::Started);
    }

    pub(super) fn explain(&self, text: &str) -> Ended {
        match &self.destination {
            Destination::Rtmp { url } => {
                tracing::debug!(output = self.status.id, "{}", url.redact(text));
                let phase = match self.status.state {
                    OutputState::Started if self.began.elapsed() > WELCOME => rtmp::Phase::Sending,
                    OutputState::Started => rtmp::Phase::Beginning,
                    _ => rtmp::Phase::Connecting,
                };
                let (farewell, words) = rtmp::explain(url, text, phase);
                Ended::Lost(farewell, words)
            }
            Destination::Srt { url } => {
                let (farewell, words) = srt::explain(url, text, self.status.state == OutputState::Started);
                Ended::Lost(farewell, words)
            }
            Destination::File { .. } if text == TIMED_OUT => {
                let words = format!("the disk takes nothing of `{}`; it goes on in another file", self.status.url);
                Ended::Lost(Farewell::Unwritable, words)
            }
            Destination::File { .. } => {
                let (words, is_full) = file::explain(self.status.url.as_ref(), text);
                self.lose_storage(words, is_full)
            }
            Destination::Live { .. } | Destination::Hls { .. } | Destination::Thumbnails { .. } => {
                Ended::Failed(OutputErrorKind::Internal, text.to_owned())
            }
        }
    }

    /// What does not let itself be written to.
    pub(super) fn unwritable(&self, error: &OutputError) -> Ended {
        match error {
            OutputError::NotWritable { is_full, .. } => self.lose_storage(error.to_string(), *is_full),
            OutputError::Short(_) | OutputError::NotStarted => Ended::Lost(Farewell::Short, error.to_string()),
            _ => Ended::Failed(OutputErrorKind::Internal, error.to_string()),
        }
    }

    /// A place that has been written to may be good again soon, and a full disk have room. Another place that never was is a
    /// wrong one.
    fn lose_storage(&self, error: String, is_full: bool) -> Ended {
        if self.has_begun || is_full {
            Ended::Lost(Farewell::Unwritable, format!("{error}; it goes on as soon as that is possible"))
        } else {
            Ended::Failed(OutputErrorKind::Storage, error)
        }
    }

    pub(super) fn complain(&mut self, kind: OutputErrorKind, error: String, state: OutputState) {
        tracing::warn!(output = self.status.id, url = self.status.url, "{error}");
        self.status.last_error = Some(error);
        self.status.last_error_kind = Some(kind);
        self.status.errors += 1;
        self.tell(state);
    }

    /// What was left out before the peer took the stream for the first time is not missed.
    fn forget_dropped(&self) {
        if !self.has_begun {
            lock(&self.gate).dropped = self.status.dropped_frames;
        }
    }

    pub(super) fn tell(&mut self, state: OutputState) {
        if self.status.state != state {
            tracing::info!(output = self.status.id, url = self.status.url, "the output is {}", described(state));
        }
        self.status.state = state;
        if matches!(state, OutputState::Starting | OutputState::Reconnecting) {
            self.status.tries_since.get_or_insert_with(Instant::now);
        } else {
            self.status.tries_since = None;
        }
        if state != OutputState::Started {
            self.status.is_stalled = false;
        }
        self.forget_dropped();
        {
            let mut gate = lock(&self.gate);
            gate.is_on_air = state == OutputState::Started;
            gate.is_stalled = self.status.is_stalled;
            self.status.bytes = gate.bytes;
            self.status.dropped_frames = gate.dropped;
            self.status.queued_frames = gate.queued();
            self.status.link_delay = gate.link_delay().as_secs_f64();
        }
        self.told = Instant::now();
        let (since, before) = self.measured;
        let elapsed = self.told.duration_since(since);
        if elapsed >= TELL / 2 {
            #[expect(clippy::cast_precision_loss, reason = "a second's worth of bytes")]
            let bits = (self.status.bytes - before) as f64 * 8.0;
            self.status.bitrate = bits / 1000.0 / elapsed.as_secs_f64();
            self.measured = (self.told, self.status.bytes);
        }
        if !matches!(state, OutputState::Started | OutputState::Stopping) {
            self.status.bitrate = 0.0;
        }
        (self.surroundings.publish)(self.status.clone());
    }
}
