//! `layerprint check`: whether the filter takes a configuration, by the filter's own parser and in the words of Envoy's log.

use crate::{Failure, input};
use layerprint::policy::config::Config;
use lexopt::Arg::{Long, Short, Value};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

const HELP: &str = "\
layerprint check FILE

Reads a configuration of the filter, JSON as in `configuration` of both roles (`-` for standard input), and prints one
line for each mistake: where it stands, what is wrong, what is accepted. Envoy's log tells the same.

  -h, --help          this text

Exit codes
  0  the filter takes it
  1  the filter refuses it, or there is no such file
  2  wrong arguments
";

/// Runs the subcommand.
pub(crate) fn run(arguments: lexopt::Parser) -> Result<ExitCode, Failure> {
    let Some(file) = parse(arguments)? else {
        io::stdout().write_all(HELP.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let text = input::whole(&file)?;
    let mut out = io::stdout().lock();
    match Config::parse(&text) {
        Ok(_) => {
            writeln!(out, "{}: ok", file.display())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            for problem in problems {
                writeln!(out, "{}: {problem}", file.display())?;
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The file; none when help is asked for.
fn parse(mut arguments: lexopt::Parser) -> Result<Option<OsString>, Failure> {
    let mut file = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Value(value) if file.is_none() => file = Some(value),
            other => return Err(other.unexpected().into()),
        }
    }
    let file = file.ok_or_else(|| Failure::Usage("check which FILE? --help tells more".to_owned()))?;
    Ok(Some(file))
}
