//! One configured plugin: its role, its compiled configuration, its counters. Made in `on_configure`, shared by all its contexts.

use super::connections::Connections;
use super::metrics::Metrics;
use crate::host::Host;
use crate::policy::config::{Config, Problem};

/// What a plugin is for, told by its `root_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `connection`: a network filter.
    Connection,
    /// `request`, or an empty `root_id`: an HTTP filter.
    Request,
}

impl Role {
    /// The role of a plugin with this `root_id`.
    pub fn parse(root_id: &[u8]) -> Option<Self> {
        match root_id {
            b"connection" => Some(Self::Connection),
            b"request" | b"" => Some(Self::Request),
            _ => None,
        }
    }
}

/// What all contexts of a plugin share.
#[derive(Debug, Default)]
pub struct Plugin {
    /// The configuration.
    pub config: Config,
    /// The counters.
    pub metrics: Metrics,
    /// The connections of this VM.
    pub connections: Connections,
}

impl Plugin {
    /// Compiles `configuration` and defines the counters.
    ///
    /// # Errors
    /// Every problem of the configuration. The proxy then keeps the old plugin, or does not start.
    pub fn configure(host: &impl Host, connections: Connections, configuration: &[u8]) -> Result<Self, Vec<Problem>> {
        let config = Config::parse(configuration)?;
        let metrics = Metrics::default();
        metrics.define(host);
        Ok(Self {
            config,
            metrics,
            connections,
        })
    }
}
