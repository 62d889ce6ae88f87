//! What the page shows, and what becomes of it when the service goes away.

use serde_json::{Value, json};

use crate::{process::free_port, *};

#[test]
fn it_shows_the_stream_and_comes_back_when_the_connection_was_lost() {
    let port = free_port().to_string();
    let service = start(&[("PORT", &port)]);
    let page = open(&service);
    page.wait("document.title.startsWith('Stage')");
    page.wait("document.getElementById('on-air').dataset.state === 'live'");
    assert_eq!(
        page.run("return [...document.querySelectorAll('.row')].map((row) => row.dataset.key);"),
        json!(["box", "green", "words", "blue", "red"]),
        "the nearest to the viewer first"
    );
    shown(&page, ON_RED, RED);
    shown(&page, ON_BOTH, BLUE);
    page.wait("parseFloat(document.querySelector('#figure-fps .number').textContent) > 5");
    page.wait("document.querySelector('#figure-layer-count .number').textContent === '5'");
    page.wait("document.querySelector('#figure-fps polyline').getAttribute('points')");

    // What others change is seen here, in the tree and in the picture.
    service.send("PATCH", "/api/stream/layers/red", &json!({ "name": "<b>Bricks</b>", "visible": false })).expect(200);
    page.wait("document.querySelector('.row[data-key=\"red\"] .row-name').textContent === '<b>Bricks</b>'");
    page.wait("document.querySelector('.row[data-key=\"red\"]').hasAttribute('data-hidden')");
    shown(&page, ON_RED, BLACK);
    let work_on = |id: &Value| service.send("PUT", "/api/stream/layers/active", &json!({ "id": id })).expect(200);
    work_on(&json!("blue"));
    page.wait("document.querySelector('.row[data-key=\"blue\"] .row-note').textContent.includes('active')");
    work_on(&Value::Null);
    page.wait("!document.querySelector('.row[data-key=\"blue\"] .row-note').textContent.includes('active')");
    page.choose("#preview-width", "320");
    page.wait("document.getElementById('preview').width === 320");
    assert_eq!(page.faults(), "", "neither a script nor the policy complains");

    drop(service);
    page.wait("document.body.dataset.connection === 'lost'");
    page.wait("document.querySelector('.veil').checkVisibility()");
    let service = start(&[("PORT", &port)]);
    page.wait("document.body.dataset.connection === 'open'");
    service.send("PATCH", "/api/stream/layers/red", &json!({ "name": "Again" })).expect(200);
    page.wait("document.querySelector('.row[data-key=\"red\"] .row-name').textContent === 'Again'");
    shown(&page, ON_RED, RED);
}

#[test]
fn a_file_that_is_not_in_force_is_told_in_few_words_and_wholly_in_the_log() {
    let service = start(&[]);
    let page = open(&service);
    let file = service.folder.path().join("stage.jsonc");
    std::fs::write(&file, STAGE.replace("\"id\": \"red\",", "\"id\": \"red\", \"opactiy\": 1,")).unwrap();
    page.wait("document.getElementById('connection').textContent === 'Not in force as it was saved: stage.jsonc'");
    page.wait("document.querySelector('.toast.fault')?.textContent.includes('did you mean `opacity`?')");
    assert!(page.text(".toast.fault p").contains("in all)"), "a long list of names is cut short");
    for (theme, width, height) in [("dark", 1280, 800), ("light", 390, 844)] {
        page.theme(theme);
        page.size(width, height);
        let cut =
            page.run("const line = document.getElementById('connection'); return line.scrollWidth > line.clientWidth;");
        assert_eq!(cut, false, "at {width} pixels");
        page.screenshot(&format!("file-fault-{width}-{theme}.png"));
    }
    page.click(".toast.fault .toast-text button");
    page.wait("document.querySelector('#panel-log .log').textContent.includes('`transitions`')");
    std::fs::write(&file, STAGE).unwrap();
    page.wait("document.getElementById('connection').textContent === ''");
}
