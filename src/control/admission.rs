//! Who may do what: decided before any route sees a request.
//!
//! A service on loopback without a token is still within reach of every web page that its owner looks at. So: what
//! changes something must come from the service's own pages or from a listed origin; and the name by which a browser
//! reached the service must be one that no foreign DNS server can point here (DNS rebinding).

use std::net::IpAddr;

use warp::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    reply::Response,
};

use super::{ApiToken, ControlSettings, Problem};

/// What is decided of a request.
pub(super) enum Admission {
    /// It goes on to the routes.
    Pass,
    /// A browser asks whether a page may send a request; this is the answer.
    Preflight(Response),
}

/// The rules.
pub(super) struct Doorkeeper {
    token: Option<ApiToken>,
    origins: Vec<String>,
}

impl Doorkeeper {
    pub(super) fn new(settings: &ControlSettings) -> Self {
        let origins = settings.allowed_origins.iter().map(|origin| origin.trim_end_matches('/').to_lowercase());
        Self { token: settings.api_token.clone(), origins: origins.collect() }
    }

    /// Decides.
    pub(super) fn admit(&self, request: &Parts) -> Result<Admission, Problem> {
        let headers = &request.headers;
        if self.token.is_none() && !self.is_own_name(headers) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "the service does not know itself by this host name; use its IP address or `localhost`, list the \
                 origin, or set a token",
            ));
        }
        let origin = headers.get(header::ORIGIN);
        let trusted = origin.is_none_or(|origin| self.is_listed(origin) || is_same_origin(origin, headers));
        if request.method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            return if trusted { Ok(Admission::Preflight(preflight())) } else { Err(foreign()) };
        }
        let changes = !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if (changes || headers.contains_key(header::UPGRADE)) && !trusted {
            return Err(foreign());
        }
        match &self.token {
            Some(token) if !is_health(request.uri.path()) => authorize(token, headers).map(|()| Admission::Pass),
            _ => Ok(Admission::Pass),
        }
    }

    /// Puts the headers onto an answer that protect it, and those that let a listed origin's page read it.
    pub(super) fn dress(&self, origin: Option<&HeaderValue>, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("default-src 'none'"));
        if !self.origins.is_empty() {
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = origin.filter(|origin| self.is_listed(origin)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("stream-tick"));
        }
    }

    fn is_listed(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().unwrap_or_default();
        self.origins.iter().any(|listed| listed == "*" || listed.eq_ignore_ascii_case(origin))
    }

    /// Whether the host that the request names cannot be somebody else's name for this machine.
    fn is_own_name(&self, headers: &HeaderMap) -> bool {
        // Browsers always send the host; whoever does not is no browser.
        let Some(host) = headers.get(header::HOST) else { return true };
        let Ok(host) = host.to_str() else { return false };
        let name = host_name(host);
        let is_listed = |origin: &String| origin == "*" || authority(origin).is_some_and(|own| host_name(own) == name);
        name.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost") || self.origins.iter().any(is_listed)
    }
}

fn is_health(path: &str) -> bool {
    matches!(path, "/health/live" | "/health/ready")
}

fn foreign() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "pages of this origin may not steer the stream; add the origin to the list of allowed origins",
    )
}

fn authorize(token: &ApiToken, headers: &HeaderMap) -> Result<(), Problem> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
    });
    let detail = match shown {
        Some(shown) if token.matches(shown) => return Ok(()),
        Some(_) => "the token is not the one set by `API_TOKEN`",
        None => "send the token set by `API_TOKEN` in the header `Authorization: Bearer …`",
    };
    let challenge = HeaderValue::from_static("Bearer realm=\"stream-manager\"");
    Err(Problem::new(StatusCode::UNAUTHORIZED, detail).with_header(header::WWW_AUTHENTICATE, challenge))
}

/// The host and port of an origin.
fn authority(origin: &str) -> Option<&str> {
    origin.split_once("://").map(|(_, authority)| authority)
}

/// The host without its port and, for IPv6, without its brackets.
fn host_name(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_same_origin(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let origin = origin.to_str().ok().and_then(authority);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    matches!((origin, host), (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host))
}

fn preflight() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let allowed = HeaderValue::from_static("authorization, content-type");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}
