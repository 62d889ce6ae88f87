//! A document as it was written: its values, and where each of them stands.

use std::collections::HashMap;

use jsonc_parser::{
    CollectOptions, ParseOptions, ParseStringErrorKind, Scanner, ScannerOptions,
    ast::{self, ObjectPropName},
    common::{Range, Ranged as _},
    errors::{ParseError, ParseErrorKind},
    parse_to_ast,
    tokens::Token,
};
use serde_json::{Map, Number, Value};

use super::{
    fault::{Fault, MAX_FAULTS, Place},
    words::{Telling, shown_key, shown_pointer, shown_text},
};

/// Bytes that a document may have.
pub const MAX_BYTES: usize = 16 << 20;
/// Objects and lists that may lie within each other.
pub const MAX_DEPTH: usize = 64;

/// A document that was read as far as it could be, with what is wrong with its notation.
#[derive(Debug)]
pub struct Source {
    pub(super) root: Node,
    lines: Option<Lines>,
    faults: Vec<Fault>,
    pub(super) telling: Telling,
    /// The merge patch that made it what it is.
    patch: Option<Box<Value>>,
}

/// A value, and the byte at which it begins (0 if the document was no text).
#[derive(Debug)]
pub(super) struct Node {
    pub(super) offset: usize,
    pub(super) data: Data,
}

#[derive(Debug)]
pub(super) enum Data {
    /// Anything but a list or an object.
    Scalar(Value),
    /// Something that has been faulted already, and of which no more needs to be said.
    Unreadable,
    List(Vec<Node>),
    Object(Vec<Member>),
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) key_offset: usize,
    pub(super) value: Node,
}

impl Source {
    /// Reads JSON; comments, trailing commas and a byte order mark are welcome.
    ///
    /// Slips that leave no doubt about what was meant (a forgotten comma, single quotes, a hexadecimal number) are
    /// kept as faults of the source, so that the rest of the document can be checked all the same.
    ///
    /// # Errors
    /// The text cannot be understood from some place on.
    pub fn from_text(text: &str) -> Result<Self, Vec<Fault>> {
        Self::told_as(Telling::Open, text)
    }

