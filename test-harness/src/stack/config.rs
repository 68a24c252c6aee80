//! `envoy/envoy.yaml` turned into a configuration for one stack: other ports, absolute paths, another filter
//! configuration, and nothing else, so that what the tests prove holds for the file that people read and copy.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::Ports;

/// What the file is changed to.
pub struct Rewrite<'a> {
    /// What relative paths in the file are relative to.
    pub root: &'a Path,
    /// Where the listeners and the admin interface bind; 0 lets Envoy pick, but not for `tls`, where the passed-through
    /// connections end.
    pub ports: &'a Ports,
    /// Where the upstream listens.
    pub upstream: SocketAddr,
    /// The folder of the access logs, which keep their names.
    pub logs: &'a Path,
    /// The folder of `cert.pem` and `key.pem`.
    pub tls: &'a Path,
    /// The Wasm module.
    pub module: &'a Path,
    /// The probe: what a `filename` that ends in `.so` becomes.
    pub probe: &'a Path,
    /// The filter's configuration as JSON text; `None` keeps what the file says.
    pub filter: Option<&'a str>,
}

/// Why a configuration could not be read or changed.
#[derive(Debug)]
pub enum ConfigError {
    /// It is not YAML.
    Yaml(String),
    /// It lacks a part that the launcher has to set.
    Lacks(&'static str),
    /// A fragment has a part of this name, which goes nowhere in a listener.
    NotOfAListener(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yaml(error) => write!(f, "not YAML: {error}"),
            Self::Lacks(part) => write!(f, "has no {part}"),
            Self::NotOfAListener(part) => write!(f, "has the part {part}, which goes nowhere in a listener"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Reads a YAML configuration, its anchors resolved.
pub fn parse(yaml: &str) -> Result<Value, ConfigError> {
    serde_saphyr::from_str(yaml).map_err(|error| ConfigError::Yaml(error.to_string()))
}

impl Rewrite<'_> {
    /// Changes `config` for one stack.
    pub fn apply(&self, config: &mut Value) -> Result<(), ConfigError> {
        let admin = port_of(config, "/admin/address").ok_or(ConfigError::Lacks("admin address"))?;
        *admin = json!(self.ports.admin);

        for listener in list(config, "/static_resources/listeners", "static listeners")? {
            let port = match listener.get("name").and_then(Value::as_str) {
                Some("tls") => self.ports.tls,
                Some("cleartext") => self.ports.http,
                Some("passthrough") => self.ports.passthrough,
                _ => 0,
            };
            *port_of(listener, "/address").ok_or(ConfigError::Lacks("address of a listener"))? = json!(port);
        }

        *endpoint(config, "upstream").ok_or(ConfigError::Lacks("cluster named upstream with one endpoint"))? =
            json!(self.upstream.port());
        *endpoint(config, "https").ok_or(ConfigError::Lacks("cluster named https with one endpoint"))? =
            json!(self.ports.tls);

        visit(config, &mut |object| self.rewrite_object(object));
        Ok(())
    }

    /// Objects are known by their keys, wherever they stand: files by `filename`, plugins by `vm_config`.
    fn rewrite_object(&self, object: &mut Map<String, Value>) {
        if let Some(name) = object
            .get("filename")
            .and_then(Value::as_str)
            .map(|name| self.locate(name))
        {
            object.insert("filename".to_owned(), json!(name));
        }
        let kind = object.get("@type").and_then(Value::as_str).unwrap_or_default();
        if kind.ends_with(".FileAccessLog") {
            let name = object.get("path").and_then(Value::as_str).map(Path::new);
            if let Some(name) = name.and_then(Path::file_name) {
                let path = self.logs.join(name);
                object.insert("path".to_owned(), json!(path));
            }
        }
        if let (true, Some(filter)) = (object.contains_key("vm_config"), self.filter) {
            object.insert("configuration".to_owned(), string_value(filter));
        }
    }

    fn locate(&self, name: &str) -> PathBuf {
        let name = Path::new(name);
        match (
            name.extension().and_then(|extension| extension.to_str()),
            name.file_name(),
        ) {
            (Some("wasm"), _) => self.module.to_path_buf(),
            (Some("so"), _) => self.probe.to_path_buf(),
            (Some("pem"), Some(file)) => self.tls.join(file),
            _ => self.root.join(name),
        }
    }
}

/// Takes the connection role out of every filter chain: layerprint as a plain HTTP filter.
pub fn without_connection_role(config: &mut Value) {
    visit(config, &mut |object| {
        if let Some(Value::Array(filters)) = object.get_mut("filters") {
            filters.retain(|filter| {
                filter
                    .get("name")
                    .is_none_or(|name| name != "envoy.filters.network.wasm")
            });
        }
    });
}

/// Gives every VM these variables, by name from Envoy's own environment or as they are given here; see `vm_config.environment_variables`.
pub fn with_variables(config: &mut Value, variables: &Value) {
    visit(config, &mut |object| {
        if let Some(vm) = object.get_mut("vm_config").and_then(Value::as_object_mut) {
            vm.insert("environment_variables".to_owned(), variables.clone());
        }
    });
}

/// Gives each role a VM of its own, so that they share nothing but filter state.
pub fn with_separate_vms(config: &mut Value) {
    visit(config, &mut |object| {
        let Some(role) = object.get("root_id").cloned() else {
            return;
        };
        if let Some(vm) = object.get_mut("vm_config").and_then(Value::as_object_mut) {
            vm.insert("vm_id".to_owned(), role);
        }
    });
}

/// A plugin configuration as Envoy takes it: JSON in a string. A `Struct` would reach the filter as protobuf.
fn string_value(text: &str) -> Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text })
}

/// The list under `key`, made if there is none.
pub(super) fn items<'a>(object: &'a mut Value, key: &'static str) -> Result<&'a mut Vec<Value>, ConfigError> {
    let object = object.as_object_mut();
    object
        .and_then(|object| object.entry(key).or_insert_with(|| json!([])).as_array_mut())
        .ok_or(ConfigError::Lacks(key))
}

pub(super) fn list<'a>(
    config: &'a mut Value,
    pointer: &str,
    part: &'static str,
) -> Result<&'a mut Vec<Value>, ConfigError> {
    config
        .pointer_mut(pointer)
        .and_then(Value::as_array_mut)
        .ok_or(ConfigError::Lacks(part))
}

/// The port of the one endpoint of this cluster.
fn endpoint<'a>(config: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    config
        .pointer_mut("/static_resources/clusters")?
        .as_array_mut()?
        .iter_mut()
        .find(|cluster| cluster.get("name").is_some_and(|found| found == name))
        .and_then(|cluster| port_of(cluster, "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address"))
}

fn port_of<'a>(value: &'a mut Value, address: &str) -> Option<&'a mut Value> {
    value.pointer_mut(&format!("{address}/socket_address/port_value"))
}

/// Calls `change` on every object, outermost first.
pub fn visit(value: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            change(object);
            object.values_mut().for_each(|value| visit(value, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| visit(value, change)),
        _ => {}
    }
}
