//! Looks whether a server that is away can be reached again, so that it gets the stream at once and not when the next
//! attempt is due.
//!
//! What it does costs next to nothing, and nobody else has to wait for it: a connection now and then, or with SRT a packet, on
//! a thread of its own. It tells only of servers that could not be reached before. One that could, and did not go on with the stream, has
//! some other trouble, and is left in peace for as long as it should be.
//!
//! One that has not been away for long is looked at so often that it has the stream again within a second. One that stays away
//! is looked at less and less often ([`pause`]): nobody is asked twice a second for ever.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};

use super::{
    backoff::jittered,
    destination::{RtmpUrl, SrtUrl},
};

/// From one look to the next, at most, at a server that has not been away for longer than [`SOON`].
pub(super) const LOOKS: Duration = Duration::from_millis(400);
/// For so long the stream is back within a second of the server's being back: time to start it anew, to mend a network, or to
/// notice that somebody has to.
const SOON: Duration = Duration::from_secs(10 * 60);
/// The longest from one look to the next, whether the server is away or answers each time and is no less suspect for it.
const LONG_PAUSE: Duration = Duration::from_secs(5);
/// How long a server may take for each step of an answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// A host that does not answer is asked again after this long. The system asks it once more after one second, three, seven and
/// so on, and the host may be back just after that.
const AGAIN: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried at most.
const ADDRESSES: usize = 4;

/// A server that can be looked out for.
#[derive(Clone, Debug)]
pub(super) enum Server {
    Rtmp(RtmpUrl),
    Srt(SrtUrl),
}

/// How a server was found last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It cannot be reached.
    Away,
    /// It was lost: it is to be seen whether it is still there.
    Lost,
    /// It leaves an attempt to connect without an answer.
    Silent,
    /// It is there, and may break down at any time. While it does not, it is looked at less and less often.
    Unsteady,
}

/// How long after a look the next one is due at a server that has been away for so long. It grows with that time, to four
/// times as much after forty minutes and to the longest after two hours and five minutes; up to a quarter is taken away at
/// random, so that those who have lost the same server do not ask in step.
fn pause(away: Duration) -> Duration {
    let grown = LOOKS.mul_f64((away.as_secs_f64() / SOON.as_secs_f64()).max(1.0));
    jittered(grown.min(LONG_PAUSE))
}

/// Watches one server until it is dropped.
pub(super) struct Lookout {
    is_back: Arc<AtomicBool>,
    /// Closed when this is dropped, which ends the thread.
    _watching: Sender<()>,
}

impl Lookout {
    /// Watches a server that was found like this, and has been away for so long by now. `None` if the system gives no more
    /// threads.
    pub(super) fn start(server: Server, as_found: Found, away: Duration) -> Option<Self> {
        let (watching, watched) = channel();
        let is_back = Arc::new(AtomicBool::new(false));
        let found = Arc::clone(&is_back);
        let watch = move || {
            let began = Instant::now();
            let next = || pause(away + began.elapsed());
            let mut is_away = as_found == Found::Away;
            let mut pause = if as_found == Found::Silent { Duration::ZERO } else { next() };
            let mut held = None;
            loop {
                let waited = pass_time(&watched, held.take(), pause);
                if waited == Waited::Over {
                    return;
                }
                let asked = Instant::now();
                let answer = server.answer();
                let is_late = answer.as_ref().is_some_and(|answer| answer.is_late);
                if answer.is_some() && (is_away || is_late && as_found != Found::Unsteady) {
                    found.store(true, Ordering::Relaxed);
                    return;
                }
                is_away |= answer.is_none();
                // One that ends every connection and is there all the same is not asked twice as often.
                held = answer.and_then(|answer| answer.connection).filter(|_| waited == Waited::Enough);
                let is_patient = as_found == Found::Unsteady && !is_away;
                pause = if is_patient { (pause * 2).min(LONG_PAUSE) } else { next() };
                if is_away {
                    // It was waited for in vain already.
                    pause = pause.saturating_sub(asked.elapsed());
                }
            }
        };
        std::thread::Builder::new().name("lookout".to_owned()).spawn(watch).ok()?;
        Some(Self { is_back, _watching: watching })
    }

    /// Whether it could not be reached, and can be now.
    pub(super) fn is_back(&self) -> bool {
        self.is_back.load(Ordering::Relaxed)
    }
}

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    /// It has been long enough.
    Enough,
    /// The connection has ended.
    Ended,
    /// Nobody wants to know any more.
    Over,
}

