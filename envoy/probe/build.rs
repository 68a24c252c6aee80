//! Links the unwinder into the library. Rust links it from `libgcc_s.so.1`, which slim images do not have; the same code
//! is in the compiler's static `libgcc_eh.a`. A copy of that, named `libgcc_s.a` and found first, is what the linker
//! takes.
//!
//! Without such an archive (a toolchain without GCC's libraries) the build goes on, with a warning, and the library then
//! needs `libgcc_s.so.1` where it runs.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CC");
    if env::var_os("CARGO_CFG_TARGET_OS").is_none_or(|os| os != "linux")
        || env::var_os("CARGO_CFG_TARGET_ENV").is_none_or(|env| env != "gnu")
    {
        return;
    }
    let Some(folder) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        return;
    };
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    match static_unwinder(compiler) {
        Ok(archive) => link_from(&folder, &archive),
        Err(why) => println!("cargo:warning=the library will need libgcc_s.so.1 at run time: {why}"),
    }
}

/// The path of `libgcc_eh.a`. A compiler that has none answers with the bare name.
fn static_unwinder(compiler: OsString) -> Result<PathBuf, String> {
    let answer = Command::new(&compiler)
        .arg("-print-file-name=libgcc_eh.a")
        .output()
        .map_err(|error| format!("{} cannot be started: {error}", compiler.display()))?;
    let path = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
    path.is_absolute()
        .then_some(path)
        .ok_or_else(|| format!("{} has no libgcc_eh.a", compiler.display()))
}

fn link_from(folder: &Path, archive: &Path) {
    let copy = folder.join("libgcc_s.a");
    match fs::copy(archive, &copy) {
        Ok(_) => println!("cargo:rustc-link-search=native={}", folder.display()),
        Err(error) => println!(
            "cargo:warning=the library will need libgcc_s.so.1 at run time: {} to {}: {error}",
            archive.display(),
            copy.display()
        ),
    }
}
