//! The rows of the table: what each side does with each input.

use crate::inputs::{Input, Inputs};
use crate::{ours, theirs};
use layerprint::fingerprint::http2::PseudoOrder;
use layerprint::wire::Progress;
use layerprint::wire::http2_block::BlockParser;
use loona_hpack::Decoder;
use std::hint::black_box;

/// One input, and what a proxy would tell beside it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The client.
    pub name: String,
    /// What both sides get.
    pub bytes: Vec<u8>,
    /// HTTP/2 alone: where the first HEADERS frame begins.
    pub before_headers: usize,
    /// HTTP/2 alone: the order of the first request's pseudo-headers.
    pub pseudo: Option<PseudoOrder>,
}

/// One side's work on one case. The text has room, and is empty; who only displays a form writes it there.
pub type Side = fn(&Case, &mut String);

/// One comparison.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What is compared.
    pub name: &'static str,
    /// Whether the target holds for it; the others are shown.
    pub has_target: bool,
    inputs: fn(&Inputs) -> &[Input],
    /// Our work on one case.
    pub ours: Side,
    /// Theirs.
    pub theirs: Side,
}

/// All of them; the crate's documentation says what each side does.
pub const ROWS: [Row; 6] = [
    Row {
        name: "JA3 + JA4",
        has_target: true,
        inputs: |inputs| &inputs.hellos,
        ours: |case, _| keep(ours::ja3_and_ja4(black_box(&case.bytes))),
        theirs: |case, _| keep(theirs::ja3_and_ja4(black_box(&case.bytes))),
    },
    Row {
        name: "JA3 + JA4, theirs JA4 alone",
        has_target: false,
        inputs: |inputs| &inputs.hellos,
        ours: |case, _| keep(ours::ja3_and_ja4(black_box(&case.bytes))),
        theirs: |case, _| keep(theirs::ja4(black_box(&case.bytes))),
    },
    Row {
        name: "JA4",
        has_target: true,
        inputs: |inputs| &inputs.hellos,
        ours: |case, _| keep(ours::ja4(black_box(&case.bytes))),
        theirs: |case, _| keep(theirs::ja4(black_box(&case.bytes))),
    },
    Row {
        name: "HTTP/2 form, without HPACK",
        has_target: true,
        inputs: |inputs| &inputs.openings,
        ours: |case, text| {
            let answer = case
                .pseudo
                .and_then(|pseudo| ours::http2(black_box(&case.bytes), pseudo, text));
            keep(answer);
        },
        theirs: |case, _| keep(theirs::http2(black_box(&case.bytes[..case.before_headers]))),
    },
    Row {
        name: "HTTP/2 form, with HPACK",
        has_target: false,
        inputs: |inputs| &inputs.openings,
        ours: |case, text| keep(http2_with_hpack(black_box(&case.bytes), text)),
        theirs: |case, _| keep(theirs::http2(black_box(&case.bytes))),
    },
    Row {
        name: "SYN signature",
        has_target: true,
        inputs: |inputs| &inputs.syns,
        ours: |case, text| keep(ours::syn_signature(black_box(&case.bytes), text)),
        theirs: |case, text| keep(theirs::syn_signature(black_box(&case.bytes), text)),
    },
];

/// Makes a value that nobody reads count as read.
fn keep<T>(value: T) {
    black_box(&value);
}

/// Runs one side over all of `cases`.
pub fn run(side: Side, cases: &[Case], text: &mut String) {
    for case in cases {
        text.clear();
        side(case, text);
    }
}

impl Row {
    /// What it is run on.
    pub fn cases(&self, inputs: &Inputs) -> Vec<Case> {
        let case = |input: &Input| Case {
            name: input.name.clone(),
            bytes: input.bytes.clone(),
            before_headers: before_headers(&input.bytes).unwrap_or(0),
            pseudo: pseudo_order(&input.bytes),
        };
        (self.inputs)(inputs).iter().map(case).collect()
    }
}

/// The form as the command-line tool makes it, which has no proxy to ask for the headers.
fn http2_with_hpack(bytes: &[u8], text: &mut String) -> Option<impl Sized> {
    ours::http2(bytes, pseudo_order(bytes)?, text)
}

/// The order of the first request's pseudo-headers, out of its header block.
pub fn pseudo_order(bytes: &[u8]) -> Option<PseudoOrder> {
    let Progress::Done(block) = BlockParser::default().feed(bytes) else {
        return None;
    };
    let mut names = Vec::with_capacity(PseudoOrder::MAX);
    let take = |name: std::borrow::Cow<'_, [u8]>, _value: std::borrow::Cow<'_, [u8]>| {
        if name.first() == Some(&b':') {
            names.push(name.into_owned());
        }
    };
    Decoder::new().decode_with_cb(&block, take).ok()?;
    PseudoOrder::of(names.iter().filter_map(|name| str::from_utf8(name).ok()))
}

/// How many bytes stand before the first HEADERS frame (RFC 9113, 4.1: nine bytes of header, the length in the first three).
fn before_headers(bytes: &[u8]) -> Option<usize> {
    const HEADERS: u8 = 1;
    let mut at = bytes.starts_with(layerprint::wire::http2::PREFACE).then_some(24)?;
    loop {
        let (head, _) = bytes.get(at..)?.split_first_chunk::<9>()?;
        if head[3] == HEADERS {
            return Some(at);
        }
        at += 9 + u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    }
}
