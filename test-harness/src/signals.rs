//! Waiting for the user or the system to say stop, for programs that stay in the foreground.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// How often `wait_for_stop` looks whether there is still something to wait for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why the wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Ctrl-C or SIGTERM.
    Asked,
    /// What was to be kept running has ended by itself.
    Ended,
}

/// Blocks until Ctrl-C or SIGTERM, or until `running` says no.
pub fn wait_for_stop(mut running: impl FnMut() -> bool) -> io::Result<Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                _ = interrupt.recv() => return Ok(Stop::Asked),
                _ = terminate.recv() => return Ok(Stop::Asked),
                _ = look.tick() => if !running() { return Ok(Stop::Ended) },
            }
        }
    })
}
