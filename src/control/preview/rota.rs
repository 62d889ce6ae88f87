//! Whose picture is made next, where more are waited for than can be made.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
};

use super::stage::Stage;

/// Turns for which an address is remembered. Whoever had its last one longer ago is as good as new.
const REMEMBERED: u64 = 1024;

/// Turns: addresses take them one after the other, and so do the stages that each of them watches. What has had none yet
/// comes first.
#[derive(Default)]
pub(super) struct Rota {
    /// Those that were given.
    turns: u64,
    /// The last one that each address had.
    last: HashMap<IpAddr, u64>,
}

impl Rota {
    /// Offers stages to whoever makes pictures, each in its turn, until one is not taken. Returns those that were not.
    pub(super) fn offer(
        &mut self,
        mut waiting: Vec<Arc<Stage>>,
        mut is_taken: impl FnMut(&Arc<Stage>) -> bool,
    ) -> Vec<Arc<Stage>> {
        while let Some((at, whose)) = self.next(&waiting)
            && is_taken(&waiting[at])
        {
            self.turns += 1;
            waiting.swap_remove(at).turn.store(self.turns, Ordering::Relaxed);
            self.last.insert(whose, self.turns);
        }
        let since = self.turns.saturating_sub(REMEMBERED);
        self.last.retain(|_, turn| *turn > since);
        waiting
    }

    /// The stage whose turn it is, and the address that has it.
    fn next(&self, waiting: &[Arc<Stage>]) -> Option<(usize, IpAddr)> {
        let turns = waiting.iter().enumerate().filter_map(|(at, stage)| {
            let last = |address: &IpAddr| self.last.get(address).copied().unwrap_or_default();
            let (turn, whose) = stage.watching().iter().map(|address| (last(address), *address)).min()?;
            Some((turn, stage.turn.load(Ordering::Relaxed), at, whose))
        });
        turns.min().map(|(_, _, at, whose)| (at, whose))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Look, Viewer},
        *,
    };

    fn watched(width: u16, hosts: &[u8]) -> (Arc<Stage>, Vec<Viewer>) {
        let stage = Arc::new(Stage::new(Look { width, quality: 70, variant: None }));
        let viewers =
            hosts.iter().map(|host| Viewer::new(Arc::clone(&stage), 60.0, [192, 0, 2, *host].into())).collect();
        (stage, viewers)
    }

    /// How many turns each stage gets if all always wait and `at_once` are taken of each frame.
    fn shares(rota: &mut Rota, stages: &[(Arc<Stage>, Vec<Viewer>)], at_once: usize, frames: usize) -> Vec<usize> {
        let mut shares = vec![0; stages.len()];
        for _ in 0..frames {
            let mut room = at_once;
            let left = rota.offer(stages.iter().map(|(stage, _)| Arc::clone(stage)).collect(), |taken| {
                let has_room = room > 0;
                room = room.saturating_sub(1);
                if has_room {
                    shares[stages.iter().position(|(stage, _)| Arc::ptr_eq(stage, taken)).unwrap()] += 1;
                }
                has_room
            });
            assert_eq!(left.len(), stages.len().saturating_sub(at_once));
        }
        shares
    }

    #[test]
    fn each_size_has_its_share_where_not_all_can_be_made() {
        let stages: Vec<_> = (1..=8).map(|width| watched(width, &[1])).collect();
        let mut rota = Rota::default();
        assert_eq!(shares(&mut rota, &stages, 1, 8), [1; 8], "all have a first one before any has a second");
        assert_eq!(shares(&mut rota, &stages, 1, 80), [10; 8]);
        assert_eq!(shares(&mut rota, &stages, 3, 80), [30; 8]);
    }

    #[test]
    fn addresses_take_turns_however_much_each_watches() {
        let mut stages: Vec<_> = (1..=7).map(|width| watched(width, &[1])).collect();
        stages.push(watched(8, &[2]));
        assert_eq!(shares(&mut Rota::default(), &stages, 1, 140), [10, 10, 10, 10, 10, 10, 10, 70]);
        // Whoever watches what another does too loses nothing by it.
        let stages: Vec<_> = (1..=7).map(|width| watched(width, if width == 1 { &[1, 2] } else { &[1] })).collect();
        assert!(shares(&mut Rota::default(), &stages, 1, 140)[0] >= 70);
    }

    #[test]
    fn a_new_size_is_the_next_and_one_that_nobody_watches_gets_no_turn() {
        let mut stages: Vec<_> = (1..=4).map(|width| watched(width, &[1])).collect();
        let mut rota = Rota::default();
        shares(&mut rota, &stages, 1, 30);
        stages.push(watched(5, &[1]));
        assert_eq!(shares(&mut rota, &stages, 1, 1)[4], 1);
        let (stage, viewers) = watched(6, &[1]);
        drop(viewers);
        assert_eq!(rota.offer(vec![stage], |_| true).len(), 1);
    }
}
