//! What holds for any bytes given to the SYN parser. The fuzz target is one line that calls this; the tests call it for every
//! recorded and every generated SYN, so that it is also checked where no fuzzer runs.

use std::sync::LazyLock;

use layerprint::clients::stacks::{Confidence, Identity, Stacks};
use layerprint::fingerprint::tcp::{Signature, TcpPart};
use layerprint::wire::syn::{Error, MAX_HANDED_OVER, Syn, TcpOption};

use crate::naive;

static STACKS: LazyLock<Stacks> = LazyLock::new(|| Stacks::built_in().expect("the table is well-formed"));

/// Checks every law for `bytes`; panics at the first that is broken.
pub(crate) fn holds(bytes: &[u8]) {
    let answer = Syn::parse(bytes);
    handed_over_either_way(bytes, &answer);
    match (&answer, naive::read(bytes)) {
        (Ok(syn), Some(expected)) => whole(bytes, syn, &expected),
        (Ok(_), None) => panic!("the naive parser refuses this SYN"),
        (Err(error), Some(_)) => panic!("only the naive parser reads this SYN: {error:?}"),
        (Err(_), None) => {}
    }
}

fn whole(bytes: &[u8], syn: &Syn, expected: &naive::Naive) {
    assert_eq!(Signature(syn).to_string(), expected.signature);
    assert_eq!(TcpPart(syn).to_string(), expected.part);
    assert_eq!(usize::from(syn.payload_length), expected.payload);
    assert_eq!(format!("{} {}", syn.source(), syn.destination()), expected.addresses);
    every_option_byte_is_accounted_for(syn);
    the_window_can_be_computed_back(syn, &expected.signature);
    a_family_is_named_only_when_it_is_likely(syn);
    // No prefix gives another answer, and only one that ends with the headers gives this one.
    for cut in 0..bytes.len() {
        match Syn::parse(&bytes[..cut]) {
            Ok(other) => assert!(cut == expected.headers && other == *syn, "cut at {cut}"),
            Err(error) => assert_eq!(error, Error::Truncated, "cut at {cut}"),
        }
    }
}

fn every_option_byte_is_accounted_for(syn: &Syn) {
    let lengths = syn.tcp.options.as_slice().iter().map(|option| match *option {
        TcpOption::Nop => 1,
        TcpOption::End { padding, .. } => 1 + u16::from(padding),
        TcpOption::SackPermitted => 2,
        TcpOption::WindowScale(_) => 3,
        TcpOption::MaxSegmentSize(_) => 4,
        TcpOption::Timestamps { .. } => 10,
        TcpOption::Sack { blocks } => 2 + 8 * u16::from(blocks),
        TcpOption::FastOpen { cookie_length } => 2 + u16::from(cookie_length),
        TcpOption::Multipath { length, .. }
        | TcpOption::WrongLength { length, .. }
        | TcpOption::Other { length, .. } => u16::from(length),
    });
    assert_eq!(lengths.sum::<u16>(), syn.tcp.options.wire_length());
}

fn a_family_is_named_only_when_it_is_likely(syn: &Syn) {
    if let Identity::Known(found) = STACKS.identify(syn) {
        assert!(found.confidence >= Confidence::LEAST);
        assert!(found.confidence <= found.deviations.confidence());
    }
}

fn the_window_can_be_computed_back(syn: &Syn, signature: &str) {
    let fields: Vec<&str> = signature.split(':').collect();
    let (window, _) = fields[4].split_once(',').unwrap();
    let mss: u32 = fields[3].parse().unwrap();
    let headers = if fields[0] == "4" { 40 } else { 60 };
    let computed = match window.split_once('*') {
        Some(("mss", n)) => mss * n.parse::<u32>().unwrap(),
        Some((_, n)) => (mss + headers) * n.parse::<u32>().unwrap(),
        None => window.parse().unwrap(),
    };
    assert_eq!(computed, u32::from(syn.tcp.window));
}

/// Raw and as hex the answer is the same, but for the bound.
fn handed_over_either_way(bytes: &[u8], answer: &Result<Syn, Error>) {
    let as_it_is = Syn::parse_raw_or_hex(bytes);
    let is_text = bytes.first().is_some_and(u8::is_ascii_digit);
    if !is_text && bytes.len() <= MAX_HANDED_OVER {
        assert_eq!(as_it_is, *answer);
    }
    if !bytes.first().is_some_and(|first| matches!(first >> 4, 0..=9)) {
        // Its hex text begins with a letter, and is told from raw bytes by that a packet never does.
        return;
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = if bytes.len() > MAX_HANDED_OVER {
        &Err(Error::TooLong)
    } else {
        answer
    };
    assert_eq!(Syn::parse_raw_or_hex(hex.as_bytes()), *expected);
    assert_eq!(Syn::parse_raw_or_hex(hex.to_uppercase().as_bytes()), *expected);
    assert!(Syn::parse_raw_or_hex(&hex.as_bytes()[..hex.len() - 1]).is_err());
}
