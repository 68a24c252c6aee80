//! `solving`: how long real browsers take for the work of the challenge's page, in the page's own time, which also has the page's start
//! in it. It measures, and holds nothing against a target: this machine is no phone.

use std::error::Error;
use std::process::ExitCode;

use layerprint_harness::availability::Availability;
use layerprint_harness::clients::Browser;
use layerprint_harness::clients::driver::{Driven, Setup};
use layerprint_harness::stack::{Stack, StackOptions};
use layerprint_harness::table::Table;
use serde_json::json;

/// The powers of two that are measured: the shipped one first.
const DIFFICULTIES: [u8; 2] = [18, 20];
/// How often each browser solves each: an odd number, so that one is in the middle.
const TIMES: usize = 15;

/// Nothing is guarded with it but this measurement.
const KEY: &str = "rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE=";

/// Keeps the answer back, and the time until it was there.
const WATCH: &str = "const began = performance.now(); \
    window.fetch = () => { window.took = performance.now() - began; return new Promise(() => {}); };";
const TOOK: &str = "window.took ?? window.wrappedJSObject?.took ?? 0";

pub(crate) fn solving() -> Result<ExitCode, Box<dyn Error>> {
    let mut table = Table::new(["browser", "hashes", "ms at best", "usually", "at worst"]);
    for difficulty in DIFFICULTIES {
        let challenge = json!({
            "keys": [KEY], "difficulty": difficulty, "load": { "max_difficulty": difficulty }, "attempts": { "count": 1_000 }
        });
        let options = StackOptions::new("solving").filter(json!({ "challenge": challenge }));
        let stack = Stack::start(options)?;
        for browser in Browser::ALL {
            if let Availability::Missing(why) = browser.availability() {
                println!("skipped {browser}: {why}");
                continue;
            }
            let mut took = measure(&stack, browser)?;
            took.sort_by(f64::total_cmp);
            let at = |place: usize| took.get(place).map(|ms| format!("{ms:.0}"));
            table.row([
                Some(browser.to_string()),
                Some(format!("2^{difficulty}")),
                at(0),
                at(TIMES / 2),
                at(TIMES - 1),
            ]);
        }
    }
    println!("{table}");
    Ok(ExitCode::SUCCESS)
}

/// The milliseconds that each solution took.
fn measure(stack: &Stack, browser: Browser) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut driven = Driven::start(browser, Setup::default())?;
    let tab = driven.tab()?;
    driven.prepare(&tab, WATCH)?;
    let mut took = Vec::with_capacity(TIMES);
    for n in 0..TIMES {
        driven.go(&tab, &stack.tls_url(&format!("/.layerprint/challenge?to=/{n}")))?;
        driven.wait_until(&tab, &format!("location.search.endsWith('/{n}') && ({TOOK}) > 0"))?;
        took.push(driven.ask(&tab, TOOK)?.as_f64().ok_or("the page told no time")?);
    }
    Ok(took)
}
