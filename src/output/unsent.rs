//! What the system holds of what was written to a server: bytes that the server has not confirmed. A link that is too slow
//! shows here first, since the system takes seconds of a stream before the sink has to wait; and so does a server that has
//! stopped reading, which at a low bitrate the sink would notice after minutes.
//!
//! A descriptor of the sink's own socket is what is asked ([`Socket`]), so that nothing is mixed up with other connections to
//! the same server.

use std::{
    ffi::c_int,
    os::fd::{AsFd, AsRawFd, BorrowedFd},
    time::Duration,
};

use super::connecting::Socket;

/// Where `tcpi_bytes_acked` lies in the system's `tcp_info` (`linux/tcp.h`, since Linux 4.1), which the C library's knows
/// nothing of.
const BYTES_ACKED: usize = 120;
/// Where `tcpi_bytes_received` lies in it, likewise since Linux 4.1.
const BYTES_RECEIVED: usize = 128;
/// Where `tcpi_notsent_bytes` lies in it, since Linux 4.6.
const NOT_SENT: usize = 144;
/// Where `tcpi_min_rtt` lies in it, in microseconds, since Linux 4.6. All bits are set while it is not known.
const MIN_RTT: usize = 148;
/// Where `tcpi_snd_wnd` lies in it, since Linux 5.4.
const WINDOW: usize = 228;
/// As much of it as is asked for.
const INFO: usize = WINDOW + size_of::<u32>();

/// What has become of what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// Bytes that wait in the system or are on their way.
    pub(super) unconfirmed: u64,
    /// Bytes that have arrived since the connection was made; `None` if the system does not know.
    pub(super) confirmed: Option<u64>,
    /// Bytes for which the server had room when it was heard of last; `None` if the system does not tell.
    pub(super) window: Option<u64>,
    /// Bytes of the unconfirmed that have not been sent once, since the link or the server takes no more for now; `None` if the
    /// system does not tell.
    pub(super) unsent: Option<u64>,
    /// The shortest way there and back of late; `None` if the system does not tell.
    pub(super) way: Option<Duration>,
}

impl Sent {
    /// That of this socket, if it is open still.
    pub(super) fn by(socket: Socket) -> Option<Self> {
        let socket = socket.borrow()?;
        Some(Self { unconfirmed: unconfirmed(socket.as_fd())?, ..told(socket.as_fd()) })
    }
}

/// Bytes that the peer of this socket has said since the connection was made; `None` if it is closed, or the system does not know.
pub(super) fn heard(socket: Socket) -> Option<u64> {
    let mut info = [0; INFO];
    let known = known(socket.borrow()?.as_fd(), &mut info)?;
    known.get(BYTES_RECEIVED..)?.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes))
}

/// See `SIOCOUTQ` in tcp(7).
#[expect(unsafe_code, reason = "the system is asked by a function of the C library")]
fn unconfirmed(socket: BorrowedFd<'_>) -> Option<u64> {
    let mut bytes: c_int = 0;
    // SAFETY: the descriptor is open for as long as it is borrowed; the system writes one `int`.
    let outcome = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    u64::try_from(bytes).ok().filter(|_| outcome == 0)
}

/// All but the bytes that are not confirmed.
fn told(socket: BorrowedFd<'_>) -> Sent {
    let mut info = [0; INFO];
    let known = known(socket, &mut info);
    let confirmed = known.and_then(|known| known.get(BYTES_ACKED..)?.first_chunk());
    let word =
        |at: usize| known.and_then(|known| known.get(at..)?.first_chunk()).map(|bytes| u32::from_ne_bytes(*bytes));
    let way = word(MIN_RTT).filter(|way| *way != u32::MAX);
    Sent {
        unconfirmed: 0,
        confirmed: confirmed.map(|bytes| u64::from_ne_bytes(*bytes)),
        window: word(WINDOW).map(u64::from),
        unsent: word(NOT_SENT).map(u64::from),
        way: way.map(|micros| Duration::from_micros(micros.into())),
    }
}

/// What the system knows of a connection. See `TCP_INFO` in tcp(7).
#[expect(unsafe_code, reason = "the system is asked by a function of the C library")]
fn known<'info>(socket: BorrowedFd<'_>, info: &'info mut [u8; INFO]) -> Option<&'info [u8]> {
    let mut length = libc::socklen_t::try_from(INFO).ok()?;
    let to = info.as_mut_ptr().cast();
    // SAFETY: the descriptor is open for as long as it is borrowed; the system writes `length` bytes at most, and says how many.
    let outcome =
        unsafe { libc::getsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, to, &raw mut length) };
    usize::try_from(length).ok().filter(|_| outcome == 0).and_then(|length| info.get(..length))
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
            let nothing = Sent::by(socket).unwrap();
            assert_eq!((nothing.unconfirmed, nothing.unsent), (0, Some(0)));
            assert!(nothing.way.is_some_and(|way| way < Duration::from_millis(500)), "{nothing:?}");
            peer.write_all(&[0; 1000]).unwrap();
            stream.read_exact(&mut [0; 1000]).unwrap();
            assert_eq!(heard(socket), Some(1000));
            stream.set_nonblocking(true).unwrap();
            while stream.write(&[0; 65536]).is_ok() {}
            let held = Sent::by(socket).unwrap();
            assert!(held.unconfirmed > 10_000, "{held:?}");
            assert!(held.window < Some(held.unconfirmed), "there is room for no more: {held:?}");
            assert!(held.unsent > Some(10_000), "most of it has not been on its way: {held:?}");
            peer.read_exact(&mut vec![0; 3_000_000]).unwrap();
            let later = Sent::by(socket).unwrap();
            assert!(later.confirmed > held.confirmed, "{later:?} after {held:?}");
            drop(stream);
            assert_eq!(Sent::by(socket), None, "it is closed");
        }
    }
}
