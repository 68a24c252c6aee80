//! `run`: the stack in the foreground, for trying things out by hand.

use std::path::Path;
use std::process::ExitCode;

use layerprint_harness::repo;
use layerprint_harness::signals::{Stop, wait_for_stop};
use layerprint_harness::stack::{FilterConfig, Ports, Stack, StackError, StackOptions};

pub(crate) fn run() -> Result<ExitCode, StackError> {
    let options = StackOptions::new("run")
        .directory(repo::run_directory().join("run"))
        .ports(Ports::from_environment().map_err(StackError::Port)?)
        .filter(FilterConfig::from_environment())
        .with_probe_if_built();
    let has_probe = options.has_probe();
    let mut stack = Stack::start(options)?;
    println!("{}", welcome(&stack, has_probe));

    let stop = wait_for_stop(|| stack.is_running()).map_err(|error| StackError::File {
        path: "signal handler".into(),
        error,
    })?;
    match stop {
        Stop::Asked => {
            println!("stopping");
            stack.stop()?;
            Ok(ExitCode::SUCCESS)
        }
        Stop::Ended => {
            eprintln!(
                "Envoy has ended by itself; the end of its log:\n{}",
                stack.envoy_log_tail()
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

fn welcome(stack: &Stack, has_probe: bool) -> String {
    let probe = if has_probe {
        "with the probe: TCP SYN, round-trip time and ClientHello are seen"
    } else {
        "without the probe (`make probe` builds it): no TCP evidence, Envoy's JA3 and JA4"
    };
    let shown = |log: &Path| log.strip_prefix(repo::root()).unwrap_or(log).display().to_string();
    let [access_log, connections_log] = [stack.access_log(), stack.connections_log()].map(|log| shown(log.path()));
    format!(
        "\
layerprint runs in Envoy (pid {pid}), {probe}. Ctrl-C stops it.

  {tls:<24} HTTPS, HTTP/2 and HTTP/1.1
  {http:<24} cleartext, HTTP/1 and h2c
  {passthrough:<24} TLS passed through unopened, to the first
  http://{admin:<17} Envoy's admin interface
  {access_log:<24} the access log, with the evidence
  {connections_log:<24} the same of passed-through connections, as they end

Try:
  curl -sk {tls}/anything -H 'X-LayerPrint-Verdict: allow'
  curl -s --http2-prior-knowledge {http}/anything
  curl -sk {passthrough}/anything
",
        pid = stack.envoy_pid(),
        tls = stack.tls_url(""),
        http = stack.http_url(""),
        passthrough = stack.passthrough_url(""),
        admin = stack.admin().address(),
    )
}
