//! A stream's bytes, which may arrive twice, out of order and overlapping, put back in order.
//!
//! Where two pieces overlap, the one that arrived first wins. Receivers differ there; clients that mean no harm send the same
//! bytes twice.

use std::collections::BTreeMap;

/// How far ahead of the next missing byte a piece may lie: what is kept per stream at most.
pub(super) const MAX_AHEAD: usize = 64 * 1024;
/// Pieces kept per stream. 64 KiB in segments of the smallest usual size are 122.
const MAX_PIECES: usize = 256;
/// What a piece costs beside its bytes, about.
const PIECE_COST: usize = 64;

/// The pieces that wait for what is missing before them.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    taken: u64,
    waiting: BTreeMap<u64, Vec<u8>>,
    bytes: usize,
}

impl Pieces {
    /// Adds `bytes`, which stand at `at` in the stream. What is known already, and what lies too far ahead, is dropped.
    pub(super) fn put(&mut self, at: u64, bytes: &[u8]) {
        let mut rest = Span { at, bytes };
        rest.advance_to(self.taken);
        rest.end_at(self.taken.saturating_add(u64_of(MAX_AHEAD)));
        // What comes next always finds room: it makes room for the others.
        while !rest.bytes.is_empty() && (self.waiting.len() < MAX_PIECES || rest.at == self.taken) {
            let before = self.waiting.range(..=rest.at).next_back();
            if let Some((start, piece)) = before {
                rest.advance_to(start.saturating_add(u64_of(piece.len())));
            }
            let next = self.waiting.range(rest.at..).next().map(|(start, _)| *start);
            let mut gap = rest;
            if let Some(next) = next {
                gap.end_at(next);
            }
            if !gap.bytes.is_empty() {
                self.bytes += gap.bytes.len();
                self.waiting.insert(gap.at, gap.bytes.to_vec());
            }
            rest.advance_to(gap.at.saturating_add(u64_of(gap.bytes.len())));
        }
    }

    /// The next bytes in order, when they are there.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let bytes = self.waiting.remove(&self.taken)?;
        self.bytes -= bytes.len();
        self.taken = self.taken.saturating_add(u64_of(bytes.len()));
        Some(bytes)
    }

    /// How many bytes have been taken.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    /// How much memory they hold, about.
    pub(super) fn held(&self) -> usize {
        self.bytes + self.waiting.len() * PIECE_COST
    }
}

#[derive(Clone, Copy)]
struct Span<'a> {
    at: u64,
    bytes: &'a [u8],
}

impl Span<'_> {
    /// Drops what stands before `place`.
    fn advance_to(&mut self, place: u64) {
        let before = usize::try_from(place.saturating_sub(self.at)).unwrap_or(usize::MAX);
        self.bytes = self.bytes.get(before..).unwrap_or_default();
        self.at = self.at.max(place);
    }

    /// Drops what stands at `place` or behind.
    fn end_at(&mut self, place: u64) {
        let room = usize::try_from(place.saturating_sub(self.at)).unwrap_or(usize::MAX);
        self.bytes = self.bytes.get(..room).unwrap_or(self.bytes);
    }
}

fn u64_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(pieces: &mut Pieces) -> Vec<u8> {
        std::iter::from_fn(|| pieces.take()).flatten().collect()
    }

    #[test]
    fn pieces_come_out_in_order_however_they_came() {
        let mut pieces = Pieces::default();
        pieces.put(3, b"def");
        assert_eq!(drain(&mut pieces), b"");
        pieces.put(6, b"g");
        pieces.put(0, b"abc");
        assert_eq!(drain(&mut pieces), b"abcdefg");
        assert_eq!((pieces.taken(), pieces.held()), (7, 0));
    }

    #[test]
    fn the_first_of_two_that_overlap_wins() {
        let mut pieces = Pieces::default();
        pieces.put(2, b"CD");
        pieces.put(5, b"F");
        pieces.put(0, b"abcdefg");
        assert_eq!(drain(&mut pieces), b"abCDeFg");
        pieces.put(0, b"1234567h");
        assert_eq!(drain(&mut pieces), b"h");
    }

    #[test]
    fn what_lies_too_far_ahead_is_dropped() {
        let mut pieces = Pieces::default();
        pieces.put(1, &vec![1; 2 * MAX_AHEAD]);
        assert_eq!(pieces.bytes, MAX_AHEAD - 1);
        for at in 0..10_000 {
            pieces.put(u64_of(MAX_AHEAD) + 2 * at, &[2]);
        }
        pieces.put(u64::MAX, &[1, 2, 3]);
        assert_eq!(pieces.waiting.len(), 1);
        pieces.put(0, &[0]);
        assert_eq!(drain(&mut pieces).len(), MAX_AHEAD);
    }

    #[test]
    fn single_bytes_with_gaps_meet_a_bound_of_their_own() {
        let mut pieces = Pieces::default();
        for at in 0..10_000 {
            pieces.put(2 * at + 1, &[2]);
        }
        assert_eq!(pieces.waiting.len(), MAX_PIECES);
        pieces.put(0, &[1]);
        assert_eq!(drain(&mut pieces), [1, 2]);
    }

    /// Every order of five segments that overlap by one byte each gives the same stream.
    #[test]
    fn any_order_of_the_same_segments_gives_the_same_stream() {
        let stream = b"0123456789ab";
        let segments = [(0, 3), (2, 6), (5, 9), (8, 11), (10, 12)];
        for shuffle in 0..3_125_usize {
            let order = (0..5).scan(shuffle, |left, _| {
                let pick = *left % 5;
                *left /= 5;
                Some(pick)
            });
            let mut pieces = Pieces::default();
            let mut out = Vec::new();
            for pick in order.chain(0..5) {
                let (start, end) = segments[pick];
                pieces.put(u64_of(start), &stream[start..end]);
                out.extend(drain(&mut pieces));
            }
            assert_eq!(out, stream);
        }
    }
}
