//! The two ways in which Envoy is loaded. As fast as it answers: what a request costs, and how many there can be. And at a rate, at
//! moments that do not depend on the answers: how long they take. There, waiting begins when a request is due, whether or not it
//! could be sent then, so that a stall counts for all that it holds up.

use std::collections::VecDeque;
use std::error::Error;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::super::http1::PATIENCE;
use super::talk::{Manner, Protocol, Talk};

/// How many connections are there at once. HTTP/1.1 has one request at a time on each.
const HTTP2_KEPT: usize = 4;
const HTTP1_KEPT: usize = 16;
const NEW: usize = 4;
/// How many requests are on the way on one HTTP/2 connection.
const HTTP2_AT_A_TIME: usize = 10;
/// The most that are on the way there at a rate: Envoy allows 1024.
const HTTP2_MOST: usize = 500;
/// How much longer than it should a run at a rate may take before Envoy is held to be too slow for it.
const TOO_LATE: Duration = Duration::from_millis(250);

/// One kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) protocol: Protocol,
    /// Whether connections stay open; else each brings one request.
    pub(super) kept: bool,
}

/// All kinds, in the order of the tables. The targets are about the first, and the last two.
pub(super) const KINDS: [Kind; 4] = [
    Kind {
        protocol: Protocol::Http2,
        kept: true,
    },
    Kind {
        protocol: Protocol::Http1,
        kept: true,
    },
    Kind {
        protocol: Protocol::Http2,
        kept: false,
    },
    Kind {
        protocol: Protocol::Http1,
        kept: false,
    },
];

impl Kind {
    pub(super) const fn in_words(self) -> &'static str {
        match (self.protocol, self.kept) {
            (Protocol::Http2, true) => "HTTP/2, kept alive",
            (Protocol::Http1, true) => "HTTP/1.1, kept alive",
            (Protocol::Http2, false) => "HTTP/2, one request per connection",
            (Protocol::Http1, false) => "HTTP/1.1, one request per connection",
        }
    }

    /// How many requests a round has, where kept connections have `each`: handshakes take longer.
    pub(super) const fn count(self, each: u32) -> u32 {
        if self.kept { each } else { each / 20 }
    }

    const fn connections(self) -> usize {
        match (self.kept, self.protocol) {
            (true, Protocol::Http2) => HTTP2_KEPT,
            (true, Protocol::Http1) => HTTP1_KEPT,
            (false, _) => NEW,
        }
    }

    /// How many may be on the way on one kept connection.
    const fn most(self) -> usize {
        match self.protocol {
            Protocol::Http2 => HTTP2_MOST,
            Protocol::Http1 => 1,
        }
    }

    const fn at_a_time(self) -> usize {
        match (self.kept, self.protocol) {
            (true, Protocol::Http2) => HTTP2_AT_A_TIME,
            _ => 1,
        }
    }
}

/// The load of one Envoy.
pub(super) struct Load {
    pub(super) kind: Kind,
    manner: Manner,
    /// Those that are kept.
    talks: Vec<Talk>,
}

/// How long answers took, in µs, in rising order.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    pub(super) sorted: Vec<f64>,
    /// Whether Envoy kept up with the rate.
    pub(super) kept_up: bool,
}

impl Latencies {
    /// What so many hundredths of the answers did not exceed.
    pub(super) fn percentile(&self, hundredths: usize) -> Option<f64> {
        let place = self.sorted.len().checked_sub(1)? * hundredths / 100;
        self.sorted.get(place).copied()
    }
}

impl Load {
    pub(super) fn new(to: SocketAddr, kind: Kind) -> Result<Self, Box<dyn Error>> {
        let manner = Manner::new(to, kind.protocol)?;
        let mut talks = Vec::new();
        if kind.kept {
            for _ in 0..kind.connections() {
                talks.push(Talk::open(&manner)?);
            }
        }
        Ok(Self { kind, manner, talks })
    }

    /// So many requests, as fast as they are answered.
    pub(super) fn closed(&mut self, count: u32) -> Result<(), Box<dyn Error>> {
        let count = usize::try_from(count)?;
        let (mut sent, mut answered) = (0, 0);
        let at_a_time = self.kind.at_a_time();
        while answered < count {
            let before = answered;
            for talk in &mut self.talks {
                talk.take(&mut |_| answered += 1)?;
                if talk.waiting() == 0 && sent < count {
                    let now = vec![Instant::now(); at_a_time.min(count - sent)];
                    talk.ask(&self.manner, &now)?;
                    sent += now.len();
                }
            }
            if !self.kind.kept {
                self.talks.retain(|talk| talk.waiting() > 0);
                while sent < count && self.talks.len() < self.kind.connections() {
                    self.talks.push(self.begin(Instant::now())?);
                    sent += 1;
                }
            }
            idle(answered == before);
        }
        if !self.kind.kept {
            self.talks.clear();
        }
        Ok(())
    }

