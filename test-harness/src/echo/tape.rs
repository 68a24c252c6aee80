//! A copy of what a connection received, kept beside the HTTP library: a header map forgets case and regroups
//! repeated names, and the echo is there to show exactly those. The library also refuses targets that no browser
//! sends but attackers do and Envoy passes on, `/?q="x"`; it is shown them in a tame form, the tape has them as they came.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The bytes received since the last request was answered, up to a limit.
#[derive(Clone, Debug)]
pub(super) struct Tape {
    bytes: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

impl Tape {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: Arc::default(),
            limit,
        }
    }

    /// Reads the tape from its beginning.
    pub(super) fn play<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets everything: the next byte belongs to the next request.
    pub(super) fn rewind(&self) {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Records what has just been read, and tames in place what of it belongs to a request line.
    fn record(&self, new: &mut [u8]) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let in_request_line = !bytes.contains(&b'\n');
        let room = self.limit.saturating_sub(bytes.len());
        bytes.extend(new.iter().take(room));
        if in_request_line {
            new.iter_mut()
                .take_while(|byte| **byte != b'\n')
                .for_each(|byte| *byte = tame(*byte));
        }
    }
}

/// A byte of a request line as the HTTP library accepts it. No byte is added or lost.
pub(super) fn tame(byte: u8) -> u8 {
    match byte {
        b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x7f.. => b'_',
        _ => byte,
    }
}

/// A stream whose received bytes go onto a tape too.
pub(super) struct Recording<S> {
    stream: S,
    tape: Tape,
}

impl<S> Recording<S> {
    pub(super) fn new(stream: S, tape: Tape) -> Self {
        Self { stream, tape }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Recording<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.tape.record(buf.filled_mut().get_mut(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recording<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
