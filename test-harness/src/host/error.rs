//! Why the host could not do what a test asked.

use std::fmt;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// The file cannot be read or is no module.
    Module(String),
    /// The module does not say that it speaks ABI 0.2.1.
    UnknownAbi,
    /// The module imports what no proxy offers.
    UnknownImport {
        /// `env` or `wasi_snapshot_preview1`.
        module: String,
        /// The name of the function.
        name: String,
    },
    /// The imports exist, but not with these types; or the module lacks an export every guest must have.
    Link(String),
    /// The plugin said no when it was started or configured.
    Refused {
        /// Which plugin.
        root_id: String,
        /// The callback that returned false.
        phase: &'static str,
        /// What it logged in that callback.
        logs: Vec<String>,
    },
    /// The guest trapped: its VM is dead from now on.
    Trap {
        /// The callback that ran.
        phase: &'static str,
        /// wasmtime's story of it, with the backtrace.
        message: String,
        /// What the guest logged in that callback.
        logs: Vec<String>,
    },
    /// The VM died earlier.
    Dead {
        /// The callback that was asked for.
        phase: &'static str,
    },
    /// Envoy would not run this callback now.
    OutOfTurn {
        /// The callback that was asked for.
        phase: &'static str,
        /// Why not.
        why: &'static str,
    },
}

impl fmt::Display for HostError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(why) => write!(out, "not a module: {why}"),
            Self::UnknownAbi => write!(out, "the module does not export proxy_abi_version_0_2_1"),
            Self::UnknownImport { module, name } => {
                write!(out, "the module imports {module}.{name}, which no host offers")
            }
            Self::Link(why) => write!(out, "the module does not link: {why}"),
            Self::Refused { root_id, phase, logs } => {
                write!(out, "plugin {root_id:?} refused in {phase}{}", Lines(logs))
            }
            Self::Trap { phase, message, logs } => write!(out, "trap in {phase}: {message}{}", Lines(logs)),
            Self::Dead { phase } => write!(out, "{phase} cannot run: the VM has died in an earlier trap"),
            Self::OutOfTurn { phase, why } => write!(out, "{phase} is out of turn: {why}"),
        }
    }
}

impl std::error::Error for HostError {}

struct Lines<'a>(&'a [String]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| write!(out, "\n  log: {line}"))
    }
}
