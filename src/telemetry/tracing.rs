//! Log lines to standard error.

use std::{backtrace::Backtrace, io::IsTerminal as _, panic, str::FromStr, sync::Arc, thread};

use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt::writer::BoxMakeWriter, reload};

use super::LogQueue;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The text names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no log format; use `text` or `json`")]
pub struct ParseLogFormatError(String);

impl FromStr for LogFormat {
    type Err = ParseLogFormatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(ParseLogFormatError(other.to_owned())),
        }
    }
}

/// Log lines cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum TracingError {
    /// The filter cannot be read.
    #[error(
        "`{level}` is no log level: {source}; use `error`, `warn`, `info`, `debug`, `trace`, or a list such as `info,stream_manager=debug`"
    )]
    Level {
        /// What was asked for.
        level: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Somebody else writes log lines already.
    #[error("log lines are being written already: {0}")]
    Taken(#[from] tracing_subscriber::util::TryInitError),
    /// Nobody writes them any more.
    #[error("log lines are not written any more: {0}")]
    Gone(reload::Error),
}

/// A way to change which log lines are written.
#[derive(Clone)]
pub struct LogLevelHandle(Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>);

impl LogLevelHandle {
    /// Writes lines of `level` and above from now on; `level` is what [`init`] takes.
    ///
    /// # Errors
    /// `level` cannot be read, or lines are not written any more.
    pub fn set(&self, level: &str) -> Result<(), TracingError> {
        (self.0)(filter(level)?).map_err(TracingError::Gone)
    }
}

/// What this service is made of. Of libraries no more is told than warnings: what they do in detail is nothing to people,
/// and one that watches a folder in which the log is written would tell of every line of it.
const OURS: [&str; 3] = ["stream_manager", "systems", "components"];

fn filter(level: &str) -> Result<EnvFilter, TracingError> {
    let text = match level.parse::<LevelFilter>() {
        Ok(single) => {
            let others = single.min(LevelFilter::WARN);
            OURS.iter().fold(others.to_string(), |text, module| format!("{text},{module}={single}"))
        }
        Err(_) => level.to_owned(),
    };
    EnvFilter::builder().parse(text).map_err(|source| TracingError::Level { level: level.to_owned(), source })
}

/// Starts writing log lines to standard error for as long as the process lives: each as it comes, or by a `queue`, so that
/// nobody waits for who reads them. A line that cannot be written is no error.
///
/// `level` is a level (`info`), which is that of the service and at most `warn` of the libraries that it uses, or a list of
/// levels by module (`info,stream_manager::output=debug`).
///
/// # Errors
/// `level` cannot be read, or lines are being written already.
pub fn init(level: &str, format: LogFormat, queue: Option<&LogQueue>) -> Result<LogLevelHandle, TracingError> {
    use tracing_subscriber::util::SubscriberInitExt as _;

    let to = match queue {
        Some(queue) => BoxMakeWriter::new(queue.clone()),
        None => BoxMakeWriter::new(std::io::stderr),
    };
    // What cannot be written would be told on standard error, with a panic if that does not work.
    let lines = tracing_subscriber::fmt().with_env_filter(filter(level)?).with_writer(to).log_internal_errors(false);
    Ok(match format {
        LogFormat::Text => {
            let lines = lines.with_ansi(std::io::stderr().is_terminal()).with_filter_reloading();
            let handle = lines.reload_handle();
            lines.finish().try_init()?;
            LogLevelHandle(Arc::new(move |filter| handle.reload(filter)))
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_filter_reloading();
            let handle = lines.reload_handle();
            lines.finish().try_init()?;
            LogLevelHandle(Arc::new(move |filter| handle.reload(filter)))
        }
    })
}

/// Has panics told by log lines; otherwise the thread that panics writes to standard error itself, and waits for who reads it.
pub fn log_panics(queue: LogQueue) {
    panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let name = thread.name().unwrap_or("without a name");
        let message = panic.payload_as_str().unwrap_or("no words");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // Captured if `RUST_BACKTRACE` asks for it.
        let backtrace = Backtrace::capture();
        let backtrace = if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
            format!("\n{backtrace}")
        } else {
            String::new()
        };
        tracing::error!("thread `{name}` panicked at {place}: {message}{backtrace}");
        if name == "main" {
            // The process ends with it.
            queue.flush(LogQueue::LAST_LINES);
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_level_is_that_of_the_service_and_libraries_only_warn() {
        let told = |level: &str| {
            let lines = Lines::default();
            let subscriber =
                tracing_subscriber::fmt().with_env_filter(filter(level).unwrap()).with_writer(lines.clone()).finish();
            tracing::subscriber::with_default(subscriber, || {
                tracing::trace!(target: "stream_manager::control", "a");
                tracing::info!(target: "systems::assets", "b");
                tracing::trace!(target: "notify::inotify", "c");
                tracing::warn!(target: "notify::inotify", "d");
                tracing::error!(target: "warp", "e");
            });
            let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
            let told: Vec<char> = text.lines().filter_map(|line| line.chars().last()).collect();
            told.into_iter().collect::<String>()
        };
        assert_eq!(told("trace"), "abde");
        assert_eq!(told("info"), "bde");
        assert_eq!(told("error"), "e");
        assert_eq!(told("warn,notify=trace"), "cde");
    }
}
