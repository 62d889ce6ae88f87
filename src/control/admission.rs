//! Who may do what: decided before any route sees a request.
//!
//! A service on loopback without a token is still within reach of every web page that its owner looks at. So: what
//! changes something must come from the service's own pages or from a listed origin; and the name by which a browser
//! reached the service must be one that no foreign DNS server can point here (DNS rebinding).

use std::{net::IpAddr, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use warp::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    reply::Response,
};

use super::{ApiToken, ControlSettings, Problem, Scope, limits::Allowance};

/// The protocol that browsers name when they open a WebSocket.
pub(super) const WEBSOCKET_PROTOCOL: &str = "stream-manager";
/// What stands before the token, in base64url without padding, among the protocols that a browser names: it is the only
/// header of a WebSocket that its pages can choose.
const TOKEN_PROTOCOL: &str = "token.";
/// Wrong tokens that an address may show at once, and how many a second after that.
const WRONG_TOKENS: (f64, f64) = (20.0, 0.5);
/// Requests that an address may send at once, in seconds of what it may send on average.
const BURST: f64 = 2.0;
/// Headers that pages of listed origins may send, and those of answers that they may read.
const TAKEN: &str = "authorization, content-type, idempotency-key, if-match, if-none-match";
const EXPOSED: &str = "etag, idempotency-replayed, location, retry-after, stream-tick";

/// What is served on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// Everything.
    Http,
    /// WebSockets, on every path.
    WebSocket,
    Metrics,
    Health,
}

/// What is decided of a request.
pub(super) enum Admission {
    /// It goes on to the routes, with what it may do.
    Pass(Scope),
    /// A browser asks whether a page may send a request; this is the answer.
    Preflight(Response),
}

/// The rules.
pub(super) struct Doorkeeper {
    tokens: Vec<(ApiToken, Scope)>,
    origins: Vec<String>,
    /// The ports that the service has for its pages and for WebSockets.
    ports: Vec<u16>,
    requests: Option<Allowance>,
    wrong_tokens: Allowance,
}

impl Doorkeeper {
    pub(super) fn new(settings: &ControlSettings, ports: Vec<u16>) -> Self {
        let origins = settings.allowed_origins.iter().map(|origin| origin.trim_end_matches('/').to_lowercase());
        let requests = settings.requests_per_second.map(|rate| Allowance::new(rate.into(), f64::from(rate) * BURST));
        Self {
            tokens: settings.tokens.clone(),
            origins: origins.collect(),
            ports,
            requests,
            wrong_tokens: Allowance::new(WRONG_TOKENS.1, WRONG_TOKENS.0),
        }
    }

    /// Decides on a request from `address` that came by `port`.
    pub(super) fn admit(&self, port: Port, request: &Parts, address: IpAddr) -> Result<Admission, Problem> {
        let headers = &request.headers;
        let path = request.uri.path();
        self.count(path, address)?;
        if self.tokens.is_empty() && !self.is_own_name(headers) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "the service does not know itself by this host name; use its IP address or `localhost`, list the \
                 origin in ALLOWED_ORIGINS, or set a token",
            ));
        }
        let origin = headers.get(header::ORIGIN);
        let trusted = origin.is_none_or(|origin| self.is_listed(origin) || self.is_own(origin, headers));
        if request.method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            return if trusted { Ok(Admission::Preflight(preflight())) } else { Err(foreign()) };
        }
        let changes = changes(&request.method);
        if (changes || headers.contains_key(header::UPGRADE)) && !trusted {
            return Err(foreign());
        }
        if self.tokens.is_empty() {
            return Ok(Admission::Pass(Scope::Admin));
        }
        if !changes && port.is_public(path) {
            return Ok(Admission::Pass(Scope::Read));
        }
        let scope = self.scope(headers, path, address)?;
        let needed = needed(&request.method, path);
        if scope >= needed { Ok(Admission::Pass(scope)) } else { Err(beyond(scope, needed)) }
    }

    /// Counts a request from `address`, however it came.
    ///
    /// # Errors
    /// The address has sent as many as it may.
    pub(super) fn count(&self, path: &str, address: IpAddr) -> Result<(), Problem> {
        match &self.requests {
            Some(requests) if !is_health(path) => requests.take(address).map_err(|wait| too_many("requests", wait)),
            _ => Ok(()),
        }
    }

    /// What the token that a request shows allows.
    fn scope(&self, headers: &HeaderMap, path: &str, address: IpAddr) -> Result<Scope, Problem> {
        let challenge =
            if is_player(path) { "Basic realm=\"stream-manager\"" } else { "Bearer realm=\"stream-manager\"" };
        let refused = |detail: &str| {
            Problem::new(StatusCode::UNAUTHORIZED, detail)
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
        };
        let Some(shown) = shown_token(headers, is_player(path)) else {
            return Err(refused("send the token set by `API_TOKEN` in the header `Authorization: Bearer …`"));
        };
        self.wrong_tokens.check(address).map_err(|wait| too_many("wrong tokens", wait))?;
        // Each is compared, so that the time tells nothing of which came near.
        let matching = self.tokens.iter().filter(|(token, _)| token.matches(&shown)).map(|(_, scope)| *scope).max();
        matching.ok_or_else(|| {
            // The check before has left room for it; who is faster than that is told next time.
            let _ = self.wrong_tokens.take(address);
            refused("the token is none of those set by `API_TOKEN`, `API_CONTROL_TOKEN` and `API_READ_TOKEN`")
        })
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
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }

    /// Whether it is where the request goes to itself, or on another of the service's own ports there.
    fn is_own(&self, origin: &HeaderValue, headers: &HeaderMap) -> bool {
        let origin = origin.to_str().ok().and_then(authority);
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let (Some(origin), Some(host)) = (origin, host) else { return false };
        let is_ours = |authority| port_of(authority).is_some_and(|port| self.ports.contains(&port));
        origin.eq_ignore_ascii_case(host)
            || (host_name(origin).eq_ignore_ascii_case(host_name(host)) && is_ours(origin) && is_ours(host))
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
        "pages of this origin may not steer the stream; add the origin to ALLOWED_ORIGINS",
    )
}

