//! A host that does not answer for a while, as one that is being started anew.

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
    fs,
    io::copy,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// One that asks for a connection and has not been answered yet.
const ASKING: &str = "02";
/// A connection that is there.
const CONNECTED: &str = "01";

/// A host in front of a server, which takes connections only when it is told to: until then it has as many as it may have
/// waiting, and the system throws away what asks for more.
pub struct Vanished {
    pub port: u16,
    listener: TcpListener,
    waiting: Vec<TcpStream>,
}

impl Vanished {
    /// One that does not answer.
    pub fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let patience = Duration::from_millis(500);
        let waiting = std::iter::from_fn(|| TcpStream::connect_timeout(&address, patience).ok()).collect();
        Self { port: address.port(), listener, waiting }
    }

    /// Answers from now on, and has a server on this port do so.
    pub fn come_back(self, server: u16) {
        drop(self.waiting);
        thread::spawn(move || {
            for client in self.listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], server))) else { continue };
                carry(client.try_clone().unwrap(), server.try_clone().unwrap());
                carry(server, client);
            }
        });
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        // Whoever goes away, the other one is told.
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}

/// The port of the socket that has asked for a connection to this port more than twice: after this the system waits for four
/// seconds until it asks again.
pub fn asks_in_vain(port: u16) -> Option<u16> {
    sockets(port, ASKING).into_iter().find(|socket| socket.repeated >= 2).map(|socket| socket.port)
}

/// The ports of those who are connected to this port.
pub fn connected_to(port: u16) -> Vec<u16> {
    sockets(port, CONNECTED).iter().map(|socket| socket.port).collect()
}

struct Socket {
    port: u16,
    /// How often what it sent last was sent again.
    repeated: u32,
}

/// The sockets in this state whose other end is this port of the loopback interface.
fn sockets(peer: u16, state: &str) -> Vec<Socket> {
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next()?, 16).ok();
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            // Number, own address, other address, state, queues, timer, how often it was repeated; proc(5).
            let fields: Vec<&str> = line.split_whitespace().collect();
            let repeated = u32::from_str_radix(fields.get(6)?, 16).ok()?;
            let socket = Socket { port: port(fields[1])?, repeated };
            (port(fields[2]) == Some(peer) && fields[3] == state).then_some(socket)
        })
        .collect()
}
