//! `routes`: what paths are for. Given ones replace those that are shipped.
//!
//! ```json
//! {"routes": [{"name": "login", "class": "login", "paths": ["/login", "/auth/{*rest}"], "methods": ["POST"],
//!              "hosts": ["example.com", "*.example.com"], "cost": 10, "mode": "enforce"}]}
//! ```

use super::MODES;
use super::problem::{Problem, Refused, shown};
use super::section::Section;
use crate::policy::Class;
use crate::policy::routes::{Clash, HostPattern, Listed, Method, Pattern, PatternError, Place, Route, Routes};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The most routes. Each is a label of metrics.
pub(super) const MAX_ROUTES: usize = 256;

/// The most patterns, all routes taken together.
pub(super) const MAX_PATTERNS: usize = 1_024;

/// The longest name of a route or rule: names are labels of metrics and tokens of Structured Fields.
const MAX_NAME: usize = 32;

const NAME: &str = "a name of a-z, 0-9, _ and -, a letter first, 32 characters at most";

const PATHS: &str = r#"path patterns such as "/users/{id}" or "/static/{*rest}""#;

const HOSTS: &str = r#"hosts such as "example.com" or "*.example.com", without a port"#;

/// Reads `routes`, and puts their names into `names`.
pub(super) fn routes(root: &mut Section<'_>, names: &mut BTreeSet<String>) -> Routes {
    names.insert(Route::DEFAULT.to_owned());
    if !root.has("routes") {
        root.knows("routes");
        let routes = Routes::built_in();
        names.extend(routes.listed().map(|route| route.name.to_string()));
        return routes;
    }
    let mut listed = Vec::new();
    root.sections("routes", |section| listed.push(route(section, names)));
    let patterns: usize = listed.iter().map(|listed| listed.paths.len()).sum();
    for (count, most, what) in [
        (listed.len(), MAX_ROUTES, "routes"),
        (patterns, MAX_PATTERNS, "path patterns"),
    ] {
        if count > most {
            let accepted = format!("at most {most} {what}");
            root.refuse_all("routes", format!("{count} {what} are too many"), accepted);
            return Routes::none();
        }
    }
    Routes::new(listed).unwrap_or_else(|clashes| {
        clashes.iter().for_each(|clash| root.problem(problem(clash)));
        Routes::none()
    })
}

fn route(section: &mut Section<'_>, names: &mut BTreeSet<String>) -> Listed {
    let name = name(section, names);
    let classes = Class::ALL.map(|class| (class.as_str(), class));
    let class = section.needed_choice("class", &classes).unwrap_or(Class::Page);
    let mut paths = Vec::new();
    section.need("paths", format!("an array of {PATHS}"));
    section.some_texts("paths", PATHS, |n, text| {
        paths.push((n, Pattern::parse(text).map_err(refused)?));
        Ok(())
    });
    let methods = section.choices(
        "methods",
        &Method::ALL.map(|method| (method.as_str(), method)),
        Vec::new(),
    );
    let mut hosts = Vec::new();
    section.some_texts("hosts", HOSTS, |_, text| {
        let host = HostPattern::parse(text).ok_or_else(|| Refused {
            why: "is no host",
            accepted: HOSTS.to_owned(),
        })?;
        if hosts.contains(&host) {
            return Err(Refused {
                why: "is given twice",
                accepted: "each host once".to_owned(),
            });
        }
        hosts.push(host);
        Ok(())
    });
    let cost = section.number("cost", 1..=100, usize::from(class.cost()));
    Listed {
        route: Rc::new(Route {
            name: name.unwrap_or_default(),
            class,
            cost: u8::try_from(cost).unwrap_or(class.cost()),
            mode: section.choice_if_given("mode", &MODES),
        }),
        paths,
        methods,
        hosts,
    }
}

/// Reads `name`, which none of `names` may be.
pub(super) fn name(section: &mut Section<'_>, names: &mut BTreeSet<String>) -> Option<Rc<str>> {
    section.needed_text("name", NAME, |text| {
        let refused = |why| Refused {
            why,
            accepted: NAME.to_owned(),
        };
        let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
        let in_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        if !begins || text.len() > MAX_NAME || !text.bytes().all(in_name) {
            return Err(refused("is not accepted"));
        }
        if !names.insert(text.to_owned()) {
            return Err(Refused {
                why: "is taken",
                accepted: "a name that no other one has".to_owned(),
            });
        }
        Ok(text.into())
    })
}

fn refused(error: PatternError) -> Refused {
    let (why, accepted) = match error {
        PatternError::NoSlash => ("does not begin with a slash", PATHS.to_owned()),
        PatternError::TooLong => ("is too long", format!("at most {} bytes", Pattern::MAX)),
        PatternError::Braces(error) => ("is no pattern", format!("{PATHS} ({error})")),
        PatternError::NeverMatches(form) => (
            "matches nothing: before matching, paths get one form",
            format!("a pattern in that form, here {}", shown(&form)),
        ),
    };
    Refused { why, accepted }
}