    /// The same, with faults that tell what was found as `telling` says.
    ///
    /// # Errors
    /// As above.
    pub fn told_as(telling: Telling, text: &str) -> Result<Self, Vec<Fault>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.len() > MAX_BYTES {
            return Err(vec![Fault {
                place: None,
                pointer: String::new(),
                found: format!("a document of {} bytes", text.len()),
                expected: format!("at most {MAX_BYTES} bytes (16 MiB)"),
                nearest: None,
            }]);
        }
        let lines = Lines::of(text);
        let options = ParseOptions {
            allow_comments: true,
            allow_trailing_commas: true,
            allow_loose_object_property_names: true,
            allow_missing_commas: true,
            allow_single_quoted_strings: true,
            allow_hexadecimal_numbers: true,
            allow_unary_plus_numbers: true,
            allow_bare_decimal_point_numbers: true,
            allow_non_finite_numbers: true,
            allow_extended_string_escapes: false,
        };
        let parsed = parse_to_ast(text, &CollectOptions::default(), &options)
            .map_err(|error| syntax_faults(&error, text, &lines, telling))?;
        let mut reading =
            Reading { text, lines: &lines, telling, pointer: String::new(), depth: 0, faults: Vec::new() };
        let root = match parsed.value {
            Some(value) => reading.node(value),
            None => {
                reading.fault(Range::new(0, 0), "nothing", "a document: `{ … }`");
                Node { offset: 0, data: Data::Unreadable }
            }
        };
        let faults = reading.faults;
        Ok(Self { root, lines: Some(lines), faults, telling, patch: None })
    }

    /// The same for a document that is no text (any more): nothing in it has a place.
    #[must_use]
    pub fn from_value(value: Value) -> Self {
        let mut faults = Vec::new();
        let root = node_of(value, &mut String::new(), 0, &mut faults);
        Self { root, lines: None, faults, telling: Telling::Open, patch: None }
    }

    /// The same document, of which faults from now on tell what was found as `telling` says.
    #[must_use]
    pub fn telling(self, telling: Telling) -> Self {
        Self { telling, ..self }
    }

    /// The same document, which this merge patch has made what it is: who sent that has written no more than is in it.
    #[must_use]
    pub(super) fn made_by(self, patch: Value) -> Self {
        Self { patch: Some(Box::new(patch)), ..self }
    }

    /// Whether a key of the object at `pointer` is there only since a patch has left it as it was.
    pub(super) fn is_left(&self, pointer: &str, key: &str) -> bool {
        let written = self.patch.as_ref().and_then(|patch| patch.pointer(pointer));
        written.and_then(Value::as_object).is_some_and(|written| !written.contains_key(key))
    }

    /// What is wrong with the notation.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The values alone. Of a key that was written twice the last counts.
    #[must_use]
    pub fn value(&self) -> Value {
        self.root.value()
    }

    /// Keys that are written more than once in the same object, wherever that is. Checks against a schema find these
    /// too; this is for documents that have none.
    #[must_use]
    pub fn repeated_keys(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.find_repeated(&self.root, &mut String::new(), &mut faults);
        faults
    }

    fn find_repeated(&self, node: &Node, pointer: &mut String, faults: &mut Vec<Fault>) {
        let length = pointer.len();
        match &node.data {
            Data::Scalar(_) | Data::Unreadable => {}
            Data::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    pointer.push_str(&format!("/{index}"));
                    self.find_repeated(item, pointer, faults);
                    pointer.truncate(length);
                }
            }
            Data::Object(members) => {
                let mut first_offsets = HashMap::with_capacity(members.len());
                for member in members {
                    pointer.push('/');
                    pointer.push_str(&member.key.replace('~', "~0").replace('/', "~1"));
                    let first = *first_offsets.entry(member.key.as_str()).or_insert(member.key_offset);
                    if first != member.key_offset {
                        let (found, expected) = self.repeated(&member.key, first);
                        let place = self.place_at(member.key_offset);
                        let pointer =
                            if self.telling == Telling::Open { shown_pointer(pointer) } else { String::new() };
                        faults.push(Fault { place, pointer, found, expected, nearest: None });
                    }
                    self.find_repeated(&member.value, pointer, faults);
                    pointer.truncate(length);
                }
            }
        }
    }

    /// What was found and what is expected where a key is written again.
    pub(super) fn repeated(&self, key: &str, first: usize) -> (String, String) {
        let line = self.place_at(first);
        let first = line.map(|place| format!(" (the first is on line {})", place.line)).unwrap_or_default();
        let found = match self.telling {
            Telling::Open => format!("the key {} a second time", shown_key(key)),
            Telling::Discreet => "a key a second time".to_owned(),
        };
        (found, format!("each key once{first}"))
    }

    /// Where the value that `pointer` (RFC 6901) points to begins; the nearest one around it if it is absent.
    #[must_use]
    pub fn place(&self, pointer: &str) -> Option<Place> {
        let lines = self.lines.as_ref()?;
        Some(lines.place(self.nearest_node(pointer).offset))
    }

    pub(super) fn place_at(&self, offset: usize) -> Option<Place> {
        self.lines.as_ref().map(|lines| lines.place(offset))
    }

    fn nearest_node(&self, pointer: &str) -> &Node {
        let mut node = &self.root;
        for token in pointer.split('/').skip(1) {
            let key = token.replace("~1", "/").replace("~0", "~");
            match node.child(&key) {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }
}

impl Node {
    pub(super) fn child(&self, key: &str) -> Option<&Self> {
        match &self.data {
            Data::List(items) => items.get(key.parse::<usize>().ok()?),
            Data::Object(members) => members.iter().rfind(|member| member.key == key).map(|member| &member.value),
            Data::Scalar(_) | Data::Unreadable => None,
        }
    }

    pub(super) fn value(&self) -> Value {
        match &self.data {
            Data::Scalar(value) => value.clone(),
            Data::Unreadable => Value::Null,
            Data::List(items) => Value::Array(items.iter().map(Self::value).collect()),
            Data::Object(members) => {
                Value::Object(members.iter().map(|m| (m.key.clone(), m.value.value())).collect::<Map<_, _>>())
            }
        }
    }
}

/// Appends a token to a JSON pointer.
pub(super) fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    if token.contains(['~', '/']) {
        pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(token);
    }
}

