//! The echo server shows what reached it, byte for byte: order, case, repeated names, odd values, trailers.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use layerprint_harness::echo::Echo;
use serde_json::{Value, json};

fn start() -> Echo {
    Echo::start(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
}

/// Sends the pieces, each on its own, and reads until the server closes.
fn exchange(echo: &Echo, pieces: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(echo.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    for piece in pieces {
        stream.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn ask(echo: &Echo, request: &[u8]) -> Value {
    body_of(&exchange(echo, &[request]))
}

fn body_of(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn headers_keep_their_order_their_case_and_their_repetitions() {
    let got = ask(
        &start(),
        b"GET /a?b=%22 HTTP/1.1\r\nHost: h\r\nX-B: 1\r\na: 2\r\nx-b: 3\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(
        got,
        json!({
            "method": "GET",
            "path": "/a?b=%22",
            "headers": [["Host", "h"], ["X-B", "1"], ["a", "2"], ["x-b", "3"], ["Connection", "close"]],
        })
    );
}

#[test]
fn a_value_that_is_not_utf8_is_shown_byte_by_byte() {
    let got = ask(
        &start(),
        b"GET / HTTP/1.1\r\nhost: h\r\nx: \xff\xe9\r\nconnection: close\r\n\r\n",
    );
    assert_eq!(got["headers"][1], json!(["x", "\u{ff}\u{e9}"]));
}

#[test]
fn a_thousand_headers_are_received() {
    let lines: String = (0..1000).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let request = format!("GET / HTTP/1.1\r\nhost: h\r\n{lines}connection: close\r\n\r\n");
    let got = ask(&start(), request.as_bytes());
    assert_eq!(got["headers"].as_array().unwrap().len(), 1002);
    assert_eq!(got["headers"][1000], json!(["x-999", "999"]));
}

#[test]
fn a_head_of_128_kib_is_received() {
    let long = "v".repeat(128 * 1024);
    let got = ask(
        &start(),
        format!("GET / HTTP/1.1\r\nhost: h\r\nx: {long}\r\nconnection: close\r\n\r\n").as_bytes(),
    );
    assert_eq!(got["headers"][1][1].as_str().unwrap().len(), long.len());
}

#[test]
fn a_body_is_drained_and_its_trailers_are_shown() {
    let request =
        b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\ntrailer: x-t\r\nconnection: close\r\n\r\n\
        5\r\nhello\r\n0\r\nx-t: end\r\n\r\n";
    let got = ask(&start(), request);
    assert_eq!(got["method"], "POST");
    assert_eq!(got["trailers"], json!([["x-t", "end"]]));
}

#[test]
fn the_second_request_of_a_connection_is_not_mistaken_for_the_first() {
    let echo = start();
    let first = b"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";
    let second = b"GET /2 HTTP/1.1\r\nHOST: h\r\nConnection: close\r\n\r\n";
    let answers = exchange(&echo, &[first, second]);
    let (_, last) = answers.rsplit_once("HTTP/1.1 200").unwrap();
    let got = body_of(&format!("HTTP/1.1 200{last}"));
    assert_eq!(got["path"], "/2");
    assert_eq!(got["headers"][0], json!(["HOST", "h"]));
}

#[test]
fn a_request_in_small_pieces_is_shown_whole() {
    let request = b"GET /p HTTP/1.1\r\nHoSt: h\r\nConnection: close\r\n\r\n";
    let pieces: Vec<&[u8]> = request.chunks(7).collect();
    assert_eq!(
        body_of(&exchange(&start(), &pieces))["headers"][0],
        json!(["HoSt", "h"])
    );
}

#[test]
fn a_target_that_attackers_send_is_shown_as_it_came() {
    let target = r#"/<a>?q="><script>&b={|}^`\#end"#;
    let request = format!("GET {target} HTTP/1.1\r\nX-B: \"1\"\r\nhost: h\r\nconnection: close\r\n\r\n");
    let got = ask(&start(), request.as_bytes());
    assert_eq!(got["path"], target);
    assert_eq!(got["headers"][0], json!(["X-B", "\"1\""]));
}

#[test]
fn dropping_it_frees_the_port() {
    let echo = start();
    let address = echo.address();
    drop(echo);
    assert!(TcpStream::connect(address).is_err());
}