/// Waits for so long, or until the connection `held` ends: a server that breaks down takes no connections for a moment at
/// least, and may be there again before it would be looked at next.
fn pass_time(watched: &Receiver<()>, mut held: Option<TcpStream>, pause: Duration) -> Waited {
    let until = Instant::now() + pause;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let Some(stream) = &mut held else {
            let is_over = watched.recv_timeout(left) != Err(RecvTimeoutError::Timeout);
            return if is_over { Waited::Over } else { Waited::Enough };
        };
        if watched.try_recv() != Err(TryRecvError::Empty) {
            return Waited::Over;
        }
        if left.is_zero() {
            return Waited::Enough;
        }
        match stream.set_read_timeout(Some(left.min(LOOKS))).and_then(|()| stream.read(&mut [0; 4096])) {
            // The rest of its greeting.
            Ok(1..) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return Waited::Ended,
        }
    }
}

/// That a server is there.
struct Answer {
    /// The connection by which it said so, if there is one.
    connection: Option<TcpStream>,
    /// Whether its host did not answer when it was asked first.
    is_late: bool,
}

impl Server {
    /// What it says; `None` if it is not there.
    fn answer(&self) -> Option<Answer> {
        let addresses = match self {
            Self::Rtmp(url) => url.addresses(),
            Self::Srt(url) => url.addresses(),
        };
        let greet = |address| match self {
            Self::Rtmp(url) => greet(address, url.is_secure()),
            Self::Srt(_) => induce(address).map(|()| Answer { connection: None, is_late: false }),
        };
        let mut addresses = addresses.unwrap_or_default().into_iter().take(ADDRESSES);
        addresses.find_map(|address| greet(address).ok())
    }
}

/// Connects, and tells whether the host did not answer when it was asked first.
fn connect(address: SocketAddr) -> io::Result<(TcpStream, bool)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ask = async {
        let mut again = tokio::time::interval(AGAIN);
        let mut asked = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some((connected, is_late)) = asked.next() => return io::Result::Ok((connected?, is_late)),
                _ = again.tick() => {
                    let is_late = !asked.is_empty();
                    asked.push(async move { (tokio::net::TcpStream::connect(address).await, is_late) });
                }
            }
        }
    };
    let (stream, is_late) = runtime.block_on(async { tokio::time::timeout(PATIENCE, ask).await })??;
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    Ok((stream, is_late))
}

/// Connects, and where nothing is encrypted waits for the first byte of the answer to an RTMP handshake (RTMP 1.0,
/// section 5.2): the system takes connections for programs that do nothing any more.
fn greet(address: SocketAddr, is_secure: bool) -> io::Result<Answer> {
    let (mut stream, is_late) = connect(address)?;
    if is_secure {
        return Ok(Answer { connection: Some(stream), is_late });
    }
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut hello = [0; 1537];
    hello[0] = 3;
    stream.write_all(&hello)?;
    stream.read_exact(&mut [0])?;
    Ok(Answer { connection: Some(stream), is_late })
}

/// What begins an SRT handshake packet.
const HANDSHAKE: [u8; 4] = [0x80, 0, 0, 0];

