//! Tokens: asked for, refused, replaced.

use serde_json::json;

use crate::*;

/// A service with tokens, and the address of its page.
fn start_with_tokens(variables: &[(&str, &str)]) -> (Service, String) {
    let all = [&[("SCENE", "stage.jsonc"), ("STREAM_RESOLUTION", "640x360")], variables].concat();
    let service = Service::launch(&all, &[("stage.jsonc", STAGE)]);
    let port: u16 = wait_for("the service to say where it listens", PATIENCE, || {
        let log = service.log();
        let (_, rest) = log.split_once("listens on http://127.0.0.1:")?;
        rest.split('/').next()?.parse().ok()
    });
    (service, format!("http://127.0.0.1:{port}/"))
}

fn sign_in(page: &Page, token: &str) {
    page.write("#token", token);
    page.click("dialog .primary");
}

#[test]
fn a_token_is_asked_for_and_kept_for_the_tab() {
    let token = "a-token-of-many-characters";
    let (_service, address) = start_with_tokens(&[("API_TOKEN", token)]);
    let page = Page::open(&address);
    page.wait("document.getElementById('token')");
    assert_eq!(page.run("return document.querySelectorAll('.row').length;"), 0, "nothing is shown without a token");
    for theme in ["light", "dark"] {
        page.theme(theme);
        page.screenshot(&format!("sign-in-{theme}.png"));
    }
    sign_in(&page, "a-token-that-is-another");
    page.wait("document.getElementById('token-error').textContent.includes('API_TOKEN')");
    sign_in(&page, token);
    page.wait("document.body.dataset.connection === 'open'");
    shown(&page, ON_RED, RED);
    page.go(&address);
    page.wait("document.body.dataset.connection === 'open'");
    let kept = page.run("return JSON.stringify(localStorage) + document.cookie;").to_string();
    assert!(!kept.contains(token), "{kept}");
    page.click("#leave");
    page.wait("document.getElementById('token')");
    page.go(&address);
    page.wait("document.getElementById('token')");
    assert_eq!(page.run("return document.querySelectorAll('.row').length;"), 0, "who has left is asked again");
}

/// What a person could use now: visible, not disabled, in these places.
fn usable(page: &Page, places: &str) -> Value {
    page.run(&format!(
        "return [...document.querySelectorAll('{places}')].flatMap((place) =>\
             [...place.querySelectorAll('button, input, select, textarea')])\
             .filter((control) => control.checkVisibility() && !control.matches(':disabled'))\
             .map((control) => control.ariaLabel || control.id || control.textContent);"
    ))
}

/// Requests that were refused for want of a scope.
fn refused(page: &Page) -> Value {
    page.run(
        "return performance.getEntriesByType('resource')\
             .filter(({ responseStatus }) => responseStatus === 403).length;",
    )
}

/// What steers and edits.
const STEERING: &str = "#transport, #layer-tools, #layer-tree, #property-list .section, #panel-scenes, #panel-timelines, \
                        #panel-sound, #panel-outputs";

#[test]
fn a_token_that_only_looks_is_offered_nothing_else_and_told_why() {
    let (owner, reader) = ("the-token-of-the-owner", "the-token-of-a-reader");
    let (_service, address) = start_with_tokens(&[("API_TOKEN", owner), ("API_READ_TOKEN", reader)]);
    let page = Page::open(&address);
    page.wait("document.getElementById('token')");
    sign_in(&page, reader);
    shown(&page, ON_BLUE, BLUE);
    page.click(&row("blue"));
    assert_eq!(page.text("#connection"), "Only to look: the token allows `read`");
    for theme in ["light", "dark"] {
        page.theme(theme);
        for (name, width, height) in [("desktop", 1280, 800), ("phone", 390, 844)] {
            page.size(width, height);
            for place in ["properties", "scenes", "timelines", "sound", "outputs", "settings"] {
                page.run(&format!("document.getElementById('tab-{place}').click();"));
                let words = if place == "settings" { "`admin`; this one allows `read`" } else { "`control`" };
                let told = if place == "properties" { "#property-list" } else { &format!("#panel-{place}") };
                page.wait(&format!("document.querySelector('{told} .withheld').checkVisibility()"));
                let why = page.text(&format!("{told} .withheld"));
                assert!(why.contains(words), "{why}");
                assert_eq!(usable(&page, STEERING), json!([]), "{place} on a {name}");
                page.screenshot(&format!("read-{name}-{theme}-{place}.png"));
            }
            assert_eq!(usable(&page, ".settings"), json!([]));
        }
    }
    page.size(1440, 900);
    assert!(page.run("return document.getElementById('hold').title;").as_str().unwrap().contains("`control`"));
    // What has no control of its own: keys and the mouse. Nothing is sent that would be refused.
    page.click(&row("blue"));
    for keys in ["k", "h", "n"] {
        page.run("for (const toast of document.querySelectorAll('.toast')) toast.remove();");
        page.keys(keys);
        page.wait("document.querySelector('.toast.fault')?.textContent.includes('`control`')");
    }
    let (from, to) = (page.point("#overlay", 0.4, 0.7), page.point("#overlay", 0.6, 0.7));
    page.drag(from, to);
    page.drag(page.point(&row("red"), 0.5, 0.5), page.point(&row("words"), 0.5, 0.1));
    // To read the document of a layer is to look.
    page.click(&row("blue"));
    page.click("#property-list [aria-label='Edit as JSON']");
    page.wait("document.getElementById('source')?.readOnly && !document.querySelector('dialog .primary')");
    page.click("dialog [aria-label=Close]");
    shown(&page, ON_BLUE, BLUE);
    assert_eq!(refused(&page), 0, "what is not allowed is not even asked for");
    page.click("#leave");
    page.wait("document.getElementById('token')");
    sign_in(&page, owner);
    page.click(&format!("{} .eye", row("blue")));
    shown(&page, ON_BLUE, BLACK);
}

#[test]
fn a_token_that_steers_is_not_offered_the_settings_of_the_service() {
    let (owner, operator) = ("the-token-of-the-owner", "the-token-of-an-operator");
    let (_service, address) = start_with_tokens(&[("API_TOKEN", owner), ("API_CONTROL_TOKEN", operator)]);
    let page = Page::open(&address);
    page.wait("document.getElementById('token')");
    sign_in(&page, operator);
    page.click(&row("blue"));
    page.click(&format!("{} .eye", row("blue")));
    shown(&page, ON_BLUE, BLACK);
    assert_eq!(page.text("#connection"), "");
    page.click("#tab-outputs");
    page.wait("document.querySelector('#output-live .pill')?.dataset.state === 'started'");
    assert_eq!(usable(&page, "#panel-outputs"), json!(["Stop: live"]), "outputs are started and stopped, no more");
    assert!(page.text("#panel-outputs .withheld:not([hidden])").contains("`admin`"));
    page.click("#output-live [data-verb=stop]");
    page.wait("document.querySelector('#output-live .pill').dataset.state === 'stopped'");
    page.click("#tab-settings");
    page.wait("document.querySelector('.setting')");
    assert_eq!(usable(&page, ".settings"), json!([]));
    assert!(page.text("#panel-settings .withheld").contains("`admin`; this one allows `control`"));
    assert_eq!(refused(&page), 0, "what is not allowed is not even asked for");
}
