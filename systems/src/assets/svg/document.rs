//! How much work a vector picture is as its document says, found out before anything is built from it.

use std::collections::HashMap;

use resvg::usvg::roxmltree::{Document, Node, NodeId};

/// Elements within, or referring to, each other.
const MAX_DEPTH: usize = 100;
/// Elements that are drawn, counting those that are referred to each time, and what needs a picture of its own as fifty.
const MAX_COST: u64 = 100_000;
/// Characters of one text, and of all: to set one takes time by the square of its length.
const MAX_TEXT: usize = 5_000;
const MAX_ALL_TEXT: usize = 50_000;
/// Rules of style sheets times elements: each is held against each.
const MAX_MATCHES: usize = 5_000_000;

/// Whether its entities might be used to blow it up. A few short ones, as drawing programs write them, are fine.
///
/// Looks at everything that might be a declaration, in comments too: what is none makes the guess too high at worst.
pub(super) fn expands(text: &str) -> bool {
    let mut longest = 0;
    for declaration in text.split("<!ENTITY").skip(1) {
        let Some((_, value)) = declaration.trim_start().split_once(char::is_whitespace) else { return true };
        let value = value.trim_start();
        if value.starts_with("SYSTEM") || value.starts_with("PUBLIC") {
            continue;
        }
        let Some(quote) = value.chars().next().filter(|quote| ['"', '\''].contains(quote)) else { return true };
        let Some(length) = value[1..].find(quote) else { return true };
        if value[1..=length].contains('&') {
            return true;
        }
        longest = longest.max(length);
    }
    longest.saturating_mul(text.matches('&').count()) > 4 << 20
}

/// How much work a document is, found out before anything is built from it: elements that refer to each other can
/// stand for endlessly many.
pub(super) struct Cost<'a, 'input> {
    by_id: HashMap<&'a str, Node<'a, 'input>>,
    known: HashMap<NodeId, u64>,
    /// What style sheets refer to may be drawn for each element.
    everywhere: u64,
}

impl<'a, 'input> Cost<'a, 'input> {
    /// What it costs, if that is not too much; else why it is.
    pub(super) fn of(document: &'a Document<'input>) -> Result<u64, &'static str> {
        check_sizes(document)?;
        let by_id = document.descendants().filter_map(|node| Some((node.attribute("id")?, node))).collect();
        let mut cost = Self { by_id, known: HashMap::new(), everywhere: 0 };
        let mut everywhere = 0_u64;
        for style in document.descendants().filter(|node| node.has_tag_name("style")) {
            for id in style.descendants().filter_map(|node| node.text()).flat_map(references) {
                if let Some(&node) = cost.by_id.get(id) {
                    everywhere = everywhere.saturating_add(cost.node(node, 0)?);
                }
            }
        }
        cost.known.clear();
        cost.everywhere = everywhere;
        let sum = cost.node(document.root_element(), 0)?;
        if sum > MAX_COST { Err("it draws too many elements") } else { Ok(sum) }
    }

    fn node(&mut self, node: Node<'a, 'input>, depth: usize) -> Result<u64, &'static str> {
        if depth > MAX_DEPTH {
            return Err("its elements are nested too deeply");
        }
        if let Some(&known) = self.known.get(&node.id()) {
            return Ok(known);
        }
        if !node.is_element() {
            return Ok(0);
        }
        // What refers to itself is left out by whoever draws it.
        self.known.insert(node.id(), 0);
        let mut sum = 1_u64.saturating_add(self.everywhere);
        if is_excessive(node) {
            return Err("a filter in it looks at too many pixels");
        }
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let own_picture = |text: &str| ["opacity", "filter", "mask", "clip-path", "mix-blend-mode"].contains(&text);
            if own_picture(name) || (name == "style" && value.split([':', ';', ' ']).any(own_picture)) {
                sum = sum.saturating_add(50);
            }
            let direct = (name == "href").then(|| value.trim().strip_prefix('#')).flatten();
            let is_marker = name.starts_with("marker") || name == "style";
            // A marker stands at each point of a path.
            let points = node.attribute("d").or_else(|| node.attribute("points")).map_or(1, str::len) as u64 / 2 + 1;
            for id in references(value).chain(direct) {
                if let Some(&target) = self.by_id.get(id) {
                    let times = if is_marker { points } else { 1 };
                    sum = sum.saturating_add(self.node(target, depth + 1)?.saturating_mul(times));
                }
            }
        }
        if node.tag_name().name().starts_with("fe") {
            sum = sum.saturating_add(100);
        }
        for child in node.children() {
            sum = sum.saturating_add(self.node(child, depth + 1)?);
        }
        self.known.insert(node.id(), sum);
        Ok(sum)
    }
}

