//! Whether anything challenges, and what: without keys there is nothing to challenge with.

use super::ladders::Band;
use super::routes::Route;
use super::rules::Rule;
use super::{Class, Mode, Policy, Verdict};
use crate::compare::Agreement;

impl Policy {
    /// The first thing that challenges and is carried out, in words: `ladders.login.conflict.high challenges on the route login`. None
    /// where nothing does.
    pub fn challenges_where(&self) -> Option<String> {
        let of_ladders = || self.routes.all().find_map(|route| self.of_ladder(route));
        let rules = self.rules.listed().iter().map(|rule| ("rule", rule));
        let limits = self.limits.listed().iter().map(|limit| ("limit", &limit.rule));
        let of_rules = || rules.chain(limits).find_map(|(what, rule)| self.of_rule(what, rule));
        of_ladders().or_else(of_rules)
    }

    fn carries_out(&self, route: &Route, own: Option<Mode>) -> bool {
        self.mode_on(route, own) == Mode::Enforce
    }

    fn of_ladder(&self, route: &Route) -> Option<String> {
        if !self.carries_out(route, None) {
            return None;
        }
        let (agreement, band) = self.cell(route.class)?;
        let [class, agreement, band] = [route.class.as_str(), agreement.as_str(), band.as_str()];
        Some(format!(
            "ladders.{class}.{agreement}.{band} challenges on the route {}",
            route.name
        ))
    }

    fn of_rule(&self, what: &str, rule: &Rule<Verdict>) -> Option<String> {
        let is_about = |route: &&Route| rule.can_be_about(route) && self.carries_out(route, rule.mode);
        let route = self
            .routes
            .all()
            .filter(|_| rule.action == Verdict::Challenge)
            .find(is_about)?;
        Some(format!(
            "the {what} {} challenges on the route {}",
            rule.name, route.name
        ))
    }

    /// The first cell of the ladder of `class` that challenges.
    fn cell(&self, class: Class) -> Option<(Agreement, Band)> {
        let ladder = self.ladders.of(class);
        let mut cells = Agreement::ALL
            .into_iter()
            .flat_map(|agreement| Band::ALL.map(|band| (agreement, band)));
        cells.find(|(agreement, band)| ladder.rungs(*agreement).at(*band) == Verdict::Challenge)
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::Config;

    /// What challenges under this configuration, which has no keys and says so.
    fn found(members: &str) -> Option<String> {
        let text = format!(r#"{{"challenge":false,{members}}}"#);
        Config::parse(text.as_bytes()).unwrap().policy.challenges_where()
    }

    fn is_found(members: &str, what: &str) {
        assert_eq!(found(members).as_deref(), Some(what), "{members}");
    }

    #[test]
    fn whoever_observes_challenges_nobody() {
        assert_eq!(found(r#""mode":"observe""#), None);
        let rules = r#""rules":[{"name":"a","match":{"class":"login"},"action":"challenge"}]"#;
        assert_eq!(found(rules), None);
        let mild = r#""mode":"enforce","ladders":{"login":{"mode":"observe"}},"routes":[{"name":"in","class":"login","paths":["/in"]}]"#;
        is_found(mild, "ladders.page.conflict.severe challenges on the route default");
    }

    #[test]
    fn a_ladder_is_asked_for_each_route_that_carries_it_out() {
        is_found(
            r#""mode":"enforce""#,
            "ladders.login.conflict.high challenges on the route login",
        );
        is_found(
            r#""ladders":{"checkout":{"mode":"enforce"}}"#,
            "ladders.checkout.conflict.high challenges on the route checkout",
        );
        is_found(
            r#""routes":[{"name":"in","class":"login","paths":["/in"],"mode":"enforce"}]"#,
            "ladders.login.conflict.high challenges on the route in",
        );
        let spared = r#""mode":"enforce","ladders":{"page":{"mode":"observe"}},
            "routes":[{"name":"in","class":"login","paths":["/in"],"mode":"observe"}]"#;
        assert_eq!(found(spared), None);
        // No route is of class login, and none of search challenges.
        let other = r#""ladders":{"login":{"mode":"enforce"}},"routes":[{"name":"s","class":"search","paths":["/s"],"mode":"enforce"}]"#;
        assert_eq!(found(other), None);
    }

    #[test]
    fn the_route_for_all_else_has_a_ladder_too() {
        is_found(
            r#""mode":"enforce","routes":[]"#,
            "ladders.page.conflict.severe challenges on the route default",
        );
        let mild = r#""mode":"enforce","routes":[],"ladders":{"page":{"conflict":"log","hostile":"limit"}}"#;
        assert_eq!(found(mild), None);
    }

    #[test]
    fn every_cell_counts() {
        let quiet = |cell: &str| {
            format!(
                r#""mode":"enforce","routes":[],"ladders":{{"page":{{"conflict":"log","hostile":"limit",{cell}}}}}"#
            )
        };
        for agreement in ["clean", "partial", "unknown"] {
            for band in ["none", "low", "medium", "high", "severe"] {
                let cell = format!(r#""{agreement}":{{"{band}":"challenge"}}"#);
                let what = format!("ladders.page.{agreement}.{band} challenges on the route default");
                is_found(&quiet(&cell), &what);
            }
        }
    }

    #[test]
    fn a_rule_and_a_limit_are_asked_where_they_can_be_carried_out() {
        for (key, what) in [("rules", "rule"), ("limits", "limit")] {
            let listed = |name: &str, of: &str, mode: &str| {
                let head = format!(r#"{{"name":"{name}","match":{{{of}}},"action":"challenge"{mode}"#);
                match key {
                    "rules" => format!(r#""rules":[{head}}}]"#),
                    _ => format!(r#""limits":{{"rates":[{head},"key":[],"requests":1,"per_s":1}}]}}"#),
                }
            };
            let enforce = r#","mode":"enforce""#;
            let text = listed("a", r#""class":"api""#, enforce);
            is_found(&text, &format!("the {what} a challenges on the route api"));
            // The route's own mode counts where the rule has none.
            let on = |mode: &str, of: &str| {
                let route = format!(r#""routes":[{{"name":"s","class":"search","paths":["/s"]{mode}}}]"#);
                format!("{},{route}", listed("b", of, ""))
            };
            is_found(
                &on(enforce, r#""ja4":"t*""#),
                &format!("the {what} b challenges on the route s"),
            );
            assert_eq!(found(&on(enforce, r#""class":"api""#)), None);
            assert_eq!(found(&on("", r#""ja4":"t*""#)), None);
            let observed = listed("c", r#""class":"api""#, r#","mode":"observe""#);
            let quiet = r#""mode":"enforce","routes":[],"ladders":{"page":{"conflict":"log","hostile":"limit"}}"#;
            assert_eq!(found(&format!("{quiet},{observed}")), None);
        }
    }

    #[test]
    fn what_does_something_else_needs_no_keys() {
        let text = r#""rules":[{"name":"a","match":{"class":"login"},"action":"block","mode":"enforce"}],
            "limits":{"rates":[{"name":"b","key":[],"requests":1,"per_s":1,"action":"limit","mode":"enforce"}]}"#;
        assert_eq!(found(text), None);
    }
}
