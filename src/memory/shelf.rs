//! Shared data as a proxy keeps it, for where there is no proxy: tests, fuzz targets, tools. Nothing in the module uses it, so it is
//! not in it.

use super::store::{Store, Swap, Unavailable, Version};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values under keys; threads may share it as workers share the proxy's.
#[derive(Debug, Default)]
pub struct Shelf {
    values: Mutex<BTreeMap<String, (Vec<u8>, u32)>>,
}

impl Shelf {
    /// The bytes of all values.
    pub fn bytes(&self) -> usize {
        self.values().values().map(|(value, _)| value.len()).sum()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.values().len()
    }

    /// Whether nothing was ever written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn values(&self) -> MutexGuard<'_, BTreeMap<String, (Vec<u8>, u32)>> {
        // Each write is whole: what a thread that failed has left is good.
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Shelf {
    fn shared(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
        let values = self.values();
        let found = values.get(key);
        Ok(found.map(|(value, version)| (value.clone(), Version(*version))))
    }

    fn swap_shared(&self, key: &str, value: &[u8], seen: Option<Version>) -> Result<Swap, Unavailable> {
        let mut values = self.values();
        let current = values.get(key).map(|(_, version)| Version(*version));
        if current != seen {
            return Ok(Swap::Lost);
        }
        let next = current.map_or(1, |Version(version)| version.wrapping_add(1));
        values.insert(key.to_owned(), (value.to_vec(), next));
        Ok(Swap::Done)
    }
}