/// Byte offsets of the beginnings of lines.
#[derive(Debug)]
struct Lines {
    starts: Vec<usize>,
    /// Per line, whether each of its characters is one byte.
    text: String,
}

impl Lines {
    fn of(text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { starts, text: text.to_owned() }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        Place { line, column: before.chars().count() + 1 }
    }
}

/// Turns what the parser understood into nodes, and finds where it was too kind.
struct Reading<'a> {
    text: &'a str,
    lines: &'a Lines,
    telling: Telling,
    pointer: String,
    depth: usize,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn fault(&mut self, range: Range, found: impl Into<String>, expected: impl Into<String>) {
        if self.faults.len() >= MAX_FAULTS {
            return;
        }
        self.faults.push(Fault {
            place: Some(self.lines.place(range.start)),
            // Nobody knows yet which of the keys that lead there are known.
            pointer: if self.telling == Telling::Open { shown_pointer(&self.pointer) } else { String::new() },
            found: found.into(),
            expected: expected.into(),
            nearest: None,
        });
    }

    fn within<T>(&mut self, token: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        push_token(&mut self.pointer, token);
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        self.pointer.truncate(length);
        result
    }

    fn node(&mut self, value: ast::Value<'_>) -> Node {
        let range = value.range();
        let data = match value {
            ast::Value::NullKeyword(_) => Data::Scalar(Value::Null),
            ast::Value::BooleanLit(literal) => Data::Scalar(Value::Bool(literal.value)),
            ast::Value::NumberLit(literal) => self.number(range, literal.value),
            ast::Value::StringLit(literal) => {
                self.check_text(range);
                Data::Scalar(Value::String(literal.value.into_owned()))
            }
            ast::Value::Array(_) | ast::Value::Object(_) if self.depth == MAX_DEPTH => {
                self.fault(range, "too deep a nesting", format!("at most {MAX_DEPTH} lists and objects in each other"));
                Data::Unreadable
            }
            ast::Value::Array(list) => {
                let mut items = Vec::with_capacity(list.elements.len());
                let mut end = None;
                for (index, element) in list.elements.into_iter().enumerate() {
                    self.check_comma(end, element.range().start);
                    end = Some(element.range().end);
                    items.push(self.within(&index.to_string(), |reading| reading.node(element)));
                }
                Data::List(items)
            }
            ast::Value::Object(object) => {
                let mut members = Vec::with_capacity(object.properties.len());
                let mut end = None;
                for property in object.properties {
                    let key_range = property.name.range();
                    self.check_comma(end, key_range.start);
                    end = Some(property.value.range().end);
                    if let ObjectPropName::Word(word) = &property.name {
                        match self.telling {
                            Telling::Open => self.fault(
                                key_range,
                                format!("the key {} without quotes", shown_key(word.value)),
                                shown_text(word.value),
                            ),
                            Telling::Discreet => {
                                self.fault(key_range, "a key without quotes", "`\"` on both sides of it");
                            }
                        }
                    } else {
                        self.check_text(key_range);
                    }
                    let key = property.name.into_string();
                    let value = self.within(&key, |reading| reading.node(property.value));
                    members.push(Member { key, key_offset: key_range.start, value });
                }
                Data::Object(members)
            }
        };
        Node { offset: range.start, data }
    }

    fn number(&mut self, range: Range, literal: &str) -> Data {
        let digits = literal.trim_start_matches(['+', '-']);
        let wrong = if literal.ends_with("Infinity") || literal.ends_with("NaN") {
            Some("a finite number")
        } else if digits.starts_with("0x") || digits.starts_with("0X") {
            Some("a decimal number")
        } else if literal.starts_with('+') {
            Some("a number without `+`")
        } else if digits.starts_with('.') || !digits.split_once('.').is_none_or(|(_, rest)| starts_with_digit(rest)) {
            Some("a digit on both sides of the decimal point")
        } else {
            None
        };
        if let Some(expected) = wrong {
            self.fault(range, self.shown_number(literal), expected);
            return Data::Unreadable;
        }
        match parse_number(literal) {
            Some(number) => Data::Scalar(Value::Number(number)),
            None => {
                let found = self.shown_number(literal);
                self.fault(range, found, "a number that is not that large: at most about 1.8e308");
                Data::Unreadable
            }
        }
    }

    fn shown_number(&self, literal: &str) -> String {
        if self.telling == Telling::Open { shown_key(literal) } else { "a number".to_owned() }
    }

    fn check_text(&mut self, range: Range) {
        let written = &self.text[range.start..range.end];
        if written.starts_with('\'') {
            self.fault(range, "single quotes", "double quotes");
        }
        if written.contains('\n') {
            self.fault(range, "text over more than one line", "`\\n` for a line break, or the missing `\"`");
        } else if written.contains(|c: char| c < ' ') {
            self.fault(range, "a control character in text", "its escape, such as `\\t`");
        }
    }

    /// Whether a comma stands between the end of the last item and the start of the next one.
    fn check_comma(&mut self, end: Option<usize>, start: usize) {
        let Some(end) = end else { return };
        let mut gap = &self.text[end..start];
        loop {
            gap = gap.trim_start();
            if gap.starts_with(',') {
                return;
            } else if let Some(comment) = gap.strip_prefix("//") {
                gap = comment.find(['\n', '\r']).map_or("", |at| &comment[at..]);
            } else if let Some(comment) = gap.strip_prefix("/*") {
                gap = comment.find("*/").map_or("", |at| &comment[at + 2..]);
            } else {
                self.fault(Range::new(end, end), "no comma", "a comma between one item and the next");
                return;
            }
        }
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn parse_number(literal: &str) -> Option<Number> {
    if let Ok(number) = literal.parse::<i64>()
        && (number != 0 || !literal.starts_with('-'))
    {
        return Some(number.into());
    }
    if let Ok(number) = literal.parse::<u64>() {
        return Some(number.into());
    }
    literal.parse::<f64>().ok().and_then(Number::from_f64).map(whole_if_whole)
}

/// `1920.0` is a whole number to JSON Schema, but a fraction to serde.
fn whole_if_whole(number: Number) -> Number {
    match number.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within the range in which f64 is exact")]
        Some(value) if !number.is_i64() && value.fract() == 0.0 && value != 0.0 && value.abs() < 9e15 => {
            Number::from(value as i64)
        }
        _ => number,
    }
}

