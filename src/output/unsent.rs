//! What the system holds of what was written to a server: bytes that the server has not confirmed. A link that is too slow
//! shows here first, since the system takes seconds of a stream before the sink has to wait; and so does a server that has
//! stopped reading, which at a low bitrate the sink would notice after minutes.
//!
//! A descriptor of the sink's own socket is what is asked ([`Socket`]), so that nothing is mixed up with other connections to
//! the same server.

use std::{
    ffi::c_int,
    os::fd::{AsFd, AsRawFd, BorrowedFd},
    time::{Duration, Instant},
};

use super::connecting::Socket;

/// Where `tcpi_bytes_acked` lies in the system's `tcp_info` (`linux/tcp.h`, since Linux 4.1), which the C library's knows
/// nothing of.
const BYTES_ACKED: usize = 120;
/// As much of it as is asked for.
const INFO: usize = BYTES_ACKED + size_of::<u64>();

/// What has become of what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// Bytes that wait in the system or are on their way.
    pub(super) unconfirmed: u64,
    /// Bytes that have arrived since the connection was made; `None` if the system does not know.
    pub(super) confirmed: Option<u64>,
}

impl Sent {
    /// That of this socket, if it is open still.
    pub(super) fn by(socket: Socket) -> Option<Self> {
        let socket = socket.borrow()?;
        Some(Self { unconfirmed: unconfirmed(socket.as_fd())?, confirmed: confirmed(socket.as_fd()) })
    }
}

/// See `SIOCOUTQ` in tcp(7).
#[expect(unsafe_code, reason = "the system is asked by a function of the C library")]
fn unconfirmed(socket: BorrowedFd<'_>) -> Option<u64> {
    let mut bytes: c_int = 0;
    // SAFETY: the descriptor is open for as long as it is borrowed; the system writes one `int`.
    let outcome = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    u64::try_from(bytes).ok().filter(|_| outcome == 0)
}

/// See `TCP_INFO` in tcp(7).
#[expect(unsafe_code, reason = "the system is asked by a function of the C library")]
fn confirmed(socket: BorrowedFd<'_>) -> Option<u64> {
    let mut info = [0_u8; INFO];
    let mut length = libc::socklen_t::try_from(INFO).ok()?;
    let to = info.as_mut_ptr().cast();
    // SAFETY: the descriptor is open for as long as it is borrowed; the system writes `length` bytes at most, and says how many.
    let outcome =
        unsafe { libc::getsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, to, &raw mut length) };
    let is_whole = outcome == 0 && usize::try_from(length).is_ok_and(|length| length == INFO);
    info.last_chunk().filter(|_| is_whole).map(|bytes| u64::from_ne_bytes(*bytes))
}

/// How many times as long as it has been before nothing may arrive until that means something.
const PATIENCE: u32 = 3;
/// The longest that a connection's own pauses may make anybody wait.
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// What is left of the longest pause each time that something has arrived: at ten looks a second most of it is forgotten
/// after a quarter of a minute in which all goes well.
const REMEMBERED: f64 = 0.985;

/// For how long nothing has arrived at a server although something is on its way to it, and how long that is with this
/// connection at times: once the receive buffer of a server that reads slowly is full, its system takes nothing until a good
/// part of that is free, and what is confirmed moves on in leaps, seconds from each other.
#[derive(Debug, Default)]
pub(super) struct Standstill {
    confirmed: u64,
    since: Option<Instant>,
    /// The longest pause after which it went on, less what is forgotten of it.
    longest: Duration,
}

impl Standstill {
    /// Takes note of how it is at `now`. A link that is slow or loses packets, or a server that reads slowly, moves on all the
    /// same; a server that reads nothing has its system confirm what that has room for, and no more.
    pub(super) fn lasts(&mut self, sent: Sent, now: Instant) -> Duration {
        let Some(confirmed) = sent.confirmed else { return Duration::ZERO };
        if sent.unconfirmed == 0 || confirmed != self.confirmed {
            let lasted = self.since.take().map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
            self.longest = self.longest.mul_f64(REMEMBERED).max(lasted);
        } else {
            self.since.get_or_insert(now);
        }
        self.confirmed = confirmed;
        self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Pauses up to this long are nothing out of the ordinary with this connection.
    pub(super) fn usual(&self) -> Duration {
        (self.longest * PATIENCE).min(MOST_PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[test]
    fn what_a_peer_does_not_read_waits_and_what_it_reads_has_arrived() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else { continue };
            let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let socket = Socket::behind(stream.as_raw_fd()).unwrap();
            let (mut peer, _) = listener.accept().unwrap();
            assert_eq!(Sent::by(socket).map(|sent| sent.unconfirmed), Some(0));
            stream.set_nonblocking(true).unwrap();
            while stream.write(&[0; 65536]).is_ok() {}
            let held = Sent::by(socket).unwrap();
            assert!(held.unconfirmed > 10_000, "{held:?}");
            peer.read_exact(&mut vec![0; 3_000_000]).unwrap();
            let later = Sent::by(socket).unwrap();
            assert!(later.confirmed > held.confirmed, "{later:?} after {held:?}");
            drop(stream);
            assert_eq!(Sent::by(socket), None, "it is closed");
        }
    }

    #[test]
    fn only_what_does_not_move_at_all_stands_still() {
        let begin = Instant::now();
        let mut standstill = Standstill::default();
        let mut at = |tenths: u32, unconfirmed, confirmed| {
            let sent = Sent { unconfirmed, confirmed };
            standstill.lasts(sent, begin + Duration::from_millis(100) * tenths).as_millis()
        };
        // More waits all the time, and some arrives.
        assert_eq!([at(0, 100, Some(10)), at(10, 5000, Some(11)), at(20, 90_000, Some(12))], [0; 3]);
        assert_eq!([at(30, 90_000, Some(12)), at(31, 91_000, Some(12)), at(60, 99_000, Some(12))], [0, 100, 3000]);
        assert_eq!(at(61, 99_000, Some(13)), 0, "it goes on");
        // There is nothing to send.
        assert_eq!([at(70, 0, Some(20)), at(90, 0, Some(20)), at(110, 5, Some(20))], [0; 3]);
        assert_eq!([at(120, 5, None), at(150, 5, None)], [0; 2], "nothing is known");
    }

    #[test]
    fn pauses_that_a_connection_makes_again_and_again_are_usual_with_it() {
        let begin = Instant::now();
        let mut standstill = Standstill::default();
        let mut arrived = 0;
        let mut look = |tenths: u32, moves: bool| {
            arrived += u64::from(moves);
            let sent = Sent { unconfirmed: 90_000, confirmed: Some(arrived) };
            let still = standstill.lasts(sent, begin + Duration::from_millis(100) * tenths);
            (still, standstill.usual())
        };
        // It leaps every six seconds.
        for tenths in 0..600 {
            let (still, usual) = look(tenths, tenths % 60 == 0);
            assert!(tenths <= 60 || still < usual, "{still:?} of {usual:?}");
            assert!(tenths > 60 || usual.is_zero() || tenths == 60, "nothing is usual before it has been");
        }
        // All goes well, for long.
        for tenths in 600..900 {
            look(tenths, true);
        }
        assert!(look(900, true).1 < Duration::from_secs(2), "it is forgotten");
        // Even a pause of minutes gives nobody a right to more than one.
        look(901, false);
        assert_eq!(look(9000, true).1, MOST_PATIENCE);
    }
}
