//! What a process costs, as Linux tells it.

use std::time::Duration;

/// Processor time of a process so far, and the most memory that it had, in MiB.
pub fn cost(pid: u32) -> (Duration, u64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("a process has a name").split(' ').collect();
    // Fields 14 and 15 of proc(5), in ticks of which Linux has 100 a second.
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
    let memory = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells the peak");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    (Duration::from_millis(ticks * 10), peak / 1024)
}
