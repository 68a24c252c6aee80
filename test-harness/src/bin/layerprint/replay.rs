//! `layerprint replay`: what would become of a log's requests, under one configuration or two.

use crate::input::Judges;
use crate::{Failure, complain, input};
use layerprint::policy::Verdict;
use layerprint_harness::replay::{Judge, Logged, RawLine, Refused, Row, Tally, Worker, spread};
use layerprint_harness::table::Table;
use lexopt::Arg::{Long, Short, Value};
use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

const HELP: &str = "\
layerprint replay --config C [--against D] [--json] LOG…

Reads access logs, line by line (`-` for standard input, packed by gzip or not), compares the layers of each request anew and decides on it, by
the filter's own code: under C, and under D too, each with its own routes, ladders, rules, networks and clients. What
was remembered when the request came (counts of its source) is as it was logged.
A line is what the filter wrote (wasm.layerprint), or an access log's JSON object that holds it under any key, as an
object or as text; method, path and authority (or host) beside it are what was asked for, else what it says itself.
Prints the requests by route, strongest reason and verdict under C; with --against, how many get which verdict under D
that got which under C, and where they change most. What cannot be read is named on standard error, with its line, and
counted; so are lines without `sent` or `channel`, of a release that logged too little to compare anew.

  --config C    the configuration, as in `layerprint check C`
  --against D   another one, to compare with
  --json        one JSON object: lines, table, and comparison: changed, matrix, changes
  -h, --help    this text

Exit codes
  0  there was something to decide on
  1  there was nothing, or a configuration is refused, or a file cannot be read
  2  wrong arguments
";

/// The most changes that are printed; `--json` has all.
const MOST_CHANGES: usize = 20;

struct Arguments {
    config: OsString,
    against: Option<OsString>,
    json: bool,
    logs: Vec<OsString>,
}

