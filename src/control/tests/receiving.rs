//! Clients that send much and do not come to an end, and those beside them.

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message,
        protocol::frame::{
            Frame,
            coding::{Control, Data, OpCode},
        },
    },
};

use super::*;

/// Bytes that all may send at once.
const ALL: usize = 4 << 20;
/// Bytes of a large message but for its last ones.
const HALF: usize = 1 << 20;
/// Longer than any test runs.
const NEVER: Duration = Duration::from_secs(3600);

fn limited(within: Duration, still: Duration) -> Service {
    let receiving = ReceivingLimits { all: ALL, within, still };
    Service::start_with(ControlSettings { receiving, ..settings() })
}

/// Bytes that are held of what is received.
fn held(service: &Service) -> usize {
    let metrics = service.get("/metrics").expect(200).text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("control_receiving_bytes "));
    line.unwrap().parse().unwrap()
}

/// A connection from another address of the loopback.
async fn connect(address: SocketAddr, host: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, host], 0).into()).unwrap();
    socket.connect(address).await.unwrap()
}

async fn websocket(address: SocketAddr, host: u8) -> WebSocketStream<TcpStream> {
    let stream = connect(address, host).await;
    client_async(format!("ws://{address}/ws?topics="), stream).await.unwrap().0
}

/// Begins a message, which goes on in further frames.
async fn begin(socket: &mut WebSocketStream<TcpStream>, size: usize) {
    let part = Bytes::from("x".repeat(size));
    // Who has been cut off already need not take it.
    let _ = socket.send(Message::Frame(Frame::message(part, OpCode::Data(Data::Text), false))).await;
}

/// The code of the close message.
async fn code(socket: &mut WebSocketStream<TcpStream>) -> Option<u16> {
    let told = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(close))) => return close.map(|close| close.code.into()),
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    };
    // For all of it: signs of life go on coming.
    tokio::time::timeout(Duration::from_secs(20), told).await.unwrap()
}

/// Sends the head of a request with a body of `length`, and as much of it.
async fn half_a_body(address: SocketAddr, host: u8, length: usize, sent: usize) -> TcpStream {
    let mut stream = connect(address, host).await;
    let head = format!(
        "PUT /api/stream/layers/box HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let _ = stream.write_all(&vec![b' '; sent]).await;
    stream
}

/// The head of an answer, in small letters.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = tokio::time::timeout(Duration::from_secs(20), stream.read_u8()).await.unwrap();
        head.push(byte.unwrap());
    }
    String::from_utf8(head).unwrap().to_lowercase()
}

#[test]
fn many_messages_and_bodies_but_for_their_ends_take_bounded_memory() {
    let service = limited(NEVER, NEVER);
    let address = service.address;
    let mut sockets = Vec::new();
    let mut streams = Vec::new();
    service.runtime.block_on(async {
        for n in 0..40 {
            let mut socket = websocket(address, 2 + n % 8).await;
            begin(&mut socket, HALF).await;
            sockets.push(socket);
            streams.push(half_a_body(address, 2 + n % 8, HALF + 1, HALF).await);
        }
    });
    wait_for("most to be cut off", || service.engine.clients() <= 4);
    let bytes = held(&service);
    assert!((HALF..=ALL).contains(&bytes), "{bytes} bytes");
    // Those who were cut off were told so.
    let (mut again, mut busy) = (0, 0);
    service.runtime.block_on(async {
        for socket in &mut sockets[8..] {
            again += usize::from(code(socket).await == Some(1013));
        }
        for stream in &mut streams[8..] {
            let head = head(stream).await;
            assert!(head.starts_with("http/1.1 503"), "{head}");
            assert!(head.contains("retry-after: 1\r\n") && head.contains("connection: close\r\n"), "{head}");
            busy += 1;
        }
    });
    assert_eq!((again, busy), (32, 32));
    // Whoever says little is heard as ever, also where all is taken.
    let space = " ".repeat(8 << 10);
    let patch = format!("{{ \"opacity\": 0.25 {space}}}");
    service.send("PATCH", "/api/stream/layers/box", &[], Some(patch.as_bytes())).expect(200);
    service.runtime.block_on(async {
        let mut client = websocket::Client::connect(address).await;
        let edits = json!([{ "op": "patchLayer", "id": "box", "patch": { "opacity": 0.5 } }]);
        let edit = json!({ "type": "edit", "edits": edits }).to_string() + &space;
        client.socket.send(Message::text(edit)).await.unwrap();
        client.next_of("edited").await;
    });
    drop((sockets, streams));
    wait_for("all to be given back", || held(&service) == 0);
    let large = json!({ "edits": [{ "op": "patchLayer", "id": "box", "patch": { "name": " ".repeat(HALF) } }] });
    service.json("POST", "/api/stream/layers/batch", &large).problem(422);
    assert_eq!(held(&service), 0);
}

