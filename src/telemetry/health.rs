//! Whether the service is well.

use std::{fmt, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Metrics, watchdog};
use crate::engine::{
    EncoderState, EngineHandle, OutputErrorKind, OutputState, OutputStatus, Part, StoreStatus, Transport,
};

/// The tick thread counts as stalled after this long without a tick: sixty frames at 30 per second, far above what
/// a slow frame takes.
const STALLED: Duration = Duration::from_secs(2);

/// The encoder counts as stalled after this long: longer than the slowest is waited for before it is given up.
const STUCK: Duration = Duration::from_secs(6);

/// An output that tries to get on air for so long is told of: a server that starts anew is back by then.
const OFF_AIR: Duration = Duration::from_secs(30);

/// A reason for which traffic should go elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unready {
    /// What is not ready: `engine`, `scene`, `encoder`, `outputs` or `store`.
    pub part: &'static str,
    /// Why, in words for people.
    pub reason: String,
}

/// What somebody can do something about, in words for people.
fn why_off_air(output: &OutputStatus) -> &'static str {
    if output.is_held_off_by(OutputErrorKind::Refused) {
        ", since its server does not want the stream"
    } else if output.is_held_off_by(OutputErrorKind::TurnedAway) {
        ", since its server closes the connection as soon as the stream begins, as with a wrong key"
    } else if output.is_held_off_by(OutputErrorKind::Internal) {
        ", for a reason that lies in this service or its machine"
    } else {
        ""
    }
}

/// Judges whether the service is ready.
#[derive(Clone)]
pub struct Health {
    engine: EngineHandle,
    metrics: Arc<Metrics>,
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").finish_non_exhaustive()
    }
}

impl Health {
    /// Judges by the engine's state and by the ticks that `metrics` was told of.
    #[must_use]
    pub fn new(engine: EngineHandle, metrics: Arc<Metrics>) -> Self {
        Self { engine, metrics }
    }

    /// Everything for which the service is not ready; empty when it is.
    #[must_use]
    pub fn unready(&self) -> Vec<Unready> {
        let mut reasons = Vec::new();
        match self.metrics.since_last_tick() {
            None => reasons.push(Unready { part: "engine", reason: "no frame was drawn yet".to_owned() }),
            Some(since) if since > STALLED => {
                let slate = if self.engine.encoder().is_some_and(|encoder| encoder.has_slate) {
                    "; the slate is sent meanwhile"
                } else {
                    ""
                };
                let reason = format!("the last frame was drawn {:.1} s ago{slate}", since.as_secs_f64());
                reasons.push(Unready { part: "engine", reason });
            }
            Some(_) => {}
        }
        if let Some(since) = self.engine.encoder().map(|encoder| encoder.beat.elapsed()).filter(|since| *since > STUCK)
        {
            let reason = format!("the encoder has taken nothing for {:.1} s", since.as_secs_f64());
            reasons.push(Unready { part: "encoder", reason });
        }
        let outputs = self.engine.outputs();
        if self.is_on_air() && !outputs.is_empty() && outputs.iter().all(|output| output.state == OutputState::Failed) {
            let named: Vec<_> = outputs.iter().map(|output| format!("`{}`", output.id)).collect();
            let reason = format!("every output has failed: {}", named.join(", "));
            reasons.push(Unready { part: "outputs", reason });
        }
        reasons
    }

    fn is_on_air(&self) -> bool {
        *self.engine.transport().borrow() != Transport::Stopped
    }

    /// Everything for which not all is well although the service is ready.
    #[must_use]
    pub fn degraded(&self) -> Vec<Unready> {
        let mut reasons = Vec::new();
        reasons.extend(self.engine.stand_in().map(|reason| Unready { part: "scene", reason }));
        for encoder in self.engine.encoders().into_iter().filter(|encoder| encoder.state == EncoderState::Restarting) {
            let why = encoder.last_error.unwrap_or_else(|| "it failed".to_owned());
            reasons.push(Unready { part: "encoder", reason: format!("the encoder is started again: {why}") });
        }
        if let Some(sound) = self.engine.encoder().and_then(|encoder| encoder.sound)
            && (sound.is_silent || sound.state == EncoderState::Restarting)
        {
            let why = sound.last_error.unwrap_or_else(|| "it failed".to_owned());
            let reason = match (sound.state, sound.is_silent) {
                (EncoderState::Restarting, true) => {
                    format!("no sound comes out of its encoder, and silence is sent in its place: {why}")
                }
                (EncoderState::Restarting, false) => format!("the encoder of the sound is started again: {why}"),
                _ => format!("the machine is too slow for the sound: {why}"),
            };
            reasons.push(Unready { part: "encoder", reason });
        }
        for ((part, _), reason) in watchdog::stalled(&self.engine, &self.metrics) {
            let part = if part == Part::Output { "outputs" } else { part.as_str() };
            reasons.push(Unready { part, reason });
        }
        for output in self.engine.outputs() {
            // What is wrong with the service itself does not mend itself like a network.
            let patience = if output.is_held_off_by(OutputErrorKind::Internal) { Duration::ZERO } else { OFF_AIR };
            if let Some(since) = output.tries_since.map(|since| since.elapsed()).filter(|since| *since > patience) {
                let why = why_off_air(&output);
                let (id, seconds) = (&output.id, since.as_secs());
                let reason = format!("the output `{id}` has been off air for {seconds} s{why}; its status says more");
                reasons.push(Unready { part: "outputs", reason });
            }
        }
        // Previews go on, and there are those who want nothing else: no reason to go elsewhere.
        if self.is_on_air() && self.engine.outputs().is_empty() {
            let reason = "the stream is on air, and goes nowhere: there is no output; add one".to_owned();
            reasons.push(Unready { part: "outputs", reason });
        }
        let failed = |output: &OutputStatus| self.is_on_air() && output.state == OutputState::Failed;
        for output in self.engine.outputs().into_iter().filter(failed) {
            let why = why_off_air(&output);
            let reason = format!("the output `{}` has failed{why}; its status says more", output.id);
            reasons.push(Unready { part: "outputs", reason });
        }
        let away = self.engine.store().filter(|store| !store.connected);
        let reason = |store: StoreStatus| {
            let why = store.last_error.unwrap_or_else(|| "nothing has been written yet".to_owned());
            Unready { part: "store", reason: format!("changes are not kept for now: {why}") }
        };
        reasons.extend(away.map(reason));
        reasons
    }
}
