//! Triggers that set one another off without end.

use std::collections::{HashMap, VecDeque};

use super::notice::Notice;
use crate::animation::trigger::{Action, Cause, EventName, TriggerDocument};

/// One for each ring of triggers that fire what sets them off. Whatever else they do, they never come to rest by
/// themselves: an event is dealt with at the very moment at which it is fired, also if another scene is to come on air
/// then. What is behind the activation of a scene is not done.
pub(super) fn of_triggers(triggers: &[TriggerDocument]) -> Vec<Notice> {
    let mut told = vec![false; triggers.len()];
    let mut notices = Vec::new();
    for start in 0..triggers.len() {
        if told[start] {
            continue;
        }
        let Some(ring) = ring_from(start, triggers) else { continue };
        ring.iter().for_each(|(trigger, _)| told[*trigger] = true);
        let way: Vec<String> =
            ring.iter().map(|(trigger, event)| format!("/triggers/{trigger} fires `{event}`")).collect();
        let message = format!(
            "sets itself off again without end: {}. As soon as that happens {} is stopped until triggers or timelines are \
             edited or the scene is loaded anew. Let {} wait for something else, such as the end of a timeline",
            way.join(", "),
            if ring.len() == 1 { "it" } else { "one of them" },
            if ring.len() == 1 { "it" } else { "one of them" },
        );
        notices.push(Notice { pointer: format!("/triggers/{start}"), message });
    }
    notices
}

/// The shortest way from a trigger back to itself, as triggers and the events that they fire.
fn ring_from(start: usize, triggers: &[TriggerDocument]) -> Option<Vec<(usize, &EventName)>> {
    let mut waiting: HashMap<&EventName, Vec<usize>> = HashMap::new();
    for (index, trigger) in triggers.iter().enumerate() {
        if let Cause::Event { name } = &trigger.on {
            waiting.entry(name).or_default().push(index);
        }
    }
    // Which trigger fired the event that set each off.
    let mut come_from: Vec<Option<(usize, &EventName)>> = vec![None; triggers.len()];
    let mut next = VecDeque::from([start]);
    while let Some(trigger) = next.pop_front() {
        for event in fired_by(&triggers[trigger]) {
            // Each event is gone into once.
            for other in waiting.remove(event).unwrap_or_default() {
                come_from[other] = Some((trigger, event));
                next.push_back(other);
            }
        }
    }
    let mut ring = Vec::new();
    let mut at = start;
    while let Some((trigger, event)) = come_from[at] {
        ring.push((trigger, event));
        at = trigger;
        if at == start {
            ring.reverse();
            return Some(ring);
        }
    }
    None
}

fn fired_by(trigger: &TriggerDocument) -> impl Iterator<Item = &EventName> {
    let done = trigger.actions.iter().take_while(|action| !matches!(action, Action::Activate { .. }));
    done.filter_map(|action| match action {
        Action::Emit { event } => Some(event),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(rings: &[(&str, &[&str])]) -> Vec<String> {
        let triggers = rings.iter().map(|(on, fired)| {
            let fired: Vec<_> = fired.iter().map(|event| json!({ "type": "emit", "event": event })).collect();
            serde_json::from_value(json!({ "on": { "type": "event", "name": on }, "do": fired })).unwrap()
        });
        of_triggers(&triggers.collect::<Vec<_>>()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_ring_is_told_once_with_the_way_that_it_goes() {
        let itself = told(&[("a", &["a"])]);
        assert!(itself.len() == 1 && itself[0].starts_with("/triggers/0: sets itself off"), "{itself:?}");
        let ring = told(&[("x", &["a"]), ("a", &["b"]), ("c", &["a", "d"]), ("b", &["e", "c"]), ("y", &["y"])]);
        assert_eq!(ring.len(), 2, "{ring:?}");
        let way = "/triggers/1 fires `b`, /triggers/3 fires `c`, /triggers/2 fires `a`.";
        assert!(ring[0].starts_with("/triggers/1: ") && ring[0].contains(way), "{ring:?}");
        assert!(ring[1].starts_with("/triggers/4: "), "{ring:?}");
    }

    #[test]
    fn what_comes_to_an_end_is_no_ring() {
        assert_eq!(told(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &["d"])]), [""; 0]);
        // Another scene is on air then.
        let leaves: TriggerDocument = serde_json::from_value(json!({ "on": { "type": "event", "name": "a" }, "do": [
            { "type": "activate", "scene": "next" }, { "type": "emit", "event": "a" }] }))
        .unwrap();
        assert_eq!(of_triggers(&[leaves]), []);
    }
}
