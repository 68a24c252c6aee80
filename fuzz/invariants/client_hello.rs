//! What holds for any bytes given to the ClientHello parser. The fuzz target is one line that calls this; the tests
//! call it for every recorded and every generated hello, so that it is also checked where no fuzzer runs.

use layerprint::fingerprint::{ja3::Ja3, ja4::Ja4, ja4::Transport, lp1_tls::TlsPart};
use layerprint::wire::Progress;
use layerprint::wire::tls::{ClientHello, ClientHelloParser, HelloError};

use crate::naive;
use crate::random::Random;

type Answer = Progress<ClientHello, HelloError>;

/// Checks every law for `wire`; panics at the first that is broken.
pub(crate) fn holds(wire: &[u8]) {
    let answer = ClientHello::read_records(wire);
    let mut random = Random::from_bytes(wire);
    assert_eq!(
        in_pieces(wire, || random.between(1, 700)),
        answer,
        "pieces of any size give the same answer"
    );
    decided_once(wire, &answer);
    let expected = naive::message_body(wire).and_then(|body| naive::Hello::parse(&body));
    match (answer, expected) {
        (Progress::Done(hello), Some(expected)) => whole(&hello, &expected, &mut random),
        (Progress::Done(_), None) => panic!("the naive parser refuses this hello"),
        (_, Some(_)) => panic!("only the naive parser reads this hello"),
        (_, None) => {}
    }
}

/// Need-more until one length, then the same answer for every longer input.
fn decided_once(wire: &[u8], answer: &Answer) {
    let mut parser = ClientHelloParser::new();
    let decided = wire
        .iter()
        .position(|byte| !matches!(parser.push(&[*byte]), Progress::NeedMore));
    match decided {
        None => assert_eq!(*answer, Progress::NeedMore),
        Some(last) => {
            assert_ne!(*answer, Progress::NeedMore);
            assert_eq!(ClientHello::read_records(&wire[..last]), Progress::NeedMore);
            assert_eq!(ClientHello::read_records(&wire[..=last]), *answer);
        }
    }
    for byte in &wire[decided.map_or(wire.len(), |last| last + 1)..] {
        parser.push(&[*byte]);
    }
    assert_eq!(parser.finish(), *answer, "an answer stays");
}

fn whole(hello: &ClientHello, expected: &naive::Hello, random: &mut Random) {
    assert_eq!(encode(hello), hello.body(), "the views hold every byte");
    assert_eq!(expected.encode(), hello.body());
    assert_eq!(fingerprints(hello), naive::fingerprints(expected));
    read_everything(hello);

    let records = records(hello.body(), || random.between(1, 16_384));
    assert_eq!(
        ClientHello::read_records(&records),
        Progress::Done(hello.clone()),
        "other records, same hello"
    );
    let tiny = self::records(hello.body(), || random.between(1, 3));
    assert_eq!(
        in_pieces(&tiny, || random.between(1, 9)),
        Progress::Done(hello.clone()),
        "other records, same hello"
    );
    let handshake = handshake(hello.body());
    assert_eq!(ClientHello::read_handshake(&handshake), Progress::Done(hello.clone()));
    assert_eq!(
        ClientHello::read_handshake(&handshake[..handshake.len() - 1]),
        Progress::NeedMore
    );
}

/// Feeds `wire` in pieces of the lengths that `length` gives.
pub(crate) fn in_pieces(mut wire: &[u8], mut length: impl FnMut() -> usize) -> Answer {
    let mut parser = ClientHelloParser::new();
    while !wire.is_empty() {
        let (piece, rest) = wire.split_at(length().clamp(1, wire.len()));
        parser.push(piece);
        wire = rest;
    }
    parser.finish()
}

/// The message with `body`, in records whose contents have the lengths that `length` gives.
pub(crate) fn records(body: &[u8], mut length: impl FnMut() -> usize) -> Vec<u8> {
    let mut wire = Vec::new();
    let message = handshake(body);
    let mut rest = message.as_slice();
    while !rest.is_empty() {
        let (fragment, after) = rest.split_at(length().clamp(1, rest.len().min(16_384)));
        wire.extend([0x16, 3, 1]);
        wire.extend(u16::try_from(fragment.len()).unwrap().to_be_bytes());
        wire.extend(fragment);
        rest = after;
    }
    wire
}

fn handshake(body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[1], length.as_slice(), body].concat()
}

/// The message body, from the public views of `hello`.
fn encode(hello: &ClientHello) -> Vec<u8> {
    let extensions = || {
        hello
            .extensions()
            .map(|extension| (extension.code.0, extension.body.to_vec()))
            .collect()
    };
    naive::Hello {
        version: hello.legacy_version().0,
        random: *hello.random(),
        session_id: hello.session_id().to_vec(),
        ciphers: hello.cipher_suites().iter().map(u16::from).collect(),
        compression: hello.compression_methods().to_vec(),
        extensions: hello.has_extension_block().then(extensions),
    }
    .encode()
}

/// Every fingerprint that the crate makes of `hello`, named as the naive implementation names them.
pub(crate) fn fingerprints(hello: &ClientHello) -> Vec<(&'static str, Option<String>)> {
    let ja3 = Ja3::new(hello).ok();
    let ja3n = Ja3::normalized(hello).ok();
    let ja4 = Ja4::new(hello, Transport::Tcp).ok();
    let ja4 = ja4.as_ref();
    let lp1 = TlsPart::new(hello).ok();
    vec![
        ("ja3", ja3.map(|it| it.md5().to_string())),
        ("ja3_raw", ja3.map(|it| it.to_string())),
        ("ja3n", ja3n.map(|it| it.md5().to_string())),
        ("ja3n_raw", ja3n.map(|it| it.to_string())),
        ("ja4", ja4.map(|it| it.ja4().to_string())),
        ("ja4_r", ja4.map(|it| it.ja4_r().to_string())),
        ("ja4_o", ja4.map(|it| it.ja4_o().to_string())),
        ("ja4_ro", ja4.map(|it| it.ja4_ro().to_string())),
        ("ja4s1", ja4.map(|it| it.ja4s1().to_string())),
        ("ja4s1_r", ja4.map(|it| it.ja4s1_r().to_string())),
        ("lp1_tls", lp1.map(|it| it.digest().to_string())),
        ("lp1_tls_r", lp1.map(|it| it.to_string())),
    ]
}

/// No view panics, and a list that was read can be walked to its end.
fn read_everything(hello: &ClientHello) {
    let _ = hello.server_name();
    let _ = hello.early_data();
    let _ = hello.record_size_limit();
    let _ = hello.encrypted_client_hello();
    let _ = hello.pre_shared_key();
    let _ = hello.psk_key_exchange_modes();
    let _ = hello.signature_algorithms_cert();
    let _ = hello.delegated_credential();
    let _ = hello.compress_certificate();
    for names in [
        hello.alpn(),
        hello.application_settings(),
        hello.application_settings_old(),
    ] {
        if let Ok(Some(names)) = names {
            let length: usize = names.clone().map(|name| 1 + name.len()).sum();
            let body = hello.extensions().find(|extension| extension.body.len() == 2 + length);
            assert!(body.is_some(), "the names fill their extension");
        }
    }
    if let Ok(Some(shares)) = hello.key_share() {
        let length: usize = shares.map(|share| 4 + share.key.len()).sum();
        let body = hello
            .extension(layerprint::wire::tls::ExtensionType::KEY_SHARE)
            .unwrap();
        assert_eq!(body.len(), 2 + length, "the shares fill their extension");
    }
}
