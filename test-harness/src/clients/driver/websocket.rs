//! The client's side of a WebSocket (RFC 6455), as far as browsers need it to be told what to do: texts over cleartext, to a server on
//! this machine that is trusted. For that it takes no crate, and none of the hashes that the handshake proves itself with.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Any nonce will do: nobody stands between.
const HANDSHAKE_KEY: &str = "bGF5ZXJwcmludC1kcml2ZQ==";
/// Nobody is to be kept from guessing it. Of zeros alone, Firefox takes it for none.
const MASK: [u8; 4] = [1, 2, 4, 8];
/// A picture of a page has some megabytes.
const MAX_MESSAGE: usize = 64 * 1024 * 1024;

/// The kinds of frames (5.2).
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

#[derive(Debug)]
pub(super) struct WebSocket(BufReader<TcpStream>);

impl WebSocket {
    /// Connects to `ws://ADDRESS:PORT/PATH`, where an answer may take so long.
    pub(super) fn connect(url: &str, patience: Duration) -> io::Result<Self> {
        let rest = url.strip_prefix("ws://").unwrap_or(url);
        let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {HANDSHAKE_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )?;
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                break;
            }
        }
        if head.split(' ').nth(1) != Some("101") {
            return Err(io::Error::other(head));
        }
        Ok(Self(reader))
    }

    /// Sends a text.
    pub(super) fn send(&mut self, text: &str) -> io::Result<()> {
        self.write(TEXT, text.as_bytes())
    }

    /// The next text.
    pub(super) fn receive(&mut self) -> io::Result<String> {
        let mut message = Vec::new();
        loop {
            let (kind, is_last, payload) = self.read(MAX_MESSAGE.saturating_sub(message.len()))?;
            match kind {
                CLOSE => return Err(io::ErrorKind::ConnectionReset.into()),
                // These may come between the parts of a message (5.4).
                PING => self.write(PONG, &payload)?,
                PONG => {}
                // A text, or more of one.
                _ => {
                    message.extend(payload);
                    if is_last {
                        return String::from_utf8(message).map_err(io::Error::other);
                    }
                }
            }
        }
    }

    /// A client masks what it sends (5.3).
    fn write(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        const LAST: u8 = 0x80;
        const MASKED: u8 = 0x80;
        let mut frame = vec![LAST | kind];
        match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
            (Ok(length @ ..126), _) => frame.push(MASKED | length),
            (_, Ok(length)) => {
                frame.push(MASKED | 126);
                frame.extend(length.to_be_bytes());
            }
            (_, Err(_)) => {
                frame.push(MASKED | 127);
                let length = u64::try_from(payload.len()).map_err(io::Error::other)?;
                frame.extend(length.to_be_bytes());
            }
        }
        frame.extend(MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.0.get_mut().write_all(&frame)
    }

    /// A frame's kind, whether it ends the message, and its payload.
    fn read(&mut self, max: usize) -> io::Result<(u8, bool, Vec<u8>)> {
        let [first, second] = self.take()?;
        let length = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes(self.take()?)),
            127 => u64::from_be_bytes(self.take()?),
            length => u64::from(length),
        };
        let length = usize::try_from(length).map_err(io::Error::other)?;
        if length > max {
            return Err(io::Error::other(format!("a message with {length} bytes more")));
        }
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload)?;
        Ok((first & 0x0f, first & 0x80 != 0, payload))
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    /// A server that agrees, sends these bytes, and gives back what it received after the head.
    fn against(sends: Vec<u8>, test: impl FnOnce(WebSocket)) -> Vec<u8> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}/path", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let mut reader = BufReader::new(listener.accept().unwrap().0);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).unwrap();
            }
            assert!(head.starts_with("GET /path HTTP/1.1\r\n"), "{head}");
            let stream = reader.get_mut();
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").unwrap();
            stream.write_all(&sends).unwrap();
            let mut received = Vec::new();
            reader.read_to_end(&mut received).unwrap();
            received
        });
        test(WebSocket::connect(&url, Duration::from_secs(10)).unwrap());
        server.join().unwrap()
    }

    #[test]
    fn texts_come_whole_and_a_ping_between_is_answered() {
        let mut sends = vec![0x01, 2, b'a', b'b', 0x89, 1, b'p', 0x80, 1, b'c', 0x81, 126, 1, 0];
        sends.extend([b'x'; 256]);
        sends.extend([0x88, 0]);
        let received = against(sends, |mut socket| {
            assert_eq!(socket.receive().unwrap(), "abc");
            assert_eq!(socket.receive().unwrap(), "x".repeat(256));
            assert!(socket.receive().is_err(), "it was closed");
        });
        assert_eq!(received, [0x8a, 0x81, 1, 2, 4, 8, b'p' ^ 1]);
    }

    #[test]
    fn lengths_take_one_three_or_nine_bytes() {
        let received = against(Vec::new(), |mut socket| {
            for length in [125, 126, 65_536] {
                socket.send(&"y".repeat(length)).unwrap();
            }
        });
        assert_eq!(received[..6], [0x81, 0x80 | 125, 1, 2, 4, 8]);
        assert_eq!(received[131..139], [0x81, 0x80 | 126, 0, 126, 1, 2, 4, 8]);
        assert_eq!(received[265..279], [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 4, 8]);
        assert_eq!(received.len(), 279 + 65_536);
    }
}
