//! What leaves the filter: headers for the upstream, one JSON line for the access log. Both are contracts; see DESIGN.

pub mod headers;
pub mod line;

use crate::clients::layer4::Layer4;
use crate::compare::Assessment;
use crate::evidence::claims::Claims;
use crate::evidence::forwarded::Forwarded;
use crate::evidence::{Evidence, Facts, NetworkTags};
use crate::fingerprint::client::ConnectionPrint;
use crate::fingerprint::combined::Lp1;
use crate::fingerprint::order::HeaderOrder;
use crate::memory::sources::Counts;
use crate::policy::Decision;

/// All that is known of one request, at the moment it is annotated.
#[derive(Clone, Copy, Debug)]
pub struct Annotation<'a> {
    /// What the proxy knows of its connection.
    pub facts: &'a Facts,
    /// The fingerprints of its connection.
    pub print: &'a ConnectionPrint,
    /// What its connection shows below TLS, as far as it is its client's own.
    pub layer4: &'a Layer4,
    /// Its own header order.
    pub order: &'a Evidence<HeaderOrder>,
    /// What it claims to come from.
    pub claims: &'a Claims<'a>,
    /// The way that it took, as far as that is known.
    pub way: &'a Forwarded,
    /// The networks that its client is in.
    pub networks: NetworkTags,
    /// What the source of its connection has brought so far.
    pub of_source: Option<&'a Counts>,
    /// How many headers it brought that are ours to set.
    pub forged: usize,
    /// What the layers say.
    pub assessment: &'a Assessment,
    /// What follows.
    pub decision: &'a Decision,
}

impl Annotation<'_> {
    /// Its combined fingerprint.
    pub fn lp1(&self) -> Lp1 {
        Lp1 {
            tcp: self.layer4.part(),
            ..self.print.lp1
        }
    }
}
