//! The opening of an HTTP/2 connection (RFC 9113): preface, SETTINGS, WINDOW_UPDATE, PRIORITY, up to the first HEADERS.
//!
//! What a client sends before its first request is chosen by its HTTP/2 library, not by its user, which makes it evidence.
//! The parser takes bytes as they arrive, keeps at most one small frame, and refuses what the RFC calls a connection error:
//! a fingerprint must not come out of an opening that no peer would accept.

use super::{Progress, Reader, Short};
use smallvec::SmallVec;

/// What every HTTP/2 client sends first (RFC 9113, 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// SETTINGS entries kept, as many as Envoy and nghttp2 take. Real clients send at most 9.
pub const MAX_SETTINGS: usize = 32;
/// WINDOW_UPDATE frames kept besides the first of the connection. No known client sends one before its first request.
pub const MAX_FURTHER_WINDOWS: usize = 8;
/// PRIORITY frames kept. Firefox once sent 6, the most of any known client.
pub const MAX_PRIORITIES: usize = 8;
/// The largest frame a server accepts before it says otherwise (RFC 9113, 6.5.2, SETTINGS_MAX_FRAME_SIZE).
const MAX_FRAME: u32 = 16_384;

/// One SETTINGS entry as sent; unknown identifiers stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The identifier: a registered one, an unknown one, or GREASE.
    pub id: u16,
    /// The value, as sent.
    pub value: u32,
}

/// What a PRIORITY frame, or the priority fields of HEADERS, say (RFC 7540, 6.3; deprecated by RFC 9113 but still sent).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    /// The stream that is prioritised.
    pub stream: u32,
    /// Whether it is the only child of `depends_on`.
    pub exclusive: bool,
    /// The parent stream; 0 is the root.
    pub depends_on: u32,
    /// 1 to 256: the wire byte plus one.
    pub weight: u16,
}

/// What a WINDOW_UPDATE frame says (RFC 9113, 6.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowUpdate {
    /// The stream whose window grows; 0 is the whole connection.
    pub stream: u32,
    /// By how many bytes, 1 to 2^31 - 1.
    pub increment: u32,
}

/// The first HEADERS frame, without its header block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstHeaders {
    /// The stream it opens: 1, 3 after an h2c upgrade, or higher in clients that reserve streams (curl's nghttp2, old Firefox).
    pub stream: u32,
    /// The flags byte.
    pub flags: u8,
    /// Its priority fields, when the PRIORITY flag is set.
    pub priority: Option<Priority>,
}

/// SETTINGS entries in wire order; as many as known clients send take no allocation.
pub type Settings = SmallVec<[Setting; 10]>;
/// PRIORITY frames in wire order, likewise.
pub type Priorities = SmallVec<[Priority; 6]>;

/// All that a client sent up to its first HEADERS, in wire order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The first SETTINGS frame.
    pub settings: Settings,
    /// The increment of the first WINDOW_UPDATE on stream 0.
    pub window_update: Option<u32>,
    /// The WINDOW_UPDATE frames besides that one.
    pub further_windows: Vec<WindowUpdate>,
    /// The PRIORITY frames.
    pub priorities: Priorities,
    /// The first HEADERS frame.
    pub headers: FirstHeaders,
}

impl Opening {
    /// Whether the parser could have read this from some client: for openings that come another way.
    pub fn could_be_sent(&self) -> bool {
        let FirstHeaders {
            stream,
            flags,
            priority,
        } = self.headers;
        let has_priority = flags & FrameHead::PRIORITY != 0;
        let on_its_stream = |priority: Priority| priority.stream == stream && priority.could_be_sent();
        let is_increment = |increment| (1..=STREAM_MASK).contains(&increment);
        // The first one of the connection is not among the further ones.
        let is_further = |window: &WindowUpdate| match window.stream {
            0 => self.window_update.is_some(),
            stream => stream <= STREAM_MASK,
        };
        self.settings.len() <= MAX_SETTINGS
            && self.window_update.is_none_or(is_increment)
            && self.further_windows.len() <= MAX_FURTHER_WINDOWS
            && self
                .further_windows
                .iter()
                .all(|window| is_further(window) && is_increment(window.increment))
            && self.priorities.len() <= MAX_PRIORITIES
            && self.priorities.iter().all(|priority| priority.could_be_sent())
            && stream <= STREAM_MASK
            && !stream.is_multiple_of(2)
            && has_priority == priority.is_some()
            && priority.is_none_or(on_its_stream)
    }
}

