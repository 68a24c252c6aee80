//! Reads `challenge`. Its keys are secrets: see [`super::keys`].

use super::super::ladders::difficulty;
use super::super::problem::{Problem, Refused};
use super::super::rates::is_token;
use super::super::section::Section;
use super::super::texts::texts;
use super::{Attempts, Bind, Challenge, Clearance, Difficulty, Load, NoScript, SameSite, Variables, keys};
use crate::policy::path::normal;
use crate::policy::{Class, Verdict};
use core::ops::RangeInclusive;
use std::time::Duration;

/// The longest path: it stands in every page and problem.
const MAX_PATH: usize = 100;

const PATH: &str = r#"a path such as "/.layerprint/challenge", of a-z, A-Z, 0-9, ., _, ~ and -, 100 bytes at most"#;

/// The most puzzles a second of one worker that can be nothing out of the ordinary.
const MAX_PER_S: usize = 1_000_000;

/// How long a puzzle may be answered, in seconds: from what a slow phone needs to an hour.
const ANSWER_S: RangeInclusive<usize> = 10..=3_600;

/// How long a clearance may last, in seconds: from ten seconds to 30 days.
const CLEARANCE_S: RangeInclusive<usize> = 10..=2_592_000;

/// The longest name of the cookie, which browsers send along with every request.
const MAX_COOKIE: usize = 64;

const COOKIE: &str = "the name of a cookie (RFC 6265), 64 bytes at most";

/// How long a browser without JavaScript may have to wait, in seconds. More, and nobody does.
const WAIT_S: RangeInclusive<usize> = 5..=300;

/// The longest address of help.
const MAX_CONTACT: usize = 300;

const CONTACT: &str = r#"an address such as "mailto:help@example.com" or "https://example.com/help", of printable ASCII without spaces, quotes, \, < and >, 300 bytes at most"#;

/// Reads `challenge`, where ladders have these difficulties of their own: none where it is absent or `false`.
pub(in super::super) fn challenge(
    root: &mut Section<'_>,
    difficulties: &[(Class, Difficulty)],
    variables: Variables<'_>,
) -> Option<Challenge> {
    if root.refuses_text("challenge") {
        return None;
    }
    if !root.has("challenge") {
        root.knows("challenge");
        return None;
    }
    root.section_or_off("challenge", Some(Challenge::default()), |section, default| {
        read(section, default, difficulties, variables)
    })
}

fn read(
    section: &mut Section<'_>,
    default: Challenge,
    difficulties: &[(Class, Difficulty)],
    variables: Variables<'_>,
) -> Challenge {
    let keys = keys::keys(section, variables);
    let path = section.text("path", PATH, path);
    let difficulty = difficulty(section).unwrap_or(default.difficulty);
    let load = load(section, default.load, difficulty, difficulties);
    let answer_within = seconds(section, "answer_within_s", ANSWER_S, default.answer_within);
    Challenge {
        keys,
        path: path.unwrap_or(default.path),
        difficulty,
        load,
        answer_within,
        clearance: section.section("clearance", |section| clearance(section, default.clearance)),
        bind: section.section("bind", |section| Bind {
            ipv4_prefix: small(section, "ipv4_prefix", 0..=32, default.bind.ipv4_prefix),
            ipv6_prefix: small(section, "ipv6_prefix", 0..=128, default.bind.ipv6_prefix),
            tls: section.switch("tls", default.bind.tls),
            http: section.switch("http", default.bind.http),
        }),
        attempts: section.section("attempts", |section| Attempts {
            count: small(section, "count", 1..=1_000, default.attempts.count),
            per: seconds(section, "per_s", 10..=86_400, default.attempts.per),
            then: section.choice(
                "then",
                &[("limit", Verdict::Limit), ("block", Verdict::Block)],
                default.attempts.then,
            ),
        }),
        no_script: no_script(section, answer_within).unwrap_or(default.no_script),
        contact: section.text("contact", CONTACT, contact),
        texts: texts(section),
    }
}