/// Asks as a caller does first, and waits for the answer of a listener, which keeps nothing of that: the induction phase of
/// the SRT handshake (draft-sharabayko-srt-01, sections 3.2.1 and 4.3.1.1).
pub(super) fn induce(address: SocketAddr) -> io::Result<()> {
    let any = if address.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind::<SocketAddr>(any)?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut packet = [0; 64];
    packet[..4].copy_from_slice(&HANDSHAKE);
    // Version 4, extension field 2, sequence number 1, packets of up to 1500 bytes, 8192 in flight, induction, socket 1.
    for (word, value) in [(4, 4), (5, 2), (6, 1), (7, 1500), (8, 8192), (9, 1), (10, 1_u32)] {
        packet[word * 4..word * 4 + 4].copy_from_slice(&value.to_be_bytes());
    }
    socket.send(&packet)?;
    let mut answer = [0; 64];
    let count = socket.recv(&mut answer)?;
    if count == answer.len() && answer[..4] == HANDSHAKE {
        return Ok(());
    }
    Err(io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, sync::atomic::AtomicU64};

    use super::*;

    /// A server that counts those who come, and answers them once it is told to.
    struct Host {
        url: RtmpUrl,
        came: Arc<AtomicU64>,
        answers: Arc<AtomicBool>,
    }

    impl Host {
        fn place(&self) -> Server {
            Server::Rtmp(self.url.clone())
        }

        fn start(answers: bool) -> Self {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let url = format!("rtmp://{}/live/key", listener.local_addr().unwrap()).parse().unwrap();
            let (came, answers) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(answers)));
            let (counter, answering) = (Arc::clone(&came), Arc::clone(&answers));
            std::thread::spawn(move || {
                for mut stream in listener.incoming().map_while(Result::ok) {
                    let mut hello = [0; 1537];
                    if stream.read_exact(&mut hello).is_ok() && answering.load(Ordering::Relaxed) {
                        let _ = stream.write_all(&[3; 1 + 2 * 1536]);
                    }
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
            Self { url, came, answers }
        }

        fn wait_for(&self, came: u64) {
            wait(|| self.came.load(Ordering::Relaxed) >= came);
        }
    }

    fn wait(is_so: impl Fn() -> bool) {
        let until = Instant::now() + Duration::from_secs(30);
        while !is_so() {
            assert!(Instant::now() < until, "it never came");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_server_that_stays_away_is_looked_at_less_and_less_often() {
        for (minutes, longest) in [(0.0, 0.4), (10.0, 0.4), (20.0, 0.8), (60.0, 2.4), (125.0, 5.0), (1e9, 5.0)] {
            let away = Duration::from_secs_f64(minutes * 60.0);
            let pauses: Vec<f64> = (0..50).map(|_| pause(away).as_secs_f64()).collect();
            assert!(
                pauses.iter().all(|pause| (longest * 0.749..=longest).contains(pause)),
                "{minutes} min: {pauses:?}"
            );
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "those who lost it ask at different times");
        }
        // One that was lost yesterday is not asked while one that was lost just now is asked three times.
        let (old, new) = (Host::start(false), Host::start(false));
        let day = Duration::from_secs(24 * 3600);
        let _lookouts = [(&old, day), (&new, Duration::ZERO)]
            .map(|(host, away)| Lookout::start(host.place(), Found::Away, away).unwrap());
        new.wait_for(3);
        assert_eq!(old.came.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_server_that_takes_connections_and_says_nothing_is_away_until_it_does() {
        let server = Host::start(false);
        let lookout = Lookout::start(server.place(), Found::Lost, Duration::ZERO).unwrap();
        server.wait_for(2);
        assert!(!lookout.is_back());
        server.answers.store(true, Ordering::Relaxed);
        wait(|| lookout.is_back());
    }

    #[test]
    fn a_server_that_was_never_away_is_not_back() {
        let server = Host::start(true);
        let lookout = Lookout::start(server.place(), Found::Lost, Duration::ZERO).unwrap();
        server.wait_for(3);
        assert!(!lookout.is_back());
        drop(lookout);
        let silent = Lookout::start(server.place(), Found::Silent, Duration::ZERO).unwrap();
        server.wait_for(server.came.load(Ordering::Relaxed) + 3);
        assert!(!silent.is_back());
        drop(silent);
        let known = Lookout::start(server.place(), Found::Away, Duration::ZERO).unwrap();
        wait(|| known.is_back());
    }

    #[test]
    fn the_end_of_a_connection_that_was_answered_ends_the_wait() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (watching, watched) = channel();
        let connect = || {
            let held = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            (held, listener.accept().unwrap().0)
        };
        let (held, mut peer) = connect();
        let waiting = std::thread::spawn(move || {
            let first = pass_time(&watched, Some(held), LONG);
            (first, watched)
        });
        peer.write_all(&[3; 1 + 2 * 1536]).unwrap();
        assert!(!waiting.is_finished());
        drop(peer);
        wait(|| waiting.is_finished());
        let (first, watched) = waiting.join().unwrap();
        assert_eq!(first, Waited::Ended);
        let (held, _peer) = connect();
        assert_eq!(pass_time(&watched, Some(held), Duration::from_millis(1)), Waited::Enough);
        let (held, _peer) = connect();
        drop(watching);
        assert_eq!(pass_time(&watched, Some(held), LONG), Waited::Over);
    }

    #[test]
    fn a_listener_for_srt_is_back_when_it_answers_the_handshake() {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("srt://{}?streamid=key", socket.local_addr().unwrap()).parse().unwrap();
        let lookout = Lookout::start(Server::Srt(url), Found::Lost, Duration::ZERO).unwrap();
        let mut packet = [0; 100];
        // It takes packets, and says nothing; then what is no handshake.
        for answer in [None, Some(&[0; 64]), None] {
            let (count, from) = socket.recv_from(&mut packet).unwrap();
            assert_eq!((count, &packet[..4], packet[39]), (64, &HANDSHAKE[..], 1), "induction");
            if let Some(answer) = answer {
                socket.send_to(answer, from).unwrap();
            }
            assert!(!lookout.is_back());
        }
        let (_, from) = socket.recv_from(&mut packet).unwrap();
        socket.send_to(&packet[..64], from).unwrap();
        wait(|| lookout.is_back());
    }
}
