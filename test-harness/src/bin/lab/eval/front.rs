//! A proxy in front that ends TLS: HAProxy, which speaks HTTP/2 under TLS of its own to Envoy. All of the connection that Envoy sees
//! is HAProxy's, and X-Forwarded-For says who the client is.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use layerprint_harness::availability::Availability;
use layerprint_harness::stack::Stack;

/// From where HAProxy speaks to Envoy: another address than that of the clients, as it would be.
const SOURCE: &str = "127.0.0.2";
const LISTENS_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running HAProxy. Dropping it stops it.
#[derive(Debug)]
pub(super) struct Front {
    process: Child,
    port: u16,
}

impl Front {
    pub(super) fn availability() -> Availability {
        let version = Command::new("haproxy").arg("-v").stdin(Stdio::null()).output();
        match version {
            Ok(output) if output.status.success() => Availability::Here,
            _ => Availability::missing("haproxy is not installed"),
        }
    }

    /// Starts it before this stack, whose files are in `directory`.
    pub(super) fn start(stack: &Stack, directory: &Path) -> Result<Self, String> {
        let io = |error: std::io::Error| error.to_string();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(io)?
            .port();
        let tls = directory.join("tls");
        let both = ["cert.pem", "key.pem"].map(|name| fs::read_to_string(tls.join(name)));
        let [certificate, key] = both;
        let pem = directory.join("haproxy.pem");
        fs::write(&pem, certificate.map_err(io)? + &key.map_err(io)?).map_err(io)?;
        let config = directory.join("haproxy.cfg");
        fs::write(&config, configuration(port, &pem, stack.ports().tls)).map_err(io)?;
        let process = Command::new("haproxy")
            // In the foreground, as one process.
            .args(["-q", "-db", "-f"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io)?;
        let mut front = Self { process, port };
        front.wait_until_it_listens()?;
        Ok(front)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    fn wait_until_it_listens(&mut self) -> Result<(), String> {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("haproxy ended: {status}"));
            }
            if start.elapsed() > LISTENS_WITHIN {
                return Err("haproxy does not listen".to_owned());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn configuration(port: u16, pem: &Path, envoy: u16) -> String {
    format!(
        "defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n\
         frontend clients\n    bind 127.0.0.1:{port} ssl crt {} alpn h2,http/1.1\n    option forwardfor\n    default_backend envoy\n\
         backend envoy\n    server envoy 127.0.0.1:{envoy} source {SOURCE} ssl verify none sni str(localhost) alpn h2\n",
        pem.display()
    )
}
