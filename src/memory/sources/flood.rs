//! What is a flood: many connections, and nearly all of them came to nothing.
//!
//! Browsers connect ahead of need and use most of it, and behind one address of many people nearly all connections bring requests:
//! the ratio keeps both out. An operating system has too many innocent users for all its connections to count together: it is
//! looked at within one prefix, so that who scans from behind a shared address is found and who browses from there is not. A
//! scanner that writes its own SYNs has none, and is found wherever it comes from.

use super::{Counts, Pressure};
use crate::clients::stacks::{Kind, Named};
use crate::compare::{Code, Finding};

/// A flood has left so many connections without a request.
pub const MIN_CONNECTIONS: u32 = 50;

/// And so many of a hundred of its connections.
pub const MIN_PERCENT: u32 = 90;

impl Counts {
    fn are_a_flood(self) -> bool {
        let without = u64::from(self.without_request).saturating_mul(100);
        let most = u64::from(self.connections).saturating_mul(MIN_PERCENT.into());
        self.without_request >= MIN_CONNECTIONS && without >= most
    }
}

impl Pressure {
    /// What the connections of a prefix, those of `stack` among them and those of `stack` from anywhere show together.
    pub(super) fn of(stack: Option<&Named>, source: Counts, both: Option<Counts>, family: Option<Counts>) -> Self {
        let name = stack.map_or("", Named::as_str);
        let told = |counts: Counts, of: &str| {
            let Counts {
                connections,
                without_request,
                ..
            } = counts;
            let why = format!("{without_request} of {connections} connections {of} of late brought no request");
            Finding::new(Code::ConnectionFlood, why)
        };
        let found = |counts: Option<Counts>| counts.filter(|counts| counts.are_a_flood());
        let is_scanner = matches!(
            stack,
            Some(Named::Known {
                kind: Kind::Scanner,
                ..
            })
        );
        let flood = found(Some(source))
            .map(|counts| told(counts, "from the same network"))
            .or_else(|| {
                let of = format!("from the same network whose SYN is {name}'s");
                found(both).map(|counts| told(counts, &of))
            })
            .or_else(|| {
                let of = format!("whose SYN is {name}'s");
                found(family.filter(|_| is_scanner)).map(|counts| told(counts, &of))
            });
        Self {
            source,
            family,
            flood: flood.map(Box::new),
        }
    }
}
