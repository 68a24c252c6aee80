//! The upstream of every stack: it answers with the request that reached it, so that a test or a person sees what the
//! filter added, removed and left alone.
//!
//! `{"method": …, "path": …, "headers": [[name, value], …]}`, and `"trailers"` in the same form when there were any.
//! Headers stand in the order and the case in which they arrived. A value that is not UTF-8 is shown as Latin-1: one
//! character for each byte, none lost. The body is read to its end and dropped.

mod head;
mod tape;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use self::head::{HeaderLines, Received};
use self::tape::{Recording, Tape};

/// Well past what Envoy is set to let through (1000 headers, 96 KiB) plus what it and the filter add.
const MAX_HEADERS: usize = 2048;
/// The longest request head.
const MAX_HEAD: usize = 256 * 1024;
/// How long open connections may take to finish after `stop`.
const GRACE: Duration = Duration::from_secs(1);

/// A running echo server, on a thread of its own. Dropping it stops it.
#[derive(Debug)]
pub struct Echo {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Echo {
    /// Listens on `address` (port 0: a free one) and serves until dropped.
    pub fn start(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("echo".to_owned())
            .spawn(move || runtime.block_on(serve(listener, stopped)))?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the thread has ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported by the panic hook; a destructor must not raise it again.
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, mut stopped: oneshot::Receiver<()>) {
    // Fails only outside a runtime.
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let connections = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let tape = Tape::new(MAX_HEAD);
                    let stream = TokioIo::new(Recording::new(stream, tape.clone()));
                    let service = service_fn(move |request| answer(request, tape.clone()));
                    let connection = http1::Builder::new()
                        .max_headers(MAX_HEADERS)
                        .max_buf_size(MAX_HEAD)
                        .serve_connection(stream, service);
                    tokio::spawn(connections.watch(connection));
                }
                // Out of file descriptors, or a client gone before it was accepted: give the others time to end.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            _ = &mut stopped => break,
        }
    }
    // Connections still open after that are cut with the runtime.
    let _ = tokio::time::timeout(GRACE, connections.shutdown()).await;
}

async fn answer(request: Request<Incoming>, tape: Tape) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut answer = Map::new();
    answer.insert("method".to_owned(), json!(request.method().as_str()));
    let received = Received::of(&request, &tape);
    answer.insert("path".to_owned(), json!(received.target));
    answer.insert("headers".to_owned(), received.headers.into_json());

    let mut trailers = None;
    let mut body = request.into_body();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(lines) = frame.into_trailers() {
            trailers = Some(HeaderLines::from_map(&lines));
        }
    }
    if let Some(trailers) = trailers {
        answer.insert("trailers".to_owned(), trailers.into_json());
    }
    tape.rewind();

    let mut response = Response::new(Full::from(format!("{:#}\n", Value::Object(answer))));
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    Ok(response)
}
