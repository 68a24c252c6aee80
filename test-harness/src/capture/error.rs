//! How reading a capture can fail, and how it can end. Ends are no failures: the packets before them were read.

use core::fmt;
use std::io;

/// Why a file gave no packet.
#[derive(Debug)]
pub enum Error {
    /// It could not be opened.
    Open(io::Error),
    /// Its first bytes could not be read.
    Read(io::Error),
    /// It has no bytes.
    Empty,
    /// It is something else.
    NotACapture {
        /// What its first bytes look like.
        found: Box<str>,
    },
}

impl Error {
    /// `head` begins no capture.
    pub(super) fn not_a_capture(head: &[u8]) -> Self {
        const KNOWN: [(&[u8], &str); 9] = [
            (&[0x1f, 0x8b], "a gzip file: decompress it first"),
            (&[0x28, 0xb5, 0x2f, 0xfd], "a zstd file: decompress it first"),
            (&[0xfd, b'7', b'z', b'X', b'Z'], "an xz file: decompress it first"),
            (b"BZh", "a bzip2 file: decompress it first"),
            (b"PK\x03\x04", "a zip archive: unpack it first"),
            (b"snoop\0", "a snoop capture: convert it, as with editcap -F pcap"),
            (
                b"GMBU",
                "a Microsoft Network Monitor capture: convert it, as with editcap -F pcap",
            ),
            (b"\x7fELF", "a program"),
            (b"{", "text, perhaps JSON"),
        ];
        let known = KNOWN.iter().find(|(begin, _)| head.starts_with(begin));
        let found = known.map_or_else(|| first_bytes(head), |(_, name)| (*name).to_owned());
        Self::NotACapture { found: found.into() }
    }
}

/// The first bytes, as far as they tell a reader something.
fn first_bytes(head: &[u8]) -> String {
    let head = head.get(..8).unwrap_or(head);
    match str::from_utf8(head) {
        Ok(text) if !text.chars().any(char::is_control) => format!("a file that begins with the text {text:?}"),
        _ => {
            let hex: Vec<_> = head.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("a file that begins with the bytes {}", hex.join(" "))
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => write!(f, "cannot open it: {error}"),
            Self::Read(error) => write!(f, "cannot read it: {error}"),
            Self::Empty => f.write_str("not a capture: the file has no bytes; accepted are pcap and pcapng"),
            Self::NotACapture { found } => write!(f, "not a capture but {found}; accepted are pcap and pcapng"),
        }
    }
}

impl std::error::Error for Error {}

/// How a capture ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Behind its last record.
    Whole,
    /// Inside its last record, as when the capturing program was killed.
    Cut,
    /// At a record that breaks the format, or is larger than any that is read.
    Broken {
        /// Records before it.
        after: u64,
    },
    /// Where the system could not read on.
    ReadFailed {
        /// Records before it.
        after: u64,
    },
}

impl End {
    /// Whether the rest of the file is lost.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Broken { .. } | Self::ReadFailed { .. })
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("the capture was read to its end"),
            Self::Cut => f.write_str("the capture ends inside a record"),
            Self::Broken { after } => write!(f, "the capture is broken after {after} records: the rest was not read"),
            Self::ReadFailed { after } => write!(f, "reading failed after {after} records: the rest was not read"),
        }
    }
}
