//! Triggers that act by the clock on the wall.
//!
//! That clock is set now and then, by people and over the network. What becomes of the times in between is as with cron
//! (Vixie's, cron(8) of Debian), the bounds too:
//!
//! - forward by up to [`SMALL`]: what was leapt over acts once, at once, however often it would have come. A machine
//!   that slept, or was so busy that ticks came late, is the same.
//! - forward by more: that was no time that passed. What was leapt over is left out.
//! - back by less than [`MOMENT`]: everything waits until the clock is where it was.
//! - back by up to [`SMALL`]: the same, but what [recurs](Schedule::recurs) goes on by the new time at once: who has
//!   something done each minute does not want it to stand still for an hour.
//! - back by more: all go on by the new time.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use components::animation::{
    schedule::{Cron, Schedule, ZoneName},
    trigger::{Cause, TriggerDocument},
};

/// When the triggers of a scene act next.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarms {
    /// The triggers that these are of.
    triggers: Arc<[TriggerDocument]>,
    alarms: Vec<Alarm>,
    /// Places of those of which the next time is to be looked up, the one that has waited longest first.
    waiting: VecDeque<usize>,
    /// What the clock showed when it was asked last.
    shown: Option<i64>,
    /// The latest that it has shown, but for what was taken back as wrong.
    latest: i64,
}

/// Milliseconds by which the clock may be set without what was before being forgotten.
const SMALL: i64 = 3 * 60 * 60 * 1000;
/// Milliseconds by which it may be set back without anything coming again.
const MOMENT: i64 = 60 * 1000;

/// One time after the other at which triggers act.
#[derive(Clone, Debug)]
struct Alarm {
    cron: Cron,
    time_zone: ZoneName,
    /// What these say; `None` until it is needed.
    schedule: Option<Arc<Schedule>>,
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

/// Alarms of which the next time is looked up in one tick, and that are read if they are new: for one that comes every forty
/// years it takes 0.1 ms. Where more come due all the time, each waits for its turn.
const LOOKED_UP: usize = 16;

impl Alarm {
    /// Whether it comes whenever the clock shows such a time; unknown, and of no matter, before its first time is looked up.
    fn recurs(&self) -> bool {
        self.schedule.as_ref().is_none_or(|schedule| schedule.recurs())
    }

    fn cause(&self) -> Cause {
        Cause::Schedule { cron: self.cron.clone(), time_zone: self.time_zone.clone() }
    }

    /// Looks up when it comes next.
    fn look_up(&mut self) {
        let Next::After(after) = self.next else { return };
        if self.schedule.is_none() {
            self.schedule = Schedule::new(&self.cron, &self.time_zone).map(Arc::new);
        }
        self.next = self.schedule.as_ref().and_then(|schedule| schedule.next(after)).map_or(Next::Never, Next::At);
    }
}

impl Alarms {
    /// What is due at `wall`, in milliseconds since 1970 began in UTC, and was not when this was asked before. What a
    /// trigger that is new would have done before it came is not made up for.
    pub(super) fn due(&mut self, triggers: &Arc<[TriggerDocument]>, wall: i64) -> Vec<Cause> {
        self.note(wall);
        if !Arc::ptr_eq(&self.triggers, triggers) {
            self.follow(triggers, wall);
        }
        for place in self.waiting.drain(..self.waiting.len().min(LOOKED_UP)) {
            self.alarms[place].look_up();
        }
        let mut due = Vec::new();
        for (place, alarm) in self.alarms.iter_mut().enumerate() {
            if matches!(alarm.next, Next::At(next) if next <= wall) {
                alarm.next = Next::After(wall);
                due.push(alarm.cause());
                self.waiting.push_back(place);
            }
        }
        due
    }

