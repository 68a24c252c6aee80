//! `limits`: the bounds of the answers.
//!
//! ```json
//! {"limits": {"slow": {"delay_ms": 1000, "held": 1000}, "retry_after_s": 10}}
//! ```

use super::Limits;
use super::section::Section;
use std::time::Duration;

/// The longest delay. Clients and proxies in front wait longer, but each request that is held takes memory.
const MAX_DELAY_MS: usize = 10_000;

/// The most requests that may be held at once, which is far beyond what a worker serves.
const MAX_HELD: usize = 100_000;

/// A day, in seconds.
const MAX_RETRY_S: usize = 86_400;

/// Reads `limits`.
pub(super) fn limits(section: &mut Section<'_>, default: &Limits) -> Limits {
    let (slow_delay, slow_held) = section.section("slow", |slow| {
        let default_ms = usize::try_from(default.slow_delay.as_millis()).unwrap_or(MAX_DELAY_MS);
        let delay = slow.number("delay_ms", 0..=MAX_DELAY_MS, default_ms);
        let delay = u64::try_from(delay).map_or(default.slow_delay, Duration::from_millis);
        (delay, slow.number("held", 0..=MAX_HELD, default.slow_held))
    });
    let retry_after = usize::try_from(default.retry_after).unwrap_or(MAX_RETRY_S);
    let retry_after = section.number("retry_after_s", 1..=MAX_RETRY_S, retry_after);
    Limits {
        slow_delay,
        slow_held,
        retry_after: u32::try_from(retry_after).unwrap_or(default.retry_after),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, tests::problems};
    use super::*;

    #[test]
    fn limits_are_read_and_each_may_be_left_out() {
        let limits = |text: &str| Config::parse(text.as_bytes()).unwrap().limits;
        let expected = Limits {
            slow_delay: Duration::from_millis(250),
            slow_held: 0,
            retry_after: 60,
        };
        let text = r#"{"limits":{"slow":{"delay_ms":250,"held":0},"retry_after_s":60}}"#;
        assert_eq!(limits(text), expected);
        assert_eq!(limits(r#"{"limits":{"slow":{}}}"#), Config::default().limits);
    }

    #[test]
    fn limits_have_bounds() {
        let text = r#"{"limits":{"slow":{"delay_ms":10001,"held":100001,"wait":1},"retry_after_s":0}}"#;
        assert_eq!(
            problems(text),
            [
                "limits.slow.delay_ms: 10001 is not accepted; accepted: a whole number from 0 to 10000",
                "limits.slow.held: 100001 is not accepted; accepted: a whole number from 0 to 100000",
                r#"limits.slow.wait: unknown key; accepted: "delay_ms", "held""#,
                "limits.retry_after_s: 0 is not accepted; accepted: a whole number from 1 to 86400",
            ]
        );
    }
}
