//! What a client claims to be, as far as the operator's rules ask for it: owned, so that it can be kept for other requests with the same
//! headers.

use super::Claims;
use crate::evidence::{Evidence, Reason};

/// What rules ask of claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The User-Agent.
    pub agent: Evidence<Agent>,
    /// The name of the brand that the Client Hints lead with; none where no brand is meant.
    pub hint_brand: Evidence<Option<Box<str>>>,
    /// The platform of the Client Hints.
    pub hint_platform: Evidence<&'static str>,
}

/// What a User-Agent says, by the stable names of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The product.
    pub product: Box<str>,
    /// What kind of client that is.
    pub kind: &'static str,
    /// The platform.
    pub platform: &'static str,
    /// The engine, if one is named.
    pub engine: Option<&'static str>,
    /// The device.
    pub device: &'static str,
    /// The major version of the product.
    pub version: Evidence<u64>,
}

impl Claimed {
    /// What `claims` say.
    pub fn of(claims: &Claims<'_>) -> Self {
        let brand = claims.hints.brands.as_ref().map(|brands| brands.leading());
        let platform = claims.hints.platform.as_ref();
        Self {
            agent: claims.user_agent.as_ref().map(|agent| Agent {
                product: agent.product.name().into(),
                kind: agent.kind.as_str(),
                platform: agent.platform.as_str(),
                engine: agent.engine.map(|engine| engine.as_str()),
                device: agent.device.as_str(),
                version: Evidence::or_missing(agent.version.map(|version| version.major.into()), Reason::NotSent),
            }),
            hint_brand: brand.map(|brand| brand.map(|brand| brand.product().name().into())),
            hint_platform: platform.map(|hint| hint.platform().as_str()),
        }
    }
}
