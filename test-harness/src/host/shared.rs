//! What all VMs of a proxy share by `vm_id`: data with compare-and-swap, and queues. As in Envoy, neither ever expires.

use std::collections::{BTreeMap, VecDeque};

use super::abi::Status;

type Scoped = (String, Vec<u8>);

/// Shared data: process wide, keyed by `vm_id`.
#[derive(Debug, Default)]
pub(super) struct SharedData {
    values: BTreeMap<Scoped, (Vec<u8>, u32)>,
    last_cas: u32,
    contention: Contention,
}

/// Every `n`th writing that compares is preceded by another worker's; none for 0.
#[derive(Debug, Default)]
struct Contention {
    n: u32,
    compared: u32,
}

impl SharedData {
    /// The value and its compare-and-swap number.
    pub(super) fn get(&self, vm_id: &str, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        self.values.get(&(vm_id.to_owned(), key.to_vec())).cloned()
    }

    /// Writes, unless `cas` is not 0 and the value that is there has another number. A key that is not there takes any `cas`.
    pub(super) fn set(&mut self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let scoped = (vm_id.to_owned(), key.to_vec());
        if cas != 0 && self.contention.comes() {
            self.last_cas = self.last_cas.checked_add(1).unwrap_or(1);
            if let Some((_, current)) = self.values.get_mut(&scoped) {
                *current = self.last_cas;
            }
        }
        if self
            .values
            .get(&scoped)
            .is_some_and(|(_, current)| cas != 0 && cas != *current)
        {
            return Err(Status::CasMismatch);
        }
        // 0 means "do not compare", so it is nobody's number.
        self.last_cas = self.last_cas.checked_add(1).unwrap_or(1);
        self.values.insert(scoped, (value.to_vec(), self.last_cas));
        Ok(())
    }

    pub(super) fn contend(&mut self, n: u32) {
        self.contention = Contention { n, compared: 0 };
    }

    pub(super) fn keys(&self, vm_id: &str) -> Vec<Vec<u8>> {
        self.values
            .keys()
            .filter(|(id, _)| id == vm_id)
            .map(|(_, key)| key.clone())
            .collect()
    }
}

impl Contention {
    fn comes(&mut self) -> bool {
        self.compared = self.compared.wrapping_add(1);
        self.compared.checked_rem(self.n) == Some(0)
    }
}

/// A root context that asked to hear of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listener {
    /// Serial number of the VM.
    pub(super) vm: u64,
    /// Its root context.
    pub(super) root: u32,
}

#[derive(Debug)]
struct Queue {
    name: Scoped,
    listener: Listener,
    items: VecDeque<Vec<u8>>,
}

/// Shared queues. A queue's token is its place in the list, counted from 1.
#[derive(Debug, Default)]
pub(super) struct Queues {
    queues: BTreeMap<u32, Queue>,
    ready: Vec<(Listener, u32)>,
}

impl Queues {
    /// The token of the queue, made if it is new. The last to register hears of its items.
    pub(super) fn register(&mut self, vm_id: &str, name: &[u8], listener: Listener) -> u32 {
        let token = self.resolve(vm_id, name).unwrap_or_else(|| {
            self.queues
                .last_key_value()
                .map_or(1, |(last, _)| last.saturating_add(1))
        });
        let queue = self.queues.entry(token).or_insert_with(|| Queue {
            name: (vm_id.to_owned(), name.to_vec()),
            listener,
            items: VecDeque::new(),
        });
        queue.listener = listener;
        token
    }

    pub(super) fn resolve(&self, vm_id: &str, name: &[u8]) -> Option<u32> {
        let found = self
            .queues
            .iter()
            .find(|(_, queue)| queue.name.0 == vm_id && queue.name.1 == name);
        found.map(|(token, _)| *token)
    }

    pub(super) fn enqueue(&mut self, token: u32, item: Vec<u8>) -> Result<(), Status> {
        let queue = self.queues.get_mut(&token).ok_or(Status::NotFound)?;
        queue.items.push_back(item);
        self.ready.push((queue.listener, token));
        Ok(())
    }

    pub(super) fn dequeue(&mut self, token: u32) -> Result<Vec<u8>, Status> {
        let queue = self.queues.get_mut(&token).ok_or(Status::NotFound)?;
        queue.items.pop_front().ok_or(Status::Empty)
    }

    /// The root contexts of a VM to call, with the queue; each is handed out once.
    pub(super) fn take_ready(&mut self, vm: u64) -> Vec<(u32, u32)> {
        let (mine, others): (Vec<_>, Vec<_>) = self.ready.drain(..).partition(|(listener, _)| listener.vm == vm);
        self.ready = others;
        mine.into_iter()
            .map(|(listener, token)| (listener.root, token))
            .collect()
    }
}
