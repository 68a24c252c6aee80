//! Chance plays the whole module: phases in Envoy's order and in any, real bytes and broken ones, plugins that are updated under
//! live streams, properties that are missing or garbage, shared data that others write. Whatever comes, the module does not trap,
//! no header that a client forged reaches the upstream, nobody waits for ever, and what is over is forgotten.
//!
//! `LAYERPRINT_FUZZ_SECONDS=600 cargo test -p layerprint-harness --test phases --release -- --nocapture` plays for longer;
//! `LAYERPRINT_FUZZ_FIRST=N` begins with another round, such as the one whose number a failure told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

mod dice;
mod pools;
mod world;

use dice::Dice;
use layerprint_harness::host::Module;
use layerprint_harness::repo;
use pools::{CONFIGURATIONS, Pools};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use world::{Order, World};

/// How long each of the two orders is played without a variable that says otherwise.
const SECONDS: u64 = 5;
/// Steps of a round, which is one VM's life.
const STEPS: usize = 2_000;
/// What a VM's memory may be, in pages of 64 KiB, after the busiest round: 8 MiB. A round has up to 20 updates of its plugins.
const MOST_PAGES: u64 = 128;

fn module() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| {
        let path = repo::module();
        Module::load(&path).unwrap_or_else(|error| panic!("{}: {error}; `make wasm` builds it", path.display()))
    })
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Says which round it was that failed.
struct Round(u64, &'static str);

impl Drop for Round {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("LAYERPRINT_FUZZ_FIRST={} plays this round again: {}", self.0, self.1);
        }
    }
}

fn play(order: Order, name: &'static str) {
    let pools = Pools::new();
    let time = Duration::from_secs(number("LAYERPRINT_FUZZ_SECONDS").unwrap_or(SECONDS));
    let first = number("LAYERPRINT_FUZZ_FIRST").unwrap_or(1);
    let module = module();
    let (begun, mut rounds, mut steps, mut pages) = (Instant::now(), 0, 0, 0);
    while rounds == 0 || begun.elapsed() < time {
        let round = Round(first + rounds, name);
        let mut dice = Dice::new(round.0);
        let configuration = dice.of(&CONFIGURATIONS);
        let mut world = World::new(module, &pools, order, configuration);
        for _ in 0..STEPS {
            world.step(&mut dice);
        }
        world.end();
        pages = pages.max(world.vm.memory_pages());
        assert!(
            world.vm.memory_pages() <= MOST_PAGES,
            "{} pages",
            world.vm.memory_pages()
        );
        steps += world.steps;
        rounds += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!("{name}: {rounds} rounds, {steps} steps in {seconds:.0} s, at most {pages} pages");
}

#[test]
fn phases_in_envoys_order_hold() {
    play(Order::Envoys, "phases in Envoy's order");
}

#[test]
fn phases_in_any_order_hold() {
    play(Order::Any, "phases in any order");
}
