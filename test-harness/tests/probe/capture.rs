//! The SYNs that arrive on an interface, seen by other means than Envoy's.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use layerprint_harness::availability::Availability;
use layerprint_harness::repo;

const PATIENCE: Duration = Duration::from_secs(20);

/// The client's and the server's: on a shared interface other tests use the same port of a client.
type Ports = (u16, u16);

pub struct Capture {
    process: Child,
    lines: Receiver<String>,
    /// Those that nobody has asked for, in the order in which they came.
    seen: Vec<(Ports, Vec<u8>)>,
}

impl Capture {
    /// Starts capturing on this interface; if this machine does not let us, why. `python` starts a Python where the interface is.
    pub fn start(mut python: Command, interface: &str) -> Result<Self, Availability> {
        let mut process = python
            .arg(repo::root().join("test-harness/tests/probe/capture_syn.py"))
            .arg(interface)
            // It ends with this process, however that ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Availability::missing(format!("python3 cannot be started: {error}")))?;
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = channel();
        // Ends with the process. Read on the side, so that a SYN that never comes is a failure and not a wait without end.
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if line == "ready" => Ok(Self {
                process,
                lines,
                seen: Vec::new(),
            }),
            _ => {
                let _ = process.kill();
                process.wait().unwrap();
                Err(Availability::missing(
                    "capturing packets needs CAP_NET_RAW: run as root",
                ))
            }
        }
    }

    /// The first SYN that came from this port of a client to that of a server and was not yet asked for, from its IP header on.
    pub fn syn_between(&mut self, client: u16, server: u16) -> Vec<u8> {
        loop {
            let wanted = |(ports, _): &(Ports, _)| *ports == (client, server);
            if let Some(at) = self.seen.iter().position(wanted) {
                return self.seen.remove(at).1;
            }
            let line = self
                .lines
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|error| panic!("no SYN from {client} to {server}: {error}"));
            let [client, server, hex] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let ports = (client.parse().unwrap(), server.parse().unwrap());
            let bytes = hex.as_bytes().chunks(2);
            let bytes = bytes.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
            self.seen.push((ports, bytes.collect()));
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
