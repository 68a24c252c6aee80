//! `behaviour.sequence`: what is looked for in what one client does. `false` in the place of a finding switches it off; the one of
//! `cache` is on where a header is named.
//!
//! ```json
//! {"behaviour": {"sequence": {"idle_s": 1800, "remembered_s": 86400,
//!                             "no_navigation": {"requests": 10},
//!                             "hammering": {"per_minute": 120},
//!                             "regular_pacing": {"intervals": 20, "deviation_percent": 10},
//!                             "route_concentration": {"requests": 50, "share_percent": 90, "site_share_percent": 30},
//!                             "cache": {"header": "x-cache", "answers": 30, "misses_percent": 90, "site_misses_percent": 50}}}}
//! ```

use super::behaviour::count;
use super::rates::{HEADER, header};
use super::section::Section;
use crate::memory::behaviour::sequence::{
    CacheBusting, CacheHeader, Hammering, MAX_COUNT, MAX_IDLE, MAX_REMEMBERED, NoNavigation, RegularPacing,
    RouteConcentration, Settings,
};
use core::ops::RangeInclusive;
use core::time::Duration;

/// The shortest time that a client is remembered, in seconds: pages and their parts are written up to a minute late.
const MIN_SECONDS: usize = 60;

const PERCENT: RangeInclusive<usize> = 1..=100;

/// Reads `behaviour.sequence`.
pub(super) fn sequence(section: &mut Section<'_>, default: Settings) -> Settings {
    Settings {
        idle: seconds(section, "idle_s", MAX_IDLE, default.idle),
        remembered: seconds(section, "remembered_s", MAX_REMEMBERED, default.remembered),
        no_navigation: section.section_or_off("no_navigation", default.no_navigation, |section, default| {
            NoNavigation {
                requests: count(section, "requests", counts(1), default.requests),
            }
        }),
        hammering: section.section_or_off("hammering", default.hammering, |section, default| Hammering {
            per_minute: count(section, "per_minute", counts(1), default.per_minute),
        }),
        regular_pacing: section.section_or_off("regular_pacing", default.regular_pacing, |section, default| {
            RegularPacing {
                intervals: count(section, "intervals", counts(2), default.intervals),
                deviation_percent: count(section, "deviation_percent", PERCENT, default.deviation_percent),
            }
        }),
        route_concentration: section.section_or_off(
            "route_concentration",
            default.route_concentration,
            |section, default| RouteConcentration {
                requests: count(section, "requests", counts(1), default.requests),
                share_percent: count(section, "share_percent", PERCENT, default.share_percent),
                site_share_percent: count(section, "site_share_percent", PERCENT, default.site_share_percent),
            },
        ),
        cache: if section.has("cache") {
            section.section("cache", |section| cache(section, &default.cache))
        } else {
            section.knows("cache");
            default.cache
        },
    }
}

fn cache(section: &mut Section<'_>, default: &CacheBusting) -> CacheBusting {
    let name = section.needed_text("header", HEADER, header);
    CacheBusting {
        header: name.map(|name| CacheHeader::named(&name)),
        answers: count(section, "answers", counts(1), default.answers),
        misses_percent: count(section, "misses_percent", PERCENT, default.misses_percent),
        site_misses_percent: count(section, "site_misses_percent", PERCENT, default.site_misses_percent),
    }
}

fn counts(least: usize) -> RangeInclusive<usize> {
    least..=usize::try_from(MAX_COUNT).unwrap_or(usize::MAX)
}

fn seconds(section: &mut Section<'_>, key: &'static str, most: Duration, default: Duration) -> Duration {
    let whole = |duration: Duration| usize::try_from(duration.as_secs()).unwrap_or(usize::MAX);
    let seconds = section.number(key, MIN_SECONDS..=whole(most), whole(default));
    u64::try_from(seconds).map_or(default, Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::super::{Config, tests::problems};
    use super::*;

    fn sequence(text: &str) -> Settings {
        let text = format!(r#"{{"behaviour":{{"sequence":{text}}}}}"#);
        let config = Config::parse(text.as_bytes()).unwrap();
        config.behaviour.sequence.unwrap()
    }

    #[test]
    fn each_threshold_is_read_and_may_be_left_out_or_switched_off() {
        let read = sequence(
            r#"{"idle_s":60,"remembered_s":3600.0,"no_navigation":{"requests":5},"hammering":{"per_minute":60},
            "regular_pacing":{"intervals":10,"deviation_percent":5},
            "route_concentration":{"requests":20,"share_percent":80,"site_share_percent":20},
            "cache":{"header":"X-Cache","answers":10,"misses_percent":70,"site_misses_percent":40}}"#,
        );
        let expected = Settings {
            idle: Duration::from_secs(60),
            remembered: Duration::from_secs(3_600),
            no_navigation: Some(NoNavigation { requests: 5 }),
            hammering: Some(Hammering { per_minute: 60 }),
            regular_pacing: Some(RegularPacing {
                intervals: 10,
                deviation_percent: 5,
            }),
            route_concentration: Some(RouteConcentration {
                requests: 20,
                share_percent: 80,
                site_share_percent: 20,
            }),
            cache: CacheBusting {
                header: Some(CacheHeader::named("x-cache")),
                answers: 10,
                misses_percent: 70,
                site_misses_percent: 40,
            },
        };
        assert_eq!(read, expected);
        assert_eq!(read.cache_header(), Some("x-cache"));
        assert_eq!(sequence(r#"{"hammering":{}}"#), Settings::default());
        let off =
            sequence(r#"{"no_navigation":false,"hammering":false,"regular_pacing":false,"route_concentration":false}"#);
        let expected = Settings {
            no_navigation: None,
            hammering: None,
            regular_pacing: None,
            route_concentration: None,
            ..Settings::default()
        };
        assert_eq!(off, expected);
        assert_eq!(off.cache_header(), None, "no answer is read");
    }

    #[test]
    fn each_mistake_is_told() {
        let text = r#"{"behaviour":{"sequence":{"idle_s":59,"remembered_s":86401,"no_navigation":{"requests":0},"hammering":true,
            "regular_pacing":{"intervals":1,"deviation":5},"route_concentration":{"requests":30001,"share_percent":101},
            "cache":{"answers":0},"pacing":{}}}}"#;
        let found = problems(text);
        let begins: Vec<&str> = found
            .iter()
            .map(|line| line.split("; accepted: ").next().unwrap())
            .collect();
        assert_eq!(
            begins,
            [
                "behaviour.sequence.idle_s: 59 is not accepted",
                "behaviour.sequence.remembered_s: 86401 is not accepted",
                "behaviour.sequence.no_navigation.requests: 0 is not accepted",
                "behaviour.sequence.hammering: true is not accepted",
                "behaviour.sequence.regular_pacing.intervals: 1 is not accepted",
                "behaviour.sequence.regular_pacing.deviation: unknown key",
                "behaviour.sequence.route_concentration.requests: 30001 is not accepted",
                "behaviour.sequence.route_concentration.share_percent: 101 is not accepted",
                "behaviour.sequence.cache.header: is missing",
                "behaviour.sequence.cache.answers: 0 is not accepted",
                "behaviour.sequence.pacing: unknown key",
            ]
        );
    }
}
