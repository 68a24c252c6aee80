//! The policy for requests as a whole: the route, then the first rule that matches, then the ladder of the route's class.

use super::config::challenge::{Attempts, Difficulty};
use super::ladders::{Band, Ladders};
use super::limits::{Counted, Counters, Hit, Limits, Otherwise};
use super::routes::{Found, Route, Routes, normal_host};
use super::rules::{Asked, Field, Number, Rule, Rules, Subject};
use super::{Class, Decision, Mode, Verdict, path};
use crate::compare::{Assessment, Score};
use crate::evidence::{Evidence, Reason};
use crate::memory::key::Keys;
use crate::memory::store::{Moment, Store};
use core::net::IpAddr;
use std::borrow::Cow;
use std::rc::Rc;

/// What the configuration says of requests, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `mode`: whether verdicts are carried out, where neither rule, route nor ladder says so.
    pub mode: Mode,
    /// `routes`
    pub routes: Routes,
    /// `ladders`
    pub ladders: Ladders,
    /// `rules`
    pub rules: Rules<Verdict>,
    /// `limits.rates`
    pub limits: Limits,
    /// `challenge.difficulty`: that of ladders which have none of their own.
    pub difficulty: Difficulty,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            routes: Routes::built_in(),
            ladders: Ladders::default(),
            rules: Rules::default(),
            limits: Limits::default(),
            difficulty: Difficulty::DEFAULT,
        }
    }
}

impl Policy {
    /// The route of a request. `method`, `host` and `path` are as the client sent them. Allocates only to bring a host or path into
    /// its form, and where the router has to go back from a pattern that looked right, for its list of where to.
    pub fn place<'p>(&'p self, method: &'p [u8], host: &'p [u8], path: &'p [u8]) -> Placed<'p> {
        // Neither routes nor rules tell cases apart, however long the path is.
        let (form_of_host, path) = (normal_host(host), path::normal(path).map(path::lower));
        let (route, found) = match &path {
            Ok(path) => self.find(method, form_of_host.as_deref(), path),
            Err(path::TooLong) => (self.routes.default_route(), Found::PathTooLong),
        };
        Placed {
            method: Evidence::or_missing(str::from_utf8(method).ok(), Reason::Malformed),
            host: match form_of_host {
                None if host.is_empty() => Evidence::Missing(Reason::NotSent),
                form => Evidence::or_missing(form, Reason::Malformed),
            },
            path: Evidence::or_missing(path.ok(), Reason::TooLarge),
            route,
            found,
        }
    }

    /// Counts the request in the limits that are about it, and gives those that it is over; see [`super::limits`].
    pub fn count(
        &self,
        placed: &Placed<'_>,
        subject: &impl Subject,
        assessment: &Assessment,
        counting: &Counting<'_, impl Store, impl Fn() -> Option<Moment>>,
    ) -> Vec<Hit> {
        let request = Request {
            placed,
            assessment,
            subject,
        };
        let counted = Counted {
            counters: counting.counters,
            store: counting.store,
            keys: counting.keys,
            now: &counting.now,
            mode: |own| self.mode_on(placed.route, own),
            otherwise: || self.otherwise(&request),
        };
        self.limits.count(&request, placed.route, counted)
    }