impl Priority {
    fn could_be_sent(self) -> bool {
        (1..=STREAM_MASK).contains(&self.stream) && self.depends_on <= STREAM_MASK && (1..=256).contains(&self.weight)
    }
}

/// Why an opening that began as HTTP/2 gives no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A frame stands where the RFC allows none of its type, or on a stream where it may not be.
    UnexpectedFrame,
    /// A frame's length is not one that its type allows, or is over 16,384.
    FrameSize,
    /// A WINDOW_UPDATE by zero.
    ZeroIncrement,
    /// The padding of HEADERS is longer than the frame.
    Padding,
    /// More SETTINGS entries, WINDOW_UPDATE or PRIORITY frames than are kept.
    TooMany,
}

impl From<Short> for Error {
    fn from(Short: Short) -> Self {
        Self::FrameSize
    }
}

/// A frame's type (RFC 9113, 11.2). Unknown ones survive: they are skipped, as the RFC demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameType(u8);

impl FrameType {
    const DATA: Self = Self(0);
    pub(super) const HEADERS: Self = Self(1);
    const PRIORITY: Self = Self(2);
    const RST_STREAM: Self = Self(3);
    const SETTINGS: Self = Self(4);
    const PUSH_PROMISE: Self = Self(5);
    const WINDOW_UPDATE: Self = Self(8);
    pub(super) const CONTINUATION: Self = Self(9);
}

