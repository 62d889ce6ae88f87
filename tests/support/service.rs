//! The real binary, started on free loopback ports and ended with the test.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use image::RgbImage;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{free_port, wait_for};

/// How long a story waits for something that should happen soon. Machines are noisy: long, and never slept through.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running service.
pub struct Service {
    child: Child,
    /// Port of the HTTP API, once it listens.
    pub port: u16,
    /// The folder that it runs in; gone after the test.
    pub folder: Arc<TempDir>,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

/// An answer of the API.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its header `Stream-Tick`: the tick that it speaks of.
    pub tick: Option<u64>,
    /// Its header `Content-Type`.
    pub media_type: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The same answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A command of the binary with an environment of its own: no variable of the person who runs the tests reaches it.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command_of(env!("CARGO_BIN_EXE_stream-manager"), folder);
    command.args(arguments);
    command
}

fn command_of(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    for kept in ["PATH", "HOME", "LANG", "XDG_CACHE_HOME", "GST_REGISTRY", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// `serve` by way of these words, as somebody whose threads can be limited.
fn limitable(by: &[&str], folder: &Path) -> Command {
    let binary = command(folder, &[]);
    let (who, binary_path) = match as_nobody() {
        Some((program, arguments)) => {
            let id = Some(NOBODY);
            chown(folder, id, id).expect("root gives it away");
            (std::iter::once(program).chain(arguments).collect(), "/proc/self/fd/0".to_owned())
        }
        None => (Vec::new(), binary.get_program().to_string_lossy().into_owned()),
    };
    let words: Vec<&str> = who.into_iter().chain(by.iter().copied()).chain([binary_path.as_str(), "serve"]).collect();
    let mut command = command_of(words[0], folder);
    // The binary may lie where nobody else gets in.
    let binary = std::fs::File::open(binary.get_program()).expect("it was built");
    command.args(&words[1..]).stdin(binary).env("HOME", folder);
    command
}

/// The command that runs another one as that user, if this is root.
fn as_nobody() -> Option<(&'static str, [&'static str; 3])> {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0);
    is_root.then_some(("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups"]))
}

/// Runs a command of the binary to its end.
pub fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments).envs(variables.iter().copied()).output().expect("the binary runs")
}

impl Service {
    /// Starts `serve` with these variables and files in its folder, and waits until it is ready.
    #[track_caller]
    pub fn start(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Self {
        let mut service = Self::launch(variables, files);
        service.wait_until_ready();
        service
    }

    /// Starts `serve` with these variables and files in its folder, on ports that the system chooses.
    pub fn launch(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the service");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("the folder is ours");
        }
        Self::launch_in(Arc::new(folder), variables, &[])
    }

    /// Starts `serve` with these variables and flags in a folder where it may have run before.
    pub fn launch_in(folder: Arc<TempDir>, variables: &[(&str, &str)], flags: &[&str]) -> Self {
        // Hang-ups may be nothing to whoever runs the tests, which goes over to all that they start.
        let binary = command(folder.path(), &[]);
        let mut command = command_of("env", folder.path());
        command.arg("--default-signal=HUP").arg(binary.get_program()).arg("serve").args(flags);
        Self::spawn(folder, command, variables)
    }

    /// Starts `serve`, which trusts the certificates of this file as those of the system.
    pub fn start_trusting(certificates: &Path, variables: &[(&str, &str)]) -> Self {
        Self::start_with_file_over("/etc/ssl/certs/ca-certificates.crt", certificates, variables)
    }

    /// Starts `serve`, for which this file is in the place of one of the system.
    pub fn start_with_file_over(place: &str, file: &Path, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the service");
        // In a namespace of its own the file lies over that of the system.
        let over = "mount --bind \"$1\" \"$2\" && exec \"$3\" serve";
        let binary = command(folder.path(), &[]);
        let mut command = command_of("unshare", folder.path());
        command.args(["--map-root-user", "--mount", "sh", "-c", over, "sh"]).arg(file).arg(place);
        command.arg(binary.get_program());
        let mut service = Self::spawn(Arc::new(folder), command, variables);
        service.wait_until_ready();
        service
    }

    /// Starts `serve` in a folder with a disk of its own at `disk` in it, whose image is `image`; nobody else sees it. Needs
    /// root.
    pub fn start_with_disk(folder: TempDir, image: &str, variables: &[(&str, &str)]) -> Self {
        std::fs::create_dir(folder.path().join("disk")).expect("the folder is ours");
        let mounted = "mount -o loop \"$1\" disk && exec \"$2\" serve";
        let binary = command(folder.path(), &[]);
        let mut command = command_of("unshare", folder.path());
        command.args(["--mount", "sh", "-c", mounted, "sh", image]).arg(binary.get_program());
        let mut service = Self::spawn(Arc::new(folder), command, variables);
        service.wait_until_ready();
        service
    }

