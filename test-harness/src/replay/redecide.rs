//! A logged request compared and decided on anew, under another configuration: by the filter's own code.

use super::Request;
use layerprint::annotate::recorded::{Lookups, Recorded, Unreadable};
use layerprint::annotate::subject::Replayed;
use layerprint::compare::Assessment;
use layerprint::policy::Decision;
use layerprint::policy::config::{Config, Problem, Tables};
use serde_json::Value;

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
        let subject = Replayed {
            line: &recorded,
            claims: &claims,
            catalogue: &tables.catalogue,
            crawlers: &config.clients.crawlers,
            networks: &config.networks,
        };
        let asked = |given: Option<&str>, member| {
            let text = given.or_else(|| recorded.text(member)).unwrap_or_default();
            text.as_bytes().to_vec()
        };
        let decision = config.policy.decide(
            &asked(request.method, "method"),
            &asked(request.host, "host"),
            &asked(request.path, "path"),
            &subject,
            &assessment,
        );
        Ok((assessment, decision))
    }
}
