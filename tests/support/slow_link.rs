//! Links to a server that let through no more than so many bytes a second.

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
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpSocket, TcpStream, UdpSocket},
    runtime::Runtime,
    time::Instant,
};

/// Bytes that the system keeps for the link. Few, so that what does not fit waits with the sender, as on a real one.
const KEPT: u32 = 32 << 10;
/// How long a packet may wait in front of a link; what would wait longer is thrown away, as routers do.
const LONGEST_WAIT: Duration = Duration::from_millis(60);
/// How often some of the bytes are let through.
const TURN: Duration = Duration::from_millis(20);

/// A link that is there for as long as this.
pub struct SlowLink {
    pub port: u16,
    rate: Arc<AtomicU64>,
    _runtime: Runtime,
}

impl SlowLink {
    /// A link to `port` on this machine, as fast as it will go.
    pub fn to(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let rate = Arc::new(AtomicU64::new(u64::MAX));
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let entered = runtime.enter();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(KEPT).unwrap();
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let listener = socket.listen(16).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::clone(&rate);
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let rate = Arc::clone(&shared);
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(server).await {
                        carry(client, server, &rate).await;
                    }
                });
            }
        });
        drop(entered);
        Self { port, rate, _runtime: runtime }
    }

    /// Lets through so many kilobits (1000) a second from now on.
    pub fn set_kbps(&self, kbps: u64) {
        self.rate.store(kbps * 1000 / 8, Ordering::Relaxed);
    }
}

/// Carries what the client sends at the rate, and all that the server answers.
async fn carry(client: TcpStream, server: TcpStream, rate: &AtomicU64) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    let mut bytes = vec![0; 16 << 10];
    loop {
        let rate = rate.load(Ordering::Relaxed);
        let turn = (u128::from(rate) * TURN.as_millis() / 1000).clamp(1, bytes.len() as u128) as usize;
        let Ok(count @ 1..) = from_client.read(&mut bytes[..turn]).await else { return };
        if to_server.write_all(&bytes[..count]).await.is_err() {
            return;
        }
        if rate < u64::MAX {
            tokio::time::sleep(Duration::from_secs_f64(count as f64 / rate as f64)).await;
        }
    }
}

/// A link for the packets of one client, which is there for as long as this.
pub struct SlowPackets {
    pub port: u16,
    rate: Arc<AtomicU64>,
    _runtime: Runtime,
}

impl SlowPackets {
    /// A link to `port` on this machine, as fast as it will go.
    pub fn to(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let rate = Arc::new(AtomicU64::new(u64::MAX));
        let shared = Arc::clone(&rate);
        let socket = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
        let (front, back) = runtime.block_on(async { (socket().await.unwrap(), socket().await.unwrap()) });
        let address = front.local_addr().unwrap();
        runtime.spawn(async move { pass(&front, &back, (Ipv4Addr::LOCALHOST, port).into(), &shared).await });
        Self { port: address.port(), rate, _runtime: runtime }
    }

    /// Lets through so many kilobits (1000) a second from now on.
    pub fn set_kbps(&self, kbps: u64) {
        self.rate.store(kbps * 1000 / 8, Ordering::Relaxed);
    }
}

/// Passes what the client sends on at the rate, and all that the server answers.
async fn pass(front: &UdpSocket, back: &UdpSocket, server: SocketAddr, rate: &AtomicU64) {
    let (mut packet, mut answer) = ([0; 2048], [0; 2048]);
    let mut client = None;
    // When the link is done with what it has taken, and the packets that wait for that.
    let mut free = Instant::now();
    let mut waiting = std::collections::VecDeque::<(Instant, Vec<u8>)>::new();
    loop {
        let due = waiting.front().map(|(due, _)| *due);
        tokio::select! {
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                let (_, packet) = waiting.pop_front().unwrap();
                // Nobody may listen.
                let _ = back.send_to(&packet, server).await;
            }
            Ok((count, from)) = front.recv_from(&mut packet) => {
                client = Some(from);
                let now = Instant::now();
                let takes = Duration::from_secs_f64(count as f64 / rate.load(Ordering::Relaxed) as f64);
                if free.saturating_duration_since(now) < LONGEST_WAIT {
                    free = free.max(now) + takes;
                    waiting.push_back((free, packet[..count].to_vec()));
                }
            }
            Ok((count, _)) = back.recv_from(&mut answer) => {
                if let Some(client) = client {
                    let _ = front.send_to(&answer[..count], client).await;
                }
            }
        }
    }
}
