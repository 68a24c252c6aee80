//! `layerprint check`: whether the filter takes a configuration, by the filter's own parser and in the words of Envoy's log.

use crate::{Failure, input};
use layerprint::policy::Policy;
use layerprint::policy::config::Challenge;
use lexopt::Arg::{Long, Short, Value};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

const HELP: &str = "\
layerprint check FILE

Reads a configuration of the filter, JSON as in `configuration` of both roles (`-` for standard input), and prints one
line for each mistake: where it stands, what is wrong, what is accepted. Envoy's log tells the same. Of a challenge, it
says how hard it is for whom, and which variables with keys are not set here; that is no mistake.

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
    let (config, absent) = input::config(&text);
    match config {
        Ok(config) => {
            writeln!(out, "{}: ok", file.display())?;
            if let Some(challenge) = &config.challenge {
                writeln!(out, "{}: {}", file.display(), summary(challenge, &config.policy))?;
            }
            for name in absent {
                let says = "is not set here, and something stands in for its key: the filter takes none but a real one";
                writeln!(out, "{}: {name} {says}", file.display())?;
            }
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

/// What challenges, in one line: `challenge: difficulty 18 (login 19), up to 21 under load; …`.
fn summary(challenge: &Challenge, policy: &Policy) -> String {
    let own: Vec<_> = policy
        .ladders
        .difficulties()
        .iter()
        .map(|(class, difficulty)| format!("{} {}", class.as_str(), difficulty.bits()))
        .collect();
    let own = match own.is_empty() {
        true => String::new(),
        false => format!(" ({})", own.join(", ")),
    };
    let keys = match challenge.keys.len() {
        1 => "1 key".to_owned(),
        count => format!("{count} keys, of which the first signs"),
    };
    let found = match policy.challenges_where() {
        Some(what) => format!("enforced: {what}"),
        None => "nothing challenges in mode enforce".to_owned(),
    };
    format!(
        "challenge: difficulty {}{own}, up to {} under load; at {}; a clearance lasts {} s; {keys}; {found}",
        challenge.difficulty.bits(),
        challenge.load.most.bits(),
        challenge.path,
        challenge.clearance.lasts.as_secs(),
    )
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
