//! Log lines on their way to whoever reads them.
//!
//! Who logs must not wait for who reads: a terminal may be held, a log driver may hang, and what logs is the thread that
//! draws, those that send, and the one that ends the service. So lines go into a queue, and one thread takes them out and
//! writes them. The queue is bounded. When it is full lines are left out, until half of it is free: so there is one gap, and
//! it is told of where it is. A line that cannot be written (its reader has gone, the disk is full) is left out as well, and
//! the next one is tried.
//!
//! `tracing-appender` does nearly this. But when its queue is full at the end it prints to standard output, which may be the
//! very pipe that nobody reads.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::fmt::MakeWriter;

/// Bytes of lines that wait: some two thousand lines.
const CAPACITY: usize = 256 << 10;
/// After so long a reader that takes nothing at the moment is asked again, where the system does not wait for it.
const AGAIN: Duration = Duration::from_millis(20);

/// See the module's documentation. Clones are the same queue.
#[derive(Clone)]
pub struct LogQueue(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    /// There are lines.
    filled: Condvar,
    /// All lines were written, or left out.
    emptied: Condvar,
    dropped: Counter,
    capacity: usize,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    /// Of all lines.
    bytes: usize,
    /// Whether lines are left out, until half of the queue is free.
    is_full: bool,
    /// Lines that were left out, and that nobody was told of.
    untold: u64,
    /// Whether the thread that writes is at it.
    is_writing: bool,
}

impl LogQueue {
    /// How long the last lines of a process may take to be read.
    pub const LAST_LINES: Duration = Duration::from_secs(2);

    /// Starts a thread that writes lines to standard error for as long as the process lives.
    ///
    /// # Errors
    /// It cannot be started, or there is no descriptor for it.
    pub fn to_stderr() -> io::Result<Self> {
        use std::os::fd::AsFd as _;

        // A descriptor of its own: the lock of `io::stderr` would be held as long as nobody reads.
        let stderr = io::stderr().as_fd().try_clone_to_owned()?;
        Self::start(std::fs::File::from(stderr), CAPACITY, |dropped| {
            // Whoever does not want to read warnings is told all the same that lines are missing.
            if tracing::enabled!(tracing::Level::WARN) {
                tracing::warn!(dropped, "{dropped} log lines are left out here: nobody took them");
            } else {
                tracing::error!(dropped, "{dropped} log lines are left out here: nobody took them");
            }
        })
    }

    /// `tell` is called where lines were left out, once there is room again, with their number.
    fn start(
        to: impl Write + Send + 'static,
        capacity: usize,
        tell: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Shared {
            queue: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            dropped: Counter::default(),
            capacity,
        };
        let queue = Self(Arc::new(shared));
        let lines = queue.clone();
        // Never joined: it may wait for a reader for ever.
        thread::Builder::new().name("log".to_owned()).spawn(move || lines.write_out(to, tell))?;
        Ok(queue)
    }

    /// How many lines were left out so far.
    pub(super) fn dropped(&self) -> Counter {
        self.0.dropped.clone()
    }

    /// Adds a line, with its line feed, or leaves it out. Never waits for a reader.
    pub fn add(&self, line: &[u8]) {
        let mut queue = self.lock();
        let fits = queue.bytes + line.len() <= self.0.capacity;
        // A huge line is left out alone.
        queue.is_full |= !fits && queue.bytes > self.0.capacity / 2;
        if queue.is_full || !fits {
            queue.untold += 1;
            self.0.dropped.inc();
            return;
        }
        queue.bytes += line.len();
        queue.lines.push_back(line.to_owned());
        drop(queue);
        self.0.filled.notify_one();
    }