    /// Notices whether the clock was set since it was asked before.
    fn note(&mut self, wall: i64) {
        let shown = self.shown.replace(wall).unwrap_or(wall);
        let latest = self.latest;
        self.latest = latest.max(wall);
        if wall.saturating_sub(shown) > SMALL {
            // What comes at this very moment is not leapt over.
            self.set_anew(wall.saturating_sub(1), |alarm| !matches!(alarm.next, Next::At(next) if next >= wall));
        } else if latest.saturating_sub(wall) > SMALL {
            self.latest = wall;
            self.set_anew(wall, |_| true);
        } else if shown.saturating_sub(wall) >= MOMENT {
            self.set_anew(wall, Alarm::recurs);
        }
    }

    /// Has the next times of some looked up anew: the first after `after`.
    fn set_anew(&mut self, after: i64, which: impl Fn(&Alarm) -> bool) {
        for (place, alarm) in self.alarms.iter_mut().enumerate() {
            // One that waits for its turn keeps it.
            if which(alarm) && !matches!(std::mem::replace(&mut alarm.next, Next::After(after)), Next::After(_)) {
                self.waiting.push_back(place);
            }
        }
    }

    /// Takes over other triggers; those that were there before stay set.
    fn follow(&mut self, triggers: &Arc<[TriggerDocument]>, wall: i64) {
        let before = std::mem::take(&mut self.alarms);
        let mut known: HashMap<(Cron, ZoneName), usize> = HashMap::with_capacity(before.len());
        known.extend(before.iter().enumerate().map(|(at, alarm)| ((alarm.cron.clone(), alarm.time_zone.clone()), at)));
        let mut turns: HashMap<usize, usize> =
            self.waiting.drain(..).enumerate().map(|(turn, at)| (at, turn)).collect();
        let mut waiting: Vec<(usize, usize)> = Vec::new();
        let mut seen = HashSet::with_capacity(triggers.len());
        for TriggerDocument { on, .. } in triggers.iter() {
            let Cause::Schedule { cron, time_zone } = on else { continue };
            // Several triggers may wait for the same.
            let name = (cron.clone(), time_zone.clone());
            if seen.contains(&name) {
                continue;
            }
            let place = self.alarms.len();
            let at = known.get(&name);
            let alarm = at.map(|at| before[*at].clone()).unwrap_or_else(|| Alarm {
                cron: cron.clone(),
                time_zone: time_zone.clone(),
                schedule: None,
                next: Next::After(wall),
            });
            if matches!(alarm.next, Next::After(_)) {
                // Those that have waited go on waiting in their order, before those that are new.
                waiting.push((at.and_then(|at| turns.remove(at)).unwrap_or(usize::MAX), place));
            }
            self.alarms.push(alarm);
            seen.insert(name);
        }
        waiting.sort_unstable();
        self.waiting = waiting.into_iter().map(|(_, place)| place).collect();
        self.triggers = Arc::clone(triggers);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn triggers(crons: &[impl AsRef<str>]) -> Arc<[TriggerDocument]> {
        let trigger = |cron: &str| json!({ "on": { "type": "schedule", "cron": cron }, "do": [{ "type": "emit", "event": "bell" }] });
        crons.iter().map(|cron| serde_json::from_value(trigger(cron.as_ref())).expect("a trigger")).collect()
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

    #[test]
    fn where_more_are_due_than_can_be_looked_up_each_has_its_turn() {
        let crons: Vec<String> = (0..50).map(|month| format!("* * * * {}-12 *", month % 12 + 1)).collect();
        let zones = ["UTC", "Europe/Berlin", "Asia/Tokyo", "America/Lima", "Africa/Cairo"];
        let trigger = |(number, cron): (usize, &String)| {
            let on = json!({ "type": "schedule", "cron": cron, "timeZone": zones[number / 12] });
            serde_json::from_value(json!({ "on": on, "do": [{ "type": "emit", "event": "bell" }] })).expect("a trigger")
        };
        let mut list: Vec<TriggerDocument> = crons.iter().enumerate().map(trigger).collect();
        // All come every second of December.
        let begin = 1_796_200_000_000;
        let mut alarms = Alarms::default();
        let mut rung: HashMap<String, usize> = HashMap::new();
        for second in 0..200 {
            let triggers: Arc<[TriggerDocument]> = list.as_slice().into();
            for cause in alarms.due(&triggers, begin + second * 1000) {
                *rung.entry(format!("{cause:?}")).or_default() += 1;
            }
            // Edits of others do not change whose turn it is.
            list.rotate_left(7);
        }
        assert_eq!(rung.len(), 50);
        let (least, most) = (rung.values().min(), rung.values().max());
        assert!(most.expect("some") - least.expect("some") <= 2, "{least:?} to {most:?}");
        assert!(*least.expect("some") >= 60, "{least:?}");
    }

    #[test]
    fn a_scene_with_many_schedules_is_read_little_by_little() {
        let crons: Vec<String> = (0..1000).map(|number| format!("{} {} * * *", number % 60, number / 60)).collect();
        let (triggers, mut alarms) = (triggers(&crons), Alarms::default());
        for tick in 1..=70 {
            alarms.due(&triggers, 1_800_000_000_000 + tick);
            let read = alarms.alarms.iter().filter(|alarm| alarm.schedule.is_some()).count();
            assert_eq!(read, (tick as usize * LOOKED_UP).min(1000));
        }
    }

    /// Which of `told`, at one time of each day, and `recurring`, each minute, come when the clock shows these times one after
    /// the other: 12:00 and a few seconds of one day, or as many hours, minutes and seconds later.
    fn rung(shown: &[(i64, i64, i64)]) -> Vec<&'static str> {
        /// Noon of 2027-01-15 in UTC.
        const NOON: i64 = 1_800_014_400_000;
        let triggers = triggers(&["0 12 * * *", "* * * * *"]);
        let mut alarms = Alarms::default();
        alarms.due(&triggers, NOON - 500);
        let names = |due: Vec<Cause>| match due.len() {
            0 => "",
            2 => "both",
            _ if due[0] == triggers[0].on => "told",
            _ => "recurring",
        };
        let at = |(hours, minutes, seconds)| NOON + ((hours * 60 + minutes) * 60 + seconds) * 1000;
        shown.iter().map(|time| names(alarms.due(&triggers, at(*time)))).collect()
    }

    #[test]
    fn what_has_come_does_not_come_again_where_the_clock_is_set_back() {
        let seconds = rung(&[(0, 0, 0), (0, 0, 1), (0, 0, -2), (0, 0, 0), (0, 0, 30), (0, 1, 0), (24, 0, 0)]);
        assert_eq!(seconds, ["both", "", "", "", "", "recurring", "both"], "by a few seconds");
        let hours = rung(&[(0, 0, 0), (-2, 0, 30), (-2, 1, 0), (-2, 1, 1), (0, 0, 0), (0, 0, 1), (0, 1, 0)]);
        assert_eq!(hours, ["both", "", "recurring", "", "recurring", "", "recurring"], "by two hours");
        let days = rung(&[(0, 0, 0), (-24, 0, 1), (-24, 1, 0), (-21, 30, 0), (-20, 0, 0), (-18, 0, 0), (-15, 0, 0)]);
        assert_eq!(days[1..3], ["", "recurring"], "by a day: {days:?}");
        // A clock that was a year ahead does not keep what is told waiting for a year.
        let mut day = vec![(365 * 24, 0, 0), (-24, 0, -1)];
        day.extend((0..=24).map(|hour| (hour - 24, 0, 0)));
        let rung = rung(&day);
        assert_eq!(rung.iter().filter(|name| **name == "both").count(), 3, "{rung:?}");
    }

    #[test]
    fn what_the_clock_leaps_over_comes_once_or_is_left_out() {
        assert_eq!(rung(&[(0, 0, 40), (0, 0, 41), (0, 1, 0)]), ["both", "", "recurring"], "seconds");
        assert_eq!(rung(&[(2, 59, 30), (2, 59, 31), (3, 0, 0)]), ["both", "", "recurring"], "hours");
        assert_eq!(rung(&[(3, 0, 30), (3, 0, 31), (3, 1, 0)]), ["", "", "recurring"], "more than three hours");
        assert_eq!(rung(&[(24, 0, 0), (24, 0, 1)]), ["both", ""], "a day, to the very moment");
    }
}
