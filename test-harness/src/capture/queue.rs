//! Lines come out in the order in which their connections began, whichever is finished first.

use super::client::Client;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;

/// Numbers connections as they begin, and keeps the finished ones until all before them are.
#[derive(Debug)]
pub(super) struct Queue<K> {
    next: u64,
    open: BTreeMap<u64, K>,
    done: BTreeMap<u64, Client>,
    /// Those whose turn it is.
    ready: VecDeque<Client>,
    held: usize,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self {
            next: 0,
            open: BTreeMap::new(),
            done: BTreeMap::new(),
            ready: VecDeque::new(),
            held: 0,
        }
    }
}

impl<K: Copy> Queue<K> {
    /// A connection begins; its number.
    pub(super) fn begin(&mut self, key: K) -> u64 {
        let number = self.next;
        self.next += 1;
        self.open.insert(number, key);
        number
    }

    /// Connection `number` is finished, with something to show or without.
    pub(super) fn end(&mut self, number: u64, client: Option<Client>) {
        self.open.remove(&number);
        if let Some(client) = client {
            self.held += client.held();
            self.done.insert(number, client);
        }
        let earliest_open = self.open.keys().next().copied();
        while let Some(entry) = self.done.first_entry()
            && earliest_open.is_none_or(|open| *entry.key() < open)
        {
            let client = entry.remove();
            self.held -= client.held();
            self.ready.push_back(client);
        }
    }

    /// The next line whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Client> {
        self.ready.pop_front()
    }

    /// The open connection that began first.
    pub(super) fn oldest(&self) -> Option<K> {
        self.open.values().next().copied()
    }

    /// Connections that are open, or finished and waiting for an open one.
    pub(super) fn len(&self) -> usize {
        self.open.len() + self.done.len()
    }

    /// How much memory the waiting ones hold, about.
    pub(super) const fn held(&self) -> usize {
        self.held
    }
}

/// What is remembered of finished connections, so that their later packets are not taken for new ones. The oldest give way.
#[derive(Debug)]
pub(super) struct Finished<K, V> {
    known: HashMap<K, V>,
    order: VecDeque<K>,
    limit: usize,
}

impl<K: Copy + Eq + Hash, V> Finished<K, V> {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self {
            known: HashMap::new(),
            order: VecDeque::new(),
            limit,
        }
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        self.known.insert(key, value);
        self.order.push_back(key);
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn find(&self, key: &K) -> Option<&V> {
        self.known.get(key)
    }

    pub(super) fn forget(&mut self, key: &K) {
        self.known.remove(key);
    }
}
