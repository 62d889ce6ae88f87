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
    /// Milliseconds since 1970 began in UTC; `None` if it never comes.
    next: Option<i64>,
}

impl Alarms {
    /// What is due at `wall`, in milliseconds since 1970 began in UTC, and was not when this was asked before. What a
    /// trigger that is new would have done before it came is not made up for.
    pub(super) fn due(&mut self, triggers: &Arc<[TriggerDocument]>, wall: i64) -> Vec<Cause> {
        if !Arc::ptr_eq(&self.triggers, triggers) {
            self.follow(triggers, wall);
        }
        let mut due = Vec::new();
        for alarm in &mut self.alarms {
            if alarm.next.is_some_and(|next| next <= wall) {
                alarm.next = alarm.schedule.next(wall);
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
                let next = known.unwrap_or_else(|| schedule.next(wall));
                self.alarms.push(Alarm { cause: on.clone(), schedule, next });
            }
        }
        self.triggers = Arc::clone(triggers);
    }
}
