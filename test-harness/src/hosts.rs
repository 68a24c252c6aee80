//! What works in one Envoy with one of its WebAssembly runtimes: found out by starting it and sending a client through. `make hosts` makes
//! the table of `envoy/hosts.md` from it, and a test holds the Envoy of this repository to it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::clients::{Client, CurlHttp, Reply};
use crate::stack::{Stack, StackError, StackOptions, config};

/// Envoy writes its log in time; this is for a busy machine.
const SOON: Duration = Duration::from_secs(10);
/// How much of an Envoy's reason is repeated.
const REASON_WIDTH: usize = 160;
/// What the line of an Envoy's log has in it that says why it refuses a configuration; the plainest first.
const TELLING: [&str; 5] = [
    NOT_COMPILED_IN,
    "Didn't find a registered implementation",
    "no such field",
    "Failed to load dynamic module",
    "error initializing",
];
/// What an Envoy says of a runtime that it knows by name, and was built without.
pub const NOT_COMPILED_IN: &str = "Envoy was compiled without support for it";

/// A WebAssembly runtime that Envoy can be built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// The default of every distribution.
    V8,
    /// WebAssembly Micro Runtime.
    Wamr,
    /// Wasmtime.
    Wasmtime,
}

impl Runtime {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V8, Self::Wamr, Self::Wasmtime];

    /// As a configuration names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V8 => "envoy.wasm.runtime.v8",
            Self::Wamr => "envoy.wasm.runtime.wamr",
            Self::Wasmtime => "envoy.wasm.runtime.wasmtime",
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V8 => "v8",
            Self::Wamr => "wamr",
            Self::Wasmtime => "wasmtime",
        })
    }
}

/// What an older Envoy does not understand of `envoy/envoy.yaml`, in the order in which it is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// How long the handshake took.
    HandshakeTime,
    /// JA4.
    Ja4,
}

impl LeftOut {
    fn leave_out(self, config: &mut Value) {
        let key = match self {
            Self::HandshakeTime => "on_downstream_tls_handshake",
            Self::Ja4 => "enable_ja4_fingerprinting",
        };
        config::visit(config, &mut |object| {
            object.remove(key);
        });
        if self == Self::Ja4 {
            config::visit(config, &mut |object| {
                if let Some(Value::Array(keys)) = object.get_mut("on_new_connection") {
                    keys.retain(|key| key.get("object_key").is_none_or(|key| key != "layerprint.tls.ja4"));
                }
            });
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HandshakeTime => "handshake time",
            Self::Ja4 => "JA4",
        })
    }
}

/// What has been seen to work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Works {
    /// What had to be left out before Envoy started.
    pub left_out: Vec<LeftOut>,
    /// The upstream got our annotations, once, and none that the client had forged.
    pub annotations: bool,
    /// JA3 of Envoy.
    pub ja3: bool,
    /// JA4 of Envoy.
    pub ja4: bool,
    /// The HTTP/2 form, from the connection role through the memory of a shared VM.
    pub http2: bool,
    /// The same through filter state, where each role has a VM of its own.
    pub handover: bool,
    /// How long the TLS handshake took.
    pub handshake_time: bool,
    /// The SYN, from the probe; or why not.
    pub probe: Probe,
}

/// How the probe fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Probe {
    /// It is not built.
    #[default]
    NotTried,
    /// The line has the TCP signature.
    Works,
    /// Envoy starts, and the line has none.
    Silent,
    /// Envoy does not take it: its own words.
    Refused(String),
}

/// One Envoy with one runtime.
#[derive(Clone, Debug)]
pub struct Host {
    /// The program.
    pub envoy: PathBuf,
    /// What it runs the module with.
    pub runtime: Runtime,
}

impl Host {
    /// This Envoy with this runtime.
    pub fn new(envoy: impl Into<PathBuf>, runtime: Runtime) -> Self {
        Self {
            envoy: envoy.into(),
            runtime,
        }
    }

