//! `layerprint crawlers`: what a crawler's operator publishes of its addresses, as configuration. Nothing is fetched: the files are
//! downloaded by whoever keeps them up to date.

mod published;

use crate::{Failure, complain, input};
use ipnet::IpNet;
use layerprint::clients::crawlers::{Crawlers, is_date};
use layerprint::policy::config::{Config, Problem};
use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;
use published::Published;
use serde_json::json;
use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

const HELP: &str = "\
layerprint crawlers NAME[,NAME…] FILE… [--as-of YYYY-MM-DD]
layerprint crawlers --list

Reads the files in which an operator publishes where its crawler comes from (`-` for standard input), and prints the
configuration that says so: {\"clients\": {\"crawlers\": […]}}, the prefixes merged and in order. Several names share the
addresses where their operator has one list for all.

Each file is one of
  JSON  {\"creationTime\": …, \"prefixes\": [{\"ipv4Prefix\": …} | {\"ipv6Prefix\": …}, …]}, as Google, Bing, Apple, OpenAI,
        Anthropic, Perplexity, DuckDuckGo, Mistral, Common Crawl and Ahrefs have it; Amazon's with ip_prefix, copied out of
        its page; Datadog's with prefixes_ipv4 and prefixes_ipv6; a list of texts, or of objects with ip or ip_address
  text  one address or prefix on each line, as UptimeRobot, Pingdom, StatusCake, Better Stack and Telegram have it; the
        `route:` and `route6:` lines of whois for Meta; RFC 8805 geofeeds; # begins a comment

  --as-of DATE  from when the files are; else the oldest creationTime in them
  --list        all names, one on a line: operator, purpose, advice, and where the addresses are published
  -h, --help    this text

Exit codes
  0  read whole, and the filter takes the result
  1  no such file, something in a file that is not understood, or a name that is not known
  2  wrong arguments
";

/// The most problems of a file that are told.
const MOST_TOLD: usize = 20;

enum Task {
    Help,
    List,
    Convert(Arguments),
}

struct Arguments {
    names: Vec<String>,
    files: Vec<OsString>,
    as_of: Option<String>,
}

/// Runs the subcommand.
pub(crate) fn run(arguments: lexopt::Parser) -> Result<ExitCode, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match parse(arguments)? {
        Task::Help => out.write_all(HELP.as_bytes())?,
        Task::List => list(&mut out)?,
        Task::Convert(arguments) => writeln!(out, "{}", convert(&arguments)?)?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn parse(mut arguments: lexopt::Parser) -> Result<Task, Failure> {
    let (mut names, mut files, mut as_of) = (None, Vec::new(), None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Task::Help),
            Long("list") if names.is_none() => return Ok(Task::List),
            Long("as-of") => as_of = Some(arguments.value()?.string()?),
            Value(value) if names.is_none() => names = Some(value.string()?),
            Value(value) => files.push(value),
            other => return Err(other.unexpected().into()),
        }
    }
    if let Some(date) = as_of.as_deref().filter(|date| !is_date(date)) {
        return Err(Failure::Usage(format!("--as-of {date:?} is no date: YYYY-MM-DD")));
    }
    let names = names.ok_or_else(|| Failure::Usage("which crawler? --list names all, --help tells more".to_owned()))?;
    if files.is_empty() {
        return Err(Failure::Usage("crawlers NAME which FILE? --help tells more".to_owned()));
    }
    let names = names.split(',').map(str::to_owned).collect();
    Ok(Task::Convert(Arguments { names, files, as_of }))
}

fn table() -> Result<Crawlers, Failure> {
    Crawlers::built_in().map_err(|error| Failure::Input(format!("(the table of crawlers): {error}")))
}

/// Tells what there is to know before anybody relies on a list: that others say the same name, or that none is published.
fn tell_notes(names: &[String]) -> Result<(), Failure> {
    let table = table()?;
    for row in names.iter().filter_map(|name| table.named(name)) {
        if !row.format().is_published() {
            complain(&format!(
                "{}: the table knows of no list that {} publishes",
                row.name(),
                row.operator()
            ));
        }
        if !row.notes().is_empty() {
            complain(&format!("{}: {}", row.name(), row.notes()));
        }
    }
    Ok(())
}

fn list(out: &mut impl Write) -> Result<(), Failure> {
    for row in table()?.rows() {
        let (name, operator) = (row.name(), row.operator());
        let (purpose, advice, format) = (row.purpose().as_str(), row.advice().as_str(), row.format().as_str());
        let urls = row.urls().join(" ");
        writeln!(
            out,
            "{}",
            format!("{name}\t{operator}\t{purpose}\t{advice}\t{format}\t{urls}").trim_end()
        )?;
    }
    Ok(())
}

/// The configuration. The filter's own parser has taken it.
fn convert(arguments: &Arguments) -> Result<String, Failure> {
    for name in &arguments.names {
        // An address that belongs to nobody, to have the name looked at before the files.
        accepted(&fragment(&[name], &["192.0.2.0/32".to_owned()], None))?;
    }
    tell_notes(&arguments.names)?;
    let mut all = Published::default();
    for file in &arguments.files {
        let shown = file.display();
        let bytes = input::whole(file)?;
        all.add(published::read(&bytes).map_err(|problems| Failure::Input(told(&shown.to_string(), &problems)))?);
    }
    for note in &all.left_out {
        complain(&format!("not read: {note}"));
    }
    let as_of = arguments.as_of.clone().or(all.created.take());
    if as_of.is_none() {
        complain("no creationTime in the files: --as-of DATE says from when they are");
    }
    let merged = IpNet::aggregate(&all.prefixes);
    let merged: Vec<_> = merged.iter().map(ToString::to_string).collect();
    let names: Vec<_> = arguments.names.iter().map(String::as_str).collect();
    let fragment = fragment(&names, &merged, as_of.as_deref());
    accepted(&fragment)?;
    Ok(fragment)
}

fn fragment(names: &[&str], cidrs: &[String], as_of: Option<&str>) -> String {
    let entries = names.iter().map(|name| match as_of {
        Some(as_of) => json!({"name": name, "as_of": as_of, "cidrs": cidrs}),
        None => json!({"name": name, "cidrs": cidrs}),
    });
    let whole = json!({"clients": {"crawlers": entries.collect::<Vec<_>>()}});
    format!("{whole:#}")
}

/// What the filter says of the configuration.
fn accepted(fragment: &str) -> Result<(), Failure> {
    match Config::parse(fragment.as_bytes()) {
        Ok(_) => Ok(()),
        Err(problems) => {
            let line = |problem: &Problem| format!("{}; accepted: {}", problem.what, problem.accepted);
            let lines: Vec<_> = problems.iter().map(line).collect();
            Err(Failure::Input(lines.join("\n")))
        }
    }
}

fn told(file: &str, problems: &[String]) -> String {
    let mut lines: Vec<_> = problems
        .iter()
        .take(MOST_TOLD)
        .map(|problem| format!("{file}: {problem}"))
        .collect();
    if let Some(more) = problems.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        lines.push(format!("{file}: and {more} more of the kind"));
    }
    lines.join("\n")
}
