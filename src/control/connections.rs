//! The connections of a port: how many there are, and whether anything moves on them.
//!
//! Who asks and never reads what is answered would hold a place for ever: the system's buffers fill, the answer waits, and
//! nothing of HTTP bounds that. So a write that waits for too long ends its connection, and where all places are taken the
//! connection that has been still for longest makes room, unless all of them are busy.

use std::{
    collections::HashMap,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep, timeout},
};

use super::ConnectionLimits;

/// While nobody could make room, the connections are looked at again this often.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What comes after an answer that ends a connection is taken for so long.
const LINGER: Duration = Duration::from_secs(1);

/// The places for connections of one port.
#[derive(Clone)]
pub(super) struct Connections {
    limits: ConnectionLimits,
    places: Arc<Semaphore>,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    next: u64,
    connections: HashMap<u64, Arc<State>>,
}

/// What is known of a connection.
struct State {
    /// When a byte came or went last.
    moved: Mutex<Instant>,
    /// Told once it has to go.
    let_go: Notify,
    /// Whether the other side may still send what nobody wants when it is closed.
    lingers: AtomicBool,
}

/// By what a connection is told that it ends before all of a request is there.
#[derive(Clone)]
pub(super) struct Lingering(Arc<State>);

impl Lingering {
    pub(super) fn set(&self) {
        self.0.lingers.store(true, Ordering::Relaxed);
    }
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    connections: Connections,
    number: u64,
    state: Arc<State>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self { limits, places: Arc::new(Semaphore::new(limits.max)), held: Arc::default() }
    }

    /// Places that one address may have. More are refused at once: some stay for others.
    pub(super) fn of_one(&self) -> usize {
        self.limits.max - self.limits.max / 4
    }

    /// A place, as soon as there is one. Connections that are still are let go of for it.
    pub(super) async fn place(&self) -> Option<Place> {
        let permit = loop {
            if self.places.available_permits() == 0 {
                self.let_go();
            }
            if let Ok(permit) = timeout(LOOK_AGAIN, Arc::clone(&self.places).acquire_owned()).await {
                // Only a closed semaphore refuses, and this one is never closed.
                break permit.ok()?;
            }
        };
        let state = Arc::new(State {
            moved: Mutex::new(Instant::now()),
            let_go: Notify::new(),
            lingers: AtomicBool::new(false),
        });
        let mut held = self.held();
        let number = held.next;
        held.next += 1;
        held.connections.insert(number, Arc::clone(&state));
        Some(Place { connections: self.clone(), number, state, _permit: permit })
    }

    /// Lets go of the connection that has been still for longest, if it has been for long enough.
    fn let_go(&self) {
        let held = self.held();
        let stillest = held.connections.values().min_by_key(|state| state.moved());
        if let Some(state) = stillest.filter(|state| state.moved().elapsed() >= self.limits.still) {
            tracing::debug!("a connection on which nothing moves makes room for another");
            state.let_go.notify_one();
        }
    }

    /// Waits until all of them have ended.
    pub(super) async fn all_gone(&self) {
        let all = u32::try_from(self.limits.max).unwrap_or(u32::MAX);
        // Never closed, as above.
        let _ = self.places.acquire_many(all).await;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The connection, watched for whether anything moves on it.
    pub(super) fn watch<S>(&self, connection: S) -> Watched<S> {
        let within = self.connections.limits.stalled;
        Watched { connection, state: Arc::clone(&self.state), within, waiting: None, lingering: None }
    }

    /// By what the connection is told that it ends before all of a request is there.
    pub(super) fn lingering(&self) -> Lingering {
        Lingering(Arc::clone(&self.state))
    }

    /// Waits until the connection has to go.
    pub(super) async fn let_go(&self) {
        self.state.let_go.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.held().connections.remove(&self.number);
    }
}

impl State {
    fn moved(&self) -> Instant {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A connection that fails as timed out when the other side takes no byte for too long.
pub(super) struct Watched<S> {
    connection: S,
    state: Arc<State>,
    within: Duration,
    /// Until when the write that waits may wait.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Until when what nobody wants is taken from the other side.
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    /// What a write came to; one that waits is not waited for any longer than allowed.
    fn written<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            self.state.note();
            return written;
        }
        let within = self.within;
        ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(within))).as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the other side takes nothing of what it is sent")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.connection).poll_read(context, buffer);
        if read.is_ready() {
            self.state.note();
        }
        read
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Takes what the other side still sends until it has taken its answer: a connection that is closed with something
    /// unread is reset, and the answer lost.
    fn linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut bytes = [0; 4 << 10];
            let mut unread = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.connection).poll_read(context, &mut unread) {
                Poll::Ready(Ok(())) if !unread.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER))).as_mut().poll(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.written(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write_vectored(context, parts);
        self.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The system has all of it already: nothing is flushed here.
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.connection).poll_shutdown(context))?;
        }
        if self.state.lingers.load(Ordering::Relaxed) {
            ready!(self.linger(context));
        }
        Poll::Ready(Ok(()))
    }
}