    /// Starts it as often as it takes to find out.
    ///
    /// # Errors
    ///
    /// When it does not start even with all left out that may be: the words of the last attempt.
    pub fn examine(&self) -> Result<Works, String> {
        let (stack, left_out) = self.start_with_what_it_takes()?;
        let mut works = Works {
            left_out,
            ..Works::default()
        };
        let (reply, line) = visit(&stack)?;
        let verdicts = reply.received_all("x-layerprint-verdict");
        works.annotations = matches!(verdicts.as_slice(), [only] if !only.contains("forged"));
        works.ja3 = seen(&line, "ja3");
        works.ja4 = reply.received("x-layerprint-ja4").is_some();
        works.http2 = reply.received("x-layerprint-h2").is_some();
        works.handshake_time = seen(&line, "handshake_us");
        drop(stack);

        let options = self.options(&works.left_out).edit(config::with_separate_vms);
        let stack = Stack::start(options).map_err(|error| reason(&error))?;
        let (reply, _) = visit(&stack)?;
        works.handover = reply.received("x-layerprint-h2").is_some();
        drop(stack);

        works.probe = self.probe(&works.left_out)?;
        Ok(works)
    }

    /// A stack on it, with no more left out than it takes.
    ///
    /// # Errors
    ///
    /// When it does not start at all: its own words.
    pub fn start_with_what_it_takes(&self) -> Result<(Stack, Vec<LeftOut>), String> {
        let mut left_out = Vec::new();
        let mut more = [LeftOut::HandshakeTime, LeftOut::Ja4].into_iter();
        loop {
            match (Stack::start(self.options(&left_out)), more.next()) {
                (Ok(stack), _) => return Ok((stack, left_out)),
                (Err(_), Some(part)) => left_out.push(part),
                (Err(error), None) => return Err(reason(&error)),
            }
        }
    }

    fn options(&self, left_out: &[LeftOut]) -> StackOptions {
        let (runtime, left_out) = (self.runtime, left_out.to_vec());
        StackOptions::new("hosts")
            .command([self.envoy.clone()])
            .edit(move |config| {
                with_runtime(config, runtime);
                for part in left_out {
                    part.leave_out(config);
                }
            })
    }

    fn probe(&self, left_out: &[LeftOut]) -> Result<Probe, String> {
        if Stack::probe_availability() != crate::availability::Availability::Here {
            return Ok(Probe::NotTried);
        }
        let stack = match Stack::start(self.options(left_out).with_probe()) {
            Ok(stack) => stack,
            Err(error) => return Ok(Probe::Refused(reason(&error))),
        };
        let (_, line) = visit(&stack)?;
        Ok(if seen(&line, "tcp") {
            Probe::Works
        } else {
            Probe::Silent
        })
    }
}

/// Runs every plugin of `config` with this runtime.
pub fn with_runtime(config: &mut Value, runtime: Runtime) {
    config::visit(config, &mut |object| {
        if let Some(vm) = object.get_mut("vm_config").and_then(Value::as_object_mut) {
            vm.insert("runtime".to_owned(), json!(runtime.name()));
        }
    });
}

/// The number in `envoy --version`.
pub fn version(envoy: &Path) -> Option<String> {
    let output = std::process::Command::new(envoy).arg("--version").output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let version = said.split('/').find(|part| part.starts_with("1."))?;
    Some(version.to_owned())
}

/// curl over HTTP/2 and TLS with a forged annotation: what the upstream got, and the line.
fn visit(stack: &Stack) -> Result<(Reply, Value), String> {
    let forged = [("X-Layerprint-Verdict", "allow;forged")];
    let reply = Client::Curl(CurlHttp::Http2)
        .get(&stack.tls_url("/page"), &forged)
        .map_err(|error| error.to_string())?;
    let lines = stack
        .access_log()
        .wait_for(1, SOON)
        .map_err(|error| error.to_string())?;
    let line = lines
        .into_iter()
        .next()
        .and_then(|mut line| Some(line.get_mut("layerprint")?.take()));
    Ok((reply, line.unwrap_or_default()))
}

fn seen(line: &Value, evidence: &str) -> bool {
    line.get(evidence).is_some_and(|value| !value.is_null())
}

/// Envoy's reason in a line, which the error carries of its log.
fn reason(error: &StackError) -> String {
    let text = error.to_string();
    // The first that names one: the others follow from it. Envoy repeats the configuration after its own words.
    let line = TELLING
        .iter()
        .find_map(|words| text.lines().find(|line| line.contains(words)));
    let line = line.unwrap_or(&text);
    // Behind the time, the thread and the place in Envoy's sources.
    let line = line
        .split_once(".cc:")
        .and_then(|(_, rest)| rest.split_once("] "))
        .map_or(line, |(_, words)| words);
    line.trim().chars().take(REASON_WIDTH).collect()
}