    /// Decides on one request, which is over these limits. What rules ask of method, host, path, the route and the assessment, `subject` is never asked for.
    ///
    /// A rule that allows spares a request from the limits: they count it, and do not decide. Else what is carried out comes before
    /// what is only observed, unless it does nothing, and of each the strictest; a limit that asks for no more than the rule or the
    /// ladder does decides nothing.
    pub fn decide(
        &self,
        placed: &Placed<'_>,
        subject: &impl Subject,
        assessment: &Assessment,
        hits: &[Hit],
    ) -> Decision {
        let request = Request {
            placed,
            assessment,
            subject,
        };
        let route = placed.route;
        let Without {
            rule,
            verdict,
            mode,
            is_challenge,
        } = self.without_limits(&request);
        let mut decided = (verdict, mode);
        let mut limit = None;
        let is_challenged = is_challenge || hits.iter().any(|hit| hit.action == Verdict::Challenge);
        let is_cleared = is_challenged && self.is_cleared(&request);
        let is_spared = rule.is_some_and(spares);
        for hit in hits.iter().filter(|_| !is_spared) {
            let action = cleared(hit.action, is_cleared);
            let candidate = (action, self.mode_on(route, hit.mode));
            if is_stricter(candidate, decided) {
                (decided, limit) = (candidate, Some(hit.clone()));
            }
        }
        let (verdict, mode) = decided;
        Decision {
            verdict,
            mode,
            route: Rc::clone(&route.name),
            class: route.class,
            cost: route.cost,
            found: placed.found,
            band: Band::of(assessment.score()),
            rule: rule.filter(|_| limit.is_none()).map(|rule| Rc::clone(&rule.name)),
            limit,
            over: hits.iter().map(|hit| Rc::clone(&hit.name)).collect(),
            cleared: is_cleared,
            unsolved: None,
        }
    }

    /// How hard the challenges are that the ladder of `class` asks for, or whatever else does on its routes.
    pub fn difficulty(&self, class: Class) -> Difficulty {
        self.ladders.of(class).difficulty.unwrap_or(self.difficulty)
    }

    /// Whether the request's client has passed a challenge that was as hard as those of its route.
    fn is_cleared<S: Subject>(&self, request: &Request<'_, S>) -> bool {
        let needed = self.difficulty(request.placed.route.class);
        let passed = request.subject.number(Number::Clearance);
        passed.seen().is_some_and(|bits| *bits >= needed.bits().into())
    }

    /// What a request comes to by the rules, and where none matches by the ladder.
    fn without_limits<S: Subject>(&self, request: &Request<'_, S>) -> Without<'_> {
        let Request {
            placed: Placed { route, .. },
            assessment,
            ..
        } = request;
        let of_ladder = || {
            let rungs = self.ladders.of(route.class).rungs(assessment.agreement);
            rungs.at(Band::of(assessment.score()))
        };
        let rule = self.rules.first(request);
        let verdict = rule.map_or_else(of_ladder, |rule| rule.action);
        Without {
            rule,
            verdict: cleared(verdict, verdict == Verdict::Challenge && self.is_cleared(request)),
            is_challenge: verdict == Verdict::Challenge,
            mode: self.mode_on(route, rule.and_then(|rule| rule.mode)),
        }
    }

    /// The same, as far as limits have to know it.
    fn otherwise<S: Subject>(&self, request: &Request<'_, S>) -> Otherwise {
        match self.without_limits(request) {
            Without { rule: Some(rule), .. } if spares(rule) => Otherwise::Spared,
            Without { verdict, mode, .. } if verdict.is_answer() => Otherwise::Answered(mode),
            Without { .. } => Otherwise::Passes,
        }
    }

    /// The mode on `route` of what has this one of its own: else the route's, else its ladder's, else that of all.
    pub(super) fn mode_on(&self, route: &Route, own: Option<Mode>) -> Mode {
        let of_ladder = self.ladders.of(route.class).mode;
        own.or(route.mode).or(of_ladder).unwrap_or(self.mode)
    }

    /// The route of a request. Where a server may read two paths, each has one: then what is more to be protected counts.
    fn find(&self, method: &[u8], host: Option<&str>, path: &str) -> (&Rc<Route>, Found) {
        let written = self.routes.find(method, host, path);
        let Some(other) = path::with_slashes(path) else {
            return written;
        };
        let other = self.routes.find(method, host, &path::lower(other.into()));
        let worth = |(route, _): &(&Rc<Route>, Found)| (route.cost, route.class != Class::Static);
        if worth(&other) > worth(&written) {
            other
        } else {
            written
        }
    }

    /// What the rules ask for. `subject` is never asked for anything else.
    pub fn asked(&self) -> Asked {
        self.rules.asked()
    }
}

/// What a request comes to without limits.
struct Without<'p> {
    rule: Option<&'p Rule<Verdict>>,
    verdict: Verdict,
    mode: Mode,
    /// Whether it is a challenge for whoever has passed none.
    is_challenge: bool,
}

