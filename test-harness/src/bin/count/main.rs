//! Counts what the filter costs.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

use std::error::Error;

use layerprint_harness::cost::clients::{chromium_h2, firefox_h2};
use layerprint_harness::cost::functions::{Counting, Taken};
use layerprint_harness::cost::{CONFIGURATIONS, FIRST, LATER, Meter, configure, connect, exchange};
use layerprint_harness::host::Module;
use layerprint_harness::repo;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut path = repo::module();
    let mut configuration = "{}".to_owned();
    let mut functions = None;
    let mut phase = "later request".to_owned();
    let mut client = chromium_h2()?;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().copied().ok_or("a value is missing");
        match *argument {
            "--module" => path = value()?.into(),
            "--config" => {
                let text = value()?;
                configuration = std::fs::read_to_string(text).unwrap_or_else(|_| text.to_owned());
            }
            "--firefox" => client = firefox_h2()?,
            "--functions" => functions = Some(value()?.parse::<usize>()?),
            "--phase" => phase = value()?.to_owned(),
            other => return Err(format!("unknown: {other}; --module FILE --config JSON|FILE --firefox --functions N --phase NAME").into()),
        }
    }
    let _ = CONFIGURATIONS;
    let bytes = std::fs::read(&path)?;
    let counting = match functions {
        Some(_) => Some(Counting::new(&bytes)?),
        None => None,
    };
    let module = Module::metered(counting.as_ref().map_or(&bytes, |counting| counting.module()))?;
    let mut meter = Meter::start(&module, counting.as_ref())?;
    let roles = configure(&mut meter, &configuration)?;
    let (accepted, tcp) = connect(&mut meter, &roles, &client)?;
    exchange(&mut meter, &roles, &accepted, &client, FIRST)?;
    let _ = tcp.downstream(&client.later_bytes)?;
    for _ in 0..3 {
        meter.phase("later bytes", |_, _| tcp.downstream(&client.later_bytes))?;
        exchange(&mut meter, &roles, &accepted, &client, LATER)?;
    }
    meter.phase("connection closes", |_, _| tcp.close())?;
    if let Some(most) = functions {
        let last = meter.phases().iter().rfind(|of| of.name == phase).ok_or("no such phase")?;
        let total: u64 = last.functions.iter().map(|of| of.own).sum();
        println!("{phase}: {total} instructions");
        let mut taken = last.functions.clone();
        for (title, key) in [
            ("own", (|of: &Taken| of.own) as fn(&Taken) -> u64),
            ("with callees", |of: &Taken| of.with_callees),
        ] {
            taken.sort_by_key(|of| std::cmp::Reverse(key(of)));
            println!("\nby {title}\n{:>8} {:>8} {:>6}  function", "own", "callees", "calls");
            for of in taken.iter().take(most) {
                println!("{:>8} {:>8} {:>6}  {}", of.own, of.with_callees, of.calls, of.name);
            }
        }
    } else {
        for phase in meter.phases() {
            println!("{:>10}  {}", phase.instructions, phase.name);
            print!("{}", phase.calls);
        }
    }
    Ok(())
}
