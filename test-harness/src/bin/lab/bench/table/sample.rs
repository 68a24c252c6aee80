//! What a round shows: of the processor's time, and of the clock.

use std::error::Error;
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use layerprint_harness::process;
use layerprint_harness::stack::Stack;
use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

use super::super::measure::{Subject, WARM_UP};
use super::load::{KINDS, Load};
use super::variant::{Site, Variant};

/// After a round: the last few requests are logged and freed, the last connections closed.
const SETTLE: Duration = Duration::from_millis(3);
const SETTLE_NEW: Duration = Duration::from_millis(15);

/// Who runs where: Envoy on one processor, the clients on another, if there are two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    all: CpuSet,
    apart: Option<(usize, usize)>,
}

impl Places {
    /// Of the processors that this process may use.
    pub(super) fn of_this_machine() -> io::Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut allowed = (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu));
        let apart = allowed.next().zip(allowed.next_back());
        Ok(Self { all, apart })
    }

    /// Says where things run.
    pub(super) fn in_words(&self) -> String {
        match self.apart {
            Some((envoy, clients)) => format!("Envoy on CPU {envoy}, the clients on CPU {clients}"),
            None => "Envoy and the clients on one CPU".to_owned(),
        }
    }

    fn put(thread: Option<Pid>, cpu: usize) -> io::Result<()> {
        let mut set = CpuSet::new();
        set.set(cpu);
        Ok(sched_setaffinity(thread, &set)?)
    }

    /// Puts this thread where clients are.
    fn put_clients(&self) -> io::Result<()> {
        self.apart.map_or(Ok(()), |(_, cpu)| Self::put(None, cpu))
    }

    /// Lets this thread, and what it starts, run anywhere.
    pub(super) fn let_loose(&self) -> io::Result<()> {
        Ok(sched_setaffinity(None, &self.all)?)
    }

    /// Puts all threads of Envoy in their place.
    fn put_envoy(&self, pid: u32) -> io::Result<()> {
        let Some((cpu, _)) = self.apart else {
            return Ok(());
        };
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let number = thread?
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
                .and_then(Pid::from_raw);
            // Those that have ended meanwhile are in nobody's way.
            let _ = Self::put(number, cpu);
        }
        Ok(())
    }
}

/// An Envoy with its loads.
struct Loaded {
    // Connections go before what they lead to.
    loads: Vec<Load>,
    site: Site,
    places: Places,
}

impl Loaded {
    fn start(variant: &Variant, places: Places) -> Result<Self, Box<dyn Error>> {
        places.let_loose()?;
        let site = variant.start()?;
        let mut loads = Vec::new();
        for kind in KINDS {
            loads.push(Load::new(site.to, kind)?);
        }
        Ok(Self { loads, site, places })
    }

    fn warm_up(&mut self, each: u32) -> Result<(), Box<dyn Error>> {
        self.places.put_envoy(self.site.stack.envoy_pid())?;
        self.places.put_clients()?;
        for load in &mut self.loads {
            load.closed(load.kind.count(each) * WARM_UP)?;
        }
        Ok(())
    }
}

/// What requests cost in a round, each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// µs of CPU time of Envoy.
    pub(super) envoy: f64,
    /// The same of the service beside it.
    pub(super) service: Option<f64>,
    /// How many were answered in a second.
    pub(super) per_s: f64,
}

/// Measured by what it costs.
pub(super) struct Costing(Loaded);

impl Costing {
    pub(super) fn start(variant: &Variant, places: Places) -> Result<Self, Box<dyn Error>> {
        Loaded::start(variant, places).map(Self)
    }
}

impl Subject for Costing {
    type Sample = Cost;

    fn warm_up(&mut self, each: u32) -> Result<(), Box<dyn Error>> {
        self.0.warm_up(each)
    }

    fn sample(&mut self, each: u32) -> Result<Vec<Cost>, Box<dyn Error>> {
        let Loaded { loads, site, .. } = &mut self.0;
        let envoy = site.stack.envoy_pid();
        let service = site.service.as_ref().map(|service| service.pid());
        let mut costs = Vec::new();
        for load in loads {
            let count = load.kind.count(each);
            let before = (process::cpu_time(envoy)?, service.map(process::cpu_time).transpose()?);
            let begun = Instant::now();
            load.closed(count)?;
            let took = begun.elapsed();
            thread::sleep(if load.kind.kept { SETTLE } else { SETTLE_NEW });
            let after = (process::cpu_time(envoy)?, service.map(process::cpu_time).transpose()?);
            let each = |spent: Duration| spent.as_secs_f64() * 1e6 / f64::from(count);
            costs.push(Cost {
                envoy: each(after.0.saturating_sub(before.0)),
                service: after
                    .1
                    .zip(before.1)
                    .map(|(after, before)| each(after.saturating_sub(before))),
                per_s: f64::from(count) / took.as_secs_f64(),
            });
        }
        Ok(costs)
    }

    fn stack(&self) -> &Stack {
        &self.0.site.stack
    }
}

/// How long answers took in a round at one rate, in µs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Whether Envoy kept up. If not, the longest answers are not among these.
    pub(super) kept_up: bool,
}

/// The rates of each kind of load, in requests a second, and how long each is held.
#[derive(Clone, Debug)]
pub(super) struct Rates {
    pub(super) of: Vec<Vec<f64>>,
    pub(super) last: Duration,
}

/// Measured by how long it takes.
pub(super) struct Timed<'r> {
    loaded: Loaded,
    rates: &'r Rates,
}

impl<'r> Timed<'r> {
    pub(super) fn start(variant: &Variant, places: Places, rates: &'r Rates) -> Result<Self, Box<dyn Error>> {
        let loaded = Loaded::start(variant, places)?;
        Ok(Self { loaded, rates })
    }
}

impl Subject for Timed<'_> {
    /// For each rate.
    type Sample = Vec<Timing>;

    fn warm_up(&mut self, each: u32) -> Result<(), Box<dyn Error>> {
        self.loaded.warm_up(each)
    }

    fn sample(&mut self, _: u32) -> Result<Vec<Vec<Timing>>, Box<dyn Error>> {
        let mut all = Vec::new();
        for (load, rates) in self.loaded.loads.iter_mut().zip(&self.rates.of) {
            let mut timings = Vec::new();
            for rate in rates {
                let latencies = load.open(*rate, self.rates.last)?;
                let percentile = |hundredths| {
                    latencies
                        .percentile(hundredths)
                        .ok_or("no request was answered in time")
                };
                timings.push(Timing {
                    p50: percentile(50)?,
                    p99: percentile(99)?,
                    kept_up: latencies.kept_up,
                });
            }
            all.push(timings);
        }
        Ok(all)
    }

    fn stack(&self) -> &Stack {
        &self.loaded.site.stack
    }
}