impl Decision {
    /// The decision on a client that was challenged `unsolved` times before, and never came back with a clearance.
    #[must_use]
    pub fn after(mut self, unsolved: u16, attempts: &Attempts) -> Self {
        if self.verdict == Verdict::Challenge {
            self.unsolved = Some(unsolved);
            if unsolved >= attempts.count {
                self.verdict = attempts.then;
            }
        }
        self
    }
}

/// What is left of `verdict` for a client that has passed a challenge: that one is done with, and nothing else is.
fn cleared(verdict: Verdict, is_cleared: bool) -> Verdict {
    match verdict {
        Verdict::Challenge if is_cleared => Verdict::Log,
        verdict => verdict,
    }
}

/// Whether `rule` spares a request from the limits.
fn spares(rule: &Rule<Verdict>) -> bool {
    rule.action == Verdict::Allow
}

/// Whether one answer comes before another: what does something comes before what is only observed, then what is stricter.
fn is_stricter(one: (Verdict, Mode), other: (Verdict, Mode)) -> bool {
    let rank = |(verdict, mode): (Verdict, Mode)| (mode == Mode::Enforce && verdict > Verdict::Log, verdict);
    rank(one) > rank(other)
}

/// What limits are counted with.
#[derive(Debug)]
pub struct Counting<'a, S, N> {
    /// Where.
    pub counters: &'a Counters,
    /// What all workers share.
    pub store: &'a S,
    /// What stands for whom.
    pub keys: &'a Keys,
    /// The proxy's clock, if it tells.
    pub now: N,
}

/// A request that has its route.
#[derive(Clone, Debug)]
pub struct Placed<'p> {
    method: Evidence<&'p str>,
    host: Evidence<Cow<'p, str>>,
    path: Evidence<Cow<'p, str>>,
    route: &'p Rc<Route>,
    found: Found,
}

impl<'p> Placed<'p> {
    /// Its route.
    pub const fn route(&self) -> &'p Rc<Route> {
        self.route
    }

    /// Its host in its form, without a port; none where it has none, or one that is no host.
    pub fn host(&self) -> Option<&str> {
        self.host.seen().map(|host| &**host)
    }

    /// Its path in its form, in lower case; none where it is too long.
    pub fn path(&self) -> Option<&str> {
        self.path.seen().map(|path| &**path)
    }
}

/// What rules are tried on: the subject, with what the policy itself knows.
struct Request<'a, S> {
    placed: &'a Placed<'a>,
    assessment: &'a Assessment,
    subject: &'a S,
}

impl<S: Subject> Subject for Request<'_, S> {
    fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        let route = self.placed.route;
        let text = match field {
            Field::Method => self.placed.method.clone(),
            Field::Host => self.placed.host.as_ref().map(|host| &**host),
            Field::Path => return self.placed.path.as_ref().map(|path| in_lower_case(path, take)),
            Field::Route => Evidence::Seen(&*route.name),
            Field::Class => Evidence::Seen(route.class.as_str()),
            Field::Agreement => Evidence::Seen(self.assessment.agreement.as_str()),
            Field::Reason => return reasons(self.assessment, take),
            _ => return self.subject.texts(field, take),
        };
        text.map(take)
    }

    fn number(&self, number: Number) -> Evidence<u64> {
        let score = |score: Score| Evidence::Seen(u64::from(score.value()));
        match number {
            Number::L4 => score(self.assessment.l4),
            Number::L7 => score(self.assessment.l7),
            Number::Score => score(self.assessment.score()),
            _ => self.subject.number(number),
        }
    }

    fn client_ip(&self) -> Evidence<IpAddr> {
        self.subject.client_ip()
    }

    fn header(&self, name: &str, take: &mut dyn FnMut(&[u8])) -> Evidence<()> {
        self.subject.header(name, take)
    }
}

/// Hands `text` on in lower case: what is said of `/login` is said of `/Login`, which many servers do not tell apart.
fn in_lower_case(text: &str, take: &mut dyn FnMut(&str)) {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        take(&text.to_ascii_lowercase());
    } else {
        take(text);
    }
}