    /// Waits until all lines are written, but no longer than `limit`.
    pub fn flush(&self, limit: Duration) {
        let is_busy = |queue: &mut Queue| queue.is_writing || !queue.lines.is_empty();
        let waited = self.0.emptied.wait_timeout_while(self.lock(), limit, is_busy);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_out(&self, mut to: impl Write, tell: impl Fn(u64)) {
        let mut is_torn = false;
        loop {
            let line = self.next();
            let written = write_line(&mut to, &line, &mut is_torn).is_ok();
            let dropped = self.after(written);
            if dropped > 0 {
                tell(dropped);
            }
        }
    }

    /// Waits for a line.
    fn next(&self) -> Vec<u8> {
        let mut queue = self.lock();
        loop {
            if let Some(line) = queue.lines.pop_front() {
                queue.bytes -= line.len();
                queue.is_writing = true;
                return line;
            }
            queue.is_writing = false;
            self.0.emptied.notify_all();
            queue = self.0.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes note of whether a line was written. Returns how many that were left out are to be told of now.
    fn after(&self, written: bool) -> u64 {
        let mut queue = self.lock();
        let has_room = queue.bytes <= self.0.capacity / 2;
        queue.is_full &= !has_room;
        if !written {
            queue.untold += 1;
            self.0.dropped.inc();
        }
        // To a reader that has gone it would be told in vain.
        if written && has_room { std::mem::take(&mut queue.untold) } else { 0 }
    }
}

/// Writes a line; after a part of one on a line of its own.
fn write_line(to: &mut impl Write, line: &[u8], is_torn: &mut bool) -> io::Result<()> {
    if *is_torn {
        write_all(to, b"\n").map_err(|(error, _)| error)?;
        *is_torn = false;
    }
    write_all(to, line).map_err(|(error, written)| {
        *is_torn = written > 0;
        error
    })
}

/// As that of [`Write`], but it waits also where the system does not, and says how many bytes it wrote before an error.
fn write_all(to: &mut impl Write, bytes: &[u8]) -> Result<(), (io::Error, usize)> {
    let mut written = 0;
    while written < bytes.len() {
        match to.write(&bytes[written..]) {
            Ok(0) => return Err((io::ErrorKind::WriteZero.into(), written)),
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(AGAIN),
            Err(error) => return Err((error, written)),
        }
    }
    Ok(())
}

impl Write for &LogQueue {
    /// Adds `line`, which must be a whole one.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// What becomes of each write is said by the test.
    struct Reader {
        asked: Sender<Vec<u8>>,
        answers: Receiver<io::Result<usize>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.asked.send(bytes.to_owned()).unwrap();
            self.answers.recv().unwrap_or(Ok(bytes.len()))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Log {
        queue: LogQueue,
        asked: Receiver<Vec<u8>>,
        answers: Sender<io::Result<usize>>,
    }

    impl Log {
        /// Four lines of four bytes wait.
        fn new() -> Self {
            let ((asked, told), (answers, answered)) = (channel(), channel());
            let own: Arc<Mutex<Option<LogQueue>>> = Arc::default();
            let same = Arc::clone(&own);
            let tell = move |dropped| same.lock().unwrap().as_ref().unwrap().add(format!("-{dropped}\n").as_bytes());
            let queue = LogQueue::start(Reader { asked, answers: answered }, 16, tell).unwrap();
            *own.lock().unwrap() = Some(queue.clone());
            Self { queue, asked: told, answers }
        }

        fn add(&self, lines: impl IntoIterator<Item = u32>) {
            lines.into_iter().for_each(|number| self.queue.add(format!("{number:03}\n").as_bytes()));
        }

        /// What is to be written next.
        fn asked(&self) -> String {
            String::from_utf8(self.asked.recv_timeout(LONG).unwrap()).unwrap()
        }

        fn answer(&self, answer: io::Result<usize>) {
            self.answers.send(answer).unwrap();
        }

        /// Has what is asked for written, and the rest too.
        fn read(self, lines: usize) -> Vec<String> {
            drop(self.answers);
            (0..lines).map(|_| String::from_utf8(self.asked.recv_timeout(LONG).unwrap()).unwrap()).collect()
        }
    }

    #[test]
    fn lines_that_nobody_takes_are_left_out_in_one_gap_and_counted() {
        let log = Log::new();
        log.add([0]);
        assert_eq!(log.asked(), "000\n");
        // Nobody takes it. Four wait, and the others are too many.
        log.add(1..=9);
        assert_eq!(log.queue.dropped().get(), 5);
        log.queue.flush(Duration::ZERO);
        log.answer(Ok(4));
        assert_eq!(log.asked(), "001\n");
        // There is room for one, but not yet for half.
        log.add([10]);
        assert_eq!(log.queue.dropped().get(), 6);
        log.answer(Ok(4));
        assert_eq!(log.asked(), "002\n");
        log.answer(Ok(4));
        // Half is free: what was left out is told at once.
        assert_eq!(log.asked(), "003\n");
        log.add([11]);
        let queue = log.queue.clone();
        assert_eq!(log.read(3), ["004\n", "-6\n", "011\n"]);
        queue.flush(LONG);
        assert_eq!(queue.dropped().get(), 6);
    }

    #[test]
    fn a_line_that_cannot_be_written_is_left_out_and_the_next_one_tried() {
        let failed = || Err(io::ErrorKind::StorageFull.into());
        let log = Log::new();
        log.add([0, 1]);
        assert_eq!(log.asked(), "000\n");
        // Only a part of it fits.
        log.answer(Ok(2));
        assert_eq!(log.asked(), "0\n");
        log.answer(failed());
        // The next begins a line.
        assert_eq!(log.asked(), "\n");
        log.answer(failed());
        log.add([2]);
        assert_eq!(log.asked(), "\n");
        assert_eq!(log.queue.dropped().get(), 2);
        log.answer(Ok(1));
        assert_eq!(log.asked(), "002\n");
        // Neither is it lost when the system does not wait for a reader, nor by a signal.
        log.answer(Err(io::ErrorKind::WouldBlock.into()));
        assert_eq!(log.asked(), "002\n");
        log.answer(Err(io::ErrorKind::Interrupted.into()));
        assert_eq!(log.asked(), "002\n");
        assert_eq!(log.read(1), ["-2\n"]);
    }
}
