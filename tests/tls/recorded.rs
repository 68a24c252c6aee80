//! Hellos of real clients (`tests/fixtures/tls/README.md`): their fingerprints are known, every prefix of them is
//! lawful, and a client that shuffles, sends GREASE or resumes keeps its stable fingerprints.

use std::collections::BTreeMap;
use std::path::PathBuf;

use layerprint::wire::Progress;
use layerprint::wire::tls::{ClientHello, ClientHelloParser};
use serde_json::{Map, Value};

use crate::client_hello::{fingerprints, holds};
use crate::naive;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls")
}

fn all() -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let recorded: BTreeMap<_, _> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "bin"))
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    assert!(recorded.len() > 50);
    recorded
}

fn one(name: &str) -> ClientHello {
    read(&std::fs::read(folder().join(format!("{name}.bin"))).unwrap())
}

fn read(wire: &[u8]) -> ClientHello {
    match ClientHello::read_records(wire) {
        Progress::Done(hello) => hello,
        other => panic!("{other:?}"),
    }
}

fn of(hello: &ClientHello, wanted: &str) -> String {
    fingerprints(hello)
        .into_iter()
        .find(|(name, _)| *name == wanted)
        .unwrap()
        .1
        .unwrap()
}

/// Values that others have published, or that another program computed.
#[test]
fn well_known_clients_have_their_well_known_fingerprints() {
    let known = [
        ("cffi-chrome131-1", "ja4", "t13d1516h2_8daaf6152771_02713d6af862"),
        ("cffi-chrome131-2", "ja4", "t13d1516h2_8daaf6152771_02713d6af862"),
        ("cffi-chrome110", "ja4", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
        ("cffi-chrome99", "ja3", "cd08e31494f9531f560d64c695473da9"),
    ];
    for (name, kind, value) in known {
        assert_eq!(of(&one(name), kind), value, "{name} {kind}");
    }
}

/// `LAYERPRINT_BLESS=1` writes `expected.json` again, from the naive implementation.
#[test]
fn every_recorded_hello_has_its_expected_fingerprints() {
    let file = folder().join("expected.json");
    let naive: Map<String, Value> = all()
        .iter()
        .map(|(name, wire)| {
            let hello = naive::Hello::parse(&naive::message_body(wire).unwrap()).unwrap();
            let values = naive::fingerprints(&hello)
                .into_iter()
                .map(|(kind, value)| (kind.to_owned(), value.into()));
            (name.clone(), Value::Object(values.collect()))
        })
        .collect();
    if std::env::var_os("LAYERPRINT_BLESS").is_some() {
        std::fs::write(&file, serde_json::to_string_pretty(&naive).unwrap() + "\n").unwrap();
    }
    let expected: Map<String, Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let ours: Map<String, Value> = all()
        .iter()
        .map(|(name, wire)| {
            let values = fingerprints(&read(wire))
                .into_iter()
                .map(|(kind, value)| (kind.to_owned(), value.into()));
            (name.clone(), Value::Object(values.collect()))
        })
        .collect();
    assert_eq!(ours, expected);
    assert_eq!(naive, expected);
}

#[test]
fn every_prefix_needs_more_until_the_hello_is_whole() {
    for (name, wire) in all() {
        let whole = read(&wire);
        for length in 0..wire.len() {
            assert_eq!(
                ClientHello::read_records(&wire[..length]),
                Progress::NeedMore,
                "{name} cut at {length}"
            );
        }
        let longer = [wire.as_slice(), b"\x14\x03\x03\x00\x01\x01 and more"].concat();
        for length in wire.len()..longer.len() {
            assert_eq!(
                ClientHello::read_records(&longer[..length]),
                Progress::Done(whole.clone()),
                "{name}"
            );
        }
        let mut parser = ClientHelloParser::new();
        let answers: Vec<bool> = longer
            .iter()
            .map(|byte| parser.push(&[*byte]) == Progress::Done(&whole))
            .collect();
        assert_eq!(answers.iter().position(|done| *done), Some(wire.len() - 1), "{name}");
        assert!(answers[wire.len() - 1..].iter().all(|done| *done), "{name}");
    }
}

#[test]
fn the_laws_hold_for_every_recorded_hello_with_any_byte_changed() {
    for wire in all().into_values() {
        holds(&wire);
        for at in (0..wire.len().min(400)).step_by(17) {
            let mut changed = wire.clone();
            changed[at] ^= 0x11;
            holds(&changed);
        }
    }
}

#[test]
fn extensions_of_real_clients_read_to_their_end() {
    for (name, wire) in all() {
        let hello = read(&wire);
        assert!(hello.server_name().is_ok(), "{name}");
        assert!(hello.supported_groups().is_ok(), "{name}");
        assert!(hello.ec_point_formats().is_ok(), "{name}");
        assert!(hello.signature_algorithms().is_ok(), "{name}");
        assert!(hello.signature_algorithms_cert().is_ok(), "{name}");
        assert!(hello.delegated_credential().is_ok(), "{name}");
        assert!(hello.supported_versions().is_ok(), "{name}");
        assert!(hello.alpn().is_ok(), "{name}");
        assert!(hello.application_settings().is_ok(), "{name}");
        assert!(hello.application_settings_old().is_ok(), "{name}");
        assert!(hello.key_share().is_ok(), "{name}");
        assert!(hello.psk_key_exchange_modes().is_ok(), "{name}");
        assert!(hello.pre_shared_key().is_ok(), "{name}");
        assert!(hello.early_data().is_ok(), "{name}");
        assert!(hello.compress_certificate().is_ok(), "{name}");
        assert!(hello.record_size_limit().is_ok(), "{name}");
        assert!(hello.encrypted_client_hello().is_ok(), "{name}");
    }
}

fn are_stable(names: &[&str]) {
    let hellos: Vec<ClientHello> = names.iter().map(|name| one(name)).collect();
    for kind in ["ja4s1", "lp1_tls"] {
        for hello in &hellos {
            assert_eq!(of(hello, kind), of(&hellos[0], kind), "{kind} of {names:?}");
        }
    }
}

#[test]
fn chromium_with_its_grease_signature_algorithms_keeps_its_fingerprints() {
    let names = ["chromium-1", "chromium-2", "chromium-3", "chromium-other"];
    are_stable(&names);
    let greased = |hello: &ClientHello| {
        hello
            .signature_algorithms()
            .unwrap()
            .unwrap()
            .iter()
            .any(|code| code.is_grease())
    };
    assert!(names.iter().all(|name| greased(&one(name))));
    assert_eq!(of(&one("chromium-1"), "ja4"), of(&one("chromium-other"), "ja4"));
    assert_ne!(
        of(&one("chromium-1"), "ja3"),
        of(&one("chromium-other"), "ja3"),
        "shuffled"
    );
    assert_eq!(of(&one("chromium-1"), "ja3n"), of(&one("chromium-other"), "ja3n"));
}

#[test]
fn a_resumed_session_keeps_the_stable_fingerprints_and_changes_ja4() {
    are_stable(&["chromium-1", "chromium-3"]);
    are_stable(&["firefox-esr-1", "firefox-esr-2", "firefox-esr-3"]);
    are_stable(&[
        "openssl-resumption-1",
        "openssl-resumption-2",
        "openssl-early-data-2",
        "openssl",
        "openssl-no_ticket",
    ]);
    are_stable(&[
        "openssl-tls1_2-resumption-1",
        "openssl-tls1_2-resumption-2",
        "openssl-tls1_2",
    ]);
    for (first, resumed) in [
        ("chromium-1", "chromium-3"),
        ("firefox-esr-1", "firefox-esr-2"),
        ("openssl", "openssl-resumption-2"),
    ] {
        assert_ne!(of(&one(first), "ja4"), of(&one(resumed), "ja4"));
        assert_eq!(one(first).pre_shared_key().unwrap(), None);
        assert_eq!(one(resumed).pre_shared_key().unwrap().unwrap().identities, 1);
    }
}

/// Why `early_data` is left out too: Firefox sends it with the session, and leaves out `session_ticket` then.
#[test]
fn firefox_sends_early_data_when_it_resumes() {
    assert_eq!(one("firefox-esr-1").early_data(), Ok(false));
    assert_eq!(one("firefox-esr-2").early_data(), Ok(true));
    assert_eq!(one("openssl-early-data-2").early_data(), Ok(true));
}

#[test]
fn a_websocket_has_no_alps_and_keeps_the_tls_part_of_lp1() {
    let hellos = [1, 2, 3].map(|n| one(&format!("chromium-websocket-{n}")));
    let offers_h2 = |hello: &&ClientHello| hello.alpn().unwrap().unwrap().any(|name| name == b"h2");
    let has_alps = |hello: &ClientHello| hello.application_settings().unwrap().is_some();
    assert_eq!(hellos.iter().filter(offers_h2).count(), 2);
    assert!(hellos.iter().all(|hello| offers_h2(&hello) == has_alps(hello)));
    assert!(
        hellos
            .iter()
            .all(|hello| of(hello, "lp1_tls") == of(&one("chromium-1"), "lp1_tls"))
    );
}

#[test]
fn shuffled_extensions_change_ja3_and_nothing_sorted() {
    let names = ["cffi-chrome131-1", "cffi-chrome131-2", "cffi-chrome131-3"];
    are_stable(&names);
    let of_all = |kind: &str| {
        names
            .map(|name| of(&one(name), kind))
            .into_iter()
            .collect::<std::collections::HashSet<_>>()
            .len()
    };
    assert_eq!(["ja3", "ja3n", "ja4", "ja4_o"].map(of_all), [3, 1, 1, 3]);
}
