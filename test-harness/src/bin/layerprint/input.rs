//! What the subcommands read: a file by its name, or standard input as `-`.

use crate::Failure;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use layerprint::policy::config::{Config, Problem, Variables};
use layerprint_harness::replay::Judge;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
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

/// The configuration that `text` is, and the variables that are not set here. Keys are for those who sign and believe, which is nobody
/// here: something else stands in for each.
pub(crate) fn config(text: &[u8]) -> (Result<Config, Vec<Problem>>, BTreeSet<String>) {
    let absent = RefCell::new(BTreeSet::new());
    let variable = |name: &str| {
        let value = env::var_os(name).map(OsString::into_encoded_bytes);
        value.or_else(|| {
            absent.borrow_mut().insert(name.to_owned());
            let stand_in = format!("{name}: stands in for a key that is not set here");
            Some(BASE64_STANDARD.encode(stand_in).into_bytes())
        })
    };
    let config = Config::parse_with(text, Variables(&variable));
    (config, absent.into_inner())
}

/// Who decides by the configuration in `file`; every mistake in it is told.
pub(crate) fn judge(file: &OsStr) -> Result<Judge, Failure> {
    let (config, _) = config(&whole(file)?);
    let judge = config.and_then(Judge::new);
    judge.map_err(|problems| {
        let lines: Vec<_> = problems
            .iter()
            .map(|problem| format!("{}: {problem}", file.display()))
            .collect();
        Failure::Input(lines.join("\n"))
    })
}
