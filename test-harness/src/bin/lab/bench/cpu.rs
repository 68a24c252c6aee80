//! What the kernel says about this machine.

use std::fs;
use std::io;

/// How many want to run, on average of the last minute.
pub(super) fn load_average() -> io::Result<String> {
    let text = fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}

/// Kernel and number of CPUs.
pub(super) fn machine() -> io::Result<String> {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let cpus = std::thread::available_parallelism()?;
    Ok(format!("Linux {}, {cpus} CPUs", kernel.trim()))
}

/// What the processor calls itself.
pub(super) fn model() -> io::Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let named = text.lines().find_map(|line| line.strip_prefix("model name"));
    Ok(named.unwrap_or("unnamed").trim_matches([' ', '\t', ':']).to_owned())
}
