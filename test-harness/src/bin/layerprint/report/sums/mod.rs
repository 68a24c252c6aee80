//! What a log amounts to: counts in bounded memory, made by each thread of its lines and then added.

pub(super) mod capped;
pub(super) mod networks;
pub(super) mod per;
pub(super) mod shapes;
pub(super) mod timeline;

use self::capped::{Capped, Counted};
use self::per::Per;
use self::shapes::{Print, Reason, Shape};
use self::timeline::Timeline;
use super::line::{About, Evidence};
use layerprint::compare::Agreement;
use layerprint::policy::Verdict;
use layerprint_harness::replay::{Counts, Tally};

/// How many fingerprints of a kind, and how many shapes, are counted for certain.
const MOST_PRINTS: usize = 2_048;

/// How many names of the configuration's are counted: routes, limits, rules; of codes and kinds of evidence there are fewer.
const MOST_NAMES: usize = 512;

/// How many reasons there may be for one kind of evidence to be missing.
const MOST_REASONS: usize = 32;

/// The verdicts of a route.
#[derive(Debug, Default)]
pub(super) struct Route {
    /// What the route is for.
    pub(super) class: Box<str>,
    /// The verdicts.
    pub(super) verdicts: Per<Verdict>,
}

impl Counted for Route {
    fn volume(&self) -> u64 {
        self.verdicts.total()
    }

    fn merge(&mut self, other: Self) {
        self.verdicts.merge(&other.verdicts);
        if self.class.is_empty() {
            self.class = other.class;
        }
    }
}

/// Why a kind of evidence is missing.
#[derive(Debug)]
pub(super) struct Absence(pub(super) Capped<u64>);

impl Default for Absence {
    fn default() -> Self {
        Self(Capped::new(MOST_REASONS))
    }
}

impl Counted for Absence {
    fn volume(&self) -> u64 {
        self.0.most().iter().map(|(_, count)| **count).sum()
    }

    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}

/// What is counted by name.
pub(super) type Names = Capped<u64>;

/// All of it.
#[derive(Debug)]
pub(super) struct Sums {
    /// The lines, by kind.
    pub(super) lines: Counts,
    /// Connections passed through, by what was decided on them.
    pub(super) connections: Names,
    /// How the layers of the requests agree.
    pub(super) agreement: Per<Agreement>,
    /// Verdicts that were only written down.
    pub(super) observed: Per<Verdict>,
    /// Verdicts that were carried out.
    pub(super) enforced: Per<Verdict>,
    /// Agreement over time.
    pub(super) timeline: Timeline,
    /// Verdicts by route.
    pub(super) routes: Capped<Route>,
    /// What was found.
    pub(super) reasons: Capped<Reason>,
    /// What was missing, and why.
    pub(super) missing: Capped<Absence>,
    /// Fingerprints by kind.
    pub(super) ja4: Capped<Print>,
    pub(super) h2: Capped<Print>,
    pub(super) tcp: Capped<Print>,
    pub(super) lp1: Capped<Print>,
    /// Clients by TLS and HTTP.
    pub(super) shapes: Capped<Shape>,
    /// What became of challenges, by event.
    pub(super) challenges: Names,
    /// Why answers to them were refused.
    pub(super) failed: Names,
    /// Requests with a clearance that is believed.
    pub(super) cleared: u64,
    /// Why others were not believed.
    pub(super) refused_clearances: Names,
    /// Limits that decided.
    pub(super) limits: Names,
    /// Limits that were exceeded, whatever decided.
    pub(super) over: Names,
    /// Rules that decided.
    pub(super) rules: Names,
    /// What other configurations would have done, where there are any.
    pub(super) changes: Tally,
}

impl Default for Sums {
    fn default() -> Self {
        let names = || Capped::new(MOST_NAMES);
        let prints = || Capped::new(MOST_PRINTS);
        Self {
            lines: Counts::default(),
            connections: names(),
            agreement: Per::default(),
            observed: Per::default(),
            enforced: Per::default(),
            timeline: Timeline::default(),
            routes: Capped::new(MOST_NAMES),
            reasons: Capped::new(MOST_NAMES),
            missing: Capped::new(MOST_NAMES),
            ja4: prints(),
            h2: prints(),
            tcp: prints(),
            lp1: prints(),
            shapes: Capped::new(MOST_PRINTS),
            challenges: names(),
            failed: names(),
            cleared: 0,
            refused_clearances: names(),
            limits: names(),
            over: names(),
            rules: names(),
            changes: Tally::default(),
        }
    }
}

