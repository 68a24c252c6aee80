//! What the subcommands read: a file by its name, or standard input as `-`.

use crate::Failure;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use layerprint::policy::config::{Config, Problem, Variables};
use layerprint_harness::replay::{Judge, RefusedLine, UnreadableLog};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};

/// How a file begins that is packed by gzip (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Logs are large, and read from end to end.
const LOG_BUFFER: usize = 256 << 10;

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

/// The log of this number, to be read piece by piece, unpacked where it is packed by gzip; the bar advances with it.
pub(crate) fn open_log(logs: &[OsString], number: usize, bar: &ProgressBar) -> io::Result<Box<dyn BufRead>> {
    let Some(log) = logs.get(number) else {
        return Ok(Box::new(io::empty()));
    };
    let mut reader: Box<dyn BufRead> = if log == "-" {
        Box::new(BufReader::with_capacity(LOG_BUFFER, bar.wrap_read(io::stdin())))
    } else {
        Box::new(BufReader::with_capacity(LOG_BUFFER, bar.wrap_read(File::open(log)?)))
    };
    if !reader.fill_buf()?.starts_with(&GZIP) {
        return Ok(reader);
    }
    Ok(Box::new(BufReader::with_capacity(
        LOG_BUFFER,
        MultiGzDecoder::new(reader),
    )))
}

/// A line that was refused, as it is told: the log, the number, and why.
pub(crate) fn place(logs: &[OsString], line: &RefusedLine) -> String {
    let log = logs.get(line.log).map_or("-".into(), |log| log.to_string_lossy());
    format!("{log}:{}: {}", line.number, line.why)
}

/// Why a log cannot be read.
pub(crate) fn unreadable(logs: &[OsString], failed: UnreadableLog) -> Failure {
    let log = logs.get(failed.log).map_or(OsStr::new("-"), OsString::as_os_str);
    self::failed(log, &failed.error)
}

/// A bar for reading `logs`: on standard error where that is a terminal, else nowhere.
pub(crate) fn progress(logs: &[OsString]) -> ProgressBar {
    let sizes = logs.iter().map(|log| {
        let size = fs::metadata(log).ok().filter(fs::Metadata::is_file)?.len();
        (log != "-").then_some(size)
    });
    // Of what comes through a pipe nobody knows how much there is.
    let (bar, template) = match sizes.sum::<Option<u64>>() {
        Some(size) => (
            ProgressBar::new(size),
            "{bar:30} {percent}% of {total_bytes}, {eta} left",
        ),
        None => (ProgressBar::no_length(), "{spinner} {bytes}, {bytes_per_sec}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
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

/// One configuration, or two to compare, of which each thread makes its own judges.
pub(crate) struct Judges {
    config: Vec<u8>,
    against: Option<Vec<u8>>,
}

impl Judges {
    /// Reads the files; every mistake in them is told.
    pub(crate) fn of(config: &OsStr, against: Option<&OsStr>) -> Result<Self, Failure> {
        let read = |file: &OsStr| {
            let text = whole(file)?;
            judge_by(file, &text).map(|_| text)
        };
        Ok(Self {
            config: read(config)?,
            against: against.map(read).transpose()?,
        })
    }

    /// The judges; none where a configuration is refused, which was told before.
    pub(crate) fn make(&self) -> Option<(Judge, Option<Judge>)> {
        let make = |text: &Vec<u8>| config(text).0.and_then(Judge::new).ok();
        let against = match &self.against {
            Some(text) => Some(make(text)?),
            None => None,
        };
        Some((make(&self.config)?, against))
    }
}

/// Who decides by the configuration in `file`; every mistake in it is told.
pub(crate) fn judge(file: &OsStr) -> Result<Judge, Failure> {
    judge_by(file, &whole(file)?)
}

fn judge_by(file: &OsStr, text: &[u8]) -> Result<Judge, Failure> {
    let (config, _) = config(text);
    let judge = config.and_then(Judge::new);
    judge.map_err(|problems| {
        let lines: Vec<_> = problems
            .iter()
            .map(|problem| format!("{}: {problem}", file.display()))
            .collect();
        Failure::Input(lines.join("\n"))
    })
}
