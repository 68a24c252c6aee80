//! Finds where in a connection's first bytes the ClientHello ends, and says as early as can be known that there is none.
//! Refuses what RFC 8446 §5.1 forbids before a ClientHello is whole. It does not look into the hello: that is the
//! layerprint filter's to do, outside this process's native code.

/// The most of a connection that is read for its ClientHello, in bytes, record headers included. Browsers with two
/// post-quantum key shares and a padded ECH stay below 4 KiB.
pub(crate) const MAX_READ: usize = 64 * 1024;

/// What is read at first: enough for every hello of a known client. Envoy allocates as much for each connection that is
/// waited for, so it grows only when a client has sent that much.
const FIRST_READ: usize = 4 * 1024;

/// The largest record content before encryption, in bytes (RFC 8446 §5.1: 2^14).
const MAX_FRAGMENT: u16 = 1 << 14;
const HANDSHAKE: u8 = 22;
const VERSION_MAJOR: u8 = 3;
const CLIENT_HELLO: u8 = 1;

/// What the bytes so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The start of a ClientHello.
    NeedMore,
    /// A whole ClientHello: so many bytes, from the connection's first.
    Whole(usize),
    /// Not the start of a ClientHello, whatever comes.
    NotThis,
    /// The start of a ClientHello that does not end within [`MAX_READ`].
    TooLarge,
}

/// Reads a connection from its first byte. Each byte is looked at once, however often the buffer is shown.
#[derive(Debug)]
pub(crate) struct Scanner {
    /// Bytes looked at.
    read: usize,
    record: Record,
    message: Message,
    limit: usize,
}

/// Where in a record (RFC 8446 §5.1 `TLSPlaintext`) the next byte belongs.
#[derive(Clone, Copy, Debug)]
enum Record {
    Type,
    VersionMajor,
    /// "MUST be ignored for all purposes".
    VersionMinor,
    LengthHigh,
    LengthLow(u8),
    /// The content, of which this many bytes are missing.
    Fragment(usize),
}

/// Where in the message (RFC 8446 §4 `Handshake`) the next byte of a fragment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Type,
    Length {
        missing: u8,
        so_far: usize,
    },
    /// The body, of which this many bytes are missing.
    Body(usize),
}

impl Scanner {
    /// At the start of a connection.
    pub(crate) const fn new() -> Self {
        Self {
            read: 0,
            record: Record::Type,
            message: Message::Type,
            limit: FIRST_READ,
        }
    }

    /// How many bytes of the connection are wanted at most. After [`Answer::NeedMore`] it is more than were shown.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// Looks at all that has come: the connection from its first byte on, so the bytes of last time and those behind.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Answer {
        let mut left = bytes.get(self.read..).unwrap_or_default();
        while let Some(byte) = left.first() {
            let taken = match self.take(*byte, left.len()) {
                Ok(taken) => taken,
                Err(answer) => return answer,
            };
            self.read += taken;
            left = left.get(taken..).unwrap_or_default();
            match self.message {
                Message::Body(0) => return Answer::Whole(self.read),
                Message::Body(missing) if self.read + missing > MAX_READ => return Answer::TooLarge,
                _ => {}
            }
        }
        if bytes.len() >= MAX_READ {
            return Answer::TooLarge;
        }
        while self.limit <= bytes.len() {
            self.limit = (2 * self.limit).min(MAX_READ);
        }
        Answer::NeedMore
    }

    /// Takes one byte, or as much of the body as is `available`; how many were taken.
    fn take(&mut self, byte: u8, available: usize) -> Result<usize, Answer> {
        let mut taken = 1;
        self.record = match self.record {
            Record::Type if byte == HANDSHAKE => Record::VersionMajor,
            Record::VersionMajor if byte == VERSION_MAJOR => Record::VersionMinor,
            Record::Type | Record::VersionMajor => return Err(Answer::NotThis),
            Record::VersionMinor => Record::LengthHigh,
            Record::LengthHigh => Record::LengthLow(byte),
            Record::LengthLow(high) => match u16::from_be_bytes([high, byte]) {
                length @ 1..=MAX_FRAGMENT => Record::Fragment(length.into()),
                _ => return Err(Answer::NotThis),
            },
            Record::Fragment(missing) => {
                taken = self.message.take(byte, missing.min(available))?;
                match missing - taken {
                    0 => Record::Type,
                    missing => Record::Fragment(missing),
                }
            }
        };
        Ok(taken)
    }
}

