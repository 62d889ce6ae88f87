//! The signals that ask a program to end.

use std::{io, thread, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

use crate::telemetry::LogQueue;

/// How long the words about a sudden end may take to be read.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Who waits for these signals. They do not end the program by themselves any more.
pub(super) struct EndSignals {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
    hang_up: Option<Signal>,
}

impl EndSignals {
    /// Waits from now on. A hang-up (the terminal is closed) stays ignored where whoever started the program wants that, as
    /// `nohup` does.
    ///
    /// # Errors
    /// Signals cannot be received.
    pub(super) fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let (interrupt, terminate, hang_up) = {
            let _inside = runtime.enter();
            let hang_up = (!is_ignored(libc::SIGHUP)).then(|| signal(SignalKind::hangup())).transpose()?;
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, hang_up)
        };
        Ok(Self { runtime, interrupt, terminate, hang_up })
    }

    /// Waits for the first one, on this thread.
    pub(super) fn first(&mut self) -> SignalKind {
        let Self { runtime, interrupt, terminate, hang_up } = self;
        let hung_up = async {
            match hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => SignalKind::interrupt(),
                _ = terminate.recv() => SignalKind::terminate(),
                _ = hung_up => SignalKind::hangup(),
            }
        })
    }

    /// Waits for one that is in a hurry, on this thread. A hang-up is not: closing a terminal can send two, and some
    /// supervisors send one after they ask to terminate.
    fn second(&mut self) {
        let Self { runtime, interrupt, terminate, .. } = self;
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
    }

    /// Tells `first` of the first signal. A second one ends the process at once, with status 1, whatever the other threads
    /// are stuck in; so does one while it ends already, when nobody waits for a first one any more.
    ///
    /// # Errors
    /// No thread can be started for it.
    pub(super) fn watch(mut self, first: oneshot::Sender<()>, log: LogQueue) -> io::Result<()> {
        let wait = move || {
            let kind = self.first();
            let ends_already = first.send(()).is_err();
            if !ends_already || kind == SignalKind::hangup() {
                self.second();
            }
            log.add(b"error: ended at once by a second signal; files may be incomplete\n");
            log.flush(LAST_WORDS);
            end_at_once(1);
        };
        thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
    }
}

/// Ends the process without what libraries have to do at its end: they may be what does not come to an end, or take away what
/// their own threads are still at.
#[expect(unsafe_code, reason = "only the C library ends a process so")]
pub(super) fn end_at_once(status: i32) -> ! {
    // SAFETY: it takes a number, and does not return.
    unsafe { libc::_exit(status) }
}

/// Whether who started the program has this signal ignored.
#[expect(unsafe_code, reason = "what becomes of signals is asked for by a function of the C library")]
fn is_ignored(number: libc::c_int) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: it writes to this alone, and changes nothing; all zeros are a value of this type.
    let action = unsafe {
        let outcome = libc::sigaction(number, std::ptr::null(), action.as_mut_ptr());
        (outcome == 0).then(|| action.assume_init())
    };
    action.is_some_and(|action| action.sa_sigaction == libc::SIG_IGN)
}
