//! What all clients together are sending: bodies and messages that are not whole yet, or not read yet.
//!
//! Each of them is bounded by itself, but there may be thousands. So what goes beyond [`SMALL`] is taken from one budget,
//! as it comes; small ones never have to ask. One address gets three quarters of it. When it is used up, the one that has
//! been still for longest gives back what it has; if none has been still, whoever asks for more is told to come again.

use std::{
    collections::HashMap,
    future::poll_fn,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use prometheus_client::metrics::gauge::Gauge;

use super::{Problem, limits::network};

/// Bytes that every client may send without asking.
pub(super) const SMALL: usize = 16 << 10;

/// What may be received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivingLimits {
    /// Bytes of large bodies and messages of all clients, beyond the first 16 KiB of each.
    pub all: usize,
    /// A document or message must be there within this time.
    pub within: Duration,
    /// What has been still for so long makes room for others.
    pub still: Duration,
}

impl Default for ReceivingLimits {
    fn default() -> Self {
        Self { all: 64 << 20, within: Duration::from_secs(30), still: Duration::from_secs(3) }
    }
}

/// The budget.
#[derive(Clone)]
pub(super) struct Receiving(Arc<Inner>);

struct Inner {
    limits: ReceivingLimits,
    state: Mutex<State>,
    /// Where the bytes that are used are shown.
    shown: Gauge,
}

#[derive(Default)]
struct State {
    next: u64,
    bytes: usize,
    of: HashMap<IpAddr, usize>,
    transfers: HashMap<u64, Transfer>,
}

/// A large body or message.
struct Transfer {
    address: IpAddr,
    /// Those that it has of the budget.
    bytes: usize,
    /// When a byte of it came last.
    moved: Instant,
    /// Whether all of it is there.
    is_whole: bool,
    /// Who is told when it has to go.
    waker: Option<Waker>,
}

/// One body or message. What it has of the budget is given back when it is dropped.
pub(super) struct Share {
    inner: Arc<Inner>,
    address: IpAddr,
    /// Bytes of it that have come.
    bytes: usize,
    /// Its number among the transfers, if it is large.
    number: Option<u64>,
}

/// Too much is being received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much is being received at present; send it again in a moment")]
pub(super) struct Full;

impl From<Full> for Problem {
    fn from(full: Full) -> Self {
        Self::unavailable(full.to_string())
    }
}

impl Receiving {
    pub(super) fn new(limits: ReceivingLimits, shown: Gauge) -> Self {
        Self(Arc::new(Inner { limits, state: Mutex::default(), shown }))
    }

    pub(super) fn limits(&self) -> ReceivingLimits {
        self.0.limits
    }