/// The nine bytes before each frame's payload (RFC 9113, 4.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameHead {
    pub(super) length: u32,
    pub(super) kind: FrameType,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl FrameHead {
    pub(super) const SIZE: usize = 9;
    const ACK: u8 = 0x01;
    pub(super) const END_HEADERS: u8 = 0x04;
    pub(super) const PADDED: u8 = 0x08;
    pub(super) const PRIORITY: u8 = 0x20;

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Short> {
        Ok(Self {
            length: reader.u24()?,
            kind: FrameType(reader.u8()?),
            flags: reader.u8()?,
            stream: reader.u32()? & STREAM_MASK,
        })
    }

    /// The payload's length, when a server takes it.
    pub(super) fn payload_length(self) -> Result<usize, Error> {
        if self.length > MAX_FRAME {
            return Err(Error::FrameSize);
        }
        usize::try_from(self.length).map_err(|_| Error::FrameSize)
    }

    /// In HEADERS: the bytes before the block, for the padding's length and the priority.
    pub(super) fn leading_fields(self) -> usize {
        usize::from(self.has(Self::PADDED)) + if self.has(Self::PRIORITY) { 5 } else { 0 }
    }

    pub(super) const fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// The top bit of a stream identifier is reserved, and must be ignored.
const STREAM_MASK: u32 = 0x7fff_ffff;

/// A piece of the connection that is still arriving: preface, frame head, or a payload, of which SETTINGS with more than ten
/// entries alone take an allocation.
pub(super) type Partial = SmallVec<[u8; 64]>;

/// The next `wanted` bytes, of which `partial` holds those that came earlier; none when `input` ends before, and then they are
/// kept. Nothing is copied when all of them come at once.
pub(super) fn gather<'a, 'i: 'a>(partial: &'a mut Partial, wanted: usize, input: &mut Reader<'i>) -> Option<&'a [u8]> {
    if partial.is_empty() && input.len() >= wanted {
        return Some(input.up_to(wanted));
    }
    let missing = wanted.saturating_sub(partial.len());
    partial.extend_from_slice(input.up_to(missing));
    (partial.len() >= wanted).then_some(partial)
}

/// Reads on in the preface, of which `partial` has come so far.
pub(super) fn read_preface(partial: &mut Partial, input: &mut Reader<'_>) -> Progress<(), Error> {
    if let Some(whole) = gather(partial, PREFACE.len(), input) {
        return if whole == PREFACE {
            Progress::Done(())
        } else {
            Progress::NotThis
        };
    }
    if PREFACE.starts_with(partial) {
        Progress::NeedMore
    } else {
        Progress::NotThis
    }
}

/// What to do with a frame once its head is known.
enum Plan {
    /// Read this many bytes of the payload, then look at them.
    Read(usize),
    /// Let the payload pass.
    Skip,
}

#[derive(Debug)]
enum State {
    Preface,
    Head,
    Payload { head: FrameHead, wanted: usize },
    Skip { left: usize },
}

/// Reads an opening as its bytes arrive. Holds no more than one frame of interest: under 400 bytes, and what an opening keeps.
#[derive(Debug)]
pub struct Parser {
    state: State,
    partial: Partial,
    settings: Option<Settings>,
    window_update: Option<u32>,
    further_windows: Vec<WindowUpdate>,
    priorities: Priorities,
}

impl Default for Parser {
    fn default() -> Self {
        Self {
            state: State::Preface,
            partial: Partial::new(),
            settings: None,
            window_update: None,
            further_windows: Vec::new(),
            priorities: Priorities::new(),
        }
    }
}

impl Parser {
    /// Takes the next bytes of the connection. After [`Progress::Done`] the parser is back at its start.
    ///
    /// [`Progress::NotThis`] comes only while the preface is being read.
    pub fn feed(&mut self, bytes: &[u8]) -> Progress<Opening, Error> {
        let mut input = Reader::new(bytes);
        loop {
            match self.step(&mut input) {
                Ok(Step::Next) => {}
                Ok(Step::NeedMore) => return Progress::NeedMore,
                Ok(Step::NotThis) => return Progress::NotThis,
                Ok(Step::Done(opening)) => return Progress::Done(opening),
                Err(error) => return Progress::Malformed(error),
            }
        }
    }

    fn step(&mut self, input: &mut Reader<'_>) -> Result<Step, Error> {
        match self.state {
            State::Preface => match read_preface(&mut self.partial, input) {
                Progress::Done(()) => self.next(State::Head),
                Progress::NeedMore => return Ok(Step::NeedMore),
                Progress::NotThis | Progress::Malformed(_) => return Ok(Step::NotThis),
            },
            State::Head => {
                let Some(head) = gather(&mut self.partial, FrameHead::SIZE, input) else {
                    return Ok(Step::NeedMore);
                };
                let head = FrameHead::read(&mut Reader::new(head))?;
                let next = match self.plan(head)? {
                    Plan::Read(wanted) => State::Payload { head, wanted },
                    Plan::Skip => State::Skip {
                        left: head.payload_length()?,
                    },
                };
                self.next(next);
            }
            State::Payload { head, wanted } => {
                let mut partial = std::mem::take(&mut self.partial);
                let Some(payload) = gather(&mut partial, wanted, input) else {
                    self.partial = partial;
                    return Ok(Step::NeedMore);
                };
                self.next(State::Head);
                return self.payload(head, payload);
            }
            State::Skip { left } => {
                let left = left - input.up_to(left).len();
                if left > 0 {
                    self.next(State::Skip { left });
                    return Ok(Step::NeedMore);
                }
                self.next(State::Head);
            }
        }
        Ok(Step::Next)
    }

    fn next(&mut self, state: State) {
        self.partial.clear();
        self.state = state;
    }

    /// Checks a frame's place and length before any of its payload is kept.
    fn plan(&self, head: FrameHead) -> Result<Plan, Error> {
        let length = head.payload_length()?;
        if self.settings.is_none() && (head.kind != FrameType::SETTINGS || head.has(FrameHead::ACK)) {
            return Err(Error::UnexpectedFrame);
        }
        match head.kind {
            FrameType::SETTINGS if head.stream != 0 => Err(Error::UnexpectedFrame),
            FrameType::SETTINGS if head.has(FrameHead::ACK) => match length {
                0 => Ok(Plan::Skip),
                _ => Err(Error::FrameSize),
            },
            FrameType::SETTINGS if !length.is_multiple_of(6) => Err(Error::FrameSize),
            // Only the first SETTINGS frame counts; what follows may not change a fingerprint.
            FrameType::SETTINGS if self.settings.is_some() => Ok(Plan::Skip),
            FrameType::SETTINGS if length / 6 > MAX_SETTINGS => Err(Error::TooMany),
            FrameType::SETTINGS => Ok(Plan::Read(length)),
            FrameType::WINDOW_UPDATE if length != 4 => Err(Error::FrameSize),
            FrameType::WINDOW_UPDATE if self.further_windows.len() >= MAX_FURTHER_WINDOWS => Err(Error::TooMany),
            FrameType::WINDOW_UPDATE => Ok(Plan::Read(length)),
            FrameType::PRIORITY if head.stream == 0 => Err(Error::UnexpectedFrame),
            FrameType::PRIORITY if length != 5 => Err(Error::FrameSize),
            FrameType::PRIORITY if self.priorities.len() >= MAX_PRIORITIES => Err(Error::TooMany),
            FrameType::PRIORITY => Ok(Plan::Read(length)),
            // Clients open odd streams (RFC 9113, 5.1.1).
            FrameType::HEADERS if head.stream.is_multiple_of(2) => Err(Error::UnexpectedFrame),
            FrameType::HEADERS => {
                let fields = head.leading_fields();
                if length < fields {
                    Err(Error::FrameSize)
                } else {
                    Ok(Plan::Read(fields))
                }
            }
            FrameType::DATA | FrameType::RST_STREAM | FrameType::PUSH_PROMISE | FrameType::CONTINUATION => {
                Err(Error::UnexpectedFrame)
            }
            _ => Ok(Plan::Skip),
        }
    }

    fn payload(&mut self, head: FrameHead, payload: &[u8]) -> Result<Step, Error> {
        let mut reader = Reader::new(payload);
        match head.kind {
            FrameType::SETTINGS => self.settings = Some(read_settings(&mut reader)?),
            FrameType::WINDOW_UPDATE => {
                let increment = reader.u32()? & STREAM_MASK;
                if increment == 0 {
                    return Err(Error::ZeroIncrement);
                }
                let stream = head.stream;
                match self.window_update {
                    None if stream == 0 => self.window_update = Some(increment),
                    _ => self.further_windows.push(WindowUpdate { stream, increment }),
                }
            }
            FrameType::PRIORITY => self.priorities.push(read_priority(head.stream, &mut reader)?),
            _ => {
                let headers = read_headers(head, &mut reader)?;
                let done = std::mem::take(self);
                return Ok(Step::Done(Opening {
                    settings: done.settings.unwrap_or_default(),
                    window_update: done.window_update,
                    further_windows: done.further_windows,
                    priorities: done.priorities,
                    headers,
                }));
            }
        }
        Ok(Step::Next)
    }
}

#[allow(
    clippy::large_enum_variant,
    reason = "moved a few times per connection; a box would be an allocation for each"
)]
enum Step {
    Next,
    NeedMore,
    NotThis,
    Done(Opening),
}