fn problem(clash: &Clash) -> Problem {
    let place = |place: Place| format!("routes[{}].paths[{}]", place.route, place.path);
    let with = place(clash.with);
    let (what, accepted) = if clash.same {
        ("is the same as", "one route for one host, method and pattern")
    } else {
        (
            "cannot be told to be more or less specific than",
            "no {one} where another pattern has {*rest}",
        )
    };
    Problem {
        path: place(clash.at),
        what: format!("{what} {with}"),
        accepted: accepted.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, tests::problems};
    use super::*;
    use crate::policy::Mode;

    fn routes(text: &str) -> Routes {
        Config::parse(text.as_bytes()).unwrap().policy.routes
    }

    #[test]
    fn every_key_of_a_route_is_read() {
        let read = routes(
            r#"{"challenge":false,"routes":[{"name":"buy","class":"checkout","paths":["/buy/{*rest}"],"methods":["POST"],"hosts":["*.A.example"],
                "cost":7.0,"mode":"enforce"},{"name":"rest","class":"api","paths":["/rest"]}]}"#,
        );
        let (route, _) = read.find(b"POST", Some("x.a.example"), "/buy");
        assert_eq!(
            **route,
            Route {
                name: "buy".into(),
                class: Class::Checkout,
                cost: 7,
                mode: Some(Mode::Enforce),
            }
        );
        let (route, _) = read.find(b"GET", None, "/rest");
        assert_eq!((route.cost, route.mode), (2, None));
        assert_eq!(&*read.find(b"POST", None, "/login").0.name, "default");
    }

    #[test]
    fn no_routes_are_those_that_are_shipped_and_an_empty_list_is_none() {
        assert_eq!(routes("{}"), Routes::built_in());
        assert_eq!(routes(r#"{"routes":[]}"#), Routes::none());
    }

    #[test]
    fn each_mistake_in_a_route_is_told() {
        let text = r#"{"routes":[{},{"name":"Login","class":"logn","paths":["login","/{","/a/../b",7],"methods":["GET","get"],
            "hosts":["a:80","b","B"],"cost":0,"mode":"x","rate":1},{"name":"default","class":"api","paths":[],"hosts":[]},
            {"name":"a","class":"api","paths":["/x"]},{"name":"a","class":"api","paths":["/y/{a}"]}]}"#;
        let found = problems(text);
        let begins: Vec<String> = found
            .iter()
            .map(|line| line.split("; accepted: ").next().unwrap().to_owned())
            .collect();
        assert_eq!(
            begins,
            [
                "routes[0].name: is missing",
                "routes[0].class: is missing",
                "routes[0].paths: is missing",
                r#"routes[1].name: "Login" is not accepted"#,
                r#"routes[1].class: "logn" is not accepted"#,
                r#"routes[1].paths[0]: "login" does not begin with a slash"#,
                r#"routes[1].paths[1]: "/{" is no pattern"#,
                r#"routes[1].paths[2]: "/a/../b" matches nothing: before matching, paths get one form"#,
                "routes[1].paths[3]: 7 is not accepted",
                r#"routes[1].methods[1]: "get" is not accepted"#,
                r#"routes[1].hosts[0]: "a:80" is no host"#,
                r#"routes[1].hosts[2]: "B" is given twice"#,
                "routes[1].cost: 0 is not accepted",
                r#"routes[1].mode: "x" is not accepted"#,
                "routes[1].rate: unknown key",
                r#"routes[2].name: "default" is taken"#,
                "routes[2].paths: is empty",
                "routes[2].hosts: is empty",
                r#"routes[4].name: "a" is taken"#,
            ]
        );
        assert!(
            found[7].ends_with(r#"a pattern in that form, here "/b""#),
            "{}",
            found[7]
        );
    }

    #[test]
    fn patterns_that_clash_are_told_with_both_places() {
        let text = r#"{"routes":[{"name":"a","class":"api","paths":["/x","/a/{id}"]},
            {"name":"b","class":"page","paths":["/a/{name}","/x","/x/{one}"]},
            {"name":"c","class":"page","paths":["/x/{*rest}"],"methods":["GET"]}]}"#;
        assert_eq!(
            problems(text),
            [
                "routes[1].paths[0]: is the same as routes[0].paths[1]; accepted: one route for one host, method and pattern",
                "routes[1].paths[1]: is the same as routes[0].paths[0]; accepted: one route for one host, method and pattern",
                "routes[2].paths[0]: cannot be told to be more or less specific than routes[1].paths[2]; accepted: no {one} where another pattern has {*rest}",
            ]
        );
    }

    #[test]
    fn there_may_be_256_routes_and_1024_patterns_and_no_more() {
        let list = |routes: usize, paths: usize| {
            let route = |n| {
                let paths: Vec<_> = (0..paths).map(|path| format!("\"/{n}/{path}\"")).collect();
                format!(r#"{{"name":"r{n}","class":"api","paths":[{}]}}"#, paths.join(","))
            };
            let routes: Vec<_> = (0..routes).map(route).collect();
            format!(r#"{{"routes":[{}]}}"#, routes.join(","))
        };
        assert_eq!(routes(&list(256, 4)).listed().count(), MAX_ROUTES);
        for (text, what) in [
            (
                list(257, 1),
                "routes: 257 routes are too many; accepted: at most 256 routes",
            ),
            (
                list(205, 5),
                "routes: 1025 path patterns are too many; accepted: at most 1024 path patterns",
            ),
        ] {
            assert_eq!(problems(&text), [what]);
        }
    }
}
