//! Requests that are held back: one queue for each plugin of a worker, in the order of their deadlines. The tick that lets them
//! go runs only while one waits.

use crate::host::{Host, RequestId};
use crate::policy::config::Limits;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

/// How often is looked for requests whose time has come: their delay is longer by up to this. A tick costs some microseconds.
pub const TICK: Duration = Duration::from_millis(20);

/// The requests of one plugin that wait.
#[derive(Clone, Debug, Default)]
pub struct Held(Rc<RefCell<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeSet<Entry>,
    ticking: Ticking,
    /// The proxy's clock when it was last read.
    last: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    until: Duration,
    request: RequestId,
}

/// Whether the proxy gives ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ticking {
    #[default]
    Off,
    On,
}

/// A request's place in the queue. Dropping it is leaving: a request that ends while it waits is never asked to go on.
#[derive(Debug)]
pub struct Place {
    held: Held,
    entry: Entry,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.held.0.borrow_mut().waiting.remove(&self.entry);
    }
}

impl Held {
    /// Takes `request` in. None when as many wait as may, or when the proxy has no clock or no ticks: it then goes on at once.
    pub fn hold(&self, host: &impl Host, request: RequestId, limits: &Limits) -> Option<Place> {
        if self.len() >= limits.slow_held {
            return None;
        }
        let now = host.now().ok()?;
        let mut queue = self.0.borrow_mut();
        if queue.ticking == Ticking::Off {
            host.tick_every(Some(TICK)).ok()?;
            queue.ticking = Ticking::On;
            queue.last = now;
        }
        let until = now.saturating_add(limits.slow_delay);
        let entry = Entry { until, request };
        queue.waiting.insert(entry);
        Some(Place {
            held: self.clone(),
            entry,
        })
    }

    /// Lets all go on whose time has come, and stops the ticks when none is left.
    pub fn on_tick(&self, host: &impl Host) {
        let due = self.0.borrow_mut().take_due(host.now().ok());
        if self.is_empty() && host.tick_every(None).is_ok() {
            self.0.borrow_mut().ticking = Ticking::Off;
        }
        for entry in due {
            // It left the queue when it ended. Should one be gone all the same, there is nothing to do for it.
            let _ = host.resume(entry.request);
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.0.borrow().waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Queue {
    /// Those whose time has come: all, when the clock was set back or fails, for they would wait for longer than was said.
    fn take_due(&mut self, now: Option<Duration>) -> BTreeSet<Entry> {
        let Some(now) = now.filter(|now| *now >= self.last) else {
            self.last = now.unwrap_or(self.last);
            return core::mem::take(&mut self.waiting);
        };
        self.last = now;
        let after = Entry {
            until: now.saturating_add(Duration::from_nanos(1)),
            request: RequestId(0),
        };
        let later = self.waiting.split_off(&after);
        core::mem::replace(&mut self.waiting, later)
    }
}
