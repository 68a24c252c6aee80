//! How many different networks there were: /24 of IPv4, /48 of IPv6. A few are counted exactly, more by an estimate, so that any
//! number of them takes some hundred bytes.

use layerprint::memory::distinct::Distinct;
use layerprint::memory::key::{Key, Keys};
use std::net::IpAddr;

/// How many are counted exactly.
const EXACT: usize = 64;

/// Networks that were met.
#[derive(Clone, Debug)]
pub(in super::super) enum Networks {
    /// All of them, sorted.
    Few(Vec<Key>),
    /// Too many to keep.
    Many(Box<Distinct>),
}

impl Default for Networks {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

/// How many there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Number {
    /// So many.
    Exactly(u32),
    /// So many, give or take 9 %.
    About(u32),
}

impl Number {
    /// The number, exact or not.
    pub(in super::super) const fn value(self) -> u32 {
        match self {
            Self::Exactly(number) | Self::About(number) => number,
        }
    }
}

/// What stands for the network of an address.
pub(super) fn network(ip: IpAddr) -> Key {
    let keys = Keys::default();
    match ip.to_canonical() {
        IpAddr::V4(ip) => keys.key("v4", ip.to_bits() >> 8),
        IpAddr::V6(ip) => keys.key("v6", ip.to_bits() >> 80),
    }
}

impl Networks {
    pub(super) fn meet(&mut self, network: Key) {
        let met = match self {
            Self::Many(distinct) => {
                distinct.insert(network);
                return;
            }
            Self::Few(met) => met,
        };
        let Err(place) = met.binary_search(&network) else {
            return;
        };
        if met.len() < EXACT {
            met.insert(place, network);
            return;
        }
        let mut distinct = Box::<Distinct>::default();
        for met in met.iter().chain([&network]) {
            distinct.insert(*met);
        }
        *self = Self::Many(distinct);
    }

    pub(super) fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (_, Self::Few(met)) => met.into_iter().for_each(|network| self.meet(network)),
            (Self::Many(own), Self::Many(others)) => **own = own.union(&others),
            (Self::Few(met), Self::Many(mut others)) => {
                for network in met {
                    others.insert(*network);
                }
                *self = Self::Many(others);
            }
        }
    }

    /// How many there were.
    pub(in super::super) fn number(&self) -> Number {
        match self {
            Self::Few(met) => Number::Exactly(u32::try_from(met.len()).unwrap_or(u32::MAX)),
            Self::Many(distinct) => Number::About(distinct.estimate()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(addresses: impl IntoIterator<Item = String>) -> Networks {
        let mut networks = Networks::default();
        for address in addresses {
            networks.meet(network(address.parse().unwrap()));
        }
        networks
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        let addresses = [
            "192.0.2.1",
            "192.0.2.77",
            "::ffff:192.0.2.9",
            "192.0.3.1",
            "2001:db8:1::1",
            "2001:db8:1:ff::1",
            "2001:db8:2::1",
        ];
        assert_eq!(of(addresses.map(str::to_owned)).number(), Number::Exactly(4));
    }

    #[test]
    fn a_few_are_exact_and_many_about_right_however_they_were_spread_over_threads() {
        let address = |n: u32| format!("10.{}.{}.1", n / 256, n % 256);
        assert_eq!(of((0..64).map(address)).number(), Number::Exactly(64));
        for (one, other) in [(0..2_000, 1_000..3_000), (0..30, 10..3_000), (0..3_000, 0..30)] {
            let mut both = of(one.map(address));
            both.merge(of(other.map(address)));
            let Number::About(number) = both.number() else {
                panic!("{both:?}")
            };
            assert!((2_300..3_700).contains(&number), "{number}");
        }
    }
}