/// Reads `load`, beside the difficulty of all and those of classes. Where it does not say where the difficulty ends, that is no lower than any that is set.
fn load(section: &mut Section<'_>, default: Load, general: Difficulty, difficulties: &[(Class, Difficulty)]) -> Load {
    let hardest = difficulties.iter().map(|(_, own)| *own).fold(general, Difficulty::max);
    section.section("load", |section| {
        let per_second = usize::try_from(default.per_second).unwrap_or(MAX_PER_S);
        let per_second = section.number("per_s", 1..=MAX_PER_S, per_second);
        let given = section.has("max_difficulty");
        let most = small(
            section,
            "max_difficulty",
            usize::from(Difficulty::MIN)..=usize::from(Difficulty::MAX),
            default.most.max(hardest).bits(),
        );
        let most = Difficulty::new(most).unwrap_or(default.most);
        if given && most < hardest {
            let harder = difficulties.iter().find(|(_, own)| *own == hardest);
            let whose = match harder {
                Some((class, _)) if hardest > general => format!("ladders.{}.difficulty", class.as_str()),
                _ => "challenge.difficulty".to_owned(),
            };
            section.refuse_all(
                "max_difficulty",
                format!("{} is below {whose}, which is {}", most.bits(), hardest.bits()),
                format!("a whole number from {} to {}", hardest.bits(), Difficulty::MAX),
            );
        }
        Load {
            per_second: u32::try_from(per_second).unwrap_or(default.per_second),
            most,
        }
    })
}

fn clearance(section: &mut Section<'_>, default: Clearance) -> Clearance {
    let cookie = section.text("cookie", COOKIE, |name| {
        if name.is_empty() || name.len() > MAX_COOKIE || !name.bytes().all(is_token) {
            return Err(Refused {
                why: "is not accepted",
                accepted: COOKIE.to_owned(),
            });
        }
        Ok(name.into())
    });
    Clearance {
        cookie: cookie.unwrap_or(default.cookie),
        lasts: seconds(section, "for_s", CLEARANCE_S, default.lasts),
        same_site: section.choice(
            "same_site",
            &[
                ("strict", SameSite::Strict),
                ("lax", SameSite::Lax),
                ("none", SameSite::None),
            ],
            default.same_site,
        ),
    }
}

/// Reads `noscript`, where a puzzle may be answered for so long: what waits has to have waited by then.
fn no_script(section: &mut Section<'_>, answer_within: Duration) -> Option<NoScript> {
    let mut wait = None;
    let word = section.choice_or_section("noscript", &[("contact", NoScript::Contact)], |section| {
        section.need(
            "wait_s",
            format!("a whole number from {} to {}", WAIT_S.start(), WAIT_S.end()),
        );
        let time = seconds(section, "wait_s", WAIT_S, Duration::ZERO);
        if time >= answer_within {
            section.refuse_all(
                "wait_s",
                format!("{} is no shorter than answer_within_s", time.as_secs()),
                format!("less than {}", answer_within.as_secs()),
            );
        }
        wait = Some(NoScript::Wait(time));
    });
    word.or(wait)
}

/// The path is compared as it is: it has to be one that every browser and proxy leaves alone.
fn path(path: &str) -> Result<Box<str>, Refused> {
    let refused = |why| Refused {
        why,
        accepted: PATH.to_owned(),
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-".contains(&byte);
    if !path.starts_with('/') {
        return Err(refused("does not begin with a slash"));
    }
    if path == "/" || path.len() > MAX_PATH || !path.bytes().all(is_plain) {
        return Err(refused("is not accepted"));
    }
    if normal(path.as_bytes()).ok().as_deref() != Some(path) {
        return Err(refused("has empty segments, . or .., or ends with a slash"));
    }
    Ok(path.into())
}

fn contact(text: &str) -> Result<Box<str>, Refused> {
    let refused = || Refused {
        why: "is not accepted",
        accepted: CONTACT.to_owned(),
    };
    let rest = text.strip_prefix("mailto:").or_else(|| text.strip_prefix("https://"));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'`<>\\".contains(&byte);
    let is_one = rest.is_some_and(|rest| !rest.is_empty()) && text.len() <= MAX_CONTACT && text.bytes().all(is_plain);
    is_one.then(|| text.into()).ok_or_else(refused)
}

fn seconds(section: &mut Section<'_>, key: &'static str, range: RangeInclusive<usize>, default: Duration) -> Duration {
    let seconds = usize::try_from(default.as_secs()).unwrap_or(usize::MAX);
    let seconds = section.number(key, range, seconds);
    u64::try_from(seconds).map_or(default, Duration::from_secs)
}

/// A number whose range fits into its type.
fn small<N>(section: &mut Section<'_>, key: &'static str, range: RangeInclusive<usize>, default: N) -> N
where
    N: Copy + TryFrom<usize>,
    usize: From<N>,
{
    N::try_from(section.number(key, range, default.into())).unwrap_or(default)
}

/// What would have to be there where something challenges.
pub(in super::super) fn missing(what: &str) -> Problem {
    Problem {
        path: "challenge.keys".to_owned(),
        what: format!("is missing, and {what}"),
        accepted: format!(r#"{}; or "challenge": false, which leaves a plain 403"#, keys::KEYS),
    }
}
