//! A build of the probe that panics in the hook it is told to: Envoy serves on, and the connection goes without evidence.

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::repo;
use layerprint_harness::stack::{Stack, StackError, StackOptions};

use crate::lab::{GET, Lab, Sender, load, on_the_current_envoy, recorded_hello};

/// Starts a stack whose probe panics in this hook.
fn options(test: &str, envoy: &std::path::Path, hook: &str) -> StackOptions {
    let variable = format!("LAYERPRINT_PROBE_PANICS={hook}");
    StackOptions::new(test).command(["env".into(), variable.into(), envoy.to_path_buf()])
}

/// What `make probe-that-panics` builds.
fn library() -> std::path::PathBuf {
    repo::root().join("target/panics/release/liblayerprint_probe.so")
}

fn is_built(test: &str) -> bool {
    let found = match library().is_file() {
        true => Availability::Here,
        false => Availability::missing("a probe that panics is not built: run `make probe-that-panics`"),
    };
    require_or_skip(test, [found])
}

#[test]
fn a_panic_in_any_hook_costs_the_evidence_and_nothing_else() {
    let test = "a_panic_in_any_hook_costs_the_evidence_and_nothing_else";
    if !is_built(test) {
        return;
    }
    on_the_current_envoy(test, |envoy| {
        // Which hook, and whether the SYN and the ClientHello have been handed over by then.
        for (hook, syn, client_hello) in [
            ("new", false, false),
            ("on_accept", false, false),
            ("on_data", true, false),
            ("destroy", true, true),
        ] {
            let mut lab = Lab::launch(test, options(test, envoy, hook), |listener| load(listener, &library()));
            for _ in 0..3 {
                assert!(Sender::connect(lab.cleartext()).send(GET).is_served(), "{hook}");
                let mut client = Sender::connect(lab.tls()).send(&recorded_hello());
                assert_eq!(client.first_answer()[0], 22, "{hook}");
                let address = client.address();
                drop(client);
                let evidence = lab.evidence_of(address);
                assert_eq!(
                    (evidence.syn.is_some(), evidence.client_hello.is_some()),
                    (syn, client_hello),
                    "{hook}"
                );
            }
            assert!(lab.stack.is_running());
            let log = lab.stack.envoy_log();
            assert!(log.contains(&format!("layerprint-probe: {hook} panicked")), "{log}");
        }
    });
}

#[test]
fn a_panic_over_the_configuration_refuses_it() {
    let test = "a_panic_over_the_configuration_refuses_it";
    if !is_built(test) {
        return;
    }
    on_the_current_envoy(test, |envoy| {
        let options = options(test, envoy, "config_new")
            .with_probe()
            .edit(|config| load(&mut config["static_resources"]["listeners"][0], &library()));
        match Stack::start(options) {
            Err(StackError::EnvoyRefused { log, .. }) => assert!(log.contains("config_new panicked"), "{log}"),
            other => panic!("{other:?}"),
        }
    });
}
