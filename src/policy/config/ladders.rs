//! `ladders`: the answers that replace those that are shipped, cell by cell.
//!
//! ```json
//! {"ladders": {"login": {"mode": "enforce", "difficulty": 19, "conflict": {"high": "review"}, "hostile": "block"}}}
//! ```
//! Of a verdict for a whole agreement, every band has it but `none`, where nothing was found; that one stays as it is.

use super::MODES;
use super::challenge::Difficulty;
use super::section::Section;
use crate::compare::Agreement;
use crate::policy::ladders::{Band, Ladders, Rungs};
use crate::policy::{Class, Verdict};

/// Reads `ladders`.
pub(super) fn ladders(section: &mut Section<'_>) -> Ladders {
    let mut ladders = Ladders::default();
    for class in Class::ALL {
        let ladder = ladders.of_mut(class);
        section.section(class.as_str(), |section| {
            ladder.mode = section.choice_if_given("mode", &MODES);
            ladder.difficulty = difficulty(section);
            for agreement in Agreement::ALL {
                rungs(section, agreement.as_str(), ladder.rungs_mut(agreement));
            }
        });
    }
    ladders
}

/// Reads `difficulty`, if it is there.
pub(super) fn difficulty(section: &mut Section<'_>) -> Option<Difficulty> {
    if !section.has("difficulty") {
        section.knows("difficulty");
        return None;
    }
    let (least, most) = (usize::from(Difficulty::MIN), usize::from(Difficulty::MAX));
    let bits = section.number("difficulty", least..=most, usize::from(Difficulty::DEFAULT.bits()));
    u8::try_from(bits).ok().and_then(Difficulty::new)
}

/// Reads one row: a verdict for all of it, or an object with some of its bands.
fn rungs(section: &mut Section<'_>, key: &'static str, rungs: &mut Rungs<Verdict>) {
    let verdicts = Verdict::ALL.map(|verdict| (verdict.as_str(), verdict));
    let whole = section.choice_or_section(key, &verdicts, |section| cells(section, &verdicts, rungs));
    if let Some(verdict) = whole {
        *rungs = Rungs {
            none: rungs.none,
            ..Rungs::all(verdict)
        };
    }
}

/// Reads the bands of a row, each of which may be left out.
pub(super) fn cells<V: Copy>(section: &mut Section<'_>, verdicts: &[(&'static str, V)], rungs: &mut Rungs<V>) {
    for band in Band::ALL {
        let cell = rungs.at_mut(band);
        *cell = section.choice(band.as_str(), verdicts, *cell);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, tests::problems};
    use super::*;
    use crate::policy::Mode;

    fn ladders(text: &str) -> Ladders {
        Config::parse(text.as_bytes()).unwrap().policy.ladders
    }

    #[test]
    fn what_is_given_replaces_its_cells_and_no_others() {
        let read = ladders(
            r#"{"challenge":false,"ladders":{"login":{"mode":"enforce","difficulty":19,"conflict":{"high":"review"},"hostile":"slow"},"static":{"clean":{"none":"log"}}}}"#,
        );
        let mut expected = Ladders::default();
        let login = expected.of_mut(Class::Login);
        login.mode = Some(Mode::Enforce);
        login.difficulty = Difficulty::new(19);
        login.conflict.high = Verdict::Review;
        login.hostile = Rungs {
            none: Verdict::Allow,
            ..Rungs::all(Verdict::Slow)
        };
        expected.of_mut(Class::Static).clean.none = Verdict::Log;
        assert_eq!(read, expected);
        assert_eq!(ladders(r#"{"ladders":{"page":{}}}"#), Ladders::default());
    }

    #[test]
    fn every_cell_can_be_set() {
        for class in Class::ALL {
            for agreement in Agreement::ALL {
                for band in Band::ALL {
                    for verdict in Verdict::ALL {
                        let [class_, agreement_, band_, verdict_] =
                            [class.as_str(), agreement.as_str(), band.as_str(), verdict.as_str()];
                        let text =
                            format!(r#"{{"ladders":{{"{class_}":{{"{agreement_}":{{"{band_}":"{verdict_}"}}}}}}}}"#);
                        assert_eq!(ladders(&text).of(class).rungs(agreement).at(band), verdict, "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn each_mistake_in_a_ladder_is_told() {
        let verdicts = r#""allow", "log", "review", "slow", "challenge", "limit", "block""#;
        let text = r#"{"ladders":{"login":{"mode":"on","clean":7,"conflict":{"high":"deny","huge":"log"},"hostile":"deny"},
            "logn":{},"api":"block"}}"#;
        assert_eq!(
            problems(text),
            [
                r#"ladders.login.mode: "on" is not accepted; accepted: "observe", "enforce""#.to_owned(),
                format!("ladders.login.clean: 7 is not accepted; accepted: {verdicts}, an object"),
                format!(r#"ladders.login.conflict.high: "deny" is not accepted; accepted: {verdicts}"#),
                r#"ladders.login.conflict.huge: unknown key; accepted: "none", "low", "medium", "high", "severe""#
                    .to_owned(),
                format!(r#"ladders.login.hostile: "deny" is not accepted; accepted: {verdicts}, an object"#),
                "ladders.api: \"block\" is not accepted; accepted: an object".to_owned(),
                r#"ladders.logn: unknown key; accepted: "login", "checkout", "search", "api", "admin", "static", "page""#
                    .to_owned(),
            ]
        );
    }
}
