//! The targets, and whether they are met.

use super::super::report::percent;
use super::super::statistics::{Estimate, Verdict, differences};
use super::super::times::Added;
use super::found::Found;
use super::variant::{BARE, FULLY, OBSERVE, PROBED, TWIN};

/// How many times what the filter that does nothing adds may be added to a request on a kept HTTP/2 connection.
const OBSERVE_TIMES: f64 = 2.0;
const FULL_TIMES: f64 = 3.0;
/// How much may be added to the 99th percentile at half of the load that the slowest of all can bear, in µs.
const P99: f64 = 100.0;
/// How much dearer the probe may make a connection, as a share.
const CONNECTION: f64 = 0.10;
/// The largest module, in bytes.
const MODULE: u64 = 1_000_000;

/// The numbers of loads in [`super::load::KINDS`].
const HTTP2_KEPT: usize = 0;
const HTTP2_NEW: usize = 2;
/// Of the rates: half of what the slowest answers.
const HALF: usize = 0;

/// One target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// What it is about.
    pub(super) name: &'static str,
    pub(super) verdict: Verdict,
    /// What was found.
    pub(super) words: String,
}

/// All that the run says something about.
pub(super) fn targets(found: &Found, module: u64) -> Option<Vec<Target>> {
    Some(vec![
        times(found, "default observe, kept-alive HTTP/2", OBSERVE, OBSERVE_TIMES)?,
        times(found, "full verdict, kept-alive HTTP/2", FULLY, FULL_TIMES)?,
        latency(found)?,
        connection(found)?,
        size(module),
    ])
}

fn times(found: &Found, name: &'static str, variant: &str, times: f64) -> Option<Target> {
    let no_op = found.added(super::variant::DOES_NOTHING, HTTP2_KEPT)?;
    let twins = found.added(TWIN, HTTP2_KEPT)?;
    let added = Added::at_most(times, found.added(variant, HTTP2_KEPT)?, &no_op, twins)?;
    let ratio = found.times(variant, HTTP2_KEPT)?;
    let words = format!(
        "adds {:+.1} µs (at 95 % between {:+.1} and {:+.1}), {:.1} × what the no-op adds ({:.1} to {:.1}); {times:.1} × is {:.1} µs; \
         twins differ by {:+.1}",
        added.added.median,
        added.added.low,
        added.added.high,
        ratio.median,
        ratio.low,
        ratio.high,
        added.allowed,
        added.twins.median
    );
    let verdict = added.verdict;
    Some(Target { name, verdict, words })
}

fn latency(found: &Found) -> Option<Target> {
    let name = "added p99 at half load, kept-alive HTTP/2";
    let p99 = |variant| {
        let rounds = found.timings(variant, HTTP2_KEPT, HALF)?;
        Some(rounds.iter().map(|timing| timing.p99).collect::<Vec<_>>())
    };
    let added = Estimate::of(&differences(&p99(OBSERVE)?, &p99(BARE)?))?;
    let twins = Estimate::of(&differences(&p99(TWIN)?, &p99(BARE)?))?;
    let rate = found.rates.of.get(HTTP2_KEPT)?.get(HALF)?;
    let keeps_up = |variant| Some(found.latency(variant, HTTP2_KEPT, HALF)?.kept_up);
    if !keeps_up(OBSERVE)? {
        // Where not even those without a filter do, or equal ones differ, it is the machine that is too slow.
        let is_known = keeps_up(BARE)? && keeps_up(TWIN)? && twins.median.abs() <= P99 / 2.0;
        return Some(Target {
            name,
            verdict: if is_known { Verdict::Above } else { Verdict::Unclear },
            words: format!(
                "default observe does not keep up with {rate:.0} requests a second; twins differ by {:+.0}",
                twins.median
            ),
        });
    }
    let words = format!(
        "default observe adds {:+.0} µs at {rate:.0} a second (at 95 % between {:+.0} and {:+.0}); {P99:.0} are allowed; twins differ by \
         {:+.0}",
        added.median, added.low, added.high, twins.median
    );
    let verdict = added.against(P99, &twins);
    Some(Target { name, verdict, words })
}

fn connection(found: &Found) -> Option<Target> {
    let share = found.share(PROBED, HTTP2_NEW)?;
    let twins = found.share(TWIN, HTTP2_NEW)?;
    let whole = found.share(OBSERVE, HTTP2_NEW)?;
    let words = format!(
        "a TLS connection with one request costs {} with the probe (at 95 % between {} and {}); {} is allowed; twins differ by {}; with the \
         whole of layerprint, for information, {}",
        percent(share.median),
        percent(share.low),
        percent(share.high),
        percent(CONNECTION),
        percent(twins.median),
        percent(whole.median)
    );
    Some(Target {
        name: "per connection with the probe",
        verdict: share.against(CONNECTION, &twins),
        words,
    })
}

fn size(module: u64) -> Target {
    Target {
        name: "size of the module",
        verdict: if module <= MODULE {
            Verdict::Within
        } else {
            Verdict::Above
        },
        words: format!("{module} bytes; {MODULE} are allowed"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::found::tests::made;
    use super::super::variant::DOES_NOTHING;
    use super::*;

    fn verdicts(observe: f64, full: f64, p99: f64, probed: f64) -> Vec<Verdict> {
        let found = made(
            |name| match name {
                DOES_NOTHING => 25.0,
                OBSERVE => observe,
                FULLY => full,
                PROBED => probed,
                _ => 20.0,
            },
            |name| if name == OBSERVE { p99 } else { 100.0 },
        );
        targets(&found, MODULE)
            .unwrap()
            .iter()
            .map(|target| target.verdict)
            .collect()
    }

    #[test]
    fn each_target_is_met_up_to_its_limit() {
        use Verdict::{Above, Within};
        assert_eq!(verdicts(29.9, 34.9, 199.0, 21.9), [Within; 5]);
        assert_eq!(verdicts(30.2, 34.9, 199.0, 21.9)[0], Above);
        assert_eq!(verdicts(29.9, 35.2, 199.0, 21.9)[1], Above);
        assert_eq!(verdicts(29.9, 34.9, 201.0, 21.9)[2], Above);
        assert_eq!(verdicts(29.9, 34.9, 199.0, 22.1)[3], Above);
        assert_eq!(size(MODULE + 1).verdict, Above);
    }

    #[test]
    fn what_does_not_keep_up_has_missed_where_those_without_a_filter_do() {
        let judged = |bare: f64, twin: f64| {
            let p99 = |name: &str| match name {
                BARE => bare,
                TWIN => twin,
                _ => 2e4,
            };
            latency(&made(|_| 20.0, p99)).unwrap()
        };
        let missed = judged(100.0, 110.0);
        assert_eq!(missed.verdict, Verdict::Above);
        assert!(missed.words.contains("does not keep up with 1000"), "{}", missed.words);
        assert_eq!(judged(2e4, 2e4).verdict, Verdict::Unclear);
        assert_eq!(judged(100.0, 900.0).verdict, Verdict::Unclear);
    }
}
