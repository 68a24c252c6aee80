//! The table itself: each row founded, named once, reachable; what is refused, and how one is extended.

use std::collections::BTreeSet;

use layerprint::clients::stacks::{Kind, Level, Stacks};

use crate::{fixtures, said, stacks};

#[test]
fn each_row_has_a_name_of_its_own_and_says_where_it_comes_from() {
    let names: BTreeSet<&str> = stacks().rows().iter().map(|row| row.name()).collect();
    assert_eq!(names.len(), stacks().rows().len());
    for name in [
        "linux",
        "windows",
        "apple",
        "freebsd",
        "openbsd",
        "netbsd",
        "middlebox-gvisor",
        "zmap",
        "masscan",
        "nmap",
    ] {
        assert!(names.contains(name), "{name}");
    }
    for row in stacks().rows() {
        let best = row.provenance().iter().any(|source| source.level != Level::Unverified);
        assert!(best, "{} rests on hearsay alone", row.name());
        for source in row.provenance() {
            assert!(
                source.date.as_str() <= stacks().date(),
                "{} is younger than the table",
                row.name()
            );
        }
    }
    assert!(stacks().rows().iter().filter(|row| row.kind() == Kind::Scanner).count() >= 4);
}

/// A row that says it was measured has a recording that is known as it.
#[test]
fn what_is_called_measured_is_a_fixture() {
    let known: BTreeSet<String> = fixtures::names()
        .iter()
        .filter(|name| !name.starts_with("made-"))
        .map(|name| said(&fixtures::syn(name)))
        .filter_map(|said| said.split(' ').next().map(str::to_owned))
        .collect();
    for row in stacks().rows() {
        let is_measured = row.provenance().iter().any(|source| source.level == Level::Measured);
        assert_eq!(is_measured, known.contains(row.name()), "{}", row.name());
    }
}

const ROW: &str = r#"{ "name": "toaster", "kind": "os", "runs": [], "shapes": [
    { "ttl": [64, 64], "layouts": ["mss,nop,ws", "mss"], "windows": ["fill"], "df": true }
], "provenance": [ { "level": "unverified", "from": "a toaster", "date": "2026-01-31" } ] }"#;

fn table(rows: &str) -> String {
    format!(r#"{{ "format": 1, "date": "2026-12-01", "stacks": [{rows}] }}"#)
}

fn refusal(rows: &str) -> String {
    Stacks::parse(&table(rows)).expect_err("it is wrong").to_string()
}

#[test]
fn a_later_table_adds_rows_and_replaces_those_of_the_same_name() {
    let replacement = ROW.replace("toaster", "linux");
    let other = Stacks::parse(&table(&format!("{ROW},{replacement}"))).unwrap();
    let both = stacks().clone().extended_by(other);
    assert_eq!(both.date(), "2026-12-01");
    assert_eq!(both.rows().len(), stacks().rows().len() + 1);
    let linux = both.rows().iter().find(|row| row.name() == "linux").unwrap();
    assert_eq!(linux.provenance()[0].from, "a linux");
    // The row that knew it is gone.
    assert_eq!(both.identify(&fixtures::syn("linux-v4")).name(), "unknown");
    assert_eq!(both.identify(&fixtures::syn("made-windows-11")).name(), "windows");
}

#[test]
fn a_mistake_refuses_the_table_and_says_what_is_accepted() {
    assert!(Stacks::parse(&table(ROW)).is_ok());
    for (from, to, expected) in [
        (
            "fill",
            "full",
            "toaster: window \"full\": fill, mss*, mss*n, mss*n/scale, or a number",
        ),
        (
            "mss,nop,ws\"",
            "mss,pad,ws\"",
            "toaster: option \"pad\": eol, nop, mss, ws, sok, ts, or ?n for another kind",
        ),
        (
            "\"mss\"]",
            "\"ws\"]",
            "toaster: layout \"ws\" lacks what none can be without",
        ),
        (
            "[64, 64]",
            "[64, 63]",
            "toaster: [64, 63] is empty: the lesser number stands first",
        ),
        ("2026-01-31", "2026-13-31", "toaster: date \"2026-13-31\": YYYY-MM-DD"),
        ("2026-01-31", "31.1.2026", "toaster: date \"31.1.2026\": YYYY-MM-DD"),
        (
            "\"a toaster\"",
            "\"\"",
            "toaster: where does it come from? provenance is empty",
        ),
        (
            "\"runs\": []",
            "\"runs\": [\"dos\"]",
            "toaster: platform \"dos\" is none that a client can claim",
        ),
        (
            "\"toaster\"",
            "\"Toaster\"",
            "Toaster: a name has 1 to 32 of a-z, 0-9 and -, a letter first",
        ),
        (
            "\"df\": true",
            "\"df\": true, \"version\": 5",
            "toaster: version 5: 4, 6, or left out for both",
        ),
        (
            "\"df\": true",
            "\"df\": true, \"quirks\": [\"odd\"]",
            "toaster: quirk \"odd\" is none of p0f's notation",
        ),
    ] {
        assert_eq!(refusal(&ROW.replacen(from, to, 1)), expected);
    }
    assert_eq!(refusal(&format!("{ROW},{ROW}")), "toaster: stands twice");
    assert!(refusal(&ROW.replace("\"df\"", "\"DF\"")).contains("unknown field `DF`"));
    assert!(refusal(&ROW.replace("\"os\"", "\"toy\"")).contains("unknown variant `toy`"));
    let newer = table(ROW).replace("\"format\": 1", "\"format\": 2");
    assert_eq!(
        Stacks::parse(&newer).unwrap_err().to_string(),
        "format 2, where 1 is read"
    );
}
