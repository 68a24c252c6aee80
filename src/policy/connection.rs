//! What becomes of a connection before it brings a request: the only answer there is to close it.

use super::Mode;
use std::rc::Rc;

/// The answer to a connection, mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectionVerdict {
    /// Nothing against it.
    #[default]
    Allow,
    /// It goes on; something is worth a look.
    Log,
    /// It is closed before any HTTP.
    Close,
}

impl ConnectionVerdict {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Log, Self::Close];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Log => "log",
            Self::Close => "close",
        }
    }
}

/// The verdict on one connection, and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionDecision {
    /// The answer.
    pub verdict: ConnectionVerdict,
    /// Whether it is carried out.
    pub mode: Mode,
    /// The rule that decided, by its name; none when the ladder did.
    pub rule: Option<Rc<str>>,
}
