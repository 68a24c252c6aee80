//! What holds for any bytes read as the head of an HTTP/1 request. Where hyperium's `httparse` reads a head too, it reads the
//! same.

use layerprint::evidence::Evidence;
use layerprint::fingerprint::order::{CaseClass, HeaderOrder};
use layerprint::wire::http1::{Error, Head, HeaderNames, MAX_HEAD, MAX_NAME_BYTES, MAX_NAMES, Parser, Quirks};
use layerprint::wire::http1::{TargetForm, Version};
use layerprint::wire::{Progress, opening};

use crate::handover;
use crate::random::Random;
use crate::stream;

/// Checks every law for `bytes`; panics at the first that is broken.
pub(crate) fn holds(bytes: &[u8]) {
    let (answer, taken) = stream::answer(bytes, Parser::default, Parser::feed);
    match &answer {
        Progress::NotThis => assert!(bytes[..taken - 1].iter().all(|byte| b"\r\n".contains(byte))),
        Progress::NeedMore => bound_holds(bytes),
        Progress::Malformed(_) => {}
        Progress::Done(head) => {
            assert!(taken <= MAX_HEAD);
            head_holds(head);
            assert_eq!(
                Parser::default().feed(&written(head)),
                Progress::Done(head.clone()),
                "written and read again"
            );
            handover::round_trip(&Evidence::Seen(opening::Opening::Http1(head.clone())));
        }
    }
    same_as_httparse(bytes, &answer, taken);
}

/// Every 64th head that does not end is continued, until it is over the bound: `bytes` again and again.
fn bound_holds(bytes: &[u8]) {
    if bytes.is_empty() || Random::from_bytes(bytes).between(0, 63) > 0 {
        return;
    }
    let endless: Vec<u8> = bytes.iter().copied().cycle().take(MAX_HEAD + 1).collect();
    let (answer, taken) = stream::answer(&endless, Parser::default, Parser::feed);
    assert!(answer != Progress::NeedMore && taken <= MAX_HEAD + 1, "{taken}");
}

fn head_holds(head: &Head) {
    assert!(head.method.len() <= 32 && is_name(&head.method), "{:?}", head.method);
    assert!(head.names.iter().all(is_name), "{:?}", head.names);
    assert!(head.names.iter().count() <= MAX_NAMES && head.names.as_str().len() <= MAX_NAME_BYTES);
    assert_eq!(HeaderNames::parse(head.names.as_str()).as_ref(), Some(&head.names));
    assert_eq!(Quirks::from_bits(head.quirks.bits()), Some(head.quirks));
    let joined: Vec<&str> = head.names.iter().collect();
    assert_eq!(joined.join(","), head.names.as_str());
    assert_eq!(CaseClass::of(head.names.iter()).is_none(), joined.is_empty());
    let order = HeaderOrder::of(head.names.iter()).expect("the names' bound is the order's");
    assert_eq!(
        HeaderOrder::of(order.names()).as_ref(),
        Some(&order),
        "what is left stays"
    );
}

/// Whether `text` is printable ASCII, without what parts names from another.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b",;:".contains(&byte))
}

/// A head with this shape, as a client would write it.
fn written(head: &Head) -> Vec<u8> {
    let has = |quirk| head.quirks.has(quirk);
    let end = if has(Quirks::BARE_LF) { "\n" } else { "\r\n" };
    let target = match head.target {
        TargetForm::Origin => "/",
        TargetForm::Absolute => "http://a/",
        TargetForm::Authority => "a:443",
        TargetForm::Asterisk => "*",
    };
    let version = match head.version {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
    };
    let mut text = String::new();
    if has(Quirks::LEADING_EMPTY_LINE) {
        text.push_str(end);
    }
    text.push_str(&format!("{} {target} HTTP/{version}{end}", head.method));
    if has(Quirks::FOLDED) {
        text.push_str(&format!(" {end}"));
    }
    // One header cannot have both too little space and too much.
    let mut spaces = Vec::from([(Quirks::NO_SPACE, ""), (Quirks::WIDE_SPACE, "  ")]);
    spaces.retain(|(quirk, _)| has(*quirk));
    for (n, name) in head.names.iter().enumerate() {
        let space = spaces.get(n).map_or(" ", |(_, space)| space);
        let behind = if n == 0 && has(Quirks::TRAILING_SPACE) { " " } else { "" };
        text.push_str(&format!("{name}:{space}value{behind}{end}"));
    }
    text.push_str(end);
    text.into_bytes()
}

fn same_as_httparse(bytes: &[u8], answer: &Progress<Head, Error>, taken: usize) {
    let mut headers = [httparse::EMPTY_HEADER; MAX_NAMES];
    let mut other = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(length)) = other.parse(bytes) else {
        return;
    };
    match answer {
        Progress::Done(head) => {
            assert_eq!(taken, length, "both end at the same byte");
            assert_eq!(other.method, Some(&*head.method));
            assert_eq!(other.version, Some(u8::from(head.version == Version::Http11)));
            assert!(other.headers.iter().map(|header| header.name).eq(head.names.iter()));
        }
        Progress::Malformed(Error::TooLong | Error::TooMany) => {}
        Progress::Malformed(Error::RequestLine) if other.method.is_some_and(|method| method.len() > 32) => {}
        answer => panic!("httparse reads {length} bytes, we answer {answer:?}"),
    }
}
