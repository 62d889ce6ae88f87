//! RTMP servers that behave badly, each in its own way.

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
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// What a server does to those who come.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// It takes the connection and never reads or says anything.
    Silent,
    /// It shakes hands, reads what comes, and never says another word. Only those who have asked for something have come.
    Ignores,
    /// It resets the connection.
    Resets,
    /// It shakes hands, takes the application, and then says that this stream may not be published.
    Denies,
    /// It shakes hands, and closes the connection then.
    TurnsAway,
    /// It takes the stream, and closes the connection with its first packets. Only those who get so far have come.
    CutsShort,
    /// It takes the stream, and asks without end whether the client is there.
    Floods,
}

/// A server that runs for as long as the test.
pub struct RudeServer {
    address: SocketAddr,
    came: Arc<AtomicU64>,
    is_away: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl RudeServer {
    pub fn start(manner: Manner) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = Self { address, came: Arc::default(), is_away: Arc::default(), listener: None };
        server.listen(manner);
        server
    }

    fn listen(&mut self, manner: Manner) {
        let listener = TcpListener::bind(self.address).unwrap();
        self.address = listener.local_addr().unwrap();
        let (came, is_away) = (Arc::clone(&self.came), Arc::clone(&self.is_away));
        is_away.store(false, Ordering::Relaxed);
        let serve = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if is_away.load(Ordering::Relaxed) {
                    return;
                }
                if !matches!(manner, Manner::CutsShort | Manner::Ignores) {
                    came.fetch_add(1, Ordering::Relaxed);
                }
                let came = Arc::clone(&came);
                // Clients may leave at any moment.
                thread::spawn(move || treat(stream, manner, &came));
            }
        };
        self.listener = Some(thread::spawn(serve));
    }

    /// Takes no connection any more.
    pub fn go_away(&mut self) {
        self.is_away.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        self.listener.take().unwrap().join().unwrap();
    }

    /// Is there again, where it was.
    pub fn come_back(&mut self, manner: Manner) {
        self.listen(manner);
    }

    /// The address of a stream on it.
    pub fn url(&self, key: &str) -> String {
        format!("rtmp://{}/live/{key}", self.address)
    }

    /// Connections that were made to it.
    pub fn came(&self) -> u64 {
        self.came.load(Ordering::Relaxed)
    }
}

fn treat(mut stream: TcpStream, manner: Manner, came: &AtomicU64) -> io::Result<()> {
    match manner {
        Manner::Silent => loop {
            // It holds the connection for as long as the test lasts.
            thread::park();
        },
        Manner::Ignores => {
            shake_hands(&mut stream)?;
            stream.read_exact(&mut [0])?;
            came.fetch_add(1, Ordering::Relaxed);
            while stream.read(&mut [0; 4096])? > 0 {}
            Ok(())
        }
        Manner::Resets => {
            // What was sent and not read when a socket is closed makes a reset of it.
            stream.peek(&mut [0])?;
            Ok(())
        }
        Manner::TurnsAway => {
            shake_hands(&mut stream)?;
            stream.read_exact(&mut [0; 64])?;
            drain(&mut stream)
        }
        Manner::Denies => {
            answer_publish(&mut stream, "error", "NetStream.Publish.Denied")?;
            // It waits for the client to go.
            while stream.read(&mut [0; 4096])? > 0 {}
            Ok(())
        }
        Manner::CutsShort => {
            answer_publish(&mut stream, "status", "NetStream.Publish.Start")?;
            // More than the sink sends before it knows that its stream is taken.
            let mut bytes = 0;
            while bytes < 20_000 {
                bytes += stream.read(&mut [0; 4096])?;
            }
            came.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        Manner::Floods => {
            answer_publish(&mut stream, "status", "NetStream.Publish.Start")?;
            let mut incoming = stream.try_clone()?;
            thread::spawn(move || while incoming.read(&mut [0; 65536]).is_ok_and(|count| count > 0) {});
            // A ping request (RTMP 1.0, section 7.1.7), many times.
            let pings = [2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1].repeat(1000);
            loop {
                stream.write_all(&pings)?;
            }
        }
    }
}

/// Takes the application, and gives this answer to the request to publish.
fn answer_publish(stream: &mut TcpStream, level: &str, code: &str) -> io::Result<()> {
    shake_hands(stream)?;
    drain(stream)?;
    let connected = object(&[("level", "status"), ("code", "NetConnection.Connect.Success")]);
    send(stream, &[string("_result"), number(1.0), object(&[("fmsVer", "FMS/3,0")]), connected].concat())?;
    drain(stream)?;
    // Whichever of its requests was the one for a stream.
    for request in 2..6 {
        send(stream, &[string("_result"), number(f64::from(request)), vec![5], number(1.0)].concat())?;
    }
    drain(stream)?;
    let answer = [("level", level), ("code", code), ("description", "as it is")];
    send(stream, &[string("onStatus"), number(0.0), vec![5], object(&answer)].concat())
}

/// The simple handshake of RTMP 1.0, section 5.2.
fn shake_hands(stream: &mut TcpStream) -> io::Result<()> {
    let mut hello = [0; 1537];
    stream.read_exact(&mut hello)?;
    stream.write_all(&[&[3][..], &[0; 1536], &hello[1..]].concat())?;
    stream.read_exact(&mut [0; 1536])
}

/// Reads until the client has nothing more to say for a moment.
fn drain(stream: &mut TcpStream) -> io::Result<()> {
    stream.set_read_timeout(None)?;
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer)? > 0 {
        stream.set_read_timeout(Some(Duration::from_millis(150)))?;
        if stream.peek(&mut [0]).is_err() {
            break;
        }
    }
    stream.set_read_timeout(None)
}

/// A command message of AMF 0, on message stream 1, in chunks of 128 bytes (RTMP 1.0, sections 5.3 and 7.1.1).
fn send(stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut message = vec![3, 0, 0, 0, length[1], length[2], length[3], 20, 1, 0, 0, 0];
    for (index, chunk) in body.chunks(128).enumerate() {
        if index > 0 {
            message.push(0xc3);
        }
        message.extend_from_slice(chunk);
    }
    stream.write_all(&message)
}

fn string(text: &str) -> Vec<u8> {
    [&[2][..], &named(text)].concat()
}

fn named(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

fn number(number: f64) -> Vec<u8> {
    [&[0][..], &number.to_be_bytes()].concat()
}

fn object(members: &[(&str, &str)]) -> Vec<u8> {
    let members = members.iter().flat_map(|(name, value)| [named(name), string(value)].concat());
    [3].into_iter().chain(members).chain([0, 0, 9]).collect()
}