/// Hands each finding's code to `take`.
pub(super) fn reasons(assessment: &Assessment, take: &mut dyn FnMut(&str)) -> Evidence<()> {
    for finding in &assessment.findings {
        take(finding.code.as_str());
    }
    Evidence::Seen(())
}

#[cfg(test)]
mod tests {
    use super::super::rules::tests::Seen;
    use super::*;
    use crate::compare::{Agreement, Code, Confidence, Coverage};
    use crate::policy::config::Config;

    fn policy(text: &str) -> Policy {
        Config::parse(text.as_bytes()).unwrap().policy
    }

    fn assessment(codes: &[Code]) -> Assessment {
        Assessment::of(
            Coverage::Both,
            Confidence::of(100),
            codes.iter().map(|code| (*code).into()).collect(),
        )
    }

    fn decide(policy: &Policy, path: &str, seen: &Seen, codes: &[Code]) -> Decision {
        policy.decide(
            &policy.place(b"GET", b"a.example", path.as_bytes()),
            seen,
            &assessment(codes),
            &[],
        )
    }

    const BOTH_HIGH: [Code; 2] = [Code::OsTcpUa, Code::TlsUa];

    #[test]
    fn without_rules_the_ladder_of_the_routes_class_decides() {
        let policy = Policy::default();
        let decision = decide(&policy, "/login?next=/", &Seen::default(), &BOTH_HIGH);
        let expected = Decision {
            verdict: Verdict::Block,
            mode: Mode::Observe,
            route: "login".into(),
            class: Class::Login,
            cost: 10,
            found: Found::Pattern,
            band: Band::High,
            rule: None,
            limit: None,
            over: Vec::new(),
            cleared: false,
            unsolved: None,
        };
        assert_eq!(decision, expected);
        let verdict = |path, codes: &[Code]| decide(&policy, path, &Seen::default(), codes).verdict;
        assert_eq!(verdict("/", &BOTH_HIGH), Verdict::Challenge);
        assert_eq!(verdict("/", &[Code::TlsUa]), Verdict::Log);
        assert_eq!(verdict("/checkout", &[Code::TlsUa]), Verdict::Challenge);
        assert_eq!(verdict("/checkout", &[]), Verdict::Allow);
    }