fn read_settings(reader: &mut Reader<'_>) -> Result<Settings, Error> {
    let mut settings = Settings::with_capacity(reader.len() / 6);
    while !reader.is_empty() {
        settings.push(Setting {
            id: reader.u16()?,
            value: reader.u32()?,
        });
    }
    Ok(settings)
}

fn read_priority(stream: u32, reader: &mut Reader<'_>) -> Result<Priority, Error> {
    let dependency = reader.u32()?;
    let weight = reader.u8()?;
    Ok(Priority {
        stream,
        exclusive: dependency & !STREAM_MASK != 0,
        depends_on: dependency & STREAM_MASK,
        weight: u16::from(weight) + 1,
    })
}

fn read_headers(head: FrameHead, reader: &mut Reader<'_>) -> Result<FirstHeaders, Error> {
    let padding = if head.has(FrameHead::PADDED) {
        u32::from(reader.u8()?) + 1
    } else {
        0
    };
    let priority = if head.has(FrameHead::PRIORITY) {
        Some(read_priority(head.stream, reader)?)
    } else {
        None
    };
    let fields = if priority.is_some() { 5 } else { 0 };
    if padding + fields > head.length {
        return Err(Error::Padding);
    }
    Ok(FirstHeaders {
        stream: head.stream,
        flags: head.flags,
        priority,
    })
}

#[cfg(test)]
#[path = "http2_tests.rs"]
mod tests;
