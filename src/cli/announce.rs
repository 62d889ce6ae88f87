//! Tells a running service what was found out beside it.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;
use url::{Host, Url};

use crate::{config::Secret, redact::found};

/// How long the service may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is read of an answer: far more than any problem document.
const MOST: u64 = 64 << 10;

/// Where a service is reached, by its address; without one that is the one on this machine.
///
/// # Errors
/// It is none that can be reached so, in words for people.
pub(super) fn service(address: &str, port: u16) -> Result<Url, String> {
    if address.is_empty() {
        let here = format!("http://127.0.0.1:{port}");
        return Url::parse(&here).map_err(|error| error.to_string());
    }
    let is_one = |url: &Url| {
        url.scheme() == "http" && url.host().is_some() && url.username().is_empty() && url.password().is_none()
    };
    let url = Url::parse(address).ok().filter(is_one);
    let expected = format!("the address of a service such as `http://127.0.0.1:{port}`, without a password in it");
    url.ok_or_else(|| format!("found {}, expected {expected}", found(address)))
}

/// Puts a document at a path of a service.
///
/// # Errors
/// It was not taken, in words for people.
pub(super) fn put(service: &Url, path: &str, document: &Value, token: Option<&Secret>) -> Result<(), String> {
    let answer = exchange(service, path, &document.to_string(), token);
    let answer = answer.map_err(|error| format!("the service at {service} cannot be told: {error}; is it running?"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split_ascii_whitespace().nth(1).unwrap_or("nothing that is HTTP");
    if status.starts_with('2') {
        return Ok(());
    }
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    let detail = problem["detail"].as_str().unwrap_or("it gives no reason");
    let hint = if status == "401" { "; hint: set API_TOKEN as for the service" } else { "" };
    Err(format!("the service at {service} answered {status}: {detail}{hint}"))
}

/// Sends the request and reads the answer to its end.
fn exchange(service: &Url, path: &str, body: &str, token: Option<&Secret>) -> io::Result<String> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "its name leads nowhere");
    let mut connected = None;
    for address in service.socket_addrs(|| None)? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                connected = Some(stream);
                break;
            }
            Err(error) => failed = error,
        }
    }
    let Some(mut stream) = connected else { return Err(failed) };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let host = match service.host() {
        Some(Host::Ipv6(address)) => format!("[{address}]"),
        _ => service.host_str().unwrap_or_default().to_owned(),
    };
    let port = service.port_or_known_default().unwrap_or(80);
    let authorization = token.map(|token| format!("Authorization: Bearer {}\r\n", token.expose())).unwrap_or_default();
    let base = service.path().trim_end_matches('/');
    write!(
        stream,
        "PUT {base}{path} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}Content-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
