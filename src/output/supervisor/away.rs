//! Looking out for a server that is away, while the next attempt is waited for and while it is connected to.
//!
//! The system asks a host that does not answer at intervals that double, up to the end of the attempt: one that is back would
//! have to wait for the next time, which may be seconds. So the attempt is begun anew as soon as the host answers somebody else.

use std::time::{Duration, Instant};

use super::Supervisor;
use crate::output::{
    backoff::Farewell,
    destination::Destination,
    lookout::{Found, LOOKS, Lookout, Server},
    pipeline::OutputPipeline,
};

/// After this long without an answer, others are asked for it too. Longer than a host takes that is there.
const MOMENT: Duration = Duration::from_millis(300);

impl Supervisor {
    /// Notes how the last connection ended: since when the server is away, if it is.
    pub(super) fn note(&mut self, farewell: Farewell, was_on_air: bool) {
        let is_away = matches!(farewell, Farewell::Lost | Farewell::Absent);
        let before = self.away_since.filter(|_| !was_on_air);
        self.away_since = is_away.then(|| before.unwrap_or_else(Instant::now));
    }

    /// How long the server has been away by now.
    fn away(&self) -> Duration {
        self.away_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Looks out for a server that is lost, or may be about to end. One that refused the stream is there, and is not asked
    /// sooner.
    pub(super) fn lookout(&self, farewell: Farewell, wait: Duration) -> Option<Lookout> {
        let found = match farewell {
            Farewell::Lost => Found::Lost,
            Farewell::Absent => Found::Away,
            Farewell::CutShort | Farewell::TurnedAway => Found::Unsteady,
            Farewell::Refused | Farewell::Unwritable | Farewell::Short => return None,
        };
        if wait <= LOOKS {
            return None;
        }
        let server = match &self.destination {
            Destination::Rtmp { url } => Server::Rtmp(url.clone()),
            Destination::Srt { url } => Server::Srt(url.clone()),
            _ => return None,
        };
        Lookout::start(server, found, self.away())
    }

    /// Whether the host has not answered this attempt, which was begun so long ago, and would answer now.
    pub(super) fn answers_only_now(&mut self, pipeline: &OutputPipeline, since: Duration) -> bool {
        // The library for SRT asks four times a second.
        let Destination::Rtmp { url } = &self.destination else { return false };
        if pipeline.is_answered() {
            self.lookout = None;
            return false;
        }
        if self.lookout.is_none() && since > MOMENT {
            self.lookout = Lookout::start(Server::Rtmp(url.clone()), Found::Silent, self.away());
        }
        let is_back = self.lookout.as_ref().is_some_and(Lookout::is_back);
        if is_back {
            tracing::debug!(output = self.status.id, "its host answers again: the connection is begun anew");
        }
        is_back
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc, Mutex,
        mpsc::{Sender, channel},
    };

    use super::*;
    use crate::output::{
        backoff::ReconnectPolicy,
        gate::Gate,
        supervisor::{Order, Surroundings},
    };

    fn supervisor() -> (Supervisor, Sender<Order>) {
        let (orders, inbox) = channel();
        let surroundings = Surroundings {
            publish: Arc::new(|_| {}),
            forget: Arc::new(|_| {}),
            key_frames: Arc::default(),
            has_audio: true,
            alive: channel().0,
        };
        let destination = "rtmp://127.0.0.1/live/key".parse().unwrap();
        let gate = Arc::new(Mutex::new(Gate::default()));
        let policy = Arc::new(Mutex::new(ReconnectPolicy::default()));
        (Supervisor::new("rtmp", destination, None, gate, policy, inbox, surroundings), orders)
    }

    #[test]
    fn a_server_is_away_from_when_it_was_lost_until_it_says_something() {
        let (mut supervisor, _orders) = supervisor();
        assert_eq!(supervisor.away(), Duration::ZERO);
        supervisor.note(Farewell::Absent, false);
        let since = supervisor.away_since.unwrap();
        for farewell in [Farewell::Absent, Farewell::Lost, Farewell::Absent] {
            supervisor.note(farewell, false);
            assert_eq!(supervisor.away_since, Some(since), "{farewell:?}: it has been away all the time");
        }
        supervisor.note(Farewell::Lost, true);
        assert!(supervisor.away_since > Some(since), "it was there in between");
        for farewell in [Farewell::Refused, Farewell::TurnedAway, Farewell::CutShort] {
            supervisor.note(Farewell::Absent, false);
            supervisor.note(farewell, false);
            assert_eq!(supervisor.away_since, None, "{farewell:?} is an answer");
        }
    }
}
