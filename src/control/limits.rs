//! How much one address may ask for, so that a client that floods hurts only itself.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Addresses that are remembered. When there are more, those whose buckets are fullest are forgotten: they have asked
/// for the least.
const ADDRESSES: usize = 4096;

/// Something that refills at a steady rate, for each address by itself (a token bucket).
pub(super) struct Allowance {
    /// How many a second.
    rate: f64,
    /// How many at once.
    burst: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn refilled(self, rate: f64, burst: f64, now: Instant) -> f64 {
        (self.left + now.saturating_duration_since(self.at).as_secs_f64() * rate).min(burst)
    }
}

impl Allowance {
    pub(super) fn new(rate: f64, burst: f64) -> Self {
        Self { rate, burst, buckets: Mutex::default() }
    }

    /// Takes one.
    ///
    /// # Errors
    /// Nothing is left; there will be one after this time.
    pub(super) fn take(&self, address: IpAddr) -> Result<(), Duration> {
        self.take_at(address, Instant::now())
    }

    fn take_at(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES {
            self.forget(&mut buckets, now);
        }
        let bucket = buckets.entry(network(address)).or_insert(Bucket { left: self.burst, at: now });
        *bucket = Bucket { left: bucket.refilled(self.rate, self.burst, now), at: now };
        if bucket.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.left) / self.rate));
        }
        bucket.left -= 1.0;
        Ok(())
    }

    /// Whether one is left; takes none.
    ///
    /// # Errors
    /// There will be one after this time.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), Duration> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let left = buckets.get(&network(address)).map(|bucket| bucket.refilled(self.rate, self.burst, Instant::now()));
        match left {
            Some(left) if left < 1.0 => Err(Duration::from_secs_f64((1.0 - left) / self.rate)),
            _ => Ok(()),
        }
    }

    /// Makes room for a quarter more.
    fn forget(&self, buckets: &mut HashMap<IpAddr, Bucket>, now: Instant) {
        let mut left: Vec<f64> = buckets.values().map(|bucket| bucket.refilled(self.rate, self.burst, now)).collect();
        let quarter = ADDRESSES / 4;
        let (_, limit, _) = left.select_nth_unstable_by(quarter, |a, b| b.total_cmp(a));
        let limit = *limit;
        let mut spare = quarter;
        buckets.retain(|_, bucket| {
            let goes = spare > 0 && bucket.refilled(self.rate, self.burst, now) >= limit;
            spare -= usize::from(goes);
            !goes
        });
    }
}

/// How many of something each address has.
#[derive(Clone, Default)]
pub(super) struct Counts(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of what an address has, until it is dropped.
pub(super) struct Counted {
    counts: Counts,
    address: IpAddr,
}

impl Counts {
    /// One more, unless the address has `limit` already.
    pub(super) fn add(&self, address: IpAddr, limit: usize) -> Option<Counted> {
        let address = network(address);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Counted { counts: self.clone(), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// Who counts as one: an IPv4 address, or a /64 of IPv6, which is the least that a customer gets.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_burst_and_then_its_rate() {
        let (allowance, now) = (Allowance::new(10.0, 20.0), Instant::now());
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let taken = |address, at| (0..100).filter(|_| allowance.take_at(address, at).is_ok()).count();
        assert_eq!(taken(one, now), 20);
        assert_eq!(taken(other, now), 20);
        let wait = allowance.take_at(one, now).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_millis(100), "{wait:?}");
        assert_eq!(taken(one, now + Duration::from_millis(550)), 5);
        assert_eq!(taken(one, now + Duration::from_secs(60)), 20);
    }

    #[test]
    fn one_customer_of_ipv6_counts_as_one() {
        let (allowance, now) = (Allowance::new(1.0, 5.0), Instant::now());
        let address = |host: u128| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8_0000_0001 << 64 | host));
        assert_eq!((0..50).filter(|host| allowance.take_at(address(*host), now).is_ok()).count(), 5);
    }

    #[test]
    fn many_addresses_take_bounded_memory_and_floods_are_not_forgotten() {
        let (allowance, now) = (Allowance::new(1.0, 5.0), Instant::now());
        let flood = IpAddr::from([192, 0, 2, 1]);
        while allowance.take_at(flood, now).is_ok() {}
        for address in 0..20_000u32 {
            allowance.take_at(IpAddr::from((0x0a00_0000 + address).to_be_bytes()), now).unwrap();
        }
        assert!(allowance.buckets.lock().unwrap().len() <= ADDRESSES);
        allowance.take_at(flood, now).unwrap_err();
    }

    #[test]
    fn counts_fall_when_what_is_counted_ends() {
        let (counts, address) = (Counts::default(), IpAddr::from([192, 0, 2, 1]));
        let held: Vec<_> = (0..3).map_while(|_| counts.add(address, 3)).collect();
        assert_eq!(held.len(), 3);
        assert!(counts.add(address, 3).is_none());
        drop(held);
        assert!(counts.add(address, 3).is_some());
        assert!(counts.0.lock().unwrap().is_empty());
    }
}
