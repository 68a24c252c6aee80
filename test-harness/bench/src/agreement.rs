//! Whether both sides say the same of each input: speeds of different answers would not compare.

use crate::{Inputs, ROWS, ours, theirs};

/// Every input on which they differ, in words.
pub fn differences(inputs: &Inputs) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, name: &str, ours: Option<String>, theirs: Option<String>| {
        if ours.is_none() || ours != theirs {
            found.push(format!("{what} of {name}:\n  ours   {ours:?}\n  theirs {theirs:?}"));
        }
    };
    for hello in &inputs.hellos {
        let ours = ours::ja3_and_ja4(&hello.bytes).map(|(ja3, ja4)| format!("{ja3} {ja4}"));
        let theirs = theirs::ja3_and_ja4(&hello.bytes).map(|(ja3, ja4)| format!("{ja3} {ja4}"));
        compare("JA3 and JA4", &hello.name, ours, theirs);
        let ja4 = ours::ja4(&hello.bytes).map(|ja4| ja4.to_string());
        compare("JA4", &hello.name, ja4, theirs::ja4(&hello.bytes));
    }
    for case in ROWS[3].cases(inputs) {
        let mut form = String::new();
        let form = case
            .pseudo
            .and_then(|pseudo| ours::http2(&case.bytes, pseudo, &mut form))
            .map(|_| form);
        let theirs = theirs::http2(&case.bytes);
        compare("HTTP/2 form", &case.name, form, theirs.map(|(form, _)| form));
    }
    for syn in &inputs.syns {
        let text = |side: fn(&[u8], &mut String) -> Option<()>| {
            let mut text = String::new();
            side(&syn.bytes, &mut text).map(|()| text)
        };
        compare(
            "SYN signature",
            &syn.name,
            text(ours::syn_signature),
            text(theirs::syn_signature),
        );
    }
    found
}

/// Where they differ by what each holds right, as `what of name`. Ours follows the documents (FORMATS.md, "Where others go wrong").
const KNOWN: [(&str, &str); 2] = [
    // An empty SETTINGS frame is one (RFC 9113, 6.5); huginn-net answers that there was none.
    ("HTTP/2 form of node:", "an empty SETTINGS frame"),
    // The kernel saves a Fast Open SYN without its data; the IP header counts them, and we believe it.
    (
        "SYN signature of linux-fast-open-cookie:",
        "data that the IP header counts",
    ),
];

/// Stops when they differ in another way than the known ones, or no longer in those.
///
/// # Panics
/// Then.
pub fn require(inputs: &Inputs) {
    let found = differences(inputs);
    for (begin, why) in KNOWN {
        let kept = found.iter().any(|difference| difference.starts_with(begin));
        assert!(kept, "no longer different: {begin} {why}");
        println!("known difference: {begin} {why}");
    }
    let unknown: Vec<_> = found
        .iter()
        .filter(|difference| !KNOWN.iter().any(|(begin, _)| difference.starts_with(begin)))
        .collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}
