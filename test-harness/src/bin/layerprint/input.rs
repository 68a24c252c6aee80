//! What the subcommands read: a file by its name, or standard input as `-`.

use crate::Failure;
use layerprint::policy::config::Config;
use layerprint_harness::replay::Judge;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};

/// All of `file`.
pub(crate) fn whole(file: &OsStr) -> Result<Vec<u8>, Failure> {
    let read = || {
        if file != "-" {
            return fs::read(file);
        }
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| failed(file, &error))
}

/// `file`, to be read piece by piece.
pub(crate) fn open(file: &OsStr) -> Result<Box<dyn BufRead>, Failure> {
    if file == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    let opened = File::open(file).map_err(|error| failed(file, &error))?;
    Ok(Box::new(BufReader::new(opened)))
}

/// Why `file` cannot be read.
pub(crate) fn failed(file: &OsStr, error: &io::Error) -> Failure {
    Failure::Input(format!("{}: {error}", file.display()))
}

/// Who decides by the configuration in `file`; every mistake in it is told.
pub(crate) fn judge(file: &OsStr) -> Result<Judge, Failure> {
    let judge = Config::parse(&whole(file)?).and_then(Judge::new);
    judge.map_err(|problems| {
        let lines: Vec<_> = problems
            .iter()
            .map(|problem| format!("{}: {problem}", file.display()))
            .collect();
        Failure::Input(lines.join("\n"))
    })
}
