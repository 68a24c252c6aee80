//! The framing of RFC 8446 §5.1 and §4: what a record and a handshake header may say, and when that is certain.

use layerprint::wire::Progress;
use layerprint::wire::tls::{ClientHello, ClientHelloParser, HelloError, MAX_CLIENT_HELLO};

use crate::client_hello::{in_pieces, records};
use crate::naive::Hello;

fn small() -> Hello {
    Hello {
        version: 0x0303,
        random: [7; 32],
        session_id: vec![],
        ciphers: vec![0x1301],
        compression: vec![0],
        extensions: None,
    }
}

/// The answer for these bytes, which is the same however they arrive and is given with the last of them.
fn answer(wire: &[u8]) -> Progress<ClientHello, HelloError> {
    let answer = ClientHello::read_records(wire);
    assert_eq!(in_pieces(wire, || 1), answer);
    answer
}

fn refused_at_the_last_byte(wire: &[u8], error: HelloError) {
    assert_eq!(answer(&wire[..wire.len() - 1]), Progress::NeedMore);
    assert_eq!(answer(wire), Progress::Malformed(error));
}

#[test]
fn what_is_not_tls_is_told_by_its_first_byte_or_by_its_version() {
    for first in (0..=255).filter(|byte| *byte != 0x16) {
        assert_eq!(answer(&[first]), Progress::NotThis);
    }
    assert_eq!(answer(b"GET / HTTP/1.1\r\n"), Progress::NotThis);
    assert_eq!(answer(&[0x16]), Progress::NeedMore);
    assert_eq!(answer(&[0x16, 0xfe]), Progress::NotThis, "DTLS");
    assert_eq!(answer(&[]), Progress::NeedMore);
}

#[test]
fn any_minor_record_version_is_read() {
    let mut wire = records(&small().encode(), || 100);
    for minor in 0..=255 {
        wire[2] = minor;
        assert!(matches!(answer(&wire), Progress::Done(_)));
    }
}

#[test]
fn a_record_is_not_longer_than_two_to_the_fourteenth() {
    refused_at_the_last_byte(&[0x16, 3, 1, 0x40, 0x01], HelloError::RecordTooLong);
    assert_eq!(answer(&[0x16, 3, 1, 0x40, 0x00]), Progress::NeedMore);
}

#[test]
fn a_record_is_not_empty() {
    refused_at_the_last_byte(&[0x16, 3, 1, 0, 0], HelloError::EmptyFragment);
    refused_at_the_last_byte(&[0x16, 3, 1, 0, 1, 1, 0x16, 3, 1, 0, 0], HelloError::EmptyFragment);
}

#[test]
fn no_other_record_comes_before_the_message_is_whole() {
    refused_at_the_last_byte(&[0x16, 3, 1, 0, 1, 1, 0x15], HelloError::Interleaved);
    refused_at_the_last_byte(&[0x16, 3, 1, 0, 1, 1, 0x16, 2], HelloError::RecordVersion);
}

#[test]
fn another_handshake_message_is_refused_by_its_first_byte() {
    refused_at_the_last_byte(&[0x16, 3, 1, 0, 4, 2], HelloError::NotClientHello);
}

#[test]
fn a_record_ends_with_the_message() {
    let body = small().encode();
    let length = u8::try_from(body.len()).unwrap();
    let long_record = [&[0x16, 3, 1, 0, 4 + length + 1, 1, 0, 0, length], body.as_slice(), &[0]].concat();
    refused_at_the_last_byte(&long_record[..9], HelloError::MessageAfter);
    assert_eq!(answer(&long_record), Progress::Malformed(HelloError::MessageAfter));
    let late = [records(&body, || 20), vec![]].concat();
    assert!(matches!(answer(&late), Progress::Done(_)));
    let mut late = late;
    let last_record = late.len() - (body.len() + 4) % 20 - 5;
    late[last_record + 4] += 1;
    refused_at_the_last_byte(&late[..last_record + 5], HelloError::MessageAfter);
}