#[test]
fn one_who_stalls_makes_room_for_one_who_goes_on() {
    let service = limited(NEVER, Duration::ZERO);
    let address = service.address;
    let mut stalled = Vec::new();
    for host in [2, 2, 2, 3] {
        stalled.push(service.runtime.block_on(async {
            let mut socket = websocket(address, host).await;
            begin(&mut socket, HALF - (64 << 10)).await;
            socket
        }));
        // One after the other comes to a standstill.
        wait_for("what was sent to be there", || held(&service) >= stalled.len() * (HALF - (128 << 10)));
    }
    service.runtime.block_on(async {
        let mut body = half_a_body(address, 4, HALF + 1, HALF - (64 << 10)).await;
        assert_eq!(code(&mut stalled[0]).await, Some(1013), "it has been still for longest");
        let mut client = websocket::Client::connect(address).await;
        let text = json!({ "type": "ping", "requestId": 1, "x": " ".repeat(HALF) }).to_string();
        client.socket.send(Message::text(text)).await.unwrap();
        assert_eq!(client.next_of("error").await["requestId"], 1, "all of it was read");
        let rest = vec![b' '; HALF + 1 - (HALF - (64 << 10))];
        let _ = body.write_all(&rest).await;
        let head = head(&mut body).await;
        assert!(head.starts_with("http/1.1 400") || head.starts_with("http/1.1 503"), "{head}");
    });
}

#[test]
fn what_does_not_end_in_time_ends_the_conversation() {
    let service = limited(Duration::from_millis(300), NEVER);
    let address = service.address;
    service.runtime.block_on(async {
        // Small, but never whole, and with signs of life between.
        let mut socket = websocket(address, 2).await;
        begin(&mut socket, 10).await;
        let ping = Message::Frame(Frame::message("x", OpCode::Control(Control::Ping), true));
        let pinging = async {
            while socket.send(ping.clone()).await.is_ok() {
                match socket.next().await {
                    Some(Ok(Message::Close(close))) => return close.map(|close| u16::from(close.code)),
                    Some(Ok(_)) => {}
                    _ => return None,
                }
            }
            None
        };
        let code = tokio::time::timeout(Duration::from_secs(20), pinging).await.unwrap();
        assert_eq!(code, Some(1008));
        let mut stream = half_a_body(address, 2, 1000, 10).await;
        let head = head(&mut stream).await;
        assert!(head.starts_with("http/1.1 408") && head.contains("connection: close\r\n"), "{head}");
    });
}

#[test]
fn an_answer_before_the_body_is_there_says_whether_the_connection_goes_on() {
    let token = ApiToken::new("a-token-of-sixteen-letters").unwrap();
    let service = Service::start_with(ControlSettings { tokens: vec![(token, Scope::Admin)], ..settings() });
    let address = service.address;
    service.runtime.block_on(async {
        // Far more than the system buffers: the client still sends when it is answered.
        let mut stream = connect(address, 1).await;
        let request =
            format!("PUT /api/stream/layers/box HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n", 64 << 20);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut rest = 64 << 20;
        while rest > 0 && stream.write_all(&vec![b' '; 1 << 20]).await.is_ok() {
            rest -= 1 << 20;
        }
        let told = head(&mut stream).await;
        assert!(told.starts_with("http/1.1 401") && told.contains("connection: close\r\n"), "{told}");
        // A small one is taken, and the next request follows.
        let mut stream = connect(address, 1).await;
        let first = format!("PUT /api/stream/layers/box HTTP/1.1\r\nhost: {address}\r\ncontent-length: 2\r\n\r\n{{}}");
        let second = format!("GET /health/live HTTP/1.1\r\nhost: {address}\r\n\r\n");
        stream.write_all((first + &second).as_bytes()).await.unwrap();
        let told = head(&mut stream).await;
        assert!(told.starts_with("http/1.1 401") && !told.contains("connection: close"), "{told}");
        let length = told.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        assert!(head(&mut stream).await.starts_with("http/1.1 200"));
    });
}

/// What is announced as larger than it may be is refused at once: nothing of it has to come.
#[test]
fn a_body_that_is_announced_as_too_large_is_refused_before_it_comes() {
    let service = limited(NEVER, NEVER);
    service.runtime.block_on(async {
        let mut stream = half_a_body(service.address, 1, 3 << 20, 0).await;
        let told = head(&mut stream).await;
        assert!(told.starts_with("http/1.1 413"), "{told}");
    });
}
