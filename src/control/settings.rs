//! What control is set up with.

use std::{fmt, net::SocketAddr, time::Duration};

use subtle::ConstantTimeEq as _;

use super::{claims::Owner, receiving::ReceivingLimits};

/// Where control listens and whom it lets in.
#[derive(Clone, Debug)]
pub struct ControlSettings {
    /// Where the API is served: `PORT`.
    pub http: SocketAddr,
    /// Where WebSockets are served besides `/ws` of the API: `WS_PORT`.
    pub websocket: Option<SocketAddr>,
    /// Where metrics are served besides `/metrics` of the API: `METRICS_PORT`.
    pub metrics: Option<SocketAddr>,
    /// Where health is served besides `/health/…` of the API: `HEALTH_PORT`.
    pub health: Option<SocketAddr>,
    /// What clients must show for everything but health and the pages themselves, each with what it allows; nothing is
    /// asked for if there is none.
    pub tokens: Vec<(ApiToken, Scope)>,
    /// Origins (`https://studio.example`) whose pages may use the API, besides the service's own; `*` stands for all.
    pub allowed_origins: Vec<String>,
    /// Requests that one address may send per second, on average; any number if absent.
    pub requests_per_second: Option<u32>,
    /// What WebSocket clients may do.
    pub clients: ClientLimits,
    /// Threads that make previews: `WORKERS_PREVIEW`.
    pub preview_workers: usize,
    /// Whose the files are that clients send.
    pub owner: Owner,
    /// How many connections there may be, and how long they may stand still.
    pub connections: ConnectionLimits,
    /// How much all clients together may send at once.
    pub receiving: ReceivingLimits,
}

/// What connections may do, those of each port by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections that are served at once. An upgraded WebSocket does not count here but among the WebSocket clients.
    /// One address gets three quarters of it.
    pub max: usize,
    /// A connection is closed when no byte of an answer, or of what a WebSocket is sent, was taken for so long.
    pub stalled: Duration,
    /// When all places are taken, the connection on which nothing has moved for longest makes room for a new one, if it
    /// has been still for so long.
    pub still: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { max: 512, stalled: Duration::from_secs(30), still: Duration::from_secs(5) }
    }
}

/// What a client may do. Each scope holds those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Look at everything.
    Read,
    /// Steer the stream and edit its scenes.
    Control,
    /// Change the settings of the service.
    Admin,
}

impl Scope {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Control => "control",
            Self::Admin => "admin",
        }
    }
}

/// What WebSocket clients may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Clients that are connected at once; more are refused: `WS_MAX_CLIENTS`.
    pub max: usize,
    /// Time between two pings.
    pub ping_every: Duration,
    /// A client that neither says nor takes anything for so long is gone.
    pub silence: Duration,
    /// Time to take one's leave.
    pub goodbye: Duration,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            max: 2500,
            ping_every: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            goodbye: Duration::from_secs(1),
        }
    }
}

/// A bearer token. Never shown, compared in constant time.
#[derive(Clone)]
pub struct ApiToken(String);

/// An empty token would let everybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the API token is empty; give at least 16 characters, or leave it out to ask for none")]
pub struct EmptyTokenError;

impl ApiToken {
    /// # Errors
    /// The token is empty.
    pub fn new(token: impl Into<String>) -> Result<Self, EmptyTokenError> {
        let token = token.into();
        if token.is_empty() { Err(EmptyTokenError) } else { Ok(Self(token)) }
    }

    /// Whether `shown` is the token. Takes as long for a near miss of the same length as for a far one, so that the
    /// token cannot be guessed byte by byte.
    pub(super) fn matches(&self, shown: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(shown).into()
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken(***)")
    }
}
