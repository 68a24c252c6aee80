//! Where things are in this repository, for programs that cargo starts from anywhere in it.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// What `make wasm` builds.
pub fn module() -> PathBuf {
    target_directory().join("wasm32-wasip1/release/layerprint.wasm")
}

/// What `make probe` builds.
pub fn probe() -> PathBuf {
    target_directory().join("release/liblayerprint_probe.so")
}

/// What `make rls` builds: the rate limit service that the tests of `envoy/fleet` ask. It has a target folder of its own.
pub fn rate_limit_service() -> PathBuf {
    root().join("test-harness/rls/target/debug/layerprint-rls")
}

/// What runs leave behind: logs, rewritten configurations, the certificate. Not under version control.
pub fn run_directory() -> PathBuf {
    root().join(".run")
}

/// The Python environment that `make setup` fills.
pub fn venv() -> PathBuf {
    root().join(".venv")
}

/// The one that `make test` adds, with nothing but the previous minor version of Envoy.
pub fn previous_envoy_venv() -> PathBuf {
    root().join(".venv-139")
}

fn target_directory() -> PathBuf {
    // `join` keeps an absolute directory as it is.
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}
