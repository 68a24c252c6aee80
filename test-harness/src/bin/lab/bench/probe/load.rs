//! The clients of `bench-probe`: the same few at a time for every variant. In cleartext they are threads of this program, under TLS they are
//! curl, because this program speaks no TLS and needs none otherwise.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::super::http1::{get, header};
use super::super::measure;
use super::CLIENTS;

/// The load of one Envoy: connections with one request on each.
pub(super) struct Connections {
    pub(super) to: SocketAddr,
    pub(super) tls: bool,
}

impl measure::Load for Connections {
    fn run(&mut self, each: u32) -> Result<(), Box<dyn Error>> {
        run(self.to, self.tls, each)
    }

    fn settle(&self) -> Duration {
        // Connections end after their answers.
        Duration::from_millis(30)
    }
}

/// What of a connection is in its filter state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) syn: bool,
    pub(super) rtt: bool,
    pub(super) client_hello: bool,
}

/// Opens this many connections, a multiple of [`CLIENTS`], with one request on each.
fn run(to: SocketAddr, tls: bool, connections: u32) -> Result<(), Box<dyn Error>> {
    let each = connections / CLIENTS;
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(move || {
                    if tls {
                        curl(to, each)
                    } else {
                        (0..each).try_for_each(|_| get(to, "/", "").map(drop))
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().map_err(|_| "a client panicked")??;
        }
        Ok(())
    })
}

/// Asks Envoy what reached the filter state of one connection.
pub(super) fn evidence(to: SocketAddr, tls: bool) -> Result<Seen, Box<dyn Error>> {
    let answer = if tls {
        let url = format!("https://localhost:{}/evidence", to.port());
        output(curl_command().args(["-i", &url]))?
    } else {
        get(to, "/evidence", "")?
    };
    let answer = String::from_utf8_lossy(&answer);
    let seen = |name: &str| header(&answer, name).is_some();
    Ok(Seen {
        syn: seen("x-tcp-syn"),
        rtt: seen("x-tcp-rtt-us"),
        client_hello: seen("x-tls-client-hello"),
    })
}

/// One curl that opens this many connections, one after the other, without resuming a TLS session.
fn curl(to: SocketAddr, connections: u32) -> io::Result<()> {
    let url = format!("https://localhost:{}/?[1-{connections}]", to.port());
    let mut command = curl_command();
    command.args(["-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", &url]);
    let output = output(&mut command)?;
    let lines = String::from_utf8_lossy(&output);
    let served = lines.lines().filter(|line| *line == "200 1").count();
    if u32::try_from(served) == Ok(connections) {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "only {served} of {connections} connections of curl were new and served"
    )))
}

fn curl_command() -> Command {
    let mut command = Command::new("curl");
    // -q, first: no ~/.curlrc. -4: Envoy listens on 127.0.0.1, and ::1 would be tried first.
    command.args([
        "-q",
        "-sS",
        "-4",
        "-k",
        "--http1.1",
        "--tlsv1.3",
        "--no-sessionid",
        "-H",
        "connection: close",
    ]);
    command.args(["--noproxy", "*", "--max-time", "30"]);
    command
}

fn output(command: &mut Command) -> io::Result<Vec<u8>> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(io::Error::other(format!(
        "curl: {} {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    )))
}
