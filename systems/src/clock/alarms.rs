//! Triggers that act by the clock on the wall.

use std::sync::Arc;

use components::animation::{
    schedule::Schedule,
    trigger::{Cause, TriggerDocument},
};

/// When the triggers of a scene act next.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarms {
    /// The triggers that these are of.
    triggers: Arc<[TriggerDocument]>,
    alarms: Vec<Alarm>,
}

/// One time after the other at which triggers act.
#[derive(Clone, Debug)]
struct Alarm {
    cause: Cause,
    schedule: Schedule,
    next: Next,
}

/// When an alarm comes next, in milliseconds since 1970 began in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// At the first of its times after this, which is still to be looked up.
    After(i64),
    /// Then.
    At(i64),
    /// It does not come again.
    Never,
}

/// Alarms of which the next time is looked up in one tick: for one that comes every forty years it takes 0.1 ms.
const LOOKED_UP: usize = 16;

impl Alarms {
    /// What is due at `wall`, in milliseconds since 1970 began in UTC, and was not when this was asked before. What a
    /// trigger that is new would have done before it came is not made up for.
    pub(super) fn due(&mut self, triggers: &Arc<[TriggerDocument]>, wall: i64) -> Vec<Cause> {
        if !Arc::ptr_eq(&self.triggers, triggers) {
            self.follow(triggers, wall);
        }
        let unknown = self.alarms.iter_mut().filter(|alarm| matches!(alarm.next, Next::After(_)));
        for alarm in unknown.take(LOOKED_UP) {
            if let Next::After(after) = alarm.next {
                alarm.next = alarm.schedule.next(after).map_or(Next::Never, Next::At);
            }
        }
        let mut due = Vec::new();
        for alarm in &mut self.alarms {
            if matches!(alarm.next, Next::At(next) if next <= wall) {
                alarm.next = Next::After(wall);
                due.push(alarm.cause.clone());
            }
        }
        due
    }

    /// Takes over other triggers; those that were there before stay set.
    fn follow(&mut self, triggers: &Arc<[TriggerDocument]>, wall: i64) {
        let known = std::mem::take(&mut self.alarms);
        for TriggerDocument { on, .. } in triggers.iter() {
            // Several triggers may wait for the same.
            if let Cause::Schedule { cron, time_zone } = on
                && self.alarms.iter().all(|alarm| alarm.cause != *on)
                && let Some(schedule) = Schedule::new(cron, time_zone)
            {
                let known = known.iter().find(|alarm| alarm.cause == *on).map(|alarm| alarm.next);
                let next = known.unwrap_or(Next::After(wall));
                self.alarms.push(Alarm { cause: on.clone(), schedule, next });
            }
        }
        self.triggers = Arc::clone(triggers);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn triggers(crons: &[String]) -> Arc<[TriggerDocument]> {
        let trigger = |cron: &String| json!({ "on": { "type": "schedule", "cron": cron }, "do": [{ "type": "emit", "event": "bell" }] });
        crons.iter().map(|cron| serde_json::from_value(trigger(cron)).expect("a trigger")).collect()
    }

    #[test]
    fn however_many_there_are_each_acts_and_a_tick_looks_up_few() {
        let crons: Vec<String> = (0..60).map(|second| format!("{second} * * * * *")).collect();
        let triggers = triggers(&crons);
        let mut alarms = Alarms::default();
        // A minute of ticks, the first at a full minute.
        let mut rung = Vec::new();
        for tick in 0..=61 * 30 {
            let known =
                |alarms: &Alarms| alarms.alarms.iter().filter(|alarm| matches!(alarm.next, Next::At(_))).count();
            let before = known(&alarms);
            let due = alarms.due(&triggers, 1_800_000_000_000 + tick * 1000 / 30);
            assert!(known(&alarms) <= before + LOOKED_UP);
            rung.extend(due);
        }
        for TriggerDocument { on, .. } in triggers.iter() {
            let times = rung.iter().filter(|cause| *cause == on).count();
            assert!((1..=2).contains(&times), "{on:?} came {times} times in a minute");
        }
        // That of the second 0 came when the minute was over; when it began it was not there yet.
        assert_eq!(rung.len(), 61);
    }
}
