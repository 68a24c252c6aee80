//! Load from many clients at once, of which each counts what it was not answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::stack::{Ports, Stack};
use layerprint_harness::traffic::frames::{Ended, Ending};
use layerprint_harness::traffic::{Connection, Kept, source};

/// Clients of a kind.
const EACH: u64 = 3;

/// Clients at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    /// A few over HTTP/1 with a connection for each request, a few that keep theirs, a few over HTTP/2, and curl over TLS.
    pub fn begin(stack: &Stack) -> Self {
        let mut load = Self {
            stop: Arc::default(),
            answered: Arc::default(),
            clients: Vec::new(),
        };
        let ports = stack.ports();
        for client in 0..EACH {
            load.client(move || {
                let reply = Connection::open(source(client), ports.http)?.get("/each", "connection: close\r\n")?;
                Ok(reply.status)
            });
            load.client(kept_http1(ports, client));
            load.client(kept_http2(ports, client));
        }
        let url = stack.tls_url("/tls");
        load.client(move || {
            let reply = Client::Curl(CurlHttp::Http2).get(&url, &[]);
            reply.map(|reply| reply.status).map_err(std::io::Error::other)
        });
        load
    }

    fn client(&mut self, mut ask: impl FnMut() -> std::io::Result<u16> + Send + 'static) {
        let (stop, answered) = (Arc::clone(&self.stop), Arc::clone(&self.answered));
        self.clients.push(thread::spawn(move || {
            let mut failures = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                match ask() {
                    Ok(200) => drop(answered.fetch_add(1, Ordering::Relaxed)),
                    other => failures.push(format!("{other:?}")),
                }
            }
            failures
        }));
    }

    /// How many were answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Ends it: how many requests were answered, and what became of the others.
    pub fn end(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let failures = self.clients.into_iter().flat_map(|client| client.join().unwrap());
        (self.answered.load(Ordering::Relaxed), failures.collect())
    }
}

/// Opens anew when it is told that the connection will close, and at no other time.
fn kept_http1(ports: Ports, client: u64) -> impl FnMut() -> std::io::Result<u16> {
    let mut kept: Option<Connection> = None;
    move || {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::open(source(100 + client), ports.http)?,
        };
        let reply = connection.get("/kept", "")?;
        if reply.header("connection") != Some("close") {
            kept = Some(connection);
        }
        Ok(reply.status)
    }
}

fn kept_http2(ports: Ports, client: u64) -> impl FnMut() -> std::io::Result<u16> {
    let mut kept: Option<Kept> = None;
    move || {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Kept::open(source(200 + client), ports.http, "/h2", &[("user-agent", "load")])?,
        };
        let mut is_good = false;
        let Ended { ending, is_last } = connection.ask(1, |_, bytes| is_good |= bytes.first() == Some(&0x88))?;
        if !is_last {
            kept = Some(connection);
        }
        match ending {
            Ending::Answered if is_good => Ok(200),
            other => Err(std::io::Error::other(format!("HTTP/2: {other:?}"))),
        }
    }
}
