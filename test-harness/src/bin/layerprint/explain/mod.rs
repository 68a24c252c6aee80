//! `layerprint explain`: one logged request in words.

mod challenge;
mod claims;
mod outcome;
mod words;

use crate::{Failure, input};
use layerprint_harness::replay::{Lines, Logged, RawLine, Refused};
use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use words::Explained;

const HELP: &str = "\
layerprint explain --config C [--line N] EVIDENCE

Reads one logged request (`-` for standard input): what the filter wrote (wasm.layerprint), or an access log's JSON
object that holds it, over one line or several; of a log with several, --line says which. Compares and decides anew, by
the filter's own code under C, and tells in words: who the client says it is and what it looks like, what was seen, what
was missing and why, each finding with its weight, the scores, the rule or the cell of the ladder that decided, whose
word the mode is, and where the log says otherwise.

  --config C   the configuration, as in `layerprint check C`
  --line N     the line of a log, from 1 on
  -h, --help   this text

Exit codes
  0  told
  1  no request that can be read, or the configuration is refused
  2  wrong arguments
";

struct Arguments {
    config: OsString,
    line: Option<u64>,
    file: OsString,
}

/// Runs the subcommand.
pub(crate) fn run(arguments: lexopt::Parser) -> Result<ExitCode, Failure> {
    let Some(arguments) = parse(arguments)? else {
        io::stdout().write_all(HELP.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let judge = input::judge(&arguments.config)?;
    let at = format!("{}", arguments.file.display());
    let (logged, at) = match arguments.line {
        Some(line) => (line_of(&arguments.file, line)?, format!("{at}:{line}")),
        None => (only(&arguments.file)?, at),
    };
    let fail = |why: String| Failure::Input(format!("{at}: {why}"));
    let evidence = match &logged {
        Logged::Request { evidence, .. } => evidence,
        Logged::Connection(_) => {
            return Err(fail(
                "a connection that was passed through unopened: nothing is decided on it".to_owned(),
            ));
        }
        Logged::Unseen => return Err(fail("the request never reached the filter".to_owned())),
    };
    let request = logged.request();
    let made = judge.decide(evidence, request).map_err(|why| fail(why.to_string()))?;
    let explained = Explained::new(evidence, request, &judge, &made).map_err(|why| fail(why.to_string()))?;
    let mut out = BufWriter::new(io::stdout().lock());
    explained.write(&mut out)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The arguments; none when help is asked for.
fn parse(mut arguments: lexopt::Parser) -> Result<Option<Arguments>, Failure> {
    let (mut config, mut line, mut file) = (None, None, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("config") if config.is_none() => config = Some(arguments.value()?),
            Long("line") => line = Some(arguments.value()?.parse()?),
            Value(value) if file.is_none() => file = Some(value),
            other => return Err(other.unexpected().into()),
        }
    }
    let config = config.ok_or_else(|| Failure::Usage("explain with which --config? --help tells more".to_owned()))?;
    let file = file.ok_or_else(|| Failure::Usage("explain which EVIDENCE? --help tells more".to_owned()))?;
    Ok(Some(Arguments { config, line, file }))
}

/// The one object in `file`.
fn only(file: &OsStr) -> Result<Logged, Failure> {
    let bytes = input::whole(file)?;
    Logged::read(&bytes).map_err(|why| {
        let lines = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.trim_ascii().is_empty());
        let each_is_json = lines
            .clone()
            .all(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok());
        match lines.count() {
            lines if lines > 1 && each_is_json => Failure::Usage(format!("which of {lines} lines? --line N says it")),
            _ => Failure::Input(format!("{}: {why}", file.display())),
        }
    })
}

/// A line of `file`, by its number. What stands behind it is not read.
fn line_of(file: &OsStr, wanted: u64) -> Result<Logged, Failure> {
    let mut lines = Lines::new(input::open(file)?);
    let fail = |why: &dyn std::fmt::Display| Failure::Input(format!("{}:{wanted}: {why}", file.display()));
    loop {
        match lines.next_line().map_err(|error| input::failed(file, &error))? {
            Some((number, RawLine::Whole(line))) if number == wanted => {
                return Logged::read(line).map_err(|why| fail(&why));
            }
            Some((number, RawLine::TooLong)) if number == wanted => return Err(fail(&Refused::TooLong)),
            Some((number, _)) if number < wanted => {}
            _ => return Err(fail(&"no such line, or an empty one")),
        }
    }
}
