//! The header block of a connection's first HTTP/2 request (RFC 9113, 6.2 and 6.10): HEADERS and its CONTINUATION frames put
//! together, padding and priority fields taken off.
//!
//! It stands beside [`http2::Parser`](super::http2::Parser), which judges the frames before HEADERS and needs no block: a proxy
//! decodes headers itself. Only a tool that reads captures has nobody to ask. The block stays compressed here.

use super::http2::{Error, FrameHead, FrameType, Partial, gather, read_preface};
use super::{Progress, Reader};

/// The largest header block that is put together. Envoy refuses headers above 60 KiB by default.
pub const MAX_BLOCK: usize = 64 * 1024;

#[derive(Clone, Copy, Debug)]
enum State {
    Preface,
    /// Before a frame; `open` is the stream whose HEADERS wait for CONTINUATION.
    Head {
        open: Option<u32>,
    },
    /// A frame that is not looked at.
    Skip {
        left: usize,
    },
    /// The padding length and the priority fields of HEADERS.
    Fields {
        head: FrameHead,
    },
    /// A piece of the block, and the padding behind it.
    Piece {
        head: FrameHead,
        left: usize,
        padding: usize,
    },
    Padding {
        head: FrameHead,
        left: usize,
    },
}

/// Collects the block as the connection's bytes arrive, from its first byte on.
#[derive(Debug)]
pub struct BlockParser {
    state: State,
    partial: Partial,
    block: Vec<u8>,
}

impl Default for BlockParser {
    fn default() -> Self {
        Self {
            state: State::Preface,
            partial: Partial::new(),
            block: Vec::new(),
        }
    }
}

enum Step {
    Next,
    NeedMore,
    NotThis,
    Done,
}

impl BlockParser {
    /// Takes the next bytes of the connection. After [`Progress::Done`] the parser is back at its start.
    pub fn feed(&mut self, bytes: &[u8]) -> Progress<Vec<u8>, Error> {
        let mut input = Reader::new(bytes);
        loop {
            match self.step(&mut input) {
                Ok(Step::Next) => {}
                Ok(Step::NeedMore) => return Progress::NeedMore,
                Ok(Step::NotThis) => return Progress::NotThis,
                Ok(Step::Done) => return Progress::Done(std::mem::take(self).block),
                Err(error) => return Progress::Malformed(error),
            }
        }
    }

    fn step(&mut self, input: &mut Reader<'_>) -> Result<Step, Error> {
        match self.state {
            State::Preface => match read_preface(&mut self.partial, input) {
                Progress::Done(()) => self.next(State::Head { open: None }),
                Progress::NeedMore => return Ok(Step::NeedMore),
                Progress::NotThis | Progress::Malformed(_) => return Ok(Step::NotThis),
            },
            State::Head { open } => {
                let Some(head) = gather(&mut self.partial, FrameHead::SIZE, input) else {
                    return Ok(Step::NeedMore);
                };
                let head = FrameHead::read(&mut Reader::new(head))?;
                self.next(after_head(head, open)?);
            }
            State::Skip { left } => {
                let left = left - input.up_to(left).len();
                if left > 0 {
                    self.state = State::Skip { left };
                    return Ok(Step::NeedMore);
                }
                self.next(State::Head { open: None });
            }
            State::Fields { head } => {
                let fields = head.leading_fields();
                let Some(leading) = gather(&mut self.partial, fields, input) else {
                    return Ok(Step::NeedMore);
                };
                let padding = match leading.first() {
                    Some(padding) if head.has(FrameHead::PADDED) => usize::from(*padding),
                    _ => 0,
                };
                let left = head
                    .payload_length()?
                    .checked_sub(fields + padding)
                    .ok_or(Error::Padding)?;
                self.next(State::Piece { head, left, padding });
            }
            State::Piece { head, left, padding } => {
                if self.block.len() + left > MAX_BLOCK {
                    return Err(Error::TooMany);
                }
                let piece = input.up_to(left);
                self.block.extend_from_slice(piece);
                let left = left - piece.len();
                if left > 0 {
                    self.state = State::Piece { head, left, padding };
                    return Ok(Step::NeedMore);
                }
                self.next(State::Padding { head, left: padding });
            }
            State::Padding { head, .. } if head.has(FrameHead::END_HEADERS) => return Ok(Step::Done),
            State::Padding { head, left } => {
                let left = left - input.up_to(left).len();
                if left > 0 {
                    self.state = State::Padding { head, left };
                    return Ok(Step::NeedMore);
                }
                self.next(State::Head {
                    open: Some(head.stream),
                });
            }
        }
        Ok(Step::Next)
    }

