//! A small network in two namespaces, so that each case has an address of its own, as on the web: what is remembered of one client
//! is not held against another. Its Ethernet has the usual packet size, which loopback has not. Nothing in it reaches any other
//! network.
//!
//! Envoy listens on one side, for every address of 10.78.0.0/16. A client of the other side that asks for the name of its case gets
//! an address there, and the route to that says which of the client side's addresses, in 10.77.0.0/16, it comes from.
//!
//! Connections made by hand, as scanners make them, go the same way: `test-harness/clients/handmade.py` writes each packet itself,
//! the SYN first.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use layerprint_harness::repo;
use serde_json::{Value, json};

use super::cases::{Case, Scheme, Sender};

/// The clients' network, for `networks` of the filter's configuration.
pub(super) const CLIENTS: &str = "10.77.0.0/16";
/// The ends of the wire.
const SERVER: &str = "10.77.0.1";
const CLIENT: &str = "10.77.0.2";

/// The network. Gone when dropped.
#[derive(Debug)]
pub(super) struct Network {
    client: Namespace,
    server: Namespace,
    /// The hardware address of the server's end.
    next_hop: String,
}

impl Network {
    /// Lays it for these cases; the error says why it cannot be had here.
    pub(super) fn open(cases: &[Case]) -> Result<Self, String> {
        let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        if !root {
            return Err("network namespaces need root".to_owned());
        }
        let mut network = Self {
            client: Namespace::add("client")?,
            server: Namespace::add("server")?,
            next_hop: String::new(),
        };
        let (client, server) = (&network.client, &network.server);
        client.ip(&format!(
            "link set lo up\nlink add c0 type veth peer name s0 netns {}\nlink set c0 up\naddr add {CLIENT}/16 dev c0\n",
            server.name
        ))?;
        server.ip(&format!(
            "link set lo up\nlink set s0 up\naddr add {SERVER}/16 dev s0\nroute add local 10.78.0.0/16 dev lo\n"
        ))?;
        network.next_hop = server.hardware_address("s0")?;
        network.introduce(cases)?;
        Ok(network)
    }

    /// Gives each case its addresses and its name.
    fn introduce(&self, cases: &[Case]) -> Result<(), String> {
        let here = self.client.hardware_address("c0")?;
        let (mut of_client, mut of_server) = (String::new(), String::new());
        let mut hosts = "127.0.0.1 localhost\n".to_owned();
        for (number, case) in cases.iter().enumerate() {
            let (from, to) = (address(77, number), address(78, number));
            // Writing to a String cannot fail.
            let _ = match case.sender {
                // A kernel that owned the address would answer Envoy's SYN/ACK with a RST; so nobody does, and nobody would
                // say where it is.
                Sender::ByHand(_) => writeln!(of_server, "neigh add {from} lladdr {here} dev s0 nud permanent"),
                _ => writeln!(
                    of_client,
                    "addr add {from}/32 dev c0\nroute add {to} via {SERVER} src {from}"
                ),
            };
            let _ = writeln!(hosts, "{to} {}", name(number));
        }
        self.client.ip(&of_client)?;
        self.server.ip(&of_server)?;
        let settings = self.client.settings();
        fs::create_dir_all(&settings)
            .and_then(|()| fs::write(settings.join("hosts"), hosts))
            .map_err(|error| format!("{}: {error}", settings.display()))
    }

    /// The namespace that the clients are in.
    pub(super) fn of_clients(&self) -> &str {
        &self.client.name
    }

    /// A command on the server's side.
    pub(super) fn on_server(&self, program: &str) -> Command {
        self.server.command(program)
    }

