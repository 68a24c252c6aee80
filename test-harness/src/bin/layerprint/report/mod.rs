//! `layerprint report`: an access log as one page for people, with plots. It is HTML and SVG and nothing else: it needs no network, runs
//! no script, and a policy of its own says so.

mod line;
mod page;
mod sums;

use self::line::{Around, Evidence};
use self::page::{Comparison, Page};
use self::sums::Sums;
use crate::input::Judges;
use crate::{Failure, complain, input};
use layerprint::compare::Code;
use layerprint::policy::Verdict;
use layerprint_harness::replay::{Judge, Logged, NONE, RawLine, Refused, Row, Worker, spread};
use lexopt::Arg::{Long, Short, Value};
use serde::Deserialize;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

const HELP: &str = "\
layerprint report [-o FILE] [--config C [--against D]] LOG…

Reads access logs, line by line (`-` for standard input, packed by gzip or not), and writes one HTML page: who came and how
their layers agree, over time; verdicts by route; the most suspicious shapes of clients, with reasons; fingerprints by requests
and by networks; what evidence is missing; challenges and limits. It can be read without a network, printed, and passed on: it
holds fingerprints, sample paths and User-Agents, and no addresses.
Lines are those that `layerprint replay` reads; the time is taken from `start`, or from start_time, timestamp, time or ts.
What cannot be read is counted; the first of it is named on standard error and in the page.

  -o, --output FILE   where the page goes; standard output when it is not given
  --config C          decide anew under C, and show what that changes against what was logged
  --against D         show what changes from C to D instead
  -h, --help          this text

Exit codes
  0  the page was written, and there was a request or a connection to tell of
  1  there was nothing to tell of, a file cannot be read or written, or a configuration is refused
  2  wrong arguments
";

/// How many refused lines are named.
const MOST_REFUSED: usize = 20;

#[derive(Default)]
struct Arguments {
    output: Option<OsString>,
    config: Option<OsString>,
    against: Option<OsString>,
    logs: Vec<OsString>,
}

/// Runs the subcommand.
pub(crate) fn run(arguments: lexopt::Parser) -> Result<ExitCode, Failure> {
    let Some(arguments) = parse(arguments)? else {
        io::stdout().write_all(HELP.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let Arguments {
        output,
        config,
        against,
        logs,
    } = &arguments;
    let judges = config.as_deref().map(|config| Judges::of(config, against.as_deref()));
    let (sums, refused) = read(logs, judges.transpose()?.as_ref())?;
    if sums.lines.requests == 0 && sums.lines.connections == 0 {
        complain("nothing to tell of: no request and no connection");
        return Ok(ExitCode::FAILURE);
    }
    let named = |file: &OsString| file.to_string_lossy().into_owned();
    let comparison = config.as_ref().map(|config| match against {
        Some(against) => Comparison {
            from: named(config),
            to: named(against),
        },
        None => Comparison {
            from: "the log".to_owned(),
            to: named(config),
        },
    });
    let page = Page {
        logs: logs.iter().map(named).collect(),
        sums: &sums,
        refused: &refused,
        comparison,
    };
    write(output.as_deref(), &page.html())?;
    Ok(ExitCode::SUCCESS)
}

/// The arguments; none when help is asked for.
fn parse(mut arguments: lexopt::Parser) -> Result<Option<Arguments>, Failure> {
    let mut read = Arguments::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Short('o') | Long("output") if read.output.is_none() => read.output = Some(arguments.value()?),
            Long("config") if read.config.is_none() => read.config = Some(arguments.value()?),
            Long("against") if read.against.is_none() => read.against = Some(arguments.value()?),
            Value(value) => read.logs.push(value),
            other => return Err(other.unexpected().into()),
        }
    }
    let wrong = |what: &str| Err(Failure::Usage(format!("{what} --help tells more")));
    match read {
        Arguments { logs, .. } if logs.is_empty() => wrong("report on which LOG?"),
        Arguments {
            config: None,
            against: Some(_),
            ..
        } => wrong("--against which --config?"),
        read => Ok(Some(read)),
    }
}

