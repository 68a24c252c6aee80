//! A whole stack on this machine: the real Envoy with `envoy/envoy.yaml` and the module, and the echo server behind
//! it. `make run`, `make demo` and the end-to-end tests all start it here; any number run side by side.

pub mod access_log;
pub mod admin;
pub mod certificate;
pub mod config;
mod envoy;
mod error;
pub mod fragment;
mod ports;
mod watched;

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpSocket;

pub use self::envoy::{previous_program as previous_envoy_program, program as envoy_program};
pub use self::error::StackError;
pub use self::ports::{PortError, Ports};
pub use self::watched::WatchedListeners;

use self::access_log::AccessLog;
use self::admin::Admin;
use self::config::Rewrite;
use self::envoy::{Envoy, Launch, Restart};
use crate::availability::Availability;
use crate::echo::Echo;
use crate::repo;

/// Starting takes a second; the rest is for a machine that is busy compiling.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long Envoy may take to quit when asked, before it is killed.
const QUIT_WITHIN: Duration = Duration::from_secs(5);
/// Workers: two, so that what is wrongly kept in one worker's memory shows.
const CONCURRENCY: u16 = 2;

/// Where the filter's configuration comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterConfig {
    /// What `envoy/envoy.yaml` says.
    AsWritten,
    /// A file of JSON, passed on byte for byte.
    File(PathBuf),
    /// This text, which need not be valid: a test may want to see it refused.
    Text(String),
}

impl FilterConfig {
    /// The file that `LAYERPRINT_CONFIG` names, else as written.
    pub fn from_environment() -> Self {
        match std::env::var_os("LAYERPRINT_CONFIG").filter(|path| !path.is_empty()) {
            Some(path) => Self::File(path.into()),
            None => Self::AsWritten,
        }
    }

    fn read(&self) -> Result<Option<String>, StackError> {
        match self {
            Self::AsWritten => Ok(None),
            Self::Text(text) => Ok(Some(text.clone())),
            Self::File(path) => fs::read_to_string(path)
                .map(Some)
                .map_err(|error| StackError::file(path, error)),
        }
    }
}

impl From<Value> for FilterConfig {
    fn from(json: Value) -> Self {
        Self::Text(json.to_string())
    }
}

type Edit = Box<dyn FnOnce(&mut Value) + Send>;

/// What a listener needs for the probe.
const PROBE: &str = "envoy/probe/listener.yaml";

/// A configuration whose one listener speaks HTTP/3.
pub const HTTP3: &str = "envoy/http3.yaml";

/// A configuration whose one listener asks a rate limit service, which is in its cluster `ratelimit`.
pub const FLEET: &str = "envoy/fleet/envoy.yaml";

/// A configuration whose one listener challenges, with a key from [`CHALLENGE_KEY`].
pub const CHALLENGE: &str = "envoy/challenge.yaml";

/// The variable that [`CHALLENGE`] has its key from.
pub const CHALLENGE_KEY: &str = "LAYERPRINT_CHALLENGE_KEY";

/// A file that goes into listeners, and into which: all, when no name is given.
struct Fragment {
    path: String,
    listener: Option<String>,
}

/// How to start a stack.
pub struct StackOptions {
    name: String,
    directory: Option<PathBuf>,
    ports: Ports,
    filter: FilterConfig,
    module: PathBuf,
    fragments: Vec<Fragment>,
    beside: Vec<String>,
    command: Option<Vec<PathBuf>>,
    concurrency: u16,
    restart: Option<Restart>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    edits: Vec<Edit>,
}