impl Port {
    /// Whether nothing of the stream is told at this path: health; and pages and their parts, which ask for the token
    /// themselves.
    fn is_public(self, path: &str) -> bool {
        let is_page = || matches!(path, "/" | "/api/docs" | "/api/openapi.json") || path.starts_with("/admin/");
        match self {
            Self::Http => is_health(path) || is_page(),
            Self::Health => is_health(path),
            Self::WebSocket | Self::Metrics => false,
        }
    }
}

/// What a browser opens by itself, without a page of ours that could send headers.
fn is_player(path: &str) -> bool {
    path.starts_with("/live/")
}

/// Routes by which the service itself is changed, not the stream: its settings, and to where it connects and writes. To
/// start and stop what there is belongs to the stream.
fn is_administration(path: &str) -> bool {
    let below = |base: &str| path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let outputs = below("/api/stream/outputs").or_else(|| below("/stream/outputs"));
    let is_steering = |rest: &str| matches!(rest.split('/').collect::<Vec<_>>()[..], ["", _, "start" | "stop"]);
    below("/api/config").is_some() || outputs.is_some_and(|rest| !is_steering(rest))
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// What a token must allow for a request.
pub(super) fn needed(method: &Method, path: &str) -> Scope {
    match (changes(method), path) {
        (false, _) => Scope::Read,
        (true, path) if is_administration(path) => Scope::Admin,
        (true, _) => Scope::Control,
    }
}

pub(super) fn beyond(scope: Scope, needed: Scope) -> Problem {
    let detail = format!("the token allows `{}`, but this asks for one that allows `{}`", scope.name(), needed.name());
    Problem::new(StatusCode::FORBIDDEN, detail)
}

fn too_many(what: &str, wait: Duration) -> Problem {
    let seconds = wait.as_secs() + 1;
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        format!("too many {what} come from this address; try again in {seconds} s"),
    )
    .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

/// The token that a request shows: as a bearer's, among the protocols of a WebSocket, or as a password where a browser
/// asks its user for one.
fn shown_token(headers: &HeaderMap, or_password: bool) -> Option<Vec<u8>> {
    let after = |scheme: &str| {
        let (shown, token) = headers.get(header::AUTHORIZATION)?.as_bytes().split_at_checked(scheme.len())?;
        shown.eq_ignore_ascii_case(scheme.as_bytes()).then(|| token.trim_ascii().to_vec())
    };
    if let Some(token) = after("Bearer ") {
        return Some(token);
    }
    if or_password && let Some(pair) = after("Basic ") {
        let pair = BASE64_STANDARD.decode(pair).unwrap_or_default();
        let colon = pair.iter().position(|byte| *byte == b':')?;
        return Some(pair[colon + 1..].to_vec());
    }
    let token = protocols(headers).find_map(|protocol| protocol.strip_prefix(TOKEN_PROTOCOL))?;
    Some(BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default())
}

/// The protocols that a client offers to speak over a WebSocket.
pub(super) fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',').map(str::trim))
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

/// The port, if it is told.
fn port_of(authority: &str) -> Option<u16> {
    authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
}

fn preflight() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(TAKEN));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}
