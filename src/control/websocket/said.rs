//! Reading what clients say.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use components::{
    EditBatch, LayerId,
    document::{self, Source, Telling},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use warp::http::StatusCode;

use super::requests;
use crate::control::{Problem, batch, preview::Look};

/// Layers that a client may name.
pub(super) const NAMED_LAYERS: usize = 256;
/// Characters of a request's id.
const ID_LENGTH: usize = 128;

/// What the client calls its message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum RequestId {
    Text(String),
    Number(i64),
}

/// What happens, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Topic {
    Scene,
    Events,
    Metrics,
    Levels,
}

/// A wish for other messages. What is `None` stays.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Subscribe {
    pub(super) topics: Option<BTreeSet<Topic>>,
    /// `Some(None)` for all.
    pub(super) layers: Option<Option<Arc<BTreeSet<LayerId>>>>,
    /// `Some(None)` for every change.
    pub(super) every: Option<Option<Duration>>,
}

/// The last state that a client has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) epoch: String,
    pub(super) seq: u64,
}

/// What a client says.
#[derive(Debug)]
pub(super) enum Said {
    Subscribe(Subscribe),
    Resume(Option<Known>),
    /// The body of a batch, what it is read as, and whether it is for a tick to come.
    Edit {
        batch: Source,
        read: Result<EditBatch, Problem>,
        is_for_later: bool,
    },
    /// What HTTP takes.
    Request(Box<requests::Asking>),
    Preview {
        id: u16,
        /// But for the variant, of which only the name is known here.
        look: Look,
        variant: Option<String>,
        fps: f64,
    },
    EndPreview {
        id: u16,
    },
    Ping,
}

impl Said {
    const TYPES: [&str; 7] = ["subscribe", "resume", "edit", "request", "preview", "endPreview", "ping"];
}

/// Reads a message: what the client calls it, and what it says or why that is not understood.
pub(super) fn hear(text: &str) -> (Option<RequestId>, Result<Said, Problem>) {
    // A message may have secrets in it: what an output or the settings are to be.
    let source = match Source::told_as(Telling::Discreet, text) {
        Ok(source) => source,
        Err(faults) => return (None, Err(Problem::malformed(faults))),
    };
    let Value::Object(mut fields) = source.value() else {
        return (None, Err(Problem::bad_request("a message is an object with a `type`")));
    };
    let request = match fields.shift_remove("requestId").map(request_id) {
        None => None,
        Some(Ok(request)) => Some(request),
        Some(Err(problem)) => return (None, Err(problem)),
    };
    let mut faults = source.faults().to_vec();
    faults.extend(source.repeated_keys());
    if !faults.is_empty() {
        return (request, Err(Problem::malformed(faults)));
    }
    let said = understand(fields);
    (request, said)
}

fn request_id(value: Value) -> Result<RequestId, Problem> {
    match value {
        Value::String(text) if text.chars().count() <= ID_LENGTH => Ok(RequestId::Text(text)),
        Value::Number(number) if number.is_i64() => Ok(RequestId::Number(number.as_i64().unwrap_or_default())),
        _ => {
            let detail = format!("`requestId` is a text of up to {ID_LENGTH} characters or a whole number");
            Err(Problem::bad_request(detail))
        }
    }
}