impl StackOptions {
    /// A stack on free ports with the configuration as written. Its files go to `.run/<name>-<pid>-<n>`, and go
    /// away with it unless a test fails.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            directory: None,
            ports: Ports::FREE,
            filter: FilterConfig::AsWritten,
            module: repo::module(),
            fragments: Vec::new(),
            beside: Vec::new(),
            command: None,
            concurrency: CONCURRENCY,
            restart: None,
            arguments: Vec::new(),
            variables: Vec::new(),
            edits: Vec::new(),
        }
    }

    /// Binds these ports.
    pub fn ports(mut self, ports: Ports) -> Self {
        self.ports = ports;
        self
    }

    /// Gives both roles this configuration.
    pub fn filter(mut self, filter: impl Into<FilterConfig>) -> Self {
        self.filter = filter.into();
        self
    }

    /// Loads another module than the one that `make wasm` builds.
    pub fn module(mut self, module: impl Into<PathBuf>) -> Self {
        self.module = module.into();
        self
    }

    /// Puts the probe into each listener, as `envoy/probe/listener.yaml` says.
    pub fn with_probe(self) -> Self {
        self.with_fragment(PROBE)
    }

    /// Puts this file of the repository into each listener, as [`fragment::add`] does. The last one given stands in front.
    pub fn with_fragment(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.fragments.push(Fragment { path, listener: None });
        self
    }

    /// The same into the listener of this name alone.
    pub fn with_fragment_in(mut self, listener: impl Into<String>, path: impl Into<String>) -> Self {
        let listener = Some(listener.into());
        let path = path.into();
        self.fragments.push(Fragment { path, listener });
        self
    }

    /// Puts the listeners of this other configuration of the repository, for example [`HTTP3`], beside those of `envoy/envoy.yaml`,
    /// on free ports, and its clusters that are not there. Fragments do not go into them.
    pub fn with_listeners_of(mut self, path: impl Into<String>) -> Self {
        self.beside.push(path.into());
        self
    }

    /// The same when the probe is built.
    pub fn with_probe_if_built(self) -> Self {
        match Stack::probe_availability() {
            Availability::Here => self.with_probe(),
            Availability::Missing(_) => self,
        }
    }

    /// Whether the probe is asked for.
    pub fn has_probe(&self) -> bool {
        self.fragments.iter().any(|fragment| fragment.path == PROBE)
    }

    /// Starts this instead of [`envoy_program`]: a program and its first arguments, the last of them an Envoy.
    pub fn command(mut self, command: impl IntoIterator<Item = PathBuf>) -> Self {
        self.command = Some(command.into_iter().collect());
        self
    }

    /// Runs Envoy with this number of workers.
    pub fn concurrency(mut self, workers: u16) -> Self {
        self.concurrency = workers;
        self
    }

    /// Gives Envoy these arguments too.
    pub fn arguments<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(str::to_owned));
        self
    }

    /// Starts an Envoy from which another one can take over.
    pub fn restartable(mut self) -> Self {
        self.restart = Some(Restart::First);
        self
    }

    /// Takes over from `old`, which was [`Self::restartable`], on its ports. It has an upstream of its own.
    ///
    /// # Errors
    ///
    /// When `old` was not.
    pub fn taking_over_from(mut self, old: &Stack) -> Result<Self, StackError> {
        self.restart = Some(Restart::After(envoy::base_id(&old.directory.path)?));
        self.ports = Ports {
            admin: 0,
            upstream: 0,
            ..old.ports
        };
        Ok(self)
    }

    /// Sets a variable of Envoy's environment. A filter sees it when its `vm_config` names it.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Keeps the stack's files in this directory, also after the end.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Changes the Envoy configuration after everything else, for example with [`config::without_connection_role`].
    pub fn edit(mut self, edit: impl FnOnce(&mut Value) + Send + 'static) -> Self {
        self.edits.push(Box::new(edit));
        self
    }
}

/// A running stack. Dropping it stops it.
pub struct Stack {
    // Dropped in this order: Envoy first, so that it never sees its upstream gone.
    envoy: Envoy,
    echo: Echo,
    admin: Admin,
    ports: Ports,
    access_log: AccessLog,
    connections_log: AccessLog,
    _reserved: Option<TcpSocket>,
    directory: RunDirectory,
}

impl Stack {
    /// Whether this machine can run one at all.
    pub fn availability() -> Availability {
        let envoy = match envoy_program() {
            Ok(_) => Availability::Here,
            Err(error) => Availability::missing(error.to_string()),
        };
        Availability::all([envoy, module_availability(&repo::module())])
    }

    /// Whether this machine can have [`validate`] read a configuration as it stands, which names the module where `make wasm` puts it.
    pub fn shipped_availability() -> Availability {
        let written = repo::root().join("target/wasm32-wasip1/release/layerprint.wasm");
        let there = match written.is_file() {
            true => Availability::Here,
            false => Availability::missing(format!("no {}, which the file names", written.display())),
        };
        Availability::all([Self::availability(), there])
    }

