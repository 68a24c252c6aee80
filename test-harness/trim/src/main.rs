//! `layerprint-trim FILE`: takes from the module the callbacks that it has no use for, in place.
//!
//! The SDK exports a callback for all that a proxy can tell, and a proxy enters the VM for each that it finds: for each piece of a body,
//! for each piece that is sent on a connection, for the log. One that is not exported costs nothing.

use std::borrow::Cow;
use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ExportSection, Module, RawSection};
use wasmparser::{Parser, Payload};

/// What all callbacks of the proxy-wasm ABI are called.
const CALLBACK: &str = "proxy_on_";

/// Those that have something to do, in `src/proxy/sdk.rs` or in the SDK itself.
const WANTED: [&str; 12] = [
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_downstream_connection_close",
    "proxy_on_downstream_data",
    "proxy_on_memory_allocate",
    "proxy_on_new_connection",
    "proxy_on_request_headers",
    "proxy_on_request_trailers",
    "proxy_on_response_headers",
    "proxy_on_tick",
    "proxy_on_vm_start",
];

fn main() -> ExitCode {
    let Some(file) = env::args_os().nth(1).map(PathBuf::from) else {
        return fail("usage: layerprint-trim FILE");
    };
    let trimmed = fs::read(&file).map_err(Into::into).and_then(|module| {
        // Next to it, and in its place at once: others may be reading it, and cargo has it under another name too.
        let beside = file.with_extension("trimmed");
        fs::write(&beside, trim(&module)?)?;
        Ok::<_, Box<dyn Error>>(fs::rename(&beside, &file)?)
    });
    match trimmed {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => fail(&format!("{}: {problem}", file.display())),
    }
}

#[allow(clippy::print_stderr, reason = "a command says what is wrong")]
fn fail(problem: &str) -> ExitCode {
    eprintln!("{problem}");
    ExitCode::FAILURE
}

/// The `module` without the callbacks that are not wanted.
///
/// # Errors
/// It is no WebAssembly module, or lacks one that is.
fn trim(module: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut trimmed = Module::new();
    let mut missing = WANTED.to_vec();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::ExportSection(exports) = payload {
            let mut kept = ExportSection::new();
            for export in exports {
                let export = export?;
                missing.retain(|name| *name != export.name);
                if !export.name.starts_with(CALLBACK) || WANTED.contains(&export.name) {
                    RoundtripReencoder.parse_export(&mut kept, export)?;
                }
            }
            trimmed.section(&kept);
        } else if let Some((id, range)) = payload.as_section() {
            let data = Cow::Borrowed(module.get(range).ok_or("a section ends behind the module")?);
            trimmed.section(&RawSection { id, data: &data });
        }
    }
    if missing.is_empty() {
        Ok(trimmed.finish())
    } else {
        Err(format!("the module does not export {}", missing.join(", ")).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(callbacks: &[&str]) -> Vec<u8> {
        let exports: String = callbacks
            .iter()
            .map(|name| format!(r#"(export "{name}" (func $f))"#))
            .collect();
        let text = format!(
            r#"(module (memory (export "memory") 1) (func $f (export "malloc")) {exports} (data (i32.const 0) "x"))"#
        );
        wat::parse_str(text).unwrap()
    }

    fn exports(module: &[u8]) -> Vec<String> {
        let payloads = Parser::new(0).parse_all(module).map(Result::unwrap);
        let sections = payloads.filter_map(|payload| match payload {
            Payload::ExportSection(exports) => Some(exports),
            _ => None,
        });
        sections
            .flatten()
            .map(|export| export.unwrap().name.to_owned())
            .collect()
    }

    #[test]
    fn callbacks_that_nobody_wants_go_and_all_else_stays() {
        let more = [&WANTED[..], &["proxy_on_log", "proxy_on_upstream_data"]].concat();
        let trimmed = trim(&module(&more)).unwrap();
        let kept: Vec<&str> = ["memory", "malloc"].into_iter().chain(WANTED).collect();
        assert_eq!(exports(&trimmed), kept);
        // The text that the module was made from ends in nothing that is lost, and what is trimmed already stays as it is.
        assert_eq!(trimmed, module(&WANTED));
        assert_eq!(trim(&trimmed).unwrap(), trimmed);
    }

    #[test]
    fn a_module_without_one_that_is_wanted_is_refused_as_is_what_is_none() {
        let problem = trim(&module(&WANTED[1..])).unwrap_err().to_string();
        assert_eq!(problem, "the module does not export proxy_on_configure");
        assert!(trim(b"#!/bin/sh").is_err());
    }
}
