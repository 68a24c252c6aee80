//! What evidence is like: the rows of one kind that it fits, as bits. Small enough to keep one for each layer of a connection.

use super::Catalogue;

/// The most rows of a kind: a bit for each.
pub(super) const MAX_ROWS: usize = 64;

/// Which kind of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Layer {
    #[default]
    Tls,
    Http2,
    Order,
}

/// The implementations that evidence fits: none, one or several. Of use only with the catalogue that made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Likeness {
    pub(super) layer: Layer,
    pub(super) rows: u64,
}

impl Likeness {
    /// Like nothing that is known, or nothing to go by.
    pub const UNKNOWN: Self = Self {
        layer: Layer::Tls,
        rows: 0,
    };

    /// Those of a kind's rows that `fits` takes.
    pub(super) fn of<T>(layer: Layer, rows: &[T], fits: impl Fn(&T) -> bool) -> Self {
        let bits = rows.iter().zip(0_u32..).filter(|(row, _)| fits(row));
        Self {
            layer,
            rows: bits.fold(0, |bits, (_, n)| bits | 1_u64.checked_shl(n).unwrap_or(0)),
        }
    }

    /// Whether it is like nothing that is known.
    pub const fn is_unknown(self) -> bool {
        self.rows == 0
    }

    /// The stable names of the implementations, in the catalogue's order.
    pub fn names(self, catalogue: &Catalogue) -> impl Iterator<Item = &str> {
        let name = move |n: u32| catalogue.row_name(self.layer, n);
        (0..64_u32).filter(move |n| self.rows >> n & 1 == 1).filter_map(name)
    }
}
