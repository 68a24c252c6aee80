//! TCP stacks: which family of operating system, middlebox or scanner wrote a SYN, how sure that is, and whether a platform that a
//! client claims runs on it.
//!
//! The table is our own (`stacks.json`), each row with its provenance; p0f's database is not used. It is read once, when the filter
//! is configured; [`Stacks::extended_by`] lets a later table replace rows or add some.
//!
//! A SYN is held against each shape of each row. What it differs in ([`Deviation`]) takes from the confidence, so that a family is
//! known behind a path that clamps the MSS, over many routers, and with options off. Ports, addresses, the sequence number, the
//! identification and the value of timestamps play no part. Where two families fit about as well, none is named: what is not known
//! counts for nothing. A scanner or a middlebox that writes its SYNs byte by byte is known by that form alone, so that an ordinary
//! stack with everything turned off is never taken for one.
//!
//! Android, ChromeOS, Tizen and webOS are Linux, and macOS, iOS and iPadOS are one kernel: a SYN does not tell them apart.

mod deviation;
mod shape;
mod table;

use serde::Deserialize;

pub use super::provenance::{Error, Level, Provenance};
use crate::evidence::claims::Platform;
use crate::wire::syn::Syn;
pub use deviation::{Confidence, Deviation, Deviations};
use shape::Shape;
pub use shape::{MAX_HOPS, MAX_LAYOUTS};
use table::Table;

/// Two families this close, in hundredths, are not told apart.
const TIE: u8 = 5;

/// A family that leads by less than this loses as much confidence as it is short of it.
const CLEAR_LEAD: u8 = 15;

/// What kind of thing writes such SYNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An operating system, for all its programs.
    Os,
    /// Something between client and server that opens connections of its own.
    Middlebox,
    /// A program that writes packets itself, to find open ports.
    Scanner,
}

impl Kind {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Os => "os",
            Self::Middlebox => "middlebox",
            Self::Scanner => "scanner",
        }
    }
}

/// A family, and what it sends.
#[derive(Clone, Debug)]
pub struct Stack {
    name: String,
    kind: Kind,
    runs: Vec<Platform>,
    perhaps: Vec<Platform>,
    shapes: Vec<Shape>,
    notes: String,
    provenance: Vec<Provenance>,
}

/// Whether a platform runs on a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Fits,
    /// It does not: platform or SYN is not the client's own.
    Contradicts,
    /// Nothing follows: no platform is named, or the SYN is a middlebox's.
    SaysNothing,
}

impl Stack {
    /// Its stable name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What else there is to know of the row.
    pub fn notes(&self) -> &str {
        &self.notes
    }

    /// Where the row comes from.
    pub fn provenance(&self) -> &[Provenance] {
        &self.provenance
    }

    /// Whether `platform` runs on it.
    ///
    /// A contradiction is no proof of a lie: virtual machines whose network the host speaks for (Docker Desktop, WSL 1), VPNs and
    /// proxies that open the connection anew show the stack of another machine.
    pub fn could_run(&self, platform: Platform) -> Fit {
        let is_open = self.kind == Kind::Middlebox
            || matches!(platform, Platform::Other | Platform::Unstated)
            || self.perhaps.contains(&platform);
        match self.runs.contains(&platform) {
            true => Fit::Fits,
            false if is_open => Fit::SaysNothing,
            false => Fit::Contradicts,
        }
    }

    /// The form that `syn` comes closest to.
    fn closest(&self, syn: &Syn) -> Option<Match<'_>> {
        let matches = self.shapes.iter().filter_map(|shape| {
            let deviations = shape.deviations(syn)?;
            Some(Match {
                stack: self,
                confidence: deviations.confidence(),
                deviations,
                distance: shape.distance(syn),
            })
        });
        matches.max_by_key(|found| found.confidence)
    }
}

/// A family that fits a SYN.
#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    /// The family.
    pub stack: &'a Stack,
    /// How sure it is.
    pub confidence: Confidence,
    /// In what the SYN differs from what the family sends by default.
    pub deviations: Deviations,
    /// How many routers the SYN passed; none where its TTL is not the family's.
    pub distance: Option<u8>,
}

/// Who wrote a SYN.
#[derive(Clone, Copy, Debug)]
pub enum Identity<'a> {
    /// This family.
    Known(Match<'a>),
    /// One of these, or one like them: the better fit first, each with the confidence that it would have alone.
    Ambiguous(Match<'a>, Match<'a>),
    /// None that is in the table, or nothing that is enough to tell.
    Unknown,
}