    #[test]
    fn the_mode_is_the_rules_else_the_routes_else_the_ladders_else_that_of_all() {
        let policy = policy(
            r#"{"mode":"enforce","challenge":false,"ladders":{"login":{"mode":"observe"},"api":{"mode":"observe"}},
                "routes":[{"name":"in","class":"login","paths":["/in"]},
                          {"name":"rpc","class":"api","paths":["/rpc"],"mode":"enforce"},
                          {"name":"buy","class":"checkout","paths":["/buy"],"mode":"observe"}],
                "rules":[{"name":"a","match":{"ja4":"a"},"action":"block","mode":"observe"},
                         {"name":"b","match":{"ja4":"b"},"action":"block","mode":"enforce"},
                         {"name":"c","match":{"ja4":"c"},"action":"block"}]}"#,
        );
        let mode = |path, ja4| decide(&policy, path, &Seen::text(Field::Ja4, ja4), &[]).mode;
        for (path, ja4, expected) in [
            ("/", "x", Mode::Enforce),
            ("/", "a", Mode::Observe),
            ("/in", "x", Mode::Observe),
            ("/in", "c", Mode::Observe),
            ("/in", "b", Mode::Enforce),
            ("/rpc", "x", Mode::Enforce),
            ("/rpc", "a", Mode::Observe),
            ("/buy", "x", Mode::Observe),
            ("/buy", "b", Mode::Enforce),
        ] {
            assert_eq!(mode(path, ja4), expected, "{path} {ja4}");
        }
    }

    #[test]
    fn rules_see_the_request_the_route_and_the_assessment_as_the_policy_knows_them() {
        for (field, wanted, fits) in [
            ("method", r#""GET""#, true),
            ("host", r#""*.EXAMPLE""#, true),
            ("path", r#""/login""#, true),
            ("path", r#""//login*""#, false),
            ("route", r#""login""#, true),
            ("class", r#"["api","login"]"#, true),
            ("agreement", r#""hostile""#, true),
            ("reason", r#""tls-ua""#, true),
            ("reason", r#""h2-*""#, false),
            ("l4", r#"{"min":60,"max":60}"#, true),
            ("l7", r#"{"min":61}"#, false),
            ("score", r#"{"max":60}"#, true),
        ] {
            let policy = policy(&format!(
                r#"{{"rules":[{{"name":"r","match":{{"{field}":{wanted}}},"action":"log"}}]}}"#
            ));
            let decision = decide(&policy, "/x/../login;a=b?c", &Seen::Untouchable, &BOTH_HIGH);
            assert_eq!(decision.rule.is_some(), fits, "{field} {wanted}");
        }
    }

    #[test]
    fn a_path_that_is_too_long_is_on_the_default_route_and_rules_miss_it() {
        let policy = policy(
            r#"{"rules":[{"name":"r","match":{"path":"*"},"action":"log"},
                         {"name":"long","match":{"path":"/never"},"missing":"match","action":"limit"}]}"#,
        );
        let long = format!("/login/{}", "a".repeat(path::MAX_PATH));
        let decision = decide(&policy, &long, &Seen::default(), &[]);
        assert_eq!((&*decision.route, decision.found), ("default", Found::PathTooLong));
        assert_eq!(decision.rule.as_deref(), Some("long"));
        assert_eq!(
            decide(&policy, "/login", &Seen::default(), &[]).rule.as_deref(),
            Some("r")
        );
    }

    #[test]
    fn a_rule_for_a_path_holds_in_any_case_of_it() {
        let policy = policy(r#"{"rules":[{"name":"r","match":{"path":["/Login*","/a%2Fb"]},"action":"block"}]}"#);
        for path in ["/login", "/LOGIN/x", "/%4cogin", "/A%2fB"] {
            let decision = decide(&policy, path, &Seen::default(), &[]);
            assert_eq!(decision.rule.as_deref(), Some("r"), "{path}");
        }
    }

    #[test]
    fn an_encoded_slash_leads_out_of_no_class() {
        let policy = Policy::default();
        let class = |path| decide(&policy, path, &Seen::default(), &[]).class;
        for path in [
            "/static/..%2flogin",
            "/login%2f",
            "/static/..%5Clogin",
            "/login/..%2fstatic%2fx",
            "/%2e%2e%2fwp-login.php",
        ] {
            assert_eq!(class(path), Class::Login, "{path}");
        }
        assert_eq!(class("/static/..%2fx"), Class::Page);
        assert_eq!(class("/static/a%2fb"), Class::Static);
        assert_eq!(class("/x%2fstatic"), Class::Page);
    }

    #[test]
    fn any_bytes_are_decided_on() {
        let policy = Policy::default();
        let unknown = Assessment::of(Coverage::Neither, Confidence::default(), Vec::new());
        assert_eq!(unknown.agreement, Agreement::Unknown);
        for bytes in [&b""[..], b"\xff\xfe", b"\0", b"%", b":::", b"[", b"*", b"//////"] {
            let decision = policy.decide(&policy.place(bytes, bytes, bytes), &Seen::default(), &unknown, &[]);
            assert_eq!(decision.verdict, Verdict::Allow, "{bytes:?}");
        }
    }

    #[test]
    fn a_rule_for_a_path_is_not_left_by_a_long_one_in_capitals() {
        let policy = policy(r#"{"rules":[{"name":"a","match":{"path":"/admin/*"},"action":"block"}]}"#);
        let path = format!("/ADMIN/{}", "X".repeat(1_000));
        let quiet = Assessment::of(Coverage::Neither, Confidence::default(), Vec::new());
        let decision = policy.decide(
            &policy.place(b"GET", b"a.example", path.as_bytes()),
            &Seen::default(),
            &quiet,
            &[],
        );
        assert_eq!(decision.verdict, Verdict::Block);
    }
}
