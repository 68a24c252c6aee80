//! One direction of a TCP connection, put in order by its sequence numbers (RFC 9293, 3.4), which wrap around.
//!
//! Where the stream begins is known from the handshake. When the capture began later, it begins at the first segment that looks
//! like the opening of a protocol; a few segments before it are kept in case they arrived out of order.

use super::opening::could_begin;
use super::pieces::Pieces;

/// Segments kept while the beginning is not known.
const MAX_EARLY: usize = 8;
/// Their bytes.
const MAX_EARLY_BYTES: usize = 32 * 1024;

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Stream {
    start: Start,
    pieces: Pieces,
}

#[derive(Debug)]
enum Start {
    /// Not known; what came so far.
    Unknown(Vec<(u32, Vec<u8>)>),
    /// The sequence number of the first byte.
    At(u32),
    /// Nothing that came begins a protocol.
    None,
}

impl Default for Start {
    fn default() -> Self {
        Self::Unknown(Vec::new())
    }
}

impl Stream {
    /// The handshake says that the first byte has this sequence number.
    pub(super) fn begin(&mut self, sequence: u32) {
        if let Start::At(_) = self.start {
            return;
        }
        if let Start::Unknown(early) = std::mem::replace(&mut self.start, Start::At(sequence)) {
            for (sequence, bytes) in early {
                self.put(sequence, &bytes);
            }
        }
    }

    /// Adds a segment's payload.
    pub(super) fn put(&mut self, sequence: u32, bytes: &[u8]) {
        match &mut self.start {
            Start::At(first) => {
                let first = *first;
                if let Some((at, bytes)) = self.place(first, sequence, bytes) {
                    self.pieces.put(at, bytes);
                }
            }
            Start::Unknown(early) if !bytes.is_empty() => {
                let held: usize = early.iter().map(|(_, bytes)| bytes.len()).sum();
                if early.len() >= MAX_EARLY || held + bytes.len() > MAX_EARLY_BYTES {
                    self.start = Start::None;
                    return;
                }
                early.push((sequence, bytes.to_vec()));
                if could_begin(bytes) {
                    self.begin(sequence);
                }
            }
            Start::Unknown(_) | Start::None => {}
        }
    }

    /// The next bytes in order, when they are there.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        self.pieces.take()
    }

    /// Whether all before `sequence` has been taken.
    pub(super) fn is_at(&self, sequence: u32) -> bool {
        matches!(self.start, Start::At(first) if self.position(first) == sequence)
    }

    /// Whether it has no beginning and will have none.
    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.start, Start::None)
    }

    /// How much memory it holds, about.
    pub(super) fn held(&self) -> usize {
        match &self.start {
            Start::Unknown(early) => early.iter().map(|(_, bytes)| bytes.len()).sum(),
            Start::At(_) | Start::None => self.pieces.held(),
        }
    }

    /// The sequence number of the next byte to be taken.
    fn position(&self, first: u32) -> u32 {
        // Sequence numbers count bytes modulo 2^32.
        let [.., a, b, c, d] = self.pieces.taken().to_be_bytes();
        first.wrapping_add(u32::from_be_bytes([a, b, c, d]))
    }

    /// Where a segment stands in the stream: as near to the next byte as its sequence number allows. None when it is wholly old.
    fn place<'a>(&self, first: u32, sequence: u32, bytes: &'a [u8]) -> Option<(u64, &'a [u8])> {
        let distance = sequence.wrapping_sub(self.position(first)).cast_signed();
        let taken = self.pieces.taken();
        match u64::try_from(distance) {
            Ok(ahead) => Some((taken.saturating_add(ahead), bytes)),
            Err(_) => {
                let old = usize::try_from(distance.unsigned_abs()).ok()?;
                Some((taken, bytes.get(old..)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(stream: &mut Stream) -> Vec<u8> {
        std::iter::from_fn(|| stream.take()).flatten().collect()
    }

    #[test]
    fn sequence_numbers_wrap_around() {
        let mut stream = Stream::default();
        stream.begin(u32::MAX - 1);
        stream.put(2, b"efg");
        stream.put(u32::MAX - 1, b"abcd");
        assert_eq!(drain(&mut stream), b"abcdefg");
        assert!(stream.is_at(5));
        stream.put(u32::MAX, b"bcdefgh");
        assert_eq!(drain(&mut stream), b"h");
    }

    #[test]
    fn a_retransmission_adds_nothing() {
        let mut stream = Stream::default();
        stream.begin(100);
        stream.put(100, b"abc");
        assert_eq!(drain(&mut stream), b"abc");
        stream.put(100, b"XYZ");
        stream.put(101, b"YZ");
        stream.put(99, b"W");
        assert_eq!(drain(&mut stream), b"");
    }

    #[test]
    fn without_a_handshake_the_stream_begins_where_a_protocol_does() {
        let mut stream = Stream::default();
        stream.put(514, b"\x00\x01\x02");
        stream.put(500, b"GET / HTTP/1.1");
        assert_eq!(drain(&mut stream), b"GET / HTTP/1.1\x00\x01\x02");
        let mut stream = Stream::default();
        for n in 0..9 {
            stream.put(n, &[0x17, 3, 3]);
        }
        assert!(stream.is_lost() && stream.held() == 0);
    }

    #[test]
    fn data_before_its_own_handshake_is_kept() {
        let mut stream = Stream::default();
        stream.put(11, b"\x00\x00");
        stream.begin(10);
        stream.put(10, b"\x00");
        assert_eq!(drain(&mut stream), [0, 0, 0]);
    }
}
