//! Starting anew, in place of a service whose engine does not come back.

use std::{
    env, fs, io,
    os::unix::process::CommandExt,
    path::Path,
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::telemetry::LogQueue;

/// Carries [`Restarts`] from one process to the next.
const VARIABLE: &str = "STREAM_MANAGER_RESTARTS";
/// So many times within [`SPAN`]; then it is over, since it does not help.
const MOST: usize = 5;
const SPAN: Duration = Duration::from_secs(600);

/// When this process was started anew in place of itself: seconds since 1970, rising.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Restarts(Vec<u64>);

impl Restarts {
    /// Those of this process.
    pub(super) fn of_this_process() -> Self {
        env::var(VARIABLE).map(|text| Self::parse(&text)).unwrap_or_default()
    }

    fn parse(text: &str) -> Self {
        Self(text.split_whitespace().filter_map(|second| second.parse().ok()).collect())
    }

    /// How many there were within the last [`SPAN`].
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// One more, at this time; `None` if there were too many of late.
    fn again(&self, now: u64) -> Option<Self> {
        let since = now.saturating_sub(SPAN.as_secs());
        let mut late: Vec<u64> = self.0.iter().copied().filter(|second| (since..=now).contains(second)).collect();
        if late.len() >= MOST {
            return None;
        }
        late.push(now);
        Some(Self(late))
    }

    fn text(&self) -> String {
        self.0.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// Becomes a new process of the same program, which goes on with what is in the store: all threads of this one end,
/// whatever they are stuck in. Returns why that does not work, in words for people: also when it was done too often.
pub(super) fn start_again(lost: &str, log: &LogQueue) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
    let Some(restarts) = Restarts::of_this_process().again(now) else {
        let minutes = SPAN.as_secs() / 60;
        return format!("{lost}; started anew {MOST} times in {minutes} minutes, which did not help");
    };
    tracing::error!("{lost}; the service starts anew and goes on from where it stood");
    log.flush(LogQueue::LAST_LINES);
    let error = replace(&restarts);
    format!("{lost}; the service could not be started anew: {error}")
}

fn replace(restarts: &Restarts) -> io::Error {
    let mut arguments = env::args_os();
    // The running program, even if its file was replaced meanwhile.
    let mut command = Command::new("/proc/self/exe");
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // A fresh start was asked for once: what came of it goes on.
    command.args(arguments.filter(|argument| argument != "--fresh")).env(VARIABLE, restarts.text()).exec()
}

/// Gives a process that was started anew the name of its program again, by which `pgrep` and `pidof` find it: the system has
/// named it after the link in `/proc` that it was started by.
pub(super) fn take_back_name() {
    let name = env::args_os().next();
    if let Some(name) = name.as_deref().and_then(|name| Path::new(name).file_name())
        && Restarts::of_this_process().count() > 0
    {
        // The system takes its first 15 bytes. Where it does not let us, the process has another name, and that is all.
        let _ = fs::write("/proc/self/comm", name.as_encoded_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_when_starting_anew_does_not_help() {
        let mut restarts = Restarts::default();
        for number in 0..5 {
            restarts = restarts.again(1000 + number * 60).unwrap();
            assert_eq!(Restarts::parse(&restarts.text()), restarts);
        }
        assert_eq!(restarts.count(), 5);
        assert_eq!(restarts.again(1300), None);
        let later = restarts.again(1601).unwrap();
        assert_eq!(later, Restarts(vec![1060, 1120, 1180, 1240, 1601]));
        assert_eq!(Restarts::parse("rubbish 7"), Restarts(vec![7]));
    }
}
