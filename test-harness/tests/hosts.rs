//! Which WebAssembly runtimes the Envoy of this repository has, and what the module does in them. `envoy/hosts.md` says it too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do: by panicking"
)]

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::hosts::{Host, NOT_COMPILED_IN, Probe, Runtime, Works, version};
use layerprint_harness::stack::{Stack, envoy_program};

#[test]
fn v8_runs_all_of_it() {
    let needs = [
        Stack::availability(),
        Stack::probe_availability(),
        Client::Curl(CurlHttp::Http2).availability(),
    ];
    if !require_or_skip("v8_runs_all_of_it", needs) {
        return;
    }
    let all = Works {
        left_out: Vec::new(),
        annotations: true,
        ja3: true,
        ja4: true,
        http2: true,
        handover: true,
        handshake_time: true,
        probe: Probe::Works,
    };
    let host = Host::new(envoy_program().unwrap(), Runtime::V8);
    assert_eq!(host.examine(), Ok(all));
}

/// It knows their names, all the same. When this fails because one has become able, hold it to what V8 does, and say so in
/// `envoy/hosts.md`.
#[test]
fn the_envoy_of_this_repository_is_built_without_wamr_and_wasmtime() {
    let test = "the_envoy_of_this_repository_is_built_without_wamr_and_wasmtime";
    if !require_or_skip(test, [Stack::availability()]) {
        return;
    }
    for runtime in [Runtime::Wamr, Runtime::Wasmtime] {
        let host = Host::new(envoy_program().unwrap(), runtime);
        let why = host.start_with_what_it_takes().map(|_| ()).unwrap_err();
        assert!(why.contains(NOT_COMPILED_IN), "{runtime}: {why}");
    }
}

#[test]
fn an_envoy_says_its_version() {
    if require_or_skip("an_envoy_says_its_version", [Stack::availability()]) {
        let version = version(&envoy_program().unwrap()).unwrap();
        assert_eq!(version.split('.').count(), 3, "{version}");
    }
}
