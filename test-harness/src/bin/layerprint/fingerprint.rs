//! `layerprint fingerprint`: a capture in, one line for each client connection out, and on standard error what was not read.

use crate::{Failure, complain};
use layerprint_harness::capture::{self, Checksums, Client, Error, Report};
use lexopt::Arg::{Long, Short, Value};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

const HELP: &str = "\
layerprint fingerprint FILE [--json] [--ignore-checksums]

Reads a pcap or pcapng capture (`-` for standard input) and prints one line for each client connection: its
addresses, then NAME=VALUE for each fingerprint that the capture shows. TLS over TCP and in QUIC Initials
(versions 1 and 2), HTTP/2 and HTTP/1 in the clear, TCP SYNs. Standard error tells what could not be read.

  --json              one JSON object a line: src, dst, ja3, ja3_raw, ja3n, ja4, ja4_r, ja4_o, ja4_ro, http2,
                      http2_md5, tcp, os, lp1, lp1_r; null where the capture does not show it
  --ignore-checksums  read packets with a wrong checksum too; without it they are skipped and counted,
                      except those whose checksum was left to the network card
  -h, --help          this text

Exit codes
  0  read to its end, or to a record that is cut at the end; also when there is nothing to show
  1  no such file, not a capture, broken in the middle, or the output cannot be written
  2  wrong arguments
";

struct Arguments {
    file: OsString,
    json: bool,
    checksums: Checksums,
}

/// Runs the subcommand.
pub(crate) fn run(arguments: lexopt::Parser) -> Result<ExitCode, Failure> {
    let Some(arguments) = parse(arguments)? else {
        io::stdout().write_all(HELP.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut out = Lines {
        out: BufWriter::new(io::stdout()),
        json: arguments.json,
        failed: None,
    };
    let on_client = |client: &Client| out.write(client);
    let report = if arguments.file == "-" {
        capture::read(io::stdin(), arguments.checksums, on_client)
    } else {
        File::open(&arguments.file)
            .map_err(Error::Open)
            .and_then(|file| capture::read(file, arguments.checksums, on_client))
    };
    let report = report.map_err(|error| Failure::Input(format!("{}: {error}", arguments.file.display())))?;
    out.finish()?;
    tell(&report);
    Ok(if report.end.is_failure() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The arguments; none when help is asked for.
fn parse(mut arguments: lexopt::Parser) -> Result<Option<Arguments>, Failure> {
    let mut file = None;
    let mut json = false;
    let mut checksums = Checksums::Check;
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("json") => json = true,
            Long("ignore-checksums") => checksums = Checksums::Ignore,
            Value(value) if file.is_none() => file = Some(value),
            other => return Err(other.unexpected().into()),
        }
    }
    let file = file.ok_or_else(|| Failure::Usage("fingerprint which FILE? --help tells more".to_owned()))?;
    Ok(Some(Arguments { file, json, checksums }))
}

/// The output. After a failure nothing more is written.
struct Lines<W> {
    out: W,
    json: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Lines<W> {
    fn write(&mut self, client: &Client) {
        if self.failed.is_none() {
            let written = if self.json {
                writeln!(self.out, "{}", client.to_json())
            } else {
                writeln!(self.out, "{client}")
            };
            self.failed = written.err();
        }
    }

    fn finish(mut self) -> io::Result<()> {
        match self.failed {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}

fn tell(report: &Report) {
    for line in report.summary.to_string().lines() {
        complain(line);
    }
    if report.summary.packets == 0 {
        complain("the capture holds no packets");
    }
    if report.end != capture::End::Whole {
        complain(&report.end.to_string());
    }
}
