//! Looks: pictures of the page for people to look at, and what can be measured.

use serde_json::json;

use crate::{
    process::free_port,
    service::{Service, project_file},
    *,
};

const PLACES: [&str; 8] = ["layers", "properties", "scenes", "timelines", "sound", "outputs", "log", "settings"];

/// The demo with something in every place.
fn demo() -> Service {
    let scene = project_file("scenes/demo/scene.jsonc");
    // Nobody listens on this port.
    let platform = format!("rtmp://127.0.0.1:{}/live/key", free_port());
    let variables = [
        ("SCENE", scene.to_str().unwrap()),
        ("STREAM_RESOLUTION", "1280x720"),
        ("TARGET_FPS", "10"),
        ("STREAM_URL", &platform),
        ("MUXER_OUTPUTS", "recording.mkv"),
    ];
    let service = Service::start(&variables, &[]);
    let tracks = json!([
        { "id": "music", "source": { "type": "tone", "frequency": 220 }, "volume": 0.4 },
        { "id": "line-up", "source": { "type": "tone", "frequency": 1000 }, "volume": 0.1, "muted": true },
    ]);
    service.send("PUT", "/api/stream/audio", &json!({ "volume": 0.8, "tracks": tracks })).expect(200);
    let fade = |from, to| json!({ "property": "opacity", "from": from, "to": to, "duration": 0.5 });
    for (id, label) in [("greet", "shown"), ("guest", "introduced")] {
        let steps = json!([
            { "type": "animate", "layer": "lower-third", "animation": fade(0, 1) },
            { "type": "label", "name": label },
            { "type": "wait", "seconds": 4 },
            { "type": "animate", "layer": "lower-third", "animation": fade(1, 0) },
        ]);
        let timeline = json!({ "id": id, "autoplay": false, "steps": steps });
        service.send("PUT", &format!("/api/stream/timelines/{id}"), &timeline);
    }
    service
}

/// Words whose contrast with their ground is less than WCAG asks for (4.5 to 1, of large ones 3 to 1).
fn faint(page: &Page) -> Value {
    page.run(
        "const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 })\
             .getContext('2d', { willReadFrequently: true });\
         const rgba = (color) => {\
             context.clearRect(0, 0, 1, 1);\
             context.fillStyle = color;\
             context.fillRect(0, 0, 1, 1);\
             const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;\
             return [r, g, b, a / 255];\
         };\
         const over = ([r, g, b, a], ground) =>\
             [r, g, b].map((part, index) => part * a + ground[index] * (1 - a));\
         const ground = (element) => {\
             if (!element) return [255, 255, 255];\
             const color = rgba(getComputedStyle(element).backgroundColor);\
             return color[3] === 1 ? color.slice(0, 3) : over(color, ground(element.parentElement));\
         };\
         const opacity = (element) => element ? getComputedStyle(element).opacity * opacity(element.parentElement) : 1;\
         const luminance = (color) => {\
             const [r, g, b] = color.map((part) => part / 255)\
                 .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);\
             return 0.2126 * r + 0.7152 * g + 0.0722 * b;\
         };\
         return [...document.querySelectorAll('body *')]\
             .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))\
             .filter((element) => element.checkVisibility() && !element.closest('.unseen, .skip, :disabled, noscript'))\
             .flatMap((element) => {\
                 const style = getComputedStyle(element);\
                 const below = ground(element);\
                 const ink = rgba(style.color);\
                 ink[3] *= opacity(element);\
                 const [a, b] = [luminance(over(ink, below)), luminance(below)].sort((a, b) => b - a);\
                 const ratio = (a + 0.05) / (b + 0.05);\
                 const size = parseFloat(style.fontSize);\
                 const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;\
                 return ratio < least ? [`${ratio.toFixed(2)}: ${element.outerHTML.slice(0, 160)}`] : [];\
             });",
    )
}

/// Controls that reach beyond the edge of the screen.
fn cut(page: &Page) -> Value {
    page.run(
        "const edge = (control) => control.closest('.tabs')?.getBoundingClientRect().right ?? innerWidth;\
         return [...document.querySelectorAll('main button, main select, header button')]\
         .filter((control) => control.checkVisibility())\
         .filter((control) => control.getBoundingClientRect().right > edge(control) + 0.5)\
         .map((control) => control.outerHTML);",
    )
}

