//! A page in a headless Chromium that is used as a person would: by clicks, drags and keys.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction, TouchActions},
    key::Key,
    wd::WebDriverCompatibleCommand,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::process::{ChildGuard, free_port, wait_for};

const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with one page. It ends when this is dropped.
pub struct Page {
    runtime: Runtime,
    client: Option<Client>,
    /// The driver is killed after it was asked to end its browser; then the browser's files go.
    _driver: ChildGuard,
    _profile: TempDir,
}

impl Page {
    /// Starts a browser and opens a page in it.
    pub fn open(url: &str) -> Self {
        let port = free_port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let driver = ChildGuard::start(&mut command);
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted.as_object().unwrap().clone());
        let address = format!("http://127.0.0.1:{port}");
        let client = wait_for("chromedriver", PATIENCE, || runtime.block_on(builder.connect(&address)).ok());
        let page = Self { runtime, client: Some(client), _driver: driver, _profile: profile };
        page.size(1440, 900);
        page.go(url);
        page
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("it is there until the page is dropped")
    }

    /// Goes to an address.
    pub fn go(&self, url: &str) {
        self.runtime.block_on(self.client().goto(url)).unwrap();
    }

    /// What a function body returns that is run in the page.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        let ran = self.runtime.block_on(self.client().execute(script, Vec::new()));
        ran.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until an expression is true in the page. What it names may not be there yet.
    #[track_caller]
    pub fn wait(&self, expression: &str) {
        let script = format!("try {{ return Boolean({expression}); }} catch {{ return false; }}");
        wait_for(&format!("{expression}\n{}", self.faults()), PATIENCE, || (self.run(&script) == true).then_some(()));
    }

    /// The words of an element, without the spaces around them.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let text = self.run(&format!("return document.querySelector({selector:?})?.textContent.trim() ?? null;"));
        text.as_str().unwrap_or_else(|| panic!("nothing is `{selector}`")).to_owned()
    }

    /// Clicks an element once it is there and can be seen; it must not be hidden by another one.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        wait_for(&format!("`{selector}` to be clicked\n{}", self.faults()), PATIENCE, || {
            let clicked =
                self.runtime.block_on(async { self.client().find(Locator::Css(selector)).await?.click().await });
            match clicked {
                Ok(()) => Some(()),
                // Not there yet, or drawn anew in between.
                Err(error)
                    if error.is_no_such_element()
                        || error.is_element_not_interactable()
                        || error.is_stale_element_reference() =>
                {
                    None
                }
                Err(error) => panic!("click on `{selector}`: {error}"),
            }
        });
    }

    /// Replaces what stands in a field, and leaves the field.
    #[track_caller]
    pub fn write(&self, selector: &str, text: &str) {
        self.click(selector);
        self.chord(&[Key::Control.into(), 'a']);
        self.keys(text);
        self.keys(&char::from(Key::Tab).to_string());
    }

    /// Chooses an option of a list by its value.
    #[track_caller]
    pub fn choose(&self, selector: &str, value: &str) {
        let chosen = self
            .runtime
            .block_on(async { self.client().find(Locator::Css(selector)).await?.select_by_value(value).await });
        chosen.unwrap_or_else(|error| panic!("choose `{value}` in `{selector}`: {error}"));
    }

    /// Presses keys one after the other, wherever the focus is.
    #[track_caller]
    pub fn keys(&self, keys: &str) {
        for key in keys.chars() {
            self.chord(&[key]);
        }
    }

    /// Presses keys together: all down, then all up.
    #[track_caller]
    pub fn chord(&self, keys: &[char]) {
        let downs = keys.iter().map(|value| KeyAction::Down { value: *value });
        let ups = keys.iter().rev().map(|value| KeyAction::Up { value: *value });
        let actions = downs.chain(ups).fold(KeyActions::new("keys".to_owned()), KeyActions::then);
        self.runtime.block_on(self.client().perform_actions(actions)).unwrap();
    }

    /// Clicks an element while a key is held.
    #[track_caller]
    pub fn click_with(&self, key: Key, selector: &str) {
        let down = KeyActions::new("keys".to_owned()).then(KeyAction::Down { value: key.into() });
        self.runtime.block_on(self.client().perform_actions(down)).unwrap();
        self.click(selector);
        let up = KeyActions::new("keys".to_owned()).then(KeyAction::Up { value: key.into() });
        self.runtime.block_on(self.client().perform_actions(up)).unwrap();
    }

    /// A point of an element on the page: (0, 0) is its top left corner, (1, 1) its bottom right.
    #[track_caller]
    pub fn point(&self, selector: &str, across: f64, down: f64) -> (f64, f64) {
        let script = format!(
            "const element = document.querySelector({selector:?}); element.scrollIntoView({{ block: 'nearest' }});\
             const {{ left, top, width, height }} = element.getBoundingClientRect();\
             return [left + width * {across}, top + height * {down}];"
        );
        let point = self.run(&script);
        (point[0].as_f64().unwrap(), point[1].as_f64().unwrap())
    }

    /// Drags with the mouse, in some steps as a hand does.
    #[track_caller]
    pub fn drag(&self, from: (f64, f64), to: (f64, f64)) {
        let actions = strokes(from, to).into_iter().fold(MouseActions::new("mouse".to_owned()), MouseActions::then);
        self.runtime.block_on(self.client().perform_actions(actions)).unwrap();
    }

    /// Drags with a finger.
    #[track_caller]
    pub fn swipe(&self, from: (f64, f64), to: (f64, f64)) {
        let actions = strokes(from, to).into_iter().fold(TouchActions::new("finger".to_owned()), TouchActions::then);
        self.runtime.block_on(self.client().perform_actions(actions)).unwrap();
    }

    /// Chooses a file of this machine in a field for files.
    #[track_caller]
    pub fn attach(&self, selector: &str, file: &Path) {
        self.wait(&format!("document.querySelector({selector:?})"));
        let name = file.to_str().expect("a path in UTF-8");
        let sent =
            self.runtime.block_on(async { self.client().find(Locator::Css(selector)).await?.send_keys(name).await });
        sent.unwrap_or_else(|error| panic!("attach to `{selector}`: {error}"));
    }

    /// Gives the page a size.
    pub fn size(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Makes the system's theme `light` or `dark`, without motion.
    pub fn theme(&self, scheme: &str) {
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", &media);
    }

    /// Keeps a picture of the page among the artefacts of the tests, and says where.
    pub fn screenshot(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("admin");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        let picture = self.runtime.block_on(self.client().screenshot()).unwrap();
        std::fs::write(&path, picture).unwrap();
        println!("kept {}", path.display());
    }

    /// What the browser complains of: faults of scripts, what the policy forbade, requests that failed.
    pub fn faults(&self) -> String {
        let log = self.command("se/log", &json!({ "type": "browser" }));
        let lines = log.as_array().into_iter().flatten().filter_map(|line| line["message"].as_str());
        lines.collect::<Vec<_>>().join("\n")
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.command("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    fn command(&self, path: &'static str, body: &Value) -> Value {
        let command = Extension { path, body: body.to_string() };
        self.runtime.block_on(self.client().issue_cmd(command)).unwrap()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // A driver that is gone has ended its browser.
            let _ = self.runtime.block_on(client.close());
        }
    }
}

/// A pointer that goes down at one point, moves to another, and goes up there.
fn strokes(from: (f64, f64), to: (f64, f64)) -> Vec<PointerAction> {
    let at = |share: f64| PointerAction::MoveTo {
        duration: Some(Duration::from_millis(30)),
        x: (from.0 + (to.0 - from.0) * share).round(),
        y: (from.1 + (to.1 - from.1) * share).round(),
    };
    let button = MOUSE_BUTTON_LEFT;
    let moves = [0.2, 0.4, 0.6, 0.8, 1.0, 1.0].map(at);
    [at(0.0), PointerAction::Down { button }].into_iter().chain(moves).chain([PointerAction::Up { button }]).collect()
}

/// A command of chromedriver's own.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: String,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (warp::http::Method, Option<String>) {
        (warp::http::Method::POST, Some(self.body.clone()))
    }
}
