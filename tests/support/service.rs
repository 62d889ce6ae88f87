//! The real binary, started on free loopback ports and ended with the test.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// How long a story waits for something that should happen soon. Machines are noisy: long, and never slept through.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A port of the loopback address that nothing listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the system has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// Tries until there is a value; fails the test, saying what was waited for, when that takes too long.
pub fn wait_for<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A running service.
pub struct Service {
    child: Child,
    /// Port of the HTTP API.
    pub port: u16,
    /// Port of the WebSocket.
    pub ws_port: u16,
    /// The folder that it runs in; gone after the test.
    pub folder: TempDir,
    log: Arc<Mutex<Vec<String>>>,
}

/// A command of the binary with an environment of its own: no variable of the person who runs the tests reaches it.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stream-manager"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    for kept in ["PATH", "HOME", "LANG", "XDG_CACHE_HOME", "GST_REGISTRY", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

/// Runs a command of the binary to its end.
pub fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments).envs(variables.iter().copied()).output().expect("the binary runs")
}

impl Service {
    /// Starts `serve` with these variables and waits until it is ready.
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let service = Self::launch(variables);
        wait_for("the service to be ready", || {
            service.get("/health/ready").is_ok_and(|(status, _)| status == 200).then_some(())
        });
        service
    }

    /// Starts `serve` with these variables on free ports.
    pub fn launch(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the service");
        let (port, ws_port) = (free_port(), free_port());
        let mut child = command(folder.path(), &["serve"])
            .env("PORT", port.to_string())
            .env("WS_PORT", ws_port.to_string())
            .env("METRICS_PORT", "0")
            .env("HEALTH_PORT", "0")
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let log = Arc::new(Mutex::new(Vec::new()));
        let stderr = child.stderr.take().expect("it was piped");
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        Self { child, port, ws_port, folder, log }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
    }

    /// GET: the status and the body.
    pub fn get(&self, path: &str) -> Result<(u16, Vec<u8>), ureq::Error> {
        let mut answer = Self::agent().get(self.url(path)).call()?;
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec()?;
        Ok((answer.status().as_u16(), body))
    }

    /// GET of JSON that must be there.
    pub fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path).unwrap_or_else(|error| panic!("GET {path}: {error}\n{}", self.log()));
        assert_eq!(status, 200, "GET {path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("a JSON answer")
    }

    /// A request with a JSON body: the status and the JSON answer (`null` if there is none).
    pub fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(self.url(path))
            .header("content-type", "application/json")
            .body(body.to_string())
            .expect("a good request");
        let mut answer = Self::agent().run(request).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = answer.body_mut().read_to_string().expect("a text answer");
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Sends a signal such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().expect("kill runs");
        assert!(sent.success(), "the service had ended already:\n{}", self.log());
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        wait_for("the service to end", || self.child.try_wait().expect("it is our child"))
    }

    /// Ends it as an operator would, and waits.
    pub fn stop(mut self) -> (ExitStatus, TempDir, String) {
        self.signal("TERM");
        let status = self.wait();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"));
        (status, folder, self.log())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file of the project.
pub fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