fn understand(mut fields: Map<String, Value>) -> Result<Said, Problem> {
    let types = || format!("`{}`", Said::TYPES.join("`, `"));
    let Some(Value::String(kind)) = fields.shift_remove("type") else {
        return Err(Problem::bad_request(format!("a message has a `type`: {}", types())));
    };
    match kind.as_str() {
        "subscribe" => subscribe(fields).map(Said::Subscribe),
        "resume" => read::<Resume>(fields)?.known().map(Said::Resume),
        "edit" => {
            let is_for_later = fields.get("at").is_some_and(|at| !at.is_null());
            let batch = Source::from_value(Value::Object(fields));
            Ok(Said::Edit { read: batch::read(&batch), batch, is_for_later })
        }
        "request" => requests::hear(fields).map(|asking| Said::Request(Box::new(asking))),
        "preview" => {
            let Preview { id, width, quality, fps, variant } = read(fields)?;
            let look = Look { width: width.unwrap_or(640), quality: quality.unwrap_or(70), variant: None };
            Ok(Said::Preview { id, look, variant, fps: fps.unwrap_or(10.0) })
        }
        "endPreview" => read::<EndPreview>(fields).map(|EndPreview { id }| Said::EndPreview { id }),
        "ping" => read::<Ping>(fields).map(|Ping {}| Said::Ping),
        _ => {
            let hint = match document::nearest(&kind, Said::TYPES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", types()),
            };
            Err(Problem::bad_request(format!("there is no message of type `{kind}`; {hint}")))
        }
    }
}

pub(super) fn read<T: JsonSchema + DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Problem> {
    document::read(&Source::from_value(Value::Object(fields))).map_err(Problem::invalid)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wish {
    topics: Option<Vec<Topic>>,
    #[schemars(length(max = 256))]
    layers: Option<Vec<LayerId>>,
    #[schemars(range(min = 0.1, max = 60.0))]
    rate: Option<f64>,
}

fn subscribe(fields: Map<String, Value>) -> Result<Subscribe, Problem> {
    let has = |name: &str| fields.contains_key(name);
    let (has_layers, has_rate) = (has("layers"), has("rate"));
    let Wish { topics, layers, rate } = read(fields)?;
    Ok(Subscribe {
        topics: topics.map(|topics| topics.into_iter().collect()),
        layers: has_layers.then(|| layers.map(|layers| Arc::new(layers.into_iter().collect()))),
        every: has_rate.then(|| rate.map(|rate| Duration::from_secs_f64(1.0 / rate))),
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Resume {
    #[schemars(length(max = 128))]
    epoch: Option<String>,
    seq: Option<u64>,
}

impl Resume {
    fn known(self) -> Result<Option<Known>, Problem> {
        match (self.epoch, self.seq) {
            (Some(epoch), Some(seq)) => Ok(Some(Known { epoch, seq })),
            (None, None) => Ok(None),
            _ => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "`epoch` and `seq` go together: give both")),
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Preview {
    #[serde(default)]
    id: u16,
    #[schemars(range(min = 16, max = 3840))]
    width: Option<u16>,
    #[schemars(range(min = 1, max = 100))]
    quality: Option<u8>,
    #[schemars(range(min = 0.1, max = 60.0))]
    fps: Option<f64>,
    #[schemars(length(max = 64))]
    variant: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EndPreview {
    #[serde(default)]
    id: u16,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ping {}

/// Reads the query of the address: the fields of `subscribe` and `resume`, lists with commas. A token is for others.
pub(super) fn hear_query(query: &str) -> Result<(Subscribe, Option<Known>), Problem> {
    const KNOWN: [&str; 5] = ["topics", "layers", "rate", "epoch", "seq"];
    let (mut wish, mut resume) = (Map::new(), Map::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let list = || {
            let parts = value.split(',').filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        };
        // What is no number is told as what it is.
        let number = || serde_json::from_str(&value).unwrap_or_else(|_| Value::String(value.clone().into_owned()));
        match &*name {
            "topics" | "layers" => drop(wish.insert(name.into_owned(), list())),
            "rate" => drop(wish.insert(name.into_owned(), number())),
            "epoch" => drop(resume.insert(name.into_owned(), Value::String(value.into_owned()))),
            "seq" => drop(resume.insert(name.into_owned(), number())),
            "token" => {}
            unknown => {
                let hint = match document::nearest(unknown, KNOWN) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("this route takes `{}`", KNOWN.join("`, `")),
                };
                return Err(Problem::bad_request(format!("there is no query parameter `{unknown}`; {hint}")));
            }
        }
    }
    Ok((subscribe(wish)?, read::<Resume>(resume)?.known()?))
}
