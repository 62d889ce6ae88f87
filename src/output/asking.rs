//! Asks a name server where a host is, on a thread that can be left: the system may wait for an answer for as long as it likes.
//! What sends over RTMP does so by itself. What sends over SRT asks where it is started, and can neither be told to end then, nor
//! be seen to be alive.

use std::{
    io,
    net::SocketAddr,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::Builder,
    time::Duration,
};

use super::{destination::SrtUrl, lookout};

/// A question that is under way.
pub(super) struct Asking {
    url: SrtUrl,
    answers: Receiver<io::Result<SocketAddr>>,
}

impl Asking {
    /// Asks where this is.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub(super) fn start(url: SrtUrl) -> io::Result<Self> {
        let (answer, answers) = channel();
        let of = url.clone();
        let ask = move || {
            // Nobody listens any more to one that was left.
            let _ = answer.send(where_is(&of));
        };
        Builder::new().name("ask-name".to_owned()).spawn(ask)?;
        Ok(Self { url, answers })
    }

    /// Whether it is asked where this is.
    pub(super) fn is_about(&self, url: &SrtUrl) -> bool {
        self.url == *url
    }

    /// The answer, for which it is waited so long.
    pub(super) fn answer(&self, patience: Duration) -> Option<io::Result<SocketAddr>> {
        match self.answers.recv_timeout(patience) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(io::ErrorKind::Interrupted.into())),
        }
    }
}

/// The first address of several that a program listens at; the first of all if there is none such.
fn where_is(url: &SrtUrl) -> io::Result<SocketAddr> {
    let addresses = url.addresses()?;
    let listens = |address: &&SocketAddr| addresses.len() > 1 && lookout::induce(**address).is_ok();
    addresses.iter().find(listens).or(addresses.first()).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
}