#[test]
fn a_message_of_64_kib_is_read_and_one_byte_more_is_refused_by_its_header() {
    let mut largest = small();
    largest.extensions = Some(vec![
        (0x7777, vec![0; 65_000]),
        (0x0015, vec![0; 65_536 - 65_000 - 43 - 8]),
    ]);
    let body = largest.encode();
    assert_eq!(body.len(), MAX_CLIENT_HELLO);
    let Progress::Done(hello) = answer(&records(&body, || 16_384)) else {
        panic!()
    };
    assert_eq!(hello.body(), body);
    refused_at_the_last_byte(&[0x16, 3, 1, 0x40, 0, 1, 1, 0, 1], HelloError::TooLarge);
    assert_eq!(
        ClientHello::from_body(vec![0; MAX_CLIENT_HELLO + 1]),
        Err(HelloError::TooLarge)
    );
}

/// 65 540 records of one byte, read byte by byte: a cost that grew with what is already there would not end here.
#[test]
fn one_byte_at_a_time_costs_no_more_than_all_at_once() {
    let mut large = small();
    large.extensions = Some(vec![(0x7777, vec![0; 65_000])]);
    let wire = records(&large.encode(), || 1);
    let mut parser = ClientHelloParser::new();
    for byte in &wire {
        parser.push(&[*byte]);
    }
    assert!(matches!(parser.finish(), Progress::Done(_)));
}

fn body_error(body: Vec<u8>) -> HelloError {
    ClientHello::from_body(body).unwrap_err()
}

#[test]
fn every_cut_of_the_body_is_short_but_the_one_before_the_extensions() {
    let mut hello = small();
    let without = hello.encode();
    hello.extensions = Some(vec![(10, vec![0, 2, 0, 29])]);
    let body = hello.encode();
    for length in 0..body.len() {
        match ClientHello::from_body(body[..length].to_vec()) {
            Ok(hello) => assert_eq!(hello.body(), without),
            Err(error) => assert_eq!(error, HelloError::Short),
        }
    }
}

#[test]
fn a_hello_without_extensions_is_whole_and_one_with_an_empty_block_is_another() {
    let mut hello = small();
    let old = ClientHello::from_body(hello.encode()).unwrap();
    hello.extensions = Some(vec![]);
    let new = ClientHello::from_body(hello.encode()).unwrap();
    assert_eq!((old.has_extension_block(), new.has_extension_block()), (false, true));
    assert_eq!((old.extensions().count(), new.extensions().count()), (0, 0));
}

#[test]
fn what_does_not_add_up_is_refused_by_name() {
    let mut twice = small();
    twice.extensions = Some(vec![(10, vec![]), (11, vec![]), (10, vec![])]);
    assert_eq!(body_error(twice.encode()), HelloError::DuplicateExtension);

    let mut trailing = small();
    trailing.extensions = Some(vec![]);
    assert_eq!(body_error([trailing.encode(), vec![0]].concat()), HelloError::Trailing);

    let mut id = small();
    id.session_id = vec![0; 33];
    assert_eq!(body_error(id.encode()), HelloError::SessionIdTooLong);

    let half = [
        vec![3, 3],
        vec![0; 32],
        vec![0],
        vec![0, 3, 0x13, 0x01, 0x13],
        vec![1, 0],
    ]
    .concat();
    assert_eq!(body_error(half), HelloError::HalfCipherSuite);
}

#[test]
fn an_extension_longer_than_its_list_is_short() {
    let list = [0, 10, 0, 5, 0, 2];
    let body = [small().encode(), vec![0, 6], list.to_vec()].concat();
    assert_eq!(body_error(body), HelloError::Short);
}

#[test]
fn a_quic_stream_has_no_records() {
    let body = small().encode();
    let message = [vec![1, 0, 0, u8::try_from(body.len()).unwrap()], body.clone()].concat();
    for length in 0..message.len() {
        assert_eq!(ClientHello::read_handshake(&message[..length]), Progress::NeedMore);
    }
    let Progress::Done(hello) = ClientHello::read_handshake(&message) else {
        panic!()
    };
    assert_eq!(hello.body(), body);
    assert_eq!(
        ClientHello::read_handshake(&[2]),
        Progress::Malformed(HelloError::NotClientHello)
    );
    assert_eq!(
        ClientHello::read_handshake(&[1, 2, 0, 0]),
        Progress::Malformed(HelloError::TooLarge)
    );
}
