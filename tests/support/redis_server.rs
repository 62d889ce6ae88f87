//! A real Redis server on a free port of the loopback, ended with the test.

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
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::process::{ChildGuard, free_port, wait_for};

/// The password that the server asks for.
pub const PASSWORD: &str = "open-sesame-4711";

/// A server that keeps everything on the disk at once.
pub struct RedisServer {
    port: u16,
    /// Where it speaks TLS, if it does.
    tls_port: Option<u16>,
    folder: TempDir,
    running: Option<ChildGuard>,
}

impl RedisServer {
    /// Starts a server, and waits until it answers.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self { port: free_port(), tls_port: None, folder, running: None };
        server.run();
        server
    }

    /// Starts a server that speaks TLS too, with a certificate that nobody trusts who does not know [`authority`](
    /// Self::authority).
    pub fn start_with_tls() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            let mut command = Command::new("openssl");
            command.args(arguments.split(' ')).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            assert!(command.status().expect("openssl runs").success(), "openssl {arguments}");
        };
        std::fs::write(folder.path().join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=authority -days 2");
        openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server");
        openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names",
        );
        let mut server = Self { port: free_port(), tls_port: Some(free_port()), folder, running: None };
        server.run();
        server
    }

    /// The file with the certificate of who vouches for the server's.
    pub fn authority(&self) -> String {
        self.folder.path().join("ca.pem").to_str().unwrap().to_owned()
    }

    /// Starts it again with the data that it had.
    pub fn run(&mut self) {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always"]).arg("--dir").arg(self.folder.path());
        if let Some(port) = self.tls_port {
            command.args(["--tls-port", &port.to_string(), "--tls-auth-clients", "no"]).current_dir(self.folder.path());
            command.args([
                "--tls-cert-file",
                "server.pem",
                "--tls-key-file",
                "server.key",
                "--tls-ca-cert-file",
                "ca.pem",
            ]);
        }
        self.running = Some(ChildGuard::start(command.stdout(Stdio::null()).stderr(Stdio::null())));
        wait_for("Redis to answer", Duration::from_secs(20), || (self.ask(&["PING"]) == "PONG").then_some(()));
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Kills it, and returns a copy of its data.
    pub fn stop_and_copy(&mut self) -> TempDir {
        self.stop();
        let copy = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), copy.path());
        copy
    }

    /// Starts it again with these data.
    pub fn run_with(&mut self, data: &TempDir) {
        self.folder = tempfile::tempdir().unwrap();
        copy_folder(data.path(), self.folder.path());
        self.run();
    }

    /// Its address.
    pub fn url(&self) -> String {
        match self.tls_port {
            Some(port) => format!("rediss://127.0.0.1:{port}/0"),
            None => format!("redis://127.0.0.1:{}/0", self.port),
        }
    }

    /// Sends a command as a person would.
    pub fn ask(&self, command: &[&str]) -> String {
        let port = self.port.to_string();
        let mut client = Command::new("redis-cli");
        client.args(["-p", &port, "--no-auth-warning", "-a", PASSWORD]).args(command).stderr(Stdio::null());
        let answer = client.output().expect("redis-cli runs");
        String::from_utf8_lossy(&answer.stdout).trim().to_owned()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let into = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&into).unwrap();
            copy_folder(&entry.path(), &into);
        } else {
            std::fs::copy(entry.path(), into).unwrap();
        }
    }
}
