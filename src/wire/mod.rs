//! Bytes → messages. Every parser here is exact: it keeps wire order and unknown code points, and never gives a value for input
//! that it did not read to its end. Those of streams are incremental and answer [`Progress`]; a SYN comes whole. What a value
//! means is decided further on.

mod hex;
pub mod http1;
pub mod http2;
pub mod http2_block;
pub mod opening;
mod reader;
pub mod syn;
pub mod tls;

pub use reader::{Reader, Short};

/// How far a parser has come with the bytes so far. The four cases are different facts, so they are different variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T, E> {
    /// The message is whole.
    Done(T),
    /// All bytes so far fit; more are needed.
    NeedMore,
    /// The bytes belong to another protocol.
    NotThis,
    /// The bytes began as this protocol and then broke it.
    Malformed(E),
}

impl<T, E> Progress<T, E> {
    /// The same progress with its value and its error wrapped.
    pub fn map<U, F>(self, value: impl FnOnce(T) -> U, error: impl FnOnce(E) -> F) -> Progress<U, F> {
        match self {
            Self::Done(done) => Progress::Done(value(done)),
            Self::NeedMore => Progress::NeedMore,
            Self::NotThis => Progress::NotThis,
            Self::Malformed(why) => Progress::Malformed(error(why)),
        }
    }
}

/// Whether a 16-bit code point is one of the sixteen GREASE values (RFC 8701: both bytes equal, low nibbles `a`).
///
/// GREASE is kept when parsing and left out when fingerprinting: which value is sent is random, that one is sent is not.
pub const fn is_grease(code: u16) -> bool {
    let [high, low] = code.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

#[cfg(test)]
mod tests {
    use super::is_grease;

    #[test]
    fn there_are_sixteen_grease_values() {
        assert_eq!((0..=u16::MAX).filter(|code| is_grease(*code)).count(), 16);
        assert!(is_grease(0x0a0a) && is_grease(0xfafa) && !is_grease(0x0a1a) && !is_grease(0x1301));
    }
}
