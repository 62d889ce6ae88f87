//! Batches of edits that wait for ticks to come.
//!
//! How many wait is bounded, and so is what they are made of, and what is done on one tick and on those around it: a tick
//! that is promised is kept. Of what others have left free an address gets half: whoever sends many leaves room for
//! everybody else, however many connections they are sent by.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use components::{Edit, LayerDocument, edit::EditRejected};
use systems::edit::Sender;

use super::{due::Due, tick::Waiting};

/// Batches that may wait. More are refused.
const BATCHES: usize = 4096;
/// Values that their patches and documents may have all together: some hundred megabytes.
const VALUES: usize = 1_000_000;

/// Who shares one part of what there is; `None` for all that come from within.
pub(super) type Owner = Option<IpAddr>;

/// The batches, by their ticks.
#[derive(Default)]
pub(super) struct Scheduled {
    batches: BTreeMap<u64, Vec<Later>>,
    shares: HashMap<Owner, Share>,
    all: Share,
    due: Due,
}

/// A batch that waits.
struct Later {
    sender: Sender,
    values: usize,
    weight: usize,
    edits: Vec<Edit>,
    waiting: Waiting,
}

/// What batches take.
#[derive(Clone, Copy, Default)]
struct Share {
    batches: usize,
    values: usize,
}

impl Share {
    fn add(&mut self, values: usize) {
        self.batches += 1;
        self.values += values;
    }

    fn take(&mut self, values: usize) {
        self.batches -= 1;
        self.values -= values;
    }

    /// Whether there is room for one more, where so much of it is free.
    fn has_room(self, values: usize, free: Share) -> bool {
        self.batches < free.batches && self.values + values <= free.values
    }
}

impl Scheduled {
    /// Keeps a batch of this weight until `tick`.
    ///
    /// # Errors
    /// Too many wait, or too much is done there, with who waits for the answer.
    pub(super) fn add(
        &mut self,
        sender: Sender,
        tick: u64,
        weight: usize,
        edits: Vec<Edit>,
        waiting: Waiting,
    ) -> Result<(), (EditRejected, Waiting)> {
        let (owner, values) = (sender.owner, values_of(&edits));
        let own = self.shares.get(&owner).copied().unwrap_or_default();
        let free = Share { batches: BATCHES - self.all.batches, values: VALUES - self.all.values };
        if !own.has_room(values, free) {
            let is_of_one = Share::default().has_room(values, free);
            return Err((EditRejected::TooManyWait { is_of_one }, waiting));
        }
        if let Err(refused) = self.due.add(owner, tick, weight) {
            return Err((refused, waiting));
        }
        self.shares.entry(owner).or_default().add(values);
        self.all.add(values);
        self.batches.entry(tick).or_default().push(Later { sender, values, weight, edits, waiting });
        Ok(())
    }

    /// Takes the batches for `tick` and those before it. A batch goes with the client that waits for its answer, so that
    /// what waits is never more than the clients that do.
    pub(super) fn due(&mut self, tick: u64) -> Vec<(Sender, Vec<Edit>, Waiting)> {
        let later = self.batches.split_off(&(tick + 1));
        let due: Vec<Later> = std::mem::replace(&mut self.batches, later).into_values().flatten().collect();
        for Later { sender, values, .. } in &due {
            self.release(sender.owner, *values);
        }
        self.due.forget_before(tick);
        let awaited = due.into_iter().filter(|later| !later.waiting.is_given_up());
        awaited.map(|later| (later.sender, later.edits, later.waiting)).collect()
    }

    /// Lets go of those that nobody waits for any more.
    pub(super) fn tidy(&mut self) {
        let mut gone = Vec::new();
        self.batches.retain(|tick, batches| {
            batches.retain(|later| {
                let stays = !later.waiting.is_given_up();
                if !stays {
                    gone.push((later.sender.owner, later.values, *tick, later.weight));
                }
                stays
            });
            !batches.is_empty()
        });
        for (owner, values, tick, weight) in gone {
            self.release(owner, values);
            self.due.take(owner, tick, weight);
        }
    }

    fn release(&mut self, owner: Owner, values: usize) {
        self.all.take(values);
        if let Some(share) = self.shares.get_mut(&owner) {
            share.take(values);
            if share.batches == 0 {
                self.shares.remove(&owner);
            }
        }
    }
}

/// Values that patches and documents of a batch have, about.
fn values_of(edits: &[Edit]) -> usize {
    /// Of a layer, about.
    const LAYER: usize = 100;
    let of_layer = |layer: &LayerDocument| LAYER * layer.walk().count();
    let of_edit = |edit: &Edit| match edit {
        Edit::CreateLayer { layer, .. } | Edit::ReplaceLayer { layer, .. } => of_layer(layer),
        Edit::LoadScene { scene } | Edit::PutScene { scene, .. } => LAYER * (1 + scene.walk().count()),
        other => 1 + other.patched_values(),
    };
    edits.iter().map(of_edit).sum()
}

#[cfg(test)]
mod tests {
    use components::LayerId;
    use tokio::sync::oneshot;

    use super::*;

