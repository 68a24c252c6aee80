//! TCP connections made by hand, as scanners make them: `test-harness/clients/handmade.py` writes each packet itself, the SYN first.
//! They go over a wire in a network namespace of its own, where Envoy listens for cleartext too, and nowhere else.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use layerprint_harness::repo;
use serde_json::{Value, json};

/// Where Envoy listens, and an address on the same wire that no kernel owns: one that did would answer Envoy's SYN/ACK with a RST.
const SERVER: &str = "10.77.2.2";
const NOBODY: &str = "10.77.2.66";
const PORT: u16 = 8080;

/// The namespace: a wire with both ends in it. Gone when dropped.
#[derive(Debug)]
pub(super) struct Wire {
    namespace: String,
    /// The hardware address of Envoy's end.
    server: String,
}

impl Wire {
    /// Lays it; the error says why it cannot be had here.
    pub(super) fn open() -> Result<Self, String> {
        let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        if !root {
            return Err("network namespaces need root".to_owned());
        }
        // The name is one that the tests of layer 4 sweep up when this process was killed.
        let namespace = format!("layerprint-{}-eval", std::process::id());
        run(Command::new("ip").args(["netns", "add", &namespace]))?;
        // From here on an early return drops, and so removes, the namespace.
        let mut wire = Self {
            namespace,
            server: String::new(),
        };
        wire.ip("link set lo up")?;
        wire.ip("link add c0 type veth peer name s0")?;
        wire.ip("link set c0 up")?;
        wire.ip("link set s0 up")?;
        wire.ip(&format!("addr add {SERVER}/24 dev s0"))?;
        wire.server = wire.hardware_address("s0")?;
        let client = wire.hardware_address("c0")?;
        wire.ip(&format!("neigh add {NOBODY} lladdr {client} dev s0 nud permanent"))?;
        Ok(wire)
    }

    /// Makes Envoy's cleartext listener listen on the wire too.
    pub(super) fn listen(&self) -> impl FnOnce(&mut Value) + Send + use<> {
        let namespace = format!("/run/netns/{}", self.namespace);
        move |config| {
            let listeners = config.pointer_mut("/static_resources/listeners");
            let listeners = listeners.and_then(Value::as_array_mut).into_iter().flatten();
            for listener in listeners {
                if let (Some("cleartext"), Some(listener)) = (
                    listener
                        .get("name")
                        .and_then(Value::as_str)
                        .map(str::to_owned)
                        .as_deref(),
                    listener.as_object_mut(),
                ) {
                    let address = json!({
                        "address": SERVER, "port_value": PORT, "network_namespace_filepath": namespace,
                    });
                    let addresses = json!([{ "address": { "socket_address": address } }]);
                    listener.insert("additional_addresses".to_owned(), addresses);
                }
            }
        }
    }

    /// One request over a connection that this SYN opens.
    pub(super) fn ask(
        &self,
        syn: &str,
        path: &str,
        headers: &[(&str, String)],
        form: Option<&str>,
    ) -> Result<(), String> {
        let file = repo::root().join(format!("tests/fixtures/syn/{syn}.hex"));
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let syn: String = text.lines().filter(|line| !line.starts_with('#')).collect();
        let mut python = Command::new("ip");
        python.args(["netns", "exec", &self.namespace, "python3"]);
        python.arg(repo::root().join("test-harness/clients/handmade.py"));
        python.args([&syn, "c0", &self.server, NOBODY, SERVER, &PORT.to_string()]);
        let printed = run(python.arg(request(path, headers, form)))?;
        match printed.lines().nth(1) {
            Some(answer) if answer.starts_with("HTTP/1.1 ") => Ok(()),
            _ => Err(format!("no answer: {printed:?}")),
        }
    }

    fn ip(&self, arguments: &str) -> Result<(), String> {
        let mut command = Command::new("ip");
        run(command.args(["-n", &self.namespace]).args(arguments.split(' '))).map(drop)
    }

    fn hardware_address(&self, interface: &str) -> Result<String, String> {
        let path = format!("/sys/class/net/{interface}/address");
        let mut command = Command::new("ip");
        let printed = run(command.args(["netns", "exec", &self.namespace, "cat", &path]))?;
        Ok(printed.trim().to_owned())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = run(Command::new("ip").args(["netns", "del", &self.namespace]));
    }
}

/// HTTP/1.1, with nothing but what is asked for.
fn request(path: &str, headers: &[(&str, String)], form: Option<&str>) -> String {
    let method = if form.is_some() { "POST" } else { "GET" };
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {SERVER}\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if let Some(form) = form {
        text += "Content-Type: application/x-www-form-urlencoded\r\n";
        text += &format!("Content-Length: {}\r\n", form.len());
    }
    text + "Connection: close\r\n\r\n" + form.unwrap_or_default()
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
    fn a_form_has_its_length_and_a_page_has_no_body() {
        let form = request("/login", &[("User-Agent", "x".to_owned())], Some("a=b"));
        assert!(
            form.starts_with("POST /login HTTP/1.1\r\nHost: 10.77.2.2\r\nUser-Agent: x\r\n"),
            "{form}"
        );
        assert!(
            form.contains("Content-Length: 3\r\n") && form.ends_with("\r\n\r\na=b"),
            "{form}"
        );
        assert!(request("/page", &[], None).starts_with("GET /page "));
    }
}