    /// Starts `serve` as somebody whose threads can be limited, as those of root cannot: see [`allow_threads`](Self::allow_threads).
    pub fn start_limitable(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the service");
        let command = limitable(&[], folder.path());
        let mut service = Self::spawn(Arc::new(folder), command, variables);
        service.wait_until_ready();
        service
    }

    /// What becomes of `serve` where all that belongs to the same user may have so many threads.
    pub fn started_with_threads(most: u64, variables: &[(&str, &str)]) -> Output {
        let folder = tempfile::tempdir().expect("a folder for the service");
        let limit = format!("--nproc={most}");
        limitable(&["prlimit", &limit], folder.path())
            .envs(variables.iter().copied())
            .output()
            .expect("it is installed")
    }

    /// Lets it and all that belongs to the same user have so many threads when it wants more, or as many as at first.
    pub fn allow_threads(&self, most: Option<u64>) {
        let id = self.child.id();
        let limits = std::fs::read_to_string(format!("/proc/{id}/limits")).expect("the service runs");
        let line = limits.lines().find_map(|line| line.strip_prefix("Max processes")).expect("Linux tells it");
        let highest = line.split_whitespace().nth(1).expect("the hard limit is the second");
        let limit = format!("--nproc={}:", most.map_or_else(|| highest.to_owned(), |most| most.to_string()));
        let by =
            as_nobody().map(|(program, arguments)| std::iter::once(program).chain(arguments)).into_iter().flatten();
        let words: Vec<_> = by.chain(["prlimit", "--pid"]).map(str::to_owned).chain([id.to_string(), limit]).collect();
        assert!(Command::new(&words[0]).args(&words[1..]).status().expect("it is installed").success(), "{words:?}");
    }

    /// A path of its folder as it sees that itself, with its own disk.
    pub fn inside(&self, path: &str) -> PathBuf {
        let folder = self.folder.path().strip_prefix("/").expect("a folder has a whole path");
        Path::new("/proc").join(self.child.id().to_string()).join("root").join(folder).join(path)
    }

