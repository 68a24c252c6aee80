//! What holds for the first bytes of a connection, whatever they are: the answer is that of the protocol they belong to, and
//! no more of them are read than the limit says.

use layerprint::wire::opening::{Error, MAX_OPENING, Opening, Parser};
use layerprint::wire::tls::ClientHello;
use layerprint::wire::{Progress, http1, http2};

use crate::random::Random;
use crate::stream;

/// Checks every law for `bytes`; panics at the first that is broken.
pub(crate) fn holds(bytes: &[u8]) {
    let (answer, taken) = within(MAX_OPENING, bytes);
    assert_eq!(answer, of_its_protocol(bytes));
    let mut random = Random::from_bytes(bytes);
    let limit = random.between(1, bytes.len() + 8);
    bound_holds(bytes, limit, &answer, taken);
    // Every 64th that does not end is continued until it is over the bound.
    if answer == Progress::NeedMore && !bytes.is_empty() && random.between(0, 63) == 0 {
        let endless: Vec<u8> = bytes.iter().copied().cycle().take(MAX_OPENING + 1).collect();
        let (answer, taken) = within(MAX_OPENING, &endless);
        assert!(answer != Progress::NeedMore && taken <= MAX_OPENING, "{taken}");
    }
}

fn within(limit: usize, bytes: &[u8]) -> (Progress<Opening, Error>, usize) {
    stream::answer(bytes, || Parser::new(limit), Parser::feed)
}

fn of_its_protocol(bytes: &[u8]) -> Progress<Opening, Error> {
    let bytes = &bytes[..bytes.len().min(MAX_OPENING)];
    if bytes.first() == Some(&22) {
        let whole = ClientHello::read_records(bytes).map(Opening::Tls, Error::Tls);
        return bounded(whole, bytes);
    }
    let whole = match http2::Parser::default().feed(bytes) {
        Progress::NotThis => http1::Parser::default().feed(bytes).map(Opening::Http1, Error::Http1),
        answer => answer.map(Opening::Http2, Error::Http2),
    };
    bounded(whole, bytes)
}

fn bounded(whole: Progress<Opening, Error>, bytes: &[u8]) -> Progress<Opening, Error> {
    match whole {
        Progress::NeedMore if bytes.len() == MAX_OPENING => Progress::Malformed(Error::TooLarge),
        answer => answer,
    }
}

fn bound_holds(bytes: &[u8], limit: usize, answer: &Progress<Opening, Error>, taken: usize) {
    let (bounded, taken_of_bounded) = within(limit, bytes);
    if taken <= limit && *answer != Progress::NeedMore {
        assert_eq!(
            (&bounded, taken_of_bounded),
            (answer, taken),
            "decided within the limit"
        );
    } else if bytes.len() < limit {
        assert_eq!(bounded, Progress::NeedMore);
    } else {
        assert_eq!(bounded, Progress::Malformed(Error::TooLarge));
        assert_eq!(taken_of_bounded, limit, "no more is read");
    }
}
