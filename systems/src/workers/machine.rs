//! What the machine has for workers, and how many it is made for.

use super::WorkerThreads;

/// Bytes that a thread may take which decodes a large picture: 64 megapixels of four bytes, and as much again for the
/// decoder.
const DECODER: u64 = 512 << 20;
/// Bytes that a thread may take which draws a large layer: its picture, 66 MB at the most, and those that effects make
/// of it.
const PAINTER: u64 = 256 << 20;

/// What this process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Threads that can run at the same time.
    pub cores: usize,
    /// Bytes of memory; `None` if nobody tells.
    pub memory: Option<u64>,
}

impl Machine {
    /// The one that this runs on, with the limits of its control group.
    #[must_use]
    pub fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let installed = read("/proc/meminfo").and_then(|text| total(&text));
        let granted = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
            .into_iter()
            .find_map(|path| read(path)?.trim().parse().ok());
        Self { cores, memory: installed.into_iter().chain(granted).min() }
    }
}

/// The bytes of memory that `/proc/meminfo` tells of.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

impl WorkerThreads {
    /// As many as a machine is made for: one for each core renders. Of those whose pieces of work take much memory each,
    /// there is one for two cores that decodes and one for four that draws in the background, and fewer where all of them
    /// together could take more than a quarter of the memory; at least one of each.
    #[must_use]
    pub fn of(machine: &Machine) -> Self {
        let Machine { cores, memory } = *machine;
        let at_once = |each: u64, wanted: usize| {
            let room = memory.map_or(u64::MAX, |memory| memory / 4 / each);
            wanted.min(usize::try_from(room).unwrap_or(usize::MAX)).max(1)
        };
        Self { render: cores.max(1), background: at_once(PAINTER, cores / 4), decode: at_once(DECODER, cores / 2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_follow_from_cores_and_memory() {
        let threads = |cores, gigabytes: Option<u64>| {
            let memory = gigabytes.map(|gigabytes| gigabytes << 30);
            let WorkerThreads { render, background, decode } = WorkerThreads::of(&Machine { cores, memory });
            (render, background, decode)
        };
        assert_eq!(threads(1, Some(1)), (1, 1, 1));
        assert_eq!(threads(2, Some(4)), (2, 1, 1));
        assert_eq!(threads(16, Some(64)), (16, 4, 8));
        assert_eq!(threads(16, Some(4)), (16, 4, 2), "little memory");
        assert_eq!(threads(64, Some(1)), (64, 1, 1));
        assert_eq!(threads(16, None), (16, 4, 8), "nobody tells");
    }

    #[test]
    fn the_memory_is_read_as_linux_tells_it() {
        assert_eq!(total("MemTotal:       16384 kB\nMemFree: 3 kB\n"), Some(16 << 20));
        assert_eq!(total("MemFree: 3 kB\n"), None);
        let here = Machine::here();
        assert!(here.cores >= 1 && here.memory.is_none_or(|memory| memory > 1 << 20), "{here:?}");
    }
}
