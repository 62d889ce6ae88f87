//! Looking out for a server that is away, while the next attempt is waited for and while it is connected to.
//!
//! The system asks a host that does not answer at intervals that double, up to the end of the attempt: one that is back would
//! have to wait for the next time, which may be seconds. So the attempt is begun anew as soon as the host answers somebody else.

use std::time::Duration;

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
    /// Looks out for a server that is lost, or may be about to end. One that refused the stream is there, and is not asked
    /// sooner.
    pub(super) fn lookout(&self, farewell: Farewell, wait: Duration) -> Option<Lookout> {
        let found = match farewell {
            Farewell::Lost => Found::Lost,
            Farewell::Absent => Found::Away,
            Farewell::CutShort | Farewell::TurnedAway => Found::Unsteady,
            Farewell::Refused | Farewell::Unwritable => return None,
        };
        if wait <= LOOKS {
            return None;
        }
        let server = match &self.destination {
            Destination::Rtmp { url } => Server::Rtmp(url.clone()),
            Destination::Srt { url } => Server::Srt(url.clone()),
            _ => return None,
        };
        Lookout::start(server, found)
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
            self.lookout = Lookout::start(Server::Rtmp(url.clone()), Found::Silent);
        }
        let is_back = self.lookout.as_ref().is_some_and(Lookout::is_back);
        if is_back {
            tracing::debug!(output = self.status.id, "its host answers again: the connection is begun anew");
        }
        is_back
    }
}
