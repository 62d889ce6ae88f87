//! A link that the system itself makes slow and lossy: what is behind it runs in a network namespace of its own, at the other
//! end of a pair of virtual interfaces with `tc netem`. That takes root, and a kernel that has `sch_netem`.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::{net::Ipv4Addr, process::Command, time::Duration};

/// The link, and the namespace behind it. Both are gone when this is dropped.
pub struct Netem {
    /// The name of the namespace.
    name: String,
    /// Where what runs in it is reached by way of the link.
    pub address: Ipv4Addr,
    /// The end of the link out here.
    near: String,
}

impl Netem {
    /// Makes a link by which packets to the namespace come so much later, and so many of a hundred never.
    ///
    /// # Errors
    /// It cannot be made here; in the words of the system.
    pub fn start(delay: Duration, lost: u64) -> Result<Self, String> {
        let id = std::process::id();
        // Of the addresses that are set aside for tests of networks (RFC 2544), four for each process.
        let block = u8::try_from(id >> 6 & 0xff).unwrap();
        let first = u8::try_from(id & 0x3f).unwrap() * 4;
        let (here, there) = (Ipv4Addr::new(198, 18, block, first + 1), Ipv4Addr::new(198, 18, block, first + 2));
        let link = Self { name: format!("far-{id}"), address: there, near: format!("near-{id}") };
        let Self { name, near, .. } = &link;
        let far = format!("far-{id}");
        run(&format!("ip netns add {name}"))?;
        run(&format!("ip link add name {near} type veth peer name {far} netns {name}"))?;
        run(&format!("ip address add {here}/30 dev {near}"))?;
        run(&format!("ip link set {near} up"))?;
        run(&format!("ip -n {name} address add {there}/30 dev {far}"))?;
        run(&format!("ip -n {name} link set {far} up"))?;
        run(&format!("ip -n {name} link set lo up"))?;
        run(&format!("tc qdisc add dev {near} root netem delay {}ms loss {lost}%", delay.as_millis()))?;
        Ok(link)
    }

    /// What runs a program in the namespace: a command that becomes it.
    pub fn inside(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.name]
    }

    /// Packets that were lost so far.
    pub fn lost(&self) -> u64 {
        let told = run(&format!("tc -s qdisc show dev {}", self.near)).unwrap();
        let (_, rest) = told.split_once("dropped ").unwrap_or_else(|| panic!("{told}"));
        rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().parse().unwrap()
    }
}

impl Drop for Netem {
    fn drop(&mut self) {
        // Its interface goes with it, and so does the other end.
        let _ = run(&format!("ip netns delete {}", self.name));
    }
}

fn run(line: &str) -> Result<String, String> {
    let mut words = line.split(' ');
    let output =
        Command::new(words.next().unwrap()).args(words).output().map_err(|error| format!("`{line}`: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("`{line}`: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
