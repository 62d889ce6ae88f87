//! A headless Chromium, steered by WebDriver.

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
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::process::{ChildGuard, free_port, wait_for};

/// A browser with one page. It ends when this is dropped.
pub struct Browser {
    session: String,
    /// Dropped last: the driver ends its browser when it is asked to, and is killed after that.
    _driver: ChildGuard,
}

impl Browser {
    /// Starts one.
    pub fn start() -> Self {
        let port = free_port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let driver = ChildGuard::start(&mut command);
        let arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}});
        let base = format!("http://127.0.0.1:{port}/session");
        let answer = wait_for("chromedriver", Duration::from_secs(15), || post(&base, &wanted).ok());
        let id = answer["value"]["sessionId"].as_str().expect("a session").to_owned();
        Self { session: format!("{base}/{id}"), _driver: driver }
    }

    /// Opens a page.
    pub fn open(&self, url: &str) {
        post(&format!("{}/url", self.session), &json!({ "url": url })).unwrap();
    }

    /// What a function body returns that is run in the page.
    pub fn run(&self, script: &str) -> Value {
        let body = json!({"script": script, "args": []});
        post(&format!("{}/execute/sync", self.session), &body).unwrap()["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A driver that is gone has ended its browser.
        let _ = ureq::delete(&self.session).call();
    }
}

fn post(url: &str, body: &Value) -> Result<Value, ureq::Error> {
    ureq::post(url).send_json(body)?.body_mut().read_json()
}
