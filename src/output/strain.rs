//! How far a link is behind with what it was given, as its sink and the system know it: what waits there, our own queue does
//! not see.

use std::time::{Duration, Instant};

use gstreamer as gst;

use super::{connecting::Socket, standstill::Standstill, throughput::Throughput, unsent::Sent};

/// Nothing is made of what is seen for so long after the beginning, when a connection has to find its pace.
const BEGINNING: Duration = Duration::from_secs(1);
/// The longest way there and back that is believed.
const LONGEST_WAY: Duration = Duration::from_secs(1);
/// From one look at the statistics of SRT to the next.
const TURN: Duration = Duration::from_millis(500);
/// What packets that came too late to be sent count as: a queue that is too long.
const TOO_LATE: Duration = Duration::from_secs(1);
/// What it counts as if every packet is lost on the way. Every fifth is too much; every thirtieth is not.
const ALL_LOST: Duration = Duration::from_millis(3500);

/// What waits beyond our own queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Strain {
    /// Bytes that wait in the system.
    pub(super) bytes: u64,
    /// The kilobits per second that the link takes, which is known while something waits for it all the time.
    pub(super) takes: Option<u32>,
    /// Since when that has been measured; `None` if it is remembered only.
    pub(super) measured_since: Option<Instant>,
    /// A time besides them.
    pub(super) lag: Duration,
    /// For how long nothing of it has arrived.
    pub(super) still: Duration,
    /// For how long that may be with this connection without meaning anything.
    pub(super) usual: Duration,
    /// When some of it arrived last, if that is known.
    pub(super) arrived: Option<Instant>,
}

impl Strain {
    /// How long that lasts: at what the link takes or, where that is not known, at so many kbit/s; if they are not known yet, at
    /// none.
    pub(super) fn lasts(self, kbps: u32) -> Duration {
        let kbps = self.takes.unwrap_or(kbps);
        let waits = (self.bytes * 8).checked_div(u64::from(kbps)).unwrap_or(0);
        Duration::from_millis(waits) + self.lag
    }
}

/// Watches the strain on the link of one connection.
pub(super) enum Watch {
    /// There is no link, or nothing is known of it.
    Nothing,
    /// A connection over TCP.
    Tcp(Socket, Way, Standstill, Throughput),
    /// One over SRT.
    Srt(Losses),
}

impl Watch {
    /// That of a connection by this socket, which is there since a moment ago.
    pub(super) fn tcp(socket: Socket, now: Instant) -> Self {
        Self::Tcp(socket, Way::new(now), Standstill::default(), Throughput::default())
    }

    /// That of one over SRT.
    pub(super) fn srt(now: Instant) -> Self {
        Self::Srt(Losses::new(now))
    }

    /// What waits at `now`, while so many kbit/s are sent.
    pub(super) fn look(&mut self, stats: impl FnOnce() -> Option<gst::Structure>, kbps: f64, now: Instant) -> Strain {
        match self {
            Self::Nothing => Strain::default(),
            Self::Tcp(socket, way, standstill, throughput) => {
                let sent = Sent::by(*socket).unwrap_or_default();
                let takes = throughput.measure(sent, now);
                let bytes = way.beyond(sent, takes.map_or(kbps, f64::from), now);
                let still = standstill.lasts(sent, now);
                let (usual, arrived) = (standstill.usual(), standstill.arrived());
                let measured_since = throughput.since();
                Strain { bytes, takes, measured_since, still, usual, arrived, ..Strain::default() }
            }
            Self::Srt(losses) => {
                if losses.is_due(now)
                    && let Some(counts) = stats().as_ref().and_then(Counts::read)
                {
                    losses.take(counts, now);
                }
                Strain { lag: losses.lag, ..Strain::default() }
            }
        }
    }
}

/// How long the way to the server and back is: what is sent meanwhile is not confirmed, and does not wait either. The system
/// measures it; where it does not tell, it is taken for what has been on its way at least, which on a link that is too slow from
/// the beginning is too much.
pub(super) struct Way {
    began: Instant,
    /// In seconds.
    shortest: f64,
}

impl Way {
    fn new(now: Instant) -> Self {
        Self { began: now, shortest: LONGEST_WAY.as_secs_f64() }
    }

    /// How many of the bytes that are not confirmed are more than what is on the way, when so many kbit/s get off.
    #[expect(clippy::cast_precision_loss, reason = "bytes that a system holds for one connection")]
    fn beyond(&mut self, sent: Sent, kbps: f64, now: Instant) -> u64 {
        let (bytes, a_second) = (sent.unconfirmed, kbps * 125.0);
        if now.saturating_duration_since(self.began) < BEGINNING {
            return 0;
        }
        if a_second < 1.0 {
            // Nothing has been sent for a while: all of it waits.
            return bytes;
        }
        let way = sent.way.map_or(bytes as f64 / a_second, |way| way.as_secs_f64());
        self.shortest = self.shortest.min(way);
        // Half as much again, since frames come in bursts.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a second's worth of bytes")]
        let on_the_way = (self.shortest * 1.5 * a_second) as u64;
        bytes.saturating_sub(on_the_way)
    }
}