fn node_of(value: Value, pointer: &mut String, depth: usize, faults: &mut Vec<Fault>) -> Node {
    let data = match value {
        Value::Array(_) | Value::Object(_) if depth == MAX_DEPTH => {
            faults.push(Fault {
                place: None,
                pointer: pointer.clone(),
                found: "too deep a nesting".to_owned(),
                expected: format!("at most {MAX_DEPTH} lists and objects in each other"),
                nearest: None,
            });
            Data::Unreadable
        }
        Value::Array(items) => {
            let read = |(index, item): (usize, Value)| {
                let length = pointer.len();
                push_token(pointer, &index.to_string());
                let node = node_of(item, pointer, depth + 1, faults);
                pointer.truncate(length);
                node
            };
            Data::List(items.into_iter().enumerate().map(read).collect())
        }
        Value::Object(members) => {
            let read = |(key, value): (String, Value)| {
                let length = pointer.len();
                push_token(pointer, &key);
                let value = node_of(value, pointer, depth + 1, faults);
                pointer.truncate(length);
                Member { key, key_offset: 0, value }
            };
            Data::Object(members.into_iter().map(read).collect())
        }
        Value::Number(number) => Data::Scalar(Value::Number(whole_if_whole(number))),
        scalar => Data::Scalar(scalar),
    };
    Node { offset: 0, data }
}

