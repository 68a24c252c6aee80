//! Why a stack did not start or did not answer, in words that say what to do.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use super::config::ConfigError;
use super::ports::PortError;

/// Why a stack did not start or did not answer.
#[derive(Debug)]
pub enum StackError {
    /// Envoy, the module or another file is not there.
    Missing(String),
    /// A port is taken or is none.
    Port(PortError),
    /// The system gave no free port.
    Reserve(io::Error),
    /// A file could not be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The Envoy configuration cannot be used.
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: ConfigError,
    },
    /// The echo server could not be started.
    Upstream {
        /// Where it should listen.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// A program could not be started.
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Envoy ended before it was ready.
    EnvoyRefused {
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// Envoy did not become ready in time.
    NotReady {
        /// How long it had.
        within: Duration,
        /// The end of its log.
        log: String,
    },
    /// The admin interface did not give what was asked.
    Admin {
        /// What was asked.
        path: String,
        /// What went wrong.
        why: String,
    },
    /// A line of the access log is not JSON.
    AccessLog {
        /// The line.
        line: String,
        /// What is wrong with it.
        why: String,
    },
    /// The access log did not grow as expected.
    FewLines {
        /// Lines waited for.
        wanted: usize,
        /// Lines there.
        found: usize,
        /// How long it had.
        within: Duration,
    },
}

impl StackError {
    pub(super) fn file(path: &Path, error: io::Error) -> Self {
        Self::File {
            path: path.to_path_buf(),
            error,
        }
    }

    pub(super) fn admin(path: &str, why: impl ToString) -> Self {
        Self::Admin {
            path: path.to_owned(),
            why: why.to_string(),
        }
    }

    pub(super) fn access_log(line: &str, why: impl ToString) -> Self {
        Self::AccessLog {
            line: line.to_owned(),
            why: why.to_string(),
        }
    }
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(why) => f.write_str(why),
            Self::Port(error) => error.fmt(f),
            Self::Reserve(error) => write!(f, "no free port on 127.0.0.1: {error}"),
            Self::File { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Config { path, error } => write!(f, "{} {error}", path.display()),
            Self::Upstream { address, error } => {
                write!(f, "the echo server cannot listen on {address}: {error}")
            }
            Self::Start { program, error } => {
                write!(f, "{} cannot be started: {error}", program.display())
            }
            Self::EnvoyRefused { status, log } => {
                write!(f, "Envoy refused to start ({status}); the end of its log:\n{log}")
            }
            Self::NotReady { within, log } => {
                write!(f, "Envoy was not ready after {within:?}; the end of its log:\n{log}")
            }
            Self::Admin { path, why } => write!(f, "Envoy's admin interface, {path}: {why}"),
            Self::AccessLog { line, why } => {
                write!(f, "a line of the access log is not JSON ({why}): {line}")
            }
            Self::FewLines { wanted, found, within } => {
                write!(
                    f,
                    "the access log has {found} lines after {within:?}, expected {wanted}"
                )
            }
        }
    }
}

impl std::error::Error for StackError {}
