//! Whatever texts come in, nothing panics, and what is no form is like nothing.

use layerprint::clients::catalogue::TlsTraits;
use layerprint::evidence::Protocol;

use crate::catalogue;
use crate::fixtures::{clients, texts};

const GARBAGE: [&str; 14] = [
    "",
    "|",
    "|||",
    "||||",
    "_",
    "___",
    "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
    "1:2;;|00|0|m",
    "1:99999999999|1|0|m",
    "t13d\u{e9}516h2_8daaf6152771_x",
    "t13d1516h2_8daaf6152771",
    "t13d1516h2_",
    "t13dxxyyh2_8daaf6152771_",
    "65536:1|-1|\u{0}|,,,",
];

#[test]
fn every_piece_of_a_form_or_a_ja4_is_taken_without_harm() {
    let catalogue = catalogue();
    let protocols = [Protocol::Http10, Protocol::Http11, Protocol::Http2, Protocol::Http3];
    let mut pieces: Vec<String> = GARBAGE.map(str::to_owned).to_vec();
    for client in clients().iter().step_by(7) {
        let hello = client.hello().map(|hello| texts(&hello));
        let (ja4, ja4_r) = hello.map_or_else(Default::default, |(ja4, ja4_r, _)| (ja4, ja4_r));
        for text in [ja4, ja4_r, client.http2.clone().unwrap_or_default()] {
            pieces.extend((0..=text.len()).map(|end| text[..end].to_owned()));
            pieces.extend((0..text.len()).map(|begin| text[begin..].to_owned()));
        }
    }
    for piece in &pieces {
        let _ = catalogue.http2(piece);
        for grease in [None, Some(true), Some(false)] {
            for other in [Some(piece.as_str()), None] {
                let traits = TlsTraits::parse(piece, other, grease);
                let whole = TlsTraits::parse("t13d1516h2_8daaf6152771_e5627efa2ab1", other, grease);
                for traits in [traits, whole].into_iter().flatten() {
                    let shown = catalogue.tls(&traits);
                    for family in catalogue.families() {
                        let _ = catalogue.tls_fits(family, None, &shown, &traits);
                    }
                }
            }
        }
        for protocol in protocols {
            let _ = catalogue.orders(protocol, None, piece.split(','));
        }
    }
    assert!(pieces.len() > 1_000);
}

#[test]
fn what_is_no_ja4_has_no_traits_and_what_is_no_form_is_like_nothing() {
    let catalogue = catalogue();
    for text in GARBAGE {
        let known = text == "t13d1516h2_8daaf6152771";
        assert_eq!(TlsTraits::parse(text, None, None).is_some(), known, "{text}");
        assert!(catalogue.http2(text).is_unknown(), "{text}");
    }
    let unread = TlsTraits::parse("t13d1516h2_8daaf6152771_e5627efa2ab1", Some("t13d_zz"), Some(true)).unwrap();
    assert!(!unread.is_whole(), "a JA4_r that is none counts as unseen");
    // Envoys before 2026-07 write an ALPN that is not alphanumeric with four digits.
    assert!(TlsTraits::parse("t13d15160a0b_8daaf6152771_e5627efa2ab1", None, None).is_some());
}

#[test]
fn a_name_that_comes_twice_or_ten_thousand_times_is_no_browsers_order() {
    let catalogue = catalogue();
    let one = ["host", "user-agent", "accept", "accept"];
    assert!(catalogue.orders(Protocol::Http11, None, one.into_iter()).is_unknown());
    let many = std::iter::repeat_n("accept", 10_000);
    assert!(catalogue.orders(Protocol::Http2, Some(false), many).is_unknown());
    assert!(catalogue.orders(Protocol::Http2, None, std::iter::empty()).is_unknown());
}