impl<'a> Identity<'a> {
    /// The family, if it is known.
    pub const fn known(self) -> Option<Match<'a>> {
        match self {
            Self::Known(found) => Some(found),
            Self::Ambiguous(..) | Self::Unknown => None,
        }
    }

    /// The family's name, or `unknown`.
    pub fn name(self) -> &'a str {
        self.known().map_or("unknown", |found| &found.stack.name)
    }

    /// Whether `platform` runs on what wrote the SYN. Of an ambiguous one, only what holds for both is said.
    pub fn could_run(self, platform: Platform) -> Fit {
        match self {
            Self::Known(found) => found.stack.could_run(platform),
            Self::Ambiguous(first, second) => {
                let (first, second) = (first.stack.could_run(platform), second.stack.could_run(platform));
                if first == second { first } else { Fit::SaysNothing }
            }
            Self::Unknown => Fit::SaysNothing,
        }
    }
}

/// What is kept of an identity: the family by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// This family.
    Known {
        /// Its name.
        name: Box<str>,
        /// What kind of thing it is.
        kind: Kind,
        /// How sure it is.
        confidence: Confidence,
        /// In what the SYN differs from what the family sends by default.
        deviations: Deviations,
    },
    /// One of two families.
    Ambiguous,
    /// None that is in the table.
    Unknown,
}

impl From<Identity<'_>> for Named {
    fn from(identity: Identity<'_>) -> Self {
        match identity {
            Identity::Known(found) => Self::Known {
                name: found.stack.name.as_str().into(),
                kind: found.stack.kind,
                confidence: found.confidence,
                deviations: found.deviations,
            },
            Identity::Ambiguous(..) => Self::Ambiguous,
            Identity::Unknown => Self::Unknown,
        }
    }
}

impl Named {
    /// The family's name, `ambiguous` or `unknown`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known { name, .. } => name,
            Self::Ambiguous => "ambiguous",
            Self::Unknown => "unknown",
        }
    }
}

/// The table, compiled.
#[derive(Clone, Debug, Default)]
pub struct Stacks {
    date: String,
    stacks: Vec<Stack>,
}

impl Stacks {
    /// The table that comes with the filter.
    ///
    /// # Errors
    /// None, or the tests do not pass.
    pub fn built_in() -> Result<Self, Error> {
        Self::parse(include_str!("stacks.json"))
    }

    /// The table in `json`.
    ///
    /// # Errors
    /// The first thing in it that is wrong.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let Table { date, stacks } = table::parse(json)?;
        Ok(Self { date, stacks })
    }

    /// This table, with the rows of `other` in place of those of the same name, and its further ones behind.
    #[must_use]
    pub fn extended_by(mut self, other: Self) -> Self {
        for stack in other.stacks {
            match self.stacks.iter_mut().find(|own| own.name == stack.name) {
                Some(own) => *own = stack,
                None => self.stacks.push(stack),
            }
        }
        self.date = other.date.max(self.date);
        self
    }

    /// When it was last changed, `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// The rows.
    pub fn rows(&self) -> &[Stack] {
        &self.stacks
    }

    /// Who wrote `syn`. Allocates nothing.
    pub fn identify(&self, syn: &Syn) -> Identity<'_> {
        let mut best: Option<Match<'_>> = None;
        let mut second: Option<Match<'_>> = None;
        for found in self.stacks.iter().filter_map(|stack| stack.closest(syn)) {
            if best.is_none_or(|best| found.confidence > best.confidence) {
                second = best.replace(found);
            } else if second.is_none_or(|second| found.confidence > second.confidence) {
                second = Some(found);
            }
        }
        let Some(best) = best.filter(|best| best.confidence >= Confidence::LEAST) else {
            return Identity::Unknown;
        };
        let Some(second) = second else {
            return Identity::Known(best);
        };
        let lead = best.confidence.above(second.confidence);
        if lead < TIE {
            return Identity::Ambiguous(best, second);
        }
        let confidence = best.confidence.less(CLEAR_LEAD.saturating_sub(lead));
        if confidence < Confidence::LEAST {
            return Identity::Ambiguous(best, second);
        }
        Identity::Known(Match { confidence, ..best })
    }
}
