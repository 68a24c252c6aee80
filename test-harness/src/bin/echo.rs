//! The echo server as a program: answers what it received, as JSON, until Ctrl-C or SIGTERM.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use layerprint_harness::echo::Echo;
use layerprint_harness::signals::wait_for_stop;

const USAGE: &str =
    "usage: layerprint-echo [--listen ADDRESS:PORT]   (default 127.0.0.1:8081; port 0 picks a free one)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let listen = match arguments.as_slice() {
        [] => "127.0.0.1:8081",
        ["--listen", address] => address,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let Ok(address) = listen.parse() else {
        eprintln!("layerprint-echo: {listen:?} is not ADDRESS:PORT\n{USAGE}");
        return ExitCode::from(2);
    };
    match run(address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("layerprint-echo: {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(address: SocketAddr) -> io::Result<()> {
    let echo = Echo::start(address)?;
    println!("echo listens on http://{}", echo.address());
    wait_for_stop(|| true)?;
    Ok(())
}
