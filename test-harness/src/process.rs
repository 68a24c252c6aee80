//! What the kernel says of a process: the time it ran, its memory, and within that the linear memories of its Wasm VMs.

use std::fs;
use std::io;
use std::time::Duration;

/// The address space that V8 reserves for each linear memory behind its beginning. What is not used yet may not be touched.
const RESERVED: u64 = 8 << 30;

/// The time that all threads which a process has now have spent on a CPU, as the scheduler counts it: in nanoseconds, where utime and
/// stime of `/proc/PID/stat` come in ticks of 10 ms. Exact for threads that sleep.
///
/// # Errors
///
/// The process is gone, or the kernel does not say.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    let mut spent = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // One that has ended meanwhile is not among those that run.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else {
            continue;
        };
        let time = text.split(' ').next().and_then(|first| first.parse().ok());
        spent += time.map(Duration::from_nanos).ok_or_else(|| unexpected(&text))?;
    }
    Ok(spent)
}

/// The memory of a process that is in RAM, in bytes.
///
/// # Errors
///
/// The process is gone, or the kernel does not say.
pub fn resident(pid: u32) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .map(|kib| kib * 1024)
        .ok_or_else(|| unexpected(&text))
}

/// The sizes of the linear memories of all VMs of V8 in a process, in bytes, the largest first. Nothing counts them: it is told by how
/// V8 lays them out, each at the beginning of 8 GiB of which only the memory itself may be touched. They only ever grow.
///
/// # Errors
///
/// The process is gone, or the kernel does not say.
pub fn wasm_memories(pid: u32) -> io::Result<Vec<u64>> {
    Ok(memories_in(&fs::read_to_string(format!("/proc/{pid}/maps"))?))
}

fn memories_in(maps: &str) -> Vec<u64> {
    let mut sizes = Vec::new();
    let mut before: Option<Mapping<'_>> = None;
    for line in maps.lines() {
        let mapping = Mapping::parse(line);
        if let (Some(memory), Some(guard)) = (&before, &mapping)
            && memory.access == "rw-p"
            && guard.access == "---p"
            && memory.to == guard.from
            && guard.to.saturating_sub(memory.from) == RESERVED
        {
            sizes.push(memory.to.saturating_sub(memory.from));
        }
        before = mapping;
    }
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    sizes
}

/// A line of `/proc/PID/maps`.
struct Mapping<'a> {
    from: u64,
    to: u64,
    access: &'a str,
}

impl<'a> Mapping<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (from, to) = words.next()?.split_once('-')?;
        Some(Self {
            from: u64::from_str_radix(from, 16).ok()?,
            to: u64::from_str_radix(to, 16).ok()?,
            access: words.next()?,
        })
    }
}

fn unexpected(text: &str) -> io::Error {
    io::Error::other(format!("the kernel said something else than was expected: {text:?}"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_linear_memory_is_what_may_be_touched_of_its_eight_gibibytes() {
        // Of Envoy 1.40: a thread's stack stands right before a memory.
        let maps = "\
7f59fc960000-7f59fd160000 rw-p 00000000 00:00 0 
7f59fd160000-7f59fd3e0000 rw-p 00000000 00:00 0 
7f59fd3e0000-7f5bfd160000 ---p 00000000 00:00 0 
7f5bfd16c000-7f5bfd17c000 r--p 00000000 00:00 0                          /usr/lib/x
7f5e5f140000-7f5e5f170000 ---p 00000000 00:00 0 
7f5e5f170000-7f5e5f2c0000 rw-p 00000000 00:00 0 
7f5e5f2c0000-7f605f170000 ---p 00000000 00:00 0 
";
        assert_eq!(memories_in(maps), [2560 << 10, 1344 << 10]);
        assert_eq!(memories_in(""), [0; 0]);
    }

    #[test]
    fn this_process_is_in_memory_and_has_run() {
        let pid = std::process::id();
        assert!(resident(pid).unwrap() > 1 << 20);
        while cpu_time(pid).unwrap() < Duration::from_millis(1) {}
        assert_eq!(wasm_memories(pid).unwrap(), [0; 0]);
    }

    #[test]
    fn work_is_counted() {
        let pid = std::process::id();
        let before = cpu_time(pid).unwrap();
        // Ends when it shows, however busy the machine is.
        while cpu_time(pid).unwrap() < before + Duration::from_millis(20) {}
    }

    #[test]
    fn waiting_is_not_counted() {
        let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let spent = cpu_time(sleeper.id()).unwrap();
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        assert!(spent < Duration::from_millis(100), "{spent:?}");
    }

    #[test]
    fn of_a_process_that_is_not_there_nothing_is_said() {
        assert!(resident(u32::MAX).is_err() && cpu_time(u32::MAX).is_err() && wasm_memories(u32::MAX).is_err());
    }
}
