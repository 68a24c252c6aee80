//! What the soak looks at, again and again.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use layerprint_harness::numbers::float;
use layerprint_harness::process;
use layerprint_harness::stack::Stack;

use super::super::chart::{self, Chart, Curve};
use super::flat::Growth;
use super::traffic::Sent;

/// The smallest object that Envoy's allocator (tcmalloc) gives out, in bytes.
const SMALLEST: u64 = 8;
/// Two pages of a linear memory, in bytes.
const PAGES: u64 = 2 << 16;

/// One look.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    at: Duration,
    /// Linear memories of VMs, the largest first, in bytes.
    pub(super) wasm: Vec<u64>,
    /// Of Envoy's process, in bytes.
    pub(super) resident: u64,
    /// What Envoy's allocator has given out, in bytes: shared data and contexts on Envoy's side are in it.
    pub(super) allocated: u64,
    pub(super) vms: u64,
    pub(super) traps: u64,
    pub(super) own_5xx: u64,
    pub(super) errors: u64,
    pub(super) memory_failed: u64,
    pub(super) evicted: u64,
    pub(super) retried: u64,
    pub(super) lost: u64,
    pub(super) connections: u64,
    pub(super) connections_total: u64,
    pub(super) requests_active: u64,
    pub(super) requests_total: u64,
    addresses: u64,
}

impl Sample {
    /// What there is now.
    pub(super) fn of(stack: &Stack, sent: &Sent, at: Duration) -> Result<Self, Box<dyn Error>> {
        let stats = stack.admin().stats()?;
        let memory = stack.admin().get_json("/memory")?;
        let allocated = memory.get("allocated").and_then(|text| text.as_str()?.parse().ok());
        let one = |name: &str| stats.get(name).copied().unwrap_or_default();
        let event = |event: &str| {
            sum(&stats, |name| {
                name.starts_with("wasmcustom.layerprint.memory.") && name.ends_with(event)
            })
        };
        Ok(Self {
            at,
            wasm: process::wasm_memories(stack.envoy_pid())?,
            resident: process::resident(stack.envoy_pid())?,
            allocated: allocated.ok_or("Envoy does not say what it has allocated")?,
            vms: one("wasm.envoy.wasm.runtime.v8.active"),
            traps: sum(&stats, |name| name.contains(".vm_reload")),
            own_5xx: one("http.ingress.downstream_rq_5xx").saturating_sub(one("cluster.upstream.upstream_rq_5xx")),
            errors: sum(&stats, |name| name.starts_with("wasmcustom.layerprint.errors.")),
            memory_failed: event(".failed"),
            evicted: event(".evicted"),
            retried: event(".retried"),
            lost: event(".lost"),
            connections: one("http.ingress.downstream_cx_active"),
            // The role sees those that are passed through too, and each of them once more where TLS ends.
            connections_total: one("wasmcustom.layerprint.connections"),
            requests_active: one("http.ingress.downstream_rq_active"),
            requests_total: one("http.ingress.downstream_rq_completed"),
            addresses: sent.addresses,
        })
    }

    /// The largest VM's linear memory, in bytes.
    fn wasm_largest(&self) -> u64 {
        self.wasm.first().copied().unwrap_or_default()
    }

    fn wasm_total(&self) -> u64 {
        self.wasm.iter().sum()
    }
}

fn sum(stats: &BTreeMap<String, u64>, is_one: impl Fn(&str) -> bool) -> u64 {
    let found = stats.iter().filter(|(name, _)| is_one(name));
    found.map(|(_, value)| *value).sum()
}

/// All looks so far.
pub(super) struct Samples {
    begun: Instant,
    all: Vec<Sample>,
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            all: Vec::new(),
        }
    }
}

impl Samples {
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(super) fn take(&mut self, stack: &Stack, sent: &Sent) -> Result<(), Box<dyn Error>> {
        self.all.push(Sample::of(stack, sent, self.elapsed())?);
        Ok(())
    }

