//! The SYNs that arrive on an interface, seen by other means than Envoy's.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use layerprint_harness::availability::Availability;
use layerprint_harness::repo;

pub struct Capture {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: HashMap<u16, VecDeque<Vec<u8>>>,
}

impl Capture {
    /// Starts capturing on this interface; if this machine does not let us, why. `python` starts a Python where the interface is.
    pub fn start(mut python: Command, interface: &str) -> Result<Self, Availability> {
        let mut process = python
            .arg(repo::root().join("test-harness/tests/probe/capture_syn.py"))
            .arg(interface)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Availability::missing(format!("python3 cannot be started: {error}")))?;
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        match lines.next() {
            Some(Ok(line)) if line == "ready" => Ok(Self {
                process,
                lines,
                seen: HashMap::new(),
            }),
            _ => {
                process.wait().unwrap();
                Err(Availability::missing(
                    "capturing packets needs CAP_NET_RAW: run as root",
                ))
            }
        }
    }

    /// The first SYN that came from this port and was not yet asked for, from its IP header on.
    pub fn syn_from(&mut self, port: u16) -> Vec<u8> {
        loop {
            if let Some(syn) = self.seen.get_mut(&port).and_then(VecDeque::pop_front) {
                return syn;
            }
            let line = self.lines.next().unwrap().unwrap();
            let (port, hex) = line.split_once(' ').unwrap();
            let bytes = hex.as_bytes().chunks(2);
            let bytes = bytes.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
            self.seen
                .entry(port.parse().unwrap())
                .or_default()
                .push_back(bytes.collect());
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
