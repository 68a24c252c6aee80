//! What holds for every parser that takes a connection's bytes as they arrive.

use core::fmt::Debug;

use layerprint::wire::Progress;

use crate::random::Random;

/// The answer to all of `bytes`, and how many of them it takes to be given: all, while more are needed.
///
/// Panics when another way to cut them gives another answer, or when an answer does not stay.
pub(crate) fn answer<P, T, E>(
    bytes: &[u8],
    start: impl Fn() -> P,
    feed: impl Fn(&mut P, &[u8]) -> Progress<T, E>,
) -> (Progress<T, E>, usize)
where
    T: Debug + PartialEq,
    E: Debug + PartialEq,
{
    let whole = |bytes: &[u8]| feed(&mut start(), bytes);
    let in_pieces = |length: &mut dyn FnMut() -> usize| {
        let (mut parser, mut taken) = (start(), 0);
        while taken < bytes.len() {
            let piece = length().min(bytes.len() - taken);
            let answer = feed(&mut parser, &bytes[taken..taken + piece]);
            taken += piece;
            if answer != Progress::NeedMore {
                return (answer, taken);
            }
        }
        (Progress::NeedMore, taken)
    };
    let mut random = Random::from_bytes(bytes);
    let answer = whole(bytes);
    let (bytewise, taken) = in_pieces(&mut || 1);
    assert_eq!(bytewise, answer, "byte by byte");
    let (pieces, _) = in_pieces(&mut || random.between(0, 90));
    assert_eq!(pieces, answer, "in pieces");
    if answer != Progress::NeedMore {
        assert_eq!(whole(&bytes[..taken - 1]), Progress::NeedMore, "one byte before");
        assert_eq!(whole(&bytes[..taken]), answer, "with the last byte that it takes");
        let longer = [bytes, &bytes[random.between(0, bytes.len() - 1)..]].concat();
        assert_eq!(whole(&longer), answer, "with more behind");
    }
    (answer, taken)
}
