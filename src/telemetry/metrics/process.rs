//! What the whole process takes of the machine, by the names that Prometheus' own clients have for it.

use std::{fmt, fs};

use prometheus_client::{
    collector::Collector,
    encoding::DescriptorEncoder,
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

use super::sheet::Sheet;

/// In a second: the unit of times in `/proc`, which is the same on all machines that Linux shows to programs
/// (`USER_HZ`, proc(5)).
const TICKS: f64 = 100.0;

/// Asks the system at each scrape. Says nothing where there is no `/proc`.
#[derive(Debug)]
pub(super) struct ProcessCollector;

/// The value of a line of `/proc/self/status`, without its unit.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Seconds of processors in `/proc/self/stat`: for the process, and for the system on its behalf.
fn processor_seconds(stat: &str) -> Option<f64> {
    // The name of the program is in brackets, and may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / TICKS)
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut out = Sheet(&mut encoder);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        if let Some(kilobytes) = field(&status, "VmRSS") {
            out.gauge("process_resident_memory_bytes", "Memory that the process takes", kilobytes * 1024)?;
        }
        if let Some(threads) = field(&status, "Threads") {
            out.gauge("process_threads", "Threads of the process", threads)?;
        }
        if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| processor_seconds(&stat)) {
            out.metric("process_cpu_seconds", "Time of processors that the process took", &ConstCounter::new(seconds))?;
        }
        if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
            // One is that of the folder itself.
            let open = ConstGauge::new(descriptors.count().saturating_sub(1) as u64);
            out.metric("process_open_fds", "File descriptors that are open", &open)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_understood() {
        let status = "Name:\tstream-manager\nVmRSS:\t  123456 kB\nThreads:\t17\n";
        assert_eq!(
            (field(status, "VmRSS"), field(status, "Threads"), field(status, "Rss")),
            (Some(123_456), Some(17), None)
        );
        let stat = "42 (a) name) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 17 0 1000 1 1";
        assert_eq!(processor_seconds(stat), Some(3.0));
        assert_eq!(processor_seconds("42 (name"), None);
    }
}
