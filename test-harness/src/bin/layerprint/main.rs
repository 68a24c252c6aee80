//! The command-line tool: finds the subcommand and runs it. Each subcommand is a file beside this one.

mod check;
mod crawlers;
mod explain;
mod fingerprint;
mod input;
mod replay;
mod report;

use std::io::{self, Write};
use std::process::ExitCode;

/// A subcommand: its name, what it is for, and how it runs on the arguments behind its name.
struct Subcommand {
    name: &'static str,
    does: &'static str,
    run: fn(lexopt::Parser) -> Result<ExitCode, Failure>,
}

const SUBCOMMANDS: [Subcommand; 6] = [
    Subcommand {
        name: "fingerprint",
        does: "the fingerprints of each client connection in a capture",
        run: fingerprint::run,
    },
    Subcommand {
        name: "check",
        does: "whether the filter takes a configuration, and what is wrong with it",
        run: check::run,
    },
    Subcommand {
        name: "crawlers",
        does: "a configuration of the addresses that a crawler's operator publishes",
        run: crawlers::run,
    },
    Subcommand {
        name: "explain",
        does: "what was seen of one logged request and what follows from it, in words",
        run: explain::run,
    },
    Subcommand {
        name: "replay",
        does: "what would become of a log's requests, under one configuration or two",
        run: replay::run,
    },
    Subcommand {
        name: "report",
        does: "a log as one page with plots, for people",
        run: report::run,
    },
];

/// Exit code for arguments that are wrong.
const USAGE: u8 = 2;

/// Why a subcommand ends without having done its work.
enum Failure {
    /// The arguments are wrong.
    Usage(String),
    /// What the arguments name cannot be worked on.
    Input(String),
    /// Nobody reads the output any more.
    Output(io::Error),
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

fn main() -> ExitCode {
    match run(lexopt::Parser::from_env()) {
        Ok(code) => code,
        Err(Failure::Usage(message)) => {
            complain(&message);
            ExitCode::from(USAGE)
        }
        Err(Failure::Input(message)) => {
            complain(&message);
            ExitCode::FAILURE
        }
        // As when `head` has seen enough: no failure of ours.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Output(error)) => {
            complain(&format!("cannot write: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode, Failure> {
    match arguments.next()? {
        Some(lexopt::Arg::Short('h') | lexopt::Arg::Long("help")) => {
            io::stdout().write_all(help().as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(lexopt::Arg::Value(name)) => match SUBCOMMANDS.iter().find(|known| name == known.name) {
            Some(subcommand) => (subcommand.run)(arguments),
            None => Err(Failure::Usage(format!("no subcommand {name:?}\n{}", help()))),
        },
        Some(other) => Err(other.unexpected().into()),
        None => Err(Failure::Usage(format!("which subcommand?\n{}", help()))),
    }
}

fn help() -> String {
    let mut text = "layerprint SUBCOMMAND: those that exist are\n".to_owned();
    for subcommand in SUBCOMMANDS {
        text.push_str(&format!("  {:<14}{}\n", subcommand.name, subcommand.does));
    }
    text.push_str("layerprint SUBCOMMAND --help tells more.\n");
    text
}

/// Writes to standard error, where a failure to write has nowhere to be told.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "layerprint: {}", message.trim_end());
}