impl Sums {
    /// Counts what the filter's object says.
    ///
    /// # Errors
    /// Why it says nothing.
    pub(super) fn count(&mut self, line: &Evidence<'_>, second: Option<i64>) -> Result<(), String> {
        match line.about()? {
            About::Connection => {
                self.lines.connections += 1;
                let verdict = Some(&*line.verdict).filter(|verdict| !verdict.is_empty());
                *self.connections.of(verdict.unwrap_or("no decision")) += 1;
            }
            About::Request(agreement, verdict) => self.count_request(line, second, agreement, verdict),
        }
        Ok(())
    }

    fn count_request(&mut self, line: &Evidence<'_>, second: Option<i64>, agreement: Agreement, verdict: Verdict) {
        self.lines.requests += 1;
        self.agreement.add(agreement);
        match &*line.mode {
            "enforce" => self.enforced.add(verdict),
            _ => self.observed.add(verdict),
        }
        self.timeline.add(second, agreement);
        let route = self.routes.of(&line.route);
        route.verdicts.add(verdict);
        if route.class.is_empty() {
            route.class = (*line.class).into();
        }
        for finding in &line.findings {
            self.reasons.of(&finding.code).add(finding);
        }
        for (kind, reason) in &line.missing.0 {
            *self.missing.of(kind).0.of(reason) += 1;
        }
        self.count_prints(line, agreement, verdict);
        self.count_answers(line);
    }

    fn count_prints(&mut self, line: &Evidence<'_>, agreement: Agreement, verdict: Verdict) {
        let network = line
            .client
            .as_deref()
            .and_then(|ip| Some(networks::network(ip.parse().ok()?)));
        let looks_like = line.looks_like.as_deref();
        for (kind, print, looks_like) in [
            (&mut self.ja4, &line.ja4, looks_like),
            (&mut self.h2, &line.h2, looks_like),
            (&mut self.tcp, &line.tcp, line.os.as_deref()),
        ] {
            if let Some(print) = print {
                kind.of(print).add(agreement, network, looks_like);
            }
        }
        let Some([_, tls, http]) = line.parts() else { return };
        self.lp1.of(&line.id).add(agreement, network, looks_like);
        let shape = self.shapes.of(&format!("{tls}_{http}"));
        shape.add(line, agreement, verdict, network);
    }

    fn count_answers(&mut self, line: &Evidence<'_>) {
        let counted = [
            (&mut self.challenges, &line.challenge),
            (&mut self.failed, &line.challenge_failed),
            (&mut self.refused_clearances, &line.clearance_refused),
            (&mut self.limits, &line.limit),
            (&mut self.rules, &line.rule),
        ];
        for (names, name) in counted {
            if let Some(name) = name {
                *names.of(name) += 1;
            }
        }
        for limit in &line.limits {
            *self.over.of(limit) += 1;
        }
        if line.clearance.is_some() {
            self.cleared += 1;
        }
    }

    /// Adds what another thread has counted.
    pub(super) fn merge(&mut self, other: Self) {
        let lines = &mut self.lines;
        lines.requests += other.lines.requests;
        lines.connections += other.lines.connections;
        lines.unseen += other.lines.unseen;
        lines.refused += other.lines.refused;
        self.agreement.merge(&other.agreement);
        self.observed.merge(&other.observed);
        self.enforced.merge(&other.enforced);
        self.timeline.merge(other.timeline);
        self.routes.merge(other.routes);
        self.reasons.merge(other.reasons);
        self.missing.merge(other.missing);
        self.ja4.merge(other.ja4);
        self.h2.merge(other.h2);
        self.tcp.merge(other.tcp);
        self.lp1.merge(other.lp1);
        self.shapes.merge(other.shapes);
        self.cleared += other.cleared;
        for (names, others) in [
            (&mut self.connections, other.connections),
            (&mut self.challenges, other.challenges),
            (&mut self.failed, other.failed),
            (&mut self.refused_clearances, other.refused_clearances),
            (&mut self.limits, other.limits),
            (&mut self.over, other.over),
            (&mut self.rules, other.rules),
        ] {
            names.merge(others);
        }
        self.changes.merge(other.changes);
    }

    /// The verdicts, carried out or not.
    pub(super) fn verdicts(&self) -> Per<Verdict> {
        let mut all = self.observed.clone();
        all.merge(&self.enforced);
        all
    }
}
