//! The ports of a stack: the usual ones, those of the environment, or free ones.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};

use tokio::net::TcpSocket;

/// Where a stack binds on 127.0.0.1. 0 means a free port that the system picks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// HTTPS: HTTP/2 and HTTP/1.1.
    pub tls: u16,
    /// Cleartext HTTP/1 and h2c.
    pub http: u16,
    /// TLS passed through unopened.
    pub passthrough: u16,
    /// Envoy's admin interface.
    pub admin: u16,
    /// The echo server.
    pub upstream: u16,
}

/// Why the ports cannot be used.
#[derive(Debug)]
pub enum PortError {
    /// The environment variable holds no port.
    NotAPort {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// The port cannot be bound.
    Taken {
        /// The port.
        port: u16,
        /// The variable that would move it.
        variable: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPort { variable, value } => {
                write!(f, "{variable}={value:?} is not a port (0 to 65535)")
            }
            Self::Taken { port, variable, error } => {
                write!(
                    f,
                    "port {port} on 127.0.0.1 cannot be used: {error}; set {variable} to another one (0: any free one)"
                )
            }
        }
    }
}

impl std::error::Error for PortError {}

impl Ports {
    /// Free ones throughout: any number of such stacks run side by side.
    pub const FREE: Self = Self {
        tls: 0,
        http: 0,
        passthrough: 0,
        admin: 0,
        upstream: 0,
    };

    /// The ones in `envoy/envoy.yaml`, which `make run` uses.
    pub const USUAL: Self = Self {
        tls: 8443,
        http: 8080,
        passthrough: 8444,
        admin: 9901,
        upstream: 8081,
    };

    /// The usual ones, each overridden by its environment variable.
    pub fn from_environment() -> Result<Self, PortError> {
        let mut ports = Self::USUAL;
        for (port, variable) in ports.named_mut() {
            if let Ok(value) = std::env::var(variable) {
                *port = value
                    .trim()
                    .parse()
                    .map_err(|_| PortError::NotAPort { variable, value })?;
            }
        }
        Ok(ports)
    }

    /// Envoy binds with SO_REUSEPORT: a second one on the same port is no error, and each gets half of the
    /// connections. So look first.
    pub fn check(&self) -> Result<(), PortError> {
        for (port, variable) in self.clone().named_mut() {
            TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).map_err(|error| PortError::Taken {
                port: *port,
                variable,
                error,
            })?;
        }
        Ok(())
    }

    /// The same ports with one for HTTPS that nobody else gets as long as the second value lives: the configuration names
    /// it twice, so Envoy cannot pick it.
    pub(super) fn with_known_tls(mut self) -> std::io::Result<(Self, Option<TcpSocket>)> {
        if self.tls != 0 {
            return Ok((self, None));
        }
        // Bound, and never listening: Envoy, which sets SO_REUSEPORT too, can bind it; the system gives it to no one else.
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseport(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        self.tls = socket.local_addr()?.port();
        Ok((self, Some(socket)))
    }

    fn named_mut(&mut self) -> [(&mut u16, &'static str); 5] {
        [
            (&mut self.tls, "LAYERPRINT_TLS_PORT"),
            (&mut self.http, "LAYERPRINT_HTTP_PORT"),
            (&mut self.passthrough, "LAYERPRINT_PASSTHROUGH_PORT"),
            (&mut self.admin, "LAYERPRINT_ADMIN_PORT"),
            (&mut self.upstream, "LAYERPRINT_UPSTREAM_PORT"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_its_variable() {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let message = Ports {
            admin: port,
            ..Ports::FREE
        }
        .check()
        .unwrap_err()
        .to_string();
        assert!(message.contains(&port.to_string()), "{message}");
        assert!(message.contains("LAYERPRINT_ADMIN_PORT"), "{message}");
    }

    #[test]
    fn free_ports_never_collide() {
        Ports::FREE.check().unwrap();
    }
}