/// Runs the subcommand.
pub(crate) fn run(arguments: lexopt::Parser) -> Result<ExitCode, Failure> {
    let Some(arguments) = parse(arguments)? else {
        io::stdout().write_all(HELP.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let judges = Judges::of(&arguments.config, arguments.against.as_deref())?;
    let is_compared = arguments.against.is_some();
    let tally = read(&arguments.logs, &judges)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.json {
        writeln!(out, "{}", tally.to_json(is_compared))?;
    } else {
        print(&mut out, &tally, is_compared)?;
    }
    out.flush()?;
    if tally.lines.requests > 0 {
        return Ok(ExitCode::SUCCESS);
    }
    complain("no request to decide on");
    Ok(ExitCode::FAILURE)
}

/// The arguments; none when help is asked for.
fn parse(mut arguments: lexopt::Parser) -> Result<Option<Arguments>, Failure> {
    let (mut config, mut against, mut json, mut logs) = (None, None, false, Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("config") if config.is_none() => config = Some(arguments.value()?),
            Long("against") if against.is_none() => against = Some(arguments.value()?),
            Long("json") => json = true,
            Value(value) => logs.push(value),
            other => return Err(other.unexpected().into()),
        }
    }
    let config = config.ok_or_else(|| Failure::Usage("replay with which --config? --help tells more".to_owned()))?;
    if logs.is_empty() {
        return Err(Failure::Usage("replay which LOG? --help tells more".to_owned()));
    }
    Ok(Some(Arguments {
        config,
        against,
        json,
        logs,
    }))
}

fn read(logs: &[OsString], judges: &Judges) -> Result<Tally, Failure> {
    let bar = input::progress(logs);
    let mut refused = 0;
    let open = |log: usize| input::open_log(logs, log, &bar);
    let read = spread(
        logs.len(),
        open,
        || Replay {
            judges: judges.make(),
            tally: Tally::default(),
        },
        |line| {
            refused += 1;
            bar.suspend(|| complain(&input::place(logs, &line)));
        },
    );
    bar.finish_and_clear();
    let mut tally = Tally::default();
    for part in read.map_err(|failed| input::unreadable(logs, failed))? {
        tally.merge(part);
    }
    tally.lines.refused = refused;
    Ok(tally)
}

struct Replay {
    judges: Option<(Judge, Option<Judge>)>,
    tally: Tally,
}

impl Worker for Replay {
    type Yield = Tally;

    fn take(&mut self, line: RawLine<'_>) -> Result<(), String> {
        let read = match line {
            RawLine::Whole(line) => Logged::read(line),
            RawLine::TooLong => Err(Refused::TooLong),
        };
        let logged = read.map_err(|why| why.to_string())?;
        let evidence = match &logged {
            Logged::Request { evidence, .. } => evidence,
            Logged::Connection(_) => {
                self.tally.lines.connections += 1;
                return Ok(());
            }
            Logged::Unseen => {
                self.tally.lines.unseen += 1;
                return Ok(());
            }
        };
        let Some((config, against)) = &self.judges else {
            return Err("nobody to decide on it".to_owned());
        };
        let decide = |judge: &Judge| {
            let decided = judge.decide(evidence, logged.request());
            decided.map_err(|why| why.to_string())
        };
        let (assessment, decision) = decide(config)?;
        let other = against.as_ref().map(decide).transpose()?;
        let other = other.as_ref().map(|(_, decision)| decision);
        self.tally.count(&assessment, &decision, other);
        Ok(())
    }

    fn finish(self) -> Tally {
        self.tally
    }
}

fn print(out: &mut impl Write, tally: &Tally, is_compared: bool) -> io::Result<()> {
    let lines = tally.lines;
    writeln!(
        out,
        "{} requests; {} connections, {} requests that the filter never saw, {} lines refused\n",
        lines.requests, lines.connections, lines.unseen, lines.refused
    )?;
    let mut table = Table::new(["route", "reason", "verdict", "requests"]);
    for (row, count) in tally.rows() {
        table.row(cells(row, [row.verdict.as_str().to_owned(), count.to_string()]));
    }
    write!(out, "{table}")?;
    if is_compared {
        print_comparison(out, tally)?;
    }
    Ok(())
}

fn print_comparison(out: &mut impl Write, tally: &Tally) -> io::Result<()> {
    let changed = tally.changed();
    writeln!(
        out,
        "\n{changed} requests change; down: under the first configuration, across: under the second\n"
    )?;
    let is_met = |verdict: &Verdict| {
        let moved = |other| tally.moved(*verdict, other) + tally.moved(other, *verdict);
        Verdict::ALL.into_iter().any(|other| moved(other) > 0)
    };
    let verdicts: Vec<_> = Verdict::ALL.into_iter().filter(is_met).collect();
    let names = || verdicts.iter().map(|verdict| verdict.as_str().to_owned());
    let mut matrix = Table::new([String::new()].into_iter().chain(names()));
    for (from, name) in verdicts.iter().zip(names()) {
        let counts = verdicts.iter().map(|to| Some(tally.moved(*from, *to).to_string()));
        matrix.row([Some(name)].into_iter().chain(counts));
    }
    write!(out, "{matrix}")?;
    let changes = tally.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["route", "reason", "from", "to", "requests"]);
    for (change, count) in changes.iter().take(MOST_CHANGES) {
        let verdicts = [change.before.verdict, change.verdict].map(|verdict| verdict.as_str().to_owned());
        table.row(cells(&change.before, verdicts.into_iter().chain([count.to_string()])));
    }
    write!(out, "\n{table}")?;
    if let Some(more) = changes.len().checked_sub(MOST_CHANGES).filter(|more| *more > 0) {
        writeln!(out, "and {more} more; --json has all")?;
    }
    Ok(())
}

/// Route and reason, and what stands behind them.
fn cells(row: &Row, behind: impl IntoIterator<Item = String>) -> impl Iterator<Item = Option<String>> {
    let front = [row.route.clone(), row.reason.to_owned()];
    front.into_iter().chain(behind).map(Some)
}