/// What stopped the parser, and before it the forgotten quote that may have led to it.
fn syntax_faults(error: &ParseError, text: &str, lines: &Lines, telling: Telling) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut scanner = Scanner::new(text, &ScannerOptions::default());
    while let Ok(Some(token)) = scanner.scan()
        && scanner.token_end() <= error.range().start
    {
        if matches!(token, Token::String(_)) && text[scanner.token_start()..scanner.token_end()].contains('\n') {
            faults.push(Fault {
                place: Some(lines.place(scanner.token_start())),
                pointer: String::new(),
                found: "text that does not end on its line".to_owned(),
                expected: "`\"` at its end".to_owned(),
                nearest: None,
            });
            break;
        }
    }
    faults.push(syntax_fault(error, text, lines, telling));
    faults
}

/// The one thing that stopped the parser.
fn syntax_fault(error: &ParseError, text: &str, lines: &Lines, telling: Telling) -> Fault {
    let range = error.range();
    let there = text.get(range.start..range.end).unwrap_or("");
    let token = match telling {
        _ if there.is_empty() => "the end of the document".to_owned(),
        Telling::Open => shown_token(there),
        Telling::Discreet => "something else".to_owned(),
    };
    let (found, expected) = match error.kind() {
        ParseErrorKind::ExpectedColonAfterObjectKey => (token, "`:` after a key"),
        ParseErrorKind::ExpectedObjectValue => ("a key without a value".to_owned(), "a value after `:`"),
        ParseErrorKind::ExpectedDigit
        | ParseErrorKind::ExpectedDigitFollowingNegativeSign
        | ParseErrorKind::ExpectedPlusMinusOrDigitInNumberLiteral => (token, "a digit"),
        ParseErrorKind::MultipleRootJsonValues => (token, "the end of the document: it is one value"),
        ParseErrorKind::UnexpectedCloseBrace
        | ParseErrorKind::UnexpectedCloseBracket
        | ParseErrorKind::UnexpectedColon
        | ParseErrorKind::UnexpectedComma
        | ParseErrorKind::UnexpectedToken => (token, "a value"),
        ParseErrorKind::UnexpectedWord => {
            (token, "a value: text in double quotes, a number, `true`, `false`, `null`, a list or an object")
        }
        ParseErrorKind::UnexpectedTokenInObject => (token, "a key in double quotes, or `}`"),
        ParseErrorKind::UnterminatedObject => ("an object that does not end".to_owned(), "`}` at its end"),
        ParseErrorKind::UnterminatedArray => ("a list that does not end".to_owned(), "`]` at its end"),
        ParseErrorKind::UnterminatedCommentBlock => ("a comment that does not end".to_owned(), "`*/` at its end"),
        ParseErrorKind::NestingDepthExceeded => {
            ("too deep a nesting".to_owned(), "at most 64 lists and objects in each other")
        }
        ParseErrorKind::String(ParseStringErrorKind::UnterminatedStringLiteral) => {
            ("text that does not end".to_owned(), "`\"` at its end")
        }
        ParseErrorKind::String(_) => (
            token,
            "an escape that JSON knows: `\\n`, `\\t`, `\\\"`, `\\\\`, `\\/`, `\\b`, `\\f`, `\\r` or `\\u` with four hexadecimal digits",
        ),
        other => (format!("a fault of notation ({other})"), "JSON, with comments and trailing commas if you like"),
    };
    Fault {
        place: Some(lines.place(range.start)),
        pointer: String::new(),
        found,
        expected: expected.to_owned(),
        nearest: None,
    }
}

fn shown_token(text: &str) -> String {
    let first: String = text.chars().take(20).take_while(|c| !c.is_control()).collect();
    if first.is_empty() { shown_text(text) } else { format!("`{first}`") }
}