    /// Starts `serve`, which logs to something else than this, and waits until it is ready.
    #[track_caller]
    pub fn start_logging_to(stderr: impl Into<Stdio>, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the service");
        let port = free_port();
        let number = port.to_string();
        let variables: Vec<_> = variables.iter().copied().chain([("PORT", number.as_str())]).collect();
        let command = command(folder.path(), &["serve"]);
        let mut service = Self::spawn_logging_to(stderr.into(), Arc::new(folder), command, &variables);
        service.port = port;
        wait_for("the service to listen", PATIENCE, || {
            let ended = service.child.try_wait().expect("it is our child");
            assert!(ended.is_none(), "the service has ended: {ended:?}");
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        wait_for("the service to be ready", PATIENCE, || (service.get("/health/ready").status == 200).then_some(()));
        service
    }

    /// Starts `serve` as a shell does that hang-ups are nothing to, and waits until it is ready.
    #[track_caller]
    pub fn start_ignoring_hang_ups(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the service");
        let mut shell = command_of("sh", folder.path());
        shell.args(["-c", "trap '' HUP && exec \"$0\" serve"]).arg(command(folder.path(), &[]).get_program());
        let mut service = Self::spawn(Arc::new(folder), shell, variables);
        service.wait_until_ready();
        service
    }

    fn spawn(folder: Arc<TempDir>, command: Command, variables: &[(&str, &str)]) -> Self {
        Self::spawn_logging_to(Stdio::piped(), folder, command, variables)
    }

    fn spawn_logging_to(stderr: Stdio, folder: Arc<TempDir>, mut command: Command, variables: &[(&str, &str)]) -> Self {
        let ports = ["PORT", "WS_PORT", "METRICS_PORT", "HEALTH_PORT"];
        let mut child = command
            .envs(ports.map(|port| (port, "0")))
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .expect("the binary starts");
        let log = Arc::new(Mutex::new(Vec::new()));
        let reader = child.stderr.take().map(|stderr| {
            let lines = Arc::clone(&log);
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    lines.lock().unwrap().push(line);
                }
            })
        });
        Self { child, port: 0, folder, log, reader }
    }

    /// Kills it without a word, as a loss of power would, and starts it again where it was.
    #[track_caller]
    pub fn kill_and_restart(&mut self, variables: &[(&str, &str)], flags: &[&str]) {
        self.kill();
        *self = Self::launch_in(Arc::clone(&self.folder), variables, flags);
        self.wait_until_ready();
    }

    /// Kills it without a word.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until it has drawn its first picture.
    #[track_caller]
    pub fn wait_until_ready(&mut self) {
        self.wait_until_ready_again(1);
    }

    /// Waits until it has drawn its first picture after it was started so many times in one process.
    #[track_caller]
    pub fn wait_until_ready_again(&mut self, starts: usize) {
        self.port = wait_for("the service to say where it listens", PATIENCE, || {
            let ended = self.child.try_wait().expect("it is our child");
            let log = self.log();
            assert!(ended.is_none(), "the service has ended: {ended:?}");
            let rest = log.split("listens on http://127.0.0.1:").nth(starts)?;
            rest.split('/').next()?.parse().ok()
        });
        wait_for("the service to be ready", PATIENCE, || (self.get("/health/ready").status == 200).then_some(()));
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Waits until the log holds these words.
    #[track_caller]
    pub fn wait_for_log(&self, words: &str) {
        wait_for(&format!("`{words}` in the log"), PATIENCE, || self.log().contains(words).then_some(()));
    }

    /// The address of something that it serves.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Sends a request. A body goes as `media_type`.
    #[track_caller]
    pub fn request(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Answer {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        let agent = ureq::Agent::new_with_config(config);
        let request = ureq::http::Request::builder().method(method).uri(self.url(path));
        let answer = match body {
            Some((media_type, text)) => agent.run(request.header("content-type", media_type).body(text).unwrap()),
            None => agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let header = |name| Some(answer.headers().get(name)?.to_str().unwrap().to_owned());
        let tick = header("stream-tick").map(|tick| tick.parse().expect("a number"));
        let media_type = header("content-type").unwrap_or_default();
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec().expect("the whole answer");
        Answer { status, tick, media_type, body }
    }

    /// GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, None)
    }

    /// GET of JSON that must be there.
    #[track_caller]
    pub fn json(&self, path: &str) -> Value {
        self.get(path).expect(200).json()
    }

    /// A request with a JSON body, or none if it is null.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let text = body.to_string();
        self.request(method, path, (!body.is_null()).then_some(("application/json", text.as_str())))
    }

    /// How the stream is doing.
    #[track_caller]
    pub fn status(&self) -> Value {
        self.json("/api/stream/status")
    }

    /// How the output of this name is doing.
    #[track_caller]
    pub fn output(&self, id: &str) -> Value {
        let status = self.status();
        let outputs = status["outputs"].as_array().expect("a list of outputs");
        outputs.iter().find(|output| output["id"] == id).unwrap_or_else(|| panic!("no `{id}` in {status}")).clone()
    }

    /// Waits until the output of this name is in this state.
    #[track_caller]
    pub fn wait_for_output(&self, id: &str, state: &str) -> Value {
        wait_for(&format!("`{id}` to be {state}"), PATIENCE, || {
            let output = self.output(id);
            (output["state"] == state).then_some(output)
        })
    }

    /// How many frames were drawn so far.
    #[track_caller]
    pub fn frame_count(&self) -> u64 {
        self.status()["frameCount"].as_u64().expect("a number")
    }

    /// Frames that were not drawn, or not encoded, since the machine was too slow.
    #[track_caller]
    pub fn skipped_frames(&self) -> u64 {
        let status = self.status();
        let of = |name: &str| status[name].as_u64().expect("a number");
        of("droppedFrames") + of("tick").saturating_sub(of("frameCount"))
    }

    /// Waits until so many more frames are drawn.
    #[track_caller]
    pub fn wait_for_frames(&self, more: u64) {
        let before = self.frame_count();
        wait_for("more frames", PATIENCE, || (self.frame_count() >= before + more).then_some(()));
    }

    /// The present picture and its tick.
    #[track_caller]
    pub fn picture(&self) -> (u64, RgbImage) {
        let answer = self.get("/api/stream/frame").expect(200);
        assert_eq!(answer.media_type, "image/png");
        let picture = image::load_from_memory(&answer.body).expect("a PNG").into_rgb8();
        (answer.tick.expect("a picture tells its tick"), picture)
    }

    /// Bytes of memory that it takes now.
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("the service runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux tells it");
        line.split_whitespace().nth(1).expect("a number").parse::<u64>().expect("a number") * 1024
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success(), "the service had ended already");
    }

    /// Waits for its end. All that it has logged is in the log then.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let status = wait_for("the service to end", PATIENCE, || self.child.try_wait().expect("it is our child"));
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader ends with the service");
        }
        status
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- what the service logged ---\n{}\n---", self.log());
        }
    }
}

/// A file of the project.
pub fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
