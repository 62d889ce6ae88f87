//! Clients that mean no good, and those beside them.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{websocket::Client, *};
use futures_util::SinkExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Shows that the diffs of `count` edits reach a client while others do what they do.
fn keeps_being_told(service: &Service, client: &mut Client, count: u32) {
    for n in 0..count {
        let opacity = f64::from(n + 1) / f64::from(count + 1);
        service.json("PATCH", "/stream/layers/box", &json!({ "opacity": opacity })).expect(200);
        service.runtime.block_on(client.next_of("layerUpdate"));
        assert_eq!(client.layers()[1]["opacity"], opacity);
    }
}

#[test]
fn a_flood_is_read_slowly_and_others_are_told_as_ever() {
    let service = Service::start();
    let mut client = service.runtime.block_on(Client::connect(service.address));
    service.runtime.block_on(client.next_of("snapshot"));
    let address = service.address;
    let floods: Vec<_> = (0..8)
        .map(|n| {
            service.runtime.spawn(async move {
                let mut flood = Client::connect_with(address, "?topics=").await;
                // Some read what comes back, some do not.
                let said = [r#"{"type":"ping"}"#, r#"{"type":"subscribe","topics":["scene","events"]}"#][n % 2];
                while flood.socket.send(Message::text(said)).await.is_ok() {
                    if n > 3 {
                        flood.next().await;
                    }
                }
            })
        })
        .collect();
    wait_for("the floods to come", || service.engine.clients() == 9);
    keeps_being_told(&service, &mut client, 30);
    assert_eq!(client.snapshots, 1);
    for flood in floods {
        flood.abort();
    }
    wait_for("the floods to be gone", || service.engine.clients() == 1);
}

#[test]
fn the_silent_and_the_surplus_are_not_kept() {
    let limits = ClientLimits {
        max: 4,
        ping_every: Duration::from_millis(20),
        silence: Duration::from_millis(200),
        goodbye: Duration::from_millis(200),
    };
    let service = Service::start_with(ControlSettings { clients: limits, ..settings() });
    let mut client = service.runtime.block_on(Client::connect(service.address));
    service.runtime.block_on(client.next_of("snapshot"));
    // Two that say hello and then nothing, not even pong: their machines are gone.
    let half_open: Vec<_> = (0..2)
        .map(|_| {
            service.runtime.block_on(async {
                let mut stream = tokio::net::TcpStream::connect(service.address).await.unwrap();
                let request = format!(
                    "GET /ws HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                     sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                    service.address
                );
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = [0; 12];
                stream.read_exact(&mut answer).await.unwrap();
                assert_eq!(&answer, b"HTTP/1.1 101");
                stream
            })
        })
        .collect();
    wait_for("both to be counted", || service.engine.clients() == 3);
    let url = format!("ws://{}/ws", service.address);
    let refused = service.runtime.block_on(tokio_tungstenite::connect_async(&url)).unwrap_err();
    let tokio_tungstenite::tungstenite::Error::Http(answer) = refused else { panic!("{refused}") };
    assert_eq!(answer.status().as_u16(), 503, "there is a place left, but not for this address");
    wait_for("both to be let go", || {
        // The one who answers pings stays.
        service.runtime.block_on(client.ask(json!({ "type": "ping" })));
        service.engine.clients() == 1
    });
    drop(half_open);
    keeps_being_told(&service, &mut client, 3);
}

#[test]
fn one_who_stalls_does_not_hold_up_the_end() {
    let limits = ClientLimits { goodbye: Duration::from_millis(100), ..ClientLimits::default() };
    let mut service = Service::start_with(ControlSettings { clients: limits, ..settings() });
    let mut quick = service.runtime.block_on(Client::connect_with(service.address, "?topics=events"));
    let stalled = service.runtime.block_on(Client::connect_with(service.address, "?topics=events"));
    service.runtime.block_on(quick.next_of("streamEvent"));
    // Far more than the system buffers: the service waits for the one who takes nothing.
    let message = "x".repeat(1 << 20);
    for _ in 0..32 {
        service.engine.announce(crate::engine::StreamEvent::Error { message: message.clone() });
        service.runtime.block_on(quick.next_of("error"));
    }
    let _ = service.stop.take().unwrap().send(());
    assert_eq!(service.runtime.block_on(quick.goodbye()), Some(1001));
    wait_for("both to be let go", || service.engine.clients() == 0);
    drop(stalled);
    service.end();
}
