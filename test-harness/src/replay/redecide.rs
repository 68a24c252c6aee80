//! A logged request compared and decided on anew, under another configuration: by the filter's own code.

use super::Request;
use layerprint::annotate::recorded::{Lookups, Recorded, Unreadable};
use layerprint::annotate::subject::Replayed;
use layerprint::clients::crawlers::Verification;
use layerprint::compare::Assessment;
use layerprint::evidence::Evidence;
use layerprint::evidence::claims::Claims;
use layerprint::policy::config::{Config, Problem, Tables};
use layerprint::policy::rules::{Field, Subject};
use layerprint::policy::{Decision, Policy};
use serde_json::Value;
use std::cell::OnceCell;

/// A configuration with the tables that it looks clients up in.
#[derive(Debug)]
pub struct Judge {
    config: Config,
    tables: Tables,
}

impl Judge {
    /// The judge by `config`.
    ///
    /// # Errors
    /// The tables that come with the filter, and the configuration's rows for them, do not fit together.
    pub fn new(config: Config) -> Result<Self, Vec<Problem>> {
        let tables = config.clients.tables()?;
        Ok(Self { config, tables })
    }

    /// What the configuration says of requests.
    pub const fn policy(&self) -> &Policy {
        &self.config.policy
    }

    /// Whether the request's client is the crawler that it claims to be, by the configuration.
    ///
    /// # Errors
    /// The line tells too little.
    pub fn crawler(&self, line: &Value) -> Result<Verification<'_>, Unreadable> {
        let recorded = Recorded::read(line)?;
        let (claims, _) = recorded.claims();
        let agent = claims.user_agent.seen();
        Ok(agent.map_or(Verification::NotClaimed, |agent| {
            self.config.clients.crawlers.verify(agent, recorded.client())
        }))
    }

    /// The values that rules see of the request in `field`; the reason where there are none. Of method, host, path, route, class,
    /// agreement and reasons, which the policy has itself, there are none.
    ///
    /// # Errors
    /// The line tells too little.
    pub fn texts(&self, line: &Value, field: Field) -> Result<Evidence<Vec<String>>, Unreadable> {
        let recorded = Recorded::read(line)?;
        let (claims, _) = recorded.claims();
        let mut values = Vec::new();
        let state = self
            .replayed(&recorded, &claims)
            .texts(field, &mut |text| values.push(text.to_owned()));
        Ok(state.map(|()| values))
    }

    const fn replayed<'a>(&'a self, line: &'a Recorded<'a>, claims: &'a Claims<'a>) -> Replayed<'a> {
        Replayed {
            line,
            claims,
            claimed: OnceCell::new(),
            catalogue: &self.tables.catalogue,
            crawlers: &self.config.clients.crawlers,
            networks: &self.config.networks,
        }
    }

    /// What the configuration makes of the request whose object is `line`.
    ///
    /// What `request` lacks, the line tells: a method, a host, a path without its query.
    ///
    /// # Errors
    /// The line tells too little.
    pub fn decide(&self, line: &Value, request: Request<'_>) -> Result<(Assessment, Decision), Unreadable> {
        let recorded = Recorded::read(line)?;
        let (config, tables) = (&self.config, &self.tables);
        let assessment = recorded.compare(Lookups {
            catalogue: &tables.catalogue,
            stacks: &tables.stacks,
            crawlers: &config.clients.crawlers,
            networks: &config.networks,
        });
        let (claims, _) = recorded.claims();
        let subject = self.replayed(&recorded, &claims);
        let asked = |given: Option<&str>, member| {
            let text = given.or_else(|| recorded.text(member)).unwrap_or_default();
            text.as_bytes().to_vec()
        };
        let (method, host, path) = (
            asked(request.method, "method"),
            asked(request.host, "host"),
            asked(request.path, "path"),
        );
        let placed = config.policy.place(&method, &host, &path);
        let hits = config.policy.limits.recorded(|limit| recorded.is_over(limit));
        let decision = config.policy.decide(&placed, &subject, &assessment, &hits);
        let unsolved = recorded.number("unsolved").and_then(|count| u16::try_from(count).ok());
        let decision = match (unsolved, &config.challenge) {
            (Some(unsolved), Some(challenge)) => decision.after(unsolved, &challenge.attempts),
            _ => decision,
        };
        Ok((assessment, decision))
    }
}