/// What `srtsink` has counted since it connected.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    sent: u64,
    /// That the listener missed.
    lost: u64,
    /// That were too late to be sent.
    dropped: u64,
    /// Seconds there and back.
    way: f64,
}

impl Counts {
    fn read(stats: &gst::Structure) -> Option<Self> {
        let count = |name| stats.get::<i32>(name).ok().map(|count| u64::from(count.unsigned_abs()));
        Some(Self {
            sent: stats.get::<i64>("packets-sent").ok()?.unsigned_abs(),
            lost: count("packets-sent-lost")?,
            dropped: count("packets-sent-dropped")?,
            way: stats.get::<f64>("rtt-ms").ok()?.max(0.0) / 1000.0,
        })
    }
}

/// What becomes of packets on the way to a listener for SRT, which sends whatever it is given at once.
pub(super) struct Losses {
    began: Instant,
    looked: Instant,
    before: Option<Counts>,
    /// The shortest way so far, in seconds.
    shortest: f64,
    lag: Duration,
}

impl Losses {
    fn new(now: Instant) -> Self {
        Self { began: now, looked: now, before: None, shortest: f64::INFINITY, lag: Duration::ZERO }
    }

    fn is_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.looked) >= TURN
    }

    fn take(&mut self, counts: Counts, now: Instant) {
        self.looked = now;
        if now.saturating_duration_since(self.began) < BEGINNING {
            return;
        }
        let Some(before) = self.before.replace(counts) else { return };
        self.shortest = self.shortest.min(counts.way);
        let since = |count: fn(&Counts) -> u64| count(&counts).saturating_sub(count(&before));
        let (sent, lost) = (since(|counts| counts.sent), since(|counts| counts.lost));
        #[expect(clippy::cast_precision_loss, reason = "packets of half a second")]
        let share = (lost as f64 / sent.max(1) as f64).min(1.0);
        let late = if since(|counts| counts.dropped) > 0 { TOO_LATE } else { Duration::ZERO };
        let longer = Duration::from_secs_f64((counts.way - self.shortest).clamp(0.0, LONGEST_WAY.as_secs_f64()));
        self.lag = late.max(longer).max(ALL_LOST.mul_f64(share));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(begin: Instant, tenths: u32) -> Instant {
        begin + Duration::from_millis(100) * tenths
    }

    #[test]
    fn what_is_on_a_long_way_does_not_wait() {
        let begin = Instant::now();
        for told in [None, Some(Duration::from_millis(200))] {
            let mut way = Way::new(begin);
            let mut beyond = |unconfirmed, kbps, tenths| {
                way.beyond(Sent { unconfirmed, way: told, ..Sent::default() }, kbps, at(begin, tenths))
            };
            assert_eq!(beyond(1_000_000, 4000.0, 0), 0, "nothing is known yet");
            // 200 ms at 4 Mbit/s are 100 kB.
            for tenths in 10..100 {
                let burst = if tenths % 2 == 0 { 30_000 } else { 0 };
                assert_eq!(beyond(100_000 + burst, 4000.0, tenths), 0);
            }
            let waits = beyond(600_000, 4000.0, 100);
            assert_eq!(waits, 450_000);
            let strain = Strain { bytes: waits, ..Strain::default() };
            assert_eq!(strain.lasts(4000), Duration::from_millis(900));
            assert_eq!(Strain { takes: Some(1000), ..strain }.lasts(4000), Duration::from_millis(3600));
            assert_eq!(beyond(600_000, 0.0, 101), 600_000, "nothing is sent any more, so nothing is on the way");
        }
    }

    #[test]
    fn a_link_that_is_too_slow_from_the_beginning_is_not_taken_for_a_long_way() {
        let begin = Instant::now();
        let mut way = Way::new(begin);
        let sent = Sent { unconfirmed: 400_000, way: Some(Duration::from_millis(20)), ..Sent::default() };
        assert_eq!(way.beyond(sent, 4000.0, at(begin, 11)), 385_000);
    }

    #[test]
    fn a_link_that_loses_or_delays_packets_is_behind() {
        let begin = Instant::now();
        let lag = |sent: u64, lost: u64, dropped: u64, way: f64| {
            let mut losses = Losses::new(begin);
            losses.take(Counts { way: 0.02, ..Counts::default() }, at(begin, 20));
            losses.take(Counts { sent: 100, lost: 0, dropped: 0, way: 0.02 }, at(begin, 25));
            assert!(!losses.is_due(at(begin, 26)) && losses.is_due(at(begin, 30)));
            losses.take(Counts { sent: 100 + sent, lost, dropped, way }, at(begin, 30));
            losses.lag
        };
        assert_eq!(lag(200, 0, 0, 0.02), Duration::ZERO);
        assert_eq!(lag(200, 2, 0, 0.02), Duration::from_millis(35), "one in a hundred is no reason");
        assert_eq!(lag(200, 50, 0, 0.02), Duration::from_millis(875));
        assert_eq!(lag(200, 0, 1, 0.02), Duration::from_secs(1));
        assert_eq!(lag(200, 0, 0, 0.52), Duration::from_millis(500), "what is on the way waits in some router");
    }
}
