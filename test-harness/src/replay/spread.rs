//! Logs read by as many threads as there are processors. One thread reads, and hands out pieces of whole lines in turn; what became
//! of them is collected in the same turn. So refused lines are told in their order, and nothing depends on which thread was faster.
//!
//! No log is held whole: each thread has a few pieces, and waits when nobody takes its own.

use super::{Lines, MAX_LINE, RawLine};
use std::io::{self, BufRead, Read};
use std::mem;
use std::panic;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// A piece's size, but for its last line: enough that handing it over costs nothing beside reading it.
const PIECE: usize = 256 << 10;

/// How many pieces may wait for a thread, and how many answers for whoever collects them.
const WAITING: usize = 2;

/// More threads than this read no faster: one alone hands out the pieces.
const MOST_THREADS: usize = 8;

/// What reads the lines that one thread gets.
pub trait Worker {
    /// What is left when all are read.
    type Yield: Send;

    /// Takes one line.
    ///
    /// # Errors
    /// Why the line is refused.
    fn take(&mut self, line: RawLine<'_>) -> Result<(), String>;

    /// All that was taken.
    fn finish(self) -> Self::Yield;
}

/// A line that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedLine {
    /// The log that it stands in: the first is 0.
    pub log: usize,
    /// Its number there, from 1 on.
    pub number: u64,
    /// Why.
    pub why: String,
}

/// A log that cannot be read.
#[derive(Debug)]
pub struct UnreadableLog {
    /// Which: the first is 0.
    pub log: usize,
    /// Why.
    pub error: io::Error,
}

struct Piece {
    log: usize,
    lines: Vec<u8>,
}

struct Taken {
    log: usize,
    lines: u64,
    refused: Vec<(u64, String)>,
}

/// Reads `logs` logs, each as `open` gives it, by workers that `make` makes in their threads, and tells `refused` of each line that
/// they refuse, in order.
///
/// # Errors
/// The first log that cannot be read.
pub fn spread<W: Worker>(
    logs: usize,
    open: impl Fn(usize) -> io::Result<Box<dyn BufRead>> + Send,
    make: impl Fn() -> W + Sync,
    mut refused: impl FnMut(RefusedLine),
) -> Result<Vec<W::Yield>, UnreadableLog> {
    let threads = thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS));
    let make = &make;
    thread::scope(|scope| {
        let (mut to, mut from, mut workers) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..threads {
            let (pieces, piece) = sync_channel(WAITING);
            let (answer, answers) = sync_channel(WAITING);
            to.push(pieces);
            from.push(answers);
            workers.push(scope.spawn(move || work(make(), &piece, &answer)));
        }
        let reader = scope.spawn(move || hand_out(logs, open, &to));
        collect(&from, &mut refused);
        // Whoever panicked does so here.
        let read = reader.join().unwrap_or_else(|cause| panic::resume_unwind(cause));
        let yields = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|cause| panic::resume_unwind(cause)))
            .collect();
        read.map(|()| yields)
    })
}

