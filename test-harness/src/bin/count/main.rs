//! Counts what the filter costs, phase by phase, and which of its functions that goes to.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

use std::cmp::Reverse;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use layerprint_harness::cost::clients::everyone;
use layerprint_harness::cost::functions::{Counting, Taken};
use layerprint_harness::cost::{Meter, Phase, size};
use layerprint_harness::host::Module;
use layerprint_harness::repo;
use lexopt::{Arg, ValueExt as _};

const USAGE: &str = "\
usage: layerprint-count [OPTION...]

Instructions and host calls of each phase of a connection, in a VM that has seen the client before.

  --config JSON|FILE   the filter's configuration ({})
  --client NAME        chromium-h2, firefox-h2, chromium-h1, firefox-h1 or liar-h2 (chromium-h2)
  --phase NAME         which functions the instructions of that phase went to
  --functions N        how many functions are listed (30)
  --cold-start         the CPU time that it takes to start a VM with both roles, on this machine
  --module FILE        another module than the one that `make wasm` built";

struct Options {
    module: PathBuf,
    configuration: String,
    client: String,
    phase: Option<String>,
    functions: usize,
    cold_start: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else {
        println!("{USAGE}");
        return Ok(());
    };
    let everyone = everyone()?;
    let client = everyone.into_iter().find(|client| client.name == options.client);
    let client = client.ok_or("there is no such client")?;
    let bytes = std::fs::read(&options.module)?;
    let counting = match options.phase {
        Some(_) => Some(Counting::new(&bytes)?),
        None => None,
    };
    if options.cold_start {
        return cold_start(&bytes, &options.configuration);
    }
    let module = Module::metered(counting.as_ref().map_or(&bytes, Counting::module))?;
    let mut meter = Meter::start(&module, &options.configuration, counting.as_ref())?;
    let mut phases = meter.phases().to_vec();
    phases.extend(meter.play(&client)?);
    match options.phase {
        Some(name) => {
            let phase = phases.iter().find(|phase| phase.name == name);
            list(phase.ok_or("there is no such phase")?, options.functions);
        }
        None => {
            for phase in phases {
                println!(
                    "{:>10}  {}\n            {}",
                    phase.instructions,
                    phase.name,
                    phase.calls.in_words()
                );
            }
        }
    }
    Ok(())
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options {
        module: repo::module(),
        configuration: "{}".to_owned(),
        client: "chromium-h2".to_owned(),
        phase: None,
        functions: 30,
        cold_start: false,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("module") => options.module = parser.value()?.into(),
            Arg::Long("config") => {
                let value = parser.value()?.string()?;
                options.configuration = std::fs::read_to_string(&value).unwrap_or(value);
            }
            Arg::Long("client") => options.client = parser.value()?.string()?,
            Arg::Long("phase") => options.phase = Some(parser.value()?.string()?),
            Arg::Long("functions") => options.functions = parser.value()?.parse()?,
            Arg::Long("cold-start") => options.cold_start = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

fn cold_start(module: &[u8], configuration: &str) -> Result<(), Box<dyn Error>> {
    const TIMES: usize = 21;
    let begun = Instant::now();
    let module = Module::from_bytes(module)?;
    println!("compiling, once a process: {:.0?}", begun.elapsed());
    let mut times = Vec::new();
    for _ in 0..TIMES {
        times.push(size::cold_start(&module, configuration)?);
    }
    times.sort_unstable();
    let [least, median] = [0, TIMES / 2].map(|n| times.get(n).copied().unwrap_or_default());
    println!("starting a VM with both roles, {TIMES} times, CPU time: median {median:.1?}, least {least:.1?}");
    Ok(())
}

type Key = fn(&Taken) -> u64;

fn list(phase: &Phase, most: usize) {
    println!(
        "{}: {} instructions",
        phase.name,
        phase.functions.iter().map(|of| of.own).sum::<u64>()
    );
    let orders: [(&str, Key); 2] = [("own", |of| of.own), ("those with callees", |of| of.with_callees)];
    for (title, key) in orders {
        let mut taken: Vec<&Taken> = phase.functions.iter().collect();
        taken.sort_by_key(|of| Reverse(key(of)));
        println!(
            "\nmost {title} first\n{:>8} {:>8} {:>6}  function",
            "own", "callees", "calls"
        );
        for of in taken.into_iter().take(most) {
            println!("{:>8} {:>8} {:>6}  {}", of.own, of.with_callees, of.calls, of.name);
        }
    }
}