    /// A body or message that somebody at this address begins to send.
    pub(super) fn begin(&self, address: IpAddr) -> Share {
        Share { inner: Arc::clone(&self.0), address: network(address), bytes: 0, number: None }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for so many bytes more of a transfer, if need be by what others give back.
    fn has_room(&self, state: &mut State, own: Option<u64>, address: IpAddr, bytes: usize) -> bool {
        let ReceivingLimits { all, still, .. } = self.limits;
        loop {
            let is_over = state.of.get(&address).copied().unwrap_or(0) + bytes > all - all / 4;
            if !is_over && state.bytes + bytes <= all {
                return true;
            }
            // Who has its share already can only have room of its own.
            let stillest = state.transfers.iter().filter(|(number, transfer)| {
                Some(**number) != own
                    && !transfer.is_whole
                    && transfer.moved.elapsed() >= still
                    && (!is_over || transfer.address == address)
            });
            let Some(number) = stillest.min_by_key(|(_, transfer)| transfer.moved).map(|(number, _)| *number) else {
                return false;
            };
            state.give_back(number);
        }
    }
}

impl State {
    fn give_back(&mut self, number: u64) {
        let Some(Transfer { address, bytes, waker, .. }) = self.transfers.remove(&number) else { return };
        self.bytes -= bytes;
        if let Some(of) = self.of.get_mut(&address) {
            *of -= bytes;
            if *of == 0 {
                self.of.remove(&address);
            }
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Share {
    /// Takes note of bytes that have come, or will at once.
    ///
    /// # Errors
    /// There is no room for them.
    pub(super) fn add(&mut self, bytes: usize) -> Result<(), Full> {
        let small = SMALL.saturating_sub(self.bytes);
        self.bytes += bytes;
        let more = bytes.saturating_sub(small);
        if more == 0 && self.number.is_none() {
            return Ok(());
        }
        let mut state = self.inner.state();
        let number = match self.number {
            Some(number) if !state.transfers.contains_key(&number) => return Err(Full),
            number => number,
        };
        let has_room = self.inner.has_room(&mut state, number, self.address, more);
        if has_room {
            let next = state.next;
            let number = number.unwrap_or(next);
            if number == next {
                state.next += 1;
            }
            let (address, moved) = (self.address, Instant::now());
            let transfer = state.transfers.entry(number);
            let transfer = transfer.or_insert(Transfer { address, bytes: 0, moved, is_whole: false, waker: None });
            transfer.bytes += more;
            transfer.moved = moved;
            self.number = Some(number);
            state.bytes += more;
            *state.of.entry(self.address).or_default() += more;
        }
        self.inner.show(&state);
        if has_room { Ok(()) } else { Err(Full) }
    }

    /// Nothing more of it comes: it makes no room for others any more.
    pub(super) fn complete(&self) {
        if let Some(number) = self.number
            && let Some(transfer) = self.inner.state().transfers.get_mut(&number)
        {
            transfer.is_whole = true;
        }
    }

    /// Whether it had to give back what it had.
    pub(super) fn poll_lost(&self, context: &Context<'_>) -> Poll<()> {
        let Some(number) = self.number else { return Poll::Pending };
        match self.inner.state().transfers.get_mut(&number) {
            None => Poll::Ready(()),
            Some(transfer) => {
                transfer.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Waits until it had to give back what it had.
    pub(super) async fn lost(&self) {
        poll_fn(|context| self.poll_lost(context)).await;
    }
}

impl Inner {
    fn show(&self, state: &State) {
        self.shown.set(i64::try_from(state.bytes).unwrap_or(i64::MAX));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut state = self.inner.state();
            state.give_back(number);
            self.inner.show(&state);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    const ALL: usize = 40 << 10;

    fn receiving(still: Duration) -> Receiving {
        Receiving::new(ReceivingLimits { all: ALL, within: Duration::MAX, still }, Gauge::default())
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_lost(share: &Share) -> bool {
        share.poll_lost(&Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn what_is_small_never_asks_and_one_address_leaves_room_for_others() {
        let receiving = receiving(Duration::MAX);
        let mut large = receiving.begin(address(1));
        large.add(SMALL + ALL * 3 / 4).unwrap();
        assert_eq!(large.add(1), Err(Full), "the address has its share");
        let mut other = receiving.begin(address(2));
        other.add(SMALL + ALL / 4).unwrap();
        assert_eq!(receiving.0.shown.get(), ALL as i64);
        let mut late = receiving.begin(address(3));
        late.add(SMALL).unwrap();
        assert_eq!(late.add(1), Err(Full), "all is used");
        drop((large, other));
        late.add(1).unwrap();
        drop(late);
        let state = receiving.0.state();
        assert!(state.bytes == 0 && state.of.is_empty() && state.transfers.is_empty());
        assert_eq!(receiving.0.shown.get(), 0);
    }

    #[test]
    fn the_one_that_is_still_makes_room_unless_it_is_whole() {
        let receiving = receiving(Duration::ZERO);
        let mut shares: Vec<Share> = (1..4).map(|last| receiving.begin(address(last))).collect();
        for share in &mut shares {
            share.add(SMALL + ALL / 4).unwrap();
        }
        shares[0].complete();
        assert!(!shares.iter().any(is_lost));
        let mut next = receiving.begin(address(4));
        next.add(SMALL + ALL / 2).unwrap();
        assert_eq!(shares.iter().map(is_lost).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(shares[1].add(1), Err(Full), "what it gave back is gone");
        // Of one address no others are asked.
        assert_eq!(next.add(ALL), Err(Full));
        drop(next);
        assert_eq!(shares.iter().map(is_lost).collect::<Vec<_>>(), [false, true, false]);
    }
}