/// Whether nothing in it takes time out of all proportion to its size.
fn check_sizes(document: &Document<'_>) -> Result<(), &'static str> {
    let (mut elements, mut rules, mut text) = (0, 0, 0);
    for node in document.descendants().filter(Node::is_element) {
        elements += 1;
        let words = || node.descendants().filter(Node::is_text).filter_map(|node| node.text());
        match node.tag_name().name() {
            "style" => rules += words().map(|text| text.matches('{').count()).sum::<usize>(),
            "text" => {
                let length = words().map(|text| text.chars().count()).sum::<usize>();
                text += length;
                if length > MAX_TEXT || text > MAX_ALL_TEXT {
                    return Err("it has too much text");
                }
            }
            _ => {}
        }
        let measured = node.attributes().filter(|attribute| MEASURES.contains(&attribute.name()));
        if measured.into_iter().any(|attribute| has_giant(attribute.value())) {
            return Err("its coordinates are beyond all measure");
        }
    }
    if rules * elements > MAX_MATCHES { Err("it has too many rules of style for its elements") } else { Ok(()) }
}

/// Attributes that say where and how large something is.
const MEASURES: [&str; 14] = [
    "d",
    "points",
    "transform",
    "patternTransform",
    "x",
    "y",
    "x1",
    "y1",
    "x2",
    "y2",
    "width",
    "height",
    "font-size",
    "textLength",
];

/// Whether a list of numbers has one of ten million or more. Programs that go along a path a step at a time would not
/// come to its end.
fn has_giant(numbers: &str) -> bool {
    let bytes = numbers.as_bytes();
    let (mut digits, mut fraction) = (0, false);
    bytes.iter().enumerate().any(|(index, byte)| {
        match byte {
            b'0'..=b'9' if !fraction => digits += usize::from(digits > 0 || *byte != b'0'),
            b'0'..=b'9' => {}
            b'.' => fraction = true,
            _ => (digits, fraction) = (0, false),
        }
        let is_exponent = matches!(byte, b'e' | b'E') && index > 0 && matches!(bytes[index - 1], b'0'..=b'9' | b'.');
        let exponent = || {
            let rest = numbers[index + 1..].trim_start_matches('+');
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse::<u32>().unwrap_or(if end > 0 { u32::MAX } else { 0 })
        };
        digits > 7 || (is_exponent && exponent() > 3)
    })
}

/// The ids in `url(#id)`.
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split("url(").skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches([' ', '\'', '"']).strip_prefix('#')?;
        rest.split([')', '\'', '"', ' ']).next()
    })
}

/// Whether a filter's work for each pixel has no reasonable bound.
fn is_excessive(node: Node<'_, '_>) -> bool {
    let numbers = |name: &str| -> f64 {
        let value = node.attribute(name).unwrap_or("0");
        value.split([' ', ',']).filter_map(|number| number.parse::<f64>().ok()).fold(0.0, f64::max)
    };
    match node.tag_name().name() {
        "feMorphology" => numbers("radius") > 50.0,
        "feConvolveMatrix" => numbers("order") > 20.0,
        "feTurbulence" => numbers("numOctaves") > 10.0,
        _ => false,
    }
}
