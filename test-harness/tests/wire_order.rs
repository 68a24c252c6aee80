//! The header map is what the wire shows: of real clients, the pseudo-headers and headers that the request role reads in the real
//! Envoy's map stand in the order in which they were sent.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use layerprint::fingerprint::http2::{Extended, Fingerprint, PseudoOrder};
use layerprint::fingerprint::order::HeaderOrder;
use layerprint::wire::Progress;
use layerprint::wire::http2_block::BlockParser;
use layerprint::wire::opening::{MAX_OPENING, Opening, Parser};
use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackOptions};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);

/// Clients that speak HTTP/2 in the clear, so that the wire can be read. `{U}` is the URL, `{V}` the Python environment.
const CLIENTS: [(&str, &str); 9] = [
    (
        "curl",
        "curl -sS --http2-prior-knowledge -H 'X-B: 1' -H 'X-A: 2' -H 'X-B: 3' -b c=d {U}",
    ),
    ("curl, POST", "curl -sS --http2-prior-knowledge -d body {U}"),
    ("nghttp", "nghttp -n -H 'x-c: 1' {U}"),
    ("h2load", "h2load -n1 -c1 {U}"),
    (
        "node",
        "node -e \"const c=require('http2').connect('{U}');const r=c.request({'x-b':'1','accept':'*/*','x-a':'2'});\
         r.resume();r.on('end',()=>c.close())\"",
    ),
    ("chrome131", IMPERSONATE),
    ("chrome146", IMPERSONATE),
    ("firefox135", IMPERSONATE),
    ("safari184", IMPERSONATE),
];

const IMPERSONATE: &str = "{V}/bin/python -c \"from curl_cffi import requests as r, CurlHttpVersion as V;\
     r.get('{U}',impersonate='{N}',http_version=V.V2_PRIOR_KNOWLEDGE)\"";

/// The first connection; a client that fails before it connects must not be waited for.
fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let start = Instant::now();
    loop {
        match listener.accept() {
            Ok((client, _)) => {
                client.set_nonblocking(false).unwrap();
                return client;
            }
            Err(error) => assert!(start.elapsed() < SOON, "no client: {error}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Passes one connection on to `to`; what the client sent until it closed.
fn record(listener: &TcpListener, to: u16) -> Vec<u8> {
    let mut client = accept(listener);
    let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
    std::thread::scope(|scope| {
        let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        scope.spawn(move || {
            let _ = std::io::copy(&mut answers, &mut back);
            let _ = back.shutdown(Shutdown::Write);
        });
        let mut sent = Vec::new();
        let mut buffer = [0; 16_384];
        loop {
            match client.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(n) => {
                    sent.extend_from_slice(&buffer[..n]);
                    // Envoy may have closed; what was sent before is what counts.
                    let _ = server.write_all(&buffer[..n]);
                }
            }
        }
        let _ = server.shutdown(Shutdown::Both);
        sent
    })
}

/// The opening, and the names of the first request's headers as they stand in its HPACK block.
fn read(wire: &[u8]) -> (layerprint::wire::http2::Opening, Vec<String>) {
    let Progress::Done(Opening::Http2(opening)) = Parser::new(MAX_OPENING).feed(wire) else {
        panic!("no HTTP/2 opening: {wire:02x?}")
    };
    let Progress::Done(block) = BlockParser::default().feed(wire) else {
        panic!("no header block: {wire:02x?}")
    };
    let fields = loona_hpack::Decoder::new().decode(&block).unwrap();
    let names = fields
        .into_iter()
        .map(|(name, _)| String::from_utf8(name.to_vec()).unwrap());
    (opening, names.collect())
}

#[test]
fn the_header_map_of_a_real_client_has_the_order_of_the_wire() {
    let test = "the_header_map_of_a_real_client_has_the_order_of_the_wire";
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    let stack = Stack::start(StackOptions::new(test)).unwrap();
    let mut logged = 0;
    for (name, command) in CLIENTS {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
        let command = command
            .replace("{U}", &url)
            .replace("{N}", name)
            .replace("{V}", &repo::venv().display().to_string());
        let program = command.split(' ').next().unwrap();
        if !require_or_skip(&format!("{test}, {name}"), [availability(program)]) {
            continue;
        }
        let wire = std::thread::scope(|scope| {
            let wire = scope.spawn(|| record(&listener, stack.ports().http));
            let output = Command::new("sh")
                .args(["-c", &command])
                .env("NO_PROXY", "*")
                .output()
                .unwrap();
            assert!(output.status.success(), "{name}: {output:?}");
            wire.join().unwrap()
        });
        logged += 1;
        let line = &stack.access_log().wait_for(logged, SOON).unwrap()[logged - 1]["layerprint"];
        let (opening, names) = read(&wire);
        let pseudo = PseudoOrder::of(names.iter().map(String::as_str)).unwrap();
        let form = Fingerprint {
            opening: &opening,
            pseudo,
        };
        assert_eq!(line["h2"], form.to_string(), "{name}");
        assert_eq!(line["h2_extended"], Extended(form).to_string(), "{name}");
        let order = HeaderOrder::of(names.iter().map(String::as_str)).unwrap();
        let on_the_wire: Vec<_> = order.names().collect();
        assert!(!on_the_wire.is_empty(), "{name}");
        assert_eq!(line["headers"].as_array().unwrap(), &on_the_wire, "{name}");
        assert_eq!(line["order"], order.digest().to_string(), "{name}");
    }
}

fn availability(program: &str) -> Availability {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    match found {
        Ok(output) if output.status.success() => Availability::Here,
        _ => Availability::missing(format!("{program} is not installed")),
    }
}
