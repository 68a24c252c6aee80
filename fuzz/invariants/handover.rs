//! What holds for any bytes read as an opening that the connection role handed over.

use layerprint::evidence::{Evidence, Reason, decode_handover, encode_handover};
use layerprint::wire::Progress;
use layerprint::wire::http1::HeaderNames;
use layerprint::wire::http2;
use layerprint::wire::opening::Opening;

use crate::http2_opening::frames;

/// Checks every law for `line`; panics at the first that is broken.
pub(crate) fn holds(line: &[u8]) {
    let opening = decode_handover(line);
    if opening != Evidence::Missing(Reason::Malformed) {
        assert_eq!(
            encode_handover(&opening).as_bytes(),
            line,
            "only what is written is read"
        );
    }
    round_trip(&opening);
    match opening {
        Evidence::Seen(Opening::Http2(opening)) => assert_eq!(
            http2::Parser::default().feed(&frames(&opening)),
            Progress::Done(opening),
            "some client could have sent it"
        ),
        Evidence::Seen(Opening::Http1(head)) => {
            let method = HeaderNames::parse(&head.method);
            assert!(
                method.is_some_and(|method| method.iter().count() == 1),
                "{:?} is a token, as a name is",
                head.method
            );
        }
        Evidence::Seen(Opening::Tls(_)) => panic!("no one hands a ClientHello over"),
        Evidence::Pending | Evidence::Missing(_) => {}
    }
}

/// What is handed over comes out as it went in, and on one line.
pub(crate) fn round_trip(opening: &Evidence<Opening>) {
    let line = encode_handover(opening);
    assert!(line.bytes().all(|byte| byte.is_ascii_graphic()), "{line:?}");
    assert_eq!(decode_handover(line.as_bytes()), *opening, "{line}");
}
