//! What is done to documents, and the values for it.

use proptest::{
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};

/// Stands in a document for what no JSON value can be: the text behind it is written as it is.
const RAW: &str = "@raw ";
/// What is done to a document at one place.
#[derive(Clone, Debug)]
pub(super) enum Mutation {
    /// Another value is there.
    Replace(Value),
    /// Nothing is there any more.
    Remove,
    /// A key, or an item, is there besides.
    Add(String, Value),
    /// What is there is there many times, or its last part is.
    Repeat(usize),
    /// What is there is inside lists, or objects, inside of each other.
    Bury(usize, bool),
    /// What is there is somewhere else too.
    CopyTo(Index),
}

/// Values of every kind, few of which fit anywhere.
fn odd_value() -> impl Strategy<Value = Value> {
    let numbers = [
        json!(0),
        json!(-0.0),
        json!(-1),
        json!(1),
        json!(0.5),
        json!(2),
        json!(255),
        json!(256),
        json!(1e-320),
        json!(1e9),
        json!(-1e9),
        json!(1e18),
        json!(1e308),
        json!(-1e308),
        json!(3.5e38),
        json!(2_147_483_648_u64),
        json!(-2_147_483_649_i64),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(f64::from_bits(1)),
        json!(format!("{RAW}1e999")),
        json!(format!("{RAW}-0")),
        json!(format!("{RAW}123456789012345678901234567890")),
    ];
    let others = [
        json!(null),
        json!(true),
        json!(false),
        json!([]),
        json!({}),
        json!([null]),
        json!({ "": null }),
        json!({ "x": 1e308, "y": -1e308 }),
        json!({ "x": "100%", "y": "-1e400%" }),
        json!([[[]]]),
        json!({ "type": "group" }),
        json!({ "type": 5 }),
        json!({ "id": "box" }),
        json!("forever"),
        json!("group"),
        json!(format!("{RAW}{{\"a\":1,\"a\":2}}")),
        json!(format!("{RAW}NaN")),
        json!(format!("{RAW}'")),
    ];
    prop_oneof![select(numbers.to_vec()), select(others.to_vec()), odd_text().prop_map(Value::from)]
}

/// Ids, names, lengths, colours, paths and easings that are none, or hardly.
fn odd_text() -> impl Strategy<Value = String> {
    let texts = [
        "",
        " ",
        "\0",
        "a\nb",
        "box",
        "child",
        "box ",
        "BOX",
        "b\u{f6}x",
        "bo\u{308}x",
        "\u{202e}xob",
        "\u{feff}box",
        "\u{200b}",
        "\u{1f3ac}",
        "\u{10ffff}",
        "../../etc/passwd",
        "/box",
        "box/children/0",
        "~0~1",
        "%2e%2e",
        "__proto__",
        "constructor",
        "-",
        "0",
        "1e400",
        "NaN",
        "50%",
        "-1e300%",
        "1e309%",
        "%",
        "#",
        "#ffffff00",
        "#gggggg",
        "#12345",
        "M0 0",
        "M 0 0 L 1e308 1e308 L -1e308 1e308 Z",
        "M 0 0 A 0 0 0 1 1 1 1 1",
        "cubic-bezier(1e9, 0, 1, 1)",
        "steps(0)",
        "steps(4294967295)",
        "linear()",
        "spring",
        "0 0 * * * * *",
        "* * 31 2 *",
        "'\"`<script>",
    ];
    prop_oneof![
        8 => select(texts.to_vec()).prop_map(str::to_owned),
        1 => (1_usize..70_000, select(vec!["a", "\u{1f469}\u{200d}", "e\u{301}", "\u{fdfd}"]))
            .prop_map(|(count, part)| part.repeat(count / 4)),
        1 => any::<String>(),
    ]
}

pub(super) fn mutation() -> impl Strategy<Value = (Index, Mutation)> {
    let change = prop_oneof![
        6 => odd_value().prop_map(Mutation::Replace),
        2 => Just(Mutation::Remove),
        2 => (odd_text(), odd_value()).prop_map(|(name, value)| Mutation::Add(name, value)),
        1 => select(vec![2_usize, 17, 300, 3000]).prop_map(Mutation::Repeat),
        1 => (select(vec![1_usize, 5, 60, 120, 140, 900]), any::<bool>())
            .prop_map(|(depth, is_list)| Mutation::Bury(depth, is_list)),
        2 => any::<Index>().prop_map(Mutation::CopyTo),
    ];
    (any::<Index>(), change)
}

/// The pointers of all values in a document.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), found));
        }
        Value::Object(entries) => entries.iter().for_each(|(name, entry)| {
            places(entry, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        _ => {}
    }
}

/// Does to a document what is said.
pub(super) fn mutate(document: &mut Value, place: Index, change: Mutation) {
    let mut found = Vec::new();
    places(document, "", &mut found);
    let pointer = &found[place.index(found.len())];
    let target = document.pointer_mut(pointer).unwrap();
    match change {
        Mutation::Replace(value) => *target = value,
        Mutation::Add(name, value) => match target {
            Value::Object(entries) => drop(entries.insert(name, value)),
            Value::Array(items) => items.push(value),
            other => *other = json!({ name: value }),
        },
        Mutation::Repeat(count) => match target {
            Value::Array(items) => {
                let again = items.clone();
                items.extend(again.into_iter().cycle().take(count));
            }
            Value::String(text) => *text = text.repeat(count),
            other => *other = Value::Array(vec![other.clone(); count]),
        },
        Mutation::Bury(depth, is_list) => {
            for _ in 0..depth {
                let inner = target.take();
                *target = if is_list { json!([inner]) } else { json!({ "children": inner }) };
            }
        }
        Mutation::CopyTo(other) => {
            let value = target.clone();
            *document.pointer_mut(&found[other.index(found.len())]).unwrap() = value;
        }
        Mutation::Remove => {
            let Some((parent, name)) = pointer.rsplit_once('/') else { return };
            match document.pointer_mut(parent).unwrap() {
                Value::Object(entries) => drop(entries.remove(&name.replace("~1", "/").replace("~0", "~"))),
                Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                _ => {}
            }
        }
    }
}

/// The document as text, with what stands for no value written as it is.
pub(super) fn written(document: &Value) -> String {
    let text = document.to_string();
    let mark = format!("\"{RAW}");
    let mut parts = text.split(&mark);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| match part.split_once('"') {
        Some((raw, rest)) => format!("{before}{raw}{rest}"),
        None => before + part,
    })
}