    /// Whether the probe has been built.
    pub fn probe_availability() -> Availability {
        let probe = repo::probe();
        if probe.is_file() {
            return Availability::Here;
        }
        Availability::missing(format!("{} is not built: run `make probe`", probe.display()))
    }

    /// Starts the echo server and Envoy, and waits until Envoy serves.
    pub fn start(options: StackOptions) -> Result<Self, StackError> {
        if let Availability::Missing(why) = module_availability(&options.module) {
            return Err(StackError::Missing(why));
        }
        // Who takes over finds the ports taken, and is handed them.
        if !matches!(options.restart, Some(Restart::After(_))) {
            options.ports.check().map_err(StackError::Port)?;
        }
        let filter = options.filter.read()?;
        let directory = RunDirectory::make(&options)?;
        let tls = directory.path.join("tls");
        certificate::ensure(&tls).map_err(|error| StackError::file(&tls, error))?;

        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.ports.upstream));
        let echo = Echo::start(address).map_err(|error| StackError::Upstream { address, error })?;

        let (ports, reserved) = options.ports.with_known_tls().map_err(StackError::Reserve)?;
        let rewrite = Rewrite {
            root: &repo::root(),
            ports: &ports,
            upstream: echo.address(),
            logs: &directory.path,
            tls: &tls,
            module: &options.module,
            probe: &repo::probe(),
            filter: filter.as_deref(),
        };
        let sources = Sources {
            fragments: &options.fragments,
            beside: &options.beside,
        };
        let config = write_config(&directory.path, &rewrite, sources, options.edits)?;
        let command = match options.command {
            Some(command) => command,
            None => vec![envoy_program()?],
        };
        let (envoy, admin) = Envoy::start(&Launch {
            command: &command,
            config: &config,
            directory: &directory.path,
            concurrency: options.concurrency,
            restart: options.restart,
            arguments: &options.arguments,
            variables: &options.variables,
            ready_within: READY_WITHIN,
        })?;

        let ports = Ports {
            tls: admin.listener("tls")?.port(),
            http: admin.listener("cleartext")?.port(),
            passthrough: admin.listener("passthrough")?.port(),
            admin: admin.address().port(),
            upstream: echo.address().port(),
        };
        Ok(Self {
            envoy,
            echo,
            admin,
            ports,
            access_log: AccessLog::new(directory.path.join("access.log")),
            connections_log: AccessLog::new(directory.path.join("connections.log")),
            _reserved: reserved,
            directory,
        })
    }

    /// The ports in use, none of them 0.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// `https://localhost:PORT` and the path. By name: to an address, clients send no SNI, and the fingerprints of
    /// their hellos are then not those they show on the web.
    pub fn tls_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.ports.tls)
    }

    /// The same on the port where TLS is passed through unopened.
    pub fn passthrough_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.ports.passthrough)
    }

    /// `http://127.0.0.1:PORT` and the path.
    pub fn http_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports.http)
    }

    /// `https://localhost:PORT` and the path, where HTTP/3 is spoken, which takes [`HTTP3`].
    pub fn http3_url(&self, path: &str) -> Result<String, StackError> {
        let port = self.admin.listener("http3")?.port();
        Ok(format!("https://localhost:{port}{path}"))
    }

    /// `https://localhost:PORT` and the path, where a rate limit service is asked, which takes [`FLEET`].
    pub fn fleet_url(&self, path: &str) -> Result<String, StackError> {
        let port = self.admin.listener("fleet")?.port();
        Ok(format!("https://localhost:{port}{path}"))
    }

    /// Envoy's admin interface: statistics, readiness, anything else by path.
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// The access log of requests.
    pub fn access_log(&self) -> &AccessLog {
        &self.access_log
    }

    /// The access log of connections that are passed through unopened: a line is written when one has ended.
    pub fn connections_log(&self) -> &AccessLog {
        &self.connections_log
    }

    /// What Envoy has logged so far, the filter's own lines among it.
    pub fn envoy_log(&self) -> String {
        self.envoy.log()
    }

    /// The end of that log.
    pub fn envoy_log_tail(&self) -> String {
        self.envoy.log_tail()
    }

    /// The process id of Envoy itself.
    pub fn envoy_pid(&self) -> u32 {
        self.envoy.pid()
    }

    /// Whether Envoy still runs.
    pub fn is_running(&mut self) -> bool {
        self.envoy.ended().is_none()
    }

    /// Stops in order: Envoy writes its logs out and quits. Dropping a stack kills it instead, which is quicker.
    pub fn stop(mut self) -> Result<(), StackError> {
        self.admin.post("/quitquitquit")?;
        self.envoy.wait_for_end(QUIT_WITHIN);
        Ok(())
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("ports", &self.ports)
            .field("envoy", &self.envoy.pid())
            .field("echo", &self.echo.address())
            .finish_non_exhaustive()
    }
}

