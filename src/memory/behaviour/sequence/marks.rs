//! What this worker knows of the clients and sessions that it met last, so that pages and their parts seldom cost a call to the proxy.
//!
//! A client's first page is written at once, what follows at most every [`PAUSE`] or every [`BATCH`] requests, and with every request for
//! something dear: other workers see up to 31 pages, parts and answers of a client late, and up to a minute. What a worker forgets of a
//! client that it met before 4,096 others was not written, and is not counted: as much.

use super::client::{Pending, Second};
use super::site::{Of, Say};
use crate::memory::behaviour::CacheOutcome;
use crate::memory::key::Key;
use core::num::NonZeroUsize;
use core::time::Duration;
use lru::LruCache;

/// The clients that a worker marks, and as many sessions: about 130 and 60 bytes each.
const MARKED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4_095);

/// How long what is pending may wait.
const PAUSE: Duration = Duration::from_secs(60);

/// How much may be pending.
const BATCH: u16 = 32;

/// Whether something is to be written now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// It is.
    Now,
    /// It may wait.
    Later,
}

/// Answers of a client, of which a cache had too few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busting {
    /// All that told.
    pub(super) answers: u16,
    /// Those that it had not.
    pub(super) misses: u16,
}

/// What is known of one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// What is not written yet.
    pub(super) pending: Pending,
    /// What was found when it was written last.
    pub(super) busting: Option<Busting>,
    /// What it may still add to what everybody asks for.
    pub(super) say: Say,
    written: Option<Second>,
}

/// A page, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// A page.
    Page,
    /// A part.
    Part,
}

impl Mark {
    /// Counts a page or a part of one.
    pub(super) fn show(&mut self, shown: Shown, now: Second) -> Due {
        let pending = &mut self.pending;
        pending.shown = Some(now);
        let count = match shown {
            Shown::Page => &mut pending.pages,
            Shown::Part => &mut pending.parts,
        };
        *count = count.saturating_add(1);
        let is_full = pending.pages.saturating_add(pending.parts) >= BATCH;
        let waits = self.written.is_some_and(|written| !is_apart(written, now));
        if waits && !is_full { Due::Later } else { Due::Now }
    }

    /// Counts what an answer told, where the client may be blamed for it.
    pub(super) const fn answer(&mut self, outcome: CacheOutcome) {
        let pending = &mut self.pending;
        pending.answers = pending.answers.saturating_add(1);
        if matches!(outcome, CacheOutcome::Miss) {
            pending.misses = pending.misses.saturating_add(1);
        }
    }

    /// All that was pending is written.
    pub(super) fn written(&mut self, now: Second, busting: Option<Busting>) {
        self.pending = Pending::default();
        self.written = Some(now);
        self.busting = busting;
    }

    /// Whether one more request, or answer, counts for what everybody asks for.
    pub(super) fn counts(&mut self, of: Of, now: Second) -> bool {
        self.say.take(of, now)
    }
}

/// The clients and sessions met last.
#[derive(Debug)]
pub(super) struct Marks {
    clients: LruCache<Key, Mark>,
    sessions: LruCache<Key, Option<Second>>,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            clients: LruCache::new(MARKED),
            sessions: LruCache::new(MARKED),
        }
    }
}

impl Marks {
    /// The mark of `client`.
    pub(super) fn client(&mut self, client: Key) -> &mut Mark {
        self.clients.get_or_insert_mut(client, Mark::default)
    }

    /// Meets `session`; whether it was met before.
    pub(super) fn meet(&mut self, session: Key) -> bool {
        let known = self.sessions.get(&session).is_some();
        if !known {
            self.sessions.put(session, None);
        }
        known
    }

    /// Whether it is to be written that `session` was shown a page at `shown`.
    pub(super) fn is_due(&mut self, session: Key, shown: Second) -> Due {
        match self.sessions.get(&session) {
            Some(Some(written)) if !is_apart(*written, shown) => Due::Later,
            _ => Due::Now,
        }
    }

    /// It is written.
    pub(super) fn written(&mut self, session: Key, shown: Second) {
        self.sessions.put(session, Some(shown));
    }
}

/// Whether they are so far apart that it matters to others; the clock may have been set back.
fn is_apart(one: Second, other: Second) -> bool {
    one.ago(other).max(other.ago(one)) >= PAUSE
}
