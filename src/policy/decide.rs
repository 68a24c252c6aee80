//! The policy for requests as a whole: the route, then the first rule that matches, then the ladder of the route's class.

use super::ladders::{Band, Ladders};
use super::routes::{Found, Route, Routes, normal_host};
use super::rules::{Asked, Field, Number, Rules, Subject};
use super::{Decision, Mode, Verdict, path};
use crate::compare::{Assessment, Score};
use crate::evidence::{Evidence, Reason};
use core::net::IpAddr;
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
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            routes: Routes::built_in(),
            ladders: Ladders::default(),
            rules: Rules::default(),
        }
    }
}

impl Policy {
    /// Decides on one request. `method`, `host` and `path` are as the client sent them; what rules ask of them, of the route and
    /// of the assessment, `subject` is never asked for. Allocates only to bring a host or path into its form.
    pub fn decide(
        &self,
        method: &[u8],
        host: &[u8],
        path: &[u8],
        subject: &impl Subject,
        assessment: &Assessment,
    ) -> Decision {
        let (form_of_host, path) = (normal_host(host), path::normal(path));
        let (route, found) = match &path {
            Ok(path) => self.routes.find(method, form_of_host.as_deref(), path),
            Err(path::TooLong) => (self.routes.default_route(), Found::PathTooLong),
        };
        let request = Request {
            method: Evidence::or_missing(str::from_utf8(method).ok(), Reason::Malformed),
            host: match form_of_host.as_deref() {
                None if host.is_empty() => Evidence::Missing(Reason::NotSent),
                form => Evidence::or_missing(form, Reason::Malformed),
            },
            path: Evidence::or_missing(path.as_deref().ok(), Reason::TooLarge),
            route,
            assessment,
            subject,
        };
        let rule = self.rules.first(&request);
        let ladder = self.ladders.of(route.class);
        let band = Band::of(assessment.score());
        let of_rule = rule.and_then(|rule| rule.mode);
        Decision {
            verdict: rule.map_or_else(|| ladder.rungs(assessment.agreement).at(band), |rule| rule.action),
            mode: of_rule.or(route.mode).or(ladder.mode).unwrap_or(self.mode),
            route: Rc::clone(&route.name),
            class: route.class,
            cost: route.cost,
            found,
            band,
            rule: rule.map(|rule| Rc::clone(&rule.name)),
        }
    }

    /// What the rules ask for. `subject` is never asked for anything else.
    pub fn asked(&self) -> Asked {
        self.rules.asked()
    }
}

/// What rules are tried on: the subject, with what the policy itself knows.
struct Request<'a, S> {
    method: Evidence<&'a str>,
    host: Evidence<&'a str>,
    path: Evidence<&'a str>,
    route: &'a Route,
    assessment: &'a Assessment,
    subject: &'a S,
}

impl<S: Subject> Subject for Request<'_, S> {
    fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        match field {
            Field::Method => self.method.as_ref().map(|method| take(method)),
            Field::Host => self.host.as_ref().map(|host| take(host)),
            Field::Path => self.path.as_ref().map(|path| take(path)),
            Field::Route => Evidence::Seen(take(&self.route.name)),
            Field::Class => Evidence::Seen(take(self.route.class.as_str())),
            Field::Agreement => Evidence::Seen(take(self.assessment.agreement.as_str())),
            Field::Reason => Evidence::Seen(reasons(self.assessment, take)),
            _ => self.subject.texts(field, take),
        }
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
}

/// Hands each finding's code to `take`.
pub(super) fn reasons(assessment: &Assessment, take: &mut dyn FnMut(&str)) {
    for finding in &assessment.findings {
        take(finding.code.as_str());
    }
}
