//! What each phase costs in the real module, held against `counts.md`: instructions within 5 %, host calls one for one.
//!
//! `LAYERPRINT_BLESS=1 cargo test -p layerprint-harness --test cost` writes the table again; read the difference before you
//! commit it. `layerprint-count` shows which functions a phase's instructions go to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

use layerprint_harness::cost::clients::everyone;
use layerprint_harness::cost::functions::Counting;
use layerprint_harness::cost::table::Table;
use layerprint_harness::cost::{Meter, Phase, size};
use layerprint_harness::host::Module;
use layerprint_harness::repo;
use std::path::PathBuf;

const PREFACE: &str = "\
# What each phase costs

WebAssembly instructions of the module that `make wasm` builds, and the calls it makes to the proxy, counted on the wasmtime host of
`test-harness/src/host`: no number depends on the machine. `test-harness/tests/cost` holds the module to them and says how to write
this file again; `test-harness/src/cost` says who the clients and what the configurations are.

A VM starts with both roles in it. Then each client has been there before with a connection of six requests; what is shown is its next
connection, whose later request is the sixth. A copy of memory is one instruction; the proxy's own work for a call is none.

";

fn wasm() -> Vec<u8> {
    let path = repo::module();
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; `make wasm` builds it", path.display()))
}

fn kept() -> PathBuf {
    repo::root().join("test-harness/tests/cost/counts.md")
}

#[test]
fn no_phase_costs_other_than_what_is_written_down() {
    let now = Table::count(&wasm()).unwrap();
    assert_eq!(
        now,
        Table::parse(&now.to_string()),
        "what is written is not what was counted"
    );
    if std::env::var_os("LAYERPRINT_BLESS").is_some() {
        std::fs::write(kept(), format!("{PREFACE}{}\n", now.to_string().trim_end())).unwrap();
        return;
    }
    let text = std::fs::read_to_string(kept()).unwrap();
    let changes = Table::parse(&text).changes(&now);
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "{}\n\nif that is meant: LAYERPRINT_BLESS=1 cargo test -p layerprint-harness --test cost\n",
        lines.join("\n")
    );
}

/// What both tests below count: the connection of Chromium under the default configuration.
fn chromium(module: &Module, counting: Option<&Counting>) -> Vec<Phase> {
    let everyone = everyone().unwrap();
    let mut meter = Meter::start(module, "{}", counting).unwrap();
    let mut phases = meter.phases().to_vec();
    phases.extend(meter.play(&everyone[0]).unwrap());
    phases
}

/// Also of a module that was compiled again.
#[test]
fn two_runs_count_the_same() {
    let [first, second] = [(); 2].map(|()| chromium(&Module::metered(&wasm()).unwrap(), None));
    assert_eq!(first, second);
}

/// wasmtime counts one more for each function that is entered.
#[test]
fn the_functions_of_a_phase_add_up_to_it() {
    let counting = Counting::new(&wasm()).unwrap();
    let plain = chromium(&Module::metered(&wasm()).unwrap(), None);
    let told = chromium(&Module::metered(counting.module()).unwrap(), Some(&counting));
    for (phase, told) in plain.iter().zip(&told).skip(1) {
        let own: u64 = told.functions.iter().map(|of| of.own).sum();
        let entered: u64 = told.functions.iter().map(|of| of.calls).sum();
        assert_eq!(own + entered, phase.instructions, "{}", phase.name);
    }
}

/// A worker's memory is the same for 100,000 clients as for some thousands: what is remembered of them stands in shared data, which the
/// proxy has once. The bound is that of issue 9.
#[test]
fn a_hundred_thousand_clients_take_less_than_16_mib_of_a_worker() {
    let module = Module::from_bytes(&wasm()).unwrap();
    let client = &everyone().unwrap()[2];
    let mut worker = size::Visited::new(&module, client).unwrap();
    worker.come(10_000).unwrap();
    let some = worker.remembered();
    worker.come(90_000).unwrap();
    let many = worker.remembered();
    eprintln!("10,000: {some:?}; 100,000: {many:?}");
    assert!(many.memory <= 16 << 20);
    assert!(many.memory <= some.memory + (1 << 20));
    assert!(many.shared <= some.shared + (1 << 20));
}

#[test]
fn a_connection_that_lives_takes_less_than_4_kib() {
    let module = Module::from_bytes(&wasm()).unwrap();
    for client in everyone().unwrap() {
        let bytes = size::of_a_connection(&module, &client, 2_000).unwrap();
        eprintln!("{}: {bytes} bytes", client.name);
        assert!(bytes <= 4_096, "{}: {bytes} bytes", client.name);
    }
}
