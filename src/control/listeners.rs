//! Taking the ports, before anything else starts.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;

use super::ControlSettings;

/// The ports that control listens on, taken.
#[derive(Debug)]
pub struct Listeners {
    pub(super) http: TcpListener,
    pub(super) websocket: Option<TcpListener>,
    pub(super) metrics: Option<TcpListener>,
    pub(super) health: Option<TcpListener>,
}

/// A port cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; set `{variable}` to a free port or end the program that has this one")]
pub struct BindError {
    /// What was asked for.
    pub address: SocketAddr,
    /// The variable that it is set by.
    pub variable: &'static str,
    /// Why not.
    pub source: io::Error,
}

impl Listeners {
    /// Takes all ports of `settings`.
    ///
    /// # Errors
    /// Every port that cannot be had. None is taken then.
    pub async fn bind(settings: &ControlSettings) -> Result<Self, Vec<BindError>> {
        let mut errors = Vec::new();
        let http = bind(Some(settings.http), "PORT", &mut errors).await;
        let websocket = bind(settings.websocket, "WS_PORT", &mut errors).await;
        let metrics = bind(settings.metrics, "METRICS_PORT", &mut errors).await;
        let health = bind(settings.health, "HEALTH_PORT", &mut errors).await;
        match http {
            Some(http) if errors.is_empty() => Ok(Self { http, websocket, metrics, health }),
            _ => Err(errors),
        }
    }

    /// Where the API is served; tells the port where 0 was asked for.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn http_address(&self) -> io::Result<SocketAddr> {
        self.http.local_addr()
    }

    /// The ports on which browsers meet the service: pages come from one, and open WebSockets on both.
    pub(super) fn pages_and_websockets(&self) -> Vec<u16> {
        let listeners = std::iter::once(&self.http).chain(&self.websocket);
        listeners.filter_map(|listener| Some(listener.local_addr().ok()?.port())).collect()
    }
}

async fn bind(address: Option<SocketAddr>, variable: &'static str, errors: &mut Vec<BindError>) -> Option<TcpListener> {
    let address = address?;
    match TcpListener::bind(address).await {
        Ok(listener) => Some(listener),
        Err(source) => {
            errors.push(BindError { address, variable, source });
            None
        }
    }
}
