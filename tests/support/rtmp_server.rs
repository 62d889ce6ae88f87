//! A real RTMP server: nginx with its RTMP module, on a port of its own.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use crate::process::{ChildGuard, free_port, wait_for};

/// The server, with an application `live` that takes any stream and one, `closed`, that takes none.
/// It ends when this is dropped.
pub struct RtmpServer {
    /// Where it listens: on the loopback interface, unless it was started elsewhere.
    pub port: u16,
    host: Ipv4Addr,
    /// What runs it, if it does not run like other programs.
    by: Vec<String>,
    folder: tempfile::TempDir,
    process: Option<ChildGuard>,
    takes_none: bool,
}

impl RtmpServer {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST, &[])
    }

    /// Starts one that listens at this address, by a command that becomes the program which it is given.
    pub fn start_at(host: Ipv4Addr, by: &[&str]) -> Self {
        let (port, folder, by) = (free_port(), tempfile::tempdir().unwrap(), by.iter().map(|word| (*word).to_owned()));
        let mut server = Self { port, host, by: by.collect(), folder, process: None, takes_none: false };
        server.restart();
        server
    }

    /// The address of a stream on it.
    pub fn url(&self, key: &str) -> String {
        format!("rtmp://{}:{}/live/{key}", self.host, self.port)
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same port, to take no stream any more.
    pub fn restart_closed(&mut self) {
        self.takes_none = true;
        self.restart();
    }

    /// Starts it again on the same port.
    pub fn restart(&mut self) {
        self.process = None;
        let folder = self.folder.path();
        fs::create_dir_all(folder.join("logs")).unwrap();
        let (module, host, port) = (rtmp_module(), self.host, self.port);
        let publish = if self.takes_none { "deny publish all;" } else { "" };
        // One process, so that killing it ends all of it.
        let config = format!(
            "load_module {module};\n daemon off; master_process off; worker_processes 1;\n\
             error_log {log} info; pid {pid};\n events {{ worker_connections 64; }}\n\
             rtmp {{ access_log off; server {{ listen {host}:{port}; chunk_size 4096;\n\
             application live {{ live on; wait_key on; {publish} }} application closed {{ live on; deny publish all; }} }} }}\n",
            module = module.display(),
            log = folder.join("logs/error.log").display(),
            pid = folder.join("nginx.pid").display(),
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, config).unwrap();
        let mut words = self.by.iter().map(String::as_str).chain(["nginx"]);
        let mut command = Command::new(words.next().expect("there is nginx at least"));
        command.args(words).arg("-p").arg(folder).arg("-c").arg(&file).arg("-e").arg(folder.join("logs/error.log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(ChildGuard::start(&mut command));
        wait_for("nginx to listen", Duration::from_secs(5), || TcpStream::connect((host, port)).ok());
    }

    /// Lets it do nothing more, with its connections open, as a network that swallows everything would.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("the server runs").0.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("logs/error.log")).unwrap_or_default()
    }
}

/// Where the module lies differs from one distribution to the next.
fn rtmp_module() -> PathBuf {
    let folders =
        ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules", "/etc/nginx/modules"];
    let paths = folders.iter().map(|folder| PathBuf::from(folder).join("ngx_rtmp_module.so"));
    paths
        .clone()
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("nginx has no RTMP module in {folders:?}; install the package libnginx-mod-rtmp"))
}
