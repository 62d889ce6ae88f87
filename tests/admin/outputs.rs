//! Outputs: added, changed, stopped, started and removed while the stream runs.

use crate::*;

const KEY: &str = "very-secret-4711";

#[test]
fn outputs_are_added_changed_stopped_started_and_removed() {
    let service = start(&[]);
    let page = open(&service);
    let state_is = |id: &str, state: &str| {
        page.wait(&format!("document.querySelector('#output-{id} .pill')?.dataset.state === '{state}'"));
    };
    page.click("#tab-outputs");
    state_is("live", "started");
    // A recording, after what is wrong was told where it was written.
    page.click("#add-output");
    page.write("#output-form-id", "archive");
    page.write("#output-form-url", &format!("{KEY}.avi"));
    page.click("dialog .primary");
    page.wait("document.querySelector('#output-form-url-error').textContent.includes('.avi')");
    page.write("#output-form-url", "archive.mkv");
    page.click("dialog .primary");
    state_is("archive", "started");
    assert!(service.folder.path().join("archive.mkv").exists());
    page.click("#output-archive [data-verb=stop]");
    state_is("archive", "stopped");
    page.click("#output-archive [data-verb=start]");
    state_is("archive", "started");
    state_is("live", "started");
    // Nobody listens there; the key is not shown, and kept when something else is changed.
    let port = process::free_port();
    page.click("#add-output");
    page.write("#output-form-id", "platform");
    page.write("#output-form-url", &format!("rtmp://127.0.0.1:{port}/live/{KEY}"));
    page.click("dialog .primary");
    state_is("platform", "reconnecting");
    page.click("#output-platform [data-verb=edit]");
    page.wait(&format!("document.querySelector('#output-form-url').value === 'rtmp://127.0.0.1:{port}/live/***'"));
    page.write("#output-form-attempts", "0");
    page.write("#output-form-delay", "0.1");
    page.click("dialog .primary");
    page.wait("!document.querySelector('dialog')");
    page.click("#output-platform [data-verb=start]");
    state_is("platform", "failed");
    assert!(!page.run("return document.documentElement.outerHTML;").to_string().contains(KEY));
    page.click("#output-platform [data-verb=remove]");
    page.click("dialog .primary");
    page.wait("!document.getElementById('output-platform')");
    page.click("#tab-log");
    for words in ["Add output archive", "Stop output archive", "Change output platform", "Output platform: removed"] {
        page.wait(&format!("document.querySelector('.log').textContent.includes({words:?})"));
    }
    assert_eq!(service.json("/api/stream/outputs")["outputs"].as_array().unwrap().len(), 2);
    // What was refused is in the browser's log, as it should be.
    assert!(page.faults().lines().all(|line| line.contains("422")), "{}", page.faults());
}
