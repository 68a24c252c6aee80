//! What all workers of a proxy share: values under keys, changed by compare-and-swap. Nothing there ever expires or shrinks, so
//! every key that is written is one of a fixed set.

use core::time::Duration;

/// Data that all workers of the proxy share.
///
/// Every call crosses into the proxy and costs about a microsecond.
pub trait Store {
    /// The value under `key`, with its version; none when nothing has been written there.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy cannot say.
    fn shared(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable>;

    /// Writes `value` under `key`, unless what is there has another version than `seen`. None stands for a key that nothing has
    /// been written to.
    ///
    /// # Errors
    /// [`Unavailable`] when the proxy does not take it.
    fn swap_shared(&self, key: &str, value: &[u8], seen: Option<Version>) -> Result<Swap, Unavailable>;
}

/// Which writing of a value it was that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// It is written.
    Done,
    /// Another worker wrote meanwhile.
    Lost,
}

/// The proxy does not give its shared data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// A moment, by the proxy's clock since 1970, which may be set back. All that is remembered takes its time from here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Duration);

impl Moment {
    /// Whole milliseconds since 1970.
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }

    /// Whole seconds since 1970.
    pub const fn seconds(self) -> u64 {
        self.0.as_secs()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    pub(crate) use crate::memory::shelf::Shelf;
}