    /// Makes Envoy's listeners of these names listen there too, on these ports.
    pub(super) fn listen(&self, ports: [(&'static str, u16); 2]) -> impl FnOnce(&mut Value) + Send + use<> {
        let namespace = Path::new("/run/netns").join(&self.server.name);
        move |config| {
            let listeners = config.pointer_mut("/static_resources/listeners");
            for listener in listeners.and_then(Value::as_array_mut).into_iter().flatten() {
                let named = |(name, _): &&(&str, u16)| listener.get("name").is_some_and(|found| found == name);
                let port = ports.iter().find(named).map(|(_, port)| *port);
                if let (Some(port), Some(listener)) = (port, listener.as_object_mut()) {
                    let address = json!({
                        "address": "0.0.0.0", "port_value": port, "network_namespace_filepath": namespace,
                    });
                    let addresses = json!([{ "address": { "socket_address": address } }]);
                    listener.insert("additional_addresses".to_owned(), addresses);
                }
            }
        }
    }

    /// One HTTP/1.1 request of this case over a connection that this SYN of `tests/fixtures/syn` opens, under Python's TLS or as it
    /// is.
    pub(super) fn ask_by_hand(
        &self,
        number: usize,
        syn: &str,
        (scheme, port): (Scheme, u16),
        request: &str,
    ) -> Result<(), String> {
        let file = repo::root().join(format!("tests/fixtures/syn/{syn}.hex"));
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let syn: String = text.lines().filter(|line| !line.starts_with('#')).collect();
        let mut python = self.client.command("python3");
        python.arg(repo::root().join("test-harness/clients/handmade.py"));
        python.args([&syn, "c0", &self.next_hop, &address(77, number), &address(78, number)]);
        python.args([&port.to_string(), request]);
        if scheme == Scheme::Https {
            python.arg(name(number));
        }
        let printed = run(&mut python)?;
        match printed.lines().nth(1) {
            Some(answer) if answer.starts_with("HTTP/1.1 ") => Ok(()),
            _ => Err(format!("no answer: {printed:?}")),
        }
    }
}

/// By what name the clients of this case know the server.
pub(super) fn name(number: usize) -> String {
    format!("case-{number}.test")
}

/// The address of this case in 10.`network`.0.0/16, none of which the wire's ends have.
fn address(network: u8, number: usize) -> String {
    format!("10.{network}.{}.{}", 1 + number / 250, 1 + number % 250)
}

/// A namespace. Gone when dropped.
#[derive(Debug)]
struct Namespace {
    name: String,
}

impl Namespace {
    fn add(role: &str) -> Result<Self, String> {
        // The tests of layer 4 sweep up what is named so and left by a process that was killed.
        let name = format!("layerprint-{}-eval-{role}", std::process::id());
        run(Command::new("ip").args(["netns", "add", &name]))?;
        Ok(Self { name })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Each line is what follows `ip`.
    fn ip(&self, lines: &str) -> Result<(), String> {
        let file = repo::run_directory().join(format!("{}.ip", self.name));
        fs::write(&file, lines).map_err(|error| format!("{}: {error}", file.display()))?;
        let done = run(Command::new("ip").args(["-n", &self.name, "-batch"]).arg(&file));
        // What cannot be removed is a small file in an ignored directory.
        let _ = fs::remove_file(&file);
        done.map(drop)
    }

    fn hardware_address(&self, interface: &str) -> Result<String, String> {
        let printed = run(self.command("cat").arg(format!("/sys/class/net/{interface}/address")))?;
        Ok(printed.trim().to_owned())
    }

    /// What `ip netns exec` puts over /etc.
    fn settings(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Errors mean that it is gone already.
        let _ = run(Command::new("ip").args(["netns", "del", &self.name]));
        let _ = fs::remove_dir_all(self.settings());
    }
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{:?}: {}: {}",
        command.get_program(),
        output.status,
        said.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_cases_have_one_address_and_none_has_that_of_the_wire() {
        let addresses: std::collections::BTreeSet<String> = (0..1000).map(|number| address(77, number)).collect();
        assert_eq!(addresses.len(), 1000);
        assert!(!addresses.contains(SERVER) && !addresses.contains(CLIENT));
        assert_eq!(address(78, 250), "10.78.2.1");
    }
}