fn write(output: Option<&OsStr>, html: &str) -> Result<(), Failure> {
    let Some(file) = output.filter(|file| *file != "-") else {
        return Ok(io::stdout().write_all(html.as_bytes())?);
    };
    fs::write(file, html).map_err(|error| input::failed(file, &error))
}

/// What the logs amount to, and the first lines that were refused.
fn read(logs: &[OsString], judges: Option<&Judges>) -> Result<(Sums, Vec<String>), Failure> {
    let bar = input::progress(logs);
    let (mut refused, mut count) = (Vec::new(), 0_u64);
    let read = spread(
        logs.len(),
        |log| input::open_log(logs, log, &bar),
        || Reader {
            judges: judges.and_then(Judges::make),
            sums: Sums::default(),
        },
        |line| {
            count += 1;
            if refused.len() < MOST_REFUSED {
                let place = input::place(logs, &line);
                bar.suspend(|| complain(&place));
                refused.push(place);
            }
        },
    );
    bar.finish_and_clear();
    let mut sums = Sums::default();
    for part in read.map_err(|failed| input::unreadable(logs, failed))? {
        sums.merge(part);
    }
    sums.lines.refused = count;
    if u64::try_from(refused.len()).is_ok_and(|named| named < count) {
        complain(&format!(
            "{count} lines refused in all; the first {MOST_REFUSED} are named"
        ));
    }
    Ok((sums, refused))
}

/// Reads the lines that one thread gets.
struct Reader {
    judges: Option<(Judge, Option<Judge>)>,
    sums: Sums,
}

impl Worker for Reader {
    type Yield = Sums;

    fn take(&mut self, line: RawLine<'_>) -> Result<(), String> {
        let RawLine::Whole(line) = line else {
            return Err(Refused::TooLong.to_string());
        };
        if self.judges.is_none()
            && let Some(around) = Around::read(line)
            && let Ok(evidence) = serde_json::from_str::<Evidence<'_>>(&around.evidence)
        {
            return self.sums.count(&evidence, around.second);
        }
        let logged = Logged::read(line).map_err(|why| why.to_string())?;
        let (Logged::Request { evidence: object, .. } | Logged::Connection(object)) = &logged else {
            self.sums.lines.unseen += 1;
            return Ok(());
        };
        let evidence = Evidence::deserialize(object).map_err(|why| format!("the filter's object: {why}"))?;
        // A line that cannot be decided anew is counted nowhere, so that all of the page is about the same requests.
        let change = match (&self.judges, &logged) {
            (Some(judges), Logged::Request { .. }) => Some(changed(judges, &logged, object, &evidence)?),
            _ => None,
        };
        self.sums.count(&evidence, line::second_of(&logged))?;
        if let Some((row, verdict)) = change {
            self.sums.changes.count_row(row, Some(verdict));
        }
        Ok(())
    }

    fn finish(self) -> Sums {
        self.sums
    }
}

/// What a request gets first, and what then: under the first configuration and the second, or in the log and under the first.
fn changed(
    (config, against): &(Judge, Option<Judge>),
    logged: &Logged,
    object: &serde_json::Value,
    line: &Evidence<'_>,
) -> Result<(Row, Verdict), String> {
    let decide = |judge: &Judge| judge.decide(object, logged.request()).map_err(|why| why.to_string());
    let (assessment, decision) = decide(config)?;
    let Some(against) = against else {
        let strongest = line.findings.first().and_then(|finding| Code::parse(&finding.code));
        let row = Row {
            route: line.route.to_string(),
            reason: strongest.map_or(NONE, Code::as_str),
            verdict: line.verdict().ok_or("it has no verdict")?,
        };
        return Ok((row, decision.verdict));
    };
    let (_, other) = decide(against)?;
    Ok((Row::of(&assessment, &decision), other.verdict))
}
