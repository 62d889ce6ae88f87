//! From an HTTP request to a WebSocket.
//!
//! Not `warp::ws`: it leaves no choice in how much memory each client takes to read into, which is 128 KiB and too much
//! for thousands, and it hides what went wrong with a connection.

use std::{future::Future, net::IpAddr};

use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use warp::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    hyper::upgrade::{OnUpgrade, Upgraded},
    reply::Response,
};

use super::intake::Intake;
use crate::control::{Problem, receiving::Receiving};

/// The largest message that a client may send, in bytes: as large as the body of a request.
pub(super) const LARGEST_MESSAGE: usize = 2 << 20;
/// Bytes of one read.
pub(super) const READ_BUFFER: usize = 4 << 10;
/// Bytes that may wait for a client's connection besides what the system buffers. Large messages go in pieces of
/// [`PIECE`], each when the one before is gone.
const WRITE_BUFFER: usize = 64 << 10;
/// The largest frame that is sent, in bytes. What a client once needed to buffer stays with it.
pub(super) const PIECE: usize = 16 << 10;

/// A client's connection.
pub(super) type Socket = WebSocketStream<Intake<TokioIo<Upgraded>>>;

/// The answer that opens a WebSocket for a client at `address`; `serve` gets it.
///
/// # Errors
/// The request does not ask for a WebSocket.
pub(super) fn upgrade<F>(
    (method, headers): (&Method, &HeaderMap),
    on_upgrade: Option<OnUpgrade>,
    (receiving, address): (Receiving, IpAddr),
    serve: impl FnOnce(Socket) -> F + Send + 'static,
) -> Result<Response, Problem>
where
    F: Future<Output = ()> + Send + 'static,
{
    let names = |name: header::HeaderName, word: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    let asks = names(header::CONNECTION, "upgrade") && names(header::UPGRADE, "websocket");
    let Some(on_upgrade) = on_upgrade.filter(|_| asks && method == Method::GET) else {
        return Err(required("this is a WebSocket; ask for an upgrade with GET"));
    };
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(required("this WebSocket speaks version 13 of its protocol")
            .with_header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")));
    }
    let accept = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok())
        .ok_or_else(|| Problem::bad_request("the header `Sec-WebSocket-Key` is missing"))?;
    tokio::spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => {
                let config = WebSocketConfig::default()
                    .read_buffer_size(READ_BUFFER)
                    .write_buffer_size(0)
                    .max_write_buffer_size(WRITE_BUFFER)
                    .max_message_size(Some(LARGEST_MESSAGE))
                    .max_frame_size(Some(LARGEST_MESSAGE));
                let intake = Intake::new(TokioIo::new(upgraded), receiving, address);
                serve(WebSocketStream::from_raw_socket(intake, Role::Server, Some(config)).await).await;
            }
            Err(error) => tracing::debug!(%error, "a WebSocket was not opened"),
        }
    });
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

fn required(detail: &str) -> Problem {
    Problem::new(StatusCode::UPGRADE_REQUIRED, detail)
        .with_header(header::UPGRADE, HeaderValue::from_static("websocket"))
        .with_header(header::CONNECTION, HeaderValue::from_static("upgrade"))
}