    fn next(&mut self, state: State) {
        self.partial.clear();
        self.state = state;
    }
}

fn after_head(head: FrameHead, open: Option<u32>) -> Result<State, Error> {
    let length = head.payload_length()?;
    match (open, head.kind) {
        (None, FrameType::HEADERS) => Ok(State::Fields { head }),
        (None, _) => Ok(State::Skip { left: length }),
        (Some(stream), FrameType::CONTINUATION) if stream == head.stream => Ok(State::Piece {
            head,
            left: length,
            padding: 0,
        }),
        (Some(_), _) => Err(Error::UnexpectedFrame),
    }
}

#[cfg(test)]
mod tests {
    use super::super::http2::PREFACE;
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([kind, flags, 0, 0, 0, stream]);
        bytes.extend(payload);
        bytes
    }

    fn connection(frames: &[Vec<u8>]) -> Vec<u8> {
        [PREFACE.to_vec(), frames.concat()].concat()
    }

    fn parse(bytes: &[u8]) -> Progress<Vec<u8>, Error> {
        BlockParser::default().feed(bytes)
    }

    /// SETTINGS, WINDOW_UPDATE, then one block in three frames, with padding and priority fields around its first piece.
    fn in_three_frames() -> Vec<u8> {
        connection(&[
            frame(4, 0, 0, &[0, 3, 0, 0, 0, 100]),
            frame(8, 0, 0, &[0, 0, 1, 0]),
            frame(1, 0x28, 1, &[2, 0, 0, 0, 0, 15, 0x82, 0x84, 0, 0]),
            frame(9, 0, 1, &[]),
            frame(9, 4, 1, &[0x86]),
        ])
    }

    #[test]
    fn a_block_in_several_frames_is_one_block() {
        assert_eq!(parse(&in_three_frames()), Progress::Done(vec![0x82, 0x84, 0x86]));
        let empty = connection(&[frame(4, 0, 0, &[]), frame(1, 4, 1, &[])]);
        assert_eq!(parse(&empty), Progress::Done(Vec::new()));
    }

    #[test]
    fn every_prefix_needs_more_until_the_block_is_whole_and_every_cut_gives_the_same() {
        let bytes = in_three_frames();
        for n in 0..bytes.len() {
            assert_eq!(parse(&bytes[..n]), Progress::NeedMore, "{n}");
            let mut parser = BlockParser::default();
            assert_eq!(parser.feed(&bytes[..n]), Progress::NeedMore);
            assert_eq!(parser.feed(&bytes[n..]), Progress::Done(vec![0x82, 0x84, 0x86]));
        }
        let mut parser = BlockParser::default();
        let last = bytes.iter().map(|byte| parser.feed(&[*byte])).last();
        assert_eq!(last, Some(Progress::Done(vec![0x82, 0x84, 0x86])));
    }

    #[test]
    fn a_block_that_no_peer_would_accept_gives_none() {
        let after = |frames: &[Vec<u8>]| parse(&connection(frames));
        let headers = frame(1, 0, 1, &[0x82]);
        assert_eq!(
            after(&[headers.clone(), frame(9, 4, 3, &[])]),
            Progress::Malformed(Error::UnexpectedFrame)
        );
        assert_eq!(
            after(&[headers.clone(), frame(4, 0, 0, &[])]),
            Progress::Malformed(Error::UnexpectedFrame)
        );
        assert_eq!(
            after(&[frame(1, 0x0c, 1, &[2, 0x82])]),
            Progress::Malformed(Error::Padding)
        );
        let piece = frame(9, 0, 1, &vec![0; 16_384]);
        let endless: Vec<_> = std::iter::once(headers).chain(vec![piece; 5]).collect();
        assert_eq!(after(&endless), Progress::Malformed(Error::TooMany));
        assert_eq!(
            after(&[frame(9, 0, 1, &vec![0; 16_385])]),
            Progress::Malformed(Error::FrameSize)
        );
    }

    #[test]
    fn bytes_of_another_protocol_are_told_apart() {
        assert_eq!(parse(b"GET / HTTP/1.1\r\n"), Progress::NotThis);
        assert_eq!(parse(&[22, 3, 1]), Progress::NotThis);
    }
}