impl Message {
    fn take(&mut self, byte: u8, available: usize) -> Result<usize, Answer> {
        let mut taken = 1;
        *self = match *self {
            Self::Type if byte == CLIENT_HELLO => Self::Length { missing: 3, so_far: 0 },
            Self::Type => return Err(Answer::NotThis),
            Self::Length { missing, so_far } => {
                let so_far = so_far << 8 | usize::from(byte);
                match missing - 1 {
                    0 => Self::Body(so_far),
                    missing => Self::Length { missing, so_far },
                }
            }
            Self::Body(missing) => {
                taken = missing.min(available);
                Self::Body(missing - taken)
            }
        };
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ClientHello message with a body of `length` bytes.
    fn message(length: usize) -> Vec<u8> {
        let length = u32::try_from(length).unwrap();
        let mut message = vec![CLIENT_HELLO];
        message.extend(&length.to_be_bytes()[1..]);
        message.extend((0..length).map(|n| n.to_le_bytes()[0]));
        message
    }

    /// The message in records of at most `size` bytes of content.
    fn records(message: &[u8], size: usize) -> Vec<u8> {
        let record = |fragment: &[u8]| {
            let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
            [&[HANDSHAKE, 3, 1], &length[..], fragment].concat()
        };
        message.chunks(size).flat_map(record).collect()
    }

    /// The answer when the bytes come in pieces of `size`, and how many were shown by then. Holds each answer on the
    /// way against the rules between the scanner and Envoy.
    fn shown_in_pieces(bytes: &[u8], size: usize) -> (Answer, usize) {
        let mut scanner = Scanner::new();
        let mut sent = 0;
        loop {
            sent = (sent + size).min(bytes.len());
            // Envoy peeks at no more than the limit, and at once again when that has grown.
            let answer = loop {
                let shown = sent.min(scanner.limit());
                let answer = scanner.read(&bytes[..shown]);
                if answer != Answer::NeedMore {
                    return (answer, shown);
                }
                assert!(scanner.limit() > shown, "waits for bytes it does not ask for");
                assert!(scanner.limit() <= MAX_READ);
                if shown == sent {
                    break answer;
                }
            };
            if sent == bytes.len() {
                return (answer, sent);
            }
        }
    }

    #[test]
    fn a_hello_is_whole_with_its_last_byte_in_whatever_pieces_and_records_it_comes() {
        for (length, size) in [
            (200, 1),
            (200, 7),
            (517, 517),
            (1800, 16384),
            (4096, 300),
            (40_000, 16384),
        ] {
            let hello = records(&message(length), size);
            for piece in [1, 5, 1460, hello.len()] {
                assert_eq!(
                    shown_in_pieces(&hello, piece),
                    (Answer::Whole(hello.len()), hello.len()),
                    "{length} bytes in records of {size}, sent by {piece}"
                );
            }
            let cut = &hello[..hello.len() - 1];
            assert_eq!(shown_in_pieces(cut, 9).0, Answer::NeedMore);
        }
    }

    #[test]
    fn what_comes_behind_the_hello_is_not_part_of_it() {
        let hello = records(&message(300), 100);
        let early_data = [&hello[..], b"\x17\x03\x03\x00\x05hello"].concat();
        assert_eq!(
            shown_in_pieces(&early_data, early_data.len()).0,
            Answer::Whole(hello.len())
        );
    }

    #[test]
    fn what_is_no_hello_is_known_at_the_first_byte_that_shows_it() {
        for (bytes, at) in [
            (&b"GET / HTTP/1.1\r\n"[..], 1),
            (b"PRI * HTTP/2.0\r\n\r\n", 1),
            (b"\x80\x2e\x01\x03\x01", 1),
            (b"\x16GET", 2),
            (b"\x16\x03\x01\x00\x00\x16", 5),
            (b"\x16\x03\x01\x40\x01\x01", 5),
            (b"\x16\x03\x01\x00\x04\x02", 6),
            (b"\x16\x03\x01\x00\x01\x01\x15\x03\x01", 7),
            (b"\x16\x03\x01\x00\x01\x01\x16\x02\x01", 8),
        ] {
            assert_eq!(shown_in_pieces(bytes, 1), (Answer::NotThis, at), "{bytes:x?}");
            assert_eq!(shown_in_pieces(bytes, bytes.len()).0, Answer::NotThis);
        }
    }

    #[test]
    fn a_hello_that_cannot_fit_is_not_waited_for() {
        let announced = records(&message(MAX_READ), 16384);
        assert_eq!(
            shown_in_pieces(&announced, 1),
            (Answer::TooLarge, 9),
            "known from its length"
        );

        let padded = records(&message(20_000), 1);
        assert_eq!(
            shown_in_pieces(&padded, 1000).0,
            Answer::TooLarge,
            "more headers than hello"
        );

        let fits = records(&message(MAX_READ - 4 - 4 * 5 - 5), 16384);
        assert!(fits.len() <= MAX_READ);
        assert_eq!(shown_in_pieces(&fits, 1460).0, Answer::Whole(fits.len()));
    }

    #[test]
    fn recorded_hellos_are_found_whole() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/tls");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "bin") {
                continue;
            }
            let hello = std::fs::read(&path).unwrap();
            let Answer::Whole(length) = shown_in_pieces(&hello, 100).0 else {
                panic!("{} is not whole", path.display());
            };
            assert!(length <= hello.len() && length > 100, "{}", path.display());
            seen += 1;
        }
        assert!(seen > 50, "{seen}");
    }
}
