//! What the kernel says about a process and about this machine.

use std::fs;
use std::io;
use std::time::Duration;

/// The time that all threads of a process have spent on a CPU, as the scheduler counts it: in nanoseconds, where utime and
/// stime of `/proc/PID/stat` come in ticks of 10 ms. Exact for threads that sleep.
pub(super) fn time_of(pid: u32) -> io::Result<Duration> {
    let mut spent = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
        spent += nanoseconds
            .map(Duration::from_nanos)
            .ok_or_else(|| io::Error::other(format!("schedstat is not what was expected: {text:?}")))?;
    }
    Ok(spent)
}

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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn work_is_counted() {
        let pid = std::process::id();
        let before = time_of(pid).unwrap();
        // Ends when it shows, however busy the machine is.
        while time_of(pid).unwrap() < before + Duration::from_millis(20) {}
    }

    #[test]
    fn waiting_is_not_counted() {
        let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let spent = time_of(sleeper.id()).unwrap();
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        assert!(spent < Duration::from_millis(100), "{spent:?}");
    }
}
