//! What the system holds of what was written to a server: bytes that the server has not confirmed. A link that is too slow
//! shows here first, since the system takes seconds of a stream before the sink has to wait.
//!
//! The sink keeps its socket to itself, so it is found by whom it is connected to (proc(5), `/proc/net/tcp`). Of several
//! connections of this process to one server the one counts that holds the most.

use std::{
    collections::HashMap,
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    time::Duration,
};

/// From one look to the next.
const PAUSE: Duration = Duration::from_millis(200);
/// That nothing is known yet.
const UNKNOWN: u64 = u64::MAX;
/// The state of a connection that is there (`TCP_ESTABLISHED`, Linux' `net/tcp_states.h`).
const ESTABLISHED: u8 = 1;

/// Looks at the connections to a server until it is dropped.
pub(super) struct Unsent {
    bytes: Arc<AtomicU64>,
    /// Closed when this is dropped, which ends the thread.
    _watching: Sender<()>,
}

impl Unsent {
    /// Watches connections to what `addresses` gives, which may ask a name server. `None` if the system gives no more
    /// threads.
    pub(super) fn watch(addresses: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static) -> Option<Self> {
        let (watching, watched) = channel();
        let bytes = Arc::new(AtomicU64::new(UNKNOWN));
        let told = Arc::clone(&bytes);
        let watch = move || {
            let Ok(addresses) = addresses() else { return };
            let mut own = Own::default();
            while watched.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                let bytes = own.unsent(&addresses, &tables());
                told.store(bytes.unwrap_or(UNKNOWN), Ordering::Relaxed);
            }
        };
        std::thread::Builder::new().name("unsent".to_owned()).spawn(watch).ok()?;
        Some(Self { bytes, _watching: watching })
    }

    /// Bytes; `None` if no connection is known.
    pub(super) fn bytes(&self) -> Option<u64> {
        Some(self.bytes.load(Ordering::Relaxed)).filter(|bytes| *bytes != UNKNOWN)
    }
}

fn tables() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    read("/proc/self/net/tcp") + &read("/proc/self/net/tcp6")
}

/// A connection of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Connection {
    remote: SocketAddr,
    state: u8,
    unsent: u64,
    inode: u64,
}

impl Connection {
    /// A line of the table; `None` for its head.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let remote = address(fields.nth(2)?)?;
        let state = u8::from_str_radix(fields.next()?, 16).ok()?;
        let unsent = u64::from_str_radix(fields.next()?.split_once(':')?.0, 16).ok()?;
        let inode = fields.nth(4)?.parse().ok()?;
        Some(Self { remote, state, unsent, inode })
    }
}

/// An address as the table has it: words in the byte order of the machine, the first in front.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(host.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    let host = match host.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (at, bytes) in bytes.chunks_exact_mut(4).enumerate() {
                bytes.copy_from_slice(&word(at)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(SocketAddr::new(host.to_canonical(), port))
}

/// Which connections are those of this process, as far as it was asked.
#[derive(Default)]
struct Own(HashMap<u64, bool>);

impl Own {
    fn has(&mut self, inode: u64) -> bool {
        *self.0.entry(inode).or_insert_with(|| {
            let name = format!("socket:[{inode}]");
            let descriptors = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
            descriptors.map(|one| one.path()).any(|path| fs::read_link(path).is_ok_and(|to| to.as_os_str() == &*name))
        })
    }

    /// The most that a connection of ours to one of these addresses holds.
    fn unsent(&mut self, addresses: &[SocketAddr], tables: &str) -> Option<u64> {
        let there = tables.lines().filter_map(Connection::parse).filter(|one| one.state == ESTABLISHED);
        let there: Vec<_> = there.filter(|one| addresses.contains(&one.remote)).collect();
        self.0.retain(|inode, _| there.iter().any(|one| one.inode == *inode));
        there.into_iter().filter(|one| self.has(one.inode)).map(|one| one.unsent).max()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[test]
    fn the_system_s_table_is_understood() {
        let line =
            "   1: 0100007F:A1B2 0200007F:078F 01 0000F00D:00000000 01:00000014 00000000  1000        0 4711 2 0 20";
        let expected = Connection {
            remote: if cfg!(target_endian = "little") { "127.0.0.2:1935" } else { "2.0.0.127:1935" }.parse().unwrap(),
            state: ESTABLISHED,
            unsent: 0xf00d,
            inode: 4711,
        };
        assert_eq!(Connection::parse(line), Some(expected));
        assert_eq!(Connection::parse("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when"), None);
    }

    #[test]
    fn what_a_peer_does_not_read_is_found_whoever_else_is_connected() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else { continue };
            let server = listener.local_addr().unwrap();
            let mut own = Own::default();
            assert_eq!(own.unsent(&[server], &tables()), None, "nobody is connected");
            let mut stream = TcpStream::connect(server).unwrap();
            let _silent = listener.accept().unwrap();
            assert_eq!(own.unsent(&[server], &tables()), Some(0));
            stream.set_nonblocking(true).unwrap();
            while stream.write(&[0; 65536]).is_ok() {}
            let held = own.unsent(&[server], &tables()).unwrap();
            assert!(held > 10_000, "{held}");
            let mut elsewhere = server;
            elsewhere.set_port(server.port() ^ 1);
            assert_eq!(own.unsent(&[elsewhere], &tables()), None);
        }
    }
}
