//! One request on a connection of its own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An Envoy that takes longer is stuck.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// What all routes of the benches answer.
pub(super) const BODY: &str = "ok";

/// The whole answer, which has to be a 200. `headers` are more lines of the head, each ended.
pub(super) fn get(to: SocketAddr, path: &str, headers: &str) -> io::Result<Vec<u8>> {
    let answer = ask(to, path, headers)?;
    if answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(BODY.as_bytes()) {
        return Ok(answer);
    }
    Err(io::Error::other(format!(
        "Envoy answered {:?}",
        String::from_utf8_lossy(&answer)
    )))
}

/// The same, whatever the answer.
pub(super) fn ask(to: SocketAddr, path: &str, headers: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let end = format!("\r\n\r\n{BODY}");
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    // The body is known: waiting for Envoy to close would count a timer of Envoy's too.
    while !answer.ends_with(end.as_bytes()) {
        let length = stream.read(&mut piece)?;
        answer.extend_from_slice(piece.get(..length).unwrap_or_default());
        if length == 0 {
            break;
        }
    }
    Ok(answer)
}

/// The value of the first header of this name in an answer; none when it is empty, or the `-` that Envoy writes for nothing.
pub(super) fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let value = answer
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?
        .trim_matches(' ');
    (!matches!(value, "" | "-")).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_says_nothing_is_none() {
        let answer = "HTTP/1.1 200 OK\r\nx-a: -\r\nx-b: \r\nx-cd: 1\r\nx-c: 2 \r\n\r\nok";
        assert_eq!(header(answer, "x-a"), None);
        assert_eq!(header(answer, "x-b"), None);
        assert_eq!(header(answer, "x-c"), Some("2"));
        assert_eq!(header(answer, "x-d"), None);
    }
}
