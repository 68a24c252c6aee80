//! In what a SYN differs from what its family sends, and what that takes from the confidence.
//!
//! The costs are a judgement, not a measurement: what users and paths change often costs little, what a stack never does much.
//! They are held by the tests that apply each path effect to recorded SYNs.

use core::fmt::{self, Write as _};

/// Something in which a SYN differs from what its family sends by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// The packet cannot have left with the family's TTL: a setting, or a gateway that sets its own.
    InitialTtl,
    /// It left with the family's TTL if it passed more than [`super::MAX_HOPS`] routers.
    ManyHops,
    /// The MSS was lowered on the way: the window is made of another.
    MssClamped,
    /// The window is made by no rule of the family: a buffer size of the program, or a middlebox.
    Window,
    /// The window scale is outside the family's range.
    Scale,
    /// Timestamps are missing.
    NoTimestamps,
    /// SACK-permitted is missing.
    NoSack,
    /// The window scale is missing.
    NoScaling,
    /// A missing option was overwritten with NOPs on the way.
    Stripped,
    /// The options are in the family's order, but padded otherwise.
    Padding,
    /// There is an option that the family does not send.
    UnknownOption,
    /// IPv4's flag DF is not as the family sets it: path MTU discovery is off, or a tunnel clears it.
    DontFragment,
    /// A field is set that no such SYN sets: reserved bits, urgent pointer, acknowledgment number, an option of a bad length.
    Oddity,
}

impl Deviation {
    /// All.
    pub const ALL: [Self; 13] = [
        Self::InitialTtl,
        Self::ManyHops,
        Self::MssClamped,
        Self::Window,
        Self::Scale,
        Self::NoTimestamps,
        Self::NoSack,
        Self::NoScaling,
        Self::Stripped,
        Self::Padding,
        Self::UnknownOption,
        Self::DontFragment,
        Self::Oddity,
    ];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InitialTtl => "initial-ttl",
            Self::ManyHops => "many-hops",
            Self::MssClamped => "mss-clamped",
            Self::Window => "window",
            Self::Scale => "scale",
            Self::NoTimestamps => "no-timestamps",
            Self::NoSack => "no-sack",
            Self::NoScaling => "no-scaling",
            Self::Stripped => "stripped",
            Self::Padding => "padding",
            Self::UnknownOption => "unknown-option",
            Self::DontFragment => "dont-fragment",
            Self::Oddity => "oddity",
        }
    }

    /// What it takes from the confidence, in hundredths.
    pub const fn cost(self) -> u8 {
        match self {
            Self::MssClamped | Self::Stripped => 5,
            Self::ManyHops | Self::NoTimestamps | Self::UnknownOption | Self::DontFragment => 10,
            Self::Scale | Self::NoSack | Self::NoScaling => 15,
            Self::Window => 20,
            Self::InitialTtl | Self::Padding | Self::Oddity => 30,
        }
    }

    const fn bit(self) -> u16 {
        match self {
            Self::InitialTtl => 1,
            Self::ManyHops => 1 << 1,
            Self::MssClamped => 1 << 2,
            Self::Window => 1 << 3,
            Self::Scale => 1 << 4,
            Self::NoTimestamps => 1 << 5,
            Self::NoSack => 1 << 6,
            Self::NoScaling => 1 << 7,
            Self::Padding => 1 << 8,
            Self::UnknownOption => 1 << 9,
            Self::DontFragment => 1 << 10,
            Self::Oddity => 1 << 11,
            Self::Stripped => 1 << 12,
        }
    }
}

/// A set of them. Displays as their names, joined by `,`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Deviations(u16);

impl Deviations {
    /// None.
    pub const NONE: Self = Self(0);

    /// These and `deviation`.
    #[must_use]
    pub const fn and(self, deviation: Deviation) -> Self {
        Self(self.0 | deviation.bit())
    }

    /// The members of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `deviation` is among them.
    pub const fn has(self, deviation: Deviation) -> bool {
        self.0 & deviation.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Deviation> {
        Deviation::ALL.into_iter().filter(move |deviation| self.has(*deviation))
    }

    /// The confidence that they leave.
    pub fn confidence(self) -> Confidence {
        let left = self
            .iter()
            .fold(100_u8, |left, deviation| left.saturating_sub(deviation.cost()));
        Confidence(left)
    }
}

impl fmt::Display for Deviations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, deviation) in self.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { "," })?;
            f.write_str(deviation.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Deviations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// How sure something is, 0.00 to 1.00, kept in hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Confidence(u8);

impl Confidence {
    /// Under this a family is not named: it takes more settings and accidents at once than are likely.
    pub const LEAST: Self = Self(50);

    /// This many hundredths, at most 100.
    pub const fn of(hundredths: u8) -> Self {
        if hundredths > 100 { Self(100) } else { Self(hundredths) }
    }

    /// In hundredths, at most 100.
    pub const fn hundredths(self) -> u8 {
        self.0
    }

    /// By how many hundredths it is more than `other`; 0 when it is not.
    pub(super) const fn above(self, other: Self) -> u8 {
        self.0.saturating_sub(other.0)
    }

    pub(super) const fn less(self, hundredths: u8) -> Self {
        Self(self.0.saturating_sub(hundredths))
    }
}

impl Confidence {
    /// As it is written, from 0.00 to 1.00.
    pub fn letters(self) -> [char; 4] {
        let digit = |value: u8| char::from(b'0'.saturating_add(value % 10));
        [digit(self.0 / 100), '.', digit(self.0 / 10), digit(self.0)]
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters().into_iter().try_for_each(|letter| f.write_char(letter))
    }
}
