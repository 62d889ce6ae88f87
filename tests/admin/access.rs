//! Tokens: asked for, refused, replaced.

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

#[test]
fn a_token_that_does_not_allow_enough_is_told() {
    let (owner, reader) = ("the-token-of-the-owner", "the-token-of-a-reader");
    let (_service, address) = start_with_tokens(&[("API_TOKEN", owner), ("API_READ_TOKEN", reader)]);
    let page = Page::open(&address);
    page.wait("document.getElementById('token')");
    sign_in(&page, reader);
    shown(&page, ON_BLUE, BLUE);
    page.click(&row("blue"));
    page.click(&format!("{} .eye", row("blue")));
    page.wait("document.querySelector('.toast.fault')?.textContent.includes('`read`')");
    shown(&page, ON_BLUE, BLUE);
    page.click("#leave");
    page.wait("document.getElementById('token')");
    sign_in(&page, owner);
    page.click(&format!("{} .eye", row("blue")));
    shown(&page, ON_BLUE, BLACK);
}
