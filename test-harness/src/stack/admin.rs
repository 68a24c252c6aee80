//! Envoy's admin interface, as far as tests and the launcher ask it things.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use super::StackError;

/// The admin interface answers from memory: it is quick or it is gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client for the admin interface of one Envoy.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    agent: Agent,
}

impl Admin {
    /// For the admin interface at `address`.
    pub fn new(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .proxy(None)
            .build();
        Self {
            address,
            agent: config.into(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `GET path`, for example `/ready` or `/stats/prometheus`: the text of a 200 answer.
    pub fn get(&self, path: &str) -> Result<String, StackError> {
        let url = format!("http://{}{path}", self.address);
        let read = |mut answer: ureq::http::Response<ureq::Body>| {
            answer.body_mut().with_config().limit(u64::MAX).read_to_string()
        };
        self.agent
            .get(url)
            .call()
            .and_then(read)
            .map_err(|error| StackError::admin(path, error))
    }

    /// `GET path`, read as JSON.
    pub fn get_json(&self, path: &str) -> Result<Value, StackError> {
        serde_json::from_str(&self.get(path)?).map_err(|error| StackError::admin(path, error))
    }

    /// `POST path`, for example `/quitquitquit`.
    pub fn post(&self, path: &str) -> Result<(), StackError> {
        let url = format!("http://{}{path}", self.address);
        self.agent
            .post(url)
            .send_empty()
            .map(drop)
            .map_err(|error| StackError::admin(path, error))
    }

    /// Every counter and gauge by name.
    pub fn stats(&self) -> Result<BTreeMap<String, u64>, StackError> {
        let answer = self.get_json("/stats?format=json")?;
        let stats = answer
            .get("stats")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let pair = |stat: &Value| Some((stat.get("name")?.as_str()?.to_owned(), stat.get("value")?.as_u64()?));
        Ok(stats.iter().filter_map(pair).collect())
    }

    /// The counter or gauge of exactly this name. Envoy makes many of them only when they are first used.
    pub fn stat(&self, name: &str) -> Result<Option<u64>, StackError> {
        Ok(self.stats()?.get(name).copied())
    }

    /// The address that the listener of this name is bound to.
    pub fn listener(&self, name: &str) -> Result<SocketAddr, StackError> {
        let answer = self.get_json("/listeners?format=json")?;
        let listeners = answer
            .get("listener_statuses")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        listeners
            .iter()
            .find(|listener| listener.get("name").is_some_and(|found| found == name))
            .and_then(|listener| listener.pointer("/local_address/socket_address"))
            .and_then(|socket| {
                let port = u16::try_from(socket.get("port_value")?.as_u64()?).ok()?;
                Some(SocketAddr::new(socket.get("address")?.as_str()?.parse().ok()?, port))
            })
            .ok_or_else(|| StackError::admin("/listeners", format!("no listener {name:?}")))
    }
}
