//! The policy for requests as a whole: routes, then rules, then ladders.

use super::ladders::{Band, Ladders};
use super::routes::{Found, Routes, normal_host};
use super::{Decision, Mode, path};
use crate::compare::Assessment;
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
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            routes: Routes::built_in(),
            ladders: Ladders::default(),
        }
    }
}

impl Policy {
    /// Decides on one request. `method`, `host` and `path` are as the client sent them.
    pub fn decide(&self, method: &[u8], host: &[u8], path: &[u8], assessment: &Assessment) -> Decision {
        let (host, path) = (normal_host(host), path::normal(path));
        let (route, found) = match &path {
            Ok(path) => self.routes.find(method, host.as_deref(), path),
            Err(path::TooLong) => (self.routes.default_route(), Found::PathTooLong),
        };
        let ladder = self.ladders.of(route.class);
        let band = Band::of(assessment.score());
        Decision {
            verdict: ladder.rungs(assessment.agreement).at(band),
            mode: route.mode.or(ladder.mode).unwrap_or(self.mode),
            route: Rc::clone(&route.name),
            class: route.class,
            cost: route.cost,
            found,
            band,
            rule: None,
        }
    }
}