/// Has Envoy read a configuration of the repository as it stands, with what it names: the module that `make wasm` builds, a certificate,
/// these variables and none else of the kind.
///
/// # Errors
///
/// When Envoy is not there, or refuses it.
pub fn validate(path: &str, variables: &[(&str, &str)]) -> Result<(), StackError> {
    let tls = repo::run_directory().join("tls");
    certificate::ensure(&tls).map_err(|error| StackError::file(&tls, error))?;
    let program = envoy_program()?;
    let output = Command::new(&program)
        .args(["--mode", "validate", "--disable-hot-restart", "-c", path])
        .env_remove(CHALLENGE_KEY)
        .envs(variables.iter().copied())
        .current_dir(repo::root())
        .output()
        .map_err(|error| StackError::Start { program, error })?;
    if output.status.success() {
        return Ok(());
    }
    Err(StackError::EnvoyRefused {
        status: output.status,
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn module_availability(module: &Path) -> Availability {
    if module.is_file() {
        return Availability::Here;
    }
    Availability::missing(format!("{} is not built: run `make wasm`", module.display()))
}

/// What is put together with `envoy/envoy.yaml`.
#[derive(Clone, Copy)]
struct Sources<'a> {
    fragments: &'a [Fragment],
    beside: &'a [String],
}

fn write_config(
    directory: &Path,
    rewrite: &Rewrite<'_>,
    sources: Sources<'_>,
    edits: Vec<Edit>,
) -> Result<PathBuf, StackError> {
    let (source, mut config) = read_config("envoy/envoy.yaml")?;
    for Fragment { path, listener } in sources.fragments {
        let (path, parts) = read_config(path)?;
        fragment::add(&mut config, &parts, listener.as_deref()).map_err(|error| StackError::Config { path, error })?;
    }
    for path in sources.beside {
        let (path, other) = read_config(path)?;
        fragment::put_beside(&mut config, other).map_err(|error| StackError::Config { path, error })?;
    }
    rewrite
        .apply(&mut config)
        .map_err(|error| StackError::Config { path: source, error })?;
    for edit in edits {
        edit(&mut config);
    }
    // JSON: Envoy reads it as well, and nothing is lost on the way.
    let target = directory.join("envoy.json");
    fs::write(&target, format!("{config:#}\n")).map_err(|error| StackError::file(&target, error))?;
    Ok(target)
}

fn read_config(path: &str) -> Result<(PathBuf, Value), StackError> {
    let path = repo::root().join(path);
    let yaml = fs::read_to_string(&path).map_err(|error| StackError::file(&path, error))?;
    match config::parse(&yaml) {
        Ok(config) => Ok((path, config)),
        Err(error) => Err(StackError::Config { path, error }),
    }
}

/// The files of one stack.
#[derive(Debug)]
struct RunDirectory {
    path: PathBuf,
    keep: bool,
}

impl RunDirectory {
    fn make(options: &StackOptions) -> Result<Self, StackError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let unique = || {
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            repo::run_directory().join(format!("{}-{}-{n}", options.name, std::process::id()))
        };
        let path = options.directory.clone().unwrap_or_else(unique);
        fs::create_dir_all(&path).map_err(|error| StackError::file(&path, error))?;
        let directory = Self {
            path,
            keep: options.directory.is_some(),
        };
        // Left over from an earlier run: they would be taken for this one's.
        for stale in ["access.log", "connections.log", "admin-address", "base-id"] {
            let _ = fs::remove_file(directory.path.join(stale));
        }
        Ok(directory)
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if !self.keep && !std::thread::panicking() {
            // What cannot be removed is a few small files in an ignored directory.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