    /// Whether each kind of memory grows. A VM's is to stay within two pages, and two of them do the work. What Envoy has is not ours alone, and rises a little by
    /// itself: there, less than the smallest object for each connection of the half is called flat, since then none leaves one behind.
    pub(super) fn flatness(&self) -> Vec<(&'static str, Option<Growth>)> {
        let of = |value: fn(&Sample) -> u64, allowed: f64| {
            let values: Vec<f64> = self.all.iter().map(|sample| mib(value(sample))).collect();
            Growth::of(&values, allowed, "MiB")
        };
        let total = |sample: Option<&Sample>| sample.map_or(0, |sample| sample.connections_total);
        let in_half = total(self.all.last()).saturating_sub(total(self.all.get(self.all.len() / 2)));
        let objects = mib(in_half.saturating_mul(SMALLEST));
        vec![
            ("Wasm memory of the largest VM", of(Sample::wasm_largest, mib(PAGES))),
            ("Wasm memory of all VMs", of(Sample::wasm_total, mib(2 * PAGES))),
            ("allocated by Envoy", of(|sample| sample.allocated, objects)),
            ("Envoy in RAM", of(|sample| sample.resident, objects)),
        ]
    }

    /// A line for each look.
    pub(super) fn csv(&self) -> String {
        let mut text = "seconds,wasm_bytes,wasm_largest_bytes,vms,resident_bytes,allocated_bytes,connections,connections_total,requests_active,requests_total,\
                        addresses,evicted,retried,lost,traps,own_5xx,errors,memory_failed\n"
            .to_owned();
        for one in &self.all {
            let numbers = [
                one.wasm_total(),
                one.wasm_largest(),
                one.vms,
                one.resident,
                one.allocated,
                one.connections,
                one.connections_total,
                one.requests_active,
                one.requests_total,
                one.addresses,
                one.evicted,
                one.retried,
                one.lost,
                one.traps,
                one.own_5xx,
                one.errors,
                one.memory_failed,
            ];
            let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
            text += &format!("{:.1},{}\n", one.at.as_secs_f64(), numbers.join(","));
        }
        text
    }

    /// The plots.
    pub(super) fn page(&self, text: &str) -> String {
        let curve = |name: &str, value: &dyn Fn(&Sample) -> f64| Curve {
            name: name.to_owned(),
            points: self.all.iter().map(|one| (one.at.as_secs_f64(), value(one))).collect(),
        };
        let chart = |title: &str, unit, curves| Chart {
            title: title.to_owned(),
            unit,
            over: "seconds",
            by_tens: false,
            curves,
        };
        let nth = |n: usize| move |one: &Sample| mib(one.wasm.get(n).copied().unwrap_or_default());
        let count = |value: fn(&Sample) -> u64| move |one: &Sample| float(value(one));
        let charts = [
            chart(
                "Wasm linear memory",
                "MiB",
                vec![
                    curve("largest VM", &nth(0)),
                    curve("second", &nth(1)),
                    curve("third", &nth(2)),
                ],
            ),
            chart(
                "Envoy",
                "MiB",
                vec![
                    curve("in RAM", &|one| mib(one.resident)),
                    curve("allocated, shared data in it", &|one| mib(one.allocated)),
                ],
            ),
            chart(
                "So far",
                "connections",
                vec![
                    curve("connections", &count(|one| one.connections_total)),
                    curve("addresses", &count(|one| one.addresses)),
                ],
            ),
            chart(
                "So far",
                "events",
                vec![curve("keys forgotten for others", &count(|one| one.evicted))],
            ),
            chart(
                "At a time",
                "open",
                vec![
                    curve("connections", &count(|one| one.connections)),
                    curve("requests", &count(|one| one.requests_active)),
                ],
            ),
            chart(
                "Wrong",
                "so far",
                vec![
                    curve("traps", &count(|one| one.traps)),
                    curve("5xx of ours", &count(|one| one.own_5xx)),
                    curve("errors", &count(|one| one.errors + one.memory_failed)),
                ],
            ),
        ];
        chart::page("layerprint soak", text, &charts)
    }
}

pub(super) fn mib(bytes: u64) -> f64 {
    float(bytes) / 1_048_576.0
}
