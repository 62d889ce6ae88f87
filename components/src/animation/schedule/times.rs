//! When a cron expression comes, by the clocks of a time zone.
//!
//! On the two days of the year on which these are put forward and back it is as with cron. (Vixie's, cron(8) of Debian;
//! it tells the two kinds apart by a `*` in the hour or minute too.)
//!
//! - What comes at times that are told one by one, in lists or ranges (`30 2 * * *`, `0 2,3 * * *`), comes once each: at a
//!   time that is leapt over as soon as the clocks have been put forward, at one that the clocks show twice the first time.
//!   Several that are leapt over come together.
//! - What has a `*` or a step for its hour, minute or second (`*/30 * * * *`, `0 * * * *`) comes whenever the clocks show
//!   such a time: not at one that is leapt over, and twice at one that they show twice. So what comes each half hour does so
//!   through the night.

use jiff::{
    SignedDuration, Timestamp, Zoned, civil,
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use super::{Cron, ZoneName};

/// What cron expressions count in.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A cron expression in a time zone, made ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    pattern: croner::Cron,
    zone: TimeZone,
    recurs: bool,
}

impl Schedule {
    /// The times of `cron` by the clocks of `zone`.
    #[must_use]
    pub fn new(cron: &Cron, zone: &ZoneName) -> Option<Self> {
        let pattern: croner::Cron = cron.0.parse().ok()?;
        let of_day = [&pattern.pattern.seconds, &pattern.pattern.minutes, &pattern.pattern.hours];
        let recurs = of_day.iter().any(|field| field.from_wildcard || field.step != 1);
        Some(Self { pattern, zone: TimeZone::get(&zone.0).ok()?, recurs })
    }

    /// Whether it comes whenever the clocks show such a time, rather than once at each of the times that it tells: its
    /// hour, minute or second has a `*` or a step.
    #[must_use]
    pub fn recurs(&self) -> bool {
        self.recurs
    }

    /// The next time after `after`, both in milliseconds since 1970 began in UTC; `None` if none comes.
    #[must_use]
    pub fn next(&self, after: i64) -> Option<i64> {
        let after = Timestamp::from_millisecond(after).ok()?;
        let next = if self.recurs { self.shown_after(after) } else { self.told_after(after) };
        next.map(Timestamp::as_millisecond)
    }

    /// The next moment at which the clocks show a time that it tells.
    fn shown_after(&self, after: Timestamp) -> Option<Timestamp> {
        Some(self.pattern.find_next_occurrence(&after.to_zoned(self.zone.clone()), false).ok()?.timestamp())
    }

