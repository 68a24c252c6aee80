//! A proxy in front that speaks HTTP/1.1, for one client: it sends requests over a connection that it keeps, as long as Envoy lets it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use serde_json::Value;

use crate::balancer::connect;
use crate::lab::{CLIENT, SOON};

/// One connection of it.
pub struct Connection(BufReader<TcpStream>);

/// What came back.
pub struct Answer {
    /// What the upstream received.
    pub received: Value,
    /// Whether Envoy says that it closes the connection.
    pub closes: bool,
}

impl Answer {
    /// The values of this header as the upstream received it.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let headers = self.received["headers"].as_array().unwrap().iter();
        headers
            .filter(|header| header[0].as_str().unwrap().eq_ignore_ascii_case(name))
            .map(|header| header[1].as_str().unwrap())
            .collect()
    }
}

impl Connection {
    pub fn to(address: SocketAddr) -> Self {
        let connection = connect(Ipv4Addr::LOCALHOST.into(), address);
        connection.set_read_timeout(Some(SOON)).unwrap();
        Self(BufReader::new(connection))
    }

    /// Sends a request with these header lines on the connection; none comes back when it is closed.
    pub fn ask(&mut self, headers: &str) -> Option<Answer> {
        let request = format!("GET / HTTP/1.1\r\nhost: h\r\nx-forwarded-for: {CLIENT}\r\n{headers}\r\n");
        self.0.get_mut().write_all(request.as_bytes()).ok()?;
        let mut line = String::new();
        self.0.read_line(&mut line).ok().filter(|length| *length > 0)?;
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        let (mut length, mut closes) = (0, false);
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap(),
                Some(("connection", "close")) => closes = true,
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        Some(Answer {
            received: serde_json::from_slice(&body).unwrap(),
            closes,
        })
    }
}