    /// Requests at `rate` a second for so long, at moments that are as independent of each other as clients are.
    pub(super) fn open(&mut self, rate: f64, last: Duration) -> Result<Latencies, Box<dyn Error>> {
        let mut arrivals = Arrivals::new(rate, last);
        let start = Instant::now();
        let end = last + TOO_LATE;
        let mut latencies = Vec::new();
        // Due, and not sent for want of a connection.
        let mut due: VecDeque<Instant> = VecDeque::new();
        let mut turn = 0;
        let mut is_over = false;
        while !is_over && start.elapsed() < end {
            let now = start.elapsed();
            while let Some(moment) = arrivals.next_until(now) {
                due.push_back(start + moment);
            }
            turn = self.send(&mut due, turn)?;
            self.take(&mut latencies)?;
            is_over = arrivals.is_over() && due.is_empty() && self.are_done();
        }
        // What a slow Envoy still owes counts, and what could not be sent, too.
        while !self.are_done() && start.elapsed() < PATIENCE {
            self.take(&mut latencies)?;
        }
        latencies.extend(due.iter().map(|due| waited(*due)));
        latencies.sort_by(f64::total_cmp);
        Ok(Latencies {
            sorted: latencies,
            kept_up: is_over,
        })
    }

    /// Takes the answers that have come, with how long each was waited for.
    fn take(&mut self, latencies: &mut Vec<f64>) -> Result<(), Box<dyn Error>> {
        let before = latencies.len();
        for talk in &mut self.talks {
            talk.take(&mut |due| latencies.push(waited(due)))?;
        }
        if !self.kind.kept {
            self.talks.retain(|talk| talk.waiting() > 0);
        }
        idle(latencies.len() == before);
        Ok(())
    }

    fn are_done(&self) -> bool {
        self.talks.iter().all(|talk| talk.waiting() == 0)
    }

    /// Sends what is due, as far as there are connections for it.
    fn send(&mut self, due: &mut VecDeque<Instant>, mut turn: usize) -> Result<usize, Box<dyn Error>> {
        while let Some(moment) = due.front().copied() {
            if !self.kind.kept {
                self.talks.push(self.begin(moment)?);
            } else {
                let talks = self.talks.len();
                let free = (turn..turn + talks).map(|place| place % talks).find(|place| {
                    let busy = self.talks.get(*place).map_or(0, Talk::waiting);
                    busy < self.kind.most()
                });
                let Some((place, talk)) = free.and_then(|place| Some((place, self.talks.get_mut(place)?))) else {
                    break;
                };
                talk.ask(&self.manner, &[moment])?;
                turn = place + 1;
            }
            due.pop_front();
        }
        Ok(turn)
    }

    /// A connection of its own for one request.
    fn begin(&self, due: Instant) -> Result<Talk, Box<dyn Error>> {
        let mut talk = Talk::open(&self.manner)?;
        talk.ask(&self.manner, &[due])?;
        Ok(talk)
    }
}

/// µs since a request was due.
fn waited(due: Instant) -> f64 {
    due.elapsed().as_secs_f64() * 1e6
}

/// A client that sleeps is woken late; one that never does would keep others off its processor.
fn idle(is_idle: bool) {
    if is_idle {
        thread::yield_now();
    }
}

/// The moments of a Poisson process: the same for each variant, since chance is no part of the comparison.
struct Arrivals {
    mean: f64,
    next: f64,
    last: f64,
    state: u32,
}

impl Arrivals {
    fn new(rate: f64, last: Duration) -> Self {
        let mut arrivals = Self {
            mean: 1.0 / rate,
            next: 0.0,
            last: last.as_secs_f64(),
            state: 0x9e37_79b9,
        };
        arrivals.step();
        arrivals
    }

    fn step(&mut self) {
        // Marsaglia's xorshift with 13, 17, 5.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        let part = f64::from(self.state) / f64::from(u32::MAX);
        self.next -= part.max(f64::MIN_POSITIVE).ln() * self.mean;
    }

    fn next_until(&mut self, now: Duration) -> Option<Duration> {
        let moment = self.next;
        if moment > now.as_secs_f64() || self.is_over() {
            return None;
        }
        self.step();
        Some(Duration::from_secs_f64(moment))
    }

    fn is_over(&self) -> bool {
        self.next >= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_keep_their_rate_and_come_in_order() {
        let mut arrivals = Arrivals::new(1000.0, Duration::from_secs(20));
        let mut moments = Vec::new();
        while let Some(moment) = arrivals.next_until(Duration::from_secs(30)) {
            moments.push(moment);
        }
        assert!(arrivals.is_over());
        assert!((19_000..21_000).contains(&moments.len()), "{}", moments.len());
        assert!(moments.is_sorted());
        // As of a Poisson process, a share of 1/e of the gaps is longer than the mean.
        let long = moments
            .windows(2)
            .filter(|pair| pair[1] - pair[0] > Duration::from_millis(1))
            .count();
        assert!((6_900..7_900).contains(&long), "{long}");
    }

    #[test]
    fn nothing_arrives_before_its_time() {
        let mut arrivals = Arrivals::new(10.0, Duration::from_secs(10));
        assert_eq!(arrivals.next_until(Duration::ZERO), None);
        assert!(!arrivals.is_over());
        assert!(arrivals.next_until(Duration::from_secs(5)).is_some());
    }

    #[test]
    fn a_percentile_is_one_of_the_answers() {
        let latencies = Latencies {
            sorted: (1..=100).map(f64::from).collect(),
            kept_up: true,
        };
        assert_eq!(latencies.percentile(50), Some(50.0));
        assert_eq!(latencies.percentile(99), Some(99.0));
        assert_eq!(Latencies::default().percentile(99), None);
    }
}
