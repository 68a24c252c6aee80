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
use layerprint_harness::cost::FULL;
use layerprint_harness::cost::functions::Counting;
use layerprint_harness::host::Module;
use layerprint_harness::repo;
use pools::{CONFIGURATIONS, Pools};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use world::{Order, World};

/// How long each of the two orders is played without a variable that says otherwise.
const SECONDS: u64 = 5;
/// Steps of a round, which is one VM's life.
const STEPS: usize = 1_000;
/// What a VM's memory may be, in pages of 64 KiB, after the busiest round: 8 MiB. A round has up to 20 updates of its plugins.
const MOST_PAGES: u64 = 128;

/// What each order has to bring about, by the names of counters: what is never reached is not tested.
const REACHED: [&str; 18] = [
    ".forged_headers",
    ".requests.verdict.allow",
    ".requests.verdict.log",
    ".requests.verdict.challenge",
    ".requests.verdict.slow",
    ".requests.verdict.limit",
    ".requests.verdict.review",
    ".requests.verdict.block",
    ".slowed",
    ".slow_overflow",
    ".challenges.event.issued",
    ".connections_passthrough",
    ".connections_decided.verdict.close",
    ".connections_without_request",
    ".memory.table.limits.event.retried",
    ".memory.table.behaviour.event.lost",
    ".errors.kind.connection-id",
    ".tls_source.source.opening",
];

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
    let mut met = BTreeMap::new();
    while rounds < u64::try_from(CONFIGURATIONS.len()).unwrap() || begun.elapsed() < time {
        let round = Round(first + rounds, name);
        let mut dice = Dice::new(round.0);
        let configuration = usize::try_from(round.0).unwrap() % CONFIGURATIONS.len();
        let mut world = World::new(module, &pools, order, CONFIGURATIONS[configuration]);
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
        for (counter, count) in world.proxy.metrics() {
            *met.entry(counter).or_insert(0) += count;
        }
        steps += world.steps;
        rounds += 1;
    }
    for reached in REACHED {
        let count: u64 = met
            .iter()
            .filter(|(name, _)| name.contains(reached))
            .map(|(_, count)| *count)
            .sum();
        assert!(count > 0, "never reached: {reached}");
        eprintln!("{count:>8} {reached}");
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

/// A VM of a module that counts itself, which remembers as many clients as it can.
struct Filled<'a> {
    counting: &'a Counting,
    world: World<'a>,
    dice: Dice,
}

impl<'a> Filled<'a> {
    fn new(counting: &'a Counting, pools: &'a Pools, order: Order, configuration: &str) -> Self {
        let module = Module::from_bytes(counting.module()).unwrap();
        let mut world = World::new(&module, pools, order, configuration).without_updates();
        world.fill();
        let dice = Dice::new(1);
        Self { counting, world, dice }
    }

    fn play(&mut self, times: usize, update: Option<&str>) {
        for _ in 0..times {
            (0..50).for_each(|_| self.world.step(&mut self.dice));
            update.into_iter().for_each(|to| self.world.update_to(to));
            self.world.end();
        }
    }

    /// Allocations that live, pages of memory, connections that there were.
    fn look(&self) -> (u64, u64, u64) {
        let live = self.counting.live_allocations(&self.world.vm).unwrap();
        (live, self.world.vm.memory_pages(), self.world.accepted())
    }
}

fn counting() -> Counting {
    Counting::new(&std::fs::read(repo::module()).unwrap()).unwrap()
}

/// A connection's records, a request's place in a queue: of all that was, not one allocation in ten connections is left. The rest is
/// what differs between the clients that are remembered; of them there is a fixed number.
#[test]
fn what_is_over_is_forgotten() {
    let (counting, pools) = (counting(), Pools::new());
    for (order, configuration) in [(Order::Envoys, CONFIGURATIONS[0]), (Order::Any, FULL)] {
        let mut filled = Filled::new(&counting, &pools, order, configuration);
        // Headers that came last are kept too, and of those lengths differ: it takes some time until all are as long as they get.
        filled.play(480, None);
        let (live, pages, accepted) = filled.look();
        filled.play(120, None);
        let (later, later_pages, altogether) = filled.look();
        eprintln!(
            "{live} allocations, {pages} pages after {accepted} connections; {later}, {later_pages} after {altogether}"
        );
        assert!(later < live + (altogether - accepted) / 10);
        assert!(later_pages <= pages + 2);
    }
}

/// Nor of the plugins that an update replaces under live streams, which have thousands each.
#[test]
fn updates_leave_nothing_behind() {
    let (counting, pools) = (counting(), Pools::new());
    let mut filled = Filled::new(&counting, &pools, Order::Envoys, FULL);
    filled.play(100, None);
    filled.play(1, Some(FULL));
    let (live, pages, _) = filled.look();
    filled.play(20, Some(FULL));
    let (later, later_pages, _) = filled.look();
    eprintln!("{live} allocations, {pages} pages after 1 update; {later}, {later_pages} after 21");
    assert!(later < live + 200);
    assert!(later_pages <= pages + 16);
}

/// The law about forged headers is one that can be broken: by a module that lets all pass.
#[test]
#[should_panic(expected = "x-layerprint-")]
fn a_module_that_does_nothing_is_found_out() {
    let nothing = r#"(module
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "_initialize"))
        (func (export "main") (param i32 i32) (result i32) (i32.const 0))
        (func (export "malloc") (param i32) (result i32) (i32.const 1024)))"#;
    let module = Module::from_bytes(&wat::parse_str(nothing).unwrap()).unwrap();
    let pools = Pools::new();
    let mut world = World::new(&module, &pools, Order::Envoys, "{}");
    let mut dice = Dice::new(1);
    (0..STEPS).for_each(|_| world.step(&mut dice));
}
