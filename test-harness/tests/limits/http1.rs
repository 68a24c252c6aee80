//! A client of cleartext HTTP/1 that keeps its connection, from an address of its choice.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;
use tokio::net::TcpSocket;

/// An Envoy that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// What was told.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    /// In lower case, without the body.
    pub head: String,
    pub body: String,
}

impl Told {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Connection {
    /// From `source` to `port` of this machine.
    pub fn open(source: Ipv4Addr, port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        let stream = runtime.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::new(IpAddr::V4(source), 0)).unwrap();
            socket.connect((Ipv4Addr::LOCALHOST, port).into()).await.unwrap()
        });
        let stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Asks for `path` of `host`, with these further lines of headers.
    pub fn get(&mut self, host: &str, path: &str, lines: &str) -> Told {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n");
        self.stream.write_all(request.as_bytes()).unwrap();
        let head = String::from_utf8(self.read_until(b"\r\n\r\n"))
            .unwrap()
            .to_ascii_lowercase();
        let mut told = Told {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: String::new(),
        };
        if let Some(length) = told.header("content-length") {
            let body = self.read(length.parse().unwrap());
            told.body = String::from_utf8(body).unwrap();
        } else {
            assert_eq!(told.header("transfer-encoding"), Some("chunked"), "{told:?}");
            loop {
                let size = String::from_utf8(self.read_until(b"\r\n")).unwrap();
                let size = usize::from_str_radix(size.trim(), 16).unwrap();
                told.body += str::from_utf8(&self.read(size)).unwrap();
                self.read(2);
                if size == 0 {
                    break;
                }
            }
        }
        told
    }

    fn read_until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.unread.windows(end.len()).position(|bytes| bytes == end) {
                return self.unread.drain(..at + end.len()).collect();
            }
            self.more();
        }
    }

    fn read(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            self.more();
        }
        self.unread.drain(..length).collect()
    }

    fn more(&mut self) {
        let mut bytes = [0; 4_096];
        let count = self.stream.read(&mut bytes).unwrap();
        assert!(count > 0, "Envoy closed the connection");
        self.unread.extend_from_slice(&bytes[..count]);
    }
}
