//! A connection from an address of this machine's choice: all of 127.0.0.0/8 is its own, so that a test has as many clients as it likes,
//! and none waits for a port.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// An Envoy that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where the body of an answer begins.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// The address of the client of this number: 16 million differ, none is 127.0.0.1 or a network's own.
pub fn source(number: u64) -> Ipv4Addr {
    let [low, middle, high, ..] = number.to_le_bytes();
    // 127.0.x.y is left to others.
    Ipv4Addr::new(127, (high % 255) + 1, middle, low)
}

/// An open connection in cleartext.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// An answer over HTTP/1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Connection {
    /// From `source` to this port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// Nobody listens, or there are no more descriptors.
    pub fn open(source: Ipv4Addr, port: u16) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
        socket.set_tcp_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: socket.into(),
            unread: Vec::new(),
        })
    }

    /// Sends.
    ///
    /// # Errors
    ///
    /// The other side has closed.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// `GET path` with these further lines of headers, each ended, and its answer.
    ///
    /// # Errors
    ///
    /// There is none, or not all of it.
    pub fn get(&mut self, path: &str, lines: &str) -> io::Result<Reply> {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n").as_bytes())?;
        self.reply()
    }

    /// Reads an answer to its end.
    ///
    /// # Errors
    ///
    /// There is none, or not all of it.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let head = self.until(END_OF_HEAD)?;
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut reply = Reply {
            status: status.ok_or_else(|| io::Error::other(format!("no answer of HTTP/1: {head:?}")))?,
            head,
            body: Vec::new(),
        };
        match (reply.header("content-length"), reply.header("transfer-encoding")) {
            (Some(length), _) => {
                let length = length.parse().map_err(io::Error::other)?;
                reply.body = self.exactly(length)?;
            }
            (None, Some(_)) => loop {
                let line = self.until(b"\r\n")?;
                let size = String::from_utf8_lossy(&line);
                let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
                reply.body.extend(self.exactly(size)?);
                self.exactly(2)?;
                if size == 0 {
                    break;
                }
            },
            (None, None) => {}
        }
        Ok(reply)
    }

    /// Says that nothing more will come, and reads what still does until the other side closes.
    ///
    /// # Errors
    ///
    /// It does not.
    pub fn half_close(mut self) -> io::Result<Vec<u8>> {
        self.stream.shutdown(Shutdown::Write)?;
        self.to_end()
    }

    /// Reads until the other side closes.
    ///
    /// # Errors
    ///
    /// It does not.
    pub fn to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = std::mem::take(&mut self.unread);
        match self.stream.read_to_end(&mut bytes) {
            // Closed by a reset, since not all was read that was sent. What came is there.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(bytes),
            done => done.map(|_| bytes),
        }
    }

    /// Ends it with a reset.
    ///
    /// # Errors
    ///
    /// It has ended already.
    pub fn reset(self) -> io::Result<()> {
        Socket::from(self.stream).set_linger(Some(Duration::ZERO))
    }

    /// Reads what there is, or waits for some; none when the other side has closed.
    ///
    /// # Errors
    ///
    /// It was reset, or nothing comes.
    pub fn more(&mut self) -> io::Result<&[u8]> {
        let mut piece = [0; 16_384];
        let count = self.stream.read(&mut piece)?;
        let before = self.unread.len();
        self.unread.extend_from_slice(piece.get(..count).unwrap_or_default());
        Ok(self.unread.get(before..).unwrap_or_default())
    }

    /// How long reading waits at most.
    ///
    /// # Errors
    ///
    /// The system refuses.
    pub fn wait_at_most(&self, time: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(time))
    }

    /// What was read and not taken yet, at least so much of it.
    ///
    /// # Errors
    ///
    /// It does not come.
    pub fn exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < count {
            self.some()?;
        }
        Ok(self.unread.drain(..count).collect())
    }

    fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            let mut windows = self.unread.windows(end.len());
            if let Some(at) = windows.position(|bytes| bytes == end) {
                return self.exactly(at.saturating_add(end.len()));
            }
            self.some()?;
        }
    }

    fn some(&mut self) -> io::Result<()> {
        match self.more()? {
            [] => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::net::TcpListener;

    #[test]
    fn clients_have_addresses_of_their_own() {
        let all: BTreeSet<Ipv4Addr> = (0..100_000).map(source).collect();
        assert_eq!(all.len(), 100_000);
        assert!(all.iter().all(|one| one.octets()[0] == 127 && one.octets()[1] != 0));
    }

    #[test]
    fn answers_are_read_to_their_ends_and_no_further() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = server.local_addr().unwrap().port();
        let mut connection = Connection::open(source(7), port).unwrap();
        let (mut stream, from) = server.accept().unwrap();
        assert_eq!(from.ip(), source(7));
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\nHT")
            .unwrap();
        drop(stream);
        let (first, second) = (connection.reply().unwrap(), connection.reply().unwrap());
        assert_eq!((first.status, first.body.as_slice()), (200, &b"ok"[..]));
        assert_eq!((second.status, second.body.as_slice()), (503, &b"no"[..]));
        assert_eq!(second.header("transfer-encoding"), Some("chunked"));
        assert!(connection.reply().is_err());
    }
}
