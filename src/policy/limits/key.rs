//! The key of a request in a limit: its parts, hashed under the seed of the proxy and kept nowhere.

use super::super::rules::Subject;
use super::Limit;
use crate::memory::key::{Key, Keys};
use core::cell::Cell;
use core::hash::{Hash, Hasher};

/// What a request has of the parts of a limit's key. It hashes to what they are.
pub(super) struct KeyOf<'a, S> {
    limit: &'a Limit,
    request: &'a S,
    state: Cell<State>,
}

/// Whether the request is to be counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has all parts, or the limit passes over what it has not.
    Whole,
    /// It is not.
    Incomplete,
}

impl<'a, S: Subject> KeyOf<'a, S> {
    pub(super) const fn new(limit: &'a Limit, request: &'a S) -> Self {
        Self {
            limit,
            request,
            state: Cell::new(State::Whole),
        }
    }

    /// The key; none where the request is not to be counted.
    pub(super) fn under(&self, keys: &Keys) -> Option<Key> {
        let key = keys.key("limit", self);
        (self.state.get() == State::Whole).then_some(key)
    }
}

impl<S: Subject> Hash for KeyOf<'_, S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.limit.definition.hash(state);
        let missing = self.limit.rule.missing;
        let mut parts = self.limit.key.iter();
        if !parts.all(|part| part.hash_of(self.request, missing, state)) {
            self.state.set(State::Incomplete);
        }
    }
}