/// Controls without a name for those who do not see them.
fn nameless(page: &Page) -> Value {
    page.run(
        "return [...document.querySelectorAll('button, a, input, select, textarea, [role=treeitem]')]\
         .filter((control) => control.checkVisibility() && !control.textContent.trim() && !control.ariaLabel\
           && !control.title && !control.labels?.length)\
         .map((control) => control.outerHTML);",
    )
}

/// Whether two controls stand in one row.
fn beside(page: &Page, one: &str, other: &str) -> bool {
    let top = |id: &str| page.run(&format!("return document.getElementById('{id}').getBoundingClientRect().top;"));
    top(one) == top(other)
}

#[test]
fn it_fits_large_and_small_screens_in_both_themes() {
    let service = demo();
    let page = open(&service);
    page.wait("document.querySelectorAll('.row').length === 48");
    page.choose("#preview-width", "960");
    page.wait("document.getElementById('preview').width === 960");
    // Something for the log, and a layer to show the properties of.
    for name in ["guest", "applause"] {
        service.send("POST", &format!("/api/stream/events/{name}"), &Value::Null);
    }
    page.click("#hold");
    page.wait("document.getElementById('on-air').dataset.state === 'paused'");
    page.click("#hold");
    page.click("#tab-scenes");
    page.click(&row("title"));
    page.wait("document.querySelector('#output-stream .pill')?.dataset.state === 'reconnecting'");
    // The lines of the figures have some length by now, and motion has something to show.
    page.wait("document.querySelector('#figure-fps polyline').getAttribute('points').split(' ').length > 5");
    page.click("#tab-timelines");
    page.wait("document.getElementById('timeline-greet')");
    for theme in ["dark", "light"] {
        page.theme(theme);
        for (name, width, height) in
            [("desktop", 1440, 900), ("tablet", 820, 1180), ("wide-phone", 390, 844), ("phone", 360, 740)]
        {
            page.size(width, height);
            for place in PLACES {
                page.run(&format!("document.getElementById('tab-{place}').click(); document.activeElement.blur();"));
                let wider = page.run("return document.documentElement.scrollWidth - innerWidth;");
                assert_eq!(wider, 0, "{place} is wider than a {name}");
                assert_eq!(cut(&page), json!([]), "{place} on a {name}: controls beyond the edge");
                assert_eq!(faint(&page), json!([]), "{place}, {theme}, on a {name}: words that are hard to read");
                assert_eq!(nameless(&page), json!([]), "{place}: controls without a name");
                if place == "scenes" {
                    assert!(beside(&page, "keep-scene", "new-scene"), "on a {name} they stand in two rows");
                }
                if name.ends_with("phone") || !["layers", "properties"].contains(&place) {
                    page.screenshot(&format!("{name}-{theme}-{place}.png"));
                }
            }
        }
        page.size(1440, 900);
        for (opener, name) in [("#add-layer", "add"), ("[title^=Help]", "help")] {
            page.click(opener);
            assert_eq!(faint(&page), json!([]), "{name}, {theme}: words that are hard to read");
            assert_eq!(nameless(&page), json!([]), "{name}: controls without a name");
            page.screenshot(&format!("{name}-{theme}.png"));
            page.click("dialog [aria-label=Close]");
        }
    }
    // Nothing moves by itself for those who do not want it.
    page.click(&row("title"));
    page.click("#layer-tools [title=Duplicate]");
    page.click("#layer-tools [title=Delete]");
    page.wait("document.querySelector('.toast')");
    let motion = "return getComputedStyle(document.querySelector('.toast')).animationName;";
    assert_eq!(page.run(motion), "none");
    assert_eq!(page.faults(), "");
    // The service goes away.
    drop(service);
    page.wait("document.querySelector('.veil').checkVisibility()");
    for theme in ["dark", "light"] {
        page.theme(theme);
        page.size(1440, 900);
        assert_eq!(faint(&page), json!([]), "lost, {theme}: words that are hard to read");
        page.screenshot(&format!("lost-{theme}.png"));
    }
    page.size(360, 740);
    page.screenshot("lost-phone.png");
}
