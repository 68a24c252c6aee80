//! One Envoy process: finding the program, starting it, knowing when it is ready, and leaving none behind.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::StackError;
use super::admin::Admin;
use crate::guard::Guard;
use crate::repo;

/// How often a starting or stopping Envoy is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How much of the log an error carries.
const TAIL_LINES: usize = 25;
const TAIL_WIDTH: usize = 500;

/// The Envoy program: `ENVOY_BIN`, else the one in the Python environment of `make setup`. There it is the binary
/// behind the `envoy` script, so that the process started is Envoy itself.
pub fn program() -> Result<PathBuf, StackError> {
    if let Some(path) = std::env::var_os("ENVOY_BIN")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
    {
        let there = path.is_file();
        return there
            .then_some(path.clone())
            .ok_or_else(|| StackError::Missing(format!("ENVOY_BIN={} is not a file", path.display())));
    }
    installed_in(&repo::venv())
        .ok_or_else(|| StackError::Missing("Envoy is not in .venv: run `make setup`, or set ENVOY_BIN".to_owned()))
}

/// The previous minor version of Envoy, which the probe works on too.
pub fn previous_program() -> Result<PathBuf, StackError> {
    let venv = repo::previous_envoy_venv();
    installed_in(&venv).ok_or_else(|| {
        let why = format!(
            "the previous Envoy is not in {}: run `make previous-envoy`",
            venv.display()
        );
        StackError::Missing(why)
    })
}

fn installed_in(venv: &Path) -> Option<PathBuf> {
    let libraries = fs::read_dir(venv.join("lib")).into_iter().flatten().flatten();
    libraries
        .map(|python| python.path().join("site-packages/envoy/_bin/envoy"))
        .find(|path| path.is_file())
}

/// Which place an Envoy has among those that take over from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restart {
    /// The first.
    First,
    /// The one that takes over from the first, whose base id this is.
    After(u32),
}

impl Restart {
    /// The file that the first one's base id is in: Envoy chooses a free one.
    const BASE_ID: &'static str = "base-id";

    fn arguments(this: Option<Self>, directory: &Path) -> Vec<OsString> {
        match this {
            // No shared memory with a predecessor, and so no base id for two stacks to collide on.
            None => vec!["--disable-hot-restart".into()],
            Some(Self::First) => {
                let file = directory.join(Self::BASE_ID).into_os_string();
                vec!["--use-dynamic-base-id".into(), "--base-id-path".into(), file]
            }
            Some(Self::After(base)) => {
                let arguments = ["--base-id", &base.to_string(), "--restart-epoch", "1"];
                arguments.map(OsString::from).to_vec()
            }
        }
    }
}

/// The base id of the Envoy that was started in `directory` as [`Restart::First`].
pub(super) fn base_id(directory: &Path) -> Result<u32, StackError> {
    let file = directory.join(Restart::BASE_ID);
    let text = fs::read_to_string(&file).map_err(|error| StackError::file(&file, error))?;
    text.trim()
        .parse()
        .map_err(|_| StackError::file(&file, io::Error::other(format!("no base id: {text:?}"))))
}

/// How to start Envoy.
pub(super) struct Launch<'a> {
    /// The program and its first arguments; the last of them is Envoy.
    pub(super) command: &'a [PathBuf],
    pub(super) config: &'a Path,
    pub(super) directory: &'a Path,
    pub(super) concurrency: u16,
    pub(super) restart: Option<Restart>,
    pub(super) arguments: &'a [String],
    pub(super) variables: &'a [(String, String)],
    pub(super) ready_within: Duration,
}

/// A running Envoy. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Envoy {
    process: Child,
    guard: Guard,
    log: PathBuf,
}

impl Envoy {
    /// Starts Envoy and waits until it serves.
    pub(super) fn start(launch: &Launch<'_>) -> Result<(Self, Admin), StackError> {
        let (program, first) = launch.command.split_first().ok_or_else(|| {
            let error = io::Error::other("no program was given");
            StackError::Start {
                program: PathBuf::new(),
                error,
            }
        })?;
        let log = launch.directory.join("envoy.log");
        let admin_address = launch.directory.join("admin-address");
        let file = File::create(&log).map_err(|error| StackError::file(&log, error))?;
        let copy = file.try_clone().map_err(|error| StackError::file(&log, error))?;

        let mut process = Command::new(program)
            .args(first)
            .arg("-c")
            .arg(launch.config)
            .args(["--concurrency", &launch.concurrency.to_string()])
            .args(Restart::arguments(launch.restart, launch.directory))
            .args(launch.arguments)
            .args(["--file-flush-interval-msec", "10"])
            .arg("--admin-address-path")
            .arg(&admin_address)
            .envs(launch.variables.iter().map(|(name, value)| (name, value)))
            // A group of its own: Ctrl-C reaches the launcher, which then stops Envoy in order.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(copy)
            .stderr(file)
            .spawn()
            .map_err(|error| StackError::Start {
                program: program.clone(),
                error,
            })?;
        let guard = Guard::over(&process).map_err(|error| {
            let _ = process.kill();
            let _ = process.wait();
            StackError::Start {
                program: Guard::SHELL.into(),
                error,
            }
        })?;
        // From here on an early return drops, and so kills, the process.
        let mut envoy = Self { process, guard, log };
        let admin = envoy.wait_until_ready(&admin_address, launch.ready_within)?;
        Ok((envoy, admin))
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// How the process ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Gives a process that was asked to quit some time for it.
    pub(super) fn wait_for_end(&mut self, within: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            let ended = self.ended();
            if ended.is_some() || start.elapsed() > within {
                return ended;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// The end of what the log says of trouble and of the filter, as errors show it.
    pub(super) fn log_tail(&self) -> String {
        let log = self.log();
        let telling: Vec<&str> = log.lines().filter(|line| !is_chatter(line)).collect();
        let tail = telling.iter().skip(telling.len().saturating_sub(TAIL_LINES));
        tail.map(|line| format!("  {}\n", line.chars().take(TAIL_WIDTH).collect::<String>()))
            .collect()
    }

    fn wait_until_ready(&mut self, admin_address: &Path, within: Duration) -> Result<Admin, StackError> {
        let start = Instant::now();
        let mut admin = None;
        loop {
            if let Some(status) = self.ended() {
                return Err(StackError::EnvoyRefused {
                    status,
                    log: self.log_tail(),
                });
            }
            // Half-written or not yet there: look again.
            let address = || {
                fs::read_to_string(admin_address)
                    .ok()?
                    .trim()
                    .parse::<SocketAddr>()
                    .ok()
            };
            admin = admin.or_else(|| address().map(Admin::new));
            match admin {
                Some(admin) if admin.get("/ready").is_ok() => return Ok(admin),
                _ if start.elapsed() > within => {
                    return Err(StackError::NotReady {
                        within,
                        log: self.log_tail(),
                    });
                }
                _ => std::thread::sleep(LOOK_EVERY),
            }
        }
    }
}

/// Envoy describes itself at length, at level info, whenever it starts.
fn is_chatter(line: &str) -> bool {
    line.contains("][info][") && !line.contains("][info][wasm]")
}

impl Drop for Envoy {
    fn drop(&mut self) {
        self.guard.dismiss();
        // Errors mean that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
