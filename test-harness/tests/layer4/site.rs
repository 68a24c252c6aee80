//! A site under observation: Envoy with the probe and the module, listening on the server of a small network, and clients that
//! visit it from the other side.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::stack::{Stack, StackOptions};
use serde_json::{Value, json};

use crate::capture::Capture;
use crate::lab::{Lab, SOON};
use crate::net::{self, Network, check};

/// The ports on the server.
pub const TLS: u16 = 8443;
pub const CLEARTEXT: u16 = 8080;
pub const PASSTHROUGH: u16 = 8444;

/// Whether the test may go on: everything that a site needs is here, and what it needs besides.
pub fn can_run(test: &str, more: impl IntoIterator<Item = Availability>) -> bool {
    let needs = [Stack::availability(), Stack::probe_availability()];
    require_or_skip(test, needs.into_iter().chain(more))
}

/// What a site in a network needs besides.
pub fn network_availability() -> Availability {
    let curl = layerprint_harness::clients::Client::Curl(layerprint_harness::clients::CurlHttp::Http2);
    Availability::all([net::availability(), curl.availability()])
}

/// The site and its network.
pub struct Site {
    // Dropped in this order: Envoy leaves before the network does.
    pub lab: Lab,
    pub capture: Capture,
    pub network: Network,
}

/// A request that was served.
#[derive(Debug)]
pub struct Visit {
    /// The client's end of its connection.
    pub client: SocketAddr,
    /// What the upstream says it received.
    pub received: Value,
}

impl Site {
    pub fn open(test: &str, network: Network) -> Self {
        Self::open_with(test, network, |_| {})
    }

    /// With each listener changed.
    pub fn open_with(test: &str, network: Network, change: impl Fn(&mut Value) + Send + 'static) -> Self {
        let namespace = network.server.path();
        let lab = Lab::launch(test, StackOptions::new(test), move |listener| {
            listen_in(&namespace, listener);
            change(listener);
        });
        let capture = Capture::start(network.server.command("python3"), network.interface);
        Self {
            lab,
            capture: capture.unwrap_or_else(|missing| panic!("{missing}")),
            network,
        }
    }

    /// curl on the client, with these options and this URL.
    pub fn curl(&self, arguments: &[&str]) -> Visit {
        let options = ["-q", "-g", "-sS", "-k", "--max-time", "20"];
        let epilogue = ["-w", "\n%{http_code} %{local_port} %{local_ip}"];
        let mut curl = self.network.client.command("curl");
        let output = check(curl.args(options).args(epilogue).args(arguments));
        let (body, epilogue) = output.rsplit_once('\n').unwrap();
        let [status, port, ip] = epilogue.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(status, "200", "{body}");
        Visit {
            client: SocketAddr::new(ip.parse().unwrap(), port.parse().unwrap()),
            received: serde_json::from_str(body).unwrap(),
        }
    }

    /// Holds the SYN in filter state of this client's connection to `port` against the wire: byte for byte the same.
    pub fn assert_the_syn_is_that_on_the_wire(&mut self, client: SocketAddr, port: u16) {
        let on_the_wire = self.capture.syn_between(client.port(), port);
        assert_eq!(self.lab.evidence_of(client).syn, Some(on_the_wire));
    }

    /// The line of this client's request.
    pub fn line_of(&self, client: SocketAddr) -> Value {
        line_of(&self.lab, client)
    }
}

/// The line of this client's first request, once there is one.
pub fn line_of(lab: &Lab, client: SocketAddr) -> Value {
    wait_for(lab, || {
        let lines = lab.stack.access_log().lines().unwrap();
        let line = lines.into_iter().find(|line| is_from(line, client))?;
        Some(line["layerprint"].clone())
    })
}

/// The line of this client's connection, which was passed through unopened.
pub fn connection_line_of(lab: &Lab, client: SocketAddr) -> Value {
    wait_for(lab, || {
        let lines = lab.stack.connections_log().lines().unwrap();
        let line = lines.into_iter().find(|line| is_from(line, client))?;
        Some(line["layerprint"].clone())
    })
}

/// Looks until there is something to see.
pub fn wait_for<T>(lab: &Lab, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < SOON, "nothing came\n{}", lab.stack.envoy_log_tail());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn is_from(line: &Value, client: SocketAddr) -> bool {
    line["client"].as_str().and_then(|text| text.parse().ok()) == Some(client)
}

/// The members of a signature in the notation of p0f.
pub fn parts(signature: &Value) -> Vec<&str> {
    let parts: Vec<_> = signature.as_str().unwrap().split(':').collect();
    assert_eq!(parts.len(), 8, "{signature}");
    parts
}

/// Microseconds of a line.
pub fn micros(line: &Value, member: &str) -> u64 {
    line[member].as_u64().unwrap_or_else(|| panic!("{member}: {line:#}"))
}

/// Makes a listener listen on the server's addresses too. On its own 127.0.0.1 the launcher finds it.
fn listen_in(namespace: &Path, listener: &mut Value) {
    let port = match listener["name"].as_str() {
        Some("tls") => TLS,
        Some("cleartext") => CLEARTEXT,
        _ => PASSTHROUGH,
    };
    let there = ["0.0.0.0", "::"].map(|address| {
        let address = json!({ "address": address, "port_value": port, "network_namespace_filepath": namespace });
        json!({ "address": { "socket_address": address } })
    });
    listener["additional_addresses"] = json!(there);
}
