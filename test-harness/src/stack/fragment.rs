//! The fragments under `envoy/`: what a listener needs for one way in, put where it belongs. A user adds it by hand, the launcher
//! here; `envoy/layer4/README.md` explains the parts.

use serde_json::{Map, Value, json};

use super::config::{ConfigError, items, list};

/// The filter whose settings `http_connection_manager` goes into, and before whose filters `http_filters` go.
const CONNECTION_MANAGER: &str = "envoy.filters.network.http_connection_manager";

/// Where a configuration has its listeners, and what it lacks without.
const LISTENERS: (&str, &str) = ("/static_resources/listeners", "static listeners");
/// The same of its clusters.
const CLUSTERS: (&str, &str) = ("/static_resources/clusters", "static clusters");

/// Puts `fragment` into the listener of this name, or into each when none is given. Its parts, each of them optional:
///
/// | Part | Goes |
/// | --- | --- |
/// | `socket_options` | behind those of the listener |
/// | `listener_filters` | in front of those of the listener |
/// | `filters` | in front of those of each filter chain, the default one included |
/// | `http_connection_manager` | into its settings in each filter chain; what is there already is replaced |
/// | `http_filters` | in front of those of each connection manager |
/// | `clusters` | behind those that there are |
///
/// Paths are as written in the fragment, so it comes before [`Rewrite::apply`](super::config::Rewrite::apply).
///
/// # Errors
///
/// When the fragment has another part, or fits no listener.
pub fn add(config: &mut Value, fragment: &Value, listener: Option<&str>) -> Result<(), ConfigError> {
    let mut parts = fragment
        .as_object()
        .ok_or(ConfigError::Lacks("part that goes into a listener"))?
        .clone();
    if let Some(clusters) = parts.remove("clusters") {
        list(config, CLUSTERS.0, CLUSTERS.1)?.extend(members(&clusters)?);
    }
    let mut fits = false;
    for found in list(config, LISTENERS.0, LISTENERS.1)? {
        if listener.is_none_or(|name| found.get("name").is_some_and(|found| found == name)) {
            add_to(found, &parts)?;
            fits = true;
        }
    }
    fits.then_some(())
        .ok_or(ConfigError::Lacks("listener that the fragment goes into"))
}

/// Puts the listeners of `other`, which is a whole configuration, behind those of `config`, and those of its clusters whose names are
/// new.
///
/// # Errors
///
/// When either has no listeners or no clusters.
pub fn put_beside(config: &mut Value, mut other: Value) -> Result<(), ConfigError> {
    let more = std::mem::take(list(&mut other, LISTENERS.0, LISTENERS.1)?);
    list(config, LISTENERS.0, LISTENERS.1)?.extend(more);
    let mut more = std::mem::take(list(&mut other, CLUSTERS.0, CLUSTERS.1)?);
    let clusters = list(config, CLUSTERS.0, CLUSTERS.1)?;
    more.retain(|new| clusters.iter().all(|old| old.get("name") != new.get("name")));
    clusters.extend(more);
    Ok(())
}

fn add_to(listener: &mut Value, parts: &Map<String, Value>) -> Result<(), ConfigError> {
    for (part, value) in parts {
        match part.as_str() {
            "socket_options" => items(listener, "socket_options")?.extend(members(value)?),
            "listener_filters" => put_first(listener, "listener_filters", value)?,
            "filters" => {
                for chain in chains(listener) {
                    put_first(chain, "filters", value)?;
                }
            }
            "http_connection_manager" => {
                for settings in connection_managers(listener) {
                    merge(settings, value);
                }
            }
            "http_filters" => {
                for settings in connection_managers(listener) {
                    put_first(settings, "http_filters", value)?;
                }
            }
            _ => return Err(ConfigError::NotOfAListener(part.clone())),
        }
    }
    Ok(())
}

fn chains(listener: &mut Value) -> impl Iterator<Item = &mut Value> {
    let parts = listener.as_object_mut().into_iter().flatten();
    parts.flat_map(|(key, value)| match (key.as_str(), value) {
        ("filter_chains", Value::Array(chains)) => chains.iter_mut().collect(),
        ("default_filter_chain", chain) => vec![chain],
        _ => Vec::new(),
    })
}

fn connection_managers(listener: &mut Value) -> impl Iterator<Item = &mut Value> {
    chains(listener)
        .filter_map(|chain| chain.get_mut("filters")?.as_array_mut())
        .flatten()
        .filter(|filter| filter.get("name").is_some_and(|name| name == CONNECTION_MANAGER))
        .filter_map(|filter| filter.get_mut("typed_config"))
}

fn put_first(object: &mut Value, key: &'static str, value: &Value) -> Result<(), ConfigError> {
    items(object, key)?.splice(0..0, members(value)?);
    Ok(())
}

fn members(value: &Value) -> Result<Vec<Value>, ConfigError> {
    value
        .as_array()
        .cloned()
        .ok_or(ConfigError::Lacks("list where one belongs"))
}

/// Objects are merged, anything else is replaced.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(json!(null)), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