    type Answer = oneshot::Receiver<super::super::shared::EditReply>;

    /// Sends empty batches for tick `at` until one is refused.
    fn fill(scheduled: &mut Scheduled, owner: Owner, at: u64) -> (Vec<Answer>, EditRejected) {
        let mut answers = Vec::new();
        loop {
            let (reply, answer) = oneshot::channel();
            match scheduled.add(client(owner), at, 0, Vec::new(), Waiting::new(Vec::new(), reply)) {
                Ok(()) => answers.push(answer),
                Err((refused, _)) => return (answers, refused),
            }
        }
    }

    fn client(owner: Owner) -> Sender {
        Sender { owner, number: 0 }
    }

    fn address(last: u8) -> Owner {
        Some([192, 0, 2, last].into())
    }

    #[test]
    fn an_address_gets_half_of_what_others_have_left() {
        let mut scheduled = Scheduled::default();
        let first = fill(&mut scheduled, address(1), 100);
        assert_eq!(first.0.len(), BATCHES / 2);
        assert_eq!(first.1, EditRejected::TooManyWait { is_of_one: true });
        let second = fill(&mut scheduled, address(2), 50);
        assert_eq!(second.0.len(), BATCHES / 4);
        let mut held = Vec::new();
        for last in 3..=255 {
            let (answers, refused) = fill(&mut scheduled, address(last), 100);
            held.extend(answers);
            if refused == (EditRejected::TooManyWait { is_of_one: false }) {
                break;
            }
        }
        assert_eq!(scheduled.all.batches, BATCHES, "all is taken in the end");
        // Whose tick has come, and who has gone, makes room.
        assert_eq!(scheduled.due(50).len(), BATCHES / 4);
        drop(first.0);
        scheduled.tidy();
        assert_eq!(scheduled.all.batches, BATCHES / 4);
        assert!(!scheduled.shares.contains_key(&address(1)) && !scheduled.shares.contains_key(&address(2)));
        assert_eq!(fill(&mut scheduled, address(1), 100).0.len(), 3 * BATCHES / 8);
        drop(held);
        assert_eq!(scheduled.due(100).len(), 0, "nobody waits for them");
        assert_eq!((scheduled.all.batches, scheduled.shares.len()), (0, 0));
    }

    #[test]
    fn what_batches_are_made_of_is_shared_out_too() {
        let mut scheduled = Scheduled::default();
        let large = || {
            let patch = serde_json::json!({ "x": vec![0; 40_000] });
            vec![Edit::PatchLayer { id: LayerId::new("box").unwrap(), patch }]
        };
        let mut held = Vec::new();
        let mut send = |owner| {
            let (reply, answer) = oneshot::channel();
            held.push(answer);
            scheduled.add(client(owner), 9, 1, large(), Waiting::new(Vec::new(), reply)).map_err(|(refused, _)| refused)
        };
        let sent = (0..100).map_while(|_| send(address(1)).ok()).count();
        assert_eq!(sent, 12, "half of a million values");
        assert_eq!(send(address(1)), Err(EditRejected::TooManyWait { is_of_one: true }));
        assert_eq!(send(address(2)), Ok(()));
    }

    /// A tick that is promised is kept: what is more than it can do is refused when it is sent.
    #[test]
    fn what_is_done_on_one_tick_is_shared_out_as_well() {
        let mut scheduled = Scheduled::default();
        let mut held = Vec::new();
        let mut send = |scheduled: &mut Scheduled, owner, at| {
            let (reply, answer) = oneshot::channel();
            let waiting = Waiting::new(Vec::new(), reply);
            let sent = scheduled.add(client(owner), at, 1000, Vec::new(), waiting).map_err(|(refused, _)| refused);
            held.extend(sent.is_ok().then_some(answer));
            sent
        };
        assert_eq!((0..9).map_while(|_| send(&mut scheduled, address(1), 500).ok()).count(), 2);
        let refused = |is_of_one| Err(EditRejected::TooMuchDue { is_of_one });
        assert_eq!(send(&mut scheduled, address(1), 500), refused(true));
        assert_eq!(send(&mut scheduled, address(2), 500), Ok(()), "others have room");
        assert_eq!(send(&mut scheduled, address(2), 500), refused(false));
        assert_eq!(send(&mut scheduled, address(1), 501), Ok(()), "and so has another tick");
        // Nor can the ticks around it all be filled, be it that some of them have come.
        let mut around = |scheduled: &mut Scheduled, ticks: std::ops::Range<u64>| {
            ticks.filter(|at| send(scheduled, address(1), *at).is_ok()).count()
        };
        assert_eq!(around(&mut scheduled, 480..512), 6, "nine with the three before");
        assert_eq!(scheduled.due(490).len() + scheduled.due(511).len(), 10);
        assert_eq!(around(&mut scheduled, 511..512), 0);
        assert_eq!(around(&mut scheduled, 512..544), 10, "the next ones have room again");
        // Who has gone leaves room.
        held.clear();
        scheduled.tidy();
        assert_eq!(scheduled.due(512).len(), 0);
        assert!(scheduled.due.is_empty());
    }
}
