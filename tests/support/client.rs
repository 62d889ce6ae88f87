//! A WebSocket client as somebody else would write it: it knows the messages as JSON and none of our types.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    reason = "a test ends at what it did not expect, and not every test needs every helper"
)]

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{net::TcpStream, runtime::Runtime, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// A connection, and what it was told of the scene.
pub struct Client {
    runtime: Runtime,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The run of the service that `seq` belongs to.
    pub epoch: String,
    /// Number of the last diff that is part of `layers`.
    pub seq: u64,
    /// The layers of the scene.
    pub layers: Value,
    /// How many snapshots it was sent.
    pub snapshots: usize,
    /// How many diffs it was sent.
    pub updates: usize,
    asked: u64,
}

impl Client {
    /// Connects, and takes messages up to the first snapshot.
    pub fn connect(port: u16) -> Self {
        let mut client = Self::connect_with(port, "");
        client.next_of("snapshot");
        client
    }

    /// Connects with wishes in the query.
    pub fn connect_with(port: u16, query: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (socket, _) = runtime.block_on(connect_async(format!("ws://127.0.0.1:{port}/ws{query}"))).unwrap();
        let (layers, epoch) = (Value::Null, String::new());
        Self { runtime, socket, epoch, seq: 0, layers, snapshots: 0, updates: 0, asked: 0 }
    }

    /// Hangs up without a word, and comes back with what it has.
    pub fn come_back(&mut self, port: u16, query: &str) {
        let query = format!("?epoch={}&seq={}{query}", self.epoch, self.seq);
        let (socket, _) = self.runtime.block_on(connect_async(format!("ws://127.0.0.1:{port}/ws{query}"))).unwrap();
        self.socket = socket;
    }

    /// Says something.
    pub fn say(&mut self, message: &Value) {
        self.runtime.block_on(self.socket.send(Message::text(message.to_string()))).unwrap();
    }

    /// Says something. Returns whether the connection lives, if it takes that within so long.
    pub fn try_say(&mut self, message: &Value, patience: Duration) -> Option<bool> {
        let message = Message::text(message.to_string());
        self.runtime
            .block_on(async { timeout(patience, self.socket.send(message)).await.ok().map(|sent| sent.is_ok()) })
    }

    /// Says something and takes messages until it is answered.
    #[track_caller]
    pub fn ask(&mut self, mut message: Value) -> Value {
        self.asked += 1;
        message["requestId"] = json!(self.asked);
        self.say(&message);
        loop {
            let answer = self.next();
            if answer["requestId"] == self.asked {
                return answer;
            }
        }
    }

    /// The next message. What it tells of the scene is in `layers` then.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        loop {
            let message = self.runtime.block_on(async { timeout(Duration::from_secs(20), self.socket.next()).await });
            let message = message.expect("waited 20 s for a message").expect("the connection lives").unwrap();
            let Message::Text(text) = message else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["type"] == "snapshot" {
                self.snapshots += 1;
                self.epoch = message["epoch"].as_str().unwrap().to_owned();
                self.layers = message["scene"]["layers"].clone();
                self.seq = message["seq"].as_u64().unwrap();
            } else if message["type"] == "layerUpdate" {
                let seq = message["seq"].as_u64().unwrap();
                let since = message["since"].as_u64().unwrap_or(seq - 1);
                assert!((since..seq).contains(&self.seq), "at {}, which cannot be applied: {message}", self.seq);
                self.seq = seq;
                self.updates += 1;
                for change in message["changes"].as_array().unwrap() {
                    apply(change, &mut self.layers);
                }
            }
            return message;
        }
    }

    /// The file of the next picture of a preview.
    #[track_caller]
    pub fn picture(&mut self) -> Vec<u8> {
        loop {
            let message = self.runtime.block_on(async { timeout(Duration::from_secs(20), self.socket.next()).await });
            let message = message.expect("waited 20 s for a picture").expect("the connection lives").unwrap();
            if let Message::Binary(bytes) = message {
                return bytes[16..].to_vec();
            }
        }
    }

    /// The next message of this type.
    #[track_caller]
    pub fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next();
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Takes messages until diff `seq` is part of `layers`.
    #[track_caller]
    pub fn catch_up(&mut self, seq: u64) {
        while self.seq < seq {
            self.next();
        }
    }
}

fn apply(change: &Value, layers: &mut Value) {
    match change["op"].as_str().unwrap() {
        "removed" => {
            take(layers, &change["id"]).unwrap_or_else(|| panic!("{change} of a layer that is not in {layers}"));
        }
        "placed" => {
            let layer = change["layer"].clone();
            take(layers, &layer["id"]);
            let siblings = match change.get("parent") {
                Some(parent) => {
                    let parent = find(layers, parent).unwrap_or_else(|| panic!("{change} into nothing"));
                    parent.as_object_mut().unwrap().entry("children").or_insert_with(|| json!([]))
                }
                None => layers,
            };
            let index = usize::try_from(change["index"].as_u64().unwrap()).unwrap();
            siblings.as_array_mut().unwrap().insert(index, layer);
        }
        "changed" => {
            let layer = find(layers, &change["id"]).unwrap_or_else(|| panic!("{change} of a layer that is not there"));
            let fields = layer.as_object_mut().unwrap();
            for (name, value) in change["set"].as_object().unwrap() {
                if value.is_null() {
                    fields.remove(name);
                } else {
                    fields.insert(name.clone(), value.clone());
                }
            }
        }
        other => panic!("there is no change `{other}`"),
    }
}

/// The layer with this id, wherever it stands.
pub fn find<'a>(layers: &'a mut Value, id: &Value) -> Option<&'a mut Value> {
    for layer in layers.as_array_mut()? {
        if layer["id"] == *id {
            return Some(layer);
        }
        if let Some(children) = layer.get_mut("children")
            && let Some(found) = find(children, id)
        {
            return Some(found);
        }
    }
    None
}

/// Takes the layer with this id out of the tree. A group without children has no list of them.
fn take(layers: &mut Value, id: &Value) -> Option<Value> {
    let all = layers.as_array_mut()?;
    if let Some(index) = all.iter().position(|layer| layer["id"] == *id) {
        return Some(all.remove(index));
    }
    for layer in all {
        let Some(children) = layer.get_mut("children") else { continue };
        let taken = take(children, id);
        if children.as_array().is_some_and(Vec::is_empty) {
            layer.as_object_mut()?.remove("children");
        }
        if taken.is_some() {
            return taken;
        }
    }
    None
}
