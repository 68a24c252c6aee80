//! A proxy in front that ends TLS: HAProxy, which speaks HTTP/2 under TLS of its own to Envoy. All of the connection that Envoy sees
//! is HAProxy's, and X-Forwarded-For says who the client is.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use layerprint_harness::availability::Availability;

use super::network::Network;

/// From where HAProxy speaks to Envoy: another address than that of the clients, as it would be.
const SOURCE: &str = "127.0.0.2";
/// Where it listens itself: one that Envoy has not in the network, and which is seldom in use outside.
const PORT: u16 = 11443;
const LISTENS_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running HAProxy. Dropping it stops it.
#[derive(Debug)]
pub(super) struct Front {
    process: Child,
}

impl Front {
    pub(super) fn availability() -> Availability {
        let version = Command::new("haproxy").arg("-v").stdin(Stdio::null()).output();
        match version {
            Ok(output) if output.status.success() => Availability::Here,
            _ => Availability::missing("haproxy is not installed"),
        }
    }

    /// Starts it before the Envoy that listens on this port, there where that is, in the network or on loopback; the files of Envoy's
    /// stack are in `directory`.
    pub(super) fn start(network: Option<&Network>, envoy: u16, directory: &Path) -> Result<Self, String> {
        let io = |error: std::io::Error| error.to_string();
        let tls = directory.join("tls");
        let [certificate, key] = ["cert.pem", "key.pem"].map(|name| fs::read_to_string(tls.join(name)));
        let pem = directory.join("haproxy.pem");
        fs::write(&pem, certificate.map_err(io)? + &key.map_err(io)?).map_err(io)?;
        let config = directory.join("haproxy.cfg");
        let address = if network.is_some() { "0.0.0.0" } else { "127.0.0.1" };
        fs::write(&config, configuration(address, &pem, envoy)).map_err(io)?;
        let there = |program: &str| network.map_or_else(|| Command::new(program), |network| network.on_server(program));
        let process = there("haproxy")
            // In the foreground, as one process.
            .args(["-q", "-db", "-f"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io)?;
        let mut front = Self { process };
        front.wait_until_it_listens(|| there("cat"))?;
        Ok(front)
    }

    pub(super) fn port(&self) -> u16 {
        PORT
    }

    fn wait_until_it_listens(&mut self, cat: impl Fn() -> Command) -> Result<(), String> {
        let start = Instant::now();
        loop {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("haproxy ended, {status}: is port {PORT} in use?"));
            }
            let sockets = cat().arg("/proc/net/tcp").stdin(Stdio::null()).output();
            if sockets.is_ok_and(|output| has_listener(&String::from_utf8_lossy(&output.stdout))) {
                return Ok(());
            }
            if start.elapsed() > LISTENS_WITHIN {
                return Err("haproxy does not listen".to_owned());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// Whether a socket of `/proc/net/tcp` listens on our port: `sl local_address rem_address st`, in hex, and 0A is LISTEN.
fn has_listener(sockets: &str) -> bool {
    let port = format!(":{PORT:04X}");
    sockets.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next().is_some_and(|local| local.ends_with(&port)) && words.nth(1) == Some("0A")
    })
}

impl Drop for Front {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn configuration(address: &str, pem: &Path, envoy: u16) -> String {
    format!(
        "defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n\
         frontend clients\n    bind {address}:{PORT} ssl crt {} alpn h2,http/1.1\n    option forwardfor\n    default_backend envoy\n\
         backend envoy\n    server envoy 127.0.0.1:{envoy} source {SOURCE} ssl verify none sni str(localhost) alpn h2\n",
        pem.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_socket_is_told_from_others_on_the_port() {
        let listening =
            "  sl  local_address rem_address   st\n   0: 00000000:2CB3 00000000:0000 0A 00000000:00000000\n";
        assert!(has_listener(listening));
        assert!(!has_listener(&listening.replace(" 0A ", " 01 ")));
        assert!(!has_listener(&listening.replace("2CB3", "2CB4")));
    }
}
