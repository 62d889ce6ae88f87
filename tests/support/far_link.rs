//! A link to a server far away: whatever goes over it comes late, and now and then waits for a packet that was lost.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// Bytes of a packet on the way.
const PACKET: usize = 1400;
/// Packets that are on the way at once; TCP's window of such a link.
const WINDOW: usize = 64;

/// What the link does to packets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Distance {
    /// From one end to the other.
    pub delay: Duration,
    /// Of a hundred packets so many are lost. Each is sent again, after which those behind it arrive too.
    pub lost: u64,
    /// A connection breaks when so many bytes have gone one way, and every other one before a word was said: a server that
    /// always takes the stream and closes the connection at once would be one that does not want it.
    pub breaks_after: Option<usize>,
}

/// The link. It leads for as long as the test runs.
pub struct FarLink {
    /// Where it begins on the loopback interface.
    pub port: u16,
    lost: Arc<AtomicU64>,
    came: Arc<AtomicU64>,
}

impl FarLink {
    /// Leads to `port`.
    pub fn start(port: u16, distance: Distance) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let link = Self { port: listener.local_addr().unwrap().port(), lost: Arc::default(), came: Arc::default() };
        let (lost, came) = (Arc::clone(&link.lost), Arc::clone(&link.came));
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let before = came.fetch_add(1, Ordering::Relaxed);
                if distance.breaks_after.is_some() && before % 2 == 1 {
                    continue;
                }
                let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { continue };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let lost = Arc::clone(&lost);
                    thread::spawn(move || carry(from, to, distance, &lost));
                }
            }
        });
        link
    }

    /// Connections that were made by it so far.
    pub fn came(&self) -> u64 {
        self.came.load(Ordering::Relaxed)
    }

    /// Packets that were lost so far.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, distance: Distance, lost: &AtomicU64) {
    let (send, arrive) = mpsc::sync_channel::<(Instant, Vec<u8>)>(WINDOW);
    thread::spawn(move || {
        let carried = arrive.into_iter().try_for_each(|(at, packet)| {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            to.write_all(&packet)
        });
        // One end is gone, of which the other is told.
        let _ = to.shutdown(Shutdown::Both);
        carried
    });
    let mut packet = [0; PACKET];
    let mut chance = 0x2545_f491_4f6c_dd1d_u64;
    let mut arrives = Instant::now();
    let mut left = distance.breaks_after.unwrap_or(usize::MAX);
    while let Ok(length @ 1..) = from.read(&mut packet) {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        arrives = arrives.max(Instant::now() + distance.delay);
        if chance % 100 < distance.lost {
            lost.fetch_add(1, Ordering::Relaxed);
            // Until it is missed, and has been sent again.
            arrives += distance.delay * 2;
        }
        left = left.saturating_sub(length);
        if left == 0 || send.send((arrives, packet[..length].to_vec())).is_err() {
            break;
        }
    }
    let _: io::Result<()> = from.shutdown(Shutdown::Both);
}
