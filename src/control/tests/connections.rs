//! Clients that ask and do not take what is answered, and those beside them.

use std::io::ErrorKind;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use super::*;

/// Longer than any test runs.
const NEVER: Duration = Duration::from_secs(3600);

fn limited(connections: ConnectionLimits) -> Service {
    Service::start_with(ControlSettings { connections, ..settings() })
}

/// A connection from another address of the loopback that buffers little.
fn connect(service: &Service, host: u8) -> TcpStream {
    service.runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind(([127, 0, 0, host], 0).into()).unwrap();
        socket.connect(service.address).await.unwrap()
    })
}

/// Sends requests until the service takes no more of them, and reads nothing.
fn stall(service: &Service, stream: &TcpStream) {
    let request = format!("GET /api/openapi.json HTTP/1.1\r\nhost: {}\r\n\r\n", service.address).repeat(10);
    // Far more is answered than the system buffers.
    for _ in 0..20 {
        let mut sent = 0;
        while sent < request.len() {
            match stream.try_write(&request.as_bytes()[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Whether the service has closed the connection: what is written on it is refused sooner or later.
fn is_closed(stream: &TcpStream) -> bool {
    matches!(stream.try_write(b"\r\n"), Err(error) if error.kind() != ErrorKind::WouldBlock)
}

/// The status of an answer to a connection from this address, or `None` if it was not taken.
fn ask(service: &Service, host: u8) -> Option<String> {
    let mut stream = connect(service, host);
    let request = format!("GET /health/live HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", service.address);
    service.runtime.block_on(async {
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = [0; 12];
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut answer)).await.unwrap();
        read.ok().map(|_| String::from_utf8_lossy(&answer).into_owned())
    })
}

#[test]
fn one_who_takes_nothing_of_an_answer_is_let_go() {
    let service =
        limited(ConnectionLimits { stalled: Duration::from_millis(300), still: NEVER, ..ConnectionLimits::default() });
    let stream = connect(&service, 1);
    stall(&service, &stream);
    wait_for("the connection to be closed", || is_closed(&stream));
    assert_eq!(ask(&service, 1).as_deref(), Some("HTTP/1.1 200"));
}

#[test]
fn a_websocket_that_takes_nothing_is_let_go() {
    let service =
        limited(ConnectionLimits { stalled: Duration::from_millis(300), still: NEVER, ..ConnectionLimits::default() });
    let mut stream = connect(&service, 1);
    let request = format!(
        "GET /ws?topics=events HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        service.address
    );
    service.runtime.block_on(stream.write_all(request.as_bytes())).unwrap();
    wait_for("the client to be counted", || service.engine.clients() == 1);
    // Far more than the system buffers.
    let message = "x".repeat(1 << 20);
    for _ in 0..32 {
        service.engine.announce(crate::engine::StreamEvent::Error { message: message.clone() });
    }
    wait_for("the client to be let go", || service.engine.clients() == 0);
    drop(stream);
}

#[test]
fn where_all_places_are_taken_the_one_that_is_still_for_longest_makes_room() {
    let still = Duration::from_millis(100);
    let service = limited(ConnectionLimits { max: 4, stalled: NEVER, still });
    // Three quarters are for one address; another one takes the rest. The first has had its answer before anything moves
    // on the others.
    let mut first = connect(&service, 1);
    let request = format!("GET /health/live HTTP/1.1\r\nhost: {}\r\n\r\n", service.address);
    let mut answer = [0; 12];
    service.runtime.block_on(async {
        first.write_all(request.as_bytes()).await.unwrap();
        first.read_exact(&mut answer).await.unwrap();
    });
    assert_eq!(&answer, b"HTTP/1.1 200");
    let others: Vec<TcpStream> = [1, 1, 2].map(|host| connect(&service, host)).into();
    for stream in &others {
        stall(&service, stream);
    }
    assert_eq!(ask(&service, 1), None, "the address has its share");
    assert_eq!(ask(&service, 3).as_deref(), Some("HTTP/1.1 200"));
    wait_for("the stillest to be closed", || is_closed(&first));
    assert!(!others.iter().any(is_closed), "the rest may stay");
}

/// What is for proxies names a host and no path.
#[test]
fn a_request_without_a_path_is_refused() {
    let service = Service::start();
    for line in ["CONNECT evil:443", "GET evil:443", "OPTIONS evil:443"] {
        let mut stream = connect(&service, 1);
        let request = format!("{line} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", service.address);
        let answer = service.runtime.block_on(async {
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        });
        assert!(answer.starts_with("HTTP/1.1 400"), "{line}: {answer}");
    }
    assert_eq!(ask(&service, 1).as_deref(), Some("HTTP/1.1 200"));
}