fn hand_out(
    logs: usize,
    open: impl Fn(usize) -> io::Result<Box<dyn BufRead>>,
    to: &[SyncSender<Piece>],
) -> Result<(), UnreadableLog> {
    let mut turns = to.iter().cycle();
    for log in 0..logs {
        let unreadable = |error| UnreadableLog { log, error };
        let mut pieces = Pieces {
            reader: open(log).map_err(unreadable)?,
            rest: Vec::new(),
        };
        while let Some(lines) = pieces.next_piece().map_err(unreadable)? {
            // Nobody takes it only where the thread has panicked, which is told when it is joined.
            let is_taken = turns.next().is_some_and(|next| next.send(Piece { log, lines }).is_ok());
            if !is_taken {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn work<W: Worker>(mut worker: W, pieces: &Receiver<Piece>, answers: &SyncSender<Taken>) -> W::Yield {
    for Piece { log, lines } in pieces {
        let mut lines = Lines::new(&*lines);
        let mut refused = Vec::new();
        // Reading from memory does not fail.
        while let Ok(Some((number, line))) = lines.next_line() {
            if let Err(why) = worker.take(line) {
                refused.push((number, why));
            }
        }
        let lines = lines.number();
        if answers.send(Taken { log, lines, refused }).is_err() {
            break;
        }
    }
    worker.finish()
}

fn collect(from: &[Receiver<Taken>], refused: &mut impl FnMut(RefusedLine)) {
    let (mut current, mut before) = (0, 0);
    for answers in from.iter().cycle() {
        // The first in turn that has nothing more had no piece, and nobody behind it has one.
        let Ok(taken) = answers.recv() else { return };
        if taken.log != current {
            (current, before) = (taken.log, 0);
        }
        for (number, why) in taken.refused {
            let number = number.saturating_add(before);
            refused(RefusedLine {
                log: current,
                number,
                why,
            });
        }
        before = before.saturating_add(taken.lines);
    }
}

/// The pieces of a log: whole lines, but for one that is too long.
struct Pieces<R> {
    reader: R,
    /// The beginning of a line, whose end is yet to be read.
    rest: Vec<u8>,
}

impl<R: BufRead> Pieces<R> {
    fn next_piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut piece = mem::take(&mut self.rest);
        let size = u64::try_from(PIECE).unwrap_or(u64::MAX);
        loop {
            piece.reserve(PIECE);
            let read = self.reader.by_ref().take(size).read_to_end(&mut piece)?;
            if read == 0 {
                return Ok((!piece.is_empty()).then_some(piece));
            }
            if let Some(end) = piece.iter().rposition(|byte| *byte == b'\n') {
                self.rest = piece.split_off(end.saturating_add(1));
                return Ok(Some(piece));
            }
            // Nothing but the beginning of one line, which is refused for its length.
            if piece.len() > MAX_LINE.saturating_add(2) {
                self.reader.skip_until(b'\n')?;
                return Ok(Some(piece));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps each line, and refuses those that begin with `!`.
    #[derive(Default)]
    struct Keeper(Vec<String>);

    impl Worker for Keeper {
        type Yield = Vec<String>;

        fn take(&mut self, line: RawLine<'_>) -> Result<(), String> {
            let RawLine::Whole(line) = line else {
                return Err("too long".to_owned());
            };
            let line = String::from_utf8_lossy(line).into_owned();
            if line.starts_with('!') {
                return Err(line);
            }
            self.0.push(line);
            Ok(())
        }

        fn finish(self) -> Vec<String> {
            self.0
        }
    }

    fn read(logs: &'static [&'static str]) -> (Vec<String>, Vec<(usize, u64, String)>) {
        let mut refused = Vec::new();
        let yields = spread(
            logs.len(),
            |log| Ok(Box::new(logs[log].as_bytes())),
            Keeper::default,
            |line| refused.push((line.log, line.number, line.why)),
        );
        let mut kept = yields.unwrap().concat();
        kept.sort();
        (kept, refused)
    }

    #[test]
    fn all_lines_of_all_logs_are_taken_and_the_refused_ones_are_told_in_order() {
        let (kept, refused) = read(&["a\n!b\n\nc\n", "", "!d\ne"]);
        assert_eq!(kept, ["a", "c", "e"]);
        assert_eq!(refused, [(0, 2, "!b".to_owned()), (2, 1, "!d".to_owned())]);
    }

    #[test]
    fn numbers_go_on_over_the_pieces_of_a_log() {
        let log: String = (1..=200_000).fold(String::new(), |log, n| match n % 1_000 {
            0 => log + &format!("!{n}\n"),
            _ => log + &format!("{n} {}\n", "x".repeat(n % 7)),
        });
        assert!(log.len() > 4 * PIECE);
        let log: &'static str = log.leak();
        let (kept, refused) = read(vec![log].leak());
        assert_eq!(kept.len(), 199_800);
        let expected = (1..=200).map(|n| (0, n * 1_000, format!("!{}", n * 1_000)));
        assert_eq!(refused, expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_line_over_the_bound_is_one_line_however_long() {
        for over in [1, 3, PIECE, 3 * PIECE + 1] {
            let log: &'static str = format!("a\n{}\nb\n!c", "x".repeat(MAX_LINE + over)).leak();
            let (kept, refused) = read(vec![log].leak());
            assert_eq!(kept, ["a", "b"], "{over}");
            assert_eq!(
                refused,
                [(0, 2, "too long".to_owned()), (0, 4, "!c".to_owned())],
                "{over}"
            );
        }
        let longest: &'static str = "x".repeat(MAX_LINE).leak();
        assert_eq!(read(vec![longest].leak()).0, [longest]);
    }

    #[test]
    fn a_log_that_cannot_be_read_is_named() {
        let open = |log| match log {
            0 => Ok::<Box<dyn BufRead>, _>(Box::new(&b"a\n"[..])),
            _ => Err(io::Error::other("gone")),
        };
        let failed = spread(3, open, Keeper::default, |_| {}).unwrap_err();
        assert_eq!((failed.log, failed.error.to_string().as_str()), (1, "gone"));
    }
}
