//! Another make of RTMP server: Node-Media-Server, on ports of its own. `scripts/deps run test` installs it.

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
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use serde_json::json;

use crate::process::{ChildGuard, free_port, wait_for};

/// By which it knows its publishers.
const SECRET: &str = "only-for-tests";

/// The server: anybody may play, and publish may who shows a signature. It ends when this is dropped.
pub struct NodeMediaServer {
    /// Where it listens on the loopback interface.
    pub port: u16,
    /// Where it does with TLS.
    pub tls_port: u16,
    folder: tempfile::TempDir,
    process: Option<ChildGuard>,
}

impl NodeMediaServer {
    /// Starts one.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut server = Self { port: free_port(), tls_port: free_port(), folder, process: None };
        server.restart();
        server
    }

    /// The address at which a stream is played.
    pub fn url(&self, key: &str) -> String {
        format!("rtmp://127.0.0.1:{}/live/{key}", self.port)
    }

    /// The part of a key that lets its stream be published.
    pub fn signature(&self, key: &str) -> String {
        let until = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() + 3600;
        let signed = format!("/live/{key}-{until}-{SECRET}");
        let mut command = Command::new("openssl");
        command.args(["dgst", "-md5", "-r"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), signed.as_bytes()).unwrap();
        let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        format!("sign={until}-{}", told.split(' ').next().unwrap())
    }

    /// A file with its certificate beside those that the system trusts.
    pub fn trusted(&self) -> PathBuf {
        let file = self.folder.path().join("trusted.crt");
        let mut all = fs::read("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
        all.extend(fs::read(self.folder.path().join("cert.pem")).unwrap());
        fs::write(&file, all).unwrap();
        file
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same ports.
    pub fn restart(&mut self) {
        self.process = None;
        let config = json!({
            "bind": "127.0.0.1",
            "auth": { "play": false, "publish": true, "secret": SECRET, "jwt": { "secret": SECRET, "users": [] } },
            "store": { "path": "./data", "maxHistory": 10 },
            "rtmp": { "port": self.port },
            "rtmps": { "port": self.tls_port, "key": "./key.pem", "cert": "./cert.pem" },
        });
        fs::write(self.folder.path().join("config.json"), config.to_string()).unwrap();
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node/node_modules/node-media-server/bin/app.js");
        assert!(program.exists(), "Node-Media-Server is not installed; run `scripts/deps run test`");
        let mut command = Command::new("node");
        command.arg(program).args(["-c", "config.json"]).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(ChildGuard::start(&mut command));
        for port in [self.port, self.tls_port] {
            wait_for("the server to listen", Duration::from_secs(20), || TcpStream::connect(("127.0.0.1", port)).ok());
        }
    }
}
