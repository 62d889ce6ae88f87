//! The admin page at `/`: files of `src/control/admin/`, which are part of the binary.
//!
//! The page uses nothing but the public API, so its files hold no secrets and need no token: it asks for one itself.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::LazyLock,
};

use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, StatusCode, header},
    path::Tail,
    reply::Response,
};

use super::{Context, Problem, Request, endpoint, first_of};

/// Names each file once; its bytes are those at compile time.
macro_rules! files {
    ($($path:literal)*) => { &[$(($path, include_bytes!(concat!("../admin/", $path)) as &[u8])),*] };
}

/// The files by their paths below `/admin/`.
const FILES: &[(&str, &[u8])] = files! {
    "index.html" "icon.svg"
    "css/base.css" "css/controls.css" "css/layers.css" "css/layout.css" "css/panels.css" "css/stage.css"
    "js/access.js" "js/api.js" "js/assets.js" "js/connection.js" "js/content-fields.js" "js/dom.js" "js/edits.js" "js/fields.js"
    "js/geometry.js" "js/icons.js" "js/inverse.js" "js/keys.js" "js/layer-actions.js" "js/log.js" "js/main.js"
    "js/messages.js" "js/paint-field.js" "js/path.js" "js/scene.js" "js/selection.js" "js/status.js"
    "js/store.js" "js/theme.js" "js/toasts.js" "js/words.js"
    "js/views/add-layer.js" "js/views/animations.js" "js/views/bar.js" "js/views/dialog.js" "js/views/dock.js" "js/views/effects.js"
    "js/views/figures.js" "js/views/help.js" "js/views/layers.js" "js/views/log.js" "js/views/meter.js"
    "js/views/output-form.js" "js/views/outputs.js" "js/views/overlay.js" "js/views/properties.js" "js/views/row-drag.js" "js/views/scenes.js" "js/views/settings.js"
    "js/views/player.js" "js/views/sign-in.js" "js/views/sound-animations.js" "js/views/sound.js" "js/views/source.js" "js/views/stage.js" "js/views/timelines.js"
    "js/views/tree-keys.js"
};

/// The page itself. It names all scripts, so that a browser asks for them at once, not for one row of imports after the
/// other.
static INDEX: LazyLock<String> = LazyLock::new(|| {
    let scripts = FILES.iter().map(|(path, _)| path).filter(|path| path.ends_with(".js"));
    let links: String = scripts.map(|path| format!("<link rel=\"modulepreload\" href=\"/admin/{path}\" />")).collect();
    include_str!("../admin/index.html").replace("</head>", &format!("{links}</head>"))
});

/// Scripts, styles and requests of the page are this service's own; nothing is written into the markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The same for all files: they come and go together, with the binary.
static TAG: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    FILES.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
});

/// `GET /` and `GET /admin/…`.
pub(super) fn routes(context: &Context) -> BoxedFilter<(Response,)> {
    let page = warp::path::end().map(|| "index.html".to_owned()).boxed();
    let file = warp::path("admin").and(warp::path::tail()).map(|tail: Tail| tail.as_str().to_owned()).boxed();
    first_of([endpoint(context, page, "/", serve), endpoint(context, file, "/admin/", serve)])
}

async fn serve(_: Context, path: String, request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    let Some(&(_, bytes)) = FILES.iter().find(|(known, _)| *known == path) else {
        return Err(Problem::not_found(format!("the admin page has no file `{path}`")));
    };
    let bytes = if path == "index.html" { INDEX.as_bytes() } else { bytes };
    let is_known = request.headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == TAG.as_bytes());
    let mut response = Response::new(if is_known { "".into() } else { bytes.into() });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(&path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if let Ok(tag) = HeaderValue::from_str(&TAG) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => "image/svg+xml",
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::FILES;

    #[test]
    fn every_file_of_the_page_is_in_the_binary() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/control/admin");
        let (mut found, mut folders) = (BTreeSet::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.insert(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        assert_eq!(found, FILES.iter().map(|(path, _)| (*path).to_owned()).collect());
    }
}
