//! The ClientHello: handed over as it came, and nobody waits who sends none.

use std::time::{Duration, Instant};

use layerprint::wire::Progress;
use layerprint::wire::tls::ClientHelloParser;
use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::{Client, CurlHttp};
use serde_json::json;

use crate::lab::{AT_ONCE, GET, Lab, Sender, on_each_envoy, on_the_current_envoy, recorded_hello};

/// The records of a hello put into records of at most `size` bytes of content.
fn in_records(hello: &[u8], size: usize) -> Vec<u8> {
    let record = |fragment: &[u8]| {
        let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
        [&hello[..3], &length, fragment].concat()
    };
    hello[5..].chunks(size).flat_map(record).collect()
}

/// A ClientHello of so many bytes that no server would take: its body is not a hello's.
fn made_hello(length: usize) -> Vec<u8> {
    let length_field = u32::try_from(length).unwrap().to_be_bytes();
    let message = [&[1], &length_field[1..], &vec![0x5a; length]].concat();
    in_records(&[b"\x16\x03\x01\0\0", &message[..]].concat(), 16384)
}

#[test]
fn a_hello_is_handed_over_byte_for_byte_in_whatever_pieces_it_comes() {
    let test = "a_hello_is_handed_over_byte_for_byte_in_whatever_pieces_it_comes";
    on_each_envoy(test, |envoy| {
        let lab = Lab::start(test, envoy);
        let hello = recorded_hello();
        let two_records = in_records(&hello, 300);
        let small_records = in_records(&hello, 7);
        for (bytes, size) in [
            (&hello, hello.len()),
            (&hello, 100),
            (&hello, 1),
            (&two_records, two_records.len()),
            (&two_records, 11),
            (&small_records, small_records.len()),
        ] {
            let mut client = Sender::connect(lab.tls()).send_in_pieces(bytes, size);
            // A handshake record or an alert: TLS has read it.
            assert!(matches!(client.first_answer()[0], 21 | 22));
            let address = client.address();
            drop(client);
            let evidence = lab.evidence_of(address);
            assert_eq!(evidence.client_hello.as_ref(), Some(bytes), "in pieces of {size}");
            assert!(evidence.syn.is_some());
        }
    });
}

#[test]
fn a_real_client_is_served_and_its_hello_can_be_parsed() {
    let test = "a_real_client_is_served_and_its_hello_can_be_parsed";
    on_each_envoy(test, |envoy| {
        let curl = Client::Curl(CurlHttp::Http2);
        if !require_or_skip(test, [curl.availability()]) {
            return;
        }
        let lab = Lab::start(test, envoy);
        let reply = curl.get(&lab.stack.tls_url("/"), &[]).unwrap();
        assert_eq!(reply.status, 200);
        let hello = lab.evidence(1).remove(0).client_hello.unwrap();
        let mut parser = ClientHelloParser::new();
        assert!(matches!(parser.push(&hello), Progress::Done(_)));
    });
}

#[test]
fn who_speaks_no_tls_is_not_kept_waiting() {
    let test = "who_speaks_no_tls_is_not_kept_waiting";
    on_each_envoy(test, |envoy| {
        let lab = Lab::start(test, envoy);
        for size in [GET.len(), 1] {
            let start = Instant::now();
            let mut client = Sender::connect(lab.cleartext()).send_in_pieces(GET, size);
            assert!(client.is_served());
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
            let address = client.address();
            drop(client);
            assert_eq!(lab.evidence_of(address).client_hello, None);
        }

        // It begins like a record of TLS, and then does not.
        let mut client = Sender::connect(lab.cleartext()).send(b"\x16\x03\x01\x00\x05\x02GET / HTTP/1.1\r\n\r\n");
        let start = Instant::now();
        assert!(client.first_answer().starts_with(b"HTTP/1.1 400"));
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    });
}

#[test]
fn a_large_hello_is_handed_over_and_a_larger_one_passes_without() {
    let test = "a_large_hello_is_handed_over_and_a_larger_one_passes_without";
    on_each_envoy(test, |envoy| {
        let lab = Lab::start(test, envoy);
        let (large, larger) = (made_hello(60_000), made_hello(70_000));
        for (hello, expected) in [(&large, Some(&large)), (&larger, None)] {
            // Cleartext: TLS would refuse it, this listener answers that it is no HTTP.
            let start = Instant::now();
            let mut client = Sender::connect(lab.cleartext()).send(hello);
            assert!(client.first_answer().starts_with(b"HTTP/1.1 400"));
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
            let address = client.address();
            drop(client);
            assert_eq!(lab.evidence_of(address).client_hello.as_ref(), expected);
        }
    });
}

#[test]
fn a_connection_that_is_closed_at_once_leaves_its_syn_and_nothing_else() {
    let test = "a_connection_that_is_closed_at_once_leaves_its_syn_and_nothing_else";
    on_each_envoy(test, |envoy| {
        let lab = Lab::start(test, envoy);
        let hello = recorded_hello();
        for sent in [&b""[..], &hello[..1], &hello[..200]] {
            let client = Sender::connect(lab.tls()).send(sent);
            let address = client.address();
            drop(client);
            let evidence = lab.evidence_of(address);
            assert!(evidence.syn.is_some());
            assert_eq!(evidence.client_hello, None, "{} bytes", sent.len());
        }
        assert!(Sender::connect(lab.cleartext()).send(GET).is_served());
    });
}

#[test]
fn a_silent_client_is_left_to_envoys_own_timeout_and_disturbs_nobody() {
    let test = "a_silent_client_is_left_to_envoys_own_timeout_and_disturbs_nobody";
    on_the_current_envoy(test, |envoy| {
        let lab = Lab::with(test, envoy, |listener| {
            listener["listener_filters_timeout"] = json!("1s")
        });
        let start = Instant::now();
        let mut silent: Vec<Sender> = (0..20).map(|_| Sender::connect(lab.tls())).collect();
        silent.push(Sender::connect(lab.tls()).send(&recorded_hello()[..200]));
        assert!(Sender::connect(lab.cleartext()).send(GET).is_served());
        for client in &mut silent {
            assert_eq!(client.first_answer(), b"");
        }
        assert!(start.elapsed() > Duration::from_millis(900), "{:?}", start.elapsed());
        assert!(Sender::connect(lab.cleartext()).send(GET).is_served());
    });
}

#[test]
fn a_client_that_speaks_late_is_served_where_the_listener_goes_on_after_the_timeout() {
    let test = "a_client_that_speaks_late_is_served_where_the_listener_goes_on_after_the_timeout";
    on_the_current_envoy(test, |envoy| {
        let lab = Lab::with(test, envoy, |listener| {
            listener["listener_filters_timeout"] = json!("0.2s");
            listener["continue_on_listener_filters_timeout"] = json!(true);
        });
        let client = Sender::connect(lab.cleartext());
        std::thread::sleep(Duration::from_millis(600));
        let mut client = client.send(GET);
        assert!(client.is_served());
        let address = client.address();
        drop(client);
        let evidence = lab.evidence_of(address);
        assert!(evidence.syn.is_some());
        assert_eq!(evidence.client_hello, None);
    });
}
