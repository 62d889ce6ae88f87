//! Springs: motion that is told by what pulls and what brakes, not by how long it takes.

mod oscillator;

use std::f64::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::oscillator::Oscillator;
use crate::document::{Fault, shown_number};

/// Seconds that a spring may take until it rests.
const LONGEST: f64 = 3600.0;

/// A spring that pulls a value to where it is to be: told by `stiffness`, `damping` and `mass`, or by the `duration` and
/// `bounce` that one feels.
///
/// It ends when it rests: when what is left of the way, and of every swing to come, is below a ten-thousandth of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spring {
    /// How strongly it pulls, in mass per second squared; 100 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.01, max = 1e6))]
    pub stiffness: Option<f64>,
    /// How strongly it brakes, in mass per second; 10 if absent. From twice the root of stiffness times mass on it does
    /// not swing over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 1e6))]
    pub damping: Option<f64>,
    /// What is moved; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 1e4))]
    pub mass: Option<f64>,
    /// Seconds of one swing without damping, which is about what the motion seems to last; 0.5 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 1000.0))]
    pub duration: Option<f64>,
    /// 0 swings just not over; above it does, more and more; below it creeps. 0 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -0.95, max = 0.95))]
    pub bounce: Option<f64>,
}

impl Spring {
    /// Seconds until the spring rests after it was let go from rest.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.oscillator().settles(1.0, 0.0)
    }

    /// The same spring if each of its seconds takes `pace`.
    pub(crate) fn slowed(self, pace: f64) -> Self {
        if self.duration.is_some() || self.bounce.is_some() {
            return Self { duration: Some(self.duration.unwrap_or(0.5) * pace), ..self };
        }
        let (stiffness, damping) = (self.stiffness.unwrap_or(100.0), self.damping.unwrap_or(10.0));
        Self { stiffness: Some(stiffness / (pace * pace)), damping: Some(damping / pace), ..self }
    }

    /// `duration` and `bounce` mean what they do in SwiftUI: the spring of mass 1 whose undamped swing takes `duration`,
    /// and whose damping is `1 - bounce` of the critical one, or its `1 / (1 + bounce)`-fold below 0.
    pub(crate) fn oscillator(&self) -> Oscillator {
        if self.duration.is_some() || self.bounce.is_some() {
            let frequency = 2.0 * PI / self.duration.unwrap_or(0.5);
            let bounce = self.bounce.unwrap_or(0.0);
            let ratio = if bounce < 0.0 { 1.0 / (1.0 + bounce) } else { 1.0 - bounce };
            return Oscillator::new(frequency * frequency, ratio * frequency);
        }
        let mass = self.mass.unwrap_or(1.0);
        Oscillator::new(self.stiffness.unwrap_or(100.0) / mass, self.damping.unwrap_or(10.0) / (2.0 * mass))
    }

    /// What is wrong with it, with pointers from `pointer` on.
    #[must_use]
    pub fn check(&self, pointer: &str) -> Vec<Fault> {
        let ranges = [
            ("stiffness", self.stiffness, 0.01, 1e6),
            ("damping", self.damping, 0.001, 1e6),
            ("mass", self.mass, 0.001, 1e4),
            ("duration", self.duration, 0.001, 1000.0),
            ("bounce", self.bounce, -0.95, 0.95),
        ];
        let outside = |(name, number, min, max): (&str, Option<f64>, f64, f64)| {
            let number = number.filter(|number| !(min..=max).contains(number))?;
            Some(fault(format!("{pointer}/{name}"), shown_number(number), format!("a number from {min} to {max}")))
        };
        let faults: Vec<Fault> = ranges.into_iter().filter_map(outside).collect();
        let is_physical = self.stiffness.is_some() || self.damping.is_some() || self.mass.is_some();
        let is_felt = self.duration.is_some() || self.bounce.is_some();
        if !faults.is_empty() {
            faults
        } else if is_physical && is_felt {
            let expected = "either `stiffness`, `damping` and `mass`, or `duration` and `bounce`";
            vec![fault(pointer.to_owned(), "a spring that is told in two ways".to_owned(), expected.to_owned())]
        } else if self.duration() > LONGEST {
            let found = format!("a spring that rests after {} seconds", shown_number(self.duration().round()));
            let expected =
                format!("one that rests within {LONGEST} seconds: more stiffness, or a damping nearer to critical");
            vec![fault(pointer.to_owned(), found, expected)]
        } else {
            Vec::new()
        }
    }
}

fn fault(pointer: String, found: String, expected: String) -> Fault {
    Fault { place: None, pointer, found, expected, nearest: None }
}

#[cfg(test)]
mod tests;