    /// The same where each time that it tells comes once, whether the clocks show it never, once or twice.
    fn told_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut shown = self.unrepeated(after);
        loop {
            shown = self.told_from(shown)?;
            let moment = self.moment(shown)?;
            // Of several that are leapt over all come together.
            if moment > after {
                return Some(moment);
            }
        }
    }

    /// The first time after `shown` that it tells, whether the clocks ever show it or not.
    fn told_from(&self, shown: civil::DateTime) -> Option<civil::DateTime> {
        // There is no time in UTC that is not shown.
        let shown: Zoned = shown.to_zoned(TimeZone::UTC).ok()?;
        Some(self.pattern.find_next_occurrence(&shown, false).ok()?.datetime())
    }

    /// The time that the clocks show at a moment or, where they show it for the second time, the last that they do: all
    /// up to that have come.
    fn unrepeated(&self, moment: Timestamp) -> civil::DateTime {
        let shown = self.zone.to_datetime(moment);
        match self.zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Fold { before, after } if self.zone.to_offset(moment) == after => {
                let put_back = self.zone.preceding(moment.checked_add(SECOND).unwrap_or(moment)).next();
                let until = put_back.map(|change| before.to_datetime(change.timestamp()));
                until.and_then(|until| until.checked_sub(SECOND).ok()).unwrap_or(shown)
            }
            _ => shown,
        }
    }

    /// The moment at which the clocks show a time for the first time or, where they leap over it, at which they do.
    fn moment(&self, shown: civil::DateTime) -> Option<Timestamp> {
        let of = |offset: Offset| offset.to_timestamp(shown).ok();
        match self.zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => of(offset),
            AmbiguousOffset::Fold { before, .. } => of(before),
            AmbiguousOffset::Gap { after, .. } => {
                // Before the clocks were put forward, if they had been by then.
                let early = of(after)?;
                let leap = self.zone.following(early).find(|change| change.offset() == after)?;
                Some(leap.timestamp())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, zone: &str, after: &str) -> Option<String> {
        let schedule = Schedule::new(&cron.parse().expect("a cron expression"), &zone.parse().expect("a time zone"));
        let after: Timestamp = after.parse().expect("a time");
        let next = schedule.expect("both were read").next(after.as_millisecond())?;
        Some(Timestamp::from_millisecond(next).expect("a time").to_string())
    }

    #[test]
    fn the_next_time_is_by_the_clocks_of_the_zone() {
        let cases = [
            ("0 20 * * FRI", "Europe/Berlin", "2026-11-21T12:00:00Z", "2026-11-27T19:00:00Z"),
            ("0 20 * * FRI", "Europe/Berlin", "2026-07-01T12:00:00Z", "2026-07-03T18:00:00Z"),
            ("0 20 * * FRI", "UTC", "2026-11-27T20:00:00Z", "2026-12-04T20:00:00Z"),
            ("*/10 * * * * *", "UTC", "2026-11-27T20:00:00.001Z", "2026-11-27T20:00:10Z"),
        ];
        for (cron, zone, after, expected) in cases {
            let found = next(cron, zone, after);
            assert_eq!(found.as_deref(), Some(expected), "{cron} in {zone} after {after}");
        }
    }

    #[test]
    fn what_seldom_comes_is_waited_for() {
        let cases = [
            ("0 0 29 2 *", Some("2028-02-29T00:00:00Z")),
            ("0 0 29 2 +MON", Some("2044-02-29T00:00:00Z")),
            ("0 0 0 1 1 * 2199", Some("2199-01-01T00:00:00Z")),
            ("0 0 0 1 1 * 2026", None),
        ];
        for (cron, expected) in cases {
            assert_eq!(next(cron, "UTC", "2026-11-21T12:00:00Z").as_deref(), expected, "{cron}");
        }
    }

    /// All times from a moment on, which does not count, up to another one: hours and minutes in UTC.
    fn all(cron: &str, zone: &str, (from, until): (&str, &str)) -> String {
        let mut times = Vec::new();
        let mut after = from.to_owned();
        while let Some(time) = next(cron, zone, &after).filter(|time| **time <= *until) {
            times.push(time[11..16].to_owned());
            after = time;
        }
        times.join(" ")
    }

    /// The clocks of Berlin go from two to three at 01:00 in UTC, those of New York at 07:00; those of Lord Howe go from two
    /// to half past two at 15:30.
    #[test]
    fn where_clocks_are_put_forward_what_is_told_comes_once_and_what_recurs_as_they_show() {
        let berlin = ("Europe/Berlin", ("2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z"));
        let new_york = ("America/New_York", ("2026-03-08T06:00:00Z", "2026-03-08T09:00:00Z"));
        let lord_howe = ("Australia/Lord_Howe", ("2026-10-03T14:30:00Z", "2026-10-03T17:00:00Z"));
        let cases = [
            (berlin, "30 2 * * *", "01:00"),
            (berlin, "0 2,3 * * *", "01:00"),
            (berlin, "0,30 2 * * *", "01:00"),
            (berlin, "30 1-3 * * *", "00:30 01:00 01:30"),
            (berlin, "*/30 * * * *", "00:30 01:00 01:30 02:00 02:30 03:00"),
            (berlin, "0 * * * *", "01:00 02:00 03:00"),
            (berlin, "*/30 2,3 * * *", "01:00 01:30"),
            (new_york, "0 2,3 * * *", "07:00"),
            (new_york, "15 1,2,3 * * *", "06:15 07:00 07:15"),
            (new_york, "*/30 * * * *", "06:30 07:00 07:30 08:00 08:30 09:00"),
            (lord_howe, "15 1,2,3 * * *", "14:45 15:30 16:15"),
            (lord_howe, "0 2,3 * * *", "15:30 16:00"),
            (lord_howe, "*/30 * * * *", "15:00 15:30 16:00 16:30 17:00"),
        ];
        for ((zone, span), cron, expected) in cases {
            assert_eq!(all(cron, zone, span), expected, "{cron} in {zone}");
        }
    }

    /// The clocks of Berlin go from three to two at 01:00 in UTC, those of New York from two to one at 06:00; those of Lord
    /// Howe go from two to half past one at 15:00.
    #[test]
    fn where_clocks_are_put_back_what_is_told_comes_once_and_what_recurs_as_they_show() {
        let berlin = ("Europe/Berlin", ("2026-10-24T23:30:00Z", "2026-10-25T03:00:00Z"));
        let later = ("Europe/Berlin", ("2026-10-25T01:10:00Z", "2026-10-25T03:00:00Z"));
        let new_york = ("America/New_York", ("2026-11-01T04:30:00Z", "2026-11-01T08:00:00Z"));
        let lord_howe = ("Australia/Lord_Howe", ("2026-04-04T14:00:00Z", "2026-04-04T17:00:00Z"));
        let cases = [
            (berlin, "30 2 * * *", "00:30"),
            (berlin, "0 2,3 * * *", "00:00 02:00"),
            (berlin, "0,59 2-3 * * *", "00:00 00:59 02:00 02:59"),
            (berlin, "*/30 * * * *", "00:00 00:30 01:00 01:30 02:00 02:30 03:00"),
            (berlin, "0 * * * *", "00:00 01:00 02:00 03:00"),
            (berlin, "*/30 2 * * *", "00:00 00:30 01:00 01:30"),
            (later, "0,30 2,3 * * *", "02:00 02:30"),
            (later, "*/30 * * * *", "01:30 02:00 02:30 03:00"),
            (new_york, "0 1,2 * * *", "05:00 07:00"),
            (new_york, "*/30 * * * *", "05:00 05:30 06:00 06:30 07:00 07:30 08:00"),
            (lord_howe, "45 1 * * *", "14:45"),
            (lord_howe, "0,30 1,2 * * *", "14:30 15:30 16:00"),
            (lord_howe, "*/30 * * * *", "14:30 15:00 15:30 16:00 16:30 17:00"),
        ];
        for ((zone, span), cron, expected) in cases {
            assert_eq!(all(cron, zone, span), expected, "{cron} in {zone}");
        }
    }

    #[test]
    fn a_day_that_a_zone_leaves_out_is_leapt_over_too() {
        // Samoa went from the 29th to the 31st of December.
        let span = ("2011-12-29T12:00:00Z", "2011-12-31T09:00:00Z");
        assert_eq!(all("0 6 30 12 *", "Pacific/Apia", span), "10:00");
        assert_eq!(all("0 6 * * *", "Pacific/Apia", span), "16:00 10:00 16:00");
    }
}
