//! Work of which only so much is done at once, handed out by turns between the addresses that ask for it.
//!
//! One address gets at most half of what is done at once and of the places to wait in, those on this machine included; and
//! whoever comes waits for those before it of its own address, but only for one of each other. So how long a client
//! waits depends on how many others ask, not on how much one of them does.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{Problem, limits::network};

/// The work that is done and waits.
#[derive(Clone)]
pub(super) struct Turns(Arc<Inner>);

struct Inner {
    /// What it is, for those who are refused.
    what: &'static str,
    at_once: usize,
    waiting: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many each address has that are being done.
    running: HashMap<IpAddr, usize>,
    /// Who waits: addresses in the order of their turns, none of them with nobody.
    queue: VecDeque<(IpAddr, VecDeque<oneshot::Sender<Turn>>)>,
}

/// The right to do one, until it is dropped.
pub(super) struct Turn {
    inner: Arc<Inner>,
    address: IpAddr,
}

impl Turns {
    /// `at_once` of `what` are done at once; up to `waiting` wait.
    pub(super) fn new(what: &'static str, at_once: usize, waiting: usize) -> Self {
        Self(Arc::new(Inner { what, at_once: at_once.max(1), waiting, state: Mutex::default() }))
    }

    /// Waits for the address's turn.
    ///
    /// # Errors
    /// Too many wait already.
    pub(super) async fn take(&self, address: IpAddr) -> Result<Turn, Problem> {
        let address = network(address);
        let turn = {
            let mut state = self.0.state();
            if state.running.values().sum::<usize>() < self.0.at_once && self.0.may_run(&state, address) {
                return Ok(self.0.begin(&mut state, address));
            }
            state.forget_who_left();
            let of_one = state.queue.iter().find(|(known, _)| *known == address).map_or(0, |(_, queue)| queue.len());
            let all: usize = state.queue.iter().map(|(_, queue)| queue.len()).sum();
            if of_one >= self.0.waiting / 2 || all >= self.0.waiting {
                let whose = if all >= self.0.waiting { "" } else { " of this address" };
                return Err(Problem::unavailable(format!("too many {}{whose} are waiting", self.0.what)));
            }
            let (sender, turn) = oneshot::channel();
            match state.queue.iter_mut().find(|(known, _)| *known == address) {
                Some((_, queue)) => queue.push_back(sender),
                None => state.queue.push_back((address, VecDeque::from([sender]))),
            }
            turn
        };
        // The sender is dropped only with the queue, and that lives as long as this.
        turn.await.map_err(|_| Problem::unavailable(format!("too many {} are waiting", self.0.what)))
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an address has not its half yet.
    fn may_run(&self, state: &State, address: IpAddr) -> bool {
        state.running.get(&address).copied().unwrap_or(0) < self.at_once.div_ceil(2)
    }

    fn begin(self: &Arc<Self>, state: &mut State, address: IpAddr) -> Turn {
        *state.running.entry(address).or_default() += 1;
        Turn { inner: Arc::clone(self), address }
    }

    /// Who is next, taken off the queue; its address goes to the end of it.
    fn next(self: &Arc<Self>, state: &mut State) -> Option<(oneshot::Sender<Turn>, Turn)> {
        state.forget_who_left();
        let place = state.queue.iter().position(|(address, _)| self.may_run(state, *address))?;
        let (address, mut queue) = state.queue.remove(place)?;
        let sender = queue.pop_front()?;
        if !queue.is_empty() {
            state.queue.push_back((address, queue));
        }
        Some((sender, self.begin(state, address)))
    }
}

impl State {
    fn forget_who_left(&mut self) {
        self.queue.retain_mut(|(_, queue)| {
            queue.retain(|sender| !sender.is_closed());
            !queue.is_empty()
        });
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut state = self.inner.state();
            if let Some(running) = state.running.get_mut(&self.address) {
                *running -= 1;
                if *running == 0 {
                    state.running.remove(&self.address);
                }
            }
            self.inner.next(&mut state)
        };
        if let Some((sender, turn)) = next {
            // Who left at this very moment gives the turn back, and so hands it on.
            drop(sender.send(turn));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
    };

    use super::*;

    type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Turn, Problem>> + 'a>>;

    fn poll(waiting: &mut (impl Future<Output = Result<Turn, Problem>> + Unpin)) -> Option<Result<Turn, Problem>> {
        match Pin::new(waiting).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_address_gets_half_and_others_wait_for_one_of_each() {
        let turns = Turns::new("pictures", 4, 100);
        let now = |last: u8| poll(&mut pin!(turns.take(address(last)))).and_then(Result::ok);
        let (first, second) = (now(1).unwrap(), now(1).unwrap());
        let mut flood: Vec<Waiting<'_>> = (0..20).map(|_| Box::pin(turns.take(address(1))) as _).collect();
        assert!(flood.iter_mut().all(|waiting| poll(waiting).is_none()), "the half of the one is taken");
        let others = (now(2).unwrap(), now(3).unwrap());
        let mut late: Waiting<'_> = Box::pin(turns.take(address(4)));
        assert!(poll(&mut late).is_none(), "all are taken");
        // The one who floods has its turn first, having come first; then the other has.
        drop(first);
        let of_flood = poll(&mut flood[0]).unwrap().unwrap();
        drop(second);
        let of_late = poll(&mut late).unwrap().unwrap();
        assert!(flood[1..].iter_mut().all(|waiting| poll(waiting).is_none()));
        drop((others, of_flood, of_late));
        assert!(poll(&mut flood[1]).unwrap().is_ok());
    }

    #[test]
    fn places_to_wait_in_are_bounded_and_half_of_them_are_for_others() {
        let turns = Turns::new("pictures", 1, 8);
        let running = poll(&mut pin!(turns.take(address(9)))).unwrap().unwrap();
        let mut waiting: Vec<Waiting<'_>> = Vec::new();
        let mut ask = |last: u8| -> Option<bool> {
            let mut asked: Waiting<'_> = Box::pin(turns.take(address(last)));
            let answer = poll(&mut asked).map(|turn| turn.is_ok());
            waiting.push(asked);
            answer
        };
        assert_eq!((0..6).map(|_| ask(1)).collect::<Vec<_>>(), [None, None, None, None, Some(false), Some(false)]);
        assert_eq!((2..8).map(&mut ask).collect::<Vec<_>>(), [None, None, None, None, Some(false), Some(false)]);
        // Who leaves makes room, and is no one's turn.
        drop(waiting);
        let mut last: Waiting<'_> = Box::pin(turns.take(address(1)));
        assert!(poll(&mut last).is_none());
        drop(running);
        assert!(poll(&mut last).unwrap().is_ok());
    }

    #[test]
    fn a_turn_that_nobody_takes_is_handed_on() {
        let turns = Turns::new("pictures", 1, 8);
        let running = poll(&mut pin!(turns.take(address(1)))).unwrap().unwrap();
        let mut left: Waiting<'_> = Box::pin(turns.take(address(2)));
        let mut stays: Waiting<'_> = Box::pin(turns.take(address(3)));
        assert!(poll(&mut left).is_none() && poll(&mut stays).is_none());
        drop(running);
        // It is the turn of the one who left before looking.
        drop(left);
        assert!(poll(&mut stays).unwrap().is_ok());
    }
}
